//! Buildings from floor plans: walls with doors and windows, floors, roofs, and other things of masonry.

use bevy::prelude::*;

use super::shapes::{Shape, signed_area};
use crate::site::doc::OpeningDoc;

/// Thickness of a room's walls: half a partition, for each of the two rooms builds its own side.
pub(super) const PARTITION: f32 = 0.06;
/// Thickness of a shell's walls.
pub(super) const OUTER_WALL: f32 = 0.24;
/// What stays of a wall that is cut away.
pub(super) const STUB: f32 = 0.10;

/// One wall of a plan.
#[derive(Debug, Clone)]
pub(super) struct Wall {
    /// From the stub up.
    pub(super) upper: Shape,
    /// What always stays.
    pub(super) stub: Shape,
    /// Panes of the windows.
    pub(super) panes: Shape,
    /// Frames of doors and windows.
    pub(super) frames: Shape,
    /// Away from the plan's inside.
    pub(super) outward: Vec3,
    /// Its middle, on the floor.
    pub(super) middle: Vec3,
}

/// A span along the wall and a span of heights, metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    /// From, to along the wall.
    pub(super) along: (f32, f32),
    /// From, to in height.
    pub(super) height: (f32, f32),
}

/// What is solid in a wall of this length and height: everything but its openings.
pub(super) fn pieces(length: f32, height: f32, openings: &[OpeningDoc]) -> Vec<Piece> {
    let mut cuts: Vec<f32> = vec![0.0, length];
    for it in openings {
        cuts.extend([it.along - it.width * 0.5, it.along + it.width * 0.5].map(|at| at.clamp(0.0, length)));
    }
    cuts.sort_by(f32::total_cmp);
    let mut solid: Vec<Piece> = Vec::new();
    for span in cuts.windows(2).filter(|it| it[1] - it[0] > 1e-4) {
        let middle = (span[0] + span[1]) * 0.5;
        let mut holes: Vec<(f32, f32)> = openings
            .iter()
            .filter(|it| (it.along - middle).abs() < it.width * 0.5)
            .map(|it| (it.sill.clamp(0.0, height), (it.sill + it.height).clamp(0.0, height)))
            .collect();
        holes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut from = 0.0;
        for (low, high) in holes {
            if low - from > 1e-4 {
                solid.push(Piece { along: (span[0], span[1]), height: (from, low) });
            }
            from = from.max(high);
        }
        if height - from > 1e-4 {
            solid.push(Piece { along: (span[0], span[1]), height: (from, height) });
        }
    }
    solid
}

/// The walls of a plan. `thickness` grows to the inside where it is positive, to the outside where it is negative.
pub(super) fn walls(plan: &[Vec2], height: f32, thickness: f32, openings: &[OpeningDoc]) -> Vec<Wall> {
    let flip = if signed_area(plan) < 0.0 { -1.0 } else { 1.0 };
    let outward_of = |n: usize| {
        let way = (plan[(n + 1) % plan.len()] - plan[n]).normalize_or_zero();
        Vec3::new(way.y, 0.0, -way.x) * flip
    };
    (0..plan.len())
        .map(|n| {
            let (a, b) = (plan[n], plan[(n + 1) % plan.len()]);
            let (a, b) = (Vec3::new(a.x, 0.0, a.y), Vec3::new(b.x, 0.0, b.y));
            let length = a.distance(b);
            let way = (b - a).normalize_or_zero();
            let outward = outward_of(n);
            let mut own: Vec<OpeningDoc> = openings.iter().filter(|it| it.wall == n).copied().collect();
            own.sort_by(|a, b| a.along.total_cmp(&b.along));
            let mut wall = Wall {
                upper: Shape::default(),
                stub: Shape::default(),
                panes: Shape::default(),
                frames: Shape::default(),
                outward,
                middle: (a + b) * 0.5,
            };
            let depth = thickness.abs();
            let centre = -outward * thickness * 0.5;
            let put = |shape: &mut Shape, along: (f32, f32), heights: (f32, f32), depth: f32| {
                let middle = a + way * (along.0 + along.1) * 0.5 + Vec3::Y * (heights.0 + heights.1) * 0.5 + centre;
                let half = |it: (f32, f32)| (it.1 - it.0) * 0.5;
                shape.cuboid(middle, way * half(along), Vec3::Y * half(heights), outward * depth * 0.5);
            };
            for piece in pieces(length, height, &own) {
                // Outer walls close their convex corners.
                let reach = if thickness < 0.0 { depth } else { 0.0 };
                let along = (
                    if piece.along.0 < 1e-3 { -reach } else { piece.along.0 },
                    if piece.along.1 > length - 1e-3 { length + reach } else { piece.along.1 },
                );
                let (low, high) = piece.height;
                if low < STUB {
                    put(&mut wall.stub, along, (low, high.min(STUB)), depth);
                }
                if high > STUB {
                    put(&mut wall.upper, along, (low.max(STUB), high), depth);
                }
            }
            for it in &own {
                let (from, to) = (it.along - it.width * 0.5, it.along + it.width * 0.5);
                let (low, high) = (it.sill, (it.sill + it.height).min(height));
                let bar = 0.05;
                put(&mut wall.frames, (from, from + bar), (low, high), depth + 0.03);
                put(&mut wall.frames, (to - bar, to), (low, high), depth + 0.03);
                put(&mut wall.frames, (from, to), (high - bar, high), depth + 0.03);
                if it.sill > 0.01 {
                    put(&mut wall.frames, (from - 0.03, to + 0.03), (low, low + bar), depth + 0.08);
                    put(&mut wall.panes, (from + bar, to - bar), (low + bar, high - bar), 0.015);
                    if it.width > 1.3 {
                        let middle = it.along;
                        put(&mut wall.frames, (middle - 0.02, middle + 0.02), (low + bar, high - bar), 0.05);
                    }
                }
            }
            wall
        })
        .collect()
}

