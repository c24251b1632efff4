//! One signal's samples: a hot tail, sealed blocks before it, and a min/max pyramid over both.

use std::sync::Arc;

use pco::ChunkConfig;
use pco::standalone::{simple_compress, simple_decompress};

use super::history::Column;
use crate::signal::{Sample, SignalId, Timestamp, Value};

/// Samples in a sealed block.
pub(super) const BLOCK: usize = 1024;
/// Samples in a cell of the pyramid.
const CELL: usize = 256;
/// Fast, and within a few percent of the smallest.
const LEVEL: usize = 2;
/// Bytes of a raw sample: its time and its value.
const RAW: usize = 16;

/// What a span of samples comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    from: i64,
    to: i64,
    min: f64,
    max: f64,
    first: f64,
    last: f64,
    n: u32,
}

#[derive(Debug)]
struct Block {
    times: Box<[u8]>,
    values: Box<[u8]>,
    cells: Vec<Cell>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Flag,
    Text,
}

/// One signal's samples in the order of their time.
#[derive(Debug)]
pub(super) struct Series {
    blocks: std::collections::VecDeque<Block>,
    times: Vec<i64>,
    values: Vec<f64>,
    kind: Kind,
    texts: Vec<Arc<str>>,
    /// When the newest sample arrived.
    received: Timestamp,
}

/// What became of a pushed sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It is in.
    Added,
    /// The same sample was there already (a broker that sent it again).
    Duplicate,
    /// Older than what is sealed: it can't be put in its place any more.
    TooLate,
}

impl Cell {
    fn of(times: &[i64], values: &[f64]) -> Self {
        let bounds = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |it, v| (it.0.min(*v), it.1.max(*v)));
        Self {
            from: times.first().copied().unwrap_or(0),
            to: times.last().copied().unwrap_or(0),
            min: bounds.0,
            max: bounds.1,
            first: values.first().copied().unwrap_or(f64::NAN),
            last: values.last().copied().unwrap_or(f64::NAN),
            n: values.len() as u32,
        }
    }
}

impl Block {
    fn seal(times: &[i64], values: &[f64]) -> Option<Self> {
        let config = ChunkConfig::default().with_compression_level(LEVEL);
        Some(Self {
            times: simple_compress(times, &config).ok()?.into(),
            values: simple_compress(values, &config).ok()?.into(),
            cells: times.chunks(CELL).zip(values.chunks(CELL)).map(|it| Cell::of(it.0, it.1)).collect(),
        })
    }

    fn open(&self) -> (Vec<i64>, Vec<f64>) {
        // What was sealed by this process opens again; if memory is broken, the block counts as empty.
        (simple_decompress(&self.times).unwrap_or_default(), simple_decompress(&self.values).unwrap_or_default())
    }

    fn bytes(&self) -> usize {
        self.times.len() + self.values.len() + self.cells.len() * size_of::<Cell>() + size_of::<Self>()
    }

    fn from(&self) -> i64 {
        self.cells.first().map_or(i64::MIN, |it| it.from)
    }

    fn to(&self) -> i64 {
        self.cells.last().map_or(i64::MIN, |it| it.to)
    }
}

impl Default for Series {
    fn default() -> Self {
        Self {
            blocks: std::collections::VecDeque::new(),
            times: Vec::new(),
            values: Vec::new(),
            kind: Kind::Number,
            texts: Vec::new(),
            received: Timestamp::MIN,
        }
    }
}

impl Series {
    /// Puts a sample in its place. Returns what became of it and by how many bytes the series grew.
    pub(super) fn push(&mut self, sample: &Sample) -> (Pushed, isize) {
        let (kind, value) = match &sample.value {
            Value::Number(number) => (Kind::Number, *number),
            Value::Flag(flag) => (Kind::Flag, f64::from(u8::from(*flag))),
            Value::Text(text) => (Kind::Text, self.intern(text)),
        };
        self.kind = kind;
        self.received = self.received.max(sample.received);
        let at = sample.at.as_nanos();
        let place = match self.times.last() {
            Some(last) if at <= *last => self.times.partition_point(|it| *it <= at),
            _ => self.times.len(),
        };
        if place > 0 && self.times[place - 1] == at && self.values[place - 1].to_bits() == value.to_bits() {
            return (Pushed::Duplicate, 0);
        }
        if place == 0 && self.blocks.back().is_some_and(|it| at <= it.to()) {
            return (Pushed::TooLate, 0);
        }
        self.times.insert(place, at);
        self.values.insert(place, value);
        let mut grown = RAW as isize;
        // A second block's worth stays hot, so that what comes late finds its place.
        if self.times.len() >= 2 * BLOCK
            && let Some(block) = Block::seal(&self.times[..BLOCK], &self.values[..BLOCK])
        {
            grown += block.bytes() as isize - (BLOCK * RAW) as isize;
            self.blocks.push_back(block);
            self.times.drain(..BLOCK);
            self.values.drain(..BLOCK);
        }
        (Pushed::Added, grown)
    }

    fn intern(&mut self, text: &Arc<str>) -> f64 {
        if let Some(known) = self.texts.iter().position(|it| it == text) {
            return known as f64;
        }
        self.texts.push(Arc::clone(text));
        (self.texts.len() - 1) as f64
    }

