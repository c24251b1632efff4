//! What stands in the scene: the body of each twin as children of its entity, and the props.
//!
//! A body is built again when the site's text of it changed, and goes when its twin goes.

use std::collections::BTreeMap;

use bevy::light::NotShadowCaster;
use bevy::math::Vec2Swizzles;
use bevy::mesh::MeshTag;
use bevy::prelude::*;
use bevy_mod_outline::StopPropagateOutline;

use super::fade::{Fading, FadingKind};
use super::live::{LiveMaterial, SlotKey, Slots, Surfaces};
use super::models::Model;
use super::motion::Part;
use super::shapes::Shape;
use super::{pipes, rooms};
use crate::session::CurrentSite;
use crate::site::doc::{BodyDoc, OpeningDoc, PropDoc};
use crate::site::{Look, Site, Twin, TwinId};
use crate::twin::TwinIndex;

/// The root of a twin's body.
#[derive(Component, Debug)]
pub(super) struct BodyOf(pub(super) TwinId);

/// The root of a prop, which is no twin.
#[derive(Component, Debug)]
pub(super) struct PropBody;

/// A mesh of a twin. `None`: of a prop.
#[derive(Component, Debug, Clone, Copy)]
pub(super) struct MeshOf(pub(super) Option<TwinId>);

/// What was built from which text.
#[derive(Resource, Debug, Default)]
pub(super) struct Built {
    twins: BTreeMap<TwinId, (Option<BodyDoc>, Vec<Look>, Vec<Rect>, Option<Entity>)>,
    props: Vec<(PropDoc, Vec<Entity>)>,
    /// Counts every change, so that others see one.
    pub(super) n_changes: u64,
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Built>();
}

/// Puts meshes into the world: everything that building a body needs.
pub(super) struct Builder<'a, 'w, 's> {
    pub(super) meshes: &'a mut Assets<Mesh>,
    pub(super) materials: &'a mut Assets<LiveMaterial>,
    pub(super) surfaces: &'a mut Surfaces,
    pub(super) slots: &'a mut Slots,
    pub(super) commands: &'a mut Commands<'w, 's>,
    /// What the basins of the site cut out of the body's slab, in its x and z.
    pub(super) holes: &'a [Rect],
}

