//! Which of a key's envelopes were heard: a window that accepts each number once.
//!
//! After the anti-replay window of `IPsec` (RFC 4303, 3.4.3), with a boot counter (epoch) above the number, and with what is
//! needed to see gaps, broken chains and copied keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::hex;
use super::key::KeyId;
use super::verdict::Reason;
use crate::signal::Timestamp;

/// How many numbers below the highest one are told apart.
pub const WINDOW: u64 = 1024;
const WORDS: usize = (WINDOW / 64) as usize;
/// How many of the newest envelopes are remembered by their digest, to tell a copied key from a replay.
const RECENT: usize = 16;
/// Gaps are counted among so many of the newest numbers.
const GAP_OVER: u32 = 64;
/// A device's clock may be so far ahead, nanoseconds.
pub(super) const MOST_AHEAD_NANOS: i64 = 2_000_000_000;

/// What an envelope says of its place among those of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The device's boot counter.
    pub epoch: u64,
    /// One more with each envelope.
    pub seq: u64,
    /// When the newest of its samples was measured.
    pub at: Timestamp,
    /// SHA-256 of the envelope before. Zeros: there was none in this epoch.
    pub prev: [u8; 32],
}

/// What was heard of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    epoch: u64,
    top: u64,
    /// Bit n of the whole is the number `top - n`. Numbers before the first one count as heard.
    seen: [u64; WORDS],
    /// By number modulo [`RECENT`]: the number, and the beginning of its envelope's digest.
    recent: [(u64, [u8; 8]); RECENT],
    /// The digest of the highest one. `None`: it is not known, as after a restart.
    last: Option<[u8; 32]>,
    /// After a restart: numbers up to `top` may have been heard, unless they are stamped after this.
    reserved_until: Option<Timestamp>,
}

/// All windows, by key.
pub type Windows = BTreeMap<KeyId, Window>;

/// The place of a window in text, as a keyframe keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowDoc {
    /// The key's name.
    pub key: String,
    /// The boot counter.
    pub epoch: u64,
    /// The highest number.
    pub top: u64,
    /// What was heard, hexadecimal, newest first. Empty: all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub seen: String,
    /// The digests of the newest ones, hexadecimal: 8 bytes each, by number modulo 16; with their numbers' distance to `top`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<(u64, String)>,
    /// The digest of the highest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// See [`Window`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_until: Option<Timestamp>,
}

impl Window {
    /// After the first envelope of a key.
    pub fn first(stamp: &Stamp, digest: &[u8; 32]) -> Self {
        let mut window = Self {
            epoch: stamp.epoch,
            top: stamp.seq,
            seen: [u64::MAX; WORDS],
            recent: [(u64::MAX, [0; 8]); RECENT],
            last: Some(*digest),
            reserved_until: None,
        };
        window.remember(stamp.seq, digest);
        window
    }

    /// As it is taken up after a restart at an instant: all up to a number may have been heard.
    pub fn reserved(epoch: u64, top: u64, restarted: Timestamp) -> Self {
        Self {
            epoch,
            top,
            seen: [u64::MAX; WORDS],
            recent: [(u64::MAX, [0; 8]); RECENT],
            last: None,
            reserved_until: Some(Timestamp::from_nanos(restarted.as_nanos().saturating_add(MOST_AHEAD_NANOS))),
        }
    }

    /// Whether it was taken up after a restart, and nothing that is surely new has come since.
    pub fn is_reserved(&self) -> bool {
        self.reserved_until.is_some()
    }

    /// The boot counter and the highest number.
    pub fn place(&self) -> (u64, u64) {
        (self.epoch, self.top)
    }

    /// Whether an envelope was not heard before: the steps *replay* and *fork*. Changes nothing.
    pub fn look(&self, stamp: &Stamp, digest: &[u8; 32]) -> Result<(), Reason> {
        if stamp.epoch < self.epoch {
            return Err(Reason::Rollback);
        }
        if stamp.epoch > self.epoch || stamp.seq > self.top {
            return Ok(());
        }
        if self.reserved_until.is_some_and(|it| stamp.at > it) {
            return Ok(());
        }
        let age = self.top - stamp.seq;
        if age < WINDOW && self.seen[(age / 64) as usize] >> (age % 64) & 1 == 0 {
            return Ok(());
        }
        let known = self.recent[(stamp.seq % RECENT as u64) as usize];
        let forked = known.0 == stamp.seq && known.1 != digest[..8];
        Err(if forked { Reason::Cloned } else { Reason::Replayed })
    }

