//! What came in over a span of time: ingest, the history in memory, the cursor, and the site at hand.
//!
//! Nothing downstream knows where the data came from. Ingest runs on a thread of its own; what crosses into the world
//! is one batch a frame.

mod again;
mod align;
mod batch;
mod block;
mod checkpoints;
mod claims;
mod column;
mod compare;
pub mod cursor;
mod differences;
pub mod draft;
pub mod evidence;
pub mod export;
mod fill;
mod fold;
mod ghost;
mod grid;
mod history;
pub mod import;
mod ingest;
mod keyed;
mod keys;
mod marks;
mod measuring;
mod new_file;
mod open;
mod own_key;
mod past;
mod plot;
mod progress;
mod reader;
mod recall;
pub mod recording;
mod reload;
mod sealing;
mod seeker;
mod tally;
mod tap;
mod tiles;
mod timeline;
mod waker;
pub mod witness;
mod word_queue;
mod work;

use std::env;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use tracing::error;
use uuid::Uuid;

pub use again::{Again, Found, Verdict, VerifyAgain, saw};
pub use align::{Alignment, CompareError};
pub use batch::Batch;
pub use checkpoints::checkpoint_topic;
pub use column::Pushed;
pub use compare::{Align, Compared, Comparison};
pub use cursor::{Cursor, CursorMode, Extent, SPEEDS, Seek};
pub use differences::{Difference, Differences};
pub use fill::Filling;
pub use fold::{Cell, Fold, Follower, Taken};
pub use ghost::{Ghost, GhostOf, GhostState, PeekAt};
pub use history::{History, Point};
pub use ingest::{Ingest, IngestOptions, Word};
pub use keys::{Keys, KeysAt, KeysError, quarantine_file, trust_store};
pub use marks::{EditMark, Mark, MarkId, Marks};
pub use new_file::{Existing, NewFile};
pub use open::{Opens, Refusal, sessions_dir, what_opens};
pub use own_key::own_key;
pub use past::{Past, Shown};
pub use plot::Column;
pub use progress::Progress;
pub use reader::{Read, Reader, message_of};
pub use recall::{Recalled, Recollect};
pub use sealing::SealCheck;
pub use tally::{Tally, TallySnapshot, TopicCount, TopicFault, TopicSkew};
pub use tap::{Change, Tap, Told, watched};
pub use timeline::{DensityRow, Timeline, TimelineData};
pub use waker::Waker;
pub use work::{CancelWork, Launch, Notice, NoticeTone, Open, StartEvidence, StartExport, Work, WorkId, Works};

use self::recording::{AuditDoc, Entry, Recorder, RecorderOptions, Recording};
use crate::codec;
use crate::link::{self, BrokerUrl, Credentials, Link, LinkOptions, Login, Will};
use crate::schedule::Stage;
use crate::signal::Timestamp;
use crate::site::{Finding, Ids, Site};
use crate::trust::{Book, Registry, SecretKey, Store, Verifier};

/// What a history may take, unless it is told otherwise.
pub const HISTORY_BYTES: usize = 512_000_000;
/// Batches of up to 128 messages that may wait for ingest: beyond them the socket waits.
const ARRIVALS_CAPACITY: usize = 256;

/// Adds a session on a site: link, ingest, history, cursor.
pub struct SessionPlugin {
    site_path: PathBuf,
    site: Arc<Site>,
    ids: Ids,
    broker: Option<BrokerUrl>,
    allow_insecure: bool,
    history_bytes: usize,
    record: Mutex<Option<RecorderOptions>>,
    replay: Option<Arc<Recording>>,
    compare: Mutex<Option<Comparison>>,
    word_topics: Vec<String>,
    credentials: Credentials,
    will: Option<Will>,
    key: SecretKey,
    keys: Mutex<Keys>,
    quarantine_file: Option<PathBuf>,
    #[cfg(test)]
    defences: crate::trust::Defences,
}

impl SessionPlugin {
    /// On a loaded site and the file that it came from, which is watched for edits. Connected to nothing.
    pub fn new(site_path: PathBuf, site: Arc<Site>, ids: Ids) -> Self {
        Self {
            site_path,
            site,
            ids,
            broker: None,
            allow_insecure: false,
            history_bytes: HISTORY_BYTES,
            record: Mutex::new(None),
            replay: None,
            compare: Mutex::new(None),
            word_topics: Vec::new(),
            credentials: Credentials::default(),
            will: None,
            key: SecretKey::generate(),
            keys: Mutex::default(),
            quarantine_file: None,
            #[cfg(test)]
            defences: crate::trust::Defences::all(),
        }
    }

