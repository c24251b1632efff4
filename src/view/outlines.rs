//! Hollow outlines of things in the world, drawn by egui over the scene's image: of what was, or of what is wanted.
//!
//! They cost no new picture of the scene, stand before whatever would hide them, and are gone with the next frame.

use std::collections::BTreeMap;
use std::f32::consts::TAU;

use bevy::ecs::system::SystemParam;
use bevy::mesh::VertexAttributeValues;
use bevy::prelude::*;
use bevy_egui::egui;
use egui::{Shape, Stroke};

use super::motion::{Part, is_of};
use super::overlay::{Eye, color, pos};
use super::palette;
use crate::site::doc::BodyDoc;
use crate::site::{Look, Twin};
use crate::twin::TwinIndex;

/// Below this a shaft stands, turns a minute, and so does a flow, metres a second: a meter is never quite at rest.
pub(super) const STANDS: (f64, f64) = (0.5, 0.02);
/// What is smaller than this on the screen is left out, pixels.
const LEAST: f32 = 12.0;

/// What a part does in another state, where it does something else in what is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Apart {
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

/// The bodies of twins, as far as outlines need them.
#[derive(SystemParam)]
pub(super) struct Bodies<'w, 's> {
    index: Res<'w, TwinIndex>,
    parts: Query<'w, 's, (&'static Part, &'static ChildOf, Option<&'static Children>)>,
    places: Query<'w, 's, &'static GlobalTransform>,
    bodies: Query<'w, 's, &'static Mesh3d>,
    meshes: Res<'w, Assets<Mesh>>,
    known: Local<'s, BTreeMap<AssetId<Mesh>, Option<Outline>>>,
}

impl Bodies<'_, '_> {
    /// Draws what of a twin is apart, look by look.
    pub(super) fn draw(&mut self, pen: &Pen, twin: &Twin, differing: &[(&Look, Apart)]) {
        if let Some(BodyDoc::Pipe { path, diameter }) = &twin.body
            && let Some(place) = self.index.twin(twin.id).and_then(|it| self.places.get(it).ok())
        {
            for (_, it) in differing {
                if let Apart::Flows(speed) = *it {
                    let path: Vec<Vec3> = path.iter().map(|it| place.transform_point(Vec3::from(*it))).collect();
                    pen.flow(&path, *diameter, speed);
                }
            }
            return;
        }
        for (part, parent, children) in self.parts.iter().filter(|it| it.0.twin == Some(twin.id)) {
            let mut own = differing.iter().filter(|it| is_of(it.0, &part.name)).map(|it| it.1).peekable();
            let Some(above) = own.peek().and_then(|_| self.places.get(parent.parent()).ok()) else { continue };
            let (known, meshes) = (&mut self.known, &self.meshes);
            let meshes_of = children.into_iter().flatten().filter_map(|it| self.bodies.get(*it).ok());
            let whole = meshes_of
                .filter_map(|it| {
                    known.entry(it.id()).or_insert_with(|| meshes.get(it.id()).and_then(Outline::of)).clone()
                })
                .reduce(Outline::union);
            let Some(outline) = whole else { continue };
            own.for_each(|it| pen.part(part, above, &outline, it));
        }
    }
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
pub(super) struct Pen<'a> {
    pub(super) painter: egui::Painter,
    pub(super) eye: Eye<'a>,
    /// The outlines' color.
    pub(super) ink: Color,
    /// For how long what is wanted has been awaited, in words, and the share of the time it has, 0 to 1. `None`: nothing
    /// is awaited.
    pub(super) awaited: Option<(String, f32)>,
}

impl Pen<'_> {
    /// A dashed line through points of the world, on a dark ground, so that it is read on light and dark alike.
    fn line(&self, points: &[Vec3]) {
        let Some(seen) = points.iter().map(|it| self.eye.see(*it).map(pos)).collect::<Option<Vec<_>>>() else { return };
        self.line_on_screen(&seen);
    }

    fn line_on_screen(&self, points: &[egui::Pos2]) {
        self.painter.add(Shape::line(points.to_vec(), Stroke::new(3.0, color(palette::PLATE.with_alpha(0.5)))));
        self.painter.extend(Shape::dashed_line(points, Stroke::new(1.5, color(self.ink)), 5.0, 4.0));
    }

