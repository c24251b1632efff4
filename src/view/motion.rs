//! What the readings do to the bodies: colours, hatching, turning shafts, levels, flows.

use std::collections::{BTreeMap, BTreeSet};
use std::f32::consts::TAU;

use bevy::prelude::*;

use super::live::{Slot, SlotKey, Slots};
use super::looks::{self, Effect};
use super::quality::Quality;
use crate::command::CommandLog;
use crate::session::CurrentSite;
use crate::site::doc::ShowDoc;
use crate::site::{Look, Site, Twin, TwinId};
use crate::twin::{ReadingState, Readings};

/// A named part of a body.
#[derive(Component, Debug, Clone)]
#[require(Spin)]
pub(super) struct Part {
    /// `None`: of a prop.
    pub(super) twin: Option<TwinId>,
    /// As the model names it.
    pub(super) name: String,
    /// Where it stands when nothing moves it.
    pub(super) rest: Transform,
}

/// How a part turns. The phase is summed up over time, so that a new speed does not make it jump.
#[derive(Component, Debug, Default)]
pub(super) struct Spin {
    /// Turns a minute.
    rpm: f64,
    /// Radians.
    phase: f32,
}

/// Flows by slot, and whether anything moves.
#[derive(Resource, Debug, Default)]
pub(super) struct Motion {
    /// Metres a second along the path, by slot.
    flows: BTreeMap<u32, f64>,
    /// Something turns or flows.
    pub(super) moving: bool,
}

/// Metres between two arrows.
const ARROW_PITCH: f32 = 0.6;

/// The longest step that motion takes in one frame, seconds: after a pause nothing spins up.
const LONGEST_STEP: f32 = 0.25;

fn effect(look: &Look, readings: &Readings) -> Effect {
    let reading = readings.get(look.signal);
    looks::effect_of(&look.show, reading.value.as_ref(), reading.state)
}

/// Whether a look is of a part.
pub(super) fn is_of(look: &Look, part: &str) -> bool {
    match &look.part {
        Some(it) => it == part,
        // A level without a part is that of the liquid.
        None => part == "liquid" && matches!(look.show, ShowDoc::Level { .. }),
    }
}

fn all_stale(site: &Site, twin: &Twin, readings: &Readings) -> bool {
    let mut own = site.signals_of(twin.id).peekable();
    own.peek().is_some()
        && own.all(|it| {
            let state = readings.get(it.id).state;
            matches!(state, ReadingState::Stale | ReadingState::NeverSeen | ReadingState::Isolated)
        })
}

/// What a slot shows, from all the looks of its part.
fn slot_for<'a>(before: Slot, looks: impl Iterator<Item = &'a Look>, readings: &Readings) -> (Slot, Option<f64>) {
    let Slot { flow_offset, flow_way, lens, .. } = before;
    let mut slot = Slot { flow_offset, flow_way, lens, ..Slot::PLAIN };
    let mut flow = None;
    for look in looks {
        let effect = effect(look, readings);
        if let Some(tint) = effect.tint.filter(|it| it[3] > slot.tint[3]) {
            slot.tint = tint;
        }
        slot.glow = slot.glow.max(effect.glow.unwrap_or(0.0));
        if effect.hatched && !matches!(look.show, ShowDoc::Text) {
            slot.hatch = 1.0;
        }
        if let Some(speed) = effect.flow {
            flow = Some(speed);
            // Arrows that stand are fainter than those that run.
            slot.flow = if speed.abs() > 1e-4 { 1.0 } else { 0.35 };
            slot.flow_pitch = ARROW_PITCH;
            if speed.abs() > 1e-4 {
                slot.flow_way = speed.signum() as f32;
            }
        }
    }
    (slot, flow)
}

