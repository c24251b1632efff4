//! The ghost of another instant, drawn over the scene: dashed outlines where it differs from what is shown.
//!
//! egui draws it over the scene's image. So it costs no new picture of the scene, stands before whatever would hide it,
//! and is gone with the next frame.

use std::collections::BTreeMap;
use std::f32::consts::TAU;

use bevy::mesh::VertexAttributeValues;
use bevy::prelude::*;
use bevy_egui::{EguiContexts, egui};
use egui::{Shape, Stroke};

use super::looks::{self, Effect};
use super::motion::{Part, is_of};
use super::overlay::{Eye, color, painter_of, pos};
use super::palette;
use super::screen::{SceneCamera, ViewRect};
use crate::session::{CurrentSite, Ghost, GhostState};
use crate::site::doc::BodyDoc;
use crate::site::{Look, Signal, Site, Twin};
use crate::twin::{Reading, Readings, TwinIndex};

/// A difference of levels that is seen, metres.
const LEVELS: f64 = 0.005;
/// A difference of places that is seen, metres.
const PLACES: f32 = 0.004;
/// A difference of speeds that is seen, as a share of the greater one.
const SPEEDS: f64 = 0.05;
/// Below this a shaft stands, turns a minute, and so does a flow, metres a second: a meter is never quite at rest.
const STANDS: (f64, f64) = (0.5, 0.02);
/// What is smaller than this on the screen is left out, pixels.
const LEAST: f32 = 12.0;

/// What a part does in the ghost, where it does something else in what is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Apart {
    /// Its surface stands at so many metres; in what is shown, at so many.
    Level(f64, Option<f64>),
    /// It is so far from where it rests, metres.
    Moved(Vec3),
    /// It turns so often a minute.
    Turns(f64),
    /// So many metres a second run through it.
    Flows(f64),
}

/// The outline of a mesh: the corners of its box, and its hull as seen from above.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outline {
    low: Vec3,
    high: Vec3,
    /// In x and z, in its order around.
    hull: Vec<Vec2>,
}

/// The ghost's reading of a signal.
pub(super) fn ghost_reading(signal: &Signal, ghost: &GhostState) -> Reading {
    Reading::of(signal, ghost.fold.get(signal.id), ghost.at)
}

