//! More alarms than a person can take: found as ISA-18.2 finds it, and put in groups in which they can be taken.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use super::alarms::{AlarmEvent, AlarmLife};
use super::causes::Causes;
use super::outcome::What;
use crate::signal::Timestamp;
use crate::site::{AlarmId, Site, TwinId};

/// The span over which alarms are counted.
pub const FLOOD_SPAN: Duration = Duration::from_secs(600);
/// A flood begins with more than so many raised in the span (ISA-18.2, IEC 62682: performance of the alarm system).
pub const FLOOD_BEGINS_ABOVE: usize = 10;
/// It ends with fewer than so many in the span (same clause).
pub const FLOOD_ENDS_BELOW: usize = 5;

/// More alarms than a person can take.
#[derive(Debug, Clone, PartialEq)]
pub struct Flood {
    /// When it began: when the first of those that made it one could be known.
    pub since: Timestamp,
    /// How many were raised since.
    pub count: usize,
    /// Those of them that were raised since, by what may be their cause: along the flows. The largest first.
    pub causes: Vec<FloodGroup>,
    /// The same by place: the system they stand in. The largest first.
    pub places: Vec<FloodGroup>,
    /// The one that was raised first.
    pub first_out: Option<AlarmId>,
}

/// Alarms that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct FloodGroup {
    /// For a person.
    pub label: String,
    /// The twin that it is named for: the most upstream one with an alarm, or the system.
    pub twin: TwinId,
    /// Each once, in the order in which they were raised first.
    pub alarms: Vec<AlarmId>,
}

/// Tells floods from calm as alarms are raised.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter {
    recent: VecDeque<Timestamp>,
    since: Option<Timestamp>,
}

impl Meter {
    /// Up to an instant.
    pub(super) fn pass(&mut self, now: Timestamp) {
        while self.recent.front().is_some_and(|it| now.since(*it) >= FLOOD_SPAN) {
            self.recent.pop_front();
        }
        if self.recent.len() < FLOOD_ENDS_BELOW {
            self.since = None;
        }
    }

    /// One is raised.
    pub(super) fn raise(&mut self, now: Timestamp) {
        self.pass(now);
        self.recent.push_back(now);
        if self.recent.len() > FLOOD_BEGINS_ABOVE && self.since.is_none() {
            self.since = self.recent.front().copied();
        }
    }

    /// Since when there is a flood.
    pub(super) fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// How many were raised in the span.
    pub(super) fn count(&self) -> usize {
        self.recent.len()
    }
}

impl Flood {
    /// Of what was raised since it began. `journal` is in the order of knowing.
    pub(super) fn of<'a>(
        since: Timestamp,
        journal: &[AlarmEvent],
        site: &Site,
        causes: &Causes,
        life: impl Fn(AlarmId) -> Option<&'a AlarmLife>,
    ) -> Self {
        let begin = journal.partition_point(|it| it.known < since);
        let raised = journal[begin..].iter().filter(|it| it.what == What::Raised);
        let mut order: Vec<AlarmId> = Vec::new();
        let mut seen: HashSet<AlarmId> = HashSet::new();
        let mut count = 0;
        for event in raised {
            count += 1;
            if seen.insert(event.alarm) {
                order.push(event.alarm);
            }
        }
        let mut by_cause: BTreeMap<usize, Vec<AlarmId>> = BTreeMap::new();
        let mut by_place: BTreeMap<TwinId, Vec<AlarmId>> = BTreeMap::new();
        for alarm in &order {
            by_cause.entry(causes.cause_of(*alarm)).or_default().push(*alarm);
            if let Some(place) = causes.place_of(*alarm) {
                by_place.entry(place).or_default().push(*alarm);
            }
        }
        let name = |twin: TwinId| site.twin(twin).map_or_else(String::new, |it| it.name.clone());
        let group = |cause: usize, alarms: Vec<AlarmId>| {
            // Named for the most upstream twin on which one of them, or one below it, stands.
            let with_alarms = alarms.iter().filter_map(|it| site.alarm(*it));
            let on: HashSet<TwinId> = with_alarms.flat_map(|it| site.lineage(it.twin).map(|it| it.id)).collect();
            let twin = causes.twins(cause).iter().copied().find(|it| on.contains(it))?;
            let label = if causes.twins(cause).len() > 1 { format!("from {} on", name(twin)) } else { name(twin) };
            Some(FloodGroup { label, twin, alarms })
        };
        let mut causes: Vec<FloodGroup> = by_cause.into_iter().filter_map(|(cause, it)| group(cause, it)).collect();
        let mut places: Vec<FloodGroup> =
            by_place.into_iter().map(|(twin, alarms)| FloodGroup { label: name(twin), twin, alarms }).collect();
        causes.sort_by_key(|it| std::cmp::Reverse(it.alarms.len()));
        places.sort_by_key(|it| std::cmp::Reverse(it.alarms.len()));
        let first_out = order.iter().copied().find(|it| life(*it).is_some_and(|it| it.first_out));
        Self { since, count, causes, places, first_out: first_out.or_else(|| order.first().copied()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_more_than_ten_in_ten_minutes_and_ends_below_five() {
        let at = |secs: i64| Timestamp::from_nanos(secs * 1_000_000_000);
        let mut meter = Meter::default();
        (0..10).for_each(|it| meter.raise(at(it * 60)));
        assert_eq!((meter.since(), meter.count()), (None, 10));
        meter.raise(at(599));
        assert_eq!(meter.since(), Some(at(0)));
        meter.pass(at(600 + 5 * 60 - 1));
        assert_eq!((meter.since(), meter.count()), (Some(at(0)), 6));
        meter.pass(at(600 + 6 * 60));
        assert_eq!((meter.since(), meter.count()), (None, 4));
    }
}
