//! How well a connection is protected: what was agreed upon, with whom, and until when that holds.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use crate::signal::Timestamp;

/// Days before its end from which on a certificate wants to be renewed.
pub const WARNING_DAYS: f64 = 30.0;
const DAY_SECS: f64 = 86_400.0;
const HOUR_SECS: f64 = 3600.0;

/// How well a connection is protected. It proves who the broker is, and nothing about what the broker passes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posture {
    /// What is spoken. `None`: plain text, and whoever is on the way reads and changes it.
    pub protocol: Option<TlsVersion>,
    /// The cipher suite, by its name at IANA. `None`: plain text.
    pub cipher: Option<String>,
    /// The broker's certificate. `None`: plain text, or a certificate that TLS takes and that cannot be told of.
    pub peer: Option<CertificateFacts>,
    /// Our certificate. `None`: we show none.
    pub own: Option<CertificateFacts>,
    /// Whom we believe. `None`: plain text.
    pub roots: Option<Roots>,
}

/// The versions that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsVersion {
    /// RFC 5246, with suites of forward secrecy and authenticated encryption alone.
    V1_2,
    /// RFC 8446.
    V1_3,
}

/// Whose signature under a certificate is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    /// The authorities in this file, and no others.
    Pinned(PathBuf),
    /// The authorities of the system.
    System,
}

/// What stands in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Whose: the common name, or the whole name where there is none.
    pub subject: String,
    /// Who says so, in the same way.
    pub issuer: String,
    /// Names and addresses that it is for.
    pub names: Vec<String>,
    /// From when on it holds.
    pub not_before: Timestamp,
    /// Until when it holds.
    pub not_after: Timestamp,
    /// In hexadecimal digits, a colon between two bytes.
    pub serial: String,
    /// SHA-256 of the whole certificate, 64 hexadecimal digits.
    pub fingerprint: String,
}

/// How the time stands to a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Validity {
    /// It holds, for longer than [`WARNING_DAYS`].
    Good,
    /// It holds, for less than that.
    EndsSoon,
    /// It does not hold yet.
    NotYet,
    /// It holds no more.
    Over,
}

impl Posture {
    /// Plain text.
    pub fn plain() -> Self {
        Self { protocol: None, cipher: None, peer: None, own: None, roots: None }
    }

    /// Whether it is encrypted, and the other end has shown who it is.
    pub fn is_secure(&self) -> bool {
        self.protocol.is_some()
    }

    /// On one line: `TLS 1.3 · TLS13_AES_256_GCM_SHA384 · broker.local, issued by Demo CA, until 2027-01-31`.
    pub fn words(&self) -> String {
        let Some(protocol) = self.protocol else { return "plain text, not encrypted".to_owned() };
        let parts =
            [Some(protocol.label().to_owned()), self.cipher.clone(), self.peer.as_ref().map(CertificateFacts::words)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// Of the two certificates those that want a person: whose it is (`the broker's`, `our`), and how it stands.
    pub fn warnings(&self, now: Timestamp) -> Vec<(&'static str, &CertificateFacts)> {
        let both = [("the broker's", &self.peer), ("our", &self.own)];
        let told = both.into_iter().filter_map(|(whose, it)| Some((whose, it.as_ref()?)));
        told.filter(|(_, it)| it.validity(now) != Validity::Good).collect()
    }
}

impl TlsVersion {
    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::V1_2 => "TLS 1.2",
            Self::V1_3 => "TLS 1.3",
        }
    }
}

impl Roots {
    /// For a person.
    pub fn words(&self) -> String {
        match self {
            Self::Pinned(path) => format!(
                "only the authorities in {} are believed",
                path.file_name().unwrap_or(path.as_os_str()).to_string_lossy()
            ),
            Self::System => "the authorities of this system are believed".to_owned(),
        }
    }
}

impl CertificateFacts {
    /// What stands in a certificate (DER). `None`: it cannot be read.
    pub fn of(der: &[u8]) -> Option<Self> {
        let (_, it) = X509Certificate::from_der(der).ok()?;
        let names = it.subject_alternative_name().ok().flatten();
        Some(Self {
            subject: name(it.subject()),
            issuer: name(it.issuer()),
            names: names.map_or_else(Vec::new, |it| it.value.general_names.iter().filter_map(one_name).collect()),
            not_before: instant(it.validity().not_before),
            not_after: instant(it.validity().not_after),
            serial: it.raw_serial_as_string(),
            fingerprint: Sha256::digest(der).iter().map(|it| format!("{it:02x}")).collect(),
        })
    }

    /// `broker.local, issued by Demo CA, until 2027-01-31`.
    pub fn words(&self) -> String {
        format!("{}, issued by {}, until {}", self.subject, self.issuer, day(self.not_after))
    }

