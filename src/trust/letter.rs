//! Envelopes in a row: each says of which life of its sender it is, its number, its time, and which one came before.
//!
//! Either it holds what was said (a payload of CBOR), or it came beside it: the payload stays as other readers know it, and the
//! signature travels in MQTT 5's user property [`SIGNATURE_PROPERTY`].

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value;
use coset::{CoseSign1, Label};
use sha2::{Digest, Sha256};

use super::defence::{Defence, Defences};
use super::envelope::{
    EPOCH, EnvelopeError, MAX_ENVELOPE_BYTES, PREV, SEQ, TIME, bound_to, key_of, malformed, read_envelope, to_bytes,
};
use super::form;
use super::key::{KeyId, PublicKey, SecretKey};
use super::window::Stamp;
use crate::signal::Timestamp;

/// The user property that carries a signature beside a payload: base64url without padding.
pub const SIGNATURE_PROPERTY: &str = "pollux-sig";
/// Measured values in CBOR, within the envelope.
pub const SAMPLES_TYPE: &str = "application/pollux-samples+cbor";
/// Measured values in the form that the site says, beside the envelope.
pub const BESIDE_TYPE: &str = "application/pollux-samples";
/// What the gate sends to a device, beside the envelope.
pub const ORDER_TYPE: &str = "application/pollux-command";
/// What a device answers, beside the envelope.
pub const ANSWER_TYPE: &str = "application/pollux-answer";
/// What the gate says, beside the envelope.
pub const EVENT_TYPE: &str = "application/pollux-event";

/// An envelope that was read, and whose signature nobody has looked at yet.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Whose it is, as it says.
    pub key: KeyId,
    /// Its place among those of its key.
    pub stamp: Stamp,
    /// SHA-256 of the envelope.
    pub digest: [u8; 32],
    /// The headers as they were signed.
    protected: Vec<u8>,
    payload: Vec<u8>,
    signature: [u8; 64],
}

/// Writes letters: counts them, and remembers the last one.
#[derive(Debug)]
pub struct Pen {
    key: SecretKey,
    epoch: u64,
    seq: u64,
    prev: [u8; 32],
}

impl Letter {
    /// Reads an envelope of a type; `beside`: the payload that came beside it.
    pub fn read(bytes: &[u8], typ: &str, beside: Option<&[u8]>) -> Result<Self, EnvelopeError> {
        Self::read_with(bytes, typ, beside, Defences::all())
    }

    /// The same with some defences.
    pub(super) fn read_with(
        bytes: &[u8],
        typ: &str,
        beside: Option<&[u8]>,
        defences: Defences,
    ) -> Result<Self, EnvelopeError> {
        if bytes.len() > MAX_ENVELOPE_BYTES {
            return Err(EnvelopeError::Oversize { bytes: bytes.len() });
        }
        let digest = Sha256::digest(bytes).into();
        if let Some(form::Parts { key, stamp, protected, payload, signature }) =
            form::read(bytes, typ, beside.is_some())
        {
            let payload = beside.map_or(payload, <[u8]>::to_vec);
            return Ok(Self { key, stamp, digest, protected, payload, signature });
        }
        let envelope = read_envelope(bytes, typ, beside, defences)?;
        let (key, stamp) = (key_of(&envelope)?, stamp_of(&envelope)?);
        let signature = envelope.signature.as_slice().try_into();
        let signature = signature.map_err(|_short| malformed("its signature has not 64 bytes"))?;
        let protected = envelope.protected.original_data.unwrap_or_default();
        Ok(Self { key, stamp, digest, protected, payload: envelope.payload.unwrap_or_default(), signature })
    }

    /// Reads one that came beside a payload, from the text of its user property.
    pub fn read_property(text: &str, typ: &str, beside: &[u8]) -> Result<Self, EnvelopeError> {
        Self::read_property_with(text, typ, beside, Defences::all())
    }

    /// The same with some defences.
    pub(super) fn read_property_with(
        text: &str,
        typ: &str,
        beside: &[u8],
        defences: Defences,
    ) -> Result<Self, EnvelopeError> {
        // Four letters hold three bytes: what is longer cannot be one.
        if text.len() / 4 * 3 > MAX_ENVELOPE_BYTES {
            return Err(EnvelopeError::Oversize { bytes: text.len() / 4 * 3 });
        }
        let bytes =
            URL_SAFE_NO_PAD.decode(text).map_err(|why| malformed(&format!("its property is no base64url: {why}")))?;
        Self::read_with(&bytes, typ, Some(beside), defences)
    }

    /// Whether it was signed by this key for this topic.
    pub fn is_signed_by(&self, key: &PublicKey, topic: &str, defences: Defences) -> bool {
        let aad = bound_to(if defences.has(Defence::Topic) { topic } else { "" });
        key.verifies(&form::signed_bytes(&self.protected, &aad, &self.payload), &self.signature)
    }

    /// What it holds, or came beside.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}

impl Pen {
    /// Of a key, in one life of its owner: `epoch` grows with each.
    pub fn new(key: SecretKey, epoch: u64) -> Self {
        Self { key, epoch, seq: 0, prev: [0; 32] }
    }

