//! The registry of keys: an old one, one of somebody else, one that was edited.

use std::sync::Arc;

use super::mqtt::{Client, Message};
use super::plant::{LIE, Plant, Scene, Viewer, date_in_secs, says, stolen};
use super::signer::next_in_line;
use super::{Attack, Defended, Off, Outcome};
use crate::session::{Keys, KeysAt, KeysError};
use crate::trust::{Anchor, Defence, KeyDoc, KeyRole, KeysDoc, Reason, Registry, RegistryError, SecretKey};

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        id: "F01",
        name: "Rollback of the registry",
        technique: "T0859",
        tried: "The registry from before a key was revoked is put back, well-signed by its authority; the stolen key speaks.",
        off: Off::Defences(&[Defence::RegistryVersion]),
        run: rollback,
    },
    Attack {
        id: "F02",
        name: "Forged registry",
        technique: "T0859",
        tried: "A stranger makes a registry with a key of its own for the device, and signs it with an authority of its own.",
        off: Off::Defences(&[Defence::RegistrySignature]),
        run: forged,
    },
    Attack {
        id: "F03",
        name: "Edited registry",
        technique: "T0859",
        tried: "That a key was revoked is cut out of the registry's file, which is otherwise left as it was signed.",
        off: Off::Defences(&[Defence::RegistrySignature]),
        run: edited,
    },
    Attack {
        id: "F04",
        name: "Registry taken away",
        technique: "T0832",
        tried: "The registry's file is deleted, so that nothing can be verified any more; then a bare value is published.",
        off: Off::Other("without a memory of what was seen"),
        run: taken_away,
    },
];

/// A plant one of whose pump keys was stolen and revoked since. Returns it with what the registry said before, what it says
/// now, and that key.
fn revoked() -> (Plant, KeysDoc, KeysDoc, SecretKey) {
    let (plant, key) = (Plant::new(), SecretKey::generate());
    let doc = |version: u64, revoked| {
        let mut keys = plant.docs.clone();
        keys.push(KeyDoc { revoked, ..KeyDoc::new("pump", KeyRole::Device, key.public()) });
        let mut doc = KeysDoc { version, issued: date_in_secs(-30), keys, signature: String::new() };
        doc.sign(&plant.keys.authority);
        doc
    };
    let (before, after) = (doc(1, None), doc(2, stolen()));
    (plant, before, after, key)
}

/// Pollux begins: the file that lies there is read, and taken if it is good; else what was seen last goes on.
fn begin(defended: Defended<'_>, plant: Plant, seen: KeysDoc, key: &SecretKey) -> Outcome {
    let path = plant.folder.path().join("keys.ron");
    if defended.up {
        refuses_to_begin(&plant, &seen);
    }
    let store = plant.store();
    let authority = Some(plant.keys.authority.public());
    let anchor = || Anchor { authority, ..store.anchor("plant") };
    let seen = Arc::new(Registry::check(seen, &path, anchor(), defended.defences).unwrap());
    store.remember("plant", &seen);
    let read = KeysDoc::load(&path).and_then(|it| Registry::check(it, &path, anchor(), defended.defences));
    let (registry, refused) = match read {
        Ok(registry) => (Arc::new(registry), None),
        Err(why) => (seen, Some(why)),
    };
    let keys = Keys { registry: Some(registry), ..Keys::default() };
    let mut scene = Scene::with(defended, plant, defended.broker.port, keys);
    let signature = next_in_line(&scene, key, &says(LIE)).sign_text(key);
    scene.attack(&says(LIE), Some(&signature));
    let known = scene.plant.docs.iter().any(|it| it.key == key.public());
    let outcome = scene.verdict(if known || refused.is_none() { Reason::Revoked } else { Reason::UnknownKey });
    match (outcome, refused) {
        (Outcome::Stopped(_), Some(RegistryError::Rollback { .. })) => {
            Outcome::Stopped("the registry is refused: a newer one was seen".to_owned())
        }
        (Outcome::Stopped(_), Some(RegistryError::Forged { .. })) => {
            Outcome::Stopped("the registry is refused: its authority did not sign it".to_owned())
        }
        (outcome, why) => {
            assert!(why.is_none(), "{why:?}");
            outcome
        }
    }
}

