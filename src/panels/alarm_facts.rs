//! What the alarm panels read of the world, put into words.

use std::collections::BTreeMap;
use std::time::Duration;

use super::actions::Action;
use super::alarms::{
    AlarmAction, AlarmKey, AlarmRow, BriefRow, ExpectRow, FiguresRows, FloodGroup, FloodRow, JournalRow, NamedCount,
    WhyCard, WhyCommand, WhyInput, WhyUpstream,
};
use super::commands::form::in_words;
use super::facts::Facts;
use super::format;
use super::timeline::AlarmSpan;
use crate::command::CommandRow;
use crate::judge::{self, AlarmLife, AlarmState, Priority, Truth, What};
use crate::signal::{SignalId, Timestamp, Unit, Value};
use crate::site::doc::Kind;
use crate::site::{Alarm, AlarmId, TwinId};
use crate::twin::ReadingState;

/// Commands that were given so long before an alarm may be its cause.
const BEFORE: Duration = Duration::from_secs(300);

/// The worst alarm of a twin or of what is below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WorstAlarm {
    /// How soon it wants a person.
    pub priority: Priority,
    /// Nobody has acknowledged it, or another one there.
    pub new: bool,
}

impl Facts<'_, '_> {
    /// Why nothing can be done to an alarm now. `None`: it can.
    pub(super) fn cannot_act(&self) -> Option<String> {
        if self.session.is_replay() {
            return Some("This is a recording: what was found in it is acknowledged by nobody.".to_owned());
        }
        if self.alarms.is_found() || !self.is_live() {
            return Some("The view shows the past: go live to act on alarms.".to_owned());
        }
        None
    }

    /// Every alarm that stands, is put aside, or cannot be judged.
    pub(super) fn alarm_keys(&self) -> Vec<AlarmKey> {
        let counts = |it: &&AlarmLife| it.state != AlarmState::Normal || it.truth == Truth::Unknown;
        let key = |it: &AlarmLife| {
            Some(AlarmKey {
                alarm: it.alarm,
                twin: self.site.alarm(it.alarm)?.twin,
                priority: it.priority,
                state: it.state,
                truth: it.truth,
                raised: it.raised,
                first_out: it.first_out,
                chattering: it.chattering,
            })
        };
        self.alarms.all().filter(counts).filter_map(key).collect()
    }

    fn twin_name(&self, twin: TwinId) -> &str {
        self.site.twin(twin).map_or("", |it| &it.name)
    }

    /// The twin's name; a part's only with that of what it is a part of, for every pump has bearings.
    fn place_name(&self, twin: TwinId) -> String {
        let mut lineage = self.site.lineage(twin);
        match (lineage.next(), lineage.next()) {
            (Some(twin), Some(whole)) if twin.kind == Kind::Component => format!("{} · {}", whole.name, twin.name),
            (Some(twin), _) => twin.name.clone(),
            (None, _) => String::new(),
        }
    }

    /// The twin's name and the alarm's.
    pub(super) fn alarm_name(&self, alarm: AlarmId) -> String {
        self.site.alarm(alarm).map_or_else(String::new, |it| format!("{} · {}", self.place_name(it.twin), it.name))
    }

    fn value_words(&self, signal: SignalId, value: &Value) -> String {
        let (unit, decimals) = self.site.signal(signal).map_or((Unit::NONE, None), |it| (it.unit, it.decimals));
        format::value(value, unit, decimals)
    }

    fn now_words(&self, signal: SignalId) -> String {
        let reading = self.readings.get(signal);
        let value = reading.value.as_ref().map_or_else(|| "–".to_owned(), |it| self.value_words(signal, it));
        match reading.state {
            ReadingState::Fresh => value,
            state @ (ReadingState::NeverSeen | ReadingState::Stale | ReadingState::Bad | ReadingState::Isolated) => {
                format!("{value} {}", state.label())
            }
        }
    }

