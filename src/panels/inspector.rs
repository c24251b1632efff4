//! The inspector: one twin, what is measured on it, what can be asked of it, what it is made of.

use egui::{Align, Align2, Layout, Rect, RichText, Sense, Ui, pos2, vec2};

use super::actions::Action;
use super::alarms::{BriefRow, ExpectRow, alarms_section_ui, expectations_section_ui};
use super::commands::form::{CommandForm, Drafts, Rehearse, command_form_ui};
use super::inventory::{BriefPart, part_section_ui};
use super::sparkline::{self, Spark};
use super::tree::{empty_ui, painted_text};
use super::trust_section::{TrustRows, trust_section_ui};
use super::{format, icons, standing, theme};
use crate::signal::SignalId;
use crate::site::TwinId;
use crate::site::doc::Kind;
use crate::trust::Trust;
use crate::twin::{Health, Level, ReadingState, Standing};

/// A device that was heard within this many seconds is not silent.
const RECENT_SECS: f64 = 10.0;

/// A signal that is dragged out of the inspector, to be dropped on a plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dragged(pub SignalId);

/// All that the inspector shows of a twin.
#[derive(Debug, Clone)]
pub(super) struct Card<'a> {
    /// Which twin.
    pub id: TwinId,
    /// Its name.
    pub name: &'a str,
    /// Its address.
    pub address: &'a str,
    /// Its kind.
    pub kind: Kind,
    /// For people; may be empty.
    pub about: &'a str,
    /// Its health.
    pub health: Health,
    /// From the top to its parent.
    pub way: Vec<LinkRow<'a>>,
    /// The device that speaks for it. `None`: it has none.
    pub device: Option<DeviceLine<'a>>,
    /// What that device is. `None`: it has none.
    pub part: Option<BriefPart<'a>>,
    /// When it wants a person.
    pub alarms: Vec<BriefRow<'a>>,
    /// What must be true of it.
    pub expectations: Vec<ExpectRow<'a>>,
    /// What is measured on it.
    pub readings: Vec<ReadingRow<'a>>,
    /// Its parts.
    pub parts: Vec<LinkRow<'a>>,
    /// Twins elsewhere that it is about.
    pub involves: Vec<LinkRow<'a>>,
    /// What can be asked of it.
    pub commands: Vec<CommandForm<'a>>,
    /// Why nothing can be sent now. `None`: it can.
    pub cannot_send: Option<String>,
    /// Its emergency stop. `None`: it has none.
    pub emergency_stop: Option<EmergencyStop>,
    /// How far it may be believed.
    pub trust: TrustRows,
}

/// What an emergency stop does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EmergencyStop {
    /// Each thing that is sent: `Pump 1 · Start / stop: off`.
    pub does: Vec<String>,
    /// Why it cannot be sent now. `None`: it can.
    pub cannot: Option<String>,
}

/// A twin to go to.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinkRow<'a> {
    /// Which.
    pub id: TwinId,
    /// Its name.
    pub name: &'a str,
    /// Its kind.
    pub kind: Kind,
    /// The worst of it and what is below.
    pub health: Level,
}

/// A device, and when it was last heard.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeviceLine<'a> {
    /// Its MQTT client id.
    pub id: &'a str,
    /// What its status topic says, where a signal is bound to it. `None`: nothing says so.
    pub online: Option<bool>,
    /// Seconds since anything of it arrived. `None`: never.
    pub heard_secs: Option<f64>,
}

impl DeviceLine<'_> {
    /// What is known of it. Whether it is online is said only where its status topic says so.
    fn in_words(&self) -> (String, Level) {
        let heard = match self.heard_secs {
            None => "never heard".to_owned(),
            Some(secs) if secs < 2.0 => "heard just now".to_owned(),
            Some(secs) => format!("heard {} ago", format::span(secs)),
        };
        let is_recent = self.heard_secs.is_some_and(|it| it <= RECENT_SECS);
        match (self.online, self.heard_secs) {
            (Some(false), _) => (format!("offline, {heard}"), Level::Warning),
            (Some(true), Some(_)) if is_recent => (format!("online, {heard}"), Level::Normal),
            (Some(true), _) => (format!("online but silent, {heard}"), Level::Stale),
            (None, Some(_)) if is_recent => (heard, Level::Normal),
            (None, Some(_)) => (format!("silent, {heard}"), Level::Stale),
            (None, None) => (heard, Level::Unknown),
        }
    }
}

