//! Which names a block may use, and what is wrong with the others.

use std::ops::Range;

use super::source::{Token, names, tokens};
use crate::site::doc::PhysicsDoc;

/// What DiffSL and Pollux keep for themselves.
const TAKEN: &[&str] = &["t", "u", "F", "M", "N", "in", "out", "stop", "reset", "dudt"];

/// DiffSL's functions: a name that shadows one reads like a riddle.
pub(super) const FUNCTIONS: &[&str] = &[
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

/// What may stand instead of a name that is kept.
const OTHERS: &str = "another name: t, u, F, M, N, in, out, stop, reset, dudt and the functions (sin, max, …) are kept";

/// What the author may define although it is kept, since it means to the language what it says.
const MEANT: &[&str] = &["u", "F", "M", "stop", "reset", "dudt"];

/// A name that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NameFault {
    /// As written.
    pub(super) name: String,
    /// What is wrong with it.
    pub(super) issue: NameIssue,
    /// Where in the equations it stands, in bytes. `None`: it is a parameter, an input or an output.
    pub(super) at: Option<(usize, usize)>,
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
            Self::Shape => "is no name",
            Self::Taken => "is kept by the language of the equations",
            Self::Index => "ends in an index as a table does",
            Self::Twice => "is both a parameter and an input",
            Self::Undefined => "is an output that the equations do not define",
        }
    }

    /// What should stand there.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Shape => "letters, digits and underscores, a letter first",
            Self::Taken => OTHERS,
            Self::Index => "another ending",
            Self::Twice => "different names",
            Self::Undefined => "a state, a helper, a parameter or an input",
        }
    }
}

/// All names of a block that cannot be used.
pub(super) fn faults(doc: &PhysicsDoc) -> Vec<NameFault> {
    let mut faults = Vec::new();
    let mut add = |name: &str, issue, at| faults.push(NameFault { name: name.to_owned(), issue, at });
    for name in doc.params.keys().chain(doc.inputs.keys()).chain(doc.outputs.keys()) {
        if let Some(issue) = shape_issue(name) {
            add(name, issue, None);
        }
    }
    for name in doc.inputs.keys().filter(|it| doc.params.contains_key(*it)) {
        add(name, NameIssue::Twice, None);
    }
    for name in doc.outputs.keys() {
        let given = doc.params.contains_key(name) || doc.inputs.contains_key(name);
        if !given && !names(&doc.equations).any(|it| it == name) {
            add(name, NameIssue::Undefined, None);
        }
    }
    for Defined { name, at, is_state } in defined(&doc.equations) {
        let base = if is_indexed(name) { name.split('_').next().unwrap_or(name) } else { name };
        if (is_kept(base) && (is_state || !MEANT.contains(&base))) && !doc.outputs.contains_key(name) {
            add(name, NameIssue::Taken, Some((at.start, at.end)));
        }
    }
    faults.sort();
    faults.dedup();
    faults
}

/// The names that equations may use: parameters, inputs, states and helpers.
pub(super) fn usable(doc: &PhysicsDoc) -> impl Iterator<Item = &str> {
    let given = doc.params.keys().chain(doc.inputs.keys()).map(String::as_str);
    given.chain(defined(&doc.equations).into_iter().map(|it| it.name).filter(|it| !is_indexed(it)))
}

/// A name that the equations give to something.
struct Defined<'a> {
    name: &'a str,
    at: Range<usize>,
    /// It is an entry of a tensor, as `h` in `u_i { h = 1 }`.
    is_state: bool,
}

/// Helpers (`name { … }`) and states (`name = …`, within braces).
fn defined(equations: &str) -> Vec<Defined<'_>> {
    let mut found = Vec::new();
    let mut last: Option<(usize, &str)> = None;
    for (at, token) in tokens(equations) {
        match token {
            Token::Name(name) => last = Some((at, name)),
            Token::Other(text) if text.trim().is_empty() || text.starts_with("//") || text.starts_with("/*") => (),
            Token::Other(text) => {
                if let Some((at, name)) = last.take()
                    && matches!(text, "{" | "=")
                {
                    found.push(Defined { name, at: at..at + name.len(), is_state: text == "=" });
                }
            }
        }
    }
    found
}

fn shape_issue(name: &str) -> Option<NameIssue> {
    let begins = name.starts_with(|it: char| it.is_ascii_alphabetic());
    if !begins || !name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_') {
        return Some(NameIssue::Shape);
    }
    if is_kept(name) {
        return Some(NameIssue::Taken);
    }
    is_indexed(name).then_some(NameIssue::Index)
}

fn is_kept(name: &str) -> bool {
    TAKEN.contains(&name) || FUNCTIONS.contains(&name)
}

/// `x_i`, `a_ij`: one underscore, then nothing but indices.
pub(super) fn is_indexed(name: &str) -> bool {
    name.split_once('_').is_some_and(|(_, index)| matches!(index, "i" | "j" | "ij" | "ji"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(equations: &str, want: &[&str]) {
        let doc = PhysicsDoc { equations: equations.to_owned(), ..PhysicsDoc::default() };
        let got: Vec<&str> = faults(&doc).iter().filter_map(|it| it.at).map(|it| &equations[it.0..it.1]).collect();
        assert_eq!(got, want, "{equations}");
    }

    #[test]
    fn a_helper_or_a_state_may_not_take_a_kept_name() {
        check("u_i { h = 1 } out { h } F_i { -out }", &["out"]);
        check("in_i { q = 1 } u_i { t = 1, N = 2 } F_i { t, 0 } sin { 2 }", &["N", "in_i", "sin", "t"]);
        check("u_i { h = 1 } // out { 1 }\nM_i { 1 } F_i { sin(h) } stop_i { h - 1 }", &[]);
    }

    #[test]
    fn the_kept_names_are_all_told() {
        for name in TAKEN {
            assert!(OTHERS.contains(&format!(" {name}")), "{name}");
        }
    }
}
