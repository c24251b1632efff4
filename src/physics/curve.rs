//! A curve over the day, closed at midnight.

/// Points (hour, value), ascending; linear between, and from the last one over midnight to the first.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DayCurve(Vec<(f64, f64)>);

impl DayCurve {
    /// `None` where there is no point, one is not finite, an hour lies outside 0 to 24, or the hours do not rise.
    pub(super) fn new(points: &[(f64, f64)]) -> Option<Self> {
        let sound = points.iter().all(|it| (0.0..=24.0).contains(&it.0) && it.1.is_finite());
        let rising = points.windows(2).all(|it| it[0].0 < it[1].0);
        (sound && rising && !points.is_empty()).then(|| Self(points.to_vec()))
    }

    /// The value at an hour of the day.
    pub(super) fn at(&self, hour: f64) -> f64 {
        let (first, last) = (self.0[0], self.0[self.0.len() - 1]);
        let next = self.0.partition_point(|it| it.0 <= hour);
        let (from, to) = match next {
            0 => ((last.0 - 24.0, last.1), first),
            n if n == self.0.len() => (last, (first.0 + 24.0, first.1)),
            n => (self.0[n - 1], self.0[n]),
        };
        let span = to.0 - from.0;
        if span > 0.0 { from.1 + (to.1 - from.1) * (hour - from.0) / span } else { from.1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(points: &[(f64, f64)], hour: f64, want: Option<f64>) {
        assert_eq!(DayCurve::new(points).map(|it| it.at(hour)), want);
    }

    #[test]
    fn a_curve_is_linear_between_its_points_and_closed_at_midnight() {
        let day = [(6.0, 10.0), (18.0, 22.0)];
        check(&day, 6.0, Some(10.0));
        check(&day, 12.0, Some(16.0));
        check(&day, 18.0, Some(22.0));
        check(&day, 0.0, Some(16.0));
        check(&day, 24.0, Some(16.0));
        check(&day, 21.0, Some(19.0));
        check(&[(0.0, 1.0), (24.0, 3.0)], 24.0, Some(3.0));
        check(&[(7.0, 5.0)], 3.0, Some(5.0));
    }

    #[test]
    fn a_curve_that_makes_no_sense_is_none() {
        check(&[], 0.0, None);
        check(&[(5.0, 1.0), (5.0, 2.0)], 0.0, None);
        check(&[(25.0, 1.0)], 0.0, None);
        check(&[(5.0, f64::NAN)], 0.0, None);
    }
}
