//! `pollux gate`: the one program that publishes commands to a site's devices.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bevy::app::ctrlc;
use bevy::prelude::*;
use clap::Args;
use crossbeam_channel::bounded;
use pollux::command::gate::{Gate, GateOptions, GatePlugin, gate_folder, mosquitto_acl};
use pollux::link::{BrokerUrl, Credentials};
use pollux::session::{Keys, SessionPlugin, sessions_dir};
use pollux::site::Site;
use pollux::trust::{Accounts, GATE_OWNER, KeyRole, PublicKey, REGISTRY_FILE, Registry, SecretKey};
use tracing::warn;

use super::options::{BrokerOption, KeysOption, LoadedSite, SiteArgument, load};
use super::{Failure, Outcome};

/// How often it is looked whether the gate still runs.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Arguments of `gate`.
#[derive(Debug, Args)]
pub(crate) struct GateArguments {
    #[command(flatten)]
    site: SiteArgument,
    #[command(flatten)]
    broker: BrokerOption,
    #[command(flatten)]
    keys: KeysOption,
    /// Who may ask for what (see `pollux operators`); operators.ron beside the site where it is not named
    #[arg(long, value_name = "FILE")]
    operators: Option<PathBuf>,
    /// Where it writes down what it does, chained; in the user's data folder where it is not named
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
    /// Its own key, with which it signs the audit; made where there is no such file
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Go on without a registry of keys where the site's devices sign: nothing is verified then, and commands rely on whatever
    /// anybody publishes
    #[arg(long, conflicts_with = "keys")]
    allow_unsigned: bool,
    /// Print the access list for Mosquitto (`acl_file`) with the users gate, desktop and the devices' ids, and end
    #[arg(long)]
    print_acl: bool,
}

/// Runs until it is interrupted.
pub(crate) fn run(arguments: GateArguments) -> Outcome {
    super::log_to_stderr();
    let loaded = load(&arguments.site.site)?;
    if arguments.print_acl {
        print!("{}", mosquitto_acl(&loaded.site));
        return Ok(ExitCode::SUCCESS);
    }
    let url = arguments.broker.resolve(&loaded.site)?;
    let accounts = Accounts::load(&arguments.operators.clone().unwrap_or_else(|| operators_beside(&loaded.path)))?;
    let keys = arguments.keys.resolve(&loaded, "gate")?;
    check_verifies(&loaded, &keys, arguments.allow_unsigned)?;
    let folder = gate_folder(&sessions_dir(), &loaded.site);
    let key_file = own_file(arguments.key, &folder, "gate.key")?;
    let audit = own_file(arguments.audit, &folder, "audit.log")?;
    let key = SecretKey::load_or_create(&key_file)?;
    let (public, shown) = (key.public(), audit.display().to_string());
    check_registered(&keys, public, &key_file)?;
    let allow_unsigned = arguments.allow_unsigned && keys.registry.is_none();
    let options = GateOptions { accounts, demo: false, audit, key, allow_unsigned };
    let insecure = arguments.broker.allows_insecure(&loaded.site);
    let gate = start(loaded, url.clone(), insecure, arguments.broker.credentials()?, options, keys)?;
    println!("the gate stands before {url}, writes {shown}, and signs it with {public}");
    wait(gate)
}

/// Until somebody interrupts it (Ctrl+C, SIGINT): then it says that it is gone, and its audit has its end.
fn wait(gate: Gate) -> Outcome {
    let (interrupted, interruptions) = bounded(1);
    // Another one is kept, so that nothing counts as an interruption where there is no handler.
    let handler = interrupted.clone();
    let interrupt = move || {
        // One is enough.
        handler.try_send(()).ok();
    };
    if let Err(error) = ctrlc::set_handler(interrupt) {
        warn!("it can only be killed, which leaves its audit without an end: {error}");
    }
    while gate.is_running() {
        if interruptions.recv_timeout(LOOK_EVERY).is_ok() {
            drop(gate);
            return Ok(ExitCode::SUCCESS);
        }
    }
    Err(Failure::new("the gate ended by itself".to_owned()))
}

/// The file of accounts beside a site.
pub(crate) fn operators_beside(site: &Path) -> PathBuf {
    site.with_file_name("operators.ron")
}

