//! How urgent an alarm is.

use serde::{Deserialize, Serialize};

use crate::site::Alarm;
use crate::site::doc::Consequence;
use crate::twin::Level;

/// From what can wait to what cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Priority {
    /// It can wait. Of a well designed system about 80 % of the alarms.
    #[default]
    Low,
    /// Soon. About 15 %.
    Medium,
    /// Now. Together with the urgent about 5 %.
    High,
    /// Before anything else.
    Urgent,
}

/// Minutes in which a person can still act, from which on the next column of the table counts.
const WITHIN: [f64; 3] = [3.0, 10.0, 30.0];

impl Priority {
    /// All of them, the least urgent first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Urgent];

    /// From what happens if nobody acts and the minutes in which one can: the matrix of severity and time to respond by
    /// which alarms are rationalized under ISA-18.2 (clause on rationalization) and EEMUA 191. Both leave the entries to
    /// the site; these keep to the usual form: to the left of a diagonal all is more urgent than to its right.
    ///
    /// | minutes | < 3 | < 10 | < 30 | more |
    /// | --- | --- | --- | --- | --- |
    /// | severe | urgent | urgent | high | medium |
    /// | major | high | high | medium | low |
    /// | minor | medium | low | low | low |
    pub fn of(consequence: Consequence, respond_within: f64) -> Self {
        use Priority::{High, Low, Medium, Urgent};
        let row = match consequence {
            Consequence::Severe => [Urgent, Urgent, High, Medium],
            Consequence::Major => [High, High, Medium, Low],
            Consequence::Minor => [Medium, Low, Low, Low],
        };
        row[WITHIN.iter().take_while(|it| respond_within >= **it).count()]
    }

    /// Of an alarm.
    pub fn of_alarm(alarm: &Alarm) -> Self {
        Self::of(alarm.consequence, alarm.respond_within)
    }

    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// What an active alarm makes of its twin.
    pub fn level(self) -> Level {
        match self {
            Self::Low | Self::Medium => Level::Warning,
            Self::High | Self::Urgent => Level::Alarm,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worse_or_leaves_less_time_is_never_less_urgent() {
        let minutes = [0.0, 2.9, 3.0, 9.9, 10.0, 29.0, 30.0, 600.0];
        let all = [Consequence::Minor, Consequence::Major, Consequence::Severe];
        for pair in minutes.windows(2) {
            assert!(all.iter().all(|it| Priority::of(*it, pair[0]) >= Priority::of(*it, pair[1])));
        }
        for at in minutes {
            assert!(all.windows(2).all(|it| Priority::of(it[0], at) <= Priority::of(it[1], at)));
        }
        assert_eq!(Priority::of(Consequence::Severe, 5.0), Priority::Urgent);
        assert_eq!(Priority::of(Consequence::Minor, 60.0), Priority::Low);
    }
}
