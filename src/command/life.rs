//! The phases of a command and what moves it from one to the next: pure, so that every rule can be read here.
//!
//! The gate and the desktop each keep the life of a command by these rules, each with its own eyes: the gate's word moves it
//! up to *sent*, the device's own answer to *accepted*, and nothing but telemetry to *confirmed*.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use super::confirm::Evidence;
use crate::signal::Timestamp;

/// A gate that has been silent for so long beyond what it waits for is not trusted to speak any more.
const GRACE: Duration = Duration::from_secs(2);

/// Where a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Asked for; the gate has not spoken yet.
    Draft,
    /// The gate found all checks passed, and waits for a person: to operate what is reserved, or to approve.
    Checked,
    /// The gate has published it to the device.
    Sent,
    /// The device itself says that it will do it.
    Accepted,
    /// The gate or the device says no.
    Rejected,
    /// Telemetry shows it.
    Confirmed,
    /// The device says that it tried and could not.
    Failed,
    /// No answer came in time, and telemetry does not show it.
    TimedOut,
    /// Nobody knows whether it happened.
    Unknown,
    /// Its time was over before it was sent; it never was.
    Expired,
}

/// The life of one command so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    /// Where it stands.
    pub phase: Phase,
    /// When it was asked for.
    pub asked: Timestamp,
    /// When the gate found all checks passed and began to wait for a person. `None`: it never waited.
    pub checked: Option<Timestamp>,
    /// When the gate published it, by the gate's clock. `None`: not known, or not at all.
    pub sent: Option<Timestamp>,
    /// When the device first answered.
    pub answered: Option<Timestamp>,
    /// When it ended, in whichever way. What is unknown may still end better, see `hope`.
    pub ended: Option<Timestamp>,
    /// While it is open: until when the next step must come.
    pub until: Timestamp,
    /// What may still be heard of one that is unknown.
    pub hope: Hope,
    /// Why it was refused or came to nothing.
    pub cause: Option<Cause>,
    /// The same, for a person.
    pub reason: Option<String>,
    /// In which telemetry must show it, from when it was sent.
    window: Duration,
}

/// What may still be heard of a command that is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hope {
    /// Nothing: it stays unknown.
    None,
    /// The link is lost; telemetry will tell when it is back.
    WhileLost,
    /// The link is back: telemetry may tell until then.
    Until(Timestamp),
}

/// Something that happens to a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// The gate found all checks passed and waits for a person until an instant.
    Checked {
        /// When.
        at: Timestamp,
        /// Until when it waits.
        until: Timestamp,
    },
    /// The gate has published it to the device.
    Sent {
        /// When, by the gate's clock.
        at: Timestamp,
    },
    /// The gate refuses it.
    Refused {
        /// When.
        at: Timestamp,
        /// Why.
        cause: Cause,
        /// The same, for a person.
        reason: String,
    },
    /// Its time is over and the gate has not sent it.
    Expired {
        /// When.
        at: Timestamp,
        /// For a person.
        reason: String,
    },
    /// The device answers.
    Answered {
        /// When.
        at: Timestamp,
        /// What.
        answer: Answered,
    },
    /// Fresh telemetry shows what was asked for.
    Shown {
        /// When it was looked at.
        at: Timestamp,
        /// How young what shows it is.
        evidence: Evidence,
    },
    /// Something on the way between here and the device is lost.
    Lost {
        /// When.
        at: Timestamp,
        /// For a person.
        reason: String,
    },
    /// All is back.
    Back {
        /// When.
        at: Timestamp,
    },
    /// A newer one of the same command was sent: what is seen from now on is that one's.
    Superseded {
        /// When.
        at: Timestamp,
        /// Why.
        cause: Cause,
        /// For a person.
        reason: String,
    },
    /// Time passes.
    Passed {
        /// Now.
        at: Timestamp,
    },
}

/// What a device answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It will do it, or says that it has: its word alone.
    Accepted,
    /// It will not.
    Rejected(String),
    /// It could not.
    Failed(String),
    /// What it says cannot be read.
    Unreadable(String),
}

/// What a device answers on the response topic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct AnswerDoc {
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

impl Answered {
    /// Reads an answer. *Done* is the device's word and no confirmation: only telemetry confirms.
    pub fn read(payload: &[u8]) -> Self {
        let reason = |it: Option<String>| it.unwrap_or_else(|| "the device gave no reason".to_owned());
        match serde_json::from_slice::<AnswerDoc>(payload) {
            Ok(AnswerDoc { state: AnswerState::Accepted | AnswerState::Done, .. }) => Self::Accepted,
            Ok(AnswerDoc { state: AnswerState::Rejected, reason: why }) => Self::Rejected(reason(why)),
            Ok(AnswerDoc { state: AnswerState::Failed, reason: why }) => Self::Failed(reason(why)),
            Err(error) => Self::Unreadable(error.to_string()),
        }
    }
}

