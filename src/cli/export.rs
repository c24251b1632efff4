//! `pollux export FILE`: the values of a recorded session as a table, or a part of it as a session of its own.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use pollux::session::export::{Export, ExportSource, Exported, Format};
use pollux::session::{Existing, own_key};
use pollux::signal::Timestamp;

use super::options::AuthorityOption;
use super::progress::with_progress;
use super::source::{OpenedSession, open_session};
use super::{Failure, Outcome, counted};

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// A recorded session (MCAP)
    file: PathBuf,
    /// Write a line for each sample to this file; - is standard output
    #[arg(long, value_name = "TABLE", required_unless_present_any = ["mcap", "packed", "parquet"])]
    csv: Option<PathBuf>,
    /// Write a row for each sample to this file, numbers as numbers
    #[arg(long, value_name = "TABLE", conflicts_with = "csv")]
    parquet: Option<PathBuf>,
    /// Write a session of its own to this file; one that is there is not written over
    #[arg(long, value_name = "SESSION", conflicts_with_all = ["csv", "parquet"])]
    mcap: Option<PathBuf>,
    /// The same for keeping: a fraction of the size, all of it comes back with --mcap; other programs do not read it
    #[arg(long, value_name = "SESSION", conflicts_with_all = ["csv", "parquet", "mcap"])]
    packed: Option<PathBuf>,
    /// From this instant on, such as 2026-01-31T14:03:27Z
    #[arg(long)]
    from: Option<Timestamp>,
    /// Up to this instant
    #[arg(long)]
    to: Option<Timestamp>,
    /// Only signals whose address begins with this
    #[arg(long, default_value = "")]
    only: String,
    /// A site to read it with, instead of the one in the file
    #[arg(long)]
    site: Option<PathBuf>,
    #[command(flatten)]
    authority: AuthorityOption,
}

/// Exits with 0 if everything was written.
pub(crate) fn run(arguments: ExportArguments) -> Outcome {
    super::log_to_stderr();
    let folder = tempfile::tempdir()?;
    let OpenedSession { recording, loaded, .. } =
        open_session(&arguments.file, arguments.site.as_deref(), arguments.authority, folder.path())?;
    let (begin, end) = recording.span().unwrap_or_default();
    let key = Some(own_key());
    let source = ExportSource {
        recording: Arc::new(recording),
        site: loaded.site,
        site_path: loaded.path,
        key,
        more_files: Vec::new(),
    };
    let csv = arguments.csv.map(|it| (it, Format::Csv));
    let parquet = arguments.parquet.map(|it| (it, Format::Parquet));
    let mcap = arguments.mcap.map(|it| (it, Format::Mcap));
    let packed = arguments.packed.map(|it| (it, Format::Packed));
    // The command line asks for one of them.
    let Some((path, format)) = csv.or(parquet).or(mcap).or(packed) else { return Ok(ExitCode::SUCCESS) };
    let range = (arguments.from.unwrap_or(begin), arguments.to.unwrap_or(end));
    let export = Export { range, only: arguments.only, format };
    if path.as_os_str() == "-" {
        return to_stdout(&export, &source);
    }
    let existing = if format.is_session() { Existing::Keep } else { Existing::Replace };
    let exported = with_progress("exporting", |progress| export.to_file(&source, &path, existing, progress))??;
    tell(&exported, &path, format);
    Ok(ExitCode::SUCCESS)
}

fn to_stdout(export: &Export, source: &ExportSource) -> Outcome {
    match with_progress("exporting", |progress| export.to_sink(source, io::stdout(), progress))? {
        Ok(exported) => {
            exported.findings.iter().for_each(|it| eprintln!("{it}"));
            Ok(ExitCode::SUCCESS)
        }
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::from(error)),
    }
}

fn tell(exported: &Exported, path: &Path, format: Format) {
    exported.findings.iter().for_each(|it| eprintln!("{it}"));
    let what = if format.is_session() { "message" } else { "value" };
    let count = usize::try_from(exported.count).unwrap_or(usize::MAX);
    eprintln!("{}: {}", path.display(), counted(count, what));
}
