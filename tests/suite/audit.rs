//! What was done stands in a log that nobody changes unseen; who may do it stands in a file without secrets.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use pollux::session::recording::{About, AuditDoc, SessionWriter};
use pollux::site::doc::Role;
use pollux::trust::{Accounts, AuditLog, SecretKey};
use serde_json::{Value, json};

/// Runs `pollux`; returns its exit code and what it prints.
fn pollux(arguments: &[&str], typed: &str, folder: &Path) -> (i32, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pollux"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("POLLUX_PASSPHRASE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who asks for nothing may end before it reads.
    drop(child.stdin.take().unwrap().write_all(typed.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

/// A log of so many records in `folder`.
fn write_log(folder: &Path, n_records: u64) -> SecretKey {
    let key = SecretKey::generate();
    let mut log = AuditLog::open(&folder.join("audit.log"), &key).unwrap();
    for n in 0..n_records {
        let at = 1_800_000_000_000_000_000 + n * 1_000_000_000;
        log.append(&json!({ "at": at, "who": "anna", "act": "operate", "command": "p1/run" })).unwrap();
    }
    log.close().unwrap();
    key
}

#[test]
fn a_log_is_looked_over_and_a_change_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let key = write_log(folder.path(), 300);
    let verify = |more: &[&str]| pollux(&[&["audit", "verify", "audit.log"], more].concat(), "", folder.path());
    let (code, said) = verify(&[]);
    assert!(code == 0 && said.starts_with("audit.log: unaltered\n"), "{said}");
    assert!(said.contains("300 records, 2 checkpoints, 0 notes") && said.contains("named by the log itself"), "{said}");
    assert!(said.contains("not known: a log cannot tell that its end was cut"), "{said}");
    let kept = said.split("--checkpoint ").last().unwrap().lines().next().unwrap().to_owned();
    let (code, said) = verify(&["--key", &key.public().to_string(), "--checkpoint", &kept]);
    assert!(code == 0 && said.contains("up to number 302"), "{said}");
    let (code, said) = verify(&["--key", &SecretKey::generate().public().to_string()]);
    assert!(code == 1 && said.contains("another key than the one that was given"), "{said}");
    let (code, said) = verify(&["--key", "ed25519:12"]);
    assert!(code == 2 && said.contains("expected ed25519: and 64 hexadecimal digits"), "{said}");

    // The end is cut: by itself the log is as it was, and what was kept elsewhere tells.
    let whole = fs::read_to_string(folder.path().join("audit.log")).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    fs::write(folder.path().join("audit.log"), lines[..290].concat()).unwrap();
    let (code, said) = verify(&[]);
    assert!(code == 0 && said.contains("32 lines after the last checkpoint"), "{said}");
    let (code, said) = verify(&["--checkpoint", &kept]);
    assert!(code == 1 && said.contains("it ends at number 289, and number 302 was there"), "{said}");

    let changed = whole.replacen("\"who\":\"anna\"", "\"who\":\"hans\"", 1);
    fs::write(folder.path().join("audit.log"), &changed).unwrap();
    let (code, said) = verify(&[]);
    let at = lines[0].len();
    assert!(code == 1 && said.contains(&format!("line 2 (number 1), byte {at}: it was altered")), "{said}");
    let (code, said) = verify(&["--json"]);
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &told["unaltered"], &told["report"]["findings"][0]["line"]), (1, &json!(false), &json!(2)));
}

#[test]
fn the_last_records_of_a_log_are_shown_with_their_time() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path(), 5);
    let (code, said) = pollux(&["audit", "show", "audit.log", "--last", "2"], "", folder.path());
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!((code, lines.len()), (0, 2));
    assert!(lines[0].starts_with("     5  record      2027-01-15T08:00:04"), "{said}");
    assert!(lines[1].starts_with("     6  checkpoint  {\"head\":"), "{said}");
    let (code, said) = pollux(&["audit", "show", "no.log"], "", folder.path());
    assert!(code == 2 && said.contains("no.log cannot be read"), "{said}");
}

