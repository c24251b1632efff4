//! Instants, as whole nanoseconds, so that no rounding ever moves a sample.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An instant: nanoseconds since 1970-01-01T00:00:00Z, leap seconds ignored (as in Unix time).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// Why a text or a number is not an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// Neither ISO 8601 nor a number.
    #[error(
        "{0:?} is not a time: expected ISO 8601 (2026-01-31T12:00:00Z) or seconds, milliseconds, microseconds or nanoseconds since 1970"
    )]
    NotATime(String),
    /// Before 1970 or after 2262.
    #[error("{0} lies outside the years 1970 to 2262")]
    OutOfRange(String),
}

impl Timestamp {
    /// The earliest instant that can be told.
    pub const MIN: Self = Self(0);
    /// The latest instant that can be told.
    pub const MAX: Self = Self(i64::MAX);

    /// From nanoseconds since 1970.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since 1970.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// From seconds since 1970. Anything outside of what can be told is clamped.
    pub fn from_secs_f64(secs: f64) -> Self {
        Self((secs * 1e9) as i64)
    }

    /// Seconds since 1970; exact to about 0.2 µs.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// From a system clock's reading; before 1970 counts as 1970.
    pub fn from_system(time: std::time::SystemTime) -> Self {
        let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    /// From a number of unstated resolution: seconds, milliseconds, microseconds or nanoseconds since 1970 are told
    /// apart by their size, which is unambiguous for the years 1973 to 2262.
    pub fn from_epoch_number(number: f64) -> Result<Self, TimestampError> {
        let scale = match number {
            n if !n.is_finite() || n < 1e8 => return Err(TimestampError::OutOfRange(number.to_string())),
            n if n < 1e11 => 1e9,
            n if n < 1e14 => 1e6,
            n if n < 1e17 => 1e3,
            _ => 1.0,
        };
        // Whole numbers keep every digit that the double carries.
        let nanos = number * scale;
        if nanos >= i64::MAX as f64 {
            return Err(TimestampError::OutOfRange(number.to_string()));
        }
        Ok(Self((number.trunc() as i64).saturating_mul(scale as i64) + (number.fract() * scale) as i64))
    }

    /// ISO 8601 in UTC with all nine digits of the nanoseconds, so that no two instants look alike.
    pub fn exact(self) -> String {
        let instant = jiff::Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or(jiff::Timestamp::MAX);
        instant.strftime("%Y-%m-%dT%H:%M:%S%.9fZ").to_string()
    }

    /// The span since `earlier`; zero where `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Seconds since `earlier`, negative where `earlier` is later.
    pub fn secs_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / 1e9
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(number) = text.trim().parse::<f64>() {
            return Self::from_epoch_number(number);
        }
        let instant: jiff::Timestamp =
            text.trim().parse().ok().ok_or_else(|| TimestampError::NotATime(text.to_owned()))?;
        i64::try_from(instant.as_nanosecond())
            .ok()
            .filter(|&it| it >= 0)
            .map(Self)
            .ok_or_else(|| TimestampError::OutOfRange(text.to_owned()))
    }
}

impl fmt::Display for Timestamp {
    /// ISO 8601 in UTC with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{}", instant.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Result<&str, ()>) {
        let got = text.parse::<Timestamp>().map(|it| it.to_string()).ok();
        assert_eq!(got.as_deref(), want.ok(), "{text:?}");
    }

    #[test]
    fn times_are_told_apart_by_their_shape_and_size() {
        check("2026-01-31T12:00:00Z", Ok("2026-01-31T12:00:00.000Z"));
        check("2026-01-31T12:00:00.25+01:00", Ok("2026-01-31T11:00:00.250Z"));
        check("1769860800", Ok("2026-01-31T12:00:00.000Z"));
        check("1769860800.5", Ok("2026-01-31T12:00:00.500Z"));
        check("1769860800123", Ok("2026-01-31T12:00:00.123Z"));
        check("1769860800123456", Ok("2026-01-31T12:00:00.123Z"));
        check("1769860800123456789", Ok("2026-01-31T12:00:00.123Z"));
        check("yesterday", Err(()));
        check("-5", Err(()));
        check("NaN", Err(()));
    }
}
