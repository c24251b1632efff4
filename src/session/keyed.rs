//! Writes messages that are there already as a session, with the state of all signals before every so many bytes.

use std::io::{self, Write};
use std::sync::Arc;

use mcap::McapError;

use super::fold::{Fold, Follower};
use super::recording::{About, AuditDoc, Recording, SealWith, SessionWriter};
use crate::link::{self, Arrival};
use crate::signal::Timestamp;
use crate::site::Site;
use crate::trust::seals::SessionId;
use crate::trust::{Registry, SecretKey};

/// The state stands before each so many bytes of messages: a seek reads about as much.
const KEYFRAME_BYTES: usize = 1 << 20;
/// The same where messages are packed: their columns end with the chunk, and the state stands before each.
const PACKED_KEYFRAME_BYTES: usize = 2 << 20;
/// What the format adds to a message, bytes.
const MESSAGE_HEAD: usize = 31;

/// A session that is written at once, and not while it happens.
pub(super) struct KeyedWriter<W: Write> {
    writer: SessionWriter<W>,
    site: Arc<Site>,
    follower: Follower,
    /// Since the last keyframe.
    bytes: usize,
    /// The state stands before each so many bytes.
    keyframe_bytes: usize,
}

impl<W: Write> KeyedWriter<W> {
    /// Begins a session with the state before its first message; `source`: the recording that it is cut from. What seals it
    /// is the key; `None`: one that is made for it and forgotten afterwards.
    pub(super) fn new(
        sink: W,
        about: &About,
        files: &[(String, Vec<u8>)],
        site: &Arc<Site>,
        before: Fold,
        source: Option<&Recording>,
        key: Option<&SecretKey>,
    ) -> Result<Self, McapError> {
        let key = key.map_or_else(SecretKey::generate, Clone::clone);
        let seal = SealWith { key, session: SessionId::new(), clock: link::now };
        Ok(Self {
            writer: SessionWriter::sealed(sink, about, files, seal)?.with_chunk_secs(f64::INFINITY),
            site: Arc::clone(site),
            follower: match source {
                Some(source) => Follower::of(source, before, site),
                None => Follower::new(site),
            },
            bytes: KEYFRAME_BYTES,
            keyframe_bytes: KEYFRAME_BYTES,
        })
    }

    /// Packs messages into columns.
    pub(super) fn packed(mut self) -> Result<Self, McapError> {
        self.writer = self.writer.packed()?;
        (self.bytes, self.keyframe_bytes) = (PACKED_KEYFRAME_BYTES, PACKED_KEYFRAME_BYTES);
        Ok(self)
    }

    /// Writes a message.
    pub(super) fn message(&mut self, arrival: &Arrival) -> Result<(), McapError> {
        if self.bytes >= self.keyframe_bytes {
            self.bytes = 0;
            self.writer.keyframe(&self.follower.fold(), &self.site)?;
        }
        self.bytes += arrival.payload.len() + MESSAGE_HEAD;
        self.writer.message(arrival)?;
        self.follower.take(arrival);
        Ok(())
    }

    /// Writes that another registry of keys holds from here on.
    pub(super) fn keys(&mut self, registry: &Arc<Registry>, at: Timestamp) -> Result<(), McapError> {
        self.follower.set_registry(registry);
        self.writer.keys(registry, at).map(drop)
    }

    /// Writes what was asked of a device.
    pub(super) fn audit(&mut self, doc: &AuditDoc) -> Result<(), McapError> {
        self.writer.audit(doc).map(drop)
    }

    /// Ends the session with its summary.
    pub(super) fn finish(self) -> Result<W, McapError> {
        self.writer.finish()
    }
}

/// What the system said, where that was it: its kind tells a full disk from a folder that is not there.
pub(super) fn io_of(error: McapError) -> io::Error {
    if let McapError::Io(error) = error { error } else { io::Error::other(error) }
}
