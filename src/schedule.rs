//! The order of one frame, in one place.
//!
//! A feature puts its systems in a set; only this file orders the sets. Data moves down this list and never up: a
//! later set may read what an earlier one wrote.

use bevy::prelude::*;

/// The stages of a frame, in the order they run.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// What came in crosses into the world; an edited site is taken over.
    Ingest,
    /// The cursor moves.
    Time,
    /// Readings take their values at the cursor.
    State,
    /// What follows from them: staleness, health.
    Judge,
    /// A person's requests are checked, sent, awaited.
    Act,
    /// The 3D scene follows the model.
    Show,
}

/// Orders the stages.
pub fn plugin(app: &mut App) {
    use Stage::{Act, Ingest, Judge, Show, State, Time};
    app.configure_sets(Update, (Ingest, Time, State, Judge, Act, Show).chain());
}
