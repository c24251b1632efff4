//! What the gate holds isolated: heard from it, and asked of it. Each desktop does what the list says; none makes it.
//!
//! The list is signed like all that the gate says. It is retained, so it may be old: of one key none is believed that was signed
//! before one that was believed, and that is remembered over a restart.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;
use tracing::warn;
use uuid::Uuid;

use super::ask::{Desk, GRACE};
use super::ears::Ears;
use super::follow::GateState;
use super::life::Phase;
use super::request::{Act, Digest, EXPIRY_SECS, Request};
use super::wire::{GateEvent, GateHolds, HeldDoc};
use crate::link;
use crate::session::{Session, Word};
use crate::signal::Timestamp;
use crate::site::{Site, TwinId};
use crate::trust::Place;
use crate::twin::{Hold, Isolate, Isolations, Release};

/// A request to have the gate isolate a twin, or release it. It was seen to that the person may, and the gate looks itself.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct AskGate {
    /// Which twin.
    pub twin: TwinId,
    /// For what reason.
    pub why: Arc<str>,
    /// It is to be released, and not isolated.
    pub release: bool,
}

/// The gate did not isolate a twin, or release it.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct GateRefused {
    /// Which twin.
    pub twin: TwinId,
    /// Why not, for a person.
    pub why: String,
}

/// What the gate says that it holds isolated. Written by this folder alone.
#[derive(Resource, Debug, Default)]
pub struct GateQuarantine {
    /// `None`: it has not said.
    holds: Option<GateHolds>,
    /// Of the newest list that was believed, where signatures are looked at.
    newest: Option<Place>,
    asked: Vec<Asked>,
}

/// Something that was asked of the gate from here, and that it has not answered.
#[derive(Debug)]
struct Asked {
    id: Uuid,
    digest: Digest,
    twin: TwinId,
    address: String,
    release: bool,
    until: Timestamp,
}

impl GateHolds {
    /// What is to be isolated and released by a site's twins that are isolated otherwise. Twins that the site does not have are
    /// passed over.
    pub fn changes(&self, site: &Site, now: &Isolations) -> (Vec<Isolate>, Vec<Release>) {
        let mut held = BTreeSet::new();
        let mut isolates = Vec::new();
        for HeldDoc { twin, at, who, why } in &self.isolated {
            let Some(twin) = site.twin_at(twin).map(|it| it.id) else { continue };
            held.insert(twin);
            if now.own(twin).is_none_or(|it| it.hold == Hold::Here || it.since != *at) {
                let (who, why) = (who.as_str().into(), why.as_str().into());
                isolates.push(Isolate { twin, who, why, hold: Hold::Gate, since: Some(*at), doubts: Vec::new() });
            }
        }
        let gone = now.all().iter().filter(|it| it.hold == Hold::Gate && !held.contains(&it.twin));
        let releases = gone.map(|it| {
            let address = site.twin(it.twin).map_or("", |it| &it.address);
            let said = self.released.iter().rfind(|said| said.twin == address && said.at >= it.since);
            match said {
                Some(said) => Release {
                    twin: it.twin,
                    who: said.who.as_str().into(),
                    why: said.why.as_str().into(),
                    at: Some(said.at),
                },
                None => {
                    let why = "it does not hold it isolated any more".into();
                    Release { twin: it.twin, who: "the gate".into(), why, at: None }
                }
            }
        });
        (isolates, releases.collect())
    }
}

impl GateQuarantine {
    /// What the gate said last. It holds when the gate is gone. `None`: it has not said.
    pub fn holds(&self) -> Option<&GateHolds> {
        self.holds.as_ref()
    }

    /// Hears a list; one that is not the gate's, or that is older than the last, is passed over.
    pub(super) fn hear(&mut self, word: &Word, ears: &mut Ears, session: &Session) {
        let store = session.store.as_deref();
        if self.newest.is_none() {
            self.newest = store.and_then(|it| it.list(&word.topic));
        }
        let place = match ears.list(word, self.newest.as_ref()) {
            Ok(place) => place,
            Err(no) => {
                return warn!("a list in the gate's name is not believed, {}: {}", no.reason.label(), no.detail);
            }
        };
        if word.payload.is_empty() {
            return warn!("the gate's list of what is isolated was taken from the broker: what it said last holds");
        }
        match serde_json::from_slice::<GateHolds>(&word.payload) {
            Ok(holds) => {
                if let (Some(place), Some(store)) = (place.filter(|it| Some(it) != self.newest.as_ref()), store) {
                    store.remember_list(&word.topic, &place);
                }
                self.newest = place.or(self.newest.take());
                let is_held = |it: &Asked| holds.isolated.iter().any(|held| held.twin == it.address);
                self.asked.retain(|it| is_held(it) == it.release);
                self.holds = Some(holds);
            }
            Err(error) => warn!("the gate's list of what is isolated cannot be read: {error}"),
        }
    }

    /// The gate's no to something that was asked from here. `None`: it is about something else.
    pub(super) fn take_event(&mut self, event: &GateEvent) -> Option<GateRefused> {
        let refused = event.phase == Phase::Rejected && !event.aside;
        let its = |it: &Asked| it.id == event.id.0 && event.digest == Some(it.digest);
        let place = self.asked.iter().position(its).filter(|_| refused)?;
        let why = event.reason.clone().unwrap_or_else(|| "the gate refused it".to_owned());
        Some(GateRefused { twin: self.asked.swap_remove(place).twin, why })
    }

