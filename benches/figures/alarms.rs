//! What it costs to look for alarms: the samples of a plant through the machine with an alarm on each signal, against the
//! same loop that decodes and folds them alone.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use pollux::codec::Decoder;
use pollux::judge::Listener;
use pollux::link::Arrival;
use pollux::session::Fold;
use pollux::signal::Timestamp;
use pollux::site::{Ids, Site, load};

use crate::median;
use crate::plant::{N_SIGNALS, Plant};

const N_SECS: usize = 500;
const N_RUNS: usize = 5;

/// Prints samples a second of both, and their ratio: quiet, and where every alarm chatters.
pub(crate) fn run() {
    println!("alarms: {N_SIGNALS} signals with an alarm each, {N_SECS} s of samples");
    for (name, limit) in [("none is raised", 1e9), ("limits within the noise", 0.5)] {
        let site = Arc::new(site(limit));
        let messages = messages();
        let (mut plain, mut watched) = (Vec::new(), Vec::new());
        let mut n_events = 0;
        for _ in 0..N_RUNS {
            plain.push(without(&site, &messages));
            let (rate, n) = with(&site, &messages);
            watched.push(rate);
            n_events = n;
        }
        let (plain, watched) = (median(plain), median(watched));
        println!(
            "  {name}: decoded and folded {:.2} M samples/s, and looked at {:.2} M samples/s: ratio {:.2}; {n_events} events; {:.0} ns a sample for the alarms",
            plain / 1e6,
            watched / 1e6,
            watched / plain,
            1e9 / watched - 1e9 / plain
        );
    }
}

fn without(site: &Site, messages: &[Arrival]) -> f64 {
    let mut decoder = Decoder::new(site);
    let mut fold = Fold::default();
    let began = on_cpu_secs();
    let mut n = 0;
    for arrival in messages {
        let (mut samples, mut faults) = (Vec::new(), Vec::new());
        decoder.decode(&arrival.topic, &arrival.payload, arrival.received, &mut samples, &mut faults);
        for sample in samples {
            fold.take(&sample, arrival.retained);
            n += 1;
        }
    }
    assert_eq!(n, messages.len());
    n as f64 / (on_cpu_secs() - began)
}

fn with(site: &Arc<Site>, messages: &[Arrival]) -> (f64, usize) {
    let mut listener = Listener::new(site, None);
    let mut n_events = 0;
    let began = on_cpu_secs();
    for batch in messages.chunks(128) {
        batch.iter().for_each(|it| listener.take(it));
        n_events += listener.engine.take_finds().events.len();
    }
    (messages.len() as f64 / (on_cpu_secs() - began), n_events)
}

/// Seconds that this thread has been on a processor: others on the machine do not count.
fn on_cpu_secs() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn messages() -> Vec<Arrival> {
    let mut plant = Plant::new();
    (0..N_SECS)
        .flat_map(|_| plant.second())
        .map(|sample| Arrival {
            topic: Bytes::from(format!("plant/{}", sample.signal.0)),
            payload: Bytes::from(sample.value.as_number().unwrap().to_string()),
            received: Timestamp::from_nanos(sample.received.as_nanos()),
            retained: false,
            correlation: None,
            properties: None,
        })
        .collect()
}

fn site(limit: f64) -> Site {
    let mut signals = String::new();
    let mut alarms = String::new();
    for id in 0..N_SIGNALS {
        write!(signals, "(id: \"s{id}\", topic: \"plant/{id}\", period: 1),").unwrap();
        write!(
            alarms,
            "(id: \"a{id}\", name: \"High\", when: Above(signal: \"./s{id}\", limit: {limit:?}), consequence: Major, respond_within: 5),"
        )
        .unwrap();
    }
    let text = format!(
        "(name: \"Plant\", place: (latitude: 0, longitude: 0), twins: [(id: \"plant\", kind: Asset, signals: [{signals}], alarms: [{alarms}])])"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.ron");
    std::fs::write(&path, text).unwrap();
    load(&path, &mut Ids::default()).unwrap().site
}