impl Phase {
    /// All of them, in their order.
    pub const ALL: [Self; 10] = [
        Self::Draft,
        Self::Checked,
        Self::Sent,
        Self::Accepted,
        Self::Rejected,
        Self::Confirmed,
        Self::Failed,
        Self::TimedOut,
        Self::Unknown,
        Self::Expired,
    ];

    /// Whether the next step is awaited.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::Checked | Self::Sent | Self::Accepted)
    }

    /// Whether the device may be about it now.
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Sent | Self::Accepted)
    }

    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Checked => "checked",
            Self::Sent => "sent",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
        }
    }

    /// The phase of a word on the screen.
    pub(super) fn of_label(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.label() == label)
    }
}

impl Life {
    /// Of a command that is asked for: the gate must speak by an instant, and telemetry show it within a window once it is
    /// sent.
    pub fn new(asked: Timestamp, until: Timestamp, window_secs: f64) -> Self {
        Self {
            phase: Phase::Draft,
            asked,
            checked: None,
            sent: None,
            answered: None,
            ended: None,
            until,
            hope: Hope::None,
            cause: None,
            reason: None,
            window: Duration::try_from_secs_f64(window_secs).unwrap_or_default(),
        }
    }

    /// Whether anything may still happen to it.
    pub fn is_awaited(&self) -> bool {
        self.phase.is_open() || self.hope != Hope::None
    }

    /// Telemetry that is not younger than this shows nothing.
    pub fn since(&self) -> Timestamp {
        self.sent.unwrap_or(self.asked)
    }

    /// Seconds until it is given up. `None`: it has ended, or waits for a link.
    pub fn left_secs(&self, now: Timestamp) -> Option<f64> {
        let until = match (self.phase.is_open(), self.hope) {
            (true, _) => self.until,
            (false, Hope::Until(until)) => until,
            (false, Hope::None | Hope::WhileLost) => return None,
        };
        Some(until.secs_since(now).max(0.0))
    }

