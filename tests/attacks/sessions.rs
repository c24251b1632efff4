//! Sessions on disk: whoever has the file changes what was, and makes all checksums anew.

use std::borrow::Cow;
use std::fs;
use std::io::Cursor;
use std::ops::Range;
use std::time::Duration;

use mcap::{Attachment, MessageStream, WriteOptions};

use super::plant::{LIE, TRUTH, says};
use super::{Attack, Defended, Off, Outcome};
use crate::link::{self, Arrival};
use crate::session::recording::{About, Item, Recording, SITE_ATTACHMENT, SealWith, SessionWriter};
use crate::session::{Fold, Follower};
use crate::signal::Timestamp;
use crate::site::{Ids, Site, load};
use crate::trust::SecretKey;
use crate::trust::seals::{Complete, Fault, Report, SEAL_OPCODE, SealHead, SealOptions, Sealing, SessionId, verify};

const SECS: u64 = 12;
pub(super) const BEGAN: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);
pub(super) const SITE: &str = "(name: \"Tank\", place: (latitude: 0, longitude: 0), twins: [(id: \"tank\", kind: Asset, signals: [\
    (id: \"level\", topic: \"tank/level\", path: \"/v\", range: (0, 2000))])])";
/// Opcodes of MCAP.
const CHUNK: u8 = 6;
const ATTACHMENT: u8 = 9;

const UNSEALED: Off = Off::Other("without seals");
const UNWITNESSED: Off = Off::Other("without a witness");

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        id: "S01",
        name: "A recorded value is changed",
        technique: "T0832",
        tried: "A value in a session's file is made another one, and the chunk packed anew with a good checksum.",
        off: UNSEALED,
        run: |it| tampered(it, changed_value, |it| it == Fault::Altered),
    },
    Attack {
        id: "S02",
        name: "A stretch of a session is taken out",
        technique: "T0872",
        tried: "A second of a session is cut out of its file, with its seal.",
        off: UNSEALED,
        run: |it| tampered(it, without_a_second, |it| it == Fault::Missing),
    },
    Attack {
        id: "S03",
        name: "A stretch of another session is put in",
        technique: "T0832",
        tried: "A second of another session of the same recorder is put in, with its good seal.",
        off: UNSEALED,
        run: put_in,
    },
    Attack {
        id: "S04",
        name: "The site within a session is changed",
        technique: "T0878",
        tried: "The site that a session carries gets another range, and a good checksum: what was out of range is not any more.",
        off: UNSEALED,
        run: changed_site,
    },
    Attack {
        id: "S05",
        name: "A session is written anew without its seals",
        technique: "T0832",
        tried: "All of a session is copied into a new file with another value, and without its seals.",
        off: UNSEALED,
        run: stripped,
    },
    Attack {
        id: "S06",
        name: "The end of a session is cut off",
        technique: "T0872",
        tried: "The last seconds of a session are cut off right behind a seal, as if the recorder had crashed.",
        off: UNWITNESSED,
        run: cut,
    },
    Attack {
        id: "S07",
        name: "A final seal of another session",
        technique: "T0872",
        tried: "The end is cut off, and the final seal of another session of the same recorder put in its place.",
        off: UNSEALED,
        run: other_end,
    },
    Attack {
        id: "S08",
        name: "A session is sealed anew by another key",
        technique: "T0832",
        tried: "A session with another value is sealed anew, with a key of one's own.",
        off: Off::Other("without knowing the recorder's key"),
        run: sealed_by_other,
    },
    Attack {
        id: "S09",
        name: "A session is sealed anew by the stolen key",
        technique: "T0859",
        tried: "Whoever stole the recorder's key seals the same session anew, with another value.",
        off: UNWITNESSED,
        run: sealed_by_stolen,
    },
];

/// A session of a tank, a chunk a second; with what the seals said on the way, where it is sealed.
pub(super) struct Made {
    pub(super) bytes: Vec<u8>,
    pub(super) heads: Vec<SealHead>,
}

fn site(folder: &tempfile::TempDir) -> Site {
    let path = folder.path().join("site.ron");
    fs::write(&path, SITE).unwrap();
    load(&path, &mut Ids::default()).map_or_else(|error| panic!("{error}"), |it| it.site)
}

