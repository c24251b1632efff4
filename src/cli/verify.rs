//! `pollux verify FILE`: whether a session is as it was recorded, and whether all of it is there.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use pollux::link::{self, LinkOptions};
use pollux::session::evidence::{self, BundleReport};
use pollux::session::witness::witnessed_filter;
use pollux::signal::Timestamp;
use pollux::trust::PublicKey;
use pollux::trust::seals::{Report, SealOptions, verify};
use pollux::trust::witness::{Witnessed, open_witnessed, read_witness_file};
use serde::Serialize;

use super::{Failure, Outcome, counted};

/// A broker has so long to say what it keeps.
const BROKER_HAS: Duration = Duration::from_secs(5);
/// And has said it all when it is quiet for so long.
const BROKER_QUIET: Duration = Duration::from_millis(500);

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// A recorded session (MCAP)
    file: PathBuf,
    /// The recorder's key, from who keeps it; without it the one that the session names itself. Of an evidence bundle: the
    /// first recorder's
    #[arg(long, value_name = "KEY")]
    key: Option<PublicKey>,
    /// Of an evidence bundle: the key of who made it
    #[arg(long, value_name = "KEY")]
    maker: Option<PublicKey>,
    /// What a witness wrote down (see `pollux witness`): shows that the end was cut
    #[arg(long, value_name = "FILE")]
    witness: Vec<PathBuf>,
    /// A broker that keeps what witnesses have signed
    #[arg(long, value_name = "URL", requires = "site")]
    witness_broker: Option<String>,
    /// The site of that, by the name that it has on topics: its folder's
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// Allow an unencrypted connection to a broker that is not on this machine
    #[arg(long)]
    allow_insecure: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `verify --json` prints. All places are bytes from the beginning of the file, all times ns since 1970.
#[derive(Debug, Serialize)]
struct Verdict<'a> {
    /// Which file.
    file: String,
    /// Nothing that is there was changed, taken out, put in or moved.
    unaltered: bool,
    /// All is there. `null`: nobody can tell.
    complete: Option<bool>,
    /// Both: what the exit code says.
    good: bool,
    /// Against whom *unaltered* holds, in words.
    against: &'static str,
    /// What *complete* says, in words.
    complete_in_words: String,
    /// Who was shown this session, by the files of witnesses.
    witnesses: Vec<PublicKey>,
    /// What those files hold that is signed by nobody, lines.
    bad_witness_lines: u64,
    /// How long it took.
    secs: f64,
    /// All that was found out: `sealing`, `session`, `stretches` with good seals, `messages` and `span` by the seals,
    /// `closed`, `unsealed` bytes at the end, the newest seal as `head`, `complete`, and `breaks` with `from`, `to`,
    /// `stretches` (the first and the last), `span` and `fault`.
    report: &'a Report,
    /// Of an evidence bundle: what its original stretches, by their first recorder, and its manifest say. `null`: it is
    /// none.
    evidence: Option<&'a BundleReport>,
}