    /// When it came to stand where it stands. `None`: nobody knows.
    pub fn since_phase(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Draft => Some(self.asked),
            Phase::Checked => self.checked,
            Phase::Sent => self.sent,
            Phase::Accepted => self.answered,
            Phase::Rejected | Phase::Confirmed | Phase::Failed | Phase::TimedOut | Phase::Unknown | Phase::Expired => {
                self.ended
            }
        }
    }

    /// As a recording has it, step by step.
    pub(super) fn recall(&mut self, phase: Phase, at: Timestamp, cause: Option<Cause>, reason: Option<String>) {
        if phase == Phase::Draft {
            self.asked = at;
        }
        let step = |is: Phase, was: Option<Timestamp>| if phase == is { was.or(Some(at)) } else { was };
        self.checked = step(Phase::Checked, self.checked);
        self.sent = step(Phase::Sent, self.sent);
        self.answered = step(Phase::Accepted, self.answered);
        self.phase = phase;
        self.ended = (!phase.is_open()).then_some(at);
        self.cause = cause;
        self.reason = reason;
    }

    /// Lets something happen. What does not fit where it stands changes nothing: answers and events may come twice, late, or
    /// in another order.
    pub fn take(&mut self, happening: Happening) {
        match happening {
            Happening::Checked { at, until } => self.check(at, until),
            Happening::Sent { at } => self.send(at),
            Happening::Refused { at, cause, reason } => {
                if self.is_unsent() {
                    self.end(Phase::Rejected, at, Some(cause), Some(reason));
                }
            }
            Happening::Expired { at, reason } => {
                if self.is_unsent() {
                    self.end(Phase::Expired, at, Some(Cause::TimeLimitOver), Some(reason));
                }
            }
            Happening::Answered { at, answer } => self.answer(at, answer),
            Happening::Shown { at, evidence } => self.see(at, evidence),
            Happening::Lost { at, reason } => {
                if self.is_awaited() {
                    if self.phase.is_open() {
                        let cause = Some(Cause::AbortionByCommunicationLoss);
                        self.end(Phase::Unknown, at, cause, Some(reason));
                    }
                    self.hope = Hope::WhileLost;
                }
            }
            Happening::Back { at } => {
                if self.hope == Hope::WhileLost {
                    self.hope = Hope::Until(at + self.window);
                }
            }
            Happening::Superseded { at, cause, reason } => {
                if self.phase.is_under_way() {
                    self.end(Phase::Unknown, at, Some(cause), Some(reason));
                }
                self.hope = Hope::None;
            }
            Happening::Passed { at } => self.pass(at),
        }
    }

    /// Whether, as far as is known here, it was not sent and may not have ended.
    fn is_unsent(&self) -> bool {
        let awaited = matches!(self.phase, Phase::Draft | Phase::Checked)
            || (self.phase == Phase::Unknown && self.hope != Hope::None);
        awaited && self.sent.is_none()
    }

    fn check(&mut self, at: Timestamp, until: Timestamp) {
        // One that was lost from sight still waits for a person.
        if self.is_unsent() && self.hope != Hope::WhileLost {
            *self = Self {
                phase: Phase::Checked,
                checked: self.checked.or(Some(at)),
                ended: None,
                until,
                hope: Hope::None,
                cause: None,
                reason: None,
                ..self.clone()
            };
        }
    }

    fn send(&mut self, at: Timestamp) {
        if !self.is_unsent() {
            return;
        }
        self.sent = Some(at);
        // What was lost from sight stays unknown until telemetry tells.
        if self.phase != Phase::Unknown {
            self.phase = Phase::Sent;
            self.until = at + self.window;
        }
    }

    fn answer(&mut self, at: Timestamp, answer: Answered) {
        if !self.is_awaited() {
            return;
        }
        self.answered = self.answered.or(Some(at));
        match answer {
            Answered::Accepted if self.phase.is_open() => {
                // A device that answers before the gate's word is here has got it all the same.
                if !self.phase.is_under_way() {
                    self.until = at + self.window;
                }
                self.phase = Phase::Accepted;
            }
            Answered::Accepted => (),
            Answered::Rejected(reason) => {
                self.end(Phase::Rejected, at, Some(Cause::BlockedByCommand), Some(reason));
            }
            Answered::Failed(reason) => self.end(Phase::Failed, at, Some(Cause::BlockedByCommand), Some(reason)),
            Answered::Unreadable(why) => self.reason = Some(format!("an answer could not be read: {why}")),
        }
    }

    fn see(&mut self, at: Timestamp, evidence: Evidence) {
        // What nobody has said was sent may be so for another reason: it stays unknown.
        if self.sent.is_none() && self.answered.is_none() {
            return;
        }
        let since = self.since();
        let younger = evidence.measured > since && evidence.received > since;
        let in_time = match (self.phase, self.hope) {
            (Phase::Sent | Phase::Accepted, _) => at <= self.until,
            (Phase::Unknown, Hope::WhileLost) => true,
            (Phase::Unknown, Hope::Until(until)) => at <= until,
            (_, Hope::None | Hope::WhileLost | Hope::Until(_)) => false,
        };
        if younger && in_time {
            self.end(Phase::Confirmed, at, None, None);
        }
    }

    fn pass(&mut self, at: Timestamp) {
        match self.phase {
            Phase::Draft if at > self.until => {
                let reason = "the gate did not speak in time: it may have been sent";
                self.end(Phase::Unknown, at, Some(Cause::Unknown), Some(reason.to_owned()));
                self.hope = Hope::Until(at + self.window);
            }
            Phase::Checked if at > self.until + GRACE => {
                let reason = "the gate fell silent while it waited for a person: it may have been sent";
                self.end(Phase::Unknown, at, Some(Cause::Unknown), Some(reason.to_owned()));
                self.hope = Hope::Until(at + self.window);
            }
            Phase::Sent if at > self.until => {
                let reason = "the device did not answer in time".to_owned();
                self.end(Phase::TimedOut, at, Some(Cause::TimeLimitOver), Some(reason));
            }
            Phase::Accepted if at > self.until => {
                let reason = "accepted, but no measurement showed it in time".to_owned();
                self.end(Phase::Unknown, at, Some(Cause::TimeLimitOver), Some(reason));
            }
            Phase::Unknown => {
                if let Hope::Until(until) = self.hope
                    && at > until
                {
                    self.hope = Hope::None;
                }
            }
            Phase::Draft
            | Phase::Checked
            | Phase::Sent
            | Phase::Accepted
            | Phase::Rejected
            | Phase::Confirmed
            | Phase::Failed
            | Phase::TimedOut
            | Phase::Expired => (),
        }
    }

    fn end(&mut self, phase: Phase, at: Timestamp, cause: Option<Cause>, reason: Option<String>) {
        self.phase = phase;
        self.ended = Some(at);
        self.hope = Hope::None;
        self.cause = cause;
        self.reason = reason;
    }
}

#[cfg(test)]
mod tests;
