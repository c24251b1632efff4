//! The link and what comes over it: brokers that go and come back, that are none, and messages that are meant badly.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use pollux::link::{self, Link, LinkOptions, LinkState, Publish};
use pollux::session::{History, Ingest, IngestOptions, Session, Tally, Timeline, Waker};
use pollux::signal::{SignalId, Timestamp};

use crate::harness::{Mosquitto, TestTwin, free_port, load, now, number, site_path, wait_until};

const STATE: &str = "bench/pump/state";
/// A link must be back within this of its broker.
const BACK_WITHIN: Duration = Duration::from_secs(15);

fn connect(port: u16, client_id: &str, filters: &[&str]) -> (Link, crossbeam_channel::Receiver<Vec<link::Arrival>>) {
    link::connect(LinkOptions {
        url: format!("mqtt://127.0.0.1:{port}").parse().unwrap(),
        client_id: client_id.to_owned(),
        filters: filters.iter().map(|&it| it.to_owned()).collect(),
        arrivals_capacity: 64,
        allow_insecure: false,
        login: None,
        tls: None,
        will: None,
    })
    .unwrap()
}

/// Accepts connections, reads what comes first, answers with these bytes, and closes.
fn answering(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::Builder::new()
        .name("stub".to_owned())
        .spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let n_read = stream.read(&mut [0; 256]).unwrap_or(0);
                if n_read == 0 || stream.write_all(answer).is_err() {
                    continue;
                }
            }
        })
        .unwrap();
    port
}

/// What the link says of the one who listens on a port.
#[track_caller]
fn check_problem(port: u16, want: &str) {
    let (link, _arrivals) = connect(port, "test", &["#"]);
    let mut said = String::new();
    wait_until("the link says what is wrong", || match link.state() {
        LinkState::Waiting { why, .. } => {
            said = why.to_string();
            true
        }
        LinkState::Connecting | LinkState::Connected { .. } | LinkState::Closed => false,
    });
    link.close();
    assert!(said.contains(want) && said.contains(&format!("127.0.0.1:{port}")), "{said:?} should say {want:?}");
}

#[test]
fn what_is_wrong_with_a_broker_is_told_with_its_place_and_mend() {
    check_problem(free_port(), "nobody answers at");
    check_problem(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "is no MQTT broker (it says \"HTTP/1.1 400");
    check_problem(answering(&[0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0]), "is no MQTT broker");
    check_problem(answering(&[0x20, 2, 0, 1]), "speaks no MQTT 5");
    check_problem(answering(&[0x20, 3, 0, 0x84, 0]), "speaks no MQTT 5");
    check_problem(answering(&[0x20, 3, 0, 0x86, 0]), "POLLUX_MQTT_USER");
    check_problem(answering(&[]), "without a word");
}

