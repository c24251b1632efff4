//! Small shapes, drawn: no font has to know them, and no meaning hangs on colour alone.

use std::f32::consts::TAU;

use egui::{Color32, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, Vec2, pos2, vec2};

use super::theme;
use crate::command::{Phase, Verdict};
use crate::judge::{AlarmState, Priority};
use crate::site::doc::Kind;
use crate::twin::{Level, ReadingState};

/// Draws a shape of [`theme::ICON`] in a row of a panel, and says its name to whoever cannot see it.
pub(super) fn show(ui: &mut Ui, name: &str, draw: impl FnOnce(&Painter, Pos2)) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(theme::ICON), Sense::hover());
    if ui.is_rect_visible(rect) {
        draw(ui.painter(), rect.center());
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, name));
    response
}

/// A button that is only a shape.
pub(super) fn button(ui: &mut Ui, name: &str, draw: impl FnOnce(&Painter, Pos2, Color32)) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(20.0), Sense::click());
    let color = if response.hovered() || response.has_focus() { theme::STRONG } else { theme::WEAK };
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 3.0, theme::WIDGET_HOVER);
    }
    draw(ui.painter(), rect.center(), color);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, ui.is_enabled(), name));
    response.on_hover_text(name)
}

/// What is of another instant: never filled.
pub(super) fn hollow_diamond(painter: &Painter, at: Pos2, color: Color32) {
    let corners = [(0.0, -5.0), (4.5, 0.0), (0.0, 5.0), (-4.5, 0.0)].map(|(x, y)| at + vec2(x, y));
    painter.add(Shape::closed_line(corners.to_vec(), Stroke::new(1.2, color)));
}

/// The edge of what is of another instant.
pub(super) fn dashed_rect(painter: &Painter, rect: Rect, color: Color32) {
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    painter.extend(Shape::dashed_line(&corners, Stroke::new(1.0, color), 4.0, 3.0));
}

/// What kind of twin: component ring, asset block, system of linked blocks, process arrow.
pub(super) fn kind(painter: &Painter, at: Pos2, kind: Kind, color: Color32) {
    let line = Stroke::new(1.2, color);
    match kind {
        Kind::Component => {
            painter.circle_stroke(at, 4.5, line);
            painter.circle_filled(at, 1.5, color);
        }
        Kind::Asset => {
            painter.rect_stroke(Rect::from_center_size(at, vec2(10.0, 8.0)), 1.5, line, egui::StrokeKind::Middle);
            painter.line_segment([at + vec2(-5.0, -1.0), at + vec2(5.0, -1.0)], line);
        }
        Kind::System => {
            for offset in [vec2(-3.5, -3.5), vec2(3.5, -3.5), vec2(0.0, 3.5)] {
                let block = Rect::from_center_size(at + offset, Vec2::splat(4.0));
                painter.rect_filled(block, 1.0, color);
            }
            painter.line_segment([at + vec2(-3.5, -1.0), at + vec2(-1.0, 2.0)], line);
            painter.line_segment([at + vec2(3.5, -1.0), at + vec2(1.0, 2.0)], line);
        }
        Kind::Process => {
            painter.line_segment([at + vec2(-5.5, 0.0), at + vec2(4.0, 0.0)], line);
            painter.line_segment([at + vec2(1.0, -3.5), at + vec2(5.0, 0.0)], line);
            painter.line_segment([at + vec2(1.0, 3.5), at + vec2(5.0, 0.0)], line);
            painter.line_segment([at + vec2(-5.5, -3.0), at + vec2(-5.5, 3.0)], line);
        }
    }
}

/// The word for a kind.
pub(super) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Component => "Component",
        Kind::Asset => "Asset",
        Kind::System => "System",
        Kind::Process => "Process",
    }
}

/// A health: dot, ring, clock, triangle, diamond.
pub(super) fn level(painter: &Painter, at: Pos2, level: Level) {
    let color = theme::level(level);
    match level {
        Level::Normal => {
            painter.circle_filled(at, 2.5, color);
        }
        Level::Unknown => {
            painter.circle_stroke(at, 3.5, Stroke::new(1.2, color));
        }
        Level::Stale => clock(painter, at, color),
        Level::Warning => triangle(painter, at, color),
        Level::Alarm => diamond(painter, at, color),
    }
}

