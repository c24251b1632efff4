//! What came in over time: the ingest worker, the history in memory, the cursor, and the site as it is now.

mod cursor;
mod history;
mod ingest;
mod reload;
mod series;
mod tally;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use tracing::{error, warn};

pub use cursor::{Cursor, CursorMode, Seek};
pub use history::{Column, History, Point};
pub use ingest::{Answer, Batch, Ingest, Waker};
pub use series::Pushed;
pub use tally::{Tally, TallySnapshot, Unparsable};

use crate::codec;
use crate::link::{self, BrokerUrl, Link, LinkOptions};
use crate::schedule::Stage;
use crate::site::{self, Finding, Ids, Site, Watch};

/// Batches of arrivals that may wait between the link and the worker.
const ARRIVALS: usize = 64;
/// The history's budget in bytes, if nothing else is said.
const HISTORY_BYTES: usize = 512_000_000;

/// Adds the session of one site: its link, ingest, history, cursor and reload.
#[derive(Debug)]
pub struct SessionPlugin {
    path: PathBuf,
    broker: Option<BrokerUrl>,
    allow_insecure: bool,
    history_bytes: usize,
    begin: Mutex<Option<(Arc<Site>, Ids)>>,
}

/// What runs behind the world: the link, the worker, and what they have gathered.
#[derive(Resource)]
pub struct Session {
    /// The connection. `None`: no broker was named, or none can be.
    pub link: Option<Link>,
    /// Every sample of the run.
    pub history: Arc<History>,
    /// What was counted.
    pub tally: Arc<Tally>,
    /// The site's file.
    pub site_path: PathBuf,
    /// Who sits here, for the log of commands.
    pub who: String,
    /// Where devices answer commands.
    pub answer_topic: String,
    /// Wakes a window that draws on demand.
    pub waker: Waker,
    ingest: Option<Ingest>,
    ids: Ids,
    watch: Option<Watch>,
}

/// The site as it is now. Written by the reload alone.
#[derive(Resource, Deref)]
pub struct CurrentSite(pub Arc<Site>);

/// What is wrong with the site's file: of a broken edit the errors, else warnings. Written by the reload alone.
#[derive(Resource, Debug, Default)]
pub struct SiteFindings(pub Vec<Finding>);

/// An edited site is in use.
#[derive(Message, Debug, Clone, Copy)]
pub struct SiteReloaded;

/// Samples have come in.
#[derive(Message, Debug)]
pub struct SamplesArrived(pub Batch);

impl SessionPlugin {
    /// For a site that was loaded from `path` with these numbers. Without a broker nothing comes in.
    pub fn new(path: PathBuf, site: Arc<Site>, ids: Ids) -> Self {
        let begin = Mutex::new(Some((site, ids)));
        Self { path, broker: None, allow_insecure: false, history_bytes: HISTORY_BYTES, begin }
    }

    /// Connects to a broker.
    pub fn with_broker(mut self, broker: BrokerUrl, allow_insecure: bool) -> Self {
        self.broker = Some(broker);
        self.allow_insecure = allow_insecure;
        self
    }

    /// Keeps the history within this many bytes.
    pub fn with_history_bytes(mut self, bytes: usize) -> Self {
        self.history_bytes = bytes;
        self
    }
}

impl Session {
    /// Answers that came since the last look.
    pub fn answers(&self) -> impl Iterator<Item = Answer> {
        self.ingest.iter().flat_map(|it| it.answers.try_iter())
    }

    fn filters(&self, site: &Site) -> Vec<String> {
        let mut filters = codec::filters(site);
        filters.push(self.answer_topic.clone());
        filters
    }

    fn take_over(&self, site: &Arc<Site>) {
        if let Some(ingest) = &self.ingest {
            ingest.set_site(site);
        }
        if let Some(link) = &self.link {
            link.subscribe(self.filters(site));
        }
    }

    fn connect(&mut self, site: &Arc<Site>, broker: BrokerUrl, client_id: String, allow_insecure: bool) {
        let filters = self.filters(site);
        let options =
            LinkOptions { url: broker, client_id, filters, arrivals_capacity: ARRIVALS, allow_insecure };
        let (link, arrivals) = match link::connect(options) {
            Ok(connected) => connected,
            Err(problem) => return error!("{problem}"),
        };
        let (history, tally) = (Arc::clone(&self.history), Arc::clone(&self.tally));
        let answer_topic = self.answer_topic.clone();
        match Ingest::start(site, arrivals, answer_topic, history, tally, self.waker.clone()) {
            Ok(ingest) => (self.link, self.ingest) = (Some(link), Some(ingest)),
            Err(problem) => error!("the system gave no thread to decode what comes in: {problem}"),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            link.close();
        }
    }
}

impl Plugin for SessionPlugin {
    fn build(&self, app: &mut App) {
        let begin = self.begin.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((site, ids)) = begin else { return };
        let client_id = format!("pollux-{}", uuid::Uuid::now_v7().simple());
        let watch = site::watch(&self.path)
            .inspect_err(|problem| warn!("edits of the site will not be noticed: {problem}"))
            .ok();
        let mut session = Session {
            link: None,
            history: Arc::new(History::new(self.history_bytes, site.signal_capacity)),
            tally: Arc::default(),
            site_path: self.path.clone(),
            who: std::env::var("USER").unwrap_or_else(|_| "operator".to_owned()),
            answer_topic: format!("pollux/{client_id}/answers"),
            waker: Waker::default(),
            ingest: None,
            ids,
            watch,
        };
        if let Some(broker) = self.broker.clone() {
            session.connect(&site, broker, client_id, self.allow_insecure);
        }
        app.insert_resource(session)
            .insert_resource(CurrentSite(site))
            .init_resource::<SiteFindings>()
            .init_resource::<Cursor>()
            .add_message::<Seek>()
            .add_message::<SiteReloaded>()
            .add_message::<SamplesArrived>()
            .add_systems(Update, (reload::reload_site, take_batches).chain().in_set(Stage::Ingest))
            .add_systems(Update, cursor::move_cursor.in_set(Stage::Time));
    }
}

/// What the worker has ready crosses into the world.
fn take_batches(session: Res<Session>, mut arrived: MessageWriter<SamplesArrived>) {
    if let Some(ingest) = &session.ingest {
        arrived.write_batch(ingest.batches.try_iter().map(SamplesArrived));
    }
}
