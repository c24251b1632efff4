//! How much the picture may cost: everything on a graphics card, less where the processor draws.

use bevy::anti_alias::fxaa::Fxaa;
use bevy::light::{DirectionalLightShadowMap, ShadowFilteringMethod};
use bevy::pbr::ScreenSpaceAmbientOcclusion;
use bevy::prelude::*;
use bevy::render::renderer::RenderAdapterInfo;

use super::screen::SceneCamera;

/// What is drawn, and why so.
#[derive(Resource, Debug, Clone, PartialEq)]
pub struct Quality {
    /// The tier.
    pub tier: Tier,
    /// For people: what was found.
    pub why: String,
    /// The time between the last frames, smoothed, milliseconds.
    pub frame_ms: f32,
}

/// How much the picture may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tier {
    /// Soft shadows, ambient occlusion, smooth edges, every frame.
    #[default]
    Full,
    /// What a processor can draw: fewer pixels, one shadow map, few frames a second.
    Software,
}

impl Quality {
    /// Pixels of the scene for each pixel of the screen, along one side.
    pub(super) fn resolution(&self) -> f32 {
        match self.tier {
            Tier::Full => 1.0,
            Tier::Software => 0.6,
        }
    }

    /// The most frames a second that motion asks for. `None`: as many as the screen shows.
    pub fn fps_cap(&self) -> Option<f32> {
        match self.tier {
            Tier::Full => None,
            Tier::Software => Some(5.0),
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.insert_resource(Quality {
        tier: Tier::Full,
        why: "no graphics adapter has been seen yet".to_owned(),
        frame_ms: 0.0,
    });
}

/// Once: the adapter decides.
pub(super) fn choose_tier(
    adapter: Option<Res<RenderAdapterInfo>>,
    time: Res<Time<Real>>,
    wanted: Res<super::screen::Wanted>,
    cameras: Query<Entity, With<SceneCamera>>,
    mut chosen: Local<bool>,
    mut quality: ResMut<Quality>,
    mut commands: Commands,
) {
    let frame_ms = time.delta_secs() * 1e3;
    quality.bypass_change_detection().frame_ms += (frame_ms - quality.frame_ms) * 0.1;
    let Some(adapter) = adapter.filter(|_| !*chosen) else { return };
    let Ok(camera) = cameras.single() else { return };
    *chosen = true;
    let name = &adapter.name;
    // A picture for a document takes the time that it takes.
    let still = matches!(wanted.0, super::screen::Target::Image(_));
    let software = format!("{:?}", adapter.device_type) == "Cpu";
    if software {
        quality.why = format!("{name} draws on the processor: fewer pixels, few frames a second");
        quality.tier = if still { Tier::Full } else { Tier::Software };
    } else {
        quality.why = format!("{name} draws: everything is on");
        quality.tier = Tier::Full;
    }
    info!("{}", quality.why);
    let mut camera = commands.entity(camera);
    match quality.tier {
        Tier::Full if software => {
            camera.insert((Msaa::Sample4, ShadowFilteringMethod::Gaussian));
            commands.insert_resource(DirectionalLightShadowMap { size: 2048 });
        }
        Tier::Full => {
            camera.insert((Msaa::Off, ScreenSpaceAmbientOcclusion::default(), ShadowFilteringMethod::Gaussian));
            camera.insert(bevy::anti_alias::smaa::Smaa::default());
            commands.insert_resource(DirectionalLightShadowMap { size: 4096 });
        }
        Tier::Software => {
            camera.insert((Msaa::Off, Fxaa::default(), ShadowFilteringMethod::Hardware2x2));
            commands.insert_resource(DirectionalLightShadowMap { size: 2048 });
        }
    }
}
