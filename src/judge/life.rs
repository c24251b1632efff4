//! The states of an alarm and what moves it from one to the next, as ISA-18.2 (IEC 62682) has them. Pure: times, delays
//! and who asked stand elsewhere.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::outcome::{Refusal, What};

/// Where an alarm stands. The letters are those of the standard's state diagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum AlarmState {
    /// A: nothing is to be done.
    #[default]
    Normal,
    /// B: it holds, and nobody has seen it.
    Unacknowledged,
    /// C: it holds, and someone has seen it.
    Acknowledged,
    /// D: it is gone, and nobody saw it.
    ReturnedUnacknowledged,
    /// E: it is gone but stays until it is reset, and nobody has seen it.
    LatchedUnacknowledged,
    /// F: it is gone and was seen; it waits to be reset.
    Latched,
    /// G: a person has put it aside for a while.
    Shelved,
    /// H: by design it says nothing at the moment.
    SuppressedByDesign,
    /// I: it is out of service until a person returns it.
    OutOfService,
}

/// Whether the condition of an alarm holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Truth {
    /// It holds.
    Active,
    /// It does not.
    Normal,
    /// An input is stale or bad, or was never seen: nobody knows. It is not normal.
    #[default]
    Unknown,
}

/// What happens to an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The condition holds, and has for the on-delay.
    On,
    /// It is gone, and has been for the off-delay.
    Off,
    /// It cannot be known any more.
    Unknown,
    /// A person has seen it.
    Acknowledge,
    /// A person lets go of one that is latched.
    Reset,
    /// A person puts it aside.
    Shelve,
    /// A person takes it up again, or the time is over.
    Unshelve,
    /// What suppresses it by design begins to hold.
    Suppress,
    /// It ends.
    Unsuppress,
    /// A person takes it out of service.
    TakeOut,
    /// A person returns it to service.
    PutBack,
}

/// An alarm between its steps. What hides it (shelved, suppressed, out of service) lies over what its condition did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Life {
    /// Whether its condition holds, delays included.
    pub truth: Truth,
    /// It held when it was last known.
    active: bool,
    /// One of A to F.
    under: AlarmState,
    latches: bool,
    shelved: bool,
    suppressed: bool,
    out: bool,
}

impl AlarmState {
    /// All of them, in the order of the standard's letters.
    pub const ALL: [Self; 9] = [
        Self::Normal,
        Self::Unacknowledged,
        Self::Acknowledged,
        Self::ReturnedUnacknowledged,
        Self::LatchedUnacknowledged,
        Self::Latched,
        Self::Shelved,
        Self::SuppressedByDesign,
        Self::OutOfService,
    ];

    /// The words on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Unacknowledged => "unacknowledged",
            Self::Acknowledged => "acknowledged",
            Self::ReturnedUnacknowledged => "returned, unacknowledged",
            Self::LatchedUnacknowledged => "latched, unacknowledged",
            Self::Latched => "latched",
            Self::Shelved => "shelved",
            Self::SuppressedByDesign => "suppressed by design",
            Self::OutOfService => "out of service",
        }
    }

    /// Its letter in the standard's state diagram.
    pub fn letter(self) -> char {
        char::from(b'A' + self as u8)
    }

    /// Its condition holds, and it is not hidden.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Unacknowledged | Self::Acknowledged)
    }

    /// It waits for a person to see it.
    pub fn wants_acknowledgement(self) -> bool {
        matches!(self, Self::Unacknowledged | Self::ReturnedUnacknowledged | Self::LatchedUnacknowledged)
    }

    /// It stands in the list: it holds, or waits for a person.
    pub fn is_standing(self) -> bool {
        !self.is_hidden() && self != Self::Normal
    }

    /// It says nothing, whatever its condition does.
    pub fn is_hidden(self) -> bool {
        matches!(self, Self::Shelved | Self::SuppressedByDesign | Self::OutOfService)
    }
}

impl Truth {
    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Normal => "normal",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

impl Life {
    /// One that has not been looked at.
    pub fn new(latches: bool) -> Self {
        Self { latches, ..Self::default() }
    }

    /// The same, latching as another does: the site was edited.
    pub(super) fn latching(self, other: Self) -> Self {
        Self { latches: other.latches, ..self }
    }

    /// Where it stands: what hides it comes first, and of that what a person must undo.
    pub fn state(self) -> AlarmState {
        match self {
            Self { out: true, .. } => AlarmState::OutOfService,
            Self { shelved: true, .. } => AlarmState::Shelved,
            Self { suppressed: true, .. } => AlarmState::SuppressedByDesign,
            Self { under, .. } => under,
        }
    }

    /// It held when it was last known, delays included. One that cannot be known any more goes on.
    pub fn is_active(self) -> bool {
        self.active
    }

