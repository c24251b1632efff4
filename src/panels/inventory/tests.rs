//! The inventory as a person meets it: found by label, sorted by a click, looked ahead with the keyboard.

use egui::{Key, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use jiff::civil::date;

use super::list::Places;
use super::order::order;
use super::*;
use crate::guard::advisories::{Severity, Until, VexState};
use crate::guard::inventory::{Observed, PartAdvisory, SupportEnd};
use crate::site::doc::Crypto;

const TODAY: Date = date(2026, 11, 28);

fn part(twin: u32, maker: &str, model: &str, firmware: Option<&str>, until: Option<Until>, crypto: Crypto) -> Part {
    Part {
        twin: TwinId(twin),
        address: format!("works.t{twin}").into(),
        name: format!("Twin {twin}"),
        device: format!("d{twin}"),
        described: true,
        maker: maker.to_owned(),
        model: model.to_owned(),
        firmware: firmware.map(str::to_owned),
        serial: None,
        installed: None,
        support: until.map(|until| SupportEnd { until, file: None, disputed: None }),
        capability: Some(crypto),
        observed: Observed::default(),
        advisories: Vec::new(),
        made_of: Vec::new(),
    }
}

fn advisory(state: VexState, score: f64) -> PartAdvisory {
    PartAdvisory {
        id: "A-1".to_owned(),
        weakness: "W-1".to_owned(),
        title: "It is weak".to_owned(),
        severity: Severity::of_score(score),
        score: Some(score),
        state,
        certain: true,
        through: None,
        why: None,
        mend: None,
        fixed_in: Some("2.4.1".to_owned()),
        link: None,
        file: "a.json".to_owned(),
    }
}

fn some() -> Vec<Part> {
    let day = |year| Some(Until::Day(date(year, 6, 30)));
    let mut parts = vec![
        part(0, "Brix", "V", Some("2.10"), day(2029), Crypto::Signed),
        part(1, "arbo", "Drive", Some("2.9"), day(2024), Crypto::Plain),
        part(2, "Arbo", "Drive", None, None, Crypto::Tls),
        part(3, "Cask", "M", Some("1"), Some(Until::NotAnnounced), Crypto::Signed),
    ];
    parts[0].advisories = vec![advisory(VexState::Affected, 9.8)];
    parts[3].advisories = vec![advisory(VexState::NotAffected, 9.8)];
    parts
}

/// What the panel is given, and what it asks for.
#[derive(Default)]
struct Shown {
    state: InventoryState,
    parts: Vec<Part>,
    selected: Option<TwinId>,
    problem: Option<(usize, String)>,
    asked: Vec<Action>,
}

fn harness(parts: Vec<Part>) -> Harness<'static, Shown> {
    let shown = Shown { parts, ..Shown::default() };
    let mut harness = Harness::builder().with_size(vec2(1100.0, 260.0)).build_ui_state(
        |ui, it: &mut Shown| {
            let name = |twin: TwinId| format!("Pump {}", twin.0);
            let rows = InventoryRows {
                parts: &it.parts,
                name: &name,
                today: TODAY,
                selected: it.selected,
                is_reading: false,
                n_advisories: 3,
                problem: it.problem.clone(),
            };
            it.asked.extend(inventory_panel_ui(ui, &rows, &mut it.state));
        },
        shown,
    );
    harness.run_steps(2);
    harness
}

#[test]
fn a_row_says_all_to_whoever_cannot_see_it_and_leads_to_its_twin() {
    let mut harness = harness(some());
    harness.get_by_label("Pump 2: Arbo Drive firmware not known, unknown (not known), TLS, 3 findings");
    harness.get_by_label("Pump 3: Cask M 1, gets updates (no end), signed, not affected, nothing to do");
    harness.get_by_label("Pump 1: arbo Drive 2.9, no updates (2024-06-30), plain, 2 findings");
    harness.get_by_label("Pump 0: Brix V 2.10, gets updates (2029-06-30), signed, CVSS\u{a0}9.8, 1 finding").click();
    harness.run_steps(2);
    assert_eq!(harness.state().asked, [Action::Select(TwinId(0))]);
}

#[test]
fn the_slider_looks_ahead_by_months_and_the_keyboard_moves_it() {
    let mut harness = harness(some());
    harness.get_by_label("Today: 1 of 4 parts without updates, 1 unknown");
    assert_eq!(harness.state().state.looks_to, None);
    harness.get_by_label("Day to come: today").focus();
    harness.run_steps(2);
    harness.key_press(Key::ArrowRight);
    harness.run_steps(2);
    assert_eq!(harness.state().state.looks_to, Some(date(2026, 12, 28)));
    harness.get_by_label("In 2026-12: 1 of 4 parts without updates, 1 unknown");
    harness.get_by_label("Show 3 years from today").click();
    harness.run_steps(2);
    assert_eq!(harness.state().state.looks_to, Some(date(2029, 11, 28)));
    harness.get_by_label("In 2029-11: 2 of 4 parts without updates, 1 unknown");
    harness.get_by_label("Pump 0: Brix V 2.10, no updates (2029-06-30), signed, CVSS\u{a0}9.8, 2 findings");
    harness.get_by_label("2 no updates, 1 unknown, 1 gets updates");
    harness.get_by_label("Show today").click();
    harness.run_steps(2);
    assert_eq!((harness.state().state.months, harness.state().state.looks_to), (0, None));
}

