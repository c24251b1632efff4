//! What goes out of a session comes back as it was, and what others recorded opens.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mcap::records::MessageHeader;
use mcap::{Compression, WriteOptions};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use pollux::session::export::{Export, ExportError, ExportSource, Format};
use pollux::session::import::Import;
use pollux::session::recording::{Recording, unpack_site};
use pollux::session::{
    CancelWork, Existing, Launch, Notice, NoticeTone, Open, Progress, SessionPlugin, StartExport, Works,
};
use pollux::session::{Seek, draft};
use pollux::signal::{Timestamp, Value};

use crate::harness::{TestTwin, load, number, reading};

const BEGAN: i64 = 1_700_000_000;
const ROWS: i64 = 5_000;

/// A table with numbers, words, holes and a quote.
fn table(folder: &Path) -> PathBuf {
    let mut text = "t;level;state;note\n".to_owned();
    for n in 0..ROWS {
        let level = if n % 7 == 3 { String::new() } else { format!("{:?}", n as f64 / 3.0) };
        let state = if n % 100 < 50 { "running" } else { "at rest" };
        text += &format!("{};{level};{state};\"a \"\"b\"\", {n}\"\n", BEGAN + n);
    }
    let path = folder.join("plant.csv");
    fs::write(&path, text).unwrap();
    path
}

/// The session that the table becomes.
fn imported(folder: &Path) -> ExportSource {
    let path = folder.join("plant.mcap");
    Import::of(table(folder)).to_file(&path, &Progress::default()).unwrap();
    opened(&path, folder)
}

fn opened(path: &Path, folder: &Path) -> ExportSource {
    let recording = Recording::open(path).unwrap();
    let site_path = unpack_site(&recording, folder).unwrap().unwrap();
    ExportSource {
        recording: Arc::new(recording),
        site: load(&site_path).0,
        site_path,
        key: None,
        more_files: Vec::new(),
    }
}

fn whole(source: &ExportSource, format: Format) -> Export {
    Export { range: source.recording.span().unwrap(), only: String::new(), format }
}

/// Rows as time (ns), signal and value.
type Rows = Vec<(i64, String, Value)>;

fn csv_rows(path: &Path) -> Rows {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        let value = row[4].parse::<f64>().map_or_else(|_| Value::from(&row[4]), Value::Number);
        (row[0].parse::<Timestamp>().unwrap().as_nanos(), row[3].to_owned(), value)
    });
    rows.collect()
}

fn parquet_rows(path: &Path) -> Rows {
    let reader = SerializedFileReader::new(fs::File::open(path).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(|row| {
        let row = row.unwrap();
        let fields: BTreeMap<&str, &Field> =
            row.get_column_iter().map(|(name, field)| (name.as_str(), field)).collect();
        let (Field::Long(at) | Field::TimestampMicros(at)) = fields["time"] else { panic!("{row:?}") };
        let text = |it: &Field| if let Field::Str(it) = it { it.clone() } else { panic!("{it:?}") };
        let value = match (fields["number"], fields["text"]) {
            (Field::Double(number), Field::Null) => Value::Number(*number),
            (Field::Null, Field::Str(text)) => Value::from(text.as_str()),
            other => panic!("{other:?}"),
        };
        (*at, text(fields["signal"]), value)
    });
    rows.collect()
}

#[test]
fn a_session_goes_out_in_three_formats_and_all_of_them_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let source = imported(folder.path());
    let file = |name: &str| folder.path().join(name);
    for (name, format) in [("o.csv", Format::Csv), ("o.parquet", Format::Parquet), ("o.mcap", Format::Mcap)] {
        let progress = Progress::default();
        let done = whole(&source, format).to_file(&source, &file(name), Existing::Keep, &progress).unwrap();
        assert!(done.findings.is_empty() && progress.share() == 1.0, "{name}: {done:?}");
    }
    let rows = csv_rows(&file("o.csv"));
    let n_holes = (0..ROWS).filter(|it| it % 7 == 3).count();
    assert_eq!(rows.len(), 3 * ROWS as usize - n_holes);
    let level = |n: i64| ((BEGAN + n) * 1_000_000_000, "level".to_owned(), Value::Number(n as f64 / 3.0));
    assert_eq!((&rows[0], rows.iter().rev().find(|it| it.1 == "level")), (&level(0), Some(&level(ROWS - 1))));
    assert_eq!(parquet_rows(&file("o.parquet")), rows);
    let again = opened(&file("o.mcap"), folder.path());
    whole(&again, Format::Csv).to_file(&again, &file("again.csv"), Existing::Keep, &Progress::default()).unwrap();
    assert_eq!(fs::read(file("again.csv")).unwrap(), fs::read(file("o.csv")).unwrap());
}

