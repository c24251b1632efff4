//! What the gate writes down: intent before act, outcome after. And what it reads of it when it begins.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::command::checks::{Check, Past};
use crate::command::life::Phase;
use crate::command::wire::{Uuid7, ValueDoc};
use crate::command::{Cause, Digest};
use crate::signal::{Timestamp, Value};
use crate::site::Site;
use crate::trust::{AuditLog, LogError, PublicKey, SecretKey};

/// The audit log, or why there is none.
#[derive(Debug)]
pub(super) struct Book {
    log: AuditLog,
    /// Why the last record could not be written.
    problem: Option<String>,
    /// Another gate stands at the same broker: two would each send, so neither does.
    pub(super) rival: Option<PublicKey>,
}

/// One record of the gate's audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// When.
    pub(super) at: Timestamp,
    /// What happened.
    pub(super) what: Act,
    /// Of which request.
    pub(super) id: Uuid7,
    /// The command's address; empty where the request named none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) command: String,
    /// The value asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<ValueDoc>,
    /// The account; empty where it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) who: String,
    /// Who approved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) approved_by: Vec<String>,
    /// Where it stands then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) phase: Option<Phase>,
    /// Why it was refused or came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<Cause>,
    /// The same, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// What was looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) checks: Vec<Check>,
    /// Of the request's bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<Digest>,
    /// The request's bytes, hexadecimal: who asked can be proven from them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) request: String,
    /// How far the value lies from what is reported, in its unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) step: Option<f64>,
    /// The address of the twin that is isolated, or released. Empty: it is about a command.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) twin: String,
}

/// What a record tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Act {
    /// The gate begins; `reason` tells with which accounts.
    Began,
    /// A request was refused.
    Refused,
    /// A command is reserved.
    Selected,
    /// A command waits for a second person.
    Awaits,
    /// A second person has approved.
    Approved,
    /// It will be sent to the device right after this.
    Send,
    /// An emergency stop will be sent right after this.
    Stop,
    /// A twin is isolated right after this.
    Isolate,
    /// A twin is released right after this.
    Release,
    /// It stands elsewhere now.
    Outcome,
    /// A person has acknowledged the evil twin of a twin, whose address stands where a command's does, for `reason`.
    Acknowledged,
}

impl Book {
    pub(super) fn open(path: &Path, key: &SecretKey) -> Result<Self, LogError> {
        AuditLog::open(path, key).map(|log| Self { log, problem: None, rival: None })
    }

    /// Writes down that the gate begins.
    pub(super) fn begin(&mut self, at: Timestamp, demo: bool, unsigned: bool) -> Result<(), String> {
        let accounts = if demo { "with the accounts of the demo" } else { "with its own accounts" };
        let keys = if unsigned { "; it verifies nothing, as it was told" } else { "" };
        self.write(&Record {
            at,
            what: Act::Began,
            id: Uuid7(uuid::Uuid::nil()),
            command: String::new(),
            value: None,
            who: String::new(),
            approved_by: Vec::new(),
            phase: None,
            cause: None,
            reason: Some(format!("{accounts}{keys}")),
            checks: Vec::new(),
            digest: None,
            request: String::new(),
            step: None,
            twin: String::new(),
        })
    }

    /// Writes down that nobody knows what became of what was under way when the gate ended last.
    pub(super) fn end_endless(&mut self, endless: Vec<Record>, at: Timestamp) -> Result<(), String> {
        for record in endless {
            let reason = "the gate ended while it was under way".to_owned();
            self.write(&Record {
                at,
                what: Act::Outcome,
                phase: Some(Phase::Unknown),
                cause: Some(Cause::AbortionByCommunicationLoss),
                reason: Some(reason),
                checks: Vec::new(),
                request: String::new(),
                ..record
            })?;
        }
        Ok(())
    }

    /// Writes a record; signed for and on the disk where the plant is about to be moved, and where a command has ended.
    pub(super) fn write(&mut self, record: &Record) -> Result<(), String> {
        if let Some(rival) = self.rival.filter(|_| matches!(record.what, Act::Send | Act::Selected | Act::Awaits)) {
            return Err(format!("another gate stands at this broker, with the key {rival}: end one of the two"));
        }
        let weighs = match record.what {
            Act::Send | Act::Stop | Act::Approved | Act::Isolate | Act::Release | Act::Acknowledged => true,
            Act::Outcome => record.phase.is_some_and(|it| !it.is_open()),
            Act::Began | Act::Refused | Act::Selected | Act::Awaits => false,
        };
        let written = self.log.append(record);
        let written = written.and_then(|head| if weighs { self.log.checkpoint_now() } else { Ok(head) });
        self.problem = written.err().map(|error| in_words(&error));
        self.problem.clone().map_or(Ok(()), Err)
    }

    /// Why no command is taken, for a person. `None`: they are, as far as is known.
    pub(super) fn unfit(&self) -> Option<String> {
        let rival =
            self.rival.map(|it| format!("another gate stands at this broker, with the key {it}: end one of the two"));
        rival.or_else(|| self.problem.as_ref().map(|it| format!("the audit cannot be written: {it}")))
    }
}

/// An error with its cause.
fn in_words(error: &LogError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// What was sent since an instant, as an audit log has it: a gate that was begun anew still counts starts and steps. What
/// cannot be read is passed over; whether the log is unaltered is another question.
pub(super) fn past_in(path: &Path, site: &Site, since: Timestamp) -> BTreeMap<Uuid7Key, Past> {
    let sent = records(path).filter_map(|record| {
        let is_sent = matches!(record.what, Act::Send | Act::Stop) && record.at >= since;
        let command = site.command_at(&record.command).filter(|_| is_sent)?;
        let value = Value::from(record.value.as_ref()?);
        let step = record.step.unwrap_or(0.0);
        let past = Past { command: command.id, value, sent: record.at, step, under_way: false };
        Some((Uuid7Key(record.id.0.as_u128()), past))
    });
    sent.collect()
}

/// What was sent and never came to an end, as far as an audit log has it: the gate ended while it was under way.
pub(super) fn endless_in(path: &Path) -> Vec<Record> {
    let mut endless: BTreeMap<u128, Record> = BTreeMap::new();
    for record in records(path) {
        let id = record.id.0.as_u128();
        match record.what {
            Act::Send | Act::Stop => drop(endless.insert(id, record)),
            Act::Outcome if record.phase.is_some_and(|it| !it.is_open()) => drop(endless.remove(&id)),
            Act::Outcome
            | Act::Began
            | Act::Refused
            | Act::Selected
            | Act::Awaits
            | Act::Approved
            | Act::Isolate
            | Act::Release
            | Act::Acknowledged => (),
        }
    }
    endless.into_values().collect()
}

/// What an audit log says of isolated and released twins, in its order.
pub(super) fn holds_in(path: &Path) -> impl Iterator<Item = Record> {
    records(path).filter(|it| matches!(it.what, Act::Isolate | Act::Release))
}

/// The records of a log, as far as they can be read.
fn records(path: &Path) -> impl Iterator<Item = Record> {
    let lines = File::open(path).ok().map(|it| BufReader::new(it).split(b'\n').map_while(Result::ok));
    lines.into_iter().flatten().filter_map(|line| {
        let json = line.split(|it| *it == b' ').next().map(|it| &line[(it.len() + 1).min(line.len())..])?;
        serde_json::from_slice::<LineDoc>(json).ok().map(|it| it.record)
    })
}

/// A request's id, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Uuid7Key(pub(super) u128);

/// A line of the log, as far as it is of interest here.
#[derive(Deserialize)]
struct LineDoc {
    record: Record,
}
