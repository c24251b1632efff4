//! The embedded broker: for demos on this machine, so that nobody needs to install one.
//!
//! It listens on loopback alone and keeps nothing on disk. It lets everybody do everything, or grants each login what it
//! needs and nothing else. Over TLS it knows its clients by the names in their certificates. A plant gets a real broker.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};
use mqtt5::broker::config::{BrokerConfig, StorageConfig};
use mqtt5::broker::{BrokerShutdownHandle, MqttBroker};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::front::{self, Callers};
use super::guard::Guard;
use super::login::Grant;
use super::tls::{self, ServerTls, TlsSetupError};

/// Messages that wait for one client. A viewer that draws a slow frame must not lose any: this is minutes of a demo.
const CLIENT_QUEUE: usize = 100_000;

/// Larger messages are refused: nothing in a demo comes near.
const MAX_PACKET_BYTES: usize = 16 << 20;

/// How long connections may take to end when the broker stops.
const GOODBYE: Duration = Duration::from_secs(1);

/// A broker that runs until it is dropped.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
    stop: Stop,
}

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// Somebody else listens there.
    #[error("port {port} on {ip} is taken by another program: choose another one (0 takes any free port)", port = .0.port(), ip = .0.ip())]
    PortTaken(SocketAddr),
    /// Ports below 1024 belong to root.
    #[error("not allowed to listen on port {port} of {ip}: choose a port from 1024 on", port = .0.port(), ip = .0.ip())]
    NotAllowed(SocketAddr),
    /// The address is not loopback.
    #[error(
        "the embedded broker knows no passwords and listens on this machine alone (127.0.0.1), not on {0}: use a broker such as Mosquitto to serve a network"
    )]
    NotLoopback(SocketAddr),
    /// Anything else that keeps it from listening.
    #[error("cannot listen on {address}: {why}")]
    CannotListen {
        /// Where.
        address: SocketAddr,
        /// As the system says.
        why: String,
    },
    /// The certificates are no good.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
    /// No thread or no runtime.
    #[error("cannot start the broker's thread")]
    Thread(#[source] io::Error),
}

/// Ends the broker's thread when dropped.
#[derive(Debug)]
struct Stop {
    handle: Option<BrokerHandle>,
    thread: Option<JoinHandle<()>>,
}

/// The library's handle prints nothing of use.
struct BrokerHandle(BrokerShutdownHandle);

/// Who is let in.
enum Entry {
    Everybody,
    Passwords(Vec<Grant>),
    Certificates(Option<Vec<Grant>>, TlsAcceptor),
}

type Started = Result<(SocketAddr, BrokerShutdownHandle), BrokerError>;

impl Broker {
    /// Starts a broker on a thread of its own and returns when it listens. Port 0 takes any free port.
    pub fn start(bind: SocketAddr) -> Result<Self, BrokerError> {
        Self::serving(bind, Entry::Everybody)
    }

    /// The same, which grants each login what it needs; who has none is not let in.
    pub fn guarded(bind: SocketAddr, grants: Vec<Grant>) -> Result<Self, BrokerError> {
        Self::serving(bind, Entry::Passwords(grants))
    }

    /// The same over TLS alone: a login is granted what it needs where the client's certificate has its user's name as common
    /// name; passwords count for nothing. Without grants every certificate of the authorities may do everything.
    pub fn secured(bind: SocketAddr, grants: Option<Vec<Grant>>, tls: &ServerTls) -> Result<Self, BrokerError> {
        let acceptor = tls::acceptor(tls)?;
        Self::serving(bind, Entry::Certificates(grants, acceptor))
    }

