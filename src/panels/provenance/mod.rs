//! The card that tells where a reading comes from: device, key, link and broker, then each check with what it saw; and what was
//! refused, byte for byte.

mod bytes;
mod checks;

use egui::{Align, Layout, Rect, RichText, Sense, Ui, pos2, vec2};

pub(super) use bytes::{ExhibitRow, SHOWN_BYTES};
pub(super) use checks::{AgainRows, Made, StepRow};

use self::bytes::bytes_ui;
use self::checks::{again_ui, step_ui};
use super::actions::Action;
use super::section::section_ui;
use super::{icons, standing, theme};
use crate::signal::SignalId;
use crate::site::TwinId;
use crate::twin::Standing;

/// Of which reading the card tells, and what of it is unfolded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provenance {
    /// Which reading.
    pub signal: SignalId,
    /// The bytes that were refused are shown.
    pub bytes: bool,
}

/// All that the card tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ProvenanceCard {
    /// Which reading.
    pub signal: SignalId,
    /// Of which twin.
    pub twin: TwinId,
    /// The twin's name and the signal's.
    pub title: String,
    /// Its value with its unit, and when it came.
    pub value: String,
    /// How far it may be believed.
    pub standing: Standing,
    /// That in sentences.
    pub says: String,
    /// The other readings of the twin, with their names.
    pub others: Vec<(SignalId, String)>,
    /// From the device to here.
    pub chain: Vec<ChainRow>,
    /// Why no check is made. `None`: they are.
    pub unchecked: Option<String>,
    /// Each check, in its order.
    pub steps: Vec<StepRow>,
    /// Why it is not known what the checks saw of the message that is shown. `None`: it is.
    pub unknown: Option<String>,
    /// Why it cannot be verified again. `None`: it can.
    pub cannot_verify: Option<String>,
    /// What came of verifying it again. `None`: nobody asked.
    pub again: Option<AgainRows>,
    /// The last message of its device that was refused. `None`: none was.
    pub exhibit: Option<ExhibitRow>,
}

/// Something between the device and here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChainRow {
    /// What it is: `Device`, `Key`.
    pub what: &'static str,
    /// Which.
    pub text: String,
    /// More of it, a line each.
    pub lines: Vec<String>,
    /// How it stands.
    pub proves: Proves,
}

/// What a part of the chain proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proves {
    /// It proves what it should.
    Yes,
    /// It proves nothing, nor does it speak against it.
    Nothing,
    /// It speaks against it.
    Against,
}

impl Provenance {
    /// Of a reading.
    pub fn of(signal: SignalId) -> Self {
        Self { signal, bytes: false }
    }
}

/// Draws the card's inside, which scrolls. Returns whether it is to be closed.
pub(super) fn provenance_ui(
    ui: &mut Ui,
    card: &ProvenanceCard,
    state: &mut Provenance,
    json: &dyn Fn() -> String,
    asked: &mut Vec<Action>,
) -> bool {
    ui.spacing_mut().item_spacing.y = 0.0;
    let closed = head_ui(ui, card, asked);
    ui.add_space(theme::STEP);
    ui.separator();
    let buttons = theme::ROW + theme::GAP;
    let room = ui.available_height() - buttons;
    egui::ScrollArea::vertical().auto_shrink(false).max_height(room).show(ui, |ui| body_ui(ui, card, state, asked));
    ui.add_space(theme::STEP);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        let verify = ui.add_enabled(card.cannot_verify.is_none(), egui::Button::new("Verify again from the raw bytes"));
        let why = card.cannot_verify.as_deref();
        if verify.on_hover_text(VERIFY).on_disabled_hover_text(why.unwrap_or_default()).clicked() {
            asked.push(Action::VerifyAgain(card.signal));
        }
        if ui.button("Copy as JSON").clicked() {
            asked.push(Action::Copy(json()));
        }
        let bytes = egui::Button::new(if state.bytes { "Hide refused bytes" } else { "Show refused bytes" });
        let none = "Nothing of this device was refused.";
        if ui.add_enabled(card.exhibit.is_some(), bytes).on_disabled_hover_text(none).clicked() {
            state.bytes = !state.bytes;
        }
    });
    closed
}

/// What the button does.
const VERIFY: &str = "Reads the message from the recording and makes all checks anew, with the keys and with what had been heard \
                      when it came.";

