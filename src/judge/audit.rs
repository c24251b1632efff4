//! What happened to alarms goes into the recording, and what persons did to them comes out of it again.

use std::sync::Arc;

use super::alarms::{AlarmEvent, AlarmRequest};
use super::finds::{Act, Deed};
use super::outcome::What;
use crate::session::recording::{AlarmAuditDoc, AuditDoc};
use crate::signal::Timestamp;
use crate::site::Site;

/// An event as it is recorded. `None`: the site has no such alarm.
pub(super) fn doc_of(event: &AlarmEvent, site: &Site) -> Option<AuditDoc> {
    let alarm = AlarmAuditDoc {
        address: site.alarm(event.alarm)?.address.to_string(),
        what: event.what.label().to_owned(),
        measured: event.at.as_nanos(),
        text: event.text.as_deref().map(str::to_owned),
        until: event.until.map(Timestamp::as_nanos),
    };
    let who = event.who.as_deref().unwrap_or_default().to_owned();
    Some(AuditDoc { at: event.known.as_nanos(), who, alarm: Some(alarm), ..AuditDoc::default() })
}

/// A recorded event. `None`: it is about something else, or about an alarm that the site does not have.
pub fn event_of(doc: &AuditDoc, site: &Site) -> Option<AlarmEvent> {
    let alarm = doc.alarm.as_ref()?;
    Some(AlarmEvent {
        alarm: site.alarms.iter().find(|it| *it.address == *alarm.address)?.id,
        at: Timestamp::from_nanos(alarm.measured),
        known: Timestamp::from_nanos(doc.at),
        what: What::of_label(&alarm.what)?,
        who: (!doc.who.is_empty()).then(|| Arc::from(doc.who.as_str())),
        text: alarm.text.as_deref().map(Arc::from),
        until: alarm.until.map(Timestamp::from_nanos),
    })
}

/// What a person did, if an event is that.
pub(super) fn act_of(event: &AlarmEvent) -> Option<Act> {
    let deed = match event.what {
        What::Acknowledged => Deed::Acknowledge,
        What::Reset => Deed::Reset,
        What::Shelved => Deed::Shelve(event.until?),
        What::Unshelved => Deed::Unshelve,
        What::TakenOut => Deed::TakeOut,
        What::PutBack => Deed::PutBack,
        What::Noted => Deed::Note,
        What::Raised
        | What::Returned
        | What::BecameUnknown
        | What::BecameKnown
        | What::Suppressed
        | What::Unsuppressed => return None,
    };
    Some(Act { alarm: event.alarm, deed, text: event.text.clone(), who: event.who.clone()? })
}

impl AlarmRequest {
    /// What is to be done, one by one, at an instant.
    pub(super) fn acts(&self, now: Timestamp) -> Vec<Act> {
        let (deed, text, who) = match self {
            Self::Acknowledge { who, .. } | Self::AcknowledgeAll { who, .. } => (Deed::Acknowledge, None, who),
            Self::Reset { who, .. } => (Deed::Reset, None, who),
            Self::Shelve { secs, reason, who, .. } => {
                (Deed::Shelve(now + super::case::span(*secs)), Some(Arc::clone(reason)), who)
            }
            Self::Unshelve { who, .. } => (Deed::Unshelve, None, who),
            Self::OutOfService { reason, who, .. } => (Deed::TakeOut, Some(Arc::clone(reason)), who),
            Self::ReturnToService { who, .. } => (Deed::PutBack, None, who),
            Self::Note { text, who, .. } => (Deed::Note, Some(Arc::clone(text)), who),
        };
        let act = |alarm: &_| Act { alarm: *alarm, deed, text: text.clone(), who: Arc::clone(who) };
        self.alarms().iter().map(act).collect()
    }
}
