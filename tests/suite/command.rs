//! A command, whole: over a real broker to a simulated device and back.

use pollux::command::{Ask, CommandLog, Phase};
use pollux::field::{Field, FieldOptions};
use pollux::link::Broker;
use pollux::session::CurrentSite;
use pollux::signal::Value;
use pollux::twin::ReadingState;

use crate::harness::{Mosquitto, TestTwin, any_port, load, number, reading, site_path};

fn ask(twin: &mut TestTwin, address: &str, value: Value) {
    let site = twin.app.world().resource::<CurrentSite>();
    let command = site.commands.iter().find(|it| &*it.address == address).unwrap().id;
    twin.app.world_mut().write_message(Ask { command, value });
}

fn newest_phase(world: &bevy::prelude::World) -> Option<Phase> {
    world.resource::<CommandLog>().rows.last().map(|it| it.phase)
}

fn a_pump_is_stopped_and_telemetry_shows_it(url: &str) {
    let path = site_path("bench_pump");
    let field = Field::start(load(&path).0, url.parse().unwrap(), FieldOptions::default()).unwrap();
    let mut twin = TestTwin::connected(&path, url);
    twin.until("the pump is at speed", |it| (number(it, "bench.pump/speed") - 1000.0).abs() < 5.0);
    assert_eq!(twin.reading("bench.pump/running").value, Some(Value::Flag(true)));

    ask(&mut twin, "bench.pump/run", Value::Flag(false));
    twin.until("the stop is confirmed", |it| newest_phase(it) == Some(Phase::Confirmed));
    twin.until("the shaft stands", |it| number(it, "bench.pump/speed") < 5.0);
    let row = twin.app.world().resource::<CommandLog>().rows.last().unwrap().clone();
    assert!(row.answered.is_some(), "the device itself must have answered");
    assert!(row.sent.unwrap() <= row.ended.unwrap());

    ask(&mut twin, "bench.pump/speed", Value::Number(1600.0));
    twin.until("the impossible is refused", |it| newest_phase(it) == Some(Phase::Rejected));
    ask(&mut twin, "bench.pump/speed", Value::Number(700.0));
    twin.until("the device has accepted", |it| newest_phase(it) == Some(Phase::Accepted));
    // The pump is stopped, so its speed never reaches the set point: nobody may call that confirmed.
    twin.until("nobody knows", |it| newest_phase(it) == Some(Phase::Unknown));
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
    let mut twin = TestTwin::connected(&site_path("bench_pump"), &broker.url());
    twin.until("a value has arrived", |it| {
        broker.publish("bench/pump/state", r#"{"speed": 900.5, "running": true, "set": 900}"#);
        reading(it, "bench.pump/speed").state == ReadingState::Fresh
    });
    ask(&mut twin, "bench.pump/run", Value::Flag(false));
    twin.until("it timed out", |it| newest_phase(it) == Some(Phase::TimedOut));
}
