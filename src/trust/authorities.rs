//! Which authorities this machine has believed: for each, of which sites it signed registries, and the highest version of each.
//!
//! The store of a program knows a site by its place. This knows it by its name, so that a folder that was moved or copied is
//! not met as a stranger, and a recording is not believed on its own word alone. All programs of a user read and write it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tracing::warn;

use super::key::PublicKey;
use super::registry::Registry;

/// The folder's name in the user's data folder.
pub const AUTHORITIES: &str = "authorities";
/// Larger files are none of these.
const MAX_BYTES: u64 = 1 << 20;

/// The folder in which it is kept, a file for each authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorities {
    folder: PathBuf,
}

/// What is kept of one authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorityDoc {
    /// Its key.
    authority: PublicKey,
    /// By the name of a site: the highest version that was seen of the registry that it signed.
    sites: BTreeMap<String, u64>,
}

impl Authorities {
    /// What is kept in the folder in which a program's store lies.
    pub fn beside(store: &Path) -> Self {
        Self { folder: store.with_file_name(AUTHORITIES) }
    }

    /// The authorities that were believed for a site of this name.
    pub fn of_site(&self, name: &str) -> Vec<PublicKey> {
        let mut all: Vec<PublicKey> =
            self.all().filter(|it| it.sites.contains_key(name)).map(|it| it.authority).collect();
        all.sort_by_key(PublicKey::id);
        all
    }

    /// The highest version that was seen of a site's registry by an authority. 0: none.
    pub fn version(&self, authority: &PublicKey, name: &str) -> u64 {
        self.read(&self.file(authority)).and_then(|it| it.sites.get(name).copied()).unwrap_or(0)
    }

    /// Remembers a registry that was checked.
    pub fn remember(&self, name: &str, registry: &Registry) {
        let Some(authority) = registry.authority() else { return };
        let file = self.file(&authority);
        let mut doc = self.read(&file).unwrap_or_else(|| AuthorityDoc { authority, sites: BTreeMap::new() });
        let seen = doc.sites.get(name).copied().unwrap_or(0);
        if seen >= registry.doc().version {
            return;
        }
        doc.sites.insert(name.to_owned(), registry.doc().version);
        if let Err(why) = self.write(&file, &doc) {
            warn!("which authority is believed is not remembered in {}: {why}", file.display());
        }
    }

    fn file(&self, authority: &PublicKey) -> PathBuf {
        self.folder.join(format!("{}.json", authority.id()))
    }

    fn all(&self) -> impl Iterator<Item = AuthorityDoc> {
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        files.filter_map(|it| self.read(&it.path()))
    }

    /// What a file says. `None`: it is not there, or is of another authority than its name says.
    fn read(&self, file: &Path) -> Option<AuthorityDoc> {
        let length = fs::metadata(file).ok()?.len();
        let doc: AuthorityDoc = serde_json::from_slice(&fs::read(file).ok().filter(|_| length <= MAX_BYTES)?).ok()?;
        (self.file(&doc.authority) == file).then_some(doc)
    }

    fn write(&self, file: &Path, doc: &AuthorityDoc) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut part = tempfile::NamedTempFile::new_in(&self.folder)?;
        part.write_all(&serde_json::to_vec_pretty(doc)?)?;
        part.as_file().sync_all()?;
        part.persist(file).map_err(|it| it.error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Timestamp;
    use crate::trust::{KeyDoc, KeyRole, KeysDoc, SecretKey};

    fn signed(version: u64, authority: &SecretKey) -> Registry {
        let keys = vec![KeyDoc::new("p1", KeyRole::Device, SecretKey::generate().public())];
        let mut doc: KeysDoc = Registry::made(keys, Timestamp::MIN, authority).doc().clone();
        doc.version = version;
        doc.sign(authority);
        Registry::check(doc, Path::new("keys.ron"), Default::default(), Default::default()).unwrap()
    }

    #[test]
    fn what_was_believed_is_known_by_authority_and_by_site_and_only_rises() {
        let folder = tempfile::tempdir().unwrap();
        let known = Authorities::beside(&folder.path().join("data/trust.redb"));
        let [one, other] = [(); 2].map(|()| SecretKey::generate());
        assert_eq!((known.of_site("Plant"), known.version(&one.public(), "Plant")), (Vec::new(), 0));
        known.remember("Plant", &signed(7, &one));
        known.remember("Plant", &signed(5, &one));
        known.remember("Pier", &signed(2, &other));
        assert_eq!((known.of_site("Plant"), known.of_site("Pier")), (vec![one.public()], vec![other.public()]));
        // Whoever signs for two sites counts each by itself.
        known.remember("Pier", &signed(1, &one));
        let versions = [("Plant", 7), ("Pier", 1), ("Else", 0)];
        assert!(versions.iter().all(|(name, version)| known.version(&one.public(), name) == *version));
        assert_eq!(known.of_site("Pier").len(), 2);
        // A file that was renamed speaks for nobody.
        fs::rename(known.file(&one.public()), known.file(&SecretKey::generate().public())).unwrap();
        assert_eq!((known.of_site("Plant"), known.version(&one.public(), "Plant")), (Vec::new(), 0));
    }
}
