//! The frame and the word around the 3D view that say that what it shows is not now.

use bevy::prelude::*;
use bevy_egui::{EguiContexts, egui};
use egui::{Align2, FontId, Stroke};

use super::overlay::{color, painter_of, rect_of};
use super::palette;
use super::screen::ViewRect;
use crate::session::recording::Warrant;
use crate::session::{Cursor, CursorMode, Session};

/// The height of the word, pixels, at most.
const WORD: f32 = 84.0;
/// How far apart its letters stand, as a share of their height.
const APART: f32 = 0.22;
/// The length of the frame's corners, pixels.
const CORNER: f32 = 26.0;

/// The height of what is said of a recording's keys, pixels.
const CAVEAT: f32 = 13.0;

/// The word. `None`: what is shown is now.
fn word(replay: bool, mode: CursorMode) -> Option<&'static str> {
    match mode {
        _ if replay => Some("REPLAY"),
        CursorMode::Live => None,
        CursorMode::Paused | CursorMode::Playing => Some("PAST"),
    }
}

/// What is said of a recording's keys all the time. `None`: somebody here knows whose they are, or it has none.
fn caveat(warrant: Warrant) -> Option<&'static str> {
    match warrant {
        Warrant::None | Warrant::Known(_) => None,
        Warrant::Own(_) => {
            Some("Verified on the recording's own word: it names its authority itself, and nobody here has named it")
        }
        Warrant::Refused => {
            Some("Nothing is verified: the recording's keys are not signed by the authority that is known here")
        }
    }
}

/// Draws them over everything else of the scene.
pub(super) fn paint_watermark(
    mut contexts: EguiContexts,
    view: Res<ViewRect>,
    session: Res<Session>,
    cursor: Res<Cursor>,
) -> Result {
    let Some(word) = word(session.is_replay(), cursor.mode) else { return Ok(()) };
    let painter = painter_of(contexts.ctx_mut()?, &view);
    let rect = rect_of(view.0);
    paint_frame(&painter, rect.shrink(3.0));
    paint_word(&painter, rect, word);
    if let Some(warrant) = session.recording().filter(|_| session.is_replay()).map(|it| it.warrant()) {
        caveat(warrant).into_iter().for_each(|it| paint_caveat(&painter, rect, it));
    }
    Ok(())
}

/// A thin line around all, and a heavier one at each corner, as in the finder of a camera.
fn paint_frame(painter: &egui::Painter, rect: egui::Rect) {
    let ink = color(palette::GHOST);
    painter.rect_stroke(rect, 0.0, Stroke::new(1.5, ink.gamma_multiply(0.45)), egui::StrokeKind::Inside);
    let line = Stroke::new(3.0, ink.gamma_multiply(0.85));
    let corners = [
        (rect.left_top(), 1.0, 1.0),
        (rect.right_top(), -1.0, 1.0),
        (rect.left_bottom(), 1.0, -1.0),
        (rect.right_bottom(), -1.0, -1.0),
    ];
    for (corner, x, y) in corners {
        let at = |dx: f32, dy: f32| corner + egui::vec2(dx * x, dy * y);
        painter.add(egui::Shape::line(vec![at(CORNER, 1.5), at(1.5, 1.5), at(1.5, CORNER)], line));
    }
}

/// Large, wide apart, and so faint that one looks through it.
fn paint_word(painter: &egui::Painter, rect: egui::Rect, word: &str) {
    let height = (rect.height() * 0.16).min(WORD).min(rect.width() * 0.11);
    let (ink, shade) = (color(palette::GHOST).gamma_multiply(0.20), color(palette::BACKDROP).gamma_multiply(0.30));
    let font = FontId::proportional(height);
    let letters: Vec<_> = word.chars().map(|it| painter.layout_no_wrap(it.to_string(), font.clone(), ink)).collect();
    let gap = height * APART;
    let width = letters.iter().map(|it| it.size().x).sum::<f32>() + gap * letters.len().saturating_sub(1) as f32;
    let place = Align2::CENTER_BOTTOM
        .anchor_size(egui::pos2(rect.center().x, rect.bottom() - height * 0.2), egui::vec2(width, height * 1.2));
    let mut x = place.left();
    for letter in letters {
        let step = letter.size().x + gap;
        let at = egui::pos2(x, place.top());
        // Dark and light, so that it is seen on bright ground, too.
        painter.galley_with_override_text_color(at + egui::vec2(1.5, 2.0), letter.clone(), shade);
        painter.galley(at, letter, ink);
        x += step;
    }
}

/// What a recording's keys are worth; it can be read, and stands where the word does not.
fn paint_caveat(painter: &egui::Painter, rect: egui::Rect, said: &str) {
    let (ink, font) = (color(palette::GHOST), FontId::proportional(CAVEAT));
    let line = painter.layout(said.to_owned(), font, ink, (rect.width() - 4.0 * CORNER).max(CAVEAT));
    let place = Align2::CENTER_TOP.anchor_size(egui::pos2(rect.center().x, rect.top() + CORNER), line.size());
    painter.rect_filled(place.expand(5.0), 3.0, color(palette::BACKDROP).gamma_multiply(0.8));
    painter.galley(place.min, line, ink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::SecretKey;

    #[test]
    fn only_what_follows_now_has_no_mark() {
        assert_eq!(word(false, CursorMode::Live), None);
        assert_eq!(word(false, CursorMode::Paused), Some("PAST"));
        assert_eq!(word(true, CursorMode::Live), Some("REPLAY"));
        assert_eq!(word(true, CursorMode::Playing), Some("REPLAY"));
    }

    #[test]
    fn a_recording_that_vouches_for_itself_says_so_all_the_time() {
        let key = SecretKey::generate().public();
        assert_eq!([Warrant::None, Warrant::Known(key)].map(caveat), [None, None]);
        assert!(caveat(Warrant::Own(key)).is_some_and(|it| it.contains("own word")));
        assert!(caveat(Warrant::Refused).is_some_and(|it| it.contains("Nothing is verified")));
    }
}
