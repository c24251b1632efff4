//! The lane of alarms: from when each was raised until it returned, in the colour and shape of its priority.

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::alarms::AlarmAction;
use super::super::{icons, theme};
use super::lanes::LANE;
use super::scale::Scale;
use super::{AlarmSpan, TimelineRows};
use crate::judge::Priority;
use crate::signal::Timestamp;

/// Alarms that were raised nearer to each other than this are one mark, pixels.
const TOGETHER: f32 = 9.0;

/// Draws them; a click goes to the instant at which the worst of a mark was raised.
pub(super) fn alarms_ui(ui: &mut Ui, lane: Rect, rows: &TimelineRows, scale: &Scale, asked: &mut Vec<Action>) {
    paint_spans(ui, lane, rows, scale);
    for (at, mark) in marks(rows.alarms, scale).into_iter().enumerate() {
        let Some(worst) = mark.iter().max_by_key(|it| it.priority) else { continue };
        let place = pos2(lane.left() + scale.x(worst.from), lane.center().y);
        if !lane.x_range().contains(place.x) {
            continue;
        }
        let rect = Rect::from_center_size(place, vec2(12.0, LANE));
        // A drag from here is no drag of the axis below it.
        let response = ui.interact(rect, ui.id().with(("alarm", at)), Sense::click_and_drag());
        let words = (rows.alarm_words)(mark);
        let label = match mark.len() {
            1 => format!("{} alarm: {words}", worst.priority.label()),
            count => format!("{count} alarms, {}: {words}", worst.priority.label()),
        };
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &label));
        if response.hovered() {
            ui.painter().rect_filled(rect, 3.0, theme::WIDGET_HOVER);
        }
        if mark.len() == 1 {
            icons::priority(ui.painter(), place, worst.priority);
        } else {
            ui.painter().circle_filled(place, 6.5, theme::priority(worst.priority));
            let count = if mark.len() < 100 { mark.len().to_string() } else { "…".to_owned() };
            ui.painter().text(place, Align2::CENTER_CENTER, count, theme::tiny(), theme::GROUND);
        }
        if response.clicked() {
            asked.extend([Action::Alarm(AlarmAction::Choose(worst.alarm)), Action::Seek(worst.from)]);
        }
        response.on_hover_text(words);
    }
}

/// How long they stood: at each place the worst that stood there.
fn paint_spans(ui: &Ui, lane: Rect, rows: &TimelineRows, scale: &Scale) {
    let end = if rows.cursor.as_live { rows.cursor.at } else { rows.extent.to };
    let columns = columns(rows.alarms, scale, lane.width() as usize, end);
    let mut begin = 0;
    for at in 1..=columns.len() {
        if columns.get(at) == columns.get(begin) {
            continue;
        }
        if let Some(priority) = columns[begin] {
            let x = lane.left() + begin as f32..=lane.left() + at as f32;
            let bar = Rect::from_x_y_ranges(x, lane.center().y - 2.0..=lane.center().y + 2.0);
            ui.painter().rect_filled(bar, 1.0, theme::priority(priority).gamma_multiply(0.55));
        }
        begin = at;
    }
}

/// The worst that stood, for each column of pixels. What has not returned stands until `end`.
fn columns(spans: &[AlarmSpan], scale: &Scale, width: usize, end: Timestamp) -> Vec<Option<Priority>> {
    // How many more, or fewer, of each priority stand from a column on: a thousand cost no more than their ends.
    let mut steps = vec![[0_i32; 4]; width + 1];
    for span in spans {
        let to = span.to.map_or(end, |it| it.min(end));
        let place = |at: Timestamp| scale.x(at).clamp(0.0, width as f32);
        let (from, to) = (place(span.from) as usize, place(to).ceil() as usize);
        if to > from {
            steps[from][span.priority as usize] += 1;
            steps[to][span.priority as usize] -= 1;
        }
    }
    let mut standing = [0; 4];
    let worst = |step: &[i32; 4]| {
        standing.iter_mut().zip(step).for_each(|(it, by)| *it += by);
        Priority::ALL.into_iter().rev().find(|it| standing[*it as usize] > 0)
    };
    steps[..width].iter().map(worst).collect()
}

/// Those whose marks would overlap. They are in the order in which they were raised.
fn marks<'a>(spans: &'a [AlarmSpan], scale: &Scale) -> Vec<&'a [AlarmSpan]> {
    let mut marks = Vec::new();
    let mut begin = 0;
    for at in 1..=spans.len() {
        let ends = spans.get(at).is_none_or(|it| scale.x(it.from) - scale.x(spans[begin].from) > TOGETHER);
        if ends {
            marks.push(&spans[begin..at]);
            begin = at;
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{AlarmId, TwinId};

    #[test]
    fn at_each_place_the_worst_is_shown_and_what_has_not_returned_stands_until_the_end() {
        use Priority::{Low, Urgent};
        let at = |secs: i64| Timestamp::from_nanos(secs * 1_000_000_000);
        let span = |from, to: Option<i64>, priority| AlarmSpan {
            alarm: AlarmId(0),
            twin: TwinId(0),
            from: at(from),
            to: to.map(at),
            priority,
        };
        let scale = Scale::new((at(0), at(100)), 100.0, &[]);
        let spans = [span(-50, None, Low), span(30, Some(50), Urgent), span(40, Some(60), Low)];
        let columns = columns(&spans, &scale, 100, at(80));
        let at_each = |it: &[usize]| it.iter().map(|it| columns[*it]).collect::<Vec<_>>();
        assert_eq!(
            at_each(&[1, 28, 32, 48, 52, 78, 82]),
            [Some(Low), Some(Low), Some(Urgent), Some(Urgent), Some(Low), Some(Low), None]
        );
    }
}
