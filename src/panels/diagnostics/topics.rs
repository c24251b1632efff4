//! Topics on which nothing comes, or what cannot be read, or what nobody bound.

use std::collections::{BTreeMap, BTreeSet};

use super::super::format;
use super::{Diagnostic, DiagnosticKind, Evidence, Gravity};
use crate::site::TwinId;
use crate::twin::ReadingState;

/// At most so many topics that nobody bound are told one by one.
const UNBOUND_SHOWN: usize = 20;

/// Topics on which nothing ever came, once each, with the signals that wait for it.
pub(super) fn never_seen(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
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

/// Topics with payloads that are not what the site says.
pub(super) fn unreadable(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
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

/// Topics that no signal is bound to.
pub(super) fn unbound(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
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
