//! The instant that is shown: it follows live, stands still, or plays.

use bevy::prelude::*;

use super::Session;
use crate::link::now;
use crate::signal::Timestamp;

/// The fastest that the cursor plays, and the slowest, as a factor.
pub const SPEEDS: (f64, f64) = (0.01, 1000.0);
/// The longest time that one frame may take to play, seconds: after a machine has slept, the cursor has not gone on.
const LONGEST_FRAME_SECS: f64 = 5.0;

/// The instant that everything shows. Sampled once for each frame.
#[derive(Resource, Debug, Clone, Copy, PartialEq)]
pub struct Cursor {
    /// Which instant.
    pub at: Timestamp,
    /// Whether it moves by itself.
    pub mode: CursorMode,
    /// Seconds of the session in one second of playing; below 0 it plays backward. Its size lies within [`SPEEDS`].
    pub speed: f64,
    /// From where to where playing goes round. `None`: it plays to the end.
    pub looped: Option<(Timestamp, Timestamp)>,
    /// What came after the instant is hidden, as it was on the day itself.
    pub as_live: bool,
}

/// How the cursor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorMode {
    /// It stands at now.
    Live,
    /// It stands still.
    Paused,
    /// It moves at its speed.
    Playing,
}

/// A request to move the [`Cursor`].
#[derive(Message, Debug, Clone, Copy, PartialEq)]
pub enum Seek {
    /// Go to the newest, and follow it where there is more to come.
    Live,
    /// Go to an instant; one that plays goes on playing from there. Beyond the session's ends is its end.
    To(Timestamp),
    /// Go on or back by seconds.
    By(f64),
    /// Stay where it is.
    Pause,
    /// Play: at the end of a recording, from its beginning.
    Play,
    /// Play at another speed from now on; 0 and what is no number is passed over.
    Speed(f64),
    /// Go round within a range, or no more.
    Loop(Option<(Timestamp, Timestamp)>),
    /// Hide what came after the instant that is shown, or no more.
    AsLive(bool),
}

/// From when to when there is something to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The beginning.
    pub from: Timestamp,
    /// The newest.
    pub to: Timestamp,
    /// More is to come.
    pub live: bool,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { at: now(), mode: CursorMode::Live, speed: 1.0, looped: None, as_live: false }
    }
}

impl Cursor {
    /// Up to when anything is to be seen.
    pub fn horizon(&self) -> Timestamp {
        if self.as_live { self.at } else { Timestamp::MAX }
    }

    /// Does what was asked.
    fn apply(&mut self, seek: Seek, extent: Extent) {
        match seek {
            Seek::Live => {
                self.at = extent.to;
                self.mode = if extent.live { CursorMode::Live } else { CursorMode::Paused };
            }
            Seek::To(at) => self.go(at, extent),
            Seek::By(secs) => self.go(moved(self.at, secs), extent),
            Seek::Pause => self.mode = CursorMode::Paused,
            Seek::Play if self.mode == CursorMode::Live => (),
            Seek::Play => {
                if !extent.live && self.at >= extent.to && self.speed > 0.0 {
                    self.at = extent.from;
                }
                self.mode = CursorMode::Playing;
            }
            Seek::Speed(speed) if speed.abs() > 0.0 && speed.is_finite() => {
                self.speed = speed.abs().clamp(SPEEDS.0, SPEEDS.1).copysign(speed);
            }
            Seek::Speed(_) => (),
            Seek::AsLive(on) => self.as_live = on,
            Seek::Loop(range) => self.looped = range.filter(|it| it.0 < it.1),
        }
    }

    fn go(&mut self, at: Timestamp, extent: Extent) {
        self.at = at.clamp(extent.from, extent.to.max(extent.from));
        if self.mode == CursorMode::Live {
            self.mode = CursorMode::Paused;
        }
    }

    /// Lets seconds pass.
    fn pass(&mut self, secs: f64, extent: Extent) {
        match self.mode {
            CursorMode::Live => self.at = extent.to,
            CursorMode::Paused => (),
            CursorMode::Playing => self.play(secs.clamp(0.0, LONGEST_FRAME_SECS) * self.speed, extent),
        }
    }

    fn play(&mut self, secs: f64, extent: Extent) {
        let next = moved(self.at, secs);
        if let Some((from, to)) = self.looped {
            let length = to.secs_since(from);
            let beyond = if self.speed > 0.0 { next >= to } else { next < from };
            let inside = (from..=to).contains(&self.at);
            self.at = match (inside, beyond) {
                (false, _) if self.speed > 0.0 => from,
                (false, _) => to,
                (true, false) => next,
                (true, true) => moved(from, next.secs_since(from).rem_euclid(length)),
            };
            return;
        }
        self.at = next.clamp(extent.from, extent.to.max(extent.from));
        if self.speed > 0.0 && next >= extent.to {
            self.mode = if extent.live { CursorMode::Live } else { CursorMode::Paused };
        } else if self.speed < 0.0 && next <= extent.from {
            self.mode = CursorMode::Paused;
        }
    }
}

