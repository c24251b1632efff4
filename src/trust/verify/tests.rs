//! Each check with its reason, and no stream that is taken twice.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::codec::{Quality, pack};
use crate::site::{Ids, load};
use crate::trust::letter::write;
use crate::trust::{KeyDoc, Pen, RevokedDoc, SecretKey, Timestamp8601};

const NOW: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

/// Two devices that sign, a legacy one, and one that a gateway vouches for.
fn site() -> Site {
    let twin = |id: &str, signing: &str| {
        format!(
            "(id: \"{id}\", kind: Asset, device: (id: \"{id}\", signing: {signing}), signals: [\
             (id: \"v\", topic: \"plant/{id}\", path: \"/v\")]),"
        )
    };
    let twins: String = [("a", "Required"), ("b", "Required"), ("old", "None"), ("far", "Vouched(\"gw\")")]
        .map(|(id, signing)| twin(id, signing))
        .concat();
    site_of(&format!("(name: \"T\", place: (latitude: 0, longitude: 0), twins: [{twins}])"))
}

fn site_of(text: &str) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let path: &Path = &folder.path().join("site.ron");
    std::fs::write(path, text).unwrap();
    load(path, &mut Ids::default()).map_or_else(|error| panic!("{error}"), |it| it.site)
}

/// A verifier, and who writes to it.
struct Bench {
    verifier: Verifier,
    a: Pen,
    b: Pen,
    gateway: Pen,
    book: Arc<Book>,
}

fn bench() -> Bench {
    bench_with(|_| ())
}

fn bench_with(edit: impl FnOnce(&mut Vec<KeyDoc>)) -> Bench {
    let pen = || Pen::new(SecretKey::generate(), 5);
    let (a, b, gateway) = (pen(), pen(), pen());
    let mut keys = vec![
        KeyDoc::new("a", KeyRole::Device, a.key()),
        KeyDoc::new("b", KeyRole::Device, b.key()),
        KeyDoc::new("gw", KeyRole::Gateway, gateway.key()),
    ];
    edit(&mut keys);
    let registry = Arc::new(Registry::made(keys, NOW, &SecretKey::generate()));
    let book = Arc::new(Book::default());
    let verifier = Verifier::new(&site(), Some(registry)).unwrap().with_book(Arc::clone(&book));
    Bench { verifier, a, b, gateway, book }
}

fn message<'a>(topic: &'a str, payload: &'a [u8], signature: Option<&'a str>) -> Message<'a> {
    Message { topic: topic.as_bytes(), payload, signature, received: NOW, retained: false }
}

fn word(look: &Look) -> String {
    match look {
        Look::Pass(proof) => proof.trust.label().to_owned(),
        Look::Packed(proof, rows) => format!("{} with {}", proof.trust.label(), rows.len()),
        Look::Refuse(refusal) => refusal.reason.label().to_owned(),
    }
}

fn row(at: Timestamp) -> PackedRow {
    PackedRow { signal: "a/v".to_owned(), at, value: 2.0.into(), quality: Quality::Good }
}

const JSON: &[u8] = br#"{"v":1}"#;

#[test]
fn what_is_signed_passes_and_what_must_be_and_is_not_does_not() {
    let Bench { mut verifier, mut a, mut gateway, book, .. } = bench();
    let signature = a.sign(BESIDE_TYPE, "plant/a", NOW, JSON);
    assert_eq!(word(&verifier.look(&message("plant/a", JSON, Some(&signature)))), "verified");
    assert_eq!(word(&verifier.look(&message("plant/a", JSON, Some(&signature)))), "replayed");
    assert_eq!(word(&verifier.look(&message("plant/a", JSON, None))), "not signed");
    assert_eq!(word(&verifier.look(&message("plant/old", JSON, None))), "unsigned");
    assert_eq!(word(&verifier.look(&message("elsewhere", JSON, None))), "unsigned");
    let vouched = gateway.sign(BESIDE_TYPE, "plant/far", NOW, JSON);
    assert_eq!(word(&verifier.look(&message("plant/far", JSON, Some(&vouched)))), "vouched");
    let packed = a.seal(SAMPLES_TYPE, "plant/a", NOW, &pack(&[row(NOW)]));
    assert_eq!(word(&verifier.look(&message("plant/a", &packed, None))), "verified with 1");
    let seen = book.of("a");
    assert_eq!(seen.n_passed[&Trust::Verified], 2);
    assert_eq!(seen.n_refused.values().sum::<u64>(), 2);
    assert_eq!(seen.last.and_then(|it| it.stamp).map(|it| it.seq), Some(2));
}

