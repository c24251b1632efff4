//! A twin to go to: a part of the one that is shown, or what it is about.

use egui::{Align2, Rect, Sense, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::tree::painted_text;
use super::super::{icons, theme};
use crate::site::TwinId;
use crate::site::doc::Kind;
use crate::twin::Level;

/// A twin to go to.
#[derive(Debug, Clone, Copy)]
pub(in crate::panels) struct LinkRow<'a> {
    /// Which.
    pub id: TwinId,
    /// Its name.
    pub name: &'a str,
    /// Its kind.
    pub kind: Kind,
    /// The worst of it and what is below.
    pub health: Level,
}

/// Draws it; returns what was asked for.
pub(super) fn link_ui(ui: &mut Ui, link: &LinkRow) -> Option<Action> {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Button, true, format!("Select {}", link.name)));
    let painter = ui.painter();
    if response.hovered() || response.has_focus() {
        painter.rect_filled(rect.expand2(vec2(theme::STEP, 0.0)), 3.0, theme::HOVERED);
    }
    icons::kind(painter, pos2(rect.left() + 7.0, rect.center().y), link.kind, theme::WEAK);
    icons::level(painter, pos2(rect.right() - 8.0, rect.center().y), link.health);
    let name = Rect::from_min_max(pos2(rect.left() + 20.0, rect.top()), pos2(rect.right() - 20.0, rect.bottom()));
    painted_text(ui, name, link.name, theme::TEXT, Align2::LEFT_CENTER);
    let action = if response.double_clicked() {
        Some(Action::FlyTo(link.id))
    } else {
        response.clicked().then_some(Action::Select(link.id))
    };
    response.on_hover_text(format!("{} · {}", icons::kind_name(link.kind), link.health.label()));
    action
}
