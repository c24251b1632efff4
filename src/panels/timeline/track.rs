//! The axis: its ruler, what hangs on it, the playhead over all of it, and what the pointer does to it.

use egui::{Align2, Color32, PointerButton, Rect, Sense, Shape, Stroke, Ui, UiBuilder, pos2, vec2};

use super::super::actions::Action;
use super::super::plot::time_step;
use super::super::tree::painted_text;
use super::super::{format, icons, theme};
use super::alarm_lane::alarms_ui;
use super::difference::{DIFFERENCE, difference_ui};
use super::lanes::{LANE, commands_ui, marks_ui};
use super::range::{paint_range, range_ui};
use super::refusal_lane::refusals_ui;
use super::scale::Scale;
use super::seal_lane::seals_ui;
use super::strips::{STRIP, strip_ui};
use super::{Drag, TimelineRows, TimelineState, Window};
use crate::session::CursorMode;
use crate::signal::Timestamp;

/// The height of the ruler.
const RULER: f32 = 20.0;
/// The least distance of two labels.
const LABELS: f64 = 84.0;

/// Draws the axis with all that hangs on it.
pub(super) fn track_ui(
    ui: &mut Ui,
    rows: &TimelineRows,
    state: &mut TimelineState,
    hover: Option<Timestamp>,
    hovering: &mut Option<Timestamp>,
    asked: &mut Vec<Action>,
) {
    let room = ui.available_rect_before_wrap();
    let names = (room.width() * 0.16).clamp(72.0, 168.0).min(room.width() * 0.4);
    // The playhead's handle has its half over the end.
    let axis = room.with_min_x(room.left() + names).with_max_x(room.right() - theme::GAP);
    if axis.width() < 40.0 || axis.height() < RULER {
        return;
    }
    state.width = axis.width();
    let scale = if (rows.scale.width() - axis.width()).abs() < 0.5 {
        rows.scale.clone()
    } else {
        Scale::new(rows.scale.window(), axis.width(), rows.scale.folds())
    };
    let mut responses = Vec::new();
    let ruler = axis.with_max_y(axis.top() + RULER);
    let response = ui.interact(ruler, ui.id().with("ruler"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Other, true, "Timeline ruler"));
    responses.push(response);
    paint_ruler(ui, ruler, rows, &scale);

    let mut top = ruler.bottom();
    let lane = |ui: &Ui, top: &mut f32, name: &str| {
        let lane = axis.with_min_y(*top).with_max_y(*top + LANE);
        let label = lane.with_min_x(room.left() + theme::STEP).with_max_x(axis.left() - theme::STEP);
        painted_text(ui, label, name, theme::WEAK, Align2::LEFT_CENTER);
        *top += LANE;
        lane
    };
    let alarms = (!rows.alarms.is_empty()).then(|| lane(ui, &mut top, "Alarms"));
    let refusals = (!rows.refusals.is_empty()).then(|| lane(ui, &mut top, "Refused"));
    let commands = (!rows.commands.is_empty()).then(|| lane(ui, &mut top, "Commands"));
    let marks = (!rows.marks.is_empty()).then(|| lane(ui, &mut top, "Bookmarks"));
    let seals = rows.seals.as_ref().map(|it| (it, lane(ui, &mut top, "Sealed")));
    if top > ruler.bottom() {
        let lanes = axis.with_min_y(ruler.bottom()).with_max_y(top);
        responses.push(ui.interact(lanes, ui.id().with("lanes"), Sense::click_and_drag()));
    }
    // However many strips there are, this one is seen.
    let last = room.bottom() - if rows.difference.is_some() { DIFFERENCE } else { 0.0 };
    let below = room.with_min_y(top.min(last)).with_max_y(last);
    let filled = strips_ui(ui, below, axis, rows, &scale, &mut responses, asked);
    let mut bottom = filled.max(top).min(last);
    if let Some(strip) = &rows.difference {
        let row = room.with_min_y(bottom).with_max_y(bottom + DIFFERENCE);
        let (name, place) = (row.with_max_x(axis.left() - theme::STEP), row.intersect(axis));
        responses.push(difference_ui(ui, (name, place), strip, rows, &scale));
        bottom += DIFFERENCE;
    }
    paint_gaps(ui, axis.with_max_y(bottom), rows, &scale);
    if rows.cursor.as_live {
        paint_hidden(ui, axis.with_max_y(bottom), rows, &scale);
    }
    if let Some((range, looped)) = state.shown_range(&rows.cursor) {
        paint_range(ui, ruler, bottom, range, looped, &scale);
    }
    range_ui(ui, ruler, rows, &scale, state, asked);
    if let Some(lane) = alarms {
        alarms_ui(ui, lane, rows, &scale, asked);
    }
    if let Some(lane) = refusals {
        refusals_ui(ui, lane, rows, &scale, asked);
    }
    if let Some(lane) = commands {
        commands_ui(ui, lane, rows, &scale, asked);
    }
    if let Some((seals, lane)) = seals {
        responses.push(seals_ui(ui, lane, seals, rows, &scale));
    }
    if let Some(lane) = marks {
        marks_ui(ui, lane, rows, &scale, state, asked);
    }
    for response in &responses {
        take_pointer(ui, response, axis, rows, &scale, state, asked);
        if let Some(pointer) = response.hover_pos() {
            *hovering = Some(scale.at(pointer.x - axis.left()));
        }
    }
    paint_hover(ui, axis.with_max_y(bottom), ruler, hover, rows, &scale);
    paint_playhead(ui, axis.with_max_y(bottom), ruler, rows, &scale);
}

