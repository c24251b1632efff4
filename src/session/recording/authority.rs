//! What the registries of keys that a session carries are worth: signed by an authority that is known here, or on the
//! session's own word alone.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing::warn;

use super::names::KeyframeDoc;
use super::reader::Recording;
use crate::session::fold::Fold;
use crate::site::Site;
use crate::trust::{Anchor, Defences, KeysDoc, PublicKey, REGISTRY_FILE, Registry};

/// What the registry that a session begins with is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warrant {
    /// It carries none.
    None,
    /// An authority that is known here signed it.
    Known(PublicKey),
    /// The session names its authority itself, and nobody here has.
    Own(PublicKey),
    /// It is not believed: [`Recording::refused_registries`] says why.
    Refused,
}

/// Whom a recording's registries must be by, and those that it carries.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// The authorities that are known here. Empty: whoever signed the first is believed of the others, too.
    known: Vec<PublicKey>,
    /// What it begins with. Read when it is asked for.
    first: OnceLock<Option<Arc<Registry>>>,
    /// Why others are not believed, as sentences without their end.
    refused: Mutex<BTreeSet<String>>,
}

impl Carried {
    /// Of a file that is being made here.
    pub(super) fn begun_with(first: Option<Arc<Registry>>) -> Self {
        Self { first: OnceLock::from(first), ..Self::default() }
    }
}

impl Recording {
    /// The same with the authorities that are known for its site: by no other is a registry in it believed.
    #[must_use]
    pub fn with_authorities(mut self, known: Vec<PublicKey>) -> Self {
        self.carried = Carried { known, ..Carried::default() };
        self
    }

    /// Who had which key when the session began, as it says itself. `None`: it says nothing, or nothing that is believed.
    pub fn registry(&self) -> Option<&Arc<Registry>> {
        let read = || self.attachment(REGISTRY_FILE)?.ok().and_then(|it| self.check(&it, None));
        self.carried.first.get_or_init(read).as_ref()
    }

    /// What that is worth.
    pub fn warrant(&self) -> Warrant {
        let carries = self.attachments().any(|it| it.0 == REGISTRY_FILE);
        match self.registry().and_then(|it| it.authority()) {
            Some(authority) if self.carried.known.contains(&authority) => Warrant::Known(authority),
            Some(authority) => Warrant::Own(authority),
            None if carries => Warrant::Refused,
            None => Warrant::None,
        }
    }

    /// That nobody here has named the authority of its keys, for a person. `None`: somebody has, or it has no keys.
    pub fn names_its_own_authority(&self) -> Option<String> {
        let Warrant::Own(authority) = self.warrant() else { return None };
        Some(format!(
            "the recording names its own authority ({}), and nobody here has named it: whoever made the whole file could have \
             made its keys, too; if it is the plant's, say so with --authority {authority}",
            authority.id()
        ))
    }

