//! The gate, attacked: a real Mosquitto with passwords and an access list, a real field, and the gate as a process of its own.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::process::Command;

use bevy::prelude::*;
use pollux::Gatehouse;
use pollux::command::gate::{GateOptions, GatePlugin, accesses};
use pollux::command::{
    Act, Approve, CancelRequest, Cause, CommandLog, CommandRow, EmergencyStop, GateState, Operator, Phase,
    REQUEST_TYPE, Request, Topics,
};
use pollux::field::{Field, FieldOptions};
use pollux::link::{self, Broker, BrokerUrl, Grant, Login};
use pollux::session::{CurrentSite, SessionPlugin};
use pollux::signal::{Timestamp, Value};
use pollux::trust::chain::{VerifyOptions, verify};
use pollux::trust::{self, Accounts, SecretKey};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::harness::{Gate, Mosquitto, TestTwin, accounts, any_port, load, login_of, number, passphrase_of, site_path};

/// A bench with all that belongs to it.
struct Bench {
    twin: TestTwin,
    gate: Gate,
    broker: Mosquitto,
    field: Field,
    topics: Topics,
}

impl Bench {
    fn new(account: &str) -> Self {
        let path = site_path("gated");
        let site = load(&path).0;
        let broker = Mosquitto::guarded(&site);
        let logins: HashMap<_, _> =
            accesses(&site).into_iter().map(|it| (it.user.clone(), login_of(&it.user))).collect();
        let url = broker.url();
        let options = FieldOptions::default();
        let field = Field::start_as(site.clone(), url.parse().unwrap(), options, logins).unwrap();
        let gate = Gate::start(&path, &url);
        let mut twin = TestTwin::at_gate(&path, &url, account);
        twin.until("the pump is at speed", |it| (number(it, "bench.pump/speed") - 1000.0).abs() < 5.0);
        Self { twin, gate, broker, field, topics: Topics::of(&site) }
    }

    /// Asks for something that must be refused by the gate itself, and returns the row and the audit's record.
    #[track_caller]
    fn refused(&mut self, address: &str, value: impl Into<Value>, passphrase: bool, cause: Cause) -> CommandRow {
        self.twin.ask(address, value, passphrase);
        let row = self.twin.until_newest_is(Phase::Rejected);
        assert_eq!(row.cause, Some(cause), "{row:#?}");
        assert!(row.checks.iter().any(|it| !it.passed() && !it.saw.is_empty()), "{row:#?}");
        assert!(row.sent.is_none());
        self.is_audited(&row.correlation, "refused", Some(cause));
        row
    }

    #[track_caller]
    fn is_audited(&self, correlation: &str, what: &str, cause: Option<Cause>) {
        let audit = self.gate.audit();
        let found = audit.iter().any(|it| {
            it["id"] == correlation && it["what"] == what && cause.is_none_or(|cause| it["cause"] == cause.name())
        });
        assert!(found, "{what} {cause:?} of {correlation} is not in {audit:#?}");
    }

    /// A request, sealed by an account, on the wire as the desktop's user.
    fn send(&self, account: &str, request: &Request, more: &[&str]) -> Vec<u8> {
        let bytes = trust::seal(&key_of(account), REQUEST_TYPE, &self.topics.request, &request.to_bytes());
        assert!(self.broker.publish_as("desktop", &self.topics.request, &bytes, more));
        bytes
    }

    /// Waits until the audit tells of something.
    fn until_audited(&mut self, what: &str, holds: impl Fn(&serde_json::Value) -> bool) {
        let gate = &self.gate;
        self.twin.until(what, |_| gate.audit().iter().any(&holds));
    }

    fn rows(&self) -> &[CommandRow] {
        &self.twin.app.world().resource::<CommandLog>().rows
    }
}

/// After so long without a word the door of the bench is stale: three of its periods.
const DOOR_STALE_SECS: f64 = 3.0;
/// The largest audit that a gate may write, as a disk that is full would have it, KiB.
const FULL_AT_KIB: u32 = 64;

