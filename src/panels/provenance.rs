//! The card that tells where a reading comes from: device, key, link and broker, then each check with what it saw; and what was
//! refused, byte for byte.

use egui::{Align, FontFamily, FontId, Layout, Rect, RichText, Sense, Ui, pos2, vec2};

use super::actions::Action;
use super::section::section_ui;
use super::{icons, standing, theme};
use crate::signal::SignalId;
use crate::site::TwinId;
use crate::trust::Step;
use crate::twin::Standing;

/// Of which reading the card tells, and what of it is unfolded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provenance {
    /// Which reading.
    pub signal: SignalId,
    /// The bytes that were refused are shown.
    pub bytes: bool,
}

/// All that the card tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ProvenanceCard {
    /// Which reading.
    pub signal: SignalId,
    /// Of which twin.
    pub twin: TwinId,
    /// The twin's name and the signal's.
    pub title: String,
    /// Its value with its unit, and when it came.
    pub value: String,
    /// How far it may be believed.
    pub standing: Standing,
    /// That in sentences.
    pub says: String,
    /// The other readings of the twin, with their names.
    pub others: Vec<(SignalId, String)>,
    /// From the device to here.
    pub chain: Vec<ChainRow>,
    /// Why no check is made. `None`: they are.
    pub unchecked: Option<String>,
    /// Each check, in its order.
    pub steps: Vec<StepRow>,
    /// Why it is not known what the checks saw of the message that is shown. `None`: it is.
    pub unknown: Option<String>,
    /// Why it cannot be verified again. `None`: it can.
    pub cannot_verify: Option<String>,
    /// What came of verifying it again. `None`: nobody asked.
    pub again: Option<AgainRows>,
    /// The last message of its device that was refused. `None`: none was.
    pub exhibit: Option<ExhibitRow>,
}

/// Something between the device and here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChainRow {
    /// What it is: `Device`, `Key`.
    pub what: &'static str,
    /// Which.
    pub text: String,
    /// More of it, a line each.
    pub lines: Vec<String>,
    /// How it stands.
    pub proves: Proves,
}

/// What a part of the chain proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proves {
    /// It proves what it should.
    Yes,
    /// It proves nothing, nor does it speak against it.
    Nothing,
    /// It speaks against it.
    Against,
}

/// A check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StepRow {
    /// Which.
    pub step: Step,
    /// What came of it for the message of the value.
    pub made: Made,
    /// What it saw.
    pub saw: String,
    /// What it refused so far: `replayed 2×, last 12:03:04: …`. Empty: nothing.
    pub refused: String,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// The message passed it.
    Passed,
    /// It was not made.
    Not,
    /// Nobody remembers.
    Unknown,
}

/// What came of verifying again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AgainRows {
    /// In a sentence.
    pub text: String,
    /// Whether it came out as before. `None`: it is not known yet, or could not be done.
    pub same: Option<bool>,
    /// Each check that was made, whether it was passed, and what it saw.
    pub steps: Vec<(Step, bool, String)>,
}

/// A message that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ExhibitRow {
    /// Why, when, and where it came in.
    pub text: String,
    /// What exactly was wrong.
    pub detail: String,
    /// Its first bytes.
    pub bytes: Vec<u8>,
    /// How many it has in all.
    pub length: usize,
}

impl Provenance {
    /// Of a reading.
    pub fn of(signal: SignalId) -> Self {
        Self { signal, bytes: false }
    }
}

/// Of what was refused so many bytes are shown.
pub(super) const SHOWN_BYTES: usize = 256;

