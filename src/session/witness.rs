//! Witnesses what others record: takes their checkpoints, signs them in turn, and keeps them in a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};
use tracing::{error, warn};

use crate::link::{self, Arrival, Link, LinkError, LinkOptions, Publish, now};
use crate::signal::Timestamp;
use crate::trust::witness::{
    Doubt, Ledger, WitnessLineDoc, Witnessed, open_checkpoint, open_witnessed, read_witness_file, sign_witnessed,
};
use crate::trust::{PublicKey, SecretKey};

/// What it tells may wait for its reader; beyond that it is not told.
const TOLD: usize = 256;

/// The filter of all recorders' checkpoints of a site, by the site's name on topics.
pub fn checkpoints_filter(site: &str) -> String {
    format!("pollux/{site}/seal/+")
}

/// The filter of all that witnesses have signed of a site.
pub fn witnessed_filter(site: &str) -> String {
    format!("pollux/{site}/witness/+/+")
}

/// What a witness needs.
#[derive(Debug, Clone)]
pub struct WitnessOptions {
    /// The site's name on topics.
    pub site: String,
    /// The connection; its filters are set here.
    pub link: LinkOptions,
    /// Its own key.
    pub key: SecretKey,
    /// Where it writes down what it has signed; what stands there it remembers.
    pub file: PathBuf,
    /// A recorder that it does not sign for: the one beside it. `None`: it signs for all.
    pub except: Option<PublicKey>,
}

/// What a witness has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WitnessTold {
    /// It has signed a checkpoint.
    Signed(Box<Witnessed>),
    /// It has refused to: the session contradicts what it showed before.
    Doubted(Doubt),
    /// Something on a topic of checkpoints is none.
    NotACheckpoint {
        /// On which topic.
        topic: String,
        /// Why, in words.
        why: String,
    },
    /// It cannot write down what it signs, and signs no more.
    CannotKeep(String),
}

/// Why a witness could not begin.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// Its file cannot be used.
    #[error("the witness's file {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no way to the broker.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The system gave no thread.
    #[error("the system gave no thread for the witness")]
    Thread(#[source] io::Error),
}

/// A witness at work, on a thread of its own. Ends when it is dropped.
#[derive(Debug)]
pub struct Witness {
    /// What it has to tell.
    pub told: Receiver<WitnessTold>,
    /// Its connection.
    pub link: Link,
    signed: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Witness {
    /// Begins to listen.
    pub fn start(options: WitnessOptions) -> Result<Self, WitnessError> {
        let in_file = |source| WitnessError::File { path: options.file.clone(), source };
        let mut ledger = Ledger::default();
        for it in remembered(&options.file).map_err(in_file)? {
            // What it doubted it never wrote down.
            drop(ledger.take(&it.head));
        }
        if let Some(folder) = options.file.parent().filter(|it| !it.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(in_file)?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&options.file).map_err(in_file)?;
        let filters = vec![checkpoints_filter(&options.site)];
        let (link, arrivals) = link::connect(LinkOptions { filters, ..options.link })?;
        let (sender, told) = bounded(TOLD);
        let signed = Arc::new(AtomicU64::new(0));
        let scribe = Scribe { site: options.site, key: options.key, except: options.except, ledger, file };
        let (own, counted) = (link.clone(), Arc::clone(&signed));
        let body = move || listen(scribe, &own, &arrivals, &sender, &counted);
        let thread =
            thread::Builder::new().name("pollux-witness".to_owned()).spawn(body).map_err(WitnessError::Thread)?;
        Ok(Self { told, link, signed, thread: Some(thread) })
    }

    /// How many checkpoints it has signed.
    pub fn n_signed(&self) -> u64 {
        self.signed.load(Ordering::Relaxed)
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.link.close();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the witness ended in a panic");
        }
    }
}

fn remembered(path: &Path) -> io::Result<Vec<Witnessed>> {
    match File::open(path) {
        Ok(file) => {
            let (witnessed, bad) = read_witness_file(BufReader::new(file))?;
            if bad > 0 {
                warn!("{}: {bad} lines that no witness has signed are passed over", path.display());
            }
            Ok(witnessed)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Who writes down.
struct Scribe {
    site: String,
    key: SecretKey,
    except: Option<PublicKey>,
    ledger: Ledger,
    file: File,
}

fn listen(
    mut scribe: Scribe,
    link: &Link,
    arrivals: &Receiver<Vec<Arrival>>,
    told: &Sender<WitnessTold>,
    signed: &AtomicU64,
) {
    for arrival in arrivals.iter().flatten() {
        let Some((tell, publish)) = scribe.hear(&arrival, now()) else { continue };
        let ends = matches!(tell, WitnessTold::CannotKeep(_));
        if let Some(publish) = publish {
            signed.fetch_add(1, Ordering::Relaxed);
            if let Err(error) = link.publish(publish) {
                warn!("what was witnessed stands in the file alone: {error}");
            }
        }
        // Who does not listen has the file.
        told.try_send(tell).ok();
        if ends {
            return;
        }
    }
}

impl Scribe {
    /// Takes what came. It is written down before anybody is told that it was signed. `None`: it is no news.
    fn hear(&mut self, arrival: &Arrival, now: Timestamp) -> Option<(WitnessTold, Option<Publish>)> {
        let topic = String::from_utf8_lossy(&arrival.topic).into_owned();
        let not = |why: String| Some((WitnessTold::NotACheckpoint { topic: topic.clone(), why }, None));
        let head = match open_checkpoint(&arrival.payload) {
            Ok(head) => head,
            // A message without bytes takes a kept one away.
            Err(_) if arrival.payload.is_empty() => return None,
            Err(error) => return not(error.to_string()),
        };
        if topic != format!("pollux/{}/seal/{}", self.site, head.key.id()) {
            return not("it is signed by another key than the topic names".to_owned());
        }
        if self.except == Some(head.key) {
            return None;
        }
        match self.ledger.take(&head) {
            Ok(true) => (),
            Ok(false) => return None,
            Err(doubt) => return Some((WitnessTold::Doubted(doubt), None)),
        }
        match self.write(&arrival.payload, now) {
            Ok((witnessed, envelope)) => {
                let publish = Publish {
                    topic: format!("pollux/{}/witness/{}/{}", self.site, self.key.public().id(), head.key.id()),
                    payload: envelope.into(),
                    // A broker that does not want it shall not end the connection: the file has it.
                    qos1: false,
                    retain: true,
                    ..Publish::default()
                };
                Some((WitnessTold::Signed(Box::new(witnessed)), Some(publish)))
            }
            Err(error) => Some((WitnessTold::CannotKeep(error.to_string()), None)),
        }
    }

    fn write(&mut self, checkpoint: &[u8], now: Timestamp) -> io::Result<(Witnessed, Vec<u8>)> {
        let envelope = sign_witnessed(checkpoint, now, &self.key).map_err(io::Error::other)?;
        let witnessed = open_witnessed(&envelope).map_err(io::Error::other)?;
        let mut line = serde_json::to_vec(&WitnessLineDoc::of(&witnessed, &envelope))?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        Ok((witnessed, envelope))
    }
}
