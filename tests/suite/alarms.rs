//! Alarms from a broker to the journal, and the same found again in the recording.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use bevy::prelude::*;
use pollux::judge::{
    AlarmEvent, AlarmLife, AlarmRaised, AlarmRefused, AlarmRequest, AlarmState, Alarms, Refusal, What, event_of,
    examine,
};
use pollux::link;
use pollux::session::recording::{About, Item, RecorderOptions, Recording};
use pollux::session::{CurrentSite, Cursor, Seek, Session, SessionPlugin};
use pollux::signal::Timestamp;
use pollux::site::{AlarmId, Site};
use pollux::twin::{Health, Level, TwinIndex};

use crate::harness::{Mosquitto, TestTwin, load, site_path};

const SITE: &str = "boiler_house";

fn recorded(broker: &Mosquitto, file: &Path) -> TestTwin {
    let path = site_path(SITE);
    let (site, ids) = load(&path);
    let about = About { site: site.name.clone(), began: link::now(), ..About::default() };
    let options = RecorderOptions { path: file.to_owned(), about, files: Vec::new(), ..RecorderOptions::default() };
    let session = SessionPlugin::new(path, site, ids).with_broker(broker.url().parse().unwrap());
    let mut twin = TestTwin::of(session.with_recorder(options));
    twin.until("the link is there", |it| it.resource::<Session>().link.as_ref().is_some_and(link::Link::is_connected));
    // A subscription is not there with the connection: a value that comes shows that it is.
    twin.until("what is published comes", |it| {
        broker.publish("boiler/mode", "remote");
        it.resource::<Session>().tally.snapshot().samples > 0
    });
    twin
}

fn site_of(twin: &TestTwin) -> Arc<Site> {
    Arc::clone(&twin.app.world().resource::<CurrentSite>().0)
}

fn id(world: &World, address: &str) -> AlarmId {
    world.resource::<CurrentSite>().alarm_at(address).unwrap_or_else(|| panic!("no alarm {address}")).id
}

fn life(world: &World, address: &str) -> AlarmLife {
    world.resource::<Alarms>().get(id(world, address)).cloned().unwrap()
}

fn state(world: &World, address: &str) -> AlarmState {
    life(world, address).state
}

