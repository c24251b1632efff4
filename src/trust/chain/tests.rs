//! A log, and all that can be done to it.

use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::trust::SecretKey;

/// A small log with three checkpoints, of which the last ends it.
struct Written {
    bytes: Vec<u8>,
    key: SecretKey,
    head: Head,
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn written(n_records: usize) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let key = SecretKey::generate();
    let mut log = AuditLog::open(&path, &key).unwrap();
    for it in 0..n_records {
        log.append(&json!({ "at": 1_000 + it, "who": "anna", "what": "start \n é \"p1\"" })).unwrap();
        if it % 3 == 2 {
            log.checkpoint_now().unwrap();
        }
    }
    let head = log.close().unwrap();
    Written { bytes: fs::read(&path).unwrap(), key, head, _folder: folder, path }
}

fn look(bytes: &[u8]) -> Report {
    verify(bytes, VerifyOptions::default()).unwrap()
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|it| *it == b'\n').collect()
}

#[test]
fn a_log_that_nobody_touched_is_unaltered() {
    let Written { bytes, key, head, .. } = written(7);
    let report = look(&bytes);
    assert_eq!(report.findings, []);
    assert!(report.unaltered() && report.closed && !report.key_was_given);
    assert_eq!((report.records, report.checkpoints, report.notes, report.unwitnessed), (7, 3, 0, 0));
    assert_eq!((report.key, report.head, report.bytes), (Some(key.public()), Some(head), bytes.len() as u64));
    assert_eq!(report.complete, Complete::Unknown);
    assert_eq!(lines(&bytes).len() as u64, head.n + 1);
    assert_eq!(head.to_string().parse(), Ok(head));
}

#[test]
fn every_changed_byte_is_found_in_its_line() {
    let Written { bytes, .. } = written(7);
    for at in 0..bytes.len() {
        for change in [1, 0x20, 0x80, bytes[at] ^ b'\n'] {
            if change == 0 {
                continue;
            }
            let mut changed = bytes.clone();
            changed[at] ^= change;
            let report = look(&changed);
            let first = report.findings.first().unwrap_or_else(|| panic!("byte {at} ^ {change}: not found"));
            let line = bytes[..at].iter().filter(|it| **it == b'\n').count() as u64 + 1;
            // A first line that names another key shows at the next checkpoint, too; it comes first all the same.
            assert!(first.line == line, "byte {at} ^ {change} is in line {line}: {first}");
        }
    }
}

#[test]
fn every_line_that_is_taken_out_put_in_or_moved_is_found() {
    let Written { bytes, key, .. } = written(7);
    let lines = lines(&bytes);
    let last = lines.len() - 1;
    let check = |changed: Vec<&[u8]>, what: &str, at: usize| {
        let report = verify(&changed.concat()[..], VerifyOptions { key: Some(key.public()), witness: None }).unwrap();
        let first = report.findings.first().unwrap_or_else(|| panic!("line {at} {what}: not found"));
        assert!(first.line as usize == at + 1, "line {at} {what}: {first}");
        report
    };
    for at in 0..last {
        let mut without = lines.clone();
        without.remove(at);
        let report = check(without, "taken out", at);
        if at > 0 {
            let n = at as u64;
            assert_eq!(report.findings[0].fault, Fault::Missing { from: n, to: n });
            assert_eq!(report.findings.len(), 1);
        }
        let mut swapped = lines.clone();
        swapped.swap(at, at + 1);
        check(swapped, "moved", at);
    }
    for at in 0..=last {
        let mut twice = lines.clone();
        twice.insert(at, lines[at]);
        let mut put_in = lines.clone();
        put_in.insert(at, b"\n");
        if at > 0 {
            check(twice, "twice", at + 1);
        }
        let report = check(put_in, "put before", at);
        assert!(at == 0 || report.findings.len() == 1, "{:?}", report.findings);
    }
}