/// Bytes as a person reads them: their place, sixteen of them, and what of them is text.
pub(super) fn hex_dump(bytes: &[u8]) -> String {
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

/// Draws the card's inside, which scrolls. Returns whether it is to be closed.
pub(super) fn provenance_ui(
    ui: &mut Ui,
    card: &ProvenanceCard,
    state: &mut Provenance,
    json: &dyn Fn() -> String,
    asked: &mut Vec<Action>,
) -> bool {
    ui.spacing_mut().item_spacing.y = 0.0;
    let closed = head_ui(ui, card, asked);
    ui.add_space(theme::STEP);
    ui.separator();
    let buttons = theme::ROW + theme::GAP;
    let room = ui.available_height() - buttons;
    egui::ScrollArea::vertical().auto_shrink(false).max_height(room).show(ui, |ui| body_ui(ui, card, state, asked));
    ui.add_space(theme::STEP);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        let verify = ui.add_enabled(card.cannot_verify.is_none(), egui::Button::new("Verify again from the raw bytes"));
        let why = card.cannot_verify.as_deref();
        if verify.on_hover_text(VERIFY).on_disabled_hover_text(why.unwrap_or_default()).clicked() {
            asked.push(Action::VerifyAgain(card.signal));
        }
        if ui.button("Copy as JSON").clicked() {
            asked.push(Action::Copy(json()));
        }
        let bytes = egui::Button::new(if state.bytes { "Hide refused bytes" } else { "Show refused bytes" });
        let none = "Nothing of this device was refused.";
        if ui.add_enabled(card.exhibit.is_some(), bytes).on_disabled_hover_text(none).clicked() {
            state.bytes = !state.bytes;
        }
    });
    closed
}

/// What the button does.
const VERIFY: &str = "Reads the message from the recording and makes all checks anew, with the keys and with what had been heard \
                      when it came.";

/// Returns whether the card is to be closed.
fn head_ui(ui: &mut Ui, card: &ProvenanceCard, asked: &mut Vec<Action>) -> bool {
    let mut closed = false;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        icons::show(ui, card.standing.label(), |painter, at| standing::icon(painter, at, card.standing));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            closed = icons::button(ui, "Close", icons::cross).clicked();
            if card.others.len() > 1 {
                ui.menu_button("Other readings", |ui| {
                    for (signal, name) in &card.others {
                        if ui.selectable_label(*signal == card.signal, name).clicked() {
                            asked.push(Action::Provenance(*signal));
                            ui.close();
                        }
                    }
                });
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let title = RichText::new(&card.title).strong().color(theme::STRONG);
                let link = ui.add(egui::Label::new(title).truncate().sense(Sense::click()));
                if link.on_hover_text("Go there").clicked() {
                    asked.push(Action::FlyTo(card.twin));
                }
            });
        });
    });
    ui.add_space(theme::STEP);
    ui.label(RichText::new(&card.value).small().color(theme::WEAK));
    ui.add_space(theme::STEP);
    ui.add(egui::Label::new(RichText::new(&card.says).color(theme::TEXT)).wrap());
    closed
}

fn body_ui(ui: &mut Ui, card: &ProvenanceCard, state: &Provenance, asked: &mut Vec<Action>) {
    section_ui(ui, "From the device to here", None);
    for (at, row) in card.chain.iter().enumerate() {
        chain_ui(ui, row, at + 1 == card.chain.len());
    }
    section_ui(ui, "Checks, in their order", None);
    if let Some(why) = &card.unchecked {
        ui.add(egui::Label::new(RichText::new(why).color(theme::WEAK)).wrap());
    }
    if let Some(why) = &card.unknown {
        ui.add(egui::Label::new(RichText::new(why).color(theme::TEXT)).wrap());
        ui.add_space(theme::STEP);
        if card.cannot_verify.is_none() && ui.button("Verify again").on_hover_text(VERIFY).clicked() {
            asked.push(Action::VerifyAgain(card.signal));
        }
        ui.add_space(theme::STEP);
    }
    for row in &card.steps {
        step_ui(ui, row);
    }
    if let Some(again) = &card.again {
        again_ui(ui, again);
    }
    if let Some(exhibit) = &card.exhibit {
        section_ui(ui, "Last refused", None);
        ui.add(egui::Label::new(RichText::new(&exhibit.text).color(theme::TEXT)).wrap());
        ui.add(egui::Label::new(RichText::new(&exhibit.detail).color(theme::WEAK)).wrap());
        if state.bytes {
            bytes_ui(ui, exhibit);
        }
    }
    ui.add_space(theme::GAP);
}

/// Where what a part of the chain says begins, pixels.
const INDENT: f32 = 84.0;

