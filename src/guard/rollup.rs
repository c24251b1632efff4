//! How far each twin may be believed: the worst of what is measured on it and below it, and which share of that is verified.

use bevy::prelude::*;

use crate::session::CurrentSite;
use crate::site::Site;
use crate::site::TwinId;
use crate::trust::Trust;
use crate::twin::{Reading, Readings, Standing};

/// How far each twin may be believed at the cursor, by its number. Written here alone.
#[derive(Resource, Debug, Default)]
pub struct TrustOf(Vec<Trusted>);

/// How far one twin may be believed. A process counts what it is about, too; each signal is counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trusted {
    /// The worst of its own signals. `None`: nothing is measured on it.
    pub own: Option<Standing>,
    /// The worst of its own and of all below it. `None`: nothing is measured there.
    pub worst: Option<Standing>,
    /// How many signals are verified, there and below.
    pub n_verified: u32,
    /// For how many a gateway speaks.
    pub n_vouched: u32,
    /// How many nobody signed.
    pub n_unsigned: u32,
    /// How many signals there are.
    pub n: u32,
}

impl TrustOf {
    /// How far a twin may be believed.
    pub fn of(&self, twin: TwinId) -> Trusted {
        self.0.get(twin.index()).copied().unwrap_or_default()
    }
}

impl Trusted {
    /// The share of verified inputs, in words.
    pub fn share_text(&self) -> String {
        let Self { n_verified, n_vouched, n_unsigned, n, .. } = *self;
        if n == 0 {
            return "nothing is measured here".to_owned();
        }
        let mut text = format!("{n_verified} of {n} verified");
        for (some, word) in [(n_vouched, "vouched"), (n_unsigned, "unsigned")] {
            if some > 0 {
                text += &format!(", {some} {word}");
            }
        }
        text
    }

    fn take(&mut self, other: Self) {
        self.worst = self.worst.max(other.worst);
        self.n_verified += other.n_verified;
        self.n_vouched += other.n_vouched;
        self.n_unsigned += other.n_unsigned;
        self.n += other.n;
    }

    fn take_own(&mut self, (standing, trust): (Standing, Trust)) {
        self.own = self.own.max(Some(standing));
        self.worst = self.own;
        self.n += 1;
        match (standing, trust) {
            (Standing::Verified, _) | (Standing::Gap, Trust::Verified) => self.n_verified += 1,
            (Standing::Vouched, _) | (Standing::Gap, Trust::Vouched) => self.n_vouched += 1,
            (Standing::Unsigned, _) | (Standing::Gap, Trust::Unsigned) => self.n_unsigned += 1,
            (
                Standing::Unheard
                | Standing::Stale
                | Standing::Inconsistent
                | Standing::Rejected
                | Standing::EvilTwin
                | Standing::Quarantined,
                _,
            ) => (),
        }
    }
}

/// What of a reading bears on its twin.
fn grade(reading: &Reading) -> (Standing, Trust) {
    (reading.standing, reading.proof.trust)
}

/// How far every twin of a site may be believed, by number; what is known of the signals is in their order.
fn roll_up(site: &Site, grades: &[(Standing, Trust)]) -> Vec<Trusted> {
    let mut all = vec![Trusted::default(); site.twin_capacity];
    // What a status says nobody can sign: it tells nothing of how far the rest may be believed.
    for (signal, grade) in site.signals.iter().zip(grades).filter(|it| !site.is_status(it.0)) {
        all[signal.twin.index()].take_own(*grade);
    }
    let own = all.clone();
    // A twin that is about others, or has such a part, is gone through by itself: what it is about may lie below it, too.
    let mut wide = vec![false; site.twin_capacity];
    // Parents stand before their children, so one pass from the end rolls all of it up.
    for twin in site.twins.iter().rev() {
        wide[twin.id.index()] |= !twin.involves.is_empty();
        if let Some(parent) = twin.parent {
            let below = all[twin.id.index()];
            all[parent.index()].take(below);
            wide[parent.index()] |= wide[twin.id.index()];
        }
    }
    let mut seen_by = vec![None; site.twin_capacity];
    for twin in site.twins.iter().filter(|it| wide[it.id.index()]) {
        let mut sum = own[twin.id.index()];
        let mut next = vec![twin.id];
        seen_by[twin.id.index()] = Some(twin.id);
        while let Some(at) = next.pop() {
            let parts = site.children_of(Some(at)).map(|it| it.id);
            let about = site.twin(at).into_iter().flat_map(|it| it.involves.iter().copied());
            for found in parts.chain(about) {
                if seen_by[found.index()].replace(twin.id) != Some(twin.id) {
                    sum.take(own[found.index()]);
                    next.push(found);
                }
            }
        }
        all[twin.id.index()] = sum;
    }
    all
}

