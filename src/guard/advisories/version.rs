//! Versions of firmware and ranges of them, compared with the tolerance that makers' habits ask for.
//!
//! A version is numbers and words: `2.4.1`, `V2.04`, `1.0-rc2`, `3.1a`. Numbers are compared as numbers, however long;
//! what is missing counts as 0, so that `2` is `2.0`; words such as `alpha` and `rc` come before the version that they
//! lead to, other words after it. What follows a `+` is a build and counts for nothing.

use std::cmp::Ordering;
use std::fmt;

/// Longer texts are no versions.
const MAX_BYTES: usize = 200;
/// A range of more steps is none that a person wrote.
const MAX_STEPS: usize = 1_000;
/// Words that come before the version that they lead to.
const BEFORE: [&str; 9] = ["alpha", "beta", "dev", "pre", "preview", "rc", "snapshot", "test", "candidate"];

/// A version, which can be compared with any other one.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    parts: Vec<Part>,
}

/// One number or word of a version. In the order in which they are compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// A word that comes before the version it leads to.
    Before(String),
    /// A word that comes after it; and 0, or nothing at all, as the empty word.
    Word(String),
    /// A number above 0: its digits without leading zeros, by their count and then one by one.
    Number(usize, String),
}

impl Version {
    /// Reads a version. Any text is one; a longer one than makes sense is cut.
    pub fn new(text: &str) -> Self {
        let end = (0..=text.len().min(MAX_BYTES)).rev().find(|it| text.is_char_boundary(*it)).unwrap_or(0);
        let text = text[..end].trim();
        let without_build = text.split('+').next().unwrap_or(text);
        let mut parts = Vec::new();
        let mut rest = without_build;
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_ascii_digit();
            let ends = |it: char| it.is_ascii_digit() != is_digit || !it.is_alphanumeric();
            let length = rest.find(ends).unwrap_or(rest.len()).max(first.len_utf8());
            let (run, after) = rest.split_at(length);
            rest = after;
            if is_digit {
                let digits = run.trim_start_matches('0');
                parts.push(if digits.is_empty() {
                    Part::Word(String::new())
                } else {
                    Part::Number(digits.len(), digits.to_owned())
                });
            } else if first.is_alphanumeric() {
                parts.push(word(run, parts.is_empty()));
            }
        }
        // `v2` and `version 2` are 2.
        parts.retain(|it| !matches!(it, Part::Word(word) if word == "v" || word == "version"));
        Self { text: text.to_owned(), parts }
    }
}

fn word(run: &str, leads: bool) -> Part {
    let word = run.to_lowercase();
    // Leading, such as in `rc-servo 2`, it says nothing about what comes before.
    if !leads && BEFORE.contains(&word.as_str()) { Part::Before(word) } else { Part::Word(word) }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let nothing = Part::Word(String::new());
        let length = self.parts.len().max(other.parts.len());
        (0..length)
            .map(|at| self.parts.get(at).unwrap_or(&nothing).cmp(other.parts.get(at).unwrap_or(&nothing)))
            .find(|it| it.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As they are compared: `2.0` is `2`.
impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

/// As it was written.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Which versions of a product are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Versions {
    /// Whichever.
    All,
    /// This one.
    One(Version),
    /// Those between bounds.
    Range(Range),
    /// Something that nobody could read: it may be any.
    Unreadable(String),
}

/// Bounds, as in a version range specifier (VERS): `>=1.0|<2.0|!=1.5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    equal: Vec<Version>,
    unequal: Vec<Version>,
    /// In ascending order.
    bounds: Vec<(Bound, Version)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Bound {
    fn is_upper(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual)
    }

    fn holds(self, version: &Version, bound: &Version) -> bool {
        match self {
            Self::Less => version < bound,
            Self::LessOrEqual => version <= bound,
            Self::Greater => version > bound,
            Self::GreaterOrEqual => version >= bound,
        }
    }
}

impl Range {
    /// Whether a version lies in it (the containment of VERS: pairs of bounds in ascending order).
    pub fn contains(&self, version: &Version) -> bool {
        if self.equal.contains(version) {
            return true;
        }
        if self.unequal.contains(version) {
            return false;
        }
        let (Some(first), Some(last)) = (self.bounds.first(), self.bounds.last()) else {
            // Nothing but exceptions: all the others.
            return self.equal.is_empty();
        };
        let holds = |(bound, at): &(Bound, Version)| bound.holds(version, at);
        if first.0.is_upper() && holds(first) || !last.0.is_upper() && holds(last) {
            return true;
        }
        self.bounds
            .windows(2)
            .any(|pair| !pair[0].0.is_upper() && pair[1].0.is_upper() && holds(&pair[0]) && holds(&pair[1]))
    }
}

