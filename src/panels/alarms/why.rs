//! The card that explains an alarm: its condition, what it saw then and sees now, what lies upstream, and what was asked
//! of devices shortly before. Every line leads somewhere.

use egui::{Align2, Rect, RichText, Sense, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::section::section_ui;
use super::super::standing;
use super::super::taint::{TaintRows, taint_ui};
use super::super::tree::painted_text;
use super::super::{icons, theme};
use super::AlarmAction;
use crate::command::Phase;
use crate::judge::{AlarmState, Priority};
use crate::signal::{SignalId, Timestamp};
use crate::site::{AlarmId, TwinId};
use crate::twin::{ReadingState, Standing};

/// All that the card tells.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct WhyCard {
    /// Which alarm.
    pub alarm: AlarmId,
    /// Of which twin.
    pub twin: TwinId,
    /// The twin's name and the alarm's.
    pub title: String,
    /// How soon it wants a person.
    pub priority: Priority,
    /// Where it stands.
    pub state: AlarmState,
    /// When it was raised last, and the same at the site. `None`: never.
    pub raised: Option<(Timestamp, String)>,
    /// What raises it, in words.
    pub condition: String,
    /// Why it must not be relied on. `None`: nothing speaks against it.
    pub taint: Option<TaintRows>,
    /// What should be done; may be empty.
    pub response: String,
    /// What it looks at.
    pub inputs: Vec<WhyInput>,
    /// What lies upstream, the nearest first.
    pub upstream: Vec<WhyUpstream>,
    /// What was asked of devices in the minutes before, the newest first.
    pub commands: Vec<WhyCommand>,
    /// Minutes before it was raised in which commands were looked for.
    pub minutes: f64,
}

/// A signal that an alarm looks at.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct WhyInput {
    /// Which.
    pub signal: SignalId,
    /// On which twin.
    pub twin: TwinId,
    /// Its name, with its twin's where that is another one.
    pub name: String,
    /// What it said when the alarm was raised.
    pub at_raise: String,
    /// What it says now.
    pub now: String,
    /// Whether that is current.
    pub state: ReadingState,
    /// How far it may be believed.
    pub standing: Standing,
}

/// A twin upstream.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct WhyUpstream {
    /// Which.
    pub twin: TwinId,
    /// Its name.
    pub name: String,
    /// How many flows lie between, 1 for the next.
    pub distance: usize,
    /// Its alarms that stand: which, their names and how soon they want a person.
    pub alarms: Vec<(AlarmId, String, Priority)>,
}

/// A command that was given shortly before.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct WhyCommand {
    /// Of which twin.
    pub twin: TwinId,
    /// When.
    pub at: Timestamp,
    /// How long before the alarm: `12 s before`.
    pub before: String,
    /// What was asked, and by whom.
    pub text: String,
    /// How far it has come.
    pub phase: Phase,
}

/// Draws the card's inside, which scrolls. Returns whether it is to be closed.
pub(in crate::panels) fn why_ui(ui: &mut Ui, card: &WhyCard, asked: &mut Vec<Action>) -> bool {
    ui.spacing_mut().item_spacing.y = 0.0;
    let closed = head_ui(ui, card, asked);
    ui.add_space(theme::STEP);
    ui.separator();
    egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| body_ui(ui, card, asked));
    closed
}

fn body_ui(ui: &mut Ui, card: &WhyCard, asked: &mut Vec<Action>) {
    if let Some(taint) = &card.taint {
        let way = taint_ui(ui, taint);
        let culprit = ui.link("Go to what spoils it").clicked().then_some(Action::Culprit(taint.culprit));
        asked.extend(culprit.or(way));
    }
    section_ui(ui, "Condition", None);
    ui.add(egui::Label::new(RichText::new(&card.condition).color(theme::STRONG)).wrap());
    if !card.response.is_empty() {
        section_ui(ui, "What to do", None);
        ui.add(egui::Label::new(RichText::new(&card.response).color(theme::TEXT)).wrap());
    }
    inputs_ui(ui, card, asked);
    section_ui(ui, "Upstream", None);
    if card.upstream.is_empty() {
        note_ui(ui, "Nothing is known to flow to it.");
    }
    for it in &card.upstream {
        upstream_ui(ui, it, asked);
    }
    section_ui(ui, &format!("Commands in the {:.0} minutes before", card.minutes), None);
    if card.commands.is_empty() {
        note_ui(ui, if card.raised.is_some() { "None." } else { "It was never raised." });
    }
    for it in &card.commands {
        command_ui(ui, it, asked);
    }
}

fn note_ui(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).small().color(theme::WEAK));
}

/// Returns whether the card is to be closed.
fn head_ui(ui: &mut Ui, card: &WhyCard, asked: &mut Vec<Action>) -> bool {
    let mut closed = false;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        icons::show(ui, card.priority.label(), |painter, at| icons::priority(painter, at, card.priority));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            closed = icons::button(ui, "Close", icons::cross).clicked();
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let title = RichText::new(format!("Why? {}", card.title)).strong().color(theme::STRONG);
                let link = ui.add(egui::Label::new(title).truncate().sense(Sense::click()));
                if link.on_hover_text("Go there").clicked() {
                    asked.push(Action::FlyTo(card.twin));
                }
            });
        });
    });
    ui.add_space(theme::STEP);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        let color = if card.state.is_standing() { theme::priority(card.priority) } else { theme::WEAK };
        icons::show(ui, card.state.label(), |painter, at| {
            icons::alarm_state(painter, at, card.state, color, true);
        });
        ui.label(
            RichText::new(format!("{} priority, {}", card.priority.label(), card.state.label())).color(theme::TEXT),
        );
        match &card.raised {
            Some((at, time)) => {
                let link = egui::Label::new(RichText::new(format!("raised {time}")).color(theme::ACCENT));
                if ui.add(link.sense(Sense::click())).on_hover_text("Go to that instant").clicked() {
                    asked.extend([Action::Select(card.twin), Action::Seek(*at)]);
                }
            }
            None => note_ui(ui, "never raised"),
        }
    });
    closed
}

