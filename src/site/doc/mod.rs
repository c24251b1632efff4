//! What a person writes: the shape of `site.ron`.
//!
//! Every struct refuses unknown fields, and `Option`s are written without `Some`. Any text may hold a template's
//! parameters as `{name}`. References are addresses: a twin is `pumping.p1`, a signal `pumping.p1/speed`; one that
//! begins with `.` is relative to the twin it is written in: `./speed` its own signal, `.motor/power` a child's; each
//! further dot goes one up (`../speed` its parent's, `..motor/power` a sibling's).

mod alarm;
mod authority;
mod body;
mod command;
mod inventory;
mod look;
mod physics;
mod signal;

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

pub use alarm::{AlarmDoc, AlarmWhenDoc, Consequence, ExpectDoc};
pub use authority::{Class, Role};
pub use body::{BodyDoc, OpeningDoc};
pub use command::{CommandDoc, ConfirmDoc, InterlockDoc, LimitsDoc, RefusedDoc, StopDoc, TakesDoc};
pub use inventory::{Crypto, InventoryDoc};
pub use look::{LookDoc, Meaning, RuleDoc, ShowDoc, WhenDoc};
pub use physics::{InputDoc, ParamDoc, PhysicsDoc};
pub use signal::{DeviceDoc, EnvelopeDoc, SensorDoc, SignalDoc, SigningDoc, ValueKind};

/// A whole site.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteDoc {
    /// The name on the screen.
    pub name: String,
    /// One or two sentences on what it is.
    #[serde(default)]
    pub about: String,
    /// Where it lies: the sun follows from it.
    pub place: PlaceDoc,
    /// The broker that the viewer connects to when the command line names none. Never with credentials.
    #[serde(default)]
    pub broker: Option<String>,
    /// The public key that must have signed the registry of keys (`keys.ron`): `ed25519:…`. Without one, whoever signed it first
    /// is believed from then on.
    #[serde(default)]
    pub authority: Option<String>,
    /// The broker may be reached in plain text even where it is not on this machine: whoever is on the way reads and
    /// changes everything. The screen says so as long as it lasts.
    #[serde(default)]
    pub allow_insecure: bool,
    /// Twins that are described once and used several times.
    #[serde(default, deserialize_with = "unique")]
    pub templates: BTreeMap<String, TemplateDoc>,
    /// The tree.
    pub twins: Vec<TwinDoc>,
    /// What runs from twin to twin: water, power, air.
    #[serde(default)]
    pub flows: Vec<FlowDoc>,
    /// Things to look at that are no twins: trees, houses, people.
    #[serde(default)]
    pub props: Vec<PropDoc>,
    /// Named cameras. The first is home.
    #[serde(default)]
    pub viewpoints: Vec<ViewpointDoc>,
    /// Addresses of the signals that the plots show at first, until a person chooses others.
    #[serde(default)]
    pub plots: Vec<String>,
    /// Seconds of plant time in a second of simulated field (1 = as in life): a day passes faster in a demo.
    #[serde(default = "one")]
    pub field_speed: f64,
    /// The folder with the advisories about its devices, beside `site.ron`. `None`: `advisories`, where it is there.
    #[serde(default)]
    pub advisories: Option<String>,
}

/// A place on Earth.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceDoc {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
    /// An IANA time zone, such as `Europe/Berlin`.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// Which way the scene's -Z points: degrees clockwise from north.
    #[serde(default)]
    pub heading: f64,
}

/// A twin that is described once.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateDoc {
    /// Its parameters with their defaults; one without default (`""`) must be given.
    #[serde(default, deserialize_with = "unique")]
    pub params: BTreeMap<String, String>,
    /// What it makes.
    pub twin: TwinDoc,
}

/// A kind of twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum Kind {
    /// A part: a bearing, a sensor.
    Component,
    /// A thing with a name plate: a pump, a room.
    Asset,
    /// Things that work together: a pump station.
    System,
    /// What is done: treating water. Has no body of its own.
    Process,
}

