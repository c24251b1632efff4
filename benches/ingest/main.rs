//! What ingest can carry, as ratios to a bare client of the same MQTT library in the same run.
//!
//! `cargo bench --bench ingest` runs all; `-- stub`, `-- mosquitto` and `-- history` run one. Only counts are asserted:
//! that nothing is lost. Times are printed.

mod clients;
mod history;
mod messages;
mod mosquitto;
mod stub;

use std::time::Instant;

fn main() {
    // Cargo adds `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let runs: [(&str, fn()); 3] = [("stub", stub::run), ("mosquitto", mosquitto::run), ("history", history::run)];
    for (name, run) in runs {
        if wanted.is_empty() || wanted.iter().any(|it| it == name) {
            run();
        }
    }
}

/// The clock of the measurements.
#[expect(clippy::disallowed_methods, reason = "a measurement, not the time of the twin")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
