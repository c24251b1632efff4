//! All alarms of a site as they stand, their journal, and what a person may ask of them.

use std::sync::Arc;

use bevy::prelude::*;

use super::figures::Figures;
use super::flood::Flood;
use super::life::{AlarmState, Truth};
use super::outcome::{Refusal, What};
use super::priority::Priority;
use crate::signal::{SignalId, Timestamp, Value};
use crate::site::AlarmId;

/// One alarm as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmLife {
    /// Which one.
    pub alarm: AlarmId,
    /// Where it stands.
    pub state: AlarmState,
    /// Whether its condition holds. Unknown is not normal.
    pub truth: Truth,
    /// How urgent it is, by the site.
    pub priority: Priority,
    /// When what raised it last was measured, by the device's clock where it tells one. `None`: it never was raised.
    pub raised: Option<Timestamp>,
    /// When that could be known: its arrival, and the on-delay after it.
    pub known: Option<Timestamp>,
    /// When and by whom it was acknowledged since. `None`: not yet.
    pub acknowledged: Option<(Timestamp, Arc<str>)>,
    /// When its condition was gone since, by the device's clock. `None`: it is not.
    pub returned: Option<Timestamp>,
    /// Until when it is shelved. `None`: it is not.
    pub shelved_until: Option<Timestamp>,
    /// Why it is shelved or out of service. `None`: it is neither.
    pub reason: Option<Arc<str>>,
    /// What its condition looked at when it was raised, with the values then; each signal once.
    pub values: Vec<(SignalId, Value)>,
    /// It was the first to be raised while none of its system stood: what followed may follow from it.
    pub first_out: bool,
    /// How often it was raised.
    pub n_raised: u32,
    /// It was raised three times or more within the last minute.
    pub chattering: bool,
    /// What people wrote, oldest first.
    pub notes: Arc<[Note]>,
}

/// What a person wrote to an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Arc<str>,
    /// What.
    pub text: Arc<str>,
}

/// Something that happened to an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmEvent {
    /// Which one.
    pub alarm: AlarmId,
    /// When it happened at the site, by the device's clock where it tells one.
    pub at: Timestamp,
    /// When it could be known. The journal is in this order.
    pub known: Timestamp,
    /// What happened.
    pub what: What,
    /// Who did it. `None`: the plant, or the clock.
    pub who: Option<Arc<str>>,
    /// What was given as the reason, or written as a note.
    pub text: Option<Arc<str>>,
    /// Until when it is shelved, where it is.
    pub until: Option<Timestamp>,
}

/// All alarms, by number. Live they are those of now, wherever the cursor stands; of a recording they are those that were
/// found in it, as of the cursor. Written by this folder alone.
#[derive(Resource, Debug, Default)]
pub struct Alarms {
    pub(super) lives: Vec<Option<Arc<AlarmLife>>>,
    pub(super) standing: Vec<AlarmId>,
    pub(super) journal: Vec<AlarmEvent>,
    /// So much of it had happened by the instant that is shown.
    pub(super) n_journal: usize,
    pub(super) flood: Option<Flood>,
    pub(super) figures: Figures,
    pub(super) found: bool,
    pub(super) searching: bool,
    pub(super) n_lost: u64,
    pub(super) problem: Option<String>,
}

/// A request of a person to an alarm. `who` is written down with it.
#[derive(Message, Debug, Clone, PartialEq)]
pub enum AlarmRequest {
    /// It was seen.
    Acknowledge {
        /// Which one.
        alarm: AlarmId,
        /// By whom.
        who: Arc<str>,
    },
    /// All of these were seen; those that want no acknowledgement are passed over.
    AcknowledgeAll {
        /// Which ones: those that the list shows.
        alarms: Vec<AlarmId>,
        /// By whom.
        who: Arc<str>,
    },
    /// A latched one is let go.
    Reset {
        /// Which one.
        alarm: AlarmId,
        /// By whom.
        who: Arc<str>,
    },
    /// It is put aside for some time.
    Shelve {
        /// Which one.
        alarm: AlarmId,
        /// For so many seconds, 1 to 28,800 (8 h).
        secs: f64,
        /// Why; required.
        reason: Arc<str>,
        /// By whom.
        who: Arc<str>,
    },
    /// It is taken up again before its time.
    Unshelve {
        /// Which one.
        alarm: AlarmId,
        /// By whom.
        who: Arc<str>,
    },
    /// It is taken out of service until it is returned.
    OutOfService {
        /// Which one.
        alarm: AlarmId,
        /// Why; required.
        reason: Arc<str>,
        /// By whom.
        who: Arc<str>,
    },
    /// It is returned to service.
    ReturnToService {
        /// Which one.
        alarm: AlarmId,
        /// By whom.
        who: Arc<str>,
    },
    /// Something is written to it.
    Note {
        /// Which one.
        alarm: AlarmId,
        /// What.
        text: Arc<str>,
        /// By whom.
        who: Arc<str>,
    },
}

