//! A bundle of evidence proves itself wherever it is, against whoever made it, too.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pollux::link::{self, Arrival, Properties};
use pollux::session::evidence::{BundleFault, BundleReport, Evidence, check};
use pollux::session::export::ExportSource;
use pollux::session::recording::{About, AuditDoc, Item, Recording, SealWith, SessionWriter, site_files, unpack_site};
use pollux::session::{Existing, Progress};
use pollux::trust::seals::SessionId;
use pollux::trust::{BESIDE_TYPE, KeyDoc, KeyRole, Pen, REGISTRY_FILE, Registry, SIGNATURE_PROPERTY, SecretKey};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::harness::load;
use crate::seals::{at, look, pollux, recorded};

/// A bundle of a part of a session, with a picture, a registry and verdicts.
fn bundled(folder: &Path, recorder: &SecretKey, maker: &SecretKey) -> PathBuf {
    let (path, out) = (folder.join("a.mcap"), folder.join("bundle.mcap"));
    recorded(&path, recorder, false);
    let recording = Recording::open(&path).unwrap();
    let site_path = unpack_site(&recording, folder).unwrap().unwrap();
    let source = ExportSource {
        recording: recording.into(),
        site: load(&site_path).0,
        site_path,
        key: Some(maker.clone()),
        more_files: Vec::new(),
    };
    let evidence = Evidence {
        range: (at(18), at(25)),
        pictures: vec![("shown.png".to_owned(), vec![7; 3000])],
        registry: Some(b"(version: 1)".to_vec()),
        verdicts: Some(b"[]".to_vec()),
    };
    let done = evidence.to_file(&source, &out, Existing::Keep, &Progress::default()).unwrap();
    assert_eq!((done.count, done.findings), (8, Vec::new()));
    out
}

#[test]
fn an_evidence_bundle_proves_on_another_machine_what_was_first_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let (recorder, maker) = (SecretKey::generate(), SecretKey::generate());
    let bundle = bundled(folder.path(), &recorder, &maker);
    // Nothing of where it was made is needed.
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = elsewhere.path().join("b.mcap");
    fs::rename(&bundle, &moved).unwrap();
    drop(folder);
    let report = check(&moved, Some(recorder.public())).unwrap().unwrap();
    assert!(report.is_good(), "{report:#?}");
    let manifest = report.manifest.unwrap();
    assert_eq!(manifest.source.recorder, recorder.public().to_string());
    // The head, the first chunk, which tells of the channel, and those of the range.
    assert_eq!(manifest.stretches, [(0, 1), (19, 26)]);
    assert!(look(&fs::read(&moved).unwrap(), &maker).is_good());
    let recording = Recording::open(&moved).unwrap();
    assert_eq!(recording.span(), Some((at(18), at(25))));
    assert!(recording.findings.is_empty() && recording.attachments().any(|it| it.0 == "evidence/pictures/shown.png"));

    let keys = [recorder.public().to_string(), maker.public().to_string()];
    let (code, said) = pollux(&["verify", "b.mcap", "--key", &keys[0], "--maker", &keys[1]], elsewhere.path());
    assert!(code == 0 && said.contains("evidence:   as it was first recorded"), "{said}");
    assert!(said.contains(&format!("recorded: sealed by {}, the key that was given", keys[0])), "{said}");
    let (code, said) = pollux(&["verify", "b.mcap", "--key", &keys[1]], elsewhere.path());
    assert!(code == 1 && said.contains("NOT AS IT WAS FIRST RECORDED"), "{said}");

    // Any byte that is changed is found.
    let bytes = fs::read(&moved).unwrap();
    let mut random = StdRng::seed_from_u64(11);
    for _ in 0..300 {
        let mut changed = bytes.clone();
        let place = random.random_range(0..bytes.len());
        changed[place] ^= 1 << random.random_range(0..8);
        assert!(!look(&changed, &maker).is_good(), "byte {place}");
    }
}

