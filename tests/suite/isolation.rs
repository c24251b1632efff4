//! A twin is isolated at the gate: for all desktops and for the gate's own eyes, over restarts. Where there is no gate, on one
//! desktop only, which keeps it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use bevy::prelude::*;
use pollux::command::gate::{DESKTOP_USER, accesses};
use pollux::command::{
    Act, Cause, CommandLog, CommandRow, GateQuarantine, GateState, Operator, Phase, REQUEST_TYPE, Request, Topics,
};
use pollux::field::{Field, FieldOptions};
use pollux::guard::{AskIsolate, AskRelease, QuarantineRefused};
use pollux::link;
use pollux::session::recording::{About, Item, RecorderOptions, Recording};
use pollux::session::{CurrentSite, SessionPlugin};
use pollux::trust;
use pollux::twin::{Hold, Isolation, Quarantine, QuarantineEvent, ReadingState, quarantine_event};
use uuid::Uuid;

use crate::harness::{Gate, Mosquitto, TestTwin, accounts, load, login_of, number, passphrase_of, reading, site_path};

const DOOR: &str = "bench.door";
const SHUT: &str = "bench.door/shut";
const RUN: &str = "bench.pump/run";
const WHY: &str = "the switch was bridged";

/// The isolation of a twin itself, now.
fn isolation(world: &World, address: &str) -> Option<Isolation> {
    let twin = world.resource::<CurrentSite>().twin_at(address).unwrap().id;
    world.resource::<Quarantine>().now().own(twin).cloned()
}

fn hold(world: &World, address: &str) -> Option<Hold> {
    isolation(world, address).map(|it| it.hold)
}

fn isolate(twin: &mut TestTwin, address: &str) {
    let id = twin.app.world().resource::<CurrentSite>().twin_at(address).unwrap().id;
    twin.app.world_mut().write_message(AskIsolate { twin: id, why: WHY.to_owned() });
}

fn release(twin: &mut TestTwin, address: &str) {
    let id = twin.app.world().resource::<CurrentSite>().twin_at(address).unwrap().id;
    twin.app.world_mut().write_message(AskRelease { twin: id, why: "a new switch".to_owned() });
}

/// Asks for something that is not done, and returns why not.
#[track_caller]
fn why_not(twin: &mut TestTwin, ask: impl FnOnce(&mut TestTwin)) -> String {
    let mut refused = twin.app.world_mut().resource_mut::<Messages<QuarantineRefused>>().get_cursor_current();
    ask(twin);
    let mut why = String::new();
    twin.until("it is refused", |it| {
        let messages = it.resource::<Messages<QuarantineRefused>>();
        why = refused.read(messages).map(|it| it.why.to_string()).collect::<Vec<_>>().join("; ");
        !why.is_empty()
    });
    why
}

/// The gated bench: its devices, its gate, and a broker that lets nobody around it.
struct Bench {
    gate: Gate,
    broker: Mosquitto,
    _field: Field,
    request: String,
}

impl Bench {
    fn new() -> Self {
        let path = site_path("gated");
        let site = load(&path).0;
        let broker = Mosquitto::guarded(&site);
        let logins: HashMap<_, _> =
            accesses(&site).into_iter().map(|it| (it.user.clone(), login_of(&it.user))).collect();
        let url = broker.url();
        let field = Field::start_as(site.clone(), url.parse().unwrap(), FieldOptions::default(), logins).unwrap();
        Self { gate: Gate::start(&path, &url), broker, _field: field, request: Topics::of(&site).request }
    }

    fn desktop(&self, account: &str) -> TestTwin {
        let mut twin = TestTwin::at_gate(&site_path("gated"), &self.broker.url(), account);
        twin.until("the pump is at speed", |it| (number(it, "bench.pump/speed") - 1000.0).abs() < 5.0);
        twin
    }

    /// The door's switch says that it is shut.
    fn shut(&self) {
        assert!(self.broker.publish_as("bench-door", "bench/door/shut", b"true", &[]));
    }

    /// Asks for the pump to run, with the door known to be shut a moment ago.
    fn run(&self, twin: &mut TestTwin, want: Phase) -> CommandRow {
        self.shut();
        twin.ask(RUN, true, false);
        twin.until_newest_is(want)
    }

