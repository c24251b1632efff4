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
use pollux::session::{Session, SessionPlugin};
use pollux::signal::Timestamp;
use serde::Serialize;

use super::options::{BrokerOption, SiteArgument, load, parse_span};
use super::source::recorder;
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
    /// The file to write (MCAP); one that is there is not written over
    #[arg(long)]
    out: PathBuf,
    /// End after this span, such as 10min; without it, run until it is ended
    #[arg(long = "for", value_parser = parse_span)]
    span: Option<Duration>,
}

/// What it says at the end.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    bytes: u64,
    messages: u64,
    samples: u64,
    bytes_per_sample: Option<f64>,
    secs: f64,
    reconnects: u64,
}

#[derive(Resource)]
struct Recording {
    until: Option<Timestamp>,
    problem: Arc<Mutex<Option<String>>>,
}

/// Exits with 0 only if everything that came in is in the file.
pub(crate) fn run(arguments: RecordArguments) -> Outcome {
    super::log_to_stderr();
    let loaded = load(&arguments.site.site)?;
    let url = arguments.broker.resolve(&loaded.site)?;
    let options = recorder(&loaded, &url, arguments.out.clone(), false)?;
    if options.path.exists() {
        return Err(Failure::new(format!("{} is there already: name another file", options.path.display())));
    }
    let session = SessionPlugin::new(loaded.path, loaded.site, loaded.ids)
        .with_broker(url)
        .with_insecure(arguments.broker.allow_insecure)
        .with_history_bytes(HISTORY_BYTES)
        .with_recorder(options);
    let began = link::now();
    let problem = Arc::new(Mutex::new(None));
    let mut app = App::new();
    app.add_plugins(MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(PERIOD)))
        .add_plugins(pollux::Headless { session })
        .set_error_handler(bevy::ecs::error::error)
        .insert_resource(Recording { until: arguments.span.map(|it| began + it), problem: Arc::clone(&problem) })
        .add_systems(Update, end_in_time.in_set(Stage::Show));
    app.run();
    let session = app.world_mut().remove_resource::<Session>();
    let counts = session.as_ref().map(|it| it.tally.snapshot()).unwrap_or_default();
    let reconnects = session.as_ref().and_then(|it| it.link.as_ref()).map_or(0, link::Link::n_reconnects);
    let status = session.as_ref().and_then(|it| it.recorder.as_ref()).map(|it| Arc::clone(&it.status));
    // Ends the file.
    drop(session);
    let Some(status) = status else {
        return Err(Failure::new(problem_of(&problem).unwrap_or_else(|| "nothing was recorded".to_owned())));
    };
    let report = Report {
        file: arguments.out.display().to_string(),
        bytes: status.bytes(),
        messages: status.messages(),
        samples: counts.samples,
        bytes_per_sample: (counts.samples > 0).then(|| status.bytes() as f64 / counts.samples as f64),
        secs: link::now().secs_since(began),
        reconnects,
    };
    println!("{}", serde_json::to_string_pretty(&report)?);
    match problem_of(&problem).or_else(|| status.problem()) {
        Some(why) => Err(Failure::new(why)),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn problem_of(problem: &Mutex<Option<String>>) -> Option<String> {
    problem.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn end_in_time(recording: Res<Recording>, session: Res<Session>, mut exits: MessageWriter<AppExit>) {
    let why = session.recording_problem().or_else(|| session.problem.clone());
    let failed = why.is_some();
    if failed {
        *recording.problem.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
    if failed || recording.until.is_some_and(|it| link::now() >= it) {
        exits.write(AppExit::Success);
    }
}
