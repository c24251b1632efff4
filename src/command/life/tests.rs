//! Every transition of a command's life, and the law that nothing confirms falsely.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_nanos(secs * 1_000_000_000)
}

fn shown(at_secs: i64, measured: i64, received: i64) -> Happening {
    Happening::Shown { at: at(at_secs), evidence: Evidence { measured: at(measured), received: at(received) } }
}

fn answered(secs: i64, payload: &str) -> Happening {
    Happening::Answered { at: at(secs), answer: Answered::read(payload.as_bytes()) }
}

fn refused(secs: i64) -> Happening {
    Happening::Refused { at: at(secs), cause: Cause::StepLimit, reason: "too far".to_owned() }
}

fn lost(secs: i64) -> Happening {
    Happening::Lost { at: at(secs), reason: "lost".to_owned() }
}

fn superseded(secs: i64) -> Happening {
    Happening::Superseded { at: at(secs), cause: Cause::Unknown, reason: "a newer one".to_owned() }
}

/// One life that stands in each place, asked at 100 s, sent at 101 s, with a window of 5 s.
fn lives() -> Vec<(&'static str, Life)> {
    let draft = Life::new(at(100), at(112), 5.0);
    let after = |life: &Life, all: &[Happening]| {
        let mut life = life.clone();
        all.iter().for_each(|it| life.take(it.clone()));
        life
    };
    let checked = after(&draft, &[Happening::Checked { at: at(101), until: at(221) }]);
    let sent = after(&draft, &[Happening::Sent { at: at(101) }]);
    let accepted = after(&sent, &[answered(102, r#"{"state":"accepted"}"#)]);
    vec![
        ("draft", draft.clone()),
        ("checked", checked),
        ("sent", sent.clone()),
        ("accepted", accepted.clone()),
        ("rejected", after(&draft, &[refused(101)])),
        ("confirmed", after(&sent, &[shown(103, 102, 102)])),
        ("failed", after(&accepted, &[answered(103, r#"{"state":"failed"}"#)])),
        ("timed out", after(&sent, &[Happening::Passed { at: at(107) }])),
        ("unknown", after(&accepted, &[Happening::Passed { at: at(107) }])),
        ("lost draft", after(&draft, &[lost(101)])),
        ("lost sent", after(&sent, &[lost(102)])),
        ("regained sent", after(&sent, &[lost(102), Happening::Back { at: at(103) }])),
        ("expired", after(&draft, &[Happening::Expired { at: at(101), reason: "late".to_owned() }])),
    ]
}

#[test]
fn every_transition_is_as_the_table_says() {
    let happenings = [
        ("checked", Happening::Checked { at: at(103), until: at(223) }),
        ("sent", Happening::Sent { at: at(103) }),
        ("refused", refused(103)),
        ("expired", Happening::Expired { at: at(103), reason: "late".to_owned() }),
        ("accepted", answered(103, r#"{"state":"accepted"}"#)),
        ("done", answered(103, r#"{"state":"done"}"#)),
        ("rejected", answered(103, r#"{"state":"rejected","reason":"local mode"}"#)),
        ("failed", answered(103, r#"{"state":"failed"}"#)),
        ("garbled", answered(103, "what?")),
        ("shown", shown(104, 103, 103)),
        ("shown by old", shown(104, 99, 103)),
        ("lost", lost(103)),
        ("back", Happening::Back { at: at(103) }),
        ("superseded", superseded(103)),
        ("in time", Happening::Passed { at: at(104) }),
        ("too late", Happening::Passed { at: at(300) }),
    ];
    let mut table = String::new();
    for (name, life) in lives() {
        write!(table, "{name}:").unwrap();
        for (event, happening) in &happenings {
            let mut next = life.clone();
            next.take(happening.clone());
            let hope = match next.hope {
                Hope::None => "",
                Hope::WhileLost => " (lost)",
                Hope::Until(_) => " (hoped for)",
            };
            if (next.phase, next.hope) != (life.phase, life.hope) {
                write!(table, " {event} → {}{hope};", next.phase.label()).unwrap();
            }
        }
        table.push('\n');
    }
    insta::assert_snapshot!(table);
}

#[test]
fn only_what_was_measured_and_came_after_it_was_sent_confirms() {
    let check = |measured: i64, received: i64, want: Phase| {
        let mut life = Life::new(at(100), at(112), 5.0);
        life.take(Happening::Sent { at: at(101) });
        life.take(shown(103, measured, received));
        assert_eq!(life.phase, want, "{measured} {received}");
    };
    check(102, 102, Phase::Confirmed);
    check(101, 102, Phase::Sent);
    check(102, 101, Phase::Sent);
    check(100, 102, Phase::Sent);
}

#[test]
fn what_was_lost_from_sight_is_told_by_telemetry_within_one_window_of_the_return() {
    let check = |seen: i64, want: Phase| {
        let mut life = Life::new(at(100), at(112), 5.0);
        for it in [Happening::Sent { at: at(101) }, lost(102), Happening::Back { at: at(200) }] {
            life.take(it);
            assert!(life.phase == Phase::Sent || life.phase == Phase::Unknown);
        }
        life.take(Happening::Passed { at: at(seen) });
        life.take(shown(seen, seen, seen));
        assert_eq!(life.phase, want);
    };
    check(204, Phase::Confirmed);
    check(206, Phase::Unknown);
}

fn happening() -> impl Strategy<Value = Happening> {
    let secs = 95_i64..160;
    prop_oneof![
        (secs.clone(), secs.clone()).prop_map(|(a, b)| Happening::Checked { at: at(a), until: at(b) }),
        secs.clone().prop_map(|it| Happening::Sent { at: at(it) }),
        secs.clone().prop_map(refused),
        secs.clone().prop_map(|it| Happening::Expired { at: at(it), reason: String::new() }),
        (secs.clone(), 0_usize..5).prop_map(|(secs, which)| {
            let all = ["accepted", "done", "rejected", "failed", "nonsense"];
            answered(secs, &format!(r#"{{"state":"{}"}}"#, all[which]))
        }),
        (secs.clone(), secs.clone(), secs.clone()).prop_map(|(a, b, c)| shown(a, b, c)),
        secs.clone().prop_map(lost),
        secs.clone().prop_map(|it| Happening::Back { at: at(it) }),
        secs.clone().prop_map(superseded),
        secs.prop_map(|it| Happening::Passed { at: at(it) }),
    ]
}

proptest! {
    /// In any order, late, twice or not at all: *confirmed* is said only for telemetry that is younger than the command,
    /// of a command that was not given up before, and nothing is said after.
    #[test]
    fn no_order_of_what_happens_confirms_falsely(all in prop::collection::vec(happening(), 0..40)) {
        let mut life = Life::new(at(100), at(112), 5.0);
        for it in all {
            let before = life.clone();
            life.take(it.clone());
            if life.phase == Phase::Confirmed && before.phase != Phase::Confirmed {
                let Happening::Shown { at: seen, evidence } = it else {
                    return Err(TestCaseError::fail(format!("{it:?} confirmed {before:?}")));
                };
                prop_assert!(before.sent.is_some() || before.answered.is_some(), "nobody said that it was sent");
                // Where it is not known when it was sent, it was not before it was asked for.
                let since = before.sent.unwrap_or(at(100));
                prop_assert!(evidence.measured > since && evidence.received > since);
                prop_assert!(before.phase.is_under_way() || before.hope != Hope::None);
                prop_assert!(!before.phase.is_under_way() || seen <= before.until);
            }
            if !before.is_awaited() {
                prop_assert_eq!(&life.phase, &before.phase);
            }
            if matches!(before.phase, Phase::Confirmed | Phase::Rejected | Phase::Failed | Phase::Expired) {
                prop_assert_eq!(&life, &before);
            }
        }
    }
}
