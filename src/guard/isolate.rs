//! Whether a person may isolate a twin, or release it: what may is passed on, what may not is told.

use std::sync::Arc;

use bevy::prelude::*;

use super::taint::Taint;
use super::ties::{Node, name_of};
use crate::command::Operator;
use crate::session::{CurrentSite, Session};
use crate::site::{Site, TwinId};
use crate::trust;
use crate::twin::{Doubt, Isolate, Isolations, Quarantine, Release};

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
    /// It is so.
    #[error("it is isolated already")]
    Isolated,
    /// It is isolated with what it is a part of.
    #[error("it is isolated already, as a part of {0}")]
    PartOf(String),
    /// There is nothing to release.
    #[error("it is not isolated")]
    NotIsolated,
}

/// Whether who sits here may isolate and release.
pub fn may_isolate(operator: &Operator) -> Result<(), Refusal> {
    let role = operator.role().ok_or(Refusal::Denied(trust::Denied::NobodyIsolates))?;
    trust::may_isolate(role, operator.standing()).map_err(Refusal::Denied)
}

/// Passes on what may be done, and refuses the rest.
pub(super) fn take_asks(
    site: Res<CurrentSite>,
    session: Res<Session>,
    operator: Res<Operator>,
    quarantine: Res<Quarantine>,
    taint: Res<Taint>,
    mut asks: (MessageReader<AskIsolate>, MessageReader<AskRelease>),
    mut isolates: MessageWriter<Isolate>,
    mut releases: MessageWriter<Release>,
    mut refused: MessageWriter<QuarantineRefused>,
) {
    let may = || if session.is_replay() { Err(Refusal::Recorded) } else { may_isolate(&operator) };
    let who: Arc<str> = operator.account().map_or("", |it| it.id.as_str()).into();
    for AskIsolate { twin, why } in asks.0.read() {
        match may().and_then(|()| can_isolate(*twin, why, &site, quarantine.now())) {
            Ok(()) => {
                // What is doubted at another instant says nothing of now.
                let doubts = taint.culprits().filter(|_| taint.is_of_now()).map(|(signal, culprit)| Doubt {
                    signal,
                    since: culprit.since,
                    standing: culprit.standing,
                });
                let (who, why) = (Arc::clone(&who), Arc::from(why.trim()));
                isolates.write(Isolate { twin: *twin, who, why, doubts: doubts.collect() });
            }
            Err(why) => drop(refused.write(QuarantineRefused { twin: *twin, why })),
        }
    }
    for AskRelease { twin, why } in asks.1.read() {
        match may().and_then(|()| can_release(*twin, why, &site, quarantine.now())) {
            Ok(()) => {
                releases.write(Release { twin: *twin, who: Arc::clone(&who), why: Arc::from(why.trim()) });
            }
            Err(why) => drop(refused.write(QuarantineRefused { twin: *twin, why })),
        }
    }
}

fn can_isolate(twin: TwinId, why: &str, site: &Site, now: &Isolations) -> Result<(), Refusal> {
    site.twin(twin).ok_or(Refusal::Gone)?;
    match now.isolation_of(site, twin) {
        Some(it) if it.twin == twin => Err(Refusal::Isolated),
        Some(it) => Err(Refusal::PartOf(name_of(Node::Twin(it.twin), site))),
        None if why.trim().is_empty() => Err(Refusal::NoReason),
        None => Ok(()),
    }
}

fn can_release(twin: TwinId, why: &str, site: &Site, now: &Isolations) -> Result<(), Refusal> {
    match (now.own(twin), now.isolation_of(site, twin)) {
        (Some(_), _) if why.trim().is_empty() => Err(Refusal::NoReason),
        (Some(_), _) => Ok(()),
        (None, Some(whole)) => Err(Refusal::PartOf(name_of(Node::Twin(whole.twin), site))),
        (None, None) => Err(Refusal::NotIsolated),
    }
}
