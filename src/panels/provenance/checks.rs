//! The checks of the card: what each saw of the message that is shown, what it refused, and what it saw again.

use egui::{RichText, Sense, Ui, pos2, vec2};

use super::super::section::section_ui;
use super::super::tree::painted_text;
use super::super::{icons, standing, theme};
use crate::trust::Step;
use crate::twin::Standing;

/// A check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::panels) struct StepRow {
    /// Which.
    pub step: Step,
    /// What came of it for the message of the value.
    pub made: Made,
    /// What it saw.
    pub saw: String,
    /// What it refused so far: `replayed 2×, last 12:03:04: …`. Empty: nothing.
    pub refused: String,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::panels) enum Made {
    /// The message passed it.
    Passed,
    /// It was not made.
    Not,
    /// Nobody remembers.
    Unknown,
}

/// What came of verifying again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::panels) struct AgainRows {
    /// In a sentence.
    pub text: String,
    /// Whether it came out as before. `None`: it is not known yet, or could not be done.
    pub same: Option<bool>,
    /// Each check that was made, whether it was passed, and what it saw.
    pub steps: Vec<(Step, bool, String)>,
}

/// Draws a check, and what it refused.
pub(super) fn step_ui(ui: &mut Ui, row: &StepRow) {
    let words = match row.made {
        Made::Passed => "passed",
        Made::Not => "not made",
        Made::Unknown => "not known",
    };
    let label = format!("{}: {words}. {} {}", row.step.label(), row.saw, row.refused);
    let saw = if row.made == Made::Unknown { words } else { row.saw.as_str() };
    let sign = match row.made {
        Made::Passed => Sign::Passed,
        Made::Not => Sign::None,
        Made::Unknown => Sign::Unknown,
    };
    line_ui(ui, label.trim(), row.step, sign, saw);
    if !row.refused.is_empty() {
        let color = theme::standing(Standing::Rejected);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = theme::STEP;
            ui.add_space(20.0);
            icons::show(ui, "refused", |painter, at| standing::shield(painter, at, color));
            ui.add(egui::Label::new(RichText::new(&row.refused).small().color(color)).wrap());
        });
    }
}

/// What came of verifying again.
pub(super) fn again_ui(ui: &mut Ui, again: &AgainRows) {
    section_ui(ui, "Verified again", None);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        let sign = match again.same {
            Some(true) => Standing::Verified,
            Some(false) => Standing::Rejected,
            None => Standing::Unheard,
        };
        icons::show(ui, "verified again", |painter, at| standing::icon(painter, at, sign));
        ui.add(egui::Label::new(RichText::new(&again.text).color(theme::STRONG)).wrap());
    });
    for (step, passed, saw) in &again.steps {
        let label = format!("again {}: {}. {saw}", step.label(), if *passed { "passed" } else { "refused" });
        line_ui(ui, label.trim(), *step, if *passed { Sign::Passed } else { Sign::Refused }, saw);
    }
}

/// The sign before a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Passed,
    Refused,
    Unknown,
    /// It was not made.
    None,
}

/// A check in a line: its sign, its name, what it saw.
fn line_ui(ui: &mut Ui, label: &str, step: Step, sign: Sign, saw: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Label, true, label));
    let painter = ui.painter();
    let at = pos2(rect.left() + 8.0, rect.center().y);
    match sign {
        Sign::Passed => icons::tick(painter, at, theme::standing(Standing::Verified)),
        Sign::Refused => icons::cross(painter, at, theme::standing(Standing::Rejected)),
        Sign::Unknown => icons::question(painter, at, theme::WEAK),
        Sign::None => {
            painter.hline(at.x - 3.0..=at.x + 3.0, at.y, egui::Stroke::new(1.2, theme::NORMAL));
        }
    }
    let name = rect.with_min_x(rect.left() + 20.0).with_max_x(rect.left() + 124.0);
    let color = if matches!(sign, Sign::Passed | Sign::Refused) { theme::TEXT } else { theme::WEAK };
    painted_text(ui, name, step.label(), color, egui::Align2::LEFT_CENTER);
    let place = rect.with_min_x(name.right() + theme::STEP);
    painted_text(ui, place, saw, theme::WEAK, egui::Align2::LEFT_CENTER);
    if !saw.is_empty() {
        response.on_hover_text(saw);
    }
}
