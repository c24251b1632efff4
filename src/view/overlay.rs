//! What lies over the scene: the scene's image itself, labels and badges. Drawn by egui at full resolution.

use std::collections::BTreeMap;

use bevy::camera::primitives::Aabb;
use bevy::picking::mesh_picking::ray_cast::{MeshRayCast, MeshRayCastSettings};
use bevy::prelude::*;
use bevy_egui::{EguiContexts, EguiPrimaryContextPass, egui};
use egui::epaint::CornerRadius;
use egui::{Color32, FontId, Order, Pos2, Stroke};

use super::badges::paint_badges;
use super::desired;
use super::drawn::{Built, MeshOf, PropBody};
use super::fade::{Fades, Fading};
use super::ghost;
use super::labels::{self, AlarmMarks, Boxes, LabelRow};
use super::palette;
use super::picking::{Badges, PointerAt};
use super::placing::{self, Sides, Wish};
use super::screen::{SceneCamera, Screen, ViewRect};
use super::studio::Backdrop;
use super::watermark;
use crate::command::CommandLog;
use crate::judge::Alarms;
use crate::session::{CurrentSite, Ghost};
use crate::site::TwinId;
use crate::twin::{Health, Readings, Selection, TwinIndex};

/// What is kept from frame to frame, so that nothing jumps.
#[derive(Resource, Debug, Default)]
pub(super) struct Overlay {
    sides: Sides,
    boxes: Boxes,
    /// The alarms that stand, as they were when they changed last.
    marks: AlarmMarks,
    /// Twins that something stands before, and the eye that saw it so.
    hidden: BTreeMap<TwinId, bool>,
    seen_from: Option<(GlobalTransform, u64, u64)>,
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Overlay>().add_systems(
        EguiPrimaryContextPass,
        (paint_scene, watermark::paint_watermark, ghost::paint_ghost, desired::paint_desired, paint_overlay).chain(),
    );
}

/// A colour of the scene for egui.
pub(super) fn color(color: Color) -> Color32 {
    let [r, g, b, a] = color.to_srgba().to_u8_array();
    Color32::from_rgba_unmultiplied(r, g, b, a)
}

/// A place on the screen for egui.
pub(super) fn pos(at: Vec2) -> Pos2 {
    Pos2::new(at.x, at.y)
}

/// A part of the window for egui.
pub(super) fn rect_of(rect: Rect) -> egui::Rect {
    egui::Rect::from_min_max(pos(rect.min), pos(rect.max))
}

/// The scene's place in the window as egui sees it, and what of the scene the eye sees.
pub(super) struct Eye<'a> {
    pub(super) camera: &'a Camera,
    pub(super) place: &'a GlobalTransform,
    pub(super) rect: Rect,
}

impl Eye<'_> {
    /// Where a point of the world stands on the screen. `None`: behind the eye.
    pub(super) fn see(&self, point: Vec3) -> Option<Vec2> {
        let size = self.camera.logical_viewport_size()?;
        let at = self.camera.world_to_viewport(self.place, point).ok()?;
        Some(self.rect.min + at / size * self.rect.size())
    }

    /// Height of a box on the screen, pixels, roughly.
    fn height_of(&self, bounds: (Vec3, Vec3)) -> f32 {
        let middle = (bounds.0 + bounds.1) * 0.5;
        let radius = (bounds.1 - bounds.0).length() * 0.5;
        let up = self.place.up() * radius;
        self.see(middle + up).zip(self.see(middle - up)).map_or(0.0, |(a, b)| a.distance(b))
    }
}

/// Below this height on the screen a twin has no label.
const LEAST_HEIGHT: f32 = 34.0;

/// No more labels than a person can take in.
const MOST_LABELS: usize = 14;

/// What is painted over the scene, and never beyond it.
pub(super) fn painter_of(context: &egui::Context, view: &ViewRect) -> egui::Painter {
    context.layer_painter(egui::LayerId::background()).with_clip_rect(rect_of(view.0))
}

fn paint_scene(mut contexts: EguiContexts, screen: Res<Screen>, view: Res<ViewRect>) -> Result {
    let whole = egui::Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
    painter_of(contexts.ctx_mut()?, &view).image(screen.texture, rect_of(view.0), whole, Color32::WHITE);
    Ok(())
}

