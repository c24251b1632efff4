//! What stands over the tiles: dialogs, the palette, the sheet of keys, and the cards that explain a reading or an alarm.

use egui::Margin;

use super::super::actions::Action;
use super::super::alarms::{AlarmsState, Answer, dialog_ui, why_ui};
use super::super::dialogs;
use super::super::facts::Facts;
use super::super::keys_sheet::keys_sheet_ui;
use super::super::palette::{Outcome, palette_ui};
use super::super::provenance::{self, provenance_ui};
use super::super::theme;
use super::Desk;
use crate::view::SetLens;

/// The dialogs, the palette and the sheet of keys.
pub(super) fn overlays_ui(ctx: &egui::Context, facts: &Facts, desk: &mut Desk, asked: &mut Vec<Action>) {
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
pub(super) fn trust_overlays_ui(
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
pub(super) fn alarm_overlays_ui(
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
