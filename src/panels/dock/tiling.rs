//! The tiles: which panel stands in which, and how they look.

use egui::{Ui, UiBuilder, WidgetText};
use egui_tiles::{SimplificationOptions, TabState, TileId, Tiles, UiResponse};

use super::super::actions::Action;
use super::super::alarms::{AlarmsRows, alarms_panel_ui};
use super::super::commands::approvals::approvals_ui;
use super::super::commands::log::command_log_ui;
use super::super::commands::sequence::sequence_ui;
use super::super::diagnostics::Diagnostic;
use super::super::diagnostics_panel::diagnostics_panel_ui;
use super::super::facts::Facts;
use super::super::inspector::inspector_panel_ui;
use super::super::inventory::inventory_panel_ui;
use super::super::layout::Pane;
use super::super::plot::PlotState;
use super::super::plot_panel::{PlotTime, plot_panel_ui};
use super::super::theme;
use super::super::timeline::{AlarmSpan, timeline_panel_ui};
use super::super::tree::tree_panel_ui;
use super::Desk;
use crate::signal::Value;

/// Draws one frame of the tiles.
pub(super) struct Tiling<'a, 'w, 's> {
    /// What is shown.
    pub facts: &'a Facts<'w, 's>,
    /// What the panels keep.
    pub desk: &'a mut Desk,
    /// What is wrong, the worst first.
    pub diagnostics: &'a [Diagnostic],
    /// What was asked for.
    pub asked: Vec<Action>,
    /// Where the 3D view is. `None`: it is in no tile that is shown.
    pub view: Option<egui::Rect>,
    /// A person has arranged the tiles anew.
    pub edited: bool,
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
                    let taint = |it| facts.taint_of_twin(it);
                    let (selected, hovered) = (facts.selection.twin, facts.selection.hovered);
                    tree_panel_ui(ui, &rows, &mut desk.tree, selected, hovered, &taint)
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
