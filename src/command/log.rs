//! The commands of this run, newest last.

use bevy::prelude::*;

use super::life::Phase;
use crate::signal::{Timestamp, Value};
use crate::site::{CommandId, TwinId};

/// A request to command something out there. Panels write it.
#[derive(Message, Debug, Clone, PartialEq)]
pub struct Ask {
    /// Which command.
    pub command: CommandId,
    /// The value asked for.
    pub value: Value,
}

/// Every command of this run. Written by this folder alone.
#[derive(Resource, Debug, Default)]
pub struct CommandLog {
    /// Newest last.
    pub rows: Vec<CommandRow>,
}

/// One command with its life so far.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandRow {
    /// Which command.
    pub command: CommandId,
    /// Of which twin.
    pub twin: TwinId,
    /// The value asked for.
    pub desired: Value,
    /// Where it stands.
    pub phase: Phase,
    /// Why it was rejected or failed. `None`: nothing to say.
    pub reason: Option<String>,
    /// `UUIDv7`, the Correlation Data on the wire.
    pub correlation: String,
    /// Who asked.
    pub who: String,
    /// When it was handed to the link. `None`: it never was.
    pub sent: Option<Timestamp>,
    /// When the device first answered.
    pub answered: Option<Timestamp>,
    /// When it ended, in whichever way.
    pub ended: Option<Timestamp>,
    /// Until when telemetry must show it.
    pub deadline: Timestamp,
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
        self.rows.iter().any(|it| it.phase.is_open())
    }
}

impl CommandRow {
    /// When it was asked for, as far as is known.
    pub fn asked(&self) -> Timestamp {
        self.sent.or(self.ended).unwrap_or(self.deadline)
    }
}
