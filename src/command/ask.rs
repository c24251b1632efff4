//! From what a person asks for to a sealed request on its way to the gate. Nothing here reaches a device.

use std::collections::HashMap;
use std::time::Duration;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use secrecy::SecretString;
use tracing::warn;
use uuid::Uuid;

use super::cause::Cause;
use super::checks::{Check, Past, class_of, first_no, isolated_input, rehearse, standing_of_target, step_from};
use super::evil::{AcknowledgeAtGate, AcknowledgeRefused, LastAsked};
use super::follow::GateState;
use super::life::{Happening, Life};
use super::log::{Approve, Ask, CancelRequest, CommandLog, CommandRow, EmergencyStop};
use super::look::Live;
use super::operator::{Key, Operator, Purpose, Unlocked, Unlocking};
use super::request::{Act, Digest, EXPIRY_SECS, REQUEST_TYPE, Request};
use super::wire::Topics;
use crate::link::{self, Publish};
use crate::session::{CurrentSite, Cursor, CursorMode, Session};
use crate::signal::{SignalId, Timestamp, Value};
use crate::site::doc::{Class, TakesDoc};
use crate::site::{Command, Site, Stop};
use crate::trust;
use crate::twin::{Hold, Newest, Quarantine};

/// So long after its request has expired a gate that did not speak is given up.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// What is asked for as soon as the passphrase has been looked at, by the correlation of its row.
#[derive(Resource, Default)]
pub(super) struct Waiting(HashMap<String, Act>);

/// The desktop's eyes and hands.
#[derive(SystemParam)]
pub(super) struct Desk<'w> {
    pub(super) site: Res<'w, CurrentSite>,
    session: Res<'w, Session>,
    cursor: Res<'w, Cursor>,
    newest: Res<'w, Newest>,
    quarantine: Res<'w, Quarantine>,
    gate: Res<'w, GateState>,
    pub(super) operator: Res<'w, Operator>,
}

/// What the gate would look at, looked at here: so that a person sees it before asking.
#[derive(SystemParam)]
pub struct Rehearsal<'w> {
    site: Res<'w, CurrentSite>,
    session: Res<'w, Session>,
    newest: Res<'w, Newest>,
    gate: Res<'w, GateState>,
    operator: Res<'w, Operator>,
    log: Res<'w, CommandLog>,
}

impl Rehearsal<'_> {
    /// The instant of now: a rehearsal is always of the plant as it is.
    pub fn now(&self) -> Timestamp {
        link::now()
    }

    /// Eyes on the plant as it is.
    pub fn live(&self) -> Live<'_> {
        Live {
            site: &self.site,
            newest: &self.newest,
            history: &self.session.history,
            offline: &self.gate.offline,
            now: self.now(),
            has_keys: self.session.registry.is_some(),
        }
    }

    /// All checks of a command with a value, as the plant is now. The passphrase counts as given where the class takes it.
    pub fn checks(&self, command: &Command, value: &Value) -> Vec<Check> {
        let look = self.live();
        let reentered = class_of(command, value) >= Class::C2;
        rehearse(&self.site, command, value, self.operator.who(reentered), &past_of(&self.log), &look)
    }
}

/// What of a log was sent.
fn past_of(log: &CommandLog) -> Vec<Past> {
    let past = |row: &CommandRow| {
        let sent = row.sent?;
        let (command, value) = (row.command, row.desired.clone());
        Some(Past { command, value, sent, step: row.step, under_way: row.phase.is_under_way() })
    };
    log.rows.iter().filter_map(past).collect()
}

