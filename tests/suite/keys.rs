//! Keys and signatures: made and changed by the binary, kept by devices, gate and desktop over a real Mosquitto.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use bevy::prelude::*;
use pollux::command::gate::{DESKTOP_USER, accesses};
use pollux::command::{Cause, CommandLog, GateState, Operator, Phase, Topics};
use pollux::field::{Field, FieldKeys, FieldOptions};
use pollux::link::{self, Link, LinkOptions, Publish};
use pollux::session::recording::{About, RecorderOptions};
use pollux::session::{Again, Keys, KeysAt, Session, SessionPlugin, VerifyAgain};
use pollux::site::Site;
use pollux::trust::{
    ANSWER_TYPE, Anchor, BESIDE_TYPE, Pen, Proof, Reason, Registry, SIGNATURE_PROPERTY, SecretKey, Step, Trust,
    exchange, secret_file,
};
use pollux::twin::Standing;

use crate::harness::{Gate, Mosquitto, TestTwin, accounts, load, login_of, number, reading, site_path, wait_until};

pub(crate) const SPEED: &str = "bench.pump/speed";

/// The gated bench, whose pump signs, with keys of its own.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
    pub(crate) site: Arc<Site>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gated/site.ron");
        fs::create_dir(path.parent().unwrap()).unwrap();
        let text = fs::read_to_string(site_path("gated")).unwrap();
        let signing = text.replace(r#"(id: "bench-pump","#, r#"(id: "bench-pump", signing: Required,"#);
        assert_ne!(signing, text);
        fs::write(&path, signing).unwrap();
        let site = load(&path).0;
        let place = Self { folder, path, site };
        let made = place.pollux(&["new", &place.beside(""), "--site", &place.path.display().to_string()]);
        assert!(made.status.success(), "{made:?}");
        place
    }

    pub(crate) fn beside(&self, name: &str) -> String {
        self.path.with_file_name(name).display().to_string()
    }

    fn pollux(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pollux"));
        command.arg("keys").args(arguments).env("XDG_DATA_HOME", self.folder.path()).output().unwrap()
    }

    /// Changes the registry.
    #[track_caller]
    fn change(&self, what: &str, more: &[&str]) -> String {
        let file = self.beside("keys.ron");
        let output = self.pollux(&[&[what, &file], more].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], want: &str) {
        let output = self.pollux(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(want), "{output:?}");
    }

    pub(crate) fn secret(&self, owner: &str) -> SecretKey {
        SecretKey::load(&secret_file(Path::new(&self.beside("secret")), owner)).unwrap()
    }

    fn registry(&self) -> Arc<Registry> {
        Arc::new(Registry::load(Path::new(&self.beside("keys.ron")), Anchor::default()).unwrap())
    }

    fn field(&self, broker: &Mosquitto) -> Field {
        let secrets = HashMap::from([("bench-pump".to_owned(), self.secret("bench-pump"))]);
        let keys = FieldKeys { secrets, registry: Some(self.registry()) };
        let logins: HashMap<_, _> =
            accesses(&self.site).into_iter().map(|it| (it.user.clone(), login_of(&it.user))).collect();
        let url = broker.url().parse().unwrap();
        Field::start_signing(self.site.clone(), url, FieldOptions::default(), logins, keys).unwrap()
    }

    fn twin(&self, broker: &Mosquitto) -> TestTwin {
        TestTwin::of(self.session(broker))
    }

    pub(crate) fn session(&self, broker: &Mosquitto) -> SessionPlugin {
        let (site, ids) = load(&self.path);
        let at = KeysAt { file: None, authority: None, store: &self.folder.path().join("trust.redb") };
        let keys = Keys::find(&self.path, &site, at).unwrap();
        SessionPlugin::new(self.path.clone(), site, ids)
            .with_broker(broker.url().parse().unwrap())
            .with_login(Some(login_of(DESKTOP_USER)))
            .with_keys(keys)
    }

    /// Everybody at once: a gate, and an operator who is signed in.
    fn gated(&self, broker: &Mosquitto) -> (Gate, TestTwin) {
        let gate = Gate::start(&self.path, &broker.url());
        let mut twin = self.twin(broker);
        twin.app.insert_resource(Operator::of(accounts()));
        twin.sign_in("operator");
        twin.until("the gate is there", |it| it.resource::<GateState>().is_present());
        (gate, twin)
    }
}

fn n_refused(world: &World, reason: Reason) -> u64 {
    world.resource::<Session>().book.of("bench-pump").n_refused.get(&reason).copied().unwrap_or_default()
}

