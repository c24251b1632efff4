//! The one form of a letter, read and written without a detour: it is read field by field, written again, and must be the same
//! bytes. What differs is left to the general reader, which says why.

use ciborium_io::{Read, Write};
use ciborium_ll::{Decoder, Encoder, Header, simple};

use super::envelope::{CRIT, EPOCH, PREV, SEQ, TAG, TIME, TYP};
use super::key::KeyId;
use super::window::Stamp;
use crate::signal::Timestamp;

/// The labels of the algorithm and of the key's name (RFC 9052, 3.1), and Ed25519's number (RFC 9864).
const ALG: i64 = 1;
const KID: i64 = 4;
const ED25519: i64 = -19;
/// The critical headers, in the order in which they are named.
const CRITICAL: [i64; 4] = [EPOCH, SEQ, TIME, PREV];

/// What a letter is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// Whose it is, as it says.
    pub(super) key: KeyId,
    /// Its place among those of its key.
    pub(super) stamp: Stamp,
    /// The headers as they were signed.
    pub(super) protected: Vec<u8>,
    /// What it holds. Empty where it goes beside.
    pub(super) payload: Vec<u8>,
    pub(super) signature: [u8; 64],
}

/// Reads a letter of a type. `None`: it is none, or not in this form.
pub(super) fn read(bytes: &[u8], typ: &str, beside: bool) -> Option<Parts> {
    let mut fields = Fields::of(bytes);
    fields.expect(Header::Tag(TAG))?;
    fields.expect(Header::Array(Some(4)))?;
    let protected = fields.bytes()?;
    fields.expect(Header::Map(Some(0)))?;
    let payload = if beside {
        fields.expect(Header::Simple(simple::NULL))?;
        Vec::new()
    } else {
        fields.bytes()?
    };
    let signature = fields.array()?;
    let (key, stamp) = read_protected(&protected, typ)?;
    let parts = Parts { key, stamp, protected, payload, signature };
    let again = write(&write_protected(&key, typ, &stamp), (!beside).then_some(&parts.payload), &signature);
    (again == bytes).then_some(parts)
}

fn read_protected(bytes: &[u8], typ: &str) -> Option<(KeyId, Stamp)> {
    let mut fields = Fields::of(bytes);
    fields.expect(Header::Map(Some(8)))?;
    fields.label(ALG)?;
    fields.label(ED25519)?;
    fields.label(CRIT)?;
    fields.expect(Header::Array(Some(CRITICAL.len())))?;
    CRITICAL.iter().try_for_each(|it| fields.label(*it))?;
    fields.label(KID)?;
    let key = KeyId::from(fields.array::<8>()?);
    fields.label(TYP)?;
    fields.expect(Header::Text(Some(typ.len())))?;
    (fields.take(typ.len())? == typ.as_bytes()).then_some(())?;
    fields.label(EPOCH)?;
    let epoch = fields.number()?;
    fields.label(SEQ)?;
    let seq = fields.number()?;
    fields.label(TIME)?;
    let at = Timestamp::from_nanos(fields.number()?.try_into().ok()?);
    fields.label(PREV)?;
    let prev = fields.array()?;
    Some((key, Stamp { epoch, seq, at, prev }))
}

/// The headers of a letter.
pub(super) fn write_protected(key: &KeyId, typ: &str, stamp: &Stamp) -> Vec<u8> {
    let mut out = Out::default();
    out.push(Header::Map(Some(8)));
    out.label(ALG);
    out.label(ED25519);
    out.label(CRIT);
    out.push(Header::Array(Some(CRITICAL.len())));
    CRITICAL.iter().for_each(|it| out.label(*it));
    out.label(KID);
    out.bytes(key.as_bytes());
    out.label(TYP);
    out.text(typ);
    out.label(EPOCH);
    out.push(Header::Positive(stamp.epoch));
    out.label(SEQ);
    out.push(Header::Positive(stamp.seq));
    out.label(TIME);
    out.push(Header::Positive(u64::try_from(stamp.at.as_nanos()).unwrap_or(0)));
    out.label(PREV);
    out.bytes(&stamp.prev);
    out.0
}

/// A whole letter; without a payload, it goes beside one.
pub(super) fn write(protected: &[u8], payload: Option<&Vec<u8>>, signature: &[u8; 64]) -> Vec<u8> {
    let mut out = Out(Vec::with_capacity(protected.len() + payload.map_or(0, Vec::len) + 80));
    out.push(Header::Tag(TAG));
    out.push(Header::Array(Some(4)));
    out.bytes(protected);
    out.push(Header::Map(Some(0)));
    match payload {
        Some(payload) => out.bytes(payload),
        None => out.push(Header::Simple(simple::NULL)),
    }
    out.bytes(signature);
    out.0
}

/// What a signature covers (RFC 9052, 4.4), bound to a topic.
pub(super) fn signed_bytes(protected: &[u8], aad: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut out = Out(Vec::with_capacity(protected.len() + aad.len() + payload.len() + 24));
    out.push(Header::Array(Some(4)));
    out.text("Signature1");
    out.bytes(protected);
    out.bytes(aad);
    out.bytes(payload);
    out.0
}

/// What it is bound to: the version of the scheme, and the topic.
pub(super) fn bound_to(scheme: &str, topic: &str) -> Vec<u8> {
    let mut out = Out(Vec::with_capacity(scheme.len() + topic.len() + 8));
    out.push(Header::Array(Some(2)));
    out.text(scheme);
    out.text(topic);
    out.0
}

/// Takes one field after the other.
struct Fields<'a> {
    decoder: Decoder<&'a [u8]>,
    whole: &'a [u8],
}

impl<'a> Fields<'a> {
    fn of(whole: &'a [u8]) -> Self {
        Self { decoder: Decoder::from(whole), whole }
    }

    fn expect(&mut self, want: Header) -> Option<()> {
        (self.decoder.pull().ok()? == want).then_some(())
    }

    fn label(&mut self, want: i64) -> Option<()> {
        self.expect(header_of(want))
    }

    fn number(&mut self) -> Option<u64> {
        let Header::Positive(number) = self.decoder.pull().ok()? else { return None };
        Some(number)
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let Header::Bytes(Some(length)) = self.decoder.pull().ok()? else { return None };
        self.take(length)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes()?.try_into().ok()
    }

    /// What is told to be longer than what there is is not believed.
    fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        if length > self.whole.len() {
            return None;
        }
        let mut bytes = vec![0; length];
        self.decoder.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }
}

/// Writes to memory, which does not fail.
#[derive(Default)]
struct Out(Vec<u8>);

impl Out {
    fn push(&mut self, header: Header) {
        drop(Encoder::from(&mut self.0).push(header));
    }

    fn label(&mut self, label: i64) {
        self.push(header_of(label));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.push(Header::Bytes(Some(bytes.len())));
        drop(self.0.write_all(bytes));
    }

    fn text(&mut self, text: &str) {
        self.push(Header::Text(Some(text.len())));
        drop(self.0.write_all(text.as_bytes()));
    }
}

fn header_of(number: i64) -> Header {
    if number < 0 { Header::Negative(!number as u64) } else { Header::Positive(number as u64) }
}
