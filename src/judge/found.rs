//! Finds the alarms of a recording behind what a person already looks at.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::finds::Finds;
use super::recorded::examine;
use crate::session::Waker;
use crate::session::recording::Recording;
use crate::site::Site;

/// The thread. It ends when all is read, or when it is dropped.
#[derive(Debug)]
pub(super) struct Found(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    finds: Mutex<Finds>,
    fresh: AtomicBool,
    cancelled: AtomicBool,
    ended: AtomicBool,
}

impl Found {
    pub(super) fn start(recording: Arc<Recording>, site: Arc<Site>, waker: Waker) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        thread::Builder::new().name("pollux-found".to_owned()).spawn(move || {
            examine(&recording, &site, |finds| own.put(finds, &waker));
            own.ended.store(true, Ordering::Release);
            waker.wake();
        })?;
        Ok(Self(shared))
    }

    /// What was found since the last call, if anything was.
    pub(super) fn fetch(&self) -> Option<Finds> {
        let fresh = self.0.fresh.swap(false, Ordering::AcqRel);
        fresh.then(|| std::mem::take(&mut *self.0.finds.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Whether the recording is still being read.
    pub(super) fn is_searching(&self) -> bool {
        !self.0.ended.load(Ordering::Acquire)
    }
}

impl Drop for Found {
    fn drop(&mut self) {
        self.0.cancelled.store(true, Ordering::Release);
    }
}

impl Shared {
    /// Lays down what was found. Tells whether it is still wanted.
    fn put(&self, finds: Finds, waker: &Waker) -> bool {
        if !finds.is_empty() {
            self.finds.lock().unwrap_or_else(PoisonError::into_inner).append(finds);
            self.fresh.store(true, Ordering::Release);
            waker.wake();
        }
        !self.cancelled.load(Ordering::Acquire)
    }
}
