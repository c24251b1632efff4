//! What a person has isolated: its values feed nothing, and estimates stand in for them until it is released.
//!
//! Whoever may isolate is seen to where it is asked for; here it is done. What comes in of it is verified and recorded as before.
//! Each act is written into the recording where alarms are found, in its place among what came in, so that a replay does it
//! again at its time.
//!
//! A twin is held isolated by the gate, for all who command, or by this program alone ([`Hold`]), and by one of them at a time:
//! what the gate holds is the gate's, also where it was isolated here before, and goes when the gate releases it. What is isolated
//! here alone stays until it is released here, is kept over a restart (`kept`), and no gate takes it away.

mod audit;
mod estimate;
mod isolations;
mod kept;

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::prelude::*;
use tracing::warn;

pub use audit::{quarantine_doc, quarantine_event};
pub use isolations::Isolations;

use self::estimate::estimate;
use self::kept::Kept;
use super::reading::Newest;
use super::standing::Standing;
use crate::link;
use crate::session::{CurrentSite, Cursor, CursorMode, Notice, NoticeTone, Session};
use crate::signal::{SignalId, Timestamp, Value};
use crate::site::{Site, TwinId};

/// A request to isolate a twin with all its parts. It was seen to that the person may.
#[derive(Message, Debug, Clone, PartialEq)]
pub struct Isolate {
    /// Which twin.
    pub twin: TwinId,
    /// Who asks.
    pub who: Arc<str>,
    /// For what reason.
    pub why: Arc<str>,
    /// Who holds it isolated from then on. The gate takes over what is isolated here.
    pub hold: Hold,
    /// Since when, by the clock of whoever holds it. `None`: from now on.
    pub since: Option<Timestamp>,
    /// Signals that were doubted already: what came since then goes into no estimate.
    pub doubts: Vec<Doubt>,
}

/// A signal that is doubted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// Which signal.
    pub signal: SignalId,
    /// Since when.
    pub since: Timestamp,
    /// How it stands.
    pub standing: Standing,
}

/// A request to release a twin. It was seen to that the person may.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Which twin.
    pub twin: TwinId,
    /// Who asks.
    pub who: Arc<str>,
    /// For what reason.
    pub why: Arc<str>,
    /// When, by the clock of whoever held it. `None`: now.
    pub at: Option<Timestamp>,
}

/// A twin was isolated or released. Written here alone.
#[derive(Message, Debug, Clone, PartialEq)]
pub enum QuarantineEvent {
    /// It was isolated.
    Isolated(Arc<Isolation>),
    /// It was released.
    Released(Released),
}

/// Who holds a twin isolated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Hold {
    /// The gate: for all who command.
    Gate,
    /// This program alone: no gate has heard of it.
    #[default]
    Here,
}

/// An isolated twin.
#[derive(Debug, Clone, PartialEq)]
pub struct Isolation {
    /// Since when in this session.
    pub at: Timestamp,
    /// Since when at all, by the clock of whoever holds it: earlier, where the session began later.
    pub since: Timestamp,
    /// Who holds it.
    pub hold: Hold,
    /// Which twin. Its parts are isolated with it.
    pub twin: TwinId,
    /// Who isolated it.
    pub who: Arc<str>,
    /// For what reason.
    pub why: Arc<str>,
    /// What stands in for its values and those of its parts. Where nothing is known there is no estimate.
    pub estimates: BTreeMap<SignalId, Estimate>,
}

/// A twin that was let back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Released {
    /// When.
    pub at: Timestamp,
    /// Which twin.
    pub twin: TwinId,
    /// Who released it.
    pub who: Arc<str>,
    /// For what reason.
    pub why: Arc<str>,
}

/// What stands in for a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The value, in the signal's unit.
    pub value: Value,
    /// What it was made from.
    pub basis: Basis,
}

/// What an estimate was made from, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis(pub Arc<str>);

/// What is isolated: at the cursor, and now. Written here alone.
#[derive(Resource, Debug, Default)]
pub struct Quarantine {
    /// In the order of time.
    journal: Vec<QuarantineEvent>,
    now: Isolations,
    shown: Isolations,
    /// Of the journal, what was so at the cursor.
    n_shown: usize,
    /// Of a recording's audits, how many were read.
    n_read: usize,
    /// What is isolated here alone, on the disk. `None`: it is not kept.
    kept: Option<Kept>,
}

