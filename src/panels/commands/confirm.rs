//! A second look before a command that reaches far: its checks, the passphrase once more, and for what cannot be undone
//! a button that is held, or the name of the thing typed out.

use egui::{Color32, RichText, Sense, Stroke, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::taint::taint_ui;
use super::super::theme;
use super::checks::{Rehearsal, checks_ui};
use super::secret::{Field, Passphrase};
use crate::signal::Value;
use crate::site::CommandId;
use crate::site::doc::Class;

/// Seconds that the button is held.
const HOLD_SECS: f32 = 1.2;

/// What is about to be asked for.
#[derive(Debug)]
pub(in crate::panels) struct Confirmation {
    /// Which command.
    pub command: CommandId,
    /// The value.
    pub value: Value,
    passphrase: Field,
    typed: String,
    held_secs: f32,
}

/// What the dialog shows.
pub(in crate::panels) struct ConfirmRow<'a> {
    /// `Chlorine dosing · Dose`.
    pub title: String,
    /// What is reported now.
    pub from: String,
    /// What is asked for.
    pub to: String,
    /// Who asks, and in which role.
    pub who: &'a str,
    /// The command's address: typed out, it stands for the held button.
    pub address: &'a str,
    /// It is reserved for who asks: the next step is to operate it.
    pub reserved: bool,
    /// Its checks as they are now.
    pub rehearsal: &'a Rehearsal,
}

/// What a person decided.
#[derive(Debug, PartialEq)]
pub(in crate::panels) enum Decision {
    /// Not now.
    Cancel,
    /// Ask for it.
    Ask(Passphrase),
    /// Not now: look at something first.
    See(Action),
}

impl Confirmation {
    pub(in crate::panels) fn new(command: CommandId, value: Value) -> Self {
        Self { command, value, passphrase: Field::default(), typed: String::new(), held_secs: 0.0 }
    }
}

/// What a class asks of a person, in a sentence.
pub(in crate::panels) fn class_sentence(class: Class) -> &'static str {
    match class {
        Class::C0 => "C0: it identifies, and changes nothing.",
        Class::C1 => "C1: normal, and can be undone.",
        Class::C2 => "C2: it reaches others, or lies beyond the normal band. The passphrase is asked for once more.",
        Class::C3 => {
            "C3: safety, or it cannot be undone. First it is reserved for you for 30 s; within them you operate it; then a second person approves it within 120 s."
        }
    }
}

/// Draws the dialog.
pub(in crate::panels) fn confirm_ui(ui: &mut Ui, row: &ConfirmRow, state: &mut Confirmation) -> Option<Decision> {
    ui.set_width(420.0);
    let class = row.rehearsal.class;
    ui.horizontal(|ui| {
        class_chip_ui(ui, class);
        ui.label(RichText::new(&row.title).heading().color(theme::STRONG));
    });
    ui.add_space(theme::STEP);
    ui.horizontal(|ui| {
        ui.label(RichText::new(&row.from).color(theme::TEXT));
        ui.label(RichText::new("to").color(theme::WEAK));
        ui.label(RichText::new(&row.to).strong().color(theme::ACCENT));
    });
    ui.add(egui::Label::new(RichText::new(class_sentence(class)).small().color(theme::WEAK)).wrap());
    ui.add_space(theme::STEP);
    let mut seen = row.rehearsal.taint.as_ref().and_then(|it| taint_ui(ui, it));
    seen = checks_ui(ui, &row.rehearsal.checks).or(seen);
    ui.add_space(theme::GAP);
    ui.label(RichText::new(format!("Passphrase of {}", row.who)).small().color(theme::WEAK));
    let field = state.passphrase.show(ui, "Passphrase");
    let entered = field.lost_focus() && ui.input(|it| it.key_pressed(egui::Key::Enter));
    if class == Class::C3 {
        ui.add_space(theme::STEP);
        let hint = format!("Hold the button, or type {} here", row.address);
        ui.label(RichText::new(&hint).small().color(theme::WEAK));
        let typed = ui.add(egui::TextEdit::singleline(&mut state.typed).desired_width(f32::INFINITY));
        typed.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::TextEdit, true, "Name of the command"));
    }
    ui.add_space(theme::GAP);
    let ready = !state.passphrase.is_empty();
    let mut decision = seen.map(Decision::See);
    ui.horizontal(|ui| {
        let typed_out = state.typed.trim() == row.address;
        let asked = match class {
            Class::C3 if !typed_out => {
                let name = if row.reserved { "Hold to operate" } else { "Hold to reserve" };
                hold_ui(ui, name, ready, &mut state.held_secs)
            }
            Class::C3 => {
                let name = if row.reserved { "Operate" } else { "Reserve" };
                plain_ui(ui, name, ready) || (entered && ready)
            }
            Class::C0 | Class::C1 | Class::C2 => plain_ui(ui, "Send", ready) || (entered && ready),
        };
        if asked {
            decision = Some(Decision::Ask(state.passphrase.take()));
        }
        if ui.add(egui::Button::new("Cancel").min_size(vec2(72.0, theme::ROW))).clicked() {
            decision = Some(Decision::Cancel);
        }
    });
    decision
}

