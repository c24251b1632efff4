//! The verdict on one arrival: how far it may be believed, and if it may not, why.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::key::KeyId;
use crate::signal::Timestamp;

/// So many forged messages are no accident.
const ENOUGH: usize = 3;
/// They count together where they came within so long.
const WITHIN: Duration = Duration::from_secs(300);

/// How far what came in may be believed. What was refused never becomes a sample, so it has none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Nobody signed it: it proves nothing but that it was published.
    #[default]
    Unsigned,
    /// A gateway signed for a device that cannot: it proves what the gateway heard.
    Vouched,
    /// The device's own key signed it, and every check passed.
    Verified,
}

/// What is known of where a sample comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Proof {
    /// How far it may be believed.
    pub trust: Trust,
    /// Who signed it. `None`: nobody.
    pub key: Option<KeyId>,
    /// How many of the key's last 64 envelopes before it never came.
    pub gap: u32,
}

/// The last of what was refused where a signal's samples come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub reason: Reason,
    /// When it came.
    pub at: Timestamp,
    /// How many were refused since the first one.
    pub count: u32,
    /// How many of them prove that somebody else speaks in the device's name, see [`Reason::is_evidence`].
    pub proofs: u32,
    /// The last of those. `None`: there was none.
    pub evidence: Option<(Reason, Timestamp)>,
    /// When those before it came, the newest first. [`Timestamp::MIN`]: there was none.
    pub earlier: [Timestamp; ENOUGH - 1],
    /// The last proof by which it is certain: another boot or another envelope under the device's own key, or so many forged
    /// messages in a short time that they are no accident. It stays until a person acknowledges it. `None`: it is not certain, or
    /// was acknowledged.
    pub evil: Option<(Reason, Timestamp)>,
}

impl Refused {
    /// No proof before the one that is told.
    pub const NEVER: [Timestamp; ENOUGH - 1] = [Timestamp::MIN; ENOUGH - 1];

    /// After what was refused before, one more.
    pub fn after(before: Option<Self>, reason: Reason, at: Timestamp) -> Self {
        let nothing = Self { reason, at, count: 0, proofs: 0, evidence: None, earlier: Self::NEVER, evil: None };
        let before = before.unwrap_or(nothing);
        let counted = Self { reason, at, count: before.count.saturating_add(1), ..before };
        if !reason.is_evidence() {
            return counted;
        }
        let mut earlier = before.earlier;
        if let Some((_, at)) = before.evidence {
            earlier.rotate_right(1);
            earlier[0] = at;
        }
        let alone = matches!(reason, Reason::Cloned | Reason::Rollback);
        let together = earlier.iter().all(|it| at.since(*it) <= WITHIN);
        let evil = if alone || together { Some((reason, at)) } else { before.evil };
        Self { proofs: before.proofs.saturating_add(1), evidence: Some((reason, at)), earlier, evil, ..counted }
    }

    /// The same where a person has acknowledged all that came up to an instant.
    #[must_use]
    pub fn acknowledged(self, up_to: Timestamp) -> Self {
        Self { evil: self.evil.filter(|it| it.1 > up_to), ..self }
    }
}

/// The checks, in the order in which they are made (cheapest first).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It is not too large.
    Size,
    /// The topic does not bring more than it can.
    Rate,
    /// The topic may speak for this twin.
    Binding,
    /// It is a well-formed envelope of the right type.
    Parse,
    /// The key is known, in its time, not revoked, and may speak for this twin.
    Key,
    /// The signature belongs to these bytes on this topic.
    Signature,
    /// It was not heard before.
    Replay,
    /// No other envelope bears its number.
    Fork,
    /// It is of now.
    Freshness,
    /// It follows the one before it.
    Chain,
    /// Values are of the kind and in the range that the site says.
    Schema,
}

