//! How far the selected twin may be believed, why not where it may not, and the buttons that isolate and release it.

use egui::{RichText, Ui, vec2};

use super::actions::Action;
use super::section::{notice_ui, section_ui};
use super::taint::{TaintRows, taint_ui};
use super::{format, icons, standing, theme};
use crate::site::TwinId;
use crate::twin::Standing;

/// What the inspector says of a twin's trust.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TrustRows {
    /// The worst of the twin and all below it. `None`: nothing is measured there.
    pub standing: Option<Standing>,
    /// The share of inputs that are verified, in words.
    pub share: String,
    /// Why it must not be relied on. `None`: nothing speaks against it.
    pub taint: Option<TaintRows>,
    /// It is isolated. `None`: it is not.
    pub isolation: Option<IsolationRow>,
    /// Why nothing can be isolated or released now. `None`: it can.
    pub cannot: Option<String>,
}

/// An isolation.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct IsolationRow {
    /// Since when, by whom and why, in a sentence.
    pub says: String,
    /// What it is isolated with. `None`: it was isolated by itself.
    pub whole: Option<(TwinId, String)>,
}

impl TrustRows {
    /// Whether it is to be said before all else.
    pub(super) fn warns(&self) -> bool {
        self.taint.is_some() || self.isolation.is_some() || self.standing.is_some_and(Standing::taints)
    }
}

/// Draws the section; returns what was asked for.
pub(super) fn trust_section_ui(ui: &mut Ui, twin: TwinId, name: &str, rows: &TrustRows) -> Option<Action> {
    section_ui(ui, "Trust", None);
    let mut action = None;
    if let Some(isolation) = &rows.isolation {
        notice_ui(ui, &isolation.says);
    }
    if let Some(standing) = rows.standing {
        let color = if standing.taints() { theme::standing(standing) } else { theme::TEXT };
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = theme::GAP;
            icons::show(ui, standing.label(), |painter, at| standing::icon(painter, at, standing));
            ui.label(RichText::new(format::sentence(standing.label())).color(color)).on_hover_text(standing.says());
            ui.label(RichText::new(&rows.share).color(theme::WEAK))
                .on_hover_text("Of what is measured on it and below it; a process counts what it is about, too.");
        });
    } else {
        ui.label(RichText::new(format::sentence(&rows.share)).color(theme::WEAK));
    }
    if let Some(taint) = &rows.taint {
        action = taint_ui(ui, taint);
    }
    ui.add_space(theme::STEP);
    button_ui(ui, twin, name, rows).or(action)
}

fn button_ui(ui: &mut Ui, twin: TwinId, name: &str, rows: &TrustRows) -> Option<Action> {
    let (label, hint, action) = match &rows.isolation {
        Some(IsolationRow { whole: Some((whole, of)), .. }) => {
            let button = egui::Button::new(format!("Go to {of}")).min_size(vec2(96.0, theme::ROW));
            let hint = "It is isolated as a part of it, and is released with it.";
            return ui.add(button).on_hover_text(hint).clicked().then_some(Action::Select(*whole));
        }
        Some(_) => ("Release…", "Its values are shown and relied on again.", Action::AskRelease(twin)),
        None => {
            let hint = "Its values and those of its parts feed nothing until it is released; estimates stand in.";
            ("Isolate…", hint, Action::AskIsolate(twin))
        }
    };
    let can = rows.cannot.is_none();
    let button = ui.add_enabled(can, egui::Button::new(label).min_size(vec2(96.0, theme::ROW)));
    button.widget_info(|| {
        let label = format!("{} {name}…", label.trim_end_matches('…'));
        egui::WidgetInfo::labeled(egui::WidgetType::Button, can, label)
    });
    let button = button.on_hover_text(hint).on_disabled_hover_text(rows.cannot.as_deref().unwrap_or_default());
    button.clicked().then_some(action)
}

