//! From when to when the session is as it was sealed, and where it is not.

use egui::{Rect, Sense, Ui, vec2};

use super::super::{icons, theme};
use super::TimelineRows;
use super::scale::{Scale, Span};
use crate::judge::Priority;
use crate::signal::Timestamp;

/// A break is never narrower, pixels: a point in time is seen, too.
const LEAST: f32 = 8.0;

/// The seals of a session on the timeline.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct SealLane {
    /// From when to when it is as it was sealed.
    pub(in crate::panels) good: Vec<Span>,
    /// Where it is not.
    pub(in crate::panels) breaks: Vec<SealBreak>,
    /// The verdict, whose seals they are and how many.
    pub(in crate::panels) text: String,
}

/// A place where it is not as it was sealed.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct SealBreak {
    /// When what it touches came.
    pub(in crate::panels) span: Span,
    /// What is wrong.
    pub(in crate::panels) text: String,
}

/// Draws a strip where all is as it was sealed, and hatches what is not.
pub(super) fn seals_ui(
    ui: &mut Ui,
    lane: Rect,
    seals: &SealLane,
    rows: &TimelineRows,
    scale: &Scale,
) -> egui::Response {
    // What came later than the cursor is not to be known.
    let end = if rows.cursor.as_live { rows.cursor.at } else { Timestamp::MAX };
    let response = ui.interact(lane, ui.id().with("seals"), Sense::click_and_drag());
    let label = format!("Sealed: {}", seals.text.lines().next().unwrap_or_default());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Other, true, &label));
    let painter = ui.painter().with_clip_rect(lane.intersect(ui.clip_rect()));
    let place = |at: Timestamp| lane.left() + scale.x(at.min(end));
    for good in seals.good.iter().filter(|it| it.0 < end) {
        let strip = Rect::from_x_y_ranges(place(good.0)..=place(good.1), lane.center().y - 2.0..=lane.center().y + 2.0);
        // Never wider than what is seen, however far it is zoomed in.
        painter.rect_filled(strip.intersect(lane), 1.0, theme::NORMAL);
    }
    let mut worst = None;
    for (at, it) in seals.breaks.iter().enumerate().filter(|it| it.1.span.0 <= end) {
        let band = Rect::from_x_y_ranges(place(it.span.0)..=place(it.span.1), lane.shrink2(vec2(0.0, 1.0)).y_range());
        let band = Rect::from_center_size(band.center(), vec2(band.width().max(LEAST), band.height())).intersect(lane);
        if !band.is_positive() {
            continue;
        }
        painter.rect_filled(band, 1.0, theme::GROUND);
        icons::hatch(&painter, band, theme::ALARM);
        painter.rect_stroke(band, 1.0, egui::Stroke::new(1.0, theme::ALARM), egui::StrokeKind::Inside);
        icons::priority(&painter, band.center(), Priority::High);
        let broken = ui.interact(band, ui.id().with(("break", at)), Sense::hover());
        broken.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Other, true, &it.text));
        if broken.contains_pointer() {
            worst = Some(it);
        }
    }
    match worst {
        Some(it) => {
            let (from, to) = (rows.clock.time_millis(it.span.0), rows.clock.time_millis(it.span.1));
            let time = if it.span.0 == it.span.1 { format!("about {from}") } else { format!("{from} – {to}") };
            response.on_hover_text_at_pointer(format!("{}\n{time}", it.text))
        }
        None => response.on_hover_text_at_pointer(&seals.text),
    }
}
