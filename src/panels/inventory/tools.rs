//! The line over the table: the slider to a day to come, what that day brings, and what can be done with the table.

use egui::{Align, Button, Layout, Rect, RichText, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};
use jiff::civil::Date;

use super::super::actions::Action;
use super::super::section::notice_ui;
use super::super::{icons, theme};
use super::marks::support_color;
use super::{InventoryAction, InventoryRows, InventoryState, MONTHS, day_shown};
use crate::guard::inventory::{Share, Support};

/// The days that have a button: what stands on it, what it is called, and how many months from today it is.
const DAYS: [(&str, &str, u32); 4] = [
    ("Today", "Show today", 0),
    ("+1 y", "Show a year from today", 12),
    ("+3 y", "Show 3 years from today", 36),
    ("+5 y", "Show 5 years from today", 60),
];

/// Below this width what the day brings is told in words alone, without the bar.
const NARROW: f32 = 900.0;
/// Below this width it stands on a line of its own.
const VERY_NARROW: f32 = 660.0;

/// Draws it; returns what was asked for.
pub(super) fn tools_ui(ui: &mut Ui, rows: &InventoryRows, state: &mut InventoryState) -> Option<Action> {
    if let Some((count, first)) = &rows.problem {
        let more = if *count > 1 { format!(" (and {} more, see Diagnostics)", count - 1) } else { String::new() };
        notice_ui(ui, &format!("{first}{more}"));
    }
    let mut action = None;
    let width = ui.available_width();
    ui.horizontal(|ui| {
        ui.set_height(theme::ROW);
        ui.spacing_mut().item_spacing.x = theme::STEP;
        ui.spacing_mut().button_padding.x = 6.0;
        // From the right: what is said in the middle takes the room that is left.
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            action = buttons_ui(ui, rows);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                slider_ui(ui, rows.today, state, if width < NARROW { 96.0 } else { (width * 0.16).min(220.0) });
                if width >= VERY_NARROW {
                    ui.add_space(theme::GAP);
                    summary_ui(ui, rows, state, width >= NARROW);
                }
            });
        });
    });
    if width < VERY_NARROW {
        ui.horizontal(|ui| {
            ui.set_height(20.0);
            summary_ui(ui, rows, state, true);
        });
    }
    action
}

fn slider_ui(ui: &mut Ui, today: Date, state: &mut InventoryState, width: f32) {
    ui.spacing_mut().slider_width = width;
    let mut months = state.months.min(MONTHS);
    let slider = ui.add(egui::Slider::new(&mut months, 0..=MONTHS).step_by(1.0).show_value(false));
    let date = day_shown(today, months);
    let said = format!("Day to come: {}", if months == 0 { "today".to_owned() } else { date.to_string() });
    slider.widget_info(|| WidgetInfo::slider(ui.is_enabled(), f64::from(months), &said));
    slider.on_hover_text(format!("{date}. Drag, or use the arrow keys: a month each"));
    state.months = months;
    for (text, name, months) in DAYS {
        let color = if state.months == months { theme::STRONG } else { theme::WEAK };
        let button = ui.add(Button::selectable(state.months == months, RichText::new(text).small().color(color)));
        button.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, state.months == months, name));
        if button.on_hover_text(day_shown(today, months).to_string()).clicked() {
            state.months = months;
        }
    }
}

/// What the day brings, in words and as a bar.
fn summary_ui(ui: &mut Ui, rows: &InventoryRows, state: &InventoryState, with_bar: bool) {
    let date = day_shown(rows.today, state.months);
    let share = Share::of(rows.parts, date);
    if with_bar {
        bar_ui(ui, share);
    }
    let when = if state.months == 0 { "Today".to_owned() } else { format!("In {}", date.strftime("%Y-%m")) };
    let text = format!("{when}: {}", share.summary());
    let label = ui.add(egui::Label::new(RichText::new(&text).color(theme::STRONG)).truncate());
    label.on_hover_text(date.to_string());
}

/// The shares side by side, the worst first, each with a pattern of its own: hatched, framed, dotted, plain.
fn bar_ui(ui: &mut Ui, share: Share) {
    let (rect, response) = ui.allocate_exact_size(vec2(96.0, 10.0), Sense::hover());
    let all = share.count().max(1) as f32;
    let shares = [
        (Support::Unsupported, share.unsupported),
        (Support::Unknown, share.unknown),
        (Support::EndsSoon, share.ends_soon),
        (Support::Supported, share.supported),
    ];
    let mut left = rect.left();
    for (support, count) in shares.into_iter().filter(|it| it.1 > 0) {
        let right = left + rect.width() * count as f32 / all;
        let place = Rect::from_min_max(pos2(left, rect.top()), pos2(right, rect.bottom())).shrink2(vec2(0.5, 0.0));
        paint_share(ui, place, support);
        left = right;
    }
    let said: Vec<String> =
        shares.iter().filter(|it| it.1 > 0).map(|(support, count)| format!("{count} {}", support.label())).collect();
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Image, true, said.join(", ")));
    response.on_hover_text(said.join(", "));
}

fn paint_share(ui: &Ui, place: Rect, support: Support) {
    let (painter, color) = (ui.painter(), support_color(support));
    match support {
        Support::Unsupported => {
            painter.rect_filled(place, 1.0, color.gamma_multiply(0.45));
            icons::hatch(painter, place, color);
        }
        Support::Unknown => icons::dashed_rect(painter, place.shrink(0.5), color),
        Support::EndsSoon => {
            painter.rect_filled(place, 1.0, color.gamma_multiply(0.25));
            let mut x = place.left() + 3.0;
            while x < place.right() - 1.0 {
                painter.circle_filled(pos2(x, place.center().y), 1.3, color);
                x += 5.0;
            }
        }
        Support::Supported => {
            painter.rect_filled(place, 1.0, color.gamma_multiply(0.6));
        }
    }
}

fn buttons_ui(ui: &mut Ui, rows: &InventoryRows) -> Option<Action> {
    let mut action = None;
    let button = |ui: &mut Ui, text: &str, hint: &str| {
        ui.add(Button::new(RichText::new(text).small())).on_hover_text(hint).clicked()
    };
    if button(ui, "Export…", "Write the table to a file (CSV), as it is on the day that is shown") {
        action = Some(Action::Inventory(InventoryAction::AskExport));
    }
    let read = match (rows.is_reading, rows.n_advisories) {
        (true, _) => "The advisories are being read…".to_owned(),
        (false, 1) => "1 advisory was read. Read the folder again".to_owned(),
        (false, n) => format!("{n} advisories were read. Read the folder again"),
    };
    if button(ui, if rows.is_reading { "Reading…" } else { "Read again" }, &read) {
        action = Some(Action::Inventory(InventoryAction::ReadAgain));
    }
    action
}
