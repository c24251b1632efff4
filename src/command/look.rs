//! What is known of the plant now, for checks and confirmations: always live, wherever the cursor stands.

use std::collections::HashSet;
use std::time::Duration;

use crate::session::History;
use crate::signal::{SignalId, Timestamp, Value};
use crate::site::{Input, Site};
use crate::twin::{Newest, Reading, ReadingState};

/// Eyes on the plant at an instant.
pub trait Look {
    /// The instant.
    fn now(&self) -> Timestamp;

    /// The newest reading of a signal, with its state at that instant.
    fn reading(&self, signal: SignalId) -> Reading;

    /// The change of a signal a second, over the last so many seconds. `None`: it cannot be known.
    fn rate(&self, signal: SignalId, secs: f64) -> Option<f64>;

    /// Whether a device's status topic says that the device is away.
    fn is_offline(&self, status: &str) -> bool;

    /// What a condition looks at. `None`: it cannot be believed, so it is unknown. The age of what was ever seen is known,
    /// unless it is isolated.
    fn input(&self, input: Input) -> Option<Value> {
        let reading = self.reading(input.signal());
        match input {
            Input::Value(_) => reading.value.filter(|_| reading.state == ReadingState::Fresh),
            Input::Rate { signal, secs } => self.rate(signal, secs).map(Value::Number),
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
    /// The status topics that say `offline`.
    pub offline: &'a HashSet<String>,
    /// The instant.
    pub now: Timestamp,
}

impl Look for Live<'_> {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn reading(&self, signal: SignalId) -> Reading {
        self.site.signal(signal).map_or_else(Reading::default, |it| self.newest.reading(it, self.now))
    }

    fn is_offline(&self, status: &str) -> bool {
        self.offline.contains(status)
    }

    fn rate(&self, signal: SignalId, secs: f64) -> Option<f64> {
        let reading = self.reading(signal);
        let now = reading.number().filter(|_| reading.state == ReadingState::Fresh)?;
        let before = self.history.at(signal, reading.at - Duration::try_from_secs_f64(secs).ok()?)?;
        let span = reading.at.secs_since(before.at);
        (span > 0.0).then(|| (now - before.value) / span)
    }
}