fn standing(world: &World) -> Standing {
    reading(world, SPEED).standing
}

fn newest(world: &World) -> &pollux::command::CommandRow {
    world.resource::<CommandLog>().rows.last().unwrap()
}

#[test]
fn keys_are_made_once_each_their_owners_alone_and_every_change_is_signed() {
    let place = Place::new();
    let file = place.beside("keys.ron");
    let list = place.change("list", &[]);
    assert!(list.contains("bench-pump") && list.contains("gate ") && list.contains("version 1"), "{list}");
    assert!(!list.contains("bench-door"), "what does not sign has no key: {list}");
    place.refused(&["new", &place.beside(""), "--site", &place.path.display().to_string()], "is not written over");
    #[cfg(unix)]
    for file in ["authority.key", "secret/gate.key", "secret/bench-pump.key"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(place.beside(file)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{file}");
    }
    let exported: serde_json::Value = serde_json::from_str(&place.change("export", &["--of", "gate"])).unwrap();
    let gate = place.secret("gate").public().to_string();
    assert_eq!((&exported["keys"][0]["key"], exported["keys"].as_array().unwrap().len()), (&gate.into(), 1));
    let site = place.path.display().to_string();
    assert!(place.pollux(&["check", &file, "--site", &site]).status.success());
    place.refused(&["revoke", &file, "nobody", "--why", "x"], "no key and no owner");
    place.refused(&["rotate", &file, "nobody"], "nobody has no key");
    let other = place.beside("secret/gate.key");
    place.refused(&["revoke", &file, "gate", "--why", "x", "--authority", &other], "name the authority's");
    place.refused(&["check", &file, "--authority", &place.secret("gate").public().to_string()], "not known here");

    place.change("revoke", &["gate", "--why", "stolen"]);
    let checked = place.pollux(&["check", &file, "--site", &site]);
    assert!(!checked.status.success() && String::from_utf8_lossy(&checked.stdout).contains("gate has no good key"));
    // What somebody else wrote into it nobody signs by the way.
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("bench-pump", "bench-door")).unwrap();
    place.refused(&["list", &file], "is not what its authority signed");
    place.refused(&["rotate", &file, "bench-door"], "is not what its authority signed");
    // But one who means to, says so.
    assert!(place.change("sign", &[]).contains("version 3"));
    assert!(place.change("list", &[]).contains("bench-door"));
    assert!(place.change("sign", &[]).contains("signed already"));
}

#[test]
fn a_rotated_key_overlaps_a_revoked_one_is_refused_and_an_old_registry_is_not_taken_back() {
    let place = Place::new();
    let broker = Mosquitto::guarded(&place.site);
    let field = place.field(&broker);
    let mut twin = place.twin(&broker);
    twin.until("it is verified", |it| standing(it) == Standing::Verified);
    let first = fs::read(place.beside("keys.ron")).unwrap();
    let old_key = place.secret("bench-pump").public().id();

    let told = place.change("rotate", &["bench-pump"]);
    assert!(told.contains("version 2") && told.contains("is good until"), "{told}");
    let version = |it: &World| it.resource::<Session>().registry.as_ref().map_or(0, |it| it.doc().version);
    twin.until("the new registry is taken over", |it| version(it) == 2);
    twin.until("the old key is still good", |it| {
        let speed = reading(it, SPEED);
        speed.proof.key == Some(old_key) && speed.standing == Standing::Verified
    });
    // The device begins anew, with its new key.
    drop(field);
    let field = place.field(&broker);
    let new_key = place.secret("bench-pump").public().id();
    assert_ne!(old_key, new_key);
    twin.until("the new key is taken", |it| {
        reading(it, SPEED).proof.key == Some(new_key) && (number(it, SPEED) - 1000.0).abs() < 5.0
    });

    place.change("revoke", &["bench-pump", "--why", "stolen"]);
    twin.until("what it says is refused", |it| standing(it) == Standing::Rejected);
    let refused = reading(twin.app.world(), SPEED).refused.unwrap();
    assert_eq!(refused.reason, Reason::Revoked);
    assert!((number(twin.app.world(), SPEED) - 1000.0).abs() < 20.0, "the last good value stays");

    // Somebody lays the first registry there again, in which the key is good.
    fs::write(place.beside("keys.ron"), first).unwrap();
    twin.until("it is not taken", |it| {
        it.resource::<Session>().keys_problem.as_ref().is_some_and(|it| it.contains("version 3 of the same authority"))
    });
    assert_eq!(version(twin.app.world()), 3);
    let before = reading(twin.app.world(), SPEED).refused.unwrap().count;
    twin.until("it is refused as before", |it| reading(it, SPEED).refused.unwrap().count > before + 3);
    drop((field, twin));
    // Nor is it by a program that begins then.
    let at = KeysAt { file: None, authority: None, store: &place.folder.path().join("trust.redb") };
    let error = Keys::find(&place.path, &place.site, at).unwrap_err().to_string();
    assert!(error.contains("version 3 of the same authority was seen before"), "{error}");
}

