//! A small plant, and what is known of its devices.

use std::path::Path;

use jiff::civil::date;

use super::*;
use crate::guard::advisories::{Severity, read_text};
use crate::site::{Ids, load};

const SITE: &str = r#"(name: "Works", place: (latitude: 0, longitude: 0), viewpoints: [(id: "home", eye: (9, 9, 9), target: (0, 0, 0))], twins: [
    (id: "north", kind: System, twins: [
        (id: "p1", kind: Asset, name: "Pump 1", device: (id: "p1", inventory: (
            maker: "Arbo", model: "Drive", firmware: "1.0", crypto: Plain, installed: "2012-03-01", end_of_support: "2026-06-30")),
         twins: [(id: "motor", kind: Component)]),
        (id: "p2", kind: Asset, name: "Pump 2", device: (id: "p2", inventory: (maker: "Arbo", model: "Drive", firmware: "2.0", crypto: Signed))),
        (id: "p3", kind: Asset, name: "Pump 3", device: (id: "p3")),
    ]),
    (id: "south", kind: System, twins: [
        (id: "v", kind: Asset, name: "=Valve", device: (id: "v", inventory: (maker: "Brix", model: "V", crypto: Tls))),
    ]),
])"#;

const ADVISORY: &str = r#"{ "document": { "csaf_version": "2.0", "title": "t", "tracking": { "id": "A-1" } },
  "product_tree": { "branches": [{ "category": "vendor", "name": "Arbo", "branches": [{ "category": "product_name", "name": "Drive", "branches": [
    { "category": "product_version_range", "name": "<1.5", "product": { "product_id": "A", "name": "Drive <1.5" } },
    { "category": "product_version", "name": "1.5", "product": { "product_id": "B", "name": "Drive 1.5" } } ] }] }] },
  "vulnerabilities": [{ "cve": "CVE-2026-7", "product_status": { "known_affected": ["A"], "fixed": ["B"] },
    "scores": [{ "products": ["A"], "cvss_v3": { "baseScore": 9.8 } }] }] }"#;

const DATES: &str = r#"{ "statements": [
  { "core": { "end_of_security_support": "2029-12-31T00:00:00Z" }, "vendorName": "Arbo", "productName": "Drive", "productVersion": ">=2" },
  { "core": { "end_of_security_support": "2027-01-31T00:00:00Z" }, "vendorName": "Arbo", "productName": "Drive", "productVersion": "<2" } ] }"#;

fn site() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.ron");
    std::fs::write(&file, SITE).unwrap();
    load(&file, &mut Ids::default()).unwrap_or_else(|it| panic!("{it}")).site
}

fn library() -> Library {
    let mut library = Library::default();
    for (name, text) in [("a.json", ADVISORY), ("dates.json", DATES)] {
        read_text(Path::new(name), text, &mut library);
    }
    library.index();
    assert_eq!(library.findings, []);
    library
}

fn stock(observed: Observed) -> Vec<Part> {
    parts(&site(), &library(), |_| observed.clone())
}

#[track_caller]
fn check(part: &Part, today: Date, want: &[&str]) {
    let got: Vec<String> = findings(part, today).iter().map(|it| format!("{}: {it}", it.urgency.label())).collect();
    assert_eq!(got, want, "{}", part.name);
}

#[test]
fn each_part_says_what_should_be_done_about_it() {
    let parts = stock(Observed::default());
    let today = date(2026, 11, 28);
    check(
        &parts[0],
        today,
        &[
            "to do: no updates since 2026-06-30: replace it, or keep it apart from the network",
            "to do: affected by CVE-2026-7 (CVSS 9.8): update to 1.5",
            "to plan: speaks plain MQTT only: put it behind a gateway that signs",
            "to know: the site says that updates end on 2026-06-30, its maker on 2027-01-31: ask the maker, and correct site.ron",
        ],
    );
    check(&parts[1], today, &[]);
    let describe = "write an inventory on its device in site.ron: (maker: \"…\", model: \"…\")";
    check(&parts[2], today, &[&format!("to know: nobody has written down what it is: {describe}")]);
    check(
        &parts[3],
        today,
        &[
            "to know: nobody says how long it gets updates: ask Brix, and write end_of_support in site.ron",
            "to know: cannot prove who it is: it knows TLS without a certificate: put it behind a gateway that signs",
            "to know: its firmware is not known, so nobody can say for certain what concerns it: write its firmware in site.ron",
        ],
    );
}

