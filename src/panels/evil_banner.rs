//! The banner over all panels that says that somebody else speaks in a device's name.

use egui::{Align, Layout, RichText, Ui};

use super::actions::Action;
use super::facts::Facts;
use super::{standing, theme};
use crate::site::TwinId;
use crate::trust::Reason;
use crate::twin::Standing;

/// A device in whose name somebody else speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EvilRow {
    /// The twin that the device belongs to.
    pub twin: TwinId,
    /// Its name.
    pub name: String,
    /// What proves it, and when that came: `cloned key, 12:03:04`.
    pub proof: String,
    /// How many other devices it is so of.
    pub more: usize,
}

/// What proves it, in a few words.
fn proof(reason: Reason) -> &'static str {
    if reason == Reason::Cloned {
        "cloned key"
    } else if reason == Reason::Rollback {
        "an old life of it is replayed"
    } else {
        "forged signatures"
    }
}

impl Facts<'_, '_> {
    /// The device with the newest proof. `None`: there is none.
    pub(super) fn evil_row(&self) -> Option<EvilRow> {
        let mut found: Vec<(TwinId, (Reason, crate::signal::Timestamp))> = Vec::new();
        for signal in &self.site.signals {
            let reading = self.readings.get(signal.id);
            if reading.standing != Standing::EvilTwin {
                continue;
            }
            let owner = self.site.device_of(signal.twin).map_or(signal.twin, |it| it.0.id);
            let Some(evidence) = reading.refused.and_then(|it| it.evidence) else { continue };
            match found.iter_mut().find(|it| it.0 == owner) {
                Some(known) if known.1.1 >= evidence.1 => {}
                Some(known) => known.1 = evidence,
                None => found.push((owner, evidence)),
            }
        }
        let (twin, (reason, at)) = *found.iter().max_by_key(|it| it.1.1)?;
        let name = self.site.twin(twin)?.name.clone();
        let proof = format!("{}, {}", proof(reason), self.pulse.clock.time(at));
        Some(EvilRow { twin, name, proof, more: found.len() - 1 })
    }
}

/// Draws it; returns what was asked for.
pub(super) fn evil_banner_ui(ui: &mut Ui, row: &EvilRow) -> Option<Action> {
    let mut action = None;
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP;
        super::icons::show(ui, "evil twin", |painter, at| standing::icon(painter, at, Standing::EvilTwin));
        ui.label(RichText::new("EVIL TWIN").strong().color(theme::URGENT));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button("Provenance").clicked() {
                action = Some(Action::ProvenanceOf(row.twin));
            }
            if ui.button("Show").clicked() {
                action = Some(Action::FlyTo(row.twin));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let more = match row.more {
                    0 => String::new(),
                    1 => ". It is so of one more device".to_owned(),
                    more => format!(". It is so of {more} more devices"),
                };
                let text = format!("{}: somebody else speaks in its name ({}){more}", row.name, row.proof);
                ui.add(egui::Label::new(RichText::new(&text).color(theme::STRONG)).truncate()).on_hover_text(&text);
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
    fn the_banner_names_the_twin_and_what_proves_it_and_leads_there() {
        let row =
            EvilRow { twin: TwinId(1), name: "Pump 1".to_owned(), proof: "cloned key, 12:03:04".to_owned(), more: 0 };
        let mut harness = Harness::builder()
            .with_size(egui::vec2(900.0, 40.0))
            .build_ui_state(move |ui, asked: &mut Vec<Action>| asked.extend(evil_banner_ui(ui, &row)), Vec::new());
        harness.run();
        let text = "Pump 1: somebody else speaks in its name (cloned key, 12:03:04)";
        assert!(harness.query_by_label(text).is_some());
        harness.get_by_label("Show").click();
        harness.run();
        harness.get_by_label("Provenance").click();
        harness.run();
        assert_eq!(harness.state(), &[Action::FlyTo(TwinId(1)), Action::ProvenanceOf(TwinId(1))]);
    }
}