/// What a check of versions comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fits {
    /// It is not meant.
    No,
    /// It may be: one of the two is not known.
    Perhaps,
    /// It is meant.
    Yes,
}

impl Versions {
    /// Whether a version is among them. `None`: nobody knows which one runs.
    pub fn fit(&self, version: Option<&Version>) -> Fits {
        let sure = |it| if it { Fits::Yes } else { Fits::No };
        match (self, version) {
            (Self::All, _) => Fits::Yes,
            (Self::Unreadable(_), _) | (_, None) => Fits::Perhaps,
            (Self::One(one), Some(version)) => sure(one == version),
            (Self::Range(range), Some(version)) => sure(range.contains(version)),
        }
    }

    /// Reads one version, or, where it begins as a range does, a range.
    pub fn one_or_range(text: &str) -> Self {
        let text = text.trim();
        let is_range = text.starts_with("vers:") || text.contains(['<', '>', '≤', '≥', '|']) || is_all(text);
        if is_range { Self::range(text) } else { Self::One(Version::new(text)) }
    }

    /// Reads a range: VERS (`vers:generic/>=1.0|<2.0`), or bounds alone as makers write them (`<2.4.1`,
    /// `>= 1.0, < 2.0`).
    pub fn range(text: &str) -> Self {
        let text = text.trim();
        let unreadable = || Self::Unreadable(text.to_owned());
        let steps = match text.strip_prefix("vers:") {
            Some(rest) => match rest.split_once('/') {
                Some((_, steps)) => steps,
                None => return unreadable(),
            },
            None => text,
        };
        if is_all(steps) {
            return Self::All;
        }
        let mut range = Range { equal: Vec::new(), unequal: Vec::new(), bounds: Vec::new() };
        for step in steps.split(['|', ',']).map(str::trim).take(MAX_STEPS + 1) {
            let (sign, version) = step.split_at(step.find(|it| !"<>=!≤≥".contains(it)).unwrap_or(step.len()));
            let version = version.trim();
            // Two bounds without a sign between them, or words such as `before 2.4`: nobody should guess.
            if version.is_empty() || version.contains(['<', '>', '=', ' ']) || !version.contains(char::is_alphanumeric)
            {
                return unreadable();
            }
            let version = Version::new(&unescaped(version));
            match sign {
                "" | "=" | "==" => range.equal.push(version),
                "!=" => range.unequal.push(version),
                "<" => range.bounds.push((Bound::Less, version)),
                "<=" | "≤" => range.bounds.push((Bound::LessOrEqual, version)),
                ">" => range.bounds.push((Bound::Greater, version)),
                ">=" | "≥" => range.bounds.push((Bound::GreaterOrEqual, version)),
                _ => return unreadable(),
            }
        }
        if range.equal.len() + range.unequal.len() + range.bounds.len() > MAX_STEPS {
            return unreadable();
        }
        range.bounds.sort_by(|a, b| a.1.cmp(&b.1));
        Self::Range(range)
    }
}

fn is_all(text: &str) -> bool {
    text == "*" || text.eq_ignore_ascii_case("all versions") || text.eq_ignore_ascii_case("vers:all/*")
}

