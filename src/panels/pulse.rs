//! What the panels follow over time: rates, the site's clock, and what deserves a note.

use std::collections::BTreeMap;

use bevy::prelude::*;

use super::dock::Desk;
use super::format::Clock;
use super::format::sentence;
use super::toasts::Tone;
use crate::command::{CommandLog, Phase};
use crate::link::{Link, LinkState};
use crate::session::{Compared, CurrentSite, Marks, Notice, NoticeTone, Session, SiteFindings, TallySnapshot};
use crate::site::Severity;

/// Seconds between two looks at the counters.
const LOOK_SECS: f64 = 0.5;

/// The counters as they were at the last look, and what follows from two looks.
#[derive(Resource, Debug)]
pub(super) struct Pulse {
    /// What was counted.
    pub tally: TallySnapshot,
    /// Messages a second, over the last two seconds or so.
    pub arrivals_per_sec: f64,
    /// The site's clock.
    pub clock: Clock,
    looked_secs: f64,
}

impl Default for Pulse {
    fn default() -> Self {
        let clock = Clock::new("UTC");
        Self { tally: TallySnapshot::default(), arrivals_per_sec: 0.0, clock, looked_secs: f64::NEG_INFINITY }
    }
}

/// Twice a second the counters are looked at; the clock follows the site.
pub(super) fn follow_pulse(
    time: Res<Time<Real>>,
    site: Res<CurrentSite>,
    session: Res<Session>,
    mut pulse: ResMut<Pulse>,
) {
    if site.is_changed() {
        pulse.clock = Clock::new(&site.place.time_zone);
    }
    let now = time.elapsed_secs_f64();
    let since = now - pulse.looked_secs;
    if since < LOOK_SECS {
        return;
    }
    let next = session.tally.snapshot();
    let rate = next.arrivals.saturating_sub(pulse.tally.arrivals) as f64 / since;
    // The first look has nothing to compare with.
    if since.is_finite() {
        let weight = (since / 2.0).min(1.0);
        pulse.arrivals_per_sec += (rate - pulse.arrivals_per_sec) * weight;
    }
    pulse.looked_secs = now;
    pulse.tally = next;
}

/// What was seen last of what notes are written about.
#[derive(Debug, Default)]
pub(super) struct Seen {
    phases: BTreeMap<String, Phase>,
    linked: Option<bool>,
    marks: Option<String>,
    compared: Option<String>,
    faults: usize,
}

/// Writes notes: what became of a command, of the link, of an edit.
pub(super) fn raise_toasts(
    time: Res<Time<Real>>,
    site: Res<CurrentSite>,
    session: Res<Session>,
    log: Res<CommandLog>,
    (marks, compared): (Res<Marks>, Res<Compared>),
    findings: Res<SiteFindings>,
    mut notices: MessageReader<Notice>,
    mut seen: Local<Seen>,
    mut desk: ResMut<Desk>,
) {
    let now = time.elapsed_secs_f64();
    desk.toasts.pass(now);
    for Notice { text, tone } in notices.read() {
        let tone = match tone {
            NoticeTone::Plain => Tone::Plain,
            NoticeTone::Good => Tone::Good,
            NoticeTone::Warning => Tone::Warning,
            NoticeTone::Bad => Tone::Bad,
        };
        desk.toasts.add(sentence(text), tone, now);
    }
    if log.is_changed() {
        for row in &log.rows {
            if seen.phases.insert(row.correlation.clone(), row.phase) == Some(row.phase) {
                continue;
            }
            let name = site.command(row.command).map_or("A command", |it| &it.name);
            let twin = site.twin(row.twin).map_or("", |it| &it.name);
            let why = row.reason.as_ref().map(|it| format!(": {it}")).unwrap_or_default();
            let tone = match row.phase {
                Phase::Draft | Phase::Checked | Phase::Sent | Phase::Accepted => continue,
                Phase::Confirmed => Tone::Good,
                Phase::TimedOut | Phase::Unknown | Phase::Expired => Tone::Warning,
                Phase::Rejected | Phase::Failed => Tone::Bad,
            };
            desk.toasts.add(format!("{twin} · {name} {}{why}", row.phase.label()), tone, now);
        }
    }
    if seen.marks != marks.problem {
        seen.marks.clone_from(&marks.problem);
        if let Some(problem) = &marks.problem {
            desk.toasts.add(problem.clone(), Tone::Warning, now);
        }
    }
    let problem = compared.0.as_ref().and_then(|it| it.problem.clone());
    if seen.compared != problem {
        if let Some(problem) = &problem {
            desk.toasts.add(problem.clone(), Tone::Warning, now);
        }
        seen.compared = problem;
    }
    let linked = match session.link.as_ref().map(Link::state) {
        Some(LinkState::Connected { .. }) => Some(true),
        Some(LinkState::Waiting { .. }) => Some(false),
        Some(LinkState::Connecting | LinkState::Closed) | None => seen.linked,
    };
    if seen.linked == Some(false) && linked == Some(true) {
        desk.toasts.add("The link is back.", Tone::Good, now);
    }
    seen.linked = linked;
    let faults = findings.0.iter().filter(|it| it.severity == Severity::Error).count();
    if site.is_changed() && !site.is_added() {
        desk.toasts.add("The edited site was taken over.", Tone::Good, now);
    } else if faults == 0 && seen.faults > 0 {
        desk.toasts.add("The site file is whole again.", Tone::Good, now);
    }
    seen.faults = faults;
}
