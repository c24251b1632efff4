//! From a table (CSV) to a session: what comes in and was never sent.
//!
//! A table is gone through twice, and never held in memory: once to find out what its columns are, and once to write a
//! message for each cell.

mod order;
mod shape;
mod survey;
mod table;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::tz::TimeZone;
use mcap::McapError;

use self::order::{OrderError, Ordered};
pub use self::shape::{Shape, TableError, TimeFormat, guess, guess_delimiter, usual_period};
use self::survey::Survey;
use self::table::Table;
use super::draft::Draft;
use super::fold::Fold;
use super::keyed::{KeyedWriter, io_of};
use super::new_file::{Existing, NewFile};
use super::progress::Progress;
use super::recording::{About, SITE_ATTACHMENT, site_files};
use crate::link::Arrival;
use crate::signal::Timestamp;
use crate::site::doc::ValueKind;
use crate::site::{self, Ids, LoadError, Site};
use crate::trust::SecretKey;

/// A table to import.
#[derive(Debug, Clone)]
pub struct Import {
    /// The file, with a heading.
    pub table: PathBuf,
    /// A site whose topics are `import/` and the columns' names. `None`: one is drafted.
    pub site: Option<PathBuf>,
    /// What stands between two cells. `None`: it is guessed.
    pub delimiter: Option<u8>,
    /// The heading of the time's column. `None`: it is found.
    pub time: Option<String>,
    /// How the times are written, as of `strftime`. `None`: it is found out.
    pub format: Option<String>,
    /// The zone of times that name none.
    pub zone: TimeZone,
    /// What seals the session. `None`: a key that is made for it and forgotten afterwards.
    pub key: Option<SecretKey>,
}

/// What was imported.
#[derive(Debug, Clone)]
pub struct Imported {
    /// How the table is written.
    pub shape: Shape,
    /// The columns' names.
    pub heading: Vec<String>,
    /// Rows, without the heading.
    pub rows: u64,
    /// Values that are in the session.
    pub values: u64,
    /// What is wrong in the table, for a person, with line and column: a row without a time, a word among numbers.
    pub findings: Vec<String>,
    /// What is worth knowing, for a person: holes.
    pub notes: Vec<String>,
}

/// Why a table was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A person thought better of it.
    #[error("the import was cancelled; nothing is left of it")]
    Cancelled,
    /// The table cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: io::Error,
    },
    /// It is no table with times.
    #[error("{} cannot be imported", path.display())]
    Table {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: TableError,
    },
    /// There is such a session.
    #[error("{} is there already: name another file", path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// The session cannot be written.
    #[error("{} cannot be written", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: io::Error,
    },
    /// The site that was named cannot be used.
    #[error("the site cannot be used")]
    Site(#[from] LoadError),
}

impl Import {
    /// With everything to be found out, and times in UTC.
    pub fn of(table: PathBuf) -> Self {
        Self { table, site: None, delimiter: None, time: None, format: None, zone: TimeZone::UTC, key: None }
    }

    /// Writes a session, which takes its name when it is whole. One that is there is not written over.
    pub fn to_file(&self, out: &Path, progress: &Progress) -> Result<Imported, ImportError> {
        let cannot_write = |source: io::Error| {
            let path = out.to_owned();
            let exists = source.kind() == io::ErrorKind::AlreadyExists;
            if exists { ImportError::Exists { path } } else { ImportError::Write { path, source } }
        };
        // Known before the work, and not after it.
        let begun = NewFile::begin(out, Existing::Keep).map_err(cannot_write)?;
        let table = Table::open(&self.table, self.delimiter).map_err(|source| self.cannot_read(source))?;
        let shape = table.shape(self).map_err(|stopped| self.error(stopped, out))?;
        // Each row is read twice.
        progress.expect(table.bytes * 2);
        let survey = Survey::of(&table, &shape, &self.zone, progress).map_err(|stopped| self.error(stopped, out))?;
        let Some(first) = survey.first else {
            return Err(ImportError::Table { path: self.table.clone(), source: TableError::NoTime });
        };
        let (site, files) = self.site_for(&survey, &shape)?;
        let name = self.table.file_name().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
        let about = About {
            site: site.name.clone(),
            began: first,
            more: [("imported_from".to_owned(), name)].into(),
            ..About::default()
        };
        let sink = BufWriter::new(begun.file().try_clone().map_err(cannot_write)?);
        let values = self
            .write(&table, &shape, &survey, sink, (&about, &files, &site), progress)
            .map_err(|stopped| self.error(stopped, out))?;
        if values == 0 {
            return Err(ImportError::Table { path: self.table.clone(), source: TableError::NoValues });
        }
        begun.finish().map_err(cannot_write)?;
        let (mut findings, notes) = survey.told(&shape);
        findings.extend(unbound(&table.heading, &shape, &site));
        Ok(Imported { shape, heading: table.heading, rows: survey.rows, values, findings, notes })
    }

    fn cannot_read(&self, source: io::Error) -> ImportError {
        ImportError::Read { path: self.table.clone(), source }
    }

