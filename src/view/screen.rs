//! Where the scene is drawn: an image of its own, shown in the part of the window that the panels leave free.
//!
//! A camera that draws to the window would have to draw again whenever a panel changes. This one only draws when the
//! scene changed, and on a slow machine with fewer pixels, while text stays sharp.

use bevy::camera::{RenderTarget, visibility::RenderLayers};
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy::window::PrimaryWindow;
use bevy_egui::{EguiGlobalSettings, EguiTextureHandle, EguiUserTextures, PrimaryEguiContext, egui};

use super::quality::Quality;

/// Where the picture goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// To the primary window.
    #[default]
    Window,
    /// To an image of this size in pixels, panels included; there is no window.
    Image(UVec2),
}

/// The part of the window, or of the image, that the panels leave free: logical pixels.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Deref)]
pub struct ViewRect(pub Rect);

/// A request to draw the scene in this part of the window: logical pixels. The panels write it when it changes.
#[derive(Message, Debug, Clone, Copy, PartialEq)]
pub struct Frame(pub Rect);

/// What the plugin was asked for.
#[derive(Resource, Debug, Clone, Copy)]
pub(super) struct Wanted(pub(super) Target);

/// The scene's camera.
#[derive(Component, Debug)]
pub(super) struct SceneCamera;

/// The image that the scene is drawn to, and the one that everything is drawn to where there is no window.
#[derive(Resource, Debug)]
pub(super) struct Screen {
    /// The scene alone.
    pub(super) scene: Handle<Image>,
    /// The same for egui.
    pub(super) texture: egui::TextureId,
    /// Scene and panels. `None`: they go to the window.
    pub(super) whole: Option<Handle<Image>>,
}

/// Nothing but egui is drawn by the second camera.
const NO_SCENE: RenderLayers = RenderLayers::layer(31);

pub(super) fn plugin(app: &mut App) {
    app.insert_resource(ViewRect(Rect::new(0.0, 0.0, 1280.0, 720.0)))
        .add_message::<Frame>()
        .add_systems(PreStartup, open_screen);
}

pub(super) fn open_screen(
    wanted: Res<Wanted>,
    mut images: ResMut<Assets<Image>>,
    mut textures: ResMut<EguiUserTextures>,
    mut settings: ResMut<EguiGlobalSettings>,
    mut commands: Commands,
) {
    // The primary context belongs to the camera that draws last, not to the first one spawned.
    settings.auto_create_primary_context = false;
    let image = |size: UVec2| Image::new_target_texture(size.x, size.y, TextureFormat::Rgba8UnormSrgb, None);
    let scene = images.add(image(UVec2::new(1280, 720)));
    let texture = textures.add_image(EguiTextureHandle::Strong(scene.clone()));
    let mut panels = commands.spawn((
        Name::new("panels"),
        Camera2d,
        PrimaryEguiContext,
        Camera { order: 1, clear_color: ClearColorConfig::Custom(super::palette::BACKDROP), ..default() },
        Msaa::Off,
        NO_SCENE,
    ));
    let whole = match wanted.0 {
        Target::Window => None,
        Target::Image(size) => {
            let whole = images.add(image(size));
            panels.insert(RenderTarget::Image(whole.clone().into()));
            Some(whole)
        }
    };
    commands.insert_resource(Screen { scene, texture, whole });
}

/// The scene's image gets the size of its place, at the resolution that the quality affords.
pub(super) fn fit_image(
    wanted: Res<Wanted>,
    quality: Res<Quality>,
    screen: Res<Screen>,
    window: Query<&Window, With<PrimaryWindow>>,
    mut frames: MessageReader<Frame>,
    mut rect: ResMut<ViewRect>,
    mut framed: Local<bool>,
    mut images: ResMut<Assets<Image>>,
) {
    let (size, scale) = match wanted.0 {
        Target::Image(size) => (size.as_vec2(), 1.0),
        Target::Window => match window.single() {
            Ok(window) => (window.size(), window.scale_factor()),
            Err(_) => return,
        },
    };
    let mut next = rect.0;
    if let Some(Frame(asked)) = frames.read().last() {
        *framed = true;
        next = *asked;
    } else if !*framed {
        next = Rect::from_corners(Vec2::ZERO, size);
    }
    rect.set_if_neq(ViewRect(next));
    let pixels = (next.size() * scale * quality.resolution()).as_uvec2().clamp(UVec2::splat(16), UVec2::splat(4096));
    if images.get(&screen.scene).is_some_and(|it| it.size() != pixels)
        && let Some(mut image) = images.get_mut(&screen.scene)
    {
        image.resize(bevy::render::render_resource::Extent3d {
            width: pixels.x,
            height: pixels.y,
            depth_or_array_layers: 1,
        });
    }
}
