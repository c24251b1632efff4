//! Makes the site out of its document: resolves what refers to something, and notes all that is wrong on the way.

use std::path::Path;
use std::sync::Arc;

use super::check_inventory::advisories_folder;
use super::check_site::check_site;
use super::condition::Condition;
use super::doc::{AlarmWhenDoc, DeviceDoc, InputDoc, Kind, PhysicsDoc, SiteDoc, TakesDoc, ValueKind};
use super::flat::FlatTwin;
use super::gltf::Models;
use super::ids::Ids;
use super::model::{
    Alarm, AlarmWhen, Command, CommandId, Confirm, Expectation, Flow, Index, Interlock, Look, Signal, Site, Stop, Twin,
    TwinId,
};
use super::problem::{Place, Problems};
use super::refer::{Atlas, Port, Unknown};
use super::seen::Seen;
use super::source::Source;
use super::unfold::unfold;
use super::values::check_unit;
use crate::signal::{SignalId, Unit};

/// What the checks of one site share.
pub(super) struct Builder<'a> {
    /// All twins.
    pub(super) flats: &'a [FlatTwin],
    /// By address.
    pub(super) atlas: &'a Atlas<'a>,
    /// All signals: position of the twin, position among its own.
    pub(super) signals: &'a [(usize, usize)],
    /// Position of the twin whose device speaks for each twin.
    pub(super) speakers: &'a [Option<usize>],
    /// What is wrong.
    pub(super) problems: &'a mut Problems,
    /// Models, for the names of their parts.
    pub(super) models: Models,
    /// What may be there once alone.
    pub(super) seen: Seen,
}

/// Makes the site. It is of use only where no errors were noted.
pub(super) fn build(doc: SiteDoc, file: &Path, text: &str, ids: &mut Ids, problems: &mut Problems) -> Site {
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flats = unfold(&doc, problems);
    let atlas = Atlas::new(&flats);
    let signals: Vec<(usize, usize)> =
        flats.iter().enumerate().flat_map(|(at, it)| (0..it.doc.signals.len()).map(move |i| (at, i))).collect();
    let mut builder = Builder {
        flats: &flats,
        atlas: &atlas,
        signals: &signals,
        speakers: &speakers(&flats),
        problems,
        models: Models::new(folder),
        seen: Seen::default(),
    };
    check_site(&mut builder, &doc);
    for at in 0..flats.len() {
        builder.check_twin(at);
    }
    builder.check_topics();

    let twin_ids: Vec<TwinId> = flats.iter().map(|it| ids.twin(&it.address)).collect();
    let addresses: Vec<Arc<str>> = signals
        .iter()
        .map(|&(at, i)| format!("{}/{}", flats[at].address, flats[at].doc.signals[i].id).into())
        .collect();
    let signal_ids: Vec<SignalId> = addresses.iter().map(|it| ids.signal(it)).collect();
    let command_addresses: Vec<Arc<str>> = flats
        .iter()
        .flat_map(|flat| flat.doc.commands.iter().map(move |it| format!("{}/{}", flat.address, it.id).into()))
        .collect();
    let command_ids: Vec<CommandId> = command_addresses.iter().map(|it| ids.command(it)).collect();
    let numbers = Numbers { twins: &twin_ids, signals: &signal_ids, addresses: &addresses, commands: &command_ids };

    let twins: Vec<Twin> = (0..flats.len()).map(|at| builder.twin(at, &numbers)).collect();
    let signals_made: Vec<Signal> = (0..signals.len()).map(|at| builder.signal(at, &numbers)).collect();
    let mut commands = Vec::new();
    let mut next_command = command_ids.iter().copied().zip(command_addresses);
    let (mut alarms, mut expectations) = (Vec::new(), Vec::new());
    for (at, flat) in flats.iter().enumerate() {
        for (i, (id, address)) in next_command.by_ref().take(flat.doc.commands.len()).enumerate() {
            commands.extend(builder.command(at, i, id, address, &numbers));
        }
        for i in 0..flat.doc.alarms.len() {
            alarms.extend(builder.alarm(at, i, ids, &numbers));
        }
        expectations.extend((0..flat.doc.expects.len()).filter_map(|i| builder.expectation(at, i, &numbers)));
    }
    let advisories = advisories_folder(&doc, folder, builder.problems);
    let flows = builder.flows(&doc, &numbers);
    let plots = builder.plots(&doc, &numbers);
    Site {
        source: Arc::new(Source::new(file, text, &flats)),
        index: Index::new(&twins, &signals_made, &commands),
        name: doc.name,
        about: doc.about,
        place: doc.place,
        broker: doc.broker,
        authority: doc.authority,
        allow_insecure: doc.allow_insecure,
        // Told by its whole name: what is said over MQTT begins with the name of the folder, wherever a program was started.
        folder: folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
        twins,
        signals: signals_made,
        commands,
        alarms,
        expectations,
        flows,
        props: doc.props,
        viewpoints: doc.viewpoints,
        plots,
        field_speed: doc.field_speed,
        advisories,
        signal_capacity: ids.n_signals(),
        twin_capacity: ids.n_twins(),
    }
}

