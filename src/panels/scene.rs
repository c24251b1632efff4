//! A whole session for the panels' tests: a small plant whose devices sign, heard by the real ingest and recorded, as the panels
//! read it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bevy::ecs::system::SystemState;
use bevy::prelude::*;
use crossbeam_channel::{Sender, bounded};
use tempfile::TempDir;

use super::actions::Action;
use super::alarm_spans::AlarmSpans;
use super::facts::Facts;
use super::pulse::Pulse;
use crate::Headless;
use crate::link::{Arrival, Properties, now};
use crate::session::recording::{RecorderOptions, Recording};
use crate::session::{Ingest, IngestOptions, Keys, Seek, Session, SessionPlugin};
use crate::signal::{SignalId, Timestamp};
use crate::site::{Ids, Site, load};
use crate::trust::{BESIDE_TYPE, KeyDoc, KeyRole, Pen, Registry, SIGNATURE_PROPERTY, SecretKey, Verifier};

/// How long a condition may take before a test counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// A pump that feeds a tank; both sign. The pump has an alarm and a command that look at its speed.
const SITE: &str = r#"(name: "Plant", place: (latitude: 0, longitude: 0), twins: [
    (id: "pump", name: "Pump", kind: Asset, device: (id: "pump", period: 20, signing: Required), signals: [
        (id: "speed", name: "Speed", topic: "pump/speed", path: "/v", unit: "rpm", range: (0, 2000)),
        (id: "torque", name: "Torque", topic: "pump/torque", path: "/v"),
    ], alarms: [
        (id: "fast", name: "Fast", when: Above(signal: "./speed", limit: 1000), consequence: Major, respond_within: 5),
    ], commands: [
        (id: "set", name: "Set speed", topic: "pump/set", takes: Number(min: 0, max: 2000, step: 10), reports: "./speed",
         confirm: (signal: "./speed", within: 1, secs: 5),
         interlocks: [(holds: "signal('./speed') < 1900.0", says: "It runs too fast.")]),
    ]),
    (id: "tank", name: "Tank", kind: Asset, device: (id: "tank", period: 20, signing: Required), signals: [
        (id: "level", name: "Level", topic: "tank/level", path: "/v", unit: "m"),
    ]),
], flows: [(from: "pump", to: "tank", medium: "water")])"#;

/// The session, its devices, and what was asked for in panels that were drawn of it.
pub(super) struct Scene {
    app: App,
    pens: BTreeMap<&'static str, Pen>,
    /// To ingest. `None`: it shows a recording.
    sender: Option<Sender<Vec<Arrival>>>,
    folder: Arc<TempDir>,
    /// What was asked for.
    pub asked: Vec<Action>,
}

