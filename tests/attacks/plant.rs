//! What is attacked: a small plant, its keys, its devices, and a whole headless Pollux that shows it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bevy::prelude::*;

use super::mqtt::{Client, Message};
use super::{Defended, Outcome};
use crate::Headless;
use crate::link::now;
use crate::session::{CurrentSite, Keys, Session, SessionPlugin};
use crate::signal::{Timestamp, Value};
use crate::site::{Ids, Site};
use crate::trust::{
    BESIDE_TYPE, Defence, KeyDoc, KeyRole, Pen, Reason, Registry, RevokedDoc, SecretKey, Stamp, Store, Timestamp8601,
    Trust,
};
use crate::twin::{Reading, Readings, Standing};

/// What the device measures, and what an attacker wants to be shown instead.
pub(super) const TRUTH: f64 = 1480.0;
pub(super) const LIE: f64 = 66.0;
/// True as well, and said once, to know what was heard.
const MARK: f64 = TRUTH - 1.0;
/// How long a condition may take before the attack counts as failed to run.
const PATIENCE: Duration = Duration::from_secs(30);
/// A device says what it has to say again after so long, until it is heard.
const AGAIN: Duration = Duration::from_millis(200);
/// Seconds between two words of a device, as the site says: so long that a slow machine makes nothing stale.
pub(super) const PERIOD: i64 = 20;
/// The boot counter of devices.
pub(super) const EPOCH: u64 = 5;
/// Who vouches for the well.
const GATEWAY: &str = "gateway";

/// A plant whose topics are its own, so that many share a broker.
pub(super) struct Plant {
    pub(super) topic: String,
    pub(super) site: Arc<Site>,
    pub(super) folder: tempfile::TempDir,
    pub(super) keys: PlantKeys,
    /// What the registry says, before it is signed.
    pub(super) docs: Vec<KeyDoc>,
    /// Whether its devices sign.
    signs: bool,
    path: PathBuf,
    ids: Ids,
}

/// The private keys of everybody.
pub(super) struct PlantKeys {
    pub(super) authority: SecretKey,
    pub(super) pump: SecretKey,
    pub(super) valve: SecretKey,
    pub(super) gateway: SecretKey,
    /// A gateway too, of something else.
    pub(super) other_gateway: SecretKey,
}

/// A device that signs as it should.
pub(super) struct Device {
    pub(super) topic: String,
    pub(super) pen: Pen,
    key: SecretKey,
    client: Client,
    /// The defence that binds signatures to topics may be down: then nothing is bound.
    bound: bool,
    signs: bool,
}

/// A Pollux without a window.
pub(super) struct Viewer {
    pub(super) app: App,
}

/// A plant with its pump, seen by a Pollux that shows the truth, and somebody who may publish there.
pub(super) struct Scene {
    pub(super) plant: Plant,
    pub(super) pump: Device,
    pub(super) viewer: Viewer,
    pub(super) attacker: Client,
    /// What was refused of the pump before the attack, and how often the lie was said when it was no lie.
    before: (BTreeMap<Reason, u64>, usize),
}

impl Plant {
    pub(super) fn new() -> Self {
        Self::edited(|text| text)
    }

    /// Where nothing is signed, and nothing must be.
    pub(super) fn unsigned() -> Self {
        Self { signs: false, ..Self::edited(|text| text.replace("Required", "None")) }
    }

    /// With another site file.
    pub(super) fn edited(edit: impl FnOnce(String) -> String) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let topic = format!("plant{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.ron");
        std::fs::write(&path, edit(site_text(&topic))).unwrap();
        let mut ids = Ids::default();
        let site = crate::site::load(&path, &mut ids).map_or_else(|error| panic!("{error}"), |it| Arc::new(it.site));
        let key = SecretKey::generate;
        let keys = PlantKeys { authority: key(), pump: key(), valve: key(), gateway: key(), other_gateway: key() };
        let docs = vec![
            KeyDoc::new("pump", KeyRole::Device, keys.pump.public()),
            KeyDoc::new("valve", KeyRole::Device, keys.valve.public()),
            KeyDoc::new(GATEWAY, KeyRole::Gateway, keys.gateway.public()),
            KeyDoc::new("other-gateway", KeyRole::Gateway, keys.other_gateway.public()),
        ];
        Self { topic, site, folder, keys, docs, signs: true, path, ids }
    }

    /// Its site file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The topic of something in it.
    pub(super) fn at(&self, what: &str) -> String {
        format!("{}/{what}", self.topic)
    }

    pub(super) fn registry(&self) -> Arc<Registry> {
        Arc::new(Registry::made(self.docs.clone(), now(), &self.keys.authority))
    }

    pub(super) fn keys(&self) -> Keys {
        Keys { registry: Some(self.registry()), ..Keys::default() }
    }

    pub(super) fn session(&self) -> SessionPlugin {
        SessionPlugin::new(self.path.clone(), Arc::clone(&self.site), self.ids.clone())
    }

    /// What remembers over restarts.
    pub(super) fn store(&self) -> Arc<Store> {
        Arc::new(Store::open(&self.folder.path().join("trust.redb")).unwrap())
    }
}

