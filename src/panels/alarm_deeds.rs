//! What becomes of an [`AlarmAction`]: a request to the judge, a question to the person, or another list.

use std::sync::Arc;

use bevy::prelude::*;

use super::alarms::{AlarmAction, AlarmView, Deed, Dialog, after};
use super::dock::Desk;
use super::facts::Facts;
use super::layout::{Layout, Pane};
use super::perform::Requests;
use super::toasts::Tone;
use crate::judge::{AlarmRefused, AlarmRequest, AlarmState};
use crate::session::{CurrentSite, Notice, NoticeTone};
use crate::site::{AlarmId, TwinId};

/// Does what was asked of alarms. Returns the twin that is to be selected, and whether the camera is to fly there.
pub(super) fn perform_alarm(
    action: AlarmAction,
    facts: &Facts,
    desk: &mut Desk,
    layout: &mut Layout,
    requests: &mut Requests,
) -> Option<(TwinId, bool)> {
    let twin_of = |alarm: AlarmId| facts.site.alarm(alarm).map(|it| it.twin);
    let acts = !matches!(
        action,
        AlarmAction::See(_)
            | AlarmAction::Choose(_)
            | AlarmAction::Find(_)
            | AlarmAction::GroupByPlace(_)
            | AlarmAction::Why
    );
    if let Some(why) = facts.cannot_act().filter(|_| acts) {
        requests.notice.write(Notice::new(NoticeTone::Plain, why));
        return None;
    }
    match action {
        AlarmAction::See(view) => {
            desk.alarms.view = view;
            layout.show(Pane::Alarms);
        }
        AlarmAction::GroupByPlace(by_place) => desk.alarms.by_place = by_place,
        AlarmAction::Choose(alarm) => {
            desk.alarms.chosen = Some(alarm);
            return twin_of(alarm).map(|it| (it, false));
        }
        AlarmAction::Find(alarm) => {
            desk.alarms.chosen = Some(alarm);
            desk.alarms.view = match facts.alarms.get(alarm).map(|it| it.state) {
                Some(AlarmState::Shelved) => AlarmView::Shelved,
                Some(AlarmState::SuppressedByDesign) => AlarmView::Suppressed,
                Some(AlarmState::OutOfService) => AlarmView::OutOfService,
                Some(_) | None => AlarmView::Standing,
            };
            layout.show(Pane::Alarms);
            return twin_of(alarm).map(|it| (it, true));
        }
        AlarmAction::Why => match desk.alarms.chosen {
            Some(alarm) => desk.alarms.why = if desk.alarms.why == Some(alarm) { None } else { Some(alarm) },
            None => return choose_first(facts, desk, layout),
        },
        AlarmAction::AskAcknowledgeAll => {
            let keys = facts.alarm_keys();
            let view =
                if desk.alarms.view == AlarmView::Standing { AlarmView::Standing } else { AlarmView::Unacknowledged };
            let listed = keys.iter().filter(|it| super::alarms::shown(view, it) && it.is_new());
            let alarms: Vec<AlarmId> = listed.map(|it| it.alarm).collect();
            if alarms.is_empty() {
                requests.notice.write(Notice::new(NoticeTone::Plain, "Nothing waits to be acknowledged."));
            } else {
                desk.alarms.dialog = Some(Dialog::new(alarms, Deed::AcknowledgeAll));
            }
            layout.show(Pane::Alarms);
        }
        AlarmAction::Confirm(dialog) => confirm(dialog, facts, desk, requests),
        AlarmAction::Acknowledge
        | AlarmAction::AskShelve
        | AlarmAction::AskOutOfService
        | AlarmAction::AskNote
        | AlarmAction::Unshelve
        | AlarmAction::ReturnToService
        | AlarmAction::Reset => {
            // What is not in sight is not acted on: a key that is pressed by mistake must do nothing unseen.
            let Some(alarm) = desk.alarms.chosen.filter(|_| desk.alarms.in_sight) else {
                return choose_first(facts, desk, layout);
            };
            act(&action, alarm, facts, desk, requests);
        }
    }
    None
}

/// Brings the list forward; where nothing is chosen, the first one that wants a person is.
fn choose_first(facts: &Facts, desk: &mut Desk, layout: &mut Layout) -> Option<(TwinId, bool)> {
    layout.show(Pane::Alarms);
    if desk.alarms.chosen.is_some() {
        return None;
    }
    let standing = facts.alarms.standing().iter().filter_map(|it| facts.alarms.get(*it));
    let first = standing.min_by_key(|it| !it.state.wants_acknowledgement())?;
    desk.alarms.chosen = Some(first.alarm);
    facts.site.alarm(first.alarm).map(|it| (it.twin, false))
}

