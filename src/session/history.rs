//! Every sample of the run, in memory, in compressed columns by signal, within a budget.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::block::BLOCK;
use super::column::{Pushed, SignalColumn};
use super::plot::Column;
use crate::signal::{Sample, SignalId, Timestamp};

/// One sample as a number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When it was measured.
    pub at: Timestamp,
    /// The number; a flag is 0 or 1, a text its place in the signal's table (see [`History::text`]).
    pub value: f64,
}

/// The samples of all signals. Written by ingest, read by everybody; each signal has a lock of its own.
#[derive(Debug)]
pub struct History {
    columns: RwLock<Vec<Arc<Mutex<SignalColumn>>>>,
    budget_bytes: usize,
    sealed_bytes: AtomicUsize,
    /// The raw ends and the tables of texts. They only ever grow: a raw end keeps its room when it is sealed.
    open_bytes: AtomicUsize,
    n_sealed: AtomicU64,
    n_samples: AtomicU64,
    n_evicted: AtomicU64,
    /// Sealed blocks by the time of their first sample: the first is the next to go.
    by_age: Mutex<BTreeSet<(i64, u32)>>,
}

impl History {
    /// An empty history for so many signals, which may grow up to a size in bytes; then the oldest blocks go, whosever
    /// they are. What is not sealed yet counts, but stays.
    pub fn new(budget_bytes: usize, capacity: usize) -> Self {
        let history = Self {
            columns: RwLock::new(Vec::new()),
            budget_bytes,
            sealed_bytes: AtomicUsize::new(0),
            open_bytes: AtomicUsize::new(0),
            n_sealed: AtomicU64::new(0),
            n_samples: AtomicU64::new(0),
            n_evicted: AtomicU64::new(0),
            by_age: Mutex::new(BTreeSet::new()),
        };
        history.grow(capacity);
        history
    }

    /// Makes room for signals that a reload has added.
    pub fn grow(&self, capacity: usize) {
        let mut columns = self.columns.write().unwrap_or_else(PoisonError::into_inner);
        if columns.len() < capacity {
            columns.resize_with(capacity, Arc::default);
        }
    }

    /// Keeps a sample.
    pub fn push(&self, sample: &Sample) -> Pushed {
        let columns = self.columns.read().unwrap_or_else(PoisonError::into_inner);
        let Some(column) = columns.get(sample.signal.index()) else { return Pushed::TooLate };
        let mut column = lock(column);
        let open_before = column.open_bytes();
        let pushed = column.push(sample.at, &sample.value);
        if matches!(pushed, Pushed::Appended | Pushed::Inserted) {
            self.n_samples.fetch_add(1, Ordering::Relaxed);
            let sealed = column.seal();
            let grown = column.open_bytes().saturating_sub(open_before);
            drop(column);
            if let Some(block) = sealed {
                self.n_sealed.fetch_add(BLOCK as u64, Ordering::Relaxed);
                self.sealed_bytes.fetch_add(block.bytes, Ordering::Relaxed);
                lock(&self.by_age).insert((block.first_at, sample.signal.0));
            }
            self.open_bytes.fetch_add(grown, Ordering::Relaxed);
            if sealed.is_some() || grown > 0 {
                self.keep_budget(&columns);
            }
        }
        pushed
    }

    /// Lets the oldest blocks go while there is too much.
    fn keep_budget(&self, columns: &[Arc<Mutex<SignalColumn>>]) {
        while self.bytes() > self.budget_bytes {
            let Some((_, oldest)) = lock(&self.by_age).pop_first() else { break };
            let Some(block) = columns.get(oldest as usize).and_then(|it| lock(it).let_go()) else { break };
            self.sealed_bytes.fetch_sub(block.bytes(), Ordering::Relaxed);
            self.n_evicted.fetch_add(u64::from(block.summary().n), Ordering::Relaxed);
        }
    }

    /// The last sample of a signal.
    pub fn newest(&self, signal: SignalId) -> Option<Point> {
        self.with(signal, SignalColumn::newest)?
    }

    /// The last sample at or before an instant.
    pub fn at(&self, signal: SignalId, at: Timestamp) -> Option<Point> {
        self.with(signal, |it| it.at(at))?
    }

    /// The last sample at or before an instant, with its value as it came. The history doesn't keep when a sample
    /// arrived: the time of its measurement stands in.
    pub fn sample_at(&self, signal: SignalId, at: Timestamp) -> Option<Sample> {
        self.with(signal, |it| {
            let point = it.at(at)?;
            Some(Sample { signal, at: point.at, received: point.at, value: it.value(point.value) })
        })?
    }

    /// The text that a number of a text's signal stands for.
    pub fn text(&self, signal: SignalId, number: f64) -> Option<Arc<str>> {
        self.with(signal, |it| it.text(number))?
    }

    /// The times of the first and the last sample of a signal.
    pub fn span(&self, signal: SignalId) -> Option<(Timestamp, Timestamp)> {
        self.with(signal, |it| Some((Timestamp::from_nanos(it.oldest_at()?), it.newest()?.at)))?
    }