    /// Whether an envelope follows the one before it: the step *chain*. A gap is no reason to refuse.
    pub fn follows(&self, stamp: &Stamp) -> Result<(), Reason> {
        let next = stamp.epoch == self.epoch && self.top.checked_add(1) == Some(stamp.seq);
        match self.last {
            Some(last) if next && last != stamp.prev => Err(Reason::Broken),
            _ => Ok(()),
        }
    }

    /// Takes an envelope that was looked at.
    pub fn take(&mut self, stamp: &Stamp, digest: &[u8; 32]) {
        // What may have been heard before a restart is closed with the first one that is surely new.
        if stamp.epoch > self.epoch || self.reserved_until.is_some() {
            *self = Self::first(stamp, digest);
            return;
        }
        if stamp.seq > self.top {
            self.shift(stamp.seq - self.top);
            self.top = stamp.seq;
            self.last = Some(*digest);
            self.seen[0] |= 1;
        } else {
            let age = self.top - stamp.seq;
            if age < WINDOW {
                self.seen[(age / 64) as usize] |= 1 << (age % 64);
            }
        }
        self.remember(stamp.seq, digest);
    }

    /// How many of the newest 64 numbers never came.
    pub fn gap(&self) -> u32 {
        GAP_OVER - self.seen[0].count_ones()
    }

    fn remember(&mut self, seq: u64, digest: &[u8; 32]) {
        let place = &mut self.recent[(seq % RECENT as u64) as usize];
        if place.0 == u64::MAX || place.0 <= seq {
            place.0 = seq;
            place.1.copy_from_slice(&digest[..8]);
        }
    }

    /// Moves the window on by so many numbers, none of which was heard.
    fn shift(&mut self, by: u64) {
        if by >= WINDOW {
            self.seen = [0; WORDS];
            return;
        }
        let (words, bits) = ((by / 64) as usize, by % 64);
        for at in (0..WORDS).rev() {
            let low = at.checked_sub(words).map_or(0, |it| self.seen[it]);
            let below = at.checked_sub(words + 1).map_or(0, |it| self.seen[it]);
            self.seen[at] = if bits == 0 { low } else { low << bits | below >> (64 - bits) };
        }
    }

    /// As a keyframe keeps it.
    pub fn doc(&self, key: KeyId) -> WindowDoc {
        let all = self.seen.iter().all(|it| *it == u64::MAX);
        let bytes: Vec<u8> = self.seen.iter().flat_map(|it| it.to_le_bytes()).collect();
        let recent = self.recent.iter().filter(|it| it.0 <= self.top);
        WindowDoc {
            key: key.to_string(),
            epoch: self.epoch,
            top: self.top,
            seen: if all { String::new() } else { hex::encode(&bytes) },
            recent: recent.map(|it| (self.top - it.0, hex::encode(&it.1))).collect(),
            last: self.last.map(|it| hex::encode(&it)),
            reserved_until: self.reserved_until,
        }
    }
}

