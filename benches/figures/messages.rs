//! The messages of the runs, encoded beforehand, and the site that binds them.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use pollux::session::History;
use pollux::signal::{Sample, SignalId, Timestamp};
use pollux::site::{Ids, Site, load};

/// Topics; every second one carries JSON with the device's time, the others a bare number.
pub(crate) const N_TOPICS: usize = 1000;
/// The device's time in the first message, in milliseconds since 1970.
const BEGIN_MILLIS: u64 = 1_769_860_800_000;

/// A site with one signal a topic.
pub(crate) fn site() -> Arc<Site> {
    let folder = tempfile::tempdir().unwrap();
    site_in(folder.path()).0
}

/// The same, as a file in a folder; and what it says.
pub(crate) fn site_in(folder: &Path) -> (Arc<Site>, String) {
    let mut signals = String::new();
    for topic in 0..N_TOPICS {
        let binding = if topic % 2 == 0 { "" } else { r#", path: "/v", time: "/t""# };
        writeln!(signals, "(id: \"s{topic}\", topic: \"bench/s{topic:04}\"{binding}),").unwrap();
    }
    let text = format!(
        "(name: \"Bench\", place: (latitude: 0, longitude: 0),\n\
         viewpoints: [(id: \"home\", eye: (6, 5, 7), target: (0, 1, 0))],\n\
         twins: [(id: \"plant\", kind: Asset, signals: [\n{signals}])])\n"
    );
    let path = folder.join("site.ron");
    std::fs::write(&path, &text).unwrap();
    match load(&path, &mut Ids::default()) {
        Ok(loaded) => (Arc::new(loaded.site), text),
        Err(error) => panic!("{error}"),
    }
}

/// So many PUBLISH packets (MQTT 5, `QoS` 0), one topic after the other.
pub(crate) fn packets(n_messages: usize) -> Vec<u8> {
    let mut packets = Vec::with_capacity(n_messages * 48);
    let mut payload = String::new();
    for message in 0..n_messages {
        let (topic, round) = (message % N_TOPICS, message / N_TOPICS);
        let value = 1000.0 + (message * 7919 % 10_007) as f64 / 100.0;
        payload.clear();
        match topic % 2 {
            0 => write!(payload, "{value:.2}").unwrap(),
            _ => write!(payload, "{{\"t\":{},\"v\":{value:.2}}}", BEGIN_MILLIS + round as u64 * 100).unwrap(),
        }
        let topic = format!("bench/s{topic:04}");
        let remaining = 2 + topic.len() + 1 + payload.len();
        assert!(remaining < 128, "one byte of length is enough");
        packets.extend([0x30, remaining as u8, 0, topic.len() as u8]);
        packets.extend(topic.as_bytes());
        packets.push(0);
        packets.extend(payload.as_bytes());
    }
    packets
}

/// A history in its stride: the signals are at different distances from their next sealing.
pub(crate) fn history() -> (Arc<History>, u64) {
    let history = History::new(512_000_000, N_TOPICS);
    for signal in 0..N_TOPICS {
        for step in 0..(signal * 1280 / N_TOPICS) {
            let at = Timestamp::from_nanos(1_600_000_000_000_000_000 + step as i64 * 1_000_000_000);
            let value = 1000.0 + (step * 7919 % 10_007) as f64 / 100.0;
            history.push(&Sample { signal: SignalId(signal as u32), at, received: at, value: value.into() });
        }
    }
    let n_before = history.n_samples();
    (Arc::new(history), n_before)
}
