//! The timeline: one axis for what was and what is, the cursor on it, and what came when.
//!
//! `scale` tells where an instant stands; `track` draws the axis and takes the pointer; `lanes` and `strips` hang on it;
//! `toolbar` plays. Everything is drawn from [`TimelineRows`], which `facts` gathers.

mod alarm_lane;
mod difference;
mod lanes;
mod range;
mod refusal_lane;
mod scale;
mod seal_lane;
mod strips;
mod time_text;
mod toolbar;
mod track;

use std::time::Duration;

use egui::Ui;

use super::actions::{Action, StepTo};
use super::format::Clock;
use super::tree::empty_ui;
use crate::command::Phase;
use crate::judge::Priority;
use crate::session::{Cursor, CursorMode, Extent, Mark, MarkId};
use crate::signal::Timestamp;
use crate::site::{AlarmId, TwinId};
pub(super) use refusal_lane::{RefusalMark, refusal_marks};
use scale::{Scale, Span};
pub(super) use seal_lane::{SealBreak, SealLane};

/// The least time that a window over the whole session shows, seconds: what is to come has room at first.
const LEAST_SECS: f64 = 20.0;
/// The share of a window that follows now that is left free for what comes.
const AHEAD: f32 = 0.02;

/// What the timeline keeps between frames.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineState {
    /// What it shows.
    pub window: Window,
    /// Gaps are as long as they were.
    pub real_scale: bool,
    /// What was marked out with Shift. `None`: nothing. While the cursor goes round, its loop is shown instead.
    pub range: Option<(Timestamp, Timestamp)>,
    /// What is written into the field that goes to a time.
    pub go_to: String,
    /// Why that is no time.
    pub go_to_wrong: Option<String>,
    /// How wide the axis was in the last frame, logical pixels.
    pub width: f32,
    /// A bookmark that is being renamed, and what is written.
    renames: Option<(MarkId, String)>,
    /// What is being dragged.
    drag: Option<Drag>,
    /// The playhead was in sight in the last frame.
    in_sight: bool,
    /// What was shown before, the latest last.
    recent: Vec<Window>,
}

/// What the timeline shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Window {
    /// All of the session.
    Whole,
    /// The last so many seconds.
    Last(f64),
    /// A span that stays.
    Fixed(Timestamp, Timestamp),
}

/// What the pointer holds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Drag {
    /// One end of a new range; where it began.
    Range(Timestamp),
    /// One end of a range; the other one.
    End(Timestamp),
    /// A bookmark, at a new place.
    Mark(MarkId, Timestamp, Option<Timestamp>),
}

/// All that the timeline tells.
pub(super) struct TimelineRows<'a> {
    /// From when to when there is something to show.
    pub extent: Extent,
    /// Something has come in.
    pub anything: bool,
    /// The cursor.
    pub cursor: Cursor,
    /// The site's clock.
    pub clock: &'a Clock,
    /// Where each instant stands.
    pub scale: Scale,
    /// One a group, in the order of the site.
    pub strips: Vec<Strip>,
    /// When nothing came.
    pub gaps: Vec<Span>,
    /// How much the session that is compared differs. `None`: none is compared.
    pub difference: Option<DifferenceStrip>,
    /// Alarms, by when they were raised.
    pub alarms: &'a [AlarmSpan],
    /// Puts alarms that stand close together into words: those that were raised there.
    pub alarm_words: &'a dyn Fn(&[AlarmSpan]) -> String,
    /// What was refused, by time.
    pub refusals: Vec<RefusalMark>,
    /// What was asked of devices.
    pub commands: Vec<CommandDot>,
    /// Bookmarks, by time.
    pub marks: &'a [Mark],
    /// Where the session is as it was sealed, and where it is not. `None`: it is not sealed, or that is not known yet.
    pub seals: Option<SealLane>,
    /// The twin at the top of the tree that is selected, or has the selected one below it.
    pub selected: Option<TwinId>,
    /// How much of a recording is read, 0 to 1. `None`: there is none, or it is read.
    pub loaded: Option<f32>,
    /// There is a signal whose samples can be gone through.
    pub can_step: bool,
}

/// How much came when in a group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Strip {
    /// The twin at the top of the group.
    pub twin: TwinId,
    /// Its name.
    pub name: String,
    /// Samples in each column of pixels, from the left.
    pub counts: Vec<f32>,
}

/// How much two sessions differ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DifferenceStrip {
    /// The other session's file.
    pub with: String,
    /// In each column of pixels, from the left, the difference of the number that differs most: a share of its range.
    pub shares: Vec<f32>,
    /// Places of greatest difference.
    pub peaks: Vec<Timestamp>,
    /// How far it is known, while it is not.
    pub progress: Option<String>,
    /// What differs most under the pointer. `None`: it is elsewhere.
    pub at_hover: Option<String>,
}

/// From when an alarm was raised until it returned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct AlarmSpan {
    /// Which.
    pub alarm: AlarmId,
    /// Of which twin.
    pub twin: TwinId,
    /// When it was raised.
    pub from: Timestamp,
    /// When it returned. `None`: it has not.
    pub to: Option<Timestamp>,
    /// How soon it wants a person.
    pub priority: Priority,
}

