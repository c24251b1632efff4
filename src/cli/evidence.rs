//! `pollux evidence FILE --out BUNDLE`: a part of a session in one file that proves itself on another machine.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use pollux::session::evidence::Evidence;
use pollux::session::export::ExportSource;
use pollux::session::{Existing, own_key};
use pollux::signal::Timestamp;

use super::options::AuthorityOption;
use super::progress::with_progress;
use super::source::{OpenedSession, open_session};
use super::{Failure, Outcome, counted};

/// Arguments of `evidence`.
#[derive(Debug, Args)]
pub(crate) struct EvidenceArguments {
    /// A recorded session (MCAP), sealed
    file: PathBuf,
    /// From this instant on, such as 2026-01-31T14:03:27Z
    #[arg(long)]
    from: Option<Timestamp>,
    /// Up to this instant
    #[arg(long)]
    to: Option<Timestamp>,
    /// The bundle to write (MCAP); one that is there is not written over
    #[arg(long)]
    out: PathBuf,
    /// A picture to put beside it (PNG); may be given several times
    #[arg(long, value_name = "PNG")]
    picture: Vec<PathBuf>,
    /// The registry of keys to put beside it, instead of the one that the session carries
    #[arg(long, value_name = "FILE")]
    registry: Option<PathBuf>,
    /// What was found out about the values, to put beside it (JSON), instead of what comes of verifying them once more
    #[arg(long, value_name = "FILE")]
    verdicts: Option<PathBuf>,
    #[command(flatten)]
    authority: AuthorityOption,
}

/// Exits with 0 if the bundle was written.
pub(crate) fn run(arguments: EvidenceArguments) -> Outcome {
    super::log_to_stderr();
    let folder = tempfile::tempdir()?;
    let OpenedSession { recording, loaded, .. } =
        open_session(&arguments.file, None, arguments.authority, folder.path())?;
    let (begin, end) = recording.span().unwrap_or_default();
    let evidence = Evidence {
        range: (arguments.from.unwrap_or(begin), arguments.to.unwrap_or(end)),
        pictures: arguments.picture.iter().map(|it| Ok((name(it), read(it)?))).collect::<Result<_, Failure>>()?,
        registry: arguments.registry.as_deref().map(read).transpose()?,
        verdicts: arguments.verdicts.as_deref().map(read).transpose()?,
    };
    let source = ExportSource {
        recording: Arc::new(recording),
        site: loaded.site,
        site_path: loaded.path,
        key: Some(own_key()),
        more_files: Vec::new(),
    };
    let out = &arguments.out;
    let done = with_progress("gathering", |progress| evidence.to_file(&source, out, Existing::Keep, progress))??;
    done.findings.iter().for_each(|it| eprintln!("{it}"));
    eprintln!("{}: {}", out.display(), counted(usize::try_from(done.count).unwrap_or(usize::MAX), "message"));
    Ok(ExitCode::SUCCESS)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))
}
