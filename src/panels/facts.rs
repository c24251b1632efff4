//! What the panels read of the world, gathered into the plain rows that they draw. Nothing is written here.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use std::path::Path;
use std::time::Duration;

use super::alarm_spans::AlarmSpans;
use super::commands::form::{CommandForm, in_words};
use super::commands::log::LogRow;
use super::diagnostics::{Diagnostic, Evidence, diagnose};
use super::format;
use super::inspector::{Card, DeviceLine, LinkRow, ReadingRow};
use super::plot::{PlotState, Series};
use super::provenance_facts::range_text;
use super::pulse::Pulse;
use super::sparkline::Spark;
use super::status_bar::{LinkLine, Picture, PostureLine, Status, WorkLine};
use super::tree::{TreeRow, TreeState, TwinState, tree_rows};
use crate::command::{CommandLog, CommandRow, GateState, Operator, Rehearsal, Sequences};
use crate::guard::{Inventory, Node, SupportOutlook, Taint, TrustOf};
use crate::judge::{Alarms, Expectations};
use crate::link::{self, LinkState};
use crate::session::{
    Again, Compared, CurrentSite, Cursor, CursorMode, Ghost, Marks, Recalled, Recollect, Session, SiteFindings, Works,
};
use crate::signal::{SignalId, Value};
use crate::site::doc::ValueKind;
use crate::site::{Command, Signal, TwinId};
use crate::twin::{Health, Quarantine, ReadingState, Readings, STALE_PERIODS, Selection, Standing, TwinIndex};
use crate::view::{Lens, Quality, Shades, Tier};

/// Seconds that a sparkline shows.
const SPARK_SECS: f64 = 60.0;
/// Columns of a sparkline.
const SPARK_COLUMNS: usize = 60;

/// The world as the panels read it.
#[derive(SystemParam)]
pub(super) struct Facts<'w, 's> {
    pub(super) site: Res<'w, CurrentSite>,
    pub(super) cursor: Res<'w, Cursor>,
    pub(super) selection: Res<'w, Selection>,
    pub(super) pulse: Res<'w, Pulse>,
    pub(super) findings: Res<'w, SiteFindings>,
    pub(super) ghost: Res<'w, Ghost>,
    pub(super) compared: Res<'w, Compared>,
    pub(super) session: Res<'w, Session>,
    pub(super) readings: Res<'w, Readings>,
    index: Res<'w, TwinIndex>,
    healths: Query<'w, 's, &'static Health>,
    pub(super) log: Res<'w, CommandLog>,
    pub(super) alarms: Res<'w, Alarms>,
    pub(super) expectations: Res<'w, Expectations>,
    pub(super) spans: Res<'w, AlarmSpans>,
    pub(super) marks: Res<'w, Marks>,
    pub(super) recalled: Res<'w, Recalled>,
    works: Res<'w, Works>,
    quality: Option<Res<'w, Quality>>,
    pub(super) operator: Res<'w, Operator>,
    pub(super) gate: Res<'w, GateState>,
    pub(super) sequences: Res<'w, Sequences>,
    pub(super) rehearsal: Rehearsal<'w>,
    pub(super) inventory: Res<'w, Inventory>,
    pub(super) trust_of: Res<'w, TrustOf>,
    pub(super) taint: Res<'w, Taint>,
    pub(super) ahead: Res<'w, SupportOutlook>,
    pub(super) quarantine: Res<'w, Quarantine>,
    pub(super) lens: Option<Res<'w, Lens>>,
    pub(super) shades: Option<Res<'w, Shades>>,
    pub(super) again: Res<'w, Again>,
}

impl Facts<'_, '_> {
    pub(super) fn is_live(&self) -> bool {
        self.cursor.mode == CursorMode::Live
    }

    fn health(&self, twin: TwinId) -> Health {
        self.index.twin(twin).and_then(|it| self.healths.get(it).ok()).copied().unwrap_or_default()
    }

    /// Why no command can be sent now. `None`: one can.
    pub(super) fn cannot_send(&self) -> Option<String> {
        if self.session.is_replay() {
            return Some("This is a recording: nothing can be sent.".to_owned());
        }
        if !self.is_live() {
            return Some("The view shows the past: go live to send commands.".to_owned());
        }
        if let Some(problem) = &self.session.problem {
            return Some(format!("Nothing can be sent: {problem}"));
        }
        match self.session.link.as_ref().map(link::Link::state) {
            None | Some(LinkState::Closed) => Some("No broker is connected: nothing can be sent.".to_owned()),
            Some(LinkState::Connecting) => Some("The link is not up yet: nothing can be sent.".to_owned()),
            Some(LinkState::Connected { .. }) => self.nobody_to_ask(),
            Some(LinkState::Waiting { .. }) => {
                Some("The link is down: nothing can be sent until it is back.".to_owned())
            }
        }
    }

