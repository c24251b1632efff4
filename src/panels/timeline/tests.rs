//! The timeline as a person meets it: found by label, dragged, clicked and zoomed.

use egui::{Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use super::super::alarms::AlarmAction;
use super::*;
use crate::session::EditMark;
use crate::session::export::Format;
use crate::trust::{Reason, Slip};

const BEGAN: i64 = 1_800_000_000;

fn at(secs: f64) -> Timestamp {
    Timestamp::from_nanos(BEGAN * 1_000_000_000 + (secs * 1e9) as i64)
}

/// What the panel is given, and what it asks for.
struct Shown {
    state: TimelineState,
    cursor: Cursor,
    marks: Vec<Mark>,
    gaps: Vec<Span>,
    alarms: Vec<AlarmSpan>,
    slips: Vec<Slip>,
    strips: usize,
    loaded: Option<f32>,
    difference: Option<DifferenceStrip>,
    seals: Option<SealLane>,
    hovering: Option<Timestamp>,
    asked: Vec<Action>,
}

fn shown() -> Shown {
    Shown {
        state: TimelineState::default(),
        cursor: Cursor { at: at(1000.0), mode: CursorMode::Live, speed: 1.0, looped: None, as_live: false },
        marks: Vec::new(),
        gaps: Vec::new(),
        alarms: Vec::new(),
        slips: Vec::new(),
        strips: 3,
        loaded: None,
        difference: None,
        seals: None,
        hovering: None,
        asked: Vec::new(),
    }
}

fn harness(shown: Shown) -> Harness<'static, Shown> {
    let clock = Clock::new("UTC");
    let mut harness = Harness::builder().with_size(vec2(900.0, 220.0)).build_ui_state(
        move |ui, it: &mut Shown| {
            let extent = Extent { from: at(0.0), to: at(1000.0), live: true };
            let scale = it.state.scale(extent, &it.gaps, 10_000);
            let counts = vec![1.0; scale.width() as usize];
            let strip = |n: usize| Strip { twin: TwinId(n as u32), name: format!("Group {n}"), counts: counts.clone() };
            let rows = TimelineRows {
                extent,
                anything: it.strips > 0,
                cursor: it.cursor,
                clock: &clock,
                scale,
                strips: (0..it.strips).map(strip).collect(),
                gaps: it.gaps.clone(),
                difference: it.difference.clone(),
                alarms: &it.alarms,
                alarm_words: &|them| format!("{} raised", them.len()),
                refusals: refusal_marks(it.slips.iter(), &it.state.scale(extent, &it.gaps, 10_000), extent.to, |_| {
                    Some(TwinId(1))
                }),
                commands: vec![CommandDot {
                    at: at(500.0),
                    text: "Pump 1 · Run on: confirmed".to_owned(),
                    phase: Phase::Confirmed,
                    twin: TwinId(1),
                }],
                marks: &it.marks,
                seals: it.seals.clone(),
                selected: Some(TwinId(1)),
                loaded: it.loaded,
                can_step: true,
            };
            let asked = timeline_panel_ui(ui, &rows, &mut it.state, None, &mut it.hovering);
            // What the session does with it.
            for action in &asked {
                if let Action::Seek(to) = action {
                    (it.cursor.at, it.cursor.mode) = (*to, CursorMode::Paused);
                }
                if let Action::Loop(range) = action {
                    it.cursor.looped = *range;
                }
            }
            it.asked.extend(asked);
        },
        shown,
    );
    harness.run_steps(3);
    harness
}

/// Where an instant stands on the screen.
fn place(harness: &Harness<Shown>, secs: f64, label: &str) -> Pos2 {
    let rect = harness.get_by_label(label).rect();
    let state = &harness.state().state;
    let scale = state.scale(Extent { from: at(0.0), to: at(1000.0), live: true }, &harness.state().gaps, 10_000);
    Pos2::new(rect.left() + scale.x(at(secs)), rect.center().y)
}

fn drag(harness: &mut Harness<Shown>, from: Pos2, to: Pos2, button: PointerButton, modifiers: Modifiers) {
    let press = |pos, pressed| egui::Event::PointerButton { pos, button, pressed, modifiers };
    harness.event(egui::Event::ModifiersChanged(modifiers));
    harness.hover_at(from);
    harness.step();
    harness.event(press(from, true));
    harness.step();
    for part in 1..=5 {
        harness.hover_at(from + (to - from) * (part as f32 / 5.0));
        harness.step();
    }
    harness.event(press(to, false));
    harness.step();
    harness.event(egui::Event::ModifiersChanged(Modifiers::NONE));
    harness.run_steps(2);
}