/// One reading.
#[derive(Debug, Clone)]
pub(super) struct ReadingRow<'a> {
    /// Which signal.
    pub signal: SignalId,
    /// Its name.
    pub name: &'a str,
    /// Its address, topic and path, for the tooltip.
    pub source: String,
    /// The value without its unit. `None`: never seen.
    pub value: Option<String>,
    /// Its unit.
    pub unit: &'static str,
    /// Seconds since it was measured. `None`: never seen.
    pub age_secs: Option<f64>,
    /// How far it is current.
    pub state: ReadingState,
    /// The state in a sentence.
    pub why: String,
    /// How far it may be believed.
    pub standing: Standing,
    /// How far the message could be believed that the value came with.
    pub came: Trust,
    /// How many messages about it were refused so far.
    pub n_refused: u32,
    /// The standing in sentences: what it means, whose key, what is missing, what was refused.
    pub trust: String,
    /// The last minute.
    pub spark: Spark,
    /// Which line of the plot it is. `None`: it is not plotted.
    pub plotted: Option<usize>,
    /// Whether it can be plotted at all: a text cannot.
    pub plottable: bool,
}

/// The height of a reading.
const READING: f32 = 36.0;

/// Draws the card; returns what was asked for.
pub(super) fn inspector_panel_ui(
    ui: &mut Ui,
    card: Option<&Card>,
    drafts: &mut Drafts,
    rehearse: Rehearse,
) -> Option<Action> {
    let Some(card) = card else {
        empty_ui(ui, "Nothing is selected. Click a thing in the 3D view or in the tree, or press Ctrl+K to find one.");
        return None;
    };
    let mut action = header_ui(ui, card);
    let area = egui::ScrollArea::vertical().auto_shrink(false).id_salt(("inspector", card.id.0));
    area.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        if let Some(stop) = &card.emergency_stop {
            action = emergency_stop_ui(ui, card, stop).or(action.take());
        }
        let warns = card.trust.warns();
        if warns {
            action = trust_section_ui(ui, card.id, card.name, &card.trust).or(action.take());
        }
        // What wants a person stands before all else.
        let wants = card.alarms.iter().any(|it| it.state.is_standing());
        if wants {
            action = alarms_section_ui(ui, &card.alarms).or(action.take());
        }
        if !card.commands.is_empty() {
            section_ui(ui, "Commands", None);
            if let Some(why) = &card.cannot_send {
                notice_ui(ui, why);
            }
            for form in &card.commands {
                action = command_form_ui(ui, form, card.cannot_send.as_deref(), drafts, rehearse).or(action.take());
            }
        }
        if !card.readings.is_empty() {
            section_ui(ui, "Readings", Some(card.readings.len()));
            for row in &card.readings {
                action = reading_ui(ui, row).or(action.take());
            }
        }
        if !warns {
            action = trust_section_ui(ui, card.id, card.name, &card.trust).or(action.take());
        }
        if !wants {
            action = alarms_section_ui(ui, &card.alarms).or(action.take());
        }
        action = expectations_section_ui(ui, &card.expectations).or(action.take());
        for (title, links) in [("Parts", &card.parts), ("Is about", &card.involves)] {
            if !links.is_empty() {
                section_ui(ui, title, Some(links.len()));
                for link in links {
                    action = link_ui(ui, link).or(action.take());
                }
            }
        }
        if let Some(part) = &card.part {
            part_section_ui(ui, part);
        }
        if !card.about.is_empty() {
            section_ui(ui, "About", None);
            ui.add(egui::Label::new(RichText::new(card.about).color(theme::TEXT)).wrap());
        }
        if card.readings.is_empty() && card.commands.is_empty() {
            ui.add_space(theme::GAP);
            let see = match card.way.first() {
                _ if !card.parts.is_empty() => "; see its parts".to_owned(),
                Some(whole) => format!("; see {}, of which it is a part", whole.name),
                None => String::new(),
            };
            let text = format!("Nothing is measured on it directly{see}.");
            ui.add(egui::Label::new(RichText::new(text).color(theme::WEAK)).wrap());
        }
        ui.add_space(theme::GAP * 2.0);
    });
    action
}

