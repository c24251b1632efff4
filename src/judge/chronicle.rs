//! What was found, in its order, and where in it an instant stands.

use std::sync::Arc;

use super::alarms::{AlarmEvent, AlarmLife};
use super::engine::Engine;
use super::expect::ExpectLife;
use super::finds::Finds;
use crate::signal::Timestamp;
use crate::site::Site;

/// So much is kept of a live session; of what is older, the end alone.
const KEPT: usize = 200_000;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Chronicle {
    pub(super) events: Vec<AlarmEvent>,
    pub(super) lives: Log<AlarmLife>,
    pub(super) expects: Log<ExpectLife>,
}

/// States of numbered things, in the order in which they came to be.
#[derive(Debug)]
pub(super) struct Log<T> {
    /// What was before the first of them, by number.
    base: Vec<Option<Arc<T>>>,
    entries: Vec<(Timestamp, Arc<T>)>,
}

/// An instant within a log.
#[derive(Debug)]
pub(super) struct Playhead<T> {
    /// What is at the instant, by number.
    pub(super) now: Vec<Option<Arc<T>>>,
    n: usize,
    begun: bool,
}

/// Something with a number.
pub(super) trait Numbered {
    /// Its number.
    fn number(&self) -> usize;
}

impl Numbered for AlarmLife {
    fn number(&self) -> usize {
        self.alarm.0 as usize
    }
}

impl Numbered for ExpectLife {
    fn number(&self) -> usize {
        self.index
    }
}

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self { base: Vec::new(), entries: Vec::new() }
    }
}

impl<T> Default for Playhead<T> {
    fn default() -> Self {
        Self { now: Vec::new(), n: 0, begun: false }
    }
}

impl Chronicle {
    /// Adds what was found. Of a live session the oldest is let go; returns how many events that were.
    pub(super) fn add(&mut self, finds: Finds, live: bool) -> usize {
        self.events.extend(finds.events);
        self.lives.entries.extend(finds.lives);
        self.expects.entries.extend(finds.expects);
        if !live || self.events.len().max(self.lives.entries.len()) <= KEPT {
            return 0;
        }
        let gone = self.events.len().saturating_sub(KEPT / 2);
        self.events.drain(..gone);
        self.lives.forget();
        self.expects.forget();
        gone
    }
}

impl Chronicle {
    /// The site was edited: what it has no more goes, what is new begins.
    pub(super) fn follow(&mut self, site: &Arc<Site>) {
        let engine = Engine::new(Arc::clone(site));
        self.events.retain(|it| site.alarm(it.alarm).is_some());
        self.lives.follow(engine.lives().cloned());
        // An expectation's number is its place, which is another's now perhaps.
        self.expects.begin(engine.expectations().cloned());
    }
}

impl<T: Numbered> Log<T> {
    /// Keeps what is among some things; of those that are not here they are what was before.
    fn follow(&mut self, things: impl Iterator<Item = T>) {
        let before = std::mem::take(&mut self.base);
        for thing in things {
            let known = before.get(thing.number()).cloned().flatten();
            put(&mut self.base, known.unwrap_or_else(|| Arc::new(thing)));
        }
        let base = &self.base;
        self.entries.retain(|it| base.get(it.1.number()).is_some_and(Option::is_some));
    }

    /// With what is before anything happens.
    pub(super) fn begin(&mut self, things: impl Iterator<Item = T>) {
        self.entries.clear();
        self.base.clear();
        things.for_each(|it| put(&mut self.base, Arc::new(it)));
    }

    /// The older half becomes what was before.
    fn forget(&mut self) {
        let n = self.entries.len().saturating_sub(KEPT / 2);
        for (_, thing) in self.entries.drain(..n) {
            put(&mut self.base, thing);
        }
    }
}

impl<T: Numbered> Playhead<T> {
    /// Goes to an instant. Tells whether anything is not as it was.
    pub(super) fn seek(&mut self, log: &Log<T>, to: Timestamp) -> bool {
        let n = log.entries.partition_point(|it| it.0 <= to);
        let forward = self.begun && n >= self.n;
        if !forward {
            self.now.clone_from(&log.base);
            self.n = 0;
        }
        let changed = !forward || n > self.n;
        for (_, thing) in log.entries.get(self.n..n).unwrap_or_default() {
            put(&mut self.now, Arc::clone(thing));
        }
        (self.n, self.begun) = (n, true);
        changed
    }

    /// What it knows of the log is no longer so.
    pub(super) fn forget(&mut self) {
        self.begun = false;
    }
}

fn put<T: Numbered>(into: &mut Vec<Option<Arc<T>>>, thing: Arc<T>) {
    let number = thing.number();
    if into.len() <= number {
        into.resize_with(number + 1, || None);
    }
    into[number] = Some(thing);
}
