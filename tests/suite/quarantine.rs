//! A person isolates a twin: what that does to readings, alarms and commands, live and in the recording.

use std::path::Path;
use std::sync::Arc;

use bevy::prelude::*;
use pollux::command::{Live, Operator, Verdict, What as Checked, Who, rehearse};
use pollux::guard::{AskIsolate, AskRelease, QuarantineRefused, Taint, TrustOf};
use pollux::judge::{AlarmEvent, AlarmState, Alarms, Truth, What, examine};
use pollux::link;
use pollux::session::recording::{About, Item, RecorderOptions, Recording};
use pollux::session::{CurrentSite, Cursor, Seek, Session, SessionPlugin};
use pollux::signal::{Timestamp, Value};
use pollux::site::TwinId;
use pollux::site::doc::Role;
use pollux::trust;
use pollux::twin::{Newest, Quarantine, QuarantineEvent, ReadingState, Standing, quarantine_event};

use crate::harness::{Mosquitto, TestTwin, accounts, load, number, reading, site_path};

const SITE: &str = "boiler_house";
const PRESSURE: &str = "house.boiler/pressure";
const HIGH: &str = "house.boiler/pressure_high";
const MODE: &str = "house.boiler/mode";

fn recorded(broker: &Mosquitto, file: &Path) -> TestTwin {
    let path = site_path(SITE);
    let (site, ids) = load(&path);
    let about = About { site: site.name.clone(), began: link::now(), ..About::default() };
    let options = RecorderOptions { path: file.to_owned(), about, files: Vec::new(), ..RecorderOptions::default() };
    let session = SessionPlugin::new(path, site, ids).with_broker(broker.url().parse().unwrap());
    let mut twin = TestTwin::of(session.with_recorder(options));
    twin.app.insert_resource(Operator::of(accounts()));
    twin.sign_in("engineer");
    twin.until("the link is there", |it| it.resource::<Session>().link.as_ref().is_some_and(link::Link::is_connected));
    twin.until("what is published comes", |it| {
        broker.publish("boiler/mode", "remote");
        it.resource::<Session>().tally.snapshot().samples > 0
    });
    twin
}

fn twin_id(world: &World, address: &str) -> TwinId {
    world.resource::<CurrentSite>().twin_at(address).unwrap().id
}

fn isolate(twin: &mut TestTwin, address: &str, why: &str) {
    let id = twin_id(twin.app.world(), address);
    twin.app.world_mut().write_message(AskIsolate { twin: id, why: why.to_owned() });
}

fn release(twin: &mut TestTwin, address: &str, why: &str) {
    let id = twin_id(twin.app.world(), address);
    twin.app.world_mut().write_message(AskRelease { twin: id, why: why.to_owned() });
}

fn truth(world: &World) -> (AlarmState, Truth) {
    let alarm = world.resource::<CurrentSite>().alarm_at(HIGH).unwrap().id;
    let life = world.resource::<Alarms>().get(alarm).unwrap();
    (life.state, life.truth)
}

fn why_not(twin: &mut TestTwin, ask: impl FnOnce(&mut TestTwin)) -> String {
    let mut refused = twin.app.world_mut().resource_mut::<Messages<QuarantineRefused>>().get_cursor_current();
    ask(twin);
    twin.app.update();
    let messages = twin.app.world().resource::<Messages<QuarantineRefused>>();
    let all: Vec<String> = refused.read(messages).map(|it| it.why.to_string()).collect();
    all.join("; ")
}

