//! How time is cut into columns: powers of two of a nanosecond wide, beginning at multiples of that, whatever is looked at.
//!
//! So the columns of one grid lie whole within those of a coarser one, and who pans or plays meets the same ones again.

use std::ops::Range;

use crate::signal::Timestamp;

/// Columns of one width, by the bits of the nanosecond that are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    shift: u32,
}

impl Grid {
    /// The widest columns of which at least so many lie in a span, ns.
    pub(super) fn new(from: i64, to: i64, columns: usize) -> Self {
        let span = (i128::from(to) - i128::from(from)).max(1);
        let width = (span / columns.max(1) as i128).max(1);
        Self { shift: width.ilog2().min(62) }
    }

    /// In which column an instant lies.
    pub(super) fn index(self, at: i64) -> i64 {
        at >> self.shift
    }

    /// The columns that a span touches, both ends included.
    pub(super) fn range(self, from: i64, to: i64) -> Range<i64> {
        self.index(from)..self.index(to) + 1
    }

    /// When a column begins, ns.
    fn begin(self, index: i64) -> i64 {
        index.saturating_mul(1 << self.shift)
    }

    /// When a column has its middle.
    pub(super) fn middle(self, index: i64) -> Timestamp {
        Timestamp::from_nanos(self.begin(index).saturating_add((1 << self.shift) / 2))
    }
}