/// A floor, a little above the ground so that it hides the grid.
pub(super) fn floor(plan: &[Vec2]) -> Shape {
    let mut shape = Shape::default();
    shape.polygon(plan, 0.012, true);
    shape
}

/// A flat roof with a parapet.
pub(super) fn roof(plan: &[Vec2], height: f32) -> Shape {
    let mut shape = Shape::default();
    let thick = 0.22;
    let grown = grow(plan, OUTER_WALL);
    shape.polygon(&grown, height, false);
    shape.polygon(&grown, height + thick, true);
    let flip = if signed_area(plan) < 0.0 { -1.0 } else { 1.0 };
    for n in 0..grown.len() {
        let (a, b) = (grown[n], grown[(n + 1) % grown.len()]);
        let way = (b - a).normalize_or_zero();
        let outward = Vec3::new(way.y, 0.0, -way.x) * flip;
        let (a, b) = (Vec3::new(a.x, 0.0, a.y), Vec3::new(b.x, 0.0, b.y));
        let middle = (a + b) * 0.5 + Vec3::Y * (height + 0.22) - outward * 0.08;
        shape.cuboid(middle, (b - a) * 0.5, Vec3::Y * 0.22, outward * 0.10);
    }
    shape
}

/// A plan whose edges stand further out.
fn grow(plan: &[Vec2], by: f32) -> Vec<Vec2> {
    let flip = if signed_area(plan) < 0.0 { -1.0 } else { 1.0 };
    let n = plan.len();
    (0..n)
        .map(|at| {
            let before = (plan[at] - plan[(at + n - 1) % n]).normalize_or_zero();
            let after = (plan[(at + 1) % n] - plan[at]).normalize_or_zero();
            let (a, b) = (Vec2::new(before.y, -before.x), Vec2::new(after.y, -after.x));
            let both = (a + b) * flip;
            plan[at] + both * (by / (both.length_squared() * 0.5).max(0.3))
        })
        .collect()
}

/// An open basin without its water.
pub(super) fn basin(size: Vec2, depth: f32, wall: f32) -> Shape {
    let mut shape = Shape::default();
    let half = size * 0.5;
    let out = half + Vec2::splat(wall);
    let bottom = -depth - wall;
    shape.block(Vec3::new(-out.x, bottom, -out.y), Vec3::new(out.x, -depth, out.y));
    shape.block(Vec3::new(-out.x, -depth, -out.y), Vec3::new(out.x, 0.0, -half.y));
    shape.block(Vec3::new(-out.x, -depth, half.y), Vec3::new(out.x, 0.0, out.y));
    shape.block(Vec3::new(-out.x, -depth, -half.y), Vec3::new(-half.x, 0.0, half.y));
    shape.block(Vec3::new(half.x, -depth, -half.y), Vec3::new(out.x, 0.0, half.y));
    shape
}

/// A metre of water over its bottom, to be scaled to the level.
pub(super) fn water(size: Vec2) -> Shape {
    let mut shape = Shape::default();
    let half = size * 0.5 - Vec2::splat(0.002);
    shape.block(Vec3::new(-half.x, 0.0, -half.y), Vec3::new(half.x, 1.0, half.y));
    shape
}

/// A plane at zero with holes in it, along the axes. A hole that reaches out of it is a notch.
pub(super) fn ground(size: Vec2, holes: &[Rect]) -> Shape {
    let mut shape = Shape::default();
    for cell in cells(size, holes) {
        let Rect { min, max } = cell;
        let at = |x: f32, z: f32| Vec3::new(x, 0.0, z);
        shape.face(&[at(min.x, min.y), at(min.x, max.y), at(max.x, max.y), at(max.x, min.y)], Vec3::Y);
    }
    shape
}

