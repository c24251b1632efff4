//! What becomes of a request: every check is made, and then it is refused, waits for a person, or is sent.

use std::sync::Arc;
use std::time::Duration;

use tracing::warn;
use uuid::Uuid;

use super::book::{self, Uuid7Key};
use super::doorway::{self, Opened};
use super::order::{Asker, Order, Waiting};
use super::warden::{Hands, Warden, answer_topic};
use crate::codec;
use crate::command::Cause;
use crate::command::checks::{Check, Past, What, Who, class_of, rehearse, step_from};
use crate::command::life::{Happening, Life, Phase};
use crate::command::look::Look;
use crate::command::request::{Act, Digest, EXPIRY_SECS, Request};
use crate::command::wire::WaitsFor;
use crate::link::{self, Publish};
use crate::session::Word;
use crate::signal::{Timestamp, Value};
use crate::site::Command;
use crate::site::doc::Class;
use crate::trust::{Account, ORDER_TYPE, SIGNATURE_PROPERTY, Standing, exchange, hex, may_approve};

/// For so long a command is reserved for who selected it.
const RESERVED: Duration = Duration::from_secs(30);
/// In this time a second person must approve.
const APPROVABLE: Duration = Duration::from_secs(120);
/// A request on its way through the gate.
pub(super) struct Case<'a> {
    pub(super) account: &'a Account,
    pub(super) request: &'a Request,
    pub(super) word: &'a Word,
    pub(super) checks: Vec<Check>,
}

impl Warden {
    pub(super) fn take_request(&mut self, word: &Word, look: &dyn Look, hands: &mut Hands) {
        let accounts = self.accounts.clone();
        let opened = doorway::open(&word.payload, &self.topics, &accounts, self.demo);
        let kept = Check::bad(What::Once, "kept by the broker", "never retained");
        let (account, request) = match opened {
            Opened::Refused(check) => return self.refuse_stranger(word, vec![check], hands),
            Opened::Stop(_) | Opened::Signed(..) if word.retained => {
                return self.refuse_stranger(word, vec![kept], hands);
            }
            Opened::Stop(request) => return self.stop(&request, Asker::nobody(), false, word, look, hands),
            Opened::Signed(account, request) => (account, request),
        };
        let saw = format!("{} ({})", account.id, account.role.label());
        let mut checks = vec![Check::good(What::Signature, saw, "sealed by a known person")];
        let in_time = doorway::in_time(&request, self.began, look.now());
        if matches!(request.act, Act::Stop { .. }) {
            let asker = Asker::of(account, &request);
            // One that was caught and comes again proves nothing about who sends it.
            let pushes = in_time.passed();
            return self.stop(&request, asker, pushes, word, look, hands);
        }
        checks.push(in_time);
        let is_new = self.is_new(&request, look.now());
        let once = if is_new { "not heard before" } else { "heard before" };
        let once = if is_new { Check::good(What::Once, once, "once") } else { Check::bad(What::Once, once, "once") };
        checks.push(once);
        let case = Case { account, request: &request, word, checks };
        match &request.act {
            // The first of them stands as it stood. Whoever has caught it may send it again and again.
            _ if !is_new => {
                if self.strangers.admits(word.received) {
                    self.refuse_aside(&case, request.id, hands);
                }
            }
            Act::Operate { command, value } => self.take_command(case, command, value, false, look, hands),
            Act::Select { command, value } => self.take_command(case, command, value, true, look, hands),
            Act::Approve { digest } => self.approve(case, *digest, look, hands),
            Act::Cancel { request } => self.cancel(case, *request, look.now(), hands),
            Act::Acknowledge { twin, why } => self.acknowledge(case, twin, why, look.now(), hands),
            Act::Isolate { twin, why } => self.hold(case, false, twin, why, hands),
            Act::Release { twin, why } => self.hold(case, true, twin, why, hands),
            Act::Stop { .. } => (),
        }
    }

    pub(super) fn was_heard(&self, request: &Request) -> bool {
        self.heard.contains_key(&(request.id, request.act.label()))
    }

    /// Remembers a request; tells whether it was not heard before.
    pub(super) fn is_new(&mut self, request: &Request, now: Timestamp) -> bool {
        self.heard.insert((request.id, request.act.label()), now).is_none()
    }

