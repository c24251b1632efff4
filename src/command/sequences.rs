//! Sequences in the world: reading and editing them, and running one against the plant as it is now.
//!
//! A run sends nothing in a replay, nor while the view looks back: it stops there, and says so. A command that needs a
//! passphrase waits for a person.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use bevy::prelude::*;

use super::ask::Rehearsal;
use super::checks::class_of;
use super::life::Phase;
use super::log::{Ask, CommandLog};
use super::look::{Live, Look as _};
use super::sequence::{Pace, Run, Seen, Sequence, Step, StepState};
use crate::session::{CurrentSite, Cursor, CursorMode, Session};
use crate::signal::{Timestamp, Value};
use crate::site::doc::Class;
use crate::site::{CommandId, Input, Site};

/// Edits that can be undone.
const MAX_UNDO: usize = 100;
/// The folder beside a site's file where its sequences stand.
pub const FOLDER: &str = "sequences";

/// The sequence that is open, and how far it has run. Written by this folder alone.
#[derive(Resource, Debug, Default)]
pub struct Sequences {
    /// Files beside the site.
    pub files: Vec<PathBuf>,
    /// What is open. `None`: nothing is.
    pub open: Option<Arc<Sequence>>,
    /// It was edited and not saved.
    pub edited: bool,
    /// Its run. `None`: it has not run, or was edited since.
    pub run: Option<Run>,
    /// A command of the run that waits for a person to give the passphrase.
    pub wants: Option<(CommandId, Value)>,
    /// Why the last thing that was asked for did not happen, for a person.
    pub problem: Option<String>,
    undo: Vec<Arc<Sequence>>,
}

/// A request about sequences. Panels write it.
#[derive(Message, Debug, Clone, PartialEq)]
pub enum SequenceRequest {
    /// Look which files there are.
    List,
    /// Read a file.
    Open(PathBuf),
    /// Begin an empty one.
    New,
    /// Call it otherwise.
    Rename(String),
    /// Add a step at the end.
    Push(Step),
    /// Take a step out; counted from 0.
    Remove(usize),
    /// Move a step by one; up if true.
    Move(usize, bool),
    /// Undo the last edit.
    Undo,
    /// Write it to a file.
    Save(PathBuf),
    /// Begin a run.
    Start(Pace),
    /// The next step, or on after what was told.
    Step,
    /// Stop the run. What was sent is sent.
    Stop,
}

impl Sequences {
    /// Whether a run is under way: nothing can be edited then.
    pub fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(Run::is_open)
    }

    /// Whether there is an edit to undo.
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    fn edit(&mut self, change: impl FnOnce(&mut Sequence)) {
        if self.is_running() {
            self.problem = Some("it runs: stop it before it is edited".to_owned());
            return;
        }
        let before = self.open.clone().unwrap_or_else(|| Arc::new(empty()));
        let mut after = (*before).clone();
        change(&mut after);
        if after == *before && self.open.is_some() {
            return;
        }
        self.undo.push(before);
        if self.undo.len() > MAX_UNDO {
            self.undo.remove(0);
        }
        self.open = Some(Arc::new(after));
        self.edited = true;
        self.run = None;
    }

    fn apply(&mut self, request: SequenceRequest, site: &Site, cannot_run: Option<&str>, now: Timestamp) {
        self.problem = None;
        match request {
            SequenceRequest::List => self.files = files(site),
            SequenceRequest::Open(_) | SequenceRequest::New if self.is_running() => {
                self.problem = Some("a sequence runs: stop it first".to_owned());
            }
            SequenceRequest::Open(path) => match Sequence::load(&path, site) {
                Ok(sequence) => {
                    *self =
                        Self { files: std::mem::take(&mut self.files), open: Some(sequence.into()), ..Self::default() };
                }
                Err(error) => self.problem = Some(told(&error)),
            },
            SequenceRequest::New => {
                *self = Self { files: std::mem::take(&mut self.files), open: Some(empty().into()), ..Self::default() };
            }
            SequenceRequest::Rename(name) => self.edit(|it| it.name = name),
            SequenceRequest::Push(step) => self.edit(|it| it.steps.push(step)),
            SequenceRequest::Remove(at) => self.edit(|it| {
                if at < it.steps.len() {
                    it.steps.remove(at);
                }
            }),
            SequenceRequest::Move(at, up) => self.edit(|it| {
                let to = if up { at.checked_sub(1) } else { at.checked_add(1) };
                if let Some(to) = to.filter(|to| *to < it.steps.len() && at < it.steps.len()) {
                    it.steps.swap(at, to);
                }
            }),
            SequenceRequest::Undo => {
                if let Some(before) = self.undo.pop().filter(|_| !self.run.as_ref().is_some_and(Run::is_open)) {
                    self.open = Some(before);
                    self.edited = true;
                    self.run = None;
                }
            }
            SequenceRequest::Save(path) => self.save(path, site),
            SequenceRequest::Start(pace) => match (&self.open, cannot_run) {
                (_, Some(why)) => self.problem = Some(why.to_owned()),
                (Some(open), None) if !open.steps.is_empty() => {
                    if !self.is_running() {
                        self.run = Some(Run::new(Arc::clone(open), pace));
                    }
                }
                (_, None) => self.problem = Some("there are no steps to run: add some".to_owned()),
            },
            SequenceRequest::Step => {
                if let Some(run) = &mut self.run {
                    run.step(now);
                }
            }
            SequenceRequest::Stop => self.stop(None),
        }
    }

    fn save(&mut self, path: PathBuf, site: &Site) {
        let Some(open) = &self.open else { return };
        let folder = path.parent().map(fs::create_dir_all).unwrap_or(Ok(()));
        let saved =
            folder.map_err(|error| error.to_string()).and_then(|()| open.save(&path, site).map_err(|it| told(&it)));
        match saved {
            Ok(()) => {
                self.open = Some(Arc::new(Sequence { path: Some(path), ..(**open).clone() }));
                self.edited = false;
                self.files = files(site);
            }
            Err(why) => self.problem = Some(why),
        }
    }

    fn stop(&mut self, why: Option<&str>) {
        if let Some(run) = self.run.as_mut().filter(|it| it.is_open()) {
            run.stop();
            self.wants = None;
            self.problem = why.map(str::to_owned);
        }
    }
}

