//! What the checks saw of the very message that is shown, what they had refused of its device by then, and what came of
//! verifying it again.

use super::facts::Facts;
use super::format;
use super::provenance::{AgainRows, Made, StepRow};
use crate::session::saw;
use crate::signal::{SignalId, Timestamp};
use crate::trust::{DeviceAccount, Exhibit, Passed, Reason, Slip, Step};
use crate::twin::Reading;

impl Facts<'_, '_> {
    /// What was refused of a device by the instant that is shown, and the last of it.
    pub(super) fn refused_by_then(&self, device: &str) -> (DeviceAccount, Option<Exhibit>) {
        let (book, at) = (&self.session.book, self.cursor.at);
        let newest = book.newest_exhibit(device);
        if self.is_live() {
            return (book.of(device), newest);
        }
        let account = book.with_slips(|slips| refused_until(slips.iter(), device, at));
        let newest = match newest {
            Some(later) if later.received > at => {
                book.exhibits().into_iter().rev().find(|it| &*it.device == device && it.received <= at)
            }
            newest => newest,
        };
        (account, newest)
    }

    /// Each check, in its order. `passed`: `None` where nobody remembers.
    pub(super) fn steps(
        &self,
        account: &DeviceAccount,
        passed: Option<&Passed>,
        reading: &Reading,
        newest: Option<&Exhibit>,
    ) -> Vec<StepRow> {
        let clock = &self.pulse.clock;
        let seen = passed.map(|it| saw(it, reading.proof.gap)).unwrap_or_default();
        let row = |step: Step| {
            let made = match passed {
                Some(passed) if step <= passed.steps => Made::Passed,
                None if reading.value.is_some() => Made::Unknown,
                Some(_) | None => Made::Not,
            };
            let mut seen = seen.get(&step).cloned().unwrap_or_default();
            if let Some(passed) = passed.filter(|_| step == Step::Size) {
                seen = format!("made {}", clock.time_millis(passed.received));
            }
            StepRow { step, made, saw: seen, refused: refusals(account, step, newest, clock) }
        };
        Step::ALL.into_iter().map(row).collect()
    }

    /// What came of verifying a reading again. `None`: nobody asked.
    pub(super) fn again_rows(&self, signal: SignalId, reading: &Reading) -> Option<AgainRows> {
        let verdict = self.again.0.as_ref().filter(|it| it.asked.signal == signal)?;
        let time = self.pulse.clock.time(verdict.at);
        let found = match &verdict.found {
            None => return Some(AgainRows { text: "Reading it…".to_owned(), same: None, steps: Vec::new() }),
            Some(Err(why)) => {
                let text = format!("It could not be verified again at {time}: {why}.");
                return Some(AgainRows { text, same: None, steps: Vec::new() });
            }
            Some(Ok(found)) => found,
        };
        let of = if reading.received == verdict.asked.received {
            String::new()
        } else {
            format!(" (the message of {})", self.pulse.clock.time_millis(verdict.asked.received))
        };
        let now = found.proof.map_or("refused", |it| it.trust.label());
        let text = match found.same {
            true => format!("Verified again at {time}{of}, same result: {now}, from {} bytes.", found.bytes),
            false => {
                let then = verdict.asked.proof.trust.label();
                format!("Verified again at {time}{of}, another result: it was {then} and is {now}.")
            }
        };
        let step = |(step, outcome): &(Step, Result<String, String>)| match outcome {
            Ok(saw) => (*step, true, saw.clone()),
            Err(why) => (*step, false, why.clone()),
        };
        Some(AgainRows { text, same: Some(found.same), steps: found.steps.iter().map(step).collect() })
    }
}

/// What was refused of a device until an instant.
fn refused_until<'a>(slips: impl Iterator<Item = &'a Slip>, device: &str, at: Timestamp) -> DeviceAccount {
    let mut account = DeviceAccount::default();
    for slip in slips.filter(|it| &*it.device == device && it.at <= at) {
        *account.n_refused.entry(slip.reason).or_default() += u64::from(slip.count);
        account.last_refused = Some((slip.reason, slip.at));
    }
    account
}

