//! What was found out about a sealed file.

use std::fmt;

use serde::Serialize;

use super::seal::{SealHead, chain_text};
use super::session_id::SessionId;
use crate::signal::Timestamp;
use crate::trust::key::PublicKey;

/// What was found out about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its size.
    pub bytes: u64,
    /// Whether it is sealed, and by whom.
    pub sealing: Sealing,
    /// The session. `None`: no seal tells it.
    pub session: Option<SessionId>,
    /// Stretches whose seals are good: the head of the file is the first of them.
    pub stretches: u64,
    /// Messages, as the newest seal counts them.
    pub messages: u64,
    /// When the first and the last message came, by the seals. `None`: no seal tells of any.
    pub span: Option<(Timestamp, Timestamp)>,
    /// From when to when all is as it was sealed, by the seals: a break ends one and begins the next.
    pub good: Vec<(Timestamp, Timestamp)>,
    /// The final seal is there: the session ended in good order.
    pub closed: bool,
    /// Bytes at the end that came after the last seal and before the next: of these nobody has said anything.
    pub unsealed: Option<(u64, u64)>,
    /// The newest seal. `None`: there is none that is good.
    pub head: Option<SealHead>,
    /// Whether all is there.
    pub complete: Complete,
    /// Other keys by which witnesses were shown a session of this name: that says nothing of this one.
    pub other_recorders: Vec<PublicKey>,
    /// What was changed, and where, in the order of the file; the first so many of it.
    pub breaks: Vec<Break>,
    /// How many more there are.
    pub more_breaks: u64,
}

/// Whether a file is sealed, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sealing {
    /// There is no seal in it.
    None,
    /// There are seals, but no key to look at them by: none was given, and none of them tells one.
    NoKey,
    /// By the key that was given.
    ByGiven(PublicKey),
    /// By the key that it names itself: whose that is, nobody has said.
    ByOwn(PublicKey),
    /// By this key, and another one was given.
    ByOther {
        /// By whose.
        key: PublicKey,
        /// The one that was given.
        given: PublicKey,
    },
}

/// Whether all of a session is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Complete {
    /// It has no seals.
    NotSealed,
    /// It has no final seal. What came after the last one, if anything, cannot be known.
    Unknown {
        /// A witness had been shown it up to this seal. `None`: no witness was asked.
        witnessed: Option<u64>,
    },
    /// The recorder closed it, and nothing is missing by what it says.
    Closed {
        /// A witness had been shown it up to this seal. `None`: no witness was asked.
        witnessed: Option<u64>,
    },
    /// The witnesses that were asked know nothing of this session.
    NotWitnessed,
    /// Stretches within it are missing.
    Missing {
        /// How many.
        stretches: u64,
    },
    /// Its end was cut: a witness had been shown more.
    Cut {
        /// The last seal that there is. `None`: none.
        ends_at: Option<u64>,
        /// The seal that the witness had been shown.
        witnessed: u64,
        /// When that one was sealed.
        witnessed_at: Timestamp,
        /// Messages that were there then and are not here.
        messages: u64,
    },
}

/// A place where a file is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Break {
    /// Where it begins in the file, bytes.
    pub from: u64,
    /// Where it ends, bytes. The same as `from` where something was taken out.
    pub to: u64,
    /// The stretches that it touches, the first and the last, by their numbers. `None`: none of them.
    pub stretches: Option<(u64, u64)>,
    /// When what it touches came, as far as the seals tell.
    pub span: Option<(Timestamp, Timestamp)>,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Other bytes stand there than were sealed.
    #[error("altered: it is not what was sealed")]
    Altered,
    /// Fewer bytes stand there than were sealed.
    #[error("altered: {bytes} bytes were taken out of it")]
    TakenOut {
        /// How many.
        bytes: u64,
    },
    /// Bytes that were not there when it was sealed.
    #[error("put in: no seal covers these bytes")]
    PutIn,
    /// Stretches were taken out, with their seals.
    #[error("missing: what was sealed here was taken out")]
    Missing,
    /// It was written at another place.
    #[error("moved: it stands behind what came after it")]
    Moved,
    /// It stands there already.
    #[error("put in: it is a copy of what stands before it")]
    Repeated,
    /// A seal was changed, or taken out. What it covers is as it was: the next seal says so.
    #[error("the seal itself was altered or taken out; what it covers is unharmed")]
    SealAltered,
    /// Sealed by someone else.
    #[error("sealed by another key")]
    OtherKey,
    /// Sealed for another session.
    #[error("it is of another session")]
    OtherSession,
    /// Good by itself, but it follows on another history than the one that stands before it.
    #[error("it follows on something else than what stands before it: two histories were sealed")]
    OtherHistory,
    /// The witness was shown another one.
    #[error("a witness was shown another history: this one was sealed anew")]
    NotTheWitnessed,
    /// The end of the file, without the seal that closes it.
    #[error("an end that no seal covers")]
    UnsealedEnd,
    /// What stands behind the final seal does not follow from what stands before it.
    #[error("altered: the last bytes do not belong to what stands before them")]
    BadEnd,
    /// The file goes on behind its end.
    #[error("put in: the file goes on behind its end")]
    BehindEnd,
}

