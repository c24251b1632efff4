//! What a day in the future will bring, for whoever shows it: the panel that asks, and the view that tints the plant.

use std::collections::BTreeMap;

use bevy::prelude::*;
use jiff::civil::Date;

use super::inventory::{Outlook, Support, outlook};
use super::stock::Inventory;
use crate::session::CurrentSite;
use crate::site::{Site, TwinId};

/// A request to look at the plant as it will be on a day, as far as updates go. `None`: to look at it no longer.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookAhead(pub Option<Date>);

/// The plant on the day that is looked at. Written here alone, on request.
#[derive(Resource, Debug, Default)]
pub struct SupportOutlook {
    /// What the day brings. `None`: nobody looks ahead.
    outlook: Option<Outlook>,
    /// Of each twin that a device speaks for.
    states: BTreeMap<TwinId, Support>,
}

impl SupportOutlook {
    /// The day that is looked at. `None`: nobody looks ahead.
    pub fn date(&self) -> Option<Date> {
        self.outlook.as_ref().map(|it| it.date)
    }

    /// How a twin stands on that day: the device that speaks for it. `None`: nobody looks ahead, or no device speaks for it.
    pub fn lens_state(&self, twin: TwinId) -> Option<Support> {
        self.states.get(&twin).copied()
    }

    /// What the day brings. `None`: nobody looks ahead.
    pub fn outlook(&self) -> Option<&Outlook> {
        self.outlook.as_ref()
    }
}

/// Every twin with the state of the device that speaks for it. Parents stand before their children.
fn spread(site: &Site, outlook: &Outlook) -> BTreeMap<TwinId, Support> {
    let mut states = BTreeMap::new();
    for twin in &site.twins {
        let inherited = || twin.parent.and_then(|it| states.get(&it).copied());
        if let Some(state) = outlook.parts.get(&twin.id).copied().or_else(inherited) {
            states.insert(twin.id, state);
        }
    }
    states
}

/// Looks where it was asked to, and again when the parts have changed.
pub(super) fn look_ahead(
    mut asked: MessageReader<LookAhead>,
    site: Res<CurrentSite>,
    inventory: Res<Inventory>,
    mut ahead: ResMut<SupportOutlook>,
) {
    let date = asked.read().last().map_or_else(|| ahead.date(), |it| it.0);
    if date == ahead.date() && !(date.is_some() && inventory.is_changed()) {
        return;
    }
    let outlook = date.map(|it| outlook(&site, &inventory.parts, it));
    let states = outlook.as_ref().map(|it| spread(&site, it)).unwrap_or_default();
    *ahead = SupportOutlook { outlook, states };
}
