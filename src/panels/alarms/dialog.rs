//! What is asked of a person before something is done to an alarm: for how long, and why.

use egui::{Align, Button, Key, Layout, RichText, TextEdit, Ui};

use super::super::actions::Action;
use super::super::{icons, theme};
use super::AlarmAction;
use crate::site::AlarmId;

/// The spans that are offered for shelving, minutes.
const SPANS: [(f64, &str); 3] = [(15.0, "15 min"), (60.0, "1 h"), (480.0, "8 h")];
/// The longest that an alarm may be shelved, minutes: a shift.
const LONGEST: f64 = 480.0;

/// A question, with what was answered so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Dialog {
    /// About which alarms. Only for acknowledging it can be more than one.
    pub alarms: Vec<AlarmId>,
    /// What is to be done.
    pub deed: Deed,
    /// The reason, or the note.
    pub text: String,
    /// Why it was refused. `None`: it was not yet asked for, or not refused.
    pub refused: Option<String>,
}

/// What is to be done to an alarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Deed {
    /// Acknowledge all that are listed.
    AcknowledgeAll,
    /// Put it aside for so many minutes.
    Shelve {
        /// Minutes.
        minutes: f64,
        /// They are none of those that are offered.
        own: bool,
    },
    /// Take it out of service.
    TakeOut,
    /// Write a note on it.
    Note,
}

impl Dialog {
    /// A question that nobody has answered yet.
    pub(in crate::panels) fn new(alarms: Vec<AlarmId>, deed: Deed) -> Self {
        Self { alarms, deed, text: String::new(), refused: None }
    }

    /// About shelving, for an hour at first.
    pub(in crate::panels) fn shelve(alarm: AlarmId) -> Self {
        Self::new(vec![alarm], Deed::Shelve { minutes: 60.0, own: false })
    }

    /// Why it cannot be done so. `None`: it can.
    fn missing(&self) -> Option<&'static str> {
        let empty = self.text.trim().is_empty();
        match self.deed {
            Deed::AcknowledgeAll => None,
            Deed::Shelve { .. } | Deed::TakeOut => empty.then_some("Say why: the next shift will want to know."),
            Deed::Note => empty.then_some("Write something first."),
        }
    }
}

/// What became of a dialog in a frame.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) enum Answer {
    /// It stays.
    Open,
    /// It closes, and nothing is done.
    Closed,
    /// It closes, and this is to be done.
    Do(Action),
}

/// Draws a dialog's inside. `name` is the alarm's, with its twin's.
pub(in crate::panels) fn dialog_ui(ui: &mut Ui, dialog: &mut Dialog, name: &str) -> Answer {
    ui.set_width(theme::DIALOG.x.min(ui.ctx().content_rect().width() - 48.0));
    ui.spacing_mut().item_spacing.y = theme::GAP;
    let (title, says, does) = words(dialog);
    ui.label(RichText::new(title).heading().color(theme::STRONG));
    if !name.is_empty() {
        ui.add(egui::Label::new(RichText::new(name).color(theme::STRONG)).truncate());
    }
    ui.add(egui::Label::new(RichText::new(says).color(theme::WEAK)).wrap());
    if let Deed::Shelve { minutes, own } = &mut dialog.deed {
        span_ui(ui, minutes, own);
    }
    let mut entered = false;
    if dialog.deed != Deed::AcknowledgeAll {
        entered = text_ui(ui, dialog);
    }
    if let Some(why) = &dialog.refused {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = theme::STEP;
            icons::show(ui, "refused", |painter, at| icons::cross(painter, at, theme::ALARM));
            ui.label(RichText::new(super::super::format::sentence(why)).color(theme::STRONG));
        });
    }
    let missing = dialog.missing();
    let mut answer = Answer::Open;
    ui.horizontal(|ui| {
        if let Some(missing) = missing {
            ui.label(RichText::new(missing).small().color(theme::WEAK));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let go = ui.add_enabled(missing.is_none(), Button::new(RichText::new(does).color(theme::STRONG)));
            if go.clicked() || (entered && missing.is_none()) {
                answer = Answer::Do(Action::Alarm(AlarmAction::Confirm(Dialog { refused: None, ..dialog.clone() })));
            }
            if ui.button("Cancel").clicked() {
                answer = Answer::Closed;
            }
        });
    });
    if ui.input(|it| it.key_pressed(Key::Escape)) {
        answer = Answer::Closed;
    }
    answer
}

fn words(dialog: &Dialog) -> (String, String, &'static str) {
    let count = dialog.alarms.len();
    match dialog.deed {
        Deed::AcknowledgeAll => (
            format!("Acknowledge {count} alarms?"),
            "You say that you have seen every one of them. They stay in the list while their conditions hold."
                .to_owned(),
            "Acknowledge all",
        ),
        Deed::Shelve { .. } => (
            "Shelve an alarm".to_owned(),
            "It is put aside, is counted among the shelved, and comes back by itself.".to_owned(),
            "Shelve",
        ),
        Deed::TakeOut => (
            "Take an alarm out of service".to_owned(),
            "It stays silent until someone puts it back, however long that is.".to_owned(),
            "Take out of service",
        ),
        Deed::Note => (
            "Note on an alarm".to_owned(),
            "It stays with the alarm and in the recording, with your name and the time.".to_owned(),
            "Write it",
        ),
    }
}

fn span_ui(ui: &mut Ui, minutes: &mut f64, own: &mut bool) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        ui.label(RichText::new("For").color(theme::TEXT));
        for (span, text) in SPANS {
            if ui.add(Button::selectable(!*own && *minutes == span, text)).clicked() {
                (*minutes, *own) = (span, false);
            }
        }
        if ui.add(Button::selectable(*own, "Own")).clicked() {
            *own = true;
        }
        if *own {
            let field = egui::DragValue::new(minutes).range(1.0..=LONGEST).suffix("\u{a0}min").max_decimals(0);
            let field = ui.add(field).on_hover_text("1 minute to 8 hours: drag, or click and type");
            field.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::DragValue, true, "Minutes"));
        }
    });
}

/// Returns whether Enter was pressed in it.
fn text_ui(ui: &mut Ui, dialog: &mut Dialog) -> bool {
    let (label, hint) = match dialog.deed {
        Deed::Note => ("Note", "What was found, what was done"),
        Deed::AcknowledgeAll | Deed::Shelve { .. } | Deed::TakeOut => ("Reason", "Why? Required"),
    };
    let id = egui::Id::new("alarm dialog text");
    let field =
        TextEdit::singleline(&mut dialog.text).id(id).hint_text(hint).desired_width(f32::INFINITY).char_limit(400);
    let response = ui.add(field);
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, "", &dialog.text, "");
        info.label = Some(label.to_owned());
        info
    });
    let entered = response.lost_focus() && ui.input(|it| it.key_pressed(Key::Enter));
    // The first thing that is wanted is the reason.
    if ui.memory(|it| it.focused().is_none()) && !entered {
        response.request_focus();
    }
    entered
}
