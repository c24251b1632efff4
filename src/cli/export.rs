//! `pollux export FILE`: the values of a recorded session as CSV, or a part of it as a session of its own.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use pollux::session::recording::{About, Item, Recording, SITE_ATTACHMENT, SessionWriter, site_files};
use pollux::session::{Follower, Past, Taken};
use pollux::signal::{Timestamp, Value};
use pollux::site::Site;

use super::options::LoadedSite;
use super::source::open_session;
use super::{Failure, Outcome};

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// A recorded session (MCAP)
    file: PathBuf,
    /// Write a line for each sample to this file; - is standard output
    #[arg(long, required_unless_present = "mcap")]
    csv: Option<PathBuf>,
    /// Write a session of its own to this file
    #[arg(long, conflicts_with = "csv")]
    mcap: Option<PathBuf>,
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
}

/// Exits with 0 if everything was written.
pub(crate) fn run(arguments: ExportArguments) -> Outcome {
    super::log_to_stderr();
    let folder = tempfile::tempdir()?;
    let (recording, loaded) = open_session(&arguments.file, arguments.site.as_deref(), folder.path())?;
    let site = &loaded.site;
    let range = (arguments.from.unwrap_or(Timestamp::MIN), arguments.to.unwrap_or(Timestamp::MAX));
    match (&arguments.csv, &arguments.mcap) {
        (Some(path), _) if path.as_os_str() == "-" => {
            to_csv(&recording, site, &arguments, range, io::stdout().lock())?;
        }
        (Some(path), _) => to_csv(&recording, site, &arguments, range, File::create(path)?)?,
        (None, Some(path)) => to_mcap(recording, &loaded, &arguments, range, path)?,
        (None, None) => (),
    }
    Ok(ExitCode::SUCCESS)
}

/// One line a sample, in the order in which they came.
fn to_csv(
    recording: &Recording,
    site: &Site,
    arguments: &ExportArguments,
    (from, to): (Timestamp, Timestamp),
    sink: impl Write,
) -> Result<(), Failure> {
    let mut csv = csv::Writer::from_writer(BufWriter::new(sink));
    csv.write_record(["time", "received", "twin", "signal", "value", "unit"])?;
    let mut follower = Follower::new(site);
    for chunk in 0..recording.n_chunks() {
        let (items, fault) = recording.items(chunk);
        if let Some(fault) = fault {
            eprintln!("{fault}");
        }
        for item in items {
            let Item::Message(arrival) = item else { continue };
            for (sample, taken) in follower.take(&arrival) {
                let within = sample.received >= from && sample.received <= to;
                let wanted = taken != Taken::Duplicate && within;
                let Some(signal) = site.signal(sample.signal).filter(|_| wanted) else { continue };
                if !signal.address.starts_with(&arguments.only) {
                    continue;
                }
                let twin = site.twin(signal.twin).map_or("", |it| &*it.address);
                let (time, received) = (sample.at.to_string(), sample.received.to_string());
                let value = match &sample.value {
                    Value::Number(number) => format!("{number:?}"),
                    other @ (Value::Flag(_) | Value::Text(_)) => other.to_string(),
                };
                csv.write_record([&time, &received, twin, &signal.key, &value, signal.unit.symbol()])?;
            }
        }
    }
    csv.flush()?;
    Ok(())
}

/// A part of the session as one of its own. It begins with the state at its beginning.
fn to_mcap(
    recording: Recording,
    loaded: &LoadedSite,
    arguments: &ExportArguments,
    (from, to): (Timestamp, Timestamp),
    path: &PathBuf,
) -> Result<(), Failure> {
    let (recording, site) = (Arc::new(recording), &loaded.site);
    let names: Vec<String> = recording.attachments().map(|it| it.0.to_owned()).collect();
    let mut files = Vec::new();
    for name in names {
        if let Some(data) = recording.attachment(&name) {
            files.push((name, data?));
        }
    }
    if files.iter().all(|it| it.0 != SITE_ATTACHMENT) {
        files.extend(site_files(site, &fs::read(&loaded.path)?)?);
    }
    let mut more = recording.about.clone();
    more.insert("cut_from".to_owned(), arguments.file.display().to_string());
    let about = About {
        site: site.name.clone(),
        began: from.max(recording.span().unwrap_or_default().0),
        more,
        ..About::default()
    };
    let sink = File::options().write(true).create_new(true).open(path)?;
    let mut writer = SessionWriter::new(BufWriter::new(sink), &about, &files)?;
    let before = Past::new(Arc::clone(&recording), Arc::clone(site))
        .seek(Timestamp::from_nanos(from.as_nanos().saturating_sub(1)));
    writer.keyframe(&before, site)?;
    let wanted: Vec<&str> =
        site.signals.iter().filter(|it| it.address.starts_with(&arguments.only)).map(|it| it.topic.as_str()).collect();
    for chunk in 0..recording.n_chunks() {
        let (items, fault) = recording.items(chunk);
        if let Some(fault) = fault {
            eprintln!("{fault}");
        }
        for item in items {
            match item {
                Item::Message(arrival) => {
                    let topic = std::str::from_utf8(&arrival.topic).unwrap_or_default();
                    let chosen = arguments.only.is_empty() || wanted.contains(&topic);
                    if chosen && arrival.received >= from && arrival.received <= to {
                        writer.message(&arrival)?;
                    }
                }
                Item::Audit(audit) if audit.at >= from.as_nanos() && audit.at <= to.as_nanos() => {
                    writer.audit(&audit)?;
                }
                Item::Audit(_) | Item::Keyframe(_) => (),
            }
        }
    }
    writer.finish()?.flush()?;
    Ok(())
}
