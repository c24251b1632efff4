//! A command, whole: through the gate, over a real broker, to a simulated device and back.

use pollux::command::{Check, CommandLog, GateState, Operator, Pace, Phase, SequenceRequest, Sequences, StepState};
use pollux::field::{Field, FieldOptions};
use pollux::link::{Broker, Link};
use pollux::signal::Value;
use pollux::twin::ReadingState;

use crate::harness::{Gate, Mosquitto, TestTwin, accounts, any_port, load, newest_phase, number, reading, site_path};

fn a_pump_is_stopped_and_telemetry_shows_it(url: &str) {
    let path = site_path("bench_pump");
    let field = Field::start(load(&path).0, url.parse().unwrap(), FieldOptions::default()).unwrap();
    let _gate = Gate::start(&path, url);
    let mut twin = TestTwin::at_gate(&path, url, "operator");
    twin.until("the pump is at speed", |it| (number(it, "bench.pump/speed") - 1000.0).abs() < 5.0);
    assert_eq!(twin.reading("bench.pump/running").value, Some(Value::Flag(true)));

    twin.ask("bench.pump/run", false, false);
    let row = twin.until_newest_is(Phase::Confirmed);
    twin.until("the shaft stands", |it| number(it, "bench.pump/speed") < 5.0);
    assert!(row.answered.is_some(), "the device itself must have answered");
    assert!(row.sent.unwrap() <= row.ended.unwrap());
    assert!(!row.checks.is_empty() && row.checks.iter().all(Check::passed), "{:?}", row.checks);

    twin.ask("bench.pump/speed", 1600.0, false);
    twin.until_newest_is(Phase::Rejected);
    twin.ask("bench.pump/speed", 700.0, false);
    twin.until_newest_is(Phase::Accepted);
    // The pump is stopped, so its speed never reaches the set point: nobody may call that confirmed.
    twin.until_newest_is(Phase::Unknown);
    assert_eq!(twin.reading("bench.pump/set").value, Some(Value::Number(700.0)));
    drop(field);
}

#[test]
fn a_command_is_confirmed_by_telemetry_through_the_embedded_broker() {
    let broker = Broker::start(any_port()).unwrap();
    a_pump_is_stopped_and_telemetry_shows_it(&format!("mqtt://{}", broker.address()));
}

#[test]
fn a_command_is_confirmed_by_telemetry_through_mosquitto() {
    let broker = Mosquitto::start();
    a_pump_is_stopped_and_telemetry_shows_it(&broker.url());
}

#[test]
fn a_command_to_nobody_times_out() {
    let broker = Mosquitto::start();
    let path = site_path("bench_pump");
    let _gate = Gate::start(&path, &broker.url());
    let mut twin = TestTwin::at_gate(&path, &broker.url(), "operator");
    twin.until("a value has arrived", |it| {
        broker.publish("bench/pump/state", r#"{"speed": 900.5, "running": true, "set": 900}"#);
        reading(it, "bench.pump/speed").state == ReadingState::Fresh
    });
    twin.ask("bench.pump/run", false, false);
    twin.until_newest_is(Phase::TimedOut);
}

#[test]
fn what_is_asked_without_a_gate_is_unknown_in_the_end() {
    let broker = Mosquitto::start();
    let mut twin = TestTwin::connected(&site_path("bench_pump"), &broker.url());
    twin.app.insert_resource(Operator::of(accounts()));
    twin.sign_in("operator");
    twin.until("the link stands", |it| {
        it.resource::<pollux::session::Session>().link.as_ref().is_some_and(Link::is_connected)
    });
    assert!(!twin.app.world().resource::<GateState>().is_present());
    twin.ask("bench.pump/run", false, false);
    twin.until("the gate has had its time", |it| newest_phase(it) == Some(Phase::Unknown));
}

#[test]
fn nobody_asks_who_is_not_signed_in_and_the_refusal_is_a_row() {
    let broker = Mosquitto::start();
    let mut twin = TestTwin::connected(&site_path("bench_pump"), &broker.url());
    twin.ask("bench.pump/run", false, false);
    let row = twin.until_newest_is(Phase::Rejected);
    assert_eq!((row.sent, row.digest), (None, None));
    assert!(row.reason.as_ref().unwrap().contains("sign in"), "{row:?}");
    assert_eq!(twin.app.world().resource::<CommandLog>().rows.len(), 1);
}

#[test]
fn a_sequence_goes_from_step_to_step_and_stops_where_telemetry_does_not_follow() {
    let broker = Mosquitto::start();
    let (path, url) = (site_path("bench_pump"), broker.url());
    let _field = Field::start(load(&path).0, url.parse().unwrap(), FieldOptions::default()).unwrap();
    let _gate = Gate::start(&path, &url);
    let mut twin = TestTwin::at_gate(&path, &url, "operator");
    twin.until("the pump is at speed", |it| (number(it, "bench.pump/speed") - 1000.0).abs() < 5.0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stop.ron");
    let text = r#"(name: "Stop", steps: [
        Command(command: "bench.pump/run", value: 0),
        Until(holds: "signal('bench.pump/speed') < 5", within: 20),
        // It stands, and cannot follow.
        Command(command: "bench.pump/speed", value: 700),
        Command(command: "bench.pump/run", value: 1),
    ])"#;
    std::fs::write(&file, text).unwrap();
    twin.app.world_mut().write_message(SequenceRequest::Open(file));
    twin.until("it is open", |it| it.resource::<Sequences>().open.is_some());
    twin.app.world_mut().write_message(SequenceRequest::Start(Pace::Through));
    twin.until("it has begun", |it| it.resource::<Sequences>().is_running());
    twin.until("it has ended", |it| !it.resource::<Sequences>().is_running());
    let run = twin.app.world().resource::<Sequences>().run.clone().unwrap();
    assert!(matches!(run.states[1], StepState::Done { .. }), "{run:?}");
    assert!(matches!(run.states[2], StepState::Failed { .. }), "{run:?}");
    assert_eq!(run.states[3], StepState::Ahead);
    let phases: Vec<_> = twin.app.world().resource::<CommandLog>().rows.iter().map(|it| it.phase).collect();
    assert_eq!(phases, [Phase::Confirmed, Phase::Unknown]);
}
