//! What the gate decides, and the life of what it has sent. It knows the link and the audit only through [`Hands`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tracing::warn;
use uuid::Uuid;

use super::book::{self, Book, Uuid7Key};
use super::order::Order;
use crate::command::checks::Past;
use crate::command::confirm::shows;
use crate::command::life::{Answered, Happening, Phase};
use crate::command::look::Look;
use crate::command::wire::{GateEvent, Topics, WaitsFor};
use crate::link::{self, Link, Publish};
use crate::session::Word;
use crate::signal::Timestamp;
use crate::site::Site;
use crate::trust::Accounts;

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
    /// The status topics of devices that say `offline`.
    pub(super) offline: HashSet<String>,
    told_again: Timestamp,
}

impl Hands<'_> {
    pub(super) fn publish(&self, publish: Publish) -> Result<(), String> {
        let link = self.link.ok_or("there is no link to a broker")?;
        link.publish(publish).map_err(|error| error.to_string())
    }

    /// Tells an event to all, and to who asked. Tells whether it went out.
    pub(super) fn tell(&self, topics: &Topics, event: &GateEvent, response_topic: Option<&str>) -> bool {
        let Ok(payload) = serde_json::to_vec(event) else { return false };
        let say = |topic: &str| Publish {
            topic: topic.to_owned(),
            payload: payload.clone().into(),
            qos1: true,
            correlation: Some(event.id.0.to_string().into_bytes().into()),
            content_type: Some("application/json".to_owned()),
            ..Publish::default()
        };
        let told = self.publish(say(&topics.events)).is_ok();
        if let Some(topic) = response_topic {
            // Whoever asked hears it on the other topic as well.
            drop(self.publish(say(topic)));
        }
        told
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
            offline: HashSet::new(),
            told_again: began,
        }
    }

    /// Takes up what was sent before, as an audit has it.
    pub(super) fn recall(&mut self, path: &std::path::Path) {
        let span = Duration::try_from_secs_f64(longest_window(&self.site)).unwrap_or_default();
        self.past = book::past_in(path, &self.site, self.began - span);
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
            self.take_answer(word);
        } else {
            self.take_status(word);
        }
        self.tell_changes(hands);
    }

    /// Lets telemetry confirm and time end what is awaited.
    pub(super) fn look_around(&mut self, look: &dyn Look, hands: &mut Hands) {
        let now = look.now();
        let site = Arc::clone(&self.site);
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
        self.tell_changes(hands);
    }

    /// The link to the broker is lost, or back. What waits for a person was not sent, and waits on.
    pub(super) fn follow_link(&mut self, is_up: bool, at: Timestamp) {
        let (site, offline) = (Arc::clone(&self.site), self.offline.clone());
        for order in self.orders.iter_mut().filter(|it| it.life.sent.is_some()) {
            if !is_up {
                let reason = "the gate's link to the broker was lost: it may have been sent".to_owned();
                order.life.take(Happening::Lost { at, reason });
            } else if !status_of(&site, order).is_some_and(|it| offline.contains(it)) {
                order.life.take(Happening::Back { at });
            }
        }
    }

    fn take_status(&mut self, word: &Word) {
        let gone = &word.payload[..] == b"offline";
        if gone {
            self.offline.insert(word.topic.clone());
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

    fn take_answer(&mut self, word: &Word) {
        let waiting = self.orders.iter_mut().find(|it| it.id.to_string().as_bytes() == &word.correlation[..]);
        match waiting {
            Some(order) => {
                order.life.take(Happening::Answered { at: word.received, answer: Answered::read(&word.payload) });
            }
            None => warn!("a device answers to a command that is not awaited here"),
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
