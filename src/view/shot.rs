//! Pictures of what is shown, and whether all of it is there to be pictured.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bevy::prelude::*;
use bevy::render::render_resource::PipelineCache;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy::render::{Render, RenderApp, RenderSystems};

use super::drawn::Built;
use super::models::{Filled, Model};
use super::screen::Screen;

/// Whether all models stand and everything that is seen has been drawn.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled(pub bool);

/// A request to save a picture of the whole window, panels included, as PNG.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct TakeShot(pub PathBuf);

/// A picture was saved, or could not be.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct ShotSaved {
    /// Where.
    pub path: PathBuf,
    /// Why it could not be saved. `None`: it was.
    pub error: Option<String>,
}

/// How many pipelines the renderer is still compiling. It counts in its own world.
#[derive(Resource, Debug, Clone, Default)]
pub(super) struct Compiling(Arc<AtomicUsize>);

/// Frames in a row without anything new.
const QUIET_FRAMES: u32 = 12;

pub(super) fn plugin(app: &mut App) {
    let compiling = Compiling::default();
    app.init_resource::<Settled>()
        .add_message::<TakeShot>()
        .add_message::<ShotSaved>()
        .insert_resource(compiling.clone());
    if let Some(render) = app.get_sub_app_mut(RenderApp) {
        render.insert_resource(compiling).add_systems(Render, count_pipelines.in_set(RenderSystems::Cleanup));
    }
}

fn count_pipelines(cache: Res<PipelineCache>, compiling: Res<Compiling>) {
    compiling.0.store(cache.waiting_pipelines().count(), Ordering::Relaxed);
}

/// Looks whether everything has come.
pub(super) fn settle(
    waiting: Query<(), (With<Model>, Without<Filled>)>,
    built: Res<Built>,
    compiling: Res<Compiling>,
    mut quiet: Local<(u64, u32)>,
    mut settled: ResMut<Settled>,
) {
    let calm = waiting.is_empty() && quiet.0 == built.n_changes && compiling.0.load(Ordering::Relaxed) == 0;
    *quiet = (built.n_changes, if calm { quiet.1.saturating_add(1) } else { 0 });
    settled.set_if_neq(Settled(built.n_changes > 0 && quiet.1 >= QUIET_FRAMES));
}

/// Takes the pictures that were asked for.
pub(super) fn take_shots(screen: Res<Screen>, mut requests: MessageReader<TakeShot>, mut commands: Commands) {
    for TakeShot(path) in requests.read() {
        let shot = screen.whole.clone().map_or_else(Screenshot::primary_window, Screenshot::image);
        let path = path.clone();
        commands.spawn(shot).observe(move |captured: On<ScreenshotCaptured>, mut saved: MessageWriter<ShotSaved>| {
            let picture = captured.image.clone().try_into_dynamic().map_err(|it| it.to_string());
            let error = picture.and_then(|it| it.to_rgb8().save(&path).map_err(|it| it.to_string())).err();
            saved.write(ShotSaved { path: path.clone(), error });
        });
    }
}
