//! What the gate says, what the link does and what telemetry shows, brought to the log.

use std::collections::{HashMap, HashSet};

use bevy::prelude::*;
use tracing::warn;

use super::cause::Cause;
use super::confirm::shows;
use super::ears::Ears;
use super::evil::{self, AcknowledgeRefused, LastAsked};
use super::holds::{GateQuarantine, GateRefused};
use super::life::{Answered, Happening, Life, Phase};
use super::log::{CommandLog, CommandRow};
use super::look::Live;
use super::operator::Operator;
use super::request::{Act, Digest, REQUEST_TYPE, Request};
use super::wire::{GateEvent, GateIs, GateStatus, Topics, Waits};
use crate::link::{self, LinkState};
use crate::session::{CurrentSite, Session, Word};
use crate::signal::{Timestamp, Value};
use crate::site::{CommandId, Site};
use crate::trust::{self, PublicKey, hex};
use crate::twin::{AcknowledgeEvil, Newest};

/// More rows than this are not kept: the oldest that have ended go.
const MAX_ROWS: usize = 5_000;

/// What is known of the site's gate. Written by this folder alone.
#[derive(Resource, Debug, Default)]
pub struct GateState {
    status: Option<GateStatus>,
    /// The status topics of devices that say `offline`, and since when.
    pub(super) offline: HashMap<String, Timestamp>,
    ears: Ears,
    /// The connection by which all this was heard.
    connected_since: Option<Timestamp>,
    /// The rows that were lost from sight here, by their correlation.
    lost: HashSet<String>,
}

impl GateState {
    /// The gate has said that it is there, and the link to it stands.
    pub fn is_present(&self) -> bool {
        self.connected_since.is_some() && self.status.as_ref().is_some_and(|it| it.state == GateIs::Online)
    }

    /// The gate, or the broker for it, has said that it is not there. Before anything was heard, nobody knows.
    pub fn is_absent(&self) -> bool {
        self.status.as_ref().is_some_and(|it| it.state == GateIs::Offline)
    }

    /// The gate's public key, as it says.
    pub fn key(&self) -> Option<PublicKey> {
        self.status.as_ref().and_then(|it| it.key)
    }

    /// How much that was said in the gate's name was not the gate's, and why the last of it was not believed, for a person.
    pub fn refused(&self) -> Option<(u64, &str)> {
        self.ears.last_refused.as_deref().map(|why| (self.ears.n_refused, why))
    }

    /// It takes the accounts of the demo.
    pub fn is_demo(&self) -> bool {
        self.status.as_ref().is_some_and(|it| it.demo)
    }

    /// It was told to go on without a registry of keys, and verifies nothing although devices of the site sign.
    pub fn is_unsigned(&self) -> bool {
        self.is_present() && self.status.as_ref().is_some_and(|it| it.unsigned)
    }

    /// Why it refuses all but emergency stops, for a person.
    pub fn unfit(&self) -> Option<&str> {
        self.status.as_ref().and_then(|it| it.unfit.as_deref())
    }
}

/// Hears the gate and the devices' statuses.
pub(super) fn hear_words(
    site: Res<CurrentSite>,
    session: Res<Session>,
    operator: Res<Operator>,
    mut gate: ResMut<GateState>,
    mut log: ResMut<CommandLog>,
    mut asked: ResMut<LastAsked>,
    mut evil: (MessageWriter<AcknowledgeEvil>, MessageWriter<AcknowledgeRefused>),
    mut quarantine: ResMut<GateQuarantine>,
    mut gate_refused: MessageWriter<GateRefused>,
) {
    let topics = Topics::of(&site);
    gate.ears.follow(session.registry.as_ref());
    for word in session.words() {
        if word.topic == topics.status {
            hear_status(&word, &mut gate);
        } else if word.topic == topics.quarantine {
            quarantine.hear(&word, &mut gate.ears, &session);
        } else if word.topic == topics.events || word.topic == session.answer_topic {
            // What the broker had kept is no news: nothing of the gate's is meant to be kept.
            if word.retained {
                warn!("a retained event of the gate is passed over");
                continue;
            }
            if let Err(no) = gate.ears.event(&word) {
                warn!("what is said in the gate's name is not believed, {}: {}", no.reason.label(), no.detail);
                continue;
            }
            match serde_json::from_slice::<GateEvent>(&word.payload) {
                Ok(event) if event.evil_twin.is_some() || asked.is(event.id.0) => {
                    evil::hear(&event, &site, &mut asked, &mut evil.0, &mut evil.1);
                }
                Ok(event) => {
                    gate_refused.write_batch(quarantine.take_event(&event));
                    hear_event(event, &topics, &site, &operator, &mut log);
                }
                Err(error) => warn!("an event of the gate cannot be read: {error}"),
            }
        } else if &word.payload[..] == b"offline" {
            gate.offline.insert(word.topic, word.received);
        } else {
            gate.offline.remove(&word.topic);
        }
    }
}