#[test]
fn the_parts_of_a_session_are_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let source = imported(folder.path());
    let (from, to) = source.recording.span().unwrap();
    let middle = Timestamp::from_nanos((BEGAN + 1_234) * 1_000_000_000);
    let mut rows = Vec::new();
    for (n, range) in [(from, middle), (middle + std::time::Duration::from_nanos(1), to)].into_iter().enumerate() {
        let path = folder.path().join(format!("{n}.csv"));
        let export = Export { range, only: String::new(), format: Format::Csv };
        export.to_file(&source, &path, Existing::Keep, &Progress::default()).unwrap();
        rows.extend(csv_rows(&path));
    }
    let path = folder.path().join("whole.csv");
    whole(&source, Format::Csv).to_file(&source, &path, Existing::Keep, &Progress::default()).unwrap();
    assert_eq!(rows, csv_rows(&path));
}

#[test]
fn what_is_not_wanted_or_cannot_be_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let source = imported(folder.path());
    let files = || fs::read_dir(folder.path()).unwrap().count();
    let before = files();
    let path = folder.path().join("o.csv");
    let cancelled = Progress::default();
    cancelled.cancel();
    for format in [Format::Csv, Format::Parquet, Format::Mcap] {
        let error = whole(&source, format).to_file(&source, &path, Existing::Replace, &cancelled).unwrap_err();
        assert!(matches!(error, ExportError::Cancelled), "{error}");
        let nothing = Export { only: "nowhere".to_owned(), ..whole(&source, format) };
        let error = nothing.to_file(&source, &path, Existing::Replace, &Progress::default()).unwrap_err();
        assert!(error.to_string().starts_with("there is nothing to export: no value of nowhere… came from"), "{error}");
        let itself =
            whole(&source, format).to_file(&source, &source.recording.path, Existing::Replace, &Progress::default());
        assert!(matches!(itself, Err(ExportError::Itself { .. })));
        assert_eq!(files(), before);
    }
}

#[test]
fn an_export_is_asked_for_runs_beside_the_frames_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let source = imported(folder.path());
    let (site, ids) = load(&source.site_path);
    let session = SessionPlugin::new(source.site_path.clone(), site, ids).with_replay(Arc::clone(&source.recording));
    let mut twin = TestTwin::of(session);
    let mut seen = Vec::new();
    let mut notices = bevy::ecs::message::MessageCursor::<Notice>::default();
    let mut told = |twin: &mut TestTwin, what: &str| {
        twin.until(what, |world| {
            seen.extend(notices.read(world.resource()).cloned());
            !seen.is_empty() && world.resource::<Works>().list.is_empty()
        });
        seen.remove(0)
    };
    let path = folder.path().join("o.parquet");
    twin.app.world_mut().write_message(StartExport { export: whole(&source, Format::Parquet), path: path.clone() });
    let notice = told(&mut twin, "it is exported");
    assert_eq!((notice.tone, path.exists()), (NoticeTone::Good, true), "{notice:?}");
    assert!(notice.text.ends_with(&format!("values are in {}", path.display())), "{notice:?}");

    // A folder that is not there is told with its mend.
    let nowhere = folder.path().join("no/such/o.csv");
    twin.app.world_mut().write_message(StartExport { export: whole(&source, Format::Csv), path: nowhere });
    let notice = told(&mut twin, "it is refused");
    assert!(notice.tone == NoticeTone::Bad && notice.text.contains("Choose a folder that is there."), "{notice:?}");

    // Cancelled in the frame after it was begun: it may be done by then, but it is never half done.
    let path = folder.path().join("c.csv");
    twin.app.world_mut().write_message(StartExport { export: whole(&source, Format::Csv), path: path.clone() });
    twin.app.update();
    let ids: Vec<_> = twin.app.world().resource::<Works>().list.iter().map(|it| it.id).collect();
    for id in ids {
        twin.app.world_mut().write_message(CancelWork(id));
    }
    let notice = told(&mut twin, "it has ended");
    assert_eq!(notice.tone == NoticeTone::Good, path.exists(), "{notice:?}");
    let parts = fs::read_dir(folder.path())
        .unwrap()
        .filter(|it| it.as_ref().unwrap().path().extension().is_some_and(|it| it == "part"));
    assert_eq!(parts.count(), 0);
}

