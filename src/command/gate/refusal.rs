//! How a no is written down and told.

use tracing::warn;
use uuid::Uuid;

use super::book::{self, Record};
use super::ruling::Case;
use super::strangers::More;
use super::warden::{Hands, Warden, answer_topic};
use crate::command::Cause;
use crate::command::checks::{Check, What, first_no};
use crate::command::life::{Happening, Phase};
use crate::command::request::Digest;
use crate::command::wire::{GateEvent, Uuid7, ValueDoc};
use crate::session::Word;
use crate::signal::Timestamp;

impl Warden {
    /// Refuses by the first check that did not pass.
    pub(super) fn refuse(&mut self, place: usize, at: Timestamp, hands: &mut Hands) {
        let order = &mut self.orders[place];
        let (cause, reason) = first_no(&order.checks).unwrap_or((Cause::Unknown, String::new()));
        order.life.take(Happening::Refused { at, cause, reason });
        order.recorded = Some((order.life.phase, order.life.hope));
        let record = order.record(book::Act::Refused, at);
        if let Err(why) = hands.book.write(&record) {
            warn!("a refusal cannot be written down: {why}");
        }
    }

    pub(super) fn refuse_unwritten(&mut self, place: usize, at: Timestamp, why: &str, hands: &mut Hands) {
        let check = Check::bad(What::Audit, why, "written down before it is done");
        self.orders[place].checks.push(check);
        self.refuse(place, at, hands);
    }

    /// Refuses bytes that nobody known has sent: a few each by itself.
    pub(super) fn refuse_stranger(&mut self, word: &Word, checks: Vec<Check>, hands: &mut Hands) {
        if self.strangers.admits(word.received) {
            self.refuse_bytes(word, checks, hands);
        }
    }

    /// Refuses bytes of which no command can be made.
    pub(super) fn refuse_bytes(&self, word: &Word, checks: Vec<Check>, hands: &mut Hands) {
        let id =
            std::str::from_utf8(&word.correlation).ok().and_then(|it| Uuid::try_parse(it).ok()).unwrap_or_default();
        let digest = Digest::of(&word.payload);
        self.tell_refusal(id, String::new(), digest, word, checks, false, hands);
    }

    /// Refuses a request about a command that stands as it stood.
    pub(super) fn refuse_aside(&self, case: &Case, about: Uuid, hands: &mut Hands) {
        self.refuse_aside_of(case, about, Digest::of(&case.word.payload), hands);
    }

    pub(super) fn refuse_aside_of(&self, case: &Case, about: Uuid, digest: Digest, hands: &mut Hands) {
        let (who, checks) = (case.account.id.clone(), case.checks.clone());
        self.tell_refusal(about, who, digest, case.word, checks, true, hands);
    }

    /// Writes down how many more there were that were not told of.
    pub(super) fn sum_up(&mut self, more: Option<More>, hands: &mut Hands) {
        let Some(more) = more else { return };
        let words = more.words();
        warn!("requests were refused: {words}");
        let (cause, reason) = (Some(Cause::NoAccessAuthority), Some(words));
        write(&Record { cause, reason, ..refusal(more.to, Vec::new()) }, hands);
    }

    /// What is still to be written down, at the end.
    pub(super) fn take_leave(&mut self, hands: &mut Hands) {
        let more = self.strangers.rest();
        self.sum_up(more, hands);
    }

    /// Refuses what a known person asked of no command.
    pub(super) fn refuse_case(&self, case: &Case, hands: &mut Hands) {
        let (who, checks, digest) = (case.account.id.clone(), case.checks.clone(), Digest::of(&case.word.payload));
        self.tell_refusal(case.request.id, who, digest, case.word, checks, false, hands);
    }

    fn tell_refusal(
        &self,
        id: Uuid,
        who: String,
        digest: Digest,
        word: &Word,
        checks: Vec<Check>,
        aside: bool,
        hands: &mut Hands,
    ) {
        let at = word.received;
        let record = refusal(at, checks.clone());
        let (cause, reason) = (record.cause, record.reason.clone());
        // What is no request may be anything: its digest is enough.
        let (its, of_bytes) = (Uuid7(id), Some(Digest::of(&word.payload)));
        write(&Record { id: its, who: who.clone(), digest: of_bytes, ..record }, hands);
        let (command, value): (String, Option<ValueDoc>) = (String::new(), None);
        let event = GateEvent {
            id: Uuid7(id),
            phase: Phase::Rejected,
            at,
            asked: at,
            sent: None,
            answered: None,
            command,
            value,
            who,
            approved_by: Vec::new(),
            cause,
            reason,
            checks,
            waits: None,
            digest: Some(digest),
            stop: None,
            evil_twin: None,
            aside,
            lost: false,
        };
        hands.tell(&self.topics, &event, answer_topic(word).as_deref());
    }
}

/// A record of a refusal by the first check that did not pass, of nobody and nothing yet.
pub(super) fn refusal(at: Timestamp, checks: Vec<Check>) -> Record {
    let (cause, reason) = first_no(&checks).unwrap_or((Cause::Unknown, String::new()));
    Record {
        at,
        what: book::Act::Refused,
        id: Uuid7(Uuid::nil()),
        command: String::new(),
        value: None,
        who: String::new(),
        approved_by: Vec::new(),
        phase: None,
        cause: Some(cause),
        reason: Some(reason),
        checks,
        digest: None,
        request: String::new(),
        step: None,
        twin: String::new(),
    }
}

pub(super) fn write(record: &Record, hands: &mut Hands) {
    if let Err(why) = hands.book.write(record) {
        warn!("a refusal cannot be written down: {why}");
    }
}
