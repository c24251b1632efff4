//! The verdict on one arrival: how far it may be believed, and if it may not, why.

use serde::{Deserialize, Serialize};

use super::key::KeyId;
use crate::signal::Timestamp;

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
}

impl Refused {
    /// After what was refused before, one more.
    pub fn after(before: Option<Self>, reason: Reason, at: Timestamp) -> Self {
        let proves = reason.is_evidence();
        Self {
            reason,
            at,
            count: before.map_or(0, |it| it.count).saturating_add(1),
            proofs: before.map_or(0, |it| it.proofs).saturating_add(u32::from(proves)),
            evidence: if proves { Some((reason, at)) } else { before.and_then(|it| it.evidence) },
        }
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
}
