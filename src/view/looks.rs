//! What a value looks like: pure functions from a reading to a surface or a movement.

use bevy::color::{ColorToComponents, LinearRgba};
use bevy::prelude::Vec3;

use super::palette;
use crate::signal::Value;
use crate::site::doc::{RuleDoc, ShowDoc};
use crate::twin::ReadingState;
use crate::twin::health::first_rule;

/// What one look makes of one reading.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Effect {
    /// Linear colour and how far it covers the surface's own.
    pub tint: Option<[f32; 4]>,
    /// Shine, 0 to 1.
    pub glow: Option<f32>,
    /// The value is not current.
    pub hatched: bool,
    /// Turns a minute about X.
    pub rpm: Option<f64>,
    /// Metres from where the part rests.
    pub moved: Option<Vec3>,
    /// Metres of level.
    pub level: Option<f64>,
    /// Metres a second along the pipe.
    pub flow: Option<f64>,
}

/// Five stops of *cividis* (Nuñez, Anderton and Renslow 2018, doi:10.1371/journal.pone.0199239), which people with and
/// without color vision deficiency read alike; sRGB.
const SCALE: [[f32; 3]; 5] =
    [[0.0, 0.19, 0.45], [0.27, 0.32, 0.43], [0.49, 0.48, 0.47], [0.74, 0.69, 0.42], [0.99, 0.91, 0.28]];

/// The colour of a place on the scale, 0 to 1, in sRGB.
pub fn scale_color(place: f64) -> [f32; 3] {
    let place = if place.is_finite() { place.clamp(0.0, 1.0) as f32 } else { 0.0 } * (SCALE.len() - 1) as f32;
    let below = (place as usize).min(SCALE.len() - 2);
    let part = place - below as f32;
    std::array::from_fn(|n| SCALE[below][n] + (SCALE[below + 1][n] - SCALE[below][n]) * part)
}

/// Where a value stands between two others, 0 to 1. Nowhere (0) where they are equal.
pub fn place_between(value: f64, from: f64, to: f64) -> f64 {
    let place = (value - from) / (to - from);
    if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
}

/// What a look makes of a reading. What is not fresh keeps its last colour and place, hatched, and stands still.
pub fn effect_of(show: &ShowDoc, value: Option<&Value>, state: ReadingState) -> Effect {
    let fresh = matches!(state, ReadingState::Fresh | ReadingState::Bad);
    let mut effect = Effect { hatched: state != ReadingState::Fresh, ..Effect::default() };
    let number = value.and_then(Value::as_number).filter(|it| it.is_finite());
    match show {
        ShowDoc::Scale { from, to } => {
            effect.tint = number.map(|it| linear(scale_color(place_between(it, *from, *to)), 0.72));
        }
        ShowDoc::Rules(rules) => effect.tint = value.and_then(|it| first_rule(rules, it)).map(tint_of),
        ShowDoc::Turn { rpm_per_unit } => effect.rpm = Some(number.filter(|_| fresh).unwrap_or(0.0) * rpm_per_unit),
        ShowDoc::Move { by, from, to } => {
            effect.moved = number.map(|it| Vec3::from(*by) * place_between(it, *from, *to) as f32);
        }
        ShowDoc::Level { metres_per_unit } => effect.level = number.map(|it| it * metres_per_unit),
        ShowDoc::Flow { speed_per_unit } => {
            effect.flow = Some(number.filter(|_| fresh).unwrap_or(0.0) * speed_per_unit);
        }
        ShowDoc::Glow { from, to } => effect.glow = number.map(|it| place_between(it, *from, *to) as f32),
        ShowDoc::Text => (),
    }
    effect
}

fn tint_of(rule: &RuleDoc) -> [f32; 4] {
    let (color, cover) = palette::surface_of(rule.means);
    let mut tint = color.to_linear().to_f32_array();
    tint[3] = cover;
    tint
}

fn linear(srgb: [f32; 3], cover: f32) -> [f32; 4] {
    let mut tint = LinearRgba::from(bevy::color::Srgba::rgb(srgb[0], srgb[1], srgb[2])).to_f32_array();
    tint[3] = cover;
    tint
}

/// How fast a shaft is shown to turn. As it does up to one and a half turns a second; above, more slowly than it does
/// but still faster for faster, and never so fast that the frames would show it standing or turning backward.
pub fn shown_rpm(rpm: f64, frames_per_sec: f64) -> f64 {
    const TRUE_UP_TO: f64 = 90.0;
    let size = rpm.abs();
    let eased = if size > TRUE_UP_TO { TRUE_UP_TO * (1.0 + (size / TRUE_UP_TO).ln() / 3.0) } else { size };
    // An eighth of a turn a frame, so that spokes and keys do not seem to run backward.
    eased.min(frames_per_sec * 60.0 / 8.0).copysign(rpm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::doc::{Meaning, WhenDoc};

    #[test]
    fn the_scale_gets_lighter_all_the_way() {
        let light = |it: f64| scale_color(it).iter().zip([0.21, 0.72, 0.07]).map(|(a, b)| a * b).sum::<f32>();
        for n in 0..20 {
            assert!(light(f64::from(n) / 20.0) < light(f64::from(n + 1) / 20.0));
        }
        assert_eq!(scale_color(f64::NAN), scale_color(0.0));
        assert_eq!(scale_color(7.0), scale_color(1.0));
    }

    #[test]
    fn the_first_rule_that_holds_decides() {
        let rule = |when, means| RuleDoc { when, means, text: None };
        let show = ShowDoc::Rules(vec![
            rule(WhenDoc::Above(8.0), Meaning::Alarm),
            rule(WhenDoc::Above(5.0), Meaning::Warning),
            rule(WhenDoc::Always, Meaning::Normal),
        ]);
        let cover = |number: f64| effect_of(&show, Some(&number.into()), ReadingState::Fresh).tint.unwrap()[3];
        assert!(cover(9.0) > cover(6.0));
        assert!(cover(6.0) > cover(1.0));
        assert_eq!(cover(1.0), 0.0);
    }

    #[test]
    fn what_is_stale_stands_still_and_is_hatched_where_it_was() {
        let turn = ShowDoc::Turn { rpm_per_unit: 1.0 };
        let flow = ShowDoc::Flow { speed_per_unit: 0.1 };
        let level = ShowDoc::Level { metres_per_unit: 1.0 };
        let value = Value::Number(3.0);
        let stale = |show| effect_of(show, Some(&value), ReadingState::Stale);
        assert_eq!(stale(&turn), Effect { rpm: Some(0.0), hatched: true, ..Effect::default() });
        assert_eq!(stale(&flow), Effect { flow: Some(0.0), hatched: true, ..Effect::default() });
        assert_eq!(stale(&level), Effect { level: Some(3.0), hatched: true, ..Effect::default() });
        let never = effect_of(&level, None, ReadingState::NeverSeen);
        assert_eq!(never, Effect { hatched: true, ..Effect::default() });
        let fresh = effect_of(&turn, Some(&value), ReadingState::Fresh);
        assert_eq!(fresh, Effect { rpm: Some(3.0), ..Effect::default() });
    }

    #[test]
    fn a_faster_shaft_is_shown_faster_but_never_backward() {
        assert_eq!(shown_rpm(60.0, 60.0), 60.0);
        assert_eq!(shown_rpm(-60.0, 60.0), -60.0);
        assert!(shown_rpm(1480.0, 60.0) > shown_rpm(1000.0, 60.0));
        assert!(shown_rpm(3000.0, 60.0) < 450.0);
        assert_eq!(shown_rpm(3000.0, 5.0), 37.5);
    }
}
