//! The legend of the plots: what is drawn how, and what it is at the hairline.

use egui::{Align2, Pos2, Rect, RichText, Sense, Ui, pos2, vec2};

use super::actions::Action;
use super::plot::{PlotState, Series};
use super::plot_panel::{OTHER, PlotTime};
use super::theme::{self, Dash};
use super::tree::painted_text;
use super::{icons, standing};
use crate::twin::{ReadingState, Standing};

/// Names, dashes and values: at the hairline where there is one, else the newest.
pub(super) fn legend_ui(ui: &mut Ui, series: &[Series], state: &PlotState, time: PlotTime) -> Option<Action> {
    let mut action = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    let title = match state.hover {
        Some(at) => format!("at {}", time.clock.time_millis(at)),
        None if time.live => "newest".to_owned(),
        None => format!("at {}", time.clock.time_millis(time.cursor)),
    };
    ui.label(RichText::new(title).small().color(theme::WEAK));
    egui::ScrollArea::vertical().auto_shrink(false).id_salt("legend").show(ui, |ui| {
        for (index, line) in series.iter().enumerate() {
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
            let remove = Rect::from_center_size(pos2(rect.right() - 8.0, rect.center().y), vec2(16.0, 16.0));
            let button = ui.interact(remove, response.id.with("remove"), Sense::click());
            let label = format!("Take {} out of the plot", line.name);
            button.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, &label));
            if response.contains_pointer() {
                ui.painter().rect_filled(rect, 3.0, theme::HOVERED);
            }
            let color = if button.hovered() { theme::STRONG } else { theme::WEAK };
            icons::cross(
                ui.painter(),
                remove.center(),
                color.gamma_multiply(if response.contains_pointer() { 1.0 } else { 0.5 }),
            );
            dash_sample(ui, pos2(rect.left() + 2.0, rect.center().y), index);
            let value = match state.hover {
                Some(at) => line.at(at),
                None => line.now,
            };
            let text = value.map_or_else(|| "–".to_owned(), |it| line.text(it));
            let current = state.hover.is_some() || line.state == ReadingState::Fresh;
            let color = if current { theme::STRONG } else { theme::reading(line.state) };
            let right = remove.left() - theme::STEP;
            let value_rect = Rect::from_min_max(pos2(right - 88.0, rect.top()), pos2(right, rect.bottom()));
            painted_text(ui, value_rect, &text, color, Align2::RIGHT_CENTER);
            let name = Rect::from_min_max(
                pos2(rect.left() + 30.0, rect.top()),
                pos2(value_rect.left() - theme::STEP, rect.bottom()),
            );
            let doubtful = line.standing == Standing::Gap || line.standing.taints();
            let name = if doubtful {
                let at = pos2(name.left() + 6.0, name.center().y);
                action = standing_ui(ui, response.id, at, line).or(action.take());
                name.with_min_x(name.left() + 17.0)
            } else {
                name
            };
            painted_text(ui, name, &line.name, theme::TEXT, Align2::LEFT_CENTER);
            response.widget_info(|| {
                let told = if doubtful { format!(", {}", line.standing.label()) } else { String::new() };
                egui::WidgetInfo::labeled(egui::WidgetType::Label, true, format!("{} {text}{told}", line.name))
            });
            let says = if doubtful { format!("{}\n{}", line.name, line.standing.says()) } else { line.name.clone() };
            response.on_hover_text(says);
            if button.on_hover_text("Take it out of the plot").clicked() {
                action = Some(Action::TogglePlot(line.signal));
            }
            if let Some(other) = &line.other {
                other_ui(ui, &line.name, other, index, state);
            }
        }
    });
    action
}

/// How far a signal may be believed; a click goes to where it comes from.
fn standing_ui(ui: &Ui, row: egui::Id, at: Pos2, line: &Series) -> Option<Action> {
    let sign = ui.interact(Rect::from_center_size(at, vec2(16.0, 16.0)), row.with("standing"), Sense::click());
    sign.widget_info(|| {
        let label = format!("Where {} comes from: {}", line.name, line.standing.label());
        egui::WidgetInfo::labeled(egui::WidgetType::Button, true, label)
    });
    if sign.hovered() || sign.has_focus() {
        ui.painter().rect_filled(sign.rect, 3.0, theme::WIDGET_HOVER);
    }
    standing::icon(ui.painter(), at, line.standing);
    let clicked = sign.clicked();
    sign.on_hover_text(format!("{}\n{}\nClick to go there.", line.name, line.standing.says()));
    clicked.then_some(Action::Culprit(line.signal))
}

/// The same signal in the session that is compared, below its own row.
fn other_ui(ui: &mut Ui, name: &str, other: &Series, index: usize, state: &PlotState) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    let value = match state.hover {
        Some(at) => other.at(at),
        None => other.now,
    };
    let text = value.map_or_else(|| "–".to_owned(), |it| other.text(it));
    let at = pos2(rect.left() + 2.0, rect.center().y);
    let stroke = egui::Stroke::new(2.0, theme::series(index).gamma_multiply(OTHER));
    ui.painter().extend(egui::Shape::dashed_line(&[at, at + vec2(22.0, 0.0)], stroke, 3.0, 3.0));
    // In line with the row above, which has a button at its end.
    let right = rect.right() - 16.0 - theme::STEP;
    let value_rect = Rect::from_min_max(pos2(right - 88.0, rect.top()), pos2(right, rect.bottom()));
    painted_text(ui, value_rect, &text, theme::GHOST, Align2::RIGHT_CENTER);
    let left = rect.left() + 30.0;
    let place = Rect::from_min_max(pos2(left, rect.top()), pos2(value_rect.left() - theme::STEP, rect.bottom()));
    painted_text(ui, place, &other.name, theme::WEAK, Align2::LEFT_CENTER);
    let label = format!("{name} {} {text}", other.name);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Label, true, &label));
    response.on_hover_text(label);
}

fn dash_sample(ui: &Ui, at: Pos2, index: usize) {
    let ends = [at, at + vec2(22.0, 0.0)];
    let stroke = egui::Stroke::new(2.0, theme::series(index));
    match theme::dash(index) {
        Dash::Solid => {
            ui.painter().line_segment(ends, stroke);
        }
        Dash::Long => {
            ui.painter().extend(egui::Shape::dashed_line(&ends, stroke, 8.0, 6.0));
        }
        Dash::Short => {
            ui.painter().extend(egui::Shape::dashed_line(&ends, stroke, 4.0, 3.0));
        }
        Dash::Dots => {
            ui.painter().extend(egui::Shape::dotted_line(&ends, stroke.color, 4.0, 1.2));
        }
    }
}
