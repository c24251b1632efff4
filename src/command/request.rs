//! A request as it goes to the gate: deterministic CBOR (RFC 8949, 4.2), an array of fixed length, so that one request has one
//! text.

use ciborium::Value as Cbor;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::signal::{Timestamp, Value};
use crate::trust::hex;

/// What a sealed request says that it is.
pub const REQUEST_TYPE: &str = "application/pollux-command+cbor";
/// No request is good for longer than this, seconds.
pub(super) const EXPIRY_SECS: u64 = 10;
/// The version of the request's layout.
const VERSION: u8 = 1;
/// Larger ones are no request.
const MAX_REQUEST_BYTES: usize = 4096;
/// The longest reason, characters.
pub const LONGEST_WHY: usize = 400;

/// One thing asked of the gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// `UUIDv7`. A command's is the same when it is selected and when it is operated.
    pub id: Uuid,
    /// What.
    pub act: Act,
    /// Not good before this.
    pub not_before: Timestamp,
    /// Nor after this.
    pub expires: Timestamp,
    /// The person gave the passphrase for this very command.
    pub reentered: bool,
}

/// What is asked of the gate.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Send a command.
    Operate {
        /// The command's address.
        command: String,
        /// The value.
        value: Value,
    },
    /// Reserve a command, before it is operated.
    Select {
        /// The command's address.
        command: String,
        /// The value that it will be operated with.
        value: Value,
    },
    /// Approve what another person has asked for.
    Approve {
        /// Of exactly these bytes.
        digest: Digest,
    },
    /// Take back what was asked for.
    Cancel {
        /// Its id.
        request: Uuid,
    },
    /// The emergency stop of a twin.
    Stop {
        /// The twin's address.
        twin: String,
    },
    /// Isolate a twin with all its parts.
    Isolate {
        /// The twin's address.
        twin: String,
        /// For what reason: at most [`LONGEST_WHY`] characters, none of them a control character.
        why: String,
    },
    /// Release an isolated twin.
    Release {
        /// The twin's address.
        twin: String,
        /// For what reason, as above.
        why: String,
    },
    /// Acknowledge that somebody else speaks in the name of a twin's device.
    Acknowledge {
        /// The twin's address.
        twin: String,
        /// For what reason, as above.
        why: String,
    },
}

/// The SHA-256 of a request's bytes as they went over the wire, as 64 hexadecimal digits in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// Why bytes are no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Too many bytes.
    #[error("a request has at most {MAX_REQUEST_BYTES} bytes, not {0}")]
    Oversize(usize),
    /// No CBOR.
    #[error("the request is no CBOR: {0}")]
    NotCbor(String),
    /// Another layout.
    #[error("the request has no good {0}")]
    Field(&'static str),
    /// The same could be said in other bytes.
    #[error("the request is not in its one deterministic form")]
    NotDeterministic,
}

impl Request {
    /// Asked for at an instant, good for as long as any request is.
    pub fn new(id: Uuid, act: Act, at: Timestamp, reentered: bool) -> Self {
        Self { id, act, not_before: at, expires: at + std::time::Duration::from_secs(EXPIRY_SECS), reentered }
    }

