//! The sheet of all keys (`?`).

use egui::{RichText, Ui, vec2};

use super::{actions, theme};

/// Draws the sheet in as many columns as there is room for.
pub(super) fn keys_sheet_ui(ui: &mut Ui) {
    let room = ui.ctx().content_rect().size() - vec2(96.0, 160.0);
    let columns = if room.x >= 760.0 { 2 } else { 1 };
    ui.set_width(if columns == 2 { 720.0 } else { room.x.min(380.0) });
    ui.label(RichText::new("Keys").heading().color(theme::STRONG));
    ui.separator();
    let rows = actions::sheet();
    let mut groups: Vec<&str> = rows.iter().map(|it| it.0).collect();
    groups.dedup();
    // Half of the rows in each column, whole groups only.
    let mut split = 0;
    let mut sum = 0;
    for (at, group) in groups.iter().enumerate() {
        if sum * columns < rows.len() + groups.len() {
            split = at + 1;
        }
        sum += rows.iter().filter(|it| it.0 == *group).count() + 1;
    }
    let (left, right) = groups.split_at(if columns == 2 { split } else { groups.len() });
    egui::ScrollArea::vertical().max_height(room.y).auto_shrink([false, true]).show(ui, |ui| {
        ui.columns(columns, |uis| {
            for (ui, groups) in uis.iter_mut().zip([left, right]) {
                for group in groups {
                    group_ui(ui, group, &rows);
                }
            }
        });
    });
    ui.add_space(theme::GAP);
    ui.label(RichText::new("Esc closes this. Everything has a name in Ctrl+K too.").small().color(theme::WEAK));
}

fn group_ui(ui: &mut Ui, group: &str, rows: &[(&str, String, String)]) {
    ui.add_space(theme::GAP);
    ui.label(RichText::new(group).small().strong().color(theme::WEAK));
    egui::Grid::new(("keys", group)).num_columns(2).spacing(vec2(theme::GAP, theme::STEP)).min_col_width(96.0).show(
        ui,
        |ui| {
            for (_, keys, does) in rows.iter().filter(|it| it.0 == group) {
                ui.label(RichText::new(short(keys)).monospace().color(theme::ACCENT));
                ui.add(egui::Label::new(RichText::new(does).color(theme::TEXT)).truncate()).on_hover_text(does);
                ui.end_row();
            }
        },
    );
}

/// `1, 2, …, 9` for a long row of digits.
fn short(keys: &str) -> String {
    let all: Vec<&str> = keys.split(", ").collect();
    match all[..] {
        [first, .., last] if all.len() > 3 => format!("{first} to {last}"),
        _ => keys.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;

    #[test]
    fn every_key_is_on_the_sheet() {
        let mut harness = Harness::builder().with_size(vec2(900.0, 900.0)).build_ui(keys_sheet_ui);
        harness.run_steps(3);
        for (_, _, does) in actions::sheet() {
            assert!(harness.query_all_by_label(&does).next().is_some(), "{does:?} is missing");
        }
    }

    #[test]
    fn a_row_of_digits_is_written_short() {
        assert_eq!(short("1, 2, 3, 4, 5"), "1 to 5");
        assert_eq!(short("Up, Down"), "Up, Down");
    }
}
