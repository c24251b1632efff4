//! The state of all signals at any instant of a recording: the keyframe before it, and the messages after that.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bevy::prelude::*;
use tracing::warn;

use super::fold::Fold;
use super::reader::Reader;
use super::recording::{Item, KeyframeDoc, Recording};
use super::{CurrentSite, Cursor, CursorMode, Session};
use crate::link::Arrival;
use crate::signal::{Sample, SignalId, Timestamp};
use crate::site::Site;
use crate::trust::{Heard, Proof, Refusal, Registry};

/// Decoded chunks that are kept at hand, and how much they may hold.
const KEPT: usize = 24;
const KEPT_STEPS: usize = 500_000;
/// Chunks that are kept as they were read.
const LOADED: usize = 4;
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
    reader: Reader,
    /// Chunks as they were read, of which not all are decoded yet.
    loaded: VecDeque<(usize, Arc<Loaded>)>,
    cache: VecDeque<(usize, Arc<Steps>)>,
    snapshots: BTreeMap<usize, Fold>,
    /// The state after all steps before the place. What verification remembers in it, and who has which key, are of before the
    /// chunk of the place.
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

/// A chunk as it was read.
#[derive(Debug, Default)]
struct Loaded {
    keyframe: Option<KeyframeDoc>,
    items: Vec<Item>,
    /// A part of it could not be read.
    damaged: bool,
}

/// What a chunk does to the state.
#[derive(Debug, Default)]
struct Steps {
    steps: Vec<Step>,
    /// A part of it could not be read.
    damaged: bool,
    /// What verification remembers after it.
    heard: Arc<Heard>,
    /// Who has which key after it, where that changes in it.
    registry: Option<Arc<Registry>>,
}

#[derive(Debug)]
struct Step {
    /// When it came; never earlier than the step before.
    at: Timestamp,
    /// When its message came, which may be earlier where the file runs behind.
    received: Timestamp,
    what: What,
}

#[derive(Debug)]
enum What {
    Sample(Sample, bool, Proof),
    Fault(SignalId),
    Refused(SignalId, Refusal),
}

