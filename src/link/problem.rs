//! Why there is no connection, told so that a person knows what to mend.

use std::io::ErrorKind;

use rumqttc::{ConnectReturnCode, ConnectionError, DisconnectReasonCode, StateError, TlsError};

/// Why a connection failed or ended. Each text names the place and the mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkProblem {
    /// Nobody listens there.
    #[error("nobody answers at {at}: start the broker there, or name another with --broker")]
    Refused {
        /// `host:port`.
        at: String,
    },
    /// The name means no address.
    #[error("the name in {at} is not known: check the spelling, or write an address")]
    UnknownName {
        /// `host:port`.
        at: String,
    },
    /// The network doesn't reach it, or it is silent.
    #[error("{at} cannot be reached ({why}): check the network, and that the broker runs")]
    Unreachable {
        /// `host:port`.
        at: String,
        /// The system's words.
        why: String,
    },
    /// It is a broker, but of an older MQTT.
    #[error("the broker at {at} speaks no MQTT 5: a version that does is needed (Mosquitto from 1.6 on)")]
    NoMqtt5 {
        /// `host:port`.
        at: String,
    },
    /// It wants credentials, or other ones.
    #[error("the broker at {at} refuses these credentials: set POLLUX_MQTT_USER and POLLUX_MQTT_PASSWORD")]
    NotAuthorized {
        /// `host:port`.
        at: String,
    },
    /// It is a broker and says no.
    #[error("the broker at {at} refuses the connection: {why}")]
    Denied {
        /// `host:port`.
        at: String,
        /// MQTT's name for the reason.
        why: String,
    },
    /// It answers, but not in MQTT.
    #[error("what listens at {at} is no MQTT broker (it says {said:?}): check the port")]
    Garbage {
        /// `host:port`.
        at: String,
        /// Its first bytes, as far as they can be printed.
        said: String,
    },
    /// It took the connection and closed it without a word.
    #[error("{at} closes the connection without a word: it may speak no MQTT 5, or only TLS (mqtts://)")]
    ClosedAtOnce {
        /// `host:port`.
        at: String,
    },
    /// It took the connection and says nothing.
    #[error("{at} takes the connection but doesn't answer: check the port, or whether it wants TLS (mqtts://)")]
    Silent {
        /// `host:port`.
        at: String,
    },
    /// TLS failed.
    #[error("no TLS with {at} ({why}): check the certificate, its authority (POLLUX_MQTT_CA) and the name")]
    Tls {
        /// `host:port`.
        at: String,
        /// The library's words.
        why: String,
    },
    /// A message was larger than is taken.
    #[error("the broker at {at} sent a message of {bytes} bytes, more than the {limit} that are taken")]
    TooLarge {
        /// `host:port`.
        at: String,
        /// Its size.
        bytes: usize,
        /// What is taken.
        limit: u32,
    },
    /// Another client took the name.
    #[error("another client has connected to {at} by the same client id: give one of the two another id")]
    TakenOver {
        /// `host:port`.
        at: String,
    },
    /// An established connection ended.
    #[error("the connection to {at} was lost: {why}")]
    Lost {
        /// `host:port`.
        at: String,
        /// How it ended.
        why: String,
    },
}

