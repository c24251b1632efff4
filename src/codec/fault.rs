//! Why a payload gave no value for a signal.

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