    /// Its one text.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (tag, subject, value) = match &self.act {
            Act::Operate { command, value } => (0, Cbor::Text(command.clone()), in_cbor(value)),
            Act::Select { command, value } => (1, Cbor::Text(command.clone()), in_cbor(value)),
            Act::Approve { digest } => (2, Cbor::Bytes(digest.0.to_vec()), Cbor::Null),
            Act::Cancel { request } => (3, Cbor::Bytes(request.as_bytes().to_vec()), Cbor::Null),
            Act::Stop { twin } => (4, Cbor::Text(twin.clone()), Cbor::Null),
            Act::Isolate { twin, why } => (5, Cbor::Text(twin.clone()), Cbor::Text(why.clone())),
            Act::Release { twin, why } => (6, Cbor::Text(twin.clone()), Cbor::Text(why.clone())),
            Act::Acknowledge { twin, why } => (7, Cbor::Text(twin.clone()), Cbor::Text(why.clone())),
        };
        let array = Cbor::Array(vec![
            Cbor::Integer(VERSION.into()),
            Cbor::Bytes(self.id.as_bytes().to_vec()),
            Cbor::Integer(tag.into()),
            subject,
            value,
            Cbor::Integer(self.not_before.as_nanos().into()),
            Cbor::Integer(self.expires.as_nanos().into()),
            Cbor::Bool(self.reentered),
        ]);
        let mut bytes = Vec::new();
        // Memory takes all that is written to it.
        drop(ciborium::into_writer(&array, &mut bytes));
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote, and nothing that is written otherwise.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::Oversize(bytes.len()));
        }
        let read: Cbor = ciborium::de::from_reader_with_recursion_limit(bytes, 8)
            .map_err(|error| RequestError::NotCbor(error.to_string()))?;
        let fields = read.into_array().ok().ok_or(RequestError::Field("list of fields"))?;
        let fields: [Cbor; 8] = fields.try_into().ok().ok_or(RequestError::Field("list of fields"))?;
        let [version, id, tag, subject, value, not_before, expires, reentered] = fields;
        if whole(&version) != Some(VERSION.into()) {
            return Err(RequestError::Field("version"));
        }
        let act = match whole(&tag) {
            Some(0) => Act::Operate { command: words(subject)?, value: out_of_cbor(value)? },
            Some(1) => Act::Select { command: words(subject)?, value: out_of_cbor(value)? },
            Some(2) => Act::Approve { digest: Digest(fixed(subject, "digest")?) },
            Some(3) => Act::Cancel { request: Uuid::from_bytes(fixed(subject, "id")?) },
            Some(4) => Act::Stop { twin: words(subject)? },
            Some(5) => Act::Isolate { twin: words(subject)?, why: reason(value)? },
            Some(6) => Act::Release { twin: words(subject)?, why: reason(value)? },
            Some(7) => Act::Acknowledge { twin: words(subject)?, why: reason(value)? },
            _ => return Err(RequestError::Field("act")),
        };
        let time = |it: Cbor| whole(&it).map(Timestamp::from_nanos).ok_or(RequestError::Field("time"));
        let request = Self {
            id: Uuid::from_bytes(fixed(id, "id")?),
            act,
            not_before: time(not_before)?,
            expires: time(expires)?,
            reentered: reentered.as_bool().ok_or(RequestError::Field("standing"))?,
        };
        if request.to_bytes() == bytes { Ok(request) } else { Err(RequestError::NotDeterministic) }
    }
}

impl Act {
    /// The word in the audit.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Operate { .. } => "operate",
            Self::Select { .. } => "select",
            Self::Approve { .. } => "approve",
            Self::Cancel { .. } => "cancel",
            Self::Stop { .. } => "stop",
            Self::Isolate { .. } => "isolate",
            Self::Release { .. } => "release",
            Self::Acknowledge { .. } => "acknowledge",
        }
    }
}

impl Digest {
    /// Of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The id of one part of an emergency stop: gate and desktop come to the same.
    pub fn part_of_stop(stop: Uuid, part: usize) -> Uuid {
        let mut hash = Sha256::new();
        hash.update(stop.as_bytes());
        hash.update((part as u64).to_be_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&hash.finalize()[..16]);
        uuid::Builder::from_custom_bytes(id).into_uuid()
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        hex::decode(text.as_bytes())
            .map(Self)
            .ok_or_else(|| format!("{text:?} is no digest: expected 64 hexadecimal digits"))
    }
}

fn in_cbor(value: &Value) -> Cbor {
    match value {
        Value::Number(it) => Cbor::Float(*it),
        Value::Flag(it) => Cbor::Bool(*it),
        Value::Text(it) => Cbor::Text(it.to_string()),
    }
}

fn out_of_cbor(value: Cbor) -> Result<Value, RequestError> {
    let text = |it: Cbor| it.into_text().ok().map(|it| Value::Text(it.into()));
    let number = value.as_float().map(Value::Number);
    let good = number.or_else(|| value.as_bool().map(Value::Flag)).or_else(|| text(value));
    good.ok_or(RequestError::Field("value"))
}

fn whole(value: &Cbor) -> Option<i64> {
    value.as_integer().and_then(|it| i64::try_from(it).ok())
}

fn words(value: Cbor) -> Result<String, RequestError> {
    value.into_text().ok().ok_or(RequestError::Field("address"))
}

/// A reason says something, and no more than a person reads.
fn reason(value: Cbor) -> Result<String, RequestError> {
    let no = RequestError::Field("reason: 1 to 400 characters, none of them a control character");
    let why = value.into_text().ok().filter(|it| is_reason(it));
    why.ok_or(no)
}

