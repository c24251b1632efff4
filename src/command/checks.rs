//! What is looked at before a command is sent: the safe envelope, the interlocks, and who asks. Pure; the gate decides by it,
//! and the desktop rehearses with it.
//!
//! Every check is made and shown, whatever the others say. What cannot be known does not pass.

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use super::look::Look;
use crate::signal::{SignalId, Timestamp, Value, text};
use crate::site::doc::{Class, Role, TakesDoc};
use crate::site::{Command, CommandId, Held, Input, Interlock, Site, Twin};
use crate::trust::{Standing, may_send};
use crate::twin::{Reading, ReadingState, Standing as Believed};

/// Seconds in which starts are counted.
const HOUR_SECS: f64 = 3600.0;

/// One thing that was looked at, with what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at.
    pub what: What,
    /// What came of it.
    pub verdict: Verdict,
    /// What was seen, with units: `step of 400 rpm`.
    pub saw: String,
    /// What it must be: `at most 300 rpm`.
    pub limit: String,
    /// For a person, where it did not pass; of one that passed, a warning. Empty: what was seen and the limit say it all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
    /// Why a command is refused by it. `None`: it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is as it must be.
    Passed,
    /// It is not.
    Failed,
    /// It cannot be known, which blocks as well.
    Unknown,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The request can be read and its signature is a known person's.
    Signature,
    /// It came in its time.
    Time,
    /// It has not been heard before.
    Once,
    /// The site has the command.
    Command,
    /// The site has the twin.
    Twin,
    /// Whether a twin is isolated.
    Quarantine,
    /// The value is one that the command takes.
    Value,
    /// The person may ask for it.
    Authority,
    /// It is reserved for this person, where it must be, and for nobody else.
    Reservation,
    /// A second person has approved exactly this.
    Approval,
    /// The step away from what is reported.
    Step,
    /// The sum of the steps within a window.
    Sum,
    /// The pause since the last one.
    Dwell,
    /// How often it was switched on within an hour.
    Starts,
    /// Others that exclude it.
    Exclusion,
    /// Earlier ones of the same command.
    Execution,
    /// A condition of the site.
    Interlock,
    /// What the device says of itself may be believed to be its own.
    Standing,
    /// The device is there.
    Device,
    /// The gate can write down what it does.
    Audit,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who {
    /// As what.
    pub role: Role,
    /// How far the person has shown who it is.
    pub standing: Standing,
}

/// A command that was sent before.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Which.
    pub command: CommandId,
    /// The value asked for.
    pub value: Value,
    /// When.
    pub sent: Timestamp,
    /// How far the value lay from what was reported then, in its unit. 0 for a switch.
    pub step: f64,
    /// The device may still be about it.
    pub under_way: bool,
}

impl What {
    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Time => "time",
            Self::Once => "heard once",
            Self::Command => "known command",
            Self::Twin => "known twin",
            Self::Quarantine => "quarantine",
            Self::Value => "value",
            Self::Authority => "authority",
            Self::Reservation => "reservation",
            Self::Approval => "approval",
            Self::Step => "largest step",
            Self::Sum => "sum of steps",
            Self::Dwell => "pause",
            Self::Starts => "starts per hour",
            Self::Exclusion => "exclusion",
            Self::Execution => "one at a time",
            Self::Interlock => "interlock",
            Self::Standing => "standing",
            Self::Device => "device",
            Self::Audit => "audit",
        }
    }

    /// Why a command is refused of which this did not pass.
    pub fn cause(self) -> Cause {
        match self {
            Self::Signature | Self::Authority | Self::Approval => Cause::NoAccessAuthority,
            Self::Time | Self::Dwell | Self::Starts => Cause::TimeLimitOver,
            Self::Once | Self::Execution => Cause::CommandAlreadyInExecution,
            Self::Command | Self::Twin => Cause::NotSupported,
            Self::Quarantine => Cause::InvalidPosition,
            Self::Value => Cause::InconsistentParameters,
            Self::Reservation => Cause::ObjectNotSelected,
            Self::Step | Self::Sum => Cause::StepLimit,
            Self::Exclusion => Cause::OneOfN,
            Self::Interlock => Cause::BlockedByInterlocking,
            Self::Standing => Cause::BlockedByMode,
            Self::Device => Cause::BlockedByProcess,
            Self::Audit => Cause::BlockedByHealth,
        }
    }
}