#[test]
fn a_gate_that_cannot_write_sends_nothing_but_emergency_stops() {
    let path = site_path("gated");
    let mut bench = Bench::new("operator");
    bench.gate.kill();
    bench.twin.until("the gate is gone", |it| it.resource::<GateState>().is_absent());
    bench.gate = Gate::start_with_little_room(&path, &bench.broker.url(), FULL_AT_KIB);
    bench.twin.until("the gate is there anew", |it| {
        let gate = it.resource::<GateState>();
        gate.is_present()
    });
    let mut n_asked = 0;
    let row = loop {
        n_asked += 1;
        assert!(n_asked < 500, "the audit is never full");
        bench.twin.ask("bench.pump/speed", 990.0, false);
        bench.twin.until("it has ended", |it| !it.resource::<CommandLog>().rows.last().unwrap().is_awaited());
        let row = bench.twin.newest();
        if row.cause == Some(Cause::BlockedByHealth) {
            break row;
        }
    };
    assert!(row.sent.is_none() && row.reason.as_ref().unwrap().contains("audit"), "{row:?}");
    bench.twin.until("the gate says that it is unfit", |it| {
        it.resource::<GateState>().unfit().is_some_and(|it| it.contains("audit"))
    });
    // Viewing goes on, and so do emergency stops.
    let twin = bench.twin.app.world().resource::<CurrentSite>().twin_at("bench.pump").unwrap().id;
    bench.twin.app.world_mut().write_message(EmergencyStop { twin });
    bench.twin.until_newest_is(Phase::Confirmed);
    bench.twin.until("the shaft stands", |it| number(it, "bench.pump/speed") < 5.0);
}

fn key_of(account: &str) -> SecretKey {
    accounts().by_id(account).unwrap().unlock(&passphrase_of(account)).unwrap()
}

fn operate(command: &str, value: impl Into<Value>, at: Timestamp) -> Request {
    let act = Act::Operate { command: command.to_owned(), value: value.into() };
    Request::new(Uuid::now_v7(), act, at, false)
}

#[test]
fn a_command_goes_through_the_gate_and_around_it_nothing_does() {
    let mut bench = Bench::new("operator");
    bench.twin.ask("bench.pump/run", false, false);
    let row = bench.twin.until_newest_is(Phase::Confirmed);
    bench.is_audited(&row.correlation, "send", None);
    bench.until_audited("the outcome is written down", |it| it["phase"] == "confirmed");
    // The very bytes that the gate publishes, published by who may only ask.
    for topic in ["bench/pump/set/run", "bench/pump/set/speed", "pollux/gated/gate/events", "pollux/gated/gate/status"]
    {
        assert!(!bench.broker.publish_as("desktop", topic, b"true", &[]), "the desktop published on {topic}");
    }
    assert!(!bench.broker.publish_as("bench-door", "bench/pump/state", b"{}", &[]));
    assert!(!bench.broker.publish_as("bench-door", "bench/pump/set/run", b"true", &[]));
    bench.twin.until("the pump still stands", |it| number(it, "bench.pump/speed") < 5.0);
    assert_eq!(bench.field.tally().answered, 1, "the device was told once");
    drop(bench.field);
    bench.gate.kill();
    let log = BufReader::new(File::open(bench.gate.audit_path()).unwrap());
    let report = verify(log, VerifyOptions::default()).unwrap();
    assert!(report.unaltered() && report.records >= 3, "{report:?}");
}

