//! From arrivals to the history and to the frames: a thread that waits for nobody.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use tracing::error;

use super::batch::{Batch, Filler};
use super::column::Pushed;
use super::fold::{Fold, Taken};
use super::history::History;
use super::reader::{Reader, message_of};
use super::recording::Entry;
use super::tally::{Counts, Tally};
use super::tap::{Change, Tap, Told, watched};
use super::timeline::{Timeline, TimelineData};
use super::waker::Waker;
use super::word_queue::{Unheard, WordQueue};
use crate::codec::{Decoded, Fault};
use crate::link::{Arrival, now};
use crate::signal::{Sample, SignalId, Timestamp};
use crate::site::Site;
use crate::trust::{Refusal, Registry, Verifier};

/// A sleeping window is woken at most so often.
const WAKE_EVERY: Duration = Duration::from_millis(33);
/// The state of all signals is recorded at least so often, and at least each so many bytes: a seek reads no more.
const KEYFRAME_EVERY: Duration = Duration::from_secs(10);
const KEYFRAME_BYTES: usize = 1 << 20;
/// What a message takes beside its payload.
const MESSAGE_BYTES: usize = 31;
/// The pace is measured over so long.
const PACE_OVER: Duration = Duration::from_millis(5);
/// From this pace on messages may gather.
const FAST_PER_SEC: f64 = 20_000.0;
/// How long they gather.
const GATHER: Duration = Duration::from_millis(1);
/// With nothing to do it sleeps so long at a time.
const LONG: Duration = Duration::from_secs(3600);

/// A message that is no measurement: what devices, the gate and those who ask it say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Where it came in.
    pub topic: String,
    /// Which command it answers; may be empty.
    pub correlation: Bytes,
    /// What it says.
    pub payload: Bytes,
    /// Where an answer is expected.
    pub response_topic: Option<String>,
    /// The broker had kept it.
    pub retained: bool,
    /// When it came.
    pub received: Timestamp,
    /// The signature beside it. Nobody has looked at it yet.
    pub signature: Option<String>,
}

/// What ingest needs.
#[derive(Debug)]
pub struct IngestOptions {
    /// Which signals there are.
    pub site: Arc<Site>,
    /// Messages on these topics are words for the world, beside the signals that they may carry.
    pub word_topics: Vec<String>,
    /// Where every sample goes.
    pub history: Arc<History>,
    /// Where all is counted.
    pub tally: Arc<Tally>,
    /// Called when there is something for a frame.
    pub waker: Waker,
    /// Where it is counted when what came.
    pub timeline: Arc<Timeline>,
    /// Who records what comes in, before anything is read from it. `None`: nobody.
    pub recorder: Option<Sender<Entry>>,
    /// Who listens to what alarms look at. `None`: nobody.
    pub tap: Option<Arc<Tap>>,
    /// Who verifies what comes in. `None`: nothing is signed.
    pub verifier: Option<Verifier>,
}

/// The thread that decodes. It ends when its arrivals do.
#[derive(Debug)]
pub struct Ingest {
    /// What frames fetch: at most one batch waits, and grows until it is fetched.
    pub batches: Receiver<Batch>,
    /// What was said, as it came.
    pub words: Receiver<Word>,
    next_site: Arc<Mutex<Option<Arc<Site>>>>,
    next_topics: Arc<Mutex<Option<WordTopics>>>,
    next_registry: Arc<Mutex<Option<Arc<Registry>>>>,
    thread: Option<JoinHandle<()>>,
}

impl Ingest {
    /// Starts the thread.
    pub fn start(options: IngestOptions, arrivals: Receiver<Vec<Arrival>>) -> io::Result<Self> {
        let (batches_in, batches) = bounded(1);
        let (words_in, words) = WordQueue::new();
        let next_site = Arc::new(Mutex::new(None));
        let next_topics = Arc::new(Mutex::new(None));
        let next_registry = Arc::new(Mutex::new(None));
        let mut worker = Worker {
            reader: Reader::new(&options.site, options.verifier),
            word_topics: WordTopics::new(options.word_topics),
            history: options.history,
            tally: options.tally,
            waker: options.waker,
            timeline: options.timeline,
            recorder: options.recorder,
            watched: if options.tap.is_some() { watched(&options.site) } else { Vec::new() },
            tap: options.tap,
            told: Vec::new(),
            site: options.site,
            keyframe_at: Timestamp::MIN,
            keyframe_bytes: 0,
            fold: Fold::default(),
            next_site: Arc::clone(&next_site),
            batches: batches_in,
            unfetched: batches.clone(),
            words: words_in,
            next_topics: Arc::clone(&next_topics),
            next_registry: Arc::clone(&next_registry),
            registry: None,
            filler: Filler::default(),
            samples: Vec::new(),
            faults: Vec::new(),
            measured: Vec::new(),
            pace: Pace::default(),
            woken: Timestamp::MIN,
            owes_wake: false,
        };
        let thread = thread::Builder::new().name("pollux-ingest".to_owned()).spawn(move || worker.work(&arrivals))?;
        Ok(Self { batches, words, next_site, next_topics, next_registry, thread: Some(thread) })
    }