impl QuarantineEvent {
    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Isolated(isolation) => isolation.at,
            Self::Released(released) => released.at,
        }
    }

    /// Which twin.
    pub fn twin(&self) -> TwinId {
        match self {
            Self::Isolated(isolation) => isolation.twin,
            Self::Released(released) => released.twin,
        }
    }

    /// The same at another instant.
    #[must_use]
    pub fn put_at(self, at: Timestamp) -> Self {
        match self {
            Self::Isolated(isolation) => Self::Isolated(Arc::new(Isolation { at, ..(*isolation).clone() })),
            Self::Released(released) => Self::Released(Released { at, ..released }),
        }
    }
}

impl Quarantine {
    /// What is isolated now, wherever the cursor stands.
    pub fn now(&self) -> &Isolations {
        &self.now
    }

    /// All twins that were isolated by themselves at the cursor, the earliest first.
    pub fn all(&self) -> &[Arc<Isolation>] {
        self.shown.all()
    }

    /// The isolation of a twin itself at the cursor.
    pub fn own(&self, twin: TwinId) -> Option<&Isolation> {
        self.shown.own(twin)
    }

    /// The isolation that holds for a twin at the cursor, see [`Isolations::isolation_of`].
    pub fn isolation_of(&self, site: &Site, twin: TwinId) -> Option<&Isolation> {
        self.shown.isolation_of(site, twin)
    }

    /// Whether a signal is isolated at the cursor.
    pub fn is_isolated(&self, signal: SignalId) -> bool {
        self.shown.is_isolated(signal)
    }

    /// All signals that are isolated at the cursor, each with the isolation that holds for it.
    pub fn covered(&self) -> impl Iterator<Item = (SignalId, &Isolation)> {
        self.shown.covered()
    }

    /// All that was done so far, in the order of time.
    pub fn journal(&self) -> &[QuarantineEvent] {
        &self.journal
    }

    /// Takes an event into the journal, in its place. What came of a twin before stays before it.
    fn take(&mut self, event: &QuarantineEvent, site: &Site) {
        self.now.take(event, site);
        let place = self.journal.partition_point(|it| it.at() <= event.at());
        self.journal.insert(place, event.clone());
    }

    /// The instant of an event as the session has it: not before it began, nor before what happened to the twin last, nor ahead.
    fn place(&self, at: Option<Timestamp>, twin: TwinId, began: Timestamp, now: Timestamp) -> Timestamp {
        let last = self.journal.iter().rfind(|it| it.twin() == twin).map_or(began, QuarantineEvent::at);
        at.unwrap_or(now).max(began).max(last).min(now.max(last))
    }

    /// Reads the journal of a recording as far as its audits are known.
    fn read(&mut self, mut events: Vec<QuarantineEvent>, n_audits: usize) {
        events.sort_by_key(QuarantineEvent::at);
        self.journal = events;
        self.n_read = n_audits;
    }

    /// Shows the first so many events of the journal.
    fn show(&mut self, n: usize, site: &Site) {
        let mut shown = Isolations::default();
        for event in &self.journal[..n] {
            shown.take(event, site);
        }
        self.shown = shown;
        self.n_shown = n;
    }
}

/// What was isolated here alone when this program ended last is isolated again.
pub(super) fn recall(
    site: Res<CurrentSite>,
    session: Res<Session>,
    mut quarantine: ResMut<Quarantine>,
    mut done: MessageWriter<QuarantineEvent>,
    mut notices: MessageWriter<Notice>,
) {
    let Some(file) = session.quarantine_file.as_deref().filter(|_| !session.is_replay()) else { return };
    let kept = Kept::open(file, &session.site_path);
    match kept.read() {
        Ok(docs) => {
            for doc in docs {
                let Some(QuarantineEvent::Isolated(was)) = quarantine_event(&doc, &site) else {
                    warn!(
                        "{:?} is isolated here alone, and the site has no such twin",
                        doc.quarantine.map(|it| it.twin)
                    );
                    continue;
                };
                let event = QuarantineEvent::Isolated(was).put_at(session.began);
                quarantine.take(&event, &site);
                done.write(event);
            }
        }
        Err(why) => drop(notices.write(Notice::new(NoticeTone::Bad, why))),
    }
    quarantine.kept = Some(kept);
}

