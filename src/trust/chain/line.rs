//! One line of the log: how it is written, and what is read of it.

use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};

use super::hex;
use crate::trust::key::PublicKey;

/// The name of this shape.
pub(super) const FORMAT: &str = "pollux-audit-1";
/// A line is no longer, bytes.
pub(super) const MAX_LINE_BYTES: usize = 1 << 20;
/// Where the JSON begins: after the digits of the hash and a space.
pub(super) const JSON_AT: usize = 65;
/// What the signature of a checkpoint begins with, so that it can be taken for nothing else.
const CHECKPOINT_DOMAIN: &[u8] = b"pollux-audit-checkpoint-1\n";

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first: it names the shape and the key.
    Log,
    /// What someone asked for, or what became of it.
    Record,
    /// What befell the log itself.
    Note,
    /// A signature for all before.
    Checkpoint,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Log, Self::Record, Self::Note, Self::Checkpoint];

    /// Its name in the JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Record => "record",
            Self::Note => "note",
            Self::Checkpoint => "checkpoint",
        }
    }
}

/// What the first line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LogDoc {
    /// [`FORMAT`].
    pub(super) format: String,
    /// Chance: two logs by one key differ from their first line on.
    pub(super) id: String,
    /// Whose checkpoints stand in it.
    pub(super) key: PublicKey,
}

/// What befell the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NoteDoc {
    /// The last line had no end, as after a crash, and was cut off: so many bytes.
    pub(super) cut_bytes: u64,
}

/// A signature for all lines before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CheckpointDoc {
    /// The hash of the line before.
    pub(super) head: String,
    /// The log was ended here in good order. It may have been opened again later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) closed: bool,
    /// By the log's key, over the number of this line, `closed` and `head`.
    pub(super) signature: String,
}

impl CheckpointDoc {
    /// What is signed.
    pub(super) fn message(n: u64, closed: bool, head: &[u8; 32]) -> Vec<u8> {
        [CHECKPOINT_DOMAIN, &n.to_be_bytes(), &[u8::from(closed)], head].concat()
    }

    /// The hash of the line before, if the key has signed for it.
    pub(super) fn signed_by(&self, n: u64, key: &PublicKey) -> Option<[u8; 32]> {
        let head = hex::decode(self.head.as_bytes())?;
        let signature = hex::decode(self.signature.as_bytes())?;
        key.verifies(&Self::message(n, self.closed, &head), &signature).then_some(head)
    }
}

/// A line that has its shape. Whether its hash is right is another matter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// The hash that it states.
    pub(super) hash: [u8; 32],
    /// What is hashed.
    pub(super) json: &'a [u8],
    /// Its number.
    pub(super) n: u64,
    /// What it is.
    pub(super) kind: Kind,
    /// What it says, in JSON.
    pub(super) body: &'a [u8],
}

impl<'a> Line<'a> {
    /// Takes a line, without its line feed, apart.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let hash = hex::decode(line.get(..JSON_AT - 1)?)?;
        let json = line.get(JSON_AT - 1..)?.strip_prefix(b" ")?;
        let numbered = json.strip_prefix(b"{\"n\":")?;
        let digits = numbered.iter().position(|it| !it.is_ascii_digit())?;
        let n = std::str::from_utf8(&numbered[..digits]).ok()?.parse().ok()?;
        let named = numbered[digits..].strip_prefix(b",\"")?.strip_suffix(b"}")?;
        let (kind, body) = Kind::ALL.into_iter().find_map(|it| {
            let body = named.strip_prefix(it.name().as_bytes())?.strip_prefix(b"\":")?;
            Some((it, body))
        })?;
        Some(Self { hash, json, n, kind, body })
    }
}

/// Reads a line with its line feed, or as much as a line may be long. `false`: there is none left.
pub(super) fn next_line(log: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    Ok(log.take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', line)? > 0)
}

/// Whether these bytes may be the beginning of a log whose first line was never ended.
pub(super) fn may_begin(bytes: &[u8]) -> bool {
    let (hash, rest) = bytes.split_at(bytes.len().min(JSON_AT - 1));
    let named: &[u8] = b" {\"n\":0,\"log\":";
    let is_digit = |it: &u8| matches!(it, b'0'..=b'9' | b'a'..=b'f');
    hash.iter().all(is_digit) && (rest.starts_with(named) || named.starts_with(rest))
}

/// Writes a line's JSON behind room for its hash. What is left in `line` after an error is of no use.
pub(super) fn write_json(line: &mut Vec<u8>, n: u64, kind: Kind, body: &impl Serialize) -> serde_json::Result<()> {
    line.clear();
    line.resize(JSON_AT, b' ');
    line.extend_from_slice(format!("{{\"n\":{n},\"{}\":", kind.name()).as_bytes());
    serde_json::to_writer(&mut *line, body)?;
    line.push(b'}');
    Ok(())
}