/// Returns whether the card is to be closed.
fn head_ui(ui: &mut Ui, card: &ProvenanceCard, asked: &mut Vec<Action>) -> bool {
    let mut closed = false;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        icons::show(ui, card.standing.label(), |painter, at| standing::icon(painter, at, card.standing));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            closed = icons::button(ui, "Close", icons::cross).clicked();
            if card.others.len() > 1 {
                ui.menu_button("Other readings", |ui| {
                    for (signal, name) in &card.others {
                        if ui.selectable_label(*signal == card.signal, name).clicked() {
                            asked.push(Action::Provenance(*signal));
                            ui.close();
                        }
                    }
                });
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let title = RichText::new(&card.title).strong().color(theme::STRONG);
                let link = ui.add(egui::Label::new(title).truncate().sense(Sense::click()));
                if link.on_hover_text("Go there").clicked() {
                    asked.push(Action::FlyTo(card.twin));
                }
            });
        });
    });
    ui.add_space(theme::STEP);
    ui.label(RichText::new(&card.value).small().color(theme::WEAK));
    ui.add_space(theme::STEP);
    ui.add(egui::Label::new(RichText::new(&card.says).color(theme::TEXT)).wrap());
    closed
}

fn body_ui(ui: &mut Ui, card: &ProvenanceCard, state: &Provenance, asked: &mut Vec<Action>) {
    section_ui(ui, "From the device to here", None);
    for (at, row) in card.chain.iter().enumerate() {
        chain_ui(ui, row, at + 1 == card.chain.len());
    }
    section_ui(ui, "Checks, in their order", None);
    if let Some(why) = &card.unchecked {
        ui.add(egui::Label::new(RichText::new(why).color(theme::WEAK)).wrap());
    }
    if let Some(why) = &card.unknown {
        ui.add(egui::Label::new(RichText::new(why).color(theme::TEXT)).wrap());
        ui.add_space(theme::STEP);
        if card.cannot_verify.is_none() && ui.button("Verify again").on_hover_text(VERIFY).clicked() {
            asked.push(Action::VerifyAgain(card.signal));
        }
        ui.add_space(theme::STEP);
    }
    for row in &card.steps {
        step_ui(ui, row);
    }
    if let Some(again) = &card.again {
        again_ui(ui, again);
    }
    if let Some(exhibit) = &card.exhibit {
        section_ui(ui, "Last refused", None);
        ui.add(egui::Label::new(RichText::new(&exhibit.text).color(theme::TEXT)).wrap());
        ui.add(egui::Label::new(RichText::new(&exhibit.detail).color(theme::WEAK)).wrap());
        if state.bytes {
            bytes_ui(ui, exhibit);
        }
    }
    ui.add_space(theme::GAP);
}

/// Where what a part of the chain says begins, pixels.
const INDENT: f32 = 84.0;

/// A dot on a line from one to the next.
fn chain_ui(ui: &mut Ui, row: &ChainRow, last: bool) {
    let top = ui.cursor().top();
    let left = ui.cursor().left();
    let (line, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::WidgetType::Label, true, format!("{}: {}", row.what, row.text))
    });
    let what = line.with_min_x(left + 22.0).with_max_x(left + INDENT);
    super::tree::painted_text(ui, what, row.what, theme::WEAK, egui::Align2::LEFT_CENTER);
    let text = line.with_min_x(left + INDENT);
    super::tree::painted_text(ui, text, &row.text, theme::STRONG, egui::Align2::LEFT_CENTER);
    response.on_hover_text(&row.text);
    for line in &row.lines {
        let room = Rect::from_min_size(pos2(left + INDENT, ui.cursor().top()), vec2(text.width(), f32::INFINITY));
        let small = ui.scope_builder(egui::UiBuilder::new().max_rect(room), |ui| {
            ui.add(egui::Label::new(RichText::new(line).small().color(theme::WEAK)).wrap());
        });
        ui.advance_cursor_after_rect(small.response.rect);
    }
    ui.add_space(theme::GAP);
    let at = pos2(left + 8.0, top + 9.0);
    let painter = ui.painter();
    if !last {
        painter.vline(at.x, at.y + 8.0..=ui.cursor().top() + 1.0, egui::Stroke::new(1.0, theme::NORMAL));
    }
    match row.proves {
        Proves::Yes => standing::icon(painter, at, Standing::Verified),
        Proves::Nothing => standing::icon(painter, at, Standing::Unsigned),
        Proves::Against => standing::icon(painter, at, Standing::Rejected),
    }
}

/// Where the card stands at first: at the right of the 3D view.
pub(super) fn place_in(view: Option<Rect>) -> egui::Pos2 {
    let gap = egui::Vec2::splat(theme::GAP);
    view.map_or(pos2(theme::GAP, theme::GAP), |it| {
        pos2((it.right() - theme::PROVENANCE.x - 32.0).max(it.left()), it.top()) + gap
    })
}

#[cfg(test)]
mod tests;