/// A dot on a line from one to the next.
fn chain_ui(ui: &mut Ui, row: &ChainRow, last: bool) {
    let top = ui.cursor().top();
    let left = ui.cursor().left();
    let (line, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::WidgetType::Label, true, format!("{}: {}", row.what, row.text))
    });
    let what = line.with_min_x(left + 22.0).with_max_x(left + INDENT);
    super::tree::painted_text(ui, what, row.what, theme::WEAK, egui::Align2::LEFT_CENTER);
    let text = line.with_min_x(left + INDENT);
    super::tree::painted_text(ui, text, &row.text, theme::STRONG, egui::Align2::LEFT_CENTER);
    response.on_hover_text(&row.text);
    for line in &row.lines {
        let room = Rect::from_min_size(pos2(left + INDENT, ui.cursor().top()), vec2(text.width(), f32::INFINITY));
        let small = ui.scope_builder(egui::UiBuilder::new().max_rect(room), |ui| {
            ui.add(egui::Label::new(RichText::new(line).small().color(theme::WEAK)).wrap());
        });
        ui.advance_cursor_after_rect(small.response.rect);
    }
    ui.add_space(theme::GAP);
    let at = pos2(left + 8.0, top + 9.0);
    let painter = ui.painter();
    if !last {
        painter.vline(at.x, at.y + 8.0..=ui.cursor().top() + 1.0, egui::Stroke::new(1.0, theme::NORMAL));
    }
    match row.proves {
        Proves::Yes => standing::icon(painter, at, Standing::Verified),
        Proves::Nothing => standing::icon(painter, at, Standing::Unsigned),
        Proves::Against => standing::icon(painter, at, Standing::Rejected),
    }
}

fn step_ui(ui: &mut Ui, row: &StepRow) {
    let words = match row.made {
        Made::Passed => "passed",
        Made::Not => "not made",
        Made::Unknown => "not known",
    };
    let label = format!("{}: {words}. {} {}", row.step.label(), row.saw, row.refused);
    let saw = if row.made == Made::Unknown { words } else { row.saw.as_str() };
    let sign = match row.made {
        Made::Passed => Sign::Passed,
        Made::Not => Sign::None,
        Made::Unknown => Sign::Unknown,
    };
    line_ui(ui, label.trim(), row.step, sign, saw);
    if !row.refused.is_empty() {
        let color = theme::standing(Standing::Rejected);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = theme::STEP;
            ui.add_space(20.0);
            icons::show(ui, "refused", |painter, at| standing::shield(painter, at, color));
            ui.add(egui::Label::new(RichText::new(&row.refused).small().color(color)).wrap());
        });
    }
}

/// The sign before a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Passed,
    Refused,
    Unknown,
    /// It was not made.
    None,
}

/// A check in a line: its sign, its name, what it saw.
fn line_ui(ui: &mut Ui, label: &str, step: Step, sign: Sign, saw: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Label, true, label));
    let painter = ui.painter();
    let at = pos2(rect.left() + 8.0, rect.center().y);
    match sign {
        Sign::Passed => icons::tick(painter, at, theme::standing(Standing::Verified)),
        Sign::Refused => icons::cross(painter, at, theme::standing(Standing::Rejected)),
        Sign::Unknown => icons::question(painter, at, theme::WEAK),
        Sign::None => {
            painter.hline(at.x - 3.0..=at.x + 3.0, at.y, egui::Stroke::new(1.2, theme::NORMAL));
        }
    }
    let name = rect.with_min_x(rect.left() + 20.0).with_max_x(rect.left() + 124.0);
    let color = if matches!(sign, Sign::Passed | Sign::Refused) { theme::TEXT } else { theme::WEAK };
    super::tree::painted_text(ui, name, step.label(), color, egui::Align2::LEFT_CENTER);
    let place = rect.with_min_x(name.right() + theme::STEP);
    super::tree::painted_text(ui, place, saw, theme::WEAK, egui::Align2::LEFT_CENTER);
    if !saw.is_empty() {
        response.on_hover_text(saw);
    }
}

fn again_ui(ui: &mut Ui, again: &AgainRows) {
    section_ui(ui, "Verified again", None);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = theme::STEP;
        let sign = match again.same {
            Some(true) => Standing::Verified,
            Some(false) => Standing::Rejected,
            None => Standing::Unheard,
        };
        icons::show(ui, "verified again", |painter, at| standing::icon(painter, at, sign));
        ui.add(egui::Label::new(RichText::new(&again.text).color(theme::STRONG)).wrap());
    });
    for (step, passed, saw) in &again.steps {
        let label = format!("again {}: {}. {saw}", step.label(), if *passed { "passed" } else { "refused" });
        line_ui(ui, label.trim(), *step, if *passed { Sign::Passed } else { Sign::Refused }, saw);
    }
}

