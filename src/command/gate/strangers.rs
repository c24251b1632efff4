//! How much of what nobody known has sent is written down and answered: a few each by itself, and of the rest how many.
//!
//! Whoever may publish requests must not fill the disk with them, nor the wire with their refusals.

use std::time::Duration;

use crate::signal::Timestamp;

/// So many may come at once.
const AT_ONCE: f64 = 20.0;
/// And one more after so many seconds.
const ONE_AFTER_SECS: f64 = 5.0;
/// How often it is written down how many more there were.
const SUMMED_EVERY: Duration = Duration::from_secs(10);

/// What strangers have left of what is told of each by itself.
#[derive(Debug)]
pub(super) struct Strangers {
    tokens: f64,
    filled: Timestamp,
    more: Option<More>,
}

/// Those that were not told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct More {
    /// How many.
    pub(super) count: u64,
    /// When the first of them came.
    pub(super) from: Timestamp,
    /// When the last of them did.
    pub(super) to: Timestamp,
}

impl Default for Strangers {
    fn default() -> Self {
        Self { tokens: AT_ONCE, filled: Timestamp::MIN, more: None }
    }
}

impl Strangers {
    /// Whether one that came now is told of by itself; else it is counted. While some are counted, all are.
    pub(super) fn admits(&mut self, now: Timestamp) -> bool {
        let passed = now.secs_since(self.filled);
        // A clock that was set back fills nothing.
        if passed > 0.0 {
            self.tokens = (self.tokens + passed / ONE_AFTER_SECS).min(AT_ONCE);
            self.filled = now;
        }
        match &mut self.more {
            Some(more) => (more.count, more.to) = (more.count + 1, now),
            None if self.tokens >= 1.0 => {
                self.tokens -= 1.0;
                return true;
            }
            None => self.more = Some(More { count: 1, from: now, to: now }),
        }
        false
    }

    /// Those that were counted, once it is time to tell of them.
    pub(super) fn due(&mut self, now: Timestamp) -> Option<More> {
        let is_due = |it: &More| now.since(it.from) >= SUMMED_EVERY || now < it.from;
        self.more.filter(is_due).and_then(|_| self.more.take())
    }

    /// The same, at the end.
    pub(super) fn rest(&mut self) -> Option<More> {
        self.more.take()
    }
}

impl More {
    /// For a person: `and 412 more within 9.8 s`.
    pub(super) fn words(self) -> String {
        format!("and {} more within {:.1} s that nobody known has sent", self.count, self.to.secs_since(self.from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: f64) -> Timestamp {
        Timestamp::from_secs_f64(1_800_000_000.0 + secs)
    }

    #[test]
    fn a_few_are_told_of_each_and_the_rest_are_counted() {
        let mut strangers = Strangers::default();
        let n_told = (0..1000).filter(|it| strangers.admits(at(f64::from(*it) / 100.0))).count();
        assert_eq!(n_told, 20);
        assert_eq!(strangers.due(at(9.0)), None);
        let more = strangers.due(at(10.5)).unwrap();
        assert_eq!((more.count, more.from, more.to), (980, at(0.2), at(9.99)));
        assert_eq!(more.words(), "and 980 more within 9.8 s that nobody known has sent");
        // What was told is not told again; meanwhile there is room for two more.
        assert_eq!(strangers.rest(), None);
        assert_eq!((0..10).filter(|_| strangers.admits(at(11.0))).count(), 2);
        assert_eq!(strangers.rest().map(|it| it.count), Some(8));
    }

    #[test]
    fn those_who_come_now_and_then_are_told_of_each() {
        let mut strangers = Strangers::default();
        assert!((0..1000).all(|it| strangers.admits(at(f64::from(it) * 5.0))));
    }

    #[test]
    fn a_flood_leaves_a_few_records_a_minute_however_long_it_lasts() {
        let mut strangers = Strangers::default();
        let mut n_records = 0;
        for tenth in 0..36_000 {
            let now = at(f64::from(tenth) / 10.0);
            n_records += usize::from(strangers.due(now).is_some()) + usize::from(strangers.admits(now));
        }
        assert!((700..1200).contains(&n_records), "{n_records} in an hour");
    }
}
