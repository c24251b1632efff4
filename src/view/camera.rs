//! The camera: a person orbits, pans and zooms; requests let it fly, which any touch interrupts.

use std::collections::VecDeque;

use bevy::camera::primitives::Aabb;
use bevy::camera::{Exposure, RenderTarget};
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::prelude::*;
use bevy_egui::input::EguiWantsInput;
use bevy_panorbit_camera::{ActiveCameraData, PanOrbitCamera, PanOrbitCameraPlugin};

use super::drawn::PropBody;
use super::lens::Lens;
use super::picking::PointerAt;
use super::screen::{SceneCamera, Screen, ViewRect};
use super::studio::Backdrop;
use super::{environment, shot::Settled};
use crate::session::CurrentSite;
use crate::site::{Site, TwinId};
use crate::twin::{Select, Selection, TwinIndex};

/// A request to move the camera.
#[derive(Message, Debug, Clone, PartialEq)]
pub enum Camera {
    /// Until a twin fills the view.
    FlyTo(TwinId),
    /// To a viewpoint of the site, by its id.
    Viewpoint(String),
    /// To the site's first viewpoint, or to where all of it is seen.
    Home,
    /// Back to where it stood before it last flew.
    Back,
    /// From an eye to a target, in metres.
    View {
        /// Where the eye is.
        eye: Vec3,
        /// What it looks at.
        target: Vec3,
    },
}

/// A key of the 3D view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortcut {
    /// The keys as they are printed, such as `Home`; several that do the same are separated by `, `.
    pub keys: &'static str,
    /// What they do, as a line of the help.
    pub does: &'static str,
}

/// All keys of the 3D view. `take_shortcuts` obeys them.
pub const SHORTCUTS: &[Shortcut] = &[
    Shortcut { keys: "Home", does: "Fly to where the whole site is seen" },
    Shortcut { keys: "F", does: "Fly to the selected twin" },
    Shortcut { keys: "Backspace", does: "Fly back to where the camera was" },
    Shortcut { keys: "1, 2, 3, 4, 5, 6, 7, 8, 9", does: "Fly to a viewpoint of the site" },
    Shortcut { keys: "Esc", does: "Select nothing" },
];

/// Where the camera stands.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pose {
    focus: Vec3,
    /// Radians about Y; 0 looks along -Z.
    yaw: f32,
    /// Radians down.
    pitch: f32,
    /// Metres from the focus.
    radius: f32,
}

/// A flight under way, and the poses to go back to.
#[derive(Resource, Debug, Default)]
pub(super) struct Flights {
    now: Option<(Pose, Pose, f32)>,
    back: VecDeque<Pose>,
    homed: bool,
}

/// How long a flight takes, seconds.
const FLIGHT_SECS: f32 = 0.55;

impl Flights {
    /// Whether the camera flies.
    pub(super) fn flying(&self) -> bool {
        self.now.is_some()
    }
}

impl Pose {
    fn looking(eye: Vec3, target: Vec3) -> Self {
        let out = eye - target;
        let radius = out.length().max(0.2);
        Self { focus: target, yaw: out.x.atan2(out.z), pitch: (out.y / radius).clamp(-1.0, 1.0).asin(), radius }
    }

    fn between(self, to: Self, part: f32) -> Self {
        // Eased in and out, and around the shorter way.
        let part = part * part * (3.0 - 2.0 * part);
        let turn = (to.yaw - self.yaw + std::f32::consts::PI).rem_euclid(std::f32::consts::TAU) - std::f32::consts::PI;
        Self {
            focus: self.focus.lerp(to.focus, part),
            yaw: self.yaw + turn * part,
            pitch: self.pitch + (to.pitch - self.pitch) * part,
            radius: self.radius * (to.radius / self.radius).powf(part),
        }
    }

    fn of(camera: &PanOrbitCamera) -> Self {
        Self {
            focus: camera.target_focus,
            yaw: camera.target_yaw,
            pitch: camera.target_pitch,
            radius: camera.target_radius,
        }
    }

    fn put(self, camera: &mut PanOrbitCamera) {
        camera.focus = self.focus;
        camera.target_focus = self.focus;
        camera.yaw = Some(self.yaw);
        camera.target_yaw = self.yaw;
        camera.pitch = Some(self.pitch);
        camera.target_pitch = self.pitch;
        camera.radius = Some(self.radius);
        camera.target_radius = self.radius;
        camera.initialized = true;
        camera.force_update = true;
    }
}

pub(super) fn plugin(app: &mut App) {
    app.add_plugins(PanOrbitCameraPlugin)
        .init_resource::<Flights>()
        .add_message::<Camera>()
        .add_systems(PreStartup, open_camera.after(super::screen::open_screen));
}

