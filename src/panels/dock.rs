//! The desk that all panels stand on: draws them in their tiles; `perform` does what they ask for.

use bevy::prelude::*;
use bevy_egui::EguiContexts;
use egui::{Margin, Ui, UiBuilder, WidgetText};
use egui_tiles::{SimplificationOptions, TabState, TileId, Tiles, UiResponse};
use jiff::civil::Date;

use super::actions::{self, Action};
use super::alarms::{AlarmsRows, AlarmsState, Answer, alarms_panel_ui, dialog_ui, why_ui};
use super::banners::{site_banner_ui, warning_banner_ui};
use super::commands::approvals::approvals_ui;
use super::commands::form::Drafts;
use super::commands::log::command_log_ui;
use super::commands::sequence::{SequenceState, sequence_ui};
use super::diagnostics::{Diagnostic, Suppressed};
use super::diagnostics_panel::diagnostics_panel_ui;
use super::dialogs::{self, Dialog};
use super::evidence::WaitingEvidence;
use super::evil_banner::evil_banner_ui;
use super::facts::Facts;
use super::files::Files;
use super::ghost_chip::ghost_chip_ui;
use super::inspector::inspector_panel_ui;
use super::inventory::{InventoryState, inventory_panel_ui};
use super::keys_sheet::keys_sheet_ui;
use super::layout::{Layout, Pane};
use super::lens_legend::lens_legend_ui;
use super::palette::{Outcome, Palette, palette_ui};
use super::perform::{Requests, perform};
use super::plot::PlotState;
use super::plot_panel::{PlotTime, plot_panel_ui};
use super::provenance::{self, Provenance, provenance_ui};
use super::status_bar::{LinkLine, status_bar_ui};
use super::theme;
use super::timeline::{AlarmSpan, TimelineState, timeline_panel_ui};
use super::toasts::Toasts;
use super::tree::{TreeState, tree_panel_ui};
use crate::command::Touched;
use crate::guard::LookAhead;
use crate::session::{CursorMode, PeekAt};
use crate::signal::{Timestamp, Value};
use crate::site::Severity;
use crate::view::{Frame, SetLens};

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

