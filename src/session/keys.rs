//! Who has which key at a site: where its registry is found, who must have signed it, and how an edited one is taken over.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bevy::prelude::*;
use tracing::{error, info};

use super::Session;
use crate::link;
use crate::signal::Timestamp;
use crate::site::Site;
use crate::trust::{Anchor, PublicKey, REGISTRY_FILE, Registry, RegistryError, Store, StoreError, owners_of};

/// How often it is looked whether the registry was edited.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who has which key, and what was heard of them before.
#[derive(Debug, Default)]
pub struct Keys {
    /// The registry. `None`: there is none, and nothing can be verified.
    pub registry: Option<Arc<Registry>>,
    /// The file that it came from, to be looked at again. `None`: it lives in this process alone.
    pub file: Option<PathBuf>,
    /// What must survive a restart. `None`: nothing is kept.
    pub store: Option<Arc<Store>>,
    /// What a person should know of it, as sentences without their end.
    pub remarks: Vec<String>,
}

/// Where a site's keys are looked for.
#[derive(Debug, Clone, Copy)]
pub struct KeysAt<'a> {
    /// The registry that was named. `None`: the one beside the site, where there is one.
    pub file: Option<&'a Path>,
    /// Who must have signed it, as was named. `None`: as the site says, else as was seen first.
    pub authority: Option<PublicKey>,
    /// Where what was seen is kept.
    pub store: &'a Path,
}

/// Why nothing can be verified where it must be.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The registry is no good.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// It was seen before, and is gone: without it everything would be taken.
    #[error(
        "version {version} of this site's registry of keys was seen before, and now there is none at {}: without it whatever anybody publishes would be taken. Bring it back, or name it with --keys; if this site has none any more, remove {}",
        at.display(),
        store.display()
    )]
    Missing {
        /// Where it should be.
        at: PathBuf,
        /// The version that was seen.
        version: u64,
        /// Where that is remembered.
        store: PathBuf,
    },
    /// There is none, and whether there was one cannot be told.
    #[error(
        "there is no registry of keys at {}, and whether there was one before cannot be told, since {} cannot be read: end the other Pollux, or name the registry with --keys",
        at.display(),
        store.display()
    )]
    Untold {
        /// Where it should be.
        at: PathBuf,
        /// Where it would be remembered.
        store: PathBuf,
    },
    /// What the site says is no key.
    #[error("the site's authority {0:?} is no public key")]
    Authority(String),
}

impl Keys {
    /// A registry that lives in this process alone.
    pub fn made(registry: Arc<Registry>) -> Self {
        Self { registry: Some(registry), ..Self::default() }
    }

    /// The keys of a site from its file, checked against who must have signed it and what was seen before.
    pub fn find(path: &Path, site: &Site, at: KeysAt) -> Result<Self, KeysError> {
        let beside = path.with_file_name(REGISTRY_FILE);
        let file = at.file.map(Path::to_owned).or_else(|| beside.exists().then(|| beside.clone()));
        if file.is_none() && !at.store.exists() {
            let any = !owners_of(site).is_empty();
            let remark = "there is no registry of keys (keys.ron), so nothing can be verified: all values are unsigned";
            return Ok(Self { remarks: any.then(|| remark.to_owned()).into_iter().collect(), ..Self::default() });
        }
        let mut keys = Self::default();
        let store = keys.open_store(at.store);
        let name = name_of(path);
        let seen = store.as_ref().map_or_else(Anchor::default, |it| it.anchor(&name));
        let Some(file) = file else {
            return match seen.version {
                _ if store.is_none() => Err(KeysError::Untold { at: beside, store: at.store.to_owned() }),
                0 => Self::find(path, site, KeysAt { store: Path::new(""), ..at }),
                version => Err(KeysError::Missing { at: beside, version, store: at.store.to_owned() }),
            };
        };
        let of_site = site.authority.as_ref();
        let of_site = of_site.map(|it| it.parse().map_err(|_bad| KeysError::Authority(it.clone()))).transpose()?;
        let named = at.authority.or(of_site);
        let authority = named.or(seen.authority);
        // Another authority counts its versions by itself.
        let version = if authority == seen.authority { seen.version } else { 0 };
        let registry = Registry::load(&file, Anchor { authority, version })?;
        if let (None, Some(signer)) = (authority, registry.authority()) {
            keys.remarks.push(format!(
                "the registry of keys is signed by {signer}, which nobody has named: it is believed from now on. Compare it with what `pollux keys check` says where it was made, and write it into the site: authority: \"{signer}\""
            ));
        }
        if let Some(store) = &store {
            store.remember(&name, &registry);
        }
        Ok(Self { registry: Some(Arc::new(registry)), file: Some(file), store, ..keys })
    }