impl Builder<'_, '_, '_> {
    /// The slot of a twin's part: its own where a look asks for one, else that of the whole twin.
    pub(super) fn slot_of(&mut self, twin: Option<TwinId>, part: Option<&str>) -> u32 {
        let Some(twin) = twin else { return 0 };
        if let Some(part) = part
            && let Some(own) = self.slots.find(&SlotKey::Part(twin, part.to_owned()))
        {
            return own;
        }
        self.slots.claim(SlotKey::Twin(twin))
    }

    /// Spawns a mesh below a parent.
    pub(super) fn mesh(
        &mut self,
        parent: Entity,
        mesh: Handle<Mesh>,
        surface: &str,
        twin: Option<TwinId>,
        slot: u32,
    ) -> Entity {
        let material = self.surfaces.of(surface, self.materials);
        let bundle = (Mesh3d(mesh), MeshMaterial3d(material), MeshTag(slot), MeshOf(twin), ChildOf(parent));
        let entity = self.commands.spawn(bundle).id();
        if ["glass", "water"].contains(&surface) {
            self.commands.entity(entity).insert(NotShadowCaster);
        }
        entity
    }

    fn shape(
        &mut self,
        parent: Entity,
        shape: Shape,
        surface: &str,
        twin: Option<TwinId>,
        slot: u32,
    ) -> Option<Entity> {
        if shape.is_empty() {
            return None;
        }
        let mesh = self.meshes.add(shape.into_mesh());
        Some(self.mesh(parent, mesh, surface, twin, slot))
    }

    /// Spawns a body below a parent.
    pub(super) fn body(&mut self, parent: Entity, body: &BodyDoc, twin: Option<TwinId>) {
        let slot = self.slot_of(twin, None);
        match body {
            BodyDoc::Model(path) => {
                self.commands.entity(parent).insert(Model { path: path.clone(), twin });
            }
            BodyDoc::Pipe { path, diameter } => {
                let path: Vec<Vec3> = path.iter().copied().map(Vec3::from).collect();
                self.shape(parent, pipes::pipe(&path, *diameter), "pipe", twin, slot);
                self.shape(parent, pipes::flanges(&path, *diameter), "steel", twin, slot);
            }
            BodyDoc::Room { plan, height, openings } => {
                let plan = corners(plan);
                let slot = self.slot_of(twin, Some("floor"));
                self.shape(parent, rooms::floor(&plan), "floor", twin, slot);
                self.walls(parent, &plan, *height, rooms::PARTITION, openings, twin);
            }
            BodyDoc::Shell { plan, height, openings } => {
                let plan = corners(plan);
                self.walls(parent, &plan, *height, -rooms::OUTER_WALL, openings, twin);
                let slot = self.slot_of(twin, Some("roof"));
                if let Some(roof) = self.shape(parent, rooms::roof(&plan, *height), "roof", twin, slot) {
                    self.fading(roof, parent, &plan, *height, FadingKind::Roof);
                }
            }
            BodyDoc::Slab { size, thickness } => {
                self.shape(parent, rooms::slab(Vec2::from(*size), *thickness, self.holes), "slab", twin, slot);
            }
            BodyDoc::Basin { size, depth, wall } => {
                let size = Vec2::from(*size);
                self.shape(parent, rooms::basin(size, *depth, *wall), "concrete", twin, slot);
                let rest = Transform::from_xyz(0.0, -depth, 0.0).with_scale(Vec3::new(1.0, depth * 0.8, 1.0));
                let part = Part { twin, name: "liquid".to_owned(), rest };
                let liquid = self.commands.spawn((part, rest, Visibility::default(), ChildOf(parent))).id();
                let slot = self.slot_of(twin, Some("liquid"));
                self.shape(liquid, rooms::water(size), "water", twin, slot);
            }
        }
    }

    fn walls(
        &mut self,
        parent: Entity,
        plan: &[Vec2],
        height: f32,
        thickness: f32,
        openings: &[OpeningDoc],
        twin: Option<TwinId>,
    ) {
        let slot = self.slot_of(twin, Some("walls"));
        for wall in rooms::walls(plan, height, thickness, openings) {
            self.shape(parent, wall.stub, "cut", twin, slot);
            let kind = FadingKind::Wall { outward: wall.outward, middle: wall.middle };
            for (shape, surface) in [(wall.upper, "wall"), (wall.frames, "paint_dark"), (wall.panes, "glass")] {
                if let Some(it) = self.shape(parent, shape, surface, twin, slot) {
                    self.fading(it, parent, plan, height, kind);
                }
            }
        }
    }

    fn fading(&mut self, entity: Entity, owner: Entity, plan: &[Vec2], height: f32, kind: FadingKind) {
        let low = plan.iter().copied().reduce(Vec2::min).unwrap_or_default();
        let high = plan.iter().copied().reduce(Vec2::max).unwrap_or_default();
        let slot = self.slots.claim(SlotKey::Wall(entity));
        // What may be gone has no outline: the stubs and the floor have.
        let fading = Fading::new(owner, Rect::from_corners(low, high), height, kind);
        self.commands.entity(entity).insert((MeshTag(slot), fading, StopPropagateOutline));
    }
}

fn corners(plan: &[(f32, f32)]) -> Vec<Vec2> {
    plan.iter().copied().map(Vec2::from).collect()
}

/// Bodies of twins that are no more, or that changed, go.
pub(super) fn forget_gone(
    site: Res<CurrentSite>,
    mut gone_walls: RemovedComponents<Fading>,
    mut built: ResMut<Built>,
    mut slots: ResMut<Slots>,
    mut commands: Commands,
) {
    for wall in gone_walls.read() {
        slots.release_wall(wall);
    }
    if !site.is_changed() {
        return;
    }
    let basins = basins_of(&site);
    let built = &mut *built;
    built.twins.retain(|id, (body, looks, holes, root)| {
        let same = site
            .twin(*id)
            .is_some_and(|it| it.body == *body && it.looks == *looks && twin_holes(&site, &basins, it) == *holes);
        if !same {
            slots.release_twin(*id);
            if let Some(root) = root {
                commands.entity(*root).try_despawn();
            }
            built.n_changes += 1;
        }
        same
    });
    let wanted = &site.props;
    built.props.retain(|(prop, roots)| {
        let keep = wanted.contains(prop);
        if !keep {
            roots.iter().for_each(|it| commands.entity(*it).try_despawn());
        }
        keep
    });
}

