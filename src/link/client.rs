//! The connection: a thread that owns the socket, hands raw arrivals on in batches, and comes back after a loss.
//!
//! Each attempt has a client of its own, so that nothing that was asked over a lost connection is sent over the next:
//! a command that comes late is worse than none. The thread waits for nobody but the reader of its arrivals, which
//! never waits itself; a reader that falls behind slows the socket down, and with it the broker: nothing is dropped here.
//! What a broker drops for one who is slow is its own affair: Mosquitto keeps 1,000 messages (`max_queued_messages`).

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded};
use rumqttc::{
    AsyncClient, Broker, ClientError, Event, EventLoop, Incoming, LastWill, MqttOptions, NetworkOptions, Packet,
    PublishOptions, PublishProperties, QoS, SubscribeFilter,
};
use secrecy::ExposeSecret;
use tokio::sync::Notify;
use tracing::{info, warn};

use super::dial::Dialer;
use super::login::Login;
use super::passage::Passage;
use super::posture::Posture;
use super::problem::{Attempt, LinkProblem, explain};
use super::tls::{TlsOptions, TlsSetupError};
use super::wire::{Meter, Metered};
use super::{Arrival, BrokerUrl, Properties, Publish, now};
use crate::signal::Timestamp;

/// A broker notices a dead client, and a client a dead broker, within about twice this many seconds.
const KEEP_ALIVE_SECS: u16 = 15;
/// An attempt that has come to nothing within this many seconds is given up.
const CONNECT_SECS: u64 = 5;
/// The largest packet that is taken; larger ones are not sent by a broker that keeps to the protocol. A connection
/// survives what a decoder will refuse.
const MAX_PACKET_BYTES: u32 = 64 << 20;
/// Messages read at once, which is also the size of the largest batch.
const READ_BATCH: usize = 128;
/// Requests that may wait for the socket.
const REQUEST_CAPACITY: usize = 256;
/// The first wait after a loss, then twice as long each time.
const FIRST_DELAY: Duration = Duration::from_millis(250);
/// The longest wait, so that the link is back within 5 seconds of its broker.
const LONGEST_DELAY: Duration = Duration::from_secs(3);
/// A packet holds at most this many filters of a subscription.
const FILTERS_PER_REQUEST: usize = 50;

/// What a link needs to know.
#[derive(Debug, Clone)]
pub struct LinkOptions {
    /// Where the broker is.
    pub url: BrokerUrl,
    /// MQTT's client id, unique at the broker.
    pub client_id: String,
    /// Topic filters to subscribe to, at each connection anew.
    pub filters: Vec<String>,
    /// Batches of arrivals that may wait for their reader.
    pub arrivals_capacity: usize,
    /// Plain text may leave this machine.
    pub allow_insecure: bool,
    /// Who we are at the broker. `None`: as the environment says, see [`Login::from_environment`].
    pub login: Option<Login>,
    /// Whom we believe and who we are where the connection is encrypted. `None`: as the environment says, see
    /// [`TlsOptions::from_environment`].
    pub tls: Option<TlsOptions>,
    /// What the broker says when the connection is lost. `None`: nothing.
    pub will: Option<Will>,
}

/// What a broker says, retained and acknowledged (`QoS` 1), when a connection ends without a goodbye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// Where.
    pub topic: String,
    /// What.
    pub payload: String,
}

/// Where a link stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// An attempt is under way.
    Connecting,
    /// The broker has taken us.
    Connected {
        /// Since when.
        since: Timestamp,
    },
    /// There is no connection, and an attempt will be made.
    Waiting {
        /// What was wrong.
        why: LinkProblem,
        /// How many attempts have failed since the last connection.
        attempt: u32,
        /// When the next one will be made.
        next_try: Timestamp,
    },
    /// Closed on purpose.
    Closed,
}

