//! Readings that cannot be, by their value or by their time.

use std::collections::{BTreeMap, BTreeSet};

use super::super::format;
use super::{Diagnostic, DiagnosticKind, Evidence, Gravity};
use crate::site::TwinId;
use crate::twin::ReadingState;

/// A device clock that is further off than this, in seconds, is told.
const SKEW_SECS: f64 = 5.0;

/// Values outside of what the site says that they can be.
pub(super) fn out_of_range(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
    for signal in &evidence.site.signals {
        let reading = evidence.readings.get(signal.id);
        let (ReadingState::Bad, Some(value), Some((low, high))) = (reading.state, &reading.value, signal.range) else {
            continue;
        };
        let number = |it| format::number(it, signal.decimals);
        let range = format::with_unit(&format!("{} to {}", number(low), number(high)), signal.unit);
        all.push(Diagnostic {
            key: format!("range {}", signal.address),
            kind: DiagnosticKind::OutOfRange,
            severity: Gravity::Warning,
            text: format!("{} is {}", signal.address, format::value(value, signal.unit, signal.decimals)),
            hint: format!("The site says that it can be {range}: is the sensor broken, or the range too narrow?"),
            twins: vec![signal.twin],
        });
    }
}

/// Devices whose clock is off.
pub(super) fn clock_skew(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
    let mut by_device: BTreeMap<&str, (f64, BTreeSet<TwinId>)> = BTreeMap::new();
    for signal in evidence.site.signals.iter().filter(|it| it.time.is_some()) {
        let reading = evidence.readings.get(signal.id);
        let skew = reading.at.secs_since(reading.received);
        if reading.value.is_none() || skew.abs() < SKEW_SECS {
            continue;
        }
        let device = evidence.site.device_of(signal.twin).map_or(signal.topic.as_str(), |it| it.1.id.as_str());
        let entry = by_device.entry(device).or_insert((skew, BTreeSet::new()));
        entry.1.insert(signal.twin);
    }
    clocks_ahead(evidence, all);
    for (device, (skew, twins)) in by_device {
        let way = if skew > 0.0 { "ahead of" } else { "behind" };
        all.push(Diagnostic {
            key: format!("skew {device}"),
            kind: DiagnosticKind::ClockSkew,
            severity: Gravity::Warning,
            text: format!("The clock of {device} is {} {way} this machine's", format::span(skew.abs())),
            hint: "Set the device's clock (NTP): its samples stand at its own time in plots.".to_owned(),
            twins: twins.into_iter().collect(),
        });
    }
}

/// Clocks so far ahead that what they say stands at the time of its arrival.
fn clocks_ahead(evidence: &Evidence, all: &mut Vec<Diagnostic>) {
    let mut by_device: BTreeMap<&str, (f64, BTreeSet<TwinId>)> = BTreeMap::new();
    for skew in &evidence.tally.ahead {
        for signal in evidence.site.signals.iter().filter(|it| it.topic == skew.topic) {
            // What came since tells another time.
            if evidence.readings.get(signal.id).received > skew.last {
                continue;
            }
            let device = evidence.site.device_of(signal.twin).map_or(signal.topic.as_str(), |it| it.1.id.as_str());
            let entry = by_device.entry(device).or_insert((skew.secs, BTreeSet::new()));
            entry.1.insert(signal.twin);
        }
    }
    for (device, (secs, twins)) in by_device {
        all.push(Diagnostic {
            key: format!("ahead {device}"),
            kind: DiagnosticKind::ClockSkew,
            severity: Gravity::Warning,
            text: format!("The clock of {device} is {} ahead: its time is not taken", format::span(secs)),
            hint: "Set the device's clock (NTP): until then its samples stand at the time of their arrival.".to_owned(),
            twins: twins.into_iter().collect(),
        });
    }
}
