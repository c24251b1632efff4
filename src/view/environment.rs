//! The light that comes from all around: a studio with a bright ceiling and two soft boxes, worked out once.

use bevy::asset::RenderAssetUsages;
use bevy::image::Image;
use bevy::prelude::*;
use bevy::render::render_resource::{
    Extent3d, TextureDimension, TextureFormat, TextureViewDescriptor, TextureViewDimension,
};

/// Pixels along a side of the sharpest level.
const SIDE: u32 = 32;

/// What comes from a direction, blurred by a roughness of 0 to 1, as linear light.
fn radiance(way: Vec3, roughness: f32) -> Vec3 {
    let up = way.y;
    let blur = 0.12 + roughness * 0.9;
    let step = |low: f32, high: f32, at: f32| {
        let t = ((at - low) / (high - low)).clamp(0.0, 1.0);
        t * t * (3.0 - 2.0 * t)
    };
    let ceiling = Vec3::new(0.62, 0.66, 0.72);
    let horizon = Vec3::new(0.30, 0.32, 0.35);
    let floor = Vec3::new(0.135, 0.13, 0.125);
    let sky = horizon.lerp(ceiling, step(0.0, 0.35 + blur, up));
    let mut light = floor.lerp(sky, step(-blur * 0.7, blur * 0.35, up));
    // A warm box to the left behind the eye, a cool strip to the right: metal shows an edge on either side.
    for (towards, size, color) in [
        (Vec3::new(-0.65, 0.62, 0.45), 0.30, Vec3::new(0.85, 0.80, 0.72)),
        (Vec3::new(0.85, 0.35, -0.30), 0.22, Vec3::new(0.42, 0.50, 0.60)),
    ] {
        let angle = way.angle_between(towards.normalize());
        let reach = size + blur * 0.5;
        let strength = (size / reach).powi(2);
        light += color * strength * (1.0 - step(reach * 0.55, reach * 1.35, angle));
    }
    light
}

/// The direction of a pixel of a cube's face, in the order +X, -X, +Y, -Y, +Z, -Z.
fn way_of(face: u32, x: u32, y: u32, side: u32) -> Vec3 {
    let at = |it: u32| (it as f32 + 0.5) / side as f32 * 2.0 - 1.0;
    let (u, v) = (at(x), at(y));
    match face {
        0 => Vec3::new(1.0, -v, -u),
        1 => Vec3::new(-1.0, -v, u),
        2 => Vec3::new(u, 1.0, v),
        3 => Vec3::new(u, -1.0, -v),
        4 => Vec3::new(u, -v, 1.0),
        _ => Vec3::new(-u, -v, -1.0),
    }
    .normalize()
}

/// A cube of light with `levels` levels, from a mirror's to a chalk's.
fn cube(side: u32, levels: u32, roughness_of: impl Fn(u32) -> f32) -> Image {
    let mut data = Vec::new();
    for face in 0..6 {
        for level in 0..levels {
            let side = (side >> level).max(1);
            for n in 0..side * side {
                let light = radiance(way_of(face, n % side, n / side, side), roughness_of(level));
                let color = Color::linear_rgb(light.x.min(1.0), light.y.min(1.0), light.z.min(1.0)).to_srgba();
                data.extend(color.to_u8_array());
            }
        }
    }
    let mut image = Image::new_uninit(
        Extent3d { width: side, height: side, depth_or_array_layers: 6 },
        TextureDimension::D2,
        TextureFormat::Rgba8UnormSrgb,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.data = Some(data);
    image.texture_descriptor.mip_level_count = levels;
    image.texture_view_descriptor =
        Some(TextureViewDescriptor { dimension: Some(TextureViewDimension::Cube), ..default() });
    image
}

/// The studio as a light: what matt surfaces get, and what shiny ones mirror.
pub(super) fn studio(images: &mut Assets<Image>) -> EnvironmentMapLight {
    let levels = SIDE.ilog2() + 1;
    EnvironmentMapLight {
        diffuse_map: images.add(cube(4, 1, |_| 1.0)),
        specular_map: images.add(cube(SIDE, levels, |level| level as f32 / (levels - 1) as f32)),
        ..default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_comes_from_above_and_is_never_more_than_white() {
        for roughness in [0.0, 0.5, 1.0] {
            assert!(radiance(Vec3::Y, roughness).length() > radiance(Vec3::NEG_Y, roughness).length());
        }
        let image = cube(8, 4, |_| 0.3);
        assert_eq!(image.data.unwrap().len(), 6 * 4 * (64 + 16 + 4 + 1));
    }
}
