//! What is plotted, over which span, and the lines that follow from it.

use std::time::Duration;

use super::format;
use crate::session::Column;
use crate::signal::{SignalId, Timestamp, Unit};
use crate::twin::{ReadingState, Standing};

/// The spans that there are to offer, in seconds, with their names.
pub(super) const SPANS: [(f64, &str); 8] = [
    (60.0, "1 min"),
    (300.0, "5 min"),
    (1_800.0, "30 min"),
    (7_200.0, "2 h"),
    (86_400.0, "1 d"),
    (604_800.0, "1 w"),
    (2_592_000.0, "30 d"),
    (31_536_000.0, "1 y"),
];
/// How many of them are offered at a time.
const OFFERED: usize = 4;
/// A span in which a signal speaks less often shows next to nothing.
const LEAST_SAMPLES: f64 = 20.0;

/// The shortest and the longest span that a plot zooms to, seconds.
const ZOOM: (f64, f64) = (0.5, 3_660.0 * 86_400.0);

/// What the plot keeps between frames.
#[derive(Debug, Clone, PartialEq)]
pub struct PlotState {
    /// What is plotted, in the order in which it was added.
    pub signals: Vec<SignalId>,
    /// Seconds that a live window shows.
    pub last_secs: f64,
    /// The span where it is fixed. `None`: the window ends at the cursor, and moves with it.
    pub fixed: Option<(Timestamp, Timestamp)>,
    /// The instant under the pointer, the same in all plots and on the timeline.
    pub hover: Option<Timestamp>,
    /// The same, as this frame finds it: the next one shows it.
    pub hovering: Option<Timestamp>,
    /// How many columns of pixels the plots were wide in the last frame.
    pub columns: usize,
    /// What a jump to a difference has put in: the next jump takes it out again.
    jumped: Option<SignalId>,
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Series {
    /// Which signal.
    pub signal: SignalId,
    /// Twin and signal.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// On or off: drawn in steps.
    pub is_flag: bool,
    /// Digits after the point.
    pub decimals: Option<u8>,
    /// What the history says of the window.
    pub columns: Vec<Column>,
    /// Seconds between two samples, as the site tells.
    pub period_secs: f64,
    /// Seconds without a sample that are a gap.
    pub max_gap_secs: f64,
    /// How far the newest value is current.
    pub state: ReadingState,
    /// How far it may be believed.
    pub standing: Standing,
    /// The value at the cursor. `None`: there is none.
    pub now: Option<f64>,
    /// The same signal in the session that is compared. `None`: none is.
    pub other: Option<Box<Self>>,
}

impl Default for PlotState {
    fn default() -> Self {
        Self {
            signals: Vec::new(),
            last_secs: SPANS[0].0,
            fixed: None,
            hover: None,
            hovering: None,
            columns: 600,
            jumped: None,
        }
    }
}

/// The spans to offer for signals of which the fastest speaks every so many seconds.
pub(super) fn offered(period_secs: f64) -> &'static [(f64, &'static str)] {
    let first = SPANS.partition_point(|it| it.0 < period_secs * LEAST_SAMPLES).min(SPANS.len() - OFFERED);
    &SPANS[first..first + OFFERED]
}

impl PlotState {
    /// Shows no less than in which signals of such a period, seconds, say something.
    pub(super) fn widen(&mut self, period_secs: f64) {
        self.last_secs = self.last_secs.max(offered(period_secs)[0].0);
    }

    /// From when until when.
    pub fn window(&self, cursor: Timestamp) -> (Timestamp, Timestamp) {
        self.fixed.unwrap_or((cursor - Duration::from_secs_f64(self.last_secs), cursor))
    }

    /// Puts a signal in, or takes it out.
    pub fn toggle(&mut self, signal: SignalId) {
        match self.signals.iter().position(|it| *it == signal) {
            Some(at) => {
                self.signals.remove(at);
            }
            None => self.signals.push(signal),
        }
    }

    /// Puts a signal in, in the place of the one that was put in so before.
    pub(super) fn plot_instead(&mut self, signal: SignalId) {
        let before = self.jumped.take();
        if self.signals.contains(&signal) {
            self.jumped = before.filter(|it| *it == signal);
        } else {
            self.jumped = Some(signal);
            self.signals.push(signal);
        }
        self.signals.retain(|it| Some(*it) != before || *it == signal);
    }

    /// Moves the window by seconds, and holds it there.
    pub fn pan(&mut self, cursor: Timestamp, secs: f64) {
        let (from, to) = self.window(cursor);
        self.fixed = Some((shifted(from, secs), shifted(to, secs)));
    }