/// The strips, which scroll where there is no room for all. Returns where they end.
fn strips_ui(
    ui: &mut Ui,
    room: Rect,
    axis: Rect,
    rows: &TimelineRows,
    scale: &Scale,
    responses: &mut Vec<egui::Response>,
    asked: &mut Vec<Action>,
) -> f32 {
    if room.height() < 4.0 {
        return room.top();
    }
    ui.scope_builder(UiBuilder::new().max_rect(room), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let area = egui::ScrollArea::vertical().auto_shrink(false).min_scrolled_height(0.0).id_salt("strips");
        area.show_viewport(ui, |ui, viewport| {
            ui.set_height(rows.strips.len() as f32 * STRIP);
            let top = ui.min_rect().top();
            for (at, strip) in rows.strips.iter().enumerate() {
                let y = at as f32 * STRIP;
                if y + STRIP < viewport.top() || y > viewport.bottom() {
                    continue;
                }
                let row = room.with_min_y(top + y).with_max_y(top + y + STRIP);
                let name = row.with_max_x(axis.left() - theme::STEP);
                let place = row.with_min_x(axis.left()).with_max_x(axis.right());
                responses.push(strip_ui(ui, (name, place), strip, rows, scale, asked));
            }
        });
    });
    room.top() + rows.strips.len() as f32 * STRIP
}

/// Drag and click seek, Shift marks out a range, the middle button pans, Ctrl and the wheel zoom, a double click fits.
fn take_pointer(
    ui: &Ui,
    response: &egui::Response,
    axis: Rect,
    rows: &TimelineRows,
    scale: &Scale,
    state: &mut TimelineState,
    asked: &mut Vec<Action>,
) {
    let (primary, pressed, shift, pointer) = ui.input(|it| {
        (it.pointer.primary_down(), it.pointer.primary_pressed(), it.modifiers.shift, it.pointer.interact_pos())
    });
    let at = pointer.map(|it| scale.at((it.x - axis.left()).clamp(0.0, axis.width())));
    if response.is_pointer_button_down_on()
        && primary
        && let Some(at) = at
    {
        if pressed {
            state.drag = shift.then_some(Drag::Range(at));
            state.range = if shift { None } else { state.range };
        }
        match state.drag {
            Some(Drag::Range(anchor)) => state.range = (at != anchor).then(|| (anchor.min(at), anchor.max(at))),
            Some(Drag::End(_) | Drag::Mark(..)) => {}
            None => asked.push(Action::Seek(at)),
        }
    } else if let Some(Drag::Range(_)) = state.drag
        && !primary
    {
        state.drag = None;
        // A new range takes the loop's place.
        if rows.cursor.looped.is_some() && state.range.is_some() {
            asked.push(Action::Loop(state.range));
        }
    }
    if response.dragged_by(PointerButton::Middle) && response.drag_delta().x != 0.0 {
        state.look_at(scale.panned(response.drag_delta().x), rows);
    }
    if response.double_clicked() {
        state.show(Window::Whole);
    }
    let Some(over) = response.hover_pos() else { return };
    let (zoom, scroll) = ui.input(|it| (it.zoom_delta(), it.smooth_scroll_delta()));
    if (zoom - 1.0).abs() > 1e-4 {
        state.look_at(scale.zoomed(over.x - axis.left(), f64::from(zoom)), rows);
    } else if scroll.x != 0.0 {
        state.look_at(scale.panned(scroll.x), rows);
    }
}

