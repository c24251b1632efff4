//! What happened to alarms, newest first.

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::tree::{empty_ui, painted_text};
use super::super::{icons, theme};
use super::AlarmsRows;
use crate::judge::Priority;
use crate::signal::Timestamp;
use crate::site::TwinId;

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct JournalRow<'a> {
    /// When it happened.
    pub at: Timestamp,
    /// The same, at the site.
    pub time: String,
    /// When it could be known, where that is later. Empty: at once.
    pub known: String,
    /// Of which twin.
    pub twin: TwinId,
    /// Its name, with that of the asset it is a part of.
    pub twin_name: String,
    /// The alarm's name.
    pub name: &'a str,
    /// How soon it wanted a person.
    pub priority: Priority,
    /// What happened: `raised`, `acknowledged by anna: reason`.
    pub what: String,
    /// It was raised: the entry stands out.
    pub raised: bool,
}

/// Draws the journal; returns what was asked for.
pub(super) fn journal_ui(ui: &mut Ui, rows: &AlarmsRows) -> Vec<Action> {
    if rows.entries == 0 {
        empty_ui(ui, "Nothing has happened to an alarm in this session yet.");
        return Vec::new();
    }
    let mut asked = Vec::new();
    ui.spacing_mut().item_spacing.y = 0.0;
    let area = egui::ScrollArea::vertical().auto_shrink(false).id_salt("alarm journal");
    area.show_rows(ui, theme::ROW, rows.entries, |ui, range| {
        for at in range {
            let row = (rows.entry)(at);
            if entry_ui(ui, at, &row) {
                asked = vec![Action::Select(row.twin), Action::Seek(row.at)];
            }
        }
    });
    asked
}

/// Draws one entry; returns whether it was clicked.
fn entry_ui(ui: &mut Ui, at: usize, row: &JournalRow) -> bool {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW), Sense::hover());
    let response = ui.interact(rect, ui.id().with(("entry", at)), Sense::click());
    response.widget_info(|| {
        let label = format!("{} {} {} {}", row.time, row.twin_name, row.name, row.what);
        egui::WidgetInfo::labeled(egui::WidgetType::Button, true, label)
    });
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 3.0, theme::HOVERED);
    }
    let color = if row.raised { theme::STRONG } else { theme::TEXT };
    let mut x = rect.left() + theme::GAP;
    let mut put = |width: f32, text: &str, color| {
        let place = Rect::from_min_size(pos2(x, rect.top()), vec2(width - theme::GAP, rect.height()));
        painted_text(ui, place, text, color, Align2::LEFT_CENTER);
        x += width;
    };
    put(92.0, &row.time, theme::WEAK);
    let icon = pos2(rect.left() + theme::GAP + 92.0 + 7.0, rect.center().y);
    put(22.0, "", color);
    let rest = rect.width() - 92.0 - 22.0 - theme::GAP * 2.0;
    put(rest * 0.28, &row.twin_name, color);
    put(rest * 0.22, row.name, color);
    put(rest * 0.5, &row.what, if row.raised { theme::STRONG } else { theme::WEAK });
    icons::priority(ui.painter(), icon, row.priority);
    let clicked = response.clicked();
    response.on_hover_ui_at_pointer(|ui| {
        ui.label(egui::RichText::new(format!("{} · {}: {}", row.twin_name, row.name, row.what)).color(theme::STRONG));
        if !row.known.is_empty() {
            ui.label(format!("It could be known at {}.", row.known));
        }
        ui.label(egui::RichText::new("Click to go to the instant.").small().color(theme::WEAK));
    });
    clicked
}