impl Desk<'_> {
    fn now(&self) -> Timestamp {
        link::now()
    }

    fn look(&self) -> Live<'_> {
        let (site, newest, history) = (&**self.site, &*self.newest, &*self.session.history);
        let has_keys = self.session.registry.is_some();
        Live { site, newest, history, offline: &self.gate.offline, now: self.now(), has_keys }
    }

    /// Why nothing can be asked of the gate now, and the cause.
    fn refusal(&self) -> Option<(Cause, String)> {
        if self.session.is_replay() {
            return Some((Cause::NotSupported, "this is a recording: nothing can be sent".to_owned()));
        }
        if self.cursor.mode != CursorMode::Live {
            return Some((Cause::NotSupported, "the view does not show now: go live first".to_owned()));
        }
        if self.gate.is_absent() {
            let why = "the gate is not there: no command can be checked, so none is sent";
            return Some((Cause::BlockedByProcess, why.to_owned()));
        }
        None
    }

    /// Why a command is kept back here although the gate would look at it: what is isolated on this desktop only, the gate has not
    /// heard of, and it may not have seen that somebody else speaks in the device's name.
    fn keeps_back(&self, command: &Command, value: &Value) -> Option<(Cause, String)> {
        let is_here =
            |it: SignalId| self.quarantine.now().isolation_of_signal(it).is_some_and(|it| it.hold == Hold::Here);
        if let Some(input) = isolated_input(&self.site, command, value, is_here) {
            let why =
                format!("{input} is isolated on this desktop only: nothing may rely on it, and this command would");
            return Some((Cause::BlockedByInterlocking, why));
        }
        first_no(&[standing_of_target(&self.site, command, &self.look())])
    }

    /// A new row of a command.
    fn row(&self, command: &Command, value: &Value, id: Uuid) -> CommandRow {
        let now = self.now();
        let who = self.operator.account().map_or_else(|| self.session.who.clone(), |it| it.id.clone());
        let until = now + Duration::from_secs(EXPIRY_SECS) + GRACE;
        let life = Life::new(now, until, command.confirm.secs);
        let step = step_from(command, value, &self.look()).unwrap_or(0.0);
        CommandRow { is_mine: true, step, ..CommandRow::new(command, value.clone(), life, id.to_string(), who) }
    }

    /// Publishes a request, sealed where there is a key. Returns the digest of what went out; the error is for a person.
    pub(super) fn send(&self, request: &Request, key: Option<&Key>) -> Result<Digest, String> {
        let link = self.session.link.as_ref().ok_or("there is no link to a broker")?;
        let topic = Topics::of(&self.site).request;
        let bytes = request.to_bytes();
        let bytes = key.map_or_else(|| bytes.clone(), |it| trust::seal(&it.0, REQUEST_TYPE, &topic, &bytes));
        let digest = Digest::of(&bytes);
        let publish = Publish {
            topic,
            payload: bytes.into(),
            qos1: true,
            retain: false,
            response_topic: Some(self.session.answer_topic.clone()),
            correlation: Some(request.id.to_string().into_bytes().into()),
            expiry_secs: Some(EXPIRY_SECS as u32),
            content_type: Some(REQUEST_TYPE.to_owned()),
            user: Vec::new(),
        };
        link.publish(publish).map(|()| digest).map_err(|error| error.to_string())
    }
}

