//! Which alarms a list shows and in which order: pure, so that each rule can be read and tested here.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::super::taint::TaintRows;
use super::AlarmView;
use crate::judge::{AlarmState, Priority, Truth};
use crate::signal::Timestamp;
use crate::site::{AlarmId, TwinId};

/// What is needed of an alarm to filter, sort and count it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::panels) struct AlarmKey {
    /// Which.
    pub alarm: AlarmId,
    /// Of which twin.
    pub twin: TwinId,
    /// How soon it wants a person.
    pub priority: Priority,
    /// Where it stands.
    pub state: AlarmState,
    /// Whether its condition holds.
    pub truth: Truth,
    /// When it was raised last. `None`: never.
    pub raised: Option<Timestamp>,
    /// It was the first of its group.
    pub first_out: bool,
    /// It came and went too often.
    pub chattering: bool,
}

/// An alarm in words.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::panels) struct AlarmRow<'a> {
    /// The twin's name, with that of the asset it is a part of.
    pub twin: String,
    /// The alarm's name.
    pub name: &'a str,
    /// When it was raised, at the site.
    pub time: String,
    /// How long ago; in a recording, when it could be known.
    pub beside_time: String,
    /// What the signal said then, with its unit.
    pub at_raise: String,
    /// What it says now.
    pub now: String,
    /// Until when and why it is put aside, who acknowledged it, or what is to be done.
    pub said: String,
    /// All of it, for the pointer: a line each.
    pub details: Vec<(&'static str, String)>,
    /// Why it must not be relied on. `None`: nothing speaks against it.
    pub taint: Option<TaintRows>,
}

/// More alarms at once than a person can take in.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct FloodRow {
    /// Since when, at the site.
    pub since: String,
    /// How many were raised in 10 minutes.
    pub count: usize,
    /// What came first: the twin and the alarm.
    pub first: Option<(AlarmId, String)>,
    /// By what may be their cause, or by the place they stand in.
    pub groups: Vec<FloodGroup>,
    /// They are grouped by place.
    pub by_place: bool,
}

/// Alarms that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct FloodGroup {
    /// What they have in common.
    pub title: String,
    /// Which.
    pub alarms: Vec<AlarmId>,
}

/// A line of a list.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) enum Line {
    /// The head of a group: its name, its members, the worst of them and whether they are shown.
    Group {
        /// What they have in common.
        title: String,
        /// How many there are.
        count: usize,
        /// The worst of them.
        worst: Priority,
        /// How many nobody has acknowledged.
        new: usize,
        /// They are shown.
        open: bool,
    },
    /// An alarm.
    Alarm(AlarmKey),
}

impl AlarmKey {
    /// It wants a person: nobody has acknowledged it.
    pub(in crate::panels) fn is_new(&self) -> bool {
        self.state.wants_acknowledgement()
    }

    /// It stands in a list of what there is to do.
    pub(in crate::panels) fn stands(&self) -> bool {
        self.state.is_standing()
    }
}

/// Whether a list shows an alarm.
pub(in crate::panels) fn shown(view: AlarmView, key: &AlarmKey) -> bool {
    match view {
        AlarmView::Standing => key.stands(),
        AlarmView::Unacknowledged => key.is_new(),
        AlarmView::Shelved => key.state == AlarmState::Shelved,
        AlarmView::Suppressed => key.state == AlarmState::SuppressedByDesign,
        AlarmView::OutOfService => key.state == AlarmState::OutOfService,
        AlarmView::Journal | AlarmView::Figures => false,
    }
}

/// The worst first; among equals the newest.
pub(super) fn sort(keys: &mut [AlarmKey]) {
    keys.sort_by_key(|it| (Reverse(it.priority), Reverse(it.raised), it.alarm));
}

/// The lines of a list. In a flood they stand in groups, the group of the first one first, and in it the first-out on top.
pub(super) fn lines(
    view: AlarmView,
    keys: &[AlarmKey],
    flood: Option<&FloodRow>,
    folded: impl Fn(&str) -> bool,
) -> Vec<Line> {
    let mut listed: Vec<AlarmKey> = keys.iter().copied().filter(|it| shown(view, it)).collect();
    sort(&mut listed);
    let grouped = matches!(view, AlarmView::Standing | AlarmView::Unacknowledged);
    let Some(flood) = flood.filter(|_| grouped) else { return listed.into_iter().map(Line::Alarm).collect() };
    let mut group_of = BTreeMap::new();
    for (at, group) in flood.groups.iter().enumerate() {
        group_of.extend(group.alarms.iter().map(|it| (*it, at)));
    }
    let mut members: Vec<Vec<AlarmKey>> = vec![Vec::new(); flood.groups.len() + 1];
    for key in listed {
        members[group_of.get(&key.alarm).copied().unwrap_or(flood.groups.len())].push(key);
    }
    let titles = flood.groups.iter().map(|it| it.title.as_str()).chain(["Others"]);
    let mut groups: Vec<(&str, Vec<AlarmKey>)> = titles.zip(members).filter(|it| !it.1.is_empty()).collect();
    let first = flood.first.as_ref().map(|it| it.0);
    for (_, members) in &mut groups {
        members.sort_by_key(|it| !it.first_out);
    }
    groups.sort_by_key(|it| {
        let has_first = it.1.iter().any(|it| Some(it.alarm) == first);
        (!has_first, Reverse(it.1.iter().map(|it| it.priority).max()))
    });
    let mut lines = Vec::new();
    for (title, members) in groups {
        let Some(worst) = members.iter().map(|it| it.priority).max() else { continue };
        let open = !folded(title);
        let new = members.iter().filter(|it| it.is_new()).count();
        lines.push(Line::Group { title: title.to_owned(), count: members.len(), worst, new, open });
        if open {
            lines.extend(members.into_iter().map(Line::Alarm));
        }
    }
    lines
}