impl Check {
    /// A check with what was seen and what it must be.
    pub fn new(what: What, verdict: Verdict, saw: impl Into<String>, limit: impl Into<String>) -> Self {
        let cause = (verdict != Verdict::Passed).then(|| what.cause());
        Self { what, verdict, saw: saw.into(), limit: limit.into(), says: String::new(), cause }
    }

    /// One that passed.
    pub(super) fn good(what: What, saw: impl Into<String>, limit: impl Into<String>) -> Self {
        Self::new(what, Verdict::Passed, saw, limit)
    }

    /// One that failed.
    pub(super) fn bad(what: What, saw: impl Into<String>, limit: impl Into<String>) -> Self {
        Self::new(what, Verdict::Failed, saw, limit)
    }

    /// The same with a cause that says more.
    #[must_use]
    pub(super) fn because(self, cause: Cause) -> Self {
        Self { cause: self.cause.map(|_| cause), ..self }
    }

    /// The same with words for a person.
    #[must_use]
    pub fn saying(self, says: impl Into<String>) -> Self {
        Self { says: says.into(), ..self }
    }

    /// Whether it lets the command through.
    pub fn passed(&self) -> bool {
        self.verdict == Verdict::Passed
    }

    /// What a person should know although it lets the command through. `None`: nothing, or it does not.
    pub fn warning(&self) -> Option<&str> {
        (self.passed() && !self.says.is_empty()).then_some(&*self.says)
    }

    /// Why it does not, for a person.
    pub fn reason(&self) -> String {
        let Self { what, saw, limit, says, verdict, .. } = self;
        let facts = match verdict {
            Verdict::Unknown => format!("{}: cannot be known ({saw})", what.label()),
            Verdict::Passed | Verdict::Failed if limit.is_empty() => format!("{}: {saw}", what.label()),
            Verdict::Passed | Verdict::Failed => format!("{}: {saw}, must be {limit}", what.label()),
        };
        if says.is_empty() { facts } else { format!("{says} ({facts})") }
    }
}

/// The first of some checks that did not pass, as the cause and the words of a refusal. `None`: all passed.
pub fn first_no(checks: &[Check]) -> Option<(Cause, String)> {
    checks.iter().find_map(|it| Some((it.cause?, it.reason())))
}

/// All checks of a command with a value, as the plant is now. `who`: `None` is nobody. `past`: what was sent before, in any
/// order.
pub fn rehearse(
    site: &Site,
    command: &Command,
    value: &Value,
    who: Option<Who>,
    past: &[Past],
    look: &dyn Look,
) -> Vec<Check> {
    let asked = Asked { site, command, value, past, look };
    let mut checks = vec![asked.value(), authority(command, value, who)];
    let value_is_good = checks[0].passed();
    checks.extend(command.limits.step.map(|it| asked.step(it)));
    checks.extend(command.limits.sum.map(|it| asked.sum(it)));
    checks.extend(command.limits.dwell.map(|it| asked.dwell(it)));
    checks.extend(command.limits.starts_per_hour.and_then(|it| asked.starts(it)));
    checks.extend(asked.exclusion());
    checks.push(asked.execution());
    if value_is_good {
        checks.extend(command.interlocks.iter().filter(|it| it.is_for(value)).map(|it| asked.interlock(it)));
    }
    checks.push(standing_of_target(site, command, look));
    checks.extend(asked.device());
    checks
}

/// Commands to a device are frozen while somebody else speaks in its name, and while a person has isolated it: the worst of
/// what it says of itself counts.
pub(super) fn standing_of_target(site: &Site, command: &Command, look: &dyn Look) -> Check {
    let target = site.device_of(command.twin);
    let is_its = |it: &&Twin| match target {
        Some((_, device)) => site.device_of(it.id).is_some_and(|its| its.1.id == device.id),
        None => it.id == command.twin,
    };
    let signals = site.twins.iter().filter(is_its).flat_map(|it| site.signals_of(it.id));
    let told = signals.filter(|it| !site.is_status(it));
    let worst = told.map(|it| (look.reading(it.id).standing, &*it.address)).max_by_key(|it| it.0);
    let limit = "no evil twin, and not isolated";
    let name = target.map_or("it", |it| it.1.id.as_str());
    let why = match worst {
        Some((Believed::EvilTwin, _)) => {
            format!("somebody else speaks in the name of {name}: commands to it are frozen")
        }
        Some((Believed::Quarantined, _)) => format!("{name} is isolated: commands to it are frozen"),
        Some((standing, _)) => return Check::good(What::Standing, standing.label(), limit),
        None => return Check::good(What::Standing, "it reports nothing", limit),
    };
    let saw = worst.map_or(String::new(), |it| format!("{}: {}", it.1, it.0.label()));
    Check::bad(What::Standing, saw, limit).saying(why)
}

