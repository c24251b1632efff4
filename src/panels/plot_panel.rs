//! The plots: one a unit, stacked over one time axis, with one hairline through all of them.

use egui::{Align2, Color32, Layout, Pos2, Rect, RichText, Sense, Ui, vec2};
use egui_plot::{FilledArea, GridMark, Line, LineStyle, Plot, PlotPoint, PlotPoints, PlotTransform, PlotUi};

use super::actions::Action;
use super::format::{self, Clock};
use super::icons;
use super::inspector::Dragged;
use super::plot::{PlotState, Series, groups, offered, time_step, value_range, value_step};
use super::plot_legend::legend_ui;
use super::theme::{self, Dash};
use crate::signal::Timestamp;

/// The least height of one plot.
const LEAST: f32 = 64.0;
/// The height of the time axis under the last plot.
const AXIS: f32 = 20.0;

/// How bright the line of a session is that is compared, beside the one that is shown.
pub(super) const OTHER: f32 = 0.6;

/// Where the cursor stands, and the clock to show it with.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlotTime<'a> {
    /// The cursor.
    pub cursor: Timestamp,
    /// Whether it follows live.
    pub live: bool,
    /// The site's clock.
    pub clock: &'a Clock,
    /// How much is read again of what memory had let go, 0 to 1. `None`: all that is needed.
    pub recalled: Option<f32>,
}

/// Draws the plots; returns what was asked for.
pub(super) fn plot_panel_ui(ui: &mut Ui, series: &[Series], state: &mut PlotState, time: PlotTime) -> Option<Action> {
    let drop = ui.interact(ui.max_rect(), ui.id().with("drop"), Sense::hover());
    let mut action = drop.dnd_release_payload::<Dragged>().map(|it| Action::Plot(it.0));
    action = toolbar_ui(ui, series, state, time).or(action);
    if series.is_empty() {
        let text = "Click a reading in the inspector, or drag it here, to see how it has gone.";
        let place = ui.available_rect_before_wrap();
        icons::curve(ui.painter(), place.center() - vec2(0.0, 18.0), theme::WEAK);
        let label = egui::Label::new(RichText::new(text).color(theme::WEAK));
        ui.put(Rect::from_center_size(place.center() + vec2(0.0, 6.0), vec2(place.width() - 16.0, 20.0)), label);
    } else if ui.available_width() >= 460.0 {
        let width = (ui.available_width() * 0.3).clamp(180.0, 280.0);
        let place = ui.available_rect_before_wrap();
        let (left, right) = place.split_left_right_at_x(place.right() - width - theme::GAP);
        ui.scope_builder(egui::UiBuilder::new().max_rect(left), |ui| {
            action = plots_ui(ui, series, state, time).or(action.take());
        });
        ui.scope_builder(egui::UiBuilder::new().max_rect(right.with_min_x(right.left() + theme::GAP)), |ui| {
            action = legend_ui(ui, series, state, time).or(action.take());
        });
    } else {
        let place = ui.available_rect_before_wrap();
        let legend = (series.len() as f32 * 20.0 + 20.0).min(place.height() * 0.4);
        let (upper, lower) = place.split_top_bottom_at_y(place.top() + legend);
        ui.scope_builder(egui::UiBuilder::new().max_rect(upper), |ui| {
            action = legend_ui(ui, series, state, time).or(action.take());
        });
        ui.scope_builder(egui::UiBuilder::new().max_rect(lower), |ui| {
            action = plots_ui(ui, series, state, time).or(action.take());
        });
    }
    if drop.dnd_hover_payload::<Dragged>().is_some() {
        let border = egui::Stroke::new(2.0, theme::ACCENT);
        ui.painter().rect_stroke(drop.rect.shrink(2.0), 4.0, border, egui::StrokeKind::Inside);
    }
    action
}

