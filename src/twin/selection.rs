//! What is selected and what the pointer is over: one for the tree, the view and the plots.

use bevy::prelude::*;

use crate::session::CurrentSite;
use crate::site::TwinId;

/// The selection. Written here alone, on request.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// The selected twin.
    pub twin: Option<TwinId>,
    /// The twin that the pointer is over, in whichever panel.
    pub hovered: Option<TwinId>,
}

/// A request to change the [`Selection`].
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Select {
    /// Select a twin, or nothing.
    Twin(Option<TwinId>),
    /// The pointer came over a twin, or left it.
    Hover(Option<TwinId>),
}

/// Does what was asked. A twin that is no more (a reload) is let go.
pub(super) fn apply_selects(
    site: Res<CurrentSite>,
    mut requests: MessageReader<Select>,
    mut selection: ResMut<Selection>,
) {
    let known = |it: &TwinId| site.twin(*it).is_some();
    let mut next = *selection;
    for request in requests.read() {
        match *request {
            Select::Twin(twin) => next.twin = twin,
            Select::Hover(twin) => next.hovered = twin,
        }
    }
    if site.is_changed() || next != *selection {
        next.twin = next.twin.filter(known);
        next.hovered = next.hovered.filter(known);
    }
    selection.set_if_neq(next);
}
