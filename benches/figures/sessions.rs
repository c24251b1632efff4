//! A session on disk: writing it, opening it, and the state at any instant, against MCAP as its own library writes and
//! reads it.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use mcap::records::MessageHeader;
use mcap::{Compression, Summary, WriteOptions};
use pollux::link::Arrival;
use pollux::session::recording::{About, Recording, SITE_ATTACHMENT, SealWith, SessionWriter};
use pollux::session::{Follower, Past};
use pollux::signal::Timestamp;
use pollux::site::Site;
use pollux::trust::SecretKey;
use pollux::trust::seals::{SealOptions, SessionId, verify};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::plant::{self, BEGIN, N_SIGNALS, Plant};
use crate::{median, now};

/// The state of all signals is written at least each so many seconds of the session, as ingest does.
const KEYFRAME_SECS: i64 = 10;
/// A chunk of columns is closed from so many bytes on, as an export does.
const PACKED_BYTES: usize = 2 << 20;
/// So many signals speak once at the beginning and never again, where some are silent.
const SILENT: u32 = N_SIGNALS / 100;
/// Instants that are sought.
const N_SEEKS: usize = 40;

/// Prints bytes and rates of writing, the time to open, and the time of a seek.
pub(crate) fn run() {
    let folder = tempfile::tempdir().unwrap();
    let (site, text) = plant::site(folder.path());
    println!("sessions: {N_SIGNALS} signals at 1 Hz as JSON; n samples = n messages");
    let path = |name: &str| folder.path().join(name);
    let mut opened = Vec::new();
    for n_secs in [1_000, 10_000] {
        let ours = path(&format!("{n_secs}.mcap"));
        let wrote = write(&ours, &site, &text, n_secs, 0, Made::AtOnce);
        opened.push(open(&ours, &site));
        if n_secs == 10_000 {
            let live = path("live.mcap");
            let wrote_live = write(&live, &site, &text, 1_000, 0, Made::Live);
            seals(&path, &site, &text);
            let packed = path("packed.mcap");
            let wrote_packed = write(&packed, &site, &text, 2_000, 0, Made::Packed);
            let indexed = path("indexed.mcap");
            let peer = write_indexed(&indexed, n_secs, 0);
            println!(
                "  written: {:.2} B a sample live (a chunk each 0.8 s; aim 16), {:.2} with chunks of 1 MiB, MCAP with its index {:.2}",
                wrote_live.bytes_per_sample, wrote.bytes_per_sample, peer.bytes_per_sample
            );
            println!(
                "  rate: {:.2} M samples/s, MCAP with its index {:.2}: ratio {:.2}",
                wrote.millions_per_sec,
                peer.millions_per_sec,
                wrote.millions_per_sec / peer.millions_per_sec
            );
            println!(
                "  packed for keeping: {:.2} B a sample (aim 4), {:.2} M samples/s (aim 1.5), read back {:.2} M samples/s, a state {:.0} ms",
                wrote_packed.bytes_per_sample,
                wrote_packed.millions_per_sec,
                read_all(&packed),
                seek_millis(&packed, &site)
            );
            seeks("dense", &ours, &indexed, &site, n_secs);
            let (ours, indexed) = (path("silent.mcap"), path("silent-indexed.mcap"));
            write(&ours, &site, &text, n_secs, SILENT, Made::AtOnce);
            write_indexed(&indexed, n_secs, SILENT);
            seeks("1 % silent since the start", &ours, &indexed, &site, n_secs);
        }
    }
    let rerun = rerun(folder.path());
    println!(
        "  open to the first complete state: {:.1} ms for 1 M samples, {:.1} ms for 10 M (at most 3 ×: {:.2} ×), {:.1} MiB more memory",
        opened[0].millis,
        opened[1].millis,
        opened[1].millis / opened[0].millis,
        opened[1].mebibytes
    );
    match rerun {
        Ok(millis) => println!(
            "  Rerun's viewer takes {millis:.0} ms more for the same 10 M than for none: ratio {:.3} (aim 0.1)",
            opened[1].millis / millis
        ),
        Err(why) => println!("  Rerun's viewer was not measured: {why}"),
    }
}

