//! How much one topic may bring: a token bucket, in the time of arrivals, so that a replay measures as the day itself did.

use crate::signal::Timestamp;

/// Times as many messages as the site expects are let through.
const GENEROSITY: f64 = 4.0;
/// And never fewer than so many a second.
const LEAST_PER_SEC: f64 = 10.0;
/// What may come at once, seconds of the rate.
const BURST_SECS: f64 = 4.0;

/// Tokens of one topic.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    per_sec: f64,
    tokens: f64,
    filled: Timestamp,
}

impl Bucket {
    /// For a topic that brings a message about every so many seconds.
    pub(super) fn new(period_secs: f64) -> Self {
        let per_sec = (GENEROSITY / period_secs.max(1e-3)).max(LEAST_PER_SEC);
        Self { per_sec, tokens: per_sec * BURST_SECS, filled: Timestamp::MIN }
    }

    /// Takes a token. `false`: there is none.
    pub(super) fn take(&mut self, now: Timestamp) -> bool {
        let passed = now.secs_since(self.filled);
        // A clock that was set back fills nothing.
        if passed > 0.0 {
            self.tokens = (self.tokens + passed * self.per_sec).min(self.per_sec * BURST_SECS);
            self.filled = now;
        }
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_may_bring_a_few_times_what_is_expected() {
        let at = |millis: i64| Timestamp::from_nanos(1_800_000_000_000_000_000 + millis * 1_000_000);
        let through = |every_millis: i64| {
            let mut bucket = Bucket::new(1.0);
            (0..1000).filter(|it| bucket.take(at(it * every_millis))).count()
        };
        assert_eq!(through(100), 1000);
        let flooded = through(1);
        assert!((45..=55).contains(&flooded), "{flooded}");
    }
}