/// How far a value lies from what is reported. `None`: what is reported cannot be believed.
pub(super) fn step_from(command: &Command, value: &Value, look: &dyn Look) -> Option<f64> {
    let Value::Number(wanted) = value else { return Some(0.0) };
    let reported = look.reading(command.reports);
    reported.number().filter(|_| look.relies_on(&reported, class_of(command, value))).map(|it| (wanted - it).abs())
}

impl Interlock {
    /// Whether it is looked at for a value.
    fn is_for(&self, value: &Value) -> bool {
        self.only.is_none_or(|only| value.as_flag() == Some(only))
    }
}

/// The first thing that a command with a value would rely on and that is isolated, as is told of each, by its address.
pub(super) fn isolated_input<'a>(
    site: &'a Site,
    command: &Command,
    value: &Value,
    is_isolated: impl Fn(SignalId) -> bool,
) -> Option<&'a str> {
    let interlocks = command.interlocks.iter().filter(|it| it.is_for(value)).flat_map(|it| it.holds.inputs.iter());
    let limited = command.limits.step.is_some() || command.limits.sum.is_some();
    let mut signals = interlocks.map(|it| it.signal()).chain(limited.then_some(command.reports));
    let isolated = signals.find(|it| is_isolated(*it))?;
    site.signal(isolated).map(|it| &*it.address)
}

/// The class that a command has with a value.
pub fn class_of(command: &Command, value: &Value) -> Class {
    value.as_number().map_or(command.class, |it| command.class_of(it))
}

fn authority(command: &Command, value: &Value, who: Option<Who>) -> Check {
    let class = class_of(command, value);
    let roles: Vec<&str> = command.roles.iter().map(|it| it.label()).collect();
    let limit = match roles.as_slice() {
        [] => format!("a role that may send {}", class.label()),
        some => format!("a role that may send {}, and one of {}", class.label(), some.join(", ")),
    };
    let Some(Who { role, standing }) = who else {
        return Check::new(What::Authority, Verdict::Failed, "nobody is signed in", limit);
    };
    let saw = role.label();
    match may_send(role, class, standing) {
        Err(denied) => Check::new(What::Authority, Verdict::Failed, saw, limit).saying(denied.to_string()),
        Ok(()) if command.roles.is_empty() || command.roles.contains(&role) => {
            Check::new(What::Authority, Verdict::Passed, saw, limit)
        }
        Ok(()) => Check::new(What::Authority, Verdict::Failed, saw, limit),
    }
}

/// A command that is asked for, and all that bears on it.
struct Asked<'a> {
    site: &'a Site,
    command: &'a Command,
    value: &'a Value,
    past: &'a [Past],
    look: &'a dyn Look,
}

