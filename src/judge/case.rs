//! One alarm as the engine carries it: its life, its delays, and what is shown of it.

use std::collections::VecDeque;
use std::time::Duration;

use super::alarms::AlarmLife;
use super::life::{Life, Step, Truth};
use super::priority::Priority;
use crate::signal::Timestamp;
use crate::site::Alarm;

/// Raised three times within this is chattering (ISA-18.2 and EEMUA 191: three or more in a minute).
const CHATTER_SPAN: Duration = Duration::from_secs(60);
/// See there.
const CHATTER_RAISES: usize = 3;

/// An alarm between two of its steps.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) life: Life,
    pub(super) shown: AlarmLife,
    /// What a delay holds back. `None`: nothing.
    pub(super) pending: Option<Pending>,
    /// When what made the condition hold last was measured.
    pub(super) onset: Timestamp,
    /// When it was raised last, the oldest first; no more than tell that it chatters.
    recent: VecDeque<Timestamp>,
    on_delay: Duration,
    off_delay: Duration,
}

/// What happens when a delay is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pending {
    /// When.
    pub(super) due: Timestamp,
    /// The condition holds then; else it is gone.
    pub(super) on: bool,
    /// When what began it was measured.
    pub(super) at: Timestamp,
}

impl Case {
    pub(super) fn new(alarm: &Alarm) -> Self {
        Self {
            life: Life::new(alarm.latched),
            shown: AlarmLife::new(alarm.id, Priority::of_alarm(alarm)),
            pending: None,
            onset: Timestamp::MIN,
            recent: VecDeque::new(),
            on_delay: span(alarm.on_delay),
            off_delay: span(alarm.off_delay),
        }
    }

    /// Goes on with what was before the site was edited.
    pub(super) fn inherit(&mut self, before: Self) {
        let priority = self.shown.priority;
        self.life = before.life.latching(self.life);
        self.shown = AlarmLife { priority, ..before.shown };
        self.pending = before.pending;
        self.onset = before.onset;
        self.recent = before.recent;
    }

    /// Takes what the condition says. Returns a step to take at once; one that has to wait is pending then. What cannot
    /// be known ends a delay: it begins anew when it can.
    pub(super) fn hear(&mut self, truth: Truth, at: Timestamp, clock: Timestamp) -> Option<Step> {
        let active = self.life.is_active();
        let delay = match truth {
            Truth::Unknown => {
                self.pending = None;
                return (self.life.truth != Truth::Unknown).then_some(Step::Unknown);
            }
            Truth::Active if !active => Some((true, self.on_delay)),
            Truth::Normal if active => Some((false, self.off_delay)),
            Truth::Active | Truth::Normal => None,
        };
        // What it is while a delay runs: it is known, and as it was.
        let as_before = (self.life.truth == Truth::Unknown).then_some(if active { Step::On } else { Step::Off });
        match delay {
            None => {
                self.pending = None;
                as_before
            }
            Some((on, Duration::ZERO)) => {
                self.pending = None;
                if on {
                    self.onset = at;
                }
                Some(if on { Step::On } else { Step::Off })
            }
            Some((on, delay)) => {
                if self.pending.is_none_or(|it| it.on != on) {
                    self.pending = Some(Pending { due: clock + delay, on, at });
                }
                as_before
            }
        }
    }

    /// The delay is over, if this is still the one. Returns the step, and when what began it was measured.
    pub(super) fn delayed(&mut self, due: Timestamp) -> Option<(Step, Timestamp)> {
        let pending = self.pending.take_if(|it| it.due == due)?;
        if pending.on {
            self.onset = pending.at;
        }
        Some((if pending.on { Step::On } else { Step::Off }, pending.at))
    }

    /// It was raised. Returns when it is to be looked whether it still chatters.
    pub(super) fn count_raise(&mut self, clock: Timestamp) -> Option<Timestamp> {
        self.recent.push_back(clock);
        if self.recent.len() > CHATTER_RAISES {
            self.recent.pop_front();
        }
        self.look_at_chatter(clock);
        self.calm_at()
    }

    /// Whether it chatters at an instant. Tells whether that is new.
    pub(super) fn look_at_chatter(&mut self, clock: Timestamp) -> bool {
        let first = self.recent.front().filter(|_| self.recent.len() == CHATTER_RAISES);
        let chatters = first.is_some_and(|it| clock.since(*it) <= CHATTER_SPAN);
        std::mem::replace(&mut self.shown.chattering, chatters) != chatters
    }

    /// When it will no longer chatter, if it does.
    pub(super) fn calm_at(&self) -> Option<Timestamp> {
        let first = self.recent.front().filter(|_| self.shown.chattering);
        first.map(|it| *it + CHATTER_SPAN + Duration::from_nanos(1))
    }
}

/// A span in seconds, as the site gives it.
pub(super) fn span(secs: f64) -> Duration {
    Duration::try_from_secs_f64(secs.max(0.0)).unwrap_or(Duration::MAX)
}
