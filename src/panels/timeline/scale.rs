//! Where an instant stands on the screen, and back: one piecewise-linear function, in which long gaps are folded.

use crate::signal::Timestamp;

/// The width of a folded gap, logical pixels.
pub(super) const FOLD: f32 = 40.0;
/// A gap is long where it takes this share of the time that remains.
const LONG: f64 = 0.35;
/// So many gaps are folded at most.
const MOST: usize = 20;
/// The shortest and the longest time that the whole width shows, seconds.
const ZOOM: (f64, f64) = (0.02, 10.0 * 366.0 * 86_400.0);

/// A span of time.
pub(in crate::panels) type Span = (Timestamp, Timestamp);

/// The gaps to fold, in their order: the largest first, while each takes a good part of the time that remains. With few
/// samples there are gaps all over, so there can be no more than a third as many as samples.
pub(super) fn folds(gaps: &[Span], whole: Span, samples: usize) -> Vec<Span> {
    let nanos = |it: &Span| it.1.as_nanos().saturating_sub(it.0.as_nanos());
    let mut largest: Vec<Span> = gaps.iter().copied().filter(|it| it.0 < it.1).collect();
    largest.sort_by_key(|it| std::cmp::Reverse(nanos(it)));
    let mut remains = nanos(&whole) as f64;
    let most = (samples.saturating_sub(1) / 3).min(MOST);
    let mut folds: Vec<Span> = Vec::new();
    for gap in largest.into_iter().take(most) {
        let length = nanos(&gap) as f64;
        if length < LONG * remains {
            break;
        }
        remains -= length;
        folds.push(gap);
    }
    folds.sort();
    folds
}

/// Instants to pixels from the left edge of the timeline, and back.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct Scale {
    /// What stands at the left edge.
    from: Timestamp,
    /// Logical pixels.
    width: f32,
    /// Pixels in a nanosecond, outside of what is folded.
    rate: f64,
    /// Spans that are folded to `fold` pixels each.
    folds: Vec<Span>,
    fold: f64,
}

impl Scale {
    /// For a window of time over so many pixels, with some gaps folded.
    pub(super) fn new(window: Span, width: f32, folds: &[Span]) -> Self {
        let (from, to) = window;
        let to = to.max(Timestamp::from_nanos(from.as_nanos().saturating_add(1_000)));
        let width = width.max(16.0);
        let length = |from: Timestamp, to: Timestamp| to.as_nanos().saturating_sub(from.as_nanos()).max(0) as f64;
        let inside = |it: &Span| length(it.0.max(from), it.1.min(to));
        let whole = length(from, to);
        let (mut hidden, mut parts) = (0.0, 0.0);
        for gap in folds {
            hidden += inside(gap);
            parts += inside(gap) / length(gap.0, gap.1).max(1.0);
        }
        // A window that shows hardly more than a gap shows it as it is.
        let folds = if whole - hidden < 1e-3 * whole { Vec::new() } else { folds.to_vec() };
        if folds.is_empty() {
            (hidden, parts) = (0.0, 0.0);
        }
        let fold = f64::from(FOLD).min(f64::from(width) * 0.5 / parts.max(1e-9));
        Self { from, width, rate: (f64::from(width) - fold * parts) / (whole - hidden), folds, fold }
    }

    /// What the whole width shows.
    pub(super) fn window(&self) -> Span {
        (self.from, self.at(self.width))
    }

    /// How wide it is, logical pixels.
    pub(super) fn width(&self) -> f32 {
        self.width
    }

    /// The instants between the columns of pixels, both ends included.
    pub(in crate::panels) fn edges(&self) -> Vec<Timestamp> {
        (0..=self.width.ceil() as usize).map(|it| self.at(it as f32)).collect()
    }

    /// Seconds in a pixel, outside of what is folded.
    pub(super) fn secs_per_pixel(&self) -> f64 {
        1e-9 / self.rate
    }

    /// The folded gaps.
    pub(super) fn folds(&self) -> &[Span] {
        &self.folds
    }

