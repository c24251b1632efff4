//! The menu of the session: what comes in and goes out as a whole.

use egui::{Popup, RichText, Ui};

use super::actions::{self, Action};
use super::theme;

/// The heading of the menu's actions in the registry.
const GROUP: &str = "Session";

/// Draws the button and, while it is open, the menu; returns what was chosen.
pub(super) fn session_menu_ui(ui: &mut Ui) -> Option<Action> {
    let button = ui.add(egui::Button::new(RichText::new(GROUP).small().color(theme::TEXT)).frame(false));
    let mut chosen = None;
    Popup::menu(&button).show(|ui| {
        ui.set_min_width(280.0);
        for named in actions::all().into_iter().filter(|it| it.group == GROUP) {
            let keys = named.keys.as_ref().map(actions::keys_text).unwrap_or_default();
            let entry = ui.add(egui::Button::new(named.name).shortcut_text(keys));
            entry.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, named.name));
            if entry.clicked() {
                chosen = Some(named.action);
                ui.close();
            }
        }
        ui.separator();
        let hint = "Shift and a drag on the timeline mark out a range; without one it is the whole session.";
        ui.add(egui::Label::new(RichText::new(hint).small().color(theme::WEAK)).wrap());
    });
    chosen
}

#[cfg(test)]
mod tests {
    use egui::vec2;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::session::export::Format;

    #[test]
    fn the_menu_opens_and_exports() {
        for (entry, want) in [
            ("Open a session…", Action::AskOpen),
            ("Save a recording of the range…", Action::AskExport(Format::Mcap)),
            ("Export the range as Parquet…", Action::AskExport(Format::Parquet)),
            ("Copy a link to the range", Action::CopyLink),
        ] {
            let mut harness = Harness::builder()
                .with_size(vec2(600.0, 300.0))
                .build_ui_state(|ui, asked: &mut Option<Action>| *asked = session_menu_ui(ui).or(asked.take()), None);
            harness.get_by_label("Session").click();
            harness.run();
            harness.get_by_label(entry).click();
            harness.run();
            assert_eq!(*harness.state(), Some(want));
        }
    }
}