/// What a check refused so far of a device's messages.
fn refusals(account: &DeviceAccount, step: Step, newest: Option<&Exhibit>, clock: &format::Clock) -> String {
    let of_step = account.n_refused.iter().filter(|it| it.0.step() == step);
    let counts: Vec<String> = of_step.map(|(reason, count)| format!("{} {count}×", reason.label())).collect();
    if counts.is_empty() {
        return String::new();
    }
    let last = account.last_refused.filter(|it: &(Reason, _)| it.0.step() == step);
    let last = last.map_or(String::new(), |(reason, at)| {
        let detail = newest.filter(|it| it.reason == reason && it.received == at).map(|it| it.detail.as_str());
        format!(", last {}{}", clock.time(at), detail.map_or(String::new(), |it| format!(": {it}")))
    });
    format!("{}{last}", counts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::format::Clock;
    use super::super::provenance::ProvenanceCard;
    use super::super::scene::Scene;
    use super::*;
    use crate::twin::Standing;

    #[test]
    fn looking_back_what_was_refused_later_is_not_told() {
        let at = |secs: i64| Timestamp::from_nanos(secs * 1_000_000_000);
        let slip = |secs, device: &str, reason, count| Slip { at: at(secs), device: device.into(), reason, count };
        let slips = [
            slip(1, "a", Reason::Stale, 2),
            slip(2, "b", Reason::Forged, 9),
            slip(3, "a", Reason::Forged, 3),
            slip(5, "a", Reason::Cloned, 1),
        ];
        let told = |secs| {
            let account = refused_until(slips.iter(), "a", at(secs));
            (account.n_refused.into_iter().collect::<Vec<_>>(), account.last_refused)
        };
        assert_eq!(told(0), (Vec::new(), None));
        assert_eq!(told(2), (vec![(Reason::Stale, 2)], Some((Reason::Stale, at(1)))));
        let mut want = vec![(Reason::Stale, 2), (Reason::Forged, 3)];
        want.sort();
        assert_eq!(told(4), (want, Some((Reason::Forged, at(3)))));
    }

    #[test]
    fn a_check_tells_what_it_refused_and_when_last() {
        let at: Timestamp = "2026-01-31T12:03:04Z".parse().unwrap();
        let account = DeviceAccount {
            n_refused: [(Reason::Rollback, 1), (Reason::Replayed, 2), (Reason::Forged, 5)].into(),
            last_refused: Some((Reason::Replayed, at)),
            ..DeviceAccount::default()
        };
        let clock = Clock::new("UTC");
        assert_eq!(refusals(&account, Step::Replay, None, &clock), "rollback 1×, replayed 2×, last 12:03:04");
        assert_eq!(refusals(&account, Step::Signature, None, &clock), "forged 5×");
        assert_eq!(refusals(&account, Step::Key, None, &clock), "");
    }

    fn saw(card: &ProvenanceCard, step: Step) -> (Made, &str) {
        let row = card.steps.iter().find(|it| it.step == step).unwrap();
        (row.made, row.saw.as_str())
    }

    #[track_caller]
    fn check_unknown(card: &ProvenanceCard) {
        assert!(card.unknown.is_some() && card.cannot_verify.is_none(), "{card:?}");
        assert!(card.steps.iter().all(|it| it.made == Made::Unknown && it.saw.is_empty()), "{:?}", card.steps);
    }

    #[test]
    fn the_card_shows_the_checks_of_the_very_message_that_is_shown() {
        let mut scene = Scene::live();
        let (speed, torque) = (scene.signal("pump/speed"), scene.signal("pump/torque"));
        scene.say("pump/speed", 1480.0);
        scene.say("pump/torque", 7.0);
        scene.until_shown(torque, 7.0);
        // The device's last message was on the other topic.
        let card = scene.read(|it| it.provenance_card(speed)).unwrap();
        assert_eq!((saw(&card, Step::Binding), &card.unknown), ((Made::Passed, "pump/speed"), &None));
        assert_eq!(saw(&card, Step::Replay).1, "number 1 of life 1");
        let first = scene.read(|it| it.readings.get(speed).received);

        for value in 0..20 {
            scene.say("pump/speed", f64::from(value));
        }
        scene.until_shown(speed, 19.0);
        scene.forge("pump/speed", 66.0);
        scene.until("the forged one is refused", |it| it.readings.get(speed).standing == Standing::Rejected);
        let card = scene.read(|it| it.provenance_card(speed)).unwrap();
        let signature = card.steps.iter().find(|it| it.step == Step::Signature).unwrap();
        assert!(card.unknown.is_none() && signature.refused.starts_with("forged 1×"), "{signature:?}");
        assert!(card.says.contains("The last good one says 19.0\u{a0}rpm, was verified and is "), "{}", card.says);

        scene.seek(first);
        scene.until_shown(speed, 1480.0);
        let card = scene.read(|it| it.provenance_card(speed)).unwrap();
        check_unknown(&card);
        let told_later = card.steps.iter().any(|it| !it.refused.is_empty()) || card.exhibit.is_some();
        assert!(!told_later, "what was refused later is not told of then");
        let asked = scene.read(|it| it.to_verify(speed));
        scene.ask(asked);
        scene.until("it is verified again", |it| it.again.0.as_ref().is_some_and(|it| it.found.is_some()));
        let again = scene.read(|it| it.provenance_card(speed)).unwrap().again.unwrap();
        assert!(again.same == Some(true) && again.text.contains("same result: verified"), "{again:?}");
        assert!(again.steps.iter().any(|it| it.0 == Step::Replay && it.2 == "number 1 of life 1"), "{again:?}");
    }

    #[test]
    fn in_a_replay_the_card_shows_no_checks_of_the_end_of_the_file() {
        let mut scene = Scene::live();
        let speed = scene.signal("pump/speed");
        scene.say("pump/speed", 1480.0);
        scene.until_shown(speed, 1480.0);
        let first = scene.read(|it| it.readings.get(speed).received);
        for value in 0..20 {
            scene.say("pump/speed", f64::from(value));
        }
        scene.until_shown(speed, 19.0);
        let last = scene.read(|it| it.readings.get(speed).received);

        let mut scene = scene.replayed();
        scene.until("all is read", |it| !it.session.is_reading());
        scene.seek(first);
        scene.until_shown(speed, 1480.0);
        check_unknown(&scene.read(|it| it.provenance_card(speed)).unwrap());
        scene.seek(last);
        scene.until_shown(speed, 19.0);
        let card = scene.read(|it| it.provenance_card(speed)).unwrap();
        assert_eq!((saw(&card, Step::Replay), card.unknown.as_ref()), ((Made::Passed, "number 21 of life 1"), None));
    }
}
