//! What a channel says of its messages.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use mcap::records::Record;

use super::names;
use super::unpack::{Found, Records, unpack};
use crate::link::Properties;

/// A channel: its topic, and what all of its messages have in common.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) topic: Bytes,
    pub(super) retained: bool,
    pub(super) properties: Option<Box<Properties>>,
    /// How its payloads are written, such as `json` or `protobuf`. Empty: it does not say.
    pub(super) encoding: String,
    /// The name of its schema. Empty: it has none.
    pub(super) schema: String,
}

/// How a topic's payloads are written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PayloadKind {
    /// Such as `json`, `protobuf`, `cdr`. Empty: the file does not say.
    pub encoding: String,
    /// The name of the schema. Empty: there is none.
    pub schema: String,
}

/// The numbers of the channels that some records tell of.
pub(in crate::session) fn channels_told(bytes: &[u8]) -> Vec<u16> {
    let mut told = Vec::new();
    let mut take = |record: Option<Record<'_>>| {
        if let Some(Record::Channel(channel)) = record {
            told.push(channel.id);
        }
    };
    // A file begins with what is no record.
    let bytes = bytes.strip_prefix(mcap::MAGIC).unwrap_or(bytes);
    for Found { record, .. } in Records::of(bytes) {
        match record {
            Ok(Record::Chunk { header, data }) => {
                let unpacked = unpack(&header, &data).unwrap_or_default();
                Records::of(&unpacked).for_each(|it| take(it.record.ok()));
            }
            other => take(other.ok()),
        }
    }
    told
}

impl Channel {
    pub(super) fn new(topic: &str, metadata: &BTreeMap<String, String>) -> Self {
        let user: Vec<(String, String)> = metadata
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(names::USER)?.to_owned(), value.clone())))
            .collect();
        let properties = Properties {
            content_type: metadata.get(names::CONTENT_TYPE).cloned(),
            response_topic: metadata.get(names::RESPONSE_TOPIC).cloned(),
            user,
        };
        Self {
            topic: Bytes::copy_from_slice(topic.as_bytes()),
            retained: metadata.contains_key(names::RETAINED),
            properties: (properties != Properties::default()).then(|| Box::new(properties)),
            encoding: String::new(),
            schema: String::new(),
        }
    }

    /// As a file's record tells of it; schemas stand before the channels that use them.
    pub(super) fn of(record: &mcap::records::Channel, schemas: &HashMap<u16, String>) -> Self {
        Self {
            encoding: record.message_encoding.clone(),
            schema: schemas.get(&record.schema_id).cloned().unwrap_or_default(),
            ..Self::new(&record.topic, &record.metadata)
        }
    }

    pub(super) fn kind(&self) -> PayloadKind {
        PayloadKind { encoding: self.encoding.clone(), schema: self.schema.clone() }
    }
}
