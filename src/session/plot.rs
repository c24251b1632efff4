//! From samples to the columns of pixels of a plot: exact in each, at the cost of the pixels.

use std::ops::Range;

use super::block::Summary;
use super::grid::Grid;
use crate::signal::Timestamp;

/// What one column of a plot shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// The column's middle.
    pub at: Timestamp,
    /// The least value in it.
    pub min: f64,
    /// The greatest value in it.
    pub max: f64,
    /// The earliest value in it.
    pub first: f64,
    /// The latest value in it.
    pub last: f64,
    /// Samples in it; columns without any are left out.
    pub n: u32,
    /// Nothing came for longer than is allowed since the sample before: no line leads here.
    pub gap_before: bool,
}

/// The samples of one column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    /// Which column, counted from 1970 on.
    pub(super) index: i64,
    /// What they come to.
    pub(super) sum: Summary,
}

/// Gathers parts. Samples must come in the order of their time.
#[derive(Debug)]
pub(super) struct Gathering {
    grid: Grid,
    wanted: Range<i64>,
    /// Nothing that is later is taken, ns.
    until: i64,
    /// One a column.
    pub(super) parts: Vec<Part>,
    /// When the last sample before the first part came. `None`: there is none.
    pub(super) before: Option<i64>,
}

impl Gathering {
    pub(super) fn new(grid: Grid, wanted: Range<i64>, until: i64) -> Self {
        Self { grid, wanted, until, parts: Vec::new(), before: None }
    }

    /// Takes samples together, if they lie in one column or outside of all.
    pub(super) fn take_summary(&mut self, summary: &Summary) -> bool {
        let (first, last) = (self.grid.index(summary.first_at), self.grid.index(summary.last_at));
        if last < self.wanted.start {
            self.before = Some(summary.last_at);
        } else if first == last && self.wanted.contains(&first) && summary.last_at <= self.until {
            self.add(first, summary);
        } else if first < self.wanted.end && summary.first_at <= self.until {
            return false;
        }
        true
    }

    /// Takes samples one by one.
    pub(super) fn take_points(&mut self, times: &[i64], values: &[f64]) {
        let begin = times.partition_point(|&it| self.grid.index(it) < self.wanted.start);
        let end = times.partition_point(|&it| self.grid.index(it) < self.wanted.end && it <= self.until);
        if let Some(before) = begin.checked_sub(1) {
            self.before = Some(times[before]);
        }
        for (&time, &value) in times.iter().zip(values).take(end).skip(begin) {
            self.add(self.grid.index(time), &Summary::one(time, value));
        }
    }

    fn add(&mut self, index: i64, sum: &Summary) {
        match self.parts.last_mut().filter(|it| it.index == index) {
            Some(part) => part.sum.append(sum),
            None => self.parts.push(Part { index, sum: *sum }),
        }
    }
}

/// What is drawn of parts that stand one after the other. A sample that comes more than `max_gap` ns after the one
/// before begins a new line.
pub(super) fn columns(grid: Grid, parts: &[Part], before: Option<i64>, max_gap: i64) -> Vec<Column> {
    let mut before = before;
    let mut column = |part: &Part| {
        let sum = &part.sum;
        let gap_before = before.replace(sum.last_at).is_some_and(|it| sum.first_at.saturating_sub(it) > max_gap);
        Column {
            at: grid.middle(part.index),
            min: sum.min,
            max: sum.max,
            first: sum.first,
            last: sum.last,
            n: sum.n,
            gap_before,
        }
    };
    parts.iter().map(&mut column).collect()
}
