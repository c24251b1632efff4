//! The alarms that the world sees follow what was found: live as of now, of a recording as of the cursor.

use bevy::prelude::*;

use super::alarms::{AlarmLife, AlarmRaised, AlarmRefused, AlarmRequest, Alarms, AlarmsChanged};
use super::causes::Causes;
use super::chronicle::{Chronicle, Playhead};
use super::engine::Engine;
use super::expect::{ExpectLife, Expectations};
use super::figures::Counts;
use super::finds::Finds;
use super::flood::{Flood, Meter};
use super::found::Found;
use super::live::{Live, LiveOptions};
use super::outcome::{Refusal, What};
use crate::session::{CurrentSite, Cursor, CursorMode, Session, SiteReloaded};
use crate::signal::Timestamp;
use crate::site::Site;
use crate::twin::{AlarmLevels, Level, QuarantineEvent, quarantine_doc};

/// The figures that follow from the time alone are renewed so often, seconds.
const RENEW_SECS: f64 = 1.0;

/// Who finds alarms, and what was found.
#[derive(Resource, Default)]
pub(super) struct Judge {
    source: Source,
    causes: Causes,
    chronicle: Chronicle,
    alarms: Playhead<AlarmLife>,
    expects: Playhead<ExpectLife>,
    /// The alarms at the cursor, where it looks back in a live session.
    past: Playhead<AlarmLife>,
    looks_back: bool,
    digest: Digest,
    renewed: Timestamp,
}

#[derive(Default)]
enum Source {
    /// Nobody does.
    #[default]
    None,
    Live(Live),
    Found(Found),
}

/// What follows from the journal up to a place in it.
#[derive(Debug, Default)]
struct Digest {
    meter: Meter,
    counts: Counts,
    n: usize,
}

impl Judge {
    fn start(&mut self, session: &Session, site: &CurrentSite) -> Result<(), String> {
        self.causes = Causes::of(site);
        self.begin(&Engine::new(site.0.clone()));
        let waker = session.waker.clone();
        let started = match session.recording().filter(|_| session.is_replay()) {
            Some(recording) => Found::start(recording.clone(), site.0.clone(), waker).map(Source::Found),
            None => {
                let recorder = session.recorder.as_ref().map(|it| it.entries.clone());
                let (site, tap) = (site.0.clone(), session.tap.clone());
                Live::start(LiveOptions { site, tap, waker, recorder }).map(Source::Live)
            }
        };
        self.source = started.map_err(|why| format!("no alarm is found: the system gave no thread: {why}"))?;
        Ok(())
    }

    /// Before anything happened.
    fn begin(&mut self, engine: &Engine) {
        self.chronicle = Chronicle::default();
        self.chronicle.lives.begin(engine.lives().cloned());
        self.chronicle.expects.begin(engine.expectations().cloned());
        self.digest = Digest::default();
        self.alarms.forget();
        self.expects.forget();
        self.past.forget();
    }

    fn fetch(&self) -> Option<Finds> {
        match &self.source {
            Source::None => None,
            Source::Live(live) => live.desk.fetch(),
            Source::Found(found) => found.fetch(),
        }
    }

    fn is_live(&self) -> bool {
        !matches!(self.source, Source::Found(_))
    }
}

impl Digest {
    /// Goes to a place in the journal.
    fn seek(&mut self, chronicle: &Chronicle, n: usize) {
        if n < self.n {
            *self = Self::default();
        }
        for event in &chronicle.events[self.n..n] {
            if event.what == What::Raised {
                self.meter.raise(event.known);
            }
            self.counts.take(event);
        }
        self.n = n;
    }
}

/// The finding begins, with the first frame.
pub(super) fn start_judge(
    session: Res<Session>,
    site: Res<CurrentSite>,
    mut judge: ResMut<Judge>,
    mut alarms: ResMut<Alarms>,
) {
    if let Err(why) = judge.start(&session, &site) {
        error!("{why}");
        alarms.problem = Some(why);
    }
    alarms.found = session.is_replay();
}

/// What persons ask goes to who finds alarms: what they do takes its place among what comes in.
pub(super) fn pass_requests(
    judge: Res<Judge>,
    mut requests: MessageReader<AlarmRequest>,
    mut refused: MessageWriter<AlarmRefused>,
) {
    for request in requests.read() {
        match &judge.source {
            Source::Live(live) => live.ask(request.clone()),
            Source::None | Source::Found(_) => {
                let why = Refusal::Recorded;
                refused.write_batch(request.alarms().iter().map(|alarm| AlarmRefused { alarm: *alarm, why }));
            }
        }
    }
}

/// What a person isolated or released goes to who finds alarms, who writes it down in its place among what comes in.
pub(super) fn pass_quarantine(
    site: Res<CurrentSite>,
    session: Res<Session>,
    judge: Res<Judge>,
    mut events: MessageReader<QuarantineEvent>,
) {
    if events.is_empty() {
        return;
    }
    match &judge.source {
        Source::Live(live) => live.quarantine(events.read().cloned()),
        Source::None => {
            for doc in events.read().filter_map(|it| quarantine_doc(it, &site)) {
                session.audit(doc);
            }
        }
        Source::Found(_) => events.clear(),
    }
}

