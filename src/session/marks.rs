//! Bookmarks: instants and ranges that a person has marked, with undo, kept in a file beside the session.

use std::fs;
use std::path::{Path, PathBuf};

use bevy::ecs::message::{MessageCursor, Messages};
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::cursor::{Cursor, CursorMode, Seek};
use crate::signal::Timestamp;

/// How many edits can be undone.
const UNDO: usize = 100;
/// Of the shape of the file.
const VERSION: u32 = 1;

/// Names a mark for as long as its session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MarkId(pub u64);

/// One bookmark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Which.
    pub id: MarkId,
    /// The instant, or where the range begins.
    pub at: Timestamp,
    /// Where the range ends, after `at`. `None`: it is an instant.
    pub to: Option<Timestamp>,
    /// What it says.
    pub text: String,
    /// Playing stops here.
    pub pauses: bool,
}

/// A request to edit the [`Marks`]. Each is one step of undoing.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub enum EditMark {
    /// Mark an instant, or a range. An empty text gets a number.
    Add {
        /// The instant, or where the range begins.
        at: Timestamp,
        /// Where the range ends. `None`: it is an instant.
        to: Option<Timestamp>,
        /// What it says.
        text: String,
    },
    /// Take one away.
    Remove(MarkId),
    /// Let it say something else.
    Rename(MarkId, String),
    /// Put it elsewhere.
    Move {
        /// Which.
        id: MarkId,
        /// The instant, or where the range begins.
        at: Timestamp,
        /// Where the range ends. `None`: it is an instant.
        to: Option<Timestamp>,
    },
    /// Whether playing stops there.
    Pauses(MarkId, bool),
    /// Take the last edit back.
    Undo,
    /// Do again what was taken back.
    Redo,
}

/// All bookmarks of the session. Written by this folder alone, on request.
#[derive(Resource, Debug, Default)]
pub struct Marks {
    /// By time.
    pub list: Vec<Mark>,
    /// Where they are kept: read when it is set, written when they change. `None`: they are not kept.
    pub file: Option<PathBuf>,
    /// Why they are not kept, for a person. `None`: they are, or need not be.
    pub problem: Option<String>,
    before: Vec<Vec<Mark>>,
    after: Vec<Vec<Mark>>,
    next_id: u64,
    /// The file that `list` was read from or is written to.
    read: Option<PathBuf>,
}

/// The file in which the bookmarks of a recording are kept: beside it.
pub(super) fn beside(recording: &Path) -> PathBuf {
    let mut name = recording.file_name().unwrap_or_default().to_owned();
    name.push(".marks.json");
    recording.with_file_name(name)
}

impl Marks {
    /// The bookmarks in a file, by time; none where there is no such file. An error is for a person.
    pub(super) fn load(path: &Path) -> Result<Vec<Mark>, String> {
        let mut marks = Self::default();
        marks.read(path).map_err(|error| error.to_string())?;
        Ok(marks.list)
    }

    /// Kept in a file, if there is one.
    pub fn kept_in(file: Option<PathBuf>) -> Self {
        Self { file, ..Self::default() }
    }
}

