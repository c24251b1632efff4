//! Where the stretches of a file stand, as their seals tell it: for whoever takes some of them elsewhere.

use std::io::{self, Read, Seek};

use super::bytes::Bytes;
use super::end::MAGIC;
use super::seal::{SEAL_OPCODE, Seal};
use crate::signal::Timestamp;

/// A stretch and its seal in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its number.
    pub n: u64,
    /// Where it begins, bytes.
    pub from: u64,
    /// Where its seal's record begins, bytes.
    pub seal: u64,
    /// Where its seal's record ends, bytes.
    pub to: u64,
    /// When the earliest and the latest message of it came. `None`: it holds none.
    pub span: Option<(Timestamp, Timestamp)>,
    /// It ends the session.
    pub is_final: bool,
}

/// The stretches of a file, in their order, as far as its records can be followed. Nobody looks at a signature here.
pub fn stretches(file: impl Read + Seek) -> io::Result<Vec<Stretch>> {
    let mut bytes = Bytes::new(file)?;
    let (mut found, mut from, mut at) = (Vec::new(), 0, MAGIC.len() as u64);
    while let Some(head) = bytes.head(at)?.filter(|it| it.to <= bytes.length) {
        if head.opcode == SEAL_OPCODE
            && let Some(candidate) = bytes.candidate(head)?
            && let Some((_, seal)) = Seal::peek(&candidate.envelope)
        {
            let Seal { n, span, is_final, .. } = seal;
            found.push(Stretch { n, from, seal: head.from, to: head.to, span, is_final });
            from = head.to;
        }
        at = head.to;
    }
    Ok(found)
}
