//! `pollux field SITE --broker URL`: the simulated devices, against any broker.

use std::time::Duration;

use clap::Args;
use pollux::field::{Field, FieldOptions};

use super::options::{BrokerOption, SiteArgument, load};
use super::{Failure, Outcome, counted};

/// Arguments of `field`.
#[derive(Debug, Args)]
pub(crate) struct FieldArguments {
    #[command(flatten)]
    site: SiteArgument,
    #[command(flatten)]
    broker: BrokerOption,
    /// Seed of the sensors' noise
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// How often it is looked whether all devices are connected.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs until it is ended.
pub(crate) fn run(arguments: FieldArguments) -> Outcome {
    super::log_to_stderr();
    let loaded = load(&arguments.site.site)?;
    let url = arguments.broker.resolve(&loaded.site)?;
    let options = FieldOptions { seed: arguments.seed, ..FieldOptions::default() };
    let field = Field::start(loaded.site, url.clone(), options)?;
    let n_devices = field.tally().devices;
    if n_devices == 0 {
        return Err(Failure::new(
            "this site has no simulated device: no signal or command of it says `field` or `drives`".to_owned(),
        ));
    }
    while field.tally().connected < n_devices {
        std::thread::sleep(LOOK_EVERY);
    }
    println!("{} connected to {url}", counted(n_devices, "device"));
    loop {
        std::thread::park();
    }
}
