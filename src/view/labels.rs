//! What the labels and badges say: gathered from the model, as plain rows.

use std::collections::BTreeMap;

use bevy::camera::primitives::Aabb;
use bevy::prelude::*;

use super::camera::bounds_of;
use super::drawn::PropBody;
use super::ghost::ghost_reading;
use super::studio::Backdrop;
use crate::command::CommandLog;
use crate::judge::{Alarms, Priority};
use crate::session::GhostState;
use crate::signal::{Unit, Value, text};
use crate::site::doc::{ShowDoc, ValueKind};
use crate::site::{Signal, Site, Twin, TwinId};
use crate::twin::{Health, Level, Reading, ReadingState, Readings, Selection, Standing, TwinIndex};

/// What stands at one twin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LabelRow {
    /// Which twin.
    pub(super) twin: TwinId,
    /// Its name.
    pub(super) name: String,
    /// Its values.
    pub(super) lines: Vec<LabelLine>,
    /// A command on its way: what was asked for, and how far it is.
    pub(super) awaited: Option<String>,
    /// For its badge, where no alarm stands.
    pub(super) level: Level,
    /// Its alarms that stand, the worst first.
    pub(super) alarms: Vec<AlarmMark>,
    /// How many messages about it were refused, while that is of now. 0: none.
    pub(super) n_refused: u32,
    /// More important first.
    pub(super) priority: f32,
    /// The box around it, in the world.
    pub(super) bounds: (Vec3, Vec3),
    /// It is selected or the pointer is over it.
    pub(super) marked: bool,
}

/// An alarm that stands at a twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AlarmMark {
    /// How soon it wants a person.
    pub(super) priority: Priority,
    /// Nobody has acknowledged it.
    pub(super) new: bool,
}

/// The alarms that stand at each twin itself.
pub(super) type AlarmMarks = BTreeMap<TwinId, Vec<AlarmMark>>;

/// One value at a twin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LabelLine {
    /// The value, with its unit.
    pub(super) text: String,
    /// Why it is not current. `None`: it is.
    pub(super) note: Option<&'static str>,
    /// The ghost's value, and how far it is from what is shown. `None`: there is no ghost.
    pub(super) ghost: Option<String>,
}

/// The boxes of twins, found again when something was built.
#[derive(Debug, Default)]
pub(super) struct Boxes {
    of: BTreeMap<TwinId, (Vec3, Vec3)>,
    at_change: u64,
    tries: u32,
}

/// The alarms that stand, by twin, the worst first.
pub(super) fn alarm_marks(site: &Site, alarms: &Alarms) -> AlarmMarks {
    let mut marks = AlarmMarks::new();
    for life in alarms.standing().iter().filter_map(|it| alarms.get(*it)) {
        if let Some(alarm) = site.alarm(life.alarm) {
            let mark = AlarmMark { priority: life.priority, new: life.state.wants_acknowledgement() };
            marks.entry(alarm.twin).or_default().push(mark);
        }
    }
    marks.values_mut().for_each(|it| it.sort_by(|a, b| b.cmp(a)));
    marks
}

fn lines_of(site: &Site, twin: &Twin, readings: &Readings, ghost: Option<&GhostState>) -> Vec<LabelLine> {
    let texts = || twin.looks.iter().filter(|it| matches!(it.show, ShowDoc::Text));
    let several = texts().nth(1).is_some();
    texts()
        .filter_map(|look| {
            let signal = site.signal(look.signal)?;
            let reading = readings.get(signal.id);
            let text = reading
                .value
                .as_ref()
                .map_or("\u{2013}".to_owned(), |it| text::value(it, signal.unit, signal.decimals));
            // Among several, what has no unit says nothing without its name.
            let unnamed = several && signal.unit == Unit::NONE && signal.is != ValueKind::Text;
            let text = if unnamed { format!("{} {text}", signal.name) } else { text };
            let note = match reading.state {
                _ if reading.standing >= Standing::Rejected => Some(reading.standing.label()),
                ReadingState::Fresh => None,
                ReadingState::Isolated if reading.estimate.is_some() => Some("estimate"),
                state
                @ (ReadingState::NeverSeen | ReadingState::Stale | ReadingState::Bad | ReadingState::Isolated) => {
                    Some(state.label())
                }
            };
            let ghost = ghost.map(|it| ghost_text(signal, reading, &ghost_reading(signal, it)));
            Some(LabelLine { text, note, ghost })
        })
        .collect()
}

/// The ghost's value, how far it is from what is shown, and why it was not current.
fn ghost_text(signal: &Signal, shown: &Reading, ghost: &Reading) -> String {
    let Some(value) = &ghost.value else { return "nothing was known".to_owned() };
    let mut text = text::value(value, signal.unit, signal.decimals);
    if let (Value::Number(then), Some(Value::Number(now))) = (value, &shown.value) {
        let size = text::number((then - now).abs(), signal.decimals);
        let sign = match then - now {
            _ if size.chars().all(|it| matches!(it, '0' | '.')) => '\u{b1}',
            it if it < 0.0 => '\u{2212}',
            _ => '+',
        };
        text.push_str(&format!(" ({sign}{size})"));
    }
    if ghost.state != ReadingState::Fresh {
        text.push_str(&format!(" \u{b7} {}", ghost.state.label()));
    }
    text
}