fn seeks(harness: &Harness<Shown>) -> Vec<f64> {
    let secs = |it: &Action| if let Action::Seek(to) = it { Some(to.secs_since(at(0.0))) } else { None };
    harness.state().asked.iter().filter_map(secs).collect()
}

#[test]
fn before_anything_has_come_in_it_says_so() {
    let harness = harness(Shown { strips: 0, ..shown() });
    assert!(harness.query_by_label("Nothing has come in yet.").is_some());
    assert!(harness.query_by_label("Timeline ruler").is_none());
}

#[test]
fn a_drag_over_the_ruler_or_a_strip_seeks_all_the_way() {
    for label in ["Timeline ruler", "Density of Group 1"] {
        let mut harness = harness(shown());
        let (from, to) = (place(&harness, 200.0, label), place(&harness, 700.0, label));
        drag(&mut harness, from, to, PointerButton::Primary, Modifiers::NONE);
        let seeks = seeks(&harness);
        assert!(seeks.len() > 3, "{label}: {seeks:?}");
        let (first, last) = (seeks[0], seeks[seeks.len() - 1]);
        assert!((first - 200.0).abs() < 3.0 && (last - 700.0).abs() < 3.0, "{label}: {seeks:?}");
        assert!(harness.query_by_label("Go live").is_some());
    }
}

#[test]
fn shift_and_a_drag_mark_out_a_range_that_loops_and_clears() {
    let mut harness = harness(shown());
    let (from, to) = (place(&harness, 600.0, "Timeline ruler"), place(&harness, 300.0, "Timeline ruler"));
    drag(&mut harness, from, to, PointerButton::Primary, Modifiers::SHIFT);
    assert!(seeks(&harness).is_empty());
    let range = harness.state().state.range.unwrap();
    assert!((range.0.secs_since(at(300.0))).abs() < 3.0 && (range.1.secs_since(at(600.0))).abs() < 3.0);

    harness.get_by_label("Range of 5\u{a0}min").click();
    harness.run_steps(2);
    assert_eq!(harness.state().cursor.looped, Some(range));

    // One end is dragged: the loop goes along once it is let go.
    let (from, to) =
        (place(&harness, range.1.secs_since(at(0.0)), "Timeline ruler"), place(&harness, 900.0, "Timeline ruler"));
    drag(&mut harness, from, to, PointerButton::Primary, Modifiers::NONE);
    let looped = harness.state().cursor.looped.unwrap();
    assert!(looped.0 == range.0 && looped.1.secs_since(at(900.0)).abs() < 3.0);
    let n_loops = harness.state().asked.iter().filter(|it| matches!(it, Action::Loop(_))).count();
    assert_eq!(n_loops, 2);

    harness.get_by_label("Loop of 10\u{a0}min").click_button_modifiers(PointerButton::Secondary, Modifiers::NONE);
    harness.run_steps(2);
    harness.get_by_label("Clear").click();
    harness.run_steps(2);
    assert_eq!((harness.state().cursor.looped, harness.state().state.range), (None, None));
}

#[test]
fn the_menu_of_a_range_exports_it() {
    for (entry, want) in [
        ("Save a recording of this range…", Action::AskExport(Format::Mcap)),
        ("Export as CSV…", Action::AskExport(Format::Csv)),
        ("Export as Parquet…", Action::AskExport(Format::Parquet)),
        ("Save an evidence bundle…", Action::AskEvidence),
        ("Copy a link", Action::CopyLink),
    ] {
        let state = TimelineState { range: Some((at(300.0), at(600.0))), ..TimelineState::default() };
        let mut harness = harness(Shown { state, ..shown() });
        let range = harness.get_by_label("Range of 5\u{a0}min");
        range.click_button_modifiers(PointerButton::Secondary, Modifiers::NONE);
        harness.run_steps(2);
        harness.get_by_label(entry).click();
        harness.run_steps(2);
        assert_eq!(harness.state().asked, [want]);
    }
}

