//! What leaves a session: its values as a table (CSV, Parquet), or a part of it as a session of its own (MCAP).
//!
//! A table has a row for each sample, in the order in which they came. Nothing holds the whole of it in memory.

pub(super) mod csv;
mod mcap;
mod parquet;
mod rows;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::new_file::{Existing, NewFile};
use super::progress::Progress;
use super::recording::{ReadError, Recording, SITE_ATTACHMENT};
use crate::signal::Timestamp;
use crate::site::Site;
use crate::trust::SecretKey;

/// What a session is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values, with a heading.
    Csv,
    /// Parquet, with a column for each kind of value.
    Parquet,
    /// A session of its own.
    Mcap,
    /// The same, its messages packed into columns: it takes a fraction, but other programs do not read them.
    Packed,
}

impl Format {
    /// Whether it is a session again.
    pub fn is_session(self) -> bool {
        matches!(self, Self::Mcap | Self::Packed)
    }

    /// What its files' names end with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Mcap | Self::Packed => "mcap",
        }
    }
}

/// What to take out of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// From the first instant to the second, both included, by the time of arrival.
    pub range: (Timestamp, Timestamp),
    /// Only signals whose address begins with this. Empty: all.
    pub only: String,
    /// As what.
    pub format: Format,
}

/// What it is taken out of.
#[derive(Debug, Clone)]
pub struct ExportSource {
    /// The session; one that is still being recorded too.
    pub recording: Arc<Recording>,
    /// The site that it is read with.
    pub site: Arc<Site>,
    /// The site's file, for a session that doesn't hold it.
    pub site_path: PathBuf,
    /// What seals a session that is written. `None`: a key that is made for it and forgotten afterwards.
    pub key: Option<SecretKey>,
    /// What goes into a session that is written, beside its site: name and bytes of each.
    pub more_files: Vec<(String, Vec<u8>)>,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// Rows of a table, or messages of a session.
    pub count: u64,
    /// What of the session could not be read, for a person.
    pub findings: Vec<String>,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A person thought better of it.
    #[error("the export was cancelled; nothing is left of it")]
    Cancelled,
    /// Nothing came in the range, or of the signals.
    #[error("there is nothing to export: no value{of} came from {from} to {to}")]
    Nothing {
        /// Of which signals, with a blank before it. Empty: of all.
        of: String,
        /// Where the range begins.
        from: Timestamp,
        /// Where it ends.
        to: Timestamp,
    },
    /// It would be written over what it is taken from.
    #[error("{} is the session itself: name another file", path.display())]
    Itself {
        /// Which file.
        path: PathBuf,
    },
    /// There is such a file, and it is not to be written over.
    #[error("{} is there already: name another file", path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("{} cannot be written", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// The site's file, or an attachment, cannot be read.
    #[error("the session's site cannot be read")]
    Site {
        /// What is wrong.
        source: io::Error,
    },
}

/// What goes wrong on the way, before it is known for which file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error("cancelled")]
    Cancelled,
    #[error("the site cannot be read: {0}")]
    Site(io::Error),
    #[error(transparent)]
    Write(#[from] io::Error),
}

impl From<ReadError> for Stopped {
    fn from(error: ReadError) -> Self {
        Self::Site(io::Error::other(error))
    }
}

impl Export {
    /// Writes a file, which takes its name when it is whole. What was begun is removed where this fails.
    pub fn to_file(
        &self,
        source: &ExportSource,
        path: &Path,
        existing: Existing,
        progress: &Progress,
    ) -> Result<Exported, ExportError> {
        let itself = |it: &Path| fs::canonicalize(it).is_ok_and(|it| fs::canonicalize(path).is_ok_and(|to| it == to));
        if itself(&source.recording.path) {
            return Err(ExportError::Itself { path: path.to_owned() });
        }
        let begun = NewFile::begin(path, existing).map_err(|error| self.error(path, error.into()))?;
        let exported = self.write(source, begun.file(), progress).map_err(|error| self.error(path, error))?;
        if exported.count == 0 {
            let (from, to) = self.range;
            let of = if self.only.is_empty() { String::new() } else { format!(" of {}…", self.only) };
            return Err(ExportError::Nothing { of, from, to });
        }
        begun.finish().map_err(|error| self.error(path, error.into()))?;
        Ok(exported)
    }

    /// Writes to a sink, such as standard output. An error of the sink is returned as it is.
    pub fn to_sink(
        &self,
        source: &ExportSource,
        sink: impl Write + Send,
        progress: &Progress,
    ) -> Result<Exported, io::Error> {
        self.write(source, sink, progress).map_err(|stopped| match stopped {
            Stopped::Write(error) | Stopped::Site(error) => error,
            Stopped::Cancelled => io::ErrorKind::Interrupted.into(),
        })
    }

    fn write(&self, source: &ExportSource, sink: impl Write + Send, progress: &Progress) -> Result<Exported, Stopped> {
        match self.format {
            Format::Csv => csv::write(self, source, sink, progress),
            Format::Parquet => parquet::write(self, source, sink, progress),
            Format::Mcap | Format::Packed => mcap::write(self, source, sink, progress),
        }
    }

    fn error(&self, path: &Path, stopped: Stopped) -> ExportError {
        let path = path.to_owned();
        match stopped {
            Stopped::Cancelled => ExportError::Cancelled,
            Stopped::Site(source) => ExportError::Site { source },
            Stopped::Write(error) if error.kind() == io::ErrorKind::AlreadyExists => ExportError::Exists { path },
            Stopped::Write(source) => ExportError::Write { path, source },
        }
    }
}

impl ExportSource {
    /// The site's text, as the session holds it or as its file says.
    fn site_text(&self) -> Result<Vec<u8>, Stopped> {
        match self.recording.files()?.into_iter().find(|it| it.0 == SITE_ATTACHMENT) {
            Some((_, text)) => Ok(text),
            None => fs::read(&self.site_path).map_err(Stopped::Site),
        }
    }
}
