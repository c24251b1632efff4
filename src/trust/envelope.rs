//! Signed envelopes: COSE Sign1 (RFC 9052) with Ed25519, bound to the topic they were made for.
//!
//! An envelope proves who made these bytes, and for which topic and purpose. It does not prove that they are new: who opens
//! it looks at the time and the number inside.

use ciborium::Value;
use coset::iana::Algorithm;
use coset::{AsCborValue, CoseSign1, CoseSign1Builder, HeaderBuilder, Label, TaggedCborSerializable};

use super::defence::{Defence, Defences};
use super::form;
use super::key::{KeyId, PublicKey, SecretKey};

/// The largest envelope that is opened, bytes.
pub const MAX_ENVELOPE_BYTES: usize = 64 * 1024;
/// How deep arrays, maps and tags may lie in each other.
const MAX_DEPTH: usize = 8;
/// What the signature covers beside the bytes begins with this: the version of the scheme.
const SCHEME: &str = "pollux-1";
/// The tag of COSE Sign1.
pub(super) const TAG: u64 = CoseSign1::TAG;
/// The label of the critical headers (RFC 9052, 3.1).
pub(super) const CRIT: i64 = 2;
/// The label of the type (RFC 9596).
pub(super) const TYP: i64 = 16;
/// The label of the boot counter.
pub(super) const EPOCH: i64 = -70001;
/// The label of the number.
pub(super) const SEQ: i64 = -70002;
/// The label of the time of the newest sample, ns since 1970.
pub(super) const TIME: i64 = -70003;
/// The label of the digest of the envelope before.
pub(super) const PREV: i64 = -70004;
/// The critical headers that are understood here.
const UNDERSTOOD: [i64; 5] = [TYP, EPOCH, SEQ, TIME, PREV];

/// What was in an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Whose signature it bears.
    pub key: KeyId,
    /// What was signed.
    pub payload: Vec<u8>,
}

/// Why an envelope is not opened, in the order in which it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Larger than any that is made.
    #[error("the envelope has {bytes} bytes, more than the {MAX_ENVELOPE_BYTES} that are read")]
    Oversize {
        /// Its size.
        bytes: usize,
    },
    /// Nested further than any that is made.
    #[error("the envelope is nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// No envelope.
    #[error("these bytes are no envelope: {why}")]
    Malformed {
        /// What is wrong.
        why: String,
    },
    /// Something follows it.
    #[error("{bytes} bytes follow the envelope")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// The same content can be written in one way, and it is not this one.
    #[error("the envelope is not in its deterministic form")]
    NotDeterministic,
    /// It says that something must be understood which is not known here.
    #[error("the envelope has a critical header that is not known here: {label}")]
    UnknownCritical {
        /// Its label.
        label: String,
    },
    /// Signed in another way.
    #[error("the envelope is not signed with Ed25519 (algorithm -19)")]
    WrongAlgorithm,
    /// Made for something else.
    #[error("the envelope holds {got}, and {want} is expected here")]
    WrongType {
        /// What it says that it holds.
        got: String,
        /// What belongs here.
        want: String,
    },
    /// It does not say who signed it.
    #[error("the envelope does not name its key")]
    NoKeyId,
    /// Nobody here has this key.
    #[error("the key {0} is not known here")]
    UnknownKey(KeyId),
    /// The signature does not belong to these bytes, or they were made for another topic.
    #[error(
        "the signature by the key {0} does not belong to this envelope on this topic: it was changed, moved or forged"
    )]
    Forged(KeyId),
}

/// Signs a payload for one topic. `typ` says what is in it: `application/pollux-command+cbor`. What is larger than
/// [`MAX_ENVELOPE_BYTES`] when it is sealed nobody opens.
pub fn seal(key: &SecretKey, typ: &str, topic: &str, payload: &[u8]) -> Vec<u8> {
    let sealed = CoseSign1Builder::new()
        .protected(header(key, typ).build())
        .payload(payload.to_vec())
        .create_signature(&bound_to(topic), |message| key.sign(message).to_vec())
        .build();
    // It is made of strings and bytes alone, which always can be written.
    sealed.to_tagged_vec().unwrap_or_default()
}

