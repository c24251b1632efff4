//! What a person writes for an instant: ISO 8601, seconds or milliseconds since 1970, a time of day, `now-10m`, `+5m`.

use super::super::format::Clock;
use crate::signal::Timestamp;

/// The instants that what was written may lean on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchors {
    /// The newest.
    pub now: Timestamp,
    /// The cursor.
    pub cursor: Timestamp,
}

/// Reads what a person wrote, or says what could have been written.
pub(super) fn read_time(text: &str, anchors: Anchors, clock: &Clock) -> Result<Timestamp, String> {
    let text = text.trim();
    let wrong = || {
        format!("“{text}” is no time. Write such as 14:03:27, 2026-01-31T14:03:27Z, 1769860800, now-10m, +5m or -30s.")
    };
    if text == "now" {
        return Ok(anchors.now);
    }
    let (anchor, rest) = match text.strip_prefix("now") {
        Some(rest) => (anchors.now, rest.trim_start()),
        None => (anchors.cursor, text),
    };
    if let Some(sign) = rest.chars().next().filter(|it| ['+', '-', '−'].contains(it)) {
        let secs = read_span(rest[sign.len_utf8()..].trim()).ok_or_else(wrong)?;
        return Ok(shifted(anchor, if sign == '+' { secs } else { -secs }));
    }
    if text.starts_with("now") {
        return Err(wrong());
    }
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    clock.read(text, anchors.cursor).ok_or_else(wrong)
}

/// Seconds of a span such as `1h30m`, `2.5 min`, `500ms`.
fn read_span(text: &str) -> Option<f64> {
    let mut secs = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after.find(|it: char| !it.is_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        let number: f64 = number.parse().ok()?;
        secs += number
            * match unit {
                "ms" => 1e-3,
                "s" | "sec" => 1.0,
                "m" | "min" => 60.0,
                "h" => 3_600.0,
                "d" => 86_400.0,
                "w" => 604_800.0,
                _ => return None,
            };
        rest = next.trim_start();
    }
    Some(secs)
}

/// An instant, some seconds on or back.
pub(super) fn shifted(at: Timestamp, secs: f64) -> Timestamp {
    Timestamp::from_nanos(at.as_nanos().saturating_add((secs * 1e9) as i64).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<&str>) {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let anchors = Anchors { now: time("2026-01-31T12:00:00Z"), cursor: time("2026-01-31T10:00:00Z") };
        let got = read_time(text, anchors, &Clock::new("UTC"));
        assert_eq!(got.ok().map(|it| it.to_string()).as_deref(), want, "{text:?}");
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        check("2026-01-31T11:00:00Z", Some("2026-01-31T11:00:00.000Z"));
        check(" 2026-01-31T11:00:00.25+01:00 ", Some("2026-01-31T10:00:00.250Z"));
        check("1769860800", Some("2026-01-31T12:00:00.000Z"));
        check("1769860800123", Some("2026-01-31T12:00:00.123Z"));
        check("now", Some("2026-01-31T12:00:00.000Z"));
        check("now-10m", Some("2026-01-31T11:50:00.000Z"));
        check("now - 1 h 30 min", Some("2026-01-31T10:30:00.000Z"));
        check("now+500ms", Some("2026-01-31T12:00:00.500Z"));
        check("+5m", Some("2026-01-31T10:05:00.000Z"));
        check("-30s", Some("2026-01-31T09:59:30.000Z"));
        check("−2.5h", Some("2026-01-31T07:30:00.000Z"));
        check("-1d", Some("2026-01-30T10:00:00.000Z"));
        // The site's own time, as it is shown.
        check("2026-01-30 14:03:27.5", Some("2026-01-30T14:03:27.500Z"));
        check("2026-01-30 14:03", Some("2026-01-30T14:03:00.000Z"));
        check("14:03:27", Some("2026-01-31T14:03:27.000Z"));
        check("14:03", Some("2026-01-31T14:03:00.000Z"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "yesterday", "now10m", "now-", "+5", "+5 parsecs", "-", "25:00", "5", "NaN", "2026-13-01", "+-5m"]
        {
            check(text, None);
        }
    }

    #[test]
    fn a_time_at_the_site_is_read_as_it_is_shown() {
        let clock = Clock::new("Europe/Berlin");
        let near: Timestamp = "2026-07-31T23:30:00Z".parse().unwrap();
        let anchors = Anchors { now: near, cursor: near };
        let read = |text: &str| read_time(text, anchors, &clock).unwrap();
        // With a zone that this machine knows it is the first of August there.
        let shown = clock.date_time(near);
        assert_eq!(read(&shown), near);
        assert_eq!(read(&clock.time(near)), near);
        assert_eq!(read(&near.to_string()), near);
    }
}
