//! Reads a session: the summary at once, chunks when they are asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use bytes::Bytes;
use mcap::records::{AttachmentIndex, MessageHeader, Record};
use tracing::warn;

pub(super) use super::channel::Channel;
use super::channel::PayloadKind;
use super::columns::{self, Row};
use super::names::{self, AuditDoc, KeyframeDoc, PropertiesDoc};
use super::scan::scan;
use super::summary;
use super::unpack::{Found, RECORD_HEAD, Records, unpack};
use crate::link::Arrival;
use crate::session::fold::Fold;
use crate::signal::Timestamp;
use crate::site::Site;
use crate::trust::seals::{MAX_SEAL_BYTES, SEAL_OPCODE, Seal, chain_text};
use crate::trust::{Memo, REGISTRY_FILE, Registry, SIGNATURE_PROPERTY, Verifier};

/// No record is larger: a length beyond it is damage, and not read.
pub(super) const MAX_RECORD: u64 = 1 << 30;

/// A stretch of a session that is read at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkRef {
    /// Where it begins in the file, bytes.
    pub offset: u64,
    /// How long it is there, bytes.
    pub length: u64,
    /// When its first message came.
    pub from: Timestamp,
    /// When the latest message came, in it or before it.
    pub to: Timestamp,
    /// How many messages it holds, as far as that is known.
    pub messages: u64,
}

/// What a chunk holds, in its order.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A message.
    Message(Arrival),
    /// The state before the messages that follow.
    Keyframe(KeyframeDoc),
    /// What was asked of a device.
    Audit(AuditDoc),
    /// Another registry of keys holds from here on.
    Keys(Arc<Registry>),
}

/// What is gathered from a stretch of records.
#[derive(Debug, Default)]
struct Taken {
    items: Vec<Item>,
    /// What was asked of devices, byte for byte.
    audits: Vec<Vec<u8>>,
    /// Of the message that follows.
    said: PropertiesDoc,
}

/// Why a file could not be opened as a session.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system refuses.
    #[error("{} cannot be read", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is something else.
    #[error("{} is no MCAP file: {why}", path.display())]
    NotMcap {
        /// Which file.
        path: PathBuf,
        /// What shows it.
        why: String,
    },
    /// There is nothing in it.
    #[error("{} holds no messages{why}", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
        /// What was lost, with a colon before it.
        why: String,
    },
}

/// Why a part of a session could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the session is damaged at byte {offset}: {why}")]
pub struct ReadError {
    /// Where, in bytes.
    pub offset: u64,
    /// What is wrong.
    pub why: String,
}

/// A session file.
#[derive(Debug)]
pub struct Recording {
    /// Where it lies.
    pub path: PathBuf,
    /// Its size, bytes.
    pub bytes: u64,
    /// What the session says of itself, by name. Empty: another program made it.
    pub about: BTreeMap<String, String>,
    /// What was lost or is odd, for a person.
    pub findings: Vec<String>,
    /// Messages by topic, as far as the summary tells.
    pub counts: BTreeMap<String, u64>,
    file: Mutex<File>,
    grown: RwLock<Grown>,
    channels: RwLock<HashMap<u16, Channel>>,
    schemas: RwLock<HashMap<u16, String>>,
    attachments: Vec<AttachmentIndex>,
    /// Who has which key, as the session says. Read when it is asked for.
    registry: OnceLock<Option<Arc<Registry>>>,
    memo: Arc<Memo>,
}

/// What there is of a file by now.
#[derive(Debug, Default)]
struct Grown {
    chunks: Vec<ChunkRef>,
    /// Messages that are in no whole chunk yet: batches, and from where on.
    tail: Vec<(Arc<Vec<Arrival>>, usize)>,
    /// The state before the first message, until it stands in the first chunk.
    before: Fold,
}

/// What a look over a whole file finds, where it has no summary.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) chunks: Vec<ChunkRef>,
    pub(super) channels: HashMap<u16, Channel>,
    /// The names of schemas.
    pub(super) schemas: HashMap<u16, String>,
    pub(super) attachments: Vec<AttachmentIndex>,
    pub(super) about: BTreeMap<String, String>,
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) findings: Vec<String>,
}

