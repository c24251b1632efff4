//! From samples to the columns of pixels of a plot: exact in each, at the cost of the pixels.

use super::block::Summary;
use crate::signal::Timestamp;

/// What one column of pixels shows.
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

/// Gathers columns. Samples must come in the order of their time.
pub(super) struct Plotter {
    from: i64,
    to: i64,
    n_columns: i128,
    max_gap: i64,
    columns: Vec<Column>,
    /// The column under way, and where it begins.
    index: Option<i128>,
    last_at: Option<i64>,
}

impl Plotter {
    pub(super) fn new(from: i64, to: i64, columns: usize, max_gap: i64) -> Self {
        let n_columns = columns.max(1) as i128;
        Self { from, to, n_columns, max_gap, columns: Vec::with_capacity(columns), index: None, last_at: None }
    }

    /// Tells of the last sample before the span.
    pub(super) fn begin_after(&mut self, at: Option<i64>) {
        self.last_at = at;
    }

    /// The column in which an instant lies, if it lies in the span.
    fn index(&self, at: i64) -> Option<i128> {
        if at < self.from || at > self.to {
            return None;
        }
        let width = i128::from(self.to) - i128::from(self.from) + 1;
        Some((i128::from(at) - i128::from(self.from)) * self.n_columns / width)
    }

    /// Whether a summary lies within one column, or outside of the span.
    pub(super) fn fits(&self, summary: &Summary) -> bool {
        if summary.last_at < self.from || summary.first_at > self.to {
            return true;
        }
        let (first, last) = (self.index(summary.first_at), self.index(summary.last_at));
        first.is_some() && first == last
    }

    /// Takes a summary if it fits.
    pub(super) fn take_summary(&mut self, summary: &Summary) -> bool {
        if !self.fits(summary) {
            return false;
        }
        match self.index(summary.first_at) {
            Some(index) => self.add(index, summary),
            None if summary.last_at < self.from => self.last_at = Some(summary.last_at),
            None => (),
        }
        true
    }

    /// Takes samples one by one.
    pub(super) fn take_points(&mut self, times: &[i64], values: &[f64]) {
        let begin = times.partition_point(|&it| it < self.from);
        let end = times.partition_point(|&it| it <= self.to);
        if let Some(before) = begin.checked_sub(1) {
            self.last_at = Some(times[before]);
        }
        for (&time, &value) in times.iter().zip(values).take(end).skip(begin) {
            if let Some(index) = self.index(time) {
                let one =
                    Summary { first_at: time, last_at: time, min: value, max: value, first: value, last: value, n: 1 };
                self.add(index, &one);
            }
        }
    }

    fn add(&mut self, index: i128, part: &Summary) {
        if self.index == Some(index)
            && let Some(column) = self.columns.last_mut()
        {
            column.min = column.min.min(part.min);
            column.max = column.max.max(part.max);
            column.last = part.last;
            column.n += part.n;
        } else {
            let width = i128::from(self.to) - i128::from(self.from) + 1;
            let middle = i128::from(self.from) + width * (2 * index + 1) / (2 * self.n_columns);
            self.columns.push(Column {
                at: Timestamp::from_nanos(middle as i64),
                min: part.min,
                max: part.max,
                first: part.first,
                last: part.last,
                n: part.n,
                gap_before: self.last_at.is_some_and(|it| part.first_at.saturating_sub(it) > self.max_gap),
            });
            self.index = Some(index);
        }
        self.last_at = Some(part.last_at);
    }

    pub(super) fn finish(self) -> Vec<Column> {
        self.columns
    }
}
