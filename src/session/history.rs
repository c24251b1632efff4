//! Every sample of the run, in compressed columns, within a budget: the oldest go first.

use std::sync::atomic::{AtomicI64, AtomicIsize, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::series::{Pushed, Series};
use crate::signal::{Sample, SignalId, Timestamp};

/// A sample's time and number. A flag is 0 or 1; a text is the number of its first appearance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// What, in the signal's unit.
    pub value: f64,
}

/// What a part of a span comes to: one pixel column of a plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// The middle of its samples.
    pub at: Timestamp,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
    /// The first value.
    pub first: f64,
    /// The last value.
    pub last: f64,
    /// How many samples.
    pub n: u32,
    /// Before it nothing was heard for longer than expected.
    pub gap_before: bool,
}

/// The samples of all signals. Written by the ingest worker, read by anyone.
#[derive(Debug)]
pub struct History {
    series: RwLock<Vec<Arc<Mutex<Series>>>>,
    budget: usize,
    bytes: AtomicIsize,
    n_samples: AtomicU64,
    /// Nanoseconds; nothing before it was kept. `i64::MIN`: nothing was let go yet.
    forgotten: AtomicI64,
}

fn lock(series: &Mutex<Series>) -> MutexGuard<'_, Series> {
    series.lock().unwrap_or_else(PoisonError::into_inner)
}

impl History {
    /// With a budget in bytes, for signals numbered below `capacity` (it grows by itself).
    pub fn new(budget: usize, capacity: usize) -> Self {
        let history = Self {
            series: RwLock::default(),
            budget,
            bytes: AtomicIsize::new(0),
            n_samples: AtomicU64::new(0),
            forgotten: AtomicI64::new(i64::MIN),
        };
        history.grow(capacity);
        history
    }

    fn grow(&self, capacity: usize) {
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        let capacity = capacity.max(series.len());
        series.resize_with(capacity, Arc::default);
    }

    fn of(&self, signal: SignalId) -> Option<Arc<Mutex<Series>>> {
        self.series.read().unwrap_or_else(PoisonError::into_inner).get(signal.index()).cloned()
    }

    fn read<T>(&self, signal: SignalId, read: impl FnOnce(&Series) -> Option<T>) -> Option<T> {
        read(&lock(&*self.of(signal)?))
    }

    /// Puts a sample in its place.
    pub fn push(&self, sample: &Sample) -> Pushed {
        let series = match self.of(sample.signal) {
            Some(series) => series,
            None => {
                self.grow(sample.signal.index() + 1);
                match self.of(sample.signal) {
                    Some(series) => series,
                    None => return Pushed::TooLate,
                }
            }
        };
        let (pushed, grown) = lock(&series).push(sample);
        if pushed == Pushed::Added {
            self.n_samples.fetch_add(1, Ordering::Relaxed);
            let bytes = self.bytes.fetch_add(grown, Ordering::Relaxed) + grown;
            if usize::try_from(bytes).unwrap_or(0) > self.budget {
                self.forget_oldest();
            }
        }
        pushed
    }

