//! What a RON file says: documents, loading, templates, findings with hints.

pub mod doc;
mod model;

pub use model::{Command, CommandId, Confirm, Flow, Look, Signal, Site, Twin, TwinId};
