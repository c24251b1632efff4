//! What a table becomes: every value at its time, and a word on whatever is odd.

use super::*;
use crate::session::recording::{Item, Recording};

/// Imports a table; the values by topic, and what was told.
fn imported(text: impl AsRef<[u8]>) -> Result<(Vec<(String, i64, String)>, Imported), ImportError> {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("table.csv");
    fs::write(&table, text).unwrap();
    let out = folder.path().join("table.mcap");
    let imported = Import::of(table).to_file(&out, &Progress::default());
    let left = fs::read_dir(folder.path()).unwrap().count();
    let imported = match imported {
        Ok(imported) => imported,
        Err(error) => {
            assert_eq!(left, 1, "nothing is left of what failed");
            return Err(error);
        }
    };
    let recording = Recording::open(&out).unwrap();
    assert!(recording.findings.is_empty());
    let mut values = Vec::new();
    for chunk in 0..recording.n_chunks() {
        for item in recording.items(chunk).0 {
            if let Item::Message(it) = item {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                values.push((text(&it.topic), it.received.as_nanos() / 1_000_000_000, text(&it.payload)));
            }
        }
    }
    assert_eq!(values.len() as u64, imported.values);
    Ok((values, imported))
}

#[track_caller]
fn check(text: &str, values: &[(&str, i64, &str)], findings: &[&str], notes: &[&str]) {
    let (got, told) = imported(text).unwrap();
    let got: Vec<_> = got.iter().map(|it| (it.0.trim_start_matches("import/"), it.1, it.2.as_str())).collect();
    assert_eq!(got, values);
    assert_eq!((told.findings, told.notes), (owned(findings), owned(notes)));
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|it| (*it).to_owned()).collect()
}

#[test]
fn every_cell_is_a_message_at_its_time() {
    check(
        "t,a,b\n1700000000,1,on\n1700000001,2.5,off\n",
        &[("a", 1700000000, "1"), ("b", 1700000000, "on"), ("a", 1700000001, "2.5"), ("b", 1700000001, "off")],
        &[],
        &[],
    );
    check("t;a\n1700000000;1,5\n", &[("a", 1700000000, "1.5")], &[], &[]);
}

#[test]
fn rows_whose_times_run_backward_are_put_in_order() {
    check(
        "t,a\n1700000005,5\n1700000003,3\n1700000009,9\n",
        &[("a", 1700000003, "3"), ("a", 1700000005, "5"), ("a", 1700000009, "9")],
        &["line 3: column \"t\": \"1700000003\" lies before the row above; rows are put in order (1 row)"],
        &[],
    );
}

#[test]
fn holes_are_told_and_leave_no_message() {
    check(
        "t,a,b\n1700000000,1,\n1700000001,NaN,\n1700000002,,\n",
        &[("a", 1700000000, "1")],
        &[],
        &["line 3: column \"a\": nothing is said (2 rows)", "column \"b\" is empty"],
    );
}

#[test]
fn what_is_odd_is_told_with_its_line_and_column() {
    let many: String = (0..40).map(|it| format!("{};{it}.5\n", 1_700_000_000 + it)).collect();
    let (values, told) = imported(format!("t;flow\n{many}1700000050;1,5\nsoon;7\n1700000060;8;9\n")).unwrap();
    assert_eq!(values.len(), 42);
    assert_eq!(
        told.findings,
        [
            "line 43: column \"t\": \"soon\" is no time as a number since 1970; the row is left out (1 row)",
            "line 44: 3 cells where the heading has 2 (1 row)",
            "line 42: column \"flow\": \"1,5\" has another decimal point than \"0.5\" of line 2 (1 row); both are read",
        ]
    );
    let late: String = (0..250).map(|it| format!("{};{it}.5\n", 1_700_000_000 + it)).collect();
    let (values, told) = imported(format!("t;flow\n{late}1700000300;1,5\n")).unwrap();
    let want = "line 252: column \"flow\": \"1,5\" is no number: is its comma a decimal point? (1 row); it is kept and shows as \
                unreadable";
    assert_eq!((values.len(), told.findings), (251, owned(&[want])));
    let mixed = "t,a\n2026-01-31T12:00:00+01:00,1\n2026-01-31T12:00:00,2\n";
    // The first rows decide; what comes after them need not agree.
    let many: String = (0..250).map(|it| format!("2026-01-31T{:02}:{:02}:00+01:00,1\n", it / 60, it % 60)).collect();
    let (values, told) = imported(format!("t,a\n{many}2026-01-31T12:00:00,2\n")).unwrap();
    assert_eq!((values.len(), values[250].1), (251, 1_769_860_800));
    assert!(
        told.findings[0].starts_with("line 252: column \"t\": \"2026-01-31T12:00:00\" has a time zone"),
        "{told:?}"
    );
    assert_eq!(imported(mixed).unwrap().0.len(), 2);
}

#[test]
fn a_table_of_another_time_writes_its_letters_in_latin_1() {
    let (values, _) = imported(b"t;Temp \xb0C\n1700000000;20,5\n").unwrap();
    assert_eq!(values, [("import/Temp °C".to_owned(), 1_700_000_000, "20.5".to_owned())]);
}

#[test]
fn what_cannot_be_imported_leaves_nothing_behind() {
    let error = |text: &str| {
        let error = imported(text).unwrap_err();
        let cause = std::error::Error::source(&error).expect("it says why").to_string();
        assert!(error.to_string().ends_with("table.csv cannot be imported"), "{error}");
        cause
    };
    assert_eq!(
        error("a,b\n1,2\n"),
        "no column holds times that can be read: name it with --time, and its format with --format"
    );
    assert_eq!(error("a,b\n"), "the table has no rows below its heading");
    assert_eq!(error(""), "the table has no rows below its heading");
    assert_eq!(error("t\n1700000000\n"), "no column beside the time holds a value");
}

#[test]
fn a_cancelled_import_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("t.csv");
    let rows: String = (0..5_000).map(|it| format!("{},1\n", 1_700_000_000 + it)).collect();
    fs::write(&table, format!("t,a\n{rows}")).unwrap();
    let progress = Progress::default();
    progress.cancel();
    let ended = Import::of(table).to_file(&folder.path().join("t.mcap"), &progress);
    assert!(matches!(ended, Err(ImportError::Cancelled)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