    /// A plot of a span, both ends included, in at least so many columns and at most twice as many: exact in each, and as
    /// cheap as they are few. The first one reaches back beyond the span, by less than its width. Columns without samples
    /// are left out. A sample that comes later than `max_gap_secs` after the one before begins a new line.
    pub fn plot(
        &self,
        signal: SignalId,
        from: Timestamp,
        to: Timestamp,
        columns: usize,
        max_gap_secs: f64,
    ) -> Vec<Column> {
        let max_gap = (max_gap_secs * 1e9).min(i64::MAX as f64) as i64;
        self.with_mut(signal, |it| it.plot(from.as_nanos(), to.as_nanos(), columns, max_gap)).unwrap_or_default()
    }

    /// All samples of a signal in a span, both ends included.
    pub fn samples(&self, signal: SignalId, from: Timestamp, to: Timestamp) -> Vec<Point> {
        self.with(signal, |it| it.samples(from.as_nanos(), to.as_nanos())).unwrap_or_default()
    }

    /// Bytes in memory, the raw ends included.
    pub fn bytes(&self) -> usize {
        self.sealed_bytes() + self.open_bytes.load(Ordering::Relaxed)
    }

    /// Bytes that all signals together may take before the oldest samples go.
    pub fn budget_bytes(&self) -> usize {
        self.budget_bytes
    }

    /// Bytes of the sealed blocks alone.
    pub fn sealed_bytes(&self) -> usize {
        self.sealed_bytes.load(Ordering::Relaxed)
    }

    /// Samples in sealed blocks.
    pub fn n_sealed(&self) -> u64 {
        self.n_sealed.load(Ordering::Relaxed).saturating_sub(self.n_evicted())
    }

    /// Samples taken since the start, those that had to go included.
    pub fn n_samples(&self) -> u64 {
        self.n_samples.load(Ordering::Relaxed)
    }

    /// Samples that had to go to keep the budget.
    pub fn n_evicted(&self) -> u64 {
        self.n_evicted.load(Ordering::Relaxed)
    }

    /// From when on every sample is there: the first of all, or later, where some had to go.
    pub fn reaches_back_to(&self) -> Option<Timestamp> {
        if self.n_evicted() > 0
            && let Some(&(first_at, _)) = lock(&self.by_age).first()
        {
            return Some(Timestamp::from_nanos(first_at));
        }
        let columns = self.columns.read().unwrap_or_else(PoisonError::into_inner);
        columns.iter().filter_map(|it| lock(it).oldest_at()).min().map(Timestamp::from_nanos)
    }

    fn with<T>(&self, signal: SignalId, read: impl FnOnce(&SignalColumn) -> T) -> Option<T> {
        self.with_mut(signal, |it| read(it))
    }

