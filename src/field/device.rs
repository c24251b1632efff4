//! One simulated device on the network: connects, measures, obeys, and comes back when the line was cut.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::Rng;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, LastWill, MqttOptions, NetworkOptions, Packet, Publish,
    PublishOptions, PublishProperties, QoS, RetainForwardRule, SubscribeFilter, SubscribeReasonCode,
};
use secrecy::ExposeSecret;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::LocalSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::Shared;
use super::order::{Answer, Order, Orders};
use super::payload::{bare, json, object};
use super::plan::{DevicePlan, Part, Post};
use super::pulse::Board;
use super::sign::{Ear, FieldKeys, Pens};
use crate::codec::{PackedRow, Quality, pack};
use crate::link::{Attempt, BrokerUrl, Dialer, Login, explain, now};
use crate::signal::{Timestamp, Value};
use crate::site::doc::EnvelopeDoc;
use crate::trust::{ANSWER_TYPE, BESIDE_TYPE, Reason, SAMPLES_TYPE, SIGNATURE_PROPERTY, exchange};

/// Messages that may wait for the socket. A device that cannot get rid of them drops new ones.
const OUTBOX: usize = 64;

/// Nobody sends a device more than this.
const MAX_PACKET_BYTES: u32 = 64 << 10;

/// Seconds between two pings.
const KEEP_ALIVE_SECS: u16 = 10;

/// How often a device looks whether a command is done.
const SETTLE_EVERY: Duration = Duration::from_millis(50);

/// The first wait after a lost connection. It doubles with each failure.
const FIRST_WAIT_SECS: f64 = 0.2;

/// The longest wait.
const LONGEST_WAIT_SECS: f64 = 3.0;

/// What all devices have in common.
pub(super) struct Line {
    /// Where they connect to.
    pub(super) broker: BrokerUrl,
    /// What they measure.
    pub(super) board: Board,
    /// Where they count.
    pub(super) shared: Arc<Shared>,
    /// By the device's id.
    pub(super) passes: HashMap<String, Pass>,
}

/// How a device gets to the broker, and who it is there.
#[derive(Clone)]
pub(super) struct Pass {
    /// `None`: it has none.
    pub(super) login: Option<Login>,
    /// Opens its sockets, with its certificate where there is TLS.
    pub(super) dialer: Dialer,
}

struct Device {
    plan: DevicePlan,
    posts: RefCell<Vec<Post>>,
    orders: RefCell<Orders>,
    connected: Cell<bool>,
    line: Rc<Line>,
    pens: Rc<Pens>,
    /// `None`: it obeys whoever publishes.
    ear: Option<RefCell<Ear>>,
}

/// Runs all devices on this thread, until the field stops. Then their sockets are closed without a word.
pub(super) fn run_all(
    runtime: &Runtime,
    plans: Vec<DevicePlan>,
    line: Line,
    keys: FieldKeys,
    mut stop: watch::Receiver<bool>,
) {
    let FieldKeys { secrets, registry } = keys;
    let (line, pens) = (Rc::new(line), Rc::new(Pens::new(secrets)));
    let devices = LocalSet::new();
    for plan in plans {
        // What cannot sign cannot verify either.
        let ear = registry.clone().filter(|_| !plan.signers.is_empty()).map(|it| RefCell::new(Ear::new(it)));
        devices.spawn_local(Device::new(plan, line.clone(), pens.clone(), ear).run());
    }
    // A channel that is closed means stop as well.
    drop(devices.block_on(runtime, async move { stop.wait_for(|it| *it).await.map(|it| *it) }));
    line.shared.connected.store(0, Ordering::Relaxed);
}

impl Device {
    fn new(mut plan: DevicePlan, line: Rc<Line>, pens: Rc<Pens>, ear: Option<RefCell<Ear>>) -> Self {
        let posts = RefCell::new(std::mem::take(&mut plan.posts));
        Self { plan, posts, orders: RefCell::default(), connected: Cell::new(false), line, pens, ear }
    }

