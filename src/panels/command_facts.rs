//! What the panels read of commands: who may ask, what the gate would say, what waits, and how far each has come.

use std::path::PathBuf;

use super::commands::approvals::ApprovalRow;
use super::commands::checks::{CheckRow, Rehearsal, in_words as check_in_words};
use super::commands::confirm::ConfirmRow;
use super::commands::form::{Life, in_words};
use super::commands::sequence::{SequenceRows, StepMark, StepRow};
use super::commands::sign_in::AccountRow;
use super::diagnostics::{Diagnostic, of_signatures};
use super::facts::Facts;
use super::format;
use super::inspector::EmergencyStop;
use super::status_bar::OperatorLine;
use crate::command::{CommandRow, Run, SEQUENCES_FOLDER, SequenceRequest, Step, StepState, class_of, parts_of_stop};
use crate::link;
use crate::link::LinkState;
use crate::signal::{Unit, Value};
use crate::site::{Command, CommandId, Twin};

/// So much of a digest is shown.
const DIGEST_CHARS: usize = 12;

impl Facts<'_, '_> {
    /// Why nobody here can ask for anything. `None`: somebody can.
    pub(super) fn nobody_to_ask(&self) -> Option<String> {
        if let Some(why) = self.no_gate() {
            return Some(why);
        }
        match (self.operator.account(), self.operator.is_locked()) {
            (None, _) => Some("Nobody is signed in: press Ctrl+I to sign in.".to_owned()),
            (Some(it), true) => Some(format!("Locked by {}: press Ctrl+I to unlock.", it.name)),
            (Some(_), false) => None,
        }
    }

    /// What is wrong with keys, and what was said in the gate's name by others.
    pub(super) fn signature_diagnostics(&self) -> Vec<Diagnostic> {
        let of_keys = "Everything goes on by what was good before. `pollux keys check` tells more.";
        let mut all: Vec<Diagnostic> =
            self.session.keys_problems().iter().map(|it| of_signatures(it, it, of_keys)).collect();
        if let Some((count, why)) = self.gate.refused() {
            let hint =
                "It changed nothing here. Who may publish on the gate's topics? Is the gate's key in the registry?";
            all.push(of_signatures(why, &format!("{why} ({count} so far)"), hint));
        }
        all
    }

    /// Why the gate takes nothing. `None`: it does.
    fn no_gate(&self) -> Option<String> {
        if !self.gate.is_present()
            && let Some((_, why)) = self.gate.refused()
        {
            return Some(format!("What says that it is the gate is not believed: {why}"));
        }
        if !self.gate.is_present() {
            let how = "commands go through it, and through nothing else. Start one with: pollux gate SITE --broker URL";
            return Some(format!("There is no gate at this broker; {how}"));
        }
        self.gate.unfit().map(|why| format!("The gate refuses everything but emergency stops: {why}"))
    }

    pub(super) fn operator_line(&self) -> Option<OperatorLine> {
        let is_linked = self.session.link.as_ref().is_some_and(|it| matches!(it.state(), LinkState::Connected { .. }));
        if self.session.is_replay() || self.site.commands.is_empty() {
            return None;
        }
        let text = match (self.operator.account(), self.operator.is_locked()) {
            (None, _) => "nobody signed in".to_owned(),
            (Some(it), true) => format!("{}: locked", it.name),
            (Some(it), false) => format!("{} · {}", it.name, it.role.label()),
        };
        Some(OperatorLine {
            text,
            ready: self.operator.account().is_some() && !self.operator.is_locked(),
            demo: self.operator.is_demo(),
            no_gate: self.no_gate().filter(|_| is_linked),
            n_pending: self.log.pending().count(),
        })
    }

    pub(super) fn accounts(&self) -> Vec<AccountRow> {
        let row = |it: &crate::trust::Account| AccountRow {
            id: it.id.clone(),
            name: it.name.clone(),
            role: it.role,
            demo: it.demo,
        };
        self.operator.accounts().iter().filter(|it| !it.disabled).map(row).collect()
    }

    /// Who is signed in: `Ada (engineer)`.
    pub(super) fn who(&self) -> String {
        let account = self.operator.account();
        account.map_or_else(|| "nobody".to_owned(), |it| format!("{} ({})", it.name, it.role.label()))
    }