/// What a session holds, in its order.
fn held(recording: &Recording) -> (Vec<Arrival>, Vec<AuditDoc>) {
    let (mut messages, mut audits) = (Vec::new(), Vec::new());
    for item in (0..recording.n_chunks()).flat_map(|it| recording.items(it).0) {
        match item {
            Item::Message(arrival) => messages.push(arrival),
            Item::Audit(audit) => audits.push(audit),
            Item::Keyframe(_) | Item::Keys(_) => (),
        }
    }
    (messages, audits)
}

#[test]
fn who_makes_a_bundle_cannot_change_what_was_first_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let (recorder, maker) = (SecretKey::generate(), SecretKey::generate());
    let bundle = Recording::open(&bundled(folder.path(), &recorder, &maker)).unwrap();
    let files = bundle.files().unwrap();
    let (messages, audits) = held(&bundle);
    assert_eq!((messages.len(), audits.len()), (8, 1));
    // The maker's own key seals whatever he likes.
    let remade = |files: &[(String, Vec<u8>)], messages: &[Arrival], audits: &[AuditDoc]| -> BundleReport {
        let path = folder.path().join("remade.mcap");
        let seal = SealWith { key: maker.clone(), session: SessionId::new(), clock: link::now };
        let mut writer = SessionWriter::sealed(File::create(&path).unwrap(), &About::default(), files, seal).unwrap();
        for message in messages {
            writer.message(message).unwrap();
        }
        for audit in audits {
            writer.audit(audit).unwrap();
        }
        writer.finish().unwrap();
        assert!(look(&fs::read(&path).unwrap(), &maker).is_good());
        check(&path, Some(recorder.public())).unwrap().unwrap()
    };
    let control = remade(&files, &messages, &audits);
    assert!(control.is_good(), "{control:#?}");

    let mut forged = messages.clone();
    forged[3].payload = r#"{"speed": 1.0, "running": true, "set": 900}"#.into();
    assert_eq!(remade(&files, &forged, &audits).faults, [BundleFault::OtherMessages { n: 3 }]);
    assert_eq!(remade(&files, &messages[..6], &audits).faults, [BundleFault::LeftOut]);
    assert_eq!(remade(&files, &messages, &[]).faults, [BundleFault::OtherAudits]);
    let named = |name: &str| files.iter().position(|it| it.0 == name).unwrap();
    let mut other = files.clone();
    other[named("evidence/pictures/shown.png")].1[5] ^= 1;
    other.push(("evidence/more.txt".to_owned(), vec![1]));
    let changed = BundleFault::Changed("evidence/pictures/shown.png".to_owned());
    let unlisted = BundleFault::Unlisted("evidence/more.txt".to_owned());
    assert_eq!(remade(&other, &messages, &audits).faults, [changed, unlisted]);
    let mut other = files.clone();
    let original = &mut other[named("evidence/original.mcap")].1;
    let middle = original.len() - 700;
    original[middle] ^= 1;
    let told = remade(&other, &messages, &audits);
    assert!(!told.original.as_ref().unwrap().breaks.is_empty() && !told.is_good(), "{told:#?}");
}

