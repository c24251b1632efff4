//! Why a command was refused or came to nothing, in the words of IEC 61850-7-2 (`AddCause`).

use serde::{Deserialize, Serialize};

/// A cause, as IEC 61850-7-2 names it. On the wire and in the audit it is this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cause {
    /// None of the others.
    Unknown,
    /// There is no such command, or no such emergency stop.
    #[serde(rename = "Not-supported")]
    NotSupported,
    /// The value is of the wrong kind or out of what the command takes.
    #[serde(rename = "Inconsistent-parameters")]
    InconsistentParameters,
    /// Nobody who may ask for it asked for it.
    #[serde(rename = "No-access-authority")]
    NoAccessAuthority,
    /// The step, or the sum of steps, is too large.
    #[serde(rename = "Step-limit")]
    StepLimit,
    /// Too early, too late, or too often.
    #[serde(rename = "Time-limit-over")]
    TimeLimitOver,
    /// An interlock does not hold, or cannot be known.
    #[serde(rename = "Blocked-by-interlocking")]
    BlockedByInterlocking,
    /// The device takes no commands now: somebody else speaks in its name, or a person has isolated it.
    #[serde(rename = "Blocked-by-Mode")]
    BlockedByMode,
    /// The device is away, or the link to it.
    #[serde(rename = "Blocked-by-process")]
    BlockedByProcess,
    /// The gate itself is not fit to send: it cannot write its audit.
    #[serde(rename = "Blocked-by-health")]
    BlockedByHealth,
    /// Another one, which excludes it, is under way.
    #[serde(rename = "1-of-n-control")]
    OneOfN,
    /// An earlier one of the same command is under way.
    #[serde(rename = "Command-already-in-execution")]
    CommandAlreadyInExecution,
    /// Somebody else has reserved it.
    #[serde(rename = "Object-already-selected")]
    ObjectAlreadySelected,
    /// It must be selected before it is operated.
    #[serde(rename = "Object-not-selected")]
    ObjectNotSelected,
    /// What is operated is not what was selected, or what is approved is not what was asked for.
    #[serde(rename = "Parameter-change-in-execution")]
    ParameterChangeInExecution,
    /// The device stands where it cannot do it.
    #[serde(rename = "Invalid-position")]
    InvalidPosition,
    /// A person took it back.
    #[serde(rename = "Abortion-by-cancel")]
    AbortionByCancel,
    /// The link was lost while it was under way.
    #[serde(rename = "Abortion-by-communication-loss")]
    AbortionByCommunicationLoss,
    /// The device itself said no.
    #[serde(rename = "Blocked-by-command")]
    BlockedByCommand,
}

impl Cause {
    /// The standard's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::NotSupported => "Not-supported",
            Self::InconsistentParameters => "Inconsistent-parameters",
            Self::NoAccessAuthority => "No-access-authority",
            Self::StepLimit => "Step-limit",
            Self::TimeLimitOver => "Time-limit-over",
            Self::BlockedByInterlocking => "Blocked-by-interlocking",
            Self::BlockedByMode => "Blocked-by-Mode",
            Self::BlockedByProcess => "Blocked-by-process",
            Self::BlockedByHealth => "Blocked-by-health",
            Self::OneOfN => "1-of-n-control",
            Self::CommandAlreadyInExecution => "Command-already-in-execution",
            Self::ObjectAlreadySelected => "Object-already-selected",
            Self::ObjectNotSelected => "Object-not-selected",
            Self::ParameterChangeInExecution => "Parameter-change-in-execution",
            Self::InvalidPosition => "Invalid-position",
            Self::AbortionByCancel => "Abortion-by-cancel",
            Self::AbortionByCommunicationLoss => "Abortion-by-communication-loss",
            Self::BlockedByCommand => "Blocked-by-command",
        }
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
