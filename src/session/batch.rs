//! What crosses into the world: the samples since the last frame, or under overload the newest of each signal.

use std::collections::BTreeMap;

use crate::codec::Fault;
use crate::signal::{Sample, SignalId};
use crate::trust::{Proof, Refused};

/// Up to so many samples a frame gets them all; beyond it, the newest of each signal.
const MAX_SAMPLES: usize = 4096;

/// What has come in since the last frame looked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// In the order of their arrival, so that the last one of a signal is its newest. Every one, unless there were more
    /// than a frame can use: then the newest of each signal.
    pub newest: Vec<Sample>,
    /// How many there were.
    pub n_samples: u64,
    /// How many of them are only in the history.
    pub n_skipped: u64,
    /// Signals whose newest payload could not be read.
    pub faults: Vec<(SignalId, Fault)>,
    /// How far signals may be believed from now on, where that has changed: the proof of the newest sample, and the last that
    /// was refused.
    pub notes: BTreeMap<SignalId, (Proof, Option<Refused>)>,
}

/// Fills batches. A batch that nobody has fetched yet is taken back and filled further.
#[derive(Debug, Default)]
pub(super) struct Filler {
    /// By signal: in which batch it is, and where.
    places: Vec<(u64, u32)>,
    batch_number: u64,
    coalescing: bool,
}

impl Filler {
    /// Begins a new batch: the last one was fetched.
    pub(super) fn begin(&mut self) -> Batch {
        self.batch_number += 1;
        self.coalescing = false;
        Batch::default()
    }

    /// Adds the newest sample of a signal.
    pub(super) fn add(&mut self, batch: &mut Batch, sample: Sample) {
        let index = sample.signal.index();
        if self.places.len() <= index {
            self.places.resize(index + 1, (0, 0));
        }
        batch.n_samples += 1;
        if !batch.faults.is_empty() {
            batch.faults.retain(|it| it.0 != sample.signal);
        }
        let (number, place) = self.places[index];
        if self.coalescing && number == self.batch_number {
            batch.newest[place as usize] = sample;
            batch.n_skipped += 1;
            return;
        }
        self.places[index] = (self.batch_number, batch.newest.len() as u32);
        batch.newest.push(sample);
        if !self.coalescing && batch.newest.len() >= MAX_SAMPLES {
            self.coalesce(batch);
        }
    }

    /// Adds that a signal could not be read.
    pub(super) fn fail(&mut self, batch: &mut Batch, signal: SignalId, fault: Fault) {
        match batch.faults.iter_mut().find(|it| it.0 == signal) {
            Some(known) => known.1 = fault,
            None => batch.faults.push((signal, fault)),
        }
    }

    /// Keeps the newest of each signal, and from now on no other.
    fn coalesce(&mut self, batch: &mut Batch) {
        self.coalescing = true;
        let before = batch.newest.len();
        let (mut from, mut to) = (0_u32, 0_u32);
        batch.newest.retain(|it| {
            let place = &mut self.places[it.signal.index()].1;
            let is_newest = *place == from;
            if is_newest {
                *place = to;
                to += 1;
            }
            from += 1;
            is_newest
        });
        batch.n_skipped += (before - batch.newest.len()) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Timestamp;

    fn sample(signal: u32, step: i64) -> Sample {
        let at = Timestamp::from_nanos(step);
        Sample { signal: SignalId(signal), at, received: at, value: (step as f64).into() }
    }

    #[test]
    fn a_frame_gets_every_sample_while_there_are_few() {
        let mut filler = Filler::default();
        let mut batch = filler.begin();
        for step in 0..1000 {
            filler.add(&mut batch, sample((step % 10) as u32, step));
        }
        assert_eq!((batch.newest.len(), batch.n_samples, batch.n_skipped), (1000, 1000, 0));
    }

    #[test]
    fn under_overload_the_newest_of_each_signal_wins_and_the_rest_is_counted() {
        let mut filler = Filler::default();
        let mut batch = filler.begin();
        for step in 0..50_007 {
            filler.add(&mut batch, sample((step % 10) as u32, step));
        }
        let mut values: Vec<(u32, f64)> =
            batch.newest.iter().map(|it| (it.signal.0, it.value.as_number().unwrap_or(f64::NAN))).collect();
        values.sort_by_key(|it| it.0);
        let want: Vec<(u32, f64)> =
            (0..10).map(|it| (it, f64::from(if it < 7 { 50_000 + it } else { 49_990 + it }))).collect();
        assert_eq!(values, want);
        assert_eq!((batch.n_samples, batch.n_skipped), (50_007, 50_007 - 10));
        let batch = filler.begin();
        assert!(batch.newest.is_empty());
    }

    #[test]
    fn a_good_sample_lifts_the_fault_before_it() {
        let mut filler = Filler::default();
        let mut batch = filler.begin();
        filler.fail(&mut batch, SignalId(1), Fault::Empty);
        filler.fail(&mut batch, SignalId(2), Fault::Empty);
        filler.fail(&mut batch, SignalId(1), Fault::NotFinite);
        filler.add(&mut batch, sample(2, 1));
        assert_eq!(batch.faults, [(SignalId(1), Fault::NotFinite)]);
    }
}
