//! What is told of a site with its readings and counts.

use super::super::fixture;
use super::*;
use crate::session::{TopicCount, TopicFault, TopicSkew};

fn texts(tally: &TallySnapshot, linked_secs: Option<f64>) -> Vec<(DiagnosticKind, String)> {
    let site = fixture::site();
    let evidence = Evidence {
        site: &site,
        findings: &[],
        recording: &[],
        seals: None,
        readings: &Readings::default(),
        tally,
        linked_secs,
        posture: None,
        now: Timestamp::MIN,
    };
    diagnose(&evidence).into_iter().map(|it| (it.kind, it.text)).collect()
}

#[test]
fn a_silent_topic_is_told_once_with_its_signals_and_only_while_the_link_is_up() {
    let tally = TallySnapshot::default();
    assert!(texts(&tally, None).is_empty());
    assert!(texts(&tally, Some(1.0)).is_empty());
    let got = texts(&tally, Some(60.0));
    assert_eq!(got.len(), 2, "{got:?}");
    assert_eq!(got[0].1, "Nothing came on pumping.p1; 2 signals wait for it");
}

#[test]
fn what_cannot_be_read_stands_above_what_is_only_to_know() {
    let tally = TallySnapshot {
        unparsable: vec![TopicFault {
            topic: "pumping.p1".into(),
            count: 3,
            error: "not a number".into(),
            ..TopicFault::default()
        }],
        unbound_topics: vec![TopicCount { topic: "other".into(), count: 1_200 }],
        ..TallySnapshot::default()
    };
    let got = texts(&tally, None);
    assert_eq!(got[0].1, "A payload on pumping.p1 could not be read (3 times)");
    assert_eq!(got[1].1, "other arrives (1\u{2009}200×), and no signal is bound to it");
}

#[test]
fn a_clock_whose_time_is_not_taken_is_told_once_for_its_device() {
    let ahead = |topic: &str| TopicSkew { topic: topic.to_owned(), secs: 90.0, last: Timestamp::MIN };
    let tally = TallySnapshot { ahead: vec![ahead("pumping.p1"), ahead("elsewhere")], ..TallySnapshot::default() };
    let got = texts(&tally, None);
    let told: Vec<&String> = got.iter().filter(|it| it.0 == DiagnosticKind::ClockSkew).map(|it| &it.1).collect();
    assert_eq!(told.len(), 1, "{got:?}");
    assert!(told[0].starts_with("The clock of ") && told[0].ends_with(" ahead: its time is not taken"), "{told:?}");
}

#[test]
fn a_certificate_that_ends_soon_is_told_with_whose_it_is() {
    let site = fixture::site();
    let posture = fixture::posture();
    let told = |now: &str| {
        let evidence = Evidence {
            site: &site,
            findings: &[],
            recording: &[],
            seals: None,
            readings: &Readings::default(),
            tally: &TallySnapshot::default(),
            linked_secs: None,
            posture: Some(&posture),
            now: now.parse().unwrap(),
        };
        diagnose(&evidence).into_iter().map(|it| (it.severity, it.text)).collect::<Vec<_>>()
    };
    assert_eq!(told("2026-02-01T00:00:00Z"), []);
    let want = "Our certificate (desktop, issued by Demo CA) expires in 12 days";
    assert_eq!(told("2026-05-20T00:00:00Z"), [(Gravity::Warning, want.to_owned())]);
    let want = "Our certificate (desktop, issued by Demo CA) expired 9 days ago";
    assert_eq!(told("2026-06-10T00:00:00Z"), [(Gravity::Error, want.to_owned())]);
}

#[test]
fn what_is_suppressed_is_hidden_singly_or_by_kind() {
    let one = Diagnostic {
        key: "never a".to_owned(),
        kind: DiagnosticKind::NeverSeen,
        severity: Gravity::Warning,
        text: String::new(),
        hint: String::new(),
        twins: Vec::new(),
    };
    let mut hidden = Suppressed::default();
    assert!(!hidden.hides(&one));
    hidden.keys.insert("never a".to_owned());
    assert!(hidden.hides(&one));
    let by_kind = Suppressed { kinds: BTreeSet::from([DiagnosticKind::NeverSeen]), ..Suppressed::default() };
    assert!(by_kind.hides(&one));
}