    /// With a defence taken away, to see the attack succeed that it stops.
    #[cfg(test)]
    pub(crate) fn with_defences(self, defences: crate::trust::Defences) -> Self {
        Self { defences, ..self }
    }

    /// Verifies what comes in by these keys.
    #[must_use]
    pub fn with_keys(self, keys: Keys) -> Self {
        Self { keys: Mutex::new(keys), ..self }
    }

    /// Seals what it records and exports with this key, instead of one that is forgotten afterwards.
    #[must_use]
    pub fn with_key(mut self, key: SecretKey) -> Self {
        self.key = key;
        self
    }

    /// Keeps in this file what is isolated here alone, and isolates it again at the start.
    #[must_use]
    pub fn with_quarantine(mut self, file: PathBuf) -> Self {
        self.quarantine_file = Some(file);
        self
    }

    /// The site that it is on.
    pub fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// Hears what is said on these topics, beside the site's signals and devices' statuses.
    #[must_use]
    pub fn with_words(mut self, topics: Vec<String>) -> Self {
        self.word_topics = topics;
        self
    }

    /// Logs in at the broker with this, instead of what the environment says.
    #[must_use]
    pub fn with_login(mut self, login: Option<Login>) -> Self {
        self.credentials.login = login;
        self
    }

    /// Shows the broker who is here by these, instead of what the environment says.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// Has the broker say this when the connection is lost.
    #[must_use]
    pub fn with_will(mut self, will: Will) -> Self {
        self.will = Some(will);
        self
    }

    /// Records what comes in.
    #[must_use]
    pub fn with_recorder(self, options: RecorderOptions) -> Self {
        Self { record: Mutex::new(Some(options)), ..self }
    }

    /// Shows a recording: nothing comes in, and nothing can be sent.
    #[must_use]
    pub fn with_replay(mut self, recording: Arc<Recording>) -> Self {
        self.replay = Some(recording);
        self
    }

    /// Lays a second session over the recording that is shown.
    #[must_use]
    pub fn with_compared(self, comparison: Comparison) -> Self {
        Self { compare: Mutex::new(Some(comparison)), ..self }
    }

    /// Connects to a broker.
    #[must_use]
    pub fn with_broker(mut self, broker: BrokerUrl) -> Self {
        self.broker = Some(broker);
        self
    }

    /// Lets plain text leave this machine.
    #[must_use]
    pub fn with_insecure(mut self, allow: bool) -> Self {
        self.allow_insecure = allow;
        self
    }

    /// Lets the history take so many bytes.
    #[must_use]
    pub fn with_history_bytes(mut self, bytes: usize) -> Self {
        self.history_bytes = bytes;
        self
    }
}

impl Plugin for SessionPlugin {
    fn build(&self, app: &mut App) {
        let marks_file = self.marks_file();
        let keys_file = keys::KeysFile::new(&self.keys.lock().unwrap_or_else(PoisonError::into_inner), &self.site_path);
        let session = Session::start(self);
        app.insert_resource(self.compared(&session))
            .insert_resource(session)
            .add_message::<Align>()
            .insert_resource(reload::SiteFile::new(self.site_path.clone(), self.ids.clone()))
            .insert_resource(keys_file)
            .insert_resource(CurrentSite(Arc::clone(&self.site)))
            .init_resource::<SiteFindings>()
            .insert_resource(self.first_cursor())
            .init_resource::<Shown>()
            .init_resource::<Ghost>()
            .add_message::<PeekAt>()
            .add_message::<SamplesArrived>()
            .add_message::<SiteReloaded>()
            .add_message::<Seek>()
            .add_plugins(work::plugin)
            .insert_resource(Marks::kept_in(marks_file))
            .add_message::<EditMark>()
            .init_resource::<Recalled>()
            .init_resource::<Again>()
            .add_message::<VerifyAgain>()
            .add_message::<Recollect>()
            .add_systems(Update, (reload::follow_file, keys::follow_keys, fetch_batch).chain().in_set(Stage::Ingest))
            .add_systems(
                Update,
                (cursor::move_cursor, past::look_back, compare::follow_comparison, ghost::raise_ghost)
                    .chain()
                    .in_set(Stage::Time),
            )
            .add_systems(
                Update,
                (
                    marks::edit_marks,
                    marks::pause_at_marks,
                    recall::recollect,
                    checkpoints::show_checkpoints,
                    again::verify_again,
                )
                    .chain()
                    .in_set(Stage::Act),
            );
    }
}

