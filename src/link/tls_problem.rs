//! Why TLS failed, from what the library says of the other end and what the other end says of us.

use std::io::{self, ErrorKind};

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

use super::dial::HandshakeError;
use super::problem::{Attempt, LinkProblem};
use crate::signal::Timestamp;

/// Tells what was wrong, where it was TLS. `None`: it was something else.
pub(super) fn explain_tls(error: &io::Error, attempt: &Attempt<'_>) -> Option<LinkProblem> {
    let inner = error.get_ref()?;
    if let Some(HandshakeError(why)) = inner.downcast_ref() {
        return Some(match library(why) {
            Some(error) => of_error(error, attempt),
            None => unshaken(why, attempt),
        });
    }
    library(error).map(|it| of_error(it, attempt))
}

/// Whether an error comes from TLS itself.
pub(super) fn is_tls(error: &io::Error) -> bool {
    library(error).is_some()
}

fn library(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// The other end closed, or broke off, before a word of TLS.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is told by its own words")]
fn unshaken(error: &io::Error, attempt: &Attempt<'_>) -> LinkProblem {
    let at = attempt.at.to_owned();
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => LinkProblem::NoTls { at },
        _ => LinkProblem::Tls { at, why: error.to_string() },
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add kinds, and the rest is told by its own words")]
fn of_error(error: &Error, attempt: &Attempt<'_>) -> LinkProblem {
    let at = attempt.at.to_owned();
    match error {
        Error::InvalidCertificate(why) => of_certificate(why, at),
        Error::AlertReceived(alert) => of_alert(*alert, attempt),
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            LinkProblem::NoTls { at }
        }
        Error::PeerIncompatible(_) => LinkProblem::OldTls { at },
        other => LinkProblem::Tls { at, why: other.to_string() },
    }
}

/// The broker's certificate is not taken.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add kinds, and the rest is told by its own words")]
fn of_certificate(why: &CertificateError, at: String) -> LinkProblem {
    let instant = |it: u64| Timestamp::from_secs_f64(it as f64);
    match why {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => LinkProblem::UnknownAuthority { at },
        CertificateError::ExpiredContext { not_after, .. } => {
            LinkProblem::Expired { at, since: Some(instant(not_after.as_secs())) }
        }
        CertificateError::Expired => LinkProblem::Expired { at, since: None },
        CertificateError::NotValidYetContext { not_before, .. } => {
            LinkProblem::NotYetValid { at, from: Some(instant(not_before.as_secs())) }
        }
        CertificateError::NotValidYet => LinkProblem::NotYetValid { at, from: None },
        CertificateError::NotValidForNameContext { presented, .. } => {
            LinkProblem::WrongName { at, names: presented.iter().map(|it| plain_name(it)).collect() }
        }
        CertificateError::NotValidForName => LinkProblem::WrongName { at, names: Vec::new() },
        CertificateError::Revoked => LinkProblem::Revoked { at },
        other => LinkProblem::Tls { at, why: other.to_string() },
    }
}

/// The broker says what it has against us (RFC 8446, 6.2).
#[expect(clippy::wildcard_enum_match_arm, reason = "the library may add kinds, and the rest is told by its own words")]
fn of_alert(alert: AlertDescription, attempt: &Attempt<'_>) -> LinkProblem {
    use AlertDescription as Alert;
    let at = attempt.at.to_owned();
    match alert {
        Alert::CertificateRequired | Alert::NoCertificate => LinkProblem::NoCertificate { at },
        Alert::BadCertificate if !attempt.has_identity => LinkProblem::NoCertificate { at },
        Alert::UnknownCA => LinkProblem::OwnUnknown { at },
        Alert::CertificateExpired => LinkProblem::OwnExpired { at },
        Alert::CertificateRevoked => LinkProblem::OwnRevoked { at },
        Alert::BadCertificate | Alert::UnsupportedCertificate | Alert::CertificateUnknown | Alert::AccessDenied => {
            LinkProblem::OwnRefused { at, why: format!("{alert:?}") }
        }
        Alert::ProtocolVersion | Alert::InsufficientSecurity => LinkProblem::OldTls { at },
        // Before TLS 1.3 there is no word of its own for a certificate that is missing.
        Alert::HandshakeFailure if !attempt.has_identity => {
            LinkProblem::Tls { at, why: "the broker breaks off: it may want a certificate of ours".to_owned() }
        }
        Alert::HandshakeFailure => LinkProblem::OldTls { at },
        other => LinkProblem::Tls { at, why: format!("the broker says {other:?}") },
    }
}

/// `DnsName("plant")` and `IpAddress(10.0.0.1)` as a person would write them.
fn plain_name(name: &str) -> String {
    let inner = name.split_once('(').and_then(|it| it.1.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: Error, has_identity: bool, want: &str) {
        let attempt = Attempt { at: "plant:8883", tls: true, has_identity, was_connected: false, first: &[] };
        let wrapped = io::Error::new(ErrorKind::InvalidData, error);
        let told = explain_tls(&wrapped, &attempt).unwrap().to_string();
        assert!(told.contains(want) && told.contains("plant:8883"), "{told:?} should say {want:?}");
    }

    #[test]
    fn what_the_broker_has_against_our_certificate_is_told_with_the_mend() {
        let alert = Error::AlertReceived;
        check(alert(AlertDescription::CertificateRequired), false, "name one with --cert");
        check(alert(AlertDescription::BadCertificate), false, "name one with --cert");
        check(alert(AlertDescription::BadCertificate), true, "BadCertificate");
        check(alert(AlertDescription::UnknownCA), true, "does not know the authority that issued our certificate");
        check(alert(AlertDescription::CertificateExpired), true, "our certificate has expired");
        check(alert(AlertDescription::CertificateRevoked), true, "our certificate was revoked");
        check(alert(AlertDescription::AccessDenied), true, "AccessDenied");
        check(alert(AlertDescription::ProtocolVersion), true, "offers no TLS that is good enough");
        check(alert(AlertDescription::HandshakeFailure), true, "offers no TLS that is good enough");
        check(alert(AlertDescription::HandshakeFailure), false, "may want a certificate");
    }

    #[test]
    fn what_is_wrong_with_the_brokers_certificate_is_told_with_the_mend() {
        let certificate = Error::InvalidCertificate;
        check(certificate(CertificateError::UnknownIssuer), false, "--ca");
        check(certificate(CertificateError::Expired), false, "has expired");
        check(certificate(CertificateError::NotValidYet), false, "is not valid yet");
        check(certificate(CertificateError::NotValidForName), false, "is for another name");
        check(certificate(CertificateError::Revoked), false, "was revoked");
        check(Error::InvalidMessage(InvalidMessage::InvalidContentType), false, "mqtt://");
    }

    #[test]
    fn names_are_told_as_a_person_writes_them() {
        assert_eq!(plain_name("DnsName(\"plant\")"), "plant");
        assert_eq!(plain_name("IpAddress(10.0.0.1)"), "10.0.0.1");
        assert_eq!(plain_name("plant"), "plant");
    }
}
