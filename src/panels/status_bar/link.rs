//! How the link is: to whom, since when it is down, when it is tried again.

use egui::{Color32, Painter, Pos2, Stroke};

use super::super::{format, icons, theme};
use super::segment::Segment;

/// How the link is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) enum LinkLine {
    /// There is none: nothing was to be connected to.
    None,
    /// A recording is shown: its file's name.
    Recording(String),
    /// There will be none, and why.
    Never(String),
    /// On its way to an address.
    Connecting(String),
    /// Up.
    Up {
        /// The broker's address.
        url: String,
        /// How often it was lost and came back.
        reconnects: u64,
    },
    /// Down.
    Down {
        /// Why, and how to mend it.
        why: String,
        /// Seconds until the next try.
        next_secs: f64,
        /// How often it was tried.
        attempt: u32,
    },
}

/// How the link is.
pub(super) fn segment(link: &LinkLine) -> Segment {
    let (text, color, hint, icon): (String, Color32, String, fn(&Painter, Pos2, Color32)) = match link {
        LinkLine::None => (
            "no broker".to_owned(),
            theme::WEAK,
            "Nothing to connect to was named. Start with --broker URL.".to_owned(),
            hollow,
        ),
        LinkLine::Recording(name) => (
            format!("recording {name}"),
            theme::TEXT,
            "A recorded session: nothing comes in, and nothing can be sent.".to_owned(),
            hollow,
        ),
        LinkLine::Never(why) => ("no link".to_owned(), theme::WARNING, why.clone(), icons::triangle),
        LinkLine::Connecting(url) => (format!("connecting to {url}"), theme::TEXT, "On its way.".to_owned(), hollow),
        LinkLine::Up { url, reconnects, .. } => {
            let lost = match reconnects {
                0 => "It was never lost.".to_owned(),
                1 => "It was lost once and came back.".to_owned(),
                count => format!("It was lost {count} times and came back."),
            };
            (url.clone(), theme::TEXT, format!("Connected with MQTT 5. {lost}"), dot)
        }
        LinkLine::Down { why, next_secs, .. } => (
            format!("link down, next try in {}", format::countdown(*next_secs)),
            theme::WARNING,
            why.clone(),
            icons::triangle,
        ),
    };
    Segment { color, icon: Some(icon), ..Segment::new(0, text, hint) }
}

fn dot(painter: &Painter, at: Pos2, _: Color32) {
    painter.circle_filled(at, 3.5, theme::GOOD);
}

fn hollow(painter: &Painter, at: Pos2, color: Color32) {
    painter.circle_stroke(at, 3.5, Stroke::new(1.2, color));
}