/// Exits with 0 only where the session is unaltered and complete, with 1 where it is not or nobody can tell.
pub(crate) fn run(arguments: &VerifyArguments) -> Outcome {
    let began = link::now();
    let (mut witnessed, mut bad_witness_lines) = (Vec::new(), 0);
    for path in &arguments.witness {
        let (read, bad) = read_witness_file(BufReader::new(open(path)?))?;
        witnessed.extend(read);
        bad_witness_lines += bad;
    }
    if let (Some(url), Some(site)) = (&arguments.witness_broker, &arguments.site) {
        witnessed.extend(from_broker(url, site, arguments.allow_insecure)?);
    }
    if witnessed.is_empty() && (!arguments.witness.is_empty() || arguments.witness_broker.is_some()) {
        return Err(Failure::new("nothing was found there that a witness has signed".to_owned()));
    }
    let heads = witnessed.iter().map(|it| it.head.clone()).collect();
    let file = open(&arguments.file)?;
    let evidence = evidence::check(&arguments.file, arguments.key).transpose()?;
    // Two have sealed a bundle: who recorded it first, and who made it.
    let key = if evidence.is_some() { arguments.maker } else { arguments.key };
    let report = verify(file, &SealOptions { key, witnessed: heads })?;
    let verdict = Verdict {
        file: arguments.file.display().to_string(),
        unaltered: report.unaltered(),
        complete: report.complete(),
        good: report.is_good() && evidence.as_ref().is_none_or(BundleReport::is_good),
        against: report.against(),
        complete_in_words: report.complete.to_string(),
        witnesses: witnesses(&witnessed, &report),
        bad_witness_lines,
        secs: link::now().secs_since(began).max(1e-9),
        report: &report,
        evidence: evidence.as_ref(),
    };
    let text = if arguments.json { serde_json::to_string_pretty(&verdict)? + "\n" } else { in_words(&verdict) };
    // Whoever reads no further has what it wanted.
    std::io::stdout().write_all(text.as_bytes()).ok();
    Ok(if verdict.good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a broker keeps of what witnesses have signed.
fn from_broker(url: &str, site: &str, allow_insecure: bool) -> Result<Vec<Witnessed>, Failure> {
    let (link, arrivals) = link::connect(LinkOptions {
        url: url.parse()?,
        client_id: format!("pollux-verify-{}", std::process::id()),
        filters: vec![witnessed_filter(site)],
        arrivals_capacity: 16,
        allow_insecure,
        login: None,
        tls: None,
        will: None,
    })?;
    let (mut witnessed, deadline) = (Vec::new(), link::now() + BROKER_HAS);
    // What is kept comes at once after the subscription; nothing says when it was all.
    while link::now() < deadline {
        match arrivals.recv_timeout(BROKER_QUIET) {
            Ok(batch) => witnessed.extend(batch.iter().filter_map(|it| open_witnessed(&it.payload).ok())),
            Err(_) if witnessed.is_empty() => (),
            Err(_) => break,
        }
    }
    let connected = link.is_connected();
    link.close();
    if connected { Ok(witnessed) } else { Err(Failure::new(format!("{url} was not reached"))) }
}

/// Who was shown this session.
fn witnesses(witnessed: &[Witnessed], report: &Report) -> Vec<PublicKey> {
    let mut keys: Vec<PublicKey> = Vec::new();
    for it in witnessed.iter().filter(|it| Some(it.head.session) == report.session) {
        if !keys.contains(&it.witness) {
            keys.push(it.witness);
        }
    }
    keys
}

fn in_words(verdict: &Verdict<'_>) -> String {
    let Verdict { report, .. } = verdict;
    let mut lines = vec![format!("{}: {}", verdict.file, report.verdict())];
    lines.extend(report.breaks.iter().map(|it| format!("  {it}")));
    if report.more_breaks > 0 {
        lines.push(format!("  and {} more", report.more_breaks));
    }
    lines.push(format!("  sealed:     {}", report.sealing));
    if let Some(session) = report.session {
        lines.push(format!("  session:    {session}"));
        let times = report.span.map(|(from, to)| format!(", from {from} to {to}")).unwrap_or_default();
        let stretches = format!("{} sealed stretch{}", report.stretches, if report.stretches == 1 { "" } else { "es" });
        let holds = [stretches, counted(count(report.messages), "message")];
        lines.push(format!("  holds:      {}{times}", holds.join(", ")));
    }
    lines.push(format!("  unaltered:  says something against {}", verdict.against));
    lines.push(format!("  complete:   {}", report.complete));
    for witness in &verdict.witnesses {
        lines.push(format!("  witness:    {witness}"));
    }
    if verdict.bad_witness_lines > 0 {
        let bad = counted(count(verdict.bad_witness_lines), "line");
        lines.push(format!("  passed over: {bad} of the witness's file that nobody has signed"));
    }
    if let Some((from, to)) = report.unsealed {
        lines.push(format!("  unsealed:   bytes {from} to {to}, at the end: they came after the last seal"));
    }
    if let Some(head) = report.head_text() {
        lines.push(format!("  ends with:  {head}"));
    }
    if let Some(evidence) = verdict.evidence {
        lines.extend(evidence_in_words(evidence));
    }
    let megabytes = report.bytes as f64 / 1e6;
    lines.push(format!("  took {:.3} s, {:.0} MB/s\n", verdict.secs, megabytes / verdict.secs));
    lines.join("\n")
}

fn evidence_in_words(evidence: &BundleReport) -> Vec<String> {
    let good = if evidence.is_good() { "as it was first recorded" } else { "NOT AS IT WAS FIRST RECORDED" };
    let mut lines = vec![format!("  evidence:   {good}")];
    lines.extend(evidence.faults.iter().map(|it| format!("    {it}")));
    if let Some(manifest) = &evidence.manifest {
        let (from, to) = (Timestamp::from_nanos(manifest.range.0), Timestamp::from_nanos(manifest.range.1));
        lines.push(format!("    shows:    what came from {from} to {to}, made {}", manifest.made));
        let source = &manifest.source;
        lines
            .push(format!("    taken of: {}, session {}, sealed to {}", source.file, source.session, source.sealed_to));
        lines.push(format!("    that was: {}, says who made this", source.verdict));
        lines.extend(manifest.files.iter().map(|it| format!("    holds:    {} ({} bytes)", it.name, it.bytes)));
    }
    if let Some(original) = &evidence.original {
        lines.extend(original.breaks.iter().map(|it| format!("    original: {it}")));
        lines.push(format!("    recorded: sealed {}", original.sealing));
    }
    lines
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))
}

fn count(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