impl SessionPlugin {
    /// Bookmarks are kept beside the recording.
    fn marks_file(&self) -> Option<PathBuf> {
        let record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let recorded = record.as_ref().filter(|it| !it.temporary).map(|it| &it.path);
        Some(marks::beside(self.replay.as_ref().map(|it| &it.path).or(recorded)?))
    }

    /// The second session, where there is one, begins to be read.
    fn compared(&self, session: &Session) -> Compared {
        let mut comparison = self.compare.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(comparison) = &mut comparison
            && let Err(why) = comparison.start(&self.site, self.history_bytes, &session.waker)
        {
            error!("the system gave no thread to read the second session: {why}");
            comparison.problem = Some(format!("it cannot be read: the system gave no thread for it: {why}"));
        }
        Compared(comparison)
    }

    /// A recording begins at its beginning.
    fn first_cursor(&self) -> Cursor {
        match self.replay.as_ref().and_then(|it| it.span()) {
            Some((at, _)) => Cursor { at, mode: CursorMode::Playing, ..Cursor::default() },
            None => Cursor::default(),
        }
    }
}

/// The session at hand.
#[derive(Resource, Debug)]
pub struct Session {
    /// The connection. `None`: there is none, and there will be none.
    pub link: Option<Link>,
    /// Why there is no connection, for a person, where one was asked for.
    pub problem: Option<String>,
    /// The thread that decodes, where there is a connection.
    pub ingest: Option<Ingest>,
    /// Every sample.
    pub history: Arc<History>,
    /// What came in, counted.
    pub tally: Arc<Tally>,
    /// The file that the site came from.
    pub site_path: PathBuf,
    /// Who sits here, for the log of commands.
    pub who: String,
    /// Where devices answer.
    pub answer_topic: String,
    /// Wakes the window.
    pub waker: Waker,
    /// How much came when.
    pub timeline: Arc<Timeline>,
    /// When it began.
    pub began: Timestamp,
    /// What alarms look at, beside the frames.
    pub tap: Arc<Tap>,
    /// Who records it. `None`: nobody.
    pub recorder: Option<Recorder>,
    /// What seals the sessions that are written here.
    pub key: SecretKey,
    /// How far a recording has been read into the history. `None`: this is none.
    pub filling: Option<Arc<Filling>>,
    /// What verification has seen.
    pub book: Arc<Book>,
    /// Who has which key. Of a recording: as it says itself.
    pub registry: Option<Arc<Registry>>,
    /// What must survive a restart. `None`: nothing is kept.
    pub store: Option<Arc<Store>>,
    /// Where it is kept what is isolated here alone. `None`: nowhere.
    pub quarantine_file: Option<PathBuf>,
    /// Why an edited registry was not taken over, for a person.
    pub keys_problem: Option<String>,
    /// That somebody else says who has which key than before, for a person.
    pub authority_problem: Option<String>,
    /// Whether a recording that is shown is as it was sealed. `None`: this is none.
    pub seals: Option<Arc<SealCheck>>,
    /// Heard beside the site's own topics.
    word_topics: Vec<String>,
    record_problem: Option<String>,
    replay: Option<Arc<Recording>>,
    /// What witnesses are shown of the recording. `None`: it is not kept.
    checkpoints: Mutex<Option<checkpoints::Checkpoints>>,
}

/// The site that runs. An edited one takes its place.
#[derive(Resource, Debug, Deref)]
pub struct CurrentSite(pub Arc<Site>);

/// What is wrong with the site's file: the errors of a broken edit, else warnings.
#[derive(Resource, Debug, Default)]
pub struct SiteFindings(pub Vec<Finding>);

/// An edited site has taken its place as [`CurrentSite`].
#[derive(Message, Debug, Clone, Copy)]
pub struct SiteReloaded;

/// Samples have come in.
#[derive(Message, Debug)]
pub struct SamplesArrived(pub Batch);

