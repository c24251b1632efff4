//! A sealed block: 1,024 samples as compressed columns, with summaries of each 256 and of all.

use pco::ChunkConfig;
use pco::standalone::{simple_compress, simple_decompress};
use tracing::error;

/// Samples in a block.
pub(super) const BLOCK: usize = 1024;
/// Samples that one summary of the pyramid's lowest step stands for.
const CHUNK: usize = 256;
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
    chunks: Box<[Summary]>,
}

impl Block {
    /// Compresses samples in the order of their time. `None`, with a word in the log, where the compressor fails.
    pub(super) fn seal(times: &[i64], values: &[f64]) -> Option<Self> {
        let chunks: Vec<Summary> =
            times.chunks(CHUNK).zip(values.chunks(CHUNK)).filter_map(|(t, v)| Summary::of(t, v)).collect();
        let config = ChunkConfig::default().with_compression_level(LEVEL);
        let compressed = simple_compress(times, &config).and_then(|it| Ok((it, simple_compress(values, &config)?)));
        match compressed {
            Ok((packed_times, packed_values)) => Some(Self {
                times: packed_times.into(),
                values: packed_values.into(),
                whole: Summary::join(&chunks)?,
                chunks: chunks.into(),
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

    /// Of each 256 samples.
    pub(super) fn chunks(&self) -> &[Summary] {
        &self.chunks
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.times.len() + self.values.len() + self.chunks.len() * size_of::<Summary>() + size_of::<Self>()
    }
}

impl Summary {
    fn of(times: &[i64], values: &[f64]) -> Option<Self> {
        Some(Self {
            first_at: *times.first()?,
            last_at: *times.last()?,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            first: *values.first()?,
            last: *values.last()?,
            n: times.len() as u32,
        })
    }

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
        let (first, last) = (parts.first()?, parts.last()?);
        Some(Self {
            first_at: first.first_at,
            last_at: last.last_at,
            min: parts.iter().map(|it| it.min).fold(f64::INFINITY, f64::min),
            max: parts.iter().map(|it| it.max).fold(f64::NEG_INFINITY, f64::max),
            first: first.first,
            last: last.last,
            n: parts.iter().map(|it| it.n).sum(),
        })
    }
}