fn hear_status(word: &Word, gate: &mut GateState) {
    if word.payload.is_empty() {
        gate.status = None;
        return;
    }
    match serde_json::from_slice::<GateStatus>(&word.payload) {
        // That it is gone is the broker's word, which nobody can sign beforehand; a gate that hears it of itself says otherwise.
        Ok(status) if status.state == GateIs::Offline => gate.status = Some(status),
        Ok(status) => match gate.ears.status(word, status.key) {
            Ok(()) => gate.status = Some(status),
            Err(no) => warn!("what is said in the gate's name is not believed, {}: {}", no.reason.label(), no.detail),
        },
        Err(error) => warn!("the gate's status cannot be read: {error}"),
    }
}

/// What is lost on the way to the gate leaves what is awaited unknown, at once.
pub(super) fn follow_link(session: Res<Session>, mut gate: ResMut<GateState>, mut log: ResMut<CommandLog>) {
    if session.is_replay() {
        return;
    }
    let since = match session.link.as_ref().map(link::Link::state) {
        Some(LinkState::Connected { since }) => Some(since),
        Some(LinkState::Connecting | LinkState::Waiting { .. } | LinkState::Closed) | None => None,
    };
    let now = link::now();
    let mut lost = None;
    if gate.connected_since != since {
        if gate.connected_since.is_some() {
            lost = Some("the link to the broker was lost: it may have been sent");
            // What was heard over the old connection is heard again over the new one.
            gate.status = None;
        }
        gate.connected_since = since;
    }
    if gate.is_absent() {
        lost = Some("the gate is gone: it may have been sent");
    }
    if !log.has_open() {
        return;
    }
    let is_back = gate.is_present();
    for row in log.rows.iter_mut().filter(|it| it.is_awaited()) {
        if let Some(reason) = lost {
            row.life.take(Happening::Lost { at: now, reason: reason.to_owned() });
            gate.lost.insert(row.correlation.clone());
        } else if is_back && gate.lost.contains(&row.correlation) {
            row.life.take(Happening::Back { at: now });
        }
    }
    if is_back {
        gate.lost.clear();
    }
}

/// Telemetry confirms what is awaited, and the clock ends it.
pub(super) fn judge_awaited(
    site: Res<CurrentSite>,
    session: Res<Session>,
    newest: Res<Newest>,
    gate: Res<GateState>,
    mut log: ResMut<CommandLog>,
) {
    if session.is_replay() || !log.has_open() {
        return;
    }
    let now = link::now();
    let look = Live {
        site: &site,
        newest: &newest,
        history: &session.history,
        offline: &gate.offline,
        now,
        has_keys: session.registry.is_some(),
    };
    for row in log.rows.iter_mut().filter(|it| it.is_awaited()) {
        let shown = site.command(row.command).and_then(|it| shows(it, &row.desired, &look));
        if let Some(evidence) = shown {
            row.life.take(Happening::Shown { at: now, evidence });
        }
        row.life.take(Happening::Passed { at: now });
    }
}

/// Brings an event to its row, which is made where another desktop asked.
fn hear_event(event: GateEvent, topics: &Topics, site: &Site, operator: &Operator, log: &mut CommandLog) {
    let correlation = event.id.0.to_string();
    let of_bytes = |it: &CommandRow| {
        let waiting = it.waits.as_ref().map(|it| it.digest);
        event.aside && event.digest.is_some() && (it.digest == event.digest || waiting == event.digest)
    };
    let known = log.rows.iter().rposition(|it| it.correlation == correlation || of_bytes(it));
    let Some(at) = known.or_else(|| {
        let row = row_of(&event, site)?;
        log.rows.push(row);
        let over = log.rows.len().saturating_sub(MAX_ROWS);
        let mut n_left = over;
        log.rows.retain(|it| {
            n_left == 0 || it.is_awaited() || {
                n_left -= 1;
                false
            }
        });
        Some(log.rows.len() - 1)
    }) else {
        return;
    };
    let was_sent = log.rows[at].sent.is_some();
    take_event(&mut log.rows[at], event, topics, operator);
    if let Some(sent) = log.rows[at].sent.filter(|_| !was_sent) {
        supersede(log, at, sent);
    }
}

