//! Who has which key: the registry of a site, `keys.ron`, signed as a whole and counted up with each change.
//!
//! ```ron
//! (
//!     version: 3,
//!     issued: "2026-11-28T08:00:00Z",
//!     keys: [
//!         (of: "nf-p1", role: Device, key: "ed25519:…", from: "2026-11-01T00:00:00Z", until: "2027-11-01T00:00:00Z"),
//!         (of: "nf-p2", role: Device, key: "ed25519:…", revoked: (at: "2026-11-20T10:00:00Z", why: "stolen")),
//!     ],
//!     signature: "…",
//! )
//! ```
//!
//! The signature is a COSE Sign1 by the authority's key over the version, the time and the keys as JSON, hexadecimal: how the
//! file is laid out is free, what it says is not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use ron::extensions::Extensions;
use serde::{Deserialize, Serialize};

use super::defence::{Defence, Defences};
use super::envelope::{EnvelopeError, open_detached, seal_detached};
use super::hex;
use super::key::{KeyId, PublicKey, SecretKey};
use super::verdict::Reason;
use crate::signal::Timestamp;

/// The name of the file beside a site.
pub const REGISTRY_FILE: &str = "keys.ron";
/// What a registry's signature is for.
const TYPE: &str = "application/pollux-keys+json";
/// What it is bound to.
const BOUND_TO: &str = "pollux/keys";
/// Larger files are no registries: 50,000 keys have room.
const MAX_BYTES: u64 = 16 << 20;

/// A registry as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysDoc {
    /// Counted up with each change: one with a lower version than was seen is refused.
    pub version: u64,
    /// When this version was made.
    pub issued: Option<Timestamp8601>,
    /// The keys.
    pub keys: Vec<KeyDoc>,
    /// The authority's signature, hexadecimal. Empty: it is not signed yet.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signature: String,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyDoc {
    /// Whose: a device's id, a gateway's, `gate`, the name of a recorder or a witness.
    pub of: String,
    /// As what it speaks.
    #[serde(default)]
    pub role: KeyRole,
    /// The public key.
    pub key: PublicKey,
    /// From when on it is good. `None`: always was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp8601>,
    /// Until when. `None`: no end is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp8601>,
    /// It was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<RevokedDoc>,
}

/// That a key is not good any more, whatever its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedDoc {
    /// From when on.
    pub at: Timestamp8601,
    /// Why, for a person.
    #[serde(default)]
    pub why: String,
}

/// As what a key speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum KeyRole {
    /// A device, of itself.
    #[default]
    Device,
    /// A gateway, of devices that cannot sign.
    Gateway,
    /// The gate: commands and what became of them.
    Gate,
    /// A recorder, of its sessions.
    Recorder,
    /// A witness of others' sessions.
    Witness,
}

/// An instant that is written as ISO 8601.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp8601(pub Timestamp);

/// A registry whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registry {
    doc: KeysDoc,
    authority: Option<PublicKey>,
    by_id: BTreeMap<KeyId, usize>,
}

/// Why there is no registry.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The system said no.
    #[error("the key registry {} cannot be read or written", at.display())]
    Io {
        /// Which file.
        at: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
    /// It is too large to be one.
    #[error("the key registry {} has {bytes} bytes, more than the {MAX_BYTES} that are read", at.display())]
    TooLarge {
        /// Which file.
        at: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// It cannot be read as one.
    #[error("{}:{line}:{column}: the key registry cannot be read: {why}", at.display())]
    Syntax {
        /// Which file.
        at: PathBuf,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong.
        why: String,
    },
    /// What it says cannot be.
    #[error("the key registry {} is not good: {why}", at.display())]
    Senseless {
        /// Which file.
        at: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Nobody signed it.
    #[error("the key registry {} is not signed: sign it with `pollux keys sign`", at.display())]
    NotSigned {
        /// Which file.
        at: PathBuf,
    },
    /// The signature is not the authority's over this content.
    #[error("the key registry {} is not what its authority signed: {why}{}", at.display(), mend(why, authority))]
    Forged {
        /// Which file.
        at: PathBuf,
        /// What is wrong.
        why: EnvelopeError,
        /// Who must have signed it.
        authority: KeyId,
    },
    /// A newer one was seen.
    #[error(
        "the key registry {} has version {version}, and version {seen} of the same authority was seen before: an old registry brings revoked keys back to life. Get the newest one",
        at.display()
    )]
    Rollback {
        /// Which file.
        at: PathBuf,
        /// Its version.
        version: u64,
        /// The highest that was seen.
        seen: u64,
    },
}

/// What of a registry is trusted before it is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anchor {
    /// Whose signature it must bear. `None`: whoever signed it is believed, and remembered.
    pub authority: Option<PublicKey>,
    /// The highest version that was seen of it. 0: none.
    pub version: u64,
}

impl KeysDoc {
    /// What the signature covers.
    fn signed_bytes(&self) -> Vec<u8> {
        // Plain structs of text and numbers can always be written.
        serde_json::to_vec(&(self.version, &self.issued, &self.keys)).unwrap_or_default()
    }

