//! How much two sessions differ over time: in each column of time the number that differs most, as a share of its range.
//!
//! Pure: `compare` runs it on a thread of its own.

use std::time::Duration;

use super::history::History;
use super::plot::Column;
use crate::signal::{SignalId, Timestamp};
use crate::site::doc::ValueKind;
use crate::site::{Signal, Site};

/// Columns that the common time is cut into: as many as a wide screen has pixels.
const COLUMNS: usize = 2048;
/// A place of greatest difference rises so much above what lies on both sides, as a share of a range.
const RISE: f32 = 0.05;
/// Two such places are at least so many columns apart.
const APART: usize = 12;
/// A number that leads for so many columns after another one did is told, too.
const LEADS: usize = 48;
/// Where a hump of differences has come to this share of its top, its place is.
const NEAR_TOP: f32 = 0.95;
/// A value holds for so many periods of its signal, and for no less than so many seconds; after that nothing is known.
const HOLDS: (f64, f64) = (3.0, 1.5);
/// A signal whose range the site does not tell ranges over no less than this share of its greatest value: what hardly
/// moves would else be nothing but noise.
const LEAST_RANGE: f64 = 0.01;

/// The difference of two sessions over the time that they have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Differences {
    /// Where the common time begins, on the clock of the session that is shown.
    pub from: Timestamp,
    /// Where it ends.
    pub to: Timestamp,
    /// Columns of equal length. `None`: nothing is known in both sessions then.
    pub columns: Vec<Option<Difference>>,
    /// Places to go to, as columns from the left: where the difference is greatest, and where another number takes the
    /// lead for long.
    pub peaks: Vec<usize>,
}

/// What differs most in a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// How much, as a share of the signal's range: 0 to 1.
    pub share: f32,
    /// Which signal.
    pub signal: SignalId,
}

/// Two sessions and how they lie over each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) first: &'a History,
    pub(super) second: &'a History,
    /// Nanoseconds from an instant of the first to that of the second.
    pub(super) offset_nanos: i64,
    /// The common time, on the first's clock.
    pub(super) span: (Timestamp, Timestamp),
}

impl Differences {
    /// Compares all numbers that both have. `go_on` is asked after each signal; `None`: it said no.
    pub(super) fn measure(
        sides: Sides,
        site: &Site,
        common: &[SignalId],
        mut go_on: impl FnMut() -> bool,
    ) -> Option<Self> {
        let mut columns: Vec<Option<Difference>> = vec![None; COLUMNS];
        for signal in common.iter().filter_map(|it| site.signal(*it)).filter(|it| it.is == ValueKind::Number) {
            for (most, share) in columns.iter_mut().zip(shares(sides, signal)) {
                if let Some(share) = share
                    && most.is_none_or(|it| share > it.share)
                {
                    *most = Some(Difference { share, signal: signal.id });
                }
            }
            if !go_on() {
                return None;
            }
        }
        let heights: Vec<f32> = columns.iter().map(|it| it.map_or(0.0, |it| it.share)).collect();
        let leaders: Vec<_> = columns.iter().map(|it| it.filter(|it| it.share >= RISE).map(|it| it.signal)).collect();
        let mut found = humps(&heights, RISE);
        found.extend(leads(&leaders, LEADS));
        Some(Self { from: sides.span.0, to: sides.span.1, columns, peaks: thinned(found, &heights, APART) })
    }

    fn place(&self, at: Timestamp) -> f64 {
        at.secs_since(self.from) / self.to.secs_since(self.from).max(1e-9) * self.columns.len() as f64
    }

    /// What differs most at an instant.
    pub fn at(&self, at: Timestamp) -> Option<Difference> {
        let place = self.place(at);
        if place < 0.0 { None } else { *self.columns.get(place as usize)? }
    }

    /// How much they differ at most between two instants. `None`: nothing is known then.
    pub fn most_between(&self, from: Timestamp, to: Timestamp) -> Option<f32> {
        let (from, to) = (self.place(from), self.place(to));
        if to < 0.0 {
            return None;
        }
        // At least the column in which it lies.
        let (first, last) = (from.max(0.0) as usize, to.ceil() as usize);
        let columns = self.columns.get(first..last.max(first + 1).min(self.columns.len()))?;
        columns.iter().flatten().map(|it| it.share).reduce(f32::max)
    }

