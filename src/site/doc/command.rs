//! What can be asked of a twin.

use serde::Deserialize;

use super::authority::{Class, Role};

/// Something that can be asked of a twin.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandDoc {
    /// Unique on its twin.
    pub id: String,
    /// The name on the screen.
    pub name: String,
    /// The MQTT topic it is sent to.
    pub topic: String,
    /// Where the value goes in a JSON payload (JSON Pointer). `None`: the payload is the bare value.
    #[serde(default)]
    pub path: Option<String>,
    /// What value it takes.
    pub takes: TakesDoc,
    /// The signal of which the value is the set point: *reported* stands beside *desired*.
    pub reports: String,
    /// When telemetry confirms it.
    pub confirm: ConfirmDoc,
    /// How far it may reach. A value outside of `normal` counts as C2 at least.
    #[serde(default)]
    pub class: Class,
    /// The band of values that are normal. `None`: all that it takes.
    #[serde(default)]
    pub normal: Option<(f64, f64)>,
    /// Who may send it, where that is fewer than its class allows. Empty: all whom the class allows.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// The safe envelope in time: steps, pauses, starts.
    #[serde(default)]
    pub limits: LimitsDoc,
    /// What must hold before it is sent; what cannot be known blocks.
    #[serde(default)]
    pub interlocks: Vec<InterlockDoc>,
    /// Other commands that must not be under way at the same time: `./run`, `pumping.p2/run`.
    #[serde(default)]
    pub excludes: Vec<String>,
    /// The physics input that the simulated device sets: `./speed_set`, `.motor/run`.
    #[serde(default)]
    pub drives: Option<String>,
    /// The simulated device refuses it while this output is not zero (an interlock of its own), and says why.
    #[serde(default)]
    pub refused_while: Option<RefusedDoc>,
}

/// The safe envelope of a command in time. `None`: no such limit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsDoc {
    /// The largest step away from what is reported, in the unit of the value.
    pub step: Option<f64>,
    /// The largest sum of all steps, whichever their direction, within so many seconds: (sum, seconds).
    pub sum: Option<(f64, f64)>,
    /// Seconds that must pass between two commands.
    pub dwell: Option<f64>,
    /// How often it may be switched on within an hour.
    pub starts_per_hour: Option<u32>,
}

/// One condition that must hold before a command is sent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterlockDoc {
    /// CEL over signals: `signal("distribution.tower/level") < 3.9`. `desired` is the value asked for.
    pub holds: String,
    /// For a person, where it does not hold: `the tower would run over`.
    pub says: String,
    /// It is looked at for this value alone: `true` for a switch that is switched on. `None`: for every value.
    #[serde(default)]
    pub only: Option<bool>,
}

/// One part of an emergency stop.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopDoc {
    /// The command: `.p1/run`.
    pub command: String,
    /// The safe value: 0 is off.
    pub value: f64,
}

/// Why a simulated device says no.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedDoc {
    /// The physics output: refused while it is above 0.5.
    pub output: String,
    /// What the device answers.
    pub reason: String,
}

/// What a command takes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum TakesDoc {
    /// On or off, with the words on the buttons.
    Switch {
        /// For on, such as *Start*.
        on: String,
        /// For off, such as *Stop*.
        off: String,
    },
    /// A number in the unit of the signal that reports it.
    Number {
        /// Least.
        min: f64,
        /// Most.
        max: f64,
        /// Of the slider.
        step: f64,
    },
}

/// What confirms a command.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmDoc {
    /// The signal to watch. `None`: the one that reports.
    #[serde(default)]
    pub signal: Option<String>,
    /// Confirmed within this distance of the value asked for, in the signal's unit.
    #[serde(default)]
    pub within: f64,
    /// Or, for a switch whose effect is a quantity: on means above this, off means at or below it.
    #[serde(default)]
    pub threshold: Option<f64>,
    /// Or a CEL condition over signals, all of them measured after the command: `math.abs(signal("./speed") - desired) < 20`.
    #[serde(default)]
    pub when: Option<String>,
    /// Seconds until it is *unknown* whether it happened.
    pub secs: f64,
}
