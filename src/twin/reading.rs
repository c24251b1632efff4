//! A signal's value at the cursor, with its age and its state: computed here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bevy::prelude::*;

use super::evil::{EvilTwins, spoken_by};
use super::quarantine::{Basis, Isolation, Quarantine};
use super::spawn::SignalRef;
use super::standing::Standing;
use crate::session::{Cell, CurrentSite, Cursor, CursorMode, Fold, SamplesArrived, Session, Shown};
use crate::signal::{SignalId, Timestamp, Value};
use crate::site::{Signal, Site, TwinId};
use crate::trust::{Proof, Reason, Refused, Trust};

/// After this many expected periods without a sample a reading is stale.
pub const STALE_PERIODS: f64 = 3.0;

/// No reading goes stale sooner than this, in seconds: a fast signal may wait for its network.
const STALE_AT_LEAST_SECS: f64 = 1.5;

/// A signal's value at the cursor.
#[derive(Component, Debug, Clone, PartialEq)]
pub struct Reading {
    /// The last good value. `None`: there never was one.
    pub value: Option<Value>,
    /// When it was measured.
    pub at: Timestamp,
    /// When it arrived.
    pub received: Timestamp,
    /// Whether it can be believed to be current.
    pub state: ReadingState,
    /// The newest payload for this signal could not be read.
    pub unreadable: bool,
    /// How far the value may be believed.
    pub proof: Proof,
    /// The last message for this signal that was refused. `None`: none ever was.
    pub refused: Option<Refused>,
    /// How far it may be believed at the instant that is shown, in a word.
    pub standing: Standing,
    /// The value is an estimate, since its twin is isolated: what it was made from. `None`: it came from the device.
    pub estimate: Option<Basis>,
}

/// How far a reading is current.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ReadingState {
    /// It came within the expected time.
    Fresh,
    /// No sample was ever seen.
    #[default]
    NeverSeen,
    /// The last good value is older than expected, or newer payloads could not be read.
    Stale,
    /// The value lies outside of what the site says can be.
    Bad,
    /// A person has isolated its twin: what comes is not shown, and nothing relies on it.
    Isolated,
}

/// What came in last of every signal, wherever the cursor stands: what is true out there, as far as it is known.
#[derive(Resource, Debug, Default)]
pub struct Newest {
    fold: Fold,
    /// What is isolated now.
    isolated: BTreeSet<SignalId>,
    /// Up to when a person has acknowledged what proves an evil twin.
    acknowledged: BTreeMap<SignalId, Timestamp>,
}

impl Newest {
    /// What is known of a signal now. Of what is isolated nothing is: not even an estimate may be relied on.
    pub fn reading(&self, signal: &Signal, now: Timestamp) -> Reading {
        if self.isolated.contains(&signal.id) {
            return Reading { state: ReadingState::Isolated, standing: Standing::Quarantined, ..NEVER_SEEN };
        }
        let cell = self.fold.get(signal.id);
        let acknowledged =
            self.acknowledged.get(&signal.id).filter(|_| cell.refused.is_some_and(|it| it.evil.is_some()));
        match acknowledged {
            None => Reading::of(signal, cell, now),
            Some(up_to) => {
                let refused = cell.refused.map(|it| it.acknowledged(*up_to));
                Reading::of(signal, &Cell { refused, ..cell.clone() }, now)
            }
        }
    }

    /// The newest proof that somebody else speaks in the name of a twin's device, be it isolated or not. `None`: there is none
    /// that a person has not acknowledged.
    pub fn evil(&self, site: &Site, twin: TwinId) -> Option<(Reason, Timestamp)> {
        let evil = spoken_by(site, twin).filter_map(|signal| {
            let up_to = self.acknowledged.get(&signal.id).copied().unwrap_or(Timestamp::MIN);
            self.fold.get(signal.id).refused?.acknowledged(up_to).evil
        });
        evil.max_by_key(|it| it.1)
    }

    /// What proves an evil twin is acknowledged up to these instants.
    pub(super) fn acknowledge(&mut self, up_to: BTreeMap<SignalId, Timestamp>) {
        self.acknowledged = up_to;
    }

    /// These are isolated from now on, and no others.
    pub(super) fn isolate(&mut self, signals: BTreeSet<SignalId>) {
        self.isolated = signals;
    }
}

/// What a value must keep to that is believed to be current.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// How long after its arrival it is still fresh, to the nanosecond.
    pub patience: Duration,
    /// What can be, in the signal's unit. `None`: all can.
    pub range: Option<(f64, f64)>,
}

/// All readings at the cursor, by signal number.
#[derive(Resource, Debug, Default)]
pub struct Readings(Vec<Reading>);

impl ReadingState {
    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::NeverSeen => "never seen",
            Self::Stale => "stale",
            Self::Bad => "out of range",
            Self::Isolated => "isolated",
        }
    }
}

