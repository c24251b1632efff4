//! The plant's pulse: steps the physics as time passes, shows its values to the devices, and takes their orders.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Shared;
use crate::link::now;
use crate::physics::{InputId, OutputId, Plant};
use crate::signal::Timestamp;

/// Real time between two steps.
const BEAT: Duration = Duration::from_millis(25);

/// A gap longer than this is no time of the plant's: the machine slept, or somebody set its clock.
const LONGEST_STEP_SECS: f64 = 0.5;

/// Orders that may wait for the next beat.
const ORDERS: usize = 1024;

/// What the devices see of the plant, and where they put their orders. Reading never waits.
#[derive(Debug, Clone)]
pub(super) struct Board {
    /// The bits of each output's value, by [`OutputId`].
    values: Arc<[AtomicU64]>,
    /// The bits of the plant's time in seconds.
    time: Arc<AtomicU64>,
    orders: Sender<(InputId, f64)>,
}

/// The plant with what drives it.
pub(super) struct Pulse {
    plant: Plant,
    speed: f64,
    hour_at_start: f64,
    board: Board,
    orders: Receiver<(InputId, f64)>,
}

impl Board {
    /// An output's value as of the last beat.
    pub(super) fn value(&self, output: OutputId) -> f64 {
        f64::from_bits(self.values[output.index()].load(Ordering::Relaxed))
    }

    /// Hours of plant time since the start.
    pub(super) fn hours(&self) -> f64 {
        f64::from_bits(self.time.load(Ordering::Relaxed)) / 3600.0
    }

    /// Sets an input at the next beat. `false`: too many orders wait.
    pub(super) fn order(&self, input: InputId, value: f64) -> bool {
        self.orders.try_send((input, value)).is_ok()
    }
}

impl Pulse {
    pub(super) fn new(plant: Plant, speed: f64, hour_at_start: f64) -> (Self, Board) {
        let (sender, orders) = bounded(ORDERS);
        let board = Board {
            values: plant.values().map(|it| AtomicU64::new(it.to_bits())).collect(),
            time: Arc::new(AtomicU64::new(0_f64.to_bits())),
            orders: sender,
        };
        (Self { plant, speed, hour_at_start, board: board.clone(), orders }, board)
    }

    /// Beats until the field stops.
    pub(super) fn run(mut self, shared: &Shared) {
        let mut last = now();
        while !shared.stopping.load(Ordering::Relaxed) {
            thread::park_timeout(BEAT);
            let this = now();
            let passed = this.secs_since(last).clamp(0.0, LONGEST_STEP_SECS);
            last = this;
            self.beat(passed);
            self.report(shared);
        }
    }

    fn beat(&mut self, passed_secs: f64) {
        for (input, value) in self.orders.try_iter() {
            self.plant.set(input, value);
        }
        let hour = (self.hour_at_start + self.plant.time() / 3600.0).rem_euclid(24.0);
        self.plant.step(passed_secs * self.speed, hour);
        for (shown, value) in self.board.values.iter().zip(self.plant.values()) {
            shown.store(value.to_bits(), Ordering::Relaxed);
        }
        self.board.time.store(self.plant.time().to_bits(), Ordering::Relaxed);
    }

    /// Tells of blocks that stand still, once when they are more or fewer than before.
    fn report(&self, shared: &Shared) {
        let n_faults = self.plant.faults().count();
        if shared.faults.swap(n_faults, Ordering::Relaxed) < n_faults {
            for fault in self.plant.faults() {
                tracing::warn!("the physics of `{}` stands still: {}", fault.twin, fault.why);
            }
        }
    }
}

/// The local hour, 0 to 24. `None`: no such time zone.
pub(super) fn hour_of_day(time_zone: &str, at: Timestamp) -> Option<f64> {
    let zone = jiff::tz::TimeZone::get(time_zone).ok()?;
    let local = zone.to_datetime(jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).ok()?);
    Some(f64::from(local.hour()) + f64::from(local.minute()) / 60.0 + f64::from(local.second()) / 3600.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(time_zone: &str, at: &str, want: Option<f64>) {
        assert_eq!(hour_of_day(time_zone, at.parse().unwrap()), want);
    }

    #[test]
    fn the_hour_is_the_sites_own() {
        check("UTC", "2026-01-31T12:30:00Z", Some(12.5));
        check("Europe/Berlin", "2026-07-31T23:15:00Z", Some(1.25));
        check("Mars/Olympus", "2026-07-31T23:15:00Z", None);
    }
}
