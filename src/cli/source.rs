//! Where the data of a run comes from, and whether it is recorded.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::Args;
use directories::ProjectDirs;
use pollux::link::{self, BrokerUrl};
use pollux::session::recording::{About, RecorderOptions, Recording, site_files, unpack_site};
use pollux::session::{Alignment, Comparison, Seek, SessionPlugin};
use pollux::signal::Timestamp;
use pollux::site::{self, Site};
use tracing::{info, warn};

use super::Failure;
use super::options::{BrokerOption, LoadedSite, load};

/// Recordings that were made by themselves are kept for so long.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// And take no more than so much.
const KEPT_BYTES: u64 = 10_000_000_000;

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
    },
    /// A recording, what the cursor does first, and what is laid over it.
    Replay(Arc<Recording>, Vec<Seek>, Option<Box<Comparison>>),
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
        Ok(Source::Live { broker, allow_insecure: option.allow_insecure, record: Box::new(record) })
    }
}

impl Source {
    /// Gives a session its source. Returns what the cursor does first.
    pub(crate) fn give(self, session: SessionPlugin) -> (SessionPlugin, Vec<Seek>) {
        match self {
            Self::Live { broker, allow_insecure, record } => {
                (session.with_broker(broker).with_insecure(allow_insecure).with_recorder(*record), Vec::new())
            }
            Self::Replay(recording, first, compared) => {
                let session = session.with_replay(recording);
                (if let Some(it) = compared { session.with_compared(*it) } else { session }, first)
            }
        }
    }
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
    Ok(RecorderOptions { path, about, files, temporary, split: None })
}

/// Opens a recorded session, and says what was lost of it. Its site is the one that is named, or comes out of the file into a
/// folder, which must live as long as the site is used: its models are read from there.
pub(crate) fn open_session(
    file: &Path,
    site: Option<&Path>,
    folder: &Path,
) -> Result<(Recording, LoadedSite), Failure> {
    let recording = Recording::open(file)?;
    for finding in &recording.findings {
        eprintln!("{}: {finding}", file.display());
    }
    let path = match site {
        Some(site) => site::find(site)?,
        None => unpack_site(&recording, folder)?
            .ok_or_else(|| Failure::new("there is no site in this file: name one with --site".to_owned()))?,
    };
    Ok((recording, load(&path)?))
}

/// Opens a second session to lay it over the first, read with the site of that one.
pub(crate) fn compare(first: &Recording, file: &Path, site: &Site, align: Alignment) -> Result<Comparison, Failure> {
    let second = Recording::open(file)?;
    for finding in &second.findings {
        eprintln!("{}: {finding}", file.display());
    }
    Ok(Comparison::new(first, Arc::new(second), site, align)?)
}

/// Where recordings go that nobody gave a name.
fn sessions_dir() -> PathBuf {
    let own = ProjectDirs::from("", "", "pollux").map(|it| it.data_dir().join("sessions"));
    own.unwrap_or_else(|| std::env::temp_dir().join("pollux-sessions"))
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