impl Recording {
    /// Opens a file: its summary, or where it has none, all that is whole in it.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        let mut magic = [0; 8];
        let is_mcap = file.read_exact(&mut magic).is_ok() && magic == *mcap::MAGIC;
        if !is_mcap {
            let why = "it does not begin with MCAP's magic bytes".to_owned();
            return Err(OpenError::NotMcap { path: path.to_owned(), why });
        }
        let told = summary::read(&mut file, bytes);
        let mut scanned = told.unwrap_or_else(|| scan(&mut file, bytes)).map_err(io)?;
        // Pollux's own first chunk holds channels alone; a clock that stood still in 1970 is no such chunk.
        let any_message = scanned.counts.values().any(|it| *it > 0);
        if !any_message || scanned.chunks.iter().any(|it| it.to.as_nanos() != 0) {
            scanned.chunks.retain(|it| it.to.as_nanos() != 0);
        }
        if !order(&mut scanned.chunks) {
            let told = "its messages do not stand in the order of their times: one that is late shows when those before it have";
            scanned.findings.push(told.to_owned());
        }
        if scanned.chunks.is_empty() {
            let why = scanned.findings.first().map(|it| format!(": {it}")).unwrap_or_default();
            return Err(OpenError::Empty { path: path.to_owned(), why });
        }
        Ok(Self {
            path: path.to_owned(),
            bytes,
            about: scanned.about,
            findings: scanned.findings,
            counts: scanned.counts,
            file: Mutex::new(file),
            grown: RwLock::new(Grown { chunks: scanned.chunks, ..Grown::default() }),
            channels: RwLock::new(scanned.channels),
            schemas: RwLock::new(scanned.schemas),
            attachments: scanned.attachments,
            registry: OnceLock::new(),
            memo: Arc::default(),
        })
    }

    /// A file that is still being written: what there is of it is added chunk by chunk.
    pub fn growing(path: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io)?;
        Ok(Self {
            path: path.to_owned(),
            bytes: 0,
            about: BTreeMap::new(),
            findings: Vec::new(),
            counts: BTreeMap::new(),
            file: Mutex::new(file),
            grown: RwLock::default(),
            channels: RwLock::default(),
            schemas: RwLock::default(),
            attachments: Vec::new(),
            registry: OnceLock::new(),
            memo: Arc::default(),
        })
    }

    /// The same with who has which key.
    #[must_use]
    pub(super) fn with_registry(self, registry: Option<Arc<Registry>>) -> Self {
        Self { registry: OnceLock::from(registry), ..self }
    }

    /// Who had which key when the session began, as it says itself.
    pub fn registry(&self) -> Option<&Arc<Registry>> {
        let read = || self.attachment(REGISTRY_FILE)?.ok().and_then(|it| names::registry_of(&it, &self.path));
        self.registry.get_or_init(read).as_ref()
    }

    /// What verifies its messages again, from the first one on. `None`: nothing on the site is signed.
    pub fn verifier(&self, site: &Site) -> Option<Verifier> {
        Verifier::new(site, self.registry().cloned()).map(|it| it.with_memo(Arc::clone(&self.memo)))
    }

    /// The signatures in it that were found good.
    pub fn memo(&self) -> &Arc<Memo> {
        &self.memo
    }

    /// Adds a chunk that was just written: all messages so far are in it or before it.
    pub(super) fn add(&self, chunk: ChunkRef) {
        let mut grown = self.grown.write().unwrap_or_else(PoisonError::into_inner);
        grown.chunks.push(chunk);
        grown.tail.clear();
    }

    /// Learns of channels that what is written uses from now on.
    pub(super) fn learn(&self, channels: Vec<(u16, Channel)>) {
        if !channels.is_empty() {
            self.channels.write().unwrap_or_else(PoisonError::into_inner).extend(channels);
        }
    }

    /// Forgets what there is: what is written goes into another file from now on.
    pub(super) fn begin_anew(&self, file: File) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = file;
        *self.grown.write().unwrap_or_else(PoisonError::into_inner) = Grown::default();
        self.channels.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Adds messages that are in no whole chunk yet, from one on.
    pub(super) fn add_tail(&self, arrivals: Arc<Vec<Arrival>>, first: usize) {
        self.grown.write().unwrap_or_else(PoisonError::into_inner).tail.push((arrivals, first));
    }

    /// What is known before the first message.
    pub(super) fn begin_with(&self, state: &Fold) {
        let mut grown = self.grown.write().unwrap_or_else(PoisonError::into_inner);
        if grown.chunks.is_empty() && grown.tail.is_empty() {
            grown.before = state.clone();
        }
    }

    /// What is known before the first message, where it does not stand in the first chunk.
    pub(in crate::session) fn begins_with(&self) -> Fold {
        self.grown().before.clone()
    }

    fn grown(&self) -> RwLockReadGuard<'_, Grown> {
        self.grown.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many channels are known by now.
    pub(in crate::session) fn n_channels(&self) -> usize {
        self.channels.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many chunks there are.
    pub fn n_chunks(&self) -> usize {
        self.grown().chunks.len()
    }

    /// A chunk's place and time.
    pub fn chunk(&self, index: usize) -> Option<ChunkRef> {
        self.grown().chunks.get(index).copied()
    }

    /// The messages that are in no whole chunk yet, if there are no more chunks than so many.
    pub fn tail(&self, n_chunks: usize) -> Vec<(Arc<Vec<Arrival>>, usize)> {
        let grown = self.grown();
        if grown.chunks.len() > n_chunks { Vec::new() } else { grown.tail.clone() }
    }

    /// The last chunk that begins at or before an instant.
    pub fn chunk_at(&self, at: Timestamp) -> Option<usize> {
        self.grown().chunks.partition_point(|it| it.from <= at).checked_sub(1)
    }

    /// When the first and the last message came.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let grown = self.grown();
        Some((grown.chunks.first()?.from, grown.chunks.last()?.to))
    }

    /// Which session this is, and the chain of its seals up to the newest chunk, for one that is cut from it. Nobody has
    /// looked at the seal's signature here.
    pub fn origin(&self) -> BTreeMap<String, String> {
        let sealed = || {
            let chunk = self.chunk(self.n_chunks().checked_sub(1)?)?;
            let at = chunk.offset + chunk.length;
            let head = self.read(at, RECORD_HEAD).ok().filter(|it| it[0] == SEAL_OPCODE)?;
            let length = head[1..].iter().rev().fold(0, |sum, it| (sum << 8) | u64::from(*it));
            let seal = self.read(at + RECORD_HEAD, length.min(MAX_SEAL_BYTES as u64)).ok()?;
            Some(Seal::peek(&seal)?.1)
        };
        let told =
            |it: Seal| [(names::CUT_SESSION, it.session.to_string()), (names::CUT_CHAIN, chain_text(&it.chain()))];
        sealed().map(told).into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// How the payloads of each topic are written, as far as its channels have been read; more than one way where channels
    /// of one topic differ.
    pub fn payload_kinds(&self) -> BTreeMap<String, Vec<PayloadKind>> {
        let channels = self.channels.read().unwrap_or_else(PoisonError::into_inner);
        let mut kinds: BTreeMap<String, BTreeSet<PayloadKind>> = BTreeMap::new();
        for channel in channels.iter().map(|it| it.1) {
            kinds.entry(String::from_utf8_lossy(&channel.topic).into_owned()).or_default().insert(channel.kind());
        }
        kinds.into_iter().map(|(topic, kinds)| (topic, kinds.into_iter().collect())).collect()
    }

    /// The names and sizes of the attachments, bytes.
    pub fn attachments(&self) -> impl Iterator<Item = (&str, u64)> {
        self.attachments.iter().map(|it| (it.name.as_str(), it.data_size))
    }

    /// An attachment. `None`: there is none of that name.
    pub fn attachment(&self, name: &str) -> Option<Result<Vec<u8>, ReadError>> {
        let index = self.attachments.iter().find(|it| it.name == name)?;
        Some(self.attachment_at(index.offset, index.length).map(|it| it.1))
    }

    /// The attachment that stands at a place, with its name.
    pub(super) fn attachment_at(&self, offset: u64, length: u64) -> Result<(String, Vec<u8>), ReadError> {
        let bytes = self.read(offset, length)?;
        let damaged = |why: &str| ReadError { offset, why: why.to_owned() };
        match Records::of(&bytes).next().map(|it| it.record) {
            Some(Ok(Record::Attachment { data, header, crc })) if crc == 0 || crc_of(&bytes) == crc => {
                Ok((header.name, data.into_owned()))
            }
            Some(Ok(Record::Attachment { .. })) => Err(damaged("the attachment's checksum (CRC-32) is wrong")),
            Some(Err(error)) => Err(damaged(&error.to_string())),
            Some(Ok(_)) | None => Err(damaged("there is no attachment")),
        }
    }

    /// What a chunk holds. What could be read before a fault is returned beside it.
    pub fn items(&self, index: usize) -> (Vec<Item>, Option<ReadError>) {
        let (taken, fault) = self.taken(index);
        (taken.items, fault)
    }

    /// The records of a chunk that tell what was asked of devices, byte for byte: whoever looks at their chain needs them so.
    pub fn audits(&self, index: usize) -> (Vec<Vec<u8>>, Option<ReadError>) {
        let (taken, fault) = self.taken(index);
        (taken.audits, fault)
    }

    fn taken(&self, index: usize) -> (Taken, Option<ReadError>) {
        let Some(chunk) = self.chunk(index) else { return (Taken::default(), None) };
        match self.read(chunk.offset, chunk.length) {
            Ok(bytes) => self.parse(&bytes, chunk.offset),
            Err(error) => (Taken::default(), Some(error)),
        }
    }

    /// What a damaged chunk costs, for a person.
    pub fn lost(&self, index: usize, fault: &ReadError) -> String {
        let (from, to) = self.chunk(index).map_or_else(Default::default, |it| (it.from, it.to));
        format!("{}: {fault}; what came from {from} to {to} is lost, or a part of it", self.path.display())
    }

    pub(super) fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>, ReadError> {
        if length > MAX_RECORD {
            return Err(ReadError { offset, why: format!("a stretch of {length} bytes is told, which cannot be") });
        }
        let mut bytes = vec![0; length as usize];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(&mut bytes));
        read.map(|()| bytes).map_err(|error| ReadError { offset, why: error.to_string() })
    }

    /// Reads records that stand one after the other: a chunk, or messages without one.
    fn parse(&self, bytes: &[u8], offset: u64) -> (Taken, Option<ReadError>) {
        let mut taken = Taken::default();
        for Found { at, record } in Records::of(bytes) {
            let damaged = |why: String| Some(ReadError { offset: offset + at, why });
            match record {
                Err(error) => return (taken, damaged(error.to_string())),
                Ok(Record::Chunk { header, data }) => {
                    let unpacked = match unpack(&header, &data) {
                        Ok(unpacked) => unpacked,
                        Err(why) => return (taken, damaged(why)),
                    };
                    for Found { record, .. } in Records::of(&unpacked) {
                        match record {
                            Ok(record) => self.take(record, &mut taken),
                            Err(error) => return (taken, damaged(error.to_string())),
                        }
                    }
                }
                Ok(record) => self.take(record, &mut taken),
            }
        }
        (taken, None)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the format's records are many, and others may come")]
    fn take(&self, record: Record<'_>, taken: &mut Taken) {
        match record {
            Record::Schema { header, .. } => {
                self.schemas.write().unwrap_or_else(PoisonError::into_inner).entry(header.id).or_insert(header.name);
            }
            Record::Channel(channel) => {
                let schemas = self.schemas.read().unwrap_or_else(PoisonError::into_inner);
                let mut channels = self.channels.write().unwrap_or_else(PoisonError::into_inner);
                channels.entry(channel.id).or_insert_with(|| Channel::of(&channel, &schemas));
            }
            Record::Message { header, data } => {
                let channels = self.channels.read().unwrap_or_else(PoisonError::into_inner);
                let Some(channel) = channels.get(&header.channel_id) else { return };
                let received = Timestamp::from_nanos(i64::try_from(header.log_time).unwrap_or(i64::MAX));
                if !channel.topic.starts_with(b"pollux/") {
                    taken.items.push(Item::Message(message(channel, received, &data, std::mem::take(&mut taken.said))));
                    return;
                }
                match std::str::from_utf8(&channel.topic).unwrap_or_default() {
                    names::KEYFRAME => taken.items.extend(serde_json::from_slice(&data).ok().map(Item::Keyframe)),
                    names::AUDIT => {
                        taken.items.extend(serde_json::from_slice(&data).ok().map(Item::Audit));
                        taken.audits.push(data.into_owned());
                    }
                    names::PROPERTIES => {
                        taken.said = serde_json::from_slice(&data).unwrap_or_default();
                    }
                    names::COLUMNS => {
                        drop(channels);
                        self.take_columns(&data, taken);
                    }
                    names::KEYS => taken.items.extend(names::registry_of(&data, &self.path).map(Item::Keys)),
                    names::MORE => taken.items.extend(unwrapped(channel, received, &data).map(Item::Message)),
                    // An answer to a command, and whatever else is spoken under that name.
                    _ => taken.items.push(Item::Message(message(
                        channel,
                        received,
                        &data,
                        std::mem::take(&mut taken.said),
                    ))),
                }
            }
            _ => (),
        }
    }

    /// Takes messages that are packed into columns.
    fn take_columns(&self, packed: &[u8], taken: &mut Taken) {
        let Some(rows) = columns::unpack(packed) else {
            warn!("{}: messages are packed in a way that this version cannot read", self.path.display());
            return;
        };
        for Row { channel, at, data } in rows {
            let header =
                MessageHeader { channel_id: channel, sequence: 0, log_time: at as u64, publish_time: at as u64 };
            // Columns within columns would never end.
            let nested = self
                .channels
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&channel)
                .is_some_and(|it| it.topic == names::COLUMNS);
            if !nested {
                self.take(Record::Message { header, data: data.into() }, taken);
            }
        }
    }
}