/// Why a link could not be begun, or a message not be sent.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Plain text to another machine.
    #[error(
        "{0} would carry everything in plain text over the network: write mqtts://, or allow it with --allow-insecure, or with allow_insecure: true in the site"
    )]
    Insecure(BrokerUrl),
    /// TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
    /// The system gave no thread.
    #[error("the system gave no thread for the link")]
    Thread(#[source] io::Error),
    /// There is no connection at the moment, and what is sent late is worse than what is not sent.
    #[error("there is no connection to the broker")]
    NotConnected,
    /// More waits for the socket than may.
    #[error("the connection to the broker is too slow: {REQUEST_CAPACITY} messages are waiting already")]
    Busy,
    /// MQTT forbids it.
    #[error("MQTT forbids to publish on {0:?}")]
    BadTopic(String),
}

/// A connection that is kept up. Clones share it; it ends when [`Link::close`] is called or its arrivals are dropped.
#[derive(Debug, Clone)]
pub struct Link {
    shared: Arc<Shared>,
}

struct Shared {
    url: BrokerUrl,
    state: Mutex<LinkState>,
    filters: Mutex<Vec<String>>,
    /// The connection at hand.
    connection: Mutex<Option<Connection>>,
    closing: AtomicBool,
    /// Ends a wait between two attempts.
    wake: Notify,
    n_connections: AtomicU64,
    meter: Arc<Meter>,
    passage: Arc<Passage>,
    has_identity: bool,
    posture: Protection,
}

/// One connection, as long as it lasts.
#[derive(Clone)]
struct Connection {
    client: AsyncClient,
    /// Requests for subscriptions that the broker has not answered.
    n_unanswered: Arc<AtomicUsize>,
}

/// How well the connection at hand is protected. `None`: there is none yet.
type Protection = Arc<Mutex<Option<Arc<Posture>>>>;

