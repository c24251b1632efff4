//! What the messages of a topic say: the values in JSON documents, or bare ones.

use std::collections::BTreeMap;
use std::str::from_utf8;

use serde_json::Value;

use super::DraftSignal;
use crate::codec::MAX_PAYLOAD_BYTES;
use crate::site::doc::ValueKind;

/// Lists that are longer are no set of named values.
const LONGEST_LIST: usize = 16;
/// Objects within objects, at most.
const DEEPEST: usize = 8;
/// Values that one topic may have.
const MOST_LEAVES: usize = 500;
/// A text that is longer is no state's name.
const LONGEST_TEXT: usize = 200;
/// Encodings whose payloads are no text, whatever they look like.
const BINARY: [&str; 7] = ["protobuf", "cdr", "ros1", "flatbuffer", "cbor", "msgpack", "json-bson"];

/// What was found in the messages of one topic.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    /// By JSON Pointer.
    found: BTreeMap<String, Leaf>,
    /// Payloads that are a bare value.
    bare: Leaf,
    /// Payloads that were looked at.
    pub(super) seen: usize,
    /// Those of them in which nothing could be read.
    pub(super) unreadable: usize,
}

#[derive(Debug, Default)]
struct Leaf {
    numbers: usize,
    flags: usize,
    texts: usize,
    /// As it was first written.
    first: Option<String>,
    varies: bool,
}

impl Leaf {
    fn take(&mut self, kind: ValueKind, text: String) {
        match kind {
            ValueKind::Number => self.numbers += 1,
            ValueKind::Flag => self.flags += 1,
            ValueKind::Text => self.texts += 1,
        }
        match &self.first {
            None => self.first = Some(text),
            Some(first) => self.varies |= *first != text,
        }
    }

    fn count(&self) -> usize {
        self.numbers + self.flags + self.texts
    }

    fn signal(&self, name: String, path: Option<String>) -> DraftSignal {
        let is = match (self.numbers, self.flags, self.texts) {
            (_, 0, 0) => ValueKind::Number,
            (0, _, 0) => ValueKind::Flag,
            _ => ValueKind::Text,
        };
        DraftSignal { key: name.clone(), name, path, is, constant: !self.varies && self.count() > 1 }
    }
}

impl Leaves {
    /// Looks at a payload. `encoding` is what its channel says.
    pub(super) fn look(&mut self, payload: &[u8], encoding: &str) {
        self.seen += 1;
        if payload.len() > MAX_PAYLOAD_BYTES || BINARY.contains(&encoding) || !self.read(payload) {
            self.unreadable += 1;
        }
    }

    /// Whether anything could be read.
    fn read(&mut self, payload: &[u8]) -> bool {
        let Some(text) = from_utf8(payload).ok().map(str::trim).filter(|it| !it.is_empty()) else { return false };
        match serde_json::from_str::<Value>(text) {
            Ok(document @ (Value::Object(_) | Value::Array(_))) => {
                let before: usize = self.found.values().map(Leaf::count).sum();
                self.walk(&document, &mut String::new(), 0);
                self.found.values().map(Leaf::count).sum::<usize>() > before
            }
            Ok(Value::Number(number)) => {
                self.bare.take(ValueKind::Number, number.to_string());
                true
            }
            Ok(Value::Bool(flag)) => {
                self.bare.take(ValueKind::Flag, flag.to_string());
                true
            }
            // A text in quotes would come out with them.
            Ok(Value::String(_) | Value::Null) => false,
            Err(_) if text.starts_with(['{', '[']) => false,
            Err(_) => {
                let is_name = text.len() <= LONGEST_TEXT && !text.chars().any(char::is_control);
                if is_name {
                    self.bare.take(ValueKind::Text, text.to_owned());
                }
                is_name
            }
        }
    }

