//! The state of all signals at any instant of a recording: the keyframe before it, and the messages after that.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bevy::prelude::*;
use tracing::warn;

use super::fold::Fold;
use super::recording::{Item, KeyframeDoc, Recording};
use super::{CurrentSite, Cursor, CursorMode, Session};
use crate::codec::Decoder;
use crate::link::Arrival;
use crate::signal::{Sample, SignalId, Timestamp};
use crate::site::Site;

/// Decoded chunks that are kept at hand, and how much they may hold.
const KEPT: usize = 24;
const KEPT_STEPS: usize = 500_000;
/// An instant so many chunks ahead is played to; a farther one is sought from its keyframe.
const NEAR: usize = 3;
/// Where a file has no keyframes, the state is kept before each so many chunks that were played through.
const SNAPSHOT_EVERY: usize = 16;

/// What the cursor shows where it doesn't follow live. `None`: it does, or there is no recording.
#[derive(Resource, Debug, Default)]
pub struct Shown(pub Option<Fold>);

/// Finds states. One for each reader.
#[derive(Debug)]
pub struct Past {
    recording: Arc<Recording>,
    site: Arc<Site>,
    decoder: Decoder,
    cache: VecDeque<(usize, Arc<Steps>)>,
    snapshots: BTreeMap<usize, Fold>,
    /// The state after all steps before the place.
    fold: Fold,
    place: Place,
    /// Where the place stands in time.
    at: Timestamp,
    told: Vec<u64>,
}

/// The next step to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Place {
    chunk: usize,
    step: usize,
}

/// What a chunk does to the state.
#[derive(Debug, Default)]
struct Steps {
    keyframe: Option<KeyframeDoc>,
    steps: Vec<Step>,
    /// A part of it could not be read.
    damaged: bool,
}

#[derive(Debug)]
struct Step {
    /// When it came; never earlier than the step before.
    at: Timestamp,
    what: What,
}

#[derive(Debug)]
enum What {
    Sample(Sample, bool),
    Fault(SignalId),
}

impl Past {
    /// On a recording, read with a site.
    pub fn new(recording: Arc<Recording>, site: Arc<Site>) -> Self {
        let decoder = Decoder::new(&site);
        Self {
            recording,
            site,
            decoder,
            cache: VecDeque::new(),
            snapshots: BTreeMap::new(),
            fold: Fold::default(),
            place: Place::default(),
            at: Timestamp::MIN,
            told: Vec::new(),
        }
    }

    /// The site that it reads with.
    pub fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// The state at an instant: after all that had come by then.
    pub fn seek(&mut self, at: Timestamp) -> Fold {
        let target = self.recording.chunk_at(at);
        let n_chunks = target.map_or(0, |it| it + 1);
        match target {
            None => self.restart(0),
            Some(target) if at < self.at || target < self.place.chunk || target > self.place.chunk + NEAR => {
                self.restart(target);
            }
            Some(_) => (),
        }
        self.play(target, at);
        let mut fold = self.fold.clone();
        for (arrivals, first) in self.recording.tail(n_chunks) {
            for arrival in arrivals.iter().skip(first).take_while(|it| it.received <= at) {
                let mut steps = Vec::new();
                decode(&mut self.decoder, arrival, Timestamp::MIN, &mut steps);
                steps.iter().for_each(|it| it.apply(&mut fold));
            }
        }
        fold
    }

    /// Goes to the beginning of the chunk before a target, as near as there is a state.
    fn restart(&mut self, target: usize) {
        self.at = Timestamp::MIN;
        let mut chunk = target;
        for _ in 0..=target {
            let steps = self.steps(chunk);
            if let Some(keyframe) = &steps.keyframe {
                match keyframe.since {
                    None => {
                        self.fold = keyframe.fold(&self.site);
                        self.place = Place { chunk, step: 0 };
                        return;
                    }
                    Some(since) => {
                        let before = self.recording.chunk_at(Timestamp::from_nanos(since));
                        // One that leads nowhere is passed over, chunk by chunk.
                        chunk = before.filter(|it| *it < chunk).unwrap_or_else(|| chunk.saturating_sub(1));
                        continue;
                    }
                }
            }
            if let Some((&chunk, fold)) = self.snapshots.range(..=chunk).next_back() {
                self.fold = fold.clone();
                self.place = Place { chunk, step: 0 };
                return;
            }
            if chunk == 0 {
                break;
            }
            chunk -= 1;
        }
        self.fold = Fold::default();
        self.place = Place::default();
    }