/// A wide button, pressed once: it stops at once, whatever the interlocks say and whoever is signed in.
fn emergency_stop_ui(ui: &mut Ui, card: &Card, stop: &EmergencyStop) -> Option<Action> {
    ui.add_space(theme::GAP);
    let name = format!("Emergency stop: {}", card.name);
    let can = stop.cannot.is_none();
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 32.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, can, &name));
    let ink = if can { theme::STRONG } else { theme::WEAK };
    let ground = theme::ALARM.gamma_multiply(if !can {
        0.12
    } else if response.hovered() {
        0.75
    } else {
        0.5
    });
    let edge = egui::Stroke::new(1.5, theme::ALARM.gamma_multiply(if can { 1.0 } else { 0.4 }));
    ui.painter().rect(rect, 4.0, ground, edge, egui::StrokeKind::Inside);
    if response.has_focus() {
        let focus = egui::Stroke::new(1.5, theme::ACCENT);
        ui.painter().rect_stroke(rect.expand(2.0), 5.0, focus, egui::StrokeKind::Inside);
    }
    let sign = Rect::from_center_size(pos2(rect.left() + 20.0, rect.center().y), vec2(10.0, 10.0));
    ui.painter().rect_filled(sign, 1.0, ink);
    let text = "Emergency stop";
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, theme::body(), ink);
    let does = stop.does.join(", ");
    let response = response.on_hover_ui(|ui| {
        ui.set_max_width(340.0);
        ui.label(RichText::new(&name).color(theme::STRONG));
        ui.label(format!(
            "Sends at once: {does}. It goes through whatever the interlocks say, and needs nobody to be signed in."
        ));
        if let Some(why) = &stop.cannot {
            ui.label(RichText::new(why).color(theme::WARNING));
        }
    });
    ui.add_space(theme::STEP);
    (response.clicked() && can).then_some(Action::EmergencyStop(card.id))
}

fn header_ui(ui: &mut Ui, card: &Card) -> Option<Action> {
    let mut action = None;
    ui.spacing_mut().item_spacing.y = theme::HALF;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        let health = format!("health: {}", card.health.worst.label());
        icons::show(ui, &health, |painter, at| icons::level(painter, at, card.health.worst)).on_hover_text(&health);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icons::button(ui, "Look at it", icons::target).clicked() {
                action = Some(Action::FlyTo(card.id));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let name = RichText::new(card.name).heading().color(theme::STRONG);
                ui.add(egui::Label::new(name).truncate()).on_hover_text(card.name);
            });
        });
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(theme::STEP, 0.0);
        let small = |text: &str| RichText::new(text).small().color(theme::WEAK);
        ui.label(small(icons::kind_name(card.kind)));
        for link in &card.way {
            ui.label(small("in"));
            let name = RichText::new(link.name).small().color(theme::ACCENT);
            if ui.add(egui::Label::new(name).sense(Sense::click())).on_hover_text("Select it").clicked() {
                action = Some(Action::Select(link.id));
            }
        }
    });
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        let address = RichText::new(card.address).small().color(theme::WEAK);
        let label = egui::Label::new(address).truncate().sense(Sense::click());
        if ui.add(label).on_hover_text("The address in the site file. Click to copy it.").clicked() {
            action = Some(Action::Copy(card.address.to_owned()));
        }
    });
    if let Some(device) = &card.device {
        device_ui(ui, device);
    }
    ui.add_space(theme::STEP);
    ui.separator();
    action
}

