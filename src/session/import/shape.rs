//! Finds out how a table is written: what stands between its cells, which column is the time, how numbers look.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::signal::Timestamp;

/// Rows that are looked at to find out how a table is written.
pub(super) const LOOKED_AT: usize = 200;

/// A column of times may have one in so many rows that cannot be read.
const ODD_IN_ROWS: usize = 20;

/// How times are written, most usual first. The ones with a zone of their own and plain numbers stand before these.
const FORMATS: [&str; 12] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%d/%m/%y %H",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d/%m/%y %H:%M",
];

/// How a table is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// What stands between two cells.
    pub delimiter: u8,
    /// The column of the time, counted from 0.
    pub time_column: usize,
    /// How its times are written.
    pub format: TimeFormat,
    /// Numbers have a comma for their point.
    pub decimal_comma: bool,
}

/// How a time is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeFormat {
    /// ISO 8601 with a zone, as RFC 3339 says.
    Zoned,
    /// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size.
    Epoch,
    /// A pattern as of `strftime`, in the zone of the table.
    Pattern(String),
}

/// Why a table cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// There is nothing in it.
    #[error("the table has no rows below its heading")]
    Empty,
    /// No column looks like a time.
    #[error("no column holds times that can be read: name it with --time, and its format with --format")]
    NoTime,
    /// There are times, and nothing beside them.
    #[error("no column beside the time holds a value")]
    NoValues,
    /// The named column is not there.
    #[error("there is no column {0:?}; there are {1}")]
    NoColumn(String, String),
}

impl TimeFormat {
    /// Reads a time.
    pub fn read(&self, text: &str, zone: &TimeZone) -> Option<Timestamp> {
        let text = text.trim();
        match self {
            // A bare number is no date.
            Self::Zoned => text.contains('-').then(|| text.parse().ok())?,
            Self::Epoch => Timestamp::from_epoch_number(text.parse().ok()?).ok(),
            Self::Pattern(pattern) => {
                let civil = DateTime::strptime(pattern, text).ok().or_else(|| {
                    Some(jiff::civil::Date::strptime(pattern, text).ok()?.to_datetime(jiff::civil::Time::midnight()))
                })?;
                let nanos = zone.to_ambiguous_timestamp(civil).compatible().ok()?.as_nanosecond();
                Some(Timestamp::from_nanos(i64::try_from(nanos).ok().filter(|it| *it >= 0)?))
            }
        }
    }

    /// Reads a time that is written in another way than the rest of its column: with a zone among times without one, or
    /// without one among times with it.
    pub(super) fn read_odd(&self, text: &str, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Zoned => FORMATS[..4].iter().find_map(|it| Self::Pattern((*it).to_owned()).read(text, zone)),
            Self::Pattern(_) => Self::Zoned.read(text, zone),
            Self::Epoch => None,
        }
    }

    fn all() -> impl Iterator<Item = Self> {
        [Self::Zoned, Self::Epoch].into_iter().chain(FORMATS.iter().map(|it| Self::Pattern((*it).to_owned())))
    }
}

impl std::fmt::Display for TimeFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Zoned => f.write_str("ISO 8601 with a zone"),
            Self::Epoch => f.write_str("a number since 1970"),
            Self::Pattern(pattern) => f.write_str(pattern),
        }
    }
}

/// What stands between the cells: the sign that cuts the heading into most.
pub fn guess_delimiter(heading: &str) -> u8 {
    let count = |it: u8| heading.bytes().filter(|byte| *byte == it).count();
    [b',', b';', b'\t', b'|'].into_iter().max_by_key(|it| (count(*it), *it == b',')).unwrap_or(b',')
}