    /// Takes a step. Returns what came of it, in its order: to unshelve one that holds raises it as well. A step that
    /// changes nothing has no outcome; one that a person may not take is refused and changes nothing.
    pub fn step(&mut self, step: Step) -> Result<Vec<What>, Refusal> {
        match step {
            Step::On => Ok(self.condition(Truth::Active)),
            Step::Off => Ok(self.condition(Truth::Normal)),
            Step::Unknown => Ok(self.condition(Truth::Unknown)),
            Step::Acknowledge => self.acknowledge().map(|it| vec![it]),
            Step::Reset => self.reset().map(|it| vec![it]),
            Step::Shelve if self.out => Err(Refusal::OutOfService),
            Step::Shelve => {
                self.shelved = true;
                Ok(vec![What::Shelved])
            }
            Step::Unshelve if !self.shelved => Err(Refusal::NotShelved),
            Step::Unshelve => {
                self.shelved = false;
                Ok(self.come_back(What::Unshelved))
            }
            Step::Suppress if self.suppressed => Ok(Vec::new()),
            Step::Suppress => {
                self.suppressed = true;
                Ok(vec![What::Suppressed])
            }
            Step::Unsuppress if !self.suppressed => Ok(Vec::new()),
            Step::Unsuppress => {
                self.suppressed = false;
                Ok(self.come_back(What::Unsuppressed))
            }
            Step::TakeOut if self.out => Err(Refusal::AlreadyOut),
            Step::TakeOut => {
                self.out = true;
                // Nobody waits for the end of a span in which it would say nothing anyway.
                self.shelved = false;
                Ok(vec![What::TakenOut])
            }
            Step::PutBack if !self.out => Err(Refusal::InService),
            Step::PutBack => {
                self.out = false;
                Ok(self.come_back(What::PutBack))
            }
        }
    }

    fn condition(&mut self, truth: Truth) -> Vec<What> {
        let was_unknown = std::mem::replace(&mut self.truth, truth) == Truth::Unknown;
        let was_active = self.active;
        self.active = truth == Truth::Active || (truth == Truth::Unknown && was_active);
        let hidden = self.state().is_hidden();
        match (truth, was_active) {
            (Truth::Active, false) if !hidden => {
                self.under = AlarmState::Unacknowledged;
                vec![What::Raised]
            }
            (Truth::Active, true) if was_unknown && !hidden => vec![What::BecameKnown],
            (Truth::Normal, true) => self.end(hidden).into_iter().collect(),
            (Truth::Unknown, true) if !was_unknown && !hidden => vec![What::BecameUnknown],
            (Truth::Active | Truth::Normal | Truth::Unknown, _) => Vec::new(),
        }
    }

    /// Its condition is gone.
    fn end(&mut self, hidden: bool) -> Option<What> {
        let spoke = self.under.is_active();
        self.under = match self.under {
            AlarmState::Unacknowledged if self.latches => AlarmState::LatchedUnacknowledged,
            AlarmState::Acknowledged if self.latches => AlarmState::Latched,
            AlarmState::Unacknowledged if !hidden => AlarmState::ReturnedUnacknowledged,
            AlarmState::Unacknowledged | AlarmState::Acknowledged => AlarmState::Normal,
            stays @ (AlarmState::Normal
            | AlarmState::ReturnedUnacknowledged
            | AlarmState::LatchedUnacknowledged
            | AlarmState::Latched
            | AlarmState::Shelved
            | AlarmState::SuppressedByDesign
            | AlarmState::OutOfService) => stays,
        };
        (spoke && !hidden).then_some(What::Returned)
    }

    fn acknowledge(&mut self) -> Result<What, Refusal> {
        self.under = match self.state() {
            AlarmState::Unacknowledged => AlarmState::Acknowledged,
            AlarmState::ReturnedUnacknowledged => AlarmState::Normal,
            AlarmState::LatchedUnacknowledged => AlarmState::Latched,
            AlarmState::Acknowledged | AlarmState::Latched => return Err(Refusal::AlreadyAcknowledged),
            AlarmState::Normal => return Err(Refusal::NothingToAcknowledge),
            AlarmState::Shelved | AlarmState::SuppressedByDesign | AlarmState::OutOfService => {
                return Err(Refusal::Hidden);
            }
        };
        Ok(What::Acknowledged)
    }

    fn reset(&mut self) -> Result<What, Refusal> {
        match self.state() {
            AlarmState::Latched => {
                self.under = AlarmState::Normal;
                Ok(What::Reset)
            }
            AlarmState::LatchedUnacknowledged => Err(Refusal::AcknowledgeFirst),
            AlarmState::Unacknowledged | AlarmState::Acknowledged if self.latches => Err(Refusal::StillActive),
            AlarmState::Shelved | AlarmState::SuppressedByDesign | AlarmState::OutOfService => Err(Refusal::Hidden),
            AlarmState::Normal
            | AlarmState::Unacknowledged
            | AlarmState::Acknowledged
            | AlarmState::ReturnedUnacknowledged => Err(Refusal::NothingToReset),
        }
    }

