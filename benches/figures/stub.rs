//! How much ingest can carry: a stub of a broker blasts messages that were encoded beforehand over loopback.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::clients::{Pollux, bare};
use crate::messages::{self, packets};
use crate::{median, now};

const N_MESSAGES: usize = 1_000_000;
const N_RUNS: usize = 5;

/// Prints messages per second of both, and their ratio.
pub(crate) fn run() {
    println!("stub broker: {N_MESSAGES} messages over {} topics, half bare, half JSON", messages::N_TOPICS);
    let site = messages::site();
    let packets = Arc::new(packets(N_MESSAGES));
    let (mut bares, mut ours) = (Vec::new(), Vec::new());
    for run in 1..=N_RUNS {
        let (port, begun) = serve(Arc::clone(&packets));
        let outcome = bare(port, N_MESSAGES, || ()).join().unwrap();
        bares.push(rate(begun.recv().unwrap(), outcome.ended));
        let (port, begun) = serve(Arc::clone(&packets));
        let outcome = Pollux::connect(port, &site).take(N_MESSAGES, Duration::from_millis(16));
        ours.push(rate(begun.recv().unwrap(), outcome.ended));
        println!("  run {run}: bare {:.2} M/s, Pollux {:.2} M/s", bares[run - 1], ours[run - 1]);
    }
    let (bare, pollux) = (median(bares), median(ours));
    println!("  medians: bare {bare:.2} M/s, Pollux {pollux:.2} M/s: ratio {:.2} (aim 0.65), 0 lost", pollux / bare);
}

fn rate(began: Instant, ended: Instant) -> f64 {
    N_MESSAGES as f64 / 1e6 / ended.duration_since(began).as_secs_f64()
}

/// A broker for one client: answers CONNECT, and the first SUBSCRIBE with the blast. Tells when that begins.
fn serve(packets: Arc<Vec<u8>>) -> (u16, mpsc::Receiver<Instant>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, begun) = mpsc::channel();
    thread::Builder::new()
        .name("stub".to_owned())
        .spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            read_packet(&mut stream);
            stream.write_all(&[0x20, 3, 0, 0, 0]).unwrap();
            let subscribe = read_packet(&mut stream);
            let n_filters = count_filters(&subscribe);
            let mut answer = vec![0x90, 3 + n_filters as u8, subscribe[0], subscribe[1], 0];
            answer.extend(vec![0; n_filters]);
            stream.write_all(&answer).unwrap();
            tell.send(now()).unwrap();
            stream.write_all(&packets).unwrap();
            // Stays until the client goes, which it may do at any point.
            drop(stream.read_to_end(&mut Vec::new()));
        })
        .unwrap();
    (port, begun)
}

/// A packet without its fixed header.
fn read_packet(stream: &mut TcpStream) -> Vec<u8> {
    let mut byte = [0];
    stream.read_exact(&mut byte).unwrap();
    let (mut length, mut shift) = (0, 0);
    loop {
        stream.read_exact(&mut byte).unwrap();
        length |= usize::from(byte[0] & 0x7f) << shift;
        shift += 7;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    body
}

fn count_filters(subscribe: &[u8]) -> usize {
    // Packet id, no properties, then filters with their options.
    let (mut at, mut n) = (3, 0);
    while at < subscribe.len() {
        at += 2 + usize::from(u16::from_be_bytes([subscribe[at], subscribe[at + 1]])) + 1;
        n += 1;
    }
    n
}
