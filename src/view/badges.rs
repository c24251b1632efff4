//! Badges over the scene: an icon for each alarm that stands at a twin, or how well it is. Constant in size.

use bevy::prelude::*;
use bevy_egui::egui;
use egui::epaint::{CornerRadius, PathShape};
use egui::{Align2, Color32, FontId, Stroke};

use super::labels::{AlarmMark, LabelRow};
use super::lens::Shade;
use super::overlay::{Eye, color, pos, rect_of, top_of};
use super::{palette, placing};
use crate::judge::Priority;
use crate::site::TwinId;
use crate::twin::{Level, Standing};

/// So many alarms of a twin show each as an icon; more are one plate with their number.
const MOST_ICONS: usize = 4;
/// The room of an icon, pixels.
const ICON: f32 = 22.0;
/// The extent of a plate with a number.
const PLATE: Vec2 = Vec2::new(46.0, 22.0);

/// The room of a shield, pixels, and of the count beside it.
const SHIELD: f32 = 22.0;
const COUNT: f32 = 26.0;

/// What a twin's badge says.
#[derive(Debug, Clone, PartialEq)]
struct Badge {
    twin: TwinId,
    /// The worst first. Empty: no alarm stands, a rule of its looks wants attention.
    alarms: Vec<AlarmMark>,
    level: Level,
    /// How many messages about it were refused, while that is of now. 0: none.
    n_refused: u32,
}

impl Badge {
    /// How soon it wants a person, and whether someone has seen it.
    fn worst(&self) -> AlarmMark {
        let of_level = if self.level == Level::Alarm { Priority::High } else { Priority::Medium };
        // The worst by its priority is new where any of that priority is: they are sorted so.
        self.alarms.first().copied().unwrap_or(AlarmMark { priority: of_level, new: true })
    }

    fn count(&self) -> usize {
        self.alarms.len().max(usize::from(self.level >= Level::Warning))
    }

    fn size(&self) -> Vec2 {
        let icons = if self.count() > MOST_ICONS { PLATE } else { Vec2::new(ICON * self.count() as f32, ICON) };
        icons + Vec2::X * self.shield()
    }

    /// The room of the shield, at the left.
    fn shield(&self) -> f32 {
        match self.n_refused {
            0 => 0.0,
            1 => SHIELD,
            _ => SHIELD + COUNT,
        }
    }
}

/// Paints the badges; those that would overlap are one. Returns where each stands, and whom it leads to: the worst of it.
pub(super) fn paint_badges(painter: &egui::Painter, eye: &Eye, rows: &[LabelRow]) -> Vec<(Rect, TwinId)> {
    let mut badges: Vec<(Badge, Vec2)> = rows
        .iter()
        .filter(|it| it.level >= Level::Warning || !it.alarms.is_empty() || it.n_refused > 0)
        .filter_map(|it| {
            let at = eye.see(top_of(it.bounds))? - Vec2::Y * 12.0;
            let badge = Badge { twin: it.twin, alarms: it.alarms.clone(), level: it.level, n_refused: it.n_refused };
            eye.rect.inflate(-10.0).contains(at).then_some((badge, at.round()))
        })
        .collect();
    badges.sort_by(|(a, _), (b, _)| {
        (b.n_refused > 0, b.worst()).cmp(&(a.n_refused > 0, a.worst())).then(a.twin.cmp(&b.twin))
    });
    let boxes: Vec<(u32, Rect)> =
        badges.iter().zip(0..).map(|((badge, at), n)| (n, Rect::from_center_size(*at, badge.size()))).collect();
    let mut places = Vec::new();
    for (rect, members) in placing::merge_boxes(&boxes, PLATE) {
        let of = |n: &u32| badges.get(*n as usize).map(|it| &it.0);
        let Some(first) = members.first().and_then(of) else { continue };
        let count: usize = members.iter().filter_map(of).map(Badge::count).sum();
        if members.len() > 1 {
            // Together: whose messages were refused is the worst of them.
            let n_refused = members.iter().filter_map(of).map(|it| it.n_refused).max().unwrap_or(0);
            let worst = members.iter().filter_map(of).filter(|it| it.count() > 0).map(Badge::worst).max();
            paint_together(painter, rect, worst.filter(|_| count > 0), count, n_refused);
        } else {
            let icons = Rect { min: rect.min + Vec2::X * first.shield(), ..rect };
            if first.n_refused > 0 {
                paint_shield(painter, rect, first.n_refused);
            }
            match first.count() {
                0 => {}
                it if it > MOST_ICONS => paint_plate(painter, icons, first.worst(), it),
                _ => paint_icons(painter, icons, first),
            }
        }
        places.push((rect.inflate(1.0), first.twin));
    }
    places
}

