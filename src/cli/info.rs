//! `pollux info FILE`: what is in a recorded session.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use pollux::session::draft;
use pollux::session::recording::{Recording, SITE_ATTACHMENT, Warrant};
use pollux::trust::PublicKey;
use serde::Serialize;

use super::options::{AuthorityOption, of_keys};
use super::{Outcome, counted};

/// Arguments of `info`.
#[derive(Debug, Args)]
pub(crate) struct InfoArguments {
    /// A recorded session (MCAP)
    file: PathBuf,
    #[command(flatten)]
    authority: AuthorityOption,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is told.
#[derive(Debug, Serialize)]
struct Info {
    file: String,
    bytes: u64,
    from: String,
    to: String,
    secs: f64,
    chunks: usize,
    messages: u64,
    /// Messages by topic; Pollux's own begin with `pollux/`.
    topics: BTreeMap<String, u64>,
    /// Bytes by name.
    attachments: BTreeMap<String, u64>,
    about: BTreeMap<String, String>,
    /// Who signed the registry of keys that it carries. `null`: it carries none, or none that is believed.
    authority: Option<PublicKey>,
    /// Somebody here has named that authority, or it was believed on this machine.
    authority_known: bool,
    findings: Vec<String>,
}

/// Exits with 0 for a whole file and with 1 for one that cannot be opened.
pub(crate) fn run(arguments: InfoArguments) -> Outcome {
    let recording = match Recording::open(&arguments.file) {
        Ok(recording) => recording,
        Err(error) => {
            eprintln!("pollux: {}", super::Failure::from(error));
            return Ok(ExitCode::FAILURE);
        }
    };
    let name = recording.about.get("site").cloned().unwrap_or_default();
    let recording = arguments.authority.warrant(recording, None, &name)?;
    let (from, to) = recording.span().unwrap_or_default();
    let info = Info {
        file: arguments.file.display().to_string(),
        bytes: recording.bytes,
        from: from.to_string(),
        to: to.to_string(),
        secs: to.secs_since(from),
        chunks: recording.n_chunks(),
        messages: recording.counts.values().sum(),
        topics: recording.counts.clone(),
        attachments: recording.attachments().map(|(name, bytes)| (name.to_owned(), bytes)).collect(),
        about: recording.about.clone(),
        authority: recording.registry().and_then(|it| it.authority()),
        authority_known: matches!(recording.warrant(), Warrant::Known(_)),
        findings: findings(&recording),
    };
    let mut out = io::stdout().lock();
    let printed = if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&info)?)
    } else {
        print_plain(&mut out, &info)
    };
    match printed {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        printed => Ok(printed.map(|()| ExitCode::SUCCESS)?),
    }
}

/// What was lost or is odd; and of a file without a site, what cannot be shown of it.
fn findings(recording: &Recording) -> Vec<String> {
    let mut findings = recording.findings.clone();
    findings.extend(of_keys(recording));
    if recording.attachments().all(|it| it.0 != SITE_ATTACHMENT) {
        let draft = draft::of_recording(recording);
        let n_signals = counted(draft.signals, "signal");
        findings.push(format!("there is no site in this file: a draft of its messages has {n_signals}"));
        findings.extend(draft.findings);
    }
    findings
}

fn print_plain(out: &mut impl Write, info: &Info) -> io::Result<()> {
    writeln!(out, "{}: {} bytes in {} chunks", info.file, info.bytes, info.chunks)?;
    writeln!(out, "from {} to {} ({:.1} s)", info.from, info.to, info.secs)?;
    writeln!(out, "{} messages on {} topics", info.messages, info.topics.len())?;
    for (name, value) in &info.about {
        writeln!(out, "  {name}: {value}")?;
    }
    if let Some(authority) = &info.authority {
        let known = if info.authority_known { ", which is known here" } else { "" };
        writeln!(out, "  keys signed by: {authority}{known}")?;
    }
    for (name, bytes) in &info.attachments {
        writeln!(out, "  attachment {name}, {bytes} bytes")?;
    }
    for (topic, count) in &info.topics {
        writeln!(out, "  {count:>9} {topic}")?;
    }
    for finding in &info.findings {
        writeln!(out, "finding: {finding}")?;
    }
    Ok(())
}
