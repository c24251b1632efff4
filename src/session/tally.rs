//! What came in, counted: for the status bar, the diagnostics and the summary of a run.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::codec::Skew;
use crate::signal::Timestamp;

/// So many topics are counted by name; the rest only as a sum, so that a flood of topics can't fill the memory.
const MAX_TOPICS: usize = 1000;
/// Delays beyond this are clocks that differ, not delays: an hour, in microseconds.
const MAX_DELAY_MICROS: i64 = 3_600_000_000;
/// Steps of the delays' histogram in each doubling.
const STEPS: usize = 8;

/// A topic that no signal is bound to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicCount {
    /// The topic.
    pub topic: String,
    /// Its messages.
    pub count: u64,
}

/// A topic with payloads that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicFault {
    /// The topic.
    pub topic: String,
    /// Its messages that could not be read, in whole or in part.
    pub count: u64,
    /// What was wrong with the last one.
    pub error: String,
    /// When the last one came.
    pub last: Timestamp,
}

/// A topic whose device's clock is ahead.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TopicSkew {
    /// The topic.
    pub topic: String,
    /// How far the last time was ahead, seconds.
    pub secs: f64,
    /// When the last one came.
    pub last: Timestamp,
}

/// The figures at an instant. All counts are since the start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TallySnapshot {
    /// Messages that came in.
    pub arrivals: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Values read from them.
    pub samples: u64,
    /// Samples that are in the history but that no frame got, since newer ones of their signals had come before it.
    pub skipped: u64,
    /// Samples that were there already, as after a reconnect: not taken a second time.
    pub duplicates: u64,
    /// Samples so much older than their signal's newest that the history could not take them.
    pub too_late: u64,
    /// Messages whose device's time was missing, absurd or too far ahead: that of the signature or of arrival stood in.
    pub skewed: u64,
    /// The topics on which a device's time was too far ahead, by name.
    pub ahead: Vec<TopicSkew>,
    /// Payloads that were too large to be read.
    pub oversize: u64,
    /// Answers of devices that were not fetched in time.
    pub lost_answers: u64,
    /// Messages that verification refused, and that gave no value.
    pub refused: u64,
    /// Messages on topics that no signal is bound to.
    pub unbound: u64,
    /// Those topics, most messages first; at most 1,000.
    pub unbound_topics: Vec<TopicCount>,
    /// Messages on further such topics.
    pub unbound_overflow: u64,
    /// Topics with payloads that could not be read, most messages first.
    pub unparsable: Vec<TopicFault>,
    /// Milliseconds from a device's time to the decoded value, at most so for half of the messages. `None`: no message
    /// told a device's time.
    pub delay_p50_ms: Option<f64>,
    /// The same for 99 of 100.
    pub delay_p99_ms: Option<f64>,
}

/// Counts what comes in. Ingest writes, once for each batch; everybody reads.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Counts>);

/// The counts themselves, while they are locked.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) arrivals: u64,
    pub(super) bytes: u64,
    pub(super) samples: u64,
    pub(super) skipped: u64,
    pub(super) duplicates: u64,
    pub(super) too_late: u64,
    skewed: u64,
    pub(super) oversize: u64,
    pub(super) lost_answers: u64,
    pub(super) refused: u64,
    unbound: u64,
    unbound_topics: HashMap<String, u64>,
    unbound_overflow: u64,
    unparsable: HashMap<String, TopicFault>,
    ahead: BTreeMap<String, TopicSkew>,
    delays: Vec<u64>,
}

