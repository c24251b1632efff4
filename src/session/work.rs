//! Long work beside the window, each on a thread of its own: exports, and imports of what is opened. Panels ask for it by
//! messages, show how far it is, and can stop it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::{fs, io};

use bevy::prelude::*;
use crossbeam_channel::{Receiver, bounded};

use super::evidence::{Evidence, EvidenceError};
use super::export::{Export, ExportError, ExportSource};
use super::import::{Import, ImportError};
use super::new_file::Existing;
use super::open::{Opens, free_name, sessions_dir, what_opens};
use super::progress::Progress;
use super::recording::Recording;
use super::waker::Waker;
use super::{CurrentSite, Session};

/// More than this at once would only slow each other down.
const MOST: usize = 4;

/// A request to write a part of the session to a file. One that is there makes room: the person was asked.
#[derive(Message, Debug, Clone)]
pub struct StartExport {
    /// What, and as what.
    pub export: Export,
    /// Where to.
    pub path: PathBuf,
}

/// A request to write an evidence bundle of the session. One that is there makes room: the person was asked.
#[derive(Message, Debug, Clone)]
pub struct StartEvidence {
    /// Of which range, with what beside it.
    pub evidence: Evidence,
    /// Where to.
    pub path: PathBuf,
}

/// A request to open a session, a table or a site, in a window of its own.
#[derive(Message, Debug, Clone)]
pub struct Open(pub PathBuf);

/// A request to stop some work. Nothing is left of it.
#[derive(Message, Debug, Clone, Copy)]
pub struct CancelWork(pub WorkId);

/// A request to start this program anew beside this run: `command` is its first argument.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// `replay` or `view`.
    pub command: &'static str,
    /// What it shows.
    pub path: PathBuf,
}

/// Something that a person is to know, and that is told once.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What, with how to mend it where it is bad.
    pub text: String,
    /// How it is meant.
    pub tone: NoticeTone,
}

/// How a [`Notice`] is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeTone {
    /// To know.
    Plain,
    /// It is done.
    Good,
    /// It wants a look.
    Warning,
    /// It could not be done.
    Bad,
}

impl Notice {
    /// A notice.
    pub fn new(tone: NoticeTone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }
}

/// Names some work for as long as the session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkId(pub u64);

/// The work under way. Written by this folder alone, on request.
#[derive(Resource, Debug, Default)]
pub struct Works {
    /// In the order in which it was begun.
    pub list: Vec<Work>,
    next_id: u64,
}

/// Some work under way. It is cancelled, and its end awaited, when it is dropped.
#[derive(Debug)]
pub struct Work {
    /// Which.
    pub id: WorkId,
    /// What is done, such as `exporting flow.csv`.
    pub title: String,
    /// How far it is.
    pub progress: Arc<Progress>,
    ended: Receiver<Ended>,
    thread: Option<JoinHandle<()>>,
}

/// How some work ended.
type Ended = (Notice, Option<Launch>);

impl Drop for Work {
    fn drop(&mut self) {
        self.progress.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("{}: its thread ended in a panic", self.title);
        }
    }
}

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Works>()
        .add_message::<StartExport>()
        .add_message::<StartEvidence>()
        .add_message::<Open>()
        .add_message::<CancelWork>()
        .add_message::<Launch>()
        .add_message::<Notice>()
        .add_systems(
            Update,
            (start_exports, start_evidence, open_paths, cancel_work, end_work)
                .chain()
                .in_set(crate::schedule::Stage::Act),
        );
}

impl Works {
    fn start(
        &mut self,
        title: String,
        waker: Waker,
        work: impl FnOnce(&Progress) -> Ended + Send + 'static,
    ) -> Result<(), Notice> {
        if self.list.len() >= MOST {
            let text = format!("{MOST} other things are under way: {title} can begin when one of them is done");
            return Err(Notice::new(NoticeTone::Warning, text));
        }
        let progress = Arc::new(Progress::default());
        let (sender, ended) = bounded(1);
        let own = Arc::clone(&progress);
        let body = move || {
            // Where nobody listens any more the program ends.
            sender.send(work(&own)).ok();
            waker.wake();
        };
        let thread = thread::Builder::new().name("pollux-work".to_owned()).spawn(body);
        let thread = thread.map_err(|error| Notice::new(NoticeTone::Bad, format!("{title}: no thread: {error}")))?;
        self.next_id += 1;
        self.list.push(Work { id: WorkId(self.next_id), title, progress, ended, thread: Some(thread) });
        Ok(())
    }
}

