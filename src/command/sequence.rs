//! A sequence: commands one after the other, with waits and conditions between them. Pure: what it is in a file, and how far
//! it has come.
//!
//! A step begins only when the one before it is done, and a command is done only when telemetry has confirmed it. At the
//! first step that is not, all stops. Nothing is ever sent twice.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::life::Phase;
use crate::signal::{Timestamp, Value};
use crate::site::doc::TakesDoc;
use crate::site::{CommandId, Condition, Held, Input, Site, did_you_mean};

/// The longest wait, seconds.
const LONGEST: f64 = 86_400.0;
/// More steps than this are no sequence that a person oversees.
const MAX_STEPS: usize = 200;
/// A file larger than this is none, bytes.
const MAX_FILE: u64 = 1 << 20;

/// What stands in the file `NAME.ron`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SequenceDoc {
    /// The name on the screen.
    pub name: String,
    /// One or two sentences on what it does.
    #[serde(default)]
    pub about: String,
    /// One after the other.
    pub steps: Vec<StepDoc>,
}

/// One step in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum StepDoc {
    /// Sends a command and waits until telemetry confirms it.
    Command {
        /// Its address: `pumping.p1/run`.
        command: String,
        /// The value: a number, or 1 for on and 0 for off.
        value: f64,
    },
    /// Waits for some seconds.
    Wait(f64),
    /// Waits until a condition holds, at most for some seconds.
    Until {
        /// CEL over signals, by their whole addresses.
        holds: String,
        /// Seconds after which it has failed.
        within: f64,
    },
    /// Tells the person something and waits until they go on.
    Tell(String),
}

/// A sequence that fits its site.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// Where it was read from. `None`: it was put together here and is not saved.
    pub path: Option<PathBuf>,
    /// The name on the screen.
    pub name: String,
    /// What it does; may be empty.
    pub about: String,
    /// One after the other.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Sends a command and waits until telemetry confirms it.
    Command(CommandId, Value),
    /// Waits.
    Wait(Duration),
    /// Waits until a condition holds, at most so long.
    Until(Condition, Duration),
    /// Tells the person something and waits until they go on.
    Tell(String),
}

/// Why a file is no sequence for this site. Its text names the place and the mend.
#[derive(Debug, thiserror::Error)]
pub enum SequenceError {
    /// It cannot be read or written.
    #[error("{}", at.display())]
    Io {
        /// Which file.
        at: PathBuf,
        /// What the system says.
        #[source]
        why: std::io::Error,
    },
    /// It is no RON of the right shape.
    #[error("{}:{line}:{column}: {why}", at.display())]
    Syntax {
        /// Which file.
        at: PathBuf,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong.
        why: String,
    },
    /// A step does not fit the site.
    #[error("{}: step {step}: {why}", at.display())]
    Step {
        /// Which file.
        at: PathBuf,
        /// Counted from 1.
        step: usize,
        /// What is wrong.
        why: String,
    },
    /// There are none, or too many.
    #[error("{}: {count} steps (expected 1 to {MAX_STEPS})", at.display())]
    Count {
        /// Which file.
        at: PathBuf,
        /// How many.
        count: usize,
    },
}

impl Sequence {
    /// Reads a file and fits it to a site.
    pub fn load(path: &Path, site: &Site) -> Result<Self, SequenceError> {
        let io = |why| SequenceError::Io { at: path.to_owned(), why };
        if fs::metadata(path).map_err(io)?.len() > MAX_FILE {
            return Err(io(std::io::Error::other("larger than any sequence")));
        }
        let text = fs::read_to_string(path).map_err(io)?;
        let options = ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
        let doc: SequenceDoc = options.from_str(&text).map_err(|error| SequenceError::Syntax {
            at: path.to_owned(),
            line: error.span.start.line,
            column: error.span.start.col,
            why: error.code.to_string(),
        })?;
        Self::fit(doc, path, site)
    }

    fn fit(doc: SequenceDoc, path: &Path, site: &Site) -> Result<Self, SequenceError> {
        if doc.steps.is_empty() || doc.steps.len() > MAX_STEPS {
            return Err(SequenceError::Count { at: path.to_owned(), count: doc.steps.len() });
        }
        let mut steps = Vec::with_capacity(doc.steps.len());
        for (i, step) in doc.steps.into_iter().enumerate() {
            let wrong = |why| SequenceError::Step { at: path.to_owned(), step: i + 1, why };
            steps.push(fit_step(step, site).map_err(wrong)?);
        }
        Ok(Self { path: Some(path.to_owned()), name: doc.name, about: doc.about, steps })
    }

