//! What is found, and what persons do: what goes out of the machine and into it.

use std::sync::Arc;

use super::alarms::{AlarmEvent, AlarmLife, AlarmRefused};
use super::expect::ExpectLife;
use crate::signal::Timestamp;
use crate::site::AlarmId;

/// What was found, in its order.
#[derive(Debug, Default)]
pub struct Finds {
    /// What happened.
    pub events: Vec<AlarmEvent>,
    /// Alarms that are not as they were, with the instant from which on; the same one more than once perhaps.
    pub lives: Vec<(Timestamp, Arc<AlarmLife>)>,
    /// Expectations that are not as they were.
    pub expects: Vec<(Timestamp, Arc<ExpectLife>)>,
    /// What persons were refused.
    pub refused: Vec<AlarmRefused>,
}

/// What a person does to one alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// To which.
    pub alarm: AlarmId,
    /// What.
    pub deed: Deed,
    /// The reason, or the note.
    pub text: Option<Arc<str>>,
    /// Who.
    pub who: Arc<str>,
}

/// See [`Act`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It was seen.
    Acknowledge,
    /// A latched one is let go.
    Reset,
    /// It is put aside until an instant.
    Shelve(Timestamp),
    /// It is taken up again.
    Unshelve,
    /// It is taken out of service.
    TakeOut,
    /// It is returned to service.
    PutBack,
    /// Something is written to it.
    Note,
}

impl Finds {
    /// Adds what was found after it.
    pub fn append(&mut self, mut after: Self) {
        self.events.append(&mut after.events);
        self.lives.append(&mut after.lives);
        self.expects.append(&mut after.expects);
        self.refused.append(&mut after.refused);
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.lives.is_empty() && self.expects.is_empty() && self.refused.is_empty()
    }
}
