//! What is known of the signals that alarms and expectations look at, by the same rules as a reading.

use std::collections::VecDeque;
use std::time::Duration;

use crate::session::{Cell, Change};
use crate::signal::{SignalId, Timestamp, Value};
use crate::site::{AlarmWhen, Condition, Input, Signal, Site};
use crate::twin::{Bounds, Reading, ReadingState};

/// A window of a rate keeps about so many points: closer ones are thinned.
const POINTS: f64 = 512.0;

/// All signals that are looked at, by number.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    watched: Vec<Option<Watched>>,
}

/// One signal that is looked at.
#[derive(Debug)]
pub(super) struct Watched {
    /// What is known of it. Its `state` is not kept here: it follows from the instant.
    pub(super) reading: Reading,
    /// Who looks at it: the numbers of the watches.
    pub(super) watches: Vec<u32>,
    /// The instant of the timer that will see whether it has gone stale. `None`: there is none.
    pub(super) timer: Option<Timestamp>,
    /// A person has isolated it: nothing is known of it, whatever comes.
    isolated: bool,
    bounds: Bounds,
    windows: Vec<Window>,
}

/// The values of a signal over a span, for its rate of change.
#[derive(Debug, Clone)]
struct Window {
    secs: f64,
    points: VecDeque<(Timestamp, f64)>,
}

impl Inputs {
    /// Of a site, nothing known yet.
    pub(super) fn new(site: &Site) -> Self {
        Self { watched: (0..site.signal_capacity).map(|_| None).collect() }
    }

    /// A watch looks at a signal.
    pub(super) fn add(&mut self, signal: &Signal, watch: u32) {
        let Some(place) = self.watched.get_mut(signal.id.index()) else { return };
        let watched = place.get_or_insert_with(|| Watched {
            reading: Reading::default(),
            watches: Vec::new(),
            timer: None,
            isolated: false,
            bounds: Bounds::of(signal),
            windows: Vec::new(),
        });
        if !watched.watches.contains(&watch) {
            watched.watches.push(watch);
        }
    }

    /// A watch looks at how fast a signal changes.
    pub(super) fn add_rate(&mut self, signal: SignalId, secs: f64) {
        let Some(watched) = self.get_mut(signal) else { return };
        if !watched.windows.iter().any(|it| it.secs == secs) {
            watched.windows.push(Window { secs, points: VecDeque::new() });
        }
    }

    /// A watch looks at all inputs of a condition.
    pub(super) fn add_condition(&mut self, condition: &Condition, site: &Site, watch: u32) {
        for input in condition.inputs.iter() {
            if let Some(signal) = site.signal(input.signal()) {
                self.add(signal, watch);
            }
            if let Input::Rate { signal, secs } = input {
                self.add_rate(*signal, *secs);
            }
        }
    }

    /// A watch looks at what an alarm looks at.
    pub(super) fn add_when(&mut self, when: &AlarmWhen, site: &Site, watch: u32) {
        if let AlarmWhen::When(condition) = when {
            return self.add_condition(condition, site, watch);
        }
        for signal in when.signals().into_iter().filter_map(|it| site.signal(it)) {
            self.add(signal, watch);
        }
        if let AlarmWhen::Rate { signal, over, .. } = when {
            self.add_rate(*signal, *over);
        }
    }

    pub(super) fn get(&self, signal: SignalId) -> Option<&Watched> {
        self.watched.get(signal.index())?.as_ref()
    }

    pub(super) fn get_mut(&mut self, signal: SignalId) -> Option<&mut Watched> {
        self.watched.get_mut(signal.index())?.as_mut()
    }