impl Default for Reading {
    fn default() -> Self {
        NEVER_SEEN
    }
}

/// What is known of a signal before its first sample.
const NEVER_SEEN: Reading = Reading {
    value: None,
    at: Timestamp::MIN,
    received: Timestamp::MIN,
    state: ReadingState::NeverSeen,
    unreadable: false,
    proof: Proof { trust: Trust::Unsigned, key: None, gap: 0 },
    refused: None,
    standing: Standing::Unheard,
    estimate: None,
};

impl Reading {
    /// What is known of a signal, with its state at an instant.
    pub fn of(signal: &Signal, cell: &Cell, now: Timestamp) -> Self {
        let mut reading = Self::known(cell);
        reading.judge(Bounds::of(signal), now);
        reading
    }

    /// What is known of a signal, before its state is judged.
    pub fn known(cell: &Cell) -> Self {
        let Cell { value, at, received, unreadable, proof, refused } = cell.clone();
        Self { value, at, received, unreadable, proof, refused, ..NEVER_SEEN }
    }

    /// Judges its state and its standing at an instant.
    pub fn judge(&mut self, bounds: Bounds, now: Timestamp) {
        self.state = bounds.state(self, now);
        self.standing = Standing::within(bounds, self, now);
    }

    /// An estimate stands in for the value, if there is one. What is told of proofs and refusals is still of what comes in.
    fn stand_in(&mut self, signal: SignalId, isolation: &Isolation) {
        let estimate = isolation.estimates.get(&signal);
        self.value = estimate.map(|it| it.value.clone());
        self.estimate = estimate.map(|it| it.basis.clone());
        (self.at, self.received, self.unreadable) = (isolation.at, isolation.at, false);
        (self.state, self.standing) = (ReadingState::Isolated, Standing::Quarantined);
    }

    /// The value as a number, if there is one.
    pub fn number(&self) -> Option<f64> {
        self.value.as_ref().and_then(Value::as_number)
    }

    /// Seconds since the value was measured, or since it arrived where the device's clock is ahead.
    pub fn age_secs(&self, now: Timestamp) -> f64 {
        now.secs_since(self.at.min(self.received)).max(0.0)
    }
}

impl Readings {
    /// The reading of a signal.
    pub fn get(&self, signal: SignalId) -> &Reading {
        self.0.get(signal.index()).unwrap_or(&NEVER_SEEN)
    }

    /// Takes what is known of a signal; its state is judged later in the frame.
    fn take(&mut self, signal: SignalId, cell: &Cell) {
        if let Some(reading) = self.0.get_mut(signal.index()) {
            reading.value.clone_from(&cell.value);
            reading.at = cell.at;
            reading.received = cell.received;
            reading.unreadable = cell.unreadable;
            reading.proof = cell.proof;
            reading.refused = cell.refused;
            reading.estimate = None;
        }
    }

    /// Whether any value is current, and so may go stale.
    pub fn any_current(&self) -> bool {
        self.0.iter().any(|it| matches!(it.state, ReadingState::Fresh | ReadingState::Bad))
    }

    /// How many signals have a state.
    pub fn count(&self, site: &Site, state: ReadingState) -> usize {
        site.signals.iter().filter(|it| self.get(it.id).state == state).count()
    }
}

/// The state of a reading at an instant. Freshness goes by arrival: a device whose clock is wrong is not silent.
pub fn state_of(signal: &Signal, reading: &Reading, now: Timestamp) -> ReadingState {
    Bounds::of(signal).state(reading, now)
}

impl Bounds {
    /// As a site says of a signal.
    pub fn of(signal: &Signal) -> Self {
        // A period that no span can hold never ends.
        let patience = Duration::try_from_secs_f64((signal.period * STALE_PERIODS).max(STALE_AT_LEAST_SECS));
        Self { patience: patience.unwrap_or(Duration::MAX), range: signal.range }
    }

    /// The state of a reading at an instant.
    pub fn state(self, reading: &Reading, now: Timestamp) -> ReadingState {
        match &reading.value {
            None => ReadingState::NeverSeen,
            Some(_) if reading.unreadable || now.since(reading.received) > self.patience => ReadingState::Stale,
            Some(value) if self.excludes(value) => ReadingState::Bad,
            Some(_) => ReadingState::Fresh,
        }
    }

    /// Whether a value is not one of those that can be.
    pub fn excludes(self, value: &Value) -> bool {
        self.range.is_some_and(|it| value.is_outside(it))
    }
}

