//! The small signs of the inventory: whether a part gets updates, the ladder of what it can protect, how soon to do what.

use egui::{Color32, Painter, Pos2, Rect, Stroke, StrokeKind, pos2, vec2};

use super::super::{icons, theme};
use crate::guard::advisories::{Severity, VexState};
use crate::guard::inventory::{Part, Support, Urgency};
use crate::site::doc::Crypto;

/// The colour of a state of support.
pub(super) fn support_color(support: Support) -> Color32 {
    match support {
        Support::Supported => theme::NORMAL,
        Support::EndsSoon => theme::WARNING,
        Support::Unknown => theme::STALE,
        Support::Unsupported => theme::ALARM,
    }
}

/// Whether a part gets updates: a tick, a clock, a question mark, a cross.
pub(super) fn support(painter: &Painter, at: Pos2, support: Support) {
    let color = support_color(support);
    match support {
        Support::Supported => icons::tick(painter, at, color),
        Support::EndsSoon => icons::clock(painter, at, color),
        Support::Unknown => icons::question(painter, at, color),
        Support::Unsupported => icons::cross(painter, at, color),
    }
}

/// The width of [`ladder`].
pub(super) const LADDER: f32 = 24.0;

/// Five steps that go up; those that a device has climbed are filled. `None`: nobody knows.
pub(super) fn ladder(painter: &Painter, left_center: Pos2, crypto: Option<Crypto>) {
    let color = crypto_color(crypto);
    for step in 0..Crypto::ALL.len() {
        let height = 3.0 + 2.0 * step as f32;
        let foot = pos2(left_center.x + 4.5 * step as f32, left_center.y + 6.0);
        let bar = Rect::from_min_max(foot - vec2(0.0, height), foot + vec2(3.0, 0.0));
        if crypto.is_some_and(|it| it.step() >= step) {
            painter.rect_filled(bar, 0.5, color);
        } else {
            painter.rect_stroke(bar, 0.5, Stroke::new(0.8, theme::WEAK.gamma_multiply(0.6)), StrokeKind::Inside);
        }
    }
}

/// The colour of a step of the ladder: what protects nothing stands out.
pub(super) fn crypto_color(crypto: Option<Crypto>) -> Color32 {
    match crypto {
        Some(Crypto::Plain | Crypto::Password) => theme::WARNING,
        Some(Crypto::Tls | Crypto::MutualTls | Crypto::Signed) => theme::TEXT,
        None => theme::STALE,
    }
}

/// How soon something should be done: a ring, a triangle, a diamond.
pub(super) fn urgency(painter: &Painter, at: Pos2, urgency: Urgency) {
    match urgency {
        Urgency::Note => {
            painter.circle_stroke(at, 3.5, Stroke::new(1.2, theme::WEAK));
        }
        Urgency::Soon => icons::triangle(painter, at, theme::WARNING),
        Urgency::Now => icons::diamond(painter, at, theme::ALARM),
    }
}

/// The colour of how soon something should be done.
pub(super) fn urgency_color(urgency: Urgency) -> Color32 {
    match urgency {
        Urgency::Note => theme::WEAK,
        Urgency::Soon => theme::WARNING,
        Urgency::Now => theme::ALARM,
    }
}

/// What is published about a part, in a few words, and how soon it wants something. `None`: nothing is.
pub(super) fn advisories_word(part: &Part) -> Option<(String, Option<Urgency>)> {
    let count = |state| part.advisories.iter().filter(|it| it.state == state).count();
    let affected = part.advisories.iter().filter(|it| it.state == VexState::Affected);
    if let Some(worst) = affected.max_by(|a, b| a.score.unwrap_or(-1.0).total_cmp(&b.score.unwrap_or(-1.0))) {
        let n = count(VexState::Affected);
        let many = if n > 1 { format!(" ({n})") } else { String::new() };
        let perhaps = if worst.certain { "" } else { "?" };
        let text = match worst.score {
            Some(score) => format!("CVSS\u{a0}{score:.1}{perhaps}{many}"),
            None => format!("{}{perhaps}{many}", worst.severity.label()),
        };
        let urgent = worst.certain && worst.severity >= Severity::High;
        return Some((text, Some(if urgent { Urgency::Now } else { Urgency::Soon })));
    }
    let settled = [VexState::UnderInvestigation, VexState::Fixed, VexState::NotAffected];
    let state = settled.into_iter().find(|it| count(*it) > 0)?;
    let urgency = (state == VexState::UnderInvestigation).then_some(Urgency::Note);
    let word = match state {
        VexState::UnderInvestigation => "looked into",
        VexState::Affected | VexState::Fixed | VexState::NotAffected => state.label(),
    };
    Some((word.to_owned(), urgency))
}

/// What a part uses of what it can, in a few words.
pub(super) fn crypto_word(part: &Part) -> String {
    match (part.capability, part.observed.used) {
        (Some(can), Some(used)) if used != can => format!("{} of {}", used.label(), can.label()),
        (Some(it), _) | (None, Some(it)) => it.label().to_owned(),
        (None, None) => "not known".to_owned(),
    }
}
