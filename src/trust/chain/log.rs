//! Writes the log: every record goes to the system at once, every checkpoint to the disk.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::line::{CheckpointDoc, FORMAT, JSON_AT, Kind, Line, LogDoc, MAX_LINE_BYTES, NoteDoc, may_begin, write_json};
use super::verify::{Checker, Start};
use super::{CHECKPOINT_RECORDS, Chain, Finding, Head, hex};
use crate::trust::key::{KeyId, PublicKey, SecretKey};

/// How much is read first of a log's end.
const TAIL_BYTES: u64 = 256 * 1024;

/// A log that is written to. One program has it at a time.
///
/// Where a record could not be written, none of it stays, and what was asked for must not be done.
#[derive(Debug)]
pub struct AuditLog {
    file: File,
    path: PathBuf,
    key: SecretKey,
    chain: Chain,
    /// The number of the next line.
    next: u64,
    /// Bytes of whole lines.
    len: u64,
    /// Records since the last checkpoint.
    unwitnessed: u32,
    /// It ends with a checkpoint that says so.
    closed: bool,
    /// What the disk holds is not known any more: nothing is written.
    broken: bool,
    /// Bytes of a last line without an end, which were cut off at the opening.
    cut_bytes: u64,
    line: Vec<u8>,
}

/// Why the log cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The system said no: the disk may be full.
    #[error("the audit log {at}")]
    Io {
        /// Which file.
        at: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
    /// Two that write would each make a history of their own.
    #[error("the audit log {at} is being written by another program: end it, or name another file")]
    InUse {
        /// Which file.
        at: PathBuf,
    },
    /// It is another's.
    #[error("the audit log {at} belongs to another key ({theirs}): give that one, or name another file")]
    OtherKey {
        /// Which file.
        at: PathBuf,
        /// Whose it is.
        theirs: KeyId,
    },
    /// It is something else.
    #[error("{at} is no audit log: name another file")]
    NoLog {
        /// Which file.
        at: PathBuf,
    },
    /// Its end was changed.
    #[error(
        "the audit log {at} was altered ({finding}): look at it with `pollux audit verify`, put it aside, begin a new one"
    )]
    Altered {
        /// Which file.
        at: PathBuf,
        /// Where, and what is wrong.
        finding: Finding,
    },
    /// The disk failed before, and what it holds is not known.
    #[error("the audit log {at} failed before: open it again")]
    Broken {
        /// Which file.
        at: PathBuf,
    },
    /// The record cannot be written.
    #[error("this is no record: {why}")]
    Record {
        /// Why.
        why: String,
    },
}

impl AuditLog {
    /// Opens a log to go on from its end, or begins one. The end is looked at first, from the last checkpoint on; a last
    /// line without an end, as a crash leaves it, is cut off, and a note says so.
    pub fn open(path: &Path, key: &SecretKey) -> Result<Self, LogError> {
        let at = || path.to_owned();
        let io = |why| LogError::Io { at: at(), why };
        let file = open_for_append(path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => (),
            Err(TryLockError::WouldBlock) => return Err(LogError::InUse { at: at() }),
            Err(TryLockError::Error(why)) => return Err(io(why)),
        }
        let mut log = Self {
            file,
            path: at(),
            key: key.clone(),
            chain: Chain::default(),
            next: 0,
            len: 0,
            unwitnessed: 0,
            // Until it is known what this file is, nothing is written at its end.
            closed: true,
            broken: false,
            cut_bytes: 0,
            line: Vec::new(),
        };
        let bytes = log.file.metadata().map_err(io)?.len();
        let was_closed = log.find_end(bytes)?;
        let torn = bytes - log.len;
        if torn > 0 {
            log.file.set_len(log.len).map_err(io)?;
            log.cut_bytes = torn;
        }
        log.closed = was_closed;
        if log.next == 0 {
            let id = hex::encode(&rand::random::<[u8; 16]>());
            log.write(Kind::Log, &LogDoc { format: FORMAT.to_owned(), id, key: key.public() })?;
            log.sync()?;
            sync_folder(path).map_err(io)?;
        }
        if torn > 0 {
            log.write(Kind::Note, &NoteDoc { cut_bytes: torn })?;
            log.checkpoint(false)?;
        }
        Ok(log)
    }