#[test]
fn what_the_site_does_not_allow_is_refused_with_its_cause_and_written_down() {
    let mut bench = Bench::new("operator");
    bench.refused("bench.pump/speed", 1501.0, false, Cause::InconsistentParameters);
    bench.refused("bench.pump/speed", 700.5 - 1.0, false, Cause::StepLimit);
    // Outside of the normal band: an operator may not, an engineer may with the passphrase.
    bench.refused("bench.pump/speed", 1250.0, false, Cause::NoAccessAuthority);
    // The door was never heard of, and what cannot be known blocks.
    let row = bench.refused("bench.pump/run", true, false, Cause::BlockedByInterlocking);
    assert!(row.reason.as_ref().unwrap().contains("the door is open"), "{row:?}");
    assert!(row.reason.as_ref().unwrap().contains("never seen"), "{row:?}");
    // Shut, and known to be: it goes. Then it falls silent, and is not believed any more.
    bench.twin.until("the gate has heard that the door is shut", |it| {
        assert!(bench.broker.publish_as("bench-door", "bench/door/shut", b"true", &[]));
        pollux::twin::ReadingState::Fresh == crate::harness::reading(it, "bench.door/shut").state
    });
    bench.twin.ask("bench.pump/run", true, false);
    bench.twin.until_newest_is(Phase::Confirmed);
    // The gate may have heard the last word of it later than the desktop.
    bench.twin.until("the door is silent, at the gate as well", |it| {
        let door = crate::harness::reading(it, "bench.door/shut");
        door.state == pollux::twin::ReadingState::Stale && door.age_secs(link::now()) > 2.0 * DOOR_STALE_SECS
    });
    let row = bench.refused("bench.pump/run", true, false, Cause::BlockedByInterlocking);
    assert!(row.reason.as_ref().unwrap().contains("stale"), "{row:?}");
    // Step by step is a step as well: 300 and then 300 are more than 500.
    bench.twin.ask("bench.pump/speed", 700.0, false);
    bench.twin.until_newest_is(Phase::Confirmed);
    let row = bench.refused("bench.pump/speed", 1000.0, false, Cause::StepLimit);
    assert!(row.reason.as_ref().unwrap().contains("sum"), "{row:?}");
    // A gate that is begun anew has not forgotten.
    bench.gate.kill();
    bench.twin.until("the gate is gone", |it| it.resource::<GateState>().is_absent());
    bench.gate.restart();
    let gate = &bench.gate;
    bench
        .twin
        .until("the gate has begun twice", |_| gate.audit().iter().filter(|it| it["what"] == "began").count() == 2);
    bench.twin.until("the gate is there anew", |it| it.resource::<GateState>().is_present());
    bench.refused("bench.pump/speed", 1000.0, false, Cause::StepLimit);
}

#[test]
fn who_may_not_is_refused_and_who_may_is_asked_for_the_passphrase() {
    let mut bench = Bench::new("viewer");
    bench.refused("bench.pump/run", false, false, Cause::NoAccessAuthority);
    bench.twin.sign_in("auditor");
    bench.refused("bench.pump/run", false, false, Cause::NoAccessAuthority);
    bench.twin.sign_in("engineer");
    let row = bench.refused("bench.pump/speed", 1250.0, false, Cause::NoAccessAuthority);
    assert!(row.reason.as_ref().unwrap().contains("passphrase"), "{row:?}");
    bench.twin.ask("bench.pump/speed", 1250.0, true);
    bench.twin.until_newest_is(Phase::Confirmed);
}

#[test]
fn late_copied_kept_and_forged_requests_are_refused() {
    let mut bench = Bench::new("operator");
    let now = link::now();
    let secs = std::time::Duration::from_secs;
    let mut late = operate("bench.pump/run", false, now - secs(30));
    late.expires = now - secs(20);
    let mut long = operate("bench.pump/run", false, now);
    long.expires = now + secs(3600);
    let ahead = operate("bench.pump/run", false, now + secs(60));
    let old = operate("bench.pump/run", false, now - secs(3600 * 24));
    let old = Request { expires: now + secs(5), ..old };
    for request in [&late, &long, &ahead, &old] {
        bench.send("operator", request, &[]);
        let id = request.id.to_string();
        bench.until_audited("it is refused", |it| it["id"] == id.as_str() && it["cause"] == "Time-limit-over");
    }
    // By a key that nobody knows, and by a known one for another topic.
    let forged = operate("bench.pump/run", false, now);
    let topics = bench.topics.clone();
    for (key, topic) in [(SecretKey::generate(), topics.request), (key_of("operator"), topics.events)] {
        let bytes = trust::seal(&key, REQUEST_TYPE, &topic, &forged.to_bytes());
        let digest = pollux::command::Digest::of(&bytes).to_string();
        assert!(bench.broker.publish_as("desktop", &bench.topics.request, &bytes, &[]));
        bench.until_audited("it is refused", |it| {
            it["digest"] == digest.as_str() && it["cause"] == "No-access-authority"
        });
    }
    // Kept by the broker, it would come again at each start.
    let kept = operate("bench.pump/run", false, link::now());
    bench.send("operator", &kept, &["-r"]);
    bench.gate.restart();
    bench
        .until_audited("what was kept is refused", |it| it["reason"].as_str().is_some_and(|it| it.contains("kept by")));
    assert!(bench.broker.publish_as("desktop", &bench.topics.request, b"", &["-r"]));
}

