//! What may be in a site once alone.

use std::collections::HashMap;

use super::problem::{Place, Problems};

/// Where everything that must be unique was seen first.
#[derive(Default)]
pub(super) struct Seen(HashMap<String, Place>);

impl Seen {
    /// Notes `message` where `key` was seen before.
    pub(super) fn once(
        &mut self,
        key: String,
        place: Place,
        problems: &mut Problems,
        message: impl FnOnce() -> String,
    ) {
        match self.0.get(&key) {
            Some(first) => {
                problems.error(place, message()).first_at(first.clone());
            }
            None => {
                self.0.insert(key, place);
            }
        }
    }
}
