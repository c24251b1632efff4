//! The one theme: every colour, size and gap of the panels stands here.
//!
//! Dark, on a grid of 4 px, with one accent. Colour means state and nothing else; the hues that carry a meaning are
//! those of Okabe and Ito (2008), lightened for a dark ground, and none stands without a shape of its own.

use egui::style::{ScrollStyle, Selection, WidgetVisuals};
use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, TextStyle, Vec2, vec2};

use crate::command::Phase;
use crate::judge::Priority;
use crate::twin::{Level, ReadingState, Standing};
use crate::view::{Shade, ShadeLook};

const fn hex(rgb: u32) -> Color32 {
    Color32::from_rgba_premultiplied((rgb >> 16) as u8, (rgb >> 8) as u8, rgb as u8, 255)
}

/// Behind tab bars and in the troughs of text fields.
pub const GROUND: Color32 = hex(0x0f_1215);
/// What the panels lie on.
pub const PANEL: Color32 = hex(0x16_1a1e);
/// Cards, pop-ups, the status bar.
pub const RAISED: Color32 = hex(0x1d_2227);
/// Buttons at rest.
pub const WIDGET: Color32 = hex(0x28_2f36);
/// Buttons under the pointer.
pub const WIDGET_HOVER: Color32 = hex(0x34_3d46);
/// Lines between things.
pub const LINE: Color32 = hex(0x2a_3138);
/// Text.
pub const TEXT: Color32 = hex(0xd3_d9df);
/// Headings and values.
pub const STRONG: Color32 = hex(0xf3_f5f7);
/// What is said beside: units, ages, paths.
pub const WEAK: Color32 = hex(0x94_9eaa);
/// The one accent: selection, focus, what is live.
pub const ACCENT: Color32 = hex(0x5c_bbee);
/// The ground of what is selected.
pub const SELECTED: Color32 = hex(0x1b_3a4f);
/// The ground of what is under the pointer.
pub const HOVERED: Color32 = hex(0x20_272d);
/// At rest, nothing to say.
pub const NORMAL: Color32 = hex(0x7f_8994);
/// Confirmed.
pub const GOOD: Color32 = hex(0x3c_c29a);
/// Wants attention; always with a triangle.
pub const WARNING: Color32 = hex(0xec_a91c);
/// Wants it now; always with a diamond.
pub const ALARM: Color32 = hex(0xf4_6a35);
/// The most urgent alarm; always with a square.
pub const URGENT: Color32 = hex(0xff_5966);
/// Not encrypted, on its way to another machine; always with an open lock.
pub const EXPOSED: Color32 = URGENT;
/// The least urgent alarm; always with a disc.
pub const LOW: Color32 = hex(0xd6_d0a4);
/// Old; always hatched or with a clock.
pub const STALE: Color32 = hex(0xa3_98ad);
/// What is of another instant than the one that is shown; always hollow or dashed.
pub const GHOST: Color32 = hex(0xd6_e6f7);
/// The ground of the banner that says that there is a flood of alarms.
pub const FLOOD: Color32 = hex(0x42_1d1f);
/// The ground of the banner that says that the link is down.
pub const BANNER: Color32 = hex(0x3a_2a10);

/// Lines of a plot, in the order in which signals are added. Each is told apart by its [`Dash`] as well.
pub const SERIES: [Color32; 8] = [
    ACCENT,
    hex(0xf0_b13a),
    hex(0x3c_c29a),
    hex(0xd9_90bb),
    hex(0xf0_e45a),
    hex(0xf0_7a45),
    hex(0x6f_93f0),
    hex(0xc4_cbd3),
];

/// How a line of a plot is broken, so that it can be told without its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dash {
    /// Not at all.
    Solid,
    /// Long strokes.
    Long,
    /// Short strokes.
    Short,
    /// Dots.
    Dots,
}

/// Half a step of the grid, in logical pixels.
pub const HALF: f32 = 2.0;
/// One step of the grid.
pub const STEP: f32 = 4.0;
/// The gap around and between groups.
pub const GAP: f32 = 8.0;
/// The height of a row of a list.
pub const ROW: f32 = 24.0;
/// The height of the status bar.
pub const STATUS_BAR: f32 = 24.0;
/// The width of an icon.
pub const ICON: f32 = 16.0;
/// The size of text.
pub const BODY: f32 = 13.0;
/// The size of what is said beside.
pub const SMALL: f32 = 11.5;
/// The size of a panel's first line.
pub const HEADING: f32 = 17.0;

/// The colour of the `index`th line of a plot.
pub fn series(index: usize) -> Color32 {
    SERIES[index % SERIES.len()]
}

/// The dash of the `index`th line of a plot.
pub fn dash(index: usize) -> Dash {
    // Seven colours before a dash repeats with the same colour: the two cycles are of different length.
    [Dash::Solid, Dash::Long, Dash::Dots, Dash::Short, Dash::Solid, Dash::Dots, Dash::Long][index % 7]
}

/// The colour of a health.
pub fn level(level: Level) -> Color32 {
    match level {
        Level::Normal | Level::Unknown => NORMAL,
        Level::Stale => STALE,
        Level::Warning => WARNING,
        Level::Alarm => ALARM,
    }
}

