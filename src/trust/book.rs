//! What the verification of arrivals has seen, by device: for the provenance of a value, the counters, and the evidence.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::key::KeyId;
use super::verdict::{Reason, Step, Trust};
use super::window::Stamp;
use crate::signal::Timestamp;

/// Refused messages that are kept whole: so many that prove something, and so many others.
const KEPT: usize = 64;
/// Of a kept message so many bytes.
const KEPT_BYTES: usize = 64 * 1024;
/// Refusals that are remembered by their time, the newest. Those of one device with one reason within a second are one.
const TOLD: usize = 10_000;
/// How many of the newest are looked through for one to be counted up.
const NEAR: usize = 64;
/// Of each topic so many that passed are remembered, the newest: what a frame shows came a moment ago.
const PASSED: usize = 16;

/// Shared by who verifies and who shows.
#[derive(Debug, Default)]
pub struct Book(
    Mutex<BTreeMap<Arc<str>, Account>>,
    Mutex<Exhibits>,
    Mutex<VecDeque<Slip>>,
    Mutex<BTreeMap<Arc<str>, VecDeque<Passed>>>,
);

/// Refused messages. What proves something has a place of its own, so that no noise pushes it out.
#[derive(Debug, Default)]
struct Exhibits {
    evidence: Shelf,
    others: Shelf,
    n_taken: u64,
}

/// Refused messages. Where there is no room for one more, the oldest of the device and reason goes that has most: so one device's
/// many push out none of another's few.
#[derive(Debug, Default)]
struct Shelf {
    /// In the order of their coming, each with its number.
    kept: VecDeque<(u64, Exhibit)>,
    /// How many of each device and reason.
    counts: BTreeMap<(Arc<str>, Reason), usize>,
}

/// That something was refused, and when: for the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// When the first of them came.
    pub at: Timestamp,
    /// Whose topic it was.
    pub device: Arc<str>,
    /// Why.
    pub reason: Reason,
    /// How many within that second.
    pub count: u32,
}

/// What was seen of one device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// The last that passed. `None`: nothing did.
    pub last: Option<Passed>,
    /// How much passed, by how far it may be believed.
    pub n_passed: BTreeMap<Trust, u64>,
    /// How much was refused, by reason.
    pub n_refused: BTreeMap<Reason, u64>,
    /// The last that was refused.
    pub last_refused: Option<(Reason, Timestamp)>,
    /// The last that proves that somebody else speaks in its name, with how often it happened.
    pub evidence: Option<(Reason, Timestamp, u64)>,
    /// Envelopes that never came.
    pub n_missing: u64,
}

/// An arrival that passed all checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// On which topic.
    pub topic: Arc<str>,
    /// How far it may be believed.
    pub trust: Trust,
    /// Who signed it. `None`: nobody.
    pub key: Option<KeyId>,
    /// Its place among those of its key. `None`: it bears no envelope.
    pub stamp: Option<Stamp>,
    /// When it came.
    pub received: Timestamp,
    /// The last check that was made; those before it passed as well.
    pub steps: Step,
}

/// A message that was refused, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exhibit {
    /// Whose topic it was.
    pub device: Arc<str>,
    /// Where it came in.
    pub topic: String,
    /// Why it was refused.
    pub reason: Reason,
    /// What exactly was wrong, for a person.
    pub detail: String,
    /// Whose key it named.
    pub key: Option<KeyId>,
    /// When it came.
    pub received: Timestamp,
    /// Its bytes, or as many of them as are kept.
    pub payload: Vec<u8>,
    /// The signature that came beside it.
    pub signature: Option<String>,
}

impl Book {
    /// What was seen of a device.
    pub fn of(&self, device: &str) -> Account {
        self.lock().get(device).cloned().unwrap_or_default()
    }

    /// All devices of which something was seen.
    pub fn all(&self) -> BTreeMap<Arc<str>, Account> {
        self.lock().clone()
    }

    /// Messages that were refused, oldest first: the newest of each device and reason, and what proves something longer than the
    /// rest.
    pub fn exhibits(&self) -> Vec<Exhibit> {
        let kept = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<&(u64, Exhibit)> = kept.evidence.kept.iter().chain(&kept.others.kept).collect();
        all.sort_by_key(|it| it.0);
        all.into_iter().map(|it| it.1.clone()).collect()
    }

    /// The newest message of a device that was refused. `None`: none is kept.
    pub fn newest_exhibit(&self, device: &str) -> Option<Exhibit> {
        let kept = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        let newest =
            [&kept.evidence, &kept.others].into_iter().filter_map(|it| it.newest(device)).max_by_key(|it| it.0);
        newest.map(|it| it.1.clone())
    }