#[test]
fn each_check_has_its_reason() {
    let Bench { mut verifier, mut a, mut b, book, .. } = bench_with(|keys| {
        let mut second = KeyDoc::new("b", KeyRole::Device, SecretKey::generate().public());
        second.until = Some(Timestamp8601(NOW));
        keys.push(second);
    });
    let mut check = |topic: &str, payload: &[u8], signature: Option<&str>, want: &str| {
        assert_eq!(word(&verifier.look(&message(topic, payload, signature))), want);
    };
    let moved = a.sign(BESIDE_TYPE, "plant/a", NOW, JSON);
    check("plant/b", JSON, Some(&moved), "wrong key");
    check("plant/a", b"{\"v\":2}", Some(&moved), "forged");
    check("plant/a", JSON, Some("%"), "malformed");
    check("plant/a", &vec![b' '; MAX_ENVELOPE_BYTES + 1], Some(&moved), "oversize");
    let stranger = Pen::new(SecretKey::generate(), 1).sign(BESIDE_TYPE, "plant/a", NOW, JSON);
    check("plant/a", JSON, Some(&stranger), "unknown key");
    let order = b.sign(crate::trust::ORDER_TYPE, "plant/b", NOW, JSON);
    check("plant/b", JSON, Some(&order), "malformed");
    let future = b.sign(BESIDE_TYPE, "plant/b", NOW + Duration::from_secs(3), JSON);
    check("plant/b", JSON, Some(&future), "from the future");
    let old = b.sign(BESIDE_TYPE, "plant/b", NOW - Duration::from_secs(6), JSON);
    check("plant/b", JSON, Some(&old), "too old");
    assert!(book.of("a").evidence.is_some_and(|it| it.0 == Reason::Forged));
    assert!(book.exhibits().iter().any(|it| it.reason == Reason::Forged && it.payload == b"{\"v\":2}"));
}

#[test]
fn what_a_gateway_signs_is_vouched_for_whatever_else_the_gateway_is() {
    let Bench { mut verifier, mut gateway, .. } = bench_with(|keys| keys[2].role = KeyRole::Device);
    let vouched = gateway.sign(BESIDE_TYPE, "plant/far", NOW, JSON);
    assert_eq!(word(&verifier.look(&message("plant/far", JSON, Some(&vouched)))), "vouched");
}

#[test]
fn the_newest_value_is_of_the_time_that_is_signed() {
    let Bench { mut verifier, mut a, .. } = bench();
    let mut check = |secs: &[i64], want: &str| {
        let rows: Vec<PackedRow> =
            secs.iter().map(|it| row(Timestamp::from_nanos(NOW.as_nanos() + it * 1_000_000_000))).collect();
        let packed = a.seal(SAMPLES_TYPE, "plant/a", NOW + Duration::from_nanos(999), &pack(&rows));
        assert_eq!(word(&verifier.look(&message("plant/a", &packed, None))), want, "{secs:?}");
    };
    check(&[-60, 0, -1], "verified with 3");
    check(&[-60, -1], "malformed");
    check(&[0, 3600], "malformed");
    check(&[], "verified with 0");
}

#[test]
fn where_two_devices_share_a_topic_the_strictest_of_both_holds() {
    let mut shared = site();
    let find = |site: &Site, id: &str| site.signals.iter().position(|it| *it.address == format!("{id}/v")).unwrap();
    let signing = |site: &mut Site, id: &str, signing: SigningDoc| {
        let twin = site.twins.iter_mut().find(|it| &*it.address == id).unwrap();
        twin.device.as_mut().unwrap().signing = signing;
    };
    // A legacy device is named before the one that signs, and one that is vouched for behind them.
    signing(&mut shared, "a", SigningDoc::None);
    for id in ["a", "far"] {
        let at = find(&shared, id);
        "plant/b".clone_into(&mut shared.signals[at].topic);
    }
    let Bench { verifier, mut b, .. } = bench();
    let look = |site: &Site, signature: Option<&str>| {
        let mut verifier = Verifier::new(site, verifier.registry.clone()).unwrap();
        word(&verifier.look(&message("plant/b", JSON, signature)))
    };
    let signature = b.sign(BESIDE_TYPE, "plant/b", NOW, JSON);
    assert_eq!(look(&shared, None), "not signed");
    assert_eq!(look(&shared, Some(&signature)), "wrong key", "there is no key that may speak for both");
    signing(&mut shared, "far", SigningDoc::Vouched("b".to_owned()));
    assert_eq!(look(&shared, Some(&signature)), "vouched");
    signing(&mut shared, "far", SigningDoc::None);
    assert_eq!(look(&shared, Some(&signature)), "verified");
}

