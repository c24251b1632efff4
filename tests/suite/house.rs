//! The invariants of the house, kept by reading its source. Each rule has a control: a planted breach must be found.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders in their order: each knows only those before it.
const FOLDERS: [&str; 15] = [
    "signal", "site", "codec", "trust", "link", "physics", "field", "session", "twin", "judge", "command", "guard",
    "view", "panels", "cli",
];

/// These know no engine.
const WITHOUT_ENGINE: [&str; 7] = ["signal", "site", "codec", "trust", "link", "physics", "field"];

/// The field knows the devices' side alone.
const FIELD_KNOWS: [&str; 6] = ["signal", "site", "codec", "trust", "link", "physics"];

/// What only its own folder may write: resources and components of the model.
const MODEL: [(&str, &[&str]); 6] = [
    (
        "session",
        &[
            "Session",
            "Cursor",
            "CurrentSite",
            "SiteFindings",
            "History",
            "Tally",
            "Marks",
            "Works",
            "Ghost",
            "Compared",
            "Again",
        ],
    ),
    ("twin", &["Reading", "Readings", "Health", "Selection", "Quarantine", "TwinIndex", "TwinRef", "SignalRef"]),
    ("judge", &["Alarms", "Expectations"]),
    ("command", &["CommandLog", "CommandRow", "Operator", "GateState", "GateQuarantine", "Sequences"]),
    ("guard", &["Inventory", "SupportOutlook", "Taint", "TrustOf"]),
    ("view", &["Lens", "Shades"]),
];

struct Source {
    folder: String,
    path: String,
    code: String,
}

fn rust_files(below: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(below).unwrap().map(|it| it.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|it| it == "rs") {
            into.push(path);
        }
    }
}

/// Code without comments, so that prose may name what code may not. Test modules at the end of a file are left out.
fn without_comments(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    body.lines().map(|it| it.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn source(path: &str, text: &str) -> Source {
    let inside = path.strip_prefix("src/").unwrap_or(path);
    let folder = inside.split_once('/').map_or(inside.trim_end_matches(".rs"), |it| it.0);
    Source { folder: folder.to_owned(), path: path.to_owned(), code: without_comments(text) }
}

fn all_sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    files
        .iter()
        .map(|it| source(&it.strip_prefix(root).unwrap().to_string_lossy(), &fs::read_to_string(it).unwrap()))
        .collect()
}

fn is_word(it: char) -> bool {
    it.is_alphanumeric() || it == '_'
}

/// What follows each occurrence of `before`, up to the end of the name.
fn names_after<'a>(code: &'a str, before: &str) -> Vec<&'a str> {
    code.match_indices(before)
        .filter(|(at, _)| !code[..*at].ends_with(is_word))
        .map(|(at, it)| &code[at + it.len()..])
        .map(|rest| &rest[..rest.find(|it| !is_word(it)).unwrap_or(rest.len())])
        .collect()
}

fn imports_from_below(source: &Source) -> Vec<String> {
    let Some(own) = FOLDERS.iter().position(|it| *it == source.folder) else { return Vec::new() };
    names_after(&source.code, "crate::")
        .into_iter()
        .filter(|name| FOLDERS.iter().position(|it| it == name).is_some_and(|it| it > own))
        .map(|name| format!("{}: {} must not know {name}", source.path, source.folder))
        .collect()
}

fn field_knows_the_viewer(source: &Source) -> Vec<String> {
    if source.folder != "field" {
        return Vec::new();
    }
    names_after(&source.code, "crate::")
        .into_iter()
        .filter(|it| *it != "field" && !FIELD_KNOWS.contains(it))
        .map(|name| format!("{}: the field must not know {name}", source.path))
        .collect()
}

fn knows_the_engine(source: &Source) -> Vec<String> {
    if !WITHOUT_ENGINE.contains(&source.folder.as_str()) {
        return Vec::new();
    }
    source
        .code
        .split(|it| !is_word(it))
        .filter(|it| it.starts_with("bevy") || it.starts_with("egui"))
        .map(|it| format!("{}: {} must not know {it}", source.path, source.folder))
        .collect()
}

