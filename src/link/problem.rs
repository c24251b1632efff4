//! Why there is no connection, told so that a person knows what to mend.

use std::io::{self, ErrorKind};

use rumqttc::{ConnectReturnCode, ConnectionError, DisconnectReasonCode, StateError};

use super::tls_problem::explain_tls;
use crate::signal::Timestamp;

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
    #[error(
        "the broker at {at} refuses these credentials: {}set POLLUX_MQTT_USER and POLLUX_MQTT_PASSWORD",
        if *has_identity { "show a certificate whose name it knows (--cert), or " } else { "" }
    )]
    NotAuthorized {
        /// `host:port`.
        at: String,
        /// A certificate was among them.
        has_identity: bool,
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
    #[error("{at} closes the connection without a word: it may speak TLS alone (mqtts://), or no MQTT 5")]
    ClosedAtOnce {
        /// `host:port`.
        at: String,
    },
    /// It took the connection and says nothing.
    #[error(
        "{at} takes the connection but doesn't answer: check the port, or whether it {}",
        if *tls { "speaks TLS at all (mqtt://)" } else { "wants TLS (mqtts://)" }
    )]
    Silent {
        /// `host:port`.
        at: String,
        /// TLS was tried.
        tls: bool,
    },
    /// TLS was tried where there is none.
    #[error("what listens at {at} speaks no TLS: check the port, or write mqtt:// if the broker is on this machine")]
    NoTls {
        /// `host:port`.
        at: String,
    },
    /// Plain text was tried where there is TLS.
    #[error("the port at {at} speaks TLS: write mqtts://")]
    OnlyTls {
        /// `host:port`.
        at: String,
    },
    /// The broker speaks an older TLS, or with ciphers that are not taken.
    #[error(
        "the broker at {at} offers no TLS that is good enough: it must speak TLS 1.3, or 1.2 with ECDHE and AES-GCM or ChaCha20"
    )]
    OldTls {
        /// `host:port`.
        at: String,
    },
    /// The broker's certificate is signed by somebody whom we don't believe: it may be an impostor.
    #[error(
        "the certificate of {at} was issued by an authority that is not believed here, so it may be somebody else: if it is the right broker, name its authority's file with --ca (POLLUX_MQTT_CA)"
    )]
    UnknownAuthority {
        /// `host:port`.
        at: String,
    },
    /// The broker's certificate holds no more.
    #[error(
        "the certificate of {at} has expired{}: have the broker's certificate renewed, and check this machine's clock",
        since.map_or_else(String::new, |it| format!(" at {it}"))
    )]
    Expired {
        /// `host:port`.
        at: String,
        /// Since when. `None`: the library does not say.
        since: Option<Timestamp>,
    },
    /// The broker's certificate does not hold yet.
    #[error(
        "the certificate of {at} is not valid yet{}: check the clocks of this machine and of the one that issued it",
        from.map_or_else(String::new, |it| format!(", only from {it} on"))
    )]
    NotYetValid {
        /// `host:port`.
        at: String,
        /// From when on. `None`: the library does not say.
        from: Option<Timestamp>,
    },
    /// The broker's certificate is good, and for somebody else.
    #[error(
        "the certificate of {at} is for another name{}: write the name that it is for, or have one issued for this one",
        if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
    )]
    WrongName {
        /// `host:port`.
        at: String,
        /// What it is for.
        names: Vec<String>,
    },
    /// The broker's certificate was taken back.
    #[error("the certificate of {at} was revoked: do not trust this broker until it has another one")]
    Revoked {
        /// `host:port`.
        at: String,
    },
    /// The broker wants to know who we are.
    #[error(
        "the broker at {at} wants a certificate of ours, and none was given: name one with --cert and --cert-key (POLLUX_MQTT_CERT, POLLUX_MQTT_KEY)"
    )]
    NoCertificate {
        /// `host:port`.
        at: String,
    },
    /// The broker does not believe who signed our certificate.
    #[error(
        "the broker at {at} does not know the authority that issued our certificate: use one that the broker's authority has issued (--cert)"
    )]
    OwnUnknown {
        /// `host:port`.
        at: String,
    },
    /// Our certificate holds no more.
    #[error("the broker at {at} refuses us: our certificate has expired; have it renewed (--cert)")]
    OwnExpired {
        /// `host:port`.
        at: String,
    },
    /// Our certificate was taken back.
    #[error("the broker at {at} refuses us: our certificate was revoked; have another one issued (--cert)")]
    OwnRevoked {
        /// `host:port`.
        at: String,
    },
    /// The broker has something else against our certificate.
    #[error(
        "the broker at {at} refuses our certificate ({why}): check that it may be used by clients, and that the broker knows its name"
    )]
    OwnRefused {
        /// `host:port`.
        at: String,
        /// TLS's name for the reason.
        why: String,
    },
    /// TLS failed in another way.
    #[error("no TLS with {at} ({why}): check the certificates on both sides, and the broker's log")]
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