/// Why bookmarks could not be read or kept.
#[derive(Debug, thiserror::Error)]
enum MarksError {
    #[error("the bookmarks in {} cannot be read or written: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{} holds no bookmarks that this version can read; the file stays as it is, and new ones are not kept: {why}", path.display())]
    Broken { path: PathBuf, why: String },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarksDoc {
    version: u32,
    marks: Vec<MarkDoc>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkDoc {
    id: u64,
    /// ISO 8601, to the nanosecond.
    at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    text: String,
    #[serde(default)]
    pauses: bool,
}

impl Marks {
    /// One of them.
    pub fn get(&self, id: MarkId) -> Option<&Mark> {
        self.list.iter().find(|it| it.id == id)
    }

    /// Whether there is an edit to take back.
    pub fn can_undo(&self) -> bool {
        !self.before.is_empty()
    }

    /// Whether there is one to do again.
    pub fn can_redo(&self) -> bool {
        !self.after.is_empty()
    }

    /// Does what was asked; returns whether anything changed.
    fn apply(&mut self, edit: &EditMark) -> bool {
        let mut list = self.list.clone();
        let find = |list: &mut Vec<Mark>, id: MarkId| list.iter().position(|it| it.id == id);
        match edit {
            EditMark::Undo => return step(&mut self.list, &mut self.before, &mut self.after),
            EditMark::Redo => return step(&mut self.list, &mut self.after, &mut self.before),
            EditMark::Add { at, to, text } => {
                self.next_id += 1;
                let (at, to) = ordered(*at, *to);
                let text = match text.trim() {
                    "" => format!("Bookmark {}", self.next_id),
                    text => text.to_owned(),
                };
                list.push(Mark { id: MarkId(self.next_id), at, to, text, pauses: false });
            }
            EditMark::Remove(id) => list.retain(|it| it.id != *id),
            EditMark::Rename(id, text) => {
                let text = text.trim();
                if let Some(found) = find(&mut list, *id).filter(|_| !text.is_empty()) {
                    list[found].text = text.to_owned();
                }
            }
            EditMark::Move { id, at, to } => {
                if let Some(found) = find(&mut list, *id) {
                    (list[found].at, list[found].to) = ordered(*at, *to);
                }
            }
            EditMark::Pauses(id, pauses) => {
                if let Some(found) = find(&mut list, *id) {
                    list[found].pauses = *pauses;
                }
            }
        }
        list.sort_by_key(|it| (it.at, it.id));
        if list == self.list {
            return false;
        }
        if self.before.len() == UNDO {
            self.before.remove(0);
        }
        self.before.push(std::mem::replace(&mut self.list, list));
        self.after.clear();
        true
    }

    fn read(&mut self, path: &Path) -> Result<(), MarksError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            // What was marked before there was a file goes into it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(MarksError::Io { path: path.to_owned(), source }),
        };
        let broken = |why: String| MarksError::Broken { path: path.to_owned(), why };
        let doc: MarksDoc = serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        if doc.version != VERSION {
            return Err(broken(format!("it is of version {}", doc.version)));
        }
        let mut list = Vec::with_capacity(doc.marks.len());
        for mark in doc.marks {
            let time = |text: &str| text.parse::<Timestamp>().map_err(|error| broken(error.to_string()));
            let (at, to) = ordered(time(&mark.at)?, mark.to.as_deref().map(time).transpose()?);
            list.push(Mark { id: MarkId(mark.id), at, to, text: mark.text, pauses: mark.pauses });
        }
        list.sort_by_key(|it| (it.at, it.id));
        if list.iter().enumerate().any(|(n, it)| list[..n].iter().any(|other| other.id == it.id)) {
            return Err(broken("two of them have the same id".to_owned()));
        }
        self.next_id = list.iter().map(|it| it.id.0).max().unwrap_or(0);
        self.list = list;
        self.before.clear();
        self.after.clear();
        Ok(())
    }

    /// Writes the file; a half-written one never takes the old one's place.
    fn write(&self, path: &Path) -> Result<(), MarksError> {
        let marks = self.list.iter().map(|it| MarkDoc {
            id: it.id.0,
            at: iso(it.at),
            to: it.to.map(iso),
            text: it.text.clone(),
            pauses: it.pauses,
        });
        let doc = MarksDoc { version: VERSION, marks: marks.collect() };
        let io = |source| MarksError::Io { path: path.to_owned(), source };
        let text = serde_json::to_string_pretty(&doc).map_err(|error| io(error.into()))?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        fs::write(&beside, text).map_err(io)?;
        fs::rename(&beside, path).map_err(io)
    }
}

