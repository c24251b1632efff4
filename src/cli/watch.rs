//! `pollux watch SITE --broker URL`: readings as they come, without a window.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bevy::app::{AppExit, ScheduleRunnerPlugin};
use bevy::prelude::*;
use clap::Args;
use pollux::schedule::Stage;
use pollux::session::{CurrentSite, Cursor, SamplesArrived, SessionPlugin};
use pollux::signal::Timestamp;
use pollux::twin::Readings;
use serde::Serialize;

use super::Outcome;
use super::options::{BrokerOption, SiteArgument, load, parse_span};

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArguments {
    #[command(flatten)]
    site: SiteArgument,
    #[command(flatten)]
    broker: BrokerOption,
    /// End after this span, such as 10s; without it, run until it is ended
    #[arg(long = "for", value_parser = parse_span)]
    span: Option<Duration>,
    /// Print a JSON object a line
    #[arg(long)]
    json: bool,
    /// Only signals whose address begins with this
    #[arg(long, default_value = "")]
    only: String,
}

/// How often readings are looked at: faster than the eye, slower than a spin.
const PERIOD: Duration = Duration::from_millis(20);

/// One reading as a line.
#[derive(Serialize)]
struct Line<'a> {
    twin: &'a str,
    signal: &'a str,
    t: String,
    value: serde_json::Value,
    unit: &'a str,
    state: &'a str,
}

#[derive(Resource)]
struct Watching {
    until: Option<Timestamp>,
    json: bool,
    only: String,
    failed: Arc<Mutex<Option<io::Error>>>,
}

/// Exits with 0 unless what it prints can't be written.
pub(crate) fn run(arguments: WatchArguments) -> Outcome {
    super::log_to_stderr();
    let loaded = load(&arguments.site.site)?;
    let broker = arguments.broker.resolve(&loaded.site)?;
    let failed = Arc::new(Mutex::new(None));
    let watching = Watching {
        until: arguments.span.map(|it| pollux::link::now() + it),
        json: arguments.json,
        only: arguments.only,
        failed: failed.clone(),
    };
    let session = SessionPlugin::new(loaded.path, loaded.site, loaded.ids)
        .with_broker(broker)
        .with_insecure(arguments.broker.allow_insecure);
    App::new()
        .add_plugins(MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(PERIOD)))
        .add_plugins(pollux::Headless { session })
        .set_error_handler(bevy::ecs::error::error)
        .insert_resource(watching)
        .add_systems(Update, print_arrived.in_set(Stage::Show))
        .run();
    let error = failed.lock().unwrap_or_else(PoisonError::into_inner).take();
    match error {
        // The reader went away: `pollux watch … | head` is no mistake.
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn print_arrived(
    watching: Res<Watching>,
    cursor: Res<Cursor>,
    site: Res<CurrentSite>,
    readings: Res<Readings>,
    mut arrived: MessageReader<SamplesArrived>,
    mut exits: MessageWriter<AppExit>,
) {
    let mut out = io::stdout().lock();
    for SamplesArrived(batch) in arrived.read() {
        for sample in &batch.newest {
            let Some(signal) = site.signal(sample.signal).filter(|it| it.address.starts_with(&watching.only)) else {
                continue;
            };
            let (twin, _) = signal.address.rsplit_once('/').unwrap_or((&signal.address, ""));
            let state = readings.get(sample.signal).state.label();
            let written = if watching.json {
                let line = Line {
                    twin,
                    signal: &signal.key,
                    t: sample.at.to_string(),
                    value: serde_json::to_value(&JsonValue(&sample.value)).unwrap_or_default(),
                    unit: signal.unit.symbol(),
                    state,
                };
                serde_json::to_string(&line).map_err(io::Error::from).and_then(|it| writeln!(out, "{it}"))
            } else {
                writeln!(out, "{}  {:<40} {:>14} {:<6} {state}", sample.at, signal.address, sample.value, signal.unit)
            };
            if let Err(error) = written {
                *watching.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                exits.write(AppExit::Success);
                return;
            }
        }
    }
    if watching.until.is_some_and(|it| cursor.at >= it) {
        exits.write(AppExit::Success);
    }
}

/// A value as JSON has it.
struct JsonValue<'a>(&'a pollux::signal::Value);

impl Serialize for JsonValue<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            pollux::signal::Value::Number(number) => serializer.serialize_f64(*number),
            pollux::signal::Value::Flag(flag) => serializer.serialize_bool(*flag),
            pollux::signal::Value::Text(text) => serializer.serialize_str(text),
        }
    }
}