    /// Signs it as it stands.
    pub fn sign(&mut self, authority: &SecretKey) {
        // The signer's key stands before the signature: whoever has no anchor yet must learn whose it is.
        let signature = seal_detached(authority, TYPE, BOUND_TO, &self.signed_bytes());
        self.signature = format!("{} {}", authority.public(), hex::encode(&signature));
    }

    /// Whose signature it bears, as it says. `None`: it bears none that can be read.
    pub fn signer(&self) -> Option<PublicKey> {
        self.signature.split_once(' ')?.0.parse().ok()
    }

    /// As text.
    pub fn to_ron(&self) -> String {
        let pretty =
            ron::ser::PrettyConfig::new().extensions(Extensions::IMPLICIT_SOME).compact_structs(false).depth_limit(2);
        let text = ron::ser::to_string_pretty(self, pretty).unwrap_or_default();
        format!("// Who has which key. Change it with `pollux keys`: every change is counted and signed.\n{text}\n")
    }

    /// Writes it where a reader finds the old one or the new one whole.
    pub fn save(&self, path: &Path) -> Result<(), RegistryError> {
        let io = |why| RegistryError::Io { at: path.to_owned(), why };
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(io)?;
        let mut part = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
        part.write_all(self.to_ron().as_bytes()).map_err(io)?;
        // It is public: the gate and the desktop may run as others than who makes it.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            part.as_file().set_permissions(fs::Permissions::from_mode(0o644)).map_err(io)?;
        }
        part.as_file().sync_all().map_err(io)?;
        part.persist(path).map_err(|it| io(it.error))?;
        Ok(())
    }

    /// Reads a file, whoever signed it.
    pub fn load(path: &Path) -> Result<Self, RegistryError> {
        let io = |why| RegistryError::Io { at: path.to_owned(), why };
        let file = File::open(path).map_err(io)?;
        let bytes = file.metadata().map_err(io)?.len();
        if bytes > MAX_BYTES {
            return Err(RegistryError::TooLarge { at: path.to_owned(), bytes });
        }
        let mut text = String::new();
        file.take(MAX_BYTES).read_to_string(&mut text).map_err(io)?;
        Self::parse(&text, path)
    }

    /// Reads a text that came from a file.
    pub fn parse(text: &str, path: &Path) -> Result<Self, RegistryError> {
        let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
        options.from_str(text).map_err(|error| RegistryError::Syntax {
            at: path.to_owned(),
            line: error.span.start.line,
            column: error.span.start.col,
            why: error.code.to_string(),
        })
    }

    /// What cannot be, for a person. `None`: it is good.
    fn senseless(&self) -> Option<String> {
        if self.version == 0 {
            return Some("its version is 0: the first one is 1".to_owned());
        }
        let mut seen = BTreeSet::new();
        for key in &self.keys {
            if key.of.is_empty() || key.of.chars().any(|it| it.is_whitespace() || it.is_control()) {
                return Some(format!("{:?} is no name of a key's owner", key.of));
            }
            if !seen.insert(key.key.id()) {
                return Some(format!("the key {} stands in it twice", key.key.id()));
            }
            if let (Some(from), Some(until)) = (key.from, key.until)
                && from >= until
            {
                return Some(format!("the key {} of {} ends before it begins", key.key.id(), key.of));
            }
        }
        None
    }
}

impl KeyDoc {
    /// A device's key without a set time.
    pub fn new(of: impl Into<String>, role: KeyRole, key: PublicKey) -> Self {
        Self { of: of.into(), role, key, from: None, until: None, revoked: None }
    }

    /// Whether it is good at an instant.
    pub fn is_good_at(&self, at: Timestamp, defences: Defences) -> Result<(), Reason> {
        let revoked = self.revoked.as_ref().is_some_and(|it| it.at.0 <= at);
        if revoked && defences.has(Defence::Revocation) {
            return Err(Reason::Revoked);
        }
        let over = self.from.is_some_and(|it| at < it.0) || self.until.is_some_and(|it| at >= it.0);
        if over && defences.has(Defence::KeyTime) { Err(Reason::Expired) } else { Ok(()) }
    }
}

/// What to do where another one has signed it.
fn mend(why: &EnvelopeError, authority: &KeyId) -> String {
    let EnvelopeError::UnknownKey(_) = why else { return String::new() };
    format!(", and {authority} is believed. If the site rightly has a new authority, name it with --authority")
}

impl Registry {
    /// Takes a document whose signature and version are as they must be.
    pub fn check(doc: KeysDoc, path: &Path, anchor: Anchor, defences: Defences) -> Result<Self, RegistryError> {
        let at = || path.to_owned();
        if let Some(why) = doc.senseless() {
            return Err(RegistryError::Senseless { at: at(), why });
        }
        let signed = doc.signature.split_once(' ').and_then(|it| hex::decode_all(it.1.as_bytes()));
        let (Some(signer), Some(signature)) = (doc.signer(), signed) else {
            return Err(RegistryError::NotSigned { at: at() });
        };
        let authority = anchor.authority.unwrap_or(signer);
        let find = |id| Some(authority).filter(|it| it.id() == id);
        if let Err(why) = open_detached(&signature, TYPE, BOUND_TO, &doc.signed_bytes(), find)
            && defences.has(Defence::RegistrySignature)
        {
            return Err(RegistryError::Forged { at: at(), why, authority: authority.id() });
        }
        if doc.version < anchor.version && defences.has(Defence::RegistryVersion) {
            return Err(RegistryError::Rollback { at: at(), version: doc.version, seen: anchor.version });
        }
        let by_id = doc.keys.iter().enumerate().map(|(at, it)| (it.key.id(), at)).collect();
        Ok(Self { doc, authority: Some(authority), by_id })
    }

