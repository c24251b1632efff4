//! A command's life: asked for, checked, sent, answered by the device, and confirmed only by telemetry.

mod audit;
mod life;
mod log;
mod send;

use bevy::prelude::*;

pub use life::{Phase, confirms};
pub use log::{Ask, CommandLog, CommandRow};

use crate::schedule::Stage;

/// Adds the [`CommandLog`] and the systems that carry commands through their life.
pub fn plugin(app: &mut App) {
    app.init_resource::<CommandLog>().add_message::<Ask>().add_systems(
        Update,
        (send::take_answers, send::judge_open, send::send_asked, audit::keep_audit, audit::replay_audit)
            .chain()
            .in_set(Stage::Act),
    );
}