    async fn run(self) {
        let mut n_failed = 0;
        loop {
            let error = self.connect_and_work().await;
            let was_connected = self.connected.replace(false);
            if was_connected {
                n_failed = 0;
                self.line.shared.connected.fetch_sub(1, Ordering::Relaxed);
                self.line.shared.lost.fetch_add(1, Ordering::Relaxed);
            }
            self.complain(&error, was_connected);
            let random = rand::rng().random_range(0.5..1.0);
            sleep(Duration::from_secs_f64(wait_secs(n_failed) * random)).await;
            n_failed += 1;
        }
    }

    /// One connection, from its beginning to its end. Each has a client of its own, so that nothing that was meant for
    /// the last one floods the next.
    async fn connect_and_work(&self) -> ConnectionError {
        let (client, events) = AsyncClient::builder(self.options()).capacity(OUTBOX).build();
        tokio::select! {
            error = self.listen(&client, events) => error,
            never = self.speak(&client) => match never {},
            never = self.finish_orders(&client) => match never {},
        }
    }

    fn options(&self) -> MqttOptions {
        let broker = &self.line.broker;
        let mut options = MqttOptions::new(self.plan.id.clone(), (broker.host.clone(), broker.port));
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        network.set_connection_timeout(5);
        options
            .set_network_options(network)
            .set_keep_alive(KEEP_ALIVE_SECS)
            .set_clean_start(true)
            .set_max_packet_size(Some(MAX_PACKET_BYTES));
        if let Some(Pass { login, dialer }) = self.line.passes.get(&self.plan.id).cloned() {
            if let Some(login) = login {
                options.set_credentials(login.user, login.password.expose_secret().to_owned());
            }
            options.set_socket_connector(move |address, network| {
                let dialer = dialer.clone();
                async move { Ok(dialer.dial(address, network).await?.0) }
            });
        }
        if let Some(status) = &self.plan.status {
            options.set_last_will(LastWill::new(status.clone(), "offline", QoS::AtLeastOnce, true, None));
        }
        options
    }

