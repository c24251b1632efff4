//! From when until when each alarm stood, for the timeline: kept between frames, for a journal may be long.

use std::collections::BTreeMap;

use bevy::prelude::*;

use super::timeline::AlarmSpan;
use crate::judge::{AlarmEvent, Alarms, Priority, What};
use crate::session::CurrentSite;
use crate::signal::Timestamp;
use crate::site::{AlarmId, Site};

/// The spans of all alarms of the session.
#[derive(Resource, Debug, Default)]
pub(super) struct AlarmSpans {
    /// By when they were raised.
    list: Vec<AlarmSpan>,
    /// When those that have not returned were raised.
    open: BTreeMap<AlarmId, Timestamp>,
    /// How many events were taken, and the last of them.
    taken: (usize, Option<AlarmEvent>),
}

/// The spans follow the journal.
pub(super) fn follow_spans(alarms: Res<Alarms>, site: Res<CurrentSite>, mut spans: ResMut<AlarmSpans>) {
    if site.is_changed() {
        *spans = AlarmSpans::default();
    }
    if site.is_changed() || alarms.is_changed() {
        spans.follow(&site, alarms.whole_journal());
    }
}

impl AlarmSpans {
    /// Those that were raised up to an instant.
    pub(super) fn until(&self, at: Timestamp) -> &[AlarmSpan] {
        &self.list[..self.list.partition_point(|it| it.from <= at)]
    }

    /// Takes what is new; where the journal is another one, all of it.
    fn follow(&mut self, site: &Site, journal: &[AlarmEvent]) {
        let (n, last) = &self.taken;
        let goes_on = n.checked_sub(1).is_none_or(|it| journal.get(it) == last.as_ref());
        if !goes_on {
            *self = Self::default();
        }
        for event in &journal[self.taken.0..] {
            self.take(site, event);
        }
        self.taken = (journal.len(), journal.last().cloned());
    }

    fn take(&mut self, site: &Site, event: &AlarmEvent) {
        if event.what == What::Raised {
            let Some(alarm) = site.alarm(event.alarm) else { return };
            let (from, priority) = (event.at, Priority::of_alarm(alarm));
            let at = self.list.partition_point(|it| it.from <= from);
            self.list.insert(at, AlarmSpan { alarm: alarm.id, twin: alarm.twin, from, to: None, priority });
            self.open.insert(alarm.id, from);
        } else if event.what == What::Returned
            && let Some(from) = self.open.remove(&event.alarm)
        {
            let begin = self.list.partition_point(|it| it.from < from);
            if let Some(span) = self.list[begin..].iter_mut().find(|it| it.alarm == event.alarm) {
                span.to = Some(event.at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::signal::SignalId;
    use crate::site::doc::Consequence;
    use crate::site::{Alarm, AlarmWhen, TwinId};

    fn site() -> Site {
        let alarm = |id: u32| Alarm {
            id: AlarmId(id),
            address: format!("pumping.p1/alarm_{id}").into(),
            name: format!("Alarm {id}"),
            twin: TwinId(1),
            when: AlarmWhen::Stale { signal: SignalId(0) },
            on_delay: 0.0,
            off_delay: 0.0,
            consequence: Consequence::Severe,
            respond_within: 1.0,
            response: String::new(),
            latched: false,
            suppressed_while: None,
        };
        Site { alarms: (0..3).map(alarm).collect(), ..fixture::site() }
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_nanos(secs * 1_000_000_000)
    }

    fn event(alarm: u32, secs: i64, what: What) -> AlarmEvent {
        AlarmEvent {
            alarm: AlarmId(alarm),
            at: at(secs),
            known: at(secs + 1),
            what,
            who: None,
            text: None,
            until: None,
        }
    }

    fn told(spans: &[AlarmSpan]) -> Vec<(u32, i64, Option<i64>)> {
        let secs = |it: Timestamp| it.as_nanos() / 1_000_000_000;
        spans.iter().map(|it| (it.alarm.0, secs(it.from), it.to.map(secs))).collect()
    }

    #[test]
    fn spans_grow_with_the_journal_as_if_it_had_come_at_once() {
        use What::{Acknowledged, Raised, Returned};
        let journal = [
            event(0, 10, Raised),
            event(1, 8, Raised),
            event(0, 12, Acknowledged),
            event(0, 20, Returned),
            event(0, 30, Raised),
            event(1, 40, Returned),
            event(2, 40, Returned),
        ];
        let want = [(1, 8, Some(40)), (0, 10, Some(20)), (0, 30, None)];
        let mut grown = AlarmSpans::default();
        for n in 0..=journal.len() {
            grown.follow(&site(), &journal[..n]);
            let mut whole = AlarmSpans::default();
            whole.follow(&site(), &journal[..n]);
            assert_eq!(told(&grown.list), told(&whole.list), "after {n}");
        }
        assert_eq!(told(&grown.list), want);
        assert_eq!(told(grown.until(at(10))), want[..2]);
        // The oldest was let go: it is another journal.
        grown.follow(&site(), &journal[1..]);
        assert_eq!(told(&grown.list), [(1, 8, Some(40)), (0, 30, None)]);
    }
}
