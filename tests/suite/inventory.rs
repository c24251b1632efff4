//! What the devices are: read from the site and from what makers publish, on the desk and on the command line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bevy::prelude::*;
use jiff::civil::date;
use pollux::guard::inventory::Support;
use pollux::guard::{ExportInventory, Inventory, LookAhead, ReadAdvisories, SupportOutlook};
use pollux::session::CurrentSite;
use pollux::session::recording::site_files;
use pollux::site::TwinId;

use crate::harness::{TestTwin, load, site_path};

/// A copy of the site that a test may change.
fn copy() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let from = site_path("old_parts").parent().unwrap().to_owned();
    fs::create_dir(folder.path().join("advisories")).unwrap();
    for name in ["site.ron", "advisories/dates.json", "advisories/mw-1.json"] {
        fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    let path = folder.path().join("site.ron");
    (folder, path)
}

/// Runs `pollux`; returns its exit code, what it prints, and what it complains of.
fn pollux(arguments: &[&str], site: &Path) -> (i32, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_pollux")).arg("inventory").arg(site).args(arguments).output().unwrap();
    let text = |it: Vec<u8>| String::from_utf8(it).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn twin(world: &World, address: &str) -> TwinId {
    world.resource::<CurrentSite>().twin_at(address).unwrap().id
}

fn end_of(world: &World, address: &str) -> Option<String> {
    let site = world.resource::<CurrentSite>();
    let part = world.resource::<Inventory>().part_of(site, twin(world, address))?;
    part.support.as_ref().map(|it| format!("{:?}", it.until))
}

#[test]
fn the_desk_takes_stock_and_follows_what_is_edited() {
    let (folder, path) = copy();
    let mut desk = TestTwin::connected(&path, "mqtt://127.0.0.1:1");
    desk.until("the advisories are read", |it| it.resource::<Inventory>().n_advisories() == 1);
    let world = desk.app.world();
    let inventory = world.resource::<Inventory>();
    assert_eq!(inventory.parts.len(), 3);
    assert!(inventory.parts[0].is_affected() && !inventory.parts[1].is_affected());
    assert_eq!(end_of(world, "hall.valve").as_deref(), Some("Day(2029-06-30)"));
    assert_eq!(end_of(world, "hall.drive.fan").as_deref(), Some("Day(2024-03-31)"), "its device is the drive's");
    assert_eq!(end_of(world, "hall.lamp"), None);

    // A broken file is told, and the others stay.
    fs::write(folder.path().join("advisories/a.json"), "{\n]").unwrap();
    desk.app.world_mut().write_message(ReadAdvisories);
    desk.until("the broken file is told", |it| !it.resource::<Inventory>().findings().is_empty());
    let inventory = desk.app.world().resource::<Inventory>();
    assert_eq!((inventory.findings()[0].line, inventory.n_advisories()), (2, 1));

    let text = fs::read_to_string(&path).unwrap().replace("firmware: \"1.0\"", "firmware: \"1.5\"");
    fs::write(&path, text).unwrap();
    desk.until("the drive is mended", |it| !it.resource::<Inventory>().parts[0].is_affected());
}

#[test]
fn a_day_to_come_is_looked_at_on_request_and_written_to_a_table() {
    let (folder, path) = copy();
    let mut desk = TestTwin::connected(&path, "mqtt://127.0.0.1:1");
    desk.until("the advisories are read", |it| it.resource::<Inventory>().n_advisories() == 1);
    let state = |desk: &TestTwin, address: &str| {
        let world = desk.app.world();
        world.resource::<SupportOutlook>().lens_state(twin(world, address))
    };
    assert_eq!((state(&desk, "hall.drive"), desk.app.world().resource::<SupportOutlook>().date()), (None, None));
    desk.app.world_mut().write_message(LookAhead(Some(date(2029, 3, 1))));
    desk.until("the day is looked at", |it| it.resource::<SupportOutlook>().date().is_some());
    let want = [
        ("hall.drive", Some(Support::Unsupported)),
        ("hall.drive.fan", Some(Support::Unsupported)),
        ("hall.valve", Some(Support::EndsSoon)),
        ("hall.lamp", Some(Support::Unknown)),
        ("hall", None),
    ];
    for (address, want) in want {
        assert_eq!(state(&desk, address), want, "{address}");
    }
    desk.app.world_mut().write_message(LookAhead(None));
    desk.until("nobody looks ahead", |it| it.resource::<SupportOutlook>().date().is_none());
    assert_eq!(state(&desk, "hall.drive"), None);

    let table = folder.path().join("table.csv");
    let export = ExportInventory { path: table.clone(), date: date(2031, 1, 1) };
    desk.app.world_mut().write_message(export);
    desk.until("the table is written", |_| table.exists());
    let text = fs::read_to_string(&table).unwrap();
    assert!(text.starts_with("address,twin,device,maker,model,firmware"), "{text}");
    assert!(
        text.contains("hall.valve,Valve,op-valve,Makewell,V2,2.0,,,2029-06-30,no updates,dates.json,signed"),
        "{text}"
    );
}

#[test]
fn the_command_line_tells_what_should_be_done_and_is_strict_on_request() {
    let site = site_path("old_parts");
    let (code, said, wrong) = pollux(&["--at", "2026-11-28"], &site);
    assert!(code == 0 && wrong.is_empty(), "{wrong}");
    for line in [
        "op-drive  Makewell D1  1.0       2024-03-31     no updates    plain",
        "    to do: no updates since 2024-03-31: replace it, or keep it apart from the network",
        "    to do: affected by MWV-7 (CVSS 9.8): update to 1.5",
        "    to plan: speaks plain MQTT only: put it behind a gateway that signs",
        "op-valve  Makewell V2  2.0       2029-06-30     gets updates  signed",
        "hall: 1 of 3 without updates, 1 unknown",
        "2026-11-28: 1 of 3 parts without updates, 1 unknown, 1 affected (1 advisory)",
    ] {
        assert!(said.contains(line), "{line:?} is missing in\n{said}");
    }
    assert_eq!(pollux(&["--strict"], &site).0, 1);
    let (code, said, _) = pollux(&["--at", "2031-01-01", "--json"], &site);
    let doc: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &doc["summary"]["unsupported"]), (0, &2.into()));
    let (code, said, _) = pollux(&["--csv", "-"], &site);
    assert!(code == 0 && said.lines().count() == 4, "{said}");
    let (code, _, wrong) = pollux(&["--at", "2031-13-01"], &site);
    assert!(code == 2 && wrong.contains("2031-13-01"), "{wrong}");
}