    fn with_mut<T>(&self, signal: SignalId, look: impl FnOnce(&mut SignalColumn) -> T) -> Option<T> {
        let columns = self.columns.read().unwrap_or_else(PoisonError::into_inner);
        columns.get(signal.index()).map(|it| look(&mut lock(it)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::signal::Value;

    const ONE: SignalId = SignalId(0);

    fn sample(at: i64, value: impl Into<Value>) -> Sample {
        let at = Timestamp::from_nanos(at);
        Sample { signal: ONE, at, received: at, value: value.into() }
    }

    fn filled(points: &[(i64, f64)]) -> History {
        let history = History::new(usize::MAX, 1);
        for &(at, value) in points {
            history.push(&sample(at, value));
        }
        history
    }

    /// A plot by definition: each sample is put into its column.
    fn naive_plot(points: &[(i64, f64)], from: i64, to: i64, columns: usize, max_gap: i64) -> Vec<Column> {
        let width = 1_i64 << ((to - from).max(1) / columns as i64).max(1).ilog2();
        let mut all: Vec<(i64, Column)> = Vec::new();
        let mut before: Option<i64> = None;
        for &(at, value) in points {
            let index = at.div_euclid(width);
            if at > to {
                break;
            }
            if index >= from.div_euclid(width) {
                match all.last_mut().filter(|it| it.0 == index) {
                    Some((_, column)) => {
                        column.min = column.min.min(value);
                        column.max = column.max.max(value);
                        column.last = value;
                        column.n += 1;
                    }
                    None => {
                        let gap_before = before.is_some_and(|it| at - it > max_gap);
                        let at = Timestamp::from_nanos(index * width + width / 2);
                        let column = Column { at, min: value, max: value, first: value, last: value, n: 1, gap_before };
                        all.push((index, column));
                    }
                }
            }
            before = Some(at);
        }
        all.into_iter().map(|it| it.1).collect()
    }

    prop_compose! {
        fn walk()(steps in prop::collection::vec((1_i64..2_000_000_000, -50.0_f64..50.0), 1..6000)) -> Vec<(i64, f64)> {
            let mut at = 1_700_000_000_000_000_000;
            steps.into_iter().map(|(step, value)| { at += step; (at, (value * 100.0).round() / 100.0) }).collect()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_compressed_comes_back_bit_by_bit(points in walk()) {
            let history = filled(&points);
            let got = history.samples(ONE, Timestamp::MIN, Timestamp::MAX);
            let got: Vec<(i64, u64)> = got.iter().map(|it| (it.at.as_nanos(), it.value.to_bits())).collect();
            let want: Vec<(i64, u64)> = points.iter().map(|it| (it.0, it.1.to_bits())).collect();
            prop_assert_eq!(got, want);
        }

        #[test]
        fn a_plot_is_exact_in_every_column(
            points in walk(),
            looks in prop::collection::vec((0.0_f64..1.0, 0.0_f64..1.0, 1_usize..300), 1..12),
            fed in 0.1_f64..1.0,
        ) {
            // Looked at again and again while samples come in: what was kept from before must still be right.
            let fed = (points.len() as f64 * fed) as usize;
            let history = filled(&points[..fed]);
            let (first, last) = (points[0].0, points[points.len() - 1].0);
            let at = |share: f64| first + ((last - first) as f64 * share) as i64;
            let mut so_far = fed;
            for (step, (a, b, columns)) in looks.into_iter().enumerate() {
                let (from, to) = (at(a.min(b)), at(a.max(b)));
                let got = history.plot(ONE, Timestamp::from_nanos(from), Timestamp::from_nanos(to), columns, 1.9);
                prop_assert_eq!(got, naive_plot(&points[..so_far], from, to, columns, 1_900_000_000));
                let next = (so_far + step * 200).min(points.len());
                for &(at, value) in &points[so_far..next] {
                    history.push(&sample(at, value));
                }
                so_far = next;
            }
        }

        #[test]
        fn the_state_at_an_instant_is_the_last_sample_before_it(points in walk(), share in -0.1_f64..1.1) {
            let history = filled(&points);
            let (first, last) = (points[0].0, points[points.len() - 1].0);
            let at = first + ((last - first) as f64 * share) as i64;
            let want = points.iter().rev().find(|it| it.0 <= at).map(|it| it.1);
            prop_assert_eq!(history.at(ONE, Timestamp::from_nanos(at)).map(|it| it.value), want);
        }
    }

    #[test]
    fn a_late_sample_finds_its_place_and_a_duplicate_is_told() {
        let history = filled(&[(10, 1.0), (20, 2.0), (40, 4.0)]);
        assert_eq!(history.push(&sample(30, 3.0)), Pushed::Inserted);
        assert_eq!(history.push(&sample(40, 4.0)), Pushed::Duplicate);
        assert_eq!(history.push(&sample(20, 2.0)), Pushed::Duplicate);
        assert_eq!(history.push(&sample(40, 5.0)), Pushed::Appended);
        let got: Vec<f64> = history.samples(ONE, Timestamp::MIN, Timestamp::MAX).iter().map(|it| it.value).collect();
        assert_eq!(got, [1.0, 2.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn what_is_older_than_the_open_end_is_told_to_be_too_late() {
        let points: Vec<(i64, f64)> = (1..=2000).map(|it| (it * 1000, it as f64)).collect();
        let history = filled(&points);
        assert_eq!(history.push(&sample(500_500, 1.0)), Pushed::TooLate);
        assert_eq!(history.push(&sample(1_999_500, 1.0)), Pushed::Inserted);
        assert_eq!(history.n_samples(), 2001);
    }

    #[test]
    fn the_budget_lets_the_oldest_go_across_signals() {
        let history = History::new(100_000, 2);
        for step in 0..20_000_i64 {
            for signal in 0..2 {
                // Noise, so that it does not compress away.
                let value = ((step * 2 + signal) as f64 * 1e3).sin();
                history.push(&Sample { signal: SignalId(signal as u32), ..sample(step * 1_000_000_000, value) });
            }
        }
        let columns = history.columns.read().unwrap_or_else(PoisonError::into_inner);
        let in_memory: usize = columns.iter().map(|it| lock(it).bytes()).sum();
        assert!(in_memory == history.bytes() && in_memory <= 100_000, "{in_memory} {}", history.bytes());
        assert!(history.n_evicted() > 0 && history.n_samples() == 40_000);
        let back = history.reaches_back_to().expect("there are samples");
        for signal in 0..2 {
            let (from, to) = history.span(SignalId(signal)).expect("there are samples");
            assert!(to == Timestamp::from_nanos(19_999_000_000_000) && from >= back, "{from} {back}");
        }
    }

    #[test]
    fn texts_and_flags_come_back_as_they_were() {
        let history = History::new(usize::MAX, 1);
        for (at, text) in [(1, "idle"), (2, "busy"), (3, "idle")] {
            history.push(&sample(at, text));
        }
        let value = |at| history.sample_at(ONE, Timestamp::from_nanos(at)).map(|it| it.value);
        assert_eq!((value(2), value(3), value(0)), (Some("busy".into()), Some("idle".into()), None));
        history.push(&sample(4, true));
        assert_eq!(value(4), Some(true.into()));
    }
}
