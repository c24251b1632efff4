//! A fast hash for topics. The keys are the site's own, so a stranger's topics cannot pile up in one bucket.

use std::hash::{BuildHasherDefault, Hasher};

/// Builds [`TopicHasher`]s.
pub(super) type TopicHash = BuildHasherDefault<TopicHasher>;

/// Multiplies and turns, eight bytes at a time (after rustc's `FxHasher`).
#[derive(Default)]
pub(super) struct TopicHasher(u64);

const FACTOR: u64 = 0xf135_7aea_2e62_a9c5;

impl TopicHasher {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }
}

impl Hasher for TopicHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.mix(u64::from_le_bytes(last) ^ ((bytes.len() as u64) << 56));
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}
