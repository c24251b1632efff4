//! The machine that finds alarms: it is given what came, in its order, and does what is due between at its exact instant.
//!
//! Its clock is the time of arrival of what it was given last, or an instant up to which it was told that nothing more
//! comes; it never goes back. Given the same, it finds the same, however the giving was cut into pieces.

mod steps;

use std::collections::HashMap;
use std::sync::Arc;

use crate::judge::alarms::AlarmLife;
use crate::judge::case::Case;
use crate::judge::causes::Causes;
use crate::judge::expect::{ExpectLife, Expected};
use crate::judge::finds::Finds;
use crate::judge::inputs::Inputs;
use crate::judge::life::{Step, Truth};
use crate::judge::timers::{Timer, Timers};
use crate::judge::watch::Watch;
use crate::session::{Change, Fold};
use crate::signal::{SignalId, Timestamp, Value};
use crate::site::{AlarmId, Site};
use crate::twin::{Isolations, QuarantineEvent};

/// Finds alarms, and where expectations fail.
#[derive(Debug)]
pub struct Engine {
    site: Arc<Site>,
    causes: Causes,
    clock: Timestamp,
    inputs: Inputs,
    watches: Vec<(Watch, Owner)>,
    /// In the order of the site.
    cases: Vec<Case>,
    case_of: HashMap<AlarmId, u32>,
    expected: Vec<Expected>,
    timers: Timers,
    /// Watches to look at, and what they have to go by.
    dirty: Vec<u32>,
    /// A message is not at its end.
    within: bool,
    /// By watch: when what it looks at was measured last, where it is dirty.
    cause: Vec<Option<Timestamp>>,
    /// By cause: how many alarms hold.
    n_active: Vec<u32>,
    isolations: Isolations,
    finds: Finds,
}

/// Whose a watch is.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Suppression(u32),
    Alarm(u32),
    Expectation(u32),
}

impl Engine {
    /// On a site, before the first message.
    pub fn new(site: Arc<Site>) -> Self {
        let mut inputs = Inputs::new(&site);
        let mut watches: Vec<(Watch, Owner)> = Vec::new();
        let mut cases = Vec::new();
        for (index, alarm) in (0..).zip(&site.alarms) {
            // What suppresses an alarm is looked at before it, so that it is not raised in between.
            if let Some(condition) = &alarm.suppressed_while {
                inputs.add_condition(condition, &site, watches.len() as u32);
                watches.push((Watch::holds(condition.clone()), Owner::Suppression(index)));
            }
            inputs.add_when(&alarm.when, &site, watches.len() as u32);
            watches.push((Watch::alarm(alarm.when.clone()), Owner::Alarm(index)));
            cases.push(Case::new(alarm));
        }
        let mut expected = Vec::new();
        for (index, expectation) in (0..).zip(&site.expectations) {
            inputs.add_condition(&expectation.always, &site, watches.len() as u32);
            watches.push((Watch::broken(expectation.always.clone()), Owner::Expectation(index)));
            expected.push(Expected::new(index as usize, expectation));
        }
        let causes = Causes::of(&site);
        Self {
            case_of: (0..).zip(&site.alarms).map(|(index, alarm)| (alarm.id, index)).collect(),
            n_active: vec![0; causes.len()],
            causes,
            clock: Timestamp::MIN,
            inputs,
            cause: vec![None; watches.len()],
            // What looks at nothing is looked at once.
            dirty: (0..watches.len() as u32).collect(),
            within: false,
            watches,
            cases,
            expected,
            timers: Timers::default(),
            isolations: Isolations::default(),
            finds: Finds::default(),
            site,
        }
    }

    /// The site that it goes by.
    pub fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// Up to when it has gone.
    pub fn clock(&self) -> Timestamp {
        self.clock
    }

    /// When it has something to do though nothing comes.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// All alarms as they stand.
    pub fn lives(&self) -> impl Iterator<Item = &AlarmLife> {
        self.cases.iter().map(|it| &it.shown)
    }

    /// All expectations as they stand.
    pub fn expectations(&self) -> impl Iterator<Item = &ExpectLife> {
        self.expected.iter().map(|it| &it.shown)
    }

    /// What was found since the last call.
    pub fn take_finds(&mut self) -> Finds {
        std::mem::take(&mut self.finds)
    }

