//! Certificates that hold no more, or not for long.

use super::super::format;
use super::{Diagnostic, DiagnosticKind, Evidence, Gravity};
use crate::link::Validity;

/// The broker's and ours. What is over already still matters: a connection that stands is not asked again.
pub(super) fn certificates(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
    let warnings = evidence.posture.map_or_else(Vec::new, |it| it.warnings(evidence.now));
    all.extend(warnings.into_iter().map(|(whose, facts)| Diagnostic {
        key: format!("certificate {}", facts.fingerprint),
        kind: DiagnosticKind::Certificate,
        severity: match facts.validity(evidence.now) {
            Validity::EndsSoon | Validity::Good => Gravity::Warning,
            Validity::NotYet | Validity::Over => Gravity::Error,
        },
        text: format::capital(&format!(
            "{whose} certificate ({}, issued by {}) {}",
            facts.subject,
            facts.issuer,
            facts.expiry_words(evidence.now)
        )),
        hint: "Have it renewed: with one that has expired no connection comes about any more.".to_owned(),
        twins: Vec::new(),
    }));
}
