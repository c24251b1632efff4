//! Wakes a window that sleeps while nothing happens.

use std::fmt;
use std::sync::{Arc, OnceLock};

/// Calls whoever wants to know that something came in. Clones share it.
#[derive(Clone, Default)]
pub struct Waker(Arc<OnceLock<Box<dyn Fn() + Send + Sync>>>);

impl Waker {
    /// Says whom to call: quickly done, from any thread. The first one stays.
    pub fn set(&self, wake: impl Fn() + Send + Sync + 'static) {
        // A second window doesn't exist: whoever comes second is served by the first one's frames.
        // The first one stays.
        drop(self.0.set(Box::new(wake)));
    }

    /// Calls.
    pub fn wake(&self) {
        if let Some(wake) = self.0.get() {
            wake();
        }
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waker").field(&self.0.get().is_some()).finish()
    }
}
