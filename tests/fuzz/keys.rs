//! `keys.ron`, as anybody may have edited it: what is taken says what was signed, and nothing else.

use std::path::Path;

use super::{Target, words};
use crate::signal::Timestamp;
use crate::trust::{Anchor, Defences, KeyDoc, KeyRole, KeysDoc, Registry, RevokedDoc, SecretKey, Timestamp8601};

const WORDS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "//",
    "/*",
    "r#\"",
    "None",
    "Some(",
    "true",
    "version: ",
    "issued: ",
    "keys: ",
    "of: ",
    "role: ",
    "key: ",
    "from: ",
    "until: ",
    "revoked: ",
    "signature: ",
    "at: ",
    "why: ",
    "Device",
    "Gateway",
    "Gate",
    "Recorder",
    "Witness",
    "ed25519:",
    "2026-11-28T08:00:00Z",
    "\\u{0}",
    "#![enable(implicit_some)]",
];

#[test]
fn no_registry_is_taken_that_its_authority_did_not_sign() {
    let authority = SecretKey::generate();
    let at = |secs: i64| Timestamp8601(Timestamp::from_nanos(1_800_000_000_000_000_000 + secs * 1_000_000_000));
    let key = |of: &str, role| KeyDoc::new(of, role, SecretKey::generate().public());
    let doc = |version: u64, keys: Vec<KeyDoc>| {
        let mut doc = KeysDoc { version, issued: Some(at(0)), keys, signature: String::new() };
        doc.sign(&authority);
        doc
    };
    let mut full = vec![key("pump", KeyRole::Device), key("gate", KeyRole::Gate), key("gw", KeyRole::Gateway)];
    full[0].from = Some(at(-100));
    full[0].until = Some(at(100));
    full[1].revoked = Some(RevokedDoc { at: at(5), why: "stolen \"at\" night".to_owned() });
    let signed = [doc(3, full), doc(4, vec![key("valve", KeyRole::Device)]), doc(5, Vec::new())];
    let anchor = Anchor { authority: Some(authority.public()), version: 3 };
    let path = Path::new("keys.ron");
    let target =
        Target { name: "keys", seeds: signed.iter().map(|it| it.to_ron().into_bytes()).collect(), words: WORDS };
    target.run(|input| {
        let Ok(text) = std::str::from_utf8(input) else { return "no text".to_owned() };
        let doc = match KeysDoc::parse(text, path) {
            Ok(doc) => doc,
            Err(why) => return words(&why.to_string()),
        };
        // What is read can be written, and is the same.
        let again = KeysDoc::parse(&doc.to_ron(), path).unwrap();
        assert_eq!(again, doc);
        // Whoever signs it first is believed where nothing is known: that must not bring anything down either.
        drop(Registry::check(doc.clone(), path, Anchor::default(), Defences::all()));
        match Registry::check(doc.clone(), path, anchor, Defences::all()) {
            Err(why) => words(&why.to_string()),
            Ok(registry) => {
                let said = |it: &KeysDoc| (it.version, it.issued, it.keys.clone());
                assert!(signed.iter().any(|it| said(it) == said(registry.doc())), "{doc:?}");
                "taken".to_owned()
            }
        }
    });
}
