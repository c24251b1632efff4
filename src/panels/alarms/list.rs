//! The list of alarms: a line each, only those in sight drawn, walked through with the arrows.

use std::time::Duration;

use egui::{Align2, EventFilter, Key, Modifiers, Rect, Sense, Ui, pos2, vec2};

use super::super::actions::{self, Action};
use super::super::taint::{MARK, TAINTED, mark_ui};
use super::super::tree::{empty_ui, painted_text};
use super::super::{icons, theme};
use super::rows::{Line, lines};
use super::tools::flood_ui;
use super::{AlarmAction, AlarmKey, AlarmRow, AlarmView, AlarmsRows, AlarmsState};
use crate::judge::{AlarmState, Priority, Truth};
use crate::site::AlarmId;

/// A column: its title, its least width, its share of what is left over, and its rank: the highest goes first where
/// there is no room.
struct Column {
    title: &'static str,
    least: f32,
    share: f32,
    rank: u8,
}

const fn column(title: &'static str, least: f32, share: f32, rank: u8) -> Column {
    Column { title, least, share, rank }
}

const COLUMNS: [Column; 9] = [
    column("Priority", 78.0, 0.0, 0),
    column("State", 136.0, 0.0, 0),
    column("Raised", 64.0, 0.0, 1),
    column("Age", 64.0, 0.0, 4),
    column("Twin", 92.0, 0.3, 0),
    column("Alarm", 118.0, 0.25, 0),
    column("At raise", 78.0, 0.05, 5),
    column("Now", 78.0, 0.05, 2),
    column("What to know", 110.0, 0.45, 6),
];

/// Draws the list; returns what was asked for.
pub(super) fn list_ui(ui: &mut Ui, rows: &AlarmsRows, state: &mut AlarmsState) -> Option<Action> {
    let folded = |title: &str| state.folded.contains(title);
    let lines = lines(state.view, &rows.keys, rows.flood.as_ref(), folded);
    let mut action = flood_ui(ui, rows);
    if lines.is_empty() {
        empty_ui(ui, &nothing(state.view, rows));
        return action;
    }
    let places = Places::new(ui.available_width(), rows.found);
    places.head_ui(ui);
    let list = ui.id().with("alarms");
    action = list_keys(ui, list, &lines, state).or(action);
    let to_row = lines.iter().position(|it| alarm_of(it) == state.chosen && state.chosen.is_some());
    let to_row = to_row.filter(|_| state.seen != state.chosen);
    state.seen = state.chosen;
    let lit = is_lit(ui, rows);
    ui.spacing_mut().item_spacing.y = 0.0;
    let holder = ui.interact(ui.available_rect_before_wrap(), list, Sense::focusable_noninteractive());
    holder.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Other, true, "List of alarms"));
    let area = egui::ScrollArea::vertical().auto_shrink(false).id_salt(("alarm list", state.view as u8));
    area.show_viewport(ui, |ui, viewport| {
        let (width, top, left) = (ui.available_width(), ui.min_rect().top(), ui.min_rect().left());
        ui.set_height(lines.len() as f32 * theme::ROW);
        let rect_of =
            |at: usize| Rect::from_min_size(pos2(left, top + at as f32 * theme::ROW), vec2(width, theme::ROW));
        if let Some(at) = to_row {
            ui.scroll_to_rect(rect_of(at), None);
        }
        let first = (viewport.top() / theme::ROW).floor().max(0.0) as usize;
        let last = ((viewport.bottom() / theme::ROW).ceil().max(0.0) as usize).min(lines.len());
        for (at, line) in lines.iter().enumerate().take(last).skip(first) {
            let asked = match line {
                Line::Group { .. } => {
                    group_ui(ui, rect_of(at), line, state);
                    None
                }
                Line::Alarm(key) => {
                    let mark = Mark { chosen: state.chosen == Some(key.alarm), lit, list };
                    row_ui(ui, rect_of(at), key, &(rows.words)(key), &places, mark)
                }
            };
            action = asked.or(action.take());
        }
    });
    action
}