/// Publishes many payloads on one topic through one connection.
fn pour(broker: &Mosquitto, topic: &str, lines: &str) {
    let mut child = Command::new("mosquitto_pub")
        .args(["-V", "5", "-p", &broker.port.to_string(), "-t", topic, "-l"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("mosquitto_pub is missing: apt install mosquitto-clients");
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

fn ask(twin: &mut TestTwin, request: impl FnOnce(AlarmId) -> AlarmRequest, address: &str) {
    let alarm = id(twin.app.world(), address);
    twin.app.world_mut().write_message(request(alarm));
}

/// What is recorded as having happened to alarms, in its order.
fn recorded_events(recording: &Recording, site: &Site) -> Vec<AlarmEvent> {
    let items = (0..recording.n_chunks()).flat_map(|it| recording.items(it).0);
    items.filter_map(|it| if let Item::Audit(doc) = it { event_of(&doc, site) } else { None }).collect()
}

const HIGH: &str = "house.boiler/pressure_high";
const HIGHER: &str = "house.boiler/pressure_higher";
const SILENT: &str = "house.boiler/silent";
const FLOW: &str = "house.pump/flow_low";

/// A day at the boiler house, short: returns what was raised live, in its order.
fn live_through(file: &Path) -> Vec<AlarmEvent> {
    let broker = Mosquitto::start();
    let mut twin = recorded(&broker, file);
    let drum = |pressure: f64| broker.publish("boiler/drum", &format!("{{\"pressure\": {pressure}}}"));
    let pump = |running: bool, flow: f64| {
        broker.publish("boiler/pump", &format!("{{\"running\": {running}, \"flow\": {flow}}}"));
    };
    pump(true, 3.0);
    twin.until("the pressure is high", |it| {
        drum(13.0);
        state(it, HIGH) == AlarmState::Unacknowledged
    });
    let who: Arc<str> = "anna".into();
    ask(&mut twin, |alarm| AlarmRequest::Acknowledge { alarm, who: who.clone() }, HIGH);
    twin.until("it is acknowledged", |it| state(it, HIGH) == AlarmState::Acknowledged);
    twin.until("the delay of the other is over", |it| {
        drum(13.0);
        state(it, HIGHER) == AlarmState::Unacknowledged
    });
    // Nothing is said any more: what stands cannot be known, and the silence is an alarm.
    twin.until("the silence is noticed", |it| state(it, SILENT) == AlarmState::Unacknowledged);
    assert_eq!(life(twin.app.world(), HIGH).truth.label(), "unknown");
    twin.until("it is gone but latched", |it| {
        drum(2.0);
        state(it, HIGH) == AlarmState::Latched && state(it, HIGHER) == AlarmState::ReturnedUnacknowledged
    });
    ask(&mut twin, |alarm| AlarmRequest::Reset { alarm, who: who.clone() }, HIGH);
    ask(
        &mut twin,
        |alarm| AlarmRequest::Shelve { alarm, secs: 5.0, reason: "works on the pump".into(), who: who.clone() },
        FLOW,
    );
    ask(&mut twin, |alarm| AlarmRequest::Note { alarm, text: "tightened the valve".into(), who: who.clone() }, HIGH);
    twin.until("all that is done", |it| {
        state(it, HIGH) == AlarmState::Normal
            && life(it, HIGH).notes.len() == 1
            && state(it, FLOW) == AlarmState::Shelved
    });
    twin.until("it is taken up again, and raised", |it| {
        pump(true, 0.1);
        state(it, FLOW) == AlarmState::Unacknowledged
    });
    twin.until("it is suppressed", |it| {
        pump(false, 0.1);
        state(it, FLOW) == AlarmState::SuppressedByDesign
    });
    twin.until("something is said", |it| {
        drum(5.0);
        state(it, SILENT) != AlarmState::Unacknowledged
    });
    let n_silent = life(twin.app.world(), SILENT).n_raised;
    // Much at once: faster than frames, across the limit and back.
    let mut lines = String::new();
    for step in 0..3_000 {
        writeln!(lines, "{{\"pressure\": {}}}", 5.0 + 9.0 * f64::from(step % 40) / 40.0 + f64::from(step) * 1e-6)
            .unwrap();
    }
    pour(&broker, "boiler/drum", &lines);
    let samples = |it: &World| it.resource::<Session>().tally.snapshot().samples;
    twin.until("all of it has come", |it| samples(it) > 3_000);
    broker.publish("boiler/drum", "{\"pressure\": \"broken\"}");
    twin.until("what is broken has come", |it| !it.resource::<Session>().tally.snapshot().unparsable.is_empty());
    // The last alarm of the silence is known after all that came: by then nothing is under way.
    twin.until("the silence is noticed again", |it| {
        life(it, SILENT).n_raised > n_silent && state(it, SILENT) == AlarmState::Unacknowledged
    });
    let alarms = twin.app.world().resource::<Alarms>();
    assert_eq!(alarms.n_lost(), 0);
    assert!(alarms.journal().len() > 100, "{}", alarms.journal().len());
    alarms.journal().to_vec()
}

#[test]
fn the_alarms_that_are_found_in_a_replay_are_those_that_were_raised_live() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("day.mcap");
    let live = live_through(&file);
    let recording = Arc::new(Recording::open(&file).unwrap());
    let (site, ids) = load(&site_path(SITE));
    // What was written down is what was seen.
    let written = recorded_events(&recording, &site);
    assert_eq!(written[..live.len()], live[..]);
    // What is found is what was written down, in states, times and who did it.
    let mut found = Vec::new();
    let (engine, lost) = examine(&recording, &site, |finds| {
        found.extend(finds.events);
        true
    });
    assert_eq!(lost, Vec::<String>::new());
    assert_eq!(found, written);
    let count = |what: What| found.iter().filter(|it| it.what == what).count();
    assert!(count(What::Raised) > 50 && count(What::Returned) > 50, "{found:#?}");
    for what in [What::Acknowledged, What::Reset, What::Shelved, What::Unshelved, What::Suppressed, What::Noted] {
        assert_eq!(count(what), 1, "{what:?}");
    }
    assert!(found.iter().any(|it| it.what == What::BecameUnknown));

    // The same through the whole program, at the cursor.
    let session = SessionPlugin::new(site_path(SITE), site, ids).with_replay(Arc::clone(&recording));
    let mut replay = TestTwin::of(session);
    let mut raised = replay.app.world_mut().resource_mut::<Messages<AlarmRaised>>().get_cursor_current();
    replay.app.world_mut().write_message(Seek::Pause);
    let (begin, end) = recording.span().unwrap();
    replay.app.world_mut().write_message(Seek::To(end));
    replay.until("all is found", |it| {
        let alarms = it.resource::<Alarms>();
        !alarms.is_searching() && alarms.journal().len() == found.len()
    });
    let alarms = replay.app.world().resource::<Alarms>();
    assert!(alarms.is_found());
    assert_eq!(alarms.journal(), found);
    assert!(engine.lives().all(|it| alarms.get(it.alarm) == Some(it)));
    // At the instant of each event, it has just happened; a moment before, it has not.
    let states = |world: &World, at: Timestamp| {
        let journal = world.resource::<Alarms>().journal();
        (journal.len(), journal.iter().all(|it| it.known <= at))
    };
    for event in found.iter().step_by(17) {
        for (at, n) in [
            (event.known, found.iter().filter(|it| it.known <= event.known).count()),
            (
                Timestamp::from_nanos(event.known.as_nanos() - 1),
                found.iter().filter(|it| it.known < event.known).count(),
            ),
        ] {
            let at = at.clamp(begin, end);
            replay.app.world_mut().write_message(Seek::To(at));
            replay.until("the cursor is there", |it| it.resource::<Cursor>().at == at);
            let n = if at == event.known || at > begin { n } else { 0 };
            assert_eq!(states(replay.app.world(), at), (n, true));
        }
    }
    replay.app.world_mut().write_message(Seek::To(begin));
    replay.until("it is calm again", |it| it.resource::<Alarms>().standing().is_empty());
    // Nobody acts on what is over, and nothing sounds.
    let mut refused = replay.app.world_mut().resource_mut::<Messages<AlarmRefused>>().get_cursor_current();
    ask(&mut replay, |alarm| AlarmRequest::Acknowledge { alarm, who: "anna".into() }, HIGH);
    let mut why = Vec::new();
    replay.until("it is refused", |it| {
        why.extend(refused.read(it.resource::<Messages<AlarmRefused>>()).map(|it| it.why));
        !why.is_empty()
    });
    assert_eq!(why, [Refusal::Recorded]);
    assert_eq!(raised.read(replay.app.world().resource::<Messages<AlarmRaised>>()).count(), 0);

    // What the site expects, on the same recording.
    let report = folder.path().join("report.xml");
    let output = Command::new(env!("CARGO_BIN_EXE_pollux"))
        .arg("check")
        .arg(site_path(SITE))
        .arg("--session")
        .arg(&file)
        .arg("--junit")
        .arg(&report)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        text.contains("FAIL     house.boiler/bounded") && text.contains("house.boiler/pressure = 13 bar"),
        "{text}"
    );
    assert!(text.contains("pass     house.boiler/positive") && text.contains("pass     house.boiler/remote"), "{text}");
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains("tests=\"3\" skipped=\"0\" failures=\"1\""), "{report}");
}

