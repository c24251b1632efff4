//! That something must not be relied on: one mark wherever it stands, the way to what spoils it, and a click that leads there.
//!
//! What is tainted is found by [`guard`](crate::guard); `trust_facts` puts it into these rows.

use egui::{Align2, Color32, Painter, Pos2, Rect, RichText, Sense, Shape, Stroke, Ui, Vec2, pos2, vec2};

use super::actions::Action;
use super::section::notice_with;
use super::tree::painted_text;
use super::{icons, theme};
use crate::signal::SignalId;
use crate::site::TwinId;

/// What the mark says to whoever cannot see it.
pub(super) const TAINTED: &str = "relies on what is not to be believed";
/// The room that the mark takes in a row.
pub(super) const MARK: f32 = 18.0;

/// Why something must not be relied on.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TaintRows {
    /// In a sentence.
    pub says: String,
    /// The way to what spoils it, nearest first.
    pub hops: Vec<HopRow>,
    /// What spoils it.
    pub culprit: SignalId,
}

/// One step of the way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HopRow {
    /// What is relied on: `Pump 1 · Speed`.
    pub name: String,
    /// How it stands to the one before: `measured on it`.
    pub tie: &'static str,
    /// The twin to select. `None`: it is gone.
    pub twin: Option<TwinId>,
}

impl TaintRows {
    /// The way in a line: `Tank (flows into it) ← Tank · Level (measured on it)`.
    pub(super) fn way(&self) -> String {
        let hops = self.hops.iter().map(|it| format!("{} ({})", it.name, it.tie));
        hops.collect::<Vec<_>>().join(" ← ")
    }

    /// For whoever cannot see the mark of something.
    pub(super) fn label(&self, of: &str) -> String {
        format!("{of} {TAINTED}: {}", self.way())
    }
}

/// A drop: something has seeped in.
pub(super) fn drop_icon(painter: &Painter, at: Pos2, color: Color32) {
    // From the foot up to where a line to the tip touches the round part.
    let side = |way: f32, step: i32| {
        let along = step as f32 / 8.0 * std::f32::consts::PI * 0.676;
        at + vec2(way * along.sin() * 4.2, 1.6 + along.cos() * 4.2)
    };
    let right = (0..=8).map(|it| side(1.0, it));
    let left = (1..=8).rev().map(|it| side(-1.0, it));
    let round: Vec<Pos2> = right.chain([at + vec2(0.0, -6.4)]).chain(left).collect();
    painter.add(Shape::convex_polygon(round, color, Stroke::NONE));
    let line = Stroke::new(1.4, theme::GROUND);
    painter.line_segment([at + vec2(0.0, -2.0), at + vec2(0.0, 2.0)], line);
    painter.circle_filled(at + vec2(0.0, 4.0), 0.9, theme::GROUND);
}

/// The mark of something, over what its row does with a click. Returns where a click on it leads.
pub(super) fn mark_ui(ui: &Ui, id: egui::Id, at: Pos2, of: &str, taint: &TaintRows) -> Option<Action> {
    let sign = ui.interact(Rect::from_center_size(at, Vec2::splat(16.0)), id, Sense::click());
    sign.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, taint.label(of)));
    if sign.hovered() || sign.has_focus() {
        ui.painter().rect_filled(sign.rect, 3.0, theme::WIDGET_HOVER);
    }
    drop_icon(ui.painter(), at, theme::WARNING);
    let clicked = sign.clicked();
    sign.on_hover_ui(|ui| {
        ui.set_max_width(360.0);
        ui.label(RichText::new(&taint.says).color(theme::STRONG));
        for (number, hop) in (1..).zip(&taint.hops) {
            ui.label(RichText::new(format!("{number}  {}: {}", hop.name, hop.tie)).small().color(theme::TEXT));
        }
        ui.label(RichText::new("Click to go to what spoils it.").small().color(theme::WEAK));
    });
    clicked.then_some(Action::Culprit(taint.culprit))
}

/// The mark in a row that egui lays out.
pub(super) fn mark_in_row_ui(ui: &mut Ui, of: &str, taint: &TaintRows) -> Option<Action> {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(theme::ICON), Sense::hover());
    mark_ui(ui, response.id.with("taint"), rect.center(), of, taint)
}

/// Why, and each step of the way, to be clicked; returns what was asked for.
pub(super) fn taint_ui(ui: &mut Ui, taint: &TaintRows) -> Option<Action> {
    ui.add_space(theme::STEP);
    notice_with(ui, &taint.says, |ui| {
        icons::show(ui, TAINTED, |painter, at| drop_icon(painter, at, theme::WARNING));
    });
    let mut action = None;
    for (number, hop) in (1..).zip(&taint.hops) {
        action = hop_ui(ui, number, hop).or(action);
    }
    action
}

fn hop_ui(ui: &mut Ui, number: usize, hop: &HopRow) -> Option<Action> {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW), Sense::click());
    let can = hop.twin.is_some();
    response.widget_info(|| {
        let label = format!("Step {number}: {}, {}", hop.name, hop.tie);
        egui::WidgetInfo::labeled(egui::WidgetType::Button, can, label)
    });
    let painter = ui.painter();
    if can && (response.hovered() || response.has_focus()) {
        painter.rect_filled(rect.expand2(vec2(theme::STEP, 0.0)), 3.0, theme::HOVERED);
    }
    let at = pos2(rect.left() + 7.0, rect.center().y);
    painter.text(at, Align2::CENTER_CENTER, number.to_string(), theme::small(), theme::WEAK);
    let middle = rect.left() + 20.0 + (rect.width() - 20.0) * 0.58;
    let left = Rect::from_min_max(pos2(rect.left() + 20.0, rect.top()), pos2(middle - theme::STEP, rect.bottom()));
    painted_text(ui, left, &hop.name, theme::TEXT, Align2::LEFT_CENTER);
    painted_text(ui, rect.with_min_x(middle), hop.tie, theme::WEAK, Align2::RIGHT_CENTER);
    let clicked = response.clicked();
    response.on_hover_text(format!("{}: {}. Click to select it.", hop.name, hop.tie));
    hop.twin.filter(|_| clicked).map(Action::Select)
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;

    fn taint() -> TaintRows {
        TaintRows {
            says: "Do not rely on it: it depends on Tank · Level, which is rejected.".to_owned(),
            hops: vec![
                HopRow { name: "Tank".to_owned(), tie: "flows into it", twin: Some(TwinId(2)) },
                HopRow { name: "Tank · Level".to_owned(), tie: "measured on it", twin: Some(TwinId(2)) },
            ],
            culprit: SignalId(7),
        }
    }

    #[test]
    fn the_mark_says_the_whole_way_and_leads_to_what_spoils_it() {
        let draw = |ui: &mut Ui, asked: &mut Option<Action>| {
            *asked = mark_in_row_ui(ui, "Town", &taint()).or(asked.take());
        };
        let mut harness = Harness::builder().with_size(vec2(400.0, 200.0)).build_ui_state(draw, None);
        let label = "Town relies on what is not to be believed: Tank (flows into it) ← Tank · Level (measured on it)";
        harness.get_by_label(label).hover();
        harness.run_steps(60);
        assert!(harness.query_by_label_contains("it depends on Tank · Level, which is rejected").is_some());
        harness.get_by_label(label).click();
        harness.run_steps(2);
        assert_eq!(*harness.state(), Some(Action::Culprit(SignalId(7))));
    }
}