fn toolbar_ui(ui: &mut Ui, series: &[Series], state: &mut PlotState, time: PlotTime) -> Option<Action> {
    let mut action = None;
    ui.horizontal(|ui| {
        ui.set_height(theme::ROW);
        ui.spacing_mut().item_spacing.x = theme::STEP;
        ui.spacing_mut().button_padding = vec2(theme::GAP, theme::HALF);
        match state.fixed {
            None if time.live => {
                tag_ui(ui, "LIVE", theme::ACCENT).on_hover_text("The window moves with the newest values.");
            }
            None => {
                tag_ui(ui, "PAST", theme::WARNING).on_hover_text("The window ends at the cursor.");
            }
            Some((from, to)) => {
                let (from, to) = (time.clock.time(from), time.clock.time(to));
                tag_ui(ui, "FIXED", theme::WARNING).on_hover_text("The window stands still while values come in.");
                ui.label(RichText::new(format!("{from} – {to}")).small());
            }
        }
        if (state.fixed.is_some() || !time.live)
            && ui.button("To the newest").on_hover_text("Or double-click a plot.").clicked()
        {
            state.fixed = None;
            action = Some(Action::Live);
        }
        let period = series.iter().map(|it| it.period_secs).reduce(f64::min).unwrap_or(1.0);
        for &(secs, name) in offered(period) {
            let chosen = state.fixed.is_none() && state.last_secs == secs;
            let button = egui::Button::selectable(chosen, name);
            if ui.add(button).on_hover_text(format!("Show the last {name}.")).clicked() {
                state.last_secs = secs;
                state.fixed = None;
            }
        }
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            if !series.is_empty() && ui.button("Clear").on_hover_text("Take all signals out.").clicked() {
                action = Some(Action::ClearPlot);
            }
            if let Some(share) = time.recalled {
                let text = format!("reading the recording: {:.0}\u{a0}%", share * 100.0);
                ui.add(egui::Label::new(RichText::new(text).small().color(theme::WEAK)).truncate())
                    .on_hover_text("Memory has let go of what is this old: it is read again.");
            }
        });
    });
    action
}

/// A word on a tinted ground.
pub(super) fn tag_ui(ui: &mut Ui, word: &str, color: Color32) -> egui::Response {
    let frame = egui::Frame::new()
        .fill(color.gamma_multiply(0.18))
        .corner_radius(3)
        .inner_margin(egui::Margin::symmetric(6, 1));
    frame.show(ui, |ui| ui.label(RichText::new(word).small().strong().color(color))).response
}

fn plots_ui(ui: &mut Ui, series: &[Series], state: &mut PlotState, time: PlotTime) -> Option<Action> {
    let groups = groups(series);
    let fits = (ui.available_height() - AXIS) / groups.len() as f32;
    let height = fits.max(LEAST);
    let scrolls = fits < LEAST;
    let mut action = None;
    let mut hover = None;
    let window = state.window(time.cursor);
    egui::ScrollArea::vertical().auto_shrink(false).id_salt("plots").show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (at, group) in groups.iter().enumerate() {
            let last = at + 1 == groups.len();
            let height = height + if last { AXIS } else { 0.0 };
            let lines: Vec<(usize, &Series)> = group.iter().map(|&it| (it, &series[it])).collect();
            let (response, transform) = one_plot_ui(ui, &lines, window, height, last, time.clock);
            let over = plot_overlay(ui, &lines, &transform, window, state.hover, time);
            let asked = plot_input(ui, &response, &transform, state, time.cursor, scrolls);
            action = asked.or(action.take());
            hover = hover.or(over.filter(|_| response.hovered() || response.dragged()));
            state.columns = transform.frame().width().round().max(16.0) as usize;
        }
    });
    state.hovering = hover.or(state.hovering);
    action
}

