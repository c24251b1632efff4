//! The dialogs that stand over all panels: signing in, the second look, the second person, why a twin is isolated.

use super::actions::Action;
use super::command_facts::source_of_accounts;
use super::commands::approvals::{Approval, approval_ui};
use super::commands::confirm::{Confirmation, Decision, confirm_ui};
use super::commands::sign_in::{SignInRows, SignInState, sign_in_ui};
use super::facts::Facts;
use super::theme;
use super::trust_section::{QuarantineDialog, quarantine_ui};
use crate::guard::{Node, name_of};
use crate::site::doc::Role;
use crate::trust::may_approve;

/// A dialog that is open.
#[derive(Debug)]
pub(super) enum Dialog {
    /// Who asks.
    SignIn(SignInState),
    /// A second look before what reaches far.
    Confirm(Confirmation),
    /// A second person approves.
    Approve(Approval),
    /// A twin is isolated, or released, and why.
    Quarantine(QuarantineDialog),
}

/// Draws the dialog that is open; closes it when it is done with.
pub(super) fn dialog_ui(
    ctx: &egui::Context,
    facts: &Facts,
    open: &mut Option<Dialog>,
    frame: egui::Frame,
    asked: &mut Vec<Action>,
) {
    let Some(dialog) = open else { return };
    let shade = theme::GROUND.gamma_multiply(0.55);
    let modal = egui::Modal::new(egui::Id::new("dialog")).frame(frame).backdrop_color(shade);
    let shown = modal.show(ctx, |ui| match dialog {
        Dialog::SignIn(state) => sign_in(ui, facts, state, asked),
        Dialog::Confirm(state) => confirm(ui, facts, state, asked),
        Dialog::Approve(state) => approve(ui, facts, state, asked),
        Dialog::Quarantine(state) => quarantine(ui, facts, state, asked),
    });
    let closes = ctx.input(|it| it.key_pressed(egui::Key::Escape));
    if shown.inner || closes || shown.backdrop_response.clicked() {
        *open = None;
    }
}

/// Each tells whether it is done with.
fn sign_in(ui: &mut egui::Ui, facts: &Facts, state: &mut SignInState, asked: &mut Vec<Action>) -> bool {
    let operator = &facts.operator;
    if state.is_done(operator.is_signing_in(), operator.problem().is_some()) {
        return true;
    }
    let accounts = facts.accounts();
    if state.account.is_none() {
        // Who locked the desk unlocks it; else most likely somebody who may do more than look.
        let current = operator.account().map(|it| it.id.clone());
        let other = accounts.iter().find(|it| it.role > Role::Viewer && Some(&it.id) != current.as_ref());
        state.account = if operator.is_locked() { current } else { other.map(|it| it.id.clone()) };
    }
    let who = operator.account().map(|it| it.name.as_str());
    let source = source_of_accounts(accounts.iter().any(|it| it.demo), accounts.len());
    let rows = SignInRows {
        accounts: &accounts,
        who,
        locked: operator.is_locked(),
        busy: operator.is_signing_in(),
        refused: operator.problem(),
        source: &source,
    };
    match sign_in_ui(ui, &rows, state) {
        Some(Some(action)) => {
            let stays = matches!(action, Action::SignIn(..));
            asked.push(action);
            !stays
        }
        Some(None) => true,
        None => false,
    }
}

fn confirm(ui: &mut egui::Ui, facts: &Facts, state: &mut Confirmation, asked: &mut Vec<Action>) -> bool {
    let (id, value) = (state.command, state.value.clone());
    let (Some(command), Some(rehearsal)) = (facts.site.command(id), facts.rehearse(id, &value)) else { return true };
    let who = facts.who();
    let row = facts.confirm_row(command, &value, &who, &rehearsal);
    match confirm_ui(ui, &row, state) {
        Some(Decision::Ask(passphrase)) => {
            asked.push(Action::AskAgain(id, value, passphrase));
            true
        }
        Some(Decision::See(action)) => {
            asked.push(action);
            true
        }
        Some(Decision::Cancel) => true,
        None => false,
    }
}

fn approve(ui: &mut egui::Ui, facts: &Facts, state: &mut Approval, asked: &mut Vec<Action>) -> bool {
    let rows = facts.approvals();
    // It was approved, taken back, or has waited too long.
    let Some(row) = rows.iter().find(|it| it.request == state.request) else { return true };
    let who = facts.operator.account().map(|it| it.id.as_str());
    // The second person is another one; who may approve stands first.
    let mut accounts: Vec<_> =
        facts.accounts().into_iter().filter(|it| !row.own || Some(it.id.as_str()) != who).collect();
    accounts.sort_by_key(|it| may_approve(it.role, row.class).is_err());
    match approval_ui(ui, row, &accounts, None, state) {
        Some(Some((account, passphrase))) => {
            asked.push(Action::Approve(row.request.clone(), account, passphrase));
            true
        }
        Some(None) => true,
        None => false,
    }
}

fn quarantine(ui: &mut egui::Ui, facts: &Facts, state: &mut QuarantineDialog, asked: &mut Vec<Action>) -> bool {
    let name = name_of(Node::Twin(state.twin), &facts.site);
    match quarantine_ui(ui, &name, facts.cannot_isolate().as_deref(), state) {
        Some(action) => {
            asked.extend(action);
            true
        }
        None => false,
    }
}
