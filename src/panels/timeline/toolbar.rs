//! Above the axis: play, how fast, round and round, where the cursor is, and how to get it elsewhere.

use std::time::Duration;

use egui::{Align, Key, Layout, Popup, RichText, Ui, vec2};

use super::super::actions::{Action, StepTo};
use super::super::plot::SPANS;
use super::super::plot_panel::tag_ui;
use super::super::{format, icons, theme};
use super::time_text::{Anchors, read_time};
use super::{TimelineRows, TimelineState, Window};
use crate::session::{CursorMode, SPEEDS};

/// The speeds that are offered.
const USUAL: [f64; 8] = [0.1, 1.0, 2.0, 10.0, 60.0, 1000.0, -1.0, -10.0];

/// Draws the row of tools.
pub(super) fn toolbar_ui(ui: &mut Ui, rows: &TimelineRows, state: &mut TimelineState, asked: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.set_height(theme::ROW);
        ui.spacing_mut().item_spacing.x = theme::STEP;
        ui.spacing_mut().button_padding = vec2(theme::GAP, theme::HALF);
        let room = ui.available_width();
        play_ui(ui, rows, asked);
        speed_ui(ui, rows, asked);
        loop_ui(ui, rows, state, asked);
        ui.add_space(theme::STEP);
        live_ui(ui, rows, asked);
        time_ui(ui, rows, asked);
        if room >= 560.0 {
            go_to_ui(ui, rows, state, asked);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if room >= 620.0 {
                windows_ui(ui, rows, state);
            }
            if state.window != Window::Whole
                && ui.button("Fit").on_hover_text("Show all of the session. Or double-click the timeline.").clicked()
            {
                state.show(Window::Whole);
            }
            // With no gap there is nothing to fold.
            if room >= 760.0 && (!rows.gaps.is_empty() || state.real_scale) {
                let real = egui::Button::selectable(state.real_scale, "Real scale");
                let hint = "Long gaps are folded to a fixed width. With the real scale they are as long as they were.";
                if ui.add(real).on_hover_text(hint).clicked() {
                    state.real_scale = !state.real_scale;
                }
            }
            if let Some(part) = rows.loaded {
                let text = format!("reading the recording: {:.0}\u{a0}%", part.clamp(0.0, 1.0) * 100.0);
                ui.add(egui::Label::new(RichText::new(text).small().color(theme::WEAK)).truncate());
            }
        });
    });
}

/// What is shown: the span before and after, and what was shown before or has a name.
fn windows_ui(ui: &mut Ui, rows: &TimelineRows, state: &mut TimelineState) {
    let next = icons::button(ui, "The span after", |painter, at, color| icons::chevron(painter, at, true, color));
    if next.clicked() {
        state.shift(StepTo::Next, rows.extent);
    }
    let menu = ui.button("Window").on_hover_text("What the timeline shows: usual, named and recent spans.");
    let offered = windows(rows, state);
    Popup::menu(&menu).show(|ui| {
        ui.set_min_width(200.0);
        for (text, window) in offered {
            if ui.add(egui::Button::selectable(state.window == window, text)).clicked() {
                state.show(window);
            }
        }
    });
    let previous = icons::button(ui, "The span before", |painter, at, color| icons::chevron(painter, at, false, color));
    if previous.clicked() {
        state.shift(StepTo::Previous, rows.extent);
    }
}

/// The windows that are offered, by name.
fn windows(rows: &TimelineRows, state: &TimelineState) -> Vec<(String, Window)> {
    let mut all = vec![("All of the session".to_owned(), Window::Whole)];
    for (secs, name) in SPANS {
        all.push(if rows.extent.live {
            (format!("The last {name}"), Window::Last(secs))
        } else {
            let half = Duration::from_secs_f64(secs / 2.0);
            (format!("{name} about the cursor"), Window::Fixed(rows.cursor.at - half, rows.cursor.at + half))
        });
    }
    // A bookmark of a range is a window with a name.
    let named =
        rows.marks.iter().filter_map(|it| Some((format!("Bookmark: {}", it.text), Window::Fixed(it.at, it.to?))));
    all.extend(named);
    let recent = state.recent.iter().rev().filter_map(|it| match it {
        Window::Fixed(from, to) => {
            Some((format!("Recent: {} \u{2013} {}", rows.clock.time(*from), rows.clock.time(*to)), *it))
        }
        Window::Whole | Window::Last(_) => None,
    });
    all.extend(recent);
    all
}

fn play_ui(ui: &mut Ui, rows: &TimelineRows, asked: &mut Vec<Action>) {
    let step = |ui: &mut Ui, name: &str, forward: bool| {
        let shown = ui.add_enabled_ui(rows.can_step, |ui| {
            icons::button(ui, name, |painter, at, color| icons::step(painter, at, forward, color))
        });
        shown.inner.on_disabled_hover_text("Select a twin or plot a signal to go through its samples.").clicked()
    };
    if step(ui, "Previous sample", false) {
        asked.push(Action::Step(StepTo::Previous));
    }
    let plays = rows.cursor.mode != CursorMode::Paused;
    let (name, icon): (_, fn(&egui::Painter, egui::Pos2, egui::Color32)) =
        if plays { ("Pause", icons::pause) } else { ("Play", icons::play) };
    if icons::button(ui, name, icon).clicked() {
        asked.push(Action::TogglePause);
    }
    if step(ui, "Next sample", true) {
        asked.push(Action::Step(StepTo::Next));
    }
}

