//! From a broker to a reading.

use pollux::signal::Value;
use pollux::twin::ReadingState;

use crate::harness::{Mosquitto, TestTwin, number, reading, site_path};

#[test]
fn a_value_published_through_mosquitto_becomes_a_reading() {
    let broker = Mosquitto::start();
    let mut twin = TestTwin::connected(&site_path("bench_pump"), &broker.url());
    assert_eq!(twin.reading("bench.pump/speed").state, ReadingState::NeverSeen);
    twin.until("the value is there", |it| {
        broker.publish("bench/pump/state", r#"{"speed": 900.5, "running": 1, "set": 900}"#);
        number(it, "bench.pump/speed") == 900.5
    });
    assert_eq!(twin.reading("bench.pump/running").value, Some(Value::Flag(true)));
}

#[test]
fn a_payload_that_cannot_be_read_leaves_the_last_good_value_marked_stale() {
    let broker = Mosquitto::start();
    let mut twin = TestTwin::connected(&site_path("bench_pump"), &broker.url());
    twin.until("the value is there", |it| {
        broker.publish("bench/pump/state", r#"{"speed": 900.5, "running": true, "set": 900}"#);
        number(it, "bench.pump/speed") == 900.5
    });
    broker.publish("bench/pump/state", r#"{"speed": "fast", "running": true, "set": 910}"#);
    twin.until("the rest has gone on", |it| number(it, "bench.pump/set") == 910.0);
    let speed = twin.reading("bench.pump/speed");
    assert_eq!((speed.value, speed.state), (Some(Value::Number(900.5)), ReadingState::Stale));
}

#[test]
fn a_value_out_of_range_is_bad_and_a_silent_signal_goes_stale() {
    let broker = Mosquitto::start();
    let mut twin = TestTwin::connected(&site_path("bench_pump"), &broker.url());
    twin.until("the value is there", |it| {
        broker.publish("bench/pump/state", r#"{"speed": 5000, "running": true, "set": 900}"#);
        number(it, "bench.pump/speed") == 5000.0
    });
    assert_eq!(twin.reading("bench.pump/speed").state, ReadingState::Bad);
    twin.until("it is stale", |it| reading(it, "bench.pump/speed").state == ReadingState::Stale);
}
