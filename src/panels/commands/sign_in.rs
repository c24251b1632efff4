//! Signing in: who asks, and in which role.

use egui::{Key, RichText, Ui, vec2};

use super::super::actions::Action;
use super::super::{format, icons, theme};
use super::secret::{Field, Passphrase};
use crate::site::doc::Role;

/// Somebody who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::panels) struct AccountRow {
    /// Its id.
    pub id: String,
    /// The name on the screen.
    pub name: String,
    /// What the person is at this site.
    pub role: Role,
    /// It exists for the demo alone.
    pub demo: bool,
}

/// What is being typed.
#[derive(Debug, Default)]
pub(in crate::panels) struct SignInState {
    /// The account that is chosen. `None`: the first.
    pub account: Option<String>,
    /// What was typed.
    pub passphrase: Field,
    /// It was sent off, and has been seen on its way since.
    pub submitted: Option<bool>,
}

impl SignInState {
    /// Follows what was sent off; tells whether the dialog is done with.
    pub(in crate::panels) fn is_done(&mut self, is_signing_in: bool, has_problem: bool) -> bool {
        let Some(seen) = self.submitted.as_mut() else { return false };
        *seen |= is_signing_in;
        if !*seen || is_signing_in {
            return false;
        }
        self.submitted = None;
        !has_problem
    }
}

/// Who may sign in, and what came of the last try.
pub(in crate::panels) struct SignInRows<'a> {
    /// All accounts that are not disabled.
    pub accounts: &'a [AccountRow],
    /// Who is signed in. `None`: nobody.
    pub who: Option<&'a str>,
    /// The desk is locked.
    pub locked: bool,
    /// A passphrase is being looked at.
    pub busy: bool,
    /// Why the last try failed. `None`: there was none, or it did not.
    pub refused: Option<&'a str>,
    /// Where the accounts come from, or how to get some.
    pub source: &'a str,
}

/// Draws the dialog; returns what was asked for. `Some(None)` closes it.
pub(in crate::panels) fn sign_in_ui(ui: &mut Ui, rows: &SignInRows, state: &mut SignInState) -> Option<Option<Action>> {
    ui.set_width(340.0);
    let mut asked = None;
    ui.label(RichText::new(if rows.locked { "Unlock" } else { "Sign in" }).heading().color(theme::STRONG));
    if let Some(who) = rows.who {
        ui.horizontal(|ui| {
            let text = format!("{who}{}", if rows.locked { ", locked" } else { " is signed in" });
            ui.label(RichText::new(text).color(theme::TEXT));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button("Sign out").clicked() {
                    asked = Some(Some(Action::SignOut));
                }
                if !rows.locked && ui.button("Lock").clicked() {
                    asked = Some(Some(Action::Lock));
                }
            });
        });
        ui.separator();
    }
    ui.add_space(theme::STEP);
    if rows.accounts.is_empty() {
        ui.add(egui::Label::new(rows.source).wrap());
        ui.add_space(theme::GAP);
        return ui.button("Close").clicked().then_some(None);
    }
    let submitted = credentials_ui(ui, rows.accounts, &mut state.account, &mut state.passphrase);
    if let Some(why) = rows.refused {
        refusal_ui(ui, why);
    }
    ui.label(RichText::new(rows.source).small().color(theme::WEAK));
    ui.add_space(theme::GAP);
    ui.horizontal(|ui| {
        let ready = !state.passphrase.is_empty() && !rows.busy;
        let button = egui::Button::new("Sign in").min_size(vec2(88.0, theme::ROW)).selected(ready);
        if ui.add_enabled(ready, button).clicked() || (submitted && ready) {
            let account = chosen(rows.accounts, &state.account);
            asked = Some(Some(Action::SignIn(account, state.passphrase.take())));
            state.submitted = Some(false);
        }
        if ui.button("Cancel").clicked() {
            asked = Some(None);
        }
    });
    asked
}

/// Which account, and its passphrase. Tells whether Enter was pressed.
pub(in crate::panels) fn credentials_ui(
    ui: &mut Ui,
    accounts: &[AccountRow],
    account: &mut Option<String>,
    passphrase: &mut Field,
) -> bool {
    let id = chosen(accounts, account);
    let current = accounts.iter().find(|it| it.id == id);
    ui.label(RichText::new("Account").small().color(theme::WEAK));
    let words = |it: &AccountRow| format!("{} · {}", it.name, it.role.label());
    let combo = egui::ComboBox::from_id_salt("account").width(ui.available_width() - theme::GAP);
    let response = combo
        .selected_text(current.map(words).unwrap_or_default())
        .show_ui(ui, |ui| {
            for it in accounts {
                if ui.selectable_label(it.id == id, words(it)).clicked() {
                    *account = Some(it.id.clone());
                }
            }
        })
        .response;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::ComboBox, true, "Account"));
    ui.add_space(theme::STEP);
    ui.label(RichText::new("Its passphrase").small().color(theme::WEAK));
    let field = passphrase.show(ui, "Passphrase");
    if current.is_some_and(|it| it.demo) {
        let text = "A demo account: its passphrase is demo. It is worth nothing outside of the demo.";
        ui.add(egui::Label::new(RichText::new(text).small().color(theme::WARNING)).wrap());
    }
    field.lost_focus() && ui.input(|it| it.key_pressed(Key::Enter))
}

/// Why not, with a sign.
pub(in crate::panels) fn refusal_ui(ui: &mut Ui, why: &str) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        icons::show(ui, "refused", |painter, at| icons::diamond(painter, at, theme::ALARM));
        ui.add(egui::Label::new(RichText::new(format::sentence(why)).color(theme::ALARM)).wrap());
    });
}

/// The account that is chosen, or the first.
pub(in crate::panels) fn chosen(accounts: &[AccountRow], account: &Option<String>) -> String {
    let known = account.as_ref().filter(|it| accounts.iter().any(|row| row.id == **it));
    known.or(accounts.first().map(|it| &it.id)).cloned().unwrap_or_default()
}

/// What both dialogs that need a second look take.
pub(in crate::panels) type Signed = (String, Passphrase);

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::{NodeT as _, Queryable as _};
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn signing_in_takes_an_account_and_a_passphrase_and_keeps_neither() {
        let accounts = [AccountRow { id: "ada".to_owned(), name: "Ada".to_owned(), role: Role::Engineer, demo: false }];
        let mut harness = Harness::new_ui_state(
            |ui, (state, asked): &mut (SignInState, Option<Option<Action>>)| {
                let rows = SignInRows {
                    accounts: &accounts,
                    who: None,
                    locked: false,
                    busy: false,
                    refused: Some("the passphrase is wrong"),
                    source: "",
                };
                *asked = sign_in_ui(ui, &rows, state).or(asked.take());
            },
            (SignInState::default(), None),
        );
        assert!(harness.get_by_role_and_label(egui::accesskit::Role::Button, "Sign in").accesskit_node().is_disabled());
        harness.get_by_label("Passphrase").focus();
        harness.run();
        harness.get_by_label("Passphrase").type_text("correct horse");
        harness.run();
        harness.get_by_role_and_label(egui::accesskit::Role::Button, "Sign in").click();
        harness.run();
        let (state, asked) = harness.state();
        let Some(Some(Action::SignIn(account, passphrase))) = asked else { panic!("{asked:?}") };
        assert_eq!((account.as_str(), passphrase.0.expose_secret()), ("ada", "correct horse"));
        assert!(state.passphrase.is_empty());
        assert!(!format!("{asked:?}").contains("horse"));
        assert!(harness.query_by_label("The passphrase is wrong.").is_some());
    }
}