    /// Zooms at an instant, which stays where it is, and holds the window there. A factor above 1 shows less.
    pub fn zoom(&mut self, cursor: Timestamp, at: Timestamp, factor: f64) {
        let (from, to) = self.window(cursor);
        let span = to.secs_since(from).max(1e-3);
        let factor = factor.clamp(span / ZOOM.1, (span / ZOOM.0).max(span / ZOOM.1));
        let toward = |it: Timestamp| shifted(at, it.secs_since(at) / factor);
        self.fixed = Some((toward(from), toward(to)));
    }
}

fn shifted(at: Timestamp, secs: f64) -> Timestamp {
    let span = Duration::from_secs_f64(secs.abs().min(1e9));
    if secs < 0.0 { at - span } else { at + span }
}

impl Series {
    /// The value at an instant: of the column that covers it, or of the last one before it; none in a gap.
    pub(super) fn at(&self, at: Timestamp) -> Option<f64> {
        let after = self.columns.partition_point(|it| it.at <= at);
        let before = after.checked_sub(1).and_then(|it| self.columns.get(it))?;
        let next_is_far = self.columns.get(after).is_some_and(|it| it.gap_before);
        let old = at.secs_since(before.at) > self.max_gap_secs;
        (!(next_is_far || after == self.columns.len()) || !old).then_some(before.last)
    }

    /// Spans without samples within a window, in seconds since 1970: before the first column, between two, and up to its
    /// end.
    pub(super) fn gaps(&self, (from, to): (Timestamp, Timestamp)) -> Vec<(f64, f64)> {
        let secs = Timestamp::as_secs_f64;
        let first = self.columns.first().filter(|it| it.gap_before && it.at > from).map(|it| (secs(from), secs(it.at)));
        let between = self.columns.windows(2).filter(|it| it[1].gap_before).map(|it| (secs(it[0].at), secs(it[1].at)));
        let mut gaps: Vec<(f64, f64)> = first.into_iter().chain(between).collect();
        if let Some(last) = self.columns.last().filter(|it| to.secs_since(it.at) > self.max_gap_secs) {
            gaps.push((secs(last.at), secs(to)));
        }
        gaps
    }

    /// The pieces of the line between the gaps.
    pub(super) fn pieces(&self) -> Vec<&[Column]> {
        let mut pieces = Vec::new();
        let mut start = 0;
        for at in 1..self.columns.len() {
            if self.columns[at].gap_before {
                pieces.push(&self.columns[start..at]);
                start = at;
            }
        }
        if start < self.columns.len() {
            pieces.push(&self.columns[start..]);
        }
        pieces
    }

    /// A value of this line as text, with its unit.
    pub(super) fn text(&self, value: f64) -> String {
        if self.is_flag {
            return if value >= 0.5 { "on" } else { "off" }.to_owned();
        }
        format::with_unit(&format::number(value, self.decimals), self.unit)
    }
}