#[test]
fn an_alarm_lifts_the_badge_of_its_twin_and_of_all_above_it() {
    let broker = Mosquitto::start();
    let folder = tempfile::tempdir().unwrap();
    let mut twin = recorded(&broker, &folder.path().join("day.mcap"));
    let level = |world: &World, address: &str| {
        let twin = world.resource::<CurrentSite>().twin_at(address).unwrap().id;
        let health = world.resource::<TwinIndex>().twin(twin).and_then(|it| world.get::<Health>(it));
        health.map(|it| it.worst)
    };
    twin.until("the worst is an alarm", |it| {
        broker.publish("boiler/drum", "{\"pressure\": 13}");
        level(it, "house") == Some(Level::Alarm) && level(it, "house.boiler") == Some(Level::Alarm)
    });
    assert_ne!(level(twin.app.world(), "house.pump"), Some(Level::Alarm));
    twin.until("it is gone", |it| {
        broker.publish("boiler/drum", "{\"pressure\": 3}");
        level(it, "house") != Some(Level::Alarm)
    });
}

#[test]
fn what_a_person_may_not_do_is_told_back() {
    let broker = Mosquitto::start();
    let folder = tempfile::tempdir().unwrap();
    let mut twin = recorded(&broker, &folder.path().join("day.mcap"));
    let mut cursor = twin.app.world_mut().resource_mut::<Messages<AlarmRefused>>().get_cursor_current();
    let who: Arc<str> = "anna".into();
    let shelve = |secs: f64, reason: &str| {
        let (reason, who) = (Arc::from(reason), who.clone());
        move |alarm| AlarmRequest::Shelve { alarm, secs, reason, who }
    };
    ask(&mut twin, shelve(60.0, " "), HIGH);
    ask(&mut twin, shelve(8.0 * 3600.0 + 1.0, "holidays"), HIGH);
    ask(&mut twin, shelve(f64::NAN, "for ever"), HIGH);
    ask(&mut twin, |alarm| AlarmRequest::Acknowledge { alarm, who: who.clone() }, HIGH);
    ask(&mut twin, |alarm| AlarmRequest::AcknowledgeAll { alarms: vec![alarm], who: who.clone() }, HIGH);
    ask(&mut twin, |_| AlarmRequest::Reset { alarm: AlarmId(99), who: who.clone() }, HIGH);
    let mut why = Vec::new();
    twin.until("all is told", |it| {
        why.extend(cursor.read(it.resource::<Messages<AlarmRefused>>()).map(|it| it.why));
        why.len() >= 5
    });
    use Refusal::{BadSpan, Gone, NoReason, NothingToAcknowledge};
    assert_eq!(why, [NoReason, BadSpan, BadSpan, NothingToAcknowledge, Gone]);
    let site = site_of(&twin);
    assert!(site.alarms.iter().all(|it| state(twin.app.world(), &it.address) == AlarmState::Normal));
}

