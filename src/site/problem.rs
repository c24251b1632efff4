//! Findings while they are made: by path in the document, before anybody asks where in the text that is.

use std::collections::HashMap;
use std::path::Path;

use super::finding::{Finding, Severity};
use super::locate::Tree;

/// More are counted, not kept: nobody reads them, and a huge file may have one on each line.
const MAX_PROBLEMS: usize = 500;

/// Where in the document something stands, and whose it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// See [`Tree`]: `twins[3].signals[1].topic`.
    pub(super) path: String,
    /// The twin, where the place lies in a template of which it is made: its address and the template's name.
    pub(super) made: Option<(String, String)>,
}

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Problem {
    severity: Severity,
    place: Place,
    message: String,
    expected: Option<String>,
    hint: Option<String>,
    /// Where the first one of two that are the same stands.
    first: Option<Place>,
    /// Further twins made from the same template, which have it too.
    n_more: usize,
}

/// All that is wrong, each once.
#[derive(Debug, Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    seen: HashMap<(String, String), usize>,
    n_dropped: usize,
    /// What was dropped last, for who made it may still add to it.
    dropped: Option<Problem>,
    n_errors: usize,
}

/// A hint, or perhaps one.
pub(super) trait IntoHint {
    /// The hint.
    fn into_hint(self) -> Option<String>;
}

impl IntoHint for &str {
    fn into_hint(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl IntoHint for String {
    fn into_hint(self) -> Option<String> {
        Some(self)
    }
}

impl IntoHint for Option<String> {
    fn into_hint(self) -> Option<String> {
        self
    }
}

impl From<&str> for Place {
    fn from(path: &str) -> Self {
        path.to_owned().into()
    }
}

impl From<String> for Place {
    fn from(path: String) -> Self {
        Self { path, made: None }
    }
}

impl Place {
    /// A place below this one.
    pub(super) fn at(&self, below: &str) -> Self {
        Self { path: format!("{}{below}", self.path), made: self.made.clone() }
    }
}

impl Problem {
    /// Adds what should stand there.
    pub(super) fn expecting(&mut self, expected: impl Into<String>) -> &mut Self {
        self.expected = Some(expected.into());
        self
    }

    /// Adds how to mend it.
    pub(super) fn hinting(&mut self, hint: impl IntoHint) -> &mut Self {
        self.hint = hint.into_hint();
        self
    }

    /// Tells where the first one of two that are the same stands.
    pub(super) fn first_at(&mut self, first: Place) -> &mut Self {
        self.first = Some(first);
        self
    }
}

impl Problems {
    /// Notes an error.
    pub(super) fn error(&mut self, place: impl Into<Place>, message: impl Into<String>) -> &mut Problem {
        self.n_errors += 1;
        self.add(Severity::Error, place.into(), message.into())
    }

    /// Notes a warning.
    pub(super) fn warning(&mut self, place: impl Into<Place>, message: impl Into<String>) -> &mut Problem {
        self.add(Severity::Warning, place.into(), message.into())
    }

    /// Whether the site can be used.
    pub(super) fn has_errors(&self) -> bool {
        self.n_errors > 0
    }

    fn add(&mut self, severity: Severity, place: Place, message: String) -> &mut Problem {
        let key = (place.path.clone(), message.clone());
        if let Some(&at) = self.seen.get(&key) {
            self.list[at].n_more += 1;
            return &mut self.list[at];
        }
        let problem = Problem { severity, place, message, expected: None, hint: None, first: None, n_more: 0 };
        if self.list.len() >= MAX_PROBLEMS {
            self.n_dropped += 1;
            return self.dropped.insert(problem);
        }
        self.seen.insert(key, self.list.len());
        self.list.push(problem);
        let last = self.list.len() - 1;
        &mut self.list[last]
    }

    /// The findings, in the order of the text.
    pub(super) fn into_findings(self, file: &Path, text: &str) -> Vec<Finding> {
        if self.list.is_empty() {
            return Vec::new();
        }
        let tree = Tree::new(text);
        let mut findings: Vec<Finding> = self
            .list
            .into_iter()
            .map(|it| {
                let span = tree.span(&it.place.path);
                let mut message = it.message;
                if let Some((twin, template)) = &it.place.made {
                    message.push_str(&format!(" (in {twin}, made from template {template:?}"));
                    message.push_str(&if it.n_more > 0 {
                        format!(", and {} more)", it.n_more)
                    } else {
                        ")".to_owned()
                    });
                }
                let first = it.first.map(|it| {
                    let line = 1 + text[..tree.span(&it.path).start].matches('\n').count();
                    format!("the first one is in line {line}")
                });
                let finding = Finding::at(it.severity, file, text, (span.start, span.end), message);
                Finding { expected: it.expected, hint: it.hint.or(first), ..finding }
            })
            .collect();
        findings.sort_by_key(|it| it.span.0);
        if self.n_dropped > 0 {
            let message = format!("{} more findings are not shown", self.n_dropped);
            findings.push(Finding::of_file(Severity::Error, file, message).hinting("mend the first ones"));
        }
        findings
    }
}
