//! A sealed block: 1,024 samples as compressed columns, with summaries of a few cells of time and of all.

use pco::ChunkConfig;
use pco::standalone::{simple_compress, simple_decompress};
use tracing::error;

use super::grid::Grid;

/// Samples in a block.
pub(super) const BLOCK: usize = 1024;
/// A block is summed up in at least so many cells, and about twice as many at most. They lie on a [`Grid`]: a plot whose
/// columns are as wide or wider opens no block.
const CELLS: usize = 4;
/// pco's level: 2 compresses nearly as well as 8, at several times its speed.
const LEVEL: usize = 2;

/// What a run of samples comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Summary {
    pub(super) first_at: i64,
    pub(super) last_at: i64,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) first: f64,
    pub(super) last: f64,
    pub(super) n: u32,
}

/// Compressed samples.
#[derive(Debug)]
pub(super) struct Block {
    times: Box<[u8]>,
    values: Box<[u8]>,
    whole: Summary,
    cells: Box<[Summary]>,
}

impl Block {
    /// Compresses samples in the order of their time. `None`, with a word in the log, where the compressor fails.
    pub(super) fn seal(times: &[i64], values: &[f64]) -> Option<Self> {
        let cells = cells(times, values);
        let config = ChunkConfig::default().with_compression_level(LEVEL);
        let compressed = simple_compress(times, &config).and_then(|it| Ok((it, simple_compress(values, &config)?)));
        match compressed {
            Ok((packed_times, packed_values)) => Some(Self {
                times: packed_times.into(),
                values: packed_values.into(),
                whole: Summary::join(&cells)?,
                cells: cells.into(),
            }),
            Err(error) => {
                error!("a block of the history could not be compressed: {error}");
                None
            }
        }
    }

    /// Times and values.
    pub(super) fn open(&self) -> (Vec<i64>, Vec<f64>) {
        match simple_decompress(&self.times).and_then(|it| Ok((it, simple_decompress(&self.values)?))) {
            Ok(both) => both,
            Err(error) => {
                error!("a block of the history could not be read: {error}");
                (Vec::new(), Vec::new())
            }
        }
    }

    /// Of the whole block.
    pub(super) fn summary(&self) -> Summary {
        self.whole
    }

    /// Of each cell, in the order of their time.
    pub(super) fn cells(&self) -> &[Summary] {
        &self.cells
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.times.len() + self.values.len() + self.cells.len() * size_of::<Summary>() + size_of::<Self>()
    }
}

/// Samples by cells of time.
fn cells(times: &[i64], values: &[f64]) -> Vec<Summary> {
    let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return Vec::new() };
    let grid = Grid::new(first, last, CELLS);
    let mut cells: Vec<(i64, Summary)> = Vec::with_capacity(2 * CELLS + 1);
    for (&time, &value) in times.iter().zip(values) {
        let (index, one) = (grid.index(time), Summary::one(time, value));
        match cells.last_mut().filter(|it| it.0 == index) {
            Some((_, cell)) => cell.append(&one),
            None => cells.push((index, one)),
        }
    }
    cells.into_iter().map(|it| it.1).collect()
}

impl Summary {
    /// Of one sample.
    pub(super) fn one(at: i64, value: f64) -> Self {
        Self { first_at: at, last_at: at, min: value, max: value, first: value, last: value, n: 1 }
    }

    /// Adds samples that came after these.
    pub(super) fn append(&mut self, next: &Self) {
        self.last_at = next.last_at;
        self.min = self.min.min(next.min);
        self.max = self.max.max(next.max);
        self.last = next.last;
        self.n += next.n;
    }

    fn join(parts: &[Self]) -> Option<Self> {
        let (first, rest) = parts.split_first()?;
        let mut whole = *first;
        rest.iter().for_each(|it| whole.append(it));
        Some(whole)
    }
}
