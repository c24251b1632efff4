//! Starts this program anew for what was opened: a process of its own, which goes on when this one ends.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::{env, thread};

use bevy::prelude::*;
use crossbeam_channel::{Receiver, Sender, bounded};
use pollux::schedule::Stage;
use pollux::session::{Launch, Notice, NoticeTone, Session, Waker};

/// What the others said at their end, at most so many that wait to be told.
const QUEUE: usize = 16;
/// Of what one said only the end is read, bytes.
const LAST_WORDS: u64 = 4_096;

/// Those that have ended, and how.
#[derive(Resource, Debug)]
struct Launched {
    sender: Sender<String>,
    ended: Receiver<String>,
}

pub(super) fn plugin(app: &mut App) {
    let (sender, ended) = bounded(QUEUE);
    app.insert_resource(Launched { sender, ended }).add_systems(Update, launch.in_set(Stage::Show));
}

fn launch(
    mut asked: MessageReader<Launch>,
    launched: Res<Launched>,
    session: Res<Session>,
    mut notices: MessageWriter<Notice>,
) {
    for wanted in asked.read() {
        let name = wanted.path.file_name().unwrap_or(wanted.path.as_os_str()).to_string_lossy().into_owned();
        notices.write(match start(wanted, name.clone(), launched.sender.clone(), session.waker.clone()) {
            Ok(()) => Notice::new(NoticeTone::Plain, format!("opening {name} in a window of its own")),
            Err(error) => Notice::new(NoticeTone::Bad, format!("the window of {name} could not be started: {error}")),
        });
    }
    for text in launched.ended.try_iter() {
        notices.write(Notice::new(NoticeTone::Bad, text));
    }
}

/// Starts the process, and a thread that waits for its end.
fn start(wanted: &Launch, name: String, ended: Sender<String>, waker: Waker) -> io::Result<()> {
    // A file and not a pipe: the process may outlive this one.
    let said = tempfile::tempfile()?;
    let mut command = Command::new(env::current_exe()?);
    command.arg(wanted.command).arg(&wanted.path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(said.try_clone()?);
    leave_alone(&mut command);
    let child = command.spawn()?;
    thread::Builder::new().name("pollux-launched".to_owned()).spawn(move || {
        if let Some(text) = last_words(child, said, &name) {
            // Where nobody listens any more the program ends.
            ended.send(text).ok();
            waker.wake();
        }
    })?;
    Ok(())
}

/// Ctrl-C in the terminal of this run is not meant for the other.
#[cfg(unix)]
fn leave_alone(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn leave_alone(_: &mut Command) {}

/// Waits for the end. `None`: it went well.
fn last_words(mut child: Child, mut said: File, name: &str) -> Option<String> {
    let status = child.wait().ok().filter(|it: &ExitStatus| !it.success())?;
    let mut text = String::new();
    let length = said.metadata().map_or(0, |it| it.len());
    let read = said
        .seek(SeekFrom::Start(length.saturating_sub(LAST_WORDS)))
        .and_then(|_| said.take(LAST_WORDS).read_to_string(&mut text));
    // Its log says what went on, and not why it ended.
    let last = text.lines().rev().find_map(|it| it.strip_prefix("pollux: ")).filter(|_| read.is_ok());
    let why = last.map_or_else(|| status.to_string(), str::to_owned);
    Some(format!("the window of {name} has ended: {why}"))
}
