//! `pollux watch SITE --broker URL`: readings as they come, without a window.

use std::collections::HashMap;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bevy::app::{AppExit, ScheduleRunnerPlugin};
use bevy::prelude::*;
use clap::Args;
use pollux::link::LinkState;
use pollux::schedule::Stage;
use pollux::session::{CurrentSite, Cursor, SamplesArrived, Session, SessionPlugin, TopicFault};
use pollux::signal::{SignalId, Timestamp, Value, text};
use pollux::site::{Signal, Site};
use pollux::twin::{Reading, ReadingState, Readings};
use serde::Serialize;

use super::options::{BrokerOption, KeysOption, SiteArgument, load, parse_span};
use super::{Failure, Outcome, counted};

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArguments {
    #[command(flatten)]
    site: SiteArgument,
    #[command(flatten)]
    broker: BrokerOption,
    #[command(flatten)]
    keys: KeysOption,
    /// End after this span, such as 10s, with an error if no broker was reached; without it, run until it is ended
    #[arg(long = "for", value_parser = parse_span)]
    span: Option<Duration>,
    /// Print a JSON object a line: twin, signal, t, value, unit, state, trust
    #[arg(long)]
    json: bool,
    /// Only signals whose address begins with this
    #[arg(long, default_value = "")]
    only: String,
}

/// How often readings are looked at: faster than the eye, slower than a spin.
const PERIOD: Duration = Duration::from_millis(20);

/// How often it is looked for what has gone stale and what could not be read.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What cannot be read is told at most so often a topic.
const COMPLAIN_EVERY: Duration = Duration::from_secs(5);

/// One reading as a line.
#[derive(Serialize)]
struct Line<'a> {
    twin: &'a str,
    signal: &'a str,
    t: String,
    value: serde_json::Value,
    unit: &'a str,
    state: &'a str,
    trust: &'a str,
}

#[derive(Resource)]
struct Watching {
    until: Option<Timestamp>,
    json: bool,
    only: String,
    next_look: Timestamp,
    stale: HashMap<SignalId, bool>,
    complaints: Complaints,
    reached: bool,
    end: Arc<Mutex<Option<End>>>,
}

/// Why it ended, other than as it should.
enum End {
    Unwritten(io::Error),
    NeverConnected(String),
}

