//! What a day will bring: which parts get updates then, and the share of them in each system.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::Part;
use crate::guard::advisories::Until;
use crate::site::doc::Kind;
use crate::site::{Site, Twin, TwinId};

/// With fewer days left than this, support ends soon.
pub const SOON_DAYS: i32 = 180;

/// Whether a part gets updates on a day. The worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// It does.
    Supported,
    /// It does, for less than [`SOON_DAYS`].
    EndsSoon,
    /// Nobody says.
    Unknown,
    /// It does not.
    Unsupported,
}

/// How many parts are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Share {
    /// Get updates.
    pub supported: usize,
    /// Get them for not much longer.
    pub ends_soon: usize,
    /// Get none.
    pub unsupported: usize,
    /// Nobody says.
    pub unknown: usize,
}

/// All parts of a site on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The day.
    pub date: Date,
    /// By the twin whose device the part is.
    pub parts: BTreeMap<TwinId, Support>,
    /// Of each twin with a part at it or below it.
    pub shares: BTreeMap<TwinId, Share>,
    /// Of the whole site.
    pub whole: Share,
}

impl Support {
    /// All of them, the worst last.
    pub const ALL: [Self; 4] = [Self::Supported, Self::EndsSoon, Self::Unknown, Self::Unsupported];

    /// The words on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Supported => "gets updates",
            Self::EndsSoon => "ends soon",
            Self::Unknown => "unknown",
            Self::Unsupported => "no updates",
        }
    }
}

impl Share {
    /// How many parts there are.
    pub fn count(self) -> usize {
        self.supported + self.ends_soon + self.unsupported + self.unknown
    }

    /// Of some parts on a day.
    pub fn of(parts: &[Part], date: Date) -> Self {
        let mut share = Self::default();
        for part in parts {
            share.add(part.support_at(date));
        }
        share
    }

    /// `9 of 24 parts without updates`, and of how many nobody says.
    pub fn summary(self) -> String {
        let count = self.count();
        let parts = if count == 1 { "part" } else { "parts" };
        let of = match self.unsupported {
            0 => format!("none of {count} {parts} without updates"),
            n => format!("{n} of {count} {parts} without updates"),
        };
        if self.unknown > 0 { format!("{of}, {} unknown", self.unknown) } else { of }
    }

    fn add(&mut self, support: Support) {
        match support {
            Support::Supported => self.supported += 1,
            Support::EndsSoon => self.ends_soon += 1,
            Support::Unknown => self.unknown += 1,
            Support::Unsupported => self.unsupported += 1,
        }
    }
}

impl Part {
    /// Whether it gets updates on a day; the last day counts.
    pub fn support_at(&self, date: Date) -> Support {
        match self.support.as_ref().map(|it| it.until) {
            None => Support::Unknown,
            Some(Until::NotAnnounced) => Support::Supported,
            Some(Until::Day(end)) => match days(date, end) {
                left if left < 0 => Support::Unsupported,
                left if left < SOON_DAYS => Support::EndsSoon,
                _ => Support::Supported,
            },
        }
    }
}

/// Days from one day to another.
pub(super) fn days(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

/// The state of every part on a day, and the shares up the tree.
pub fn outlook(site: &Site, parts: &[Part], date: Date) -> Outlook {
    let mut outlook = Outlook { date, parts: BTreeMap::new(), shares: BTreeMap::new(), whole: Share::of(parts, date) };
    for part in parts {
        let support = part.support_at(date);
        outlook.parts.insert(part.twin, support);
        for twin in site.lineage(part.twin) {
            outlook.shares.entry(twin.id).or_default().add(support);
        }
    }
    outlook
}

impl Outlook {
    /// The state of the device that speaks for a twin: its own, or its nearest ancestor's. `None`: no device does.
    pub fn of(&self, site: &Site, twin: TwinId) -> Option<Support> {
        site.lineage(twin).find_map(|it| self.parts.get(&it.id)).copied()
    }

    /// The systems and processes with parts in them, in the order of the site, each with its share.
    pub fn systems<'a>(&self, site: &'a Site) -> impl Iterator<Item = (&'a Twin, Share)> {
        let is_system = |it: &&Twin| matches!(it.kind, Kind::System | Kind::Process);
        site.twins.iter().filter(is_system).filter_map(|it| Some((it, *self.shares.get(&it.id)?)))
    }
}
