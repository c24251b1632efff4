//! The colours and surfaces of the studio, in one place: matt greys, a little warm or cool, and states that stand out.

use bevy::prelude::*;

use crate::site::doc::Meaning;

/// Behind everything.
pub(super) const BACKDROP: Color = Color::srgb(0.094, 0.106, 0.125);
/// The sky overhead.
pub(super) const SKY_TOP: Color = Color::srgb(0.098, 0.114, 0.139);
/// The sky at the horizon, and what far ground fades into.
pub(super) const SKY_HORIZON: Color = Color::srgb(0.165, 0.188, 0.220);
/// The ground.
pub(super) const GROUND: Color = Color::srgb(0.235, 0.247, 0.267);
/// The selection.
pub(super) const ACCENT: Color = Color::srgb(0.322, 0.686, 0.937);
/// What the pointer is over.
pub(super) const HOVER: Color = Color::srgb(0.78, 0.84, 0.90);
/// The ghost of another instant: pale and dashed, so that nobody takes it for a state.
pub(super) const GHOST: Color = Color::srgb(0.84, 0.90, 0.97);
/// Text over the scene.
pub(super) const TEXT: Color = Color::srgb(0.90, 0.92, 0.94);
/// Less important text.
pub(super) const TEXT_DIM: Color = Color::srgb(0.62, 0.66, 0.71);
/// Behind text over the scene.
pub(super) const PLATE: Color = Color::srgba(0.075, 0.086, 0.105, 0.86);
/// Wants attention. Amber and vermilion differ in lightness too, for the colour-blind.
pub(super) const WARNING: Color = Color::srgb(0.949, 0.706, 0.204);
/// Wants it now.
pub(super) const ALARM: Color = Color::srgb(0.918, 0.298, 0.251);
/// The most urgent alarm.
pub(super) const URGENT: Color = Color::srgb(0.965, 0.243, 0.345);
/// The least urgent alarm.
pub(super) const LOW: Color = Color::srgb(0.839, 0.816, 0.643);
/// Off on purpose.
pub(super) const OFF: Color = Color::srgb(0.20, 0.21, 0.23);

/// The colour of a state on a surface, and how far it covers the surface's own: 0 to 1.
pub(super) fn surface_of(meaning: Meaning) -> (Color, f32) {
    match meaning {
        Meaning::Normal => (GROUND, 0.0),
        Meaning::Active => (ACCENT, 0.30),
        Meaning::Off => (OFF, 0.55),
        Meaning::Warning => (WARNING, 0.80),
        Meaning::Alarm => (ALARM, 0.88),
    }
}

/// A surface by the name that a model's file gives it. What is not known is paint.
pub(super) fn surface(name: &str) -> StandardMaterial {
    let (color, metallic, roughness) = match name {
        "paint_dark" => (Color::srgb(0.245, 0.262, 0.288), 0.0, 0.58),
        "steel" => (Color::srgb(0.66, 0.68, 0.70), 0.75, 0.38),
        "rubber" => (Color::srgb(0.105, 0.112, 0.122), 0.0, 0.80),
        "concrete" => (Color::srgb(0.50, 0.50, 0.49), 0.0, 0.94),
        "glass" => (Color::srgba(0.66, 0.76, 0.82, 0.20), 0.0, 0.12),
        "water" => (Color::srgba(0.21, 0.46, 0.64, 0.78), 0.0, 0.14),
        "foliage" => (Color::srgb(0.335, 0.385, 0.340), 0.0, 0.96),
        "wood" => (Color::srgb(0.46, 0.41, 0.355), 0.0, 0.76),
        "brass" => (Color::srgb(0.62, 0.56, 0.43), 0.70, 0.42),
        "wall" => (Color::srgb(0.60, 0.605, 0.61), 0.0, 0.92),
        "cut" => (Color::srgb(0.33, 0.345, 0.37), 0.0, 0.90),
        "floor" => (Color::srgb(0.40, 0.40, 0.40), 0.0, 0.82),
        "roof" => (Color::srgb(0.40, 0.41, 0.43), 0.0, 0.92),
        "slab" => (Color::srgb(0.345, 0.355, 0.37), 0.0, 0.95),
        "pipe" => (Color::srgb(0.585, 0.60, 0.615), 0.30, 0.46),
        "ghost" => (Color::srgb(0.45, 0.48, 0.52), 0.0, 0.90),
        _ => (Color::srgb(0.735, 0.735, 0.725), 0.0, 0.50),
    };
    let see_through = color.alpha() < 1.0;
    StandardMaterial {
        base_color: color,
        metallic,
        perceptual_roughness: roughness,
        reflectance: if see_through { 0.6 } else { 0.42 },
        alpha_mode: if see_through { AlphaMode::Blend } else { AlphaMode::Opaque },
        ..default()
    }
}
