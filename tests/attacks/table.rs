//! The table of all attacks: printed for whoever runs them, and kept as a page.

use std::fmt::Write;
use std::path::Path;

use super::{Attack, Off, Outcome};

/// Between these the README holds the table.
const BEGINS: &str = "<!-- attacks: written by `POLLUX_BLESS=1 make attacks` -->";
const ENDS: &str = "<!-- end of attacks -->";

/// How an attack and its control ended. `Err`: what failed.
pub(super) struct Row {
    pub(super) attack: &'static Attack,
    pub(super) outcome: Result<Outcome, String>,
    pub(super) control: Result<Outcome, String>,
}

impl Row {
    pub(super) fn passed(&self) -> bool {
        matches!((&self.outcome, &self.control), (Ok(Outcome::Stopped(_)), Ok(Outcome::Succeeded(_))))
    }

    /// What stopped it, and what happened in its control.
    fn ends(&self) -> [String; 2] {
        let off = match self.attack.off {
            Off::Other(what) => what.to_owned(),
            Off::Defences(off) => format!("without {off:?}").replace(['[', ']'], "").replace(", ", " and "),
        };
        let stopped = match &self.outcome {
            Ok(Outcome::Stopped(by)) => by.clone(),
            Ok(Outcome::Succeeded(what)) => format!("NOT STOPPED: {what}"),
            Err(why) => format!("FAILED: {why}"),
        };
        let control = match &self.control {
            Ok(Outcome::Succeeded(what)) => format!("{off}: {what}"),
            Ok(Outcome::Stopped(by)) => format!("THE CONTROL DID NOT SUCCEED ({off}): {by}"),
            Err(why) => format!("THE CONTROL FAILED ({off}): {why}"),
        };
        [stopped, control]
    }
}

/// A technique's name. MITRE ATT&CK for ICS, version 19: of it are the ids with a dot, which took the places of T0855 (.001) and
/// T0856 (.002) in T1692, and of T0804 in T1691.
pub(super) fn technique(id: &str) -> Option<&'static str> {
    Some(match id {
        "T0814" => "Denial of Service",
        "T0830" => "Adversary-in-the-Middle",
        "T0831" => "Manipulation of Control",
        "T0832" => "Manipulation of View",
        "T0836" => "Modify Parameter",
        "T0842" => "Network Sniffing",
        "T0848" => "Rogue Master",
        "T0859" => "Valid Accounts",
        "T0872" => "Indicator Removal on Host",
        "T0878" => "Alarm Suppression",
        "T1691.002" => "Block Operational Technology Message: Reporting Message",
        "T1692.001" => "Unauthorized Message: Command Message",
        "T1692.002" => "Unauthorized Message: Reporting Message",
        _ => return None,
    })
}

/// For a terminal.
pub(super) fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let Attack { id, name, technique, tried, .. } = row.attack;
        let [stopped, control] = row.ends();
        let verdict = if row.passed() { "passed" } else { "FAILED" };
        let lines = format!(
            "{id} {verdict}  {name} ({technique})\n    tried:   {tried}\n    stopped: {stopped}\n    control: {control}\n"
        );
        text.push_str(&lines);
    }
    text
}

/// For people: `docs/attacks.md`.
fn page(rows: &[Row]) -> String {
    let mut page = format!(
        "# Attacks\n\n\
        `make attacks` runs these {} against the real path, from a broker (Mosquitto) to what is shown, and ends with how many \
        passed. Each has a control: the same with the defence off that stops it (as only tests can have it), where it must \
        succeed. The ids beside them are techniques of MITRE ATT&CK for ICS. The page is written by the run itself \
        (`POLLUX_BLESS=1 make attacks`).\n\n\
        | id | attack | ATT&CK | what is tried | what stops it | control |\n| --- | --- | --- | --- | --- | --- |\n",
        rows.len()
    );
    for row in rows {
        let Attack { id, name, technique, tried, .. } = row.attack;
        let [stopped, control] = row.ends();
        writeln!(page, "| {id} | {name} | {technique} | {tried} | {stopped} | {control} |").unwrap();
    }
    let mut ids: Vec<&str> = rows.iter().map(|it| it.attack.technique).collect();
    ids.sort_unstable();
    ids.dedup();
    page.push_str("\n## Techniques\n\n");
    for id in ids {
        writeln!(page, "- {id} {}", technique(id).unwrap()).unwrap();
    }
    page
}

/// The short form of it, for the README.
fn short(rows: &[Row]) -> String {
    let mut text = "| attack | ATT&CK | what stops it |\n| --- | --- | --- |\n".to_owned();
    for row in rows {
        let Attack { id, name, technique, .. } = row.attack;
        writeln!(text, "| {id} {name} | {technique} | {} |", row.ends()[0]).unwrap();
    }
    text
}

/// Both tables must be what the run gave; `POLLUX_BLESS=1` writes them.
#[track_caller]
pub(super) fn check_pages(rows: &[Row]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    check_page(&root.join("docs/attacks.md"), |_| page(rows));
    check_page(&root.join("README.md"), |readme| {
        let (before, rest) = readme.split_once(BEGINS).expect("a place for the table");
        let (_, after) = rest.split_once(ENDS).expect("an end of the table");
        format!("{before}{BEGINS}\n{}{ENDS}{after}", short(rows))
    });
}

#[track_caller]
fn check_page(path: &Path, want: impl Fn(&str) -> String) {
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    let want = want(&kept);
    if std::env::var_os("POLLUX_BLESS").is_some() {
        std::fs::write(path, want).unwrap();
    } else {
        assert!(kept == want, "{} is not what this run gave: POLLUX_BLESS=1 make attacks writes it", path.display());
    }
}
