//! One seal: what it says, and its bytes.

use std::fmt;

use ciborium::Value;
use coset::{CoseSign1, TaggedCborSerializable};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::session_id::SessionId;
use crate::signal::Timestamp;
use crate::trust::envelope::{self, EnvelopeError};
use crate::trust::hex;
use crate::trust::key::{KeyId, PublicKey, SecretKey};

/// The opcode of the record that holds a seal: one of those that the format leaves to private use.
pub const SEAL_OPCODE: u8 = 0x91;
/// What stands in the envelope of a seal.
pub const SEAL_TYPE: &str = "application/pollux-seal+cbor";
/// No seal is larger.
pub const MAX_SEAL_BYTES: usize = 1024;
/// A record's opcode and length.
pub(super) const RECORD_HEAD: u64 = 9;
/// The version of a seal's shape.
const VERSION: u64 = 1;

/// What the recorder says of a stretch of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The session: seals of another one are none of this file's.
    pub session: SessionId,
    /// Its number, counted from zero.
    pub n: u64,
    /// Where the stretch begins in the file as it was written, bytes.
    pub from: u64,
    /// Where it ends, bytes.
    pub to: u64,
    /// The SHA-256 of the stretch.
    pub digest: [u8; 32],
    /// The chain over all stretches before it; zeros before the first.
    pub before: [u8; 32],
    /// When it was sealed, by the recorder's clock.
    pub at: Timestamp,
    /// When the earliest and the latest message of the stretch came. `None`: it holds none.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Messages in all stretches so far.
    pub messages: u64,
    /// The session ends here in good order, after so many seals as its number says.
    pub is_final: bool,
    /// The recorder's key, told now and then, so that a file tells whose it is.
    pub key: Option<PublicKey>,
}

/// How far a sealed session goes: its newest seal, which stands for all before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SealHead {
    /// The session.
    pub session: SessionId,
    /// Whose seals they are.
    pub key: PublicKey,
    /// The number of the newest seal.
    pub n: u64,
    /// The chain up to it, in hexadecimal digits.
    #[serde(serialize_with = "chain_as_text")]
    pub chain: [u8; 32],
    /// When it was sealed.
    pub at: Timestamp,
    /// Messages up to it.
    pub messages: u64,
    /// It ends the session.
    pub is_final: bool,
}

/// Why some bytes are no seal of this session's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is not signed as it should be.
    #[error("the seal's envelope")]
    Envelope(#[from] EnvelopeError),
    /// What is signed is no seal.
    #[error("the envelope holds no seal")]
    Malformed,
}

impl Seal {
    /// The chain up to it.
    pub fn chain(&self) -> [u8; 32] {
        chain(&self.before, self.n, (self.from, self.to), &self.digest)
    }

    /// How long the stretch is, bytes.
    pub fn length(&self) -> u64 {
        self.to.saturating_sub(self.from)
    }

    /// How far the session goes with it.
    pub fn head(&self, key: PublicKey) -> SealHead {
        let Self { session, n, at, messages, is_final, .. } = *self;
        SealHead { session, key, n, chain: self.chain(), at, messages, is_final }
    }

    /// Signs it.
    pub fn sign(&self, key: &SecretKey) -> Vec<u8> {
        envelope::seal(key, SEAL_TYPE, &session_topic(self.session), &self.payload())
    }

    /// Opens a seal that one of the keys signed which `find` knows.
    pub fn open(bytes: &[u8], find: impl FnOnce(KeyId) -> Option<PublicKey>) -> Result<Self, SealError> {
        let told = Self::peek(bytes).ok_or(SealError::Malformed)?.1;
        let opened = envelope::open(bytes, SEAL_TYPE, &session_topic(told.session), find)?;
        Self::parse(&opened.payload).ok_or(SealError::Malformed)
    }

    /// What a seal says, and whose it says it is, before anybody looked at its signature. `None`: it is none.
    pub fn peek(bytes: &[u8]) -> Option<(KeyId, Self)> {
        if bytes.len() > MAX_SEAL_BYTES {
            return None;
        }
        let envelope = CoseSign1::from_tagged_slice(bytes).ok()?;
        let key = <[u8; 8]>::try_from(envelope.protected.header.key_id.as_slice()).ok()?;
        Some((key.into(), Self::parse(&envelope.payload?)?))
    }

    fn payload(&self) -> Vec<u8> {
        let number = |it: u64| Value::from(it);
        let time = |it: Timestamp| Value::from(it.as_nanos());
        let span = self.span.map_or_else(Vec::new, |(from, to)| vec![time(from), time(to)]);
        let told = Value::Array(vec![
            number(VERSION),
            Value::Bytes(self.session.as_bytes().to_vec()),
            number(self.n),
            number(self.from),
            number(self.to),
            Value::Bytes(self.digest.to_vec()),
            Value::Bytes(self.before.to_vec()),
            time(self.at),
            Value::Array(span),
            number(self.messages),
            Value::Bool(self.is_final),
            self.key.map_or(Value::Null, |it| Value::Text(it.to_string())),
        ]);
        to_bytes(&told)
    }

    fn parse(payload: &[u8]) -> Option<Self> {
        let told: Value = ciborium::from_reader(payload).ok()?;
        let Value::Array(parts) = &told else { return None };
        let [version, session, n, from, to, digest, before, at, span, messages, is_final, key] = parts.as_slice()
        else {
            return None;
        };
        let number = |it: &Value| u64::try_from(it.as_integer()?).ok();
        let time = |it: &Value| Some(Timestamp::from_nanos(i64::try_from(it.as_integer()?).ok()?));
        let hash = |it: &Value| <[u8; 32]>::try_from(it.as_bytes()?.as_slice()).ok();
        let seal = Self {
            session: SessionId::from_bytes(session.as_bytes()?)?,
            n: number(n)?,
            from: number(from)?,
            to: number(to)?,
            digest: hash(digest)?,
            before: hash(before)?,
            at: time(at)?,
            span: match span.as_array()?.as_slice() {
                [] => None,
                [from, to] => Some((time(from)?, time(to)?)),
                _ => return None,
            },
            messages: number(messages)?,
            is_final: is_final.as_bool()?,
            key: if key.is_null() { None } else { Some(key.as_text()?.parse().ok()?) },
        };
        // The same can be written in one way.
        (number(version)? == VERSION && seal.from <= seal.to && seal.payload() == payload).then_some(seal)
    }
}

/// What a seal is bound to beside its bytes.
pub fn session_topic(session: SessionId) -> String {
    format!("pollux/session/{session}")
}

/// The chain after a stretch: SHA-256 over the chain before, its number, where it begins and ends (each in eight bytes, the
/// highest first), and its digest.
pub(super) fn chain(before: &[u8; 32], n: u64, (from, to): (u64, u64), digest: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new().chain_update(before);
    for number in [n, from, to] {
        hash.update(number.to_be_bytes());
    }
    hash.chain_update(digest).finalize().into()
}

/// Writing to memory does not fail; if it did, the empty answer would open nowhere.
fn to_bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_or_else(|_| Vec::new(), |()| bytes)
}

/// A chain in hexadecimal digits.
pub fn chain_text(chain: &[u8; 32]) -> String {
    hex::encode(chain)
}

fn chain_as_text<S: serde::Serializer>(chain: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&hex::encode(chain))
}

impl fmt::Display for SealHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.n, hex::encode(&self.chain))
    }
}
