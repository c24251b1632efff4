//! What the panels read of trust, taint and quarantine, and the notes that tell of it.

use std::sync::Arc;

use bevy::prelude::*;

use super::dock::Desk;
use super::facts::Facts;
use super::format;
use super::isolated::IsolatedRow;
use super::toasts::Tone;
use super::trust_section::{HopRow, IsolationRow, TaintRows, TrustRows};
use crate::command::GateState;
use crate::guard::{Node, QuarantineRefused, Tainted, can_isolate, can_release, may_isolate, name_of, twin_of};
use crate::session::{CurrentSite, Session};
use crate::site::TwinId;
use crate::twin::{Hold, Isolation, QuarantineEvent};

/// More than so many at once are told as one.
const TOLD: usize = 3;

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

    /// Why a twin can't be isolated, or released, now. `None`: it can.
    pub(super) fn cannot_quarantine(&self, twin: TwinId, release: bool) -> Option<String> {
        let now = self.quarantine.now();
        let can = if release {
            can_release(twin, &self.site, now, &self.gate)
        } else {
            can_isolate(twin, &self.site, now, &self.gate)
        };
        self.cannot_isolate().or_else(|| can.err().map(|it| format::sentence(&it.to_string())))
    }

    /// Where a twin would be isolated, or released, in a sentence.
    pub(super) fn quarantine_place(&self, twin: TwinId, release: bool) -> String {
        let is_here = self.quarantine.now().own(twin).is_some_and(|it| it.hold == Hold::Here);
        match self.gate.takes_none() {
            _ if release && is_here => "On this desktop, which alone holds it isolated.".to_owned(),
            None => "At the gate: for all who command at this site.".to_owned(),
            Some(why) => format!("On this desktop only: {why}. Who commands elsewhere is not kept from relying on it."),
        }
    }

    /// What is isolated at the cursor, the earliest first.
    pub(super) fn isolated_rows(&self) -> Vec<IsolatedRow> {
        let row = |it: &Arc<Isolation>| {
            let (twin, is_here) = (it.twin, it.hold == Hold::Here);
            let gives = is_here && self.is_live() && self.gate.takes_none().is_none();
            IsolatedRow {
                twin,
                name: name_of(Node::Twin(twin), &self.site),
                since: self.pulse.clock.date_time(it.since),
                who: it.who.to_string(),
                why: it.why.to_string(),
                at_gate: !is_here,
                give: gives.then(|| self.cannot_quarantine(twin, false)),
                cannot_release: self.cannot_quarantine(twin, true),
            }
        };
        self.quarantine.all().iter().map(row).collect()
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
        let Isolation { who, why, since, hold, .. } = isolation;
        let whole = (isolation.twin != twin).then(|| name_of(Node::Twin(isolation.twin), &self.site));
        let with = whole.as_ref().map_or_else(String::new, |it| format!(" with {it}"));
        let since = self.pulse.clock.date_time(*since);
        let only = if *hold == Hold::Here { ", on this desktop only" } else { "" };
        IsolationRow {
            says: format!("Isolated{with} since {since} by {who}{only}: {why}"),
            whole: whole.map(|it| (isolation.twin, it)),
        }
    }
}

/// What was isolated, released or refused is told.
pub(super) fn tell_quarantine(
    time: Res<Time<Real>>,
    site: Res<CurrentSite>,
    session: Res<Session>,
    gate: Res<GateState>,
    mut done: MessageReader<QuarantineEvent>,
    mut refused: MessageReader<QuarantineRefused>,
    mut desk: ResMut<Desk>,
) {
    let now = time.elapsed_secs_f64();
    if done.len() > TOLD {
        let count = done.read().count();
        let text = format!("{count} twins were isolated or released: the list says which are isolated.");
        desk.toasts.add(text, Tone::Warning, now);
    }
    for event in done.read() {
        let name = name_of(Node::Twin(event.twin()), &site);
        let (text, tone) = match event {
            QuarantineEvent::Isolated(it) => {
                let no_gate = gate.takes_none().unwrap_or_else(|| "the gate has not heard of it".to_owned());
                (isolated_text(&name, it, it.since < session.began, &no_gate), Tone::Warning)
            }
            QuarantineEvent::Released(it) => (format!("{name} is released by {}.", it.who), Tone::Plain),
        };
        desk.toasts.add(text, tone, now);
    }
    for QuarantineRefused { twin, why } in refused.read() {
        let name = name_of(Node::Twin(*twin), &site);
        desk.toasts.add(format!("{name}: {why}"), Tone::Warning, now);
    }
}

/// What is told of an isolation; `before`: it is older than the session.
fn isolated_text(name: &str, isolation: &Isolation, before: bool, no_gate: &str) -> String {
    let Isolation { who, why, hold, .. } = isolation;
    match (hold, before) {
        (Hold::Gate, false) => format!("{name} is isolated at the gate by {who}: nothing relies on it."),
        (Hold::Gate, true) => format!("{name} is still isolated at the gate, by {who}: {why}"),
        (Hold::Here, false) => format!("{name} is isolated on this desktop only: {no_gate}."),
        (Hold::Here, true) => {
            format!("{name} is still isolated on this desktop only, as when Pollux ended, by {who}: {why}")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::signal::Timestamp;

    #[test]
    fn what_is_told_of_an_isolation_says_where_it_holds() {
        let at = Timestamp::from_nanos(0);
        let text = |hold, before| {
            let (who, why) = ("anna".into(), "it lies".into());
            let isolation = Isolation { at, since: at, hold, twin: TwinId(1), who, why, estimates: BTreeMap::new() };
            isolated_text("Pump 1", &isolation, before, "there is no gate")
        };
        let all = [(Hold::Gate, false), (Hold::Gate, true), (Hold::Here, false), (Hold::Here, true)];
        let texts: Vec<String> = all.into_iter().map(|(hold, before)| text(hold, before)).collect();
        insta::assert_snapshot!(texts.join("\n"), @r"
        Pump 1 is isolated at the gate by anna: nothing relies on it.
        Pump 1 is still isolated at the gate, by anna: it lies
        Pump 1 is isolated on this desktop only: there is no gate.
        Pump 1 is still isolated on this desktop only, as when Pollux ended, by anna: it lies
        ");
    }
}