fn device_ui(ui: &mut Ui, device: &DeviceLine) {
    let (said, level) = device.in_words();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        icons::show(ui, &format!("device {said}"), |painter, at| icons::level(painter, at, level));
        let text = format!("Device {} {said}", device.id);
        let source = match device.online {
            Some(_) => "Its status topic says so.",
            None => "Its status is not known: no signal is bound to its status topic.",
        };
        ui.add(egui::Label::new(RichText::new(&text).small().color(theme::WEAK)).truncate())
            .on_hover_text(format!("{text}. {source} Its MQTT client id is {}.", device.id));
    });
}

/// A heading within a panel.
pub(super) fn section_ui(ui: &mut Ui, title: &str, count: Option<usize>) {
    ui.add_space(theme::GAP + theme::STEP);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        ui.label(RichText::new(title).small().strong().color(theme::WEAK));
        if let Some(count) = count {
            ui.label(RichText::new(count.to_string()).small().color(theme::WEAK));
        }
    });
    ui.add_space(theme::STEP);
}

/// A sentence that stands out: why something cannot be done.
pub(super) fn notice_ui(ui: &mut Ui, text: &str) {
    let frame = egui::Frame::new().fill(theme::BANNER).corner_radius(3).inner_margin(egui::Margin::symmetric(8, 4));
    frame.show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = theme::STEP;
            icons::show(ui, "warning", |painter, at| icons::triangle(painter, at, theme::WARNING));
            ui.label(RichText::new(text).color(theme::STRONG));
        });
    });
    ui.add_space(theme::STEP);
}

fn reading_ui(ui: &mut Ui, row: &ReadingRow) -> Option<Action> {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), READING), Sense::click_and_drag());
    response.widget_info(|| {
        let value = row.value.as_deref().unwrap_or("no value");
        let standing = if row.standing == Standing::Stale { "" } else { row.standing.label() };
        let comma = if standing.is_empty() { "" } else { ", " };
        let label = format!("{}: {value} {}, {}{comma}{standing}", row.name, row.unit, row.state.label());
        egui::WidgetInfo::labeled(egui::WidgetType::Button, row.plottable, label)
    });
    if !ui.is_rect_visible(rect) {
        return None;
    }
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect.expand2(vec2(theme::STEP, 0.0)), 3.0, theme::HOVERED);
    }
    let wide = rect.width() >= 290.0;
    let (upper, lower) = (rect.top() + 11.0, rect.bottom() - 9.0);
    icons::reading(painter, pos2(rect.left() + 7.0, upper), row.state);
    let unit_left = rect.right() - 40.0;
    let value_left = unit_left - if wide { 64.0 } else { 52.0 };
    let spark = Rect::from_min_max(
        pos2(value_left - if wide { 68.0 } else { 48.0 }, rect.top() + 5.0),
        pos2(value_left - 8.0, rect.bottom() - 5.0),
    );
    let held_off = matches!(row.standing, Standing::Rejected | Standing::EvilTwin) && row.n_refused > 0;
    let color = theme::reading(row.state);
    let line = row.plotted.map_or(theme::NORMAL, theme::series);
    if row.plottable {
        sparkline::paint(painter, spark, &row.spark, line);
    }
    let name_right = if row.plottable { spark.left() - theme::GAP } else { value_left - theme::STEP };
    let name = Rect::from_min_max(pos2(rect.left() + 18.0, rect.top() + 2.0), pos2(name_right, upper + 9.0));
    painted_text(ui, name, row.name, theme::TEXT, Align2::LEFT_CENTER);
    let small = |at: egui::Pos2, text: &str, color| {
        painter.text(at, Align2::LEFT_CENTER, text, theme::small(), color);
    };
    let age = match (row.state, row.age_secs) {
        (ReadingState::Isolated, Some(secs)) => format!("an estimate since {}", format::span(secs)),
        (ReadingState::Isolated, None) => "isolated".to_owned(),
        (_, Some(secs)) if held_off => format!("{} refused, {}", row.n_refused, format::span(secs)),
        (_, None) if held_off => format!("{} refused", row.n_refused),
        (_, None) => "never seen".to_owned(),
        (ReadingState::Fresh, Some(secs)) => format!("{} ago", format::span(secs)),
        (state, Some(secs)) => format!("{}, {} ago", state.label(), format::span(secs)),
    };
    let said = match row.state {
        _ if held_off => theme::standing(row.standing),
        ReadingState::Fresh => theme::WEAK,
        ReadingState::NeverSeen | ReadingState::Stale | ReadingState::Bad | ReadingState::Isolated => color,
    };
    small(pos2(rect.left() + 18.0, lower), &age, said);
    let from = standing_ui(ui, &response, pos2(rect.left() + 7.0, lower), row);
    let value = row.value.as_deref().unwrap_or("–");
    let value_right = unit_left - theme::STEP;
    // A state's name may be long: it takes the curve's place.
    let value_left = if row.plottable { value_left } else { spark.left() };
    let place = Rect::from_min_max(pos2(value_left, rect.top()), pos2(value_right, rect.bottom()));
    painted_text(ui, place, value, color, Align2::RIGHT_CENTER);
    small(pos2(unit_left, rect.center().y + 0.5), row.unit, theme::WEAK);
    if matches!(row.state, ReadingState::Stale | ReadingState::Isolated) {
        let width = place.width().min(value.chars().count() as f32 * 7.0 + 8.0);
        let under =
            Rect::from_min_max(pos2(value_right - width, rect.top() + 7.0), pos2(value_right, rect.bottom() - 7.0));
        icons::hatch(painter, under, theme::STALE.gamma_multiply(0.28));
    }
    response.dnd_set_drag_payload(Dragged(row.signal));
    let clicked = response.clicked() && row.plottable;
    let mut action = from.or(clicked.then_some(Action::TogglePlot(row.signal)));
    response.context_menu(|ui| {
        if ui.button("Where does it come from?").clicked() {
            action = Some(Action::Provenance(row.signal));
            ui.close();
        }
        if row.plottable {
            let does = if row.plotted.is_some() { "Take out of the plot" } else { "Add to the plot" };
            if ui.button(does).clicked() {
                action = Some(Action::TogglePlot(row.signal));
                ui.close();
            }
        }
        if ui.button("Copy the value").clicked() {
            action = Some(Action::Copy(format!("{value} {}", row.unit).trim().to_owned()));
            ui.close();
        }
    });
    response.on_hover_ui_at_pointer(|ui| reading_tooltip(ui, row));
    action
}

