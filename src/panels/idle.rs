//! Lets the panels rest while nothing happens.

use bevy::prelude::*;
use bevy_egui::EguiInput;
use egui::{Event, Modifiers};

/// Takes out what says nothing new. `bevy_egui` tells of the modifier keys in every frame, whether or not one was
/// pressed, and egui answers every event with a wish for another frame: the window would never rest.
pub(super) fn drop_unchanged_modifiers(mut before: Local<Option<Modifiers>>, mut inputs: Query<&mut EguiInput>) {
    for mut input in &mut inputs {
        input.0.events.retain(|it| {
            let Event::ModifiersChanged(now) = it else { return true };
            before.replace(*now) != Some(*now)
        });
    }
}
