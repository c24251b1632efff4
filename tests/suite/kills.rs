//! Who is killed when: the device, the gate and the broker, each at each point of a command's life. What the screen says must be
//! true at every moment: what nobody knows is unknown, until telemetry tells.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use pollux::command::{Cause, CommandLog, Hope, Phase};

use crate::harness::{Gate, Mosquitto, TestTwin, load, password_of, reading, site_path, wait_until};
use pollux::twin::ReadingState;

/// A device that does what the test says, and nothing else: a client with a last will.
struct Device(
    Child,
    #[expect(dead_code, reason = "it would end where nobody took what it says")] BufReader<ChildStdout>,
);

impl Device {
    fn start(broker: &Mosquitto) -> Self {
        // Line by line, or what it says would come when much of it has gathered.
        let mut child = Command::new("stdbuf")
            .args(["-oL", "mosquitto_sub"])
            .args(["-V", "5", "-p", &broker.port.to_string(), "-u", "bench-pump", "-P", &password_of("bench-pump")])
            .args(["-t", "bench/pump/set/run", "--will-topic", "bench/pump/status", "--will-payload", "offline"])
            .args(["--will-retain", "--will-qos", "1", "-d"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("mosquitto_sub is missing: apt install mosquitto-clients");
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.contains("SUBACK") {
            line.clear();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "it ended before it was let in");
        }
        Self(child, said)
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Killed {
    Device,
    Gate,
    Broker,
}

/// A bench whose pump is the test itself.
struct Bench {
    twin: TestTwin,
    gate: Gate,
    broker: Mosquitto,
    device: Device,
}

impl Bench {
    fn new(account: &str) -> Self {
        let path = site_path("gated");
        let broker = Mosquitto::guarded(&load(&path).0);
        let gate = Gate::start(&path, &broker.url());
        let twin = TestTwin::at_gate(&path, &broker.url(), account);
        let device = Device::start(&broker);
        Self { twin, gate, broker, device }
    }

    /// The pump says how fast it runs, until the desktop has heard it.
    fn measure(&mut self, speed: f64) {
        let (broker, twin) = (&self.broker, &mut self.twin);
        twin.until("the pump is heard", |it| {
            say_speed(broker, speed);
            let reading = reading(it, "bench.pump/speed");
            reading.state == ReadingState::Fresh && reading.number() == Some(speed)
        });
    }

    /// The device is there, and says so, until it is heard that it is.
    fn be_online(&mut self) {
        assert!(self.broker.publish_as("bench-pump", "bench/pump/status", b"online", &["-r"]));
    }

    fn answer(&self, correlation: &str, payload: &str) {
        let more = ["-D", "publish", "correlation-data", correlation];
        assert!(self.broker.publish_as("bench-pump", "pollux/gated/gate/answers", payload.as_bytes(), &more));
    }

    /// A command that has come to a point of its life; returns its correlation.
    fn command_at(&mut self, point: Phase) -> String {
        self.measure(1000.5);
        if point == Phase::Draft {
            self.gate.freeze();
        }
        if point == Phase::Checked {
            self.twin.ask("bench.pump/purge", true, true);
        } else {
            self.twin.ask("bench.pump/speed", 900.0, false);
        }
        let first = if point == Phase::Accepted { Phase::Sent } else { point };
        let row = self.twin.until_newest_is(first);
        if point == Phase::Accepted {
            self.answer(&row.correlation, r#"{"state":"accepted"}"#);
            self.twin.until_newest_is(Phase::Accepted);
        }
        row.correlation
    }

    fn kill(&mut self, killed: Killed) {
        match killed {
            Killed::Device => {
                self.device.0.kill().unwrap();
                self.device.0.wait().unwrap();
            }
            Killed::Gate => self.gate.kill(),
            Killed::Broker => (),
        }
    }

    /// What was killed is there again.
    fn revive(&mut self, killed: Killed) {
        match killed {
            Killed::Device => {
                self.device = Device::start(&self.broker);
                self.be_online();
            }
            Killed::Gate => self.gate.restart(),
            Killed::Broker => (),
        }
    }
}

fn say_speed(broker: &Mosquitto, speed: f64) {
    let text = format!(r#"{{"speed": {speed:?}, "running": true, "set": 1000, "purging": false}}"#);
    assert!(broker.publish_as("bench-pump", "bench/pump/state", text.as_bytes(), &[]));
}

/// One line of the table: who is killed at which point, and whether telemetry shows in the end that it happened.
fn check(bench: &mut Bench, killed: Killed, point: Phase, happened: bool) {
    let correlation = bench.command_at(point);
    let row = |twin: &TestTwin| twin.app.world().resource::<CommandLog>().row(&correlation).unwrap().clone();
    let is_unknown = |it: &bevy::prelude::World| {
        let row = it.resource::<CommandLog>().row(&correlation).unwrap();
        assert_ne!(row.phase, Phase::Confirmed, "nothing showed it: {row:?}");
        row.phase == Phase::Unknown
    };
    let what = format!("{killed:?} is killed at {point:?}");
    bench.kill(killed);
    if killed == Killed::Broker {
        let twin = &mut bench.twin;
        bench.broker.restart_after(|| twin.until(&what, is_unknown));
    } else {
        bench.twin.until(&what, is_unknown);
    }
    assert_eq!(row(&bench.twin).cause, Some(Cause::AbortionByCommunicationLoss), "{what}");
    bench.revive(killed);
    if (killed, point) == (Killed::Broker, Phase::Draft) {
        // It was held fast, so that it could not speak.
        bench.gate.restart();
    }
    if happened {
        let broker = &bench.broker;
        bench.twin.until("telemetry has told", |it| {
            say_speed(broker, 900.5);
            it.resource::<CommandLog>().row(&correlation).unwrap().phase == Phase::Confirmed
        });
    } else {
        // One window after the return nothing is hoped for any more, and it stays unknown whatever comes.
        bench.twin.until("there is no hope", |it| {
            let row = it.resource::<CommandLog>().row(&correlation).unwrap();
            assert_eq!(row.phase, Phase::Unknown, "{what}");
            row.hope == Hope::None
        });
        bench.measure(900.5);
        assert_eq!(row(&bench.twin).phase, Phase::Unknown, "{what}");
    }
    bench.twin.until("the gate is there", |it| it.resource::<pollux::command::GateState>().is_present());
}

#[test]
fn a_device_that_is_killed_leaves_its_command_unknown_until_telemetry_tells() {
    let mut bench = Bench::new("operator");
    bench.be_online();
    for (point, happened) in [(Phase::Sent, true), (Phase::Accepted, true), (Phase::Sent, false)] {
        check(&mut bench, Killed::Device, point, happened);
    }
    // Nothing is sent to a device that is known to be away.
    bench.kill(Killed::Device);
    let mut n_asked = 0;
    bench.measure(1000.5);
    loop {
        n_asked += 1;
        assert!(n_asked < 20);
        bench.twin.ask("bench.pump/speed", 990.0, false);
        let closed = |it: &bevy::prelude::World| !it.resource::<CommandLog>().rows.last().unwrap().phase.is_open();
        bench.twin.until("it has ended", closed);
        let row = bench.twin.newest();
        assert_ne!(row.phase, Phase::Confirmed);
        if row.phase == Phase::Rejected {
            assert_eq!(row.cause, Some(Cause::BlockedByProcess), "{row:#?}");
            return;
        }
    }
}

#[test]
fn a_gate_that_is_killed_leaves_its_commands_unknown_until_telemetry_tells() {
    let mut bench = Bench::new("supervisor");
    for (point, happened) in
        [(Phase::Sent, true), (Phase::Accepted, true), (Phase::Accepted, false), (Phase::Draft, false)]
    {
        check(&mut bench, Killed::Gate, point, happened);
    }
    check(&mut bench, Killed::Gate, Phase::Checked, false);
}

#[test]
fn a_broker_that_is_killed_leaves_all_unknown_until_telemetry_tells() {
    let mut bench = Bench::new("operator");
    for (point, happened) in [(Phase::Sent, true), (Phase::Accepted, true), (Phase::Sent, false), (Phase::Draft, false)]
    {
        check(&mut bench, Killed::Broker, point, happened);
    }
}

#[test]
fn what_waits_for_a_person_outlives_its_broker_only_if_the_gate_says_so() {
    let mut bench = Bench::new("supervisor");
    let correlation = bench.command_at(Phase::Checked);
    let Bench { twin, broker, .. } = &mut bench;
    let phase = |it: &bevy::prelude::World| it.resource::<CommandLog>().row(&correlation).unwrap().phase;
    broker.restart_after(|| twin.until("nobody knows", |it| phase(it) == Phase::Unknown));
    // The gate still holds it for whoever asked. Telemetry that looks as if it had happened confirms nothing.
    twin.until("the gate has said what it knows", |it| {
        let purging = r#"{"speed": 1000.5, "running": true, "set": 1000, "purging": true}"#;
        assert!(broker.publish_as("bench-pump", "bench/pump/state", purging.as_bytes(), &[]));
        assert_ne!(phase(it), Phase::Confirmed);
        matches!(phase(it), Phase::Checked | Phase::Expired)
    });
    assert!(twin.newest().sent.is_none());
}

#[test]
fn what_was_under_way_when_the_gate_ended_is_written_down_as_unknown() {
    let mut bench = Bench::new("operator");
    let correlation = bench.command_at(Phase::Sent);
    let is_unknown = |gate: &Gate| gate.audit().iter().any(|it| it["id"] == correlation && it["phase"] == "unknown");
    bench.gate.kill();
    assert!(!is_unknown(&bench.gate));
    bench.gate.restart();
    let gate = &bench.gate;
    bench.twin.until("the audit has an end of it", |_| is_unknown(gate));
}

#[test]
fn a_device_that_is_killed_while_its_command_waits_for_a_person_gets_nothing() {
    let mut bench = Bench::new("supervisor");
    bench.be_online();
    let correlation = bench.command_at(Phase::Checked);
    bench.kill(Killed::Device);
    let port = bench.broker.port.to_string();
    let last_will = || {
        let mut hear = Command::new("mosquitto_sub");
        hear.args(["-V", "5", "-p", &port, "-u", "desktop", "-P", &password_of("desktop"), "-C", "1", "-W", "5"]);
        hear.args(["-t", "bench/pump/status"]).output().unwrap().stdout
    };
    wait_until("the broker says that the device is gone", || last_will().starts_with(b"offline"));
    // Nothing was sent, and that is what the screen says.
    let row = |twin: &TestTwin| twin.app.world().resource::<CommandLog>().row(&correlation).unwrap().clone();
    assert_eq!((row(&bench.twin).phase, row(&bench.twin).sent), (Phase::Checked, None));
    bench.measure(1000.5);
    bench.twin.ask("bench.pump/purge", true, true);
    bench.twin.until("the gate refuses to operate it", |it| {
        let row = it.resource::<CommandLog>().row(&correlation).unwrap();
        assert_ne!(row.phase, Phase::Confirmed);
        row.phase == Phase::Rejected
    });
    assert_eq!((row(&bench.twin).cause, row(&bench.twin).sent), (Some(Cause::BlockedByProcess), None));
}
