//! What the pointer shows of a part: all that is known of it, what is published about it, and what to do.

use egui::{Grid, RichText, Ui, vec2};

use super::super::{icons, theme};
use super::list::Row;
use super::marks;
use crate::guard::advisories::{Until, VexState};
use crate::guard::inventory::{Part, PartAdvisory, PartFinding};

/// More advisories than these are counted.
const ADVISORIES: usize = 6;
/// More parts of a part than these are counted.
const MADE_OF: usize = 4;

/// The last day with updates, in a word.
pub(super) fn until_word(part: &Part) -> String {
    match part.support.as_ref().map(|it| it.until) {
        Some(Until::Day(day)) => day.to_string(),
        Some(Until::NotAnnounced) => "no end".to_owned(),
        None => "not known".to_owned(),
    }
}

/// The same with who says so.
pub(super) fn until_in_full(part: &Part) -> String {
    let Some(end) = &part.support else { return "nobody says until when".to_owned() };
    let says = end.file.as_ref().map_or_else(|| "the site says".to_owned(), |it| format!("{it} says"));
    match end.until {
        Until::Day(day) => format!("until {day}, {says}"),
        Until::NotAnnounced => format!("no end is announced, {says}"),
    }
}

/// Draws it.
pub(super) fn tooltip_ui(ui: &mut Ui, row: &Row) {
    let part = row.part;
    ui.set_max_width(440.0);
    let title = if part.described { format!("{} · {}", row.name, part.title()) } else { row.name.clone() };
    ui.label(RichText::new(title).color(theme::STRONG));
    facts_ui(ui, part);
    for advisory in part.advisories.iter().take(ADVISORIES) {
        advisory_ui(ui, advisory);
    }
    if part.advisories.len() > ADVISORIES {
        ui.label(small(&format!("and {} more advisories", part.advisories.len() - ADVISORIES)));
    }
    for finding in &row.found {
        finding_ui(ui, finding);
    }
    ui.label(small("Click to select it, twice to look at it."));
}

fn small(text: &str) -> RichText {
    RichText::new(text).small().color(theme::WEAK)
}

/// What is known of a part: a line each.
pub(super) fn facts(part: &Part) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Device", part.device.clone())];
    if !part.described {
        return facts;
    }
    facts.push(("Firmware", part.firmware.clone().unwrap_or_else(|| "not known".to_owned())));
    facts.extend(part.serial.clone().map(|it| ("Serial", it)));
    facts.extend(part.installed.map(|it| ("Installed", it.to_string())));
    facts.push(("Updates", until_in_full(part)));
    let crypto = part.capability.map_or("not known".to_owned(), |it| it.meaning().to_owned());
    facts.push(("Can protect", crypto));
    facts.extend(part.observed.used.map(|it| ("Uses", it.label().to_owned())));
    facts.extend(part.observed.vouched_by.clone().map(|it| ("Vouched for by", it)));
    if !part.made_of.is_empty() {
        let mut names: Vec<&str> = part.made_of.iter().take(MADE_OF).map(|it| it.name.as_str()).collect();
        let more = format!("{} more", part.made_of.len().saturating_sub(MADE_OF));
        if part.made_of.len() > MADE_OF {
            names.push(&more);
        }
        facts.push(("Made of", names.join(", ")));
    }
    facts
}

fn facts_ui(ui: &mut Ui, part: &Part) {
    Grid::new("facts").num_columns(2).spacing(vec2(theme::GAP, theme::HALF)).show(ui, |ui| {
        for (name, text) in facts(part) {
            ui.label(small(name));
            ui.add(egui::Label::new(RichText::new(text).small().color(theme::TEXT)).wrap());
            ui.end_row();
        }
    });
}

/// What one advisory says, in a line or two.
fn advisory_ui(ui: &mut Ui, it: &PartAdvisory) {
    let perhaps = if it.certain { "" } else { "perhaps " };
    let through = it.through.as_ref().map(|it| format!(" through {it}")).unwrap_or_default();
    ui.add_space(theme::HALF);
    let color = if it.state == VexState::Affected { theme::STRONG } else { theme::TEXT };
    let line = format!("{} · {}: {perhaps}{}{through}", it.id, it.named(), it.state.label());
    ui.add(egui::Label::new(RichText::new(line).small().color(color)).wrap());
    let why = it.why.as_ref().map(|it| format!(" {it}")).unwrap_or_default();
    let link = it.link.as_ref().map(|it| format!(", {it}")).unwrap_or_default();
    let text = format!("{}.{why} ({}{link})", it.title.trim_end_matches('.'), it.file);
    ui.add(egui::Label::new(small(&text)).wrap());
}

/// What to do, with its sign.
pub(super) fn finding_ui(ui: &mut Ui, finding: &PartFinding) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        icons::show(ui, finding.urgency.label(), |painter, at| marks::urgency(painter, at, finding.urgency));
        ui.add(egui::Label::new(RichText::new(finding.to_string()).small().color(theme::TEXT)).wrap());
    });
}
