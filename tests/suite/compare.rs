//! The ghost of another instant, and a second session laid over the first.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pollux::link::Arrival;
use pollux::session::recording::{About, Recording, SessionWriter, site_files};
use pollux::session::{Align, Alignment, Compared, Comparison, Cursor, Ghost, GhostOf, PeekAt, Seek, SessionPlugin};
use pollux::signal::{SignalId, Timestamp};
use pollux::twin::Readings;

use crate::harness::{TestTwin, load, number, site_path};

const BEGAN: i64 = 1_800_000_000;
/// The second session was recorded so much later, seconds.
const LATER: i64 = 3_600;
const SECS: i64 = 60;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_nanos((BEGAN + secs) * 1_000_000_000)
}

/// A minute of a pump, one message a second from an instant on, with a bookmark at another.
fn recorded(path: &Path, from: i64, marked: i64, speed: impl Fn(i64) -> f64) {
    let site_file = site_path("bench_pump");
    let files = site_files(&load(&site_file).0, &std::fs::read(&site_file).unwrap()).unwrap();
    let about = About { began: at(from), ..About::default() };
    let mut writer = SessionWriter::new(Vec::new(), &about, &files).unwrap();
    for secs in 0..=SECS {
        let payload = format!(r#"{{"speed": {:?}, "running": true, "set": 900}}"#, speed(secs));
        let arrival = Arrival {
            topic: "bench/pump/state".into(),
            payload: payload.into(),
            received: at(from + secs),
            retained: false,
            correlation: None,
            properties: None,
        };
        writer.message(&arrival).unwrap();
    }
    std::fs::write(path, writer.finish().unwrap()).unwrap();
    let marks = format!(r#"{{"version": 1, "marks": [{{"id": 1, "at": "{}", "text": "Valve stuck"}}]}}"#, at(marked));
    let mut beside = path.as_os_str().to_owned();
    beside.push(".marks.json");
    std::fs::write(PathBuf::from(beside), marks).unwrap();
}

/// The first runs at a speed that rises; the second too, but stands from 20 s to 40 s.
fn two_sessions(folder: &Path) -> (Arc<Recording>, Arc<Recording>) {
    let (first, second) = (folder.join("a.mcap"), folder.join("b.mcap"));
    let rising = |secs: i64| 900.0 + secs as f64;
    recorded(&first, 0, 10, rising);
    let stands = |secs| if (20..40).contains(&secs) { 0.0 } else { rising(secs) };
    recorded(&second, LATER, LATER + 12, stands);
    let open = |path: &Path| Arc::new(Recording::open(path).unwrap());
    (open(&first), open(&second))
}

fn replayed(first: Arc<Recording>, compared: Option<Arc<Recording>>) -> TestTwin {
    let path = site_path("bench_pump");
    let (site, ids) = load(&path);
    let comparison = compared.map(|it| Comparison::new(&first, it, &site, Alignment::Start).unwrap());
    let session = SessionPlugin::new(path, site, ids).with_replay(first);
    let mut twin = TestTwin::of(if let Some(it) = comparison { session.with_compared(it) } else { session });
    twin.app.world_mut().write_message(Seek::Pause);
    twin
}

fn speed_signal() -> SignalId {
    load(&site_path("bench_pump")).0.signal_at("bench.pump/speed").unwrap().id
}

/// Whose ghost is shown, of which second, and at which speed. `None`: there is none.
fn ghost(world: &bevy::prelude::World) -> Option<(GhostOf, f64, f64)> {
    let ghost = world.resource::<Ghost>().0.as_ref()?;
    let speed = ghost.fold.get(speed_signal()).value.as_ref().and_then(pollux::signal::Value::as_number)?;
    Some((ghost.of, ghost.at.secs_since(at(0)), speed))
}

#[test]
fn the_ghost_of_an_instant_comes_and_goes_and_moves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut twin = replayed(two_sessions(folder.path()).0, None);
    twin.app.world_mut().write_message(Seek::To(at(50)));
    twin.until("the cursor stands", |it| number(it, "bench.pump/speed") == 950.0);
    assert_eq!(ghost(twin.app.world()), None);
    for secs in [5, 58, 31] {
        twin.app.world_mut().write_message(PeekAt(Some(at(secs))));
        twin.until("the ghost is there", |it| ghost(it) == Some((GhostOf::Hovered, secs as f64, 900.0 + secs as f64)));
    }
    assert_eq!(number(twin.app.world(), "bench.pump/speed"), 950.0);
    assert_eq!(twin.app.world().resource::<Cursor>().at, at(50));
    // It is gone with the frame that hears of it, and what is still being looked for comes no more.
    twin.app.world_mut().write_message(PeekAt(Some(at(8))));
    twin.app.update();
    twin.app.world_mut().write_message(PeekAt(None));
    for _ in 0..20 {
        twin.app.update();
        assert_eq!(ghost(twin.app.world()), None);
    }
    // Beyond its ends a session has no ghost.
    twin.app.world_mut().write_message(PeekAt(Some(at(SECS + 5))));
    for _ in 0..20 {
        twin.app.update();
        assert_eq!(ghost(twin.app.world()), None);
    }
}

#[test]
fn a_second_session_lies_over_the_first_and_tells_where_it_differs() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = two_sessions(folder.path());
    let mut twin = replayed(first, Some(second));
    let speed = speed_signal();
    twin.app.world_mut().write_message(Seek::To(at(25)));
    twin.until("the ghost of the second is there", |it| {
        ghost(it) == Some((GhostOf::Compared, (LATER + 25) as f64, 0.0))
    });
    assert_eq!(number(twin.app.world(), "bench.pump/speed"), 925.0, "the first is what is shown");
    twin.until("they are compared", |it| it.resource::<Compared>().0.as_ref().unwrap().differences.is_some());
    {
        let compared = twin.app.world().resource::<Compared>().0.as_ref().unwrap();
        assert_eq!(compared.offset_nanos, LATER * 1_000_000_000);
        assert_eq!((compared.common.len(), compared.only_first.len(), compared.only_second.len()), (3, 0, 0));
        assert_eq!((compared.number(speed, at(25)), compared.number(speed, at(45))), (Some(0.0), Some(945.0)));
        assert_eq!(compared.number(speed, at(SECS + 1)), None);
        let differences = compared.differences.as_ref().unwrap();
        let most = differences.at(at(30)).unwrap();
        assert_eq!(most.signal, speed);
        // 0 instead of 930, of a range of 2010.
        assert!((most.share - 0.463).abs() < 0.01, "{}", most.share);
        assert!(differences.at(at(10)).unwrap().share < 0.001);
        let (next, signal) = differences.peak(at(0), true).unwrap();
        assert_eq!(signal, speed);
        assert!((20.0..41.0).contains(&next.secs_since(at(0))), "{next}");
        assert_eq!(differences.peak(next, true), None);
    }
    // What is hovered takes precedence, and gives way again.
    twin.app.world_mut().write_message(PeekAt(Some(at(10))));
    twin.until("the hovered instant's ghost is there", |it| ghost(it) == Some((GhostOf::Hovered, 10.0, 910.0)));
    twin.app.world_mut().write_message(PeekAt(None));
    twin.app.update();
    assert!(ghost(twin.app.world()).is_none_or(|it| it.0 == GhostOf::Compared));
    twin.until("the second's ghost is back", |it| ghost(it).is_some_and(|it| it.0 == GhostOf::Compared));

    // The bookmarks stand at 10 s and at 12 s.
    twin.app.world_mut().write_message(Align(Alignment::Bookmark("Valve stuck".to_owned())));
    twin.until("it is aligned by the bookmark", |it| {
        let compared = it.resource::<Compared>().0.as_ref().unwrap();
        compared.offset_nanos == (LATER + 2) * 1_000_000_000 && compared.differences.is_some()
    });
    twin.until("the ghost follows", |it| ghost(it) == Some((GhostOf::Compared, (LATER + 27) as f64, 0.0)));

    // An hour apart, the clock gives them no time in common: that is said, and all stays as it was.
    twin.app.world_mut().write_message(Align(Alignment::Clock));
    twin.until("the problem is told", |it| it.resource::<Compared>().0.as_ref().unwrap().problem.is_some());
    let compared = twin.app.world().resource::<Compared>().0.as_ref().unwrap();
    assert!(compared.problem.as_ref().unwrap().contains("no time in common"), "{:?}", compared.problem);
    assert_eq!(compared.alignment, Alignment::Bookmark("Valve stuck".to_owned()));
    assert!(twin.app.world().resource::<Readings>().get(speed).value.is_some());
}

#[test]
fn two_sessions_that_cannot_be_compared_say_why_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = two_sessions(folder.path());
    let (site, _) = load(&site_path("bench_pump"));
    let check = |alignment, parts: &[&str]| {
        let error = Comparison::new(&first, Arc::clone(&second), &site, alignment).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{part:?} is not in {error}");
        }
    };
    check(Alignment::Clock, &["no time in common", "a.mcap", "b.mcap", "align them by start"]);
    check(Alignment::Bookmark("Leak".to_owned()), &["a.mcap has no bookmark \"Leak\"", "it has \"Valve stuck\""]);
}
