//! What a session must keep: every byte, every state, and as much as is whole.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::codec::Decoder;
use crate::codec::tests_support::site;
use crate::link::{Arrival, Properties};
use crate::session::{Fold, Past};
use crate::signal::Timestamp;
use crate::site::Site;
use crate::site::doc::ValueKind;

const BEGAN: i64 = 1_800_000_000_000_000_000;

fn works() -> Arc<Site> {
    Arc::new(site(&[
        ("bare", None, None, ValueKind::Number),
        ("json", Some("/v"), Some("/t"), ValueKind::Number),
        ("json", Some("/on"), Some("/t"), ValueKind::Flag),
        ("text", None, None, ValueKind::Text),
        ("silent", None, None, ValueKind::Number),
    ]))
}

fn arrival(at: i64, topic: &str, payload: &str) -> Arrival {
    Arrival {
        topic: topic.to_owned().into(),
        payload: payload.to_owned().into(),
        received: Timestamp::from_nanos(BEGAN + at),
        retained: false,
        correlation: None,
        properties: None,
    }
}

/// What a person would have seen: every message up to an instant, one after the other.
fn seen(messages: &[Arrival], site: &Site, at: Timestamp) -> Fold {
    let mut decoder = Decoder::new(site);
    let mut fold = Fold::default();
    let mut latest = Timestamp::MIN;
    for message in messages {
        latest = latest.max(message.received);
        if latest > at {
            break;
        }
        let (mut samples, mut faults) = (Vec::new(), Vec::new());
        decoder.decode(&message.topic, &message.payload, message.received, &mut samples, &mut faults);
        for sample in &samples {
            fold.take(sample, message.retained);
        }
        for (signal, _) in faults {
            fold.fail(signal);
        }
    }
    fold
}

/// Writes messages as a session, with the state before every so many of them.
fn session(messages: &[Arrival], site: &Site, keyframe_each: usize) -> Vec<u8> {
    written(messages, site, keyframe_each, false)
}

/// The same, packed into columns or not.
fn written(messages: &[Arrival], site: &Site, keyframe_each: usize, packed: bool) -> Vec<u8> {
    let about = About { site: "Test".to_owned(), ..About::default() };
    let mut writer = SessionWriter::new(Vec::new(), &about, &[]).unwrap();
    if packed {
        writer = writer.packed().unwrap();
    }
    for (at, message) in messages.iter().enumerate() {
        if at % keyframe_each == 0 {
            let before = seen(&messages[..at], site, Timestamp::MAX);
            writer.keyframe(&before, site).unwrap();
        }
        writer.message(message).unwrap();
    }
    writer.finish().unwrap()
}

fn opened(bytes: &[u8]) -> Result<Recording, OpenError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    // The handle keeps what it reads, though the name goes.
    Recording::open(file.path())
}