fn paint_ruler(ui: &Ui, ruler: Rect, rows: &TimelineRows, scale: &Scale) {
    let painter = ui.painter().with_clip_rect(ruler.expand2(vec2(6.0, 0.0)).intersect(ui.clip_rect()));
    painter.rect_filled(ruler, 0.0, theme::GROUND);
    let (from, to) = scale.window();
    let step = time_step(scale.secs_per_pixel(), LABELS);
    let offset = rows.clock.offset_secs(to);
    // The pieces of the axis between the folds.
    let mut begin = from;
    let mut pieces = Vec::new();
    for fold in scale.folds() {
        pieces.push((begin, fold.0.min(to)));
        begin = fold.1.max(begin);
    }
    pieces.push((begin, to));
    let mut free = f32::NEG_INFINITY;
    for (begin, end) in pieces.into_iter().filter(|it| it.0 < it.1) {
        let right = ruler.left() + scale.x(end);
        let first = ((begin.as_secs_f64() + offset) / step).ceil();
        let count = (((end.as_secs_f64() + offset) / step).floor() - first).clamp(-1.0, 300.0) as i64;
        for n in 0..=count {
            let at = Timestamp::from_secs_f64((first + n as f64) * step - offset + 1e-6);
            let x = ruler.left() + scale.x(at);
            painter.vline(x, ruler.bottom() - 5.0..=ruler.bottom(), Stroke::new(1.0, theme::NORMAL));
            let text = label(rows, at, step);
            let galley = painter.layout_no_wrap(text, theme::small(), theme::WEAK);
            let place = pos2(x + 3.0, ruler.top() + 2.0);
            if x + 3.0 >= free && x + 3.0 + galley.size().x <= right.min(ruler.right() + 2.0) {
                free = place.x + galley.size().x + theme::STEP;
                painter.galley(place, galley, theme::WEAK);
            }
        }
    }
    painter.hline(ruler.x_range(), ruler.bottom(), Stroke::new(1.0, theme::LINE));
}

fn label(rows: &TimelineRows, at: Timestamp, step: f64) -> String {
    match step {
        it if it < 1.0 => rows.clock.time_tenths(at),
        it if it < 60.0 => rows.clock.time(at),
        it if it < 86_400.0 => {
            let minutes = rows.clock.minutes(at);
            // Midnight tells whose.
            if minutes == "00:00" { rows.clock.day(at) } else { minutes }
        }
        _ => rows.clock.day(at),
    }
}

/// Nothing came: hatched at its exact time; what is folded is broken, with its duration.
fn paint_gaps(ui: &Ui, axis: Rect, rows: &TimelineRows, scale: &Scale) {
    let painter = ui.painter().with_clip_rect(axis.intersect(ui.clip_rect()));
    let body = axis.with_min_y(axis.top() + RULER);
    let place = |it| axis.left() + scale.x(it);
    for gap in &rows.gaps {
        // Never wider than what is seen, however far it is zoomed in.
        let band = Rect::from_x_y_ranges(place(gap.0)..=place(gap.1), body.y_range()).intersect(axis);
        if band.is_positive() {
            icons::hatch(&painter, band, theme::STALE.gamma_multiply(0.35));
        }
    }
    for fold in scale.folds() {
        let band = Rect::from_x_y_ranges(place(fold.0)..=place(fold.1), axis.y_range());
        if !band.intersects(axis) {
            continue;
        }
        painter.rect_filled(band.with_max_y(axis.top() + RULER), 0.0, theme::RAISED);
        for x in [band.left(), band.right()] {
            painter.add(Shape::line(broken(x, axis), Stroke::new(1.0, theme::STALE)));
        }
        let text = format::span_word(fold.1.secs_since(fold.0));
        let middle = pos2(band.center().x, axis.top() + RULER / 2.0);
        painter.text(middle, Align2::CENTER_CENTER, text, theme::small(), theme::TEXT);
    }
}