/// What an empty list means, and what to do.
fn nothing(view: AlarmView, rows: &AlarmsRows) -> String {
    if rows.described == 0 {
        return "This site describes no alarms. Give a twin some under `alarms` in its site.ron.".to_owned();
    }
    let unknown = rows.keys.iter().filter(|it| it.truth == Truth::Unknown).count();
    match view {
        AlarmView::Standing if unknown > 0 => format!(
            "No alarm stands. {unknown} of {} cannot be judged, for what they look at is not current: see Diagnostics.",
            rows.described
        ),
        AlarmView::Standing => match rows.described {
            1 => "No alarm stands: the one of this site is looked at, and all is as it should be.".to_owned(),
            count => format!("No alarm stands: all {count} of this site are looked at, and all is as it should be."),
        },
        AlarmView::Unacknowledged => "Nothing waits to be acknowledged.".to_owned(),
        AlarmView::Shelved => "Nothing is shelved. Choose an alarm and press S to put it aside for a while.".to_owned(),
        AlarmView::Suppressed => "Nothing is suppressed by design now.".to_owned(),
        AlarmView::OutOfService => "Every alarm is in service.".to_owned(),
        AlarmView::Journal | AlarmView::Figures => String::new(),
    }
}

fn alarm_of(line: &Line) -> Option<AlarmId> {
    match line {
        Line::Alarm(key) => Some(key.alarm),
        Line::Group { .. } => None,
    }
}

/// Whether what flashes is lit now; asks to be drawn again when that changes.
fn is_lit(ui: &Ui, rows: &AlarmsRows) -> bool {
    let flashes =
        !rows.reduced_motion && !rows.found && rows.keys.iter().any(|it| it.state == AlarmState::Unacknowledged);
    if !flashes {
        return true;
    }
    let turns = ui.input(|it| it.time) / theme::FLASH_SECS;
    ui.ctx().request_repaint_after(Duration::from_secs_f64((1.0 - turns.fract()) * theme::FLASH_SECS + 0.01));
    (turns as u64).is_multiple_of(2)
}

/// What the arrows and keys ask for while the list has the keyboard.
fn list_keys(ui: &Ui, list: egui::Id, lines: &[Line], state: &AlarmsState) -> Option<Action> {
    if !ui.memory(|it| it.has_focus(list)) {
        return None;
    }
    let arrows = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|it| it.set_focus_lock_filter(list, arrows));
    let pressed = |key| ui.input_mut(|it| it.consume_key(Modifiers::NONE, key));
    let alarms: Vec<&AlarmKey> =
        lines.iter().filter_map(|it| if let Line::Alarm(key) = it { Some(key) } else { None }).collect();
    let at = alarms.iter().position(|it| Some(it.alarm) == state.chosen);
    let choose = |at: usize| alarms.get(at).map(|it| Action::Alarm(AlarmAction::Choose(it.alarm)));
    if pressed(Key::ArrowDown) {
        return choose(at.map_or(0, |it| (it + 1).min(alarms.len().saturating_sub(1))));
    }
    if pressed(Key::ArrowUp) {
        return choose(at.map_or(0, |it| it.saturating_sub(1)));
    }
    if pressed(Key::Enter) {
        return at.map(|it| Action::FlyTo(alarms[it].twin));
    }
    ui.input_mut(|it| actions::pressed_of("Alarms", it))
}

fn group_ui(ui: &Ui, rect: Rect, line: &Line, state: &mut AlarmsState) {
    let Line::Group { title, count, worst, new, open } = line else { return };
    let response = ui.interact(rect, ui.id().with(("group", title)), Sense::click());
    let text = match new {
        0 => format!("{title} · {count}"),
        new => format!("{title} · {count}, {new} unacknowledged"),
    };
    response.widget_info(|| {
        let does = if *open { "Fold" } else { "Unfold" };
        egui::WidgetInfo::labeled(egui::WidgetType::Button, true, format!("{does} {text}"))
    });
    let painter = ui.painter();
    painter.rect_filled(rect, 0.0, if response.hovered() { theme::HOVERED } else { theme::RAISED });
    let middle = rect.center().y;
    icons::fold(painter, pos2(rect.left() + 10.0, middle), *open, theme::WEAK);
    icons::priority(painter, pos2(rect.left() + 26.0, middle), *worst);
    let place = rect.with_min_x(rect.left() + 40.0);
    painted_text(ui, place, &text, theme::STRONG, Align2::LEFT_CENTER);
    if response.clicked() && !state.folded.remove(title) {
        state.folded.insert(title.clone());
    }
}