fn paint_icons(painter: &egui::Painter, rect: Rect, badge: &Badge) {
    let worst = [badge.worst()];
    let marks = if badge.alarms.is_empty() { &worst[..] } else { &badge.alarms };
    for (n, mark) in marks.iter().enumerate() {
        let at = Vec2::new(rect.min.x + ICON * (n as f32 + 0.5), rect.center().y);
        paint_icon(painter, at, *mark, 1.0);
    }
}

/// A shield, and how often it held where it did more than once.
fn paint_shield(painter: &egui::Painter, rect: Rect, count: u32) {
    let at = Vec2::new(rect.min.x + SHIELD * 0.5, rect.center().y);
    if count > 1 {
        let plate = Rect::from_corners(at - Vec2::Y * 8.5, at + Vec2::new(SHIELD * 0.5 + COUNT - 3.0, 8.5));
        let edge = Stroke::new(1.0, color(refusal_color()));
        let round = CornerRadius::same(8);
        painter.rect(rect_of(plate), round, color(palette::PLATE), edge, egui::StrokeKind::Inside);
        let text = if count < 1000 { count.to_string() } else { "999+".to_owned() };
        let place = pos(at + Vec2::X * (SHIELD * 0.5 + (COUNT - 4.0) * 0.5));
        painter.text(place, Align2::CENTER_CENTER, text, FontId::proportional(12.0), color(palette::TEXT));
    }
    let outline =
        [(0.0, -10.5), (8.5, -7.0), (8.0, 2.5), (4.5, 8.0), (0.0, 10.5), (-4.5, 8.0), (-8.0, 2.5), (-8.5, -7.0)];
    let points: Vec<egui::Pos2> = outline.iter().map(|it| pos(at + Vec2::from(*it))).collect();
    let edge = Stroke::new(1.5, color(palette::PLATE));
    painter.add(PathShape::convex_polygon(points, color(refusal_color()), edge));
    let cross = Stroke::new(2.0, color(palette::PLATE));
    for way in [1.0, -1.0] {
        let arm = Vec2::new(3.2, 3.2 * way);
        painter.line_segment([pos(at - arm - Vec2::Y), pos(at + arm - Vec2::Y)], cross);
    }
}

fn refusal_color() -> Color {
    let [r, g, b] = Shade::of(Standing::Rejected).look().color;
    Color::srgb_u8(r, g, b)
}

/// Several twins' in one place: a shield where anything was refused, and the worst alarm with how many there are.
fn paint_together(painter: &egui::Painter, rect: Rect, worst: Option<AlarmMark>, count: usize, n_refused: u32) {
    match worst {
        Some(worst) if n_refused > 0 => {
            let left = Rect::from_center_size(rect.center() - Vec2::X * 30.0, Vec2::new(SHIELD, ICON));
            paint_shield(painter, left, 1);
            paint_plate(painter, Rect::from_center_size(rect.center() + Vec2::X * 6.0, PLATE), worst, count);
        }
        Some(worst) => paint_plate(painter, rect, worst, count),
        None => {
            paint_shield(painter, Rect::from_center_size(rect.center(), Vec2::new(SHIELD + COUNT, ICON)), n_refused);
        }
    }
}

