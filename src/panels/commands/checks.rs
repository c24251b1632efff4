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

    /// What a person should know although all pass.
    fn warning(&self) -> Option<&str> {
        self.checks.iter().find_map(|it| it.check.warning())
    }
}

/// One line: all pass, or what stands in the way. A click unfolds the list. Returns what was asked for.
pub(in crate::panels) fn rehearsal_ui(ui: &mut Ui, of: &str, rehearsal: &Rehearsal, open: &mut bool) -> Option<Action> {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::click());
    let n_checks = rehearsal.checks.len();
    let (text, color) = match (rehearsal.obstacle(), rehearsal.warning()) {
        (Some(it), _) => (in_words(it), color(it)),
        (None, Some(warning)) => (format!("{n_checks} checks pass, with a warning: {warning}"), theme::WARNING),
        (None, None) => (format!("{n_checks} checks pass"), theme::WEAK),
    };
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::WidgetType::CollapsingHeader, true, *open, format!("Checks: {text}"))
    });
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 3.0, theme::HOVERED);
    }
    let at = pos2(rect.left() + 7.0, rect.center().y);
    match (rehearsal.obstacle(), rehearsal.warning()) {
        (None, Some(_)) => icons::triangle(ui.painter(), at, theme::WARNING),
        (obstacle, _) => icons::check(ui.painter(), at, obstacle.map_or(Verdict::Passed, |it| it.verdict)),
    }
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
                icons::show(ui, word(check), |painter, at| match check.warning() {
                    Some(_) => icons::triangle(painter, at, theme::WARNING),
                    None => icons::check(painter, at, check.verdict),
                });
                if let Some(taint) = taint {
                    action = mark_in_row_ui(ui, check.what.label(), taint).or(action.take());
                }
                let text = RichText::new(in_words(check)).small().color(color(check));
                ui.add(egui::Label::new(text).wrap());
            });
        }
    });
    action
}

/// A check in a line: `largest step: 400 rpm, at most 250 rpm`; what did not pass says why, and a warning what to know.
pub(in crate::panels) fn in_words(check: &Check) -> String {
    let name = check.what.label();
    match (check.passed(), check.limit.is_empty()) {
        (true, _) if check.warning().is_some() => sentence_case(&check.reason()),
        (true, true) => sentence_case(&format!("{name}: {}", check.saw)),
        (true, false) => sentence_case(&format!("{name}: {}; {}", check.saw, check.limit)),
        (false, _) => sentence_case(&check.reason()),
    }
}

fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

fn word(check: &Check) -> &'static str {
    match check.verdict {
        Verdict::Passed if check.warning().is_some() => "passed with a warning",
        Verdict::Passed => "passed",
        Verdict::Failed => "not passed",
        Verdict::Unknown => "cannot be known",
    }
}

fn color(check: &Check) -> egui::Color32 {
    match check.verdict {
        Verdict::Passed if check.warning().is_some() => theme::WARNING,
        Verdict::Passed => theme::WEAK,
        Verdict::Failed => theme::ALARM,
        Verdict::Unknown => theme::WARNING,
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::command::What;

    #[track_caller]
    fn check(checks: Vec<Check>, header: &str, line: &str) {
        let harness = Harness::new_ui(move |ui| {
            let checks = checks.iter().map(|it| CheckRow { check: it.clone(), taint: None }).collect();
            rehearsal_ui(ui, "Speed", &Rehearsal { class: Class::C1, checks, taint: None }, &mut true);
        });
        assert!(harness.query_by_label(header).is_some(), "{header}");
        assert!(harness.query_by_label(line).is_some(), "{line}");
    }

    #[test]
    fn what_is_missing_before_is_a_warning_and_a_frozen_device_an_obstacle() {
        let step = || Check::new(What::Step, Verdict::Passed, "a step of 100 rpm", "at most 300 rpm");
        check(vec![step()], "Checks: 1 checks pass", "Largest step: a step of 100 rpm; at most 300 rpm");
        let warned = || step().saying("missing before pump/set: 3");
        check(
            vec![warned()],
            "Checks: 1 checks pass, with a warning: missing before pump/set: 3",
            "Missing before pump/set: 3 (largest step: a step of 100 rpm, must be at most 300 rpm)",
        );
        let frozen = Check::new(What::Standing, Verdict::Failed, "pump/speed: evil twin", "no evil twin");
        let line = "Commands to it are frozen (standing: pump/speed: evil twin, must be no evil twin)";
        let frozen = frozen.saying("commands to it are frozen");
        check(vec![warned(), frozen], &format!("Checks: {line}"), line);
    }
}
