//! A simulated sensor: what becomes of a true quantity on its way to the wire.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rand_distr::StandardNormal;

use crate::signal::Value;
use crate::site::doc::{SensorDoc, ValueKind};

/// One sensor. It owns its random numbers, so that the same seed tells the same story whatever the others do.
#[derive(Debug, Clone)]
pub(super) struct Sensor {
    kind: ValueKind,
    doc: SensorDoc,
    random: StdRng,
}

impl Sensor {
    /// A sensor as the site describes it.
    pub(super) fn new(kind: ValueKind, doc: SensorDoc, seed: u64) -> Self {
        Self { kind, doc, random: StdRng::seed_from_u64(seed) }
    }

    /// What it tells of a true value, `hours` after it was installed. Nothing is clamped: an impossible value is told
    /// as it is, and finding that is the twin's job.
    pub(super) fn measure(&mut self, truth: f64, hours: f64) -> Value {
        let noise: f64 = if self.doc.noise > 0.0 { self.random.sample(StandardNormal) } else { 0.0 };
        let raw = truth + self.doc.drift * hours + self.doc.noise * noise;
        match self.kind {
            ValueKind::Number => Value::Number(quantize(raw, self.doc.step)),
            ValueKind::Flag => Value::Flag(raw > self.doc.on_above),
            ValueKind::Text => Value::from(name(&self.doc.names, raw)),
        }
    }

    /// How far what it tells may lie from the truth without meaning anything.
    pub(super) fn tolerance(&self) -> f64 {
        4.0 * self.doc.noise + self.doc.step
    }

    /// The truth as the sensor would put it, undisturbed: a flag is 0 or 1.
    pub(super) fn ideal(&self, truth: f64) -> f64 {
        match self.kind {
            ValueKind::Number | ValueKind::Text => truth,
            ValueKind::Flag => f64::from(u8::from(truth > self.doc.on_above)),
        }
    }
}

/// The nearest multiple of the step, without the crumbs of binary fractions (`0.1 * 3`).
fn quantize(value: f64, step: f64) -> f64 {
    if !(step > 0.0 && step.is_finite()) {
        return value;
    }
    let stepped = (value / step).round() * step;
    let digits = (-step.log10()).ceil().clamp(0.0, 12.0) as i32 + 2;
    let scale = 10_f64.powi(digits);
    let rounded = (stepped * scale).round() / scale;
    // Minus zero is a riddle on a screen.
    if rounded.is_finite() { rounded + 0.0 } else { stepped }
}

fn name(names: &[String], raw: f64) -> &str {
    let index = raw.round().max(0.0) as usize;
    names.get(index).or(names.last()).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doc() -> SensorDoc {
        SensorDoc { of: "./x".to_owned(), noise: 0.0, step: 0.0, drift: 0.0, on_above: 0.5, names: Vec::new() }
    }

    #[track_caller]
    fn check(kind: ValueKind, doc: SensorDoc, truth: f64, hours: f64, want: impl Into<Value>) {
        assert_eq!(Sensor::new(kind, doc, 1).measure(truth, hours), want.into());
    }

    #[test]
    fn a_sensor_tells_steps_and_drifts() {
        check(ValueKind::Number, doc(), 1.23456, 0.0, 1.23456);
        check(ValueKind::Number, SensorDoc { step: 0.1, ..doc() }, 0.299, 0.0, 0.3);
        check(ValueKind::Number, SensorDoc { step: 0.25, ..doc() }, 0.6, 0.0, 0.5);
        check(ValueKind::Number, SensorDoc { step: 5.0, ..doc() }, 1482.0, 0.0, 1480.0);
        check(ValueKind::Number, SensorDoc { step: 0.1, ..doc() }, -0.01, 0.0, 0.0);
        check(ValueKind::Number, SensorDoc { drift: 0.5, ..doc() }, 10.0, 4.0, 12.0);
    }

    #[test]
    fn a_flag_is_on_above_its_threshold_and_a_text_is_a_name() {
        check(ValueKind::Flag, doc(), 0.6, 0.0, true);
        check(ValueKind::Flag, SensorDoc { on_above: 100.0, ..doc() }, 99.0, 0.0, false);
        let names = SensorDoc { names: vec!["off".to_owned(), "ready".to_owned()], ..doc() };
        check(ValueKind::Text, names.clone(), 0.9, 0.0, "ready");
        check(ValueKind::Text, names.clone(), -3.0, 0.0, "off");
        check(ValueKind::Text, names, 7.0, 0.0, "ready");
    }

    #[test]
    fn noise_has_its_width_and_the_same_seed_tells_the_same() {
        let noisy = SensorDoc { noise: 0.2, ..doc() };
        let draw = |seed| {
            let mut sensor = Sensor::new(ValueKind::Number, noisy.clone(), seed);
            (0..10_000).filter_map(|_| sensor.measure(5.0, 0.0).as_number()).collect::<Vec<_>>()
        };
        let values = draw(7);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let deviation = (values.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
        assert!((mean - 5.0).abs() < 0.01 && (deviation - 0.2).abs() < 0.01, "{mean} {deviation}");
        assert_eq!(values, draw(7));
        assert_ne!(values, draw(8));
    }
}
