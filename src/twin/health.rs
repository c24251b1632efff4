//! The health of a twin: its own, from its readings and its looks' rules, and the worst of what stands below it.

use bevy::prelude::*;

use super::reading::{ReadingState, Readings};
use super::spawn::{TwinIndex, TwinRef};
use crate::session::CurrentSite;
use crate::signal::Value;
use crate::site::doc::{Meaning, RuleDoc, ShowDoc, WhenDoc};
use crate::site::{Site, Twin};

/// A twin's health. Written here alone.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// Of the twin's own signals.
    pub own: Level,
    /// The worst of its own and of all twins below it.
    pub worst: Level,
}

/// What alarms make of twins, by the twin's number; normal where nothing is said. Sent whenever it changes, whole.
#[derive(Message, Debug, Clone, PartialEq, Eq, Default)]
pub struct AlarmLevels(pub Vec<Level>);

/// From nothing to say to what wants a person now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// All is as it should be.
    #[default]
    Normal,
    /// Some of its signals were never seen.
    Unknown,
    /// Some of its readings are stale, bad or isolated: what it shows may be old.
    Stale,
    /// A rule says so, or an alarm that can wait.
    Warning,
    /// A rule says so urgently, or an alarm that cannot wait.
    Alarm,
}

impl Level {
    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Unknown => "unknown",
            Self::Stale => "stale",
            Self::Warning => "warning",
            Self::Alarm => "alarm",
        }
    }
}

/// Whether a condition holds. A text is compared, anything else is a number.
pub fn holds(when: &WhenDoc, value: &Value) -> bool {
    let number = value.as_number();
    match when {
        WhenDoc::Above(limit) => number.is_some_and(|it| it > *limit),
        WhenDoc::Below(limit) => number.is_some_and(|it| it < *limit),
        WhenDoc::Between(low, high) => number.is_some_and(|it| (*low..=*high).contains(&it)),
        WhenDoc::On => value.as_flag() == Some(true),
        WhenDoc::Off => value.as_flag() == Some(false),
        WhenDoc::Is(text) => matches!(value, Value::Text(it) if **it == **text),
        WhenDoc::Always => true,
    }
}

/// The first rule that holds.
pub fn first_rule<'a>(rules: &'a [RuleDoc], value: &Value) -> Option<&'a RuleDoc> {
    rules.iter().find(|it| holds(&it.when, value))
}

fn own_level(site: &Site, twin: &Twin, readings: &Readings, alarms: &AlarmLevels) -> Level {
    let by_state = site.signals_of(twin.id).map(|signal| match readings.get(signal.id).state {
        ReadingState::Fresh => Level::Normal,
        ReadingState::NeverSeen => Level::Unknown,
        ReadingState::Stale | ReadingState::Bad | ReadingState::Isolated => Level::Stale,
    });
    let by_rule = twin.looks.iter().filter_map(|look| {
        let ShowDoc::Rules(rules) = &look.show else { return None };
        let reading = readings.get(look.signal);
        // What is computed from stale input is unknown, not an alarm of now.
        let value = reading.value.as_ref().filter(|_| reading.state == ReadingState::Fresh)?;
        Some(match first_rule(rules, value)?.means {
            Meaning::Alarm => Level::Alarm,
            Meaning::Warning => Level::Warning,
            Meaning::Normal | Meaning::Active | Meaning::Off => Level::Normal,
        })
    });
    let by_alarm = alarms.0.get(twin.id.index()).copied();
    by_state.chain(by_rule).chain(by_alarm).max().unwrap_or_default()
}

/// The health of every twin of a site, in the order of its twins.
fn health_of(site: &Site, readings: &Readings, alarms: &AlarmLevels) -> Vec<Health> {
    let own = site.twins.iter().map(|twin| own_level(site, twin, readings, alarms));
    let mut all: Vec<Health> = own.map(|own| Health { own, worst: own }).collect();
    let mut row_of = vec![None; site.twin_capacity];
    for (row, twin) in site.twins.iter().enumerate() {
        row_of[twin.id.index()] = Some(row);
    }
    // A twin about others (a process) is as well as those are.
    for (row, twin) in site.twins.iter().enumerate() {
        for involved in twin.involves.iter().filter_map(|it| row_of[it.index()]) {
            all[row].worst = all[row].worst.max(all[involved].own);
        }
    }
    // Parents stand before their children, so one pass from the end rolls all of it up.
    for (row, twin) in site.twins.iter().enumerate().rev() {
        if let Some(parent) = twin.parent.and_then(|it| row_of[it.index()]) {
            all[parent].worst = all[parent].worst.max(all[row].worst);
        }
    }
    all
}

/// Each twin's health follows its readings and its alarms.
pub(super) fn follow_health(
    site: Res<CurrentSite>,
    readings: Res<Readings>,
    index: Res<TwinIndex>,
    mut told: MessageReader<AlarmLevels>,
    mut alarms: Local<AlarmLevels>,
    mut twins: Query<&mut Health, With<TwinRef>>,
) {
    if let Some(newest) = told.read().last() {
        alarms.clone_from(newest);
    }
    for (twin, health) in site.twins.iter().zip(health_of(&site, &readings, &alarms)) {
        if let Some(mut now) = index.twin(twin.id).and_then(|it| twins.get_mut(it).ok()) {
            now.set_if_neq(health);
        }
    }
}