/// A command on the timeline.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CommandDot {
    /// When it was sent.
    pub at: Timestamp,
    /// What was asked, and what became of it.
    pub text: String,
    /// How far it has come.
    pub phase: Phase,
    /// Of which twin.
    pub twin: TwinId,
}

impl Default for TimelineState {
    fn default() -> Self {
        Self {
            window: Window::Whole,
            real_scale: false,
            range: None,
            go_to: String::new(),
            go_to_wrong: None,
            width: 600.0,
            renames: None,
            drag: None,
            in_sight: true,
            recent: Vec::new(),
        }
    }
}

/// Windows that are kept to go back to.
const RECENT: usize = 6;

impl TimelineState {
    /// From when until when it shows, but for what is left free.
    fn window(&self, extent: Extent) -> Span {
        match self.window {
            Window::Whole => {
                let least = extent.from + Duration::from_secs_f64(LEAST_SECS);
                (extent.from, extent.to.max(least))
            }
            Window::Last(secs) => (extent.to - Duration::from_secs_f64(secs), extent.to),
            Window::Fixed(from, to) => (from, to),
        }
    }

    /// The scale of a frame.
    pub(super) fn scale(&self, extent: Extent, gaps: &[Span], samples: usize) -> Scale {
        let whole = (extent.from, extent.to);
        let folds = if self.real_scale { Vec::new() } else { scale::folds(gaps, whole, samples) };
        let window = self.window(extent);
        if !extent.live || matches!(self.window, Window::Fixed(..)) {
            return Scale::new(window, self.width, &folds);
        }
        // What is left free is a share of the width: of a time with a folded night in it, it would be hours.
        let free = Scale::new(window, self.width / (1.0 + AHEAD), &folds);
        Scale::new((window.0, free.at(self.width)), self.width, &folds)
    }

    /// Shows something else; what was shown can be gone back to.
    pub(super) fn show(&mut self, window: Window) {
        if self.window != window {
            self.recent.retain(|it| *it != self.window && *it != window);
            self.recent.push(self.window);
            self.recent.drain(..self.recent.len().saturating_sub(RECENT));
            self.window = window;
        }
    }

    /// Shows the span before or after, just as long.
    pub(super) fn shift(&mut self, to: StepTo, extent: Extent) {
        let (from, until) = self.window(extent);
        let span = until.since(from);
        self.window = match to {
            StepTo::Previous => Window::Fixed(from - span, from),
            StepTo::Next => Window::Fixed(until, until + span),
        };
    }

    /// A person goes back to live: what stood still follows now again.
    pub(super) fn follow(&mut self) {
        if let Window::Fixed(from, to) = self.window {
            self.window = Window::Last((to.secs_since(from) / f64::from(1.0 + AHEAD)).max(1.0));
        }
    }

    /// A person zoomed or panned: the window follows now only where it reaches up to it.
    fn look_at(&mut self, (from, to): Span, rows: &TimelineRows) {
        let live = rows.cursor.mode == CursorMode::Live;
        self.window = if live && to >= rows.extent.to && from < rows.extent.to {
            Window::Last(rows.extent.to.secs_since(from))
        } else {
            Window::Fixed(from, to)
        };
    }

    /// What stays where it is keeps what it shows while the rest goes on; what plays stays in sight, with a margin.
    fn keep_playhead(&mut self, rows: &TimelineRows) {
        let (cursor, scale) = (&rows.cursor, &rows.scale);
        if let Window::Last(_) = self.window
            && cursor.mode != CursorMode::Live
        {
            let (from, to) = scale.window();
            self.window = Window::Fixed(from, to);
        }
        let x = scale.x(cursor.at);
        let (low, high) = (scale.width() * 0.12, scale.width() * 0.88);
        let inside = (0.0..=scale.width()).contains(&x);
        if let Window::Fixed(..) = self.window
            && cursor.mode == CursorMode::Playing
            && self.in_sight
        {
            let beyond = if cursor.speed > 0.0 { (x - high).max(0.0) } else { (x - low).min(0.0) };
            // A loop begins again at its other end: that is sought like anything else.
            let beyond = if inside { beyond } else { x - scale.width() * 0.5 };
            if beyond != 0.0 {
                let (from, to) = scale.panned(-beyond);
                self.window = Window::Fixed(from, to);
            }
            return;
        }
        self.in_sight = inside;
    }

    /// The range that is shown, and whether the cursor goes round in it.
    fn shown_range(&self, cursor: &Cursor) -> Option<(Span, bool)> {
        cursor.looped.map(|it| (it, true)).or(self.range.map(|it| (it, false)))
    }
}

/// Draws the timeline; returns what was asked for.
pub(super) fn timeline_panel_ui(
    ui: &mut Ui,
    rows: &TimelineRows,
    state: &mut TimelineState,
    hover: Option<Timestamp>,
    hovering: &mut Option<Timestamp>,
) -> Vec<Action> {
    let mut asked = Vec::new();
    toolbar::toolbar_ui(ui, rows, state, &mut asked);
    if !rows.anything {
        empty_ui(ui, "Nothing has come in yet.");
        return asked;
    }
    track::track_ui(ui, rows, state, hover, hovering, &mut asked);
    state.keep_playhead(rows);
    asked
}

#[cfg(test)]
mod tests;