/// Opens an envelope that was sealed for this topic and type, by a key that `find` knows.
pub fn open(
    bytes: &[u8],
    typ: &str,
    topic: &str,
    find: impl FnOnce(KeyId) -> Option<PublicKey>,
) -> Result<Opened, EnvelopeError> {
    let envelope = read_envelope(bytes, typ, None, Defences::all())?;
    let id = key_of(&envelope)?;
    let key = find(id).filter(|it| it.id() == id).ok_or(EnvelopeError::UnknownKey(id))?;
    if !is_signed_by(&envelope, &key, topic) {
        return Err(EnvelopeError::Forged(id));
    }
    Ok(Opened { key: id, payload: envelope.payload.unwrap_or_default() })
}

/// Signs a payload that stays where it is: the envelope holds the signature alone.
pub fn seal_detached(key: &SecretKey, typ: &str, topic: &str, payload: &[u8]) -> Vec<u8> {
    let envelope = CoseSign1Builder::new()
        .protected(header(key, typ).build())
        .create_detached_signature(payload, &bound_to(topic), |message| key.sign(message).to_vec())
        .build();
    envelope.to_tagged_vec().unwrap_or_default()
}

/// Whether a signature that came beside a payload belongs to it, for this topic and type. Returns whose it is.
pub fn open_detached(
    bytes: &[u8],
    typ: &str,
    topic: &str,
    payload: &[u8],
    find: impl FnOnce(KeyId) -> Option<PublicKey>,
) -> Result<KeyId, EnvelopeError> {
    let envelope = read_envelope(bytes, typ, Some(payload), Defences::all())?;
    let id = key_of(&envelope)?;
    let key = find(id).filter(|it| it.id() == id).ok_or(EnvelopeError::UnknownKey(id))?;
    if is_signed_by(&envelope, &key, topic) { Ok(id) } else { Err(EnvelopeError::Forged(id)) }
}

/// The headers that every envelope has.
pub(super) fn header(key: &SecretKey, typ: &str) -> HeaderBuilder {
    HeaderBuilder::new()
        .algorithm(Algorithm::Ed25519)
        .key_id(key.public().id().as_bytes().to_vec())
        .value(TYP, Value::Text(typ.to_owned()))
}

/// Reads an envelope of a type. Where its payload came beside it, it is put in.
pub(super) fn read_envelope(
    bytes: &[u8],
    typ: &str,
    beside: Option<&[u8]>,
    defences: Defences,
) -> Result<CoseSign1, EnvelopeError> {
    if bytes.len() > MAX_ENVELOPE_BYTES {
        return Err(EnvelopeError::Oversize { bytes: bytes.len() });
    }
    let mut envelope = parse_with(bytes, beside.is_some(), defences)?;
    let header = &envelope.protected.header;
    if header.alg != Some(coset::Algorithm::Assigned(Algorithm::Ed25519)) {
        return Err(EnvelopeError::WrongAlgorithm);
    }
    match header.rest.iter().find(|it| it.0 == Label::Int(TYP)).map(|it| &it.1) {
        Some(Value::Text(got)) if got == typ || !defences.has(Defence::Type) => (),
        got => {
            let got = got.map_or_else(|| "what it does not name".to_owned(), |it| format!("{it:?}"));
            return Err(EnvelopeError::WrongType { got, want: typ.to_owned() });
        }
    }
    if let Some(payload) = beside {
        envelope.payload = Some(payload.to_vec());
    }
    Ok(envelope)
}

/// Whose signature an envelope bears, as it says.
pub(super) fn key_of(envelope: &CoseSign1) -> Result<KeyId, EnvelopeError> {
    let id = <[u8; 8]>::try_from(envelope.protected.header.key_id.as_slice());
    id.ok().map(KeyId::from).ok_or(EnvelopeError::NoKeyId)
}

/// Whether the signature is this key's, over all of the envelope and the topic.
pub(super) fn is_signed_by(envelope: &CoseSign1, key: &PublicKey, topic: &str) -> bool {
    let check = |signature: &[u8], message: &[u8]| match <&[u8; 64]>::try_from(signature) {
        Ok(signature) if key.verifies(message, signature) => Ok(()),
        _ => Err(()),
    };
    envelope.verify_signature(&bound_to(topic), check).is_ok()
}

