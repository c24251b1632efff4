//! What ingest hands to a listener beside the frames: every new sample of some signals, in the order in which it came.
//!
//! What was refused, and what cannot be read, says nothing new of a signal: its last good value stands until it is stale, so
//! whoever may publish there ends no delay of an alarm with it. A sensor that has nothing else to say goes stale.
//!
//! A frame gets the newest alone; who judges must see all. Ingest never waits for the listener: what it has not fetched
//! gathers, up to a bound beyond which it is dropped and counted.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::link::{Passage, now};
use crate::signal::{SignalId, Timestamp, Value};
use crate::site::Site;

/// So much may wait, some 100 MB: minutes of a large plant. Who listens is far behind by then.
const MOST: usize = 1 << 20;

/// It sleeps so long at a time: at most since a clock can be set, at least since what is under way takes its time.
const LONG: Duration = Duration::from_secs(1);
const SHORT: Duration = Duration::from_millis(2);

/// Something that ingest did, as far as it concerns the listener.
#[derive(Debug, Clone)]
pub enum Told {
    /// A signal has a new value.
    Change(Change),
    /// From here on another site is read with.
    Site(Arc<Site>),
}

/// A new value of a signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which one.
    pub signal: SignalId,
    /// When it was measured.
    pub at: Timestamp,
    /// When it arrived.
    pub received: Timestamp,
    /// The value.
    pub value: Value,
    /// Nothing more comes of the same message.
    pub last: bool,
}

/// Where ingest puts in and one listener takes out.
#[derive(Debug, Default)]
pub struct Tap {
    queue: Mutex<Queue>,
    changed: Condvar,
    /// Up to when all that arrived was put in, ns.
    passed: AtomicI64,
    n_lost: AtomicU64,
    passage: OnceLock<Arc<Passage>>,
}

#[derive(Debug, Default)]
struct Queue {
    told: Vec<Told>,
    listener: Listener,
    closed: bool,
    called: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Listener {
    #[default]
    Awaited,
    Here,
    Gone,
}

/// Which signals a listener wants, by number: those that an alarm or an expectation of a site looks at.
pub fn watched(site: &Site) -> Vec<bool> {
    let mut watched = vec![false; site.signal_capacity];
    let suppressing = site.alarms.iter().filter_map(|it| it.suppressed_while.as_ref());
    let conditions = suppressing.chain(site.expectations.iter().map(|it| &it.always));
    let inputs = conditions.flat_map(|it| it.inputs.iter().map(|it| it.signal()));
    for signal in inputs.chain(site.alarms.iter().flat_map(|it| it.when.signals())) {
        if let Some(it) = watched.get_mut(signal.index()) {
            *it = true;
        }
    }
    watched
}

impl Tap {
    /// Says where it is seen what is still under way.
    pub(super) fn follow(&self, passage: Arc<Passage>) {
        // A session has one link.
        drop(self.passage.set(passage));
    }

    /// Puts in, and empties the list. All up to an arrival has been put in then.
    pub(super) fn give(&self, told: &mut Vec<Told>, passed: Option<Timestamp>) {
        if !told.is_empty() {
            let mut queue = self.lock();
            if queue.listener == Listener::Gone {
                told.clear();
            } else if queue.told.len() + told.len() > MOST {
                self.n_lost.fetch_add(told.len() as u64, Ordering::Relaxed);
                told.clear();
            } else {
                queue.told.append(told);
                self.changed.notify_one();
            }
        }
        if let Some(passed) = passed {
            self.passed.fetch_max(passed.as_nanos(), Ordering::SeqCst);
        }
        if let Some(passage) = self.passage.get() {
            passage.end();
        }
    }

    /// A listener is here: what waits for it is kept until it has gone.
    pub fn listen(&self) {
        let mut queue = self.lock();
        // One that has come and gone is not waited for.
        if queue.listener == Listener::Awaited {
            queue.listener = Listener::Here;
        }
    }

    /// The listener goes. What it was to do is done.
    pub fn leave(&self) {
        let mut queue = self.lock();
        queue.listener = Listener::Gone;
        queue.told.clear();
        self.changed.notify_all();
    }

    /// Wakes the listener though nothing came.
    pub fn call(&self) {
        self.lock().called = true;
        self.changed.notify_one();
    }

    /// Takes out what came, waiting for it or for a call; not beyond an instant at which the listener has to do something.
    /// Returns up to when nothing more is to be expected, and whether more will come.
    pub fn take(&self, into: &mut Vec<Told>, due: Option<Timestamp>) -> (Timestamp, bool) {
        let patience = due.map_or(LONG, |it| it.since(now()).clamp(SHORT, LONG));
        let queue = self.lock();
        let quiet = |queue: &mut Queue| queue.told.is_empty() && !queue.closed && !queue.called;
        let waited = self.changed.wait_timeout_while(queue, patience, quiet);
        let mut queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        queue.called = false;
        let closed = queue.closed;
        drop(queue);
        // First it is seen how far all is put in, then it is taken out: what comes between is only early.
        let settled = match self.passage.get() {
            Some(passage) => passage.settled(),
            None => Some(now()),
        };
        let passed = Timestamp::from_nanos(self.passed.load(Ordering::SeqCst));
        into.append(&mut self.lock().told);
        (settled.map_or(passed, |it| it.max(passed)), !closed)
    }

    /// How much was dropped since the listener was too far behind.
    pub fn n_lost(&self) -> u64 {
        self.n_lost.load(Ordering::Relaxed)
    }

    /// Nothing more comes. Waits until the listener, if there is one, has done what it was told.
    pub(super) fn close(&self) {
        let mut queue = self.lock();
        queue.closed = true;
        self.changed.notify_all();
        let busy = |queue: &mut Queue| queue.listener == Listener::Here;
        drop(self.changed.wait_while(queue, busy));
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
