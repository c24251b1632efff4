//! The line over the lists: which list is shown, and what can be done to the chosen alarm.

use egui::{Align, Button, Layout, RichText, Ui};

use super::super::actions::{Action, keys_of};
use super::super::section::notice_ui;
use super::super::{icons, theme};
use super::{AlarmAction, AlarmKey, AlarmView, AlarmsRows, shown};
use crate::judge::AlarmState;

/// Below this width lists that are empty, and are so most of the time, have no button.
const NARROW: f32 = 860.0;

/// Draws both in one line; returns what was clicked.
pub(super) fn tools_ui(ui: &mut Ui, rows: &AlarmsRows, view: AlarmView, chosen: Option<&AlarmKey>) -> Option<Action> {
    let mut action = None;
    if let Some(why) = rows.problem {
        notice_ui(ui, &format!("No alarms are found: {why}"));
    }
    ui.horizontal(|ui| {
        ui.set_height(theme::ROW);
        ui.spacing_mut().item_spacing.x = theme::HALF;
        ui.spacing_mut().button_padding.x = 6.0;
        let narrow = ui.available_width() < NARROW;
        if rows.found {
            found_ui(ui, rows.searching, narrow);
        }
        action = views_ui(ui, rows, view, narrow);
        if !matches!(view, AlarmView::Journal | AlarmView::Figures) {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                action = buttons_ui(ui, rows, view, chosen).or(action.take());
            });
        }
    });
    action
}

fn found_ui(ui: &mut Ui, searching: bool, narrow: bool) {
    let title = if narrow { "Found" } else { "Found in this recording" };
    let hint = if searching {
        "Found in this recording, which is still being looked through…"
    } else {
        "Found in this recording: as they stood at the instant that is shown, each with the time at which it could be known"
    };
    let text = if searching { format!("{title}…") } else { title.to_owned() };
    let response = ui.label(RichText::new(text).strong().color(theme::STRONG));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Label, true, hint));
    response.on_hover_text(hint);
    ui.add_space(theme::STEP);
}

fn views_ui(ui: &mut Ui, rows: &AlarmsRows, view: AlarmView, narrow: bool) -> Option<Action> {
    let mut action = None;
    for it in AlarmView::ALL {
        let count = match it {
            AlarmView::Journal => rows.entries,
            AlarmView::Figures => 0,
            AlarmView::Standing
            | AlarmView::Unacknowledged
            | AlarmView::Shelved
            | AlarmView::Suppressed
            | AlarmView::OutOfService => rows.keys.iter().filter(|key| shown(it, key)).count(),
        };
        let rare = matches!(it, AlarmView::Shelved | AlarmView::Suppressed | AlarmView::OutOfService);
        if narrow && rare && count == 0 && it != view {
            continue;
        }
        let text = if count == 0 { it.title().to_owned() } else { format!("{} {count}", it.title()) };
        let calls = it == AlarmView::Unacknowledged && count > 0;
        let color = match (it == view, calls) {
            (true, _) | (_, true) => theme::STRONG,
            (false, false) => theme::WEAK,
        };
        let button = Button::selectable(it == view, RichText::new(&text).small().color(color));
        let response = ui.add(button);
        if response.on_hover_text(hint(it)).clicked() {
            action = Some(Action::Alarm(AlarmAction::See(it)));
        }
    }
    action
}

fn hint(view: AlarmView) -> &'static str {
    match view {
        AlarmView::Standing => "What wants a person, acknowledged or not",
        AlarmView::Unacknowledged => "What nobody has acknowledged",
        AlarmView::Shelved => "What someone has put aside for a while, and until when",
        AlarmView::Suppressed => "What the site suppresses by design, such as a low flow while the pump is off",
        AlarmView::OutOfService => "What was taken out of service, and why",
        AlarmView::Journal => "What happened, newest first",
        AlarmView::Figures => "How many there are, against what a person can take in",
    }
}

/// What can be done to an alarm in its state, and why what cannot be done cannot.
struct Tool {
    text: &'static str,
    action: AlarmAction,
    /// Why it cannot be done. `None`: it can.
    wrong: Option<&'static str>,
}

fn tools_of(key: Option<&AlarmKey>) -> Vec<Tool> {
    let tool = |text, action, wrong: Option<&'static str>| Tool { text, action, wrong };
    let Some(key) = key else {
        let wrong = Some("Choose an alarm first.");
        return vec![
            tool("Acknowledge", AlarmAction::Acknowledge, wrong),
            tool("Shelve…", AlarmAction::AskShelve, wrong),
            tool("Why?", AlarmAction::Why, wrong),
        ];
    };
    let wrong = (!key.is_new()).then_some("There is nothing to acknowledge about it.");
    let mut tools = vec![tool("Acknowledge", AlarmAction::Acknowledge, wrong)];
    if key.state == AlarmState::Latched {
        tools.push(tool("Reset", AlarmAction::Reset, None));
    }
    tools.push(match key.state {
        AlarmState::Shelved => tool("Unshelve", AlarmAction::Unshelve, None),
        AlarmState::OutOfService => tool("Back into service", AlarmAction::ReturnToService, None),
        AlarmState::Normal
        | AlarmState::Unacknowledged
        | AlarmState::Acknowledged
        | AlarmState::ReturnedUnacknowledged
        | AlarmState::LatchedUnacknowledged
        | AlarmState::Latched
        | AlarmState::SuppressedByDesign => tool("Shelve…", AlarmAction::AskShelve, None),
    });
    if !matches!(key.state, AlarmState::OutOfService | AlarmState::Shelved) {
        tools.push(tool("Out of service…", AlarmAction::AskOutOfService, None));
    }
    tools.push(tool("Note…", AlarmAction::AskNote, None));
    tools.push(tool("Why?", AlarmAction::Why, None));
    tools
}

