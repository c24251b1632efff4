//! TLS for `mqtts://`: which authorities are believed, and which certificate is ours.
//!
//! TLS 1.3, and 1.2 with the suites that have forward secrecy and authenticated encryption; nothing else is offered. Host
//! names are always checked, and each connection anew: none is resumed on the word of an earlier one.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore, ServerConfig, SupportedProtocolVersion};

use super::BrokerUrl;
use super::dial::Dialer;
use super::posture::{CertificateFacts, Roots};
use crate::trust::{KeyFileError, read_private};

/// Names a PEM file with the authority that signed the broker's certificate. Not set: the system's authorities.
pub const CA_VARIABLE: &str = "POLLUX_MQTT_CA";
/// Names a PEM file with our certificate, and those between it and its authority.
pub const CERTIFICATE_VARIABLE: &str = "POLLUX_MQTT_CERT";
/// Names a PEM file with the private key of our certificate, its owner's alone.
pub const KEY_VARIABLE: &str = "POLLUX_MQTT_KEY";
/// What is read of a key file: an RSA key of 16,384 bits has some 13 KB.
const MAX_KEY_FILE_BYTES: u64 = 64 << 10;
/// The versions that are offered, the better one first.
const VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// Whom we believe, and who we are, on an encrypted connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// A PEM file with the authorities that are believed, and no others. `None`: those of the system.
    pub ca: Option<PathBuf>,
    /// Our certificate. `None`: we have none, and a broker may refuse that.
    pub identity: Option<Identity>,
}

/// A certificate of ours, in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// PEM: our certificate, then those between it and its authority.
    pub certificate: PathBuf,
    /// PEM: its private key. On Unix the file must be its owner's alone.
    pub key: PathBuf,
}

/// What a broker with TLS stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerTls {
    /// A PEM file with the authorities whose clients are let in.
    pub ca: PathBuf,
    /// The broker's own certificate.
    pub identity: Identity,
}

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// A file cannot be read.
    #[error("the certificate file {path} cannot be read", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        why: io::Error,
    },
    /// The file holds no certificate.
    #[error("the file {path} holds no certificate: a PEM file is expected", path = .0.display())]
    NoCertificate(PathBuf),
    /// The file holds something that looks like a certificate.
    #[error("the file {path} holds a certificate that cannot be read: copy it again", path = .0.display())]
    Damaged(PathBuf),
    /// The key file cannot be read, or others may read it.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The file holds no key.
    #[error("the file {path} holds no private key: a PEM file is expected", path = .0.display())]
    NoKey(PathBuf),
    /// The two don't belong together.
    #[error("the key in {key} does not belong to the certificate in {certificate}", key = .0.key.display(), certificate = .0.certificate.display())]
    Mismatch(Identity),
    /// One of the two was given.
    #[error(
        "a certificate and its key belong together: name both ({CERTIFICATE_VARIABLE} and {KEY_VARIABLE}, or --cert and --cert-key)"
    )]
    Half,
    /// The system has no authorities.
    #[error(
        "this system has no certificate authorities: install ca-certificates, or name the broker's with --ca ({CA_VARIABLE})"
    )]
    NoAuthorities,
    /// No certificate can be for this name.
    #[error("{0:?} is no name that a certificate can be for: write the broker's name or address")]
    Name(String),
    /// The library refuses.
    #[error("TLS cannot be set up")]
    Library(#[source] Error),
}

impl TlsOptions {
    /// As the environment says.
    pub fn from_environment() -> Result<Self, TlsSetupError> {
        let file = |name: &str| env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
        Self::of(file(CA_VARIABLE), file(CERTIFICATE_VARIABLE), file(KEY_VARIABLE))
    }

    /// Of files: the authorities', our certificate's and its key's. The last two belong together.
    pub fn of(ca: Option<PathBuf>, certificate: Option<PathBuf>, key: Option<PathBuf>) -> Result<Self, TlsSetupError> {
        let identity = match (certificate, key) {
            (Some(certificate), Some(key)) => Some(Identity { certificate, key }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return Err(TlsSetupError::Half),
        };
        Ok(Self { ca, identity })
    }
}

/// Whether an encrypted connection can be set up at all: what is wrong with the files is better said before anything starts.
/// A plain one needs no files.
pub fn check_tls(url: &BrokerUrl, options: &TlsOptions) -> Result<(), TlsSetupError> {
    Dialer::new(url, Some(options)).map(drop)
}

/// What is offered to the other end.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The client's side, and what it stands on.
pub(super) fn client(options: &TlsOptions) -> Result<(ClientConfig, Roots, Option<CertificateFacts>), TlsSetupError> {
    let (store, roots) = match &options.ca {
        Some(path) => (pinned(path)?, Roots::Pinned(path.clone())),
        None => (system()?, Roots::System),
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)
        .map_err(TlsSetupError::Library)?
        .with_root_certificates(store);
    let (mut config, own) = match &options.identity {
        None => (builder.with_no_client_auth(), None),
        Some(identity) => {
            let (chain, key) = identity.load()?;
            let own = chain.first().and_then(|it| CertificateFacts::of(it));
            (builder.with_client_auth_cert(chain, key).map_err(|it| identity.refused(it))?, own)
        }
    };
    config.resumption = Resumption::disabled();
    Ok((config, roots, own))
}

/// The broker's side: only who shows a certificate of one of the authorities comes through, and each time anew.
pub(super) fn acceptor(server: &ServerTls) -> Result<TlsAcceptor, TlsSetupError> {
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(pinned(&server.ca)?), provider()).build();
    // All that it asks for is that there is an authority.
    let verifier = verifier.ok().ok_or_else(|| TlsSetupError::NoCertificate(server.ca.clone()))?;
    let (chain, key) = server.identity.load()?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)
        .map_err(TlsSetupError::Library)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|it| server.identity.refused(it))?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl Identity {
    /// The chain, our own certificate first, and the key.
    fn load(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsSetupError> {
        let chain = certificates(&self.certificate)?;
        let text = read_private(&self.key, MAX_KEY_FILE_BYTES)?;
        let key = PrivateKeyDer::from_pem_slice(&text).ok().ok_or_else(|| TlsSetupError::NoKey(self.key.clone()))?;
        Ok((chain, key))
    }

    /// Why the library does not take the two.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the library may add kinds, and the rest is told by its own words"
    )]
    fn refused(&self, error: Error) -> TlsSetupError {
        match error {
            Error::InconsistentKeys(_) => TlsSetupError::Mismatch(self.clone()),
            Error::InvalidCertificate(_) => TlsSetupError::Damaged(self.certificate.clone()),
            other => TlsSetupError::Library(other),
        }
    }
}

/// The authorities in a file.
fn pinned(path: &Path) -> Result<RootCertStore, TlsSetupError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store.add(certificate).ok().ok_or_else(|| TlsSetupError::Damaged(path.to_owned()))?;
    }
    Ok(store)
}

fn system() -> Result<RootCertStore, TlsSetupError> {
    let mut store = RootCertStore::empty();
    let (n_added, _) = store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if n_added == 0 { Err(TlsSetupError::NoAuthorities) } else { Ok(store) }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let text = fs::read(path).map_err(|why| TlsSetupError::Unreadable { path: path.to_owned(), why })?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let all = all.ok().ok_or_else(|| TlsSetupError::Damaged(path.to_owned()))?;
    if all.is_empty() { Err(TlsSetupError::NoCertificate(path.to_owned())) } else { Ok(all) }
}
