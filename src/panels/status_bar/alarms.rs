//! How many alarms nobody has acknowledged.

use egui::{Color32, Painter, Pos2};

use super::super::actions::Action;
use super::super::alarms::{AlarmAction, AlarmView};
use super::super::{icons, theme};
use super::segment::Segment;
use crate::judge::Priority;

/// One for each priority that has alarms which nobody has acknowledged, the most urgent first.
pub(super) fn segments(unacknowledged: [usize; 4]) -> impl Iterator<Item = Segment> {
    let icons: [fn(&Painter, Pos2, Color32); 4] = [icons::disc, icons::triangle, icons::diamond, icons::square];
    let all = Priority::ALL.into_iter().zip(unacknowledged).zip(icons).rev();
    all.filter(|it| it.0.1 > 0).map(|((priority, count), icon)| Segment {
        rank: 0,
        text: count.to_string(),
        name: Some(format!(
            "{count} {} {} unacknowledged",
            priority.label(),
            if count == 1 { "alarm" } else { "alarms" }
        )),
        color: theme::priority(priority),
        hint: format!("{count} of {} priority that nobody has acknowledged. Click for the list.", priority.label()),
        icon: Some(icon),
        action: Some(Action::Alarm(AlarmAction::See(AlarmView::Unacknowledged))),
    })
}