fn empty() -> Sequence {
    Sequence { path: None, name: "New sequence".to_owned(), about: String::new(), steps: Vec::new() }
}

fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |it| it.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The sequences that stand beside a site's file, by name.
fn files(site: &Site) -> Vec<PathBuf> {
    let entries = fs::read_dir(site.folder.join(FOLDER)).into_iter().flatten().flatten().map(|it| it.path());
    let mut files: Vec<PathBuf> = entries.filter(|it| it.extension().is_some_and(|it| it == "ron")).collect();
    files.sort();
    files
}

/// Does what was asked for.
pub(super) fn take_requests(
    site: Res<CurrentSite>,
    session: Res<Session>,
    cursor: Res<Cursor>,
    rehearsal: Rehearsal,
    mut requests: MessageReader<SequenceRequest>,
    mut sequences: ResMut<Sequences>,
) {
    let cannot_run = cannot_run(&session, &cursor);
    for request in requests.read() {
        sequences.apply(request.clone(), &site, cannot_run, rehearsal.now());
    }
}

/// A run goes on as far as it can.
pub(super) fn run(
    site: Res<CurrentSite>,
    session: Res<Session>,
    cursor: Res<Cursor>,
    log: Res<CommandLog>,
    rehearsal: Rehearsal,
    mut sequences: ResMut<Sequences>,
    mut asks: MessageWriter<Ask>,
) {
    if !sequences.is_running() {
        return;
    }
    if let Some(why) = cannot_run(&session, &cursor) {
        sequences.stop(Some(why));
        return;
    }
    let eyes = Eyes { log: &log, live: rehearsal.live() };
    let Sequences { run: Some(run), wants, .. } = &mut *sequences else { return };
    if let Some((command, value)) = run.go_on(rehearsal.now(), &eyes) {
        let reaches_far = site.command(command).is_some_and(|it| class_of(it, &value) >= Class::C2);
        if reaches_far {
            *wants = Some((command, value));
        } else {
            asks.write(Ask::new(command, value));
        }
    }
    // What a person was wanted for is under way, or over.
    let asked = |(command, value): &(CommandId, Value)| {
        let since = run.at().and_then(|it| match run.states[it] {
            StepState::UnderWay { since } => Some(since),
            StepState::Ahead | StepState::Done { .. } | StepState::Failed { .. } => None,
        });
        since.is_none_or(|it| eyes.phase(*command, value, it).is_some_and(|it| it.0 != Phase::Checked))
    };
    if wants.as_ref().is_some_and(asked) {
        *wants = None;
    }
}

fn cannot_run(session: &Session, cursor: &Cursor) -> Option<&'static str> {
    if session.is_replay() {
        return Some("this is a recording: no sequence is ever sent from one");
    }
    (cursor.mode != CursorMode::Live).then_some("the view does not show now: go live first")
}

struct Eyes<'a> {
    log: &'a CommandLog,
    live: Live<'a>,
}

impl Seen for Eyes<'_> {
    fn phase(&self, command: CommandId, value: &Value, since: Timestamp) -> Option<(Phase, String)> {
        let row = self.log.newest_for(command)?;
        let is_it = row.is_mine && row.asked >= since && row.desired == *value;
        let why = || row.reason.clone().unwrap_or_else(|| row.phase.label().to_owned());
        is_it.then(|| (row.phase, why()))
    }

    fn look(&self, input: Input) -> Option<Value> {
        self.live.input(input, Class::C0)
    }
}
