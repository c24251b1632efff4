//! A person acknowledges an evil twin: the gate has eyes of its own, so it must be told, and tells all desktops.

use tracing::warn;

use super::book::{self, Record};
use super::ruling::Case;
use super::warden::{Hands, Warden, answer_topic};
use crate::command::checks::{Check, What, first_no};
use crate::command::life::Phase;
use crate::command::request::Digest;
use crate::command::wire::{GateEvent, Uuid7};
use crate::signal::Timestamp;
use crate::trust::{Standing, hex, may_isolate};
use crate::twin::AcknowledgeEvil;

impl Warden {
    /// Whoever may isolate may acknowledge, with a reason; it is written down before it is done.
    pub(super) fn acknowledge(&mut self, mut case: Case, address: &str, why: &str, now: Timestamp, hands: &mut Hands) {
        let account = case.account;
        let saw = format!("{} ({})", account.id, account.role.label());
        case.checks.push(match may_isolate(account.role, Standing::SignedIn) {
            Ok(()) => Check::good(What::Authority, saw, "who may isolate a twin"),
            Err(_) => Check::bad(What::Authority, saw, "who may isolate a twin"),
        });
        let twin = self.site.twin_at(address).map(|it| it.id);
        case.checks.push(match twin {
            Some(_) if !why.trim().is_empty() => {
                Check::good(What::Command, address, "a twin of the site, and a reason")
            }
            Some(_) => Check::bad(What::Command, "no reason", "a reason"),
            None => Check::bad(What::Command, address, "a twin of the site"),
        });
        if let Err(why) = self.note(&case, address, why, now, hands) {
            case.checks.push(Check::bad(What::Audit, why, "written down before it is done"));
        }
        let no = first_no(&case.checks);
        if let Some(twin) = twin.filter(|_| no.is_none()) {
            let (who, why) = (account.id.as_str().into(), why.trim().into());
            self.acknowledged.push(AcknowledgeEvil { twin, who, why });
        }
        let (cause, reason) = no.map_or((None, why.to_owned()), |it| (Some(it.0), it.1));
        let event = GateEvent {
            id: Uuid7(case.request.id),
            phase: if cause.is_none() { Phase::Confirmed } else { Phase::Rejected },
            at: now,
            asked: case.request.not_before,
            sent: None,
            answered: None,
            command: String::new(),
            value: None,
            who: account.id.clone(),
            approved_by: Vec::new(),
            cause,
            reason: Some(reason),
            checks: case.checks,
            waits: None,
            digest: Some(Digest::of(&case.word.payload)),
            stop: None,
            evil_twin: Some(address.to_owned()),
            aside: false,
            lost: false,
        };
        if !hands.tell(&self.topics, &event, answer_topic(case.word).as_deref()) {
            warn!("that an evil twin of {address} was acknowledged cannot be told");
        }
    }

    fn note(&self, case: &Case, address: &str, why: &str, at: Timestamp, hands: &mut Hands) -> Result<(), String> {
        let no = first_no(&case.checks);
        let what = if no.is_none() { book::Act::Acknowledged } else { book::Act::Refused };
        let (cause, reason) = no.map_or((None, why.to_owned()), |it| (Some(it.0), it.1));
        hands.book.write(&Record {
            at,
            what,
            id: Uuid7(case.request.id),
            command: address.to_owned(),
            value: None,
            who: case.account.id.clone(),
            approved_by: Vec::new(),
            phase: None,
            cause,
            reason: Some(reason),
            checks: case.checks.clone(),
            digest: Some(Digest::of(&case.word.payload)),
            request: hex::encode(&case.word.payload),
            step: None,
            twin: String::new(),
        })
    }
}
