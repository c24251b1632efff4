//! A site as the program uses it: templates unfolded, references resolved, ids dense.

use std::collections::{BTreeSet, HashMap};
use std::iter::successors;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::condition::Condition;
use super::doc::{AtDoc, BodyDoc, DeviceDoc, Kind, PhysicsDoc, PlaceDoc, PropDoc, SensorDoc, ShowDoc, TakesDoc};
use super::doc::{Class, Consequence, LimitsDoc, RefusedDoc, Role, SigningDoc, ValueKind, ViewpointDoc};
use super::source::Source;
use crate::signal::{SignalId, Unit};

/// A twin's number: kept for the same address when the site is reloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TwinId(pub u32);

/// A command's number: kept for the same address when the site is reloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub u32);

/// An alarm's number: kept for the same address when the site is reloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlarmId(pub u32);

impl TwinId {
    /// The number, to index columns with.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A loaded site. Immutable: an edit makes a new one, with the same ids for the same addresses.
#[derive(Debug, Clone)]
pub struct Site {
    /// The name on the screen.
    pub name: String,
    /// One or two sentences on what it is.
    pub about: String,
    /// Where it lies.
    pub place: PlaceDoc,
    /// The broker to connect to when the command line names none.
    pub broker: Option<String>,
    /// The public key that must have signed the registry of keys, as text.
    pub authority: Option<String>,
    /// Plain text may leave this machine.
    pub allow_insecure: bool,
    /// The folder of `site.ron`.
    pub folder: PathBuf,
    /// Parents before children, siblings in the order of the file.
    pub twins: Vec<Twin>,
    /// In the order of their twins.
    pub signals: Vec<Signal>,
    /// In the order of their twins.
    pub commands: Vec<Command>,
    /// In the order of their twins.
    pub alarms: Vec<Alarm>,
    /// What must be true at all times, in the order of the twins.
    pub expectations: Vec<Expectation>,
    /// What runs from twin to twin.
    pub flows: Vec<Flow>,
    /// Things that are no twins.
    pub props: Vec<PropDoc>,
    /// Named cameras. The first is home.
    pub viewpoints: Vec<ViewpointDoc>,
    /// What the plots show at first.
    pub plots: Vec<SignalId>,
    /// Seconds of plant time in a second of simulated field.
    pub field_speed: f64,
    /// The folder with the advisories about its devices. `None`: there is none.
    pub advisories: Option<PathBuf>,
    /// One more than the largest signal id ever given, retired ones included: the size of a column table.
    pub signal_capacity: usize,
    /// One more than the largest twin id ever given.
    pub twin_capacity: usize,
    pub(crate) index: Index,
    pub(crate) source: Arc<Source>,
}

/// Where in the lists things stand: a site may have 100,000 twins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// Positions by number.
    twins: HashMap<TwinId, usize>,
    signals: HashMap<SignalId, usize>,
    commands: HashMap<CommandId, usize>,
    /// Positions by address.
    twins_at: HashMap<Arc<str>, usize>,
    signals_at: HashMap<Arc<str>, usize>,
    /// A twin's own stand together.
    signals_of: HashMap<TwinId, Range<usize>>,
    commands_of: HashMap<TwinId, Range<usize>>,
    children_of: HashMap<Option<TwinId>, Vec<usize>>,
}

impl Index {
    /// Of lists in which a twin's signals, and its commands, stand together.
    pub(crate) fn new(twins: &[Twin], signals: &[Signal], commands: &[Command]) -> Self {
        let mut index = Self::default();
        for (at, twin) in twins.iter().enumerate() {
            index.twins.insert(twin.id, at);
            index.twins_at.insert(Arc::clone(&twin.address), at);
            index.children_of.entry(twin.parent).or_default().push(at);
        }
        for (at, signal) in signals.iter().enumerate() {
            index.signals.insert(signal.id, at);
            index.signals_at.insert(Arc::clone(&signal.address), at);
            index.signals_of.entry(signal.twin).or_insert(at..at).end = at + 1;
        }
        for (at, command) in commands.iter().enumerate() {
            index.commands.insert(command.id, at);
            index.commands_of.entry(command.twin).or_insert(at..at).end = at + 1;
        }
        index
    }
}