    /// Goes on with an edited site: what is the same in both stays as it is.
    pub fn reload(&mut self, site: Arc<Site>) {
        let mut new = Self::new(site);
        new.clock = self.clock;
        std::mem::swap(&mut new.finds, &mut self.finds);
        let old = std::mem::replace(self, new);
        self.inputs.inherit(old.inputs);
        self.isolations = old.isolations;
        self.isolations.follow(&self.site);
        self.follow_isolations();
        let mut old_cases: HashMap<AlarmId, Case> = old.cases.into_iter().map(|it| (it.shown.alarm, it)).collect();
        for case in &mut self.cases {
            if let Some(before) = old_cases.remove(&case.shown.alarm) {
                case.inherit(before);
            }
        }
        for expected in &mut self.expected {
            let address = &self.site.expectations[expected.shown.index].address;
            let before = old.expected.iter().find(|it| old.site.expectations[it.shown.index].address == *address);
            if let Some(before) = before {
                expected.inherit(before);
            }
        }
        for (watch, _) in &mut self.watches {
            if let Some((before, _)) = old.watches.iter().find(|it| it.0.is_like(watch)) {
                watch.inherit(before);
            }
        }
        self.set_timers();
        for index in 0..self.cases.len() {
            if self.cases[index].life.state().is_active() {
                self.count(index as u32, true);
            }
            self.show(index as u32);
        }
        (0..self.expected.len()).for_each(|it| self.show_expected(it as u32));
        self.settle();
    }

    /// Begins with a state, as where a recording is the second part of another.
    pub fn begin(&mut self, fold: &Fold, at: Timestamp) {
        self.clock = self.clock.max(at);
        let signals: Vec<SignalId> = self.inputs.signals().collect();
        for signal in signals {
            self.inputs.set(signal, fold.get(signal));
        }
        self.dirty = (0..self.watches.len() as u32).collect();
        self.set_timers();
        self.settle();
    }

    /// Sets the timers that follow from what is known.
    fn set_timers(&mut self) {
        let signals: Vec<SignalId> = self.inputs.signals().collect();
        signals.into_iter().for_each(|it| self.await_stale(it));
        for (index, case) in (0..).zip(&self.cases) {
            if let Some(pending) = case.pending {
                self.timers.set(pending.due, Timer::Delay(index));
            }
            if let Some(until) = case.shown.shelved_until {
                self.timers.set(until, Timer::Unshelve(index));
            }
            if let Some(due) = case.calm_at() {
                self.timers.set(due, Timer::Calm(index));
            }
        }
        for (index, expected) in (0..).zip(&self.expected) {
            if let Some(due) = expected.due {
                self.timers.set(due, Timer::Broken(index));
            }
        }
    }

    /// Takes a part of a message: first what is due by its arrival is done, then all that it says is judged at once, with
    /// its last part.
    pub fn take(&mut self, change: Change) {
        if !self.within {
            self.advance(self.clock.max(change.received));
        }
        self.within = !change.last;
        let (signal, at, last) = (change.signal, change.at, change.last);
        if self.inputs.take(change) {
            self.touch(signal, at);
            self.await_stale(signal);
        }
        if last {
            self.settle();
        }
    }

    /// A person isolates a twin, or releases it, now: nothing is known of its signals as long as it is isolated.
    pub fn quarantine(&mut self, event: &QuarantineEvent) {
        self.isolations.take(event, &self.site);
        for signal in self.follow_isolations() {
            self.touch(signal, self.clock);
            self.await_stale(signal);
        }
        self.settle();
    }

    /// Tells the inputs which of them are isolated. Returns those of which that is news.
    fn follow_isolations(&mut self) -> Vec<SignalId> {
        let mut news: Vec<SignalId> = self.inputs.signals().collect();
        news.retain(|it| self.inputs.isolate(*it, self.isolations.is_isolated(*it)));
        news
    }

    /// Lets time pass: all that came up to then was given, and what is due is done at its instant.
    pub fn advance(&mut self, to: Timestamp) {
        if !self.dirty.is_empty() {
            self.settle();
        }
        while let Some((due, timer)) = self.timers.due(to, |_| true) {
            self.clock = self.clock.max(due);
            if !timer.tells() {
                self.follow(due, timer);
                continue;
            }
            // What becomes known at one instant is judged at once.
            let mut next = Some((due, timer));
            while let Some((due, timer)) = next {
                self.learn(due, timer);
                next = self.timers.due(due, Timer::tells);
            }
            self.settle();
        }
        self.clock = self.clock.max(to);
    }

