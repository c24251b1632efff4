//! What stands in for a value that is not to be believed: what was usual before. Pure.

use std::sync::Arc;
use std::time::Duration;

use super::{Basis, Doubt, Estimate};
use crate::session::History;
use crate::signal::{Timestamp, Value};
use crate::site::Signal;
use crate::site::doc::ValueKind;
use crate::trust::Trust;
use crate::twin::Bounds;

/// Over so long what was usual is looked for.
const SPAN: Duration = Duration::from_secs(600);
/// Of more signals than this at once no medians are taken: a frame waits for them.
pub(super) const MOST_MEDIANS: usize = 2_000;

/// From what came before an instant, or before the signal was doubted. What was refused never came into the history.
/// `None`: nothing is known of it.
pub(super) fn estimate(
    signal: &Signal,
    history: &History,
    trust: Trust,
    doubt: Option<&Doubt>,
    now: Timestamp,
    last_alone: bool,
) -> Option<Estimate> {
    let until = doubt.map_or(now, |it| now.min(it.since));
    let before = doubt.map_or("it was isolated", |_| "it was doubted");
    let unsigned = if trust == Trust::Unsigned { ", which nobody signed" } else { "" };
    let bounds = Bounds::of(signal);
    if signal.is == ValueKind::Number && !last_alone {
        let points = history.samples(signal.id, until - SPAN, until - Duration::from_nanos(1));
        let good = points.iter().map(|it| it.value).filter(|it| it.is_finite());
        let usual = median(good.filter(|it| !bounds.excludes(&Value::Number(*it))).collect());
        if let Some(value) = usual {
            let basis = format!("median of the last {} minutes before {before}{unsigned}", SPAN.as_secs() / 60);
            return Some(Estimate { value: Value::Number(value), basis: Basis(Arc::from(basis)) });
        }
    }
    let last = history.sample_at(signal.id, until)?.value;
    let value = match signal.is {
        ValueKind::Number if bounds.excludes(&last) => return None,
        ValueKind::Flag => Value::Flag(last.as_flag()?),
        ValueKind::Number | ValueKind::Text => last,
    };
    Some(Estimate { value, basis: Basis(Arc::from(format!("last value before {before}{unsigned}"))) })
}

/// The middle of some numbers, or the mean of the two in the middle.
fn median(mut numbers: Vec<f64>) -> Option<f64> {
    let middle = numbers.len() / 2;
    let even = numbers.len().is_multiple_of(2);
    if numbers.is_empty() {
        return None;
    }
    let (below, upper, _) = numbers.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    let lower = below.iter().copied().max_by(f64::total_cmp).filter(|_| even);
    Some(lower.map_or(upper, |it| it.midpoint(upper)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Sample, SignalId, Unit};
    use crate::site::TwinId;
    use crate::twin::Standing;

    fn signal(is: ValueKind) -> Signal {
        Signal {
            id: SignalId(0),
            address: "tank/level".into(),
            key: "level".to_owned(),
            name: "Level".to_owned(),
            twin: TwinId(0),
            topic: "tank/level".to_owned(),
            path: None,
            time: None,
            is,
            unit: Unit::NONE,
            range: Some((0.0, 5.0)),
            period: 1.0,
            decimals: None,
            field: None,
        }
    }

    fn at(secs: f64) -> Timestamp {
        Timestamp::from_secs_f64(10_000.0 + secs)
    }

    #[track_caller]
    fn check(is: ValueKind, samples: &[(f64, Value)], doubted: Option<f64>, want: Option<(Value, &str)>) {
        let history = History::new(1 << 20, 1);
        for (secs, value) in samples {
            history.push(&Sample { signal: SignalId(0), at: at(*secs), received: at(*secs), value: value.clone() });
        }
        let doubt = doubted.map(|it| Doubt { signal: SignalId(0), since: at(it), standing: Standing::Rejected });
        let got = estimate(&signal(is), &history, Trust::Verified, doubt.as_ref(), at(0.0), false);
        let got = got.map(|it| (it.value, it.basis.0.to_string()));
        assert_eq!(got, want.map(|(value, basis)| (value, basis.to_owned())));
    }

    #[test]
    fn a_number_is_what_was_usual_and_a_state_what_was_last() {
        let usual = "median of the last 10 minutes before it was isolated";
        let last = "last value before it was isolated";
        let numbers = |all: &[(f64, f64)]| all.iter().map(|it| (it.0, it.1.into())).collect::<Vec<(f64, Value)>>();
        check(ValueKind::Number, &[], None, None);
        let some = numbers(&[(-700.0, 4.9), (-30.0, 1.0), (-20.0, 3.0), (-10.0, 2.0)]);
        check(ValueKind::Number, &some, None, Some((2.0.into(), usual)));
        let even = numbers(&[(-30.0, 1.0), (-20.0, 3.0)]);
        check(ValueKind::Number, &even, None, Some((2.0.into(), usual)));
        // What cannot be is no measure of what is usual.
        check(
            ValueKind::Number,
            &numbers(&[(-30.0, 1.0), (-20.0, 99.0), (-10.0, 99.0)]),
            None,
            Some((1.0.into(), usual)),
        );
        check(ValueKind::Number, &numbers(&[(-900.0, 1.0)]), None, Some((1.0.into(), last)));
        check(ValueKind::Number, &numbers(&[(-900.0, 99.0)]), None, None);
        check(ValueKind::Flag, &[(-900.0, true.into())], None, Some((true.into(), last)));
        check(ValueKind::Text, &[(-9.0, "auto".into())], None, Some(("auto".into(), last)));
    }

    #[test]
    fn what_came_since_it_was_doubted_does_not_count() {
        let some = [(-30.0, 1.0.into()), (-20.0, 4.0.into()), (-10.0, 4.0.into())];
        let usual = "median of the last 10 minutes before it was doubted";
        check(ValueKind::Number, &some, Some(-25.0), Some((1.0.into(), usual)));
        check(ValueKind::Number, &some, Some(-40.0), None);
    }
}