    /// The gate itself refuses that the pump runs, since the door is isolated.
    #[track_caller]
    fn is_blocked(&self, twin: &mut TestTwin) {
        let row = self.run(twin, Phase::Rejected);
        assert!(row.digest.is_some(), "it was not even asked for: {row:#?}");
        assert_eq!(row.cause, Some(Cause::BlockedByInterlocking), "{row:#?}");
        let reason = row.reason.clone().unwrap();
        assert!(reason.contains("bench.door/shut = isolated by a person"), "{reason}");
        assert!(self.gate.audit().iter().any(|it| it["id"] == row.correlation.as_str() && it["what"] == "refused"));
    }

    /// The gate refuses some bytes for one of these causes, as its audit has it; `within`: with these words.
    fn refuses(&self, twin: &mut TestTwin, bytes: &[u8], causes: &[&str], within: &str) {
        let digest = pollux::command::Digest::of(bytes).to_string();
        let before = self.gate.audit().len();
        assert!(self.broker.publish_as(DESKTOP_USER, &self.request, bytes, &[]));
        twin.until("it is refused", |_| {
            self.gate.audit().iter().skip(before).any(|it| {
                let reason = it["reason"].as_str().unwrap_or_default();
                it["what"] == "refused"
                    && it["digest"] == digest.as_str()
                    && causes.iter().any(|cause| it["cause"] == *cause)
                    && reason.contains(within)
            })
        });
    }
}

fn sealed(account: &str, topic: &str, act: Act) -> Vec<u8> {
    let key = accounts().by_id(account).unwrap().unlock(&passphrase_of(account)).unwrap();
    let request = Request::new(Uuid::now_v7(), act, link::now(), false);
    trust::seal(&key, REQUEST_TYPE, topic, &request.to_bytes())
}

