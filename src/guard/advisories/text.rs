//! The text of one file while it is read: what is wrong in it, and where.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::product::Product;
use crate::site::{Finding, Severity};

/// More products in one file are none that a person's plant has.
pub(super) const MAX_PRODUCTS: usize = 100_000;
/// More statements in one file, all weaknesses taken together.
pub(super) const MAX_CLAIMS: usize = 500_000;
/// More findings of one file help nobody.
const MAX_FINDINGS: usize = 50;

/// One file's text, and what is found in it.
pub(super) struct Text<'a> {
    /// The file.
    pub(super) file: Arc<PathBuf>,
    /// What stands in it.
    pub(super) text: &'a str,
    /// What is wrong.
    pub(super) findings: Vec<Finding>,
    n_claims: usize,
    told_claims: bool,
}

impl<'a> Text<'a> {
    pub(super) fn new(file: &Path, text: &'a str) -> Self {
        Self { file: Arc::new(file.to_owned()), text, findings: Vec::new(), n_claims: 0, told_claims: false }
    }

    /// Reads the document. What is no such document is found where it stops being one.
    pub(super) fn parse<T: DeserializeOwned>(&mut self, what: &str, hint: &str) -> Option<T> {
        match serde_json::from_str(self.text) {
            Ok(doc) => Some(doc),
            Err(error) => {
                self.syntax(&error, what, hint);
                None
            }
        }
    }

    /// Notes that the text is no document of a kind.
    pub(super) fn syntax(&mut self, error: &serde_json::Error, what: &str, hint: &str) {
        let at = self.offset(error.line(), error.column());
        let mut message = error.to_string();
        // The place stands before the message already.
        if let Some(end) = message.rfind(" at line ") {
            message.truncate(end);
        }
        let span = (at, at + 1);
        let finding =
            Finding::at(Severity::Error, &self.file, self.text, span, format!("this is no {what}: {message}"));
        self.findings.push(finding.hinting(hint));
    }

    /// The byte that a line and a column mean, both from 1. A column counts bytes.
    fn offset(&self, line: usize, column: usize) -> usize {
        let start: usize = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        (start + column.saturating_sub(1)).min(self.text.len().saturating_sub(1))
    }

    /// Notes something about a value that stands in the text, at its `nth` place from 0.
    pub(super) fn warn(&mut self, value: &str, nth: usize, message: impl Into<String>, hint: &str) {
        let message = message.into();
        if self.findings.len() > MAX_FINDINGS || self.findings.iter().any(|it| it.message == message) {
            return;
        }
        if self.findings.len() == MAX_FINDINGS {
            let message = "more is wrong, which is not shown";
            self.findings.push(Finding::of_file(Severity::Warning, &self.file, message).hinting("mend the first ones"));
            return;
        }
        // As a value is written in JSON; one with escapes of its own is told by the file.
        let written = serde_json::to_string(value).unwrap_or_default();
        let finding =
            match self.text.match_indices(&written).nth(nth).or_else(|| self.text.match_indices(&written).next()) {
                Some((at, it)) => Finding::at(Severity::Warning, &self.file, self.text, (at, at + it.len()), message),
                None => Finding::of_file(Severity::Warning, &self.file, message),
            };
        self.findings.push(finding.hinting(hint));
    }

    /// Whether a file may name one more product; notes once that it may not.
    pub(super) fn takes(&mut self, products: usize) -> bool {
        if products == MAX_PRODUCTS {
            let message = format!("more than {MAX_PRODUCTS} products: those after them are left out");
            self.findings.push(Finding::of_file(Severity::Warning, &self.file, message).hinting("split the file"));
        }
        products < MAX_PRODUCTS
    }

    /// Whether a file may make one more statement; notes once that it may not.
    pub(super) fn takes_claim(&mut self) -> bool {
        self.n_claims += 1;
        let takes = self.n_claims <= MAX_CLAIMS;
        if !takes && !self.told_claims {
            self.told_claims = true;
            let message = format!("more than {MAX_CLAIMS} statements: those after them are left out");
            self.findings.push(Finding::of_file(Severity::Warning, &self.file, message).hinting("split the file"));
        }
        takes
    }

    /// Notes that the versions of a product cannot be read, where they cannot.
    pub(super) fn check_versions(&mut self, product: &Product) {
        if let super::Versions::Unreadable(range) = &product.versions {
            let message = format!("{range:?} is no range of versions: every version may be meant");
            self.warn(range, 0, message, "write a range as VERS does, such as \"vers:generic/>=1.0|<2.4.1\"");
        }
    }
}