impl Session {
    fn start(plugin: &SessionPlugin) -> Self {
        let client_id = format!("pollux-{}", Uuid::now_v7().simple());
        let mut session = Self {
            link: None,
            problem: None,
            ingest: None,
            history: Arc::new(History::new(plugin.history_bytes, plugin.site.signal_capacity)),
            tally: Arc::default(),
            site_path: plugin.site_path.clone(),
            who: env::var("USER").ok().filter(|it| !it.is_empty()).unwrap_or_else(|| "someone".to_owned()),
            answer_topic: format!("pollux/{client_id}/answers"),
            waker: Waker::default(),
            timeline: Arc::new(Timeline::new(&plugin.site)),
            began: link::now(),
            tap: Arc::default(),
            recorder: None,
            key: plugin.key.clone(),
            filling: None,
            book: Arc::default(),
            registry: None,
            store: None,
            quarantine_file: plugin.quarantine_file.clone(),
            keys_problem: None,
            authority_problem: None,
            seals: None,
            word_topics: plugin.word_topics.clone(),
            record_problem: None,
            replay: plugin.replay.clone(),
            checkpoints: Mutex::default(),
        };
        let keys = std::mem::take(&mut *plugin.keys.lock().unwrap_or_else(PoisonError::into_inner));
        session.registry = keys.registry.or_else(|| plugin.replay.as_ref()?.registry().cloned());
        session.store = keys.store;
        session.authority_problem = keys.problem;
        let record = plugin.record.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut options) = record {
            options.registry.clone_from(&session.registry);
            options.key.get_or_insert_with(|| session.key.clone());
            let path = options.path.display().to_string();
            match Recorder::start(options) {
                Ok(recorder) => session.recorder = Some(recorder),
                Err(why) => {
                    let problem = format!("nothing is recorded: {path} cannot be written: {why}");
                    error!("{problem}");
                    session.record_problem = Some(problem);
                }
            }
        }
        if let Some(recording) = &plugin.replay {
            session.fill(plugin, recording);
        }
        if let Some(broker) = &plugin.broker
            && let Err(problem) = session.connect(plugin, broker, client_id)
        {
            error!("{problem}");
            session.problem = Some(problem);
        }
        session
    }

    fn connect(&mut self, plugin: &SessionPlugin, broker: &BrokerUrl, client_id: String) -> Result<(), String> {
        let options = LinkOptions {
            url: broker.clone(),
            client_id,
            filters: self.filters(&plugin.site),
            arrivals_capacity: ARRIVALS_CAPACITY,
            allow_insecure: plugin.allow_insecure,
            login: plugin.credentials.login.clone(),
            tls: plugin.credentials.tls.clone(),
            will: plugin.will.clone(),
        };
        if let Some(recorder) = self.recorder.as_ref().filter(|it| !it.is_temporary()) {
            let (key, status) = (recorder.key().clone(), Arc::clone(&recorder.status));
            let shown = checkpoints::Checkpoints::new(&plugin.site, key, status, &options);
            self.checkpoints = Mutex::new(Some(shown));
        }
        let (link, arrivals) = link::connect(options).map_err(|error| error.to_string())?;
        let options = IngestOptions {
            site: Arc::clone(&plugin.site),
            word_topics: self.word_topics(&plugin.site),
            history: Arc::clone(&self.history),
            tally: Arc::clone(&self.tally),
            waker: self.waker.clone(),
            timeline: Arc::clone(&self.timeline),
            recorder: self.recorder.as_ref().map(|it| it.entries.clone()),
            tap: Some(Arc::clone(&self.tap)),
            verifier: Some(self.verifier(plugin)),
        };
        self.tap.follow(Arc::clone(link.passage()));
        self.link = Some(link);
        let ingest = Ingest::start(options, arrivals);
        self.ingest = Some(ingest.map_err(|error| format!("the system gave no thread for ingest: {error}"))?);
        Ok(())
    }

    /// What verifies what comes in; where nothing on the site is signed, as soon as an edit of it changes that.
    fn verifier(&self, plugin: &SessionPlugin) -> Verifier {
        let mut verifier = Verifier::of_site(&plugin.site, self.registry.clone()).with_book(Arc::clone(&self.book));
        #[cfg(test)]
        {
            verifier = verifier.with_defences(plugin.defences);
        }
        if let Some(recorder) = &self.recorder {
            // Whoever looks back need not look at each signature again.
            verifier = verifier.with_memo(Arc::clone(recorder.recording.memo()));
        }
        match &self.store {
            Some(store) => verifier.with_store(Arc::clone(store), link::now()),
            None => verifier,
        }
    }

    fn fill(&mut self, plugin: &SessionPlugin, recording: &Arc<Recording>) {
        let targets = fill::FillTargets {
            site: Arc::clone(&plugin.site),
            history: Arc::clone(&self.history),
            tally: Arc::clone(&self.tally),
            timeline: Arc::clone(&self.timeline),
            waker: self.waker.clone(),
            book: Arc::clone(&self.book),
        };
        match Filling::start(Arc::clone(recording), targets) {
            Ok(filling) => self.filling = Some(filling),
            Err(why) => self.problem = Some(format!("the system gave no thread to read the recording: {why}")),
        }
        match SealCheck::start(&recording.path, self.waker.clone()) {
            Ok(check) => self.seals = Some(check),
            Err(why) => error!("the seals of {} cannot be looked at: {why}", recording.path.display()),
        }
    }

    /// Whether it shows a recording, and nothing can come in or go out.
    pub fn is_replay(&self) -> bool {
        self.replay.is_some()
    }

    /// Whether a recording is still being read into the history.
    pub fn is_reading(&self) -> bool {
        self.filling.as_ref().is_some_and(|it| it.share().is_some())
    }

    /// What can be looked back into: the recording that is shown, or the one that is being made.
    pub fn recording(&self) -> Option<&Arc<Recording>> {
        self.replay.as_ref().or_else(|| self.recorder.as_ref().map(|it| &it.recording))
    }

    /// Why nothing is recorded, for a person, where something should be.
    pub fn recording_problem(&self) -> Option<String> {
        self.record_problem.clone().or_else(|| self.recorder.as_ref()?.status.problem())
    }

    /// What may soon keep it from being recorded, for a person.
    pub fn recording_warning(&self) -> Option<String> {
        self.recorder.as_ref()?.status.warning()
    }

    /// What of a recording that is shown is lost, damaged or odd, for a person.
    pub fn recording_findings(&self) -> Vec<String> {
        let mut all = self.replay.as_ref().map_or_else(Vec::new, |it| it.findings.clone());
        all.extend(self.own_word());
        all.extend(self.filling.as_ref().map_or_else(Vec::new, |it| it.findings()));
        all
    }

    /// That a recording that is shown names itself who says whose keys are whose, for a person. `None`: somebody here has
    /// named it, or this is none.
    pub fn own_word(&self) -> Option<String> {
        self.replay.as_ref()?.names_its_own_authority()
    }

    /// Records what was asked of a device.
    pub fn audit(&self, doc: AuditDoc) {
        if let Some(recorder) = &self.recorder
            && recorder.entries.send(Entry::Audit(Box::new(doc))).is_err()
        {
            error!("a command is not in the recording: its thread has ended");
        }
    }

    /// From when to when there is something to show.
    pub fn extent(&self, now: Timestamp) -> Extent {
        if let Some((from, to)) = self.replay.as_ref().and_then(|it| it.span()) {
            return Extent { from, to, live: false };
        }
        let from = self.timeline.with(|it| it.from).unwrap_or(self.began).min(self.began);
        Extent { from, to: now, live: true }
    }

    /// What was said since the last call on the topics of words, in the order of its coming.
    pub fn words(&self) -> impl Iterator<Item = Word> + '_ {
        self.ingest.iter().flat_map(|it| it.words.try_iter())
    }

    /// Messages on these topics are words: of the gate, of devices' statuses, and answers to what was sent from here.
    fn word_topics(&self, site: &Site) -> Vec<String> {
        let statuses = site.twins.iter().filter_map(|it| it.device.as_ref()?.status.clone());
        statuses.chain(self.word_topics.iter().cloned()).chain([self.answer_topic.clone()]).collect()
    }

    /// What is subscribed to: the site's topics and those of words.
    fn filters(&self, site: &Site) -> Vec<String> {
        let mut filters = codec::filters(site);
        filters.extend(self.word_topics.iter().cloned());
        filters.push(self.answer_topic.clone());
        filters
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(filling) = &self.filling {
            filling.cancel();
        }
        if let Some(seals) = &self.seals {
            seals.cancel();
        }
        let connected = self.link.as_ref().is_some_and(Link::is_connected);
        if let Some(link) = &self.link {
            link.close();
            // What is on its way is recorded, and kept. A link that is still trying to connect has nothing.
            let keeps = self.recorder.is_some() || self.store.is_some();
            if let Some(ingest) = self.ingest.as_mut().filter(|_| connected && keeps) {
                ingest.finish();
            }
        }
        if let Some(store) = &self.store {
            // The process may end before the last who holds it lets go.
            store.close();
        }
        // Before the recording ends: what is judged of it is written into it.
        self.tap.close();
        let checkpoints = self.checkpoints.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let (Some(checkpoints), Some(recorder), true) = (checkpoints, &mut self.recorder, connected) {
            recorder.finish();
            checkpoints.take_leave();
        }
    }
}

fn fetch_batch(session: Res<Session>, mut arrived: MessageWriter<SamplesArrived>) {
    // One at most: what comes while this frame works belongs to the next.
    if let Some(batch) = session.ingest.as_ref().and_then(|it| it.batches.try_recv().ok()) {
        arrived.write(SamplesArrived(batch));
    }
}