/// The colour of a reading's value.
pub fn reading(state: ReadingState) -> Color32 {
    match state {
        ReadingState::Fresh => STRONG,
        ReadingState::NeverSeen => WEAK,
        ReadingState::Stale | ReadingState::Isolated => STALE,
        ReadingState::Bad => WARNING,
    }
}

/// The colour of a standing, as the lens has it; never without its shape.
pub fn standing(standing: Standing) -> Color32 {
    shade(&Shade::of(standing).look())
}

/// The colour of a shade of the lens.
pub fn shade(look: &ShadeLook) -> Color32 {
    let [r, g, b] = look.color;
    Color32::from_rgba_premultiplied(r, g, b, 255)
}

/// The colour of a command's phase.
pub fn phase(phase: Phase) -> Color32 {
    match phase {
        Phase::Draft | Phase::Checked | Phase::Sent | Phase::Accepted => ACCENT,
        Phase::Confirmed => GOOD,
        Phase::TimedOut | Phase::Unknown => WARNING,
        Phase::Expired => NORMAL,
        Phase::Rejected | Phase::Failed => ALARM,
    }
}

/// The colour of an alarm's priority.
pub fn priority(priority: Priority) -> Color32 {
    match priority {
        Priority::Low => LOW,
        Priority::Medium => WARNING,
        Priority::High => ALARM,
        Priority::Urgent => URGENT,
    }
}

/// The font of text in a list.
pub fn body() -> FontId {
    FontId::new(BODY, FontFamily::Proportional)
}

/// The font of what is said beside.
pub fn small() -> FontId {
    FontId::new(SMALL, FontFamily::Proportional)
}

/// The font of letters within an icon.
pub fn tiny() -> FontId {
    FontId::new(9.0, FontFamily::Proportional)
}

/// Puts the theme on. With `reduced_motion` nothing slides or fades.
pub fn apply(ctx: &egui::Context, reduced_motion: bool) {
    ctx.set_theme(egui::Theme::Dark);
    ctx.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, small()),
            (TextStyle::Body, body()),
            (TextStyle::Button, body()),
            (TextStyle::Heading, FontId::new(HEADING, FontFamily::Proportional)),
            (TextStyle::Monospace, FontId::new(12.0, FontFamily::Monospace)),
        ]
        .into();
        style.animation_time = if reduced_motion { 0.0 } else { 0.08 };
        if reduced_motion {
            style.scroll_animation = egui::style::ScrollAnimation::none();
        }
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.35;
        style.interaction.show_tooltips_only_when_still = true;
        style.spacing.item_spacing = vec2(GAP, STEP);
        style.spacing.button_padding = vec2(GAP, STEP);
        style.spacing.interact_size = vec2(ROW, ROW);
        style.spacing.menu_margin = Margin::same(4);
        style.spacing.window_margin = Margin::same(12);
        style.spacing.indent = 16.0;
        style.spacing.tooltip_width = 360.0;
        style.spacing.scroll = ScrollStyle { bar_width: 8.0, floating_width: 4.0, ..ScrollStyle::thin() };
        style.visuals = visuals();
    });
}

fn visuals() -> egui::Visuals {
    let corner = CornerRadius::same(3);
    let widget = |bg: Color32, border: Color32, text: Color32| WidgetVisuals {
        bg_fill: bg,
        weak_bg_fill: bg,
        bg_stroke: Stroke::new(1.0, border),
        corner_radius: corner,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let mut it = egui::Visuals::dark();
    it.widgets.noninteractive = widget(PANEL, LINE, TEXT);
    it.widgets.inactive = widget(WIDGET, LINE, TEXT);
    it.widgets.hovered = widget(WIDGET_HOVER, hex(0x48_545f), STRONG);
    it.widgets.active = widget(SELECTED, ACCENT, STRONG);
    it.widgets.open = widget(WIDGET_HOVER, LINE, STRONG);
    it.selection = Selection { bg_fill: SELECTED, stroke: Stroke::new(1.0, ACCENT) };
    it.weak_text_color = Some(WEAK);
    it.hyperlink_color = ACCENT;
    it.faint_bg_color = HOVERED;
    it.extreme_bg_color = GROUND;
    it.text_edit_bg_color = Some(GROUND);
    it.code_bg_color = GROUND;
    it.warn_fg_color = WARNING;
    it.error_fg_color = ALARM;
    it.window_fill = RAISED;
    it.panel_fill = PANEL;
    it.window_stroke = Stroke::new(1.0, LINE);
    it.window_corner_radius = CornerRadius::same(6);
    it.menu_corner_radius = CornerRadius::same(4);
    it.slider_trailing_fill = true;
    it.striped = false;
    it
}

/// The extent of a dialog about an alarm.
pub const DIALOG: Vec2 = vec2(440.0, 0.0);

/// The extent of the card that explains an alarm.
pub const WHY: Vec2 = vec2(420.0, 460.0);

/// The extent of the card that tells where a reading comes from.
pub const PROVENANCE: Vec2 = vec2(440.0, 560.0);

/// Seconds that what flashes is lit, and as long dark: ISA-18.2 and its practice ask for 0.5 Hz to 2 Hz.
pub const FLASH_SECS: f64 = 0.5;

/// The extent of the palette, at most.
pub const PALETTE: Vec2 = vec2(560.0, 400.0);
