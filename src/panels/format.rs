//! How numbers, ages and times are written: units always, three significant digits unless the site says otherwise.

use jiff::tz::TimeZone;

use crate::signal::{Timestamp, Unit, Value};

/// Between groups of three digits. The fonts know it, and give it a third of a digit's width.
const THIN: char = '\u{2009}';
/// A minus as wide as a plus.
const MINUS: char = '\u{2212}';

/// A number with `decimals` digits after the point, or with three significant digits. Digits before the point are
/// never dropped below a thousand million.
pub fn number(number: f64, decimals: Option<u8>) -> String {
    if number.is_nan() {
        return "not a number".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "infinite".to_owned() } else { format!("{MINUS}infinite") };
    }
    let size = number.abs();
    if decimals.is_none() && size != 0.0 && !(1e-4..1e9).contains(&size) {
        return format!("{number:.2e}").replace('-', "\u{2212}");
    }
    let decimals = decimals.map_or_else(|| significant(size), usize::from);
    let digits = format!("{size:.decimals$}");
    let zero = digits.chars().all(|it| matches!(it, '0' | '.'));
    let sign = if number < 0.0 && !zero { MINUS.to_string() } else { String::new() };
    sign + &grouped(&digits)
}

/// Decimals that show three significant digits of a number, after rounding.
fn significant(size: f64) -> usize {
    match size {
        0.0 => 0,
        n if n >= 99.95 => 0,
        n if n >= 9.995 => 1,
        n if n >= 0.9995 => 2,
        n => (2.0 - n.log10().floor()) as usize,
    }
}

fn grouped(digits: &str) -> String {
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = String::with_capacity(digits.len() + 4);
    for (index, digit) in whole.chars().enumerate() {
        // Four digits are read at a glance only when they stand as one column with five: so they are grouped too.
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(THIN);
        }
        out.push(digit);
    }
    out + rest
}

/// A whole number.
pub fn count(count: u64) -> String {
    grouped(&count.to_string())
}

/// A value without its unit.
pub fn bare(value: &Value, decimals: Option<u8>) -> String {
    match value {
        Value::Number(it) => number(*it, decimals),
        Value::Flag(_) | Value::Text(_) => value.to_string(),
    }
}

/// A value with its unit.
pub fn value(value: &Value, unit: Unit, decimals: Option<u8>) -> String {
    match value {
        Value::Number(it) => with_unit(&number(*it, decimals), unit),
        Value::Flag(_) | Value::Text(_) => value.to_string(),
    }
}

/// A number that is already text, with its unit: a thin space between, none before a degree of angle.
pub fn with_unit(number: &str, unit: Unit) -> String {
    match unit.symbol() {
        "" => number.to_owned(),
        "°" => format!("{number}°"),
        symbol => format!("{number}\u{a0}{symbol}"),
    }
}

/// How long ago, or how long: `0.4 s`, `12 s`, `2 min`, `3 h 20 min`, `2 d`. A negative span counts as none.
pub fn span(secs: f64) -> String {
    match secs {
        n if n.is_nan() || n < 0.05 => "0.0\u{a0}s".to_owned(),
        n if n < 9.95 => format!("{n:.1}\u{a0}s"),
        n if n < 59.5 => format!("{n:.0}\u{a0}s"),
        n if n < 3_570.0 => format!("{:.0}\u{a0}min", n / 60.0),
        n if n < 86_400.0 => {
            let minutes = (n / 60.0).round() as u64;
            match minutes % 60 {
                0 => format!("{}\u{a0}h", minutes / 60),
                rest => format!("{}\u{a0}h\u{a0}{rest}\u{a0}min", minutes / 60),
            }
        }
        n => format!("{}\u{a0}d", count((n / 86_400.0).round() as u64)),
    }
}

/// Milliseconds.
pub fn millis(ms: f64) -> String {
    match ms {
        n if n >= 1000.0 => span(n / 1000.0),
        n if n >= 9.95 => format!("{n:.0}\u{a0}ms"),
        n => format!("{n:.1}\u{a0}ms"),
    }
}

/// A size in memory, in MB of a million bytes.
pub fn megabytes(bytes: usize) -> String {
    let mb = bytes as f64 / 1e6;
    format!("{}\u{a0}MB", number(mb, Some(if mb < 9.95 { 1 } else { 0 })))
}

/// The site's clock.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: TimeZone,
    /// The zone's name: as the site says it, or `UTC` where this machine does not know that zone.
    pub name: String,
}

