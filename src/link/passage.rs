//! Whether all that came off the socket has gone through: what a clock must know before it may say that nothing came.

use std::sync::atomic::{AtomicU64, Ordering};

use super::now;
use crate::signal::Timestamp;

/// Counts the reads of a socket that have begun, and those that are worked through.
#[derive(Debug, Default)]
pub struct Passage {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Passage {
    /// A read begins, before its messages get their time of arrival. The link's call.
    pub fn begin(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
    }

    /// What was read is worked through. The call of who takes the arrivals.
    pub fn end(&self) {
        self.ended.fetch_add(1, Ordering::SeqCst);
    }

    /// An instant up to which all that arrived is worked through: whatever comes from now on arrives later. `None`:
    /// something is under way.
    pub fn settled(&self) -> Option<Timestamp> {
        // The order matters: a read that begins after the clock was looked at gets a later time.
        let now = now();
        let begun = self.begun.load(Ordering::SeqCst);
        let through = self.ended.load(Ordering::SeqCst) >= begun;
        through.then(|| Timestamp::from_nanos(now.as_nanos() - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_settled_while_a_read_is_under_way() {
        let passage = Passage::default();
        assert!(passage.settled().is_some());
        passage.begin();
        passage.begin();
        passage.end();
        assert_eq!(passage.settled(), None);
        passage.end();
        let before = now();
        let settled = passage.settled();
        assert!(settled.is_some_and(|it| it.as_nanos() >= before.as_nanos() - 1), "{settled:?}");
    }
}
