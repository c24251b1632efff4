//! Witnesses: others who were shown how far a session had come, and keep it where its recorder cannot reach.
//!
//! The recorder signs a *checkpoint*: its newest seal's number and chain. A witness that finds it in order signs it in turn
//! and keeps both. Whoever later cuts the session's end, or seals it anew with the recorder's key, cannot make the witness
//! forget.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ciborium::Value;
use coset::{CoseSign1, TaggedCborSerializable};
use serde::{Deserialize, Serialize};

use super::envelope::{self, EnvelopeError};
use super::key::{KeyId, PublicKey, SecretKey};
use super::seals::{SealHead, SessionId, chain_text, session_topic};
use crate::signal::Timestamp;

/// What stands in the envelope of a checkpoint.
const CHECKPOINT_TYPE: &str = "application/pollux-checkpoint+cbor";
/// What stands in the envelope of a witness.
const WITNESS_TYPE: &str = "application/pollux-witness+cbor";
/// The version of both shapes.
const VERSION: u64 = 1;
/// No checkpoint is larger, signed by a witness or not.
pub const MAX_CHECKPOINT_BYTES: usize = 2048;
/// No line of a witness's file is longer.
const MAX_LINE_BYTES: u64 = 8192;
/// A witness keeps the newest checkpoint of so many sessions at hand.
const MAX_SESSIONS: usize = 10_000;

/// A checkpoint that a witness has signed for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witnessed {
    /// How far the session had come.
    pub head: SealHead,
    /// Who was shown it.
    pub witness: PublicKey,
    /// When, by the witness's clock.
    pub at: Timestamp,
}

/// Why some bytes are no checkpoint, or no witness's word on one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is not signed as it should be.
    #[error("the checkpoint's envelope")]
    Envelope(#[from] EnvelopeError),
    /// What is signed is something else.
    #[error("the envelope holds no checkpoint")]
    Malformed,
}

/// Why a witness does not sign a checkpoint. Its text is for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// Two histories of one session: its recorder's key is used twice, or it seals anew what it had sealed.
    #[error("the session {session} has forked: seal {n} was {was}, and now it is {is}")]
    Forked {
        /// Which session.
        session: SessionId,
        /// The seal.
        n: u64,
        /// Its chain, as it was shown first.
        was: String,
        /// Its chain now.
        is: String,
    },
    /// It was further before.
    #[error("the session {session} has gone back: it was at seal {was}, and now it is at {is}")]
    GoneBack {
        /// Which session.
        session: SessionId,
        /// How far it had come.
        was: u64,
        /// How far it says that it is.
        is: u64,
    },
    /// Messages were taken back, or it goes on behind its end, or under another key.
    #[error("the session {session} contradicts what it said before: {what}")]
    Contradiction {
        /// Which session.
        session: SessionId,
        /// In what.
        what: &'static str,
    },
}

/// What a witness was shown of each session: the newest alone. Each recorder's word stands by itself: a stranger who claims
/// a session's name first must not keep its recorder from being heard.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    newest: BTreeMap<(SessionId, KeyId), SealHead>,
}

/// A line of a witness's file. What counts is the envelope: the rest is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessLineDoc {
    /// When it was shown, in words.
    pub at: String,
    /// The session.
    pub session: SessionId,
    /// The seal's number.
    pub n: u64,
    /// Messages up to it.
    pub messages: u64,
    /// Who was shown it.
    pub witness: PublicKey,
    /// What the witness has signed, with what the recorder has signed in it (base64).
    pub envelope: String,
}

/// Signs how far a session has come, for witnesses.
pub fn sign_checkpoint(head: &SealHead, key: &SecretKey) -> Vec<u8> {
    let told = Value::Array(vec![
        Value::from(VERSION),
        Value::Text(head.session.to_string()),
        Value::Text(head.key.to_string()),
        Value::from(head.n),
        Value::Bytes(head.chain.to_vec()),
        Value::from(head.at.as_nanos()),
        Value::from(head.messages),
        Value::Bool(head.is_final),
    ]);
    envelope::seal(key, CHECKPOINT_TYPE, &session_topic(head.session), &to_bytes(&told))
}

/// Opens a checkpoint: it is signed by the key that it names itself. Whose that is, the caller must know.
pub fn open_checkpoint(bytes: &[u8]) -> Result<SealHead, CheckpointError> {
    let told = peek(bytes).and_then(|it| head_of(&it)).ok_or(CheckpointError::Malformed)?;
    open_by(bytes, CHECKPOINT_TYPE, told.session, told.key)?;
    Ok(told)
}