/// Readings take their values: from what has just come in where the cursor follows live, else from the recording.
pub(super) fn follow_cursor(
    cursor: Res<Cursor>,
    site: Res<CurrentSite>,
    session: Res<Session>,
    shown: Res<Shown>,
    quarantine: Res<Quarantine>,
    mut arrived: MessageReader<SamplesArrived>,
    mut newest: ResMut<Newest>,
    mut was_live: Local<bool>,
    mut readings: ResMut<Readings>,
) {
    readings.0.resize(site.signal_capacity, NEVER_SEEN);
    let newest = &mut newest.fold;
    let live = cursor.mode == CursorMode::Live;
    // What was released shows again what came in meanwhile.
    let returned = live && (!*was_live || quarantine.is_changed());
    *was_live = live;
    // What comes in is followed while the cursor looks back, too: it may return at any time.
    for SamplesArrived(batch) in arrived.read() {
        for sample in &batch.newest {
            let (value, at, received) = (Some(sample.value.clone()), sample.at, sample.received);
            let before = newest.get(sample.signal);
            let (proof, refused) = (before.proof, before.refused);
            newest.set(sample.signal, Cell { value, at, received, unreadable: false, proof, refused });
        }
        for (signal, (proof, refused)) in &batch.notes {
            let cell = Cell { proof: *proof, refused: *refused, ..newest.get(*signal).clone() };
            newest.set(*signal, cell);
        }
        for (signal, _) in &batch.faults {
            newest.fail(*signal);
        }
        if live && !returned {
            let changed = batch.newest.iter().map(|it| it.signal).chain(batch.faults.iter().map(|it| it.0));
            let changed = changed.chain(batch.notes.keys().copied());
            for signal in changed {
                readings.take(signal, newest.get(signal));
            }
        }
    }
    match &shown.0 {
        _ if returned => site.signals.iter().for_each(|it| readings.take(it.id, newest.get(it.id))),
        _ if live => (),
        Some(fold) => site.signals.iter().for_each(|it| readings.take(it.id, fold.get(it.id))),
        // Nothing is recorded: the history knows the values, though not when they came.
        None => {
            for signal in &site.signals {
                let found = session.history.sample_at(signal.id, cursor.at);
                let cell = found.map_or(Cell::NOTHING, |it| Cell {
                    value: Some(it.value),
                    at: it.at,
                    received: it.received,
                    ..Cell::NOTHING
                });
                readings.take(signal.id, &cell);
            }
        }
    }
}

/// Each reading gets its state, what is isolated its estimate, and its entity a copy, so that change detection sees what changed.
pub(super) fn judge_readings(
    cursor: Res<Cursor>,
    site: Res<CurrentSite>,
    quarantine: Res<Quarantine>,
    evil: Res<EvilTwins>,
    mut readings: ResMut<Readings>,
    mut entities: Query<(&SignalRef, &mut Reading)>,
) {
    for (signal, up_to) in evil.shown() {
        if let Some(reading) = readings.0.get_mut(signal.index()) {
            reading.refused = reading.refused.map(|it| it.acknowledged(up_to));
        }
    }
    for signal in &site.signals {
        if let Some(reading) = readings.0.get_mut(signal.id.index()) {
            reading.judge(Bounds::of(signal), cursor.at);
        }
    }
    for (signal, isolation) in quarantine.covered() {
        if let Some(reading) = readings.0.get_mut(signal.index()) {
            reading.stand_in(signal, isolation);
        }
    }
    for (signal, mut reading) in &mut entities {
        let now = readings.get(signal.0);
        if *reading != *now {
            *reading = now.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Unit;
    use crate::site::TwinId;
    use crate::site::doc::ValueKind;

    fn level() -> Signal {
        Signal {
            id: SignalId(0),
            address: "tank/level".into(),
            key: "level".to_owned(),
            name: "Level".to_owned(),
            twin: TwinId(0),
            topic: "tank/level".to_owned(),
            path: None,
            time: None,
            is: ValueKind::Number,
            unit: Unit::NONE,
            range: Some((0.0, 5.0)),
            period: 1.0,
            decimals: None,
            field: None,
        }
    }

    #[track_caller]
    fn check(value: Option<f64>, age_ms: u64, unreadable: bool, want: ReadingState) {
        let received = Timestamp::from_secs_f64(1_000.0);
        let reading = Reading { value: value.map(Value::Number), at: received, received, unreadable, ..NEVER_SEEN };
        assert_eq!(state_of(&level(), &reading, received + Duration::from_millis(age_ms)), want);
    }

    #[test]
    fn a_reading_is_stale_after_three_periods_and_bad_outside_of_its_range() {
        check(None, 0, false, ReadingState::NeverSeen);
        check(Some(2.0), 0, false, ReadingState::Fresh);
        check(Some(2.0), 2_999, false, ReadingState::Fresh);
        check(Some(2.0), 3_001, false, ReadingState::Stale);
        check(Some(2.0), 0, true, ReadingState::Stale);
        check(Some(5.1), 0, false, ReadingState::Bad);
        check(Some(f64::NAN), 0, false, ReadingState::Bad);
        check(Some(5.1), 3_001, false, ReadingState::Stale);
    }
}
