//! Sessions and witnesses that vouch for themselves: whoever makes all of a thing makes what proves it, too.

use std::fs;
use std::io::Cursor;
use std::sync::Arc;

use super::plant::{LIE, TRUTH, says};
use super::sessions::{BEGAN, Made, SITE, look, made, truth};
use super::{Attack, Defended, Off, Outcome};
use crate::link::{self, Arrival, Properties};
use crate::session::Past;
use crate::session::recording::{About, Recording, SITE_ATTACHMENT, SealWith, SessionWriter, Warrant};
use crate::site::{Ids, load};
use crate::trust::seals::{Complete, SealHead, SessionId};
use crate::trust::witness::{Witnessed, open_witnessed, sign_checkpoint, sign_witnessed};
use crate::trust::{
    BESIDE_TYPE, KeyDoc, KeyRole, Pen, REGISTRY_FILE, Registry, SIGNATURE_PROPERTY, SecretKey, Trust, Vouchers,
};

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        id: "S10",
        name: "A good session is framed by a witness",
        technique: "T0872",
        tried: "A stranger makes a recorder and a witness, and has them say that a good session of another went on.",
        off: Off::Other("with the recorder's key stolen, and no witness named"),
        run: framed,
    },
    Attack {
        id: "S11",
        name: "A session is sealed anew, with a witness of one's own",
        technique: "T0859",
        tried: "Whoever has the recorder's key seals the session anew with another value, and brings a witness who was shown that.",
        off: Off::Other("without naming a witness"),
        run: own_witness,
    },
    Attack {
        id: "S12",
        name: "A session is forged whole",
        technique: "T0832",
        tried: "All of a session is made up: the site, the device's key, an authority that signs the registry, and the seals.",
        off: Off::Other("without knowing the plant's authority"),
        run: forged_whole,
    },
];

/// How far a session has come, as a witness signs it that is shown it by whoever has a recorder's key.
fn witnessed(head: &SealHead, recorder: &SecretKey, witness: &SecretKey) -> Witnessed {
    let head = SealHead { key: recorder.public(), ..head.clone() };
    let signed = sign_witnessed(&sign_checkpoint(&head, recorder), BEGAN, witness).unwrap();
    open_witnessed(&signed).unwrap()
}

fn framed(defended: Defended<'_>) -> Outcome {
    let (key, own, witness) = (SecretKey::generate(), SecretKey::generate(), SecretKey::generate());
    let Made { bytes, heads } = truth(Some((&key, SessionId::new())));
    let last = heads.last().unwrap();
    let further = SealHead { n: last.n + 50, messages: last.messages + 500, chain: [9; 32], ..last.clone() };
    let framed = witnessed(&further, if defended.up { &own } else { &key }, &witness);
    // Beside what the recorder did show.
    let shown = witnessed(last, &key, &SecretKey::generate());
    let vouchers = Vouchers { recorder: Some(key.public()), ..Vouchers::default() };
    let (report, sifted) = vouchers.verify(Cursor::new(&bytes), &[shown, framed]).unwrap();
    if report.complete() == Some(false) {
        assert!(!sifted.vouched);
        return Outcome::succeeded("it is said to be cut, by a witness whom nobody vouched for, as is said");
    }
    assert!(report.is_good() && report.other_recorders == [own.public()], "{report:#?}");
    Outcome::Stopped(
        "it stays unaltered and complete: what another key claims under its name is told beside it".to_owned(),
    )
}

fn own_witness(defended: Defended<'_>) -> Outcome {
    let (key, session) = (SecretKey::generate(), SessionId::new());
    let (honest, own) = (SecretKey::generate(), SecretKey::generate());
    let anew = made(Some((&key, session)), BEGAN, |secs| if secs == 4 { LIE } else { TRUTH });
    let brought = [witnessed(anew.heads.last().unwrap(), &key, &own)];
    let witnesses = if defended.up { vec![honest.public()] } else { Vec::new() };
    let vouchers = Vouchers { recorder: Some(key.public()), witnesses, registry: None };
    let (report, sifted) = vouchers.verify(Cursor::new(&anew.bytes), &brought).unwrap();
    if matches!(report.complete, Complete::Closed { witnessed: Some(_) }) {
        assert!(report.is_good() && !sifted.vouched);
        return Outcome::succeeded("it is good and witnessed, by one whom nobody vouched for, as is said");
    }
    assert!(report.complete == Complete::NotWitnessed && !report.is_good() && sifted.passed_over == [own.public()]);
    Outcome::Stopped("it is not witnessed: who says so is not the one who was named".to_owned())
}

fn forged_whole(defended: Defended<'_>) -> Outcome {
    let (plant, own, mut pen) = (SecretKey::generate(), SecretKey::generate(), Pen::new(SecretKey::generate(), 1));
    let text = SITE.replace("kind: Asset,", "kind: Asset, device: (id: \"tank\", signing: Required),");
    let folder = tempfile::tempdir().unwrap();
    let (site_path, path) = (folder.path().join("site.ron"), folder.path().join("a.mcap"));
    fs::write(&site_path, &text).unwrap();
    let site = Arc::new(load(&site_path, &mut Ids::default()).map_or_else(|error| panic!("{error}"), |it| it.site));
    let registry = Registry::made(vec![KeyDoc::new("tank", KeyRole::Device, pen.key())], BEGAN, &own);
    let files = [
        (SITE_ATTACHMENT.to_owned(), text.into_bytes()),
        (REGISTRY_FILE.to_owned(), registry.doc().to_ron().into_bytes()),
    ];
    let seal = SealWith { key: SecretKey::generate(), session: SessionId::new(), clock: link::now };
    let about = About { site: "Tank".to_owned(), began: BEGAN, ..About::default() };
    let mut writer = SessionWriter::sealed(Vec::new(), &about, &files, seal).unwrap();
    let signature = pen.sign(BESIDE_TYPE, "tank/level", BEGAN, &says(LIE));
    let user = vec![(SIGNATURE_PROPERTY.to_owned(), signature)];
    let arrival = Arrival {
        topic: "tank/level".into(),
        payload: says(LIE).into(),
        received: BEGAN,
        retained: false,
        correlation: None,
        properties: Some(Box::new(Properties { user, ..Properties::default() })),
    };
    writer.message(&arrival).unwrap();
    let bytes = writer.finish().unwrap();
    assert!(look(&bytes, None, &[]).is_good());
    fs::write(&path, bytes).unwrap();

    let known = if defended.up { vec![plant.public()] } else { Vec::new() };
    let recording = Arc::new(Recording::open(&path).unwrap().with_authorities(known));
    let state = Past::new(Arc::clone(&recording), Arc::clone(&site)).seek(BEGAN);
    let cell = state.get(site.signal_at("tank/level").unwrap().id).clone();
    if cell.proof.trust == Trust::Verified {
        assert!(recording.warrant() == Warrant::Own(own.public()) && recording.names_its_own_authority().is_some());
        return Outcome::succeeded(format!("{LIE} is verified, on the recording's own word, as is said"));
    }
    assert!(cell.proof.trust == Trust::Unsigned && !recording.refused_registries().is_empty());
    Outcome::Stopped(
        "its registry is refused: the plant's authority did not sign it; nothing is verified by it".to_owned(),
    )
}