/// One twin. Either written out (`kind` and so on), or made from a template (`uses`).
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TwinDoc {
    /// Unique among its siblings: `a-z`, `0-9`, `_`. Its address is its parents' ids and its own, joined by dots.
    pub id: String,
    /// The name on the screen; the id where empty.
    pub name: String,
    /// What it is. Must be given, here or by the template.
    pub kind: Option<Kind>,
    /// For people: maker, type, what to know. Lines of the inspector's *About*.
    pub about: String,
    /// The template that describes it. Lists written here as well are added to the template's; of single things (name,
    /// about, kind, at, body, device) the one here wins; `physics` is merged, name by name.
    pub uses: Option<String>,
    /// Values of the template's parameters.
    #[serde(deserialize_with = "unique")]
    pub with: BTreeMap<String, String>,
    /// Where it stands, relative to its parent.
    pub at: AtDoc,
    /// What it looks like. `None`: it has no body, only children.
    pub body: Option<BodyDoc>,
    /// The device that speaks for it and for the twins below it.
    pub device: Option<DeviceDoc>,
    /// What is measured on it.
    pub signals: Vec<SignalDoc>,
    /// What can be asked of it.
    pub commands: Vec<CommandDoc>,
    /// Its emergency stop: what is sent, all at once. It always goes through, so it must lead towards safety.
    pub emergency_stop: Vec<StopDoc>,
    /// When it wants a person.
    pub alarms: Vec<AlarmDoc>,
    /// What must be true of it at all times.
    pub expects: Vec<ExpectDoc>,
    /// How its values show in 3D.
    pub looks: Vec<LookDoc>,
    /// How it behaves.
    pub physics: Option<PhysicsDoc>,
    /// Its parts.
    pub twins: Vec<Self>,
    /// Twins elsewhere in the tree that it is about (a process names the assets that do it).
    pub involves: Vec<String>,
}

/// A position in metres (X east, Y up, Z south, before `heading`) and a turn.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AtDoc {
    /// Metres from the parent's origin.
    pub pos: (f32, f32, f32),
    /// Degrees about Y, counter-clockwise from above.
    pub yaw: f32,
    /// 1 = real size.
    pub scale: f32,
}

/// One thing that flows between twins.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowDoc {
    /// From this twin.
    pub from: String,
    /// To this one.
    pub to: String,
    /// What: water, power, air, chlorine.
    pub medium: String,
    /// The twin whose body is the way (a pipe). `None`: only a relation.
    #[serde(default)]
    pub along: Option<String>,
}

/// Things that are no twins.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropDoc {
    /// What it looks like.
    pub body: BodyDoc,
    /// Where: one for each copy.
    pub at: Vec<AtDoc>,
}

/// A named camera.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewpointDoc {
    /// Unique; `--camera` takes it.
    pub id: String,
    /// The name on the screen.
    #[serde(default)]
    pub name: String,
    /// Where the eye is, metres.
    pub eye: (f32, f32, f32),
    /// What it looks at, metres.
    pub target: (f32, f32, f32),
}

impl Default for AtDoc {
    fn default() -> Self {
        Self { pos: (0.0, 0.0, 0.0), yaw: 0.0, scale: 1.0 }
    }
}

fn one() -> f64 {
    1.0
}

fn utc() -> String {
    "UTC".to_owned()
}

/// Reads a map and refuses a key that is given twice, of which serde would keep the last in silence.
pub(super) fn unique<'de, D, V>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Unique<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for Unique<V> {
        type Value = BTreeMap<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map { \"name\": … }")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some(key) = entries.next_key::<String>()? {
                if map.contains_key(&key) {
                    return Err(A::Error::custom(format!("{key:?} is given twice")));
                }
                let value = entries.next_value()?;
                map.insert(key, value);
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(Unique(PhantomData))
}
