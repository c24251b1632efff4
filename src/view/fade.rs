//! Buildings open when one looks into them: the roof and the walls on the near side go, and leave a stub.

use bevy::light::NotShadowCaster;
use bevy::mesh::MeshTag;
use bevy::prelude::*;

use super::live::Slots;
use super::screen::SceneCamera;
use crate::twin::{Selection, TwinIndex};
use bevy_panorbit_camera::PanOrbitCamera;

/// A part of a building that can go.
#[derive(Component, Debug)]
pub(super) struct Fading {
    /// The root of the body it belongs to.
    owner: Entity,
    /// Of the plan, in the owner's x and z.
    plan: Rect,
    /// Of the building, metres.
    height: f32,
    kind: FadingKind,
    /// 1 is there, 0 is gone.
    presence: f32,
}

/// Which part.
#[derive(Debug, Clone, Copy)]
pub(super) enum FadingKind {
    /// Goes whenever the building is open.
    Roof,
    /// Goes while it stands between the eye and the inside.
    Wall {
        /// Away from the inside.
        outward: Vec3,
        /// Its middle, on the floor.
        middle: Vec3,
    },
}

impl Fading {
    /// Wholly there.
    pub(super) fn new(owner: Entity, plan: Rect, height: f32, kind: FadingKind) -> Self {
        Self { owner, plan, height, kind, presence: 1.0 }
    }

    /// Whether it can be clicked.
    pub(super) fn is_there(&self) -> bool {
        self.presence > 0.5
    }
}

/// Whether any part is on its way.
#[derive(Resource, Debug, Default)]
pub(super) struct Fades {
    pub(super) moving: bool,
    /// Counts the frames in which one was.
    pub(super) n_moves: u64,
}

/// Seconds that a part takes to go.
const FADE_SECS: f32 = 0.35;

/// From this many times its size a building is looked at from outside.
const NEAR_SIZES: f32 = 2.6;

/// Parts go and come back as the camera and the selection ask.
pub(super) fn fade_buildings(
    time: Res<Time<Real>>,
    selection: Res<Selection>,
    index: Res<TwinIndex>,
    parents: Query<&ChildOf>,
    places: Query<&GlobalTransform>,
    camera: Query<(&Transform, &PanOrbitCamera), With<SceneCamera>>,
    mut parts: Query<(Entity, &mut Fading, &MeshTag, &mut Visibility)>,
    mut slots: ResMut<Slots>,
    mut fades: ResMut<Fades>,
    mut commands: Commands,
) {
    let Ok((eye, orbit)) = camera.single() else { return };
    let selected = selection.twin.and_then(|it| index.twin(it));
    let in_selected = |owner: Entity, place: &GlobalTransform, plan: Rect, height: f32| {
        let Some(selected) = selected else { return false };
        let body_of_selected = parents.get(owner).is_ok_and(|it| it.parent() == selected);
        let inside = places.get(selected).is_ok_and(|it| {
            let at = place.affine().inverse().transform_point3(it.translation());
            plan.contains(Vec2::new(at.x, at.z)) && (-0.5..height).contains(&at.y)
        });
        inside || body_of_selected
    };
    let mut moving = false;
    for (entity, mut part, tag, mut visibility) in &mut parts {
        let Ok(place) = places.get(part.owner) else { continue };
        let into = place.affine().inverse();
        let focus = into.transform_point3(orbit.target_focus);
        let eye_here = into.transform_point3(eye.translation);
        let size = part.plan.size().length();
        let looked_into = part.plan.inflate(0.5).contains(Vec2::new(focus.x, focus.z))
            && focus.y < part.height + 1.0
            && orbit.target_radius < size * NEAR_SIZES;
        let open = looked_into || in_selected(part.owner, place, part.plan, part.height);
        let goes = open
            && match part.kind {
                FadingKind::Roof => eye_here.y > part.height * 0.5,
                FadingKind::Wall { outward, middle } => (eye_here - middle).dot(outward) > 0.0,
            };
        let goal = if goes { 0.0 } else { 1.0 };
        if part.presence.to_bits() == f32::to_bits(goal) {
            continue;
        }
        let step = time.delta_secs().min(0.12) / FADE_SECS;
        part.presence = if goes { (part.presence - step).max(0.0) } else { (part.presence + step).min(1.0) };
        moving = true;
        let mut slot = slots.get(tag.0);
        slot.presence = part.presence;
        slots.set(tag.0, slot);
        visibility.set_if_neq(if part.presence > 0.0 { Visibility::Inherited } else { Visibility::Hidden });
        if goes {
            // What goes casts no shadow into the room.
            commands.entity(entity).insert(NotShadowCaster);
        } else if part.presence >= 1.0 {
            commands.entity(entity).remove::<NotShadowCaster>();
        }
    }
    if moving {
        fades.n_moves += 1;
    }
    if fades.moving != moving {
        fades.moving = moving;
    }
}
