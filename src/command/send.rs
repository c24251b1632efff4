//! From a request to a message on the wire, and from answers and telemetry back to the log.

use std::time::Duration;

use bevy::prelude::*;
use tracing::warn;
use uuid::Uuid;

use super::life::{Phase, confirms, refusal};
use super::log::{Ask, CommandLog, CommandRow};
use crate::codec;
use crate::link::Publish;
use crate::session::{CurrentSite, Cursor, CursorMode, Session};
use crate::site::Command;
use crate::twin::Readings;

/// After this a broker may no longer deliver it: a command that comes late is worse than none.
const EXPIRY_SECS: u32 = 10;

/// Answers of devices find their command by its correlation data; one that nobody awaits is dropped with a word.
pub(super) fn take_answers(session: Res<Session>, mut log: ResMut<CommandLog>) {
    for answer in session.answers() {
        let waiting = log.rows.iter_mut().rev().find(|it| it.correlation.as_bytes() == &answer.correlation[..]);
        let Some(row) = waiting else {
            warn!("an answer came to a command that was never sent from here");
            continue;
        };
        let (phase, reason) = row.phase.after_answer(&answer.payload);
        row.answered = row.answered.or(Some(answer.received));
        if !phase.is_open() && row.phase.is_open() {
            row.ended = Some(answer.received);
        }
        row.phase = phase;
        row.reason = reason.or_else(|| row.reason.take());
    }
}

/// Telemetry confirms what is open, and the clock ends it.
pub(super) fn judge_open(
    cursor: Res<Cursor>,
    site: Res<CurrentSite>,
    readings: Res<Readings>,
    mut log: ResMut<CommandLog>,
) {
    // Only what is live speaks of what is out there now.
    if cursor.mode != CursorMode::Live || !log.has_open() {
        return;
    }
    for row in log.rows.iter_mut().filter(|it| it.phase.is_open()) {
        let shown = site.command(row.command).zip(row.sent).is_some_and(|(command, sent)| {
            confirms(&command.confirm, &row.desired, readings.get(command.confirm.signal), sent)
        });
        let phase = row.phase.after_look(shown, cursor.at, row.deadline);
        if phase != row.phase {
            row.phase = phase;
            row.ended = Some(cursor.at);
            row.reason = match phase {
                Phase::TimedOut => Some("the device did not answer in time".to_owned()),
                Phase::Unknown => Some("accepted, but no measurement showed it in time".to_owned()),
                Phase::Sent | Phase::Accepted | Phase::Rejected | Phase::Confirmed | Phase::Failed => row.reason.take(),
            };
        }
    }
}

/// What was asked is checked and sent. A no is a row too: a person must see it.
pub(super) fn send_asked(
    cursor: Res<Cursor>,
    site: Res<CurrentSite>,
    session: Res<Session>,
    mut requests: MessageReader<Ask>,
    mut log: ResMut<CommandLog>,
) {
    for request in requests.read() {
        let Some(command) = site.command(request.command) else {
            warn!("a command was asked for that the site no longer has");
            continue;
        };
        let correlation = Uuid::now_v7().to_string();
        let refused = match cursor.mode {
            CursorMode::Live => {
                refusal(command, &request.value).or_else(|| send(&session, command, request, &correlation).err())
            }
            CursorMode::Paused | CursorMode::Playing => Some("the view does not show now: go live first".to_owned()),
        };
        let phase = if refused.is_some() { Phase::Rejected } else { Phase::Sent };
        log.rows.push(CommandRow {
            command: command.id,
            twin: command.twin,
            desired: request.value.clone(),
            phase,
            correlation,
            who: session.who.clone(),
            sent: refused.is_none().then_some(cursor.at),
            answered: None,
            ended: refused.is_some().then_some(cursor.at),
            deadline: cursor.at + Duration::from_secs_f64(command.confirm.secs.max(0.0)),
            reason: refused,
        });
    }
}

/// Publishes a command. The error is for a person.
fn send(session: &Session, command: &Command, request: &Ask, correlation: &str) -> Result<(), String> {
    let link = session.link.as_ref().ok_or("there is no link to a broker")?;
    let publish = Publish {
        topic: command.topic.clone(),
        payload: codec::encode(command.path.as_deref(), &request.value),
        qos1: true,
        retain: false,
        response_topic: Some(session.answer_topic.clone()),
        correlation: Some(correlation.as_bytes().to_vec().into()),
        expiry_secs: Some(EXPIRY_SECS),
        content_type: None,
    };
    link.publish(publish).map_err(|error| error.to_string())
}