/// Does what was asked. What is so already stays as it is.
pub(super) fn apply_requests(
    site: Res<CurrentSite>,
    session: Res<Session>,
    newest: Res<Newest>,
    mut isolates: MessageReader<Isolate>,
    mut releases: MessageReader<Release>,
    mut quarantine: ResMut<Quarantine>,
    mut done: MessageWriter<QuarantineEvent>,
    mut notices: MessageWriter<Notice>,
) {
    let now = link::now();
    let mut events = Vec::new();
    for Isolate { twin, who, why, hold, since, doubts } in isolates.read() {
        let before = quarantine.now.own(*twin);
        let stays = before.is_some_and(|it| *hold == Hold::Here || (it.hold == Hold::Gate && Some(it.since) == *since));
        if session.is_replay() || site.twin(*twin).is_none() || stays {
            warn!("{who} cannot isolate it: it is a recording, or gone, or isolated already");
            continue;
        }
        // What stands in for it already was made when it was still believed.
        let estimates = match before {
            Some(it) => it.estimates.clone(),
            None => estimates(&site, &session, &newest, &quarantine.now, *twin, doubts, now),
        };
        let (twin, who, why, hold) = (*twin, Arc::clone(who), Arc::clone(why), *hold);
        let (at, since) = (quarantine.place(*since, twin, session.began, now), since.unwrap_or(now));
        let isolation = Isolation { at, since, hold, twin, who, why, estimates };
        events.push(QuarantineEvent::Isolated(Arc::new(isolation)));
    }
    for Release { twin, who, why, at } in releases.read() {
        if quarantine.now.own(*twin).is_none() {
            warn!("{who} cannot release what is not isolated");
            continue;
        }
        let (twin, who, why) = (*twin, Arc::clone(who), Arc::clone(why));
        let at = quarantine.place(*at, twin, session.began, now);
        events.push(QuarantineEvent::Released(Released { at, twin, who, why }));
    }
    for event in events {
        quarantine.take(&event, &site);
        if let Some(Err(why)) = quarantine.kept.as_mut().map(|it| it.follow(&event, &site)) {
            notices.write(Notice::new(NoticeTone::Bad, why));
        }
        done.write(event);
    }
}

/// What is shown follows the cursor; of a recording, as far as it has been read.
pub(super) fn follow_quarantine(
    cursor: Res<Cursor>,
    site: Res<CurrentSite>,
    session: Res<Session>,
    mut quarantine: ResMut<Quarantine>,
    mut newest: ResMut<Newest>,
) {
    let changed = quarantine.is_changed();
    let known = quarantine.bypass_change_detection();
    let mut read = false;
    if let Some(filling) = session.filling.as_ref().filter(|_| session.is_replay()) {
        let n_audits = filling.n_audits();
        if n_audits != known.n_read || site.is_changed() {
            let events = filling.audits().iter().filter_map(|it| quarantine_event(it, &site)).collect();
            known.read(events, n_audits);
            read = true;
        }
    }
    let n = match cursor.mode {
        CursorMode::Live => known.journal.len(),
        CursorMode::Paused | CursorMode::Playing => known.journal.partition_point(|it| it.at() <= cursor.at),
    };
    if changed || site.is_changed() {
        known.now.follow(&site);
        newest.isolate(known.now.signals());
    }
    if n != known.n_shown || (n > 0 && read) || changed || site.is_changed() {
        known.show(n, &site);
        quarantine.set_changed();
    }
}

/// What is to stand in for the values of a twin and its parts. What stands in already goes on.
fn estimates(
    site: &Site,
    session: &Session,
    newest: &Newest,
    before: &Isolations,
    twin: TwinId,
    doubts: &[Doubt],
    now: Timestamp,
) -> BTreeMap<SignalId, Estimate> {
    let covered: BTreeMap<SignalId, &Isolation> = before.covered().collect();
    let mut signals = Vec::new();
    let mut next = vec![twin];
    while let Some(twin) = next.pop() {
        signals.extend(site.signals_of(twin));
        next.extend(site.children_of(Some(twin)).map(|it| it.id));
    }
    let many = signals.len() > estimate::MOST_MEDIANS;
    let known = signals.iter().filter_map(|signal| {
        let made = match covered.get(&signal.id) {
            Some(isolation) => isolation.estimates.get(&signal.id).cloned(),
            None => {
                let doubt = doubts.iter().find(|it| it.signal == signal.id);
                let trust = newest.reading(signal, now).proof.trust;
                estimate(signal, &session.history, trust, doubt, now, many)
            }
        };
        Some((signal.id, made?))
    });
    known.collect()
}
