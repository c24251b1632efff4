//! Short notes at the edge that come by themselves and go by themselves: what became of a command, of the link, of an
//! edit. Drawn here and not by a crate, so that a screen reader and the tests hear them and nothing repaints for them.

use std::collections::VecDeque;

use egui::{Align2, Color32, Id, Order, RichText, vec2};

use super::{icons, theme};

/// How long a note stays, seconds.
const STAYS_SECS: f64 = 6.0;
/// Letters that a person reads in a second: a long note stays longer.
const LETTERS_A_SEC: f64 = 20.0;
/// At most so many are on the screen.
const SHOWN: usize = 4;

/// The notes on the screen.
#[derive(Debug, Default)]
pub struct Toasts {
    notes: VecDeque<Toast>,
}

/// One note.
#[derive(Debug, Clone, PartialEq)]
pub struct Toast {
    /// What it says.
    pub text: String,
    /// How it is meant.
    pub tone: Tone,
    /// When it goes, on the clock that [`Toasts::pass`] is given.
    until_secs: f64,
}

/// How a note is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// To know.
    Plain,
    /// It went well.
    Good,
    /// It wants a look.
    Warning,
    /// It went wrong.
    Bad,
}

impl Toasts {
    /// Adds a note. The same text again only stays longer.
    pub fn add(&mut self, text: impl Into<String>, tone: Tone, now_secs: f64) {
        let text = text.into();
        let stays_secs = STAYS_SECS + text.len() as f64 / LETTERS_A_SEC;
        let toast = Toast { text, tone, until_secs: now_secs + stays_secs };
        self.notes.retain(|it| it.text != toast.text);
        self.notes.push_back(toast);
        while self.notes.len() > SHOWN {
            self.notes.pop_front();
        }
    }

    /// Lets go of what has been there long enough.
    pub fn pass(&mut self, now_secs: f64) {
        self.notes.retain(|it| it.until_secs > now_secs);
    }

    /// What is on the screen, the oldest first.
    pub fn notes(&self) -> impl Iterator<Item = &Toast> {
        self.notes.iter()
    }

    /// Draws them up from a corner of the free part; a click sends one away.
    pub fn show(&mut self, ctx: &egui::Context, corner: egui::Pos2) {
        let mut gone = None;
        let mut bottom = corner.y - theme::GAP;
        for (at, toast) in self.notes.iter().enumerate().rev() {
            let area = egui::Area::new(Id::new(("toast", &toast.text)))
                .order(Order::Foreground)
                .pivot(Align2::RIGHT_BOTTOM)
                .fixed_pos(egui::pos2(corner.x - theme::GAP, bottom))
                .interactable(true);
            let shown = area.show(ctx, |ui| toast_ui(ui, toast));
            bottom -= shown.response.rect.height() + theme::STEP;
            if shown.inner {
                gone = Some(at);
            }
        }
        if let Some(at) = gone {
            self.notes.remove(at);
        }
    }
}

fn toast_ui(ui: &mut egui::Ui, toast: &Toast) -> bool {
    let color = tone_color(toast.tone);
    let frame = egui::Frame::new()
        .fill(theme::RAISED)
        .stroke(egui::Stroke::new(1.0, color.gamma_multiply(0.6)))
        .corner_radius(4)
        .inner_margin(egui::Margin::symmetric(8, 6));
    let shown = frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing = vec2(theme::STEP, 0.0);
            icons::show(ui, "note", |painter, at| match toast.tone {
                Tone::Plain => drop(painter.circle_stroke(at, 4.0, egui::Stroke::new(1.2, color))),
                Tone::Good => icons::phase(painter, at, crate::command::Phase::Confirmed),
                Tone::Warning => icons::triangle(painter, at, color),
                Tone::Bad => icons::diamond(painter, at, color),
            });
            // In a column of its own, so that lines after the first do not run under the icon.
            ui.vertical(|ui| {
                ui.set_max_width(360.0);
                ui.add(egui::Label::new(RichText::new(&toast.text).color(theme::STRONG)).wrap());
            });
            icons::button(ui, "Close the note", icons::cross).clicked()
        })
        .inner
    });
    shown.inner
}

fn tone_color(tone: Tone) -> Color32 {
    match tone {
        Tone::Plain => theme::WEAK,
        Tone::Good => theme::GOOD,
        Tone::Warning => theme::WARNING,
        Tone::Bad => theme::ALARM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_go_after_a_while_and_never_pile_up() {
        let mut toasts = Toasts::default();
        for at in 0..6 {
            toasts.add(format!("note {at}"), Tone::Plain, f64::from(at));
        }
        assert_eq!(toasts.notes().count(), SHOWN);
        toasts.add("note 5", Tone::Plain, 6.0);
        assert_eq!(toasts.notes().count(), SHOWN);
        toasts.pass(11.5);
        assert_eq!(toasts.notes().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["note 5"]);
        toasts.pass(12.5);
        assert_eq!(toasts.notes().count(), 0);
    }
}
