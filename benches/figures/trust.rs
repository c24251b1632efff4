//! What verification costs: a core's rate against bare Ed25519, and 500 devices that sign 10 times a second against the same
//! ones that do not.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bevy::prelude::*;
use ed25519_dalek::{Signature, Signer, SigningKey};
use pollux::Headless;
use pollux::codec::{PackedRow, Quality, pack};
use pollux::link;
use pollux::session::{Keys, Session, SessionPlugin};
use pollux::signal::Timestamp;
use pollux::site::{Ids, Site, load};
use pollux::trust::{
    BESIDE_TYPE, KeyDoc, KeyRole, Look, Message, Pen, Registry, SAMPLES_TYPE, SIGNATURE_PROPERTY, SecretKey, Verifier,
};

use crate::mosquitto::Mosquitto;
use crate::{median, now};

const N_ENVELOPES: usize = 8_000;
const N_RUNS: usize = 5;
const N_DEVICES: usize = 500;
/// Envelopes a second of each device.
const PER_SEC: f64 = 10.0;
const SECS: f64 = 10.0;
const FRAME: Duration = Duration::from_millis(16);

/// Prints the rates and their ratio, then frames and latency with and without signatures.
pub(crate) fn run() {
    println!("verification, one core: {N_ENVELOPES} envelopes of {N_DEVICES} devices");
    let folder = tempfile::tempdir().unwrap();
    let signed = site_in(&folder.path().join("signed"), "Required");
    rates(&signed);
    let plain = site_in(&folder.path().join("plain"), "None");
    println!("{N_DEVICES} devices, {PER_SEC} messages/s each, through Mosquitto, {SECS} s");
    let without = stream(&plain, folder.path().join("plain/site.ron").as_path(), false);
    let with = stream(&signed, folder.path().join("signed/site.ron").as_path(), true);
    println!(
        "  frame p50 {:.2} ms signed, {:.2} ms unsigned: {:.2}",
        with.frame_p50,
        without.frame_p50,
        with.frame_p50 / without.frame_p50
    );
    println!("  frame p99 {:.2} ms signed, {:.2} ms unsigned", with.frame_p99, without.frame_p99);
    println!("  device to decoded p50 {:.2} ms signed, {:.2} ms unsigned", with.delay_p50, without.delay_p50);
    println!("  device to decoded p99 {:.2} ms signed, {:.2} ms unsigned", with.delay_p99, without.delay_p99);
}

/// A site of devices, each with a signal of its own.
fn site_in(folder: &Path, signing: &str) -> Arc<Site> {
    let mut twins = String::new();
    for n in 0..N_DEVICES {
        writeln!(
            twins,
            "(id: \"d{n}\", kind: Asset, device: (id: \"d{n}\", period: 0.1, signing: {signing}), signals: [\
             (id: \"v\", topic: \"bench/d{n}\", path: \"/v\", time: \"/t\")]),"
        )
        .unwrap();
    }
    let text = format!("(name: \"Bench\", place: (latitude: 0, longitude: 0), twins: [{twins}])\n");
    std::fs::create_dir_all(folder).unwrap();
    let path = folder.join("site.ron");
    std::fs::write(&path, text).unwrap();
    match load(&path, &mut Ids::default()) {
        Ok(loaded) => Arc::new(loaded.site),
        Err(error) => panic!("{error}"),
    }
}

fn registry() -> (Vec<Pen>, Arc<Registry>) {
    let pens: Vec<Pen> = (0..N_DEVICES).map(|_| Pen::new(SecretKey::generate(), 1)).collect();
    let keys = pens.iter().enumerate().map(|(n, it)| KeyDoc::new(format!("d{n}"), KeyRole::Device, it.key())).collect();
    (pens, Arc::new(Registry::made(keys, link::now(), &SecretKey::generate())))
}

fn rates(site: &Site) {
    for (name, beside, bytes) in [("beside JSON", true, 216), ("within CBOR, 4 values", false, 336)] {
        let (mut bares, mut own) = (Vec::new(), Vec::new());
        for _ in 0..N_RUNS {
            bares.push(bare(bytes));
            own.push(ours(site, beside));
        }
        let (bare, own) = (median(bares), median(own));
        println!(
            "  {name}: {own:.0}/s; bare ed25519-dalek over {bytes} bytes {bare:.0}/s: ratio {:.2} (aim 0.8)",
            own / bare
        );
    }
}

/// `verify_strict` over as many bytes as an envelope's signature covers.
fn bare(bytes: usize) -> f64 {
    let keys: Vec<SigningKey> = (0..N_DEVICES).map(|it| SigningKey::from_bytes(&[it as u8; 32])).collect();
    let messages: Vec<Vec<u8>> = (0..N_ENVELOPES).map(|it| (it as u64).to_le_bytes().repeat(bytes / 8)).collect();
    let signed: Vec<Signature> = messages.iter().enumerate().map(|(n, it)| keys[n % N_DEVICES].sign(it)).collect();
    let publics: Vec<_> = keys.iter().map(SigningKey::verifying_key).collect();
    let began = now();
    let good = (0..N_ENVELOPES).filter(|&n| publics[n % N_DEVICES].verify_strict(&messages[n], &signed[n]).is_ok());
    assert_eq!(good.count(), N_ENVELOPES);
    N_ENVELOPES as f64 / began.elapsed().as_secs_f64()
}

