//! The thread that writes a session while it happens.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use mcap::McapError;
use tracing::{error, warn};

use super::names::{self, AuditDoc};
use super::reader::{ChunkRef, Recording};
use super::space::Space;
use super::tape::SealWith;
use super::writer::{About, SessionWriter};
use crate::link::{Arrival, now};
use crate::session::fold::Fold;
use crate::signal::Timestamp;
use crate::site::Site;
use crate::trust::seals::{SealHead, SessionId, chain_text};
use crate::trust::{REGISTRY_FILE, Registry, SecretKey};

/// Batches that may wait for the disk: beyond them the link waits.
const QUEUE: usize = 256;
/// What has come in is handed to the system at least so often.
const FLUSH_EVERY: Duration = Duration::from_millis(200);
/// And the system is told to put it on the disk.
const SYNC_EVERY: Duration = Duration::from_secs(10);
/// A chunk that nothing more comes to is closed.
const CLOSE_AFTER: Duration = Duration::from_millis(600);

/// So many ends of files wait to be asked for.
const MAX_ENDED: usize = 64;

/// What is recorded.
#[derive(Debug, Clone)]
pub enum Entry {
    /// Messages, as one read of the socket brought them.
    Arrivals(Arc<Vec<Arrival>>),
    /// The state of all signals after the messages so far.
    Keyframe(Fold, Arc<Site>),
    /// What was asked of a device.
    Audit(Box<AuditDoc>),
    /// Another registry of keys holds from here on.
    Keys(Arc<Registry>),
    /// Nothing more comes.
    End,
}

/// What to record, and where.
#[derive(Debug, Clone, Default)]
pub struct RecorderOptions {
    /// The file. One that is there is not written over.
    pub path: PathBuf,
    /// What the session says of itself.
    pub about: About,
    /// The files of its site, by name.
    pub files: Vec<(String, Vec<u8>)>,
    /// Who has which key, where anything is signed.
    pub registry: Option<Arc<Registry>>,
    /// The file goes when the recorder ends: it served this run alone.
    pub temporary: bool,
    /// A new file is begun after each such span, so that a recording of weeks takes no more memory than one of a day.
    /// `None`: all goes into one, and can be looked back into.
    pub split: Option<Duration>,
    /// What seals it. `None`: a key that is made for it and forgotten afterwards.
    pub key: Option<SecretKey>,
}

/// A recording under way. Ends, and ends its file, when it is dropped.
#[derive(Debug)]
pub struct Recorder {
    /// What comes in goes in here. A full queue makes the sender wait.
    pub entries: Sender<Entry>,
    /// Where it stands.
    pub status: Arc<RecorderStatus>,
    /// What is on the disk already, and can be read.
    pub recording: Arc<Recording>,
    thread: Option<JoinHandle<()>>,
    temporary: bool,
    key: SecretKey,
}

/// Where a recording stands.
#[derive(Debug)]
pub struct RecorderStatus {
    /// The file.
    pub path: PathBuf,
    bytes: AtomicU64,
    site_bytes: AtomicU64,
    messages: AtomicU64,
    problem: Mutex<Option<String>>,
    warning: Mutex<Option<String>>,
    more_files: Mutex<Vec<PathBuf>>,
    sealed: Mutex<Option<SealHead>>,
    /// How files ended that others came after.
    ended: Mutex<Vec<SealHead>>,
}

