//! Twins and signals as entities, their readings at the cursor, the health that rolls up the tree, and what a person has isolated or
//! acknowledged.
//!
//! Entities follow the site: a reload keeps the entity of every address that is still there, so selection, history
//! and components that others have added stay.

mod evil;
pub mod health;
mod quarantine;
mod reading;
mod selection;
mod spawn;
mod standing;
mod worst;

use bevy::prelude::*;

pub use evil::{AcknowledgeEvil, EvilAcknowledged, EvilTwins, evil_doc, evil_event, speaker_of};
pub use health::{AlarmLevels, Health, Level};
pub use quarantine::{
    Basis, Doubt, Estimate, Hold, Isolate, Isolation, Isolations, Quarantine, QuarantineEvent, Release, Released,
    quarantine_doc, quarantine_event,
};
pub use reading::{Bounds, Newest, Reading, ReadingState, Readings, STALE_PERIODS, state_of};
pub use selection::{Select, Selection};
pub use spawn::{MeasuredOn, SignalRef, Signals, TwinIndex, TwinRef};
pub use standing::Standing;
pub use worst::{own_standing, signs};

use crate::schedule::Stage;

/// Adds twins, signals, readings, health, the quarantine, the evil twins and the selection.
pub fn plugin(app: &mut App) {
    app.init_resource::<TwinIndex>()
        .init_resource::<Readings>()
        .init_resource::<Newest>()
        .init_resource::<Selection>()
        .init_resource::<Quarantine>()
        .init_resource::<EvilTwins>()
        .add_message::<Isolate>()
        .add_message::<Release>()
        .add_message::<QuarantineEvent>()
        .add_message::<AcknowledgeEvil>()
        .add_message::<EvilAcknowledged>()
        .add_message::<Select>()
        .add_message::<AlarmLevels>()
        .add_systems(Startup, quarantine::recall)
        .add_systems(Update, spawn::follow_site.in_set(Stage::Time))
        .add_systems(
            Update,
            (
                quarantine::apply_requests,
                quarantine::follow_quarantine,
                evil::acknowledge_evil,
                evil::follow_acknowledged,
                reading::follow_cursor,
            )
                .chain()
                .in_set(Stage::State),
        )
        .add_systems(Update, (reading::judge_readings, health::follow_health).chain().in_set(Stage::Judge))
        .add_systems(Update, selection::apply_selects.in_set(Stage::Act));
}