    pub(super) fn emergency_stop(&self, twin: &Twin) -> Option<EmergencyStop> {
        let does: Vec<String> = parts_of_stop(&self.site, &twin.emergency_stop)
            .map(|(command, value)| format!("{}: {}", self.title(command), self.words(command, &value)))
            .collect();
        let cannot = match self.session.link.as_ref().map(link::Link::state) {
            _ if self.session.is_replay() => Some("This is a recording: nothing can be sent.".to_owned()),
            Some(LinkState::Connected { .. }) if self.gate.is_present() => None,
            Some(LinkState::Connected { .. }) => self.no_gate(),
            _ => Some("There is no link: use the stop on the machine itself.".to_owned()),
        };
        (!does.is_empty()).then_some(EmergencyStop { does, cannot })
    }

    /// What the gate would say to a command with a value, as it is now.
    pub(super) fn rehearse(&self, command: CommandId, value: &Value) -> Option<Rehearsal> {
        let command = self.site.command(command)?;
        let row = |check| CheckRow { taint: self.taint_of_check(command, &check), check };
        let checks = self.rehearsal.checks(command, value).into_iter().map(row).collect();
        Some(Rehearsal { class: class_of(command, value), checks, taint: self.taint_of_command(command.id) })
    }

    /// A value as the command's buttons call it.
    fn words(&self, command: &Command, value: &Value) -> String {
        let signal = self.site.signal(command.reports);
        let unit = signal.map_or(Unit::NONE, |it| it.unit);
        in_words(value, &command.takes, unit, signal.and_then(|it| it.decimals))
    }

    fn title(&self, command: &Command) -> String {
        let twin = self.site.twin(command.twin).map_or("", |it| it.name.as_str());
        format!("{twin} · {}", command.name)
    }

    fn reported(&self, command: &Command) -> String {
        let value = self.reading_of(command).value.as_ref().map(|it| self.words(command, it));
        value.unwrap_or_else(|| "never seen".to_owned())
    }

