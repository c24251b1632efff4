//! Who is who, who may do what, and what was done: keys, signed envelopes, accounts, one table of rights, the audit log, the
//! seals of a session.
//!
//! Knows neither sockets nor clocks nor the engine. Secrets are of types that do not print.

mod accounts;
mod authority;
mod book;
mod bucket;
pub mod chain;
mod defence;
mod demo;
mod envelope;
mod form;
mod heard;
mod hex;
mod issue;
mod key;
mod letter;
mod registry;
pub mod seals;
mod store;
mod verdict;
mod verify;
mod window;
pub mod witness;

pub use accounts::{Account, AccountError, Accounts, AccountsError, SignInError};
pub use authority::{Denied, Standing, may_approve, may_isolate, may_send};
pub use book::{Account as DeviceAccount, Book, Exhibit, Passed, Slip};
pub use chain::{AuditLog, LogError};
pub use defence::{Defence, Defences};
pub use demo::DEMO_PASSPHRASE;
pub use envelope::{EnvelopeError, MAX_ENVELOPE_BYTES, Opened, open, open_detached, seal, seal_detached};
pub use heard::{Heard, LimitsDoc};
pub use issue::{ChangeError, GATE_OWNER, MadeKeys, owners_of, secret_file};
pub use key::{KeyError, KeyFileError, KeyId, PublicKey, Salt, SecretKey, read_private};
pub use letter::{
    ANSWER_TYPE, BESIDE_TYPE, EVENT_TYPE, Letter, ORDER_TYPE, Pen, SAMPLES_TYPE, SIGNATURE_PROPERTY, exchange,
};
pub use registry::{
    Anchor, KeyDoc, KeyRole, KeysDoc, REGISTRY_FILE, Registry, RegistryError, RevokedDoc, Timestamp8601,
};
pub use store::{Store, StoreError};
pub use verdict::{Proof, Reason, Refused, Step, Trust};
pub use verify::{Look, Memo, Message, No, Refusal, Terms, Verifier};
pub use window::{Stamp, WINDOW, Window, WindowDoc, Windows};