#[test]
fn a_cut_end_is_found_by_a_checkpoint_that_was_kept_elsewhere_and_by_nothing_else() {
    let Written { bytes, head, .. } = written(7);
    let lines = lines(&bytes);
    for n_left in 1..lines.len() {
        let left = lines[..n_left].concat();
        let report = look(&left);
        assert_eq!((report.findings.len(), report.complete, report.closed), (0, Complete::Unknown, false));
        let report = verify(&left[..], VerifyOptions { key: None, witness: Some(head) }).unwrap();
        let want = Complete::Cut { ends_at: Some(n_left as u64 - 1), witnessed: head.n };
        assert!(report.unaltered() && !report.is_good());
        assert_eq!(report.complete, want);
    }
    let whole = verify(&bytes[..], VerifyOptions { key: None, witness: Some(head) }).unwrap();
    assert_eq!((whole.complete, whole.is_good()), (Complete::UpTo { n: head.n }, true));
    let within = verify(&lines[..6].concat()[..], VerifyOptions::default()).unwrap().head;
    let report = verify(&bytes[..], VerifyOptions { key: None, witness: within }).unwrap();
    assert_eq!(report.complete, Complete::UpTo { n: 5 });
    let empty = verify(&b""[..], VerifyOptions { key: None, witness: Some(head) }).unwrap();
    assert_eq!(empty.complete, Complete::Cut { ends_at: None, witnessed: head.n });
    assert_eq!(empty.findings[0].fault, Fault::NoBeginning);
    // Within a line: it has no end.
    let torn = look(&bytes[..bytes.len() - 1]);
    assert_eq!(torn.findings.iter().map(|it| it.fault).collect::<Vec<_>>(), [Fault::Torn]);
}

#[test]
fn another_history_needs_the_key() {
    let (mine, other) = (written(7), written(7));
    let options = |key: &SecretKey, witness| VerifyOptions { key: Some(key.public()), witness };
    // Written anew by another key, it is unaltered in itself; who knows the key sees it, and who kept a line, too.
    assert!(look(&other.bytes).is_good());
    let report = verify(&other.bytes[..], options(&mine.key, None)).unwrap();
    assert_eq!(report.findings[0].fault, Fault::OtherKey);
    let report = verify(&other.bytes[..], options(&other.key, Some(mine.head))).unwrap();
    assert_eq!(report.findings.iter().map(|it| it.fault).collect::<Vec<_>>(), [Fault::NotTheWitnessed]);

    // The chain is linked anew from a changed record on, as anybody can; the signatures do not fit.
    let mut chain = Chain::default();
    let anew: Vec<u8> = lines(&mine.bytes)
        .into_iter()
        .flat_map(|line| {
            let json = String::from_utf8(line[65..line.len() - 1].to_vec()).unwrap().replace("1004", "1009");
            let hash = chain.link(json.as_bytes());
            format!("{} {json}\n", hex::encode(&hash)).into_bytes()
        })
        .collect();
    let faults: Vec<Fault> = look(&anew).findings.iter().map(|it| it.fault).collect();
    // The first checkpoint stands before the change.
    assert_eq!(faults, [Fault::Forged, Fault::Forged]);
}

#[test]
fn a_log_goes_on_where_it_ended() {
    let Written { path, key, head, _folder, .. } = written(4);
    let mut log = AuditLog::open(&path, &key).unwrap();
    assert_eq!((log.head(), log.cut_bytes()), (head, 0));
    assert_eq!(log.append(&"more").unwrap().n, head.n + 1);
    drop(log);
    let report = look(&fs::read(&path).unwrap());
    assert_eq!((report.findings.as_slice(), report.records, report.closed), (&[][..], 5, true));
    // Opened and let go: nothing is added.
    let before = fs::read(&path).unwrap();
    drop(AuditLog::open(&path, &key).unwrap());
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn after_so_many_records_all_before_is_signed_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let key = SecretKey::generate();
    let mut log = AuditLog::open(&path, &key).unwrap();
    let want = u64::from(CHECKPOINT_RECORDS);
    for _ in 0..want + 10 {
        log.append(&"x".repeat(2_000)).unwrap();
    }
    let report = look(&fs::read(&path).unwrap());
    assert_eq!((report.checkpoints, report.unwitnessed, report.closed), (1, 10, false));
    // As after a crash: the end is longer than what is read at first, and the count goes on.
    let copy = folder.path().join("copy.log");
    fs::copy(&path, &copy).unwrap();
    let mut again = AuditLog::open(&copy, &key).unwrap();
    for _ in 0..want - 10 {
        again.append(&"x").unwrap();
    }
    let report = look(&fs::read(&copy).unwrap());
    assert_eq!((report.findings.len(), report.checkpoints, report.unwitnessed), (0, 2, 0));
}

