//! Whether a person may acknowledge an evil twin: what may is passed on, to the gate where there is one; what may not is told.

use std::sync::Arc;

use bevy::prelude::*;

use super::isolate::may_isolate;
use crate::command::{AcknowledgeAtGate, GateState, Operator};
use crate::link::Link;
use crate::session::{CurrentSite, Session};
use crate::site::{Site, TwinId};
use crate::twin::{AcknowledgeEvil, Newest, speaker_of};

/// A person asks to acknowledge that somebody else speaks in the name of a twin's device.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct AskAcknowledge {
    /// Which twin.
    pub twin: TwinId,
    /// For what reason.
    pub why: String,
}

/// What a person asked is not done.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct NotAcknowledged {
    /// Which twin.
    pub twin: TwinId,
    /// Why not.
    pub why: EvilRefusal,
}

/// Why an evil twin is not acknowledged. Its text is a sentence for the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvilRefusal {
    /// The person may not.
    #[error("it takes a security officer, an engineer or a supervisor who is signed in to acknowledge an evil twin")]
    Denied,
    /// It was long ago.
    #[error("this is a recording: nothing can be acknowledged")]
    Recorded,
    /// The gate has eyes of its own, and must hear of it.
    #[error("the link is down: the gate would not hear of it")]
    NoLink,
    /// There is no such twin.
    #[error("the twin is gone")]
    Gone,
    /// It is not so, or was acknowledged.
    #[error("nobody else is known to speak in its name")]
    NoEvil,
    /// Nobody would know later.
    #[error("it takes a reason")]
    NoReason,
}

/// Whether who sits here may acknowledge an evil twin: whoever may isolate.
pub fn may_acknowledge(session: &Session, operator: &Operator) -> Result<(), EvilRefusal> {
    if session.is_replay() {
        return Err(EvilRefusal::Recorded);
    }
    may_isolate(operator).or(Err(EvilRefusal::Denied))?;
    let down = session.link.as_ref().is_some_and(|it| !Link::is_connected(it));
    if down { Err(EvilRefusal::NoLink) } else { Ok(()) }
}

/// Passes on what may be done, and refuses the rest. Where there is a gate it does so first, and all desktops follow it.
pub(super) fn take_acknowledgements(
    site: Res<CurrentSite>,
    session: Res<Session>,
    operator: Res<Operator>,
    gate: Res<GateState>,
    newest: Res<Newest>,
    mut asks: MessageReader<AskAcknowledge>,
    mut at_gate: MessageWriter<AcknowledgeAtGate>,
    mut here: MessageWriter<AcknowledgeEvil>,
    mut refused: MessageWriter<NotAcknowledged>,
) {
    for AskAcknowledge { twin, why } in asks.read() {
        let can = || can_acknowledge(*twin, why, &site, &newest);
        match may_acknowledge(&session, &operator).and_then(|()| can()) {
            Err(why) => drop(refused.write(NotAcknowledged { twin: *twin, why })),
            Ok(twin) if gate.is_present() => drop(at_gate.write(AcknowledgeAtGate { twin, why: why.trim().into() })),
            Ok(twin) => {
                let who: Arc<str> = operator.account().map_or("", |it| it.id.as_str()).into();
                here.write(AcknowledgeEvil { twin, who, why: why.trim().into() });
            }
        }
    }
}

/// The twin of the device, where there is something to acknowledge.
fn can_acknowledge(twin: TwinId, why: &str, site: &Site, newest: &Newest) -> Result<TwinId, EvilRefusal> {
    site.twin(twin).ok_or(EvilRefusal::Gone)?;
    let speaker = speaker_of(site, twin);
    newest.evil(site, speaker).ok_or(EvilRefusal::NoEvil)?;
    if why.trim().is_empty() { Err(EvilRefusal::NoReason) } else { Ok(speaker) }
}
