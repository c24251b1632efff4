//! Who has which key at a site: where its registry is found, who must have signed it, and how an edited one is taken over.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bevy::prelude::*;
use tracing::{error, info, warn};

use super::{CurrentSite, Session};
use crate::link;
use crate::signal::Timestamp;
use crate::site::Site;
use crate::trust::{
    Anchor, Authorities, Defences, KeysDoc, PublicKey, REGISTRY_FILE, Registry, RegistryError, Store, StoreError,
    owners_of,
};

/// How often it is looked whether the registry was edited.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Who has which key, and what was heard of them before.
#[derive(Debug, Default)]
pub struct Keys {
    /// The registry. `None`: there is none, and nothing can be verified.
    pub registry: Option<Arc<Registry>>,
    /// The file that it came from, or where it would be, to be looked at again. `None`: it lives in this process alone.
    pub file: Option<PathBuf>,
    /// What must survive a restart. `None`: nothing is kept.
    pub store: Option<Arc<Store>>,
    /// What a person should know of it, as sentences without their end.
    pub remarks: Vec<String>,
    /// What a person must know of it for as long as the program runs, likewise.
    pub problem: Option<String>,
    /// Who must sign the registry, as far as that is known. `None`: whoever does first.
    pub authority: Option<PublicKey>,
    /// Where what was seen is kept. `None`: nowhere.
    pub kept: Option<PathBuf>,
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
        let of_site = site.authority.as_ref();
        let of_site = of_site.map(|it| it.parse().map_err(|_bad| KeysError::Authority(it.clone()))).transpose()?;
        let named = at.authority.or(of_site);
        let beside = path.with_file_name(REGISTRY_FILE);
        let file = at.file.map(Path::to_owned).or_else(|| beside.exists().then(|| beside.clone()));
        if file.is_none() && !at.store.exists() {
            return Ok(Self::without(site, beside, named, at.store));
        }
        let mut keys = Self { kept: Some(at.store.to_owned()), ..Self::default() };
        let store = keys.open_store(at.store);
        let name = name_of(path);
        let seen = store.as_ref().map_or_else(Anchor::default, |it| it.anchor(&name));
        let Some(file) = file else {
            return match seen.version {
                _ if store.is_none() => Err(KeysError::Untold { at: beside, store: at.store.to_owned() }),
                0 => Ok(Self::without(site, beside, named, at.store)),
                version => Err(KeysError::Missing { at: beside, version, store: at.store.to_owned() }),
            };
        };
        let doc = KeysDoc::load(&file)?;
        let known = Authorities::beside(at.store);
        let authority = named.or(seen.authority);
        // Another authority counts its versions by itself.
        let here = if authority == seen.authority { seen.version } else { 0 };
        let anywhere = authority.or_else(|| doc.signer()).map_or(0, |it| known.version(&it, &site.name));
        let version = here.max(anywhere);
        let registry = Registry::check(doc, &file, Anchor { authority, version }, Defences::all())?;
        if let Some(signer) = registry.authority() {
            let before = seen.authority.map_or_else(|| known.of_site(&site.name), |it| vec![it]);
            keys.problem = changed(&before, signer);
            if authority.is_none() && !before.contains(&signer) {
                keys.remarks.push(named_by_nobody(&signer));
            }
        }
        if let Some(store) = &store {
            store.remember(&name, &registry);
        }
        known.remember(&site.name, &registry);
        Ok(Self { registry: Some(Arc::new(registry)), file: Some(file), store, authority, ..keys })
    }

    /// Where there is no registry: nothing can be verified until there is one.
    fn without(site: &Site, beside: PathBuf, named: Option<PublicKey>, store: &Path) -> Self {
        let any = !owners_of(site).is_empty();
        let remark = "there is no registry of keys (keys.ron), so nothing can be verified: all values are unsigned";
        Self {
            remarks: any.then(|| remark.to_owned()).into_iter().collect(),
            file: Some(beside),
            authority: named,
            kept: Some(store.to_owned()),
            ..Self::default()
        }
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

/// That somebody else says who has which key than was believed before. `None`: it is the same one, or the first.
fn changed(before: &[PublicKey], now: PublicKey) -> Option<String> {
    if before.is_empty() || before.contains(&now) {
        return None;
    }
    let was: Vec<String> = before.iter().map(PublicKey::to_string).collect();
    Some(format!(
        "the authority of this site's registry of keys changed from {} to {now}: whoever has that key says now who may speak \
         for which device. If nobody told you that it would, take nothing for verified, and ask who keeps the authority",
        was.join(" or ")
    ))
}

fn named_by_nobody(signer: &PublicKey) -> String {
    format!(
        "the registry of keys is signed by {signer}, which nobody has named: it is believed from now on. Compare it with what `pollux keys check` says where it was made, and write it into the site: authority: \"{signer}\""
    )
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
        let of_replay =
            self.replay.iter().flat_map(|it| it.refused_registries()).map(|it| format!("Of the recording, {it}"));
        self.authority_problem.iter().chain(&self.keys_problem).cloned().chain(of_store).chain(of_replay).collect()
    }
}

/// The registry's file, as it was when it was last looked at.
#[derive(Resource, Debug, Default)]
pub(super) struct KeysFile {
    path: Option<PathBuf>,
    site: PathBuf,
    looked: Timestamp,
    was: Option<(SystemTime, u64)>,
    /// Who must sign it. `None`: whoever does first.
    authority: Option<PublicKey>,
    /// Where what is seen is kept.
    kept: Option<PathBuf>,
}

