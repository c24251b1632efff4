//! One file for each command: each parses nothing, and calls the library.

mod audit;
mod broker;
mod check;
mod demo;
mod evidence;
mod export;
mod field;
mod gate;
mod import;
mod info;
mod inventory;
mod keys;
mod launch;
mod operators;
mod options;
mod pki;
mod progress;
mod record;
mod source;
mod summary;
mod tested;
mod verify;
mod watch;
mod witness;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// See a machine, a plant or a building as a living 3D twin, fed by MQTT.
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Broker, simulated devices and viewer in one: a twin that lives at once
    Demo(demo::DemoArguments),
    /// Connect to a broker and show a site
    View(demo::ViewArguments),
    /// Show a recorded session
    Replay(demo::ReplayArguments),
    /// Record what comes in to a file, without a window
    Record(record::RecordArguments),
    /// Tell what is in a recorded session
    Info(info::InfoArguments),
    /// Take the values out of a recorded session, or a part of it
    Export(export::ExportArguments),
    /// Make a session out of a table (CSV)
    Import(import::ImportArguments),
    /// Print readings as they come, without a window
    Watch(watch::WatchArguments),
    /// Print everything that is wrong with a site file, or test what it expects on a recorded session
    Check(check::CheckArguments),
    /// Tell whether a log of what was done is as it was written
    Audit(audit::AuditArguments),
    /// Tell what a site's devices are, until when they get updates, and what is known against them
    Inventory(inventory::InventoryArguments),
    /// Tell whether a session is as it was recorded, and whether all of it is there
    Verify(Box<verify::VerifyArguments>),
    /// Take a part of a session into one file that proves itself on another machine
    Evidence(evidence::EvidenceArguments),
    /// Sign for how far others' recordings have come, so that nobody can cut their ends unseen
    Witness(witness::WitnessArguments),
    /// Keep the accounts: who may sign in
    Operators(operators::OperatorsArguments),
    /// Keep the keys: who may sign what at a site
    Keys(keys::KeysArguments),
    /// Make certificates for a demo: an authority, and all who are at a site's broker
    Pki(pki::PkiArguments),
    /// Run the embedded MQTT 5 broker, for programs on this machine alone
    Broker(broker::BrokerArguments),
    /// Stand between those who ask and a site's devices: check commands, and alone send them
    Gate(gate::GateArguments),
    /// Run a site's simulated devices against a broker
    Field(field::FieldArguments),
}

/// Runs what was asked for.
pub(crate) fn run(arguments: Arguments) -> ExitCode {
    let outcome = match arguments.command {
        Command::Demo(arguments) => demo::demo(arguments),
        Command::View(arguments) => demo::view(arguments),
        Command::Replay(arguments) => demo::replay(arguments),
        Command::Record(arguments) => record::run(arguments),
        Command::Info(arguments) => info::run(arguments),
        Command::Export(arguments) => export::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Watch(arguments) => watch::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Audit(arguments) => audit::run(arguments),
        Command::Inventory(arguments) => inventory::run(arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Evidence(arguments) => evidence::run(arguments),
        Command::Witness(arguments) => witness::run(arguments),
        Command::Operators(arguments) => operators::run(arguments),
        Command::Keys(arguments) => keys::run(arguments),
        Command::Pki(arguments) => pki::run(arguments),
        Command::Broker(arguments) => broker::run(arguments),
        Command::Gate(arguments) => gate::run(arguments),
        Command::Field(arguments) => field::run(arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("pollux: {error:#}");
        ExitCode::from(2)
    })
}

/// What went wrong, for a person: the chain of causes on one line.
pub(crate) type Outcome = Result<ExitCode, Failure>;

/// An error's text with its causes.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// A failure that has no error behind it.
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        Self(text)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Logs to standard error for commands that run no Bevy app; `RUST_LOG` says how much.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(has_colors()).with_writer(std::io::stderr).init();
}

/// Whether a log may be colored: on a terminal, unless `NO_COLOR` says otherwise.
fn has_colors() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
}

/// `1 error`, `2 errors`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
