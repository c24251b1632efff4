//! What verification remembers of what came: with it a replay goes on from any point as the day itself did, with the same
//! verdicts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::bucket::Bucket;
use super::window::Windows;

/// What came so far, as far as it matters for what comes next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heard {
    /// Which envelopes, by key.
    pub windows: Windows,
    /// How much of late, by topic. One that is not here: nothing that still counts.
    pub(super) topics: BTreeMap<Arc<str>, Bucket>,
    /// How much was refused of late, on all topics together.
    pub(super) refused: Bucket,
}

/// How much came of late, as a keyframe keeps it: what is not made up for yet, and when that was so; ns, and ns since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LimitsDoc {
    /// By topic. One that is not here: nothing that still counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<(String, i64, i64)>,
    /// Of what was refused, on all topics together. `None`: nothing that still counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<(i64, i64)>,
}

impl Heard {
    /// As it was kept. What cannot be is passed over.
    pub fn kept(windows: Windows, limits: &LimitsDoc) -> Self {
        let limit = |(topic, owed, at): &(String, i64, i64)| (Arc::from(topic.as_str()), Bucket::kept((*owed, *at)));
        Self {
            windows,
            topics: limits.topics.iter().map(limit).filter(|it| it.1 != Bucket::FULL).collect(),
            refused: limits.refused.map_or(Bucket::FULL, Bucket::kept),
        }
    }

    /// How much came of late, to be kept.
    pub fn limits(&self) -> LimitsDoc {
        let limit = |(topic, it): (&Arc<str>, &Bucket)| (topic.to_string(), it.doc().0, it.doc().1);
        LimitsDoc {
            topics: self.topics.iter().map(limit).collect(),
            refused: (self.refused != Bucket::FULL).then(|| self.refused.doc()),
        }
    }
}

impl LimitsDoc {
    /// Whether nothing counts any more.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.refused.is_none()
    }
}