    pub(super) fn confirm_row<'a>(
        &'a self,
        command: &'a Command,
        value: &Value,
        who: &'a str,
        rehearsal: &'a Rehearsal,
    ) -> ConfirmRow<'a> {
        ConfirmRow {
            title: self.title(command),
            from: self.reported(command),
            to: self.words(command, value),
            who,
            address: &command.address,
            reserved: self.log.open_for(command.id).is_some_and(|it| it.is_mine && it.reserved_until().is_some()),
            rehearsal,
        }
    }

    pub(super) fn approvals(&self) -> Vec<ApprovalRow> {
        let row = |row: &CommandRow| {
            let command = self.site.command(row.command)?;
            let until = row.approvable_until()?;
            let digest = row.waits.as_ref().map(|it| it.request.chars().take(DIGEST_CHARS).collect());
            Some(ApprovalRow {
                request: row.correlation.clone(),
                twin: row.twin,
                title: self.title(command),
                change: format!("{} to {}", self.reported(command), self.words(command, &row.desired)),
                who: row.who.clone(),
                class: row.class,
                digest: digest.unwrap_or_default(),
                left_secs: until.secs_since(self.cursor.at).max(0.0),
                own: row.is_mine && self.operator.account().is_some_and(|it| it.id == row.who),
                mismatch: row.mismatch.clone(),
                note: row.notes.last().cloned(),
            })
        };
        self.log.pending().filter_map(row).collect()
    }

    pub(super) fn sequence_rows(&self) -> SequenceRows {
        let sequences = &*self.sequences;
        let named = |it: &PathBuf| it.file_stem().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        let files = sequences.files.iter().map(|it| (named(it), SequenceRequest::Open(it.clone()))).collect();
        let Some(open) = &sequences.open else {
            return SequenceRows { files, problem: sequences.problem.clone(), ..SequenceRows::default() };
        };
        let run = sequences.run.as_ref();
        let states = run.map(|it| it.states.as_slice()).unwrap_or_default();
        let steps = open.steps.iter().enumerate().map(|(at, step)| self.step_row(step, states.get(at))).collect();
        let path = open.path.clone().unwrap_or_else(|| {
            let slug: String =
                open.name.to_lowercase().chars().map(|it| if it.is_alphanumeric() { it } else { '_' }).collect();
            self.site.folder.join(SEQUENCES_FOLDER).join(format!("{}.ron", slug.trim_matches('_')))
        });
        SequenceRows {
            files,
            name: Some(open.name.clone()),
            about: open.about.clone(),
            edited: sequences.edited,
            can_undo: sequences.can_undo(),
            steps,
            running: sequences.is_running(),
            waits: run.is_some_and(Run::waits_for_person),
            wants: sequences.wants.clone(),
            problem: sequences.problem.clone(),
            cannot_run: self.cannot_send(),
            save: (!open.steps.is_empty()).then_some(SequenceRequest::Save(path)),
        }
    }

    fn step_row(&self, step: &Step, state: Option<&StepState>) -> StepRow {
        let text = match step {
            Step::Command(command, value) => self.site.command(*command).map_or_else(
                || "a command that the site has no more".to_owned(),
                |it| format!("{}: {}", self.title(it), self.words(it, value)),
            ),
            Step::Wait(span) => format!("Wait {}", format::span(span.as_secs_f64())),
            Step::Until(condition, within) => {
                format!("Wait until {}, at most {}", condition.text, format::span(within.as_secs_f64()))
            }
            Step::Tell(text) => text.clone(),
        };
        let now = self.cursor.at;
        let (state, mark) = match state {
            None | Some(StepState::Ahead) => (String::new(), StepMark::Ahead),
            Some(StepState::UnderWay { since }) => match step {
                Step::Tell(_) => ("waits for you".to_owned(), StepMark::UnderWay),
                Step::Command(..) | Step::Wait(_) | Step::Until(..) => {
                    (format!("for {}", format::span(now.secs_since(*since).max(0.0))), StepMark::UnderWay)
                }
            },
            Some(StepState::Done { at }) => (format!("done {}", self.pulse.clock.time(*at)), StepMark::Done),
            Some(StepState::Failed { why, .. }) => (format::sentence(why), StepMark::Failed),
        };
        StepRow { text, state, mark }
    }

    /// How far a request has come, with all its times and checks.
    pub(super) fn life(&self, row: &CommandRow) -> Life {
        let clock = &self.pulse.clock;
        let start = row.sent.unwrap_or(row.asked);
        let end = row.ended.unwrap_or(self.cursor.at);
        let times = [
            ("asked", Some(row.asked)),
            ("checked", row.checked),
            ("sent", row.sent),
            ("answered", row.answered),
            ("ended", row.ended),
        ];
        let mut details: Vec<(&'static str, String)> =
            times.into_iter().filter_map(|(name, at)| Some((name, clock.time_millis(at?)))).collect();
        if row.phase.is_open() {
            details.push(("until", clock.time_millis(row.until)));
        }
        details.push(("class", row.class.label().to_owned()));
        details.push(("asked by", row.who.clone()));
        if !row.approved_by.is_empty() {
            details.push(("approved by", row.approved_by.join(", ")));
        }
        if let Some(cause) = row.cause {
            details.push(("cause", cause.name().to_owned()));
        }
        details.extend(row.notes.iter().map(|it| ("note", it.clone())));
        details.push(("correlation", row.correlation.clone()));
        details.extend(row.checks.iter().filter(|it| !it.passed()).map(|it| ("not passed", check_in_words(it))));
        let passed: Vec<&str> = row.checks.iter().filter(|it| it.passed()).map(|it| it.what.label()).collect();
        if !passed.is_empty() {
            details.push(("passed", passed.join(", ")));
        }
        Life {
            desired: row.desired.clone(),
            phase: row.phase,
            reason: row.reason.as_ref().map(|why| match row.cause {
                Some(cause) => format!("{why} [{}]", cause.name()),
                None => why.clone(),
            }),
            secs: end.secs_since(start).max(0.0),
            left_secs: row.phase.is_open().then(|| row.until.secs_since(self.cursor.at).max(0.0)),
            reserved: row.is_mine && row.reserved_until().is_some(),
            approvable: row.approvable_until().is_some(),
            correlation: row.correlation.clone(),
            details,
            at: row.asked,
        }
    }
}

/// Where the accounts of a run come from, for the dialog.
pub(super) fn source_of_accounts(is_demo: bool, count: usize) -> String {
    match (count, is_demo) {
        (0, _) => {
            "There are no accounts. Make some with `pollux operators new`, and start with --operators FILE.".to_owned()
        }
        (_, true) => "These accounts come with the demo. A plant's own stand in a file: --operators FILE.".to_owned(),
        (count, false) => format!("{count} of the operators' file."),
    }
}