/// Why something was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Larger than any that is read.
    Oversize,
    /// More than the topic can have to say.
    Flood,
    /// Nothing is bound to this topic.
    UnknownTopic,
    /// It bears no signature, and must.
    NotSigned,
    /// It is no envelope, or one of another type.
    Malformed,
    /// Nobody knows the key.
    UnknownKey,
    /// The key is known, and may not speak for this twin.
    WrongKey,
    /// The key's time is over, or has not begun.
    Expired,
    /// The key was revoked.
    Revoked,
    /// The signature does not belong to these bytes on this topic.
    Forged,
    /// The boot counter went back.
    Rollback,
    /// It was heard before, or is so old that nobody can tell.
    Replayed,
    /// Two different envelopes bear the same number, and both signatures are good: the key was copied.
    Cloned,
    /// It is stamped ahead of now.
    Future,
    /// It is stamped too long ago.
    Stale,
    /// It does not follow the one before it, though its number does.
    Broken,
    /// A value of the wrong kind, or outside of what can be.
    Implausible,
}

impl Trust {
    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Vouched => "vouched",
            Self::Unsigned => "unsigned",
        }
    }
}

impl Step {
    /// All, in their order.
    pub const ALL: [Self; 11] = [
        Self::Size,
        Self::Rate,
        Self::Binding,
        Self::Parse,
        Self::Key,
        Self::Signature,
        Self::Replay,
        Self::Fork,
        Self::Freshness,
        Self::Chain,
        Self::Schema,
    ];

    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Rate => "rate",
            Self::Binding => "topic",
            Self::Parse => "envelope",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Replay => "heard once",
            Self::Fork => "no twin of it",
            Self::Freshness => "fresh",
            Self::Chain => "follows",
            Self::Schema => "values",
        }
    }
}

impl Reason {
    /// All, in the order of the checks.
    pub const ALL: [Self; 17] = [
        Self::Oversize,
        Self::Flood,
        Self::UnknownTopic,
        Self::NotSigned,
        Self::Malformed,
        Self::UnknownKey,
        Self::WrongKey,
        Self::Expired,
        Self::Revoked,
        Self::Forged,
        Self::Rollback,
        Self::Replayed,
        Self::Cloned,
        Self::Future,
        Self::Stale,
        Self::Broken,
        Self::Implausible,
    ];

    /// Which check it did not pass.
    pub fn step(self) -> Step {
        match self {
            Self::Oversize => Step::Size,
            Self::Flood => Step::Rate,
            Self::UnknownTopic => Step::Binding,
            Self::NotSigned | Self::Malformed => Step::Parse,
            Self::UnknownKey | Self::WrongKey | Self::Expired | Self::Revoked => Step::Key,
            Self::Forged => Step::Signature,
            Self::Rollback | Self::Replayed => Step::Replay,
            Self::Cloned => Step::Fork,
            Self::Future | Self::Stale => Step::Freshness,
            Self::Broken => Step::Chain,
            Self::Implausible => Step::Schema,
        }
    }