#[test]
fn a_registry_that_is_laid_there_while_the_program_runs_holds_from_then_on_and_is_remembered() {
    let place = Place::new();
    let (file, away) = (place.beside("keys.ron"), place.beside("away.ron"));
    let broker = Mosquitto::guarded(&place.site);
    let _field = place.field(&broker);
    fs::rename(&file, &away).unwrap();
    let mut twin = place.twin(&broker);
    twin.until("it is there, unsigned", |it| standing(it) == Standing::Unsigned);
    assert!(twin.app.world().resource::<Session>().registry.is_none());
    fs::rename(&away, &file).unwrap();
    twin.until("it is verified", |it| standing(it) == Standing::Verified);
    drop(twin);
    fs::remove_file(&file).unwrap();
    let at = KeysAt { file: None, authority: None, store: &place.folder.path().join("trust.redb") };
    let error = Keys::find(&place.path, &place.site, at).unwrap_err().to_string();
    assert!(error.contains("version 1 of this site's registry of keys was seen before"), "{error}");
}

#[test]
fn a_device_obeys_the_gate_alone_and_a_spoofed_last_will_stops_nothing() {
    let place = Place::new();
    let broker = Mosquitto::guarded(&place.site);
    let field = place.field(&broker);
    let (gate, mut twin) = place.gated(&broker);
    twin.until("the pump is at speed", |it| (number(it, SPEED) - 1000.0).abs() < 5.0);
    twin.ask(SPEED, 950.0, false);
    twin.until_newest_is(Phase::Confirmed);
    assert_eq!(field.tally().answered, 1);
    twin.until("answers have left no gap", |it| standing(it) == Standing::Verified);

    // Whoever has the gate's login at the broker has not its key.
    assert!(broker.publish_as("gate", "bench/pump/set/run", b"false", &[]));
    wait_until("the device has answered", || field.tally().answered == 2);
    twin.until("the pump runs on", |it| (number(it, SPEED) - 950.0).abs() < 5.0);

    // What nobody signed is no ground for a command that starts something.
    twin.until("the door says that it is shut", |it| {
        assert!(broker.publish_as("bench-door", "bench/door/shut", b"true", &[]));
        reading(it, "bench.door/shut").value.is_some()
    });
    twin.ask("bench.pump/run", true, false);
    let row = twin.until_newest_is(Phase::Rejected);
    assert_eq!(row.cause, Some(Cause::BlockedByInterlocking));
    assert!(row.reason.as_ref().unwrap().contains("unsigned"), "{row:?}");

    // A device that is there does not go by being said to.
    assert!(broker.publish_as("bench-pump", "bench/pump/status", b"offline", &["-r"]));
    let before = reading(twin.app.world(), SPEED).at;
    twin.until("it has said more since", |it| reading(it, SPEED).at.secs_since(before) > 1.0);
    twin.ask(SPEED, 900.0, false);
    twin.until_newest_is(Phase::Confirmed);
    // Its real last will does.
    drop(field);
    twin.until("nothing comes any more", |it| standing(it) == Standing::Stale);
    twin.ask("bench.pump/run", false, false);
    assert_eq!(twin.until_newest_is(Phase::Rejected).cause, Some(Cause::BlockedByProcess));
    drop(gate);
}

#[test]
fn a_program_that_begins_again_believes_at_once_what_it_believed_before() {
    let place = Place::new();
    let broker = Mosquitto::guarded(&place.site);
    let _field = place.field(&broker);
    for _ in 0..3 {
        let mut twin = place.twin(&broker);
        twin.until("something came", |it| reading(it, SPEED).value.is_some() || reading(it, SPEED).refused.is_some());
        assert_eq!(standing(twin.app.world()), Standing::Verified);
        assert!(twin.app.world().resource::<Session>().store.is_some());
    }
}

