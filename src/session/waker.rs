//! Wakes a window that sleeps while nothing happens.

use std::fmt;
use std::sync::{Arc, OnceLock};

/// Calls whoever wants to know that something came in. Clones share it.
#[derive(Clone, Default)]
pub struct Waker(Arc<OnceLock<Box<dyn Fn() + Send + Sync>>>);

impl Waker {
    /// Says whom to call: quickly done, from any thread. The first one stays.
    pub fn set(&self, wake: impl Fn() + Send + Sync + 'static) {
        if self.0.set(Box::new(wake)).is_err() {
            tracing::warn!("the session wakes one window, and has one already");
        }
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
