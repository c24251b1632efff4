//! The names that Pollux gives to what it adds to a session, and the shapes of what stands under them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::session::fold::{Cell, Fold};
use crate::signal::{Timestamp, Value};
use crate::site::Site;
use crate::trust::{
    Anchor, Defences, Heard, KeyId, KeysDoc, LimitsDoc, Proof, Reason, Refused, Registry, Trust, WindowDoc,
};

/// The topic of keyframes.
pub(super) const KEYFRAME: &str = "pollux/keyframe";
/// The topic of what was asked of devices, and what became of it.
pub(super) const AUDIT: &str = "pollux/audit";
/// The topic of what MQTT said of the message that follows, where it differs from message to message.
pub(super) const PROPERTIES: &str = "pollux/properties";
/// The topic of messages for which the format has no channel left: the topic's length in two bytes (little-endian), the
/// topic, the payload.
pub(super) const MORE: &str = "pollux/more";
/// The topic of registries of keys that took the place of the one that the session began with.
pub(super) const KEYS: &str = "pollux/keys";
/// The topic of messages that are packed into columns.
pub(super) const COLUMNS: &str = "pollux/columns";
/// The metadata record that tells how many messages a packed session holds, by topic.
pub(super) const COUNTS: &str = "pollux/counts";
/// The metadata record of a session.
pub(super) const METADATA: &str = "pollux";
/// In it: the session's name.
pub(super) const SESSION: &str = "session";
/// In it: the key that seals the session.
pub(super) const RECORDER: &str = "recorder";
/// In it: the session that this one was cut from, and the chain of its seals then.
pub(super) const CUT_SESSION: &str = "cut_from_session";
pub(super) const CUT_CHAIN: &str = "cut_from_chain";
/// In it: the session that this one goes on from, and the chain of its seals at its end.
pub(super) const AFTER_SESSION: &str = "after_session";
pub(super) const AFTER_CHAIN: &str = "after_chain";
/// A channel's metadata: the broker had kept its messages.
pub(super) const RETAINED: &str = "retained";
/// A channel's metadata: the Content Type of its messages.
pub(super) const CONTENT_TYPE: &str = "content_type";
/// A channel's metadata: the Response Topic of its messages.
pub(super) const RESPONSE_TOPIC: &str = "response_topic";
/// A channel's metadata: the User Properties of its messages, each as `user:NAME`.
pub(super) const USER: &str = "user:";

/// The state of all signals before the messages that follow it, in columns: one entry a signal that has spoken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyframeDoc {
    /// The version of this shape.
    pub v: u32,
    /// Where it does not hold the state itself: the log time of the keyframe that does, ns. What came between stands in
    /// the chunks from there on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// Their addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<String>,
    /// When each arrived, ns since 1970.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub received: Vec<i64>,
    /// How long before that it was measured, ns. Empty: none tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<i64>,
    /// What the values are, a letter each: `n` number, `b` flag, `t` text, `-` none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub is: String,
    /// The values as text: numbers so that every bit of them comes back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// The places of those whose newest payload could not be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<usize>,
    /// Those that somebody signed, by place: how far they may be believed, by which key, after how many missing ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<(usize, Trust, String, u32)>,
    /// Those for which something was refused, by place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<(usize, RefusedDoc)>,
    /// Which envelopes were heard, by key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<WindowDoc>,
    /// How much came of late.
    #[serde(default, skip_serializing_if = "LimitsDoc::is_empty")]
    pub limits: LimitsDoc,
    /// Who has which key, as `keys.ron` says it, where that has changed since the session began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<String>,
}

/// What was refused for a signal, see [`Refused`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedDoc {
    /// Why the last one was.
    pub reason: Reason,
    /// When it came, ns since 1970.
    pub at: Timestamp,
    /// How many so far.
    pub count: u32,
    /// How many of them were proofs of another's speaking.
    #[serde(default)]
    pub proofs: u32,
    /// The last of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<(Reason, Timestamp)>,
    /// When those before it came, the newest first. Empty: nothing is known of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Timestamp>,
    /// The one by which it became certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evil: Option<(Reason, Timestamp)>,
}

/// What was asked of a device, and where it stands; or what happened to an alarm; or what a person isolated, or acknowledged.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AuditDoc {
    /// When it came to stand there, ns since 1970.
    pub at: i64,
    /// The command's address. Empty: it is about something else.
    pub command: String,
    /// The value asked for, as text.
    pub desired: String,
    /// The phase's name.
    pub phase: String,
    /// Why it was refused or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The Correlation Data.
    pub correlation: String,
    /// Who asked. Empty: nobody, it happened by itself.
    pub who: String,
    /// The cause of a refusal, as IEC 61850-7-2 names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Who approved it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<String>,
    /// What was looked at before it was sent, as the gate told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checks: Option<serde_json::Value>,
    /// Until when the next step must come, ns since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// What happened to an alarm. `None`: it is about something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<AlarmAuditDoc>,
    /// What was isolated or released. `None`: it is about something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<QuarantineAuditDoc>,
    /// The address of the twin of which a person acknowledged that it has an evil one. `None`: it is about something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evil_twin: Option<String>,
}

/// What happened to an alarm.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AlarmAuditDoc {
    /// Its address.
    pub address: String,
    /// In words: `raised`, `acknowledged`.
    pub what: String,
    /// When it happened at the site, by the device's clock where it tells one, ns since 1970.
    pub measured: i64,
    /// The reason that was given, or the note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Until when it is shelved, ns since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