    /// Whose it is.
    pub fn key(&self) -> PublicKey {
        self.key.public()
    }

    /// What the next letter will say of itself.
    pub fn next_stamp(&self, at: Timestamp) -> Stamp {
        Stamp { epoch: self.epoch, seq: self.seq + 1, at, prev: self.prev }
    }

    /// An envelope that holds a payload of CBOR.
    pub fn seal(&mut self, typ: &str, topic: &str, at: Timestamp, payload: &[u8]) -> Vec<u8> {
        let bytes = write(&self.key, typ, topic, &self.next_stamp(at), Ok(payload));
        self.turn(&bytes);
        bytes
    }

    /// An envelope to go beside a payload, as the text of the user property.
    pub fn sign(&mut self, typ: &str, topic: &str, at: Timestamp, payload: &[u8]) -> String {
        let bytes = write(&self.key, typ, topic, &self.next_stamp(at), Err(payload));
        self.turn(&bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn turn(&mut self, bytes: &[u8]) {
        self.seq += 1;
        self.prev = Sha256::digest(bytes).into();
    }
}

/// Writes one envelope: `Ok` is the payload that it holds, `Err` the one that it goes beside.
pub(crate) fn write(key: &SecretKey, typ: &str, topic: &str, stamp: &Stamp, payload: Result<&[u8], &[u8]>) -> Vec<u8> {
    let protected = form::write_protected(&key.public().id(), typ, stamp);
    let said = payload.unwrap_or_else(|beside| beside);
    let signature = key.sign(&form::signed_bytes(&protected, &bound_to(topic), said));
    form::write(&protected, payload.ok().map(<[u8]>::to_vec).as_ref(), &signature)
}

/// What is signed of an order and of an answer, so that neither can be taken for that of another command: in CBOR
/// `[payload, correlation, response_topic]`, two byte strings and a text, or null where no answer is expected.
pub fn exchange(payload: &[u8], correlation: &[u8], response_topic: Option<&str>) -> Vec<u8> {
    let response_topic = response_topic.map_or(Value::Null, |it| Value::Text(it.to_owned()));
    to_bytes(&Value::Array(vec![Value::Bytes(payload.to_vec()), Value::Bytes(correlation.to_vec()), response_topic]))
}

fn stamp_of(envelope: &CoseSign1) -> Result<Stamp, EnvelopeError> {
    let header = &envelope.protected.header;
    let find = |label: i64| header.rest.iter().find(|it| it.0 == Label::Int(label)).map(|it| &it.1);
    let number = |label, name: &str| match find(label) {
        Some(Value::Integer(number)) => Ok(i128::from(*number)),
        _ => Err(malformed(&format!("it does not tell its {name}"))),
    };
    let unsigned = |label, name: &str| {
        number(label, name)?
            .try_into()
            .map_err(|_large: std::num::TryFromIntError| malformed(&format!("its {name} cannot be")))
    };
    let at = number(TIME, "time")?
        .try_into()
        .ok()
        .filter(|it: &i64| *it >= 0)
        .ok_or_else(|| malformed("its time cannot be"))?;
    let prev = match find(PREV) {
        Some(Value::Bytes(bytes)) => <[u8; 32]>::try_from(bytes.as_slice()).ok(),
        _ => None,
    };
    Ok(Stamp {
        epoch: unsigned(EPOCH, "epoch")?,
        seq: unsigned(SEQ, "number")?,
        at: Timestamp::from_nanos(at),
        prev: prev.ok_or_else(|| malformed("it does not name the one before it"))?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{PackedRow, Quality, pack};
    use crate::trust::hex;

    const NOW: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

    #[test]
    fn letters_count_up_and_name_the_one_before() {
        let key = SecretKey::generate();
        let mut pen = Pen::new(key.clone(), 7);
        let first = pen.seal(SAMPLES_TYPE, "t", NOW, b"\x80");
        let second = pen.sign(BESIDE_TYPE, "t", NOW, b"{}");
        let letter = Letter::read(&first, SAMPLES_TYPE, None).unwrap();
        assert_eq!(
            (letter.stamp, letter.payload()),
            (Stamp { epoch: 7, seq: 1, at: NOW, prev: [0; 32] }, &b"\x80"[..])
        );
        assert!(letter.is_signed_by(&key.public(), "t", Defences::all()));
        assert!(!letter.is_signed_by(&key.public(), "u", Defences::all()));
        let next = Letter::read_property(&second, BESIDE_TYPE, b"{}").unwrap();
        assert_eq!((next.stamp.seq, next.stamp.prev), (2, letter.digest));
        assert!(next.is_signed_by(&key.public(), "t", Defences::all()));
        let other = Letter::read_property(&second, BESIDE_TYPE, b"{} ").unwrap();
        assert!(!other.is_signed_by(&key.public(), "t", Defences::all()));
    }

    #[test]
    fn the_example_for_who_builds_a_device_is_what_is_made_here() {
        let key = SecretKey::from_seed("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
        let (topic, at) = ("plant/p1/state", Timestamp::from_nanos(1_800_000_000_123_000_000));
        let mut beside = Pen::new(key.clone(), 7);
        let mut within = Pen::new(key.clone(), 7);
        let mut answers = Pen::new(key, 7);
        let row = PackedRow { signal: "p1/speed".to_owned(), at, value: 1480.5.into(), quality: Quality::Good };
        let spoken = exchange(br#"{"state":"done"}"#, b"4711", None);
        let in_hex = |text: String| hex::encode(&URL_SAFE_NO_PAD.decode(text).unwrap());
        let examples = [
            ("beside", in_hex(beside.sign(BESIDE_TYPE, topic, at, br#"{"t":1800000000123,"speed":1480.5}"#))),
            ("beside, the next", in_hex(beside.sign(BESIDE_TYPE, topic, at, br#"{"t":1800000000123,"speed":1480.5}"#))),
            ("values", hex::encode(&pack(std::slice::from_ref(&row)))),
            ("within", hex::encode(&within.seal(SAMPLES_TYPE, topic, at, &pack(&[row])))),
            ("signed of an answer", hex::encode(&spoken)),
            ("answer", in_hex(answers.sign(ANSWER_TYPE, "pollux/plant/gate/answers", at, &spoken))),
        ];
        let readme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes/README.md");
        let readme: String =
            std::fs::read_to_string(readme).unwrap().chars().filter(|it| !it.is_whitespace()).collect();
        for (name, hex) in examples {
            assert!(readme.contains(&hex), "scenes/README.md shows another {name}");
        }
    }

    #[derive(serde::Deserialize)]
    struct Vector {
        name: String,
        typ: String,
        topic: String,
        epoch: u64,
        seq: u64,
        at: i64,
        prev: String,
        payload: String,
        beside: bool,
        envelope: String,
    }

    /// Made by the package `cwt`, see `scripts/interop.py`.
    #[test]
    fn another_implementation_makes_the_same_envelopes_and_opens_ours() {
        let key = SecretKey::from_seed("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").unwrap();
        let vectors: Vec<Vector> = serde_json::from_str(include_str!("../../tests/vectors/envelopes.json")).unwrap();
        assert_eq!(vectors.len(), 3);
        for vector in vectors {
            let decode = |it: &str| hex::decode_all(it.as_bytes()).unwrap();
            let (payload, envelope) = (decode(&vector.payload), decode(&vector.envelope));
            let prev = hex::decode(vector.prev.as_bytes()).unwrap();
            let stamp = Stamp { epoch: vector.epoch, seq: vector.seq, at: Timestamp::from_nanos(vector.at), prev };
            let beside = vector.beside.then_some(&payload[..]);
            let letter = Letter::read(&envelope, &vector.typ, beside).unwrap();
            assert!(letter.is_signed_by(&key.public(), &vector.topic, Defences::all()), "{}", vector.name);
            assert_eq!((letter.stamp, letter.payload()), (stamp, &payload[..]), "{}", vector.name);
            let ours = if vector.beside { Err(&payload[..]) } else { Ok(&payload[..]) };
            // It opened its own: the same bytes of ours it opens as well.
            assert_eq!(write(&key, &vector.typ, &vector.topic, &stamp, ours), envelope, "{}", vector.name);
            if !vector.beside {
                assert_eq!(crate::codec::unpack(&payload).unwrap().len(), 2);
            }
        }
    }

    #[test]
    fn one_kind_is_not_taken_for_another() {
        let mut pen = Pen::new(SecretKey::generate(), 1);
        let samples = pen.seal(SAMPLES_TYPE, "t", NOW, b"\x80");
        assert!(matches!(Letter::read(&samples, ORDER_TYPE, None), Err(EnvelopeError::WrongType { .. })));
        assert!(matches!(Letter::read(&samples, SAMPLES_TYPE, Some(b"x")), Err(EnvelopeError::Malformed { .. })));
        let bare = super::super::seal(&SecretKey::generate(), SAMPLES_TYPE, "t", b"\x80");
        let error = Letter::read(&bare, SAMPLES_TYPE, None).unwrap_err().to_string();
        assert!(error.contains("does not tell its time"), "{error}");
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in ".{0,200}") {
            prop_assert!(Letter::read(&bytes, SAMPLES_TYPE, None).is_err());
            prop_assert!(Letter::read_property(&text, BESIDE_TYPE, &bytes).is_err());
        }

        #[test]
        fn a_letter_that_was_changed_anywhere_is_refused(at in 0_usize..400, bit in 0_u8..8) {
            let key = SecretKey::generate();
            let mut bytes = Pen::new(key.clone(), 3).seal(SAMPLES_TYPE, "plant/p1", NOW, &[0x82, 0x00, 0x80]);
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            let good = Letter::read(&bytes, SAMPLES_TYPE, None).is_ok_and(|it| it.is_signed_by(&key.public(), "plant/p1", Defences::all()));
            prop_assert!(!good);
        }
    }
}
