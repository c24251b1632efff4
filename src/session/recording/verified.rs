//! A replay verifies again from the raw bytes, and comes to the result that it had live: at every instant, wherever it is sought
//! from, whatever was tried meanwhile, and however much of it.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::link::{Arrival, Properties};
use crate::session::{Fold, Follower, Past, Reader};
use crate::signal::Timestamp;
use crate::site::{Ids, Site, load};
use crate::trust::{
    BESIDE_TYPE, KeyDoc, KeyRole, Pen, REGISTRY_FILE, Reason, Registry, SIGNATURE_PROPERTY, SecretKey, Verifier,
};

const BEGAN: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

fn works() -> Arc<Site> {
    let text = r#"(name: "T", place: (latitude: 0, longitude: 0), twins: [
        (id: "a", kind: Asset, device: (id: "a", signing: Required), signals: [(id: "v", topic: "a", path: "/v")]),
        (id: "b", kind: Asset, device: (id: "b", signing: Required), signals: [(id: "v", topic: "b", path: "/v")])])"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.ron");
    std::fs::write(&path, text).unwrap();
    Arc::new(load(&path, &mut Ids::default()).map_or_else(|error| panic!("{error}"), |it| it.site))
}

fn arrival(topic: &'static str, payload: String, received: Timestamp, signature: Option<String>) -> Arrival {
    let user = signature.map(|it| (SIGNATURE_PROPERTY.to_owned(), it)).into_iter().collect();
    Arrival {
        topic: topic.into(),
        payload: payload.into(),
        received,
        retained: false,
        correlation: None,
        properties: Some(Box::new(Properties { user, ..Properties::default() })),
    }
}

/// How much more is signed in one moment than a topic may bring.
const FLOOD: usize = 60;

/// Who signs all registries here.
fn authority() -> SecretKey {
    SecretKey::from_seed(&"07".repeat(32)).unwrap()
}

/// What comes in: signed by its device, unsigned, changed, once more, from the other device, never (its number is used up), or a
/// flood of what is signed well.
fn stream(steps: &[(u8, bool, u16)]) -> (Vec<Arrival>, Arc<Registry>) {
    let mut pens = [1, 2].map(|epoch| Pen::new(SecretKey::generate(), epoch));
    let keys = ["a", "b"].iter().zip(&pens).map(|(of, pen)| KeyDoc::new(*of, KeyRole::Device, pen.key())).collect();
    let registry = Arc::new(Registry::made(keys, BEGAN, &authority()));
    let (mut at, mut all): (Timestamp, Vec<Arrival>) = (BEGAN, Vec::new());
    for (kind, second, millis) in steps {
        at = at + Duration::from_millis(u64::from(*millis));
        let (own, topic) = if *second { (1, "b") } else { (0, "a") };
        let payload = format!("{{\"v\":{}}}", all.len());
        let signed = |pen: &mut Pen| Some(pen.sign(BESIDE_TYPE, topic, at, payload.as_bytes()));
        let signature = match kind {
            0 => None,
            1 => signed(&mut pens[1 - own]),
            2 => {
                drop(signed(&mut pens[own]));
                continue;
            }
            5 => {
                for _ in 0..FLOOD {
                    at = at + Duration::from_millis(2);
                    let signature = pens[own].sign(BESIDE_TYPE, topic, at, payload.as_bytes());
                    all.push(arrival(topic, payload.clone(), at, Some(signature)));
                }
                continue;
            }
            3 => all.last().and_then(|it| Some(it.properties.as_ref()?.user.first()?.1.clone())),
            _ => signed(&mut pens[own]),
        };
        all.push(arrival(topic, payload.clone(), at, signature));
        if *kind == 4 {
            // And the very same once more.
            at = at + Duration::from_millis(1);
            let again = Arrival { received: at, ..all[all.len() - 1].clone() };
            all.push(again);
        }
    }
    (all, registry)
}

