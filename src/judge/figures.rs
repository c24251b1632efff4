//! How well the alarms serve a person: the figures by which ISA-18.2 and EEMUA 191 judge an alarm system.

use std::collections::HashMap;
use std::time::Duration;

use super::alarms::{AlarmEvent, AlarmLife};
use super::flood::FLOOD_SPAN;
use super::outcome::What;
use super::priority::Priority;
use crate::signal::Timestamp;
use crate::site::{AlarmId, Site};

/// An alarm that stands for longer is stale (ISA-18.2: more than 24 h).
const STALE_AFTER: Duration = Duration::from_secs(24 * 3600);
/// So many of the most frequent are named.
const MOST_FREQUENT: usize = 10;

/// The figures of an alarm system.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    /// Raised in the last 10 minutes.
    pub per_10_min_now: usize,
    /// The most in any of the clock's 10 minutes from the first alarm on.
    pub per_10_min_peak: usize,
    /// Over all of the 10 minutes since the first was raised.
    pub per_10_min_mean: f64,
    /// Raised in all.
    pub n_raised: usize,
    /// Those that hold or wait for a person.
    pub standing: usize,
    /// Of these, those that have for more than 24 h.
    pub standing_stale: usize,
    /// Raised three times or more within the last minute.
    pub chattering: Vec<AlarmId>,
    /// The most frequent, with how often each was raised; the most first.
    pub most_frequent: Vec<(AlarmId, u32)>,
    /// The share of each priority in what was raised, 0 to 1, in the order of [`Priority::ALL`].
    pub share_by_priority: [f64; 4],
}

/// Counts what is raised, so that no figure needs the whole journal.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    first: Option<Timestamp>,
    /// The number of the last of the 10 minutes from the first on, and how many were raised in it.
    bin: (u64, usize),
    peak: usize,
    n: usize,
    by_alarm: HashMap<AlarmId, u32>,
}

impl Counts {
    /// Takes an event.
    pub(super) fn take(&mut self, event: &AlarmEvent) {
        if event.what != What::Raised {
            return;
        }
        let first = *self.first.get_or_insert(event.known);
        let bin = bin_of(first, event.known);
        self.bin = if bin == self.bin.0 { (bin, self.bin.1 + 1) } else { (bin, 1) };
        self.peak = self.peak.max(self.bin.1);
        self.n += 1;
        *self.by_alarm.entry(event.alarm).or_default() += 1;
    }

    /// The figures at an instant, with how many were raised in the 10 minutes before it.
    pub(super) fn figures<'a>(
        &self,
        now: Timestamp,
        recent: usize,
        lives: impl Iterator<Item = &'a AlarmLife>,
        site: &Site,
    ) -> Figures {
        let mut figures = Figures { per_10_min_now: recent, n_raised: self.n, ..Figures::default() };
        figures.per_10_min_peak = self.peak.max(recent);
        if let Some(first) = self.first {
            figures.per_10_min_mean = self.n as f64 / (bin_of(first, now) + 1) as f64;
        }
        for life in lives {
            if life.state.is_standing() {
                figures.standing += 1;
                figures.standing_stale += usize::from(life.known.is_some_and(|it| now.since(it) > STALE_AFTER));
            }
            if life.chattering {
                figures.chattering.push(life.alarm);
            }
        }
        let mut by_priority = [0_u32; 4];
        let mut frequent: Vec<(AlarmId, u32)> = Vec::new();
        #[expect(clippy::iter_over_hash_type, reason = "sorted right below, by a key that is unique")]
        for (alarm, n) in &self.by_alarm {
            frequent.push((*alarm, *n));
        }
        for (alarm, n) in &frequent {
            let priority = site.alarm(*alarm).map_or(Priority::Low, Priority::of_alarm);
            by_priority[priority as usize] += n;
        }
        figures.share_by_priority = by_priority.map(|it| f64::from(it) / self.n.max(1) as f64);
        frequent.sort_unstable_by_key(|it| (std::cmp::Reverse(it.1), it.0));
        frequent.truncate(MOST_FREQUENT);
        figures.most_frequent = frequent;
        figures
    }
}

fn bin_of(first: Timestamp, at: Timestamp) -> u64 {
    at.since(first).as_secs() / FLOOD_SPAN.as_secs()
}
