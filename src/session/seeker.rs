//! Finds states of a recording on a thread of its own. Only the newest wish counts, and nobody waits for the disk.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::fold::Fold;
use super::past::Past;
use super::recording::Recording;
use super::waker::Waker;
use crate::signal::Timestamp;
use crate::site::Site;

/// Looks up one instant after the other. The thread ends with it.
#[derive(Debug)]
pub(super) struct Seeker {
    shared: Arc<Shared>,
    recording: Arc<Recording>,
}

/// A state that was found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The number of the wish, as [`Seeker::ask`] returned it.
    pub(super) number: u64,
    /// Which instant.
    pub(super) at: Timestamp,
    /// What was known then.
    pub(super) fold: Fold,
}

#[derive(Debug)]
struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
    waker: Waker,
}

/// One wish and one find: a newer one takes its place.
#[derive(Debug, Default)]
struct Desk {
    n_asked: u64,
    wish: Option<(u64, Timestamp, Arc<Site>)>,
    found: Option<Found>,
    ended: bool,
}

impl Seeker {
    /// Starts the thread.
    pub(super) fn start(recording: Arc<Recording>, waker: Waker) -> io::Result<Self> {
        let shared = Arc::new(Shared { desk: Mutex::default(), changed: Condvar::new(), waker });
        let (own, source) = (Arc::clone(&shared), Arc::clone(&recording));
        thread::Builder::new().name("pollux-seek".to_owned()).spawn(move || own.work(&source))?;
        Ok(Self { shared, recording })
    }

    /// Where it looks.
    pub(super) fn recording(&self) -> &Arc<Recording> {
        &self.recording
    }

    /// Asks for the state at an instant, read with a site. Returns the wish's number: a later one has a greater.
    pub(super) fn ask(&self, at: Timestamp, site: &Arc<Site>) -> u64 {
        let mut desk = self.shared.lock();
        desk.n_asked += 1;
        desk.wish = Some((desk.n_asked, at, Arc::clone(site)));
        self.shared.changed.notify_one();
        desk.n_asked
    }

    /// What was found last, if it has not been taken yet.
    pub(super) fn take(&self) -> Option<Found> {
        self.shared.lock().found.take()
    }
}

impl Drop for Seeker {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, recording: &Arc<Recording>) {
        let mut past: Option<Past> = None;
        while let Some((number, at, site)) = self.next() {
            let past = match &mut past {
                Some(past) if Arc::ptr_eq(past.site(), &site) => past,
                past => past.insert(Past::new(Arc::clone(recording), site)),
            };
            let fold = past.seek(at);
            self.lock().found = Some(Found { number, at, fold });
            self.waker.wake();
        }
    }

    /// Waits for a wish. `None`: nobody is there any more.
    fn next(&self) -> Option<(u64, Timestamp, Arc<Site>)> {
        let mut desk = self.lock();
        loop {
            if desk.ended {
                return None;
            }
            if let Some(wish) = desk.wish.take() {
                return Some(wish);
            }
            desk = self.changed.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