/// Draws the buttons from the right; those for which there is no room stand in a menu.
fn buttons_ui(ui: &mut Ui, rows: &AlarmsRows, view: AlarmView, chosen: Option<&AlarmKey>) -> Option<Action> {
    let mut tools = tools_of(chosen);
    if rows.keys.iter().filter(|it| shown(view, it) && it.is_new()).count() > 1 {
        tools.insert(1, Tool { text: "Acknowledge all…", action: AlarmAction::AskAcknowledgeAll, wrong: None });
    }
    let width = |text: &str| {
        let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::small(), theme::TEXT);
        galley.size().x + 2.0 * ui.spacing().button_padding.x + theme::HALF
    };
    let room = ui.available_width();
    let all: f32 = tools.iter().map(|it| width(it.text)).sum();
    let mut left = if all <= room { room } else { room - width("More") };
    // Why and the first one stand there as long as anything does.
    let mut order: Vec<usize> = (0..tools.len()).collect();
    order.sort_by_key(|at| (*at != 0 && tools[*at].action != AlarmAction::Why, *at));
    let mut fits = vec![false; tools.len()];
    for at in order {
        left -= width(tools[at].text);
        if left < 0.0 {
            break;
        }
        fits[at] = true;
    }
    let mut action = None;
    let (inside, beyond): (Vec<_>, Vec<_>) = tools.into_iter().zip(fits).partition(|it| it.1);
    if !beyond.is_empty() {
        ui.menu_button(RichText::new("More").small(), |ui| {
            for (tool, _) in &beyond {
                action = tool_ui(ui, rows, tool).or(action.take());
            }
        });
    }
    for (tool, _) in inside.iter().rev() {
        action = tool_ui(ui, rows, tool).or(action.take());
    }
    action
}

fn tool_ui(ui: &mut Ui, rows: &AlarmsRows, it: &Tool) -> Option<Action> {
    let explains = it.action == AlarmAction::Why;
    let wrong = rows.cannot_act.as_deref().filter(|_| !explains).or(it.wrong);
    let response = ui.add_enabled(wrong.is_none(), Button::new(RichText::new(it.text).small()));
    let hint = match (wrong, keys_of(&Action::Alarm(it.action.clone()))) {
        (Some(why), _) => why.to_owned(),
        (None, Some(keys)) => format!("{} ({keys})", name_of(&it.action)),
        (None, None) => name_of(&it.action).to_owned(),
    };
    let response = response.on_hover_text(&hint).on_disabled_hover_text(&hint);
    response.clicked().then(|| Action::Alarm(it.action.clone()))
}

fn name_of(action: &AlarmAction) -> &'static str {
    match action {
        AlarmAction::Acknowledge => "Acknowledge the chosen alarm",
        AlarmAction::AskAcknowledgeAll => "Acknowledge all that are listed",
        AlarmAction::AskShelve => "Put it aside for a while",
        AlarmAction::AskOutOfService => "Take it out of service until someone puts it back",
        AlarmAction::AskNote => "Write a note on it for those who come after",
        AlarmAction::Unshelve => "Take it off the shelf",
        AlarmAction::ReturnToService => "Put it back into service",
        AlarmAction::Reset => "It has returned: let it go",
        AlarmAction::Why => "What raised it, what it saw and what was before",
        AlarmAction::See(_)
        | AlarmAction::Choose(_)
        | AlarmAction::Find(_)
        | AlarmAction::GroupByPlace(_)
        | AlarmAction::Confirm(_) => "",
    }
}

/// Says over the list that there is a flood, and what came first.
pub(super) fn flood_ui(ui: &mut Ui, rows: &AlarmsRows) -> Option<Action> {
    let flood = rows.flood.as_ref()?;
    let mut action = None;
    let frame = egui::Frame::new().fill(theme::FLOOD).corner_radius(3).inner_margin(egui::Margin::symmetric(8, 0));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.x = theme::STEP;
            ui.spacing_mut().interact_size.y = 20.0;
            ui.spacing_mut().button_padding.y = 1.0;
            icons::show(ui, "flood of alarms", |painter, at| icons::square(painter, at, theme::URGENT));
            ui.label(RichText::new("Alarm flood").strong().color(theme::STRONG));
            let text = format!("{} raised since {}.", flood.count, flood.since);
            let hint = "More than 10 in 10 minutes are more than a person can take in (ISA-18.2).";
            ui.label(RichText::new(text).color(theme::TEXT)).on_hover_text(hint);
            for (by_place, text) in [(false, "By cause"), (true, "By place")] {
                let text = RichText::new(text).small();
                if ui.add(Button::selectable(by_place == flood.by_place, text)).clicked() {
                    action = Some(Action::Alarm(AlarmAction::GroupByPlace(by_place)));
                }
            }
            if let Some((alarm, name)) = &flood.first {
                ui.label(RichText::new("First:").color(theme::TEXT));
                let link = egui::Label::new(RichText::new(name).color(theme::ACCENT)).truncate();
                let link = ui.add(link.sense(egui::Sense::click()));
                if link.on_hover_text("Choose it, and go there").clicked() {
                    action = Some(Action::Alarm(AlarmAction::Find(*alarm)));
                }
            }
        });
    });
    action
}