/// All checks, from the bytes as they come in.
fn ours(site: &Site, beside: bool) -> f64 {
    let (mut pens, registry) = registry();
    let mut verifier = Verifier::new(site, Some(registry)).unwrap();
    let begin = link::now();
    let made: Vec<(String, Vec<u8>, Option<String>, Timestamp)> = (0..N_ENVELOPES)
        .map(|n| {
            let (device, at) = (n % N_DEVICES, begin + Duration::from_millis(n as u64));
            let topic = format!("bench/d{device}");
            if beside {
                let payload = format!("{{\"t\":{},\"v\":{}.25}}", at.as_nanos() / 1_000_000, n).into_bytes();
                let signature = pens[device].sign(BESIDE_TYPE, &topic, at, &payload);
                return (topic, payload, Some(signature), at);
            }
            let row = |value: usize| PackedRow {
                signal: format!("d{device}/v"),
                at,
                value: (value as f64).into(),
                quality: Quality::Good,
            };
            let rows: Vec<PackedRow> = (n..n + 4).map(row).collect();
            let sealed = pens[device].seal(SAMPLES_TYPE, &topic, at, &pack(&rows));
            (topic, sealed, None, at)
        })
        .collect();
    let began = now();
    for (topic, payload, signature, received) in &made {
        let signature = signature.as_deref();
        let message = Message { topic: topic.as_bytes(), payload, signature, received: *received, retained: false };
        let look = verifier.look(&message);
        assert!(matches!(look, Look::Pass(_) | Look::Packed(..)), "{look:?}");
    }
    N_ENVELOPES as f64 / began.elapsed().as_secs_f64()
}

/// What a run came to, milliseconds.
struct Streamed {
    frame_p50: f64,
    frame_p99: f64,
    delay_p50: f64,
    delay_p99: f64,
}

/// A whole headless Pollux, frame by frame, while all devices speak.
fn stream(site: &Arc<Site>, path: &Path, signed: bool) -> Streamed {
    let (pens, registry) = registry();
    let broker = Mosquitto::start();
    let mut session = SessionPlugin::new(path.to_owned(), Arc::clone(site), Ids::default())
        .with_broker(format!("mqtt://127.0.0.1:{}", broker.port).parse().unwrap());
    if signed {
        session = session.with_keys(Keys { registry: Some(registry), ..Keys::default() });
    }
    let mut app = App::new();
    app.add_plugins(MinimalPlugins).add_plugins(Headless { session });
    app.finish();
    app.cleanup();
    while !app.world().resource::<Session>().link.as_ref().is_some_and(link::Link::is_connected) {
        app.update();
        thread::sleep(Duration::from_millis(5));
    }
    thread::sleep(Duration::from_millis(300));
    let port = broker.port;
    let publisher = thread::Builder::new().spawn(move || publish(port, pens, signed)).unwrap();
    let mut frames = Vec::new();
    while !publisher.is_finished() {
        let began = now();
        app.update();
        let took = began.elapsed();
        frames.push(took.as_secs_f64() * 1e3);
        thread::sleep(FRAME.saturating_sub(took));
    }
    let sent = publisher.join().unwrap();
    let until = now() + Duration::from_secs(5);
    let tally = loop {
        app.update();
        let tally = app.world().resource::<Session>().tally.snapshot();
        if tally.samples >= sent || now() > until {
            break tally;
        }
    };
    assert_eq!((tally.samples, tally.refused), (sent, 0), "nothing is lost, and all is good");
    frames.sort_by(f64::total_cmp);
    let at = |share: f64| frames[((frames.len() - 1) as f64 * share) as usize];
    let (delay_p50, delay_p99) = (tally.delay_p50_ms.unwrap_or(f64::NAN), tally.delay_p99_ms.unwrap_or(f64::NAN));
    Streamed { frame_p50: at(0.5), frame_p99: at(0.99), delay_p50, delay_p99 }
}

/// Each device in its turn, evenly spread. Returns how many messages were sent.
fn publish(port: u16, mut pens: Vec<Pen>, signed: bool) -> u64 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(b"\x10\x10\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x03pub").unwrap();
    let n = (N_DEVICES as f64 * PER_SEC * SECS) as usize;
    let began = now();
    for turn in 0..n {
        let due = Duration::from_secs_f64(turn as f64 / (N_DEVICES as f64 * PER_SEC));
        thread::sleep(due.saturating_sub(began.elapsed()));
        let device = turn % N_DEVICES;
        let (topic, at) = (format!("bench/d{device}"), link::now());
        let millis = at.as_nanos() as f64 / 1e6;
        let payload = format!("{{\"t\":{millis:.3},\"v\":{turn}}}");
        let signature = signed.then(|| pens[device].sign(BESIDE_TYPE, &topic, at, payload.as_bytes()));
        stream.write_all(&packet(&topic, payload.as_bytes(), signature.as_deref())).unwrap();
    }
    stream.write_all(&[0xe0, 0]).unwrap();
    n as u64
}

/// A PUBLISH packet (MQTT 5, `QoS` 0), with a signature as a user property.
fn packet(topic: &str, payload: &[u8], signature: Option<&str>) -> Vec<u8> {
    let text = |it: &str| [&(it.len() as u16).to_be_bytes()[..], it.as_bytes()].concat();
    let properties = signature.map_or_else(Vec::new, |it| [vec![0x26], text(SIGNATURE_PROPERTY), text(it)].concat());
    let body = [text(topic), variable(properties.len()), properties, payload.to_vec()].concat();
    [vec![0x30], variable(body.len()), body].concat()
}

/// A length as MQTT writes it.
fn variable(mut length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (length % 128) as u8;
        length /= 128;
        bytes.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            return bytes;
        }
    }
}