#[test]
fn strict_is_content_where_all_get_updates_and_none_is_affected() {
    let (folder, path) = copy();
    fs::remove_file(folder.path().join("advisories/mw-1.json")).unwrap();
    let text = fs::read_to_string(&path).unwrap().replace("2024-03-31", "2034-03-31");
    fs::write(&path, text).unwrap();
    assert_eq!(pollux(&["--strict", "--at", "2026-11-28"], &path).0, 0);
    assert_eq!(pollux(&["--strict", "--at", "2029-07-01"], &path).0, 1);
}

#[test]
fn what_is_wrong_in_the_advisories_is_told_by_check_too() {
    let (folder, path) = copy();
    fs::write(folder.path().join("advisories/a.json"), "{\n]").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pollux")).arg("check").arg(&path).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("a.json:2:1: error: this is no advisory"), "{said}");
    assert_eq!(output.status.code(), Some(1));
    let (code, _, wrong) = pollux(&[], &path);
    assert!(code == 0 && wrong.contains("a.json:2:1"), "{wrong}");
}

#[test]
fn a_session_takes_the_advisories_along() {
    let path = site_path("old_parts");
    let (site, _) = load(&path);
    let names: Vec<String> = site_files(&site, b"").unwrap().into_iter().map(|it| it.0).collect();
    assert_eq!(names, ["site/site.ron", "site/advisories/dates.json", "site/advisories/mw-1.json"]);
}

#[test]
fn northfield_is_described_device_by_device_and_its_advisories_are_good() {
    let northfield = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes/northfield");
    let (code, said, wrong) = pollux(&["--at", "2029-03-01", "--json"], &northfield);
    assert!(code == 0 && wrong.is_empty(), "{wrong}");
    let doc: serde_json::Value = serde_json::from_str(&said).unwrap();
    let parts = doc["parts"].as_array().unwrap();
    assert!(parts.iter().all(|it| it["described"] == true));
    let of = |device: &str| parts.iter().find(|it| it["device"] == device).unwrap();
    let first = |device: &str, field: &str| of(device)["advisories"][0][field].as_str().unwrap_or("").to_owned();
    assert_eq!((first("nf-p1", "id"), first("nf-p1", "state")), ("NF-2026-0001".to_owned(), "affected".to_owned()));
    assert_eq!(first("nf-p2", "state"), "fixed");
    assert_eq!(first("nf-basin", "state"), "not_affected");
    assert_eq!(first("nf-dosing", "state"), "under_investigation");
    assert_eq!(first("nf-raw-meter", "through"), "tinymqtt 0.9.4");
    assert!(of("nf-outlet-meter")["advisories"].as_array().unwrap().is_empty());
    assert_eq!(first("nf-well", "id"), "NF-2026-0004");
    let plain: Vec<&str> =
        parts.iter().filter(|it| it["crypto"] == "Plain").filter_map(|it| it["device"].as_str()).collect();
    assert_eq!(plain, ["nf-well", "nf-screen", "nf-weather"]);
    assert!(doc["summary"]["unsupported"].as_u64().unwrap() > 10, "{}", doc["summary"]);
}
