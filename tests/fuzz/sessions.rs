//! A session's file, as anybody may have made it: it is opened as far as it is whole, and nothing leads out of its folder.

use std::borrow::Cow;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mcap::{Attachment, MessageStream, WriteOptions};

use super::{Target, words};
use crate::link::{Arrival, Properties};
use crate::session::recording::{
    About, Entry, Item, Recorder, RecorderOptions, Recording, SessionWriter, site_files, unpack_site,
};
use crate::session::{Fold, Follower};
use crate::signal::Timestamp;
use crate::site::{Ids, Site, load};
use crate::trust::{BESIDE_TYPE, KeyDoc, KeyRole, Pen, Registry, SIGNATURE_PROPERTY, SecretKey};

const BEGAN: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);
const SITE: &str = "(name: \"T\", place: (latitude: 0, longitude: 0), twins: [\
    (id: \"p\", kind: Asset, device: (id: \"p\", signing: Required), signals: [(id: \"v\", topic: \"t/p\", path: \"/v\")]),\
    (id: \"q\", kind: Asset, signals: [(id: \"v\", topic: \"t/q\"), (id: \"on\", topic: \"t/on\", is: Flag)])])";
const WORDS: &[&str] = &[
    "pollux",
    "pollux/keyframe",
    "pollux/audit",
    "pollux/properties",
    "pollux/more",
    "pollux/keys",
    "pollux/columns",
    "pollux/seal",
    "site/site.ron",
    "site/../../evil",
    "site//evil",
    "keys.ron",
    "retained",
    "user:pollux-sig",
    "\u{89}MCAP0\r\n",
    "{",
    "}",
    "\"v\":1",
    "\"since\":",
    "null",
    "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}",
    "\u{6}",
    "\u{4}",
];

#[test]
fn no_session_brings_it_down_or_writes_beside_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("site.ron");
    fs::write(&place, SITE).unwrap();
    let site = load(&place, &mut Ids::default()).map_or_else(|error| panic!("{error}"), |it| Arc::new(it.site));
    let (live, packed) = recorded(&site, folder.path());
    let open = [laid_open(&live, folder.path()), laid_open(&packed, folder.path())];
    let path = folder.path().join("input.mcap");
    let inner = folder.path().join("a/b/c");
    let target = Target { name: "session", seeds: [&[live, packed][..], &open].concat(), words: WORDS };
    fs::write(&path, "").unwrap();
    let n_files = fs::read_dir(folder.path()).unwrap().count();
    target.run(|input| {
        fs::write(&path, input).unwrap();
        let said = match Recording::open(&path) {
            Ok(recording) => read(&recording, &site),
            Err(why) => words(&why.to_string()),
        };
        let Ok(recording) = Recording::open(&path) else { return said };
        fs::create_dir_all(&inner).unwrap();
        drop(unpack_site(&recording, &inner));
        for beside in ["a/b", "a", ""] {
            let n_beside = fs::read_dir(folder.path().join(beside)).unwrap().count();
            assert_eq!(n_beside, if beside.is_empty() { n_files + 1 } else { 1 }, "something was written beside");
        }
        fs::remove_dir_all(folder.path().join("a")).unwrap();
        said
    });
}

/// Reads all of it, as a replay does.
fn read(recording: &Recording, site: &Site) -> String {
    let mut said = words(&recording.findings.join(" "));
    let mut follower = Follower::of(recording, Fold::default(), site);
    let _seen = (recording.span(), recording.registry(), recording.payload_kinds());
    for chunk in 0..recording.n_chunks().min(100) {
        let (items, fault) = recording.items(chunk);
        drop(recording.audits(chunk));
        said += &fault.map(|it| words(&it.why)).unwrap_or_default();
        for item in items.into_iter().take(10_000) {
            match item {
                Item::Message(arrival) => drop(follower.take(&arrival)),
                Item::Keys(registry) => follower.set_registry(&registry),
                Item::Keyframe(doc) => said += if doc.v == 1 { "k" } else { "?" },
                other => said += &format!("{other:?}").chars().take(5).collect::<String>(),
            }
        }
    }
    let n_trusted = follower.fold().cells().iter().filter(|it| it.proof.key.is_some()).count();
    said + &n_trusted.to_string()
}

