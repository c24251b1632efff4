//! The commands of this run, newest first, with how far each has come.

use egui::{Align2, Rect, RichText, Sense, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::tree::{empty_ui, painted_text};
use super::super::{format, icons, theme};
use super::form::{Life, life_tooltip};
use crate::command::Phase;
use crate::site::TwinId;

/// One command that was asked for.
#[derive(Debug, Clone)]
pub(in crate::panels) struct LogRow<'a> {
    /// Of which twin.
    pub twin: TwinId,
    /// The twin's name.
    pub twin_name: &'a str,
    /// The command's name.
    pub name: &'a str,
    /// When, at the site.
    pub time: String,
    /// What was asked for, with its unit.
    pub desired: String,
    /// What the signal that reports it says now.
    pub reported: String,
    /// Who asked.
    pub who: &'a str,
    /// How far it has come.
    pub life: Life,
}

/// Least widths of the columns, and how what is left over is shared.
const COLUMNS: [(&str, f32, f32); 6] = [
    ("Time", 62.0, 0.0),
    ("Twin", 90.0, 0.25),
    ("Command", 90.0, 0.25),
    ("Desired", 76.0, 0.05),
    ("Reported", 76.0, 0.05),
    ("State", 120.0, 0.4),
];

/// Draws the log; returns what was asked for.
pub(in crate::panels) fn command_log_ui(ui: &mut Ui, rows: &[LogRow]) -> Option<Action> {
    if rows.is_empty() {
        empty_ui(
            ui,
            "Nothing was asked of a device yet. Select a pump or a valve: its commands stand in the inspector.",
        );
        return None;
    }
    let mut action = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    let least: f32 = COLUMNS.iter().map(|it| it.1).sum();
    // The scroll bar lies over the last column's end.
    let spare = (ui.available_width() - least - theme::GAP * 2.0).max(0.0);
    let places = |rect: Rect| {
        let mut x = rect.left() + theme::GAP;
        COLUMNS.map(|(_, width, share)| {
            let cell = Rect::from_min_size(pos2(x, rect.top()), vec2(width + share * spare, rect.height()));
            x = cell.right();
            cell.with_max_x(cell.right() - theme::GAP)
        })
    };
    let (head, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    for (cell, (title, ..)) in places(head).into_iter().zip(COLUMNS) {
        ui.painter().text(cell.left_center(), Align2::LEFT_CENTER, title, theme::small(), theme::WEAK);
    }
    let area = egui::ScrollArea::vertical().auto_shrink(false).id_salt("commands");
    area.show_rows(ui, theme::ROW, rows.len(), |ui, range| {
        for row in &rows[range] {
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW), Sense::click());
            let state = state_text(&row.life);
            response.widget_info(|| {
                let label = format!("{} {} {}: {state}", row.twin_name, row.name, row.desired);
                egui::WidgetInfo::labeled(egui::WidgetType::Button, true, label)
            });
            if response.hovered() || response.has_focus() {
                ui.painter().rect_filled(rect, 3.0, theme::HOVERED);
            }
            let [time, twin, name, desired, reported, phase] = places(rect);
            let put = |cell: Rect, text: &str, color| painted_text(ui, cell, text, color, Align2::LEFT_CENTER);
            put(time, &row.time, theme::WEAK);
            put(twin, row.twin_name, theme::TEXT);
            put(name, row.name, theme::TEXT);
            put(desired, &row.desired, theme::STRONG);
            put(reported, &row.reported, theme::TEXT);
            icons::phase(ui.painter(), pos2(phase.left() + 7.0, phase.center().y), row.life.phase);
            put(phase.with_min_x(phase.left() + 20.0), &state, theme::phase(row.life.phase));
            if response.clicked() {
                action = Some(Action::Select(row.twin));
            }
            response.on_hover_ui_at_pointer(|ui| {
                ui.label(RichText::new(format!("{} · {}", row.twin_name, row.name)).color(theme::STRONG));
                ui.label(RichText::new(format!("{} asked for {}", row.who, row.desired)).color(theme::TEXT));
                life_tooltip(ui, &row.life);
            });
        }
    });
    action
}

fn state_text(life: &Life) -> String {
    let word = life.word();
    match (life.phase, &life.reason) {
        (Phase::Draft | Phase::Checked | Phase::Sent | Phase::Accepted, _) => {
            format!("{word}, {} left", format::span(life.left_secs.unwrap_or(0.0)))
        }
        (_, Some(reason)) => format!("{word}: {}", format::sentence(reason)),
        (Phase::Confirmed, None) => format!("{word} after {}", format::span(life.secs)),
        (Phase::Rejected | Phase::Failed | Phase::TimedOut | Phase::Unknown | Phase::Expired, None) => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::signal::{Timestamp, Value};

    #[test]
    fn a_row_tells_what_came_of_it_and_leads_to_its_twin() {
        let mut harness = Harness::new_ui_state(
            |ui, asked: &mut Option<Action>| {
                let life = Life {
                    desired: Value::Flag(false),
                    phase: Phase::Confirmed,
                    reason: None,
                    secs: 1.2,
                    left_secs: None,
                    reserved: false,
                    approvable: false,
                    correlation: String::new(),
                    details: Vec::new(),
                    at: Timestamp::MIN,
                };
                let row = LogRow {
                    twin: TwinId(1),
                    twin_name: "Pump 1",
                    name: "Run",
                    time: "12:00:00".to_owned(),
                    desired: "off".to_owned(),
                    reported: "off".to_owned(),
                    who: "engineer",
                    life,
                };
                *asked = command_log_ui(ui, &[row]).or(asked.take());
            },
            None,
        );
        harness.get_by_label("Pump 1 Run off: confirmed after 1.2\u{a0}s").click();
        harness.run();
        assert_eq!(*harness.state(), Some(Action::Select(TwinId(1))));
    }
}
