//! What the gate holds isolated: asked for by who may, written down before it is done, and told to all desktops.
//!
//! The audit is where it is kept. What that says of isolated and released twins, in its order, holds when the gate begins anew. A
//! twin that the site no longer has stays in the list, so that no edit of the site releases anything.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bevy::prelude::*;
use tracing::{info, warn};

use super::book::{self, Record};
use super::ruling::Case;
use super::warden::{Hands, Warden};
use crate::command::Digest;
use crate::command::checks::{Check, What};
use crate::command::wire::{GateHolds, HeldDoc, Topics, Uuid7};
use crate::link::{self, Publish};
use crate::session::Word;
use crate::signal::Timestamp;
use crate::site::Site;
use crate::trust::{PublicKey, Reason, Standing, hex, may_isolate};
use crate::twin::{Isolate, Quarantine, Release};

/// No more twins are isolated at once, each with all its parts: the list must stay one that a person reads.
const MOST: usize = 100;
/// So many of the last releases are told.
const MOST_RELEASED: usize = 20;
/// The list is said anew no sooner than this after somebody else has spoken in its place.
const SAID_AGAIN: Duration = Duration::from_secs(1);

/// What is held isolated, and what was last said of it.
#[derive(Debug, Default)]
pub(super) struct Holds {
    list: GateHolds,
    /// The connection over which it was said, and what.
    said: Option<(Timestamp, GateHolds)>,
    /// Not to be said before this.
    not_before: Timestamp,
}

impl Holds {
    /// As an audit has it.
    pub(super) fn recall(path: &Path) -> Self {
        let mut holds = Self::default();
        for record in book::holds_in(path) {
            holds.take(&record);
        }
        if !holds.list.isolated.is_empty() {
            let twins: Vec<&str> = holds.list.isolated.iter().map(|it| it.twin.as_str()).collect();
            info!("isolated since before the gate began: {}", twins.join(", "));
        }
        holds
    }

    /// After what was written down.
    fn take(&mut self, record: &Record) {
        let (twin, who) = (record.twin.clone(), record.who.clone());
        let doc = HeldDoc { twin, at: record.at, who, why: record.reason.clone().unwrap_or_default() };
        let GateHolds { isolated, released } = &mut self.list;
        isolated.retain(|it| it.twin != doc.twin);
        if record.what == book::Act::Isolate {
            isolated.push(doc);
        } else {
            released.retain(|it| it.twin != doc.twin);
            released.push(doc);
            let over = released.len().saturating_sub(MOST_RELEASED);
            released.drain(..over);
        }
    }

    fn of(&self, twin: &str) -> Option<&HeldDoc> {
        self.list.isolated.iter().find(|it| it.twin == twin)
    }

    /// Whether a twin is as it must be before it is isolated, or released.
    fn state(&self, twin: &str, release: bool, site: &Site) -> Check {
        let told = |it: &HeldDoc| format!("isolated by {}: {}", it.who, it.why);
        if release {
            return match self.of(twin) {
                Some(it) => Check::good(What::Quarantine, told(it), "isolated"),
                None => Check::bad(What::Quarantine, "not isolated", "isolated").saying("it is not isolated"),
            };
        }
        let limit = "not isolated yet";
        let whole = site.twin_at(twin).and_then(|it| site.lineage(it.id).find_map(|it| self.of(&it.address)));
        match whole {
            Some(it) if it.twin == twin => {
                Check::bad(What::Quarantine, told(it), limit).saying("it is isolated already")
            }
            Some(it) => {
                let says = format!("it is isolated already, as a part of {}", it.twin);
                Check::bad(What::Quarantine, told(it), limit).saying(says)
            }
            None if self.list.isolated.len() >= MOST => {
                let says = "too much is isolated: isolate what the twins are parts of";
                Check::bad(What::Quarantine, format!("{MOST} twins isolated"), format!("fewer than {MOST}"))
                    .saying(says)
            }
            None => Check::good(What::Quarantine, "not isolated", limit),
        }
    }

    /// Hears what stands on the list's topic. What is not the gate's own list is soon said over.
    pub(super) fn hear(&mut self, word: &Word, is_own: bool, now: Timestamp) {
        let same = serde_json::from_slice::<GateHolds>(&word.payload).is_ok_and(|it| it == self.list);
        if self.said.is_some() && !(same && is_own) {
            self.said = None;
            self.not_before = now + SAID_AGAIN;
        }
    }

    /// Tells all desktops, over each connection anew, and whenever it has changed.
    pub(super) fn say(&mut self, connected_since: Timestamp, topics: &Topics, now: Timestamp, hands: &mut Hands) {
        let is_said = self.said.as_ref().is_some_and(|it| it.0 == connected_since && it.1 == self.list);
        // A clock that was set back does not keep it silent.
        let early = now < self.not_before && self.not_before.since(now) <= SAID_AGAIN;
        if is_said || early {
            return;
        }
        let Ok(payload) = serde_json::to_vec(&self.list) else { return };
        let user = hands.pens.sign_event(&topics.quarantine, &payload);
        let said = hands.publish(Publish {
            user,
            topic: topics.quarantine.clone(),
            payload: payload.into(),
            qos1: true,
            retain: true,
            content_type: Some("application/json".to_owned()),
            ..Publish::default()
        });
        if said.is_ok() {
            self.said = Some((connected_since, self.list.clone()));
        }
    }
}

