//! MQTT: the connection to a broker, and the one place that reads the wall clock.
//!
//! It moves bytes. It doesn't know what they mean, nor any engine.

mod url;

use crate::signal::Timestamp;

pub use url::{BrokerUrl, UrlError};

/// The instant of now, by the system's clock. What else asks for the time asks the cursor.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn now() -> Timestamp {
    Timestamp::from_system(std::time::SystemTime::now())
}
