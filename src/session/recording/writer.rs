//! Writes a session: channels, chunks, keyframes. Knows no threads and no clocks.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;

use bytes::Bytes;
use mcap::records::{MessageHeader, Metadata};
use mcap::{Attachment, Compression, McapError, WriteOptions, Writer};

use super::columns::{Row, pack};
use super::names::{self, AuditDoc, KeyframeDoc, PropertiesDoc};
use super::reader::{Channel, ChunkRef};
use super::tape::{Counted, SealWith, Tape};
use crate::link::{Arrival, Properties};
use crate::session::fold::Fold;
use crate::signal::Timestamp;
use crate::site::Site;
use crate::trust::chain::Chain;
use crate::trust::seals::{SEAL_OPCODE, SealHead};
use crate::trust::{Registry, SIGNATURE_PROPERTY};

/// A chunk is closed from so many bytes on.
const CHUNK_BYTES: usize = 1 << 20;
/// The same where messages are packed into columns. Who writes closes them long before, with a keyframe.
const PACKED_CHUNK_BYTES: usize = 16 << 20;
/// A chunk stays open no longer than this, seconds: what a crash may cost.
const CHUNK_SECS: f64 = 0.8;
/// Channels that one topic may have, each with other properties; beyond them the last one's stand for all.
const MAX_VARIANTS: usize = 16;
/// Channels that topics may take. The format has room for 65,535.
const MAX_CHANNELS: usize = 60_000;

/// What a session says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// The site's name.
    pub site: String,
    /// The broker, without credentials. Empty: there was none.
    pub broker: String,
    /// Who sat here.
    pub who: String,
    /// When it began.
    pub began: Timestamp,
    /// What else is worth knowing, by name.
    pub more: BTreeMap<String, String>,
}

/// Writes one session.
pub struct SessionWriter<W: Write> {
    mcap: Writer<Counted<W>>,
    tape: Tape,
    channels: HashMap<ChannelKey, u16>,
    variants: HashMap<Bytes, Vec<u16>>,
    /// The topics of channels.
    topics: HashMap<u16, String>,
    /// Channels that were added since they were last asked for.
    added: Vec<(u16, Channel)>,
    keyframe: u16,
    audit: u16,
    /// Over all that was asked so far: each record bears its hash.
    chain: Chain,
    properties: u16,
    more: u16,
    keys: u16,
    chunk_secs: f64,
    packed: Option<Packed>,
    open: Option<OpenChunk>,
    /// The state to begin the next chunk with.
    state: Option<Vec<u8>>,
    last_full: Option<i64>,
    /// The latest log time so far: chunks are in its order.
    latest: i64,
    /// Messages so far.
    messages: u64,
}

/// What is to be packed into columns.
#[derive(Debug)]
struct Packed {
    /// The channel of columns.
    channel: u16,
    /// The messages of the chunk at hand.
    rows: Vec<Row>,
    /// Messages of all chunks, by channel.
    counts: BTreeMap<u16, u64>,
}

#[derive(Debug)]
struct OpenChunk {
    offset: u64,
    from: i64,
    bytes: usize,
    messages: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ChannelKey {
    topic: Bytes,
    retained: bool,
    properties: Option<Box<Properties>>,
}

/// What came beside a message and is another for each.
fn signature_of(arrival: &Arrival) -> Option<&str> {
    let user = arrival.properties.iter().flat_map(|it| &it.user);
    user.into_iter().find(|it| it.0 == SIGNATURE_PROPERTY).map(|it| it.1.as_str())
}

/// What is said of a message and of others of its topic alike.
fn lasting(properties: Option<&Properties>) -> Option<Box<Properties>> {
    let mut lasting = properties?.clone();
    lasting.user.retain(|it| it.0 != SIGNATURE_PROPERTY);
    (lasting != Properties::default()).then(|| Box::new(lasting))
}

impl<W: Write> SessionWriter<W> {
    /// Begins a session: what it says of itself and the files of its site come first.
    pub fn new(sink: W, about: &About, files: &[(String, Vec<u8>)]) -> Result<Self, McapError> {
        Self::begin(sink, about, files, None)
    }

    /// The same, sealed from the first byte to the last.
    pub fn sealed(sink: W, about: &About, files: &[(String, Vec<u8>)], seal: SealWith) -> Result<Self, McapError> {
        Self::begin(sink, about, files, Some(seal))
    }

