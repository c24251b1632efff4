//! Seals: what makes a session file tamper-evident.
//!
//! A *stretch* is what stands between two seals: as a rule one chunk, and first of all the head of the file with what the
//! session says of itself and its site. Stretches and seals take turns and leave nothing of the file out. Seal *n* stands
//! right behind stretch *n*, in a record of its own with a private opcode, which other programs pass over. It holds the
//! SHA-256 of the stretch and the chain over all before it, signed by the recorder's key for this session alone. The final
//! seal stands behind the summary and says how many there are; only the footer and the magic bytes follow, which can be
//! worked out from what stands before them.
//!
//! What this proves: that nobody without the recorder's key changed, took out, put in or moved anything (*unaltered*). What
//! it cannot prove by itself: that the end was not cut. A file without a final seal was cut or its recorder crashed; a final
//! seal tells that nothing is missing (*complete*) as far as the recorder says; and a witness elsewhere, who was shown the
//! chain while it grew, tells it of whoever holds the recorder's key too.

mod bytes;
mod end;
mod report;
mod seal;
mod sealer;
mod session_id;
mod signer;
mod stretches;
#[cfg(test)]
mod tests;
mod verify;

pub use report::{Break, Complete, Fault, Report, Sealing};
pub use seal::{MAX_SEAL_BYTES, SEAL_OPCODE, SEAL_TYPE, Seal, SealError, SealHead, chain_text, session_topic};
pub use sealer::{Sealer, Told};
pub use session_id::{SessionId, SessionIdError};
pub use signer::borne;
pub use stretches::{Stretch, stretches};
pub use verify::{SealOptions, verify};
