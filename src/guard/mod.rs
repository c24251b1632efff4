//! A site's security as a whole: how far each twin may be believed, what must not be relied on and why, and who may isolate it.

mod isolate;
mod rollup;
mod taint;
mod ties;

use bevy::prelude::*;

pub use isolate::{AskIsolate, AskRelease, QuarantineRefused, Refusal, may_isolate};
pub use rollup::{TrustOf, Trusted};
pub use taint::{Culprit, Hop, Taint, Tainted};
pub use ties::{Node, Tie, name_of, twin_of};

use crate::schedule::Stage;

/// Adds the [`TrustOf`] twins, the [`Taint`], and the systems that follow them and pass on who is to be isolated.
pub fn plugin(app: &mut App) {
    app.init_resource::<Taint>()
        .init_resource::<TrustOf>()
        .add_message::<AskIsolate>()
        .add_message::<AskRelease>()
        .add_message::<QuarantineRefused>()
        // Before the readings are taken, so that what is asked is seen in the same frame.
        .add_systems(Update, isolate::take_asks.in_set(Stage::Time))
        .add_systems(Update, (taint::follow_taint, rollup::follow_trust).in_set(Stage::Act));
}