/// What the signature covers beside the bytes.
pub(super) fn bound_to(topic: &str) -> Vec<u8> {
    form::bound_to(SCHEME, topic)
}

/// The one form in which an envelope may come: what is signed and what is hashed elsewhere must be the same bytes.
fn parse(bytes: &[u8], detached: bool) -> Result<CoseSign1, EnvelopeError> {
    let whole = read(bytes)?;
    if to_bytes(&whole) != bytes {
        return Err(EnvelopeError::NotDeterministic);
    }
    let Value::Tag(TAG, inner) = whole else { return Err(malformed("it does not bear the tag of COSE Sign1")) };
    let Value::Array(parts) = &*inner else { return Err(malformed("it is no array")) };
    let [Value::Bytes(protected), Value::Map(unprotected), payload, Value::Bytes(_)] = parts.as_slice() else {
        return Err(malformed("it does not hold headers, payload and signature"));
    };
    if payload.is_null() != detached || !(payload.is_bytes() || payload.is_null()) {
        return Err(malformed(if detached { "it holds a payload of its own" } else { "it holds no payload" }));
    }
    // Nobody signs what stands there, so nothing may.
    if !unprotected.is_empty() {
        return Err(malformed("it has headers that are not signed"));
    }
    check_header(protected)?;
    CoseSign1::from_cbor_value(*inner).map_err(|it| malformed(&it.to_string()))
}

#[cfg(not(test))]
fn parse_with(bytes: &[u8], detached: bool, _: Defences) -> Result<CoseSign1, EnvelopeError> {
    parse(bytes, detached)
}

/// A test may take the one form away.
#[cfg(test)]
fn parse_with(bytes: &[u8], detached: bool, defences: Defences) -> Result<CoseSign1, EnvelopeError> {
    if defences.has(Defence::Form) { parse(bytes, detached) } else { parse_freely(bytes) }
}

/// Takes whatever another reader might take, and of headers that stand there twice the last.
#[cfg(test)]
fn parse_freely(bytes: &[u8]) -> Result<CoseSign1, EnvelopeError> {
    let unlike = || malformed("it is nothing like an envelope");
    let Ok(Value::Tag(TAG, inner)) = ciborium::from_reader(bytes) else { return Err(unlike()) };
    let Value::Array(parts) = *inner else { return Err(unlike()) };
    let [Value::Bytes(protected), _, payload, Value::Bytes(signature)] = parts.as_slice() else {
        return Err(unlike());
    };
    let Ok(Value::Map(entries)) = ciborium::from_reader(protected.as_slice()) else { return Err(unlike()) };
    let mut last: Vec<(Value, Value)> = Vec::new();
    for (label, value) in entries.into_iter().filter(|it| it.0 != Value::from(CRIT)) {
        last.retain(|it| it.0 != label);
        last.push((label, value));
    }
    let header = coset::Header::from_cbor_value(Value::Map(last)).map_err(|it| malformed(&it.to_string()))?;
    Ok(CoseSign1 {
        protected: coset::ProtectedHeader { original_data: Some(protected.clone()), header },
        payload: payload.as_bytes().cloned(),
        signature: signature.clone(),
        ..CoseSign1::default()
    })
}

fn check_header(protected: &[u8]) -> Result<(), EnvelopeError> {
    let whole = read(protected)?;
    let Value::Map(entries) = &whole else { return Err(malformed("its header is no map")) };
    let labels: Vec<Vec<u8>> = entries.iter().map(|it| to_bytes(&it.0)).collect();
    if !labels.is_sorted_by(|a, b| a < b) || to_bytes(&whole) != protected {
        return Err(EnvelopeError::NotDeterministic);
    }
    let critical = entries.iter().find(|it| it.0 == Value::from(CRIT)).map(|it| &it.1);
    match critical {
        None => Ok(()),
        Some(Value::Array(labels)) if labels.is_empty() => Err(malformed("its list of critical headers is empty")),
        Some(Value::Array(labels)) => {
            match labels.iter().find(|it| !UNDERSTOOD.iter().any(|known| **it == Value::from(*known))) {
                Some(unknown) => Err(EnvelopeError::UnknownCritical { label: shown(unknown) }),
                None => Ok(()),
            }
        }
        Some(_) => Err(malformed("its critical headers are no list")),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "any other value is shown by its structure")]