fn speed_ui(ui: &mut Ui, rows: &TimelineRows, asked: &mut Vec<Action>) {
    let mut speed = rows.cursor.speed;
    let field = egui::DragValue::new(&mut speed)
        .range(-SPEEDS.1..=SPEEDS.1)
        .speed(rows.cursor.speed.abs() * 0.02)
        .custom_formatter(|it, _| format::speed(it))
        .custom_parser(|text| text.trim().trim_end_matches(['×', 'x']).replace('−', "-").parse().ok())
        .update_while_editing(false);
    let field = ui.add_sized(vec2(56.0, 20.0), field);
    field.widget_info(|| {
        let mut info = egui::WidgetInfo::drag_value(true, rows.cursor.speed);
        info.label = Some("Speed".to_owned());
        info
    });
    field.on_hover_text("Seconds of the session in one second: 0.01× to 1000×; below 0 it plays backward.");
    if speed != rows.cursor.speed && speed != 0.0 {
        asked.push(Action::Speed(speed));
    }
    ui.add_space(-theme::STEP);
    let usual = icons::button(ui, "Usual speeds", |painter, at, color| icons::fold(painter, at, true, color));
    Popup::menu(&usual).show(|ui| {
        ui.set_min_width(72.0);
        for it in USUAL {
            if ui.add(egui::Button::selectable(it == rows.cursor.speed, format::speed(it))).clicked() {
                asked.push(Action::Speed(it));
            }
        }
    });
}

fn loop_ui(ui: &mut Ui, rows: &TimelineRows, state: &mut TimelineState, asked: &mut Vec<Action>) {
    let looped = rows.cursor.looped;
    let name = if looped.is_some() { "Stop looping" } else { "Loop" };
    let button = icons::button(ui, name, |painter, at, color| {
        let color = if looped.is_some() { theme::ACCENT } else { color };
        icons::round(painter, at, color);
    });
    if button.on_hover_text("Shift and drag on the ruler marks out a range; [ and ] set its ends.").clicked() {
        state.range = looped.or(state.range);
        let range = state.range.unwrap_or((rows.extent.from, rows.extent.to));
        asked.push(Action::Loop(looped.is_none().then_some(range)));
    }
}

fn live_ui(ui: &mut Ui, rows: &TimelineRows, asked: &mut Vec<Action>) {
    if rows.cursor.mode == CursorMode::Live {
        tag_ui(ui, "LIVE", theme::ACCENT).on_hover_text("What is shown is what comes in. Space pauses.");
        return;
    }
    let behind = format::span(rows.extent.to.secs_since(rows.cursor.at));
    if !rows.extent.live && rows.cursor.as_live {
        let tag = tag_ui(ui, "AS LIVE", theme::ACCENT);
        tag.on_hover_text("What came later is hidden, as it was on the day itself. The palette ends it.");
        return;
    }
    if !rows.extent.live {
        tag_ui(ui, "RECORDED", theme::NORMAL).on_hover_text(format!("{behind} before its end."));
        return;
    }
    let text = RichText::new(format!("{behind} behind")).small().strong().color(theme::WARNING);
    let chip = ui.add(egui::Button::new(text).fill(theme::WARNING.gamma_multiply(0.18)).stroke(egui::Stroke::NONE));
    chip.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, "Go live"));
    if chip.on_hover_text("Click, or press L, to follow live again.").clicked() {
        asked.push(Action::Live);
    }
}

fn time_ui(ui: &mut Ui, rows: &TimelineRows, asked: &mut Vec<Action>) {
    let at = rows.cursor.at;
    let (time, date) = (rows.clock.time_tenths(at), rows.clock.date_time(at));
    let text = RichText::new(time).color(theme::STRONG);
    let button = ui.add(egui::Button::new(text).frame(false).min_size(vec2(78.0, 20.0)));
    button.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, "Copy the time"));
    let hint = format!("{date}, {}\nClick to copy {at}", rows.clock.name);
    if button.on_hover_text(hint).clicked() {
        asked.push(Action::Copy(at.to_string()));
    }
}

fn go_to_ui(ui: &mut Ui, rows: &TimelineRows, state: &mut TimelineState, asked: &mut Vec<Action>) {
    let color = if state.go_to_wrong.is_some() { theme::WARNING } else { theme::TEXT };
    let before = state.go_to.clone();
    let field = egui::TextEdit::singleline(&mut state.go_to)
        .hint_text("go to, such as -30s")
        .text_color(color)
        .desired_width(116.0)
        .show(ui)
        .response
        .response;
    field.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, "", &state.go_to, "");
        info.label = Some("Go to a time".to_owned());
        info
    });
    if state.go_to != before {
        state.go_to_wrong = None;
    }
    if field.lost_focus() && ui.input(|it| it.key_pressed(Key::Enter)) && !state.go_to.trim().is_empty() {
        let anchors = Anchors { now: rows.extent.to, cursor: rows.cursor.at };
        match read_time(&state.go_to, anchors, rows.clock) {
            Ok(at) => {
                state.go_to.clear();
                asked.push(Action::Seek(at));
            }
            Err(why) => state.go_to_wrong = Some(why),
        }
    }
    if let Some(why) = &state.go_to_wrong {
        icons::show(ui, why, |painter, at| icons::triangle(painter, at, theme::WARNING)).on_hover_text(why);
    }
    field.on_hover_text(
        "ISO 8601, seconds or milliseconds since 1970, a time of day, now-10m, +5m, -30s. Enter goes there.",
    );
}
