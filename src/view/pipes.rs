//! Pipes: a round profile swept along a path, with rounded bends, and flanges at the ends.

use std::f32::consts::TAU;

use bevy::prelude::*;

use super::shapes::Shape;

/// Sides of the profile.
const SIDES: usize = 24;

/// A bend's radius along the centre line, in diameters, where the legs are long enough: as of a long-radius elbow.
const BEND_DIAMETERS: f32 = 1.5;

/// A centre line with its corners rounded.
pub(super) fn rounded(path: &[Vec3], radius: f32) -> Vec<Vec3> {
    let mut points: Vec<Vec3> = Vec::new();
    for point in path {
        if points.last().is_none_or(|it| it.distance(*point) > 1e-4) {
            points.push(*point);
        }
    }
    let [first, .., last] = points[..] else { return Vec::new() };
    let mut line = vec![first];
    for corner in points.windows(3) {
        let (before, at, after) = (corner[0], corner[1], corner[2]);
        let (a, b) = ((before - at).normalize_or_zero(), (after - at).normalize_or_zero());
        let angle = a.angle_between(b);
        let turn = std::f32::consts::PI - angle;
        // Straight on needs no bend, and straight back has none.
        if turn < 0.02 || angle < 0.02 {
            line.push(at);
            continue;
        }
        let room = before.distance(at).min(at.distance(after)) * 0.48;
        let cut = (radius / (angle * 0.5).tan()).min(room);
        let radius = cut * (angle * 0.5).tan();
        let bisector = (a + b).normalize_or_zero();
        let centre = at + bisector * (radius / (angle * 0.5).sin());
        let from = at + a * cut - centre;
        let axis = from.cross(at + b * cut - centre).normalize_or_zero();
        let steps = (turn / 0.16).ceil().max(2.0) as usize;
        for step in 0..=steps {
            line.push(centre + Quat::from_axis_angle(axis, turn * step as f32 / steps as f32) * from);
        }
    }
    line.push(last);
    line.dedup_by(|a, b| a.distance(*b) < 1e-4);
    line
}

/// The length of a line, metres.
pub(super) fn length(line: &[Vec3]) -> f32 {
    line.windows(2).map(|it| it[0].distance(it[1])).sum()
}

/// The pipe's skin. The first texture coordinate is metres along it.
pub(super) fn pipe(path: &[Vec3], diameter: f32) -> Shape {
    let line = rounded(path, diameter * BEND_DIAMETERS);
    let mut shape = Shape::default();
    if line.len() < 2 {
        return shape;
    }
    let way_at = |n: usize| {
        let before = if n > 0 { (line[n] - line[n - 1]).normalize_or_zero() } else { Vec3::ZERO };
        let after = if n + 1 < line.len() { (line[n + 1] - line[n]).normalize_or_zero() } else { Vec3::ZERO };
        (before + after).try_normalize().unwrap_or(Vec3::X)
    };
    let mut way = way_at(0);
    let mut side = way.any_orthonormal_vector();
    let mut along = 0.0;
    for n in 0..line.len() {
        let next = way_at(n);
        // Turned by as little as possible from ring to ring, so that nothing twists.
        side = (Quat::from_rotation_arc(way, next) * side).reject_from(next).normalize_or_zero();
        way = next;
        if n > 0 {
            along += line[n].distance(line[n - 1]);
        }
        let up = way.cross(side);
        for k in 0..=SIDES {
            let turn = k as f32 / SIDES as f32;
            let out = side * (turn * TAU).cos() + up * (turn * TAU).sin();
            shape.positions.push((line[n] + out * diameter * 0.5).to_array());
            shape.normals.push(out.to_array());
            shape.uvs.push([along, turn]);
        }
    }
    let ring = SIDES as u32 + 1;
    for n in 0..line.len() as u32 - 1 {
        for k in 0..SIDES as u32 {
            let at = n * ring + k;
            shape.indices.extend([at, at + 1, at + ring, at + 1, at + ring + 1, at + ring]);
        }
    }
    shape
}

