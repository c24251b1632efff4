//! Devices, what they measure, and how the simulated ones do.

use serde::Deserialize;

use super::inventory::InventoryDoc;

/// A device: one MQTT client of its own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceDoc {
    /// Its MQTT client id.
    pub id: String,
    /// Topic of `online` / `offline` (retained; the last will says `offline`).
    #[serde(default)]
    pub status: Option<String>,
    /// Seconds between two publishes of a topic.
    #[serde(default = "one")]
    pub period: f64,
    /// Whether what it says must be signed, and by whom.
    #[serde(default)]
    pub signing: SigningDoc,
    /// Whose keys in the registry may sign for it. Empty: its own, by its id; of a vouched one, its gateway's.
    #[serde(default)]
    pub keys: Vec<String>,
    /// How the simulated device carries its signatures.
    #[serde(default)]
    pub envelope: EnvelopeDoc,
    /// Who made it, what runs on it, until when it gets updates. `None`: nobody has written it down.
    #[serde(default)]
    pub inventory: Option<InventoryDoc>,
}

impl DeviceDoc {
    /// Whose keys in the registry may sign what it says.
    pub fn signers(&self) -> Vec<String> {
        match (&self.signing, self.keys.is_empty()) {
            (SigningDoc::Vouched(gateway), true) => vec![gateway.clone()],
            (SigningDoc::None | SigningDoc::Required, true) => vec![self.id.clone()],
            (_, false) => self.keys.clone(),
        }
    }
}

/// Whether what a device says must be signed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub enum SigningDoc {
    /// It cannot sign: what it says is *unsigned*, and nobody vouches for it.
    #[default]
    None,
    /// It signs: what bears no good signature is refused.
    Required,
    /// It cannot sign, and this gateway signs what it heard of it: what bears no good signature of the gateway is refused.
    Vouched(String),
}

/// How signatures travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum EnvelopeDoc {
    /// Beside the payload, which stays as it is, in a user property of MQTT 5.
    #[default]
    Beside,
    /// The payload is the envelope, and holds the values in CBOR.
    Within,
}

/// One measured quantity.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalDoc {
    /// Unique on its twin.
    pub id: String,
    /// The name on the screen; the id where empty.
    #[serde(default)]
    pub name: String,
    /// The MQTT topic it arrives on. No wildcards.
    pub topic: String,
    /// JSON Pointer (RFC 6901) into the payload. `None`: the payload is the bare value.
    #[serde(default)]
    pub path: Option<String>,
    /// JSON Pointer to the device's time. `None`: the time of arrival counts.
    #[serde(default)]
    pub time: Option<String>,
    /// What kind of value.
    #[serde(default)]
    pub is: ValueKind,
    /// Unit of the value; see `pollux check --units`.
    #[serde(default)]
    pub unit: String,
    /// What can be: outside of it the reading is bad.
    #[serde(default)]
    pub range: Option<(f64, f64)>,
    /// Seconds between two samples, as expected: after three of them the reading is stale. `None`: the device's period.
    #[serde(default)]
    pub period: Option<f64>,
    /// Digits after the point on the screen. `None`: three significant digits.
    #[serde(default)]
    pub decimals: Option<u8>,
    /// How the simulated field measures it. `None`: the field does not send it.
    #[serde(default)]
    pub field: Option<SensorDoc>,
}

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Deserialize)]
pub enum ValueKind {
    /// A quantity.
    #[default]
    Number,
    /// On or off (JSON true/false, 1/0, "on"/"off").
    Flag,
    /// A state's name.
    Text,
}

/// A simulated sensor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensorDoc {
    /// The output of some physics that it measures: `./speed` of this twin's own block, `pumping.p1/flow` of another's.
    pub of: String,
    /// Standard deviation of its noise, in the signal's unit.
    #[serde(default)]
    pub noise: f64,
    /// Smallest step that it tells, in the signal's unit. 0: continuous.
    #[serde(default)]
    pub step: f64,
    /// Drift, in the signal's unit per hour.
    #[serde(default)]
    pub drift: f64,
    /// For a flag: on above this value. For a text: see `names`.
    #[serde(default = "half")]
    pub on_above: f64,
    /// For a text: the name for 0, 1, 2, …
    #[serde(default)]
    pub names: Vec<String>,
}

fn one() -> f64 {
    1.0
}

fn half() -> f64 {
    0.5
}
