//! Why an alarm stands: its condition in words, what it looked at and looks at now, and what lies upstream of it.

use std::collections::HashSet;

use super::alarms::Alarms;
use crate::signal::{SignalId, Value};
use crate::site::{Alarm, AlarmId, AlarmWhen, Site, TwinId};
use crate::twin::{ReadingState, Readings};

/// So many twins upstream are told: farther causes are found by going there.
const MOST_UPSTREAM: usize = 12;

/// Why an alarm stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// The condition in words, with units: `Level above 3.9 m for 5 s; gone below 3.8 m`.
    pub condition: String,
    /// What it looks at, each signal once.
    pub values: Vec<WhyValue>,
    /// Those of them that cannot be believed now.
    pub unknown: Vec<SignalId>,
    /// What lies upstream along the flows, the nearest first.
    pub upstream: Vec<Upstream>,
}

/// A signal that an alarm looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct WhyValue {
    /// Which one.
    pub signal: SignalId,
    /// In the signal's unit, when the alarm was raised last. `None`: it never was, or it was not known then.
    pub at_raise: Option<Value>,
    /// At the cursor. `None`: it was never seen.
    pub now: Option<Value>,
    /// Whether that can be believed.
    pub state: ReadingState,
}

/// A twin from which something runs, over others perhaps, to that of the alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Which one.
    pub twin: TwinId,
    /// How many flows lie between, 1 for the next.
    pub distance: usize,
    /// Its own alarms that stand, and those of what is below it in the tree.
    pub alarms: Vec<AlarmId>,
}

/// Why an alarm stands. `None`: the site has no such alarm.
pub fn why(site: &Site, alarms: &Alarms, readings: &Readings, alarm: AlarmId) -> Option<Why> {
    let alarm = site.alarm(alarm)?;
    let life = alarms.get(alarm.id);
    let mut seen = HashSet::new();
    let signals = alarm.when.signals().into_iter().filter(|it| seen.insert(*it));
    let values: Vec<WhyValue> = signals
        .map(|signal| {
            let reading = readings.get(signal);
            let at_raise = life.and_then(|it| it.values.iter().find(|it| it.0 == signal)).map(|it| it.1.clone());
            WhyValue { signal, at_raise, now: reading.value.clone(), state: reading.state }
        })
        .collect();
    let unknown = values.iter().filter(|it| it.state != ReadingState::Fresh).map(|it| it.signal).collect();
    Some(Why { condition: in_words(site, alarm), values, unknown, upstream: upstream(site, alarms, alarm.twin) })
}

/// What raises an alarm, in words and with units.
pub fn in_words(site: &Site, alarm: &Alarm) -> String {
    let name = |signal: SignalId| match site.signal(signal) {
        Some(it) if it.twin == alarm.twin => it.name.clone(),
        Some(it) => format!("{} of {}", it.name, site.twin(it.twin).map_or("", |it| &it.name)),
        None => "a signal that is gone".to_owned(),
    };
    let unit = |signal: SignalId| site.signal(signal).map_or("", |it| it.unit.symbol());
    let number = |value: f64, signal: SignalId| with_unit(value, unit(signal));
    let mut text = match &alarm.when {
        AlarmWhen::Above { signal, limit, .. } => format!("{} above {}", name(*signal), number(*limit, *signal)),
        AlarmWhen::Below { signal, limit, .. } => format!("{} below {}", name(*signal), number(*limit, *signal)),
        AlarmWhen::Rate { signal, above, over } => {
            let per = format!("{}/s", unit(*signal));
            format!("{} changes faster than {}, over {}", name(*signal), with_unit(*above, &per), secs(*over))
        }
        AlarmWhen::Times { signal, above, times, within } => {
            format!("{} rises above {} {times} times within {}", name(*signal), number(*above, *signal), secs(*within))
        }
        AlarmWhen::Stale { signal } => format!("no good value of {} comes in time", name(*signal)),
        AlarmWhen::Equals { signal, text } => format!("{} is {text}", name(*signal)),
        AlarmWhen::When(condition) => condition.text.to_string(),
    };
    if alarm.on_delay > 0.0 {
        text.push_str(&format!(" for {}", secs(alarm.on_delay)));
    }
    match &alarm.when {
        AlarmWhen::Above { signal, limit, deadband } if *deadband > 0.0 => {
            text.push_str(&format!("; gone at {} and below", number(limit - deadband, *signal)));
        }
        AlarmWhen::Below { signal, limit, deadband } if *deadband > 0.0 => {
            text.push_str(&format!("; gone at {} and above", number(limit + deadband, *signal)));
        }
        AlarmWhen::Above { .. }
        | AlarmWhen::Below { .. }
        | AlarmWhen::Rate { .. }
        | AlarmWhen::Times { .. }
        | AlarmWhen::Stale { .. }
        | AlarmWhen::Equals { .. }
        | AlarmWhen::When(_) => (),
    }
    if alarm.off_delay > 0.0 {
        text.push_str(&format!("; gone after {}", secs(alarm.off_delay)));
    }
    text
}

fn with_unit(value: f64, unit: &str) -> String {
    // What a subtraction leaves behind the twelfth digit is no one's limit.
    let value = format!("{value:.9}").parse::<f64>().unwrap_or(value);
    if unit.is_empty() { value.to_string() } else { format!("{value} {unit}") }
}

fn secs(secs: f64) -> String {
    with_unit(secs, "s")
}

/// The twins from which something runs to a twin, or to what it stands in, the nearest first.
fn upstream(site: &Site, alarms: &Alarms, twin: TwinId) -> Vec<Upstream> {
    let joined = |twin: TwinId| site.flows.iter().any(|it| it.from == twin || it.to == twin || it.along == Some(twin));
    let Some(start) = site.lineage(twin).find(|it| joined(it.id)).map(|it| it.id) else { return Vec::new() };
    let mut seen = HashSet::from([start]);
    let mut border = vec![(start, 0)];
    let mut next = 0;
    while let Some(&(twin, distance)) = border.get(next) {
        next += 1;
        for flow in &site.flows {
            // What runs through a pipe has passed the pipe before it comes out of it.
            let before = match flow.along {
                Some(along) if flow.to == twin => [Some(along), Some(flow.from)],
                Some(along) if along == twin => [Some(flow.from), None],
                None if flow.to == twin => [Some(flow.from), None],
                _ => [None, None],
            };
            for found in before.into_iter().flatten() {
                if seen.insert(found) {
                    border.push((found, distance + 1));
                }
            }
        }
    }
    let standing: Vec<&Alarm> = alarms.standing().iter().filter_map(|it| site.alarm(*it)).collect();
    border
        .into_iter()
        .skip(1)
        .take(MOST_UPSTREAM)
        .map(|(twin, distance)| {
            let on = |it: &&&Alarm| site.lineage(it.twin).any(|it| it.id == twin);
            Upstream { twin, distance, alarms: standing.iter().filter(on).map(|it| it.id).collect() }
        })
        .collect()
}
