//! That a person acknowledges an evil twin goes to the gate, which relies on nothing of it until then. What the gate says of it
//! is done here too, whichever desktop asked.

use std::sync::Arc;

use bevy::prelude::*;
use uuid::Uuid;

use super::life::Phase;
use super::wire::GateEvent;
use crate::site::{Site, Twin, TwinId};
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

/// The last such request that went out from here, until it is answered: its id, and the twin.
#[derive(Resource, Debug, Default)]
pub(super) struct LastAsked(pub(super) Option<(Uuid, TwinId)>);

impl LastAsked {
    /// Whether it has this id.
    pub(super) fn is(&self, id: Uuid) -> bool {
        self.0.is_some_and(|it| it.0 == id)
    }
}

/// Hears what the gate says of an evil twin. A no is for who asked.
pub(super) fn hear(
    event: &GateEvent,
    site: &Site,
    asked: &mut LastAsked,
    done: &mut MessageWriter<AcknowledgeEvil>,
    refused: &mut MessageWriter<AcknowledgeRefused>,
) {
    let own = asked.0.take_if(|it| it.0 == event.id.0);
    let said = event.reason.as_deref().unwrap_or_default();
    if event.phase == Phase::Confirmed {
        let twin = event.evil_twin.as_ref().and_then(|it| site.twin_at(it));
        let acknowledged =
            |it: &Twin| AcknowledgeEvil { twin: it.id, who: event.who.as_str().into(), why: said.into() };
        done.write_batch(twin.map(acknowledged));
    } else if let Some((_, twin)) = own {
        refused.write(AcknowledgeRefused { twin, why: said.to_owned() });
    }
}
