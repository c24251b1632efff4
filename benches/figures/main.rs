//! The figures that the README gives, as ratios to a peer in the same run.
//!
//! `cargo bench --bench figures` runs all but the soak; `-- stub`, `-- mosquitto`, `-- history`, `-- alarms`, `-- sessions`,
//! `-- audit`, `-- trust` and `-- soak` run one. Only counts are asserted:
//! that nothing is lost. Times are printed.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on should say where")]
#![expect(clippy::wildcard_enum_match_arm, reason = "the library's events are many")]

mod alarms;
mod audit;
mod clients;
mod history;
mod messages;
mod mosquitto;
mod plant;
mod sessions;
mod soak;
mod stub;
mod trust;

use std::time::Instant;

fn main() {
    // Cargo adds `--bench`.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let runs: [(&str, fn()); 8] = [
        ("stub", stub::run),
        ("mosquitto", mosquitto::run),
        ("history", history::run),
        ("alarms", alarms::run),
        ("sessions", sessions::run),
        ("audit", audit::run),
        ("trust", trust::run),
        ("soak", soak::run),
    ];
    for (name, run) in runs {
        // Half an hour is for who asks for it.
        if wanted.iter().any(|it| it == name) || (wanted.is_empty() && name != "soak") {
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
