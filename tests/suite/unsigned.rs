//! A site whose devices sign, without a registry of keys: a gate does not begin there by itself, and says so where it was told to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use pollux::command::gate::accesses;
use pollux::command::{GateState, Phase};
use pollux::field::{Field, FieldOptions};

use crate::harness::{Gate, Mosquitto, TestTwin, accounts, load, login_of, number, reading, site_path};

/// The gated bench, whose pump signs, and nobody has made keys.
fn site_without_keys(folder: &Path) -> PathBuf {
    let path = folder.join("site.ron");
    let text = std::fs::read_to_string(site_path("gated")).unwrap();
    let signing = text.replace(r#"(id: "bench-pump","#, r#"(id: "bench-pump", signing: Required,"#);
    assert_ne!(signing, text);
    std::fs::write(&path, signing).unwrap();
    path
}

#[test]
fn a_gate_does_not_begin_where_devices_sign_and_no_registry_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = site_without_keys(folder.path());
    accounts().save(&folder.path().join("operators.ron")).unwrap();
    let data = folder.path().join("data");
    let output = Command::new(env!("CARGO_BIN_EXE_pollux"))
        .arg("gate")
        .arg(&path)
        .args(["--broker", "mqtt://127.0.0.1:1"])
        .env("XDG_DATA_HOME", &data)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{output:?}");
    for part in ["keys.ron", "pollux keys new", "--site", "--allow-unsigned", &path.display().to_string()] {
        assert!(said.contains(part), "{part} is missing: {said}");
    }
    assert!(!data.join("pollux/gate").exists(), "it has begun nothing");
}

#[test]
fn a_gate_that_was_told_to_verify_nothing_says_so_for_as_long_as_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let path = site_without_keys(folder.path());
    let site = load(&path).0;
    let broker = Mosquitto::guarded(&site);
    let gate = Gate::start_with(&path, &broker.url(), vec!["--allow-unsigned".to_owned()]);
    let mut twin = TestTwin::at_gate(&path, &broker.url(), "operator");
    twin.until("the gate says that it verifies nothing", |it| it.resource::<GateState>().is_unsigned());
    assert!(gate.audit()[0]["reason"].as_str().unwrap().contains("verifies nothing"), "{:?}", gate.audit());
    // Commands go, by what anybody publishes.
    let logins: HashMap<_, _> = accesses(&site).into_iter().map(|it| (it.user.clone(), login_of(&it.user))).collect();
    let options = FieldOptions::default();
    let _field = Field::start_as(site, broker.url().parse().unwrap(), options, logins).unwrap();
    twin.until("the pump is at speed, and the door is shut", |it| {
        assert!(broker.publish_as("bench-door", "bench/door/shut", b"true", &[]));
        (number(it, "bench.pump/speed") - 1000.0).abs() < 5.0 && reading(it, "bench.door/shut").value.is_some()
    });
    twin.ask("bench.pump/run", true, false);
    twin.until_newest_is(Phase::Confirmed);
}