impl KeysFile {
    pub(super) fn new(keys: &Keys, site: &Path) -> Self {
        let was = keys.registry.as_ref().and_then(|_| facts(keys.file.as_deref()?));
        let (path, authority, kept) = (keys.file.clone(), keys.authority, keys.kept.clone());
        Self { path, site: site.to_owned(), looked: Timestamp::MIN, was, authority, kept }
    }
}

/// When a file was changed last, and its size. `None`: it is not there.
fn facts(path: &Path) -> Option<(SystemTime, u64)> {
    let facts = fs::metadata(path).ok()?;
    Some((facts.modified().ok()?, facts.len()))
}

/// An edited registry, or the first one, holds from now on, if it is what its authority signed and no older; else the last
/// good one does.
pub(super) fn follow_keys(mut file: ResMut<KeysFile>, mut session: ResMut<Session>, site: Res<CurrentSite>) {
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
    let known = file.kept.as_deref().map(Authorities::beside);
    let taken = KeysDoc::load(&path).and_then(|doc| {
        let authority = before.as_ref().and_then(|it| it.authority()).or(file.authority);
        let by = authority.or_else(|| doc.signer());
        let anywhere = by.zip(known.as_ref()).map_or(0, |(by, known)| known.version(&by, &site.name));
        let version = before.as_ref().map_or(anywhere, |it| it.doc().version);
        Registry::check(doc, &path, Anchor { authority, version }, Defences::all())
    });
    match taken {
        Ok(new) => {
            session.keys_problem = None;
            if before.as_ref().is_some_and(|it| it.doc() == new.doc()) {
                return;
            }
            info!("version {} of the registry of keys holds from now on", new.doc().version);
            if before.is_none() {
                begin_keeping(
                    &file,
                    &mut session,
                    &new,
                    known.as_ref().map_or_else(Vec::new, |it| it.of_site(&site.name)),
                );
            }
            if let Some(store) = &session.store {
                store.remember(&name_of(&file.site), &new);
            }
            if let Some(known) = &known {
                known.remember(&site.name, &new);
            }
            let new = Arc::new(new);
            if let Some(ingest) = &session.ingest {
                ingest.set_registry(Arc::clone(&new), session.store.clone());
            }
            session.registry = Some(new);
        }
        Err(why) => {
            let holds = match &before {
                Some(before) => format!("Version {}, which was good, holds on", before.doc().version),
                None => "There was none before: nothing can be verified".to_owned(),
            };
            let problem = format!("{why}. {holds}");
            error!("{problem}");
            session.keys_problem = Some(problem);
        }
    }
}

/// The first registry of a run that began without one: what is heard from now on must survive a restart.
fn begin_keeping(file: &KeysFile, session: &mut Session, new: &Registry, before: Vec<PublicKey>) {
    if let Some(signer) = new.authority() {
        session.authority_problem = changed(&before, signer);
        if file.authority.is_none() && !before.contains(&signer) {
            warn!("{}", named_by_nobody(&signer));
        }
    }
    if let (None, Some(kept)) = (&session.store, &file.kept) {
        match Store::open(kept) {
            Ok(store) => session.store = Some(Arc::new(store)),
            Err(why) => warn!("what is heard is not kept over a restart: {why}"),
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
    fn a_folder_that_was_moved_is_no_stranger() {
        let place = Place::new();
        place.save(3, &place.authority);
        drop(place.find(None).unwrap());
        let (moved, store) = (place.folder.path().join("moved"), place.folder.path().join("data/trust-moved.redb"));
        fs::create_dir(&moved).unwrap();
        let find = || {
            let at = KeysAt { file: None, authority: None, store: &store };
            Keys::find(&moved.join("site.ron"), &place.site, at)
        };
        let bring = || fs::copy(place.folder.path().join(REGISTRY_FILE), moved.join(REGISTRY_FILE)).unwrap();
        place.save(2, &place.authority);
        bring();
        let error = find().unwrap_err().to_string();
        assert!(error.contains("version 3 of the same authority was seen before"), "{error}");
        place.save(3, &place.authority);
        bring();
        let found = find().unwrap();
        assert_eq!((found.remarks.len(), &found.problem), (0, &None), "{:?}", found.remarks);
        drop(found);
        // One that a stranger signed is told of, and not only that it is new.
        fs::remove_file(&store).unwrap();
        place.save(9, &SecretKey::generate());
        bring();
        let problem = find().unwrap().problem.unwrap();
        assert!(problem.contains(&format!("changed from {}", place.authority.public())), "{problem}");
    }

    #[test]
    fn that_somebody_else_is_the_authority_is_told_whoever_says_so() {
        let mut place = Place::new();
        let other = SecretKey::generate();
        place.save(7, &place.authority);
        drop(place.find(None).unwrap());
        place.save(1, &other);
        let named = place.find(Some(other.public())).unwrap().problem.unwrap();
        assert!(named.contains(&format!("from {} to {}", place.authority.public(), other.public())), "{named}");
        place.save(7, &place.authority);
        drop(place.find(Some(place.authority.public())).unwrap());
        // An edited site says so, too.
        let third = SecretKey::generate();
        place.save(1, &third);
        place.site.authority = Some(third.public().to_string());
        let problem = place.find(None).unwrap().problem.unwrap();
        assert!(problem.contains(&format!("to {}", third.public())), "{problem}");
        assert_eq!(place.find(None).unwrap().problem, None);
        // Who was the authority before is as good as ever, from the version on that was seen.
        place.site.authority = None;
        place.save(6, &place.authority);
        place.check_refused(Some(place.authority.public()), "version 7 of the same authority was seen before");
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