/// The worst, and how many there are in all.
fn paint_plate(painter: &egui::Painter, rect: Rect, worst: AlarmMark, count: usize) {
    let edge = Stroke::new(1.2, color_of(worst.priority));
    let (plate, round) = (color(palette::PLATE), CornerRadius::same(11));
    painter.rect(rect_of(rect), round, plate, edge, egui::StrokeKind::Inside);
    paint_icon(painter, Vec2::new(rect.min.x + 13.0, rect.center().y), worst, 0.66);
    let text = if count < 1000 { count.to_string() } else { "999+".to_owned() };
    let at = pos(Vec2::new(rect.min.x + 32.0, rect.center().y));
    painter.text(at, Align2::CENTER_CENTER, text, FontId::proportional(12.0), color(palette::TEXT));
}

fn color_of(priority: Priority) -> Color32 {
    color(match priority {
        Priority::Low => palette::LOW,
        Priority::Medium => palette::WARNING,
        Priority::High => palette::ALARM,
        Priority::Urgent => palette::URGENT,
    })
}

/// Square, diamond, triangle, disc: told apart without their colours. Filled where nobody has acknowledged it.
fn paint_icon(painter: &egui::Painter, at: Vec2, mark: AlarmMark, scale: f32) {
    let ink = color_of(mark.priority);
    let (fill, sign) = if mark.new { (ink, color(palette::SKY_TOP)) } else { (color(palette::PLATE), ink) };
    let edge = if mark.new { Stroke::new(1.5, color(palette::PLATE)) } else { Stroke::new(1.6, ink) };
    let corners: &[(f32, f32)] = match mark.priority {
        Priority::Low => &[],
        Priority::Medium => &[(0.0, -10.5), (11.0, 8.5), (-11.0, 8.5)],
        Priority::High => &[(0.0, -11.0), (11.0, 0.0), (0.0, 11.0), (-11.0, 0.0)],
        Priority::Urgent => &[(-9.0, -9.0), (9.0, -9.0), (9.0, 9.0), (-9.0, 9.0)],
    };
    if corners.is_empty() {
        painter.circle(pos(at), 9.0 * scale, fill, edge);
    } else {
        let points = corners.iter().map(|it| pos(at + Vec2::from(*it) * scale)).collect();
        painter.add(PathShape::convex_polygon(points, fill, edge));
    }
    let low = if mark.priority == Priority::Medium { 1.5 * scale } else { 0.0 };
    let font = FontId::proportional(13.0 * scale);
    painter.text(pos(at + Vec2::Y * low), Align2::CENTER_CENTER, "!", font, sign);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn badge(alarms: &[(Priority, bool)], level: Level) -> Badge {
        let alarms = alarms.iter().map(|(priority, new)| AlarmMark { priority: *priority, new: *new }).collect();
        Badge { twin: TwinId(1), alarms, level, n_refused: 0 }
    }

    #[test]
    fn up_to_four_alarms_are_icons_and_more_are_one_plate() {
        let low = (Priority::Low, true);
        assert_eq!(badge(&[low; 4], Level::Warning).size(), Vec2::new(4.0 * ICON, ICON));
        assert_eq!(badge(&[low; 5], Level::Warning).size(), PLATE);
        assert_eq!(badge(&[], Level::Warning).count(), 1);
    }

    #[test]
    fn a_shield_has_room_beside_the_alarms_and_stands_alone_where_there_are_none() {
        let shield = |badge: Badge, n_refused| Badge { n_refused, ..badge };
        assert_eq!(shield(badge(&[], Level::Normal), 1).size(), Vec2::new(SHIELD, ICON));
        assert_eq!(shield(badge(&[], Level::Normal), 7).size(), Vec2::new(SHIELD + COUNT, ICON));
        let alarms = badge(&[(Priority::Low, true); 2], Level::Warning);
        assert_eq!(shield(alarms, 1).size(), Vec2::new(SHIELD + 2.0 * ICON, ICON));
    }

    #[test]
    fn an_alarm_that_stands_speaks_for_its_twin_and_else_its_looks_do() {
        let mark = |priority, new| AlarmMark { priority, new };
        assert_eq!(badge(&[(Priority::Low, false)], Level::Alarm).worst(), mark(Priority::Low, false));
        assert_eq!(badge(&[], Level::Alarm).worst(), mark(Priority::High, true));
        assert_eq!(badge(&[], Level::Warning).worst(), mark(Priority::Medium, true));
    }
}
