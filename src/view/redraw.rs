//! When a new picture is drawn: while something moves, and when something changed. Else the last one stands.

use std::time::Duration;

use bevy::prelude::*;
use bevy::window::RequestRedraw;
use bevy::winit::{UpdateMode, WinitSettings};

use super::camera::Flights;
use super::drawn::Built;
use super::fade::Fades;
use super::lens::LensMotion;
use super::live::Slots;
use super::motion::{Motion, Part};
use super::quality::{Quality, Tier};
use super::screen::{SceneCamera, Target, ViewRect, Wanted};
use super::shot::Settled;
use crate::command::CommandLog;
use crate::link::LinkState;
use crate::session::Session;
use crate::twin::{Readings, Selection};

/// What the last picture showed.
#[derive(Debug, Default)]
pub(super) struct Last {
    n_uploads: u64,
    n_built: u64,
    selection: Option<Selection>,
    rect: Option<Rect>,
    drawn_at: f32,
    /// Frames that are still drawn after the last change: what the renderer has not caught up with.
    left: u32,
}

/// Frames that the renderer needs to catch up with a change.
const SETTLE_FRAMES: u32 = 3;

/// The wait for a frame while something on the screen counts seconds: an age, a countdown, a reading that may go stale.
const COUNTING_SECS: f32 = 0.5;

/// The wait for a frame while only the clock goes on.
fn idle_secs(tier: Tier) -> f32 {
    match tier {
        Tier::Full => 1.0,
        // Where the processor draws, a second's picture of the clock alone would cost a tenth of a core.
        Tier::Software => 10.0,
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Motion>().init_resource::<Fades>();
}

/// Lets the scene's camera draw, or not, and asks for the next frame.
pub(super) fn ask_for_frames(
    time: Res<Time<Real>>,
    wanted: Res<Wanted>,
    quality: Res<Quality>,
    slots: Res<Slots>,
    built: Res<Built>,
    selection: Res<Selection>,
    settled: Res<Settled>,
    rect: Res<ViewRect>,
    moving: (Res<Motion>, Res<Fades>, Res<Flights>, Res<LensMotion>),
    (readings, log, session): (Res<Readings>, Res<CommandLog>, Res<Session>),
    parts: Query<(), (With<Part>, Changed<Transform>)>,
    mut camera: Query<(&mut Camera, Ref<Transform>), With<SceneCamera>>,
    mut last: Local<Last>,
    mut redraws: MessageWriter<RequestRedraw>,
    winit: Option<ResMut<WinitSettings>>,
) {
    let Ok((mut camera, place)) = camera.single_mut() else { return };
    if matches!(wanted.0, Target::Image(_)) {
        return;
    }
    let (motion, fades, flights, lens) = moving;
    let now = time.elapsed_secs();
    // What a person does is shown at once; what moves by itself, as often as the machine affords.
    let at_once = place.is_changed()
        || flights.flying()
        || fades.moving
        || lens.moving
        || last.selection != Some(*selection)
        || last.rect != Some(rect.0)
        || last.n_built != built.n_changes
        || !settled.0;
    let by_itself = last.n_uploads != slots.n_uploads || motion.moving || !parts.is_empty();
    let pause = quality.fps_cap().map_or(0.0, |it| 1.0 / it);
    if at_once {
        last.left = SETTLE_FRAMES;
    }
    let due = last.left > 0 || (by_itself && now - last.drawn_at >= pause * 0.95);
    if camera.is_active != due {
        camera.is_active = due;
    }
    let waits = by_itself && !due;
    if due {
        last.left = last.left.saturating_sub(1);
        last.drawn_at = now;
        last.n_uploads = slots.n_uploads;
        last.n_built = built.n_changes;
        last.selection = Some(*selection);
        last.rect = Some(rect.0);
    }
    if last.left > 0 || (motion.moving && pause <= 0.0) {
        redraws.write(RequestRedraw);
    }
    if let Some(mut winit) = winit {
        let counting = readings.any_current()
            || log.rows.iter().any(|it| it.is_awaited())
            || session.link.as_ref().is_some_and(|it| !matches!(it.state(), LinkState::Connected { .. }));
        let wait = if motion.moving || waits {
            pause.max(0.01)
        } else if counting {
            COUNTING_SECS
        } else {
            idle_secs(quality.tier)
        };
        let wait = Duration::from_secs_f32(wait);
        let wanted = WinitSettings {
            focused_mode: UpdateMode::reactive(wait),
            unfocused_mode: UpdateMode::reactive_low_power(wait.max(Duration::from_millis(100))),
        };
        if winit.focused_mode != wanted.focused_mode || winit.unfocused_mode != wanted.unfocused_mode {
            *winit = wanted;
        }
    }
}
