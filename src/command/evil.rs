//! That a person acknowledges an evil twin goes to the gate, which relies on nothing of it until then. What the gate says of it
//! is done here too, whichever desktop asked.

use std::sync::Arc;

use bevy::prelude::*;

use super::life::Phase;
use super::wire::GateEvent;
use crate::site::{Site, TwinId};
use crate::twin::AcknowledgeEvil;

/// A request to have the gate acknowledge that a twin has an evil one, by who sits here. It was seen to that the person may.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct AcknowledgeAtGate {
    /// The twin of the device.
    pub twin: TwinId,
    /// For what reason.
    pub why: Arc<str>,
}

/// The gate did not acknowledge what was asked from here.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct AcknowledgeRefused {
    /// The twin of the device.
    pub twin: TwinId,
    /// Why not, for a person.
    pub why: String,
}

/// Hears what the gate says of an evil twin. A no is for who asked.
pub(super) fn hear(
    event: &GateEvent,
    own: bool,
    site: &Site,
    done: &mut MessageWriter<AcknowledgeEvil>,
    refused: &mut MessageWriter<AcknowledgeRefused>,
) {
    let Some(twin) = event.evil_twin.as_ref().and_then(|it| site.twin_at(it)).map(|it| it.id) else { return };
    let said = event.reason.as_deref().unwrap_or_default();
    if event.phase == Phase::Confirmed {
        done.write(AcknowledgeEvil { twin, who: event.who.as_str().into(), why: said.into() });
    } else if own {
        refused.write(AcknowledgeRefused { twin, why: said.to_owned() });
    }
}