/// Whether a text is a reason for which a twin may be isolated, or released.
pub fn is_reason(why: &str) -> bool {
    !why.trim().is_empty() && why.chars().count() <= LONGEST_WHY && !why.contains(char::is_control)
}

fn fixed<const N: usize>(value: Cbor, what: &'static str) -> Result<[u8; N], RequestError> {
    value.into_bytes().ok().and_then(|it| it.try_into().ok()).ok_or(RequestError::Field(what))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<f64>().prop_map(Value::Number),
            any::<bool>().prop_map(Value::Flag),
            "[a-z]{0,8}".prop_map(|it| Value::Text(it.as_str().into())),
        ]
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            ("[a-z./]{1,20}", value()).prop_map(|(command, value)| Act::Operate { command, value }),
            ("[a-z./]{1,20}", value()).prop_map(|(command, value)| Act::Select { command, value }),
            any::<[u8; 32]>().prop_map(|it| Act::Approve { digest: Digest(it) }),
            any::<u128>().prop_map(|it| Act::Cancel { request: Uuid::from_u128(it) }),
            "[a-z.]{1,20}".prop_map(|twin| Act::Stop { twin }),
            ("[a-z.]{1,20}", "[a-zä]{1,20}").prop_map(|(twin, why)| Act::Isolate { twin, why }),
            ("[a-z.]{1,20}", "[a-zä]{1,20}").prop_map(|(twin, why)| Act::Release { twin, why }),
            ("[a-z.]{1,20}", "[a-zä]{1,20}").prop_map(|(twin, why)| Act::Acknowledge { twin, why }),
        ]
    }

    #[track_caller]
    fn check_reason(why: &str, want: Result<(), &str>) {
        let act = Act::Isolate { twin: "plant.tank".to_owned(), why: why.to_owned() };
        let request = Request::new(Uuid::from_u128(7), act, Timestamp::from_nanos(1), false);
        let read = Request::from_bytes(&request.to_bytes());
        match want {
            Ok(()) => assert_eq!(read, Ok(request)),
            Err(want) => assert!(read.unwrap_err().to_string().contains(want)),
        }
    }

    #[test]
    fn a_twin_is_isolated_for_a_reason_that_a_person_can_read() {
        check_reason("it lies", Ok(()));
        check_reason(&"ä".repeat(LONGEST_WHY), Ok(()));
        check_reason(&"a".repeat(LONGEST_WHY + 1), Err("no good reason"));
        check_reason("", Err("no good reason"));
        check_reason(" \u{a0}", Err("no good reason"));
        check_reason("it\nlies", Err("no good reason"));
    }

    #[test]
    fn requests_of_before_have_the_bytes_that_they_had() {
        let at = Timestamp::from_nanos(1_000);
        let text = |act| hex::encode(&Request::new(Uuid::from_u128(7), act, at, false).to_bytes());
        let stop = text(Act::Stop { twin: "bench.pump".to_owned() });
        let run = text(Act::Operate { command: "bench.pump/run".to_owned(), value: true.into() });
        assert_eq!(stop, "88015000000000000000000000000000000007046a62656e63682e70756d70f61903e81b00000002540be7e8f4");
        assert_eq!(
            run,
            "88015000000000000000000000000000000007006e62656e63682e70756d702f72756ef51903e81b00000002540be7e8f4"
        );
    }

    proptest! {
        #[test]
        fn a_request_has_one_text_and_is_read_from_no_other(
            id: u128, act in act(), from: i64, to: i64, reentered: bool, at in any::<prop::sample::Index>(), flip in 1_u8..=255,
        ) {
            let request = Request {
                id: Uuid::from_u128(id),
                act,
                not_before: Timestamp::from_nanos(from),
                expires: Timestamp::from_nanos(to),
                reentered,
            };
            let bytes = request.to_bytes();
            // NaN equals nothing, its text does.
            prop_assert_eq!(Request::from_bytes(&bytes).map(|it| it.to_bytes()), Ok(bytes.clone()));
            let mut other = bytes.clone();
            other[at.index(bytes.len())] ^= flip;
            if let Ok(read) = Request::from_bytes(&other) {
                prop_assert_eq!(read.to_bytes(), other);
            }
            let longer: Vec<u8> = bytes.iter().copied().chain([0]).collect();
            prop_assert!(Request::from_bytes(&longer).is_err());
        }

        #[test]
        fn no_bytes_make_the_reader_of_requests_panic(bytes: Vec<u8>) {
            drop(Request::from_bytes(&bytes));
        }
    }
}
