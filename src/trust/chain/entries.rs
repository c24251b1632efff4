//! What stands in a log, line by line, for a person. Whether it is true, [`super::verify()`] tells.

use std::io::{self, BufRead};

use super::line::{Line, next_line};

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// One that can be read.
    Line {
        /// Its number.
        n: u64,
        /// `log`, `record`, `note` or `checkpoint`.
        kind: &'static str,
        /// What it says.
        json: Vec<u8>,
    },
    /// One that cannot.
    Unreadable {
        /// Counted from one.
        line: u64,
    },
}

/// All lines of a log.
pub fn entries(mut log: impl BufRead) -> impl Iterator<Item = io::Result<Entry>> {
    let mut text = Vec::new();
    let mut line = 0;
    std::iter::from_fn(move || match next_line(&mut log, &mut text) {
        Err(error) => Some(Err(error)),
        Ok(false) => None,
        Ok(true) => {
            line += 1;
            let parsed = text.strip_suffix(b"\n").and_then(Line::parse);
            Some(Ok(parsed.map_or(Entry::Unreadable { line }, |it| Entry::Line {
                n: it.n,
                kind: it.kind.name(),
                json: it.body.to_vec(),
            })))
        }
    })
}
