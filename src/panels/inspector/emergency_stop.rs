//! The emergency stop of a twin.

use egui::{Align2, Rect, RichText, Sense, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::theme;
use super::Card;

/// What an emergency stop does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::panels) struct EmergencyStop {
    /// Each thing that is sent: `Pump 1 · Start / stop: off`.
    pub does: Vec<String>,
    /// Why it cannot be sent now. `None`: it can.
    pub cannot: Option<String>,
}

/// A wide button, pressed once: it stops at once, whatever the interlocks say and whoever is signed in.
pub(super) fn emergency_stop_ui(ui: &mut Ui, card: &Card, stop: &EmergencyStop) -> Option<Action> {
    ui.add_space(theme::GAP);
    let name = format!("Emergency stop: {}", card.name);
    let can = stop.cannot.is_none();
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 32.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, can, &name));
    let ink = if can { theme::STRONG } else { theme::WEAK };
    let ground = theme::ALARM.gamma_multiply(if !can {
        0.12
    } else if response.hovered() {
        0.75
    } else {
        0.5
    });
    let edge = egui::Stroke::new(1.5, theme::ALARM.gamma_multiply(if can { 1.0 } else { 0.4 }));
    ui.painter().rect(rect, 4.0, ground, edge, egui::StrokeKind::Inside);
    if response.has_focus() {
        let focus = egui::Stroke::new(1.5, theme::ACCENT);
        ui.painter().rect_stroke(rect.expand(2.0), 5.0, focus, egui::StrokeKind::Inside);
    }
    let sign = Rect::from_center_size(pos2(rect.left() + 20.0, rect.center().y), vec2(10.0, 10.0));
    ui.painter().rect_filled(sign, 1.0, ink);
    let text = "Emergency stop";
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, theme::body(), ink);
    let does = stop.does.join(", ");
    let response = response.on_hover_ui(|ui| {
        ui.set_max_width(340.0);
        ui.label(RichText::new(&name).color(theme::STRONG));
        ui.label(format!(
            "Sends at once: {does}. It goes through whatever the interlocks say, and needs nobody to be signed in."
        ));
        if let Some(why) = &stop.cannot {
            ui.label(RichText::new(why).color(theme::WARNING));
        }
    });
    ui.add_space(theme::STEP);
    (response.clicked() && can).then_some(Action::EmergencyStop(card.id))
}