/// The reading's standing as a shape, which leads to where the reading comes from.
fn standing_ui(ui: &Ui, of: &egui::Response, at: egui::Pos2, row: &ReadingRow) -> Option<Action> {
    let sign = ui.interact(Rect::from_center_size(at, vec2(16.0, 16.0)), of.id.with("standing"), Sense::click());
    sign.widget_info(|| {
        let label = format!("Where {} comes from: {}", row.name, row.standing.label());
        egui::WidgetInfo::labeled(egui::WidgetType::Button, true, label)
    });
    if sign.hovered() || sign.has_focus() {
        ui.painter().rect_filled(sign.rect, 3.0, theme::WIDGET_HOVER);
    }
    match (row.standing, row.came) {
        // The clock above says that it is old: here stands what it was when it came.
        (Standing::Stale, Trust::Verified) => standing::tinted(ui.painter(), at, Standing::Verified, theme::STALE),
        (Standing::Stale, Trust::Vouched) => standing::tinted(ui.painter(), at, Standing::Vouched, theme::STALE),
        (Standing::Stale, Trust::Unsigned) => standing::tinted(ui.painter(), at, Standing::Unsigned, theme::STALE),
        (Standing::Unheard, _) => {}
        (it, _) => standing::icon(ui.painter(), at, it),
    }
    let clicked = sign.clicked();
    sign.on_hover_ui(|ui| {
        ui.set_max_width(340.0);
        ui.label(RichText::new(&row.trust).color(theme::TEXT));
        ui.label(RichText::new("Click for where it comes from, check by check.").small().color(theme::WEAK));
    });
    clicked.then_some(Action::Provenance(row.signal))
}