    /// Writes it to a file, which takes the place of an older one only when it is whole.
    pub fn save(&self, path: &Path, site: &Site) -> Result<(), SequenceError> {
        let io = |why| SequenceError::Io { at: path.to_owned(), why };
        let pretty = ron::ser::PrettyConfig::new().struct_names(false);
        let text = ron::ser::to_string_pretty(&self.doc(site), pretty)
            .map_err(|error| io(std::io::Error::other(error.to_string())))?;
        let beside = path.with_extension("ron.new");
        fs::write(&beside, text + "\n").map_err(io)?;
        fs::rename(&beside, path).map_err(io)
    }

    fn doc(&self, site: &Site) -> SequenceDoc {
        let step = |step: &Step| match step {
            Step::Command(command, value) => StepDoc::Command {
                command: site.command(*command).map(|it| it.address.to_string()).unwrap_or_default(),
                value: value.as_number().unwrap_or(0.0),
            },
            Step::Wait(span) => StepDoc::Wait(span.as_secs_f64()),
            Step::Until(condition, span) => {
                StepDoc::Until { holds: condition.text.to_string(), within: span.as_secs_f64() }
            }
            Step::Tell(text) => StepDoc::Tell(text.clone()),
        };
        SequenceDoc { name: self.name.clone(), about: self.about.clone(), steps: self.steps.iter().map(step).collect() }
    }
}

fn fit_step(step: StepDoc, site: &Site) -> Result<Step, String> {
    let span = |secs: f64| match (0.0..=LONGEST).contains(&secs) {
        true => Ok(Duration::from_secs_f64(secs)),
        false => Err(format!("{secs} s is no time to wait (expected 0 to {LONGEST})")),
    };
    match step {
        StepDoc::Command { command: address, value } => {
            let Some(command) = site.command_at(&address) else {
                let near = did_you_mean(&address, site.commands.iter().map(|it| &*it.address));
                let hint = near.map(|it| format!(" ({it})")).unwrap_or_default();
                return Err(format!("there is no command {address:?}{hint}"));
            };
            let value = match &command.takes {
                TakesDoc::Switch { .. } if value == 0.0 || value == 1.0 => Value::Flag(value == 1.0),
                TakesDoc::Switch { .. } => return Err(format!("{value} is neither 1 (on) nor 0 (off)")),
                TakesDoc::Number { min, max, .. } if (*min..=*max).contains(&value) => Value::Number(value),
                TakesDoc::Number { min, max, .. } => return Err(format!("{value} lies outside of {min} to {max}")),
            };
            Ok(Step::Command(command.id, value))
        }
        StepDoc::Wait(secs) => span(secs).map(Step::Wait),
        StepDoc::Until { holds, within } => Ok(Step::Until(Condition::over(site, &holds)?, span(within)?)),
        StepDoc::Tell(text) => Ok(Step::Tell(text)),
    }
}

/// How a sequence is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A person asks for each step.
    Stepwise,
    /// One step follows the other.
    Through,
}

/// How far a step has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// It has not begun.
    Ahead,
    /// It is under way.
    UnderWay {
        /// Since when.
        since: Timestamp,
    },
    /// It is done.
    Done {
        /// When.
        at: Timestamp,
    },
    /// It failed, and everything stopped.
    Failed {
        /// When.
        at: Timestamp,
        /// Why, for a person.
        why: String,
    },
}

/// A sequence on its way. It does nothing by itself: it says what is to be sent, once.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// What it goes through.
    pub sequence: Arc<Sequence>,
    /// Step by step, or through.
    pub pace: Pace,
    /// How far each step has come.
    pub states: Vec<StepState>,
    at: usize,
    /// The step at hand may begin.
    asked: bool,
    stopped: bool,
}

/// What a run sees of the world.
pub trait Seen {
    /// The phase of the request for a command with a value that was asked for from here since an instant, and why it is
    /// so. `None`: there is none.
    fn phase(&self, command: CommandId, value: &Value, since: Timestamp) -> Option<(Phase, String)>;
    /// A value that a condition looks at.
    fn look(&self, input: Input) -> Option<Value>;
}

impl Run {
    /// Begins before its first step. Stepwise it waits for [`Run::step`].
    pub fn new(sequence: Arc<Sequence>, pace: Pace) -> Self {
        let states = vec![StepState::Ahead; sequence.steps.len()];
        Self { sequence, pace, states, at: 0, asked: pace == Pace::Through, stopped: false }
    }

    /// Whether anything may still happen.
    pub fn is_open(&self) -> bool {
        !self.stopped && self.at < self.states.len()
    }

