//! Looks a bundle over: what its maker says, and what the first recorder had sealed.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Write};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::verdicts::VerdictsDoc;
use super::{FOLDER, FileDoc, MANIFEST, ManifestDoc, ORIGINAL, REGISTRY, VERDICTS, VERSION};
use crate::link::Arrival;
use crate::session::recording::{AuditDoc, Item, Recording};
use crate::signal::Timestamp;
use crate::trust::seals::{Fault, Report, SealOptions, verify};
use crate::trust::{Anchor, Defences, KeysDoc, PublicKey, Registry};

/// What was found out about the evidence in a bundle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BundleReport {
    /// What it says of itself. `None`: that cannot be read.
    pub manifest: Option<ManifestDoc>,
    /// The original stretches. What was left out on purpose is no break. `None`: they are not there.
    pub original: Option<Report>,
    /// The registry of keys that lies in it. `None`: there is none.
    pub keys: Option<CarriedKeys>,
    /// What its maker found out about the values. `None`: nothing, or in a form of his own.
    pub verdicts: Option<VerdictsDoc>,
    /// What is wrong.
    pub faults: Vec<BundleFault>,
}

/// A registry of keys that lies in a bundle. Its maker put it there: what it is worth is told by whose signature it bears.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CarriedKeys {
    /// Its version. 0: it cannot be read.
    pub version: u64,
    /// Who signed it. `None`: nobody did.
    pub authority: Option<PublicKey>,
    /// Why it is worth nothing, in words. `None`: it is as its authority signed it.
    pub fault: Option<String>,
}

/// What is wrong with the evidence in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum BundleFault {
    /// Nobody can say what it should hold.
    #[error("the manifest cannot be read: {0}")]
    Manifest(String),
    /// Something is listed that is not there.
    #[error("{0} is listed and is not there")]
    Missing(String),
    /// Something is other than what is listed.
    #[error("{0} is not what is listed: its SHA-256 is another")]
    Changed(String),
    /// Something is there that is not listed.
    #[error("{0} is there and is not listed")]
    Unlisted(String),
    /// The original is not the session that it is said to be from.
    #[error("the original is of another session or recorder than the manifest says")]
    OtherSource,
    /// Stretches of the original are not those that are listed.
    #[error("the original does not hold the stretches that are listed")]
    OtherStretches,
    /// What is replayed is not what was recorded.
    #[error("what it replays is not what was recorded: message {n} differs")]
    OtherMessages {
        /// Which, counted from zero.
        n: u64,
    },
    /// Messages of its range were left out.
    #[error("messages of its range were left out of what it replays")]
    LeftOut,
    /// What was asked of devices is not what was recorded.
    #[error("what it replays of commands and alarms is not what was recorded")]
    OtherAudits,
    /// The original cannot be read as a session.
    #[error("the original cannot be read: {0}")]
    Original(String),
}

impl BundleReport {
    /// The first recorder's signatures are good, and all of it is as the manifest says.
    pub fn is_good(&self) -> bool {
        self.faults.is_empty() && self.original.as_ref().is_some_and(Report::unaltered)
    }
}

/// Looks over the evidence in a file; `key` is the first recorder's, where it is known. `None`: the file holds none. Its own
/// seals are looked at elsewhere.
pub fn check(path: &Path, key: Option<PublicKey>) -> Option<io::Result<BundleReport>> {
    let bundle = Recording::open(path).ok()?;
    let named: BTreeSet<String> =
        bundle.attachments().map(|it| it.0.to_owned()).filter(|it| it.starts_with(FOLDER)).collect();
    (!named.is_empty()).then(|| check_bundle(&bundle, named, key))
}

fn check_bundle(bundle: &Recording, mut named: BTreeSet<String>, key: Option<PublicKey>) -> io::Result<BundleReport> {
    let mut report = BundleReport { manifest: None, original: None, keys: None, verdicts: None, faults: Vec::new() };
    named.remove(MANIFEST);
    let manifest = match manifest(bundle) {
        Ok(manifest) => manifest,
        Err(why) => {
            report.faults.push(BundleFault::Manifest(why));
            return Ok(report);
        }
    };
    for listed in &manifest.files {
        match bundle.attachment(&listed.name) {
            Some(Ok(data)) if FileDoc::of(&listed.name, &data) == *listed => (),
            Some(_) => report.faults.push(BundleFault::Changed(listed.name.clone())),
            None => report.faults.push(BundleFault::Missing(listed.name.clone())),
        }
        named.remove(&listed.name);
    }
    report.faults.extend(named.into_iter().map(BundleFault::Unlisted));
    let attached = |name| bundle.attachment(name)?.ok();
    report.keys = attached(REGISTRY).map(|it| CarriedKeys::of(&it));
    report.verdicts = attached(VERDICTS).and_then(|it| serde_json::from_slice(&it).ok());
    if let Some(Ok(original)) = bundle.attachment(ORIGINAL) {
        report.original = Some(check_original(&original, &manifest, key, &mut report.faults)?);
        report.faults.extend(compare(bundle, &original, &manifest)?);
    }
    report.manifest = Some(manifest);
    Ok(report)
}

impl CarriedKeys {
    fn of(data: &[u8]) -> Self {
        let path = Path::new(REGISTRY);
        let doc = KeysDoc::parse(&String::from_utf8_lossy(data), path);
        let (version, authority) = doc.as_ref().map_or((0, None), |it| (it.version, it.signer()));
        let checked = doc.and_then(|it| Registry::check(it, path, Anchor::default(), Defences::all()));
        Self { version, authority, fault: checked.err().map(|it| it.to_string()) }
    }
}

