//! What the panels read of trust, taint and quarantine, and the notes that tell of it.

use bevy::prelude::*;

use super::dock::Desk;
use super::facts::Facts;
use super::format;
use super::toasts::Tone;
use super::trust_section::{HopRow, IsolationRow, TaintRows, TrustRows};
use crate::guard::{Node, QuarantineRefused, Tainted, may_isolate, name_of, twin_of};
use crate::session::CurrentSite;
use crate::site::TwinId;
use crate::twin::{Isolation, QuarantineEvent};

impl Facts<'_, '_> {
    /// All that is said of a twin's trust.
    pub(super) fn trust_rows(&self, twin: TwinId) -> TrustRows {
        let trusted = self.trust_of.of(twin);
        let isolation = self.quarantine.isolation_of(&self.site, twin);
        // That an isolated twin does not rely on itself goes without saying.
        let is_own = |it: &Tainted| isolation.is_some() && self.quarantine.is_isolated(it.culprit);
        let taint = self.taint.of_twin(twin).filter(|it| !is_own(it));
        TrustRows {
            standing: trusted.worst,
            share: trusted.share_text(),
            taint: taint.map(|it| self.taint_rows(&it)),
            isolation: isolation.map(|it| self.isolation_row(it, twin)),
            cannot: self.cannot_isolate(),
        }
    }

    /// Why nothing can be isolated or released now. `None`: it can.
    pub(super) fn cannot_isolate(&self) -> Option<String> {
        if self.session.is_replay() {
            return Some("This is a recording: nothing can be isolated or released.".to_owned());
        }
        if !self.is_live() {
            return Some("The view shows the past: go live to isolate or release.".to_owned());
        }
        may_isolate(&self.operator).err().map(|it| format::sentence(&it.to_string()))
    }

    fn taint_rows(&self, tainted: &Tainted) -> TaintRows {
        let name = name_of(Node::Signal(tainted.culprit), &self.site);
        let standing = self.taint.culprit(tainted.culprit).map_or("not to be believed", |it| it.standing.label());
        let hop = |it: &crate::guard::Hop| HopRow {
            name: name_of(it.node, &self.site),
            tie: it.by.label(),
            twin: twin_of(it.node, &self.site),
        };
        TaintRows {
            says: format!("Do not rely on it: it depends on {name}, which is {standing}."),
            hops: tainted.hops.iter().map(hop).collect(),
        }
    }

    fn isolation_row(&self, isolation: &Isolation, twin: TwinId) -> IsolationRow {
        let Isolation { who, why, at, .. } = isolation;
        let whole = (isolation.twin != twin).then(|| name_of(Node::Twin(isolation.twin), &self.site));
        let with = whole.as_ref().map_or_else(String::new, |it| format!(" with {it}"));
        let since = self.pulse.clock.date_time(*at);
        IsolationRow {
            says: format!("Isolated{with} since {since} by {who}: {why}"),
            whole: whole.map(|it| (isolation.twin, it)),
        }
    }
}

/// What was isolated, released or refused is told.
pub(super) fn tell_quarantine(
    time: Res<Time<Real>>,
    site: Res<CurrentSite>,
    mut done: MessageReader<QuarantineEvent>,
    mut refused: MessageReader<QuarantineRefused>,
    mut desk: ResMut<Desk>,
) {
    let now = time.elapsed_secs_f64();
    for event in done.read() {
        let name = name_of(Node::Twin(event.twin()), &site);
        let (text, tone) = match event {
            QuarantineEvent::Isolated(_) => (format!("{name} is isolated: nothing relies on it."), Tone::Warning),
            QuarantineEvent::Released(_) => (format!("{name} is released."), Tone::Plain),
        };
        desk.toasts.add(text, tone, now);
    }
    for QuarantineRefused { twin, why } in refused.read() {
        let name = name_of(Node::Twin(*twin), &site);
        desk.toasts.add(format!("{name}: {why}"), Tone::Warning, now);
    }
}
