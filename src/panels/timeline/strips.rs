//! How much came when: one strip a group, symmetrical about its middle, as high as the busiest place in sight.

use egui::{Align2, Color32, Mesh, Rect, Sense, Shape, Ui, pos2};

use super::super::actions::Action;
use super::super::tree::painted_text;
use super::super::{format, theme};
use super::scale::Scale;
use super::{Strip, TimelineRows};

/// The height of a strip.
pub(super) const STRIP: f32 = 16.0;
/// Pixels about the pointer whose samples are counted.
const ABOUT: f32 = 3.0;

/// Draws one strip; returns the response of its axis.
pub(super) fn strip_ui(
    ui: &mut Ui,
    (name, axis): (Rect, Rect),
    strip: &Strip,
    rows: &TimelineRows,
    scale: &Scale,
    asked: &mut Vec<Action>,
) -> egui::Response {
    let selected = rows.selected == Some(strip.twin);
    let label = ui.interact(name, ui.id().with(("name", strip.twin.0)), Sense::click());
    label.widget_info(|| egui::WidgetInfo::selected(egui::WidgetType::SelectableLabel, true, selected, &strip.name));
    let response = ui.interact(axis, ui.id().with(("strip", strip.twin.0)), Sense::click_and_drag());
    response
        .widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Other, true, format!("Density of {}", strip.name)));
    if selected {
        let row = name.union(axis);
        ui.painter().rect_filled(row, 0.0, theme::SELECTED.gamma_multiply(0.6));
    } else if label.hovered() {
        ui.painter().rect_filled(name, 3.0, theme::HOVERED);
    }
    let color = if selected { theme::STRONG } else { theme::TEXT };
    painted_text(ui, name.shrink2(egui::vec2(theme::STEP, 0.0)), &strip.name, color, Align2::LEFT_CENTER);
    let middle = axis.center().y;
    ui.painter().hline(axis.x_range(), middle, egui::Stroke::new(1.0, theme::LINE));
    let color = if selected { theme::ACCENT } else { theme::NORMAL };
    ui.painter().add(Shape::mesh(density(&heights(&strip.counts), axis.shrink2(egui::vec2(0.0, 2.0)), color)));
    if label.on_hover_text(&strip.name).clicked() {
        asked.push(Action::Select(strip.twin));
    }
    let Some(pointer) = response.hover_pos() else { return response };
    let x = pointer.x - axis.left();
    let count = count_about(&strip.counts, x / axis.width());
    let (from, to) = (scale.at(x - ABOUT), scale.at(x + ABOUT));
    let samples = match count.round() as u64 {
        0 if count > 0.0 => "less than a sample".to_owned(),
        0 => "nothing".to_owned(),
        1 => "1 sample".to_owned(),
        n => format!("{} samples", format::count(n)),
    };
    let (from, to) = (rows.clock.time_tenths(from), rows.clock.time_tenths(to));
    response.on_hover_text_at_pointer(format!("{}\n{samples}, {from} – {to}", strip.name))
}

/// Samples within a few pixels of a place, which is a share of the width.
fn count_about(counts: &[f32], share: f32) -> f32 {
    let at = share * counts.len() as f32;
    let (from, to) = ((at - ABOUT).max(0.0) as usize, ((at + ABOUT).max(0.0) as usize).min(counts.len()));
    counts.get(from..to).unwrap_or(&[]).iter().sum()
}

/// Heights from 0 to 1: blurred by two pixels, and as high as the busiest places; a burst above them is cut. What is
/// not nothing shows.
fn heights(counts: &[f32]) -> Vec<f32> {
    const WEIGHTS: [f32; 5] = [1.0, 4.0, 6.0, 4.0, 1.0];
    let at = |it: isize| usize::try_from(it).ok().and_then(|it| counts.get(it)).copied().unwrap_or(0.0);
    let blurred: Vec<f32> = (0..counts.len() as isize)
        .map(|it| WEIGHTS.iter().zip(-2..).map(|(weight, by)| weight * at(it + by)).sum::<f32>() / 16.0)
        .collect();
    let mut some: Vec<f32> = blurred.iter().copied().filter(|it| *it > 0.0).collect();
    some.sort_by(f32::total_cmp);
    // What comes all at once after a connection would make the rest look like nothing.
    let Some(busy) = some.get((some.len() * 19 / 20).min(some.len().saturating_sub(1))) else {
        return blurred;
    };
    let height = |it: f32| if it > 0.0 { (it / (busy * 1.4)).clamp(0.14, 1.0) } else { 0.0 };
    blurred.iter().copied().map(height).collect()
}

fn density(heights: &[f32], place: Rect, color: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    let step = place.width() / heights.len().max(1) as f32;
    let half = place.height() / 2.0;
    for (at, height) in heights.iter().enumerate() {
        let x = place.left() + (at as f32 + 0.5) * step;
        // A busy place is not only high but full.
        let color = color.gamma_multiply(0.45 + 0.55 * height);
        for sign in [-1.0, 1.0] {
            mesh.colored_vertex(pos2(x, place.center().y + sign * half * height), color);
        }
        let last = mesh.vertices.len() as u32;
        if at > 0 && (*height > 0.0 || heights[at - 1] > 0.0) {
            mesh.add_triangle(last - 4, last - 3, last - 2);
            mesh.add_triangle(last - 3, last - 2, last - 1);
        }
    }
    mesh
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_sample_shows_and_the_busiest_place_is_full() {
        let mut counts = vec![0.0; 100];
        counts[10] = 1.0;
        for busy in &mut counts[50..60] {
            *busy = 1_000.0;
        }
        let heights = heights(&counts);
        assert!(heights[55] > 0.7 && heights[10] >= 0.14);
        assert!(heights[8] > 0.0 && heights[12] > 0.0, "blurred by two pixels");
        assert!(heights[7] == 0.0 && heights[30] == 0.0);
        assert!(heights.iter().all(|it| (0.0..=1.0).contains(it)));
        assert_eq!(super::heights(&[0.0; 4]), [0.0; 4]);
    }

    #[test]
    fn the_samples_about_the_pointer_are_counted() {
        let mut counts = vec![0.0; 100];
        (counts[48], counts[52], counts[80]) = (2.0, 3.0, 7.0);
        assert_eq!(count_about(&counts, 0.5), 5.0);
        assert_eq!(count_about(&counts, 0.0), 0.0);
        assert_eq!(count_about(&counts, 1.2), 0.0);
        assert_eq!(count_about(&[], 0.5), 0.0);
    }
}