/// Begins a gate on a thread of its own.
pub(crate) fn start(
    loaded: LoadedSite,
    url: BrokerUrl,
    allow_insecure: bool,
    credentials: Credentials,
    options: GateOptions,
    keys: Keys,
) -> Result<Gate, Failure> {
    let gate = GatePlugin::new(&loaded.site, options)?;
    let session = SessionPlugin::new(loaded.path, loaded.site, loaded.ids)
        .with_broker(url)
        .with_insecure(allow_insecure)
        .with_credentials(credentials)
        .with_keys(keys);
    let app = move || {
        let mut app = App::new();
        app.add_plugins(MinimalPlugins)
            .add_plugins(pollux::Gatehouse { session, gate })
            .set_error_handler(bevy::ecs::error::error);
        app
    };
    Ok(Gate::start(app)?)
}

/// Without a registry a gate would believe everybody, where devices sign.
fn check_verifies(loaded: &LoadedSite, keys: &Keys, allow_unsigned: bool) -> Result<(), Failure> {
    if keys.registry.is_some() || !loaded.site.is_signed() {
        return Ok(());
    }
    if allow_unsigned {
        warn!("devices of this site sign, and nothing is verified: commands rely on whatever anybody publishes");
        return Ok(());
    }
    let beside = loaded.path.with_file_name(REGISTRY_FILE);
    let (site, folder) = (loaded.path.display(), loaded.site.folder.display());
    Err(Failure::new(format!(
        "devices of {site} sign, and there is no registry of keys at {}: without one whatever anybody publishes would be \
         believed. Bring it there, or name it with --keys; where there is none yet, make it: pollux keys new {folder} --site \
         {site}. To command without verifying anything: --allow-unsigned",
        beside.display()
    )))
}

/// A gate whose key the registry does not know would be obeyed by nobody.
fn check_registered(keys: &Keys, key: PublicKey, file: &Path) -> Result<(), Failure> {
    let Some(registry) = &keys.registry else { return Ok(()) };
    if registry.find(key.id()).is_some_and(|it| it.role == KeyRole::Gate && it.of == GATE_OWNER) {
        return Ok(());
    }
    let at = keys.file.as_deref().unwrap_or(Path::new(REGISTRY_FILE)).display();
    Err(Failure::new(format!(
        "the registry {at} does not know this gate's key ({}): what it sends would be refused. Give it the one that is \
         registered with --key, or register it: pollux keys add {at} {GATE_OWNER} --role gate --key {key}",
        file.display()
    )))
}

/// Where the demo's gate may write its audit, with the key that it has there: in the user's data folder, or in a spare one
/// where that is in use or not to be written to.
pub(crate) fn demo_places(site: &Site, spare: &Path, keep: bool) -> Vec<(PathBuf, SecretKey)> {
    let own = gate_folder(&sessions_dir(), site).join("demo");
    let folders = if keep { vec![own, spare.to_owned()] } else { vec![spare.to_owned()] };
    let key = |it: &Path| Ok::<_, Failure>(SecretKey::load_or_create(&own_file(None, it, "gate.key")?)?);
    let place = |folder: PathBuf| match key(&folder) {
        Ok(key) => Some((folder, key)),
        Err(error) => {
            warn!("no audit in {}: {error}", folder.display());
            None
        }
    };
    folders.into_iter().filter_map(place).collect()
}

/// The gate of the demo: on the demo's own broker, with the accounts that everybody knows.
pub(crate) fn start_demo(
    loaded: LoadedSite,
    url: BrokerUrl,
    credentials: &Credentials,
    places: Vec<(PathBuf, SecretKey)>,
    registry: Option<&Arc<Registry>>,
) -> Result<Gate, Failure> {
    let mut failed = Failure::new("the gate has nowhere to write its audit".to_owned());
    for (folder, key) in places {
        let (accounts, audit) = (Accounts::demo(), folder.join("audit.log"));
        // The demo makes keys for all that sign.
        let options = GateOptions { accounts, demo: true, audit, key, allow_unsigned: false };
        let keys = registry.map(|it| Keys::made(Arc::clone(it))).unwrap_or_default();
        match start(loaded.clone(), url.clone(), false, credentials.clone(), options, keys) {
            Ok(gate) => return Ok(gate),
            Err(error) => {
                warn!("no audit in {}: {error}", folder.display());
                failed = error;
            }
        }
    }
    Err(failed)
}

/// A file that was named, or one of the gate's own in a folder, which is made.
fn own_file(named: Option<PathBuf>, folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    if let Some(named) = named {
        return Ok(named);
    }
    std::fs::create_dir_all(folder)?;
    Ok(folder.join(name))
}