/// The alarms follow what was found, and the cursor.
pub(super) fn follow_alarms(
    cursor: Res<Cursor>,
    session: Res<Session>,
    site: Res<CurrentSite>,
    mut reloads: MessageReader<SiteReloaded>,
    mut judge: ResMut<Judge>,
    mut alarms: ResMut<Alarms>,
    mut expectations: ResMut<Expectations>,
    (mut raised, mut refused): (MessageWriter<AlarmRaised>, MessageWriter<AlarmRefused>),
    mut changed: MessageWriter<AlarmsChanged>,
    mut levels: MessageWriter<AlarmLevels>,
) {
    let judge = &mut *judge;
    let reloaded = reloads.read().count() > 0;
    if reloaded {
        reload(judge, &session, &site);
    }
    let live = judge.is_live();
    if let Some(mut finds) = judge.fetch() {
        // What was found before the site was edited may speak of what is gone.
        finds.lives.retain(|it| site.alarm(it.1.alarm).is_some());
        finds.events.retain(|it| site.alarm(it.alarm).is_some());
        if live {
            raised.write_batch(finds.events.iter().filter(|it| it.what == What::Raised).filter_map(|event| {
                let priority = site.alarm(event.alarm).map(super::Priority::of_alarm)?;
                Some(AlarmRaised { alarm: event.alarm, priority })
            }));
            refused.write_batch(finds.refused.iter().copied());
        }
        let n_gone = judge.chronicle.add(finds, live);
        if n_gone > 0 {
            judge.digest.n = judge.digest.n.saturating_sub(n_gone);
            judge.alarms.forget();
            judge.expects.forget();
            judge.past.forget();
        }
    }
    let now = if live { Timestamp::MAX } else { cursor.at };
    let moved = judge.alarms.seek(&judge.chronicle.lives, now);
    let n_journal = judge.chronicle.events.partition_point(|it| it.known <= now);
    let expected = judge.expects.seek(&judge.chronicle.expects, now);
    if expected || reloaded {
        expectations.0 = judge.expects.now.iter().flatten().cloned().collect();
    }
    let any =
        moved || reloaded || n_journal != judge.digest.n || !alarms.is_told(judge.chronicle.events.len(), n_journal);
    // Only a window that is live, or one that plays, has a clock that goes on by itself.
    let clock = if live && cursor.mode != CursorMode::Live { judge.renewed.max(cursor.at) } else { cursor.at };
    let timely = clock.secs_since(judge.renewed).abs() >= RENEW_SECS && judge.digest.meter.count() > 0;
    if any || timely {
        judge.renewed = clock;
        judge.digest.seek(&judge.chronicle, n_journal);
        judge.digest.meter.pass(clock);
        show(&mut alarms, judge, &site, clock, n_journal);
        changed.write(AlarmsChanged);
    }
    let searching = matches!(&judge.source, Source::Found(found) if found.is_searching());
    if !alarms.is_at(session.tap.n_lost(), searching) {
        (alarms.n_lost, alarms.searching) = (session.tap.n_lost(), searching);
        changed.write(AlarmsChanged);
    }
    let looks_back = live && cursor.mode != CursorMode::Live;
    let past_moved = looks_back && judge.past.seek(&judge.chronicle.lives, cursor.at);
    if moved && !looks_back || past_moved || reloaded || looks_back != judge.looks_back {
        let shown = if looks_back { &judge.past.now } else { &judge.alarms.now };
        levels.write(levels_of(&site, shown.iter().filter_map(|it| it.as_deref())));
    }
    judge.looks_back = looks_back;
}

/// The site was edited: live, who finds alarms has been told in its place; a recording is gone through again.
fn reload(judge: &mut Judge, session: &Session, site: &CurrentSite) {
    if !judge.is_live() {
        if let Err(why) = judge.start(session, site) {
            error!("{why}");
        }
        return;
    }
    judge.causes = Causes::of(site);
    judge.chronicle.follow(site);
    judge.alarms.forget();
    judge.expects.forget();
    judge.past.forget();
}

fn show(alarms: &mut Alarms, judge: &Judge, site: &Site, clock: Timestamp, n_journal: usize) {
    alarms.lives.clone_from(&judge.alarms.now);
    alarms.sort();
    let events = &judge.chronicle.events;
    let (n_shown, same) =
        (alarms.journal.len(), alarms.journal.last() == events.get(alarms.journal.len().wrapping_sub(1)));
    if n_shown <= events.len() && same && n_shown > 0 {
        alarms.journal.extend_from_slice(&events[n_shown..]);
    } else {
        alarms.journal.clone_from(events);
    }
    alarms.n_journal = n_journal;
    let events = &events[..n_journal];
    let digest = &judge.digest;
    let life = |alarm: crate::site::AlarmId| judge.alarms.now.get(alarm.0 as usize)?.as_deref();
    alarms.flood = digest.meter.since().map(|it| Flood::of(it, events, site, &judge.causes, life));
    alarms.figures = digest.counts.figures(
        clock,
        digest.meter.count(),
        judge.alarms.now.iter().filter_map(|it| it.as_deref()),
        site,
    );
}

/// What the alarms that hold make of their twins.
fn levels_of<'a>(site: &Site, lives: impl Iterator<Item = &'a AlarmLife>) -> AlarmLevels {
    let mut levels = vec![Level::Normal; site.twin_capacity];
    for life in lives.filter(|it| it.state.is_active()) {
        if let Some(level) = site.alarm(life.alarm).and_then(|it| levels.get_mut(it.twin.index())) {
            *level = life.priority.level().max(*level);
        }
    }
    AlarmLevels(levels)
}
