//! The list of what is isolated: since when, by whom, why, and where it holds; and how many there are, for the status bar.

use egui::{Painter, Pos2, RichText, Ui, vec2};

use super::actions::Action;
use super::{icons, standing, theme};
use crate::site::TwinId;
use crate::twin::Standing;

/// What the count in the status bar means.
pub(super) const HINT: &str =
    "Twins that a person has isolated: nothing relies on their values, and estimates stand in. Click for the list.";
/// The list scrolls beyond this height, points.
const MOST_HIGH: f32 = 420.0;

/// An isolated twin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct IsolatedRow {
    /// Which.
    pub twin: TwinId,
    /// Its name.
    pub name: String,
    /// Since when, as the site's clock has it.
    pub since: String,
    /// Who isolated it.
    pub who: String,
    /// For what reason.
    pub why: String,
    /// The gate holds it isolated, and not this desktop alone.
    pub at_gate: bool,
    /// There is a gate to give it to: why that cannot be done now, if it cannot. `None`: there is none, or it has it.
    pub give: Option<Option<String>>,
    /// Why it cannot be released now. `None`: it can.
    pub cannot_release: Option<String>,
}

/// How many are isolated, in words. `None`: there is nothing to say.
pub(super) fn counted(count: usize) -> Option<String> {
    (count > 0).then(|| format!("{count} isolated"))
}

/// The sign of what is isolated.
pub(super) fn cage(painter: &Painter, at: Pos2, color: egui::Color32) {
    standing::tinted(painter, at, Standing::Quarantined, color);
}

/// Draws the list; returns what was asked for. `Some(None)` closes it.
pub(super) fn isolated_ui(ui: &mut Ui, rows: &[IsolatedRow]) -> Option<Option<Action>> {
    ui.set_width(theme::DIALOG.x.min(ui.ctx().content_rect().width() - 48.0));
    ui.spacing_mut().item_spacing.y = theme::GAP;
    ui.label(RichText::new("Isolated").heading().color(theme::STRONG));
    let says = if rows.is_empty() { "Nothing is isolated." } else { "Nothing relies on these twins and their parts." };
    ui.label(RichText::new(says).color(theme::WEAK));
    let high = MOST_HIGH.min(ui.ctx().content_rect().height() - 160.0).max(theme::ROW);
    let scroll = egui::ScrollArea::vertical().max_height(high).auto_shrink([false, true]);
    // The keyboard begins at the first button, and comes back to it behind the last.
    let mut unfocused = ui.memory(|it| it.focused().is_none());
    let mut row = |ui: &mut Ui, it| row_ui(ui, it, std::mem::take(&mut unfocused));
    let mut outcome = scroll.show(ui, |ui| rows.iter().filter_map(|it| row(ui, it)).last().map(Some)).inner;
    let close = ui.add(egui::Button::new("Close").min_size(vec2(72.0, theme::ROW)));
    if close.clicked() {
        outcome = Some(None);
    }
    if unfocused {
        close.request_focus();
    }
    outcome
}

