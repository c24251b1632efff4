//! In which order the parts stand: pure, so that it can be tested here.

use std::cmp::Ordering;

use jiff::civil::Date;

use crate::guard::advisories::{Until, Version, VexState};
use crate::guard::inventory::{Part, Urgency, findings};

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Column {
    /// The twin, in the order of the site.
    #[default]
    Twin,
    /// Who made it.
    Maker,
    /// Which of the maker's products.
    Model,
    /// What runs on it.
    Firmware,
    /// Its last day with updates.
    Until,
    /// Whether it gets updates on the day that is shown.
    Support,
    /// How it can protect what it says.
    Crypto,
    /// What is published about it.
    Advisories,
    /// What should be done about it.
    Findings,
}

impl Column {
    /// The word over it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Twin => "Twin",
            Self::Maker => "Maker",
            Self::Model => "Model",
            Self::Firmware => "Firmware",
            Self::Until => "Updates until",
            Self::Support => "Updates",
            Self::Crypto => "Crypto",
            Self::Advisories => "Advisories",
            Self::Findings => "What to do",
        }
    }

    /// What it tells, for whoever does not know the word.
    pub(super) fn says(self) -> &'static str {
        match self {
            Self::Twin => "Of which twin the device is.",
            Self::Maker => "Who made it.",
            Self::Model => "Which of the maker's products it is.",
            Self::Firmware => "The version of what runs on it.",
            Self::Until => "The last day on which its maker gives it updates.",
            Self::Support => "Whether it gets updates on the day that is looked at.",
            Self::Crypto => {
                "How it can protect what it says, from plain text to encryption with a certificate of its own and signatures."
            }
            Self::Advisories => {
                "What its maker and others have published about its faults; CVSS goes from 0 to 10, the worst."
            }
            Self::Findings => "What should be done about it, the most urgent first.",
        }
    }

    /// Where one begins to look: the worst stands first.
    pub(super) fn begins_reversed(self) -> bool {
        matches!(self, Self::Support | Self::Advisories | Self::Findings)
    }
}

/// The parts' places in the list, sorted. What is equal stays in the order of the site.
pub(super) fn order(parts: &[Part], by: Column, reversed: bool, date: Date) -> Vec<usize> {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    let directed = |it: Ordering| if reversed { it.reverse() } else { it };
    match by {
        Column::Twin if reversed => order.reverse(),
        Column::Twin => (),
        // Made once for each, not at every comparison.
        Column::Findings => {
            let weights: Vec<(Urgency, usize)> = parts.iter().map(|it| weight(it, date)).collect();
            order.sort_by(|a, b| directed(weights[*a].cmp(&weights[*b])));
        }
        Column::Firmware => {
            let versions: Vec<Option<Version>> =
                parts.iter().map(|it| it.firmware.as_deref().map(Version::new)).collect();
            order.sort_by(|a, b| directed(versions[*a].cmp(&versions[*b])));
        }
        Column::Maker | Column::Model | Column::Until | Column::Support | Column::Crypto | Column::Advisories => {
            order.sort_by(|a, b| directed(compare(&parts[*a], &parts[*b], by, date)));
        }
    }
    order
}

fn compare(a: &Part, b: &Part, by: Column, date: Date) -> Ordering {
    let names = |a: &str, b: &str| a.to_lowercase().cmp(&b.to_lowercase());
    match by {
        Column::Maker => names(&a.maker, &b.maker).then_with(|| names(&a.model, &b.model)),
        Column::Model => names(&a.model, &b.model),
        // Nobody knows stands before the first day.
        Column::Until => until(a).cmp(&until(b)),
        Column::Support => a.support_at(date).cmp(&b.support_at(date)).then_with(|| until(b).cmp(&until(a))),
        Column::Crypto => a.capability.cmp(&b.capability),
        Column::Advisories => threat(a).cmp(&threat(b)),
        Column::Twin | Column::Firmware | Column::Findings => Ordering::Equal,
    }
}

fn until(part: &Part) -> Option<Until> {
    part.support.as_ref().map(|it| it.until)
}

/// The worst state, the worst score in tenths, and how many there are.
fn threat(part: &Part) -> (Option<VexState>, i64, usize) {
    let worst = part.advisories.iter().map(|it| it.state).max();
    let of_worst = part.advisories.iter().filter(|it| Some(it.state) == worst);
    let score = of_worst.filter_map(|it| it.score).max_by(f64::total_cmp).unwrap_or(0.0);
    (worst, (score * 10.0) as i64, part.advisories.len())
}

/// The most urgent finding, and how many there are.
fn weight(part: &Part, date: Date) -> (Urgency, usize) {
    let found = findings(part, date);
    (found.first().map_or(Urgency::Note, |it| it.urgency), found.len())
}
