//! Evil twins: that somebody else speaks in a device's name stays said until a person acknowledges it, for a reason.
//!
//! Whoever may is seen to where it is asked for; here it is done, and recorded with its instant, so that a replay shows it end
//! then. What comes after it is a new matter.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::prelude::*;

use super::reading::Newest;
use crate::link;
use crate::session::recording::AuditDoc;
use crate::session::{CurrentSite, Cursor, CursorMode, Session};
use crate::signal::{SignalId, Timestamp};
use crate::site::{Signal, Site, TwinId};

/// A request to acknowledge that a twin has an evil one. It was seen to that the person may.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct AcknowledgeEvil {
    /// The twin of the device, see [`speaker_of`].
    pub twin: TwinId,
    /// Who asks.
    pub who: Arc<str>,
    /// For what reason.
    pub why: Arc<str>,
}

/// A person has acknowledged that a twin has an evil one. Written here alone.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct EvilAcknowledged {
    /// When. What came later is not meant.
    pub at: Timestamp,
    /// The twin of the device.
    pub twin: TwinId,
    /// Who did.
    pub who: Arc<str>,
    /// For what reason.
    pub why: Arc<str>,
}

/// What was acknowledged: at the cursor, and now. Written here alone.
#[derive(Resource, Debug, Default)]
pub struct EvilTwins {
    /// In the order of time.
    journal: Vec<EvilAcknowledged>,
    /// By signal, up to when, at the cursor.
    shown: BTreeMap<SignalId, Timestamp>,
    /// Of the journal, what was so at the cursor.
    n_shown: usize,
    /// Of a recording's audits, how many were read.
    n_read: usize,
}

/// The twin in whose device's name the signals of a twin speak: its own, or the nearest above that has a device.
pub fn speaker_of(site: &Site, twin: TwinId) -> TwinId {
    site.device_of(twin).map_or(twin, |it| it.0.id)
}

/// The signals that speak in the name of a twin's device.
pub(super) fn spoken_by(site: &Site, twin: TwinId) -> impl Iterator<Item = &Signal> {
    site.signals.iter().filter(move |it| speaker_of(site, it.twin) == twin)
}

/// By signal, up to when all was acknowledged.
fn up_to(journal: &[EvilAcknowledged], site: &Site) -> BTreeMap<SignalId, Timestamp> {
    let each = journal.iter().flat_map(|event| spoken_by(site, event.twin).map(|it| (it.id, event.at)));
    // A later one takes the place of an earlier one.
    each.collect()
}

impl EvilTwins {
    /// By signal, up to when all was acknowledged at the cursor.
    pub(super) fn shown(&self) -> impl Iterator<Item = (SignalId, Timestamp)> {
        self.shown.iter().map(|(signal, at)| (*signal, *at))
    }
}

/// Does what was asked, where there is something to acknowledge.
pub(super) fn acknowledge_evil(
    site: Res<CurrentSite>,
    session: Res<Session>,
    mut asks: MessageReader<AcknowledgeEvil>,
    mut newest: ResMut<Newest>,
    mut evil: ResMut<EvilTwins>,
    mut done: MessageWriter<EvilAcknowledged>,
) {
    for AcknowledgeEvil { twin, who, why } in asks.read() {
        if session.is_replay() || newest.evil(&site, *twin).is_none() {
            debug!("{who} acknowledges an evil twin where there is none any more");
            continue;
        }
        let (who, why) = (Arc::clone(who), Arc::clone(why));
        let event = EvilAcknowledged { at: link::now(), twin: *twin, who, why };
        evil.journal.push(event.clone());
        newest.acknowledge(up_to(&evil.journal, &site));
        if let Some(doc) = evil_doc(&event, &site) {
            session.audit(doc);
        }
        done.write(event);
    }
}