#[test]
fn a_link_is_back_within_five_seconds_of_its_broker_and_the_interruption_is_a_gap() {
    let broker = Mosquitto::start();
    let mut twin = TestTwin::connected(&site_path("bench_pump"), &broker.url());
    let publish = |twin: &mut TestTwin, broker: &Mosquitto, speed: f64| {
        let payload = format!(r#"{{"speed": {speed}, "running": true, "set": 900}}"#);
        // The subscription may take a moment after the connection.
        twin.until("the value is there", |it| {
            if number(it, "bench.pump/speed") != speed {
                broker.publish(STATE, &payload);
            }
            number(it, "bench.pump/speed") == speed
        });
    };
    publish(&mut twin, &broker, 900.0);
    publish(&mut twin, &broker, 901.0);

    let port = broker.kill();
    twin.until("the loss is noticed", |it| it.resource::<Session>().link.as_ref().is_some_and(|it| !it.is_connected()));
    let broker = Mosquitto::start_on(port);
    let returned = now();
    twin.until("the link is back", |it| it.resource::<Session>().link.as_ref().is_some_and(Link::is_connected));
    assert!(returned.elapsed() < BACK_WITHIN, "{:?}", returned.elapsed());
    publish(&mut twin, &broker, 902.0);
    publish(&mut twin, &broker, 903.0);

    let session = twin.app.world().resource::<Session>();
    assert_eq!(session.link.as_ref().map(Link::n_reconnects), Some(1));
    let (site, _) = load(&site_path("bench_pump"));
    let speed = site.signal_at("bench.pump/speed").unwrap().id;
    let points = session.history.samples(speed, Timestamp::MIN, Timestamp::MAX);
    assert!(points.windows(2).all(|it| it[0].at < it[1].at), "no sample twice: {points:?}");
    let (before, after) = points.split_at(points.partition_point(|it| it.value < 902.0));
    let (last, first) = (before.last().unwrap().at, after[0].at);
    // Shorter than the interruption, and longer than any other silence of this test only by chance: so the first
    // column after the interruption is looked at, and no other.
    let allowed = first.secs_since(last) * 0.9;
    let columns = session.history.plot(speed, last, first, 100, allowed);
    assert_eq!(columns.iter().map(|it| it.gap_before).collect::<Vec<_>>()[columns.len() - 1..], [true]);
}

#[test]
fn bad_messages_are_counted_and_the_rest_goes_on() {
    // By itself it keeps 1,000 messages for one who is slower than what comes in, and drops the rest.
    let more = "allow_anonymous true\nmax_queued_messages 0\n";
    let broker = Mosquitto::start_with(None, tempfile::tempdir().unwrap(), more);
    let (site, _) = load(&site_path("bench_pump"));
    let history = Arc::new(History::new(100_000_000, site.signal_capacity));
    let tally = Arc::new(Tally::default());
    let (link, arrivals) = connect(broker.port, "viewer", &["#"]);
    let options = IngestOptions {
        site: Arc::clone(&site),
        word_topics: vec!["pollux/viewer/answers".to_owned()],
        history: Arc::clone(&history),
        tally: Arc::clone(&tally),
        waker: Waker::default(),
        timeline: Arc::new(Timeline::new(&site)),
        recorder: None,
        tap: None,
        verifier: None,
    };
    let _ingest = Ingest::start(options, arrivals).unwrap();
    let (device, _) = connect(broker.port, "device", &[]);
    let send = |topic: &str, payload: Bytes, retain: bool| {
        let publish =
            || Publish { topic: topic.to_owned(), payload: payload.clone(), qos1: true, retain, ..Publish::default() };
        wait_until("the message is taken", || device.publish(publish()).is_ok());
    };
    wait_until("the viewer hears", || {
        broker.publish("other/hello", "1");
        tally.snapshot().unbound > 0
    });

    send(STATE, Bytes::from(vec![b'7'; 10 << 20]), false);
    send(STATE, Bytes::new(), false);
    send(STATE, Bytes::from_static(b"\xff\xfe\xfd"), false);
    send(STATE, Bytes::from(vec![b'['; 100_000]), false);
    send("other/retained", Bytes::from_static(b"nonsense"), true);
    for topic in 0..3000 {
        send(&format!("flood/{topic}"), Bytes::from_static(b"1"), false);
    }
    send(STATE, Bytes::from_static(br#"{"speed": 777, "running": true, "set": 900}"#), false);

    let speed: SignalId = site.signal_at("bench.pump/speed").unwrap().id;
    wait_until("the good value is there", || history.newest(speed).is_some_and(|it| it.value == 777.0));
    let counts = tally.snapshot();
    assert_eq!(counts.oversize, 1);
    assert_eq!(counts.unparsable.iter().map(|it| (it.topic.as_str(), it.count)).collect::<Vec<_>>(), [(STATE, 4)]);
    let n_hellos = counts.unbound_topics.iter().find(|it| it.topic == "other/hello").map_or(0, |it| it.count);
    assert_eq!(counts.unbound - n_hellos, 3001);
    assert!(counts.unbound_topics.len() <= 1000 && counts.unbound_overflow > 2000);
    assert_eq!(link.n_reconnects(), 0, "the connection survives all of it");
    link.close();
    device.close();
}
