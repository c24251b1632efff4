//! The checks of a command, before it is sent and after: each with what it saw and what it allows.

use egui::{Align2, RichText, Sense, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::taint::{MARK, TaintRows, mark_in_row_ui, mark_ui};
use super::super::tree::painted_text;
use super::super::{icons, theme};
use crate::command::{Check, Verdict};
use crate::site::doc::Class;

/// What the gate would say to a command as it is set now.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct Rehearsal {
    /// How far this value may reach.
    pub class: Class,
    /// In the order in which the gate looks.
    pub checks: Vec<CheckRow>,
    /// Why it must not be relied on that it does what it should, or is seen to. `None`: nothing speaks against it.
    pub taint: Option<TaintRows>,
}

/// A check.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct CheckRow {
    /// With what it saw.
    pub check: Check,
    /// Why what it saw must not be relied on. `None`: nothing speaks against it.
    pub taint: Option<TaintRows>,
}

impl Rehearsal {
    /// The first check that stands in the way.
    pub(in crate::panels) fn obstacle(&self) -> Option<&Check> {
        self.checks.iter().map(|it| &it.check).find(|it| !it.passed())
    }
}

/// One line: all pass, or what stands in the way. A click unfolds the list. Returns what was asked for.
pub(in crate::panels) fn rehearsal_ui(ui: &mut Ui, of: &str, rehearsal: &Rehearsal, open: &mut bool) -> Option<Action> {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::click());
    let (text, color) = match rehearsal.obstacle() {
        None => (format!("{} checks pass", rehearsal.checks.len()), theme::WEAK),
        Some(it) => (in_words(it), color(it.verdict)),
    };
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::WidgetType::CollapsingHeader, true, *open, format!("Checks: {text}"))
    });
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 3.0, theme::HOVERED);
    }
    let verdict = rehearsal.obstacle().map_or(Verdict::Passed, |it| it.verdict);
    icons::check(ui.painter(), pos2(rect.left() + 7.0, rect.center().y), verdict);
    icons::fold(ui.painter(), pos2(rect.right() - 8.0, rect.center().y), *open, theme::WEAK);
    let mut place = rect.with_min_x(rect.left() + 18.0).with_max_x(rect.right() - 18.0);
    let mut action = rehearsal.taint.as_ref().and_then(|taint| {
        let at = pos2(place.left() + 7.0, rect.center().y);
        place = place.with_min_x(place.left() + MARK);
        mark_ui(ui, response.id.with("taint"), at, of, taint)
    });
    painted_text(ui, place, &text, color, Align2::LEFT_CENTER);
    if response.clicked() {
        *open = !*open;
    }
    response.on_hover_text(format!("What the gate will look at, as it is now.\n{text}"));
    if *open {
        action = checks_ui(ui, &rehearsal.checks).or(action);
    }
    action
}

/// All checks, a line each. Returns what was asked for.
pub(in crate::panels) fn checks_ui(ui: &mut Ui, checks: &[CheckRow]) -> Option<Action> {
    let mut action = None;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = theme::HALF;
        for CheckRow { check, taint } in checks {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = theme::STEP;
                icons::show(ui, word(check.verdict), |painter, at| icons::check(painter, at, check.verdict));
                if let Some(taint) = taint {
                    action = mark_in_row_ui(ui, check.what.label(), taint).or(action.take());
                }
                let text = RichText::new(in_words(check)).small().color(color(check.verdict));
                ui.add(egui::Label::new(text).wrap());
            });
        }
    });
    action
}

/// A check in a line: `largest step: 400 rpm, at most 250 rpm`; what did not pass says why.
pub(in crate::panels) fn in_words(check: &Check) -> String {
    let name = check.what.label();
    match (check.passed(), check.limit.is_empty()) {
        (true, true) => sentence_case(&format!("{name}: {}", check.saw)),
        (true, false) => sentence_case(&format!("{name}: {}; {}", check.saw, check.limit)),
        (false, _) => sentence_case(&check.reason()),
    }
}

fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "not passed",
        Verdict::Unknown => "cannot be known",
    }
}

fn color(verdict: Verdict) -> egui::Color32 {
    match verdict {
        Verdict::Passed => theme::WEAK,
        Verdict::Failed => theme::ALARM,
        Verdict::Unknown => theme::WARNING,
    }
}