    fn serving(bind: SocketAddr, entry: Entry) -> Result<Self, BrokerError> {
        if !bind.ip().is_loopback() {
            return Err(BrokerError::NotLoopback(bind));
        }
        let (started, outcome) = bounded(1);
        let thread = thread::Builder::new()
            .name("broker".to_owned())
            .spawn(move || serve(bind, entry, &started))
            .map_err(BrokerError::Thread)?;
        // A thread that ended without a word has dropped its end of the channel.
        let outcome = outcome
            .recv()
            .unwrap_or_else(|gone| Err(BrokerError::CannotListen { address: bind, why: gone.to_string() }));
        match outcome {
            Ok((address, handle)) => {
                Ok(Self { address, stop: Stop { handle: Some(BrokerHandle(handle)), thread: Some(thread) } })
            }
            Err(error) => Err(error),
        }
    }

    /// Where it listens, with the port that it really got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether its thread still runs.
    pub fn is_running(&self) -> bool {
        self.stop.thread.as_ref().is_some_and(|it| !it.is_finished())
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            handle.0.shutdown();
        }
        if let Some(thread) = self.thread.take() {
            // A panic of the broker's thread has been reported by then.
            drop(thread.join());
        }
    }
}

impl std::fmt::Debug for BrokerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrokerHandle")
    }
}

fn serve(bind: SocketAddr, entry: Entry, started: &Sender<Started>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            drop(started.send(Err(BrokerError::Thread(error))));
            return;
        }
    };
    runtime.block_on(async {
        let (broker, address) = match open(bind, entry).await {
            Ok(opened) => opened,
            Err(error) => {
                drop(started.send(Err(error)));
                return;
            }
        };
        run(broker, address, started).await;
    });
    runtime.shutdown_timeout(GOODBYE);
}

/// Listens. Tells where.
async fn open(bind: SocketAddr, entry: Entry) -> Result<(MqttBroker, SocketAddr), BrokerError> {
    let listen = async |bind: SocketAddr| {
        let broker = MqttBroker::with_config(config(bind)).await.map_err(|it| explain(bind, &it.to_string()))?;
        let address = broker.local_addr().unwrap_or(bind);
        Ok::<_, BrokerError>((broker, address))
    };
    let (grants, acceptor) = match entry {
        Entry::Everybody => return listen(bind).await,
        Entry::Passwords(grants) => {
            let (broker, address) = listen(bind).await?;
            return Ok((broker.with_auth_provider(Arc::new(Guard::of_passwords(grants))), address));
        }
        Entry::Certificates(grants, acceptor) => (grants, acceptor),
    };
    let listener = TcpListener::bind(bind).await.map_err(|it| explain(bind, &it.to_string()))?;
    let address = listener.local_addr().unwrap_or(bind);
    let callers = Arc::new(Callers::default());
    let (broker, inside) = listen((Ipv4Addr::LOCALHOST, 0).into()).await?;
    tokio::spawn(front::stand(listener, acceptor, inside, Arc::clone(&callers)));
    Ok((broker.with_auth_provider(Arc::new(Guard::of_certificates(grants, callers))), address))
}

async fn run(mut broker: MqttBroker, address: SocketAddr, started: &Sender<Started>) {
    let handle = broker.shutdown_handle();
    let mut ready = broker.ready_receiver();
    let announce = async {
        // It listens from the beginning on; ready means that it answers too.
        drop(ready.wait_for(|it| *it).await);
        drop(started.send(Ok((address, handle))));
        std::future::pending::<()>().await;
    };
    tokio::select! {
        outcome = broker.run() => if let Err(error) = outcome {
            tracing::error!("the embedded broker ended: {error}");
        },
        () = announce => {}
    }
}

fn config(bind: SocketAddr) -> BrokerConfig {
    BrokerConfig::new()
        .with_bind_address(bind)
        .with_max_packet_size(MAX_PACKET_BYTES)
        .with_client_channel_capacity(CLIENT_QUEUE)
        .with_storage(StorageConfig::new().with_persistence(false))
        .with_sys_topics_enabled(false)
}