/// What is seen from now on is the newer one's.
fn supersede(log: &mut CommandLog, newer: usize, sent: Timestamp) {
    let command: CommandId = log.rows[newer].command;
    let older = |(i, it): &(usize, &mut CommandRow)| *i != newer && it.command == command && it.is_awaited();
    for (_, row) in log.rows.iter_mut().enumerate().filter(older) {
        // One that still waits for a person was not sent, and is another matter; so is one that was sent with this one.
        if row.sent != Some(sent) && (row.sent.is_some() || row.phase == Phase::Unknown) {
            let reason = "a newer command was sent before this one was seen to be done".to_owned();
            row.life.take(Happening::Superseded { at: sent, cause: Cause::Unknown, reason });
        }
    }
}

fn row_of(event: &GateEvent, site: &Site) -> Option<CommandRow> {
    let command = site.command_at(&event.command)?;
    let desired = Value::from(event.value.as_ref()?);
    let life = Life::new(event.asked, event.at, command.confirm.secs);
    let row = CommandRow::new(command, desired, life, event.id.0.to_string(), event.who.clone());
    Some(CommandRow { is_stop: event.stop.is_some(), ..row })
}

fn take_event(row: &mut CommandRow, event: GateEvent, topics: &Topics, operator: &Operator) {
    if event.aside {
        let reason = event.reason.unwrap_or_else(|| event.cause.map_or("", Cause::name).to_owned());
        if !row.notes.contains(&reason) {
            row.notes.push(reason);
        }
        return;
    }
    if event.phase == Phase::Rejected && event.digest.is_some() && event.digest != row.digest && row.is_mine {
        // Others' bytes under the id of this one: what was sent from here stands as it stood.
        row.notes.push("another request under the same number was refused".to_owned());
        return;
    }
    if !event.checks.is_empty() {
        row.checks = event.checks;
    }
    row.approved_by = event.approved_by;
    if row.waits != event.waits {
        row.mismatch = event.waits.as_ref().and_then(|it| compare(row, &event.command, it, topics, operator).err());
        row.waits = event.waits;
    }
    let (at, life) = (event.at, &mut row.life);
    if let Some(sent) = event.sent {
        life.take(Happening::Sent { at: sent });
    }
    let reason = event.reason.unwrap_or_default();
    let cause = event.cause.unwrap_or(Cause::Unknown);
    match event.phase {
        Phase::Checked => {
            let until = row.waits.as_ref().map_or(at, |it| it.until);
            row.life.take(Happening::Checked { at, until });
        }
        Phase::Accepted => life.take(Happening::Answered { at, answer: Answered::Accepted }),
        Phase::Rejected if event.answered.is_some() => {
            life.take(Happening::Answered { at, answer: Answered::Rejected(reason) });
        }
        Phase::Rejected => life.take(Happening::Refused { at, cause, reason }),
        Phase::Failed => life.take(Happening::Answered { at, answer: Answered::Failed(reason) }),
        Phase::Expired => life.take(Happening::Expired { at, reason }),
        Phase::Unknown if event.lost => life.take(Happening::Lost { at, reason }),
        Phase::Unknown if cause == Cause::AbortionByCommunicationLoss => life.take(Happening::Back { at: link::now() }),
        Phase::Unknown if cause == Cause::AbortionByCancel => {
            life.take(Happening::Superseded { at, cause, reason });
        }
        // What telemetry shows, and what time does, is seen from here.
        Phase::Draft | Phase::Sent | Phase::Confirmed | Phase::TimedOut | Phase::Unknown => (),
    }
}

/// Whoever approves must approve what was signed: the bytes speak, not the gate. The error is for a person.
fn compare(row: &CommandRow, address: &str, waits: &Waits, topics: &Topics, operator: &Operator) -> Result<(), String> {
    let no = |why: &str| format!("what was signed is not what the gate tells: {why}");
    let bytes = hex::decode_all(waits.request.as_bytes()).ok_or_else(|| no("its bytes are not there"))?;
    if Digest::of(&bytes) != waits.digest {
        return Err(no("the bytes have another digest"));
    }
    let find = |id| operator.accounts().by_key(id).map(|it| it.key);
    let opened = trust::open(&bytes, REQUEST_TYPE, &topics.request, find).map_err(|error| no(&error.to_string()))?;
    let request = Request::from_bytes(&opened.payload).map_err(|error| no(&error.to_string()))?;
    let asker = operator.accounts().by_key(opened.key).map(|it| it.id.as_str());
    match &request.act {
        Act::Operate { command, value } | Act::Select { command, value } => {
            let same = *command == address
                && *value == row.desired
                && asker == Some(row.who.as_str())
                && request.id.to_string() == row.correlation;
            if same { Ok(()) } else { Err(no("the command, its value, its number or who signed it is another")) }
        }
        Act::Approve { .. }
        | Act::Cancel { .. }
        | Act::Stop { .. }
        | Act::Isolate { .. }
        | Act::Release { .. }
        | Act::Acknowledge { .. } => Err(no("it is no command")),
    }
}
