//! Records that cannot be changed unseen: each is hashed together with the hash of the one before.
//!
//! In a log of its own ([`AuditLog`]) checkpoints with a signature stand between the records, so that whoever has not the
//! log's key cannot write another history either. Where records are kept elsewhere ([`Chain`]) nobody signs, and the
//! chain finds accidents, not adversaries. A log cannot tell by itself that its end was cut: for that, a [`Head`] is kept
//! elsewhere and shown to [`verify()`].
//!
//! A line of the log is the hash in hexadecimal digits, a space, the record as JSON, and a line feed. The hash is SHA-256
//! over the hash before (32 bytes; zeros before the first) and the JSON.

mod entries;
mod line;
mod linked;
mod log;
mod report;
#[cfg(test)]
mod tests;
mod verify;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use entries::{Entry, entries};
pub use linked::{LinkedFault, LinkedReport, verify_linked};
pub use log::{AuditLog, LogError};
pub use report::{Complete, Fault, Finding, Report};
pub use verify::{VerifyOptions, verify};

use super::hex;

/// After so many records the log's key signs for all before.
pub const CHECKPOINT_RECORDS: u32 = 256;

/// The hash of all records so far, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chain {
    /// Zeros before the first record.
    pub head: [u8; 32],
}

/// How far a log goes: its last line, which stands for all before it. In text `N:HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Head {
    /// The number of the line, counted from zero.
    pub n: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// A text that is no [`Head`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no checkpoint: expected a number, a colon and 64 hexadecimal digits in lower case, as verify prints them"
)]
pub struct HeadError(String);

impl Chain {
    /// Adds a record; returns the hash that now stands for all of them.
    pub fn link(&mut self, json: &[u8]) -> [u8; 32] {
        self.head = linked(&self.head, json);
        self.head
    }
}

/// The hash of a record that follows another.
fn linked(before: &[u8; 32], json: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(before).chain_update(json).finalize().into()
}

impl FromStr for Head {
    type Err = HeadError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (n, hash) = text.split_once(':')?;
            Some(Self { n: n.parse().ok()?, hash: hex::decode(hash.as_bytes())? })
        };
        parse().ok_or_else(|| HeadError(text.to_owned()))
    }
}

impl TryFrom<String> for Head {
    type Error = HeadError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Head> for String {
    fn from(head: Head) -> Self {
        head.to_string()
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.n, hex::encode(&self.hash))
    }
}
