//! Half an hour of `pollux record` at 20,000 samples a second through Mosquitto: nothing is lost, and memory stays flat.
//!
//! `POLLUX_SOAK_MINUTES` makes it shorter or longer.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pollux::session::recording::Recording;

use crate::messages::{self, packets};
use crate::mosquitto::Mosquitto;
use crate::now;

/// Samples a second; each is a message.
const PER_SEC: usize = 20_000;
/// Messages that are written at once.
const BURST: usize = 200;
/// Memory is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// And counts for the slope from here on, as a share of the run.
const WARM_UP: f64 = 0.25;

/// Prints the slope of the memory, bytes a sample, and that nothing is lost.
pub(crate) fn run() {
    let minutes: f64 = std::env::var("POLLUX_SOAK_MINUTES").ok().and_then(|it| it.parse().ok()).unwrap_or(30.0);
    println!("soak: pollux record, {PER_SEC} samples/s through Mosquitto for {minutes} min");
    let folder = tempfile::tempdir().unwrap();
    let (_, text) = messages::site_in(folder.path());
    fs::write(folder.path().join("site.ron"), text).unwrap();
    let broker = Mosquitto::start();
    let out = folder.path().join("soak.mcap");
    let url = format!("mqtt://127.0.0.1:{}", broker.port);
    let recorder = Command::new(env!("CARGO_BIN_EXE_pollux"))
        .args(["record", "--broker", &url, "--out"])
        .arg(&out)
        .args(["--for", &format!("{}s", minutes * 60.0 + 20.0)])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It has subscribed by then; what is lost later is told by the counts.
    thread::sleep(Duration::from_secs(5));
    let n_messages = (minutes * 60.0) as usize * PER_SEC;
    let ended = Arc::new(AtomicBool::new(false));
    let memory = {
        let (ended, pid) = (Arc::clone(&ended), recorder.id());
        thread::Builder::new().spawn(move || follow_memory(pid, &ended)).unwrap()
    };
    broker.publish_paced(&packets(messages::N_TOPICS * BURST), n_messages / BURST, BURST, PER_SEC);
    ended.store(true, Ordering::Relaxed);
    let memory = memory.join().unwrap();
    let ran = recorder.wait_with_output();
    let report = ran.map(|it| String::from_utf8_lossy(&it.stdout).into_owned()).unwrap();
    let recording = Recording::open(&out).unwrap();
    let recorded: u64 = recording.counts.iter().filter(|it| it.0.starts_with("bench/")).map(|it| it.1).sum();
    println!("{}", report.trim());
    println!("  sent {n_messages}, recorded {recorded}: {} lost", n_messages as u64 - recorded);
    let warm: Vec<(f64, f64)> = memory.iter().copied().skip((memory.len() as f64 * WARM_UP) as usize).collect();
    let (first, last) = (warm.first().unwrap().1, warm.last().unwrap().1);
    println!(
        "  memory {first:.1} MiB after warm-up, {last:.1} MiB at the end: slope {:.3} MiB/min (aim 0.1)",
        slope(&warm) * 60.0
    );
    assert_eq!(recorded, n_messages as u64, "nothing may be lost");
}

/// Seconds and MiB, until it has ended.
fn follow_memory(pid: u32, ended: &AtomicBool) -> Vec<(f64, f64)> {
    let began = now();
    let mut seen = Vec::new();
    while !ended.load(Ordering::Relaxed) {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).unwrap_or("0");
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
        seen.push((began.elapsed().as_secs_f64(), kib / 1024.0));
        thread::sleep(LOOK_EVERY);
    }
    seen
}

/// Of the straight line that fits best (least squares).
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|it| it.0), mean(|it| it.1));
    let covariance: f64 = points.iter().map(|it| (it.0 - x) * (it.1 - y)).sum();
    covariance / points.iter().map(|it| (it.0 - x).powi(2)).sum::<f64>()
}
