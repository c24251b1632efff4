//! When a twin wants a person, and what must be true of it.

use serde::{Deserialize, Serialize};

/// One alarm of a twin, in the terms of ISA-18.2 (IEC 62682).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmDoc {
    /// Unique among the alarms of its twin.
    pub id: String,
    /// The name on the screen: `Level high`.
    pub name: String,
    /// What raises it.
    pub when: AlarmWhenDoc,
    /// Seconds that the condition must hold before it is raised.
    #[serde(default)]
    pub on_delay: f64,
    /// Seconds that it must be gone before it returns to normal.
    #[serde(default)]
    pub off_delay: f64,
    /// What happens if nobody acts. The priority follows from this and from `respond_within`.
    pub consequence: Consequence,
    /// Minutes in which a person can still act.
    pub respond_within: f64,
    /// What the person should do.
    #[serde(default)]
    pub response: String,
    /// It stays until a person resets it, even when the condition is gone.
    #[serde(default)]
    pub latched: bool,
    /// CEL: suppressed by design while this holds, such as a low flow while the pump is off.
    #[serde(default)]
    pub suppressed_while: Option<String>,
}

/// What raises an alarm.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum AlarmWhenDoc {
    /// Above a limit; gone only below the limit less the deadband.
    Above {
        /// Of this twin, or another's.
        signal: String,
        /// In the signal's unit.
        limit: f64,
        /// In the signal's unit; 0 chatters.
        #[serde(default)]
        deadband: f64,
    },
    /// Below a limit; gone only above the limit and the deadband.
    Below {
        /// Of this twin, or another's.
        signal: String,
        /// In the signal's unit.
        limit: f64,
        /// In the signal's unit; 0 chatters.
        #[serde(default)]
        deadband: f64,
    },
    /// Changes faster than this, up or down.
    Rate {
        /// Of this twin, or another's.
        signal: String,
        /// In the signal's unit, a second.
        above: f64,
        /// The change is taken over so many seconds.
        over: f64,
    },
    /// A limit is crossed so often within a span.
    Times {
        /// Of this twin, or another's.
        signal: String,
        /// Crossed from below, in the signal's unit.
        above: f64,
        /// So often.
        times: u32,
        /// Within so many seconds.
        within: f64,
    },
    /// No good value came for longer than is expected.
    Stale {
        /// Of this twin, or another's.
        signal: String,
    },
    /// A text equals this, or a flag is on (`"on"`) or off (`"off"`).
    Equals {
        /// Of this twin, or another's.
        signal: String,
        /// The text.
        text: String,
    },
    /// A condition in CEL.
    When(String),
}

/// What happens if nobody acts on an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Consequence {
    /// Little; within the unit.
    Minor,
    /// A product out of its limits, a loss of supply.
    Major,
    /// Harm to people, to the environment, or a machine destroyed.
    Severe,
}

/// What must be true of a twin at all times: a monitor live, a test on a recording.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectDoc {
    /// Unique among the expectations of its twin.
    pub id: String,
    /// For a person: `The tower never falls more than 2 %/min unless its valve is open`.
    pub says: String,
    /// CEL: `rate("./level", 60) > -0.0013 || signal("..valve/position") > 5`.
    pub always: String,
    /// Seconds that it may be broken before it counts.
    #[serde(default)]
    pub for_longer_than: f64,
}