/// One twin.
#[derive(Debug, Clone)]
pub struct Twin {
    /// Its number.
    pub id: TwinId,
    /// `pumping.p1.motor`.
    pub address: Arc<str>,
    /// The name on the screen.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// For people; may be empty.
    pub about: String,
    /// `None` at the top.
    pub parent: Option<TwinId>,
    /// Where it stands, relative to its parent.
    pub at: AtDoc,
    /// What it looks like.
    pub body: Option<BodyDoc>,
    /// The device that speaks for it, where it has one of its own.
    pub device: Option<DeviceDoc>,
    /// How its values show.
    pub looks: Vec<Look>,
    /// How it behaves.
    pub physics: Option<PhysicsDoc>,
    /// Twins elsewhere that it is about.
    pub involves: Vec<TwinId>,
    /// Its emergency stop, all sent at once. Empty: it has none.
    pub emergency_stop: Vec<Stop>,
}

/// One part of an emergency stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    /// Which command.
    pub command: CommandId,
    /// The safe value; 0 switches off.
    pub value: f64,
}

/// One signal.
#[derive(Debug, Clone)]
pub struct Signal {
    /// Its number.
    pub id: SignalId,
    /// `pumping.p1/speed`.
    pub address: Arc<str>,
    /// Its own id: `speed`.
    pub key: String,
    /// The name on the screen.
    pub name: String,
    /// On which twin.
    pub twin: TwinId,
    /// The MQTT topic.
    pub topic: String,
    /// JSON Pointer to the value. `None`: a bare value.
    pub path: Option<String>,
    /// JSON Pointer to the device's time.
    pub time: Option<String>,
    /// What kind of value.
    pub is: ValueKind,
    /// Unit of the value.
    pub unit: Unit,
    /// What can be.
    pub range: Option<(f64, f64)>,
    /// Expected seconds between two samples.
    pub period: f64,
    /// Digits after the point. `None`: three significant digits.
    pub decimals: Option<u8>,
    /// How the simulated field measures it.
    pub field: Option<SensorDoc>,
}

/// One command.
#[derive(Debug, Clone)]
pub struct Command {
    /// Its number.
    pub id: CommandId,
    /// `pumping.p1/start`.
    pub address: Arc<str>,
    /// The name on the screen.
    pub name: String,
    /// On which twin.
    pub twin: TwinId,
    /// The MQTT topic it is sent to.
    pub topic: String,
    /// Where the value goes in a JSON payload. `None`: a bare value.
    pub path: Option<String>,
    /// What value it takes.
    pub takes: TakesDoc,
    /// The signal that reports the set point or state.
    pub reports: SignalId,
    /// What confirms it.
    pub confirm: Confirm,
    /// Address of the physics input that it sets in the simulated field, `twin/input`, absolute.
    pub drives: Option<String>,
    /// When the simulated device says no; the output's address is absolute.
    pub refused_while: Option<RefusedDoc>,
    /// How far it may reach within its normal band.
    pub class: Class,
    /// The band of values that are normal. `None`: all that it takes.
    pub normal: Option<(f64, f64)>,
    /// Who may send it, where that is fewer than its class allows. Empty: all whom the class allows.
    pub roles: Vec<Role>,
    /// The safe envelope in time.
    pub limits: LimitsDoc,
    /// What must hold before it is sent.
    pub interlocks: Vec<Interlock>,
    /// Commands that must not be under way at the same time.
    pub excludes: Vec<CommandId>,
}

/// One condition that must hold before a command is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Interlock {
    /// What must hold.
    pub holds: Condition,
    /// For a person, where it does not.
    pub says: String,
    /// It is looked at for this value of a switch alone. `None`: for every value.
    pub only: Option<bool>,
}

impl Command {
    /// The class of a command with a value: outside of the normal band it is C2 at least.
    pub fn class_of(&self, value: f64) -> Class {
        let outside = self.normal.is_some_and(|(low, high)| !(low..=high).contains(&value));
        if outside { self.class.max(Class::C2) } else { self.class }
    }
}

