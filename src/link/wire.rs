//! The socket under the client, encrypted or not: counts its bytes, and keeps the first ones, from which a failure is told.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::tls_problem::is_tls;

/// How many of a connection's first bytes are kept.
const N_FIRST: usize = 32;

/// What is known of a socket, shared with the thread that explains failures.
#[derive(Debug, Default)]
pub(super) struct Meter {
    n_read: AtomicU64,
    first: Mutex<Vec<u8>>,
}

impl Meter {
    /// Bytes read since the program started.
    pub(super) fn n_read(&self) -> u64 {
        self.n_read.load(Ordering::Relaxed)
    }

    /// The first bytes of the connection at hand.
    pub(super) fn first(&self) -> Vec<u8> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn begin(&self) {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn take(&self, bytes: &[u8], is_first: &mut bool) {
        self.n_read.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if *is_first {
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            let room = N_FIRST - first.len();
            first.extend_from_slice(&bytes[..bytes.len().min(room)]);
            *is_first = first.len() < N_FIRST;
        }
    }
}

/// An open socket.
pub(crate) enum Wire {
    /// Whoever is on the way reads and changes what goes through.
    Plain(TcpStream),
    /// Encrypted, to one who has shown a certificate.
    Secure(Box<TlsStream<TcpStream>>),
}

/// A socket that is metered: what the client reads, decrypted.
pub(super) struct Metered {
    wire: Wire,
    meter: Arc<Meter>,
    is_first: bool,
}

impl Metered {
    pub(super) fn new(wire: Wire, meter: Arc<Meter>) -> Self {
        meter.begin();
        Self { wire, meter, is_first: true }
    }
}

impl Wire {
    /// One who refuses us says why and closes. What was said can still be read when nothing can be written any more, and it
    /// tells more than that the connection is gone.
    fn last_word(&mut self, cx: &mut Context<'_>, error: io::Error) -> io::Error {
        let Self::Secure(stream) = self else { return error };
        let mut unread = [0; 64];
        match Pin::new(stream).poll_read(cx, &mut ReadBuf::new(&mut unread)) {
            Poll::Ready(Err(said)) if is_tls(&said) => said,
            Poll::Ready(_) | Poll::Pending => error,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Secure(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = match this {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Secure(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        polled.map_err(|it| this.last_word(cx, it))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = match this {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Secure(stream) => Pin::new(stream).poll_flush(cx),
        };
        polled.map_err(|it| this.last_word(cx, it))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let this = &mut *self;
        let polled = Pin::new(&mut this.wire).poll_read(cx, buf);
        this.meter.take(&buf.filled()[before..], &mut this.is_first);
        polled
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
