//! What the gate decides, and the life of what it has sent. It knows the link and the audit only through [`Hands`].

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;
use uuid::Uuid;

use super::book::{self, Book, Uuid7Key};
use super::order::Order;
use super::quarantine::Holds;
use super::strangers::Strangers;
use crate::command::Cause;
use crate::command::checks::Past;
use crate::command::confirm::shows;
use crate::command::ears::Ears;
use crate::command::life::{Answered, Happening, Phase};
use crate::command::look::Look;
use crate::command::wire::{GateEvent, Topics, WaitsFor};
use crate::link::{self, Link, Publish};
use crate::session::Word;
use crate::signal::Timestamp;
use crate::site::Site;
use crate::trust::{Accounts, EVENT_TYPE, Pen, Reason, SIGNATURE_PROPERTY, SecretKey};
use crate::twin::AcknowledgeEvil;

/// So long an id is remembered: longer than any request is good for.
const REMEMBERED: Duration = Duration::from_secs(60);
/// So often what waits for a person is told again, so that a desktop that comes later knows of it.
const TELL_AGAIN: Duration = Duration::from_secs(5);
/// Starts are counted over an hour.
const HOUR_SECS: f64 = 3600.0;

/// What the gate acts with.
pub(super) struct Hands<'a> {
    pub(super) link: Option<&'a Link>,
    pub(super) book: &'a mut Book,
    pub(super) pens: &'a mut Pens,
}

/// What the gate signs with. Orders and what it says of them each have a counter and a chain of their own.
#[derive(Debug)]
pub(super) struct Pens {
    pub(super) orders: Pen,
    pub(super) events: Pen,
}

impl Pens {
    /// Of a gate's key, in the life that begins at an instant.
    pub(super) fn new(key: &SecretKey, began: Timestamp) -> Self {
        let epoch = u64::try_from(began.as_nanos() / 1_000_000).unwrap_or(0);
        let pen = || Pen::new(key.clone(), epoch);
        Self { orders: pen(), events: pen() }
    }

    /// The signature beside what the gate says, as it travels.
    pub(super) fn sign_event(&mut self, topic: &str, payload: &[u8]) -> Vec<(String, String)> {
        vec![(SIGNATURE_PROPERTY.to_owned(), self.events.sign(EVENT_TYPE, topic, link::now(), payload))]
    }
}

/// The gate's mind.
#[derive(Debug)]
pub(super) struct Warden {
    pub(super) site: Arc<Site>,
    pub(super) topics: Topics,
    pub(super) accounts: Accounts,
    pub(super) demo: bool,
    pub(super) began: Timestamp,
    pub(super) orders: Vec<Order>,
    pub(super) heard: HashMap<(Uuid, &'static str), Timestamp>,
    pub(super) past: BTreeMap<Uuid7Key, Past>,
    /// The status topics of devices that say `offline`, and since when.
    pub(super) offline: HashMap<String, Timestamp>,
    /// By which answers are told from what is said in a device's name.
    pub(super) ears: Ears,
    /// What persons have acknowledged since it was handed on.
    pub(super) acknowledged: Vec<AcknowledgeEvil>,
    /// What is told of those whom nobody knows.
    pub(super) strangers: Strangers,
    /// What is isolated.
    pub(super) holds: Holds,
    told_again: Timestamp,
}

impl Hands<'_> {
    pub(super) fn publish(&self, publish: Publish) -> Result<(), String> {
        let link = self.link.ok_or("there is no link to a broker")?;
        link.publish(publish).map_err(|error| error.to_string())
    }

    /// Tells an event to all, and to who asked. Tells whether it went out.
    pub(super) fn tell(&mut self, topics: &Topics, event: &GateEvent, response_topic: Option<&str>) -> bool {
        let told = self.tell_at(&topics.events, event);
        if let Some(topic) = response_topic {
            // Whoever asked hears it on the other topic as well.
            self.tell_at(topic, event);
        }
        told
    }

    /// Tells an event on one topic alone. Tells whether it went out.
    pub(super) fn tell_at(&mut self, topic: &str, event: &GateEvent) -> bool {
        let Ok(payload) = serde_json::to_vec(event) else { return false };
        let user = self.pens.sign_event(topic, &payload);
        let said = self.publish(Publish {
            topic: topic.to_owned(),
            payload: payload.into(),
            qos1: true,
            correlation: Some(event.id.0.to_string().into_bytes().into()),
            content_type: Some("application/json".to_owned()),
            user,
            ..Publish::default()
        });
        said.is_ok()
    }
}