/// What was asked becomes a row, and a request. A no is a row too: a person must see it.
pub(super) fn take_asks(
    desk: Desk,
    mut asks: MessageReader<Ask>,
    mut waiting: ResMut<Waiting>,
    mut unlocking: ResMut<Unlocking>,
    mut log: ResMut<CommandLog>,
) {
    for Ask { command, value, passphrase, id } in asks.read() {
        let Some(command) = desk.site.command(*command) else {
            warn!("a command was asked for that the site no longer has");
            continue;
        };
        let reserved = log.rows.iter().rposition(|it| {
            it.is_mine
                && it.command == command.id
                && it.desired == *value
                && it.reserved_until().is_some_and(|it| it > desk.now())
        });
        let (address, value) = (command.address.to_string(), value.clone());
        let (row, act, reentered) = match reserved {
            // The passphrase was given for this very command when it was reserved.
            Some(at) => (&mut log.rows[at], Act::Operate { command: address, value }, true),
            None => {
                log.rows.push(desk.row(command, &value, id.unwrap_or_else(Uuid::now_v7)));
                let last = log.rows.len() - 1;
                let row = &mut log.rows[last];
                let act = if row.class == Class::C3 {
                    Act::Select { command: address, value }
                } else {
                    Act::Operate { command: address, value }
                };
                (row, act, false)
            }
        };
        if let Some((cause, reason)) = desk.refusal().or_else(|| desk.keeps_back(command, &row.desired)) {
            refuse(row, desk.now(), cause, reason);
            continue;
        }
        match (passphrase, desk.operator.account(), desk.operator.key()) {
            (_, None, _) => refuse(row, desk.now(), Cause::NoAccessAuthority, "nobody is signed in: sign in first"),
            (_, Some(_), None) => {
                refuse(row, desk.now(), Cause::NoAccessAuthority, "the desk is locked: sign in again");
            }
            (Some(passphrase), Some(account), Some(_)) => {
                waiting.0.insert(row.correlation.clone(), act);
                let purpose = Purpose::Ask(row.correlation.clone());
                unlocking.begin(account, purpose, passphrase.clone(), &desk.session.waker);
            }
            (None, Some(_), Some(key)) => send_row(&desk, row, act, reentered, key),
        }
    }
}

/// What waited for a passphrase is sent, or refused because it was wrong.
pub(super) fn take_unlocked(
    desk: Desk,
    mut unlocked: MessageReader<Unlocked>,
    mut waiting: ResMut<Waiting>,
    mut log: ResMut<CommandLog>,
) {
    for Unlocked { account, purpose, outcome } in unlocked.read() {
        match purpose {
            Purpose::SignIn => (),
            Purpose::Ask(correlation) => {
                let Some((act, row)) = waiting.0.remove(correlation).zip(log.row_mut(correlation)) else { continue };
                match outcome {
                    Ok(key) => send_row(&desk, row, act, true, key),
                    Err(why) => refuse(row, desk.now(), Cause::NoAccessAuthority, why),
                }
            }
            Purpose::Approve(correlation) => {
                let Some(row) = log.row_mut(correlation) else { continue };
                let sent = outcome.clone().and_then(|key| {
                    let digest = row.waits.as_ref().map(|it| it.digest).ok_or("it no longer waits for an approval")?;
                    let request = Request::new(Uuid::now_v7(), Act::Approve { digest }, desk.now(), true);
                    desk.send(&request, Some(&key))
                });
                if let Err(why) = sent {
                    row.notes.push(format!("not approved by {}: {why}", account.id));
                }
            }
        }
    }
}