impl Clock {
    /// A clock for an IANA time zone.
    pub fn new(zone: &str) -> Self {
        match TimeZone::get(zone) {
            Ok(found) => Self { zone: found, name: zone.to_owned() },
            Err(_) => Self { zone: TimeZone::UTC, name: "UTC".to_owned() },
        }
    }

    /// `14:03:27`.
    pub fn time(&self, at: Timestamp) -> String {
        self.strftime(at, "%H:%M:%S")
    }

    /// `14:03:27.250`.
    pub fn time_millis(&self, at: Timestamp) -> String {
        self.strftime(at, "%H:%M:%S%.3f")
    }

    /// `14:03:27.2`.
    pub fn time_tenths(&self, at: Timestamp) -> String {
        self.strftime(at, "%H:%M:%S%.1f")
    }

    /// `14:03`.
    pub fn minutes(&self, at: Timestamp) -> String {
        self.strftime(at, "%H:%M")
    }

    /// `31 Jan`.
    pub fn day(&self, at: Timestamp) -> String {
        self.strftime(at, "%-d %b")
    }

    /// How far the site's clock is ahead of UTC at an instant, seconds.
    pub fn offset_secs(&self, at: Timestamp) -> f64 {
        f64::from(self.zone.to_offset(instant(at)).seconds())
    }

    /// `2026-01-31 14:03:27`.
    pub fn date_time(&self, at: Timestamp) -> String {
        self.strftime(at, "%Y-%m-%d %H:%M:%S")
    }

    fn strftime(&self, at: Timestamp, format: &str) -> String {
        instant(at).to_zoned(self.zone.clone()).strftime(format).to_string()
    }
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).unwrap_or(jiff::Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_number(input: f64, decimals: Option<u8>, want: &str) {
        let plain = number(input, decimals).replace(THIN, " ").replace(MINUS, "-");
        assert_eq!(plain, want, "{input} with {decimals:?} decimals");
    }

    #[test]
    fn numbers_have_three_significant_digits_unless_decimals_are_given() {
        check_number(0.0, None, "0");
        check_number(-0.0, None, "0");
        check_number(1.0, None, "1.00");
        check_number(9.996, None, "10.0");
        check_number(12.345, None, "12.3");
        check_number(99.96, None, "100");
        check_number(1480.2, None, "1 480");
        check_number(1_234_567.8, None, "1 234 568");
        check_number(0.012_34, None, "0.0123");
        check_number(-3.456, None, "-3.46");
        check_number(1e-9, None, "1.00e-9");
        check_number(2.5e12, None, "2.50e12");
        check_number(1480.25, Some(1), "1 480.2");
        check_number(7.0, Some(0), "7");
        check_number(-0.04, Some(1), "0.0");
        check_number(f64::NAN, None, "not a number");
        check_number(f64::NEG_INFINITY, Some(2), "-infinite");
    }

    #[track_caller]
    fn check_span(secs: f64, want: &str) {
        assert_eq!(span(secs).replace('\u{a0}', " "), want, "{secs} s");
    }

    #[test]
    fn spans_are_told_as_a_person_would() {
        check_span(-3.0, "0.0 s");
        check_span(0.42, "0.4 s");
        check_span(9.96, "10 s");
        check_span(59.0, "59 s");
        check_span(59.7, "1 min");
        check_span(120.0, "2 min");
        check_span(3_600.0, "1 h");
        check_span(12_000.0, "3 h 20 min");
        check_span(200_000.0, "2 d");
    }

    #[test]
    fn a_unit_stands_after_its_number() {
        let check = |number: f64, unit: &str, want: &str| {
            let unit: Unit = unit.parse().unwrap();
            assert_eq!(value(&number.into(), unit, Some(1)).replace('\u{a0}', " "), want);
        };
        check(3.25, "bar", "3.2 bar");
        check(45.0, "°", "45.0°");
        check(7.0, "", "7.0");
    }

    #[test]
    fn the_clock_shows_the_time_at_the_site() {
        let at: Timestamp = "2026-01-31T12:00:00.25Z".parse().unwrap();
        assert_eq!(Clock::new("UTC").time_millis(at), "12:00:00.250");
        assert_eq!(Clock::new("no/such zone").name, "UTC");
        assert_eq!(Clock::new("UTC").date_time(at), "2026-01-31 12:00:00");
    }

    #[test]
    fn sizes_and_delays_keep_their_columns_short() {
        assert_eq!(megabytes(41_300_000), "41\u{a0}MB");
        assert_eq!(megabytes(1_250_000), "1.2\u{a0}MB");
        assert_eq!(millis(1.84), "1.8\u{a0}ms");
        assert_eq!(millis(2_500.0), "2.5\u{a0}s");
    }
}