    pub(super) fn tree_rows(&self, state: &TreeState) -> Vec<TreeRow<'_>> {
        let worst = self.worst_alarms();
        let standings = self.tree_standings();
        let how = |it: TwinId| {
            let standing = standings.get(it.index()).copied().flatten();
            let told = standing.is_some_and(Standing::taints);
            let tainted = !told && self.taint.is_tainted(Node::Twin(it));
            TwinState { health: self.health(it), alarm: worst.get(&it).copied(), standing, tainted }
        };
        tree_rows(&self.site, how, state)
    }

    fn link_row(&self, id: TwinId) -> Option<LinkRow<'_>> {
        let twin = self.site.twin(id)?;
        Some(LinkRow { id, name: &twin.name, kind: twin.kind, health: self.health(id).worst })
    }

    pub(super) fn card(&self, plot: &PlotState) -> Option<Card<'_>> {
        let twin = self.site.twin(self.selection.twin?)?;
        let mut way = Vec::new();
        let mut next = twin.parent;
        while let Some(parent) = next.and_then(|it| self.site.twin(it)) {
            way.extend(self.link_row(parent.id));
            next = parent.parent;
        }
        Some(Card {
            id: twin.id,
            name: &twin.name,
            address: &twin.address,
            kind: twin.kind,
            about: twin.about.trim(),
            health: self.health(twin.id),
            way,
            device: self.device(twin.id),
            part: self.brief_part(twin.id),
            alarms: self.brief_rows(twin.id),
            expectations: self.expect_rows(twin.id),
            readings: self.site.signals_of(twin.id).map(|it| self.reading_row(it, plot)).collect(),
            parts: self.site.children_of(Some(twin.id)).filter_map(|it| self.link_row(it.id)).collect(),
            involves: twin.involves.iter().filter_map(|it| self.link_row(*it)).collect(),
            commands: self.site.commands_of(twin.id).map(|it| self.command_form(it)).collect(),
            cannot_send: self.cannot_send(),
            emergency_stop: self.emergency_stop(twin),
            trust: self.trust_rows(twin.id),
        })
    }

    fn device(&self, twin: TwinId) -> Option<DeviceLine<'_>> {
        let (owner, device) = self.site.device_of(twin)?;
        let says = |it: &Signal| device.status.as_ref().is_some_and(|status| *status == it.topic);
        // A status is the broker's word too: kept by it, and said by it when the device is gone.
        let speaks_for = |it: &&Signal| !says(it) && self.site.device_of(it.twin).is_some_and(|it| it.0.id == owner.id);
        let heard = self
            .site
            .signals
            .iter()
            .filter(speaks_for)
            .map(|it| self.readings.get(it.id))
            .filter(|it| it.value.is_some())
            .map(|it| self.cursor.at.secs_since(it.received).max(0.0))
            .min_by(f64::total_cmp);
        let online =
            self.site.signals.iter().find(|it| says(it)).and_then(|it| match &self.readings.get(it.id).value {
                Some(Value::Text(text)) => Some(&**text == "online"),
                Some(value) => value.as_flag(),
                None => None,
            });
        Some(DeviceLine { id: &device.id, online, heard_secs: heard })
    }

    pub(super) fn reading_of(&self, command: &Command) -> &crate::twin::Reading {
        self.readings.get(command.reports)
    }

    fn reading_row<'a>(&'a self, signal: &'a Signal, plot: &PlotState) -> ReadingRow<'a> {
        let reading = self.readings.get(signal.id);
        let now = self.cursor.at;
        let from = now - Duration::from_secs_f64(SPARK_SECS);
        let plottable = signal.is != ValueKind::Text;
        let columns = if plottable {
            self.session.history.plot(signal.id, from, now, SPARK_COLUMNS, max_gap_secs(signal))
        } else {
            Vec::new()
        };
        let age = reading.value.as_ref().map(|_| reading.age_secs(now));
        let range = range_text(signal);
        let period = format::span(signal.period);
        let why = match reading.state {
            ReadingState::NeverSeen => format!("Never seen. It should come every {period}."),
            ReadingState::Fresh => format!("Fresh: it comes every {period}."),
            ReadingState::Stale if reading.unreadable => "Stale: the newest payload could not be read.".to_owned(),
            ReadingState::Stale => format!("Stale: it should come every {period}."),
            ReadingState::Isolated => match &reading.estimate {
                Some(basis) => format!("Isolated. This is an estimate, and no reading: the {}.", basis.0),
                None => "Isolated. Nothing was known of it before, so there is no estimate.".to_owned(),
            },
            ReadingState::Bad => "Out of range.".to_owned(),
        };
        let path = signal.path.as_deref().unwrap_or("bare value");
        let can_be = range.as_ref().map(|it| format!("\nCan be {it}")).unwrap_or_default();
        ReadingRow {
            signal: signal.id,
            name: &signal.name,
            source: format!("{}\nTopic {}, {path}{can_be}", signal.address, signal.topic),
            value: reading.value.as_ref().map(|it| {
                let about = if reading.estimate.is_some() { "≈\u{a0}" } else { "" };
                format!("{about}{}", format::bare(it, signal.decimals))
            }),
            unit: signal.unit.symbol(),
            age_secs: age,
            state: reading.state,
            why,
            standing: reading.standing,
            came: reading.proof.trust,
            can_be: range,
            n_refused: reading.refused.map_or(0, |it| it.count),
            trust: self.trust_words(signal, reading),
            spark: Spark::new(&columns, from, now),
            plotted: plot.signals.iter().position(|it| *it == signal.id),
            plottable,
        }
    }

    fn command_form<'a>(&'a self, command: &'a Command) -> CommandForm<'a> {
        let signal = self.site.signal(command.reports);
        let reading = self.readings.get(command.reports);
        CommandForm {
            id: command.id,
            name: &command.name,
            takes: &command.takes,
            class: command.class,
            normal: command.normal,
            unit: signal.map_or(crate::signal::Unit::NONE, |it| it.unit),
            decimals: signal.and_then(|it| it.decimals),
            reported: reading.value.clone(),
            reported_state: reading.state,
            can_add: self.sequences.open.is_some() && !self.sequences.is_running(),
            last: self.log.newest_for(command.id).map(|it| self.life(it)),
        }
    }

    pub(super) fn log_rows(&self) -> Vec<LogRow<'_>> {
        let row = |row| {
            let row: &CommandRow = row;
            // A command that a reload took away leaves its twin's name, or nothing, behind.
            let command = self.site.command(row.command)?;
            let signal = self.site.signal(command.reports);
            let words = |value: &Value| {
                let unit = signal.map_or(crate::signal::Unit::NONE, |it| it.unit);
                in_words(value, &command.takes, unit, signal.and_then(|it| it.decimals))
            };
            let life = self.life(row);
            if life.at > self.cursor.horizon() {
                return None;
            }
            Some(LogRow {
                twin: row.twin,
                twin_name: self.site.twin(row.twin).map_or("", |it| &it.name),
                name: &command.name,
                time: self.pulse.clock.time(life.at),
                desired: words(&row.desired),
                reported: self.readings.get(command.reports).value.as_ref().map_or_else(|| "–".to_owned(), words),
                who: &row.who,
                life,
            })
        };
        self.log.rows.iter().rev().filter_map(row).collect()
    }

    pub(super) fn series(&self, plot: &PlotState) -> Vec<Series> {
        let (from, to) = plot.window(self.cursor.at);
        let seen_to = to.min(self.cursor.horizon());
        let line = |id: &SignalId| {
            let signal = self.site.signal(*id)?;
            let reading = self.readings.get(*id);
            let gap = max_gap_secs(signal);
            // A part of the window gets its part of the columns.
            let share = seen_to.secs_since(from) / to.secs_since(from).max(1e-9);
            let columns = (plot.columns as f64 * share).ceil().max(1.0) as usize;
            let twin = self.site.twin(signal.twin).map_or("", |it| &it.name);
            let line = Series {
                signal: *id,
                name: format!("{twin} · {}", signal.name),
                unit: signal.unit,
                is_flag: signal.is == ValueKind::Flag,
                decimals: signal.decimals,
                columns: self.recalled.plot(&self.session.history, *id, (from, seen_to), columns, gap),
                period_secs: signal.period,
                max_gap_secs: gap.max(to.secs_since(from) / plot.columns.max(1) as f64),
                state: reading.state,
                standing: reading.standing,
                now: reading.number(),
                other: None,
            };
            Some(Series { other: self.other_line(signal, &line, plot), ..line })
        };
        plot.signals.iter().filter_map(line).collect()
    }

    /// What has to be read again for the plots. `None`: nothing, the history has it all.
    pub(super) fn to_recollect(&self, plot: &PlotState) -> Option<Recollect> {
        let (from, _) = plot.window(self.cursor.at);
        let history = &self.session.history;
        let missing = history.n_evicted() > 0 && history.reaches_back_to().is_some_and(|it| from < it);
        missing.then(|| Recollect { signals: plot.signals.clone(), from })
    }

    pub(super) fn diagnostics(&self) -> Vec<Diagnostic> {
        let linked_secs = match self.session.link.as_ref().map(link::Link::state) {
            Some(LinkState::Connected { since }) if self.is_live() => Some(self.cursor.at.secs_since(since)),
            Some(_) | None => None,
        };
        let seals = self.session.seals.as_ref().and_then(|it| it.outcome()?.ok());
        let mut all = self.compared_diagnostics();
        all.extend(self.signature_diagnostics());
        let findings = [&self.findings.0, self.inventory.findings()].concat();
        all.extend(diagnose(&Evidence {
            site: &self.site,
            findings: &findings,
            recording: &self.session.recording_findings(),
            seals: seals.as_deref(),
            readings: &self.readings,
            tally: &self.pulse.tally,
            linked_secs,
            posture: self.session.link.as_ref().and_then(link::Link::posture).as_deref(),
            now: link::now(),
        }));
        all.extend(self.trust_diagnostics());
        // The worst first, as they come.
        all.sort_by_key(|it| it.severity);
        all
    }

    pub(super) fn recording_problem(&self) -> Option<String> {
        self.session.recording_problem()
    }

    pub(super) fn recording_warning(&self) -> Option<String> {
        self.session.recording_warning()
    }

    /// Where the session is recorded, or was. `None`: nowhere.
    pub(super) fn recording_path(&self) -> Option<&Path> {
        self.session.recording().map(|it| it.path.as_path())
    }

    fn work_lines(&self) -> Vec<WorkLine> {
        let line =
            |it: &crate::session::Work| WorkLine { id: it.id, title: it.title.clone(), share: it.progress.share() };
        self.works.list.iter().map(line).collect()
    }

    pub(super) fn link_line(&self) -> LinkLine {
        if let Some(problem) = &self.session.problem {
            return LinkLine::Never(problem.clone());
        }
        if let Some(recording) = self.session.recording().filter(|_| self.session.is_replay()) {
            let name = recording.path.file_name().map(|it| it.to_string_lossy().into_owned());
            return LinkLine::Recording(name.unwrap_or_default());
        }
        let Some(link) = &self.session.link else { return LinkLine::None };
        let url = link.url();
        match link.state() {
            LinkState::Closed => LinkLine::None,
            LinkState::Connecting => LinkLine::Connecting(url.to_string()),
            LinkState::Connected { .. } => LinkLine::Up { url: url.to_string(), reconnects: link.n_reconnects() },
            LinkState::Waiting { why, attempt, next_try } => {
                // A countdown runs by the wall clock even where the cursor stands still.
                LinkLine::Down { why: why.to_string(), next_secs: next_try.secs_since(link::now()), attempt }
            }
        }
    }

    fn posture_line(&self) -> Option<PostureLine> {
        let link = self.session.link.as_ref().filter(|it| it.state() != LinkState::Closed)?;
        PostureLine::of(link.url(), link.posture().as_deref(), link::now())
    }

    pub(super) fn status(&self) -> Status {
        let tally = &self.pulse.tally;
        let clock = &self.pulse.clock;
        let history = &self.session.history;
        let fresh = self.site.signals.iter().filter(|it| self.readings.get(it.id).state == ReadingState::Fresh).count();
        Status {
            link: self.link_line(),
            posture: self.posture_line(),
            works: self.work_lines(),
            unacknowledged: self.unacknowledged(),
            arrivals_per_sec: self.pulse.arrivals_per_sec,
            live: (fresh, self.site.signals.len()),
            delay_ms: tally.delay_p50_ms.zip(tally.delay_p99_ms),
            skipped: tally.skipped,
            picture: self.quality.as_ref().map(|it| Picture {
                reduced: it.tier == Tier::Software,
                why: it.why.clone(),
                frame_ms: it.frame_ms,
            }),
            history: (history.bytes(), history.budget_bytes()),
            reach_secs: history.reaches_back_to().map(|it| self.session.extent(link::now()).to.secs_since(it)),
            time: (clock.time(self.cursor.at), clock.date_time(self.cursor.at), clock.name.clone()),
            cursor: (self.cursor.mode, self.cursor.speed),
            operator: self.operator_line(),
        }
    }
}

/// Seconds without a sample that are a gap in a plot.
fn max_gap_secs(signal: &Signal) -> f64 {
    (signal.period * STALE_PERIODS).max(1.5)
}
