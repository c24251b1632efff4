//! Building meshes from boxes and polygons, with plain vectors: no world, no graphics card.

use bevy::asset::RenderAssetUsages;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;

/// Triangles that grow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    /// Points, metres.
    pub positions: Vec<[f32; 3]>,
    /// Unit vectors, one a point.
    pub normals: Vec<[f32; 3]>,
    /// One a point. For pipes: metres along, turns around. -1 where nothing flows.
    pub uvs: Vec<[f32; 2]>,
    /// Three a triangle, counter-clockwise seen from outside.
    pub indices: Vec<u32>,
}

impl Shape {
    /// Adds a flat polygon's worth of points with one normal, as a fan.
    pub fn face(&mut self, corners: &[Vec3], normal: Vec3) {
        let first = self.positions.len() as u32;
        for corner in corners {
            self.positions.push(corner.to_array());
            self.normals.push(normal.to_array());
            self.uvs.push([-1.0, 0.0]);
        }
        for n in 1..corners.len().saturating_sub(1) as u32 {
            self.indices.extend([first, first + n, first + n + 1]);
        }
    }

    /// Adds a box by three half-axes around its middle.
    pub fn cuboid(&mut self, middle: Vec3, x: Vec3, y: Vec3, z: Vec3) {
        // Right-handed, so that faces look outward.
        let z = if x.cross(y).dot(z) < 0.0 { -z } else { z };
        for (a, b, c) in [(x, y, z), (y, z, x), (z, x, y)] {
            for side in [1.0, -1.0] {
                let out = c * side;
                let (a, b) = if side > 0.0 { (a, b) } else { (b, a) };
                let at = middle + out;
                self.face(&[at - a - b, at + a - b, at + a + b, at - a + b], out.normalize_or_zero());
            }
        }
    }

    /// Adds a box along the axes.
    pub fn block(&mut self, low: Vec3, high: Vec3) {
        let half = (high - low) * 0.5;
        self.cuboid((low + high) * 0.5, Vec3::X * half.x, Vec3::Y * half.y, Vec3::Z * half.z);
    }

    /// Adds a flat floor or ceiling of a plan at a height.
    pub fn polygon(&mut self, plan: &[Vec2], height: f32, up: bool) {
        let first = self.positions.len() as u32;
        for corner in plan {
            self.positions.push([corner.x, height, corner.y]);
            self.normals.push([0.0, if up { 1.0 } else { -1.0 }, 0.0]);
            self.uvs.push([-1.0, 0.0]);
        }
        for [a, b, c] in triangles_of(plan) {
            let (pa, pb, pc) = (plan[a], plan[b], plan[c]);
            // In x and z, positive area seen from +Y is clockwise on the screen.
            let faces_down = (pb - pa).perp_dot(pc - pa) > 0.0;
            let [a, b, c] = [a, b, c].map(|it| first + it as u32);
            self.indices.extend(if faces_down == up { [a, c, b] } else { [a, b, c] });
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// As a mesh.
    pub fn into_mesh(self) -> Mesh {
        Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::default())
            .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, self.positions)
            .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, self.normals)
            .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, self.uvs)
            .with_inserted_indices(Indices::U32(self.indices))
    }
}

/// Twice the area of a plan, positive where x turns to z.
pub fn signed_area(plan: &[Vec2]) -> f32 {
    (0..plan.len()).map(|n| plan[n].perp_dot(plan[(n + 1) % plan.len()])).sum::<f32>() * 0.5
}