/// A reading's state: dot, ring, clock, triangle.
pub(super) fn reading(painter: &Painter, at: Pos2, state: ReadingState) {
    level(
        painter,
        at,
        match state {
            ReadingState::Fresh => Level::Normal,
            ReadingState::NeverSeen => Level::Unknown,
            ReadingState::Stale | ReadingState::Isolated => Level::Stale,
            ReadingState::Bad => Level::Warning,
        },
    );
}

/// A command's phase: a ring that fills as it goes, a tick, a cross, a question.
pub(super) fn phase(painter: &Painter, at: Pos2, phase: Phase) {
    let color = theme::phase(phase);
    let line = Stroke::new(1.5, color);
    match phase {
        Phase::Draft => {
            painter.circle_stroke(at, 4.0, line);
        }
        Phase::Checked => {
            painter.circle_stroke(at, 4.0, line);
            painter.line_segment([at + vec2(-2.0, 0.0), at + vec2(-0.4, 1.6)], line);
            painter.line_segment([at + vec2(-0.4, 1.6), at + vec2(2.2, -1.8)], line);
        }
        Phase::Sent => {
            painter.circle_stroke(at, 4.0, line);
            painter.circle_filled(at, 1.5, color);
        }
        Phase::Accepted => {
            painter.circle_stroke(at, 4.0, line);
            painter.circle_filled(at, 2.5, color);
        }
        Phase::Confirmed => tick(painter, at, color),
        Phase::Rejected | Phase::Failed => cross(painter, at, color),
        Phase::TimedOut | Phase::Expired => clock(painter, at, color),
        Phase::Unknown => question(painter, at, color),
    }
}

/// What came of a check: a tick, a cross, a question mark.
pub(super) fn check(painter: &Painter, at: Pos2, verdict: Verdict) {
    match verdict {
        Verdict::Passed => {
            let line = Stroke::new(1.3, theme::NORMAL);
            painter.line_segment([at + vec2(-3.5, 0.0), at + vec2(-1.0, 2.8)], line);
            painter.line_segment([at + vec2(-1.0, 2.8), at + vec2(3.8, -3.0)], line);
        }
        Verdict::Failed => cross(painter, at, theme::ALARM),
        Verdict::Unknown => question(painter, at, theme::WARNING),
    }
}

/// A question mark: nobody knows.
pub(super) fn question(painter: &Painter, at: Pos2, color: Color32) {
    painter.text(at, egui::Align2::CENTER_CENTER, "?", egui::FontId::proportional(13.0), color);
}

/// A padlock that hangs open.
pub(super) fn open_lock(painter: &Painter, at: Pos2, color: Color32) {
    lock(painter, at, true, color);
}

/// A padlock that holds.
pub(super) fn closed_lock(painter: &Painter, at: Pos2, color: Color32) {
    lock(painter, at, false, color);
}

fn lock(painter: &Painter, at: Pos2, open: bool, color: Color32) {
    let body = Rect::from_center_size(at + vec2(0.0, 2.0), vec2(8.0, 6.0));
    painter.rect_filled(body, 1.0, color);
    let line = Stroke::new(1.4, color);
    let shift = if open { vec2(3.0, -0.5) } else { vec2(0.0, 0.0) };
    let points = [(-2.5, -1.0), (-2.5, -3.0), (-1.3, -4.4), (1.3, -4.4), (2.5, -3.0), (2.5, -1.0)];
    painter.add(Shape::line(points.iter().map(|it| at + vec2(it.0, it.1) + shift).collect(), line));
}

/// A person: who is signed in.
pub(super) fn person(painter: &Painter, at: Pos2, color: Color32) {
    painter.circle_filled(at + vec2(0.0, -2.2), 2.3, color);
    let shoulders = [(-4.0, 4.5), (-3.4, 1.8), (-1.5, 0.8), (1.5, 0.8), (3.4, 1.8), (4.0, 4.5)];
    let points = shoulders.iter().map(|it| at + vec2(it.0, it.1)).collect();
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
}

