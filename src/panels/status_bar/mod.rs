//! The status bar: how the link is, how late, how much, how far back, who may command and what time is shown.
//!
//! A subject has a file of its own with its segments; here they are put in their order. What there is no room for is
//! left out by its rank.

mod alarms;
mod cursor;
mod flow;
mod isolated;
mod link;
mod operator;
mod picture;
mod posture;
mod segment;
mod works;

use egui::{Align, Layout, Ui};

pub(super) use link::LinkLine;
pub(super) use operator::OperatorLine;
pub(super) use picture::Picture;
pub(super) use posture::PostureLine;
pub(super) use works::WorkLine;

use self::segment::Segment;
use super::actions::Action;
use super::session_menu::session_menu_ui;
use super::theme;
use super::unverified::Unverified;
use crate::session::CursorMode;

/// All that the status bar tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Status {
    /// The link.
    pub link: LinkLine,
    /// How it is protected. `None`: there is none, or nothing is agreed upon yet.
    pub posture: Option<PostureLine>,
    /// What is not verified although the site has it signed.
    pub unverified: Vec<Unverified>,
    /// Exports and imports under way.
    pub works: Vec<WorkLine>,
    /// Alarms that nobody has acknowledged, of each priority, the least urgent first.
    pub unacknowledged: [usize; 4],
    /// Twins that are isolated.
    pub isolated: usize,
    /// Messages a second.
    pub arrivals_per_sec: f64,
    /// Signals with a fresh value, of all that the site binds.
    pub live: (usize, usize),
    /// Milliseconds from publishing to decoded: the median and the 99th percentile. `None`: no device tells its time.
    pub delay_ms: Option<(f64, f64)>,
    /// Intermediate values that the view left out.
    pub skipped: u64,
    /// How the picture is drawn. `None`: there is none.
    pub picture: Option<Picture>,
    /// Bytes of history, and how many it may have.
    pub history: (usize, usize),
    /// Seconds that the history reaches back. `None`: it is empty.
    pub reach_secs: Option<f64>,
    /// The cursor's time at the site, the date with it, and the zone.
    pub time: (String, String, String),
    /// How the cursor moves, and how fast where it plays.
    pub cursor: (CursorMode, f64),
    /// Who may command. `None`: nothing can be commanded here at all, as in a recording.
    pub operator: Option<OperatorLine>,
}

/// Draws the bar; returns what was clicked.
pub(super) fn status_bar_ui(ui: &mut Ui, status: &Status) -> Option<Action> {
    let (mut left, mut right) = (left_segments(status), right_segments(status));
    let mut action = None;
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP + theme::STEP;
        action = session_menu_ui(ui);
        let room = ui.available_width() - theme::GAP;
        let width = |it: &Segment| it.width(ui) + theme::GAP + theme::STEP;
        while left.iter().chain(&right).map(width).sum::<f32>() > room {
            let Some(least) = left.iter().chain(&right).map(|it| it.rank).max().filter(|it| *it > 0) else { break };
            left.retain(|it| it.rank != least);
            right.retain(|it| it.rank != least);
        }
        for segment in &left {
            action = segment.show(ui).or(action.take());
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for segment in right.iter().rev() {
                action = segment.show(ui).or(action.take());
            }
        });
    });
    action
}

/// What comes in and wants a person.
fn left_segments(status: &Status) -> Vec<Segment> {
    let mut out = vec![link::segment(&status.link)];
    out.extend(status.posture.as_ref().map(posture::segment));
    out.extend(status.unverified.iter().map(posture::unverified_segment));
    out.extend(alarms::segments(status.unacknowledged));
    out.extend(isolated::segment(status.isolated));
    out.extend(status.works.iter().map(works::segment));
    out.extend(flow::segments(status));
    out
}

/// How it is shown, to whom, and of when.
fn right_segments(status: &Status) -> Vec<Segment> {
    let mut out = Vec::new();
    out.extend(status.picture.iter().flat_map(picture::segments));
    out.extend(status.operator.iter().flat_map(operator::segments));
    out.push(flow::history(status.history, status.reach_secs));
    out.extend(cursor::segments(&status.time, status.cursor));
    out.push(Segment::asks(3, "Ctrl+K", "Find twins, signals, viewpoints, commands and actions", Action::OpenPalette));
    out.push(Segment::asks(3, "?", "All keys", Action::ToggleKeys));
    out
}

#[cfg(test)]
mod tests;
