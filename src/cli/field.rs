//! `pollux field SITE --broker URL`: the simulated devices, against any broker.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use pollux::field::{Field, FieldKeys, FieldOptions};
use pollux::link::{Credentials, Identity, TlsOptions};
use pollux::site::Site;
use pollux::trust::{Anchor, GATE_OWNER, REGISTRY_FILE, Registry, SecretKey, owners_of, secret_file};

use super::options::{BrokerOption, LoadedSite, SiteArgument, load};
use super::{Failure, Outcome, counted};

/// Arguments of `field`.
#[derive(Debug, Args)]
pub(crate) struct FieldArguments {
    #[command(flatten)]
    site: SiteArgument,
    #[command(flatten)]
    broker: BrokerOption,
    /// A folder with a certificate for each device, `ID.crt` and `ID.key`, as `pollux pki demo` makes one
    #[arg(long, value_name = "FOLDER", conflicts_with = "cert")]
    certs: Option<PathBuf>,
    /// The folder with the devices' private keys, NAME.key, as `pollux keys new` makes it; the registry is keys.ron beside that
    /// folder, or beside the site. Without it they sign nothing and obey whoever publishes
    #[arg(long, value_name = "FOLDER")]
    keys: Option<PathBuf>,
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
    let keys = match &arguments.keys {
        Some(folder) => keys(folder, &loaded)?,
        None => FieldKeys::default(),
    };
    let credentials = credentials(&loaded.site, &arguments.broker.tls()?, arguments.certs.as_deref());
    let field = Field::start_signing(loaded.site, url.clone(), options, credentials, keys)?;
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

/// The keys of a site's devices and gateways, out of a folder. Who has none there does not sign, which is told.
fn keys(folder: &Path, loaded: &LoadedSite) -> Result<FieldKeys, Failure> {
    let mut secrets = HashMap::new();
    for (owner, role) in owners_of(&loaded.site).into_iter().filter(|it| it.0 != GATE_OWNER) {
        let file = secret_file(folder, &owner);
        if file.exists() {
            secrets.insert(owner, SecretKey::load(&file)?);
        } else {
            eprintln!("pollux: the {} {owner} does not sign: {} is not there", role.label(), file.display());
        }
    }
    let near = [folder.parent().unwrap_or(folder).join(REGISTRY_FILE), loaded.path.with_file_name(REGISTRY_FILE)];
    let registry = match near.iter().find(|it| it.exists()) {
        Some(file) => {
            let authority = loaded.site.authority.as_ref().map(|it| it.parse()).transpose()?;
            Some(Arc::new(Registry::load(file, Anchor { authority, version: 0 })?))
        }
        None => {
            eprintln!("pollux: there is no registry at {}: the devices obey whoever publishes", near[0].display());
            None
        }
    };
    Ok(FieldKeys { secrets, registry })
}

/// For each device of a site: whom it believes, and its own certificate out of a folder, or the one that all share.
pub(crate) fn credentials(site: &Site, tls: &TlsOptions, folder: Option<&Path>) -> HashMap<String, Credentials> {
    let ids = site.twins.iter().filter_map(|it| it.device.as_ref().map(|it| it.id.clone()));
    let of = |id: String| {
        let file = |folder: &Path, kind: &str| folder.join(format!("{id}.{kind}"));
        let own = folder.map(|it| Identity { certificate: file(it, "crt"), key: file(it, "key") });
        let tls = TlsOptions { ca: tls.ca.clone(), identity: own.or_else(|| tls.identity.clone()) };
        (id, Credentials::from(tls))
    };
    ids.map(of).collect()
}
