//! The inspector: one twin, what is measured on it, what can be asked of it, what it is made of.

mod emergency_stop;
mod header;
mod link;
mod reading;

use egui::{RichText, Ui};

pub(super) use emergency_stop::EmergencyStop;
pub(super) use header::DeviceLine;
pub(super) use link::LinkRow;
pub(super) use reading::{Dragged, ReadingRow};

use super::actions::Action;
use super::alarms::{BriefRow, ExpectRow, alarms_section_ui, expectations_section_ui};
use super::commands::form::{CommandForm, Drafts, Rehearse, command_form_ui};
use super::inventory::{BriefPart, part_section_ui};
use super::section::{notice_ui, section_ui};
use super::theme;
use super::tree::empty_ui;
use super::trust_section::{TrustRows, trust_section_ui};
use crate::site::TwinId;
use crate::site::doc::Kind;
use crate::twin::Health;

/// All that the inspector shows of a twin.
#[derive(Debug, Clone)]
pub(super) struct Card<'a> {
    /// Which twin.
    pub id: TwinId,
    /// Its name.
    pub name: &'a str,
    /// Its address.
    pub address: &'a str,
    /// Its kind.
    pub kind: Kind,
    /// For people; may be empty.
    pub about: &'a str,
    /// Its health.
    pub health: Health,
    /// From the top to its parent.
    pub way: Vec<LinkRow<'a>>,
    /// The device that speaks for it. `None`: it has none.
    pub device: Option<DeviceLine<'a>>,
    /// What that device is. `None`: it has none.
    pub part: Option<BriefPart<'a>>,
    /// When it wants a person.
    pub alarms: Vec<BriefRow<'a>>,
    /// What must be true of it.
    pub expectations: Vec<ExpectRow<'a>>,
    /// What is measured on it.
    pub readings: Vec<ReadingRow<'a>>,
    /// Its parts.
    pub parts: Vec<LinkRow<'a>>,
    /// Twins elsewhere that it is about.
    pub involves: Vec<LinkRow<'a>>,
    /// What can be asked of it.
    pub commands: Vec<CommandForm<'a>>,
    /// Why nothing can be sent now. `None`: it can.
    pub cannot_send: Option<String>,
    /// Its emergency stop. `None`: it has none.
    pub emergency_stop: Option<EmergencyStop>,
    /// How far it may be believed.
    pub trust: TrustRows,
}

/// Draws the card; returns what was asked for.
pub(super) fn inspector_panel_ui(
    ui: &mut Ui,
    card: Option<&Card>,
    drafts: &mut Drafts,
    rehearse: Rehearse,
) -> Option<Action> {
    let Some(card) = card else {
        empty_ui(ui, "Nothing is selected. Click a thing in the 3D view or in the tree, or press Ctrl+K to find one.");
        return None;
    };
    let mut action = header::header_ui(ui, card);
    let area = egui::ScrollArea::vertical().auto_shrink(false).id_salt(("inspector", card.id.0));
    area.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if let Some(stop) = &card.emergency_stop {
            action = emergency_stop::emergency_stop_ui(ui, card, stop).or(action.take());
        }
        let warns = card.trust.warns();
        if warns {
            action = trust_section_ui(ui, card.id, card.name, &card.trust).or(action.take());
        }
        // What wants a person stands before all else.
        let wants = card.alarms.iter().any(|it| it.state.is_standing());
        if wants {
            action = alarms_section_ui(ui, &card.alarms).or(action.take());
        }
        if !card.commands.is_empty() {
            section_ui(ui, "Commands", None);
            if let Some(why) = &card.cannot_send {
                notice_ui(ui, why);
            }
            for form in &card.commands {
                action = command_form_ui(ui, form, card.cannot_send.as_deref(), drafts, rehearse).or(action.take());
            }
        }
        if !card.readings.is_empty() {
            section_ui(ui, "Readings", Some(card.readings.len()));
            for row in &card.readings {
                action = reading::reading_ui(ui, row).or(action.take());
            }
        }
        if !warns {
            action = trust_section_ui(ui, card.id, card.name, &card.trust).or(action.take());
        }
        if !wants {
            action = alarms_section_ui(ui, &card.alarms).or(action.take());
        }
        action = expectations_section_ui(ui, &card.expectations).or(action.take());
        for (title, links) in [("Parts", &card.parts), ("Is about", &card.involves)] {
            if !links.is_empty() {
                section_ui(ui, title, Some(links.len()));
                for link in links {
                    action = link::link_ui(ui, link).or(action.take());
                }
            }
        }
        if let Some(part) = &card.part {
            part_section_ui(ui, part);
        }
        if !card.about.is_empty() {
            section_ui(ui, "About", None);
            ui.add(egui::Label::new(RichText::new(card.about).color(theme::TEXT)).wrap());
        }
        if card.readings.is_empty() && card.commands.is_empty() {
            ui.add_space(theme::GAP);
            let see = match card.way.first() {
                _ if !card.parts.is_empty() => "; see its parts".to_owned(),
                Some(whole) => format!("; see {}, of which it is a part", whole.name),
                None => String::new(),
            };
            let text = format!("Nothing is measured on it directly{see}.");
            ui.add(egui::Label::new(RichText::new(text).color(theme::WEAK)).wrap());
        }
        ui.add_space(theme::GAP * 2.0);
    });
    action
}
