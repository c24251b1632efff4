//! How far long work has come, and whether it is still wanted: shared by the thread that does it and by whoever looks.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Parts of some work. What a part is (a chunk, a byte) is the work's own choice.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    all: AtomicU64,
    cancelled: AtomicBool,
}

impl Progress {
    /// Begins anew: so many parts are to be done.
    pub fn expect(&self, parts: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.all.store(parts, Ordering::Relaxed);
    }

    /// So many more parts are done.
    pub fn advance(&self, parts: u64) {
        self.done.fetch_add(parts, Ordering::Relaxed);
    }

    /// The parts that are done, and all.
    pub fn parts(&self) -> (u64, u64) {
        let all = self.all.load(Ordering::Relaxed);
        (self.done.load(Ordering::Relaxed).min(all), all)
    }

    /// The share that is done, 0 to 1.
    pub fn share(&self) -> f32 {
        let (done, all) = self.parts();
        done as f32 / all.max(1) as f32
    }

    /// The work is no longer wanted: it ends as soon as it can, and leaves nothing behind.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it is no longer wanted.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}