/// A pump with two topics and a valve, which sign; an old counter that cannot; and one that a gateway vouches for.
fn site_text(topic: &str) -> String {
    let twin = |id: &str, signing: &str, signals: &[&str]| {
        let signal =
            |it: &&str| format!("(id: \"{it}\", topic: \"{topic}/{id}/{it}\", path: \"/v\", range: (0, 2000)),");
        let signals: String = signals.iter().map(signal).collect();
        format!(
            "(id: \"{id}\", kind: Asset, device: (id: \"{id}\", period: {PERIOD}, signing: {signing}), signals: [{signals}]),"
        )
    };
    let twins = [
        twin("pump", "Required", &["speed", "set"]),
        twin("valve", "Required", &["position"]),
        twin("counter", "None", &["total"]),
        twin("well", &format!("Vouched(\"{GATEWAY}\")"), &["level"]),
    ];
    format!("(name: \"Plant\", place: (latitude: 0, longitude: 0), twins: [{}])", twins.concat())
}

/// What a device says of a value.
pub(super) fn says(value: f64) -> Vec<u8> {
    format!("{{\"v\": {value}}}").into_bytes()
}

/// From now on so many seconds, or before now.
pub(super) fn in_secs(secs: i64) -> Timestamp {
    Timestamp::from_nanos(now().as_nanos() + secs * 1_000_000_000)
}

/// The same, as a registry writes it.
pub(super) fn date_in_secs(secs: i64) -> Option<Timestamp8601> {
    Some(Timestamp8601(in_secs(secs)))
}

/// That a key was stolen a minute ago.
pub(super) fn stolen() -> Option<RevokedDoc> {
    date_in_secs(-60).map(|at| RevokedDoc { at, why: "stolen".to_owned() })
}

impl Device {
    /// A connection of its own at a broker.
    pub(super) fn new(defended: &Defended<'_>, topic: String, key: &SecretKey) -> Self {
        let client = Client::connect(defended.broker.port);
        let bound = defended.defences.has(Defence::Topic);
        Self { topic, pen: Pen::new(key.clone(), EPOCH), key: key.clone(), client, bound, signs: true }
    }

    /// Signs a value for its topic, and returns the message without sending it.
    pub(super) fn sign(&mut self, value: f64) -> Message {
        self.sign_at(value, now())
    }

    /// The same, with another time on it.
    pub(super) fn sign_at(&mut self, value: f64, at: Timestamp) -> Message {
        let payload = says(value);
        let topic = if self.bound { self.topic.as_str() } else { "" };
        let signature = self.pen.sign(BESIDE_TYPE, topic, at, &payload);
        Message::new(&self.topic, &payload, self.signs.then_some(signature.as_str()))
    }

    /// It starts: its numbers begin anew, in a life of this number.
    pub(super) fn begin_life(&mut self, epoch: u64) {
        self.pen = Pen::new(self.key.clone(), epoch);
    }

    /// Its place among its envelopes that comes next.
    pub(super) fn next(&self) -> Stamp {
        self.pen.next_stamp(now())
    }

    /// What its signatures are bound to.
    pub(super) fn bound_to(&self) -> &str {
        if self.bound { &self.topic } else { "" }
    }

    /// Says a value. Returns what it sent.
    pub(super) fn say(&mut self, value: f64) -> Message {
        let message = self.sign(value);
        self.client.publish(&message);
        message
    }
}