/// Draws the lines and axes of one unit.
fn one_plot_ui(
    ui: &mut Ui,
    lines: &[(usize, &Series)],
    (from, to): (Timestamp, Timestamp),
    height: f32,
    time_axis: bool,
    clock: &Clock,
) -> (egui::Response, PlotTransform) {
    let (low, high) = value_range(lines.iter().map(|it| it.1));
    let (unit, is_flag) = (lines[0].1.unit, lines[0].1.is_flag);
    let width = f64::from(ui.available_width().max(100.0)) - 52.0;
    let x_step = time_step(to.secs_since(from).max(1e-3) / width, 90.0);
    let inner = f64::from((height - if time_axis { AXIS } else { 0.0 }).max(20.0));
    let y_step = if is_flag { 1.0 } else { value_step((high - low) / inner, 26.0) };
    let offset = clock.offset_secs(to);
    let decimals = (-y_step.log10().floor()).clamp(0.0, 9.0) as u8;
    let marks = |low: f64, high: f64, step: f64, offset: f64| -> Vec<GridMark> {
        let first = ((low + offset) / step).ceil();
        let count = (((high + offset) / step).floor() - first).clamp(-1.0, 400.0) as i64;
        (0..=count).map(|it| GridMark { value: (first + it as f64) * step - offset, step_size: step }).collect()
    };
    let plot = Plot::new(("plot", unit.symbol(), is_flag))
        .height(height)
        .show_axes([time_axis, true])
        .show_background(false)
        .show_x(false)
        .show_y(false)
        .show_crosshair(false)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .set_margin_fraction(vec2(0.0, 0.0))
        .sense(Sense::click_and_drag())
        .y_axis_min_width(52.0)
        .x_grid_spacer(move |it| marks(it.bounds.0, it.bounds.1, x_step, offset))
        .y_grid_spacer(move |it| marks(it.bounds.0, it.bounds.1, y_step, 0.0))
        .grid_color(theme::LINE)
        .x_axis_formatter(move |mark, _| time_label(clock, mark.value, x_step))
        .y_axis_formatter(move |mark, range| match is_flag {
            // The upper half of such a label would lie outside of the plot.
            _ if range.end() - mark.value < (high - low) / inner * 7.0 => String::new(),
            true if mark.value.abs() < 0.1 => "off".to_owned(),
            true => "on".to_owned(),
            false => format::number(mark.value, Some(decimals)),
        });
    let shown = plot.show(ui, |plot| {
        plot.set_plot_bounds_x(from.as_secs_f64()..=to.as_secs_f64());
        plot.set_plot_bounds_y(low..=high);
        for (index, other) in lines.iter().filter_map(|it| Some((it.0, it.1.other.as_deref()?))) {
            draw_line(plot, other, theme::series(index).gamma_multiply(OTHER), LineStyle::Dashed { length: 4.0 });
        }
        for (index, line) in lines {
            draw_line(plot, line, theme::series(*index), line_style(theme::dash(*index)));
        }
    });
    let names: Vec<&str> = lines.iter().map(|it| it.1.name.as_str()).collect();
    let label = format!("Plot of {}", names.join(", "));
    shown.response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, &label));
    let frame = *shown.transform.frame();
    let symbol = if is_flag { "" } else { unit.symbol() };
    ui.painter().text(
        frame.left_top() + vec2(theme::STEP, theme::HALF),
        Align2::LEFT_TOP,
        symbol,
        theme::small(),
        theme::WEAK,
    );
    (shown.response, shown.transform)
}

/// Draws a line between its gaps, on the band of what came in each column.
fn draw_line(plot: &mut PlotUi, line: &Series, color: Color32, style: LineStyle) {
    for piece in line.pieces() {
        let xs: Vec<f64> = piece.iter().map(|it| it.at.as_secs_f64()).collect();
        if piece.iter().any(|it| it.max > it.min) && !line.is_flag {
            let least: Vec<f64> = piece.iter().map(|it| it.min).collect();
            let most: Vec<f64> = piece.iter().map(|it| it.max).collect();
            plot.add(FilledArea::new("", &xs, &least, &most).fill_color(color.gamma_multiply(0.28)));
        }
        let mut points: Vec<[f64; 2]> = Vec::with_capacity(piece.len());
        for column in piece {
            // A flag holds its value until the next one: steps.
            if let Some(&[_, before]) = points.last().filter(|_| line.is_flag) {
                points.push([column.at.as_secs_f64(), before]);
            }
            points.push([column.at.as_secs_f64(), column.last]);
        }
        plot.line(Line::new("", PlotPoints::new(points)).color(color).width(1.4).style(style));
    }
}