fn start_exports(
    mut asked: MessageReader<StartExport>,
    session: Res<Session>,
    site: Res<CurrentSite>,
    mut works: ResMut<Works>,
    mut notices: MessageWriter<Notice>,
) {
    for StartExport { export, path } in asked.read() {
        let Some(recording) = session.recording() else {
            let text = "There is nothing to export: this session is not recorded.";
            notices.write(Notice::new(NoticeTone::Bad, text));
            continue;
        };
        let source = source_of(&session, &site, recording);
        let title = format!("exporting {}", file_name(path));
        let (export, path) = (export.clone(), path.clone());
        let started = works
            .start(title, session.waker.clone(), move |progress| (exported(&export, &source, &path, progress), None));
        notices.write_batch(started.err());
    }
}

fn start_evidence(
    mut asked: MessageReader<StartEvidence>,
    session: Res<Session>,
    site: Res<CurrentSite>,
    mut works: ResMut<Works>,
    mut notices: MessageWriter<Notice>,
) {
    for StartEvidence { evidence, path } in asked.read() {
        let Some(recording) = session.recording() else {
            let text = "There is no evidence: this session is not recorded.";
            notices.write(Notice::new(NoticeTone::Bad, text));
            continue;
        };
        let source = source_of(&session, &site, recording);
        let title = format!("gathering {}", file_name(path));
        let (evidence, path) = (evidence.clone(), path.clone());
        let started = works.start(title, session.waker.clone(), move |progress| {
            let notice = match evidence.to_file(&source, &path, Existing::Replace, progress) {
                Ok(done) => {
                    let text = format!(
                        "{} messages and what proves them are in {}. Check it with pollux verify.",
                        done.count,
                        path.display()
                    );
                    Notice::new(NoticeTone::Good, text)
                }
                Err(EvidenceError::Export(error @ ExportError::Cancelled)) => {
                    Notice::new(NoticeTone::Plain, sentence(&error))
                }
                Err(error) => Notice::new(NoticeTone::Bad, sentence(&error)),
            };
            (notice, None)
        });
        notices.write_batch(started.err());
    }
}

fn source_of(session: &Session, site: &CurrentSite, recording: &Arc<Recording>) -> ExportSource {
    ExportSource {
        recording: Arc::clone(recording),
        site: Arc::clone(&site.0),
        site_path: session.site_path.clone(),
        key: Some(session.key.clone()),
        more_files: Vec::new(),
    }
}

fn exported(export: &Export, source: &ExportSource, path: &Path, progress: &Progress) -> Notice {
    match export.to_file(source, path, Existing::Replace, progress) {
        Ok(done) => {
            let what = if export.format.is_session() { "messages" } else { "values" };
            let text = format!("{} {what} are in {}", done.count, path.display());
            match done.findings.as_slice() {
                [] => Notice::new(NoticeTone::Good, text),
                [first, ..] => Notice::new(
                    NoticeTone::Warning,
                    format!("{text}. {} places of the session could not be read: {first}", done.findings.len()),
                ),
            }
        }
        Err(error @ ExportError::Cancelled) => Notice::new(NoticeTone::Plain, sentence(&error)),
        Err(error) => Notice::new(NoticeTone::Bad, sentence(&error)),
    }
}

