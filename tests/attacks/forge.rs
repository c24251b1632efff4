//! Envelopes as an attacker writes them: by hand, with whatever header, signature and form serves.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value;
use sha2::{Digest, Sha256};

use crate::signal::Timestamp;
use crate::trust::{BESIDE_TYPE, KeyId, SecretKey};

/// Labels of a header (RFC 9052 and 9596, and the ones of this project).
pub(super) const ALG: i64 = 1;
pub(super) const CRIT: i64 = 2;
pub(super) const KID: i64 = 4;
pub(super) const TYP: i64 = 16;
pub(super) const EPOCH: i64 = -70001;
pub(super) const SEQ: i64 = -70002;
pub(super) const TIME: i64 = -70003;
pub(super) const PREV: i64 = -70004;
/// Ed25519.
const ED25519: i64 = -19;
/// The tag of COSE Sign1.
const SIGN1: u8 = 0xd2;

/// An envelope to be, which says of itself what it likes.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// Whose key it names.
    pub(super) key: KeyId,
    /// What it says that it holds.
    pub(super) typ: &'static str,
    /// The boot counter, the number, the time, and the digest of the one before.
    pub(super) place: (u64, u64, Timestamp, [u8; 32]),
    /// What its signature is bound to.
    pub(super) topic: String,
    /// What it goes beside, or holds.
    pub(super) payload: Vec<u8>,
    /// Whether it holds it.
    pub(super) within: bool,
    /// Further entries of its header, at its end, in whatever order.
    pub(super) more: Vec<(Value, Value)>,
    /// Headers that nobody signs.
    pub(super) unsigned: Vec<(Value, Value)>,
}

impl Draft {
    /// What a device would say beside a payload.
    pub(super) fn beside(key: KeyId, topic: &str, place: (u64, u64, Timestamp), payload: &[u8]) -> Self {
        Self {
            key,
            typ: BESIDE_TYPE,
            place: (place.0, place.1, place.2, [0; 32]),
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            within: false,
            more: Vec::new(),
            unsigned: Vec::new(),
        }
    }

    /// Signed by whoever's key.
    pub(super) fn sign(&self, by: &SecretKey) -> Vec<u8> {
        let protected = bytes(&Value::Map(self.header()));
        let aad = bytes(&Value::Array(vec!["pollux-1".into(), self.topic.as_str().into()]));
        let message = bytes(&Value::Array(vec![
            "Signature1".into(),
            Value::Bytes(protected.clone()),
            Value::Bytes(aad),
            Value::Bytes(self.payload.clone()),
        ]));
        self.with_signature(protected, &by.sign(&message))
    }

    /// The same, as the text of a user property.
    pub(super) fn sign_text(&self, by: &SecretKey) -> String {
        text(&self.sign(by))
    }

    fn with_signature(&self, protected: Vec<u8>, signature: &[u8; 64]) -> Vec<u8> {
        let payload = if self.within { Value::Bytes(self.payload.clone()) } else { Value::Null };
        let parts =
            [Value::Bytes(protected), Value::Map(self.unsigned.clone()), payload, Value::Bytes(signature.to_vec())];
        [vec![SIGN1], bytes(&Value::Array(parts.into()))].concat()
    }

    fn header(&self) -> Vec<(Value, Value)> {
        let (epoch, seq, at, prev) = self.place;
        let critical = [EPOCH, SEQ, TIME, PREV].map(Value::from);
        let mut header = vec![
            (ALG.into(), ED25519.into()),
            (CRIT.into(), Value::Array(critical.into())),
            (KID.into(), Value::Bytes(self.key.as_bytes().to_vec())),
            (TYP.into(), self.typ.into()),
            (EPOCH.into(), epoch.into()),
            (SEQ.into(), seq.into()),
            (TIME.into(), at.as_nanos().into()),
            (PREV.into(), Value::Bytes(prev.to_vec())),
        ];
        header.extend(self.more.iter().cloned());
        header
    }
}

/// As the user property carries an envelope.
pub(super) fn text(envelope: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(envelope)
}

/// The envelope that a user property carries.
pub(super) fn untext(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// What the next envelope names.
pub(super) fn digest(envelope: &[u8]) -> [u8; 32] {
    Sha256::digest(envelope).into()
}

/// So many arrays in each other.
pub(super) fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::from(0), |inner, _| Value::Array(vec![inner]))
}

pub(super) fn bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}