#[test]
fn it_follows_now_until_it_is_moved_and_again_when_a_person_goes_live() {
    let mut harness = harness(shown());
    let (from, to) = (place(&harness, 500.0, "Timeline ruler"), place(&harness, 700.0, "Timeline ruler"));
    drag(&mut harness, from, to, PointerButton::Middle, Modifiers::NONE);
    let Window::Fixed(begin, end) = harness.state().state.window else { panic!("it was moved into the past") };
    assert!((begin.secs_since(at(-200.0))).abs() < 3.0, "{begin}");
    harness.state_mut().state.follow();
    let Window::Last(secs) = harness.state().state.window else { panic!("it follows again") };
    assert!((secs * f64::from(1.0 + AHEAD) - end.secs_since(begin)).abs() < 1e-6);
    harness.run_steps(1);
    // What follows now stands still where the cursor does.
    harness.state_mut().cursor.mode = CursorMode::Paused;
    harness.run_steps(2);
    assert!(matches!(harness.state().state.window, Window::Fixed(..)));
    harness.get_by_label("Fit").click();
    harness.run_steps(2);
    assert_eq!(harness.state().state.window, Window::Whole);
}

#[test]
fn what_is_left_free_for_what_comes_is_small_however_long_a_gap_was() {
    let extent = Extent { from: at(0.0), to: at(100_000.0), live: true };
    let gap = (at(60.0), at(99_940.0));
    let state = TimelineState::default();
    let scale = state.scale(extent, &[gap], 10_000);
    assert_eq!(scale.folds(), [gap]);
    let share = scale.x(extent.to) / scale.width();
    assert!((0.97..0.985).contains(&share), "now stands at {share}");
    let recorded = state.scale(Extent { live: false, ..extent }, &[gap], 10_000);
    assert!((recorded.x(extent.to) - recorded.width()).abs() < 0.1);
}

#[test]
fn the_tools_play_pause_copy_and_go_live() {
    let mut harness = harness(shown());
    harness.get_by_label("Pause").click();
    harness.run_steps(2);
    harness.state_mut().cursor = Cursor { at: at(988.0), mode: CursorMode::Paused, ..harness.state().cursor };
    harness.run_steps(2);
    for label in ["Play", "Go live", "Copy the time", "Next sample", "Previous sample"] {
        harness.get_by_label(label).click();
        harness.run_steps(2);
    }
    let want = [
        Action::TogglePause,
        Action::TogglePause,
        Action::Live,
        Action::Copy(at(988.0).to_string()),
        Action::Step(StepTo::Next),
        Action::Step(StepTo::Previous),
    ];
    assert_eq!(harness.state().asked, want);
    assert!(harness.query_by_label("Speed").is_some());
    harness.get_by_label("Usual speeds").click();
    harness.run_steps(2);
    harness.get_by_label("60×").click();
    harness.run_steps(2);
    assert_eq!(harness.state().asked.last(), Some(&Action::Speed(60.0)));
}

#[test]
fn a_time_that_was_written_is_gone_to_or_refused() {
    let mut harness = harness(shown());
    for (text, want) in [("-30s", Some(970.0)), ("soon", None)] {
        harness.get_by_label("Go to a time").focus();
        harness.run_steps(2);
        harness.get_by_label("Go to a time").type_text(text);
        harness.run_steps(2);
        harness.key_press(Key::Enter);
        harness.run_steps(2);
        match want {
            Some(secs) => assert_eq!(harness.state().asked.last(), Some(&Action::Seek(at(secs)))),
            None => assert!(harness.query_by_label_contains("is no time").is_some()),
        }
    }
}

#[test]
fn a_name_selects_its_group_and_a_command_leads_to_its_instant() {
    let mut harness = harness(shown());
    harness.get_by_label("Group 2").click();
    harness.run_steps(2);
    harness.get_by_label("Pump 1 · Run on: confirmed").click();
    harness.run_steps(2);
    let want = [Action::Select(TwinId(2)), Action::Select(TwinId(1)), Action::Seek(at(500.0))];
    assert_eq!(harness.state().asked, want);
}

#[test]
fn a_bookmark_is_gone_to_moved_and_removed() {
    let mark = Mark { id: MarkId(7), at: at(400.0), to: None, text: "Trip".to_owned(), pauses: false };
    let mut harness = harness(Shown { marks: vec![mark], ..shown() });
    harness.get_by_label("Trip").click();
    harness.run_steps(2);
    assert_eq!(harness.state().asked.last(), Some(&Action::Seek(at(400.0))));
    let y = harness.get_by_label("Trip").rect().center().y;
    let from = Pos2::new(place(&harness, 400.0, "Timeline ruler").x, y);
    let to = Pos2::new(place(&harness, 800.0, "Timeline ruler").x, y);
    drag(&mut harness, from, to, PointerButton::Primary, Modifiers::NONE);
    let Some(Action::EditMark(EditMark::Move { id: MarkId(7), at: moved, to: None })) = harness.state().asked.last()
    else {
        panic!("{:?}", harness.state().asked)
    };
    assert!(moved.secs_since(at(800.0)).abs() < 3.0, "{moved}");
    harness.get_by_label("Trip").click_button_modifiers(PointerButton::Secondary, Modifiers::NONE);
    harness.run_steps(2);
    harness.get_by_label("Remove").click();
    harness.run_steps(2);
    assert_eq!(harness.state().asked.last(), Some(&Action::EditMark(EditMark::Remove(MarkId(7)))));
}

