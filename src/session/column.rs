//! The samples of one signal in the order of their time: a raw hot end, and sealed blocks before it.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use super::block::{BLOCK, Block};
use super::grid::Grid;
use super::history::Point;
use super::plot::{Column, Gathering, columns};
use super::tiles::Tiles;
use crate::signal::{Timestamp, Value};

/// So many of the newest samples stay raw when a block is sealed: late ones find their place among them.
pub(super) const KEPT_HOT: usize = 256;

/// What became of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It is the newest.
    Appended,
    /// It came late and found its place.
    Inserted,
    /// The same value at the same time is there already.
    Duplicate,
    /// It is older than what is still open, and was not kept.
    TooLate,
}

/// Which kind of value the numbers stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    #[default]
    Number,
    Flag,
    Text,
}

/// One signal's samples.
#[derive(Debug, Default)]
pub(super) struct SignalColumn {
    blocks: VecDeque<Block>,
    pub(super) hot_times: Vec<i64>,
    pub(super) hot_values: Vec<f64>,
    kind: Kind,
    texts: Vec<Arc<str>>,
    text_numbers: HashMap<Arc<str>, u32>,
    texts_bytes: usize,
    tiles: Tiles,
}

/// A block that was just sealed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sealed {
    /// The time of its first sample, ns.
    pub(super) first_at: i64,
    /// Its size in memory.
    pub(super) bytes: usize,
}

impl SignalColumn {
    /// Adds a sample.
    pub(super) fn push(&mut self, at: Timestamp, value: &Value) -> Pushed {
        let number = self.number(value);
        let time = at.as_nanos();
        let newest = self.newest();
        match newest.map_or(Ordering::Greater, |it| at.cmp(&it.at)) {
            Ordering::Greater => {
                self.reserve();
                self.hot_times.push(time);
                self.hot_values.push(number);
                Pushed::Appended
            }
            Ordering::Equal | Ordering::Less => self.insert(time, number),
        }
    }

    /// Grows the raw end to what it will hold, and not to twice that.
    fn reserve(&mut self) {
        let len = self.hot_times.len();
        if len == self.hot_times.capacity() && len < BLOCK + KEPT_HOT {
            let more = (len.max(16)).min(BLOCK + KEPT_HOT - len);
            self.hot_times.reserve_exact(more);
            self.hot_values.reserve_exact(more);
        }
    }

    fn insert(&mut self, time: i64, number: f64) -> Pushed {
        let place = self.hot_times.partition_point(|&it| it <= time);
        let first_same = self.hot_times[..place].partition_point(|&it| it < time);
        if self.hot_values[first_same..place].iter().any(|it| it.to_bits() == number.to_bits()) {
            return Pushed::Duplicate;
        }
        if place == 0 && !self.blocks.is_empty() {
            return Pushed::TooLate;
        }
        self.reserve();
        let last = place == self.hot_times.len();
        self.hot_times.insert(place, time);
        self.hot_values.insert(place, number);
        // A second value at the newest time replaces it as the newest.
        if last { Pushed::Appended } else { Pushed::Inserted }
    }

    /// Seals the oldest raw samples, once there are enough of them.
    pub(super) fn seal(&mut self) -> Option<Sealed> {
        if self.hot_times.len() < BLOCK + KEPT_HOT {
            return None;
        }
        let block = Block::seal(&self.hot_times[..BLOCK], &self.hot_values[..BLOCK])?;
        self.hot_times.drain(..BLOCK);
        self.hot_values.drain(..BLOCK);
        let sealed = Sealed { first_at: block.summary().first_at, bytes: block.bytes() };
        self.blocks.push_back(block);
        Some(sealed)
    }

    /// The number that stands for a value. A text's is its place in the table of texts.
    fn number(&mut self, value: &Value) -> f64 {
        match value {
            Value::Number(number) => {
                self.kind = Kind::Number;
                *number
            }
            Value::Flag(on) => {
                self.kind = Kind::Flag;
                f64::from(u8::from(*on))
            }
            Value::Text(text) => {
                self.kind = Kind::Text;
                if let Some(&number) = self.text_numbers.get(text) {
                    return f64::from(number);
                }
                // A device that never says the same twice must not fill the memory: the rest shares one number.
                let number = (self.texts.len() as u32).min(MAX_TEXTS);
                if number < MAX_TEXTS {
                    self.texts.push(Arc::clone(text));
                    self.texts_bytes += text.len() + TEXT_BYTES;
                    self.text_numbers.insert(Arc::clone(text), number);
                }
                f64::from(number)
            }
        }
    }

    /// The value that a number stands for.
    pub(super) fn value(&self, number: f64) -> Value {
        match self.kind {
            Kind::Number => Value::Number(number),
            Kind::Flag => Value::Flag(number != 0.0),
            Kind::Text => Value::Text(self.text(number).unwrap_or_else(|| Arc::from("…"))),
        }
    }

    /// The text that a number stands for.
    pub(super) fn text(&self, number: f64) -> Option<Arc<str>> {
        self.texts.get(number as usize).cloned()
    }

    /// The last sample.
    pub(super) fn newest(&self) -> Option<Point> {
        if let (Some(&time), Some(&value)) = (self.hot_times.last(), self.hot_values.last()) {
            return Some(Point { at: Timestamp::from_nanos(time), value });
        }
        let last = self.blocks.back()?.summary();
        Some(Point { at: Timestamp::from_nanos(last.last_at), value: last.last })
    }

