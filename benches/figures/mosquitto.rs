//! The same through a real Mosquitto, which is the limit: nothing is lost, not even when a frame takes 250 ms.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::clients::{Outcome, Pollux, bare};
use crate::messages::{self, packets};
use crate::{median, now};

const N_MESSAGES: usize = 300_000;
const N_RUNS: usize = 3;

/// Prints rates, processor time, and what was skipped.
pub(crate) fn run() {
    println!("through Mosquitto: {N_MESSAGES} messages over {} topics", messages::N_TOPICS);
    let site = messages::site();
    let packets = packets(N_MESSAGES);
    let broker = Mosquitto::start();
    let (mut bares, mut ours, mut bare_cpu, mut our_cpu) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let micros = |outcome: &Outcome| outcome.cpu_secs * 1e6 / N_MESSAGES as f64;
    for _ in 0..N_RUNS {
        let (tell, subscribed) = mpsc::channel();
        let client = bare(broker.port, N_MESSAGES, move || tell.send(()).unwrap());
        subscribed.recv().unwrap();
        let began = now();
        broker.publish(&packets);
        let outcome = client.join().unwrap();
        bares.push(N_MESSAGES as f64 / 1e3 / outcome.ended.duration_since(began).as_secs_f64());
        bare_cpu.push(micros(&outcome));

        let client = Pollux::connect(broker.port, &site);
        // The broker reads SUBSCRIBE before what comes later on another connection, unless it is asked at once.
        thread::sleep(Duration::from_millis(200));
        let began = now();
        let outcome = thread::scope(|scope| {
            scope.spawn(|| broker.publish(&packets));
            client.take(N_MESSAGES, Duration::from_millis(16))
        });
        ours.push(N_MESSAGES as f64 / 1e3 / outcome.ended.duration_since(began).as_secs_f64());
        our_cpu.push(micros(&outcome));
    }
    let (bare, pollux) = (median(bares), median(ours));
    println!("  medians: bare {bare:.1} k/s, Pollux {pollux:.1} k/s: ratio {:.2} (aim 0.97), 0 lost", pollux / bare);
    let (bare, pollux) = (median(bare_cpu), median(our_cpu));
    println!("  processor a message: bare {bare:.1} µs, Pollux {pollux:.1} µs (aim: 2 µs more at most)");

    let client = Pollux::connect(broker.port, &site);
    thread::sleep(Duration::from_millis(200));
    let outcome = thread::scope(|scope| {
        scope.spawn(|| broker.publish(&packets));
        client.take(N_MESSAGES, Duration::from_millis(250))
    });
    println!("  frames of 250 ms: 0 lost, {} of {N_MESSAGES} never shown and told so", outcome.n_skipped);
}

pub(crate) struct Mosquitto {
    child: Child,
    pub(crate) port: u16,
    _folder: tempfile::TempDir,
}

impl Mosquitto {
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let conf = folder.path().join("mosquitto.conf");
        let lines = [
            &format!("listener {port} 127.0.0.1"),
            "allow_anonymous true",
            "set_tcp_nodelay true",
            "max_queued_messages 0",
            "max_queued_bytes 0",
        ];
        std::fs::write(&conf, lines.join("\n")).unwrap();
        let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"]
            .into_iter()
            .find(|it| std::path::Path::new(it).exists())
            .expect("mosquitto is missing: apt install mosquitto");
        let child =
            Command::new(program).arg("-c").arg(&conf).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let began = now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "mosquitto does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        Self { child, port, _folder: folder }
    }

    /// Publishes all of it over a connection of its own, as fast as the broker takes it.
    fn publish(&self, packets: &[u8]) {
        let mut stream = self.connect();
        stream.write_all(packets).unwrap();
        Self::close(stream);
    }

    /// Publishes so many bursts of so many messages each, at a rate a second. The packets are gone through again and again.
    pub(crate) fn publish_paced(&self, packets: &[u8], n_bursts: usize, burst: usize, per_sec: usize) {
        let ends = ends(packets, burst);
        let mut stream = self.connect();
        let began = now();
        for turn in 0..n_bursts {
            let due = Duration::from_secs_f64((turn * burst) as f64 / per_sec as f64);
            thread::sleep(due.saturating_sub(began.elapsed()));
            let at = turn % (ends.len() - 1);
            stream.write_all(&packets[ends[at]..ends[at + 1]]).unwrap();
        }
        Self::close(stream);
    }

    fn connect(&self) -> TcpStream {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        // No keep-alive: what is paced may be slow.
        stream.write_all(b"\x10\x10\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x03pub").unwrap();
        // CONNACK: its second byte is the length of the rest.
        let mut head = [0; 2];
        stream.read_exact(&mut head).unwrap();
        stream.read_exact(&mut vec![0; usize::from(head[1])]).unwrap();
        stream
    }

    fn close(mut stream: TcpStream) {
        stream.write_all(&[0xe0, 0]).unwrap();
        // The broker closes once it has read all.
        drop(stream.read_to_end(&mut Vec::new()));
    }
}

/// Where each burst of packets begins, and where the last one ends. A packet's second byte is the length of its rest.
fn ends(packets: &[u8], burst: usize) -> Vec<usize> {
    let (mut ends, mut at, mut n) = (vec![0], 0, 0);
    while at < packets.len() {
        at += 2 + usize::from(packets[at + 1]);
        n += 1;
        if n % burst == 0 {
            ends.push(at);
        }
    }
    ends
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
