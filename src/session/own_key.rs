//! The key with which this program seals the sessions that it writes.

use std::fs;

use tracing::warn;

use super::open::sessions_dir;
use crate::trust::{KeyFileError, SecretKey};

/// The user's own key, in the user's data folder; made where there is none. Where that cannot be, one for this run alone:
/// its seals still show what is changed later, but nobody can know it again.
pub fn own_key() -> SecretKey {
    let path = sessions_dir().with_file_name("recorder.key");
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    let key = match folder {
        Ok(()) => SecretKey::load_or_create(&path),
        Err(why) => Err(KeyFileError::Io { at: path, why }),
    };
    key.unwrap_or_else(|error| {
        warn!("sessions are sealed with a key that is forgotten afterwards: {error}");
        SecretKey::generate()
    })
}
