//! A sealed session tells what was changed in it, and where; and a witness tells that its end is gone.

use std::fs::{self, File};
use std::io::Cursor;
use std::iter;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use pollux::link::{self, Arrival, LinkOptions, Publish};
use pollux::session::export::{Export, ExportSource, Format};
use pollux::session::recording::{
    About, AuditDoc, RecorderOptions, Recording, SITE_ATTACHMENT, SealWith, SessionWriter, site_files, unpack_site,
};
use pollux::session::witness::{Witness, WitnessOptions, WitnessTold, witnessed_filter};
use pollux::session::{Existing, Follower, Progress, SessionPlugin, checkpoint_topic};
use pollux::signal::Timestamp;
use pollux::trust::SecretKey;
use pollux::trust::seals::{Complete, Fault, Report, SEAL_OPCODE, SealHead, SealOptions, Sealing, SessionId, verify};
use pollux::trust::witness::{
    Doubt, WitnessLineDoc, open_witnessed, read_witness_file, sign_checkpoint, sign_witnessed,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use crate::harness::{Mosquitto, TestTwin, load, number, site_path, wait_until};

const BEGAN: i64 = 1_800_000_000;
const SECS: i64 = 40;
/// What is waited for must come by then.
const DEADLINE: Duration = Duration::from_secs(20);
/// The opcodes of chunks and of the record that ends the data.
const CHUNK: u8 = 6;
const DATA_END: u8 = 15;

pub(crate) fn at(secs: i64) -> Timestamp {
    Timestamp::from_nanos((BEGAN + secs) * 1_000_000_000)
}

/// A session of a pump: a chunk a second, its seal, what was asked, the site. Returns what the seals said on the way, too.
pub(crate) fn recorded(path: &Path, key: &SecretKey, packed: bool) -> Vec<SealHead> {
    let site_file = site_path("bench_pump");
    let site = load(&site_file).0;
    let files = site_files(&site, &fs::read(&site_file).unwrap()).unwrap();
    let about = About { began: at(0), ..About::default() };
    let seal = SealWith { key: key.clone(), session: SessionId::new(), clock: link::now };
    let mut writer = SessionWriter::sealed(File::create(path).unwrap(), &about, &files, seal).unwrap();
    if packed {
        writer = writer.packed().unwrap();
    }
    let mut follower = Follower::new(&site);
    let mut heads = vec![writer.seal_head().unwrap()];
    for secs in 0..SECS {
        let payload = format!(r#"{{"speed": {}.5, "running": true, "set": 900}}"#, 900 + secs);
        let arrival = Arrival {
            topic: "bench/pump/state".into(),
            payload: payload.into(),
            received: at(secs),
            retained: false,
            correlation: None,
            properties: None,
        };
        follower.take(&arrival);
        writer.message(&arrival).unwrap();
        if secs == 20 {
            let asked =
                AuditDoc { at: at(20).as_nanos(), command: "bench.pump/start".to_owned(), ..AuditDoc::default() };
            writer.audit(&asked).unwrap();
        }
        writer.keyframe(&follower.fold(), &site).unwrap();
        heads.push(writer.seal_head().unwrap());
    }
    writer.finish().unwrap();
    heads
}

/// The records of a file: opcode and place.
fn records(bytes: &[u8]) -> Vec<(u8, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 8;
    while let Some(head) = bytes.get(at..at + 9) {
        let length = u64::from_le_bytes(head[1..].try_into().unwrap()) as usize;
        found.push((head[0], at..at + 9 + length));
        at += 9 + length;
    }
    found
}

/// The chunks that messages stand in, each with its seal.
fn sealed_chunks(bytes: &[u8]) -> Vec<Range<usize>> {
    let all = records(bytes);
    let pairs = all.windows(2).filter(|it| (it[0].0, it[1].0) == (CHUNK, SEAL_OPCODE));
    // The first one holds channels alone and belongs to the head.
    pairs.map(|it| it[0].1.start..it[1].1.end).skip(1).collect()
}

pub(crate) fn look(bytes: &[u8], key: &SecretKey) -> Report {
    verify(Cursor::new(bytes), &SealOptions { key: Some(key.public()), witnessed: Vec::new() }).unwrap()
}

/// A session in memory, and its key.
fn made(packed: bool) -> (Vec<u8>, SecretKey, Vec<SealHead>) {
    let folder = tempfile::tempdir().unwrap();
    let (path, key) = (folder.path().join("a.mcap"), SecretKey::generate());
    let heads = recorded(&path, &key, packed);
    (fs::read(path).unwrap(), key, heads)
}

#[track_caller]
fn check(bytes: &[u8], key: &SecretKey, fault: Fault, stretch: Option<u64>) -> Report {
    let report = look(bytes, key);
    let [found] = &report.breaks[..] else { panic!("{:#?}", report.breaks) };
    assert_eq!((found.fault, found.stretches), (fault, stretch.map(|it| (it, it))), "{found}");
    assert!(!report.is_good());
    report
}

#[test]
fn a_sealed_session_is_good_and_every_other_reader_takes_it_as_before() {
    for packed in [false, true] {
        let (bytes, key, heads) = made(packed);
        let report = look(&bytes, &key);
        assert!(report.is_good(), "{report:#?}");
        assert_eq!((report.sealing, report.messages), (Sealing::ByGiven(key.public()), SECS as u64));
        assert_eq!(report.complete, Complete::Closed { witnessed: None });
        assert_eq!(report.head.as_ref().unwrap().n, heads.last().unwrap().n + 1);
        assert_eq!(report.span, Some((at(0), at(SECS - 1))));

        // MCAP's own library reads summary and messages, and the summary's checksum is right.
        let summary = mcap::Summary::read(&bytes).unwrap().unwrap();
        assert_eq!(summary.chunk_indexes.len(), sealed_chunks(&bytes).len() + 1);
        assert!(mcap::MessageStream::new(&bytes).unwrap().all(|it| it.is_ok()));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mcap");
        fs::write(&path, &bytes).unwrap();
        let recording = Recording::open(&path).unwrap();
        assert!(recording.findings.is_empty(), "{:?}", recording.findings);
        assert_eq!(recording.about["recorder"], key.public().to_string());
        assert_eq!(recording.about["session"], report.session.unwrap().to_string());
        assert!(recording.attachments().any(|it| it.0 == SITE_ATTACHMENT));
        assert_eq!(recording.counts["bench/pump/state"], SECS as u64);
    }
}

#[test]
fn any_one_of_a_thousand_flipped_bytes_is_found_at_its_place() {
    let (bytes, key, _) = made(false);
    let ends = records(&bytes);
    let data_end = ends.iter().find(|it| it.0 == DATA_END).unwrap().1.start;
    let chunks = sealed_chunks(&bytes);
    let seal = ends.iter().find(|it| it.0 == SEAL_OPCODE && it.1.start > bytes.len() / 3).unwrap().1.clone();
    let mut random = StdRng::seed_from_u64(7);
    let mut places: Vec<usize> = (0..1000).map(|_| random.random_range(0..bytes.len())).collect();
    // Most of a small file is its site: the other parts are looked at for sure.
    places.extend(0..30);
    places.extend(chunks[3].clone().step_by(3));
    places.extend(seal.step_by(3));
    places.extend((data_end..bytes.len()).step_by(7));
    places.extend(bytes.len() - 40..bytes.len());
    let first = chunks[0].start;
    for place in places {
        let mut changed = bytes.clone();
        changed[place] ^= 1 << random.random_range(0..8);
        let report = look(&changed, &key);
        assert!(!report.unaltered() && !report.is_good(), "byte {place}");
        let [found] = &report.breaks[..] else { panic!("byte {place}: {:#?}", report.breaks) };
        assert!((found.from..found.to).contains(&(place as u64)), "byte {place}: {found}");
        if place >= first && place < data_end {
            assert!(found.to - found.from < 1500, "byte {place}: {found}");
        }
    }
}

#[test]
fn a_chunk_that_is_taken_out_put_in_swapped_or_doubled_is_told_by_its_number_and_time() {
    let (bytes, key, _) = made(false);
    let chunks = sealed_chunks(&bytes);
    let (fifth, sixth) = (chunks[4].clone(), chunks[5].clone());
    let deleted = [&bytes[..fifth.start], &bytes[fifth.end..]].concat();
    let report = check(&deleted, &key, Fault::Missing, Some(5));
    assert_eq!(report.complete, Complete::Missing { stretches: 1 });
    assert_eq!(report.breaks[0].span, Some((at(3), at(5))));

    let swapped = [&bytes[..fifth.start], &bytes[sixth.clone()], &bytes[fifth.clone()], &bytes[sixth.end..]].concat();
    check(&swapped, &key, Fault::Moved, Some(5));
    let doubled = [&bytes[..sixth.end], &bytes[fifth.clone()], &bytes[sixth.end..]].concat();
    check(&doubled, &key, Fault::Repeated, Some(5));

    // A chunk of another session: without its seal, with it, and of one that another key has sealed.
    for (other, fault) in [(&key, Fault::OtherSession), (&SecretKey::generate(), Fault::OtherKey)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.mcap");
        recorded(&path, other, false);
        let strange = fs::read(path).unwrap();
        let foreign = sealed_chunks(&strange)[4].clone();
        let inserted = [&bytes[..fifth.end], &strange[foreign.clone()], &bytes[fifth.end..]].concat();
        check(&inserted, &key, fault, None);
        let chunk = records(&strange).into_iter().find(|it| it.1.start == foreign.start).unwrap().1;
        let bare = [&bytes[..fifth.end], &strange[chunk], &bytes[fifth.end..]].concat();
        check(&bare, &key, Fault::PutIn, None);
    }
    let mut changed = bytes.clone();
    changed[fifth.start + 60] ^= 1;
    let report = check(&changed, &key, Fault::Altered, Some(5));
    assert_eq!(report.breaks[0].span, Some((at(4), at(4))));
}

#[test]
fn a_cut_end_is_unknown_alone_and_told_with_a_witness() {
    let (bytes, key, heads) = made(false);
    let chunks = sealed_chunks(&bytes);
    let witness = SealOptions { key: None, witnessed: vec![heads[30].clone()] };
    for cut in [chunks[20].end, chunks[20].end + 5, chunks[20].end + 150, chunks[21].end - 3] {
        let alone = look(&bytes[..cut], &key);
        assert!(alone.unaltered() && alone.complete().is_none() && !alone.is_good(), "{cut}: {alone:#?}");
        assert!(alone.complete.to_string().contains("without a witness nobody can tell"), "{}", alone.complete);
        let told = verify(Cursor::new(&bytes[..cut]), &witness).unwrap();
        let Complete::Cut { ends_at: Some(21), witnessed: 30, messages: 9, .. } = told.complete else {
            panic!("{:?}", told.complete)
        };
        assert_eq!(told.complete(), Some(false));
    }
    let whole = verify(Cursor::new(&bytes), &witness).unwrap();
    assert_eq!(whole.complete, Complete::Closed { witnessed: Some(30) });
    // An end that someone else made does not make it whole.
    let tail = bytes.len() - 37;
    let forged = [&bytes[..chunks[20].end], &bytes[tail..]].concat();
    assert!(!look(&forged, &key).unaltered());
}

#[test]
fn a_part_of_a_session_is_sealed_anew_and_names_what_it_was_cut_from() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("a.mcap"), folder.path().join("b.mcap"));
    let (key, exporter) = (SecretKey::generate(), SecretKey::generate());
    let heads = recorded(&path, &key, false);
    let recording = Recording::open(&path).unwrap();
    let site_path = unpack_site(&recording, folder.path()).unwrap().unwrap();
    for format in [Format::Mcap, Format::Packed] {
        let source = ExportSource {
            recording: Recording::open(&path).unwrap().into(),
            site: load(&site_path).0,
            site_path: site_path.clone(),
            key: Some(exporter.clone()),
            more_files: Vec::new(),
        };
        let export = Export { range: (at(5), at(30)), only: String::new(), format };
        export.to_file(&source, &out, Existing::Replace, &Progress::default()).unwrap();
        let report = look(&fs::read(&out).unwrap(), &exporter);
        assert!(report.is_good() && report.messages == 26, "{report:#?}");
        let about = Recording::open(&out).unwrap().about;
        let last = heads.last().unwrap();
        assert_eq!(
            (&about["cut_from_session"], &about["recorder"]),
            (&last.session.to_string(), &exporter.public().to_string())
        );
        assert!(last.to_string().ends_with(&about["cut_from_chain"]), "{last}");
        assert_ne!(about["session"], last.session.to_string());
    }
}

