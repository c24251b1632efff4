//! Where the data of a run comes from, and whether it is recorded.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::Args;
use pollux::link::{self, BrokerUrl, Credentials};
use pollux::session::recording::{About, RecorderOptions, Recording, site_files, unpack_site};
use pollux::session::{
    Alignment, Comparison, Keys, Notice, NoticeTone, Seek, SessionPlugin, draft, quarantine_file, sessions_dir,
};
use pollux::signal::Timestamp;
use pollux::site::{self, Site};
use tracing::{info, warn};

use super::options::{AuthorityOption, BrokerOption, LoadedSite, load, of_keys};
use super::{Failure, counted};

/// Recordings that were made by themselves are kept for so long.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// And take no more than so much.
const KEPT_BYTES: u64 = 10_000_000_000;

/// Findings of a recording that are told in the window; standard error has all.
const TOLD: usize = 3;

/// Whether and where a run is recorded.
#[derive(Debug, Clone, Args)]
pub(crate) struct RecordOption {
    /// Record to this file, instead of one in the user's data folder
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Keep no recording
    #[arg(long, conflicts_with = "record")]
    no_record: bool,
}

/// Where the data of a run comes from.
pub(crate) enum Source {
    /// A broker.
    Live {
        /// Which.
        broker: BrokerUrl,
        /// Plain text may leave this machine.
        allow_insecure: bool,
        /// Where it is recorded to.
        record: Box<RecorderOptions>,
        /// Who we are at the broker.
        credentials: Credentials,
        /// By which it is verified.
        keys: Box<Keys>,
        /// Where it is kept what is isolated here alone. `None`: nowhere, as nobody sits before it.
        quarantine: Option<PathBuf>,
    },
    /// A recording.
    Replay {
        /// Which.
        recording: Arc<Recording>,
        /// What the cursor does first.
        first: Vec<Seek>,
        /// What was lost of it or is odd.
        findings: Vec<String>,
        /// What is laid over it.
        compared: Option<Box<Comparison>>,
    },
}

impl RecordOption {
    /// A live source, recorded as the options say. A run without a window is recorded only where that is asked for: it
    /// keeps what it needs to look back for itself.
    pub(crate) fn source(
        &self,
        loaded: &LoadedSite,
        broker: BrokerUrl,
        option: &BrokerOption,
        headless: bool,
        credentials: Credentials,
        keys: Keys,
    ) -> Result<Source, Failure> {
        let began = link::now();
        let (path, temporary) = match &self.record {
            Some(path) => (path.clone(), false),
            None if self.no_record || headless => (own_path(&std::env::temp_dir(), loaded, began), true),
            None => {
                let folder = sessions_dir();
                retain(&folder);
                (own_path(&folder, loaded, began), false)
            }
        };
        let record = recorder(loaded, &broker, path, temporary)?;
        let (allow_insecure, keys) = (option.allows_insecure(&loaded.site), Box::new(keys));
        let quarantine = (!headless).then(|| quarantine_file(&sessions_dir(), &loaded.site));
        Ok(Source::Live { broker, allow_insecure, record: Box::new(record), credentials, keys, quarantine })
    }
}

impl Source {
    /// What a person is to know of it. `None`: nothing.
    pub(crate) fn notice(&self) -> Option<Notice> {
        let Self::Replay { findings, .. } = self else { return None };
        if findings.is_empty() {
            return None;
        }
        let mut sentences: Vec<String> = findings.iter().take(TOLD).map(|it| sentence(it)).collect();
        if let Some(more) = findings.len().checked_sub(TOLD).filter(|it| *it > 0) {
            sentences.push(format!("And {more} more."));
        }
        Some(Notice::new(NoticeTone::Warning, sentences.join(" ")))
    }

    /// Gives a session its source. Returns what the cursor does first.
    pub(crate) fn give(self, session: SessionPlugin) -> (SessionPlugin, Vec<Seek>) {
        match self {
            Self::Live { broker, allow_insecure, record, credentials, keys, quarantine } => {
                let session = session.with_broker(broker).with_insecure(allow_insecure).with_credentials(credentials);
                let session = session.with_keys(*keys).with_recorder(*record);
                (if let Some(it) = quarantine { session.with_quarantine(it) } else { session }, Vec::new())
            }
            Self::Replay { recording, first, compared, .. } => {
                let session = session.with_replay(recording);
                (if let Some(it) = compared { session.with_compared(*it) } else { session }, first)
            }
        }
    }
}