impl Warden {
    /// Isolates a twin, or releases it, if who asks may and it is not so already.
    pub(super) fn hold(&mut self, mut case: Case, release: bool, twin: &str, why: &str, hands: &mut Hands) {
        let site = Arc::clone(&self.site);
        case.checks.push(authority(&case));
        let known = site.twin_at(twin).is_some() || self.holds.of(twin).is_some();
        let limit = "a twin of the site";
        case.checks.push(if known {
            Check::good(What::Twin, twin, limit)
        } else {
            Check::bad(What::Twin, twin, limit)
        });
        case.checks.push(self.holds.state(twin, release, &site));
        if case.checks.iter().any(|it| !it.passed()) {
            return self.refuse_case(&case, hands);
        }
        let record = Record {
            at: link::now(),
            what: if release { book::Act::Release } else { book::Act::Isolate },
            id: Uuid7(case.request.id),
            command: String::new(),
            value: None,
            who: case.account.id.clone(),
            approved_by: Vec::new(),
            phase: None,
            cause: None,
            reason: Some(why.trim().to_owned()),
            checks: case.checks.clone(),
            digest: Some(Digest::of(&case.word.payload)),
            request: hex::encode(&case.word.payload),
            step: None,
            twin: twin.to_owned(),
        };
        if let Err(why) = hands.book.write(&record) {
            case.checks.push(Check::bad(What::Audit, why, "written down before it is done"));
            return self.refuse_case(&case, hands);
        }
        let does = if release { "releases" } else { "isolates" };
        info!("{} {does} {twin}: {why}", record.who);
        self.holds.take(&record);
    }

    /// Hears what is said in place of the list of what is isolated.
    pub(super) fn hear_list(&mut self, word: &Word, key: PublicKey) {
        let is_own = match self.ears.list(word, None) {
            Ok(_) => true,
            Err(no) => {
                warn!("a list in a gate's name is not believed, {}: {}", no.reason.label(), no.detail);
                // Its own words, if its key is good no more, it would say for ever.
                no.key == Some(key.id()) && no.reason != Reason::Forged
            }
        };
        self.holds.hear(word, is_own, link::now());
    }

    /// What the gate's own eyes must not rely on, and may again.
    pub(super) fn changes(&self, quarantine: &Quarantine) -> (Vec<Isolate>, Vec<Release>) {
        self.holds.list.changes(&self.site, quarantine.now())
    }
}

fn authority(case: &Case) -> Check {
    let role = case.account.role;
    let limit = "a role that may isolate";
    let standing = if case.request.reentered { Standing::Reentered } else { Standing::SignedIn };
    match may_isolate(role, standing) {
        Ok(()) => Check::good(What::Authority, role.label(), limit),
        Err(denied) => Check::bad(What::Authority, role.label(), limit).saying(denied.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{Ids, load};

    fn record(what: book::Act, twin: &str, secs: i64) -> Record {
        Record {
            at: Timestamp::from_nanos(secs * 1_000_000_000),
            what,
            id: Uuid7(uuid::Uuid::nil()),
            command: String::new(),
            value: None,
            who: "anna".to_owned(),
            approved_by: Vec::new(),
            phase: None,
            cause: None,
            reason: Some("it lies".to_owned()),
            checks: Vec::new(),
            digest: None,
            request: String::new(),
            step: None,
            twin: twin.to_owned(),
        }
    }

    #[track_caller]
    fn check(holds: &Holds, twin: &str, release: bool, want: Result<(), &str>) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/gated/site.ron");
        let site = load(&path, &mut Ids::default()).unwrap().site;
        let check = holds.state(twin, release, &site);
        match want {
            Ok(()) => assert!(check.passed(), "{check:?}"),
            Err(want) => assert!(!check.passed() && check.reason().starts_with(want), "{check:?}"),
        }
    }

    #[test]
    fn a_twin_is_isolated_once_with_its_parts_and_released_as_it_was_isolated() {
        let mut holds = Holds::default();
        check(&holds, "bench.pump", false, Ok(()));
        check(&holds, "bench.pump", true, Err("it is not isolated"));
        holds.take(&record(book::Act::Isolate, "bench", 1));
        check(&holds, "bench", false, Err("it is isolated already ("));
        check(&holds, "bench.pump", false, Err("it is isolated already, as a part of bench"));
        check(&holds, "bench.pump", true, Err("it is not isolated"));
        check(&holds, "bench", true, Ok(()));
        holds.take(&record(book::Act::Release, "bench", 2));
        check(&holds, "bench.pump", false, Ok(()));
        assert_eq!((holds.list.isolated.len(), holds.list.released.len()), (0, 1));
    }

    #[test]
    fn the_list_stays_one_that_a_person_reads() {
        let mut holds = Holds::default();
        for n in 0..MOST {
            holds.take(&record(book::Act::Isolate, &format!("t{n}"), 1));
        }
        check(&holds, "bench.pump", false, Err("too much is isolated"));
        for n in 0..MOST {
            holds.take(&record(book::Act::Release, &format!("t{n}"), 2));
        }
        assert_eq!((holds.list.isolated.len(), holds.list.released.len()), (0, MOST_RELEASED));
        assert_eq!(holds.list.released.last().map(|it| it.twin.as_str()), Some("t99"));
    }
}
