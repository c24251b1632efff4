//! `pollux verify FILE`: whether a session is as it was recorded, and whether all of it is there.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use pollux::link::{self, Credentials, LinkOptions};
use pollux::session::evidence::{self, BundleReport, CarriedKeys};
use pollux::session::witness::witnessed_filter;
use pollux::signal::Timestamp;
use pollux::trust::seals::{Complete, Report, Sealing};
use pollux::trust::witness::{Witnessed, open_witnessed, read_witness_file};
use pollux::trust::{Anchor, PublicKey, Registry, Sifted, Vouchers};
use serde::Serialize;

use super::options::CertificateOptions;
use super::{Failure, Outcome, counted};

/// A broker has so long to say what it keeps.
const BROKER_HAS: Duration = Duration::from_secs(5);
/// And has said it all when it is quiet for so long.
const BROKER_QUIET: Duration = Duration::from_millis(500);

/// What is said of witnesses whom nobody named.
const UNVOUCHED: &str =
    "by a witness whom nobody vouched for: name its key with --witness-key, or its registry with --keys";

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
    /// A witness's key, from who keeps it; may be given several times. Only these, and those of the registry, are heard then
    #[arg(long, value_name = "KEY")]
    witness_key: Vec<PublicKey>,
    /// The registry of keys that says who records and who witnesses (see `pollux keys add --role`)
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Who must have signed the registry, such as ed25519:3d40…, and the one that the session carries
    #[arg(long, value_name = "KEY")]
    authority: Option<PublicKey>,
    /// A broker that keeps what witnesses have signed
    #[arg(long, value_name = "URL", requires = "site")]
    witness_broker: Option<String>,
    /// The site of that, by the name that it has on topics: its folder's
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// Allow an unencrypted connection to a broker that is not on this machine
    #[arg(long)]
    allow_insecure: bool,
    #[command(flatten)]
    certificates: CertificateOptions,
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
    /// Somebody vouches for the recorder's key: it was given, or the registry of keys says so.
    recorder_vouched: bool,
    /// Who vouches for it, or why not, in words. `null`: there is nothing to say of it.
    recorder_in_words: Option<String>,
    /// Who was shown this session, by the files of witnesses.
    witnesses: Vec<WitnessRow>,
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
    /// Whose the keys in it are, in words. `null`: it holds none.
    keys_in_words: Option<String>,
}

