//! Compares two histories on a thread of its own, behind what a person already looks at.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::differences::{Differences, Sides};
use super::history::History;
use super::progress::Progress;
use super::waker::Waker;
use crate::signal::{SignalId, Timestamp};
use crate::site::Site;

/// How far two histories have been compared.
#[derive(Debug)]
pub(super) struct Measuring {
    progress: Progress,
    found: Mutex<Option<Differences>>,
}

impl Measuring {
    /// Starts the thread. It ends when all is compared, or when it is cancelled. The span is the time that both have in
    /// common, on the first's clock.
    pub(super) fn start(
        (first, second): (Arc<History>, Arc<History>),
        offset_nanos: i64,
        span: (Timestamp, Timestamp),
        site: Arc<Site>,
        common: Vec<SignalId>,
        waker: Waker,
    ) -> io::Result<Arc<Self>> {
        let measuring = Arc::new(Self { progress: Progress::default(), found: Mutex::default() });
        measuring.progress.expect(common.len() as u64);
        let own = Arc::clone(&measuring);
        thread::Builder::new().name("pollux-compare".to_owned()).spawn(move || {
            let sides = Sides { first: &first, second: &second, offset_nanos, span };
            let found = Differences::measure(sides, &site, &common, || own.go_on(&waker));
            *own.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
            waker.wake();
        })?;
        Ok(measuring)
    }

    fn go_on(&self, waker: &Waker) -> bool {
        if self.progress.parts().0.is_multiple_of(32) {
            waker.wake();
        }
        self.progress.advance(1);
        !self.progress.is_cancelled()
    }

    /// The share that is compared, 0 to 1.
    pub(super) fn share(&self) -> f32 {
        self.progress.share()
    }

    /// Compares no further.
    pub(super) fn cancel(&self) {
        self.progress.cancel();
    }

    /// What was found, once all is compared.
    pub(super) fn take(&self) -> Option<Differences> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
