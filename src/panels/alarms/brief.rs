//! The alarms and expectations of one twin, for its inspector.

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::section::section_ui;
use super::super::taint::{MARK, TaintRows, mark_ui};
use super::super::tree::painted_text;
use super::super::{icons, theme};
use super::AlarmAction;
use crate::judge::{AlarmState, ExpectState, Priority, Truth};
use crate::signal::Timestamp;
use crate::site::AlarmId;

/// An alarm of the twin.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct BriefRow<'a> {
    /// Which.
    pub alarm: AlarmId,
    /// Its name.
    pub name: &'a str,
    /// How soon it wants a person.
    pub priority: Priority,
    /// Where it stands.
    pub state: AlarmState,
    /// Whether its condition holds.
    pub truth: Truth,
    /// What raises it, in words with its limit.
    pub condition: String,
    /// Why it must not be relied on. `None`: nothing speaks against it.
    pub taint: Option<TaintRows>,
}

/// An expectation of the twin.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct ExpectRow<'a> {
    /// For a person.
    pub says: &'a str,
    /// Where it stands.
    pub state: ExpectState,
    /// When it failed first, with the same at the site. `None`: it never did.
    pub first_failure: Option<(Timestamp, String)>,
    /// How often it failed.
    pub n_failures: u32,
    /// Why what it says must not be relied on. `None`: nothing speaks against it.
    pub taint: Option<TaintRows>,
}

/// The height of an alarm, and of an expectation.
const BRIEF: f32 = 36.0;

/// Draws the alarms; returns what was asked for.
pub(in crate::panels) fn alarms_section_ui(ui: &mut Ui, rows: &[BriefRow]) -> Option<Action> {
    if rows.is_empty() {
        return None;
    }
    section_ui(ui, "Alarms", Some(rows.len()));
    let mut action = None;
    for row in rows {
        let said = match (row.state, row.truth) {
            (AlarmState::Normal, Truth::Unknown) => "cannot be judged".to_owned(),
            (state, Truth::Unknown) => format!("{}, unknown", state.label()),
            (state, Truth::Active | Truth::Normal) => state.label().to_owned(),
        };
        let label = format!("{}: {said}. {}", row.name, row.condition);
        let (rect, response) = two_lines_ui(ui, &label);
        let (upper, lower) = halves(rect);
        let standing = row.state.is_standing();
        let at = pos2(rect.left() + 7.0, upper.center().y);
        if standing {
            icons::priority(ui.painter(), at, row.priority);
        } else if row.truth == Truth::Unknown && row.state == AlarmState::Normal {
            ui.painter().circle_stroke(at, 3.5, egui::Stroke::new(1.2, theme::NORMAL));
        } else {
            icons::alarm_state(ui.painter(), at, row.state, theme::WEAK, true);
        }
        let color = if standing { theme::STRONG } else { theme::TEXT };
        let right = upper.with_min_x(upper.center().x + 8.0);
        let mut name = upper.with_max_x(right.left() - theme::STEP);
        let marked = marked_ui(ui, &response, &mut name, row.name, row.taint.as_ref());
        painted_text(ui, name, row.name, color, Align2::LEFT_CENTER);
        let color = if standing { theme::priority(row.priority) } else { theme::WEAK };
        painted_text(ui, right, &said, color, Align2::RIGHT_CENTER);
        painted_text(ui, lower, &row.condition, theme::WEAK, Align2::LEFT_CENTER);
        action = marked.or(action);
        if response.clicked() {
            action = Some(Action::Alarm(AlarmAction::Find(row.alarm)));
        }
        response.on_hover_text(format!("{label}\n{} priority. Click to find it in the list.", row.priority.label()));
    }
    action
}

/// Draws the expectations; returns what was asked for.
pub(in crate::panels) fn expectations_section_ui(ui: &mut Ui, rows: &[ExpectRow]) -> Option<Action> {
    if rows.is_empty() {
        return None;
    }
    section_ui(ui, "Expectations", Some(rows.len()));
    let mut action = None;
    for row in rows {
        let times = match (row.n_failures, &row.first_failure) {
            (1, Some((_, time))) => format!(", failed once at {time}"),
            (n, Some((_, time))) => format!(", failed {n} times, first at {time}"),
            (_, None) => String::new(),
        };
        let said = format!("{}{times}", row.state.label());
        let label = format!("{}: {said}", row.says);
        let (rect, response) = two_lines_ui(ui, &label);
        let (upper, lower) = halves(rect);
        let at = pos2(rect.left() + 7.0, upper.center().y);
        let painter = ui.painter();
        let color = match row.state {
            ExpectState::Unknown => {
                painter.circle_stroke(at, 3.5, egui::Stroke::new(1.2, theme::NORMAL));
                theme::WEAK
            }
            ExpectState::Holds => {
                icons::tick(painter, at, theme::GOOD);
                theme::WEAK
            }
            ExpectState::Broken => {
                icons::triangle(painter, at, theme::WARNING);
                theme::WARNING
            }
            ExpectState::Failed => {
                icons::cross(painter, at, theme::ALARM);
                theme::ALARM
            }
        };
        let mut says = upper;
        let marked = marked_ui(ui, &response, &mut says, row.says, row.taint.as_ref());
        painted_text(ui, says, row.says, theme::TEXT, Align2::LEFT_CENTER);
        painted_text(ui, lower, &said, color, Align2::LEFT_CENTER);
        action = marked.or(action);
        if response.clicked() {
            action = row.first_failure.as_ref().map(|it| Action::Seek(it.0));
        }
        let lead = if row.first_failure.is_some() { "\nClick to go to the first failure." } else { "" };
        response.on_hover_text(format!("{label}{lead}"));
    }
    action
}

/// The mark of what must not be relied on, before a name that makes room for it.
fn marked_ui(ui: &Ui, row: &egui::Response, name: &mut Rect, of: &str, taint: Option<&TaintRows>) -> Option<Action> {
    let taint = taint?;
    let at = pos2(name.left() + 7.0, name.center().y);
    *name = name.with_min_x(name.left() + MARK);
    mark_ui(ui, row.id.with("taint"), at, of, taint)
}

fn two_lines_ui(ui: &mut Ui, label: &str) -> (Rect, egui::Response) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), BRIEF), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, label));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect.expand2(vec2(theme::STEP, 0.0)), 3.0, theme::HOVERED);
    }
    (rect, response)
}

/// The two lines of text, right of the icon.
fn halves(rect: Rect) -> (Rect, Rect) {
    let text = rect.with_min_x(rect.left() + 18.0);
    let middle = rect.center().y;
    (
        text.with_min_y(rect.top() + 2.0).with_max_y(middle + 1.0),
        text.with_min_y(middle).with_max_y(rect.bottom() - 2.0),
    )
}