impl WindowDoc {
    /// The window again, and its key. `None`: it was not written by this program.
    pub fn window(&self) -> Option<(KeyId, Window)> {
        let key = KeyId::from(hex::decode::<8>(self.key.as_bytes())?);
        let mut seen = [u64::MAX; WORDS];
        if !self.seen.is_empty() {
            let bytes: [u8; WORDS * 8] = hex::decode(self.seen.as_bytes())?;
            let (words, _) = bytes.as_chunks::<8>();
            seen.iter_mut().zip(words).for_each(|(to, from)| *to = u64::from_le_bytes(*from));
        }
        let mut recent = [(u64::MAX, [0; 8]); RECENT];
        for (distance, digest) in &self.recent {
            let seq = self.top.checked_sub(*distance)?;
            recent[(seq % RECENT as u64) as usize] = (seq, hex::decode(digest.as_bytes())?);
        }
        let last = match &self.last {
            Some(text) => Some(hex::decode(text.as_bytes())?),
            None => None,
        };
        Some((
            key,
            Window { epoch: self.epoch, top: self.top, seen, recent, last, reserved_until: self.reserved_until },
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stamp(epoch: u64, seq: u64) -> Stamp {
        Stamp {
            epoch,
            seq,
            at: Timestamp::from_nanos(1_000_000_000 * seq as i64),
            prev: [seq.wrapping_sub(1) as u8; 32],
        }
    }

    fn digest(seq: u64) -> [u8; 32] {
        [seq as u8; 32]
    }

    /// Looks at an envelope and takes it, as a verifier does.
    fn offer(window: &mut Option<Window>, stamp: &Stamp, digest: [u8; 32]) -> Result<(), Reason> {
        match window {
            None => *window = Some(Window::first(stamp, &digest)),
            Some(window) => {
                window.look(stamp, &digest)?;
                window.take(stamp, &digest);
            }
        }
        Ok(())
    }

    #[test]
    fn each_number_is_taken_once_and_what_is_too_old_never() {
        let mut window = None;
        for seq in [100, 101, 103] {
            assert_eq!(offer(&mut window, &stamp(1, seq), digest(seq)), Ok(()));
        }
        assert_eq!(window.as_ref().map(Window::gap), Some(1));
        assert_eq!(offer(&mut window, &stamp(1, 102), digest(102)), Ok(()));
        assert_eq!(window.as_ref().map(Window::gap), Some(0));
        assert_eq!(offer(&mut window, &stamp(1, 102), digest(102)), Err(Reason::Replayed));
        assert_eq!(offer(&mut window, &stamp(1, 103), digest(9)), Err(Reason::Cloned));
        assert_eq!(offer(&mut window, &stamp(1, 99), digest(99)), Err(Reason::Replayed), "before the first one");
        assert_eq!(offer(&mut window, &stamp(1, 5000), digest(1)), Ok(()));
        assert_eq!(offer(&mut window, &stamp(1, 5000 - WINDOW), digest(1)), Err(Reason::Replayed));
        assert_eq!(offer(&mut window, &stamp(1, 5001 - WINDOW), digest(1)), Ok(()));
        assert_eq!(offer(&mut window, &stamp(0, 9000), digest(1)), Err(Reason::Rollback));
        assert_eq!(offer(&mut window, &stamp(2, 1), digest(1)), Ok(()));
        assert_eq!(offer(&mut window, &stamp(1, 6000), digest(1)), Err(Reason::Rollback));
    }

    #[test]
    fn what_does_not_follow_is_seen_where_nothing_is_missing() {
        let window = Window::first(&stamp(1, 7), &digest(7));
        assert_eq!(window.follows(&stamp(1, 8)), Ok(()));
        assert_eq!(window.follows(&Stamp { prev: [0; 32], ..stamp(1, 8) }), Err(Reason::Broken));
        assert_eq!(window.follows(&Stamp { prev: [0; 32], ..stamp(1, 9) }), Ok(()), "a gap tells nothing");
        assert_eq!(window.follows(&Stamp { prev: [0; 32], ..stamp(2, 8) }), Ok(()), "a new life");
    }

    #[test]
    fn after_a_restart_nothing_is_taken_twice_and_what_is_new_goes_on() {
        let restarted = Timestamp::from_nanos(500_000_000_000);
        let mut window = Some(Window::reserved(1, 532, restarted));
        // Measured before the restart, within what was reserved: it may have been heard.
        assert_eq!(offer(&mut window, &stamp(1, 499), digest(3)), Err(Reason::Replayed));
        let new = Stamp { at: Timestamp::from_nanos(503_000_000_000), ..stamp(1, 504) };
        assert_eq!(offer(&mut window, &new, digest(4)), Ok(()));
        assert_eq!(offer(&mut window, &new, digest(4)), Err(Reason::Replayed));
        assert_eq!(offer(&mut window, &stamp(1, 505), digest(5)), Ok(()));
        assert_eq!(offer(&mut window, &stamp(1, 503), digest(3)), Err(Reason::Replayed));
    }

    proptest! {
        #[test]
        fn whatever_the_order_nothing_is_taken_twice(seqs in proptest::collection::vec(1_u64..3000, 1..400)) {
            let mut window = None;
            let mut taken = std::collections::HashSet::new();
            let mut top = 0;
            for seq in seqs {
                let outcome = offer(&mut window, &stamp(1, seq), digest(seq));
                if outcome.is_ok() {
                    prop_assert!(taken.insert(seq), "{seq} was taken twice");
                }
                // What is new and within the window is never refused.
                if seq > top {
                    prop_assert_eq!(outcome, Ok(()));
                    top = seq;
                }
            }
        }

        #[test]
        fn a_window_comes_back_from_its_text(seqs in proptest::collection::vec(1_u64..2000, 1..60)) {
            let mut window = None;
            for seq in seqs {
                offer(&mut window, &stamp(3, seq), digest(seq)).ok();
            }
            let window = window.unwrap();
            let key = KeyId::from([7; 8]);
            let text = serde_json::to_string(&window.doc(key)).unwrap();
            let back: WindowDoc = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(back.window(), Some((key, window)));
        }
    }
}
