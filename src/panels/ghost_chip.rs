//! The chip over the 3D view that says which other instant its ghost is of.

use egui::{Align2, Id, Order, RichText, vec2};

use super::facts::Facts;
use super::{icons, theme};
use crate::session::GhostOf;

/// What the chip says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GhostChip {
    /// Which ghost.
    pub text: String,
    /// More of it, for the pointer.
    pub hint: String,
}

impl Facts<'_, '_> {
    /// What the 3D view shows a ghost of. `None`: of nothing.
    pub(super) fn ghost_chip(&self) -> Option<GhostChip> {
        let Some(ghost) = &self.ghost.0 else { return self.compared_chip() };
        match ghost.of {
            GhostOf::Hovered => Some(self.hovered_chip(ghost.at)),
            GhostOf::Compared => self.compared_chip(),
        }
    }
}

/// Draws it at the top of the 3D view.
pub(super) fn ghost_chip_ui(ctx: &egui::Context, view: egui::Rect, chip: &GhostChip) {
    let area = egui::Area::new(Id::new("ghost_chip"))
        .order(Order::Middle)
        .pivot(Align2::CENTER_TOP)
        .fixed_pos(view.center_top() + vec2(0.0, theme::GAP))
        .constrain_to(view);
    area.show(ctx, |ui| {
        let frame = egui::Frame::new()
            .fill(theme::PANEL.gamma_multiply(0.8))
            .corner_radius(4)
            .inner_margin(egui::Margin::symmetric(8, 3));
        let shown = frame.show(ui, |ui| {
            ui.spacing_mut().item_spacing.x = theme::STEP;
            ui.horizontal(|ui| {
                icons::show(ui, "Ghost", |painter, at| icons::hollow_diamond(painter, at, theme::GHOST));
                ui.add(egui::Label::new(RichText::new(&chip.text).color(theme::GHOST)).extend());
            });
        });
        let edge = shown.response.rect.shrink(0.5);
        icons::dashed_rect(ui.painter(), edge, theme::GHOST.gamma_multiply(0.7));
        shown.response.on_hover_text(&chip.hint);
    });
}

/// How far before (−) or after (+) something is, in whole seconds from ten on: `−2 min 5 s`, `+3.2 s`.
pub(super) fn signed_span(secs: f64) -> String {
    let sign = if secs < 0.0 { '\u{2212}' } else { '+' };
    let size = secs.abs();
    if size < 9.95 {
        return format!("{sign}{size:.1}\u{a0}s");
    }
    let whole = size.round() as u64;
    let (days, hours, minutes, rest) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60, whole % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")];
    // What is days away needs no seconds.
    let parts = parts.into_iter().skip_while(|it| it.0 == 0).take(if days > 0 { 2 } else { 3 }).filter(|it| it.0 > 0);
    let words: Vec<String> = parts.map(|(count, unit)| format!("{count}\u{a0}{unit}")).collect();
    format!("{sign}{}", words.join("\u{a0}"))
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;

    #[test]
    fn the_chip_stands_at_the_top_of_the_view_and_can_be_found() {
        let chip = GhostChip { text: "Ghost: 14:03:27".to_owned(), hint: "The instant under the pointer".to_owned() };
        let view = egui::Rect::from_min_size(egui::pos2(200.0, 50.0), vec2(400.0, 300.0));
        let mut harness = Harness::new_ui(move |ui| ghost_chip_ui(ui.ctx(), view, &chip));
        harness.run_steps(3);
        let place = harness.get_by_label("Ghost: 14:03:27").rect();
        assert!(view.contains_rect(place) && (place.center().x - view.center().x).abs() < 20.0, "{place}");
        harness.hover_at(place.center());
        harness.run_steps(60);
        assert!(harness.query_by_label_contains("The instant under the pointer").is_some());
    }

    #[test]
    fn it_is_told_how_far_away_the_ghost_is() {
        let check = |secs, want: &str| assert_eq!(signed_span(secs).replace('\u{a0}', " "), want, "{secs} s");
        check(-125.0, "\u{2212}2 min 5 s");
        check(3.24, "+3.2 s");
        check(-59.7, "\u{2212}1 min");
        check(3_600.0, "+1 h");
        check(7_325.0, "+2 h 2 min 5 s");
        check(-90_061.0, "\u{2212}1 d 1 h");
    }
}
