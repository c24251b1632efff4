//! What was asked of devices goes into the recording, and comes out of it again. The gate keeps the audit that counts; this
//! is what the desktop saw.

use std::collections::HashMap;
use std::time::Duration;

use bevy::prelude::*;

use super::life::{Life, Phase};
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
                at: row.since_phase().unwrap_or(cursor.at).as_nanos(),
                command: command.address.to_string(),
                desired: row.desired.to_string(),
                phase: row.phase.label().to_owned(),
                reason: row.reason.clone(),
                correlation: row.correlation.clone(),
                who: row.who.clone(),
                cause: row.cause.map(|it| it.name().to_owned()),
                approved_by: row.approved_by.clone(),
                checks: serde_json::to_value(&row.checks).ok().filter(|_| !row.checks.is_empty()),
                until: row.phase.is_open().then(|| row.until.as_nanos()),
                ..AuditDoc::default()
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
            let until = when + Duration::from_secs_f64(command.confirm.secs.max(0.0));
            let desired = desired(&doc.desired);
            let life = Life::new(when, until, command.confirm.secs);
            rows.push(CommandRow::new(command, desired, life, doc.correlation.clone(), doc.who.clone()));
            rows.len() - 1
        });
        let row = &mut rows[place];
        let cause = doc.cause.as_ref().and_then(|it| serde_json::from_value(it.as_str().into()).ok());
        row.life.recall(phase, when, cause, doc.reason.clone());
        if let Some(until) = doc.until {
            row.life.until = Timestamp::from_nanos(until);
        }
        row.approved_by.clone_from(&doc.approved_by);
        if let Some(checks) = doc.checks.clone().and_then(|it| serde_json::from_value(it).ok()) {
            row.checks = checks;
        }
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