fn open_paths(
    mut asked: MessageReader<Open>,
    session: Res<Session>,
    mut works: ResMut<Works>,
    mut notices: MessageWriter<Notice>,
    mut launches: MessageWriter<Launch>,
) {
    for Open(path) in asked.read() {
        match what_opens(path) {
            Ok(Opens::Session) => drop(launches.write(Launch { command: "replay", path: path.clone() })),
            Ok(Opens::Site) => drop(launches.write(Launch { command: "view", path: path.clone() })),
            Ok(Opens::Table) => {
                let title = format!("importing {}", file_name(path));
                let import = Import { key: Some(session.key.clone()), ..Import::of(path.clone()) };
                let started = works.start(title, session.waker.clone(), move |progress| imported(&import, progress));
                notices.write_batch(started.err());
            }
            Err(refusal) => drop(notices.write(Notice::new(NoticeTone::Bad, sentence(&refusal)))),
        }
    }
}

/// Makes a session of a table: beside it, or where that is not possible, in the user's folder for sessions.
fn imported(import: &Import, progress: &Progress) -> Ended {
    let table = &import.table;
    let stem = table.file_stem().map_or_else(|| "table".to_owned(), |it| it.to_string_lossy().into_owned());
    let beside = free_name(table.parent().unwrap_or(Path::new(".")), &stem);
    let (path, done) = match import.to_file(&beside, progress) {
        Err(ImportError::Write { source, .. })
            if matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) =>
        {
            let folder = sessions_dir();
            let made =
                fs::create_dir_all(&folder).map_err(|source| ImportError::Write { path: folder.clone(), source });
            let path = free_name(&folder, &stem);
            let done = made.and_then(|()| import.to_file(&path, progress));
            (path, done)
        }
        done => (beside, done),
    };
    match done {
        Ok(done) => {
            let text = format!("{} values of {} rows are in {}", done.values, done.rows, path.display());
            let notice = match done.findings.as_slice() {
                [] => Notice::new(NoticeTone::Good, text),
                [first, ..] => Notice::new(NoticeTone::Warning, format!("{text}. {first}")),
            };
            (notice, Some(Launch { command: "replay", path }))
        }
        Err(error @ ImportError::Cancelled) => (Notice::new(NoticeTone::Plain, sentence(&error)), None),
        Err(error) => (Notice::new(NoticeTone::Bad, sentence(&error)), None),
    }
}

fn cancel_work(mut asked: MessageReader<CancelWork>, works: Res<Works>) {
    for CancelWork(id) in asked.read() {
        if let Some(work) = works.list.iter().find(|it| it.id == *id) {
            work.progress.cancel();
        }
    }
}

/// What has ended is told.
fn end_work(mut works: ResMut<Works>, mut notices: MessageWriter<Notice>, mut launches: MessageWriter<Launch>) {
    let is_over = |it: &Work| it.thread.as_ref().is_none_or(JoinHandle::is_finished);
    if !works.list.iter().any(is_over) {
        return;
    }
    works.list.retain(|work| {
        if !is_over(work) {
            return true;
        }
        let lost = || (Notice::new(NoticeTone::Bad, format!("{} ended in a fault of the program", work.title)), None);
        let (notice, launch) = work.ended.try_recv().unwrap_or_else(|_| lost());
        notices.write(notice);
        launches.write_batch(launch);
        false
    });
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |it| it.to_string_lossy().into_owned())
}

/// An error with its causes and, where it is known, how to mend it.
fn sentence(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let own = inner.to_string();
        // What a cause says is at times said already.
        if !text.contains(&own) {
            text = format!("{text}: {own}");
        }
        if let Some(mend) = inner.downcast_ref::<io::Error>().and_then(mend) {
            text = format!("{text}. {mend}");
        }
        cause = inner.source();
    }
    text
}

fn mend(error: &io::Error) -> Option<&'static str> {
    let mends = [
        (io::ErrorKind::PermissionDenied, "Choose a folder that you may write to."),
        (io::ErrorKind::ReadOnlyFilesystem, "Choose a folder that you may write to."),
        (io::ErrorKind::NotFound, "Choose a folder that is there."),
        (io::ErrorKind::StorageFull, "Free some space, or choose another disk; nothing is left of the file."),
        (io::ErrorKind::QuotaExceeded, "Free some space, or choose another disk; nothing is left of the file."),
    ];
    mends.iter().find(|it| it.0 == error.kind()).map(|it| it.1)
}
