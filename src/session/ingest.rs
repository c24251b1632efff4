//! The worker between the link and the world: it decodes, writes the history, and passes on the newest.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use super::history::History;
use super::series::Pushed;
use super::tally::{Counts, Tally};
use crate::codec::{Decoded, Decoder, Fault};
use crate::link::Arrival;
use crate::signal::{Sample, SignalId, Timestamp};
use crate::site::Site;

/// Batches that may wait for the next frame; what comes beyond is merged.
const BATCHES: usize = 8;
/// Answers that may wait for the next frame.
const ANSWERS: usize = 1_024;

/// What crosses into the world: the newest sample of each signal that had one.
#[derive(Debug, Default)]
pub struct Batch {
    /// The newest by signal.
    pub newest: Vec<Sample>,
    /// How many samples it stands for.
    pub n_samples: u64,
    /// How many of them are not in it, since a newer one is.
    pub n_skipped: u64,
    /// Signals whose newest payload could not be read.
    pub faults: Vec<(SignalId, Fault)>,
}

/// A message on the response topic.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Which request it answers.
    pub correlation: Bytes,
    /// What the device says.
    pub payload: Bytes,
    /// When it arrived.
    pub received: Timestamp,
}

/// Wakes whoever draws, so that an idle window needs no frames.
#[derive(Clone, Default)]
pub struct Waker(Arc<Mutex<Option<Box<dyn Fn() + Send>>>>);

impl Waker {
    /// Sets what wakes.
    pub fn set(&self, wake: impl Fn() + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(wake));
    }

    fn wake(&self) {
        if let Some(wake) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            wake();
        }
    }
}

/// The running worker. It ends when its arrivals do.
#[derive(Debug)]
pub struct Ingest {
    /// What has come in.
    pub batches: Receiver<Batch>,
    /// What devices answered.
    pub answers: Receiver<Answer>,
    sites: Sender<Arc<Site>>,
}

impl Ingest {
    /// Starts the worker. `answer_topic` is where devices answer.
    pub fn start(
        site: &Arc<Site>,
        arrivals: Receiver<Vec<Arrival>>,
        answer_topic: String,
        history: Arc<History>,
        tally: Arc<Tally>,
        waker: Waker,
    ) -> io::Result<Self> {
        let (batches_in, batches) = bounded(BATCHES);
        let (answers_in, answers) = bounded(ANSWERS);
        let (sites, sites_out) = bounded(4);
        let worker = Worker {
            decoder: Decoder::new(site),
            sites: sites_out,
            answer_topic: answer_topic.into_bytes(),
            history,
            tally,
            waker,
            batches: batches_in,
            answers: answers_in,
            pending: Pending::default(),
        };
        thread::Builder::new().name("ingest".to_owned()).spawn(move || worker.run(&arrivals))?;
        Ok(Self { batches, answers, sites })
    }

    /// Decodes by another site from now on. The worker takes it before its next batch.
    pub fn set_site(&self, site: &Arc<Site>) {
        if self.sites.send(Arc::clone(site)).is_err() {
            tracing::warn!("the ingest worker has ended");
        }
    }
}

/// Samples that wait for room in the channel: the newest by signal.
#[derive(Debug, Default)]
struct Pending {
    batch: Batch,
    row_of: HashMap<SignalId, usize>,
    faulty: HashSet<SignalId>,
}

impl Pending {
    fn take_sample(&mut self, sample: Sample) {
        self.batch.n_samples += 1;
        if let Some(row) = self.row_of.get(&sample.signal) {
            self.batch.n_skipped += 1;
            if sample.at >= self.batch.newest[*row].at {
                self.batch.newest[*row] = sample;
            }
        } else {
            self.row_of.insert(sample.signal, self.batch.newest.len());
            self.batch.newest.push(sample);
        }
    }

    fn take_fault(&mut self, signal: SignalId, fault: Fault) {
        if self.faulty.insert(signal) {
            self.batch.faults.push((signal, fault));
        }
    }

