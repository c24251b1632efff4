//! A sequence: its steps with how far each has come, run step by step or through, edited while it stands.

use egui::{Align, Align2, Layout, RichText, Sense, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::tree::{empty_ui, painted_text};
use super::super::{format, icons, theme};
use crate::command::{Pace, SequenceRequest, Step};
use crate::signal::Value;
use crate::site::CommandId;

/// Seconds of a wait that is added.
const WAIT_SECS: f64 = 5.0;

/// All that the panel shows.
#[derive(Debug, Clone, Default)]
pub(in crate::panels) struct SequenceRows {
    /// Files beside the site: the name on the screen, and what opens it.
    pub files: Vec<(String, SequenceRequest)>,
    /// The name of what is open. `None`: nothing is.
    pub name: Option<String>,
    /// What it does; may be empty.
    pub about: String,
    /// It was edited and not saved.
    pub edited: bool,
    /// An edit can be undone.
    pub can_undo: bool,
    /// Its steps.
    pub steps: Vec<StepRow>,
    /// A run is under way.
    pub running: bool,
    /// The run waits for a person: for the next step, or to go on.
    pub waits: bool,
    /// A command of the run that needs the passphrase.
    pub wants: Option<(CommandId, Value)>,
    /// Why the last thing asked for did not happen. `None`: it did.
    pub problem: Option<String>,
    /// Why nothing can be run now. `None`: it can.
    pub cannot_run: Option<String>,
    /// What saves it. `None`: there is nothing to save.
    pub save: Option<SequenceRequest>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct StepRow {
    /// What it does, in words.
    pub text: String,
    /// How far it has come, in words.
    pub state: String,
    /// For its sign.
    pub mark: StepMark,
}

/// How far a step has come, for its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::panels) enum StepMark {
    /// It has not begun.
    Ahead,
    /// It is under way.
    UnderWay,
    /// It is done.
    Done,
    /// It failed.
    Failed,
}

/// What is typed into the panel.
#[derive(Debug, Clone, Default)]
pub(in crate::panels) struct SequenceState {
    /// A name that is being written. `None`: none is.
    name: Option<String>,
    /// A note that is being written.
    note: String,
}

fn ask(request: SequenceRequest) -> Option<Action> {
    Some(Action::Sequence(request))
}

/// Draws the panel; returns what was asked for.
pub(in crate::panels) fn sequence_ui(ui: &mut Ui, rows: &SequenceRows, state: &mut SequenceState) -> Option<Action> {
    let mut action = None;
    ui.horizontal(|ui| {
        action = files_ui(ui, rows).or(action.take());
        if rows.name.is_some() {
            action = run_ui(ui, rows).or(action.take());
        }
    });
    if let Some(why) = &rows.problem {
        ui.add(egui::Label::new(RichText::new(format::sentence(why)).color(theme::ALARM)).wrap());
    }
    let Some(name) = &rows.name else {
        empty_ui(
            ui,
            "A sequence is commands one after the other, each confirmed before the next. Open one, or make a new one and add commands to it from the inspector.",
        );
        return action;
    };
    action = name_ui(ui, rows, name, state).or(action);
    let area = egui::ScrollArea::vertical().auto_shrink(false).id_salt("sequence");
    area.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (at, row) in rows.steps.iter().enumerate() {
            action = step_ui(ui, rows, at, row).or(action.take());
        }
        if rows.steps.is_empty() {
            let text = "No steps yet. Select a pump or a valve: each of its commands has a + while a sequence is open.";
            ui.add(egui::Label::new(RichText::new(text).color(theme::WEAK)).wrap());
        }
        if !rows.running {
            ui.add_space(theme::STEP);
            action = add_ui(ui, state).or(action.take());
        }
    });
    action
}

