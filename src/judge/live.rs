//! The machine over what comes in, on a thread of its own: no frame waits for it, and it misses no sample between two
//! frames.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crossbeam_channel::Sender;

use super::alarms::{AlarmRefused, AlarmRequest};
use super::audit::doc_of;
use super::engine::Engine;
use super::finds::Finds;
use super::outcome::Refusal;
use crate::session::recording::Entry;
use crate::session::{Tap, Told, Waker};
use crate::site::Site;
use crate::twin::{QuarantineEvent, quarantine_doc};

/// What lies between the frames and the thread.
#[derive(Debug, Default)]
pub(super) struct Desk {
    finds: Mutex<Finds>,
    requests: Mutex<Vec<AlarmRequest>>,
    quarantine: Mutex<Vec<QuarantineEvent>>,
    /// There is something among the finds.
    fresh: AtomicBool,
}

/// The thread. It ends with its tap.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) desk: Arc<Desk>,
    pub(super) tap: Arc<Tap>,
}

/// What the thread needs.
#[derive(Debug)]
pub(super) struct LiveOptions {
    pub(super) site: Arc<Site>,
    pub(super) tap: Arc<Tap>,
    pub(super) waker: Waker,
    /// Where what happens is written down. `None`: nowhere.
    pub(super) recorder: Option<Sender<Entry>>,
}

/// Says that the listener has gone, however it went.
struct Leaving(Arc<Tap>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl Live {
    pub(super) fn start(options: LiveOptions) -> io::Result<Self> {
        let desk = Arc::new(Desk::default());
        let (own, tap) = (Arc::clone(&desk), Arc::clone(&options.tap));
        thread::Builder::new().name("pollux-judge".to_owned()).spawn(move || own.work(&options))?;
        // The thread runs: who ends the session waits for it.
        tap.listen();
        Ok(Self { desk, tap })
    }

    /// Hands on what a person asks.
    pub(super) fn ask(&self, request: AlarmRequest) {
        self.desk.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        self.tap.call();
    }

    /// Hands on what a person isolated or released.
    pub(super) fn quarantine(&self, events: impl Iterator<Item = QuarantineEvent>) {
        self.desk.quarantine.lock().unwrap_or_else(PoisonError::into_inner).extend(events);
        self.tap.call();
    }
}

impl Desk {
    /// What was found since the last call, if anything was.
    pub(super) fn fetch(&self) -> Option<Finds> {
        self.fresh.swap(false, Ordering::AcqRel).then(|| std::mem::take(&mut *self.lock()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Finds> {
        self.finds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, options: &LiveOptions) {
        let _leaving = Leaving(Arc::clone(&options.tap));
        let mut engine = Engine::new(Arc::clone(&options.site));
        let mut recorder = options.recorder.clone();
        let mut told = Vec::new();
        loop {
            let (settled, more) = options.tap.take(&mut told, engine.next_due());
            for told in told.drain(..) {
                match told {
                    Told::Change(change) => engine.take(change),
                    Told::Site(site) => engine.reload(site),
                }
            }
            engine.advance(settled);
            let events = std::mem::take(&mut *self.quarantine.lock().unwrap_or_else(PoisonError::into_inner));
            for event in events {
                let event = event.put_at(engine.clock());
                engine.quarantine(&event);
                if let Some(doc) = quarantine_doc(&event, engine.site()) {
                    recorder.take_if(|it| it.send(Entry::Audit(Box::new(doc))).is_err());
                }
            }
            let mut refused = Vec::new();
            let requests = std::mem::take(&mut *self.requests.lock().unwrap_or_else(PoisonError::into_inner));
            for request in requests {
                refused.extend(answer(&mut engine, &request));
            }
            let mut finds = engine.take_finds();
            finds.refused = refused;
            if !finds.is_empty() {
                let site = engine.site();
                for doc in finds.events.iter().filter_map(|it| doc_of(it, site)) {
                    recorder.take_if(|it| it.send(Entry::Audit(Box::new(doc))).is_err());
                }
                self.lock().append(finds);
                self.fresh.store(true, Ordering::Release);
                options.waker.wake();
            }
            if !more {
                return;
            }
        }
    }
}

/// Does what a person asks. Returns what cannot be done.
fn answer(engine: &mut Engine, request: &AlarmRequest) -> Vec<AlarmRefused> {
    let mut refused = Vec::new();
    for act in request.acts(engine.clock()) {
        match engine.act(&act) {
            // Of many, those that want nothing are passed over.
            Err(Refusal::NothingToAcknowledge | Refusal::AlreadyAcknowledged | Refusal::Hidden)
                if matches!(request, AlarmRequest::AcknowledgeAll { .. }) => {}
            Err(why) => refused.push(AlarmRefused { alarm: act.alarm, why }),
            Ok(()) => (),
        }
    }
    refused
}
