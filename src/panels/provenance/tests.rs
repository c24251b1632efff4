//! The card as a person meets it.

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::*;
use crate::trust::Step;

fn card() -> ProvenanceCard {
    let step = |step, saw: &str, refused: &str| StepRow {
        step,
        made: Made::Passed,
        saw: saw.to_owned(),
        refused: refused.to_owned(),
    };
    ProvenanceCard {
        signal: SignalId(0),
        twin: TwinId(1),
        title: "Pump 1 · Speed".to_owned(),
        value: "1450 rpm, came 12:03:03.900".to_owned(),
        standing: Standing::Rejected,
        says: "What came last was refused.".to_owned(),
        others: Vec::new(),
        chain: vec![ChainRow {
            what: "Device",
            text: "nf-p1".to_owned(),
            lines: vec!["Must sign what it says".to_owned()],
            proves: Proves::Yes,
        }],
        unchecked: None,
        steps: vec![
            step(Step::Signature, "Ed25519 by 0011223344556677", "forged 3×"),
            step(Step::Replay, "number 7 of life 2", ""),
        ],
        unknown: None,
        cannot_verify: None,
        again: Some(AgainRows {
            text: "Verified again at 12:05:00, same result.".to_owned(),
            same: Some(true),
            steps: vec![(Step::Signature, true, String::new())],
        }),
        exhibit: Some(ExhibitRow {
            text: "Forged, at 12:03:04 on pumping.p1".to_owned(),
            detail: "the signature is not that of the key".to_owned(),
            bytes: b"{\"speed\":2900}".to_vec(),
            length: 14,
        }),
    }
}

#[test]
fn the_card_tells_each_check_and_its_buttons_ask() {
    let state = (Provenance::of(SignalId(0)), Vec::new());
    let card = card();
    let mut harness = Harness::builder().with_size(vec2(460.0, 620.0)).build_ui_state(
        move |ui, (state, asked): &mut (Provenance, Vec<Action>)| {
            provenance_ui(ui, &card, state, &|| "{}".to_owned(), asked);
        },
        state,
    );
    harness.run();
    let check = "signature: passed. Ed25519 by 0011223344556677 forged 3×";
    assert!(harness.query_by_label(check).is_some());
    assert!(harness.query_by_label_contains("same result").is_some());
    assert!(harness.query_by_label_contains("7b 22 73").is_none());
    harness.get_by_label("Show refused bytes").click();
    harness.run();
    assert!(harness.query_by_label_contains("7b 22 73").is_some());
    harness.get_by_label("Verify again from the raw bytes").click();
    harness.run();
    harness.get_by_label("Copy as JSON").click();
    harness.run();
    assert_eq!(harness.state().1, [Action::VerifyAgain(SignalId(0)), Action::Copy("{}".to_owned())]);
}

#[test]
fn what_nobody_remembers_of_a_message_is_called_unknown_and_can_be_verified_again() {
    let steps = vec![StepRow { step: Step::Key, made: Made::Unknown, saw: String::new(), refused: String::new() }];
    let unknown = Some("Nobody remembers what the checks saw of it.".to_owned());
    let card = ProvenanceCard { steps, unknown, ..card() };
    let mut harness = Harness::builder().with_size(vec2(460.0, 620.0)).build_ui_state(
        move |ui, asked: &mut Vec<Action>| {
            provenance_ui(ui, &card, &mut Provenance::of(SignalId(0)), &String::new, asked);
        },
        Vec::new(),
    );
    harness.run();
    assert!(harness.query_by_label("key: not known.").is_some());
    harness.get_by_label("Verify again").click();
    harness.run();
    assert_eq!(*harness.state(), [Action::VerifyAgain(SignalId(0))]);
}