/// A registry as a session holds it. What it is worth is told by whose signature it bears.
pub(super) fn registry_of(text: &[u8], path: &Path) -> Option<Arc<Registry>> {
    let read = std::str::from_utf8(text).ok().map(|it| KeysDoc::parse(it, path))?;
    let checked = read.and_then(|it| Registry::check(it, path, Anchor::default(), Defences::all()));
    match checked {
        Ok(registry) => Some(Arc::new(registry)),
        Err(why) => {
            warn!("{}: its registry of keys is passed over: {why}", path.display());
            None
        }
    }
}

/// A twin that was isolated, or released. Why stands in the reason beside it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct QuarantineAuditDoc {
    /// Its address.
    pub twin: String,
    /// In a word: `isolated`, `released`.
    pub what: String,
    /// What stands in for its values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub estimates: Vec<EstimateDoc>,
}

/// What stands in for a signal's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EstimateDoc {
    /// The signal's address.
    pub signal: String,
    /// A number, a flag or a text.
    pub value: serde_json::Value,
    /// What it was made from, in words.
    pub basis: String,
}

/// What MQTT said of the message that follows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct PropertiesDoc {
    /// The Correlation Data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) correlation: Option<Vec<u8>>,
    /// The signature that came beside it, as its user property says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<String>,
}

impl RefusedDoc {
    fn refused(&self) -> Refused {
        let Self { reason, at, count, proofs, evidence, evil, ref earlier } = *self;
        let mut before = Refused::NEVER;
        before.iter_mut().zip(earlier).for_each(|(it, at)| *it = *at);
        // A session from before it was written down tells what is certain by itself.
        let alone = evidence.filter(|it| matches!(it.0, Reason::Cloned | Reason::Rollback));
        Refused { reason, at, count, proofs, evidence, earlier: before, evil: evil.or(alone) }
    }

    fn of(refused: &Refused) -> Self {
        let Refused { reason, at, count, proofs, evidence, earlier, evil } = *refused;
        let earlier = earlier.into_iter().filter(|it| *it != Timestamp::MIN).collect();
        Self { reason, at, count, proofs, evidence, earlier, evil }
    }
}

fn proof_of((place, trust, key, gap): &(usize, Trust, String, u32)) -> Option<(usize, Proof)> {
    let key = key.parse::<KeyId>().ok()?;
    Some((*place, Proof { trust: *trust, key: Some(key), gap: *gap }))
}

impl KeyframeDoc {
    /// The state as a document.
    pub fn of(fold: &Fold, site: &Site) -> Self {
        let mut doc = Self { v: 2, ..Self::default() };
        let spoken = site.signals.iter().map(|it| (it, fold.get(it.id))).filter(|it| *it.1 != Cell::NOTHING);
        for (signal, cell) in spoken {
            let (is, value) = match &cell.value {
                None => ('-', String::new()),
                Some(Value::Number(number)) => ('n', format!("{number:?}")),
                Some(Value::Flag(on)) => ('b', on.to_string()),
                Some(Value::Text(text)) => ('t', text.to_string()),
            };
            let place = doc.signals.len();
            if cell.unreadable {
                doc.unreadable.push(place);
            }
            if let Some(key) = cell.proof.key {
                doc.proofs.push((place, cell.proof.trust, key.to_string(), cell.proof.gap));
            }
            if let Some(refused) = &cell.refused {
                doc.refused.push((place, RefusedDoc::of(refused)));
            }
            doc.signals.push(signal.address.to_string());
            doc.received.push(cell.received.as_nanos());
            doc.late.push(cell.received.as_nanos().wrapping_sub(cell.at.as_nanos()));
            doc.is.push(is);
            doc.values.push(value);
        }
        if doc.late.iter().all(|it| *it == 0) {
            doc.late.clear();
        }
        doc.keys = fold.registry().map(|it| it.doc().to_ron());
        doc.windows = fold.heard().windows.iter().map(|(key, it)| it.doc(*key)).collect();
        doc.limits = fold.heard().limits();
        doc
    }

    /// A keyframe that leads to another.
    pub fn after(since: i64) -> Self {
        Self { v: 2, since: Some(since), ..Self::default() }
    }

    /// A keyframe before the first message.
    pub fn nothing() -> Self {
        Self { v: 2, ..Self::default() }
    }

    /// What verification remembers. Of a session that kept no limits: that nothing came of late.
    pub fn heard(&self) -> Heard {
        Heard::kept(self.windows.iter().filter_map(WindowDoc::window).collect(), &self.limits)
    }

    /// The state on a site. Signals that the site doesn't have are passed over.
    pub fn fold(&self, site: &Site) -> Fold {
        let registry = self.keys.as_ref().and_then(|it| registry_of(it.as_bytes(), Path::new(KEYS)));
        let mut fold = Fold::default().with_heard(Arc::new(self.heard())).with_registry(registry);
        let proofs: HashMap<usize, Proof> = self.proofs.iter().filter_map(proof_of).collect();
        let refused: HashMap<usize, Refused> = self.refused.iter().map(|(place, it)| (*place, it.refused())).collect();
        let columns = self.signals.iter().zip(&self.received).zip(self.is.chars().zip(&self.values));
        for (place, ((address, &received), (is, text))) in columns.enumerate() {
            let Some(signal) = site.signal_at(address) else { continue };
            let value = match is {
                'n' => text.parse().ok().map(Value::Number),
                'b' => text.parse().ok().map(Value::Flag),
                't' => Some(Value::Text(Arc::from(text.as_str()))),
                _ => None,
            };
            let late = self.late.get(place).copied().unwrap_or(0);
            let cell = Cell {
                value,
                at: Timestamp::from_nanos(received.wrapping_sub(late)),
                received: Timestamp::from_nanos(received),
                unreadable: self.unreadable.contains(&place),
                proof: proofs.get(&place).copied().unwrap_or_default(),
                refused: refused.get(&place).copied(),
            };
            fold.set(signal.id, cell);
        }
        fold
    }
}
