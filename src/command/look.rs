//! What is known of the plant now, for checks and confirmations: always live, wherever the cursor stands.

use std::collections::HashMap;
use std::time::Duration;

use crate::session::History;
use crate::signal::{SignalId, Timestamp, Value};
use crate::site::doc::Class;
use crate::site::{Input, Signal, Site};
use crate::trust::Trust;
use crate::twin::{Newest, Reading, ReadingState};

/// Eyes on the plant at an instant.
pub trait Look {
    /// The instant.
    fn now(&self) -> Timestamp;

    /// The newest reading of a signal, with its state at that instant.
    fn reading(&self, signal: SignalId) -> Reading;

    /// The change of a signal a second, over the last so many seconds. `None`: it cannot be known.
    fn rate(&self, signal: SignalId, secs: f64) -> Option<f64>;

    /// Whether a device's status topic says that the device is away, and nothing that it signed has come since.
    fn is_offline(&self, status: &str) -> bool;

    /// Whether signatures are verified here, and so count.
    fn is_signed(&self) -> bool {
        false
    }

    /// Whether a command of a class may rely on a reading. What has no bearing on a command, but on what became of it, is looked
    /// at as for the lowest class.
    fn relies_on(&self, reading: &Reading, class: Class) -> bool {
        reading.state == ReadingState::Fresh && (!self.is_signed() || reading.carries(class))
    }

    /// What a condition looks at, for a command of a class. `None`: it cannot be believed, so it is unknown. The age of what was
    /// ever seen is known,
    /// unless it is isolated.
    fn input(&self, input: Input, class: Class) -> Option<Value> {
        let reading = self.reading(input.signal());
        let relied_on = self.relies_on(&reading, class);
        match input {
            Input::Value(_) => reading.value.filter(|_| relied_on),
            Input::Rate { signal, secs } => self.rate(signal, secs).filter(|_| relied_on).map(Value::Number),
            Input::Age(_) => reading.value.as_ref().map(|_| Value::Number(reading.age_secs(self.now()))),
        }
    }
}

/// The plant as it comes in.
#[derive(Clone, Copy)]
pub struct Live<'a> {
    /// Which signals there are.
    pub site: &'a Site,
    /// What came last of each.
    pub newest: &'a Newest,
    /// What came before.
    pub history: &'a History,
    /// The status topics that say `offline`, and since when.
    pub offline: &'a HashMap<String, Timestamp>,
    /// The instant.
    pub now: Timestamp,
    /// Signatures count where anything is signed: a registry of keys is known, or nothing goes without one.
    pub has_keys: bool,
}

impl Live<'_> {
    /// Whether a device has signed something that it measured after an instant: whoever says that it was gone then, and is
    /// gone still, is not right.
    fn has_signed_since(&self, status: &str, since: Timestamp) -> bool {
        let is_its = |it: &&Signal| {
            self.site.device_of(it.twin).is_some_and(|(_, device)| device.status.as_deref() == Some(status))
        };
        self.site.signals.iter().filter(is_its).any(|it| {
            let reading = self.newest.reading(it, self.now);
            reading.proof.trust > Trust::Unsigned && reading.at > since && reading.received > since
        })
    }
}

impl Look for Live<'_> {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn reading(&self, signal: SignalId) -> Reading {
        self.site.signal(signal).map_or_else(Reading::default, |it| self.newest.reading(it, self.now))
    }

    fn is_offline(&self, status: &str) -> bool {
        self.offline.get(status).is_some_and(|since| !self.has_signed_since(status, *since))
    }

    fn is_signed(&self) -> bool {
        self.has_keys && self.site.is_signed()
    }

    fn rate(&self, signal: SignalId, secs: f64) -> Option<f64> {
        let reading = self.reading(signal);
        let now = reading.number().filter(|_| reading.state == ReadingState::Fresh)?;
        let before = self.history.at(signal, reading.at - Duration::try_from_secs_f64(secs).ok()?)?;
        let span = reading.at.secs_since(before.at);
        (span > 0.0).then(|| (now - before.value) / span)
    }
}