/// A plan as triangles, by cutting off ears. What is left of a plan that crosses itself is dropped.
pub fn triangles_of(plan: &[Vec2]) -> Vec<[usize; 3]> {
    let mut left: Vec<usize> = (0..plan.len()).collect();
    if signed_area(plan) < 0.0 {
        left.reverse();
    }
    let mut triangles = Vec::new();
    while left.len() >= 3 {
        let n = left.len();
        let ear = (0..n).find(|&at| {
            let [a, b, c] = [left[(at + n - 1) % n], left[at], left[(at + 1) % n]];
            let (pa, pb, pc) = (plan[a], plan[b], plan[c]);
            let inside = |p: Vec2| {
                (pb - pa).perp_dot(p - pa) > 0.0 && (pc - pb).perp_dot(p - pb) > 0.0 && (pa - pc).perp_dot(p - pc) > 0.0
            };
            (pb - pa).perp_dot(pc - pb) > 1e-7 && !left.iter().any(|&it| inside(plan[it]))
        });
        let Some(at) = ear else { break };
        triangles.push([left[(at + n - 1) % n], left[at], left[(at + 1) % n]]);
        left.remove(at);
    }
    triangles
}

/// A box of dashes, a metre wide, standing on the ground: what has no model yet.
pub fn placeholder() -> Shape {
    let mut shape = Shape::default();
    let corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)];
    let mut dash = |from: Vec3, to: Vec3| {
        let way = to - from;
        for n in 0..4 {
            let middle = from + way * (n as f32 + 0.5) / 4.0;
            let along = way * 0.075;
            let side = way.normalize_or(Vec3::X).any_orthonormal_vector() * 0.012;
            shape.cuboid(middle, along, side, way.normalize_or_zero().cross(side));
        }
    };
    for n in 0..4 {
        let (a, b) = (corners[n], corners[(n + 1) % 4]);
        for y in [0.0, 1.0] {
            dash(Vec3::new(a.0, y, a.1), Vec3::new(b.0, y, b.1));
        }
        dash(Vec3::new(a.0, 0.0, a.1), Vec3::new(a.0, 1.0, a.1));
    }
    shape
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Every number is finite, every triangle has its points, and every face looks the way its normals say.
    #[track_caller]
    pub(crate) fn check_sound(shape: &Shape) {
        assert!(!shape.is_empty());
        assert_eq!(shape.positions.len(), shape.normals.len());
        assert_eq!(shape.positions.len(), shape.uvs.len());
        assert!(shape.positions.iter().chain(&shape.normals).flatten().all(|it| it.is_finite()));
        assert!(shape.uvs.iter().flatten().all(|it| it.is_finite()));
        for triangle in shape.indices.chunks(3) {
            let [a, b, c] = [0, 1, 2].map(|n| Vec3::from(shape.positions[triangle[n] as usize]));
            let face = (b - a).cross(c - a);
            let said = Vec3::from(shape.normals[triangle[0] as usize]);
            assert!(face.length() < 1e-9 || face.normalize().dot(said) > 0.3, "{face} against {said}");
        }
    }

    #[test]
    fn a_box_looks_outward() {
        let mut shape = Shape::default();
        shape.block(Vec3::ZERO, Vec3::new(1.0, 2.0, 3.0));
        check_sound(&shape);
        for (at, normal) in shape.positions.iter().zip(&shape.normals) {
            assert!((Vec3::from(*at) - Vec3::new(0.5, 1.0, 1.5)).dot(Vec3::from(*normal)) > 0.0);
        }
    }

    #[test]
    fn a_floor_covers_its_plan_and_looks_up() {
        let plan = [(0.0, 0.0), (0.0, 4.0), (2.0, 4.0), (2.0, 2.0), (5.0, 2.0), (5.0, 0.0)].map(Vec2::from);
        for plan in [plan.to_vec(), plan.iter().rev().copied().collect()] {
            let area = triangles_of(&plan).iter().map(|it| signed_area(&it.map(|n| plan[n])).abs()).sum::<f32>();
            assert!((area - 14.0).abs() < 1e-4, "{area}");
            let mut shape = Shape::default();
            shape.polygon(&plan, 0.0, true);
            check_sound(&shape);
            let mut shape = Shape::default();
            shape.polygon(&plan, 3.0, false);
            check_sound(&shape);
        }
    }

    #[test]
    fn the_placeholder_is_sound() {
        check_sound(&placeholder());
    }
}
