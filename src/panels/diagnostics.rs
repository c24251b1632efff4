//! What is wrong with what comes in, and with the site: each with a hint how to mend it, and with its objects.

use std::collections::{BTreeMap, BTreeSet};

use super::format;
use crate::link::{Posture, Validity};
use crate::session::TallySnapshot;
use crate::signal::Timestamp;
use crate::site::{Finding, Severity, Site, TwinId};
use crate::trust::seals::{Report, Sealing};
use crate::twin::{ReadingState, Readings};

/// A device clock that is further off than this, in seconds, is told.
const SKEW_SECS: f64 = 5.0;

/// At most so many topics that nobody bound are told one by one.
const UNBOUND_SHOWN: usize = 20;

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
        }
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
        self.kinds.contains(&it.kind) || self.keys.contains(&it.key)
    }
}

/// All that is wrong, the worst first.
pub(super) fn diagnose(evidence: &Evidence) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = evidence.findings.iter().map(|it| of_finding(it, evidence.site)).collect();
    all.extend(evidence.recording.iter().map(|it| of_recording(it)));
    all.extend(evidence.seals.and_then(of_seals));
    never_seen(evidence, &mut all);
    unreadable(evidence, &mut all);
    out_of_range(evidence, &mut all);
    clock_skew(evidence, &mut all);
    unbound(evidence, &mut all);
    certificates(evidence, &mut all);
    all.sort_by(|a, b| (a.severity, a.kind, &a.key).cmp(&(b.severity, b.kind, &b.key)));
    all
}