    /// Adds a record; returns where the log stands with it. It is with the system when this returns, so it outlives this
    /// program; for what must outlive a loss of power, [`AuditLog::sync`] follows.
    pub fn append(&mut self, record: &impl Serialize) -> Result<Head, LogError> {
        // What was owed when the disk failed comes first.
        if self.unwitnessed >= CHECKPOINT_RECORDS {
            self.checkpoint(false)?;
        }
        let head = self.write(Kind::Record, record)?;
        self.unwitnessed += 1;
        if self.unwitnessed >= CHECKPOINT_RECORDS {
            self.checkpoint(false)?;
        }
        Ok(head)
    }

    /// Waits until all is on the disk.
    pub fn sync(&mut self) -> Result<(), LogError> {
        // After a failed flush the system may have dropped what it held, and a second one would say that all is well.
        self.file.sync_data().map_err(|why| {
            self.broken = true;
            LogError::Io { at: self.path.clone(), why }
        })
    }

    /// Signs for all so far, and waits until it is on the disk: what this returns is worth being kept elsewhere.
    pub fn checkpoint_now(&mut self) -> Result<Head, LogError> {
        self.checkpoint(false)
    }

    /// Ends the log in good order: with a checkpoint that says so.
    pub fn close(mut self) -> Result<Head, LogError> {
        self.end()
    }

    /// Where the log stands.
    pub fn head(&self) -> Head {
        Head { n: self.next.saturating_sub(1), hash: self.chain.head }
    }

    /// Bytes of a last line without an end that were cut off at the opening. 0: it ended well.
    pub fn cut_bytes(&self) -> u64 {
        self.cut_bytes
    }

    /// Whose checkpoints stand in it.
    pub fn key(&self) -> PublicKey {
        self.key.public()
    }

    fn end(&mut self) -> Result<Head, LogError> {
        if self.closed { Ok(self.head()) } else { self.checkpoint(true) }
    }

    fn checkpoint(&mut self, closed: bool) -> Result<Head, LogError> {
        let head = self.chain.head;
        let signature = self.key.sign(&CheckpointDoc::message(self.next, closed, &head));
        let doc = CheckpointDoc { head: hex::encode(&head), closed, signature: hex::encode(&signature) };
        let head = self.write(Kind::Checkpoint, &doc)?;
        self.unwitnessed = 0;
        self.closed = closed;
        self.sync()?;
        Ok(head)
    }

    fn write(&mut self, kind: Kind, body: &impl Serialize) -> Result<Head, LogError> {
        if self.broken {
            return Err(LogError::Broken { at: self.path.clone() });
        }
        let n = self.next;
        write_json(&mut self.line, n, kind, body).map_err(|it| LogError::Record { why: it.to_string() })?;
        if self.line.len() >= MAX_LINE_BYTES {
            let why = format!("it has {} bytes, more than the {MAX_LINE_BYTES} of a line", self.line.len());
            return Err(LogError::Record { why });
        }
        let mut chain = self.chain;
        let hash = chain.link(&self.line[JSON_AT..]);
        self.line[..JSON_AT - 1].copy_from_slice(hex::encode(&hash).as_bytes());
        self.line.push(b'\n');
        if let Err(why) = self.file.write_all(&self.line) {
            // Half a line must not stand before the next one.
            self.broken = self.file.set_len(self.len).is_err();
            return Err(LogError::Io { at: self.path.clone(), why });
        }
        self.len += self.line.len() as u64;
        self.chain = chain;
        self.next += 1;
        self.closed = false;
        Ok(Head { n, hash })
    }

