//! What is seen of the devices on the wire: for which of them a gateway signs.

use std::collections::BTreeMap;

use bevy::prelude::*;

use super::inventory::Observed;
use super::stock::Observations;
use crate::session::CurrentSite;
use crate::site::doc::SigningDoc;
use crate::site::{Site, TwinId};
use crate::trust::Trust;
use crate::twin::Readings;

/// What the newest readings show of each device.
fn observed(site: &Site, readings: &Readings) -> BTreeMap<TwinId, Observed> {
    let mut seen = BTreeMap::new();
    for twin in &site.twins {
        let Some(SigningDoc::Vouched(gateway)) = twin.device.as_ref().map(|it| &it.signing) else { continue };
        let mut own = site.signals_of(twin.id).filter(|it| !site.is_status(it));
        // What the site says is a wish: that the gateway does it is seen by what it signed.
        if own.any(|it| readings.get(it.id).proof.trust == Trust::Vouched) {
            seen.insert(twin.id, Observed { vouched_by: Some(gateway.clone()), ..Observed::default() });
        }
    }
    seen
}

/// Keeps what is seen, where it has changed.
pub(super) fn observe(site: Res<CurrentSite>, readings: Res<Readings>, mut observations: ResMut<Observations>) {
    let seen = observed(&site, &readings);
    if observations.0 != seen {
        observations.0 = seen;
    }
}
