//! What must not be relied on because of a signal that is not to be believed, and by which way it comes to that.

use bevy::prelude::*;
use std::collections::HashMap;

use super::ties::{Node, Reached, Tie, Ties};
use crate::session::{CurrentSite, Cursor, CursorMode};
use crate::signal::{SignalId, Timestamp};
use crate::site::{AlarmId, CommandId, Site, TwinId};
use crate::twin::{Readings, Standing};

/// What is tainted at the cursor. Written here alone, and only when the culprits are others.
#[derive(Resource, Debug, Default)]
pub struct Taint {
    ties: Ties,
    /// In the order of the site.
    culprits: Vec<(SignalId, Culprit)>,
    reached: Reached,
    n: usize,
    /// The cursor followed live.
    live: bool,
}

/// A signal that is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Culprit {
    /// How it stands.
    pub standing: Standing,
    /// Since when, without a break, as far as it was looked at.
    pub since: Timestamp,
}

/// Why something must not be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tainted {
    /// The nearest signal that is not to be believed.
    pub culprit: SignalId,
    /// From the thing to the culprit, which is the last of them.
    pub hops: Vec<Hop>,
}

/// One step towards a culprit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// What is relied on.
    pub node: Node,
    /// Why the one before relies on it.
    pub by: Tie,
}

impl Taint {
    /// Why something must not be relied on. `None`: nothing speaks against it, or it is a culprit itself.
    pub fn of(&self, node: Node) -> Option<Tainted> {
        let steps = self.ties.path(&self.reached, node);
        let hops: Vec<Hop> = steps.into_iter().map(|(node, by)| Hop { node, by }).collect();
        let Node::Signal(culprit) = hops.last()?.node else { return None };
        Some(Tainted { culprit, hops })
    }

    /// Of a twin.
    pub fn of_twin(&self, twin: TwinId) -> Option<Tainted> {
        self.of(Node::Twin(twin))
    }

    /// Of an alarm.
    pub fn of_alarm(&self, alarm: AlarmId) -> Option<Tainted> {
        self.of(Node::Alarm(alarm))
    }

    /// Of a command.
    pub fn of_command(&self, command: CommandId) -> Option<Tainted> {
        self.of(Node::Command(command))
    }

    /// Of an expectation, by its place in the site's list.
    pub fn of_expectation(&self, index: usize) -> Option<Tainted> {
        self.of(Node::Expectation(u32::try_from(index).ok()?))
    }

    /// Whether something must not be relied on. A culprit itself is none of these.
    pub fn is_tainted(&self, node: Node) -> bool {
        self.ties.is_reached(&self.reached, node)
    }

    /// All that must not be relied on, culprits aside.
    pub fn all(&self) -> impl Iterator<Item = Node> + '_ {
        self.ties.all(&self.reached)
    }

    /// How many those are.
    pub fn n(&self) -> usize {
        self.n
    }

    /// The signals that are not to be believed, in the order of the site.
    pub fn culprits(&self) -> impl Iterator<Item = (SignalId, Culprit)> + '_ {
        self.culprits.iter().copied()
    }

    /// Whether it is of now, and not of an instant that is looked back at.
    pub fn is_of_now(&self) -> bool {
        self.live
    }

    /// How a culprit stands. `None`: it is none.
    pub fn culprit(&self, signal: SignalId) -> Option<Culprit> {
        self.culprits.iter().find(|it| it.0 == signal).map(|it| it.1)
    }

    /// Goes by an edited site, with the culprits that it knows.
    pub fn follow(&mut self, site: &Site) {
        self.ties = Ties::of(site);
        self.spread();
    }

    /// Whether these are the culprits, and stand as they stood.
    fn is_of(&self, found: &[(SignalId, Standing)]) -> bool {
        self.culprits.len() == found.len()
            && self.culprits.iter().zip(found).all(|(a, b)| (a.0, a.1.standing) == (b.0, b.1))
    }

    /// These are the culprits at an instant.
    pub fn blame(&mut self, found: &[(SignalId, Standing)], now: Timestamp) {
        let same = self.culprits.iter().map(|it| it.0).eq(found.iter().map(|it| it.0));
        let before: HashMap<SignalId, Timestamp> = self.culprits.iter().map(|it| (it.0, it.1.since)).collect();
        let since = |signal: &SignalId| before.get(signal).map_or(now, |it| now.min(*it));
        self.culprits = found
            .iter()
            .map(|(signal, standing)| (*signal, Culprit { standing: *standing, since: since(signal) }))
            .collect();
        if !same {
            self.spread();
        }
    }

    fn spread(&mut self) {
        self.reached = self.ties.reach(self.culprits.iter().map(|it| Node::Signal(it.0)));
        self.n = self.ties.all(&self.reached).count();
    }
}

