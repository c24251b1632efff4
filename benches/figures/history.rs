//! What a sample takes in memory, and what writing and plotting it costs.

use pollux::session::History;
use pollux::signal::{Sample, SignalId, Timestamp};

use crate::plant::{BEGIN, N_SIGNALS, Plant};
use crate::{median, now};

const N_SECS: i64 = 4 * 1024 + 256;
/// Points of the plots.
const N_POINTS: i64 = 10_000_000;
/// Pixels of the plots.
const N_COLUMNS: usize = 1000;

/// Prints bytes a sample, the rate of writing, and the time of a plot.
pub(crate) fn run() {
    println!("history: {N_SIGNALS} signals at 1 Hz");
    let mut plant = Plant::new();
    let history = History::new(usize::MAX, N_SIGNALS as usize);
    let mut secs = 0.0;
    for _ in 0..N_SECS {
        let samples = plant.second();
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

fn value(step: i64) -> f64 {
    (step as f64 / 1000.0).sin() + (step % 17) as f64 / 100.0
}

fn at(step: i64) -> Timestamp {
    Timestamp::from_nanos(BEGIN + step * 100_000_000)
}

/// A plot of all points against a plain loop over raw arrays, and the frames of a person who pans and zooms in it.
fn plot() {
    let history = History::new(usize::MAX, 1);
    for step in 0..N_POINTS {
        history.push(&Sample { signal: SignalId(0), at: at(step), received: at(step), value: value(step).into() });
    }
    let plot = |from: i64, to: i64| {
        let began = now();
        let columns = history.plot(SignalId(0), at(from), at(to), N_COLUMNS, 1.0);
        let millis = began.elapsed().as_secs_f64() * 1e3;
        let n: i64 = columns.iter().map(|it| i64::from(it.n)).sum();
        // The first column begins a little before.
        assert!(n > to - from && n <= (to - from) + (to - from) / N_COLUMNS as i64 + 1, "{n} of {}", to - from);
        millis
    };
    let cold = plot(0, N_POINTS - 1);
    let raw: Vec<f64> = (0..N_POINTS).map(value).collect();
    let peer = median((0..9).map(|_| min_max(&raw)).collect());
    println!(
        "  a plot of {N_POINTS} points in {N_COLUMNS} columns: {cold:.1} ms at first, a min/max loop over the raw array {peer:.1} ms: ratio {:.2} (aim 1.5)",
        cold / peer
    );
    let again = median((0..9).map(|_| plot(0, N_POINTS - 1)).collect());
    // A drag by three pixels a frame over a tenth of it.
    let tenth = N_POINTS / 10;
    plot(tenth, 2 * tenth);
    let pans: Vec<f64> =
        (1..200).map(|it| plot(tenth + it * 3 * tenth / 1000, 2 * tenth + it * 3 * tenth / 1000)).collect();
    // The wheel, a tenth a step, from all of it down to a thousandth.
    let mut zooms = Vec::new();
    let mut half = N_POINTS as f64 / 2.0;
    while half > N_POINTS as f64 / 2000.0 {
        half /= 1.1;
        zooms.push(plot(N_POINTS / 2 - half as i64, N_POINTS / 2 + half as i64));
    }
    let worst = |times: &[f64]| times.iter().copied().fold(0.0, f64::max);
    println!(
        "  the same again {again:.2} ms; a frame of a pan {:.2} ms (worst {:.2}), of a zoom {:.2} ms (worst {:.2}) (aim 1)",
        median(pans.clone()),
        worst(&pans),
        median(zooms.clone()),
        worst(&zooms)
    );
}

/// Least and most of each column of a raw array, ms.
fn min_max(raw: &[f64]) -> f64 {
    let began = now();
    let least_and_most: Vec<(f64, f64)> = raw
        .chunks(raw.len() / N_COLUMNS)
        .map(|it| it.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(*it), high.max(*it))))
        .collect();
    assert_eq!(std::hint::black_box(least_and_most).len(), N_COLUMNS);
    began.elapsed().as_secs_f64() * 1e3
}
