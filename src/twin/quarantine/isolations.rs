//! What is isolated at an instant: which twins, and which signals with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Hold, Isolation, QuarantineEvent};
use crate::signal::SignalId;
use crate::site::{Site, TwinId};

/// What is isolated at an instant.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Isolations {
    /// The earliest first.
    all: Vec<Arc<Isolation>>,
    /// Of each signal that they cover, which of them.
    covered: BTreeMap<SignalId, usize>,
}

impl Isolations {
    /// After an event.
    pub fn take(&mut self, event: &QuarantineEvent, site: &Site) {
        let twin = event.twin();
        match event {
            QuarantineEvent::Isolated(isolation) => match self.all.iter_mut().find(|it| it.twin == twin) {
                None => self.all.push(Arc::clone(isolation)),
                // The gate takes it over; what is isolated twice here stays as it was.
                Some(own) if isolation.hold == Hold::Gate => *own = Arc::clone(isolation),
                Some(_) => (),
            },
            QuarantineEvent::Released(_) => self.all.retain(|it| it.twin != twin),
        }
        self.follow(site);
    }

    /// Goes by an edited site.
    pub fn follow(&mut self, site: &Site) {
        self.covered.clear();
        for (place, isolation) in self.all.iter().enumerate() {
            let mut next = vec![isolation.twin];
            while let Some(twin) = next.pop() {
                for signal in site.signals_of(twin) {
                    self.covered.entry(signal.id).or_insert(place);
                }
                next.extend(site.children_of(Some(twin)).map(|it| it.id));
            }
        }
    }

    /// All twins that were isolated by themselves, the earliest first.
    pub fn all(&self) -> &[Arc<Isolation>] {
        &self.all
    }

    /// The isolation of a twin itself. `None`: it is not isolated, or only as a part of another.
    pub fn own(&self, twin: TwinId) -> Option<&Isolation> {
        self.all.iter().find(|it| it.twin == twin).map(|it| &**it)
    }

    /// The isolation that holds for a twin: its own, or that of what it is a part of; the earliest.
    pub fn isolation_of(&self, site: &Site, twin: TwinId) -> Option<&Isolation> {
        let covers = |it: &&Arc<Isolation>| site.lineage(twin).any(|whole| whole.id == it.twin);
        self.all.iter().find(covers).map(|it| &**it)
    }

    /// The isolation that holds for a signal; the earliest.
    pub fn isolation_of_signal(&self, signal: SignalId) -> Option<&Isolation> {
        self.covered.get(&signal).and_then(|place| self.all.get(*place)).map(|it| &**it)
    }

    /// Whether a signal is isolated.
    pub fn is_isolated(&self, signal: SignalId) -> bool {
        self.covered.contains_key(&signal)
    }

    /// All isolated signals, each with the isolation that holds for it.
    pub fn covered(&self) -> impl Iterator<Item = (SignalId, &Isolation)> {
        self.covered.iter().filter_map(|(signal, place)| Some((*signal, &**self.all.get(*place)?)))
    }

    /// All isolated signals.
    pub(super) fn signals(&self) -> BTreeSet<SignalId> {
        self.covered.keys().copied().collect()
    }
}