/// The flanges at both ends, and a weld seam's worth of collar behind them.
pub(super) fn flanges(path: &[Vec3], diameter: f32) -> Shape {
    let line = rounded(path, diameter * BEND_DIAMETERS);
    let mut shape = Shape::default();
    let n = line.len();
    if n < 2 {
        return shape;
    }
    let thick = (diameter * 0.14).clamp(0.012, 0.05);
    for (end, inner) in [(line[0], line[1]), (line[n - 1], line[n - 2])] {
        let way = (inner - end).normalize_or_zero();
        ring(&mut shape, end, way, diameter * 0.5, diameter * 0.82, thick);
        ring(&mut shape, end + way * (thick * 1.25), way, diameter * 0.5, diameter * 0.82, thick);
    }
    shape
}

/// A short round plate with bevelled edges.
fn ring(shape: &mut Shape, from: Vec3, way: Vec3, inner: f32, outer: f32, thick: f32) {
    let side = way.any_orthonormal_vector();
    let up = way.cross(side);
    let bevel = thick * 0.18;
    // (distance along, radius) from the inner edge of the one face to that of the other.
    let profile = [
        (0.0, inner * 0.6),
        (0.0, outer - bevel),
        (bevel, outer),
        (thick - bevel, outer),
        (thick, outer - bevel),
        (thick, inner * 0.6),
    ];
    for edge in profile.windows(2) {
        let ((t0, r0), (t1, r1)) = (edge[0], edge[1]);
        let slope = Vec2::new(t1 - t0, r1 - r0).normalize_or_zero();
        let first = shape.positions.len() as u32;
        for k in 0..=SIDES {
            let turn = k as f32 / SIDES as f32 * TAU;
            let out = side * turn.cos() + up * turn.sin();
            let normal = out * slope.x - way * slope.y;
            for (t, r) in [(t0, r0), (t1, r1)] {
                shape.positions.push((from + way * t + out * r).to_array());
                shape.normals.push(normal.to_array());
                shape.uvs.push([-1.0, 0.0]);
            }
        }
        for k in 0..SIDES as u32 {
            let at = first + k * 2;
            shape.indices.extend([at, at + 2, at + 1, at + 1, at + 2, at + 3]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shapes::tests::check_sound;
    use super::*;

    fn points(path: &[(f32, f32, f32)]) -> Vec<Vec3> {
        path.iter().copied().map(Vec3::from).collect()
    }

    #[track_caller]
    fn check(path: &[(f32, f32, f32)], diameter: f32, want_length: f32) {
        let path = points(path);
        let shape = pipe(&path, diameter);
        check_sound(&shape);
        check_sound(&flanges(&path, diameter));
        let longest = shape.uvs.iter().map(|it| it[0]).fold(0.0, f32::max);
        assert!((longest - want_length).abs() < 0.02, "{longest} against {want_length}");
        assert!((longest - length(&rounded(&path, diameter * BEND_DIAMETERS))).abs() < 1e-3);
    }

    #[test]
    fn a_straight_pipe_is_as_long_as_its_path() {
        check(&[(0.0, 0.0, 0.0), (3.0, 0.0, 0.0)], 0.2, 3.0);
        check(&[(0.0, 0.0, 0.0), (1.5, 0.0, 0.0), (3.0, 0.0, 0.0)], 0.2, 3.0);
    }

    #[test]
    fn a_bend_cuts_its_corner() {
        // Two legs of 2 m less 0.3 m each, and a quarter circle of 0.3 m.
        let want = 1.7 + 1.7 + 0.3 * std::f32::consts::FRAC_PI_2;
        check(&[(0.0, 0.0, 0.0), (2.0, 0.0, 0.0), (2.0, 2.0, 0.0)], 0.2, want);
        check(&[(0.0, 0.0, 0.0), (0.0, 2.0, 0.0), (0.0, 2.0, -2.0)], 0.2, want);
    }

    #[test]
    fn odd_paths_are_survived() {
        assert!(pipe(&points(&[(1.0, 0.0, 0.0)]), 0.2).is_empty());
        assert!(pipe(&points(&[(1.0, 0.0, 0.0), (1.0, 0.0, 0.0)]), 0.2).is_empty());
        let back = pipe(&points(&[(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 0.0)]), 0.2);
        assert!(back.positions.iter().flatten().all(|it| it.is_finite()));
        // Thicker than its legs are long: it cannot look right, but it is drawn.
        let stout = pipe(&points(&[(0.0, 0.0, 0.0), (0.1, 0.0, 0.0), (0.1, 0.1, 0.0)]), 0.5);
        assert!(stout.positions.iter().chain(&stout.normals).flatten().all(|it| it.is_finite()));
    }
}
