//! What a RON file says: documents, loading, templates, findings with hints.
//!
//! A text becomes a document ([`doc`]), the document a flat list of twins (`unfold`), and the list a [`Site`] (`build`).
//! What is wrong is noted by its path in the document, and found in the text at the end (`locate`).

pub mod doc;

mod broker_url;
mod build;
mod check_inventory;
mod check_shape;
mod check_site;
mod check_topics;
mod check_twin;
mod condition;
mod fill;
mod find;
mod finding;
mod flat;
mod gltf;
mod ids;
mod load;
mod locate;
mod model;
mod near;
mod problem;
mod refer;
mod seen;
mod source;
mod syntax;
#[cfg(test)]
mod tests;
mod unfold;
mod values;
mod watch;

pub use broker_url::{BrokerUrl, UrlError};
pub use condition::{Condition, Held, Input};
pub use find::{assets_dir, find, scenes_dir};
pub use finding::{Finding, Severity, report};
pub use gltf::find_model;
pub use ids::Ids;
pub use load::{LoadError, Loaded, load};
#[cfg(test)]
pub(crate) use model::Index;
pub use model::{
    Alarm, AlarmId, AlarmWhen, Command, CommandId, Confirm, Expectation, Flow, Interlock, Look, Signal, Site, Stop,
    Twin, TwinId,
};
pub(crate) use near::did_you_mean;
pub use values::topic_fault;
pub use watch::{Watch, watch};
