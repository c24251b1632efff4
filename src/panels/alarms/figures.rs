//! How many alarms there are, against what a person can take in: the figures of ISA-18.2 and EEMUA 191.

use egui::{Align2, Color32, Rect, RichText, Sense, Stroke, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::section::section_ui;
use super::super::tree::painted_text;
use super::super::{icons, theme};
use super::AlarmAction;
use crate::judge::Priority;
use crate::site::AlarmId;

/// What an operator can take in over time, alarms in 10 minutes (ISA-18.2: about 1 is acceptable, 2 the most manageable).
const ACCEPTABLE: f64 = 1.0;
/// From more than this on it is a flood (ISA-18.2).
const FLOOD: f64 = 10.0;
/// What part of all alarms each priority should have, the least urgent first (ISA-18.2: about 80, 15 and 5 %; where there
/// are four priorities the two highest share the 5).
const SHARES: [f64; 3] = [0.80, 0.15, 0.05];

/// The figures.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::panels) struct FiguresRows {
    /// Raised in the last 10 minutes.
    pub now: f64,
    /// The most in 10 minutes.
    pub peak: f64,
    /// In 10 minutes, on average.
    pub mean: f64,
    /// Raised in all.
    pub raised: usize,
    /// Those that stand.
    pub standing: usize,
    /// Of these, for more than 24 h.
    pub stale: usize,
    /// Those that come and go too often.
    pub chattering: Vec<NamedCount>,
    /// The most frequent, the most first.
    pub frequent: Vec<NamedCount>,
    /// The share of each priority in what was raised, 0 to 1, the least urgent first.
    pub shares: [f64; 4],
}

/// An alarm with its name, and how often it was raised.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct NamedCount {
    /// Which.
    pub alarm: AlarmId,
    /// The twin's name and its own.
    pub name: String,
    /// How often.
    pub count: u32,
}

/// How a figure compares with what is aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    /// As it should be.
    Met,
    /// More than is good.
    Above,
    /// Far more.
    FarAbove,
}

impl Aim {
    /// Of a rate in 10 minutes.
    fn of_rate(rate: f64) -> Self {
        match rate {
            it if it <= ACCEPTABLE => Self::Met,
            it if it <= FLOOD => Self::Above,
            _ => Self::FarAbove,
        }
    }

    fn color(self) -> Color32 {
        match self {
            Self::Met => theme::GOOD,
            Self::Above => theme::WARNING,
            Self::FarAbove => theme::URGENT,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Met => "as it should be",
            Self::Above => "more than is good",
            Self::FarAbove => "a flood",
        }
    }
}

/// Draws the figures; returns what was asked for.
pub(super) fn figures_ui(ui: &mut Ui, rows: &FiguresRows) -> Option<Action> {
    let mut action = None;
    let area = egui::ScrollArea::vertical().auto_shrink(false).id_salt("alarm figures");
    area.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let columns = if ui.available_width() >= 760.0 { 3 } else { 1 };
        ui.columns(columns, |uis| {
            let last = uis.len() - 1;
            rates_ui(&mut uis[0], rows);
            shares_ui(&mut uis[last.min(1)], rows);
            action = names_ui(&mut uis[last], "Most frequent", &rows.frequent, "None was raised.");
            let calm = "None comes and goes too often.";
            action = names_ui(&mut uis[last], "Chattering", &rows.chattering, calm).or(action.take());
        });
    });
    action
}

fn rates_ui(ui: &mut Ui, rows: &FiguresRows) {
    section_ui(ui, "Raised in 10 minutes", None);
    let most = rows.peak.max(FLOOD * 1.2);
    for (name, rate) in [("now", rows.now), ("on average", rows.mean), ("at most", rows.peak)] {
        let aim = Aim::of_rate(rate);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW), Sense::hover());
        let decimals = if name == "on average" && rate < 10.0 { 1 } else { 0 };
        let text = format!("{rate:.decimals$}");
        response.widget_info(|| {
            let label = format!("{text} alarms in 10 minutes {name}: {}", aim.word());
            egui::WidgetInfo::labeled(egui::WidgetType::Label, true, label)
        });
        painted_text(ui, rect.with_max_x(rect.left() + 72.0), name, theme::TEXT, Align2::LEFT_CENTER);
        let value = Rect::from_x_y_ranges(rect.left() + 72.0..=rect.left() + 104.0, rect.y_range());
        painted_text(ui, value, &text, theme::STRONG, Align2::RIGHT_CENTER);
        let bar = rect.with_min_x(rect.left() + 114.0).with_max_x(rect.right() - theme::GAP).shrink2(vec2(0.0, 7.0));
        paint_bar(ui, bar, rate / most, most, aim);
        response.on_hover_text(format!(
            "{text} in 10 minutes {name}: {}. About 1 is what a person can take in for long; more than 10 is a flood \
             (ISA-18.2, IEC 62682).",
            aim.word()
        ));
    }
    ui.add_space(theme::STEP);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        ui.add_space(114.0 - theme::STEP);
        ui.label(RichText::new("marks: 1 acceptable, 10 flood").small().color(theme::WEAK));
    });
    section_ui(ui, "Standing", None);
    let line = |ui: &mut Ui, name: &str, value: String, hint: &str| {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW), Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Label, true, format!("{value} {name}")));
        painted_text(ui, rect.with_max_x(rect.left() + 160.0), name, theme::TEXT, Align2::LEFT_CENTER);
        painted_text(ui, rect.with_min_x(rect.left() + 164.0), &value, theme::STRONG, Align2::LEFT_CENTER);
        response.on_hover_text(hint);
    };
    line(ui, "stand now", rows.standing.to_string(), "Those that hold, or wait for a person");
    let hint = "Nobody acts on what has stood for a day: ISA-18.2 aims at fewer than 5 at any time.";
    line(ui, "for more than 24 h", format!("{} (aim: under 5)", rows.stale), hint);
    line(ui, "were raised in all", rows.raised.to_string(), "In this session");
}

