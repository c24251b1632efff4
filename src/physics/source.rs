//! From a block as a person writes it to the text that DiffSL compiles.

use std::fmt::Write;
use std::ops::Range;

use super::names::{self, NameFault, is_indexed};
use crate::site::doc::PhysicsDoc;

/// Stands for an underscore, which DiffSL keeps for indices.
const UNDERSCORE: &str = "0u";

/// A block's text, ready to be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// DiffSL with the tensors `in_i` and `out_i`. Its first line is the equations' first line, so that DiffSL's line
    /// numbers are the author's.
    pub(super) code: String,
    /// Whether the author wrote states; if not, `code` has a constant one that nobody sees.
    pub(super) has_states: bool,
    /// Where each piece of the equations begins: in `code`, and in the equations, in bytes; at last their end.
    pieces: Vec<(usize, usize)>,
}

/// The text to compile, or all names that cannot be used.
pub(super) fn assemble(doc: &PhysicsDoc) -> Result<Source, Vec<NameFault>> {
    let faults = names::faults(doc);
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut code = String::new();
    let given = || doc.params.keys().chain(doc.inputs.keys());
    if given().next().is_some() {
        code.push_str("in_i {");
        for name in given() {
            // The values are set before the first use; these only say that there is an entry.
            let _infallible = write!(code, " {} = 1,", encode(name));
        }
        code.push_str(" } ");
    }
    let mut pieces = Vec::new();
    for (at, token) in tokens(&doc.equations) {
        pieces.push((code.len(), at));
        match token {
            Token::Name(name) => code.push_str(&encode(name)),
            Token::Other(text) => code.push_str(text),
        }
    }
    pieces.push((code.len(), doc.equations.len()));
    let has_states = names(&doc.equations).any(|it| it == "u" || it.starts_with("u_"));
    if !has_states {
        code.push_str("\nu_i { none0u = 0 } F_i { 0 }");
    }
    code.push_str("\nout_i {");
    for name in doc.outputs.keys() {
        let _infallible = write!(code, " {},", encode(name));
    }
    code.push_str(" }\n");
    Ok(Source { code, has_states, pieces })
}

impl Source {
    /// What stands in the equations where DiffSL points to in the code, in bytes. `None`: Pollux wrote it.
    pub(super) fn written_at(&self, line: usize, column: usize) -> Option<Range<usize>> {
        let line_start = match line.checked_sub(2) {
            None => 0,
            Some(n) => self.code.match_indices('\n').nth(n)?.0 + 1,
        };
        let before: usize = self.code.get(line_start..)?.chars().take(column.checked_sub(1)?).map(char::len_utf8).sum();
        let place = line_start + before;
        let next = self.pieces.iter().position(|it| it.0 > place)?;
        Some(self.pieces[next.checked_sub(1)?].1..self.pieces[next].1)
    }
}

/// A name of the code as the author wrote it.
pub(super) fn decode(text: &str) -> String {
    text.replace(UNDERSCORE, "_")
}

fn encode(name: &str) -> String {
    if is_indexed(name) { name.to_owned() } else { name.replace('_', UNDERSCORE) }
}

/// A piece of the equations.
pub(super) enum Token<'a> {
    /// A word.
    Name(&'a str),
    /// A number, a comment, or a single character.
    Other(&'a str),
}

/// Cuts a text into names and what is between them, with where they begin. Exponents (`1e3`) are no names, comments are
/// passed through.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = (usize, Token<'_>)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let word = |it: char| it.is_ascii_alphanumeric() || it == '_';
        let (len, is_name) = if first.is_ascii_alphabetic() {
            (rest.find(|it| !word(it)).unwrap_or(rest.len()), true)
        } else if first.is_ascii_digit() {
            (rest.find(|it| !word(it) && it != '.').unwrap_or(rest.len()), false)
        } else if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (rest.find("*/").map_or(rest.len(), |it| it + 2), false)
        } else {
            (first.len_utf8(), false)
        };
        let at = text.len() - rest.len();
        let (token, after) = rest.split_at(len);
        rest = after;
        Some((at, if is_name { Token::Name(token) } else { Token::Other(token) }))
    })
}

/// All names in a text.
pub(super) fn names(text: &str) -> impl Iterator<Item = &str> {
    tokens(text).filter_map(|it| match it.1 {
        Token::Name(name) => Some(name),
        Token::Other(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::names::NameIssue;
    use super::*;
    use crate::site::doc::{InputDoc, ParamDoc};

    fn block(equations: &str, params: &[&str], inputs: &[&str], outputs: &[&str]) -> PhysicsDoc {
        let param = |it: &&str| ((*it).to_owned(), ParamDoc { value: 1.0, unit: String::new(), truly: None });
        PhysicsDoc {
            equations: equations.to_owned(),
            params: params.iter().map(param).collect(),
            inputs: inputs.iter().map(|it| ((*it).to_owned(), InputDoc::Set(0.0))).collect(),
            outputs: outputs.iter().map(|it| ((*it).to_owned(), String::new())).collect::<BTreeMap<_, _>>(),
        }
    }

    #[track_caller]
    fn check(doc: &PhysicsDoc, want: Result<&str, &[(&str, NameIssue)]>) {
        let got = assemble(doc).map(|it| it.code);
        let got = got.as_deref().map_err(|it| it.iter().map(|it| (it.name.as_str(), it.issue)).collect::<Vec<_>>());
        assert_eq!(got, want.map_err(<[_]>::to_vec));
    }

    #[test]
    fn underscores_are_encoded_except_before_an_index() {
        check(
            &block("u_i { h_w = 1e3 } // a_b\nx_i { 0, 1 }\nF_i { -h_w * k_v }", &["k_v"], &["q"], &["h_w"]),
            Ok(
                "in_i { k0uv = 1, q = 1, } u_i { h0uw = 1e3 } // a_b\nx_i { 0, 1 }\nF_i { -h0uw * k0uv }\nout_i { h0uw, }\n",
            ),
        );
    }

    #[test]
    fn a_block_without_states_gets_one_that_nobody_sees() {
        check(
            &block("p { 2 * q }", &[], &["q"], &["p"]),
            Ok("in_i { q = 1, } p { 2 * q }\nu_i { none0u = 0 } F_i { 0 }\nout_i { p, }\n"),
        );
    }

    #[test]
    fn names_that_cannot_work_are_all_told() {
        check(
            &block("u_i { h = 1 } F_i { 0 }", &["max", "a b", "k"], &["k", "x_i"], &["h", "gone"]),
            Err(&[
                ("a b", NameIssue::Shape),
                ("gone", NameIssue::Undefined),
                ("k", NameIssue::Twice),
                ("max", NameIssue::Taken),
                ("x_i", NameIssue::Index),
            ]),
        );
    }

    #[test]
    fn what_diffsl_points_to_is_found_in_what_the_author_wrote() {
        let equations = "u_i { h_w = 1 }\n  F_i { -é_k * k_v }";
        let source = assemble(&block(equations, &["k_v"], &[], &["h_w"])).unwrap();
        let check = |line, column, want: Option<&str>| {
            let got = source.written_at(line, column).map(|it| &equations[it]);
            assert_eq!(got, want, "line {line}, column {column} of {}", source.code);
        };
        check(1, 1, None);
        check(1, 1 + source.code.find("h0uw").unwrap(), Some("h_w"));
        check(2, 9, Some("-"));
        check(2, 10, Some("é"));
        check(2, 16, Some("k_v"));
        check(3, 1, None);
        check(99, 1, None);
        check(0, 0, None);
    }
}