fn reading_tooltip(ui: &mut Ui, row: &ReadingRow) {
    ui.set_max_width(360.0);
    let value = row.value.as_deref().unwrap_or("no value yet");
    ui.label(RichText::new(format!("{}  {value} {}", row.name, row.unit)).color(theme::STRONG));
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        icons::show(ui, row.state.label(), |painter, at| icons::reading(painter, at, row.state));
        ui.label(&row.why);
    });
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        icons::show(ui, row.standing.label(), |painter, at| standing::icon(painter, at, row.standing));
        ui.label(&row.trust);
    });
    ui.label(RichText::new(&row.source).small().color(theme::WEAK));
    let hint = match (row.plottable, row.plotted) {
        (false, _) => "A text cannot be plotted.",
        (true, None) => "Click to plot it, or drag it into a plot.",
        (true, Some(_)) => "Click to take it out of the plot.",
    };
    ui.label(RichText::new(hint).small().color(theme::WEAK));
}

fn link_ui(ui: &mut Ui, link: &LinkRow) -> Option<Action> {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, format!("Select {}", link.name)));
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect.expand2(vec2(theme::STEP, 0.0)), 3.0, theme::HOVERED);
    }
    icons::kind(painter, pos2(rect.left() + 7.0, rect.center().y), link.kind, theme::WEAK);
    icons::level(painter, pos2(rect.right() - 8.0, rect.center().y), link.health);
    let name = Rect::from_min_max(pos2(rect.left() + 20.0, rect.top()), pos2(rect.right() - 20.0, rect.bottom()));
    painted_text(ui, name, link.name, theme::TEXT, Align2::LEFT_CENTER);
    let action = if response.double_clicked() {
        Some(Action::FlyTo(link.id))
    } else {
        response.clicked().then_some(Action::Select(link.id))
    };
    response.on_hover_text(format!("{} · {}", icons::kind_name(link.kind), link.health.label()));
    action
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;

    fn reading(standing: Standing, n_refused: u32) -> ReadingRow<'static> {
        ReadingRow {
            signal: SignalId(3),
            name: "Speed",
            source: "pumping.p1/speed".to_owned(),
            value: Some("1450".to_owned()),
            unit: "rpm",
            age_secs: Some(4.0),
            state: ReadingState::Fresh,
            why: "Fresh: it comes every second.".to_owned(),
            standing,
            came: Trust::Verified,
            n_refused,
            trust: standing.says().to_owned(),
            spark: Spark::default(),
            plotted: None,
            plottable: true,
        }
    }

    #[test]
    fn a_reading_says_how_far_it_may_be_believed_and_leads_to_where_it_comes_from() {
        for standing in Standing::ALL {
            let row = reading(standing, 2);
            let mut harness = Harness::builder()
                .with_size(vec2(320.0, 60.0))
                .build_ui_state(move |ui, asked: &mut Vec<Action>| asked.extend(reading_ui(ui, &row)), Vec::new());
            harness.run();
            let told = if standing == Standing::Stale { String::new() } else { format!(", {}", standing.label()) };
            assert!(harness.query_by_label(&format!("Speed: 1450 rpm, fresh{told}")).is_some(), "{standing:?}");
            harness.get_by_label(&format!("Where Speed comes from: {}", standing.label())).click();
            harness.run();
            assert_eq!(harness.state(), &[Action::Provenance(SignalId(3))], "{standing:?}");
        }
    }

    #[test]
    fn a_device_is_online_only_where_its_status_says_so() {
        let check = |online, heard_secs, want| {
            assert_eq!(DeviceLine { id: "d", online, heard_secs }.in_words(), want);
        };
        check(None, Some(3.0), (format!("heard {} ago", format::span(3.0)), Level::Normal));
        check(None, Some(60.0), (format!("silent, heard {} ago", format::span(60.0)), Level::Stale));
        check(None, None, ("never heard".to_owned(), Level::Unknown));
        check(Some(true), Some(1.0), ("online, heard just now".to_owned(), Level::Normal));
        check(Some(true), None, ("online but silent, never heard".to_owned(), Level::Stale));
        check(Some(false), Some(1.0), ("offline, heard just now".to_owned(), Level::Warning));
    }
}