    fn error(&self, stopped: Stopped, out: &Path) -> ImportError {
        match stopped {
            Stopped::Cancelled => ImportError::Cancelled,
            Stopped::Read(source) => self.cannot_read(source),
            Stopped::Table(source) => ImportError::Table { path: self.table.clone(), source },
            Stopped::Write(source) => ImportError::Write { path: out.to_owned(), source },
        }
    }

    /// The site that is given, or a draft; with its files.
    fn site_for(&self, survey: &Survey, shape: &Shape) -> Result<(Arc<Site>, Vec<(String, Vec<u8>)>), ImportError> {
        let cannot_read = |path: &Path, source| ImportError::Read { path: path.to_owned(), source };
        if let Some(given) = &self.site {
            let path = site::find(given)?;
            let site = site::load(&path, &mut Ids::default())?.site;
            let files = fs::read(&path).and_then(|text| site_files(&site, &text));
            return Ok((Arc::new(site), files.map_err(|source| cannot_read(&path, source))?));
        }
        let stem = self.table.file_stem().map_or_else(|| "table".to_owned(), |it| it.to_string_lossy().into_owned());
        let draft = Draft::new(&stem, survey.topics(shape));
        let folder = tempfile::tempdir().map_err(|source| cannot_read(&self.table, source))?;
        let path = draft.write(folder.path()).map_err(|source| cannot_read(&self.table, source))?;
        let site = site::load(&path, &mut Ids::default())?.site;
        Ok((Arc::new(site), vec![(SITE_ATTACHMENT.to_owned(), draft.text.into_bytes())]))
    }

    /// Writes a message for each cell that says something, in the order of their times. Returns how many.
    fn write(
        &self,
        table: &Table,
        shape: &Shape,
        survey: &Survey,
        sink: BufWriter<File>,
        (about, files, site): (&About, &[(String, Vec<u8>)], &Arc<Site>),
        progress: &Progress,
    ) -> Result<u64, Stopped> {
        let mut writer =
            KeyedWriter::new(sink, about, files, site, Fold::default(), None, self.key.as_ref()).map_err(io)?;
        let topics: Vec<Bytes> = topics_of(&table.heading).into_iter().map(Bytes::from).collect();
        let mut values = 0;
        let mut write = |received: Timestamp, cells: &csv::StringRecord| {
            for (column, cell) in cells.iter().enumerate().take(topics.len()) {
                if column == shape.time_column || survey.is_hole(column, cell) {
                    continue;
                }
                values += 1;
                let payload = match survey.kind(column) {
                    ValueKind::Number => shape.payload(cell),
                    ValueKind::Flag | ValueKind::Text => cell.into(),
                };
                writer
                    .message(&Arrival {
                        topic: topics[column].clone(),
                        payload: Bytes::copy_from_slice(payload.as_bytes()),
                        received,
                        retained: false,
                        correlation: None,
                        properties: None,
                    })
                    .map_err(io)?;
            }
            Ok(())
        };
        let mut ordered = (survey.backward > 0).then(Ordered::default);
        table.each_row(progress, |_, cells| {
            let Some((received, _)) = shape.time_of(cells, &self.zone) else { return Ok(()) };
            match &mut ordered {
                None => write(received, cells),
                Some(ordered) => ordered.add(received, cells).map_err(Stopped::from),
            }
        })?;
        if let Some(ordered) = ordered {
            ordered.each(
                |received, cells| {
                    if progress.is_cancelled() { Err(Stopped::Cancelled) } else { write(received, cells) }
                },
            )?;
        }
        writer.finish().map_err(io)?.flush().map_err(Stopped::Write)?;
        Ok(values)
    }
}

/// What goes wrong on the way, before it is known for which file.
#[derive(Debug)]
enum Stopped {
    Cancelled,
    Read(io::Error),
    Table(TableError),
    Write(io::Error),
}

impl From<OrderError> for Stopped {
    fn from(error: OrderError) -> Self {
        Self::Write(io::Error::other(error))
    }
}

fn io(error: McapError) -> Stopped {
    Stopped::Write(io_of(error))
}

/// Columns that the site has no signal for, where it has any at all.
fn unbound(heading: &[String], shape: &Shape, site: &Site) -> Option<String> {
    let topics = topics_of(heading);
    let bound = |topic: &String| site.signals.iter().any(|it| it.topic == *topic);
    let columns = topics.iter().enumerate().filter(|it| it.0 != shape.time_column).map(|it| it.1);
    (!columns.clone().any(bound)).then(|| {
        let first = columns.take(1).next().cloned().unwrap_or_default();
        format!("the site has no signal for any column: bind one to the topic {first}, or leave the site out")
    })
}

/// The topics of columns: `import/` and their names. Names that would share one are told apart.
fn topics_of(heading: &[String]) -> Vec<String> {
    let plain = |it: char| if it.is_control() || ['+', '#', '/', '{', '}'].contains(&it) { '_' } else { it };
    let mut topics: Vec<String> = Vec::with_capacity(heading.len());
    for name in heading {
        let mut topic = format!("import/{}", name.chars().map(plain).collect::<String>());
        while topics.contains(&topic) {
            topic.push('_');
        }
        topics.push(topic);
    }
    topics
}

#[cfg(test)]
mod tests;
