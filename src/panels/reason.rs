//! The inside of a dialog that asks for a reason before something is done.

use egui::{RichText, Ui, vec2};

use super::{icons, theme};
use crate::command::LONGEST_WHY;

/// What is asked.
pub(super) struct Question<'a> {
    /// What is to be done, and of what: `Isolate Pump 1?`.
    pub title: &'a str,
    /// What follows from it.
    pub says: &'a str,
    /// Where it is done. `None`: that goes without saying.
    pub place: Option<&'a str>,
    /// The word on the button: `Isolate`.
    pub does: &'a str,
    /// Why it cannot be done. `None`: it can.
    pub cannot: Option<&'a str>,
}

/// Draws it. `Some(true)`: it is to be done, for the reason that was given; `Some(false)` closes it.
pub(super) fn reason_ui(ui: &mut Ui, question: &Question, why: &mut String) -> Option<bool> {
    let Question { title, says, place, does, cannot } = *question;
    ui.set_width(theme::DIALOG.x.min(ui.ctx().content_rect().width() - 48.0));
    ui.spacing_mut().item_spacing.y = theme::GAP;
    ui.label(RichText::new(title).heading().color(theme::STRONG));
    ui.add(egui::Label::new(RichText::new(says).color(theme::WEAK)).wrap());
    if let Some(place) = place {
        ui.add(egui::Label::new(RichText::new(place).color(theme::TEXT)).wrap());
    }
    let field = egui::TextEdit::singleline(why).id(egui::Id::new("reason")).hint_text("Why? Required");
    let response = ui.add(field.desired_width(f32::INFINITY).char_limit(LONGEST_WHY));
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, "", &*why, "");
        info.label = Some("Reason".to_owned());
        info
    });
    let entered = response.lost_focus() && ui.input(|it| it.key_pressed(egui::Key::Enter));
    if ui.memory(|it| it.focused().is_none()) && !entered {
        response.request_focus();
    }
    if let Some(cannot) = cannot {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = theme::STEP;
            icons::show(ui, "refused", |painter, at| icons::cross(painter, at, theme::ALARM));
            ui.label(RichText::new(cannot).color(theme::STRONG));
        });
    }
    let ready = cannot.is_none() && !why.trim().is_empty();
    let mut outcome = None;
    ui.horizontal(|ui| {
        let button = egui::Button::new(does).min_size(vec2(96.0, theme::ROW)).selected(ready);
        let button = ui.add_enabled(ready, button).on_disabled_hover_text(cannot.unwrap_or("Say why first."));
        if button.clicked() || (entered && ready) {
            outcome = Some(true);
        }
        if ui.add(egui::Button::new("Cancel").min_size(vec2(72.0, theme::ROW))).clicked() {
            outcome = Some(false);
        }
    });
    outcome
}
