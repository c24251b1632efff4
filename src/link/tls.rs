//! TLS for `mqtts://`: the broker's certificate is checked against the system's authorities, or against a file.

use std::env;
use std::io;
use std::path::PathBuf;

use rumqttc::{TlsConfiguration, TlsError, Transport};

/// Names a PEM file with the authority that signed the broker's certificate. Not set: the system's authorities.
pub const CA_VARIABLE: &str = "POLLUX_MQTT_CA";

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// The file that the environment names cannot be read.
    #[error("cannot read {path}, which {CA_VARIABLE} names: {why}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// The file holds no certificate.
    #[error("{path}, which {CA_VARIABLE} names, holds no certificate: a PEM file is expected", path = .0.display())]
    NoCertificate(PathBuf),
    /// The system's authorities could not be loaded.
    #[error("cannot load the system's certificate authorities (install ca-certificates, or set {CA_VARIABLE})")]
    System(#[source] TlsError),
}

/// Whether TLS can be set up at all: what is wrong with the authorities is better said before anything starts.
pub fn check_tls() -> Result<(), TlsSetupError> {
    transport().map(|_| ())
}

/// The encrypted transport.
pub(super) fn transport() -> Result<Transport, TlsSetupError> {
    let Some(path) = env::var_os(CA_VARIABLE).filter(|it| !it.is_empty()).map(PathBuf::from) else {
        let config = TlsConfiguration::try_default_rustls().map_err(TlsSetupError::System)?;
        return Ok(Transport::tls_with_config(config));
    };
    let ca = std::fs::read(&path).map_err(|why| TlsSetupError::Unreadable { path: path.clone(), why })?;
    if !String::from_utf8_lossy(&ca).contains("BEGIN CERTIFICATE") {
        return Err(TlsSetupError::NoCertificate(path));
    }
    Ok(Transport::tls(ca, None, None))
}
