//! Keeps the layout between runs: taken from its file once, written when it has changed and rested.

use bevy::prelude::*;

use super::dock::Desk;
use super::layout::Layout;
use super::plot::SPANS;
use super::store::{LayoutDoc, LayoutStore};
use super::toasts::Tone;
use crate::session::CurrentSite;
use crate::signal::SignalId;

/// Seconds that a layout rests before it is written: not on every pixel of a drag.
const REST_SECS: f64 = 2.0;

/// What was written last, and when it was looked at.
#[derive(Resource, Debug, Default)]
pub(super) struct Kept {
    doc: Option<LayoutDoc>,
    looked_secs: f64,
    failed: bool,
    /// What was asked for at the start.
    plots: Vec<SignalId>,
}

impl Kept {
    /// Plots these at the start, if there are any.
    pub(super) fn new(plots: Vec<SignalId>) -> Self {
        Self { plots, ..Self::default() }
    }
}

/// Once, at the start. A broken file gives the default layout and a note.
pub(super) fn load_layout(
    store: Res<LayoutStore>,
    site: Res<CurrentSite>,
    mut kept: ResMut<Kept>,
    mut desk: ResMut<Desk>,
    mut layout: ResMut<Layout>,
) {
    let doc = match store.load() {
        Ok(doc) => doc,
        Err(error) => {
            warn!("{error}; the panels stand as on the first day");
            desk.toasts.add(format!("{error}. The panels stand as on the first day."), Tone::Warning, 0.0);
            None
        }
    };
    desk.plot.signals.clone_from(&site.plots);
    if let Some(doc) = doc {
        if let Some(found) = doc.tiles.clone().and_then(Layout::from_tiles) {
            *layout = found;
        }
        let known: Vec<SignalId> = doc.plotted.iter().filter_map(|it| site.signal_at(it)).map(|it| it.id).collect();
        // What was plotted of another site says nothing of this one.
        if !known.is_empty() || doc.plotted.is_empty() {
            desk.plot.signals = known;
        }
        if doc.plot_secs.is_finite() && doc.plot_secs > 0.0 {
            desk.plot.last_secs = doc.plot_secs.min(SPANS[SPANS.len() - 1].0);
        }
        desk.reduced_motion = doc.reduced_motion;
        kept.doc = Some(doc);
    }
    if !kept.plots.is_empty() {
        desk.plot.signals = std::mem::take(&mut kept.plots);
    }
    let periods = desk.plot.signals.iter().filter_map(|it| site.signal(*it)).map(|it| it.period);
    if let Some(fastest) = periods.reduce(f64::min) {
        desk.plot.widen(fastest);
    }
}

/// Now and then, and when the program ends.
pub(super) fn save_layout(
    time: Res<Time<Real>>,
    store: Res<LayoutStore>,
    site: Res<CurrentSite>,
    layout: Res<Layout>,
    mut ends: MessageReader<AppExit>,
    mut kept: ResMut<Kept>,
    mut desk: ResMut<Desk>,
) {
    let now = time.elapsed_secs_f64();
    let ends = ends.read().count() > 0;
    if store.file.is_none() || (now - kept.looked_secs < REST_SECS && !ends) {
        return;
    }
    kept.looked_secs = now;
    let doc = LayoutDoc::new(&layout, &desk.plot, desk.reduced_motion, &site);
    if kept.doc.as_ref() == Some(&doc) {
        return;
    }
    match store.save(&doc) {
        Ok(()) => kept.failed = false,
        Err(error) if !kept.failed => {
            kept.failed = true;
            warn!("{error}");
            desk.toasts.add(format!("{error}: how the panels stand will not be remembered."), Tone::Warning, now);
        }
        Err(_) => {}
    }
    kept.doc = Some(doc);
}
