//! The checks of an arrival, cheapest first, each with its reason: what passes them becomes samples, and nothing else does.
//!
//! Knows no clock: the time of arrival is given, so that a recording is verified again with the result that it had live.

mod rules;
mod values;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

pub use self::values::Values;

use self::rules::{Rule, Rules, rules_of};
use self::values::Unread;
use super::book::{Book, Exhibit, Passed};
use super::bucket::{Bucket, Price};
use super::defence::{Defence, Defences};
use super::envelope::{EnvelopeError, MAX_ENVELOPE_BYTES};
use super::heard::Heard;
use super::key::KeyId;
use super::letter::{BESIDE_TYPE, Letter, SAMPLES_TYPE};
use super::registry::{KeyRole, Registry};
use super::store::Store;
use super::verdict::{Proof, Reason, Step, Trust};
use super::window::{MOST_AHEAD_NANOS, Stamp, Window, Windows};
use crate::codec::{PackedRow, unpack};
use crate::signal::Timestamp;
use crate::site::Site;
use crate::site::doc::SigningDoc;

/// Values tell their times in microseconds, and signatures in nanoseconds.
const MICROSECOND_NANOS: u64 = 1000;
/// Envelopes begin so: the tag of COSE Sign1, an array of four.
const ENVELOPE_BEGINS: [u8; 2] = [0xd2, 0x84];
/// Signatures that are remembered as good, so that a recording that is read twice is verified once.
const MEMO: usize = 500_000;

/// A message, as verification looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Where it came in.
    pub topic: &'a [u8],
    /// What it says.
    pub payload: &'a [u8],
    /// The signature beside it, see [`super::SIGNATURE_PROPERTY`].
    pub signature: Option<&'a str>,
    /// When it came.
    pub received: Timestamp,
    /// The broker had kept it.
    pub retained: bool,
}

/// What came of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// It may be read as the site says.
    Pass(Proof),
    /// It held its values itself.
    Packed(Proof, Vec<PackedRow>),
    /// It must not be read.
    Refuse(Refusal),
}

/// A no to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// It is no sign of anything: what a broker had kept is old by nature, and may be of a device's last life.
    pub quiet: bool,
}

/// Signatures that were found good. Shared by all who read one recording.
#[derive(Debug, Default)]
pub struct Memo(Mutex<HashSet<[u8; 32]>>);

/// Verifies what comes in on a site's topics. One for each reader of a stream of messages, in their order.
#[derive(Debug)]
pub struct Verifier {
    rules: Rules,
    registry: Option<Arc<Registry>>,
    windows: Windows,
    /// What is refused takes from here, so that it uses up nothing of what those need who speak well.
    refused: Bucket,
    book: Arc<Book>,
    store: Option<Arc<Store>>,
    memo: Option<Arc<Memo>>,
    defences: Defences,
    signed_at: Option<Timestamp>,
    /// What has passed all checks but that of its values.
    unread: Option<Unread>,
}

/// Who may have signed a letter, and how old it may be.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// What it must hold.
    pub typ: &'a str,
    /// Whose keys may sign it.
    pub owners: &'a [String],
    /// As what they must speak. `None`: as a device or a gateway.
    pub role: Option<KeyRole>,
    /// How far it may be believed at most: whoever signs for a device that cannot, be it a device itself, vouches for it.
    pub most: Trust,
    /// What is stamped longer ago is too old.
    pub old_after: Duration,
}

/// Why a letter was refused, with whose key it named and what exactly was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct No {
    /// Why.
    pub reason: Reason,
    /// Whose key it named.
    pub key: Option<KeyId>,
    /// For a person.
    pub detail: String,
}

impl Verifier {
    /// For a site. `None`: nothing on it is signed, so there is nothing to verify.
    pub fn new(site: &Site, registry: Option<Arc<Registry>>) -> Option<Self> {
        Some(Self::of_site(site, registry)).filter(|it| !it.is_idle())
    }

    /// For a site that may be edited: where nothing on it is signed yet it is idle, and lets everything pass.
    pub fn of_site(site: &Site, registry: Option<Arc<Registry>>) -> Self {
        Self { rules: rules_of(site), ..Self::of_letters(registry) }
    }