#[derive(Clone, Copy)]
struct Mark {
    chosen: bool,
    lit: bool,
    list: egui::Id,
}

fn row_ui(ui: &Ui, rect: Rect, key: &AlarmKey, row: &AlarmRow, places: &Places, mark: Mark) -> Option<Action> {
    let response = ui.interact(rect, mark.list.with(key.alarm.0), Sense::click());
    let state = state_in_full(key);
    response.widget_info(|| {
        let tainted = row.taint.as_ref().map_or_else(String::new, |_| format!(", {TAINTED}"));
        let label = format!("{} {state}: {} {}, {}{tainted}", key.priority.label(), row.twin, row.name, row.now);
        egui::WidgetInfo::selected(egui::WidgetType::SelectableLabel, true, mark.chosen, label)
    });
    let painter = ui.painter();
    if mark.chosen {
        painter.rect_filled(rect, 0.0, theme::SELECTED);
        painter.rect_filled(Rect::from_min_size(rect.min, vec2(theme::HALF, rect.height())), 0.0, theme::ACCENT);
    } else if response.hovered() {
        painter.rect_filled(rect, 0.0, theme::HOVERED);
    }
    let strong = if key.is_new() { theme::STRONG } else { theme::TEXT };
    let mut action = None;
    let put = |place: Rect, text: &str, color| painted_text(ui, place, text, color, Align2::LEFT_CENTER);
    for (title, place) in places.of(rect) {
        let at = pos2(place.left() + 7.0, place.center().y);
        let beside = place.with_min_x(place.left() + 20.0);
        match title {
            "Priority" => {
                icons::priority(painter, at, key.priority);
                put(beside, key.priority.label(), word_color(key.priority, key.stands()));
            }
            "State" => {
                let color = if key.stands() { theme::priority(key.priority) } else { theme::WEAK };
                icons::alarm_state(painter, at, key.state, color, mark.lit);
                put(beside, &state_word(key), if key.is_new() { theme::STRONG } else { theme::WEAK });
            }
            "Raised" => put(place, &row.time, theme::TEXT),
            "Twin" => put(place, &row.twin, strong),
            "Alarm" => {
                let mut left = place.left();
                if key.first_out {
                    icons::first_out(painter, pos2(left + 9.0, place.center().y));
                    left += 24.0;
                }
                if key.chattering {
                    icons::wave(painter, pos2(left + 6.0, place.center().y), theme::WEAK);
                    left += 17.0;
                }
                if let Some(taint) = &row.taint {
                    let at = pos2(left + 7.0, place.center().y);
                    let of = format!("{} · {}", row.twin, row.name);
                    action = mark_ui(ui, response.id.with("taint"), at, &of, taint);
                    left += MARK;
                }
                put(place.with_min_x(left), row.name, strong);
            }
            "At raise" => put(place, &row.at_raise, theme::WEAK),
            "Now" => put(place, &row.now, strong),
            "What to know" => put(place, &row.said, theme::WEAK),
            _ => put(place, &row.beside_time, theme::WEAK),
        }
    }
    if response.double_clicked() {
        action = Some(Action::FlyTo(key.twin));
    } else if response.clicked() {
        ui.memory_mut(|it| it.request_focus(mark.list));
        action = Some(Action::Alarm(AlarmAction::Choose(key.alarm)));
    }
    response.on_hover_ui_at_pointer(|ui| tooltip_ui(ui, key, row, &state));
    action
}

fn word_color(priority: Priority, stands: bool) -> egui::Color32 {
    if stands { theme::priority(priority) } else { theme::WEAK }
}

/// The state in a word that fits its column, and whether its condition is unknown.
fn state_word(key: &AlarmKey) -> String {
    let word = match key.state {
        // The frame of their icon says the rest.
        AlarmState::ReturnedUnacknowledged => "returned",
        AlarmState::LatchedUnacknowledged => "latched",
        AlarmState::SuppressedByDesign => "suppressed",
        state @ (AlarmState::Normal
        | AlarmState::Unacknowledged
        | AlarmState::Acknowledged
        | AlarmState::Latched
        | AlarmState::Shelved
        | AlarmState::OutOfService) => state.label(),
    };
    match key.truth {
        Truth::Unknown => format!("{word} ?"),
        Truth::Active | Truth::Normal => word.to_owned(),
    }
}