#[test]
fn a_copied_key_an_old_life_and_a_broken_chain_are_seen() {
    let key = SecretKey::generate();
    let Bench { mut verifier, .. } = bench_with(|keys| keys[0].key = key.public());
    let mut look = |epoch: u64, seq: u64, prev: [u8; 32], payload: &[u8]| {
        let stamp = Stamp { epoch, seq, at: NOW, prev };
        let bytes = write(&key, BESIDE_TYPE, "plant/a", &stamp, Err(payload));
        let signature = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &bytes);
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        (word(&verifier.look(&message("plant/a", payload, Some(&signature)))), digest)
    };
    let (first, one) = look(5, 1, [0; 32], JSON);
    assert_eq!(first, "verified");
    assert_eq!(look(5, 1, [0; 32], b"{\"v\":9}").0, "cloned");
    assert_eq!(look(4, 9, [0; 32], JSON).0, "rollback");
    let (second, _) = look(5, 2, one, JSON);
    assert_eq!(second, "verified");
    let (third, three) = look(5, 3, one, JSON);
    assert_eq!(third, "broken chain");
    assert_eq!(look(5, 4, three, JSON).0, "verified", "it goes on after the one that was refused");
    assert_eq!(look(6, 1, [0; 32], JSON).0, "verified", "a new life");
}

#[test]
fn keys_have_their_time_and_can_be_revoked() {
    let at = |secs: i64| Some(Timestamp8601(Timestamp::from_nanos(NOW.as_nanos() + secs * 1_000_000_000)));
    let look = |edit: fn(&mut KeyDoc, Option<Timestamp8601>), when| {
        let Bench { mut verifier, mut a, .. } = bench_with(|keys| edit(&mut keys[0], at(when)));
        let signature = a.sign(BESIDE_TYPE, "plant/a", NOW, JSON);
        word(&verifier.look(&message("plant/a", JSON, Some(&signature))))
    };
    assert_eq!(look(|key, at| key.until = at, 0), "key expired");
    assert_eq!(look(|key, at| key.until = at, 1), "verified");
    assert_eq!(look(|key, at| key.from = at, 1), "key expired");
    let revoke = |key: &mut KeyDoc, at: Option<Timestamp8601>| {
        key.revoked = at.map(|at| RevokedDoc { at, why: "stolen".to_owned() });
    };
    assert_eq!(look(revoke, 0), "key revoked");
    assert_eq!(look(revoke, 1), "verified");
}

#[test]
fn a_topic_that_floods_does_not_touch_the_others() {
    let Bench { mut verifier, mut a, mut b, .. } = bench();
    let flood = (0..500).filter(|_| {
        let signature = a.sign(BESIDE_TYPE, "plant/a", NOW, JSON);
        word(&verifier.look(&message("plant/a", JSON, Some(&signature)))) == "flood"
    });
    assert!(flood.count() > 400);
    let signature = b.sign(BESIDE_TYPE, "plant/b", NOW, JSON);
    assert_eq!(word(&verifier.look(&message("plant/b", JSON, Some(&signature)))), "verified");
}

#[test]
fn junk_in_a_device_s_name_silences_nobody_and_costs_only_so_much() {
    let passed = |defences: Defences, n_junk: usize| {
        let Bench { verifier, mut a, mut b, .. } = bench();
        let mut verifier = verifier.with_defences(defences);
        let replayed = b.sign(BESIDE_TYPE, "plant/b", NOW, JSON);
        verifier.look(&message("plant/b", JSON, Some(&replayed)));
        for _ in 0..n_junk {
            verifier.look(&message("plant/a", JSON, Some("%")));
            verifier.look(&message("plant/b", JSON, Some(&replayed)));
        }
        [(&mut a, "plant/a"), (&mut b, "plant/b")].map(|(pen, topic)| {
            let signature = pen.sign(BESIDE_TYPE, topic, NOW, JSON);
            word(&verifier.look(&message(topic, JSON, Some(&signature))))
        })
    };
    assert_eq!(passed(Defences::all(), 500), ["verified", "verified"]);
    assert_eq!(passed(Defences::without(Defence::Junk), 500), ["flood", "flood"]);

    let Bench { mut verifier, .. } = bench();
    let looked_at = |_: &usize| word(&verifier.look(&message("plant/a", JSON, Some("%")))) == "malformed";
    let n = (0..10_000).filter(looked_at).count();
    assert_eq!(n, 4_040, "then they are no longer looked at");
}