    /// All that are looked at.
    pub(super) fn signals(&self) -> impl Iterator<Item = SignalId> + '_ {
        let signals = self.watched.iter().enumerate().filter(|it| it.1.is_some());
        signals.map(|it| SignalId(u32::try_from(it.0).unwrap_or(u32::MAX)))
    }

    /// Takes what is known from before the first message.
    pub(super) fn set(&mut self, signal: SignalId, cell: &Cell) {
        if let Some(watched) = self.get_mut(signal) {
            // What could not be read after the value is no news, here as where it is heard.
            watched.reading = Reading { unreadable: false, ..Reading::known(cell) };
            watched.windows.iter_mut().for_each(|it| it.points.clear());
        }
    }

    /// Takes a new value of a signal. Tells whether it is looked at.
    pub(super) fn take(&mut self, Change { signal, at, received, value, last: _ }: Change) -> bool {
        let Some(watched) = self.get_mut(signal) else { return false };
        if !watched.windows.is_empty()
            && let Some(number) = value.as_number()
            && !watched.bounds.excludes(&value)
        {
            watched.windows.iter_mut().for_each(|it| it.take(at, number));
        }
        watched.reading.value = Some(value);
        watched.reading.at = at;
        watched.reading.received = received;
        true
    }

    /// A signal is isolated, or no more. Tells whether that is news of one that is looked at.
    pub(super) fn isolate(&mut self, signal: SignalId, isolated: bool) -> bool {
        let Some(watched) = self.get_mut(signal).filter(|it| it.isolated != isolated) else { return false };
        watched.isolated = isolated;
        // How fast it changes is told by what comes from now on alone.
        watched.windows.iter_mut().for_each(|it| it.points.clear());
        true
    }

    /// The state of a signal at an instant.
    pub(super) fn state(&self, signal: SignalId, now: Timestamp) -> ReadingState {
        self.get(signal).map_or(ReadingState::NeverSeen, |it| it.state(now))
    }

    /// The value of a signal, if it can be believed at an instant.
    pub(super) fn value(&self, signal: SignalId, now: Timestamp) -> Option<&Value> {
        let watched = self.get(signal)?;
        let fresh = watched.state(now) == ReadingState::Fresh;
        watched.reading.value.as_ref().filter(|_| fresh)
    }

    /// The same as a number.
    pub(super) fn number(&self, signal: SignalId, now: Timestamp) -> Option<f64> {
        self.value(signal, now)?.as_number()
    }

    /// The change a second over a span, if it can be believed and the span is full.
    pub(super) fn rate(&self, signal: SignalId, secs: f64, now: Timestamp) -> Option<f64> {
        self.value(signal, now)?;
        let watched = self.get(signal)?;
        watched.windows.iter().find(|it| it.secs == secs)?.rate(watched.bounds.patience)
    }

    /// What a condition looks at. The age of a value is known however old it is, unless it is isolated.
    pub(super) fn look(&self, input: Input, now: Timestamp) -> Option<Value> {
        match input {
            Input::Value(signal) => self.value(signal, now).cloned(),
            Input::Rate { signal, secs } => self.rate(signal, secs, now).map(Value::Number),
            Input::Age(signal) => {
                let reading = &self.get(signal).filter(|it| !it.isolated)?.reading;
                reading.value.is_some().then(|| Value::Number(now.since(reading.received).as_secs_f64()))
            }
        }
    }

    /// Goes on with what another knew of the same signals.
    pub(super) fn inherit(&mut self, mut other: Self) {
        for (index, watched) in self.watched.iter_mut().enumerate() {
            let before = other.watched.get_mut(index).and_then(Option::take);
            let Some((watched, before)) = watched.as_mut().zip(before) else { continue };
            watched.reading = before.reading;
            for window in &mut watched.windows {
                if let Some(same) = before.windows.iter().find(|it| it.secs == window.secs) {
                    window.points.clone_from(&same.points);
                }
            }
        }
    }
}

impl Watched {
    fn state(&self, now: Timestamp) -> ReadingState {
        if self.isolated { ReadingState::Isolated } else { self.bounds.state(&self.reading, now) }
    }

    /// The instant from which on its value is no longer fresh. `None`: it never was.
    pub(super) fn stale_from(&self) -> Option<Timestamp> {
        self.reading.value.is_some().then(|| self.reading.received + self.bounds.patience + Duration::from_nanos(1))
    }
}

impl Window {
    fn spacing(&self) -> f64 {
        self.secs / POINTS
    }

    fn take(&mut self, at: Timestamp, number: f64) {
        if self.points.back().is_some_and(|it| at < it.0) {
            // The device's clock was set back.
            self.points.clear();
        }
        let n = self.points.len();
        let close = n >= 2 && at.secs_since(self.points[n - 2].0) < self.spacing();
        if close || self.points.back().is_some_and(|it| it.0 == at) {
            self.points.pop_back();
        }
        self.points.push_back((at, number));
        while self.points.get(1).is_some_and(|it| at.secs_since(it.0) >= self.secs) {
            self.points.pop_front();
        }
    }

    /// Between the newest point and the last one that lies at least the span before it.
    fn rate(&self, patience: Duration) -> Option<f64> {
        let (from, to) = (self.points.front()?, self.points.back()?);
        let span = to.0.secs_since(from.0);
        let full = span >= self.secs && span <= self.secs + patience.as_secs_f64() + self.spacing();
        full.then(|| (to.1 - from.1) / span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_known_when_its_span_is_full_and_has_no_gap() {
        let at = |secs: f64| Timestamp::from_secs_f64(1_000_000.0 + secs);
        let mut window = Window { secs: 10.0, points: VecDeque::new() };
        let patience = Duration::from_secs(3);
        for step in 0..10 {
            window.take(at(f64::from(step)), f64::from(step) * 2.0);
            assert_eq!(window.rate(patience), None);
        }
        window.take(at(10.0), 20.0);
        assert_eq!(window.rate(patience), Some(2.0));
        window.take(at(40.0), 0.0);
        assert_eq!(window.rate(patience), None);
        window.take(at(39.0), 0.0);
        assert_eq!(window.points.len(), 1);
    }

    #[test]
    fn a_window_of_a_day_takes_no_more_room_than_one_of_a_minute() {
        let mut window = Window { secs: 86_400.0, points: VecDeque::new() };
        for step in 0..100_000 {
            window.take(Timestamp::from_nanos(step * 1_000_000_000), step as f64 * 0.5);
        }
        assert!(window.points.len() < 600, "{}", window.points.len());
        let rate = window.rate(Duration::from_secs(3)).unwrap();
        assert!((rate - 0.5).abs() < 1e-9, "{rate}");
    }
}
