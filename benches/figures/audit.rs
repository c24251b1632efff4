//! What the audit log costs: writing and looking over a million records, against hashing the same bytes.

use std::fs::File;
use std::io::{BufReader, Read};

use pollux::trust::SecretKey;
use pollux::trust::chain::{AuditLog, VerifyOptions, verify};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::now;

const N_RECORDS: u64 = 1_000_000;

/// As the gate writes it when someone asks for something.
#[derive(Serialize)]
struct Asked<'a> {
    at: i64,
    who: &'a str,
    key: &'a str,
    act: &'a str,
    command: &'a str,
    value: f64,
    id: u64,
}

/// Prints the times, and what they are of bare SHA-256 over the same bytes.
pub(crate) fn run() {
    println!("audit: {N_RECORDS} records");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let key = SecretKey::generate();
    let mut log = AuditLog::open(&path, &key).unwrap();
    let began = now();
    for id in 0..N_RECORDS {
        let at = 1_800_000_000_000_000_000 + id as i64;
        let (who, key) = ("anna", "39f713d0a644253f");
        let asked = Asked { at, who, key, act: "operate", command: "pumping.p1/speed", value: 1_000.0 + id as f64, id };
        log.append(&asked).unwrap();
    }
    let head = log.close().unwrap();
    let write = began.elapsed().as_secs_f64();

    let began = now();
    let options = VerifyOptions { key: Some(key.public()), witness: Some(head) };
    let report = verify(BufReader::with_capacity(1 << 16, File::open(&path).unwrap()), options).unwrap();
    let verified = began.elapsed().as_secs_f64();
    assert!(report.is_good() && report.records == N_RECORDS, "{report:?}");

    // The same bytes in the same portions, from memory.
    let mut bytes = Vec::new();
    File::open(&path).unwrap().read_to_end(&mut bytes).unwrap();
    let began = now();
    let hashes = bytes.split(|it| *it == b'\n').map(|it| Sha256::digest(it)[0]);
    let sum: u64 = hashes.map(u64::from).sum();
    let bare = began.elapsed().as_secs_f64();
    assert!(sum > 0);
    let (megabytes, checkpoints) = (bytes.len() as f64 / 1e6, report.checkpoints);
    println!("  {megabytes:.0} MB, {checkpoints} checkpoints, each signed and synced");
    println!("  written in {write:.2} s: {:.1} times bare SHA-256 over the same lines ({bare:.2} s)", write / bare);
    println!("  looked over in {verified:.2} s (aim 2): {:.1} times bare SHA-256", verified / bare);
}
