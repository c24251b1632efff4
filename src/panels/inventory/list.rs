//! The table: a row for each device, only those in sight drawn, sorted by a click on a column's word.

use egui::{Align2, Rect, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};
use jiff::civil::Date;

use super::super::actions::Action;
use super::super::tree::painted_text;
use super::super::{icons, theme};
use super::details::{tooltip_ui, until_word};
use super::marks::{self, advisories_word, crypto_color, crypto_word, support_color, urgency_color};
use super::order::{Column, order};
use super::{InventoryRows, InventoryState};
use crate::guard::inventory::{Part, PartFinding, Support, findings};

/// A column's least width, its share of what is left over, and its rank: the highest goes first where there is no room.
struct Width {
    column: Column,
    least: f32,
    share: f32,
    rank: u8,
}

const fn width(column: Column, least: f32, share: f32, rank: u8) -> Width {
    Width { column, least, share, rank }
}

const WIDTHS: [Width; 9] = [
    width(Column::Twin, 116.0, 0.2, 0),
    width(Column::Maker, 116.0, 0.1, 4),
    width(Column::Model, 68.0, 0.05, 1),
    width(Column::Firmware, 56.0, 0.0, 5),
    width(Column::Until, 80.0, 0.0, 3),
    width(Column::Support, 108.0, 0.0, 0),
    width(Column::Crypto, 100.0, 0.0, 0),
    width(Column::Advisories, 100.0, 0.0, 0),
    width(Column::Findings, 190.0, 0.65, 2),
];

/// Draws the table; returns what was asked for.
pub(super) fn list_ui(ui: &mut Ui, rows: &InventoryRows, state: &mut InventoryState, date: Date) -> Option<Action> {
    let places = Places::new(ui.available_width());
    head_ui(ui, &places, state);
    let order = order(rows.parts, state.sorted_by, state.reversed, date);
    let ahead = state.months > 0;
    let to_row = order.iter().position(|it| Some(rows.parts[*it].twin) == rows.selected);
    let to_row = to_row.filter(|_| state.seen != rows.selected);
    state.seen = rows.selected;
    let mut action = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    let area = egui::ScrollArea::vertical().auto_shrink(false).id_salt("inventory");
    area.show_viewport(ui, |ui, viewport| {
        let (width, top, left) = (ui.available_width(), ui.min_rect().top(), ui.min_rect().left());
        ui.set_height(order.len() as f32 * theme::ROW);
        let rect_of =
            |at: usize| Rect::from_min_size(pos2(left, top + at as f32 * theme::ROW), vec2(width, theme::ROW));
        if let Some(at) = to_row {
            ui.scroll_to_rect(rect_of(at), None);
        }
        let first = (viewport.top() / theme::ROW).floor().max(0.0) as usize;
        let last = ((viewport.bottom() / theme::ROW).ceil().max(0.0) as usize).min(order.len());
        for (at, index) in order.iter().enumerate().take(last).skip(first) {
            let part = &rows.parts[*index];
            let row = Row { part, name: (rows.name)(part.twin), date, found: findings(part, date) };
            let chosen = rows.selected == Some(part.twin);
            action = row_ui(ui, rect_of(at), &row, &places, chosen, ahead).or(action.take());
        }
    });
    action
}

