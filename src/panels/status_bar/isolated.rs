//! How many twins are isolated; a click lists them.

use super::super::actions::Action;
use super::super::{isolated, theme};
use super::segment::Segment;
use crate::twin::Standing;

/// Said at every width. `None`: nothing is isolated.
pub(super) fn segment(count: usize) -> Option<Segment> {
    isolated::counted(count).map(|text| Segment {
        color: theme::standing(Standing::Quarantined),
        icon: Some(isolated::cage),
        action: Some(Action::ListIsolated),
        ..Segment::new(0, text, isolated::HINT)
    })
}
