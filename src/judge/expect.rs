//! What must be true of the twins at all times: a monitor live, a test on a recording.

use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;

use super::case::span;
use super::life::Truth;
use crate::signal::{SignalId, Timestamp, Value};
use crate::site::Expectation;

/// One expectation as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectLife {
    /// Its place in [`crate::site::Site::expectations`].
    pub index: usize,
    /// Where it stands.
    pub state: ExpectState,
    /// The first time that it failed. `None`: it never did.
    pub first_failure: Option<Failure>,
    /// How often it failed.
    pub n_failures: u32,
    /// Whether it could be known at any time at all.
    pub ever_known: bool,
}

/// Where an expectation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ExpectState {
    /// An input is stale or bad, or was never seen.
    #[default]
    Unknown,
    /// It is as it should be.
    Holds,
    /// It is broken, though not yet for long enough to count.
    Broken,
    /// It is broken, and that counts.
    Failed,
}

/// A time that an expectation failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// When what broke it was measured, by the device's clock where it tells one.
    pub at: Timestamp,
    /// When that counted: its arrival, and the span for which it may be broken.
    pub known: Timestamp,
    /// What it looked at, with the values when it broke.
    pub values: Vec<(SignalId, Value)>,
}

/// All expectations of a site, in its order; of a recording, as of the cursor. Written by this folder alone.
#[derive(Resource, Debug, Default)]
pub struct Expectations(pub(super) Vec<Arc<ExpectLife>>);

impl ExpectState {
    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Holds => "holds",
            Self::Broken => "broken",
            Self::Failed => "failed",
        }
    }
}

impl ExpectLife {
    /// One that has not been looked at.
    pub(super) fn new(index: usize) -> Self {
        Self { index, state: ExpectState::Unknown, first_failure: None, n_failures: 0, ever_known: false }
    }
}

impl Expectations {
    /// One of them.
    pub fn get(&self, index: usize) -> Option<&ExpectLife> {
        self.0.get(index).map(Arc::as_ref)
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &ExpectLife> {
        self.0.iter().map(Arc::as_ref)
    }
}

/// An expectation as the engine carries it.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) shown: ExpectLife,
    /// When it counts that it is broken. `None`: it is not, or counts already.
    pub(super) due: Option<Timestamp>,
    /// For so long it may be broken.
    patience: Duration,
    broken: Option<Failure>,
}

impl Expected {
    pub(super) fn new(index: usize, expectation: &Expectation) -> Self {
        let patience = span(expectation.for_longer_than);
        Self { shown: ExpectLife::new(index), due: None, patience, broken: None }
    }

    /// Goes on with what was before the site was edited.
    pub(super) fn inherit(&mut self, before: &Self) {
        self.shown = ExpectLife { index: self.shown.index, ..before.shown.clone() };
        self.due = before.due;
        self.broken.clone_from(&before.broken);
    }

    /// Takes whether it is broken. Tells whether anything is new.
    pub(super) fn hear(
        &mut self,
        broken: Truth,
        at: Timestamp,
        clock: Timestamp,
        values: impl FnOnce() -> Vec<(SignalId, Value)>,
    ) -> bool {
        use ExpectState::{Broken, Failed, Holds, Unknown};
        let state = match (broken, self.shown.state) {
            (Truth::Active, Broken | Failed) => return false,
            (Truth::Active, Holds | Unknown) => Broken,
            (Truth::Normal, _) => Holds,
            (Truth::Unknown, _) => Unknown,
        };
        let changed = self.shown.state != state;
        self.shown.state = state;
        self.shown.ever_known |= state != Unknown;
        self.due = None;
        if state == Broken {
            self.broken = Some(Failure { at, known: clock, values: values() });
            if self.patience.is_zero() {
                self.fail(clock);
            } else {
                self.due = Some(clock + self.patience);
            }
        }
        changed
    }

    /// It is broken for as long as it may be, if this is still the span. Tells whether it is.
    pub(super) fn overdue(&mut self, due: Timestamp, clock: Timestamp) -> bool {
        let meant = self.due.take_if(|it| *it == due).is_some();
        if meant {
            self.fail(clock);
        }
        meant
    }

    fn fail(&mut self, clock: Timestamp) {
        self.shown.state = ExpectState::Failed;
        self.shown.n_failures += 1;
        let failure = self.broken.take().map(|it| Failure { known: clock, ..it });
        self.shown.first_failure = self.shown.first_failure.take().or(failure);
    }
}
