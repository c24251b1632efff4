//! The columns of a signal's plots that were gathered before: sealed samples don't change, so they hold.

use std::ops::Range;

use super::grid::Grid;
use super::plot::{Gathering, Part};

/// Grids that are kept for a signal: the plot's, the sparkline's, and those that a zoom has just left.
const GRIDS: usize = 4;
/// Columns that are kept of one.
const COLUMNS: i64 = 16_384;

/// What was gathered of one signal.
#[derive(Debug, Default)]
pub(super) struct Tiles {
    /// The one that was used last stands last.
    runs: Vec<Run>,
}

/// Columns of one grid that stand one after the other.
#[derive(Debug)]
pub(super) struct Run {
    grid: Grid,
    covered: Range<i64>,
    parts: Vec<Part>,
    /// When the last sample before the first part came.
    before: Option<i64>,
}

impl Tiles {
    /// The parts of a range of columns, and when the last sample before them came. What is missing is gathered.
    pub(super) fn parts(
        &mut self,
        grid: Grid,
        wanted: Range<i64>,
        gather: impl Fn(Range<i64>) -> Gathering,
    ) -> (&[Part], Option<i64>) {
        let known = self.runs.iter().position(|it| it.grid == grid).map(|it| self.runs.remove(it));
        if self.runs.len() >= GRIDS {
            self.runs.remove(0);
        }
        let run = match known.filter(|it| it.can_grow_to(&wanted)) {
            Some(mut run) => {
                run.grow_to(&wanted, &gather);
                run
            }
            None => {
                let Gathering { parts, before, .. } = gather(wanted.clone());
                Run { grid, covered: wanted.clone(), parts, before }
            }
        };
        self.runs.push(run);
        self.runs.last().map_or((&[], None), |it| it.parts(&wanted))
    }

    /// Forgets all: the oldest samples have gone.
    pub(super) fn clear(&mut self) {
        self.runs.clear();
    }
}

impl Run {
    /// Whether a range adjoins what is there, and both together are not too much.
    fn can_grow_to(&self, wanted: &Range<i64>) -> bool {
        let (from, to) = (wanted.start.min(self.covered.start), wanted.end.max(self.covered.end));
        wanted.start <= self.covered.end && wanted.end >= self.covered.start && to.saturating_sub(from) <= COLUMNS
    }

    fn grow_to(&mut self, wanted: &Range<i64>, gather: &impl Fn(Range<i64>) -> Gathering) {
        if wanted.start < self.covered.start {
            let Gathering { mut parts, before, .. } = gather(wanted.start..self.covered.start);
            parts.append(&mut self.parts);
            (self.parts, self.before, self.covered.start) = (parts, before, wanted.start);
        }
        if wanted.end > self.covered.end {
            self.parts.append(&mut gather(self.covered.end..wanted.end).parts);
            self.covered.end = wanted.end;
        }
    }

    fn parts(&self, wanted: &Range<i64>) -> (&[Part], Option<i64>) {
        let place = |index: i64| self.parts.partition_point(|it| it.index < index);
        let (begin, end) = (place(wanted.start), place(wanted.end));
        let before = begin.checked_sub(1).map(|it| self.parts[it].sum.last_at).or(self.before);
        (&self.parts[begin..end], before)
    }
}
