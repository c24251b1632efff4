//! The alarm panels as a person meets them: found by label, walked through with the keyboard, clicked.

use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::*;
use crate::command::Phase;
use crate::judge::{AlarmState, Priority, Truth};
use crate::signal::{SignalId, Timestamp};
use crate::site::TwinId;
use crate::twin::{ReadingState, Standing};

fn at(secs: i64) -> Timestamp {
    Timestamp::from_nanos((1_800_000_000 + secs) * 1_000_000_000)
}

fn key(alarm: u32, priority: Priority, state: AlarmState) -> AlarmKey {
    AlarmKey {
        alarm: AlarmId(alarm),
        twin: TwinId(alarm),
        priority,
        state,
        truth: Truth::Active,
        raised: Some(at(i64::from(alarm))),
        first_out: false,
        chattering: false,
    }
}

/// What the panel is given, and what it asks for.
#[derive(Default)]
struct Shown {
    state: AlarmsState,
    keys: Vec<AlarmKey>,
    flood: Option<FloodRow>,
    figures: FiguresRows,
    found: bool,
    searching: bool,
    problem: Option<&'static str>,
    cannot_act: Option<String>,
    entries: usize,
    described: usize,
    /// How many rows were put into words in the last frame.
    worded: usize,
    asked: Vec<Action>,
}

fn shown(keys: Vec<AlarmKey>) -> Shown {
    Shown { described: 20, keys, ..Shown::default() }
}

fn words<'a>(key: &AlarmKey) -> AlarmRow<'a> {
    AlarmRow {
        twin: "Tower".to_owned(),
        name: ["Level high", "Level low", "Flow low", "Pump tripped"][key.alarm.0 as usize % 4],
        time: "12:00:00".to_owned(),
        now: format!("{}\u{a0}m", key.alarm.0),
        ..AlarmRow::default()
    }
}

fn entry<'a>(at_row: usize) -> JournalRow<'a> {
    JournalRow {
        at: at(100 - at_row as i64),
        time: "12:00:00.0".to_owned(),
        known: String::new(),
        twin: TwinId(3),
        twin_name: "Tower".to_owned(),
        name: "Level high",
        priority: Priority::High,
        what: if at_row == 0 { "acknowledged by anna".to_owned() } else { "raised".to_owned() },
        raised: at_row > 0,
    }
}

fn harness(shown: Shown) -> Harness<'static, Shown> {
    let mut harness = Harness::builder().with_size(vec2(1000.0, 260.0)).build_ui_state(
        |ui, it: &mut Shown| {
            let worded = std::cell::Cell::new(0);
            let put = |key: &AlarmKey| {
                worded.set(worded.get() + 1);
                words(key)
            };
            let figures = it.figures.clone();
            let rows = AlarmsRows {
                keys: it.keys.clone(),
                words: &put,
                flood: it.flood.clone(),
                found: it.found,
                searching: it.searching,
                problem: it.problem,
                cannot_act: it.cannot_act.clone(),
                described: it.described,
                entries: it.entries,
                entry: &|at| entry(at),
                figures: &|| figures.clone(),
                reduced_motion: true,
            };
            let asked = alarms_panel_ui(ui, &rows, &mut it.state);
            it.worded = worded.get();
            for action in &asked {
                if let Action::Alarm(AlarmAction::Choose(alarm)) = action {
                    it.state.chosen = Some(*alarm);
                } else if let Action::Alarm(AlarmAction::See(view)) = action {
                    it.state.view = *view;
                }
            }
            it.asked.extend(asked);
        },
        shown,
    );
    harness.run_steps(2);
    harness
}

fn some() -> Vec<AlarmKey> {
    vec![
        key(1, Priority::Low, AlarmState::Unacknowledged),
        key(2, Priority::Urgent, AlarmState::Unacknowledged),
        key(3, Priority::High, AlarmState::Acknowledged),
        key(4, Priority::Medium, AlarmState::Shelved),
    ]
}

