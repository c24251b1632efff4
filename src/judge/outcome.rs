//! What comes of what happens to an alarm: a line of the journal, or a no to a person.

use serde::{Deserialize, Serialize};

/// What came of a step, for the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It wants a person.
    Raised,
    /// Its condition is gone.
    Returned,
    /// Whether it still holds cannot be known.
    BecameUnknown,
    /// It can be known again, and still holds.
    BecameKnown,
    /// A person has seen it.
    Acknowledged,
    /// A person has let go of it.
    Reset,
    /// A person has put it aside.
    Shelved,
    /// It was taken up again, or the time was over.
    Unshelved,
    /// By design it says nothing.
    Suppressed,
    /// By design it speaks again.
    Unsuppressed,
    /// A person has taken it out of service.
    TakenOut,
    /// A person has returned it to service.
    PutBack,
    /// A person wrote a note.
    Noted,
}

/// Why a person cannot do this to an alarm. Its text is for that person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// It does not want a person.
    #[error("there is nothing to acknowledge: it is normal")]
    NothingToAcknowledge,
    /// Someone was first.
    #[error("it is acknowledged already")]
    AlreadyAcknowledged,
    /// It says nothing at the moment.
    #[error("it is put aside and wants nobody: take it up again first")]
    Hidden,
    /// It does not wait for a reset.
    #[error("there is nothing to reset: only an alarm that is latched, and gone, waits for it")]
    NothingToReset,
    /// It has not been seen.
    #[error("acknowledge it first, then reset it")]
    AcknowledgeFirst,
    /// It still holds.
    #[error("its condition still holds: a latched alarm is reset when that is gone")]
    StillActive,
    /// It is not shelved.
    #[error("it is not shelved")]
    NotShelved,
    /// It cannot be shelved where nobody would see the end of it.
    #[error("it is out of service: return it to service first")]
    OutOfService,
    /// It is there already.
    #[error("it is out of service already")]
    AlreadyOut,
    /// It is in service.
    #[error("it is in service")]
    InService,
    /// A reason must be given.
    #[error("say why: a reason is required")]
    NoReason,
    /// Nobody shelves an alarm for longer, or for no time.
    #[error("shelve it for at least a second and at most 8 h: what is to be silent for longer is taken out of service")]
    BadSpan,
    /// The site has no such alarm.
    #[error("the site no longer has this alarm")]
    Gone,
    /// What is shown is long over.
    #[error("this is a recording: what was found in it is acknowledged by nobody")]
    Recorded,
    /// A note needs words.
    #[error("an empty note says nothing")]
    EmptyNote,
}

impl What {
    /// All of them.
    const ALL: [Self; 13] = [
        Self::Raised,
        Self::Returned,
        Self::BecameUnknown,
        Self::BecameKnown,
        Self::Acknowledged,
        Self::Reset,
        Self::Shelved,
        Self::Unshelved,
        Self::Suppressed,
        Self::Unsuppressed,
        Self::TakenOut,
        Self::PutBack,
        Self::Noted,
    ];

    /// What some words on the screen say.
    pub fn of_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.label() == label)
    }

    /// The words on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Returned => "returned to normal",
            Self::BecameUnknown => "can no longer be known",
            Self::BecameKnown => "is known again",
            Self::Acknowledged => "acknowledged",
            Self::Reset => "reset",
            Self::Shelved => "shelved",
            Self::Unshelved => "taken up again",
            Self::Suppressed => "suppressed by design",
            Self::Unsuppressed => "no longer suppressed",
            Self::TakenOut => "taken out of service",
            Self::PutBack => "returned to service",
            Self::Noted => "noted",
        }
    }
}