#[test]
fn what_is_isolated_at_the_gate_is_so_for_every_desktop_and_every_command_also_when_the_gate_was_killed() {
    let mut bench = Bench::new();
    let mut engineer = bench.desktop("engineer");
    let mut operator = bench.desktop("operator");
    isolate(&mut engineer, DOOR);
    engineer.until("the gate holds it", |it| hold(it, DOOR) == Some(Hold::Gate));
    operator.until("the other desktop hears of it", |it| hold(it, DOOR) == Some(Hold::Gate));
    let seen = isolation(operator.app.world(), DOOR).unwrap();
    assert_eq!((&*seen.who, &*seen.why, seen.at), ("engineer", WHY, seen.since));
    assert_eq!(isolation(engineer.app.world(), DOOR).unwrap().since, seen.since);
    let written = bench.gate.audit().into_iter().find(|it| it["what"] == "isolate").unwrap();
    assert_eq!(
        (&written["twin"], &written["who"], &written["reason"]),
        (&DOOR.into(), &"engineer".into(), &WHY.into())
    );
    assert_eq!(written["at"].as_i64(), Some(seen.since.as_nanos()));
    assert_eq!(reading(operator.app.world(), SHUT).state, ReadingState::Isolated);
    bench.is_blocked(&mut operator);

    // As if the machine had lost its power.
    bench.gate.restart();
    let gate = &bench.gate;
    operator.until("the gate has begun twice", |_| gate.audit().iter().filter(|it| it["what"] == "began").count() == 2);
    operator.until("the gate is there anew", |it| it.resource::<GateState>().is_present());
    bench.is_blocked(&mut operator);
    let mut later = bench.desktop("operator");
    later.until("whoever comes later hears of it", |it| hold(it, DOOR) == Some(Hold::Gate));
    assert_eq!(isolation(later.app.world(), DOOR).unwrap().since, seen.since);

    // Who may not, or is not who it seems, releases nothing.
    let why = why_not(&mut operator, |it| release(it, DOOR));
    assert!(why.starts_with("an operator may not isolate a twin"), "{why}");
    let act = || Act::Release { twin: DOOR.to_owned(), why: "it is in the way".to_owned() };
    let of_viewer = sealed("viewer", &bench.request, act());
    bench.refuses(&mut operator, &of_viewer, &["No-access-authority"], "a viewer may not isolate");
    let unsigned = Request::new(Uuid::now_v7(), act(), link::now(), false).to_bytes();
    bench.refuses(&mut operator, &unsigned, &["No-access-authority"], "");
    let other = Act::Isolate { twin: "bench.pump".to_owned(), why: WHY.to_owned() };
    let of_operator = sealed("operator", &bench.request, other);
    bench.refuses(&mut operator, &of_operator, &["No-access-authority"], "an operator may not isolate");
    let nowhere = Act::Isolate { twin: "bench.elsewhere".to_owned(), why: WHY.to_owned() };
    let nowhere = sealed("engineer", &bench.request, nowhere);
    bench.refuses(&mut operator, &nowhere, &["Not-supported"], "bench.elsewhere");
    let again = Act::Isolate { twin: DOOR.to_owned(), why: WHY.to_owned() };
    let again = sealed("engineer", &bench.request, again);
    bench.refuses(&mut operator, &again, &["Invalid-position"], "it is isolated already");
    // Nor does the desktop's login speak for the gate.
    assert!(!bench.broker.publish_as(DESKTOP_USER, "pollux/gated/gate/quarantine", b"{\"isolated\":[]}", &["-r"]));
    bench.is_blocked(&mut operator);

    release(&mut engineer, DOOR);
    for twin in [&mut engineer, &mut operator, &mut later] {
        twin.until("it is released everywhere", |it| hold(it, DOOR).is_none());
    }
    let journal = operator.app.world().resource::<Quarantine>().journal().to_vec();
    let Some(QuarantineEvent::Released(released)) = journal.last() else { panic!("{journal:?}") };
    assert_eq!((&*released.who, &*released.why), ("engineer", "a new switch"));
    operator.until("the door is believed again", |it| {
        bench.shut();
        reading(it, SHUT).state == ReadingState::Fresh
    });
    bench.run(&mut operator, Phase::Confirmed);

    // The very bytes that isolated it once, and those that released it.
    for what in ["isolate", "release"] {
        let audit = bench.gate.audit();
        let first = audit.iter().find(|it| it["what"] == what).unwrap()["request"].as_str().unwrap().to_owned();
        let bytes: Vec<u8> =
            (0..first.len()).step_by(2).map(|at| u8::from_str_radix(&first[at..at + 2], 16).unwrap()).collect();
        // The one is of before the gate began; the other was heard, and may have expired meanwhile.
        bench.refuses(&mut operator, &bytes, &["Time-limit-over", "Command-already-in-execution"], "");
    }
    assert_eq!(hold(operator.app.world(), DOOR), None);
}