#[test]
fn a_click_on_a_columns_word_sorts_by_it_and_the_next_one_turns_it_round() {
    let mut harness = harness(some());
    harness.get_by_label("Sort by Maker").click();
    harness.run_steps(2);
    assert_eq!((harness.state().state.sorted_by, harness.state().state.reversed), (Column::Maker, false));
    harness.get_by_label("Sort by Maker, sorted upwards").click();
    harness.run_steps(2);
    harness.get_by_label("Sort by Maker, sorted downwards");
    harness.get_by_label("Sort by What to do").click();
    harness.run_steps(2);
    harness.get_by_label("Sort by What to do, sorted downwards");
}

#[test]
fn what_is_equal_stays_in_the_order_of_the_site() {
    let parts = some();
    let check = |by, reversed, want: [usize; 4]| assert_eq!(order(&parts, by, reversed, TODAY), want, "{by:?}");
    check(Column::Twin, true, [3, 2, 1, 0]);
    check(Column::Maker, false, [1, 2, 0, 3]);
    check(Column::Firmware, false, [2, 3, 1, 0]);
    check(Column::Until, false, [2, 1, 0, 3]);
    check(Column::Support, true, [1, 2, 0, 3]);
    check(Column::Crypto, false, [1, 2, 0, 3]);
    check(Column::Advisories, true, [0, 3, 1, 2]);
    check(Column::Findings, true, [1, 0, 2, 3]);
}

#[test]
fn what_is_missing_is_told_with_what_to_write() {
    let mut undescribed = some();
    for part in &mut undescribed {
        part.described = false;
    }
    let says = |parts: &[Part]| nothing(parts).unwrap_or_default();
    assert!(says(&[]).contains("`device`"));
    assert!(says(&undescribed).contains("inventory: (maker:"));
    assert_eq!(nothing(&some()), None);
    undescribed[0].described = true;
    let harness = harness(undescribed);
    harness.get_by_label("Pump 1: device d1, nothing is known of it");
}

#[test]
fn the_table_can_be_written_and_the_advisories_read_again() {
    let mut harness = harness(some());
    harness.get_by_label("Export…").click();
    harness.run_steps(2);
    harness.get_by_label("Read again").click();
    harness.run_steps(2);
    let ask = |it| Action::Inventory(it);
    assert_eq!(harness.state().asked, [ask(InventoryAction::AskExport), ask(InventoryAction::ReadAgain)]);
}

#[test]
fn what_is_wrong_in_the_files_stands_over_the_table() {
    let mut harness = harness(some());
    harness.state_mut().problem = Some((3, "a.json, line 2: this is no advisory".to_owned()));
    harness.run_steps(2);
    harness.get_by_label("a.json, line 2: this is no advisory (and 2 more, see Diagnostics)");
}

#[test]
fn columns_fit_at_every_width_and_what_a_part_is_stays() {
    for width in [520.0_f32, 640.0, 740.0, 900.0, 1400.0] {
        let columns: Vec<(Column, f32)> = Places::new(width).columns().collect();
        assert!(columns.last().is_some_and(|it| it.1 <= width), "{width}");
        for column in [Column::Twin, Column::Support, Column::Crypto, Column::Advisories] {
            assert!(columns.iter().any(|it| it.0 == column), "{width}: no {column:?}");
        }
    }
    assert_eq!(Places::new(1100.0).columns().count(), 9);
}

#[test]
fn the_inspector_tells_what_the_device_is() {
    let mut it = part(1, "Arbo", "Drive", Some("2.9"), Some(Until::Day(date(2024, 6, 30))), Crypto::Plain);
    it.advisories = vec![advisory(VexState::Affected, 9.8)];
    let mut harness = Harness::builder()
        .with_size(vec2(340.0, 300.0))
        .build_ui(move |ui| part_section_ui(ui, &BriefPart { part: &it, today: TODAY }));
    harness.run_steps(2);
    for text in [
        "Arbo",
        "Drive",
        "2.9",
        "plain",
        "until 2024-06-30, the site says",
        "no updates since 2024-06-30: replace it, or keep it apart from the network",
        "affected by W-1 (CVSS 9.8): update to 2.4.1",
    ] {
        assert!(harness.query_all_by_label(text).next().is_some(), "{text:?} is missing");
    }
}