/// Signs a checkpoint as a witness. The checkpoint is its envelope, as the recorder made it.
pub fn sign_witnessed(checkpoint: &[u8], at: Timestamp, key: &SecretKey) -> Result<Vec<u8>, CheckpointError> {
    let head = open_checkpoint(checkpoint)?;
    let told = Value::Array(vec![
        Value::from(VERSION),
        Value::from(at.as_nanos()),
        Value::Text(key.public().to_string()),
        Value::Bytes(checkpoint.to_vec()),
    ]);
    Ok(envelope::seal(key, WITNESS_TYPE, &session_topic(head.session), &to_bytes(&told)))
}

/// Opens what a witness has signed, and the checkpoint in it.
pub fn open_witnessed(bytes: &[u8]) -> Result<Witnessed, CheckpointError> {
    let told = peek(bytes).ok_or(CheckpointError::Malformed)?;
    let parse = || {
        let [version, at, witness, checkpoint] = told.as_array()?.as_slice() else { return None };
        (version.as_integer()? == VERSION.into()).then_some(())?;
        let at = Timestamp::from_nanos(i64::try_from(at.as_integer()?).ok()?);
        Some((at, witness.as_text()?.parse::<PublicKey>().ok()?, checkpoint.as_bytes()?))
    };
    let (at, witness, checkpoint) = parse().ok_or(CheckpointError::Malformed)?;
    let head = open_checkpoint(checkpoint)?;
    open_by(bytes, WITNESS_TYPE, head.session, witness)?;
    Ok(Witnessed { head, witness, at })
}

impl WitnessLineDoc {
    /// The line for what a witness has signed.
    pub fn of(witnessed: &Witnessed, envelope: &[u8]) -> Self {
        Self {
            at: witnessed.at.to_string(),
            session: witnessed.head.session,
            n: witnessed.head.n,
            messages: witnessed.head.messages,
            witness: witnessed.witness,
            envelope: BASE64_STANDARD.encode(envelope),
        }
    }
}

