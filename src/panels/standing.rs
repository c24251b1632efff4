//! How far something may be believed, as a small shape; and the swatches of the lens, as the scene shows them.

use std::f32::consts::TAU;

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, Vec2, pos2, vec2};

use super::{icons, theme};
use crate::twin::Standing;
use crate::view::{Pattern, ShadeLook};

/// A disc with a tick, a ring with a tick, a thin dashed ring, a ring, a ring of dots, a clock, a diamond, a shield, a figure in
/// two halves, a cage.
pub(super) fn icon(painter: &Painter, at: Pos2, standing: Standing) {
    tinted(painter, at, standing, theme::standing(standing));
}

/// The same in another colour.
pub(super) fn tinted(painter: &Painter, at: Pos2, standing: Standing, color: Color32) {
    let thin = Stroke::new(1.1, color);
    match standing {
        Standing::Verified => {
            painter.circle_filled(at, 5.2, color);
            tick(painter, at, Stroke::new(1.5, theme::GROUND));
        }
        Standing::Vouched => {
            painter.circle_stroke(at, 4.8, thin);
            tick(painter, at, Stroke::new(1.3, color));
        }
        Standing::Unsigned => dashed_ring(painter, at, 5.0, 5, thin),
        Standing::Unheard => {
            painter.circle_stroke(at, 4.0, thin);
        }
        Standing::Gap => {
            for part in 0..8 {
                painter.circle_filled(at + Vec2::angled(TAU * part as f32 / 8.0) * 4.7, 1.05, color);
            }
            tick(painter, at, Stroke::new(1.2, color));
        }
        Standing::Stale => icons::clock(painter, at, color),
        Standing::Inconsistent => {
            let corners = [(0.0, -6.0), (6.0, 0.0), (0.0, 6.0), (-6.0, 0.0)].map(|(x, y)| at + vec2(x, y));
            painter.add(Shape::convex_polygon(corners.to_vec(), color, Stroke::NONE));
            let line = Stroke::new(1.2, theme::GROUND);
            painter.line_segment([at + vec2(-2.4, -1.2), at + vec2(2.4, -1.2)], line);
            painter.line_segment([at + vec2(-2.4, 1.2), at + vec2(2.4, 1.2)], line);
            painter.line_segment([at + vec2(1.3, -3.0), at + vec2(-1.3, 3.0)], line);
        }
        Standing::Rejected => shield(painter, at, color),
        Standing::EvilTwin => split(painter, at, color),
        Standing::Quarantined => cage(painter, at, color),
    }
}

fn tick(painter: &Painter, at: Pos2, line: Stroke) {
    let points = [vec2(-2.5, 0.2), vec2(-0.7, 2.0), vec2(2.6, -2.0)].map(|it| at + it);
    painter.add(Shape::line(points.to_vec(), line));
}

fn dashed_ring(painter: &Painter, at: Pos2, radius: f32, dashes: usize, line: Stroke) {
    for dash in 0..dashes {
        let from = TAU * dash as f32 / dashes as f32;
        let points = (0..=4).map(|it| at + Vec2::angled(from + TAU * 0.52 / dashes as f32 * it as f32 / 4.0) * radius);
        painter.add(Shape::line(points.collect(), line));
    }
}

/// A shield with a cross: something was held off.
pub(super) fn shield(painter: &Painter, at: Pos2, color: Color32) {
    let outline =
        [(0.0, -6.2), (5.0, -4.4), (4.8, 1.4), (2.8, 4.6), (0.0, 6.2), (-2.8, 4.6), (-4.8, 1.4), (-5.0, -4.4)];
    let points = outline.iter().map(|it| at + vec2(it.0, it.1)).collect();
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
    let line = Stroke::new(1.4, theme::GROUND);
    painter.line_segment([at + vec2(-2.0, -2.4), at + vec2(2.0, 1.6)], line);
    painter.line_segment([at + vec2(2.0, -2.4), at + vec2(-2.0, 1.6)], line);
}

