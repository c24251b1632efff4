//! The socket under the client: counts its bytes, and keeps the first ones, from which a failure is told.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

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

/// A TCP stream that is metered.
pub(super) struct Metered {
    stream: TcpStream,
    meter: Arc<Meter>,
    is_first: bool,
}

impl Metered {
    pub(super) fn new(stream: TcpStream, meter: Arc<Meter>) -> Self {
        meter.begin();
        Self { stream, meter, is_first: true }
    }
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let this = &mut *self;
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        this.meter.take(&buf.filled()[before..], &mut this.is_first);
        polled
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
