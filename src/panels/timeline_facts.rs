//! What the timeline reads of the world, and where its jumps lead.

use std::time::Duration;

use super::actions::{EventKind, StepTo};
use super::commands::form::in_words;
use super::facts::Facts;
use super::plot::PlotState;
use super::timeline::{AlarmSpan, CommandDot, SealBreak, SealLane, Strip, TimelineRows, TimelineState, refusal_marks};
use crate::command::CommandRow;
use crate::link;
use crate::session::Extent;
use crate::signal::{SignalId, Timestamp};
use crate::trust::seals::{Report, Sealing};

/// A report on the axis of time. What touches no message stands at the beginning. `None`: it is not sealed.
fn sealed_lane(report: &Report, extent: Extent) -> Option<SealLane> {
    if report.sealing == Sealing::None {
        return None;
    }
    let breaks = report.breaks.iter().map(|it| {
        let stretches = match it.stretches {
            Some((first, last)) if first == last => format!("Stretch {first}"),
            Some((first, last)) => format!("Stretches {first} to {last}"),
            None => "Between two stretches".to_owned(),
        };
        let text = format!("{stretches}: {} (bytes {} to {})", it.fault, it.from, it.to);
        SealBreak { span: it.span.unwrap_or((extent.from, extent.from)), text }
    });
    let text = format!(
        "{}\nSealed {}\nGood stretches: {}\nComplete: {}",
        report.verdict(),
        report.sealing,
        report.stretches,
        report.complete
    );
    Some(SealLane { good: report.good.clone(), breaks: breaks.collect(), text })
}

impl Facts<'_, '_> {
    /// From when to when there is something to show.
    pub(super) fn extent(&self) -> Extent {
        // Now goes on even where the cursor stands still; where it follows, the two are one.
        self.session.extent(if self.is_live() { self.cursor.at } else { link::now() })
    }

