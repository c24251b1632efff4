//! `pollux import TABLE.csv --out FILE.mcap`: makes a session out of a table.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use jiff::tz::TimeZone;
use pollux::session::import::Import;
use pollux::session::own_key;

use super::progress::with_progress;
use super::{Failure, Outcome};

/// Arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// The table (CSV), with a heading
    table: PathBuf,
    /// The session to write (MCAP)
    #[arg(long)]
    out: PathBuf,
    /// A site whose topics are `import/` and the columns' names; without it one is drafted
    #[arg(long)]
    site: Option<PathBuf>,
    /// What stands between two cells, instead of what is guessed
    #[arg(long)]
    delimiter: Option<char>,
    /// The column of the time
    #[arg(long)]
    time: Option<String>,
    /// How the times are written, such as "%d/%m/%y %H"
    #[arg(long)]
    format: Option<String>,
    /// The time zone of times that name none, such as Europe/Berlin
    #[arg(long, default_value = "UTC")]
    zone: String,
}

/// Exits with 0 if every row is in the session, and with 1 if something in the table is odd.
pub(crate) fn run(arguments: ImportArguments) -> Outcome {
    super::log_to_stderr();
    let zone = TimeZone::get(&arguments.zone).map_err(|why| Failure::new(format!("--zone: {why}")))?;
    let ascii =
        |it: char| u8::try_from(it).map_err(|why| Failure::new(format!("--delimiter: {it:?} is no ASCII sign: {why}")));
    let import = Import {
        table: arguments.table,
        site: arguments.site,
        delimiter: arguments.delimiter.map(ascii).transpose()?,
        time: arguments.time,
        format: arguments.format,
        zone,
        key: Some(own_key()),
    };
    let imported = with_progress("importing", |progress| import.to_file(&arguments.out, progress))??;
    let (name, shape) = (import.table.display(), &imported.shape);
    eprintln!(
        "{name}: {} columns apart by {:?}, times in {:?} as {}{}",
        imported.heading.len(),
        shape.delimiter as char,
        imported.heading[shape.time_column],
        shape.format,
        if shape.decimal_comma { ", a comma for the decimal point" } else { "" }
    );
    imported.findings.iter().chain(&imported.notes).for_each(|it| eprintln!("{name}: {it}"));
    eprintln!("{}: {} values of {} rows", arguments.out.display(), imported.values, imported.rows);
    Ok(if imported.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
