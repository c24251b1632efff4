//! What the machine does to one alarm: the steps that its condition takes, and those of persons.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::{Engine, values};
use crate::judge::alarms::{AlarmEvent, Note};
use crate::judge::finds::{Act, Deed};
use crate::judge::life::Step;
use crate::judge::outcome::{Refusal, What};
use crate::judge::timers::Timer;
use crate::signal::Timestamp;

/// A shelf is no place to forget alarms on: so long, from a second to a shift.
const SHELF_SPAN: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(8 * 3600);

impl Engine {
    /// Does what a person asks, now.
    pub fn act(&mut self, act: &Act) -> Result<(), Refusal> {
        let index = *self.case_of.get(&act.alarm).ok_or(Refusal::Gone)?;
        let said = act.text.as_ref().is_some_and(|it| !it.trim().is_empty());
        let step = match act.deed {
            Deed::Acknowledge => Step::Acknowledge,
            Deed::Reset => Step::Reset,
            Deed::Shelve(_) | Deed::TakeOut if !said => return Err(Refusal::NoReason),
            Deed::Shelve(until) if !SHELF_SPAN.contains(&until.since(self.clock)) => return Err(Refusal::BadSpan),
            Deed::Shelve(_) => Step::Shelve,
            Deed::Unshelve => Step::Unshelve,
            Deed::TakeOut => Step::TakeOut,
            Deed::PutBack => Step::PutBack,
            Deed::Note if !said => return Err(Refusal::EmptyNote),
            Deed::Note => {
                self.note(index, act);
                return Ok(());
            }
        };
        self.step(index, step, self.clock, Some(act))
    }

    fn note(&mut self, index: u32, act: &Act) {
        let (at, who) = (self.clock, Arc::clone(&act.who));
        let text = act.text.clone().unwrap_or_else(|| Arc::from(""));
        let shown = &mut self.cases[index as usize].shown;
        let note = Note { at, who: Arc::clone(&who), text: Arc::clone(&text) };
        shown.notes = shown.notes.iter().cloned().chain([note]).collect();
        let (alarm, what) = (act.alarm, What::Noted);
        self.finds.events.push(AlarmEvent {
            alarm,
            at,
            known: at,
            what,
            who: Some(who),
            text: Some(text),
            until: None,
        });
        self.show(index);
    }

    /// A step that no person asked for: it is never refused.
    pub(super) fn step_by_itself(&mut self, index: u32, step: Step, at: Timestamp) {
        if let Err(why) = self.step(index, step, at, None) {
            tracing::error!("an alarm refuses {step:?}: {why}");
        }
    }

    fn step(&mut self, index: u32, step: Step, at: Timestamp, act: Option<&Act>) -> Result<(), Refusal> {
        let clock = self.clock;
        let case = &mut self.cases[index as usize];
        let was_active = case.life.state().is_active();
        let done = case.life.step(step)?;
        let who = act.map(|it| Arc::clone(&it.who));
        let told = !done.is_empty();
        for what in done {
            let case = &mut self.cases[index as usize];
            let (onset, shown) = (case.onset, &mut case.shown);
            let mut event =
                AlarmEvent { alarm: shown.alarm, at, known: clock, what, who: who.clone(), text: None, until: None };
            match what {
                What::Raised => {
                    // What comes back into sight was raised by what made it hold, and by no person.
                    (event.at, event.who) = (onset, None);
                    shown.raised = Some(onset);
                    shown.known = Some(clock);
                    (shown.acknowledged, shown.returned) = (None, None);
                    shown.n_raised += 1;
                    shown.first_out = self.n_active.get(self.causes.cause_of(shown.alarm)) == Some(&0);
                    let alarm = &self.site.alarms[index as usize];
                    shown.values = values(&self.inputs, &alarm.when.signals());
                    if let Some(due) = case.count_raise(clock) {
                        self.timers.set(due, Timer::Calm(index));
                    }
                }
                What::Returned => shown.returned = Some(at),
                What::Acknowledged => shown.acknowledged = who.clone().map(|it| (clock, it)),
                What::Shelved | What::TakenOut => {
                    let deed = act.map(|it| it.deed);
                    shown.shelved_until = if let Some(Deed::Shelve(until)) = deed { Some(until) } else { None };
                    shown.reason = act.and_then(|it| it.text.clone());
                    (event.text, event.until) = (shown.reason.clone(), shown.shelved_until);
                    if let Some(until) = shown.shelved_until {
                        self.timers.set(until, Timer::Unshelve(index));
                    }
                }
                What::Unshelved | What::PutBack => (shown.shelved_until, shown.reason) = (None, None),
                What::BecameUnknown
                | What::BecameKnown
                | What::Reset
                | What::Suppressed
                | What::Unsuppressed
                | What::Noted => (),
            }
            self.finds.events.push(event);
        }
        let life = self.cases[index as usize].life;
        if life.state().is_active() != was_active {
            self.count(index, !was_active);
        }
        let shown = &self.cases[index as usize].shown;
        if shown.state != life.state() || shown.truth != life.truth || told {
            self.show(index);
        }
        Ok(())
    }

    /// One of a group holds, or holds no more.
    pub(super) fn count(&mut self, index: u32, active: bool) {
        let cause = self.causes.cause_of(self.cases[index as usize].shown.alarm);
        if let Some(n) = self.n_active.get_mut(cause) {
            *n = if active { *n + 1 } else { n.saturating_sub(1) };
        }
    }

    pub(super) fn show(&mut self, index: u32) {
        let case = &mut self.cases[index as usize];
        case.shown.state = case.life.state();
        case.shown.truth = case.life.truth;
        self.finds.lives.push((self.clock, Arc::new(case.shown.clone())));
    }

    pub(super) fn show_expected(&mut self, index: u32) {
        self.finds.expects.push((self.clock, Arc::new(self.expected[index as usize].shown.clone())));
    }
}
