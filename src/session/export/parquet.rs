//! A table as Parquet: a column for each kind of value, so that a number stays a number.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::rows::{Row, each_row};
use super::{Export, ExportSource, Exported, Stopped};
use crate::session::progress::Progress;
use crate::signal::Value;

/// Rows that are written, and can be read, at once.
const GROUP_ROWS: usize = 1 << 17;
/// Fast, and about as small as the levels after it.
const ZSTD_LEVEL: i32 = 3;

/// `time` is when it was measured, `received` when it came. One of the last three columns holds the value.
const SCHEMA: &str = "message session {
    required int64 time (TIMESTAMP(NANOS, true));
    required int64 received (TIMESTAMP(NANOS, true));
    required binary twin (UTF8);
    required binary signal (UTF8);
    required binary unit (UTF8);
    optional double number;
    optional binary text (UTF8);
    optional boolean flag;
}";

pub(super) fn write(
    export: &Export,
    source: &ExportSource,
    sink: impl Write + Send,
    progress: &Progress,
) -> Result<Exported, Stopped> {
    let schema = Arc::new(parse_message_type(SCHEMA).map_err(io)?);
    let mut writer = SerializedFileWriter::new(sink, schema, properties(export, source)?).map_err(io)?;
    // Names are written once a column: here each is one buffer, however often it stands in a row.
    let names: Vec<[ByteArray; 3]> = source
        .site
        .signals
        .iter()
        .map(|it| {
            let twin = source.site.twin(it.twin).map_or("", |it| &*it.address);
            [bytes_of(twin), bytes_of(&it.key), bytes_of(it.unit.symbol())]
        })
        .collect();
    let mut group = Group::default();
    let mut count = 0;
    let findings = each_row(export, source, progress, |row| {
        count += 1;
        group.add(&row, &names[row.signal.id.index()]);
        if group.time.len() >= GROUP_ROWS { group.write(&mut writer).map_err(io) } else { Ok(()) }
    })?;
    if !group.time.is_empty() {
        group.write(&mut writer).map_err(io)?;
    }
    writer.close().map_err(io)?;
    Ok(Exported { count, findings })
}

/// How it is written, and what the file says of itself.
fn properties(export: &Export, source: &ExportSource) -> Result<WriterPropertiesPtr, Stopped> {
    let site = &source.site;
    let units: BTreeMap<&str, &str> =
        site.signals.iter().map(|it| (it.address.as_ref(), it.unit.symbol())).filter(|it| !it.1.is_empty()).collect();
    let file = source.recording.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let facts = [
        ("pollux.version", env!("CARGO_PKG_VERSION").to_owned()),
        ("pollux.source", file),
        ("pollux.site", site.name.clone()),
        ("pollux.site.ron", String::from_utf8_lossy(&source.site_text()?).into_owned()),
        ("pollux.units", serde_json::to_string(&units).map_err(io::Error::from)?),
        ("pollux.from", export.range.0.exact()),
        ("pollux.to", export.range.1.exact()),
        ("pollux.only", export.only.clone()),
    ];
    let facts = facts.map(|(name, text)| KeyValue::new(name.to_owned(), text)).into();
    let mut builder = WriterProperties::builder()
        .set_created_by(concat!("pollux ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).map_err(io)?))
        .set_key_value_metadata(Some(facts));
    for column in ["time", "received"] {
        let column = ColumnPath::from(column);
        builder = builder
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
    }
    Ok(Arc::new(builder.build()))
}

/// Rows that wait to be written together.
#[derive(Default)]
struct Group {
    time: Vec<i64>,
    received: Vec<i64>,
    twin: Vec<ByteArray>,
    signal: Vec<ByteArray>,
    unit: Vec<ByteArray>,
    number: Optional<f64>,
    text: Optional<ByteArray>,
    flag: Optional<bool>,
}

/// A column that may say nothing in a row.
struct Optional<T> {
    values: Vec<T>,
    /// 1 where a row has a value.
    levels: Vec<i16>,
}

impl<T> Default for Optional<T> {
    fn default() -> Self {
        Self { values: Vec::new(), levels: Vec::new() }
    }
}

impl<T> Optional<T> {
    fn push(&mut self, value: Option<T>) {
        self.levels.push(i16::from(value.is_some()));
        self.values.extend(value);
    }
}

impl Group {
    fn add(&mut self, row: &Row<'_>, [twin, signal, unit]: &[ByteArray; 3]) {
        self.time.push(row.sample.at.as_nanos());
        self.received.push(row.sample.received.as_nanos());
        self.twin.push(twin.clone());
        self.signal.push(signal.clone());
        self.unit.push(unit.clone());
        let (number, text, flag) = match &row.sample.value {
            Value::Number(number) => (Some(*number), None, None),
            Value::Text(text) => (None, Some(bytes_of(text)), None),
            Value::Flag(on) => (None, None, Some(*on)),
        };
        self.number.push(number);
        self.text.push(text);
        self.flag.push(flag);
    }

    /// Writes all rows as a group of their own.
    fn write<W: Write + Send>(&mut self, writer: &mut SerializedFileWriter<W>) -> Result<(), ParquetError> {
        let rows = std::mem::take(self);
        let mut group = writer.next_row_group()?;
        column::<Int64Type, W>(&mut group, &rows.time, None)?;
        column::<Int64Type, W>(&mut group, &rows.received, None)?;
        column::<ByteArrayType, W>(&mut group, &rows.twin, None)?;
        column::<ByteArrayType, W>(&mut group, &rows.signal, None)?;
        column::<ByteArrayType, W>(&mut group, &rows.unit, None)?;
        column::<DoubleType, W>(&mut group, &rows.number.values, Some(&rows.number.levels))?;
        column::<ByteArrayType, W>(&mut group, &rows.text.values, Some(&rows.text.levels))?;
        column::<BoolType, W>(&mut group, &rows.flag.values, Some(&rows.flag.levels))?;
        group.close().map(drop)
    }
}

fn column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("the schema has fewer columns than are written".to_owned()));
    };
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}

fn bytes_of(text: &str) -> ByteArray {
    ByteArray::from(Bytes::copy_from_slice(text.as_bytes()))
}

fn io(error: ParquetError) -> Stopped {
    // A full disk says so best in its own words.
    let ParquetError::External(source) = error else { return Stopped::Write(io::Error::other(error)) };
    Stopped::Write(source.downcast::<io::Error>().map_or_else(io::Error::other, |it| *it))
}
