//! How values show in 3D.

use serde::Deserialize;

/// How a value shows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookDoc {
    /// Which part of the model (a named node). `None`: all of it.
    #[serde(default)]
    pub part: Option<String>,
    /// The signal that drives it.
    pub signal: String,
    /// What it drives.
    pub show: ShowDoc,
}

/// What a value does in 3D.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ShowDoc {
    /// Colour along a scale, from cool to warm, readable by the colour-blind.
    Scale {
        /// The value at the scale's cool end.
        from: f64,
        /// The value at its warm end.
        to: f64,
    },
    /// The first rule that holds decides. The last one must be `Always`.
    Rules(Vec<RuleDoc>),
    /// Turns about the part's local X axis.
    Turn {
        /// Turns a minute for each unit of the value.
        rpm_per_unit: f64,
    },
    /// Moves along a way, from none at `from` to all of it at `to`.
    Move {
        /// Metres.
        by: (f32, f32, f32),
        /// The value at rest.
        from: f64,
        /// The value at the end.
        to: f64,
    },
    /// A liquid's surface: the part is scaled in Y to the level.
    Level {
        /// Metres of level for each unit of the value.
        metres_per_unit: f64,
    },
    /// Arrows along the pipe at the flow's speed.
    Flow {
        /// Metres a second along the pipe for each unit of the value.
        speed_per_unit: f64,
    },
    /// Shines, from not at `from` to fully at `to`.
    Glow {
        /// Dark.
        from: f64,
        /// Bright.
        to: f64,
    },
    /// The value as a label at the twin.
    Text,
}

/// One rule of a look.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDoc {
    /// The condition.
    pub when: WhenDoc,
    /// The state that it means; its colour is the theme's.
    pub means: Meaning,
    /// A word for the badge.
    #[serde(default)]
    pub text: Option<String>,
}

/// A condition on a value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum WhenDoc {
    /// Above this.
    Above(f64),
    /// Below this.
    Below(f64),
    /// From the first up to the second.
    Between(f64, f64),
    /// A flag that is on.
    On,
    /// A flag that is off.
    Off,
    /// A text that equals this.
    Is(String),
    /// In any case.
    Always,
}

/// A state that a colour stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum Meaning {
    /// Nothing to say: grey.
    Normal,
    /// At work (quiet accent).
    Active,
    /// Off on purpose.
    Off,
    /// Wants attention.
    Warning,
    /// Wants it now.
    Alarm,
}
