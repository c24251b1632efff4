//! Where a session is written to: counted, and sealed stretch by stretch as it goes by.

use std::io::{self, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::signal::Timestamp;
use crate::trust::SecretKey;
use crate::trust::seals::{SealHead, Sealer, SessionId, Told};

/// With what a session is sealed.
#[derive(Debug, Clone)]
pub struct SealWith {
    /// The recorder's key.
    pub key: SecretKey,
    /// The session's name, in this file alone.
    pub session: SessionId,
    /// What time it is.
    pub clock: fn() -> Timestamp,
}

/// What has gone by so far. Shared by the sink, which is buried in MCAP's writer, and by whoever seals.
#[derive(Clone)]
pub(super) struct Tape {
    written: Arc<AtomicU64>,
    seals: Option<Arc<Mutex<Seals>>>,
}

struct Seals {
    sealer: Sealer,
    clock: fn() -> Timestamp,
    /// What goes by is the record of a seal, which is sealed by itself.
    is_seal: bool,
    /// From the end of the data on nothing is written before the final seal is in it.
    tail: Option<Vec<u8>>,
}

/// A sink that counts and seals. It is never sought in.
pub(super) struct Counted<W> {
    sink: W,
    tape: Tape,
}

impl Tape {
    pub(super) fn new(seal: Option<SealWith>) -> Self {
        let seals = seal.map(|SealWith { key, session, clock }| Seals {
            sealer: Sealer::new(key, session),
            clock,
            is_seal: false,
            tail: None,
        });
        Self { written: Arc::default(), seals: seals.map(|it| Arc::new(Mutex::new(it))) }
    }

    /// Bytes so far.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// How far it is sealed. `None`: not at all.
    pub(super) fn head(&self) -> Option<SealHead> {
        self.seals()?.sealer.head().cloned()
    }

    /// Seals what went by since the last seal. What goes by next is the seal's record, until [`Tape::go_on`]. `None`:
    /// nothing is sealed here.
    pub(super) fn seal(&self, span: Option<(Timestamp, Timestamp)>, messages: u64) -> Option<Vec<u8>> {
        let mut seals = self.seals()?;
        seals.is_seal = true;
        let told = Told { at: (seals.clock)(), span, messages };
        Some(seals.sealer.seal(told))
    }

    /// The seal's record has gone by.
    pub(super) fn go_on(&self) {
        if let Some(mut seals) = self.seals() {
            seals.is_seal = false;
        }
    }

    /// What follows is the end of the file.
    pub(super) fn begin_tail(&self) {
        if let Some(mut seals) = self.seals() {
            seals.tail = Some(Vec::new());
        }
    }

    fn seals(&self) -> Option<MutexGuard<'_, Seals>> {
        self.seals.as_ref().map(|it| it.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<W: Write> Counted<W> {
    pub(super) fn new(sink: W, tape: Tape) -> Self {
        Self { sink, tape }
    }

    /// Writes the end of the file with the final seal.
    pub(super) fn close(mut self, messages: u64) -> io::Result<W> {
        let closed = self.tape.seals().and_then(|mut seals| {
            let tail = seals.tail.take()?;
            let told = Told { at: (seals.clock)(), span: None, messages };
            Some(seals.sealer.close(&tail, told))
        });
        if let Some(closed) = closed {
            self.sink.write_all(&closed)?;
            self.sink.flush()?;
        }
        Ok(self.sink)
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { sink, tape } = self;
        let n = match tape.seals() {
            None => sink.write(bytes)?,
            Some(mut seals) => match &mut seals.tail {
                Some(tail) => {
                    tail.extend_from_slice(bytes);
                    bytes.len()
                }
                None => {
                    let n = sink.write(bytes)?;
                    if !seals.is_seal {
                        seals.sealer.take(&bytes[..n]);
                    }
                    n
                }
            },
        };
        tape.written.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

impl<W: Write> Seek for Counted<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Current(0) => Ok(self.tape.written()),
            SeekFrom::Start(_) | SeekFrom::End(_) | SeekFrom::Current(_) => {
                Err(io::Error::new(io::ErrorKind::Unsupported, "a session is written from front to back"))
            }
        }
    }
}
