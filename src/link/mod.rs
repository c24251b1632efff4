//! MQTT: the connection to a broker, and the one place that reads the wall clock.
//!
//! It moves bytes. It doesn't know what they mean, nor any engine.

mod broker;
mod client;
mod dial;
mod front;
mod guard;
mod login;
mod passage;
pub mod pki;
mod posture;
mod problem;
mod tls;
mod tls_problem;
mod wire;

use bytes::Bytes;

use crate::signal::Timestamp;

pub use broker::{Broker, BrokerError};
pub use client::{Link, LinkError, LinkOptions, LinkState, Will, connect};
pub(crate) use dial::Dialer;
pub use login::{Credentials, Grant, Login, PASSWORD_VARIABLE, USER_VARIABLE};
pub use passage::Passage;
pub use posture::{CertificateFacts, Posture, Roots, TlsVersion, Validity, WARNING_DAYS};
pub use problem::LinkProblem;
pub(crate) use problem::{Attempt, explain};
pub use tls::{
    CA_VARIABLE, CERTIFICATE_VARIABLE, Identity, KEY_VARIABLE, ServerTls, TlsOptions, TlsSetupError, check_tls,
};

pub use crate::site::{BrokerUrl, UrlError};

/// A message as it came in. Topic and payload are slices of the read buffer: decode them and let go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// UTF-8, checked by the client.
    pub topic: Bytes,
    /// Untouched.
    pub payload: Bytes,
    /// When it left the socket. The messages of one read are set a nanosecond apart.
    pub received: Timestamp,
    /// The broker had kept it: it may be older than this connection.
    pub retained: bool,
    /// MQTT 5 Correlation Data.
    pub correlation: Option<Bytes>,
    /// What else MQTT 5 says of it. `None`: nothing.
    pub properties: Option<Box<Properties>>,
}

/// What MQTT 5 says of a message beside its payload.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Properties {
    /// Content Type.
    pub content_type: Option<String>,
    /// Response Topic.
    pub response_topic: Option<String>,
    /// User Properties, in their order.
    pub user: Vec<(String, String)>,
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Publish {
    /// User Properties.
    pub user: Vec<(String, String)>,
    /// Without wildcards.
    pub topic: String,
    /// As it goes out.
    pub payload: Bytes,
    /// The broker acknowledges it (`QoS` 1); else it is sent once and forgotten (`QoS` 0).
    pub qos1: bool,
    /// The broker keeps it for later subscribers.
    pub retain: bool,
    /// Where an answer is expected.
    pub response_topic: Option<String>,
    /// What the answer must carry.
    pub correlation: Option<Bytes>,
    /// Seconds after which the broker must not deliver it any more.
    pub expiry_secs: Option<u32>,
    /// MIME type of the payload.
    pub content_type: Option<String>,
}

/// The instant of now, by the system's clock. What else asks for the time asks the cursor.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn now() -> Timestamp {
    Timestamp::from_system(std::time::SystemTime::now())
}