fn bytes_ui(ui: &mut Ui, exhibit: &ExhibitRow) {
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

/// Where the card stands at first: at the right of the 3D view.
pub(super) fn place_in(view: Option<Rect>) -> egui::Pos2 {
    let gap = egui::Vec2::splat(theme::GAP);
    view.map_or(pos2(theme::GAP, theme::GAP), |it| {
        pos2((it.right() - theme::PROVENANCE.x - 32.0).max(it.left()), it.top()) + gap
    })
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;

    fn card() -> ProvenanceCard {
        let step = |step, saw: &str, refused: &str| StepRow {
            step,
            made: Made::Passed,
            saw: saw.to_owned(),
            refused: refused.to_owned(),
        };
        ProvenanceCard {
            signal: SignalId(0),
            twin: TwinId(1),
            title: "Pump 1 · Speed".to_owned(),
            value: "1450 rpm, came 12:03:03.900".to_owned(),
            standing: Standing::Rejected,
            says: "What came last was refused.".to_owned(),
            others: Vec::new(),
            chain: vec![ChainRow {
                what: "Device",
                text: "nf-p1".to_owned(),
                lines: vec!["Must sign what it says".to_owned()],
                proves: Proves::Yes,
            }],
            unchecked: None,
            steps: vec![
                step(Step::Signature, "Ed25519 by 0011223344556677", "forged 3×"),
                step(Step::Replay, "number 7 of life 2", ""),
            ],
            unknown: None,
            cannot_verify: None,
            again: Some(AgainRows {
                text: "Verified again at 12:05:00, same result.".to_owned(),
                same: Some(true),
                steps: vec![(Step::Signature, true, String::new())],
            }),
            exhibit: Some(ExhibitRow {
                text: "Forged, at 12:03:04 on pumping.p1".to_owned(),
                detail: "the signature is not that of the key".to_owned(),
                bytes: b"{\"speed\":2900}".to_vec(),
                length: 14,
            }),
        }
    }

    #[test]
    fn the_card_tells_each_check_and_its_buttons_ask() {
        let state = (Provenance::of(SignalId(0)), Vec::new());
        let card = card();
        let mut harness = Harness::builder().with_size(vec2(460.0, 620.0)).build_ui_state(
            move |ui, (state, asked): &mut (Provenance, Vec<Action>)| {
                provenance_ui(ui, &card, state, &|| "{}".to_owned(), asked);
            },
            state,
        );
        harness.run();
        let check = "signature: passed. Ed25519 by 0011223344556677 forged 3×";
        assert!(harness.query_by_label(check).is_some());
        assert!(harness.query_by_label_contains("same result").is_some());
        assert!(harness.query_by_label_contains("7b 22 73").is_none());
        harness.get_by_label("Show refused bytes").click();
        harness.run();
        assert!(harness.query_by_label_contains("7b 22 73").is_some());
        harness.get_by_label("Verify again from the raw bytes").click();
        harness.run();
        harness.get_by_label("Copy as JSON").click();
        harness.run();
        assert_eq!(harness.state().1, [Action::VerifyAgain(SignalId(0)), Action::Copy("{}".to_owned())]);
    }

    #[test]
    fn what_nobody_remembers_of_a_message_is_called_unknown_and_can_be_verified_again() {
        let steps = vec![StepRow { step: Step::Key, made: Made::Unknown, saw: String::new(), refused: String::new() }];
        let unknown = Some("Nobody remembers what the checks saw of it.".to_owned());
        let card = ProvenanceCard { steps, unknown, ..card() };
        let mut harness = Harness::builder().with_size(vec2(460.0, 620.0)).build_ui_state(
            move |ui, asked: &mut Vec<Action>| {
                provenance_ui(ui, &card, &mut Provenance::of(SignalId(0)), &String::new, asked);
            },
            Vec::new(),
        );
        harness.run();
        assert!(harness.query_by_label("key: not known.").is_some());
        harness.get_by_label("Verify again").click();
        harness.run();
        assert_eq!(*harness.state(), [Action::VerifyAgain(SignalId(0))]);
    }

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
