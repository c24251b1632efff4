//! What the panels read of trust, taint and quarantine, and the notes that tell of it.

use bevy::prelude::*;

use super::dock::Desk;
use super::facts::Facts;
use super::format;
use super::taint::{HopRow, TaintRows};
use super::toasts::Tone;
use super::trust_section::{IsolationRow, TrustRows};
use crate::command::{Check, What};
use crate::guard::{Hop, Node, QuarantineRefused, Tainted, Tie, may_isolate, name_of, twin_of};
use crate::session::CurrentSite;
use crate::signal::SignalId;
use crate::site::{AlarmId, Command, CommandId, TwinId};
use crate::twin::{Isolation, QuarantineEvent};

impl Facts<'_, '_> {
    /// All that is said of a twin's trust.
    pub(super) fn trust_rows(&self, twin: TwinId) -> TrustRows {
        let trusted = self.trust_of.of(twin);
        let isolation = self.quarantine.isolation_of(&self.site, twin);
        TrustRows {
            standing: trusted.worst,
            share: trusted.share_text(),
            taint: self.taint_of_twin(twin),
            isolation: isolation.map(|it| self.isolation_row(it, twin)),
            cannot: self.cannot_isolate(),
        }
    }

    /// Why nothing can be isolated or released now. `None`: it can.
    pub(super) fn cannot_isolate(&self) -> Option<String> {
        if self.session.is_replay() {
            return Some("This is a recording: nothing can be isolated or released.".to_owned());
        }
        if !self.is_live() {
            return Some("The view shows the past: go live to isolate or release.".to_owned());
        }
        may_isolate(&self.operator).err().map(|it| format::sentence(&it.to_string()))
    }

    /// Why a twin must not be relied on. `None`: nothing speaks against it.
    pub(super) fn taint_of_twin(&self, twin: TwinId) -> Option<TaintRows> {
        // That an isolated twin does not rely on itself goes without saying.
        let isolated = self.quarantine.isolation_of(&self.site, twin).is_some();
        let is_own = |it: &Tainted| isolated && self.quarantine.is_isolated(it.culprit);
        self.taint.of_twin(twin).filter(|it| !is_own(it)).map(|it| self.taint_rows(&it))
    }

    /// Why what an alarm says must not be relied on. `None`: nothing speaks against it.
    pub(super) fn taint_of_alarm(&self, alarm: AlarmId) -> Option<TaintRows> {
        self.taint.of_alarm(alarm).map(|it| self.taint_rows(&it))
    }

    /// The same of an expectation, by its place in the site's list.
    pub(super) fn taint_of_expectation(&self, index: usize) -> Option<TaintRows> {
        self.taint.of_expectation(index).map(|it| self.taint_rows(&it))
    }

    /// The same of a command, with all that it looks at.
    pub(super) fn taint_of_command(&self, command: CommandId) -> Option<TaintRows> {
        self.taint.of_command(command).map(|it| self.taint_rows(&it))
    }

    /// The same of one check of a command: of an interlock by what its condition looks at, of a step by what is reported.
    pub(super) fn taint_of_check(&self, command: &Command, check: &Check) -> Option<TaintRows> {
        let is_culprit = |it: &SignalId| self.taint.culprit(*it).is_some();
        let (culprit, by) = match check.what {
            What::Interlock => {
                let mut interlocks = command.interlocks.iter().filter(|it| *it.holds.text == *check.limit);
                let culprit = interlocks.find_map(|it| it.holds.inputs.iter().map(|it| it.signal()).find(is_culprit));
                (culprit?, Tie::Interlock)
            }
            What::Step | What::Sum => (Some(command.reports).filter(is_culprit)?, Tie::Reports),
            What::Signature
            | What::Time
            | What::Once
            | What::Command
            | What::Value
            | What::Authority
            | What::Reservation
            | What::Approval
            | What::Dwell
            | What::Starts
            | What::Exclusion
            | What::Execution
            | What::Device
            | What::Audit => return None,
        };
        Some(self.taint_rows(&Tainted { culprit, hops: vec![Hop { node: Node::Signal(culprit), by }] }))
    }

