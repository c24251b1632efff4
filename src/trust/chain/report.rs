//! What was found out about a log, and what cannot be.

use std::fmt;

use serde::Serialize;

use super::Head;
use crate::trust::key::PublicKey;

/// What was found out about a log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Lines that hold what someone asked for, or what became of it.
    pub records: u64,
    /// Lines that hold a signature for all before.
    pub checkpoints: u64,
    /// Lines that tell what befell the log itself: a last line without an end, cut off after a crash.
    pub notes: u64,
    /// Bytes.
    pub bytes: u64,
    /// The key by which the checkpoints were looked at. `None`: the log names none, and none was given.
    pub key: Option<PublicKey>,
    /// The key was given, and does not come from the log itself.
    pub key_was_given: bool,
    /// The last line. `None`: there is no line that can be read.
    pub head: Option<Head>,
    /// Records and notes after the last checkpoint: in order, but nobody has signed for them.
    pub unwitnessed: u64,
    /// The last line says that the log was ended there in good order.
    pub closed: bool,
    /// Whether the end is there.
    pub complete: Complete,
    /// What is wrong, in the order of the file; the first so many of it.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more_findings: u64,
}

/// Whether the end of a log is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Complete {
    /// No log can tell by itself that its end was cut.
    Unknown,
    /// All is there up to the line that was kept elsewhere; what came after it, if there was more, cannot be known.
    UpTo {
        /// Its number.
        n: u64,
    },
    /// The end was cut off.
    Cut {
        /// The last line that there is. `None`: none.
        ends_at: Option<u64>,
        /// The line that was kept elsewhere.
        witnessed: u64,
    },
}

/// Something that is wrong in a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The line, counted from one.
    pub line: u64,
    /// The number that the line bears. `None`: it cannot be read.
    pub n: Option<u64>,
    /// Where the line begins, bytes from the file's beginning.
    pub offset: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
pub enum Fault {
    /// Not a hash and a numbered record.
    #[error("it is no line of an audit log")]
    Malformed,
    /// It has no end.
    #[error("the last line has no end: a crash while it was written, or a change")]
    Torn,
    /// The first line does not tell what this is.
    #[error("the first line does not name the format and the key of an audit log")]
    NoBeginning,
    /// The log is another's.
    #[error("the log names another key than the one that was given")]
    OtherKey,
    /// It, or the line before it, says something else than what was written.
    #[error("it was altered: its hash does not belong to it and what stands before it")]
    Altered,
    /// Lines were taken out.
    #[error("the lines numbered {from} to {to} are missing before it")]
    Missing {
        /// The first of them.
        from: u64,
        /// The last of them.
        to: u64,
    },
    /// A line was moved, or stands there twice.
    #[error("it is out of its order: number {expected} was expected")]
    Displaced {
        /// What number belongs there.
        expected: u64,
    },
    /// The line that was kept elsewhere is another.
    #[error("it is not the line that the given checkpoint stands for")]
    NotTheWitnessed,
    /// Nobody with the log's key signed this.
    #[error("the checkpoint is not signed by the log's key for what stands before it")]
    Forged,
}

impl Report {
    /// Nothing that is there was changed, taken out, put in or moved. By whom that can be said, [`Report::against`] tells.
    pub fn unaltered(&self) -> bool {
        self.findings.is_empty()
    }

    /// Unaltered, and the end was not cut as far as that can be known.
    pub fn is_good(&self) -> bool {
        self.unaltered() && !matches!(self.complete, Complete::Cut { .. })
    }

    /// Against whom the verdict holds, for a person.
    pub fn against(&self) -> &'static str {
        match (self.key_was_given, self.checkpoints) {
            (_, 0) => "accidents alone: no checkpoint stands in it, so anybody could have written all of it anew",
            (true, _) => "all who have not the log's key, up to the last checkpoint",
            (false, _) => {
                "all who could not write the whole log anew: its key is the one that it names itself; \
                 give the one that you know with --key"
            }
        }
    }
}

impl fmt::Display for Complete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str(
                "not known: a log cannot tell that its end was cut; give a checkpoint that was kept elsewhere with --checkpoint",
            ),
            Self::UpTo { n } => write!(f, "up to number {n}, which was kept elsewhere; of later ones nothing is known"),
            Self::Cut { ends_at: Some(ends_at), witnessed } => {
                write!(f, "no: it ends at number {ends_at}, and number {witnessed} was there")
            }
            Self::Cut { ends_at: None, witnessed } => write!(f, "no: it is empty, and number {witnessed} was there"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(n) = self.n {
            write!(f, " (number {n})")?;
        }
        write!(f, ", byte {}: {}", self.offset, self.fault)
    }
}
