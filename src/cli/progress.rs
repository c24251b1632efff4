//! Long work on the command line: how far it is stands on a terminal, and Ctrl-C ends it without leaving half a file.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use bevy::app::ctrlc;
use pollux::session::Progress;

use super::Failure;

/// How often it is told.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Does some work on a thread of its own, and tells how far it is.
pub(super) fn with_progress<T: Send, E: Send>(
    what: &str,
    work: impl FnOnce(&Progress) -> Result<T, E> + Send,
) -> Result<Result<T, E>, Failure> {
    let progress = Arc::new(Progress::default());
    let cancelled = Arc::clone(&progress);
    ctrlc::set_handler(move || cancelled.cancel())?;
    let shown = io::stderr().is_terminal();
    thread::scope(|scope| {
        let (ended, end) = channel::<()>();
        let inner = &*progress;
        let body = move || {
            let outcome = work(inner);
            // Whoever tells how far it is stops here.
            drop(ended);
            outcome
        };
        let worker = thread::Builder::new().name("pollux-work".to_owned()).spawn_scoped(scope, body)?;
        let mut told = false;
        while end.recv_timeout(TELL_EVERY) == Err(RecvTimeoutError::Timeout) {
            if shown {
                let share = (progress.share() * 100.0).floor();
                told |= write!(io::stderr(), "\r{what}: {share:.0} %\u{1b}[K").is_ok();
            }
        }
        if told {
            eprint!("\r\u{1b}[K");
        }
        let Ok(outcome) = worker.join() else { return Err(Failure::new(format!("{what} ended in a panic"))) };
        Ok(outcome)
    })
}