#[test]
fn a_bookmark_gets_another_text_and_stops_what_plays() {
    let mark = Mark { id: MarkId(7), at: at(400.0), to: Some(at(500.0)), text: "Trip".to_owned(), pauses: false };
    let mut harness = harness(Shown { marks: vec![mark], ..shown() });
    harness.get_by_label("Trip").click_button_modifiers(PointerButton::Secondary, Modifiers::NONE);
    harness.run_steps(2);
    harness.get_by_label("Playing stops here").click();
    harness.run_steps(2);
    harness.get_by_label("Bookmark's text").focus();
    harness.run_steps(2);
    harness.get_by_label("Bookmark's text").type_text(" of pump 1");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    let want = [
        Action::EditMark(EditMark::Pauses(MarkId(7), true)),
        Action::EditMark(EditMark::Rename(MarkId(7), "Trip of pump 1".to_owned())),
    ];
    assert_eq!(harness.state().asked, want);
    assert!(harness.query_by_label("Remove").is_none(), "Enter closes the menu");
}

#[test]
fn ctrl_and_the_wheel_zoom_at_the_pointer() {
    let mut harness = harness(shown());
    let over = place(&harness, 400.0, "Timeline ruler");
    harness.hover_at(over);
    harness.step();
    harness.event(egui::Event::Zoom(2.0));
    harness.run_steps(2);
    let Window::Fixed(from, to) = harness.state().state.window else { panic!("it no longer reaches up to now") };
    assert!((to.secs_since(from) - 510.0).abs() < 3.0, "{}", to.secs_since(from));
    assert!((place(&harness, 400.0, "Timeline ruler").x - over.x).abs() < 1.0);
}

#[test]
fn a_break_in_the_seals_is_told_at_its_time_and_the_lane_seeks_like_any_other() {
    let seals = SealLane {
        good: vec![(at(0.0), at(400.0)), (at(500.0), at(1000.0))],
        breaks: vec![SealBreak { span: (at(400.0), at(500.0)), text: "Stretch 40: altered".to_owned() }],
        text: "ALTERED\nSealed by somebody".to_owned(),
    };
    let mut harness = harness(Shown { seals: Some(seals), ..shown() });
    let (from, to) = (place(&harness, 400.0, "Sealed: ALTERED"), place(&harness, 500.0, "Sealed: ALTERED"));
    let shown_break = harness.get_by_label("Stretch 40: altered").rect();
    assert!((shown_break.left() - from.x).abs() < 2.0 && (shown_break.right() - to.x).abs() < 2.0, "{shown_break}");

    harness.hover_at(from + vec2(4.0, 0.0));
    harness.run_steps(20);
    assert!(harness.query_by_label_contains("Stretch 40: altered\n").is_some());
    let (from, to) = (place(&harness, 100.0, "Sealed: ALTERED"), place(&harness, 200.0, "Sealed: ALTERED"));
    drag(&mut harness, from, to, PointerButton::Primary, Modifiers::NONE);
    let seeks = seeks(&harness);
    assert!(seeks.last().is_some_and(|it| (it - 200.0).abs() < 3.0), "{seeks:?}");
}

#[test]
fn the_tools_fit_at_every_width() {
    for width in [420.0, 600.0, 760.0, 1200.0] {
        let mut harness = harness(Shown { loaded: Some(0.5), ..shown() });
        harness.set_size(vec2(width, 200.0));
        harness.state_mut().state.window = Window::Fixed(at(0.0), at(100.0));
        harness.run_steps(3);
        let time = harness.get_by_label("Copy the time").rect();
        let fit = harness.get_by_label("Fit").rect();
        assert!(time.right() <= fit.left() && fit.right() <= width, "{width}: {time} {fit}");
    }
}

#[test]
fn the_instant_under_the_pointer_is_told_to_all_and_moves_nothing() {
    let mut harness = harness(shown());
    let over = place(&harness, 300.0, "Density of Group 0");
    harness.hover_at(over);
    harness.run_steps(2);
    assert!(harness.state().hovering.is_some_and(|it| it.secs_since(at(300.0)).abs() < 3.0));
    assert!(harness.state().asked.is_empty());
}