/// A plus: add.
pub(super) fn plus(painter: &Painter, at: Pos2, color: Color32) {
    let line = Stroke::new(1.5, color);
    painter.line_segment([at + vec2(-4.0, 0.0), at + vec2(4.0, 0.0)], line);
    painter.line_segment([at + vec2(0.0, -4.0), at + vec2(0.0, 4.0)], line);
}

/// An arrow up or down: earlier, later.
pub(super) fn arrow(painter: &Painter, at: Pos2, up: bool, color: Color32) {
    let tip = if up { -3.5 } else { 3.5 };
    let line = Stroke::new(1.4, color);
    painter.line_segment([at + vec2(0.0, -tip), at + vec2(0.0, tip)], line);
    painter.line_segment([at + vec2(-3.0, tip * 0.2), at + vec2(0.0, tip)], line);
    painter.line_segment([at + vec2(3.0, tip * 0.2), at + vec2(0.0, tip)], line);
}

/// An alarm's priority: square, diamond, triangle, disc, from the most urgent down.
pub(super) fn priority(painter: &Painter, at: Pos2, priority: Priority) {
    let color = theme::priority(priority);
    match priority {
        Priority::Urgent => square(painter, at, color),
        Priority::High => diamond(painter, at, color),
        Priority::Medium => triangle(painter, at, color),
        Priority::Low => disc(painter, at, color),
    }
}

/// The state of an alarm in the symbols of ISA-18.2: filled where nobody has acknowledged it, a tick where someone has, an
/// open frame with an arrow where it has returned meanwhile, and the letters S, D and O where it is shelved, suppressed by
/// design or out of service; L is latched. What flashes is dark while it is not `lit`.
pub(super) fn alarm_state(painter: &Painter, at: Pos2, state: AlarmState, color: Color32, lit: bool) {
    let frame = Rect::from_center_size(at, Vec2::splat(12.0));
    let line = Stroke::new(1.4, color);
    let outline = || {
        painter.rect_stroke(frame, 2.0, line, egui::StrokeKind::Inside);
    };
    let letter = |letter: &str| {
        outline();
        painter.text(at + vec2(0.0, 0.5), egui::Align2::CENTER_CENTER, letter, theme::tiny(), color);
    };
    match state {
        AlarmState::Normal => {
            painter.circle_filled(at, 2.5, theme::NORMAL);
        }
        AlarmState::Unacknowledged => {
            outline();
            if lit {
                painter.rect_filled(frame, 2.0, color);
                bar(painter, at);
            }
        }
        AlarmState::Acknowledged => {
            outline();
            painter.add(Shape::line(vec![at + vec2(-3.0, 0.0), at + vec2(-0.8, 2.5), at + vec2(3.2, -2.8)], line));
        }
        AlarmState::ReturnedUnacknowledged => {
            dashed_rect(painter, frame.shrink(0.7), color);
            painter.line_segment([at + vec2(0.0, -3.0), at + vec2(0.0, 2.5)], line);
            painter.add(Shape::line(vec![at + vec2(-2.5, 0.4), at + vec2(0.0, 3.0), at + vec2(2.5, 0.4)], line));
        }
        AlarmState::LatchedUnacknowledged => {
            if lit {
                painter.rect_filled(frame, 2.0, color);
                painter.text(at + vec2(0.0, 0.5), egui::Align2::CENTER_CENTER, "L", theme::tiny(), theme::GROUND);
            } else {
                letter("L");
            }
        }
        AlarmState::Latched => letter("L"),
        AlarmState::Shelved => letter("S"),
        AlarmState::SuppressedByDesign => letter("D"),
        AlarmState::OutOfService => letter("O"),
    }
}

/// A flag with a one: what came first.
pub(super) fn first_out(painter: &Painter, at: Pos2) {
    let plate = Rect::from_center_size(at, vec2(18.0, 13.0));
    painter.rect_filled(plate, 3.0, theme::STRONG);
    painter.text(at + vec2(0.0, 0.5), egui::Align2::CENTER_CENTER, "1st", theme::tiny(), theme::GROUND);
}

