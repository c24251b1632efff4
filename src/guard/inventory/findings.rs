//! What should be done about a part: each finding with its urgency and its mend.

use jiff::civil::Date;
use serde::Serialize;

use super::outlook::days;
use super::{Part, PartAdvisory, Support};
use crate::guard::advisories::{Severity, Until, VexState};
use crate::site::doc::Crypto;

/// How soon something should be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// To know.
    Note,
    /// To plan.
    Soon,
    /// To do.
    Now,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The site does not say what it is.
    NotDescribed,
    /// It gets no updates, or soon none.
    Support,
    /// Nobody says how long it gets updates, or two say different things.
    SupportUnknown,
    /// It is affected by a weakness, or may be.
    Affected,
    /// Its maker does not know yet whether it is.
    UnderInvestigation,
    /// What it can do to protect what it says.
    Crypto,
    /// It could do more than it does.
    CryptoUnused,
    /// What runs on it is not known.
    FirmwareUnknown,
}

/// Something that should be done about a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartFinding {
    /// What it is about.
    pub kind: FindingKind,
    /// How soon.
    pub urgency: Urgency,
    /// What is wrong: `no updates since 2024-03-31`.
    pub text: String,
    /// What to do: `update to 2.4.1`.
    pub mend: String,
}

impl Urgency {
    /// The words on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Note => "to know",
            Self::Soon => "to plan",
            Self::Now => "to do",
        }
    }
}

/// What is wrong and what to do, on one line.
impl std::fmt::Display for PartFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.text, self.mend)
    }
}

/// What should be done about a part on a day; the most urgent first.
pub fn findings(part: &Part, today: Date) -> Vec<PartFinding> {
    let mut list = List(Vec::new());
    if !part.described {
        let mend = "write an inventory on its device in site.ron: (maker: \"…\", model: \"…\")";
        list.add(FindingKind::NotDescribed, Urgency::Note, "nobody has written down what it is", mend);
        return list.0;
    }
    list.support(part, today);
    for advisory in &part.advisories {
        list.advisory(part, advisory);
    }
    list.crypto(part);
    if part.firmware.is_none() {
        let text = "its firmware is not known, so nobody can say for certain what concerns it";
        list.add(FindingKind::FirmwareUnknown, Urgency::Note, text, "write its firmware in site.ron");
    }
    list.0.sort_by_key(|it| std::cmp::Reverse(it.urgency));
    list.0
}

struct List(Vec<PartFinding>);

impl List {
    fn add(&mut self, kind: FindingKind, urgency: Urgency, text: impl Into<String>, mend: impl Into<String>) {
        self.0.push(PartFinding { kind, urgency, text: text.into(), mend: mend.into() });
    }

    fn support(&mut self, part: &Part, today: Date) {
        let end = part.support.as_ref();
        match (part.support_at(today), end.map(|it| it.until)) {
            (Support::Unsupported, Some(Until::Day(end))) => {
                let mend = "replace it, or keep it apart from the network";
                self.add(FindingKind::Support, Urgency::Now, format!("no updates since {end}"), mend);
            }
            (Support::EndsSoon, Some(Until::Day(end))) => {
                let text = match days(today, end) {
                    0 => "updates end today".to_owned(),
                    1 => format!("updates end on {end}, tomorrow"),
                    left => format!("updates end on {end}, in {left} days"),
                };
                self.add(FindingKind::Support, Urgency::Soon, text, "plan what comes after it");
            }
            (Support::Unknown, _) => {
                let mend = format!("ask {}, and write end_of_support in site.ron", part.maker);
                self.add(FindingKind::SupportUnknown, Urgency::Note, "nobody says how long it gets updates", mend);
            }
            (Support::Supported | Support::EndsSoon | Support::Unsupported, _) => (),
        }
        if let Some(end) = end
            && let Some(other) = end.disputed
        {
            let text = format!("the site says that updates end {}, its maker {}", in_words(end.until), in_words(other));
            self.add(FindingKind::SupportUnknown, Urgency::Note, text, "ask the maker, and correct site.ron");
        }
    }

    fn advisory(&mut self, part: &Part, it: &PartAdvisory) {
        let through = it.through.as_ref().map(|it| format!(" through {it}")).unwrap_or_default();
        let mend = match (&it.fixed_in, &it.through, &it.mend) {
            (Some(version), None, _) => format!("update to {version}"),
            (Some(version), Some(_), None) => {
                format!("ask {} for firmware in which that part is at {version}", part.maker)
            }
            (_, _, Some(mend)) => mend.clone(),
            (None, _, None) => format!("ask {}, or keep it apart from the network", part.maker),
        };
        match (it.state, it.certain) {
            (VexState::Affected, true) => {
                let urgency = if it.severity >= Severity::High { Urgency::Now } else { Urgency::Soon };
                self.add(FindingKind::Affected, urgency, format!("affected by {}{through}", it.named()), mend);
            }
            (VexState::Affected, false) => {
                let text = format!("may be affected by {}{through}: its version is not known", it.named());
                self.add(FindingKind::Affected, Urgency::Soon, text, mend);
            }
            (VexState::UnderInvestigation, _) => {
                let text = format!("{} looks into {}{through}", part.maker, it.named());
                self.add(FindingKind::UnderInvestigation, Urgency::Note, text, format!("look again at {}", it.id));
            }
            (VexState::Fixed | VexState::NotAffected, _) => (),
        }
    }

    fn crypto(&mut self, part: &Part) {
        const GATEWAY: &str = "put it behind a gateway that signs";
        let kind = FindingKind::Crypto;
        let vouched_by = part.observed.vouched_by.as_ref();
        match (part.capability, vouched_by) {
            (None, _) => {
                self.add(
                    kind,
                    Urgency::Note,
                    "how it can protect what it says is not known",
                    "write crypto in site.ron",
                );
            }
            (Some(Crypto::Plain | Crypto::Password), Some(gateway)) => {
                let mend = "keep the way between the two short and locked";
                self.add(kind, Urgency::Note, format!("speaks plain MQTT; {gateway} vouches for it"), mend);
            }
            (Some(Crypto::Plain), None) => self.add(kind, Urgency::Soon, "speaks plain MQTT only", GATEWAY),
            (Some(Crypto::Password), None) => {
                self.add(kind, Urgency::Soon, "speaks plain MQTT with a password in the clear", GATEWAY);
            }
            (Some(Crypto::Tls), None) => {
                self.add(kind, Urgency::Note, "cannot prove who it is: it knows TLS without a certificate", GATEWAY);
            }
            (Some(Crypto::Tls), Some(_)) | (Some(Crypto::MutualTls | Crypto::Signed), _) => (),
        }
        if let (Some(can), Some(used)) = (part.capability, part.observed.used)
            && used < can
        {
            let text = format!("it can do more than it does: {} instead of {}", used.label(), can.label());
            self.add(FindingKind::CryptoUnused, Urgency::Soon, text, format!("turn {} on", can.label()));
        }
    }
}

fn in_words(until: Until) -> String {
    match until {
        Until::Day(day) => format!("on {day}"),
        Until::NotAnnounced => "at no day that is announced".to_owned(),
    }
}
