//! `pollux field SITE --broker URL`: the simulated devices, against any broker.

use clap::Args;
use pollux::field::{Field, FieldOptions};

use super::Outcome;
use super::options::{BrokerOption, SiteArgument, load};

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

/// Runs until it is ended.
pub(crate) fn run(arguments: FieldArguments) -> Outcome {
    super::log_to_stderr();
    let loaded = load(&arguments.site.site)?;
    let url = arguments.broker.resolve(&loaded.site)?;
    let _field = Field::start(loaded.site, url, FieldOptions { seed: arguments.seed, ..FieldOptions::default() })?;
    loop {
        std::thread::park();
    }
}
