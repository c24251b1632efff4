//! What a headless run says at its end, as JSON.

use std::collections::BTreeMap;

use pollux::session::TallySnapshot;
use pollux::site::Site;
use pollux::twin::{ReadingState, Readings};
use serde::Serialize;

/// The figures of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    arrivals: u64,
    samples: u64,
    signals_live: usize,
    signals_bound: usize,
    not_live: Vec<String>,
    /// Values between two frames that were recorded but not shown.
    skipped: u64,
    /// Messages that could not be read.
    unparsable: u64,
    /// Signals by how far they may be believed.
    trust: BTreeMap<&'static str, usize>,
    /// Messages that verification refused.
    refused: u64,
    delay_p50_ms: Option<f64>,
    delay_p99_ms: Option<f64>,
    frames: u64,
    secs: f64,
    shot: Option<String>,
}

impl Summary {
    /// Gathers the figures. A signal is live while its reading is fresh.
    pub(crate) fn new(site: &Site, readings: &Readings, tally: &TallySnapshot, frames: u64, secs: f64) -> Self {
        let not_live: Vec<String> = site
            .signals
            .iter()
            .filter(|it| readings.get(it.id).state != ReadingState::Fresh)
            .map(|it| format!("{} ({})", it.address, readings.get(it.id).state.label()))
            .collect();
        let mut trust = BTreeMap::new();
        for signal in &site.signals {
            *trust.entry(readings.get(signal.id).standing.label()).or_default() += 1;
        }
        Self {
            arrivals: tally.arrivals,
            samples: tally.samples,
            signals_live: site.signals.len() - not_live.len(),
            signals_bound: site.signals.len(),
            not_live,
            skipped: tally.skipped,
            unparsable: tally.unparsable.iter().map(|it| it.count).sum(),
            trust,
            refused: tally.refused,
            delay_p50_ms: tally.delay_p50_ms,
            delay_p99_ms: tally.delay_p99_ms,
            frames,
            secs,
            shot: None,
        }
    }

    /// Adds the picture's path.
    pub(crate) fn with_shot(mut self, shot: Option<String>) -> Self {
        self.shot = shot;
        self
    }

    /// Whether every bound signal was live.
    pub(crate) fn all_live(&self) -> bool {
        self.not_live.is_empty() && self.signals_bound > 0
    }
}