    /// Waits until all that came in is taken. It ends when the link does.
    pub fn finish(&mut self) {
        if self.thread.take().is_some_and(|it| it.join().is_err()) {
            error!("ingest ended in a panic");
        }
    }

    /// Goes on with another site, and other topics of words, from the next arrivals on.
    pub fn set_site(&self, site: Arc<Site>, word_topics: Vec<String>) {
        *self.next_topics.lock().unwrap_or_else(PoisonError::into_inner) = Some(WordTopics::new(word_topics));
        *self.next_site.lock().unwrap_or_else(PoisonError::into_inner) = Some(site);
    }

    /// Goes on with another registry of keys, from the next arrivals on.
    pub fn set_registry(&self, registry: Arc<Registry>) {
        *self.next_registry.lock().unwrap_or_else(PoisonError::into_inner) = Some(registry);
    }
}

/// The topics of words. Nearly every message is none, which its length tells.
#[derive(Debug, Default)]
struct WordTopics {
    topics: HashSet<Vec<u8>>,
    /// By length in bytes.
    has_length: Vec<bool>,
}

impl WordTopics {
    fn new(topics: Vec<String>) -> Self {
        let topics: HashSet<Vec<u8>> = topics.into_iter().map(String::into_bytes).collect();
        let longest = topics.iter().map(Vec::len).max().unwrap_or(0);
        let mut has_length = vec![false; longest + 1];
        topics.iter().for_each(|it| has_length[it.len()] = true);
        Self { topics, has_length }
    }

    fn contains(&self, topic: &[u8]) -> bool {
        self.has_length.get(topic.len()).is_some_and(|it| *it) && self.topics.contains(topic)
    }
}

struct Worker {
    reader: Reader,
    word_topics: WordTopics,
    history: Arc<History>,
    tally: Arc<Tally>,
    waker: Waker,
    timeline: Arc<Timeline>,
    recorder: Option<Sender<Entry>>,
    tap: Option<Arc<Tap>>,
    /// What the listener wants, by number.
    watched: Vec<bool>,
    /// What is for the listener.
    told: Vec<Told>,
    site: Arc<Site>,
    /// When the last keyframe was given to the recorder, and the bytes since.
    keyframe_at: Timestamp,
    keyframe_bytes: usize,
    fold: Fold,
    next_site: Arc<Mutex<Option<Arc<Site>>>>,
    next_topics: Arc<Mutex<Option<WordTopics>>>,
    batches: Sender<Batch>,
    /// The other end of `batches`: what no frame has fetched is taken back and filled further.
    unfetched: Receiver<Batch>,
    words: WordQueue,
    next_registry: Arc<Mutex<Option<Arc<Registry>>>>,
    /// The registry that holds since one was edited.
    registry: Option<Arc<Registry>>,
    filler: Filler,
    samples: Vec<Sample>,
    faults: Vec<(SignalId, Fault)>,
    /// When what came with a device's time was measured.
    measured: Vec<Timestamp>,
    pace: Pace,
    woken: Timestamp,
    owes_wake: bool,
}

/// How fast messages come. A broker that sends them one by one would wake this thread for each, which costs more than
/// the decoding: above some rate they may gather for a moment.
#[derive(Debug, Default)]
struct Pace {
    began: Option<Timestamp>,
    count: usize,
    fast: bool,
}

impl Pace {
    /// Counts messages; tells whether they come fast.
    fn is_fast(&mut self, count: usize, now: Timestamp) -> bool {
        self.count += count;
        let began = *self.began.get_or_insert(now);
        // A clock that was set back begins anew.
        if now < began || now.since(began) >= PACE_OVER {
            self.fast = now >= began && self.count as f64 >= FAST_PER_SEC * now.secs_since(began);
            self.count = 0;
            self.began = Some(now);
        }
        self.fast
    }
}

