//! The cursor: the one instant that everything shows.

use bevy::prelude::*;

use crate::link;
use crate::signal::Timestamp;

/// The instant on show. Written here alone, on request.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Which instant.
    pub at: Timestamp,
    /// Whether it follows what comes in.
    pub mode: CursorMode,
}

/// How the cursor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CursorMode {
    /// It stands at the newest instant.
    Live,
    /// It stands still.
    Paused,
}

/// A request to move the [`Cursor`].
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    /// Follow what comes in.
    Live,
    /// Stand at an instant.
    To(Timestamp),
    /// Stand where it is.
    Pause,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { at: link::now(), mode: CursorMode::Live }
    }
}

/// Does what was asked, and follows the clock where it is live.
pub(super) fn move_cursor(mut requests: MessageReader<Seek>, mut cursor: ResMut<Cursor>) {
    for request in requests.read() {
        match *request {
            Seek::Live => cursor.mode = CursorMode::Live,
            Seek::Pause => cursor.mode = CursorMode::Paused,
            Seek::To(at) => *cursor = Cursor { at, mode: CursorMode::Paused },
        }
    }
    if cursor.mode == CursorMode::Live {
        // A clock that is set back must not take the twin back in time.
        cursor.at = cursor.at.max(link::now());
    }
}