    /// The middle of a column.
    pub fn instant(&self, column: usize) -> Timestamp {
        let nanos = self.to.as_nanos().saturating_sub(self.from.as_nanos());
        let share = (column as f64 + 0.5) / self.columns.len().max(1) as f64;
        Timestamp::from_nanos(self.from.as_nanos() + (nanos as f64 * share) as i64)
    }

    /// The place of greatest difference after an instant, or before it, with the signal that differs most there.
    pub fn peak(&self, from: Timestamp, forward: bool) -> Option<(Timestamp, SignalId)> {
        let mut all = self.peaks.iter().map(|it| (self.instant(*it), *it));
        let found = if forward { all.find(|it| it.0 > from) } else { all.rfind(|it| it.0 < from) };
        let (at, column) = found?;
        Some((at, self.columns[column]?.signal))
    }
}

/// How much one signal differs in each column, as a share of its range. `None`: not known in both.
fn shares(sides: Sides, signal: &Signal) -> Vec<Option<f32>> {
    let (from, to) = sides.span;
    let there = |it: Timestamp| Timestamp::from_nanos(it.as_nanos().saturating_add(sides.offset_nanos));
    let first = held(sides.first, signal, (from, to));
    let second = held(sides.second, signal, (there(from), there(to)));
    let range = range_of(signal, first.iter().chain(&second).flatten());
    let both = first.into_iter().zip(second);
    both.map(|(a, b)| Some((distance(a?, b?) / range).min(1.0) as f32).filter(|it| it.is_finite())).collect()
}

/// How far two ranges of values are apart. What overlaps does not differ.
fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    (b.0 - a.1).max(a.0 - b.1).max(0.0)
}

/// What a difference is measured by: the range that the site tells, else that of all values there were.
fn range_of<'a>(signal: &Signal, values: impl Iterator<Item = &'a (f64, f64)>) -> f64 {
    if let Some((low, high)) = signal.range.filter(|it| it.1 > it.0) {
        return high - low;
    }
    let finite = values.filter(|it| it.0.is_finite() && it.1.is_finite());
    let (low, high) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it.0), high.max(it.1)));
    if low > high {
        return 1.0;
    }
    (high - low).max(low.abs().max(high.abs()) * LEAST_RANGE).max(1e-9)
}

/// The least and the greatest value of a signal in each column: of what came in it, and of what held from before.
fn held(history: &History, signal: &Signal, (from, to): (Timestamp, Timestamp)) -> Vec<Option<(f64, f64)>> {
    let holds_secs = (signal.period * HOLDS.0).max(HOLDS.1);
    let before = history.at(signal.id, from - Duration::from_nanos(1));
    let before = before.filter(|it| from.secs_since(it.at) <= holds_secs).map(|it| it.value);
    let nanos = i128::from(to.as_nanos()) - i128::from(from.as_nanos()) + 1;
    let index = |at: Timestamp| {
        let since = i128::from(at.as_nanos()) - i128::from(from.as_nanos());
        usize::try_from(since * COLUMNS as i128 / nanos).unwrap_or(0).min(COLUMNS - 1)
    };
    let columns = history.plot(signal.id, from, to, COLUMNS, holds_secs);
    let holds = (holds_secs * 1e9 / nanos as f64 * COLUMNS as f64).ceil() as usize;
    hold(&columns, before, index, holds)
}

/// Values hold from one column to the next, but through no gap, and for so many columns at the end.
fn hold(
    columns: &[Column],
    before: Option<f64>,
    index: impl Fn(Timestamp) -> usize,
    holds: usize,
) -> Vec<Option<(f64, f64)>> {
    let mut all: Vec<Option<(f64, f64)>> = vec![None; COLUMNS];
    let mut next = 0;
    let mut value = before;
    for column in columns {
        let at = index(column.at);
        if column.gap_before {
            value = None;
        }
        let carried = value.map(|it| (it, it));
        all[next.min(at)..at].fill(carried);
        // The history's columns are narrower than these: more than one may lie in one.
        let so_far = if next > at { all[at] } else { carried };
        let (low, high) = so_far.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
        all[at] = Some((column.min.min(low), column.max.max(high)));
        value = Some(column.last);
        next = at + 1;
    }
    let end = (next + holds).min(COLUMNS);
    all[next.min(end)..end].fill(value.map(|it| (it, it)));
    all
}