/// What is left of a centred rectangle without its holes, in rectangles.
fn cells(size: Vec2, holes: &[Rect]) -> Vec<Rect> {
    let half = size * 0.5;
    let whole = Rect::from_corners(-half, half);
    let holes: Vec<Rect> = holes.iter().map(|it| it.intersect(whole)).filter(|it| !it.is_empty()).collect();
    let mut rows: Vec<f32> = holes.iter().flat_map(|it| [it.min.y, it.max.y]).chain([-half.y, half.y]).collect();
    rows.sort_by(f32::total_cmp);
    let mut left = Vec::new();
    for row in rows.windows(2).filter(|it| it[1] - it[0] > 1e-4) {
        let middle = (row[0] + row[1]) * 0.5;
        let mut cuts: Vec<Rect> = holes.iter().filter(|it| (it.min.y..it.max.y).contains(&middle)).copied().collect();
        cuts.sort_by(|a, b| a.min.x.total_cmp(&b.min.x));
        let mut from = -half.x;
        for cut in cuts {
            if cut.min.x - from > 1e-4 {
                left.push(Rect::new(from, row[0], cut.min.x, row[1]));
            }
            from = from.max(cut.max.x);
        }
        if half.x - from > 1e-4 {
            left.push(Rect::new(from, row[0], half.x, row[1]));
        }
    }
    left
}

/// A slab whose top is at zero, with holes along its axes.
pub(super) fn slab(size: Vec2, thickness: f32, holes: &[Rect]) -> Shape {
    let mut shape = Shape::default();
    let low = -thickness.max(0.01);
    for Rect { min, max } in cells(size, holes) {
        shape.block(Vec3::new(min.x, low, min.y), Vec3::new(max.x, 0.0, max.y));
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::super::shapes::tests::check_sound;
    use super::*;

    fn opening(along: f32, width: f32, sill: f32, height: f32) -> OpeningDoc {
        OpeningDoc { wall: 0, along, width, height, sill }
    }

    #[track_caller]
    fn check(openings: &[OpeningDoc], want_area: f32) {
        let solid = pieces(6.0, 3.0, openings);
        let area: f32 = solid.iter().map(|it| (it.along.1 - it.along.0) * (it.height.1 - it.height.0)).sum();
        assert!((area - want_area).abs() < 1e-3, "{area} against {want_area}: {solid:?}");
    }

    #[test]
    fn openings_are_left_out_of_a_wall() {
        check(&[], 18.0);
        check(&[opening(1.0, 1.0, 0.0, 2.1)], 18.0 - 2.1);
        check(&[opening(1.0, 1.0, 0.0, 2.1), opening(4.0, 2.0, 0.9, 1.2)], 18.0 - 2.1 - 2.4);
        // One over the other, and one that reaches out of the wall.
        check(&[opening(3.0, 1.0, 0.0, 1.0), opening(3.0, 1.0, 2.0, 0.5)], 18.0 - 1.5);
        check(&[opening(6.0, 1.0, 0.0, 9.0)], 18.0 - 1.5);
    }

    #[test]
    fn walls_look_outward_whichever_way_the_plan_turns() {
        let plan = [(0.0, 0.0), (6.0, 0.0), (6.0, 4.0), (0.0, 4.0)].map(Vec2::from);
        for plan in [plan.to_vec(), plan.iter().rev().copied().collect()] {
            for wall in walls(&plan, 3.0, PARTITION, &[opening(1.0, 1.0, 0.0, 2.1), opening(3.0, 1.0, 0.9, 1.0)]) {
                assert!((wall.middle - Vec3::new(3.0, 0.0, 2.0)).dot(wall.outward) > 0.0);
                check_sound(&wall.upper);
                check_sound(&wall.stub);
            }
            check_sound(&roof(&plan, 3.0));
            check_sound(&floor(&plan));
        }
        check_sound(&basin(Vec2::new(4.0, 2.0), 2.0, 0.3));
        check_sound(&slab(Vec2::new(4.0, 2.0), 0.2, &[]));
        check_sound(&water(Vec2::new(4.0, 2.0)));
    }

    #[test]
    fn a_slab_leaves_its_holes_open() {
        let area = |it: &[Rect]| cells(Vec2::new(10.0, 6.0), it).iter().map(|it| it.width() * it.height()).sum::<f32>();
        assert!((area(&[]) - 60.0).abs() < 1e-3);
        let holes = [Rect::new(-2.0, -1.0, 1.0, 1.0), Rect::new(2.0, 0.0, 4.0, 2.0), Rect::new(4.5, -9.0, 9.0, -2.0)];
        assert!((area(&holes) - (60.0 - 6.0 - 4.0 - 0.5)).abs() < 1e-3);
        check_sound(&ground(Vec2::new(10.0, 6.0), &holes));
        check_sound(&slab(Vec2::new(10.0, 6.0), 0.3, &holes));
    }
}