#[test]
fn a_clock_that_is_set_back_makes_no_flood() {
    let Bench { mut verifier, mut a, .. } = bench();
    let mut say = |at: Timestamp| {
        let signature = a.sign(BESIDE_TYPE, "plant/a", at, JSON);
        word(&verifier.look(&Message { received: at, ..message("plant/a", JSON, Some(&signature)) }))
    };
    let before = NOW - Duration::from_secs(3600);
    assert!((0..30).all(|it| say(NOW + Duration::from_secs(it)) == "verified"));
    assert!((0..200).all(|it| say(before + Duration::from_millis(it * 500)) == "verified"));
}

#[test]
fn what_nobody_signs_has_its_limits_too_and_they_are_wide() {
    let text = r#"(name: "T", place: (latitude: 0, longitude: 0), twins: [
        (id: "a", kind: Asset, device: (id: "a", signing: Required, status: "a/is"), signals: [
            (id: "v", topic: "a"), (id: "is", topic: "a/is", is: Text)]),
        (id: "old", kind: Asset, device: (id: "old", signing: None), signals: [(id: "v", topic: "old")]),
        (id: "bare", kind: Asset, signals: [(id: "v", topic: "bare")])])"#;
    let site = site_of(text);
    let registry = Arc::new(Registry::made(Vec::new(), NOW, &SecretKey::generate()));
    for topic in ["a/is", "old", "bare"] {
        let mut verifier = Verifier::new(&site, Some(Arc::clone(&registry))).unwrap();
        let large = vec![b'1'; MAX_ENVELOPE_BYTES + 1];
        assert_eq!(word(&verifier.look(&message(topic, &large, None))), "oversize", "{topic}");
        let beside = Some("%").filter(|_| topic != "old");
        assert_eq!(word(&verifier.look(&message(topic, &large[1..], beside))), "unsigned", "{topic}");
        let passed = (0..60_000).filter(|_| word(&verifier.look(&message(topic, b"1", None))) == "unsigned").count();
        assert_eq!(passed, 39_999, "{topic}");
        let later = Message { received: NOW + Duration::from_secs(1), ..message(topic, b"1", None) };
        assert_eq!(word(&verifier.look(&later)), "unsigned", "{topic}");
    }
}

#[test]
fn who_goes_on_from_what_was_heard_comes_to_the_same_verdicts() {
    let Bench { mut verifier, mut a, .. } = bench();
    let mut other = bench().verifier;
    other.set_registry(verifier.registry.clone());
    for round in 0..80_u64 {
        let received = NOW + Duration::from_millis(round * 5);
        let signature = if round % 3 == 0 { "%".to_owned() } else { a.sign(BESIDE_TYPE, "plant/a", received, JSON) };
        let message = Message { received, ..message("plant/a", JSON, Some(&signature)) };
        let heard = verifier.heard();
        let look = verifier.look(&message);
        other.set_heard(&Heard::kept(heard.windows.clone(), &heard.limits()));
        assert_eq!(other.heard(), heard);
        assert_eq!(other.look(&message), look);
    }
    assert!(verifier.book.of("a").n_refused.contains_key(&Reason::Flood));
    let heard = verifier.heard();
    verifier.follow(&site());
    assert_eq!(verifier.heard(), heard, "an edit of the site changes nothing of it");
}

#[test]
fn what_may_have_been_heard_before_a_crash_is_refused_for_a_moment_and_without_noise() {
    let Bench { mut verifier, mut a, book, .. } = bench();
    let windows = [(a.key().id(), Window::reserved(5, 40, NOW))].into();
    verifier.set_heard(&Heard { windows, ..Heard::default() });
    let mut look = |secs: f64| {
        let at = NOW + Duration::from_secs_f64(secs);
        let signature = a.sign(BESIDE_TYPE, "plant/a", at, JSON);
        verifier.look(&Message { received: at, ..message("plant/a", JSON, Some(&signature)) })
    };
    assert_eq!(look(1.0), Look::Refuse(Refusal { reason: Reason::Replayed, quiet: true }));
    assert_eq!(word(&look(2.5)), "verified");
    assert_eq!((book.of("a").last_refused, book.of("a").n_refused[&Reason::Replayed]), (None, 1));
}