#[test]
fn what_is_opened_starts_the_program_anew_and_a_table_is_imported_first() {
    let folder = tempfile::tempdir().unwrap();
    let source = imported(folder.path());
    let (site, ids) = load(&source.site_path);
    let session = SessionPlugin::new(source.site_path.clone(), site, ids).with_replay(Arc::clone(&source.recording));
    let mut twin = TestTwin::of(session);
    let mut launches = bevy::ecs::message::MessageCursor::<Launch>::default();
    let mut launched = |twin: &mut TestTwin, path: &Path| {
        let mut found = None;
        twin.app.world_mut().write_message(Open(path.to_owned()));
        twin.until("it is opened", |world| {
            found = launches.read(world.resource()).last().cloned();
            found.is_some()
        });
        found.unwrap()
    };
    let file = |name: &str| folder.path().join(name);
    let session = launched(&mut twin, &file("plant.mcap"));
    assert_eq!(session, Launch { command: "replay", path: file("plant.mcap") });
    assert_eq!(launched(&mut twin, folder.path()), Launch { command: "view", path: folder.path().to_owned() });
    // The table's session stands beside it, and takes no other's place.
    let table = launched(&mut twin, &file("plant.csv"));
    assert_eq!(table, Launch { command: "replay", path: file("plant-2.mcap") });
    assert!(Recording::open(&table.path).unwrap().findings.is_empty());
}

/// A session as another program writes it: no site, some topics that cannot be read.
fn foreign(path: &Path, compression: Option<Compression>, chunked: bool) {
    let options = WriteOptions::new().compression(compression).use_chunks(chunked).chunk_size(Some(2_000));
    let mut writer = options.create(Cursor::new(Vec::new())).unwrap();
    let schema = writer.add_schema("Pump", "jsonschema", b"{}").unwrap();
    let proto = writer.add_schema("Frame", "protobuf", b"x").unwrap();
    let none = BTreeMap::new();
    let channels = [
        writer.add_channel(schema, "/works/p1", "json", &none).unwrap(),
        writer.add_channel(schema, "/works/p2", "json", &none).unwrap(),
        writer.add_channel(0, "/air", "", &none).unwrap(),
        writer.add_channel(proto, "/camera", "protobuf", &none).unwrap(),
    ];
    for n in 0..200_u32 {
        let payloads = [
            format!("{{\"speed\": {n}, \"on\": {}}}", n % 2 == 0).into_bytes(),
            format!("{{\"speed\": {}, \"on\": true}}", n * 2).into_bytes(),
            format!("{}.5", n).into_bytes(),
            vec![0, n as u8, 255],
        ];
        for (channel_id, data) in channels.into_iter().zip(payloads) {
            let log_time = (BEGAN as u64 + u64::from(n)) * 1_000_000_000;
            let header = MessageHeader { channel_id, sequence: n, log_time, publish_time: log_time };
            writer.write_to_known_channel(&header, &data).unwrap();
        }
    }
    writer.finish().unwrap();
    fs::write(path, writer.into_inner().into_inner()).unwrap();
}

#[test]
fn a_session_that_another_program_made_opens_on_a_drafted_site() {
    let folder = tempfile::tempdir().unwrap();
    for (compression, chunked) in [(None, true), (None, false), (Some(Compression::Zstd), true)] {
        let path = folder.path().join("foreign.mcap");
        foreign(&path, compression, chunked);
        let recording = Arc::new(Recording::open(&path).unwrap());
        let drafted = draft::of_recording(&recording);
        assert_eq!(drafted.signals, 5);
        assert_eq!(
            drafted.findings,
            ["topic /camera: schema Frame, encoding protobuf cannot be read; its messages are kept"]
        );
        let site_path = drafted.write(folder.path()).unwrap();
        let (site, ids) = load(&site_path);
        let session = SessionPlugin::new(site_path, site, ids).with_replay(Arc::clone(&recording));
        let mut twin = TestTwin::of(session);
        let at = Timestamp::from_nanos((BEGAN + 100) * 1_000_000_000);
        twin.app.world_mut().write_message(Seek::Pause);
        twin.app.world_mut().write_message(Seek::To(at));
        twin.until("the instant is shown", |it| number(it, "works.p2/speed") == 200.0);
        assert_eq!(number(twin.app.world(), "air/value"), 100.5);
        assert_eq!(reading(twin.app.world(), "works.p1/on").value, Some(Value::Flag(true)));
    }
}
