//! The phases of a command and what moves it from one to the next: pure, so that every rule can be read here.

use serde::Deserialize;

use crate::signal::{Timestamp, Value};
use crate::site::doc::TakesDoc;
use crate::site::{Command, Confirm};
use crate::twin::{Reading, ReadingState};

/// Where a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Handed to the link, nothing is known yet.
    Sent,
    /// The device itself says that it will do it.
    Accepted,
    /// The device says no, or it could not be sent.
    Rejected,
    /// Telemetry shows it.
    Confirmed,
    /// The device says that it tried and could not.
    Failed,
    /// No answer came in time, and telemetry does not show it.
    TimedOut,
    /// The device accepted, but telemetry never showed it: nobody knows.
    Unknown,
}

/// What a device answers on the response topic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct AnswerDoc {
    state: AnswerState,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AnswerState {
    Accepted,
    Rejected,
    Done,
    Failed,
}

impl Phase {
    /// Whether something may still happen to it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Sent | Self::Accepted)
    }

    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Unknown => "unknown",
        }
    }

    /// The phase of a word on the screen.
    pub(super) fn of_label(label: &str) -> Option<Self> {
        let all =
            [Self::Sent, Self::Accepted, Self::Rejected, Self::Confirmed, Self::Failed, Self::TimedOut, Self::Unknown];
        all.into_iter().find(|it| it.label() == label)
    }

    /// The phase after an answer, and why. *Done* is the device's word and no confirmation: only telemetry confirms.
    pub(super) fn after_answer(self, payload: &[u8]) -> (Self, Option<String>) {
        if !self.is_open() {
            return (self, None);
        }
        match serde_json::from_slice::<AnswerDoc>(payload) {
            Ok(AnswerDoc { state: AnswerState::Accepted | AnswerState::Done, .. }) => (Self::Accepted, None),
            Ok(AnswerDoc { state: AnswerState::Rejected, reason }) => {
                (Self::Rejected, Some(reason.unwrap_or_else(|| "the device gave no reason".to_owned())))
            }
            Ok(AnswerDoc { state: AnswerState::Failed, reason }) => {
                (Self::Failed, Some(reason.unwrap_or_else(|| "the device gave no reason".to_owned())))
            }
            Err(error) => (self, Some(format!("an answer could not be read: {error}"))),
        }
    }

    /// The phase as telemetry and the clock have it. `measured_since` says that the reading is younger than the command.
    pub(super) fn after_look(self, shown: bool, now: Timestamp, deadline: Timestamp) -> Self {
        match self {
            Self::Sent | Self::Accepted if shown => Self::Confirmed,
            Self::Sent if now > deadline => Self::TimedOut,
            Self::Accepted if now > deadline => Self::Unknown,
            Self::Sent
            | Self::Accepted
            | Self::Rejected
            | Self::Confirmed
            | Self::Failed
            | Self::TimedOut
            | Self::Unknown => self,
        }
    }
}

/// Whether a reading shows what was asked for: fresh, measured after the command was sent, and close enough.
pub fn confirms(confirm: &Confirm, desired: &Value, reading: &Reading, sent: Timestamp) -> bool {
    if reading.state != ReadingState::Fresh || reading.received <= sent {
        return false;
    }
    match (confirm.threshold, desired.as_flag(), &reading.value) {
        (Some(threshold), Some(on), Some(value)) => value.as_number().is_some_and(|it| (it > threshold) == on),
        (_, _, Some(Value::Text(text))) => matches!(desired, Value::Text(it) if it == text),
        (_, _, Some(value)) => match (value.as_number(), desired.as_number()) {
            (Some(got), Some(want)) => (got - want).abs() <= confirm.within.max(1e-9),
            _ => false,
        },
        (_, _, None) => false,
    }
}

/// Why a value cannot be sent at all, if so.
pub(super) fn refusal(command: &Command, value: &Value) -> Option<String> {
    match (&command.takes, value) {
        (TakesDoc::Switch { .. }, Value::Flag(_)) => None,
        (TakesDoc::Number { min, max, .. }, Value::Number(it)) if (min..=max).contains(&it) => None,
        (TakesDoc::Number { min, max, .. }, Value::Number(it)) => Some(format!("{it} lies outside of {min} to {max}")),
        (TakesDoc::Switch { on, off }, _) => Some(format!("takes only {on} or {off}")),
        (TakesDoc::Number { .. }, _) => Some("takes only a number".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::SignalId;

    #[test]
    fn only_telemetry_confirms_and_no_answer_is_told_from_no_effect() {
        let (now, later) = (Timestamp::from_nanos(10), Timestamp::from_nanos(20));
        let check = |phase: Phase, shown, at, want| assert_eq!(phase.after_look(shown, at, now), want);
        check(Phase::Sent, false, now, Phase::Sent);
        check(Phase::Sent, true, now, Phase::Confirmed);
        check(Phase::Accepted, true, now, Phase::Confirmed);
        check(Phase::Sent, false, later, Phase::TimedOut);
        check(Phase::Accepted, false, later, Phase::Unknown);
        check(Phase::Rejected, true, later, Phase::Rejected);
    }

    #[test]
    fn an_answer_moves_an_open_command_only() {
        let check = |phase: Phase, answer: &str, want| assert_eq!(phase.after_answer(answer.as_bytes()).0, want);
        check(Phase::Sent, r#"{"state":"accepted"}"#, Phase::Accepted);
        check(Phase::Sent, r#"{"state":"done"}"#, Phase::Accepted);
        check(Phase::Sent, r#"{"state":"rejected","reason":"local mode"}"#, Phase::Rejected);
        check(Phase::Accepted, r#"{"state":"failed"}"#, Phase::Failed);
        check(Phase::TimedOut, r#"{"state":"accepted"}"#, Phase::TimedOut);
        check(Phase::Sent, "what?", Phase::Sent);
    }

    #[test]
    fn a_reading_from_before_the_command_confirms_nothing() {
        let confirm = Confirm { signal: SignalId(0), within: 5.0, threshold: None, secs: 5.0, when: None };
        let at = |nanos| Timestamp::from_nanos(nanos);
        let check = |value: f64, received: i64, state, want| {
            let reading = Reading {
                value: Some(Value::Number(value)),
                at: at(received),
                received: at(received),
                state,
                unreadable: false,
            };
            assert_eq!(confirms(&confirm, &Value::Number(100.0), &reading, at(50)), want);
        };
        check(103.0, 60, ReadingState::Fresh, true);
        check(106.0, 60, ReadingState::Fresh, false);
        check(103.0, 40, ReadingState::Fresh, false);
        check(103.0, 60, ReadingState::Stale, false);
    }
}
