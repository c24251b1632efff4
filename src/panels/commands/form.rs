//! Asking something of a device: desired and reported side by side, and how far the last request has come.

use std::collections::BTreeMap;

use egui::{Align, Key, Layout, RichText, Ui, vec2};

use super::super::actions::Action;
use super::super::{format, icons, theme};
use super::checks::{Rehearsal, rehearsal_ui};
use super::confirm::class_chip_ui;
use crate::command::{Phase, SequenceRequest, Step};
use crate::signal::{Timestamp, Unit, Value};
use crate::site::CommandId;
use crate::site::doc::{Class, TakesDoc};
use crate::twin::ReadingState;

/// Numbers that were set and not yet sent, by command: they stay while other things are looked at.
pub(in crate::panels) type Drafts = BTreeMap<CommandId, f64>;

/// One command.
#[derive(Debug, Clone)]
pub(in crate::panels) struct CommandForm<'a> {
    /// Which.
    pub id: CommandId,
    /// Its name.
    pub name: &'a str,
    /// What it takes.
    pub takes: &'a TakesDoc,
    /// How far it may reach within its normal band.
    pub class: Class,
    /// The band of values that are normal. `None`: all that it takes.
    pub normal: Option<(f64, f64)>,
    /// The unit of the signal that reports it.
    pub unit: Unit,
    /// Digits after the point.
    pub decimals: Option<u8>,
    /// What the device reports. `None`: never seen.
    pub reported: Option<Value>,
    /// How far that is current.
    pub reported_state: ReadingState,
    /// A sequence is open, to which it can be added.
    pub can_add: bool,
    /// The newest request, if there was one.
    pub last: Option<Life>,
}

/// How far a request has come.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct Life {
    /// What was asked for.
    pub desired: Value,
    /// Where it stands.
    pub phase: Phase,
    /// Why it was refused, if it was.
    pub reason: Option<String>,
    /// Seconds since it was sent, or that it took where it has ended.
    pub secs: f64,
    /// Seconds until it is given up; `None` where it has ended.
    pub left_secs: Option<f64>,
    /// It is reserved for who sits here, who may operate it now.
    pub reserved: bool,
    /// It waits for a second person.
    pub approvable: bool,
    /// Names the request.
    pub correlation: String,
    /// All times and the correlation id, a line each.
    pub details: Vec<(&'static str, String)>,
    /// When it was asked for.
    pub at: Timestamp,
}

impl Life {
    /// Where it stands, in a word or two.
    pub(in crate::panels) fn word(&self) -> &'static str {
        match (self.reserved, self.approvable) {
            (true, _) => "reserved",
            (_, true) => "awaits approval",
            _ => self.phase.label(),
        }
    }
}

/// What the gate would say to a command with a value, as it is now.
pub(in crate::panels) type Rehearse<'a> = &'a dyn Fn(CommandId, &Value) -> Option<Rehearsal>;

