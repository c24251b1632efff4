//! What stands before the embedded broker where it speaks TLS: it ends the encryption, and tells the broker whose certificate
//! each connection has shown.
//!
//! The broker's library tells nothing of certificates to the one that it asks whether a client may enter, only where the
//! client comes from. So each connection is handed on over loopback from a port of its own, under which its name is kept.
//! What comes to the broker from any other port is nobody, and is refused.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use super::posture::common_name;

/// Connections at a time; a demo has a few dozen.
const MOST_CONNECTIONS: usize = 1024;
/// Who has not shown a certificate within this is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// The wait after the system had no socket to give.
const BREATH: Duration = Duration::from_millis(100);

/// Who is at the other end of the connections that were handed on.
#[derive(Debug, Default)]
pub(super) struct Callers(Mutex<HashMap<SocketAddr, String>>);

/// A name under which a connection is known, until it is dropped.
struct Announced {
    callers: Arc<Callers>,
    from: SocketAddr,
}

impl Callers {
    /// The common name in the certificate of who comes from this address. `None`: it was not handed on.
    pub(super) fn name(&self, from: SocketAddr) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&from).cloned()
    }

    fn announce(self: &Arc<Self>, from: SocketAddr, name: String) -> Announced {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(from, name);
        Announced { callers: Arc::clone(self), from }
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        self.callers.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.from);
    }
}

/// Takes connections and hands them on to the broker, until the runtime ends.
pub(super) async fn stand(listener: TcpListener, acceptor: TlsAcceptor, broker: SocketAddr, callers: Arc<Callers>) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        // Closed is what the semaphore never is.
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, from)) => {
                tokio::spawn(receive(stream, from, acceptor.clone(), broker, Arc::clone(&callers), place));
            }
            Err(error) => {
                warn!("the embedded broker cannot take a connection: {error}");
                sleep(BREATH).await;
            }
        }
    }
}

async fn receive(
    stream: TcpStream,
    from: SocketAddr,
    acceptor: TlsAcceptor,
    broker: SocketAddr,
    callers: Arc<Callers>,
    _place: OwnedSemaphorePermit,
) {
    match timeout(HANDSHAKE, hand_on(stream, &acceptor, broker, &callers)).await {
        Ok(Ok(carried)) => carried.run().await,
        Ok(Err(error)) => warn!("the embedded broker does not let {from} in: {error}"),
        Err(_) => warn!("the embedded broker does not let {from} in: it shows no certificate"),
    }
}

/// Both ends of a connection that was handed on.
struct Carried {
    // Dropped first, so that the name is gone before its port can be another's.
    announced: Announced,
    outside: tokio_rustls::server::TlsStream<TcpStream>,
    inside: TcpStream,
}

async fn hand_on(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    broker: SocketAddr,
    callers: &Arc<Callers>,
) -> io::Result<Carried> {
    stream.set_nodelay(true)?;
    let outside = acceptor.accept(stream).await?;
    let shown = outside.get_ref().1.peer_certificates().and_then(|it| it.first());
    let name = shown.and_then(|it| common_name(it));
    let name = name.ok_or_else(|| io::Error::other("its certificate has no name, or several"))?;
    let socket = TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    // Before it connects: the broker asks at once.
    let announced = callers.announce(socket.local_addr()?, name);
    let inside = socket.connect(broker).await?;
    inside.set_nodelay(true)?;
    Ok(Carried { announced, outside, inside })
}

impl Carried {
    async fn run(mut self) {
        let ended = copy_bidirectional(&mut self.outside, &mut self.inside).await;
        debug!("the connection from {} has ended: {ended:?}", self.announced.from);
    }
}
