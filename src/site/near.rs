//! The name that was probably meant.

/// The candidate that is nearest to what was written, where one is near enough to be a slip of the fingers.
pub(super) fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A longer name forgives more: a slip in every three letters, at most four.
    let allowed = written.chars().count().div_ceil(3).min(4);
    candidates
        .into_iter()
        .filter(|it| !it.is_empty() && *it != written && it.len().abs_diff(written.len()) <= 4 * allowed)
        .map(|it| (distance(written, it), it))
        .filter(|it| it.0 <= allowed && it.0 < written.chars().count())
        .min_by_key(|it| it.0)
        .map(|it| it.1)
}

fn distance(a: &str, b: &str) -> usize {
    if a.eq_ignore_ascii_case(b) { 0 } else { strsim::damerau_levenshtein(a, b) }
}

/// `did you mean "x"?`, where there is such an x.
pub(crate) fn did_you_mean<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, candidates).map(|it| format!("did you mean {it:?}?"))
}

/// A list for a sentence: quoted, at most twelve.
pub(super) fn one_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.into_iter().collect();
    let shown = names.iter().take(SHOWN).map(|it| format!("{it:?}")).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => None,
        1 => Some(shown),
        n if n <= SHOWN => Some(format!("one of {shown}")),
        n => Some(format!("one of {shown} and {} more", n - SHOWN)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, want: Option<&str>) {
        assert_eq!(nearest(written, ["speed", "power", "p1", "flow_rate"]), want, "{written:?}");
    }

    #[test]
    fn a_slip_of_the_fingers_finds_the_name_that_was_meant() {
        check("sped", Some("speed"));
        check("Power", Some("power"));
        check("flowrate", Some("flow_rate"));
        check("p2", Some("p1"));
        check("temperature", None);
        check("x", None);
        check("", None);
    }
}
