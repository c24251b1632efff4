//! What awaits a second person: who asks for what, the exact request, and how long it waits.

use egui::{RichText, Ui, vec2};

use super::super::actions::Action;
use super::super::{format, theme};
use super::confirm::class_chip_ui;
use super::secret::Field;
use super::sign_in::{AccountRow, Signed, chosen, credentials_ui, refusal_ui};
use crate::site::TwinId;
use crate::site::doc::Class;

/// One request that waits.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct ApprovalRow {
    /// Its correlation.
    pub request: String,
    /// Of which twin.
    pub twin: TwinId,
    /// `Chlorine dosing · Dose`.
    pub title: String,
    /// What is asked for, and what is reported now.
    pub change: String,
    /// Who asks.
    pub who: String,
    /// How far it may reach.
    pub class: Class,
    /// The start of the digest of the exact bytes that are approved.
    pub digest: String,
    /// Seconds that it still waits.
    pub left_secs: f64,
    /// The person who is signed in has asked for it.
    pub own: bool,
    /// Why it must not be approved: what was signed is not what is shown. `None`: it is.
    pub mismatch: Option<String>,
    /// What else was said of it last: an approval that did not count. `None`: nothing.
    pub note: Option<String>,
}

/// The dialog in which the second person approves.
#[derive(Debug)]
pub(in crate::panels) struct Approval {
    /// The correlation of the request.
    pub request: String,
    account: Option<String>,
    passphrase: Field,
}

impl Approval {
    pub(in crate::panels) fn new(request: String) -> Self {
        Self { request, account: None, passphrase: Field::default() }
    }
}

/// Draws what waits, above the log; returns what was asked for.
pub(in crate::panels) fn approvals_ui(ui: &mut Ui, rows: &[ApprovalRow], cannot: Option<&str>) -> Option<Action> {
    let mut action = None;
    for row in rows {
        let cannot = row.mismatch.as_deref().or(cannot);
        let frame = egui::Frame::new().fill(theme::BANNER).corner_radius(4).inner_margin(egui::Margin::symmetric(8, 4));
        frame.show(ui, |ui| {
            ui.horizontal(|ui| {
                class_chip_ui(ui, row.class);
                let title =
                    egui::Label::new(RichText::new(&row.title).color(theme::STRONG)).sense(egui::Sense::click());
                if ui.add(title).on_hover_text("Select it").clicked() {
                    action = Some(Action::Select(row.twin));
                }
                ui.label(RichText::new(&row.change).color(theme::TEXT));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let button = |name: &str| egui::Button::new(name.to_owned()).min_size(vec2(80.0, theme::ROW));
                    let approve = ui.add_enabled(cannot.is_none(), button("Approve…"));
                    approve.widget_info(|| {
                        let label = format!("Approve {}…", row.title);
                        egui::WidgetInfo::labeled(egui::WidgetType::Button, cannot.is_none(), label)
                    });
                    let hint = "A second person approves it, with an account and a key of their own.";
                    let approve = approve.on_hover_text(hint).on_disabled_hover_text(cannot.unwrap_or_default());
                    if approve.clicked() {
                        action = Some(Action::AskApproval(row.request.clone()));
                    }
                    if row.own && ui.add(button("Take back")).on_hover_text("It will not be sent.").clicked() {
                        action = Some(Action::TakeBack(row.request.clone()));
                    }
                    let left = format!("{} left", format::span(row.left_secs));
                    ui.label(RichText::new(left).small().color(theme::WARNING));
                    let who = format!("{} asks · {}", row.who, row.digest);
                    ui.label(RichText::new(who).small().color(theme::WEAK))
                        .on_hover_text("Who asks, and the start of the SHA-256 of the exact bytes that are approved.");
                });
            });
            for said in row.mismatch.iter().chain(&row.note) {
                refusal_ui(ui, said);
            }
        });
        ui.add_space(theme::STEP);
    }
    action
}

/// Draws the dialog. `Some(None)` closes it.
pub(in crate::panels) fn approval_ui(
    ui: &mut Ui,
    row: &ApprovalRow,
    accounts: &[AccountRow],
    refused: Option<&str>,
    state: &mut Approval,
) -> Option<Option<Signed>> {
    ui.set_width(380.0);
    ui.horizontal(|ui| {
        class_chip_ui(ui, row.class);
        ui.label(RichText::new(format!("Approve: {}", row.title)).heading().color(theme::STRONG));
    });
    ui.label(RichText::new(&row.change).color(theme::ACCENT));
    let text = format!(
        "{} asks for it. You approve these exact bytes, {}, with your own key; the gate looks at all checks once more. {} left.",
        row.who,
        row.digest,
        format::span(row.left_secs)
    );
    ui.add(egui::Label::new(RichText::new(text).small().color(theme::WEAK)).wrap());
    ui.add_space(theme::GAP);
    let submitted = credentials_ui(ui, accounts, &mut state.account, &mut state.passphrase);
    if let Some(why) = refused {
        refusal_ui(ui, why);
    }
    ui.add_space(theme::GAP);
    let mut outcome = None;
    ui.horizontal(|ui| {
        let ready = !state.passphrase.is_empty();
        let button = egui::Button::new("Approve").min_size(vec2(96.0, theme::ROW)).selected(ready);
        if ui.add_enabled(ready, button).clicked() || (submitted && ready) {
            outcome = Some(Some((chosen(accounts, &state.account), state.passphrase.take())));
        }
        if ui.button("Cancel").clicked() {
            outcome = Some(None);
        }
    });
    outcome
}
