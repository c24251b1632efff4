//! The commands of this run, newest last, and what is asked of this folder.

use std::ops::{Deref, DerefMut};

use bevy::prelude::*;
use secrecy::SecretString;
use uuid::Uuid;

use super::checks::{Check, class_of};
use super::life::{Life, Phase};
use super::request::Digest;
use super::wire::{Waits, WaitsFor};
use crate::signal::{Timestamp, Value};
use crate::site::doc::Class;
use crate::site::{Command, CommandId, TwinId};

/// A request to command something out there. Panels write it. What is of class C3 is reserved by the first and operated by
/// the second one for the same command and value, within the time for which it is reserved.
#[derive(Message, Debug, Clone)]
pub struct Ask {
    /// Which command.
    pub command: CommandId,
    /// The value asked for.
    pub value: Value,
    /// Given for this very command, as class C2 and above take it. `None`: it was not.
    pub passphrase: Option<SecretString>,
    /// The id that its row is to have, a `UUIDv7`. `None`: a new one.
    pub id: Option<Uuid>,
}

/// A request to approve what waits for a second person.
#[derive(Message, Debug, Clone)]
pub struct Approve {
    /// The correlation of its row.
    pub correlation: String,
    /// The account of who approves. `None`: the one who is signed in.
    pub account: Option<String>,
    /// Of that account.
    pub passphrase: SecretString,
}

/// A request to take back what was asked for and is not sent yet, or to wait for it no more.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct CancelRequest {
    /// The correlation of its row.
    pub correlation: String,
}

/// A request for the emergency stop of a twin. It takes no sign-in.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmergencyStop {
    /// Which twin.
    pub twin: TwinId,
}

/// Every command of this run, of whoever asked. Written by this folder alone.
#[derive(Resource, Debug, Default)]
pub struct CommandLog {
    /// Newest last.
    pub rows: Vec<CommandRow>,
}

/// One command with its life so far; what its [`Life`] says can be read of it directly.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandRow {
    /// Which command.
    pub command: CommandId,
    /// Of which twin.
    pub twin: TwinId,
    /// The value asked for.
    pub desired: Value,
    /// Its class with that value.
    pub class: Class,
    /// Where it stands, with the times of each phase.
    pub life: Life,
    /// `UUIDv7`, the id of the request.
    pub correlation: String,
    /// Who asked: the account's id, or what this run calls who sits here.
    pub who: String,
    /// It was asked for from here.
    pub is_mine: bool,
    /// The accounts that approved it.
    pub approved_by: Vec<String>,
    /// What was looked at, by the gate where it has spoken.
    pub checks: Vec<Check>,
    /// Of the request's bytes as they went out. `None`: they did not, or it is another's.
    pub digest: Option<Digest>,
    /// For which person the gate waits, and until when.
    pub waits: Option<Waits>,
    /// Why what waits must not be approved: what was signed is not what the gate says. `None`: it is, or nothing waits.
    pub mismatch: Option<String>,
    /// What else was said of it: a copy that was refused, an approval by the wrong person.
    pub notes: Vec<String>,
    /// It is part of an emergency stop.
    pub is_stop: bool,
    /// How far the value lay from what was reported when it was asked for, in its unit. 0 for a switch, and where it was not
    /// known.
    pub step: f64,
}

impl Deref for CommandRow {
    type Target = Life;

    fn deref(&self) -> &Life {
        &self.life
    }
}

impl DerefMut for CommandRow {
    fn deref_mut(&mut self) -> &mut Life {
        &mut self.life
    }
}

impl CommandRow {
    /// A command that is only just known of, from elsewhere; what is known beyond that is set after.
    pub(super) fn new(command: &Command, desired: Value, life: Life, correlation: String, who: String) -> Self {
        Self {
            command: command.id,
            twin: command.twin,
            class: class_of(command, &desired),
            desired,
            life,
            correlation,
            who,
            is_mine: false,
            approved_by: Vec::new(),
            checks: Vec::new(),
            digest: None,
            waits: None,
            mismatch: None,
            notes: Vec::new(),
            is_stop: false,
            step: 0.0,
        }
    }

    /// Until when it is reserved for who asked.
    pub fn reserved_until(&self) -> Option<Timestamp> {
        self.waits_for(WaitsFor::Operate)
    }

    /// Until when it may be approved.
    pub fn approvable_until(&self) -> Option<Timestamp> {
        self.waits_for(WaitsFor::Approve)
    }

    fn waits_for(&self, act: WaitsFor) -> Option<Timestamp> {
        let waits = self.waits.as_ref().filter(|it| it.for_act == act && self.phase.is_open());
        waits.map(|it| it.until)
    }
}

impl Ask {
    /// Without a passphrase.
    pub fn new(command: CommandId, value: Value) -> Self {
        Self { command, value, passphrase: None, id: None }
    }
}

impl CommandLog {
    /// The newest row of a command.
    pub fn newest_for(&self, command: CommandId) -> Option<&CommandRow> {
        self.rows.iter().rev().find(|it| it.command == command)
    }

    /// The newest row of a command, if it has not ended.
    pub fn open_for(&self, command: CommandId) -> Option<&CommandRow> {
        self.newest_for(command).filter(|it| it.phase.is_open())
    }

    /// The newest row of a command, while what it wanted may still come to be: it is open, or nobody knows.
    pub fn awaited_for(&self, command: CommandId) -> Option<&CommandRow> {
        self.newest_for(command).filter(|it| it.phase.is_open() || it.phase == Phase::Unknown)
    }

    /// Whether anything is awaited.
    pub fn has_open(&self) -> bool {
        self.rows.iter().any(|it| it.is_awaited())
    }

    /// What waits for a second person, of whoever asked.
    pub fn pending(&self) -> impl Iterator<Item = &CommandRow> {
        self.rows.iter().filter(|it| it.approvable_until().is_some())
    }

    /// A row by its correlation.
    pub fn row(&self, correlation: &str) -> Option<&CommandRow> {
        self.rows.iter().rev().find(|it| it.correlation == correlation)
    }

    pub(super) fn row_mut(&mut self, correlation: &str) -> Option<&mut CommandRow> {
        self.rows.iter_mut().rev().find(|it| it.correlation == correlation)
    }
}