    /// Whether it proves that somebody else speaks in the device's name: what an evil twin cannot explain away.
    pub fn is_evidence(self) -> bool {
        matches!(self, Self::Forged | Self::Rollback | Self::Cloned)
    }

    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Oversize => "oversize",
            Self::Flood => "flood",
            Self::UnknownTopic => "unknown topic",
            Self::NotSigned => "not signed",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown key",
            Self::WrongKey => "wrong key",
            Self::Expired => "key expired",
            Self::Revoked => "key revoked",
            Self::Forged => "forged",
            Self::Rollback => "rollback",
            Self::Replayed => "replayed",
            Self::Cloned => "cloned",
            Self::Future => "from the future",
            Self::Stale => "too old",
            Self::Broken => "broken chain",
            Self::Implausible => "implausible",
        }
    }

    /// What it means, as a sentence for a person.
    pub fn says(self) -> &'static str {
        match self {
            Self::Oversize => "It was larger than any envelope that is read.",
            Self::Flood => "More came on this topic than its device can have to say.",
            Self::UnknownTopic => "It was signed for a topic that speaks for nothing here.",
            Self::NotSigned => "It bore no signature, and what this device says must be signed.",
            Self::Malformed => "It was no well-formed envelope of measured values.",
            Self::UnknownKey => "It was signed with a key that the registry does not know.",
            Self::WrongKey => "It was signed with a known key that may not speak for this twin.",
            Self::Expired => "It was signed with a key outside of that key's time.",
            Self::Revoked => "It was signed with a key that was revoked.",
            Self::Forged => "Its signature does not belong to these bytes on this topic: changed, moved or forged.",
            Self::Rollback => {
                "Its boot counter is lower than one that was seen: an old life of the device was replayed."
            }
            Self::Replayed => "It was heard before, or it is too old for anybody to tell.",
            Self::Cloned => "Two different envelopes bear this number with good signatures: the key was copied.",
            Self::Future => "It is stamped more than 2 s ahead of its arrival.",
            Self::Stale => "It was stamped too long before its arrival.",
            Self::Broken => "Its number follows the last one, but it names another one before it.",
            Self::Implausible => "It holds a value of the wrong kind, or outside of what can be.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_in_the_order_of_their_checks() {
        assert!(Reason::ALL.windows(2).all(|it| it[0] < it[1] && it[0].step() <= it[1].step()));
        assert!(Step::ALL.windows(2).all(|it| it[0] < it[1]));
    }

    /// What comes of messages that were refused for these reasons at these seconds: when it was certain last.
    #[track_caller]
    fn check(refused: &[(Reason, i64)], want: Option<(Reason, i64)>) {
        let at = |secs: i64| Timestamp::from_nanos((1_800_000_000 + secs) * 1_000_000_000);
        let take = |before, it: &(Reason, i64)| Some(Refused::after(before, it.0, at(it.1)));
        let evil = refused.iter().fold(None, take).and_then(|it| it.evil);
        assert_eq!(evil, want.map(|it| (it.0, at(it.1))), "{refused:?}");
    }

    #[test]
    fn forged_messages_make_an_evil_twin_where_three_come_in_a_short_time_and_others_alone() {
        use Reason::{Cloned, Flood, Forged, Rollback, Stale};
        const WEEK: i64 = 7 * 86_400;
        check(&[(Forged, 0), (Forged, 1), (Stale, 2), (Flood, 3)], None);
        check(&[(Forged, 0), (Forged, 1), (Forged, 2)], Some((Forged, 2)));
        check(&[(Forged, 0), (Forged, 1), (Forged, WEEK)], None);
        check(&[(Forged, 0), (Forged, 150), (Forged, 301)], None);
        check(&[(Forged, 0), (Forged, 150), (Forged, 301), (Forged, 450)], Some((Forged, 450)));
        check(&[(Forged, 0), (Forged, 150), (Forged, 300)], Some((Forged, 300)));
        check(&[(Cloned, 5)], Some((Cloned, 5)));
        check(&[(Rollback, 5), (Stale, 6)], Some((Rollback, 5)));
        // It ends by itself never, however long nothing more comes, and one more forged message makes it no newer.
        check(&[(Cloned, 5), (Stale, WEEK)], Some((Cloned, 5)));
        check(&[(Cloned, 5), (Forged, WEEK)], Some((Cloned, 5)));
    }

    #[test]
    fn what_was_acknowledged_begins_anew_with_a_new_proof() {
        let at = |secs: i64| Timestamp::from_nanos((1_800_000_000 + secs) * 1_000_000_000);
        let cloned = Refused::after(None, Reason::Cloned, at(5));
        assert!(cloned.acknowledged(at(4)).evil.is_some());
        assert_eq!(cloned.acknowledged(at(5)).evil, None);
        assert_eq!(Refused::after(Some(cloned), Reason::Stale, at(9)).acknowledged(at(8)).evil, None);
        assert!(Refused::after(Some(cloned), Reason::Rollback, at(9)).acknowledged(at(8)).evil.is_some());
    }
}
