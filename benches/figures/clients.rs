//! The two that are compared: Pollux from the socket to the history, and a bare client that only counts.

use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use pollux::link::{self, Link, LinkOptions};
use pollux::session::{History, Ingest, IngestOptions, Tally, Timeline, Waker};
use pollux::site::Site;
use rumqttc::{AsyncClient, Broker, Event, Incoming, MqttOptions, NetworkOptions, QoS};

use crate::{messages, now};

/// What a run came to.
pub(crate) struct Outcome {
    /// When the last message was through.
    pub(crate) ended: Instant,
    /// Seconds of processor that the client's threads took.
    pub(crate) cpu_secs: f64,
    /// Samples that no frame got.
    pub(crate) n_skipped: u64,
}

/// A run may take so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// Pollux, with a reader that looks once a frame.
pub(crate) struct Pollux {
    link: Link,
    ingest: Ingest,
    history: Arc<History>,
    n_before: u64,
    tally: Arc<Tally>,
}

impl Pollux {
    /// Connects to a broker on loopback, and waits until it is there.
    pub(crate) fn connect(port: u16, site: &Arc<Site>) -> Self {
        let (history, n_before) = messages::history();
        let tally = Arc::new(Tally::default());
        let (link, arrivals) = link::connect(LinkOptions {
            url: format!("mqtt://127.0.0.1:{port}").parse().unwrap(),
            client_id: "pollux".to_owned(),
            filters: pollux::codec::filters(site),
            arrivals_capacity: 256,
            allow_insecure: false,
            login: None,
            tls: None,
            will: None,
        })
        .unwrap();
        let options = IngestOptions {
            site: Arc::clone(site),
            word_topics: vec!["pollux/bench/answers".to_owned()],
            history: Arc::clone(&history),
            tally: Arc::clone(&tally),
            waker: Waker::default(),
            timeline: Arc::new(Timeline::new(site)),
            recorder: None,
            tap: Some(Arc::default()),
            verifier: None,
        };
        let ingest = Ingest::start(options, arrivals).unwrap();
        let began = now();
        while !link.is_connected() {
            assert!(began.elapsed() < PATIENCE, "no connection: {:?}", link.state());
            thread::sleep(Duration::from_millis(1));
        }
        Self { link, ingest, history, n_before, tally }
    }

    /// Takes so many messages, and asserts that every one is in the history.
    pub(crate) fn take(self, n_messages: usize, frame: Duration) -> Outcome {
        let began = now();
        let (mut n_got, mut n_skipped) = (0, 0);
        let mut next_frame = began;
        let ended = loop {
            if now() >= next_frame {
                next_frame = now() + frame;
                if let Ok(batch) = self.ingest.batches.try_recv() {
                    n_got += batch.newest.len() as u64;
                    n_skipped += batch.n_skipped;
                }
            }
            if self.history.n_samples() - self.n_before >= n_messages as u64 {
                break now();
            }
            assert!(
                began.elapsed() < PATIENCE,
                "lost: {} of {n_messages} came",
                self.history.n_samples() - self.n_before
            );
            thread::sleep(Duration::from_millis(2));
        };
        let cpu_secs = cpu_secs("pollux-");
        thread::sleep(Duration::from_millis(20));
        if let Ok(batch) = self.ingest.batches.try_recv() {
            n_got += batch.newest.len() as u64;
            n_skipped += batch.n_skipped;
        }
        let tally = self.tally.snapshot();
        assert_eq!(tally.arrivals, n_messages as u64);
        assert_eq!((tally.duplicates, tally.too_late, tally.unbound), (0, 0, 0));
        assert!(tally.unparsable.is_empty());
        // What the frames got and what was skipped is all there was.
        assert_eq!((n_got + n_skipped, tally.skipped), (n_messages as u64, n_skipped));
        self.link.close();
        Outcome { ended, cpu_secs, n_skipped }
    }
}

/// A bare client: connects, subscribes, tells that it has, counts.
pub(crate) fn bare(
    port: u16,
    n_messages: usize,
    subscribed: impl FnOnce() + Send + 'static,
) -> thread::JoinHandle<Outcome> {
    thread::Builder::new()
        .name("bare".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(count(port, n_messages, subscribed))
        })
        .unwrap()
}

async fn count(port: u16, n_messages: usize, subscribed: impl FnOnce()) -> Outcome {
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    let options = MqttOptions::builder("bare", Broker::tcp("127.0.0.1", port))
        .keep_alive(15)
        .max_packet_size(Some(64 << 20))
        .read_batch_size(128)
        .network_options(network)
        .build();
    let (client, mut events) = AsyncClient::builder(options).capacity(16).build();
    let mut subscribed = Some(subscribed);
    let mut n = 0;
    while n < n_messages {
        match events.poll().await.unwrap() {
            Event::Incoming(Incoming::ConnAck(_)) => client.try_subscribe("bench/#", QoS::AtMostOnce).unwrap(),
            Event::Incoming(Incoming::SubAck(_)) => {
                if let Some(tell) = subscribed.take() {
                    tell();
                }
            }
            Event::Incoming(Incoming::Publish(_)) => n += 1,
            _ => (),
        }
    }
    Outcome { ended: now(), cpu_secs: cpu_secs("bare"), n_skipped: 0 }
}

/// What the threads of a name have used, by the system's books (in hundredths of a second).
fn cpu_secs(name: &str) -> f64 {
    let mut ticks = 0.0;
    for task in fs::read_dir("/proc/self/task").unwrap().flatten() {
        let Ok(stat) = fs::read_to_string(task.path().join("stat")) else { continue };
        let Some((head, tail)) = stat.rsplit_once(')') else { continue };
        if head.split_once('(').is_some_and(|it| it.1.starts_with(name)) {
            let fields: Vec<&str> = tail.split_whitespace().collect();
            ticks += fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        }
    }
    ticks / 100.0
}