fn inputs_ui(ui: &mut Ui, card: &WhyCard, asked: &mut Vec<Action>) {
    section_ui(ui, "What it looks at", None);
    let columns = |rect: Rect| {
        let third = (rect.width() * 0.27).max(76.0);
        let last = rect.with_min_x(rect.right() - third);
        let middle = rect.with_min_x(rect.right() - third * 2.0).with_max_x(last.left() - theme::STEP);
        [rect.with_max_x(middle.left() - theme::STEP), middle, last]
    };
    let (head, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    for (place, title) in columns(head).into_iter().zip(["", "when raised", "now"]) {
        ui.painter().text(place.left_center(), Align2::LEFT_CENTER, title, theme::small(), theme::WEAK);
    }
    for input in &card.inputs {
        let unknown = match input.state {
            ReadingState::Fresh => "",
            state @ (ReadingState::NeverSeen | ReadingState::Stale | ReadingState::Bad | ReadingState::Isolated) => {
                state.label()
            }
        };
        let doubtful = input.standing.taints().then(|| input.standing.label());
        let told = [unknown, doubtful.unwrap_or_default()].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>();
        let label = format!("{}: {} when raised, {} now {}", input.name, input.at_raise, input.now, told.join(", "));
        let (rect, response) = line_ui(ui, label.trim());
        let [name, then, now] = columns(rect);
        let at = pos2(name.left() + 7.0, name.center().y);
        match doubtful {
            Some(_) => standing::icon(ui.painter(), at, input.standing),
            None => icons::reading(ui.painter(), at, input.state),
        }
        painted_text(ui, name.with_min_x(name.left() + 18.0), &input.name, theme::TEXT, Align2::LEFT_CENTER);
        painted_text(ui, then, &input.at_raise, theme::WEAK, Align2::LEFT_CENTER);
        painted_text(ui, now, &input.now, theme::reading(input.state), Align2::LEFT_CENTER);
        let why = match input.state {
            _ if doubtful.is_some() => format!("{} Click to plot it.", input.standing.says()),
            ReadingState::Fresh => "Click to plot it.".to_owned(),
            ReadingState::NeverSeen | ReadingState::Stale | ReadingState::Bad | ReadingState::Isolated => {
                format!("It is {unknown}: what follows from it is unknown. Click to plot it.")
            }
        };
        if response.on_hover_text(why).clicked() {
            asked.extend([Action::Select(input.twin), Action::Plot(input.signal)]);
            asked.push(Action::Show(super::super::layout::Pane::Plots));
        }
    }
}

fn upstream_ui(ui: &mut Ui, it: &WhyUpstream, asked: &mut Vec<Action>) {
    let (rect, response) = line_ui(ui, &format!("Upstream: {}", it.name));
    let indent = 10.0 * (it.distance.min(6) - 1) as f32;
    let left = rect.left() + indent;
    icons::chevron(ui.painter(), pos2(left + 7.0, rect.center().y), false, theme::WEAK);
    let color = if it.alarms.is_empty() { theme::TEXT } else { theme::STRONG };
    painted_text(ui, rect.with_min_x(left + 18.0), &it.name, color, Align2::LEFT_CENTER);
    if response.on_hover_text("Go there").clicked() {
        asked.push(Action::FlyTo(it.twin));
    }
    for (alarm, name, priority) in &it.alarms {
        let (rect, response) = line_ui(ui, &format!("Upstream alarm: {name}"));
        icons::priority(ui.painter(), pos2(left + 26.0, rect.center().y), *priority);
        painted_text(ui, rect.with_min_x(left + 38.0), name, theme::STRONG, Align2::LEFT_CENTER);
        if response.on_hover_text("Choose this alarm, and go there").clicked() {
            asked.push(Action::Alarm(AlarmAction::Find(*alarm)));
        }
    }
}

fn command_ui(ui: &mut Ui, it: &WhyCommand, asked: &mut Vec<Action>) {
    let (rect, response) = line_ui(ui, &format!("{}, {}: {}", it.text, it.before, it.phase.label()));
    icons::phase(ui.painter(), pos2(rect.left() + 7.0, rect.center().y), it.phase);
    let last = rect.with_min_x(rect.right() - 96.0);
    let text = rect.with_min_x(rect.left() + 18.0).with_max_x(last.left() - theme::STEP);
    painted_text(ui, text, &it.text, theme::TEXT, Align2::LEFT_CENTER);
    painted_text(ui, last, &it.before, theme::WEAK, Align2::RIGHT_CENTER);
    if response.on_hover_text(format!("{}: {}. Go to that instant.", it.text, it.phase.label())).clicked() {
        asked.extend([Action::Select(it.twin), Action::Seek(it.at)]);
    }
}

/// A line that can be clicked.
fn line_ui(ui: &mut Ui, label: &str) -> (Rect, egui::Response) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, label));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect.expand2(vec2(theme::STEP, 0.0)), 3.0, theme::HOVERED);
    }
    (rect, response)
}