/// One who was shown the session.
#[derive(Debug, Serialize)]
struct WitnessRow {
    /// Whose key.
    key: PublicKey,
    /// Who vouches for it, in words. `null`: nobody, so anybody may have made it up.
    vouched: Option<String>,
    /// Its word counts. It does not where others are named.
    heard: bool,
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
        witnessed.extend(from_broker(url, site, arguments)?);
    }
    if witnessed.is_empty() && (!arguments.witness.is_empty() || arguments.witness_broker.is_some()) {
        return Err(Failure::new("nothing was found there that a witness has signed".to_owned()));
    }
    let file = open(&arguments.file)?;
    let evidence = evidence::check(&arguments.file, arguments.key).transpose()?;
    let registry = arguments.keys.as_deref().map(|it| registry(it, arguments.authority)).transpose()?;
    let vouchers = Vouchers { recorder: arguments.key, witnesses: arguments.witness_key.clone(), registry };
    // Two have sealed a bundle: who recorded it first, of whom the registry tells, and who made it.
    let of_maker = Vouchers { recorder: arguments.maker, ..Vouchers::default() };
    let (report, Sifted { vouched, .. }) =
        if evidence.is_some() { of_maker.verify(file, &witnessed)? } else { vouchers.verify(file, &witnessed)? };
    let recorded = evidence.as_ref().map_or(Some(&report), |it| it.original.as_ref());
    let head = recorded.and_then(|it| it.head.as_ref());
    let recorder = head.and_then(|it| vouchers.of_recorder(&it.key, it.at));
    let keys = evidence.as_ref().and_then(|it| keys_in_words(it, arguments.authority));
    // Keys that are worth nothing harm a bundle only where somebody asked for theirs.
    let has_keys = arguments.authority.is_none() || !matches!(keys, Some(Err(_)));
    let is_good = report.is_good() && has_keys && !matches!(recorder, Some(Err(_)));
    let verdict = Verdict {
        file: arguments.file.display().to_string(),
        unaltered: report.unaltered(),
        complete: report.complete(),
        good: is_good && evidence.as_ref().is_none_or(BundleReport::is_good),
        against: report.against(),
        complete_in_words: complete_in_words(&report, vouched),
        recorder_vouched: recorded.is_some_and(|it| matches!(it.sealing, Sealing::ByGiven(_))) && recorder.is_none()
            || matches!(recorder, Some(Ok(_))),
        recorder_in_words: recorder.map(|it| it.unwrap_or_else(|why| why)),
        witnesses: witnesses(&witnessed, &report, &vouchers, vouched),
        bad_witness_lines,
        secs: link::now().secs_since(began).max(1e-9),
        report: &report,
        evidence: evidence.as_ref(),
        keys_in_words: keys.map(|it| it.unwrap_or_else(|why| why)),
    };
    let text = if arguments.json { serde_json::to_string_pretty(&verdict)? + "\n" } else { in_words(&verdict) };
    // Whoever reads no further has what it wanted.
    std::io::stdout().write_all(text.as_bytes()).ok();
    Ok(if verdict.good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A registry by which recorders and witnesses are known.
fn registry(file: &Path, authority: Option<PublicKey>) -> Result<Arc<Registry>, Failure> {
    let registry = Registry::load(file, Anchor { authority, version: 0 })?;
    if let (None, Some(signer)) = (authority, registry.authority()) {
        eprintln!("pollux: {} is signed by {signer}, which nobody has named: give it with --authority", file.display());
    }
    Ok(Arc::new(registry))
}

fn complete_in_words(report: &Report, vouched: bool) -> String {
    let told = report.complete.to_string();
    let is_witnessed = matches!(
        report.complete,
        Complete::Closed { witnessed: Some(_) } | Complete::Unknown { witnessed: Some(_) } | Complete::Cut { .. }
    );
    if is_witnessed && !vouched { format!("{told}; {UNVOUCHED}") } else { told }
}

/// What a broker keeps of what witnesses have signed.
fn from_broker(url: &str, site: &str, arguments: &VerifyArguments) -> Result<Vec<Witnessed>, Failure> {
    let Credentials { login, tls } = arguments.certificates.credentials()?;
    let (link, arrivals) = link::connect(LinkOptions {
        url: url.parse()?,
        client_id: format!("pollux-verify-{}", std::process::id()),
        filters: vec![witnessed_filter(site)],
        arrivals_capacity: 16,
        allow_insecure: arguments.allow_insecure,
        login,
        tls,
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
fn witnesses(witnessed: &[Witnessed], report: &Report, vouchers: &Vouchers, vouched: bool) -> Vec<WitnessRow> {
    let mut rows: Vec<WitnessRow> = Vec::new();
    let key = report.head.as_ref().map(|it| it.key);
    let of_session =
        |it: &&Witnessed| Some(it.head.session) == report.session && key.is_none_or(|key| key == it.head.key);
    for it in witnessed.iter().filter(of_session) {
        let by = vouchers.of_witness(&it.witness, it.at);
        let heard = by.is_some() || !vouched;
        match rows.iter_mut().find(|row| row.key == it.witness) {
            Some(row) if by.is_some() => (row.vouched, row.heard) = (by, heard),
            Some(_) => (),
            None => rows.push(WitnessRow { key: it.witness, vouched: by, heard }),
        }
    }
    rows
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
    lines.push(format!("  complete:   {}", verdict.complete_in_words));
    lines.extend(verdict.recorder_in_words.iter().map(|it| format!("  recorder:   {it}")));
    for WitnessRow { key, vouched, heard } in &verdict.witnesses {
        let by = match (vouched, heard) {
            (Some(by), _) => by,
            (None, true) => UNVOUCHED,
            (None, false) => "not heard: others are named, and this one is not",
        };
        lines.push(format!("  witness:    {key}, {by}"));
    }
    for key in &report.other_recorders {
        lines.push(format!(
            "  beside it:  a witness was shown a session of this name by another recorder, {key}: anybody can claim the name, so it says nothing of this one"
        ));
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
        lines.extend(evidence_in_words(evidence, verdict.keys_in_words.as_deref()));
    }
    let megabytes = report.bytes as f64 / 1e6;
    lines.push(format!("  took {:.3} s, {:.0} MB/s\n", verdict.secs, megabytes / verdict.secs));
    lines.join("\n")
}

/// Whose the keys in a bundle are. `Err`: they are worth nothing.
fn keys_in_words(evidence: &BundleReport, authority: Option<PublicKey>) -> Option<Result<String, String>> {
    let CarriedKeys { version, authority: signer, fault } = evidence.keys.as_ref()?;
    let by = signer.map_or("nobody".to_owned(), |it| it.to_string());
    Some(match (fault, authority) {
        (Some(why), _) => Err(format!("worth nothing: {why}")),
        (None, Some(given)) if *signer != Some(given) => {
            Err(format!("WORTH NOTHING: version {version}, signed by {by}, and not by {given}, which was given"))
        }
        (None, Some(_)) => Ok(format!("version {version}, signed by {by}, the authority that was given")),
        (None, None) => Ok(format!(
            "version {version}, signed by {by}, which nobody vouched for: give the plant's with --authority"
        )),
    })
}

fn evidence_in_words(evidence: &BundleReport, keys: Option<&str>) -> Vec<String> {
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
    lines.extend(keys.map(|it| format!("    keys:     {it}")));
    if let Some(verdicts) = &evidence.verdicts {
        let none = "nothing of a device that signs came in it";
        lines.push(format!(
            "    values:   {}",
            if verdicts.devices.is_empty() { none } else { "as its maker found them:" }
        ));
        lines.extend(verdicts.devices.iter().map(|(device, it)| format!("      {device}: {it}")));
        lines.extend(
            verdicts
                .refused
                .iter()
                .map(|it| format!("      refused: {} on {} at {}: {}", it.reason, it.topic, it.received, it.detail)),
        );
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
