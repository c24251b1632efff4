//! Somebody else speaks in a device's name: that stands until a person acknowledges it, on the desktop, at the gate and in the
//! recording.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;
use pollux::command::{CommandLog, GateState, Operator, Phase};
use pollux::guard::{AskAcknowledge, NotAcknowledged};
use pollux::link;
use pollux::session::recording::{About, Item, RecorderOptions, Recording};
use pollux::session::{Cursor, Seek, Session, SessionPlugin};
use pollux::signal::Timestamp;
use pollux::trust::{Pen, REGISTRY_FILE};
use pollux::twin::{EvilAcknowledged, Standing, evil_event};

use crate::harness::{Gate, Mosquitto, TestTwin, accounts, load, reading};
use crate::keys::{Device, Place, SPEED};

fn standing(world: &World) -> Standing {
    reading(world, SPEED).standing
}

/// It measures no more often than its topic may bring.
fn measure_calmly(device: &mut Device, measured: &mut Timestamp) {
    let now = link::now();
    if now.since(*measured) >= Duration::from_millis(250) {
        *measured = now;
        device.measure(1000.0);
    }
}

/// Asks, and returns why it is not done.
fn acknowledge(twin: &mut TestTwin, why: &str) -> Vec<String> {
    let pump = twin.app.world().resource::<pollux::session::CurrentSite>().twin_at("bench.pump").unwrap().id;
    let mut refused = twin.app.world_mut().resource_mut::<Messages<NotAcknowledged>>().get_cursor_current();
    twin.app.world_mut().write_message(AskAcknowledge { twin: pump, why: why.to_owned() });
    twin.app.update();
    let messages = twin.app.world().resource::<Messages<NotAcknowledged>>();
    refused.read(messages).map(|it| it.why.to_string()).collect()
}

#[test]
fn an_evil_twin_stands_until_it_is_acknowledged_here_at_the_gate_and_in_the_replay() {
    let place = Place::new();
    let broker = Mosquitto::guarded(&place.site);
    let gate = Gate::start(&place.path, &broker.url());
    let path = place.folder.path().join("day.mcap");
    let about = About { site: place.site.name.clone(), began: link::now(), ..About::default() };
    let files = vec![(REGISTRY_FILE.to_owned(), fs::read(place.beside("keys.ron")).unwrap())];
    let recorder = RecorderOptions { path: path.clone(), about, files, ..RecorderOptions::default() };
    let mut twin = TestTwin::of(place.session(&broker).with_recorder(recorder));
    twin.app.insert_resource(Operator::of(accounts()));
    twin.sign_in("operator");
    twin.until("the gate is there", |it| it.resource::<GateState>().is_present());
    let (mut device, mut measured) = (Device::new(&place, &broker), Timestamp::MIN);
    twin.until("the device is believed", |it| {
        measure_calmly(&mut device, &mut measured);
        standing(it) == Standing::Verified
    });
    assert_eq!(
        acknowledge(&mut twin, "nothing has happened"),
        ["it takes a security officer, an engineer or a supervisor who is signed in to acknowledge an evil twin"]
    );
    twin.sign_in("engineer");
    assert_eq!(acknowledge(&mut twin, "nothing has happened"), ["nobody else is known to speak in its name"]);

    // Whoever has its key lives an earlier life of it.
    let mut earlier = Pen::new(place.secret("bench-pump"), 0);
    device.measure_with(&mut earlier, 66.0);
    twin.until("it is an evil twin", |it| standing(it) == Standing::EvilTwin);
    twin.ask(SPEED, 950.0, false);
    let row = twin.until_newest_is(Phase::Rejected);
    assert!(row.sent.is_none(), "{row:?}");

    assert_eq!(acknowledge(&mut twin, " "), ["it takes a reason"]);
    assert_eq!(acknowledge(&mut twin, "it has a new key"), [""; 0]);
    twin.until("it is acknowledged", |it| standing(it) != Standing::EvilTwin);
    let told = gate.audit().into_iter().find(|it| it["what"] == "acknowledged").unwrap();
    assert_eq!(
        (&told["who"], &told["reason"], &told["command"]),
        (&"engineer".into(), &"it has a new key".into(), &"bench.pump".into())
    );
    // What was refused marks it for a while; then the gate relies on it again.
    twin.until("the device is believed again", |it| {
        measure_calmly(&mut device, &mut measured);
        standing(it) == Standing::Verified
    });
    twin.ask(SPEED, 950.0, false);
    twin.until("it is sent", |it| {
        measure_calmly(&mut device, &mut measured);
        it.resource::<CommandLog>().rows.last().unwrap().sent.is_some()
    });
    // What comes after it is a new matter.
    device.measure_with(&mut earlier, 66.0);
    twin.until("it is an evil twin anew", |it| standing(it) == Standing::EvilTwin);
    let anew = reading(twin.app.world(), SPEED).refused.unwrap().evil.unwrap().1;
    drop((twin, gate));

    let recording = Arc::new(Recording::open(&path).unwrap());
    let (site, ids) = load(&place.path);
    let items = (0..recording.n_chunks()).flat_map(|it| recording.items(it).0);
    let docs = items.filter_map(|it| if let Item::Audit(doc) = it { Some(doc) } else { None });
    let acts: Vec<EvilAcknowledged> = docs.filter_map(|it| evil_event(&it, &site)).collect();
    let [act] = &acts[..] else { panic!("{acts:?}") };
    assert_eq!((&*act.who, &*act.why), ("engineer", "it has a new key"));
    let session = SessionPlugin::new(place.path.clone(), site, ids).with_replay(Arc::clone(&recording));
    let mut replay = TestTwin::of(session);
    replay.app.world_mut().write_message(Seek::Pause);
    let mut at = |at: Timestamp| {
        replay.app.world_mut().write_message(Seek::To(at));
        replay.until("the cursor is there, and all is read", |it| {
            it.resource::<Cursor>().at == at && !it.resource::<Session>().is_reading()
        });
        replay.reading(SPEED).standing
    };
    let before = |it: Timestamp| Timestamp::from_nanos(it.as_nanos() - 1);
    let seen = [before(act.at), act.at, before(anew), anew].map(&mut at);
    let (evil, rejected, good) = (Standing::EvilTwin, Standing::Rejected, Standing::Verified);
    assert_eq!(seen, [evil, rejected, good, evil]);
    assert_eq!(acknowledge(&mut replay, "too late"), ["this is a recording: nothing can be acknowledged"]);
}