    /// Drives the connection and takes commands, until the connection ends.
    async fn listen(&self, client: &AsyncClient, mut events: EventLoop) -> ConnectionError {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => self.begin(client),
                Ok(Event::Incoming(Packet::SubAck(answer))) => {
                    if !answer.return_codes.iter().all(|it| matches!(it, SubscribeReasonCode::Success(_))) {
                        tracing::warn!("the device {} does not hear all commands: the broker refuses", self.plan.id);
                    }
                    self.be_online(client);
                }
                Ok(Event::Incoming(Packet::Publish(message))) => self.take_order(client, &message),
                Ok(Event::Incoming(_) | Event::Outgoing(_) | Event::Auth(_)) => {}
                Err(error) => return error,
            }
        }
    }

    /// Listens for commands. That it is there it says once it hears them: who commands it then is not missed.
    fn begin(&self, client: &AsyncClient) {
        let mut topics: Vec<_> = self.plan.duties.iter().map(|it| it.topic.as_str()).collect();
        topics.sort_unstable();
        topics.dedup();
        let filters = topics.into_iter().map(|it| {
            let mut filter = SubscribeFilter::new(it, QoS::AtLeastOnce);
            filter.retain_forward_rule = RetainForwardRule::Never;
            filter
        });
        let filters: Vec<_> = filters.collect();
        if filters.is_empty() {
            return self.be_online(client);
        }
        if let Err(error) = client.try_subscribe_many(filters) {
            tracing::warn!("the device {} hears no commands: {error}", self.plan.id);
            self.be_online(client);
        }
    }

    fn be_online(&self, client: &AsyncClient) {
        if let Some(status) = &self.plan.status {
            self.send(client, status, "online".to_owned(), PublishOptions::at_least_once().retained());
        }
        self.connected.set(true);
        self.line.shared.connected.fetch_add(1, Ordering::Relaxed);
        self.line.shared.complained.store(false, Ordering::Relaxed);
    }

    fn take_order(&self, client: &AsyncClient, message: &Publish) {
        let properties = message.properties.as_ref();
        let order = Order {
            topic: &String::from_utf8_lossy(&message.topic),
            payload: &message.payload,
            retained: message.retain,
            expired: properties.is_some_and(|it| it.message_expiry_interval == Some(0)),
            response_topic: properties.and_then(|it| it.response_topic.as_deref()),
            correlation: properties.and_then(|it| it.correlation_data.as_ref()),
            foreign: self.foreign(message).err(),
        };
        let answer = self.orders.borrow_mut().take(&self.plan.duties, &self.line.board, &order, now());
        if !order.retained {
            self.line.shared.answered.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(answer) = answer {
            self.answer(client, answer);
        }
    }

    /// Whether an order is one that it may obey, as far as its signature goes; else why not.
    fn foreign(&self, message: &Publish) -> Result<(), (Reason, String)> {
        let Some(ear) = self.ear.as_ref().filter(|_| !message.retain) else { return Ok(()) };
        let properties = message.properties.as_ref();
        let user = properties.map(|it| it.user_properties.as_slice()).unwrap_or_default();
        ear.borrow_mut().look(
            &String::from_utf8_lossy(&message.topic),
            &message.payload,
            properties.and_then(|it| it.correlation_data.as_deref()).unwrap_or_default(),
            properties.and_then(|it| it.response_topic.as_deref()),
            user.iter().find(|it| it.0 == SIGNATURE_PROPERTY).map(|it| it.1.as_str()),
        )
    }

    /// Measures and publishes, each topic in its time.
    async fn speak(&self, client: &AsyncClient) -> Infallible {
        let began = tick();
        let phase = |it: &Post| began + Duration::from_secs_f64(it.phase);
        let mut due: Vec<Instant> = self.posts.borrow().iter().map(phase).collect();
        loop {
            let Some((index, at)) = due.iter().copied().enumerate().min_by_key(|it| it.1) else {
                return std::future::pending().await;
            };
            sleep_until(at).await;
            let mut posts = self.posts.borrow_mut();
            let post = &mut posts[index];
            if self.connected.get() {
                let (payload, properties) = self.measure(post);
                let options = PublishOptions::at_most_once().properties(properties);
                if self.send(client, &post.topic, payload, options) {
                    self.line.shared.published.fetch_add(1, Ordering::Relaxed);
                }
            }
            let period = Duration::from_secs_f64(post.period);
            // What was missed, on a busy machine, is not made up for.
            due[index] = (at + period).max(tick());
        }
    }

    fn measure(&self, post: &mut Post) -> (Vec<u8>, PublishProperties) {
        let board = &self.line.board;
        let (hours, at) = (board.hours(), now());
        let mut measure = |it: &mut Part| it.sensor.measure(board.value(it.output), hours);
        let values: Vec<Value> = post.parts.iter_mut().map(&mut measure).collect();
        let Some(pen) = self.pens.for_samples(&self.plan.signers) else {
            return (plain(post, &values, at).into_bytes(), PublishProperties::default());
        };
        let mut pen = pen.borrow_mut();
        match self.plan.envelope {
            EnvelopeDoc::Beside => {
                let payload = plain(post, &values, at).into_bytes();
                let signature = pen.sign(BESIDE_TYPE, &post.topic, at, &payload);
                (payload, signed(signature))
            }
            EnvelopeDoc::Within => {
                let payload = pen.seal(SAMPLES_TYPE, &post.topic, at, &packed(post, values, at));
                let content_type = Some("application/cose".to_owned());
                (payload, PublishProperties { content_type, ..PublishProperties::default() })
            }
        }
    }

    /// Says *done* when what was asked for has come to pass.
    async fn finish_orders(&self, client: &AsyncClient) -> Infallible {
        let mut ticks = interval(SETTLE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let answers = self.orders.borrow_mut().settle(&self.plan.duties, &self.line.board, now());
            for answer in answers {
                self.answer(client, answer);
            }
        }
    }

    fn answer(&self, client: &AsyncClient, answer: Answer) {
        let said = answer.payload.into_bytes();
        let signature = self.pens.for_answers(&self.plan.signers).map(|it| {
            let spoken = exchange(&said, answer.correlation.as_deref().unwrap_or_default(), None);
            it.borrow_mut().sign(ANSWER_TYPE, &answer.topic, now(), &spoken)
        });
        let properties = PublishProperties {
            correlation_data: answer.correlation,
            content_type: Some("application/json".to_owned()),
            ..signature.map(signed).unwrap_or_default()
        };
        self.send(client, &answer.topic, said, PublishOptions::at_least_once().properties(properties));
    }

    /// Never waits: what the connection cannot take is lost, as with any device of few bytes.
    fn send(&self, client: &AsyncClient, topic: &str, payload: impl Into<Vec<u8>>, options: PublishOptions) -> bool {
        let sent = client.try_publish(topic, payload.into(), options);
        if let Err(error) = &sent {
            tracing::debug!("the device {} could not publish on {topic:?}: {error}", self.plan.id);
        }
        sent.is_ok()
    }

    /// A broker that is away is told of once, not by every device.
    fn complain(&self, error: &ConnectionError, was_connected: bool) {
        tracing::debug!("the device {} is not connected: {error}", self.plan.id);
        let shared = &self.line.shared;
        if shared.connected.load(Ordering::Relaxed) == 0 && !shared.complained.swap(true, Ordering::Relaxed) {
            let attempt = Attempt {
                at: &self.line.broker.address(),
                tls: self.line.broker.tls,
                has_identity: self.line.passes.get(&self.plan.id).is_some_and(|it| it.dialer.has_identity()),
                was_connected,
                first: &[],
            };
            let why = explain(error, attempt);
            tracing::warn!("{why}; the devices go on trying");
        }
    }
}