    /// The newest message of a device that proves that somebody else speaks in its name, see [`Reason::is_evidence`]. `None`: none
    /// is kept.
    pub fn newest_evidence(&self, device: &str) -> Option<Exhibit> {
        let kept = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        kept.evidence.newest(device).map(|it| it.1.clone())
    }

    /// Looks at when what was refused, in the order of its coming.
    pub fn with_slips<R>(&self, look: impl FnOnce(&VecDeque<Slip>) -> R) -> R {
        look(&self.2.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The message of a topic that came at an instant and passed. `None`: none did, or it is not among the newest any more.
    pub fn passed(&self, topic: &str, received: Timestamp) -> Option<Passed> {
        let passed = self.3.lock().unwrap_or_else(PoisonError::into_inner);
        passed.get(topic)?.iter().rev().find(|it| it.received == received).cloned()
    }

    pub(super) fn pass(&self, device: &Arc<str>, passed: Passed, n_missing: u64) {
        let mut book = self.lock();
        let account = account(&mut book, device);
        *account.n_passed.entry(passed.trust).or_default() += 1;
        account.n_missing = account.n_missing.saturating_add(n_missing);
        account.last = Some(passed.clone());
        drop(book);
        let mut all = self.3.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = all.entry(Arc::clone(&passed.topic)).or_default();
        if newest.len() >= PASSED {
            newest.pop_front();
        }
        newest.push_back(passed);
    }

    pub(super) fn refuse(&self, exhibit: Exhibit, quiet: bool) {
        let mut book = self.lock();
        let account = account(&mut book, &exhibit.device);
        *account.n_refused.entry(exhibit.reason).or_default() += 1;
        if quiet {
            return;
        }
        account.last_refused = Some((exhibit.reason, exhibit.received));
        if exhibit.reason.is_evidence() {
            let before = account.evidence.map_or(0, |it| it.2);
            account.evidence = Some((exhibit.reason, exhibit.received, before + 1));
        }
        drop(book);
        self.tell(&exhibit);
        self.1.lock().unwrap_or_else(PoisonError::into_inner).take(exhibit);
    }

    /// Counts what is no sign of anything: nothing of it is kept or told.
    pub(super) fn count(&self, device: &Arc<str>, reason: Reason, how_many: u64) {
        let mut book = self.lock();
        *account(&mut book, device).n_refused.entry(reason).or_default() += how_many;
    }

    fn tell(&self, exhibit: &Exhibit) {
        let mut told = self.2.lock().unwrap_or_else(PoisonError::into_inner);
        let second = |it: Timestamp| it.as_nanos().div_euclid(1_000_000_000);
        let same = |it: &&mut Slip| {
            second(it.at) == second(exhibit.received) && it.reason == exhibit.reason && it.device == exhibit.device
        };
        if let Some(slip) = told.iter_mut().rev().take(NEAR).find(same) {
            slip.count = slip.count.saturating_add(1);
            return;
        }
        if told.len() >= TOLD {
            told.pop_front();
        }
        let Exhibit { device, reason, received, .. } = exhibit;
        told.push_back(Slip { at: *received, device: Arc::clone(device), reason: *reason, count: 1 });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Arc<str>, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Exhibits {
    fn take(&mut self, mut exhibit: Exhibit) {
        exhibit.payload.truncate(KEPT_BYTES);
        self.n_taken += 1;
        let shelf = if exhibit.reason.is_evidence() { &mut self.evidence } else { &mut self.others };
        shelf.put((self.n_taken, exhibit));
    }
}

impl Shelf {
    fn newest(&self, device: &str) -> Option<&(u64, Exhibit)> {
        self.kept.iter().rev().find(|it| &*it.1.device == device)
    }

    fn put(&mut self, new: (u64, Exhibit)) {
        let kind = |it: &(u64, Exhibit)| (Arc::clone(&it.1.device), it.1.reason);
        let own = kind(&new);
        let count = self.counts.entry(own.clone()).or_default();
        *count += 1;
        let n_own = *count;
        self.kept.push_back(new);
        if self.kept.len() <= KEPT {
            return;
        }
        let most = self.counts.values().copied().max();
        // As a rule it is one more of those of which there are most already: a flood must not cost much.
        let goes = if n_own > 1 && most == Some(n_own) {
            Some(own)
        } else {
            self.kept.iter().map(kind).find(|it| self.counts.get(it).copied() == most)
        };
        let Some(goes) = goes else { return };
        let same = |it: &(u64, Exhibit)| it.1.reason == goes.1 && it.1.device == goes.0;
        if let Some(at) = self.kept.iter().position(same) {
            self.kept.remove(at);
        }
        if let Some(count) = self.counts.get_mut(&goes) {
            *count -= 1;
        }
        self.counts.retain(|_, count| *count > 0);
    }
}

fn account<'a>(book: &'a mut BTreeMap<Arc<str>, Account>, device: &Arc<str>) -> &'a mut Account {
    book.entry(Arc::clone(device)).or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(device: &str, reason: Reason, at_ms: i64) -> Exhibit {
        Exhibit {
            device: device.into(),
            topic: "t".to_owned(),
            reason,
            detail: String::new(),
            key: None,
            received: Timestamp::from_nanos(at_ms * 1_000_000),
            payload: Vec::new(),
            signature: None,
        }
    }

    #[test]
    fn no_noise_pushes_out_what_proves_something_nor_one_device_another() {
        let book = Book::default();
        book.refuse(refused("a", Reason::Forged, 1), false);
        book.refuse(refused("quiet", Reason::Malformed, 2), false);
        for at in 3..1_000 {
            book.refuse(refused("a", Reason::Flood, at), false);
            let other: &str = &format!("d{at}");
            book.refuse(refused(other, Reason::Stale, at), false);
        }
        assert_eq!(book.newest_evidence("a").map(|it| it.received.as_nanos()), Some(1_000_000));
        assert_eq!(book.newest_exhibit("a").map(|it| it.reason), Some(Reason::Flood));
        for at in 1_000..2_000 {
            book.refuse(refused("b", Reason::Cloned, at), false);
        }
        assert_eq!(book.newest_evidence("a").map(|it| it.reason), Some(Reason::Forged), "nor another's proofs");
        let all = book.exhibits();
        assert_eq!(all.len(), 2 * KEPT);
        assert!(all.windows(2).all(|it| it[0].received <= it[1].received));
        assert_eq!(all.first().map(|it| it.reason), Some(Reason::Forged));

        let book = Book::default();
        book.refuse(refused("quiet", Reason::Malformed, 0), false);
        (1..1_000).for_each(|at| book.refuse(refused("loud", Reason::Malformed, at), false));
        assert!(book.newest_exhibit("quiet").is_some());
        assert_eq!(book.newest_exhibit("loud").map(|it| it.received.as_nanos()), Some(999_000_000));
    }

    #[test]
    fn what_passed_is_told_by_its_topic_and_instant_while_it_is_among_the_newest() {
        let book = Book::default();
        let at = |it: i64| Timestamp::from_nanos(it * 1_000_000);
        let device: Arc<str> = "a".into();
        let pass = |topic: &str, received: i64, steps| {
            let (topic, received) = (topic.into(), at(received));
            let passed = Passed { topic, trust: Trust::Verified, key: None, stamp: None, received, steps };
            book.pass(&device, passed, 0);
        };
        pass("a/speed", 1, Step::Chain);
        pass("a/state", 1, Step::Parse);
        pass("a/state", 2, Step::Chain);
        assert_eq!(book.passed("a/speed", at(1)).map(|it| it.steps), Some(Step::Chain), "not another topic's");
        assert_eq!(book.passed("a/state", at(1)).map(|it| it.steps), Some(Step::Parse), "nor a later one's");
        assert_eq!((book.passed("a/speed", at(2)), book.passed("b", at(1))), (None, None));
        (10..10 + PASSED as i64).for_each(|it| pass("a/state", it, Step::Chain));
        assert_eq!(book.passed("a/state", at(2)), None);
        assert!(book.passed("a/state", at(10)).is_some() && book.passed("a/speed", at(1)).is_some());
    }

    #[test]
    fn refusals_of_one_kind_within_a_second_are_one_slip_and_the_oldest_go_first() {
        let book = Book::default();
        for (device, reason, at) in [
            ("a", Reason::Forged, 1_000),
            ("b", Reason::Forged, 1_200),
            ("a", Reason::Forged, 1_900),
            ("a", Reason::Replayed, 1_950),
            ("a", Reason::Forged, 2_000),
        ] {
            book.refuse(refused(device, reason, at), false);
        }
        let counts: Vec<u32> = book.with_slips(|it| it.iter().map(|it| it.count).collect());
        assert_eq!(counts, [2, 1, 1, 1]);
        book.refuse(refused("a", Reason::Stale, 2_000), true);
        assert_eq!(book.with_slips(VecDeque::len), 4, "what a broker had kept is no event");
        for second in 0..TOLD as i64 {
            book.refuse(refused("c", Reason::Forged, 10_000 + second * 1_000), false);
        }
        assert_eq!(book.with_slips(|it| (it.len(), it[0].at.as_nanos())), (TOLD, 10_000_000_000));
    }
}