fn bars_ui(root: &mut Ui, facts: &Facts, asked: &mut Vec<Action>) {
    let bar = |fill| egui::Frame::new().fill(fill).inner_margin(Margin::symmetric(8, 0));
    egui::Panel::bottom("status_bar")
        .exact_size(theme::STATUS_BAR)
        .resizable(false)
        .frame(bar(theme::RAISED))
        .show(root, |ui| asked.extend(status_bar_ui(ui, &facts.status())));
    let banner = |id: &str| egui::Panel::top(id.to_owned()).exact_size(32.0).resizable(false).frame(bar(theme::BANNER));
    if let Some(row) = facts.evil_row() {
        let id = "evil_banner".to_owned();
        let panel = egui::Panel::top(id).exact_size(32.0).resizable(false).frame(bar(theme::FLOOD));
        panel.show(root, |ui| asked.extend(evil_banner_ui(ui, &row)));
    }
    let down = match facts.link_line() {
        LinkLine::Down { why, next_secs, attempt } => Some((why, Some((next_secs, attempt)))),
        LinkLine::Never(why) => Some((why, None)),
        LinkLine::None | LinkLine::Recording(_) | LinkLine::Connecting(_) | LinkLine::Up { .. } => None,
    };
    if let Some((why, next)) = down {
        banner("link_banner").show(root, |ui| warning_banner_ui(ui, "NO LINK", &why, next));
    }
    if let Some(why) = facts.recording_problem() {
        banner("record_banner").show(root, |ui| warning_banner_ui(ui, "NOT RECORDED", &why, None));
    } else if let Some(why) = facts.recording_warning() {
        banner("record_banner").show(root, |ui| warning_banner_ui(ui, "DISK NEARLY FULL", &why, None));
    }
    let faults = || facts.findings.0.iter().filter(|it| it.severity == Severity::Error);
    if let Some(first) = faults().next() {
        let first = first.to_string();
        banner("site_banner").show(root, |ui| asked.extend(site_banner_ui(ui, faults().count(), &first)));
    }
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

fn overlays_ui(ctx: &egui::Context, facts: &Facts, desk: &mut Desk, asked: &mut Vec<Action>) {
    let frame = egui::Frame::new()
        .fill(theme::RAISED)
        .stroke(egui::Stroke::new(1.0, theme::LINE))
        .corner_radius(6)
        .inner_margin(Margin::same(12));
    let shade = theme::GROUND.gamma_multiply(0.55);
    asked.extend(desk.files.show(ctx));
    dialogs::dialog_ui(ctx, facts, &mut desk.dialog, frame, asked);
    if let Some(palette) = &mut desk.palette {
        let id = egui::Id::new("palette");
        let area = egui::Modal::default_area(id).anchor(egui::Align2::CENTER_TOP, [0.0, 72.0]);
        let modal = egui::Modal::new(id).area(area).frame(frame).backdrop_color(shade);
        let cannot_send = facts.cannot_send();
        let mut also: Vec<(String, &str, Action)> =
            facts.alignments().into_iter().map(|(name, action)| (name, "Compare", action)).collect();
        also.extend(facts.alarm_offers());
        let shown = modal
            .show(ctx, |ui| palette_ui(ui, palette, &facts.site, &facts.marks.list, &also, cannot_send.as_deref()));
        let outcome = if shown.backdrop_response.clicked() { Outcome::Closed } else { shown.inner };
        if outcome != Outcome::Open {
            desk.palette_before = desk.palette.take().unwrap_or_default();
        }
        if let Outcome::Do(actions) = outcome {
            asked.extend(actions);
        }
    } else if desk.keys_open {
        let modal = egui::Modal::new(egui::Id::new("keys")).frame(frame).backdrop_color(shade);
        let shown = modal.show(ctx, keys_sheet_ui);
        desk.keys_open &= !shown.should_close();
    }
}

/// The card that tells where a reading comes from, over the 3D view; Esc closes it, or else the lens.
fn trust_overlays_ui(
    ctx: &egui::Context,
    view: Option<egui::Rect>,
    facts: &Facts,
    desk: &mut Desk,
    asked: &mut Vec<Action>,
) {
    let free = desk.palette.is_none() && !desk.keys_open && desk.dialog.is_none() && desk.alarms.dialog.is_none();
    let escapes = free && desk.alarms.why.is_none() && ctx.input(|it| it.key_pressed(egui::Key::Escape));
    if let Some(state) = desk.provenance {
        let Some(card) = facts.provenance_card(state.signal) else {
            desk.provenance = None;
            return;
        };
        let frame = egui::Frame::new()
            .fill(theme::RAISED)
            .stroke(egui::Stroke::new(1.0, theme::LINE))
            .corner_radius(6)
            .inner_margin(Margin::same(12));
        let window = egui::Window::new("Provenance")
            .title_bar(false)
            .frame(frame)
            .default_pos(provenance::place_in(view))
            .default_size(theme::PROVENANCE);
        let mut closed = escapes;
        let json = || facts.provenance_json(state.signal);
        window.show(ctx, |ui| {
            let mut shown = state;
            closed |= provenance_ui(ui, &card, &mut shown, &json, asked);
            desk.provenance = Some(shown);
        });
        if closed {
            asked.push(Action::CloseProvenance);
        }
    } else if escapes && facts.lens.as_ref().is_some_and(|it| it.kind.is_some()) {
        asked.push(Action::Lens(SetLens::Off));
    }
}

/// The card that explains an alarm, over the 3D view, and the dialogs about alarms, over all.
fn alarm_overlays_ui(
    ctx: &egui::Context,
    view: Option<egui::Rect>,
    facts: &Facts,
    state: &mut AlarmsState,
    asked: &mut Vec<Action>,
) {
    let frame = egui::Frame::new()
        .fill(theme::RAISED)
        .stroke(egui::Stroke::new(1.0, theme::LINE))
        .corner_radius(6)
        .inner_margin(Margin::same(12));
    if let Some(card) = state.why.and_then(|it| facts.why_card(it)) {
        let at = view.map_or(egui::pos2(theme::GAP, theme::GAP), |it| it.left_top() + egui::Vec2::splat(theme::GAP));
        let window = egui::Window::new("Why?").title_bar(false).frame(frame).default_pos(at).default_size(theme::WHY);
        let mut closed = state.dialog.is_none() && ctx.input(|it| it.key_pressed(egui::Key::Escape));
        window.show(ctx, |ui| closed |= why_ui(ui, &card, asked));
        if closed {
            state.why = None;
        }
    }
    if let Some(dialog) = &mut state.dialog {
        let name = if let [alarm] = dialog.alarms[..] { facts.alarm_name(alarm) } else { String::new() };
        let shade = theme::GROUND.gamma_multiply(0.55);
        let modal = egui::Modal::new(egui::Id::new("alarm dialog")).frame(frame).backdrop_color(shade);
        let answer = modal.show(ctx, |ui| dialog_ui(ui, dialog, &name)).inner;
        if answer != Answer::Open {
            state.dialog = None;
        }
        if let Answer::Do(action) = answer {
            asked.push(action);
        }
    }
}

/// Draws one frame of the tiles.
struct Tiling<'a, 'w, 's> {
    facts: &'a Facts<'w, 's>,
    desk: &'a mut Desk,
    diagnostics: &'a [Diagnostic],
    asked: Vec<Action>,
    view: Option<egui::Rect>,
    edited: bool,
}

