//! How the picture is drawn, and how fast.

use super::super::{format, theme};
use super::segment::Segment;

/// How the picture is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct Picture {
    /// Fewer pixels and effects than there could be.
    pub reduced: bool,
    /// Why.
    pub why: String,
    /// Between two frames, milliseconds.
    pub frame_ms: f32,
}

/// That less is drawn than could be, and the time of a frame.
pub(super) fn segments(picture: &Picture) -> Vec<Segment> {
    let mut out = Vec::new();
    if picture.reduced {
        let text = "software renderer: quality reduced";
        out.push(Segment { color: theme::TEXT, ..Segment::new(3, text, format::sentence(&picture.why)) });
    }
    let hint = format!("Between the last two frames, smoothed. {}", format::sentence(&picture.why));
    out.push(Segment::new(8, format!("frame {}", format::millis(f64::from(picture.frame_ms))), hint));
    out
}
