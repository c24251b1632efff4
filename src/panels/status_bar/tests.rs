//! The bar in a window, as wide and as narrow as it gets.

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::super::alarms::{AlarmAction, AlarmView};
use super::super::layout::Pane;
use super::super::unverified::{Seen, Unverified};
use super::*;
use crate::session::WorkId;

fn status() -> Status {
    Status {
        link: LinkLine::Up { url: "mqtt://127.0.0.1:1883".to_owned(), reconnects: 1 },
        posture: Some(PostureLine::Local),
        unverified: Vec::new(),
        works: vec![WorkLine { id: WorkId(7), title: "exporting week.csv".to_owned(), share: 0.427 }],
        unacknowledged: [2, 0, 1, 0],
        isolated: 2,
        arrivals_per_sec: 412.3,
        live: (161, 162),
        delay_ms: Some((1.8, 6.4)),
        skipped: 12,
        picture: Some(Picture { reduced: true, why: "llvmpipe draws".to_owned(), frame_ms: 33.0 }),
        history: (41_300_000, 512_000_000),
        reach_secs: Some(750.0),
        time: ("14:03:27".to_owned(), "2026-01-31 14:03:27".to_owned(), "Europe/Berlin".to_owned()),
        cursor: (CursorMode::Live, 1.0),
        operator: Some(OperatorLine {
            text: "Ada · engineer".to_owned(),
            ready: true,
            demo: false,
            no_gate: None,
            n_pending: 1,
        }),
    }
}

fn harness(width: f32, status: Status) -> Harness<'static, Option<Action>> {
    Harness::builder().with_size(egui::vec2(width, 30.0)).build_ui_state(
        move |ui, asked: &mut Option<Action>| *asked = status_bar_ui(ui, &status).or(asked.take()),
        None,
    )
}

#[test]
fn a_wide_bar_tells_all_and_a_narrow_one_the_link_and_the_time() {
    let wide = harness(1600.0, status());
    for label in [
        "mqtt://127.0.0.1:1883",
        "412/s",
        "skipped 12",
        "161 of 162 signals live",
        "LIVE",
        "Ctrl+K",
        "Ada · engineer",
        "1 to approve",
    ] {
        assert!(wide.query_by_label(label).is_some(), "{label} is missing");
    }
    assert!(wide.query_by_label("software renderer: quality reduced").is_some());
    let narrow = harness(420.0, status());
    assert!(narrow.query_by_label("mqtt://127.0.0.1:1883").is_some());
    assert!(narrow.query_by_label("14:03:27").is_some());
    assert!(narrow.query_by_label("skipped 12").is_none());
}

#[test]
fn unacknowledged_alarms_are_counted_by_priority_at_every_width_and_lead_to_their_list() {
    for width in [420.0, 1600.0] {
        let mut harness = harness(width, status());
        assert!(harness.query_by_label("2 low alarms unacknowledged").is_some());
        assert!(harness.query_by_label_contains("urgent").is_none());
        harness.get_by_label("1 high alarm unacknowledged").click();
        harness.run();
        let want = Action::Alarm(AlarmAction::See(AlarmView::Unacknowledged));
        assert_eq!(*harness.state(), Some(want), "{width} wide");
    }
}

#[test]
fn what_is_not_encrypted_is_said_at_every_width_and_however_the_link_is() {
    let down = LinkLine::Down { why: "gone".to_owned(), next_secs: 1.0, attempt: 1 };
    for link in [status().link, down] {
        let exposed = || Status { posture: Some(PostureLine::Exposed), link: link.clone(), ..status() };
        for width in [420.0, 1600.0] {
            assert!(harness(width, exposed()).query_by_label("unencrypted").is_some(), "{width} wide");
        }
    }
    assert!(harness(1600.0, status()).query_by_label("plain, this machine").is_some());
    assert!(harness(1600.0, status()).query_by_label("unencrypted").is_none());
}

#[test]
fn a_certificate_that_wants_a_person_leads_to_what_is_wrong() {
    let secure = |text: &str, warns| PostureLine::Secure {
        text: text.to_owned(),
        hint: "Who and until when.".to_owned(),
        warns,
        newest: true,
    };
    let calm = harness(1600.0, Status { posture: Some(secure("TLS 1.3", false)), ..status() });
    assert!(calm.query_by_label("TLS 1.3").is_some());
    let text = "TLS 1.3 · our certificate expires in 12 days";
    let mut warning = harness(1600.0, Status { posture: Some(secure(text, true)), ..status() });
    warning.get_by_label(text).click();
    warning.run();
    assert_eq!(*warning.state(), Some(Action::Show(Pane::Diagnostics)));
}

#[test]
fn a_click_on_paused_goes_back_to_live() {
    let mut harness = harness(1600.0, Status { cursor: (CursorMode::Paused, 1.0), ..status() });
    harness.get_by_label("PAUSED").click();
    harness.run();
    assert_eq!(*harness.state(), Some(Action::Live));
    let playing = self::harness(1600.0, Status { cursor: (CursorMode::Playing, -10.0), ..status() });
    assert!(playing.query_by_label("PLAYING −10×").is_some());
}

#[test]
fn work_under_way_says_how_far_it_is_and_is_stopped_by_a_click() {
    let mut harness = harness(1600.0, status());
    harness.get_by_label("exporting week.csv: 42\u{a0}%").click();
    harness.run();
    assert_eq!(*harness.state(), Some(Action::CancelWork(WorkId(7))));
}

#[test]
fn a_link_that_is_down_says_when_it_is_tried_again() {
    let why = "127.0.0.1:1883 refused the connection: is a broker running there?".to_owned();
    let down = LinkLine::Down { why, next_secs: 2.4, attempt: 3 };
    let bar = harness(1600.0, Status { link: down, ..status() });
    assert!(bar.query_by_label("link down, next try in 3\u{a0}s").is_some());
}

#[test]
fn what_verifies_nothing_is_said_at_every_width_and_leads_to_what_to_do() {
    let seen = Seen { is_signed: true, has_keys: false, is_replay: false, gate_is_unsigned: true };
    for width in [560.0, 1600.0] {
        let mut harness = harness(width, Status { unverified: Unverified::of(seen), ..status() });
        assert!(harness.query_by_label("gate verifies nothing").is_some(), "{width} wide");
        harness.get_by_label("nothing verified").click();
        harness.run();
        assert_eq!(*harness.state(), Some(Action::Show(Pane::Diagnostics)), "{width} wide");
    }
    assert!(harness(1600.0, status()).query_by_label("nothing verified").is_none());
}

#[test]
fn what_is_isolated_is_counted_at_every_width_and_leads_to_the_list_and_nothing_is_not_said() {
    for width in [420.0, 1600.0] {
        let mut bar = harness(width, status());
        bar.get_by_label("2 isolated").click();
        bar.run();
        assert_eq!(*bar.state(), Some(Action::ListIsolated), "{width} wide");
        assert!(harness(width, Status { isolated: 0, ..status() }).query_by_label_contains("isolated").is_none());
    }
}