    fn part(&self, part: &Part, above: &GlobalTransform, outline: &Outline, apart: Apart) {
        match apart {
            Apart::Level(level, shown) => self.level(part, above, outline, level, shown),
            Apart::Moved(moved) => {
                let at = Transform { translation: part.rest.translation + moved, ..part.rest };
                let middle = (outline.low + outline.high) * 0.5;
                self.box_around(above.to_matrix() * at.to_matrix(), outline);
                let place = |it: Transform| above.transform_point(it.transform_point(middle));
                self.span(place(part.rest), place(at));
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
        let veil = color(self.ink.with_alpha(0.10));
        self.painter.add(Shape::convex_polygon(seen, veil, Stroke::NONE));
        if let Some(shown) = shown {
            let now = ring(shown);
            let step = (then.len() / 4).max(1);
            for (a, b) in then.iter().zip(&now).step_by(step) {
                self.line(&[*a, *b]);
            }
            if let (Some(a), Some(b)) = (now.first(), then.first()) {
                self.span(*a, *b);
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
        if rpm.abs() < STANDS.0 {
            self.square(head);
        } else {
            self.arrow_head(head, head - back);
        }
        if let Some((age, share)) = &self.awaited {
            let steps = (share * 32.0).ceil().max(1.0);
            let passed: Option<Vec<egui::Pos2>> = (0..=32)
                .map(|it| it as f32 / steps * *share)
                .take_while(|it| *it <= *share + 1e-4)
                .map(|it| self.eye.see(at(it)).map(pos))
                .collect();
            if let Some(passed) = passed {
                self.painter.add(Shape::line(passed, Stroke::new(3.5, color(self.ink))));
            }
            self.age(head - Vec2::Y * 16.0, age);
        }
    }

    /// An arc from what is reported to what is desired, with how long that has been awaited. Nothing where nothing is.
    fn span(&self, reported: Vec3, desired: Vec3) {
        let Some((age, share)) = &self.awaited else { return };
        let Some((from, to)) = self.eye.see(reported).zip(self.eye.see(desired)) else { return };
        let way = to - from;
        let bulge = way.perp().normalize_or(Vec2::X) * way.length().mul_add(0.35, 26.0);
        let top = (from + to) * 0.5 + bulge;
        let at = |it: f32| pos(from * (1.0 - it) * (1.0 - it) + top * 2.0 * it * (1.0 - it) + to * it * it);
        let arc = |upto: f32| (0..=24).map(|it| at(it as f32 / 24.0 * upto)).collect::<Vec<_>>();
        self.painter.add(Shape::line(arc(1.0), Stroke::new(3.0, color(palette::PLATE.with_alpha(0.5)))));
        self.painter.extend(Shape::dashed_line(&arc(1.0), Stroke::new(1.0, color(self.ink)), 2.0, 3.0));
        self.painter.add(Shape::line(arc(*share), Stroke::new(3.0, color(self.ink))));
        self.age((from + to) * 0.25 + top * 0.5 + bulge.normalize_or(Vec2::X) * 16.0, age);
    }

    /// How long something has been awaited, in words, on a plate.
    fn age(&self, at: Vec2, age: &str) {
        let galley = self.painter.layout_no_wrap(age.to_owned(), egui::FontId::proportional(11.0), color(self.ink));
        let plate = egui::Rect::from_center_size(pos(at), galley.size() + egui::vec2(8.0, 2.0));
        self.painter.rect_filled(plate, 3.0, color(palette::PLATE));
        self.painter.galley(plate.min + egui::vec2(4.0, 1.0), galley, color(self.ink));
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
        self.painter.add(Shape::closed_line(points, Stroke::new(1.5, color(self.ink))));
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

    #[test]
    fn the_hull_goes_around_its_points_once() {
        let points = [(0.0, 0.0), (2.0, 0.0), (1.0, 0.5), (2.0, 2.0), (0.0, 2.0), (1.0, 0.0), (0.0, 0.0)];
        let want = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)].map(Vec2::from);
        assert_eq!(hull(points.map(Vec2::from).to_vec()), want);
        assert!(hull(Vec::new()).is_empty());
    }
}