    /// What the gate did not answer in time.
    fn give_up(&mut self, now: Timestamp) -> Vec<GateRefused> {
        let (late, waiting) = std::mem::take(&mut self.asked).into_iter().partition(|it| it.until < now);
        self.asked = waiting;
        let why = "the gate did not answer: whether it is so shows in its list";
        let late: Vec<Asked> = late;
        late.into_iter().map(|it| GateRefused { twin: it.twin, why: why.to_owned() }).collect()
    }
}

impl GateState {
    /// Why no gate takes requests, for a person. `None`: one does.
    pub fn takes_none(&self) -> Option<String> {
        match self.unfit() {
            _ if self.is_absent() => Some("the gate is not there".to_owned()),
            _ if !self.is_present() => Some("there is no gate".to_owned()),
            Some(why) => Some(format!("the gate takes nothing now: {why}")),
            None => None,
        }
    }
}

/// Sends on what is asked of the gate, and gives up what it never answered.
pub(super) fn ask_gate(
    desk: Desk,
    mut asks: MessageReader<AskGate>,
    mut quarantine: ResMut<GateQuarantine>,
    mut refused: MessageWriter<GateRefused>,
) {
    let now = link::now();
    for AskGate { twin, why, release } in asks.read() {
        let Some(address) = desk.site.twin(*twin).map(|it| it.address.to_string()) else { continue };
        let (subject, why) = (address.clone(), why.to_string());
        let act = if *release { Act::Release { twin: subject, why } } else { Act::Isolate { twin: subject, why } };
        let request = Request::new(Uuid::now_v7(), act, now, false);
        let key = desk.operator.key().ok_or_else(|| "the desk is locked: sign in again".to_owned());
        match key.and_then(|it| desk.send(&request, Some(it))) {
            Ok(digest) => {
                let until = now + Duration::from_secs(EXPIRY_SECS) + GRACE;
                let asked = Asked { id: request.id, digest, twin: *twin, address, release: *release, until };
                quarantine.asked.push(asked);
            }
            Err(why) => drop(refused.write(GateRefused { twin: *twin, why })),
        }
    }
    if !quarantine.asked.is_empty() {
        refused.write_batch(quarantine.give_up(now));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::site::{Ids, load};
    use crate::twin::{Isolation, QuarantineEvent};

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_nanos(1_800_000_000_000_000_000 + secs * 1_000_000_000)
    }

    fn held(twin: &str, secs: i64) -> HeldDoc {
        HeldDoc { twin: twin.to_owned(), at: at(secs), who: "anna".to_owned(), why: "it lies".to_owned() }
    }

    fn check(own: &[(&str, Hold, i64)], holds: &GateHolds, want_isolated: &[&str], want_released: &[(&str, &str)]) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/gated/site.ron");
        let site = load(&path, &mut Ids::default()).unwrap().site;
        let mut now = Isolations::default();
        for (twin, hold, secs) in own {
            let isolation = Isolation {
                at: at(*secs),
                since: at(*secs),
                hold: *hold,
                twin: site.twin_at(twin).unwrap().id,
                who: "anna".into(),
                why: "it lies".into(),
                estimates: BTreeMap::new(),
            };
            now.take(&QuarantineEvent::Isolated(Arc::new(isolation)), &site);
        }
        let (isolates, releases) = holds.changes(&site, &now);
        let address = |it: TwinId| &*site.twin(it).unwrap().address;
        let isolated: Vec<_> = isolates.iter().map(|it| address(it.twin)).collect();
        let released: Vec<_> = releases.iter().map(|it| (address(it.twin), &*it.who)).collect();
        assert_eq!((isolated.as_slice(), released.as_slice()), (want_isolated, want_released));
        assert!(isolates.iter().all(|it| it.hold == Hold::Gate));
    }

    #[test]
    fn what_the_gate_says_holds_for_what_it_knows_and_what_is_isolated_here_alone_stays() {
        let list = |isolated: &[HeldDoc]| GateHolds { isolated: isolated.to_vec(), released: Vec::new() };
        let (pump, door) = ("bench.pump", "bench.door");
        check(&[], &list(&[held(pump, 1), held("elsewhere", 1)]), &[pump], &[]);
        check(&[(pump, Hold::Gate, 1)], &list(&[held(pump, 1)]), &[], &[]);
        // Released and isolated again while nobody looked.
        check(&[(pump, Hold::Gate, 1)], &list(&[held(pump, 2)]), &[pump], &[]);
        // What was isolated here is the gate's from now on; what the gate does not know stays.
        check(&[(pump, Hold::Here, 1), (door, Hold::Here, 1)], &list(&[held(pump, 2)]), &[pump], &[]);
        check(&[(pump, Hold::Gate, 1), (door, Hold::Here, 1)], &list(&[]), &[], &[(pump, "the gate")]);
        let told = GateHolds { released: vec![HeldDoc { who: "ben".to_owned(), ..held(pump, 3) }], ..list(&[]) };
        check(&[(pump, Hold::Gate, 1)], &told, &[], &[(pump, "ben")]);
        // That was of another time.
        check(&[(pump, Hold::Gate, 4)], &told, &[], &[(pump, "the gate")]);
    }
}