#[test]
fn without_a_gate_a_twin_is_isolated_on_one_desktop_only_and_a_gate_that_comes_takes_it_when_it_is_given() {
    let path = site_path("gated");
    let site = load(&path).0;
    let broker = Mosquitto::guarded(&site);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("day.mcap");
    let desktop = |account: &str, file: Option<&Path>| {
        let (site, ids) = load(&path);
        let mut session = SessionPlugin::new(path.clone(), site.clone(), ids)
            .with_broker(broker.url().parse().unwrap())
            .with_login(Some(login_of(DESKTOP_USER)));
        if let Some(file) = file {
            let about = About { site: site.name.clone(), began: link::now(), ..About::default() };
            let options =
                RecorderOptions { path: file.to_owned(), about, files: Vec::new(), ..RecorderOptions::default() };
            session = session.with_recorder(options);
        }
        let mut twin = TestTwin::of(session);
        twin.app.insert_resource(Operator::of(accounts()));
        twin.sign_in(account);
        twin
    };
    let mut engineer = desktop("engineer", Some(&file));
    let mut other = desktop("security", None);
    isolate(&mut engineer, DOOR);
    isolate(&mut engineer, "bench.pump");
    engineer.until("they are isolated", |it| {
        hold(it, DOOR) == Some(Hold::Here) && hold(it, "bench.pump") == Some(Hold::Here)
    });
    // What this desktop knows, and no gate, it keeps back itself.
    engineer.ask(RUN, true, false);
    let row = engineer.until_newest_is(Phase::Rejected);
    assert!(row.digest.is_none() && row.reason.as_ref().unwrap().contains("isolated on this desktop only"));

    let mut gate = Gate::start(&path, &broker.url());
    for twin in [&mut engineer, &mut other] {
        twin.until("the gate is there, and has said what it holds", |it| {
            it.resource::<GateState>().takes_none().is_none() && it.resource::<GateQuarantine>().holds().is_some()
        });
    }
    // The gate knows of neither, and takes neither away.
    engineer.app.update();
    assert_eq!(hold(engineer.app.world(), DOOR), Some(Hold::Here));
    assert_eq!(hold(other.app.world(), DOOR), None);
    isolate(&mut engineer, DOOR);
    engineer.until("it is the gate's", |it| hold(it, DOOR) == Some(Hold::Gate));
    other.until("others hear of it", |it| hold(it, DOOR) == Some(Hold::Gate));
    release(&mut engineer, "bench.pump");
    engineer.until("the other is released here", |it| hold(it, "bench.pump").is_none());
    assert_eq!(why_not(&mut other, |it| isolate(it, DOOR)), "it is isolated already");

    // Who would release it must wait for whoever holds it.
    gate.kill();
    other.until("the gate is gone", |it| it.resource::<GateState>().is_absent());
    let why = why_not(&mut other, |it| release(it, DOOR));
    let want = "the gate holds it isolated, and the gate is not there: it is released when the gate is back";
    assert_eq!((why.as_str(), hold(other.app.world(), DOOR)), (want, Some(Hold::Gate)));
    gate.restart();
    other.until("the gate is back", |it| it.resource::<GateState>().is_present());
    release(&mut other, DOOR);
    for twin in [&mut other, &mut engineer] {
        twin.until("it is released everywhere", |it| hold(it, DOOR).is_none());
    }

    // The recording has it all, with who held it.
    drop(engineer);
    let recording = Arc::new(Recording::open(&file).unwrap());
    let items = (0..recording.n_chunks()).flat_map(|it| recording.items(it).0);
    let docs = items.filter_map(|it| if let Item::Audit(doc) = it { Some(doc) } else { None });
    let acts: Vec<_> = docs
        .filter_map(|it| match quarantine_event(&it, &site)? {
            QuarantineEvent::Isolated(it) => Some((it.twin, Some(it.hold))),
            QuarantineEvent::Released(it) => Some((it.twin, None)),
        })
        .collect();
    let twin = |address: &str| site.twin_at(address).unwrap().id;
    let (door, pump) = (twin(DOOR), twin("bench.pump"));
    let want =
        [(door, Some(Hold::Here)), (pump, Some(Hold::Here)), (door, Some(Hold::Gate)), (pump, None), (door, None)];
    assert_eq!(acts, want);
}

#[test]
fn what_is_isolated_on_one_desktop_only_is_still_so_when_that_is_begun_anew() {
    let path = site_path("gated");
    let folder = tempfile::tempdir().unwrap();
    let begin = |name: &str| {
        let (site, ids) = load(&path);
        let file = folder.path().join(name);
        let mut twin = TestTwin::of(SessionPlugin::new(path.clone(), site, ids).with_quarantine(file));
        twin.app.insert_resource(Operator::of(accounts()));
        twin.sign_in("engineer");
        twin
    };
    let mut first = begin("quarantine.redb");
    isolate(&mut first, DOOR);
    first.until("it is isolated", |it| hold(it, DOOR) == Some(Hold::Here));
    let was = isolation(first.app.world(), DOOR).unwrap();
    drop(first);
    let mut second = begin("quarantine.redb");
    let is = isolation(second.app.world(), DOOR).unwrap();
    assert_eq!((&is.who, &is.why, is.since, is.hold), (&was.who, &was.why, was.since, Hold::Here));
    assert!(is.at > was.at, "in this session it is so since it began");
    assert_eq!(reading(second.app.world(), SHUT).state, ReadingState::Isolated);
    second.ask(RUN, true, false);
    let row = second.until_newest_is(Phase::Rejected);
    assert!(row.reason.as_ref().unwrap().contains("isolated on this desktop only"));
    release(&mut second, DOOR);
    second.until("it is released", |it| hold(it, DOOR).is_none());
    drop(second);
    let third = begin("quarantine.redb");
    assert_eq!(isolation(third.app.world(), DOOR), None);
    assert!(third.app.world().resource::<CommandLog>().rows.is_empty());
}
