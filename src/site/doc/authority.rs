//! Who may ask for what.

use serde::{Deserialize, Serialize};

/// What a person is at a site. Who may do what stands in one table, `trust::may`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Looks on.
    Viewer,
    /// Runs the plant within its normal bands.
    Operator,
    /// Runs it beyond them, too.
    Engineer,
    /// May ask for, and approve, what is not reversible.
    Supervisor,
    /// Keeps keys and quarantines; does not run the plant.
    Security,
    /// Reads the audit; changes nothing.
    Auditor,
}

/// How far what a command does may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Class {
    /// Identifies: a lamp blinks, a display shows.
    C0,
    /// Normal and reversible.
    #[default]
    C1,
    /// Outside the normal band, or reaches others.
    C2,
    /// Safety, or cannot be undone: selected before it is operated, and approved by a second person.
    C3,
}

impl Role {
    /// All of them, from the least to the most, then those beside.
    pub const ALL: [Self; 6] =
        [Self::Viewer, Self::Operator, Self::Engineer, Self::Supervisor, Self::Security, Self::Auditor];

    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Engineer => "engineer",
            Self::Supervisor => "supervisor",
            Self::Security => "security",
            Self::Auditor => "auditor",
        }
    }
}

impl Class {
    /// All of them, from the least to the most.
    pub const ALL: [Self; 4] = [Self::C0, Self::C1, Self::C2, Self::C3];

    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::C0 => "C0",
            Self::C1 => "C1",
            Self::C2 => "C2",
            Self::C3 => "C3",
        }
    }
}