/// Messages as devices send them: bare, timed, broken, late, kept by the broker, and some clocks that jump.
fn messages() -> impl Strategy<Value = Vec<Arrival>> {
    let one = (0_i64..3_000_000_000, 0..7_u8, -500_i64..500, any::<bool>());
    proptest::collection::vec(one, 1..160).prop_map(|all| {
        let mut at = 0;
        let mut made = Vec::new();
        for (step, kind, number, odd) in all {
            at += if odd && kind == 6 { -step } else { step };
            let device = (BEGAN + at) / 1_000_000 - if odd { 1_700 } else { 3 };
            let value = number as f64 / 7.0;
            let (topic, payload) = match kind {
                0 | 6 => ("bare", format!("{value:?}")),
                1 => ("json", format!("{{\"t\":{device},\"v\":{value:?},\"on\":{odd}}}")),
                2 => ("json", format!("{{\"t\":{device},\"on\":{odd}}}")),
                3 => ("text", if odd { "running".to_owned() } else { format!("state {number}") }),
                4 => ("bare", "nonsense".to_owned()),
                _ => ("elsewhere", "1".to_owned()),
            };
            made.push(Arrival { retained: odd && kind == 0, ..arrival(at, topic, &payload) });
        }
        made
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn seeking_to_an_instant_and_playing_to_it_show_the_same(
        messages in messages(),
        keyframe_each in 1_usize..60,
        seeks in proptest::collection::vec(-0.1_f64..1.1, 1..12),
        speed in 1_i64..40,
        packed in any::<bool>(),
    ) {
        let site = works();
        let recording = Arc::new(opened(&written(&messages, &site, keyframe_each, packed)).unwrap());
        let (from, to) = recording.span().unwrap();
        let length = to.as_nanos() - from.as_nanos();
        let mut sought = Past::new(Arc::clone(&recording), Arc::clone(&site));
        for share in seeks {
            let at = Timestamp::from_nanos(from.as_nanos() + (length as f64 * share) as i64);
            let got = sought.seek(at);
            prop_assert_eq!(&got, &seen(&messages, &site, at), "sought {}", share);
            // Played to from the beginning, at some speed.
            let mut played = Past::new(Arc::clone(&recording), Arc::clone(&site));
            let step = (length / speed).max(1);
            let mut now = from.as_nanos();
            while now < at.as_nanos() {
                played.seek(Timestamp::from_nanos(now));
                now += step;
            }
            prop_assert_eq!(&got, &played.seek(at), "played {}", share);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_that_is_cut_or_flipped_anywhere_gives_what_is_whole_and_never_panics(
        messages in messages(),
        cut in 0.0_f64..1.0,
        flip in proptest::option::of((0.0_f64..1.0, 1_u8..=255)),
    ) {
        let site = works();
        let whole = session(&messages, &site, 20);
        let mut bytes = whole[..(whole.len() as f64 * cut) as usize].to_vec();
        let mut flipped = false;
        if let Some((share, mask)) = flip {
            let at = (bytes.len() as f64 * share) as usize;
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= mask;
                flipped = true;
            }
        }
        if let Ok(recording) = opened(&bytes) {
            let recording = Arc::new(recording);
            prop_assert!(flipped || !recording.findings.is_empty(), "a cut is told");
            let mut n_messages = 0;
            for chunk in 0..recording.n_chunks() {
                n_messages += recording.items(chunk).0.iter().filter(|it| matches!(it, Item::Message(_))).count();
            }
            prop_assert!(n_messages <= messages.len());
            let (from, to) = recording.span().unwrap();
            let mut past = Past::new(Arc::clone(&recording), Arc::clone(&site));
            past.seek(to);
            past.seek(from);
        }
    }
}

#[test]
fn what_is_packed_for_keeping_is_the_same_messages() {
    let site = works();
    let mut messages: Vec<Arrival> = (0..500)
        .map(|it| arrival(it * 1_000_000_000, "json", &format!("{{\"t\":{},\"v\":{}}}", it * 1000, it as f64 / 8.0)))
        .collect();
    messages[3].correlation = Some(vec![1, 2, 3].into());
    messages[4].retained = true;
    messages[5] = arrival(5_000_000_000, "pollux/columns", "a device that speaks under our name");
    let (plain, packed) = (session(&messages, &site, 250), written(&messages, &site, 250, true));
    assert!(packed.len() * 2 < plain.len(), "{} of {} bytes", packed.len(), plain.len());
    let (plain, packed) = (opened(&plain).unwrap(), opened(&packed).unwrap());
    // Of keyframes there are as many as chunks.
    let counts =
        |it: &Recording| it.counts.clone().into_iter().filter(|it| it.0 != "pollux/keyframe").collect::<Vec<_>>();
    assert_eq!(counts(&plain), counts(&packed));
    let items = |it: &Recording| -> Vec<Item> {
        let all = (0..it.n_chunks()).flat_map(|chunk| it.items(chunk).0);
        all.filter(|it| matches!(it, Item::Message(_))).collect()
    };
    assert_eq!(items(&packed), items(&plain));
    assert_eq!(items(&packed), messages.into_iter().map(Item::Message).collect::<Vec<_>>());
}

#[test]
fn a_summary_that_is_damaged_is_not_believed() {
    let site = works();
    let messages: Vec<Arrival> = (0..60).map(|it| arrival(it * 1_000_000_000, "bare", &it.to_string())).collect();
    let whole = session(&messages, &site, 20);
    // Only the summary tells of channels in plain text.
    let name = b"pollux/keyframe";
    let at = whole.windows(name.len()).position(|it| it == name).expect("the summary tells of it");
    let mut damaged = whole.clone();
    damaged[at + 3] ^= 1;
    for bytes in [damaged.clone(), damaged[..damaged.len() - 10].to_vec()] {
        let recording = opened(&bytes).unwrap();
        let items: Vec<Item> = (0..recording.n_chunks()).flat_map(|it| recording.items(it).0).collect();
        assert!(!recording.findings.is_empty());
        assert_eq!(items.iter().filter(|it| matches!(it, Item::Message(_))).count(), messages.len());
        assert!(items.iter().any(|it| matches!(it, Item::Keyframe(_))));
    }
    assert!(opened(&whole).unwrap().findings.is_empty());
}

#[test]
fn a_keyframe_that_lies_shows_in_what_is_sought() {
    let site = works();
    let mut messages = vec![arrival(0, "silent", "1")];
    messages.extend((1..40).map(|it| arrival(it * 1_000_000_000, "bare", &it.to_string())));
    let sought = |lies: bool, at: Timestamp| {
        let mut writer = SessionWriter::new(Vec::new(), &About::default(), &[]).unwrap();
        for (n, message) in messages.iter().enumerate() {
            if n % 10 == 0 {
                let before = if lies { Fold::default() } else { seen(&messages[..n], &site, Timestamp::MAX) };
                writer.keyframe(&before, &site).unwrap();
            }
            writer.message(message).unwrap();
        }
        let recording = Arc::new(opened(&writer.finish().unwrap()).unwrap());
        Past::new(recording, Arc::clone(&site)).seek(at)
    };
    let at = Timestamp::from_nanos(BEGAN + 25_000_000_000);
    assert_eq!(sought(false, at), seen(&messages, &site, at));
    assert_ne!(sought(true, at), seen(&messages, &site, at));
}

#[test]
fn a_session_keeps_every_byte_and_what_mqtt_said() {
    let site = works();
    let user = vec![("x-mqtt-client-id".to_owned(), "nf-p1".to_owned())];
    let properties =
        Properties { content_type: Some("text/plain".to_owned()), response_topic: Some("r/t".to_owned()), user };
    let messages = [
        Arrival { payload: vec![0, 255, 1, 254].into(), ..arrival(1, "bin", "") },
        Arrival {
            correlation: Some(vec![7, 0, 9].into()),
            properties: Some(Box::new(properties)),
            ..arrival(2, "a", "1")
        },
        Arrival { retained: true, ..arrival(3, "a", "2") },
        arrival(4, "a", "3"),
        arrival(4, "pollux/me/answers", "{}"),
        arrival(5, "pollux/keyframe", "a device that speaks under our name"),
    ];
    let recording = opened(&session(&messages, &site, 2)).unwrap();
    let items: Vec<Item> = (0..recording.n_chunks()).flat_map(|it| recording.items(it).0).collect();
    let got: Vec<&Arrival> =
        items.iter().filter_map(|it| if let Item::Message(it) = it { Some(it) } else { None }).collect();
    assert_eq!(got, messages.iter().collect::<Vec<_>>());
    assert_eq!(recording.about["site"], "Test");
}

#[test]
fn what_is_still_being_recorded_is_looked_back_into_at_any_instant() {
    let site = works();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.mcap");
    let mut recorder = Recorder::start(RecorderOptions { path, ..RecorderOptions::default() }).unwrap();
    let messages: Vec<Arrival> = (0..100)
        .map(|it| arrival(it * 100_000_000, if it == 0 { "silent" } else { "bare" }, &it.to_string()))
        .collect();
    recorder.entries.send(Entry::Keyframe(Fold::default(), Arc::clone(&site))).unwrap();
    for message in &messages {
        recorder.entries.send(Entry::Arrivals(Arc::new(vec![message.clone()]))).unwrap();
    }
    while recorder.status.messages() < 100 {
        std::thread::yield_now();
    }
    assert!(recorder.recording.n_chunks() > 5);
    for tenths in [93_i64, 55, 99, 0, 12] {
        let at = Timestamp::from_nanos(BEGAN + tenths * 100_000_000);
        let mut past = Past::new(Arc::clone(&recorder.recording), Arc::clone(&site));
        assert_eq!(past.seek(at), seen(&messages, &site, at), "after {tenths} tenths of a second");
    }
    recorder.finish();
}

#[test]
fn what_is_no_session_is_told() {
    let error = opened(b"time,value\n1,2\n").unwrap_err().to_string();
    assert!(error.ends_with("is no MCAP file: it does not begin with MCAP's magic bytes"), "{error}");
    let empty = SessionWriter::new(Vec::new(), &About::default(), &[]).unwrap().finish().unwrap();
    let error = opened(&empty).unwrap_err().to_string();
    assert!(error.contains("holds no messages"), "{error}");
}

#[test]
fn what_was_asked_bears_the_hash_of_all_before_it_plain_and_packed() {
    use crate::trust::chain::{Complete, verify_linked};
    let site = works();
    let asked = |at: i64| AuditDoc {
        at: BEGAN + at,
        command: "p1/run".to_owned(),
        desired: "on".to_owned(),
        phase: "sent".to_owned(),
        reason: None,
        correlation: at.to_string(),
        who: "anna".to_owned(),
        ..AuditDoc::default()
    };
    for packed in [false, true] {
        let mut writer = SessionWriter::new(Vec::new(), &About::default(), &[]).unwrap();
        if packed {
            writer = writer.packed().unwrap();
        }
        for at in 0..20 {
            if at % 6 == 0 {
                writer.keyframe(&Fold::default(), &site).unwrap();
            }
            writer.message(&arrival(at * 10, "bare", "1")).unwrap();
            // As a clock that is behind: it stays in its place.
            writer.audit(&asked(at * 10 - 5)).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mcap");
        std::fs::write(&path, writer.finish().unwrap()).unwrap();
        let recording = Recording::open(&path).unwrap();
        let chunks = 0..recording.n_chunks();
        let records: Vec<Vec<u8>> = chunks.clone().flat_map(|it| recording.audits(it).0).collect();
        let report = verify_linked(records.iter().cloned().map(Ok), None).unwrap();
        assert_eq!(
            (report.findings.as_slice(), report.records, report.unchained),
            (&[][..], 20, 0),
            "packed: {packed}"
        );
        assert_eq!(report.complete, Complete::Unknown);
        // Who knows nothing of the hash reads what was asked as ever.
        let items = chunks.flat_map(|it| recording.items(it).0);
        let audits: Vec<AuditDoc> =
            items.filter_map(|it| if let Item::Audit(it) = it { Some(it) } else { None }).collect();
        assert_eq!(audits, (0..20).map(|it| asked(it * 10 - 5)).collect::<Vec<_>>());
        let without = records.iter().enumerate().filter(|it| it.0 != 7).map(|it| Ok(it.1.clone()));
        assert_eq!(verify_linked(without, None).unwrap().findings.len(), 1);
    }
}
