//! Whether a person may isolate a twin, or release it: what may is passed on, what may not is told.
//!
//! Where a gate takes requests, it is asked, and what it says is done here as on all desktops. Where none does, a twin is isolated
//! on this desktop only. What the gate holds isolated is released by the gate alone; what is isolated here alone is released here,
//! or given to the gate by isolating it once more. So the gate's list holds for all that the gate knows, and nothing that it says
//! releases what it never knew.

use std::sync::Arc;

use bevy::prelude::*;

use super::taint::{Culprit, Taint};
use super::ties::{Node, name_of};
use crate::command::{AskGate, GateQuarantine, GateRefused, GateState, LONGEST_WHY, Operator, is_reason};
use crate::session::{CurrentSite, Session};
use crate::signal::SignalId;
use crate::site::{Site, Twin, TwinId};
use crate::trust;
use crate::twin::{Doubt, Hold, Isolate, Isolations, Quarantine, Release};

/// A person asks to isolate a twin with all its parts.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct AskIsolate {
    /// Which twin.
    pub twin: TwinId,
    /// For what reason.
    pub why: String,
}

/// A person asks to release a twin.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct AskRelease {
    /// Which twin.
    pub twin: TwinId,
    /// For what reason.
    pub why: String,
}

/// What a person asked is not done.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRefused {
    /// Which twin.
    pub twin: TwinId,
    /// Why not.
    pub why: Refusal,
}

/// Why a twin is not isolated, or not released. Its text is a sentence for the person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The person may not.
    #[error("{0}")]
    Denied(trust::Denied),
    /// It was long ago.
    #[error("this is a recording: nothing can be isolated or released")]
    Recorded,
    /// There is no such twin.
    #[error("the twin is gone")]
    Gone,
    /// Nobody would know later.
    #[error("it takes a reason")]
    NoReason,
    /// Nobody would read it.
    #[error("a reason has at most {LONGEST_WHY} characters, on one line")]
    LongReason,
    /// It is so.
    #[error("it is isolated already")]
    Isolated,
    /// It is isolated with what it is a part of.
    #[error("it is isolated already, as a part of {0}")]
    PartOf(String),
    /// There is nothing to release.
    #[error("it is not isolated")]
    NotIsolated,
    /// Who isolated it must release it.
    #[error("the gate holds it isolated, and {0}: it is released when the gate is back")]
    HeldByGate(String),
    /// The gate says no.
    #[error("the gate refuses: {0}")]
    ByGate(String),
}

/// Whether who sits here may isolate and release.
pub fn may_isolate(operator: &Operator) -> Result<(), Refusal> {
    let role = operator.role().ok_or(Refusal::Denied(trust::Denied::NobodyIsolates))?;
    trust::may_isolate(role, operator.standing()).map_err(Refusal::Denied)
}

/// Whether a twin can be isolated now, as what is isolated stands.
pub fn can_isolate(twin: TwinId, site: &Site, now: &Isolations, gate: &GateState) -> Result<(), Refusal> {
    site.twin(twin).ok_or(Refusal::Gone)?;
    let at_gate = gate.takes_none().is_none();
    // What is isolated here alone can still be given to the gate.
    let counts = |it: &Hold| !at_gate || *it == Hold::Gate;
    let isolated = |it: &Twin| now.own(it.id).filter(|it| counts(&it.hold)).is_some();
    match site.lineage(twin).find(|it| isolated(it)) {
        Some(it) if it.id == twin => Err(Refusal::Isolated),
        Some(it) => Err(Refusal::PartOf(name_of(Node::Twin(it.id), site))),
        None => Ok(()),
    }
}

