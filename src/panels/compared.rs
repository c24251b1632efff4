//! What the panels tell of a second session that is laid over the first.

use super::actions::{Action, StepTo};
use super::diagnostics::{Diagnostic, DiagnosticKind, Gravity};
use super::facts::Facts;
use super::format;
use super::ghost_chip::{GhostChip, signed_span};
use super::plot::{PlotState, Series};
use super::timeline::DifferenceStrip;
use crate::session::{Alignment, Comparison, Difference};
use crate::signal::{SignalId, Timestamp};
use crate::site::Signal;
use crate::twin::{ReadingState, Standing};

/// Signals that are named in a diagnostic; the rest is counted.
const NAMED: usize = 8;

impl Facts<'_, '_> {
    fn comparison(&self) -> Option<&Comparison> {
        self.compared.0.as_ref()
    }

    /// The line of the same signal in the second session, on the first's clock. `None`: none is compared.
    pub(super) fn other_line(&self, signal: &Signal, line: &Series, plot: &PlotState) -> Option<Box<Series>> {
        let comparison = self.comparison()?;
        let (from, to) = plot.window(self.cursor.at);
        let (from, to) = (comparison.there(from), comparison.there(to.min(self.cursor.horizon())));
        let mut columns = comparison.history.plot(signal.id, from, to, plot.columns, line.max_gap_secs);
        for column in &mut columns {
            column.at = Timestamp::from_nanos(column.at.as_nanos().saturating_sub(comparison.offset_nanos));
        }
        Some(Box::new(Series {
            name: format!("in {}", comparison.name()),
            columns,
            state: ReadingState::Fresh,
            standing: Standing::Unsigned,
            now: comparison.number(signal.id, self.cursor.at),
            other: None,
            ..line.clone()
        }))
    }

    /// What the chip says while a session is compared and nothing is hovered.
    pub(super) fn compared_chip(&self) -> Option<GhostChip> {
        let comparison = self.comparison()?;
        let (name, at) = (comparison.name(), self.cursor.at);
        let clock = &self.pulse.clock;
        let mut text = format!("Compared with {name}, aligned by {}", comparison.alignment);
        let mut hint = format!("{} here is {} there.", clock.time(at), clock.date_time(comparison.there(at)));
        if comparison.within(at).is_none() {
            text.push_str(": nothing is there at this instant");
        }
        let counts = [
            (comparison.only_first.len(), "in this session alone"),
            (comparison.only_second.len(), "in the other alone"),
        ];
        for (count, whose) in counts.into_iter().filter(|it| it.0 > 0) {
            hint.push_str(&format!("\n{} {whose}: see the diagnostics.", signals(count)));
        }
        hint.push_str("\nN and P go to where the two differ most.");
        Some(GhostChip { text, hint })
    }

    /// How the second session can be laid over the first, for the palette.
    pub(super) fn alignments(&self) -> Vec<(String, Action)> {
        let all = self.comparison().map(|it| it.alignments(&self.marks.list)).unwrap_or_default();
        let named = |by: Alignment| (format!("Compare: align by {by}"), Action::Align(by));
        all.into_iter().map(named).collect()
    }

    /// The next or the previous place of greatest difference, with the signal that differs there.
    pub(super) fn difference(&self, to: StepTo) -> Option<(Timestamp, SignalId)> {
        let found = self.comparison()?.differences.as_ref()?.peak(self.cursor.at, to == StepTo::Next);
        found.filter(|it| it.0 <= self.cursor.horizon())
    }

