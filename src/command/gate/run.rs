//! Runs the gate: as an app of its own, on a thread of its own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bevy::prelude::*;
use crossbeam_channel::{Sender, bounded};
use tracing::{info, warn};

use super::book::Book;
use super::warden::{Hands, Pens, Warden};
use crate::command::Topics;
use crate::command::look::Live;
use crate::command::wire::{GateIs, GateStatus};
use crate::link::{self, Link, LinkState, Publish, Will};
use crate::schedule::Stage;
use crate::session::{CurrentSite, Session, SessionPlugin, Word};
use crate::signal::Timestamp;
use crate::site::Site;
use crate::trust::{Accounts, KeyFileError, LogError, PublicKey, SecretKey};
use crate::twin::{AcknowledgeEvil, Newest};

/// The history that rates are taken from, bytes.
const HISTORY_BYTES: usize = 64_000_000;
/// The longest time between two looks, where nothing comes in.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// How long a gate may take to end in good order.
const GOODBYE: Duration = Duration::from_millis(200);

/// What a gate needs to know.
#[derive(Debug)]
pub struct GateOptions {
    /// Who may ask for what.
    pub accounts: Accounts,
    /// The accounts of the demo are taken: on the demo's own broker alone.
    pub demo: bool,
    /// Where it writes down what it does.
    pub audit: PathBuf,
    /// With which it signs that.
    pub key: SecretKey,
}

/// Why there is no gate.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// Without an audit nothing is sent.
    #[error(transparent)]
    Audit(#[from] LogError),
    /// Without a key there is no audit.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// No thread.
    #[error("the system gave no thread for the gate")]
    Thread(#[source] io::Error),
    /// It ended while it began.
    #[error("the gate ended while it began")]
    Ended,
}

/// Adds the gate to an app with a session and twins.
pub struct GatePlugin {
    house: std::sync::Mutex<Option<House>>,
}

/// All that the gate has.
#[derive(Resource, Debug)]
struct House {
    warden: Warden,
    book: Book,
    topics: Topics,
    key: PublicKey,
    pens: Pens,
    demo: bool,
    /// The connection over which it has said that it is there, and what it said.
    said: Option<(Timestamp, GateStatus)>,
    connected_since: Option<Timestamp>,
}

/// A gate that runs on a thread of its own until it is dropped.
#[derive(Debug)]
pub struct Gate {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl GatePlugin {
    /// Opens the audit; without one there is no gate.
    pub fn new(site: &Arc<Site>, options: GateOptions) -> Result<Self, GateError> {
        let began = link::now();
        let mut warden = Warden::new(Arc::clone(site), options.accounts, options.demo, began);
        let mut book = Book::open(&options.audit, &options.key)?;
        warden.recall(&options.audit);
        let endless = super::book::endless_in(&options.audit);
        let begun = book.begin(began, options.demo).and_then(|()| book.end_endless(endless, began));
        if let Err(why) = begun {
            warn!("the gate sends nothing but emergency stops: {why}");
        }
        let house = House {
            warden,
            book,
            topics: Topics::of(site),
            key: options.key.public(),
            pens: Pens::new(&options.key, began),
            demo: options.demo,
            said: None,
            connected_since: None,
        };
        Ok(Self { house: std::sync::Mutex::new(Some(house)) })
    }

    /// A session as a gate needs it: it hears requests and answers, and its last will says that it is gone.
    pub fn session(session: SessionPlugin) -> SessionPlugin {
        let topics = Topics::of(session.site());
        let payload = status_text(&GateStatus { state: GateIs::Offline, key: None, demo: false, unfit: None });
        session
            .with_words(vec![topics.request, topics.answers, topics.status.clone()])
            .with_will(Will { topic: topics.status, payload })
            .with_history_bytes(HISTORY_BYTES)
    }
}

impl Plugin for GatePlugin {
    fn build(&self, app: &mut App) {
        let house = self.house.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(house) = house {
            app.insert_resource(house);
        }
        app.add_systems(Update, (follow_link, keep_gate, say_presence).chain().in_set(Stage::Act));
    }
}

impl Gate {
    /// Begins a gate: `app` makes the app that it runs in, on its thread, and has [`GatePlugin`] in it. Returns when it runs.
    pub fn start(app: impl FnOnce() -> App + Send + 'static) -> Result<Self, GateError> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let (began, has_begun) = bounded(1);
        let thread = thread::Builder::new()
            .name("pollux-gate".to_owned())
            .spawn(move || run(app(), &stopping, &began))
            .map_err(GateError::Thread)?;
        let gate = Self { stop, thread: Some(thread) };
        has_begun.recv().map(|()| gate).map_err(|_gone| GateError::Ended)
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|it| !it.is_finished())
    }

    /// Waits until it ends, which by itself it does not.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic of the thread has been reported by then.
            drop(thread.join());
        }
    }
}

fn run(mut app: App, stop: &AtomicBool, began: &Sender<()>) {
    app.finish();
    app.cleanup();
    let me = thread::current();
    if let Some(session) = app.world().get_resource::<Session>() {
        session.waker.set(move || me.unpark());
    }
    app.update();
    // Whoever began it may be gone.
    began.send(()).ok();
    while !stop.load(Ordering::Acquire) {
        thread::park_timeout(LOOK_EVERY);
        app.update();
    }
    say_goodbye(app.world_mut());
}

