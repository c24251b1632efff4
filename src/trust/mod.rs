//! Who is who, who may do what, and what was done: keys, signed envelopes, accounts, one table of rights, the audit log, the
//! seals of a session.
//!
//! Knows neither sockets nor clocks nor the engine. Secrets are of types that do not print.

mod accounts;
mod authority;
pub mod chain;
mod demo;
mod envelope;
mod hex;
mod key;
pub mod seals;
pub mod witness;

pub use accounts::{Account, AccountError, Accounts, AccountsError, SignInError};
pub use authority::{Denied, Standing, may_approve, may_send};
pub use chain::{AuditLog, LogError};
pub use demo::DEMO_PASSPHRASE;
pub use envelope::{EnvelopeError, MAX_ENVELOPE_BYTES, Opened, open, seal};
pub use key::{KeyError, KeyFileError, KeyId, PublicKey, Salt, SecretKey};