#[test]
fn the_arrows_walk_from_the_worst_down_and_enter_flies_there() {
    let mut harness = harness(shown(some()));
    harness.get_by_label("urgent unacknowledged: Tower Flow low, 2\u{a0}m").click();
    harness.run_steps(2);
    assert_eq!(harness.state().state.chosen, Some(AlarmId(2)));
    harness.key_press(Key::ArrowDown);
    harness.run_steps(2);
    assert_eq!(harness.state().state.chosen, Some(AlarmId(3)));
    harness.key_press(Key::ArrowDown);
    harness.key_press(Key::ArrowDown);
    harness.run_steps(3);
    assert_eq!(harness.state().state.chosen, Some(AlarmId(1)), "it stays on the last");
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().asked.last(), Some(&Action::FlyTo(TwinId(1))));
}

#[test]
fn the_keys_act_while_the_list_has_the_keyboard() {
    for (key, modifiers, want) in [
        (Key::A, Modifiers::NONE, AlarmAction::Acknowledge),
        (Key::A, Modifiers::SHIFT, AlarmAction::AskAcknowledgeAll),
        (Key::S, Modifiers::NONE, AlarmAction::AskShelve),
        (Key::W, Modifiers::NONE, AlarmAction::Why),
    ] {
        let mut harness = harness(shown(some()));
        harness.get_by_label("urgent unacknowledged: Tower Flow low, 2\u{a0}m").click();
        harness.run_steps(2);
        harness.key_press_modifiers(modifiers, key);
        harness.run_steps(2);
        assert_eq!(harness.state().asked.last(), Some(&Action::Alarm(want)));
    }
}

#[test]
fn every_list_is_a_click_away_with_its_count() {
    let mut harness = harness(Shown { entries: 2, ..shown(some()) });
    for (label, view) in [
        ("Unacknowledged 2", AlarmView::Unacknowledged),
        ("Shelved 1", AlarmView::Shelved),
        ("Suppressed", AlarmView::Suppressed),
        ("Out of service", AlarmView::OutOfService),
        ("Journal 2", AlarmView::Journal),
        ("Figures", AlarmView::Figures),
        ("Standing 3", AlarmView::Standing),
    ] {
        harness.get_by_label(label).click();
        harness.run_steps(2);
        assert_eq!(harness.state().state.view, view);
    }
    harness.get_by_label("Shelved 1").click();
    harness.run_steps(2);
    assert!(harness.query_by_label("medium shelved: Tower Level high, 4\u{a0}m").is_some());
    assert!(harness.query_by_label_contains("urgent unacknowledged").is_none());
}

#[test]
fn what_cannot_be_done_says_why_and_why_can_always_be_asked() {
    let why = "This is a recording: what was found in it is acknowledged by nobody.";
    let mut recorded = Shown { found: true, cannot_act: Some(why.to_owned()), ..shown(some()) };
    recorded.state.chosen = Some(AlarmId(2));
    let mut harness = harness(recorded);
    assert!(harness.query_by_label_contains("Found in this recording").is_some());
    let acknowledge = harness.get_by_label("Acknowledge");
    assert!(acknowledge.accesskit_node().is_disabled());
    acknowledge.hover();
    harness.run_steps(60);
    assert!(harness.query_by_label(why).is_some());
    harness.get_by_label("Why?").click();
    harness.run_steps(2);
    assert_eq!(harness.state().asked, [Action::Alarm(AlarmAction::Why)]);
}

