//! How ages and times are written, and beside them numbers, as everywhere.

use jiff::tz::TimeZone;

use crate::signal::Timestamp;
pub use crate::signal::text::{bare, count, number, value, with_unit};

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

/// Whole seconds of a countdown: never 0 while it runs.
pub fn countdown(secs: f64) -> String {
    format!("{:.0}\u{a0}s", secs.ceil().max(1.0))
}

/// Milliseconds.
pub fn millis(ms: f64) -> String {
    match ms {
        n if n >= 1000.0 => span(n / 1000.0),
        n if n >= 9.95 => format!("{n:.0}\u{a0}ms"),
        n => format!("{n:.1}\u{a0}ms"),
    }
}

/// How fast the cursor plays: `1×`, `0.25×`, `−10×`.
pub fn speed(factor: f64) -> String {
    let size = factor.abs();
    let decimals = match size {
        n if n >= 9.95 => 0,
        n if n >= 0.995 => 1,
        _ => 2,
    };
    let text = format!("{size:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{}{text}×", if factor < 0.0 { "−" } else { "" })
}

/// How long, in one short word for a narrow place: `45 s`, `12 min`, `3 h`, `2 d`.
pub fn span_word(secs: f64) -> String {
    let (size, unit) = match secs {
        n if n < 59.5 => (n, "s"),
        n if n < 3_570.0 => (n / 60.0, "min"),
        n if n < 84_600.0 => (n / 3_600.0, "h"),
        n => (n / 86_400.0, "d"),
    };
    format!("{size:.0}\u{a0}{unit}")
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

    /// Reads a time as this clock shows it: with its date, or of the day on which `near` falls.
    pub fn read(&self, text: &str, near: Timestamp) -> Option<Timestamp> {
        let civil = match text.parse::<jiff::civil::DateTime>() {
            // A date alone would be midnight, which nobody wrote.
            Ok(it) if text.contains(':') => it,
            Ok(_) | Err(_) => {
                let time: jiff::civil::Time = text.parse().ok().filter(|_| text.contains(':'))?;
                instant(near).to_zoned(self.zone.clone()).date().to_datetime(time)
            }
        };
        let at = self.zone.to_ambiguous_zoned(civil).compatible().ok()?.timestamp();
        i64::try_from(at.as_nanosecond()).ok().filter(|it| *it >= 0).map(Timestamp::from_nanos)
    }

    fn strftime(&self, at: Timestamp, format: &str) -> String {
        instant(at).to_zoned(self.zone.clone()).strftime(format).to_string()
    }
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos())).unwrap_or(jiff::Timestamp::MAX)
}

/// With a capital letter and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let text = capital(text);
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{text}{stop}")
}

/// With a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.trim().chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn speeds_are_written_without_needless_digits() {
        let got = [1.0, 10.0, 1000.0, 0.1, 0.25, 0.01, 2.5, -1.0, -60.0].map(speed);
        assert_eq!(got, ["1×", "10×", "1000×", "0.1×", "0.25×", "0.01×", "2.5×", "−1×", "−60×"]);
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