    pub(super) fn timeline_rows<'a>(
        &'a self,
        state: &TimelineState,
        plot: &PlotState,
        alarm_words: &'a dyn Fn(&[AlarmSpan]) -> String,
    ) -> TimelineRows<'a> {
        let extent = self.extent();
        let horizon = self.cursor.horizon();
        let (scale, strips, gaps, anything) = self.session.timeline.with(|data| {
            let samples: f64 = data.rows.iter().map(|it| data.count_between(it, extent.from, extent.to)).sum();
            let gaps: Vec<_> = data.gaps.iter().copied().filter(|it| it.1 <= horizon).collect();
            let scale = state.scale(extent, &gaps, samples as usize);
            let edges = scale.edges();
            let strip = |row| {
                let count = |from, to: Timestamp| data.count_between(row, from, to.min(horizon)) as f32;
                let counts = edges.windows(2).map(|it| count(it[0], it[1])).collect();
                Strip { twin: row.twin, name: row.name.clone(), counts }
            };
            let busy = data.rows.iter().filter(|it| data.count_between(it, extent.from, extent.to) > 0.0);
            let strips: Vec<Strip> = busy.map(strip).collect();
            (scale, strips, gaps, data.from.is_some())
        });
        let dot = |row: &CommandRow| {
            let (command, twin) = (self.site.command(row.command)?, self.site.twin(row.twin)?);
            let desired = in_words(&row.desired, &command.takes, crate::signal::Unit::NONE, None);
            let text = format!("{} · {} {desired}: {}", twin.name, command.name, row.phase.label());
            let at = row.sent.or(row.ended).unwrap_or(row.asked);
            if at > horizon {
                return None;
            }
            Some(CommandDot { at, text, phase: row.phase, twin: row.twin })
        };
        let device = |id: &str| self.site.twins.iter().find(|it| it.device.as_ref().is_some_and(|it| it.id == id));
        let refusals = self
            .session
            .book
            .with_slips(|it| refusal_marks(it.iter(), &scale, horizon, |id| device(id).map(|it| it.id)));
        let difference = self.difference_strip(&scale.edges(), plot.hover);
        TimelineRows {
            extent,
            anything,
            cursor: *self.cursor,
            clock: &self.pulse.clock,
            scale,
            strips,
            gaps,
            difference,
            alarms: self.spans.until(horizon),
            alarm_words,
            refusals,
            commands: self.log.rows.iter().filter_map(dot).collect(),
            marks: &self.marks.list[..self.marks.list.partition_point(|it| it.at <= horizon)],
            seals: self.seal_lane(extent),
            selected: self.selection.twin.and_then(|it| self.site.lineage(it).last()).map(|it| it.id),
            loaded: self.session.filling.as_ref().and_then(|it| it.share()),
            can_step: self.signal_at_hand(plot).is_some(),
        }
    }

    /// What is known of the seals: of a recording what was found, of a session that is recorded how far it is sealed.
    fn seal_lane(&self, extent: Extent) -> Option<SealLane> {
        if let Some(check) = &self.session.seals {
            return sealed_lane(&*check.outcome()?.ok()?, extent);
        }
        let recorder = self.session.recorder.as_ref().filter(|it| !it.is_temporary())?;
        let head = recorder.status.sealed()?;
        let text = format!("while it is recorded, by {}\nStretches so far: {}", head.key, head.n + 1);
        Some(SealLane { good: vec![(extent.from, head.at.max(extent.from))], breaks: Vec::new(), text })
    }

    /// Whose samples are gone through: of the selected twin the one that is plotted, else its first; else the first that
    /// is plotted.
    fn signal_at_hand(&self, plot: &PlotState) -> Option<SignalId> {
        let selected = self.selection.twin;
        let of_selected = |id: &&SignalId| self.site.signal(**id).is_some_and(|it| Some(it.twin) == selected);
        plot.signals
            .iter()
            .find(of_selected)
            .copied()
            .or_else(|| self.site.signals_of(selected?).next().map(|it| it.id))
            .or_else(|| plot.signals.first().copied())
    }

    /// When the event before or after the cursor was. `None`: there is none.
    pub(super) fn event(&self, kind: EventKind, to: StepTo) -> Option<Timestamp> {
        let is = |it| kind == EventKind::Any || kind == it;
        let mut events: Vec<Timestamp> = Vec::new();
        if is(EventKind::Bookmark) {
            events.extend(self.marks.list.iter().map(|it| it.at));
        }
        if is(EventKind::Command) {
            events.extend(self.log.rows.iter().filter_map(|it| it.sent.or(it.ended)));
        }
        if is(EventKind::Alarm) {
            events.extend(self.spans.until(Timestamp::MAX).iter().map(|it| it.from));
        }
        if is(EventKind::Gap) {
            self.session.timeline.with(|it| events.extend(it.gaps.iter().map(|it| it.1)));
        }
        let (at, horizon) = (self.cursor.at, self.cursor.horizon());
        match to {
            StepTo::Previous => events.into_iter().filter(|it| *it < at).max(),
            StepTo::Next => events.into_iter().filter(|it| *it > at && *it <= horizon).min(),
        }
    }

    /// When the sample before or after the cursor was taken, of the signal at hand. `None`: there is none.
    pub(super) fn step(&self, to: StepTo, plot: &PlotState) -> Option<Timestamp> {
        let signal = self.signal_at_hand(plot)?;
        let (cursor, history) = (self.cursor.at, &self.session.history);
        let nano = Duration::from_nanos(1);
        match to {
            StepTo::Previous => history.at(signal, cursor - nano).map(|it| it.at),
            StepTo::Next => {
                // The next one is near, unless there is a gap: then it is looked for further and further away.
                let newest = history.newest(signal)?.at.min(self.cursor.horizon());
                let next = |until| history.samples(signal, cursor + nano, until).first().map(|it| it.at);
                let mut until = cursor + Duration::from_secs(2);
                let mut found = next(until);
                while found.is_none() && until < newest {
                    until = until + until.since(cursor) * 8;
                    found = next(until);
                }
                found
            }
        }
    }
}
