//! What is wrong with what comes in, and with the site: each with a hint how to mend it, and with its objects.

mod certificates;
mod readings;
mod recording;
mod site_file;
mod topics;

use std::collections::BTreeSet;

use crate::link::Posture;
use crate::session::TallySnapshot;
use crate::signal::Timestamp;
use crate::site::{Finding, Site, TwinId};
use crate::trust::seals::Report;
use crate::twin::Readings;

/// A thing that is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// The same for the same thing in the next frame.
    pub key: String,
    /// What kind.
    pub kind: DiagnosticKind,
    /// How bad.
    pub severity: Gravity,
    /// What, in a few words.
    pub text: String,
    /// How to mend it.
    pub hint: String,
    /// Whom it concerns.
    pub twins: Vec<TwinId>,
}

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// Something does not work.
    Error,
    /// Something may not be as it should.
    Warning,
    /// To know.
    Note,
}

/// The kinds, by which diagnostics can be suppressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiagnosticKind {
    /// The site file has a fault.
    Site,
    /// A part of the recording is lost or damaged.
    Recording,
    /// The recording is not as it was sealed, or not all of it is there.
    Seals,
    /// Nothing ever arrived on a topic.
    NeverSeen,
    /// A payload cannot be read as what the site says.
    Unreadable,
    /// A value outside of what can be.
    OutOfRange,
    /// A device's clock is off.
    ClockSkew,
    /// A topic that no signal is bound to.
    Unbound,
    /// A signal that one of two compared sessions lacks.
    Comparison,
    /// A certificate that holds no more, or not for long.
    Certificate,
    /// Keys and signatures.
    Signing,
    /// Messages that were refused.
    Refused,
    /// Messages that prove that somebody else speaks in a device's name.
    Proof,
}

/// What a person has hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suppressed {
    /// Single ones, by key.
    pub keys: BTreeSet<String>,
    /// Whole kinds.
    pub kinds: BTreeSet<DiagnosticKind>,
}

/// What the diagnostics follow from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence<'a> {
    /// The site.
    pub site: &'a Site,
    /// Faults of the site file.
    pub findings: &'a [Finding],
    /// What of the recording is lost, damaged or odd.
    pub recording: &'a [String],
    /// What was found out about the seals of the recording. `None`: nothing yet, or there is none.
    pub seals: Option<&'a Report>,
    /// All readings.
    pub readings: &'a Readings,
    /// What was counted.
    pub tally: &'a TallySnapshot,
    /// Seconds for which the link has been up. `None`: it is down, and what is silent says nothing.
    pub linked_secs: Option<f64>,
    /// How the link is protected. `None`: there is none.
    pub posture: Option<&'a Posture>,
    /// The wall clock, by which certificates end.
    pub now: Timestamp,
}

impl DiagnosticKind {
    /// The kind's name.
    pub fn label(self) -> &'static str {
        match self {
            Self::Site => "site file",
            Self::Recording => "recording",
            Self::Seals => "seals",
            Self::NeverSeen => "topic never seen",
            Self::Unreadable => "payload not readable",
            Self::OutOfRange => "out of range",
            Self::ClockSkew => "clock skew",
            Self::Unbound => "topic not bound",
            Self::Comparison => "comparison",
            Self::Certificate => "certificate",
            Self::Signing => "keys and signatures",
            Self::Refused => "refused messages",
            Self::Proof => "proof of another speaker",
        }
    }

    /// Whether a person may hide it. What proves an attack stays in sight for as long as it is told.
    pub fn can_be_hidden(self) -> bool {
        self != Self::Proof
    }
}

impl Gravity {
    /// The word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Suppressed {
    /// Whether a diagnostic is hidden.
    pub fn hides(&self, it: &Diagnostic) -> bool {
        it.kind.can_be_hidden() && (self.kinds.contains(&it.kind) || self.keys.contains(&it.key))
    }
}

/// All that is wrong, the worst first.
pub(super) fn diagnose(evidence: &Evidence) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> =
        evidence.findings.iter().map(|it| site_file::of_finding(it, evidence.site)).collect();
    all.extend(evidence.recording.iter().map(|it| recording::of_recording(it)));
    all.extend(evidence.seals.and_then(recording::of_seals));
    topics::never_seen(evidence, &mut all);
    topics::unreadable(evidence, &mut all);
    readings::out_of_range(evidence, &mut all);
    readings::clock_skew(evidence, &mut all);
    topics::unbound(evidence, &mut all);
    certificates::certificates(evidence, &mut all);
    all.sort_by(|a, b| (a.severity, a.kind, &a.key).cmp(&(b.severity, b.kind, &b.key)));
    all
}

/// What is wrong with keys and signatures. The key tells it from other faults, and is the same while it lasts.
pub(super) fn of_signatures(key: &str, what: &str, hint: &str) -> Diagnostic {
    Diagnostic {
        key: format!("signatures {key}"),
        kind: DiagnosticKind::Signing,
        severity: Gravity::Error,
        text: what.to_owned(),
        hint: hint.to_owned(),
        twins: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