impl Worker {
    fn work(&mut self, arrivals: &Receiver<Vec<Arrival>>) {
        loop {
            let patience = if self.owes_wake { WAKE_EVERY } else { LONG };
            match arrivals.recv_timeout(patience) {
                Ok(batch) => {
                    let batch = Arc::new(batch);
                    self.take_registry();
                    self.record(&batch);
                    let fast = self.pace.is_fast(batch.len(), now());
                    self.take(&batch);
                    if fast && arrivals.is_empty() {
                        thread::sleep(GATHER);
                    }
                }
                Err(RecvTimeoutError::Timeout) => (),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.wake();
        }
    }

    /// Hands messages to the recorder, and waits while its queue is full. Now and then the state goes before them.
    fn record(&mut self, batch: &Arc<Vec<Arrival>>) {
        let (Some(recorder), Some(first)) = (&self.recorder, batch.first()) else { return };
        let due = self.keyframe_bytes >= KEYFRAME_BYTES
            || first.received.since(self.keyframe_at) >= KEYFRAME_EVERY
            || first.received < self.keyframe_at;
        let mut listening = true;
        if due {
            self.keyframe_at = first.received;
            self.keyframe_bytes = 0;
            let state = self.fold.clone().with_heard(Arc::new(self.reader.heard()));
            let state = state.with_registry(self.registry.clone());
            listening = recorder.send(Entry::Keyframe(state, Arc::clone(&self.site))).is_ok();
        }
        self.keyframe_bytes += batch.iter().map(|it| it.payload.len() + MESSAGE_BYTES).sum::<usize>();
        if !listening || recorder.send(Entry::Arrivals(Arc::clone(batch))).is_err() {
            self.recorder = None;
        }
    }

    /// A registry that was edited holds from here on, here as in the recording.
    fn take_registry(&mut self) {
        let Some(registry) = self.next_registry.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        if self.registry.as_ref() == Some(&registry) {
            return;
        }
        if let Some(recorder) = &self.recorder
            && recorder.send(Entry::Keys(Arc::clone(&registry))).is_err()
        {
            self.recorder = None;
        }
        if let Some(verifier) = self.reader.verifier_mut() {
            verifier.set_registry(Arc::clone(&registry));
        }
        self.registry = Some(registry);
    }

    /// Decodes what one read of the socket brought.
    fn take(&mut self, arrivals: &[Arrival]) {
        if let Some(site) = self.next_site.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.history.grow(site.signal_capacity);
            self.timeline.follow(&site);
            self.reader.follow(&site, || Verifier::new(&site, self.registry.clone()));
            if self.tap.is_some() {
                self.watched = watched(&site);
                self.told.push(Told::Site(Arc::clone(&site)));
            }
            self.site = site;
        }
        if let Some(topics) = self.next_topics.lock().unwrap_or_else(PoisonError::into_inner).take() {
            self.word_topics = topics;
        }
        let mut batch = self.unfetched.try_recv().unwrap_or_else(|_| self.filler.begin());
        let n_skipped_before = batch.n_skipped;
        let (tally, timeline) = (Arc::clone(&self.tally), Arc::clone(&self.timeline));
        let mut counts = tally.lock();
        counts.arrivals += arrivals.len() as u64;
        timeline.with(|timeline| {
            for arrival in arrivals {
                counts.bytes += arrival.payload.len() as u64;
                timeline.came(arrival.received);
                let n_told = self.told.len();
                let is_word = self.word_topics.contains(&arrival.topic);
                if is_word {
                    match self.take_word(arrival) {
                        Ok(()) => (),
                        Err(Unheard::Oversize) => counts.oversize += 1,
                        Err(Unheard::NoRoom) => counts.lost_answers += 1,
                    }
                }
                if !is_word || self.reader.knows(&arrival.topic) {
                    self.take_one(arrival, &mut batch, &mut counts, timeline);
                }
                if let Some(Told::Change(change)) = self.told.get_mut(n_told..).and_then(<[Told]>::last_mut) {
                    change.last = true;
                }
            }
        });
        if !self.measured.is_empty() {
            let decoded = now();
            for measured in self.measured.drain(..) {
                counts.delay(measured, decoded);
            }
        }
        counts.skipped += batch.n_skipped - n_skipped_before;
        drop(counts);
        if batch.n_samples > 0 || !batch.faults.is_empty() || !batch.notes.is_empty() {
            self.owes_wake = true;
            // There is room: this thread alone fills it, and has just emptied it.
            drop(self.batches.try_send(batch));
        }
        if let Some(tap) = &self.tap {
            tap.give(&mut self.told, arrivals.last().map(|it| it.received));
        }
    }

