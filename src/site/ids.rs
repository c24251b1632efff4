//! Numbers for addresses, which stay the same when a site is reloaded.

use std::collections::HashMap;
use std::sync::Arc;

use super::model::{AlarmId, CommandId, TwinId};
use crate::signal::SignalId;

/// The numbers that were given to twins, signals, commands and alarms. A number is never given to another address, and an
/// address that went away gets its own back when it returns.
#[derive(Debug, Default, Clone)]
pub struct Ids {
    twins: Numbers,
    signals: Numbers,
    commands: Numbers,
    alarms: Numbers,
}

#[derive(Debug, Default, Clone)]
struct Numbers(HashMap<Arc<str>, u32>);

impl Numbers {
    fn of(&mut self, address: &Arc<str>) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(Arc::clone(address)).or_insert(next)
    }
}

impl Ids {
    /// The number of a twin.
    pub(super) fn twin(&mut self, address: &Arc<str>) -> TwinId {
        TwinId(self.twins.of(address))
    }

    /// The number of a signal.
    pub(super) fn signal(&mut self, address: &Arc<str>) -> SignalId {
        SignalId(self.signals.of(address))
    }

    /// The number of a command.
    pub(super) fn command(&mut self, address: &Arc<str>) -> CommandId {
        CommandId(self.commands.of(address))
    }

    /// The number of an alarm.
    pub(super) fn alarm(&mut self, address: &Arc<str>) -> AlarmId {
        AlarmId(self.alarms.of(address))
    }

    /// One more than the largest number of a twin.
    pub(super) fn n_twins(&self) -> usize {
        self.twins.0.len()
    }

    /// One more than the largest number of a signal.
    pub(super) fn n_signals(&self) -> usize {
        self.signals.0.len()
    }
}