impl Warden {
    pub(super) fn new(site: Arc<Site>, accounts: Accounts, demo: bool, began: Timestamp) -> Self {
        Self {
            topics: Topics::of(&site),
            site,
            accounts,
            demo,
            began,
            orders: Vec::new(),
            heard: HashMap::new(),
            past: BTreeMap::new(),
            offline: HashMap::new(),
            ears: Ears::default(),
            acknowledged: Vec::new(),
            strangers: Strangers::default(),
            holds: Holds::default(),
            told_again: began,
        }
    }

    /// Takes up what was sent before, and what is isolated, as an audit has it.
    pub(super) fn recall(&mut self, path: &std::path::Path) {
        let span = Duration::try_from_secs_f64(longest_window(&self.site)).unwrap_or_default();
        self.past = book::past_in(path, &self.site, self.began - span);
        self.holds = Holds::recall(path);
    }

    /// Goes on with an edited site.
    pub(super) fn follow_site(&mut self, site: &Arc<Site>) {
        if !Arc::ptr_eq(&self.site, site) {
            self.site = Arc::clone(site);
        }
    }

    /// Takes a message: a request, a device's answer, or a device's status.
    pub(super) fn hear(&mut self, word: &Word, look: &dyn Look, hands: &mut Hands) {
        if word.topic == self.topics.request {
            self.take_request(word, look, hands);
        } else if word.topic == self.topics.answers {
            self.take_answer(word, hands);
        } else {
            self.take_status(word);
        }
        self.tell_changes(hands);
    }

    /// Lets telemetry confirm and time end what is awaited.
    pub(super) fn look_around(&mut self, look: &dyn Look, hands: &mut Hands) {
        let now = look.now();
        let site = Arc::clone(&self.site);
        self.follow_returned(look);
        for order in self.orders.iter_mut().filter(|it| it.life.is_awaited()) {
            if let Some(waits) = order.waits.filter(|it| order.life.phase == Phase::Checked && it.until < now) {
                let reason = match waits.act {
                    WaitsFor::Operate => "it was reserved, and not operated in time",
                    WaitsFor::Approve => "nobody approved it in time",
                };
                order.life.take(Happening::Expired { at: now, reason: reason.to_owned() });
                continue;
            }
            let shown = site.command(order.command).and_then(|it| shows(it, &order.desired, look));
            if let Some(evidence) = shown {
                order.life.take(Happening::Shown { at: now, evidence });
            }
            order.life.take(Happening::Passed { at: now });
        }
        if now.since(self.told_again) >= TELL_AGAIN || now < self.told_again {
            self.told_again = now;
            self.orders.iter_mut().filter(|it| it.life.phase == Phase::Checked).for_each(|it| it.told = None);
            self.forget(now);
        }
        let more = self.strangers.due(now);
        self.sum_up(more, hands);
        self.tell_changes(hands);
    }

    /// Devices that were said to be away, and have signed what they measured since, are not.
    fn follow_returned(&mut self, look: &dyn Look) {
        let returned: Vec<String> = self.offline.keys().filter(|it| !look.is_offline(it)).cloned().collect();
        for topic in returned {
            self.offline.remove(&topic);
            let (site, at) = (Arc::clone(&self.site), look.now());
            let its = |it: &&mut Order| it.life.sent.is_some() && status_of(&site, it) == Some(topic.as_str());
            self.orders.iter_mut().filter(its).for_each(|it| it.life.take(Happening::Back { at }));
        }
    }

    /// The link to the broker is lost, or back. What waits for a person was not sent, and waits on.
    pub(super) fn follow_link(&mut self, is_up: bool, at: Timestamp) {
        let (site, offline) = (Arc::clone(&self.site), self.offline.clone());
        for order in self.orders.iter_mut().filter(|it| it.life.sent.is_some()) {
            if !is_up {
                let reason = "the gate's link to the broker was lost: it may have been sent".to_owned();
                order.life.take(Happening::Lost { at, reason });
            } else if !status_of(&site, order).is_some_and(|it| offline.contains_key(it)) {
                order.life.take(Happening::Back { at });
            }
        }
    }