/// A wave: comes and goes too often.
pub(super) fn wave(painter: &Painter, at: Pos2, color: Color32) {
    let points = [vec2(-5.0, 2.5), vec2(-2.5, -2.5), vec2(0.0, 2.5), vec2(2.5, -2.5), vec2(5.0, 2.5)];
    painter.add(Shape::line(points.map(|it| at + it).to_vec(), Stroke::new(1.4, color)));
}

/// A tick: it is so.
pub(super) fn tick(painter: &Painter, at: Pos2, color: Color32) {
    let line = Stroke::new(1.5, color);
    painter.line_segment([at + vec2(-4.0, 0.0), at + vec2(-1.0, 3.5)], line);
    painter.line_segment([at + vec2(-1.0, 3.5), at + vec2(4.5, -3.5)], line);
}

/// A cross: close, remove, refused.
pub(super) fn cross(painter: &Painter, at: Pos2, color: Color32) {
    let line = Stroke::new(1.5, color);
    painter.line_segment([at + vec2(-3.5, -3.5), at + vec2(3.5, 3.5)], line);
    painter.line_segment([at + vec2(3.5, -3.5), at + vec2(-3.5, 3.5)], line);
}

/// A clock's face: old.
pub(super) fn clock(painter: &Painter, at: Pos2, color: Color32) {
    let line = Stroke::new(1.2, color);
    painter.circle_stroke(at, 4.5, line);
    painter.line_segment([at, at + vec2(0.0, -3.0)], line);
    painter.line_segment([at, at + vec2(2.4, 0.8)], line);
}

/// A triangle with a bar: attention.
pub(super) fn triangle(painter: &Painter, at: Pos2, color: Color32) {
    let points = vec![at + vec2(0.0, -5.0), at + vec2(5.5, 4.5), at + vec2(-5.5, 4.5)];
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
    bar(painter, at + vec2(0.0, 0.5));
}

/// A diamond with a bar: now.
pub(super) fn diamond(painter: &Painter, at: Pos2, color: Color32) {
    let points = vec![at + vec2(0.0, -6.0), at + vec2(6.0, 0.0), at + vec2(0.0, 6.0), at + vec2(-6.0, 0.0)];
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
    bar(painter, at);
}

/// A square with a bar: now, before all else.
pub(super) fn square(painter: &Painter, at: Pos2, color: Color32) {
    painter.rect_filled(Rect::from_center_size(at, Vec2::splat(11.0)), 1.5, color);
    bar(painter, at);
}

/// A disc with a bar: when there is time.
pub(super) fn disc(painter: &Painter, at: Pos2, color: Color32) {
    painter.circle_filled(at, 5.2, color);
    bar(painter, at);
}

fn bar(painter: &Painter, at: Pos2) {
    let line = Stroke::new(1.4, theme::GROUND);
    painter.line_segment([at + vec2(0.0, -2.5), at + vec2(0.0, 0.8)], line);
    painter.line_segment([at + vec2(0.0, 2.2), at + vec2(0.0, 3.4)], line);
}

/// A triangle that points right: play.
pub(super) fn play(painter: &Painter, at: Pos2, color: Color32) {
    let points = vec![at + vec2(-4.0, -5.5), at + vec2(5.5, 0.0), at + vec2(-4.0, 5.5)];
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
}

/// Two bars: pause.
pub(super) fn pause(painter: &Painter, at: Pos2, color: Color32) {
    for x in [-3.0, 3.0] {
        painter.rect_filled(Rect::from_center_size(at + vec2(x, 0.0), vec2(3.0, 10.0)), 0.5, color);
    }
}

/// A triangle against a bar: to the next sample, or the one before.
pub(super) fn step(painter: &Painter, at: Pos2, forward: bool, color: Color32) {
    let sign = if forward { 1.0 } else { -1.0 };
    let points = vec![at + vec2(-4.0 * sign, -4.5), at + vec2(3.0 * sign, 0.0), at + vec2(-4.0 * sign, 4.5)];
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
    painter.line_segment([at + vec2(4.0 * sign, -4.5), at + vec2(4.0 * sign, 4.5)], Stroke::new(1.8, color));
}

