//! Alarms on the screen: the list with its filters, what can be done to an alarm, why it stands, and how many there are.
//!
//! `rows` says what is shown and in which order; `list`, `journal`, `figures`, `why`, `dialog` and `brief` draw it. What is
//! asked for leaves as an [`AlarmAction`], and only `perform` in [`super`] turns it into a request to the judge.

mod brief;
mod dialog;
mod figures;
mod journal;
mod list;
mod rows;
mod tools;
mod why;

use std::collections::BTreeSet;

use egui::Ui;

pub(super) use brief::{BriefRow, ExpectRow, alarms_section_ui, expectations_section_ui};
pub(super) use dialog::{Answer, dialog_ui};
pub use dialog::{Deed, Dialog};
pub(super) use figures::{FiguresRows, NamedCount};
pub(super) use journal::JournalRow;
pub(super) use rows::{AlarmKey, AlarmRow, FloodGroup, FloodRow, after, shown};
pub(super) use why::{WhyCard, WhyCommand, WhyInput, WhyUpstream, why_ui};

use super::actions::Action;
use super::theme;
use crate::site::AlarmId;

/// What the alarm panels keep between frames.
#[derive(Debug, Default)]
pub struct AlarmsState {
    /// What is listed.
    pub view: AlarmView,
    /// The alarm that the keys act on.
    pub chosen: Option<AlarmId>,
    /// What was chosen in the last frame: its row is scrolled to when this changes.
    seen: Option<AlarmId>,
    /// In a flood the list is grouped by place, not by cause.
    pub(super) by_place: bool,
    /// Groups of a flood that are folded, by their name.
    folded: BTreeSet<String>,
    /// The list was drawn in this frame.
    pub(super) in_sight: bool,
    /// What is asked before something is done.
    pub(super) dialog: Option<Dialog>,
    /// What was asked for last: it comes back where it is refused.
    pub(super) asked: Option<Dialog>,
    /// The alarm that is explained. `None`: none is.
    pub(super) why: Option<AlarmId>,
}

/// What the list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AlarmView {
    /// Everything that wants a person, acknowledged or not.
    #[default]
    Standing,
    /// What nobody has acknowledged.
    Unacknowledged,
    /// What was put aside for a while.
    Shelved,
    /// What is suppressed by design.
    Suppressed,
    /// What was taken out of service.
    OutOfService,
    /// What happened, newest first.
    Journal,
    /// How many there are, against what a person can take in.
    Figures,
}

/// What a person asks of alarms.
#[derive(Debug, Clone, PartialEq)]
pub enum AlarmAction {
    /// Show a list.
    See(AlarmView),
    /// The keys act on this one from now on.
    Choose(AlarmId),
    /// The keys act on this one, and its list is shown.
    Find(AlarmId),
    /// Acknowledge the chosen one.
    Acknowledge,
    /// In a flood the list is grouped by place, or by cause.
    GroupByPlace(bool),
    /// Ask whether all that are listed are to be acknowledged.
    AskAcknowledgeAll,
    /// Ask for how long and why the chosen one is to be shelved.
    AskShelve,
    /// Ask why the chosen one is to be taken out of service.
    AskOutOfService,
    /// Ask for a note on the chosen one.
    AskNote,
    /// Do what was asked about.
    Confirm(Dialog),
    /// Take the chosen one off the shelf.
    Unshelve,
    /// Put the chosen one back into service.
    ReturnToService,
    /// Reset the chosen one, which is latched.
    Reset,
    /// Explain the chosen one.
    Why,
}

impl AlarmView {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Standing,
        Self::Unacknowledged,
        Self::Shelved,
        Self::Suppressed,
        Self::OutOfService,
        Self::Journal,
        Self::Figures,
    ];

    /// The word on its button.
    pub fn title(self) -> &'static str {
        match self {
            Self::Standing => "Standing",
            Self::Unacknowledged => "Unacknowledged",
            Self::Shelved => "Shelved",
            Self::Suppressed => "Suppressed",
            Self::OutOfService => "Out of service",
            Self::Journal => "Journal",
            Self::Figures => "Figures",
        }
    }
}

/// All that the panel shows. What costs words is put into words only where it is in sight.
pub(super) struct AlarmsRows<'a> {
    /// Every alarm that is not normal, or cannot be judged.
    pub keys: Vec<AlarmKey>,
    /// Puts one into words.
    pub words: &'a dyn Fn(&AlarmKey) -> AlarmRow<'a>,
    /// More than a person can take in. `None`: no flood.
    pub flood: Option<FloodRow>,
    /// They were found in a recording.
    pub found: bool,
    /// The recording is still being looked through.
    pub searching: bool,
    /// Why no alarms are found. `None`: they are.
    pub problem: Option<&'a str>,
    /// Why nothing can be done to an alarm. `None`: it can.
    pub cannot_act: Option<String>,
    /// How many alarms the site describes.
    pub described: usize,
    /// How many entries the journal has.
    pub entries: usize,
    /// Puts an entry of the journal into words, newest first.
    pub entry: &'a dyn Fn(usize) -> JournalRow<'a>,
    /// How many there are.
    pub figures: &'a dyn Fn() -> FiguresRows,
    /// Nothing flashes.
    pub reduced_motion: bool,
}

/// Draws the panel; returns what was asked for.
pub(super) fn alarms_panel_ui(ui: &mut Ui, rows: &AlarmsRows, state: &mut AlarmsState) -> Vec<Action> {
    state.in_sight = true;
    ui.spacing_mut().item_spacing.y = theme::HALF;
    let chosen = state.chosen.and_then(|chosen| rows.keys.iter().find(|it| it.alarm == chosen));
    let action = tools::tools_ui(ui, rows, state.view, chosen);
    let asked = match state.view {
        AlarmView::Journal => return journal::journal_ui(ui, rows).into_iter().chain(action).collect(),
        AlarmView::Figures => figures::figures_ui(ui, &(rows.figures)()),
        AlarmView::Standing
        | AlarmView::Unacknowledged
        | AlarmView::Shelved
        | AlarmView::Suppressed
        | AlarmView::OutOfService => list::list_ui(ui, rows, state),
    };
    asked.into_iter().chain(action).collect()
}

#[cfg(test)]
mod tests;