fn act(action: &AlarmAction, alarm: AlarmId, facts: &Facts, desk: &mut Desk, requests: &mut Requests) {
    let who: Arc<str> = facts.session.who.as_str().into();
    desk.alarms.asked = None;
    let request = match action {
        AlarmAction::Acknowledge => {
            if desk.alarms.view == AlarmView::Unacknowledged {
                choose_next(alarm, facts, desk);
            }
            AlarmRequest::Acknowledge { alarm, who }
        }
        AlarmAction::Unshelve => {
            choose_next(alarm, facts, desk);
            AlarmRequest::Unshelve { alarm, who }
        }
        AlarmAction::ReturnToService => AlarmRequest::ReturnToService { alarm, who },
        AlarmAction::Reset => AlarmRequest::Reset { alarm, who },
        AlarmAction::AskShelve => return desk.alarms.dialog = Some(Dialog::shelve(alarm)),
        AlarmAction::AskOutOfService => {
            return desk.alarms.dialog = Some(Dialog::new(vec![alarm], Deed::TakeOut));
        }
        AlarmAction::AskNote => return desk.alarms.dialog = Some(Dialog::new(vec![alarm], Deed::Note)),
        AlarmAction::See(_)
        | AlarmAction::Choose(_)
        | AlarmAction::Find(_)
        | AlarmAction::GroupByPlace(_)
        | AlarmAction::AskAcknowledgeAll
        | AlarmAction::Confirm(_)
        | AlarmAction::Why => return,
    };
    requests.alarm.write(request);
}

/// An alarm will leave the list that is shown: the keys go on with the one that stands there next.
fn choose_next(alarm: AlarmId, facts: &Facts, desk: &mut Desk) {
    if desk.alarms.chosen == Some(alarm) {
        let flood = facts.flood_row(desk.alarms.by_place);
        desk.alarms.chosen = after(desk.alarms.view, &facts.alarm_keys(), flood.as_ref(), alarm);
    }
}

fn confirm(dialog: Dialog, facts: &Facts, desk: &mut Desk, requests: &mut Requests) {
    let who: Arc<str> = facts.session.who.as_str().into();
    let text: Arc<str> = dialog.text.trim().into();
    let alarm = dialog.alarms.first().copied();
    let request = match (dialog.deed, alarm) {
        (Deed::AcknowledgeAll, _) => AlarmRequest::AcknowledgeAll { alarms: dialog.alarms.clone(), who },
        (_, None) => return,
        (Deed::Shelve { minutes, .. }, Some(alarm)) => {
            choose_next(alarm, facts, desk);
            AlarmRequest::Shelve { alarm, secs: minutes * 60.0, reason: text, who }
        }
        (Deed::TakeOut, Some(alarm)) => {
            choose_next(alarm, facts, desk);
            AlarmRequest::OutOfService { alarm, reason: text, who }
        }
        (Deed::Note, Some(alarm)) => AlarmRequest::Note { alarm, text, who },
    };
    desk.alarms.asked = Some(dialog);
    requests.alarm.write(request);
}

/// What the judge refused is told: in the dialog that asked for it, else in a note.
pub(super) fn hear_refusals(
    time: Res<Time<Real>>,
    site: Res<CurrentSite>,
    mut refusals: MessageReader<AlarmRefused>,
    mut desk: ResMut<Desk>,
) {
    for AlarmRefused { alarm, why } in refusals.read() {
        let asked = desk.alarms.asked.take_if(|it| it.alarms == [*alarm]);
        if let Some(dialog) = asked {
            desk.alarms.dialog = Some(Dialog { refused: Some(why.to_string()), ..dialog });
            continue;
        }
        let name = site.alarm(*alarm).map_or("An alarm", |it| &it.name);
        desk.toasts.add(format!("{name}: {why}"), Tone::Warning, time.elapsed_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::judge::Refusal;

    fn heard(asked: Option<Dialog>, alarm: AlarmId) -> App {
        let mut app = App::new();
        app.add_message::<AlarmRefused>()
            .init_resource::<Time<Real>>()
            .init_resource::<Desk>()
            .insert_resource(CurrentSite(Arc::new(fixture::site())))
            .add_systems(Update, hear_refusals);
        app.world_mut().resource_mut::<Desk>().alarms.asked = asked;
        app.world_mut().write_message(AlarmRefused { alarm, why: Refusal::OutOfService });
        app.update();
        app
    }

    #[test]
    fn a_refusal_comes_back_to_the_dialog_that_asked_with_what_was_written() {
        let asked = Dialog { text: "calibration".to_owned(), ..Dialog::shelve(AlarmId(3)) };
        let app = heard(Some(asked), AlarmId(3));
        let dialog = app.world().resource::<Desk>().alarms.dialog.clone().unwrap();
        assert_eq!(dialog.text, "calibration");
        assert_eq!(dialog.refused, Some(Refusal::OutOfService.to_string()));
    }

    #[test]
    fn a_refusal_that_no_dialog_asked_for_is_a_note() {
        let app = heard(Some(Dialog::shelve(AlarmId(3))), AlarmId(4));
        let desk = app.world().resource::<Desk>();
        assert!(desk.alarms.dialog.is_none());
        let notes: Vec<&str> = desk.toasts.notes().map(|it| it.text.as_str()).collect();
        assert_eq!(notes, [format!("An alarm: {}", Refusal::OutOfService)]);
    }
}