    fn taint_rows(&self, tainted: &Tainted) -> TaintRows {
        let name = name_of(Node::Signal(tainted.culprit), &self.site);
        let standing = self.taint.culprit(tainted.culprit).map_or("not to be believed", |it| it.standing.label());
        let hop = |it: &Hop| HopRow {
            name: name_of(it.node, &self.site),
            tie: it.by.label(),
            twin: twin_of(it.node, &self.site),
        };
        TaintRows {
            says: format!("Do not rely on it: it depends on {name}, which is {standing}."),
            hops: tainted.hops.iter().map(hop).collect(),
            culprit: tainted.culprit,
        }
    }

    fn isolation_row(&self, isolation: &Isolation, twin: TwinId) -> IsolationRow {
        let Isolation { who, why, at, .. } = isolation;
        let whole = (isolation.twin != twin).then(|| name_of(Node::Twin(isolation.twin), &self.site));
        let with = whole.as_ref().map_or_else(String::new, |it| format!(" with {it}"));
        let since = self.pulse.clock.date_time(*at);
        IsolationRow {
            says: format!("Isolated{with} since {since} by {who}: {why}"),
            whole: whole.map(|it| (isolation.twin, it)),
        }
    }
}

/// What was isolated, released or refused is told.
pub(super) fn tell_quarantine(
    time: Res<Time<Real>>,
    site: Res<CurrentSite>,
    mut done: MessageReader<QuarantineEvent>,
    mut refused: MessageReader<QuarantineRefused>,
    mut desk: ResMut<Desk>,
) {
    let now = time.elapsed_secs_f64();
    for event in done.read() {
        let name = name_of(Node::Twin(event.twin()), &site);
        let (text, tone) = match event {
            QuarantineEvent::Isolated(_) => (format!("{name} is isolated: nothing relies on it."), Tone::Warning),
            QuarantineEvent::Released(_) => (format!("{name} is released."), Tone::Plain),
        };
        desk.toasts.add(text, tone, now);
    }
    for QuarantineRefused { twin, why } in refused.read() {
        let name = name_of(Node::Twin(*twin), &site);
        desk.toasts.add(format!("{name}: {why}"), Tone::Warning, now);
    }
}

#[cfg(test)]
mod tests {
    use egui::vec2;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::super::actions::Action;
    use super::super::alarms::why_ui;
    use super::super::alarms::{AlarmsRows, AlarmsState, FiguresRows, alarms_panel_ui, alarms_section_ui};
    use super::super::commands::checks::rehearsal_ui;
    use super::super::commands::confirm::{Confirmation, Decision, confirm_ui};
    use super::super::plot::PlotState;
    use super::super::plot_legend::legend_ui;
    use super::super::plot_panel::PlotTime;
    use super::super::scene::Scene;
    use super::super::taint::TAINTED;
    use super::super::tree::{TreeState, tree_panel_ui};
    use super::*;
    use crate::signal::Value;
    use crate::twin::Standing;

    /// What a panel is drawn by.
    type Draw = fn(&mut egui::Ui, &Facts) -> Vec<Action>;

    /// A plant whose pump has told the truth, with its alarm raised; and then lied, where it is to.
    fn scene(lies: bool) -> Scene {
        let mut scene = Scene::live();
        let speed = scene.signal("pump/speed");
        scene.say("tank/level", 3.0);
        scene.say("pump/speed", 1480.0);
        scene.until_shown(speed, 1480.0);
        scene.until("the alarm is raised", |it| !it.alarms.standing().is_empty());
        if lies {
            scene.forge("pump/speed", 66.0);
            scene.until("it is refused", |it| it.readings.get(speed).standing == Standing::Rejected);
            scene.until("what relies on it is tainted", |it| it.taint.n() > 0);
        }
        scene
    }