    /// The first and the last instant.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        let from = self.blocks.front().map(Block::from).or_else(|| self.times.first().copied())?;
        let to = self.times.last().copied().or_else(|| self.blocks.back().map(Block::to))?;
        Some((from, to))
    }

    /// Lets the oldest block go. Returns its bytes, or none if nothing is sealed.
    pub(super) fn drop_oldest(&mut self) -> Option<usize> {
        self.blocks.pop_front().map(|it| it.bytes())
    }

    /// When the oldest sealed block begins.
    pub(super) fn oldest_sealed(&self) -> Option<i64> {
        self.blocks.front().map(Block::from)
    }

    /// The last sample at or before an instant: its time and raw value.
    pub(super) fn at(&self, at: i64) -> Option<(i64, f64)> {
        let hot = self.times.partition_point(|it| *it <= at);
        if hot > 0 {
            return Some((self.times[hot - 1], self.values[hot - 1]));
        }
        let block = self.blocks.partition_point(|it| it.from() <= at);
        let (times, values) = self.blocks.get(block.checked_sub(1)?)?.open();
        let place = times.partition_point(|it| *it <= at);
        Some((*times.get(place.checked_sub(1)?)?, *values.get(place - 1)?))
    }

    /// The last sample at or before an instant, as it came.
    pub(super) fn sample_at(&self, signal: SignalId, at: i64) -> Option<Sample> {
        let (found, value) = self.at(at)?;
        let value = match self.kind {
            Kind::Number => Value::Number(value),
            Kind::Flag => Value::Flag(value != 0.0),
            Kind::Text => Value::Text(Arc::clone(self.texts.get(value as usize)?)),
        };
        let newest = self.times.last() == Some(&found);
        let found = Timestamp::from_nanos(found);
        Some(Sample { signal, at: found, received: if newest { self.received } else { found }, value })
    }

    /// All samples from one instant up to another, both included.
    pub(super) fn samples(&self, from: i64, to: i64) -> Vec<(i64, f64)> {
        let mut found = Vec::new();
        let mut take = |times: &[i64], values: &[f64]| {
            let all = times.iter().copied().zip(values.iter().copied());
            found.extend(all.filter(|it| (from..=to).contains(&it.0)));
        };
        for block in self.blocks.iter().filter(|it| it.to() >= from && it.from() <= to) {
            let (times, values) = block.open();
            take(&times, &values);
        }
        take(&self.times, &self.values);
        found
    }

    /// What each of `columns` equal parts of a span comes to, exactly. Costs what the columns cost: a cell of the
    /// pyramid that lies in one column is taken whole.
    pub(super) fn plot(&self, from: i64, to: i64, columns: usize, max_gap: i64) -> Vec<Column> {
        if columns == 0 || to <= from {
            return Vec::new();
        }
        let mut bins = Bins { from, to, cells: vec![None; columns] };
        for block in self.blocks.iter().filter(|it| it.to() >= from && it.from() <= to) {
            if block.cells.iter().all(|it| bins.take_whole(it)) {
                continue;
            }
            let (times, values) = block.open();
            let rows = times.chunks(CELL).zip(values.chunks(CELL));
            for (cell, (times, values)) in block.cells.iter().zip(rows) {
                if !bins.holds_whole(cell) {
                    bins.take_each(times, values);
                } else {
                    bins.take(cell);
                }
            }
        }
        bins.take_each(&self.times, &self.values);
        bins.columns(max_gap)
    }
}

struct Bins {
    from: i64,
    to: i64,
    cells: Vec<Option<Cell>>,
}

impl Bins {
    fn column_of(&self, at: i64) -> Option<usize> {
        if at < self.from || at > self.to {
            return None;
        }
        let share = i128::from(at - self.from) * self.cells.len() as i128 / i128::from(self.to - self.from);
        Some((share as usize).min(self.cells.len() - 1))
    }

    fn holds_whole(&self, cell: &Cell) -> bool {
        let (from, to) = (self.column_of(cell.from), self.column_of(cell.to));
        from.is_some() && from == to
    }

    /// Takes a cell if it needs no closer look: it lies in one column. Outside of the span nothing is to be taken.
    fn take_whole(&self, cell: &Cell) -> bool {
        cell.to < self.from || cell.from > self.to
    }

    fn take(&mut self, cell: &Cell) {
        let Some(column) = self.column_of(cell.from) else { return };
        let merged = match &self.cells[column] {
            None => *cell,
            Some(known) => Cell {
                from: known.from.min(cell.from),
                to: known.to.max(cell.to),
                min: known.min.min(cell.min),
                max: known.max.max(cell.max),
                first: known.first,
                last: cell.last,
                n: known.n + cell.n,
            },
        };
        self.cells[column] = Some(merged);
    }

    fn take_each(&mut self, times: &[i64], values: &[f64]) {
        let inside = times.partition_point(|it| *it < self.from)..times.partition_point(|it| *it <= self.to);
        for (at, value) in times[inside.clone()].iter().zip(&values[inside]) {
            self.take(&Cell { from: *at, to: *at, min: *value, max: *value, first: *value, last: *value, n: 1 });
        }
    }

    fn columns(&self, max_gap: i64) -> Vec<Column> {
        let mut before: Option<i64> = None;
        let mut columns = Vec::new();
        for cell in self.cells.iter().flatten() {
            let gap_before = before.is_some_and(|it| cell.from - it > max_gap);
            before = Some(cell.to);
            columns.push(Column {
                at: Timestamp::from_nanos(cell.from + (cell.to - cell.from) / 2),
                min: cell.min,
                max: cell.max,
                first: cell.first,
                last: cell.last,
                n: cell.n,
                gap_before,
            });
        }
        columns
    }
}
