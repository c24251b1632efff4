//! The first way through a table: what its columns hold, and what is wrong in it.

use std::collections::BTreeMap;

use csv::StringRecord;
use jiff::tz::TimeZone;

use super::shape::{Shape, usual_period};
use super::table::Table;
use super::{Stopped, topics_of};
use crate::session::draft::{DraftSignal, DraftTopic};
use crate::session::progress::Progress;
use crate::signal::Timestamp;
use crate::site::doc::ValueKind;

/// Steps between rows that the usual one is taken of.
const STEPS: usize = 4_096;
/// A column with fewer words than one in so many cells is one of numbers, with faults in it.
const WORDS_IN_NUMBERS: u64 = 20;
/// How programs write that there is no number.
const NO_NUMBER: [&str; 9] = ["nan", "na", "n/a", "null", "none", "nil", "-", "#n/a", "?"];

/// What a table holds.
#[derive(Debug, Default)]
pub(super) struct Survey {
    columns: Vec<Column>,
    /// Rows below the heading.
    pub(super) rows: u64,
    /// The earliest time.
    pub(super) first: Option<Timestamp>,
    /// Rows that are earlier than the one before.
    pub(super) backward: u64,
    times: Vec<Timestamp>,
    faults: BTreeMap<Fault, Mention>,
}

#[derive(Debug, Default)]
struct Column {
    name: String,
    topic: String,
    numbers: u64,
    words: u64,
    /// Cells with nothing in them.
    blanks: u64,
    /// Cells that say that there is no number.
    no_numbers: u64,
    first_word: Option<(u64, String)>,
    /// Numbers with a comma for their decimal point.
    commas: Mention,
    /// Numbers with a point.
    points: Mention,
    first_hole: Option<u64>,
    first_value: Option<String>,
    varies: bool,
}

/// Where something was first, what stood there, and how often it was.
#[derive(Debug, Default)]
struct Mention {
    line: u64,
    text: String,
    count: u64,
}

impl Mention {
    fn add(&mut self, line: u64, text: &str) {
        if self.count == 0 {
            (self.line, self.text) = (line, text.to_owned());
        }
        self.count += 1;
    }
}

/// What can be wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    NoTime,
    OtherZone,
    Backward,
    OtherWidth,
}

impl Survey {
    /// Goes through all rows.
    pub(super) fn of(table: &Table, shape: &Shape, zone: &TimeZone, progress: &Progress) -> Result<Self, Stopped> {
        let named = |(name, topic): (&String, _)| Column { name: name.clone(), topic, ..Column::default() };
        let columns = table.heading.iter().zip(topics_of(&table.heading)).map(named).collect();
        let mut survey = Self { columns, ..Self::default() };
        let mut before = None;
        table.each_row(progress, |line, cells| {
            survey.rows += 1;
            survey.take(line, cells, shape, zone, &mut before);
            Ok(())
        })?;
        Ok(survey)
    }

    fn take(
        &mut self,
        line: u64,
        cells: &StringRecord,
        shape: &Shape,
        zone: &TimeZone,
        before: &mut Option<Timestamp>,
    ) {
        let text = cells.get(shape.time_column).unwrap_or_default();
        let Some((at, odd)) = shape.time_of(cells, zone) else {
            return self.note(Fault::NoTime, line, text);
        };
        if odd {
            self.note(Fault::OtherZone, line, text);
        }
        if before.is_some_and(|it| at < it) {
            self.backward += 1;
            self.note(Fault::Backward, line, text);
        }
        *before = Some(at);
        self.first = Some(self.first.map_or(at, |it| it.min(at)));
        if self.times.len() < STEPS && self.times.last() != Some(&at) {
            self.times.push(at);
        }
        if cells.len() != self.columns.len() {
            self.note(Fault::OtherWidth, line, &format!("{} cells", cells.len()));
        }
        for (at, column) in self.columns.iter_mut().enumerate() {
            if at != shape.time_column {
                column.take(line, cells.get(at).unwrap_or_default(), shape);
            }
        }
    }

    fn note(&mut self, fault: Fault, line: u64, text: &str) {
        self.faults.entry(fault).or_default().add(line, text);
    }

    /// What a column holds.
    pub(super) fn kind(&self, column: usize) -> ValueKind {
        self.columns.get(column).map_or(ValueKind::Text, Column::kind)
    }

    /// Whether a cell of a column says nothing.
    pub(super) fn is_hole(&self, column: usize, cell: &str) -> bool {
        cell.is_empty() || (self.kind(column) == ValueKind::Number && is_no_number(cell))
    }

