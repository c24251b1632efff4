//! The ghost of another instant, drawn over the scene: dashed outlines where it differs from what is shown.

use bevy::prelude::*;
use bevy_egui::{EguiContexts, egui};
use egui::{Shape, Stroke};

use super::looks::{self, Effect};
use super::outlines::{Apart, Bodies, Pen, STANDS};
use super::overlay::{Eye, color, painter_of};
use super::palette;
use super::screen::{SceneCamera, ViewRect};
use crate::session::{CurrentSite, Ghost, GhostState};
use crate::site::{Look, Signal, Site, Twin};
use crate::twin::{Reading, Readings};

/// A difference of levels that is seen, metres.
const LEVELS: f64 = 0.005;
/// A difference of places that is seen, metres.
const PLACES: f32 = 0.004;
/// A difference of speeds that is seen, as a share of the greater one.
const SPEEDS: f64 = 0.05;

/// The ghost's reading of a signal.
pub(super) fn ghost_reading(signal: &Signal, ghost: &GhostState) -> Reading {
    Reading::of(signal, ghost.fold.get(signal.id), ghost.at)
}

/// What of a look differs. `None`: nothing that can be drawn.
pub(super) fn apart(shown: &Effect, ghost: &Effect) -> Option<Apart> {
    if let Some(level) = ghost.level {
        let seen = shown.level.is_none_or(|it| (it - level).abs() >= LEVELS);
        return seen.then_some(Apart::Level(level, shown.level));
    }
    if let Some(moved) = ghost.moved {
        let seen = shown.moved.is_none_or(|it| it.distance(moved) >= PLACES);
        return seen.then_some(Apart::Moved(moved));
    }
    if let Some(rpm) = ghost.rpm {
        return differ(shown.rpm, rpm, STANDS.0).then_some(Apart::Turns(rpm));
    }
    let speed = ghost.flow?;
    differ(shown.flow, speed, STANDS.1).then_some(Apart::Flows(speed))
}

fn differ(shown: Option<f64>, ghost: f64, least: f64) -> bool {
    let shown = shown.unwrap_or(0.0);
    (shown - ghost).abs() > (SPEEDS * shown.abs().max(ghost.abs())).max(least)
}

/// The looks of a twin that differ, each with how.
fn looks_apart<'a>(
    site: &'a Site,
    twin: &'a Twin,
    readings: &'a Readings,
    ghost: &'a GhostState,
) -> impl Iterator<Item = (&'a Look, Apart)> {
    twin.looks.iter().filter_map(move |look| {
        let signal = site.signal(look.signal)?;
        let effect = |it: &Reading| looks::effect_of(&look.show, it.value.as_ref(), it.state);
        let then = ghost_reading(signal, ghost);
        then.value.as_ref()?;
        Some((look, apart(&effect(readings.get(signal.id)), &effect(&then))?))
    })
}

/// Draws the ghost, where there is one.
pub(super) fn paint_ghost(
    mut contexts: EguiContexts,
    view: Res<ViewRect>,
    ghost: Res<Ghost>,
    site: Res<CurrentSite>,
    readings: Res<Readings>,
    camera: Query<(&Camera, &GlobalTransform), With<SceneCamera>>,
    mut bodies: Bodies,
) -> Result {
    let Some(ghost) = &ghost.0 else { return Ok(()) };
    let painter = painter_of(contexts.ctx_mut()?, &view);
    let Ok((camera, place)) = camera.single() else { return Ok(()) };
    let pen = Pen { painter, eye: Eye { camera, place, rect: view.0 }, ink: palette::GHOST, awaited: None };
    for twin in &site.twins {
        let differing: Vec<(&Look, Apart)> = looks_apart(&site, twin, &readings, ghost).collect();
        if !differing.is_empty() {
            bodies.draw(&pen, twin, &differing);
        }
    }
    Ok(())
}

/// The frame of a value of the ghost: hollow and dashed, with the ghost's sign at its left.
pub(super) fn paint_tag(painter: &egui::Painter, frame: egui::Rect) {
    let ink = color(palette::GHOST);
    let corners = [frame.left_top(), frame.right_top(), frame.right_bottom(), frame.left_bottom(), frame.left_top()];
    painter.extend(Shape::dashed_line(&corners, Stroke::new(1.0, ink.gamma_multiply(0.7)), 3.0, 2.5));
    let at = egui::pos2(frame.left() + 7.0, frame.center().y);
    let diamond = [(0.0, -4.0), (3.5, 0.0), (0.0, 4.0), (-3.5, 0.0)].map(|(x, y)| at + egui::vec2(x, y));
    painter.add(Shape::closed_line(diamond.to_vec(), Stroke::new(1.2, ink)));
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Effect =
        Effect { tint: None, glow: None, hatched: false, rpm: None, moved: None, level: None, flow: None };

    #[track_caller]
    fn check(shown: Effect, ghost: Effect, want: Option<Apart>) {
        assert_eq!(apart(&shown, &ghost), want);
    }

    #[test]
    fn only_what_differs_to_the_eye_is_drawn() {
        let level = |it| Effect { level: Some(it), ..NONE };
        check(level(3.0), level(3.001), None);
        check(level(3.0), level(2.5), Some(Apart::Level(2.5, Some(3.0))));
        check(NONE, level(2.5), Some(Apart::Level(2.5, None)));
        let turns = |it| Effect { rpm: Some(it), ..NONE };
        check(turns(1450.0), turns(1440.0), None);
        check(turns(1450.0), turns(0.0), Some(Apart::Turns(0.0)));
        check(turns(0.0), turns(0.0), None);
        let flows = |it| Effect { flow: Some(it), ..NONE };
        check(flows(0.0), flows(-0.4), Some(Apart::Flows(-0.4)));
        check(flows(0.5), flows(0.51), None);
        check(flows(0.001), flows(-0.002), None);
        let moved = |y| Effect { moved: Some(Vec3::Y * y), ..NONE };
        check(moved(0.0), moved(0.12), Some(Apart::Moved(Vec3::Y * 0.12)));
        check(moved(0.12), moved(0.121), None);
        check(NONE, Effect { glow: Some(1.0), ..NONE }, None);
    }
}