    fn walk(&mut self, value: &Value, path: &mut String, depth: usize) {
        let (kind, text) = match value {
            Value::Null => return,
            Value::Number(number) => (ValueKind::Number, number.to_string()),
            Value::Bool(flag) => (ValueKind::Flag, flag.to_string()),
            Value::String(text) if text.len() <= LONGEST_TEXT => (ValueKind::Text, text.clone()),
            Value::String(_) => return,
            Value::Array(list) => {
                if list.len() <= LONGEST_LIST && depth < DEEPEST {
                    for (at, item) in list.iter().enumerate() {
                        self.step(&at.to_string(), item, path, depth);
                    }
                }
                return;
            }
            Value::Object(fields) => {
                if depth < DEEPEST {
                    for (key, item) in fields {
                        self.step(&key.replace('~', "~0").replace('/', "~1"), item, path, depth);
                    }
                }
                return;
            }
        };
        // Braces would be taken for a template's parameters.
        if (self.found.len() < MOST_LEAVES || self.found.contains_key(path)) && !path.contains(['{', '}']) {
            self.found.entry(path.clone()).or_default().take(kind, text);
        }
    }

    fn step(&mut self, token: &str, item: &Value, path: &mut String, depth: usize) {
        let length = path.len();
        path.push('/');
        path.push_str(token);
        self.walk(item, path, depth + 1);
        path.truncate(length);
    }

    /// The signals that follow. Documents count where there are any; else bare values.
    pub(super) fn signals(&self) -> Vec<DraftSignal> {
        if self.found.is_empty() {
            let bare = Some(&self.bare).filter(|it| it.count() > 0);
            return bare.map(|it| it.signal("value".to_owned(), None)).into_iter().collect();
        }
        self.found.iter().map(|(path, leaf)| leaf.signal(name_of(path), Some(path.clone()))).collect()
    }
}

/// A pointer as words: `/temperature/value` is "temperature value".
fn name_of(path: &str) -> String {
    path.split('/').skip(1).map(|it| it.replace("~1", "/").replace("~0", "~")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(payloads: &[&str], want: &[(&str, Option<&str>, ValueKind)], unreadable: usize) {
        let mut leaves = Leaves::default();
        payloads.iter().for_each(|it| leaves.look(it.as_bytes(), "json"));
        let signals = leaves.signals();
        let got: Vec<_> = signals.iter().map(|it| (it.name.as_str(), it.path.as_deref(), it.is)).collect();
        assert_eq!((got.as_slice(), leaves.unreadable), (want, unreadable), "{payloads:?}");
    }

    #[test]
    fn every_value_of_a_document_is_a_signal() {
        use ValueKind::{Flag, Number, Text};
        let want = [
            ("a/b", Some("/a~1b"), Flag),
            ("p 0", Some("/p/0"), Number),
            ("p 1", Some("/p/1"), Number),
            ("s name", Some("/s/name"), Text),
        ];
        check(&[r#"{"a/b": true, "p": [1, 2.5], "s": {"name": "x", "none": null}, "{x}": 1}"#], &want, 0);
        // What is a number at times and a word at others is read as a text.
        check(&[r#"{"v": 1}"#, r#"{"v": "off"}"#], &[("v", Some("/v"), Text)], 0);
        check(&[r#"{"v": 1}"#, r#"{"v": null}"#], &[("v", Some("/v"), Number)], 1);
    }

    #[test]
    fn a_bare_value_is_one_signal() {
        use ValueKind::{Flag, Number, Text};
        check(&["1", " 2.5\n"], &[("value", None, Number)], 0);
        check(&["true"], &[("value", None, Flag)], 0);
        check(&["idle", "running"], &[("value", None, Text)], 0);
        check(&["\u{1}\u{2}", "", "{\"v\": ", "[]"], &[], 4);
    }

    #[test]
    fn what_is_too_deep_too_long_or_binary_is_passed_over() {
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        let long = format!("[{}1]", "1,".repeat(50));
        check(&[&deep, &long], &[], 2);
        let mut leaves = Leaves::default();
        leaves.look(b"12", "protobuf");
        assert!(leaves.signals().is_empty() && leaves.unreadable == 1);
    }
}