/// Reads a witness's file, line by line. What is no good line is counted, and what it would have said is not believed.
pub fn read_witness_file(mut file: impl BufRead) -> io::Result<(Vec<Witnessed>, u64)> {
    let (mut witnessed, mut bad) = (Vec::new(), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let n = io::Read::take(&mut file, MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
        if n == 0 {
            return Ok((witnessed, bad));
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let doc = serde_json::from_slice::<WitnessLineDoc>(&line).ok();
        let envelope = doc.and_then(|it| BASE64_STANDARD.decode(it.envelope).ok());
        match envelope.and_then(|it| open_witnessed(&it).ok()) {
            Some(it) => witnessed.push(it),
            None => bad += 1,
        }
    }
}

impl Ledger {
    /// Takes a checkpoint that was opened. `Ok(true)`: it is news, and in order.
    pub fn take(&mut self, head: &SealHead) -> Result<bool, Doubt> {
        let session = head.session;
        let place = (session, head.key.id());
        if let Some(before) = self.newest.get(&place) {
            let contradiction = |what| Err(Doubt::Contradiction { session, what });
            if before.key != head.key {
                return contradiction("another key of the same name");
            }
            if head.n < before.n {
                return Err(Doubt::GoneBack { session, was: before.n, is: head.n });
            }
            if head.n == before.n {
                return if head.chain == before.chain {
                    Ok(false)
                } else {
                    let (was, is) = (chain_text(&before.chain), chain_text(&head.chain));
                    Err(Doubt::Forked { session, n: head.n, was, is })
                };
            }
            if before.is_final {
                return contradiction("it had ended");
            }
            if head.messages < before.messages {
                return contradiction("it had more messages");
            }
        } else if self.newest.len() >= MAX_SESSIONS
            && let Some(oldest) = self.newest.keys().next().copied()
        {
            // Their names begin with the time at which they were made.
            self.newest.remove(&oldest);
        }
        self.newest.insert(place, head.clone());
        Ok(true)
    }
}

fn open_by(bytes: &[u8], typ: &str, session: SessionId, key: PublicKey) -> Result<(), EnvelopeError> {
    envelope::open(bytes, typ, &session_topic(session), |id| Some(key).filter(|it| it.id() == id)).map(drop)
}

/// What an envelope holds, before anybody looked at its signature.
fn peek(bytes: &[u8]) -> Option<Value> {
    if bytes.len() > MAX_CHECKPOINT_BYTES {
        return None;
    }
    let payload = CoseSign1::from_tagged_slice(bytes).ok()?.payload?;
    let told: Value = ciborium::from_reader(payload.as_slice()).ok()?;
    (to_bytes(&told) == payload).then_some(told)
}

fn head_of(told: &Value) -> Option<SealHead> {
    let [version, session, key, n, chain, at, messages, is_final] = told.as_array()?.as_slice() else { return None };
    let number = |it: &Value| u64::try_from(it.as_integer()?).ok();
    (number(version)? == VERSION).then_some(())?;
    Some(SealHead {
        session: session.as_text()?.parse().ok()?,
        key: key.as_text()?.parse().ok()?,
        n: number(n)?,
        chain: chain.as_bytes()?.as_slice().try_into().ok()?,
        at: Timestamp::from_nanos(i64::try_from(at.as_integer()?).ok()?),
        messages: number(messages)?,
        is_final: is_final.as_bool()?,
    })
}

/// Writing to memory does not fail; if it did, the empty answer would open nowhere.
fn to_bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_or_else(|_| Vec::new(), |()| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(key: &SecretKey, n: u64) -> SealHead {
        SealHead {
            session: "01910f2e-3c4b-7d5a-8e6f-0123456789ab".parse().unwrap(),
            key: key.public(),
            n,
            chain: [n as u8; 32],
            at: Timestamp::from_nanos(1_800_000_000_000_000_000),
            messages: n * 100,
            is_final: false,
        }
    }

    #[test]
    fn a_checkpoint_goes_by_its_recorder_and_a_witness_and_comes_back() {
        let (recorder, witness) = (SecretKey::generate(), SecretKey::generate());
        let head = head(&recorder, 7);
        let checkpoint = sign_checkpoint(&head, &recorder);
        assert_eq!(open_checkpoint(&checkpoint), Ok(head.clone()));
        let at = Timestamp::from_nanos(1_800_000_001_000_000_000);
        let signed = sign_witnessed(&checkpoint, at, &witness).unwrap();
        let witnessed = Witnessed { head, witness: witness.public(), at };
        assert_eq!(open_witnessed(&signed), Ok(witnessed.clone()));
        assert!(signed.len() < MAX_CHECKPOINT_BYTES, "{} bytes", signed.len());

        for place in (0..signed.len()).step_by(3) {
            let mut changed = signed.clone();
            changed[place] ^= 4;
            assert!(open_witnessed(&changed).is_err(), "byte {place}");
        }
        // Who claims another's key.
        let forged = SealHead { key: witness.public(), ..witnessed.head.clone() };
        assert!(open_checkpoint(&sign_checkpoint(&forged, &recorder)).is_err());
        assert!(open_checkpoint(&signed).is_err() && open_witnessed(&checkpoint).is_err());

        let line = serde_json::to_string(&WitnessLineDoc::of(&witnessed, &signed)).unwrap();
        let file = format!("{line}\n\nnonsense\n{}\n", line.replace('A', "B"));
        assert_eq!(read_witness_file(file.as_bytes()).unwrap(), (vec![witnessed], 2));
    }

    #[test]
    fn a_witness_signs_what_goes_on_and_nothing_that_goes_back_or_forks() {
        let key = SecretKey::generate();
        let mut ledger = Ledger::default();
        assert_eq!(ledger.take(&head(&key, 3)), Ok(true));
        assert_eq!(ledger.take(&head(&key, 3)), Ok(false));
        let forked = SealHead { chain: [9; 32], ..head(&key, 3) };
        let told = ledger.take(&forked).unwrap_err();
        assert!(matches!(told, Doubt::Forked { n: 3, .. }) && told.to_string().contains("has forked"), "{told}");
        assert!(matches!(ledger.take(&head(&key, 2)), Err(Doubt::GoneBack { was: 3, is: 2, .. })));
        let fewer = SealHead { messages: 1, ..head(&key, 4) };
        assert!(matches!(ledger.take(&fewer), Err(Doubt::Contradiction { .. })));
        // Who claims the session's name with another key neither speaks for its recorder nor shuts it out.
        let stranger = SecretKey::generate();
        assert_eq!(ledger.take(&head(&stranger, 90)), Ok(true));
        assert!(matches!(ledger.take(&head(&stranger, 89)), Err(Doubt::GoneBack { was: 90, is: 89, .. })));
        assert_eq!(ledger.take(&SealHead { is_final: true, ..head(&key, 5) }), Ok(true));
        assert!(matches!(ledger.take(&head(&key, 6)), Err(Doubt::Contradiction { .. })));
    }
}
