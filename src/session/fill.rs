//! Fills the history from a recording, behind what a person already looks at.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tracing::warn;

use super::claims::Claims;
use super::fold::Taken;
use super::history::History;
use super::progress::Progress;
use super::reader::Reader;
use super::recording::{AuditDoc, Item, Recording};
use super::tally::Tally;
use super::timeline::Timeline;
use super::waker::Waker;
use crate::codec::Decoded;
use crate::site::Site;
use crate::trust::Book;

/// How far a recording has been read.
#[derive(Debug, Default)]
pub struct Filling {
    progress: Progress,
    ended: AtomicBool,
    /// What could not be read.
    findings: Mutex<Vec<String>>,
    /// What is told of its keyframes.
    claims: Mutex<Vec<String>>,
    audits: Mutex<Vec<AuditDoc>>,
}

/// Where what is read goes.
#[derive(Debug)]
pub(super) struct FillTargets {
    pub(super) site: Arc<Site>,
    pub(super) history: Arc<History>,
    pub(super) tally: Arc<Tally>,
    pub(super) timeline: Arc<Timeline>,
    pub(super) waker: Waker,
    /// What verification sees.
    pub(super) book: Arc<Book>,
}

impl Filling {
    /// Starts the thread. It ends when all is read, or when it is cancelled.
    pub(super) fn start(recording: Arc<Recording>, targets: FillTargets) -> io::Result<Arc<Self>> {
        let filling = Arc::new(Self::default());
        filling.progress.expect(recording.n_chunks() as u64);
        let own = Arc::clone(&filling);
        thread::Builder::new().name("pollux-fill".to_owned()).spawn(move || own.work(&recording, &targets))?;
        Ok(filling)
    }

    /// The share that is read, 0 to 1. `None`: all of it, or as much as was wanted.
    pub fn share(&self) -> Option<f32> {
        (!self.ended.load(Ordering::Acquire)).then(|| self.progress.share())
    }

    /// Reads no further.
    pub fn cancel(&self) {
        self.progress.cancel();
    }

    /// What could not be read, and what is not to be believed of its keyframes, for a person.
    pub fn findings(&self) -> Vec<String> {
        let own = |it: &Mutex<Vec<String>>| it.lock().unwrap_or_else(PoisonError::into_inner).clone();
        [own(&self.findings), own(&self.claims)].concat()
    }

    /// What was asked of devices, as far as it has been read; in its order.
    pub fn audits(&self) -> Vec<AuditDoc> {
        self.audits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many of those there are.
    pub fn n_audits(&self) -> usize {
        self.audits.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn work(&self, recording: &Recording, targets: &FillTargets) {
        let verifier = recording.verifier(&targets.site).map(|it| it.with_book(Arc::clone(&targets.book)));
        let mut reader = Reader::new(&targets.site, verifier);
        let mut claims = Claims::default();
        let (mut samples, mut faults) = (Vec::new(), Vec::new());
        for chunk in 0..recording.n_chunks() {
            if self.progress.is_cancelled() {
                break;
            }
            let (items, fault) = recording.items(chunk);
            if let Some(fault) = fault {
                let text = recording.lost(chunk, &fault);
                warn!("{text}");
                self.findings.lock().unwrap_or_else(PoisonError::into_inner).push(text);
                claims.miss();
            }
            let mut counts = targets.tally.lock();
            targets.timeline.with(|timeline| {
                for item in items {
                    let arrival = match item {
                        Item::Message(arrival) => arrival,
                        Item::Audit(audit) => {
                            self.audits.lock().unwrap_or_else(PoisonError::into_inner).push(audit);
                            continue;
                        }
                        Item::Keyframe(state) => {
                            claims.look(&state, recording, &targets.site);
                            if chunk == 0 && state.since.is_none() {
                                reader.set_heard(&state.heard());
                            }
                            continue;
                        }
                        Item::Keys(registry) => {
                            if let Some(verifier) = reader.verifier_mut() {
                                verifier.set_registry(registry);
                            }
                            continue;
                        }
                    };
                    claims.come(&arrival);
                    counts.arrivals += 1;
                    counts.bytes += arrival.payload.len() as u64;
                    timeline.came(arrival.received);
                    let (topic, received) = (&arrival.topic, arrival.received);
                    let read = reader.read(&arrival, &mut samples, &mut faults);
                    match read.decoded {
                        Decoded::Unbound => counts.unbound(topic),
                        Decoded::Bound { skew } => skew.into_iter().for_each(|it| counts.skew(topic, it, received)),
                        Decoded::Known => (),
                    }
                    counts.refused += u64::from(read.refusal.is_some());
                    counts.samples += samples.len() as u64;
                    for sample in samples.drain(..) {
                        if claims.take(&sample, &arrival, read.proof) == Taken::Duplicate {
                            counts.duplicates += 1;
                        } else {
                            timeline.count(sample.signal, received);
                            targets.history.push(&sample);
                        }
                    }
                    for (signal, fault) in faults.drain(..) {
                        counts.unparsable(topic, || fault.to_string(), received);
                        claims.fail(signal);
                    }
                }
            });
            drop(counts);
            *self.claims.lock().unwrap_or_else(PoisonError::into_inner) = claims.findings();
            self.progress.advance(1);
            if chunk.is_multiple_of(8) {
                targets.waker.wake();
            }
        }
        self.ended.store(true, Ordering::Release);
        targets.waker.wake();
    }
}
