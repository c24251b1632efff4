//! A second session laid over the first: its recording, its history, and where its time stands against the first's.

use std::io;
use std::sync::Arc;

use bevy::prelude::*;
use tracing::error;

use super::align::{Alignment, CompareError, Side, moved, offset};
use super::differences::Differences;
use super::fill::{FillTargets, Filling};
use super::history::History;
use super::marks::{self, Mark, Marks};
use super::measuring::Measuring;
use super::recording::Recording;
use super::seeker::Seeker;
use super::tally::Tally;
use super::timeline::Timeline;
use super::waker::Waker;
use super::{CurrentSite, Session, SiteReloaded};
use crate::signal::{SignalId, Timestamp};
use crate::site::Site;

/// A request to lay the second session otherwise over the first.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct Align(pub Alignment);

/// The session that is compared. `None`: none is. Written by this folder alone.
#[derive(Resource, Debug, Default)]
pub struct Compared(pub Option<Comparison>);

impl Compared {
    /// Whether a second session is still being read or compared.
    pub fn is_busy(&self) -> bool {
        self.0.as_ref().is_some_and(|it| it.threads.is_some() && it.differences.is_none())
    }
}

/// A second session beside the one that is shown.
#[derive(Debug)]
pub struct Comparison {
    /// Where it is read from.
    pub recording: Arc<Recording>,
    /// Its samples, as far as they have been read; times are on its own clock.
    pub history: Arc<History>,
    /// How it is laid over the first.
    pub alignment: Alignment,
    /// Nanoseconds from an instant of the first session to the one that belongs to it in the second.
    pub offset_nanos: i64,
    /// Signals whose topic is in both.
    pub common: Vec<SignalId>,
    /// Signals whose topic is in the first session alone.
    pub only_first: Vec<SignalId>,
    /// Signals whose topic is in the second session alone.
    pub only_second: Vec<SignalId>,
    /// How much the two differ. `None`: that is not known yet.
    pub differences: Option<Differences>,
    /// Why it could not be laid over the first as was asked last, for a person. `None`: it could.
    pub problem: Option<String>,
    /// The times of its first and its last message.
    span: (Timestamp, Timestamp),
    marks: Vec<Mark>,
    threads: Option<Threads>,
    measuring: Option<Arc<Measuring>>,
}

/// What works behind a comparison.
#[derive(Debug)]
struct Threads {
    filling: Arc<Filling>,
    seeker: Seeker,
    waker: Waker,
}

/// Where a recording that is whole begins and ends.
fn span_of(recording: &Recording) -> (Timestamp, Timestamp) {
    recording.span().unwrap_or((Timestamp::MIN, Timestamp::MIN))
}

impl Comparison {
    /// Lays a session over another, read with the site of that one. Nothing is read yet but bookmarks.
    pub fn new(
        first: &Recording,
        second: Arc<Recording>,
        site: &Site,
        alignment: Alignment,
    ) -> Result<Self, CompareError> {
        let load = |it: &Recording| Marks::load(&marks::beside(&it.path)).map_err(CompareError::Marks);
        let (first_marks, marks) = match &alignment {
            Alignment::Bookmark(_) => (load(first)?, load(&second)?),
            // They can be asked for later; what cannot be read is no reason not to compare.
            Alignment::Clock | Alignment::Start => (Vec::new(), load(&second).unwrap_or_default()),
        };
        let span = span_of(&second);
        let offset_nanos = offset(
            &alignment,
            Side { path: &first.path, span: span_of(first), marks: &first_marks },
            Side { path: &second.path, span, marks: &marks },
        )?;
        let (mut common, mut only_first, mut only_second) = (Vec::new(), Vec::new(), Vec::new());
        // A file that does not count its topics may have any.
        let has = |it: &Recording, topic: &str| it.counts.is_empty() || it.counts.contains_key(topic);
        for signal in &site.signals {
            match (has(first, &signal.topic), has(&second, &signal.topic)) {
                (true, true) => common.push(signal.id),
                (true, false) => only_first.push(signal.id),
                (false, true) => only_second.push(signal.id),
                (false, false) => (),
            }
        }
        if common.is_empty() {
            return Err(CompareError::NothingInCommon { first: first.path.clone(), second: second.path.clone() });
        }
        Ok(Self {
            recording: second,
            history: Arc::new(History::new(usize::MAX, site.signal_capacity)),
            alignment,
            offset_nanos,
            common,
            only_first,
            only_second,
            differences: None,
            problem: None,
            span,
            marks,
            threads: None,
            measuring: None,
        })
    }

    /// Begins to read, into a history of so many bytes.
    pub(super) fn start(&mut self, site: &Arc<Site>, history_bytes: usize, waker: &Waker) -> io::Result<()> {
        self.history = Arc::new(History::new(history_bytes, site.signal_capacity));
        let targets = FillTargets {
            site: Arc::clone(site),
            history: Arc::clone(&self.history),
            // The panels tell what came in the first; the second has but its samples.
            tally: Arc::new(Tally::default()),
            timeline: Arc::new(Timeline::new(site)),
            waker: waker.clone(),
            book: Arc::default(),
        };
        let seeker = Seeker::start(Arc::clone(&self.recording), waker.clone())?;
        let filling = Filling::start(Arc::clone(&self.recording), targets)?;
        self.threads = Some(Threads { filling, seeker, waker: waker.clone() });
        Ok(())
    }