impl Report {
    /// Nothing that is there was changed, taken out, put in or moved since it was sealed.
    pub fn unaltered(&self) -> bool {
        let sealed = match self.sealing {
            Sealing::ByGiven(_) | Sealing::ByOwn(_) => true,
            Sealing::None | Sealing::NoKey | Sealing::ByOther { .. } => false,
        };
        sealed && self.breaks.is_empty()
    }

    /// Nothing is missing, as far as the recorder and the witnesses say. `None`: nobody can tell.
    pub fn complete(&self) -> Option<bool> {
        match self.complete {
            Complete::NotSealed | Complete::NotWitnessed | Complete::Unknown { .. } => None,
            Complete::Closed { .. } => Some(true),
            Complete::Missing { .. } | Complete::Cut { .. } => Some(false),
        }
    }

    /// Unaltered and complete.
    pub fn is_good(&self) -> bool {
        self.unaltered() && self.complete() == Some(true)
    }

    /// Both verdicts in a few words.
    pub fn verdict(&self) -> &'static str {
        match (self.sealing, self.unaltered(), self.complete()) {
            (Sealing::None, ..) => "not sealed",
            (Sealing::NoKey, ..) => "sealed, but nobody can look at its seals without the key",
            (Sealing::ByOther { .. }, ..) => "SEALED BY ANOTHER KEY",
            (_, false, _) => "ALTERED",
            (_, true, Some(true)) => "unaltered and complete",
            (_, true, Some(false)) => "unaltered, but NOT COMPLETE",
            (_, true, None) if matches!(self.complete, Complete::Unknown { .. }) => {
                "unaltered, but not closed: whether it is complete nobody can tell"
            }
            (_, true, None) => "unaltered; whether it is complete nobody can tell",
        }
    }

    /// Against whom *unaltered* holds, for a person.
    pub fn against(&self) -> &'static str {
        match self.sealing {
            Sealing::None => "nobody: there is no seal in it",
            Sealing::NoKey => "nobody: the key of its seals is not known",
            Sealing::ByGiven(_) => "all who have not the recorder's key",
            Sealing::ByOwn(_) => "all who could not seal the whole file anew with a key of their own",
            Sealing::ByOther { .. } => "nobody: it is sealed by another key than the one that was given",
        }
    }
}

impl fmt::Display for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("not sealed: there is no seal in it, so anybody could have written any of it"),
            Self::NoKey => f.write_str("by a key that none of its seals tells: give it with --key"),
            Self::ByGiven(key) => write!(f, "by {key}, the key that was given"),
            Self::ByOwn(key) => write!(
                f,
                "by {key}, which nobody vouched for: compare it with the recorder's, or give the recorder's with --key"
            ),
            Self::ByOther { key, given } => write!(f, "by {key}, and not by {given}, which was given"),
        }
    }
}

impl fmt::Display for Complete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSealed => f.write_str("not known: a file without seals cannot tell what is missing"),
            Self::Unknown { witnessed: None } => f.write_str(
                "not known: it was not closed: cut, or its recorder crashed, or is still at it; \
                 without a witness nobody can tell what is missing",
            ),
            Self::Unknown { witnessed: Some(n) } => write!(
                f,
                "not known: it was not closed: cut, or its recorder crashed, or is still at it; \
                 the witness knows of seal {n} and of none after that",
            ),
            Self::Closed { witnessed: None } => f.write_str("yes, as far as the recorder says: it closed the session"),
            Self::Closed { witnessed: Some(n) } => {
                write!(f, "yes, as the recorder says: it closed the session; a witness was shown it up to seal {n}")
            }
            Self::NotWitnessed => {
                f.write_str("not known: the witness was shown nothing of this session by its recorder")
            }
            Self::Missing { stretches: 1 } => f.write_str("no: a stretch is missing"),
            Self::Missing { stretches } => write!(f, "no: {stretches} stretches are missing"),
            Self::Cut { ends_at, witnessed, witnessed_at, messages } => {
                match ends_at {
                    Some(n) => write!(f, "no: its end was cut: it ends at seal {n}")?,
                    None => f.write_str("no: its end was cut: it has no good seal")?,
                }
                write!(f, ", and a witness was shown seal {witnessed}, of {witnessed_at}: at least {messages} ")?;
                f.write_str(if *messages == 1 { "message is missing" } else { "messages are missing" })
            }
        }
    }
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(f, "byte {}", self.from)?;
        } else {
            write!(f, "bytes {} to {}", self.from, self.to)?;
        }
        match self.stretches {
            Some((first, last)) if first == last => write!(f, ", stretch {first}")?,
            Some((first, last)) => write!(f, ", stretches {first} to {last}")?,
            None => (),
        }
        match self.span {
            Some((from, to)) if from == to => write!(f, ", about {from}")?,
            Some((from, to)) => write!(f, ", of {from} to {to}")?,
            None => (),
        }
        write!(f, ": {}", self.fault)
    }
}

impl Report {
    /// The newest seal's number and chain, to be kept elsewhere.
    pub fn head_text(&self) -> Option<String> {
        self.head.as_ref().map(|it| format!("{}:{}", it.n, chain_text(&it.chain)))
    }
}