fn time_label(clock: &Clock, secs: f64, step: f64) -> String {
    let at = Timestamp::from_secs_f64(secs + 1e-6);
    match step {
        it if it < 1.0 => clock.time_tenths(at),
        it if it < 60.0 => clock.time(at),
        it if it < 86_400.0 => clock.minutes(at),
        _ => clock.day(at),
    }
}

fn line_style(dash: Dash) -> LineStyle {
    match dash {
        Dash::Solid => LineStyle::Solid,
        Dash::Long => LineStyle::Dashed { length: 10.0 },
        Dash::Short => LineStyle::Dashed { length: 5.0 },
        Dash::Dots => LineStyle::Dotted { spacing: 4.0 },
    }
}

/// Gaps, the cursor and the hairline over one plot; returns the instant under the pointer.
fn plot_overlay(
    ui: &Ui,
    lines: &[(usize, &Series)],
    transform: &PlotTransform,
    (from, to): (Timestamp, Timestamp),
    hover: Option<Timestamp>,
    time: PlotTime,
) -> Option<Timestamp> {
    let frame = *transform.frame();
    let painter = ui.painter().with_clip_rect(frame.intersect(ui.clip_rect()));
    let x_of = |secs: f64| transform.position_from_point_x(secs);
    for (index, line) in lines {
        for (start, end) in line.gaps((from, to)) {
            let band = Rect::from_x_y_ranges(x_of(start)..=x_of(end), frame.y_range());
            icons::hatch(&painter, band, theme::series(*index).gamma_multiply(0.22));
        }
    }
    if time.cursor > from && time.cursor < to {
        painter.vline(x_of(time.cursor.as_secs_f64()), frame.y_range(), egui::Stroke::new(1.5, theme::ACCENT));
    }
    if let Some(hover) = hover {
        let x = x_of(hover.as_secs_f64());
        painter.vline(x, frame.y_range(), egui::Stroke::new(1.0, theme::WEAK));
        for (index, line) in lines {
            if let Some(value) = line.at(hover) {
                let at: Pos2 = transform.position_from_point(&PlotPoint::new(hover.as_secs_f64(), value));
                painter.circle(at, 3.0, theme::series(*index), egui::Stroke::new(1.0, theme::GROUND));
            }
            if let Some(value) = line.other.as_ref().and_then(|it| it.at(hover)) {
                let at: Pos2 = transform.position_from_point(&PlotPoint::new(hover.as_secs_f64(), value));
                painter.circle_stroke(at, 3.0, egui::Stroke::new(1.2, theme::series(*index)));
            }
        }
    }
    let pointer = ui.input(|it| it.pointer.hover_pos()).filter(|it| frame.contains(*it))?;
    Some(Timestamp::from_secs_f64(transform.value_from_position(pointer).x))
}

