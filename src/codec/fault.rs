//! Why a payload gave no value for a signal.

use std::sync::Arc;

use super::packed::PackedError;

/// Why a payload gave no value for a signal: its last good value stays.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Fault {
    /// Nothing in it.
    #[error("the payload is empty")]
    Empty,
    /// A bare value that is no text.
    #[error("the payload is not UTF-8")]
    NotUtf8,
    /// JSON was expected.
    #[error("the payload is not JSON: {0}")]
    NotJson(String),
    /// The site's pointer leads nowhere.
    #[error("there is nothing at {path} in the payload")]
    PathMissing {
        /// The pointer.
        path: String,
    },
    /// Something else than the site says.
    #[error("expected {expected}, found {got}{}", path.as_ref().map(|it| format!(" at {it}")).unwrap_or_default())]
    WrongKind {
        /// The pointer. `None`: a bare value.
        path: Option<String>,
        /// What the site says.
        expected: &'static str,
        /// What came, shortened.
        got: String,
    },
    /// Not a number, or without end.
    #[error("the number is not finite")]
    NotFinite,
    /// Outside of what the site says can be. Told of what is signed alone: what is not is shown as what it is.
    #[error("{signal} is {got}, which is outside of {low} to {high}")]
    Outside {
        /// The signal's address.
        signal: Arc<str>,
        /// What came, in the signal's unit.
        got: f64,
        /// The lowest that can be.
        low: f64,
        /// The highest.
        high: f64,
    },
    /// Packed values that cannot be read.
    #[error(transparent)]
    Packed(#[from] PackedError),
    /// The device itself holds the value to be bad.
    #[error("the device says that its value is bad")]
    Bad,
    /// Larger than a payload may be.
    #[error("the payload has {bytes} bytes, more than the {limit} that are read")]
    Oversize {
        /// Its size.
        bytes: usize,
        /// What is read.
        limit: usize,
    },
}

impl Fault {
    /// Whether something was said that cannot be: of the wrong kind, or outside of its range. Else nothing was said that could
    /// be wrong, or the device itself said that it is.
    pub fn is_implausible(&self) -> bool {
        match self {
            Self::NotUtf8 | Self::NotJson(_) | Self::WrongKind { .. } | Self::NotFinite | Self::Outside { .. } => true,
            Self::Empty | Self::PathMissing { .. } | Self::Packed(_) | Self::Bad | Self::Oversize { .. } => false,
        }
    }
}
