//! The state of all signals after some messages: what a reading follows from, live and in a recording alike.

use std::sync::Arc;
use std::time::Duration;

use super::reader::Reader;
use super::recording::Recording;
use crate::link::Arrival;
use crate::signal::{Sample, SignalId, Timestamp, Value};
use crate::site::Site;
use crate::trust::{Heard, Proof, Refusal, Refused, Registry, Trust};

/// A sample so much older than the one before it was not late: its device's clock was set back.
const SET_BACK: Duration = Duration::from_secs(60);

/// What is known of one signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The last good value. `None`: there never was one.
    pub value: Option<Value>,
    /// When it was measured.
    pub at: Timestamp,
    /// When it arrived.
    pub received: Timestamp,
    /// The newest payload for this signal could not be read.
    pub unreadable: bool,
    /// How far the value may be believed.
    pub proof: Proof,
    /// The last message for this signal that was refused. `None`: none ever was.
    pub refused: Option<Refused>,
}

impl Cell {
    /// What is known before the first message.
    pub const NOTHING: Self = Self {
        value: None,
        at: Timestamp::MIN,
        received: Timestamp::MIN,
        unreadable: false,
        proof: Proof { trust: Trust::Unsigned, key: None, gap: 0 },
        refused: None,
    };
}

/// What became of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is what its signal shows now.
    Newest,
    /// It came after a newer one: the history alone takes it.
    Late,
    /// It is known.
    Duplicate,
}

/// What is known of all signals, by number, and what verification remembers. Cheap to copy while nothing is written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fold {
    cells: Arc<Vec<Cell>>,
    heard: Arc<Heard>,
    registry: Option<Arc<Registry>>,
}

impl Fold {
    /// What is known of a signal.
    pub fn get(&self, signal: SignalId) -> &Cell {
        self.cells.get(signal.index()).unwrap_or(&Cell::NOTHING)
    }

    /// All, by number.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// What verification remembers of what came: who goes on from here needs it.
    pub fn heard(&self) -> &Arc<Heard> {
        &self.heard
    }

    /// The same with what verification remembers.
    #[must_use]
    pub fn with_heard(self, heard: Arc<Heard>) -> Self {
        Self { heard, ..self }
    }

    /// Who has which key from here on, where that has changed since the session began.
    pub fn registry(&self) -> Option<&Arc<Registry>> {
        self.registry.as_ref()
    }

    /// The same with who has which key, where that has changed since the session began.
    #[must_use]
    pub fn with_registry(self, registry: Option<Arc<Registry>>) -> Self {
        Self { registry, ..self }
    }

    /// Takes a sample that nobody signed.
    pub fn take(&mut self, sample: &Sample, retained: bool) -> Taken {
        self.take_proven(sample, retained, Proof::default())
    }

    /// Takes a sample. A retained one tells again what a broker kept, as after each reconnect.
    pub fn take_proven(&mut self, sample: &Sample, retained: bool, proof: Proof) -> Taken {
        let cell = self.get(sample.signal);
        if let Some(value) = &cell.value {
            let same = *value == sample.value;
            if same && (sample.at == cell.at || (retained && sample.at == sample.received)) {
                return Taken::Duplicate;
            }
            if sample.at < cell.at && cell.at.since(sample.at) < SET_BACK {
                return Taken::Late;
            }
        }
        let (at, received) = (sample.at, sample.received);
        let refused = cell.refused;
        self.set(
            sample.signal,
            Cell { value: Some(sample.value.clone()), at, received, unreadable: false, proof, refused },
        );
        Taken::Newest
    }

    /// A message for a signal was refused: its last good value stays.
    pub fn refuse(&mut self, signal: SignalId, refusal: &Refusal, received: Timestamp) {
        let before = self.get(signal);
        let cell = Cell { refused: Some(Refused::after(before.refused, refusal.reason, received)), ..before.clone() };
        self.set(signal, cell);
    }

    /// The newest payload for a signal could not be read: its last good value stays.
    pub fn fail(&mut self, signal: SignalId) {
        let cell = Cell { unreadable: true, ..self.get(signal).clone() };
        self.set(signal, cell);
    }

    /// Sets what is known of a signal.
    pub fn set(&mut self, signal: SignalId, cell: Cell) {
        let cells = Arc::make_mut(&mut self.cells);
        if cells.len() <= signal.index() {
            cells.resize(signal.index() + 1, Cell::NOTHING);
        }
        cells[signal.index()] = cell;
    }
}

