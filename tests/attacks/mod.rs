//! Attacks, each with an id: run against the real path from a broker to what is shown, and once more with the defence off that
//! stops it, where it must succeed. So a test that would find nothing is found.
//!
//! Compiled into the library's tests, since defences can be taken away there alone.

#![expect(clippy::wildcard_enum_match_arm, reason = "one outcome is looked for, and whatever else came is told")]

mod broker;
mod commands;
mod device;
mod forge;
mod form;
mod late;
#[path = "../support/mosquitto.rs"]
#[allow(dead_code, reason = "the journeys use what is not used here")]
mod mosquitto;
mod mqtt;
mod plant;
mod registry;
mod requests;
mod sessions;
mod signer;
mod table;
mod transport;
mod vouch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use self::mosquitto::Mosquitto;
use self::table::Row;
use crate::trust::{Defence, Defences, Reason};

/// Attacks that run at a time: most of their time they wait.
const AT_A_TIME: usize = 4;

/// One attack.
pub(super) struct Attack {
    /// Stays as it is, also when others are taken out.
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// Its technique in ATT&CK for ICS, see [`table::technique`].
    pub(super) technique: &'static str,
    /// What is done, by somebody who has what.
    pub(super) tried: &'static str,
    /// What is off in its control.
    pub(super) off: Off,
    pub(super) run: fn(Defended<'_>) -> Outcome,
}

/// What is off in an attack's control.
pub(super) enum Off {
    /// These defences of verification.
    Defences(&'static [Defence]),
    /// Something else, which the attack itself leaves out.
    Other(&'static str),
}

/// Where an attack runs.
#[derive(Clone, Copy)]
pub(super) struct Defended<'a> {
    /// A broker that lets everybody do everything.
    pub(super) broker: &'a Mosquitto,
    pub(super) defences: Defences,
    /// Not in the control.
    pub(super) up: bool,
}

/// How an attack ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It came to nothing, or was told to whoever looks: by what.
    Stopped(String),
    /// It did what it was meant to, and nobody was told.
    Succeeded(String),
}

impl Outcome {
    pub(super) fn refused(reason: Reason) -> Self {
        Self::Stopped(format!("refused at *{}*: {}", reason.step().label(), reason.label()))
    }

    pub(super) fn seen(how: &str) -> Self {
        Self::Stopped(format!("seen: {how}"))
    }

    pub(super) fn succeeded(what: impl Into<String>) -> Self {
        Self::Succeeded(what.into())
    }
}

/// All of them, in the order of their ids.
fn all() -> impl Iterator<Item = &'static Attack> {
    [
        signer::ATTACKS,
        device::ATTACKS,
        form::ATTACKS,
        broker::ATTACKS,
        late::ATTACKS,
        registry::ATTACKS,
        transport::ATTACKS,
        commands::ATTACKS,
        requests::ATTACKS,
        sessions::ATTACKS,
        vouch::ATTACKS,
    ]
    .into_iter()
    .flatten()
}

/// Runs one, and its control.
fn tried(attack: &'static Attack, broker: &Mosquitto) -> Row {
    let run = |defences, up| {
        let defended = Defended { broker, defences, up };
        // A failed assertion is this attack's failure; the others go on.
        catch_unwind(AssertUnwindSafe(|| (attack.run)(defended))).map_err(|panic| {
            let said = panic.downcast_ref::<String>().cloned();
            said.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned())).unwrap_or_default()
        })
    };
    let weakened = match attack.off {
        Off::Other(_) | Off::Defences([]) => Defences::all(),
        Off::Defences([first, rest @ ..]) => {
            rest.iter().fold(Defences::without(*first), |it, one| it.and_without(*one))
        }
    };
    Row { attack, outcome: run(Defences::all(), true), control: run(weakened, false) }
}

#[test]
fn all_attacks_are_stopped_and_all_controls_succeed() {
    let only = std::env::var("POLLUX_ATTACK").ok();
    let chosen: Vec<&Attack> = all().filter(|it| only.as_ref().is_none_or(|only| only == it.id)).collect();
    // A lying broker acknowledges nothing that it keeps.
    let lenient = "allow_anonymous true\nmax_inflight_messages 0\n";
    let broker = Mosquitto::start_with(None, tempfile::tempdir().unwrap(), lenient);
    let (next, rows) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(attack) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            let row = tried(attack, &broker);
            rows.lock().unwrap().push(row);
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(work);
        }
    });
    let mut rows = rows.into_inner().unwrap();
    rows.sort_by_key(|it| it.attack.id);
    let n_failed = rows.iter().filter(|it| !it.passed()).count();
    println!("{}", table::text(&rows));
    println!("{} passed, {n_failed} failed", rows.len() - n_failed);
    assert_eq!(n_failed, 0, "see the table");
    if only.is_none() {
        table::check_pages(&rows);
    }
}

#[test]
fn each_attack_has_an_id_of_its_own_and_a_technique_that_is_known() {
    let ids: Vec<&str> = all().map(|it| it.id).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), ids.len());
    assert!(all().all(|it| table::technique(it.technique).is_some()));
}