/// Values in the form that the site says.
fn plain(post: &Post, values: &[Value], at: Timestamp) -> String {
    if let ([Part { path: None, .. }], [value]) = (post.parts.as_slice(), values) {
        return bare(value);
    }
    let time = post.time.as_deref().map(|it| (it, serde_json::Value::from(at.as_nanos() / 1_000_000)));
    let parts = post.parts.iter().zip(values);
    object(parts.filter_map(|(part, value)| Some((part.path.as_deref()?, json(value)))).chain(time)).to_string()
}

/// Values in CBOR, by their signals' addresses.
fn packed(post: &Post, values: Vec<Value>, at: Timestamp) -> Vec<u8> {
    let row = |(part, value): (&Part, Value)| PackedRow {
        signal: part.address.to_string(),
        at,
        value,
        quality: Quality::Good,
    };
    pack(&post.parts.iter().zip(values).map(row).collect::<Vec<_>>())
}

/// What carries a signature beside a payload.
fn signed(signature: String) -> PublishProperties {
    PublishProperties {
        user_properties: vec![(SIGNATURE_PROPERTY.to_owned(), signature)],
        ..PublishProperties::default()
    }
}

/// Seconds to wait after so many failures in a row, before jitter.
fn wait_secs(n_failed: u32) -> f64 {
    (FIRST_WAIT_SECS * 2_f64.powi(n_failed.min(16) as i32)).min(LONGEST_WAIT_SECS)
}

#[expect(clippy::disallowed_methods, reason = "when to publish next is a timer's affair, no time of the plant")]
fn tick() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_at_three_seconds() {
        let waits: Vec<_> = (0..6).map(wait_secs).collect();
        assert_eq!(waits, [0.2, 0.4, 0.8, 1.6, 3.0, 3.0]);
        assert_eq!(wait_secs(u32::MAX), 3.0);
    }
}
