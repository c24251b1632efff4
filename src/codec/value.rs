//! From what stands in a payload to a signal's value.
//!
//! A number may stand in quotes (`"12.5"`), as many devices send it. A flag is `true`/`false`, `1`/`0`, or one of the
//! words `on`, `off`, `true`, `false` in any case. A text takes numbers and booleans as they are written.

use std::sync::Arc;

use super::fault::Fault;
use super::pick::Scalar;
use crate::signal::{Timestamp, Value};
use crate::site::doc::ValueKind;

/// As much of a wrong value as is told.
const SHOWN_CHARS: usize = 24;
/// No device measured anything before 2000-01-01.
const EARLIEST: Timestamp = Timestamp::from_nanos(946_684_800_000_000_000);

/// A bare payload's value.
pub(super) fn bare(payload: &[u8], kind: ValueKind) -> Result<Value, Fault> {
    let Ok(text) = std::str::from_utf8(payload) else { return Err(Fault::NotUtf8) };
    match kind {
        ValueKind::Text => Ok(Value::Text(text.into())),
        ValueKind::Number => text.trim_ascii().parse().map_or_else(|_| Err(wrong(kind, shown(text), None)), finite),
        ValueKind::Flag => flag(text).ok_or_else(|| wrong(kind, shown(text), None)),
    }
}

/// The value of what was found at a pointer.
pub(super) fn picked(scalar: &Scalar, kind: ValueKind, path: &str) -> Result<Value, Fault> {
    let got = match (scalar, kind) {
        (Scalar::Missing, _) => return Err(Fault::PathMissing { path: path.to_owned() }),
        (Scalar::Number(number), ValueKind::Number) => return finite(*number),
        (Scalar::Flag(on), ValueKind::Flag) => return Ok(Value::Flag(*on)),
        (Scalar::Text(text), ValueKind::Text) => return Ok(Value::Text(text.as_str().into())),
        (Scalar::Number(number), ValueKind::Flag) if *number == 0.0 || *number == 1.0 => {
            return Ok(Value::Flag(*number != 0.0));
        }
        (Scalar::Number(number), ValueKind::Text) => return Ok(Value::Text(number.to_string().into())),
        (Scalar::Flag(on), ValueKind::Text) => return Ok(Value::Text(Arc::from(if *on { "true" } else { "false" }))),
        (Scalar::Text(text), ValueKind::Number) => match text.trim_ascii().parse() {
            Ok(number) => return finite(number),
            Err(_) => shown(text),
        },
        (Scalar::Text(text), ValueKind::Flag) => match flag(text) {
            Some(value) => return Ok(value),
            None => shown(text),
        },
        (Scalar::Flag(on), ValueKind::Number) => on.to_string(),
        (Scalar::Number(number), ValueKind::Flag) => number.to_string(),
        (Scalar::Null, _) => "null".to_owned(),
        (Scalar::Nested, _) => "an object or a list".to_owned(),
    };
    Err(wrong(kind, got, Some(path)))
}

/// A value that came packed, if it is of the kind that the site says.
pub(super) fn packed(value: Value, kind: ValueKind) -> Result<Value, Fault> {
    match (&value, kind) {
        (Value::Number(number), ValueKind::Number) => finite(*number),
        (Value::Flag(_), ValueKind::Flag) | (Value::Text(_), ValueKind::Text) => Ok(value),
        _ => Err(wrong(kind, shown(&value.to_string()), None)),
    }
}

/// The device's time, if it can be one.
pub(super) fn time(scalar: &Scalar) -> Option<Timestamp> {
    let time = match scalar {
        Scalar::Number(number) => Timestamp::from_epoch_number(*number).ok(),
        Scalar::Text(text) => text.parse().ok(),
        Scalar::Missing | Scalar::Null | Scalar::Flag(_) | Scalar::Nested => None,
    };
    time.filter(|&it| it >= EARLIEST)
}

fn finite(number: f64) -> Result<Value, Fault> {
    if number.is_finite() { Ok(Value::Number(number)) } else { Err(Fault::NotFinite) }
}

fn flag(text: &str) -> Option<Value> {
    let text = text.trim_ascii();
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if text == "1" || is("on") || is("true") {
        Some(Value::Flag(true))
    } else if text == "0" || is("off") || is("false") {
        Some(Value::Flag(false))
    } else {
        None
    }
}

fn wrong(kind: ValueKind, got: String, path: Option<&str>) -> Fault {
    let expected = match kind {
        ValueKind::Number => "a number",
        ValueKind::Flag => "on or off",
        ValueKind::Text => "a text",
    };
    Fault::WrongKind { path: path.map(str::to_owned), expected, got }
}

fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
