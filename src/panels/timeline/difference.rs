//! How much a second session differs, under the strips: as high as the number that differs most.

use egui::{Align2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

use super::super::theme;
use super::super::tree::painted_text;
use super::scale::Scale;
use super::{DifferenceStrip, TimelineRows};

/// The height of the strip.
pub(super) const DIFFERENCE: f32 = 22.0;

/// Draws the strip; returns the response of its axis.
pub(super) fn difference_ui(
    ui: &Ui,
    (name, axis): (Rect, Rect),
    strip: &DifferenceStrip,
    rows: &TimelineRows,
    scale: &Scale,
) -> egui::Response {
    let what = "How much the two sessions differ: in each place the number that differs most, as a share of its range.";
    let label = ui.interact(name, ui.id().with("difference name"), Sense::hover());
    label.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Label, true, "Difference"));
    painted_text(ui, name.shrink2(vec2(theme::STEP, 0.0)), "Difference", theme::TEXT, Align2::LEFT_CENTER);
    label.on_hover_text(format!("{what}\nN and P go from one place of greatest difference to the next."));
    let response = ui.interact(axis, ui.id().with("difference"), Sense::click_and_drag());
    let title = format!("Difference from {}", strip.with);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Other, true, &title));
    let painter = ui.painter().with_clip_rect(axis.expand2(vec2(5.0, 0.0)).intersect(ui.clip_rect()));
    let floor = axis.bottom() - 1.0;
    painter.hline(axis.x_range(), floor, Stroke::new(1.0, theme::LINE));
    if let Some(progress) = &strip.progress {
        let at = pos2(axis.left() + theme::STEP, axis.center().y);
        painter.text(at, Align2::LEFT_CENTER, progress, theme::small(), theme::WEAK);
        return response;
    }
    let step = axis.width() / strip.shares.len().max(1) as f32;
    let room = axis.height() - 7.0;
    for (at, share) in strip.shares.iter().enumerate().filter(|it| *it.1 > 0.0) {
        let left = axis.left() + at as f32 * step;
        let bar = Rect::from_min_max(pos2(left, floor - (share * room).max(1.0)), pos2(left + step, floor));
        painter.rect_filled(bar, 0.0, theme::GHOST.gamma_multiply(0.25 + 0.5 * share));
    }
    for x in strip.peaks.iter().map(|it| axis.left() + scale.x(*it)).filter(|it| axis.x_range().contains(*it)) {
        let top = axis.top() + 1.0;
        let tip = vec![pos2(x - 3.5, top), pos2(x + 3.5, top), pos2(x, top + 5.0)];
        painter.add(Shape::closed_line(tip, Stroke::new(1.0, theme::GHOST)));
    }
    let Some(pointer) = response.hover_pos() else { return response };
    let time = rows.clock.time_tenths(scale.at(pointer.x - axis.left()));
    let text = strip.at_hover.as_deref().unwrap_or(what);
    response.on_hover_text_at_pointer(format!("{time}\n{text}"))
}
