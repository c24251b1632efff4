//! Options that several commands share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use pollux::link::{self, BrokerUrl, Credentials, LinkError, TlsOptions, TlsSetupError};
use pollux::session::recording::Recording;
use pollux::session::{Keys, KeysAt, sessions_dir, trust_store};
use pollux::signal::Timestamp;
use pollux::site::{self, Ids, LoadError, Loaded, Site};
use pollux::trust::{Authorities, PublicKey};

use super::Failure;

/// Where a site is.
#[derive(Debug, Clone, Args)]
pub(crate) struct SiteArgument {
    /// A site: a folder under scenes/, a folder, or its site.ron
    pub(crate) site: PathBuf,
}

/// A site that was loaded, with what a reload needs.
#[derive(Clone)]
pub(crate) struct LoadedSite {
    /// The file.
    pub(crate) path: PathBuf,
    /// What it says.
    pub(crate) site: Arc<Site>,
    /// The numbers that were given.
    pub(crate) ids: Ids,
}

/// Loads a site; findings go to standard error.
pub(crate) fn load(site: &std::path::Path) -> Result<LoadedSite, Failure> {
    let path = site::find(site)?;
    let mut ids = Ids::default();
    match site::load(&path, &mut ids) {
        Ok(Loaded { site, findings }) => {
            if !findings.is_empty() {
                eprint!("{}", site::report(&findings));
            }
            Ok(LoadedSite { path, site: Arc::new(site), ids })
        }
        Err(LoadError::Broken(findings)) => {
            eprint!("{}", site::report(&findings));
            Err(LoadError::Broken(findings).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// How to reach a broker.
#[derive(Debug, Clone, Args)]
pub(crate) struct BrokerOption {
    /// The broker, such as <mqtts://plant.example:8883>; credentials come from `POLLUX_MQTT_USER` and `POLLUX_MQTT_PASSWORD`
    // Parsed later: what is wrong with an argument is told with all that stands in it, a password too.
    #[arg(long)]
    pub(crate) broker: Option<String>,
    /// Allow an unencrypted connection to a broker that is not on this machine
    #[arg(long)]
    pub(crate) allow_insecure: bool,
    #[command(flatten)]
    certificates: CertificateOptions,
}

/// Whom to believe and who to be, where the connection is encrypted.
#[derive(Debug, Clone, Args)]
pub(crate) struct CertificateOptions {
    /// The authority that issued the broker's certificate (PEM), instead of those of this system; or set `POLLUX_MQTT_CA`
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Our own certificate (PEM), where the broker wants one; or set `POLLUX_MQTT_CERT`
    #[arg(long, value_name = "FILE")]
    cert: Option<PathBuf>,
    /// The private key of our certificate (PEM), readable by its owner alone; or set `POLLUX_MQTT_KEY`
    #[arg(long, value_name = "FILE", requires = "cert")]
    cert_key: Option<PathBuf>,
}

impl BrokerOption {
    /// The broker that was named, here or in the site; an unencrypted one must be on this machine or allowed.
    pub(crate) fn resolve(&self, site: &Site) -> Result<BrokerUrl, Failure> {
        let Some(named) = self.broker.as_ref().or(site.broker.as_ref()) else {
            return Err(Failure::new("no broker: name one with --broker, or in the site".to_owned()));
        };
        let url: BrokerUrl = named.parse()?;
        if !url.tls && !url.is_loopback() && !self.allows_insecure(site) {
            return Err(LinkError::Insecure(url).into());
        }
        link::check_tls(&url, &self.tls()?)?;
        Ok(url)
    }

    /// Whether plain text may leave this machine.
    pub(crate) fn allows_insecure(&self, site: &Site) -> bool {
        self.allow_insecure || site.allow_insecure
    }

    /// The certificates that were named, here or in the environment.
    pub(crate) fn tls(&self) -> Result<TlsOptions, TlsSetupError> {
        self.certificates.tls()
    }

    /// Who we are at the broker: by the certificate that was named, and by the login of the environment.
    pub(crate) fn credentials(&self) -> Result<Credentials, TlsSetupError> {
        self.certificates.credentials()
    }
}

impl CertificateOptions {
    /// The certificates that were named, here or in the environment.
    fn tls(&self) -> Result<TlsOptions, TlsSetupError> {
        let Self { ca, cert, cert_key } = self.clone();
        let named = TlsOptions::of(ca, cert, cert_key)?;
        let around = TlsOptions::from_environment()?;
        Ok(TlsOptions { ca: named.ca.or(around.ca), identity: named.identity.or(around.identity) })
    }

    /// Who we are at the broker: by the certificate that was named, and by the login of the environment.
    pub(crate) fn credentials(&self) -> Result<Credentials, TlsSetupError> {
        self.tls().map(Credentials::from)
    }
}

/// Whose keys are believed.
#[derive(Debug, Clone, Args)]
pub(crate) struct KeysOption {
    /// The registry of keys by which all that is signed is verified (see `pollux keys`); keys.ron beside the site where it is
    /// not named and lies there
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// Who must have signed the registry, such as ed25519:3d40…; without it as the site says, else as was seen first
    #[arg(long, value_name = "KEY")]
    authority: Option<PublicKey>,
}

impl KeysOption {
    /// Whether any of it was given.
    pub(crate) fn is_given(&self) -> bool {
        self.keys.is_some() || self.authority.is_some()
    }

    /// The keys of a site, for this program. What a person should know of them goes to standard error.
    pub(crate) fn resolve(&self, loaded: &LoadedSite, program: &str) -> Result<Keys, Failure> {
        let store = trust_store(&sessions_dir(), &loaded.site, program);
        let at = KeysAt { file: self.keys.as_deref(), authority: self.authority, store: &store };
        let keys = Keys::find(&loaded.path, &loaded.site, at)?;
        keys.problem.iter().chain(&keys.remarks).for_each(|it| eprintln!("pollux: {it}"));
        Ok(keys)
    }
}

/// Whose word is taken for the keys that a session carries.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct AuthorityOption {
    /// Who must have signed the registry of keys in the session, such as ed25519:3d40…; without it as the site says that is
    /// named, else as was believed on this machine for a site of that name
    #[arg(long, value_name = "KEY")]
    authority: Option<PublicKey>,
}

impl AuthorityOption {
    /// The recording, with the authorities that are known for its site; `named` is a site that did not come out of it.
    pub(crate) fn warrant(self, recording: Recording, named: Option<&Site>, name: &str) -> Result<Recording, Failure> {
        let known = match (self.authority, named.and_then(|it| it.authority.as_ref())) {
            (Some(authority), _) => vec![authority],
            (None, Some(of_site)) => vec![of_site.parse::<PublicKey>()?],
            // The store's folder is the same for all programs and sites.
            (None, None) => Authorities::beside(&sessions_dir()).of_site(name),
        };
        Ok(recording.with_authorities(known))
    }
}

/// What a person should know of the keys that a recording carries, as sentences without their end.
pub(crate) fn of_keys(recording: &Recording) -> Vec<String> {
    recording.refused_registries().into_iter().chain(recording.names_its_own_authority()).collect()
}

/// Parses `20s`, `500ms`, `2min`, `1h`, `7d`; a bare number is seconds.
pub(crate) fn parse_span(text: &str) -> Result<Duration, String> {
    let digits = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let wrong = || format!("{text:?} is no span of time: expected such as 20s, 500ms, 2min, 24h");
    let number: f64 = number.parse().ok().ok_or_else(wrong)?;
    let secs = match unit.trim() {
        "" | "s" => number,
        "ms" => number / 1e3,
        "min" | "m" => number * 60.0,
        "h" => number * 3600.0,
        "d" => number * 86_400.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(secs).ok().ok_or_else(wrong)
}

/// Parses `FROM/TO`, two instants in their order.
pub(crate) fn parse_range(text: &str) -> Result<(Timestamp, Timestamp), String> {
    let wrong = || format!("{text:?} is no range: expected two instants in their order with a / between them");
    let (from, to) = text.split_once('/').ok_or_else(wrong)?;
    let time = |it: &str| it.parse::<Timestamp>().map_err(|error| error.to_string());
    let (from, to) = (time(from)?, time(to)?);
    if from < to { Ok((from, to)) } else { Err(wrong()) }
}