    /// Whether there is nothing to verify.
    pub fn is_idle(&self) -> bool {
        self.rules.is_empty()
    }

    /// For letters alone: no topic is a device's.
    pub fn of_letters(registry: Option<Arc<Registry>>) -> Self {
        Self {
            rules: Rules::new(),
            registry,
            windows: Windows::new(),
            refused: Bucket::FULL,
            book: Arc::default(),
            store: None,
            memo: None,
            defences: Defences::all(),
            signed_at: None,
            unread: None,
        }
    }

    /// Writes what it sees into this book.
    #[must_use]
    pub fn with_book(self, book: Arc<Book>) -> Self {
        Self { book, ..self }
    }

    /// Keeps what it heard over restarts, and takes up what was heard before.
    #[must_use]
    pub fn with_store(self, store: Arc<Store>, now: Timestamp) -> Self {
        let windows = if self.defences.has(Defence::Memory) { store.windows(now) } else { Windows::new() };
        Self { windows, store: Some(store), ..self }
    }

    /// Keeps what it hears from now on, where nothing was kept before: what the store knows is taken as heard.
    pub fn keep_in(&mut self, store: Arc<Store>, now: Timestamp) {
        if self.store.is_none() {
            self.windows.extend(store.windows(now));
            self.store = Some(store);
        }
    }

    /// Looks at no signature twice.
    #[must_use]
    pub fn with_memo(self, memo: Arc<Memo>) -> Self {
        Self { memo: Some(memo), ..self }
    }

    /// With a defence taken away, to see the attack succeed that it stops.
    #[cfg(test)]
    pub(crate) fn with_defences(self, defences: Defences) -> Self {
        Self { defences, ..self }
    }

    /// When the newest value in what was looked at last was measured, as its signature says. `None`: it bears none.
    pub fn signed_at(&self) -> Option<Timestamp> {
        self.signed_at
    }

    /// What is bound to a topic is looked at by address, too.
    pub(crate) fn binds(&self) -> bool {
        self.defences.has(Defence::Binding)
    }

    /// Which envelopes were heard so far.
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// All that was heard so far: who goes on from it comes to the same verdicts.
    pub fn heard(&self) -> Heard {
        let used = |(rule, bucket): &(Arc<Rule>, Bucket)| {
            (*bucket != Bucket::FULL).then(|| (Arc::clone(&rule.topic), *bucket))
        };
        Heard {
            windows: self.windows.clone(),
            topics: self.rules.values().filter_map(used).collect(),
            refused: self.refused,
        }
    }

    /// Goes on from what had been heard at some point.
    pub fn set_heard(&mut self, heard: &Heard) {
        self.windows.clone_from(&heard.windows);
        self.refused = heard.refused;
        self.rules.values_mut().for_each(|(rule, it)| *it = heard.topics.get(&rule.topic).copied().unwrap_or_default());
    }

    /// Who has which key from now on. `None`: nobody knows.
    pub fn set_registry(&mut self, registry: impl Into<Option<Arc<Registry>>>) {
        self.registry = registry.into();
    }

    /// Goes on with another site: what was heard stays.
    pub fn follow(&mut self, site: &Site) {
        let heard = self.heard();
        self.rules = rules_of(site);
        self.set_heard(&heard);
    }

    /// Looks at a message, through all checks but the last in their order: nobody reads its values.
    pub fn look(&mut self, message: &Message<'_>) -> Look {
        let look = self.begin(message);
        self.leave_unread();
        look
    }