    /// What a timer says of what is known.
    fn learn(&mut self, due: Timestamp, timer: Timer) {
        match timer {
            Timer::Stale(signal) => {
                let signal = SignalId(signal);
                if let Some(watched) = self.inputs.get_mut(signal) {
                    watched.timer = None;
                    if watched.stale_from() == Some(due) {
                        self.touch(signal, due);
                    } else {
                        self.await_stale(signal);
                    }
                }
            }
            Timer::Look(watch) => {
                if self.watches[watch as usize].0.rings(due) {
                    self.dirty.push(watch);
                }
            }
            Timer::Delay(_) | Timer::Broken(_) | Timer::Unshelve(_) | Timer::Calm(_) => (),
        }
    }

    /// What follows from a timer.
    fn follow(&mut self, due: Timestamp, timer: Timer) {
        match timer {
            Timer::Delay(index) => {
                if let Some((step, at)) = self.cases[index as usize].delayed(due) {
                    self.step_by_itself(index, step, at);
                }
            }
            Timer::Unshelve(index) if self.cases[index as usize].shown.shelved_until == Some(due) => {
                self.step_by_itself(index, Step::Unshelve, due);
            }
            Timer::Calm(index) => {
                let (case, clock) = (&mut self.cases[index as usize], self.clock);
                if case.look_at_chatter(clock) {
                    self.show(index);
                } else if let Some(due) = case.calm_at() {
                    self.timers.set(due, Timer::Calm(index));
                }
            }
            Timer::Broken(index) => {
                if self.expected[index as usize].overdue(due, self.clock) {
                    self.show_expected(index);
                }
            }
            Timer::Unshelve(_) | Timer::Stale(_) | Timer::Look(_) => (),
        }
    }

    /// All that look at a signal are to look again.
    fn touch(&mut self, signal: SignalId, at: Timestamp) {
        let Some(watched) = self.inputs.get(signal) else { return };
        for &watch in &watched.watches {
            let cause = &mut self.cause[watch as usize];
            if cause.is_none() {
                self.dirty.push(watch);
            }
            *cause = Some(cause.map_or(at, |it| it.max(at)));
        }
    }

    /// One timer at most waits for a signal: where newer values have come meanwhile it is set anew when it fires.
    fn await_stale(&mut self, signal: SignalId) {
        if let Some(watched) = self.inputs.get_mut(signal)
            && let Some(due) = watched.stale_from().filter(|_| watched.timer.is_none())
        {
            watched.timer = Some(due);
            self.timers.set(due, Timer::Stale(signal.0));
        }
    }

    /// Looks at all that has to be looked at, in the order of the site.
    fn settle(&mut self) {
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.sort_unstable();
        dirty.dedup();
        for number in dirty.drain(..) {
            let at = self.cause[number as usize].take().unwrap_or(self.clock);
            let (watch, owner) = &mut self.watches[number as usize];
            let truth = watch.look(&self.inputs, self.clock);
            let owner = *owner;
            if let Some(due) = watch.take_due() {
                self.timers.set(due, Timer::Look(number));
            }
            match owner {
                Owner::Suppression(index) => {
                    // What nobody knows suppresses nothing.
                    let step = if truth == Truth::Active { Step::Suppress } else { Step::Unsuppress };
                    self.step_by_itself(index, step, at);
                }
                Owner::Alarm(index) => {
                    let case = &mut self.cases[index as usize];
                    let before = case.pending;
                    let step = case.hear(truth, at, self.clock);
                    if let Some(pending) = case.pending.filter(|it| before != Some(*it)) {
                        self.timers.set(pending.due, Timer::Delay(index));
                    }
                    if let Some(step) = step {
                        self.step_by_itself(index, step, at);
                    }
                }
                Owner::Expectation(index) => {
                    let values = || values(&self.inputs, &watch.signals());
                    let expected = &mut self.expected[index as usize];
                    if expected.hear(truth, at, self.clock, values) {
                        if let Some(due) = expected.due {
                            self.timers.set(due, Timer::Broken(index));
                        }
                        self.show_expected(index);
                    }
                }
            }
        }
        self.dirty = dirty;
    }
}

/// The newest values of some signals, believed or not; each once.
fn values(inputs: &Inputs, signals: &[SignalId]) -> Vec<(SignalId, Value)> {
    let mut values: Vec<(SignalId, Value)> = Vec::with_capacity(signals.len());
    for &signal in signals {
        let known = values.iter().any(|it| it.0 == signal);
        if !known && let Some(value) = inputs.get(signal).and_then(|it| it.reading.value.clone()) {
            values.push((signal, value));
        }
    }
    values
}
