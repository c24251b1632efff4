//! The banners over all panels: what is wrong with the link, the recording or the site, while the rest works on.

use egui::{Align, Layout, RichText, Ui};

use super::actions::Action;
use super::layout::Pane;
use super::plot_panel::tag_ui;
use super::{format, icons, theme};

/// Says over all panels what is wrong and why, and where something is tried again: in how many seconds, after how many
/// times. The rest works on.
pub(super) fn warning_banner_ui(ui: &mut Ui, tag: &str, why: &str, next: Option<(f64, u32)>) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP;
        icons::show(ui, "warning", |painter, at| icons::triangle(painter, at, theme::WARNING));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some((secs, attempt)) = next {
                let text = if secs <= 0.0 {
                    "trying now…".to_owned()
                } else {
                    format!("next try in {}", format::countdown(secs))
                };
                let times = if attempt == 1 { "once".to_owned() } else { format!("{attempt} times") };
                ui.label(RichText::new(text).color(theme::STRONG)).on_hover_text(format!("It was tried {times}."));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                tag_ui(ui, tag, theme::WARNING);
                let text = format::sentence(why);
                ui.add(egui::Label::new(RichText::new(&text).color(theme::TEXT)).truncate()).on_hover_text(&text);
            });
        });
    });
}

/// Says over all panels that an edit of the site has faults; returns a wish to see them.
pub(super) fn site_banner_ui(ui: &mut Ui, errors: usize, first: &str) -> Option<Action> {
    let mut action = None;
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP;
        icons::show(ui, "error", |painter, at| icons::diamond(painter, at, theme::ALARM));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("Show").clicked() {
                action = Some(Action::Show(Pane::Diagnostics));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let faults = if errors == 1 { "a fault".to_owned() } else { format!("{errors} faults") };
                let text = format!("The edited site has {faults}; the last good one keeps running. {first}");
                ui.add(egui::Label::new(RichText::new(&text).color(theme::TEXT)).truncate()).on_hover_text(&text);
            });
        });
    });
    action
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;

    #[test]
    fn a_banner_says_why_and_when_it_is_tried_again() {
        let banner = Harness::new_ui(|ui| {
            warning_banner_ui(ui, "NO LINK", "the broker at plant:1883 speaks no MQTT 5", Some((2.4, 3)));
        });
        assert!(banner.query_by_label("The broker at plant:1883 speaks no MQTT 5.").is_some());
        assert!(banner.query_by_label("next try in 3\u{a0}s").is_some());
    }
}