/// The checksum of an attachment's record: of all between its length and the checksum itself.
fn crc_of(record: &[u8]) -> u32 {
    record.get(9..record.len().saturating_sub(4)).map_or(0, crc32fast::hash)
}

fn message(channel: &Channel, received: Timestamp, data: &[u8], said: PropertiesDoc) -> Arrival {
    let mut properties = channel.properties.clone();
    if let Some(signature) = said.signature {
        properties.get_or_insert_default().user.push((SIGNATURE_PROPERTY.to_owned(), signature));
    }
    Arrival {
        topic: channel.topic.clone(),
        payload: Bytes::copy_from_slice(data),
        received,
        retained: channel.retained,
        correlation: said.correlation.map(Bytes::from),
        properties,
    }
}

/// A message that had no channel of its own.
fn unwrapped(channel: &Channel, received: Timestamp, data: &[u8]) -> Option<Arrival> {
    let (length, rest) = data.split_first_chunk::<2>()?;
    let (topic, payload) = rest.split_at_checked(u16::from_le_bytes(*length) as usize)?;
    Some(Arrival {
        topic: Bytes::copy_from_slice(topic),
        ..message(channel, received, payload, PropertiesDoc::default())
    })
}

/// In the order of the file; times never run backward. Returns whether they did not before.
fn order(chunks: &mut [ChunkRef]) -> bool {
    chunks.sort_by_key(|it| it.offset);
    let mut latest = Timestamp::MIN;
    let mut in_order = true;
    for chunk in chunks {
        in_order &= chunk.from >= latest;
        chunk.from = chunk.from.max(latest);
        latest = latest.max(chunk.to);
        chunk.to = latest;
    }
    in_order
}

pub(super) fn time(nanos: u64) -> Timestamp {
    Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}