    pub(super) fn alarm_row(&self, key: &AlarmKey) -> AlarmRow<'_> {
        let (Some(alarm), Some(life)) = (self.site.alarm(key.alarm), self.alarms.get(key.alarm)) else {
            return AlarmRow::default();
        };
        let clock = &self.pulse.clock;
        let found = self.alarms.is_found();
        let signals = alarm.when.signals();
        let then = |signal: &SignalId| life.values.iter().find(|it| it.0 == *signal);
        let at_raise = signals.iter().filter_map(then).map(|(signal, value)| self.value_words(*signal, value));
        let beside_time = match life.known.filter(|_| found) {
            Some(known) => clock.time(known),
            None => life.raised.map_or_else(String::new, |it| format::span(self.extent().to.secs_since(it))),
        };
        AlarmRow {
            twin: self.place_name(alarm.twin),
            name: &alarm.name,
            time: life.raised.map_or_else(String::new, |it| clock.time(it)),
            beside_time,
            at_raise: at_raise.collect::<Vec<_>>().join(", "),
            now: signals.iter().map(|it| self.now_words(*it)).collect::<Vec<_>>().join(", "),
            said: self.said(alarm, life),
            details: self.details(alarm, life),
            taint: self.taint_of_alarm(alarm.id),
        }
    }

    /// What is to be known of an alarm beside its values.
    fn said(&self, alarm: &Alarm, life: &AlarmLife) -> String {
        let clock = &self.pulse.clock;
        let reason = life.reason.as_deref().unwrap_or_default();
        match life.state {
            AlarmState::Shelved => match life.shelved_until {
                Some(until) => format!("until {}: {reason}", clock.minutes(until)),
                None => reason.to_owned(),
            },
            AlarmState::OutOfService => reason.to_owned(),
            AlarmState::SuppressedByDesign => {
                alarm.suppressed_while.as_ref().map_or_else(String::new, |it| format!("while {}", it.text))
            }
            AlarmState::Normal
            | AlarmState::Unacknowledged
            | AlarmState::Acknowledged
            | AlarmState::ReturnedUnacknowledged
            | AlarmState::LatchedUnacknowledged
            | AlarmState::Latched => match life.notes.last() {
                Some(note) => format!("{}: {}", note.who, note.text),
                None => alarm.response.clone(),
            },
        }
    }

    fn details(&self, alarm: &Alarm, life: &AlarmLife) -> Vec<(&'static str, String)> {
        let clock = &self.pulse.clock;
        let mut details = vec![("Condition", judge::in_words(&self.site, alarm))];
        let mut time = |name, at: Option<Timestamp>| details.extend(at.map(|it| (name, clock.date_time(it))));
        time("Raised", life.raised);
        time("Known", life.known.filter(|it| Some(*it) != life.raised));
        time("Returned", life.returned);
        time("Shelved until", life.shelved_until);
        if let Some((at, who)) = &life.acknowledged {
            details.push(("Acknowledged", format!("{} by {who}", clock.time(*at))));
        }
        details.extend(life.reason.as_ref().map(|it| ("Reason", it.to_string())));
        if life.n_raised > 1 {
            details.push(("Raised so far", format!("{} times", life.n_raised)));
        }
        if !alarm.response.is_empty() {
            details.push(("What to do", alarm.response.clone()));
        }
        let note = |it: &judge::Note| ("Note", format!("{} {}: {}", clock.time(it.at), it.who, it.text));
        details.extend(life.notes.iter().map(note));
        details
    }

    pub(super) fn flood_row(&self, by_place: bool) -> Option<FloodRow> {
        let flood = self.alarms.flood()?;
        let groups = if by_place { &flood.places } else { &flood.causes };
        let group = |it: &judge::FloodGroup| FloodGroup { title: capital(&it.label), alarms: it.alarms.clone() };
        Some(FloodRow {
            since: self.pulse.clock.time(flood.since),
            count: flood.count,
            first: flood.first_out.map(|it| (it, self.alarm_name(it))),
            groups: groups.iter().map(group).collect(),
            by_place,
        })
    }

    /// An entry of the journal, the newest being 0.
    pub(super) fn journal_row(&self, at: usize) -> JournalRow<'_> {
        let journal = self.alarms.journal();
        let event = &journal[journal.len() - 1 - at.min(journal.len() - 1)];
        let clock = &self.pulse.clock;
        let alarm = self.site.alarm(event.alarm);
        let who = event.who.as_ref().map(|it| format!(" by {it}")).unwrap_or_default();
        let text = event.text.as_ref().map(|it| format!(": {it}")).unwrap_or_default();
        let late = event.known.secs_since(event.at) > 1.0;
        JournalRow {
            at: event.at,
            time: clock.time_tenths(event.at),
            known: if late { clock.time_tenths(event.known) } else { String::new() },
            twin: alarm.map_or(TwinId(u32::MAX), |it| it.twin),
            twin_name: alarm.map_or_else(String::new, |it| self.place_name(it.twin)),
            name: alarm.map_or("", |it| &it.name),
            priority: alarm.map_or(Priority::Low, Priority::of_alarm),
            what: format!("{}{who}{text}", event.what.label()),
            raised: event.what == What::Raised,
        }
    }

    pub(super) fn figures_rows(&self) -> FiguresRows {
        let figures = self.alarms.figures();
        let named = |alarm: AlarmId, count: u32| NamedCount { alarm, name: self.alarm_name(alarm), count };
        let n_raised = |alarm: AlarmId| self.alarms.get(alarm).map_or(0, |it| it.n_raised);
        FiguresRows {
            now: figures.per_10_min_now as f64,
            peak: figures.per_10_min_peak as f64,
            mean: figures.per_10_min_mean,
            raised: figures.n_raised,
            standing: figures.standing,
            stale: figures.standing_stale,
            chattering: figures.chattering.iter().map(|it| named(*it, n_raised(*it))).collect(),
            frequent: figures.most_frequent.iter().map(|it| named(it.0, it.1)).collect(),
            shares: figures.share_by_priority,
        }
    }

    /// How many nobody has acknowledged, of each priority, the least urgent first.
    pub(super) fn unacknowledged(&self) -> [usize; 4] {
        Priority::ALL.map(|it| self.alarms.n_unacknowledged(it))
    }

    /// The worst alarm of every twin that has one, itself or below it.
    pub(super) fn worst_alarms(&self) -> BTreeMap<TwinId, WorstAlarm> {
        let mut worst: BTreeMap<TwinId, WorstAlarm> = BTreeMap::new();
        for life in self.alarms.standing().iter().filter_map(|it| self.alarms.get(*it)) {
            let Some(alarm) = self.site.alarm(life.alarm) else { continue };
            let new = life.state.wants_acknowledgement();
            for twin in self.site.lineage(alarm.twin) {
                let it = worst.entry(twin.id).or_insert(WorstAlarm { priority: life.priority, new });
                it.priority = it.priority.max(life.priority);
                it.new |= new;
            }
        }
        worst
    }

    pub(super) fn brief_rows(&self, twin: TwinId) -> Vec<BriefRow<'_>> {
        let of_twin = self.site.alarms.iter().filter(|it| it.twin == twin);
        let row = |alarm| {
            let alarm: &Alarm = alarm;
            let life = self.alarms.get(alarm.id);
            BriefRow {
                alarm: alarm.id,
                name: &alarm.name,
                priority: Priority::of_alarm(alarm),
                state: life.map_or(AlarmState::Normal, |it| it.state),
                truth: life.map_or(Truth::Unknown, |it| it.truth),
                condition: judge::in_words(&self.site, alarm),
                taint: self.taint_of_alarm(alarm.id),
            }
        };
        of_twin.map(row).collect()
    }

    pub(super) fn expect_rows(&self, twin: TwinId) -> Vec<ExpectRow<'_>> {
        let of_twin = self.site.expectations.iter().enumerate().filter(|it| it.1.twin == twin);
        of_twin
            .map(|(index, it)| {
                let life = self.expectations.get(index);
                let first = life.and_then(|it| it.first_failure.as_ref());
                ExpectRow {
                    says: &it.says,
                    state: life.map_or(judge::ExpectState::Unknown, |it| it.state),
                    first_failure: first.map(|it| (it.at, self.pulse.clock.time(it.at))),
                    n_failures: life.map_or(0, |it| it.n_failures),
                    taint: self.taint_of_expectation(index),
                }
            })
            .collect()
    }

    pub(super) fn why_card(&self, alarm: AlarmId) -> Option<WhyCard> {
        let why = judge::why(&self.site, &self.alarms, &self.readings, alarm)?;
        let described = self.site.alarm(alarm)?;
        let life = self.alarms.get(alarm);
        let input = |it: &judge::WhyValue| {
            let signal = self.site.signal(it.signal)?;
            let name = match signal.twin == described.twin {
                true => signal.name.clone(),
                false => format!("{} · {}", self.twin_name(signal.twin), signal.name),
            };
            let words = |value: &Option<Value>| {
                value.as_ref().map_or_else(|| "–".to_owned(), |value| self.value_words(it.signal, value))
            };
            let (at_raise, now) = (words(&it.at_raise), words(&it.now));
            let standing = self.readings.get(it.signal).standing;
            Some(WhyInput { signal: it.signal, twin: signal.twin, name, at_raise, now, state: it.state, standing })
        };
        let upstream = |it: &judge::Upstream| {
            let named = |alarm: &AlarmId| {
                let priority = self.site.alarm(*alarm).map_or(Priority::Low, Priority::of_alarm);
                (*alarm, self.alarm_name(*alarm), priority)
            };
            let alarms = it.alarms.iter().map(named).collect();
            WhyUpstream { twin: it.twin, name: self.twin_name(it.twin).to_owned(), distance: it.distance, alarms }
        };
        let raised = life.and_then(|it| it.raised);
        Some(WhyCard {
            alarm,
            twin: described.twin,
            title: self.alarm_name(alarm),
            priority: Priority::of_alarm(described),
            state: life.map_or(AlarmState::Normal, |it| it.state),
            raised: raised.map(|it| (it, self.pulse.clock.time(it))),
            condition: why.condition,
            taint: self.taint_of_alarm(alarm),
            response: described.response.clone(),
            inputs: why.values.iter().filter_map(input).collect(),
            upstream: why.upstream.iter().map(upstream).collect(),
            commands: raised.map_or_else(Vec::new, |it| self.commands_before(it)),
            minutes: BEFORE.as_secs_f64() / 60.0,
        })
    }

    fn commands_before(&self, raised: Timestamp) -> Vec<WhyCommand> {
        let row = |row: &CommandRow| {
            let at = row.sent.or(row.ended).filter(|it| (raised - BEFORE..=raised).contains(it))?;
            let (command, twin) = (self.site.command(row.command)?, self.site.twin(row.twin)?);
            let signal = self.site.signal(command.reports);
            let (unit, decimals) = signal.map_or((Unit::NONE, None), |it| (it.unit, it.decimals));
            let desired = in_words(&row.desired, &command.takes, unit, decimals);
            let text = format!("{} · {} {desired}, {}", twin.name, command.name, row.who);
            let before = format!("{} before", format::span(raised.secs_since(at)));
            Some(WhyCommand { twin: row.twin, at, before, text, phase: row.phase })
        };
        self.log.rows.iter().rev().filter_map(row).collect()
    }

    /// Alarms that stand close together on the timeline: the first few by name, the others by number.
    pub(super) fn span_words(&self, spans: &[AlarmSpan]) -> String {
        const NAMED: usize = 6;
        let line = |it: &AlarmSpan| {
            let until = it.to.map_or_else(String::new, |to| format!(", for {}", format::span(to.secs_since(it.from))));
            format!(
                "{} {} ({}){until}",
                self.pulse.clock.time_tenths(it.from),
                self.alarm_name(it.alarm),
                it.priority.label()
            )
        };
        let mut lines: Vec<String> = spans.iter().take(NAMED).map(line).collect();
        if spans.len() > NAMED {
            lines.push(format!("and {} more", spans.len() - NAMED));
        }
        lines.join("\n")
    }

    /// What the palette finds of alarms.
    pub(super) fn alarm_offers(&self) -> Vec<(String, &'static str, Action)> {
        let offer = |it: &Alarm| {
            let action = Action::Alarm(AlarmAction::Find(it.id));
            (self.alarm_name(it.id), "alarm", action)
        };
        self.site.alarms.iter().map(offer).collect()
    }
}

/// A name that begins a line.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |it| it.to_uppercase().chain(letters).collect())
}
