//! The studio: backdrop, ground, and a sun that stands where it stands at the site at the shown instant.

use bevy::light::{CascadeShadowConfigBuilder, NotShadowCaster, NotShadowReceiver};
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{ExtendedMaterial, MaterialExtension, MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::reflect::TypePath;
use bevy::render::render_resource::{AsBindGroup, RenderPipelineDescriptor, SpecializedMeshPipelineError};
use bevy::shader::ShaderRef;
use solar_positioning::time::JulianDate;
use solar_positioning::{Location, SolarPositions};

use super::drawn::{basins_of, holes_at};
use super::quality::{Quality, Tier};
use super::screen::SceneCamera;
use super::{palette, rooms};
use crate::session::{CurrentSite, Cursor};
use crate::signal::Timestamp;
use crate::site::doc::PlaceDoc;

#[derive(Asset, AsBindGroup, TypePath, Debug, Clone)]
struct Sky {
    #[uniform(0)]
    top: LinearRgba,
    #[uniform(0)]
    horizon: LinearRgba,
}

impl Material for Sky {
    fn fragment_shader() -> ShaderRef {
        "shaders/sky.wgsl".into()
    }

    fn specialize(
        _pipeline: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        _layout: &MeshVertexBufferLayoutRef,
        _key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        // Seen from inside.
        descriptor.primitive.cull_mode = None;
        Ok(())
    }
}

#[derive(Asset, AsBindGroup, TypePath, Debug, Clone)]
struct Ground {
    #[uniform(100)]
    horizon: LinearRgba,
}

impl MaterialExtension for Ground {
    fn fragment_shader() -> ShaderRef {
        "shaders/ground.wgsl".into()
    }
}

type GroundMaterial = ExtendedMaterial<StandardMaterial, Ground>;

/// The backdrop, which goes along with the camera.
#[derive(Component)]
pub(super) struct Backdrop;

/// The floor of the studio.
#[derive(Component)]
pub(super) struct Floor;

/// Extent of the ground, metres.
const GROUND_SIZE: f32 = 1_200.0;

/// How far the ground lies under zero, so that slabs on it do not flicker.
const GROUND_DEPTH: f32 = 0.02;

/// The light that casts shadows.
#[derive(Component)]
pub(super) struct Sun;

pub(super) fn plugin(app: &mut App) {
    app.add_plugins((MaterialPlugin::<Sky>::default(), MaterialPlugin::<GroundMaterial>::default()))
        .insert_resource(GlobalAmbientLight { brightness: 0.0, ..default() })
        .add_systems(Startup, build_studio);
}

fn build_studio(
    mut meshes: ResMut<Assets<Mesh>>,
    mut skies: ResMut<Assets<Sky>>,
    mut grounds: ResMut<Assets<GroundMaterial>>,
    mut commands: Commands,
) {
    let (top, horizon) = (palette::SKY_TOP.into(), palette::SKY_HORIZON.into());
    commands.spawn((
        Name::new("sky"),
        Backdrop,
        Mesh3d(meshes.add(Sphere::new(900.0).mesh().uv(32, 18))),
        MeshMaterial3d(skies.add(Sky { top, horizon })),
        NotShadowCaster,
        NotShadowReceiver,
    ));
    commands.spawn((
        Name::new("ground"),
        Mesh3d(meshes.add(rooms::ground(Vec2::splat(GROUND_SIZE), &[]).into_mesh())),
        MeshMaterial3d(grounds.add(GroundMaterial {
            base: StandardMaterial {
                base_color: palette::GROUND,
                perceptual_roughness: 1.0,
                reflectance: 0.1,
                ..default()
            },
            extension: Ground { horizon },
        })),
        Floor,
        Transform::from_xyz(0.0, -GROUND_DEPTH, 0.0),
        NotShadowCaster,
    ));
    commands.spawn((Name::new("sun"), Sun, DirectionalLight { shadow_maps_enabled: true, ..default() }));
}

/// The ground is open where a basin reaches into it.
pub(super) fn dig_basins(
    site: Res<CurrentSite>,
    mut floor: Query<(&Transform, &mut Mesh3d), With<Floor>>,
    mut meshes: ResMut<Assets<Mesh>>,
) {
    if !site.is_changed() {
        return;
    }
    if let Ok((place, mut mesh)) = floor.single_mut() {
        let holes = holes_at(*place, &basins_of(&site));
        mesh.0 = meshes.add(rooms::ground(Vec2::splat(GROUND_SIZE), &holes).into_mesh());
    }
}

/// Where the sun stands: degrees clockwise from north, and degrees over the horizon. `None`: no such date is known.
pub(super) fn sun_of(place: &PlaceDoc, at: Timestamp) -> Option<(f64, f64)> {
    let instant = jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).ok()?;
    let utc = instant.to_zoned(jiff::tz::TimeZone::UTC);
    let parts = |it: i8| it.unsigned_abs().into();
    let date = JulianDate::from_utc(
        utc.year().into(),
        parts(utc.month()),
        parts(utc.day()),
        parts(utc.hour()),
        parts(utc.minute()),
        utc.second().into(),
        69.0,
    )
    .ok()?;
    let location = Location { latitude: place.latitude, longitude: place.longitude };
    let position = SolarPositions::new().at_from_julian(date, location, 0.0, None).ok()?;
    Some((position.azimuth(), position.elevation_angle()))
}