impl Past {
    /// On a recording, read with a site.
    pub fn new(recording: Arc<Recording>, site: Arc<Site>) -> Self {
        let reader = Reader::new(&site, recording.verifier(&site));
        Self {
            recording,
            site,
            reader,
            loaded: VecDeque::new(),
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

    /// The state at an instant: after all that had come by then. For showing: it knows nothing of what verification remembers.
    pub fn seek(&mut self, at: Timestamp) -> Fold {
        let target = self.place_at(at);
        let mut fold = self.fold.clone().with_heard(Arc::default());
        self.take_tail(target, at, &mut fold);
        fold
    }

    /// The same for whoever goes on from there: with what verification remembered then, and who had which key. It looks at the
    /// chunk once more for that.
    pub fn seek_to_go_on(&mut self, at: Timestamp) -> Fold {
        let target = self.place_at(at);
        let mut fold = self.fold.clone();
        if self.reader.verifier().is_none() {
            self.take_tail(target, at, &mut fold);
            return fold.with_heard(Arc::default());
        }
        let changed = if self.take_tail(target, at, &mut fold) {
            target.and_then(|it| self.steps(it).registry.clone())
        } else {
            self.hear_until(at)
        };
        with_keys(fold, changed).with_heard(Arc::new(self.reader.heard()))
    }

    /// Goes to an instant, within the chunks that are whole. Returns the chunk; `None`: it is before them all.
    fn place_at(&mut self, at: Timestamp) -> Option<usize> {
        let target = self.recording.chunk_at(at);
        match target {
            None => self.restart(0),
            Some(target) if at < self.at || target < self.place.chunk || target > self.place.chunk + NEAR => {
                self.restart(target);
            }
            Some(_) => (),
        }
        self.play(target, at);
        target
    }

    /// Takes what is in no whole chunk yet, up to an instant. Returns whether there is any.
    fn take_tail(&mut self, target: Option<usize>, at: Timestamp, fold: &mut Fold) -> bool {
        let tail = self.recording.tail(target.map_or(0, |it| it + 1));
        let came = |it: &(Arc<Vec<Arrival>>, usize)| it.0.get(it.1).is_some_and(|it| it.received <= at);
        if !tail.first().is_some_and(came) {
            return false;
        }
        let before = match target {
            None => self.fold.clone(),
            Some(target) => self.steps(target).after(self.fold.clone()),
        };
        self.reader.go_on_from(&before, &self.recording);
        let mut steps = Vec::new();
        for (arrivals, first) in tail {
            for arrival in arrivals.iter().skip(first).take_while(|it| it.received <= at) {
                decode(&mut self.reader, arrival, Timestamp::MIN, &mut steps);
            }
        }
        steps.iter().for_each(|it| it.apply(fold));
        true
    }

    /// Has the reader hear what came in the chunk of the place, up to an instant. Returns who had which key then, where that
    /// changed.
    fn hear_until(&mut self, at: Timestamp) -> Option<Arc<Registry>> {
        let loaded = self.load(self.place.chunk);
        self.reader.go_on_from(&self.fold, &self.recording);
        let (mut steps, mut latest, mut changed) = (Vec::new(), Timestamp::MIN, None);
        for item in &loaded.items {
            match item {
                Item::Message(arrival) => {
                    latest = latest.max(arrival.received);
                    if latest > at {
                        break;
                    }
                    decode(&mut self.reader, arrival, latest, &mut steps);
                }
                Item::Keys(registry) => {
                    if let Some(verifier) = self.reader.verifier_mut() {
                        verifier.set_registry(Arc::clone(registry));
                    }
                    changed = Some(Arc::clone(registry));
                }
                Item::Keyframe(_) | Item::Audit(_) => (),
            }
        }
        changed
    }

    /// Goes to the beginning of the chunk before a target, as near as there is a state.
    fn restart(&mut self, target: usize) {
        self.at = Timestamp::MIN;
        let mut chunk = target;
        for _ in 0..=target {
            let loaded = self.load(chunk);
            if let Some(keyframe) = &loaded.keyframe {
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
        self.fold = self.recording.begins_with();
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
            self.fold = steps.after(std::mem::take(&mut self.fold));
            let next = self.load(self.place.chunk);
            match &next.keyframe {
                // What could not be read may be missing from the state.
                Some(keyframe) if steps.damaged && keyframe.since.is_none() => {
                    self.fold = keyframe.fold(&self.site);
                }
                Some(_) => (),
                None if self.place.chunk.is_multiple_of(SNAPSHOT_EVERY) => {
                    self.snapshots.entry(self.place.chunk).or_insert_with(|| self.fold.clone());
                }
                None => (),
            }
        }
    }

    /// Reads a chunk.
    fn load(&mut self, chunk: usize) -> Arc<Loaded> {
        if let Some((_, found)) = self.loaded.iter().find(|it| it.0 == chunk) {
            return Arc::clone(found);
        }
        // What is not there yet will be.
        if self.recording.chunk(chunk).is_none() {
            return Arc::default();
        }
        let (items, fault) = self.recording.items(chunk);
        let mut read = Loaded { damaged: fault.is_some(), ..Loaded::default() };
        if let Some(fault) = fault.filter(|it| !self.told.contains(&it.offset)) {
            warn!("{fault}");
            self.told.push(fault.offset);
        }
        for item in items {
            match item {
                Item::Keyframe(keyframe) if read.keyframe.is_none() => read.keyframe = Some(keyframe),
                Item::Keyframe(_) | Item::Audit(_) => (),
                Item::Message(_) | Item::Keys(_) => read.items.push(item),
            }
        }
        let loaded = Arc::new(read);
        self.loaded.push_back((chunk, Arc::clone(&loaded)));
        if self.loaded.len() > LOADED {
            self.loaded.pop_front();
        }
        loaded
    }

    /// What the chunk of the place does to the state.
    fn steps(&mut self, chunk: usize) -> Arc<Steps> {
        if let Some(at) = self.cache.iter().position(|it| it.0 == chunk)
            && let Some(found) = self.cache.remove(at)
        {
            let steps = Arc::clone(&found.1);
            self.cache.push_back(found);
            return steps;
        }
        let loaded = self.load(chunk);
        let mut read = Steps { damaged: loaded.damaged, ..Steps::default() };
        self.reader.go_on_from(&self.fold, &self.recording);
        let mut latest = self.recording.chunk(chunk).map_or(Timestamp::MIN, |it| it.from);
        for item in &loaded.items {
            match item {
                Item::Message(arrival) => {
                    latest = latest.max(arrival.received);
                    decode(&mut self.reader, arrival, latest, &mut read.steps);
                }
                Item::Keys(registry) => {
                    if let Some(verifier) = self.reader.verifier_mut() {
                        verifier.set_registry(Arc::clone(registry));
                    }
                    read.registry = Some(Arc::clone(registry));
                }
                Item::Keyframe(_) | Item::Audit(_) => (),
            }
        }
        read.heard = Arc::new(self.reader.heard());
        let steps = Arc::new(read);
        self.cache.push_back((chunk, Arc::clone(&steps)));
        let held = |cache: &VecDeque<(usize, Arc<Steps>)>| cache.iter().map(|it| it.1.steps.len()).sum::<usize>();
        while self.cache.len() > KEPT || (self.cache.len() > 1 && held(&self.cache) > KEPT_STEPS) {
            self.cache.pop_front();
        }
        steps
    }
}

impl Steps {
    /// A state with what is remembered after it, where its steps are taken already.
    fn after(&self, fold: Fold) -> Fold {
        with_keys(fold, self.registry.clone()).with_heard(Arc::clone(&self.heard))
    }
}

/// A state with who has which key, where that has changed.
fn with_keys(fold: Fold, changed: Option<Arc<Registry>>) -> Fold {
    if changed.is_some() { fold.with_registry(changed) } else { fold }
}

impl Step {
    fn apply(&self, fold: &mut Fold) {
        match &self.what {
            What::Sample(sample, retained, proof) => {
                fold.take_proven(sample, *retained, *proof);
            }
            What::Fault(signal) => fold.fail(*signal),
            What::Refused(signal, refusal) => fold.refuse(*signal, refusal, self.received),
        }
    }
}

fn decode(reader: &mut Reader, arrival: &Arrival, at: Timestamp, steps: &mut Vec<Step>) {
    let (mut samples, mut faults) = (Vec::new(), Vec::new());
    let read = reader.read(arrival, &mut samples, &mut faults);
    let received = arrival.received;
    let step = |what| Step { at, received, what };
    steps.extend(samples.into_iter().map(|it| step(What::Sample(it, arrival.retained, read.proof))));
    steps.extend(faults.into_iter().map(|it| step(What::Fault(it.0))));
    if let Some(refusal) = read.refusal.filter(|it| !it.quiet) {
        steps.extend(reader.signals_of(&arrival.topic).map(|it| step(What::Refused(it, refusal.clone()))));
    }
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
