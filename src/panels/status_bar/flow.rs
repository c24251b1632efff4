//! How much comes in and how late, and what is kept of it.

use super::super::actions::Action;
use super::super::layout::Pane;
use super::super::{format, theme};
use super::Status;
use super::segment::Segment;

/// How many signals are live, how many messages come, how late, and how many values the view left out.
pub(super) fn segments(status: &Status) -> Vec<Segment> {
    let (live, all) = status.live;
    let mut out = vec![Segment {
        color: if live == all { theme::WEAK } else { theme::TEXT },
        ..Segment::asks(
            2,
            &format!("{live} of {all} signals live"),
            "Signals with a value that came within the expected time. Click for what is wrong.",
            Action::Show(Pane::Diagnostics),
        )
    }];
    let rate = format!("{}/s", format::number(status.arrivals_per_sec, Some(0)));
    out.push(Segment::new(4, rate, "MQTT messages that arrive a second"));
    if let Some((median, tail)) = status.delay_ms {
        let text = format!("delay {} / {}", format::millis(median), format::millis(tail));
        let hint = "From the device's time stamp to the decoded value: median / 99th percentile";
        out.push(Segment::new(5, text, hint));
    }
    let hint = "Intermediate values that came faster than they can be shown. The history has all of them; the view shows the newest.";
    out.push(Segment {
        color: if status.skipped > 0 { theme::TEXT } else { theme::WEAK },
        ..Segment::new(6, format!("skipped {}", format::count(status.skipped)), hint)
    });
    out
}

/// How much memory the history takes of what it may, and how far back it reaches.
pub(super) fn history((used, budget): (usize, usize), reach_secs: Option<f64>) -> Segment {
    let reach = reach_secs.map_or_else(|| "empty".to_owned(), format::span);
    let hint = format!(
        "The history in memory: {} of {}, back to {reach} ago. The oldest goes first when it is full.",
        format::megabytes(used),
        format::megabytes(budget)
    );
    Segment::new(7, format!("history {} · {reach}", format::megabytes(used)), hint)
}