    fn take_status(&mut self, word: &Word) {
        let gone = &word.payload[..] == b"offline";
        if gone {
            self.offline.insert(word.topic.clone(), word.received);
        } else {
            self.offline.remove(&word.topic);
        }
        let (site, at) = (Arc::clone(&self.site), word.received);
        let its = |it: &&mut Order| it.life.sent.is_some() && status_of(&site, it) == Some(word.topic.as_str());
        for order in self.orders.iter_mut().filter(its) {
            let reason = "the device went offline: nobody knows whether it happened".to_owned();
            order.life.take(if gone { Happening::Lost { at, reason } } else { Happening::Back { at } });
        }
    }

    fn take_answer(&mut self, word: &Word, hands: &mut Hands) {
        let waiting = self.orders.iter_mut().find(|it| it.id.to_string().as_bytes() == &word.correlation[..]);
        let Some(order) = waiting else {
            warn!("a device answers to a command that is not awaited here");
            return;
        };
        let twin = self.site.command(order.command).map(|it| it.twin);
        let device = twin.and_then(|it| self.site.device_of(it)).map(|it| it.1);
        match device.map_or(Ok(()), |it| self.ears.answer(word, it)) {
            Ok(()) => {
                order.life.take(Happening::Answered { at: word.received, answer: Answered::read(&word.payload) });
            }
            // A broker may bring the same twice.
            Err(no) if no.reason == Reason::Replayed => (),
            Err(no) => {
                order.n_spoofed += 1;
                let device = device.map_or("the device", |it| it.id.as_str());
                let reason =
                    format!("an answer in the name of {device} was refused, {}: {}", no.reason.label(), no.detail);
                warn!("{reason}");
                // Whoever floods with them must not flood the audit and the desktops through this.
                if order.n_spoofed == 1 {
                    order.tell_aside(Cause::NoAccessAuthority, reason, word.received, &self.topics, hands);
                }
            }
        }
    }

    /// Writes down and tells what stands elsewhere than before.
    fn tell_changes(&mut self, hands: &mut Hands) {
        let now = link::now();
        for order in &mut self.orders {
            let state = (order.life.phase, order.life.hope);
            if let Some(past) = self.past.get_mut(&Uuid7Key(order.id.as_u128())) {
                past.under_way = order.life.phase.is_under_way();
            }
            if order.recorded != Some(state) {
                order.recorded = Some(state);
                if let Err(why) = hands.book.write(&order.record(book::Act::Outcome, now)) {
                    warn!("what became of {} cannot be written down: {why}", order.address);
                }
            }
            // What cannot be told now is told when the link is back.
            if order.told != Some(state) && hands.tell(&self.topics, &order.event(now), order.response_topic.as_deref())
            {
                order.told = Some(state);
            }
        }
    }

    /// Lets go what nobody asks for any more.
    fn forget(&mut self, now: Timestamp) {
        let old = |it: Timestamp| now.since(it) > REMEMBERED;
        self.heard.retain(|_, at| !old(*at));
        self.orders.retain(|it| it.life.is_awaited() || it.told.is_none() || !it.life.ended.is_some_and(old));
        let window = longest_window(&self.site);
        self.past.retain(|_, it| it.under_way || now.secs_since(it.sent) <= window);
    }

    pub(super) fn past(&self) -> Vec<Past> {
        self.past.values().cloned().collect()
    }
}

/// Where who asked wants to hear of it: on no topic but one of answers, so that nobody has the gate speak to a device.
pub(super) fn answer_topic(word: &Word) -> Option<String> {
    let topic = word.response_topic.as_ref()?;
    let levels: Vec<&str> = topic.split('/').collect();
    let fits = matches!(levels.as_slice(), ["pollux", client, "answers"] if !client.is_empty());
    (fits && !topic.contains(['+', '#'])).then(|| topic.clone())
}

/// The status topic of the device that a command goes to.
fn status_of<'a>(site: &'a Site, order: &Order) -> Option<&'a str> {
    let twin = site.command(order.command)?.twin;
    site.device_of(twin)?.1.status.as_deref()
}

/// Seconds of what was sent that any limit of a site asks for.
fn longest_window(site: &Site) -> f64 {
    let limits = site.commands.iter().map(|it| &it.limits);
    let spans = limits.flat_map(|it| [it.sum.map_or(0.0, |it| it.1), it.dwell.unwrap_or(0.0)]);
    spans.fold(HOUR_SECS, f64::max)
}