#[test]
fn what_a_broker_had_kept_is_refused_without_noise() {
    let Bench { mut verifier, mut a, book, .. } = bench();
    let signature = a.sign(BESIDE_TYPE, "plant/a", NOW - Duration::from_secs(3600), JSON);
    let kept = Message { retained: true, ..message("plant/a", JSON, Some(&signature)) };
    assert_eq!(verifier.look(&kept), Look::Refuse(Refusal { reason: Reason::Stale, quiet: true }));
    assert_eq!(book.of("a").last_refused, None);
}

#[test]
fn of_a_device_s_last_life_a_broker_may_keep_something_but_nobody_may_say_it_now() {
    let key = SecretKey::generate();
    let Bench { mut verifier, book, .. } = bench_with(|keys| keys[0].key = key.public());
    let [mut old, mut new] = [4, 5].map(|epoch| Pen::new(key.clone(), epoch));
    let say = |pen: &mut Pen| pen.sign(BESIDE_TYPE, "plant/a", NOW, JSON);
    let (first, second, now) = (say(&mut old), say(&mut old), say(&mut new));
    assert_eq!(word(&verifier.look(&message("plant/a", JSON, Some(&now)))), "verified");
    let kept = Message { retained: true, ..message("plant/a", JSON, Some(&first)) };
    assert_eq!(verifier.look(&kept), Look::Refuse(Refusal { reason: Reason::Rollback, quiet: true }));
    assert_eq!((book.of("a").evidence, book.of("a").last_refused), (None, None));
    let said = verifier.look(&message("plant/a", JSON, Some(&second)));
    assert_eq!(said, Look::Refuse(Refusal { reason: Reason::Rollback, quiet: false }));
    assert!(book.of("a").evidence.is_some_and(|it| it.0 == Reason::Rollback));
}

#[test]
fn without_a_registry_nothing_counts_as_more_than_unsigned() {
    let mut verifier = Verifier::new(&site(), None).unwrap();
    let mut a = Pen::new(SecretKey::generate(), 1);
    let signature = a.sign(BESIDE_TYPE, "plant/a", NOW, JSON);
    assert_eq!(word(&verifier.look(&message("plant/a", JSON, Some(&signature)))), "unsigned");
    assert_eq!(word(&verifier.look(&message("plant/a", JSON, None))), "unsigned");
    let packed = a.seal(SAMPLES_TYPE, "plant/a", NOW, &pack(&[]));
    assert_eq!(word(&verifier.look(&message("plant/a", &packed, None))), "unsigned with 0");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// For any permutation, duplication or loss of a valid stream nothing is accepted twice, and nothing that was not sent.
    #[test]
    fn no_stream_however_shuffled_is_taken_twice(order in proptest::collection::vec(0_usize..30, 1..80)) {
        let Bench { mut verifier, mut a, .. } = bench();
        let sent: Vec<(Vec<u8>, String)> = (0..30)
            .map(|it| {
                let payload = format!("{{\"v\":{it}}}").into_bytes();
                let signature = a.sign(BESIDE_TYPE, "plant/a", NOW, &payload);
                (payload, signature)
            })
            .collect();
        let mut taken = HashSet::new();
        for (n, which) in order.into_iter().enumerate() {
            let (payload, signature) = &sent[which];
            let received = NOW + Duration::from_millis(n as u64);
            let look = verifier.look(&Message { received, ..message("plant/a", payload, Some(signature)) });
            if matches!(look, Look::Pass(_)) {
                prop_assert!(taken.insert(which), "{which} was taken twice");
            }
        }
        prop_assert!(!taken.is_empty());
    }

    #[test]
    fn no_bytes_bring_it_down(payload in proptest::collection::vec(any::<u8>(), 0..200), signature in proptest::option::of(".{0,80}")) {
        let Bench { mut verifier, .. } = bench();
        let look = verifier.look(&message("plant/a", &payload, signature.as_deref()));
        prop_assert!(matches!(look, Look::Refuse(_)), "{look:?}");
    }
}
