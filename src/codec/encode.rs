//! From a command's value to its payload.

use bytes::Bytes;
use serde_json::{Map, Number};

use super::pick::tokens;
use crate::signal::Value;

/// A payload that holds a value: bare (`1480`, `true`, `auto`), or as JSON with the value at a pointer (RFC 6901), whose
/// tokens are keys.
pub fn encode(path: Option<&str>, value: &Value) -> Bytes {
    let Some(path) = path else {
        return match value {
            Value::Number(number) => number.to_string().into(),
            Value::Flag(on) => Bytes::from_static(if *on { b"true" } else { b"false" }),
            Value::Text(text) => text.as_bytes().to_vec().into(),
        };
    };
    let innermost = match value {
        // JSON has no word for what is not finite but null.
        Value::Number(number) => json_number(*number).map_or(serde_json::Value::Null, serde_json::Value::Number),
        Value::Flag(on) => serde_json::Value::Bool(*on),
        Value::Text(text) => serde_json::Value::String(text.as_ref().to_owned()),
    };
    let tokens: Vec<String> = tokens(path).collect();
    let document = tokens
        .into_iter()
        .rev()
        .fold(innermost, |inner, key| serde_json::Value::Object(Map::from_iter([(key, inner)])));
    document.to_string().into()
}

/// Whole numbers are written without a point, as people write them.
fn json_number(number: f64) -> Option<Number> {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return Some(Number::from(number as i64));
    }
    Number::from_f64(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: Option<&str>, value: Value, want: &str) {
        assert_eq!(encode(path, &value), want);
    }

    #[test]
    fn a_command_is_bare_or_stands_at_its_pointer() {
        check(None, 1480.0.into(), "1480");
        check(None, 0.5.into(), "0.5");
        check(None, true.into(), "true");
        check(None, "auto".into(), "auto");
        check(Some("/run"), false.into(), r#"{"run":false}"#);
        check(Some("/set/speed"), 1480.0.into(), r#"{"set":{"speed":1480}}"#);
        check(Some("/a~1b"), "x\"y".into(), r#"{"a/b":"x\"y"}"#);
        check(Some(""), 2.25.into(), "2.25");
        check(Some("/v"), f64::NAN.into(), r#"{"v":null}"#);
    }
}
