//! Who of a site needs a key, and how a registry changes: each change counts its version up, and must be signed anew.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::defence::Defences;
use super::key::{KeyId, PublicKey, SecretKey};
use super::registry::{KeyDoc, KeyRole, KeysDoc, Registry, RevokedDoc, Timestamp8601};
use crate::signal::Timestamp;
use crate::site::Site;
use crate::site::doc::SigningDoc;

/// The gate's name in a registry.
pub const GATE_OWNER: &str = "gate";

/// Why a registry was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// Nobody has that name.
    #[error("{0} has no key in this registry; `pollux keys list` shows who has")]
    NoOwner(String),
    /// No key has that name, and nobody either.
    #[error("there is no key and no owner {0:?} in this registry; `pollux keys list` shows them")]
    NoKey(String),
    /// There is nothing left to rotate.
    #[error("{0} has no key that is good any more: give it a new one with `pollux keys add`")]
    NoneGood(String),
    /// It was done before.
    #[error("{0} is revoked already")]
    RevokedAlready(String),
    /// The very key.
    #[error("the key {0} stands in this registry already")]
    Twice(KeyId),
}

/// Who signs at a site, by name: devices, gateways, and the gate. A site on which nothing is signed needs none.
pub fn owners_of(site: &Site) -> BTreeMap<String, KeyRole> {
    let devices = || site.twins.iter().filter_map(|it| it.device.as_ref());
    let mut owners = BTreeMap::new();
    for device in devices().filter(|it| it.signing != SigningDoc::None) {
        for owner in device.signers() {
            let is_device = devices().any(|it| it.id == owner);
            owners.insert(owner, if is_device { KeyRole::Device } else { KeyRole::Gateway });
        }
    }
    if !owners.is_empty() {
        owners.insert(GATE_OWNER.to_owned(), KeyRole::Gate);
    }
    owners
}

/// Keys that were made for one run, and lie on no disk.
#[derive(Debug, Clone)]
pub struct MadeKeys {
    /// Who has which.
    pub registry: Arc<Registry>,
    /// By owner; not the gate's.
    pub secrets: HashMap<String, SecretKey>,
}

impl MadeKeys {
    /// For all that sign at a site, with a gate that has one of these keys. `None`: nothing is signed there.
    pub fn new(site: &Site, gate: &[PublicKey], now: Timestamp) -> Option<Self> {
        let owners = owners_of(site);
        if owners.is_empty() {
            return None;
        }
        let mut secrets = HashMap::new();
        let mut keys: Vec<KeyDoc> = gate.iter().map(|it| KeyDoc::new(GATE_OWNER, KeyRole::Gate, *it)).collect();
        for (owner, role) in owners.into_iter().filter(|it| it.0 != GATE_OWNER) {
            let key = SecretKey::generate();
            keys.push(KeyDoc::new(&owner, role, key.public()));
            secrets.insert(owner, key);
        }
        let registry = Arc::new(Registry::made(keys, now, &SecretKey::generate()));
        Some(Self { registry, secrets })
    }
}

/// Where the private key of an owner lies in a folder.
pub fn secret_file(folder: &Path, owner: &str) -> PathBuf {
    // A name may hold what means something in a path.
    let name: String =
        owner.chars().map(|it| if it.is_alphanumeric() || matches!(it, '-' | '_') { it } else { '_' }).collect();
    folder.join(format!("{name}.key"))
}

impl KeyRole {
    /// All.
    pub const ALL: [Self; 5] = [Self::Device, Self::Gateway, Self::Gate, Self::Recorder, Self::Witness];

    /// The word on the command line and on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Gateway => "gateway",
            Self::Gate => "gate",
            Self::Recorder => "recorder",
            Self::Witness => "witness",
        }
    }
}

impl KeysDoc {
    /// Adds a key.
    pub fn add(&mut self, key: KeyDoc, now: Timestamp) -> Result<(), ChangeError> {
        if self.keys.iter().any(|it| it.key == key.key) {
            return Err(ChangeError::Twice(key.key.id()));
        }
        self.keys.push(key);
        self.count_up(now);
        Ok(())
    }

    /// Gives an owner a new key from now on; those that it has end after an overlap, so that nothing is refused while the new
    /// one finds its way. Returns the names of the old ones.
    pub fn rotate(
        &mut self,
        owner: &str,
        new: PublicKey,
        now: Timestamp,
        overlap: Duration,
    ) -> Result<Vec<KeyId>, ChangeError> {
        let Some(role) = self.keys.iter().rfind(|it| it.of == owner).map(|it| it.role) else {
            return Err(ChangeError::NoOwner(owner.to_owned()));
        };
        let end = Timestamp8601(now + overlap);
        let mut old = Vec::new();
        for key in self.keys.iter_mut().filter(|it| it.of == owner && it.is_good_at(now, Defences::all()).is_ok()) {
            key.until = Some(key.until.map_or(end, |it| it.min(end)));
            old.push(key.key.id());
        }
        if old.is_empty() {
            return Err(ChangeError::NoneGood(owner.to_owned()));
        }
        self.add(KeyDoc { from: Some(Timestamp8601(now)), ..KeyDoc::new(owner, role, new) }, now)?;
        Ok(old)
    }