#[test]
fn what_can_be_done_follows_the_state() {
    let check = |state, there: &[&str], not: &[&str]| {
        let mut given = shown(vec![key(1, Priority::Low, state)]);
        given.state.chosen = Some(AlarmId(1));
        given.state.view = AlarmView::ALL.into_iter().find(|it| super::shown(*it, &given.keys[0])).unwrap();
        let harness = harness(given);
        for label in there {
            let node = harness.query_by_label(label).unwrap_or_else(|| panic!("{state:?}: no {label}"));
            assert!(!node.accesskit_node().is_disabled(), "{state:?}: {label}");
        }
        for label in not {
            let gone = harness.query_by_label(label).is_none_or(|it| it.accesskit_node().is_disabled());
            assert!(gone, "{state:?}: {label}");
        }
    };
    check(AlarmState::Unacknowledged, &["Acknowledge", "Shelve…", "Out of service…", "Note…"], &["Reset", "Unshelve"]);
    check(AlarmState::Acknowledged, &["Shelve…"], &["Acknowledge", "Reset"]);
    check(AlarmState::Latched, &["Reset"], &["Acknowledge"]);
    check(AlarmState::Shelved, &["Unshelve"], &["Acknowledge", "Shelve…"]);
    check(AlarmState::OutOfService, &["Back into service"], &["Acknowledge", "Out of service…"]);
}

#[test]
fn what_there_is_no_room_for_stands_in_a_menu() {
    for width in [460.0, 672.0, 1400.0] {
        let mut given = shown(some());
        given.state.chosen = Some(AlarmId(2));
        let mut harness = harness(given);
        harness.set_size(vec2(width, 160.0));
        harness.run_steps(3);
        assert_eq!(harness.query_by_label("More").is_some(), width < 1000.0, "{width} wide");
        let right = harness.get_by_label("Acknowledge").rect().right();
        assert!(right <= width, "{width} wide: {right}");
        if let Some(more) = harness.query_by_label("More") {
            more.click();
            harness.run_steps(3);
        }
        harness.get_by_label("Note…").click();
        harness.run_steps(2);
        assert_eq!(harness.state().asked.last(), Some(&Action::Alarm(AlarmAction::AskNote)), "{width} wide");
        // The worst alarm is in sight even in a low panel.
        let row = harness.get_by_label_contains("urgent unacknowledged").rect();
        assert!(row.bottom() <= 160.0 - 40.0, "{width} wide: {row}");
    }
}

#[test]
fn an_empty_list_says_what_that_means() {
    let unknown = AlarmKey { truth: Truth::Unknown, ..key(1, Priority::Low, AlarmState::Normal) };
    let check = |given: Shown, want: &str| {
        let harness = harness(given);
        assert!(harness.query_by_label_contains(want).is_some(), "{want}");
    };
    check(shown(Vec::new()), "all 20 of this site are looked at");
    check(shown(vec![unknown]), "1 of 20 cannot be judged");
    check(Shown { described: 0, ..shown(Vec::new()) }, "Give a twin some under `alarms`");
    let state = || AlarmsState { view: AlarmView::Shelved, ..AlarmsState::default() };
    check(Shown { state: state(), ..shown(Vec::new()) }, "press S");
}

#[test]
fn of_a_thousand_alarms_only_those_in_sight_are_put_into_words() {
    let keys: Vec<AlarmKey> = (0..1000).map(|it| key(it, Priority::High, AlarmState::Unacknowledged)).collect();
    let group =
        |n: u32| FloodGroup { title: format!("Station {n}"), alarms: (n * 100..(n + 1) * 100).map(AlarmId).collect() };
    let flood = FloodRow {
        since: "12:00:00".to_owned(),
        count: 1000,
        first: Some((AlarmId(730), "Pump 7 · Tripped".to_owned())),
        groups: (0..10).map(group).collect(),
        by_place: false,
    };
    let mut harness = harness(Shown { flood: Some(flood), ..shown(keys) });
    assert!(harness.query_by_label("Alarm flood").is_some());
    assert!((1..=12).contains(&harness.state().worded), "{}", harness.state().worded);
    // The group of the first-out leads, and folds away.
    harness.get_by_label("Fold Station 7 · 100, 100 unacknowledged").click();
    harness.run_steps(2);
    assert!(harness.query_by_label("Unfold Station 7 · 100, 100 unacknowledged").is_some());
    assert!(harness.query_by_label("Fold Station 0 · 100, 100 unacknowledged").is_some());
    harness.get_by_label("Pump 7 · Tripped").click();
    harness.get_by_label("By place").click();
    harness.run_steps(2);
    let asked = &harness.state().asked;
    assert!(asked.contains(&Action::Alarm(AlarmAction::Find(AlarmId(730)))));
    assert!(asked.contains(&Action::Alarm(AlarmAction::GroupByPlace(true))));
}

