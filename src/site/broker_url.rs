//! Where a broker is: `mqtt://host:port` or `mqtts://host:port`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A broker's address. Never holds credentials: those come from the environment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BrokerUrl {
    /// A name or an address; an IPv6 address without its brackets.
    pub host: String,
    /// 1883 by default, 8883 with TLS.
    pub port: u16,
    /// Whether the connection is encrypted and the broker's certificate checked.
    pub tls: bool,
}

/// Why a text is not a broker's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// A scheme that is neither `mqtt` nor `mqtts`.
    #[error("{0:?} is no scheme for a broker: write mqtt://host:port, or mqtts://host:port with TLS")]
    Scheme(String),
    /// A user or a password stands in the address.
    #[error("a broker's address must not hold credentials: set POLLUX_MQTT_USER and POLLUX_MQTT_PASSWORD instead")]
    Credentials,
    /// Nothing where the host should stand.
    #[error("{0:?} names no host: write mqtt://host:port")]
    NoHost(String),
    /// A port that is no number from 1 to 65535.
    #[error("{0:?} is no port: write a number from 1 to 65535")]
    Port(String),
    /// Something after the port.
    #[error("{0:?} is not expected after the port: a broker's address ends there")]
    Path(String),
}

impl BrokerUrl {
    /// Whether the traffic stays on this machine.
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
    }

    /// `host:port`, for messages.
    pub fn address(&self) -> String {
        let host = &self.host;
        if host.contains(':') { format!("[{host}]:{}", self.port) } else { format!("{host}:{}", self.port) }
    }
}

impl FromStr for BrokerUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (tls, rest) = match text.trim().split_once("://") {
            None => (false, text.trim()),
            Some(("mqtt" | "tcp", rest)) => (false, rest),
            Some(("mqtts" | "ssl" | "tls", rest)) => (true, rest),
            Some((scheme, _)) => return Err(UrlError::Scheme(scheme.to_owned())),
        };
        if rest.contains('@') {
            return Err(UrlError::Credentials);
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if let Some(slash) = rest.find('/') {
            return Err(UrlError::Path(rest[slash..].to_owned()));
        }
        let (host, port) = split_port(rest);
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(UrlError::NoHost(text.to_owned()));
        }
        let port = match port {
            None => {
                if tls {
                    8883
                } else {
                    1883
                }
            }
            Some(port) => match port.parse() {
                Ok(port) if port > 0 => port,
                Ok(_) | Err(_) => return Err(UrlError::Port(port.to_owned())),
            },
        };
        Ok(Self { host: host.to_owned(), port, tls })
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "mqtts" } else { "mqtt" }, self.address())
    }
}

/// Splits at the port's colon; those of an IPv6 address stand in brackets, or there are several.
fn split_port(text: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|it| it.split_once(']')) {
        return (host, rest.strip_prefix(':'));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, Some(port)),
        Some(_) | None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Result<&str, UrlError>) {
        assert_eq!(text.parse::<BrokerUrl>().map(|it| it.to_string()), want.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn an_address_is_a_scheme_a_host_and_a_port() {
        check("mqtt://plant:1884", Ok("mqtt://plant:1884"));
        check("localhost", Ok("mqtt://localhost:1883"));
        check("mqtts://plant.example/", Ok("mqtts://plant.example:8883"));
        check("mqtt://[::1]:1900", Ok("mqtt://[::1]:1900"));
        check("::1", Ok("mqtt://[::1]:1883"));
    }

    #[test]
    fn what_is_no_address_says_what_to_write() {
        check("http://plant", Err(UrlError::Scheme("http".to_owned())));
        check("mqtt://me:secret@plant", Err(UrlError::Credentials));
        check("mqtt://", Err(UrlError::NoHost("mqtt://".to_owned())));
        check("plant:0", Err(UrlError::Port("0".to_owned())));
        check("plant:99999", Err(UrlError::Port("99999".to_owned())));
        check("plant:1883/topic", Err(UrlError::Path("/topic".to_owned())));
    }

    #[test]
    fn loopback_is_told_from_the_network() {
        for (text, want) in
            [("localhost", true), ("127.3.2.1", true), ("::1", true), ("10.0.0.1", false), ("plant", false)]
        {
            assert_eq!(text.parse::<BrokerUrl>().expect("a good address").is_loopback(), want, "{text}");
        }
    }
}