fn paint_overlay(
    mut contexts: EguiContexts,
    view: Res<ViewRect>,
    other: Res<Ghost>,
    site: Res<CurrentSite>,
    readings: Res<Readings>,
    selection: Res<Selection>,
    (log, alarms): (Res<CommandLog>, Res<Alarms>),
    index: Res<TwinIndex>,
    built: Res<Built>,
    fades: Res<Fades>,
    camera: Query<(&Camera, &GlobalTransform), With<SceneCamera>>,
    queries: (
        Query<&Health>,
        Query<&Children>,
        Query<(&GlobalTransform, &Aabb), (Without<PropBody>, Without<Backdrop>)>,
        Query<(&MeshOf, Option<&Fading>)>,
        Query<&ChildOf>,
    ),
    mut rays: MeshRayCast,
    mut overlay: ResMut<Overlay>,
    (mut pointer, mut badges): (ResMut<PointerAt>, ResMut<Badges>),
) -> Result {
    let context = contexts.ctx_mut()?;
    let at = context.pointer_latest_pos().map(|it| Vec2::new(it.x, it.y));
    // Labels lie in the background too, so that they take no clicks from the scene.
    let free = at.is_some_and(|it| {
        view.contains(it) && context.layer_id_at(pos(it)).is_none_or(|it| it.order == Order::Background)
    });
    let next = PointerAt { at, over_scene: free, ..*pointer };
    pointer.set_if_neq(next);

    let painter = painter_of(context, &view);
    let Ok((camera, place)) = camera.single() else { return Ok(()) };
    let eye = Eye { camera, place, rect: view.0 };
    let Overlay { sides, boxes, marks, hidden, seen_from } = &mut *overlay;
    if alarms.is_changed() || site.is_changed() {
        *marks = labels::alarm_marks(&site, &alarms);
    }
    let (healths, children, bodies, meshes, parents) = queries;
    let rows = labels::rows(
        &site,
        &readings,
        &selection,
        &log,
        marks,
        &index,
        other.0.as_ref(),
        built.n_changes,
        &healths,
        &children,
        &bodies,
        boxes,
    );

    // Whether something stands before a twin is only asked again when the eye moved or something was built.
    let from = (*place, built.n_changes, fades.n_moves);
    if *seen_from != Some(from) {
        *seen_from = Some(from);
        hidden.clear();
    }
    for row in &rows {
        let anchor = top_of(row.bounds);
        if hidden.contains_key(&row.twin) || eye.see(anchor).is_none() {
            continue;
        }
        let there = |it: Entity| meshes.get(it).is_ok_and(|it| it.1.is_none_or(Fading::is_there));
        let settings = MeshRayCastSettings::default().with_filter(&there);
        let target = (row.bounds.0 + row.bounds.1) * 0.5;
        let way = target.lerp(anchor, 0.7) - place.translation();
        let hides = Dir3::new(way).ok().is_some_and(|direction| {
            let near = way.length() - 0.3;
            let hit = rays.cast_ray(Ray3d::new(place.translation(), direction), &settings).first();
            hit.is_some_and(|(entity, hit)| {
                hit.distance < near
                    && !index.twin(row.twin).is_some_and(|own| parents.iter_ancestors(*entity).any(|it| it == own))
            })
        });
        hidden.insert(row.twin, hides);
    }

    badges.0 = paint_badges(&painter, &eye, &rows);
    let taken: Vec<Rect> = badges.0.iter().map(|it| it.0).collect();
    paint_labels(&painter, &eye, &rows, hidden, &taken, sides);
    Ok(())
}

/// Where a twin's badges and label begin.
pub(super) fn top_of(bounds: (Vec3, Vec3)) -> Vec3 {
    Vec3::new((bounds.0.x + bounds.1.x) * 0.5, bounds.1.y, (bounds.0.z + bounds.1.z) * 0.5)
}