    /// The name of its file.
    pub fn name(&self) -> String {
        let name = self.recording.path.file_name().unwrap_or(self.recording.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// The instant of the second session that belongs to one of the first.
    pub fn there(&self, at: Timestamp) -> Timestamp {
        moved(at, self.offset_nanos)
    }

    /// The same, where the second session has anything to say. `None`: before its beginning or after its end.
    pub fn within(&self, at: Timestamp) -> Option<Timestamp> {
        let there = self.there(at);
        (self.span.0..=self.span.1).contains(&there).then_some(there)
    }

    /// The number of a signal in the second session at an instant of the first. `None`: there is none.
    pub fn number(&self, signal: SignalId, at: Timestamp) -> Option<f64> {
        self.history.at(signal, self.within(at)?).map(|it| it.value)
    }

    /// How much of it is read, 0 to 1. `None`: all.
    pub fn reading(&self) -> Option<f32> {
        self.threads.as_ref().and_then(|it| it.filling.share())
    }

    /// How far the two are compared, 0 to 1. `None`: nothing is being compared.
    pub fn measuring(&self) -> Option<f32> {
        self.measuring.as_ref().map(|it| it.share())
    }

    /// How it can be laid over a session with these bookmarks.
    pub fn alignments(&self, first_marks: &[Mark]) -> Vec<Alignment> {
        let mut all = vec![Alignment::Clock, Alignment::Start];
        for mark in &self.marks {
            let by = Alignment::Bookmark(mark.text.clone());
            if first_marks.iter().any(|it| it.text == mark.text) && !all.contains(&by) {
                all.push(by);
            }
        }
        all
    }

    /// Finds its states. `None`: it has not begun.
    pub(super) fn seeker(&self) -> Option<&Seeker> {
        self.threads.as_ref().map(|it| &it.seeker)
    }

    /// Lays it otherwise over the first. What cannot be leaves all as it is, and says so.
    fn align(&mut self, by: &Alignment, first: &Recording, first_marks: &[Mark]) {
        let first = Side { path: &first.path, span: span_of(first), marks: first_marks };
        match offset(by, first, Side { path: &self.recording.path, span: self.span, marks: &self.marks }) {
            Ok(offset_nanos) => {
                self.problem = None;
                self.alignment = by.clone();
                if offset_nanos != self.offset_nanos {
                    self.offset_nanos = offset_nanos;
                    self.differences = None;
                    self.stop_measuring();
                }
            }
            Err(why) => self.problem = Some(why.to_string()),
        }
    }

    fn stop_measuring(&mut self) {
        if let Some(measuring) = self.measuring.take() {
            measuring.cancel();
        }
    }

    /// Compares once both are read, and takes what was found.
    fn measure(&mut self, first: &Arc<History>, span: (Timestamp, Timestamp), site: &Arc<Site>) {
        if let Some(measuring) = &self.measuring {
            if let Some(found) = measuring.take() {
                self.differences = Some(found);
                self.measuring = None;
            }
            return;
        }
        let Some(threads) = self.threads.as_ref().filter(|_| self.differences.is_none()) else { return };
        let here = |it: Timestamp| moved(it, self.offset_nanos.saturating_neg());
        let common = (span.0.max(here(self.span.0)), span.1.min(here(self.span.1)));
        let histories = (Arc::clone(first), Arc::clone(&self.history));
        let (signals, waker) = (self.common.clone(), threads.waker.clone());
        match Measuring::start(histories, self.offset_nanos, common, Arc::clone(site), signals, waker) {
            Ok(measuring) => self.measuring = Some(measuring),
            Err(why) => {
                // Not asked for again in each frame.
                self.threads = None;
                self.problem = Some(format!("the system gave no thread to compare with: {why}"));
            }
        }
    }
}

impl Drop for Comparison {
    fn drop(&mut self) {
        self.stop_measuring();
        if let Some(threads) = &self.threads {
            threads.filling.cancel();
        }
    }
}

/// Lays the second session as it is asked to, and compares once there is something to compare.
pub(super) fn follow_comparison(
    session: Res<Session>,
    site: Res<CurrentSite>,
    marks: Res<Marks>,
    mut aligns: MessageReader<Align>,
    mut reloaded: MessageReader<SiteReloaded>,
    mut compared: ResMut<Compared>,
) {
    let Some(comparison) = &mut compared.0 else { return };
    let Some(first) = session.recording() else { return };
    for Align(by) in aligns.read() {
        comparison.align(by, first, &marks.list);
        if let Some(problem) = &comparison.problem {
            error!("{problem}");
        }
    }
    if reloaded.read().count() > 0 {
        comparison.history.grow(site.signal_capacity);
    }
    if !session.is_reading() && comparison.reading().is_none() {
        comparison.measure(&session.history, span_of(first), &site.0);
    }
}
