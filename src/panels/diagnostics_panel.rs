//! The list of what is wrong. A click selects and frames whom it concerns.

use egui::{Align2, Rect, RichText, Sense, Ui, pos2, vec2};

use super::actions::Action;
use super::diagnostics::{Diagnostic, Gravity, Suppressed};
use super::tree::{empty_ui, painted_text};
use super::{icons, theme};

/// Two lines.
const ROW: f32 = 38.0;

/// Draws the list; returns what was asked for.
pub(super) fn diagnostics_panel_ui(ui: &mut Ui, all: &[Diagnostic], suppressed: &Suppressed) -> Option<Action> {
    let shown: Vec<&Diagnostic> = all.iter().filter(|it| !suppressed.hides(it)).collect();
    let hidden = all.len() - shown.len();
    let mut action = summary_ui(ui, &shown, hidden, suppressed);
    if shown.is_empty() {
        empty_ui(ui, "Nothing is wrong: every topic speaks, and every payload can be read.");
        return action;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let area = egui::ScrollArea::vertical().auto_shrink(false).id_salt("diagnostics");
    area.show_rows(ui, ROW, shown.len(), |ui, range| {
        for it in &shown[range] {
            action = diagnostic_ui(ui, it).or(action.take());
        }
    });
    action
}

fn summary_ui(ui: &mut Ui, shown: &[&Diagnostic], hidden: usize, suppressed: &Suppressed) -> Option<Action> {
    let mut action = None;
    ui.horizontal(|ui| {
        ui.set_height(theme::ROW);
        let count = |gravity| shown.iter().filter(|it| it.severity == gravity).count();
        let parts: Vec<String> = [(Gravity::Error, "error"), (Gravity::Warning, "warning"), (Gravity::Note, "note")]
            .into_iter()
            .map(|(gravity, word)| (count(gravity), word))
            .filter(|it| it.0 > 0)
            .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
            .collect();
        let text = if parts.is_empty() { "No diagnostics".to_owned() } else { parts.join(" · ") };
        ui.label(RichText::new(text).small().color(theme::WEAK));
        if hidden > 0 || !suppressed.kinds.is_empty() {
            ui.label(RichText::new(format!("{hidden} suppressed")).small().color(theme::WEAK));
            if ui.small_button("Show them again").clicked() {
                action = Some(Action::Unsuppress);
            }
        }
    });
    action
}

fn diagnostic_ui(ui: &mut Ui, it: &Diagnostic) -> Option<Action> {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| {
        let label = format!("{}: {}. {}", it.severity.label(), it.text, it.hint);
        egui::WidgetInfo::labeled(egui::WidgetType::Button, !it.twins.is_empty(), label)
    });
    let cross = Rect::from_center_size(pos2(rect.right() - 14.0, rect.center().y), vec2(20.0, 20.0));
    let suppress = it.kind.can_be_hidden().then(|| {
        let cross = ui.interact(cross, response.id.with("suppress"), Sense::click());
        let label = format!("Suppress: {}", it.text);
        cross.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &label));
        cross
    });
    let painter = ui.painter();
    let over = response.contains_pointer();
    if over || response.has_focus() {
        painter.rect_filled(rect, 3.0, theme::HOVERED);
    }
    let upper = rect.top() + 11.0;
    let at = pos2(rect.left() + 10.0, upper);
    match it.severity {
        Gravity::Error => icons::diamond(painter, at, theme::ALARM),
        Gravity::Warning => icons::triangle(painter, at, theme::WARNING),
        Gravity::Note => {
            painter.circle_stroke(at, 4.0, egui::Stroke::new(1.2, theme::WEAK));
        }
    }
    let left = rect.left() + 24.0;
    let right = if over && suppress.is_some() { cross.left() } else { rect.right() - theme::STEP };
    let line = |top: f32| Rect::from_min_max(pos2(left, top - 9.0), pos2(right, top + 9.0));
    painted_text(ui, line(upper), &it.text, theme::STRONG, Align2::LEFT_CENTER);
    painted_text(ui, line(rect.bottom() - 10.0), &it.hint, theme::WEAK, Align2::LEFT_CENTER);
    if over && let Some(suppress) = &suppress {
        icons::cross(painter, cross.center(), if suppress.hovered() { theme::STRONG } else { theme::WEAK });
    }
    let mut action = None;
    if response.clicked()
        && let Some(&twin) = it.twins.first()
    {
        action = Some(Action::FlyTo(twin));
    }
    response.context_menu(|ui| {
        if it.kind.can_be_hidden() {
            if ui.button("Suppress this").clicked() {
                action = Some(Action::Suppress(it.key.clone()));
                ui.close();
            }
            if ui.button(format!("Suppress all of: {}", it.kind.label())).clicked() {
                action = Some(Action::SuppressKind(it.kind));
                ui.close();
            }
        } else {
            ui.label(RichText::new("Proof of an attack cannot be suppressed.").small().color(theme::WEAK));
        }
        if ui.button("Copy the text").clicked() {
            action = Some(Action::Copy(format!("{}. {}", it.text, it.hint)));
            ui.close();
        }
    });
    response.on_hover_ui_at_pointer(|ui| {
        ui.label(RichText::new(&it.text).color(theme::STRONG));
        ui.label(&it.hint);
        let more = match it.twins.len() {
            0 => "Right-click for more.".to_owned(),
            1 => "Click to go to the twin that it concerns.".to_owned(),
            count => format!("Concerns {count} twins. Click to go to the first one."),
        };
        ui.label(RichText::new(more).small().color(theme::WEAK));
    });
    if let Some(suppress) = suppress
        && suppress.on_hover_text("Suppress this. Right-click for all of its kind.").clicked()
    {
        action = Some(Action::Suppress(it.key.clone()));
    }
    action
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::super::diagnostics::DiagnosticKind;
    use super::*;
    use crate::site::TwinId;

    fn harness() -> Harness<'static, (Suppressed, Option<Action>)> {
        let row = |key: &str, kind, text: &str| Diagnostic {
            key: key.to_owned(),
            kind,
            severity: Gravity::Warning,
            text: text.to_owned(),
            hint: "Mend it".to_owned(),
            twins: vec![TwinId(3)],
        };
        let all = [
            row("a", DiagnosticKind::NeverSeen, "Nothing came on a"),
            row("b", DiagnosticKind::Unreadable, "A payload on b could not be read"),
            row("c", DiagnosticKind::Proof, "1 message of c refused: cloned 1×"),
        ];
        Harness::new_ui_state(
            move |ui, (suppressed, asked)| {
                *asked = diagnostics_panel_ui(ui, &all, suppressed).or(asked.take());
            },
            (Suppressed::default(), None),
        )
    }

    #[test]
    fn a_click_goes_to_the_twin_that_it_concerns() {
        let mut harness = harness();
        harness.get_by_label("warning: Nothing came on a. Mend it").click();
        harness.run();
        assert_eq!(harness.state().1, Some(Action::FlyTo(TwinId(3))));
    }

    #[test]
    fn what_is_suppressed_stays_counted() {
        let mut harness = harness();
        harness.get_by_label("Suppress: Nothing came on a").click();
        harness.run();
        assert_eq!(harness.state().1, Some(Action::Suppress("a".to_owned())));
        harness.state_mut().0.keys.insert("a".to_owned());
        harness.run();
        assert!(harness.query_by_label("1 suppressed").is_some());
        assert!(harness.query_by_label("2 warnings").is_some());
    }

    #[test]
    fn what_proves_an_attack_has_no_button_that_hides_it_and_stays_whatever_is_hidden() {
        let mut harness = harness();
        assert!(harness.query_by_label_contains("Suppress: 1 message of c").is_none());
        let (suppressed, _) = harness.state_mut();
        suppressed.keys.insert("c".to_owned());
        suppressed.kinds.insert(DiagnosticKind::Proof);
        harness.run();
        assert!(harness.query_by_label("warning: 1 message of c refused: cloned 1×. Mend it").is_some());
    }
}