    /// Where an instant stands, from the left edge.
    pub(super) fn x(&self, at: Timestamp) -> f32 {
        self.pixels(self.from, at) as f32
    }

    /// The instant at a place.
    pub(super) fn at(&self, x: f32) -> Timestamp {
        self.walk(self.from, f64::from(x), self.rate)
    }

    /// What a window shows that was moved by pixels to the right: what is earlier.
    pub(super) fn panned(&self, pixels: f32) -> Span {
        (self.at(-pixels), self.at(self.width - pixels))
    }

    /// What a window shows that was zoomed by a factor, where the instant at a place stays there.
    pub(super) fn zoomed(&self, x: f32, factor: f64) -> Span {
        let shown = f64::from(self.width) / self.rate / 1e9;
        let factor = factor.clamp(shown / ZOOM.1, shown / ZOOM.0);
        let (still, rate) = (self.at(x), self.rate * factor);
        (self.walk(still, f64::from(-x), rate), self.walk(still, f64::from(self.width - x), rate))
    }

    /// Pixels from one instant to another; below 0 where that is earlier.
    fn pixels(&self, from: Timestamp, to: Timestamp) -> f64 {
        if to < from {
            return -self.pixels(to, from);
        }
        let length = |from: Timestamp, to: Timestamp| to.as_nanos().saturating_sub(from.as_nanos()).max(0) as f64;
        let mut open = length(from, to);
        let mut pixels = 0.0;
        for gap in &self.folds {
            let inside = length(gap.0.max(from), gap.1.min(to));
            open -= inside;
            pixels += self.fold * inside / length(gap.0, gap.1).max(1.0);
        }
        pixels + open * self.rate
    }

    /// The instant so many pixels away, where a nanosecond outside of the folds takes `rate` of them.
    fn walk(&self, from: Timestamp, pixels: f64, rate: f64) -> Timestamp {
        let forward = pixels >= 0.0;
        let (mut at, mut left) = (from.as_nanos(), pixels.abs());
        loop {
            // The fold that is next on the way, or in which `at` stands.
            let next = if forward {
                self.folds.iter().find(|it| it.1.as_nanos() > at)
            } else {
                self.folds.iter().rev().find(|it| it.0.as_nanos() < at)
            };
            let Some((begin, end)) = next.map(|it| (it.0.as_nanos(), it.1.as_nanos())) else {
                return gone(at, left / rate, forward);
            };
            let (near, far) = if forward { (begin, end) } else { (end, begin) };
            let open = if forward { near - at } else { at - near }.max(0) as f64 * rate;
            if left <= open {
                return gone(at, left / rate, forward);
            }
            left -= open;
            if open > 0.0 {
                at = near;
            }
            let slope = self.fold / (end - begin) as f64;
            let closed = (far - at).abs() as f64 * slope;
            if left <= closed {
                return gone(at, left / slope, forward);
            }
            left -= closed;
            at = far;
        }
    }
}