/// What is shown follows the cursor; of a recording, as far as it has been read.
pub(super) fn follow_acknowledged(
    cursor: Res<Cursor>,
    site: Res<CurrentSite>,
    session: Res<Session>,
    mut evil: ResMut<EvilTwins>,
    mut newest: ResMut<Newest>,
) {
    let mut changed = evil.is_changed() || site.is_changed();
    let known = evil.bypass_change_detection();
    if let Some(filling) = session.filling.as_ref().filter(|_| session.is_replay()) {
        let n_audits = filling.n_audits();
        if n_audits != known.n_read || site.is_changed() {
            known.journal = filling.audits().iter().filter_map(|it| evil_event(it, &site)).collect();
            known.journal.sort_by_key(|it| it.at);
            known.n_read = n_audits;
            changed = true;
        }
    }
    let n = match cursor.mode {
        CursorMode::Live => known.journal.len(),
        CursorMode::Paused | CursorMode::Playing => known.journal.partition_point(|it| it.at <= cursor.at),
    };
    if changed {
        newest.acknowledge(up_to(&known.journal, &site));
    }
    if changed || n != known.n_shown {
        known.shown = up_to(&known.journal[..n], &site);
        known.n_shown = n;
    }
}

/// An acknowledgement as it is recorded. `None`: the site has no such twin.
pub fn evil_doc(event: &EvilAcknowledged, site: &Site) -> Option<AuditDoc> {
    Some(AuditDoc {
        at: event.at.as_nanos(),
        who: event.who.to_string(),
        reason: Some(event.why.to_string()),
        evil_twin: Some(site.twin(event.twin)?.address.to_string()),
        ..AuditDoc::default()
    })
}

/// A recorded acknowledgement. `None`: it is about something else, or about a twin that the site does not have.
pub fn evil_event(doc: &AuditDoc, site: &Site) -> Option<EvilAcknowledged> {
    let twin = site.twin_at(doc.evil_twin.as_ref()?)?.id;
    let (who, why) = (Arc::from(doc.who.as_str()), Arc::from(doc.reason.as_deref().unwrap_or_default()));
    Some(EvilAcknowledged { at: Timestamp::from_nanos(doc.at), twin, who, why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{Ids, load};

    fn site() -> Site {
        let text = r#"(name: "T", place: (latitude: 0, longitude: 0), twins: [
            (id: "a", kind: Asset, device: (id: "a", signing: Required), signals: [(id: "v", topic: "a/v")],
             twins: [(id: "part", kind: Component, signals: [(id: "w", topic: "a/w")])]),
            (id: "b", kind: Asset, signals: [(id: "v", topic: "b/v")])])"#;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.ron");
        std::fs::write(&path, text).unwrap();
        load(&path, &mut Ids::default()).map_or_else(|error| panic!("{error}"), |it| it.site)
    }

    fn event(site: &Site, twin: &str, secs: i64) -> EvilAcknowledged {
        let at = Timestamp::from_nanos(1_800_000_000_123_456_789 + secs * 1_000_000_000);
        EvilAcknowledged { at, twin: site.twin_at(twin).unwrap().id, who: "anna".into(), why: "a new key".into() }
    }

    #[test]
    fn what_is_recorded_comes_out_as_it_went_in() {
        let site = site();
        let event = event(&site, "a", 0);
        let text = serde_json::to_string(&evil_doc(&event, &site).unwrap()).unwrap();
        let doc: AuditDoc = serde_json::from_str(&text).unwrap();
        assert_eq!(evil_event(&doc, &site), Some(event));
        assert_eq!(evil_event(&AuditDoc::default(), &site), None);
    }

    #[test]
    fn a_device_is_acknowledged_with_all_that_speaks_in_its_name_and_no_more() {
        let site = site();
        let journal = [event(&site, "a", 0), event(&site, "a", 7)];
        let id = |it: &str| site.signal_at(it).unwrap().id;
        let want: BTreeMap<_, _> = [(id("a/v"), journal[1].at), (id("a.part/w"), journal[1].at)].into();
        assert_eq!(up_to(&journal, &site), want);
    }
}