/// Every twin gets the body that the site describes.
pub(super) fn build_bodies(
    site: Res<CurrentSite>,
    index: Res<TwinIndex>,
    mut built: ResMut<Built>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<LiveMaterial>>,
    mut surfaces: ResMut<Surfaces>,
    mut slots: ResMut<Slots>,
    mut commands: Commands,
) {
    if !site.is_changed() && !index.is_changed() {
        return;
    }
    let basins = basins_of(&site);
    for twin in &site.twins {
        let Some(entity) = index.twin(twin.id).filter(|_| !built.twins.contains_key(&twin.id)) else { continue };
        for part in twin.looks.iter().filter_map(|it| it.part.clone()) {
            slots.claim(SlotKey::Part(twin.id, part));
        }
        slots.claim(SlotKey::Twin(twin.id));
        let holes = twin_holes(&site, &basins, twin);
        let root = twin.body.as_ref().map(|body| {
            let root =
                commands.spawn((BodyOf(twin.id), Transform::default(), Visibility::default(), ChildOf(entity))).id();
            let mut builder = Builder {
                meshes: &mut meshes,
                materials: &mut materials,
                surfaces: &mut surfaces,
                slots: &mut slots,
                commands: &mut commands,
                holes: &holes,
            };
            builder.body(root, body, Some(twin.id));
            root
        });
        built.twins.insert(twin.id, (twin.body.clone(), twin.looks.clone(), holes, root));
        built.n_changes += 1;
    }
}

/// Every prop stands wherever the site puts a copy of it.
pub(super) fn build_props(
    site: Res<CurrentSite>,
    mut built: ResMut<Built>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<LiveMaterial>>,
    mut surfaces: ResMut<Surfaces>,
    mut slots: ResMut<Slots>,
    mut commands: Commands,
) {
    if !site.is_changed() {
        return;
    }
    let basins = basins_of(&site);
    for prop in &site.props {
        if built.props.iter().any(|it| it.0 == *prop) {
            continue;
        }
        let mut roots = Vec::new();
        for at in &prop.at {
            let place = Transform::from_translation(Vec3::from(at.pos))
                .with_rotation(Quat::from_rotation_y(at.yaw.to_radians()))
                .with_scale(Vec3::splat(at.scale));
            let holes = holes_in(&prop.body, place, &basins);
            let root = commands.spawn((PropBody, place, Visibility::default())).id();
            let mut builder = Builder {
                meshes: &mut meshes,
                materials: &mut materials,
                surfaces: &mut surfaces,
                slots: &mut slots,
                commands: &mut commands,
                holes: &holes,
            };
            builder.body(root, &prop.body, None);
            roots.push(root);
        }
        built.props.push((prop.clone(), roots));
        built.n_changes += 1;
    }
}

/// A basin that reaches into the ground: its footprint's middle, its half extents' axes, its rim's and bottom's heights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Dug {
    place: Transform,
    half: Vec2,
    depth: f32,
}

fn place_in_world(site: &Site, twin: &Twin) -> Transform {
    let own = Transform::from_translation(Vec3::from(twin.at.pos))
        .with_rotation(Quat::from_rotation_y(twin.at.yaw.to_radians()))
        .with_scale(Vec3::splat(twin.at.scale));
    match twin.parent.and_then(|it| site.twin(it)) {
        Some(parent) => place_in_world(site, parent) * own,
        None => own,
    }
}

/// The basins of a site.
pub(super) fn basins_of(site: &Site) -> Vec<Dug> {
    let dug = |twin: &Twin| match &twin.body {
        Some(BodyDoc::Basin { size, depth, wall }) => {
            // A little less than the outer wall, so that no gap shows.
            let half = Vec2::from(*size) * 0.5 + Vec2::splat(wall * 0.8);
            Some(Dug { place: place_in_world(site, twin), half, depth: *depth })
        }
        _ => None,
    };
    site.twins.iter().filter_map(dug).collect()
}

/// What basins cut out of a plane at this place. Only those that stand square to it.
pub(super) fn holes_at(place: Transform, basins: &[Dug]) -> Vec<Rect> {
    let into = place.to_matrix().inverse();
    let hole = |basin: &Dug| {
        let middle = into.transform_point3(basin.place.translation);
        if middle.y < -0.05 || middle.y - basin.depth > -0.05 {
            return None;
        }
        let way = into.transform_vector3(basin.place.rotation * Vec3::X).normalize_or(Vec3::X);
        let half = if way.x.abs() > 0.99 {
            basin.half
        } else if way.z.abs() > 0.99 {
            basin.half.yx()
        } else {
            return None;
        };
        Some(Rect::from_center_half_size(Vec2::new(middle.x, middle.z), half))
    };
    basins.iter().filter_map(hole).collect()
}

fn holes_in(body: &BodyDoc, place: Transform, basins: &[Dug]) -> Vec<Rect> {
    if matches!(body, BodyDoc::Slab { .. }) { holes_at(place, basins) } else { Vec::new() }
}

fn twin_holes(site: &Site, basins: &[Dug], twin: &Twin) -> Vec<Rect> {
    twin.body.as_ref().map(|it| holes_in(it, place_in_world(site, twin), basins)).unwrap_or_default()
}
