//! The 3D view: a calm studio in which every twin stands, and lives as its readings say.
//!
//! It reads the model and writes none of it: what a person does here leaves as requests ([`crate::twin::Select`],
//! [`Camera`]). The scene is drawn into an image of its own, which stands in the free part of the window, so that a
//! frame of the panels costs no frame of the scene.

mod badges;
mod camera;
mod desired;
mod drawn;
mod environment;
mod fade;
mod ghost;
mod labels;
mod lens;
mod live;
pub mod looks;
mod models;
mod motion;
mod outline;
mod outlines;
mod overlay;
mod palette;
mod picking;
mod pipes;
pub mod placing;
mod quality;
mod redraw;
mod rooms;
mod screen;
pub mod shapes;
mod shot;
mod studio;
mod watermark;

use bevy::prelude::*;

pub use camera::{Camera, SHORTCUTS, Shortcut};
pub use lens::{Lens, LensKind, Pattern, SHADES, SetLens, Shade, ShadeLook, Shades};
pub use quality::{Quality, Tier};
pub use screen::{Frame, Target, ViewRect};
pub use shot::{Settled, ShotSaved, TakeShot};

use crate::schedule::Stage;

/// Adds the 3D view. Needs the renderer; everything headless runs without it.
#[derive(Debug, Clone, Default)]
pub struct ViewPlugin {
    /// Where the picture goes.
    pub target: Target,
}

impl Plugin for ViewPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(screen::Wanted(self.target)).add_plugins((
            screen::plugin,
            quality::plugin,
            live::plugin,
            lens::plugin,
            studio::plugin,
            drawn::plugin,
            camera::plugin,
            picking::plugin,
            outline::plugin,
            overlay::plugin,
            redraw::plugin,
            shot::plugin,
        ));
        // In this order: what is there, what it shows, from where, and whether that asks for a new picture.
        app.add_systems(
            Update,
            (
                quality::choose_tier,
                (drawn::forget_gone, drawn::build_bodies, drawn::build_props, models::fill_models).chain(),
                picking::pick,
                camera::take_shortcuts,
                camera::take_requests,
                camera::fly,
                camera::gate_input,
                studio::dig_basins,
                studio::follow_sun,
                lens::set_lens,
                motion::show_looks,
                lens::shade_twins,
                motion::turn_parts,
                fade::fade_buildings,
                outline::outline_twins,
                live::upload_slots,
                screen::fit_image,
                (shot::settle, shot::take_shots, redraw::ask_for_frames).chain(),
            )
                .chain()
                .in_set(Stage::Show),
        );
    }
}