impl egui_tiles::Behavior<Pane> for Tiling<'_, '_, '_> {
    fn pane_ui(&mut self, ui: &mut Ui, _: TileId, pane: &mut Pane) -> UiResponse {
        let place = ui.max_rect();
        if *pane == Pane::View {
            self.view = Some(place);
            return UiResponse::None;
        }
        ui.painter().rect_filled(place, 0.0, theme::PANEL);
        let margin = if *pane == Pane::Tree { egui::vec2(4.0, 4.0) } else { egui::vec2(8.0, 4.0) };
        let builder = UiBuilder::new().max_rect(place.shrink2(margin)).id_salt(*pane);
        ui.scope_builder(builder, |ui| {
            ui.set_clip_rect(place.intersect(ui.clip_rect()));
            let (facts, desk) = (self.facts, &mut *self.desk);
            let asked = match pane {
                Pane::View => None,
                Pane::Tree => {
                    let rows = facts.tree_rows(&desk.tree);
                    tree_panel_ui(ui, &rows, &mut desk.tree, facts.selection.twin, facts.selection.hovered)
                }
                Pane::Inspector => {
                    let rehearse = |command, value: &Value| facts.rehearse(command, value);
                    inspector_panel_ui(ui, facts.card(&desk.plot).as_ref(), &mut desk.drafts, &rehearse)
                }
                Pane::Plots => {
                    self.asked.extend(facts.to_recollect(&desk.plot).map(Action::Recollect));
                    let time = PlotTime {
                        cursor: facts.cursor.at,
                        live: facts.is_live(),
                        clock: &facts.pulse.clock,
                        recalled: facts.recalled.share(),
                    };
                    plot_panel_ui(ui, &facts.series(&desk.plot), &mut desk.plot, time)
                }
                Pane::Diagnostics => diagnostics_panel_ui(ui, self.diagnostics, &desk.suppressed),
                Pane::Commands => {
                    let approving = approvals_ui(ui, &facts.approvals(), facts.cannot_send().as_deref());
                    command_log_ui(ui, &facts.log_rows()).or(approving)
                }
                Pane::Inventory => {
                    let name = |it| facts.part_name(it);
                    inventory_panel_ui(ui, &facts.inventory_rows(&name), &mut desk.inventory)
                }
                Pane::Sequences => sequence_ui(ui, &facts.sequence_rows(), &mut desk.sequence),
                Pane::Alarms => {
                    let asked = alarms_panel_ui(
                        ui,
                        &AlarmsRows {
                            keys: facts.alarm_keys(),
                            words: &|it| facts.alarm_row(it),
                            flood: facts.flood_row(desk.alarms.by_place),
                            found: facts.alarms.is_found(),
                            searching: facts.alarms.is_searching(),
                            problem: facts.alarms.problem(),
                            cannot_act: facts.cannot_act(),
                            described: facts.site.alarms.len(),
                            entries: facts.alarms.journal().len(),
                            entry: &|at| facts.journal_row(at),
                            figures: &|| facts.figures_rows(),
                            reduced_motion: desk.reduced_motion,
                        },
                        &mut desk.alarms,
                    );
                    self.asked.extend(asked);
                    None
                }
                Pane::Timeline => {
                    let words = |them: &[AlarmSpan]| facts.span_words(them);
                    let rows = facts.timeline_rows(&desk.timeline, &desk.plot, &words);
                    let PlotState { hover, hovering, .. } = &mut desk.plot;
                    let asked = timeline_panel_ui(ui, &rows, &mut desk.timeline, *hover, hovering);
                    self.asked.extend(asked);
                    None
                }
            };
            self.asked.extend(asked);
        });
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        let count = self.diagnostics.iter().filter(|it| !self.desk.suppressed.hides(it)).count();
        if *pane == Pane::Diagnostics && count > 0 {
            return format!("{} ({count})", pane.title()).into();
        }
        let new: usize = self.facts.unacknowledged().iter().sum();
        if *pane == Pane::Alarms && new > 0 {
            return format!("{} ({new})", pane.title()).into();
        }
        pane.title().into()
    }

    fn is_tab_closable(&self, tiles: &Tiles<Pane>, tile: TileId) -> bool {
        tiles.get_pane(&tile).is_some_and(|it| *it != Pane::View)
    }

    fn is_tile_draggable(&self, tiles: &Tiles<Pane>, tile: TileId) -> bool {
        tiles.get_pane(&tile).is_none_or(|it| *it != Pane::View)
    }

    fn on_tab_close(&mut self, _: &mut Tiles<Pane>, _: TileId) -> bool {
        self.edited = true;
        true
    }

    fn on_edit(&mut self, edit: egui_tiles::EditAction) {
        use egui_tiles::EditAction;
        self.edited |= match edit {
            EditAction::TileResized | EditAction::TileDropped => true,
            EditAction::TileDragged | EditAction::TabSelected => false,
        };
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { prune_single_child_tabs: false, ..SimplificationOptions::default() }
    }

    fn tab_bar_height(&self, _: &egui::Style) -> f32 {
        28.0
    }

    fn gap_width(&self, _: &egui::Style) -> f32 {
        1.0
    }

    fn min_size(&self) -> f32 {
        96.0
    }

    fn close_button_outer_size(&self) -> f32 {
        14.0
    }

    fn tab_title_spacing(&self, _: &egui::Visuals) -> f32 {
        10.0
    }

    fn tab_bar_color(&self, _: &egui::Visuals) -> egui::Color32 {
        theme::GROUND
    }

    fn tab_bg_color(&self, _: &egui::Visuals, _: &Tiles<Pane>, _: TileId, state: &TabState) -> egui::Color32 {
        if state.active { theme::PANEL } else { egui::Color32::TRANSPARENT }
    }

    fn tab_outline_stroke(&self, _: &egui::Visuals, _: &Tiles<Pane>, _: TileId, _: &TabState) -> egui::Stroke {
        egui::Stroke::NONE
    }

    fn tab_bar_hline_stroke(&self, _: &egui::Visuals) -> egui::Stroke {
        egui::Stroke::NONE
    }

    fn tab_text_color(&self, _: &egui::Visuals, _: &Tiles<Pane>, _: TileId, state: &TabState) -> egui::Color32 {
        if state.active { theme::STRONG } else { theme::WEAK }
    }

    fn resize_stroke(&self, _: &egui::Style, state: egui_tiles::ResizeState) -> egui::Stroke {
        match state {
            egui_tiles::ResizeState::Idle => egui::Stroke::new(1.0, theme::LINE),
            egui_tiles::ResizeState::Hovering | egui_tiles::ResizeState::Dragging => {
                egui::Stroke::new(2.0, theme::ACCENT)
            }
        }
    }
}
