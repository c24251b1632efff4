//! Checks of one twin: its device, signals, commands and physics.

use super::build::Builder;
use super::doc::{AlarmWhenDoc, BodyDoc, InputDoc, SigningDoc, TakesDoc, ValueKind};
use super::fill::is_name;
use super::problem::Place;
use super::unfold::id_hint;
use super::values::{
    check_finite, check_not_negative, check_pointer, check_positive, check_range, check_topic, check_unit, note,
};

/// Digits after the point that a double can carry.
const MAX_DECIMALS: u8 = 12;

impl Builder<'_> {
    /// All that can be said of a twin without following its references.
    pub(super) fn check_twin(&mut self, at: usize) {
        let flats = self.flats;
        let flat = &flats[at];
        if flat.doc.kind.is_none() && flat.complete {
            self.problems
                .error(flat.place(".id"), format!("{} has no kind", flat.address))
                .expecting("kind: Component, Asset, System or Process");
        }
        if let Some(body) = &flat.doc.body {
            self.check_body(body, |below| flat.place(&format!(".body{below}")));
        }
        self.check_at(&flat.doc.at, |below| flat.place(&format!(".at{below}")));
        self.check_device(at);
        for i in 0..flat.doc.signals.len() {
            self.check_signal(at, i);
        }
        for i in 0..flat.doc.commands.len() {
            self.check_command(at, i);
        }
        self.check_physics(at);
    }

    fn check_id(&mut self, what: &str, id: &str, place: impl Fn() -> Place) {
        if id.is_empty() {
            self.problems.error(place(), format!("a {what} without id")).expecting("letters a-z, digits and _");
        } else if !is_name(id) {
            let hint = id_hint(id);
            self.problems
                .error(place(), format!("{id:?} is no id"))
                .expecting("letters a-z, digits and _")
                .hinting(hint);
        }
    }

    /// An id that is unique among those of the same scope.
    pub(super) fn check_unique_id(&mut self, what: &str, scope: &str, id: &str, place: impl Fn() -> Place) {
        self.check_id(what, id, &place);
        let message = || format!("there is another {what} {id:?}");
        self.seen.once(format!("{what} {scope}/{id}"), place(), self.problems, message);
    }

    fn check_device(&mut self, at: usize) {
        let flat = &self.flats[at];
        let Some(device) = &flat.doc.device else { return };
        let place = || flat.place(".device.id");
        if device.id.is_empty() || device.id.contains(|it: char| it.is_whitespace() || it.is_control()) {
            self.problems
                .error(place(), format!("{:?} is no MQTT client id", device.id))
                .expecting("a text without spaces, such as northfield-p1");
        }
        let message = || format!("there is another device {:?}", device.id);
        self.seen.once(format!("device {}", device.id), place(), self.problems, message);
        note(self.problems, check_positive("a period", device.period), || flat.place(".device.period"));
        if let Some(status) = &device.status {
            note(self.problems, check_topic(status), || flat.place(".device.status"));
        }
        let gateway = match &device.signing {
            SigningDoc::Vouched(gateway) => Some(gateway),
            SigningDoc::None | SigningDoc::Required => None,
        };
        for owner in device.keys.iter().chain(gateway) {
            if owner.is_empty() || owner.contains(|it: char| it.is_whitespace() || it.is_control()) {
                self.problems
                    .error(flat.place(".device.signing"), format!("{owner:?} is no name of a key's owner"))
                    .expecting("a name as it stands in keys.ron, such as nf-gateway");
            }
        }
        self.check_inventory(at);
    }

    fn check_signal(&mut self, at: usize, i: usize) {
        let flats = self.flats;
        let flat = &flats[at];
        let signal = &flat.doc.signals[i];
        let place = |below: &str| flat.signal_place(i, below);
        self.check_unique_id("signal", &flat.address, &signal.id, || place(".id"));
        note(self.problems, check_topic(&signal.topic), || place(".topic"));
        for (pointer, field) in [(&signal.path, ".path"), (&signal.time, ".time")] {
            if let Some(pointer) = pointer {
                note(self.problems, check_pointer(pointer), || place(field));
            }
        }
        let key = format!("topic {}\0{}", signal.topic, signal.path.as_deref().unwrap_or("\0"));
        self.seen.once(key, place(".topic"), self.problems, || match &signal.path {
            Some(path) => format!("another signal takes {path:?} of the topic {:?}", signal.topic),
            None => format!("another signal takes the whole payload of the topic {:?}", signal.topic),
        });
        note(self.problems, check_unit(&signal.unit).map(|_| ()), || place(".unit"));
        if let Some(range) = signal.range {
            note(self.problems, check_range(range), || place(".range"));
        }
        if let Some(period) = signal.period {
            note(self.problems, check_positive("a period", period), || place(".period"));
        }
        if let Some(decimals) = signal.decimals.filter(|it| *it > MAX_DECIMALS) {
            let message = format!("{decimals} digits after the point");
            self.problems.error(place(".decimals"), message).expecting(format!("0 to {MAX_DECIMALS}"));
        }
        let Some(sensor) = &signal.field else { return };
        note(self.problems, check_not_negative("noise", sensor.noise), || place(".field.noise"));
        note(self.problems, check_not_negative("a step", sensor.step), || place(".field.step"));
        note(self.problems, check_finite("a drift", sensor.drift), || place(".field.drift"));
        if signal.is == ValueKind::Text && sensor.names.is_empty() {
            self.problems
                .error(place(".field"), "a text that is measured needs names for 0, 1, 2, …")
                .expecting("names: [\"closed\", \"open\"]");
        }
        if self.device(at).is_none() {
            self.problems
                .error(place(".field"), "no device sends this signal")
                .expecting("a `device` on this twin or on one above it");
        }
    }

    /// What a sensor measures is in the sensor's unit.
    pub(super) fn check_sensor(&mut self, at: usize, i: usize, output: &str) {
        let flats = self.flats;
        let flat = &flats[at];
        let signal = &flat.doc.signals[i];
        let Some((twin, key)) = output.rsplit_once('/') else { return };
        let Ok(twin) = self.atlas.twin(None, twin) else { return };
        let unit = flats[twin].doc.physics.as_ref().and_then(|it| it.outputs.get(key));
        let (Some(Ok(theirs)), Ok(ours)) = (unit.map(|it| check_unit(it)), check_unit(&signal.unit)) else { return };
        if signal.is == ValueKind::Number && theirs != ours {
            let message = format!("the signal is in {:?}, what it measures in {:?}", ours.symbol(), theirs.symbol());
            let place = if signal.unit.is_empty() { ".field.of" } else { ".unit" };
            self.problems
                .warning(flat.signal_place(i, place), message)
                .expecting("the same unit: nothing is converted");
        }
    }

    fn check_command(&mut self, at: usize, i: usize) {
        let flats = self.flats;
        let flat = &flats[at];
        let command = &flat.doc.commands[i];
        let place = |below: &str| flat.command_place(i, below);
        self.check_unique_id("command", &flat.address, &command.id, || place(".id"));
        note(self.problems, check_topic(&command.topic), || place(".topic"));
        if let Some(path) = &command.path {
            note(self.problems, check_pointer(path), || place(".path"));
        }
        if let TakesDoc::Number { min, max, step } = command.takes {
            note(self.problems, check_range((min, max)), || place(".takes"));
            note(self.problems, check_positive("a step", step), || place(".takes.step"));
        }
        note(self.problems, check_positive("a time", command.confirm.secs), || place(".confirm.secs"));
        note(self.problems, check_not_negative("a distance", command.confirm.within), || place(".confirm.within"));
        if let Some(normal) = command.normal {
            note(self.problems, check_range(normal), || place(".normal"));
        }
        let limits = command.limits;
        for (what, field, limit) in [
            ("a step", ".limits.step", limits.step),
            ("a pause", ".limits.dwell", limits.dwell),
            ("a sum of steps", ".limits.sum[0]", limits.sum.map(|it| it.0)),
            ("a time", ".limits.sum[1]", limits.sum.map(|it| it.1)),
        ] {
            if let Some(limit) = limit {
                note(self.problems, check_positive(what, limit), || place(field));
            }
        }
        if command.drives.is_some() && self.device(at).is_none() {
            self.problems
                .error(place(".drives"), "no device takes this command")
                .expecting("a `device` on this twin or on one above it");
        }
    }

    /// An emergency stop sends what its command takes, and each command once.
    pub(super) fn check_stop(&mut self, at: usize, i: usize, command: usize) {
        let flats = self.flats;
        let flat = &flats[at];
        let stop = &flat.doc.emergency_stop[i];
        let mut commands = flats.iter().flat_map(|it| &it.doc.commands);
        let Some(doc) = commands.nth(command) else { return };
        let (fits, expected) = match doc.takes {
            TakesDoc::Switch { .. } => (stop.value == 0.0 || stop.value == 1.0, "0 (off) or 1 (on)".to_owned()),
            TakesDoc::Number { min, max, .. } => ((min..=max).contains(&stop.value), format!("from {min} to {max}")),
        };
        if !fits {
            let message = format!("{} cannot be sent: it is not what {:?} takes", stop.value, stop.command);
            self.problems.error(flat.stop_place(i, ".value"), message).expecting(expected);
        }
        let message = || format!("{:?} is in this emergency stop already", stop.command);
        let key = format!("stop {} {command}", flat.address);
        self.seen.once(key, flat.stop_place(i, ".command"), self.problems, message);
    }

    /// All that can be said of an alarm without following its references.
    pub(super) fn check_alarm(&mut self, at: usize, i: usize) {
        let flats = self.flats;
        let flat = &flats[at];
        let alarm = &flat.doc.alarms[i];
        let place = |below: &str| flat.alarm_place(i, below);
        self.check_unique_id("alarm", &flat.address, &alarm.id, || place(".id"));
        note(self.problems, check_not_negative("a delay", alarm.on_delay), || place(".on_delay"));
        note(self.problems, check_not_negative("a delay", alarm.off_delay), || place(".off_delay"));
        note(self.problems, check_positive("a time", alarm.respond_within), || place(".respond_within"));
        match &alarm.when {
            AlarmWhenDoc::Above { limit, deadband, .. } | AlarmWhenDoc::Below { limit, deadband, .. } => {
                note(self.problems, check_finite("a limit", *limit), || place(".when.limit"));
                note(self.problems, check_not_negative("a deadband", *deadband), || place(".when.deadband"));
            }
            AlarmWhenDoc::Rate { above, over, .. } => {
                note(self.problems, check_positive("a rate", *above), || place(".when.above"));
                note(self.problems, check_positive("a time", *over), || place(".when.over"));
            }
            AlarmWhenDoc::Times { above, times, within, .. } => {
                note(self.problems, check_finite("a limit", *above), || place(".when.above"));
                note(self.problems, check_positive("a time", *within), || place(".when.within"));
                if *times < 2 {
                    self.problems.error(place(".when.times"), "once is no repetition").expecting("2 or more");
                }
            }
            AlarmWhenDoc::Stale { .. } | AlarmWhenDoc::Equals { .. } | AlarmWhenDoc::When(_) => (),
        }
    }

    /// An alarm looks at a signal of the kind that its condition needs.
    pub(super) fn check_alarm_signal(&mut self, at: usize, i: usize, position: usize) {
        let flats = self.flats;
        let flat = &flats[at];
        let (twin, signal) = self.signals[position];
        let kind = flats[twin].doc.signals[signal].is;
        let place = || flat.alarm_place(i, ".when.signal");
        match &flat.doc.alarms[i].when {
            AlarmWhenDoc::Stale { .. } | AlarmWhenDoc::When(_) => (),
            AlarmWhenDoc::Equals { text, .. } => {
                if kind == ValueKind::Number {
                    self.problems.error(place(), "a number equals nothing").expecting("a Flag or a Text");
                } else if kind == ValueKind::Flag && text != "on" && text != "off" {
                    let message = format!("a flag is never {text:?}");
                    self.problems.error(flat.alarm_place(i, ".when.text"), message).expecting("\"on\" or \"off\"");
                }
            }
            AlarmWhenDoc::Above { .. }
            | AlarmWhenDoc::Below { .. }
            | AlarmWhenDoc::Rate { .. }
            | AlarmWhenDoc::Times { .. } => {
                if kind != ValueKind::Number {
                    self.problems.error(place(), "only a number has limits").expecting("a Number");
                }
            }
        }
    }

    /// All that can be said of an expectation without its condition.
    pub(super) fn check_expectation(&mut self, at: usize, i: usize) {
        let flats = self.flats;
        let flat = &flats[at];
        let expect = &flat.doc.expects[i];
        self.check_unique_id("expectation", &flat.address, &expect.id, || flat.expect_place(i, ".id"));
        let place = || flat.expect_place(i, ".for_longer_than");
        note(self.problems, check_not_negative("a time", expect.for_longer_than), place);
    }

    /// A command can drive only an input that nothing else does.
    pub(super) fn check_driven(&mut self, at: usize, i: usize, twin: usize, input: &str) {
        let flats = self.flats;
        let key = input.rsplit('/').next().unwrap_or(input);
        let inputs = flats[twin].doc.physics.as_ref().map(|it| &it.inputs);
        let why = match inputs.and_then(|it| it.get(key)) {
            None | Some(InputDoc::Set(_)) => return,
            Some(InputDoc::From(_)) => "another block sets it (From)",
            Some(InputDoc::Sum(_)) => "other blocks set it (Sum)",
            Some(InputDoc::HourOfDay) => "the clock sets it (HourOfDay)",
            Some(InputDoc::Daily(_)) => "the time of day sets it (Daily)",
        };
        self.problems
            .error(flats[at].command_place(i, ".drives"), format!("no command can set the input {input:?}: {why}"))
            .expecting("an input that is a Set");
    }

    /// A number is reported by a number.
    pub(super) fn check_reported(&mut self, at: usize, i: usize, reports: usize, watched: usize) {
        let flats = self.flats;
        let flat = &flats[at];
        let command = &flat.doc.commands[i];
        let kind = |it: usize| {
            let (twin, signal) = self.signals[it];
            flats[twin].doc.signals[signal].is
        };
        let is_number = matches!(command.takes, TakesDoc::Number { .. });
        if kind(reports) == ValueKind::Text {
            self.problems
                .error(flat.command_place(i, ".reports"), "a text cannot report this command")
                .expecting(if is_number { "a signal that is a Number" } else { "a signal that is a Flag" });
        }
        let place =
            || flat.command_place(i, if command.confirm.signal.is_some() { ".confirm.signal" } else { ".reports" });
        if watched != reports && kind(watched) == ValueKind::Text {
            self.problems.error(place(), "a text cannot confirm this command").expecting("a Number or a Flag");
        }
        if !is_number && kind(watched) == ValueKind::Number && command.confirm.threshold.is_none() {
            self.problems
                .error(place(), "a number confirms a switch only with a threshold")
                .expecting("confirm: (threshold: …) or a signal that is a Flag");
        }
    }

    fn check_physics(&mut self, at: usize) {
        let flat = &self.flats[at];
        let Some(physics) = &flat.doc.physics else { return };
        if physics.equations.trim().is_empty() {
            self.problems
                .error(flat.place(".physics.equations"), format!("the physics of {} has no equations", flat.address))
                .expecting("DiffSL: states u_i and their rates F_i");
        }
        for (name, param) in &physics.params {
            let place = |below: &str| flat.place(&format!(".physics.params[\"{name}\"]{below}"));
            note(self.problems, check_unit(&param.unit).map(|_| ()), || place(".unit"));
            note(self.problems, check_finite("a value", param.value), || place(".value"));
            if let Some(truly) = param.truly {
                note(self.problems, check_finite("a value", truly), || place(".truly"));
            }
            if physics.inputs.contains_key(name) {
                let message = format!("{name:?} is both a parameter and an input");
                self.problems.error(place("@"), message).expecting("different names");
            }
        }
        for (name, unit) in &physics.outputs {
            let place = || flat.place(&format!(".physics.outputs[\"{name}\"]"));
            note(self.problems, check_unit(unit).map(|_| ()), place);
        }
        for (name, input) in &physics.inputs {
            let place = |below: &str| flat.place(&format!(".physics.inputs[\"{name}\"]{below}"));
            match input {
                InputDoc::Set(start) => note(self.problems, check_finite("a start", *start), || place("[0]")),
                InputDoc::Daily(curve) => {
                    let hours_fit = curve.iter().all(|it| (0.0..=24.0).contains(&it.0) && it.1.is_finite());
                    let ascending = curve.windows(2).all(|it| it[0].0 < it[1].0);
                    if curve.is_empty() || !hours_fit || !ascending {
                        self.problems
                            .error(place("[0]"), "this is no curve over a day")
                            .expecting("(hour, value) with hours from 0 to 24, each later than the one before");
                    }
                }
                InputDoc::From(_) | InputDoc::Sum(_) | InputDoc::HourOfDay => (),
            }
        }
    }

    /// What flows along a twin flows along a pipe.
    pub(super) fn check_way(&mut self, way: usize, place: impl FnOnce() -> Place) {
        let flat = &self.flats[way];
        if !matches!(flat.doc.body, Some(BodyDoc::Pipe { .. })) {
            self.problems
                .error(place(), format!("{} is no pipe", flat.address))
                .expecting("a twin whose body is a Pipe");
        }
    }
}
