//! One explicit step with an estimate of its error: what most blocks need, most of the time.

use diffsol::{NalgebraVec, Vector};

/// The method of Bogacki and Shampine, of order 3 with an estimate of order 2 (P. Bogacki, L. F. Shampine, *A 3(2) pair
/// of Runge-Kutta formulas*, Appl. Math. Lett. 2 (1989) 321-325).
pub(super) struct BogackiShampine {
    stages: [NalgebraVec<f64>; 4],
    middle: NalgebraVec<f64>,
    /// Where the last step led to.
    pub(super) end: NalgebraVec<f64>,
}

impl BogackiShampine {
    /// Room for states like this one.
    pub(super) fn new(like: &NalgebraVec<f64>) -> Self {
        let room = || like.clone();
        Self { stages: [room(), room(), room(), room()], middle: room(), end: room() }
    }

    /// Steps from `from` by `secs`; the outcome is in `end`. Returns the estimated error as a multiple of what is
    /// tolerated (1: just so); NaN where something is no number.
    pub(super) fn step(
        &mut self,
        from: &NalgebraVec<f64>,
        time: f64,
        secs: f64,
        tolerance: impl Fn(f64) -> f64,
        mut rates: impl FnMut(&NalgebraVec<f64>, f64, &mut NalgebraVec<f64>),
    ) -> f64 {
        let [k1, k2, k3, k4] = &mut self.stages;
        let n = from.len();
        rates(from, time, k1);
        for it in 0..n {
            self.middle[it] = from[it] + secs * 0.5 * k1[it];
        }
        rates(&self.middle, time + 0.5 * secs, k2);
        for it in 0..n {
            self.middle[it] = from[it] + secs * 0.75 * k2[it];
        }
        rates(&self.middle, time + 0.75 * secs, k3);
        for it in 0..n {
            self.end[it] = from[it] + secs * (2.0 / 9.0 * k1[it] + 1.0 / 3.0 * k2[it] + 4.0 / 9.0 * k3[it]);
        }
        rates(&self.end, time + secs, k4);
        let mut worst = 0.0;
        for it in 0..n {
            let error = secs * (-5.0 / 72.0 * k1[it] + 1.0 / 12.0 * k2[it] + 1.0 / 9.0 * k3[it] - 1.0 / 8.0 * k4[it]);
            let share = error.abs() / tolerance(self.end[it]);
            // `max` would drop a NaN.
            if share > worst || share.is_nan() {
                worst = share;
            }
        }
        worst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of a decay from 1 over one step, and the estimate of it.
    fn decay(rate: f64, secs: f64) -> (f64, f64) {
        let mut start = NalgebraVec::zeros(1, Default::default());
        start[0] = 1.0;
        let mut method = BogackiShampine::new(&start);
        let estimate = method.step(&start, 0.0, secs, |_| 1.0, |u, _, rates| rates[0] = -rate * u[0]);
        ((method.end[0] - (-rate * secs).exp()).abs(), estimate)
    }

    #[test]
    fn the_error_falls_with_the_fourth_power_of_one_step_and_is_never_underestimated() {
        let ((wide, wide_estimate), (half, half_estimate)) = (decay(1.0, 0.1), decay(1.0, 0.05));
        assert!((15.0..17.0).contains(&(wide / half)), "{wide} {half}");
        assert!(wide < wide_estimate && half < half_estimate);
    }

    #[test]
    fn what_is_too_stiff_or_no_number_is_not_waved_through() {
        assert!(decay(1e4, 0.05).1 > 1.0);
        assert!(decay(f64::NAN, 0.05).1.is_nan());
    }
}