/// A bar with marks where it is acceptable and where a flood begins.
fn paint_bar(ui: &Ui, bar: Rect, share: f64, most: f64, aim: Aim) {
    let painter = ui.painter();
    painter.rect_filled(bar, 2.0, theme::GROUND);
    let filled = bar.with_max_x(bar.left() + bar.width() * share.clamp(0.0, 1.0) as f32);
    painter.rect_filled(filled, 2.0, aim.color());
    for mark in [ACCEPTABLE, FLOOD] {
        let x = bar.left() + bar.width() * (mark / most) as f32;
        painter.vline(x, bar.top() - 3.0..=bar.bottom() + 3.0, Stroke::new(1.0, theme::STRONG));
    }
}

fn shares_ui(ui: &mut Ui, rows: &FiguresRows) {
    section_ui(ui, "By priority", None);
    if rows.raised == 0 {
        ui.label(RichText::new("None was raised.").small().color(theme::WEAK));
        return;
    }
    let bar_ui = |ui: &mut Ui, name: &str, shares: &[(Priority, f64)]| {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW), Sense::hover());
        painted_text(ui, rect.with_max_x(rect.left() + 44.0), name, theme::WEAK, Align2::LEFT_CENTER);
        let bar = rect.with_min_x(rect.left() + 48.0).with_max_x(rect.right() - theme::GAP).shrink2(vec2(0.0, 5.0));
        let mut x = bar.left();
        for (priority, share) in shares {
            let width = bar.width() * *share as f32;
            let part = Rect::from_min_size(pos2(x, bar.top()), vec2((width - 1.0).max(0.0), bar.height()));
            ui.painter().rect_filled(part, 1.0, theme::priority(*priority));
            x += width;
        }
    };
    let is: Vec<(Priority, f64)> = Priority::ALL.into_iter().zip(rows.shares).collect();
    let aim = [(Priority::Low, SHARES[0]), (Priority::Medium, SHARES[1]), (Priority::High, SHARES[2])];
    bar_ui(ui, "is", &is);
    bar_ui(ui, "aim", &aim);
    ui.add_space(theme::STEP);
    for (at, (priority, share)) in is.iter().enumerate() {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
        let aim = match SHARES.get(at) {
            Some(aim) if at < 2 => format!("aim about {:.0}\u{a0}%", aim * 100.0),
            Some(aim) => format!("aim about {:.0}\u{a0}% with urgent", aim * 100.0),
            None => String::new(),
        };
        let text = format!("{:.0}\u{a0}%", share * 100.0);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::WidgetType::Label, true, format!("{}: {text} {aim}", priority.label()))
        });
        icons::priority(ui.painter(), pos2(rect.left() + 7.0, rect.center().y), *priority);
        let place = |from: f32, to: f32| rect.with_min_x(rect.left() + from).with_max_x(rect.left() + to);
        painted_text(ui, place(20.0, 76.0), priority.label(), theme::TEXT, Align2::LEFT_CENTER);
        painted_text(ui, place(76.0, 116.0), &text, theme::STRONG, Align2::RIGHT_CENTER);
        painted_text(ui, rect.with_min_x(rect.left() + 126.0), &aim, theme::WEAK, Align2::LEFT_CENTER);
    }
}

fn names_ui(ui: &mut Ui, title: &str, names: &[NamedCount], none: &str) -> Option<Action> {
    section_ui(ui, title, None);
    if names.is_empty() {
        ui.label(RichText::new(none).small().color(theme::WEAK));
        return None;
    }
    let mut action = None;
    for it in names {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::click());
        response.widget_info(|| {
            let label = format!("{title}: {}, {} times", it.name, it.count);
            egui::WidgetInfo::labeled(egui::WidgetType::Button, true, label)
        });
        if response.hovered() || response.has_focus() {
            ui.painter().rect_filled(rect, 3.0, theme::HOVERED);
        }
        let count = format!("{}×", it.count);
        let place = rect.with_max_x(rect.left() + 40.0);
        painted_text(ui, place, &count, theme::STRONG, Align2::RIGHT_CENTER);
        let place = rect.with_min_x(rect.left() + 50.0);
        painted_text(ui, place, &it.name, theme::TEXT, Align2::LEFT_CENTER);
        if response.on_hover_text(&it.name).clicked() {
            action = Some(Action::Alarm(AlarmAction::Find(it.alarm)));
        }
    }
    action
}
