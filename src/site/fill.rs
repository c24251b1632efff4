//! Puts the values of a template's parameters where `{name}` stands in its texts.

use std::collections::BTreeMap;

use super::doc::{
    AlarmDoc, AlarmWhenDoc, BodyDoc, CommandDoc, InputDoc, InventoryDoc, LookDoc, PhysicsDoc, SensorDoc, ShowDoc,
    SignalDoc, SigningDoc, TakesDoc, TwinDoc, WhenDoc,
};
use super::near::did_you_mean;
use super::problem::{Place, Problems};

/// All texts that templates make of each other, in bytes: a few lines can otherwise ask for more than there is.
const MAX_MADE: usize = 64 << 20;

/// The values of one template's parameters, for one twin.
pub(super) struct Filler<'a> {
    /// Value by name.
    pub(super) params: &'a BTreeMap<String, String>,
    /// Where the twin stands in the file.
    pub(super) place: &'a Place,
    /// What is wrong.
    pub(super) problems: &'a mut Problems,
    /// Bytes made so far.
    pub(super) n_made: &'a mut usize,
}

impl Filler<'_> {
    /// Fills in all texts of a twin, but not those of its children.
    pub(super) fn twin(&mut self, twin: &mut TwinDoc) {
        self.text(&mut twin.id, || ".id".to_owned());
        self.text(&mut twin.name, || ".name".to_owned());
        self.text(&mut twin.about, || ".about".to_owned());
        if let Some(uses) = &mut twin.uses {
            self.text(uses, || ".uses".to_owned());
        }
        self.map(&mut twin.with, ".with", |it, value, at| it.text(value, || at.to_owned()));
        if let Some(BodyDoc::Model(file)) = &mut twin.body {
            self.text(file, || ".body[0]".to_owned());
        }
        if let Some(device) = &mut twin.device {
            self.text(&mut device.id, || ".device.id".to_owned());
            self.option(&mut device.status, || ".device.status".to_owned());
            if let SigningDoc::Vouched(gateway) = &mut device.signing {
                self.text(gateway, || ".device.signing[0]".to_owned());
            }
            for (i, owner) in device.keys.iter_mut().enumerate() {
                self.text(owner, || format!(".device.keys[{i}]"));
            }
            if let Some(inventory) = &mut device.inventory {
                self.inventory(inventory);
            }
        }
        for (i, signal) in twin.signals.iter_mut().enumerate() {
            self.signal(signal, &format!(".signals[{i}]"));
        }
        for (i, command) in twin.commands.iter_mut().enumerate() {
            self.command(command, &format!(".commands[{i}]"));
        }
        for (i, stop) in twin.emergency_stop.iter_mut().enumerate() {
            self.text(&mut stop.command, || format!(".emergency_stop[{i}].command"));
        }
        for (i, alarm) in twin.alarms.iter_mut().enumerate() {
            self.alarm(alarm, &format!(".alarms[{i}]"));
        }
        for (i, expect) in twin.expects.iter_mut().enumerate() {
            self.text(&mut expect.id, || format!(".expects[{i}].id"));
            self.text(&mut expect.says, || format!(".expects[{i}].says"));
            self.text(&mut expect.always, || format!(".expects[{i}].always"));
        }
        for (i, look) in twin.looks.iter_mut().enumerate() {
            self.look(look, &format!(".looks[{i}]"));
        }
        if let Some(physics) = &mut twin.physics {
            self.physics(physics);
        }
        for (i, involved) in twin.involves.iter_mut().enumerate() {
            self.text(involved, || format!(".involves[{i}]"));
        }
    }

    fn inventory(&mut self, inventory: &mut InventoryDoc) {
        let at = |field: &str| format!(".device.inventory.{field}");
        self.text(&mut inventory.maker, || at("maker"));
        self.text(&mut inventory.model, || at("model"));
        for (field, text) in [
            ("firmware", &mut inventory.firmware),
            ("serial", &mut inventory.serial),
            ("purl", &mut inventory.purl),
            ("cpe", &mut inventory.cpe),
            ("end_of_support", &mut inventory.end_of_support),
            ("installed", &mut inventory.installed),
        ] {
            self.option(text, || at(field));
        }
    }

    fn signal(&mut self, signal: &mut SignalDoc, at: &str) {
        self.text(&mut signal.id, || format!("{at}.id"));
        self.text(&mut signal.name, || format!("{at}.name"));
        self.text(&mut signal.topic, || format!("{at}.topic"));
        self.option(&mut signal.path, || format!("{at}.path"));
        self.option(&mut signal.time, || format!("{at}.time"));
        self.text(&mut signal.unit, || format!("{at}.unit"));
        if let Some(SensorDoc { of, names, .. }) = &mut signal.field {
            self.text(of, || format!("{at}.field.of"));
            for (i, name) in names.iter_mut().enumerate() {
                self.text(name, || format!("{at}.field.names[{i}]"));
            }
        }
    }

    fn command(&mut self, command: &mut CommandDoc, at: &str) {
        self.text(&mut command.id, || format!("{at}.id"));
        self.text(&mut command.name, || format!("{at}.name"));
        self.text(&mut command.topic, || format!("{at}.topic"));
        self.option(&mut command.path, || format!("{at}.path"));
        if let TakesDoc::Switch { on, off } = &mut command.takes {
            self.text(on, || format!("{at}.takes.on"));
            self.text(off, || format!("{at}.takes.off"));
        }
        self.text(&mut command.reports, || format!("{at}.reports"));
        self.option(&mut command.confirm.signal, || format!("{at}.confirm.signal"));
        self.option(&mut command.confirm.when, || format!("{at}.confirm.when"));
        for (i, interlock) in command.interlocks.iter_mut().enumerate() {
            self.text(&mut interlock.holds, || format!("{at}.interlocks[{i}].holds"));
            self.text(&mut interlock.says, || format!("{at}.interlocks[{i}].says"));
        }
        for (i, other) in command.excludes.iter_mut().enumerate() {
            self.text(other, || format!("{at}.excludes[{i}]"));
        }
        self.option(&mut command.drives, || format!("{at}.drives"));
        if let Some(refused) = &mut command.refused_while {
            self.text(&mut refused.output, || format!("{at}.refused_while.output"));
            self.text(&mut refused.reason, || format!("{at}.refused_while.reason"));
        }
    }

    fn alarm(&mut self, alarm: &mut AlarmDoc, at: &str) {
        self.text(&mut alarm.id, || format!("{at}.id"));
        self.text(&mut alarm.name, || format!("{at}.name"));
        self.text(&mut alarm.response, || format!("{at}.response"));
        self.option(&mut alarm.suppressed_while, || format!("{at}.suppressed_while"));
        match &mut alarm.when {
            AlarmWhenDoc::Equals { signal, text } => {
                self.text(signal, || format!("{at}.when.signal"));
                self.text(text, || format!("{at}.when.text"));
            }
            AlarmWhenDoc::Above { signal, .. }
            | AlarmWhenDoc::Below { signal, .. }
            | AlarmWhenDoc::Rate { signal, .. }
            | AlarmWhenDoc::Times { signal, .. }
            | AlarmWhenDoc::Stale { signal } => self.text(signal, || format!("{at}.when.signal")),
            AlarmWhenDoc::When(condition) => self.text(condition, || format!("{at}.when[0]")),
        }
    }

    fn look(&mut self, look: &mut LookDoc, at: &str) {
        self.option(&mut look.part, || format!("{at}.part"));
        self.text(&mut look.signal, || format!("{at}.signal"));
        let ShowDoc::Rules(rules) = &mut look.show else { return };
        for (i, rule) in rules.iter_mut().enumerate() {
            if let WhenDoc::Is(text) = &mut rule.when {
                self.text(text, || format!("{at}.show[0][{i}].when[0]"));
            }
            self.option(&mut rule.text, || format!("{at}.show[0][{i}].text"));
        }
    }

    fn physics(&mut self, physics: &mut PhysicsDoc) {
        // Equations have braces of their own: only what is a parameter's name is one.
        self.replace(&mut physics.equations, None::<fn() -> String>);
        self.map(&mut physics.params, ".physics.params", |it, param, at| {
            it.text(&mut param.unit, || format!("{at}.unit"));
        });
        self.map(&mut physics.inputs, ".physics.inputs", |it, input, at| match input {
            InputDoc::From(output) => it.text(output, || format!("{at}[0]")),
            InputDoc::Sum(outputs) => {
                for (i, output) in outputs.iter_mut().enumerate() {
                    it.text(output, || format!("{at}[0][{i}]"));
                }
            }
            InputDoc::Set(_) | InputDoc::HourOfDay | InputDoc::Daily(_) => (),
        });
        self.map(&mut physics.outputs, ".physics.outputs", |it, unit, at| it.text(unit, || at.to_owned()));
    }

    fn map<V>(&mut self, map: &mut BTreeMap<String, V>, at: &str, each: impl Fn(&mut Self, &mut V, &str)) {
        let has_params = map.keys().any(|it| it.contains('{'));
        for (key, value) in map.iter_mut() {
            each(self, value, &format!("{at}[\"{key}\"]"));
        }
        if !has_params {
            return;
        }
        for (key, value) in std::mem::take(map) {
            let written = format!("{at}[\"{key}\"]@");
            let mut filled = key;
            self.text(&mut filled, || written.clone());
            if map.contains_key(&filled) {
                self.problems.error(self.place.at(&written), format!("{filled:?} is given twice"));
            }
            map.insert(filled, value);
        }
    }

    fn option(&mut self, text: &mut Option<String>, at: impl Fn() -> String) {
        if let Some(text) = text {
            self.text(text, at);
        }
    }

    fn text(&mut self, text: &mut String, at: impl Fn() -> String) {
        self.replace(text, Some(at));
    }

    /// Replaces `{name}`. Without `at`, what is no parameter stays as it is.
    fn replace(&mut self, text: &mut String, at: Option<impl Fn() -> String>) {
        *self.n_made += text.len();
        if !text.contains('{') {
            return;
        }
        let mut made = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(open) = rest.find('{') {
            made.push_str(&rest[..open]);
            rest = &rest[open..];
            let name = rest[1..].split('}').next().filter(|it| is_name(it) && rest[1 + it.len()..].starts_with('}'));
            let value = name.and_then(|it| self.params.get(it));
            match (name, value) {
                (Some(name), Some(value)) => {
                    if *self.n_made + made.len() + value.len() > MAX_MADE {
                        let message = format!("the templates make more than {} MiB of text", MAX_MADE >> 20);
                        self.problems.error("templates@", message).expecting("shorter values of parameters");
                        break;
                    }
                    made.push_str(value);
                    rest = &rest[name.len() + 2..];
                }
                (Some(name), None) if at.is_some() => {
                    if let Some(at) = &at {
                        let hint = did_you_mean(name, self.params.keys().map(String::as_str))
                            .unwrap_or_else(|| format!("add {name:?} to the template's params"));
                        self.problems
                            .error(
                                Place::from(self.place.at(&at()).path),
                                format!("{{{name}}} is no parameter of the template"),
                            )
                            .hinting(hint);
                    }
                    rest = &rest[name.len() + 2..];
                }
                _ => {
                    made.push('{');
                    rest = &rest[1..];
                }
            }
        }
        made.push_str(rest);
        *self.n_made += made.len();
        *text = made;
    }
}

/// What a parameter may be called: `a-z`, `0-9`, `_`.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}