/// A pressure that is usual, a boiler that is isolated, a pressure that is not, and a boiler that is released. Returns what
/// was raised live.
fn live_through(file: &Path) -> Vec<AlarmEvent> {
    let broker = Mosquitto::start();
    let mut twin = recorded(&broker, file);
    let drum = |pressure: f64| broker.publish("boiler/drum", &format!("{{\"pressure\": {pressure}}}"));
    let mut n = 0;
    twin.until("some pressures have come", |it| {
        n += 1;
        drum(if n % 2 == 0 { 5.0 } else { 6.0 });
        n > 6 && truth(it).1 == Truth::Normal
    });
    isolate(&mut twin, "house.boiler", "its readings do not fit the burner's");
    twin.until("it is unknown", |it| {
        drum(15.0);
        truth(it).1 == Truth::Unknown
    });
    let pressure = twin.reading(PRESSURE);
    assert_eq!((pressure.state, pressure.standing), (ReadingState::Isolated, Standing::Quarantined));
    let estimate = pressure.number().unwrap();
    assert!((5.0..=6.0).contains(&estimate), "{estimate}");
    assert_eq!(
        &*pressure.estimate.unwrap().0,
        "median of the last 10 minutes before it was isolated, which nobody signed"
    );
    let mode = twin.reading(MODE);
    assert_eq!((mode.value, mode.estimate.is_some()), (Some(Value::Text("remote".into())), true));
    // What comes meanwhile is in the history, and on no screen.
    let signal = twin.app.world().resource::<CurrentSite>().signal_at(PRESSURE).unwrap().id;
    let newest = |it: &World| it.resource::<Session>().history.newest(signal).map(|it| it.value);
    twin.until("a wild pressure has come", |it| newest(it) == Some(15.0));
    assert_eq!(twin.reading(PRESSURE).number(), Some(estimate));
    assert_eq!(truth(twin.app.world()), (AlarmState::Normal, Truth::Unknown));
    // What relies on it says so, and by which way.
    let world = twin.app.world();
    let taint = world.resource::<Taint>();
    let alarm = world.resource::<CurrentSite>().alarm_at(HIGH).unwrap().id;
    assert_eq!(taint.of_alarm(alarm).map(|it| it.culprit), Some(signal));
    assert!(taint.of_twin(twin_id(world, "house.boiler")).is_some());
    assert_eq!(taint.of_twin(twin_id(world, "house.pump")), None);
    let trusted = world.resource::<TrustOf>().of(twin_id(world, "house"));
    assert_eq!(trusted.worst, Some(Standing::Quarantined));

    release(&mut twin, "house.boiler", "the gauge was changed");
    twin.until("what comes is seen again, and raises", |it| {
        drum(15.0);
        truth(it) == (AlarmState::Unacknowledged, Truth::Active) && number(it, PRESSURE) == 15.0
    });
    assert_eq!(twin.reading(PRESSURE).estimate, None);
    assert_eq!(twin.app.world().resource::<Taint>().n(), 0);
    // Looked back at, it is isolated again, as it was.
    let at = twin.app.world().resource::<Quarantine>().journal()[0].at();
    twin.app.world_mut().write_message(Seek::To(at));
    twin.until("the cursor is there", |it| it.resource::<Cursor>().at == at);
    assert_eq!(twin.reading(PRESSURE).number(), Some(estimate));
    twin.app.world_mut().write_message(Seek::Live);
    twin.until("it is now again", |it| number(it, PRESSURE) == 15.0);
    let journal = twin.app.world().resource::<Alarms>().journal().to_vec();
    let high = twin.app.world().resource::<CurrentSite>().alarm_at(HIGH).unwrap().id;
    let raised: Vec<&AlarmEvent> = journal.iter().filter(|it| it.alarm == high && it.what == What::Raised).collect();
    assert!(raised.len() == 1 && raised[0].known > at, "{raised:?}");
    journal
}

#[test]
fn an_isolated_twin_feeds_nothing_and_the_replay_shows_it_so_at_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("day.mcap");
    let live = live_through(&file);
    let recording = Arc::new(Recording::open(&file).unwrap());
    let (site, ids) = load(&site_path(SITE));
    let mut found = Vec::new();
    let (_, lost) = examine(&recording, &site, |finds| {
        found.extend(finds.events);
        true
    });
    assert_eq!(lost, Vec::<String>::new());
    assert_eq!(found[..live.len()], live[..]);

    let items = (0..recording.n_chunks()).flat_map(|it| recording.items(it).0);
    let docs = items.filter_map(|it| if let Item::Audit(doc) = it { Some(doc) } else { None });
    let acts: Vec<QuarantineEvent> = docs.filter_map(|it| quarantine_event(&it, &site)).collect();
    let [QuarantineEvent::Isolated(isolation), QuarantineEvent::Released(released)] = &acts[..] else {
        panic!("{acts:?}");
    };
    assert_eq!((&*isolation.who, &*isolation.why), ("engineer", "its readings do not fit the burner's"));
    assert_eq!((&*released.who, &*released.why), ("engineer", "the gauge was changed"));

    let session = SessionPlugin::new(site_path(SITE), site, ids).with_replay(Arc::clone(&recording));
    let mut replay = TestTwin::of(session);
    replay.app.world_mut().write_message(Seek::Pause);
    let mut at = |at: Timestamp| {
        replay.app.world_mut().write_message(Seek::To(at));
        replay.until("the cursor is there, and all is read", |it| {
            let session = it.resource::<Session>();
            it.resource::<Cursor>().at == at && !session.is_reading()
        });
        let pressure = replay.reading(PRESSURE);
        (pressure.standing == Standing::Quarantined, pressure.value)
    };
    let estimate = isolation.estimates.values().next().unwrap().value.clone();
    let before = |it: Timestamp| Timestamp::from_nanos(it.as_nanos() - 1);
    assert!(!at(before(isolation.at)).0);
    assert_eq!(at(isolation.at), (true, Some(estimate.clone())));
    assert_eq!(at(before(released.at)), (true, Some(estimate)));
    assert!(!at(released.at).0);
    // Nobody isolates what is over.
    let why = why_not(&mut replay, |it| isolate(it, "house.pump", "too late"));
    assert_eq!(why, "this is a recording: nothing can be isolated or released");
}