fn manifest(bundle: &Recording) -> Result<ManifestDoc, String> {
    let data = bundle.attachment(MANIFEST).ok_or("there is none")?.map_err(|it| it.to_string())?;
    let manifest: ManifestDoc = serde_json::from_slice(&data).map_err(|it| it.to_string())?;
    if manifest.v == VERSION { Ok(manifest) } else { Err(format!("it is of version {}", manifest.v)) }
}

/// The first recorder's seals. What the manifest says was left out is missing on purpose.
fn check_original(
    original: &[u8],
    manifest: &ManifestDoc,
    key: Option<PublicKey>,
    faults: &mut Vec<BundleFault>,
) -> io::Result<Report> {
    let mut report = verify(Cursor::new(original), &SealOptions { key, witnessed: Vec::new() })?;
    let gaps: Vec<(u64, u64)> = manifest
        .stretches
        .windows(2)
        .filter_map(|it| Some((it[0].1.checked_add(1)?, it[1].0.checked_sub(1)?)))
        .collect();
    report.breaks.retain(|it| it.fault != Fault::Missing || it.stretches.is_none_or(|run| !gaps.contains(&run)));
    let source = &manifest.source;
    let is_source = report
        .head
        .as_ref()
        .is_some_and(|it| it.session.to_string() == source.session && it.key.to_string() == source.recorder);
    if !is_source {
        faults.push(BundleFault::OtherSource);
    }
    let listed = manifest.stretches.iter().fold(0_u64, |sum, it| sum.saturating_add(it.1.saturating_sub(it.0) + 1));
    let last = manifest.stretches.last().map(|it| it.1);
    if report.head.as_ref().map(|it| it.n) != last || report.stretches != listed {
        faults.push(BundleFault::OtherStretches);
    }
    Ok(report)
}

/// What a session replays, each message as a hash.
#[derive(Default)]
struct Replayed {
    messages: Vec<[u8; 32]>,
    /// When each showed.
    shown: Vec<Timestamp>,
    audits: Vec<AuditDoc>,
}

impl Replayed {
    fn of(recording: &Recording) -> Result<Self, String> {
        let mut replayed = Self::default();
        let mut latest = Timestamp::MIN;
        for chunk in 0..recording.n_chunks() {
            let (items, fault) = recording.items(chunk);
            if let Some(fault) = fault {
                return Err(fault.to_string());
            }
            for item in items {
                match item {
                    Item::Message(arrival) => {
                        latest = latest.max(arrival.received);
                        replayed.messages.push(hash(&arrival));
                        replayed.shown.push(latest);
                    }
                    Item::Audit(audit) => replayed.audits.push(audit),
                    // They follow from the messages and from the registry that lies beside them.
                    Item::Keyframe(_) | Item::Keys(_) => (),
                }
            }
        }
        Ok(replayed)
    }
}

/// All that a message says.
fn hash(arrival: &Arrival) -> [u8; 32] {
    let Arrival { topic, payload, received, retained, correlation, properties } = arrival;
    let beside = format!("{retained} {correlation:?} {properties:?}");
    let mut hash = Sha256::new().chain_update(received.as_nanos().to_be_bytes());
    for part in [topic.as_ref(), payload.as_ref(), beside.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// What the bundle replays must be what was recorded in its range, message for message.
fn compare(bundle: &Recording, original: &[u8], manifest: &ManifestDoc) -> io::Result<Vec<BundleFault>> {
    let mut file = tempfile::Builder::new().suffix(".mcap").tempfile()?;
    file.write_all(original)?;
    let recorded = Recording::open(file.path()).map_err(|it| it.to_string()).and_then(|it| Replayed::of(&it));
    Ok(match (recorded, Replayed::of(bundle)) {
        (Err(why), _) => vec![BundleFault::Original(why)],
        // The bundle's own seals tell where it is damaged.
        (Ok(_), Err(_)) => vec![BundleFault::OtherMessages { n: 0 }],
        (Ok(recorded), Ok(shown)) => {
            let from = Timestamp::from_nanos(manifest.range.0);
            differences(&recorded, &shown, (from, Timestamp::from_nanos(manifest.range.1)))
        }
    })
}

fn differences(recorded: &Replayed, shown: &Replayed, (from, to): (Timestamp, Timestamp)) -> Vec<BundleFault> {
    let mut faults = Vec::new();
    // By when each showed: that never runs backward.
    let [begin, end] =
        [recorded.shown.partition_point(|it| *it < from), recorded.shown.partition_point(|it| *it <= to)];
    let expected = recorded.messages.get(begin..end).unwrap_or_default();
    let alike = expected.iter().zip(&shown.messages).take_while(|it| it.0 == it.1).count();
    if alike < shown.messages.len() {
        faults.push(BundleFault::OtherMessages { n: alike as u64 });
    } else if alike < expected.len() {
        faults.push(BundleFault::LeftOut);
    }
    let in_range = |it: &&AuditDoc| (from.as_nanos()..=to.as_nanos()).contains(&it.at);
    if !recorded.audits.iter().filter(in_range).eq(&shown.audits) {
        faults.push(BundleFault::OtherAudits);
    }
    faults
}
