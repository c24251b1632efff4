//! What must happen at an instant though nothing comes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::signal::Timestamp;

/// What a timer is for. At one instant they fire in this order: what is known, then what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A signal may have gone stale.
    Stale(u32),
    /// A watch must look again.
    Look(u32),
    /// The delay of an alarm is over.
    Delay(u32),
    /// An expectation is broken for as long as it may be.
    Broken(u32),
    /// An alarm is no longer shelved.
    Unshelve(u32),
    /// An alarm may no longer chatter.
    Calm(u32),
}

impl Timer {
    /// Whether it tells what is known, from which other things follow.
    pub(super) fn tells(self) -> bool {
        matches!(self, Self::Stale(_) | Self::Look(_))
    }
}

/// All timers. One that is no longer meant is not taken out: who gets it looks whether it still is.
#[derive(Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(Timestamp, Timer)>>);

impl Timers {
    pub(super) fn set(&mut self, due: Timestamp, timer: Timer) {
        self.0.push(Reverse((due, timer)));
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.0.peek().map(|it| it.0.0)
    }

    /// The next one, if it is due by an instant and wanted.
    pub(super) fn due(&mut self, by: Timestamp, wanted: impl Fn(Timer) -> bool) -> Option<(Timestamp, Timer)> {
        let Reverse((due, timer)) = *self.0.peek()?;
        if due > by || !wanted(timer) {
            return None;
        }
        self.0.pop();
        Some((due, timer))
    }
}