/// One alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Its number.
    pub id: AlarmId,
    /// `distribution.tower/level_high`.
    pub address: Arc<str>,
    /// The name on the screen.
    pub name: String,
    /// On which twin.
    pub twin: TwinId,
    /// What raises it.
    pub when: AlarmWhen,
    /// Seconds that the condition must hold before it is raised.
    pub on_delay: f64,
    /// Seconds that it must be gone before it returns.
    pub off_delay: f64,
    /// What happens if nobody acts.
    pub consequence: Consequence,
    /// Minutes in which a person can still act.
    pub respond_within: f64,
    /// What the person should do; may be empty.
    pub response: String,
    /// It stays until a person resets it.
    pub latched: bool,
    /// Suppressed by design while this holds.
    pub suppressed_while: Option<Condition>,
}

/// What raises an alarm.
#[derive(Debug, Clone, PartialEq)]
pub enum AlarmWhen {
    /// Above a limit; gone below the limit less the deadband. In the signal's unit.
    Above {
        /// Which signal.
        signal: SignalId,
        /// The limit.
        limit: f64,
        /// The deadband.
        deadband: f64,
    },
    /// Below a limit; gone above the limit and the deadband. In the signal's unit.
    Below {
        /// Which signal.
        signal: SignalId,
        /// The limit.
        limit: f64,
        /// The deadband.
        deadband: f64,
    },
    /// Changes faster than this, up or down.
    Rate {
        /// Which signal.
        signal: SignalId,
        /// In the signal's unit, a second.
        above: f64,
        /// Seconds over which the change is taken.
        over: f64,
    },
    /// A limit is crossed from below so often within a span.
    Times {
        /// Which signal.
        signal: SignalId,
        /// The limit, in the signal's unit.
        above: f64,
        /// So often.
        times: u32,
        /// Within so many seconds.
        within: f64,
    },
    /// No good value came for longer than is expected.
    Stale {
        /// Which signal.
        signal: SignalId,
    },
    /// A text equals this, or a flag is `on` or `off`.
    Equals {
        /// Which signal.
        signal: SignalId,
        /// The text.
        text: String,
    },
    /// A condition holds.
    When(Condition),
}

impl AlarmWhen {
    /// All signals that it looks at.
    pub fn signals(&self) -> Vec<SignalId> {
        match self {
            Self::Above { signal, .. }
            | Self::Below { signal, .. }
            | Self::Rate { signal, .. }
            | Self::Times { signal, .. }
            | Self::Stale { signal }
            | Self::Equals { signal, .. } => vec![*signal],
            Self::When(condition) => condition.inputs.iter().map(|it| it.signal()).collect(),
        }
    }
}

/// What must be true of a twin at all times.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// `distribution.tower/falls_slowly`.
    pub address: Arc<str>,
    /// On which twin.
    pub twin: TwinId,
    /// For a person.
    pub says: String,
    /// What must hold.
    pub always: Condition,
    /// Seconds that it may be broken before it counts.
    pub for_longer_than: f64,
}

/// When telemetry confirms a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirm {
    /// The signal to watch.
    pub signal: SignalId,
    /// Confirmed within this distance of the value asked for, in the signal's unit.
    pub within: f64,
    /// For a switch: on means above this, off means at or below it.
    pub threshold: Option<f64>,
    /// Seconds until it is unknown.
    pub secs: f64,
    /// Instead of the above: a condition over signals, all of them measured after the command.
    pub when: Option<Condition>,
}

/// One look.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Which part of the model. `None`: all of it.
    pub part: Option<String>,
    /// The signal that drives it.
    pub signal: SignalId,
    /// What it drives.
    pub show: ShowDoc,
}

/// One flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// From this twin.
    pub from: TwinId,
    /// To this one.
    pub to: TwinId,
    /// What.
    pub medium: String,
    /// The twin whose body is the way.
    pub along: Option<TwinId>,
}

