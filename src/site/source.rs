//! The text that a site came from, for those who find what is wrong with it later.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::finding::{Finding, Severity};
use super::flat::FlatTwin;
use super::locate::Tree;
use super::model::Site;
use super::problem::Place;

/// A site's text, and where in it the physics stand.
#[derive(Default)]
pub(crate) struct Source {
    file: PathBuf,
    text: String,
    /// By the twin's address.
    physics: HashMap<Arc<str>, Blocks>,
}

#[derive(Default)]
struct Blocks {
    equations: Place,
    /// Of parameters, inputs and outputs, by name.
    names: BTreeMap<String, Place>,
}

impl Source {
    /// Of a file's text and the twins that were made of it.
    pub(super) fn new(file: &Path, text: &str, flats: &[FlatTwin]) -> Self {
        let physics = flats.iter().filter_map(|flat| Some((Arc::clone(&flat.address), Blocks::of(flat)?))).collect();
        Self { file: file.to_owned(), text: text.to_owned(), physics }
    }
}

/// A document of a site may be large: its text is no news.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Blocks {
    fn of(flat: &FlatTwin) -> Option<Self> {
        let physics = flat.doc.physics.as_ref()?;
        let lists = [
            ("outputs", physics.outputs.keys().collect::<Vec<_>>()),
            ("params", physics.params.keys().collect()),
            ("inputs", physics.inputs.keys().collect()),
        ];
        let mut blocks = Self { equations: flat.place(".physics.equations"), names: BTreeMap::new() };
        for (list, name) in lists.into_iter().flat_map(|(list, names)| names.into_iter().map(move |it| (list, it))) {
            blocks.names.insert(name.clone(), flat.place(&format!(".physics.{list}[\"{name}\"]@")));
        }
        Some(blocks)
    }
}

impl Site {
    /// An error in a twin's physics that shows when they are compiled. It points at a parameter, an input or an output
    /// where `name` is one, else at the equations; of an address that is no twin's, at the file.
    pub fn physics_finding(&self, twin: &str, name: Option<&str>, message: impl Into<String>) -> Finding {
        let source = &self.source;
        let Some(blocks) = source.physics.get(twin) else {
            return Finding::of_file(Severity::Error, &source.file, message);
        };
        let place = name.and_then(|it| blocks.names.get(it)).unwrap_or(&blocks.equations);
        source.finding(place, Tree::new(&source.text).span(&place.path), message.into())
    }

    /// An error at some bytes of a twin's equations, pointed at in the file. Where a template's parameters or escapes
    /// shift the text, at the line.
    pub fn equations_finding(&self, twin: &str, at: &Range<usize>, message: impl Into<String>) -> Finding {
        let source = &self.source;
        let physics = self.twin_at(twin).and_then(|it| it.physics.as_ref());
        let (Some(blocks), Some(physics)) = (source.physics.get(twin), physics) else {
            return Finding::of_file(Severity::Error, &source.file, message);
        };
        let tree = Tree::new(&source.text);
        let literal = tree.whole(&blocks.equations.path);
        let span = within(&source.text[literal.clone()], &physics.equations, at)
            .map(|it| literal.start + it.start..literal.start + it.end);
        let span = span.unwrap_or_else(|| tree.span(&blocks.equations.path));
        source.finding(&blocks.equations, span, message.into())
    }
}

impl Source {
    fn finding(&self, place: &Place, span: Range<usize>, mut message: String) -> Finding {
        if let Some((twin, template)) = &place.made {
            message.push_str(&format!(" (in {twin}, made from template {template:?})"));
        }
        Finding::at(Severity::Error, &self.file, &self.text, (span.start, span.end), message)
    }
}

/// Where some bytes of a text stand in the literal that it was read from. `None`: the two do not match line by line.
fn within(literal: &str, text: &str, at: &Range<usize>) -> Option<Range<usize>> {
    let quote = literal.find('"')? + 1;
    let written = literal.get(quote..literal.rfind('"')?)?;
    if written == text {
        return Some(quote + at.start..quote + at.end);
    }
    if written.lines().count() != text.lines().count() {
        return None;
    }
    let n = text.get(..at.start)?.matches('\n').count();
    let line = written.split('\n').nth(n)?;
    let start = quote + written.split('\n').take(n).map(|it| it.len() + 1).sum::<usize>();
    let indent = line.len() - line.trim_start().len();
    Some(start + indent..start + line.trim_end().len().max(indent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(literal: &str, text: &str, what: &str, want: Option<&str>) {
        let at = text.find(what).unwrap();
        let got = within(literal, text, &(at..at + what.len()));
        assert_eq!(got.map(|it| &literal[it]), want);
    }

    #[test]
    fn bytes_of_equations_are_found_in_their_literal() {
        check("r#\"a {\n  \"é\" b }\"#", "a {\n  \"é\" b }", "b", Some("b"));
        check("\"a\"", "a", "a", Some("a"));
    }

    #[test]
    fn where_parameters_shift_the_text_the_line_is_found() {
        check("r\"a\n  {k} + c  \nd\"", "a\n  12345 + c  \nd", "c", Some("{k} + c"));
        check("\"a\\n b\"", "a\n b", "b", None);
    }
}
