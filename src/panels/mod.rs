//! The panels: what a person reads and asks for, around the 3D view.
//!
//! A panel is a function of plain rows that returns what was asked for; `facts` gathers the rows, `dock` draws them
//! and `perform` sends the requests. No panel writes the model.

mod actions;
mod alarm_deeds;
mod alarm_facts;
mod alarm_spans;
mod alarms;
mod banners;
mod check_facts;
mod chords;
mod command_facts;
mod commands;
mod compared;
mod diagnostics;
mod diagnostics_panel;
mod dialogs;
mod dock;
mod evidence;
mod evil_banner;
mod facts;
mod files;
#[cfg(test)]
mod fixture;
pub mod format;
mod fuzzy;
mod ghost_chip;
mod icons;
mod idle;
mod inspector;
mod inventory;
mod inventory_facts;
mod keep;
mod keys_sheet;
mod layout;
mod lens_legend;
mod palette;
mod perform;
mod plot;
mod plot_legend;
mod plot_panel;
mod provenance;
mod provenance_facts;
mod pulse;
#[cfg(test)]
mod scene;
mod section;
mod session_menu;
mod sparkline;
mod standing;
mod status_bar;
mod store;
mod taint;
pub mod theme;
mod timeline;
mod timeline_facts;
mod toasts;
mod tree;
mod trust_facts;
mod trust_findings;
mod trust_section;

use bevy::prelude::*;
use bevy_egui::{EguiPreUpdateSet, EguiPrimaryContextPass};

pub use actions::{Action, EventKind, LoopEnd, StepTo};
pub use alarms::{AlarmAction, AlarmView, AlarmsState, Deed, Dialog};
pub use commands::Passphrase;
pub use dock::Desk;
pub use inventory::{InventoryAction, InventoryState};
pub use layout::{Layout, Pane};
pub use plot::PlotState;
pub use provenance::Provenance;
pub use store::LayoutStore;
pub use timeline::{TimelineState, Window};

use crate::schedule::Stage;
use crate::signal::SignalId;

/// Adds the panels. Needs an egui context, a session, twins and commands.
#[derive(Debug, Clone, Default)]
pub struct PanelsPlugin {
    /// Where the layout is kept between runs.
    pub store: LayoutStore,
    /// What to plot, whatever was plotted last. Empty: what was, or what the site names.
    pub plots: Vec<SignalId>,
}

impl Plugin for PanelsPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(self.store.clone())
            .init_resource::<Desk>()
            .init_resource::<Layout>()
            .init_resource::<pulse::Pulse>()
            .init_resource::<alarm_spans::AlarmSpans>()
            .insert_resource(keep::Kept::new(self.plots.clone()))
            .add_systems(Startup, keep::load_layout)
            .add_systems(
                Update,
                (
                    files::follow_drops,
                    evidence::ask_for_evidence,
                    pulse::follow_pulse,
                    pulse::raise_toasts,
                    alarm_deeds::hear_refusals,
                    trust_facts::tell_quarantine,
                    alarm_spans::follow_spans,
                    keep::save_layout,
                )
                    .chain()
                    .in_set(Stage::Show),
            )
            .add_systems(
                PreUpdate,
                (idle::drop_unchanged_modifiers, chords::mend_chords)
                    .chain()
                    .after(EguiPreUpdateSet::ProcessInput)
                    .before(EguiPreUpdateSet::BeginPass),
            )
            .add_systems(EguiPrimaryContextPass, dock::show_panels);
    }
}
