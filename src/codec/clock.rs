//! How far a device's own time is taken: what is ahead of its arrival would make late whatever comes after it.

use std::time::Duration;

use crate::signal::Timestamp;

/// The clock of a device that signs nothing may be ahead of ours by so much, as that of one that signs may.
const MOST_AHEAD: Duration = Duration::from_secs(2);
/// A payload may tell whole seconds alone, where its signature tells nanoseconds.
const PRECISION: Duration = Duration::from_secs(1);

/// What the times that a message tells are held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// When it came.
    pub(super) received: Timestamp,
    /// When its newest value was measured, as its signature says. `None`: nobody signed it.
    pub(super) signed: Option<Timestamp>,
}

/// What is wrong with the time that a message tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skew {
    /// It tells none, or none that can be: that of its signature or its arrival stands in.
    Absurd,
    /// It is so many nanoseconds ahead of its signature or, where there is none, of its arrival, which stands in.
    Ahead(i64),
    /// The newest of its times is so many nanoseconds before that of its signature. It is taken as it is told.
    Behind(i64),
}

impl Clock {
    /// What stands in where no time is told that can be.
    pub(super) fn stands_in(self) -> Timestamp {
        self.signed.unwrap_or(self.received)
    }

    /// A time as it is taken, and what is wrong with it.
    pub(super) fn hold(self, told: Option<Timestamp>) -> (Timestamp, Option<Skew>) {
        let stands_in = self.stands_in();
        let latest = stands_in + if self.signed.is_some() { PRECISION } else { MOST_AHEAD };
        match told {
            None => (stands_in, Some(Skew::Absurd)),
            Some(at) if at > latest => (stands_in, Some(Skew::Ahead(nanos(stands_in, at)))),
            Some(at) => (at, None),
        }
    }

    /// What is wrong where this is the newest time in a message.
    pub(super) fn newest(self, at: Timestamp) -> Option<Skew> {
        let signed = self.signed.filter(|it| it.since(at) > PRECISION)?;
        Some(Skew::Behind(nanos(at, signed)))
    }
}

fn nanos(from: Timestamp, to: Timestamp) -> i64 {
    to.as_nanos().saturating_sub(from.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

    fn at(secs: f64) -> Timestamp {
        Timestamp::from_nanos(NOW.as_nanos() + (secs * 1e9) as i64)
    }

    #[track_caller]
    fn check(signed: Option<f64>, told: f64, want: f64, skew: Option<Skew>) {
        let clock = Clock { received: NOW, signed: signed.map(at) };
        assert_eq!(clock.hold(Some(at(told))), (at(want), skew));
    }

    #[test]
    fn a_time_ahead_of_its_arrival_is_that_of_its_arrival() {
        check(None, -86_400.0, -86_400.0, None);
        check(None, 2.0, 2.0, None);
        check(None, 2.5, 0.0, Some(Skew::Ahead(2_500_000_000)));
        check(None, 86_000.0, 0.0, Some(Skew::Ahead(86_000_000_000_000)));
    }

    #[test]
    fn a_time_ahead_of_its_signature_is_that_of_its_signature() {
        check(Some(1.0), 2.0, 2.0, None);
        check(Some(1.0), 2.5, 1.0, Some(Skew::Ahead(1_500_000_000)));
        let clock = Clock { received: NOW, signed: Some(at(-1.0)) };
        assert_eq!(clock.hold(None), (at(-1.0), Some(Skew::Absurd)));
        assert_eq!((clock.newest(at(-2.0)), clock.newest(at(-2.5))), (None, Some(Skew::Behind(1_500_000_000))));
        assert_eq!(Clock { signed: None, ..clock }.newest(at(-100.0)), None);
    }
}