/// Tells what was wrong from the error, from whether a session had begun, and from the first bytes that came.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add kinds, and the rest is told by its own words")]
pub(crate) fn explain(error: &ConnectionError, at: &str, was_connected: bool, first: &[u8]) -> LinkProblem {
    let at = at.to_owned();
    match error {
        ConnectionError::Io(io) => match io.kind() {
            ErrorKind::ConnectionRefused => LinkProblem::Refused { at },
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
                ended(at, was_connected, first)
            }
            // The resolver's failures have no kind of their own.
            _ if !was_connected && io.raw_os_error().is_none() => LinkProblem::UnknownName { at },
            _ => LinkProblem::Unreachable { at, why: io.to_string() },
        },
        ConnectionError::Timeout(_) if !first.is_empty() => ended(at, was_connected, first),
        ConnectionError::Timeout(_) => LinkProblem::Silent { at },
        ConnectionError::ConnectionRefused(code) => refused(*code, at),
        ConnectionError::Tls(TlsError::Io(io)) if io.kind() == ErrorKind::UnexpectedEof => LinkProblem::Tls {
            at,
            why: "the connection was closed: the port may speak plain MQTT (mqtt://)".to_owned(),
        },
        ConnectionError::Tls(tls) => LinkProblem::Tls { at, why: tls.to_string() },
        ConnectionError::NotConnAck(_) => LinkProblem::Garbage { at, said: printable(first) },
        ConnectionError::MqttState(state) => explain_state(state, at, was_connected, first),
        other => LinkProblem::Lost { at, why: other.to_string() },
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add kinds, and the rest is told by its own words")]
fn explain_state(error: &StateError, at: String, was_connected: bool, first: &[u8]) -> LinkProblem {
    use rumqttc::Error;
    match error {
        StateError::Deserialization(Error::PayloadSizeLimitExceeded { pkt_size, max }) if was_connected => {
            LinkProblem::TooLarge { at, bytes: *pkt_size, limit: *max }
        }
        StateError::Deserialization(Error::Io(io)) | StateError::Io(io) => match io.kind() {
            ErrorKind::InvalidData => LinkProblem::Tls { at, why: io.to_string() },
            _ => ended(at, was_connected, first),
        },
        StateError::ConnectionAborted => ended(at, was_connected, first),
        StateError::ServerDisconnect { reason_code: DisconnectReasonCode::SessionTakenOver, .. } => {
            LinkProblem::TakenOver { at }
        }
        StateError::ServerDisconnect { reason_code: DisconnectReasonCode::ServerShuttingDown, .. } => {
            LinkProblem::Lost { at, why: "the broker is shutting down".to_owned() }
        }
        StateError::ServerDisconnect { reason_code, reason_string } => LinkProblem::Lost {
            at,
            why: match reason_string {
                Some(words) => format!("the broker said {reason_code:?} ({words})"),
                None => format!("the broker said {reason_code:?}"),
            },
        },
        StateError::ConnFail { reason } => refused(*reason, at),
        StateError::AwaitPingResp => LinkProblem::Lost { at, why: "the broker has fallen silent".to_owned() },
        _ if !was_connected => ended(at, false, first),
        StateError::Deserialization(_) | StateError::ProtocolViolation(_) => {
            LinkProblem::Lost { at, why: format!("the broker sent what is not MQTT 5 ({error})") }
        }
        other => LinkProblem::Lost { at, why: other.to_string() },
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add kinds, and the rest is told by its own words")]
fn refused(code: ConnectReturnCode, at: String) -> LinkProblem {
    use ConnectReturnCode as Code;
    match code {
        Code::RefusedProtocolVersion | Code::UnsupportedProtocolVersion => LinkProblem::NoMqtt5 { at },
        Code::BadUserNamePassword | Code::NotAuthorized | Code::BadAuthenticationMethod => {
            LinkProblem::NotAuthorized { at }
        }
        other => LinkProblem::Denied { at, why: format!("{other:?}") },
    }
}

/// A connection that closed, or that could not be read: the first bytes tell what was at the other end.
fn ended(at: String, was_connected: bool, first: &[u8]) -> LinkProblem {
    match first {
        _ if was_connected => LinkProblem::Lost { at, why: "the broker closed it".to_owned() },
        [] => LinkProblem::ClosedAtOnce { at },
        // MQTT 3.1.1 answers in four bytes, which an MQTT 5 client cannot read. 4 and 5 are about credentials.
        [0x20, 2, _, 4 | 5, ..] => LinkProblem::NotAuthorized { at },
        [0x20, 2, _, 1, ..] => LinkProblem::NoMqtt5 { at },
        [0x20, _, _, 0x84, ..] => LinkProblem::NoMqtt5 { at },
        [0x20, 2, _, code, ..] => LinkProblem::Denied { at, why: format!("MQTT 3.1.1 return code {code}") },
        // TLS alerts and handshakes.
        [0x15 | 0x16, 3, ..] => LinkProblem::Tls { at, why: "the port speaks TLS: write mqtts://".to_owned() },
        _ => LinkProblem::Garbage { at, said: printable(first) },
    }
}

fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|it| if it.is_control() || it == '\u{fffd}' { '·' } else { it })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(first: &[u8], want: &str) {
        let got = ended("plant:1883".to_owned(), false, first).to_string();
        assert!(got.contains(want) && got.contains("plant:1883"), "{first:?}: {got}");
    }

    #[test]
    fn the_first_bytes_tell_who_was_at_the_other_end() {
        check(b"", "without a word");
        check(b"HTTP/1.1 400 Bad Request\r\n", "is no MQTT broker (it says \"HTTP/1.1 400 Bad Request··\")");
        check(&[0x20, 2, 0, 1], "speaks no MQTT 5");
        check(&[0x20, 3, 0, 0x84, 0], "speaks no MQTT 5");
        check(&[0x20, 2, 0, 5], "POLLUX_MQTT_USER");
        check(&[0x20, 2, 0, 3], "return code 3");
        check(&[0x15, 3, 3, 0, 2], "mqtts://");
        check(&[0xff, 0xfe, 0], "is no MQTT broker");
    }
}
