//! How one session is laid over another: by the clock, by their beginnings, or by a bookmark that both have.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::marks::Mark;
use crate::signal::Timestamp;

/// How the second session is laid over the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alignment {
    /// The same time of the same day.
    Clock,
    /// Beginning on beginning.
    Start,
    /// The bookmark with this text in one on that in the other.
    Bookmark(String),
}

/// Why two sessions cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// There is no such alignment.
    #[error("{0:?} is no alignment: expected clock, start or bookmark:NAME")]
    NotAnAlignment(String),
    /// A bookmark is missing.
    #[error("{} has no bookmark {name:?}; {}", path.display(), known_marks(known))]
    NoBookmark {
        /// In which session.
        path: PathBuf,
        /// What was asked for.
        name: String,
        /// The texts of those that it has.
        known: Vec<String>,
    },
    /// The bookmarks cannot be read.
    #[error("{0}")]
    Marks(String),
    /// They have no time in common.
    #[error(
        "aligned by {by}, the two sessions have no time in common: {} runs from {} to {}, and {} would from {} to {}; align them by start, or by a bookmark that both have",
        first.display(), first_span.0, first_span.1, second.display(), second_span.0, second_span.1
    )]
    Apart {
        /// As was asked for.
        by: Alignment,
        /// The session that is shown.
        first: PathBuf,
        /// From when to when it runs.
        first_span: (Timestamp, Timestamp),
        /// The one that is laid over it.
        second: PathBuf,
        /// From when to when it would run there.
        second_span: (Timestamp, Timestamp),
    },
    /// They have no signal in common.
    #[error(
        "{} and {} have no topic of the site in common, so that nothing can be compared; name a site that knows the topics of both with --site",
        first.display(), second.display()
    )]
    NothingInCommon {
        /// The session that is shown.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
}

fn known_marks(known: &[String]) -> String {
    if known.is_empty() {
        return "it has none: set one with B while it is replayed".to_owned();
    }
    format!("it has {}", known.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>().join(", "))
}

impl FromStr for Alignment {
    type Err = CompareError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "clock" => Ok(Self::Clock),
            None if text == "start" => Ok(Self::Start),
            Some(("bookmark", name)) if !name.trim().is_empty() => Ok(Self::Bookmark(name.trim().to_owned())),
            Some(_) | None => Err(CompareError::NotAnAlignment(text.to_owned())),
        }
    }
}

impl fmt::Display for Alignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock => f.write_str("clock"),
            Self::Start => f.write_str("start"),
            Self::Bookmark(name) => write!(f, "bookmark \u{201c}{name}\u{201d}"),
        }
    }
}

/// One of two sessions that are laid over each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'a> {
    /// Its file.
    pub(super) path: &'a Path,
    /// The times of its first and its last message.
    pub(super) span: (Timestamp, Timestamp),
    /// Its bookmarks.
    pub(super) marks: &'a [Mark],
}

impl Side<'_> {
    fn mark(&self, name: &str) -> Result<Timestamp, CompareError> {
        let found = self.marks.iter().find(|it| it.text == name).map(|it| it.at);
        found.ok_or_else(|| CompareError::NoBookmark {
            path: self.path.to_owned(),
            name: name.to_owned(),
            known: self.marks.iter().map(|it| it.text.clone()).collect(),
        })
    }
}

/// Nanoseconds from an instant of the first to that of the second, where the two then have any time in common.
pub(super) fn offset(by: &Alignment, first: Side, second: Side) -> Result<i64, CompareError> {
    let apart = |a: Timestamp, b: Timestamp| b.as_nanos().saturating_sub(a.as_nanos());
    let offset = match by {
        Alignment::Clock => 0,
        Alignment::Start => apart(first.span.0, second.span.0),
        Alignment::Bookmark(name) => apart(first.mark(name)?, second.mark(name)?),
    };
    let here = |it: Timestamp| moved(it, offset.saturating_neg());
    let second_span = (here(second.span.0), here(second.span.1));
    if second_span.0 > first.span.1 || second_span.1 < first.span.0 {
        return Err(CompareError::Apart {
            by: by.clone(),
            first: first.path.to_owned(),
            first_span: first.span,
            second: second.path.to_owned(),
            second_span,
        });
    }
    Ok(offset)
}

/// An instant, some nanoseconds on or back.
pub(super) fn moved(at: Timestamp, nanos: i64) -> Timestamp {
    Timestamp::from_nanos(at.as_nanos().saturating_add(nanos).max(0))
}

#[cfg(test)]
mod tests {
    use super::super::marks::MarkId;
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_nanos((1_800_000_000 + secs) * 1_000_000_000)
    }

    fn mark(secs: i64, text: &str) -> Mark {
        Mark { id: MarkId(1), at: at(secs), to: None, text: text.to_owned(), pauses: false }
    }

    #[track_caller]
    fn check(by: &str, first: (i64, i64), second: (i64, i64), want: Result<i64, &str>) {
        let (here, there) = ([mark(30, "Valve stuck"), mark(40, "Here")], [mark(5_010, "Valve stuck")]);
        let span = |it: (i64, i64)| (at(it.0), at(it.1));
        let got = offset(
            &by.parse().unwrap(),
            Side { path: Path::new("a.mcap"), span: span(first), marks: &here },
            Side { path: Path::new("b.mcap"), span: span(second), marks: &there },
        );
        match (got, want) {
            (Ok(got), Ok(secs)) => assert_eq!(got, secs * 1_000_000_000),
            (Err(got), Err(part)) => assert!(got.to_string().contains(part), "{got}"),
            (got, want) => panic!("{got:?}, not {want:?}"),
        }
    }

    #[test]
    fn a_session_is_laid_over_another_by_clock_start_or_bookmark() {
        check("start", (0, 100), (5_000, 5_060), Ok(5_000));
        check("clock", (0, 100), (50, 150), Ok(0));
        check("bookmark:Valve stuck", (0, 100), (5_000, 5_060), Ok(4_980));
        check("clock", (0, 100), (5_000, 5_060), Err("align them by start"));
        check("bookmark:Here", (0, 100), (5_000, 5_060), Err(r#"b.mcap has no bookmark "Here"; it has "Valve stuck""#));
        check("bookmark:Nowhere", (0, 100), (5_000, 5_060), Err("a.mcap has no bookmark"));
    }

    #[test]
    fn an_alignment_is_read_as_it_is_written() {
        let read = |text: &str| text.parse::<Alignment>();
        assert_eq!(read("bookmark: Valve stuck ").unwrap(), Alignment::Bookmark("Valve stuck".to_owned()));
        assert_eq!((read("clock").unwrap(), read("start").unwrap()), (Alignment::Clock, Alignment::Start));
        for wrong in ["", "end", "bookmark", "bookmark:", "start:1"] {
            assert!(read(wrong).unwrap_err().to_string().contains("expected clock, start or bookmark:NAME"), "{wrong}");
        }
    }
}