fn plain_ui(ui: &mut Ui, name: &str, ready: bool) -> bool {
    let button = egui::Button::new(name).min_size(vec2(120.0, theme::ROW)).selected(ready);
    ui.add_enabled(ready, button).on_disabled_hover_text("Type the passphrase first.").clicked()
}

/// A button that counts only once it has been held long enough; it fills while it is.
pub(in crate::panels) fn hold_ui(ui: &mut Ui, name: &str, ready: bool, held_secs: &mut f32) -> bool {
    let galley = ui.painter().layout_no_wrap(name.to_owned(), theme::body(), theme::STRONG);
    let size = vec2(galley.size().x + 4.0 * theme::GAP, theme::ROW + theme::STEP);
    let sense = if ready { Sense::click_and_drag() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(size, sense);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, ready, name));
    let holding = ready && response.is_pointer_button_down_on();
    let before = *held_secs;
    *held_secs = if holding { before + ui.input(|it| it.stable_dt).min(0.25) } else { 0.0 };
    let share = (*held_secs / HOLD_SECS).clamp(0.0, 1.0);
    let painter = ui.painter();
    painter.rect(rect, 4.0, theme::WIDGET, Stroke::new(1.0, theme::ALARM), egui::StrokeKind::Inside);
    let filled = rect.with_max_x(rect.left() + rect.width() * share);
    painter.rect_filled(filled, 4.0, theme::ALARM.gamma_multiply(0.45));
    let ink = if ready { theme::STRONG } else { theme::WEAK };
    painter.galley_with_override_text_color(rect.center() - galley.size() / 2.0, galley, ink);
    if holding {
        ui.ctx().request_repaint();
    }
    let text = if ready { "Press, and hold until it is full." } else { "Type the passphrase first." };
    response.on_hover_text(text);
    before < HOLD_SECS && *held_secs >= HOLD_SECS
}

/// `C2` in a frame; the more it reaches, the more it stands out.
pub(in crate::panels) fn class_chip_ui(ui: &mut Ui, class: Class) {
    let (ink, ground): (Color32, Color32) = match class {
        Class::C0 | Class::C1 => (theme::WEAK, Color32::TRANSPARENT),
        Class::C2 => (theme::WARNING, theme::WARNING.gamma_multiply(0.14)),
        Class::C3 => (theme::ALARM, theme::ALARM.gamma_multiply(0.16)),
    };
    let (rect, response) = ui.allocate_exact_size(vec2(24.0, 16.0), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Label, true, class_sentence(class)));
    let painter = ui.painter();
    painter.rect(rect, 3.0, ground, Stroke::new(1.0, ink.gamma_multiply(0.7)), egui::StrokeKind::Inside);
    painter.text(
        pos2(rect.center().x, rect.center().y),
        egui::Align2::CENTER_CENTER,
        class.label(),
        theme::small(),
        ink,
    );
    response.on_hover_text(class_sentence(class));
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::{NodeT as _, Queryable as _};

    use super::super::checks::CheckRow;
    use super::*;
    use crate::command::{Check, Verdict, What};

    fn harness(class: Class) -> Harness<'static, (Confirmation, Option<Decision>)> {
        let state = (Confirmation::new(CommandId(1), Value::Number(0.7)), None);
        Harness::new_ui_state(
            move |ui, (state, decision): &mut (Confirmation, Option<Decision>)| {
                let check = Check::new(What::Step, Verdict::Passed, "0.20 mg/L", "at most 0.30 mg/L");
                let rehearsal = Rehearsal { class, checks: vec![CheckRow { check, taint: None }], taint: None };
                let row = ConfirmRow {
                    title: "Chlorine dosing · Dose".to_owned(),
                    from: "0.50 mg/L".to_owned(),
                    to: "0.70 mg/L".to_owned(),
                    who: "Ada",
                    address: "treatment.dosing/dose",
                    reserved: false,
                    rehearsal: &rehearsal,
                };
                *decision = confirm_ui(ui, &row, state).or(decision.take());
            },
            state,
        )
    }

    #[test]
    fn what_cannot_be_undone_is_held_or_typed_out() {
        let mut harness = harness(Class::C3);
        assert!(harness.get_by_label("Hold to reserve").accesskit_node().is_disabled());
        harness.get_by_label("Passphrase").focus();
        harness.run();
        harness.get_by_label("Passphrase").type_text("demo");
        harness.run();
        harness.get_by_label("Hold to reserve").click();
        harness.run();
        assert!(harness.state().1.is_none(), "a click is not enough");
        harness.get_by_label("Name of the command").focus();
        harness.run();
        harness.get_by_label("Name of the command").type_text("treatment.dosing/dose");
        harness.run();
        harness.get_by_label("Reserve").click();
        harness.run();
        assert!(matches!(harness.state().1, Some(Decision::Ask(_))));
    }

    #[test]
    fn what_reaches_others_needs_the_passphrase_once_more() {
        let mut harness = harness(Class::C2);
        assert!(harness.query_by_label("Largest step: 0.20 mg/L; at most 0.30 mg/L").is_some());
        assert!(harness.get_by_label("Send").accesskit_node().is_disabled());
        harness.get_by_label("Cancel").click();
        harness.run();
        assert_eq!(harness.state().1, Some(Decision::Cancel));
    }
}