/// A gate that ends in good order says so itself: a broker drops the last will of one that takes its leave.
fn say_goodbye(world: &mut World) {
    let Some(mut house) = world.remove_resource::<House>() else { return };
    let Some(session) = world.get_resource::<Session>() else { return };
    let Some(link) = session.link.as_ref().filter(|it| it.is_connected()) else { return };
    let status = GateStatus { state: GateIs::Offline, key: Some(house.key), demo: house.demo, unfit: None };
    if publish_status(link, &house.topics, &status, &mut house.pens).is_ok() {
        // The socket is another thread's: it gets a moment to send this before it says goodbye.
        thread::sleep(GOODBYE);
    }
}

/// What is sent and awaited is unknown while the link is away.
fn follow_link(session: Res<Session>, mut house: ResMut<House>) {
    let since = match session.link.as_ref().map(Link::state) {
        Some(LinkState::Connected { since }) => Some(since),
        Some(LinkState::Connecting | LinkState::Waiting { .. } | LinkState::Closed) | None => None,
    };
    if house.connected_since != since {
        let now = link::now();
        if house.connected_since.is_some() {
            house.warden.follow_link(false, now);
        }
        if since.is_some() {
            info!("the gate is connected");
            house.warden.follow_link(true, now);
        }
        house.connected_since = since;
    }
}

/// Hears what was said and looks at the plant.
fn keep_gate(
    session: Res<Session>,
    site: Res<CurrentSite>,
    newest: Res<Newest>,
    mut house: ResMut<House>,
    mut acknowledged: MessageWriter<AcknowledgeEvil>,
) {
    let House { warden, book, topics, key, said, pens, .. } = &mut *house;
    warden.follow_site(&site);
    warden.ears.follow(session.registry.as_ref());
    let has_keys = session.registry.is_some();
    for word in session.words() {
        if word.topic == topics.status {
            hear_gate(&word, *key, warden, book, said);
            continue;
        }
        let mut hands = Hands { link: session.link.as_ref(), book, pens };
        let offline = warden.offline.clone();
        let look = Live {
            site: &site,
            newest: &newest,
            history: &session.history,
            offline: &offline,
            now: link::now(),
            has_keys,
        };
        warden.hear(&word, &look, &mut hands);
    }
    let mut hands = Hands { link: session.link.as_ref(), book, pens };
    let offline = warden.offline.clone();
    let look =
        Live { site: &site, newest: &newest, history: &session.history, offline: &offline, now: link::now(), has_keys };
    warden.look_around(&look, &mut hands);
    acknowledged.write_batch(warden.acknowledged.drain(..));
}

/// Hears what is said of gates. Another one that is there keeps both from sending; once it is gone, this one says anew that it
/// is there, for what the broker keeps is the other's last will.
fn hear_gate(
    word: &Word,
    key: PublicKey,
    warden: &mut Warden,
    book: &mut Book,
    said: &mut Option<(Timestamp, GateStatus)>,
) {
    let Ok(status) = serde_json::from_slice::<GateStatus>(&word.payload) else { return };
    if status.state == GateIs::Online
        && let Err(no) = warden.ears.status(word, status.key)
    {
        warn!("what is said in a gate's name is not believed, {}: {}", no.reason.label(), no.detail);
        // What the broker keeps now is not of this gate, which says anew that it is there. Its own words, if its key is good
        // no more, it would say for ever.
        if no.key != Some(key.id()) {
            *said = None;
        }
        return;
    }
    match (status.state, status.key) {
        (GateIs::Online, Some(other)) if other != key => {
            if book.rival != Some(other) {
                warn!("another gate stands at this broker, with the key {other}: until one ends, neither sends");
            }
            book.rival = Some(other);
        }
        (GateIs::Online, _) => (),
        (GateIs::Offline, _) => {
            book.rival = None;
            *said = None;
        }
    }
}

/// Says that it is there, over each connection anew, once it hears what is asked; and whether it is fit.
fn say_presence(session: Res<Session>, mut house: ResMut<House>) {
    let house = &mut *house;
    let link = session.link.as_ref().filter(|it| it.is_listening());
    let (Some(since), Some(link)) = (house.connected_since, link) else { return };
    let unfit = house.book.unfit();
    let status = GateStatus { state: GateIs::Online, key: Some(house.key), demo: house.demo, unfit };
    let said = Some((since, status));
    if house.said != said
        && let Some((_, status)) = &said
        && publish_status(link, &house.topics, status, &mut house.pens).is_ok()
    {
        house.said = said;
    }
}

fn publish_status(link: &Link, topics: &Topics, status: &GateStatus, pens: &mut Pens) -> Result<(), link::LinkError> {
    let payload = status_text(status);
    link.publish(Publish {
        user: pens.sign_event(&topics.status, payload.as_bytes()),
        topic: topics.status.clone(),
        payload: payload.into(),
        qos1: true,
        retain: true,
        content_type: Some("application/json".to_owned()),
        ..Publish::default()
    })
}

fn status_text(status: &GateStatus) -> String {
    // It is made of text alone, which always can be written.
    serde_json::to_string(status).unwrap_or_default()
}

/// Where a gate keeps its audit and its key, unless it is told otherwise.
pub fn gate_folder(sessions: &Path, site: &Site) -> PathBuf {
    let name = site.folder.file_name().map_or_else(|| "site".into(), |it| it.to_string_lossy().into_owned());
    sessions.parent().unwrap_or(sessions).join("gate").join(name)
}
