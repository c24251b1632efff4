//! Evidence: a part of a session in one file that proves itself on another machine.
//!
//! A bundle is a session like any other: it opens, it replays, and whoever made it has sealed it. Beside the site it holds,
//! as attachments under `evidence/`, the original stretches byte for byte with the seals of their first recorder, so that
//! *his* signatures are still good; pictures, the registry of keys and verdicts; and a manifest that lists each with its
//! SHA-256. The manifest needs no signature of its own: it stands in the head of the bundle, which its first seal signs.
//!
//! Whoever looks a bundle over ([`check()`]) finds two layers: what its maker has sealed, and what the first recorder had
//! sealed. The first shows when something was changed since; the second shows that the maker changed nothing either, for
//! the messages that are replayed are compared with the original ones.

mod check;
mod make;
mod verdicts;

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use check::{BundleFault, BundleReport, CarriedKeys, check};
pub use make::{Evidence, EvidenceError};
pub use verdicts::{DeviceVerdictDoc, RefusedMessageDoc, VerdictsDoc};

/// What the names of evidence among the attachments begin with.
pub(super) const FOLDER: &str = "evidence/";
/// What lists the others.
const MANIFEST: &str = "evidence/manifest.json";
/// The original stretches with their seals, one after the other: a session that was cut, for other programs.
const ORIGINAL: &str = "evidence/original.mcap";
/// The registry of keys.
const REGISTRY: &str = "evidence/keys.ron";
/// What was found out about the values.
const VERDICTS: &str = "evidence/verdicts.json";
/// What the names of pictures begin with.
const PICTURES: &str = "evidence/pictures/";
/// The version of the manifest's shape.
const VERSION: u32 = 1;

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestDoc {
    /// The version of this shape.
    pub v: u32,
    /// When it was made, in words.
    pub made: String,
    /// From when to when it shows what came, ns since 1970, both included.
    pub range: (i64, i64),
    /// What it was taken from.
    pub source: SourceDoc,
    /// The original stretches that it holds: the first and the last number of each run.
    pub stretches: Vec<(u64, u64)>,
    /// What it holds, but for this.
    pub files: Vec<FileDoc>,
}

/// What a bundle was taken from, and what its maker found out about that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDoc {
    /// The file's name.
    pub file: String,
    /// The session.
    pub session: String,
    /// The key that sealed it.
    pub recorder: String,
    /// The newest seal that it had: number and chain.
    pub sealed_to: String,
    /// Both verdicts in words, as they were when the bundle was made.
    pub verdict: String,
}

/// A file in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDoc {
    /// The attachment's name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl FileDoc {
    fn of(name: &str, data: &[u8]) -> Self {
        let sha256 = hexadecimal(&Sha256::digest(data));
        Self { name: name.to_owned(), bytes: data.len() as u64, sha256 }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a text does not fail.
        write!(text, "{byte:02x}").ok();
    }
    text
}