    /// Why registries that it carries are not believed, as far as it has been read; sentences without their end.
    pub fn refused_registries(&self) -> Vec<String> {
        // Reading the first one tells of it.
        self.registry();
        self.carried.refused.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// A registry that takes the place of the first: by the same authority, and no older.
    pub(super) fn later_registry(&self, text: &[u8]) -> Option<Arc<Registry>> {
        self.check(text, self.registry())
    }

    /// The state that a keyframe holds. Signals that the site doesn't have are passed over.
    pub fn state_of(&self, keyframe: &KeyframeDoc, site: &Site) -> Fold {
        let registry = keyframe.keys.as_ref().and_then(|it| self.later_registry(it.as_bytes()));
        keyframe.fold(site).with_registry(registry)
    }

    fn check(&self, text: &[u8], first: Option<&Arc<Registry>>) -> Option<Arc<Registry>> {
        match checked(text, &self.path, &self.carried.known, first) {
            Ok(registry) => Some(Arc::new(registry)),
            Err(why) => {
                let why = format!("its registry of keys is passed over, and nothing is verified by it: {why}");
                let mut refused = self.carried.refused.lock().unwrap_or_else(PoisonError::into_inner);
                if refused.insert(why.clone()) {
                    warn!("{}: {why}", self.path.display());
                }
                None
            }
        }
    }
}

fn checked(text: &[u8], path: &Path, known: &[PublicKey], first: Option<&Arc<Registry>>) -> Result<Registry, String> {
    let text = std::str::from_utf8(text).map_err(|_bytes| "it is no text".to_owned())?;
    let doc = KeysDoc::parse(text, path).map_err(|it| it.to_string())?;
    let of_first = first.and_then(|it| it.authority());
    let signer = doc.signer();
    let authority = of_first.or_else(|| known.iter().find(|it| signer == Some(**it)).or(known.first()).copied());
    let version = first.map_or(0, |it| it.doc().version);
    if let (Some(authority), Some(signer)) = (authority, signer.filter(|it| authority != Some(*it))) {
        return Err(format!("it is signed by {signer}, and the authority is {authority}"));
    }
    Registry::check(doc, path, Anchor { authority, version }, Defences::all()).map_err(|it| it.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::recording::{About, Item, SessionWriter};
    use crate::signal::Timestamp;
    use crate::trust::{KeyDoc, KeyRole, SecretKey};

    fn signed(version: u64, authority: &SecretKey) -> Registry {
        let keys = vec![KeyDoc::new("a", KeyRole::Device, SecretKey::generate().public())];
        let mut doc = KeysDoc { version, keys, ..KeysDoc::default() };
        doc.sign(authority);
        Registry::check(doc, Path::new("keys.ron"), Anchor::default(), Defences::all()).unwrap()
    }

    /// A session that begins with a registry, and holds others later.
    fn recorded(first: &Registry, later: &[Registry]) -> tempfile::NamedTempFile {
        let files = [(REGISTRY_FILE.to_owned(), first.doc().to_ron().into_bytes())];
        let mut writer = SessionWriter::new(Vec::new(), &About::default(), &files).unwrap();
        for (at, it) in later.iter().enumerate() {
            writer.keys(it, Timestamp::from_nanos(1_800_000_000_000_000_000 + at as i64)).unwrap();
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), writer.finish().unwrap()).unwrap();
        file
    }

    #[test]
    fn a_session_is_believed_on_its_own_word_only_where_nobody_is_known() {
        let (own, stranger) = (SecretKey::generate(), SecretKey::generate());
        let file = recorded(&signed(3, &own), &[signed(4, &own)]);
        let open = |known: &[&SecretKey]| {
            let known = known.iter().map(|it| it.public()).collect();
            Recording::open(file.path()).unwrap().with_authorities(known)
        };
        let unknown = open(&[]);
        assert_eq!(unknown.warrant(), Warrant::Own(own.public()));
        let told = unknown.names_its_own_authority().unwrap();
        assert!(told.contains(&format!("--authority {}", own.public())), "{told}");
        for known in [open(&[&own]), open(&[&stranger, &own])] {
            assert_eq!(known.warrant(), Warrant::Known(own.public()));
            assert_eq!((known.names_its_own_authority(), known.refused_registries()), (None, Vec::new()));
        }
        let refused = open(&[&stranger]);
        assert_eq!((refused.warrant(), refused.registry()), (Warrant::Refused, None));
        let told = refused.refused_registries();
        let want = format!("signed by {}, and the authority is {}", own.public(), stranger.public());
        assert!(told.len() == 1 && told[0].contains(&want), "{told:?}");
        // Nor is the one that comes later.
        assert!((0..refused.n_chunks()).all(|it| refused.items(it).0.iter().all(|it| !matches!(it, Item::Keys(_)))));
    }

    #[test]
    fn what_takes_the_place_of_a_registry_is_by_the_same_authority_and_no_older() {
        let (own, stranger) = (SecretKey::generate(), SecretKey::generate());
        let file = recorded(&signed(3, &own), &[signed(9, &stranger), signed(2, &own), signed(4, &own)]);
        let recording = Recording::open(file.path()).unwrap();
        let keys = |item: Item| if let Item::Keys(it) = item { Some(it.doc().version) } else { None };
        let taken: Vec<u64> = (0..recording.n_chunks()).flat_map(|it| recording.items(it).0).filter_map(keys).collect();
        assert_eq!(taken, [4]);
        let told = recording.refused_registries().join("; ");
        assert!(told.contains(&stranger.public().to_string()) && told.contains("version 3"), "{told}");
    }
}
