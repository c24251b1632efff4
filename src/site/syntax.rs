//! Turns a text into a document, and the parser's errors into words that help who wrote it.

use std::path::Path;

use ron::error::{Error as RonError, SpannedError};
use ron::extensions::Extensions;

use super::doc::SiteDoc;
use super::finding::{Finding, Severity};
use super::locate::open_at;
use super::near::{did_you_mean, one_of};

/// Brackets within brackets. Beyond it the parser would need more stack than a thread has.
const MAX_NESTING: usize = 128;

/// What stands wrong in the syntax: there can be only one such finding, since the rest cannot be understood.
struct SyntaxError {
    span: (usize, usize),
    message: String,
    expected: Option<String>,
    hint: Option<String>,
}

impl SyntaxError {
    fn into_finding(self, file: &Path, text: &str) -> Finding {
        let finding = Finding::at(Severity::Error, file, text, self.span, self.message);
        Finding { expected: self.expected, hint: self.hint, ..finding }
    }
}

/// Reads a site's text, or says where it is none.
pub(super) fn parse(file: &Path, text: &str) -> Result<SiteDoc, Box<Finding>> {
    read(text).map_err(|it| Box::new(it.into_finding(file, text)))
}

fn read(text: &str) -> Result<SiteDoc, SyntaxError> {
    if text.trim().is_empty() {
        let expected = Some("( name: \"…\", place: (…), twins: [ … ] )".to_owned());
        return Err(SyntaxError { span: (0, 0), message: "the file is empty".to_owned(), expected, hint: None });
    }
    let extensions = Extensions::IMPLICIT_SOME | Extensions::UNWRAP_NEWTYPES | Extensions::UNWRAP_VARIANT_NEWTYPES;
    ron::Options::default()
        .with_default_extension(extensions)
        .with_recursion_limit(MAX_NESTING)
        .from_str(text)
        .map_err(|error| describe(text, &error))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the errors are many, and the library may add to them")]
fn describe(text: &str, error: &SpannedError) -> SyntaxError {
    let from = offset(text, error.span.start.line, error.span.start.col);
    let to = offset(text, error.span.end.line, error.span.end.col);
    let within = |outer: &Option<String>| outer.as_ref().map(|it| format!(" in {}", plain(it))).unwrap_or_default();
    let at_end = text[from..].trim().is_empty() && !matches!(error.code, RonError::MissingStructField { .. });
    let code = if at_end { &RonError::Eof } else { &error.code };
    let (span, message, expected, hint) = match code {
        RonError::NoSuchStructField { expected, found, outer } => (
            word_before(text, from, to, found),
            format!("unknown field {found:?}{}", within(outer)),
            one_of(expected.iter().copied()),
            did_you_mean(found, expected.iter().copied()),
        ),
        RonError::NoSuchEnumVariant { expected, found, outer } => (
            word_before(text, from, to, found),
            format!("unknown variant {found:?}{}", within(outer)),
            one_of(expected.iter().copied()),
            did_you_mean(found, expected.iter().copied()),
        ),
        RonError::MissingStructField { field, outer } => {
            ((from, to), format!("the field {field:?} is missing{}", within(outer)), Some(format!("{field}: …")), None)
        }
        RonError::DuplicateStructField { field, outer } => (
            word_before(text, from, to, field),
            format!("the field {field:?} is given twice{}", within(outer)),
            None,
            Some("remove one of them".to_owned()),
        ),
        RonError::InvalidValueForType { expected, found } => {
            ((from, to), format!("{found} stands here"), Some(expected.clone()), None)
        }
        RonError::ExpectedDifferentStructName { found, .. } => (
            word_before(text, from, to, found),
            format!("{found:?} stands here"),
            Some("( … ), without a name".to_owned()),
            Some("put ( ) around the fields, and no name before them".to_owned()),
        ),
        RonError::ExceededRecursionLimit => (
            (from, to),
            "brackets stand too deep in each other".to_owned(),
            Some(format!("at most {MAX_NESTING} levels")),
            None,
        ),
        RonError::Eof => ((from, to), "the file ends too early".to_owned(), None, Some(open_bracket(text))),
        RonError::ExpectedStructLikeEnd => (
            (from, to),
            "this is not how the bracket goes on".to_owned(),
            Some("`,` or `)`".to_owned()),
            Some("a comma is missing before it, or it is one too many".to_owned()),
        ),
        other => match short(other) {
            Some((message, expected)) => ((from, to), message.to_owned(), Some(expected.to_owned()), None),
            None => ((from, to), lowered(&other.to_string()), None, None),
        },
    };
    SyntaxError { span: widened(text, span), message, expected, hint }
}

/// What stood there, and what should.
#[expect(clippy::wildcard_enum_match_arm, reason = "the errors are many, and the library may add to them")]
fn short(error: &RonError) -> Option<(&'static str, &'static str)> {
    Some(match error {
        RonError::ExpectedString => ("no text stands here", "a text in quotes"),
        RonError::ExpectedStringEnd => ("the text that begins here has no end", "a closing quote"),
        RonError::ExpectedFloat | RonError::ExpectedInteger => ("no number stands here", "a number"),
        RonError::ExpectedBoolean => ("neither true nor false stands here", "true or false"),
        RonError::ExpectedComma => ("a comma is missing", "`,` between two values"),
        RonError::ExpectedArray => ("no list stands here", "[ … ]"),
        RonError::ExpectedArrayEnd => ("this is not how the list goes on", "`,` or `]`"),
        RonError::ExpectedMap => ("no map stands here", "{ \"name\": … }"),
        RonError::ExpectedMapColon => ("a colon is missing", "`:` between name and value"),
        RonError::ExpectedMapEnd => ("this is not how the map goes on", "`,` or `}`"),
        RonError::ExpectedStructLike | RonError::ExpectedNamedStructLike(_) => ("no bracket stands here", "( … )"),
        RonError::ExpectedIdentifier => ("no name stands here", "a name without quotes"),
        RonError::TrailingCharacters => ("something stands after the end", "nothing after the last `)`"),
        RonError::UnclosedBlockComment => ("the comment that begins here has no end", "*/"),
        RonError::IntegerOutOfBounds => ("the number is too large or too small", "a smaller number"),
        _ => return None,
    })
}

/// The innermost bracket that nothing closes, for a hint.
fn open_bracket(text: &str) -> String {
    open_at(text).map_or_else(
        || "a quote or a comment has no end".to_owned(),
        |at| {
            let line = 1 + text[..at].matches('\n').count();
            format!("the `{}` in line {line} is never closed", &text[at..=at])
        },
    )
}

/// A place that one can see: from the next character that is no space, to the end of its word.
fn widened(text: &str, (from, to): (usize, usize)) -> (usize, usize) {
    let rest = &text[from..];
    let from = if rest.trim().is_empty() { from } else { from + rest.len() - rest.trim_start().len() };
    let rest = &text[from..];
    let word = rest.find(|it: char| it.is_whitespace() || ",:()[]{}".contains(it)).unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    (from, to.max(from + word.max(first)))
}

/// The name of a struct as a person would say it.
fn plain(name: &str) -> String {
    name.strip_suffix("Doc").map_or_else(|| name.to_owned(), |it| format!("a {}", it.to_lowercase()))
}

fn lowered(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map(|it| it.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// The last place of a word from somewhat before a span to its end.
fn word_before(text: &str, from: usize, to: usize, word: &str) -> (usize, usize) {
    text[..to].rfind(word).filter(|_| !word.is_empty()).map_or((from, to), |it| (it, it + word.len()))
}

/// The byte at a line and a column, both from 1, columns in characters.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start = match line {
        0 | 1 => 0,
        n => text.match_indices('\n').nth(n - 2).map_or(text.len(), |it| it.0 + 1),
    };
    text[start..].char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |it| start + it.0)
}