    /// Lets the oldest blocks go until a fiftieth of the budget is free.
    fn forget_oldest(&self) {
        let all: Vec<Arc<Mutex<Series>>> = self.series.read().unwrap_or_else(PoisonError::into_inner).clone();
        while usize::try_from(self.bytes.load(Ordering::Relaxed)).unwrap_or(0) > self.budget - self.budget / 50 {
            let oldest = all.iter().filter_map(|it| Some((lock(it).oldest_sealed()?, it))).min_by_key(|it| it.0);
            let Some((_, series)) = oldest else { return };
            let mut series = lock(series);
            if let Some(bytes) = series.drop_oldest() {
                self.bytes.fetch_sub(isize::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
                let from = series.span().map_or(i64::MIN, |it| it.0);
                self.forgotten.fetch_max(from, Ordering::Relaxed);
            }
        }
    }

    /// The newest sample of a signal.
    pub fn newest(&self, signal: SignalId) -> Option<Point> {
        self.at(signal, Timestamp::MAX)
    }

    /// The last sample at or before an instant.
    pub fn at(&self, signal: SignalId, at: Timestamp) -> Option<Point> {
        let (at, value) = self.read(signal, |it| it.at(at.as_nanos()))?;
        Some(Point { at: Timestamp::from_nanos(at), value })
    }

    /// The last sample at or before an instant, with its value as it came.
    pub fn sample_at(&self, signal: SignalId, at: Timestamp) -> Option<Sample> {
        self.read(signal, |it| it.sample_at(signal, at.as_nanos()))
    }

    /// The first and the last instant of a signal.
    pub fn span(&self, signal: SignalId) -> Option<(Timestamp, Timestamp)> {
        let (from, to) = self.read(signal, Series::span)?;
        Some((Timestamp::from_nanos(from), Timestamp::from_nanos(to)))
    }

    /// All samples of a span, both ends included.
    pub fn samples(&self, signal: SignalId, from: Timestamp, to: Timestamp) -> Vec<Point> {
        let found = self.read(signal, |it| Some(it.samples(from.as_nanos(), to.as_nanos())));
        let point = |(at, value)| Point { at: Timestamp::from_nanos(at), value };
        found.unwrap_or_default().into_iter().map(point).collect()
    }

    /// What each of `columns` equal parts of a span comes to, exactly; parts without samples are left out. Silence of
    /// more than `max_gap_secs` is marked.
    pub fn plot(
        &self,
        signal: SignalId,
        from: Timestamp,
        to: Timestamp,
        columns: usize,
        max_gap_secs: f64,
    ) -> Vec<Column> {
        let max_gap = (max_gap_secs * 1e9) as i64;
        self.read(signal, |it| Some(it.plot(from.as_nanos(), to.as_nanos(), columns, max_gap))).unwrap_or_default()
    }

    /// Bytes in use.
    pub fn bytes(&self) -> usize {
        usize::try_from(self.bytes.load(Ordering::Relaxed)).unwrap_or(0)
    }

    /// The budget in bytes.
    pub fn budget(&self) -> usize {
        self.budget
    }

    /// Samples taken since the start.
    pub fn n_samples(&self) -> u64 {
        self.n_samples.load(Ordering::Relaxed)
    }

    /// Since when every signal is kept. `None`: nothing came in yet.
    pub fn reaches_back_to(&self) -> Option<Timestamp> {
        let forgotten = self.forgotten.load(Ordering::Relaxed);
        if forgotten != i64::MIN {
            return Some(Timestamp::from_nanos(forgotten));
        }
        let all: Vec<Arc<Mutex<Series>>> = self.series.read().unwrap_or_else(PoisonError::into_inner).clone();
        let first = all.iter().filter_map(|it| Some(lock(it).span()?.0)).min()?;
        Some(Timestamp::from_nanos(first))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIGNAL: SignalId = SignalId(0);

    fn sample(at: i64, value: f64) -> Sample {
        let at = Timestamp::from_nanos(at);
        Sample { signal: SIGNAL, at, received: at, value: value.into() }
    }

    fn filled(values: &[f64]) -> History {
        let history = History::new(1 << 30, 1);
        for (place, value) in values.iter().enumerate() {
            assert_eq!(history.push(&sample(place as i64 * 10, *value)), Pushed::Added);
        }
        history
    }

    #[test]
    fn a_sample_that_comes_twice_is_in_once_and_a_late_one_finds_its_place() {
        let history = filled(&[1.0, 2.0, 3.0]);
        assert_eq!(history.push(&sample(20, 3.0)), Pushed::Duplicate);
        assert_eq!(history.push(&sample(15, 2.5)), Pushed::Added);
        let values: Vec<f64> =
            history.samples(SIGNAL, Timestamp::MIN, Timestamp::MAX).iter().map(|it| it.value).collect();
        assert_eq!(values, [1.0, 2.0, 2.5, 3.0]);
    }

    #[test]
    fn the_budget_holds_and_the_oldest_go_first() {
        let history = History::new(60_000, 1);
        for at in 0..200_000_i64 {
            history.push(&sample(at * 1_000_003, (at as f64).sin()));
        }
        assert!(history.bytes() <= 60_000, "{}", history.bytes());
        assert!(history.reaches_back_to().is_some_and(|it| it > Timestamp::MIN));
        assert_eq!(history.newest(SIGNAL).map(|it| it.value), Some(199_999_f64.sin()));
    }

    #[test]
    fn silence_is_a_gap() {
        let history = filled(&[1.0, 2.0]);
        history.push(&sample(9_000_000_000, 3.0));
        let columns = history.plot(SIGNAL, Timestamp::MIN, Timestamp::from_nanos(10_000_000_000), 100, 3.0);
        assert_eq!(columns.iter().map(|it| it.gap_before).collect::<Vec<_>>(), [false, true]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_was_pushed_comes_back_bit_for_bit(values in prop::collection::vec(any::<f64>(), 1..5_000)) {
            let history = filled(&values);
            let back = history.samples(SIGNAL, Timestamp::MIN, Timestamp::MAX);
            prop_assert_eq!(back.len(), values.len());
            for (got, want) in back.iter().zip(&values) {
                prop_assert_eq!(got.value.to_bits(), want.to_bits());
            }
        }

        #[test]
        fn a_plot_is_exact(
            values in prop::collection::vec(-1e6..1e6_f64, 1..6_000),
            from in 0..30_000_i64,
            span in 1..60_000_i64,
            n in 1..300_usize,
        ) {
            let history = filled(&values);
            let (from, to) = (Timestamp::from_nanos(from), Timestamp::from_nanos(from + span));
            let got = history.plot(SIGNAL, from, to, n, 1e9);
            let mut naive: Vec<Vec<f64>> = vec![Vec::new(); n];
            for point in history.samples(SIGNAL, from, to) {
                let share = (point.at.as_nanos() - from.as_nanos()) as usize * n / span as usize;
                naive[share.min(n - 1)].push(point.value);
            }
            naive.retain(|it| !it.is_empty());
            prop_assert_eq!(got.len(), naive.len());
            for (got, want) in got.iter().zip(&naive) {
                prop_assert_eq!(got.n as usize, want.len());
                prop_assert_eq!(got.min, want.iter().copied().fold(f64::INFINITY, f64::min));
                prop_assert_eq!(got.max, want.iter().copied().fold(f64::NEG_INFINITY, f64::max));
                prop_assert_eq!((got.first, got.last), (want[0], want[want.len() - 1]));
            }
        }
    }
}
