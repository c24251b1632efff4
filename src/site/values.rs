//! Rules for single values: topics, pointers, units, numbers.

use super::near::nearest;
use super::problem::{Place, Problems};
use crate::signal::Unit;

/// What is wrong with a value: the message, what was expected, a hint.
pub(super) type Wrong = (String, &'static str, Option<String>);

/// Notes what is wrong with a value, if something is.
pub(super) fn note(problems: &mut Problems, checked: Result<(), Wrong>, place: impl FnOnce() -> Place) {
    if let Err((message, expected, hint)) = checked {
        problems.error(place(), message).expecting(expected).hinting(hint);
    }
}

/// Why a signal cannot be bound to a topic, for a person. `None`: it can.
pub fn topic_fault(topic: &str) -> Option<String> {
    check_topic(topic).err().map(|it| it.0)
}

/// A topic that one publishes to (MQTT 5, 4.7).
pub(super) fn check_topic(topic: &str) -> Result<(), Wrong> {
    const EXPECTED: &str = "a topic, such as site/pump/state";
    let wrong =
        |message: &str, hint: &str| Err((message.to_owned(), EXPECTED, (!hint.is_empty()).then(|| hint.to_owned())));
    if topic.is_empty() {
        return wrong("the topic is empty", "");
    }
    if topic.len() > usize::from(u16::MAX) {
        return wrong("the topic is longer than 65535 bytes", "");
    }
    if topic.contains(['+', '#']) {
        return wrong("the topic holds a wildcard", "each signal needs a topic of its own, without + and #");
    }
    if topic.starts_with('$') {
        return wrong("topics that begin with $ belong to the broker", "remove the $");
    }
    if topic.contains(['{', '}']) {
        return wrong("the topic holds a brace", "placeholders such as {id} stand for parameters, in templates alone");
    }
    if topic.chars().any(char::is_control) {
        return wrong("the topic holds a control character", "");
    }
    if topic.trim() != topic {
        return wrong("the topic begins or ends with a space", "remove the space");
    }
    Ok(())
}

/// A JSON Pointer (RFC 6901).
pub(super) fn check_pointer(pointer: &str) -> Result<(), Wrong> {
    const EXPECTED: &str = "a JSON Pointer (RFC 6901), such as /speed or /motor/power";
    let escaped = pointer.split('~').skip(1).all(|it| it.starts_with(['0', '1']));
    if !escaped {
        let hint = "a ~ in a name is written ~0, a / is written ~1".to_owned();
        return Err((format!("{pointer:?} is no JSON Pointer: a bare ~"), EXPECTED, Some(hint)));
    }
    if !pointer.is_empty() && !pointer.starts_with('/') {
        let hint = format!("write \"/{}\"", pointer.trim_start_matches("$.").replace('.', "/"));
        return Err((format!("{pointer:?} is no JSON Pointer: it must begin with /"), EXPECTED, Some(hint)));
    }
    Ok(())
}

/// A unit.
pub(super) fn check_unit(unit: &str) -> Result<Unit, Wrong> {
    unit.parse::<Unit>().map_err(|error| {
        let near = error.hint.or_else(|| nearest(unit, Unit::all().map(Unit::symbol)));
        let hint = near.map(|it| format!("did you mean {it:?}?"));
        (format!("{unit:?} is not a unit that Pollux knows"), "a unit of the list of `pollux check --units`", hint)
    })
}

/// A range whose first end lies below its second.
pub(super) fn check_range((low, high): (f64, f64)) -> Result<(), Wrong> {
    const EXPECTED: &str = "(lowest, highest)";
    if low.is_nan() || high.is_nan() {
        return Err(("a range with an end that is no number".to_owned(), EXPECTED, None));
    }
    if low >= high {
        let hint = (low > high).then(|| format!("write ({high}, {low})"));
        return Err((format!("the range is upside down: {low} is not below {high}"), EXPECTED, hint));
    }
    Ok(())
}

/// A number above zero.
pub(super) fn check_positive(what: &str, number: f64) -> Result<(), Wrong> {
    let good = number.is_finite() && number > 0.0;
    if good { Ok(()) } else { Err((format!("{what} of {number}"), "a number above 0", None)) }
}

/// A number that is not below zero.
pub(super) fn check_not_negative(what: &str, number: f64) -> Result<(), Wrong> {
    let good = number.is_finite() && number >= 0.0;
    if good { Ok(()) } else { Err((format!("{what} of {number}"), "0 or more", None)) }
}

/// A number, neither infinite nor NaN.
pub(super) fn check_finite(what: &str, number: f64) -> Result<(), Wrong> {
    if number.is_finite() { Ok(()) } else { Err((format!("{what} of {number}"), "a finite number", None)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(got: Result<(), Wrong>, want: Option<(&str, Option<&str>)>) {
        let got = got.err();
        let got = got.as_ref().map(|it| (it.0.as_str(), it.2.as_deref()));
        assert_eq!(got, want);
    }

    #[test]
    fn a_topic_is_one_that_can_be_published_to() {
        check(check_topic("a/b c/é"), None);
        check(check_topic(""), Some(("the topic is empty", None)));
        let hint = "each signal needs a topic of its own, without + and #";
        check(check_topic("a/+/b"), Some(("the topic holds a wildcard", Some(hint))));
        check(check_topic("$SYS/x"), Some(("topics that begin with $ belong to the broker", Some("remove the $"))));
        check(check_topic("a\0"), Some(("the topic holds a control character", None)));
        check(check_topic(&"a".repeat(65_536)), Some(("the topic is longer than 65535 bytes", None)));
    }

    #[test]
    fn a_pointer_begins_with_a_slash() {
        check(check_pointer(""), None);
        check(check_pointer("/a/~0b~1"), None);
        let message = "\"$.a.b\" is no JSON Pointer: it must begin with /";
        check(check_pointer("$.a.b"), Some((message, Some("write \"/a/b\""))));
        let hint = "a ~ in a name is written ~0, a / is written ~1";
        check(check_pointer("/a~b"), Some(("\"/a~b\" is no JSON Pointer: a bare ~", Some(hint))));
    }

    #[test]
    fn a_range_goes_upwards() {
        check(check_range((0.0, 1.0)), None);
        check(check_range((f64::NEG_INFINITY, 1.0)), None);
        check(check_range((2.0, 1.0)), Some(("the range is upside down: 2 is not below 1", Some("write (1, 2)"))));
        check(check_range((1.0, 1.0)), Some(("the range is upside down: 1 is not below 1", None)));
    }
}
