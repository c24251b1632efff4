//! Pollux: see a machine, a plant or a building as a living 3D twin, fed by MQTT.
//!
//! The folders stand in the order in which they may know each other: each imports only from those above it.

pub mod schedule;

pub mod signal;

pub mod site;

pub mod codec;

pub mod trust;

pub mod link;

pub mod physics;

pub mod field;

pub mod session;

pub mod twin;

pub mod judge;

pub mod command;

pub mod guard;

pub mod view;

pub mod panels;

#[cfg(test)]
#[path = "../tests/attacks/mod.rs"]
mod attacks;

#[cfg(test)]
#[path = "../tests/fuzz/mod.rs"]
mod fuzz;

// What the journeys and the attacks share calls it by its name.
#[cfg(test)]
extern crate self as pollux;

use bevy::app::PluginGroupBuilder;
use bevy::prelude::*;

/// All of Pollux but pixels: what `watch`, the tests and the window run alike.
pub struct Headless {
    /// Which site, and which broker.
    pub session: session::SessionPlugin,
}

/// The gate of a site: what stands between those who ask and the devices.
pub struct Gatehouse {
    /// Which site, and which broker.
    pub session: session::SessionPlugin,
    /// The gate itself.
    pub gate: command::gate::GatePlugin,
}

/// The headless group with the 3D view and the panels.
pub struct Desktop {
    /// All but pixels.
    pub headless: Headless,
    /// Where the 3D view draws.
    pub view: view::ViewPlugin,
    /// Where the panels keep their layout.
    pub panels: panels::PanelsPlugin,
}

impl PluginGroup for Headless {
    fn build(self) -> PluginGroupBuilder {
        let words = command::Topics::of(self.session.site()).for_desktop();
        PluginGroupBuilder::start::<Self>()
            .add(schedule::plugin)
            .add(self.session.with_words(words))
            .add(twin::plugin)
            .add(judge::plugin)
            .add(command::plugin)
            .add(guard::plugin)
    }
}

impl PluginGroup for Gatehouse {
    fn build(self) -> PluginGroupBuilder {
        PluginGroupBuilder::start::<Self>()
            .add(schedule::plugin)
            .add(command::gate::GatePlugin::session(self.session))
            .add(twin::plugin)
            .add(self.gate)
    }
}

impl PluginGroup for Desktop {
    fn build(self) -> PluginGroupBuilder {
        PluginGroupBuilder::start::<Self>()
            .add_group(self.headless)
            .add(bevy_egui::EguiPlugin::default())
            .add(self.view)
            .add(self.panels)
    }
}