fn paint_labels(
    painter: &egui::Painter,
    eye: &Eye,
    rows: &[LabelRow],
    hidden: &BTreeMap<TwinId, bool>,
    badges: &[Rect],
    sides: &mut Sides,
) {
    let mut shown: BTreeMap<u32, (&LabelRow, Vec<SetLine>)> = BTreeMap::new();
    let mut wishes = Vec::new();
    let mut ranked: Vec<&LabelRow> = rows.iter().collect();
    ranked.sort_by(|a, b| b.priority.total_cmp(&a.priority).then(a.twin.cmp(&b.twin)));
    for row in ranked {
        let marked = row.marked || row.awaited.is_some();
        let bare = row.lines.is_empty() && !marked;
        let small = eye.height_of(row.bounds) < LEAST_HEIGHT;
        if bare || (!marked && (small || hidden.get(&row.twin).copied().unwrap_or(false))) {
            continue;
        }
        let Some(anchor) = eye.see(top_of(row.bounds)) else { continue };
        let (texts, size) = set_text(painter, row);
        wishes.push(Wish { id: row.twin.0, anchor, size, priority: row.priority });
        shown.insert(row.twin.0, (row, texts));
        if wishes.len() >= MOST_LABELS {
            break;
        }
    }
    for it in placing::place(&wishes, eye.rect.inflate(-4.0), badges, sides) {
        let Some((row, texts)) = shown.get(&it.id) else { continue };
        let foot = it.rect.center().with_y(if it.anchor.y >= it.rect.max.y { it.rect.max.y } else { it.rect.min.y });
        let line = if row.marked { palette::ACCENT } else { palette::TEXT_DIM };
        let foot = foot.with_x(it.anchor.x.clamp(it.rect.min.x + 6.0, it.rect.max.x - 6.0));
        painter.line_segment([pos(it.anchor.round()), pos(foot)], Stroke::new(1.0, color(line.with_alpha(0.55))));
        painter.circle_filled(pos(it.anchor.round()), 2.0, color(line));
        let edge = if row.marked { palette::ACCENT.with_alpha(0.7) } else { Color::WHITE.with_alpha(0.07) };
        painter.rect(
            rect_of(it.rect),
            CornerRadius::same(4),
            color(palette::PLATE),
            Stroke::new(1.0, color(edge)),
            egui::StrokeKind::Inside,
        );
        for line in texts {
            let at = pos(it.rect.min + line.at);
            if line.ghost {
                let frame = egui::Rect::from_min_size(at, line.galley.size()).expand2(egui::vec2(3.0, -0.5));
                ghost::paint_tag(painter, frame.with_min_x(frame.left() - GHOST_INDENT));
            }
            painter.galley(at, line.galley.clone(), color(palette::TEXT));
        }
    }
}

/// A line of a label, set, with its place in the label.
struct SetLine {
    galley: std::sync::Arc<egui::Galley>,
    at: Vec2,
    /// It is of another instant.
    ghost: bool,
}

/// Room for the ghost's sign before its value, pixels.
const GHOST_INDENT: f32 = 11.0;

/// A label's lines, and the label's size.
fn set_text(painter: &egui::Painter, row: &LabelRow) -> (Vec<SetLine>, Vec2) {
    let mut texts = Vec::new();
    let mut size = Vec2::new(0.0, 4.0);
    let mut line = |text: String, height: f32, ink: Color, ghost: bool| {
        let galley = painter.layout_no_wrap(text, FontId::proportional(height), color(ink));
        let extent = Vec2::new(galley.size().x, galley.size().y);
        let indent = if ghost { GHOST_INDENT + 3.0 } else { 0.0 };
        texts.push(SetLine { galley, at: Vec2::new(8.0 + indent, size.y), ghost });
        size = Vec2::new(size.x.max(extent.x + indent), size.y + extent.y);
    };
    line(row.name.clone(), 11.0, if row.marked { palette::TEXT } else { palette::TEXT_DIM }, false);
    for it in &row.lines {
        match it.note {
            None => line(it.text.clone(), 14.0, palette::TEXT, false),
            Some(note) => line(format!("{} \u{b7} {note}", it.text), 12.0, palette::TEXT_DIM, false),
        }
        if let Some(ghost) = &it.ghost {
            line(ghost.clone(), 12.0, palette::GHOST, true);
        }
    }
    if let Some(awaited) = &row.awaited {
        line(awaited.clone(), 12.0, palette::ACCENT, false);
    }
    (texts, size + Vec2::new(16.0, 5.0))
}