/// The same as the programs do it at their start, which ends with an error.
#[track_caller]
fn refuses_to_begin(plant: &Plant, seen: &KeysDoc) {
    let path = plant.folder.path().join("keys.ron");
    let bad = std::fs::read(&path).unwrap();
    seen.save(&path).unwrap();
    let store = plant.folder.path().join("started.redb");
    let at = KeysAt { file: None, authority: Some(plant.keys.authority.public()), store: &store };
    drop(Keys::find(plant.path(), &plant.site, at).unwrap());
    std::fs::write(&path, bad).unwrap();
    let error = Keys::find(plant.path(), &plant.site, at).unwrap_err();
    assert!(matches!(error, KeysError::Registry(_)), "{error}");
}

fn taken_away(defended: Defended<'_>) -> Outcome {
    let plant = Plant::new();
    let path = plant.folder.path().join("keys.ron");
    let mut doc = KeysDoc { version: 1, issued: date_in_secs(-30), keys: plant.docs.clone(), signature: String::new() };
    doc.sign(&plant.keys.authority);
    doc.save(&path).unwrap();
    let store = plant.folder.path().join("seen.redb");
    let at = KeysAt { file: None, authority: None, store: &store };
    drop(Keys::find(plant.path(), &plant.site, at).unwrap());
    std::fs::remove_file(&path).unwrap();
    if !defended.up {
        std::fs::remove_file(&store).unwrap();
    }
    let keys = match Keys::find(plant.path(), &plant.site, at) {
        Ok(keys) => keys,
        Err(why) => {
            assert!(matches!(why, KeysError::Missing { version: 1, .. }), "{why}");
            return Outcome::Stopped("Pollux does not begin: there was a registry, and it is gone".to_owned());
        }
    };
    let mut viewer = Viewer::start(&defended, &plant, defended.broker.port, keys);
    let mut attacker = Client::connect(defended.broker.port);
    let lie = Message::new(&plant.at("pump/speed"), &says(LIE), None);
    viewer.until_shown("pump/speed", LIE, || attacker.publish(&lie));
    Outcome::succeeded(format!("{LIE} was shown as {}", viewer.reading("pump/speed").standing.label()))
}

fn rollback(defended: Defended<'_>) -> Outcome {
    let (mut plant, before, after, key) = revoked();
    before.save(&plant.folder.path().join("keys.ron")).unwrap();
    plant.docs.clone_from(&after.keys);
    begin(defended, plant, after, &key)
}

fn forged(defended: Defended<'_>) -> Outcome {
    let (plant, key) = (Plant::new(), SecretKey::generate());
    let mut doc = KeysDoc { version: 1, issued: date_in_secs(-30), keys: plant.docs.clone(), signature: String::new() };
    let seen = {
        let mut seen = doc.clone();
        seen.sign(&plant.keys.authority);
        seen
    };
    doc.version = 2;
    doc.keys.push(KeyDoc::new("pump", KeyRole::Device, key.public()));
    doc.sign(&SecretKey::generate());
    doc.save(&plant.folder.path().join("keys.ron")).unwrap();
    begin(defended, plant, seen, &key)
}

fn edited(defended: Defended<'_>) -> Outcome {
    let (mut plant, _, after, key) = revoked();
    plant.docs.clone_from(&after.keys);
    let mut cut = after.clone();
    cut.keys.iter_mut().for_each(|it| it.revoked = None);
    cut.save(&plant.folder.path().join("keys.ron")).unwrap();
    begin(defended, plant, after, &key)
}