/// How many messages about a twin were refused, of the signal with the most of them: one message may be about several.
fn refused_of(site: &Site, twin: &Twin, readings: &Readings) -> u32 {
    let count = |it: &Signal| {
        let reading = readings.get(it.id);
        let now = matches!(reading.standing, Standing::Rejected | Standing::EvilTwin);
        reading.refused.filter(|_| now).map_or(0, |it| it.count)
    };
    site.signals_of(twin.id).map(count).max().unwrap_or(0)
}

fn awaited_of(site: &Site, twin: &Twin, log: &CommandLog) -> Option<String> {
    let row = site.commands_of(twin.id).find_map(|it| log.open_for(it.id))?;
    let command = site.command(row.command)?;
    let signal = site.signal(command.reports);
    let unit = signal.map_or(Unit::NONE, |it| it.unit);
    let desired = text::value(&row.desired, unit, signal.and_then(|it| it.decimals));
    Some(format!("asked {desired} \u{b7} {}", row.phase.label()))
}

/// One row for each twin that has something to say.
pub(super) fn rows(
    site: &Site,
    readings: &Readings,
    selection: &Selection,
    log: &CommandLog,
    alarms: &AlarmMarks,
    index: &TwinIndex,
    ghost: Option<&GhostState>,
    n_built: u64,
    healths: &Query<&Health>,
    children: &Query<&Children>,
    boxes: &Query<(&GlobalTransform, &Aabb), (Without<PropBody>, Without<Backdrop>)>,
    known: &mut Boxes,
) -> Vec<LabelRow> {
    // Boxes of new meshes are worked out some frames after they were built.
    if known.at_change != n_built {
        known.at_change = n_built;
        known.tries = 0;
    }
    if known.tries < 20 {
        known.tries += 1;
        known.of.clear();
    }
    let mut rows = Vec::new();
    for twin in &site.twins {
        let Some(entity) = index.twin(twin.id) else { continue };
        let level = healths.get(entity).map_or(Level::Normal, |it| it.own);
        let marked = selection.twin == Some(twin.id) || selection.hovered == Some(twin.id);
        let lines = lines_of(site, twin, readings, ghost);
        let awaited = awaited_of(site, twin, log);
        let alarms = alarms.get(&twin.id).cloned().unwrap_or_default();
        let n_refused = refused_of(site, twin, readings);
        let wants = level >= Level::Warning || !alarms.is_empty() || n_refused > 0;
        if lines.is_empty() && awaited.is_none() && !wants && !marked {
            continue;
        }
        let bounds = match known.of.get(&twin.id) {
            Some(it) => *it,
            None => {
                let Some(found) = bounds_of(entity, children, boxes) else { continue };
                known.of.insert(twin.id, found);
                found
            }
        };
        let size = (bounds.1 - bounds.0).length();
        let priority = if selection.twin == Some(twin.id) {
            100.0
        } else if awaited.is_some() {
            90.0
        } else if selection.hovered == Some(twin.id) {
            80.0
        } else {
            f32::from(level as u8) * 10.0 + size.min(40.0) * 0.02
        };
        let name = twin.name.clone();
        rows.push(LabelRow { twin: twin.id, name, lines, awaited, level, alarms, n_refused, priority, bounds, marked });
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Cell, Fold, GhostOf};
    use crate::signal::{SignalId, Timestamp, Unit};
    use crate::site::doc::ValueKind;

    const AT: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

    fn level() -> Signal {
        Signal {
            id: SignalId(0),
            address: "tank/level".into(),
            key: "level".to_owned(),
            name: "Level".to_owned(),
            twin: TwinId(0),
            topic: "tank/level".to_owned(),
            path: None,
            time: None,
            is: ValueKind::Number,
            unit: "m".parse::<Unit>().unwrap(),
            range: None,
            period: 1.0,
            decimals: Some(2),
            field: None,
        }
    }

    #[track_caller]
    fn check(shown: f64, then: Option<f64>, age_secs: u64, want: &str) {
        let received = AT - std::time::Duration::from_secs(age_secs);
        let cell =
            |value: Option<f64>| Cell { value: value.map(Value::Number), at: received, received, ..Cell::NOTHING };
        let mut fold = Fold::default();
        fold.set(SignalId(0), cell(then));
        let ghost = GhostState { at: AT, fold, of: GhostOf::Hovered };
        let shown = Reading::of(&level(), &cell(Some(shown)), AT);
        let text = ghost_text(&level(), &shown, &ghost_reading(&level(), &ghost));
        assert_eq!(text.replace('\u{a0}', " "), want);
    }

    #[test]
    fn a_ghost_tells_its_value_and_how_far_it_is_from_what_is_shown() {
        check(3.17, Some(3.05), 0, "3.05 m (\u{2212}0.12)");
        check(3.05, Some(3.17), 0, "3.17 m (+0.12)");
        check(3.05, Some(3.052), 0, "3.05 m (\u{b1}0.00)");
        check(3.05, Some(3.17), 60, "3.17 m (+0.12) \u{b7} stale");
        check(3.05, None, 0, "nothing was known");
    }
}