    /// Looks at a message, through all checks but the last in their order. Whoever reads its values then says what they are, with
    /// [`Self::settle`].
    pub fn begin(&mut self, message: &Message<'_>) -> Look {
        (self.signed_at, self.unread) = (None, None);
        let within = message.payload.starts_with(&ENVELOPE_BEGINS);
        let Some((rule, bucket)) = self.rules.get_mut(message.topic) else {
            return Look::Pass(Proof::default());
        };
        let signed = message.signature.is_some() || (within && rule.signing != SigningDoc::None);
        // Nothing more is asked of what nobody has to sign.
        let free = rule.is_free || (rule.signing == SigningDoc::None && !signed);
        let price = if free { Price::UNSIGNED } else { rule.price };
        let bytes = message.payload.len().max(message.signature.map_or(0, str::len));
        if bytes > MAX_ENVELOPE_BYTES && self.defences.has(Defence::Size) {
            let detail = format!("it has {bytes} bytes, more than the {MAX_ENVELOPE_BYTES} that are read");
            return self.refuse(message, No { reason: Reason::Oversize, key: None, detail });
        }
        if !bucket.has(price, message.received) && self.defences.has(Defence::Rate) {
            let detail = "it is more than this topic can have to say".to_owned();
            return self.refuse(message, No { reason: Reason::Flood, key: None, detail });
        }
        if free || self.registry.is_none() {
            bucket.take(price, message.received);
            return if free { Look::Pass(Proof::default()) } else { unenforced(message, within) };
        }
        if !signed {
            if !self.defences.has(Defence::Required) {
                return Look::Pass(Proof::default());
            }
            let detail = "it bears no signature, and what this device says must be signed".to_owned();
            return self.refuse(message, No { reason: Reason::NotSigned, key: None, detail });
        }
        let rule = Arc::clone(rule);
        let typ = if message.signature.is_some() { BESIDE_TYPE } else { SAMPLES_TYPE };
        let terms = Terms { typ, owners: &rule.owners, role: None, most: rule.most, old_after: rule.old_after };
        let seen = self.letter(message, &terms);
        self.charge(message, &rule, seen.is_ok());
        let (letter, proof, n_new_missing) = match seen {
            Err(no) => return self.refuse(message, no),
            Ok(seen) => seen,
        };
        let rows = if message.signature.is_some() { None } else { Some(unpack(letter.payload())) };
        let look = match rows {
            None => Look::Pass(proof),
            Some(Ok(rows)) if self.defences.has(Defence::SampleTime) && !are_of(letter.stamp.at, &rows) => {
                let detail = "its newest value is not of the time that it is signed with".to_owned();
                return self.refuse(message, No { reason: Reason::Malformed, key: Some(letter.key), detail });
            }
            Some(Ok(rows)) => Look::Packed(proof, rows),
            Some(Err(why)) => {
                let no = No { reason: Reason::Malformed, key: Some(letter.key), detail: why.to_string() };
                return self.refuse(message, no);
            }
        };
        let passed = Passed {
            topic: Arc::clone(&rule.topic),
            trust: proof.trust,
            key: proof.key,
            stamp: Some(letter.stamp),
            received: message.received,
            steps: Step::Chain,
        };
        self.unread = Some(Unread { device: Arc::clone(&rule.device), passed, n_missing: n_new_missing });
        self.signed_at = Some(letter.stamp.at);
        look
    }

    /// Takes what a message costs that had to be looked at closely. What is good takes of its topic's bucket. What is not takes of
    /// one for all that is refused: else whoever publishes junk in a device's name would silence the device. Only what is more than
    /// that is the topic's to bear, so that it stays bounded how much there is to look at.
    fn charge(&mut self, message: &Message<'_>, rule: &Rule, good: bool) {
        let apart = !good && self.defences.has(Defence::Junk);
        if (apart && self.refused.take(Price::REFUSED, message.received)) || !self.defences.has(Defence::Rate) {
            return;
        }
        if let Some((_, bucket)) = self.rules.get_mut(message.topic) {
            bucket.take(rule.price, message.received);
        }
    }

    /// Looks at who signed a letter, and no further: when it was said, and whether it was heard before, is not asked. For what a
    /// broker keeps, which comes again to everybody who begins to listen.
    pub fn signed(&self, message: &Message<'_>, terms: &Terms<'_>) -> Result<(Letter, Trust), No> {
        let malformed = |why: EnvelopeError| No {
            reason: if matches!(why, EnvelopeError::Oversize { .. }) { Reason::Oversize } else { Reason::Malformed },
            key: None,
            detail: why.to_string(),
        };
        let typ = terms.typ;
        let letter = match message.signature {
            Some(text) => Letter::read_property_with(text, typ, message.payload, self.defences),
            None => Letter::read_with(message.payload, typ, None, self.defences),
        };
        let letter = letter.map_err(malformed)?;
        let no = |reason: Reason, detail: String| No { reason, key: Some(letter.key), detail };
        let trust = self.look_at_key(&letter, terms, message.received).map_err(|(reason, why)| no(reason, why))?;
        let Ok(topic) = std::str::from_utf8(message.topic) else {
            return Err(no(Reason::UnknownTopic, "its topic is no text".to_owned()));
        };
        if !self.is_signed(&letter, message.payload, topic) {
            return Err(no(
                Reason::Forged,
                format!("the signature is not that of the key {} over these bytes on {topic}", letter.key),
            ));
        }
        Ok((letter, trust))
    }

