//! `pollux audit`: whether a log of what was done is as it was written, and what stands in it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use pollux::link;
use pollux::session::recording::Recording;
use pollux::signal::Timestamp;
use pollux::trust::PublicKey;
use pollux::trust::chain::{self, Entry, Head, LinkedReport, Report, VerifyOptions};
use serde::Serialize;
use serde_json::Value;

use super::{Failure, Outcome, counted};

/// What a session file begins with.
const MCAP_MAGIC: [u8; 4] = [0x89, b'M', b'C', b'A'];

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub(crate) struct AuditArguments {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Tell whether a log, or what a session holds of one, is as it was written
    Verify(Box<VerifyArguments>),
    /// Print what stands in a log, or in a session
    Show(ShowArguments),
}

#[derive(Debug, Args)]
struct VerifyArguments {
    /// An audit log, or a recorded session (MCAP)
    path: PathBuf,
    /// The log's key, from who keeps it; without it the one that the log names itself
    #[arg(long)]
    key: Option<PublicKey>,
    /// A line that was there, as an earlier run printed it: shows that the end was cut
    #[arg(long, value_name = "N:HASH")]
    checkpoint: Option<Head>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ShowArguments {
    /// An audit log, or a recorded session (MCAP)
    path: PathBuf,
    /// Only so many, from the end
    #[arg(long, value_name = "N")]
    last: Option<usize>,
}

/// What `verify --json` prints.
#[derive(Debug, Serialize)]
struct Verdict<'a, R> {
    file: String,
    /// `log` or `session`.
    kind: &'static str,
    /// Nothing that is there was changed.
    unaltered: bool,
    /// Unaltered, and not cut as far as that can be known: what the exit code says.
    good: bool,
    /// Against whom that holds.
    against: &'static str,
    secs: f64,
    records_per_s: f64,
    report: &'a R,
}

/// Runs what was asked for. `verify` exits with 0 only where nothing was altered, and nothing is known to be cut.
pub(crate) fn run(arguments: AuditArguments) -> Outcome {
    match arguments.command {
        AuditCommand::Verify(arguments) => verify(&arguments),
        AuditCommand::Show(arguments) => show(&arguments),
    }
}