    /// Which step is at hand. `None`: it is at its end, or stopped.
    pub fn at(&self) -> Option<usize> {
        self.is_open().then_some(self.at)
    }

    /// Whether it waits for a person: for the next step, or to go on after what was told.
    pub fn waits_for_person(&self) -> bool {
        let telling = matches!(self.sequence.steps.get(self.at), Some(Step::Tell(_)));
        let begun = matches!(self.states.get(self.at), Some(StepState::UnderWay { .. }));
        self.is_open() && ((!self.asked && !begun) || (telling && begun))
    }

    /// A person asks for the next step, or goes on after what was told.
    pub fn step(&mut self, now: Timestamp) {
        if !self.waits_for_person() {
            return;
        }
        if let StepState::UnderWay { .. } = self.states[self.at] {
            self.finish(now);
        } else {
            self.asked = true;
        }
    }

    /// A person stops it. What was sent is sent.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Goes on as far as it can; returns the command that is to be sent now, if one is.
    pub fn go_on(&mut self, now: Timestamp, seen: &dyn Seen) -> Option<(CommandId, Value)> {
        while self.is_open() {
            let step = self.sequence.steps[self.at].clone();
            let StepState::UnderWay { since } = self.states[self.at] else {
                if !self.asked {
                    return None;
                }
                self.asked = false;
                self.states[self.at] = StepState::UnderWay { since: now };
                match step {
                    Step::Command(command, value) => return Some((command, value)),
                    Step::Wait(_) | Step::Until(..) | Step::Tell(_) => continue,
                }
            };
            let outcome = match &step {
                Step::Command(command, value) => match seen.phase(*command, value, since) {
                    Some((Phase::Confirmed, _)) => Some(Ok(())),
                    Some((phase, why)) if !phase.is_open() => Some(Err(why)),
                    Some(_) | None => None,
                },
                Step::Wait(span) => (now.since(since) >= *span).then_some(Ok(())),
                Step::Until(condition, within) => match condition.look(None, |it| seen.look(it)) {
                    Held::Yes => Some(Ok(())),
                    held if now.since(since) >= *within => Some(Err(not_in_time(&held, *within))),
                    Held::No | Held::Unknown(_) | Held::Fault(_) => None,
                },
                Step::Tell(_) => None,
            };
            match outcome {
                Some(Ok(())) => self.finish(now),
                Some(Err(why)) => {
                    self.states[self.at] = StepState::Failed { at: now, why };
                    self.stopped = true;
                }
                None => return None,
            }
        }
        None
    }

    fn finish(&mut self, now: Timestamp) {
        self.states[self.at] = StepState::Done { at: now };
        self.at += 1;
        self.asked = self.pace == Pace::Through;
    }
}

