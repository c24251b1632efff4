//! What the verification of arrivals has seen, by device: for the provenance of a value, the counters, and the evidence.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::key::KeyId;
use super::verdict::{Reason, Step, Trust};
use super::window::Stamp;
use crate::signal::Timestamp;

/// Refused messages that are kept whole, the newest.
const KEPT: usize = 64;
/// Of a kept message so many bytes.
const KEPT_BYTES: usize = 64 * 1024;

/// Shared by who verifies and who shows.
#[derive(Debug, Default)]
pub struct Book(Mutex<BTreeMap<Arc<str>, Account>>, Mutex<VecDeque<Exhibit>>);

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

    /// The newest messages that were refused, oldest first.
    pub fn exhibits(&self) -> Vec<Exhibit> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    pub(super) fn pass(&self, device: &Arc<str>, passed: Passed, n_missing: u64) {
        let mut book = self.lock();
        let account = account(&mut book, device);
        *account.n_passed.entry(passed.trust).or_default() += 1;
        account.n_missing = account.n_missing.saturating_add(n_missing);
        account.last = Some(passed);
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
        let mut kept = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        let mut exhibit = exhibit;
        exhibit.payload.truncate(KEPT_BYTES);
        kept.push_back(exhibit);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Arc<str>, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn account<'a>(book: &'a mut BTreeMap<Arc<str>, Account>, device: &Arc<str>) -> &'a mut Account {
    book.entry(Arc::clone(device)).or_default()
}