/// Where a difference is greatest: where it has risen by at least `rise` above what lies before, and falls by as much
/// after. Of a hump that stays high, where it has come up to its top.
fn humps(heights: &[f32], rise: f32) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    let place = |begin: usize, top: usize| {
        let near = |it: &usize| heights[*it] >= heights[top] * NEAR_TOP;
        (begin..=top).find(near).unwrap_or(top)
    };
    // Where the hump under way began to rise, and its top so far; between humps, the lowest since the last.
    let mut hump: Option<(usize, usize)> = None;
    let mut low = 0.0_f32;
    for (at, &height) in heights.iter().enumerate() {
        match hump {
            None if height >= low + rise => hump = Some((at, at)),
            None => low = low.min(height),
            Some((begin, top)) if height > heights[top] => hump = Some((begin, at)),
            Some((begin, top)) if height <= heights[top] - rise => {
                found.push(place(begin, top));
                hump = None;
                low = height;
            }
            Some(_) => (),
        }
    }
    found.extend(hump.map(|(begin, top)| place(begin, top)));
    found
}

/// Where one that leads takes over from another, and leads for at least so many columns.
fn leads<T: Copy + PartialEq>(leaders: &[Option<T>], least: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut before: Option<T> = None;
    for run in leaders.chunk_by(|a, b| a == b) {
        if let Some(leader) = run[0].filter(|_| run.len() >= least) {
            if before.is_some_and(|it| it != leader) {
                found.push(at);
            }
            before = Some(leader);
        }
        at += run.len();
    }
    found
}

