//! The units that a site may use.

use std::fmt;
use std::str::FromStr;

/// A unit of measurement, one of a fixed list, so that a typo is found when the site is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Unit(&'static str);

/// The text is no known unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a unit that Pollux knows{}", hint.map(|it| format!("; did you mean {it:?}?")).unwrap_or_default())]
pub struct UnitError {
    /// What was written.
    pub text: String,
    /// A known unit that looks alike, if one does.
    pub hint: Option<&'static str>,
}

/// Symbols, with the ASCII spellings that stand for them.
const KNOWN: &[(&str, &[&str])] = &[
    ("", &["1", "-", "none"]),
    ("%", &["percent"]),
    ("m", &[]),
    ("mm", &[]),
    ("µm", &["um"]),
    ("m²", &["m2"]),
    ("m³", &["m3"]),
    ("L", &["l"]),
    ("m/s", &[]),
    ("mm/s", &[]),
    ("m/s²", &["m/s2"]),
    ("m³/h", &["m3/h"]),
    ("m³/s", &["m3/s"]),
    ("L/s", &["l/s"]),
    ("L/h", &["l/h"]),
    ("rpm", &["1/min"]),
    ("rad/s", &[]),
    ("Hz", &[]),
    ("bar", &[]),
    ("Pa", &[]),
    ("kPa", &[]),
    ("mbar", &[]),
    ("°C", &["degC", "C"]),
    ("K", &[]),
    ("W", &[]),
    ("kW", &[]),
    ("kWh", &[]),
    ("J", &[]),
    ("N·m", &["Nm", "N.m"]),
    ("N", &[]),
    ("kg", &[]),
    ("kg/s", &[]),
    ("kg/h", &[]),
    ("kg·m²", &["kg.m2", "kg m2"]),
    ("kg/m³", &["kg/m3"]),
    ("V", &[]),
    ("A", &[]),
    ("Ω", &["ohm"]),
    ("mg/L", &["mg/l"]),
    ("µg/m³", &["ug/m3"]),
    ("NTU", &[]),
    ("pH", &[]),
    ("µS/cm", &["uS/cm"]),
    ("ppm", &[]),
    ("lx", &["lux"]),
    ("dB", &[]),
    ("s", &[]),
    ("min", &[]),
    ("h", &[]),
    ("d", &[]),
    ("ms", &[]),
    ("1/s", &[]),
    ("1/h", &[]),
    ("°", &["deg"]),
    ("persons", &["people"]),
    ("J/K", &[]),
    ("W/K", &[]),
    ("s²/m⁵", &["s2/m5"]),
    ("m·h²/m⁶", &["m.h2/m6"]),
];

impl Unit {
    /// No unit: a ratio, a count, a state.
    pub const NONE: Self = Self("");

    /// As it is printed after a number.
    pub fn symbol(self) -> &'static str {
        self.0
    }

    /// All known units, for documentation and hints.
    pub fn all() -> impl Iterator<Item = Self> {
        KNOWN.iter().map(|it| Self(it.0))
    }
}

impl FromStr for Unit {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = |it: &&(&str, &[&str])| it.0 == text || it.1.contains(&text);
        if let Some(found) = KNOWN.iter().find(known) {
            return Ok(Self(found.0));
        }
        let plain = |it: &str| it.to_lowercase().replace([' ', '^', '.', '·'], "");
        let hint = KNOWN
            .iter()
            .flat_map(|it| it.1.iter().copied().chain([it.0]))
            .find(|it| !it.is_empty() && plain(it) == plain(text));
        Err(UnitError { text: text.to_owned(), hint })
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Result<&str, Option<&str>>) {
        let got = text.parse::<Unit>();
        assert_eq!(got.as_ref().map(|it| it.symbol()).map_err(|it| it.hint), want, "{text:?}");
    }

    #[test]
    fn a_unit_is_known_by_its_symbol_or_its_ascii_spelling() {
        check("m³/h", Ok("m³/h"));
        check("m3/h", Ok("m³/h"));
        check("degC", Ok("°C"));
        check("", Ok(""));
    }

    #[test]
    fn a_unit_that_is_nearly_right_gets_a_hint() {
        check("M3/H", Err(Some("m3/h")));
        check("Bar", Err(Some("bar")));
        check("furlong", Err(None));
    }
}