#[test]
fn a_line_of_the_journal_leads_to_its_instant() {
    let mut given = Shown { entries: 2, ..shown(Vec::new()) };
    given.state.view = AlarmView::Journal;
    let mut harness = harness(given);
    harness.get_by_label("12:00:00.0 Tower Level high raised").click();
    harness.run_steps(2);
    assert_eq!(harness.state().asked, [Action::Select(TwinId(3)), Action::Seek(at(99))]);
}

#[test]
fn the_figures_stand_beside_what_is_aimed_at() {
    let named = |alarm, count| NamedCount { alarm: AlarmId(alarm), name: "Tower · Level high".to_owned(), count };
    let figures = FiguresRows {
        now: 14.0,
        peak: 30.0,
        mean: 0.8,
        raised: 40,
        standing: 9,
        stale: 1,
        chattering: vec![named(5, 31)],
        frequent: vec![named(6, 32)],
        shares: [0.5, 0.25, 0.2, 0.05],
    };
    let mut given = Shown { figures, ..shown(Vec::new()) };
    given.state.view = AlarmView::Figures;
    let mut harness = harness(given);
    for label in [
        "14 alarms in 10 minutes now: a flood",
        "0.8 alarms in 10 minutes on average: as it should be",
        "30 alarms in 10 minutes at most: a flood",
        "low: 50\u{a0}% aim about 80\u{a0}%",
    ] {
        assert!(harness.query_by_label(label).is_some(), "{label}");
    }
    harness.get_by_label("Chattering: Tower · Level high, 31 times").click();
    harness.run_steps(2);
    assert_eq!(harness.state().asked, [Action::Alarm(AlarmAction::Find(AlarmId(5)))]);
}

fn dialog_harness(dialog: Dialog) -> Harness<'static, (Dialog, Answer)> {
    let mut harness = Harness::builder().with_size(vec2(600.0, 300.0)).build_ui_state(
        |ui, (dialog, answer): &mut (Dialog, Answer)| {
            let next = dialog_ui(ui, dialog, "Tower · Level high");
            if next != Answer::Open {
                *answer = next;
            }
        },
        (dialog, Answer::Open),
    );
    harness.run_steps(3);
    harness
}

#[test]
fn shelving_wants_a_reason_and_a_span() {
    let mut harness = dialog_harness(Dialog::shelve(AlarmId(4)));
    let button =
        |harness: &Harness<'static, (Dialog, Answer)>| harness.get_by_label("Shelve").accesskit_node().is_disabled();
    assert!(button(&harness), "a reason is required");
    harness.get_by_label("8 h").click();
    harness.get_by_label("Reason").type_text("  calibration ");
    harness.run_steps(2);
    assert!(!button(&harness));
    harness.get_by_label("Shelve").click();
    harness.run_steps(2);
    let Answer::Do(Action::Alarm(AlarmAction::Confirm(dialog))) = &harness.state().1 else {
        panic!("nothing was asked")
    };
    assert_eq!(dialog.deed, Deed::Shelve { minutes: 480.0, own: false });
    assert_eq!((dialog.text.trim(), &dialog.alarms[..]), ("calibration", &[AlarmId(4)][..]));
}

