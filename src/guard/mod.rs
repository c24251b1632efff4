//! A site's security as a whole: what its devices are, until when they get updates, and what is known against them.
//!
//! [`advisories`] and [`inventory`] are plain and know neither the engine nor a clock; `stock` keeps the [`Inventory`] of the
//! site at hand, `ahead` what a day in the future will bring.

pub mod advisories;
mod ahead;
pub mod inventory;
mod stock;

use bevy::prelude::*;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use ahead::{LookAhead, SupportOutlook};
pub use stock::{ExportInventory, Inventory, Observations, ReadAdvisories};

use crate::schedule::Stage;
use crate::signal::Timestamp;
use crate::site::Site;

/// Adds the inventory, and what can be asked of it. Needs a session.
pub fn plugin(app: &mut App) {
    app.init_resource::<Inventory>()
        .init_resource::<Observations>()
        .init_resource::<stock::Reading>()
        .init_resource::<SupportOutlook>()
        .add_message::<ReadAdvisories>()
        .add_message::<ExportInventory>()
        .add_message::<LookAhead>()
        // A notice of the session's own work is written later in the frame: the two never meet.
        .add_systems(Update, (stock::take_stock, ahead::look_ahead, stock::export).chain().in_set(Stage::Judge));
}

/// The day of an instant at the site.
pub fn day_of(at: Timestamp, site: &Site) -> Date {
    let zone = TimeZone::get(&site.place.time_zone).unwrap_or(TimeZone::UTC);
    let instant = jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).unwrap_or(jiff::Timestamp::MAX);
    instant.to_zoned(zone).date()
}