/// Exits with 0 unless what it prints can't be written, or no broker was reached in the time given.
pub(crate) fn run(arguments: WatchArguments) -> Outcome {
    super::log_to_stderr();
    let loaded = load(&arguments.site.site)?;
    if !loaded.site.signals.iter().any(|it| it.address.starts_with(&arguments.only)) {
        return Err(nothing_to_watch(&loaded.site, &arguments.only));
    }
    let broker = arguments.broker.resolve(&loaded.site)?;
    let keys = arguments.keys.resolve(&loaded, "watch")?;
    let now = pollux::link::now();
    let end = Arc::new(Mutex::new(None));
    let watching = Watching {
        until: arguments.span.map(|it| now + it),
        json: arguments.json,
        only: arguments.only,
        next_look: now,
        stale: HashMap::new(),
        complaints: Complaints::default(),
        reached: false,
        end: Arc::clone(&end),
    };
    let insecure = arguments.broker.allows_insecure(&loaded.site);
    let session = SessionPlugin::new(loaded.path, loaded.site, loaded.ids)
        .with_broker(broker)
        .with_keys(keys)
        .with_insecure(insecure)
        .with_credentials(arguments.broker.credentials()?);
    App::new()
        .add_plugins(MinimalPlugins.set(ScheduleRunnerPlugin::run_loop(PERIOD)))
        .add_plugins(pollux::Headless { session })
        .set_error_handler(bevy::ecs::error::error)
        .insert_resource(watching)
        .add_systems(Update, (print_arrived, look_around, end_in_time).chain().in_set(Stage::Show))
        .run();
    let end = end.lock().unwrap_or_else(PoisonError::into_inner).take();
    match end {
        // The reader went away: `pollux watch … | head` is no mistake.
        Some(End::Unwritten(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Some(End::Unwritten(error)) => Err(error.into()),
        Some(End::NeverConnected(why)) => Err(Failure::new(format!("no broker was reached: {why}"))),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn nothing_to_watch(site: &Site, only: &str) -> Failure {
    let known: Vec<&str> = site.signals.iter().take(5).map(|it| &*it.address).collect();
    Failure::new(match known.as_slice() {
        [] => "this site has no signals to watch".to_owned(),
        known => format!("--only: no signal's address begins with {only:?}; there are {}, …", known.join(", ")),
    })
}

impl Watching {
    fn print(&self, signal: &Signal, value: &Value, at: Timestamp, reading: &Reading) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let (state, trust) = (reading.state.label(), reading.standing.label());
        if !self.json {
            let value = text::value(value, signal.unit, signal.decimals);
            return writeln!(out, "{at}  {:<40} {value:>20}  {state:<5}  {trust}", signal.address);
        }
        let (twin, _) = signal.address.rsplit_once('/').unwrap_or((&signal.address, ""));
        let value = serde_json::to_value(JsonValue(value)).unwrap_or_default();
        let (signal, unit) = (&*signal.key, signal.unit.symbol());
        let line = Line { twin, signal, t: at.to_string(), value, unit, state, trust };
        writeln!(out, "{}", serde_json::to_string(&line)?)
    }

    fn end(&self, how: End) -> AppExit {
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
        AppExit::Success
    }
}

fn print_arrived(
    mut watching: ResMut<Watching>,
    site: Res<CurrentSite>,
    readings: Res<Readings>,
    mut arrived: MessageReader<SamplesArrived>,
    mut exits: MessageWriter<AppExit>,
) {
    for SamplesArrived(batch) in arrived.read() {
        for sample in &batch.newest {
            let Some(signal) = site.signal(sample.signal).filter(|it| it.address.starts_with(&watching.only)) else {
                continue;
            };
            let reading = readings.get(sample.signal);
            watching.stale.insert(sample.signal, reading.state == ReadingState::Stale);
            if let Err(error) = watching.print(signal, &sample.value, sample.at, reading) {
                exits.write(watching.end(End::Unwritten(error)));
                return;
            }
        }
    }
}

/// Prints what has gone stale since the last look, and tells what could not be read.
fn look_around(
    mut watching: ResMut<Watching>,
    cursor: Res<Cursor>,
    site: Res<CurrentSite>,
    session: Res<Session>,
    readings: Res<Readings>,
    mut exits: MessageWriter<AppExit>,
) {
    if cursor.at < watching.next_look {
        return;
    }
    watching.next_look = cursor.at + LOOK_EVERY;
    let watched: Vec<&Signal> = site.signals.iter().filter(|it| it.address.starts_with(&watching.only)).collect();
    for signal in &watched {
        let reading = readings.get(signal.id);
        let is_stale = reading.state == ReadingState::Stale;
        let was_stale = watching.stale.insert(signal.id, is_stale).unwrap_or(false);
        if let Some(value) = reading.value.as_ref().filter(|_| is_stale && !was_stale)
            && let Err(error) = watching.print(signal, value, reading.at, reading)
        {
            exits.write(watching.end(End::Unwritten(error)));
            return;
        }
    }
    for fault in session.tally.snapshot().unparsable {
        if watched.iter().any(|it| it.topic == fault.topic)
            && let Some(complaint) = watching.complaints.about(&fault, cursor.at)
        {
            eprintln!("{complaint}");
        }
    }
}

/// Ends the run when its time is up.
fn end_in_time(
    mut watching: ResMut<Watching>,
    cursor: Res<Cursor>,
    session: Res<Session>,
    mut exits: MessageWriter<AppExit>,
) {
    let state = session.link.as_ref().map(pollux::link::Link::state);
    watching.reached |= matches!(state, Some(LinkState::Connected { .. }));
    if watching.until.is_none_or(|it| cursor.at < it) {
        return;
    }
    if watching.reached {
        exits.write(AppExit::Success);
        return;
    }
    let why = match state {
        Some(LinkState::Waiting { why, .. }) => why.to_string(),
        Some(LinkState::Connecting | LinkState::Connected { .. } | LinkState::Closed) => {
            "it did not answer in time".to_owned()
        }
        None => session.problem.clone().unwrap_or_else(|| "there is no link".to_owned()),
    };
    exits.write(watching.end(End::NeverConnected(why)));
}

/// What was told of topics that cannot be read: how many messages, and when.
#[derive(Default)]
struct Complaints(HashMap<String, (u64, Timestamp)>);

impl Complaints {
    /// A line about a topic, where there is something new to say and it is time to say it.
    fn about(&mut self, fault: &TopicFault, now: Timestamp) -> Option<String> {
        let told = self.0.get(&fault.topic);
        if told.is_some_and(|(count, at)| *count == fault.count || now < *at + COMPLAIN_EVERY) {
            return None;
        }
        self.0.insert(fault.topic.clone(), (fault.count, now));
        let count = counted(fault.count as usize, "message");
        Some(format!("cannot read {}: {} ({count} so far)", fault.topic, fault.error))
    }
}

/// A value as JSON has it.
struct JsonValue<'a>(&'a Value);

impl Serialize for JsonValue<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Number(number) => serializer.serialize_f64(*number),
            Value::Flag(flag) => serializer.serialize_bool(*flag),
            Value::Text(text) => serializer.serialize_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_told_at_once_and_then_now_and_then() {
        let mut complaints = Complaints::default();
        let at = |secs| Timestamp::from_nanos(0) + Duration::from_secs(secs);
        let mut tell = |count, secs| {
            let fault = TopicFault { topic: "a/b".to_owned(), count, error: "empty".to_owned(), last: at(secs) };
            complaints.about(&fault, at(secs))
        };
        assert_eq!(tell(1, 0).as_deref(), Some("cannot read a/b: empty (1 message so far)"));
        assert_eq!(tell(2, 4), None);
        assert_eq!(tell(9, 5).as_deref(), Some("cannot read a/b: empty (9 messages so far)"));
        assert_eq!(tell(9, 20), None);
    }
}