    /// Looks at a letter on any topic, and takes it. Returns it with what it proves, and how many before it are missing since
    /// the last one.
    pub fn letter(&mut self, message: &Message<'_>, terms: &Terms<'_>) -> Result<(Letter, Proof, u64), No> {
        let (letter, trust) = self.signed(message, terms)?;
        let no = |reason: Reason, detail: String| No { reason, key: Some(letter.key), detail };
        let stamp = letter.stamp;
        let window = self.windows.get(&letter.key);
        if let Some(Err(reason)) = window.map(|it| it.look(&stamp, &letter.digest)) {
            let stops = if reason == Reason::Rollback {
                Defence::Epoch
            } else if reason == Reason::Cloned {
                Defence::Fork
            } else {
                Defence::Replay
            };
            let up = self.defences.has(stops);
            let place = window.map(Window::place).unwrap_or_default();
            let detail = format!(
                "it is number {} of life {}; heard so far up to {} of {}",
                stamp.seq, stamp.epoch, place.1, place.0
            );
            if up {
                return Err(no(reason, detail));
            }
        }
        look_at_time(&stamp, message.received, terms.old_after, self.defences)
            .map_err(|(reason, why)| no(reason, why))?;
        let broken = window.map_or(Ok(()), |it| it.follows(&stamp));
        if let Some(store) = &self.store {
            store.reserve(letter.key, stamp.epoch, stamp.seq, message.received);
        }
        let n_missing = self.take(letter.key, &stamp, &letter.digest);
        if let Err(reason) = broken
            && self.defences.has(Defence::Chain)
        {
            return Err(no(reason, format!("number {} names another one before it than was heard", stamp.seq)));
        }
        let gap = self.windows.get(&letter.key).map_or(0, Window::gap);
        let proof = Proof { trust, key: Some(letter.key), gap };
        Ok((letter, proof, n_missing))
    }

    fn look_at_key(&self, letter: &Letter, terms: &Terms<'_>, received: Timestamp) -> Result<Trust, (Reason, String)> {
        let found = self.registry.as_ref().and_then(|it| it.find(letter.key));
        let Some(entry) = found else {
            if !self.defences.has(Defence::KnownKey) {
                return Ok(Trust::Verified);
            }
            return Err((Reason::UnknownKey, format!("the registry knows no key {}", letter.key)));
        };
        let own = terms.owners.contains(&entry.of);
        let as_it_must = match terms.role {
            Some(role) => entry.role == role,
            None => matches!(entry.role, KeyRole::Device | KeyRole::Gateway),
        };
        if !(own && as_it_must) && self.defences.has(Defence::OwnKey) {
            return Err((
                Reason::WrongKey,
                format!("the key {} is {}'s, who may not speak here", letter.key, entry.of),
            ));
        }
        entry.is_good_at(received, self.defences).map_err(|reason| {
            let why = match (&entry.revoked, reason) {
                (Some(revoked), Reason::Revoked) => format!("revoked since {}: {}", revoked.at.0, revoked.why),
                _ => format!("the key {} of {} was not good at {received}", letter.key, entry.of),
            };
            (reason, why)
        })?;
        let trust = if entry.role == KeyRole::Gateway { Trust::Vouched } else { Trust::Verified };
        Ok(if self.defences.has(Defence::Vouching) { trust.min(terms.most) } else { trust })
    }

