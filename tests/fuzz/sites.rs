//! `site.ron`, as anybody may have written it: it is loaded, or all that is wrong is told at its place.

use std::fs;
use std::path::Path;

use super::{Target, words};
use crate::site::{Ids, LoadError, load, report};

const WORDS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "//",
    "/*",
    "*/",
    "r#\"",
    "None",
    "Some(",
    "true",
    "false",
    "name: ",
    "place: ",
    "latitude: ",
    "longitude: ",
    "twins: ",
    "templates: ",
    "uses: ",
    "with: ",
    "params: ",
    "id: ",
    "kind: ",
    "Asset",
    "Component",
    "System",
    "Process",
    "device: ",
    "signing: ",
    "Required",
    "Vouched(\"gw\")",
    "keys: ",
    "envelope: ",
    "Within",
    "period: ",
    "signals: ",
    "topic: ",
    "path: ",
    "time: ",
    "is: ",
    "Flag",
    "Text",
    "range: ",
    "unit: ",
    "field: ",
    "noise: ",
    "commands: ",
    "takes: ",
    "Number(min: 0, max: 1)",
    "Switch(on: \"a\", off: \"b\")",
    "reports: ",
    "confirm: ",
    "limits: ",
    "interlocks: ",
    "holds: ",
    "signal('./v') > 1",
    "class: ",
    "C3",
    "alarms: ",
    "expects: ",
    "looks: ",
    "physics: ",
    "equations: ",
    "inputs: ",
    "outputs: ",
    "Set(1)",
    "From(\"a/b\")",
    "flows: ",
    "from: ",
    "to: ",
    "props: ",
    "viewpoints: ",
    "at: ",
    "pos: ",
    "yaw: ",
    "scale: ",
    "body: ",
    "field_speed: ",
    "authority: ",
    "./",
    "../",
    "..",
    "{",
    "}}",
    "\\u{0}",
    "ü",
    "\u{1F600}",
    "\n",
    "involves: ",
    "emergency_stop: ",
    "broker: ",
];

#[test]
fn no_site_brings_it_down_and_each_fault_has_its_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = vec![b"(name: \"T\", place: (latitude: 0, longitude: 0), twins: [])".to_vec()];
    for folder in ["scenes", "tests/sites"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let text = fs::read(entry.unwrap().path().join("site.ron"));
            seeds.extend(text.ok().filter(|it| it.len() < 12_000));
        }
    }
    assert!(seeds.len() > 3);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.ron");
    Target { name: "site", seeds, words: WORDS }.run(|input| {
        fs::write(&path, input).unwrap();
        match load(&path, &mut Ids::default()) {
            Ok(loaded) => {
                // It can be used, and its warnings be shown.
                drop(crate::codec::Decoder::new(&loaded.site));
                drop(crate::trust::Verifier::new(&loaded.site, None));
                words(&report(&loaded.findings))
            }
            Err(LoadError::Broken(findings)) => {
                assert!(!findings.is_empty());
                words(&report(&findings)) + &findings.iter().map(|it| words(&it.to_string())).collect::<String>()
            }
            Err(other) => words(&other.to_string()),
        }
    });
}