/// Draws the form; returns the command that is to be sent.
pub(in crate::panels) fn command_form_ui(
    ui: &mut Ui,
    form: &CommandForm,
    cannot_send: Option<&str>,
    drafts: &mut Drafts,
    rehearse: Rehearse,
) -> Option<Action> {
    let frame = egui::Frame::new().fill(theme::RAISED).corner_radius(4).inner_margin(egui::Margin::same(8));
    let mut added = None;
    let action = frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(theme::GAP, theme::STEP);
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.set_height(18.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if form.can_add
                    && icons::button(ui, &format!("{}: add to the sequence", form.name), icons::plus).clicked()
                {
                    added =
                        Some(Action::Sequence(SequenceRequest::Push(Step::Command(form.id, next_value(form, drafts)))));
                }
                if let Some(last) = &form.last {
                    phase_chip_ui(ui, last);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    if form.class >= Class::C2 {
                        class_chip_ui(ui, form.class);
                    }
                    ui.add(egui::Label::new(RichText::new(form.name).color(theme::STRONG)).truncate());
                });
            });
        });
        states_ui(ui, form);
        let asked = match form.takes {
            TakesDoc::Switch { on, off } => switch_ui(ui, form, on, off, cannot_send),
            TakesDoc::Number { min, max, step } => number_ui(ui, form, (*min, *max, *step), cannot_send, drafts),
        };
        let next = next_value(form, drafts);
        let mut led = None;
        if let Some(rehearsal) = cannot_send.is_none().then(|| rehearse(form.id, &next)).flatten() {
            let id = ui.id().with(("checks", form.id.0));
            let was_open: bool = ui.data(|it| it.get_temp(id)).unwrap_or(false);
            let mut open = was_open;
            led = rehearsal_ui(ui, form.name, &rehearsal, &mut open);
            if open != was_open {
                ui.data_mut(|it| it.insert_temp(id, open));
            }
        }
        let operated = form.last.as_ref().filter(|it| it.reserved).and_then(|it| reserved_ui(ui, form, it));
        if let Some(Life { phase, reason: Some(reason), .. }) = &form.last {
            let color = theme::phase(*phase);
            ui.add(egui::Label::new(RichText::new(format::sentence(reason)).small().color(color)).wrap());
        }
        led.or(operated).or(asked)
    });
    ui.add_space(theme::GAP);
    action.inner.or(added)
}

/// The value that would be asked for next: what was set, or the other way of a switch.
fn next_value(form: &CommandForm, drafts: &Drafts) -> Value {
    match form.takes {
        TakesDoc::Switch { .. } => Value::Flag(!form.reported.as_ref().and_then(Value::as_flag).unwrap_or(false)),
        TakesDoc::Number { min, .. } => {
            let reported = form.reported.as_ref().and_then(Value::as_number);
            Value::Number(drafts.get(&form.id).copied().or(reported).unwrap_or(*min))
        }
    }
}

/// Desired and reported, side by side: two things, shown as two.
fn states_ui(ui: &mut Ui, form: &CommandForm) {
    let words = |value: &Value| in_words(value, form.takes, form.unit, form.decimals);
    let reported = form.reported.as_ref().map_or_else(|| "never seen".to_owned(), words);
    let desired = form.last.as_ref().map_or_else(|| "not asked yet".to_owned(), |it| words(&it.desired));
    let apart = form.last.as_ref().is_some_and(|it| it.phase != Phase::Confirmed);
    let desired_color = match (&form.last, apart) {
        (None, _) => theme::WEAK,
        (Some(it), true) => theme::phase(it.phase),
        (Some(_), false) => theme::TEXT,
    };
    let cell = |ui: &mut Ui, title: &str, text: &str, color| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.label(RichText::new(title).small().color(theme::WEAK));
        ui.add(egui::Label::new(RichText::new(text).color(color)).truncate());
    };
    ui.columns(2, |columns| {
        cell(&mut columns[0], "Desired", &desired, desired_color);
        cell(&mut columns[1], "Reported", &reported, theme::reading(form.reported_state));
    });
}

fn switch_ui(ui: &mut Ui, form: &CommandForm, on: &str, off: &str, cannot_send: Option<&str>) -> Option<Action> {
    let reported = form.reported.as_ref().and_then(Value::as_flag);
    let width = (ui.available_width() - theme::GAP) / 2.0;
    let mut asked = None;
    ui.horizontal(|ui| {
        for (word, flag) in [(on, true), (off, false)] {
            let is_so = reported == Some(flag) && form.reported_state == ReadingState::Fresh;
            let button = egui::Button::new(word).min_size(vec2(width, theme::ROW)).selected(is_so);
            let response = ui.add_enabled(cannot_send.is_none(), button);
            let label = format!("{}: {word}", form.name);
            response.widget_info(|| {
                egui::WidgetInfo::selected(egui::WidgetType::Button, cannot_send.is_none(), is_so, &label)
            });
            let response = match cannot_send {
                Some(why) => response.on_disabled_hover_text(why),
                None if is_so => response.on_hover_text("The device reports that it is so already."),
                None => response,
            };
            if response.clicked() {
                asked = Some(Action::Ask(form.id, Value::Flag(flag)));
            }
        }
    });
    asked
}

