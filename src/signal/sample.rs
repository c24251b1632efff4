//! One measured value at one instant, by dense id.

use super::{Timestamp, Value};

/// A signal's number: dense from zero, given at loading, kept for the same address when a site is reloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalId(pub u32);

impl SignalId {
    /// The number, to index columns with.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A value as it came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Which signal.
    pub signal: SignalId,
    /// When it was measured: the device's time where the site says where it stands, else the time of arrival.
    pub at: Timestamp,
    /// When it arrived here.
    pub received: Timestamp,
    /// What was measured, in the signal's unit.
    pub value: Value,
}