    /// How the time stands to it.
    pub fn validity(&self, now: Timestamp) -> Validity {
        if now < self.not_before {
            Validity::NotYet
        } else if now >= self.not_after {
            Validity::Over
        } else if self.not_after.secs_since(now) < WARNING_DAYS * DAY_SECS {
            Validity::EndsSoon
        } else {
            Validity::Good
        }
    }

    /// How long it holds, from now on: `expires in 12 days`.
    pub fn expiry_words(&self, now: Timestamp) -> String {
        match self.validity(now) {
            Validity::NotYet => format!("is not valid before {}", day(self.not_before)),
            Validity::Over => format!("expired {} ago", span(now.secs_since(self.not_after))),
            Validity::Good | Validity::EndsSoon => format!("expires in {}", span(self.not_after.secs_since(now))),
        }
    }
}

/// The one common name in a certificate, letter by letter. `None`: there is none, or more than one.
pub(super) fn common_name(der: &[u8]) -> Option<String> {
    let (_, it) = X509Certificate::from_der(der).ok()?;
    let mut names = it.subject().iter_common_name();
    let name = names.next()?.as_str().ok()?.to_owned();
    names.next().is_none().then_some(name)
}

/// The common name, or all of it; without what would not show.
fn name(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().next().and_then(|it| it.as_str().ok()).map(str::to_owned);
    shown(&common.unwrap_or_else(|| name.to_string()))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other kinds of names mean nothing to a person here")]
fn one_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(it) | GeneralName::RFC822Name(it) | GeneralName::URI(it) => Some(shown(it)),
        GeneralName::IPAddress(it) => match it.len() {
            4 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(*it).ok()?).to_string()),
            16 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(*it).ok()?).to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).collect()
}

/// What lies outside of the years that can be told is moved to their ends.
fn instant(time: ASN1Time) -> Timestamp {
    Timestamp::from_nanos(time.timestamp().max(0).saturating_mul(1_000_000_000))
}

fn day(at: Timestamp) -> String {
    at.to_string().split('T').next().unwrap_or_default().to_owned()
}

/// Whole days, or hours where there are less than two days. Rounded down: nobody is promised more than there is.
fn span(secs: f64) -> String {
    let (count, what) = match secs {
        it if it < 2.0 * DAY_SECS => ((it / HOUR_SECS).floor(), "hour"),
        it => ((it / DAY_SECS).floor(), "day"),
    };
    format!("{count} {what}{}", if count == 1.0 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    use super::*;

    fn facts() -> CertificateFacts {
        let names = ["broker.local", "127.0.0.1", "::1"].map(str::to_owned);
        let mut params = CertificateParams::new(names.to_vec()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "broker\u{7}.local");
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 31);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        CertificateFacts::of(certificate.der()).unwrap()
    }

    #[test]
    fn a_certificate_tells_whose_it_is_for_what_and_until_when() {
        let facts = facts();
        assert_eq!(facts.words(), "broker.local, issued by broker.local, until 2027-01-31");
        assert_eq!(facts.names, ["broker.local", "127.0.0.1", "::1"]);
        assert_eq!(facts.fingerprint.len(), 64);
        assert_eq!(CertificateFacts::of(b"no certificate"), None);
    }

    #[test]
    fn a_posture_is_told_on_one_line() {
        let posture = Posture {
            protocol: Some(TlsVersion::V1_3),
            cipher: Some("TLS13_AES_256_GCM_SHA384".to_owned()),
            peer: Some(facts()),
            own: None,
            roots: Some(Roots::System),
        };
        let want = "TLS 1.3 · TLS13_AES_256_GCM_SHA384 · broker.local, issued by broker.local, until 2027-01-31";
        assert_eq!(posture.words(), want);
        assert!(posture.is_secure());
        assert_eq!(Posture::plain().words(), "plain text, not encrypted");
    }

    #[test]
    fn a_certificate_that_ends_within_thirty_days_is_told_of() {
        let facts = facts();
        let check = |now: &str, validity: Validity, words: &str| {
            let now = now.parse().unwrap();
            assert_eq!((facts.validity(now), facts.expiry_words(now).as_str()), (validity, words), "{now}");
            let posture = Posture { own: Some(facts.clone()), ..Posture::plain() };
            let told = posture.warnings(now).into_iter().map(|it| it.0).collect::<Vec<_>>();
            assert_eq!(told, if validity == Validity::Good { vec![] } else { vec!["our"] });
        };
        check("2025-12-31T00:00:00Z", Validity::NotYet, "is not valid before 2026-01-01");
        check("2027-01-01T00:00:00Z", Validity::Good, "expires in 30 days");
        check("2027-01-01T00:00:01Z", Validity::EndsSoon, "expires in 29 days");
        check("2027-01-30T22:30:00Z", Validity::EndsSoon, "expires in 1 hour");
        check("2027-01-31T00:00:00Z", Validity::Over, "expired 0 hours ago");
        check("2027-02-03T00:00:00Z", Validity::Over, "expired 3 days ago");
    }
}
