//! The banner over all panels that says that somebody else speaks in a device's name, until a person acknowledges it; and the dialog
//! in which that is done.

use egui::{Align, Layout, RichText, Ui};

use super::actions::Action;
use super::reason::{Question, reason_ui};
use super::{standing, theme};
use crate::site::TwinId;
use crate::trust::Reason;
use crate::twin::Standing;

/// A device in whose name somebody else speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EvilRow {
    /// The twin that the device belongs to.
    pub twin: TwinId,
    /// Its name.
    pub name: String,
    /// What proves it, and when that came: `cloned key, 12:03:04`.
    pub proof: String,
    /// How many other devices it is so of.
    pub more: usize,
    /// Why it cannot be isolated now. `None`: it can.
    pub cannot_isolate: Option<String>,
    /// Why it cannot be acknowledged now. `None`: it can.
    pub cannot_acknowledge: Option<String>,
}

/// What is asked of a person before an evil twin is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EvilDialog {
    /// Whose.
    pub twin: TwinId,
    /// The reason so far.
    pub why: String,
}

impl EvilDialog {
    /// A question that nobody has answered yet.
    pub(super) fn new(twin: TwinId) -> Self {
        Self { twin, why: String::new() }
    }
}

/// What proves it, in a few words.
pub(super) fn proof_text(reason: Reason) -> &'static str {
    if reason == Reason::Cloned {
        "cloned key"
    } else if reason == Reason::Rollback {
        "an old life of it is replayed"
    } else {
        "forged signatures"
    }
}

/// Draws it; returns what was asked for.
pub(super) fn evil_banner_ui(ui: &mut Ui, row: &EvilRow) -> Option<Action> {
    let mut action = None;
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP;
        super::icons::show(ui, "evil twin", |painter, at| standing::icon(painter, at, Standing::EvilTwin));
        ui.label(RichText::new("EVIL TWIN").strong().color(theme::URGENT));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let acknowledge = format!("Acknowledge the evil twin of {}…", row.name);
            let hint = "Say what was done about it: its values are relied on again, until there is a new proof.";
            if button_ui(ui, "Acknowledge…", &acknowledge, hint, row.cannot_acknowledge.as_deref()) {
                action = Some(Action::AskAcknowledge(row.twin));
            }
            let isolate = format!("Isolate {}…", row.name);
            let hint = "Its values and those of its parts feed nothing until it is released; estimates stand in.";
            if button_ui(ui, "Isolate…", &isolate, hint, row.cannot_isolate.as_deref()) {
                action = Some(Action::AskIsolate(row.twin));
            }
            if ui.button("Provenance").on_hover_text("Where its values come from, and what was refused.").clicked() {
                action = Some(Action::ProvenanceOf(row.twin));
            }
            if ui.button("Show").on_hover_text("Select it and look at it.").clicked() {
                action = Some(Action::FlyTo(row.twin));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let more = match row.more {
                    0 => String::new(),
                    1 => ". It is so of one more device".to_owned(),
                    more => format!(". It is so of {more} more devices"),
                };
                let text = format!("{}: somebody else speaks in its name ({}){more}", row.name, row.proof);
                ui.add(egui::Label::new(RichText::new(&text).color(theme::STRONG)).truncate()).on_hover_text(&text);
            });
        });
    });
    action
}

/// A button with a label of its own for who does not see where it stands; tells whether it was clicked.
fn button_ui(ui: &mut Ui, text: &str, label: &str, hint: &str, cannot: Option<&str>) -> bool {
    let can = cannot.is_none();
    let button = ui.add_enabled(can, egui::Button::new(text));
    button.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, can, label));
    button.on_hover_text(hint).on_disabled_hover_text(cannot.unwrap_or_default()).clicked()
}

/// Draws the dialog's inside. `Some(None)` closes it.
pub(super) fn evil_dialog_ui(
    ui: &mut Ui,
    name: &str,
    cannot: Option<&str>,
    state: &mut EvilDialog,
) -> Option<Option<Action>> {
    let question = Question {
        title: &format!("Acknowledge the evil twin of {name}?"),
        says: "Its values are relied on again, by commands too, until there is a new proof. So first see to it that nobody else \
               speaks in its name any more: that it has another key, and the old one is revoked.",
        place: None,
        does: "Acknowledge",
        cannot,
    };
    let done = reason_ui(ui, &question, &mut state.why)?;
    Some(done.then(|| Action::AcknowledgeEvil(state.twin, state.why.trim().to_owned())))
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::{NodeT as _, Queryable as _};

    use super::*;

    fn row() -> EvilRow {
        EvilRow {
            twin: TwinId(1),
            name: "Pump 1".to_owned(),
            proof: "cloned key, 12:03:04".to_owned(),
            more: 0,
            cannot_isolate: None,
            cannot_acknowledge: None,
        }
    }

    fn banner(row: EvilRow) -> Harness<'static, Vec<Action>> {
        let mut harness = Harness::builder()
            .with_size(egui::vec2(1000.0, 40.0))
            .build_ui_state(move |ui, asked: &mut Vec<Action>| asked.extend(evil_banner_ui(ui, &row)), Vec::new());
        harness.run();
        harness
    }

    #[test]
    fn the_banner_names_the_twin_and_what_proves_it_and_leads_to_all_that_can_be_done() {
        let mut harness = banner(row());
        let text = "Pump 1: somebody else speaks in its name (cloned key, 12:03:04)";
        assert!(harness.query_by_label(text).is_some());
        for label in ["Show", "Provenance", "Isolate Pump 1…", "Acknowledge the evil twin of Pump 1…"] {
            harness.get_by_label(label).click();
            harness.run();
        }
        let twin = TwinId(1);
        let want =
            [Action::FlyTo(twin), Action::ProvenanceOf(twin), Action::AskIsolate(twin), Action::AskAcknowledge(twin)];
        assert_eq!(harness.state(), &want);
    }

    #[test]
    fn who_may_not_finds_the_buttons_off() {
        let no = || Some("Nobody is signed in.".to_owned());
        let mut harness = banner(EvilRow { cannot_isolate: no(), cannot_acknowledge: no(), ..row() });
        for label in ["Isolate Pump 1…", "Acknowledge the evil twin of Pump 1…"] {
            assert!(harness.get_by_label(label).accesskit_node().is_disabled());
            harness.get_by_label(label).click();
            harness.run();
        }
        assert_eq!(harness.state(), &[]);
    }

    #[test]
    fn an_evil_twin_is_acknowledged_for_a_reason_alone() {
        let draw = |ui: &mut Ui, (state, asked): &mut (EvilDialog, Option<Option<Action>>)| {
            *asked = evil_dialog_ui(ui, "Pump 1", None, state).or(asked.take());
        };
        let state = (EvilDialog::new(TwinId(1)), None);
        let mut harness = Harness::builder().with_size(egui::vec2(480.0, 300.0)).build_ui_state(draw, state);
        harness.run_steps(2);
        assert!(harness.get_by_label("Acknowledge").accesskit_node().is_disabled());
        harness.get_by_label("Reason").type_text("it has a new key");
        harness.run_steps(2);
        harness.get_by_label("Acknowledge").click();
        harness.run_steps(2);
        let want = Action::AcknowledgeEvil(TwinId(1), "it has a new key".to_owned());
        assert_eq!(harness.state().1, Some(Some(want)));
    }
}