/// What sealing costs the recorder, and how fast a sealed session is looked over.
fn seals(path: &impl Fn(&str) -> PathBuf, site: &Arc<Site>, text: &str) {
    let rates = |made: Made| {
        let rate = |n: i32| write(&path(&format!("{made:?}-{n}.mcap")), site, text, 1_000, 0, made);
        let all: Vec<Written> = (0..5).map(rate).collect();
        let bytes = all[0].bytes_per_sample;
        (median(all.iter().map(|it| it.millions_per_sec).collect()), bytes)
    };
    let (plain, sealed) = (rates(Made::Plain), rates(Made::Live));
    let file = path("Live-0.mcap");
    let megabytes = fs::metadata(&file).unwrap().len() as f64 / 1e6;
    let rate = || {
        let began = now();
        assert!(verify(File::open(&file).unwrap(), &SealOptions::default()).unwrap().is_good());
        megabytes / began.elapsed().as_secs_f64()
    };
    println!(
        "  sealed: {:.2} of the rate without seals (a chunk and a seal each 0.8 s), {:.2} B a sample more; verified {:.0} MB/s",
        sealed.0 / plain.0,
        sealed.1 - plain.1,
        median((0..5).map(|_| rate()).collect())
    );
}

struct Written {
    bytes_per_sample: f64,
    millions_per_sec: f64,
}

/// The messages of a second. Signals that are silent spoke in the first one alone.
fn spoken(plant: &mut Plant, second: i64, silent: u32) -> Vec<Arrival> {
    let mut messages = plant.messages();
    if second > 0 {
        messages.drain(..silent as usize);
    }
    messages
}

/// How a session is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// As it happens, without seals.
    Plain,
    /// As it happens: a chunk each 0.8 s.
    Live,
    /// Of messages that are there already: chunks of 1 MiB.
    AtOnce,
    /// The same, packed into columns.
    Packed,
}

/// Messages that can be read of a file in a second, in millions.
fn read_all(path: &Path) -> f64 {
    let began = now();
    let recording = Recording::open(path).unwrap();
    let n: usize = (0..recording.n_chunks()).map(|it| recording.items(it).0.len()).sum();
    n as f64 / 1e6 / began.elapsed().as_secs_f64()
}

/// The time to find the state at an instant whose chunk is not at hand, ms.
fn seek_millis(path: &Path, site: &Arc<Site>) -> f64 {
    let recording = Arc::new(Recording::open(path).unwrap());
    let (from, to) = recording.span().unwrap();
    let times = (1..8).map(|it| {
        let at = Timestamp::from_nanos(from.as_nanos() + (to.as_nanos() - from.as_nanos()) / 8 * it);
        let mut past = Past::new(Arc::clone(&recording), Arc::clone(site));
        let began = now();
        past.seek(at);
        began.elapsed().as_secs_f64() * 1e3
    });
    median(times.collect())
}