impl Tally {
    /// The figures of now.
    pub fn snapshot(&self) -> TallySnapshot {
        let counts = self.lock();
        let mut unbound_topics: Vec<TopicCount> =
            counts.unbound_topics.iter().map(|(topic, &count)| TopicCount { topic: topic.clone(), count }).collect();
        unbound_topics.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.topic.cmp(&b.topic)));
        let mut unparsable: Vec<TopicFault> = counts.unparsable.values().cloned().collect();
        unparsable.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.topic.cmp(&b.topic)));
        TallySnapshot {
            arrivals: counts.arrivals,
            bytes: counts.bytes,
            samples: counts.samples,
            skipped: counts.skipped,
            duplicates: counts.duplicates,
            too_late: counts.too_late,
            skewed: counts.skewed,
            ahead: counts.ahead.values().cloned().collect(),
            oversize: counts.oversize,
            lost_answers: counts.lost_answers,
            refused: counts.refused,
            unbound: counts.unbound,
            unbound_topics,
            unbound_overflow: counts.unbound_overflow,
            unparsable,
            delay_p50_ms: counts.delay_ms(0.5),
            delay_p99_ms: counts.delay_ms(0.99),
        }
    }

    /// For writing a batch's counts at once.
    pub(super) fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// A message that no signal is bound to.
    pub(super) fn unbound(&mut self, topic: &[u8]) {
        self.unbound += 1;
        let topic = String::from_utf8_lossy(topic);
        if let Some(count) = self.unbound_topics.get_mut(topic.as_ref()) {
            *count += 1;
        } else if self.unbound_topics.len() < MAX_TOPICS {
            self.unbound_topics.insert(topic.into_owned(), 1);
        } else {
            self.unbound_overflow += 1;
        }
    }

    /// A message that could not be read. The words are made only where they are kept.
    pub(super) fn unparsable(&mut self, topic: &[u8], error: impl FnOnce() -> String, at: Timestamp) {
        let topic = String::from_utf8_lossy(topic);
        // Bound topics alone come here: there are as many as the site has.
        let fault = match self.unparsable.get_mut(topic.as_ref()) {
            Some(fault) => fault,
            None => self
                .unparsable
                .entry(topic.clone().into_owned())
                .or_insert_with(|| TopicFault { topic: topic.into_owned(), ..TopicFault::default() }),
        };
        fault.count += 1;
        fault.error = error();
        fault.last = at;
    }

    /// A message whose device's time was not taken, or was another than is signed.
    pub(super) fn skew(&mut self, topic: &[u8], skew: Skew, at: Timestamp) {
        let ahead = match skew {
            Skew::Behind(_) => return,
            Skew::Absurd => None,
            Skew::Ahead(nanos) => Some(nanos),
        };
        self.skewed += 1;
        let Some(nanos) = ahead else { return };
        let topic = String::from_utf8_lossy(topic);
        // Bound topics alone come here: there are as many as the site has.
        let known = self.ahead.get_mut(topic.as_ref());
        let found = match known {
            Some(found) => found,
            None => self
                .ahead
                .entry(topic.clone().into_owned())
                .or_insert_with(|| TopicSkew { topic: topic.into_owned(), ..TopicSkew::default() }),
        };
        (found.secs, found.last) = (nanos as f64 / 1e9, at);
    }

    /// The time from a measurement to its decoding. A clock that is ahead counts as no delay.
    pub(super) fn delay(&mut self, measured: Timestamp, decoded: Timestamp) {
        let micros = decoded.as_nanos().saturating_sub(measured.as_nanos()) / 1000;
        if micros <= MAX_DELAY_MICROS {
            let step = step(micros.max(0) as u64);
            if self.delays.len() <= step {
                self.delays.resize(step + 1, 0);
            }
            self.delays[step] += 1;
        }
    }

    fn delay_ms(&self, share: f64) -> Option<f64> {
        let total: u64 = self.delays.iter().sum();
        let wanted = (total as f64 * share).ceil() as u64;
        let mut sum = 0;
        let found = self.delays.iter().position(|it| {
            sum += it;
            sum >= wanted && sum > 0
        })?;
        Some(step_end(found) as f64 / 1000.0)
    }
}

/// The step of a histogram whose steps grow with the value: each doubling has eight.
fn step(micros: u64) -> usize {
    let octave = micros.checked_ilog2().unwrap_or(0) as usize;
    if octave < 3 { micros as usize } else { (octave - 2) * STEPS + ((micros >> (octave - 3)) & 7) as usize }
}

/// Where a step ends: a delay of it is at most so long.
fn step_end(step: usize) -> u64 {
    let next = step + 1;
    if next < STEPS { next as u64 } else { ((STEPS + next % STEPS) as u64) << (next / STEPS - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_told_within_an_eighth() {
        for micros in [0, 1, 7, 8, 9, 15, 16, 100, 1_000, 12_345, 999_999, 3_599_999_999] {
            let end = step_end(step(micros));
            assert!(end > micros && end as f64 <= (micros as f64 * 1.125).max(micros as f64 + 1.0), "{micros} {end}");
        }
    }

    #[test]
    fn half_and_all_but_one_in_a_hundred_are_told() {
        let tally = Tally::default();
        assert_eq!(tally.snapshot().delay_p50_ms, None);
        let decoded = Timestamp::from_nanos(2_000_000_000_000);
        for millis in 1..=100 {
            tally.lock().delay(decoded - std::time::Duration::from_millis(millis), decoded);
        }
        let snapshot = tally.snapshot();
        let (p50, p99) = (snapshot.delay_p50_ms.unwrap_or(0.0), snapshot.delay_p99_ms.unwrap_or(0.0));
        assert!((50.0..57.0).contains(&p50) && (99.0..112.0).contains(&p99), "{p50} {p99}");
    }

    #[test]
    fn a_flood_of_topics_is_counted_in_bounded_memory() {
        let tally = Tally::default();
        for topic in 0..100_000 {
            tally.lock().unbound(format!("flood/{topic}").as_bytes());
        }
        tally.lock().unbound(b"flood/7");
        let snapshot = tally.snapshot();
        assert_eq!(
            (snapshot.unbound, snapshot.unbound_topics.len(), snapshot.unbound_overflow),
            (100_001, 1000, 99_000)
        );
        assert_eq!(snapshot.unbound_topics[0], TopicCount { topic: "flood/7".to_owned(), count: 2 });
    }
}
