//! The lanes over the strips: what was asked of devices, and bookmarks.

use egui::{Align2, CursorIcon, Key, Popup, PopupCloseBehavior, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::{icons, theme};
use super::scale::Scale;
use super::{Drag, TimelineRows, TimelineState};
use crate::session::{EditMark, Mark};
use crate::signal::Timestamp;

/// The height of a lane.
pub(super) const LANE: f32 = 16.0;

/// Draws what was asked of devices, each as the shape of its phase.
pub(super) fn commands_ui(ui: &mut Ui, lane: Rect, rows: &TimelineRows, scale: &Scale, asked: &mut Vec<Action>) {
    for (at, dot) in rows.commands.iter().enumerate() {
        let place = pos2(lane.left() + scale.x(dot.at), lane.center().y);
        if !lane.x_range().contains(place.x) {
            continue;
        }
        let rect = Rect::from_center_size(place, vec2(12.0, LANE));
        // A drag from here is no drag of the axis below it.
        let response = ui.interact(rect, ui.id().with(("command", at)), Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &dot.text));
        if response.hovered() {
            ui.painter().rect_filled(rect, 3.0, theme::WIDGET_HOVER);
        }
        icons::phase(ui.painter(), place, dot.phase);
        if response.clicked() {
            asked.extend([Action::Select(dot.twin), Action::Seek(dot.at)]);
        }
        response.on_hover_text(format!("{}\n{}", dot.text, rows.clock.time_millis(dot.at)));
    }
}

/// Draws the bookmarks and takes what is done to them.
pub(super) fn marks_ui(
    ui: &mut Ui,
    lane: Rect,
    rows: &TimelineRows,
    scale: &Scale,
    state: &mut TimelineState,
    asked: &mut Vec<Action>,
) {
    // Text ends where the next one begins.
    let lefts: Vec<f32> = rows.marks.iter().map(|it| lane.left() + scale.x(it.at)).collect();
    for (at, mark) in rows.marks.iter().enumerate() {
        let held = match state.drag {
            Some(Drag::Mark(id, from, to)) if id == mark.id => Some((from, to)),
            Some(_) | None => None,
        };
        let (from, to) = held.unwrap_or((mark.at, mark.to));
        let left = lane.left() + scale.x(from);
        let right = to.map_or(left, |it| lane.left() + scale.x(it));
        let next = lefts.get(at + 1).copied().unwrap_or(f32::INFINITY).min(lane.right());
        if right < lane.left() - 4.0 || left > lane.right() + 4.0 {
            continue;
        }
        let width = text_width(ui, &mark.text).min((next - left - 14.0).max(0.0)).max(right - left - 12.0);
        let rect = Rect::from_min_max(pos2(left - 5.0, lane.top()), pos2(left + 10.0 + width, lane.bottom()));
        let response =
            ui.interact(rect.intersect(lane.expand(6.0)), ui.id().with(("mark", mark.id.0)), Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &mark.text));
        paint_mark(ui, lane, mark, (left, right), width, response.hovered() || held.is_some());
        drag_mark(ui, &response, mark, lane, scale, state, asked);
        if response.clicked() {
            asked.push(Action::Seek(mark.at));
        }
        Popup::context_menu(&response).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
            menu_ui(ui, mark, state, asked);
        });
        let until = mark.to.map(|it| format!(" – {}", rows.clock.time_millis(it))).unwrap_or_default();
        let pauses = if mark.pauses { "\nPlaying stops here." } else { "" };
        let time = rows.clock.time_millis(mark.at);
        response
            .on_hover_cursor(CursorIcon::PointingHand)
            .on_hover_text(format!("{}\n{time}{until}{pauses}", mark.text));
    }
}

fn text_width(ui: &Ui, text: &str) -> f32 {
    ui.painter().layout_no_wrap(text.to_owned(), theme::small(), theme::TEXT).size().x + 4.0
}

fn paint_mark(ui: &Ui, lane: Rect, mark: &Mark, (left, right): (f32, f32), width: f32, lit: bool) {
    let painter = ui.painter().with_clip_rect(lane.expand2(vec2(6.0, 0.0)).intersect(ui.clip_rect()));
    let color = if lit { theme::STRONG } else { theme::TEXT };
    if right > left {
        let band = Rect::from_x_y_ranges(left..=right, lane.top() + 2.0..=lane.bottom() - 2.0);
        painter.rect(band, 2.0, theme::WIDGET, Stroke::new(1.0, theme::NORMAL), egui::StrokeKind::Inside);
    }
    icons::flag(&painter, pos2(left, lane.center().y), mark.pauses, color);
    let mut job = egui::text::LayoutJob::simple_singleline(mark.text.clone(), theme::small(), color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    let galley = painter.layout_job(job);
    // One letter and an ellipsis say nothing.
    if width >= 24.0 {
        let place = Rect::from_min_size(pos2(left + 10.0, lane.top()), vec2(width, lane.height()));
        painter.galley(Align2::LEFT_CENTER.align_size_within_rect(galley.size(), place).min, galley, color);
    }
}

/// A mark follows the pointer, and is moved once it is let go.
fn drag_mark(
    ui: &Ui,
    response: &egui::Response,
    mark: &Mark,
    lane: Rect,
    scale: &Scale,
    state: &mut TimelineState,
    asked: &mut Vec<Action>,
) {
    let primary = egui::PointerButton::Primary;
    if response.dragged_by(primary)
        && let Some(pointer) = ui.input(|it| it.pointer.interact_pos())
        && let Some(origin) = ui.input(|it| it.pointer.press_origin())
    {
        let x = scale.x(mark.at) + pointer.x - origin.x;
        let at = scale.at(x.clamp(0.0, lane.width()));
        let by = at.as_nanos() - mark.at.as_nanos();
        let to = mark.to.map(|it| Timestamp::from_nanos(it.as_nanos().saturating_add(by)));
        state.drag = Some(Drag::Mark(mark.id, at, to));
    }
    if let Some(Drag::Mark(id, at, to)) = state.drag
        && id == mark.id
        && !ui.input(|it| it.pointer.primary_down())
    {
        state.drag = None;
        asked.push(Action::EditMark(EditMark::Move { id, at, to }));
    }
}

fn menu_ui(ui: &mut Ui, mark: &Mark, state: &mut TimelineState, asked: &mut Vec<Action>) {
    ui.set_min_width(160.0);
    let (id, mut text) = state.renames.take().filter(|it| it.0 == mark.id).unwrap_or((mark.id, mark.text.clone()));
    let field = ui.add(egui::TextEdit::singleline(&mut text).desired_width(160.0));
    field.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, "", &text, "");
        info.label = Some("Bookmark's text".to_owned());
        info
    });
    let entered = field.lost_focus() && ui.input(|it| it.key_pressed(Key::Enter));
    if field.lost_focus() && text != mark.text {
        asked.push(Action::EditMark(EditMark::Rename(id, text.clone())));
    } else if field.has_focus() {
        state.renames = Some((id, text));
    }
    if entered {
        ui.close();
    }
    let mut pauses = mark.pauses;
    if ui.checkbox(&mut pauses, "Playing stops here").changed() {
        asked.push(Action::EditMark(EditMark::Pauses(id, pauses)));
    }
    if let Some(to) = mark.to
        && ui.button("Loop it").clicked()
    {
        asked.push(Action::Loop(Some((mark.at, to))));
        ui.close();
    }
    if ui.button("Remove").clicked() {
        asked.push(Action::EditMark(EditMark::Remove(id)));
        ui.close();
    }
}