fn files_ui(ui: &mut Ui, rows: &SequenceRows) -> Option<Action> {
    let mut action = None;
    let menu = ui.menu_button("Open", |ui| {
        if rows.files.is_empty() {
            ui.label(RichText::new("There are no sequences beside this site yet.").color(theme::WEAK));
        }
        for (name, request) in &rows.files {
            if ui.button(name).clicked() {
                action = ask(request.clone());
                ui.close();
            }
        }
    });
    if menu.response.clicked() {
        action = ask(SequenceRequest::List);
    }
    if ui.add_enabled(!rows.running, egui::Button::new("New")).clicked() {
        action = ask(SequenceRequest::New);
    }
    let save = ui.add_enabled(rows.edited && rows.save.is_some(), egui::Button::new("Save"));
    if save.on_hover_text("Writes it to the folder `sequences` beside the site.").clicked() {
        action = rows.save.clone().and_then(ask);
    }
    let undo = ui.add_enabled(rows.can_undo && !rows.running, egui::Button::new("Undo"));
    if undo.on_hover_text("Undoes the last edit of the sequence.").clicked() {
        action = ask(SequenceRequest::Undo);
    }
    action
}

fn run_ui(ui: &mut Ui, rows: &SequenceRows) -> Option<Action> {
    let mut action = None;
    let can = rows.cannot_run.is_none();
    let why = rows.cannot_run.as_deref().unwrap_or_default();
    ui.separator();
    if !rows.running {
        let through = ui.add_enabled(can, egui::Button::new("Run through"));
        let through = through.on_hover_text("Each step follows the one before it, as soon as that is confirmed.");
        if through.on_disabled_hover_text(why).clicked() {
            action = ask(SequenceRequest::Start(Pace::Through));
        }
        let stepwise = ui.add_enabled(can, egui::Button::new("Step by step"));
        if stepwise.on_hover_text("Each step waits for you.").on_disabled_hover_text(why).clicked() {
            action = ask(SequenceRequest::Start(Pace::Stepwise));
        }
        return action;
    }
    if let Some((command, value)) = &rows.wants {
        let button = egui::Button::new("Give the passphrase…").selected(true);
        if ui.add_enabled(can, button).on_disabled_hover_text(why).clicked() {
            action = Some(Action::Ask(*command, value.clone()));
        }
    } else {
        let button = egui::Button::new("Next step").selected(rows.waits);
        if ui.add_enabled(rows.waits, button).clicked() {
            action = ask(SequenceRequest::Step);
        }
    }
    if ui.button("Stop").on_hover_text("Nothing more is sent. What was sent is sent.").clicked() {
        action = ask(SequenceRequest::Stop);
    }
    action
}

fn name_ui(ui: &mut Ui, rows: &SequenceRows, name: &str, state: &mut SequenceState) -> Option<Action> {
    let mut renamed = None;
    ui.horizontal(|ui| {
        let text = state.name.get_or_insert_with(|| name.to_owned());
        let field = egui::TextEdit::singleline(text).desired_width(260.0).font(egui::TextStyle::Body);
        let response = ui.add_enabled(!rows.running, field);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::TextEdit, !rows.running, "Name"));
        if response.lost_focus() && text.trim() != name && !text.trim().is_empty() {
            renamed = ask(SequenceRequest::Rename(text.trim().to_owned()));
        }
        if !response.has_focus() {
            state.name = None;
        }
        if rows.edited {
            ui.label(RichText::new("not saved").small().color(theme::WARNING));
        }
        ui.add(egui::Label::new(RichText::new(&rows.about).small().color(theme::WEAK)).truncate());
    });
    renamed
}

