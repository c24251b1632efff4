//! The instant that is shown: it follows live, or stands still.

use bevy::prelude::*;

use crate::link::now;
use crate::signal::Timestamp;

/// The instant that everything shows. Sampled once for each frame.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Which instant.
    pub at: Timestamp,
    /// Whether it moves by itself.
    pub mode: CursorMode,
}

/// How the cursor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorMode {
    /// It stands at now.
    Live,
    /// It stands still.
    Paused,
}

/// A request to move the [`Cursor`].
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seek {
    /// Go to now, and follow.
    Live,
    /// Go to an instant, and stay there. One that has not come yet is now.
    To(Timestamp),
    /// Stay where it is.
    Pause,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { at: now(), mode: CursorMode::Live }
    }
}

impl Cursor {
    /// Where it goes.
    fn apply(&mut self, seek: Seek, now: Timestamp) {
        match seek {
            Seek::Live => self.mode = CursorMode::Live,
            Seek::Pause => self.mode = CursorMode::Paused,
            Seek::To(at) => *self = Self { at: at.min(now), mode: CursorMode::Paused },
        }
    }
}

pub(super) fn move_cursor(mut seeks: MessageReader<Seek>, mut cursor: ResMut<Cursor>) {
    let now = now();
    let mut next = *cursor;
    for &seek in seeks.read() {
        next.apply(seek, now);
    }
    if next.mode == CursorMode::Live {
        next.at = now;
    }
    cursor.set_if_neq(next);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_goes_where_it_is_asked_but_never_beyond_now() {
        let at = Timestamp::from_nanos;
        let mut cursor = Cursor { at: at(100), mode: CursorMode::Live };
        cursor.apply(Seek::Pause, at(110));
        assert_eq!(cursor, Cursor { at: at(100), mode: CursorMode::Paused });
        cursor.apply(Seek::To(at(50)), at(120));
        assert_eq!(cursor.at, at(50));
        cursor.apply(Seek::To(at(500)), at(130));
        assert_eq!(cursor.at, at(130));
        cursor.apply(Seek::Live, at(140));
        assert_eq!(cursor.mode, CursorMode::Live);
    }
}
