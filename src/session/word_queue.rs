//! Words on their way to a frame: only so many, of only so many bytes, and those of one topic never take the room of all.
//!
//! There is no limit to how often they come: nobody has looked at their signatures yet, so junk would use it up and silence
//! who has something to say.

use std::collections::HashMap;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::ingest::Word;
use crate::trust::MAX_ENVELOPE_BYTES;

/// Words that may wait for a frame.
const MOST: usize = 4096;
/// Of one topic.
const MOST_OF_TOPIC: usize = MOST / 4;
/// Bytes that they may take together.
const MOST_BYTES: usize = 32 << 20;

/// Where ingest puts words.
#[derive(Debug)]
pub(super) struct WordQueue {
    sender: Sender<Word>,
    /// How many of each topic were put in since it was empty last.
    of_topics: HashMap<String, usize>,
    /// And how many bytes.
    bytes: usize,
}

/// Why a word was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unheard {
    /// It is larger than anything that is signed.
    Oversize,
    /// There is no room for it.
    NoRoom,
}

impl WordQueue {
    /// An empty one, and where words come out.
    pub(super) fn new() -> (Self, Receiver<Word>) {
        let (sender, receiver) = bounded(MOST);
        (Self { sender, of_topics: HashMap::new(), bytes: 0 }, receiver)
    }

    /// Puts a word in.
    pub(super) fn push(&mut self, word: Word) -> Result<(), Unheard> {
        if word.payload.len() > MAX_ENVELOPE_BYTES {
            return Err(Unheard::Oversize);
        }
        // Whoever fetches them fetches all.
        if self.sender.is_empty() {
            self.of_topics.clear();
            self.bytes = 0;
        }
        let bytes = self.bytes + word.payload.len() + word.signature.as_ref().map_or(0, String::len);
        let n_of_topic = self.of_topics.get(&word.topic).copied().unwrap_or(0);
        if n_of_topic >= MOST_OF_TOPIC || bytes > MOST_BYTES {
            return Err(Unheard::NoRoom);
        }
        let topic = word.topic.clone();
        self.sender.try_send(word).map_err(|_full| Unheard::NoRoom)?;
        self.of_topics.insert(topic, n_of_topic + 1);
        self.bytes = bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::Timestamp;

    fn word(topic: &str, bytes: usize) -> Word {
        Word {
            topic: topic.to_owned(),
            correlation: Default::default(),
            payload: vec![b' '; bytes].into(),
            response_topic: None,
            retained: false,
            received: Timestamp::MIN,
            signature: None,
        }
    }

    #[test]
    fn a_topic_that_floods_leaves_room_for_the_others() {
        let (mut queue, words) = WordQueue::new();
        let n_taken = (0..10_000).filter(|_| queue.push(word("loud", 10)).is_ok()).count();
        assert_eq!(n_taken, MOST_OF_TOPIC);
        assert_eq!(queue.push(word("answers", 10)), Ok(()));
        assert_eq!(words.try_iter().count(), MOST_OF_TOPIC + 1);
        assert_eq!(queue.push(word("loud", 10)), Ok(()), "a frame has fetched them");
    }

    #[test]
    fn no_word_is_too_large_and_all_together_take_so_much() {
        let (mut queue, _words) = WordQueue::new();
        assert_eq!(queue.push(word("a", MAX_ENVELOPE_BYTES + 1)), Err(Unheard::Oversize));
        let large = (0..4_000).filter(|it| queue.push(word(&format!("t{}", it % 7), MAX_ENVELOPE_BYTES)).is_ok());
        assert_eq!(large.count() * MAX_ENVELOPE_BYTES, MOST_BYTES);
    }
}