fn head_ui(ui: &mut Ui, places: &Places, state: &mut InventoryState) {
    let (head, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    for (column, place) in places.of(head) {
        let response = ui.interact(place, ui.id().with(("sort by", column.title())), Sense::click());
        let sorted = state.sorted_by == column;
        response.widget_info(|| {
            let way = if !sorted {
                ""
            } else if state.reversed {
                ", sorted downwards"
            } else {
                ", sorted upwards"
            };
            WidgetInfo::selected(WidgetType::Button, true, sorted, format!("Sort by {}{way}", column.title()))
        });
        let color = match (sorted, response.hovered() || response.has_focus()) {
            (true, _) | (_, true) => theme::STRONG,
            (false, false) => theme::WEAK,
        };
        let text = ui.painter().text(place.left_center(), Align2::LEFT_CENTER, column.title(), theme::small(), color);
        if sorted {
            icons::arrow(ui.painter(), pos2(text.right() + 8.0, place.center().y), !state.reversed, theme::ACCENT);
        }
        let response = response.on_hover_text(format!("{} Click to sort by it.", column.says()));
        if response.clicked() {
            state.reversed = if sorted { !state.reversed } else { column.begins_reversed() };
            state.sorted_by = column;
        }
    }
    ui.painter().hline(head.x_range(), head.bottom(), egui::Stroke::new(1.0, theme::LINE));
}

/// A part, and what is said of it on the day that is shown.
pub(super) struct Row<'a> {
    pub(super) part: &'a Part,
    /// The twin's name, with that of the asset that it is a part of.
    pub(super) name: String,
    pub(super) date: Date,
    pub(super) found: Vec<PartFinding>,
}

impl Row<'_> {
    /// What is said to whoever cannot see it.
    fn in_words(&self, support: Support) -> String {
        let part = self.part;
        if !part.described {
            return format!("{}: device {}, nothing is known of it", self.name, part.device);
        }
        let firmware = part.firmware.as_deref().unwrap_or("firmware not known");
        let published = advisories_word(part).map(|it| format!(", {}", it.0)).unwrap_or_default();
        let findings = match self.found.len() {
            0 => "nothing to do".to_owned(),
            1 => "1 finding".to_owned(),
            n => format!("{n} findings"),
        };
        format!(
            "{}: {} {firmware}, {} ({}), {}{published}, {findings}",
            self.name,
            part.title(),
            support.label(),
            until_word(part),
            crypto_word(part)
        )
    }
}

fn row_ui(ui: &Ui, rect: Rect, row: &Row, places: &Places, chosen: bool, ahead: bool) -> Option<Action> {
    let part = row.part;
    let support = part.support_at(row.date);
    let response = ui.interact(rect, ui.id().with(("part", part.twin.0)), Sense::click());
    response.widget_info(|| WidgetInfo::selected(WidgetType::SelectableLabel, true, chosen, row.in_words(support)));
    let painter = ui.painter();
    if chosen {
        painter.rect_filled(rect, 0.0, theme::SELECTED);
        painter.rect_filled(Rect::from_min_size(rect.min, vec2(theme::HALF, rect.height())), 0.0, theme::ACCENT);
    } else if response.hovered() || response.has_focus() {
        painter.rect_filled(rect, 0.0, theme::HOVERED);
    }
    if ahead {
        paint_ahead(ui, rect, support);
    }
    for (column, place) in places.of(rect) {
        cell_ui(ui, column, place, row, support);
    }
    let action = if response.double_clicked() {
        Some(Action::FlyTo(part.twin))
    } else {
        response.clicked().then_some(Action::Select(part.twin))
    };
    response.on_hover_ui_at_pointer(|ui| tooltip_ui(ui, row));
    action
}

/// How a part stands on a day to come, over its whole row: hatched, dotted at its edge, or framed.
fn paint_ahead(ui: &Ui, rect: Rect, support: Support) {
    let (painter, color) = (ui.painter(), support_color(support));
    match support {
        Support::Unsupported => {
            painter.rect_filled(rect, 0.0, color.gamma_multiply(0.08));
            icons::hatch(painter, rect.shrink2(vec2(0.0, 1.0)), color.gamma_multiply(0.2));
        }
        Support::EndsSoon => {
            for n in 0..4 {
                painter.circle_filled(pos2(rect.left() + 3.0, rect.top() + 4.5 + 5.0 * n as f32), 1.2, color);
            }
        }
        Support::Unknown => icons::dashed_rect(painter, rect.shrink(1.5), color.gamma_multiply(0.5)),
        Support::Supported => (),
    }
}