    /// Takes all steps up to an instant.
    fn play(&mut self, target: Option<usize>, at: Timestamp) {
        self.at = at;
        let Some(target) = target else { return };
        loop {
            let steps = self.steps(self.place.chunk);
            while let Some(step) = steps.steps.get(self.place.step).filter(|it| it.at <= at) {
                step.apply(&mut self.fold);
                self.place.step += 1;
            }
            if self.place.chunk >= target {
                return;
            }
            self.place = Place { chunk: self.place.chunk + 1, step: 0 };
            let next = self.steps(self.place.chunk);
            match &next.keyframe {
                // What could not be read may be missing from the state.
                Some(keyframe) if steps.damaged && keyframe.since.is_none() => self.fold = keyframe.fold(&self.site),
                Some(_) => (),
                None if self.place.chunk.is_multiple_of(SNAPSHOT_EVERY) => {
                    self.snapshots.entry(self.place.chunk).or_insert_with(|| self.fold.clone());
                }
                None => (),
            }
        }
    }

    fn steps(&mut self, chunk: usize) -> Arc<Steps> {
        if let Some(at) = self.cache.iter().position(|it| it.0 == chunk)
            && let Some(found) = self.cache.remove(at)
        {
            let steps = Arc::clone(&found.1);
            self.cache.push_back(found);
            return steps;
        }
        let (items, fault) = self.recording.items(chunk);
        let mut read = Steps { damaged: fault.is_some(), ..Steps::default() };
        if let Some(fault) = fault.filter(|it| !self.told.contains(&it.offset)) {
            warn!("{fault}");
            self.told.push(fault.offset);
        }
        let mut latest = self.recording.chunk(chunk).map_or(Timestamp::MIN, |it| it.from);
        for item in items {
            match item {
                Item::Keyframe(keyframe) if read.keyframe.is_none() => read.keyframe = Some(keyframe),
                Item::Keyframe(_) | Item::Audit(_) => (),
                Item::Message(arrival) => {
                    latest = latest.max(arrival.received);
                    decode(&mut self.decoder, &arrival, latest, &mut read.steps);
                }
            }
        }
        let steps = Arc::new(read);
        self.cache.push_back((chunk, Arc::clone(&steps)));
        let held = |cache: &VecDeque<(usize, Arc<Steps>)>| cache.iter().map(|it| it.1.steps.len()).sum::<usize>();
        while self.cache.len() > KEPT || (self.cache.len() > 1 && held(&self.cache) > KEPT_STEPS) {
            self.cache.pop_front();
        }
        steps
    }
}

impl Step {
    fn apply(&self, fold: &mut Fold) {
        match &self.what {
            What::Sample(sample, retained) => {
                fold.take(sample, *retained);
            }
            What::Fault(signal) => fold.fail(*signal),
        }
    }
}

fn decode(decoder: &mut Decoder, arrival: &Arrival, at: Timestamp, steps: &mut Vec<Step>) {
    let (mut samples, mut faults) = (Vec::new(), Vec::new());
    decoder.decode(&arrival.topic, &arrival.payload, arrival.received, &mut samples, &mut faults);
    steps.extend(samples.into_iter().map(|it| Step { at, what: What::Sample(it, arrival.retained) }));
    steps.extend(faults.into_iter().map(|it| Step { at, what: What::Fault(it.0) }));
}

/// Finds what the cursor shows.
pub(super) fn look_back(
    cursor: Res<Cursor>,
    site: Res<CurrentSite>,
    session: Res<Session>,
    mut past: Local<Option<Past>>,
    mut shown: ResMut<Shown>,
) {
    let Some(recording) = session.recording().filter(|_| cursor.mode != CursorMode::Live) else {
        if shown.0.is_some() {
            shown.0 = None;
        }
        return;
    };
    let past = match &mut *past {
        Some(past) if Arc::ptr_eq(past.site(), &site.0) => past,
        past => past.insert(Past::new(Arc::clone(recording), Arc::clone(&site.0))),
    };
    shown.0 = Some(past.seek(cursor.at));
}
