//! A small certificate authority, for demos and tests: ECDSA over P-256, signed with SHA-256.
//!
//! It asks nobody who they are. A plant has a real one.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber,
    date_time_ymd,
};
use secrecy::{ExposeSecret, SecretString};
use x509_parser::pem::parse_x509_pem;

use super::tls::Identity;
use crate::signal::Timestamp;

/// What a certificate is issued for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A broker, under these names and addresses.
    Broker(Vec<String>),
    /// A client: its name is the user's at the broker.
    Client,
}

/// One who issues certificates.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key.
#[derive(Debug, Clone)]
pub struct Issued {
    /// PEM.
    pub certificate: String,
    /// PEM. It does not print.
    pub key: SecretString,
}

/// What [`Authority::set_up`] has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificates {
    /// The authority's certificate: what both sides believe.
    pub ca: PathBuf,
    /// The broker's.
    pub broker: Identity,
    /// The clients', by name.
    pub clients: BTreeMap<String, Identity>,
}

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// The library refuses.
    #[error("no certificate can be made for {0:?}")]
    Library(String, #[source] rcgen::Error),
    /// There is an authority already.
    #[error("{at} stays as it is: there is an authority in it already; choose another folder, or remove it", at = .0.display())]
    Exists(PathBuf),
    /// What was to be taken back cannot be read.
    #[error("this is no certificate that could be taken back")]
    NoCertificate,
    /// A name that is no file's name.
    #[error("{0:?} cannot be the name of a certificate: letters, digits, - _ and . are allowed")]
    Name(String),
    /// The system said no.
    #[error("{at} cannot be written", at = at.display())]
    Io {
        /// Which file.
        at: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
}

impl Authority {
    /// A new one, with a key of its own, that holds from one instant to another.
    pub fn new(name: &str, from: Timestamp, to: Timestamp) -> Result<Self, PkiError> {
        let refused = |why| PkiError::Library(name.to_owned(), why);
        let mut params = params(name, from, to);
        // It issues for others, and no further authority.
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(refused)?;
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, key).map_err(refused)? })
    }

    /// Its certificate and its key.
    pub fn own(&self) -> Issued {
        Issued { certificate: self.issuer.pem(), key: self.issuer.key().serialize_pem().into() }
    }

    /// Issues a certificate with a new key.
    pub fn issue(&self, name: &str, purpose: &Purpose, from: Timestamp, to: Timestamp) -> Result<Issued, PkiError> {
        let refused = |why| PkiError::Library(name.to_owned(), why);
        let mut params = params(name, from, to);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        match purpose {
            Purpose::Broker(names) => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
                params.subject_alt_names =
                    names.iter().map(|it| alternative(it)).collect::<Result<_, _>>().map_err(refused)?;
            }
            Purpose::Client => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        }
        let key = KeyPair::generate().map_err(refused)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(refused)?;
        Ok(Issued { certificate: certificate.pem(), key: key.serialize_pem().into() })
    }

    /// What is taken back, at the instant at which the list begins: a list (PEM) that holds from one instant to another.
    pub fn take_back(&self, revoked: &[&Issued], from: Timestamp, to: Timestamp) -> Result<String, PkiError> {
        let epoch = date_time_ymd(1970, 1, 1);
        let take_back = |it: &&Issued| {
            Some(RevokedCertParams {
                serial_number: SerialNumber::from_slice(&serial(&it.certificate)?),
                revocation_time: epoch + since_epoch(from),
                reason_code: None,
                invalidity_date: None,
            })
        };
        let list = CertificateRevocationListParams {
            this_update: epoch + since_epoch(from),
            next_update: epoch + since_epoch(to),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(take_back).collect::<Option<_>>().ok_or(PkiError::NoCertificate)?,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let signed = list.signed_by(&self.issuer).and_then(|it| it.pem());
        signed.map_err(|why| PkiError::Library("a list of what is taken back".to_owned(), why))
    }

    /// Makes an authority with certificates for a broker on this machine and for clients, and writes them to a folder, which
    /// is made where there is none: `ca.crt`, `ca.key`, `broker.crt`, `broker.key`, and `clients/NAME.crt`, `.key`. On Unix
    /// the keys are their owner's alone. What is there already is not written over.
    pub fn set_up(
        folder: &Path,
        name: &str,
        clients: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Certificates, PkiError> {
        if let Some(wrong) = clients.iter().find(|it| !is_file_name(it)) {
            return Err(PkiError::Name(wrong.clone()));
        }
        let ca = folder.join("ca.crt");
        if [&ca, &folder.join("ca.key")].into_iter().any(|it| it.exists()) {
            return Err(PkiError::Exists(folder.to_owned()));
        }
        let below = folder.join("clients");
        fs::create_dir_all(&below).map_err(|why| PkiError::Io { at: below.clone(), why })?;
        let authority = Self::new(name, from, to)?;
        authority.own().write(folder, "ca")?;
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        let broker = authority.issue("broker", &Purpose::Broker(names), from, to)?.write(folder, "broker")?;
        let issue = |name: &String| -> Result<(String, Identity), PkiError> {
            Ok((name.clone(), authority.issue(name, &Purpose::Client, from, to)?.write(&below, name)?))
        };
        Ok(Certificates { ca, broker, clients: clients.iter().map(issue).collect::<Result<_, _>>()? })
    }
}

impl Issued {
    /// Writes `NAME.crt` and `NAME.key` to a folder. What is there already is not written over.
    pub fn write(&self, folder: &Path, name: &str) -> Result<Identity, PkiError> {
        let [certificate, key] = ["crt", "key"].map(|it| folder.join(format!("{name}.{it}")));
        // The key first: a certificate without one is of no use to anybody.
        write_new(&key, self.key.expose_secret(), true)?;
        write_new(&certificate, &self.certificate, false)?;
        Ok(Identity { certificate, key })
    }
}

/// On Unix a secret is its owner's alone from the first instant.
fn write_new(at: &Path, text: &str, secret: bool) -> Result<(), PkiError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if secret {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let written = options.open(at).and_then(|mut it| it.write_all(text.as_bytes()));
    written.map_err(|why| PkiError::Io { at: at.to_owned(), why })
}

fn is_file_name(name: &str) -> bool {
    let allowed = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    !name.is_empty() && !name.starts_with('.') && name.len() <= 64 && name.chars().all(allowed)
}

/// To the second, as certificates tell it.
fn since_epoch(at: Timestamp) -> Duration {
    Duration::from_secs(at.as_secs_f64() as u64)
}

fn params(name: &str, from: Timestamp, to: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    // The default is the library's own name.
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let epoch = date_time_ymd(1970, 1, 1);
    (params.not_before, params.not_after) = (epoch + since_epoch(from), epoch + since_epoch(to));
    // Sixteen random bytes, positive.
    let mut serial: [u8; 16] = rand::random();
    serial[0] = serial[0] & 0x7f | 1;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params
}

/// The serial number of a certificate (PEM).
fn serial(certificate: &str) -> Option<Vec<u8>> {
    let (_, pem) = parse_x509_pem(certificate.as_bytes()).ok()?;
    Some(pem.parse_x509().ok()?.raw_serial().to_vec())
}

fn alternative(name: &str) -> Result<SanType, rcgen::Error> {
    match name.parse() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => Ok(SanType::DnsName(Ia5String::try_from(name)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{TlsOptions, TlsSetupError, check_tls, now};
    use super::*;
    use crate::trust::KeyFileError;

    const DAY: Duration = Duration::from_secs(86_400);

    fn set_up(folder: &Path, clients: &[&str]) -> Result<Certificates, PkiError> {
        let clients: Vec<String> = clients.iter().map(|&it| it.to_owned()).collect();
        Authority::set_up(folder, "Demo CA", &clients, now() - DAY, now() + DAY)
    }

    #[test]
    fn an_authority_is_set_up_once_with_keys_that_are_the_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let made = set_up(folder.path(), &["nf-p1", "gate"]).unwrap();
        assert_eq!(made.clients.keys().collect::<Vec<_>>(), ["gate", "nf-p1"]);
        let keys = [&folder.path().join("ca.key"), &made.broker.key, &made.clients["gate"].key];
        #[cfg(unix)]
        for key in keys {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600, "{}", key.display());
        }
        let before = fs::read(&made.ca).unwrap();
        let error = set_up(folder.path(), &["gate"]).unwrap_err();
        assert!(matches!(error, PkiError::Exists(_)), "{error}");
        assert_eq!(fs::read(&made.ca).unwrap(), before);
    }

    #[test]
    fn a_name_that_leads_out_of_the_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for wrong in ["../gate", "", ".", "a/b", "ä"] {
            assert!(matches!(set_up(folder.path(), &[wrong]), Err(PkiError::Name(_))), "{wrong}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn files_that_are_no_good_are_told_before_anything_is_connected() {
        let folder = tempfile::tempdir().unwrap();
        let made = set_up(folder.path(), &["gate", "desktop"]).unwrap();
        let (gate, desktop) = (&made.clients["gate"], &made.clients["desktop"]);
        let url = "mqtts://localhost".parse().unwrap();
        let check = |ca: &Path, certificate: &Path, key: &Path| {
            let identity = Identity { certificate: certificate.to_owned(), key: key.to_owned() };
            check_tls(&url, &TlsOptions { ca: Some(ca.to_owned()), identity: Some(identity) })
        };
        assert!(check(&made.ca, &gate.certificate, &gate.key).is_ok());
        let nowhere = folder.path().join("nowhere");
        let said = |it: Result<(), TlsSetupError>| it.unwrap_err();
        assert!(matches!(said(check(&nowhere, &gate.certificate, &gate.key)), TlsSetupError::Unreadable { .. }));
        assert!(matches!(said(check(&gate.key, &gate.certificate, &gate.key)), TlsSetupError::NoCertificate(_)));
        assert!(matches!(said(check(&made.ca, &gate.certificate, &desktop.key)), TlsSetupError::Mismatch(_)));
        fs::copy(&made.ca, &nowhere).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let exposed = said(check(&made.ca, &gate.certificate, &made.ca));
            assert!(matches!(exposed, TlsSetupError::KeyFile(KeyFileError::Exposed { .. })), "{exposed}");
            fs::set_permissions(&nowhere, fs::Permissions::from_mode(0o600)).unwrap();
        }
        assert!(matches!(said(check(&made.ca, &gate.certificate, &nowhere)), TlsSetupError::NoKey(_)));
        fs::write(&nowhere, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        assert!(matches!(said(check(&nowhere, &gate.certificate, &gate.key)), TlsSetupError::Damaged(_)));
        let half = TlsOptions::of(None, Some(gate.certificate.clone()), None);
        assert!(matches!(half, Err(TlsSetupError::Half)));
    }
}
