//! `pollux broker`: the embedded broker on its own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use pollux::command::gate::accesses;
use pollux::link::{Broker, Grant, Identity, Login, ServerTls};
use pollux::site::Site;

use super::Outcome;
use super::options::load;

/// The port of MQTT, and of MQTT over TLS (IANA).
const PORTS: (u16, u16) = (1883, 8883);

/// Arguments of `broker`.
#[derive(Debug, Args)]
pub(crate) struct BrokerArguments {
    /// The TCP port on this machine (127.0.0.1): nobody else can reach it; 0 takes a free one [default: 1883, with TLS 8883]
    #[arg(long, value_parser = parse_port)]
    port: Option<u16>,
    /// Speak TLS alone, with the broker's certificate in this folder, and let in whom its authority has issued a certificate
    /// (see `pollux pki demo`)
    #[arg(long, value_name = "FOLDER")]
    tls_dir: Option<PathBuf>,
    /// Grant each certificate what its name needs at this site and nothing else; without it they may do everything
    #[arg(long, requires = "tls_dir")]
    site: Option<PathBuf>,
}

/// Runs until it is ended.
pub(crate) fn run(arguments: BrokerArguments) -> Outcome {
    super::log_to_stderr();
    let bind = |usual| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), arguments.port.unwrap_or(usual));
    let _broker = match &arguments.tls_dir {
        None => {
            let broker = Broker::start(bind(PORTS.0))?;
            println!("mqtt://{}", broker.address());
            broker
        }
        Some(folder) => {
            let grants = match &arguments.site {
                Some(site) => Some(grants(&load(site)?.site)),
                None => None,
            };
            let broker = Broker::secured(bind(PORTS.1), grants, &in_folder(folder))?;
            println!("mqtts://{}", broker.address());
            broker
        }
    };
    loop {
        std::thread::park();
    }
}

/// What each user of a site's broker may do, with a password that was made up.
pub(crate) fn grants(site: &Site) -> Vec<Grant> {
    let grant = |it: pollux::command::gate::Access| Grant {
        login: Login::random(it.user),
        publish: it.publishes.into_iter().collect(),
        subscribe: it.hears.into_iter().collect(),
    };
    accesses(site).into_iter().map(grant).collect()
}

/// The broker's files as `pollux pki demo` names them.
fn in_folder(folder: &Path) -> ServerTls {
    let [ca, certificate, key] = ["ca.crt", "broker.crt", "broker.key"].map(|it| folder.join(it));
    ServerTls { ca, identity: Identity { certificate, key } }
}

fn parse_port(text: &str) -> Result<u16, String> {
    text.parse().ok().ok_or_else(|| "expected a number from 0 to 65535".to_owned())
}