/// A finding as a sentence.
fn sentence(finding: &str) -> String {
    let mut letters = finding.trim_end_matches('.').chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    first.chain(letters).chain(['.']).collect()
}

/// A recording of a site to a file.
pub(crate) fn recorder(
    loaded: &LoadedSite,
    broker: &BrokerUrl,
    path: PathBuf,
    temporary: bool,
) -> Result<RecorderOptions, Failure> {
    let files = site_files(&loaded.site, &fs::read(&loaded.path)?)?;
    let about = About {
        site: loaded.site.name.clone(),
        broker: broker.to_string(),
        who: std::env::var("USER").unwrap_or_default(),
        began: link::now(),
        more: [("clock".to_owned(), "system".to_owned())].into(),
    };
    if !temporary {
        info!("recording to {}", path.display());
    }
    Ok(RecorderOptions { path, about, files, temporary, ..RecorderOptions::default() })
}

/// A recorded session that was opened.
pub(crate) struct OpenedSession {
    /// Its file.
    pub(crate) recording: Recording,
    /// Its site.
    pub(crate) loaded: LoadedSite,
    /// What was lost of it or is odd, for a person.
    pub(crate) findings: Vec<String>,
}

/// Opens a recorded session, and says what was lost of it, and what its keys are worth. Its site is the one that is named, or
/// comes out of the file into a folder, which must live as long as the site is used: its models are read from there. Where
/// there is none, one is drafted.
pub(crate) fn open_session(
    file: &Path,
    site: Option<&Path>,
    authority: AuthorityOption,
    folder: &Path,
) -> Result<OpenedSession, Failure> {
    let recording = Recording::open(file)?;
    let mut findings = recording.findings.clone();
    let unpacked = match site {
        Some(site) => Some(site::find(site)?),
        None => unpack_site(&recording, folder)?,
    };
    let path = match unpacked {
        Some(path) => path,
        None => {
            let draft = draft::of_recording(&recording);
            let n_signals = counted(draft.signals, "signal");
            findings.push(format!("there is no site in this file, so one was drafted, with {n_signals}"));
            findings.extend(draft.findings.iter().cloned());
            draft.write(folder)?
        }
    };
    let loaded = load(&path)?;
    let named = site.map(|_| &*loaded.site);
    let recording = authority.warrant(recording, named, &loaded.site.name)?;
    findings.extend(of_keys(&recording));
    findings.iter().for_each(|it| eprintln!("{}: {it}", file.display()));
    Ok(OpenedSession { recording, loaded, findings })
}

/// Opens a second session to lay it over the first, read with the site of that one; whether that was named says whose word
/// it is.
pub(crate) fn compare(
    first: &Recording,
    file: &Path,
    site: &Site,
    (authority, is_named): (AuthorityOption, bool),
    align: Alignment,
) -> Result<Comparison, Failure> {
    let second = authority.warrant(Recording::open(file)?, is_named.then_some(site), &site.name)?;
    for finding in second.findings.iter().chain(&of_keys(&second)) {
        eprintln!("{}: {finding}", file.display());
    }
    Ok(Comparison::new(first, Arc::new(second), site, align)?)
}

fn own_path(folder: &Path, loaded: &LoadedSite, began: Timestamp) -> PathBuf {
    let site = loaded.path.parent().and_then(|it| it.file_name()).map_or("site".into(), |it| it.to_string_lossy());
    let when = began.to_string().replace([':', '.'], "-");
    folder.join(format!("{site}-{when}-{}.mcap", std::process::id()))
}

/// Lets the oldest recordings of a folder go, by age and by size.
fn retain(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
        .flatten()
        .filter(|it| it.path().extension().is_some_and(|it| it == "mcap"))
        .filter_map(|it| {
            let facts = it.metadata().ok()?;
            Some((facts.modified().ok()?, facts.len(), it.path()))
        })
        .collect();
    files.sort();
    let mut total: u64 = files.iter().map(|it| it.1).sum();
    for (changed, bytes, path) in files {
        let old = changed.elapsed().is_ok_and(|it| it > KEPT);
        if !old && total <= KEPT_BYTES {
            return;
        }
        total -= bytes;
        match fs::remove_file(&path) {
            Ok(()) => info!("{} had its time and is gone", path.display()),
            Err(error) => warn!("{} had its time but cannot be removed: {error}", path.display()),
        }
    }
}
