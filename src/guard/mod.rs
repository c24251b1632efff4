//! A site's security as a whole: what its devices are, until when they get updates, and what is known against them.
pub mod advisories;
pub mod inventory;