#[test]
fn a_torn_last_line_is_cut_off_and_a_note_says_so() {
    let Written { bytes, path, key, _folder, .. } = written(4);
    for n_left in (0..bytes.len()).rev() {
        fs::write(&path, &bytes[..n_left]).unwrap();
        let log = AuditLog::open(&path, &key).unwrap_or_else(|it| panic!("{n_left} bytes: {it}"));
        let torn = bytes[..n_left].iter().rev().take_while(|it| **it != b'\n').count() as u64;
        assert_eq!(log.cut_bytes(), torn);
        drop(log);
        let report = look(&fs::read(&path).unwrap());
        assert_eq!((report.findings.as_slice(), report.notes), (&[][..], u64::from(torn > 0)), "{n_left} bytes");
    }
}

#[test]
fn what_cannot_be_gone_on_with_stays_as_it_is() {
    let Written { bytes, path, key, _folder, .. } = written(7);
    let mut changed = bytes.clone();
    let at = bytes.len() - 300;
    changed[at] ^= 1;
    let one_line = b"a letter that has no line feed".to_vec();
    for (file, key, want) in [
        (bytes.clone(), &SecretKey::generate(), "belongs to another key"),
        (changed, &key, "was altered (line "),
        (b"dear diary\n".to_vec(), &key, "is no audit log"),
        (one_line, &key, "is no audit log"),
        ([&bytes[..], b"\n"].concat(), &key, "was altered (line "),
    ] {
        fs::write(&path, &file).unwrap();
        let told = AuditLog::open(&path, key).unwrap_err().to_string();
        assert!(told.contains(want), "{told}");
        assert_eq!(fs::read(&path).unwrap(), file, "{want}");
    }
    fs::write(&path, &bytes).unwrap();
    let first = AuditLog::open(&path, &key).unwrap();
    assert!(matches!(AuditLog::open(&path, &key), Err(LogError::InUse { .. })));
    drop(first);
    assert!(AuditLog::open(&path, &key).is_ok());
}

