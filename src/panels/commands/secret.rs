//! A passphrase on its way from a person's keyboard to a key. It does not print.

use std::fmt;

use egui::{Response, Ui};
use secrecy::SecretString;
use secrecy::zeroize::Zeroize;

/// What was typed.
#[derive(Clone)]
pub struct Passphrase(pub SecretString);

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// Nobody can learn from a comparison what it is.
impl PartialEq for Passphrase {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

/// A field for a passphrase, which takes the keyboard when it is first shown. What was typed is wiped when it is taken, and
/// when it is dropped.
#[derive(Default)]
pub(in crate::panels) struct Field {
    text: String,
    shown: bool,
}

impl Field {
    /// Draws the field.
    pub(in crate::panels) fn show(&mut self, ui: &mut Ui, label: &str) -> Response {
        let edit = egui::TextEdit::singleline(&mut self.text).password(true).desired_width(f32::INFINITY);
        let mut output = edit.show(ui);
        // Nothing can be undone to: what was typed stays in no other place.
        output.state.clear_undoer();
        output.state.store(ui.ctx(), output.response.id);
        let response = output.response.response;
        if !self.shown {
            self.shown = true;
            response.request_focus();
        }
        response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::TextEdit, true, label));
        response
    }

    pub(in crate::panels) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes what was typed; the field is empty after.
    pub(in crate::panels) fn take(&mut self) -> Passphrase {
        let taken = Passphrase(SecretString::from(self.text.as_str()));
        self.text.zeroize();
        taken
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Field(…)")
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        self.text.zeroize();
    }
}
