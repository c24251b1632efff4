//! What a twin is, where it belongs, and what is known of the device that speaks for it.

use egui::{Align, Layout, RichText, Sense, Ui, vec2};

use super::super::actions::Action;
use super::super::{format, icons, theme};
use super::Card;
use crate::twin::Level;

/// A device that was heard within this many seconds is not silent.
const RECENT_SECS: f64 = 10.0;

/// A device, and when it was last heard.
#[derive(Debug, Clone, Copy)]
pub(in crate::panels) struct DeviceLine<'a> {
    /// Its MQTT client id.
    pub id: &'a str,
    /// What its status topic says, where a signal is bound to it. `None`: nothing says so.
    pub online: Option<bool>,
    /// Seconds since anything of it arrived. `None`: never.
    pub heard_secs: Option<f64>,
}

impl DeviceLine<'_> {
    /// What is known of it. Whether it is online is said only where its status topic says so.
    fn in_words(&self) -> (String, Level) {
        let heard = match self.heard_secs {
            None => "never heard".to_owned(),
            Some(secs) if secs < 2.0 => "heard just now".to_owned(),
            Some(secs) => format!("heard {} ago", format::span(secs)),
        };
        let is_recent = self.heard_secs.is_some_and(|it| it <= RECENT_SECS);
        match (self.online, self.heard_secs) {
            (Some(false), _) => (format!("offline, {heard}"), Level::Warning),
            (Some(true), Some(_)) if is_recent => (format!("online, {heard}"), Level::Normal),
            (Some(true), _) => (format!("online but silent, {heard}"), Level::Stale),
            (None, Some(_)) if is_recent => (heard, Level::Normal),
            (None, Some(_)) => (format!("silent, {heard}"), Level::Stale),
            (None, None) => (heard, Level::Unknown),
        }
    }
}

/// Draws it; returns what was asked for.
pub(super) fn header_ui(ui: &mut Ui, card: &Card) -> Option<Action> {
    let mut action = None;
    ui.spacing_mut().item_spacing.y = theme::HALF;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        let health = format!("health: {}", card.health.worst.label());
        icons::show(ui, &health, |painter, at| icons::level(painter, at, card.health.worst)).on_hover_text(&health);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icons::button(ui, "Look at it", icons::target).clicked() {
                action = Some(Action::FlyTo(card.id));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let name = RichText::new(card.name).heading().color(theme::STRONG);
                ui.add(egui::Label::new(name).truncate()).on_hover_text(card.name);
            });
        });
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(theme::STEP, 0.0);
        let small = |text: &str| RichText::new(text).small().color(theme::WEAK);
        ui.label(small(icons::kind_name(card.kind)));
        for link in &card.way {
            ui.label(small("in"));
            let name = RichText::new(link.name).small().color(theme::ACCENT);
            if ui.add(egui::Label::new(name).sense(Sense::click())).on_hover_text("Select it").clicked() {
                action = Some(Action::Select(link.id));
            }
        }
    });
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        let address = RichText::new(card.address).small().color(theme::WEAK);
        let label = egui::Label::new(address).truncate().sense(Sense::click());
        if ui.add(label).on_hover_text("The address in the site file. Click to copy it.").clicked() {
            action = Some(Action::Copy(card.address.to_owned()));
        }
    });
    if let Some(device) = &card.device {
        device_ui(ui, device);
    }
    ui.add_space(theme::STEP);
    ui.separator();
    action
}

fn device_ui(ui: &mut Ui, device: &DeviceLine) {
    let (said, level) = device.in_words();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        icons::show(ui, &format!("device {said}"), |painter, at| icons::level(painter, at, level));
        let text = format!("Device {} {said}", device.id);
        let source = match device.online {
            Some(_) => "Its status topic says so.",
            None => "Its status is not known: no signal is bound to its status topic.",
        };
        ui.add(egui::Label::new(RichText::new(&text).small().color(theme::WEAK)).truncate())
            .on_hover_text(format!("{text}. {source} Its MQTT client id is {}.", device.id));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_online_only_where_its_status_says_so() {
        let check = |online, heard_secs, want| {
            assert_eq!(DeviceLine { id: "d", online, heard_secs }.in_words(), want);
        };
        check(None, Some(3.0), (format!("heard {} ago", format::span(3.0)), Level::Normal));
        check(None, Some(60.0), (format!("silent, heard {} ago", format::span(60.0)), Level::Stale));
        check(None, None, ("never heard".to_owned(), Level::Unknown));
        check(Some(true), Some(1.0), ("online, heard just now".to_owned(), Level::Normal));
        check(Some(true), None, ("online but silent, never heard".to_owned(), Level::Stale));
        check(Some(false), Some(1.0), ("offline, heard just now".to_owned(), Level::Warning));
    }
}
