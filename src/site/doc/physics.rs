//! How a twin behaves.

use std::collections::BTreeMap;

use serde::Deserialize;

/// How a twin behaves: one block of equations, stepped together with the others.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhysicsDoc {
    /// DiffSL, without the `in_i` tensor, which is made from `inputs` and `params`, and without `out_i`, which is made
    /// from `outputs`: states `u_i`, their rates `F_i`, and helpers. Time is in seconds. Empty only
    /// where a template gives them.
    #[serde(default)]
    pub equations: String,
    /// Constants with units: what the twin believes.
    #[serde(default, deserialize_with = "super::unique")]
    pub params: BTreeMap<String, ParamDoc>,
    /// What comes from outside.
    #[serde(default, deserialize_with = "super::unique")]
    pub inputs: BTreeMap<String, InputDoc>,
    /// Names of the equations' tensors or states (scalars) that others may read, and their units.
    #[serde(default, deserialize_with = "super::unique")]
    pub outputs: BTreeMap<String, String>,
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParamDoc {
    /// What the twin believes.
    pub value: f64,
    /// Its unit.
    #[serde(default)]
    pub unit: String,
    /// What is true in the simulated field. `None`: the same.
    #[serde(default)]
    pub truly: Option<f64>,
}

/// Where an input comes from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum InputDoc {
    /// Another block's output, `twin/output`.
    From(String),
    /// The sum of other blocks' outputs.
    Sum(Vec<String>),
    /// Set by commands; this value at the start.
    Set(f64),
    /// The time of day at the site, in hours, 0 to 24.
    HourOfDay,
    /// A curve over the day: (hour, value), linear between, closed at midnight.
    Daily(Vec<(f64, f64)>),
}