fn verify(arguments: &VerifyArguments) -> Outcome {
    let began = link::now();
    let secs = || link::now().secs_since(began).max(1e-9);
    let file = arguments.path.display().to_string();
    let good = if is_session(&arguments.path)? {
        if arguments.key.is_some() {
            return Err(Failure::new("nobody signs in a session: --key is for an audit log".to_owned()));
        }
        let report = chain::verify_linked(session_records(&arguments.path)?, arguments.checkpoint)?;
        let (secs, good) = (secs(), report.is_good());
        if arguments.json {
            let (unaltered, against) = (report.unaltered(), LinkedReport::AGAINST);
            let records_per_s = report.records as f64 / secs;
            let verdict =
                Verdict { file, kind: "session", unaltered, good, against, secs, records_per_s, report: &report };
            println!("{}", serde_json::to_string_pretty(&verdict)?);
        } else {
            print_session(&file, &report, secs);
        }
        good
    } else {
        let options = VerifyOptions { key: arguments.key, witness: arguments.checkpoint };
        let report = chain::verify(BufReader::with_capacity(1 << 16, open(&arguments.path)?), options)?;
        let (secs, good) = (secs(), report.is_good());
        if arguments.json {
            let (unaltered, against) = (report.unaltered(), report.against());
            let records_per_s = report.records as f64 / secs;
            let verdict = Verdict { file, kind: "log", unaltered, good, against, secs, records_per_s, report: &report };
            println!("{}", serde_json::to_string_pretty(&verdict)?);
        } else {
            print_log(&file, &report, secs);
        }
        good
    };
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_log(file: &str, report: &Report, secs: f64) {
    println!("{file}: {}", if report.unaltered() { "unaltered" } else { "ALTERED" });
    for finding in &report.findings {
        println!("  {finding}");
    }
    if report.more_findings > 0 {
        println!("  and {} more", report.more_findings);
    }
    let parts = [
        counted(count(report.records), "record"),
        counted(count(report.checkpoints), "checkpoint"),
        counted(count(report.notes), "note"),
    ];
    println!("  holds:      {}", parts.join(", "));
    let key = report.key.map_or_else(|| "none".to_owned(), |it| it.to_string());
    println!("  key:        {key} ({})", if report.key_was_given { "given" } else { "named by the log itself" });
    println!("  unaltered:  says something against {}", report.against());
    if report.unwitnessed > 0 {
        println!("  unsigned:   {} after the last checkpoint", counted(count(report.unwitnessed), "line"));
    }
    println!("  complete:   {}", report.complete);
    if !report.closed {
        println!("  end:        not in good order: it is still written, or its program crashed, or the end was cut");
    }
    print_end(report.head, report.records, secs);
}

fn print_session(file: &str, report: &LinkedReport, secs: f64) {
    let verdict = match (report.unaltered(), report.unchained) {
        (false, _) => "ALTERED",
        (true, 0) => "unaltered",
        (true, _) => "not known: it was recorded before audits were chained",
    };
    println!("{file}: {verdict}");
    for (record, fault) in &report.findings {
        println!("  record {record}: {fault}");
    }
    println!("  holds:      {}", counted(count(report.records), "record"));
    println!("  unaltered:  says something against {}", LinkedReport::AGAINST);
    println!("  complete:   {}", report.complete);
    print_end(report.head, report.records, secs);
}

fn print_end(head: Option<Head>, records: u64, secs: f64) {
    if let Some(head) = head {
        println!("  keep this elsewhere, to know later that nothing before was cut: --checkpoint {head}");
    }
    println!("  took {secs:.3} s, {:.0} records/s", records as f64 / secs);
}

fn show(arguments: &ShowArguments) -> Outcome {
    let entries: Vec<String> = if is_session(&arguments.path)? {
        let records = session_records(&arguments.path)?.into_iter().enumerate();
        last(records.map(|(n, it)| it.map(|it| shown(n as u64, "record", &it))), arguments.last)?
    } else {
        let log = BufReader::new(open(&arguments.path)?);
        let entries = chain::entries(log).map(|it| {
            it.map(|entry| match entry {
                Entry::Line { n, kind, json } => shown(n, kind, &json),
                Entry::Unreadable { line } => format!("line {line} is no line of an audit log"),
            })
        });
        last(entries, arguments.last)?
    };
    let mut out = io::stdout().lock();
    for entry in entries {
        // Whoever reads no further has what it wanted.
        if writeln!(out, "{entry}").is_err() {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn last(entries: impl Iterator<Item = io::Result<String>>, n: Option<usize>) -> io::Result<Vec<String>> {
    let mut kept = VecDeque::new();
    for entry in entries {
        kept.push_back(entry?);
        if n.is_some_and(|it| kept.len() > it) {
            kept.pop_front();
        }
    }
    Ok(kept.into())
}

/// One record on one line: its number, its time where it tells one, and the rest as it stands.
fn shown(n: u64, kind: &str, json: &[u8]) -> String {
    let text = String::from_utf8_lossy(json);
    let at = match serde_json::from_slice(json) {
        Ok(Value::Object(fields)) => fields.get("at").and_then(Value::as_i64),
        Ok(_) | Err(_) => None,
    };
    let at = at.map(|it| format!("{}  ", Timestamp::from_nanos(it))).unwrap_or_default();
    // What was put in by a stranger must not move the cursor of a terminal.
    let text: String = text.chars().map(|it| if it.is_control() { '·' } else { it }).collect();
    format!("{n:>6}  {kind:<10}  {at}{text}")
}

fn is_session(path: &Path) -> Result<bool, Failure> {
    let mut magic = [0; 4];
    Ok(open(path)?.read_exact(&mut magic).is_ok() && magic == MCAP_MAGIC)
}

/// What a session holds of what was asked of devices. A part that cannot be read is an error: it may hold some.
fn session_records(path: &Path) -> Result<Vec<io::Result<Vec<u8>>>, Failure> {
    let recording = Recording::open(path)?;
    let mut records = Vec::new();
    for index in 0..recording.n_chunks() {
        let (audits, fault) = recording.audits(index);
        records.extend(audits.into_iter().map(Ok));
        records.extend(fault.map(|it| Err(io::Error::other(it))));
    }
    Ok(records)
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))
}

fn count(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