    /// Revokes a key by its name, or all of an owner, from an instant on. Returns the names of those that were revoked.
    pub fn revoke(&mut self, which: &str, at: Timestamp, why: &str, now: Timestamp) -> Result<Vec<KeyId>, ChangeError> {
        let id = which.parse::<KeyId>().ok();
        let meant = |it: &KeyDoc| it.of == which || Some(it.key.id()) == id;
        if !self.keys.iter().any(meant) {
            return Err(ChangeError::NoKey(which.to_owned()));
        }
        let mut revoked = Vec::new();
        for key in self.keys.iter_mut().filter(|it| meant(it)) {
            // What is known to have been stolen earlier than was thought is revoked from then on.
            if key.revoked.as_ref().is_none_or(|it| at < it.at.0) {
                key.revoked = Some(RevokedDoc { at: Timestamp8601(at), why: why.to_owned() });
                revoked.push(key.key.id());
            }
        }
        if revoked.is_empty() {
            return Err(ChangeError::RevokedAlready(which.to_owned()));
        }
        self.count_up(now);
        Ok(revoked)
    }

    /// Another version, which nobody has signed yet.
    pub fn count_up(&mut self, now: Timestamp) {
        self.version += 1;
        self.issued = Some(Timestamp8601(now));
        self.signature.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::{Reason, SecretKey};

    const NOW: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

    fn public() -> PublicKey {
        SecretKey::generate().public()
    }

    fn one(owner: &str) -> KeysDoc {
        let mut doc = KeysDoc { version: 3, ..KeysDoc::default() };
        doc.add(KeyDoc::new(owner, KeyRole::Device, public()), NOW).unwrap();
        doc
    }

    #[test]
    fn a_rotated_key_is_good_for_a_while_beside_the_new_one() {
        let mut doc = one("p1");
        let new = public();
        let old = doc.rotate("p1", new, NOW, Duration::from_secs(600)).unwrap();
        assert_eq!((doc.version, old.as_slice(), doc.signature.as_str()), (5, &[doc.keys[0].key.id()][..], ""));
        let good = |secs: u64| {
            let at = NOW + Duration::from_secs(secs);
            [0, 1].map(|it| doc.keys[it].is_good_at(at, Defences::all()).is_ok())
        };
        assert_eq!([good(0), good(599), good(600)], [[true, true], [true, true], [false, true]]);
        let early = doc.keys[1].is_good_at(NOW - Duration::from_secs(1), Defences::all());
        assert_eq!(early, Err(Reason::Expired));
    }

    #[test]
    fn what_ends_sooner_is_not_made_to_last_by_a_rotation() {
        let mut doc = one("p1");
        let soon = Timestamp8601(NOW + Duration::from_secs(5));
        doc.keys[0].until = Some(soon);
        doc.rotate("p1", public(), NOW, Duration::from_secs(600)).unwrap();
        assert_eq!(doc.keys[0].until, Some(soon));
    }

    #[test]
    fn a_key_is_revoked_by_its_name_or_its_owners_and_only_ever_earlier() {
        let mut doc = one("p1");
        doc.rotate("p1", public(), NOW, Duration::from_secs(600)).unwrap();
        let first = doc.keys[0].key.id();
        assert_eq!(doc.revoke(&first.to_string(), NOW, "stolen", NOW), Ok(vec![first]));
        assert_eq!(doc.revoke("p1", NOW, "stolen", NOW).map(|it| it.len()), Ok(1));
        assert_eq!(doc.revoke("p1", NOW, "stolen", NOW), Err(ChangeError::RevokedAlready("p1".to_owned())));
        let before = NOW - Duration::from_secs(60);
        assert_eq!(doc.revoke("p1", before, "stolen a minute before", NOW).map(|it| it.len()), Ok(2));
        assert_eq!(doc.version, 8);
    }

    #[test]
    fn what_cannot_be_changed_is_told_and_changes_nothing() {
        let mut doc = one("p1");
        let key = doc.keys[0].key;
        assert_eq!(doc.rotate("p2", public(), NOW, Duration::ZERO), Err(ChangeError::NoOwner("p2".to_owned())));
        assert_eq!(doc.revoke("p2", NOW, "", NOW), Err(ChangeError::NoKey("p2".to_owned())));
        assert_eq!(doc.add(KeyDoc::new("p2", KeyRole::Device, key), NOW), Err(ChangeError::Twice(key.id())));
        doc.revoke("p1", NOW, "", NOW).unwrap();
        assert_eq!(doc.rotate("p1", public(), NOW, Duration::ZERO), Err(ChangeError::NoneGood("p1".to_owned())));
        assert_eq!((doc.version, doc.keys.len()), (5, 1));
    }

    #[test]
    fn a_name_leads_to_no_other_folder() {
        let file = |owner| secret_file(Path::new("secret"), owner);
        assert_eq!(file("nf-p1"), Path::new("secret/nf-p1.key"));
        assert_eq!(file("../authority"), Path::new("secret/___authority.key"));
    }
}