#[test]
fn only_who_may_isolates_and_only_with_a_reason() {
    let mut twin = TestTwin::of({
        let (site, ids) = load(&site_path(SITE));
        SessionPlugin::new(site_path(SITE), site, ids)
    });
    twin.app.insert_resource(Operator::of(accounts()));
    let why = why_not(&mut twin, |it| isolate(it, "house.boiler", "it lies"));
    assert_eq!(why, "nobody is signed in: sign in to isolate a twin, or to release one");
    twin.sign_in("operator");
    let why = why_not(&mut twin, |it| isolate(it, "house.boiler", "it lies"));
    assert!(why.starts_with("an operator may not isolate a twin"), "{why}");
    twin.sign_in("engineer");
    assert_eq!(why_not(&mut twin, |it| isolate(it, "house.boiler", "  ")), "it takes a reason");
    assert_eq!(why_not(&mut twin, |it| release(it, "house.boiler", "by mistake")), "it is not isolated");
    assert_eq!(why_not(&mut twin, |it| isolate(it, "house", "it lies")), "");
    assert_eq!(why_not(&mut twin, |it| isolate(it, "house", "it lies")), "it is isolated already");
    let why = "it is isolated already, as a part of Boiler house";
    assert_eq!(why_not(&mut twin, |it| isolate(it, "house.boiler", "it lies")), why);
    assert_eq!(why_not(&mut twin, |it| release(it, "house.boiler", "by mistake")), why);
    let quarantine = twin.app.world().resource::<Quarantine>();
    let boiler = twin_id(twin.app.world(), "house.boiler");
    assert!(quarantine.isolation_of(twin.app.world().resource::<CurrentSite>(), boiler).is_some());
    assert_eq!(why_not(&mut twin, |it| release(it, "house", "by mistake")), "");
    assert!(twin.app.world().resource::<Quarantine>().all().is_empty());
    // Of what never came there is no estimate, and no value.
    assert_eq!(twin.reading(PRESSURE).state, ReadingState::NeverSeen);
}

#[test]
fn a_command_does_not_rely_on_what_is_isolated() {
    let broker = Mosquitto::start();
    let path = site_path("gated");
    let mut twin = TestTwin::connected(&path, &broker.url());
    twin.app.insert_resource(Operator::of(accounts()));
    twin.sign_in("engineer");
    let shut = |it: &World| {
        broker.publish("bench/door/shut", "true");
        broker.publish("bench/pump/state", r#"{"speed": 900, "running": false, "set": 900, "purging": false}"#);
        reading(it, "bench.door/shut").state == ReadingState::Fresh
            && reading(it, "bench.pump/speed").state == ReadingState::Fresh
    };
    twin.until("the door is shut", shut);
    let interlock = |it: &World| {
        let (site, session) = (it.resource::<CurrentSite>(), it.resource::<Session>());
        let look = Live {
            site,
            newest: it.resource::<Newest>(),
            history: &session.history,
            offline: &std::collections::HashMap::new(),
            has_keys: false,
            now: link::now(),
        };
        let command = site.command_at("bench.pump/run").unwrap();
        let who = Some(Who { role: Role::Engineer, standing: trust::Standing::Reentered });
        let checks = rehearse(site, command, &true.into(), who, &[], &look);
        checks.into_iter().find(|it| it.what == Checked::Interlock).unwrap()
    };
    twin.until("the interlock holds", |it| shut(it) && interlock(it).verdict == Verdict::Passed);
    isolate(&mut twin, "bench.door", "the switch was bridged");
    twin.app.update();
    let door = twin.reading("bench.door/shut");
    assert_eq!((door.state, door.value), (ReadingState::Isolated, Some(Value::Flag(true))));
    let check = interlock(twin.app.world());
    assert_eq!((check.verdict, check.saw.as_str()), (Verdict::Unknown, "bench.door/shut = isolated by a person"));
    // What was asked is not even sent on.
    twin.ask("bench.pump/run", true, false);
    twin.app.update();
    let reason = twin.newest().reason.clone().unwrap_or_default();
    assert!(reason.contains("bench.door/shut is isolated"), "{reason}");
}