/// Goes a step back: from one pile onto the other.
fn step(list: &mut Vec<Mark>, from: &mut Vec<Vec<Mark>>, onto: &mut Vec<Vec<Mark>>) -> bool {
    let Some(next) = from.pop() else { return false };
    onto.push(std::mem::replace(list, next));
    true
}

/// A range that ends after it begins.
fn ordered(at: Timestamp, to: Option<Timestamp>) -> (Timestamp, Option<Timestamp>) {
    match to {
        Some(to) if to < at => (to, Some(at)),
        Some(to) if to == at => (at, None),
        to => (at, to),
    }
}

/// ISO 8601 in UTC, to the nanosecond.
fn iso(at: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).unwrap_or(jiff::Timestamp::MAX).to_string()
}

/// A file that was named is read; edits are done, and kept.
pub(super) fn edit_marks(mut edits: MessageReader<EditMark>, mut marks: ResMut<Marks>) {
    if marks.file != marks.read {
        let path = marks.file.clone();
        marks.problem = None;
        if let Some(path) = &path
            && let Err(error) = marks.read(path)
        {
            error!("{error}");
            marks.problem = Some(error.to_string());
        }
        marks.read = path;
        if marks.problem.is_none() && !marks.list.is_empty() {
            keep(&mut marks);
        }
    }
    for edit in edits.read() {
        // Looked at without waking whoever follows changes.
        if marks.bypass_change_detection().apply(edit) {
            keep(&mut marks);
        }
    }
}

fn keep(marks: &mut Marks) {
    let Some(path) = marks.file.clone() else { return };
    // A file that could not be read is somebody's: it is not written over.
    if marks.problem.is_some() {
        return;
    }
    if let Err(error) = marks.write(&path) {
        error!("{error}");
        marks.problem = Some(error.to_string());
    }
}

/// Playing stops at a mark that says so.
pub(super) fn pause_at_marks(
    cursor: Res<Cursor>,
    marks: Res<Marks>,
    mut seeks: ResMut<Messages<Seek>>,
    mut asked: Local<MessageCursor<Seek>>,
    mut before: Local<Option<Timestamp>>,
) {
    let from = before.replace(cursor.at);
    // A jump is no playing through.
    let jumped = asked.read(&seeks).any(|it| matches!(it, Seek::To(_) | Seek::By(_) | Seek::Live));
    let Some(from) = from.filter(|_| cursor.mode == CursorMode::Playing && !jumped) else { return };
    if let Some(at) = first_stop(&marks.list, from, cursor.at, cursor.speed) {
        *before = Some(at);
        seeks.write_batch([Seek::Pause, Seek::To(at)]);
    }
}

