//! One thing that the bar tells: a few words, with a shape before them where it matters.

use egui::{Align2, Color32, Painter, Pos2, Sense, Ui, pos2, vec2};

use super::super::actions::Action;
use super::super::theme;

/// One thing that the bar tells.
pub(super) struct Segment {
    /// What is left out first where there is no room: the highest. What has 0 always stays.
    pub rank: u8,
    /// The words.
    pub text: String,
    /// What it is called where its text alone would say nothing.
    pub name: Option<String>,
    /// Of the words and the shape.
    pub color: Color32,
    /// What it means, and what a click does.
    pub hint: String,
    /// The shape before the words. `None`: none.
    pub icon: Option<fn(&Painter, Pos2, Color32)>,
    /// What a click asks for. `None`: nothing.
    pub action: Option<Action>,
}

impl Segment {
    /// Quiet words that do nothing.
    pub(super) fn new(rank: u8, text: impl Into<String>, hint: impl Into<String>) -> Self {
        let (text, hint) = (text.into(), hint.into());
        Self { rank, text, name: None, color: theme::WEAK, hint, icon: None, action: None }
    }

    /// Quiet words that ask for something.
    pub(super) fn asks(rank: u8, text: &str, hint: &str, action: Action) -> Self {
        Self { action: Some(action), ..Self::new(rank, text, hint) }
    }

    /// How wide it is drawn.
    pub(super) fn width(&self, ui: &Ui) -> f32 {
        let text = ui.painter().layout_no_wrap(self.text.clone(), theme::small(), self.color).size().x;
        text + if self.icon.is_some() { theme::ICON } else { 0.0 }
    }

    /// Draws it; returns what a click asked for.
    pub(super) fn show(&self, ui: &mut Ui) -> Option<Action> {
        let sense = if self.action.is_some() { Sense::click() } else { Sense::hover() };
        let (rect, response) = ui.allocate_exact_size(vec2(self.width(ui), 18.0), sense);
        response.widget_info(|| {
            let kind = if self.action.is_some() { egui::WidgetType::Button } else { egui::WidgetType::Label };
            egui::WidgetInfo::labeled(kind, true, self.name.as_ref().unwrap_or(&self.text))
        });
        let over = self.action.is_some() && (response.hovered() || response.has_focus());
        if over {
            ui.painter().rect_filled(rect.expand2(vec2(theme::STEP, 0.0)), 3.0, theme::WIDGET_HOVER);
        }
        let mut left = rect.left();
        if let Some(icon) = self.icon {
            icon(ui.painter(), pos2(left + 6.0, rect.center().y), self.color);
            left += theme::ICON;
        }
        let color = if over { theme::STRONG } else { self.color };
        ui.painter().text(pos2(left, rect.center().y), Align2::LEFT_CENTER, &self.text, theme::small(), color);
        let clicked = response.clicked();
        response.on_hover_text(&self.hint);
        self.action.clone().filter(|_| clicked)
    }
}
