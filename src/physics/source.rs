//! From a block as a person writes it to the text that DiffSL compiles, and back from DiffSL's complaints.

use std::fmt::Write;

use crate::site::doc::PhysicsDoc;

/// What DiffSL and Pollux keep for themselves.
const TAKEN: &[&str] = &["t", "u", "F", "M", "N", "in", "out", "stop", "reset", "dudt"];

/// DiffSL's functions: a name that shadows one reads like a riddle.
const FUNCTIONS: &[&str] = &[
    "abs",
    "arccosh",
    "arcsinh",
    "copysign",
    "cos",
    "cosh",
    "exp",
    "heaviside",
    "interp1d",
    "log",
    "log10",
    "max",
    "min",
    "piecewise",
    "pow",
    "sigmoid",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
];

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
}

/// Why a name cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NameIssue {
    /// Not letters, digits and underscores, beginning with a letter.
    Shape,
    /// Kept by the language.
    Taken,
    /// Ends in an index, as a table's name does.
    Index,
    /// Both a parameter and an input.
    Twice,
    /// An output that is neither defined nor given.
    Undefined,
}

impl NameIssue {
    /// As the second half of a sentence about the name.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Shape => "is no name: use letters, digits and underscores, a letter first",
            Self::Taken => "is a word of the language: choose another name",
            Self::Index => "ends in an index as a table does: choose another ending",
            Self::Twice => "is both a parameter and an input: rename one",
            Self::Undefined => {
                "is an output that the equations do not define: it must be a state, a helper, a parameter or an input"
            }
        }
    }
}

/// The text to compile, or all names that cannot be used.
pub(super) fn assemble(doc: &PhysicsDoc) -> Result<Source, Vec<(String, NameIssue)>> {
    let issues = name_issues(doc);
    if !issues.is_empty() {
        return Err(issues);
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
    for token in tokens(&doc.equations) {
        match token {
            Token::Name(name) => code.push_str(&encode(name)),
            Token::Other(text) => code.push_str(text),
        }
    }
    let has_states = names(&doc.equations).any(|it| it == "u" || it.starts_with("u_"));
    if !has_states {
        code.push_str("\nu_i { none0u = 0 } F_i { 0 }");
    }
    code.push_str("\nout_i {");
    for name in doc.outputs.keys() {
        let _infallible = write!(code, " {},", encode(name));
    }
    code.push_str(" }\n");
    Ok(Source { code, has_states })
}

/// What DiffSL said, in the author's names, on one line, without the complaints that only follow from others.
pub(super) fn explain(said: &str) -> String {
    let said = said.trim_start_matches("DiffSL Compiler error:").trim_start_matches("DiffSL Parser error:");
    let follows = |it: &&str| it.contains("has no elements") || it.contains("missing 'F' array");
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    let causes: Vec<&str> = lines.iter().copied().filter(|it| !follows(it)).collect();
    let lines = if causes.is_empty() { lines } else { causes };
    lines.join("; ").replace("Error: ", "").replace(UNDERSCORE, "_")
}

fn name_issues(doc: &PhysicsDoc) -> Vec<(String, NameIssue)> {
    let mut issues = Vec::new();
    for name in doc.params.keys().chain(doc.inputs.keys()).chain(doc.outputs.keys()) {
        if let Some(issue) = shape_issue(name) {
            issues.push((name.clone(), issue));
        }
    }
    for name in doc.inputs.keys().filter(|it| doc.params.contains_key(*it)) {
        issues.push((name.clone(), NameIssue::Twice));
    }
    for name in doc.outputs.keys() {
        let given = doc.params.contains_key(name) || doc.inputs.contains_key(name);
        if !given && !names(&doc.equations).any(|it| it == name) {
            issues.push((name.clone(), NameIssue::Undefined));
        }
    }
    issues.sort();
    issues.dedup();
    issues
}

fn shape_issue(name: &str) -> Option<NameIssue> {
    let begins = name.starts_with(|it: char| it.is_ascii_alphabetic());
    if !begins || !name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_') {
        return Some(NameIssue::Shape);
    }
    if TAKEN.contains(&name) || FUNCTIONS.contains(&name) {
        return Some(NameIssue::Taken);
    }
    is_indexed(name).then_some(NameIssue::Index)
}

/// `x_i`, `a_ij`: one underscore, then nothing but indices.
fn is_indexed(name: &str) -> bool {
    name.split_once('_').is_some_and(|(_, index)| matches!(index, "i" | "j" | "ij" | "ji"))
}

fn encode(name: &str) -> String {
    if is_indexed(name) { name.to_owned() } else { name.replace('_', UNDERSCORE) }
}

enum Token<'a> {
    Name(&'a str),
    Other(&'a str),
}

/// Cuts a text into names and what is between them. Exponents (`1e3`) are no names, comments are passed through.
fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
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
        let (token, after) = rest.split_at(len);
        rest = after;
        Some(if is_name { Token::Name(token) } else { Token::Other(token) })
    })
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    tokens(text).filter_map(|it| match it {
        Token::Name(name) => Some(name),
        Token::Other(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
        let got = got.as_deref().map_err(|it| it.iter().map(|it| (it.0.as_str(), it.1)).collect::<Vec<_>>());
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
    fn what_only_follows_from_other_complaints_is_left_out() {
        let said = "DiffSL Compiler error: \nLine 3, Column 8: Error: cannot find variable k0uv\nLine 3, Column 1: \
                    Error: tensor F has no elements\nLine 1, Column 1: Error: missing 'F' array\n";
        assert_eq!(explain(said), "Line 3, Column 8: cannot find variable k_v");
    }
}
