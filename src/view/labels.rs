//! What the labels and badges say: gathered from the model, as plain rows.

use bevy::camera::primitives::Aabb;
use bevy::prelude::*;

use super::camera::bounds_of;
use super::drawn::PropBody;
use super::studio::Backdrop;
use crate::command::CommandLog;
use crate::signal::{Unit, text};
use crate::site::doc::{ShowDoc, ValueKind};
use crate::site::{Site, Twin, TwinId};
use crate::twin::{Health, Level, ReadingState, Readings, Selection, TwinIndex};

/// What stands at one twin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LabelRow {
    /// Which twin.
    pub(super) twin: TwinId,
    /// Its name.
    pub(super) name: String,
    /// Values; the second is set where one is not current.
    pub(super) lines: Vec<(String, Option<&'static str>)>,
    /// A command on its way: what was asked for, and how far it is.
    pub(super) awaited: Option<String>,
    /// For its badge.
    pub(super) level: Level,
    /// More important first.
    pub(super) priority: f32,
    /// The box around it, in the world.
    pub(super) bounds: (Vec3, Vec3),
    /// It is selected or the pointer is over it.
    pub(super) marked: bool,
}

/// The boxes of twins, found again when something was built.
#[derive(Debug, Default)]
pub(super) struct Boxes {
    of: std::collections::BTreeMap<TwinId, (Vec3, Vec3)>,
    at_change: u64,
    tries: u32,
}

fn lines_of(site: &Site, twin: &Twin, readings: &Readings) -> Vec<(String, Option<&'static str>)> {
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
                ReadingState::Fresh => None,
                state @ (ReadingState::NeverSeen | ReadingState::Stale | ReadingState::Bad) => Some(state.label()),
            };
            Some((text, note))
        })
        .collect()
}

fn awaited_of(site: &Site, twin: &Twin, log: &CommandLog) -> Option<String> {
    let row = site.commands_of(twin.id).find_map(|it| log.open_for(it.id))?;
    let command = site.command(row.command)?;
    let signal = site.signal(command.reports);
    let unit = signal.map_or(Unit::NONE, |it| it.unit);
    let desired = text::value(&row.desired, unit, signal.and_then(|it| it.decimals));
    Some(format!("\u{2192} {desired} \u{b7} {}", row.phase.label()))
}

/// One row for each twin that has something to say.
pub(super) fn rows(
    site: &Site,
    readings: &Readings,
    selection: &Selection,
    log: &CommandLog,
    index: &TwinIndex,
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
        let lines = lines_of(site, twin, readings);
        let awaited = awaited_of(site, twin, log);
        if lines.is_empty() && awaited.is_none() && level < Level::Warning && !marked {
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
        rows.push(LabelRow { twin: twin.id, name, lines, awaited, level, priority, bounds, marked });
    }
    rows
}