fn gone(at: i64, nanos: f64, forward: bool) -> Timestamp {
    let nanos = nanos.round() as i64;
    // Before 1970 nothing can be told.
    Timestamp::from_nanos(if forward { at.saturating_add(nanos) } else { at.saturating_sub(nanos).max(0) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 1_800_000_000;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_nanos((DAY + secs) * 1_000_000_000)
    }

    fn spans(secs: &[(i64, i64)]) -> Vec<Span> {
        secs.iter().map(|it| (at(it.0), at(it.1))).collect()
    }

    #[track_caller]
    fn check_folds(gaps: &[(i64, i64)], until: i64, samples: usize, want: &[(i64, i64)]) {
        assert_eq!(folds(&spans(gaps), (at(0), at(until)), samples), spans(want));
    }

    #[test]
    fn long_gaps_fold_the_largest_first() {
        check_folds(&[(10, 20)], 100, 1000, &[]);
        check_folds(&[(10, 45)], 100, 1000, &[(10, 45)]);
        // What is short at first is long once the largest is out of the way.
        check_folds(&[(100, 200), (1_000, 9_000)], 9_100, 1000, &[(1_000, 9_000)]);
        check_folds(&[(100, 600), (1_000, 9_000)], 9_100, 1000, &[(100, 600), (1_000, 9_000)]);
        // Three samples, two gaps: that is how often samples come, no interruption.
        check_folds(&[(0, 50), (50, 100)], 100, 3, &[]);
        check_folds(&[(0, 50), (50, 100)], 100, 4, &[(0, 50)]);
    }

    #[test]
    fn a_folded_gap_has_a_fixed_width_and_the_rest_shares_what_is_left() {
        let scale = Scale::new((at(0), at(10_000)), 440.0, &spans(&[(100, 9_900)]));
        let near = |a: f32, b: f32| assert!((a - b).abs() < 0.01, "{a} {b}");
        near(scale.x(at(0)), 0.0);
        near(scale.x(at(100)), 200.0);
        near(scale.x(at(9_900)), 240.0);
        near(scale.x(at(10_000)), 440.0);
        // A window within a gap has nothing else to show.
        let inside = Scale::new((at(200), at(300)), 400.0, &spans(&[(100, 9_900)]));
        near(inside.x(at(250)), 200.0);
        // Many folds leave half of the width to what happened.
        let many: Vec<Span> = (0..20).map(|it| (at(it * 100), at(it * 100 + 99))).collect();
        let scale = Scale::new((at(0), at(2_000)), 200.0, &many);
        near(scale.x(at(2_000)), 200.0);
        assert!(scale.secs_per_pixel() < 0.21);
    }

    prop_compose! {
        fn scale()(
            steps in prop::collection::vec((1_i64..1_000_000, 1_i64..1_000_000), 0..6),
            window in (-500_000_i64..4_000_000, 1_i64..4_000_000),
            width in 32.0_f32..2_000.0,
        ) -> Scale {
            let mut end = 0;
            let folds: Vec<Span> = steps
                .into_iter()
                .map(|(open, gap)| { let begin = end + open; end = begin + gap; (at(begin), at(end)) })
                .collect();
            Scale::new((at(window.0), at(window.0 + window.1)), width, &folds)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_place_and_its_instant_lead_to_each_other(scale in scale(), share in -0.5_f32..1.5) {
            let x = share * scale.width();
            let back = scale.x(scale.at(x));
            prop_assert!((back - x).abs() < 0.05, "{x} {back}");
        }

        #[test]
        fn an_instant_and_its_place_lead_to_each_other(scale in scale(), share in 0.0_f64..1.0) {
            let (from, to) = scale.window();
            let want = from.as_nanos() + ((to.as_nanos() - from.as_nanos()) as f64 * share) as i64;
            let got = scale.walk(scale.from, scale.pixels(scale.from, Timestamp::from_nanos(want)), scale.rate);
            // The steepest fold tells no more than this.
            prop_assert!((got.as_nanos() - want).abs() < 20_000, "{} {want}", got.as_nanos());
        }

        #[test]
        fn later_stands_further_right(scale in scale(), a in -0.5_f32..1.5, b in -0.5_f32..1.5) {
            let (a, b) = (a.min(b) * scale.width(), a.max(b) * scale.width());
            prop_assert!(scale.at(a) <= scale.at(b));
        }

        #[test]
        fn zooming_keeps_the_instant_under_the_pointer(scale in scale(), share in 0.0_f32..1.0, factor in 0.2_f64..5.0) {
            let x = share * scale.width();
            let still = scale.at(x);
            let zoomed = Scale::new(scale.zoomed(x, factor), scale.width(), scale.folds());
            // Where half of the width is folds, or a window has nothing but one, they change their width.
            prop_assume!(zoomed.fold == scale.fold && zoomed.folds == scale.folds && zoomed.from > Timestamp::MIN);
            prop_assert!((zoomed.x(still) - x).abs() < 0.5, "{} {x}", zoomed.x(still));
        }
    }
}
