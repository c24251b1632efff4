//! The names that Pollux gives to what it adds to a session, and the shapes of what stands under them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::session::fold::{Cell, Fold};
use crate::signal::{Timestamp, Value};
use crate::site::Site;

/// The topic of keyframes.
pub(super) const KEYFRAME: &str = "pollux/keyframe";
/// The topic of what was asked of devices, and what became of it.
pub(super) const AUDIT: &str = "pollux/audit";
/// The topic of what MQTT said of the message that follows, where it differs from message to message.
pub(super) const PROPERTIES: &str = "pollux/properties";
/// The topic of messages for which the format has no channel left: the topic's length in two bytes (little-endian), the
/// topic, the payload.
pub(super) const MORE: &str = "pollux/more";
/// The metadata record of a session.
pub(super) const METADATA: &str = "pollux";
/// A channel's metadata: the broker had kept its messages.
pub(super) const RETAINED: &str = "retained";
/// A channel's metadata: the Content Type of its messages.
pub(super) const CONTENT_TYPE: &str = "content_type";
/// A channel's metadata: the Response Topic of its messages.
pub(super) const RESPONSE_TOPIC: &str = "response_topic";
/// A channel's metadata: the User Properties of its messages, each as `user:NAME`.
pub(super) const USER: &str = "user:";

/// The state of all signals before the messages that follow it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyframeDoc {
    /// The version of this shape.
    pub v: u32,
    /// Where it does not hold the state itself: the log time of the keyframe that does, ns. What came between stands in
    /// the chunks from there on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// The signals that have spoken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<CellDoc>,
}

/// One signal of a keyframe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellDoc {
    /// Its address.
    pub signal: String,
    /// When it was measured, ns since 1970.
    pub at: i64,
    /// When it arrived, ns since 1970.
    pub received: i64,
    /// `n` number, `b` flag, `t` text, `-` none.
    pub is: char,
    /// The value: numbers as text, so that every bit of them comes back.
    pub value: String,
    /// The newest payload could not be read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
}

/// What was asked of a device, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditDoc {
    /// When it came to stand there, ns since 1970.
    pub at: i64,
    /// The command's address.
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
    /// Who asked.
    pub who: String,
}

/// What MQTT said of the message that follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PropertiesDoc {
    /// The Correlation Data.
    pub(super) correlation: Vec<u8>,
}

impl KeyframeDoc {
    /// The state as a document.
    pub fn of(fold: &Fold, site: &Site) -> Self {
        let spoken = site.signals.iter().map(|it| (it, fold.get(it.id))).filter(|it| *it.1 != Cell::NOTHING);
        let signals = spoken.map(|(signal, cell)| CellDoc::of(&signal.address, cell)).collect();
        Self { v: 1, since: None, signals }
    }

    /// A keyframe that leads to another.
    pub fn after(since: i64) -> Self {
        Self { v: 1, since: Some(since), signals: Vec::new() }
    }

    /// The state on a site. Signals that the site doesn't have are passed over.
    pub fn fold(&self, site: &Site) -> Fold {
        let mut fold = Fold::default();
        for doc in &self.signals {
            if let Some(signal) = site.signal_at(&doc.signal) {
                fold.set(signal.id, doc.cell());
            }
        }
        fold
    }
}

impl CellDoc {
    fn of(address: &str, cell: &Cell) -> Self {
        let (is, value) = match &cell.value {
            None => ('-', String::new()),
            Some(Value::Number(number)) => ('n', format!("{number:?}")),
            Some(Value::Flag(on)) => ('b', on.to_string()),
            Some(Value::Text(text)) => ('t', text.to_string()),
        };
        let (at, received) = (cell.at.as_nanos(), cell.received.as_nanos());
        Self { signal: address.to_owned(), at, received, is, value, unreadable: cell.unreadable }
    }

    fn cell(&self) -> Cell {
        let value = match self.is {
            'n' => self.value.parse().ok().map(Value::Number),
            'b' => self.value.parse().ok().map(Value::Flag),
            't' => Some(Value::Text(Arc::from(self.value.as_str()))),
            _ => None,
        };
        let (at, received) = (Timestamp::from_nanos(self.at), Timestamp::from_nanos(self.received));
        Cell { value, at, received, unreadable: self.unreadable }
    }
}
