//! Puts rows in the order of their times without holding them: sorted stretches go to files, which are then merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek};

use csv::StringRecord;

use super::Stopped;
use crate::signal::Timestamp;

/// A stretch that is sorted in memory, bytes.
const STRETCH_BYTES: usize = 32 << 20;

/// Rows on their way into order. Rows of the same time stay as they stood.
#[derive(Default)]
pub(super) struct Ordered {
    open: Vec<(Timestamp, StringRecord)>,
    bytes: usize,
    stretches: Vec<File>,
}

/// Why rows could not be put in order.
#[derive(Debug, thiserror::Error)]
pub(super) enum OrderError {
    #[error("the rows cannot be put in order: the folder for temporary files refuses")]
    Io(#[from] io::Error),
    #[error("the rows cannot be put in order: what was set aside cannot be read")]
    Csv(#[from] csv::Error),
}

impl Ordered {
    /// Takes a row.
    pub(super) fn add(&mut self, at: Timestamp, cells: &StringRecord) -> Result<(), OrderError> {
        self.bytes += cells.as_slice().len() + 64 + 8 * cells.len();
        self.open.push((at, cells.clone()));
        if self.bytes >= STRETCH_BYTES { self.set_aside() } else { Ok(()) }
    }

    fn set_aside(&mut self) -> Result<(), OrderError> {
        self.bytes = 0;
        self.open.sort_by_key(|it| it.0);
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(BufWriter::new(tempfile::tempfile()?));
        for (at, cells) in self.open.drain(..) {
            writer.write_field(at.as_nanos().to_string())?;
            writer.write_record(&cells)?;
        }
        let mut file = writer
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)?
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.stretches.push(file);
        Ok(())
    }

    /// Calls for all rows in the order of their times.
    pub(super) fn each(
        mut self,
        mut take: impl FnMut(Timestamp, &StringRecord) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        self.set_aside()?;
        let reader =
            |file| csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(BufReader::new(file));
        let mut readers: Vec<csv::Reader<BufReader<File>>> = self.stretches.into_iter().map(reader).collect();
        // The earliest of what each stretch has next; of the same time the one that stood first.
        let mut next = BinaryHeap::new();
        for (stretch, reader) in readers.iter_mut().enumerate() {
            next.extend(read(reader)?.map(|(at, cells)| Reverse((at, stretch, Row(cells)))));
        }
        while let Some(Reverse((at, stretch, Row(cells)))) = next.pop() {
            take(at, &cells)?;
            next.extend(read(&mut readers[stretch])?.map(|(at, cells)| Reverse((at, stretch, Row(cells)))));
        }
        Ok(())
    }
}

/// A row on the heap, which is ordered by what stands before it.
struct Row(StringRecord);

impl PartialEq for Row {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Row {}

impl PartialOrd for Row {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Row {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

fn read(reader: &mut csv::Reader<BufReader<File>>) -> Result<Option<(Timestamp, StringRecord)>, OrderError> {
    let mut row = StringRecord::new();
    if !reader.read_record(&mut row)? {
        return Ok(None);
    }
    let at = row.get(0).and_then(|it| it.parse().ok()).unwrap_or_default();
    Ok(Some((Timestamp::from_nanos(at), row.iter().skip(1).collect())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_out_in_order_and_whole() {
        let mut ordered = Ordered::default();
        let cells = |n: i64| StringRecord::from(vec![format!("{n}"), "a \"b\", c\nd".to_owned(), String::new()]);
        let times = [5_i64, 3, 9, 3, 1, 7, 3];
        for (n, at) in times.iter().enumerate() {
            ordered.add(Timestamp::from_nanos(*at), &cells(n as i64)).unwrap();
            if n % 3 == 2 {
                ordered.set_aside().unwrap();
            }
        }
        let mut got = Vec::new();
        ordered
            .each(|at, row| {
                assert_eq!(row.iter().skip(1).collect::<Vec<_>>(), ["a \"b\", c\nd", ""]);
                got.push((at.as_nanos(), row[0].parse::<i64>().unwrap()));
                Ok(())
            })
            .unwrap();
        assert_eq!(got, [(1, 4), (3, 1), (3, 3), (3, 6), (5, 0), (7, 5), (9, 2)]);
    }
}