#[test]
fn an_own_span_can_be_given_and_a_refusal_is_told_in_its_place() {
    let refused = Some("it is out of service: return it to service first".to_owned());
    let mut harness = dialog_harness(Dialog { refused, ..Dialog::shelve(AlarmId(4)) });
    assert!(harness.query_by_label("It is out of service: return it to service first.").is_some());
    assert!(harness.query_by_label("Minutes").is_none());
    harness.get_by_label("Own").click();
    harness.run_steps(2);
    assert!(harness.query_by_label("Minutes").is_some());
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert_eq!(harness.state().1, Answer::Closed);
}

#[test]
fn acknowledging_all_asks_first_and_says_how_many() {
    let alarms = vec![AlarmId(1), AlarmId(2)];
    let mut harness = dialog_harness(Dialog::new(alarms.clone(), Deed::AcknowledgeAll));
    assert!(harness.query_by_label("Acknowledge 2 alarms?").is_some());
    harness.get_by_label("Acknowledge all").click();
    harness.run_steps(2);
    let want = AlarmAction::Confirm(Dialog::new(alarms, Deed::AcknowledgeAll));
    assert_eq!(harness.state().1, Answer::Do(Action::Alarm(want)));
}

#[test]
fn every_line_of_why_leads_somewhere() {
    let card = WhyCard {
        alarm: AlarmId(1),
        twin: TwinId(1),
        title: "Tower · Level high".to_owned(),
        priority: Priority::High,
        state: AlarmState::Unacknowledged,
        raised: Some((at(60), "12:01:00".to_owned())),
        condition: "Level above 3.9 m for 5 s".to_owned(),
        response: "Open the drain.".to_owned(),
        inputs: vec![WhyInput {
            signal: SignalId(7),
            twin: TwinId(1),
            name: "Level".to_owned(),
            at_raise: "3.92 m".to_owned(),
            now: "4.01 m".to_owned(),
            state: ReadingState::Stale,
            standing: Standing::Stale,
        }],
        taint: None,
        upstream: vec![WhyUpstream {
            twin: TwinId(2),
            name: "Pump 1".to_owned(),
            distance: 1,
            alarms: vec![(AlarmId(9), "Pump 1 · Overspeed".to_owned(), Priority::Urgent)],
        }],
        commands: vec![WhyCommand {
            twin: TwinId(2),
            at: at(30),
            before: "30 s before".to_owned(),
            text: "Pump 1 · Run on, anna".to_owned(),
            phase: Phase::Confirmed,
        }],
        minutes: 5.0,
    };
    for (label, want) in [
        ("raised 12:01:00", vec![Action::Select(TwinId(1)), Action::Seek(at(60))]),
        ("Upstream: Pump 1", vec![Action::FlyTo(TwinId(2))]),
        ("Upstream alarm: Pump 1 · Overspeed", vec![Action::Alarm(AlarmAction::Find(AlarmId(9)))]),
        ("Pump 1 · Run on, anna, 30 s before: confirmed", vec![Action::Select(TwinId(2)), Action::Seek(at(30))]),
    ] {
        let card = card.clone();
        let mut harness = Harness::builder().with_size(vec2(420.0, 560.0)).build_ui_state(
            move |ui, asked: &mut Vec<Action>| {
                why_ui(ui, &card, asked);
            },
            Vec::new(),
        );
        harness.run_steps(2);
        assert!(harness.query_by_label("Level above 3.9 m for 5 s").is_some());
        assert!(harness.query_by_label("Level: 3.92 m when raised, 4.01 m now stale").is_some());
        harness.get_by_label(label).click();
        harness.run_steps(2);
        assert_eq!(*harness.state(), want, "{label}");
    }
}

#[test]
fn what_keeps_alarms_from_being_found_is_told_over_the_list() {
    let searching = harness(Shown { found: true, searching: true, ..shown(some()) });
    assert!(searching.query_by_label_contains("still being looked through").is_some());
    let broken = harness(Shown { problem: Some("the thread could not be started"), ..shown(Vec::new()) });
    assert!(broken.query_by_label("No alarms are found: the thread could not be started").is_some());
}