/// Reads messages one after the other, and keeps the state after them.
#[derive(Debug)]
pub struct Follower {
    reader: Reader,
    fold: Fold,
}

impl Follower {
    /// Before the first message, where nothing is verified.
    pub fn new(site: &Site) -> Self {
        Self { reader: Reader::new(site, None), fold: Fold::default() }
    }

    /// Of a recording, after messages that led to a state: what is signed in it is verified again.
    pub fn of(recording: &Recording, fold: Fold, site: &Site) -> Self {
        let mut reader = Reader::new(site, recording.verifier(site));
        reader.go_on_from(&fold, recording);
        Self { reader, fold }
    }

    /// Whether it verifies what it takes. Then it must take all, for each tells something of those that follow.
    pub fn verifies(&self) -> bool {
        self.reader.verifier().is_some()
    }

    /// The state after the messages so far.
    pub fn fold(&self) -> Fold {
        self.fold.clone().with_heard(Arc::new(self.reader.heard()))
    }

    /// Another registry of keys holds from here on.
    pub fn set_registry(&mut self, registry: &Arc<Registry>) {
        if let Some(verifier) = self.reader.verifier_mut() {
            verifier.set_registry(Arc::clone(registry));
        }
        self.fold.registry = Some(Arc::clone(registry));
    }

    /// Takes a message. Returns its samples, and what became of each.
    pub fn take(&mut self, arrival: &Arrival) -> Vec<(Sample, Taken)> {
        let (mut samples, mut faults) = (Vec::new(), Vec::new());
        let read = self.reader.read(arrival, &mut samples, &mut faults);
        let take = |sample: Sample| {
            let taken = self.fold.take_proven(&sample, arrival.retained, read.proof);
            (sample, taken)
        };
        let taken = samples.into_iter().map(take).collect();
        faults.into_iter().for_each(|it| self.fold.fail(it.0));
        if let Some(refusal) = read.refusal.filter(|it| !it.quiet) {
            self.reader.signals_of(&arrival.topic).for_each(|it| self.fold.refuse(it, &refusal, arrival.received));
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: SignalId = SignalId(1);

    fn sample(at: i64, received: i64, value: f64) -> Sample {
        let secs = |it: i64| Timestamp::from_nanos(it * 1_000_000_000);
        Sample { signal: ONE, at: secs(at), received: secs(received), value: value.into() }
    }

    #[test]
    fn the_newest_by_the_device_s_clock_is_what_shows() {
        let mut fold = Fold::default();
        assert_eq!(fold.take(&sample(100, 101, 1.0), false), Taken::Newest);
        assert_eq!(fold.take(&sample(99, 102, 2.0), false), Taken::Late);
        assert_eq!(fold.take(&sample(100, 103, 1.0), false), Taken::Duplicate);
        assert_eq!(fold.take(&sample(100, 103, 3.0), false), Taken::Newest);
        assert_eq!(fold.get(ONE).value, Some(3.0.into()));
        assert_eq!(fold.get(SignalId(0)), &Cell::NOTHING);
        assert_eq!(fold.get(SignalId(9)), &Cell::NOTHING);
    }

    #[test]
    fn a_clock_that_was_set_back_is_followed() {
        let mut fold = Fold::default();
        fold.take(&sample(4000, 101, 1.0), false);
        assert_eq!(fold.take(&sample(400, 102, 2.0), false), Taken::Newest);
    }

    #[test]
    fn what_a_broker_kept_is_no_news_unless_it_differs() {
        let mut fold = Fold::default();
        fold.take(&sample(100, 100, 7.0), false);
        assert_eq!(fold.take(&sample(150, 150, 7.0), true), Taken::Duplicate);
        assert_eq!(fold.take(&sample(151, 151, 8.0), true), Taken::Newest);
        assert_eq!(fold.take(&sample(152, 152, 8.0), false), Taken::Newest);
    }

    #[test]
    fn a_payload_that_cannot_be_read_leaves_the_last_good_value() {
        let mut fold = Fold::default();
        fold.fail(ONE);
        assert!(fold.get(ONE).value.is_none() && fold.get(ONE).unreadable);
        fold.take(&sample(100, 100, 7.0), false);
        let before = fold.clone();
        fold.fail(ONE);
        assert_eq!((fold.get(ONE).value.clone(), fold.get(ONE).unreadable), (Some(7.0.into()), true));
        assert!(!before.get(ONE).unreadable);
        fold.take(&sample(101, 101, 7.0), false);
        assert!(!fold.get(ONE).unreadable);
    }
}