    /// Passes a word on.
    fn take_word(&mut self, arrival: &Arrival) -> Result<(), Unheard> {
        let word = Word {
            topic: String::from_utf8_lossy(&arrival.topic).into_owned(),
            correlation: arrival.correlation.clone().unwrap_or_default(),
            payload: arrival.payload.clone(),
            response_topic: arrival.properties.as_ref().and_then(|it| it.response_topic.clone()),
            retained: arrival.retained,
            received: arrival.received,
            signature: message_of(arrival).signature.map(str::to_owned),
        };
        self.owes_wake = true;
        self.words.push(word)
    }

    fn take_one(&mut self, arrival: &Arrival, batch: &mut Batch, counts: &mut Counts, timeline: &mut TimelineData) {
        let (topic, received) = (&arrival.topic, arrival.received);
        let read = self.reader.read(arrival, &mut self.samples, &mut self.faults);
        match read.decoded {
            Decoded::Bound { skewed } => counts.skewed += u64::from(skewed),
            Decoded::Known => (),
            Decoded::Unbound => counts.unbound(topic),
        }
        if let Some(refusal) = &read.refusal {
            counts.refused += 1;
            self.refuse(arrival, refusal, batch);
            return;
        }
        if let Some(first) = self.samples.first()
            && first.at != received
            && !arrival.retained
        {
            self.measured.push(first.at);
        }
        counts.samples += self.samples.len() as u64;
        for sample in self.samples.drain(..) {
            let before = self.fold.get(sample.signal).proof;
            let taken = self.fold.take_proven(&sample, arrival.retained, read.proof);
            if taken == Taken::Duplicate {
                counts.duplicates += 1;
                continue;
            }
            timeline.count(sample.signal, received);
            match (self.history.push(&sample), taken) {
                (Pushed::Duplicate, Taken::Late) => {
                    counts.duplicates += 1;
                    continue;
                }
                (Pushed::TooLate, _) => counts.too_late += 1,
                (Pushed::Appended | Pushed::Inserted | Pushed::Duplicate, _) => (),
            }
            if taken == Taken::Newest && is_watched(&self.watched, sample.signal) {
                let (signal, at, value) = (sample.signal, sample.at, sample.value.clone());
                self.told.push(Told::Change(Change { signal, at, received, value, last: false }));
            }
            if taken == Taken::Newest && before != read.proof {
                batch.notes.insert(sample.signal, (read.proof, self.fold.get(sample.signal).refused));
            }
            match taken {
                Taken::Newest => self.filler.add(batch, sample),
                Taken::Late | Taken::Duplicate => batch.n_samples += 1,
            }
        }
        if let Some((_, fault)) = self.faults.last() {
            counts.oversize += u64::from(matches!(fault, Fault::Oversize { .. }));
            counts.unparsable(topic, || fault.to_string(), received);
            for (signal, fault) in self.faults.drain(..) {
                self.fold.fail(signal);
                self.filler.fail(batch, signal, fault);
            }
        }
    }

    /// What was refused gives no sample. That it was is told to all that it would have spoken for.
    fn refuse(&mut self, arrival: &Arrival, refusal: &Refusal, batch: &mut Batch) {
        if refusal.quiet {
            return;
        }
        let received = arrival.received;
        let signals: Vec<SignalId> = self.reader.signals_of(&arrival.topic).collect();
        for signal in signals {
            self.fold.refuse(signal, refusal, received);
            let cell = self.fold.get(signal);
            batch.notes.insert(signal, (cell.proof, cell.refused));
        }
    }

    fn wake(&mut self) {
        if self.owes_wake {
            let now = now();
            // The clock may have been set back.
            if now.since(self.woken) >= WAKE_EVERY || now < self.woken {
                self.woken = now;
                self.owes_wake = false;
                self.waker.wake();
            }
        }
    }
}

