//! What is wrong in a file, where, and how to mend it.

use std::fmt;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The site cannot be used.
    Error,
    /// It can, but somebody should look.
    Warning,
}

/// One thing that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: PathBuf,
    /// From 1; 0 where the whole file is meant.
    pub line: usize,
    /// In characters, from 1; 0 where the whole file is meant.
    pub column: usize,
    /// First byte, and the one after the last.
    pub span: (usize, usize),
    /// What is wrong.
    pub message: String,
    /// What should stand there.
    pub expected: Option<String>,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Severity {
    /// The word before the message.
    pub fn label(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Finding {
    /// About some bytes of a file's text.
    pub fn at(severity: Severity, file: &Path, text: &str, span: (usize, usize), message: impl Into<String>) -> Self {
        let end = floor_char_boundary(text, span.1);
        let start = floor_char_boundary(text, span.0).min(end);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |it| it + 1);
        Self {
            severity,
            file: file.to_owned(),
            line: 1 + before.matches('\n').count(),
            column: 1 + before[line_start..].chars().count(),
            span: (start, end),
            message: message.into(),
            expected: None,
            hint: None,
        }
    }

    /// About a file as a whole.
    pub fn of_file(severity: Severity, file: &Path, message: impl Into<String>) -> Self {
        let (file, message) = (file.to_owned(), message.into());
        Self { severity, file, line: 0, column: 0, span: (0, 0), message, expected: None, hint: None }
    }

    /// Adds what should stand there.
    pub fn expecting(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Adds how to mend it.
    pub fn hinting(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// `file:line:column: error: message (expected …; hint …)`, on one line, so that editors can jump to it.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        write!(f, " {}: {}", self.severity.label(), self.message.replace('\n', " "))?;
        let more: Vec<&str> = [&self.expected, &self.hint].into_iter().flatten().map(String::as_str).collect();
        match (&self.expected, &self.hint) {
            (None, None) => Ok(()),
            (Some(_), _) => write!(f, " (expected {})", more.join("; ").replace('\n', " ")),
            (None, Some(_)) => write!(f, " ({})", more.join("; ").replace('\n', " ")),
        }
    }
}

/// Findings for a person: first a line each, then each with its place in the text underlined. Without colors unless
/// standard output and standard error are terminals.
pub fn report(findings: &[Finding]) -> String {
    let on_terminal = std::io::stderr().is_terminal() && std::io::stdout().is_terminal();
    let colors = on_terminal && std::env::var_os("NO_COLOR").is_none();
    let theme = if colors { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(120);
    let mut text = String::new();
    for finding in findings {
        text.push_str(&format!("{finding}\n"));
    }
    // One file is read once, however many findings it has.
    let mut read: Option<(&Path, String)> = None;
    for finding in findings.iter().filter(|it| it.line > 0) {
        if read.as_ref().is_none_or(|it| it.0 != finding.file) {
            read = std::fs::read_to_string(&finding.file).ok().map(|source| (finding.file.as_path(), source));
        }
        // The file may have changed since, or be gone: then the line above must do.
        let Some((_, source)) = read.as_ref().filter(|it| finding.span.1 <= it.1.len()) else { continue };
        let excerpt = Excerpt::of(finding, source);
        text.push('\n');
        if handler.render_report(&mut text, &excerpt).is_err() {
            text.push_str("(the place cannot be shown)\n");
        }
    }
    text
}

/// A finding with the lines around it alone: the handler's cost grows with the size of the text it is given.
#[derive(Debug)]
struct Excerpt {
    diagnostic: MietteDiagnostic,
    source: NamedSource<Lines>,
}

/// Some lines of a text, which know which lines they are.
#[derive(Debug)]
struct Lines {
    text: String,
    first_line: usize,
}

impl Excerpt {
    fn of(finding: &Finding, source: &str) -> Self {
        const AROUND: usize = 2;
        let (start, end) = (floor_char_boundary(source, finding.span.0), floor_char_boundary(source, finding.span.1));
        let first = source[..start].rmatch_indices('\n').nth(AROUND).map_or(0, |it| it.0 + 1);
        let last = source[end..].match_indices('\n').nth(AROUND).map_or(source.len(), |it| end + it.0);
        let label = finding.expected.as_ref().map(|it| format!("expected {it}"));
        let severity = match finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        };
        let mut diagnostic = MietteDiagnostic::new(&*finding.message)
            .with_severity(severity)
            .with_label(LabeledSpan::new(label, start - first, end - start));
        if let Some(hint) = &finding.hint {
            diagnostic = diagnostic.with_help(&**hint);
        }
        let lines = Lines { text: source[first..last].to_owned(), first_line: source[..first].matches('\n').count() };
        Self { diagnostic, source: NamedSource::new(finding.file.display().to_string(), lines) }
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic.fmt(f)
    }
}

impl std::error::Error for Excerpt {}

impl miette::Diagnostic for Excerpt {
    fn severity(&self) -> Option<miette::Severity> {
        self.diagnostic.severity()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.diagnostic.help()
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        miette::Diagnostic::labels(&self.diagnostic)
    }
}

impl miette::SourceCode for Lines {
    fn read_span<'a>(
        &'a self,
        span: &miette::SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'a> + 'a>, miette::MietteError> {
        let found = self.text.read_span(span, lines_before, lines_after)?;
        // The library counts bytes, people count characters.
        let start = floor_char_boundary(&self.text, found.span().offset());
        let line_start = self.text[..start].rfind('\n').map_or(0, |it| it + 1);
        let column = self.text[line_start..start].chars().count();
        Ok(Box::new(miette::MietteSpanContents::new(
            found.data(),
            *found.span(),
            found.line() + self.first_line,
            column,
            found.line_count(),
        )))
    }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|it| text.is_char_boundary(*it)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_with_its_place() {
        let text = "(\n  näme: \"x\",\n)";
        let from = text.find("\"x\"").unwrap();
        let finding = Finding::at(Severity::Error, Path::new("a/site.ron"), text, (from, from + 3), "too\nshort")
            .expecting("more")
            .hinting("write more");
        assert_eq!(finding.to_string(), "a/site.ron:2:9: error: too short (expected more; write more)");
        let whole = Finding::of_file(Severity::Warning, Path::new("b.ron"), "too big");
        assert_eq!(whole.to_string(), "b.ron: warning: too big");
    }

    #[test]
    fn the_report_underlines_the_place_in_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("site.ron");
        let text = "(\n  a: 1,\n  b: 2,\n  c: 3,\n  d: 4,\n  e: 5,\n)\n";
        std::fs::write(&file, text).unwrap();
        let from = text.find("d: 4").unwrap();
        let finding = Finding::at(Severity::Error, &file, text, (from, from + 1), "unknown field").hinting("remove it");
        let report = report(&[finding]).replace(&folder.path().display().to_string(), "");
        insta::assert_snapshot!(report, @r"
        /site.ron:5:3: error: unknown field (remove it)

          × unknown field
           ╭─[/site.ron:5:3]
         4 │   c: 3,
         5 │   d: 4,
           ·   ─
         6 │   e: 5,
           ╰────
          help: remove it
        ");
    }

    #[test]
    fn both_places_in_a_report_count_characters() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("site.ron");
        let text = "(\n  unit: \"m³/s\", größe: 3,\n)\n";
        std::fs::write(&file, text).unwrap();
        let from = text.find("3,").unwrap();
        let report = report(&[Finding::at(Severity::Error, &file, text, (from, from + 1), "too small")]);
        assert_eq!(report.matches("site.ron:2:24").count(), 2, "{report}");
    }

    #[test]
    fn a_place_beyond_the_text_harms_nobody() {
        let finding = Finding::at(Severity::Error, Path::new("x"), "é", (1, 99), "m");
        assert_eq!((finding.line, finding.column, finding.span), (1, 1, (0, 2)));
    }
}
