//! A session on disk: an MCAP file that other tools open too.
//!
//! One channel a topic, payloads byte for byte. Beside them stand `pollux/keyframe`, the state of all signals, so that a
//! seek reads about a chunk however long the session is; `pollux/audit`, what was asked of devices, each record with the
//! hash of all before it; and as attachments the site with its models, so that the one file opens anywhere. Behind each
//! chunk stands its seal ([`crate::trust::seals`]), in a record that other programs pass over. Written by a thread of its own, which never drops anything: where the disk is slow, the link waits.

mod assets;
mod authority;
mod channel;
mod columns;
mod names;
mod reader;
mod recorder;
mod scan;
mod space;
mod summary;
mod tape;
#[cfg(test)]
mod tests;
mod unpack;
#[cfg(test)]
mod verified;
mod writer;

pub use assets::{AssetError, SITE_ATTACHMENT, site_files, unpack_site};
pub use authority::Warrant;
pub use channel::PayloadKind;
pub(super) use channel::channels_told;
pub use names::{AlarmAuditDoc, AuditDoc, EstimateDoc, KeyframeDoc, QuarantineAuditDoc, RefusedDoc};
pub use reader::{ChunkRef, Item, OpenError, ReadError, Recording};
pub use recorder::{Entry, Recorder, RecorderOptions, RecorderStatus};
pub use tape::SealWith;
pub use writer::{About, SessionWriter};
