//! Opens the socket of a connection: plain, or encrypted after the other end has shown who it is.

use std::fmt;
use std::io;
use std::sync::Arc;

use rumqttc::NetworkOptions;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConnection, ProtocolVersion};

use super::BrokerUrl;
use super::posture::{CertificateFacts, Posture, Roots, TlsVersion};
use super::tls::{self, TlsOptions, TlsSetupError};
use super::wire::Wire;

/// Dials one broker, as often as is needed. Every MQTT client of the house has its sockets from one.
#[derive(Clone)]
pub(crate) struct Dialer {
    /// `None`: plain text.
    secure: Option<Secure>,
}

#[derive(Clone)]
struct Secure {
    connector: TlsConnector,
    name: ServerName<'static>,
    roots: Roots,
    own: Option<CertificateFacts>,
}

/// That there is no encrypted connection, told apart from one that broke later.
#[derive(Debug)]
pub(super) struct HandshakeError(pub(super) io::Error);

impl Dialer {
    /// Reads the files that the options name, where the address asks for TLS. Without options the environment says which.
    pub(crate) fn new(url: &BrokerUrl, options: Option<&TlsOptions>) -> Result<Self, TlsSetupError> {
        if !url.tls {
            return Ok(Self { secure: None });
        }
        let options = options.cloned().map_or_else(TlsOptions::from_environment, Ok)?;
        let name = ServerName::try_from(url.host.clone()).ok().ok_or_else(|| TlsSetupError::Name(url.host.clone()))?;
        let (config, roots, own) = tls::client(&options)?;
        Ok(Self { secure: Some(Secure { connector: TlsConnector::from(Arc::new(config)), name, roots, own }) })
    }

    /// Whether a certificate of ours is shown to the other end.
    pub(crate) fn has_identity(&self) -> bool {
        self.secure.as_ref().is_some_and(|it| it.own.is_some())
    }

    /// Opens a socket to `host:port`. Tells how well it is protected.
    pub(crate) async fn dial(&self, address: String, network: NetworkOptions) -> io::Result<(Wire, Posture)> {
        let stream = rumqttc::default_socket_connect(address, network).await?;
        let Some(secure) = &self.secure else { return Ok((Wire::Plain(stream), Posture::plain())) };
        let shaken = secure.connector.connect(secure.name.clone(), stream).await;
        let stream = shaken.map_err(|it| io::Error::new(it.kind(), HandshakeError(it)))?;
        let posture = secure.posture(stream.get_ref().1);
        Ok((Wire::Secure(Box::new(stream)), posture))
    }
}

impl Secure {
    fn posture(&self, agreed: &ClientConnection) -> Posture {
        let older = agreed.protocol_version() == Some(ProtocolVersion::TLSv1_2);
        let peer = agreed.peer_certificates().and_then(|it| it.first());
        Posture {
            protocol: Some(if older { TlsVersion::V1_2 } else { TlsVersion::V1_3 }),
            cipher: agreed.negotiated_cipher_suite().map(|it| format!("{:?}", it.suite())),
            peer: peer.and_then(|it| CertificateFacts::of(it)),
            own: self.own.clone(),
            roots: Some(self.roots.clone()),
        }
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roots = self.secure.as_ref().map(|it| &it.roots);
        f.debug_struct("Dialer").field("roots", &roots).finish_non_exhaustive()
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no encrypted connection")
    }
}

impl std::error::Error for HandshakeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
