//! The lens: recolours the scene by something else than what things show of themselves: by how far each may be believed, or by
//! how long it will be supported. Each state has a colour and a pattern of its own; what has none fades to grey.
//!
//! [`SHADES`] is the one table of colours and patterns, for the shader and the panels alike.

use bevy::color::ColorToComponents;
use bevy::prelude::*;

use super::live::{LensSlot, Slots};
use crate::guard::SupportOutlook;
use crate::guard::inventory::Support;
use crate::session::CurrentSite;
use crate::site::{Site, TwinId};
use crate::twin::{Readings, Standing, TwinIndex, own_standing, signs};

/// What the scene is coloured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LensKind {
    /// How far each twin may be believed.
    Trust,
    /// How long each will get updates, as of the day that [`SupportOutlook`] looks ahead to.
    Outlook,
}

/// A request to change the lens.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetLens {
    /// On, or off where it is on.
    Toggle(LensKind),
    /// On.
    On(LensKind),
    /// Only what has this shade keeps its colour; a second time: all do.
    Isolate(Shade),
    /// All keep their colour.
    IsolateNone,
    /// Off.
    Off,
}

/// The lens. Written by this folder alone.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lens {
    /// What the scene is coloured by. `None`: by what things show of themselves.
    pub kind: Option<LensKind>,
    /// Only what has this shade keeps its colour. `None`: all do.
    pub isolated: Option<Shade>,
}

/// The shade of each twin of the site under the lens, by its number. Written here alone; empty while the lens is off.
#[derive(Resource, Debug, Clone, PartialEq, Eq, Default)]
pub struct Shades(pub Vec<Option<Shade>>);

/// A colour with its pattern: a row of [`SHADES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shade(u8);

/// How a shade looks, and what it is called.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShadeLook {
    /// The word in the legend.
    pub name: &'static str,
    /// The colour, sRGB.
    pub color: [u8; 3],
    /// The pattern, so that it is told without its colour.
    pub pattern: Pattern,
}

/// A pattern, in pixels of the screen. The numbers stand in `live.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Pattern {
    /// Nothing but the colour.
    Solid = 0,
    /// Few light dots.
    Dots = 1,
    /// Short thin dashes in rows.
    Dashes = 2,
    /// Small rings.
    Rings = 3,
    /// Many dark dots.
    Dotted = 4,
    /// Slanted stripes, as on whatever is old.
    Hatch = 5,
    /// Diamonds.
    Diamonds = 6,
    /// Narrow slanted stripes the other way.
    Dense = 7,
    /// Squares by turns.
    Checker = 8,
    /// The bars of a cage.
    Cage = 9,
    /// One half as it is, the other in the colour: without the lens.
    Split = 10,
    /// A dashed edge: without the lens.
    Edge = 11,
}

const fn look(name: &'static str, color: [u8; 3], pattern: Pattern) -> ShadeLook {
    ShadeLook { name, color, pattern }
}

/// All shades: the ten standings, then four of an outlook, each from the best to the worst. Neighbors differ in lightness, too.
pub const SHADES: [ShadeLook; 14] = [
    look("verified", [74, 158, 181], Pattern::Solid),
    look("vouched", [94, 134, 176], Pattern::Dots),
    look("unsigned", [152, 161, 172], Pattern::Dashes),
    look("never heard", [96, 104, 114], Pattern::Rings),
    look("gap", [139, 152, 214], Pattern::Dotted),
    look("stale", [163, 152, 173], Pattern::Hatch),
    look("inconsistent", [236, 169, 28], Pattern::Diamonds),
    look("rejected", [226, 84, 66], Pattern::Dense),
    look("evil twin", [224, 58, 84], Pattern::Checker),
    look("quarantined", [214, 203, 160], Pattern::Cage),
    look("supported", [74, 158, 181], Pattern::Solid),
    look("support ends soon", [236, 169, 28], Pattern::Diamonds),
    look("nobody says", [152, 161, 172], Pattern::Rings),
    look("no updates", [226, 84, 66], Pattern::Dense),
];

impl Shade {
    /// Of a standing.
    pub fn of(standing: Standing) -> Self {
        Self(Standing::ALL.iter().position(|it| *it == standing).unwrap_or(0) as u8)
    }

    /// Of how long a device will get updates.
    pub fn of_support(support: Support) -> Self {
        Self(match support {
            Support::Supported => 10,
            Support::EndsSoon => 11,
            Support::Unknown => 12,
            Support::Unsupported => 13,
        })
    }

    /// The shades of a lens, the worst first, as its legend lists them.
    pub fn all(kind: LensKind) -> impl Iterator<Item = Self> {
        let rows = match kind {
            LensKind::Trust => 0..10,
            LensKind::Outlook => 10..14,
        };
        rows.rev().map(Self)
    }

    /// How it looks.
    pub fn look(self) -> ShadeLook {
        SHADES[usize::from(self.0) % SHADES.len()]
    }

    /// What it means, as a sentence for a person. Empty: its name says it.
    pub fn says(self) -> &'static str {
        Standing::ALL.get(usize::from(self.0)).map_or("", |it| it.says())
    }
}

