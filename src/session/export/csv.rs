//! A table as comma-separated values.

use std::io::{self, BufWriter, Write};

use super::rows::each_row;
use super::{Export, ExportSource, Exported, Stopped};
use crate::session::progress::Progress;
use crate::signal::Value;

/// The columns.
const HEADING: [&str; 6] = ["time", "received", "twin", "signal", "value", "unit"];

pub(super) fn write(
    export: &Export,
    source: &ExportSource,
    sink: impl Write,
    progress: &Progress,
) -> Result<Exported, Stopped> {
    let mut csv = csv::Writer::from_writer(BufWriter::new(sink));
    csv.write_record(HEADING).map_err(io)?;
    let mut count = 0;
    let findings = each_row(export, source, progress, |row| {
        count += 1;
        let (time, received) = (row.sample.at.exact(), row.sample.received.exact());
        let value = match &row.sample.value {
            Value::Number(number) => number_text(*number),
            other @ (Value::Flag(_) | Value::Text(_)) => other.to_string(),
        };
        csv.write_record([&time, &received, row.twin, &row.signal.key, &value, row.signal.unit.symbol()]).map_err(io)
    })?;
    csv.flush()?;
    Ok(Exported { count, findings })
}

/// A number so that every bit of it comes back.
fn number_text(number: f64) -> String {
    format!("{number:?}")
}

fn io(error: csv::Error) -> Stopped {
    Stopped::Write(io_of(error))
}

/// What the system said, where that was it: its kind tells a full disk from a reader that has gone.
pub(in crate::session) fn io_of(error: csv::Error) -> io::Error {
    let said = error.to_string();
    if let csv::ErrorKind::Io(error) = error.into_kind() { error } else { io::Error::other(said) }
}
