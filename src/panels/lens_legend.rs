//! The legend of the lens, at the edge of the 3D view: each colour with its pattern, what it means, and how many twins have it.

use egui::{Align2, Id, Order, Rect, RichText, Sense, Ui, pos2, vec2};

use super::actions::Action;
use super::facts::Facts;
use super::tree::painted_text;
use super::{icons, standing, theme};
use crate::view::{LensKind, SetLens, Shade};

/// The width of an entry.
const WIDTH: f32 = 204.0;
/// The height of an entry.
const ENTRY: f32 = 22.0;

/// What the legend tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LegendRows {
    /// Which lens.
    pub title: String,
    /// The key that closes it. Empty: it has none.
    pub key: &'static str,
    /// The shades that are to be seen, the worst first, each with how many twins have it.
    pub entries: Vec<(Shade, usize)>,
    /// Only what has this shade keeps its colour. `None`: all do.
    pub isolated: Option<Shade>,
    /// How many twins are grey, for nothing speaks for them.
    pub n_grey: usize,
}

impl Facts<'_, '_> {
    /// What the legend tells. `None`: there is no lens.
    pub(super) fn legend_rows(&self) -> Option<LegendRows> {
        let (lens, shades) = (self.lens.as_ref()?, self.shades.as_ref()?);
        let kind = lens.kind?;
        let of = |shade: Option<Shade>| {
            let twins = self.site.twins.iter();
            twins.filter(|it| shades.0.get(it.id.index()).copied().flatten() == shade).count()
        };
        let entries = Shade::all(kind).map(|it| (it, of(Some(it))));
        let entries = entries.filter(|it| it.1 > 0 || lens.isolated == Some(it.0)).collect();
        let (title, key) = match kind {
            LensKind::Trust => ("Trust".to_owned(), "T"),
            LensKind::Outlook => {
                (self.ahead.date().map_or_else(|| "Outlook".to_owned(), |it| format!("Outlook {it}")), "")
            }
        };
        Some(LegendRows { title, key, entries, isolated: lens.isolated, n_grey: of(None) })
    }
}

/// Draws it at the lower left of the 3D view; returns what was asked for.
pub(super) fn lens_legend_ui(ctx: &egui::Context, view: Rect, rows: &LegendRows) -> Option<Action> {
    let area = egui::Area::new(Id::new("lens_legend"))
        .order(Order::Middle)
        .pivot(Align2::LEFT_BOTTOM)
        .fixed_pos(view.left_bottom() + vec2(theme::GAP + theme::STEP, -theme::GAP - theme::STEP))
        .constrain_to(view);
    let shown = area.show(ctx, |ui| {
        let frame = egui::Frame::new()
            .fill(theme::PANEL.gamma_multiply(0.88))
            .stroke(egui::Stroke::new(1.0, theme::LINE))
            .corner_radius(5)
            .inner_margin(egui::Margin::symmetric(8, 6));
        frame.show(ui, |ui| inside_ui(ui, rows)).inner
    });
    shown.inner
}

fn inside_ui(ui: &mut Ui, rows: &LegendRows) -> Option<Action> {
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.set_width(WIDTH);
    let mut action = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        ui.label(RichText::new(&rows.title).strong().color(theme::STRONG));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if icons::button(ui, "Close the lens", icons::cross).clicked() {
                action = Some(Action::Lens(SetLens::Off));
            }
            if !rows.key.is_empty() {
                let key = ui.label(RichText::new(rows.key).small().color(theme::WEAK));
                key.on_hover_text(format!("The key {} lays this lens over the scene, and takes it away.", rows.key));
            }
        });
    });
    for (shade, count) in &rows.entries {
        action = entry_ui(ui, *shade, *count, rows.isolated).or(action.take());
    }
    if rows.n_grey > 0 {
        let (rect, response) = ui.allocate_exact_size(vec2(WIDTH, ENTRY), Sense::hover());
        let text = format!("no device: {}", rows.n_grey);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Label, true, &text));
        let patch = Rect::from_center_size(pos2(rect.left() + 14.0, rect.center().y), vec2(26.0, 13.0));
        ui.painter().rect_filled(patch, 2.0, theme::WIDGET_HOVER);
        line_ui(ui, rect, "no device", rows.n_grey, theme::WEAK);
        response.on_hover_text("No device speaks for these: buildings, rooms, and parts of which nothing is told.");
    }
    action
}

