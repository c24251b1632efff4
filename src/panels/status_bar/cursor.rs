//! The instant that is shown, and how it moves.

use egui::{Color32, Painter, Pos2};

use super::super::actions::Action;
use super::super::{format, icons, theme};
use super::segment::Segment;
use crate::session::CursorMode;

/// The time with its date and zone, and whether the view follows, stands still or plays.
pub(super) fn segments((time, date, zone): &(String, String, String), cursor: (CursorMode, f64)) -> [Segment; 2] {
    let hint = format!("The instant that is shown: {date}, {zone}");
    [Segment { color: theme::TEXT, ..Segment::new(0, time.as_str(), hint) }, mode(cursor)]
}

fn mode((mode, speed): (CursorMode, f64)) -> Segment {
    match mode {
        CursorMode::Live => {
            let hint = "The view follows what comes in. Space pauses.";
            let asks = Segment::asks(0, "LIVE", hint, Action::TogglePause);
            Segment { color: theme::ACCENT, icon: Some(live_dot), ..asks }
        }
        CursorMode::Paused => {
            let hint = "The view stands still; the recording goes on. Click, or press L, to follow live.";
            let asks = Segment::asks(0, "PAUSED", hint, Action::Live);
            Segment { color: theme::WARNING, icon: Some(icons::pause), ..asks }
        }
        CursorMode::Playing => {
            let hint = "The view plays what was recorded. Click, or press L, to follow live.";
            let text = format!("PLAYING {}", format::speed(speed));
            Segment { color: theme::WARNING, icon: Some(icons::play), ..Segment::asks(0, &text, hint, Action::Live) }
        }
    }
}

fn live_dot(painter: &Painter, at: Pos2, color: Color32) {
    painter.circle_filled(at, 3.5, color);
}
