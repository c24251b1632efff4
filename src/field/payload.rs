//! What devices put on the wire, and what they make of a command's payload.

use serde_json::{Map, Value as Json};

use crate::signal::Value;
use crate::site::doc::TakesDoc;

/// One JSON document from values at their JSON Pointers (RFC 6901). Every step makes an object.
pub(super) fn object<'a>(values: impl Iterator<Item = (&'a str, Json)>) -> Json {
    let mut document = Json::Object(Map::new());
    for (pointer, value) in values {
        put(&mut document, pointer, value);
    }
    document
}

/// A value as JSON. A number that is none is `null`, as JSON knows no other word for it.
pub(super) fn json(value: &Value) -> Json {
    match value {
        Value::Number(number) => Json::from(*number),
        Value::Flag(flag) => Json::from(*flag),
        Value::Text(text) => Json::from(&**text),
    }
}

/// A value as a payload of its own.
pub(super) fn bare(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Text(text) => text.to_string(),
    }
}

/// What a command's payload asks for, as a number (on is 1, off is 0), or why it cannot be.
///
/// `Ok(None)`: the payload is a JSON document without this command's part, so it means another command.
pub(super) fn asked(payload: &[u8], path: Option<&str>, takes: &TakesDoc) -> Result<Option<f64>, String> {
    let text = std::str::from_utf8(payload).map_err(|bad| format!("the payload is not text: {bad}"))?;
    let parsed = serde_json::from_str::<Json>(text);
    let value = match (path, parsed) {
        (Some(path), Ok(document)) => match document.pointer(path) {
            Some(value) => value.clone(),
            None => return Ok(None),
        },
        (Some(_), Err(bad)) => return Err(format!("the payload is not JSON: {bad}")),
        (None, Ok(value)) => value,
        (None, Err(_no_json)) => Json::from(text.trim()),
    };
    match takes {
        TakesDoc::Switch { .. } => flag(&value).map(|on| Some(f64::from(u8::from(on)))),
        TakesDoc::Number { min, max, .. } => {
            let number = value.as_f64().ok_or_else(|| format!("{value} is no number"))?;
            if (*min..=*max).contains(&number) {
                Ok(Some(number))
            } else {
                Err(format!("{number} is outside of {min} to {max}"))
            }
        }
    }
}

fn flag(value: &Json) -> Result<bool, String> {
    let word = value.as_str().map(str::to_ascii_lowercase);
    match (value, word.as_deref()) {
        (Json::Bool(on), _) => Ok(*on),
        (_, Some("on" | "true" | "1")) => Ok(true),
        (_, Some("off" | "false" | "0")) => Ok(false),
        (Json::Number(number), _) if number.as_f64() == Some(1.0) => Ok(true),
        (Json::Number(number), _) if number.as_f64() == Some(0.0) => Ok(false),
        _ => Err(format!("{value} is neither on nor off")),
    }
}

fn put(document: &mut Json, pointer: &str, value: Json) {
    let mut place = document;
    for step in pointer.split('/').skip(1) {
        let key = step.replace("~1", "/").replace("~0", "~");
        if !place.is_object() {
            *place = Json::Object(Map::new());
        }
        let Json::Object(map) = place else { return };
        place = map.entry(key).or_insert(Json::Null);
    }
    *place = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number() -> TakesDoc {
        TakesDoc::Number { min: 0.0, max: 1500.0, step: 1.0 }
    }

    fn switch() -> TakesDoc {
        TakesDoc::Switch { on: "Start".to_owned(), off: "Stop".to_owned() }
    }

    #[track_caller]
    fn check(payload: &str, path: Option<&str>, takes: &TakesDoc, want: Result<Option<f64>, &str>) {
        assert_eq!(asked(payload.as_bytes(), path, takes), want.map_err(str::to_owned), "{payload}");
    }

    #[test]
    fn values_find_their_places_in_one_document() {
        let values = [("/t", Json::from(5)), ("/motor/temp", Json::from(41.5)), ("/motor/a~1b", Json::from(true))];
        assert_eq!(object(values.into_iter()).to_string(), r#"{"motor":{"a/b":true,"temp":41.5},"t":5}"#);
    }

    #[test]
    fn a_commands_value_is_read_bare_or_by_pointer() {
        check("1200", None, &number(), Ok(Some(1200.0)));
        check(r#"{"set":{"speed":900.5}}"#, Some("/set/speed"), &number(), Ok(Some(900.5)));
        check(r#"{"run":true}"#, Some("/run"), &switch(), Ok(Some(1.0)));
        check("off", None, &switch(), Ok(Some(0.0)));
        check("\"ON\"", None, &switch(), Ok(Some(1.0)));
        check("0", None, &switch(), Ok(Some(0.0)));
        check(r#"{"other":1}"#, Some("/run"), &switch(), Ok(None));
    }

    #[test]
    fn a_payload_that_makes_no_sense_says_why() {
        check("1600", None, &number(), Err("1600 is outside of 0 to 1500"));
        check("NaN", None, &number(), Err("\"NaN\" is no number"));
        check("true", None, &number(), Err("true is no number"));
        check("2", None, &switch(), Err("2 is neither on nor off"));
        check(
            "{",
            Some("/run"),
            &switch(),
            Err("the payload is not JSON: EOF while parsing an object at line 1 column 1"),
        );
        assert!(asked(&[0xff, 0xfe], None, &switch()).is_err());
    }
}