    /// What hid it has ended. If nothing else does, and its condition holds, it is raised anew: who saw it before may not
    /// be who is here now. What was latched stays so.
    fn come_back(&mut self, what: What) -> Vec<What> {
        if self.state().is_hidden() {
            return vec![what];
        }
        if self.active {
            self.under = AlarmState::Unacknowledged;
            return vec![what, What::Raised];
        }
        if !matches!(self.under, AlarmState::Latched | AlarmState::LatchedUnacknowledged) {
            self.under = AlarmState::Normal;
        }
        vec![what]
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const STEPS: [Step; 11] = [
        Step::On,
        Step::Off,
        Step::Unknown,
        Step::Acknowledge,
        Step::Reset,
        Step::Shelve,
        Step::Unshelve,
        Step::Suppress,
        Step::Unsuppress,
        Step::TakeOut,
        Step::PutBack,
    ];

    /// Each state that can be reached, by the steps that lead there.
    fn ways(latches: bool) -> Vec<(Vec<Step>, Life)> {
        let mut found = vec![(Vec::new(), Life::new(latches))];
        let mut next = 0;
        while let Some((way, life)) = found.get(next).cloned() {
            next += 1;
            for step in STEPS {
                let mut after = life;
                if after.step(step).is_ok() && !found.iter().any(|it| it.1 == after) {
                    found.push(([way.as_slice(), &[step]].concat(), after));
                }
            }
        }
        found
    }

    #[test]
    fn every_state_answers_every_step_as_the_standard_has_it() {
        let mut table = String::new();
        for latches in [false, true] {
            writeln!(table, "{}\n", if latches { "latched" } else { "not latched" }).unwrap();
            let mut rows = Vec::new();
            for (_, life) in ways(latches) {
                let hidden = life.state().is_hidden();
                // What lies under what hides it matters where it is known; more than one cover is one row too many.
                let covers = u8::from(life.shelved) + u8::from(life.suppressed) + u8::from(life.out);
                if covers > 1 || (hidden && life.truth == Truth::Unknown) {
                    continue;
                }
                let state = life.state();
                let under = if hidden { format!(" over {}", life.under) } else { String::new() };
                let held = if life.active && life.truth == Truth::Unknown { ", held before" } else { "" };
                let mut row = format!("{} {state}{under} ({}{held})\n", state.letter(), life.truth.label());
                let mut refused = Vec::new();
                for step in STEPS {
                    let mut after = life;
                    match after.step(step) {
                        Ok(what) if after == life && what.is_empty() => (),
                        Ok(what) => {
                            let what: Vec<String> = what.iter().map(|it| format!("{it:?}")).collect();
                            let (state, truth) = (after.state(), after.truth.label());
                            let what = what.join(", ");
                            let line =
                                format!("    {:<12} {} {state} ({truth}) {what}", format!("{step:?}"), state.letter());
                            writeln!(row, "{}", line.trim_end()).unwrap();
                        }
                        Err(why) => {
                            assert_eq!(after, life, "what is refused changes nothing");
                            refused.push(format!("{step:?} ({why:?})"));
                        }
                    }
                }
                writeln!(row, "    no: {}", refused.join(", ")).unwrap();
                rows.push((state, row));
            }
            rows.sort_by_key(|it| it.0);
            table.extend(rows.into_iter().map(|it| it.1));
            table.push('\n');
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn unknown_is_not_normal_and_raises_nothing() {
        let mut life = Life::new(false);
        assert_eq!((life.state(), life.truth), (AlarmState::Normal, Truth::Unknown));
        assert_eq!(life.step(Step::Off), Ok(vec![]));
        assert_eq!(life.step(Step::Unknown), Ok(vec![]));
        assert_eq!((life.state(), life.truth), (AlarmState::Normal, Truth::Unknown));
        assert_eq!(life.step(Step::On), Ok(vec![What::Raised]));
        assert_eq!(life.step(Step::Unknown), Ok(vec![What::BecameUnknown]));
        assert_eq!((life.state(), life.truth), (AlarmState::Unacknowledged, Truth::Unknown));
        assert_eq!(life.step(Step::On), Ok(vec![What::BecameKnown]));
    }

    #[test]
    fn no_sequence_of_steps_hides_an_alarm_that_holds_and_that_nothing_hides() {
        for latches in [false, true] {
            for (way, life) in ways(latches) {
                let hidden = life.shelved || life.suppressed || life.out;
                assert!(hidden || !life.active || life.state().is_active(), "{way:?} {life:?}");
                assert!(!life.state().is_active() || life.active, "{way:?} {life:?}");
            }
        }
    }
}