/// What the tank says each second, but for one.
pub(super) fn made(seal: Option<(&SecretKey, SessionId)>, began: Timestamp, value_of: impl Fn(u64) -> f64) -> Made {
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder);
    let about = About { site: "Tank".to_owned(), began, ..About::default() };
    let files = [(SITE_ATTACHMENT.to_owned(), SITE.as_bytes().to_vec())];
    let mut bytes = Vec::new();
    let mut writer = match seal {
        None => SessionWriter::new(&mut bytes, &about, &files),
        Some((key, session)) => {
            let seal = SealWith { key: key.clone(), session, clock: link::now };
            SessionWriter::sealed(&mut bytes, &about, &files, seal)
        }
    }
    .unwrap();
    let mut follower = Follower::new(&site);
    let mut heads = Vec::new();
    for secs in 0..SECS {
        let arrival = Arrival {
            topic: "tank/level".into(),
            payload: says(value_of(secs)).into(),
            received: began + Duration::from_secs(secs),
            retained: false,
            correlation: None,
            properties: None,
        };
        follower.take(&arrival);
        writer.message(&arrival).unwrap();
        writer.keyframe(&follower.fold(), &site).unwrap();
        heads.extend(writer.seal_head());
    }
    writer.finish().unwrap();
    Made { bytes, heads }
}

pub(super) fn truth(seal: Option<(&SecretKey, SessionId)>) -> Made {
    made(seal, BEGAN, |_| TRUTH)
}

/// The records of a file: opcode and place.
fn records(bytes: &[u8]) -> Vec<(u8, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = mcap::MAGIC.len();
    while let Some(head) = bytes.get(at..at + 9) {
        let length = u64::from_le_bytes(head[1..].try_into().unwrap()) as usize;
        found.push((head[0], at..at + 9 + length));
        at += 9 + length;
    }
    found
}

/// The chunks that messages stand in, each with its seal where it has one.
fn chunks(bytes: &[u8]) -> Vec<Range<usize>> {
    let all = records(bytes);
    let ends = |at: usize| match all.get(at + 1) {
        Some((SEAL_OPCODE, seal)) => seal.end,
        _ => all[at].1.end,
    };
    let found = all.iter().enumerate().filter(|it| it.1.0 == CHUNK).map(|it| it.1.1.start..ends(it.0));
    // The first one holds channels alone.
    found.skip(1).collect()
}

