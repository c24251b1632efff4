//! The same machine over a recording: what would have been found on the day itself.

use std::collections::VecDeque;
use std::sync::Arc;

use super::audit::{act_of, event_of};
use super::engine::Engine;
use super::finds::{Act, Finds};
use crate::link::Arrival;
use crate::session::recording::{Item, Recording};
use crate::session::{Change, Fold, Reader, Taken, watched};
use crate::signal::Timestamp;
use crate::site::Site;
use crate::trust::Verifier;
use crate::twin::{QuarantineEvent, quarantine_event};

/// What a person did is written down a moment after it was done, so perhaps after messages that came later: it is looked
/// for so many chunks ahead.
const AHEAD: usize = 3;

/// Reads messages as ingest does, and gives them to the engine.
#[derive(Debug)]
pub struct Listener {
    /// What finds alarms.
    pub engine: Engine,
    reader: Reader,
    fold: Fold,
    watched: Vec<bool>,
    changes: Vec<Change>,
}

/// A chunk that was read.
#[derive(Debug, Default)]
struct Chunk {
    items: Vec<Item>,
    damaged: bool,
}

/// What happened at an instant that the messages do not tell of.
#[derive(Debug)]
struct Told {
    at: Timestamp,
    deed: Done,
}

#[derive(Debug)]
enum Done {
    /// A person did something to an alarm.
    Act(Act),
    /// A person isolated a twin, or released it.
    Quarantine(QuarantineEvent),
    /// Up to then time had gone, and all that had come was looked at.
    Nothing,
}

impl Listener {
    /// Before the first message; with what verifies, where anything is signed.
    pub fn new(site: &Arc<Site>, verifier: Option<Verifier>) -> Self {
        Self {
            engine: Engine::new(Arc::clone(site)),
            reader: Reader::new(site, verifier),
            fold: Fold::default(),
            watched: watched(site),
            changes: Vec::new(),
        }
    }

    /// Takes a message.
    pub fn take(&mut self, arrival: &Arrival) {
        let (mut samples, mut faults) = (Vec::new(), Vec::new());
        let received = arrival.received;
        let read = self.reader.read(arrival, &mut samples, &mut faults);
        let is_watched = |signal: crate::signal::SignalId| self.watched.get(signal.index()) == Some(&true);
        for sample in samples {
            if self.fold.take_proven(&sample, arrival.retained, read.proof) == Taken::Newest
                && is_watched(sample.signal)
            {
                let (signal, at, value) = (sample.signal, sample.at, sample.value);
                self.changes.push(Change { signal, at, received, value, last: false });
            }
        }
        faults.into_iter().for_each(|it| self.fold.fail(it.0));
        if let Some(refusal) = read.refusal.filter(|it| !it.quiet) {
            for signal in self.reader.signals_of(&arrival.topic) {
                self.fold.refuse(signal, &refusal, received);
            }
        }
        if let Some(last) = self.changes.last_mut() {
            last.last = true;
        }
        for change in self.changes.drain(..) {
            self.engine.take(change);
        }
    }

    /// Begins with a state, where what led to it is not known.
    fn begin(&mut self, fold: Fold, at: Timestamp) {
        self.engine.begin(&fold, at);
        self.fold = fold;
    }
}

/// Goes through a recording, and hands on what was found, chunk by chunk, while it is wanted. Returns the engine as it
/// stands at the end, and what could not be read.
pub fn examine(
    recording: &Recording,
    site: &Arc<Site>,
    mut hand_on: impl FnMut(Finds) -> bool,
) -> (Engine, Vec<String>) {
    let mut listener = Listener::new(site, recording.verifier(site));
    let mut lost = Vec::new();
    let mut chunks: VecDeque<Chunk> = VecDeque::new();
    let mut told: Vec<Told> = Vec::new();
    let mut damaged = false;
    let n_chunks = recording.n_chunks();
    for number in 0..n_chunks + AHEAD {
        if number < n_chunks {
            let (items, fault) = recording.items(number);
            told.extend(items.iter().filter_map(|it| tell(it, site)));
            // Those of one instant stay in their order.
            told.sort_by_key(|it| it.at);
            lost.extend(fault.as_ref().map(|it| recording.lost(number, it)));
            chunks.push_back(Chunk { items, damaged: fault.is_some() });
        }
        if chunks.len() <= AHEAD && number < n_chunks {
            continue;
        }
        let Some(chunk) = chunks.pop_front() else { break };
        let first = number.saturating_sub(AHEAD);
        for item in &chunk.items {
            match item {
                Item::Message(arrival) => {
                    do_until(&mut listener.engine, &mut told, arrival.received);
                    listener.take(arrival);
                }
                Item::Keyframe(state) if state.since.is_none() && (first == 0 || damaged) => {
                    let fold = state.fold(site);
                    listener.reader.go_on_from(&fold, recording);
                    let at = recording.chunk(first).map_or(Timestamp::MIN, |it| it.from);
                    if fold.cells() != listener.fold.cells() {
                        listener.begin(fold, at);
                    }
                    damaged = false;
                }
                Item::Keys(registry) => {
                    if let Some(verifier) = listener.reader.verifier_mut() {
                        verifier.set_registry(Arc::clone(registry));
                    }
                }
                Item::Keyframe(_) | Item::Audit(_) => (),
            }
        }
        damaged |= chunk.damaged;
        if !hand_on(listener.engine.take_finds()) {
            return (listener.engine, lost);
        }
    }
    do_until(&mut listener.engine, &mut told, Timestamp::MAX);
    hand_on(listener.engine.take_finds());
    (listener.engine, lost)
}

fn tell(item: &Item, site: &Site) -> Option<Told> {
    let Item::Audit(doc) = item else { return None };
    if let Some(event) = quarantine_event(doc, site) {
        return Some(Told { at: event.at(), deed: Done::Quarantine(event) });
    }
    let event = event_of(doc, site)?;
    Some(Told { at: event.known, deed: act_of(&event).map_or(Done::Nothing, Done::Act) })
}

/// Does what happened before a message came.
fn do_until(engine: &mut Engine, told: &mut Vec<Told>, received: Timestamp) {
    let n = told.partition_point(|it| it.at < received);
    for Told { at, deed } in told.drain(..n) {
        engine.advance(at);
        match deed {
            Done::Act(act) => {
                if let Err(why) = engine.act(&act) {
                    tracing::warn!("what {} did to an alarm in the recording cannot be done again: {why}", act.who);
                }
            }
            Done::Quarantine(event) => engine.quarantine(&event),
            Done::Nothing => (),
        }
    }
}