/// The trust in twins follows the readings at the cursor.
pub(super) fn follow_trust(
    site: Res<CurrentSite>,
    readings: Res<Readings>,
    mut known: Local<Vec<(Standing, Trust)>>,
    mut trust: ResMut<TrustOf>,
) {
    let now: Vec<(Standing, Trust)> = site.signals.iter().map(|it| grade(readings.get(it.id))).collect();
    if site.is_changed() || *known != now {
        trust.0 = roll_up(&site, &now);
        *known = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{Ids, load};

    /// A station with two pumps, one of which has a motor; a process about that pump and the station itself.
    fn site() -> Site {
        let text = r#"(
            name: "Test", place: (latitude: 0, longitude: 0),
            twins: [
                (id: "station", kind: System, twins: [
                    (id: "p1", kind: Asset, signals: [
                        (id: "speed", topic: "p1/speed", period: 10), (id: "flow", topic: "p1/flow", period: 10),
                    ], twins: [(id: "motor", kind: Component, signals: [(id: "amps", topic: "p1/amps", period: 10)])]),
                    (id: "p2", kind: Asset, signals: [(id: "speed", topic: "p2/speed", period: 10)]),
                    (id: "pipe", kind: Asset),
                ]),
                (id: "supply", kind: Process, involves: ["station.p1", "station"],
                 signals: [(id: "total", topic: "supply/total", period: 10)]),
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

    #[track_caller]
    fn check(all: &[Trusted], site: &Site, twin: &str, worst: Option<Standing>, share: &str) {
        let trusted = all[site.twin_at(twin).unwrap().id.index()];
        assert_eq!((trusted.worst, trusted.share_text().as_str()), (worst, share), "{twin}");
    }

    #[test]
    fn the_worst_rolls_up_and_each_signal_is_counted_once() {
        let site = site();
        let grade = |address: &str| match address {
            "station.p1.motor/amps" => (Standing::Rejected, Trust::Verified),
            "station.p2/speed" => (Standing::Unsigned, Trust::Unsigned),
            "station.p1/flow" => (Standing::Gap, Trust::Verified),
            "supply/total" => (Standing::Vouched, Trust::Vouched),
            _ => (Standing::Verified, Trust::Verified),
        };
        let grades: Vec<(Standing, Trust)> = site.signals.iter().map(|it| grade(&it.address)).collect();
        let all = roll_up(&site, &grades);
        check(&all, &site, "station.p1.motor", Some(Standing::Rejected), "0 of 1 verified");
        check(&all, &site, "station.p1", Some(Standing::Rejected), "2 of 3 verified");
        check(&all, &site, "station.p2", Some(Standing::Unsigned), "0 of 1 verified, 1 unsigned");
        check(&all, &site, "station.pipe", None, "nothing is measured here");
        check(&all, &site, "station", Some(Standing::Rejected), "2 of 4 verified, 1 unsigned");
        check(&all, &site, "supply", Some(Standing::Rejected), "2 of 5 verified, 1 vouched, 1 unsigned");
        assert_eq!(all[site.twin_at("station.p1").unwrap().id.index()].own, Some(Standing::Gap));
    }
}