    fn take_command(
        &mut self,
        mut case: Case,
        address: &str,
        value: &Value,
        is_select: bool,
        look: &dyn Look,
        hands: &mut Hands,
    ) {
        let site = Arc::clone(&self.site);
        let now = look.now();
        let Some(command) = site.command_at(address) else {
            case.checks.push(Check::bad(What::Command, address, "a command of the site"));
            return self.refuse_bytes(case.word, case.checks, hands);
        };
        case.checks.push(Check::good(What::Command, address, "a command of the site"));
        let asker = Asker::of(case.account, case.request);
        case.checks.push(self.reservation(&case, command, value, is_select, now));
        case.checks.extend(rehearse(&site, command, value, asker.who, &self.past(), look));
        let known = self.orders.iter().position(|it| it.id == case.request.id);
        let place = known.unwrap_or(self.orders.len());
        let order = Order {
            id: case.request.id,
            command: command.id,
            address: address.to_owned(),
            desired: value.clone(),
            class: class_of(command, value),
            asker,
            life: match known {
                Some(at) => self.orders[at].life.clone(),
                None => Life::new(case.request.not_before, case.request.expires, command.confirm.secs),
            },
            checks: case.checks,
            approved_by: Vec::new(),
            waits: None,
            bytes: case.word.payload.to_vec(),
            response_topic: answer_topic(case.word),
            stop: None,
            step: step_from(command, value, look).unwrap_or(0.0),
            n_spoofed: 0,
            told: None,
            recorded: None,
        };
        if known.is_some() {
            self.orders[place] = order;
        } else {
            self.orders.push(order);
        }
        if self.orders[place].checks.iter().any(|it| !it.passed()) {
            return self.refuse(place, now, hands);
        }
        match (is_select, self.orders[place].class) {
            (true, _) => self.wait(place, WaitsFor::Operate, now, RESERVED, hands),
            (false, Class::C3) => self.wait(place, WaitsFor::Approve, now, APPROVABLE, hands),
            (false, Class::C0 | Class::C1 | Class::C2) => self.dispatch(place, hands),
        }
    }

    /// Whether a command is free for who asks, and reserved where it must be.
    fn reservation(&self, case: &Case, command: &Command, value: &Value, is_select: bool, now: Timestamp) -> Check {
        let limit = "free, or reserved for who asks";
        let waits = |it: &&Order| it.life.phase == Phase::Checked && it.waits.is_some_and(|it| it.until >= now);
        let others = self.orders.iter().find(|it| it.command == command.id && it.id != case.request.id && waits(it));
        if let Some(other) = others {
            let saw = format!("reserved by {}", other.asker.account);
            return Check::bad(What::Reservation, saw, limit).because(Cause::ObjectAlreadySelected);
        }
        let must = class_of(command, value) == Class::C3 && !is_select;
        let own = self.orders.iter().find(|it| it.id == case.request.id && waits(it));
        match own {
            None if must => Check::bad(What::Reservation, "not reserved", "reserved before it is operated"),
            Some(own) if own.asker.key != Some(case.account.key.id()) => {
                let saw = format!("reserved by {}", own.asker.account);
                Check::bad(What::Reservation, saw, limit).because(Cause::ObjectAlreadySelected)
            }
            Some(own) if own.command != command.id || own.desired != *value => {
                let saw = format!("reserved for {} = {}", own.address, own.desired);
                Check::bad(What::Reservation, saw, "operated as it was reserved")
                    .because(Cause::ParameterChangeInExecution)
            }
            Some(own) if own.waits.is_some_and(|it| it.act == WaitsFor::Approve) => {
                Check::bad(What::Reservation, "operated already", limit).because(Cause::CommandAlreadyInExecution)
            }
            Some(_) => Check::good(What::Reservation, "reserved for who asks", limit),
            None => Check::good(What::Reservation, "free", limit),
        }
    }

    fn approve(&mut self, mut case: Case, digest: Digest, look: &dyn Look, hands: &mut Hands) {
        let now = look.now();
        let place = self.orders.iter().position(|it| it.waits_for(WaitsFor::Approve, now) && it.digest() == digest);
        let Some(place) = place else {
            let saw = "nothing with these bytes waits for an approval";
            let check = Check::bad(What::Approval, saw, "what waits").because(Cause::ParameterChangeInExecution);
            case.checks.push(check);
            return self.refuse_aside_of(&case, case.request.id, digest, hands);
        };
        let order = &self.orders[place];
        let limit = "another person with another key, who may approve";
        let same = order.asker.account == case.account.id || order.asker.key == Some(case.account.key.id());
        let verdict = if same {
            Err("whoever asked for it may not approve it".to_owned())
        } else if !case.request.reentered {
            Err("an approval takes the passphrase for this very command".to_owned())
        } else {
            may_approve(case.account.role, order.class).map_err(|denied| denied.to_string())
        };
        let saw = format!("{} ({})", case.account.id, case.account.role.label());
        case.checks.push(match &verdict {
            Ok(()) => Check::good(What::Approval, &saw, limit),
            Err(why) => Check::bad(What::Approval, &saw, limit).saying(why.clone()),
        });
        if case.checks.iter().any(|it| !it.passed()) {
            return self.refuse_aside_of(&case, order.id, digest, hands);
        }
        self.orders[place].approved_by.push(case.account.id.clone());
        let mut record = self.orders[place].record(book::Act::Approved, now);
        record.who.clone_from(&case.account.id);
        record.request = hex::encode(&case.word.payload);
        if let Err(why) = hands.book.write(&record) {
            return self.refuse_unwritten(place, now, &why, hands);
        }
        // The plant has moved on while it waited: all is looked at again.
        let site = Arc::clone(&self.site);
        let order = &self.orders[place];
        let mut checks: Vec<Check> = case.checks;
        match site.command(order.command) {
            Some(command) => {
                checks.extend(rehearse(&site, command, &order.desired, order.asker.who, &self.past(), look));
            }
            None => checks.push(Check::bad(What::Command, &order.address, "a command of the site")),
        }
        self.orders[place].checks = checks;
        if self.orders[place].checks.iter().any(|it| !it.passed()) {
            return self.refuse(place, now, hands);
        }
        self.dispatch(place, hands);
    }