/// An arrow that comes back to where it began: round and round.
pub(super) fn round(painter: &Painter, at: Pos2, color: Color32) {
    let line = Stroke::new(1.4, color);
    let body = Rect::from_center_size(at, vec2(12.0, 7.0));
    painter.rect_stroke(body, 3.5, line, egui::StrokeKind::Middle);
    for sign in [-1.0, 1.0] {
        let tip = at + vec2(3.0 * sign, -3.5 * sign);
        let points = vec![tip, tip + vec2(-4.0 * sign, -2.8), tip + vec2(-4.0 * sign, 2.8)];
        painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
    }
}

/// A flag on its pole: a bookmark. With a bar beside it playing stops there.
pub(super) fn flag(painter: &Painter, at: Pos2, pauses: bool, color: Color32) {
    painter.line_segment([at + vec2(0.0, -6.0), at + vec2(0.0, 6.5)], Stroke::new(1.4, color));
    let points = vec![at + vec2(0.0, -6.0), at + vec2(7.0, -3.0), at + vec2(0.0, 0.5)];
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
    if pauses {
        for x in [3.0, 6.0] {
            painter.line_segment([at + vec2(x, 2.0), at + vec2(x, 6.5)], Stroke::new(1.4, color));
        }
    }
}

/// A small triangle that points right, or down when `open`.
pub(super) fn fold(painter: &Painter, at: Pos2, open: bool, color: Color32) {
    let points = if open {
        vec![at + vec2(-3.5, -1.5), at + vec2(3.5, -1.5), at + vec2(0.0, 2.5)]
    } else {
        vec![at + vec2(-1.5, -3.5), at + vec2(2.5, 0.0), at + vec2(-1.5, 3.5)]
    };
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
}

/// An open arrow: what lies before or after.
pub(super) fn chevron(painter: &Painter, at: Pos2, forward: bool, color: Color32) {
    let sign = if forward { 1.0 } else { -1.0 };
    let points = vec![at + vec2(-2.0 * sign, -4.0), at + vec2(2.0 * sign, 0.0), at + vec2(-2.0 * sign, 4.0)];
    painter.add(Shape::line(points, Stroke::new(1.6, color)));
}

/// A lens: search.
pub(super) fn lens(painter: &Painter, at: Pos2, color: Color32) {
    let line = Stroke::new(1.4, color);
    painter.circle_stroke(at + vec2(-1.0, -1.0), 3.8, line);
    painter.line_segment([at + vec2(1.8, 1.8), at + vec2(5.0, 5.0)], line);
}

/// A frame with a target in it: fly there.
pub(super) fn target(painter: &Painter, at: Pos2, color: Color32) {
    let line = Stroke::new(1.2, color);
    for quarter in 0..4 {
        let turn = Vec2::angled(TAU * quarter as f32 / 4.0);
        painter.line_segment([at + turn * 2.5, at + turn * 6.0], line);
    }
    painter.circle_stroke(at, 3.8, line);
}

/// A curve with a plus: add to the plot. Without the plus where it is in already.
pub(super) fn curve(painter: &Painter, at: Pos2, color: Color32) {
    let points = [vec2(-5.5, 3.0), vec2(-2.5, -2.5), vec2(0.5, 1.5), vec2(5.5, -4.0)];
    painter.add(Shape::line(points.map(|it| at + it).to_vec(), Stroke::new(1.3, color)));
}

/// Slanted lines over what is stale, or over a gap in a plot.
pub(super) fn hatch(painter: &Painter, rect: Rect, color: Color32) {
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let line = Stroke::new(1.0, color);
    let mut x = rect.left() - rect.height();
    // From a multiple of the spacing, so that bands that touch line up.
    x -= x.rem_euclid(6.0);
    while x < rect.right() {
        painter.line_segment([pos2(x, rect.bottom()), pos2(x + rect.height(), rect.top())], line);
        x += 6.0;
    }
}
