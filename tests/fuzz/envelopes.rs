//! What devices say, as anybody on the way may have changed it: nothing passes that was not sent, and nothing twice.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Target, words};
use crate::codec::{Decoder, PackedRow, Quality, pack};
use crate::signal::Timestamp;
use crate::site::{Ids, Site, load};
use crate::trust::{
    ANSWER_TYPE, BESIDE_TYPE, Book, KeyDoc, KeyRole, Letter, Look, Message, ORDER_TYPE, Pen, Registry, SAMPLES_TYPE,
    SecretKey, Trust, Verifier, WindowDoc,
};

const NOW: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);
const WORDS: &[&str] = &[
    "t/a",
    "t/b",
    "t/c",
    "{\"v\":",
    "1e999",
    "}",
    "[",
    "\u{0}",
    "application/pollux-samples",
    "application/pollux-samples+cbor",
    "application/pollux-command",
    "_",
    "-",
    "=",
    "0oRY",
    "Signature1",
    "pollux-1",
    "a/v",
    "b/v",
    "null",
    "\u{84}",
    "\u{a0}",
];

/// A signed device, another one, and one that a gateway vouches for.
fn site() -> Site {
    let twin = |id: &str, signing: &str| {
        format!(
            "(id: \"{id}\", kind: Asset, device: (id: \"{id}\", signing: {signing}), signals: [\
             (id: \"v\", topic: \"t/{id}\", path: \"/v\")]),"
        )
    };
    let twins =
        [twin("a", "Required"), twin("b", "Required"), twin("c", "Vouched(\"gw\")"), twin("d", "None")].concat();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.ron");
    std::fs::write(&path, format!("(name: \"T\", place: (latitude: 0, longitude: 0), twins: [{twins}])")).unwrap();
    load(&path, &mut Ids::default()).map_or_else(|error| panic!("{error}"), |it| it.site)
}

/// One message as an input: how it comes, its topic, its signature and its payload.
fn packed(topic: &str, signature: Option<&str>, payload: &[u8]) -> Vec<u8> {
    let signature = signature.unwrap_or_default();
    let mut bytes = vec![topic.len() as u8, (signature.len() % 256) as u8, (signature.len() / 256) as u8];
    bytes.extend_from_slice(topic.as_bytes());
    bytes.extend_from_slice(signature.as_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

fn unpacked(input: &[u8]) -> Option<(&[u8], Option<&str>, &[u8])> {
    let (head, rest) = input.split_first_chunk::<3>()?;
    let (topic, rest) = rest.split_at_checked(usize::from(head[0]))?;
    let (signature, payload) = rest.split_at_checked(usize::from(head[1]) + usize::from(head[2]) * 256)?;
    let signature = std::str::from_utf8(signature).ok()?;
    Some((topic, Some(signature).filter(|it| !it.is_empty()), payload))
}

#[test]
fn no_envelope_passes_that_was_not_sent() {
    let site = site();
    let [a, b, gateway, gate] = [1, 2, 3, 4].map(|_| SecretKey::generate());
    let keys = vec![
        KeyDoc::new("a", KeyRole::Device, a.public()),
        KeyDoc::new("b", KeyRole::Device, b.public()),
        KeyDoc::new("gw", KeyRole::Gateway, gateway.public()),
        KeyDoc::new("gate", KeyRole::Gate, gate.public()),
    ];
    let registry = Arc::new(Registry::made(keys, NOW, &SecretKey::generate()));
    let mut pens = [Pen::new(a, 7), Pen::new(b, 7), Pen::new(gateway, 7), Pen::new(gate, 7)];
    let mut sent = Vec::new();
    let row = |at: u64| PackedRow {
        signal: "a/v".to_owned(),
        at: NOW + Duration::from_millis(at),
        value: 2.5.into(),
        quality: Quality::Good,
    };
    for n in 0..4_u64 {
        let at = NOW + Duration::from_millis(n);
        for (pen, topic) in pens.iter_mut().zip(["t/a", "t/b", "t/c"]) {
            let payload = format!("{{\"v\":{n}}}").into_bytes();
            let signature = pen.sign(BESIDE_TYPE, topic, at, &payload);
            sent.push(packed(topic, Some(&signature), &payload));
        }
        let newest = at + Duration::from_millis(1);
        let within = pens[0].seal(SAMPLES_TYPE, "t/a", newest, &pack(&[row(n), row(n + 1)]));
        sent.push(packed("t/a", None, &within));
    }
    let sent: BTreeSet<Vec<u8>> = sent.into_iter().collect();
    let payload = b"{\"v\":66}";
    let strays = [
        packed("t/a", Some(&pens[0].sign(ANSWER_TYPE, "t/a", NOW, payload)), payload),
        packed("t/a", Some(&pens[3].sign(ORDER_TYPE, "t/a", NOW, payload)), payload),
        packed("t/d", None, b"{\"v\":1}"),
        packed("t/a", None, payload),
    ];
    let book = Arc::new(Book::default());
    let verifier = || Verifier::new(&site, Some(Arc::clone(&registry))).unwrap().with_book(Arc::clone(&book));
    let decoder = RefCell::new(Decoder::new(&site));
    let seeds: Vec<Vec<u8>> = sent.iter().cloned().chain(strays).collect();
    // Everything was heard by one of them already: it takes nothing more.
    let full = RefCell::new(verifier());
    for input in &sent {
        let (topic, signature, payload) = unpacked(input).unwrap();
        full.borrow_mut().look(&Message { topic, payload, signature, received: NOW, retained: false });
    }
    Target { name: "envelope", seeds, words: WORDS }.run(|input| {
        let Some((topic, signature, payload)) = unpacked(input) else { return "no message".to_owned() };
        let message = Message { topic, payload, signature, received: NOW, retained: false };
        let mut fresh = verifier();
        let look = fresh.look(&message);
        let (trust, refused) = match &look {
            Look::Pass(proof) | Look::Packed(proof, _) => (proof.trust, None),
            Look::Refuse(refusal) => (Trust::Unsigned, Some(refusal.reason)),
        };
        if trust > Trust::Unsigned {
            assert!(sent.contains(input), "it was not sent, and is {trust:?}");
            let again = fresh.look(&message);
            assert!(matches!(again, Look::Refuse(_)), "it was taken twice: {again:?}");
            let again = full.borrow_mut().look(&Message { received: NOW + Duration::from_secs(1000), ..message });
            assert!(matches!(again, Look::Refuse(_)), "it was taken twice: {again:?}");
        } else if refused.is_none() {
            assert!(![&b"t/a"[..], b"t/b", b"t/c"].contains(&topic), "it passed without a signature: {look:?}");
        }
        for (key, window) in fresh.windows() {
            let doc = window.doc(*key);
            let text = serde_json::to_string(&doc).unwrap();
            let (_, again) = serde_json::from_str::<WindowDoc>(&text).unwrap().window().unwrap();
            assert_eq!(again, *window);
        }
        let (mut samples, mut faults) = (Vec::new(), Vec::new());
        decoder.borrow_mut().decode(topic, payload, NOW, &mut samples, &mut faults);
        let letter = match signature {
            Some(text) => Letter::read_property(text, BESIDE_TYPE, payload),
            None => Letter::read(payload, SAMPLES_TYPE, None),
        };
        let said = letter.map_or_else(|why| words(&why.to_string()), |_| "letter".to_owned());
        let faults: String = faults.iter().map(|it| words(&it.1.to_string())).collect();
        format!("{refused:?} {trust:?} {said} {faults}")
    });
}