#[test]
fn the_same_bytes_twice_are_one_command() {
    let mut bench = Bench::new("operator");
    let request = operate("bench.pump/run", false, link::now());
    let bytes = bench.send("operator", &request, &[]);
    bench.twin.until_newest_is(Phase::Confirmed);
    assert!(bench.broker.publish_as("desktop", &bench.topics.request, &bytes, &[]));
    let id = request.id.to_string();
    bench.until_audited("the copy is refused", |it| {
        it["id"] == id.as_str() && it["cause"] == "Command-already-in-execution"
    });
    bench.twin.until("the copy is told of", |it| !it.resource::<CommandLog>().rows[0].notes.is_empty());
    assert_eq!(bench.rows()[0].phase, Phase::Confirmed, "the first of them stands as it stood");
    assert_eq!(bench.field.tally().answered, 1);
    // Another desktop asked; the row knows who.
    assert_eq!((bench.rows()[0].who.as_str(), bench.rows()[0].is_mine), ("operator", false));
}

fn approve(bench: &mut Bench, account: &str) {
    let correlation = bench.twin.newest().correlation;
    let approve = Approve { correlation, account: Some(account.to_owned()), passphrase: passphrase_of(account) };
    bench.twin.app.world_mut().write_message(approve);
}

fn purge_awaits_approval(bench: &mut Bench) -> CommandRow {
    bench.twin.ask("bench.pump/purge", true, true);
    // What the gate says of others' requests may come in between.
    bench
        .twin
        .until("it is reserved", |it| it.resource::<CommandLog>().rows.iter().any(|it| it.reserved_until().is_some()));
    // The same again operates what is reserved.
    bench.twin.ask("bench.pump/purge", true, false);
    bench.twin.until("it awaits approval", |it| it.resource::<CommandLog>().pending().count() == 1);
    bench.twin.app.world().resource::<CommandLog>().pending().next().unwrap().clone()
}

#[test]
fn what_cannot_be_undone_takes_two_persons() {
    let mut bench = Bench::new("supervisor");
    let row = purge_awaits_approval(&mut bench);
    assert_eq!((row.phase, row.mismatch.clone(), bench.rows().len()), (Phase::Checked, None, 1));
    for (account, why) in [("supervisor", "may not approve it"), ("operator", "supervisor")] {
        approve(&mut bench, account);
        bench.twin.until("the approval is refused", |it| {
            it.resource::<CommandLog>().rows[0].notes.iter().any(|it| it.contains(why))
        });
        assert_eq!(bench.twin.newest().phase, Phase::Checked);
    }
    assert_eq!(bench.field.tally().answered, 0, "nothing was sent yet");
    approve(&mut bench, "deputy");
    let row = bench.twin.until_newest_is(Phase::Confirmed);
    assert_eq!(row.approved_by, ["deputy"]);
    for what in ["selected", "awaits", "approved", "send"] {
        bench.is_audited(&row.correlation, what, None);
    }
}

#[test]
fn an_approval_of_other_bytes_and_an_operation_that_was_not_reserved_come_to_nothing() {
    let mut bench = Bench::new("supervisor");
    // Not reserved.
    let mut bare = operate("bench.pump/purge", true, link::now());
    bare.reentered = true;
    bench.send("supervisor", &bare, &[]);
    let id = bare.id.to_string();
    bench.until_audited("it is refused", |it| it["id"] == id.as_str() && it["cause"] == "Object-not-selected");
    let row = purge_awaits_approval(&mut bench);
    // Another supervisor may not operate or reserve what is reserved.
    let mut other = operate("bench.pump/purge", true, link::now());
    other.reentered = true;
    bench.send("deputy", &other, &[]);
    let id = other.id.to_string();
    bench.until_audited("it is refused", |it| it["id"] == id.as_str() && it["cause"] == "Object-already-selected");
    // The digest of something else.
    let digest = pollux::command::Digest::of(b"something else");
    let act = Act::Approve { digest };
    bench.send("deputy", &Request::new(Uuid::now_v7(), act, link::now(), true), &[]);
    bench.until_audited("it is refused", |it| it["cause"] == "Parameter-change-in-execution");
    let stands = bench.twin.app.world().resource::<CommandLog>().row(&row.correlation).unwrap().phase;
    assert_eq!(stands, Phase::Checked);
    // Taken back before it was sent, it never was.
    bench.twin.app.world_mut().write_message(CancelRequest { correlation: row.correlation });
    bench.twin.until("it is taken back", |it| {
        it.resource::<CommandLog>().rows.iter().any(|it| it.cause == Some(Cause::AbortionByCancel))
    });
    assert_eq!(bench.field.tally().answered, 0);
}

