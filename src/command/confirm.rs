//! What of the plant shows that a command has come to pass. Pure.

use super::look::Look;
use crate::signal::{Timestamp, Value};
use crate::site::doc::Class;
use crate::site::{Command, Held};
use crate::twin::{Reading, ReadingState};

/// How young the telemetry is that shows what was asked for: of several inputs, the oldest of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// When it was measured.
    pub measured: Timestamp,
    /// When it arrived.
    pub received: Timestamp,
}

/// What shows that a command has come to pass: all that is looked at is fresh and fits. `None`: nothing does. Whether it is
/// younger than the command is the [`Life`](super::Life)'s to say.
pub fn shows(command: &Command, desired: &Value, look: &dyn Look) -> Option<Evidence> {
    let confirm = &command.confirm;
    let Some(when) = &confirm.when else {
        let reading = look.reading(confirm.signal);
        return fits(confirm.within, confirm.threshold, desired, &reading).then(|| Evidence::of(&reading));
    };
    let readings: Vec<Reading> = when.inputs.iter().map(|it| look.reading(it.signal())).collect();
    if readings.is_empty() || readings.iter().any(|it| it.state != ReadingState::Fresh) {
        return None;
    }
    let evidence = readings
        .iter()
        .map(Evidence::of)
        .reduce(|a, b| Evidence { measured: a.measured.min(b.measured), received: a.received.min(b.received) });
    evidence.filter(|_| when.look(Some(desired), |it| look.input(it, Class::C0)) == Held::Yes)
}

impl Evidence {
    fn of(reading: &Reading) -> Self {
        Self { measured: reading.at, received: reading.received }
    }
}

fn fits(within: f64, threshold: Option<f64>, desired: &Value, reading: &Reading) -> bool {
    if reading.state != ReadingState::Fresh {
        return false;
    }
    match (threshold, desired.as_flag(), &reading.value) {
        (Some(threshold), Some(on), Some(value)) => value.as_number().is_some_and(|it| (it > threshold) == on),
        (_, _, Some(Value::Text(text))) => matches!(desired, Value::Text(it) if it == text),
        (_, _, Some(value)) => match (value.as_number(), desired.as_number()) {
            (Some(got), Some(want)) => (got - want).abs() <= within.max(1e-9),
            _ => false,
        },
        (_, _, None) => false,
    }
}
