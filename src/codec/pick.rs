//! Picks the wanted values out of a JSON document in one pass, without building the document.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What stood at a pointer.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Scalar {
    /// Nothing.
    #[default]
    Missing,
    /// `null`.
    Null,
    /// A number.
    Number(f64),
    /// `true` or `false`.
    Flag(bool),
    /// A string.
    Text(String),
    /// An object or a list.
    Nested,
}

/// The wanted pointers of a topic, as a tree of their tokens.
#[derive(Debug, Default)]
pub(super) struct Tree {
    root: Node,
    pointers: Vec<String>,
}

#[derive(Debug, Default)]
struct Node {
    children: Vec<(String, Self)>,
    /// The slot of the pointer that ends here.
    slot: Option<usize>,
}

impl Tree {
    /// Wants what stands at a pointer (RFC 6901). Returns the slot in which it will be found.
    pub(super) fn want(&mut self, pointer: &str) -> usize {
        if let Some(slot) = self.pointers.iter().position(|it| it == pointer) {
            return slot;
        }
        let slot = self.pointers.len();
        self.pointers.push(pointer.to_owned());
        let mut node = &mut self.root;
        for token in tokens(pointer) {
            let at = match node.children.iter().position(|it| it.0 == token) {
                Some(at) => at,
                None => {
                    node.children.push((token, Node::default()));
                    node.children.len() - 1
                }
            };
            node = &mut node.children[at].1;
        }
        // Two spellings of one pointer (`/a` and `a`) meet here: the first one's slot is theirs.
        match node.slot {
            Some(first) => {
                self.pointers.pop();
                first
            }
            None => {
                node.slot = Some(slot);
                slot
            }
        }
    }

    /// Fills one slot for each pointer. Slots that a broken document had reached are not to be used.
    pub(super) fn pick(&self, json: &[u8], slots: &mut Vec<Scalar>) -> Result<(), serde_json::Error> {
        slots.clear();
        slots.resize(self.pointers.len(), Scalar::Missing);
        let mut document = serde_json::Deserializer::from_slice(json);
        At { node: &self.root, slots }.deserialize(&mut document)?;
        document.end()
    }
}

/// The unescaped tokens of a JSON Pointer. A missing first `/` is forgiven.
pub(super) fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    let tokens = (!pointer.is_empty()).then(|| pointer.strip_prefix('/').unwrap_or(pointer).split('/'));
    tokens.into_iter().flatten().map(|it| it.replace("~1", "/").replace("~0", "~"))
}

/// Reads the value at a node.
struct At<'a> {
    node: &'a Node,
    slots: &'a mut Vec<Scalar>,
}

impl At<'_> {
    fn put(self, scalar: Scalar) {
        if let Some(slot) = self.node.slot {
            self.slots[slot] = scalar;
        }
    }
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.put(Scalar::Flag(flag));
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.put(Scalar::Number(number as f64));
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.put(Scalar::Number(number as f64));
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.put(Scalar::Number(number));
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if self.node.slot.is_some() {
            self.put(Scalar::Text(text.to_owned()));
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.put(Scalar::Null);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(child) = map.next_key_seed(Key(self.node))? {
            match child {
                Some(node) => map.next_value_seed(At { node, slots: &mut *self.slots })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        self.put(Scalar::Nested);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            let wanted = |it: &&(String, Node)| it.0.parse() == Ok(index);
            let more = match self.node.children.iter().find(wanted) {
                Some((_, node)) => list.next_element_seed(At { node, slots: &mut *self.slots })?.is_some(),
                None => list.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                break;
            }
        }
        self.put(Scalar::Nested);
        Ok(())
    }
}

/// Finds a key's node, without keeping the key.
struct Key<'a>(&'a Node);

impl<'de, 'a> DeserializeSeed<'de> for Key<'a> {
    type Value = Option<&'a Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Key<'a> {
    type Value = Option<&'a Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.children.iter().find(|it| it.0 == key).map(|it| &it.1))
    }
}
