//! How far a reading may be believed, and what may rely on it: one word for a person, worst first.

use std::time::Duration;

use super::reading::{Bounds, Reading, ReadingState};
use crate::signal::Timestamp;
use crate::site::Signal;
use crate::site::doc::Class;
use crate::trust::Trust;

/// A refusal marks its signal at least so long.
const REJECTED_FOR: Duration = Duration::from_secs(10);

/// How far a reading may be believed, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Standing {
    /// Signed by the device, and every check passed.
    Verified,
    /// A gateway signed for a device that cannot.
    Vouched,
    /// Nobody signed it.
    #[default]
    Unsigned,
    /// Nothing was ever heard.
    Unheard,
    /// It is good, but some before it never came.
    Gap,
    /// It is older than expected.
    Stale,
    /// It cannot be, by what the site says.
    Inconsistent,
    /// Something was refused since, or a moment ago: the value shown is the last good one.
    Rejected,
    /// Somebody else speaks in the device's name, and no person has acknowledged that yet.
    EvilTwin,
    /// A person has isolated it: an estimate stands in.
    Quarantined,
}

impl Standing {
    /// All, from the best to the worst.
    pub const ALL: [Self; 10] = [
        Self::Verified,
        Self::Vouched,
        Self::Unsigned,
        Self::Unheard,
        Self::Gap,
        Self::Stale,
        Self::Inconsistent,
        Self::Rejected,
        Self::EvilTwin,
        Self::Quarantined,
    ];

    /// Of a reading at an instant.
    pub fn of(signal: &Signal, reading: &Reading, now: Timestamp) -> Self {
        Self::within(Bounds::of(signal), reading, now)
    }

    /// The same by the bounds of its signal.
    pub fn within(bounds: Bounds, reading: &Reading, now: Timestamp) -> Self {
        if reading.state == ReadingState::Isolated {
            return Self::Quarantined;
        }
        if let Some(refused) = reading.refused {
            // It stays so until a person acknowledges it, however long nothing more comes.
            if refused.evil.is_some() {
                return Self::EvilTwin;
            }
            let lasts = REJECTED_FOR.max(bounds.patience);
            if refused.at > reading.received || now.since(refused.at) <= lasts {
                return Self::Rejected;
            }
        }
        match reading.state {
            ReadingState::NeverSeen => Self::Unheard,
            ReadingState::Stale => Self::Stale,
            ReadingState::Bad => Self::Inconsistent,
            ReadingState::Isolated => Self::Quarantined,
            ReadingState::Fresh => match (reading.proof.trust, reading.proof.gap) {
                (Trust::Verified | Trust::Vouched, 1..) => Self::Gap,
                (trust, _) => Self::signed(trust),
            },
        }
    }

    /// What a signature alone makes of a value.
    pub fn signed(trust: Trust) -> Self {
        match trust {
            Trust::Verified => Self::Verified,
            Trust::Vouched => Self::Vouched,
            Trust::Unsigned => Self::Unsigned,
        }
    }

    /// Whether a command of a class may rely on what stands so, where the site has what it says signed. A gap carries as far as
    /// the signature of what came after it does: see [`Reading::carries`].
    pub fn carries(self, class: Class) -> bool {
        match self {
            Self::Verified | Self::Gap => true,
            Self::Vouched => class <= Class::C1,
            Self::Unsigned => class == Class::C0,
            Self::Unheard | Self::Stale | Self::Inconsistent | Self::Rejected | Self::EvilTwin | Self::Quarantined => {
                false
            }
        }
    }

    /// Whether what follows from it must not be believed.
    pub fn taints(self) -> bool {
        self >= Self::Inconsistent
    }

    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Vouched => "vouched",
            Self::Unsigned => "unsigned",
            Self::Unheard => "never heard",
            Self::Gap => "gap",
            Self::Stale => "stale",
            Self::Inconsistent => "inconsistent",
            Self::Rejected => "rejected",
            Self::EvilTwin => "evil twin",
            Self::Quarantined => "quarantined",
        }
    }

    /// What it means, as a sentence for a person.
    pub fn says(self) -> &'static str {
        match self {
            Self::Verified => "Signed by the device itself, and every check passed.",
            Self::Vouched => "A gateway signed what it heard of a device that cannot sign.",
            Self::Unsigned => "Nobody signed it: whoever may publish there may have said it.",
            Self::Unheard => "Nothing was ever heard of it.",
            Self::Gap => "Signed and good, but some that came before it are missing.",
            Self::Stale => "It should have come again by now.",
            Self::Inconsistent => "It lies outside of what can be.",
            Self::Rejected => "What came last was refused: the value shown is the last one that was good.",
            Self::EvilTwin => "Somebody else speaks in the device's name.",
            Self::Quarantined => "Isolated by a person: an estimate stands in, and nothing relies on it.",
        }
    }
}