/// A no to a person.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlarmRefused {
    /// Which alarm.
    pub alarm: AlarmId,
    /// Why; its text is for the person.
    pub why: Refusal,
}

/// An alarm was raised, live. One that was found in a recording sends none.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlarmRaised {
    /// Which one.
    pub alarm: AlarmId,
    /// How urgent it is.
    pub priority: Priority,
}

/// Something in [`Alarms`] is not as it was in the last frame.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlarmsChanged;

impl AlarmLife {
    /// One that nothing has happened to.
    pub fn new(alarm: AlarmId, priority: Priority) -> Self {
        Self {
            alarm,
            state: AlarmState::Normal,
            truth: Truth::Unknown,
            priority,
            raised: None,
            known: None,
            acknowledged: None,
            returned: None,
            shelved_until: None,
            reason: None,
            values: Vec::new(),
            first_out: false,
            n_raised: 0,
            chattering: false,
            notes: Arc::from([]),
        }
    }

    /// The order in lists: the most urgent first, of these the newest first.
    fn rank(&self) -> (std::cmp::Reverse<Priority>, std::cmp::Reverse<Option<Timestamp>>, AlarmId) {
        (std::cmp::Reverse(self.priority), std::cmp::Reverse(self.known), self.alarm)
    }
}

impl Alarms {
    /// An alarm. `None`: the site has none of this number.
    pub fn get(&self, alarm: AlarmId) -> Option<&AlarmLife> {
        self.lives.get(alarm.0 as usize)?.as_deref()
    }

    /// All of them, by number.
    pub fn all(&self) -> impl Iterator<Item = &AlarmLife> {
        self.lives.iter().filter_map(|it| it.as_deref())
    }

    /// Those that hold or wait for a person: the most urgent first, of these the newest first.
    pub fn standing(&self) -> &[AlarmId] {
        &self.standing
    }

    /// How many of a priority want to be acknowledged.
    pub fn n_unacknowledged(&self, priority: Priority) -> usize {
        let standing = self.standing.iter().filter_map(|it| self.get(*it));
        standing.filter(|it| it.priority == priority && it.state.wants_acknowledgement()).count()
    }

    /// What happened, newest last; of a recording, up to the cursor.
    pub fn journal(&self) -> &[AlarmEvent] {
        self.journal.get(..self.n_journal).unwrap_or(&self.journal)
    }

    /// What happened beyond the instant that is shown too, in the order of knowing: what a timeline shows.
    pub fn whole_journal(&self) -> &[AlarmEvent] {
        &self.journal
    }

    /// More than a person can take, grouped. `None`: it is calm.
    pub fn flood(&self) -> Option<&Flood> {
        self.flood.as_ref()
    }

    /// How well the alarms serve a person.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// They were found in a recording: nobody acts on them, and none sounds.
    pub fn is_found(&self) -> bool {
        self.found
    }

    /// The recording is still being gone through: there may be more.
    pub fn is_searching(&self) -> bool {
        self.searching
    }

    /// Why no alarm is found at all, for a person.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Values that no alarm has looked at, since too many waited. It should be 0.
    pub fn n_lost(&self) -> u64 {
        self.n_lost
    }

    /// Where who finds them stands; changes nothing where that is known.
    pub(super) fn is_at(&self, n_lost: u64, searching: bool) -> bool {
        (self.n_lost, self.searching) == (n_lost, searching)
    }

    /// Whether it tells of so many events, so many of them up to the instant that is shown.
    pub(super) fn is_told(&self, n_events: usize, n_shown: usize) -> bool {
        (self.journal.len(), self.n_journal) == (n_events, n_shown)
    }

    /// Puts those that stand in their order.
    pub(super) fn sort(&mut self) {
        let mut standing: Vec<&AlarmLife> =
            self.lives.iter().filter_map(|it| it.as_deref()).filter(|it| it.state.is_standing()).collect();
        standing.sort_unstable_by_key(|it| it.rank());
        self.standing = standing.into_iter().map(|it| it.alarm).collect();
    }
}

impl AlarmRequest {
    /// The alarms that it is about.
    pub fn alarms(&self) -> &[AlarmId] {
        match self {
            Self::AcknowledgeAll { alarms, .. } => alarms,
            Self::Acknowledge { alarm, .. }
            | Self::Reset { alarm, .. }
            | Self::Shelve { alarm, .. }
            | Self::Unshelve { alarm, .. }
            | Self::OutOfService { alarm, .. }
            | Self::ReturnToService { alarm, .. }
            | Self::Note { alarm, .. } => std::slice::from_ref(alarm),
        }
    }
}