#[test]
fn what_is_seen_on_the_wire_changes_what_should_be_done() {
    let today = date(2026, 1, 1);
    let vouched = stock(Observed { vouched_by: Some("gw-1".to_owned()), used: None });
    let found = findings(&vouched[0], today);
    assert!(found.iter().any(|it| it.text == "speaks plain MQTT; gw-1 vouches for it" && it.urgency == Urgency::Note));
    let idle = stock(Observed { used: Some(Crypto::MutualTls), vouched_by: None });
    check(&idle[1], today, &["to plan: it can do more than it does: mutual TLS instead of signed: turn signed on"]);
    assert!(findings(&idle[0], today).iter().all(|it| it.kind != FindingKind::CryptoUnused));
}

#[test]
fn the_last_day_counts_and_half_a_year_before_it_support_ends_soon() {
    let part = &stock(Observed::default())[1];
    let on = |year, month, day| part.support_at(date(year, month, day));
    assert_eq!(on(2029, 7, 3), Support::Supported);
    assert_eq!(on(2029, 7, 5), Support::EndsSoon);
    assert_eq!(on(2029, 12, 31), Support::EndsSoon);
    assert_eq!(on(2030, 1, 1), Support::Unsupported);
    assert_eq!(part.support.as_ref().unwrap().file.as_deref(), Some("dates.json"));
    check(part, date(2029, 12, 30), &["to plan: updates end on 2029-12-31, tomorrow: plan what comes after it"]);
}

#[test]
fn a_day_is_rolled_up_the_tree() {
    let site = site();
    let outlook = outlook(&site, &parts(&site, &library(), |_| Observed::default()), date(2028, 1, 1));
    let share = |address: &str| outlook.shares.get(&site.twin_at(address).unwrap().id).copied();
    assert_eq!(share("north"), Some(Share { supported: 1, unsupported: 1, unknown: 1, ends_soon: 0 }));
    assert_eq!(share("south"), Some(Share { unknown: 1, ..Share::default() }));
    assert_eq!(share("north.p1.motor"), None);
    let of = |address: &str| outlook.of(&site, site.twin_at(address).unwrap().id);
    assert_eq!(
        (of("north.p1.motor"), of("north.p2"), of("north")),
        (Some(Support::Unsupported), Some(Support::Supported), None)
    );
    assert_eq!(outlook.whole.summary(), "1 of 4 parts without updates, 2 unknown");
    let systems: Vec<&str> = outlook.systems(&site).map(|it| &*it.0.address).collect();
    assert_eq!(systems, ["north", "south"]);
}

#[test]
fn the_table_has_a_row_for_each_part_and_runs_in_no_spreadsheet() {
    let site = site();
    let parts = parts(&site, &library(), |_| Observed::default());
    let outlook = outlook(&site, &parts, date(2028, 1, 1));
    let mut table = Vec::new();
    write_csv(&parts, &outlook, &mut table).unwrap();
    let mut rows = csv::Reader::from_reader(&table[..]);
    let head = rows.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let cell =
        |row: usize, column: &str| rows[row].get(head.iter().position(|it| it == column).unwrap()).unwrap().to_owned();
    assert_eq!(rows.len(), 4);
    assert_eq!((cell(0, "end_of_support"), cell(0, "support")), ("2026-06-30".to_owned(), "no updates".to_owned()));
    assert_eq!(cell(0, "advisories"), "A-1 CVE-2026-7 (CVSS 9.8) affected");
    assert_eq!(cell(1, "support_says"), "dates.json");
    assert_eq!(cell(3, "twin"), "'=Valve");
}

#[test]
fn the_document_says_all_that_is_known() {
    let site = site();
    let parts = parts(&site, &library(), |_| Observed::default());
    let mut text = Vec::new();
    write_json(&site, &parts, &outlook(&site, &parts, date(2028, 1, 1)), &mut text).unwrap();
    let doc: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(doc["date"], "2028-01-01");
    assert_eq!(doc["summary"]["unsupported"], 1);
    assert_eq!(doc["systems"][0]["address"], "north");
    let first = &doc["parts"][0];
    assert_eq!((&first["crypto"], &first["support"]), (&"Plain".into(), &"unsupported".into()));
    assert_eq!(
        (&first["advisories"][0]["state"], &first["advisories"][0]["fixed_in"]),
        (&"affected".into(), &"1.5".into())
    );
    assert_eq!(first["findings"][0]["urgency"], "now");
}

#[test]
fn a_score_stands_beside_the_name_of_a_weakness() {
    let mut advisory = stock(Observed::default())[0].advisories[0].clone();
    assert_eq!(advisory.named(), "CVE-2026-7 (CVSS 9.8)");
    advisory.score = None;
    advisory.severity = Severity::High;
    assert_eq!(advisory.named(), "CVE-2026-7 (high)");
}