fn not_in_time(held: &Held, within: Duration) -> String {
    let why = match held {
        Held::Yes | Held::No => "it did not come to hold".to_owned(),
        Held::Unknown(_) => "it could not be known: what it looks at is stale or was never seen".to_owned(),
        Held::Fault(why) => why.clone(),
    };
    format!("{why}, within {:.0} s", within.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::site::{self, Ids};

    fn bench() -> Site {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/bench_pump/site.ron");
        site::load(&path, &mut Ids::default()).unwrap().site
    }

    struct World {
        phase: RefCell<Option<Phase>>,
        speed: RefCell<Option<f64>>,
    }

    impl Seen for World {
        fn phase(&self, _: CommandId, _: &Value, _: Timestamp) -> Option<(Phase, String)> {
            self.phase.borrow().map(|it| (it, it.label().to_owned()))
        }
        fn look(&self, _: Input) -> Option<Value> {
            self.speed.borrow().map(Value::Number)
        }
    }

    fn sequence(text: &str) -> Result<Sequence, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.ron");
        fs::write(&path, text).unwrap();
        Sequence::load(&path, &bench()).map_err(|it| it.to_string().replace(&folder.path().display().to_string(), ""))
    }

    const STOP_AND_WAIT: &str = r#"(name: "Stop", steps: [
        Command(command: "bench.pump/run", value: 0),
        Until(holds: "signal('bench.pump/speed') < 5", within: 10),
        Wait(2),
        Tell("Look at the coupling."),
        Command(command: "bench.pump/run", value: 1),
    ])"#;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_nanos(secs * 1_000_000_000)
    }

    #[test]
    fn a_sequence_goes_on_only_when_a_step_is_done_and_sends_each_command_once() {
        let world = World { phase: RefCell::new(None), speed: RefCell::new(Some(900.0)) };
        let mut run = Run::new(Arc::new(sequence(STOP_AND_WAIT).unwrap()), Pace::Through);
        assert!(matches!(run.go_on(at(0), &world), Some((_, Value::Flag(false)))));
        for phase in [None, Some(Phase::Draft), Some(Phase::Sent), Some(Phase::Accepted)] {
            *world.phase.borrow_mut() = phase;
            assert_eq!(run.go_on(at(1), &world), None);
            assert_eq!(run.at(), Some(0));
        }
        *world.phase.borrow_mut() = Some(Phase::Confirmed);
        assert_eq!(run.go_on(at(2), &world), None);
        assert_eq!(run.at(), Some(1), "the shaft still turns");
        *world.speed.borrow_mut() = Some(1.0);
        run.go_on(at(3), &world);
        run.go_on(at(4), &world);
        assert_eq!(run.at(), Some(2));
        run.go_on(at(5), &world);
        assert!(run.waits_for_person(), "{run:?}");
        run.step(at(6));
        *world.phase.borrow_mut() = None;
        assert!(matches!(run.go_on(at(6), &world), Some((_, Value::Flag(true)))));
        *world.phase.borrow_mut() = Some(Phase::Confirmed);
        run.go_on(at(7), &world);
        assert!(!run.is_open());
        assert!(run.states.iter().all(|it| matches!(it, StepState::Done { .. })));
    }

    #[test]
    fn at_the_first_step_that_is_not_confirmed_all_stops() {
        for phase in [Phase::Rejected, Phase::Failed, Phase::TimedOut, Phase::Unknown, Phase::Expired] {
            let world = World { phase: RefCell::new(None), speed: RefCell::new(None) };
            let mut run = Run::new(Arc::new(sequence(STOP_AND_WAIT).unwrap()), Pace::Through);
            run.go_on(at(0), &world);
            *world.phase.borrow_mut() = Some(phase);
            assert_eq!(run.go_on(at(1), &world), None);
            assert!(!run.is_open());
            assert!(matches!(&run.states[0], StepState::Failed { why, .. } if why == phase.label()));
            assert_eq!(run.states[1], StepState::Ahead);
        }
    }

    #[test]
    fn what_cannot_be_known_is_not_waited_for_longer_than_said() {
        let world = World { phase: RefCell::new(Some(Phase::Confirmed)), speed: RefCell::new(None) };
        let mut run = Run::new(Arc::new(sequence(STOP_AND_WAIT).unwrap()), Pace::Through);
        run.go_on(at(0), &world);
        run.go_on(at(0), &world);
        run.go_on(at(11), &world);
        assert!(
            matches!(&run.states[1], StepState::Failed { why, .. } if why.contains("could not be known")),
            "{run:?}"
        );
    }

    #[test]
    fn step_by_step_each_waits_for_a_person() {
        let world = World { phase: RefCell::new(Some(Phase::Confirmed)), speed: RefCell::new(Some(0.0)) };
        let mut run = Run::new(Arc::new(sequence(STOP_AND_WAIT).unwrap()), Pace::Stepwise);
        assert_eq!(run.go_on(at(0), &world), None);
        assert!(run.waits_for_person());
        run.step(at(0));
        assert!(run.go_on(at(0), &world).is_some());
        assert_eq!(run.go_on(at(1), &world), None);
        assert_eq!((run.at(), run.waits_for_person()), (Some(1), true));
    }

    #[test]
    fn what_does_not_fit_the_site_is_told_with_its_step() {
        let check = |text: &str, want: &str| {
            let error = sequence(text).unwrap_err();
            assert!(error.contains(want), "{error}");
        };
        check("(name: \"x\", steps: [Comand(1)])", "/it.ron:1:");
        check("(name: \"x\", steps: [])", "0 steps");
        check(
            "(name: \"x\", steps: [Wait(1), Command(command: \"bench.pump/rnu\", value: 1)])",
            "step 2: there is no command",
        );
        check("(name: \"x\", steps: [Command(command: \"bench.pump/run\", value: 2)])", "neither 1 (on) nor 0 (off)");
        check("(name: \"x\", steps: [Until(holds: \"signal('bench.pump/sped') > 1\", within: 1)])", "no signal");
        check("(name: \"x\", steps: [Wait(-1)])", "no time to wait");
    }

    #[test]
    fn what_was_saved_is_read_again() {
        let site = bench();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("again.ron");
        let mut sequence = sequence(STOP_AND_WAIT).unwrap();
        sequence.save(&path, &site).unwrap();
        sequence.path = Some(path.clone());
        assert_eq!(Sequence::load(&path, &site).unwrap(), sequence);
    }
}
