//! Which alarms may come from one cause: those of twins that something runs between, else those of one system.

use std::collections::HashMap;

use crate::site::doc::Kind;
use crate::site::{Alarm, AlarmId, Site, TwinId};

/// The groups of a site's alarms.
#[derive(Debug, Clone, Default)]
pub struct Causes {
    /// By the number of the alarm; `usize::MAX` where there is none.
    cause_of: Vec<usize>,
    place_of: Vec<usize>,
    /// The twins that flows connect, or the one system; by the number of the group. The most upstream stands first.
    causes: Vec<Vec<TwinId>>,
    /// The systems, by the number of the group.
    places: Vec<TwinId>,
}

impl Causes {
    /// Of a site.
    pub fn of(site: &Site) -> Self {
        let mut causes = Self::default();
        let streams = streams(site);
        let mut stream_of: HashMap<TwinId, usize> = HashMap::new();
        for (number, stream) in streams.iter().enumerate() {
            stream_of.extend(stream.iter().map(|it| (*it, number)));
        }
        // What flows through no twin of an alarm is a group without members: it costs nothing.
        causes.causes = streams;
        let mut own: HashMap<TwinId, usize> = HashMap::new();
        let mut places: HashMap<TwinId, usize> = HashMap::new();
        let n = site.alarms.iter().map(|it| it.id.0 as usize + 1).max().unwrap_or(0);
        causes.cause_of = vec![usize::MAX; n];
        causes.place_of = vec![usize::MAX; n];
        for alarm in &site.alarms {
            let place = place_of(site, alarm);
            let number = *places.entry(place).or_insert_with(|| {
                causes.places.push(place);
                causes.places.len() - 1
            });
            causes.place_of[alarm.id.0 as usize] = number;
            let stream = site.lineage(alarm.twin).find_map(|it| stream_of.get(&it.id)).copied();
            let cause = stream.unwrap_or_else(|| {
                *own.entry(place).or_insert_with(|| {
                    causes.causes.push(vec![place]);
                    causes.causes.len() - 1
                })
            });
            causes.cause_of[alarm.id.0 as usize] = cause;
        }
        causes
    }

    /// How many groups there are by cause.
    pub fn len(&self) -> usize {
        self.causes.len()
    }

    /// Whether there is no group.
    pub fn is_empty(&self) -> bool {
        self.causes.is_empty()
    }

    /// The group of an alarm by cause.
    pub fn cause_of(&self, alarm: AlarmId) -> usize {
        self.cause_of.get(alarm.0 as usize).copied().unwrap_or(usize::MAX)
    }

    /// The twins of a group by cause, the most upstream first.
    pub fn twins(&self, cause: usize) -> &[TwinId] {
        self.causes.get(cause).map_or(&[], Vec::as_slice)
    }

    /// The system in which an alarm's twin stands.
    pub fn place_of(&self, alarm: AlarmId) -> Option<TwinId> {
        self.places.get(*self.place_of.get(alarm.0 as usize)?).copied()
    }
}

/// The nearest system above an alarm's twin, else what stands at the top.
fn place_of(site: &Site, alarm: &Alarm) -> TwinId {
    let system = site.lineage(alarm.twin).find(|it| it.kind == Kind::System);
    system.or_else(|| site.lineage(alarm.twin).last()).map_or(alarm.twin, |it| it.id)
}

/// The sets of twins between which something runs, each with the most upstream first.
fn streams(site: &Site) -> Vec<Vec<TwinId>> {
    // Each twin's own set at first; what a flow connects becomes one.
    let mut set_of: HashMap<TwinId, usize> = HashMap::new();
    let mut sets: Vec<Vec<TwinId>> = Vec::new();
    for flow in &site.flows {
        for twin in [Some(flow.from), Some(flow.to), flow.along].into_iter().flatten() {
            set_of.entry(twin).or_insert_with(|| {
                sets.push(vec![twin]);
                sets.len() - 1
            });
        }
        for other in [Some(flow.to), flow.along].into_iter().flatten() {
            let (into, from) = (set_of[&flow.from], set_of[&other]);
            if into != from {
                let moved = std::mem::take(&mut sets[from]);
                moved.iter().for_each(|it| {
                    set_of.insert(*it, into);
                });
                sets[into].extend(moved);
            }
        }
    }
    sets.retain(|it| !it.is_empty());
    for set in &mut sets {
        let distance = distances(site, set);
        set.sort_by_key(|it| (distance.get(it).copied().unwrap_or(usize::MAX), it.0));
    }
    sets
}

/// How many flows lie before each twin of a set, from those into which nothing runs.
fn distances(site: &Site, set: &[TwinId]) -> HashMap<TwinId, usize> {
    let sources = set.iter().filter(|it| !site.flows.iter().any(|flow| flow.to == **it));
    let mut distance: HashMap<TwinId, usize> = sources.map(|it| (*it, 0)).collect();
    let mut border: Vec<TwinId> = set.iter().filter(|it| distance.contains_key(it)).copied().collect();
    let mut next = 0;
    while let Some(&twin) = border.get(next) {
        next += 1;
        let far = distance.get(&twin).copied().unwrap_or(0) + 1;
        for flow in site.flows.iter().filter(|it| it.from == twin) {
            for reached in [flow.along, Some(flow.to)].into_iter().flatten() {
                distance.entry(reached).or_insert_with(|| {
                    border.push(reached);
                    far
                });
            }
        }
    }
    distance
}