fn write(path: &Path, site: &Arc<Site>, text: &str, n_secs: i64, silent: u32, made: Made) -> Written {
    let files = [(SITE_ATTACHMENT.to_owned(), text.as_bytes().to_vec())];
    let sink = BufWriter::with_capacity(1 << 18, File::create(path).unwrap());
    let seal = SealWith { key: SecretKey::generate(), session: SessionId::new(), clock: pollux::link::now };
    let mut writer = match made {
        Made::Plain => SessionWriter::new(sink, &About::default(), &files).unwrap(),
        Made::Live | Made::AtOnce | Made::Packed => {
            SessionWriter::sealed(sink, &About::default(), &files, seal).unwrap()
        }
    };
    writer = match made {
        Made::Plain | Made::Live => writer,
        Made::AtOnce => writer.with_chunk_secs(f64::INFINITY),
        Made::Packed => writer.packed().unwrap(),
    };
    let before = writer.n_bytes();
    let (mut plant, mut follower) = (Plant::new(), Follower::new(site));
    let (mut n, mut secs) = (0, 0.0);
    for second in 0..n_secs {
        let messages = spoken(&mut plant, second, silent);
        n += messages.len();
        // Columns end with their chunk, and the state stands before each.
        let full = second == 0 || writer.open_bytes() >= PACKED_BYTES;
        let due = if made == Made::Packed { full } else { second % KEYFRAME_SECS == 0 };
        let fold = due.then(|| follower.fold().clone());
        let began = now();
        if let Some(fold) = &fold {
            writer.keyframe(fold, site).unwrap();
        }
        for message in &messages {
            writer.message(message).unwrap();
        }
        secs += began.elapsed().as_secs_f64();
        messages.iter().for_each(|it| drop(follower.take(it)));
    }
    let began = now();
    writer.finish().unwrap().flush().unwrap();
    secs += began.elapsed().as_secs_f64();
    let bytes = fs::metadata(path).unwrap().len() - before;
    Written { bytes_per_sample: bytes as f64 / n as f64, millions_per_sec: n as f64 / 1e6 / secs }
}

/// The same messages as MCAP's library writes them by itself: with message indexes, zstd, chunks of 1 MiB.
fn write_indexed(path: &Path, n_secs: i64, silent: u32) -> Written {
    let sink = BufWriter::with_capacity(1 << 18, File::create(path).unwrap());
    let options =
        WriteOptions::new().compression(Some(Compression::Zstd)).compression_level(1).chunk_size(Some(1 << 20));
    let mut writer = options.create(sink).unwrap();
    let mut plant = Plant::new();
    let mut channels = HashMap::new();
    let (mut n, mut secs) = (0, 0.0);
    for second in 0..n_secs {
        let messages = spoken(&mut plant, second, silent);
        let began = now();
        for message in &messages {
            let channel_id = *channels.entry(message.topic.clone()).or_insert_with(|| {
                let topic = std::str::from_utf8(&message.topic).unwrap();
                writer.add_channel(0, topic, "json", &Default::default()).unwrap()
            });
            let log_time = message.received.as_nanos() as u64;
            let header = MessageHeader { channel_id, sequence: n as u32, log_time, publish_time: log_time };
            writer.write_to_known_channel(&header, &message.payload).unwrap();
            n += 1;
        }
        secs += began.elapsed().as_secs_f64();
    }
    let began = now();
    writer.finish().unwrap();
    secs += began.elapsed().as_secs_f64();
    let bytes = fs::metadata(path).unwrap().len();
    Written { bytes_per_sample: bytes as f64 / n as f64, millions_per_sec: n as f64 / 1e6 / secs }
}

struct Opened {
    millis: f64,
    mebibytes: f64,
}

/// Opens a session and finds its last complete state, again and again.
fn open(path: &Path, site: &Arc<Site>) -> Opened {
    let mut kept = Vec::new();
    let before = resident();
    let times = (0..5).map(|_| {
        let began = now();
        let recording = Arc::new(Recording::open(path).unwrap());
        let (_, to) = recording.span().unwrap();
        let mut past = Past::new(recording, Arc::clone(site));
        let fold = past.seek(to);
        let millis = began.elapsed().as_secs_f64() * 1e3;
        assert!(fold.cells().iter().all(|it| it.value.is_some()) && fold.cells().len() == N_SIGNALS as usize);
        kept.push(past);
        millis
    });
    let millis = median(times.collect());
    let mebibytes = resident().saturating_sub(before) as f64 / 5.0 / (1 << 20) as f64;
    Opened { millis, mebibytes }
}

