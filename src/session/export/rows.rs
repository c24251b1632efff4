//! Goes through what came in a range, chunk by chunk.

use std::sync::Arc;

use super::{Export, ExportSource, Stopped};
use crate::link::Arrival;
use crate::session::Fold;
use crate::session::fold::{Follower, Taken};
use crate::session::past::Past;
use crate::session::progress::Progress;
use crate::session::recording::{AuditDoc, Item};
use crate::signal::{Sample, Timestamp};
use crate::site::Signal;
use crate::trust::Registry;

/// After so many messages it is looked whether they are still wanted.
const LOOK_EVERY: usize = 4096;

/// Whatever came in the range.
pub(super) enum Came<'a> {
    /// A message.
    Message(&'a Arrival),
    /// What was asked of a device.
    Audit(&'a AuditDoc),
    /// From then on another registry of keys held.
    Keys(&'a Arc<Registry>, Timestamp),
}

/// One row of a table.
pub(super) struct Row<'a> {
    /// What was measured.
    pub(super) sample: &'a Sample,
    /// Of which signal.
    pub(super) signal: &'a Signal,
    /// The address of its twin.
    pub(super) twin: &'a str,
}

/// The state before a range.
pub(super) fn state_before(export: &Export, source: &ExportSource) -> Fold {
    let before = Timestamp::from_nanos(export.range.0.as_nanos().saturating_sub(1));
    Past::new(source.recording.clone(), source.site.clone()).seek_to_go_on(before)
}

/// Calls for all that came in the range, in its order. Returns what could not be read.
pub(super) fn each(
    export: &Export,
    source: &ExportSource,
    progress: &Progress,
    mut take: impl FnMut(Came<'_>) -> Result<(), Stopped>,
) -> Result<Vec<String>, Stopped> {
    let recording = &source.recording;
    let (from, to) = export.range;
    let mut findings = Vec::new();
    let first = recording.chunk_at(from).unwrap_or(0);
    let last = recording.chunk_at(to).map_or(first, |it| it + 1);
    progress.expect((last - first) as u64);
    let mut chunk = first;
    let mut seen = 0_usize;
    let mut wanted = || {
        seen += 1;
        if seen.is_multiple_of(LOOK_EVERY) && progress.is_cancelled() { Err(Stopped::Cancelled) } else { Ok(()) }
    };
    loop {
        while let Some(at) = recording.chunk(chunk).filter(|it| it.from <= to) {
            if progress.is_cancelled() {
                return Err(Stopped::Cancelled);
            }
            let (items, fault) = recording.items(chunk);
            findings.extend(fault.map(|it| recording.lost(chunk, &it)));
            // What runs behind counts from where it stands: that is when it showed.
            let mut latest = at.from;
            for item in &items {
                wanted()?;
                match item {
                    Item::Message(arrival) => {
                        latest = latest.max(arrival.received);
                        if latest >= from && latest <= to {
                            take(Came::Message(arrival))?;
                        }
                    }
                    Item::Audit(audit) if audit.at >= from.as_nanos() && audit.at <= to.as_nanos() => {
                        take(Came::Audit(audit))?;
                    }
                    Item::Keys(registry) => take(Came::Keys(registry, latest))?,
                    Item::Audit(_) | Item::Keyframe(_) => (),
                }
            }
            chunk += 1;
            progress.advance(1);
        }
        let tail = recording.tail(chunk);
        for (arrivals, first) in &tail {
            for arrival in arrivals.iter().skip(*first).filter(|it| it.received >= from && it.received <= to) {
                wanted()?;
                take(Came::Message(arrival))?;
            }
        }
        // A chunk that was closed in between holds what the tail held a moment ago.
        if !tail.is_empty() || recording.chunk(chunk).is_none_or(|it| it.from > to) {
            return Ok(findings);
        }
    }
}

/// Calls for each sample of the range that says something new. Returns what could not be read.
pub(super) fn each_row(
    export: &Export,
    source: &ExportSource,
    progress: &Progress,
    mut take: impl FnMut(Row<'_>) -> Result<(), Stopped>,
) -> Result<Vec<String>, Stopped> {
    let site = &source.site;
    let mut follower = Follower::of(&source.recording, state_before(export, source), site);
    each(export, source, progress, |came| {
        let arrival = match came {
            Came::Message(arrival) => arrival,
            Came::Audit(_) => return Ok(()),
            Came::Keys(registry, _) => {
                follower.set_registry(registry);
                return Ok(());
            }
        };
        for (sample, taken) in follower.take(arrival) {
            let chosen = |it: &&Signal| taken != Taken::Duplicate && it.address.starts_with(&export.only);
            let Some(signal) = site.signal(sample.signal).filter(chosen) else { continue };
            let twin = site.twin(signal.twin).map_or("", |it| &*it.address);
            take(Row { sample: &sample, signal, twin })?;
        }
        Ok(())
    })
}
