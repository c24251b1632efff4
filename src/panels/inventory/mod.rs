//! The inventory on the screen: the devices as things that were bought, and how the plant will stand on a day to come.
//!
//! `order` says in which order they stand, `tools` draws the line with the slider, `list` the table, `details` what the
//! pointer shows of a row, `brief` the lines in the inspector, `marks` the small signs of all of them.

mod brief;
mod details;
mod list;
mod marks;
mod order;
mod tools;

use std::path::PathBuf;

use egui::Ui;
use jiff::civil::Date;
use jiff::{Span, ToSpan};

pub(super) use brief::{BriefPart, part_section_ui};

use super::actions::Action;
use super::theme;
use super::tree::empty_ui;
use crate::guard::inventory::Part;
use crate::site::TwinId;
use order::Column;

/// How far the slider goes, in months.
pub(super) const MONTHS: u32 = 120;

/// What the inventory keeps between frames.
#[derive(Debug, Default)]
pub struct InventoryState {
    /// So many months from today is the day that is shown; 0 is today.
    pub months: u32,
    /// By which column the rows are sorted.
    sorted_by: Column,
    /// From the last to the first.
    reversed: bool,
    /// The day to come that was shown in this frame. `None`: the panel was not, or it showed today.
    pub(super) looks_to: Option<Date>,
    /// What was selected in the last frame: its row is scrolled to when this changes.
    seen: Option<TwinId>,
}

/// What a person asks of the inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InventoryAction {
    /// Choose where to write it, as a table.
    AskExport,
    /// Write it, as it will be on this day.
    Export(PathBuf, Date),
    /// Read the advisories again.
    ReadAgain,
}

/// All that the panel shows.
pub(super) struct InventoryRows<'a> {
    /// One for each device, in the order of the site.
    pub parts: &'a [Part],
    /// Puts the name of a part's twin into words.
    pub name: &'a dyn Fn(TwinId) -> String,
    /// The day of the instant that is shown.
    pub today: Date,
    /// The selected twin's part is marked. `None`: no part speaks for it.
    pub selected: Option<TwinId>,
    /// The advisories are still being read.
    pub is_reading: bool,
    /// How many advisories were read.
    pub n_advisories: usize,
    /// What is wrong in their files: how much, and the first of it.
    pub problem: Option<(usize, String)>,
}

/// The day that is shown: so many months from today.
pub(super) fn day_shown(today: Date, months: u32) -> Date {
    let span: Span = i64::from(months.min(MONTHS)).months();
    today.checked_add(span).unwrap_or(today)
}

/// Draws the panel; returns what was asked for.
pub(super) fn inventory_panel_ui(ui: &mut Ui, rows: &InventoryRows, state: &mut InventoryState) -> Option<Action> {
    if let Some(text) = nothing(rows.parts) {
        empty_ui(ui, text);
        return None;
    }
    ui.spacing_mut().item_spacing.y = theme::HALF;
    let action = tools::tools_ui(ui, rows, state);
    let date = day_shown(rows.today, state.months);
    state.looks_to = (state.months > 0).then_some(date);
    list::list_ui(ui, rows, state, date).or(action)
}

/// What is missing for there to be an inventory. `None`: nothing.
fn nothing(parts: &[Part]) -> Option<&'static str> {
    if parts.is_empty() {
        return Some("This site has no devices. Give its twins some under `device` in its site.ron.");
    }
    let described = parts.iter().any(|it| it.described);
    (!described).then_some(
        "Nobody has written down what the devices of this site are. Give each `device` in its site.ron an inventory, such as \
         inventory: (maker: \"…\", model: \"…\", firmware: \"2.4.1\", end_of_support: \"2029-12-31\", crypto: Signed), and put \
         what makers publish about them into a folder `advisories` beside it.",
    )
}

#[cfg(test)]
mod tests;
