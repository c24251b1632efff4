//! What stands within a panel beside its rows: a heading, and a sentence that stands out.

use egui::{RichText, Ui};

use super::{icons, theme};

/// A heading within a panel.
pub(super) fn section_ui(ui: &mut Ui, title: &str, count: Option<usize>) {
    ui.add_space(theme::GAP + theme::STEP);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        ui.label(RichText::new(title).small().strong().color(theme::WEAK));
        if let Some(count) = count {
            ui.label(RichText::new(count.to_string()).small().color(theme::WEAK));
        }
    });
    ui.add_space(theme::STEP);
}

/// A sentence that stands out: why something cannot be done.
pub(super) fn notice_ui(ui: &mut Ui, text: &str) {
    notice_with(ui, text, |ui| {
        icons::show(ui, "warning", |painter, at| icons::triangle(painter, at, theme::WARNING));
    });
}

/// The same behind another sign.
pub(super) fn notice_with(ui: &mut Ui, text: &str, sign: impl FnOnce(&mut Ui)) {
    let frame = egui::Frame::new().fill(theme::BANNER).corner_radius(3).inner_margin(egui::Margin::symmetric(8, 4));
    frame.show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = theme::STEP;
            sign(ui);
            ui.label(RichText::new(text).color(theme::STRONG));
        });
    });
    ui.add_space(theme::STEP);
}