impl Viewer {
    /// On a plant, connected to a port.
    pub(super) fn start(defended: &Defended<'_>, plant: &Plant, port: u16, keys: Keys) -> Self {
        let session = plant.session().with_broker(format!("mqtt://127.0.0.1:{port}").parse().unwrap());
        Self::of(session.with_keys(keys).with_defences(defended.defences))
    }

    pub(super) fn of(session: SessionPlugin) -> Self {
        let mut app = App::new();
        app.add_plugins(MinimalPlugins).add_plugins(Headless { session });
        app.finish();
        app.cleanup();
        app.update();
        Self { app }
    }

    /// Frames until a condition holds.
    #[track_caller]
    pub(super) fn until(&mut self, what: &str, mut holds: impl FnMut(&World) -> bool) {
        let began = now();
        loop {
            self.app.update();
            if holds(self.app.world()) {
                return;
            }
            assert!(now().since(began) < PATIENCE, "waited in vain until {what}: {}", self.told());
            thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Until a signal's value is shown, which a device says as long as it is not.
    #[track_caller]
    pub(super) fn until_shown(&mut self, address: &str, value: f64, mut say: impl FnMut()) {
        let mut said = Timestamp::MIN;
        self.until("the device is heard", |world| {
            let shown = number(world, address) == value;
            if !shown && now().since(said) > AGAIN {
                said = now();
                say();
            }
            shown
        });
    }

    #[track_caller]
    pub(super) fn reading(&self, address: &str) -> Reading {
        reading(self.app.world(), address)
    }

    /// How many messages of a device were refused for a reason.
    pub(super) fn n_refused(&self, device: &str, reason: Reason) -> u64 {
        n_refused(self.app.world(), device, reason)
    }

    /// How many of a device's messages passed with some trust.
    pub(super) fn n_passed(&self, device: &str, trust: Trust) -> u64 {
        n_passed(self.app.world(), device, trust)
    }

    /// How often a signal had a value.
    pub(super) fn n_had(&self, address: &str, value: f64) -> usize {
        n_had(self.app.world(), address, value)
    }

    /// What verification has seen, for whoever looks at a failure.
    fn told(&self) -> String {
        let session = self.app.world().resource::<Session>();
        let (exhibits, all) = (session.book.exhibits(), session.book.all());
        let exhibits: Vec<String> = exhibits.iter().map(|it| format!("{}: {}", it.topic, it.detail)).collect();
        format!("{all:?} {exhibits:?}")
    }
}

impl Scene {
    /// The pump's true value is shown as verified.
    #[track_caller]
    pub(super) fn open(defended: Defended<'_>) -> Self {
        Self::on(defended, Plant::new(), defended.broker.port)
    }

    /// The same on some plant, with the viewer at some port.
    #[track_caller]
    pub(super) fn on(defended: Defended<'_>, plant: Plant, port: u16) -> Self {
        let keys = plant.keys();
        Self::with(defended, plant, port, keys)
    }

    /// The same by some keys.
    #[track_caller]
    pub(super) fn with(defended: Defended<'_>, plant: Plant, port: u16, keys: Keys) -> Self {
        let mut pump = Device::new(&defended, plant.at("pump/speed"), &plant.keys.pump);
        pump.signs = plant.signs;
        let mut viewer = Viewer::start(&defended, &plant, port, keys);
        viewer.until_shown("pump/speed", TRUTH, || drop(pump.say(TRUTH)));
        let want = if plant.signs { Standing::Verified } else { Standing::Unsigned };
        assert_eq!(viewer.reading("pump/speed").standing, want);
        let attacker = Client::connect(defended.broker.port);
        let mut scene = Self { plant, pump, viewer, attacker, before: Default::default() };
        scene.arm();
        scene
    }

    /// What has happened until now is no part of the attack.
    #[track_caller]
    pub(super) fn arm(&mut self) {
        if !self.plant.signs {
            // Each said once: when the second is shown, nothing that was said before is under way.
            for value in [MARK, TRUTH] {
                self.pump.say(value);
                self.viewer.until("it is shown", |it| number(it, "pump/speed") == value);
            }
        }
        let (signs, last) = (self.plant.signs, self.pump.next().seq - 1);
        self.viewer.until("all that was said is heard", |it| {
            let heard = it.resource::<Session>().book.of("pump").last.and_then(|it| it.stamp);
            !signs || heard.is_some_and(|it| it.seq == last)
        });
        let refused = self.viewer.app.world().resource::<Session>().book.of("pump").n_refused;
        self.before = (refused, self.viewer.n_had("pump/speed", LIE));
    }

    /// The pump says what an attacker keeps, to say it again when it is a lie. Then it says the truth again.
    #[track_caller]
    pub(super) fn keep_a_word(&mut self) -> Message {
        let mut kept = None;
        self.viewer.until_shown("pump/speed", LIE, || kept = Some(self.pump.say(LIE)));
        self.viewer.until_shown("pump/speed", TRUTH, || drop(self.pump.say(TRUTH)));
        self.arm();
        kept.expect("it was said")
    }

    /// The attacker says again what the pump has said.
    #[track_caller]
    pub(super) fn replay(mut self, kept: &Message, reason: Reason) -> Outcome {
        let before = self.viewer.n_passed("pump", Trust::Verified);
        self.attacker.publish(kept);
        let again = |it: &World| n_passed(it, "pump", Trust::Verified) > before;
        self.viewer.until("the replay was judged", |it| again(it) || n_refused(it, "pump", reason) > 0);
        if again(self.viewer.app.world()) {
            return Outcome::succeeded("the same words were taken as verified once more");
        }
        self.outcome(reason)
    }

    /// The attacker says something in the pump's name.
    pub(super) fn attack(&mut self, payload: &[u8], signature: Option<&str>) {
        self.attacker.publish(&Message::new(&self.pump.topic.clone(), payload, signature));
    }

    /// Waits until the lie is shown on the pump, or was refused for a reason; and tells which.
    #[track_caller]
    pub(super) fn verdict(mut self, reason: Reason) -> Outcome {
        self.outcome(reason)
    }

    /// The same, to go on afterward.
    #[track_caller]
    pub(super) fn outcome(&mut self, reason: Reason) -> Outcome {
        self.outcome_at("pump/speed", "pump", TRUTH, reason)
    }

    /// The same of any signal.
    #[track_caller]
    pub(super) fn outcome_at(&mut self, address: &str, device: &str, truth: f64, reason: Reason) -> Outcome {
        let fooled = |world: &World| number(world, address) == LIE;
        let before = if device == "pump" { self.before.0.get(&reason).copied().unwrap_or_default() } else { 0 };
        self.viewer.until("the attack was judged", |it| fooled(it) || n_refused(it, device, reason) > before);
        // What was refused before it was shown is seen by the next frame at the latest.
        self.viewer.app.update();
        let reading = self.viewer.reading(address);
        if fooled(self.viewer.app.world()) {
            return Outcome::succeeded(format!("{LIE} was shown as {}", reading.standing.label()));
        }
        assert_eq!(reading.number(), Some(truth), "the true value stays");
        let n_had = if device == "pump" { self.before.1 } else { 0 };
        assert_eq!(self.viewer.n_had(address, LIE), n_had, "no trace of the lie is in the history");
        assert!(reading.standing >= Standing::Rejected, "it is marked: {:?}", reading.standing);
        Outcome::refused(reason)
    }
}

/// A reading by address.
#[track_caller]
pub(super) fn reading(world: &World, address: &str) -> Reading {
    let signal = world.resource::<CurrentSite>().signal_at(address).unwrap_or_else(|| panic!("no signal {address}")).id;
    world.resource::<Readings>().get(signal).clone()
}

/// A reading's value; NaN where there is none.
#[track_caller]
pub(super) fn number(world: &World, address: &str) -> f64 {
    reading(world, address).value.as_ref().and_then(Value::as_number).unwrap_or(f64::NAN)
}

pub(super) fn n_refused(world: &World, device: &str, reason: Reason) -> u64 {
    world.resource::<Session>().book.of(device).n_refused.get(&reason).copied().unwrap_or_default()
}

pub(super) fn n_passed(world: &World, device: &str, trust: Trust) -> u64 {
    world.resource::<Session>().book.of(device).n_passed.get(&trust).copied().unwrap_or_default()
}

pub(super) fn n_had(world: &World, address: &str, value: f64) -> usize {
    let signal = world.resource::<CurrentSite>().signal_at(address).unwrap().id;
    let points = world.resource::<Session>().history.samples(signal, Timestamp::MIN, Timestamp::MAX);
    points.iter().filter(|it| it.value == value).count()
}