fn number_ui(
    ui: &mut Ui,
    form: &CommandForm,
    (min, max, step): (f64, f64, f64),
    cannot_send: Option<&str>,
    drafts: &mut Drafts,
) -> Option<Action> {
    let reported = form.reported.as_ref().and_then(Value::as_number);
    let kept = drafts.get(&form.id).copied();
    let mut draft = kept.or(reported).unwrap_or(min).clamp(min.min(max), max.max(min));
    let before = draft;
    let decimals = form.decimals.map_or_else(|| step_decimals(step), usize::from);
    let mut send = false;
    let mut drop = false;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP;
        ui.spacing_mut().slider_width = (ui.available_width() - 76.0 - 56.0 - 2.0 * theme::GAP).max(40.0);
        let slider = egui::Slider::new(&mut draft, min..=max).step_by(step).show_value(false);
        let slider = ui.add_enabled(cannot_send.is_none(), slider);
        let label = format!("{}: slider", form.name);
        slider.widget_info(|| egui::WidgetInfo::slider(cannot_send.is_none(), draft, &label));
        if let Some(band) = form.normal {
            band_ui(ui, slider.rect, band, (min, max));
        }
        slider.on_hover_text(range_text(form, min, max));
        let suffix = if form.unit.symbol().is_empty() { String::new() } else { format!(" {}", form.unit) };
        let field = egui::DragValue::new(&mut draft)
            .range(min..=max)
            .speed(if step > 0.0 { step } else { (max - min) / 200.0 })
            .fixed_decimals(decimals)
            .suffix(suffix)
            .update_while_editing(false);
        let field = ui.add_enabled_ui(cannot_send.is_none(), |ui| ui.add_sized(vec2(76.0, theme::ROW), field)).inner;
        let label = format!("{}: value", form.name);
        field.widget_info(|| {
            let mut info = egui::WidgetInfo::drag_value(cannot_send.is_none(), draft);
            info.label = Some(label.clone());
            info
        });
        if field.lost_focus() {
            send = ui.input(|it| it.key_pressed(Key::Enter));
            drop = ui.input(|it| it.key_pressed(Key::Escape));
        }
        field.on_hover_text(format!("{}. Enter sends, Esc drops it.", range_text(form, min, max)));
        let changed = kept.is_some() || draft != before;
        let button = egui::Button::new("Send").min_size(vec2(56.0, theme::ROW)).selected(changed);
        let response = ui.add_enabled(cannot_send.is_none(), button);
        let label = format!("{}: send", form.name);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, cannot_send.is_none(), &label));
        send |= response.clicked();
        if let Some(why) = cannot_send {
            response.on_disabled_hover_text(why);
        }
    });
    if drop {
        drafts.remove(&form.id);
        return None;
    }
    if draft != before {
        drafts.insert(form.id, draft);
    }
    if send && cannot_send.is_none() {
        drafts.remove(&form.id);
        return Some(Action::Ask(form.id, Value::Number(draft)));
    }
    None
}

/// What is reserved is operated, or taken back.
fn reserved_ui(ui: &mut Ui, form: &CommandForm, life: &Life) -> Option<Action> {
    let mut action = None;
    let desired = in_words(&life.desired, form.takes, form.unit, form.decimals);
    let left = format::span(life.left_secs.unwrap_or(0.0));
    ui.label(RichText::new(format!("Reserved for you: {desired}, {left} left")).small().color(theme::ACCENT));
    ui.horizontal(|ui| {
        let width = (ui.available_width() - theme::GAP) / 2.0;
        let button = |name: &'static str| egui::Button::new(name).min_size(vec2(width, theme::ROW));
        if ui.add(button("Operate…").selected(true)).on_hover_text("Then a second person approves it.").clicked() {
            action = Some(Action::Ask(form.id, life.desired.clone()));
        }
        if ui.add(button("Take back")).on_hover_text("It is free for others again.").clicked() {
            action = Some(Action::TakeBack(life.correlation.clone()));
        }
    });
    action
}