/// Of places that are less than `apart` columns apart the one with the greatest height, in their order.
fn thinned(mut found: Vec<usize>, heights: &[f32], apart: usize) -> Vec<usize> {
    found.sort_by(|a, b| heights[*b].total_cmp(&heights[*a]).then(a.cmp(b)));
    let mut kept: Vec<usize> = Vec::new();
    for at in found {
        if kept.iter().all(|it| it.abs_diff(at) >= apart) {
            kept.push(at);
        }
    }
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests_support::site;
    use crate::signal::Sample;

    #[track_caller]
    fn check_peaks(heights: &[f32], apart: usize, want: &[usize]) {
        assert_eq!(thinned(humps(heights, 0.05), heights, apart), want);
    }

    #[test]
    fn a_peak_rises_above_both_sides() {
        check_peaks(&[0.0, 0.5, 0.0, 0.0, 0.8, 0.1], 1, &[1, 4]);
        check_peaks(&[0.0, 0.02, 0.04, 0.0], 1, &[]);
        // Noise on a hump makes no peaks of its own.
        check_peaks(&[0.0, 0.5, 0.48, 0.52, 0.49, 0.0], 1, &[1]);
        // One that holds counts once, where it has come up.
        check_peaks(&[0.0, 0.3, 0.9, 0.92, 0.93, 0.9, 0.0], 1, &[2]);
        // At either end, too.
        check_peaks(&[0.7, 0.7, 0.1], 1, &[0]);
        check_peaks(&[0.0, 0.1, 0.7], 1, &[2]);
        check_peaks(&[], 1, &[]);
    }

    #[test]
    fn of_two_peaks_that_are_near_the_greater_counts() {
        let heights = [0.0, 0.5, 0.0, 0.9, 0.0, 0.0, 0.0, 0.6, 0.0];
        check_peaks(&heights, 3, &[3, 7]);
        check_peaks(&heights, 5, &[3]);
        check_peaks(&heights, 1, &[1, 3, 7]);
    }

    #[test]
    fn a_number_that_takes_the_lead_for_long_is_told() {
        let check = |names: &str, want: &[usize]| {
            let leaders: Vec<Option<char>> = names.chars().map(|it| (it != ' ').then_some(it)).collect();
            assert_eq!(leads(&leaders, 3), want, "{names:?}");
        };
        check("   aaaabbbb", &[7]);
        // One that leads for a moment takes nothing over.
        check("aaaabaaaabbaaa", &[]);
        check("aaaababbb", &[6]);
        // The same again after a quiet time is a hump, if anything.
        check("aaa    aaa  bbb", &[12]);
        check("", &[]);
    }

    const BEGAN: i64 = 1_800_000_000;

    fn at(secs: f64) -> Timestamp {
        Timestamp::from_nanos(BEGAN * 1_000_000_000 + (secs * 1e9) as i64)
    }

    /// A hundred seconds of two signals, one sample a second, from an instant on.
    fn history(from: f64, value: impl Fn(u32, f64) -> f64) -> History {
        let history = History::new(usize::MAX, 2);
        for second in 0..100 {
            for signal in 0..2 {
                let secs = f64::from(second);
                let at = at(from + secs);
                let value = value(signal, secs).into();
                history.push(&Sample { signal: SignalId(signal), at, received: at, value });
            }
        }
        history
    }

    #[test]
    fn the_number_that_differs_most_is_named_and_found() {
        let site = site(&[("a", None, None, ValueKind::Number), ("b", None, None, ValueKind::Number)]);
        let first = history(0.0, |signal, _| if signal == 0 { 10.0 } else { 100.0 });
        // An hour later: the first signal is off from 30 s to 50 s, the second by little at 80 s.
        let second = history(3_600.0, |signal, secs| match signal {
            0 if (30.0..50.0).contains(&secs) => 0.0,
            1 if (80.0..82.0).contains(&secs) => 50.0,
            0 => 10.0,
            _ => 100.0,
        });
        let offset_nanos = 3_600 * 1_000_000_000;
        let sides = Sides { first: &first, second: &second, offset_nanos, span: (at(0.0), at(99.0)) };
        let common = [SignalId(0), SignalId(1)];
        let found = Differences::measure(sides, &site, &common, || true).unwrap();
        let most = |secs| found.at(at(secs)).map(|it| (it.share, it.signal.0));
        assert_eq!(most(40.0), Some((1.0, 0)));
        assert_eq!(most(20.0).map(|it| it.0), Some(0.0));
        assert_eq!(most(81.0).map(|it| it.1), Some(1));
        assert_eq!((most(-1.0), most(200.0)), (None, None));
        let peaks: Vec<(f64, u32)> = found
            .peaks
            .iter()
            .map(|it| (found.instant(*it).secs_since(at(0.0)).round(), found.columns[*it].unwrap().signal.0))
            .collect();
        assert_eq!(peaks, [(30.0, 0), (80.0, 1)]);
        assert_eq!(found.peak(at(0.0), true).map(|it| it.1), Some(SignalId(0)));
        let (second, _) = found.peak(at(60.0), true).unwrap();
        assert_eq!(found.peak(second, true), None);
        assert_eq!(found.peak(second, false).map(|it| it.1), Some(SignalId(0)));
        assert_eq!(found.most_between(at(0.0), at(29.0)), Some(0.0));
        assert_eq!(found.most_between(at(28.0), at(32.0)), Some(1.0));
        assert_eq!(found.most_between(at(-20.0), at(-10.0)), None);
        assert_eq!(Differences::measure(sides, &site, &common, || false), None);
    }

    #[test]
    fn what_is_silent_in_one_session_does_not_differ() {
        let site = site(&[("a", None, None, ValueKind::Number)]);
        let first = history(0.0, |_, _| 10.0);
        let second = History::new(usize::MAX, 1);
        for secs in [0.0, 1.0, 2.0, 60.0, 61.0] {
            let at = at(secs);
            second.push(&Sample { signal: SignalId(0), at, received: at, value: 5.0.into() });
        }
        let sides = Sides { first: &first, second: &second, offset_nanos: 0, span: (at(0.0), at(99.0)) };
        let found = Differences::measure(sides, &site, &[SignalId(0)], || true).unwrap();
        assert!(found.at(at(1.5)).is_some() && found.at(at(60.5)).is_some());
        assert_eq!((found.at(at(30.0)), found.at(at(90.0))), (None, None));
    }
}