impl Asked<'_> {
    fn value(&self) -> Check {
        let (verdict, limit) = match (&self.command.takes, self.value) {
            (TakesDoc::Switch { on, off }, value) => {
                (matches!(value, Value::Flag(_)), format!("on ({on}) or off ({off})"))
            }
            (TakesDoc::Number { min, max, .. }, value) => {
                let inside = matches!(value, Value::Number(it) if (min..=max).contains(&it));
                (inside, format!("from {} to {}", self.number(*min), self.number(*max)))
            }
        };
        let verdict = if verdict { Verdict::Passed } else { Verdict::Failed };
        Check::new(What::Value, verdict, self.in_words(self.value), limit)
    }

    fn step(&self, largest: f64) -> Check {
        let limit = format!("at most {}", self.number(largest));
        match step_from(self.command, self.value, self.look) {
            Some(step) => {
                let saw = format!("a step of {}", self.number(step));
                self.warned(Check::new(What::Step, passed_if(step <= largest + hair(largest)), saw, limit))
            }
            None => Check::new(What::Step, Verdict::Unknown, self.reported(), limit),
        }
    }

    fn sum(&self, (largest, secs): (f64, f64)) -> Check {
        let limit = format!("at most {} within {secs} s", self.number(largest));
        let before: f64 = self.mine(secs).map(|it| it.step).sum();
        match step_from(self.command, self.value, self.look) {
            Some(step) => {
                let saw = format!("steps of {} in sum", self.number(before + step));
                self.warned(Check::new(What::Sum, passed_if(before + step <= largest + hair(largest)), saw, limit))
            }
            None => Check::new(What::Sum, Verdict::Unknown, self.reported(), limit),
        }
    }

    fn dwell(&self, secs: f64) -> Check {
        let limit = format!("at least {secs} s after the last one");
        let last = self.past.iter().filter(|it| it.command == self.command.id).map(|it| it.sent).max();
        match last.map(|it| self.look.now().secs_since(it)) {
            Some(passed) => Check::new(What::Dwell, passed_if(passed >= secs), format!("{passed:.1} s"), limit),
            None => Check::new(What::Dwell, Verdict::Passed, "it was not sent yet", limit),
        }
    }

    /// Only switching on counts.
    fn starts(&self, most: u32) -> Option<Check> {
        (self.value.as_flag() == Some(true)).then(|| {
            let before = self.mine(HOUR_SECS).filter(|it| it.value.as_flag() == Some(true)).count();
            let saw = format!("{before} within the last hour");
            Check::new(What::Starts, passed_if(before < most as usize), saw, format!("fewer than {most}"))
        })
    }

    /// Those that exclude this one, and those that this one excludes.
    fn exclusion(&self) -> Option<Check> {
        let excludes = |a: &Command, b: CommandId| a.excludes.contains(&b);
        let others = || {
            self.site
                .commands
                .iter()
                .filter(|it| it.id != self.command.id)
                .filter(|it| excludes(self.command, it.id) || excludes(it, self.command.id))
        };
        others().next()?;
        let busy: Vec<&str> = others().filter(|it| self.is_under_way(it.id)).map(|it| &*it.address).collect();
        let limit = "none of those that exclude it";
        Some(match busy.as_slice() {
            [] => Check::new(What::Exclusion, Verdict::Passed, "none is under way", limit),
            some => Check::new(What::Exclusion, Verdict::Failed, format!("{} under way", some.join(", ")), limit),
        })
    }

    fn execution(&self) -> Check {
        let busy = self.is_under_way(self.command.id);
        let saw = if busy { "an earlier one is under way" } else { "none is under way" };
        Check::new(What::Execution, passed_if(!busy), saw, "one at a time")
    }

    fn interlock(&self, interlock: &Interlock) -> Check {
        let condition = &interlock.holds;
        let held = condition.look(Some(self.value), |it| self.look.input(it, self.class()));
        let seen = |input: &Input| self.seen(*input);
        let all = || condition.inputs.iter().map(seen).collect::<Vec<_>>().join(", ");
        let (verdict, saw) = match held {
            Held::Yes => (Verdict::Passed, all()),
            Held::No => (Verdict::Failed, all()),
            Held::Unknown(places) => {
                let unknown: Vec<String> = places.iter().filter_map(|it| condition.inputs.get(*it)).map(seen).collect();
                (Verdict::Unknown, unknown.join(", "))
            }
            Held::Fault(why) => (Verdict::Unknown, why),
        };
        let check = Check::new(What::Interlock, verdict, saw, condition.text.to_string());
        let says = if verdict == Verdict::Passed { self.gaps(&condition.inputs) } else { interlock.says.clone() };
        check.saying(says)
    }

    /// With a warning, where it passed by what is reported and something is missing before that.
    fn warned(&self, check: Check) -> Check {
        let says = if check.passed() { self.gaps(&[Input::Value(self.command.reports)]) } else { String::new() };
        check.saying(says)
    }

    /// What is missing before what a check relies on. Empty: nothing.
    fn gaps(&self, inputs: &[Input]) -> String {
        let missing = |it: &Input| {
            let signal = self.site.signal(it.signal())?;
            let gap = self.gap(&self.look.reading(signal.id))?;
            Some(format!("missing before {}: {gap}", signal.address))
        };
        inputs.iter().filter_map(missing).collect::<Vec<_>>().join(", ")
    }

    /// How many are missing before a reading, where signatures count. `None`: none.
    fn gap(&self, reading: &Reading) -> Option<u32> {
        (self.look.is_signed() && reading.standing == Believed::Gap).then_some(reading.proof.gap)
    }

    /// A device that has said that it is away, or whose broker has, does not obey. One that never said anything may.
    fn device(&self) -> Option<Check> {
        let (_, device) = self.site.device_of(self.command.twin)?;
        let topic = device.status.as_ref()?;
        let is_offline = self.look.is_offline(topic);
        let saw = if is_offline { "offline" } else { "not offline" };
        Some(Check::new(What::Device, passed_if(!is_offline), saw, format!("{} online", device.id)))
    }

    fn class(&self) -> Class {
        class_of(self.command, self.value)
    }

    fn is_under_way(&self, command: CommandId) -> bool {
        self.past.iter().any(|it| it.command == command && it.under_way)
    }

    /// What was sent of this command within the last so many seconds.
    fn mine(&self, secs: f64) -> impl Iterator<Item = &Past> {
        let now = self.look.now();
        self.past.iter().filter(move |it| it.command == self.command.id && now.secs_since(it.sent) < secs)
    }

    /// What is reported, and why it cannot be believed.
    fn reported(&self) -> String {
        self.seen(Input::Value(self.command.reports))
    }

    /// An input with its value and its state.
    fn seen(&self, input: Input) -> String {
        let Some(signal) = self.site.signal(input.signal()) else { return "a signal that is gone".to_owned() };
        let reading: Reading = self.look.reading(signal.id);
        let value = reading.value.as_ref().map(|it| text::value(it, signal.unit, signal.decimals));
        let state = match reading.state {
            ReadingState::Fresh => self.doubts(&reading),
            ReadingState::NeverSeen => "never seen".to_owned(),
            ReadingState::Stale => format!("stale, {:.1} s old", reading.age_secs(self.look.now())),
            ReadingState::Bad => "out of range".to_owned(),
            ReadingState::Isolated => "isolated by a person".to_owned(),
        };
        let facts = match (value, state.is_empty()) {
            (Some(value), true) => value,
            (Some(value), false) => format!("{value}, {state}"),
            (None, _) => state,
        };
        match input {
            Input::Value(_) => format!("{} = {facts}", signal.address),
            Input::Age(_) => format!("age of {} ({facts})", signal.address),
            Input::Rate { secs, signal: id } => match self.look.rate(id, secs) {
                Some(rate) => format!("rate of {} over {secs} s = {rate:.4}/s", signal.address),
                None => format!("rate of {} over {secs} s unknown ({facts})", signal.address),
            },
        }
    }

    /// What keeps a reading that is current from being relied on, or is to be known of it. Empty: nothing.
    fn doubts(&self, reading: &Reading) -> String {
        let carries = self.look.relies_on(reading, self.class());
        match self.gap(reading) {
            // Some that came before it are missing: it goes, and whoever asks is told.
            Some(gap) if carries => format!("{gap} before it missing"),
            Some(gap) => format!("{}, {gap} before it missing", Believed::signed(reading.proof.trust).label()),
            None if carries => String::new(),
            None => reading.standing.label().to_owned(),
        }
    }

    fn in_words(&self, value: &Value) -> String {
        match value {
            Value::Number(it) => self.number(*it),
            Value::Flag(on) => if *on { "on" } else { "off" }.to_owned(),
            Value::Text(text) => text.to_string(),
        }
    }

    fn number(&self, number: f64) -> String {
        let signal = self.site.signal(self.command.reports);
        let (unit, decimals) = signal.map_or((crate::signal::Unit::NONE, None), |it| (it.unit, it.decimals));
        text::value(&Value::Number(number), unit, decimals)
    }
}

/// What rounding may add up to.
fn hair(number: f64) -> f64 {
    number.abs() * 1e-9
}

fn passed_if(it: bool) -> Verdict {
    if it { Verdict::Passed } else { Verdict::Failed }
}

#[cfg(test)]
mod tests;