/// A session with all that there can be in one: as it is made, and packed.
fn recorded(site: &Arc<Site>, folder: &Path) -> (Vec<u8>, Vec<u8>) {
    let key = SecretKey::generate();
    let registry =
        || Registry::made(vec![KeyDoc::new("p", KeyRole::Device, key.public())], BEGAN, &SecretKey::generate());
    let mut pen = Pen::new(key.clone(), 1);
    let mut arrival = |n: u64, topic: &str, payload: &str| {
        let received = BEGAN + Duration::from_millis(n * 300);
        let signature = pen.sign(BESIDE_TYPE, topic, received, payload.as_bytes());
        let user = vec![(SIGNATURE_PROPERTY.to_owned(), signature)];
        let signed = (topic == "t/p").then(|| Box::new(Properties { user, ..Properties::default() }));
        Arrival {
            topic: topic.to_owned().into(),
            payload: payload.to_owned().into(),
            received,
            retained: n.is_multiple_of(7),
            correlation: None,
            properties: signed,
        }
    };
    let arrivals: Vec<Arrival> = (0..24)
        .flat_map(|n| {
            [
                arrival(n, "t/p", &format!("{{\"v\":{n}.5}}")),
                arrival(n, "t/q", &n.to_string()),
                arrival(n, "t/on", "on"),
            ]
        })
        .collect();
    let about = About { site: "T".to_owned(), began: BEGAN, ..About::default() };
    let files = site_files(site, SITE.as_bytes()).unwrap();
    let path = folder.join("live.mcap");
    let registry = Arc::new(registry());
    let options = RecorderOptions {
        path: path.clone(),
        about: about.clone(),
        files: files.clone(),
        registry: Some(Arc::clone(&registry)),
        ..RecorderOptions::default()
    };
    let recorder = Recorder::start(options).unwrap();
    for batch in arrivals.chunks(20) {
        recorder.entries.send(Entry::Keyframe(Fold::default(), Arc::clone(site))).unwrap();
        recorder.entries.send(Entry::Arrivals(Arc::new(batch.to_vec()))).unwrap();
        recorder.entries.send(Entry::Keys(Arc::clone(&registry))).unwrap();
    }
    drop(recorder);
    let mut packed = Vec::new();
    let mut writer = SessionWriter::new(&mut packed, &about, &files).unwrap().packed().unwrap();
    writer.keyframe(&Fold::default(), site).unwrap();
    for arrival in &arrivals {
        writer.message(arrival).unwrap();
    }
    writer.finish().unwrap();
    let packed_path = folder.join("packed.mcap");
    fs::write(&packed_path, &packed).unwrap();
    (fs::read(path).unwrap(), packed)
}

/// The same messages without compression and checksums, so that a change reaches what is within.
fn laid_open(session: &[u8], folder: &Path) -> Vec<u8> {
    let path = folder.join(if session.len().is_multiple_of(2) { "even.mcap" } else { "odd.mcap" });
    fs::write(&path, session).unwrap();
    let recording = Recording::open(&path).unwrap();
    let options = WriteOptions::new()
        .compression(None)
        .chunk_size(Some(600))
        .calculate_chunk_crcs(false)
        .calculate_data_section_crc(false)
        .calculate_summary_section_crc(false)
        .calculate_attachment_crcs(false);
    let mut out = Vec::new();
    let mut writer = options.create(Cursor::new(&mut out)).unwrap();
    for (name, data) in recording.files().unwrap() {
        let data = Cow::from(data);
        let media_type = String::new();
        writer.attach(&Attachment { log_time: 0, create_time: 0, name, media_type, data }).unwrap();
    }
    for message in MessageStream::new(session).unwrap() {
        writer.write(&message.unwrap()).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    fs::remove_file(path).unwrap();
    out
}
