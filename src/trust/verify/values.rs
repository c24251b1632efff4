//! The last check of an arrival: whoever has read its values says what they are, and what passes is booked.

use std::sync::Arc;

use super::{Message, No, Refusal, Verifier};
use crate::trust::book::Passed;
use crate::trust::envelope::MAX_ENVELOPE_BYTES;
use crate::trust::letter::{BESIDE_TYPE, Letter, SAMPLES_TYPE};
use crate::trust::verdict::{Reason, Step};

/// What was found in a message by whoever read its values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values {
    /// How many may be taken.
    pub n_taken: usize,
    /// How they are of another time than was signed, for a person. `None`: they are not.
    pub other_time: Option<String>,
    /// The address of the first that belongs on another topic. `None`: none does.
    pub of_other: Option<String>,
    /// How many the site knows nothing of, where they are told by address.
    pub n_unknown: u64,
    /// What is wrong with the first of those that cannot be, for a person. `None`: all can be.
    pub implausible: Option<String>,
}

/// What has passed all checks but that of its values.
#[derive(Debug)]
pub(super) struct Unread {
    /// Whose it is.
    pub(super) device: Arc<str>,
    /// As it will stand in the book.
    pub(super) passed: Passed,
    /// How many before it never came.
    pub(super) n_missing: u64,
}

impl Verifier {
    /// Makes the last check of what has [begun](Self::begin): books it as passed, or refuses it where nothing in it may be taken.
    /// Where some of it may, what may not is counted, and the rest passes.
    pub fn settle(&mut self, message: &Message<'_>, values: &Values) -> Option<Refusal> {
        let mut unread = self.unread.take()?;
        let key = unread.passed.key;
        let other = values.of_other.as_ref().map(|it| format!("it holds a value of {it}, which has another topic"));
        let wrong = [
            (Reason::Malformed, values.other_time.clone()),
            (Reason::UnknownTopic, other),
            (Reason::Implausible, values.implausible.clone()),
        ];
        let mut wrong = wrong.into_iter().filter_map(|(reason, detail)| Some(No { reason, key, detail: detail? }));
        if values.n_unknown > 0 {
            // A device may measure more than the site shows.
            self.book.count(&unread.device, Reason::UnknownTopic, 1);
        }
        if (values.n_taken == 0 || values.other_time.is_some())
            && let Some(no) = wrong.next()
        {
            let refusal = Refusal { reason: no.reason, quiet: false };
            drop(self.refuse(message, no));
            return Some(refusal);
        }
        unread.passed.steps = Step::Schema;
        self.book.pass(&unread.device, unread.passed, unread.n_missing);
        wrong.for_each(|no| drop(self.refuse(message, no)));
        None
    }

    /// Books what has begun as it is: nobody reads its values.
    pub(super) fn leave_unread(&mut self) {
        if let Some(Unread { device, passed, n_missing }) = self.unread.take() {
            self.book.pass(&device, passed, n_missing);
        }
    }

    /// A message came in on a topic to which the site binds nothing. Where it is signed as measured values that is counted, on
    /// nobody's account: whoever may publish there can make it up.
    pub fn pass_over(&self, message: &Message<'_>) {
        let fits = message.payload.len().max(message.signature.map_or(0, str::len)) <= MAX_ENVELOPE_BYTES;
        let letter = || match message.signature {
            Some(text) => Letter::read_property(text, BESIDE_TYPE, message.payload),
            None => Letter::read(message.payload, SAMPLES_TYPE, None),
        };
        if fits && letter().is_ok() {
            self.book.count(&Arc::from(""), Reason::UnknownTopic, 1);
        }
    }
}