/// What of a look differs. `None`: nothing that can be drawn.
fn apart(shown: &Effect, ghost: &Effect) -> Option<Apart> {
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
    index: Res<TwinIndex>,
    camera: Query<(&Camera, &GlobalTransform), With<SceneCamera>>,
    parts: Query<(&Part, &ChildOf, Option<&Children>)>,
    places: Query<&GlobalTransform>,
    (bodies, meshes): (Query<&Mesh3d>, Res<Assets<Mesh>>),
    mut outlines: Local<BTreeMap<AssetId<Mesh>, Option<Outline>>>,
) -> Result {
    let Some(ghost) = &ghost.0 else { return Ok(()) };
    let painter = painter_of(contexts.ctx_mut()?, &view);
    let Ok((camera, place)) = camera.single() else { return Ok(()) };
    let pen = Pen { painter, eye: Eye { camera, place, rect: view.0 } };
    for twin in &site.twins {
        let differing: Vec<(&Look, Apart)> = looks_apart(&site, twin, &readings, ghost).collect();
        if differing.is_empty() {
            continue;
        }
        if let Some(BodyDoc::Pipe { path, diameter }) = &twin.body
            && let Some(place) = index.twin(twin.id).and_then(|it| places.get(it).ok())
        {
            for (_, it) in &differing {
                if let Apart::Flows(speed) = *it {
                    let path: Vec<Vec3> = path.iter().map(|it| place.transform_point(Vec3::from(*it))).collect();
                    pen.flow(&path, *diameter, speed);
                }
            }
            continue;
        }
        for (part, parent, children) in parts.iter().filter(|it| it.0.twin == Some(twin.id)) {
            let mut own = differing.iter().filter(|it| is_of(it.0, &part.name)).map(|it| it.1).peekable();
            let Some(above) = own.peek().and_then(|_| places.get(parent.parent()).ok()) else { continue };
            let meshes_of = children.into_iter().flatten().filter_map(|it| bodies.get(*it).ok());
            let whole = meshes_of
                .filter_map(|it| {
                    outlines.entry(it.id()).or_insert_with(|| meshes.get(it.id()).and_then(Outline::of)).clone()
                })
                .reduce(Outline::union);
            let Some(outline) = whole else { continue };
            own.for_each(|it| pen.part(part, above, &outline, it));
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

impl Outline {
    fn of(mesh: &Mesh) -> Option<Self> {
        let VertexAttributeValues::Float32x3(points) = mesh.attribute(Mesh::ATTRIBUTE_POSITION)? else { return None };
        let points: Vec<Vec3> = points.iter().copied().map(Vec3::from).collect();
        let (low, high) = (points.iter().copied().reduce(Vec3::min)?, points.iter().copied().reduce(Vec3::max)?);
        Some(Self { low, high, hull: hull(points.iter().map(|it| Vec2::new(it.x, it.z)).collect()) })
    }

    fn union(self, other: Self) -> Self {
        let hull = hull([self.hull, other.hull].concat());
        Self { low: self.low.min(other.low), high: self.high.max(other.high), hull }
    }
}

/// The convex hull of points, in its order around (Andrew's monotone chain, 1979).
fn hull(mut points: Vec<Vec2>) -> Vec<Vec2> {
    points.sort_by(|a, b| a.x.total_cmp(&b.x).then(a.y.total_cmp(&b.y)));
    points.dedup_by(|a, b| a.distance(*b) < 1e-5);
    let half = |points: &mut dyn Iterator<Item = &Vec2>| {
        let mut chain: Vec<Vec2> = Vec::new();
        for &point in points {
            while let [.., a, b] = chain[..]
                && (b - a).perp_dot(point - a) <= 0.0
            {
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut whole = half(&mut points.iter());
    whole.extend(half(&mut points.iter().rev()));
    whole
}

/// Draws outlines of things in the world.
struct Pen<'a> {
    painter: egui::Painter,
    eye: Eye<'a>,
}

impl Pen<'_> {
    /// A dashed line through points of the world, on a dark ground, so that it is read on light and dark alike.
    fn line(&self, points: &[Vec3]) {
        let Some(seen) = points.iter().map(|it| self.eye.see(*it).map(pos)).collect::<Option<Vec<_>>>() else { return };
        self.line_on_screen(&seen);
    }

    fn line_on_screen(&self, points: &[egui::Pos2]) {
        self.painter.add(Shape::line(points.to_vec(), Stroke::new(3.0, color(palette::PLATE.with_alpha(0.5)))));
        self.painter.extend(Shape::dashed_line(points, Stroke::new(1.5, color(palette::GHOST)), 5.0, 4.0));
    }

    fn part(&self, part: &Part, above: &GlobalTransform, outline: &Outline, apart: Apart) {
        match apart {
            Apart::Level(level, shown) => self.level(part, above, outline, level, shown),
            Apart::Moved(moved) => {
                let at = Transform { translation: part.rest.translation + moved, ..part.rest };
                self.box_around(above.to_matrix() * at.to_matrix(), outline);
            }
            Apart::Turns(rpm) => self.ring(above.to_matrix() * part.rest.to_matrix(), outline, rpm),
            Apart::Flows(_) => (),
        }
    }

    /// A hollow surface at the ghost's level, and how it hangs together with the one that is shown.
    fn level(&self, part: &Part, above: &GlobalTransform, outline: &Outline, level: f64, shown: Option<f64>) {
        let ring = |level: f64| -> Vec<Vec3> {
            let scale = part.rest.scale.with_y((level as f32).max(0.002));
            let place = above.to_matrix() * Transform { scale, ..part.rest }.to_matrix();
            outline.hull.iter().map(|it| place.transform_point3(Vec3::new(it.x, outline.high.y, it.y))).collect()
        };
        let mut then = ring(level);
        let seen: Option<Vec<_>> = then.iter().map(|it| self.eye.see(*it).map(pos)).collect();
        let Some(seen) = seen.filter(|it| size_of_shape(it) >= LEAST) else { return };
        let veil = color(palette::GHOST.with_alpha(0.10));
        self.painter.add(Shape::convex_polygon(seen, veil, Stroke::NONE));
        if let Some(shown) = shown {
            let step = (then.len() / 4).max(1);
            for (a, b) in then.iter().zip(ring(shown)).step_by(step) {
                self.line(&[*a, b]);
            }
        }
        then.extend(then.first().copied());
        self.line(&then);
    }

    fn box_around(&self, place: Mat4, outline: &Outline) {
        let Outline { low, high, .. } = outline;
        let at = |x: f32, y: f32, z: f32| place.transform_point3(Vec3::new(x, y, z));
        let floor = |y: f32| [at(low.x, y, low.z), at(high.x, y, low.z), at(high.x, y, high.z), at(low.x, y, high.z)];
        let (bottom, top) = (floor(low.y), floor(high.y));
        if self.size(&[bottom, top].concat()) < LEAST {
            return;
        }
        for face in [bottom, top] {
            self.line(&[face[0], face[1], face[2], face[3], face[0]]);
        }
        for (a, b) in bottom.iter().zip(top) {
            self.line(&[*a, b]);
        }
    }

    /// A ring around what turns about X: with an arrow where it turned, with a hollow square where it stood.
    fn ring(&self, place: Mat4, outline: &Outline, rpm: f64) {
        let middle = (outline.low + outline.high) * 0.5;
        let half = (outline.high - outline.low) * 0.5;
        let radius = half.y.max(half.z) * 1.2;
        let at = |turn: f32| {
            let (sin, cos) = (turn * TAU).sin_cos();
            place.transform_point3(middle + Vec3::new(0.0, cos, sin) * radius)
        };
        let ring: Vec<Vec3> = (0..=32).map(|it| at(it as f32 / 32.0)).collect();
        if self.size(&ring) < LEAST {
            return;
        }
        self.line(&ring);
        let way = if rpm > 0.0 { 0.06 } else { -0.06 };
        let Some((head, back)) = self.eye.see(at(0.0)).zip(self.eye.see(at(-way))) else { return };
        if rpm.abs() < STANDS.0 { self.square(head) } else { self.arrow_head(head, head - back) }
    }

    /// A hollow arrow beside the longest leg of a pipe, as long as the flow is fast; a hollow square where it stood.
    fn flow(&self, path: &[Vec3], diameter: f32, speed: f64) {
        let legs = path.windows(2).map(|it| (it[0], it[1]));
        let Some((from, to)) = legs.max_by(|a, b| a.0.distance(a.1).total_cmp(&b.0.distance(b.1))) else { return };
        if self.size(&[from, to]) < LEAST * 2.0 {
            return;
        }
        let along = (to - from).normalize_or_zero() * speed.signum() as f32;
        let side = along.cross(self.eye.place.back().as_vec3()).normalize_or_zero() * diameter;
        let middle = (from + to) * 0.5 + side;
        if speed.abs() < STANDS.1 {
            if let Some(at) = self.eye.see(middle) {
                self.square(at);
            }
            return;
        }
        let half = along * (speed.abs() as f32 * 0.3).clamp(0.15, from.distance(to) * 0.4);
        let (tail, head) = (middle - half, middle + half);
        self.line(&[tail, head]);
        if let Some((tail, head)) = self.eye.see(tail).zip(self.eye.see(head)) {
            self.arrow_head(head, head - tail);
        }
    }

    fn arrow_head(&self, at: Vec2, way: Vec2) {
        let way = way.normalize_or(Vec2::X) * 8.0;
        let side = way.perp() * 0.6;
        self.hollow(&[at + way, at + side, at - side]);
    }

    fn square(&self, at: Vec2) {
        let corners = [(-4.5, -4.5), (4.5, -4.5), (4.5, 4.5), (-4.5, 4.5)];
        self.hollow(&corners.map(|it| at + Vec2::from(it)));
    }

    fn hollow(&self, corners: &[Vec2]) {
        let points: Vec<egui::Pos2> = corners.iter().copied().map(pos).collect();
        let ground = color(palette::PLATE.with_alpha(0.5));
        self.painter.add(Shape::closed_line(points.clone(), Stroke::new(3.0, ground)));
        self.painter.add(Shape::closed_line(points, Stroke::new(1.5, color(palette::GHOST))));
    }

    /// The greater side of what points take on the screen, pixels. What is not seen takes nothing.
    fn size(&self, points: &[Vec3]) -> f32 {
        let seen: Option<Vec<_>> = points.iter().map(|it| self.eye.see(*it).map(pos)).collect();
        seen.map_or(0.0, |it| size_of_shape(&it))
    }
}

fn size_of_shape(points: &[egui::Pos2]) -> f32 {
    egui::Rect::from_points(points).size().max_elem()
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

    #[test]
    fn the_hull_goes_around_its_points_once() {
        let points = [(0.0, 0.0), (2.0, 0.0), (1.0, 0.5), (2.0, 2.0), (0.0, 2.0), (1.0, 0.0), (0.0, 0.0)];
        let want = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)].map(Vec2::from);
        assert_eq!(hull(points.map(Vec2::from).to_vec()), want);
        assert!(hull(Vec::new()).is_empty());
    }
}