impl RecorderStatus {
    /// How far the file at hand is sealed; its final seal once it has ended. `None`: nothing is.
    pub fn sealed(&self) -> Option<SealHead> {
        self.sealed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes on the disk, of all files.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How many of them are the site with its models.
    pub fn site_bytes(&self) -> u64 {
        self.site_bytes.load(Ordering::Relaxed)
    }

    /// The files that were begun after the first one, in their order.
    pub fn more_files(&self) -> Vec<PathBuf> {
        self.more_files.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Messages taken.
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Why nothing is recorded any more, for a person.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What may soon be one, for a person.
    pub fn warning(&self) -> Option<String> {
        self.warning.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How files ended that others came after, since the last call.
    pub fn take_ended(&self) -> Vec<SealHead> {
        std::mem::take(&mut self.ended.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell_sealed(&self, head: Option<SealHead>) {
        *self.sealed.lock().unwrap_or_else(PoisonError::into_inner) = head;
    }

    fn warn(&self, now: Option<String>) {
        let mut before = self.warning.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = now.as_ref().filter(|_| before.is_none()) {
            warn!("{text}");
        }
        *before = now;
    }
}

impl Recorder {
    /// Creates the file and starts the thread.
    pub fn start(mut options: RecorderOptions) -> io::Result<Self> {
        if let Some(folder) = options.path.parent().filter(|it| !it.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        if let Some(registry) = &options.registry {
            options.files.push((REGISTRY_FILE.to_owned(), registry.doc().to_ron().into_bytes()));
        }
        let key = options.key.get_or_insert_with(SecretKey::generate).clone();
        let (writer, sync) = begin(&options.path, &options.about, &options.files, key.clone())?;
        let recording = Recording::growing(&options.path).map_err(io::Error::other)?;
        let recording = Arc::new(recording.with_registry(options.registry.clone()));
        let (entries, receiver) = bounded(QUEUE);
        let status = Arc::new(RecorderStatus {
            path: options.path.clone(),
            bytes: AtomicU64::new(writer.n_bytes()),
            site_bytes: AtomicU64::new(writer.n_bytes()),
            messages: AtomicU64::new(0),
            problem: Mutex::default(),
            warning: Mutex::default(),
            more_files: Mutex::default(),
            sealed: Mutex::new(writer.seal_head()),
            ended: Mutex::default(),
        });
        let temporary = options.temporary;
        let worker = Worker {
            writer: Some(writer),
            sync,
            synced: now(),
            began: now(),
            bytes_before: 0,
            space: Space::default(),
            recording: Arc::clone(&recording),
            status: Arc::clone(&status),
            options,
        };
        let thread = thread::Builder::new().name("pollux-recorder".to_owned()).spawn(move || worker.work(&receiver))?;
        Ok(Self { entries, status, recording, thread: Some(thread), temporary, key })
    }

    /// What seals it.
    pub fn key(&self) -> &SecretKey {
        &self.key
    }

    /// Whether the file goes when it ends.
    pub fn is_temporary(&self) -> bool {
        self.temporary
    }

    /// Ends the file with its summary, and waits until it is on the disk.
    pub fn finish(&mut self) {
        if let Some(thread) = self.thread.take() {
            // One that has given up listens no more.
            drop(self.entries.send(Entry::End));
            if thread.join().is_err() {
                error!("the recorder ended in a panic");
            }
            if self.temporary {
                remove(&self.status.path);
            }
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Begins a file. One that is there is not written over.
fn begin(path: &Path, about: &About, files: &[(String, Vec<u8>)], key: SecretKey) -> io::Result<(FileWriter, File)> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let sync = file.try_clone()?;
    let seal = SealWith { key, session: SessionId::new(), clock: now };
    let sink = BufWriter::with_capacity(1 << 18, file);
    Ok((SessionWriter::sealed(sink, about, files, seal).map_err(io::Error::other)?, sync))
}

/// The name of the file that comes after so many: `plant.mcap`, `plant-2.mcap`.
fn nth_path(first: &Path, n: usize) -> PathBuf {
    let stem = first.file_stem().unwrap_or_default().to_string_lossy();
    first.with_file_name(format!("{stem}-{n}.mcap"))
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        error!("{} could not be removed: {error}", path.display());
    }
}

type FileWriter = SessionWriter<BufWriter<File>>;

struct Worker {
    /// `None`: the disk has refused, and what comes is passed over.
    writer: Option<FileWriter>,
    sync: File,
    synced: Timestamp,
    /// When the file at hand was begun.
    began: Timestamp,
    /// What was written into the files before it.
    bytes_before: u64,
    space: Space,
    options: RecorderOptions,
    recording: Arc<Recording>,
    status: Arc<RecorderStatus>,
}

impl Worker {
    fn work(mut self, entries: &Receiver<Entry>) {
        loop {
            let written = match entries.recv_timeout(FLUSH_EVERY) {
                Ok(Entry::End) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(entry) => self.write(entry),
                Err(RecvTimeoutError::Timeout) => self.rest(),
            };
            if let Err(error) = written.and_then(|()| self.sync()) {
                self.give_up(&error.to_string());
            }
        }
        if let Some(writer) = self.writer.take()
            && let Err(error) = self.end(writer)
        {
            self.give_up(&error.to_string());
        }
    }

    /// Ends a file with its summary, and waits until it is on the disk. Returns how it was sealed.
    fn end(&mut self, writer: FileWriter) -> Result<Option<SealHead>, McapError> {
        let (sink, head) = writer.end()?;
        drop(sink);
        self.bytes_before += self.sync.metadata()?.len();
        self.status.bytes.store(self.bytes_before, Ordering::Relaxed);
        self.sync.sync_all()?;
        self.status.tell_sealed(head.clone());
        Ok(head)
    }

    /// Ends the file at hand and begins the next one, where it is time for that.
    fn split(&mut self) -> Result<(), McapError> {
        let now = now();
        let Some(writer) = self.writer.take_if(|_| self.options.split.is_some_and(|it| now.since(self.began) >= it))
        else {
            return Ok(());
        };
        let before = self.end(writer)?;
        let n = self.status.more_files().len() + 2;
        let path = nth_path(&self.options.path, n);
        let mut about = self.options.about.clone();
        about.began = now;
        about.more.insert("part".to_owned(), n.to_string());
        if let Some(head) = before {
            let SealHead { session, chain, .. } = head;
            let mut ended = self.status.ended.lock().unwrap_or_else(PoisonError::into_inner);
            // Where nobody asks they do not grow for ever.
            if ended.len() < MAX_ENDED {
                ended.push(head);
            }
            drop(ended);
            about.more.insert(names::AFTER_SESSION.to_owned(), session.to_string());
            about.more.insert(names::AFTER_CHAIN.to_owned(), chain_text(&chain));
        }
        let key = self.options.key.clone().unwrap_or_else(SecretKey::generate);
        let (writer, sync) = begin(&path, &about, &self.options.files, key)?;
        self.recording.begin_anew(File::open(&path)?);
        self.status.site_bytes.fetch_add(writer.n_bytes(), Ordering::Relaxed);
        self.status.more_files.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        (self.writer, self.sync, self.began) = (Some(writer), sync, now);
        Ok(())
    }

    fn write(&mut self, entry: Entry) -> Result<(), McapError> {
        if let Entry::Keyframe(..) = entry {
            // A file begins with all that is known.
            self.split()?;
        }
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let mut closed: Vec<ChunkRef> = Vec::new();
        self.recording.learn(writer.take_added());
        match entry {
            Entry::Arrivals(arrivals) => {
                let mut first = 0;
                for (at, arrival) in arrivals.iter().enumerate() {
                    if let Some(chunk) = writer.message(arrival)? {
                        self.recording.learn(writer.take_added());
                        self.recording.add(chunk);
                        first = at + 1;
                    }
                }
                if first < arrivals.len() {
                    self.recording.add_tail(Arc::clone(&arrivals), first);
                }
                self.status.messages.fetch_add(arrivals.len() as u64, Ordering::Relaxed);
            }
            Entry::Keyframe(fold, site) => {
                self.recording.begin_with(&fold);
                closed.extend(writer.keyframe(&fold, &site)?);
            }
            Entry::Audit(doc) => closed.extend(writer.audit(&doc)?),
            Entry::Keys(registry) => {
                closed.extend(writer.keys(&registry, now())?);
                // What comes next is in no whole chunk for a moment, and must be looked at by these keys already.
                closed.extend(writer.close_chunk()?);
            }
            Entry::End => (),
        }
        self.recording.learn(writer.take_added());
        self.status.bytes.store(self.bytes_before + writer.n_bytes(), Ordering::Relaxed);
        closed.into_iter().for_each(|it| self.recording.add(it));
        self.tell_seal();
        Ok(())
    }

    fn tell_seal(&self) {
        self.status.tell_sealed(self.writer.as_ref().and_then(SessionWriter::seal_head));
    }

    /// Nothing came for a while: what is open is closed.
    fn rest(&mut self) -> Result<(), McapError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        if writer.open_since().is_some_and(|it| now().since(it) >= CLOSE_AFTER) {
            let closed = writer.close_chunk()?;
            closed.into_iter().for_each(|it| self.recording.add(it));
            self.tell_seal();
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), McapError> {
        let now = now();
        // The clock may have been set back.
        if self.writer.is_some() && (now.since(self.synced) >= SYNC_EVERY || now < self.synced) {
            self.synced = now;
            self.sync.sync_data()?;
            self.status.warn(self.space.look(&self.options.path, self.status.bytes(), now));
        }
        Ok(())
    }

    fn give_up(&mut self, why: &str) {
        let text = format!("nothing is recorded any more: {} cannot be written: {why}", self.status.path.display());
        error!("{text}");
        *self.status.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        self.writer = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests_support::site;
    use crate::session::fold::Follower;
    use crate::session::recording::Item;
    use crate::site::doc::ValueKind;
    use crate::trust::seals::{SealOptions, verify};

    #[test]
    fn a_recording_that_is_split_goes_on_in_a_file_that_knows_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plant.mcap");
        let site = Arc::new(site(&[("a", None, None, ValueKind::Number)]));
        let options = RecorderOptions { path: path.clone(), split: Some(Duration::ZERO), ..RecorderOptions::default() };
        let mut recorder = Recorder::start(options).unwrap();
        let mut follower = Follower::new(&site);
        for value in 1..=3 {
            let arrival = Arrival {
                topic: "a".into(),
                payload: value.to_string().into(),
                received: Timestamp::from_nanos(1_800_000_000_000_000_000 + value * 1_000_000_000),
                retained: false,
                correlation: None,
                properties: None,
            };
            follower.take(&arrival);
            recorder.entries.send(Entry::Arrivals(Arc::new(vec![arrival]))).unwrap();
            recorder.entries.send(Entry::Keyframe(follower.fold().clone(), Arc::clone(&site))).unwrap();
        }
        recorder.finish();
        assert_eq!((recorder.status.problem(), recorder.status.messages()), (None, 3));
        let names: Vec<_> = recorder.status.more_files().iter().map(|it| it.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["plant-2.mcap", "plant-3.mcap", "plant-4.mcap"]);
        let items = |path: &Path| Recording::open(path).unwrap().items(0).0;
        assert!(matches!(&items(&path)[..], [Item::Keyframe(_), Item::Message(first)] if *first.payload == *b"1"));
        let second = items(&folder.path().join("plant-2.mcap"));
        let [Item::Keyframe(state), Item::Message(message)] = &second[..] else { panic!("{second:?}") };
        assert_eq!((state.since, &state.values[..], &*message.payload), (None, &["1.0".to_owned()][..], &b"2"[..]));

        // Each is sealed by itself, and names the one before.
        let mut before: Option<SealHead> = None;
        for path in std::iter::once(path).chain(recorder.status.more_files()) {
            let report = verify(File::open(&path).unwrap(), &SealOptions::default()).unwrap();
            assert!(report.is_good(), "{report:#?}");
            // The last one holds nothing but the state.
            let about = Recording::open(&path).map(|it| it.about).unwrap_or_default();
            if let (Some(before), false) = (&before, about.is_empty()) {
                assert_eq!(about["after_session"], before.session.to_string());
                assert!(before.to_string().ends_with(&about["after_chain"]), "{before}");
            }
            before = report.head;
        }
    }
}
