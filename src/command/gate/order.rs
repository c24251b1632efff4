//! One command at the gate, and what is told of it.

use tracing::warn;
use uuid::Uuid;

use super::book::{Act, Record};
use super::warden::Hands;
use crate::command::checks::{Check, Who};
use crate::command::life::{Hope, Life, Phase};
use crate::command::wire::{GateEvent, Uuid7, ValueDoc, Waits, WaitsFor};
use crate::command::{Cause, Digest, Topics};
use crate::signal::{Timestamp, Value};
use crate::site::CommandId;
use crate::site::doc::Class;
use crate::trust::{KeyId, hex};

/// One command at the gate.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) id: Uuid,
    pub(super) command: CommandId,
    pub(super) address: String,
    pub(super) desired: Value,
    pub(super) class: Class,
    pub(super) asker: Asker,
    pub(super) life: Life,
    pub(super) checks: Vec<Check>,
    pub(super) approved_by: Vec<String>,
    pub(super) waits: Option<Waiting>,
    /// The bytes of the request as they came.
    pub(super) bytes: Vec<u8>,
    /// Where who asked wants to hear of it.
    pub(super) response_topic: Option<String>,
    /// The emergency stop that it is part of.
    pub(super) stop: Option<Uuid>,
    pub(super) step: f64,
    /// How many answers in its device's name were not the device's.
    pub(super) n_spoofed: u64,
    /// What was told last.
    pub(super) told: Option<(Phase, Hope)>,
    /// What was written down last.
    pub(super) recorded: Option<(Phase, Hope)>,
}

/// Who asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asker {
    /// The account's id; empty for an emergency stop that nobody signed.
    pub(super) account: String,
    /// `None`: nobody signed it.
    pub(super) key: Option<KeyId>,
    pub(super) who: Option<Who>,
}

/// What the gate waits for, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) act: WaitsFor,
    pub(super) until: Timestamp,
}

impl Order {
    pub(super) fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// Whether it waits for this until after an instant.
    pub(super) fn waits_for(&self, act: WaitsFor, now: Timestamp) -> bool {
        self.life.phase == Phase::Checked && self.waits.is_some_and(|it| it.act == act && it.until >= now)
    }

    /// What is told of it now.
    pub(super) fn event(&self, at: Timestamp) -> GateEvent {
        let life = &self.life;
        let waits = self.waits.filter(|_| life.phase == Phase::Checked);
        GateEvent {
            id: Uuid7(self.id),
            phase: life.phase,
            at,
            asked: life.asked,
            sent: life.sent,
            answered: life.answered,
            command: self.address.clone(),
            value: Some(ValueDoc::from(&self.desired)),
            who: self.asker.account.clone(),
            approved_by: self.approved_by.clone(),
            cause: life.cause,
            reason: life.reason.clone(),
            checks: self.checks.clone(),
            waits: waits.map(|it| Waits {
                for_act: it.act,
                until: it.until,
                digest: self.digest(),
                request: hex::encode(&self.bytes),
            }),
            digest: (life.phase == Phase::Rejected && self.stop.is_none()).then(|| self.digest()),
            stop: self.stop.map(Uuid7),
            evil_twin: None,
            aside: false,
            lost: life.hope == Hope::WhileLost,
        }
    }

    /// Writes down and tells something about it while it stands as it stood.
    pub(super) fn tell_aside(&self, cause: Cause, reason: String, at: Timestamp, topics: &Topics, hands: &mut Hands) {
        let (cause, reason) = (Some(cause), Some(reason));
        let record = Record { cause, reason: reason.clone(), ..self.record(Act::Refused, at) };
        if let Err(why) = hands.book.write(&record) {
            warn!("a refusal cannot be written down: {why}");
        }
        let event = GateEvent { cause, reason, aside: true, digest: None, checks: Vec::new(), ..self.event(at) };
        hands.tell(topics, &event, self.response_topic.as_deref());
    }

    /// What is written down of it.
    pub(super) fn record(&self, what: Act, at: Timestamp) -> Record {
        let is_request = !matches!(what, Act::Outcome);
        Record {
            at,
            what,
            id: Uuid7(self.id),
            command: self.address.clone(),
            value: Some(ValueDoc::from(&self.desired)),
            who: self.asker.account.clone(),
            approved_by: self.approved_by.clone(),
            phase: Some(self.life.phase),
            cause: self.life.cause,
            reason: self.life.reason.clone(),
            checks: if is_request { self.checks.clone() } else { Vec::new() },
            digest: is_request.then(|| self.digest()),
            request: if is_request { hex::encode(&self.bytes) } else { String::new() },
            step: matches!(what, Act::Send | Act::Stop).then_some(self.step),
            twin: String::new(),
        }
    }
}