/// The library tells in prose why it does not listen; the system tells in a type.
fn explain(bind: SocketAddr, said: &str) -> BrokerError {
    match std::net::TcpListener::bind(bind).map_err(|it| it.kind()) {
        Err(io::ErrorKind::AddrInUse) => BrokerError::PortTaken(bind),
        Err(io::ErrorKind::PermissionDenied) => BrokerError::NotAllowed(bind),
        Err(kind) => BrokerError::CannotListen { address: bind, why: kind.to_string() },
        Ok(_) => BrokerError::CannotListen { address: bind, why: said.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::super::pki::Authority;
    use super::super::{Grant, Link, LinkOptions, LinkProblem, LinkState, Login, Publish, TlsOptions, connect, now};
    use super::*;

    #[test]
    fn a_broker_listens_on_a_free_port_until_it_is_dropped() {
        let broker = Broker::start((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = broker.address();
        assert_ne!(address.port(), 0);
        assert!(TcpStream::connect(address).is_ok());
        assert!(broker.is_running());
        drop(broker);
        assert!(TcpStream::connect(address).is_err());
        assert_eq!(Broker::start(address).unwrap().address(), address);
    }

    #[test]
    fn a_port_that_is_taken_is_named_with_the_mend() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let error = Broker::start(address).unwrap_err();
        assert!(matches!(error, BrokerError::PortTaken(it) if it == address), "{error}");
        assert!(error.to_string().contains(&format!("port {}", address.port())), "{error}");
    }

    #[test]
    fn a_broker_without_passwords_does_not_serve_a_network() {
        let error = Broker::start((Ipv4Addr::UNSPECIFIED, 0).into()).unwrap_err();
        assert!(matches!(error, BrokerError::NotLoopback(_)), "{error}");
    }

    #[test]
    fn a_guarded_broker_grants_what_a_login_needs_and_nothing_else() {
        let [gate, desk, device] = ["gate", "desk", "device"].map(Login::random);
        let grant = |login: &Login, publish: &[&str], subscribe: &[&str]| Grant {
            login: login.clone(),
            publish: publish.iter().map(|it| (*it).to_owned()).collect(),
            subscribe: subscribe.iter().map(|it| (*it).to_owned()).collect(),
        };
        let grants = vec![
            grant(&gate, &["plant/+/set/#"], &["plant/#"]),
            grant(&desk, &["request"], &["plant/#"]),
            grant(&device, &["plant/p1/state"], &["plant/p1/set/#", "request"]),
        ];
        let broker = Broker::guarded((Ipv4Addr::LOCALHOST, 0).into(), grants).unwrap();
        let enter = |login: &Login, filters: &[&str]| {
            connect(LinkOptions {
                url: format!("mqtt://{}", broker.address()).parse().unwrap(),
                client_id: login.user.clone(),
                filters: filters.iter().map(|it| (*it).to_owned()).collect(),
                arrivals_capacity: 16,
                allow_insecure: false,
                login: Some(login.clone()),
                tls: None,
                will: None,
            })
            .unwrap()
        };
        let stranger = Login { user: "gate".to_owned(), ..Login::random("gate") };
        let (refused, _arrivals) = enter(&stranger, &["plant/#"]);
        let patience = Duration::from_secs(20);
        until(patience, || matches!(refused.state(), LinkState::Waiting { .. }));
        refused.close();
        let (device_link, seen) = enter(&device, &["plant/p1/set/#", "request"]);
        let (desk_link, _seen) = enter(&desk, &["plant/#"]);
        let (gate_link, _seen_too) = enter(&gate, &["plant/#"]);
        for link in [&device_link, &desk_link, &gate_link] {
            until(patience, || link.is_listening());
        }
        let send = |link: &Link, topic: &str, payload: &'static str| {
            let publish =
                Publish { topic: topic.to_owned(), payload: payload.into(), qos1: true, ..Publish::default() };
            until(patience, || link.publish(publish.clone()).is_ok());
        };
        // The broker works through one client's messages in their order: once the desk's request is heard, its order was
        // decided on.
        send(&desk_link, "plant/p1/set/run", "from the desk");
        send(&desk_link, "request", "a request");
        send(&gate_link, "plant/p1/set/run", "from the gate");
        let mut heard = Vec::new();
        until(patience, || {
            heard.extend(seen.try_iter().flatten().map(|it| it.payload));
            ["a request", "from the gate"].iter().all(|it| heard.iter().any(|heard| heard == it))
        });
        assert!(!heard.iter().any(|it| it == "from the desk"), "{heard:?}");
    }

    #[test]
    fn a_secured_broker_knows_its_clients_by_the_names_in_their_certificates() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (now() - Duration::from_secs(60), now() + Duration::from_secs(3600));
        let clients = ["desk", "device", "stranger"].map(str::to_owned);
        let made = Authority::set_up(folder.path(), "Demo CA", &clients, from, to).unwrap();
        let grant = |user: &str, publish: &str| Grant {
            login: Login::random(user),
            publish: vec![publish.to_owned()],
            subscribe: vec!["plant/#".to_owned()],
        };
        let grants = vec![grant("desk", "plant/request"), grant("device", "plant/p1")];
        let tls = ServerTls { ca: made.ca.clone(), identity: made.broker.clone() };
        let broker = Broker::secured((Ipv4Addr::LOCALHOST, 0).into(), Some(grants), &tls).unwrap();
        let enter = |name: &str, login: Option<Login>| {
            connect(LinkOptions {
                url: format!("mqtts://localhost:{}", broker.address().port()).parse().unwrap(),
                client_id: format!("client of {name}"),
                filters: vec!["plant/#".to_owned()],
                arrivals_capacity: 16,
                allow_insecure: false,
                login,
                tls: Some(TlsOptions { ca: Some(made.ca.clone()), identity: made.clients.get(name).cloned() }),
                will: None,
            })
            .unwrap()
        };
        let patience = Duration::from_secs(20);
        let refused = |link: &Link| {
            until(patience, || matches!(link.state(), LinkState::Waiting { .. }));
            let LinkState::Waiting { why, .. } = link.state() else { panic!("it was let in") };
            link.close();
            why
        };
        // A certificate to which nothing is granted, though the client calls itself another, and none at all.
        let as_desk = Some(Login { user: "desk".to_owned(), password: "".into() });
        let why = refused(&enter("stranger", as_desk.clone()).0);
        assert!(matches!(why, LinkProblem::NotAuthorized { .. }), "{why}");
        let why = refused(&enter("nobody", as_desk.clone()).0);
        assert!(matches!(why, LinkProblem::NoCertificate { .. }), "{why}");

        let (desk, by_desk) = enter("desk", None);
        let (device, by_device) = enter("device", as_desk);
        for link in [&desk, &device] {
            until(patience, || link.is_listening());
        }
        let send = |link: &Link, topic: &str, payload: &'static str| {
            let publish =
                Publish { topic: topic.to_owned(), payload: payload.into(), qos1: true, ..Publish::default() };
            until(patience, || link.publish(publish.clone()).is_ok());
        };
        send(&device, "plant/p1", "from the device");
        until(patience, || by_desk.try_iter().flatten().any(|it| it.payload == "from the device"));
        // What the desk may say is heard after what it may not.
        send(&desk, "plant/p1", "from the desk");
        send(&desk, "plant/request", "a request");
        let mut heard = Vec::new();
        until(patience, || {
            heard.extend(by_device.try_iter().flatten().map(|it| it.payload));
            heard.iter().any(|it| it == "a request")
        });
        assert!(!heard.iter().any(|it| it == "from the desk"), "{heard:?}");
        assert_eq!(desk.posture().unwrap().peer.as_ref().unwrap().subject, "broker");
    }

    #[track_caller]
    fn until(patience: Duration, mut holds: impl FnMut() -> bool) {
        let began = now();
        while !holds() {
            assert!(now().since(began) < patience, "waited in vain");
            thread::park_timeout(Duration::from_millis(5));
        }
    }
}