/// What is asked of a person before a twin is isolated or released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct QuarantineDialog {
    /// Which twin.
    pub twin: TwinId,
    /// It is to be released, and not isolated.
    pub release: bool,
    /// The reason so far.
    pub why: String,
}

impl QuarantineDialog {
    /// A question that nobody has answered yet.
    pub(super) fn new(twin: TwinId, release: bool) -> Self {
        Self { twin, release, why: String::new() }
    }

    fn action(&self) -> Action {
        let why = self.why.trim().to_owned();
        if self.release { Action::Release(self.twin, why) } else { Action::Isolate(self.twin, why) }
    }
}

/// Draws the dialog's inside. `Some(None)` closes it.
pub(super) fn quarantine_ui(
    ui: &mut Ui,
    name: &str,
    cannot: Option<&str>,
    state: &mut QuarantineDialog,
) -> Option<Option<Action>> {
    ui.set_width(theme::DIALOG.x.min(ui.ctx().content_rect().width() - 48.0));
    ui.spacing_mut().item_spacing.y = theme::GAP;
    let (does, says) = if state.release {
        ("Release", "What comes of it is shown and relied on again: by alarms, by commands, by whoever looks.")
    } else {
        (
            "Isolate",
            "Nothing relies on it and its parts any more: alarms that look at it cannot be judged, commands that need it are \
             blocked, and estimates stand in for its values. What comes of it is still verified and recorded.",
        )
    };
    ui.label(RichText::new(format!("{does} {name}?")).heading().color(theme::STRONG));
    ui.add(egui::Label::new(RichText::new(says).color(theme::WEAK)).wrap());
    let id = egui::Id::new("quarantine reason");
    let field = egui::TextEdit::singleline(&mut state.why).id(id).hint_text("Why? Required");
    let response = ui.add(field.desired_width(f32::INFINITY).char_limit(400));
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, "", &state.why, "");
        info.label = Some("Reason".to_owned());
        info
    });
    let entered = response.lost_focus() && ui.input(|it| it.key_pressed(egui::Key::Enter));
    if ui.memory(|it| it.focused().is_none()) && !entered {
        response.request_focus();
    }
    if let Some(why) = cannot {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = theme::STEP;
            icons::show(ui, "refused", |painter, at| icons::cross(painter, at, theme::ALARM));
            ui.label(RichText::new(why).color(theme::STRONG));
        });
    }
    let ready = cannot.is_none() && !state.why.trim().is_empty();
    let mut outcome = None;
    ui.horizontal(|ui| {
        let button = egui::Button::new(does).min_size(vec2(96.0, theme::ROW)).selected(ready);
        let button = ui.add_enabled(ready, button).on_disabled_hover_text(cannot.unwrap_or("Say why first."));
        if button.clicked() || (entered && ready) {
            outcome = Some(Some(state.action()));
        }
        if ui.add(egui::Button::new("Cancel").min_size(vec2(72.0, theme::ROW))).clicked() {
            outcome = Some(None);
        }
    });
    outcome
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::{NodeT as _, Queryable as _};

    use super::super::taint::HopRow;
    use super::*;
    use crate::signal::SignalId;

    const PUMP: TwinId = TwinId(1);

    type Drawn = (TrustRows, Option<Action>);

    fn section(rows: TrustRows) -> Harness<'static, Drawn> {
        let draw = |ui: &mut Ui, (rows, asked): &mut Drawn| {
            *asked = trust_section_ui(ui, PUMP, "Pump 1", rows).or(asked.take());
        };
        let mut harness = Harness::builder().with_size(vec2(360.0, 400.0)).build_ui_state(draw, (rows, None));
        harness.run_steps(2);
        harness
    }

    fn click(harness: &mut Harness<'static, Drawn>, label: &str) -> Option<Action> {
        harness.get_by_label(label).click();
        harness.run_steps(2);
        harness.state().1.clone()
    }

    fn rejected() -> TrustRows {
        TrustRows {
            standing: Some(Standing::Rejected),
            share: "11 of 12 verified".to_owned(),
            taint: Some(TaintRows {
                says: "Do not rely on it: it depends on Pump 2 · Speed, which is rejected.".to_owned(),
                hops: vec![
                    HopRow { name: "Pump 2".to_owned(), tie: "flows into it", twin: Some(TwinId(2)) },
                    HopRow { name: "Pump 2 · Speed".to_owned(), tie: "measured on it", twin: Some(TwinId(2)) },
                ],
                culprit: SignalId(2),
            }),
            ..TrustRows::default()
        }
    }

    #[test]
    fn what_spoils_a_twin_is_told_step_by_step_and_leads_there() {
        let mut harness = section(rejected());
        assert!(rejected().warns());
        harness.get_by_label("Rejected.");
        harness.get_by_label("11 of 12 verified");
        harness.get_by_label("Do not rely on it: it depends on Pump 2 · Speed, which is rejected.");
        let asked = click(&mut harness, "Step 2: Pump 2 · Speed, measured on it");
        assert_eq!(asked, Some(Action::Select(TwinId(2))));
    }

    #[test]
    fn a_twin_is_isolated_and_released_by_its_button_and_a_part_leads_to_its_whole() {
        let isolation = |whole| Some(IsolationRow { says: "Isolated by anna: it lies.".to_owned(), whole });
        assert_eq!(click(&mut section(rejected()), "Isolate Pump 1…"), Some(Action::AskIsolate(PUMP)));
        let own = TrustRows { isolation: isolation(None), ..TrustRows::default() };
        assert_eq!(click(&mut section(own), "Release Pump 1…"), Some(Action::AskRelease(PUMP)));
        let part =
            TrustRows { isolation: isolation(Some((TwinId(0), "Pump station".to_owned()))), ..TrustRows::default() };
        assert_eq!(click(&mut section(part), "Go to Pump station"), Some(Action::Select(TwinId(0))));
    }

    #[test]
    fn who_may_not_isolate_finds_the_button_off() {
        let rows = TrustRows { cannot: Some("A viewer may not.".to_owned()), ..rejected() };
        let mut harness = section(rows);
        assert!(harness.get_by_label("Isolate Pump 1…").accesskit_node().is_disabled());
        assert_eq!(click(&mut harness, "Isolate Pump 1…"), None);
    }

    type Asked = (QuarantineDialog, Option<Option<Action>>);

    fn dialog(cannot: Option<&'static str>) -> Harness<'static, Asked> {
        let state = (QuarantineDialog::new(PUMP, false), None);
        let draw = move |ui: &mut Ui, (state, outcome): &mut Asked| {
            *outcome = quarantine_ui(ui, "Pump 1", cannot, state).or(outcome.take());
        };
        let mut harness = Harness::builder().with_size(vec2(520.0, 300.0)).build_ui_state(draw, state);
        harness.run_steps(2);
        harness
    }

    #[test]
    fn a_twin_is_isolated_for_a_reason_alone() {
        let mut harness = dialog(None);
        assert!(harness.get_by_label("Isolate").accesskit_node().is_disabled());
        harness.get_by_label("Reason").type_text("the gauge lies");
        harness.run_steps(2);
        harness.get_by_label("Isolate").click();
        harness.run_steps(2);
        assert_eq!(harness.state().1, Some(Some(Action::Isolate(PUMP, "the gauge lies".to_owned()))));
    }

    #[test]
    fn who_may_not_isolate_reads_why() {
        let mut harness = dialog(Some("A viewer may not isolate a twin."));
        harness.get_by_label("Reason").type_text("the gauge lies");
        harness.run_steps(2);
        harness.get_by_label("A viewer may not isolate a twin.");
        assert!(harness.get_by_label("Isolate").accesskit_node().is_disabled());
        harness.get_by_label("Cancel").click();
        harness.run_steps(2);
        assert_eq!(harness.state().1, Some(None));
    }
}