/// Drag pans, the wheel zooms at the pointer, a click moves the cursor, a double click goes back to live.
fn plot_input(
    ui: &Ui,
    response: &egui::Response,
    transform: &PlotTransform,
    state: &mut PlotState,
    cursor: Timestamp,
    scrolls: bool,
) -> Option<Action> {
    let seconds = |pixels: f32| f64::from(pixels) / transform.dpos_dvalue_x().max(1e-12);
    if response.dragged() && response.drag_delta().x != 0.0 {
        state.pan(cursor, -seconds(response.drag_delta().x));
    }
    let pointer = response.hover_pos()?;
    let at = Timestamp::from_secs_f64(transform.value_from_position(pointer).x);
    let (zoom, scroll) = ui.input(|it| (it.zoom_delta(), it.smooth_scroll_delta()));
    if (zoom - 1.0).abs() > 1e-4 {
        state.zoom(cursor, at, f64::from(zoom));
    } else if scroll.y != 0.0 && !scrolls {
        // Where the plots have to scroll, only Ctrl and the wheel zoom.
        state.zoom(cursor, at, (f64::from(scroll.y) / 200.0).exp());
    }
    if scroll.x != 0.0 {
        state.pan(cursor, -seconds(scroll.x));
    }
    if response.double_clicked() {
        state.fixed = None;
        return Some(Action::Live);
    }
    if response.clicked() {
        // The window stays where it is, so that the instant that was clicked stays under the pointer.
        state.fixed = Some(state.window(cursor));
        return Some(Action::Seek(at));
    }
    None
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::session::Column;
    use crate::signal::SignalId;
    use crate::twin::ReadingState;

    fn series(id: u32, name: &str, unit: &str) -> Series {
        let columns = (0..60).map(|it| Column {
            at: Timestamp::from_secs_f64(f64::from(it)),
            min: 1.0,
            max: 3.0,
            first: 2.0,
            last: 2.0,
            n: 3,
            gap_before: it == 30,
        });
        Series {
            signal: SignalId(id),
            name: name.to_owned(),
            unit: unit.parse().unwrap(),
            is_flag: false,
            decimals: Some(1),
            columns: columns.collect(),
            period_secs: 1.0,
            max_gap_secs: 3.0,
            state: ReadingState::Fresh,
            standing: crate::twin::Standing::Verified,
            now: Some(2.0),
            other: None,
        }
    }

    fn harness(lines: Vec<Series>) -> Harness<'static, (PlotState, Option<Action>)> {
        let clock = Clock::new("UTC");
        Harness::builder().with_size(vec2(900.0, 300.0)).build_ui_state(
            move |ui, (state, asked)| {
                let time =
                    PlotTime { cursor: Timestamp::from_secs_f64(60.0), live: true, clock: &clock, recalled: None };
                *asked = plot_panel_ui(ui, &lines, state, time).or(asked.take());
            },
            (PlotState::default(), None),
        )
    }

    #[test]
    fn an_empty_plot_says_what_to_do() {
        let harness = harness(Vec::new());
        assert!(harness.query_by_label_contains("Click a reading in the inspector").is_some());
    }

    #[test]
    fn a_plot_that_was_dragged_says_that_it_is_fixed_and_goes_back() {
        let mut harness = harness(vec![series(0, "Pump 1 · Speed", "rpm"), series(1, "Tank · Level", "m")]);
        harness.run();
        assert!(harness.query_by_label("LIVE").is_some());
        assert!(harness.query_by_label("Plot of Tank · Level").is_some());
        let place = harness.get_by_label("Plot of Pump 1 · Speed").rect().center();
        harness.drag_at(place);
        harness.hover_at(place + vec2(60.0, 0.0));
        harness.run();
        harness.drop_at(place + vec2(60.0, 0.0));
        harness.run();
        assert!(harness.query_by_label("FIXED").is_some());
        assert!(harness.state().0.fixed.is_some_and(|it| it.1 < Timestamp::from_secs_f64(60.0)));
        harness.get_by_label("To the newest").click();
        harness.run();
        assert!(harness.query_by_label("LIVE").is_some());
    }

    #[test]
    fn the_legend_shows_the_newest_value_and_takes_a_line_out() {
        let mut harness = harness(vec![series(4, "Pump 1 · Speed", "rpm")]);
        harness.run();
        assert!(harness.query_by_label("Pump 1 · Speed 2.0\u{a0}rpm").is_some());
        harness.get_by_label("Take Pump 1 · Speed out of the plot").click();
        harness.run();
        assert_eq!(harness.state().1, Some(Action::TogglePlot(SignalId(4))));
    }
    #[test]
    fn the_legend_shows_both_values_where_a_session_is_compared() {
        let other = Series { name: "in b.mcap".to_owned(), now: Some(1.5), ..series(4, "Pump 1 · Speed", "rpm") };
        let line = Series { other: Some(Box::new(other)), ..series(4, "Pump 1 · Speed", "rpm") };
        let mut harness = harness(vec![line]);
        harness.run();
        assert!(harness.query_by_label("Pump 1 · Speed 2.0\u{a0}rpm").is_some());
        assert!(harness.query_by_label("Pump 1 · Speed in b.mcap 1.5\u{a0}rpm").is_some());
    }
}