impl Scene {
    /// Nothing has been said yet, and the cursor follows live.
    pub(super) fn live() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        std::fs::write(folder.path().join("site.ron"), SITE).unwrap();
        let keys = ["pump", "tank"].map(|it| (it, SecretKey::generate()));
        let docs = keys.iter().map(|(of, key)| KeyDoc::new(*of, KeyRole::Device, key.public())).collect();
        let registry = Arc::new(Registry::made(docs, now(), &SecretKey::generate()));
        let recorder = RecorderOptions { path: Self::recording(&folder), ..RecorderOptions::default() };
        let (session, site) = Self::session(&folder);
        let keyring = Keys { registry: Some(Arc::clone(&registry)), ..Keys::default() };
        let mut scene = Self::of(session.with_keys(keyring).with_recorder(recorder), folder);
        scene.pens = keys.into_iter().map(|(of, key)| (of, Pen::new(key, 1))).collect();
        let mut session = scene.app.world_mut().resource_mut::<Session>();
        let verifier = Verifier::new(&site, Some(registry)).unwrap().with_book(Arc::clone(&session.book));
        let options = IngestOptions {
            site,
            word_topics: Vec::new(),
            history: Arc::clone(&session.history),
            tally: Arc::clone(&session.tally),
            waker: session.waker.clone(),
            timeline: Arc::clone(&session.timeline),
            recorder: session.recorder.as_ref().map(|it| it.entries.clone()),
            tap: Some(Arc::clone(&session.tap)),
            verifier: Some(verifier),
        };
        let (sender, arrivals) = bounded(8);
        session.ingest = Some(Ingest::start(options, arrivals).unwrap());
        scene.sender = Some(sender);
        scene
    }

    /// Ends the session, and shows its recording.
    pub(super) fn replayed(self) -> Self {
        let Self { app, sender, folder, .. } = self;
        drop(sender);
        drop(app);
        let recording = Arc::new(Recording::open(&Self::recording(&folder)).unwrap());
        let (session, _) = Self::session(&folder);
        Self::of(session.with_replay(recording), folder)
    }

    fn recording(folder: &TempDir) -> PathBuf {
        folder.path().join("run.mcap")
    }

    fn session(folder: &TempDir) -> (SessionPlugin, Arc<Site>) {
        let (path, mut ids) = (folder.path().join("site.ron"), Ids::default());
        let site = load(&path, &mut ids).map_or_else(|error| panic!("{error:?}"), |it| Arc::new(it.site));
        (SessionPlugin::new(path, Arc::clone(&site), ids), site)
    }

    fn of(session: SessionPlugin, folder: Arc<TempDir>) -> Self {
        let mut app = App::new();
        app.add_plugins(MinimalPlugins).add_plugins(Headless { session });
        app.init_resource::<Pulse>().init_resource::<AlarmSpans>();
        app.finish();
        app.cleanup();
        app.update();
        Self { app, pens: BTreeMap::new(), sender: None, folder, asked: Vec::new() }
    }

    /// A device says a value on a topic of its own, and signs it.
    pub(super) fn say(&mut self, topic: &'static str, value: f64) {
        let (device, _) = topic.split_once('/').unwrap();
        let payload = format!("{{\"v\": {value}}}");
        let signature = self.pens.get_mut(device).unwrap().sign(BESIDE_TYPE, topic, now(), payload.as_bytes());
        self.send(topic, payload, signature);
    }

    /// Somebody else says it, with a signature that was made for another value.
    pub(super) fn forge(&mut self, topic: &'static str, value: f64) {
        let (device, _) = topic.split_once('/').unwrap();
        let signature = self.pens.get_mut(device).unwrap().sign(BESIDE_TYPE, topic, now(), b"{\"v\": 1}");
        self.send(topic, format!("{{\"v\": {value}}}"), signature);
    }

    fn send(&self, topic: &str, payload: String, signature: String) {
        let user = vec![(SIGNATURE_PROPERTY.to_owned(), signature)];
        let arrival = Arrival {
            topic: topic.to_owned().into(),
            payload: payload.into(),
            received: now(),
            retained: false,
            correlation: None,
            properties: Some(Box::new(Properties { user, ..Properties::default() })),
        };
        self.sender.as_ref().unwrap().send(vec![arrival]).unwrap();
    }

    /// What the panels read.
    pub(super) fn read<R>(&mut self, look: impl FnOnce(&Facts) -> R) -> R {
        let mut state = SystemState::<Facts>::new(self.app.world_mut());
        look(&state.get(self.app.world()).unwrap())
    }

    /// Frames until a condition holds.
    #[track_caller]
    pub(super) fn until(&mut self, what: &str, mut holds: impl FnMut(&Facts) -> bool) {
        let began = now();
        loop {
            self.app.update();
            if self.read(&mut holds) {
                return;
            }
            assert!(now().since(began) < PATIENCE, "waited in vain until {what}");
            thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Until a signal shows a value.
    #[track_caller]
    pub(super) fn until_shown(&mut self, signal: SignalId, value: f64) {
        self.until(&format!("{value} is shown"), |it| it.readings.get(signal).number() == Some(value));
    }

    /// The cursor stands at an instant from the next frames on.
    pub(super) fn seek(&mut self, at: Timestamp) {
        self.app.world_mut().write_message(Seek::To(at));
        self.app.world_mut().write_message(Seek::Pause);
    }

    /// Something is asked of the model.
    pub(super) fn ask<M: Message>(&mut self, message: M) {
        self.app.world_mut().write_message(message);
    }

    pub(super) fn signal(&mut self, address: &str) -> SignalId {
        self.read(|it| it.site.signal_at(address).unwrap().id)
    }
}