/// A session of a pump that signs: second by second, but for the third, which somebody else said, and the fifth, which came twice.
fn signed(folder: &Path, recorder: &SecretKey, authority: &SecretKey) -> PathBuf {
    let (site_path, path) = (folder.join("site.ron"), folder.join("signed.mcap"));
    let text = r#"(name: "Signed", place: (latitude: 0, longitude: 0), twins: [
        (id: "p1", kind: Asset, device: (id: "p1", signing: Required), signals: [(id: "v", topic: "p1", path: "/v")])])"#;
    fs::write(&site_path, text).unwrap();
    let site = load(&site_path).0;
    let mut pen = Pen::new(SecretKey::generate(), 1);
    let keys = vec![KeyDoc::new("p1", KeyRole::Device, pen.key())];
    let registry = Registry::made(keys, at(0), authority);
    let mut files = site_files(&site, text.as_bytes()).unwrap();
    files.push((REGISTRY_FILE.to_owned(), registry.doc().to_ron().into_bytes()));
    let seal = SealWith { key: recorder.clone(), session: SessionId::new(), clock: link::now };
    let about = About { site: "Signed".to_owned(), began: at(0), ..About::default() };
    let mut writer = SessionWriter::sealed(File::create(&path).unwrap(), &about, &files, seal).unwrap();
    for secs in 0..9 {
        let payload = format!(r#"{{"v": {secs}}}"#);
        let signature = pen.sign(BESIDE_TYPE, "p1", at(secs), payload.as_bytes());
        let user = if secs == 3 { Vec::new() } else { vec![(SIGNATURE_PROPERTY.to_owned(), signature)] };
        let arrival = Arrival {
            topic: "p1".into(),
            payload: payload.into(),
            received: at(secs),
            retained: false,
            correlation: None,
            properties: Some(Box::new(Properties { user, ..Properties::default() })),
        };
        writer.message(&arrival).unwrap();
        if secs == 5 {
            writer.message(&Arrival { received: at(secs) + Duration::from_millis(300), ..arrival }).unwrap();
        }
    }
    writer.finish().unwrap();
    path
}

#[test]
fn a_bundle_holds_the_keys_and_what_verifying_its_values_says_and_both_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let [recorder, authority, stranger] = [(); 3].map(|()| SecretKey::generate());
    signed(folder.path(), &recorder, &authority);
    let (code, said) = pollux(&["evidence", "signed.mcap", "--out", "b.mcap"], folder.path());
    assert!(code == 0, "{said}");
    let report = check(&folder.path().join("b.mcap"), Some(recorder.public())).unwrap().unwrap();
    assert!(report.is_good(), "{report:#?}");
    let keys = report.keys.unwrap();
    assert_eq!((keys.version, keys.authority, keys.fault), (1, Some(authority.public()), None));
    let verdicts = report.verdicts.unwrap();
    assert_eq!(verdicts.registry, Some((1, authority.public().to_string())));
    let pump = &verdicts.devices["p1"];
    assert_eq!(pump.passed["verified"], 8, "{verdicts:#?}");
    assert_eq!((pump.refused["not signed"], pump.refused["replayed"]), (1, 1), "{verdicts:#?}");
    let reasons: Vec<&str> = verdicts.refused.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(reasons, ["not signed", "replayed"]);

    // A part begins with what had been heard before it.
    let part = ["evidence", "signed.mcap", "--from", &at(5).to_string(), "--out", "part.mcap"];
    assert_eq!(pollux(&part, folder.path()).0, 0);
    let report = check(&folder.path().join("part.mcap"), Some(recorder.public())).unwrap().unwrap();
    assert_eq!(report.verdicts.unwrap().devices["p1"].to_string(), "4 verified, 1 refused (1 replayed)");

    let verify = |more: &[&str]| {
        let key = recorder.public().to_string();
        pollux(&[&["verify", "b.mcap", "--key", &key], more].concat(), folder.path())
    };
    let (code, said) = verify(&[]);
    assert!(
        code == 0 && said.contains("keys:     version 1, signed by") && said.contains("nobody vouched for"),
        "{said}"
    );
    assert!(said.contains("      p1: 8 verified, 2 refused (1 not signed, 1 replayed), 1 never came"), "{said}");
    let (code, said) = verify(&["--authority", &authority.public().to_string()]);
    assert!(code == 0 && said.contains("the authority that was given"), "{said}");
    let (code, said) = verify(&["--authority", &stranger.public().to_string()]);
    assert!(code == 1 && said.contains("WORTH NOTHING"), "{said}");
    let (_, said) = verify(&["--json"]);
    let told: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(told["evidence"]["verdicts"]["devices"]["p1"]["passed"]["verified"], 8, "{said}");
}
