//! A name and a password at a broker.

use std::env;

use rand::distr::{Alphanumeric, SampleString};
use secrecy::SecretString;

use super::tls::TlsOptions;

/// The user's name at the broker.
pub const USER_VARIABLE: &str = "POLLUX_MQTT_USER";
/// The user's password at the broker.
pub const PASSWORD_VARIABLE: &str = "POLLUX_MQTT_PASSWORD";
/// Characters of a password that is made: 190 bits.
const MADE: usize = 32;

/// Who a client is at a broker. Its password does not print.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: SecretString,
}

impl Login {
    /// As the environment says. `None`: it says nothing.
    pub fn from_environment() -> Option<Self> {
        let user = env::var(USER_VARIABLE).ok().filter(|it| !it.is_empty())?;
        Some(Self { user, password: env::var(PASSWORD_VARIABLE).unwrap_or_default().into() })
    }

    /// A user with a password that nobody knows.
    pub fn random(user: impl Into<String>) -> Self {
        let password = Alphanumeric.sample_string(&mut rand::rng(), MADE);
        Self { user: user.into(), password: password.into() }
    }
}

/// How a client shows a broker who it is: by a name and a password, by a certificate, or by both.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The name and the password. `None`: as the environment says.
    pub login: Option<Login>,
    /// Whom it believes and which certificate it shows. `None`: as the environment says.
    pub tls: Option<TlsOptions>,
}

impl From<Login> for Credentials {
    fn from(login: Login) -> Self {
        Self { login: Some(login), tls: None }
    }
}

impl From<TlsOptions> for Credentials {
    fn from(tls: TlsOptions) -> Self {
        Self { login: None, tls: Some(tls) }
    }
}

/// What a login may do at the embedded broker: topic filters. What is not granted is refused.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whose.
    pub login: Login,
    /// Where it may publish.
    pub publish: Vec<String>,
    /// What it may subscribe to: a filter is allowed if it is one of these, or lies within one.
    pub subscribe: Vec<String>,
}