/// The normal band, a thin line under the slider.
fn band_ui(ui: &Ui, slider: egui::Rect, (low, high): (f64, f64), (min, max): (f64, f64)) {
    let radius = slider.height() / 2.5;
    let rail = slider.shrink2(vec2(radius, 0.0));
    let x = |it: f64| rail.left() + rail.width() * ((it - min) / (max - min)).clamp(0.0, 1.0) as f32;
    let y = slider.bottom() - 1.0;
    ui.painter().line_segment([egui::pos2(x(low), y), egui::pos2(x(high), y)], egui::Stroke::new(2.0, theme::NORMAL));
}

/// A small tag with the phase and how long it has been so.
pub(in crate::panels) fn phase_chip_ui(ui: &mut Ui, life: &Life) {
    let color = theme::phase(life.phase);
    let text = match life.left_secs {
        Some(left) => format!("{}, {} left", life.word(), format::span(left)),
        None => life.word().to_owned(),
    };
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().item_spacing.x = theme::STEP;
            // The chip may stand in a row that runs from right to left: there the icon comes last.
            if ui.layout().prefer_right_to_left() {
                ui.label(RichText::new(&text).small().color(color));
            }
            icons::show(ui, life.phase.label(), |painter, at| icons::phase(painter, at, life.phase));
            if !ui.layout().prefer_right_to_left() {
                ui.label(RichText::new(&text).small().color(color));
            }
        })
        .response;
    response.on_hover_ui(|ui| life_tooltip(ui, life));
}

/// All that is known of a request.
pub(in crate::panels) fn life_tooltip(ui: &mut Ui, life: &Life) {
    ui.set_max_width(400.0);
    ui.label(RichText::new(phase_sentence(life.phase)).color(theme::STRONG));
    egui::Grid::new("life").num_columns(2).spacing(vec2(theme::GAP, theme::HALF)).show(ui, |ui| {
        for (name, text) in &life.details {
            ui.label(RichText::new(*name).small().color(theme::WEAK));
            ui.label(RichText::new(text).small());
            ui.end_row();
        }
    });
}

/// What a phase means.
pub(in crate::panels) fn phase_sentence(phase: Phase) -> &'static str {
    match phase {
        Phase::Draft => "Asked for. The gate has not spoken yet.",
        Phase::Checked => "All checks passed. It waits for a person; nothing was sent yet.",
        Phase::Sent => "Sent. The device has not answered yet.",
        Phase::Accepted => "The device said that it will do it. No measurement shows it yet.",
        Phase::Rejected => "It was refused.",
        Phase::Confirmed => "A measurement shows that it happened.",
        Phase::Failed => "The device said that it tried and could not.",
        Phase::TimedOut => "No answer came in time. Whether it happened is not known.",
        Phase::Unknown => "Nobody knows whether it happened: no measurement has shown it.",
        Phase::Expired => "Its time was over before it was sent. It never was.",
    }
}

/// A value as the command's buttons call it.
pub(in crate::panels) fn in_words(value: &Value, takes: &TakesDoc, unit: Unit, decimals: Option<u8>) -> String {
    match (takes, value) {
        (TakesDoc::Switch { .. }, it) => {
            it.as_flag().map_or_else(|| it.to_string(), |on| if on { "on" } else { "off" }.to_owned())
        }
        (TakesDoc::Number { .. }, it) => format::value(it, unit, decimals),
    }
}

