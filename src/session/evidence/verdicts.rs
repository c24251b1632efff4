//! What verification says of what came in a range, made again from the session's bytes: by device, with what was refused.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::hexadecimal;
use crate::session::export::ExportSource;
use crate::session::past::Past;
use crate::session::reader::Reader;
use crate::session::recording::Item;
use crate::signal::Timestamp;
use crate::trust::{Book, DeviceAccount, Exhibit, Registry};

/// The version of the shape.
const VERSION: u32 = 1;

/// What was found out about the values of a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictsDoc {
    /// The version of this shape.
    pub v: u32,
    /// The version of the registry of keys that held at the end, and who signed it. `None`: there was none.
    pub registry: Option<(u64, String)>,
    /// By device.
    pub devices: BTreeMap<String, DeviceVerdictDoc>,
    /// The newest messages that were refused, oldest first.
    pub refused: Vec<RefusedMessageDoc>,
}

/// What was found out about one device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceVerdictDoc {
    /// How many messages passed, by how far they may be believed.
    pub passed: BTreeMap<String, u64>,
    /// How many were refused, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, u64>,
    /// How many envelopes never came.
    pub missing: u64,
}

/// A message that was refused. Its bytes stand in the session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedMessageDoc {
    /// Whose topic it was.
    pub device: String,
    /// Where it came in.
    pub topic: String,
    /// When, in words.
    pub received: String,
    /// Why it was refused.
    pub reason: String,
    /// What exactly was wrong.
    pub detail: String,
    /// Whose key it named. `None`: it named none.
    pub key: Option<String>,
    /// SHA-256 of its payload, in hexadecimal digits.
    pub sha256: String,
}

/// Verifies all that came in a range once more. Returns what was found, with the registry that held at the end; `None`: nothing
/// on the site is signed.
pub(super) fn find(
    source: &ExportSource,
    (from, to): (Timestamp, Timestamp),
) -> Option<(VerdictsDoc, Option<Arc<Registry>>)> {
    let (recording, site) = (&source.recording, &source.site);
    let book = Arc::new(Book::default());
    let verifier = recording.verifier(site)?.with_book(Arc::clone(&book));
    let before = Timestamp::from_nanos(from.as_nanos().saturating_sub(1));
    let state = Past::new(Arc::clone(recording), Arc::clone(site)).seek(before);
    let mut registry = state.registry().or_else(|| recording.registry()).cloned();
    let mut reader = Reader::new(site, Some(verifier));
    reader.go_on_from(&state, recording);
    // What the state says of keys is what held when this chunk began.
    let mut chunk = recording.chunk_at(before).unwrap_or(0);
    let mut latest = Timestamp::MIN;
    while let Some(place) = recording.chunk(chunk).filter(|it| it.from <= to) {
        latest = latest.max(place.from);
        for item in recording.items(chunk).0 {
            match item {
                Item::Message(arrival) => {
                    latest = latest.max(arrival.received);
                    if (from..=to).contains(&latest) {
                        reader.read(&arrival, &mut Vec::new(), &mut Vec::new());
                    }
                }
                Item::Keys(keys) if latest <= to => {
                    if let Some(verifier) = reader.verifier_mut() {
                        verifier.set_registry(Arc::clone(&keys));
                    }
                    registry = Some(keys);
                }
                Item::Keys(_) | Item::Keyframe(_) | Item::Audit(_) => (),
            }
        }
        chunk += 1;
    }
    Some((VerdictsDoc::of(&book, registry.as_deref()), registry))
}

impl VerdictsDoc {
    fn of(book: &Book, registry: Option<&Registry>) -> Self {
        let signed = |it: &Registry| (it.doc().version, it.authority().map(|it| it.to_string()).unwrap_or_default());
        Self {
            v: VERSION,
            registry: registry.map(signed),
            devices: book.all().iter().map(|(device, it)| (device.to_string(), DeviceVerdictDoc::of(it))).collect(),
            refused: book.exhibits().iter().map(RefusedMessageDoc::of).collect(),
        }
    }
}

impl DeviceVerdictDoc {
    fn of(account: &DeviceAccount) -> Self {
        Self {
            passed: account.n_passed.iter().map(|(trust, n)| (trust.label().to_owned(), *n)).collect(),
            refused: account.n_refused.iter().map(|(reason, n)| (reason.label().to_owned(), *n)).collect(),
            missing: account.n_missing,
        }
    }
}

impl fmt::Display for DeviceVerdictDoc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |counts: &BTreeMap<String, u64>| -> Vec<String> {
            counts.iter().map(|(what, n)| format!("{n} {what}")).collect()
        };
        let mut parts = listed(&self.passed);
        if !self.refused.is_empty() {
            let n: u64 = self.refused.values().sum();
            parts.push(format!("{n} refused ({})", listed(&self.refused).join(", ")));
        }
        if self.missing > 0 {
            parts.push(format!("{} never came", self.missing));
        }
        f.write_str(&parts.join(", "))
    }
}

impl RefusedMessageDoc {
    fn of(exhibit: &Exhibit) -> Self {
        Self {
            device: exhibit.device.to_string(),
            topic: exhibit.topic.clone(),
            received: exhibit.received.to_string(),
            reason: exhibit.reason.label().to_owned(),
            detail: exhibit.detail.clone(),
            key: exhibit.key.map(|it| it.to_string()),
            sha256: hexadecimal(&Sha256::digest(&exhibit.payload)),
        }
    }
}