#[test]
fn an_emergency_stop_goes_through_unsigned_but_for_declared_values_alone() {
    let mut bench = Bench::new("operator");
    let twin = bench.twin.app.world().resource::<CurrentSite>().twin_at("bench.pump").unwrap().id;
    bench.twin.app.world_mut().write_message(pollux::command::SignOut);
    bench.twin.app.world_mut().write_message(EmergencyStop { twin });
    let row = bench.twin.until_newest_is(Phase::Confirmed);
    assert_eq!((row.is_stop, row.desired.clone()), (true, Value::Flag(false)));
    bench.twin.until("the shaft stands", |it| number(it, "bench.pump/speed") < 5.0);
    bench.is_audited(&row.correlation, "stop", None);
    let nowhere = Request::new(Uuid::now_v7(), Act::Stop { twin: "bench.door".to_owned() }, link::now(), false);
    assert!(bench.broker.publish_as("desktop", &bench.topics.request, &nowhere.to_bytes(), &[]));
    bench.until_audited("there is no such stop", |it| it["cause"] == "Not-supported");
    // What is unsigned and no stop is nothing.
    let bare = operate("bench.pump/run", true, link::now());
    assert!(bench.broker.publish_as("desktop", &bench.topics.request, &bare.to_bytes(), &[]));
    bench.until_audited("it is refused", |it| it["cause"] == "No-access-authority");
}

/// The demo, but for its window: everybody with a login made up for this run, the gate on a thread, accounts that all know.
#[test]
fn the_demo_has_a_gate_and_a_broker_that_lets_nobody_around_it() {
    let path = site_path("gated");
    let (site, ids) = load(&path);
    let grant = |it: pollux::command::gate::Access| Grant {
        login: Login::random(it.user),
        publish: it.publishes.into_iter().collect(),
        subscribe: it.hears.into_iter().collect(),
    };
    let grants: Vec<Grant> = accesses(&site).into_iter().map(grant).collect();
    let logins: HashMap<_, _> = grants.iter().map(|it| (it.login.user.clone(), it.login.clone())).collect();
    let broker = Broker::guarded(any_port(), grants).unwrap();
    let url: BrokerUrl = format!("mqtt://{}", broker.address()).parse().unwrap();
    let session = |user: &str| {
        SessionPlugin::new(path.clone(), site.clone(), ids.clone())
            .with_broker(url.clone())
            .with_login(logins.get(user).cloned())
    };
    let folder = tempfile::tempdir().unwrap();
    let audit = folder.path().join("audit.log");
    let options = GateOptions {
        accounts: Accounts::demo(),
        demo: true,
        audit,
        key: SecretKey::generate(),
        allow_unsigned: false,
    };
    let (gate, for_gate) = (GatePlugin::new(&site, options).unwrap(), session("gate"));
    let gate = pollux::command::gate::Gate::start(move || {
        let mut app = App::new();
        app.add_plugins(MinimalPlugins).add_plugins(Gatehouse { session: for_gate, gate });
        app
    })
    .unwrap();
    let _field = Field::start_as(site.clone(), url.clone(), FieldOptions::default(), logins.clone()).unwrap();
    let mut twin = TestTwin::of(session("desktop"));
    twin.app.insert_resource(Operator::demo("operator"));
    twin.until("the gate is there", |it| it.resource::<GateState>().is_present());
    assert!(twin.app.world().resource::<GateState>().is_demo());
    twin.until("the pump is at speed", |it| (number(it, "bench.pump/speed") - 1000.0).abs() < 5.0);
    twin.ask("bench.pump/run", false, false);
    twin.until_newest_is(Phase::Confirmed);

    let publish = |user: &str, password: &str, topic: &str| {
        let output = Command::new("mosquitto_pub")
            .args(["-V", "5", "-q", "1", "-p", &url.port.to_string(), "-u", user, "-P", password])
            .args(["-t", topic, "-m", "true"])
            .output()
            .unwrap();
        output.status.success() && !String::from_utf8_lossy(&output.stderr).contains("Not authorized")
    };
    let password = |user: &str| logins[user].password.expose_secret().to_owned();
    assert!(!publish("desktop", &password("desktop"), "bench/pump/set/run"));
    assert!(!publish("bench-door", &password("bench-door"), "bench/pump/set/run"));
    assert!(!publish("bench-door", &password("bench-door"), "bench/pump/state"));
    assert!(!publish("gate", "guessed", "bench/pump/set/run"));
    assert!(publish("bench-door", &password("bench-door"), "bench/door/shut"), "its own topic is its own");
    twin.until("the pump still stands", |it| number(it, "bench.pump/speed") < 5.0);
    // A gate that ends in good order says so.
    drop(gate);
    twin.until("the gate is gone", |it| it.resource::<GateState>().is_absent());
    twin.ask("bench.pump/run", true, false);
    let row = twin.until_newest_is(Phase::Rejected);
    assert_eq!((row.cause, row.digest), (Some(Cause::BlockedByProcess), None));
}