    /// Looks at the end, from the last checkpoint on. Returns whether the log was ended in good order.
    fn find_end(&mut self, bytes: u64) -> Result<bool, LogError> {
        let io = |why| LogError::Io { at: self.path.clone(), why };
        let mut window = TAIL_BYTES;
        loop {
            let from = bytes.saturating_sub(window);
            self.file.seek(SeekFrom::Start(from)).map_err(io)?;
            let mut tail = Vec::new();
            (&self.file).take(bytes - from).read_to_end(&mut tail).map_err(io)?;
            let whole = tail.iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1);
            // A window that does not begin the file begins within a line.
            let first = match from {
                0 => Some(0),
                _ => tail.iter().position(|it| *it == b'\n').map(|it| it + 1).filter(|it| *it < whole),
            };
            let start = first.and_then(|first| start_of_tail(&tail[..whole], first, from == 0));
            if let Some(start) = start {
                self.len = from + whole as u64;
                if self.len == 0 {
                    let begun = may_begin(&tail);
                    return if begun { Ok(true) } else { Err(LogError::NoLog { at: self.path.clone() }) };
                }
                return self.go_on_from(&tail[start..whole], from + start as u64);
            }
            window *= 4;
        }
    }

    /// Takes up the state after these lines, if they are what this key wrote.
    fn go_on_from(&mut self, lines: &[u8], offset: u64) -> Result<bool, LogError> {
        self.check_owner()?;
        let at = || self.path.clone();
        let start = if offset == 0 { Start::Log } else { Start::Checkpoint };
        let mut checker = Checker::new(Some(self.key.public()), None, start, offset);
        for line in lines.split_inclusive(|it| *it == b'\n') {
            checker.take(line);
        }
        let report = checker.finish();
        match (report.findings.into_iter().next(), report.head) {
            (Some(finding), _) => Err(LogError::Altered { at: at(), finding }),
            (None, None) => Err(LogError::NoLog { at: at() }),
            (None, Some(head)) => {
                self.chain = Chain { head: head.hash };
                self.next = head.n.saturating_add(1);
                self.unwitnessed = u32::try_from(report.unwitnessed).unwrap_or(u32::MAX);
                Ok(report.closed)
            }
        }
    }

    /// The first line says whose log it is.
    fn check_owner(&mut self) -> Result<(), LogError> {
        let io = |why| LogError::Io { at: self.path.clone(), why };
        let mut first = Vec::new();
        self.file.seek(SeekFrom::Start(0)).map_err(io)?;
        (&self.file).take(1024).read_to_end(&mut first).map_err(io)?;
        let line = first.split(|it| *it == b'\n').next().and_then(Line::parse).filter(|it| it.kind == Kind::Log);
        let doc: Option<LogDoc> = line.and_then(|it| serde_json::from_slice(it.body).ok());
        let doc = doc.filter(|it| it.format == FORMAT).ok_or_else(|| LogError::NoLog { at: self.path.clone() })?;
        if doc.key == self.key.public() {
            Ok(())
        } else {
            Err(LogError::OtherKey { at: self.path.clone(), theirs: doc.key.id() })
        }
    }
}

/// A log that is let go is ended as well as can be; who wants to know whether it was calls [`AuditLog::close`].
impl Drop for AuditLog {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!("{error}: it was not ended in good order");
        }
        // A program that is being started may hold a copy of the file for a moment, and the lock with it. Closing the file lets
        // go of it at last.
        self.file.unlock().ok();
    }
}

/// Where to begin looking: at the last checkpoint, else, where all is in sight, at the beginning.
fn start_of_tail(lines: &[u8], first: usize, is_all: bool) -> Option<usize> {
    let mut at = first;
    let mut found = None;
    for line in lines[first..].split_inclusive(|it| *it == b'\n') {
        if Line::parse(line.trim_ascii_end()).is_some_and(|it| it.kind == Kind::Checkpoint) {
            found = Some(at);
        }
        at += line.len();
    }
    found.or(is_all.then_some(0))
}

#[cfg(unix)]
fn open_for_append(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).append(true).create(true).mode(0o640).open(path)
}

#[cfg(not(unix))]
fn open_for_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).open(path)
}

/// A new file's name is on the disk only when its folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
