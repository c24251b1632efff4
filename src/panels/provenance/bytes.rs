//! What was refused, byte for byte.

use egui::{FontFamily, FontId, RichText, Ui};

use super::super::theme;

/// A message that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::panels) struct ExhibitRow {
    /// Why, when, and where it came in.
    pub text: String,
    /// What exactly was wrong.
    pub detail: String,
    /// Its first bytes.
    pub bytes: Vec<u8>,
    /// How many it has in all.
    pub length: usize,
}

/// Of what was refused so many bytes are shown.
pub(in crate::panels) const SHOWN_BYTES: usize = 256;

/// Bytes as a person reads them: their place, sixteen of them, and what of them is text.
fn hex_dump(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (row, bytes) in bytes.chunks(16).enumerate() {
        let half = |range: &[u8]| range.iter().map(|it| format!("{it:02x}")).collect::<Vec<_>>().join(" ");
        let (left, right) = bytes.split_at(bytes.len().min(8));
        let plain: String =
            bytes.iter().map(|it| if it.is_ascii_graphic() || *it == b' ' { char::from(*it) } else { '.' }).collect();
        text.push_str(&format!("{:04x}  {:<23}  {:<23}  {plain}\n", row * 16, half(left), half(right)));
    }
    text
}

/// Draws them.
pub(super) fn bytes_ui(ui: &mut Ui, exhibit: &ExhibitRow) {
    let shown = exhibit.bytes.len();
    let more = if exhibit.length > shown {
        format!("The first {shown} of {} bytes:", exhibit.length)
    } else {
        format!("All {shown} bytes:")
    };
    ui.add_space(theme::STEP);
    ui.label(RichText::new(more).small().color(theme::WEAK));
    let frame = egui::Frame::new().fill(theme::GROUND).corner_radius(3).inner_margin(egui::Margin::same(6));
    frame.show(ui, |ui| {
        egui::ScrollArea::horizontal().id_salt("refused bytes").show(ui, |ui| {
            let font = FontId::new(10.0, FontFamily::Monospace);
            let text = RichText::new(hex_dump(&exhibit.bytes)).font(font).color(theme::TEXT);
            ui.add(egui::Label::new(text).extend().selectable(true));
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stand_in_rows_of_sixteen_with_what_of_them_is_text() {
        let bytes: Vec<u8> = (0x3c..0x50).collect();
        let want = "0000  3c 3d 3e 3f 40 41 42 43  44 45 46 47 48 49 4a 4b  <=>?@ABCDEFGHIJK\n\
                    0010  4c 4d 4e 4f                                       LMNO\n";
        assert_eq!(hex_dump(&bytes), want);
        assert_eq!(hex_dump(&[0, 0x20]).trim_end(), "0000  00 20                                             .");
        assert_eq!(hex_dump(&[]), "");
    }
}
