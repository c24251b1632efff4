//! A reading in the inspector: its value, its last minute, how old it is and how far it may be believed.

use egui::{Align2, Rect, RichText, Sense, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::sparkline::{self, Spark};
use super::super::tree::painted_text;
use super::super::{format, icons, standing, theme};
use crate::signal::SignalId;
use crate::trust::Trust;
use crate::twin::{ReadingState, Standing};

/// A signal that is dragged out of the inspector, to be dropped on a plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::panels) struct Dragged(pub SignalId);

/// One reading.
#[derive(Debug, Clone)]
pub(in crate::panels) struct ReadingRow<'a> {
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
    /// What it can be, with its unit. `None`: anything.
    pub can_be: Option<String>,
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

/// Draws it; returns what was asked for.
pub(super) fn reading_ui(ui: &mut Ui, row: &ReadingRow) -> Option<Action> {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), READING), Sense::click_and_drag());
    response.widget_info(|| {
        let value = row.value.as_deref().unwrap_or("no value");
        let standing = if row.standing == Standing::Stale { "" } else { row.standing.label() };
        let comma = if standing.is_empty() { "" } else { ", " };
        let beside = row.beside();
        let label = format!("{}: {value} {}, {}{comma}{standing}{beside}", row.name, row.unit, row.state.label());
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
        (_, Some(secs)) if held_off => format!("{} old, {} refused", format::span(secs), row.n_refused),
        (_, None) if held_off => format!("{} refused", row.n_refused),
        (_, None) => "never seen".to_owned(),
        (ReadingState::Fresh, Some(secs)) => format!("{} ago", format::span(secs)),
        (ReadingState::Bad, Some(secs)) if row.can_be.is_some() => {
            format!("can be {}, {} ago", row.can_be.as_deref().unwrap_or_default(), format::span(secs))
        }
        (state, Some(secs)) => format!("{}, {} ago", state.label(), format::span(secs)),
    };
    let said = match row.state {
        _ if held_off => theme::standing(row.standing),
        ReadingState::Fresh => theme::WEAK,
        ReadingState::NeverSeen | ReadingState::Stale | ReadingState::Bad | ReadingState::Isolated => color,
    };
    let under = Rect::from_min_max(pos2(rect.left() + 18.0, lower - 8.0), pos2(name_right, lower + 8.0));
    small_text(ui, under, &age, said);
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

impl ReadingRow<'_> {
    /// What to hold a value against that is not to be believed.
    fn beside(&self) -> String {
        let held_off = matches!(self.standing, Standing::Rejected | Standing::EvilTwin);
        match (self.state, &self.can_be, self.age_secs) {
            (ReadingState::Bad, Some(range), _) => format!(", can be {range}"),
            (_, _, Some(secs)) if held_off => {
                format!(", the last {} value, {} old", self.came.label(), format::span(secs))
            }
            _ => String::new(),
        }
    }
}

/// A small line of text in a place, cut off with an ellipsis where it does not fit.
fn small_text(ui: &Ui, rect: Rect, text: &str, color: egui::Color32) {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), theme::small(), color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width().max(0.0));
    let galley = ui.painter().layout_job(job);
    let place = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), rect);
    ui.painter().galley(place.min, galley, color);
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
            can_be: Some("0 to 3200 rpm".to_owned()),
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
            let word = if standing == Standing::Stale { String::new() } else { format!(", {}", standing.label()) };
            let is_old = [Standing::Rejected, Standing::EvilTwin].contains(&standing);
            let told = word + if is_old { ", the last verified value, 4.0\u{a0}s old" } else { "" };
            assert!(harness.query_by_label(&format!("Speed: 1450 rpm, fresh{told}")).is_some(), "{standing:?}");
            harness.get_by_label(&format!("Where Speed comes from: {}", standing.label())).click();
            harness.run();
            assert_eq!(harness.state(), &[Action::Provenance(SignalId(3))], "{standing:?}");
        }
    }
}