impl Reading {
    /// Whether a command of a class may rely on it, where the site has what it says signed: by its standing, and never further
    /// than its signature reaches.
    pub fn carries(&self, class: Class) -> bool {
        self.standing.carries(class) && Standing::signed(self.proof.trust).carries(class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Cell;
    use crate::signal::Value;
    use crate::trust::{Proof, Reason, Refused};

    const BOUNDS: Bounds = Bounds { patience: Duration::from_secs(3), range: None };

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_nanos((1_800_000_000 + secs) * 1_000_000_000)
    }

    /// A verified value of some second, before which this was refused.
    fn standing(refused: Option<Refused>, secs: i64) -> Standing {
        let (value, proof) = (Some(Value::Number(1.0)), Proof { trust: Trust::Verified, ..Proof::default() });
        let cell = Cell { value, at: at(secs), received: at(secs), proof, refused, ..Cell::NOTHING };
        let mut reading = Reading::known(&cell);
        reading.judge(BOUNDS, at(secs));
        reading.standing
    }

    #[test]
    fn what_was_rejected_is_good_again_after_a_while_and_an_evil_twin_never_by_itself() {
        let stale = Some(Refused::after(None, Reason::Stale, at(0)));
        assert_eq!([5, 11].map(|it| standing(stale, it)), [Standing::Rejected, Standing::Verified]);
        let cloned = Refused::after(None, Reason::Cloned, at(0));
        const WEEK: i64 = 7 * 86_400;
        assert_eq!([5, 301, WEEK].map(|it| standing(Some(cloned), it)), [Standing::EvilTwin; 3]);
        let known = Some(cloned.acknowledged(at(301)));
        assert_eq!([302, WEEK].map(|it| standing(known, it)), [Standing::Verified; 2]);
        let anew = Some(Refused::after(Some(cloned), Reason::Rollback, at(400)).acknowledged(at(301)));
        assert_eq!(standing(anew, WEEK), Standing::EvilTwin);
    }

    #[test]
    fn two_forged_messages_of_last_week_and_one_of_now_are_no_evil_twin() {
        let times = [0, 1, 7 * 86_400];
        let refused = times.iter().fold(None, |it, secs| Some(Refused::after(it, Reason::Forged, at(*secs))));
        assert_eq!(standing(refused, times[2] + 1), Standing::Rejected);
    }

    #[track_caller]
    fn check(trust: Trust, gap: u32, standing: Standing, carried: &[Class]) {
        let proof = Proof { trust, gap, ..Proof::default() };
        let mut reading = Reading { value: Some(Value::Number(1.0)), proof, ..Reading::default() };
        (reading.at, reading.received) = (Timestamp::from_secs_f64(9.0), Timestamp::from_secs_f64(9.0));
        reading.judge(Bounds { patience: Duration::from_secs(5), range: None }, Timestamp::from_secs_f64(10.0));
        assert_eq!(reading.standing, standing);
        let all = [Class::C0, Class::C1, Class::C2, Class::C3];
        assert_eq!(all.into_iter().filter(|it| reading.carries(*it)).collect::<Vec<_>>(), carried);
    }

    #[test]
    fn a_gap_carries_no_more_than_who_signed_what_came_after_it() {
        use Class::{C0, C1, C2, C3};
        check(Trust::Verified, 0, Standing::Verified, &[C0, C1, C2, C3]);
        check(Trust::Verified, 2, Standing::Gap, &[C0, C1, C2, C3]);
        check(Trust::Vouched, 0, Standing::Vouched, &[C0, C1]);
        check(Trust::Vouched, 2, Standing::Gap, &[C0, C1]);
        check(Trust::Unsigned, 2, Standing::Unsigned, &[C0]);
    }
}