fn of_finding(finding: &Finding, site: &Site) -> Diagnostic {
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

/// What is wrong with keys and signatures.
pub(super) fn of_signatures(what: &str, hint: &str) -> Diagnostic {
    Diagnostic {
        key: format!("signatures {hint}"),
        kind: DiagnosticKind::Signing,
        severity: Gravity::Error,
        text: what.to_owned(),
        hint: hint.to_owned(),
        twins: Vec::new(),
    }
}

fn of_recording(what: &str) -> Diagnostic {
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
fn of_seals(report: &Report) -> Option<Diagnostic> {
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

fn never_seen(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
    let Some(linked_secs) = evidence.linked_secs else { return };
    let mut by_topic: BTreeMap<&str, (usize, f64, BTreeSet<TwinId>)> = BTreeMap::new();
    for signal in &evidence.site.signals {
        if evidence.readings.get(signal.id).state == ReadingState::NeverSeen {
            let entry = by_topic.entry(&signal.topic).or_default();
            entry.0 += 1;
            entry.1 = entry.1.max(signal.period);
            entry.2.insert(signal.twin);
        }
    }
    for (topic, (count, period, twins)) in by_topic {
        // A device that speaks once a minute is not silent in the first one.
        if linked_secs < (period * 3.0).max(5.0) {
            continue;
        }
        let signals = if count == 1 { "1 signal waits".to_owned() } else { format!("{count} signals wait") };
        all.push(Diagnostic {
            key: format!("never {topic}"),
            kind: DiagnosticKind::NeverSeen,
            severity: Gravity::Warning,
            text: format!("Nothing came on {topic}; {signals} for it"),
            hint: "Is the device on? Does it publish to this topic? Compare its spelling with the site file."
                .to_owned(),
            twins: twins.into_iter().collect(),
        });
    }
}

fn unreadable(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
    for fault in &evidence.tally.unparsable {
        let twins: BTreeSet<TwinId> =
            evidence.site.signals.iter().filter(|it| it.topic == fault.topic).map(|it| it.twin).collect();
        let times = if fault.count == 1 { "once".to_owned() } else { format!("{} times", format::count(fault.count)) };
        all.push(Diagnostic {
            key: format!("unreadable {}", fault.topic),
            kind: DiagnosticKind::Unreadable,
            severity: Gravity::Error,
            text: format!("A payload on {} could not be read ({times})", fault.topic),
            hint: format!("{}. The last good values stay, marked stale.", fault.error.trim_end_matches('.')),
            twins: twins.into_iter().collect(),
        });
    }
}

fn out_of_range(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
    for signal in &evidence.site.signals {
        let reading = evidence.readings.get(signal.id);
        let (ReadingState::Bad, Some(value), Some((low, high))) = (reading.state, &reading.value, signal.range) else {
            continue;
        };
        let number = |it| format::number(it, signal.decimals);
        let range = format::with_unit(&format!("{} to {}", number(low), number(high)), signal.unit);
        all.push(Diagnostic {
            key: format!("range {}", signal.address),
            kind: DiagnosticKind::OutOfRange,
            severity: Gravity::Warning,
            text: format!("{} is {}", signal.address, format::value(value, signal.unit, signal.decimals)),
            hint: format!("The site says that it can be {range}: is the sensor broken, or the range too narrow?"),
            twins: vec![signal.twin],
        });
    }
}

fn clock_skew(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
    let mut by_device: BTreeMap<&str, (f64, BTreeSet<TwinId>)> = BTreeMap::new();
    for signal in evidence.site.signals.iter().filter(|it| it.time.is_some()) {
        let reading = evidence.readings.get(signal.id);
        let skew = reading.at.secs_since(reading.received);
        if reading.value.is_none() || skew.abs() < SKEW_SECS {
            continue;
        }
        let device = evidence.site.device_of(signal.twin).map_or(signal.topic.as_str(), |it| it.1.id.as_str());
        let entry = by_device.entry(device).or_insert((skew, BTreeSet::new()));
        entry.1.insert(signal.twin);
    }
    clocks_ahead(evidence, all);
    for (device, (skew, twins)) in by_device {
        let way = if skew > 0.0 { "ahead of" } else { "behind" };
        all.push(Diagnostic {
            key: format!("skew {device}"),
            kind: DiagnosticKind::ClockSkew,
            severity: Gravity::Warning,
            text: format!("The clock of {device} is {} {way} this machine's", format::span(skew.abs())),
            hint: "Set the device's clock (NTP): its samples stand at its own time in plots.".to_owned(),
            twins: twins.into_iter().collect(),
        });
    }
}

/// Clocks so far ahead that what they say stands at the time of its arrival.
fn clocks_ahead(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
    let mut by_device: BTreeMap<&str, (f64, BTreeSet<TwinId>)> = BTreeMap::new();
    for skew in &evidence.tally.ahead {
        for signal in evidence.site.signals.iter().filter(|it| it.topic == skew.topic) {
            // What came since tells another time.
            if evidence.readings.get(signal.id).received > skew.last {
                continue;
            }
            let device = evidence.site.device_of(signal.twin).map_or(signal.topic.as_str(), |it| it.1.id.as_str());
            let entry = by_device.entry(device).or_insert((skew.secs, BTreeSet::new()));
            entry.1.insert(signal.twin);
        }
    }
    for (device, (secs, twins)) in by_device {
        all.push(Diagnostic {
            key: format!("ahead {device}"),
            kind: DiagnosticKind::ClockSkew,
            severity: Gravity::Warning,
            text: format!("The clock of {device} is {} ahead: its time is not taken", format::span(secs)),
            hint: "Set the device's clock (NTP): until then its samples stand at the time of their arrival.".to_owned(),
            twins: twins.into_iter().collect(),
        });
    }
}

fn unbound(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
    let tally = evidence.tally;
    for topic in tally.unbound_topics.iter().take(UNBOUND_SHOWN) {
        all.push(Diagnostic {
            key: format!("unbound {}", topic.topic),
            kind: DiagnosticKind::Unbound,
            severity: Gravity::Note,
            text: format!("{} arrives ({}×), and no signal is bound to it", topic.topic, format::count(topic.count)),
            hint: "Bind a signal to it in the site file, or let it be.".to_owned(),
            twins: Vec::new(),
        });
    }
    let more = (tally.unbound_topics.len().saturating_sub(UNBOUND_SHOWN)) as u64 + tally.unbound_overflow;
    if more > 0 {
        all.push(Diagnostic {
            key: "unbound more".to_owned(),
            kind: DiagnosticKind::Unbound,
            severity: Gravity::Note,
            text: format!("{} more messages or topics that no signal is bound to", format::count(more)),
            hint: "Is the site bound to the right part of the broker's topics?".to_owned(),
            twins: Vec::new(),
        });
    }
}

/// The broker's and ours. What is over already still matters: a connection that stands is not asked again.
fn certificates(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
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

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::session::{TopicCount, TopicFault, TopicSkew};
    use crate::trust::SecretKey;
    use crate::trust::seals::{Break, Complete, Fault};

    fn texts(tally: &TallySnapshot, linked_secs: Option<f64>) -> Vec<(DiagnosticKind, String)> {
        let site = fixture::site();
        let evidence = Evidence {
            site: &site,
            findings: &[],
            recording: &[],
            seals: None,
            readings: &Readings::default(),
            tally,
            linked_secs,
            posture: None,
            now: Timestamp::MIN,
        };
        diagnose(&evidence).into_iter().map(|it| (it.kind, it.text)).collect()
    }

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

    #[test]
    fn a_silent_topic_is_told_once_with_its_signals_and_only_while_the_link_is_up() {
        let tally = TallySnapshot::default();
        assert!(texts(&tally, None).is_empty());
        assert!(texts(&tally, Some(1.0)).is_empty());
        let got = texts(&tally, Some(60.0));
        assert_eq!(got.len(), 2, "{got:?}");
        assert_eq!(got[0].1, "Nothing came on pumping.p1; 2 signals wait for it");
    }

    #[test]
    fn what_cannot_be_read_stands_above_what_is_only_to_know() {
        let tally = TallySnapshot {
            unparsable: vec![TopicFault {
                topic: "pumping.p1".into(),
                count: 3,
                error: "not a number".into(),
                ..TopicFault::default()
            }],
            unbound_topics: vec![TopicCount { topic: "other".into(), count: 1_200 }],
            ..TallySnapshot::default()
        };
        let got = texts(&tally, None);
        assert_eq!(got[0].1, "A payload on pumping.p1 could not be read (3 times)");
        assert_eq!(got[1].1, "other arrives (1\u{2009}200×), and no signal is bound to it");
    }

    #[test]
    fn a_clock_whose_time_is_not_taken_is_told_once_for_its_device() {
        let ahead = |topic: &str| TopicSkew { topic: topic.to_owned(), secs: 90.0, last: Timestamp::MIN };
        let tally = TallySnapshot { ahead: vec![ahead("pumping.p1"), ahead("elsewhere")], ..TallySnapshot::default() };
        let got = texts(&tally, None);
        let told: Vec<&String> = got.iter().filter(|it| it.0 == DiagnosticKind::ClockSkew).map(|it| &it.1).collect();
        assert_eq!(told.len(), 1, "{got:?}");
        assert!(told[0].starts_with("The clock of ") && told[0].ends_with(" ahead: its time is not taken"), "{told:?}");
    }

    #[test]
    fn a_certificate_that_ends_soon_is_told_with_whose_it_is() {
        let site = fixture::site();
        let posture = fixture::posture();
        let told = |now: &str| {
            let evidence = Evidence {
                site: &site,
                findings: &[],
                recording: &[],
                seals: None,
                readings: &Readings::default(),
                tally: &TallySnapshot::default(),
                linked_secs: None,
                posture: Some(&posture),
                now: now.parse().unwrap(),
            };
            diagnose(&evidence).into_iter().map(|it| (it.severity, it.text)).collect::<Vec<_>>()
        };
        assert_eq!(told("2026-02-01T00:00:00Z"), []);
        let want = "Our certificate (desktop, issued by Demo CA) expires in 12 days";
        assert_eq!(told("2026-05-20T00:00:00Z"), [(Gravity::Warning, want.to_owned())]);
        let want = "Our certificate (desktop, issued by Demo CA) expired 9 days ago";
        assert_eq!(told("2026-06-10T00:00:00Z"), [(Gravity::Error, want.to_owned())]);
    }

    #[test]
    fn what_is_suppressed_is_hidden_singly_or_by_kind() {
        let one = Diagnostic {
            key: "never a".to_owned(),
            kind: DiagnosticKind::NeverSeen,
            severity: Gravity::Warning,
            text: String::new(),
            hint: String::new(),
            twins: Vec::new(),
        };
        let mut hidden = Suppressed::default();
        assert!(!hidden.hides(&one));
        hidden.keys.insert("never a".to_owned());
        assert!(hidden.hides(&one));
        let by_kind = Suppressed { kinds: BTreeSet::from([DiagnosticKind::NeverSeen]), ..Suppressed::default() };
        assert!(by_kind.hides(&one));
    }
}
