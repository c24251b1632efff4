//! Whether a condition holds: one for each alarm, each suppression and each expectation.

use std::collections::VecDeque;
use std::time::Duration;

use super::inputs::Inputs;
use super::life::Truth;
use crate::signal::{SignalId, Timestamp, Value};
use crate::site::{AlarmWhen, Condition, Held, Input};
use crate::twin::ReadingState;

/// What speaks of the age of a value is looked at again after each such span from its arrival on.
const AGE_STEP_NANOS: i64 = 1_000_000_000;

/// A condition, with what it must remember.
#[derive(Debug)]
pub(super) struct Watch {
    what: What,
    /// What it was when it was last known: within a deadband it stays so.
    held: bool,
    /// Whether the value was above the limit that is counted. `None`: it was not known.
    above: Option<bool>,
    crossed: VecDeque<Timestamp>,
    /// When it must be looked at again though nothing comes. `None`: never.
    next: Option<Timestamp>,
    /// For when a timer is set.
    set: Option<Timestamp>,
    /// It cannot be worked out; told once.
    fault: Option<String>,
}

#[derive(Debug, PartialEq)]
enum What {
    When(AlarmWhen),
    Holds(Condition),
    /// Active where the condition does not hold.
    Broken(Condition),
}

impl Watch {
    /// What raises an alarm.
    pub(super) fn alarm(when: AlarmWhen) -> Self {
        Self::new(What::When(when))
    }

    /// A condition that holds.
    pub(super) fn holds(condition: Condition) -> Self {
        Self::new(What::Holds(condition))
    }

    /// A condition that does not hold.
    pub(super) fn broken(condition: Condition) -> Self {
        Self::new(What::Broken(condition))
    }

    fn new(what: What) -> Self {
        Self { what, held: false, above: None, crossed: VecDeque::new(), next: None, set: None, fault: None }
    }

    /// Whether it looks for the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.what == other.what
    }

    /// The signals that it looks at, each once.
    pub(super) fn signals(&self) -> Vec<SignalId> {
        let mut signals = match &self.what {
            What::When(when) => when.signals(),
            What::Holds(condition) | What::Broken(condition) => condition.inputs.iter().map(|it| it.signal()).collect(),
        };
        signals.sort_unstable();
        signals.dedup();
        signals
    }

    /// Goes on with what another of the same remembered.
    pub(super) fn inherit(&mut self, before: &Self) {
        self.held = before.held;
        self.above = before.above;
        self.crossed.clone_from(&before.crossed);
    }

    /// When a timer is to be set, if there is none for then.
    pub(super) fn take_due(&mut self) -> Option<Timestamp> {
        let due = self.next.filter(|it| self.set != Some(*it))?;
        self.set = Some(due);
        Some(due)
    }

    /// Whether it waits for a timer that fires.
    pub(super) fn rings(&mut self, due: Timestamp) -> bool {
        let waits = self.next == Some(due);
        if self.set == Some(due) {
            self.set = None;
        }
        waits
    }

    /// Looks at an instant.
    pub(super) fn look(&mut self, inputs: &Inputs, now: Timestamp) -> Truth {
        let known = match &self.what {
            What::When(when) => {
                let counted = &mut (&mut self.above, &mut self.crossed);
                let (known, next) = alarm(when, self.held, counted, &mut self.fault, inputs, now);
                self.next = next;
                known
            }
            What::Holds(condition) => {
                self.next = next_age(condition, inputs, now);
                held(condition, &mut self.fault, inputs, now)
            }
            What::Broken(condition) => {
                self.next = next_age(condition, inputs, now);
                held(condition, &mut self.fault, inputs, now).map(|it| !it)
            }
        };
        self.held = known.unwrap_or(self.held);
        match known {
            Some(true) => Truth::Active,
            Some(false) => Truth::Normal,
            None => Truth::Unknown,
        }
    }
}

/// Whether what raises an alarm holds, and when it must be looked at again. Unknown: `None`.
fn alarm(
    when: &AlarmWhen,
    was: bool,
    (above, crossed): &mut (&mut Option<bool>, &mut VecDeque<Timestamp>),
    fault: &mut Option<String>,
    inputs: &Inputs,
    now: Timestamp,
) -> (Option<bool>, Option<Timestamp>) {
    let known = match when {
        AlarmWhen::Above { signal, limit, deadband } => {
            inputs.number(*signal, now).map(|it| it > *limit || (was && it > limit - deadband))
        }
        AlarmWhen::Below { signal, limit, deadband } => {
            inputs.number(*signal, now).map(|it| it < *limit || (was && it < limit + deadband))
        }
        AlarmWhen::Rate { signal, above, over } => inputs.rate(*signal, *over, now).map(|it| it.abs() > *above),
        AlarmWhen::Times { signal, above: limit, times, within } => {
            let is = inputs.number(*signal, now).map(|it| it > *limit);
            if is == Some(true) && **above == Some(false) {
                crossed.push_back(now);
            }
            // What was not seen was no crossing: after a silence the value counts anew.
            **above = is;
            let within = Duration::try_from_secs_f64(*within).unwrap_or(Duration::MAX);
            while crossed.front().is_some_and(|it| now.since(*it) > within) || crossed.len() > *times as usize {
                crossed.pop_front();
            }
            let next = crossed.front().map(|it| *it + within + Duration::from_nanos(1));
            return (is.map(|_| crossed.len() >= (*times).max(1) as usize), next);
        }
        AlarmWhen::Stale { signal } => match inputs.state(*signal, now) {
            ReadingState::NeverSeen | ReadingState::Isolated => None,
            ReadingState::Stale => Some(true),
            ReadingState::Fresh | ReadingState::Bad => Some(false),
        },
        AlarmWhen::Equals { signal, text } => inputs.value(*signal, now).map(|it| match it {
            Value::Text(is) => **is == **text,
            Value::Flag(on) => text == if *on { "on" } else { "off" },
            Value::Number(number) => text.parse() == Ok(*number),
        }),
        AlarmWhen::When(condition) => return (held(condition, fault, inputs, now), next_age(condition, inputs, now)),
    };
    (known, None)
}

fn held(condition: &Condition, fault: &mut Option<String>, inputs: &Inputs, now: Timestamp) -> Option<bool> {
    match condition.look(None, |input| inputs.look(input, now)) {
        Held::Yes => Some(true),
        Held::No => Some(false),
        Held::Unknown(_) => None,
        Held::Fault(why) => {
            if fault.is_none() {
                tracing::warn!("the condition {:?} cannot be worked out: {why}", condition.text);
                *fault = Some(why);
            }
            None
        }
    }
}

/// The next whole second of the age of what a condition asks the age of.
fn next_age(condition: &Condition, inputs: &Inputs, now: Timestamp) -> Option<Timestamp> {
    let ages = condition.inputs.iter().filter_map(|input| {
        let Input::Age(signal) = input else { return None };
        let reading = &inputs.get(*signal)?.reading;
        let steps = now.since(reading.received).as_nanos() as i64 / AGE_STEP_NANOS + 1;
        let next = reading.received + Duration::from_nanos((steps * AGE_STEP_NANOS) as u64);
        reading.value.is_some().then_some(next)
    });
    ages.min()
}
