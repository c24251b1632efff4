//! A site's security as a whole: how far each twin may be believed, what must not be relied on and why, who may isolate it, or
//! acknowledge that it has an evil one; and what its devices are, until when they get updates, and what is known against them.
//!
//! [`advisories`] and [`inventory`] are plain and know neither the engine nor a clock; `stock` keeps the [`Inventory`] of the
//! site at hand, `ahead` what a day in the future will bring.

mod acknowledge;
pub mod advisories;
mod ahead;
pub mod inventory;
mod isolate;
mod rollup;
mod seen;
mod stock;
mod taint;
mod ties;

use std::time::Duration;

use bevy::prelude::*;
use bevy::time::common_conditions::on_timer;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use acknowledge::{AskAcknowledge, EvilRefusal, NotAcknowledged, may_acknowledge};
pub use ahead::{LookAhead, SupportOutlook};
pub use isolate::{AskIsolate, AskRelease, QuarantineRefused, Refusal, can_isolate, can_release, may_isolate};
pub use rollup::{TrustOf, Trusted};
pub use stock::{ExportInventory, Inventory, Observations, ReadAdvisories};
pub use taint::{Culprit, Hop, Taint, Tainted};
pub use ties::{Node, Tie, name_of, twin_of};

use crate::schedule::Stage;
use crate::signal::Timestamp;
use crate::site::Site;

/// What is seen on the wire is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Adds the [`TrustOf`] twins, the [`Taint`], the [`Inventory`], and what can be asked of them. Needs a session.
pub fn plugin(app: &mut App) {
    app.init_resource::<Taint>()
        .init_resource::<TrustOf>()
        .init_resource::<Inventory>()
        .init_resource::<Observations>()
        .init_resource::<stock::UnderWay>()
        .init_resource::<SupportOutlook>()
        .add_message::<AskIsolate>()
        .add_message::<AskRelease>()
        .add_message::<QuarantineRefused>()
        .add_message::<AskAcknowledge>()
        .add_message::<NotAcknowledged>()
        .add_message::<ReadAdvisories>()
        .add_message::<ExportInventory>()
        .add_message::<LookAhead>()
        // Before the readings are taken, so that what is asked is seen in the same frame.
        .add_systems(
            Update,
            ((isolate::take_asks, isolate::follow_gate).chain(), acknowledge::take_acknowledgements)
                .in_set(Stage::Time),
        )
        // A notice of the session's own work is written later in the frame: the two never meet.
        .add_systems(Update, (stock::take_stock, ahead::look_ahead, stock::export).chain().in_set(Stage::Judge))
        .add_systems(
            Update,
            (taint::follow_taint, rollup::follow_trust, seen::observe.run_if(on_timer(LOOK_EVERY))).in_set(Stage::Act),
        );
}

/// The day of an instant at the site.
pub fn day_of(at: Timestamp, site: &Site) -> Date {
    let zone = TimeZone::get(&site.place.time_zone).unwrap_or(TimeZone::UTC);
    let instant = jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).unwrap_or(jiff::Timestamp::MAX);
    instant.to_zoned(zone).date()
}
