//! How much may come: a bucket from which each message takes its price, and that time fills again. It goes by the time of
//! arrivals, so that a replay measures as the day itself did, and in whole nanoseconds, so that it does so to the last one.

use crate::signal::Timestamp;

/// Times as many messages as the site expects are let through.
const GENEROSITY: f64 = 4.0;
/// A signed message takes no more than this, nanoseconds: so many a second are always let through.
const MOST: f64 = 1e9 / 10.0;
/// No device says anything oftener than each so many seconds.
const SHORTEST_SECS: f64 = 1e-3;
/// What may be taken at once, nanoseconds.
const BURST: i64 = 4_000_000_000;

/// What a message takes: the time in which it is made up for, nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Price(i64);

/// What was taken of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    /// What is not made up for yet, nanoseconds.
    owed: i64,
    /// When that was so. A full bucket has none.
    at: Timestamp,
}

impl Price {
    /// Of what nobody signs: 10,000 a second, and 40,000 at once. Nothing tells there whose a message is, so what silences a
    /// flood silences the device as well: no honest one may ever meet it, a gateway that tells all of a lost hour in one breath
    /// included. It bounds what one topic can take of the time of all.
    pub(super) const UNSIGNED: Self = Self(100_000);
    /// Of what is refused, on all topics together: 1,000 a second, and 4,000 at once. With a signature to look at that is about a
    /// tenth of a core.
    pub(super) const REFUSED: Self = Self(1_000_000);

    /// Of what is signed, on a topic that brings a message about every so many seconds.
    pub(super) fn signed(period_secs: f64) -> Self {
        Self((period_secs.max(SHORTEST_SECS) * 1e9 / GENEROSITY).min(MOST) as i64)
    }
}

impl Bucket {
    /// From which nothing was taken.
    pub(super) const FULL: Self = Self { owed: 0, at: Timestamp::MIN };

    /// Whether it has enough.
    pub(super) fn has(&mut self, price: Price, now: Timestamp) -> bool {
        self.fill(now);
        self.owed.saturating_add(price.0) <= BURST
    }

    /// Takes from it. `false`: it has not enough, and nothing was taken.
    pub(super) fn take(&mut self, price: Price, now: Timestamp) -> bool {
        let enough = self.has(price, now);
        if enough {
            self.owed += price.0;
            self.at = now;
        }
        enough
    }

    /// As a keyframe keeps it.
    pub(super) fn doc(self) -> (i64, i64) {
        (self.owed, self.at.as_nanos())
    }

    /// As it was kept. What cannot be is brought within what can.
    pub(super) fn kept((owed, at): (i64, i64)) -> Self {
        if owed > 0 { Self { owed: owed.min(BURST), at: Timestamp::from_nanos(at) } } else { Self::FULL }
    }

    fn fill(&mut self, now: Timestamp) {
        let passed = now.as_nanos().saturating_sub(self.at.as_nanos());
        // A clock that was set back fills nothing, and what follows is measured from where it stands now.
        self.owed -= passed.clamp(0, self.owed);
        self.at = if self.owed == 0 { Timestamp::MIN } else { now };
    }
}

impl Default for Bucket {
    fn default() -> Self {
        Self::FULL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_nanos(1_800_000_000_000_000_000 + millis * 1_000_000)
    }

    /// How many of 1,000 messages pass that come each so many milliseconds, where one a second is expected.
    fn through(bucket: &mut Bucket, from: i64, every: i64) -> usize {
        (0..1000).filter(|it| bucket.take(Price::signed(1.0), at(from + it * every))).count()
    }

    #[test]
    fn a_topic_may_bring_a_few_times_what_is_expected() {
        assert_eq!(through(&mut Bucket::default(), 0, 100), 1000);
        let flooded = through(&mut Bucket::default(), 0, 1);
        assert!((45..=55).contains(&flooded), "{flooded}");
        assert!(Price::signed(0.01) < Price::signed(0.1), "who speaks often may speak often");
        assert_eq!(Price::signed(3600.0), Price::signed(1.0));
    }

    #[test]
    fn a_clock_that_is_set_back_silences_nobody() {
        let mut bucket = Bucket::FULL;
        through(&mut bucket, 0, 1);
        assert!(!bucket.take(Price::signed(1.0), at(999)), "it is empty");
        let hour = 3_600_000;
        assert!(!bucket.take(Price::signed(1.0), at(-hour)), "nothing is filled by it");
        assert_eq!(through(&mut bucket, 100 - hour, 100), 1000, "and from then on it fills as always");
    }

    #[test]
    fn it_comes_back_as_it_was_kept_and_never_worse_than_empty() {
        let mut bucket = Bucket::FULL;
        for millis in [0, 3, 50] {
            bucket.take(Price::signed(0.5), at(millis));
            assert_eq!(Bucket::kept(bucket.doc()), bucket);
        }
        assert!(bucket.has(Price::signed(1.0), at(10_000)));
        assert_eq!(bucket, Bucket::FULL, "it has filled, and knows no time any more");
        let mut absurd = Bucket::kept((i64::MAX, at(0).as_nanos()));
        assert!(absurd.has(Price::signed(1.0), at(4_000)));
        assert_eq!(Bucket::kept((-7, 0)), Bucket::FULL);
    }
}