fn entry_ui(ui: &mut Ui, shade: Shade, count: usize, isolated: Option<Shade>) -> Option<Action> {
    let (rect, response) = ui.allocate_exact_size(vec2(WIDTH, ENTRY), Sense::click());
    let look = shade.look();
    let twins = if count == 1 { "1 twin".to_owned() } else { format!("{count} twins") };
    let chosen = isolated == Some(shade);
    response.widget_info(|| {
        let label = format!("{}: {twins}", look.name);
        egui::WidgetInfo::selected(egui::WidgetType::SelectableLabel, true, chosen, label)
    });
    let painter = ui.painter();
    if chosen {
        painter.rect_filled(rect.expand2(vec2(theme::STEP, 0.0)), 3.0, theme::SELECTED);
    } else if response.hovered() || response.has_focus() {
        painter.rect_filled(rect.expand2(vec2(theme::STEP, 0.0)), 3.0, theme::HOVERED);
    }
    let patch = Rect::from_center_size(pos2(rect.left() + 14.0, rect.center().y), vec2(26.0, 13.0));
    standing::swatch(painter, patch, &look);
    let faded = isolated.is_some() && !chosen;
    line_ui(ui, rect, look.name, count, if faded { theme::WEAK } else { theme::TEXT });
    let does = if chosen { "Click to give all their colours back." } else { "Click to fade all others." };
    let response = response.on_hover_text(format!("{twins}. {}\n{does}", shade.says()).trim().to_owned());
    response.clicked().then_some(Action::Lens(SetLens::Isolate(shade)))
}

fn line_ui(ui: &Ui, rect: Rect, name: &str, count: usize, color: egui::Color32) {
    let number = rect.with_min_x(rect.right() - 32.0);
    painted_text(ui, rect.with_min_x(rect.left() + 35.0).with_max_x(number.left()), name, color, Align2::LEFT_CENTER);
    painted_text(ui, number, &count.to_string(), color, Align2::RIGHT_CENTER);
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::twin::Standing;

    fn harness(rows: LegendRows) -> Harness<'static, Vec<Action>> {
        let view = Rect::from_min_size(pos2(100.0, 50.0), vec2(600.0, 400.0));
        let mut harness = Harness::builder().with_size(vec2(800.0, 600.0)).build_ui_state(
            move |ui, asked: &mut Vec<Action>| asked.extend(lens_legend_ui(ui.ctx(), view, &rows)),
            Vec::new(),
        );
        harness.run_steps(3);
        harness
    }

    #[test]
    fn an_entry_tells_its_count_and_isolates_what_it_counts() {
        let rejected = Shade::of(Standing::Rejected);
        let rows = LegendRows {
            title: "Trust".to_owned(),
            key: "T",
            entries: vec![(rejected, 1), (Shade::of(Standing::Verified), 12)],
            isolated: None,
            n_grey: 4,
        };
        let mut harness = harness(rows);
        assert!(harness.query_by_label("verified: 12 twins").is_some());
        assert!(harness.query_by_label("no device: 4").is_some());
        let place = harness.get_by_label("rejected: 1 twin").rect();
        assert!(place.left() > 100.0 && place.bottom() < 450.0, "{place}");
        harness.get_by_label("rejected: 1 twin").click();
        harness.run();
        assert_eq!(harness.state(), &[Action::Lens(SetLens::Isolate(rejected))]);
        harness.get_by_label("Close the lens").click();
        harness.run();
        assert_eq!(harness.state().last(), Some(&Action::Lens(SetLens::Off)));
    }
}
