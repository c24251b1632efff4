//! From a broker to a file, and back from the file.

use std::path::Path;
use std::sync::Arc;

use pollux::link;
use pollux::session::recording::{About, Item, RecorderOptions, Recording, site_files, unpack_site};
use pollux::session::{Cursor, CursorMode, Seek, Session, SessionPlugin};
use pollux::signal::Value;
use pollux::twin::ReadingState;

use crate::harness::{Mosquitto, TestTwin, load, number, reading, site_path};

fn recorded(broker: &Mosquitto, file: &Path) -> TestTwin {
    let path = site_path("bench_pump");
    let (site, ids) = load(&path);
    let files = site_files(&site, &std::fs::read(&path).unwrap()).unwrap();
    let about = About { site: site.name.clone(), began: link::now(), ..About::default() };
    let options = RecorderOptions { path: file.to_owned(), about, files, temporary: false, split: None, key: None };
    TestTwin::of(SessionPlugin::new(path, site, ids).with_broker(broker.url().parse().unwrap()).with_recorder(options))
}

fn publish_speed(twin: &mut TestTwin, broker: &Mosquitto, speed: f64) {
    twin.until("the value is there", |it| {
        broker.publish("bench/pump/state", &format!(r#"{{"speed": {speed:?}, "running": true, "set": 900}}"#));
        number(it, "bench.pump/speed") == speed
    });
}

#[test]
fn a_live_session_is_its_own_recording_and_is_looked_back_into() {
    let broker = Mosquitto::start();
    let folder = tempfile::tempdir().unwrap();
    let mut twin = recorded(&broker, &folder.path().join("run.mcap"));
    publish_speed(&mut twin, &broker, 100.0);
    let first = twin.app.world().resource::<Cursor>().at;
    publish_speed(&mut twin, &broker, 200.0);
    twin.app.world_mut().write_message(Seek::To(first));
    twin.until("the past is shown", |it| number(it, "bench.pump/speed") == 100.0);
    // What comes in meanwhile is not lost, and is there at once on the way back.
    broker.publish("bench/pump/state", r#"{"speed": 300.5, "running": true, "set": 900}"#);
    twin.until("it is in the history", |it| {
        let session = it.resource::<Session>();
        let signal = it.resource::<pollux::session::CurrentSite>().signal_at("bench.pump/speed").unwrap().id;
        session.history.newest(signal).is_some_and(|it| it.value == 300.5)
    });
    assert_eq!(twin.reading("bench.pump/speed").value, Some(Value::Number(100.0)));
    twin.app.world_mut().write_message(Seek::Live);
    twin.until("now is shown", |it| number(it, "bench.pump/speed") == 300.5);
}

#[test]
fn a_replayed_reading_equals_the_live_one() {
    let broker = Mosquitto::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.mcap");
    let mut twin = recorded(&broker, &file);
    publish_speed(&mut twin, &broker, 100.0);
    publish_speed(&mut twin, &broker, 222.25);
    broker.publish("bench/pump/state", r#"{"speed": "fast", "running": false, "set": 900}"#);
    twin.until("the broken payload is there", |it| reading(it, "bench.pump/speed").unreadable);
    let at = twin.app.world().resource::<Cursor>().at;
    let live: Vec<_> = ["speed", "running", "set"].map(|it| twin.reading(&format!("bench.pump/{it}"))).into();
    // Ends the file.
    drop(twin);

    let recording = Arc::new(Recording::open(&file).unwrap());
    assert!(recording.findings.is_empty(), "{:?}", recording.findings);
    let unpacked = tempfile::tempdir().unwrap();
    let path = unpack_site(&recording, unpacked.path()).unwrap().unwrap();
    let (site, ids) = load(&path);
    let mut replay = TestTwin::of(SessionPlugin::new(path, site, ids).with_replay(Arc::clone(&recording)));
    replay.app.world_mut().write_message(Seek::Pause);
    replay.app.world_mut().write_message(Seek::To(at));
    replay.until("the end is shown", |it| reading(it, "bench.pump/speed").unreadable);
    let shown: Vec<_> = ["speed", "running", "set"].map(|it| replay.reading(&format!("bench.pump/{it}"))).into();
    let facts = |all: &[pollux::twin::Reading]| -> Vec<_> {
        all.iter().map(|it| (it.value.clone(), it.at, it.received, it.unreadable)).collect()
    };
    assert_eq!(facts(&shown), facts(&live));
    assert_eq!(shown[0].state, ReadingState::Stale);
    assert_eq!(replay.app.world().resource::<Cursor>().mode, CursorMode::Paused);
    let n_messages: usize = (0..recording.n_chunks())
        .map(|it| recording.items(it).0.iter().filter(|it| matches!(it, Item::Message(_))).count())
        .sum();
    assert!(n_messages >= 3, "{n_messages}");
}
