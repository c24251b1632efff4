//! The gate: the one program that publishes on devices' command topics. It hears requests, looks at the plant with its own
//! eyes, writes down what it is about to do, and only then does it.
//!
//! - It takes requests from `pollux/SITE/request`, sealed by a person whose account it knows; see [`super::Topics`].
//! - Every check is made, whatever the others say, and told with what it saw.
//! - What is of class C3 is selected, then operated within 30 s by the same person, then approved within 120 s by another one
//!   with another key, over the exact bytes; then all is looked at again.
//! - An emergency stop goes through towards safety, unsigned and against interlocks too, to the values that the site declares.
//! - What nobody known has sent is written down and answered a few times a minute; of the rest it is written down how many there
//!   were. An emergency stop is no such thing, but for one that is on its way already.
//! - It isolates twins, and releases them, for who may: nothing relies on what is isolated, and all desktops are told. That
//!   holds over a restart, since the audit has it.
//! - Where the audit cannot be written, nothing but an emergency stop is sent.
//! - Nothing is sent again by itself, and no request is taken that was made before the gate began.

mod access;
mod acknowledge;
mod book;
mod doorway;
mod order;
mod quarantine;
mod refusal;
mod ruling;
mod run;
mod stop;
mod strangers;
mod warden;

pub use access::{Access, DESKTOP_USER, GATE_USER, OPERATOR_USER, WITNESS_USER, accesses, mosquitto_acl};
pub use run::{Gate, GateError, GateOptions, GatePlugin, gate_folder};
