//! What a sample takes in memory, and what writing and plotting it costs.

use pollux::session::History;
use pollux::signal::{Sample, SignalId, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::{median, now};

const N_SIGNALS: u32 = 1000;
const N_SECS: i64 = 4 * 1024 + 256;
const BEGIN: i64 = 1_769_860_800_000_000_000;
const N_POINTS: i64 = 1_000_000;

/// Prints bytes a sample, the rate of writing, and the time of a plot.
pub(crate) fn run() {
    println!("history: {N_SIGNALS} signals at 1 Hz: half random walks, sines, states, floats; jitter 0.3 ms");
    let mut random = StdRng::seed_from_u64(7);
    let history = History::new(usize::MAX, N_SIGNALS as usize);
    let mut walks = vec![100.0_f64; N_SIGNALS as usize];
    let mut secs = 0.0;
    let mut samples = Vec::with_capacity(N_SIGNALS as usize);
    for step in 0..N_SECS {
        samples.clear();
        for signal in 0..N_SIGNALS {
            let value = match signal % 6 {
                0..3 => {
                    let walk = &mut walks[signal as usize];
                    *walk = ((*walk + random.random_range(-0.5..0.5)) * 100.0).round() / 100.0;
                    *walk
                }
                3 => (step as f64 / 60.0 + f64::from(signal)).sin() * 50.0,
                4 => f64::from(u8::from(step / 97 % 5 == i64::from(signal) % 5)),
                _ => f64::from(random.random_range(0.0_f32..100.0)),
            };
            let at = Timestamp::from_nanos(BEGIN + step * 1_000_000_000 + random.random_range(0..300) * 1000);
            samples.push(Sample { signal: SignalId(signal), at, received: at, value: value.into() });
        }
        let began = now();
        for sample in &samples {
            history.push(sample);
        }
        secs += began.elapsed().as_secs_f64();
    }
    let bytes = history.sealed_bytes() as f64 / history.n_sealed() as f64;
    println!(
        "  {bytes:.2} B a sealed sample (aim 4), {:.2} M samples/s written",
        history.n_samples() as f64 / 1e6 / secs
    );
    plot();
}

fn plot() {
    let history = History::new(usize::MAX, 1);
    for step in 0..N_POINTS {
        let at = Timestamp::from_nanos(BEGIN + step * 100_000_000);
        let value = (step as f64 / 1000.0).sin() + (step % 17) as f64 / 100.0;
        history.push(&Sample { signal: SignalId(0), at, received: at, value: value.into() });
    }
    for (name, share) in [("all", 1), ("a hundredth", 100)] {
        let to = Timestamp::from_nanos(BEGIN + N_POINTS / share * 100_000_000);
        let times: Vec<f64> = (0..9)
            .map(|_| {
                let began = now();
                let columns = history.plot(SignalId(0), Timestamp::from_nanos(BEGIN), to, 1000, 1.0);
                assert_eq!(columns.iter().map(|it| i64::from(it.n)).sum::<i64>(), (N_POINTS / share + 1).min(N_POINTS));
                began.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        println!("  a plot of {name} of {N_POINTS} points in 1,000 columns: {:.2} ms", median(times));
    }
}