/// Slots and parts follow the readings.
pub(super) fn show_looks(
    site: Res<CurrentSite>,
    readings: Res<Readings>,
    log: Res<CommandLog>,
    mut slots: ResMut<Slots>,
    mut motion: ResMut<Motion>,
    mut parts: Query<(&Part, &mut Spin, &mut Transform)>,
) {
    let awaited: BTreeSet<TwinId> = log.rows.iter().filter(|it| it.phase.is_open()).map(|it| it.twin).collect();
    let mut row_of = vec![None; site.twin_capacity];
    motion.flows.clear();
    for (row, twin) in site.twins.iter().enumerate() {
        if let Some(at) = row_of.get_mut(twin.id.index()) {
            *at = Some(row);
        }
        let ghost = if awaited.contains(&twin.id) { 1.0 } else { 0.0 };
        let stale = all_stale(&site, twin, &readings);
        let mut keys: Vec<Option<&str>> = twin.looks.iter().map(|it| it.part.as_deref()).collect();
        keys.push(None);
        keys.sort_unstable();
        keys.dedup();
        for part in keys {
            let key = part.map_or(SlotKey::Twin(twin.id), |it| SlotKey::Part(twin.id, it.to_owned()));
            let Some(number) = slots.find(&key) else { continue };
            let own = twin.looks.iter().filter(|it| it.part.as_deref() == part);
            let (mut slot, flow) = slot_for(slots.get(number), own, &readings);
            slot.ghost = ghost;
            if part.is_none() && stale {
                slot.hatch = 1.0;
            }
            slots.set(number, slot);
            if let Some(speed) = flow.filter(|it| it.abs() > 1e-4) {
                motion.flows.insert(number, speed);
            }
        }
    }
    for (part, mut spin, mut place) in &mut parts {
        let row = part.twin.and_then(|it| row_of.get(it.index()).copied().flatten());
        let Some(twin) = row.and_then(|it| site.twins.get(it)) else { continue };
        let mut next = part.rest;
        let mut rpm = 0.0;
        for look in twin.looks.iter().filter(|it| is_of(it, &part.name)) {
            let effect = effect(look, &readings);
            next.translation += effect.moved.unwrap_or_default();
            rpm += effect.rpm.unwrap_or(0.0);
            if let Some(level) = effect.level {
                next.scale.y = (level as f32).max(0.002);
            }
        }
        if spin.rpm.to_bits() != rpm.to_bits() {
            spin.rpm = rpm;
        }
        next.rotation = part.rest.rotation * Quat::from_rotation_x(spin.phase);
        place.set_if_neq(next);
    }
}

/// Time goes on for what turns and flows.
pub(super) fn turn_parts(
    time: Res<Time<Real>>,
    quality: Res<Quality>,
    mut motion: ResMut<Motion>,
    mut slots: ResMut<Slots>,
    mut parts: Query<(&Part, &mut Spin, &mut Transform)>,
) {
    let secs = time.delta_secs().min(LONGEST_STEP);
    let frames_per_sec = f64::from(quality.fps_cap().unwrap_or(60.0));
    let mut moving = false;
    for (part, mut spin, mut place) in parts.iter_mut().filter(|it| it.1.rpm.abs() > 1e-3) {
        moving = true;
        let turn = looks::shown_rpm(spin.rpm, frames_per_sec) as f32 / 60.0 * TAU * secs;
        spin.phase = (spin.phase + turn).rem_euclid(TAU);
        place.rotation = part.rest.rotation * Quat::from_rotation_x(spin.phase);
    }
    for (&number, &speed) in &motion.flows {
        moving = true;
        let mut slot = slots.get(number);
        // No faster than a third of the way to the next arrow in a frame, or arrows would seem to run backward.
        let fastest = ARROW_PITCH * frames_per_sec as f32 / 3.0;
        let step = (speed.abs() as f32).min(fastest) * secs;
        slot.flow_offset = (slot.flow_offset + step).rem_euclid(ARROW_PITCH);
        slots.set(number, slot);
    }
    if motion.moving != moving {
        motion.moving = moving;
    }
}
