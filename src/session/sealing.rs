//! Looks the seals of a recording over, behind what a person already looks at.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tracing::warn;

use super::progress::Progress;
use super::waker::Waker;
use crate::trust::seals::{Report, SealOptions, verify};

/// How far a recording has been looked over, and what was found.
#[derive(Debug, Default)]
pub struct SealCheck {
    progress: Progress,
    /// `None`: it is not known yet.
    outcome: Mutex<Option<Result<Arc<Report>, String>>>,
}

impl SealCheck {
    /// Starts the thread. It ends when all is looked over, or when it is cancelled.
    pub(super) fn start(path: &Path, waker: Waker) -> io::Result<Arc<Self>> {
        let file = File::open(path)?;
        let check = Arc::new(Self::default());
        check.progress.expect(file.metadata()?.len());
        let own = Arc::clone(&check);
        let shown = path.display().to_string();
        let body = move || {
            let looked = verify(Watched { file, check: &own }, &SealOptions::default());
            if own.progress.is_cancelled() {
                return;
            }
            let outcome = looked.map(Arc::new).map_err(|error| error.to_string());
            if let Err(why) = &outcome {
                warn!("{shown}: its seals cannot be looked at: {why}");
            }
            *own.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
            waker.wake();
        };
        thread::Builder::new().name("pollux-seals".to_owned()).spawn(body)?;
        Ok(check)
    }

    /// The share that is looked over, 0 to 1.
    pub fn share(&self) -> f32 {
        self.progress.share()
    }

    /// Looks no further.
    pub fn cancel(&self) {
        self.progress.cancel();
    }

    /// What was found, or why nothing could be. `None`: it is not known yet.
    pub fn outcome(&self) -> Option<Result<Arc<Report>, String>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A file that tells how much of it was read, and can be stopped.
struct Watched<'a> {
    file: File,
    check: &'a SealCheck,
}

impl Read for Watched<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.check.progress.is_cancelled() {
            return Err(io::Error::other("nobody waits for it any more"));
        }
        let n = self.file.read(bytes)?;
        self.check.progress.advance(n as u64);
        Ok(n)
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