/// The first mark that stops what plays from one instant to another; the one it starts from does not.
fn first_stop(marks: &[Mark], from: Timestamp, to: Timestamp, speed: f64) -> Option<Timestamp> {
    let mut stops = marks.iter().filter(|it| it.pauses).map(|it| it.at);
    if speed > 0.0 { stops.find(|it| *it > from && *it <= to) } else { stops.rfind(|it| *it < from && *it >= to) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: i64) -> Timestamp {
        Timestamp::from_nanos(secs * 1_000_000_000)
    }

    fn add(secs: i64, text: &str) -> EditMark {
        EditMark::Add { at: at(secs), to: None, text: text.to_owned() }
    }

    fn app(file: Option<PathBuf>) -> App {
        let mut app = App::new();
        app.insert_resource(Marks { file, ..Marks::default() })
            .add_message::<EditMark>()
            .add_systems(Update, edit_marks);
        app
    }

    #[track_caller]
    fn check(edits: &[EditMark], want: &[(i64, Option<i64>, &str)]) {
        let mut marks = Marks::default();
        for edit in edits {
            marks.apply(edit);
        }
        let secs = |it: Timestamp| it.as_nanos() / 1_000_000_000;
        let got: Vec<_> = marks.list.iter().map(|it| (secs(it.at), it.to.map(secs), it.text.as_str())).collect();
        assert_eq!(got, want);
    }

    #[test]
    fn edits_do_what_they_say_and_stand_in_order() {
        let one = MarkId(1);
        check(&[add(20, "b"), add(10, " a ")], &[(10, None, "a"), (20, None, "b")]);
        check(&[add(20, "")], &[(20, None, "Bookmark 1")]);
        check(&[add(20, "b"), EditMark::Rename(one, "c".to_owned())], &[(20, None, "c")]);
        check(&[add(20, "b"), EditMark::Rename(one, " ".to_owned())], &[(20, None, "b")]);
        check(&[add(20, "b"), EditMark::Remove(one), EditMark::Remove(one)], &[]);
        let range = EditMark::Move { id: one, at: at(30), to: Some(at(5)) };
        check(&[add(20, "b"), range], &[(5, Some(30), "b")]);
    }

    #[test]
    fn what_was_done_is_undone_and_redone_step_by_step() {
        let (undo, redo) = (EditMark::Undo, EditMark::Redo);
        check(&[add(1, "a"), add(2, "b"), undo.clone()], &[(1, None, "a")]);
        check(&[add(1, "a"), undo.clone(), undo.clone(), redo.clone(), redo.clone()], &[(1, None, "a")]);
        check(&[add(1, "a"), undo.clone(), add(2, "b"), redo], &[(2, None, "b")]);
        // What changes nothing is no step.
        check(&[add(1, "a"), EditMark::Pauses(MarkId(1), false), undo], &[]);
        let mut marks = Marks::default();
        for n in 0..250 {
            marks.apply(&add(n, "x"));
        }
        while marks.apply(&EditMark::Undo) {}
        assert_eq!((marks.list.len(), marks.can_undo(), marks.can_redo()), (150, false, true));
    }

    #[test]
    fn marks_are_kept_to_the_nanosecond() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.marks.json");
        let mut app = app(Some(file.clone()));
        let exact = Timestamp::from_nanos(1_800_000_000_123_456_789);
        app.world_mut().write_message(EditMark::Add { at: exact, to: Some(at(1_900_000_000)), text: "ä".to_owned() });
        app.world_mut().write_message(EditMark::Pauses(MarkId(1), true));
        app.update();
        let list = app.world().resource::<Marks>().list.clone();
        assert!(list[0].at == exact && list[0].pauses);

        let mut other = self::app(None);
        other.update();
        other.world_mut().resource_mut::<Marks>().file = Some(file);
        other.update();
        assert_eq!(other.world().resource::<Marks>().list, list);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_broken_file_is_told_and_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.marks.json");
        for text in
            ["{", r#"{"version": 9, "marks": []}"#, r#"{"version": 1, "marks": [{"id": 1, "at": "x", "text": ""}]}"#]
        {
            fs::write(&file, text).unwrap();
            let mut app = app(Some(file.clone()));
            app.world_mut().write_message(add(1, "a"));
            app.update();
            let marks = app.world().resource::<Marks>();
            assert!(marks.problem.as_ref().is_some_and(|it| it.contains("run.marks.json")), "{:?}", marks.problem);
            assert_eq!(marks.list.len(), 1);
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
    }

    #[test]
    fn playing_stops_at_the_first_mark_that_says_so_and_goes_on_from_there() {
        let mark = |id, secs, pauses| Mark { id: MarkId(id), at: at(secs), to: None, text: String::new(), pauses };
        let marks = [mark(1, 10, true), mark(2, 15, false), mark(3, 20, true)];
        let check = |from, to, speed, want: Option<i64>| {
            assert_eq!(first_stop(&marks, at(from), at(to), speed), want.map(at), "{from} to {to}");
        };
        check(0, 9, 1.0, None);
        check(0, 30, 1.0, Some(10));
        check(10, 19, 1.0, None);
        check(10, 20, 1.0, Some(20));
        check(30, 0, -1.0, Some(20));
        check(20, 5, -1.0, Some(10));
        // Round a loop's end.
        check(25, 5, 1.0, None);
    }
}