fn is_watched(watched: &[bool], signal: SignalId) -> bool {
    watched.get(signal.index()).is_some_and(|it| *it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests_support::site;
    use crate::site::doc::ValueKind;

    fn arrival(topic: &str, payload: &str) -> Arrival {
        Arrival {
            topic: topic.to_owned().into(),
            payload: payload.to_owned().into(),
            received: now(),
            retained: false,
            correlation: None,
            properties: None,
        }
    }

    /// Runs messages through to the end. Returns what a frame that never came would have got.
    fn through(arrivals: Vec<Arrival>) -> (Vec<Batch>, Arc<History>, super::super::TallySnapshot, Vec<Word>) {
        let site = site(&[("a", None, None, ValueKind::Number), ("b", Some("/v"), Some("/t"), ValueKind::Number)]);
        let (history, tally) = (Arc::new(History::new(usize::MAX, 2)), Arc::new(Tally::default()));
        let (send, receive) = bounded(4);
        let options_site = Arc::new(site);
        let options = IngestOptions {
            site: Arc::clone(&options_site),
            word_topics: vec!["pollux/me/answers".to_owned()],
            history: Arc::clone(&history),
            tally: Arc::clone(&tally),
            waker: Waker::default(),
            timeline: Arc::new(Timeline::new(&options_site)),
            recorder: None,
            tap: None,
            verifier: None,
        };
        let ingest = Ingest::start(options, receive).expect("a thread");
        for arrival in arrivals {
            send.send(vec![arrival]).expect("ingest runs");
        }
        drop(send);
        // The thread holds its ends until it is done.
        while Arc::strong_count(&tally) > 1 {
            thread::yield_now();
        }
        (ingest.batches.try_iter().collect(), history, tally.snapshot(), ingest.words.try_iter().collect())
    }

    #[test]
    fn a_batch_that_no_frame_fetches_grows_and_loses_nothing() {
        let arrivals = (0..20_000).map(|it| arrival("a", &it.to_string())).collect();
        let (batches, history, tally, _) = through(arrivals);
        assert_eq!(batches.len(), 1);
        assert_eq!(batches[0].newest.last().map(|it| it.value.clone()), Some(19_999.0.into()));
        let n_equal = tally.duplicates;
        assert_eq!((tally.samples, history.n_samples() + n_equal), (20_000, 20_000));
        assert_eq!(tally.skipped, batches[0].n_samples - batches[0].newest.len() as u64);
    }

    #[test]
    fn what_cannot_be_read_is_counted_by_topic_and_the_rest_goes_on() {
        let (batches, _, tally, _) =
            through(vec![arrival("b", "{"), arrival("b", ""), arrival("a", "1"), arrival("c", "1"), arrival("c", "2")]);
        assert_eq!((tally.unparsable[0].topic.as_str(), tally.unparsable[0].count), ("b", 2));
        assert_eq!(tally.unparsable[0].error, "the payload is empty");
        assert_eq!((tally.unbound, tally.unbound_topics[0].count), (2, 2));
        assert_eq!(batches[0].faults, [(SignalId(1), Fault::Empty)]);
    }

    #[test]
    fn what_a_broker_tells_again_after_a_reconnect_is_no_new_sample() {
        let timed = r#"{"t":1769860800123,"v":5}"#;
        let retained = |topic, payload| Arrival { retained: true, ..arrival(topic, payload) };
        let (_, history, tally, _) = through(vec![
            arrival("a", "7"),
            arrival("b", timed),
            retained("a", "7"),
            retained("b", timed),
            arrival("b", timed),
            retained("a", "8"),
        ]);
        assert_eq!((tally.samples, tally.duplicates, history.n_samples()), (6, 3, 3));
    }

    #[test]
    fn only_a_fast_stream_is_left_to_gather() {
        let at = |micros: i64| Timestamp::from_nanos(micros * 1000);
        let fast = |every_micros: i64| {
            let mut pace = Pace::default();
            (0..1000).map(|it| pace.is_fast(1, at(it * every_micros))).filter(|it| *it).count()
        };
        assert!(fast(10) > 400);
        assert_eq!((fast(100), fast(1_000_000)), (0, 0));
        let mut pace = Pace::default();
        assert!(!pace.is_fast(1_000_000, at(0)) && !pace.is_fast(1, at(-5)));
    }

    #[test]
    fn answers_go_their_own_way() {
        let answer = Arrival { correlation: Some("id".into()), ..arrival("pollux/me/answers", "{}") };
        let (batches, _, tally, answers) = through(vec![answer]);
        assert_eq!((batches.len(), tally.unbound, answers[0].correlation.as_ref()), (0, 0, &b"id"[..]));
    }
}
