//! The outline of what is selected, and a thinner one of what the pointer is over.

use bevy::prelude::*;
use bevy_mod_outline::{OutlineMode, OutlinePlugin, OutlineStencil, OutlineVolume, PropagateOutline};

use super::drawn::BodyOf;
use super::palette;
use crate::site::TwinId;
use crate::twin::{Selection, TwinIndex};

pub(super) fn plugin(app: &mut App) {
    app.add_plugins(OutlinePlugin::JUMP_FLOOD);
}

type Outlined = (OutlineVolume, OutlineStencil, OutlineMode, PropagateOutline);

fn outline(color: Color, width: f32) -> Outlined {
    let volume = OutlineVolume { visible: true, width, colour: color };
    (volume, OutlineStencil::default(), OutlineMode::FloodFlat, PropagateOutline)
}

/// Outlines follow the selection. Everything below a selected twin is inside its one outline.
pub(super) fn outline_twins(
    selection: Res<Selection>,
    index: Res<TwinIndex>,
    bodies: Query<(Entity, &BodyOf)>,
    outlined: Query<Entity, With<PropagateOutline>>,
    mut shown: Local<Option<Selection>>,
    mut commands: Commands,
) {
    if *shown == Some(*selection) && !index.is_changed() {
        return;
    }
    *shown = Some(*selection);
    for entity in &outlined {
        commands.entity(entity).try_remove::<Outlined>();
    }
    let body_of = |twin: TwinId| bodies.iter().find(|it| it.1.0 == twin).map(|it| it.0);
    if let Some(body) = selection.hovered.filter(|it| Some(*it) != selection.twin).and_then(body_of) {
        commands.entity(body).try_insert(outline(palette::HOVER, 1.0));
    }
    if let Some(twin) = selection.twin.and_then(|it| index.twin(it)) {
        commands.entity(twin).try_insert(outline(palette::ACCENT, 2.0));
    }
}
