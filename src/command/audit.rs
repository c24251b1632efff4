//! What was asked of devices goes into the recording, and comes out of it again.

use std::collections::HashMap;

use bevy::prelude::*;

use super::life::Phase;
use super::log::{CommandLog, CommandRow};
use crate::session::recording::AuditDoc;
use crate::session::{CurrentSite, Cursor, Session};
use crate::signal::{Timestamp, Value};
use crate::site::Site;

/// Each step of a command's life is recorded once.
pub(super) fn keep_audit(
    cursor: Res<Cursor>,
    site: Res<CurrentSite>,
    session: Res<Session>,
    log: Res<CommandLog>,
    mut kept: Local<HashMap<String, Phase>>,
) {
    if session.is_replay() || !log.is_changed() {
        return;
    }
    for row in &log.rows {
        let Some(command) = site.command(row.command) else { continue };
        if kept.insert(row.correlation.clone(), row.phase) != Some(row.phase) {
            session.audit(AuditDoc {
                at: row.ended.or(row.answered).or(row.sent).unwrap_or(cursor.at).as_nanos(),
                command: command.address.to_string(),
                desired: row.desired.to_string(),
                phase: row.phase.label().to_owned(),
                reason: row.reason.clone(),
                correlation: row.correlation.clone(),
                who: row.who.clone(),
            });
        }
    }
}

/// In a recording the log is what it was at the cursor.
pub(super) fn replay_audit(
    cursor: Res<Cursor>,
    site: Res<CurrentSite>,
    session: Res<Session>,
    mut log: ResMut<CommandLog>,
) {
    let Some(filling) = session.filling.as_ref().filter(|_| cursor.is_changed()) else { return };
    let rows = rows_at(&filling.audits(), cursor.at, &site);
    if rows != log.rows {
        log.rows = rows;
    }
}

/// The rows of all that had been asked by an instant, as they stood then.
fn rows_at(audits: &[AuditDoc], at: Timestamp, site: &Site) -> Vec<CommandRow> {
    let mut rows: Vec<CommandRow> = Vec::new();
    for doc in audits.iter().filter(|it| it.at <= at.as_nanos()) {
        let Some(command) = site.commands.iter().find(|it| *it.address == doc.command) else { continue };
        let Some(phase) = Phase::of_label(&doc.phase) else { continue };
        let when = Timestamp::from_nanos(doc.at);
        let known = rows.iter().position(|it| it.correlation == doc.correlation);
        let place = known.unwrap_or_else(|| {
            rows.push(CommandRow {
                command: command.id,
                twin: command.twin,
                desired: desired(&doc.desired),
                phase,
                reason: None,
                correlation: doc.correlation.clone(),
                who: doc.who.clone(),
                sent: (phase != Phase::Rejected).then_some(when),
                answered: None,
                ended: None,
                deadline: when + std::time::Duration::from_secs_f64(command.confirm.secs.max(0.0)),
            });
            rows.len() - 1
        });
        let row = &mut rows[place];
        row.phase = phase;
        row.reason.clone_from(&doc.reason);
        if phase == Phase::Accepted {
            row.answered = row.answered.or(Some(when));
        }
        row.ended = (!phase.is_open()).then_some(when);
    }
    rows
}

fn desired(text: &str) -> Value {
    match (text, text.parse()) {
        ("on", _) => Value::Flag(true),
        ("off", _) => Value::Flag(false),
        (_, Ok(number)) => Value::Number(number),
        (text, Err(_)) => Value::Text(text.into()),
    }
}