    /// Reads and checks a file.
    pub fn load(path: &Path, anchor: Anchor) -> Result<Self, RegistryError> {
        Self::check(KeysDoc::load(path)?, path, anchor, Defences::all())
    }

    /// A registry that lives in this process alone, signed by a key that is made for it.
    pub fn made(keys: Vec<KeyDoc>, issued: Timestamp, authority: &SecretKey) -> Self {
        let mut doc = KeysDoc { version: 1, issued: Some(Timestamp8601(issued)), keys, signature: String::new() };
        doc.sign(authority);
        let by_id = doc.keys.iter().enumerate().map(|(at, it)| (it.key.id(), at)).collect();
        Self { doc, authority: Some(authority.public()), by_id }
    }

    /// A key by its name.
    pub fn find(&self, id: KeyId) -> Option<&KeyDoc> {
        self.doc.keys.get(*self.by_id.get(&id)?)
    }

    /// The keys of somebody.
    pub fn of<'a>(&'a self, owner: &'a str) -> impl Iterator<Item = &'a KeyDoc> {
        self.doc.keys.iter().filter(move |it| it.of == owner)
    }

    /// What it says.
    pub fn doc(&self) -> &KeysDoc {
        &self.doc
    }

    /// Who signed it.
    pub fn authority(&self) -> Option<PublicKey> {
        self.authority
    }
}

impl From<Timestamp8601> for String {
    fn from(at: Timestamp8601) -> Self {
        at.0.to_string()
    }
}

impl TryFrom<String> for Timestamp8601 {
    type Error = crate::signal::TimestampError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doc(version: u64, keys: usize) -> KeysDoc {
        let keys = (0..keys).map(|it| KeyDoc::new(format!("d{it}"), KeyRole::Device, SecretKey::generate().public()));
        KeysDoc { version, issued: None, keys: keys.collect(), signature: String::new() }
    }

    #[track_caller]
    fn check(text: &str, anchor: Anchor, want: &str) {
        let path = Path::new("keys.ron");
        let outcome = KeysDoc::parse(text, path).and_then(|it| Registry::check(it, path, anchor, Defences::all()));
        let error = outcome.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }

    #[test]
    fn a_registry_is_what_its_authority_signed_and_no_older() {
        let authority = SecretKey::generate();
        let anchor = Anchor { authority: Some(authority.public()), version: 3 };
        let mut good = doc(3, 2);
        good.sign(&authority);
        let text = good.to_ron();
        let path = Path::new("keys.ron");
        let read = Registry::check(KeysDoc::parse(&text, path).unwrap(), path, anchor, Defences::all()).unwrap();
        assert_eq!((read.doc(), read.of("d1").count()), (&good, 1));
        assert_eq!(read.find(good.keys[0].key.id()).map(|it| it.of.as_str()), Some("d0"));

        check(&text.replace("\"d1\"", "\"d2\""), anchor, "is not what its authority signed");
        check(&text.replace("version: 3", "version: 4"), anchor, "is not what its authority signed");
        check(&text, Anchor { version: 4, ..anchor }, "version 4 of the same authority was seen before");
        let stranger = Anchor { authority: Some(SecretKey::generate().public()), version: 0 };
        check(&text, stranger, "is believed. If the site rightly has a new authority, name it with --authority");
        check(&doc(1, 1).to_ron(), Anchor::default(), "is not signed");
        check("(version: 1, issued: None, keys: [", Anchor::default(), "keys.ron:1:");
        let mut twice = doc(1, 1);
        twice.keys.push(twice.keys[0].clone());
        check(&twice.to_ron(), Anchor::default(), "twice");
    }

    #[test]
    fn a_key_is_good_in_its_time_and_until_it_is_revoked() {
        let at = |secs: i64| Timestamp8601(Timestamp::from_nanos(secs * 1_000_000_000));
        let mut key = KeyDoc::new("d", KeyRole::Device, SecretKey::generate().public());
        key.from = Some(at(100));
        key.until = Some(at(200));
        let good = |key: &KeyDoc, secs| key.is_good_at(at(secs).0, Defences::all());
        assert_eq!([99, 100, 199, 200].map(|it| good(&key, it).is_ok()), [false, true, true, false]);
        assert_eq!(good(&key, 99), Err(Reason::Expired));
        key.revoked = Some(RevokedDoc { at: at(150), why: "stolen".to_owned() });
        assert_eq!([149, 150].map(|it| good(&key, it)), [Ok(()), Err(Reason::Revoked)]);
    }
}