/// A site of many units in two halls, each with a limit on its value; what runs goes from the first to all others.
fn many_units(folder: &Path, n: usize) -> std::path::PathBuf {
    let mut halls = String::new();
    for hall in 0..2 {
        let mut units = String::new();
        for unit in (0..n).filter(|it| it % 2 == hall) {
            write!(
                units,
                r#"(id: "u{unit}", name: "Unit {unit}", kind: Asset,
                    signals: [(id: "v", topic: "units", path: "/{unit}")],
                    alarms: [(id: "high", name: "High", when: Above(signal: "./v", limit: 0.5), consequence: Major, respond_within: 5)]),"#
            )
            .unwrap();
        }
        write!(halls, r#"(id: "h{hall}", name: "Hall {hall}", kind: System, twins: [{units}]),"#).unwrap();
    }
    let flows: String =
        (1..n).map(|it| format!(r#"(from: "h0.u0", to: "h{}.u{it}", medium: "oil"),"#, it % 2)).collect();
    let path = folder.join("site.ron");
    let text = format!(r#"(name: "Halls", place: (latitude: 0, longitude: 0), twins: [{halls}], flows: [{flows}])"#);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_thousand_alarms_in_ten_seconds_are_one_flood_with_its_first() {
    const N: usize = 1000;
    let folder = tempfile::tempdir().unwrap();
    let path = many_units(folder.path(), N);
    let broker = Mosquitto::start();
    let mut twin = TestTwin::connected(&path, &broker.url());
    let payload = |high: usize| {
        let values: Vec<String> = (0..N).map(|it| u8::from(it < high).to_string()).collect();
        format!("[{}]\n", values.join(","))
    };
    twin.until("all is calm", |it| {
        pour(&broker, "units", &payload(0));
        it.resource::<Alarms>().all().count() == N
            && it.resource::<Alarms>().all().all(|it| it.truth.label() == "normal")
    });
    // One trips, then the others in waves.
    pour(&broker, "units", &payload(1));
    let lines: String = (1..=10).map(|it| payload(it * N / 10)).collect();
    pour(&broker, "units", &lines);
    twin.until("all stand", |it| it.resource::<Alarms>().standing().len() == N);
    let world = twin.app.world();
    let alarms = world.resource::<Alarms>();
    let flood = alarms.flood().unwrap();
    assert_eq!(flood.count, N);
    assert_eq!(flood.first_out, Some(id(world, "h0.u0/high")));
    let groups = |groups: &[pollux::judge::FloodGroup]| -> Vec<(String, usize)> {
        groups.iter().map(|it| (it.label.clone(), it.alarms.len())).collect()
    };
    assert_eq!(groups(&flood.causes), [("from Unit 0 on".to_owned(), N)]);
    assert_eq!(groups(&flood.places), [("Hall 0".to_owned(), N / 2), ("Hall 1".to_owned(), N / 2)]);
    assert_eq!(alarms.all().filter(|it| it.first_out).count(), 1);
    let figures = alarms.figures();
    assert_eq!((figures.standing, figures.per_10_min_now, figures.n_raised), (N, N, N));
    assert_eq!(figures.share_by_priority, [0.0, 0.0, 1.0, 0.0]);
    // A unit that chatters is listed.
    let lines: String = [0, N, 0, N, 0, N].iter().map(|it| payload(*it)).collect();
    pour(&broker, "units", &lines);
    twin.until("they chatter", |it| it.resource::<Alarms>().figures().chattering.len() == N);
    let who: Arc<str> = "anna".into();
    let all: Vec<AlarmId> = site_of(&twin).alarms.iter().map(|it| it.id).collect();
    twin.app.world_mut().write_message(AlarmRequest::AcknowledgeAll { alarms: all, who });
    twin.until("all are acknowledged", |it| {
        it.resource::<Alarms>().all().all(|it| it.state == AlarmState::Acknowledged)
    });
}