/// A session with two records of what was asked, one of them as versions before this one wrote them, if so asked.
fn write_session(path: &Path, unchained: bool) {
    let doc = AuditDoc {
        at: 1_800_000_000_000_000_000,
        command: "p1/run".to_owned(),
        desired: "on".to_owned(),
        phase: "sent".to_owned(),
        correlation: "1".to_owned(),
        who: "anna".to_owned(),
        ..AuditDoc::default()
    };
    if unchained {
        let mut writer = mcap::Writer::new(fs::File::create(path).unwrap()).unwrap();
        let channel = writer.add_channel(0, "pollux/audit", "json", &BTreeMap::new()).unwrap();
        let time = doc.at as u64;
        let header =
            mcap::records::MessageHeader { channel_id: channel, sequence: 0, log_time: time, publish_time: time };
        writer.write_to_known_channel(&header, &serde_json::to_vec(&doc).unwrap()).unwrap();
        writer.finish().unwrap();
        return;
    }
    let mut writer = SessionWriter::new(fs::File::create(path).unwrap(), &About::default(), &[]).unwrap();
    writer.audit(&doc).unwrap();
    writer.audit(&AuditDoc { phase: "confirmed".to_owned(), ..doc }).unwrap();
    writer.finish().unwrap();
}

#[test]
fn what_a_session_holds_is_looked_over_too_and_an_old_one_says_that_it_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    write_session(&folder.path().join("new.mcap"), false);
    write_session(&folder.path().join("old.mcap"), true);
    let verify = |more: &[&str]| pollux(&[&["audit", "verify"], more].concat(), "", folder.path());
    let (code, said) = verify(&["new.mcap"]);
    assert!(code == 0 && said.starts_with("new.mcap: unaltered\n") && said.contains("2 records"), "{said}");
    assert!(said.contains("accidents alone: nobody signs in a session"), "{said}");
    let kept = said.split("--checkpoint ").last().unwrap().lines().next().unwrap().to_owned();
    let (code, said) = verify(&["new.mcap", "--checkpoint", &kept]);
    assert!(code == 0 && said.contains("up to number 1"), "{said}");
    let (code, said) = verify(&["new.mcap", "--key", &SecretKey::generate().public().to_string()]);
    assert!(code == 2 && said.contains("nobody signs in a session"), "{said}");
    let (code, said) = verify(&["old.mcap"]);
    assert!(code == 1 && said.contains("recorded before audits were chained"), "{said}");
    let (code, said) = pollux(&["audit", "show", "new.mcap"], "", folder.path());
    assert!(code == 0 && said.lines().count() == 2 && said.contains("\"who\":\"anna\",\"chain\":\""), "{said}");
}

#[test]
fn accounts_are_kept_without_any_secret_in_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str], typed: &str| pollux(&[&["operators"], arguments].concat(), typed, folder.path());
    let words = "four random words here";
    let (code, said) = run(&["new", "anna", "--name", "Anna Huber", "--role", "operator"], &format!("{words}\n"));
    assert!(code == 0 && said.contains("anna may sign in as operator"), "{said}");
    let path = folder.path().join("operators.ron");
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(words) && text.contains("ed25519:"), "{text}");
    let unlocks = |words: &str| Accounts::load(&path).unwrap().by_id("anna").unwrap().unlock(&words.into()).is_ok();
    assert!(unlocks(words) && !unlocks("four other words here"));
    assert_eq!(Accounts::load(&path).unwrap().by_id("anna").unwrap().role, Role::Operator);

    let (code, said) = run(&["new", "anna", "--name", "Anna", "--role", "viewer"], "four random words\n");
    assert!(code == 2 && said.contains("there is an account anna already"), "{said}");
    let (code, said) = run(&["new", "ben", "--name", "Ben", "--role", "viewer"], "short\n");
    assert!(code == 2 && said.contains("too short"), "{said}");
    let (code, said) = run(&["new", "ben", "--name", "Ben", "--role", "boss"], "");
    assert!(code == 2 && said.contains("expected one of viewer, operator"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "what is refused changes nothing");

    let (code, _) = run(&["passphrase", "anna"], "four other words here\n");
    assert!(code == 0 && unlocks("four other words here") && !unlocks(words));
    let (code, _) = run(&["disable", "anna"], "");
    assert!(code == 0 && !unlocks("four other words here"));
    let (code, said) = run(&["list"], "");
    assert!(code == 0 && said.contains("anna") && said.contains("operator") && said.contains("disabled"), "{said}");
    let (code, _) = run(&["disable", "anna", "--undo"], "");
    assert!(code == 0 && unlocks("four other words here"));
    let (code, said) = run(&["list", "--file", "none.ron"], "");
    assert!(code == 2 && said.contains("none.ron"), "{said}");
}