/// A text with its `%2B` and the like written out, as purl and VERS write what would part them.
pub(super) fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|it| std::str::from_utf8(it).ok());
        match code.and_then(|it| u8::from_str_radix(it, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(versions: &[&str]) {
        for (at, one) in versions.iter().enumerate() {
            for (other_at, other) in versions.iter().enumerate() {
                assert_eq!(Version::new(one).cmp(&Version::new(other)), at.cmp(&other_at), "{one} {other}");
            }
        }
    }

    #[track_caller]
    fn check_range(range: &str, inside: &[&str], outside: &[&str]) {
        let range = Versions::range(range);
        for (version, want) in inside.iter().map(|it| (it, Fits::Yes)).chain(outside.iter().map(|it| (it, Fits::No))) {
            assert_eq!(range.fit(Some(&Version::new(version))), want, "{range:?} {version}");
        }
    }

    #[test]
    fn versions_stand_in_the_order_in_which_makers_give_them() {
        check(&["0.9", "1.0-alpha", "1.0-beta.2", "1.0-rc1", "1.0", "1.0a", "1.0.1", "1.2", "1.10", "2"]);
        check(&["2018", "2019-R2", "20190", "99999999999999999999999", "100000000000000000000000"]);
    }

    #[test]
    fn what_says_the_same_is_the_same() {
        for (one, other) in
            [("2", "2.0.0"), ("V2.04", "2.4"), ("v1.0", "Version 1.0"), ("1.2+b7", "1.2"), ("A-1", "a 1")]
        {
            assert_eq!(Version::new(one), Version::new(other));
        }
        assert_eq!(Version::new(" V2.04 ").to_string(), "V2.04");
    }

    #[test]
    fn a_range_holds_what_lies_between_its_bounds() {
        check_range("<2.4.1", &["2.4", "1", "2.4.1-rc1"], &["2.4.1", "2.10"]);
        check_range("<= 2.4", &["2.4.0", "v2"], &["2.4.1"]);
        check_range("vers:generic/>=1.0|<2.0", &["1.0", "1.9.9"], &["0.9", "2.0", "3"]);
        check_range(">=1.0, <2.0", &["1.5"], &["2"]);
        check_range("<1.0|>=2.0|<3.0|>=5", &["0.5", "2.5", "5", "9"], &["1", "1.5", "3", "4"]);
        check_range("vers:intdot/1.2|1.4|>=2|!=2.5|<3", &["1.2", "1.4", "2.4"], &["1.3", "2.5", "3"]);
        check_range("!=1.5", &["1.4", "2"], &["1.5"]);
        check_range("vers:generic/1.0%2B1", &["1.0"], &["1.1"]);
    }

    #[test]
    fn what_cannot_be_read_is_perhaps_meant_and_never_ruled_out() {
        for text in ["before 2.4", "vers:generic", "", "|", ">=", "=<2", ">1 <2", "<>2", "< - "] {
            assert!(matches!(Versions::range(text), Versions::Unreadable(_)), "{text:?}");
            assert_eq!(Versions::range(text).fit(Some(&Version::new("1"))), Fits::Perhaps);
        }
        assert_eq!(Versions::range("<2").fit(None), Fits::Perhaps);
        for text in ["*", "vers:all/*", "vers:generic/*", "All versions"] {
            assert_eq!(Versions::one_or_range(text).fit(None), Fits::Yes, "{text}");
        }
    }

    fn version() -> impl Strategy<Value = String> {
        let part = prop_oneof!["[0-9]{1,3}", "[a-c]{1,2}", Just("rc".to_owned()), Just("beta".to_owned()), "0{1,2}"];
        (proptest::collection::vec((part, "[.\\-_ ]?"), 0..5), "v?")
            .prop_map(|(parts, lead)| parts.into_iter().fold(lead, |text, (part, gap)| text + &part + &gap))
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in version(), b in version(), c in version()) {
            let [a, b, c] = [a, b, c].map(|it| Version::new(&it));
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a.cmp(&a), Ordering::Equal);
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }

        #[test]
        fn numbers_are_compared_as_numbers(a in proptest::collection::vec(0u64.., 1..5), b in proptest::collection::vec(0u64.., 1..5)) {
            let text = |it: &[u64]| it.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
            let (mut padded_a, mut padded_b) = (a.clone(), b.clone());
            padded_a.resize(5, 0);
            padded_b.resize(5, 0);
            prop_assert_eq!(Version::new(&text(&a)).cmp(&Version::new(&text(&b))), padded_a.cmp(&padded_b));
        }

        #[test]
        fn a_lower_and_an_upper_bound_part_all_versions(bound in version(), it in version()) {
            prop_assume!(bound.contains(|it: char| it.is_ascii_alphanumeric()) && !bound.trim().contains(' '));
            let version = Version::new(&it);
            let (below, above) = (Versions::range(&format!("<{bound}")), Versions::range(&format!(">={bound}")));
            prop_assert_ne!(below.fit(Some(&version)), above.fit(Some(&version)), "{:?}", below);
        }

        #[test]
        fn no_text_makes_it_fail(text in ".{0,300}", version in ".{0,300}") {
            let version = Version::new(&version);
            let _ = Versions::range(&text).fit(Some(&version));
            let _ = Versions::one_or_range(&text).fit(Some(&version));
            prop_assert_eq!(&version, &Version::new(&version.to_string()));
        }
    }
}