/// The state in full.
fn state_in_full(key: &AlarmKey) -> String {
    match key.truth {
        Truth::Unknown => format!("{}, its condition unknown", key.state.label()),
        Truth::Active | Truth::Normal => key.state.label().to_owned(),
    }
}

fn tooltip_ui(ui: &mut Ui, key: &AlarmKey, row: &AlarmRow, state: &str) {
    ui.set_max_width(380.0);
    ui.label(egui::RichText::new(format!("{} · {}", row.twin, row.name)).color(theme::STRONG));
    ui.label(format!("{} priority, {state}", key.priority.label()));
    if key.first_out {
        ui.label("First out: nothing of its group stood before it.");
    }
    if key.chattering {
        ui.label("It chatters: it comes and goes too often. A deadband or a delay would calm it.");
    }
    if let Some(taint) = &row.taint {
        ui.label(egui::RichText::new(&taint.says).color(theme::WARNING));
        ui.label(egui::RichText::new(taint.way()).small().color(theme::TEXT));
    }
    if key.truth == Truth::Unknown {
        ui.label("What it looks at is not current: whether its condition holds cannot be known.");
    }
    egui::Grid::new("details").num_columns(2).spacing(vec2(theme::GAP, theme::HALF)).show(ui, |ui| {
        for (name, text) in &row.details {
            ui.label(egui::RichText::new(*name).small().color(theme::WEAK));
            ui.add(egui::Label::new(egui::RichText::new(text).small().color(theme::TEXT)).wrap());
            ui.end_row();
        }
    });
}

/// Where the columns stand that there is room for.
struct Places {
    columns: Vec<(&'static str, f32, f32)>,
}

impl Places {
    /// In a recording the time at which an alarm could be known takes the place of its age.
    fn new(width: f32, found: bool) -> Self {
        let mut columns: Vec<&Column> = COLUMNS.iter().collect();
        // The scroll bar lies over the last column's end.
        let room = width - theme::GAP * 2.0;
        while columns.iter().map(|it| it.least).sum::<f32>() > room {
            let Some(last) = columns.iter().map(|it| it.rank).max().filter(|it| *it > 0) else { break };
            columns.retain(|it| it.rank != last);
        }
        let spare = (room - columns.iter().map(|it| it.least).sum::<f32>()).max(0.0);
        let shares: f32 = columns.iter().map(|it| it.share).sum::<f32>().max(1e-3);
        let mut x = theme::GAP;
        let columns = columns
            .into_iter()
            .map(|it| {
                let width = it.least + spare * it.share / shares;
                let title = if found && it.title == "Age" { "Known" } else { it.title };
                x += width;
                (title, x - width, width - theme::GAP)
            })
            .collect();
        Self { columns }
    }

    fn of(&self, rect: Rect) -> impl Iterator<Item = (&'static str, Rect)> {
        self.columns.iter().map(move |(title, x, width)| {
            (*title, Rect::from_min_size(pos2(rect.left() + x, rect.top()), vec2(*width, rect.height())))
        })
    }

    fn head_ui(&self, ui: &mut Ui) {
        let (head, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
        for (title, place) in self.of(head) {
            ui.painter().text(place.left_center(), Align2::LEFT_CENTER, title, theme::small(), theme::WEAK);
        }
        ui.painter().hline(head.x_range(), head.bottom(), egui::Stroke::new(1.0, theme::LINE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_at_every_width_and_what_an_alarm_is_stays() {
        for width in [520.0_f32, 640.0, 740.0, 900.0, 1400.0] {
            let places = Places::new(width, false);
            let end = places.columns.last().map_or(0.0, |it| it.1 + it.2);
            assert!(end <= width, "{width}: {end}");
            for title in ["Priority", "State", "Twin", "Alarm"] {
                assert!(places.columns.iter().any(|it| it.0 == title), "{width}: no {title}");
            }
        }
        assert!(Places::new(1400.0, false).columns.iter().any(|it| it.0 == "What to know"));
        assert!(Places::new(1400.0, true).columns.iter().any(|it| it.0 == "Known"));
    }
}
