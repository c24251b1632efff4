//! What DiffSL says of a block that it does not take, in the author's names and at the author's place.

use std::ops::Range;

use super::names::{self, FUNCTIONS};
use super::source::{Source, decode};
use crate::site::did_you_mean;
use crate::site::doc::PhysicsDoc;

/// One complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    /// What is wrong.
    pub(super) text: String,
    /// Where in the equations, in bytes. `None`: DiffSL gives no place, or one in what Pollux wrote.
    pub(super) at: Option<Range<usize>>,
    /// How to mend it.
    pub(super) hint: Option<String>,
}

/// The complaints of the compiler, without those that only follow from others.
pub(super) fn explain(said: &str, source: &Source, doc: &PhysicsDoc) -> Vec<Said> {
    let said = said.trim_start_matches("DiffSL Compiler error:").trim_start_matches("DiffSL Parser error:");
    if let Some((place, text)) = parser_complaint(said) {
        let (line, column) = place;
        return vec![Said { text: grammar(text), at: source.written_at(line, column), hint: None }];
    }
    let follows = |it: &&str| it.contains("has no elements") || it.contains("missing 'F' array");
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    let causes: Vec<&str> = lines.iter().copied().filter(|it| !follows(it)).collect();
    let lines = if causes.is_empty() { lines } else { causes };
    let mut complaints: Vec<Said> = lines.into_iter().map(|it| complaint(it, source, doc)).collect();
    // What DiffSL says of the tensors that Pollux adds follows from what is wrong in the author's.
    if complaints.iter().any(|it| it.at.is_some()) {
        complaints.retain(|it| it.at.is_some());
    }
    complaints.dedup_by(|later, first| first.at.is_some() && first.at == later.at);
    complaints
}

/// `Line 3, Column 8: Error: cannot find variable x`.
fn complaint(line: &str, source: &Source, doc: &PhysicsDoc) -> Said {
    let placed = line.strip_prefix("Line ").and_then(|it| {
        let (line, rest) = it.split_once(", Column ")?;
        let (column, text) = rest.split_once(": ")?;
        Some((source.written_at(line.parse().ok()?, column.parse().ok()?), text))
    });
    let (at, text) = placed.unwrap_or((None, line));
    let text = decode(text.trim_start_matches("Error: "));
    let last_word = || text.rsplit([' ', '\'']).find(|it| !it.is_empty()).unwrap_or_default();
    let hint = if text.starts_with("cannot find variable") {
        did_you_mean(last_word(), names::usable(doc))
    } else if text.starts_with("unknown function") {
        did_you_mean(last_word(), FUNCTIONS.iter().copied())
    } else if text.starts_with("missing 'F' array") {
        Some("write the states' rates per second: F_i { … }".to_owned())
    } else {
        None
    };
    Said { text, at, hint }
}

/// Takes place and last line out of the parser's box: ` --> 3:50`, the line, a mark, `= expected factor`.
fn parser_complaint(said: &str) -> Option<((usize, usize), &str)> {
    let (place, rest) = said.split_once("--> ")?.1.split_once('\n')?;
    let (line, column) = place.trim().split_once(':')?;
    let (_, text) = rest.rsplit_once("= ")?;
    Some(((line.parse().ok()?, column.parse().ok()?), text.trim()))
}

/// The grammar's words in a person's.
fn grammar(text: &str) -> String {
    const WORDS: [(&str, &str); 8] = [
        ("term_op or factor_op", "an operator (+ - * /) or the end of the expression"),
        ("tensor_elmt", "an expression"),
        ("name_ij", "a name"),
        ("factor", "a number, a name or a bracket"),
        ("tensor", "name { … }"),
        ("EOI", "the end"),
        ("model", "name { … }"),
        ("expression", "an expression"),
    ];
    // Longer words hold shorter ones: each is replaced once, from the left.
    let mut told = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = WORDS.iter().find(|it| rest.starts_with(it.0));
        let (taken, shown) = match word {
            Some((word, shown)) => (word.len(), *shown),
            None => {
                let next = rest.char_indices().nth(1).map_or(rest.len(), |it| it.0);
                (next, &rest[..next])
            }
        };
        told.push_str(shown);
        rest = &rest[taken..];
    }
    told
}

#[cfg(test)]
mod tests {
    use super::super::source::assemble;
    use super::*;

    fn doc(equations: &str) -> PhysicsDoc {
        PhysicsDoc { equations: equations.to_owned(), ..PhysicsDoc::default() }
    }

    #[track_caller]
    fn check(equations: &str, said: &str, want: &[(&str, Option<&str>, Option<&str>)]) {
        let doc = doc(equations);
        let got = explain(said, &assemble(&doc).unwrap(), &doc);
        let got: Vec<_> = got
            .iter()
            .map(|it| (it.text.as_str(), it.at.clone().map(|it| &equations[it]), it.hint.as_deref()))
            .collect();
        assert_eq!(got, want);
    }

    #[test]
    fn what_only_follows_from_other_complaints_is_left_out() {
        check(
            "u_i { x = 1 }\nk_v { 2 }\nF_i { -k_w * x }",
            "DiffSL Compiler error: \nLine 3, Column 8: Error: cannot find variable k0uw\nLine 3, Column 1: Error: \
             tensor F has no elements\nLine 1, Column 1: Error: missing 'F' array\n",
            &[("cannot find variable k_w", Some("k_w"), Some("did you mean \"k_v\"?"))],
        );
    }

    #[test]
    fn the_parsers_box_becomes_one_sentence() {
        check(
            "F_i { 2 ^ 3 }",
            "DiffSL Compiler error:  --> 1:9\n  |\n1 | F_i { 2 ^ 3 }\n  |         ^---\n  |\n  = expected term_op or factor_op",
            &[("expected an operator (+ - * /) or the end of the expression", Some("^"), None)],
        );
    }

    #[test]
    fn a_function_that_is_unknown_may_be_another_one() {
        check(
            "y { arcosh(2) }",
            "unknown function call 'arcosh'",
            &[("unknown function call 'arcosh'", None, Some("did you mean \"arccosh\"?"))],
        );
    }
}