/// What the pump says of its speed now, and its signature.
fn measured(pen: &mut Pen, speed: f64) -> (String, String) {
    let now = link::now();
    let millis = now.as_nanos() / 1_000_000;
    let payload = format!(r#"{{"t":{millis},"speed":{speed},"set":{speed},"running":true,"purging":false}}"#);
    let signature = pen.sign(BESIDE_TYPE, "bench/pump/state", now, payload.as_bytes());
    (payload, signature)
}

#[test]
fn what_is_signed_from_an_edit_of_the_site_on_is_booked_and_kept_like_all_else() {
    let place = Place::new();
    let broker = Mosquitto::guarded(&place.site);
    let field = place.field(&broker);
    let signed = fs::read_to_string(&place.path).unwrap();
    fs::write(&place.path, signed.replace("signing: Required, ", "")).unwrap();
    let mut twin = place.twin(&broker);
    twin.until("nobody has it signed", |it| standing(it) == Standing::Unsigned);
    fs::write(&place.path, signed).unwrap();
    twin.until("it is verified", |it| standing(it) == Standing::Verified);
    assert!(broker.publish_as("bench-pump", "bench/pump/state", br#"{"speed":66}"#, &[]));
    twin.until("what nobody signed is told", |it| n_refused(it, Reason::NotSigned) > 0);
    let session = twin.app.world().resource::<Session>();
    assert!(session.book.of("bench-pump").last.is_some());
    let key = place.secret("bench-pump").public().id();
    drop((field, twin));
    // Whoever begins again knows what was heard.
    let at = KeysAt { file: None, authority: None, store: &place.folder.path().join("trust.redb") };
    let mut heard = false;
    wait_until("the store is let go", || {
        let store = Keys::find(&place.path, &place.site, at).unwrap().store;
        heard = store.as_ref().is_some_and(|it| it.windows(link::now()).contains_key(&key));
        store.is_some()
    });
    assert!(heard);
}

/// A device that says only what a test has it say.
pub(crate) struct Device {
    link: Link,
    samples: Pen,
    answers: Pen,
}

impl Device {
    pub(crate) fn new(place: &Place, broker: &Mosquitto) -> Self {
        let (link, arrivals) = link::connect(LinkOptions {
            url: broker.url().parse().unwrap(),
            client_id: "bench-pump".to_owned(),
            filters: Vec::new(),
            arrivals_capacity: 1,
            allow_insecure: false,
            login: Some(login_of("bench-pump")),
            tls: None,
            will: None,
        })
        .unwrap();
        drop(arrivals);
        wait_until("the device is connected", || link.is_connected());
        let key = place.secret("bench-pump");
        Self { link, samples: Pen::new(key.clone(), 1), answers: Pen::new(key, 1) }
    }

    pub(crate) fn measure(&mut self, speed: f64) {
        let (payload, signature) = measured(&mut self.samples, speed);
        self.say("bench/pump/state", payload, None, signature);
    }

    /// The same, signed by whoever has its key.
    pub(crate) fn measure_with(&self, pen: &mut Pen, speed: f64) {
        let (payload, signature) = measured(pen, speed);
        self.say("bench/pump/state", payload, None, signature);
    }

    fn answer(&mut self, topic: &str, payload: &str, correlation: &str) {
        let spoken = exchange(payload.as_bytes(), correlation.as_bytes(), None);
        let signature = self.answers.sign(ANSWER_TYPE, topic, link::now(), &spoken);
        self.say(topic, payload.to_owned(), Some(correlation), signature);
    }

    fn say(&self, topic: &str, payload: String, correlation: Option<&str>, signature: String) {
        let publish = Publish {
            topic: topic.to_owned(),
            payload: payload.into(),
            correlation: correlation.map(|it| it.to_owned().into()),
            user: vec![(SIGNATURE_PROPERTY.to_owned(), signature)],
            ..Publish::default()
        };
        self.link.publish(publish).unwrap();
    }
}

#[test]
fn a_spoofed_answer_accepts_nothing_and_is_told_and_written_down() {
    let place = Place::new();
    let broker = Mosquitto::guarded(&place.site);
    let answers = Topics::of(&place.site).answers;
    let (gate, mut twin) = place.gated(&broker);
    let mut device = Device::new(&place, &broker);
    twin.until("the device is believed", |it| {
        device.measure(1000.0);
        standing(it) == Standing::Verified
    });
    twin.ask(SPEED, 950.0, false);
    twin.until("it is sent", |it| {
        device.measure(1000.0);
        newest(it).phase == Phase::Sent
    });
    let correlation = newest(twin.app.world()).correlation.clone();
    let as_answer = ["-D", "publish", "correlation-data", &correlation];
    assert!(broker.publish_as("bench-door", &answers, br#"{"state":"accepted"}"#, &as_answer));
    twin.until("it is told of", |it| {
        device.measure(1000.0);
        newest(it).notes.iter().any(|it| it.contains("in the name of bench-pump was refused, not signed"))
    });
    assert_eq!(newest(twin.app.world()).phase, Phase::Sent);
    assert!(gate.audit().iter().any(|it| {
        it["id"] == correlation.as_str() && it["reason"].as_str().is_some_and(|it| it.contains("in the name of"))
    }));
    device.answer(&answers, r#"{"state":"accepted"}"#, &correlation);
    twin.until_newest_is(Phase::Accepted);
    twin.until("it is confirmed", |it| {
        device.measure(950.0);
        newest(it).phase == Phase::Confirmed
    });
}

#[test]
fn what_is_said_in_the_gates_name_changes_nothing_on_the_desktop() {
    let place = Place::new();
    let broker = Mosquitto::guarded(&place.site);
    let topics = Topics::of(&place.site);
    let field = place.field(&broker);
    let (gate, mut twin) = place.gated(&broker);
    twin.until("the pump is at speed", |it| (number(it, SPEED) - 1000.0).abs() < 5.0);
    twin.ask(SPEED, 950.0, false);
    let row = twin.until_newest_is(Phase::Confirmed);
    let event = format!(
        r#"{{"id":"{}","phase":"failed","at":1,"asked":1,"command":"bench.pump/purge","value":true,"who":"operator"}}"#,
        uuid::Uuid::now_v7()
    );
    let key = twin.app.world().resource::<GateState>().key();
    let status = format!(r#"{{"state":"online","key":"{}","demo":true}}"#, SecretKey::generate().public());
    assert!(broker.publish_as("gate", &topics.events, event.as_bytes(), &[]));
    assert!(broker.publish_as("gate", &topics.status, status.as_bytes(), &["-r"]));
    twin.until("both are refused", |it| it.resource::<GateState>().refused().is_some_and(|it| it.0 == 2));
    let world = twin.app.world();
    assert_eq!(world.resource::<CommandLog>().rows.len(), 1);
    assert_eq!(newest(world).correlation, row.correlation);
    let state = world.resource::<GateState>();
    assert!(state.is_present() && !state.is_demo() && state.key() == key);
    // What the broker keeps is the gate's own again: who comes later finds it there.
    drop(twin);
    fs::remove_file(place.folder.path().join("trust.redb")).unwrap();
    let mut later = place.twin(&broker);
    later.until("the gate is there", |it| it.resource::<GateState>().is_present());
    assert_eq!(later.app.world().resource::<GateState>().key(), key);
    drop((gate, field));
}

#[test]
fn a_reading_is_verified_again_from_the_bytes_of_the_recording() {
    let place = Place::new();
    let broker = Mosquitto::guarded(&place.site);
    let _field = place.field(&broker);
    let about = About { site: place.site.name.clone(), began: link::now(), ..About::default() };
    let path = place.folder.path().join("session.mcap");
    let recorder = RecorderOptions { path, about, ..RecorderOptions::default() };
    let mut twin = TestTwin::of(place.session(&broker).with_recorder(recorder));
    // Not the first one: something was heard before it.
    twin.until("it is verified", |it| {
        standing(it) == Standing::Verified && it.resource::<Session>().tally.snapshot().samples > 40
    });
    let signal = place.site.signal_at(SPEED).unwrap().id;
    let speed = twin.reading(SPEED);
    let ask = |proof| VerifyAgain { signal, received: speed.received, proof };
    let found = |twin: &mut TestTwin, asked: VerifyAgain| {
        let answered = asked.clone();
        twin.app.world_mut().write_message(asked);
        twin.until("it was verified again", |it| {
            it.resource::<Again>().0.as_ref().is_some_and(|it| it.asked == answered && it.found.is_some())
        });
        twin.app.world().resource::<Again>().0.clone().unwrap().found.unwrap()
    };
    let again = found(&mut twin, ask(speed.proof)).unwrap();
    assert!(again.same, "{again:?}");
    assert_eq!((again.value.clone(), again.proof), (speed.value.clone(), Some(speed.proof)));
    assert_eq!(again.steps.last().map(|it| (it.0, it.1.is_ok())), Some((Step::Schema, true)), "{again:?}");
    // Where something else was told of it, that is seen.
    let told = Proof { trust: Trust::Unsigned, key: None, gap: 0 };
    assert!(!found(&mut twin, ask(told)).unwrap().same);
    // What never came cannot be verified.
    let nothing = VerifyAgain { received: speed.received - std::time::Duration::from_secs(3600), ..ask(speed.proof) };
    assert!(found(&mut twin, nothing).unwrap_err().contains("does not hold its message"));
}
