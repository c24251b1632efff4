//! A table on disk: its heading, and its rows one after the other.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, StringRecord};
use jiff::tz::TimeZone;

use super::shape::{LOOKED_AT, Shape, guess, guess_delimiter};
use super::{Import, Stopped};
use crate::session::export::csv::io_of;
use crate::session::progress::Progress;
use crate::signal::Timestamp;

/// After so many rows it is looked whether they are still wanted.
const LOOK_EVERY: u64 = 1_024;
/// A heading is no longer than this, bytes.
const LONGEST_HEADING: u64 = 1 << 20;

/// A table that is there and has a heading.
#[derive(Debug)]
pub(super) struct Table {
    path: PathBuf,
    delimiter: u8,
    /// Its size.
    pub(super) bytes: u64,
    /// The columns' names.
    pub(super) heading: Vec<String>,
}

impl Table {
    pub(super) fn open(path: &Path, delimiter: Option<u8>) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut first = Vec::new();
        BufReader::new((&mut file).take(LONGEST_HEADING)).read_until(b'\n', &mut first)?;
        let delimiter = delimiter.unwrap_or_else(|| guess_delimiter(&String::from_utf8_lossy(&first)));
        file.rewind()?;
        let mut table = Self { path: path.to_owned(), delimiter, bytes, heading: Vec::new() };
        let mut reader = table.reader(file);
        let mut heading = ByteRecord::new();
        reader.read_byte_record(&mut heading).map_err(io_of)?;
        table.heading = as_text(&heading).iter().map(str::to_owned).collect();
        Ok(table)
    }

    fn reader(&self, file: File) -> csv::Reader<File> {
        csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .trim(csv::Trim::All)
            .flexible(true)
            .has_headers(false)
            .buffer_capacity(1 << 18)
            .from_reader(file)
    }

    /// How it is written: what is given, and what its first rows show.
    pub(super) fn shape(&self, import: &Import) -> Result<Shape, Stopped> {
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut reader = self.reader(File::open(&self.path).map_err(Stopped::Read)?);
        for row in reader.byte_records().skip(1).take(LOOKED_AT) {
            let row = row.map_err(|error| Stopped::Read(io_of(error)))?;
            rows.push(as_text(&row).iter().map(str::to_owned).collect());
        }
        guess(self.delimiter, &self.heading, &rows, import.time.as_deref(), import.format.as_deref(), &import.zone)
            .map_err(Stopped::Table)
    }

    /// Calls for each row below the heading, with its line; the heading is line 1.
    pub(super) fn each_row(
        &self,
        progress: &Progress,
        mut take: impl FnMut(u64, &StringRecord) -> Result<(), Stopped>,
    ) -> Result<(), Stopped> {
        let mut reader = self.reader(File::open(&self.path).map_err(Stopped::Read)?);
        let mut row = ByteRecord::new();
        let mut told = 0;
        let mut n_rows = 0_u64;
        while reader.read_byte_record(&mut row).map_err(|error| Stopped::Read(io_of(error)))? {
            let (line, at) = row.position().map_or((0, 0), |it| (it.line(), it.byte()));
            n_rows += 1;
            if n_rows.is_multiple_of(LOOK_EVERY) {
                progress.advance(at - told);
                told = at;
                if progress.is_cancelled() {
                    return Err(Stopped::Cancelled);
                }
            }
            if n_rows > 1 {
                take(line, &as_text(&row))?;
            }
        }
        progress.advance(self.bytes.saturating_sub(told));
        Ok(())
    }
}

impl Shape {
    /// When a row was measured, and whether its time is written in another way than the others. `None`: that cannot be
    /// read.
    pub(super) fn time_of(&self, cells: &StringRecord, zone: &TimeZone) -> Option<(Timestamp, bool)> {
        let text = cells.get(self.time_column)?;
        let plain = self.format.read(text, zone).map(|it| (it, false));
        plain.or_else(|| self.format.read_odd(text, zone).map(|it| (it, true)))
    }

    /// A number as a device would send it.
    pub(super) fn payload<'a>(&self, cell: &'a str) -> Cow<'a, str> {
        if self.decimal_comma && cell.contains(',') { cell.replacen(',', ".", 1).into() } else { cell.into() }
    }
}

/// A row as text. What is no UTF-8 is taken for Latin-1, in which every byte is a letter.
fn as_text(row: &ByteRecord) -> StringRecord {
    StringRecord::from_byte_record(row.clone())
        .unwrap_or_else(|_| row.iter().map(|cell| cell.iter().map(|it| char::from(*it)).collect::<String>()).collect())
}