/// A record may be large, but not without end; and what does not fit leaves nothing behind.
#[test]
fn a_record_that_is_too_large_is_refused() {
    let Written { path, key, _folder, .. } = written(1);
    let before = fs::read(&path).unwrap();
    let mut log = AuditLog::open(&path, &key).unwrap();
    assert!(matches!(log.append(&"x".repeat(1 << 20)), Err(LogError::Record { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
    log.append(&"x".repeat(1 << 19)).unwrap();
    drop(log);
    assert_eq!(look(&fs::read(&path).unwrap()).findings, []);
}

/// The system's own limit on the size of a file stands in for a full disk: it, too, takes half of a line.
#[cfg(unix)]
#[test]
fn on_a_full_disk_a_record_is_refused_and_the_log_stays_good() {
    const INSIDE: &str = "POLLUX_TEST_FULL_DISK";
    if let Some(path) = std::env::var_os(INSIDE) {
        let path = PathBuf::from(path);
        let key = SecretKey::load_or_create(&path.with_extension("key")).unwrap();
        let mut log = AuditLog::open(&path, &key).unwrap();
        let refused = (0..1_000).find_map(|_| log.append(&"x".repeat(300)).err());
        assert!(matches!(refused, Some(LogError::Io { .. })), "{refused:?}");
        let size = fs::metadata(&path).unwrap().len();
        assert!(log.append(&"x".repeat(300)).is_err());
        assert_eq!(fs::metadata(&path).unwrap().len(), size, "half a line stays");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let limited = std::process::Command::new("bash")
        .args(["-c", "trap '' XFSZ; ulimit -f 10; exec \"$0\" --exact \"$1\" --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .arg("trust::chain::tests::on_a_full_disk_a_record_is_refused_and_the_log_stays_good")
        .env(INSIDE, &path)
        .output()
        .unwrap();
    assert!(limited.status.success(), "{}", String::from_utf8_lossy(&limited.stderr));
    let size = fs::metadata(&path).unwrap().len();
    assert!((9_000..=10_240).contains(&size), "the limit was reached: {size}");
    // With room again, it goes on.
    let key = SecretKey::load_or_create(&path.with_extension("key")).unwrap();
    let mut log = AuditLog::open(&path, &key).unwrap();
    assert_eq!(log.cut_bytes(), 0);
    log.append(&"after").unwrap();
    log.close().unwrap();
    let report = look(&fs::read(&path).unwrap());
    assert!(report.is_good() && report.closed, "{report:?}");
}

#[test]
fn records_that_are_kept_elsewhere_bear_their_hash_as_the_last_field() {
    let mut chain = Chain::default();
    let sealed: Vec<Vec<u8>> =
        (0..5).map(|it| chain.seal(format!("{{\"at\":{it},\"who\":\"anna\"}}").into_bytes())).collect();
    let look = |records: &[Vec<u8>], witness| verify_linked(records.iter().cloned().map(Ok), witness).unwrap();
    let first: serde_json::Value = serde_json::from_slice(&sealed[0]).unwrap();
    // (head -c 32 /dev/zero; printf '{"at":0,"who":"anna"}') | sha256sum
    assert_eq!(first["chain"], "72b6e4fb96e2497a7310b082164cd763dc0bd24abd6237e046df49e5e3b1b0c5");
    let head = Head { n: 4, hash: chain.head };
    let good = look(&sealed, Some(head));
    assert_eq!((good.is_good(), good.records, good.complete), (true, 5, Complete::UpTo { n: 4 }));

    for at in 0..5 {
        for byte in 0..sealed[at].len() {
            let mut changed = sealed.clone();
            changed[at][byte] ^= 1;
            assert!(!look(&changed, None).is_good(), "record {at}, byte {byte}");
        }
        let mut without = sealed.clone();
        without.remove(at);
        let report = look(&without, None);
        if at < 4 {
            assert_eq!(report.findings, [(at as u64, LinkedFault::Altered)]);
        } else {
            assert_eq!((report.is_good(), report.complete), (true, Complete::Unknown));
            assert!(matches!(look(&without, Some(head)).complete, Complete::Cut { .. }));
        }
        let mut put_in = sealed.clone();
        put_in.insert(at, b"{\"at\":9}".to_vec());
        assert_eq!(look(&put_in, None).findings, [(at as u64, LinkedFault::Unchained)]);
    }
    let old = look(&[b"{\"at\":9}".to_vec()], None);
    assert_eq!((old.unchained, old.is_good(), old.findings.len()), (1, false, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_change_of_any_log_goes_unseen(
        records in proptest::collection::vec(".{0,60}", 1..12),
        checkpoints in proptest::collection::vec(any::<bool>(), 12),
        cut in any::<prop::sample::Index>(),
        len in 0_usize..200,
        put_in in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let key = SecretKey::generate();
        let mut log = AuditLog::open(&path, &key).unwrap();
        for (record, checkpoint) in records.iter().zip(&checkpoints) {
            log.append(record).unwrap();
            if *checkpoint {
                log.checkpoint_now().unwrap();
            }
        }
        let head = log.close().unwrap();
        let bytes = fs::read(&path).unwrap();
        let options = VerifyOptions { key: Some(key.public()), witness: Some(head) };
        prop_assert!(verify(&bytes[..], options).unwrap().is_good());
        let from = cut.index(bytes.len());
        let to = (from + len).min(bytes.len());
        let changed = [&bytes[..from], &put_in, &bytes[to..]].concat();
        // What follows the witnessed line nobody can know to be wrong, unless it breaks the chain, as it does here.
        prop_assert_eq!(verify(&changed[..], options).unwrap().is_good(), changed == bytes);
    }

    #[test]
    fn no_bytes_bring_it_down(
        lines in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..120),
                (any::<[u8; 32]>(), any::<u64>(), prop_oneof![Just("log"), Just("record"), Just("checkpoint")])
                    .prop_map(|(hash, n, kind)| format!("{} {{\"n\":{n},\"{kind}\":{{}}}}", hex::encode(&hash)).into()),
                Just(format!("{} {{\"n\":{},\"record\":1}}", hex::encode(&[7; 32]), u64::MAX).into_bytes()),
            ],
            0..6,
        ),
    ) {
        let bytes = lines.join(&b'\n');
        prop_assert!(!verify(&bytes[..], VerifyOptions::default()).unwrap().unaltered());
        prop_assert!(entries(&bytes[..]).all(|it| it.is_ok()));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        fs::write(&path, &bytes).unwrap();
        let opened = AuditLog::open(&path, &SecretKey::generate());
        prop_assert!(bytes.is_empty() || opened.is_err(), "{bytes:?}");
    }
}
