//! A range on the ruler: what was marked out with Shift, or what the cursor goes round in, with an end to hold on each
//! side.

use egui::{CursorIcon, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::{format, theme};
use super::scale::{Scale, Span};
use super::{Drag, TimelineRows, TimelineState, Window};
use crate::session::EditMark;
use crate::session::export::Format;

/// Draws the range and takes what is done to it.
pub(super) fn range_ui(
    ui: &mut Ui,
    ruler: Rect,
    rows: &TimelineRows,
    scale: &Scale,
    state: &mut TimelineState,
    asked: &mut Vec<Action>,
) {
    let Some((range, looped)) = state.shown_range(&rows.cursor) else { return };
    let place = |it| ruler.left() + scale.x(it);
    let band = Rect::from_x_y_ranges(place(range.0)..=place(range.1).max(place(range.0) + 2.0), ruler.y_range());
    let seen = band.intersect(ruler);
    if !seen.is_positive() {
        return;
    }
    // Under the two ends, so that they are taken first.
    let middle = ui.interact(seen, ui.id().with("range"), Sense::click_and_drag());
    let length = format::span(range.1.secs_since(range.0));
    let name = if looped { format!("Loop of {length}") } else { format!("Range of {length}") };
    middle.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &name));
    if middle.clicked() {
        asked.push(Action::Loop((!looped).then_some(range)));
        state.range = Some(range);
    }
    if middle.dragged_by(egui::PointerButton::Primary)
        && let Some(pointer) = middle.interact_pointer_pos()
    {
        asked.push(Action::Seek(scale.at((pointer.x - ruler.left()).clamp(0.0, ruler.width()))));
    }
    middle.context_menu(|ui| menu_ui(ui, range, looped, state, asked));
    let hint =
        if looped { "Click to stop looping; right click for more." } else { "Click to loop it; right click for more." };
    middle.on_hover_text(format!("{name}\n{hint}"));
    for (end, other, which) in [(range.0, range.1, "begin"), (range.1, range.0, "end")] {
        let x = place(end);
        if ruler.x_range().contains(x) {
            handle_ui(ui, pos2(x, ruler.center().y), which, ruler.height(), other, state);
        }
    }
    drag_end(ui, ruler, looped, scale, state, asked);
}

/// The band itself, over the whole height.
pub(super) fn paint_range(ui: &Ui, ruler: Rect, bottom: f32, range: Span, looped: bool, scale: &Scale) {
    let place = |it| ruler.left() + scale.x(it);
    let band = Rect::from_x_y_ranges(place(range.0)..=place(range.1), ruler.top()..=bottom);
    let painter = ui.painter().with_clip_rect(ruler.with_max_y(bottom).intersect(ui.clip_rect()));
    let color = if looped { theme::ACCENT } else { theme::WEAK };
    painter.rect_filled(band, 0.0, color.gamma_multiply(0.12));
    painter.rect_filled(band.with_max_y(ruler.bottom()), 0.0, color.gamma_multiply(0.16));
    for x in [band.left(), band.right()] {
        painter.vline(x, band.y_range(), Stroke::new(1.0, color.gamma_multiply(0.8)));
    }
}

fn handle_ui(
    ui: &mut Ui,
    at: egui::Pos2,
    which: &str,
    height: f32,
    other: crate::signal::Timestamp,
    state: &mut TimelineState,
) {
    let grip = Rect::from_center_size(at, vec2(10.0, height));
    let response = ui.interact(grip, ui.id().with(("range end", which)), Sense::drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Other, true, format!("Range {which}")));
    let color = if response.hovered() || response.dragged() { theme::STRONG } else { theme::TEXT };
    ui.painter().rect_filled(Rect::from_center_size(at, vec2(4.0, height - 6.0)), 1.0, color);
    if response.drag_started() {
        state.drag = Some(Drag::End(other));
    }
    response.on_hover_cursor(CursorIcon::ResizeHorizontal);
}

/// While an end is held the range alone follows it; a loop takes it over once it is let go.
fn drag_end(ui: &Ui, ruler: Rect, looped: bool, scale: &Scale, state: &mut TimelineState, asked: &mut Vec<Action>) {
    let Some(Drag::End(other)) = state.drag else { return };
    if let Some(pointer) = ui.input(|it| it.pointer.interact_pos()) {
        let at = scale.at((pointer.x - ruler.left()).clamp(0.0, ruler.width()));
        state.range = Some((other.min(at), other.max(at)));
    }
    if !ui.input(|it| it.pointer.primary_down()) {
        state.drag = None;
        state.range = state.range.filter(|it| it.0 < it.1);
        if looped && state.range.is_some() {
            asked.push(Action::Loop(state.range));
        }
    } else if looped {
        // The loop is drawn where it will be.
        if let Some(range) = state.range {
            paint_range(ui, ruler, ruler.bottom(), range, true, scale);
        }
    }
}

fn menu_ui(ui: &mut Ui, range: Span, looped: bool, state: &mut TimelineState, asked: &mut Vec<Action>) {
    if ui.button(if looped { "Stop looping" } else { "Loop it" }).clicked() {
        state.range = Some(range);
        asked.push(Action::Loop((!looped).then_some(range)));
        ui.close();
    }
    if ui.button("Zoom to it").clicked() {
        let margin = std::time::Duration::from_secs_f64(range.1.secs_since(range.0) * 0.04);
        state.show(Window::Fixed(range.0 - margin, range.1 + margin));
        ui.close();
    }
    if ui.button("Bookmark it").clicked() {
        asked.push(Action::EditMark(EditMark::Add { at: range.0, to: Some(range.1), text: String::new() }));
        ui.close();
    }
    ui.separator();
    for (name, action) in [
        ("Save a recording of this range…", Action::AskExport(Format::Mcap)),
        ("Export as CSV…", Action::AskExport(Format::Csv)),
        ("Export as Parquet…", Action::AskExport(Format::Parquet)),
        ("Save an evidence bundle…", Action::AskEvidence),
        ("Copy a link", Action::CopyLink),
    ] {
        if ui.button(name).clicked() {
            asked.push(action);
            ui.close();
        }
    }
    ui.separator();
    if ui.button("Clear").clicked() {
        state.range = None;
        if looped {
            asked.push(Action::Loop(None));
        }
        ui.close();
    }
}
