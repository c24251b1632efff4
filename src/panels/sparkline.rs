//! A reading's last minute at a glance.

use egui::{Color32, Painter, Rect, Shape, Stroke, pos2};

use super::icons;
use super::theme;
use crate::session::Column;
use crate::signal::Timestamp;

/// What a sparkline draws: for each column where in the span it stands (0 to 1), its least and its most.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Spark {
    /// In the order of time; pieces are parted by gaps.
    pub pieces: Vec<Vec<(f32, f32, f32)>>,
}

impl Spark {
    /// From columns of the history between two instants.
    pub(super) fn new(columns: &[Column], from: Timestamp, to: Timestamp) -> Self {
        let least = columns.iter().map(|it| it.min).fold(f64::INFINITY, f64::min);
        let most = columns.iter().map(|it| it.max).fold(f64::NEG_INFINITY, f64::max);
        // A value that only trembles in its last digit is a straight line, not a mountain range.
        let floor = (least.abs().max(most.abs()) * 1e-3).max(1e-9);
        let (middle, half) = ((least + most) / 2.0, ((most - least) / 2.0).max(floor));
        let span = to.secs_since(from).max(1e-9);
        let unit = |value: f64| (0.5 + 0.5 * (value - middle) / half) as f32;
        let mut pieces: Vec<Vec<(f32, f32, f32)>> = Vec::new();
        for column in columns {
            let point = ((column.at.secs_since(from) / span) as f32, unit(column.min), unit(column.max));
            match pieces.last_mut() {
                Some(piece) if !column.gap_before => piece.push(point),
                Some(_) | None => pieces.push(vec![point]),
            }
        }
        Self { pieces }
    }
}

/// Draws it; what is missing at its end is hatched.
pub(super) fn paint(painter: &Painter, rect: Rect, spark: &Spark, color: Color32) {
    let inner = rect.shrink2(egui::vec2(0.0, 3.0));
    let place = |x: f32, y: f32| pos2(rect.left() + x * rect.width(), inner.bottom() - y * inner.height());
    let mut end = None;
    for piece in &spark.pieces {
        if let (Some(from), Some(first)) = (end, piece.first()) {
            icons::hatch(painter, Rect::from_x_y_ranges(from..=place(first.0, 0.0).x, rect.y_range()), theme::LINE);
        }
        end = piece.last().map(|it| place(it.0, 0.0).x);
        let line: Vec<_> = piece.iter().map(|&(x, low, high)| place(x, (low + high) / 2.0)).collect();
        for (&(x, low, high), _) in piece.iter().zip(&line).filter(|((_, low, high), _)| high - low > 0.1) {
            painter.line_segment([place(x, low), place(x, high)], Stroke::new(1.0, color.gamma_multiply(0.45)));
        }
        match line[..] {
            [only] => {
                painter.circle_filled(only, 1.2, color);
            }
            _ => {
                painter.add(Shape::line(line, Stroke::new(1.2, color)));
            }
        }
    }
    let end = end.unwrap_or(rect.left());
    // A few pixels are only the time between two samples.
    if rect.right() - end > 6.0 {
        icons::hatch(painter, Rect::from_x_y_ranges(end..=rect.right(), rect.y_range()), theme::LINE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(secs: f64, min: f64, max: f64, gap_before: bool) -> Column {
        Column { at: Timestamp::from_secs_f64(secs), min, max, first: min, last: max, n: 2, gap_before }
    }

    #[test]
    fn a_gap_parts_the_line_and_the_extremes_fill_the_height() {
        let columns = [column(10.0, 1.0, 2.0, false), column(15.0, 2.0, 3.0, false), column(20.0, 1.0, 1.0, true)];
        let spark = Spark::new(&columns, Timestamp::from_secs_f64(10.0), Timestamp::from_secs_f64(20.0));
        assert_eq!(spark.pieces, [vec![(0.0, 0.0, 0.5), (0.5, 0.5, 1.0)], vec![(1.0, 0.0, 0.0)]]);
    }

    #[test]
    fn a_value_that_stands_still_is_a_line_in_the_middle() {
        let columns = [column(0.0, 5.0, 5.0, false), column(1.0, 5.0, 5.0, false)];
        let spark = Spark::new(&columns, Timestamp::from_secs_f64(0.0), Timestamp::from_secs_f64(1.0));
        assert_eq!(spark.pieces, [vec![(0.0, 0.5, 0.5), (1.0, 0.5, 0.5)]]);
    }
}