/// Finds out how a table is written. What is given is taken as it is.
pub fn guess(
    delimiter: u8,
    heading: &[String],
    rows: &[Vec<String>],
    column: Option<&str>,
    format: Option<&str>,
    zone: &TimeZone,
) -> Result<Shape, TableError> {
    let rows = &rows[..rows.len().min(LOOKED_AT)];
    if rows.is_empty() {
        return Err(TableError::Empty);
    }
    let columns: Vec<usize> = match column {
        None => (0..heading.len()).collect(),
        Some(name) => match heading.iter().position(|it| it == name) {
            Some(at) => vec![at],
            None => return Err(TableError::NoColumn(name.to_owned(), heading.join(", "))),
        },
    };
    let formats: Vec<TimeFormat> = match format {
        Some(pattern) => vec![TimeFormat::Pattern(pattern.to_owned())],
        None => TimeFormat::all().collect(),
    };
    for time_column in columns {
        // Among those that read the rows the one whose times go forward: 03/04 is a day in March or in April.
        let readable = formats.iter().filter_map(|format| {
            let times: Vec<Timestamp> = rows
                .iter()
                .filter_map(|row| {
                    let text = row.get(time_column)?;
                    // A measured value is a number, too, but hardly one of the years since 1973.
                    let plausible = column.is_some()
                        || *format != TimeFormat::Epoch
                        || text.trim().parse::<f64>().is_ok_and(|it| it > 1e8);
                    format.read(text, zone).filter(|_| plausible)
                })
                .collect();
            let unread = rows.len() - times.len();
            let odd = rows.iter().filter(|row| {
                let text = row.get(time_column).map_or("", String::as_str);
                format.read(text, zone).is_none() && format.read_odd(text, zone).is_some()
            });
            let back = times.windows(2).filter(|it| it[1] < it[0]).count();
            let mostly = !times.is_empty() && (unread - odd.count().min(unread)) * ODD_IN_ROWS <= rows.len();
            mostly.then_some(((unread, back), format))
        });
        if let Some((_, format)) = readable.min_by_key(|it| it.0) {
            let comma = |cell: &String| {
                let mut parts = cell.trim().splitn(2, ',');
                let digits = |it: Option<&str>| {
                    it.is_some_and(|it| {
                        !it.is_empty() && it.trim_start_matches('-').bytes().all(|it| it.is_ascii_digit())
                    })
                };
                digits(parts.next()) && digits(parts.next())
            };
            let decimal_comma = delimiter != b',' && rows.iter().flatten().any(comma);
            return Ok(Shape { delimiter, time_column, format: format.clone(), decimal_comma });
        }
    }
    Err(TableError::NoTime)
}

/// The usual time between two rows, seconds: the middle one.
pub fn usual_period(times: &[Timestamp]) -> f64 {
    let mut steps: Vec<f64> = times.windows(2).map(|it| it[1].secs_since(it[0])).filter(|it| *it > 0.0).collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> (Vec<String>, Vec<Vec<String>>, u8) {
        let mut lines = text.lines();
        let heading = lines.next().unwrap();
        let delimiter = guess_delimiter(heading);
        let cells = |line: &str| line.split(delimiter as char).map(|it| it.trim().to_owned()).collect::<Vec<_>>();
        (cells(heading), lines.map(cells).collect(), delimiter)
    }

    #[track_caller]
    fn check(text: &str, want: (u8, usize, &str, bool), first: &str) {
        let (heading, rows, delimiter) = table(text);
        let shape = guess(delimiter, &heading, &rows, None, None, &TimeZone::UTC).unwrap();
        let got = (shape.delimiter, shape.time_column, shape.format.to_string(), shape.decimal_comma);
        assert_eq!(got, (want.0, want.1, want.2.to_owned(), want.3));
        let time = shape.format.read(&rows[0][shape.time_column], &TimeZone::UTC).unwrap();
        assert_eq!(time.to_string(), first);
    }

    #[test]
    fn how_a_table_is_written_is_found_out() {
        check(
            "datetime;a;b\n2020-03-09 10:14:33;0.02;1\n2020-03-09 10:14:34;0.03;1",
            (b';', 0, "%Y-%m-%d %H:%M:%S%.f", false),
            "2020-03-09T10:14:33.000Z",
        );
        check(
            "DATETIME, L_T1\n06/01/14 00, 0.5\n06/01/14 01, 0.4",
            (b',', 0, "%d/%m/%y %H", false),
            "2014-01-06T00:00:00.000Z",
        );
        check("v,t\n7,1700000000\n8,1700000001", (b',', 1, "a number since 1970", false), "2023-11-14T22:13:20.000Z");
        check(
            "t\tv\n2026-01-31T12:00:00+01:00\t7",
            (b'\t', 0, "ISO 8601 with a zone", false),
            "2026-01-31T11:00:00.000Z",
        );
        check("t;v\n01.02.2026 12:00;3,5", (b';', 0, "%d.%m.%Y %H:%M", true), "2026-02-01T12:00:00.000Z");
        // The 13th is no month.
        check(
            "t,v\n01/12/2026 10:00,1\n01/13/2026 10:00,1",
            (b',', 0, "%m/%d/%Y %H:%M", false),
            "2026-01-12T10:00:00.000Z",
        );
    }

    #[test]
    fn a_table_without_times_says_what_to_do() {
        let (heading, rows, delimiter) = table("a,b\n1,2\n3,4");
        let guessed = guess(delimiter, &heading, &rows, None, None, &TimeZone::UTC);
        assert_eq!(guessed, Err(TableError::NoTime));
        let named = guess(delimiter, &heading, &rows, Some("c"), None, &TimeZone::UTC);
        assert_eq!(named.unwrap_err().to_string(), "there is no column \"c\"; there are a, b");
    }
}