/// What came later than the cursor is not to be known.
fn paint_hidden(ui: &Ui, axis: Rect, rows: &TimelineRows, scale: &Scale) {
    let left = (axis.left() + scale.x(rows.cursor.at)).max(axis.left());
    let band = axis.with_min_x(left).with_min_y(axis.top() + RULER);
    if !band.is_positive() {
        return;
    }
    ui.painter().rect_filled(band, 0.0, theme::GROUND);
    let text = "what came later is hidden";
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::small(), theme::WEAK);
    if galley.size().x + 2.0 * theme::GAP < band.width() {
        ui.painter().galley(band.center() - galley.size() / 2.0, galley, theme::WEAK);
    }
}

/// A line from top to bottom that goes to and fro: here the axis is broken.
fn broken(x: f32, axis: Rect) -> Vec<egui::Pos2> {
    let steps = (axis.height() / 4.0).ceil() as usize;
    let at = |it: usize| pos2(x + if it.is_multiple_of(2) { -1.5 } else { 1.5 }, axis.top() + it as f32 * 4.0);
    (0..=steps).map(at).collect()
}

/// The instant under the pointer, whichever panel it is over: hollow, for it moves nothing.
fn paint_hover(ui: &Ui, axis: Rect, ruler: Rect, hover: Option<Timestamp>, rows: &TimelineRows, scale: &Scale) {
    let Some(hover) = hover else { return };
    let x = axis.left() + scale.x(hover);
    if !axis.x_range().contains(x) {
        return;
    }
    ui.painter().vline(x, ruler.bottom()..=axis.bottom(), Stroke::new(1.0, theme::WEAK.gamma_multiply(0.7)));
    let head =
        vec![pos2(x - 4.5, ruler.bottom() - 8.0), pos2(x + 4.5, ruler.bottom() - 8.0), pos2(x, ruler.bottom() - 1.0)];
    ui.painter().add(Shape::convex_polygon(head, Color32::TRANSPARENT, Stroke::new(1.2, theme::TEXT)));
    let text = rows.clock.time_tenths(hover);
    let galley = ui.painter().layout_no_wrap(text, theme::small(), theme::STRONG);
    let left = (x + 7.0).min(axis.right() - galley.size().x);
    let place = Rect::from_min_size(pos2(left, ruler.top() + 2.0), galley.size());
    ui.painter().rect_filled(place.expand2(vec2(3.0, 0.0)), 2.0, theme::RAISED);
    ui.painter().galley(place.min, galley, theme::STRONG);
}

fn paint_playhead(ui: &Ui, axis: Rect, ruler: Rect, rows: &TimelineRows, scale: &Scale) {
    let live = rows.cursor.mode == CursorMode::Live;
    let color = if live { theme::ACCENT } else { theme::WARNING };
    let x = axis.left() + scale.x(rows.cursor.at);
    let y = ruler.top() + 6.0;
    if !axis.x_range().expand(1.0).contains(x) {
        // Out of sight: a tip at the edge shows which way.
        let (edge, out) = if x < axis.left() { (axis.left(), -6.0) } else { (axis.right(), 6.0) };
        let tip = vec![pos2(edge + out, y), pos2(edge, y - 5.0), pos2(edge, y + 5.0)];
        ui.painter().add(Shape::convex_polygon(tip, color, Stroke::NONE));
        return;
    }
    ui.painter().vline(x, ruler.top()..=axis.bottom(), Stroke::new(1.5, color));
    let head = vec![
        pos2(x - 5.5, ruler.top()),
        pos2(x + 5.5, ruler.top()),
        pos2(x + 5.5, y),
        pos2(x, y + 6.0),
        pos2(x - 5.5, y),
    ];
    ui.painter().add(Shape::convex_polygon(head, color, Stroke::new(1.0, theme::GROUND)));
}