/// An instant, some seconds on or back.
fn moved(at: Timestamp, secs: f64) -> Timestamp {
    // Whole nanoseconds: a float of seconds since 1970 would round to a quarter of a microsecond.
    Timestamp::from_nanos(at.as_nanos().saturating_add((secs * 1e9) as i64))
}

pub(super) fn move_cursor(
    session: Res<Session>,
    mut seeks: MessageReader<Seek>,
    mut before: Local<Option<Timestamp>>,
    mut cursor: ResMut<Cursor>,
) {
    let now = now();
    let secs = before.replace(now).map_or(0.0, |it| now.secs_since(it));
    let extent = session.extent(now);
    let mut next = *cursor;
    for &seek in seeks.read() {
        next.apply(seek, extent);
    }
    next.pass(secs, extent);
    cursor.set_if_neq(next);
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: i64) -> Timestamp {
        Timestamp::from_nanos(secs * 1_000_000_000)
    }

    const LIVE: Extent = Extent { from: at(100), to: at(200), live: true };
    const RECORDED: Extent = Extent { live: false, ..LIVE };

    fn cursor(secs: i64, mode: CursorMode) -> Cursor {
        Cursor { at: at(secs), mode, speed: 1.0, looped: None, as_live: false }
    }

    #[track_caller]
    fn check(mut cursor: Cursor, seeks: &[Seek], secs: f64, extent: Extent, want: (i64, CursorMode)) {
        for &seek in seeks {
            cursor.apply(seek, extent);
        }
        cursor.pass(secs, extent);
        assert_eq!((cursor.at, cursor.mode), (at(want.0), want.1));
    }

    #[test]
    fn the_cursor_goes_where_it_is_asked_but_never_beyond_the_ends() {
        use CursorMode::{Live, Paused, Playing};
        check(cursor(150, Live), &[], 1.0, LIVE, (200, Live));
        check(cursor(150, Live), &[Seek::Pause], 1.0, LIVE, (150, Paused));
        check(cursor(200, Live), &[Seek::To(at(120))], 1.0, LIVE, (120, Paused));
        check(cursor(150, Playing), &[Seek::To(at(120))], 1.0, LIVE, (121, Playing));
        check(cursor(150, Paused), &[Seek::To(at(900))], 1.0, LIVE, (200, Paused));
        check(cursor(150, Paused), &[Seek::By(-60.0)], 1.0, LIVE, (100, Paused));
        check(cursor(150, Paused), &[Seek::Live], 1.0, LIVE, (200, Live));
        check(cursor(150, Paused), &[Seek::Live], 1.0, RECORDED, (200, Paused));
        check(cursor(200, Live), &[Seek::Play], 1.0, LIVE, (200, Live));
    }

    #[test]
    fn it_plays_at_its_speed_and_ends_at_the_ends() {
        use CursorMode::{Live, Paused, Playing};
        check(cursor(150, Paused), &[Seek::Play], 2.0, RECORDED, (152, Playing));
        check(cursor(150, Paused), &[Seek::Speed(10.0), Seek::Play], 2.0, RECORDED, (170, Playing));
        check(cursor(150, Playing), &[Seek::Speed(-20.0)], 2.0, RECORDED, (110, Playing));
        check(cursor(150, Playing), &[Seek::Speed(-100.0)], 2.0, RECORDED, (100, Paused));
        check(cursor(150, Playing), &[Seek::Speed(100.0)], 2.0, RECORDED, (200, Paused));
        check(cursor(150, Playing), &[Seek::Speed(100.0)], 2.0, LIVE, (200, Live));
        check(cursor(200, Paused), &[Seek::Play], 2.0, RECORDED, (102, Playing));
        check(cursor(150, Playing), &[Seek::Speed(0.0), Seek::Speed(f64::NAN)], 2.0, RECORDED, (152, Playing));
        check(cursor(150, Playing), &[Seek::Speed(1e9)], 0.001, RECORDED, (151, Playing));
        // A machine that slept for an hour has played five seconds.
        check(cursor(150, Playing), &[], 3600.0, RECORDED, (155, Playing));
    }

    #[test]
    fn a_loop_goes_round_forward_and_backward() {
        use CursorMode::Playing;
        let range = Seek::Loop(Some((at(140), at(150))));
        check(cursor(148, Playing), &[range], 4.0, RECORDED, (142, Playing));
        check(cursor(142, Playing), &[range, Seek::Speed(-1.0)], 4.0, RECORDED, (148, Playing));
        check(cursor(110, Playing), &[range], 4.0, RECORDED, (140, Playing));
        check(cursor(110, Playing), &[range, Seek::Loop(None)], 4.0, RECORDED, (114, Playing));
        check(cursor(110, Playing), &[Seek::Loop(Some((at(3), at(3))))], 4.0, RECORDED, (114, Playing));
    }
}