fn row_ui(ui: &mut Ui, row: &IsolatedRow, takes_focus: bool) -> Option<Action> {
    let mut action = None;
    ui.separator();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP;
        icons::show(ui, "isolated", |painter, at| cage(painter, at, theme::standing(Standing::Quarantined)));
        ui.label(RichText::new(&row.name).color(theme::STRONG));
        let (place, color, hint) = if row.at_gate {
            ("at the gate", theme::TEXT, "The gate holds it isolated: for all who command at this site.")
        } else {
            (
                "this desktop only",
                theme::WARNING,
                "No gate has heard of it: who commands elsewhere is not kept from relying on it.",
            )
        };
        ui.label(RichText::new(place).color(color)).on_hover_text(hint);
    });
    let says = format!("Since {} by {}: {}", row.since, row.who, row.why);
    ui.add(egui::Label::new(RichText::new(says).color(theme::TEXT)).wrap());
    ui.horizontal_wrapped(|ui| {
        let name = &row.name;
        let mut button = |ui: &mut Ui, text: &str, label: String, hint: &str, cannot: Option<&str>, does: Action| {
            let can = cannot.is_none();
            let button = ui.add_enabled(can, egui::Button::new(text).min_size(vec2(72.0, theme::ROW)));
            button.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, can, &label));
            let button = button.on_hover_text(hint).on_disabled_hover_text(cannot.unwrap_or_default());
            if button.clicked() {
                action = Some(does);
            }
            button
        };
        let hint = "Select it, and fly to it.";
        let show = button(ui, "Show", format!("Show {name}"), hint, None, Action::FlyTo(row.twin));
        if takes_focus {
            show.request_focus();
        }
        let (hint, cannot) = ("Its values are shown and relied on again.", row.cannot_release.as_deref());
        button(ui, "Release…", format!("Release {name}…"), hint, cannot, Action::AskRelease(row.twin));
        if let Some(cannot) = &row.give {
            let hint = "Have the gate hold it isolated, for the same reason: for all who command at this site.";
            let does = Action::Isolate(row.twin, row.why.clone());
            button(ui, "Give to the gate", format!("Give {name} to the gate"), hint, cannot.as_deref(), does);
        }
    });
    action
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::{NodeT as _, Queryable as _};

    use super::*;

    type Drawn = (Vec<IsolatedRow>, Option<Option<Action>>);

    fn row(twin: u32, name: &str) -> IsolatedRow {
        IsolatedRow {
            twin: TwinId(twin),
            name: name.to_owned(),
            since: "2026-01-31 14:03:27".to_owned(),
            who: "anna".to_owned(),
            why: "the gauge lies".to_owned(),
            at_gate: true,
            give: None,
            cannot_release: None,
        }
    }

    fn list(rows: Vec<IsolatedRow>) -> Harness<'static, Drawn> {
        let draw = |ui: &mut Ui, (rows, asked): &mut Drawn| *asked = isolated_ui(ui, rows).or(asked.take());
        let mut harness = Harness::builder().with_size(vec2(560.0, 480.0)).build_ui_state(draw, (rows, None));
        harness.run_steps(2);
        harness
    }

    #[track_caller]
    fn click(harness: &mut Harness<'static, Drawn>, label: &str, want: Option<Action>) {
        harness.get_by_label(label).click();
        harness.run_steps(2);
        assert_eq!(harness.state_mut().1.take(), Some(want));
    }

    #[test]
    fn what_is_isolated_is_listed_with_who_did_it_and_why_and_leads_to_it() {
        let mut harness = list(vec![row(1, "Pump 1"), row(2, "Pump 2")]);
        assert_eq!(harness.query_all_by_label("Since 2026-01-31 14:03:27 by anna: the gauge lies").count(), 2);
        assert_eq!(harness.query_all_by_label("at the gate").count(), 2);
        assert!(harness.query_by_label("Give Pump 1 to the gate").is_none());
        click(&mut harness, "Show Pump 1", Some(Action::FlyTo(TwinId(1))));
        click(&mut harness, "Release Pump 2…", Some(Action::AskRelease(TwinId(2))));
        click(&mut harness, "Close", None);
    }

    #[test]
    fn what_is_isolated_on_this_desktop_only_says_so_and_is_given_to_a_gate() {
        let here = IsolatedRow { at_gate: false, give: Some(None), ..row(1, "Pump 1") };
        let mut harness = list(vec![here]);
        harness.get_by_label("this desktop only");
        let want = Action::Isolate(TwinId(1), "the gauge lies".to_owned());
        click(&mut harness, "Give Pump 1 to the gate", Some(want));
    }

    #[test]
    fn who_may_not_release_finds_the_button_off_and_nothing_isolated_is_said() {
        let kept = IsolatedRow { cannot_release: Some("The gate is not there.".to_owned()), ..row(1, "Pump 1") };
        let harness = list(vec![kept]);
        assert!(harness.get_by_label("Release Pump 1…").accesskit_node().is_disabled());
        list(Vec::new()).get_by_label("Nothing is isolated.");
    }

    #[test]
    fn the_list_is_gone_through_by_the_keyboard() {
        let mut harness = list(vec![row(1, "Pump 1")]);
        assert!(harness.get_by_label("Show Pump 1").accesskit_node().is_focused());
        let mut press = |key| {
            harness.key_press(key);
            harness.run_steps(2);
            harness.state_mut().1.take()
        };
        assert_eq!(press(egui::Key::Enter), Some(Some(Action::FlyTo(TwinId(1)))));
        assert_eq!(press(egui::Key::Tab), None);
        assert_eq!(press(egui::Key::Enter), Some(Some(Action::AskRelease(TwinId(1)))));
        assert_eq!(press(egui::Key::Tab), None);
        assert_eq!(press(egui::Key::Enter), Some(None));
        assert_eq!(press(egui::Key::Tab), None);
        assert_eq!(press(egui::Key::Enter), Some(Some(Action::FlyTo(TwinId(1)))));
    }
}
