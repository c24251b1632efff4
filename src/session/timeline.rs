//! What the timeline shows of a session: how much came when, by group, and when nothing came.

use std::sync::{Mutex, PoisonError};

use crate::signal::{SignalId, Timestamp};
use crate::site::{Site, TwinId};

/// Steps of time that a group's counts are kept in: twice as many as a wide screen has pixels.
const BINS: usize = 4096;
/// The first width of a step, ns. Steps double when a session outgrows them.
const FIRST_WIDTH: i64 = 50_000_000;
/// Nothing at all for this many periods of the fastest signal is a gap.
const GAP_PERIODS: f64 = 3.0;
/// No shorter silence is a gap, seconds.
const GAP_AT_LEAST_SECS: f64 = 2.0;

/// How much came when. Written by ingest and by what reads a recording, read by the panels.
#[derive(Debug)]
pub struct Timeline(Mutex<TimelineData>);

/// The counts, while they are locked.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineData {
    /// When the first message came. `None`: none has.
    pub from: Option<Timestamp>,
    /// When the last one came.
    pub to: Timestamp,
    /// One a group, in the order of the site.
    pub rows: Vec<DensityRow>,
    /// Spans in which nothing came, in their order.
    pub gaps: Vec<(Timestamp, Timestamp)>,
    /// Nanoseconds of a step of the counts.
    width: i64,
    gap_nanos: i64,
    group_of: Vec<u16>,
}

/// The counts of one group: a twin at the top of the tree, with all below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DensityRow {
    /// Which twin.
    pub twin: TwinId,
    /// Its name.
    pub name: String,
    bins: Vec<u32>,
}

impl Timeline {
    /// An empty one, with a group for each twin at the top of the site's tree.
    pub fn new(site: &Site) -> Self {
        let mut data = TimelineData {
            from: None,
            to: Timestamp::MIN,
            rows: Vec::new(),
            gaps: Vec::new(),
            width: FIRST_WIDTH,
            gap_nanos: 0,
            group_of: Vec::new(),
        };
        data.follow(site);
        Self(Mutex::new(data))
    }

    /// Follows an edited site; what was counted stays with the twins that are still there.
    pub fn follow(&self, site: &Site) {
        self.with(|it| it.follow(site));
    }

    /// Looks at the counts.
    pub fn with<T>(&self, look: impl FnOnce(&mut TimelineData) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl TimelineData {
    fn follow(&mut self, site: &Site) {
        let roots: Vec<_> = site.twins.iter().filter(|it| it.parent.is_none()).collect();
        let known = std::mem::take(&mut self.rows);
        self.rows = roots
            .iter()
            .map(|twin| {
                let before = known.iter().find(|it| it.twin == twin.id);
                let bins = before.map_or_else(Vec::new, |it| it.bins.clone());
                DensityRow { twin: twin.id, name: twin.name.clone(), bins }
            })
            .collect();
        self.group_of = vec![u16::MAX; site.signal_capacity];
        for signal in &site.signals {
            let root = site.lineage(signal.twin).last().map(|it| it.id);
            if let Some(group) = self.rows.iter().position(|it| Some(it.twin) == root) {
                self.group_of[signal.id.index()] = group as u16;
            }
        }
        let fastest = site.signals.iter().map(|it| it.period).fold(f64::INFINITY, f64::min);
        let secs = (if fastest.is_finite() { fastest } else { 1.0 } * GAP_PERIODS).max(GAP_AT_LEAST_SECS);
        self.gap_nanos = (secs * 1e9) as i64;
    }

    /// A message came: whatever it says, the link was there.
    pub(super) fn came(&mut self, received: Timestamp) {
        match self.from {
            None => self.from = Some(received),
            Some(_) if received.as_nanos().saturating_sub(self.to.as_nanos()) > self.gap_nanos => {
                self.gaps.push((self.to, received));
            }
            Some(_) => (),
        }
        self.to = self.to.max(received);
    }

    /// A sample came.
    pub(super) fn count(&mut self, signal: SignalId, received: Timestamp) {
        let Some(from) = self.from else { return };
        // A clock that was set back before the beginning counts there.
        let since = received.as_nanos().saturating_sub(from.as_nanos()).max(0);
        while since / self.width >= BINS as i64 {
            self.width *= 2;
            for row in &mut self.rows {
                let halves = row.bins.chunks(2).map(|it| it.iter().fold(0, |a: u32, b| a.saturating_add(*b)));
                row.bins = halves.collect();
            }
        }
        let group = self.group_of.get(signal.index()).copied().unwrap_or(u16::MAX);
        if let Some(row) = self.rows.get_mut(group as usize) {
            let bin = (since / self.width) as usize;
            if row.bins.len() <= bin {
                row.bins.resize(bin + 1, 0);
            }
            row.bins[bin] = row.bins[bin].saturating_add(1);
        }
    }

    /// How many samples of a row came within a span, by the steps that the counts are kept in: a step that the span cuts
    /// counts by the share that lies within.
    pub fn count_between(&self, row: &DensityRow, from: Timestamp, to: Timestamp) -> f64 {
        let Some(begin) = self.from else { return 0.0 };
        let place = |at: Timestamp| at.as_nanos().saturating_sub(begin.as_nanos()) as f64 / self.width as f64;
        let (from, to) = (place(from).max(0.0), place(to).min(row.bins.len() as f64));
        let mut sum = 0.0;
        let mut at = from;
        while at < to {
            let end = (at.floor() + 1.0).min(to);
            sum += f64::from(row.bins[at as usize]) * (end - at);
            at = end;
        }
        sum
    }

    /// Seconds of a step of the counts: nothing finer is known.
    pub fn step_secs(&self) -> f64 {
        self.width as f64 / 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests_support::site;
    use crate::site::doc::ValueKind;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_nanos(1_800_000_000_000_000_000 + millis * 1_000_000)
    }

    #[test]
    fn what_came_is_counted_by_time_however_long_it_goes_on() {
        let timeline = Timeline::new(&site(&[("a", None, None, ValueKind::Number)]));
        let data = timeline.with(|data| {
            for step in 0..20_000 {
                data.came(at(step * 100));
                data.count(SignalId(0), at(step * 100));
            }
            data.clone()
        });
        assert!(data.step_secs() > 0.4 && data.rows[0].bins.len() <= BINS && data.gaps.is_empty());
        assert!((data.count_between(&data.rows[0], at(0), at(2_000_000)) - 20_000.0).abs() < 1e-6);
        let hundred_secs = data.count_between(&data.rows[0], at(500_000), at(600_000));
        assert!((hundred_secs - 1000.0).abs() < 20.0, "{hundred_secs}");
        assert!(data.count_between(&data.rows[0], at(-90_000), at(0)) < 1e-9);
        assert!(data.count_between(&data.rows[0], at(3_000_000), at(4_000_000)) < 1e-9);
    }

    #[test]
    fn a_silence_of_the_whole_session_is_a_gap_at_its_exact_time() {
        let timeline = Timeline::new(&site(&[("a", None, None, ValueKind::Number)]));
        timeline.with(|data| {
            for millis in [0, 1000, 2000, 9000, 9500, 8000, 10_000] {
                data.came(at(millis));
            }
            assert_eq!(data.gaps, [(at(2000), at(9000))]);
            assert_eq!((data.from, data.to), (Some(at(0)), at(10_000)));
        });
    }
}
