//! Faults of the site file.

use super::{Diagnostic, DiagnosticKind, Gravity};
use crate::site::{Finding, Severity, Site};

/// A fault, with its place and the twins that it names.
pub(super) fn of_finding(finding: &Finding, site: &Site) -> Diagnostic {
    let file = finding.file.file_name().map_or_else(|| "site.ron".into(), |it| it.to_string_lossy());
    let place = format!("{file}:{}:{}", finding.line, finding.column);
    let severity = match finding.severity {
        Severity::Error => Gravity::Error,
        Severity::Warning => Gravity::Warning,
    };
    let expected = finding.expected.as_ref().map(|it| format!("Expected {it}. ")).unwrap_or_default();
    let stays = if severity == Gravity::Error { "The last good site keeps running. " } else { "" };
    Diagnostic {
        key: format!("site {place} {}", finding.message),
        kind: DiagnosticKind::Site,
        severity,
        text: format!("{place}: {}", finding.message),
        hint: format!(
            "{expected}{stays}{}",
            finding.hint.as_deref().unwrap_or("Mend the file: it is read again when it is saved.")
        ),
        // A message names its objects by address, as the site file does.
        twins: site
            .twins
            .iter()
            .filter(|twin| finding.message.split(['"', '`', '/', ' ']).any(|word| word == &*twin.address))
            .map(|it| it.id)
            .collect(),
    }
}
