//! Seals a file while it is written.

use sha2::{Digest, Sha256};

use super::end::{END_BYTES, FOOTER_BYTES, footer};
use super::seal::{RECORD_HEAD, SEAL_OPCODE, Seal, SealHead};
use super::session_id::SessionId;
use crate::signal::Timestamp;
use crate::trust::key::{PublicKey, SecretKey};

/// Each so many seals tell the recorder's key.
const KEY_EACH: u64 = 64;

/// What a seal tells of its stretch beside its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Now.
    pub at: Timestamp,
    /// When the earliest and the latest message of the stretch came.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Messages so far.
    pub messages: u64,
}

/// Follows what is written, and seals it stretch by stretch.
#[derive(Debug)]
pub struct Sealer {
    key: SecretKey,
    public: PublicKey,
    session: SessionId,
    digest: Sha256,
    n: u64,
    from: u64,
    at: u64,
    chain: [u8; 32],
    head: Option<SealHead>,
}

impl Sealer {
    /// Begins with the first byte of a file.
    pub fn new(key: SecretKey, session: SessionId) -> Self {
        Self {
            public: key.public(),
            key,
            session,
            digest: Sha256::new(),
            n: 0,
            from: 0,
            at: 0,
            chain: [0; 32],
            head: None,
        }
    }

    /// Takes bytes that go into the file. The record with the seal itself is not among them.
    pub fn take(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.at += bytes.len() as u64;
    }

    /// Seals what came since the last seal. What is returned goes into a record with the opcode [`SEAL_OPCODE`], right
    /// here.
    pub fn seal(&mut self, told: Told) -> Vec<u8> {
        self.make(told, false)
    }

    /// Ends a file: takes what stands from the end of its data on, and returns that with the final seal in it.
    pub fn close(&mut self, tail: &[u8], told: Told) -> Vec<u8> {
        let began = self.at;
        let (summary, end) = tail.split_at(tail.len().saturating_sub(END_BYTES));
        self.take(summary);
        let seal = self.make(told, true);
        let mut closed = summary.to_vec();
        closed.push(SEAL_OPCODE);
        closed.extend((seal.len() as u64).to_le_bytes());
        closed.extend(seal);
        // The summary's checksum covers all of it up to the checksum, and the final seal is in it now.
        match footer(end, |start| {
            let start = usize::try_from(start.checked_sub(began)?).ok()?;
            closed.get(start..).map(crc32fast::hash)
        }) {
            Some(new) => {
                closed.extend(new);
                closed.extend(&end[FOOTER_BYTES..]);
            }
            None => closed.extend(end),
        }
        closed
    }

    /// How far it has come. `None`: nothing is sealed yet.
    pub fn head(&self) -> Option<&SealHead> {
        self.head.as_ref()
    }

    fn make(&mut self, told: Told, is_final: bool) -> Vec<u8> {
        let digest = std::mem::take(&mut self.digest).finalize().into();
        let seal = Seal {
            session: self.session,
            n: self.n,
            from: self.from,
            to: self.at,
            digest,
            before: self.chain,
            at: told.at,
            span: told.span,
            messages: told.messages,
            is_final,
            key: (is_final || self.n.is_multiple_of(KEY_EACH)).then_some(self.public),
        };
        let bytes = seal.sign(&self.key);
        self.chain = seal.chain();
        self.n += 1;
        self.at += RECORD_HEAD + bytes.len() as u64;
        self.from = self.at;
        self.head = Some(seal.head(self.public));
        bytes
    }
}