/// Numbers by position.
struct Numbers<'a> {
    twins: &'a [TwinId],
    signals: &'a [SignalId],
    addresses: &'a [Arc<str>],
    commands: &'a [CommandId],
}

/// A device speaks for its twin and for those below it. Parents stand before their children.
fn speakers(flats: &[FlatTwin]) -> Vec<Option<usize>> {
    let mut speakers: Vec<Option<usize>> = Vec::with_capacity(flats.len());
    for (at, flat) in flats.iter().enumerate() {
        let inherited = || flat.parent.and_then(|it| speakers[it]);
        let speaker = if flat.doc.device.is_some() { Some(at) } else { inherited() };
        speakers.push(speaker);
    }
    speakers
}

impl Builder<'_> {
    /// The device that speaks for a twin.
    pub(super) fn device(&self, at: usize) -> Option<&DeviceDoc> {
        self.speakers[at].and_then(|it| self.flats[it].doc.device.as_ref())
    }

    /// Takes what a reference means, or notes that it means nothing.
    pub(super) fn known<T>(&mut self, found: Result<T, Unknown>, place: impl FnOnce() -> Place) -> Option<T> {
        match found {
            Ok(found) => Some(found),
            Err(unknown) => {
                let problem = self.problems.error(place(), unknown.message).hinting(unknown.hint);
                if let Some(expected) = unknown.expected {
                    problem.expecting(expected);
                }
                None
            }
        }
    }

    /// An absolute address of an output; as it was written where that means nothing.
    fn output(&mut self, at: usize, text: &str, place: impl FnOnce() -> Place) -> String {
        let found = self.atlas.port(at, text, Port::Output);
        self.known(found, place).map_or_else(|| text.to_owned(), |it| it.1)
    }

    fn twin(&mut self, at: usize, numbers: &Numbers<'_>) -> Twin {
        let flats = self.flats;
        let flat = &flats[at];
        let doc = &flat.doc;
        let mut looks = Vec::with_capacity(doc.looks.len());
        for (i, look) in doc.looks.iter().enumerate() {
            let found = self.atlas.signal(Some(at), &look.signal);
            let Some(signal) = self.known(found, || flat.look_place(i, ".signal")) else { continue };
            self.check_look(at, i, signal);
            looks.push(Look { part: look.part.clone(), signal: numbers.signals[signal], show: look.show.clone() });
        }
        let mut involves = Vec::with_capacity(doc.involves.len());
        for (i, text) in doc.involves.iter().enumerate() {
            let found = self.atlas.twin(Some(at), text);
            involves.extend(self.known(found, || flat.involves_place(i)).map(|it| numbers.twins[it]));
        }
        let mut emergency_stop = Vec::with_capacity(doc.emergency_stop.len());
        for (i, stop) in doc.emergency_stop.iter().enumerate() {
            let found = self.atlas.command(Some(at), &stop.command);
            let found = self.known(found, || flat.stop_place(i, ".command"));
            if let Some(command) = found {
                self.check_stop(at, i, command);
            }
            emergency_stop.extend(found.map(|it| Stop { command: numbers.commands[it], value: stop.value }));
        }
        Twin {
            id: numbers.twins[at],
            address: Arc::clone(&flat.address),
            name: named(&doc.name, &doc.id),
            // Noted already where it is missing.
            kind: doc.kind.unwrap_or(Kind::Component),
            about: doc.about.clone(),
            parent: flat.parent.map(|it| numbers.twins[it]),
            at: doc.at,
            body: doc.body.clone(),
            device: doc.device.clone(),
            looks,
            physics: doc.physics.as_ref().map(|it| self.physics(at, it)),
            involves,
            emergency_stop,
        }
    }

    fn physics(&mut self, at: usize, physics: &PhysicsDoc) -> PhysicsDoc {
        let flat = &self.flats[at];
        let mut made = physics.clone();
        for (name, input) in &mut made.inputs {
            match input {
                InputDoc::From(text) => {
                    *text = self.output(at, text, || flat.place(&format!(".physics.inputs[\"{name}\"][0]")));
                }
                InputDoc::Sum(texts) => {
                    for (i, text) in texts.iter_mut().enumerate() {
                        *text = self.output(at, text, || flat.place(&format!(".physics.inputs[\"{name}\"][0][{i}]")));
                    }
                }
                InputDoc::Set(_) | InputDoc::HourOfDay | InputDoc::Daily(_) => (),
            }
        }
        made
    }

    fn signal(&mut self, position: usize, numbers: &Numbers<'_>) -> Signal {
        let (at, i) = self.signals[position];
        let flats = self.flats;
        let flat = &flats[at];
        let doc = &flat.doc.signals[i];
        let mut field = doc.field.clone();
        if let Some(sensor) = &mut field {
            sensor.of = self.output(at, &sensor.of, || flat.signal_place(i, ".field.of"));
            self.check_sensor(at, i, &sensor.of);
        }
        Signal {
            id: numbers.signals[position],
            address: Arc::clone(&numbers.addresses[position]),
            key: doc.id.clone(),
            name: named(&doc.name, &doc.id),
            twin: numbers.twins[at],
            topic: doc.topic.clone(),
            path: doc.path.clone(),
            time: doc.time.clone(),
            is: doc.is,
            // Noted already where it is none.
            unit: check_unit(&doc.unit).unwrap_or(Unit::NONE),
            range: doc.range,
            period: doc.period.or_else(|| self.device(at).map(|it| it.period)).unwrap_or(1.0),
            decimals: doc.decimals,
            field,
        }
    }

    fn command(
        &mut self,
        at: usize,
        i: usize,
        id: CommandId,
        address: Arc<str>,
        numbers: &Numbers<'_>,
    ) -> Option<Command> {
        let flats = self.flats;
        let flat = &flats[at];
        let doc = &flat.doc.commands[i];
        let found = self.atlas.signal(Some(at), &doc.reports);
        let reports = self.known(found, || flat.command_place(i, ".reports"));
        let watched = match &doc.confirm.signal {
            Some(signal) => {
                let found = self.atlas.signal(Some(at), signal);
                self.known(found, || flat.command_place(i, ".confirm.signal"))
            }
            None => reports,
        };
        let mut drives = doc.drives.clone();
        if let Some(text) = &mut drives {
            let found = self.atlas.port(at, text, Port::Input);
            if let Some((twin, input)) = self.known(found, || flat.command_place(i, ".drives")) {
                self.check_driven(at, i, twin, &input);
                *text = input;
            }
        }
        let mut refused_while = doc.refused_while.clone();
        if let Some(refused) = &mut refused_while {
            refused.output = self.output(at, &refused.output, || flat.command_place(i, ".refused_while.output"));
        }
        let takes = match doc.takes {
            TakesDoc::Switch { .. } => ValueKind::Flag,
            TakesDoc::Number { .. } => ValueKind::Number,
        };
        let confirmed =
            doc.confirm.when.as_ref().and_then(|text| {
                self.condition(at, text, Some(takes), numbers, || flat.command_place(i, ".confirm.when"))
            });
        let mut interlocks = Vec::with_capacity(doc.interlocks.len());
        for (n, interlock) in doc.interlocks.iter().enumerate() {
            let place = || flat.command_place(i, &format!(".interlocks[{n}].holds"));
            let holds = self.condition(at, &interlock.holds, Some(takes), numbers, place);
            let (says, only) = (interlock.says.clone(), interlock.only);
            interlocks.extend(holds.map(|holds| Interlock { holds, says, only }));
        }
        let mut excludes = Vec::with_capacity(doc.excludes.len());
        for (n, other) in doc.excludes.iter().enumerate() {
            let found = self.atlas.command(Some(at), other);
            let found = self.known(found, || flat.command_place(i, &format!(".excludes[{n}]")));
            excludes.extend(found.map(|it| numbers.commands[it]));
        }
        let (reports, watched) = (reports?, watched?);
        self.check_reported(at, i, reports, watched);
        Some(Command {
            id,
            address,
            name: named(&doc.name, &doc.id),
            twin: numbers.twins[at],
            topic: doc.topic.clone(),
            path: doc.path.clone(),
            takes: doc.takes.clone(),
            reports: numbers.signals[reports],
            confirm: Confirm {
                signal: numbers.signals[watched],
                within: doc.confirm.within,
                threshold: doc.confirm.threshold,
                secs: doc.confirm.secs,
                when: confirmed,
            },
            drives,
            refused_while,
            class: doc.class,
            normal: doc.normal,
            roles: doc.roles.clone(),
            limits: doc.limits,
            interlocks,
            excludes,
        })
    }

    fn alarm(&mut self, at: usize, i: usize, ids: &mut Ids, numbers: &Numbers<'_>) -> Option<Alarm> {
        let flats = self.flats;
        let flat = &flats[at];
        let doc = &flat.doc.alarms[i];
        self.check_alarm(at, i);
        let found = match &doc.when {
            AlarmWhenDoc::When(text) => {
                let place = || flat.alarm_place(i, ".when[0]");
                self.condition(at, text, None, numbers, place).map(AlarmWhen::When)
            }
            AlarmWhenDoc::Above { signal, .. }
            | AlarmWhenDoc::Below { signal, .. }
            | AlarmWhenDoc::Rate { signal, .. }
            | AlarmWhenDoc::Times { signal, .. }
            | AlarmWhenDoc::Stale { signal }
            | AlarmWhenDoc::Equals { signal, .. } => {
                let found = self.atlas.signal(Some(at), signal);
                let found = self.known(found, || flat.alarm_place(i, ".when.signal"));
                found.map(|position| {
                    self.check_alarm_signal(at, i, position);
                    let signal = numbers.signals[position];
                    match doc.when.clone() {
                        AlarmWhenDoc::Above { limit, deadband, .. } => AlarmWhen::Above { signal, limit, deadband },
                        AlarmWhenDoc::Below { limit, deadband, .. } => AlarmWhen::Below { signal, limit, deadband },
                        AlarmWhenDoc::Rate { above, over, .. } => AlarmWhen::Rate { signal, above, over },
                        AlarmWhenDoc::Times { above, times, within, .. } => {
                            AlarmWhen::Times { signal, above, times, within }
                        }
                        AlarmWhenDoc::Equals { text, .. } => AlarmWhen::Equals { signal, text },
                        AlarmWhenDoc::Stale { .. } | AlarmWhenDoc::When(_) => AlarmWhen::Stale { signal },
                    }
                })
            }
        };
        let suppressed_while = doc
            .suppressed_while
            .as_ref()
            .and_then(|text| self.condition(at, text, None, numbers, || flat.alarm_place(i, ".suppressed_while")));
        let address: Arc<str> = format!("{}/{}", flat.address, doc.id).into();
        Some(Alarm {
            id: ids.alarm(&address),
            address,
            name: named(&doc.name, &doc.id),
            twin: numbers.twins[at],
            when: found?,
            on_delay: doc.on_delay,
            off_delay: doc.off_delay,
            consequence: doc.consequence,
            respond_within: doc.respond_within,
            response: doc.response.clone(),
            latched: doc.latched,
            suppressed_while,
        })
    }

    fn expectation(&mut self, at: usize, i: usize, numbers: &Numbers<'_>) -> Option<Expectation> {
        let flats = self.flats;
        let flat = &flats[at];
        let doc = &flat.doc.expects[i];
        self.check_expectation(at, i);
        let always = self.condition(at, &doc.always, None, numbers, || flat.expect_place(i, ".always"))?;
        Some(Expectation {
            address: format!("{}/{}", flat.address, doc.id).into(),
            twin: numbers.twins[at],
            says: doc.says.clone(),
            always,
            for_longer_than: doc.for_longer_than,
        })
    }

    /// Reads a condition that stands on a twin, or notes why it is none.
    fn condition(
        &mut self,
        at: usize,
        text: &str,
        desired: Option<ValueKind>,
        numbers: &Numbers<'_>,
        place: impl FnOnce() -> Place,
    ) -> Option<Condition> {
        let (atlas, flats, signals) = (self.atlas, self.flats, self.signals);
        let read = Condition::read(text, desired, |address| {
            let position = atlas.signal(Some(at), address)?;
            let (twin, signal) = signals[position];
            Ok((numbers.signals[position], flats[twin].doc.signals[signal].is))
        });
        match read {
            Ok(condition) => Some(condition),
            Err(unfit) => {
                let problem = self.problems.error(place(), unfit.message).hinting(unfit.hint);
                if let Some(expected) = unfit.expected {
                    problem.expecting(expected);
                }
                None
            }
        }
    }

    fn flows(&mut self, doc: &SiteDoc, numbers: &Numbers<'_>) -> Vec<Flow> {
        let mut flows = Vec::with_capacity(doc.flows.len());
        for (i, flow) in doc.flows.iter().enumerate() {
            let atlas = self.atlas;
            let mut end =
                |text: &str, field: &str| self.known(atlas.twin(None, text), || format!("flows[{i}].{field}").into());
            let (from, to) = (end(&flow.from, "from"), end(&flow.to, "to"));
            let along = flow.along.as_ref().and_then(|it| end(it, "along"));
            if let Some(way) = along {
                self.check_way(way, || format!("flows[{i}].along").into());
            }
            if let (Some(from), Some(to)) = (from, to) {
                let (from, to) = (numbers.twins[from], numbers.twins[to]);
                flows.push(Flow { from, to, medium: flow.medium.clone(), along: along.map(|it| numbers.twins[it]) });
            }
        }
        flows
    }

    fn plots(&mut self, doc: &SiteDoc, numbers: &Numbers<'_>) -> Vec<SignalId> {
        let atlas = self.atlas;
        let found = doc.plots.iter().enumerate().filter_map(|(i, address)| {
            let at = self.known(atlas.signal(None, address), || format!("plots[{i}]").into())?;
            if self.flats[self.signals[at].0].doc.signals[self.signals[at].1].is == ValueKind::Text {
                let message = format!("{address:?} is a text, and texts cannot be plotted");
                self.problems.error(format!("plots[{i}]"), message).expecting("a number or a flag");
            }
            Some(numbers.signals[at])
        });
        found.collect()
    }
}

fn named(name: &str, id: &str) -> String {
    if name.is_empty() { id.to_owned() } else { name.to_owned() }
}