impl ShadeLook {
    fn linear(&self, cover: f32) -> [f32; 4] {
        let [r, g, b] = self.color;
        let mut color = Color::srgb_u8(r, g, b).to_linear().to_f32_array();
        color[3] = cover;
        color
    }
}

/// Seconds that a change of the lens takes.
const FADE_SECS: f32 = 0.3;
/// The longest step of it in one frame, seconds.
const LONGEST_STEP: f32 = 0.1;
/// How far a shade covers a surface's own colour.
const COVER: f32 = 0.88;
/// What is not isolated is so grey.
const FADED: f32 = 0.82;

/// How far the lens is from what was asked for.
#[derive(Resource, Debug, Default)]
pub(super) struct LensMotion {
    /// Something is still fading.
    pub(super) moving: bool,
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Lens>().init_resource::<Shades>().init_resource::<LensMotion>().add_message::<SetLens>();
}

/// What a request makes of the lens.
fn after(lens: Lens, request: SetLens) -> Lens {
    let on = |kind| Lens { kind: Some(kind), isolated: None };
    match request {
        SetLens::Toggle(kind) if lens.kind == Some(kind) => Lens::default(),
        SetLens::On(kind) if lens.kind == Some(kind) => lens,
        SetLens::Toggle(kind) | SetLens::On(kind) => on(kind),
        SetLens::Isolate(shade) => Lens { isolated: Some(shade).filter(|_| lens.isolated != Some(shade)), ..lens },
        SetLens::IsolateNone => Lens { isolated: None, ..lens },
        SetLens::Off => Lens::default(),
    }
}

/// Requests change the lens; where somebody looks ahead, the scene shows what is seen there.
pub(super) fn set_lens(
    ahead: Res<SupportOutlook>,
    mut looked: Local<bool>,
    mut requests: MessageReader<SetLens>,
    mut lens: ResMut<Lens>,
) {
    let looks = ahead.date().is_some();
    let mut next = *lens;
    if looks != *looked {
        *looked = looks;
        if looks {
            next = after(next, SetLens::On(LensKind::Outlook));
        } else if next.kind == Some(LensKind::Outlook) {
            next = after(next, SetLens::Off);
        }
    }
    next = requests.read().fold(next, |lens, it| after(lens, *it));
    lens.set_if_neq(next);
}

/// What a slot is to become under the lens.
fn goal_under(lens: &Lens, shade: Option<Shade>) -> LensSlot {
    let kept = shade.filter(|it| lens.isolated.is_none_or(|isolated| isolated == *it));
    match kept {
        Some(shade) => {
            let look = shade.look();
            LensSlot { color: look.linear(COVER), pattern: f32::from(look.pattern as u8), ink: 1.0, ..LensSlot::NONE }
        }
        None => LensSlot { neutral: FADED, ..LensSlot::NONE },
    }
}

/// What a slot shows of trust without the lens: only what must not be overlooked.
fn goal_without(standing: Option<Standing>, signed: bool) -> LensSlot {
    let (pattern, cover) = match standing {
        Some(Standing::Quarantined) => (Pattern::Cage, 0.0),
        Some(Standing::EvilTwin) => (Pattern::Split, 0.75),
        // Where nothing at all is signed, an edge around everything would say nothing.
        Some(Standing::Unsigned) if signed => (Pattern::Edge, 0.0),
        _ => return LensSlot::NONE,
    };
    let look = standing.map(Shade::of).map_or(SHADES[0], Shade::look);
    LensSlot { color: look.linear(cover), pattern: f32::from(pattern as u8), ink: 1.0, ..LensSlot::NONE }
}

/// A step towards a goal. A pattern goes before another one comes.
fn step(now: LensSlot, goal: LensSlot, by: f32) -> LensSlot {
    let toward = |now: f32, goal: f32| if (goal - now).abs() <= by { goal } else { now + by * (goal - now).signum() };
    let other = now.pattern.to_bits() != goal.pattern.to_bits();
    let fades = other && now.ink > 0.0 && now.color[3] > 0.0;
    let mut next = LensSlot { neutral: toward(now.neutral, goal.neutral), ..now };
    if fades {
        next.ink = toward(now.ink, 0.0);
        next.color[3] = toward(now.color[3], 0.0);
        return next;
    }
    next.pattern = goal.pattern;
    next.center = goal.center;
    next.ink = toward(if other { 0.0 } else { now.ink }, goal.ink);
    let cover = toward(now.color[3], goal.color[3]);
    next.color = goal.color;
    next.color[3] = cover;
    // What fades away keeps its colour until it is gone.
    if goal.ink == 0.0 && (next.ink > 0.0 || cover > 0.0) {
        next.color = [now.color[0], now.color[1], now.color[2], cover];
    }
    next
}