    /// The first sample that is still there.
    pub(super) fn oldest_at(&self) -> Option<i64> {
        self.blocks.front().map(|it| it.summary().first_at).or_else(|| self.hot_times.first().copied())
    }

    /// The last sample at or before an instant.
    pub(super) fn at(&self, at: Timestamp) -> Option<Point> {
        let time = at.as_nanos();
        let place = self.hot_times.partition_point(|&it| it <= time);
        if place > 0 {
            let at = Timestamp::from_nanos(self.hot_times[place - 1]);
            return Some(Point { at, value: self.hot_values[place - 1] });
        }
        let place = self.blocks.partition_point(|it| it.summary().first_at <= time);
        let block = &self.blocks[place.checked_sub(1)?];
        if block.summary().last_at <= time {
            let last = block.summary();
            return Some(Point { at: Timestamp::from_nanos(last.last_at), value: last.last });
        }
        let (times, values) = block.open();
        let place = times.partition_point(|&it| it <= time).checked_sub(1)?;
        Some(Point { at: Timestamp::from_nanos(times[place]), value: *values.get(place)? })
    }

    /// All samples from one instant to another, both included.
    pub(super) fn samples(&self, from: i64, to: i64) -> Vec<Point> {
        let mut points = Vec::new();
        let mut take = |times: &[i64], values: &[f64]| {
            let (begin, end) = (times.partition_point(|&it| it < from), times.partition_point(|&it| it <= to));
            let both = times.iter().zip(values).take(end).skip(begin);
            points.extend(both.map(|(&time, &value)| Point { at: Timestamp::from_nanos(time), value }));
        };
        let first = self.blocks.partition_point(|it| it.summary().last_at < from);
        for block in self.blocks.iter().skip(first).take_while(|it| it.summary().first_at <= to) {
            let (times, values) = block.open();
            take(&times, &values);
        }
        take(&self.hot_times, &self.hot_values);
        points
    }

    /// See [`super::History::plot`].
    pub(super) fn plot(&mut self, from: i64, to: i64, n_columns: usize, max_gap: i64) -> Vec<Column> {
        let grid = Grid::new(from, to, n_columns);
        let wanted = grid.range(from, to);
        // The column in which the sealed samples end is still to be filled, and the last one shows nothing that is later.
        let sealed_to = self.blocks.back().map_or(wanted.start, |it| grid.index(it.summary().last_at));
        let sealed = wanted.start..(wanted.end - 1).min(sealed_to).max(wanted.start);
        let blocks = &self.blocks;
        let mut end = gather(blocks, grid, sealed.end..wanted.end, to);
        end.take_points(&self.hot_times, &self.hot_values);
        if sealed.is_empty() {
            return columns(grid, &end.parts, end.before, max_gap);
        }
        let (kept, before) = self.tiles.parts(grid, sealed, |it| gather(blocks, grid, it, i64::MAX));
        let mut parts = kept.to_vec();
        parts.append(&mut end.parts);
        columns(grid, &parts, before, max_gap)
    }

    /// Lets the oldest block go.
    pub(super) fn let_go(&mut self) -> Option<Block> {
        self.tiles.clear();
        self.blocks.pop_front()
    }

    /// Bytes of the raw end and of the table of texts.
    pub(super) fn open_bytes(&self) -> usize {
        self.texts_bytes + 8 * (self.hot_times.capacity() + self.hot_values.capacity())
    }

    /// Bytes in memory, counted anew.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.open_bytes() + self.blocks.iter().map(Block::bytes).sum::<usize>()
    }
}

/// What a text takes beside its letters, in the list and in the table.
const TEXT_BYTES: usize = 64;

/// Different texts that one signal may have.
const MAX_TEXTS: u32 = 4096;

/// Gathers sealed samples. Blocks that lie within one column are not opened.
fn gather(blocks: &VecDeque<Block>, grid: Grid, wanted: Range<i64>, until: i64) -> Gathering {
    let mut gathering = Gathering::new(grid, wanted.clone(), until);
    if wanted.is_empty() {
        return gathering;
    }
    let first = blocks.partition_point(|it| grid.index(it.summary().last_at) < wanted.start);
    // What came last before tells whether it begins with a gap.
    gathering.before = first.checked_sub(1).map(|it| blocks[it].summary().last_at);
    for block in blocks.range(first..).take_while(|it| grid.index(it.summary().first_at) < wanted.end) {
        if !gathering.take_summary(&block.summary()) {
            take_cells(&mut gathering, block);
        }
    }
    gathering
}

/// Takes a block that lies in several columns: cells that lie within one by their summaries, the others by their samples.
fn take_cells(gathering: &mut Gathering, block: &Block) {
    let mut opened = None;
    let mut begin = 0;
    for cell in block.cells() {
        let end = begin + cell.n as usize;
        if !gathering.take_summary(cell) {
            let (times, values): &(Vec<i64>, Vec<f64>) = opened.get_or_insert_with(|| block.open());
            let end = end.min(times.len());
            gathering.take_points(&times[begin.min(end)..end], &values[begin.min(end)..end]);
        }
        begin = end;
    }
}