#[test]
fn a_witness_signs_what_a_recorder_shows_and_finds_a_cut_end_and_a_second_history() {
    let broker = Mosquitto::start();
    let folder = tempfile::tempdir().unwrap();
    let (file, notes) = (folder.path().join("run.mcap"), folder.path().join("witness.jsonl"));
    let (recorder, own) = (SecretKey::generate(), SecretKey::generate());
    let (site, ids) = load(&site_path("bench_pump"));
    let link = |client_id: &str| LinkOptions {
        url: broker.url().parse().unwrap(),
        client_id: client_id.to_owned(),
        filters: Vec::new(),
        arrivals_capacity: 16,
        allow_insecure: false,
        login: None,
        tls: None,
        will: None,
    };
    let options = WitnessOptions {
        site: site.topic_name(),
        link: link("witness"),
        key: own.clone(),
        file: notes.clone(),
        except: None,
    };
    let witness = Witness::start(options.clone()).unwrap();
    let signed = |witness: &Witness| {
        let told = witness.told.recv_timeout(DEADLINE).unwrap();
        let WitnessTold::Signed(it) = told else { panic!("{told:?}") };
        *it
    };

    let options_of = RecorderOptions { path: file.clone(), key: Some(recorder.clone()), ..RecorderOptions::default() };
    let session = SessionPlugin::new(site_path("bench_pump"), site.clone(), ids)
        .with_broker(broker.url().parse().unwrap())
        .with_recorder(options_of);
    let mut twin = TestTwin::of(session);
    twin.until("the witness has signed", |_| witness.n_signed() > 0);
    let first = signed(&witness);
    assert_eq!((first.head.key, first.witness), (recorder.public(), own.public()));
    for speed in [100.0, 200.0] {
        twin.until("the value is there", |it| {
            broker.publish("bench/pump/state", &format!(r#"{{"speed": {speed:?}, "running": true, "set": 900}}"#));
            number(it, "bench.pump/speed") == speed
        });
    }
    // Ends the file, and tells the witness how.
    drop(twin);
    // A slow machine has shown others in between.
    let last = iter::repeat_with(|| signed(&witness)).find(|it| it.head.is_final).unwrap();
    assert!(last.head.is_final && last.head.messages >= 2, "{last:?}");

    let bytes = fs::read(&file).unwrap();
    let (witnessed, bad) = read_witness_file(fs::read(&notes).unwrap().as_slice()).unwrap();
    assert_eq!((witnessed.last(), bad), (Some(&last), 0));
    let options_with = SealOptions { key: None, witnessed: witnessed.into_iter().map(|it| it.head).collect() };
    let whole = verify(Cursor::new(&bytes), &options_with).unwrap();
    assert!(whole.is_good() && whole.complete == Complete::Closed { witnessed: Some(last.head.n) }, "{whole:#?}");
    let cut = sealed_chunks(&bytes)[0].end;
    let told = verify(Cursor::new(&bytes[..cut]), &options_with).unwrap();
    assert!(told.unaltered() && told.complete() == Some(false), "{told:#?}");

    // The broker keeps what the witness has signed, for whoever asks.
    let (reader, kept) =
        link::connect(LinkOptions { filters: vec![witnessed_filter(&site.topic_name())], ..link("reader") }).unwrap();
    wait_until("the broker has the last", || {
        kept.try_iter().flatten().any(|it| open_witnessed(&it.payload).is_ok_and(|it| it.head.is_final))
    });
    reader.close();
    fs::write(folder.path().join("cut.mcap"), &bytes[..cut]).unwrap();
    let site_name = site.topic_name();
    let asked = ["verify", "cut.mcap", "--witness-broker", &broker.url(), "--site", &site_name];
    let (code, said) = pollux(&asked, folder.path());
    assert!(code == 1 && said.starts_with("cut.mcap: unaltered, but NOT COMPLETE\n"), "{said}");

    // One who holds the recorder's key and shows another history is refused, by a witness that was started anew, too.
    drop(witness);
    let again = Witness::start(options).unwrap();
    let forked = SealHead { chain: [7; 32], ..last.head.clone() };
    let (forger, _arrivals) = link::connect(link("forger")).unwrap();
    wait_until("both are there", || again.link.is_listening() && forger.is_connected());
    let publish = Publish {
        topic: checkpoint_topic(&site, &recorder.public()),
        payload: sign_checkpoint(&forked, &recorder).into(),
        qos1: true,
        ..Publish::default()
    };
    forger.publish(publish).unwrap();
    let told = again.told.recv_timeout(DEADLINE).unwrap();
    assert!(matches!(told, WitnessTold::Doubted(Doubt::Forked { .. })), "{told:?}");
    assert_eq!(again.n_signed(), 0);
}

pub(crate) fn pollux(arguments: &[&str], folder: &Path) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pollux")).args(arguments).current_dir(folder).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[test]
fn the_command_tells_both_verdicts_and_exits_with_zero_only_for_both() {
    let folder = tempfile::tempdir().unwrap();
    let (key, witness) = (SecretKey::generate(), SecretKey::generate());
    let heads = recorded(&folder.path().join("a.mcap"), &key, false);
    let verify = |more: &[&str]| pollux(&[&["verify"], more].concat(), folder.path());
    let (code, said) = verify(&["a.mcap"]);
    assert!(code == 0 && said.starts_with("a.mcap: unaltered and complete\n"), "{said}");
    assert!(said.contains(&format!("by {}, which nobody vouched for: compare it with", key.public())), "{said}");
    let (code, said) = verify(&["a.mcap", "--key", &key.public().to_string()]);
    assert!(code == 0 && said.contains("the key that was given"), "{said}");
    let (code, said) = verify(&["a.mcap", "--key", &witness.public().to_string()]);
    assert!(code == 1 && said.starts_with("a.mcap: SEALED BY ANOTHER KEY\n"), "{said}");

    let signed = sign_witnessed(&sign_checkpoint(&heads[30], &key), at(100), &witness).unwrap();
    let line = serde_json::to_string(&WitnessLineDoc::of(&open_witnessed(&signed).unwrap(), &signed)).unwrap();
    fs::write(folder.path().join("witness.jsonl"), line + "\n").unwrap();
    let whole = fs::read(folder.path().join("a.mcap")).unwrap();
    let cut = sealed_chunks(&whole)[20].end;
    fs::write(folder.path().join("cut.mcap"), &whole[..cut]).unwrap();
    let (code, said) = verify(&["cut.mcap"]);
    assert!(code == 1 && said.starts_with("cut.mcap: unaltered, but not closed"), "{said}");
    let (code, said) = verify(&["cut.mcap", "--witness", "witness.jsonl"]);
    assert!(code == 1 && said.starts_with("cut.mcap: unaltered, but NOT COMPLETE\n"), "{said}");
    assert!(
        said.contains("it ends at seal 21, and a witness was shown seal 30") && said.contains("at least 9 messages"),
        "{said}"
    );
    let (code, said) = verify(&["a.mcap", "--witness", "witness.jsonl"]);
    assert!(code == 0 && said.contains(&format!("witness:    {}", witness.public())), "{said}");

    let mut changed = whole.clone();
    changed[cut + 40] ^= 1;
    fs::write(folder.path().join("changed.mcap"), changed).unwrap();
    let (code, said) = verify(&["changed.mcap"]);
    assert!(code == 1 && said.starts_with("changed.mcap: ALTERED\n"), "{said}");
    assert!(said.contains(&format!("bytes {cut} to ")) && said.contains("stretch 22"), "{said}");
    let (code, said) = verify(&["changed.mcap", "--json"]);
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &told["unaltered"], &told["complete"]), (1, &Value::Bool(false), &Value::Bool(true)));
    assert_eq!(told["report"]["breaks"][0]["from"], cut);

    let mut writer = SessionWriter::new(Vec::new(), &About::default(), &[]).unwrap();
    writer.audit(&AuditDoc { at: at(0).as_nanos(), ..AuditDoc::default() }).unwrap();
    fs::write(folder.path().join("bare.mcap"), writer.finish().unwrap()).unwrap();
    let (code, said) = verify(&["bare.mcap"]);
    assert!(code == 1 && said.starts_with("bare.mcap: not sealed\n"), "{said}");
    let (code, said) = verify(&["none.mcap"]);
    assert!(code == 2 && said.contains("none.mcap cannot be read"), "{said}");
}