    /// A topic for each column that says anything; columns whose names begin alike form a group.
    pub(super) fn topics(&self, shape: &Shape) -> Vec<DraftTopic> {
        let mut times = self.times.clone();
        times.sort_unstable();
        let period_secs = usual_period(&times);
        let speaks = |(at, it): &(usize, &Column)| *at != shape.time_column && it.numbers + it.words > 0;
        let columns: Vec<&Column> = self.columns.iter().enumerate().filter(speaks).map(|it| it.1).collect();
        let mut alike: BTreeMap<&str, usize> = BTreeMap::new();
        columns.iter().for_each(|it| *alike.entry(stem(&it.name)).or_default() += 1);
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let mut topic = |column: &&Column| {
            // Of two columns with one heading, the second has a name of its own.
            let n = names.entry(column.name.clone()).or_default();
            *n += 1;
            let name = if *n > 1 { format!("{} ({n})", column.name) } else { column.name.clone() };
            let stem = stem(&column.name);
            let grouped = !stem.is_empty() && alike.get(stem).is_some_and(|it| (2..columns.len()).contains(it));
            let group = grouped.then(|| format!("{stem}…"));
            DraftTopic {
                topic: column.topic.clone(),
                place: group.into_iter().chain([name.clone()]).collect(),
                signals: vec![DraftSignal {
                    key: name,
                    name: "Value".to_owned(),
                    path: None,
                    is: column.kind(),
                    constant: !column.varies,
                }],
                period_secs,
            }
        };
        columns.iter().map(&mut topic).collect()
    }

    /// What is wrong, and what is worth knowing; each with its first line, and how often it is.
    pub(super) fn told(&self, shape: &Shape) -> (Vec<String>, Vec<String>) {
        let time = self.columns.get(shape.time_column).map_or("", |it| &it.name);
        let mut findings: Vec<String> = Vec::new();
        for (fault, Mention { line, text, count }) in &self.faults {
            let what = match fault {
                Fault::NoTime => {
                    format!("column {time:?}: {text:?} is no time as {}; the row is left out", shape.format)
                }
                Fault::OtherZone => {
                    format!("column {time:?}: {text:?} has a time zone where others have none, or none where they have")
                }
                Fault::Backward => {
                    format!("column {time:?}: {text:?} lies before the row above; rows are put in order")
                }
                Fault::OtherWidth => format!("{text} where the heading has {}", self.columns.len()),
            };
            findings.push(format!("line {line}: {what} ({})", rows(*count)));
        }
        let mut notes = Vec::new();
        for column in &self.columns {
            let name = &column.name;
            if let Some((line, word)) = column.first_word.as_ref().filter(|_| column.kind() == ValueKind::Number) {
                let hint = if word.contains(',') { ": is its comma a decimal point?" } else { "" };
                findings.push(format!(
                    "line {line}: column {name:?}: {word:?} is no number{hint} ({}); it is kept and shows as unreadable",
                    rows(column.words)
                ));
            }
            let (few, many) = if column.commas.count < column.points.count {
                (&column.commas, &column.points)
            } else {
                (&column.points, &column.commas)
            };
            if few.count > 0 {
                findings.push(format!(
                    "line {}: column {name:?}: {:?} has another decimal point than {:?} of line {} ({}); both are read",
                    few.line,
                    few.text,
                    many.text,
                    many.line,
                    rows(few.count)
                ));
            }
            if let Some(line) = column.first_hole {
                let count = column.blanks + if column.kind() == ValueKind::Number { column.no_numbers } else { 0 };
                if count == self.rows {
                    notes.push(format!("column {name:?} is empty"));
                } else if count > 0 {
                    notes.push(format!("line {line}: column {name:?}: nothing is said ({})", rows(count)));
                }
            }
        }
        (findings, notes)
    }
}

impl Column {
    fn take(&mut self, line: u64, cell: &str, shape: &Shape) {
        if cell.is_empty() {
            self.blanks += 1;
            self.first_hole.get_or_insert(line);
            return;
        }
        if is_no_number(cell) {
            self.no_numbers += 1;
            self.first_hole.get_or_insert(line);
        } else if shape.payload(cell).parse::<f64>().is_ok_and(f64::is_finite) {
            self.numbers += 1;
            if shape.decimal_comma && cell.contains(',') {
                self.commas.add(line, cell);
            } else if shape.decimal_comma && cell.contains('.') {
                self.points.add(line, cell);
            }
        } else {
            self.words += 1;
            self.first_word.get_or_insert_with(|| (line, cell.to_owned()));
        }
        match &self.first_value {
            None => self.first_value = Some(cell.to_owned()),
            Some(first) => self.varies |= first != cell,
        }
    }

    fn kind(&self) -> ValueKind {
        let numeric = self.numbers > 0 && self.words * WORDS_IN_NUMBERS <= self.numbers;
        if numeric { ValueKind::Number } else { ValueKind::Text }
    }
}

fn is_no_number(cell: &str) -> bool {
    NO_NUMBER.iter().any(|it| it.eq_ignore_ascii_case(cell))
}

/// The letters that a name begins with.
fn stem(name: &str) -> &str {
    name.find(|it: char| !it.is_alphabetic()).map_or(name, |end| &name[..end])
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}