fn open_camera(screen: Res<Screen>, mut images: ResMut<Assets<Image>>, mut commands: Commands) {
    commands.spawn((
        Name::new("eye"),
        SceneCamera,
        Camera3d::default(),
        bevy::camera::Camera {
            order: -1,
            clear_color: ClearColorConfig::Custom(super::palette::SKY_HORIZON),
            ..default()
        },
        RenderTarget::Image(screen.scene.clone().into()),
        Projection::Perspective(PerspectiveProjection {
            fov: 34_f32.to_radians(),
            near: 0.1,
            far: 2_000.0,
            ..default()
        }),
        Tonemapping::TonyMcMapface,
        Exposure { ev100: 11.0 },
        environment::studio(&mut images),
        PanOrbitCamera {
            button_pan: MouseButton::Right,
            zoom_lower_limit: 0.4,
            zoom_upper_limit: Some(350.0),
            pitch_lower_limit: Some(-0.02),
            pitch_upper_limit: Some(1.54),
            orbit_smoothness: 0.2,
            pan_smoothness: 0.1,
            zoom_smoothness: 0.2,
            use_real_time: true,
            touch_enabled: false,
            ..default()
        },
    ));
}

/// The view's keys become requests.
pub(super) fn take_shortcuts(
    keys: Option<Res<ButtonInput<KeyCode>>>,
    egui: Option<Res<EguiWantsInput>>,
    site: Res<CurrentSite>,
    selection: Res<Selection>,
    lens: Res<Lens>,
    mut requests: MessageWriter<Camera>,
    mut selects: MessageWriter<Select>,
) {
    let Some(keys) = keys else { return };
    if egui.is_some_and(|it| it.wants_any_keyboard_input()) {
        return;
    }
    let modified = [KeyCode::ControlLeft, KeyCode::ControlRight, KeyCode::AltLeft, KeyCode::SuperLeft];
    // A chord may be let go within the frame in which it was pressed.
    if keys.any_pressed(modified) || keys.any_just_released(modified) {
        return;
    }
    if keys.just_pressed(KeyCode::Home) {
        requests.write(Camera::Home);
    }
    if keys.just_pressed(KeyCode::Backspace) {
        requests.write(Camera::Back);
    }
    if keys.just_pressed(KeyCode::KeyF)
        && let Some(twin) = selection.twin
    {
        requests.write(Camera::FlyTo(twin));
    }
    // Esc takes the lens away first.
    if keys.just_pressed(KeyCode::Escape) && selection.twin.is_some() && lens.kind.is_none() {
        selects.write(Select::Twin(None));
    }
    const DIGITS: [KeyCode; 9] = [
        KeyCode::Digit1,
        KeyCode::Digit2,
        KeyCode::Digit3,
        KeyCode::Digit4,
        KeyCode::Digit5,
        KeyCode::Digit6,
        KeyCode::Digit7,
        KeyCode::Digit8,
        KeyCode::Digit9,
    ];
    for (digit, viewpoint) in DIGITS.iter().zip(&site.viewpoints) {
        if keys.just_pressed(*digit) {
            requests.write(Camera::Viewpoint(viewpoint.id.clone()));
        }
    }
}

/// The box around everything below an entity, in the world.
pub(super) fn bounds_of(
    entity: Entity,
    children: &Query<&Children>,
    boxes: &Query<(&GlobalTransform, &Aabb), (Without<PropBody>, Without<Backdrop>)>,
) -> Option<(Vec3, Vec3)> {
    let mut bounds: Option<(Vec3, Vec3)> = None;
    for it in std::iter::once(entity).chain(children.iter_descendants(entity)) {
        let Ok((place, aabb)) = boxes.get(it) else { continue };
        let (center, half) = (Vec3::from(aabb.center), Vec3::from(aabb.half_extents));
        for n in 0..8 {
            let sign = |bit: usize| if n >> bit & 1 == 0 { -1.0 } else { 1.0 };
            let corner = place.transform_point(center + half * Vec3::new(sign(0), sign(1), sign(2)));
            let (low, high) = bounds.unwrap_or((corner, corner));
            bounds = Some((low.min(corner), high.max(corner)));
        }
    }
    bounds
}

fn home_of(site: &Site) -> Option<Pose> {
    site.viewpoints.first().map(|it| Pose::looking(Vec3::from(it.eye), Vec3::from(it.target)))
}