/// A chunk's record with other contents.
fn edited_chunk(record: &[u8], edit: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Vec<u8> {
    // Start, end and size (8 bytes each), checksum (4), the compression's name, the size of what follows.
    let name = u32::from_le_bytes(record[37..41].try_into().unwrap()) as usize;
    let body = 41 + name + 8;
    let inner = edit(zstd::stream::decode_all(&record[body..]).unwrap());
    let packed = zstd::stream::encode_all(inner.as_slice(), 1).unwrap();
    let mut content = record[9..25].to_vec();
    content.extend_from_slice(&(inner.len() as u64).to_le_bytes());
    content.extend_from_slice(&crc32fast::hash(&inner).to_le_bytes());
    content.extend_from_slice(&record[37..41 + name]);
    content.extend_from_slice(&(packed.len() as u64).to_le_bytes());
    content.extend_from_slice(&packed);
    [&[CHUNK][..], &(content.len() as u64).to_le_bytes(), &content].concat()
}

/// The same length, so that no record's length must be told anew.
fn replaced(mut inner: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = inner.windows(from.len()).position(|it| it == from.as_bytes()).expect("it stands there");
    inner[at..at + to.len()].copy_from_slice(to.as_bytes());
    inner
}

fn changed_value(bytes: &[u8]) -> Vec<u8> {
    let fifth = chunks(bytes)[4].start;
    let chunk = records(bytes).into_iter().find(|it| it.1.start == fifth).unwrap().1;
    let edited = edited_chunk(&bytes[chunk.clone()], |it| replaced(it, "{\"v\": 1480}", "{\"v\":   66}"));
    [&bytes[..chunk.start], &edited, &bytes[chunk.end..]].concat()
}

fn without_a_second(bytes: &[u8]) -> Vec<u8> {
    let fifth = chunks(bytes)[4].clone();
    [&bytes[..fifth.start], &bytes[fifth.end..]].concat()
}

/// All messages and files in a new file, with good checksums and a good summary, but without what only this program writes.
fn remade(bytes: &[u8], value_of: impl Fn(usize) -> Option<f64>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mcap");
    fs::write(&path, bytes).unwrap();
    let files = Recording::open(&path).unwrap().files().unwrap();
    let mut out = Vec::new();
    let mut writer = WriteOptions::new().create(Cursor::new(&mut out)).unwrap();
    for (name, data) in files {
        let data = Cow::from(data);
        writer.attach(&Attachment { log_time: 0, create_time: 0, name, media_type: String::new(), data }).unwrap();
    }
    let messages = MessageStream::new(bytes).unwrap().map_while(Result::ok);
    for (at, mut message) in messages.filter(|it| it.channel.topic == "tank/level").enumerate() {
        if let Some(value) = value_of(at) {
            message.data = Cow::from(says(value));
        }
        writer.write(&message).unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    out
}

/// What a replay shows, second by second, and whether anything is said of damage.
fn replayed(bytes: &[u8]) -> (Vec<f64>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder);
    let path = folder.path().join("a.mcap");
    fs::write(&path, bytes).unwrap();
    let recording = Recording::open(&path).unwrap();
    let (mut values, mut said) = (Vec::new(), recording.findings.clone());
    let mut follower = Follower::of(&recording, Fold::default(), &site);
    for chunk in 0..recording.n_chunks() {
        let (items, fault) = recording.items(chunk);
        said.extend(fault.map(|it| it.to_string()));
        for item in items {
            if let Item::Message(arrival) = item {
                values.extend(follower.take(&arrival).into_iter().filter_map(|it| it.0.value.as_number()));
            }
        }
    }
    (values, said)
}

pub(super) fn look(bytes: &[u8], key: Option<&SecretKey>, witnessed: &[SealHead]) -> Report {
    let options = SealOptions { key: key.map(SecretKey::public), witnessed: witnessed.to_vec() };
    verify(Cursor::new(bytes), &options).unwrap()
}

/// A file that is sealed, or is not, and is changed: the seals tell it, or nothing does.
fn tampered(defended: Defended<'_>, tamper: fn(&[u8]) -> Vec<u8>, is_it: fn(Fault) -> bool) -> Outcome {
    if defended.up {
        let key = SecretKey::generate();
        let good = truth(Some((&key, SessionId::new()))).bytes;
        assert!(look(&good, Some(&key), &[]).is_good());
        return told(&look(&tamper(&good), Some(&key), &[]), is_it);
    }
    silent(&remade(&tamper(&truth(None).bytes), |_| None))
}

/// What the seals say must be what it should be.
#[track_caller]
fn told(report: &Report, is_it: fn(Fault) -> bool) -> Outcome {
    let found = report.breaks.iter().find(|it| is_it(it.fault)).unwrap_or_else(|| panic!("{report:#?}"));
    assert!(!report.unaltered() && !report.is_good());
    Outcome::Stopped(format!("NOT UNALTERED, with its place and time: {}", found.fault))
}

/// Nothing tells that a session was changed.
#[track_caller]
fn silent(bytes: &[u8]) -> Outcome {
    let (values, said) = replayed(bytes);
    assert!(said.is_empty(), "{said:?}");
    assert!(values.contains(&LIE) || values.len() < SECS as usize, "{values:?}");
    Outcome::succeeded("it is replayed as if it had been so, and nothing tells otherwise")
}

fn put_in(defended: Defended<'_>) -> Outcome {
    let key = SecretKey::generate();
    let between = BEGAN + Duration::from_millis(500);
    let seal = defended.up.then_some(&key);
    let good = truth(seal.map(|it| (it, SessionId::new()))).bytes;
    let other = made(seal.map(|it| (it, SessionId::new())), between, |_| LIE).bytes;
    let (fifth, foreign) = (chunks(&good)[4].clone(), chunks(&other)[4].clone());
    let mixed = [&good[..fifth.end], &other[foreign], &good[fifth.end..]].concat();
    if defended.up {
        return told(&look(&mixed, Some(&key), &[]), |it| it == Fault::OtherSession);
    }
    silent(&remade(&mixed, |_| None))
}

fn changed_site(defended: Defended<'_>) -> Outcome {
    let key = SecretKey::generate();
    let good = truth(defended.up.then(|| (&key, SessionId::new()))).bytes;
    let place = records(&good).into_iter().find(|it| it.0 == ATTACHMENT).unwrap().1;
    let mut record = replaced(good[place.clone()].to_vec(), "range: (0, 2000)", "range: (0, 9999)");
    // The last four bytes are the checksum of all between them and the record's length.
    let end = record.len() - 4;
    let crc = crc32fast::hash(&record[9..end]);
    record[end..].copy_from_slice(&crc.to_le_bytes());
    let changed = [&good[..place.start], &record, &good[place.end..]].concat();
    if defended.up {
        return told(&look(&changed, Some(&key), &[]), |it| it == Fault::Altered);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mcap");
    fs::write(&path, &changed).unwrap();
    let recording = Recording::open(&path).unwrap();
    let site = recording.attachment(SITE_ATTACHMENT).unwrap().unwrap();
    assert!(recording.findings.is_empty() && String::from_utf8(site).unwrap().contains("9999"));
    Outcome::succeeded("it is replayed with the other range, and nothing tells otherwise")
}

fn stripped(defended: Defended<'_>) -> Outcome {
    let key = SecretKey::generate();
    let good = truth(defended.up.then(|| (&key, SessionId::new()))).bytes;
    let anew = remade(&good, |at| (at == 4).then_some(LIE));
    if !defended.up {
        return silent(&anew);
    }
    let report = look(&anew, Some(&key), &[]);
    assert!(report.sealing == Sealing::None && !report.unaltered());
    Outcome::Stopped("NOT UNALTERED: there is no seal in it".to_owned())
}

fn cut(defended: Defended<'_>) -> Outcome {
    let key = SecretKey::generate();
    let Made { bytes, heads } = truth(Some((&key, SessionId::new())));
    let left = &bytes[..chunks(&bytes)[6].end];
    let witnessed = if defended.up { &heads[9..10] } else { &[] };
    let report = look(left, Some(&key), witnessed);
    assert!(report.unaltered(), "what is left is as it was: {report:#?}");
    match report.complete {
        Complete::Cut { .. } => Outcome::Stopped("NOT COMPLETE: a witness had been shown more".to_owned()),
        Complete::Unknown { witnessed: None } => {
            Outcome::succeeded("whether it is complete is said to be unknown, as it is")
        }
        other => panic!("{other:?}"),
    }
}

fn other_end(defended: Defended<'_>) -> Outcome {
    let key = SecretKey::generate();
    if !defended.up {
        let bytes = truth(None).bytes;
        return silent(&remade(&bytes[..chunks(&bytes)[6].end], |_| None));
    }
    let [good, other] = [(), ()].map(|()| truth(Some((&key, SessionId::new()))).bytes);
    let last = chunks(&other).last().unwrap().end;
    let forged = [&good[..chunks(&good)[6].end], &other[last..]].concat();
    told(&look(&forged, Some(&key), &[]), |_| true)
}

fn sealed_by_other(defended: Defended<'_>) -> Outcome {
    let (key, own, session) = (SecretKey::generate(), SecretKey::generate(), SessionId::new());
    let anew = made(Some((&own, session)), BEGAN, |secs| if secs == 4 { LIE } else { TRUTH }).bytes;
    let report = look(&anew, defended.up.then_some(&key), &[]);
    if report.is_good() {
        return Outcome::succeeded("it is good, by a key that nobody vouched for, as is said");
    }
    assert!(matches!(report.sealing, Sealing::ByOther { .. }), "{report:#?}");
    Outcome::Stopped("SEALED BY ANOTHER KEY than the recorder's".to_owned())
}

fn sealed_by_stolen(defended: Defended<'_>) -> Outcome {
    let (key, session) = (SecretKey::generate(), SessionId::new());
    let heads = truth(Some((&key, session))).heads;
    let anew = made(Some((&key, session)), BEGAN, |secs| if secs == 4 { LIE } else { TRUTH }).bytes;
    let witnessed = if defended.up { &heads[9..10] } else { &[] };
    let report = look(&anew, Some(&key), witnessed);
    if report.is_good() {
        return Outcome::succeeded("it is good: nobody but a witness can tell");
    }
    told(&report, |it| it == Fault::NotTheWitnessed)
}