fn shades_of(site: &Site, kind: LensKind, readings: &Readings, ahead: &SupportOutlook) -> Vec<Option<Shade>> {
    let mut shades = vec![None; site.twin_capacity];
    for twin in &site.twins {
        let shade = match kind {
            LensKind::Trust => own_standing(site, twin, readings).map(Shade::of),
            LensKind::Outlook => ahead.lens_state(twin.id).map(Shade::of_support),
        };
        if let Some(place) = shades.get_mut(twin.id.index()) {
            *place = shade;
        }
    }
    shades
}

/// Slots follow the lens, in small steps.
pub(super) fn shade_twins(
    time: Res<Time<Real>>,
    site: Res<CurrentSite>,
    readings: Res<Readings>,
    lens: Res<Lens>,
    ahead: Res<SupportOutlook>,
    index: Res<TwinIndex>,
    places: Query<&GlobalTransform>,
    mut shades: ResMut<Shades>,
    mut motion: ResMut<LensMotion>,
    mut slots: ResMut<Slots>,
) {
    let next = lens.kind.map_or_else(Vec::new, |it| shades_of(&site, it, &readings, &ahead));
    if shades.0 != next {
        shades.0 = next;
    }
    let signed = signs(&site);
    let mut own = vec![None; site.twin_capacity];
    for twin in site.twins.iter().filter(|_| lens.kind.is_none()) {
        own[twin.id.index()] = own_standing(&site, twin, &readings);
    }
    let center = |twin: TwinId| index.twin(twin).and_then(|it| places.get(it).ok()).map(GlobalTransform::translation);
    let goal = |twin: Option<TwinId>| match lens.kind {
        Some(_) => goal_under(&lens, twin.and_then(|it| shades.0.get(it.index()).copied().flatten())),
        None => {
            let goal = goal_without(twin.and_then(|it| own.get(it.index()).copied().flatten()), signed);
            let split = goal.pattern.to_bits() == f32::from(Pattern::Split as u8).to_bits();
            let at = twin.filter(|_| split).and_then(center).unwrap_or_default();
            LensSlot { center: at.extend(0.0).to_array(), ..goal }
        }
    };
    let by = time.delta_secs().min(LONGEST_STEP) / FADE_SECS;
    let mut moving = false;
    for (twin, number) in slots.numbers() {
        let (slot, goal) = (slots.get(number), goal(twin));
        let lens = step(slot.lens, goal, by);
        moving |= lens != goal;
        slots.set_lens(number, lens);
    }
    if motion.moving != moving {
        motion.moving = moving;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shade_of_a_lens_has_a_name_a_colour_and_a_pattern_of_its_own() {
        for kind in [LensKind::Trust, LensKind::Outlook] {
            let all: Vec<ShadeLook> = Shade::all(kind).map(Shade::look).collect();
            for (at, one) in all.iter().enumerate() {
                for other in &all[at + 1..] {
                    assert!(one.name != other.name && one.color != other.color, "{} {}", one.name, other.name);
                    assert_ne!(one.pattern, other.pattern, "{} {}", one.name, other.name);
                }
            }
        }
        for standing in Standing::ALL {
            assert_eq!(Shade::of(standing).look().name, standing.label());
        }
    }

    #[test]
    fn a_shade_is_isolated_by_one_request_and_released_by_the_same() {
        let on = after(Lens::default(), SetLens::Toggle(LensKind::Trust));
        assert_eq!(on, Lens { kind: Some(LensKind::Trust), isolated: None });
        let shade = Shade::of(Standing::Rejected);
        let isolated = after(on, SetLens::Isolate(shade));
        assert_eq!(isolated.isolated, Some(shade));
        assert_eq!(after(isolated, SetLens::Isolate(shade)), on);
        assert_eq!(after(isolated, SetLens::On(LensKind::Trust)), isolated);
        assert_eq!(after(isolated, SetLens::Toggle(LensKind::Trust)), Lens::default());
        assert_eq!(goal_under(&isolated, Some(shade)).neutral, 0.0);
        assert_eq!(goal_under(&isolated, Some(Shade::of(Standing::Verified))).neutral, FADED);
    }

    #[test]
    fn a_slot_comes_to_its_goal_in_small_steps_and_never_jumps_from_one_pattern_to_another() {
        let lens = Lens { kind: Some(LensKind::Trust), isolated: None };
        let goals = [
            goal_under(&lens, Some(Shade::of(Standing::Rejected))),
            goal_under(&lens, Some(Shade::of(Standing::Verified))),
            goal_under(&lens, None),
            goal_without(Some(Standing::Quarantined), true),
            goal_without(Some(Standing::Unsigned), false),
        ];
        let mut now = LensSlot::NONE;
        for goal in goals {
            let mut steps = 0;
            while now != goal {
                let next = step(now, goal, 0.1);
                assert!((next.color[3] - now.color[3]).abs() < 0.11 && (next.neutral - now.neutral).abs() < 0.11);
                assert!(next.pattern == now.pattern || now.color[3] == 0.0 || now.ink == 0.0, "{now:?} {next:?}");
                now = next;
                steps += 1;
                assert!(steps < 60, "{goal:?} is never reached from {now:?}");
            }
        }
    }
}