/// The state after each message, as ingest comes to it.
fn live(messages: &[Arrival], site: &Site, registry: &Arc<Registry>) -> Vec<Fold> {
    let mut reader = Reader::new(site, Verifier::new(site, Some(Arc::clone(registry))));
    let mut fold = Fold::default();
    let mut states = Vec::new();
    for message in messages {
        let (mut samples, mut faults) = (Vec::new(), Vec::new());
        let read = reader.read(message, &mut samples, &mut faults);
        for sample in &samples {
            fold.take_proven(sample, message.retained, read.proof);
        }
        for (signal, refusal) in reader.refused(&message.topic, &read) {
            fold.refuse(signal, &refusal, message.received);
        }
        states.push(fold.clone().with_heard(Arc::new(reader.heard())));
    }
    states
}

/// The same as a session, with the state before each so many messages.
fn recorded(
    messages: &[Arrival],
    states: &[Fold],
    site: &Site,
    registry: &Registry,
    keyframe_each: usize,
) -> Arc<Recording> {
    let files = [(REGISTRY_FILE.to_owned(), registry.doc().to_ron().into_bytes())];
    let mut writer = SessionWriter::new(Vec::new(), &About::default(), &files).unwrap();
    for (at, message) in messages.iter().enumerate() {
        if at % keyframe_each == 0 {
            let before = at.checked_sub(1).map_or_else(Fold::default, |it| states[it].clone());
            writer.keyframe(&before, site).unwrap();
        }
        writer.message(message).unwrap();
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), writer.finish().unwrap()).unwrap();
    Arc::new(Recording::open(file.path()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_replay_comes_to_the_verdicts_that_were_live(
        steps in proptest::collection::vec((0_u8..9, any::<bool>(), 1_u16..700), 1..60),
        flooded in any::<bool>(),
        keyframe_each in 1_usize..40,
        order in proptest::collection::vec(0_usize..1000, 1..12),
    ) {
        let site = works();
        let (messages, registry) = stream(&[&[(5, flooded, 1), (1, flooded, 1)], &steps[..]].concat());
        let states = live(&messages, &site, &registry);
        let is_flood = |it: &Fold| it.cells().iter().any(|it| it.refused.is_some_and(|it| it.reason == Reason::Flood));
        prop_assert!(states.iter().any(is_flood));
        let recording = recorded(&messages, &states, &site, &registry, keyframe_each);
        let mut past = Past::new(Arc::clone(&recording), Arc::clone(&site));
        for which in order.into_iter().map(|it| it % messages.len()) {
            let at = messages[which].received;
            let found = past.seek(at);
            prop_assert_eq!(found.cells(), states[which].cells(), "after message {}", which);
            let found = past.seek_to_go_on(at);
            prop_assert_eq!(&found, &states[which], "after message {}", which);
            let mut follower = Follower::of(&recording, found, &site);
            messages[which + 1..].iter().for_each(|it| drop(follower.take(it)));
            prop_assert_eq!(Some(&follower.fold()), states.last(), "gone on from message {}", which);
        }
    }
}

#[test]
fn looking_at_one_instant_for_long_changes_no_verdict_of_another() {
    let site = works();
    // 100 s, in which each device says as often as its topic lets it.
    let steps: Vec<(u8, bool, u16)> = (0..2000).map(|it| (8, it % 2 == 0, 50)).collect();
    let (messages, registry) = stream(&steps);
    let states = live(&messages, &site, &registry);
    assert!(states.last().unwrap().cells().iter().all(|it| it.refused.is_none()));
    let recording = recorded(&messages, &states, &site, &registry, 100);
    let mut past = Past::new(recording, Arc::clone(&site));
    let mut check = |which: usize| {
        assert_eq!(past.seek(messages[which].received).cells(), states[which].cells(), "after message {which}");
        assert_eq!(past.seek_to_go_on(messages[which].received), states[which], "after message {which}");
    };
    for _ in 0..200 {
        check(1990);
    }
    for which in [1985, 1200, 1201, 7, 0, 600, 599, 1990] {
        check(which);
    }
}

#[test]
fn a_session_that_kept_no_limits_is_read_as_if_nothing_had_come_of_late() {
    let site = works();
    let (messages, registry) = stream(&[(5, false, 1)]);
    let states = live(&messages, &site, &registry);
    let doc = KeyframeDoc::of(states.last().unwrap(), &site);
    let mut old = serde_json::to_value(&doc).unwrap();
    assert!(old.as_object_mut().unwrap().remove("limits").is_some());
    let old: KeyframeDoc = serde_json::from_value(old).unwrap();
    assert_eq!(old.heard().windows, doc.heard().windows);
    assert!(old.heard().limits().is_empty() && !doc.heard().limits().is_empty());
}

#[test]
fn what_was_heard_before_the_session_counts_from_its_first_instant() {
    let site = works();
    let (messages, registry) = stream(&[(8, false, 1), (8, true, 2000)]);
    let before = live(&messages, &site, &registry)[0].heard().clone();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.mcap");
    let options = RecorderOptions { path, registry: Some(registry), ..RecorderOptions::default() };
    let mut recorder = Recorder::start(options).unwrap();
    let mut past = Past::new(Arc::clone(&recorder.recording), Arc::clone(&site));
    let (first, second) = (&messages[0], &messages[1]);
    let a = site.signal_at("a/v").unwrap().id;
    let mut said = 0;
    let mut check = |message: &Arrival| {
        said += 1;
        recorder.entries.send(Entry::Arrivals(Arc::new(vec![message.clone()]))).unwrap();
        while recorder.status.messages() < said {
            std::thread::yield_now();
        }
        // It is in no whole chunk at first; with the second one it is.
        let cell = past.seek(first.received).get(a).clone();
        assert_eq!((cell.value, cell.refused.map(|it| it.reason)), (None, Some(Reason::Replayed)));
    };
    let state = Fold::default().with_heard(before);
    recorder.entries.send(Entry::Keyframe(state, Arc::clone(&site))).unwrap();
    check(first);
    check(second);
    assert_eq!(recorder.recording.n_chunks(), 1);
    recorder.finish();
}

#[test]
fn keys_that_change_while_it_is_recorded_hold_from_their_instant() {
    let site = works();
    let (messages, registry) = stream(&[(8, false, 1), (8, false, 1)]);
    let folder = tempfile::tempdir().unwrap();
    let nobody = Arc::new(Registry::made(Vec::new(), BEGAN, &authority()));
    let path = folder.path().join("run.mcap");
    let mut recorder = Recorder::start(RecorderOptions { path, registry: Some(nobody), ..Default::default() }).unwrap();
    let one = |it: &Arrival| Entry::Arrivals(Arc::new(vec![it.clone()]));
    for entry in [
        Entry::Keyframe(Fold::default(), Arc::clone(&site)),
        one(&messages[0]),
        Entry::Keys(Arc::clone(&registry)),
        one(&messages[1]),
    ] {
        recorder.entries.send(entry).unwrap();
    }
    while recorder.status.messages() < 2 {
        std::thread::yield_now();
    }
    let mut past = Past::new(Arc::clone(&recorder.recording), Arc::clone(&site));
    let a = site.signal_at("a/v").unwrap().id;
    for (message, value, refused) in [(0, None, 1), (1, Some(1.0.into()), 1), (0, None, 1)] {
        let cell = past.seek(messages[message].received).get(a).clone();
        assert_eq!((cell.value, cell.refused.map_or(0, |it| it.count)), (value, refused), "after message {message}");
    }
    assert_eq!(past.seek_to_go_on(messages[1].received).registry(), Some(&registry));
    recorder.finish();
}

#[test]
fn keys_that_change_hold_from_their_place_in_a_packed_session_too() {
    let site = works();
    let (messages, registry) = stream(&[(8, false, 1), (8, false, 1)]);
    let nobody = Registry::made(Vec::new(), BEGAN, &authority());
    let files = [(REGISTRY_FILE.to_owned(), nobody.doc().to_ron().into_bytes())];
    let mut writer = SessionWriter::new(Vec::new(), &About::default(), &files).unwrap().packed().unwrap();
    writer.keyframe(&Fold::default(), &site).unwrap();
    writer.message(&messages[0]).unwrap();
    writer.keys(&registry, messages[0].received).unwrap();
    writer.message(&messages[1]).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), writer.finish().unwrap()).unwrap();
    let mut past = Past::new(Arc::new(Recording::open(file.path()).unwrap()), Arc::clone(&site));
    let cell = past.seek(messages[1].received).get(site.signal_at("a/v").unwrap().id).clone();
    assert_eq!((cell.value, cell.refused.map(|it| it.count)), (Some(1.0.into()), Some(1)));
}