fn seeks(name: &str, ours: &Path, indexed: &Path, site: &Arc<Site>, n_secs: i64) {
    let mut random = StdRng::seed_from_u64(11);
    let at = |random: &mut StdRng| BEGIN + random.random_range(n_secs / 10..n_secs) * 1_000_000_000;
    let instants: Vec<i64> = (0..N_SEEKS).map(|_| at(&mut random)).collect();
    let recording = Arc::new(Recording::open(ours).unwrap());
    let mut past = Past::new(recording, Arc::clone(site));
    let (mut our_times, mut states) = (Vec::new(), Vec::new());
    for &at in &instants {
        let began = now();
        let fold = past.seek(Timestamp::from_nanos(at));
        our_times.push(began.elapsed().as_secs_f64() * 1e3);
        states.push(fold);
    }
    // In memory, as the library would have it mapped.
    let bytes = fs::read(indexed).unwrap();
    let summary = Summary::read(&bytes).unwrap().unwrap();
    let mut peer_times = Vec::new();
    for (&at, fold) in instants.iter().zip(&states) {
        let began = now();
        let state = indexed_state(&bytes, &summary, at);
        peer_times.push(began.elapsed().as_secs_f64() * 1e3);
        assert_eq!(state.len(), N_SIGNALS as usize);
        for signal in &site.signals {
            let payload = std::str::from_utf8(&state[&*signal.topic]).unwrap();
            let ours = fold.get(signal.id).value.as_ref().unwrap().as_number().unwrap();
            assert_eq!(payload, format!("{{\"v\":{ours}}}"), "both found the same");
        }
    }
    let (ours, peer) = (median(our_times), median(peer_times));
    println!(
        "  state of {N_SIGNALS} signals, {name}: {ours:.1} ms, MCAP with its index {peer:.1} ms: ratio {:.2}",
        ours / peer
    );
}

/// The last message of each topic at or before an instant, with the index that says which chunks hold which topics.
fn indexed_state(bytes: &[u8], summary: &Summary, at: i64) -> HashMap<String, Vec<u8>> {
    let mut missing: HashMap<u16, String> = summary.channels.iter().map(|(id, it)| (*id, it.topic.clone())).collect();
    let mut found = HashMap::new();
    let at = at as u64;
    let first = summary.chunk_indexes.partition_point(|it| it.message_start_time <= at);
    for chunk in summary.chunk_indexes[..first].iter().rev() {
        if missing.is_empty() {
            break;
        }
        if !chunk.message_index_offsets.keys().any(|it| missing.contains_key(it)) {
            continue;
        }
        let mut latest: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
        for message in summary.stream_chunk(bytes, chunk).unwrap() {
            let message = message.unwrap();
            if message.log_time <= at && missing.contains_key(&message.channel.id) {
                latest.insert(message.channel.id, message.data.to_vec());
            }
        }
        for (id, data) in latest {
            found.extend(missing.remove(&id).map(|topic| (topic, data)));
        }
    }
    found
}

/// How much longer Rerun's viewer takes to receive the same samples than to receive one, ms.
fn rerun(folder: &Path) -> Result<f64, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/figures/rerun_files.py");
    let made = Command::new("python3").arg(&script).arg(folder).stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let made = made.map_err(|why| why.to_string())?;
    if !made.status.success() {
        return Err("pip install rerun-sdk numpy".to_owned());
    }
    let time = |name: &str| -> Result<f64, String> {
        let file: PathBuf = folder.join(name);
        let times: Result<Vec<f64>, String> = (0..3)
            .map(|_| {
                let began = now();
                let run = Command::new("rerun")
                    .arg(&file)
                    .args(["--test-receive"])
                    .output()
                    .map_err(|why| why.to_string())?;
                if !run.status.success() {
                    return Err(String::from_utf8_lossy(&run.stderr).into_owned());
                }
                Ok(began.elapsed().as_secs_f64() * 1e3)
            })
            .collect();
        Ok(median(times?))
    };
    Ok(time("ten_millions.rrd")? - time("one.rrd")?)
}

/// Memory of this process, bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}