    fn begin(sink: W, about: &About, files: &[(String, Vec<u8>)], seal: Option<SealWith>) -> Result<Self, McapError> {
        let mut facts = about.more.clone();
        // What a session says that this one was cut from is not true of this one.
        facts.remove(names::SESSION);
        facts.remove(names::RECORDER);
        if let Some(seal) = &seal {
            facts.insert(names::SESSION.to_owned(), seal.session.to_string());
            facts.insert(names::RECORDER.to_owned(), seal.key.public().to_string());
        }
        let tape = Tape::new(seal);
        let options = WriteOptions::new()
            .profile("pollux")
            .library(concat!("pollux ", env!("CARGO_PKG_VERSION")))
            .compression(Some(Compression::Zstd))
            .compression_level(1)
            .compression_threads(0)
            .chunk_size(None)
            .disable_seeking(true)
            .emit_message_indexes(false);
        let mut mcap = Writer::with_options(Counted::new(sink, tape.clone()), options)?;
        facts.insert("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        facts.insert("site".to_owned(), about.site.clone());
        for (name, value) in [("broker", &about.broker), ("who", &about.who)] {
            // What a session says that this one was cut from stays.
            if !value.is_empty() || !facts.contains_key(name) {
                facts.insert(name.to_owned(), value.clone());
            }
        }
        facts.insert("began".to_owned(), about.began.to_string());
        mcap.write_metadata(&Metadata { name: names::METADATA.to_owned(), metadata: facts })?;
        for (name, data) in files {
            let time = about.began.as_nanos().max(0) as u64;
            let media_type = if name.ends_with(".ron") { "text/plain" } else { "application/octet-stream" };
            mcap.attach(&Attachment {
                log_time: time,
                create_time: time,
                name: name.clone(),
                media_type: media_type.to_owned(),
                data: data.into(),
            })?;
        }
        let none = BTreeMap::new();
        let mut own = |topic: &str, encoding: &str| mcap.add_channel(0, topic, encoding, &none);
        let (keyframe, audit) = (own(names::KEYFRAME, "json")?, own(names::AUDIT, "json")?);
        let (properties, more) = (own(names::PROPERTIES, "json")?, own(names::MORE, "")?);
        let keys = own(names::KEYS, "")?;
        mcap.flush()?;
        let own = [
            (keyframe, names::KEYFRAME),
            (audit, names::AUDIT),
            (properties, names::PROPERTIES),
            (more, names::MORE),
            (keys, names::KEYS),
        ];
        let added = own.map(|(id, topic)| (id, Channel::new(topic, &none))).into();
        let mut writer = Self {
            mcap,
            tape,
            channels: HashMap::new(),
            variants: HashMap::new(),
            topics: own.iter().map(|(id, topic)| (*id, (*topic).to_owned())).collect(),
            added,
            keyframe,
            audit,
            chain: Chain::default(),
            properties,
            more,
            keys,
            chunk_secs: CHUNK_SECS,
            packed: None,
            open: None,
            state: None,
            last_full: None,
            latest: i64::MIN,
            messages: 0,
        };
        writer.seal(None)?;
        Ok(writer)
    }

    /// Closes chunks after another span, seconds: what is not live need not be safe by the second.
    #[must_use]
    pub fn with_chunk_secs(mut self, secs: f64) -> Self {
        self.chunk_secs = secs;
        self
    }

    /// Packs messages into columns: for keeping, not for what is still being made.
    pub fn packed(mut self) -> Result<Self, McapError> {
        let channel = self.mcap.add_channel(0, names::COLUMNS, "", &BTreeMap::new())?;
        self.packed = Some(Packed { channel, rows: Vec::new(), counts: BTreeMap::new() });
        self.chunk_secs = f64::INFINITY;
        Ok(self)
    }

    /// Gives the state of all signals at this point. Whole chunks that this closes are returned.
    pub fn keyframe(&mut self, fold: &Fold, site: &Site) -> Result<Option<ChunkRef>, McapError> {
        let closed = self.close_chunk()?;
        self.state = Some(serde_json::to_vec(&KeyframeDoc::of(fold, site)).unwrap_or_default());
        Ok(closed)
    }

    /// Writes a message. A chunk that is full is closed and returned.
    pub fn message(&mut self, arrival: &Arrival) -> Result<Option<ChunkRef>, McapError> {
        self.open_chunk(arrival.received)?;
        self.messages += 1;
        let channel = self.channel(arrival)?;
        let signature = signature_of(arrival);
        if arrival.correlation.is_some() || signature.is_some() {
            let correlation = arrival.correlation.as_ref().map(|it| it.to_vec());
            let doc = PropertiesDoc { correlation, signature: signature.map(str::to_owned) };
            let data = serde_json::to_vec(&doc).unwrap_or_default();
            self.put(self.properties, arrival.received, &data)?;
        }
        match channel {
            Some(channel) => self.put(channel, arrival.received, &arrival.payload)?,
            None => {
                let mut data = (arrival.topic.len() as u16).to_le_bytes().to_vec();
                data.extend_from_slice(&arrival.topic);
                data.extend_from_slice(&arrival.payload);
                self.put(self.more, arrival.received, &data)?;
            }
        }
        self.close_if_full(arrival.received)
    }

    /// Writes what was asked of a device, chained to all before it in this file.
    pub fn audit(&mut self, doc: &AuditDoc) -> Result<Option<ChunkRef>, McapError> {
        let at = Timestamp::from_nanos(doc.at);
        self.open_chunk(at)?;
        let data = self.chain.seal(serde_json::to_vec(doc).unwrap_or_default());
        self.put(self.audit, at, &data)?;
        self.close_if_full(at)
    }

    /// Writes that another registry of keys holds from here on.
    pub fn keys(&mut self, registry: &Registry, at: Timestamp) -> Result<Option<ChunkRef>, McapError> {
        if self.packed.is_some() {
            // Packed messages stand at the end of their chunk: those that came before must not come after.
            self.close_chunk()?;
        }
        self.open_chunk(at)?;
        self.put(self.keys, at, registry.doc().to_ron().as_bytes())?;
        self.close_if_full(at)
    }

    /// Closes the chunk at hand, if there is one, and hands everything to the system.
    pub fn close_chunk(&mut self) -> Result<Option<ChunkRef>, McapError> {
        let Some(open) = self.open.take() else { return Ok(None) };
        if let Some(packed) = self.packed.as_mut().filter(|it| !it.rows.is_empty()) {
            let log_time = self.latest.max(0) as u64;
            let header = MessageHeader { channel_id: packed.channel, sequence: 0, log_time, publish_time: log_time };
            self.mcap.write_to_known_channel(&header, &pack(&packed.rows))?;
            packed.rows.clear();
        }
        self.mcap.flush()?;
        let (from, to) = (Timestamp::from_nanos(open.from), Timestamp::from_nanos(self.latest));
        let length = self.tape.written() - open.offset;
        self.seal(Some((from, to)))?;
        Ok(Some(ChunkRef { offset: open.offset, length, from, to, messages: open.messages }))
    }

    /// Seals all since the last seal.
    fn seal(&mut self, span: Option<(Timestamp, Timestamp)>) -> Result<(), McapError> {
        let Some(seal) = self.tape.seal(span, self.messages) else { return Ok(()) };
        self.mcap.write_private_record(SEAL_OPCODE, &seal, Default::default())?;
        self.tape.go_on();
        self.mcap.flush()
    }

    /// How far the session is sealed. `None`: not at all.
    pub fn seal_head(&self) -> Option<SealHead> {
        self.tape.head()
    }

    /// When the chunk at hand was begun, by the time of its messages.
    pub fn open_since(&self) -> Option<Timestamp> {
        self.open.as_ref().map(|it| Timestamp::from_nanos(it.from))
    }

    /// Bytes of the chunk at hand, before they are packed.
    pub fn open_bytes(&self) -> usize {
        self.open.as_ref().map_or(0, |it| it.bytes)
    }

    /// The channels that were added since the last call: only the chunk in which one is used first tells of it.
    pub(super) fn take_added(&mut self) -> Vec<(u16, Channel)> {
        std::mem::take(&mut self.added)
    }

    /// Bytes written so far.
    pub fn n_bytes(&self) -> u64 {
        self.tape.written()
    }

    /// Ends the session with its summary, and the final seal.
    pub fn finish(self) -> Result<W, McapError> {
        self.end().map(|it| it.0)
    }

    /// The same; also returns the final seal's place in the chain. `None`: nothing is sealed.
    pub fn end(mut self) -> Result<(W, Option<SealHead>), McapError> {
        self.close_chunk()?;
        if let Some(packed) = &self.packed {
            let mut metadata: BTreeMap<String, u64> = BTreeMap::new();
            for (channel, count) in &packed.counts {
                *metadata.entry(self.topics.get(channel).cloned().unwrap_or_default()).or_default() += count;
            }
            let metadata = metadata.into_iter().map(|(topic, count)| (topic, count.to_string())).collect();
            self.mcap.write_metadata(&Metadata { name: names::COUNTS.to_owned(), metadata })?;
        }
        self.tape.begin_tail();
        self.mcap.finish()?;
        let sink = self.mcap.into_inner().close(self.messages)?;
        Ok((sink, self.tape.head()))
    }

    fn open_chunk(&mut self, at: Timestamp) -> Result<(), McapError> {
        if self.open.is_some() {
            return Ok(());
        }
        self.latest = self.latest.max(at.as_nanos());
        let offset = self.tape.written();
        self.open = Some(OpenChunk { offset, from: self.latest, bytes: 0, messages: 0 });
        let data = match (self.state.take(), self.last_full) {
            (Some(state), _) => {
                self.last_full = Some(self.latest);
                state
            }
            (None, Some(since)) => serde_json::to_vec(&KeyframeDoc::after(since)).unwrap_or_default(),
            // Nothing was known before the first message.
            (None, None) => {
                self.last_full = Some(self.latest);
                serde_json::to_vec(&KeyframeDoc::nothing()).unwrap_or_default()
            }
        };
        self.put(self.keyframe, Timestamp::from_nanos(self.latest), &data)
    }

    fn close_if_full(&mut self, at: Timestamp) -> Result<Option<ChunkRef>, McapError> {
        let most = if self.packed.is_some() { PACKED_CHUNK_BYTES } else { CHUNK_BYTES };
        let full = self
            .open
            .as_ref()
            .is_some_and(|it| it.bytes >= most || at.secs_since(Timestamp::from_nanos(it.from)) >= self.chunk_secs);
        if full { self.close_chunk() } else { Ok(None) }
    }

    fn put(&mut self, channel_id: u16, at: Timestamp, data: &[u8]) -> Result<(), McapError> {
        let log_time = at.as_nanos().max(0) as u64;
        // Nobody counts them: the order is that of the file, and a count would take a sixth of it.
        let header = MessageHeader { channel_id, sequence: 0, log_time, publish_time: log_time };
        self.latest = self.latest.max(at.as_nanos());
        match self.packed.as_mut().filter(|_| channel_id != self.keyframe) {
            Some(packed) => {
                *packed.counts.entry(channel_id).or_default() += 1;
                packed.rows.push(Row { channel: channel_id, at: log_time as i64, data: data.to_vec() });
            }
            None => self.mcap.write_to_known_channel(&header, data)?,
        }
        if let Some(open) = &mut self.open {
            open.bytes += data.len() + 31;
            open.messages += 1;
        }
        Ok(())
    }

    /// The channel of a message. `None`: there is none left.
    fn channel(&mut self, arrival: &Arrival) -> Result<Option<u16>, McapError> {
        let key = ChannelKey {
            topic: arrival.topic.clone(),
            retained: arrival.retained,
            properties: lasting(arrival.properties.as_deref()),
        };
        if let Some(&known) = self.channels.get(&key) {
            return Ok(Some(known));
        }
        let Ok(topic) = std::str::from_utf8(&arrival.topic) else { return Ok(None) };
        let own = [names::KEYFRAME, names::AUDIT, names::PROPERTIES, names::MORE, names::KEYS, names::COLUMNS]
            .contains(&topic);
        let variants = self.variants.entry(arrival.topic.clone()).or_default();
        if variants.len() >= MAX_VARIANTS {
            return Ok(variants.last().copied());
        }
        if own || self.channels.len() >= MAX_CHANNELS {
            return Ok(None);
        }
        let mut metadata = BTreeMap::new();
        if arrival.retained {
            metadata.insert(names::RETAINED.to_owned(), "true".to_owned());
        }
        if let Some(properties) = &key.properties {
            let named =
                [(names::CONTENT_TYPE, &properties.content_type), (names::RESPONSE_TOPIC, &properties.response_topic)];
            for (name, value) in named {
                metadata.extend(value.as_ref().map(|it| (name.to_owned(), it.clone())));
            }
            metadata
                .extend(properties.user.iter().map(|(name, value)| (format!("{}{name}", names::USER), value.clone())));
        }
        let is_json = arrival.payload.first().is_some_and(|it| matches!(it, b'{' | b'[' | b'0'..=b'9' | b'-'));
        let id = self.mcap.add_channel(0, topic, if is_json { "json" } else { "" }, &metadata)?;
        variants.push(id);
        self.added.push((id, Channel::new(topic, &metadata)));
        self.topics.insert(id, topic.to_owned());
        // A key that lived on in its message's buffer would keep that buffer.
        let key = ChannelKey { topic: Bytes::copy_from_slice(&arrival.topic), ..key };
        self.channels.insert(key, id);
        Ok(Some(id))
    }
}