impl Site {
    /// Its name on topics of Pollux's own: that of its folder, without what MQTT gives a meaning to.
    pub fn topic_name(&self) -> String {
        let name = self.folder.file_name().map_or_else(|| "site".to_owned(), |it| it.to_string_lossy().into_owned());
        name.chars().map(|it| if matches!(it, '/' | '+' | '#' | '$' | '\0') { '_' } else { it }).collect()
    }

    /// A twin by number.
    pub fn twin(&self, id: TwinId) -> Option<&Twin> {
        self.twins.get(*self.index.twins.get(&id)?)
    }

    /// A twin by address.
    pub fn twin_at(&self, address: &str) -> Option<&Twin> {
        self.twins.get(*self.index.twins_at.get(address)?)
    }

    /// A signal by number.
    pub fn signal(&self, id: SignalId) -> Option<&Signal> {
        // Ids are dense and in order unless a reload has moved some.
        let guess = self.signals.get(id.index()).filter(|it| it.id == id);
        guess.or_else(|| self.signals.get(*self.index.signals.get(&id)?))
    }

    /// A signal by address.
    pub fn signal_at(&self, address: &str) -> Option<&Signal> {
        self.signals.get(*self.index.signals_at.get(address)?)
    }

    /// A command by number.
    pub fn command(&self, id: CommandId) -> Option<&Command> {
        self.commands.get(*self.index.commands.get(&id)?)
    }

    /// The signals measured on a twin itself.
    pub fn signals_of(&self, twin: TwinId) -> impl Iterator<Item = &Signal> {
        let range = self.index.signals_of.get(&twin).cloned().unwrap_or_default();
        self.signals.get(range).unwrap_or_default().iter()
    }

    /// The commands of a twin itself.
    pub fn commands_of(&self, twin: TwinId) -> impl Iterator<Item = &Command> {
        let range = self.index.commands_of.get(&twin).cloned().unwrap_or_default();
        self.commands.get(range).unwrap_or_default().iter()
    }

    /// An alarm by number.
    pub fn alarm(&self, id: AlarmId) -> Option<&Alarm> {
        let guess = self.alarms.get(id.0 as usize).filter(|it| it.id == id);
        guess.or_else(|| self.alarms.iter().find(|it| it.id == id))
    }

    /// An alarm by address.
    pub fn alarm_at(&self, address: &str) -> Option<&Alarm> {
        self.alarms.iter().find(|it| &*it.address == address)
    }

    /// A command by address.
    pub fn command_at(&self, address: &str) -> Option<&Command> {
        self.commands.iter().find(|it| &*it.address == address)
    }

    /// The twins right below one, or at the top.
    pub fn children_of(&self, parent: Option<TwinId>) -> impl Iterator<Item = &Twin> {
        self.index.children_of.get(&parent).into_iter().flatten().filter_map(|it| self.twins.get(*it))
    }

    /// The models that its twins and props look like, by the names that the file gives them; each once.
    pub fn model_names(&self) -> BTreeSet<String> {
        let bodies = self.twins.iter().filter_map(|it| it.body.as_ref()).chain(self.props.iter().map(|it| &it.body));
        bodies.filter_map(|it| if let BodyDoc::Model(name) = it { Some(name.clone()) } else { None }).collect()
    }

    /// A twin, its parent, and so on up to the root.
    pub fn lineage(&self, twin: TwinId) -> impl Iterator<Item = &Twin> {
        successors(self.twin(twin), |it| it.parent.and_then(|it| self.twin(it)))
    }

    /// Whether anything on it is signed.
    pub fn is_signed(&self) -> bool {
        self.twins.iter().filter_map(|it| it.device.as_ref()).any(|it| it.signing != SigningDoc::None)
    }

    /// Whether a signal is what a device's status topic says: the broker's word as much as the device's, which nobody signs.
    pub fn is_status(&self, signal: &Signal) -> bool {
        self.device_of(signal.twin).is_some_and(|it| it.1.status.as_deref() == Some(signal.topic.as_str()))
    }

    /// The device that speaks for a twin: its own, or its nearest ancestor's.
    pub fn device_of(&self, twin: TwinId) -> Option<(&Twin, &DeviceDoc)> {
        self.lineage(twin).find_map(|it| it.device.as_ref().map(|device| (it, device)))
    }
}
