//! What of a recording is lost, damaged or not as it was sealed.

use super::{Diagnostic, DiagnosticKind, Gravity};
use crate::trust::seals::{Report, Sealing};

/// A part that could not be read.
pub(super) fn of_recording(what: &str) -> Diagnostic {
    Diagnostic {
        key: format!("recording {what}"),
        kind: DiagnosticKind::Recording,
        severity: Gravity::Warning,
        text: what.to_owned(),
        hint: "What could be read is shown. Is there another copy of the file?".to_owned(),
        twins: Vec::new(),
    }
}

/// What was changed since the recording was sealed, or is missing. A recording without seals says nothing.
pub(super) fn of_seals(report: &Report) -> Option<Diagnostic> {
    let (severity, text, hint) = match (report.sealing, report.unaltered(), report.complete()) {
        (Sealing::None, ..) | (_, true, Some(true)) => return None,
        (Sealing::NoKey | Sealing::ByOther { .. }, ..) => {
            (Gravity::Warning, report.verdict().to_owned(), "Verify it with the recorder's key: pollux verify --key.")
        }
        (_, false, _) => {
            let first = report.breaks.first().map_or_else(String::new, ToString::to_string);
            let more = match report.breaks.len() as u64 + report.more_breaks {
                0 | 1 => String::new(),
                n => format!(" and {} more", n - 1),
            };
            let text = format!("The recording was altered: {first}{more}");
            (Gravity::Error, text, "What was touched proves nothing. Is there another copy of the file?")
        }
        (_, true, Some(false)) => {
            let text = format!("The recording is not complete: {}", report.complete);
            (Gravity::Error, text, "What is missing cannot be brought back. Is there another copy of the file?")
        }
        (_, true, None) => {
            let text = format!("Whether the recording is complete is {}", report.complete);
            (Gravity::Note, text, "A witness can tell: pollux verify --witness.")
        }
    };
    let key = format!("seals {}", report.verdict());
    Some(Diagnostic { key, kind: DiagnosticKind::Seals, severity, text, hint: hint.to_owned(), twins: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::SecretKey;
    use crate::trust::seals::{Break, Complete, Fault};

    #[test]
    fn a_recording_that_was_altered_or_cut_is_told_and_a_good_one_is_not() {
        let mut report = Report {
            bytes: 1000,
            sealing: Sealing::ByOwn(SecretKey::generate().public()),
            session: None,
            stretches: 10,
            messages: 70,
            span: None,
            good: Vec::new(),
            closed: true,
            unsealed: None,
            head: None,
            complete: Complete::Closed { witnessed: None },
            other_recorders: Vec::new(),
            breaks: Vec::new(),
            more_breaks: 0,
        };
        assert_eq!(of_seals(&report), None);
        report.complete = Complete::Unknown { witnessed: None };
        let told = of_seals(&report).unwrap();
        assert!(told.severity == Gravity::Note && told.text.contains("without a witness nobody can tell"), "{told:?}");
        report.complete = Complete::Missing { stretches: 2 };
        let told = of_seals(&report).unwrap();
        assert_eq!(
            (told.severity, &*told.text),
            (Gravity::Error, "The recording is not complete: no: 2 stretches are missing")
        );
        let altered = Break { from: 7, to: 9, stretches: Some((3, 3)), span: None, fault: Fault::Altered };
        report.breaks = vec![altered.clone(), altered];
        let told = of_seals(&report).unwrap();
        let want = "The recording was altered: bytes 7 to 9, stretch 3: altered: it is not what was sealed and 1 more";
        assert_eq!((told.severity, &*told.text), (Gravity::Error, want));
        report.sealing = Sealing::None;
        assert_eq!(of_seals(&report), None);
    }
}