/// The taint follows the readings at the cursor.
pub(super) fn follow_taint(
    cursor: Res<Cursor>,
    site: Res<CurrentSite>,
    readings: Res<Readings>,
    mut taint: ResMut<Taint>,
) {
    taint.bypass_change_detection().live = cursor.mode == CursorMode::Live;
    let standing = |signal: SignalId| Some(readings.get(signal).standing).filter(|it| it.taints());
    let found: Vec<(SignalId, Standing)> =
        site.signals.iter().filter_map(|it| Some((it.id, standing(it.id)?))).collect();
    if !taint.is_of(&found) {
        taint.blame(&found, cursor.at);
    }
    if site.is_changed() {
        taint.follow(&site);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::guard::ties::name_of;
    use crate::site::{Ids, load};

    /// A pump feeds a tank that feeds a town and comes back; a process is about the tank, whose gauge is a part of it.
    fn site() -> Site {
        let text = r#"(
            name: "Test", place: (latitude: 0, longitude: 0),
            twins: [(id: "plant", name: "Plant", kind: System, twins: [
                (id: "pump", name: "Pump", kind: Asset, signals: [
                    (id: "speed", name: "Speed", topic: "pump/speed", period: 10),
                    (id: "running", name: "Running", topic: "pump/running", is: Flag, period: 10),
                ], commands: [
                    (id: "set", name: "Set speed", topic: "pump/set", takes: Number(min: 0, max: 10, step: 1),
                     reports: "./speed", confirm: (signal: "./speed", within: 1, secs: 5),
                     interlocks: [(holds: "signal('..tank/level') < 4.0", says: "The tank is full.")]),
                ]),
                (id: "tank", name: "Tank", kind: Asset, twins: [
                    (id: "gauge", name: "Gauge", kind: Component,
                     signals: [(id: "volts", name: "Volts", topic: "tank/volts", period: 10)]),
                ], signals: [(id: "level", name: "Level", topic: "tank/level", period: 10)],
                alarms: [(id: "high", name: "High", when: Above(signal: "./level", limit: 4),
                    suppressed_while: Some("!signal('..pump/running')"), consequence: Major, respond_within: 5)],
                expects: [(id: "falls", says: "It falls.", always: "rate('./level', 60) < 1.0")]),
                (id: "town", name: "Town", kind: Asset,
                 signals: [(id: "flow", name: "Flow", topic: "town/flow", period: 10)]),
                (id: "supply", name: "Supplying", kind: Process, involves: ["..tank"]),
            ])],
            flows: [
                (from: "plant.pump", to: "plant.tank", medium: "water"),
                (from: "plant.tank", to: "plant.town", medium: "water"),
                (from: "plant.town", to: "plant.pump", medium: "water"),
            ],
        )"#;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.ron");
        std::fs::write(&path, text).unwrap();
        match load(&path, &mut Ids::default()) {
            Ok(loaded) => loaded.site,
            Err(error) => panic!("{error:?}"),
        }
    }

    fn blamed(site: &Site, culprits: &[&str]) -> Taint {
        let mut taint = Taint::default();
        taint.follow(site);
        let found: Vec<(SignalId, Standing)> =
            culprits.iter().map(|it| (site.signal_at(it).unwrap().id, Standing::Rejected)).collect();
        taint.blame(&found, Timestamp::from_secs_f64(10.0));
        taint
    }

    #[track_caller]
    fn check(culprits: &[&str], want: &[&str]) {
        let site = site();
        let taint = blamed(&site, culprits);
        let got: BTreeSet<String> = taint.all().map(|it| name_of(it, &site)).collect();
        assert_eq!(got, want.iter().map(|it| (*it).to_owned()).collect(), "of {culprits:?}");
        assert_eq!(taint.n(), want.len());
    }

    #[test]
    fn what_relies_on_a_culprit_is_tainted_and_nothing_else() {
        check(&[], &[]);
        let ring = ["Pump", "Tank", "Town", "Supplying"];
        check(&["plant.pump/speed"], &[&ring[..], &["Pump · Set speed"]].concat());
        check(&["plant.pump/running"], &[&ring[..], &["Tank · High"]].concat());
        let of_level = ["Tank · High", "Tank · It falls.", "Pump · Set speed"];
        check(&["plant.tank/level"], &[&ring[..], &of_level].concat());
        check(&["plant.tank.gauge/volts"], &["Tank · Gauge", "Supplying"]);
        check(&["plant.town/flow"], &ring);
    }

    #[test]
    fn the_way_to_the_nearest_culprit_is_told_step_by_step() {
        let site = site();
        let taint = blamed(&site, &["plant.pump/speed"]);
        let supply = taint.of_twin(site.twin_at("plant.supply").unwrap().id).unwrap();
        let told: Vec<String> =
            supply.hops.iter().map(|it| format!("{}: {}", name_of(it.node, &site), it.by.label())).collect();
        assert_eq!(told, ["Tank: part of what it is about", "Pump: flows into it", "Pump · Speed: measured on it"]);
        assert_eq!(site.signal(supply.culprit).unwrap().key, "speed");
        assert_eq!(taint.of_twin(site.twin_at("plant").unwrap().id), None);
    }

    #[test]
    fn a_culprit_keeps_the_instant_since_when_it_is_one() {
        let site = site();
        let mut taint = blamed(&site, &["plant.pump/speed"]);
        let speed = site.signal_at("plant.pump/speed").unwrap().id;
        taint.blame(&[(speed, Standing::EvilTwin)], Timestamp::from_secs_f64(20.0));
        let culprit = taint.culprit(speed).unwrap();
        assert_eq!((culprit.standing, culprit.since), (Standing::EvilTwin, Timestamp::from_secs_f64(10.0)));
    }
}