fn cell_ui(ui: &Ui, column: Column, place: Rect, row: &Row, support: Support) {
    let part = row.part;
    let painter = ui.painter();
    let sign = pos2(place.left() + 7.0, place.center().y);
    let beside = place.with_min_x(place.left() + 18.0);
    let put = |place: Rect, text: &str, color| painted_text(ui, place, text, color, Align2::LEFT_CENTER);
    if !part.described && !matches!(column, Column::Twin | Column::Findings | Column::Support) {
        return put(place, "–", theme::WEAK);
    }
    match column {
        Column::Twin => put(place, &row.name, theme::STRONG),
        Column::Maker => put(place, &part.maker, theme::TEXT),
        Column::Model => put(place, &part.model, theme::TEXT),
        Column::Firmware => match &part.firmware {
            Some(firmware) => put(place, firmware, theme::TEXT),
            None => put(place, "?", theme::STALE),
        },
        Column::Until => put(place, &until_word(part), theme::TEXT),
        Column::Support => {
            marks::support(painter, sign, support);
            let color = if support == Support::Supported { theme::WEAK } else { support_color(support) };
            put(beside, support.label(), color);
        }
        Column::Crypto => {
            let shown = part.observed.used.or(part.capability);
            marks::ladder(painter, place.left_center(), shown);
            put(place.with_min_x(place.left() + marks::LADDER + 2.0), &crypto_word(part), crypto_color(shown));
        }
        Column::Advisories => match advisories_word(part) {
            Some((text, Some(urgency))) => {
                marks::urgency(painter, sign, urgency);
                put(beside, &text, urgency_color(urgency));
            }
            Some((text, None)) => put(place, &text, theme::WEAK),
            None => put(place, "–", theme::WEAK),
        },
        Column::Findings => {
            let Some(first) = row.found.first() else { return put(place, "–", theme::WEAK) };
            marks::urgency(painter, sign, first.urgency);
            // How many more there are stays to be seen, however long the first one is.
            let mut room = beside;
            if row.found.len() > 1 {
                let more = format!("+{}", row.found.len() - 1);
                let count = painter.text(place.right_center(), Align2::RIGHT_CENTER, more, theme::small(), theme::WEAK);
                room = beside.with_max_x(count.left() - theme::STEP);
            }
            put(room, &first.text, theme::TEXT);
        }
    }
}

/// Where the columns stand that there is room for.
pub(super) struct Places(Vec<(Column, f32, f32)>);

impl Places {
    pub(super) fn new(width: f32) -> Self {
        let mut widths: Vec<&Width> = WIDTHS.iter().collect();
        // The scroll bar lies over the last column's end.
        let room = width - theme::GAP * 2.0;
        while widths.iter().map(|it| it.least).sum::<f32>() > room {
            let Some(last) = widths.iter().map(|it| it.rank).max().filter(|it| *it > 0) else { break };
            widths.retain(|it| it.rank != last);
        }
        let spare = (room - widths.iter().map(|it| it.least).sum::<f32>()).max(0.0);
        let shares: f32 = widths.iter().map(|it| it.share).sum::<f32>().max(1e-3);
        let mut x = theme::GAP;
        let place = |it: &Width| {
            let width = it.least + spare * it.share / shares;
            x += width;
            (it.column, x - width, width - theme::GAP)
        };
        Self(widths.into_iter().map(place).collect())
    }

    fn of(&self, rect: Rect) -> impl Iterator<Item = (Column, Rect)> {
        self.0.iter().map(move |(column, x, width)| {
            (*column, Rect::from_min_size(pos2(rect.left() + x, rect.top()), vec2(*width, rect.height())))
        })
    }

    #[cfg(test)]
    pub(super) fn columns(&self) -> impl Iterator<Item = (Column, f32)> {
        self.0.iter().map(|(column, x, width)| (*column, x + width))
    }
}