fn writes_the_model(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (owner, types) in MODEL.iter().filter(|it| it.0 != source.folder) {
        for name in *types {
            for breach in [format!("ResMut<{name}>"), format!("&mut {name}")] {
                let ends = |at: usize| source.code[at + breach.len()..].starts_with(is_word);
                if source.code.match_indices(&breach).any(|(at, _)| !ends(at)) {
                    found.push(format!("{}: `{breach}`: only {owner} may write it; send a request", source.path));
                }
            }
        }
    }
    found
}

fn orders_across_folders(source: &Source) -> Vec<String> {
    if source.folder == "schedule" {
        return Vec::new();
    }
    let mut found = Vec::new();
    for call in [".after(", ".before("] {
        for (at, _) in source.code.match_indices(call) {
            let argument = source.code[at + call.len()..].split(')').next().unwrap_or("");
            if FOLDERS.iter().any(|it| *it != source.folder && argument.contains(&format!("{it}::"))) {
                found.push(format!("{}: `{call}{argument})`: only schedule.rs orders folders", source.path));
            }
        }
    }
    found
}

fn reads_a_clock(source: &Source) -> Vec<String> {
    let allowed = ["link", "session"].contains(&source.folder.as_str());
    // A timer may measure how long something takes where it says why; the time of day is the cursor's alone.
    let timer = source.code.contains("#[expect(clippy::disallowed_methods, reason = ");
    ["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now", "Utc::now"]
        .iter()
        .filter(|it| !allowed && source.code.contains(**it) && !(timer && **it == "Instant::now"))
        .map(|it| format!("{}: `{it}`: ask the cursor", source.path))
        .collect()
}

fn lets_an_entity_out(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in source.code.match_indices("#[derive(") {
        let rest = &source.code[at..];
        let derives = rest.split(')').next().unwrap_or("");
        let body = rest.find('{').map_or("", |it| rest[it..].split("\n}").next().unwrap_or(""));
        let serial = derives.contains("Serialize") || derives.contains("Deserialize");
        if serial && body.split(|it| !is_word(it)).any(|it| it == "Entity") {
            found.push(format!("{}: an Entity in a type that is written to files: use an id", source.path));
        }
    }
    found
}

#[track_caller]
fn check(rule: fn(&Source) -> Vec<String>, breach: (&str, &str)) {
    let found: Vec<String> = all_sources().iter().flat_map(rule).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    let planted = rule(&source(breach.0, breach.1));
    assert!(!planted.is_empty(), "the rule no longer finds the breach that it is for: {breach:?}");
}

#[test]
fn a_folder_imports_only_from_folders_above_it() {
    check(imports_from_below, ("src/site/mod.rs", "use crate::session::History;"));
}

#[test]
fn the_field_knows_nothing_of_the_viewer() {
    check(field_knows_the_viewer, ("src/field/device.rs", "use crate::session::History;"));
}

#[test]
fn what_carries_the_data_knows_no_engine() {
    check(knows_the_engine, ("src/codec/mod.rs", "use bevy::prelude::*;"));
    check(knows_the_engine, ("src/physics/mod.rs", "use egui::Ui;"));
}

#[test]
fn only_its_own_folder_writes_the_model() {
    check(writes_the_model, ("src/panels/tree.rs", "fn f(mut it: ResMut<Selection>) {}"));
    check(writes_the_model, ("src/view/looks.rs", "fn f(mut it: Query<&mut Health>) {}"));
}

#[test]
fn only_the_schedule_orders_features() {
    check(orders_across_folders, ("src/view/mod.rs", "app.add_systems(Update, f.after(twin::follow_health));"));
}

#[test]
fn only_the_cursor_knows_what_time_it_is() {
    check(reads_a_clock, ("src/panels/status.rs", "let now = Instant::now();"));
    let excused = "#[expect(clippy::disallowed_methods, reason = \"\")]\nfn now() -> SystemTime { SystemTime::now() }";
    check(reads_a_clock, ("src/panels/status.rs", excused));
}

#[test]
fn an_entity_never_leaves_the_process() {
    check(lets_an_entity_out, ("src/panels/layout.rs", "#[derive(Serialize)]\nstruct Pane {\n    twin: Entity,\n}"));
}

#[test]
fn every_file_begins_with_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    let silent: Vec<&PathBuf> =
        files.iter().filter(|it| !fs::read_to_string(it).unwrap().starts_with("//! ")).collect();
    assert!(silent.is_empty(), "files without a first sentence: {silent:?}");
}
