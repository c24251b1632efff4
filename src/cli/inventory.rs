//! `pollux inventory SITE`: what the devices of a site are, until when they get updates, and what is known against them.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use jiff::civil::Date;
use pollux::guard::advisories::{self, Library, Until};
use pollux::guard::day_of;
use pollux::guard::inventory::{Observed, Outlook, Part, Support, findings, outlook, parts, write_csv, write_json};
use pollux::link;
use pollux::session::{Existing, NewFile};
use pollux::site::doc::Crypto;
use pollux::site::{self, Site};

use super::options::{SiteArgument, load};
use super::{Outcome, counted};

/// Arguments of `inventory`.
#[derive(Debug, Args)]
pub(crate) struct InventoryArguments {
    #[command(flatten)]
    site: SiteArgument,
    /// As it will be on this day, such as 2029-03-01, instead of today
    #[arg(long, value_name = "DAY")]
    at: Option<Date>,
    /// Write a row for each device to this file; - is standard output
    #[arg(long, value_name = "TABLE", conflicts_with = "json")]
    csv: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Exit with 1 if a device gets no updates on that day, or is affected by a weakness
    #[arg(long)]
    strict: bool,
}

/// Exits with 0; with `--strict` only if every device gets updates, as far as is known, and none is affected.
pub(crate) fn run(arguments: InventoryArguments) -> Outcome {
    let site = load(&arguments.site.site)?.site;
    let library = site.advisories.as_deref().map(advisories::read).unwrap_or_default();
    eprint!("{}", site::report(&library.findings));
    let parts = parts(&site, &library, |_| Observed::default());
    let date = arguments.at.unwrap_or_else(|| day_of(link::now(), &site));
    let outlook = outlook(&site, &parts, date);
    match &arguments.csv {
        Some(path) => table(&parts, &outlook, path)?,
        None if arguments.json => ended(write_json(&site, &parts, &outlook, io::stdout().lock()))?,
        None => ended(print(&site, &library, &parts, &outlook))?,
    }
    let wrong = outlook.whole.unsupported > 0 || parts.iter().any(Part::is_affected);
    Ok(if arguments.strict && wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Whoever reads no further has what it wanted.
fn ended(written: io::Result<()>) -> io::Result<()> {
    written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}

fn table(parts: &[Part], outlook: &Outlook, path: &Path) -> Result<(), super::Failure> {
    if path.as_os_str() == "-" {
        return Ok(ended(write_csv(parts, outlook, io::stdout().lock()))?);
    }
    let wrong = |error: io::Error| super::Failure::new(format!("{} cannot be written: {error}", path.display()));
    let new = NewFile::begin(path, Existing::Replace).map_err(wrong)?;
    write_csv(parts, outlook, new.file()).map_err(wrong)?;
    new.finish().map_err(wrong)?;
    eprintln!("{}: {}", path.display(), counted(parts.len(), "device"));
    Ok(())
}

fn print(site: &Site, library: &Library, parts: &[Part], outlook: &Outlook) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let rows: Vec<[String; 6]> = parts.iter().map(|it| row(it, outlook.date)).collect();
    let head = ["DEVICE", "WHAT IT IS", "FIRMWARE", "UPDATES UNTIL", "ON THAT DAY", "CRYPTO"].map(str::to_owned);
    let mut widths = [0; 6];
    for row in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; 6]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    writeln!(out, "{}", line(&head))?;
    for (part, row) in parts.iter().zip(&rows) {
        writeln!(out, "{}", harmless(&line(row)))?;
        for finding in findings(part, outlook.date) {
            writeln!(out, "    {}", harmless(&format!("{}: {finding}", finding.urgency.label())))?;
        }
    }
    writeln!(out)?;
    for (twin, share) in outlook.systems(site) {
        let unknown = if share.unknown > 0 { format!(", {} unknown", share.unknown) } else { String::new() };
        writeln!(out, "{}: {} of {} without updates{unknown}", twin.name, share.unsupported, share.count())?;
    }
    let affected = parts.iter().filter(|it| it.is_affected()).count();
    let advisories = counted(library.advisories.len(), "advisory").replace("advisorys", "advisories");
    writeln!(out, "{}: {}, {affected} affected ({advisories})", outlook.date, outlook.whole.summary())?;
    out.flush()
}

/// What a stranger has put into a file must not move the cursor of a terminal.
fn harmless(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { '·' } else { it }).collect()
}

fn row(part: &Part, date: Date) -> [String; 6] {
    let until = match part.support.as_ref().map(|it| it.until) {
        Some(Until::Day(day)) => day.to_string(),
        Some(Until::NotAnnounced) => "not announced".to_owned(),
        None => "?".to_owned(),
    };
    let support = match part.support_at(date) {
        state @ (Support::Supported | Support::EndsSoon | Support::Unsupported) => state.label(),
        Support::Unknown => "?",
    };
    let or_unknown = |it: Option<&str>| it.unwrap_or("?").to_owned();
    let what = if part.described { part.title() } else { "?".to_owned() };
    [
        part.device.clone(),
        what,
        or_unknown(part.firmware.as_deref()),
        until,
        support.to_owned(),
        or_unknown(part.capability.map(Crypto::label)),
    ]
}