fn step_ui(ui: &mut Ui, rows: &SequenceRows, at: usize, row: &StepRow) -> Option<Action> {
    let mut action = None;
    ui.horizontal(|ui| {
        ui.set_height(theme::ROW);
        ui.spacing_mut().item_spacing.x = theme::STEP;
        let (rect, _) = ui.allocate_exact_size(vec2(40.0, theme::ROW), Sense::hover());
        let number = format!("{}", at + 1);
        ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, number, theme::small(), theme::WEAK);
        mark(ui, pos2(rect.left() + 28.0, rect.center().y), row.mark);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if !rows.running {
                if icons::button(ui, "Remove this step", icons::cross).clicked() {
                    action = ask(SequenceRequest::Remove(at));
                }
                for (name, up) in [("Later", false), ("Earlier", true)] {
                    let can = if up { at > 0 } else { at + 1 < rows.steps.len() };
                    ui.add_enabled_ui(can, |ui| {
                        let arrow = |painter: &egui::Painter, at, color| icons::arrow(painter, at, up, color);
                        if icons::button(ui, name, arrow).clicked() {
                            action = ask(SequenceRequest::Move(at, up));
                        }
                    });
                }
            }
            let ink = if row.mark == StepMark::Failed { theme::ALARM } else { theme::WEAK };
            ui.label(RichText::new(&row.state).small().color(ink));
            let (rest, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW), Sense::hover());
            response.widget_info(|| {
                let label = format!("Step {}: {} {}", at + 1, row.text, row.state);
                egui::WidgetInfo::labeled(egui::WidgetType::Label, true, label)
            });
            let ink = if row.mark == StepMark::Ahead { theme::TEXT } else { theme::STRONG };
            painted_text(ui, rest, &row.text, ink, Align2::LEFT_CENTER);
        });
    });
    action
}

fn mark(ui: &Ui, at: egui::Pos2, mark: StepMark) {
    let painter = ui.painter();
    match mark {
        StepMark::Ahead => drop(painter.circle_stroke(at, 4.0, egui::Stroke::new(1.2, theme::WEAK))),
        StepMark::UnderWay => icons::play(painter, at, theme::ACCENT),
        StepMark::Done => icons::check(painter, at, crate::command::Verdict::Passed),
        StepMark::Failed => icons::cross(painter, at, theme::ALARM),
    }
}

fn add_ui(ui: &mut Ui, state: &mut SequenceState) -> Option<Action> {
    let mut action = None;
    ui.horizontal(|ui| {
        ui.label(RichText::new("Add").small().color(theme::WEAK));
        if ui.button(format!("a wait of {}", format::span(WAIT_SECS))).clicked() {
            let wait = std::time::Duration::from_secs_f64(WAIT_SECS);
            action = ask(SequenceRequest::Push(Step::Wait(wait)));
        }
        let field = egui::TextEdit::singleline(&mut state.note).hint_text("a note at which it waits for you");
        let response = ui.add(field.desired_width(240.0));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::TextEdit, true, "Note"));
        let entered = response.lost_focus() && ui.input(|it| it.key_pressed(egui::Key::Enter));
        let note = state.note.trim();
        if (ui.add_enabled(!note.is_empty(), egui::Button::new("Add the note")).clicked() || entered)
            && !note.is_empty()
        {
            action = ask(SequenceRequest::Push(Step::Tell(note.to_owned())));
            state.note.clear();
        }
    });
    action
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;

    #[test]
    fn a_sequence_tells_each_step_and_runs_and_stops_by_its_buttons() {
        let shown = (false, None::<Action>);
        let mut harness = Harness::new_ui_state(
            |ui, (running, asked): &mut (bool, Option<Action>)| {
                let step =
                    |text: &str, state: &str, mark| StepRow { text: text.to_owned(), state: state.to_owned(), mark };
                let rows = SequenceRows {
                    name: Some("Change over".to_owned()),
                    steps: vec![
                        step("Pump 3 · Start / stop: on", "done after 2 s", StepMark::Done),
                        step("Wait 5 s", "3 s left", StepMark::UnderWay),
                    ],
                    running: *running,
                    ..SequenceRows::default()
                };
                *asked = sequence_ui(ui, &rows, &mut SequenceState::default()).or(asked.take());
            },
            shown,
        );
        harness.get_by_label("Step 2: Wait 5 s 3 s left");
        harness.get_by_label("Run through").click();
        harness.run();
        assert_eq!(harness.state().1, Some(Action::Sequence(SequenceRequest::Start(Pace::Through))));
        harness.state_mut().0 = true;
        harness.run();
        assert!(harness.query_by_label("Remove this step").is_none(), "what runs is not edited");
        harness.get_by_label("Stop").click();
        harness.run();
        assert_eq!(harness.state().1, Some(Action::Sequence(SequenceRequest::Stop)));
    }
}