#[test]
fn a_gate_of_a_plant_takes_no_accounts_that_everybody_knows() {
    let mut bench = Bench::new("operator");
    let demo = Accounts::demo();
    demo.save(&bench.gate.audit_path().with_file_name("operators.ron")).unwrap();
    bench.gate.kill();
    bench.twin.until("the gate is gone", |it| it.resource::<GateState>().is_absent());
    bench.gate.restart();
    let gate = &bench.gate;
    bench
        .twin
        .until("the gate has begun twice", |_| gate.audit().iter().filter(|it| it["what"] == "began").count() == 2);
    bench.twin.app.insert_resource(Operator::demo("operator"));
    bench.twin.until("the gate is there", |it| it.resource::<GateState>().is_present());
    bench.twin.ask("bench.pump/run", false, false);
    let row = bench.twin.until_newest_is(Phase::Rejected);
    assert_eq!(row.cause, Some(Cause::NoAccessAuthority));
    assert!(row.reason.as_ref().unwrap().contains("of the demo"), "{row:?}");
}

#[test]
fn a_gate_that_is_interrupted_says_that_it_is_gone_and_ends_its_audit() {
    let mut bench = Bench::new("operator");
    bench.twin.ask("bench.pump/run", false, false);
    bench.twin.until_newest_is(Phase::Confirmed);
    bench.gate.interrupt();
    bench.twin.until("the gate is gone", |it| it.resource::<GateState>().is_absent());
    let log = BufReader::new(File::open(bench.gate.audit_path()).unwrap());
    let report = verify(log, VerifyOptions::default()).unwrap();
    assert!(report.unaltered() && report.closed, "{report:?}");
}

#[test]
fn two_gates_keep_each_other_from_sending_until_one_ends() {
    let mut bench = Bench::new("operator");
    let mut second = Gate::start(&site_path("gated"), &bench.broker.url());
    bench.twin.until("one says that there are two", |it| it.resource::<GateState>().unfit().is_some());
    bench.twin.ask("bench.pump/speed", 950.0, false);
    let row = bench.twin.until_newest_is(Phase::Rejected);
    assert!(row.sent.is_none());
    // Each refuses by itself; the other one may have been heard first.
    bench.until_audited("this one has refused it as well", |it| {
        it["id"] == row.correlation && it["what"] == "refused" && it["cause"] == Cause::BlockedByHealth.name()
    });
    second.kill();
    bench.twin.until("one is left, and fit", |it| {
        let gate = it.resource::<GateState>();
        gate.is_present() && gate.unfit().is_none()
    });
    bench.twin.ask("bench.pump/speed", 950.0, false);
    bench.twin.until_newest_is(Phase::Confirmed);
}