/// The alarm that stands after another one in a list, or before it where that is the last.
pub(in crate::panels) fn after(
    view: AlarmView,
    keys: &[AlarmKey],
    flood: Option<&FloodRow>,
    alarm: AlarmId,
) -> Option<AlarmId> {
    let lines = lines(view, keys, flood, |_| false);
    let alarms: Vec<AlarmId> =
        lines.iter().filter_map(|it| if let Line::Alarm(key) = it { Some(key.alarm) } else { None }).collect();
    let at = alarms.iter().position(|it| *it == alarm)?;
    alarms.get(at + 1).or_else(|| alarms.get(at.checked_sub(1)?)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(alarm: u32, priority: Priority, state: AlarmState, secs: i64) -> AlarmKey {
        AlarmKey {
            alarm: AlarmId(alarm),
            twin: TwinId(0),
            priority,
            state,
            truth: Truth::Active,
            raised: Some(Timestamp::from_nanos(secs * 1_000_000_000)),
            first_out: false,
            chattering: false,
        }
    }

    fn listed(lines: &[Line]) -> Vec<u32> {
        lines.iter().filter_map(|it| if let Line::Alarm(key) = it { Some(key.alarm.0) } else { None }).collect()
    }

    #[test]
    fn every_state_has_its_list_and_normal_has_none() {
        use AlarmState::{Acknowledged, Latched, LatchedUnacknowledged, Normal, OutOfService, ReturnedUnacknowledged};
        use AlarmState::{Shelved, SuppressedByDesign, Unacknowledged};
        use AlarmView as View;
        let check = |state, want: &[View]| {
            let key = key(0, Priority::Low, state, 0);
            let got: Vec<View> = View::ALL.into_iter().filter(|it| shown(*it, &key)).collect();
            assert_eq!(got, want, "{state:?}");
        };
        check(Unacknowledged, &[View::Standing, View::Unacknowledged]);
        check(ReturnedUnacknowledged, &[View::Standing, View::Unacknowledged]);
        check(LatchedUnacknowledged, &[View::Standing, View::Unacknowledged]);
        check(Acknowledged, &[View::Standing]);
        check(Latched, &[View::Standing]);
        check(Shelved, &[View::Shelved]);
        check(SuppressedByDesign, &[View::Suppressed]);
        check(OutOfService, &[View::OutOfService]);
        check(Normal, &[]);
    }

    #[test]
    fn the_worst_stand_first_and_among_equals_the_newest() {
        use AlarmState::{Acknowledged, Unacknowledged};
        let keys = [
            key(1, Priority::Low, Unacknowledged, 9),
            key(2, Priority::Urgent, Acknowledged, 1),
            key(3, Priority::Urgent, Unacknowledged, 5),
            key(4, Priority::Medium, Unacknowledged, 7),
        ];
        assert_eq!(listed(&lines(AlarmView::Standing, &keys, None, |_| false)), [3, 2, 4, 1]);
        assert_eq!(listed(&lines(AlarmView::Unacknowledged, &keys, None, |_| false)), [3, 4, 1]);
    }

    #[test]
    fn in_a_flood_the_first_out_leads_its_group_and_its_group_leads_the_list() {
        let state = AlarmState::Unacknowledged;
        let mut first = key(1, Priority::Medium, state, 1);
        first.first_out = true;
        let keys = [
            key(4, Priority::Urgent, state, 4),
            first,
            key(2, Priority::High, state, 2),
            key(9, Priority::Low, state, 3),
        ];
        let group = |title: &str, alarms: &[u32]| FloodGroup {
            title: title.to_owned(),
            alarms: alarms.iter().map(|it| AlarmId(*it)).collect(),
        };
        let flood = FloodRow {
            since: "12:00".to_owned(),
            count: 12,
            first: Some((AlarmId(1), "Pump 1 · Tripped".to_owned())),
            groups: vec![group("Treatment", &[4]), group("Pump station", &[1, 2])],
            by_place: true,
        };
        let all = lines(AlarmView::Standing, &keys, Some(&flood), |_| false);
        assert_eq!(listed(&all), [1, 2, 4, 9]);
        let titles: Vec<(&str, usize)> = all
            .iter()
            .filter_map(
                |it| if let Line::Group { title, count, .. } = it { Some((title.as_str(), *count)) } else { None },
            )
            .collect();
        assert_eq!(titles, [("Pump station", 2), ("Treatment", 1), ("Others", 1)]);
        assert_eq!(listed(&lines(AlarmView::Standing, &keys, Some(&flood), |it| it == "Pump station")), [4, 9]);
        assert_eq!(listed(&lines(AlarmView::Shelved, &keys, Some(&flood), |_| false)), [0; 0]);
    }
}