/// Approvals, cancellings and emergency stops.
pub(super) fn take_other_requests(
    desk: Desk,
    mut approvals: MessageReader<Approve>,
    mut cancels: MessageReader<CancelRequest>,
    mut stops: MessageReader<EmergencyStop>,
    mut unlocking: ResMut<Unlocking>,
    mut log: ResMut<CommandLog>,
) {
    for Approve { correlation, account, passphrase } in approvals.read() {
        let Some(row) = log.row_mut(correlation) else { continue };
        let account = match account {
            Some(id) => desk.operator.accounts().by_id(id),
            None => desk.operator.account(),
        };
        let refused = match (&row.mismatch, account) {
            (Some(mismatch), _) => Some(mismatch.clone()),
            (None, None) => Some("there is no such account, or nobody is signed in".to_owned()),
            (None, Some(_)) => desk.refusal().map(|it| it.1),
        };
        match (refused, account) {
            (None, Some(account)) => {
                let purpose = Purpose::Approve(correlation.clone());
                unlocking.begin(account, purpose, passphrase.clone(), &desk.session.waker);
            }
            (why, _) => row.notes.push(format!("not approved: {}", why.unwrap_or_default())),
        }
    }
    for CancelRequest { correlation } in cancels.read() {
        let Some(row) = log.row_mut(correlation) else { continue };
        let Ok(request) = Uuid::try_parse(correlation) else { continue };
        let cancel = Request::new(Uuid::now_v7(), Act::Cancel { request }, desk.now(), false);
        let key = desk.operator.key().ok_or_else(|| "nobody is signed in".to_owned());
        if let Err(why) = key.and_then(|it| desk.send(&cancel, Some(it))) {
            row.notes.push(format!("not taken back: {why}"));
        }
    }
    for EmergencyStop { twin } in stops.read() {
        let Some(twin) = desk.site.twin(*twin) else { continue };
        let id = Uuid::now_v7();
        let stop = Request::new(id, Act::Stop { twin: twin.address.to_string() }, desk.now(), false);
        // It goes out wherever the cursor stands and whoever sits here; a recording alone has nobody to send it to.
        let sent = desk.send(&stop, desk.operator.key());
        for (part, (command, value)) in parts_of_stop(&desk.site, &twin.emergency_stop).enumerate() {
            let mut row = desk.row(command, &value, Digest::part_of_stop(id, part));
            row.is_stop = true;
            match &sent {
                Ok(digest) => row.digest = Some(*digest),
                Err(why) => refuse(&mut row, desk.now(), Cause::BlockedByProcess, why.clone()),
            }
            log.rows.push(row);
        }
    }
}

/// What a person acknowledges goes to the gate, sealed; what it says of it is heard by [`super::evil`].
pub(super) fn take_acknowledgements(
    desk: Desk,
    mut asks: MessageReader<AcknowledgeAtGate>,
    mut asked: ResMut<LastAsked>,
    mut refused: MessageWriter<AcknowledgeRefused>,
) {
    for AcknowledgeAtGate { twin, why } in asks.read() {
        let Some(address) = desk.site.twin(*twin).map(|it| it.address.to_string()) else { continue };
        let act = Act::Acknowledge { twin: address, why: why.to_string() };
        let request = Request::new(Uuid::now_v7(), act, desk.now(), false);
        let key = desk.operator.key().ok_or_else(|| "nobody is signed in".to_owned());
        match key.and_then(|it| desk.send(&request, Some(it))) {
            Ok(_) => asked.0 = Some((request.id, *twin)),
            Err(why) => drop(refused.write(AcknowledgeRefused { twin: *twin, why })),
        }
    }
}

/// The commands of an emergency stop, with the values that the site declares.
pub fn parts_of_stop<'a>(site: &'a Site, stops: &'a [Stop]) -> impl Iterator<Item = (&'a Command, Value)> {
    stops.iter().filter_map(|stop| {
        let command = site.command(stop.command)?;
        let value = match command.takes {
            TakesDoc::Switch { .. } => Value::Flag(stop.value > 0.5),
            TakesDoc::Number { .. } => Value::Number(stop.value),
        };
        Some((command, value))
    })
}

fn send_row(desk: &Desk, row: &mut CommandRow, act: Act, reentered: bool, key: &Key) {
    let Ok(id) = Uuid::try_parse(&row.correlation) else { return };
    match desk.send(&Request::new(id, act, desk.now(), reentered), Some(key)) {
        Ok(digest) => row.digest = Some(digest),
        Err(why) => refuse(row, desk.now(), Cause::BlockedByProcess, why),
    }
}

fn refuse(row: &mut CommandRow, at: Timestamp, cause: Cause, reason: impl Into<String>) {
    row.life.take(Happening::Refused { at, cause, reason: reason.into() });
}

/// A passphrase is a secret from its first letter on.
impl Ask {
    /// With the passphrase that was given for it.
    pub fn with_passphrase(self, passphrase: SecretString) -> Self {
        Self { passphrase: Some(passphrase), ..self }
    }
}