/// The direction towards an azimuth and elevation, where -Z points to `heading`.
fn towards(azimuth: f64, elevation: f64, heading: f64) -> Vec3 {
    let (turn, up) = (((azimuth - heading) as f32).to_radians(), (elevation as f32).to_radians());
    Vec3::new(turn.sin() * up.cos(), up.sin(), -turn.cos() * up.cos())
}

/// The studio's key light by night: from the upper left, as in a photographer's.
const KEY: Vec3 = Vec3::new(-0.55, 0.78, 0.42);

/// Where the light comes from, its colour and strength, and the strength of what comes from all around.
fn light_of(place: &PlaceDoc, at: Timestamp) -> (Vec3, Color, f32, f32) {
    let (azimuth, elevation) = sun_of(place, at).unwrap_or((180.0, 45.0));
    // By day as the sun; low suns are lifted a little, so that shadows stay within the picture.
    let day = ((elevation + 2.0) / 10.0).clamp(0.0, 1.0) as f32;
    let sun = towards(azimuth, elevation.max(16.0), place.heading);
    let low = (1.0 - (elevation / 35.0).clamp(0.0, 1.0)) as f32;
    let sun_color = Vec3::new(1.0, 0.965 - 0.09 * low, 0.91 - 0.22 * low);
    let night_color = Vec3::new(0.86, 0.91, 1.0);
    let color = night_color.lerp(sun_color, day);
    let way = KEY.normalize().lerp(sun, day).normalize_or(Vec3::Y);
    (way, Color::linear_rgb(color.x, color.y, color.z), 7_600.0 + 2_800.0 * day, 1_480.0 + 120.0 * day)
}

/// The light follows place and time, in steps that nobody sees.
pub(super) fn follow_sun(
    site: Res<CurrentSite>,
    cursor: Res<Cursor>,
    quality: Res<Quality>,
    mut lit: Local<Option<(i64, Tier)>>,
    mut sun: Query<(Entity, &mut Transform, &mut DirectionalLight), (With<Sun>, Without<SceneCamera>)>,
    mut backdrop: Query<&mut Transform, (With<Backdrop>, Without<Sun>, Without<SceneCamera>)>,
    mut camera: Query<(&Transform, &mut EnvironmentMapLight), With<SceneCamera>>,
    mut commands: Commands,
) {
    let Ok((eye, mut around)) = camera.single_mut() else { return };
    if let Ok(mut backdrop) = backdrop.single_mut()
        && backdrop.translation != eye.translation
    {
        backdrop.translation = eye.translation;
    }
    let minute = (cursor.at.as_secs_f64() / 60.0) as i64;
    if *lit == Some((minute, quality.tier)) && !site.is_changed() {
        return;
    }
    let Ok((entity, mut place, mut light)) = sun.single_mut() else { return };
    if lit.map(|it| it.1) != Some(quality.tier) {
        let cascades = match quality.tier {
            Tier::Full => CascadeShadowConfigBuilder {
                num_cascades: 3,
                first_cascade_far_bound: 14.0,
                maximum_distance: 150.0,
                ..default()
            },
            Tier::Software => CascadeShadowConfigBuilder { num_cascades: 1, maximum_distance: 70.0, ..default() },
        };
        commands.entity(entity).insert(cascades.build());
    }
    *lit = Some((minute, quality.tier));
    let (way, color, strength, ambient) = light_of(&site.place, cursor.at);
    *place = Transform::default().looking_to(-way, Vec3::Y);
    light.color = color;
    light.illuminance = strength;
    light.shadow_normal_bias = 1.2;
    around.intensity = ambient;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> PlaceDoc {
        PlaceDoc { latitude: 52.52, longitude: 13.40, time_zone: "Europe/Berlin".to_owned(), heading: 0.0 }
    }

    #[track_caller]
    fn check(at: &str, want_azimuth: f64, want_elevation: f64) {
        let (azimuth, elevation) = sun_of(&berlin(), at.parse().unwrap()).unwrap();
        assert!((azimuth - want_azimuth).abs() < 3.0, "azimuth {azimuth}");
        assert!((elevation - want_elevation).abs() < 2.0, "elevation {elevation}");
    }

    #[test]
    fn the_sun_stands_where_it_does() {
        check("2026-06-21T11:08:00Z", 180.0, 60.9);
        check("2026-12-21T11:04:00Z", 180.0, 14.1);
    }

    #[test]
    fn south_is_behind_the_viewer_and_it_is_never_dark() {
        assert!(towards(180.0, 30.0, 0.0).z > 0.8);
        assert!(towards(90.0, 0.0, 0.0).x > 0.99);
        assert!(towards(90.0, 0.0, 90.0).z < -0.99);
        for hour in 0..24 {
            let at = format!("2026-12-21T{hour:02}:00:00Z").parse().unwrap();
            let (way, _, strength, ambient) = light_of(&berlin(), at);
            assert!(way.y > 0.2 && strength > 3_000.0 && ambient > 500.0);
        }
    }
}
