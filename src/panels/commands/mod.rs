//! Asking something of devices: the card of a command with its checks, the log of what was asked, who is signed in, the
//! second look before what reaches far, and what awaits a second person.

pub(super) mod approvals;
pub(super) mod checks;
pub(super) mod confirm;
pub(super) mod form;
pub(super) mod log;
mod secret;
pub(super) mod sequence;
pub(super) mod sign_in;

pub use secret::Passphrase;
