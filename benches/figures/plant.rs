//! The plant of the measurements: 1,000 signals at 1 Hz, half of them random walks with two decimals, the rest sines, states
//! and floats; a jitter of 0.3 ms in their arrival. 16 B a sample, raw.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use pollux::link::Arrival;
use pollux::signal::{Sample, SignalId, Timestamp};
use pollux::site::{Ids, Site, load};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// How many signals.
pub(crate) const N_SIGNALS: u32 = 1000;
/// When the first samples came, ns since 1970.
pub(crate) const BEGIN: i64 = 1_769_860_800_000_000_000;

/// Makes the samples of one second after the other.
pub(crate) struct Plant {
    random: StdRng,
    walks: Vec<f64>,
    topics: Vec<Bytes>,
    step: i64,
}

impl Plant {
    pub(crate) fn new() -> Self {
        Self {
            random: StdRng::seed_from_u64(7),
            walks: vec![100.0; N_SIGNALS as usize],
            topics: (0..N_SIGNALS).map(|it| topic(it).into()).collect(),
            step: 0,
        }
    }

    /// The next second's samples, in the order of their arrival.
    pub(crate) fn second(&mut self) -> Vec<Sample> {
        let step = self.step;
        self.step += 1;
        let sample = |signal| {
            let value = match signal % 6 {
                0..3 => {
                    let walk = &mut self.walks[signal as usize];
                    *walk = ((*walk + self.random.random_range(-0.5..0.5)) * 100.0).round() / 100.0;
                    *walk
                }
                3 => (step as f64 / 60.0 + f64::from(signal)).sin() * 50.0,
                4 => f64::from(u8::from(step / 97 % 5 == i64::from(signal) % 5)),
                _ => f64::from(self.random.random_range(0.0_f32..100.0)),
            };
            // Over the second, as devices that know nothing of each other speak.
            let at =
                BEGIN + step * 1_000_000_000 + i64::from(signal) * 990_000 + self.random.random_range(0..300) * 1000;
            let at = Timestamp::from_nanos(at);
            Sample { signal: SignalId(signal), at, received: at, value: value.into() }
        };
        (0..N_SIGNALS).map(sample).collect()
    }

    /// The same as messages.
    pub(crate) fn messages(&mut self) -> Vec<Arrival> {
        let second = self.second();
        second.iter().map(|it| self.message(it)).collect()
    }

    fn message(&self, sample: &Sample) -> Arrival {
        Arrival {
            topic: self.topics[sample.signal.index()].clone(),
            payload: format!("{{\"v\":{}}}", sample.value.as_number().unwrap()).into(),
            received: sample.received,
            retained: false,
            correlation: None,
            properties: None,
        }
    }
}

fn topic(signal: u32) -> String {
    format!("plant/s{signal:04}")
}

/// The site that binds them.
pub(crate) fn site(folder: &Path) -> (Arc<Site>, String) {
    let mut signals = String::new();
    for signal in 0..N_SIGNALS {
        write!(signals, "(id: \"s{signal:04}\", topic: \"{}\", path: \"/v\"),", topic(signal)).unwrap();
    }
    let text = format!(
        "(name: \"Bench\", place: (latitude: 0, longitude: 0), twins: [(id: \"plant\", kind: Asset, signals: [{signals}])])"
    );
    let path = folder.join("site.ron");
    std::fs::write(&path, &text).unwrap();
    match load(&path, &mut Ids::default()) {
        Ok(loaded) => (Arc::new(loaded.site), text),
        Err(error) => panic!("{error}"),
    }
}
