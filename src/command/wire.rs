//! What the desktop and the gate say to each other over MQTT, and where.
//!
//! - `pollux/SITE/request`: requests, each sealed by a person's key as COSE Sign1 for this topic, never retained. An emergency
//!   stop is taken unsealed as well.
//! - `pollux/SITE/gate/events`: what the gate does, JSON ([`GateEvent`]), `QoS` 1, not retained. The same goes to the request's
//!   Response Topic.
//! - `pollux/SITE/gate/status`: whether the gate is there, JSON ([`GateStatus`]), retained; its last will says that it is not.
//! - `pollux/SITE/gate/quarantine`: which twins the gate holds isolated, JSON ([`GateHolds`]), retained. It stays when the gate is
//!   gone.
//! - `pollux/SITE/gate/answers`: where devices answer the gate.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cause::Cause;
use super::checks::Check;
use super::life::Phase;
use super::request::Digest;
use crate::signal::{Timestamp, Value};
use crate::site::Site;

/// Where a site's gate is talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    /// Requests to the gate.
    pub request: String,
    /// What the gate does.
    pub events: String,
    /// Whether the gate is there.
    pub status: String,
    /// Which twins the gate holds isolated.
    pub quarantine: String,
    /// Where devices answer the gate.
    pub answers: String,
}

/// Something that the gate did with a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateEvent {
    /// Of which request.
    pub id: Uuid7,
    /// Where it stands now.
    pub phase: Phase,
    /// When it came to stand there, by the gate's clock, ns since 1970.
    pub at: Timestamp,
    /// When it was asked for, by the clock of whom asked.
    pub asked: Timestamp,
    /// When it was sent to the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Timestamp>,
    /// When the device first answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Timestamp>,
    /// The command's address. Empty: the request named none.
    pub command: String,
    /// The value asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<ValueDoc>,
    /// The account that asked; empty where it is not known.
    pub who: String,
    /// The accounts that approved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<String>,
    /// Why it was refused or came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The same, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// For which person it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
    /// Of the bytes that the event is about, where they were refused: whoever sent others under the same id is not meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// It is one part of this emergency stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Uuid7>,
    /// It is about no command: a person acknowledges the evil twin of the twin with this address, for `reason`. `confirmed` is that
    /// it is done, `rejected` that it is not, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evil_twin: Option<String>,
    /// The event is about a request that was refused while the command that it speaks of stands as it stood: a copy that came
    /// again, an approval by the wrong person, a cancelling too late. Only `cause`, `reason` and `checks` are news.
    #[serde(default, skip_serializing_if = "is_false")]
    pub aside: bool,
    /// While it is unknown: the link is lost, and telemetry may still tell.
    #[serde(default, skip_serializing_if = "is_false")]
    pub lost: bool,
}

/// For whom the gate waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waits {
    /// For what.
    pub for_act: WaitsFor,
    /// Until when.
    pub until: Timestamp,
    /// Of the bytes of the request.
    pub digest: Digest,
    /// The bytes themselves, hexadecimal, so that whoever approves reads what was signed and not what the gate says of it.
    pub request: String,
}

/// What the gate waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// The person who reserved it to operate it.
    Operate,
    /// A second person to approve it.
    Approve,
}

/// Whether the gate is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateStatus {
    /// `online` or `offline`.
    pub state: GateIs,
    /// Its public key, with which it signs its audit. The last will has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<crate::trust::PublicKey>,
    /// It takes the accounts of the demo.
    #[serde(default, skip_serializing_if = "is_false")]
    pub demo: bool,
    /// Why it refuses all commands but emergency stops, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfit: Option<String>,
    /// It verifies nothing, although devices of the site sign: it was told to go on without a registry of keys.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unsigned: bool,
}

/// Whether the gate is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateIs {
    /// It is.
    Online,
    /// It is not.
    Offline,
}

/// Which twins the gate holds isolated, and what it released lately.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GateHolds {
    /// The earliest first.
    pub isolated: Vec<HeldDoc>,
    /// What is isolated no more, the newest last: so that whoever was away knows by whom and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub released: Vec<HeldDoc>,
}

/// A twin that the gate isolated, or released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldDoc {
    /// Its address.
    pub twin: String,
    /// When, by the gate's clock, ns since 1970.
    pub at: Timestamp,
    /// The account that asked for it.
    pub who: String,
    /// For what reason.
    pub why: String,
}

/// A value in JSON: a number, `true` or `false`, or a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ValueDoc {
    /// On or off.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// A UUID as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uuid7(pub Uuid);

impl Topics {
    /// Of a site, by the name of its folder.
    pub fn of(site: &Site) -> Self {
        let name = site.topic_name();
        Self {
            request: format!("pollux/{name}/request"),
            events: format!("pollux/{name}/gate/events"),
            status: format!("pollux/{name}/gate/status"),
            quarantine: format!("pollux/{name}/gate/quarantine"),
            answers: format!("pollux/{name}/gate/answers"),
        }
    }

    /// What a desktop listens to.
    pub fn for_desktop(&self) -> Vec<String> {
        vec![self.events.clone(), self.status.clone(), self.quarantine.clone()]
    }
}

impl From<Uuid7> for String {
    fn from(id: Uuid7) -> Self {
        id.0.to_string()
    }
}

impl TryFrom<String> for Uuid7 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Uuid::try_parse(&text).map(Self).map_err(|error| format!("{text:?} is no UUID: {error}"))
    }
}

impl From<&Value> for ValueDoc {
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(it) => Self::Number(*it),
            Value::Flag(it) => Self::Flag(*it),
            Value::Text(it) => Self::Text(it.to_string()),
        }
    }
}

impl From<&ValueDoc> for Value {
    fn from(value: &ValueDoc) -> Self {
        match value {
            ValueDoc::Number(it) => Self::Number(*it),
            ValueDoc::Flag(it) => Self::Flag(*it),
            ValueDoc::Text(it) => Self::Text(it.as_str().into()),
        }
    }
}

fn is_false(it: &bool) -> bool {
    !it
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_the_gate_reads_as_documented() {
        let event = GateEvent {
            id: Uuid7(Uuid::from_u128(7)),
            phase: Phase::Rejected,
            at: Timestamp::from_nanos(2_000_000_000),
            asked: Timestamp::from_nanos(1_000_000_000),
            sent: None,
            answered: None,
            command: "bench.pump/speed".to_owned(),
            value: Some(ValueDoc::Number(1400.0)),
            who: "operator".to_owned(),
            approved_by: Vec::new(),
            cause: Some(Cause::StepLimit),
            reason: Some("largest step: a step of 400 rpm, must be at most 300 rpm".to_owned()),
            checks: vec![Check::new(
                super::super::checks::What::Step,
                super::super::checks::Verdict::Failed,
                "a step of 400 rpm",
                "at most 300 rpm",
            )],
            waits: None,
            digest: None,
            stop: None,
            evil_twin: None,
            aside: false,
            lost: false,
        };
        let text = serde_json::to_string(&event).unwrap();
        insta::assert_snapshot!(text);
        assert_eq!(serde_json::from_str::<GateEvent>(&text).unwrap(), event);
    }
}