fn shown(label: &Value) -> String {
    match label {
        Value::Integer(number) => i128::from(*number).to_string(),
        other => format!("{other:?}"),
    }
}

pub(super) fn read(bytes: &[u8]) -> Result<Value, EnvelopeError> {
    use ciborium::de::Error;
    let mut rest = bytes;
    let value = ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_DEPTH).map_err(|error| match error {
        Error::RecursionLimitExceeded => EnvelopeError::TooDeep,
        Error::Io(_) => malformed("it ends too early"),
        Error::Syntax(at) => malformed(&format!("no CBOR at byte {at}")),
        Error::Semantic(at, why) => malformed(&at.map_or_else(|| why.clone(), |it| format!("{why} at byte {it}"))),
    })?;
    if rest.is_empty() { Ok(value) } else { Err(EnvelopeError::Trailing { bytes: rest.len() }) }
}

/// Writing to memory does not fail; if it did, the empty answer would be taken for another form, and refused.
pub(super) fn to_bytes(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_or_else(|_| Vec::new(), |()| bytes)
}

pub(super) fn malformed(why: &str) -> EnvelopeError {
    EnvelopeError::Malformed { why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use coset::{CborSerializable, Header};
    use proptest::prelude::*;

    use super::*;

    const TYPE: &str = "application/pollux-command+cbor";
    const TOPIC: &str = "pollux/works/request";

    fn key() -> &'static SecretKey {
        static KEY: std::sync::LazyLock<SecretKey> = std::sync::LazyLock::new(SecretKey::generate);
        &KEY
    }

    fn look(bytes: &[u8]) -> Result<Opened, EnvelopeError> {
        open(bytes, TYPE, TOPIC, |id| Some(key().public()).filter(|it| it.id() == id))
    }

    /// An envelope whose header is another, signed all the same.
    fn sealed_with(header: Header) -> Vec<u8> {
        CoseSign1Builder::new()
            .protected(header)
            .payload(b"start".to_vec())
            .create_signature(&bound_to(TOPIC), |message| key().sign(message).to_vec())
            .build()
            .to_tagged_vec()
            .unwrap()
    }

    fn header() -> HeaderBuilder {
        HeaderBuilder::new()
            .algorithm(Algorithm::Ed25519)
            .key_id(key().public().id().as_bytes().to_vec())
            .value(TYP, Value::from(TYPE))
    }

    #[track_caller]
    fn check(bytes: &[u8], want: EnvelopeError) {
        assert_eq!(look(bytes), Err(want));
    }

    #[test]
    fn what_was_sealed_opens_by_its_key_on_its_topic_as_its_type() {
        let bytes = seal(key(), TYPE, TOPIC, b"start");
        let id = key().public().id();
        assert_eq!(look(&bytes), Ok(Opened { key: id, payload: b"start".to_vec() }));
        assert_eq!(sealed_with(header().build()), bytes);

        let find = |_| Some(key().public());
        assert_eq!(open(&bytes, TYPE, "pollux/other/request", find), Err(EnvelopeError::Forged(id)));
        let other = open(&bytes, "application/pollux-samples+cbor", TOPIC, find);
        assert!(matches!(other, Err(EnvelopeError::WrongType { .. })), "{other:?}");
        assert_eq!(open(&bytes, TYPE, TOPIC, |_| None), Err(EnvelopeError::UnknownKey(id)));
        let strange = |_| Some(SecretKey::generate().public());
        assert_eq!(open(&bytes, TYPE, TOPIC, strange), Err(EnvelopeError::UnknownKey(id)));
    }

    #[test]
    fn an_envelope_stays_as_it_was_written_by_the_first_version() {
        let key = SecretKey::from_passphrase(&"golden".into(), &[7; 16].into()).unwrap();
        let bytes = seal(&key, TYPE, TOPIC, b"start");
        insta::assert_snapshot!(super::super::hex::encode(&bytes), @"d284582fa3013204483f74c2b18373a07d10781f6170706c69636174696f6e2f706f6c6c75782d636f6d6d616e642b63626f72a045737461727458402827d68775906f817c1973ce6520c6137fe3e5e167542f4d53b812256f03703d04e4dca1ee9fdacfb4a727060a2a0471b26f9f2b20766da3948d44e43a0d9e09");
    }

    #[test]
    fn any_changed_bit_is_found() {
        let bytes = seal(key(), TYPE, TOPIC, b"start");
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert!(look(&changed).is_err(), "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn each_fault_has_its_own_name() {
        let good = seal(key(), TYPE, TOPIC, b"start");
        check(&vec![0; MAX_ENVELOPE_BYTES + 1], EnvelopeError::Oversize { bytes: MAX_ENVELOPE_BYTES + 1 });
        check(&[&good[..], b"ab"].concat(), EnvelopeError::Trailing { bytes: 2 });
        check(&good[..good.len() - 1], malformed("it ends too early"));
        check(&good[1..], malformed("it does not bear the tag of COSE Sign1"));
        check(&[0x81; 1000], EnvelopeError::TooDeep);
        let labelled = header()
            .value(-70009, Value::from(1))
            .add_critical_label(coset::RegisteredLabelWithPrivate::PrivateUse(-70009));
        check(&sealed_with(labelled.build()), EnvelopeError::UnknownCritical { label: "-70009".to_owned() });
        let nameless = Header { key_id: Vec::new(), ..header().build() };
        check(&sealed_with(nameless), EnvelopeError::NoKeyId);
        let deprecated = header().algorithm(Algorithm::EdDSA).build();
        check(&sealed_with(deprecated), EnvelopeError::WrongAlgorithm);
        let untyped = Header { rest: Vec::new(), ..header().build() };
        let want = EnvelopeError::WrongType { got: "what it does not name".to_owned(), want: TYPE.to_owned() };
        check(&sealed_with(untyped), want);

        let mut envelope = CoseSign1::from_tagged_slice(&good).unwrap();
        envelope.unprotected = HeaderBuilder::new().iv(vec![1]).build();
        check(&envelope.clone().to_tagged_vec().unwrap(), malformed("it has headers that are not signed"));
        envelope.unprotected = Header::default();
        envelope.signature = SecretKey::generate().sign(b"start").to_vec();
        check(&envelope.to_tagged_vec().unwrap(), EnvelopeError::Forged(key().public().id()));
    }

    #[test]
    fn another_way_to_write_the_same_is_refused() {
        let good = seal(key(), TYPE, TOPIC, b"start");
        // The array without a stated length, and the payload's length in two bytes.
        let open_ended = [&good[..1], &[0x9f], &good[2..], &[0xff]].concat();
        check(&open_ended, EnvelopeError::NotDeterministic);
        let payload = good.windows(6).position(|it| it == b"\x45start").unwrap();
        let longer = [&good[..payload], &[0x58, 5], &good[payload + 1..]].concat();
        check(&longer, EnvelopeError::NotDeterministic);

        let turned = Value::Map(vec![
            (Value::from(4), Value::Bytes(key().public().id().as_bytes().to_vec())),
            (Value::from(1), Value::from(-19)),
            (Value::from(TYP), Value::from(TYPE)),
        ]);
        let protected = coset::ProtectedHeader { original_data: Some(to_bytes(&turned)), header: Header::default() };
        let envelope = CoseSign1 { protected, payload: Some(b"start".to_vec()), ..CoseSign1::default() };
        let signature = key().sign(&envelope.tbs_data(&bound_to(TOPIC))).to_vec();
        let turned = CoseSign1 { signature, ..envelope }.to_tagged_vec().unwrap();
        check(&turned, EnvelopeError::NotDeterministic);
        assert!(CoseSign1::from_slice(&turned[1..]).is_ok(), "the control: another reader takes it");
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(look(&bytes).is_err());
        }

        #[test]
        fn any_payload_comes_back(payload in proptest::collection::vec(any::<u8>(), 0..300), topic in ".{0,40}") {
            let bytes = seal(key(), TYPE, &topic, &payload);
            let opened = open(&bytes, TYPE, &topic, |_| Some(key().public())).unwrap();
            prop_assert_eq!(opened.payload, payload);
        }
    }
}