    fn cancel(&mut self, mut case: Case, id: Uuid, now: Timestamp, hands: &mut Hands) {
        let place = self.orders.iter().position(|it| it.id == id && it.life.is_awaited());
        let Some(place) = place else {
            case.checks.push(Check::bad(What::Command, "it is not awaited any more", "one that is awaited"));
            return self.refuse_aside(&case, id, hands);
        };
        let order = &self.orders[place];
        let its = order.asker.key == Some(case.account.key.id());
        if !its && may_approve(case.account.role, Class::C3).is_err() {
            let check = Check::bad(What::Authority, case.account.id.clone(), "who asked for it, or a supervisor");
            case.checks.push(check);
        }
        if case.checks.iter().any(|it| !it.passed()) {
            return self.refuse_aside(&case, id, hands);
        }
        let (at, cause) = (now, Cause::AbortionByCancel);
        let who = &case.account.id;
        let life = &mut self.orders[place].life;
        if life.sent.is_some() {
            let reason = format!("{who} waits for it no more: it was sent, and may have happened");
            life.take(Happening::Superseded { at, cause, reason });
            // One that was unknown before is told as taken back as well.
            life.cause = Some(cause);
        } else {
            life.take(Happening::Refused { at, cause, reason: format!("{who} took it back") });
        }
    }

    /// Writes down that it will be sent, sends it, and begins to wait for telemetry.
    pub(super) fn dispatch(&mut self, place: usize, hands: &mut Hands) {
        let site = Arc::clone(&self.site);
        let order = &self.orders[place];
        let is_stop = order.stop.is_some();
        let now = link::now();
        let intent = order.record(if is_stop { book::Act::Stop } else { book::Act::Send }, now);
        if let Err(why) = hands.book.write(&intent) {
            if !is_stop {
                return self.refuse_unwritten(place, now, &why, hands);
            }
            warn!("an emergency stop is sent that cannot be written down: {why}");
        }
        let Some(command) = site.command(order.command) else { return };
        let payload = codec::encode(command.path.as_deref(), &order.desired);
        let correlation = order.id.to_string().into_bytes();
        let spoken = exchange(&payload, &correlation, Some(&self.topics.answers));
        let signature = hands.pens.orders.sign(ORDER_TYPE, &command.topic, link::now(), &spoken);
        let sent = hands.publish(Publish {
            user: vec![(SIGNATURE_PROPERTY.to_owned(), signature)],
            topic: command.topic.clone(),
            payload,
            qos1: true,
            retain: false,
            response_topic: Some(self.topics.answers.clone()),
            correlation: Some(correlation.into()),
            expiry_secs: Some(EXPIRY_SECS as u32),
            content_type: None,
        });
        // Not before it was handed over: what was measured until now shows nothing of it.
        let at = link::now();
        if let Err(why) = sent {
            let check = Check::bad(What::Device, why, "a link to the broker");
            self.orders[place].checks.push(check);
            return self.refuse(place, at, hands);
        }
        let (id, command) = (order.id, order.command);
        let (value, step) = (order.desired.clone(), order.step);
        self.past.insert(Uuid7Key(id.as_u128()), Past { command, value, sent: at, step, under_way: true });
        self.orders[place].life.take(Happening::Sent { at });
        for older in self.orders.iter_mut().filter(|it| it.id != id && it.command == command) {
            if older.life.sent.is_some() && older.life.is_awaited() {
                let reason = "a newer command was sent before this one was seen to be done".to_owned();
                older.life.take(Happening::Superseded { at, cause: Cause::Unknown, reason });
            }
        }
    }

    fn wait(&mut self, place: usize, act: WaitsFor, now: Timestamp, span: Duration, hands: &mut Hands) {
        let what = match act {
            WaitsFor::Operate => book::Act::Selected,
            WaitsFor::Approve => book::Act::Awaits,
        };
        if let Err(why) = hands.book.write(&self.orders[place].record(what, now)) {
            return self.refuse_unwritten(place, now, &why, hands);
        }
        let order = &mut self.orders[place];
        let until = now + span;
        order.waits = Some(Waiting { act, until });
        order.life.take(Happening::Checked { at: now, until });
        order.recorded = Some((order.life.phase, order.life.hope));
    }
}

impl Asker {
    fn of(account: &Account, request: &Request) -> Self {
        let standing = if request.reentered { Standing::Reentered } else { Standing::SignedIn };
        Self {
            account: account.id.clone(),
            key: Some(account.key.id()),
            who: Some(Who { role: account.role, standing }),
        }
    }

    fn nobody() -> Self {
        Self { account: String::new(), key: None, who: None }
    }
}