/// Begins to connect, on a thread of its own. Arrivals come in batches, as the socket gave them.
pub fn connect(options: LinkOptions) -> Result<(Link, Receiver<Vec<Arrival>>), LinkError> {
    let url = options.url.clone();
    if !url.tls && !url.is_loopback() && !options.allow_insecure {
        return Err(LinkError::Insecure(url));
    }
    let meter = Arc::new(Meter::default());
    let posture = Protection::default();
    let dialer = Dialer::new(&url, options.tls.as_ref())?;
    let has_identity = dialer.has_identity();
    let mqtt = mqtt_options(&options, dialer, Arc::clone(&meter), Arc::clone(&posture));
    let shared = Arc::new(Shared {
        url,
        state: Mutex::new(LinkState::Connecting),
        filters: Mutex::new(options.filters),
        connection: Mutex::new(None),
        closing: AtomicBool::new(false),
        wake: Notify::new(),
        n_connections: AtomicU64::new(0),
        meter,
        passage: Arc::default(),
        has_identity,
        posture,
    });
    let (arrivals, receiver) = bounded(options.arrivals_capacity.max(1));
    let link = Link { shared: Arc::clone(&shared) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(LinkError::Thread)?;
    thread::Builder::new()
        .name("pollux-link".to_owned())
        .spawn(move || runtime.block_on(keep_up(&shared, &mqtt, &arrivals)))
        .map_err(LinkError::Thread)?;
    Ok((link, receiver))
}

impl Link {
    /// Where the broker is.
    pub fn url(&self) -> &BrokerUrl {
        &self.shared.url
    }

    /// Where the link stands.
    pub fn state(&self) -> LinkState {
        lock(&self.shared.state).clone()
    }

    /// Whether the broker has us.
    pub fn is_connected(&self) -> bool {
        matches!(*lock(&self.shared.state), LinkState::Connected { .. })
    }

    /// Whether the broker has answered all that was subscribed to: of what it grants, all that is published from now on comes
    /// here. Who tells others that it is there waits for that.
    pub fn is_listening(&self) -> bool {
        let answered = |it: &Connection| it.n_unanswered.load(Ordering::Acquire) == 0;
        self.is_connected() && lock(&self.shared.connection).as_ref().is_some_and(answered)
    }

    /// How many times a lost connection came back.
    pub fn n_reconnects(&self) -> u64 {
        self.shared.n_connections.load(Ordering::Relaxed).saturating_sub(1)
    }

    /// How well the connection at hand is protected, and who the broker has shown to be. `None`: there is no connection.
    pub fn posture(&self) -> Option<Arc<Posture>> {
        lock(&self.shared.posture).clone()
    }

    /// Whether what came off the socket is worked through.
    pub fn passage(&self) -> &Arc<Passage> {
        &self.shared.passage
    }

    /// Bytes that came in, MQTT's own included.
    pub fn bytes_in(&self) -> u64 {
        self.shared.meter.n_read()
    }

    /// Sends a message. Never blocks. What a lost connection has not sent is not sent by the next.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the library's errors become more")]
    pub fn publish(&self, publish: Publish) -> Result<(), LinkError> {
        let client = lock(&self.shared.connection).clone().ok_or(LinkError::NotConnected)?.client;
        let qos = if publish.qos1 { QoS::AtLeastOnce } else { QoS::AtMostOnce };
        let options = PublishOptions::new(qos).retain(publish.retain).properties(PublishProperties {
            message_expiry_interval: publish.expiry_secs,
            response_topic: publish.response_topic,
            correlation_data: publish.correlation,
            content_type: publish.content_type,
            user_properties: publish.user,
            ..PublishProperties::default()
        });
        client.try_publish(publish.topic.clone(), publish.payload, options).map_err(|error| match error {
            ClientError::RequestChannelFull(_) => LinkError::Busy,
            ClientError::InvalidRequest(_) => LinkError::BadTopic(publish.topic),
            _ => LinkError::NotConnected,
        })
    }

    /// Replaces the set of filters: what is new is subscribed to, what is gone no more.
    pub fn subscribe(&self, filters: Vec<String>) {
        let before = std::mem::replace(&mut *lock(&self.shared.filters), filters.clone());
        let Some(connection) = lock(&self.shared.connection).clone() else { return };
        let gone: Vec<String> = before.iter().filter(|it| !filters.contains(it)).cloned().collect();
        let new: Vec<String> = filters.into_iter().filter(|it| !before.contains(it)).collect();
        connection.subscribe(&new);
        for chunk in gone.chunks(FILTERS_PER_REQUEST) {
            if let Err(error) = connection.client.try_unsubscribe_many(chunk.iter().cloned()) {
                warn!("cannot unsubscribe from {} topics: {error}", chunk.len());
            }
        }
    }

    /// Says goodbye to the broker and ends the thread.
    pub fn close(&self) {
        self.shared.closing.store(true, Ordering::Release);
        self.shared.wake.notify_one();
        if let Some(connection) = lock(&self.shared.connection).take()
            && let Err(error) = connection.client.try_disconnect()
        {
            warn!("cannot take leave of {}: {error}", self.shared.url);
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("url", &self.url).field("state", &self.state).finish_non_exhaustive()
    }
}

fn mqtt_options(options: &LinkOptions, dialer: Dialer, meter: Arc<Meter>, posture: Protection) -> MqttOptions {
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    let broker = Broker::tcp(options.url.host.clone(), options.url.port);
    let mut builder = MqttOptions::builder(options.client_id.clone(), broker)
        .keep_alive(KEEP_ALIVE_SECS)
        .connect_timeout(Duration::from_secs(CONNECT_SECS))
        .clean_start(true)
        .max_packet_size(Some(MAX_PACKET_BYTES))
        .read_batch_size(READ_BATCH)
        .network_options(network)
        // The library's own TLS does not tell what was agreed upon, so it gets sockets that are encrypted already.
        .socket_connector(move |address, network| {
            let (dialer, meter, posture) = (dialer.clone(), Arc::clone(&meter), Arc::clone(&posture));
            async move {
                let (wire, protection) = dialer.dial(address, network).await?;
                *lock(&posture) = Some(Arc::new(protection));
                Ok(Metered::new(wire, meter))
            }
        });
    if let Some(login) = options.login.clone().or_else(Login::from_environment) {
        builder = builder.credentials(login.user, login.password.expose_secret().to_owned());
    }
    if let Some(will) = &options.will {
        builder =
            builder.last_will(LastWill::new(will.topic.clone(), will.payload.clone(), QoS::AtLeastOnce, true, None));
    }
    builder.build()
}

/// Connects, and again after each loss, until the link is closed or nobody takes its arrivals.
async fn keep_up(shared: &Shared, mqtt: &MqttOptions, arrivals: &Sender<Vec<Arrival>>) {
    let mut attempt = 0;
    while !shared.closing.load(Ordering::Acquire) {
        *lock(&shared.state) = LinkState::Connecting;
        let (client, mut events) = AsyncClient::builder(mqtt.clone()).capacity(REQUEST_CAPACITY).build();
        let connection = Connection { client, n_unanswered: Arc::default() };
        let (connected, end) = run(shared, &connection, &mut events, arrivals).await;
        *lock(&shared.connection) = None;
        *lock(&shared.posture) = None;
        let End::Failed(why) = end else { break };
        if shared.closing.load(Ordering::Acquire) {
            break;
        }
        attempt = if connected { 1 } else { attempt + 1 };
        let delay = delay(attempt, rand::random());
        // A broker that is down for hours is worth one line, not thousands.
        if attempt == 1 {
            warn!("{why}; next try in {:.1} s", delay.as_secs_f64());
        }
        *lock(&shared.state) = LinkState::Waiting { why, attempt, next_try: now() + delay };
        tokio::select! {
            () = tokio::time::sleep(delay) => (),
            () = shared.wake.notified() => (),
        }
    }
    *lock(&shared.state) = LinkState::Closed;
}

/// How a connection ended.
enum End {
    /// On purpose, or since nobody takes its arrivals.
    Meant,
    Failed(LinkProblem),
}

/// Runs one connection to its end. Tells whether there was one at all.
async fn run(
    shared: &Shared,
    connection: &Connection,
    events: &mut EventLoop,
    arrivals: &Sender<Vec<Arrival>>,
) -> (bool, End) {
    let mut connected = false;
    loop {
        let first = match events.poll().await {
            Ok(event) => event,
            Err(_) if shared.closing.load(Ordering::Acquire) => return (connected, End::Meant),
            Err(error) => {
                let attempt = Attempt {
                    at: &shared.url.address(),
                    tls: shared.url.tls,
                    has_identity: shared.has_identity,
                    was_connected: connected,
                    first: &shared.meter.first(),
                };
                return (connected, End::Failed(explain(&error, attempt)));
            }
        };
        if let Event::Incoming(Incoming::ConnAck(_)) = first {
            connected = true;
            shared.n_connections.fetch_add(1, Ordering::Relaxed);
            tell(shared);
            // It is shown first: a change of filters from now on reaches it.
            *lock(&shared.connection) = Some(connection.clone());
            let filters = lock(&shared.filters).clone();
            connection.subscribe(&filters);
            *lock(&shared.state) = LinkState::Connected { since: now() };
            continue;
        }
        shared.passage.begin();
        let batch = connection.collect(first, &mut events.state.events);
        if batch.is_empty() {
            shared.passage.end();
        } else if arrivals.send(batch).is_err() {
            return (connected, End::Meant);
        }
    }
}

/// Logs that there is a connection, how it is protected, and which certificates want a person.
fn tell(shared: &Shared) {
    let Some(posture) = lock(&shared.posture).clone() else { return };
    info!("connected to {}: {}", shared.url, posture.words());
    let now = now();
    for (whose, facts) in posture.warnings(now) {
        warn!("{}: {whose} certificate ({}) {}", shared.url, facts.subject, facts.expiry_words(now));
    }
}

impl Connection {
    fn subscribe(&self, filters: &[String]) {
        for chunk in filters.chunks(FILTERS_PER_REQUEST) {
            // Our own commands need not come back to us.
            let wanted =
                chunk.iter().map(|it| SubscribeFilter { nolocal: true, ..SubscribeFilter::new(it, QoS::AtLeastOnce) });
            // Before it is asked for, since the answer comes on another thread.
            self.n_unanswered.fetch_add(1, Ordering::AcqRel);
            if let Err(error) = self.client.try_subscribe_many(wanted) {
                self.n_unanswered.fetch_sub(1, Ordering::AcqRel);
                warn!("cannot subscribe to {} topics: {error}", chunk.len());
            }
        }
    }

    /// The messages of one read of the socket.
    fn collect(&self, first: Event, rest: &mut VecDeque<Event>) -> Vec<Arrival> {
        let mut batch: Vec<Arrival> = Vec::new();
        let mut began = Timestamp::MIN;
        let mut next = Some(first);
        while let Some(event) = next {
            match event {
                Event::Incoming(Packet::Publish(publish)) => {
                    if batch.is_empty() {
                        batch.reserve(rest.len() + 1);
                        began = now();
                    }
                    // A nanosecond apart, so that two values of one topic in one read are two samples.
                    let (correlation, properties) = publish.properties.map_or((None, None), split);
                    let received = began + Duration::from_nanos(batch.len() as u64);
                    batch.push(Arrival {
                        topic: publish.topic,
                        payload: publish.payload,
                        received,
                        retained: publish.retain,
                        correlation,
                        properties,
                    });
                }
                Event::Incoming(Packet::SubAck(ack)) => {
                    self.n_unanswered.fetch_sub(1, Ordering::AcqRel);
                    let n_refused = ack
                        .return_codes
                        .iter()
                        .filter(|it| !matches!(it, rumqttc::SubscribeReasonCode::Success(_)))
                        .count();
                    if n_refused > 0 {
                        warn!("the broker refuses {n_refused} of {} subscriptions", ack.return_codes.len());
                    }
                }
                Event::Incoming(_) | Event::Outgoing(_) | Event::Auth(_) => (),
            }
            next = rest.pop_front();
        }
        batch
    }
}

/// The Correlation Data, and the rest of what is said of a message, if anything is.
fn split(said: PublishProperties) -> (Option<Bytes>, Option<Box<Properties>>) {
    let rest =
        Properties { content_type: said.content_type, response_topic: said.response_topic, user: said.user_properties };
    (said.correlation_data, (rest != Properties::default()).then(|| Box::new(rest)))
}

/// The wait before an attempt: it doubles up to a limit, and `random` (0 to 1) spreads it, so that many clients don't
/// come back at the same instant.
fn delay(attempt: u32, random: f64) -> Duration {
    let doubled = FIRST_DELAY.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    doubled.min(LONGEST_DELAY).mul_f64(0.75 + 0.25 * random)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_with_jitter_and_never_pass_three_seconds() {
        let waits: Vec<u128> = (1..=6).map(|attempt| delay(attempt, 1.0).as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 3000, 3000]);
        assert_eq!(delay(u32::MAX, 0.0).as_millis(), 2250);
    }

    #[test]
    fn plain_text_does_not_leave_the_machine_unasked() {
        let options = |url: &str, allow_insecure| LinkOptions {
            login: None,
            tls: None,
            will: None,
            url: url.parse().expect("a good address"),
            client_id: "test".to_owned(),
            filters: Vec::new(),
            arrivals_capacity: 1,
            allow_insecure,
        };
        let error = connect(options("mqtt://192.0.2.1", false)).err().map(|it| it.to_string());
        assert!(error.as_deref().is_some_and(|it| it.contains("--allow-insecure")), "{error:?}");
    }
}
