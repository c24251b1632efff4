//! What can be asked of a twin.

use serde::Deserialize;

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
    /// The physics input that the simulated device sets: `./speed_set`, `.motor/run`.
    #[serde(default)]
    pub drives: Option<String>,
    /// The simulated device refuses it while this output is not zero (an interlock of its own), and says why.
    #[serde(default)]
    pub refused_while: Option<RefusedDoc>,
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
    /// Seconds until it is *unknown* whether it happened.
    pub secs: f64,
}
