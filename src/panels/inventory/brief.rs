//! What the device of one twin is, for its inspector.

use egui::{Grid, RichText, Ui, vec2};
use jiff::civil::Date;

use super::super::section::section_ui;
use super::super::{icons, theme};
use super::details::{finding_ui, until_in_full};
use super::marks;
use crate::guard::inventory::{Part, findings};

/// The part that speaks for the selected twin.
#[derive(Debug, Clone, Copy)]
pub(in crate::panels) struct BriefPart<'a> {
    /// The part.
    pub part: &'a Part,
    /// The day of the instant that is shown.
    pub today: Date,
}

/// Draws it. Of a device of which nothing is written down there is nothing to say here.
pub(in crate::panels) fn part_section_ui(ui: &mut Ui, brief: &BriefPart) {
    let part = brief.part;
    if !part.described {
        return;
    }
    section_ui(ui, "Device", None);
    let support = part.support_at(brief.today);
    Grid::new("device").num_columns(2).spacing(vec2(theme::GAP, theme::HALF)).show(ui, |ui| {
        let mut line = |name: &str, text: &str| {
            ui.label(RichText::new(name).small().color(theme::WEAK));
            ui.add(egui::Label::new(RichText::new(text).color(theme::TEXT)).truncate()).on_hover_text(text);
            ui.end_row();
        };
        line("Maker", &part.maker);
        line("Model", &part.model);
        line("Firmware", part.firmware.as_deref().unwrap_or("not known"));
        line("Crypto", &marks::crypto_word(part));
        ui.label(RichText::new("Updates").small().color(theme::WEAK));
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = theme::STEP;
            icons::show(ui, support.label(), |painter, at| marks::support(painter, at, support));
            let text = until_in_full(part);
            ui.add(egui::Label::new(RichText::new(&text).color(theme::TEXT)).truncate()).on_hover_text(&text);
        });
        ui.end_row();
    });
    ui.spacing_mut().item_spacing.y = theme::HALF;
    for finding in findings(part, brief.today) {
        finding_ui(ui, &finding);
    }
}
