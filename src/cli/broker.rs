//! `pollux broker`: the embedded broker on its own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::Args;
use pollux::link::Broker;

use super::Outcome;

/// Arguments of `broker`.
#[derive(Debug, Args)]
pub(crate) struct BrokerArguments {
    /// The TCP port on this machine (127.0.0.1): nobody else can reach it; 0 takes a free one
    #[arg(long, default_value_t = 1883, value_parser = parse_port)]
    port: u16,
}

/// Runs until it is ended.
pub(crate) fn run(arguments: BrokerArguments) -> Outcome {
    super::log_to_stderr();
    let broker = Broker::start(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), arguments.port))?;
    println!("mqtt://{}", broker.address());
    loop {
        std::thread::park();
    }
}

fn parse_port(text: &str) -> Result<u16, String> {
    text.parse().ok().ok_or_else(|| "expected a number from 0 to 65535".to_owned())
}