/// A figure in two halves that do not fit: one filled, one hollow.
pub(super) fn split(painter: &Painter, at: Pos2, color: Color32) {
    let half = |way: f32| {
        let arc = (0..=8).map(|it| Vec2::angled(TAU * (0.25 + 0.5 * it as f32 / 8.0)) * 5.0);
        arc.map(|it| at + vec2(it.x * way - 1.2 * way, it.y - 1.2 * way)).collect::<Vec<_>>()
    };
    painter.add(Shape::convex_polygon(half(1.0), color, Stroke::NONE));
    painter.add(Shape::closed_line(half(-1.0), Stroke::new(1.1, color)));
}

/// The bars of a cage.
fn cage(painter: &Painter, at: Pos2, color: Color32) {
    let frame = Rect::from_center_size(at, vec2(11.0, 10.0));
    painter.rect_stroke(frame, 1.5, Stroke::new(1.2, color), egui::StrokeKind::Inside);
    for x in [-2.6, 0.0, 2.6] {
        painter.line_segment([at + vec2(x, -4.4), at + vec2(x, 4.4)], Stroke::new(1.2, color));
    }
}

/// A patch of the scene under the lens: colour and pattern of a shade.
pub(super) fn swatch(painter: &Painter, rect: Rect, look: &ShadeLook) {
    let color = theme::shade(look);
    painter.rect_filled(rect, 2.0, color);
    let inside = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let dark = theme::GROUND.gamma_multiply(0.75);
    let light = theme::STRONG.gamma_multiply(0.8);
    let each = |step: Vec2, draw: &dyn Fn(Pos2)| {
        let (columns, rows) = ((rect.width() / step.x) as i32 + 2, (rect.height() / step.y) as i32 + 2);
        for row in 0..rows {
            let shift = if row % 2 == 0 { 0.0 } else { step.x * 0.5 };
            for column in 0..columns {
                draw(rect.left_top() + vec2((column as f32) * step.x - shift, (row as f32) * step.y) + step * 0.25);
            }
        }
    };
    let slant = |step: f32, width: f32, way: f32| {
        let mut x = rect.left() - rect.height();
        while x < rect.right() + rect.height() {
            let (low, high) = (pos2(x, rect.bottom()), pos2(x + rect.height() * way, rect.top()));
            inside.line_segment([low, high], Stroke::new(width, dark));
            x += step;
        }
    };
    match look.pattern {
        Pattern::Solid | Pattern::Split | Pattern::Edge => {}
        Pattern::Dots => each(vec2(7.0, 6.0), &|at| _ = inside.circle_filled(at, 1.1, light)),
        Pattern::Dashes => each(vec2(8.0, 4.5), &|at| {
            inside.line_segment([at - vec2(2.0, 0.0), at + vec2(2.0, 0.0)], Stroke::new(1.0, dark));
        }),
        Pattern::Rings => each(vec2(9.0, 8.0), &|at| _ = inside.circle_stroke(at, 2.2, Stroke::new(1.0, light))),
        Pattern::Dotted => each(vec2(4.5, 4.0), &|at| _ = inside.circle_filled(at, 1.0, dark)),
        Pattern::Hatch => slant(6.0, 2.4, 1.0),
        Pattern::Diamonds => each(vec2(8.0, 6.5), &|at| {
            let corners = [vec2(0.0, -2.6), vec2(2.6, 0.0), vec2(0.0, 2.6), vec2(-2.6, 0.0)].map(|it| at + it);
            inside.add(Shape::convex_polygon(corners.to_vec(), dark, Stroke::NONE));
        }),
        Pattern::Dense => slant(4.0, 1.5, -1.0),
        Pattern::Checker => each(vec2(8.0, 4.0), &|at| {
            inside.rect_filled(Rect::from_min_size(at, Vec2::splat(4.0)), 0.0, dark);
        }),
        Pattern::Cage => {
            let mut x = rect.left() + 2.0;
            while x < rect.right() {
                inside.line_segment([pos2(x, rect.top()), pos2(x, rect.bottom())], Stroke::new(2.0, dark));
                x += 5.0;
            }
        }
    }
    painter.rect_stroke(rect, 2.0, Stroke::new(1.0, theme::GROUND.gamma_multiply(0.6)), egui::StrokeKind::Inside);
}