/// Whether a twin can be released now, as what is isolated stands.
pub fn can_release(twin: TwinId, site: &Site, now: &Isolations, gate: &GateState) -> Result<(), Refusal> {
    match (now.own(twin), now.isolation_of(site, twin)) {
        (Some(own), _) if own.hold == Hold::Here => Ok(()),
        (Some(_), _) => gate.takes_none().map_or(Ok(()), |why| Err(Refusal::HeldByGate(why))),
        (None, Some(whole)) => Err(Refusal::PartOf(name_of(Node::Twin(whole.twin), site))),
        (None, None) => Err(Refusal::NotIsolated),
    }
}

/// What the gate says that it holds isolated is so here as well.
pub(super) fn follow_gate(
    site: Res<CurrentSite>,
    gate: Res<GateQuarantine>,
    quarantine: Res<Quarantine>,
    taint: Res<Taint>,
    mut isolates: MessageWriter<Isolate>,
    mut releases: MessageWriter<Release>,
) {
    let Some(holds) = gate.holds() else { return };
    let (isolated, released) = holds.changes(&site, quarantine.now());
    for isolate in isolated {
        isolates.write(Isolate { doubts: doubts(&taint), ..isolate });
    }
    releases.write_batch(released);
}

/// Passes on what may be done, to the gate where one takes it, and refuses the rest.
pub(super) fn take_asks(
    site: Res<CurrentSite>,
    session: Res<Session>,
    operator: Res<Operator>,
    gate: Res<GateState>,
    quarantine: Res<Quarantine>,
    taint: Res<Taint>,
    mut asks: (MessageReader<AskIsolate>, MessageReader<AskRelease>, MessageReader<GateRefused>),
    mut of_gate: MessageWriter<AskGate>,
    mut isolates: MessageWriter<Isolate>,
    mut releases: MessageWriter<Release>,
    mut refused: MessageWriter<QuarantineRefused>,
) {
    let may = || if session.is_replay() { Err(Refusal::Recorded) } else { may_isolate(&operator) };
    let for_reason = |why: &str| match why.trim() {
        "" => Err(Refusal::NoReason),
        why if is_reason(why) => Ok(()),
        _ => Err(Refusal::LongReason),
    };
    let who: Arc<str> = operator.account().map_or("", |it| it.id.as_str()).into();
    let now = quarantine.now();
    for AskIsolate { twin, why } in asks.0.read() {
        let twin = *twin;
        let can = may().and_then(|()| can_isolate(twin, &site, now, &gate)).and_then(|()| for_reason(why));
        match can {
            Ok(()) if gate.takes_none().is_none() => {
                of_gate.write(AskGate { twin, why: Arc::from(why.trim()), release: false });
            }
            Ok(()) => {
                let (who, why, doubts) = (Arc::clone(&who), Arc::from(why.trim()), doubts(&taint));
                isolates.write(Isolate { twin, who, why, hold: Hold::Here, since: None, doubts });
            }
            Err(why) => drop(refused.write(QuarantineRefused { twin, why })),
        }
    }
    for AskRelease { twin, why } in asks.1.read() {
        let twin = *twin;
        let can = may().and_then(|()| can_release(twin, &site, now, &gate)).and_then(|()| for_reason(why));
        match can {
            Ok(()) if now.own(twin).is_some_and(|it| it.hold == Hold::Gate) => {
                of_gate.write(AskGate { twin, why: Arc::from(why.trim()), release: true });
            }
            Ok(()) => {
                releases.write(Release { twin, who: Arc::clone(&who), why: Arc::from(why.trim()), at: None });
            }
            Err(why) => drop(refused.write(QuarantineRefused { twin, why })),
        }
    }
    for GateRefused { twin, why } in asks.2.read() {
        refused.write(QuarantineRefused { twin: *twin, why: Refusal::ByGate(why.clone()) });
    }
}

/// What is doubted now. What is doubted at another instant says nothing of now.
fn doubts(taint: &Taint) -> Vec<Doubt> {
    let doubt =
        |(signal, culprit): (SignalId, Culprit)| Doubt { signal, since: culprit.since, standing: culprit.standing };
    taint.culprits().filter(|_| taint.is_of_now()).map(doubt).collect()
}