/// Requests start flights. Before the first picture the camera is put there at once.
pub(super) fn take_requests(
    site: Res<CurrentSite>,
    index: Res<TwinIndex>,
    settled: Res<Settled>,
    children: Query<&Children>,
    boxes: Query<(&GlobalTransform, &Aabb), (Without<PropBody>, Without<Backdrop>)>,
    mut requests: MessageReader<Camera>,
    mut flights: ResMut<Flights>,
    mut camera: Query<(&mut PanOrbitCamera, &Projection), With<SceneCamera>>,
) {
    let Ok((mut orbit, projection)) = camera.single_mut() else { return };
    let at_once = !settled.0;
    let fov = match projection {
        Projection::Perspective(it) => it.fov.min(it.fov * it.aspect_ratio),
        Projection::Orthographic(_) | Projection::Custom(_) => 0.6,
    };
    let mut goals: Vec<(Pose, bool)> = Vec::new();
    if !flights.homed {
        flights.homed = true;
        goals
            .extend(home_of(&site).or(Some(Pose::looking(Vec3::new(24.0, 16.0, 30.0), Vec3::Y))).map(|it| (it, false)));
    }
    for request in requests.read() {
        let goal = match request {
            Camera::Home => home_of(&site),
            Camera::Viewpoint(id) => site
                .viewpoints
                .iter()
                .find(|it| it.id == *id)
                .map(|it| Pose::looking(Vec3::from(it.eye), Vec3::from(it.target))),
            Camera::View { eye, target } => Some(Pose::looking(*eye, *target)),
            Camera::Back => flights.back.pop_back(),
            Camera::FlyTo(twin) => {
                index.twin(*twin).and_then(|it| bounds_of(it, &children, &boxes)).map(|(low, high)| {
                    let now = Pose::of(&orbit);
                    let size = (high - low).length() * 0.5;
                    Pose {
                        focus: (low + high) * 0.5,
                        radius: (size / (fov * 0.5).sin() * 1.25).max(0.8),
                        pitch: now.pitch.clamp(0.25, 0.75),
                        ..now
                    }
                })
            }
        };
        goals.extend(goal.map(|it| (it, !matches!(request, Camera::Back))));
    }
    for (goal, remember) in goals {
        let from = Pose::of(&orbit);
        if at_once {
            goal.put(&mut orbit);
        } else {
            if remember {
                flights.back.push_back(from);
                // A person does not go back further than this.
                if flights.back.len() > 32 {
                    flights.back.pop_front();
                }
            }
            flights.now = Some((from, goal, 0.0));
        }
    }
}

/// A flight goes on, until it is there or a person takes over.
pub(super) fn fly(
    time: Res<Time<Real>>,
    buttons: Option<Res<ButtonInput<MouseButton>>>,
    pointer: Res<PointerAt>,
    mut flights: ResMut<Flights>,
    mut camera: Query<&mut PanOrbitCamera, With<SceneCamera>>,
) {
    if flights.now.is_none() {
        return;
    }
    let Ok(mut orbit) = camera.single_mut() else { return };
    let touched =
        buttons.is_some_and(|it| it.any_pressed([MouseButton::Left, MouseButton::Right, MouseButton::Middle]));
    let Some((from, goal, part)) = flights.now.as_mut() else { return };
    // Frames may be slow: no more than a quarter of the way in one.
    *part += (time.delta_secs() / FLIGHT_SECS).min(0.25);
    from.between(*goal, part.min(1.0)).put(&mut orbit);
    let there = *part >= 1.0;
    if there || (touched && pointer.over_scene) {
        flights.now = None;
    }
}

/// The camera listens only while the pointer is over the scene, or was when a drag began.
pub(super) fn gate_input(
    rect: Res<ViewRect>,
    pointer: Res<PointerAt>,
    camera: Query<Entity, With<SceneCamera>>,
    mut orbit: Query<&mut PanOrbitCamera, With<SceneCamera>>,
    mut active: ResMut<ActiveCameraData>,
) {
    let (Ok(entity), Ok(mut orbit)) = (camera.single(), orbit.single_mut()) else { return };
    let wanted = ActiveCameraData {
        entity: Some(entity),
        viewport_size: Some(rect.size().max(Vec2::ONE)),
        window_size: Some(rect.size().max(Vec2::ONE)),
        manual: true,
    };
    if *active != wanted {
        *active = wanted;
    }
    let enabled = pointer.over_scene || pointer.dragging;
    if orbit.enabled != enabled {
        orbit.enabled = enabled;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flight_begins_and_ends_where_it_should_and_turns_the_shorter_way() {
        let from = Pose::looking(Vec3::new(1.0, 5.0, -10.0), Vec3::ZERO);
        let to = Pose::looking(Vec3::new(-1.0, 5.0, -10.0), Vec3::X);
        let near = |a: Pose, b: Pose| {
            a.focus.distance(b.focus) < 1e-4
                && (a.yaw - b.yaw).sin().abs() < 1e-4
                && (a.pitch - b.pitch).abs() < 1e-4
                && (a.radius - b.radius).abs() < 1e-3
        };
        assert!(near(from.between(to, 0.0), from));
        assert!(near(from.between(to, 1.0), to));
        assert!((from.between(to, 0.5).yaw.cos() + 1.0).abs() < 0.02, "behind, not through the front");
    }

    #[test]
    fn no_two_shortcuts_share_a_key() {
        let keys: Vec<&str> = SHORTCUTS.iter().flat_map(|it| it.keys.split(", ")).collect();
        for (n, key) in keys.iter().enumerate() {
            assert!(!keys[n + 1..].contains(key), "{key}");
        }
    }
}