/// The lines by unit, each group in the order of its first line: one plot a unit.
pub(super) fn groups(series: &[Series]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (at, line) in series.iter().enumerate() {
        let same = |it: &&mut Vec<usize>| {
            let first = &series[it[0]];
            first.unit == line.unit && first.is_flag == line.is_flag
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    groups
}

/// Least and most of some lines with a little air, for the axis.
pub(super) fn value_range<'a>(series: impl Iterator<Item = &'a Series>) -> (f64, f64) {
    let (mut least, mut most, mut flag) = (f64::INFINITY, f64::NEG_INFINITY, false);
    for line in series.flat_map(|it| std::iter::once(it).chain(it.other.as_deref())) {
        flag |= line.is_flag;
        for column in line.columns.iter().filter(|it| it.min.is_finite() && it.max.is_finite()) {
            least = least.min(column.min);
            most = most.max(column.max);
        }
    }
    if flag {
        return (-0.2, 1.2);
    }
    if least > most {
        return (0.0, 1.0);
    }
    // A value that stands still gets a window that shows that it does.
    let half = ((most - least) / 2.0).max((least.abs().max(most.abs()) * 5e-3).max(1e-6)) * 1.15;
    let middle = (least + most) / 2.0;
    (middle - half, middle + half)
}

/// A step of a time axis, in seconds, such that about one mark falls on each `pixels` of it.
pub(super) fn time_step(secs_per_pixel: f64, pixels: f64) -> f64 {
    const STEPS: [f64; 23] = [
        0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0,
        10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0,
    ];
    let least = secs_per_pixel * pixels;
    STEPS.into_iter().find(|it| *it >= least).unwrap_or(2_592_000.0)
}

/// A step of a value axis: 1, 2 or 5 times a power of ten, such that about one mark falls on each `pixels` of it.
pub(super) fn value_step(per_pixel: f64, pixels: f64) -> f64 {
    let least = (per_pixel * pixels).max(1e-12);
    let ten = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|it| it * ten).find(|it| *it >= least * 0.999).unwrap_or(10.0 * ten)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: f64) -> Timestamp {
        Timestamp::from_secs_f64(secs)
    }

    fn series(unit: &str, secs: &[(f64, f64, bool)]) -> Series {
        let column = |&(secs, value, gap_before): &(f64, f64, bool)| Column {
            at: at(secs),
            min: value,
            max: value,
            first: value,
            last: value,
            n: 1,
            gap_before,
        };
        Series {
            signal: SignalId(0),
            name: "Pump 1 · Speed".to_owned(),
            unit: unit.parse().unwrap(),
            is_flag: false,
            decimals: None,
            columns: secs.iter().map(column).collect(),
            period_secs: 1.0,
            max_gap_secs: 3.0,
            state: ReadingState::Fresh,
            standing: Standing::Verified,
            now: None,
            other: None,
        }
    }

    #[test]
    fn an_interruption_is_a_gap_with_no_value_in_it() {
        let line = series("bar", &[(0.0, 1.0, false), (1.0, 2.0, false), (11.0, 3.0, true)]);
        assert_eq!(line.pieces().iter().map(|it| it.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(line.gaps((at(0.0), at(12.0))), [(1.0, 11.0)]);
        assert_eq!(line.gaps((at(0.0), at(20.0))), [(1.0, 11.0), (11.0, 20.0)]);
        let after = series("bar", &[(11.0, 3.0, true)]);
        assert_eq!(after.gaps((at(5.0), at(12.0))), [(5.0, 11.0)], "the window begins within the gap");
        let check = |secs, want| assert_eq!(line.at(at(secs)), want, "at {secs} s");
        check(-1.0, None);
        check(0.5, Some(1.0));
        check(2.0, Some(2.0));
        check(8.0, None);
        check(12.0, Some(3.0));
        check(20.0, None);
    }

    #[test]
    fn zooming_keeps_the_instant_under_the_pointer_and_has_its_limits() {
        let mut state = PlotState::default();
        state.zoom(at(100.0), at(70.0), 2.0);
        assert_eq!(state.fixed, Some((at(55.0), at(85.0))));
        state.zoom(at(100.0), at(70.0), 1e9);
        let (from, to) = state.fixed.unwrap();
        assert!((to.secs_since(from) - 0.5).abs() < 1e-6);
        state.fixed = None;
        state.pan(at(100.0), -10.0);
        assert_eq!(state.fixed, Some((at(30.0), at(90.0))));
    }

    #[test]
    fn a_jump_to_a_difference_plots_one_signal_in_the_place_of_the_last() {
        let mut state = PlotState { signals: vec![SignalId(1)], ..PlotState::default() };
        for (signal, want) in [(2, vec![1, 2]), (3, vec![1, 3]), (3, vec![1, 3]), (1, vec![1]), (4, vec![1, 4])] {
            state.plot_instead(SignalId(signal));
            assert_eq!(state.signals.iter().map(|it| it.0).collect::<Vec<_>>(), want, "after {signal}");
        }
    }

    #[test]
    fn the_spans_offered_are_those_in_which_something_is_said() {
        let check = |period, want: [&str; 4]| {
            assert_eq!(offered(period).iter().map(|it| it.1).collect::<Vec<_>>(), want, "every {period} s");
        };
        check(1.0, ["1 min", "5 min", "30 min", "2 h"]);
        check(f64::INFINITY, ["1 d", "1 w", "30 d", "1 y"]);
        check(3600.0, ["1 d", "1 w", "30 d", "1 y"]);
        check(60.0, ["30 min", "2 h", "1 d", "1 w"]);
        let mut state = PlotState::default();
        state.widen(3600.0);
        assert_eq!(state.last_secs, 86_400.0);
        state.widen(1.0);
        assert_eq!(state.last_secs, 86_400.0, "what is wider stays");
    }

    #[test]
    fn one_plot_for_each_unit() {
        let lines = [series("bar", &[]), series("rpm", &[]), series("bar", &[])];
        assert_eq!(groups(&lines), [vec![0, 2], vec![1]]);
        assert_eq!(value_range([series("bar", &[(0.0, 2.0, false), (1.0, 4.0, false)])].iter()), (1.85, 4.15));
        assert_eq!(value_range([series("bar", &[])].iter()), (0.0, 1.0));
    }

    #[test]
    fn marks_of_an_axis_stand_at_round_values() {
        assert_eq!(time_step(60.0 / 600.0, 90.0), 10.0);
        assert_eq!(time_step(7_200.0 / 600.0, 90.0), 1_800.0);
        assert_eq!(value_step(0.01, 30.0), 0.5);
        assert_eq!(value_step(3.0, 30.0), 100.0);
    }
}