    fn drawn(scene: Scene, draw: Draw) -> Harness<'static, Scene> {
        let mut harness = Harness::builder().with_size(vec2(900.0, 600.0)).build_ui_state(
            move |ui, scene: &mut Scene| {
                let asked = scene.read(|facts| draw(ui, facts));
                scene.asked.extend(asked);
            },
            scene,
        );
        harness.run_steps(3);
        harness
    }

    /// A mark says the way, and a click on it leads to the culprit; where nobody lies there is none.
    #[track_caller]
    fn check(draw: Draw, label: &str) {
        let calm = drawn(scene(false), draw);
        assert!(calm.query_by_label_contains(TAINTED).is_none(), "nobody lies: {label}");
        let mut harness = drawn(scene(true), draw);
        let speed = harness.state_mut().signal("pump/speed");
        harness.get_by_label(label).click();
        harness.run_steps(2);
        assert_eq!(harness.state().asked, [Action::Culprit(speed)], "{label}");
    }

    fn alarms(ui: &mut egui::Ui, facts: &Facts) -> Vec<Action> {
        let rows = AlarmsRows {
            keys: facts.alarm_keys(),
            words: &|it| facts.alarm_row(it),
            flood: None,
            found: false,
            searching: false,
            problem: None,
            cannot_act: None,
            described: 1,
            entries: 0,
            entry: &|at| facts.journal_row(at),
            figures: &FiguresRows::default,
            reduced_motion: true,
        };
        alarms_panel_ui(ui, &rows, &mut AlarmsState::default())
    }

    #[test]
    fn an_alarm_that_was_judged_on_what_is_not_to_be_believed_says_so_wherever_it_stands() {
        let label = format!("Pump · Fast {TAINTED}: Pump · Speed (looked at by its condition)");
        check(alarms, &label);
        let row = drawn(scene(true), alarms);
        assert!(row.query_by_label_contains(&format!("Pump Fast, 1\u{2009}480\u{a0}rpm, {TAINTED}")).is_some());
        let brief: Draw = |ui, facts| {
            let pump = facts.site.twin_at("pump").unwrap().id;
            alarms_section_ui(ui, &facts.brief_rows(pump)).into_iter().collect()
        };
        check(brief, &label.replace("Pump · Fast", "Fast"));
    }

    #[test]
    fn the_card_of_an_alarm_tells_the_way_and_how_far_each_input_may_be_believed() {
        let why: Draw = |ui, facts| {
            let mut asked = Vec::new();
            why_ui(ui, &facts.why_card(facts.site.alarms[0].id).unwrap(), &mut asked);
            asked
        };
        check(why, "Go to what spoils it");
        let card = drawn(scene(true), why);
        assert!(card.query_by_label("Step 1: Pump · Speed, looked at by its condition").is_some());
        assert!(card.query_by_label_contains("1\u{2009}480\u{a0}rpm now rejected").is_some());
    }

    #[test]
    fn a_check_that_looks_at_what_is_not_to_be_believed_says_so_in_the_inspector_and_in_the_dialog() {
        let form: Draw = |ui, facts| {
            let command = &facts.site.commands[0];
            let rehearsal = facts.rehearse(command.id, &Value::Number(100.0)).unwrap();
            rehearsal_ui(ui, &command.name, &rehearsal, &mut true).into_iter().collect()
        };
        check(form, &format!("interlock {TAINTED}: Pump · Speed (an interlock of it)"));
        let dialog: Draw = |ui, facts| {
            let (command, value) = (&facts.site.commands[0], Value::Number(100.0));
            let rehearsal = facts.rehearse(command.id, &value).unwrap();
            let row = facts.confirm_row(command, &value, "Ada", &rehearsal);
            match confirm_ui(ui, &row, &mut Confirmation::new(command.id, value.clone())) {
                Some(Decision::See(action)) => vec![action],
                Some(Decision::Ask(_) | Decision::Cancel) | None => Vec::new(),
            }
        };
        check(dialog, &format!("interlock {TAINTED}: Pump · Speed (an interlock of it)"));
    }

    #[test]
    fn the_tree_marks_what_relies_on_a_culprit_elsewhere() {
        let tree: Draw = |ui, facts| {
            let mut state = TreeState::default();
            let rows = facts.tree_rows(&state);
            tree_panel_ui(ui, &rows, &mut state, None, None, &|it| facts.taint_of_twin(it)).into_iter().collect()
        };
        check(tree, &format!("Tank {TAINTED}: Pump (flows into it) ← Pump · Speed (measured on it)"));
        let rows = drawn(scene(true), tree);
        assert!(rows.query_by_label_contains(&format!("Pump {TAINTED}")).is_none(), "its shield says it");
    }

    #[test]
    fn a_plotted_signal_that_is_not_to_be_believed_leads_to_where_it_comes_from() {
        let legend: Draw = |ui, facts| {
            let speed = facts.site.signal_at("pump/speed").unwrap().id;
            let mut plot = PlotState::default();
            plot.toggle(speed);
            let (cursor, clock) = (facts.cursor.at, &facts.pulse.clock);
            let time = PlotTime { cursor, live: true, clock, recalled: None };
            legend_ui(ui, &facts.series(&plot), &plot, time).into_iter().collect()
        };
        check(legend, "Where Pump · Speed comes from: rejected");
    }
}