#[test]
fn what_plays_stays_in_sight_with_a_margin() {
    let playing = Cursor { at: at(100.0), mode: CursorMode::Playing, speed: 1.0, looped: None, as_live: false };
    let state = TimelineState { window: Window::Fixed(at(50.0), at(150.0)), ..TimelineState::default() };
    let mut harness = harness(Shown { cursor: playing, state, ..shown() });
    for secs in [120.0, 140.0, 149.0, 149.9, 300.0] {
        harness.state_mut().cursor.at = at(secs);
        harness.run_steps(2);
        let Window::Fixed(from, to) = harness.state().state.window else { panic!("it stays fixed") };
        let share = at(secs).secs_since(from) / to.secs_since(from);
        assert!((0.1..0.9).contains(&share), "{secs} s stands at {share}");
        assert!((to.secs_since(from) - 100.0).abs() < 0.1);
    }
}

#[test]
fn a_recording_that_is_still_read_says_how_far() {
    let harness = harness(Shown { loaded: Some(0.42), ..shown() });
    assert!(harness.query_by_label("reading the recording: 42\u{a0}%").is_some());
}

#[test]
fn how_much_two_sessions_differ_is_seen_however_many_strips_there_are() {
    let mut shares = vec![0.0; 700];
    shares[350] = 0.8;
    let difference = DifferenceStrip {
        with: "b.mcap".to_owned(),
        shares,
        peaks: vec![at(500.0)],
        progress: None,
        at_hover: Some("Pump 1 · Speed differs most".to_owned()),
    };
    let mut harness = harness(Shown { difference: Some(difference), strips: 40, ..shown() });
    let strip = harness.get_by_label("Difference from b.mcap").rect();
    assert!(strip.bottom() <= 220.0 && strip.top() > harness.get_by_label("Timeline ruler").rect().bottom());
    assert!(harness.query_by_label("Difference").is_some());
    harness.hover_at(strip.center());
    harness.run_steps(60);
    assert!(harness.query_by_label_contains("Pump 1 · Speed differs most").is_some());
    assert!(harness.state().hovering.is_some(), "the ghost follows the pointer here, too");
    drag(&mut harness, strip.center(), strip.center(), PointerButton::Primary, Modifiers::NONE);
    assert!(!seeks(&harness).is_empty(), "a click goes there");
}

#[test]
fn a_comparison_that_is_under_way_says_how_far() {
    let progress = Some("comparing: 42\u{a0}%".to_owned());
    let difference =
        DifferenceStrip { with: "b.mcap".to_owned(), shares: Vec::new(), peaks: Vec::new(), progress, at_hover: None };
    let harness = harness(Shown { difference: Some(difference), ..shown() });
    assert!(harness.query_by_label("Difference from b.mcap").is_some());
}

#[test]
fn an_alarm_on_the_timeline_leads_to_its_instant_and_those_at_one_place_are_one() {
    let span = |alarm: u32, from: f64, to: Option<f64>, priority| AlarmSpan {
        alarm: AlarmId(alarm),
        twin: TwinId(alarm),
        from: at(from),
        to: to.map(at),
        priority,
    };
    let alarms = vec![
        span(1, 300.0, Some(400.0), Priority::Low),
        span(2, 301.0, None, Priority::Urgent),
        span(3, 600.0, Some(610.0), Priority::Medium),
    ];
    let mut harness = harness(Shown { alarms, ..shown() });
    harness.get_by_label("medium alarm: 1 raised").click();
    harness.run_steps(2);
    harness.get_by_label("2 alarms, urgent: 2 raised").click();
    harness.run_steps(2);
    let asked = &harness.state().asked;
    let found: Vec<&Action> = asked.iter().filter(|it| matches!(it, Action::Alarm(_) | Action::Seek(_))).collect();
    let want = [
        &Action::Alarm(AlarmAction::Choose(AlarmId(3))),
        &Action::Seek(at(600.0)),
        &Action::Alarm(AlarmAction::Choose(AlarmId(2))),
        &Action::Seek(at(301.0)),
    ];
    assert_eq!(found, want);
}

#[test]
fn a_click_on_a_refusal_goes_to_its_instant_and_selects_whose_it_was() {
    let slip = Slip { at: at(400.0), device: "nf-p1".into(), reason: Reason::Forged, count: 3 };
    let mut harness = harness(Shown { slips: vec![slip], ..shown() });
    harness.get_by_label("3 refused: forged 3×: nf-p1").click();
    harness.run();
    let asked = &harness.state().asked;
    assert!(asked.contains(&Action::Select(TwinId(1))) && asked.contains(&Action::Seek(at(400.0))), "{asked:?}");
}
