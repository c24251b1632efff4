//! The ghost: the state of the site at another instant than the one that is shown, to be drawn beside it.
//!
//! The instant under the pointer, or the same moment of a session that is compared. It never moves the cursor.

use std::sync::Arc;

use bevy::prelude::*;
use tracing::error;

use super::compare::Compared;
use super::fold::Fold;
use super::seeker::Seeker;
use super::{CurrentSite, Cursor, Session};
use crate::link::now;
use crate::signal::Timestamp;
use crate::site::Site;

/// A request to show the ghost of an instant; `None`: of none any more. What asks for it does so when it changes.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeekAt(pub Option<Timestamp>);

/// What is shown beside the state at the cursor. `None`: nothing. Written by this folder alone.
#[derive(Resource, Debug, Default)]
pub struct Ghost(pub Option<GhostState>);

/// A state at another instant.
#[derive(Debug, Clone, PartialEq)]
pub struct GhostState {
    /// The instant, on the clock of the session that it is of.
    pub at: Timestamp,
    /// What was known then.
    pub fold: Fold,
    /// Why it is shown.
    pub of: GhostOf,
}

/// Whose ghost it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GhostOf {
    /// Of the instant under the pointer, in the session that is shown.
    Hovered,
    /// Of the session that is compared, at the moment that belongs to the cursor's.
    Compared,
}

/// What was asked for, and of whom.
#[derive(Debug, Default)]
pub(super) struct Peeking {
    hovered: Option<Timestamp>,
    /// Looks into the session that is shown. `None`: nobody has asked yet.
    own: Option<Seeker>,
    asked: Option<(GhostOf, Timestamp, Arc<Site>)>,
    /// Finds of earlier wishes than this are of something that nobody looks at any more.
    since: u64,
}

impl Peeking {
    /// Has a seeker for the session that is shown, where it can be looked back into.
    fn own(&mut self, session: &Session) -> Option<&Seeker> {
        let recording = session.recording()?;
        if self.own.as_ref().is_none_or(|it| !Arc::ptr_eq(it.recording(), recording)) {
            match Seeker::start(Arc::clone(recording), session.waker.clone()) {
                Ok(seeker) => self.own = Some(seeker),
                Err(why) => error!("the system gave no thread to look back with: {why}"),
            }
        }
        self.own.as_ref()
    }
}

/// Asks for the state that is wanted, and shows what was found.
pub(super) fn raise_ghost(
    session: Res<Session>,
    site: Res<CurrentSite>,
    cursor: Res<Cursor>,
    compared: Res<Compared>,
    mut peeks: MessageReader<PeekAt>,
    mut peeking: Local<Peeking>,
    mut ghost: ResMut<Ghost>,
) {
    if let Some(PeekAt(at)) = peeks.read().last() {
        peeking.hovered = *at;
    }
    let extent = session.extent(now());
    // At its end a live session has nothing but what is shown, and what is replayed as live knows no later.
    let ends = |it: Timestamp| it < extent.to || (!extent.live && it == extent.to);
    let known = |it: &Timestamp| *it >= extent.from && ends(*it) && *it <= cursor.horizon();
    let hovered = peeking.hovered.filter(known).map(|it| (GhostOf::Hovered, it));
    let other = || Some((GhostOf::Compared, compared.0.as_ref()?.within(cursor.at)?));
    let wanted = hovered.or_else(other);
    let before = peeking.asked.as_ref().map(|it| it.0);
    if wanted.map(|it| it.0) != before && ghost.0.is_some() {
        ghost.0 = None;
    }
    let Some((of, at)) = wanted else {
        peeking.asked = None;
        return;
    };
    let same = peeking.asked.as_ref().is_some_and(|it| (it.0, it.1) == (of, at) && Arc::ptr_eq(&it.2, &site.0));
    let seeker = match of {
        GhostOf::Hovered => peeking.own(&session),
        GhostOf::Compared => compared.0.as_ref().and_then(|it| it.seeker()),
    };
    let Some(seeker) = seeker else { return };
    let asked = (!same).then(|| seeker.ask(at, &site.0));
    let found = seeker.take();
    if let Some(number) = asked {
        if before != Some(of) {
            peeking.since = number;
        }
        peeking.asked = Some((of, at, Arc::clone(&site.0)));
    }
    if let Some(found) = found.filter(|it| it.number >= peeking.since) {
        ghost.0 = Some(GhostState { at: found.at, fold: found.fold, of });
    }
}
