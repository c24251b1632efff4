//! What came in, counted: by the ingest worker, for people.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Topics that are remembered by name; what comes beyond is counted together.
const MOST_TOPICS: usize = 1_000;
/// Steps of the delay's histogram: each is a tenth wider than the one before, from 10 µs on.
const DELAY_STEPS: usize = 200;

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    snapshot: TallySnapshot,
    unbound: BTreeMap<String, u64>,
    unparsable: BTreeMap<String, Unparsable>,
    delays: Box<[u64; DELAY_STEPS]>,
}

/// A topic whose payloads could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unparsable {
    /// Which topic.
    pub topic: String,
    /// How many messages.
    pub count: u64,
    /// What was wrong with the last one.
    pub last: String,
}

/// The counts at one instant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TallySnapshot {
    /// Messages that came in.
    pub arrivals: u64,
    /// Their bytes, topics included.
    pub bytes: u64,
    /// Samples decoded from them.
    pub samples: u64,
    /// Samples between two frames: in the history, but never on the screen.
    pub skipped: u64,
    /// Samples that came twice, or too late to find their place.
    pub refused: u64,
    /// Samples whose device's time was absurd, so that the time of arrival counts.
    pub clock_faults: u64,
    /// Messages on topics that no signal is bound to.
    pub unbound: u64,
    /// Those topics, the first thousand of them, with their counts.
    pub unbound_topics: Vec<(String, u64)>,
    /// Topics with payloads that could not be read.
    pub unparsable: Vec<Unparsable>,
    /// Median from the device's time to decoded, in ms. `None`: no device tells its time.
    pub delay_p50_ms: Option<f64>,
    /// As above, for 99 of 100.
    pub delay_p99_ms: Option<f64>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            snapshot: TallySnapshot::default(),
            unbound: BTreeMap::new(),
            unparsable: BTreeMap::new(),
            delays: Box::new([0; DELAY_STEPS]),
        }
    }
}

/// The counts of one batch, gathered without a lock.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) arrivals: u64,
    pub(super) bytes: u64,
    pub(super) samples: u64,
    pub(super) skipped: u64,
    pub(super) refused: u64,
    pub(super) clock_faults: u64,
}

impl Tally {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, counts: &Counts, delays_secs: &[f64]) {
        let mut inner = self.lock();
        let all = &mut inner.snapshot;
        all.arrivals += counts.arrivals;
        all.bytes += counts.bytes;
        all.samples += counts.samples;
        all.skipped += counts.skipped;
        all.refused += counts.refused;
        all.clock_faults += counts.clock_faults;
        for delay in delays_secs {
            let step = ((delay.max(1e-5) / 1e-5).ln() / 1.1_f64.ln()) as usize;
            inner.delays[step.min(DELAY_STEPS - 1)] += 1;
        }
    }

    pub(super) fn unbound(&self, topic: &[u8]) {
        let mut inner = self.lock();
        inner.snapshot.unbound += 1;
        let topic = String::from_utf8_lossy(topic);
        if let Some(count) = inner.unbound.get_mut(topic.as_ref()) {
            *count += 1;
        } else if inner.unbound.len() < MOST_TOPICS {
            inner.unbound.insert(topic.into_owned(), 1);
        }
    }

    pub(super) fn unparsable(&self, topic: &[u8], why: String) {
        let mut inner = self.lock();
        let topic = String::from_utf8_lossy(topic).into_owned();
        if inner.unparsable.len() < MOST_TOPICS || inner.unparsable.contains_key(&topic) {
            let entry = inner.unparsable.entry(topic.clone());
            let entry = entry.or_insert(Unparsable { topic, count: 0, last: String::new() });
            entry.count += 1;
            entry.last = why;
        }
    }

    /// The counts of now.
    pub fn snapshot(&self) -> TallySnapshot {
        let inner = self.lock();
        let total: u64 = inner.delays.iter().sum();
        let quantile = |share: f64| {
            let wanted = (total as f64 * share).ceil() as u64;
            let mut seen = 0;
            let step = inner.delays.iter().position(|it| {
                seen += it;
                seen >= wanted
            })?;
            (total > 0).then(|| 1e-2 * 1.1_f64.powi(step as i32 + 1))
        };
        TallySnapshot {
            unbound_topics: inner.unbound.iter().map(|it| (it.0.clone(), *it.1)).collect(),
            unparsable: inner.unparsable.values().cloned().collect(),
            delay_p50_ms: quantile(0.5),
            delay_p99_ms: quantile(0.99),
            ..inner.snapshot.clone()
        }
    }
}
