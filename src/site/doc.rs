//! What a person writes: the shape of `site.ron`.
//!
//! Every struct refuses unknown fields, and `Option`s are written without `Some`. Any text may hold a template's
//! parameters as `{name}`. References are addresses: a twin is `pumping.p1`, a signal `pumping.p1/speed`; one that
//! begins with `.` is relative to the twin it is written in (`./speed` its own signal, `.motor/power` a child's).

use std::collections::BTreeMap;

use serde::Deserialize;

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
    /// Twins that are described once and used several times.
    #[serde(default)]
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
    /// Seconds of plant time in a second of simulated field (1 = as in life): a day passes faster in a demo.
    #[serde(default = "one")]
    pub field_speed: f64,
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
    #[serde(default)]
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
    /// The template that describes it. What is written here as well is added, or (name, about, at, body) wins.
    pub uses: Option<String>,
    /// Values of the template's parameters.
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
    /// How its values show in 3D.
    pub looks: Vec<LookDoc>,
    /// How it behaves.
    pub physics: Option<PhysicsDoc>,
    /// Its parts.
    pub twins: Vec<TwinDoc>,
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

/// What a twin looks like. All lengths in metres, relative to the twin.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum BodyDoc {
    /// A glTF file under `assets/models/` (or beside the site).
    Model(String),
    /// A pipe along points, with rounded bends.
    Pipe {
        /// Centre line, at least two points.
        path: Vec<(f32, f32, f32)>,
        /// Outer diameter.
        diameter: f32,
    },
    /// A building's room: floor, walls from the floor plan, openings. Roof and near walls fade when it is looked at.
    Room {
        /// Corners (x, z), counter-clockwise seen from above, not closed.
        plan: Vec<(f32, f32)>,
        /// Clear height.
        height: f32,
        /// Doors and windows.
        #[serde(default)]
        openings: Vec<OpeningDoc>,
    },
    /// A building's shell: outer walls and a flat roof around its rooms.
    Shell {
        /// Corners (x, z), counter-clockwise seen from above, not closed.
        plan: Vec<(f32, f32)>,
        /// Height from floor to roof.
        height: f32,
        /// Doors and windows; `wall` counts the plan's edges.
        #[serde(default)]
        openings: Vec<OpeningDoc>,
    },
    /// A plain slab: a yard, a foundation, a road. Its top is at y = 0 of the twin.
    Slab {
        /// Extent (x, z), centred.
        size: (f32, f32),
        /// Downwards.
        thickness: f32,
    },
    /// An open basin with water in it.
    Basin {
        /// Inner extent (x, z), centred.
        size: (f32, f32),
        /// From the rim (y = 0 of the twin is the rim) down.
        depth: f32,
        /// Of the wall.
        wall: f32,
    },
}

/// A door or a window in a wall.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpeningDoc {
    /// Which edge of the plan, from 0: edge `n` runs from corner `n` to the next one.
    pub wall: usize,
    /// Metres from the edge's first corner to the opening's middle.
    pub along: f32,
    /// Width.
    pub width: f32,
    /// Height of the opening.
    pub height: f32,
    /// Height of its lower edge over the floor: 0 for a door.
    #[serde(default)]
    pub sill: f32,
}

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

/// How a twin behaves: one block of equations, stepped together with the others.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhysicsDoc {
    /// DiffSL, without the `in_i` tensor, which is made from `inputs` and `params`, and without `out_i`, which is made
    /// from `outputs`: states `u_i`, their rates `F_i`, and helpers. Time is in seconds.
    pub equations: String,
    /// Constants with units: what the twin believes.
    #[serde(default)]
    pub params: BTreeMap<String, ParamDoc>,
    /// What comes from outside.
    #[serde(default)]
    pub inputs: BTreeMap<String, InputDoc>,
    /// Names of the equations' tensors or states (scalars) that others may read, and their units.
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

fn half() -> f64 {
    0.5
}

fn utc() -> String {
    "UTC".to_owned()
}
