//! The desk that all panels stand on: draws them in their tiles; `perform` does what they ask for.

mod bars;
mod overlays;
mod tiling;

use bevy::prelude::*;
use bevy_egui::EguiContexts;
use egui::{Ui, UiBuilder};
use jiff::civil::Date;

use self::bars::bars_ui;
use self::overlays::{alarm_overlays_ui, overlays_ui, trust_overlays_ui};
use self::tiling::Tiling;
use super::actions;
use super::alarms::AlarmsState;
use super::commands::form::Drafts;
use super::commands::sequence::SequenceState;
use super::diagnostics::Suppressed;
use super::dialogs::Dialog;
use super::evidence::WaitingEvidence;
use super::facts::Facts;
use super::files::Files;
use super::ghost_chip::ghost_chip_ui;
use super::inventory::InventoryState;
use super::layout::Layout;
use super::lens_legend::lens_legend_ui;
use super::palette::Palette;
use super::perform::{Requests, perform};
use super::plot::PlotState;
use super::provenance::Provenance;
use super::theme;
use super::timeline::TimelineState;
use super::toasts::Toasts;
use super::tree::TreeState;
use crate::command::Touched;
use crate::guard::LookAhead;
use crate::session::{CursorMode, PeekAt};
use crate::signal::Timestamp;
use crate::view::Frame;

/// All that the panels keep between frames, and nothing of the model.
#[derive(Resource, Debug, Default)]
pub struct Desk {
    /// The tree's search and folds.
    pub tree: TreeState,
    /// Numbers that were set and not sent.
    pub drafts: Drafts,
    /// What is plotted.
    pub plot: PlotState,
    /// What the timeline shows.
    pub timeline: TimelineState,
    /// Which alarms are listed, and what is asked about them.
    pub alarms: AlarmsState,
    /// How far ahead the inventory looks, and how it is sorted.
    pub inventory: InventoryState,
    /// Diagnostics that are hidden.
    pub suppressed: Suppressed,
    /// The palette, while it is open.
    pub palette: Option<Palette>,
    /// The palette as it was when it closed.
    pub palette_before: Palette,
    /// The card that tells where a reading comes from, while it is open.
    pub provenance: Option<Provenance>,
    /// The sheet of keys is open.
    pub keys_open: bool,
    /// Nothing slides or fades.
    pub reduced_motion: bool,
    /// What is typed into the panel of sequences.
    pub(super) sequence: SequenceState,
    /// The dialog that is open, if one is.
    pub(super) dialog: Option<Dialog>,
    /// The file dialogs.
    pub files: Files,
    /// An evidence bundle that waits for its picture.
    pub(super) evidence: Option<WaitingEvidence>,
    /// Notes at the edge.
    pub toasts: Toasts,
    /// The theme that was put on last: with reduced motion or not.
    themed: Option<bool>,
    /// Where the view was told to draw.
    framed: Option<Rect>,
    /// The instant whose ghost was asked for last.
    peeked: Option<Timestamp>,
    /// The day to come that was asked for last.
    looked_to: Option<Date>,
}

/// Gathers, draws, and sends what was asked for.
pub(super) fn show_panels(
    mut contexts: EguiContexts,
    facts: Facts,
    mut desk: ResMut<Desk>,
    mut layout: ResMut<Layout>,
    mut requests: Requests,
) -> Result {
    let ctx = contexts.ctx_mut()?.clone();
    // Each only where it changes: a layout that is written to is a layout to save.
    let (desk, layout) = (desk.bypass_change_detection(), layout.bypass_change_detection());
    if desk.themed != Some(desk.reduced_motion) {
        theme::apply(&ctx, desk.reduced_motion);
        desk.themed = Some(desk.reduced_motion);
    }
    desk.plot.hover = desk.plot.hovering.take();
    let mut asked = Vec::new();
    if was_touched(&ctx) {
        requests.touched.write(Touched);
    }
    if desk.palette.is_none() && !desk.files.is_open() && desk.dialog.is_none() && desk.alarms.dialog.is_none() {
        let taken = ctx.egui_wants_keyboard_input();
        asked.extend(ctx.input_mut(|it| actions::pressed(it, taken)));
    }
    let builder = UiBuilder::new().layer_id(egui::LayerId::background()).max_rect(ctx.content_rect());
    let mut root = Ui::new(ctx.clone(), "panels".into(), builder);
    bars_ui(&mut root, &facts, &mut asked);
    let diagnostics = facts.diagnostics();
    let room = root.available_rect_before_wrap();
    layout.fit(room.size());
    desk.alarms.in_sight = false;
    desk.inventory.looks_to = None;
    let mut tiles = Tiling {
        facts: &facts,
        desk: &mut *desk,
        diagnostics: &diagnostics,
        asked: Vec::new(),
        view: None,
        edited: false,
    };
    root.scope_builder(UiBuilder::new().max_rect(room), |ui| layout.tiles.ui(&mut tiles, ui));
    let (view, edited) = (tiles.view, tiles.edited);
    asked.append(&mut tiles.asked);
    layout.untouched &= !edited;
    layout.give_tabs();
    if let Some(view) = view {
        release_keyboard(&ctx, view);
        let rect = Rect::from_corners(Vec2::new(view.min.x, view.min.y), Vec2::new(view.max.x, view.max.y));
        if desk.framed != Some(rect) {
            desk.framed = Some(rect);
            requests.frame.write(Frame(rect));
        }
        desk.toasts.show(&ctx, view.right_bottom());
        if let Some(chip) = facts.ghost_chip() {
            ghost_chip_ui(&ctx, view, &chip);
        }
        if let Some(rows) = facts.legend_rows() {
            asked.extend(lens_legend_ui(&ctx, view, &rows));
        }
    }
    if desk.peeked != desk.plot.hovering {
        desk.peeked = desk.plot.hovering;
        requests.peek.write(PeekAt(desk.peeked));
        // What follows from it is to be seen at once, above all that it is gone.
        ctx.request_repaint();
    }
    if desk.looked_to != desk.inventory.looks_to {
        desk.looked_to = desk.inventory.looks_to;
        requests.look_ahead.write(LookAhead(desk.looked_to));
        ctx.request_repaint();
    }
    overlays_ui(&ctx, &facts, desk, &mut asked);
    trust_overlays_ui(&ctx, view, &facts, desk, &mut asked);
    alarm_overlays_ui(&ctx, view, &facts, &mut desk.alarms, &mut asked);
    if facts.cursor.mode == CursorMode::Playing {
        ctx.request_repaint();
    }
    for action in asked {
        perform(action, &ctx, &facts, desk, layout, &mut requests);
    }
    Ok(())
}

/// Whether a person has touched a key or the mouse.
fn was_touched(ctx: &egui::Context) -> bool {
    ctx.input(|it| {
        it.pointer.is_moving()
            || it.pointer.any_down()
            || it.smooth_scroll_delta() != egui::Vec2::ZERO
            || !it.keys_down.is_empty()
    })
}

/// A press into the 3D view gives it the keyboard.
fn release_keyboard(ctx: &egui::Context, view: egui::Rect) {
    let pressed = ctx.input(|it| it.pointer.any_pressed().then(|| it.pointer.interact_pos()).flatten());
    if pressed
        .is_some_and(|it| view.contains(it) && ctx.layer_id_at(it).is_none_or(|it| it.order == egui::Order::Background))
    {
        ctx.memory_mut(|memory| {
            if let Some(id) = memory.focused() {
                memory.surrender_focus(id);
            }
        });
    }
}
