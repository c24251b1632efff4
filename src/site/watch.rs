//! Tells when a site's file was edited.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::load::LoadError;

/// An editor saves in several steps; the file is read when they are over.
const QUIET: Duration = Duration::from_millis(200);

/// Watches one file, however editors save it: in place, or by putting another one in its stead.
pub struct Watch {
    last_edit: Arc<Mutex<Option<Instant>>>,
    // Watches for as long as it lives.
    _watcher: RecommendedWatcher,
}

/// Watches a site's file. Its folder is watched, since a file that is replaced is another file.
pub fn watch(path: &Path) -> Result<Watch, LoadError> {
    let wrong = |error| LoadError::Watch { file: path.to_owned(), error };
    let folder =
        path.parent().filter(|it| !it.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    let name = path.file_name().map(OsStr::to_owned);
    let last_edit = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&last_edit);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // An error is a lost event: better to look once too often.
        let concerns = event.map_or(true, |it| {
            is_edit(it.kind) && (it.need_rescan() || it.paths.iter().any(|it| it.file_name() == name.as_deref()))
        });
        if concerns {
            *noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(now());
        }
    })
    .map_err(wrong)?;
    watcher.watch(&folder, RecursiveMode::NonRecursive).map_err(wrong)?;
    Ok(Watch { last_edit, _watcher: watcher })
}

impl Watch {
    /// Whether the file was edited since this was last true, and has been at rest for 200 ms.
    pub fn changed(&self) -> bool {
        let mut last_edit = self.last_edit.lock().unwrap_or_else(PoisonError::into_inner);
        let over = last_edit.is_some_and(|it| now().duration_since(it) >= QUIET);
        if over {
            *last_edit = None;
        }
        over
    }
}

/// Reading the file is an event too, and would make every reload ask for the next.
fn is_edit(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a file has been at rest is no time of the plant")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits until the watch tells of a change; false after 5 s.
    fn comes(watch: &Watch) -> bool {
        let start = now();
        while now().duration_since(start) < Duration::from_secs(5) {
            if watch.changed() {
                return true;
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        false
    }

    #[test]
    fn an_edit_is_told_once_whether_in_place_or_by_replacing_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("site.ron");
        std::fs::write(&file, "1").unwrap();
        let watch = watch(&file).unwrap();
        assert!(!watch.changed());

        let written = now();
        std::fs::write(&file, "2").unwrap();
        let told = watch.changed();
        assert!(!told || now().duration_since(written) >= QUIET, "an edit must rest first");
        let come = told || comes(&watch);
        assert!(come, "in place");

        for round in ["3", "4"] {
            let other = folder.path().join("site.ron~");
            std::fs::write(&other, round).unwrap();
            std::fs::rename(&other, &file).unwrap();
            assert!(comes(&watch), "replaced");
        }

        std::fs::read(&file).unwrap();
        std::fs::write(folder.path().join("other.txt"), "x").unwrap();
        std::fs::write(&file, "5").unwrap();
        assert!(comes(&watch));
        std::fs::read(&file).unwrap();
        std::fs::write(folder.path().join("other.txt"), "y").unwrap();
        let start = now();
        while now().duration_since(start) < QUIET * 2 {
            assert!(!watch.changed(), "reading and other files are no edits");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    #[test]
    fn a_folder_that_is_not_there_cannot_be_watched() {
        let error = watch(Path::new("/nowhere/site.ron")).err().unwrap().to_string();
        assert!(error.contains("/nowhere/site.ron"), "{error}");
    }
}
