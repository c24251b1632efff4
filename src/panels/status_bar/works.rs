//! Exports and imports under way.

use super::super::actions::Action;
use super::super::{icons, theme};
use super::segment::Segment;
use crate::session::WorkId;

/// An export or an import under way.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::panels) struct WorkLine {
    /// Which.
    pub id: WorkId,
    /// What is done.
    pub title: String,
    /// How far it is, 0 to 1.
    pub share: f32,
}

/// How far one is; a click stops it.
pub(super) fn segment(work: &WorkLine) -> Segment {
    let text = format!("{}: {:.0}\u{a0}%", work.title, (work.share * 100.0).floor());
    Segment {
        color: theme::ACCENT,
        icon: Some(icons::cross),
        action: Some(Action::CancelWork(work.id)),
        ..Segment::new(0, text, "Click to stop it: nothing will be left of it.")
    }
}