    fn open_store(&mut self, path: &Path) -> Option<Arc<Store>> {
        match Store::open(path) {
            Ok(store) => Some(Arc::new(store)),
            Err(why @ StoreError::Taken(_)) => {
                self.remarks.push(format!("{why}, nor which registry was seen"));
                None
            }
            Err(why) => {
                self.remarks.push(format!("what is heard is not kept over a restart: {why}"));
                None
            }
        }
    }
}

/// By what name a site is remembered: where it lies.
fn name_of(path: &Path) -> String {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

/// Where a program keeps what it has heard at a site, in the user's data folder: what each program hears is its own.
pub fn trust_store(sessions: &Path, site: &Site, program: &str) -> PathBuf {
    let name = site.folder.file_name().map_or_else(|| "site".into(), |it| it.to_string_lossy().into_owned());
    let program = if program.is_empty() { String::new() } else { format!("-{program}") };
    sessions.parent().unwrap_or(sessions).join(format!("trust-{name}{program}.redb"))
}

/// Where a desktop keeps what it alone has isolated at a site, beside the above.
pub fn quarantine_file(sessions: &Path, site: &Site) -> PathBuf {
    let name = site.folder.file_name().map_or_else(|| "site".into(), |it| it.to_string_lossy().into_owned());
    sessions.parent().unwrap_or(sessions).join(format!("quarantine-{name}.redb"))
}

impl Session {
    /// What keeps signatures from being verified as they should be, for a person.
    pub fn keys_problems(&self) -> Vec<String> {
        let of_store = self.store.as_ref().and_then(|it| it.problem());
        self.keys_problem.iter().cloned().chain(of_store).collect()
    }
}

/// The registry's file, as it was when it was last looked at.
#[derive(Resource, Debug, Default)]
pub(super) struct KeysFile {
    path: Option<PathBuf>,
    site: PathBuf,
    looked: Timestamp,
    was: Option<(SystemTime, u64)>,
}

impl KeysFile {
    pub(super) fn new(path: Option<PathBuf>, site: &Path) -> Self {
        let was = path.as_deref().and_then(facts);
        Self { path, site: site.to_owned(), looked: Timestamp::MIN, was }
    }
}

/// When a file was changed last, and its size. `None`: it is not there.
fn facts(path: &Path) -> Option<(SystemTime, u64)> {
    let facts = fs::metadata(path).ok()?;
    Some((facts.modified().ok()?, facts.len()))
}

/// An edited registry holds from now on, if it is what its authority signed and no older; else the last good one does.
pub(super) fn follow_keys(mut file: ResMut<KeysFile>, mut session: ResMut<Session>) {
    let (Some(path), now) = (file.path.clone(), link::now()) else { return };
    if now.since(file.looked) < LOOK_EVERY && now >= file.looked {
        return;
    }
    file.looked = now;
    let is = facts(&path);
    if is == file.was {
        return;
    }
    file.was = is;
    let before = session.registry.clone();
    let anchor = Anchor {
        authority: before.as_ref().and_then(|it| it.authority()),
        version: before.as_ref().map_or(0, |it| it.doc().version),
    };
    match Registry::load(&path, anchor) {
        Ok(new) => {
            session.keys_problem = None;
            if before.as_ref().is_some_and(|it| it.doc() == new.doc()) {
                return;
            }
            info!("version {} of the registry of keys holds from now on", new.doc().version);
            if let Some(store) = &session.store {
                store.remember(&name_of(&file.site), &new);
            }
            let new = Arc::new(new);
            if let Some(ingest) = &session.ingest {
                ingest.set_registry(Arc::clone(&new));
            }
            session.registry = Some(new);
        }
        Err(why) => {
            let version = anchor.version;
            let problem = format!("{why}. Version {version}, which was good, holds on");
            error!("{problem}");
            session.keys_problem = Some(problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{self, Ids};
    use crate::trust::{KeyDoc, KeyRole, KeysDoc, SecretKey};

    struct Place {
        folder: tempfile::TempDir,
        site: Site,
        authority: SecretKey,
    }

    impl Place {
        fn new() -> Self {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/gated/site.ron");
            let site = site::load(&path, &mut Ids::default()).unwrap().site;
            Self { folder: tempfile::tempdir().unwrap(), site, authority: SecretKey::generate() }
        }

        fn save(&self, version: u64, authority: &SecretKey) {
            let key = KeyDoc::new("p1", KeyRole::Device, SecretKey::generate().public());
            let mut doc = KeysDoc { version, keys: vec![key], ..KeysDoc::default() };
            doc.sign(authority);
            doc.save(&self.folder.path().join(REGISTRY_FILE)).unwrap();
        }

        fn find(&self, authority: Option<PublicKey>) -> Result<Keys, KeysError> {
            let store = self.folder.path().join("data/trust.redb");
            Keys::find(
                &self.folder.path().join("site.ron"),
                &self.site,
                KeysAt { file: None, authority, store: &store },
            )
        }

        #[track_caller]
        fn check_refused(&self, authority: Option<PublicKey>, want: &str) {
            let error = self.find(authority).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }

    #[test]
    fn who_signed_first_is_believed_and_said_and_nobody_else_after_that() {
        let place = Place::new();
        assert!(place.find(None).unwrap().registry.is_none());
        place.save(3, &place.authority);
        let first = place.find(None).unwrap();
        assert!(first.remarks[0].contains(&place.authority.public().to_string()), "{:?}", first.remarks);
        drop(first);
        assert_eq!(place.find(None).unwrap().remarks, [""; 0]);
        place.save(2, &place.authority);
        place.check_refused(None, "version 3 of the same authority was seen before");
        let other = SecretKey::generate();
        place.save(4, &other);
        place.check_refused(None, "is not what its authority signed");
        // A person may name another one.
        assert!(place.find(Some(other.public())).unwrap().registry.is_some());
    }

    #[test]
    fn a_registry_that_was_seen_and_is_gone_is_not_done_without() {
        let place = Place::new();
        place.save(1, &place.authority);
        drop(place.find(Some(place.authority.public())).unwrap());
        fs::remove_file(place.folder.path().join(REGISTRY_FILE)).unwrap();
        place.check_refused(None, "version 1 of this site's registry of keys was seen before");
    }

    #[test]
    fn what_cannot_be_told_is_not_taken_for_good() {
        let place = Place::new();
        place.save(1, &place.authority);
        let first = place.find(Some(place.authority.public())).unwrap();
        fs::remove_file(place.folder.path().join(REGISTRY_FILE)).unwrap();
        place.check_refused(None, "cannot be told");
        drop(first);
        place.check_refused(None, "version 1");
    }

    #[test]
    fn a_second_program_goes_on_and_says_what_it_does_not_know() {
        let place = Place::new();
        place.save(1, &place.authority);
        let first = place.find(Some(place.authority.public())).unwrap();
        let second = place.find(Some(place.authority.public())).unwrap();
        assert!(first.store.is_some() && second.store.is_none() && second.registry.is_some());
        assert!(second.remarks[0].contains("open in another Pollux"), "{:?}", second.remarks);
    }
}