/// What is known of a connection that failed or ended, beside the error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    /// `host:port`.
    pub(crate) at: &'a str,
    /// It was to be encrypted.
    pub(crate) tls: bool,
    /// We have a certificate to show.
    pub(crate) has_identity: bool,
    /// The broker had taken us.
    pub(crate) was_connected: bool,
    /// The first bytes that came, decrypted.
    pub(crate) first: &'a [u8],
}

/// Tells what was wrong.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add kinds, and the rest is told by its own words")]
pub(crate) fn explain(error: &ConnectionError, attempt: Attempt<'_>) -> LinkProblem {
    let at = attempt.at.to_owned();
    match error {
        ConnectionError::Io(io) => explain_io(io, attempt),
        ConnectionError::Timeout(_) if !attempt.first.is_empty() => ended(attempt),
        ConnectionError::Timeout(_) => LinkProblem::Silent { at, tls: attempt.tls },
        ConnectionError::ConnectionRefused(code) => refused(*code, attempt),
        ConnectionError::NotConnAck(_) => LinkProblem::Garbage { at, said: printable(attempt.first) },
        ConnectionError::MqttState(state) => explain_state(state, attempt),
        other => LinkProblem::Lost { at, why: other.to_string() },
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is told by the system's own words")]
fn explain_io(io: &io::Error, attempt: Attempt<'_>) -> LinkProblem {
    if let Some(problem) = explain_tls(io, &attempt) {
        return problem;
    }
    let at = attempt.at.to_owned();
    match io.kind() {
        ErrorKind::ConnectionRefused => LinkProblem::Refused { at },
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => ended(attempt),
        // The resolver's failures have no kind of their own.
        _ if !attempt.was_connected && io.raw_os_error().is_none() => LinkProblem::UnknownName { at },
        _ => LinkProblem::Unreachable { at, why: io.to_string() },
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add kinds, and the rest is told by its own words")]
fn explain_state(error: &StateError, attempt: Attempt<'_>) -> LinkProblem {
    use rumqttc::Error;
    let at = attempt.at.to_owned();
    match error {
        StateError::Deserialization(Error::PayloadSizeLimitExceeded { pkt_size, max }) if attempt.was_connected => {
            LinkProblem::TooLarge { at, bytes: *pkt_size, limit: *max }
        }
        StateError::Deserialization(Error::Io(io)) | StateError::Io(io) => {
            explain_tls(io, &attempt).unwrap_or_else(|| ended(attempt))
        }
        StateError::ConnectionAborted => ended(attempt),
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
        StateError::ConnFail { reason } => refused(*reason, attempt),
        StateError::AwaitPingResp => LinkProblem::Lost { at, why: "the broker has fallen silent".to_owned() },
        _ if !attempt.was_connected => ended(attempt),
        StateError::Deserialization(_) | StateError::ProtocolViolation(_) => {
            LinkProblem::Lost { at, why: format!("the broker sent what is not MQTT 5 ({error})") }
        }
        other => LinkProblem::Lost { at, why: other.to_string() },
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add kinds, and the rest is told by its own words")]
fn refused(code: ConnectReturnCode, attempt: Attempt<'_>) -> LinkProblem {
    use ConnectReturnCode as Code;
    let (at, has_identity) = (attempt.at.to_owned(), attempt.has_identity);
    match code {
        Code::RefusedProtocolVersion | Code::UnsupportedProtocolVersion => LinkProblem::NoMqtt5 { at },
        Code::BadUserNamePassword | Code::NotAuthorized | Code::BadAuthenticationMethod => {
            LinkProblem::NotAuthorized { at, has_identity }
        }
        other => LinkProblem::Denied { at, why: format!("{other:?}") },
    }
}

/// A connection that closed, or that could not be read: the first bytes tell what was at the other end.
fn ended(attempt: Attempt<'_>) -> LinkProblem {
    let at = attempt.at.to_owned();
    match attempt.first {
        _ if attempt.was_connected => LinkProblem::Lost { at, why: "the broker closed it".to_owned() },
        [] => LinkProblem::ClosedAtOnce { at },
        // MQTT 3.1.1 answers in four bytes, which an MQTT 5 client cannot read. 4 and 5 are about credentials.
        [0x20, 2, _, 4 | 5, ..] => LinkProblem::NotAuthorized { at, has_identity: attempt.has_identity },
        [0x20, 2, _, 1, ..] => LinkProblem::NoMqtt5 { at },
        [0x20, _, _, 0x84, ..] => LinkProblem::NoMqtt5 { at },
        [0x20, 2, _, code, ..] => LinkProblem::Denied { at, why: format!("MQTT 3.1.1 return code {code}") },
        // TLS alerts and handshakes.
        [0x15 | 0x16, 3, ..] => LinkProblem::OnlyTls { at },
        first => LinkProblem::Garbage { at, said: printable(first) },
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
        let attempt = Attempt { at: "plant:1883", tls: false, has_identity: false, was_connected: false, first };
        let got = ended(attempt).to_string();
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
