//! A draft out of a session that another program recorded: what its first messages say.

use std::collections::BTreeMap;

use super::leaves::Leaves;
use super::{Draft, DraftTopic};
use crate::session::import::usual_period;
use crate::session::recording::{Item, Recording};
use crate::signal::Timestamp;
use crate::site;

/// Messages of a topic that are looked at.
const LOOK_AT: usize = 40;
/// Chunks that are looked at: the first ones, and others all over the file.
const CHUNKS: usize = 16;
/// Bytes of payload that are looked at in all.
const MOST_BYTES: usize = 24 << 20;
/// Topics that are told one by one.
const TOLD: usize = 12;

/// What was seen of a topic.
#[derive(Default)]
struct Seen {
    leaves: Leaves,
    times: Vec<Timestamp>,
}

/// Drafts a site for a session. Its topics that cannot be read are told; their messages stay in the file.
pub fn of_recording(recording: &Recording) -> Draft {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let mut bytes = 0;
    for chunk in looked_at(recording.n_chunks()) {
        if bytes > MOST_BYTES {
            break;
        }
        let (items, _) = recording.items(chunk);
        let kinds = recording.payload_kinds();
        for item in items {
            let Item::Message(arrival) = item else { continue };
            let topic = String::from_utf8_lossy(&arrival.topic).into_owned();
            let encoding = match kinds.get(&topic).map(Vec::as_slice) {
                Some([only]) => only.encoding.as_str(),
                Some(_) | None => "",
            };
            let of_topic = seen.entry(topic).or_default();
            if of_topic.leaves.seen < LOOK_AT {
                bytes += arrival.payload.len();
                of_topic.leaves.look(&arrival.payload, encoding);
                of_topic.times.push(arrival.received);
            }
        }
    }
    let (from, to) = recording.span().unwrap_or_default();
    let mut topics = Vec::new();
    let mut unreadable = Vec::new();
    for (topic, seen) in &seen {
        let signals = seen.leaves.signals();
        let fault = site::topic_fault(topic);
        if fault.is_some() || signals.is_empty() {
            unreadable.push(unreadable_topic(recording, topic, fault));
            continue;
        }
        let mut place: Vec<String> = topic.split('/').filter(|it| !it.trim().is_empty()).map(str::to_owned).collect();
        if place.is_empty() {
            place.push(topic.clone());
        }
        let mut times = seen.times.clone();
        times.sort_unstable();
        // What came once will hold for all of the session.
        let period_secs = if times.len() > 1 { usual_period(&times) } else { to.secs_since(from).max(1.0) };
        topics.push(DraftTopic { topic: topic.clone(), place, signals, period_secs });
    }
    let unseen = recording.counts.iter().filter(|it| *it.1 > 0 && !seen.contains_key(it.0) && !is_own(it.0));
    unreadable.extend(unseen.map(|(topic, count)| {
        format!("topic {topic}: none of its messages ({count} in all) was among those that were looked at")
    }));
    let name = recording.path.file_stem().map_or_else(|| "Session".to_owned(), |it| it.to_string_lossy().into_owned());
    let mut draft = if topics.is_empty() { Draft::nothing(&name) } else { Draft::new(&name, topics) };
    let more = unreadable.len().saturating_sub(TOLD);
    draft.findings.extend(unreadable.into_iter().take(TOLD));
    if more > 0 {
        draft.findings.push(format!("{more} more topics cannot be read either; their messages are kept"));
    }
    draft
}

/// The first chunks, and as many again from all over the file: a topic may begin late.
fn looked_at(n_chunks: usize) -> Vec<usize> {
    let first = CHUNKS / 2;
    if n_chunks <= CHUNKS {
        return (0..n_chunks).collect();
    }
    let rest = n_chunks - first;
    (0..first).chain((0..CHUNKS - first).map(|it| first + it * (rest - 1) / (CHUNKS - first - 1))).collect()
}

/// What Pollux itself adds to a session.
fn is_own(topic: &str) -> bool {
    topic.starts_with("pollux/")
}

fn unreadable_topic(recording: &Recording, topic: &str, fault: Option<String>) -> String {
    let kinds = recording.payload_kinds().remove(topic).unwrap_or_default();
    let said = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
    let kinds: Vec<String> =
        kinds.iter().map(|it| format!("schema {}, encoding {}", said(&it.schema), said(&it.encoding))).collect();
    let why = fault.map_or_else(|| "cannot be read".to_owned(), |it| format!("cannot be bound: {it}"));
    format!("topic {topic}: {} {why}; its messages are kept", kinds.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_late_is_looked_at_too() {
        assert_eq!(looked_at(3), [0, 1, 2]);
        let some = looked_at(1_000);
        assert_eq!((some.len(), some[0], some[CHUNKS - 1]), (CHUNKS, 0, 999));
        assert!(some.is_sorted());
    }
}