    /// A good sample after a fault heals it.
    fn heal(&mut self, signal: SignalId) {
        if self.faulty.remove(&signal) {
            self.batch.faults.retain(|it| it.0 != signal);
        }
    }

    fn is_empty(&self) -> bool {
        self.batch.newest.is_empty() && self.batch.faults.is_empty()
    }

    fn take(&mut self) -> Batch {
        self.row_of.clear();
        self.faulty.clear();
        std::mem::take(&mut self.batch)
    }
}

struct Worker {
    decoder: Decoder,
    sites: Receiver<Arc<Site>>,
    answer_topic: Vec<u8>,
    history: Arc<History>,
    tally: Arc<Tally>,
    waker: Waker,
    batches: Sender<Batch>,
    answers: Sender<Answer>,
    pending: Pending,
}

impl Worker {
    fn run(mut self, arrivals: &Receiver<Vec<Arrival>>) {
        loop {
            // While samples wait for room, look again soon; else sleep until something comes.
            let wait = if self.pending.is_empty() { Duration::from_secs(1) } else { Duration::from_millis(5) };
            match arrivals.recv_timeout(wait) {
                Ok(batch) => {
                    if let Some(site) = self.sites.try_iter().last() {
                        self.decoder = Decoder::new(&site);
                    }
                    self.decode(&batch);
                }
                Err(RecvTimeoutError::Timeout) => (),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if !self.pass_on() {
                return;
            }
        }
    }

    fn decode(&mut self, arrivals: &[Arrival]) {
        let mut counts = Counts { arrivals: arrivals.len() as u64, ..Counts::default() };
        let (mut samples, mut faults, mut delays) = (Vec::new(), Vec::new(), Vec::new());
        for arrival in arrivals {
            counts.bytes += (arrival.topic.len() + arrival.payload.len()) as u64;
            if arrival.topic == self.answer_topic {
                self.answer(arrival);
                continue;
            }
            faults.clear();
            let (topic, received) = (&arrival.topic, arrival.received);
            match self.decoder.decode(topic, &arrival.payload, received, &mut samples, &mut faults) {
                Decoded::Unbound => self.tally.unbound(topic),
                Decoded::Known => (),
                Decoded::Bound { skewed } => counts.clock_faults += u64::from(skewed),
            }
            if let Some((_, first)) = faults.first() {
                self.tally.unparsable(topic, first.to_string());
            }
            // A retained message is the broker's memory: its delay says nothing of the way.
            let told = samples.last().filter(|it| !arrival.retained && it.at != it.received);
            delays.extend(told.map(|it| it.received.secs_since(it.at)));
            for sample in samples.drain(..) {
                match self.history.push(&sample) {
                    Pushed::Added => counts.samples += 1,
                    Pushed::Duplicate | Pushed::TooLate => {
                        counts.refused += 1;
                        continue;
                    }
                }
                self.pending.heal(sample.signal);
                self.pending.take_sample(sample);
            }
            for (signal, fault) in faults.drain(..) {
                self.pending.take_fault(signal, fault);
            }
        }
        self.tally.add(&counts, &delays);
    }

    fn answer(&self, arrival: &Arrival) {
        let Some(correlation) = arrival.correlation.clone() else {
            self.tally.unparsable(&arrival.topic, "an answer without correlation data".to_owned());
            return;
        };
        let answer = Answer { correlation, payload: arrival.payload.clone(), received: arrival.received };
        // A flood of answers that nobody asked for must not stop the samples.
        if self.answers.try_send(answer).is_err() {
            self.tally.unparsable(&arrival.topic, "more answers than commands".to_owned());
        }
    }

    /// Hands on what is pending if there is room. Returns whether anyone still listens.
    fn pass_on(&mut self) -> bool {
        if self.pending.is_empty() || self.batches.is_full() {
            return true;
        }
        let batch = self.pending.take();
        let skipped = batch.n_skipped;
        let sent = self.batches.try_send(batch);
        if skipped > 0 {
            self.tally.add(&Counts { skipped, ..Counts::default() }, &[]);
        }
        self.waker.wake();
        !matches!(sent, Err(TrySendError::Disconnected(_)))
    }
}
