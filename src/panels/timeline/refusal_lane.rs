//! The lane of verdicts: when messages were refused, as ticks that are the higher the more there were.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Rect, Sense, Stroke, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::{standing, theme};
use super::TimelineRows;
use super::lanes::LANE;
use super::scale::Scale;
use crate::signal::Timestamp;
use crate::site::TwinId;
use crate::trust::{Reason, Slip};
use crate::twin::Standing;

/// Refusals nearer to each other than this are one tick, pixels.
const TOGETHER: f32 = 6.0;
/// A shield stands where nothing was refused for so long before, pixels.
const APART: f32 = 36.0;

/// Messages that were refused at about the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::panels) struct RefusalMark {
    /// When the first of them came.
    pub at: Timestamp,
    /// How many.
    pub count: u32,
    /// Whose, and why, with how many of each.
    pub parts: BTreeMap<(Arc<str>, Reason), u32>,
    /// The twin of the first one's device. `None`: the site has none of that name.
    pub twin: Option<TwinId>,
}

impl RefusalMark {
    /// `Forged 3×: nf-p1`, a line each, the most first.
    fn words(&self) -> String {
        let mut parts: Vec<(&(Arc<str>, Reason), &u32)> = self.parts.iter().collect();
        parts.sort_by_key(|it| std::cmp::Reverse(*it.1));
        let line = |((device, reason), count): &(&(Arc<str>, Reason), &u32)| {
            let whose = if device.is_empty() { String::new() } else { format!(": {device}") };
            format!("{} {count}×{whose}", reason.label())
        };
        parts.iter().take(8).map(line).collect::<Vec<_>>().join("\n")
    }
}

/// What was refused up to an instant, as ticks on a scale.
pub(in crate::panels) fn refusal_marks<'a>(
    slips: impl Iterator<Item = &'a Slip>,
    scale: &Scale,
    until: Timestamp,
    twin_of: impl Fn(&str) -> Option<TwinId>,
) -> Vec<RefusalMark> {
    let (from, to) = scale.window();
    let mut marks: BTreeMap<i64, RefusalMark> = BTreeMap::new();
    for slip in slips.filter(|it| it.at >= from && it.at <= to.min(until)) {
        let mark = marks.entry((scale.x(slip.at) / TOGETHER) as i64).or_insert_with(|| RefusalMark {
            at: slip.at,
            count: 0,
            parts: BTreeMap::new(),
            twin: twin_of(&slip.device),
        });
        mark.at = mark.at.min(slip.at);
        mark.count = mark.count.saturating_add(slip.count);
        *mark.parts.entry((Arc::clone(&slip.device), slip.reason)).or_default() += slip.count;
    }
    marks.into_values().collect()
}

/// Draws them; a click goes to the instant, and selects whose message it was.
pub(super) fn refusals_ui(ui: &mut Ui, lane: Rect, rows: &TimelineRows, scale: &Scale, asked: &mut Vec<Action>) {
    let color = theme::standing(Standing::Rejected);
    let most = rows.refusals.iter().map(|it| it.count).max().unwrap_or(1);
    let mut before = f32::NEG_INFINITY;
    for (at, mark) in rows.refusals.iter().enumerate() {
        let x = lane.left() + scale.x(mark.at);
        if !lane.x_range().contains(x) {
            continue;
        }
        let rect = Rect::from_center_size(pos2(x, lane.center().y), vec2(TOGETHER + 2.0, LANE));
        // A drag from here is no drag of the axis below it.
        let response = ui.interact(rect, ui.id().with(("refusal", at)), Sense::click_and_drag());
        let words = mark.words();
        let label = format!("{} refused: {}", mark.count, words.replace('\n', ", "));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &label));
        if response.hovered() {
            ui.painter().rect_filled(rect, 2.0, theme::WIDGET_HOVER);
        }
        let share = (f64::from(mark.count).ln_1p() / f64::from(most).ln_1p()) as f32;
        let top = lane.bottom() - 1.0 - (LANE - 4.0) * (0.35 + 0.65 * share);
        ui.painter().vline(x, top..=lane.bottom() - 1.0, Stroke::new(2.0, color));
        if x - before > APART {
            // What it is, even without its colour.
            standing::shield(ui.painter(), pos2(x, lane.center().y), color);
        } else {
            ui.painter().hline(x - 2.5..=x + 2.5, lane.bottom() - 1.0, Stroke::new(1.5, color));
        }
        before = x;
        if response.clicked() {
            asked.extend(mark.twin.map(Action::Select));
            asked.push(Action::Seek(mark.at));
        }
        response.on_hover_text(format!("{} refused\n{words}\n{}", mark.count, rows.clock.time_millis(mark.at)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_that_stand_close_together_are_one_tick_with_all_their_reasons() {
        let at = |secs: f64| Timestamp::from_secs_f64(1_000_000.0 + secs);
        let slip = |secs, device: &str, reason, count| Slip { at: at(secs), device: device.into(), reason, count };
        let slips = [
            slip(-5.0, "a", Reason::Forged, 1),
            slip(10.1, "a", Reason::Forged, 2),
            slip(10.4, "b", Reason::Replayed, 5),
            slip(50.0, "a", Reason::Stale, 1),
            slip(90.0, "a", Reason::Stale, 1),
        ];
        let scale = Scale::new((at(0.0), at(100.0)), 600.0, &[]);
        let marks = refusal_marks(slips.iter(), &scale, at(80.0), |it| (it == "a").then_some(TwinId(1)));
        let told: Vec<(u32, String, Option<TwinId>)> = marks.iter().map(|it| (it.count, it.words(), it.twin)).collect();
        assert_eq!(
            told,
            [
                (7, "replayed 5×: b\nforged 2×: a".to_owned(), Some(TwinId(1))),
                (1, "too old 1×: a".to_owned(), Some(TwinId(1))),
            ]
        );
    }
}
