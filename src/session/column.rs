//! The samples of one signal in the order of their time: a raw hot end, and sealed blocks before it.

use std::cmp::Ordering;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::block::{BLOCK, Block, Summary};
use super::history::Point;
use super::plot::{Column, Plotter};
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
    pub(super) blocks: VecDeque<Block>,
    pub(super) hot_times: Vec<i64>,
    pub(super) hot_values: Vec<f64>,
    kind: Kind,
    texts: Vec<Arc<str>>,
    text_numbers: HashMap<Arc<str>, u32>,
    texts_bytes: usize,
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
    pub(super) fn plot(&self, from: i64, to: i64, columns: usize, max_gap: i64) -> Vec<Column> {
        let mut plotter = Plotter::new(from, to, columns, max_gap);
        let first = self.blocks.partition_point(|it| it.summary().last_at < from);
        // What came last before the span tells whether it begins with a gap.
        let before = first.checked_sub(1).map(|last| self.blocks[last].summary().last_at);
        plotter.begin_after(before);
        for block in self.blocks.iter().skip(first).take_while(|it| it.summary().first_at <= to) {
            if !plotter.take_summary(&block.summary()) {
                let chunks = block.chunks();
                if chunks.iter().all(|it| plotter.fits(it)) {
                    for chunk in chunks {
                        plotter.take_summary(chunk);
                    }
                } else {
                    let (times, values) = block.open();
                    take_open(&mut plotter, chunks, &times, &values);
                }
            }
        }
        plotter.take_points(&self.hot_times, &self.hot_values);
        plotter.finish()
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

/// Takes an opened block: chunks that lie within one pixel by their summaries, the others sample by sample.
fn take_open(plotter: &mut Plotter, chunks: &[Summary], times: &[i64], values: &[f64]) {
    let mut begin = 0;
    for chunk in chunks {
        let end = (begin + chunk.n as usize).min(times.len());
        if !plotter.take_summary(chunk) {
            plotter.take_points(&times[begin..end], &values[begin..end]);
        }
        begin = end;
    }
}