    fn is_signed(&self, letter: &Letter, payload: &[u8], topic: &str) -> bool {
        if !self.defences.has(Defence::Signature) {
            return true;
        }
        let Some(entry) = self.registry.as_ref().and_then(|it| it.find(letter.key)) else {
            // Only where unknown keys are let through, which only a test does.
            return !self.defences.has(Defence::KnownKey);
        };
        let Some(memo) = &self.memo else { return letter.is_signed_by(&entry.key, topic, self.defences) };
        let mut hash = Sha256::new();
        hash.update(letter.digest);
        hash.update((topic.len() as u64).to_le_bytes());
        hash.update(topic);
        hash.update(entry.key.as_bytes());
        hash.update(payload);
        let name: [u8; 32] = hash.finalize().into();
        if memo.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&name) {
            return true;
        }
        let good = letter.is_signed_by(&entry.key, topic, self.defences);
        if good {
            let mut memo = memo.0.lock().unwrap_or_else(PoisonError::into_inner);
            if memo.len() >= MEMO {
                memo.clear();
            }
            memo.insert(name);
        }
        good
    }

    /// Takes what was looked at. Returns how many are missing between it and the highest before it.
    fn take(&mut self, key: KeyId, stamp: &Stamp, digest: &[u8; 32]) -> u64 {
        match self.windows.get_mut(&key) {
            None => {
                self.windows.insert(key, Window::first(stamp, digest));
                0
            }
            Some(window) => {
                let (epoch, top) = window.place();
                window.take(stamp, digest);
                if stamp.epoch == epoch { stamp.seq.saturating_sub(top.saturating_add(1)) } else { 0 }
            }
        }
    }

    fn refuse(&self, message: &Message<'_>, no: No) -> Look {
        // After a crash nobody can tell what was heard just before it: what may have been is refused for two seconds, and is no
        // sign of anything.
        let untold = no.key.and_then(|it| self.windows.get(&it)).is_some_and(Window::is_reserved);
        let old_by_nature =
            message.retained && matches!(no.reason, Reason::Stale | Reason::Replayed | Reason::Rollback);
        let quiet = old_by_nature || (untold && no.reason == Reason::Replayed);
        let device = self.rules.get(message.topic).map_or_else(|| Arc::from(""), |it| Arc::clone(&it.0.device));
        let exhibit = Exhibit {
            device,
            topic: String::from_utf8_lossy(message.topic).into_owned(),
            reason: no.reason,
            detail: no.detail,
            key: no.key,
            received: message.received,
            payload: message.payload[..message.payload.len().min(MAX_ENVELOPE_BYTES)].to_vec(),
            signature: message.signature.filter(|it| it.len() <= MAX_ENVELOPE_BYTES).map(str::to_owned),
        };
        self.book.refuse(exhibit, quiet);
        Look::Refuse(Refusal { reason: no.reason, quiet })
    }
}

/// Where no registry is known nothing can be verified, and nothing counts as more than unsigned.
fn unenforced(message: &Message<'_>, within: bool) -> Look {
    if !within || message.signature.is_some() {
        return Look::Pass(Proof::default());
    }
    match Letter::read(message.payload, SAMPLES_TYPE, None).ok().and_then(|it| unpack(it.payload()).ok()) {
        Some(rows) => Look::Packed(Proof::default(), rows),
        None => Look::Refuse(Refusal { reason: Reason::Malformed, quiet: false }),
    }
}

/// Whether the newest of values is of a time, as far as they can tell.
fn are_of(at: Timestamp, rows: &[PackedRow]) -> bool {
    let newest = rows.iter().map(|it| it.at.as_nanos()).max();
    newest.is_none_or(|it| it.abs_diff(at.as_nanos()) <= MICROSECOND_NANOS)
}

fn look_at_time(
    stamp: &Stamp,
    received: Timestamp,
    old_after: Duration,
    defences: Defences,
) -> Result<(), (Reason, String)> {
    let ahead = stamp.at.as_nanos().saturating_sub(received.as_nanos());
    if ahead > MOST_AHEAD_NANOS && defences.has(Defence::Future) {
        return Err((Reason::Future, format!("it is stamped {:.1} s ahead of its arrival", ahead as f64 / 1e9)));
    }
    if received.since(stamp.at) > old_after && defences.has(Defence::Age) {
        let age = received.secs_since(stamp.at);
        return Err((
            Reason::Stale,
            format!("it was stamped {age:.1} s before its arrival; at most {:.1} s are taken", old_after.as_secs_f64()),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