    /// The strip of differences, in the columns between some instants.
    pub(super) fn difference_strip(&self, edges: &[Timestamp], hover: Option<Timestamp>) -> Option<DifferenceStrip> {
        let comparison = self.comparison()?;
        let percent = |share: f32| format!("{:.0}\u{a0}%", share * 100.0);
        let progress = match (comparison.reading(), comparison.measuring()) {
            (Some(share), _) => Some(format!("reading {}: {}", comparison.name(), percent(share))),
            (None, Some(share)) => Some(format!("comparing: {}", percent(share))),
            (None, None) if comparison.differences.is_none() => {
                Some(comparison.problem.clone().unwrap_or_else(|| "comparing when all is read".to_owned()))
            }
            (None, None) => None,
        };
        let (found, horizon) = (comparison.differences.as_ref(), self.cursor.horizon());
        let share = |it: &[Timestamp]| {
            found.filter(|_| it[0] <= horizon).and_then(|found| found.most_between(it[0], it[1])).unwrap_or(0.0)
        };
        let shares = edges.windows(2).map(share).collect();
        let peaks = found.into_iter().flat_map(|found| found.peaks.iter().map(|it| found.instant(*it)));
        let peaks = peaks.filter(|it| *it <= horizon).collect();
        let at_hover = found.zip(hover.filter(|it| *it <= horizon)).map(|(found, at)| match found.at(at) {
            None => "Nothing is known in both sessions then.".to_owned(),
            Some(most) => self.in_words(comparison, most, at),
        });
        Some(DifferenceStrip { with: comparison.name(), shares, peaks, progress, at_hover })
    }

    fn in_words(&self, comparison: &Comparison, most: Difference, at: Timestamp) -> String {
        let Some(signal) = self.site.signal(most.signal).filter(|_| most.share >= 0.005) else {
            return "No number differs by as much as 1 % of its range.".to_owned();
        };
        let twin = self.site.twin(signal.twin).map_or("", |it| &it.name);
        let text = |value: Option<f64>| {
            let number = |it| format::with_unit(&format::number(it, signal.decimals), signal.unit);
            value.map_or_else(|| "nothing".to_owned(), number)
        };
        let here = text(self.session.history.at(signal.id, at).map(|it| it.value));
        let there = text(comparison.number(signal.id, at));
        let share = most.share * 100.0;
        format!(
            "{twin} · {} differs most: {here} here, {there} in {} ({share:.0}\u{a0}% of its range)",
            signal.name,
            comparison.name()
        )
    }

    /// What has no counterpart in the other session.
    pub(super) fn compared_diagnostics(&self) -> Vec<Diagnostic> {
        let Some(comparison) = self.comparison() else { return Vec::new() };
        let lone = |key: &str, whose: &str, ids: &[SignalId]| {
            let all: Vec<&Signal> = ids.iter().filter_map(|it| self.site.signal(*it)).collect();
            let named: Vec<&str> = all.iter().take(NAMED).map(|it| &*it.address).collect();
            let more = all.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let mut twins: Vec<_> = all.iter().map(|it| it.twin).collect();
            twins.sort_unstable();
            twins.dedup();
            (!all.is_empty()).then(|| Diagnostic {
                key: format!("compared/{key}"),
                kind: DiagnosticKind::Comparison,
                severity: Gravity::Note,
                text: format!("{} in {whose} alone: {}{more}", signals(all.len()), named.join(", ")),
                hint: "What has no counterpart is not compared. Record the same topics in both sessions.".to_owned(),
                twins,
            })
        };
        let first = self.session.recording().and_then(|it| it.path.file_name()).unwrap_or_default().to_string_lossy();
        let lone_ones = [
            lone("first", &first, &comparison.only_first),
            lone("second", &comparison.name(), &comparison.only_second),
        ];
        lone_ones.into_iter().flatten().collect()
    }

    /// Where the ghost of the hovered instant stands.
    pub(super) fn hovered_chip(&self, at: Timestamp) -> GhostChip {
        let (time, apart) = (self.pulse.clock.time(at), signed_span(at.secs_since(self.cursor.at)));
        let hint = "The instant under the pointer: dashed where it differs from what is shown. A click goes there.";
        GhostChip { text: format!("Ghost: {time} ({apart})"), hint: hint.to_owned() }
    }
}

fn signals(count: usize) -> String {
    format!("{count} signal{}", if count == 1 { " is" } else { "s are" })
}
