//! `pollux record SITE --broker URL --out FILE`: records without a window, for as long as it takes.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bevy::app::{AppExit, ScheduleRunnerPlugin};
use bevy::prelude::*;
use clap::Args;
use pollux::link;
use pollux::schedule::Stage;
use pollux::session::recording::RecorderStatus;
use pollux::session::{Session, SessionPlugin, Tally, own_key};
use pollux::signal::Timestamp;
use pollux::trust::seals::SealHead;
use serde::Serialize;

use super::options::{BrokerOption, KeysOption, SiteArgument, load, parse_span};
use super::source::recorder;
use super::witness::WitnessOption;
use super::{Failure, Outcome};

/// How often it is looked whether to end: rarely, since the frames have nothing to do.
const PERIOD: Duration = Duration::from_millis(100);
/// In memory, no more than what a glance back needs.
const HISTORY_BYTES: usize = 16_000_000;

/// Arguments of `record`.
#[derive(Debug, Args)]
pub(crate) struct RecordArguments {
    #[command(flatten)]
    site: SiteArgument,
    #[command(flatten)]
    broker: BrokerOption,
    #[command(flatten)]
    keys: KeysOption,
    /// The file to write (MCAP); one that is there is not written over
    #[arg(long)]
    out: PathBuf,
    /// End after this span, such as 10min; without it, run until it is ended
    #[arg(long = "for", value_parser = parse_span)]
    span: Option<Duration>,
    /// Begin a new file after each such span (FILE-2.mcap and so on): memory stays constant for as long as it runs
    #[arg(long, value_parser = parse_span, default_value = "24h")]
    split: Duration,
    #[command(flatten)]
    witness: WitnessOption,
}

/// What it says at the end.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    /// The files that came after it.
    more_files: Vec<String>,
    bytes: u64,
    /// Of these, the site with its models.
    site_bytes: u64,
    messages: u64,
    samples: u64,
    /// Without the site and its models.
    bytes_per_sample: Option<f64>,
    secs: f64,
    reconnects: u64,
    /// How the last file is sealed: the session, the recorder's key, the final seal and its chain. Kept elsewhere, it shows
    /// that the file is the one that was recorded.
    sealed: Option<SealHead>,
}

#[derive(Resource)]
struct Recording {
    until: Option<Timestamp>,
    end: Arc<Mutex<Option<End>>>,
}

/// What is known at the end.
#[derive(Default)]
struct End {
    problem: Option<String>,
    status: Option<Arc<RecorderStatus>>,
    tally: Arc<Tally>,
    reconnects: u64,
}

/// Exits with 0 only if everything that came in is in the file.
pub(crate) fn run(arguments: RecordArguments) -> Outcome {
    super::log_to_stderr();
    let loaded = load(&arguments.site.site)?;
    let url = arguments.broker.resolve(&loaded.site)?;
    let mut options = recorder(&loaded, &url, arguments.out.clone(), false)?;
    options.split = Some(arguments.split);
    if options.path.exists() {
        return Err(Failure::new(format!("{} is there already: name another file", options.path.display())));
    }
    let key = own_key();
    let keys = arguments.keys.resolve(&loaded, "record")?;
    let insecure = arguments.broker.allows_insecure(&loaded.site);
    let credentials = arguments.broker.credentials()?;
    let witness = arguments.witness.start(&loaded.site, &url, insecure, credentials, key.public())?;
    let session = SessionPlugin::new(loaded.path, loaded.site, loaded.ids)
        .with_broker(url)
        .with_keys(keys)
        .with_insecure(insecure)
        .with_credentials(arguments.broker.credentials()?)
        .with_key(key)
        .with_history_bytes(HISTORY_BYTES)
        .with_recorder(options);
    let began = link::now();
    let end = Arc::new(Mutex::new(None));
    let mut app = App::new();
    app.add_plugins(MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(PERIOD)))
        .add_plugins(pollux::Headless { session })
        .set_error_handler(bevy::ecs::error::error)
        .insert_resource(Recording { until: arguments.span.map(|it| began + it), end: Arc::clone(&end) })
        .add_systems(Update, end_in_time.in_set(Stage::Show));
    // The file is ended with the app, when it has run.
    app.run();
    drop(witness);
    let end: Option<End> = end.lock().unwrap_or_else(PoisonError::into_inner).take();
    let End { problem, status: Some(status), tally, reconnects } = end.unwrap_or_default() else {
        return Err(Failure::new("nothing was recorded".to_owned()));
    };
    let samples = tally.snapshot().samples;
    let report = Report {
        file: arguments.out.display().to_string(),
        more_files: status.more_files().iter().map(|it| it.display().to_string()).collect(),
        bytes: status.bytes(),
        site_bytes: status.site_bytes(),
        messages: status.messages(),
        samples,
        bytes_per_sample: (samples > 0).then(|| (status.bytes() - status.site_bytes()) as f64 / samples as f64),
        secs: link::now().secs_since(began),
        reconnects,
        sealed: status.sealed(),
    };
    println!("{}", serde_json::to_string_pretty(&report)?);
    match problem.or_else(|| status.problem()) {
        Some(why) => Err(Failure::new(why)),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn end_in_time(recording: Res<Recording>, session: Res<Session>, mut exits: MessageWriter<AppExit>) {
    let problem = session.recording_problem().or_else(|| session.problem.clone());
    if problem.is_none() && recording.until.is_none_or(|it| link::now() < it) {
        return;
    }
    *recording.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(End {
        problem,
        status: session.recorder.as_ref().map(|it| Arc::clone(&it.status)),
        tally: Arc::clone(&session.tally),
        reconnects: session.link.as_ref().map_or(0, link::Link::n_reconnects),
    });
    exits.write(AppExit::Success);
}