fn range_text(form: &CommandForm, min: f64, max: f64) -> String {
    let number = |it| format::number(it, form.decimals);
    let range = format::with_unit(&format!("{} to {}", number(min), number(max)), form.unit);
    match form.normal {
        Some((low, high)) => format!("{range}; normally {} to {}", number(low), number(high)),
        None => range,
    }
}

fn step_decimals(step: f64) -> usize {
    if step > 0.0 { (-step.log10()).ceil().clamp(0.0, 6.0) as usize } else { 2 }
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::{NodeT as _, Queryable as _};

    use super::*;

    struct Shown {
        drafts: Drafts,
        asked: Option<Action>,
    }

    fn harness(takes: TakesDoc, reported: Value, cannot_send: Option<&'static str>) -> Harness<'static, Shown> {
        let shown = Shown { drafts: Drafts::new(), asked: None };
        Harness::new_ui_state(
            move |ui, shown: &mut Shown| {
                let form = CommandForm {
                    id: CommandId(7),
                    name: "Speed",
                    takes: &takes,
                    class: Class::C1,
                    normal: None,
                    unit: "rpm".parse().unwrap(),
                    decimals: None,
                    reported: Some(reported.clone()),
                    reported_state: ReadingState::Fresh,
                    can_add: false,
                    last: Some(Life {
                        desired: Value::Number(1500.0),
                        phase: Phase::Rejected,
                        reason: Some("the pump is in local mode".to_owned()),
                        secs: 0.3,
                        left_secs: None,
                        reserved: false,
                        approvable: false,
                        correlation: String::new(),
                        details: Vec::new(),
                        at: Timestamp::MIN,
                    }),
                };
                let asked = command_form_ui(ui, &form, cannot_send, &mut shown.drafts, &|_, _| None);
                shown.asked = asked.or(shown.asked.take());
            },
            shown,
        )
    }

    fn number() -> TakesDoc {
        TakesDoc::Number { min: 0.0, max: 3000.0, step: 10.0 }
    }

    fn switch() -> TakesDoc {
        TakesDoc::Switch { on: "Start".to_owned(), off: "Stop".to_owned() }
    }

    #[test]
    fn a_switch_asks_for_what_its_button_says() {
        let mut harness = harness(switch(), Value::Flag(true), None);
        harness.get_by_label("Speed: Stop").click();
        harness.run();
        assert_eq!(harness.state().asked, Some(Action::Ask(CommandId(7), Value::Flag(false))));
    }

    #[test]
    fn nothing_can_be_sent_while_the_link_is_down() {
        let harness = harness(switch(), Value::Flag(true), Some("The link is down."));
        assert!(harness.get_by_label("Speed: Start").accesskit_node().is_disabled());
        assert!(harness.get_by_label("Speed: Stop").accesskit_node().is_disabled());
    }

    #[test]
    fn what_was_set_is_kept_until_it_is_sent() {
        let mut harness = harness(number(), Value::Number(1480.0), None);
        harness.get_by_label("Speed: slider").focus();
        harness.run();
        harness.key_press(Key::ArrowRight);
        harness.run();
        let draft = harness.state().drafts.get(&CommandId(7)).copied();
        assert!(draft.is_some_and(|it| it > 1480.0), "{draft:?}");
        harness.get_by_label("Speed: send").click();
        harness.run();
        assert_eq!(harness.state().asked, Some(Action::Ask(CommandId(7), Value::Number(draft.unwrap()))));
        assert!(harness.state().drafts.is_empty());
    }

    #[test]
    fn a_refusal_says_why() {
        let harness = harness(number(), Value::Number(1480.0), None);
        assert!(harness.query_by_label("The pump is in local mode.").is_some());
        assert!(harness.query_by_label("1\u{2009}500\u{a0}rpm").is_some());
        assert!(harness.query_by_label("1\u{2009}480\u{a0}rpm").is_some());
    }
}
