//! What passes the checks, and what each of them stops.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::signal::SignalId;
use crate::site::{self, Ids};
use crate::trust::Trust;

/// What is seen of the plant, written down.
#[derive(Default)]
struct Plant {
    readings: HashMap<SignalId, Reading>,
    offline: bool,
    signed: bool,
}

const NOW: f64 = 10_000.0;

impl Look for Plant {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs_f64(NOW)
    }

    fn reading(&self, signal: SignalId) -> Reading {
        self.readings.get(&signal).cloned().unwrap_or_default()
    }

    fn rate(&self, _signal: SignalId, _secs: f64) -> Option<f64> {
        None
    }

    fn is_offline(&self, _status: &str) -> bool {
        self.offline
    }

    fn is_signed(&self) -> bool {
        self.signed
    }
}

struct Case {
    site: Site,
    plant: Plant,
    past: Vec<Past>,
}

impl Case {
    /// A bench whose pump runs at 1000 rpm, and whose door is shut.
    fn new() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/gated/site.ron");
        let site = site::load(&path, &mut Ids::default()).unwrap().site;
        let mut case = Self { site, plant: Plant::default(), past: Vec::new() };
        case.see("bench.pump/set", 1000.0.into(), ReadingState::Fresh);
        case.see("bench.pump/running", true.into(), ReadingState::Fresh);
        case.see("bench.pump/speed", 1000.0.into(), ReadingState::Fresh);
        case.see("bench.pump/purging", false.into(), ReadingState::Fresh);
        case.see("bench.door/shut", true.into(), ReadingState::Fresh);
        case
    }

    fn see(&mut self, address: &str, value: Value, state: ReadingState) {
        let signal = self.site.signal_at(address).unwrap().id;
        let at = self.plant.now();
        let standing = Believed::Unsigned;
        let reading = Reading { value: Some(value), at, received: at, state, standing, ..Reading::default() };
        self.plant.readings.insert(signal, reading);
    }

    /// Some readings stand in some way.
    fn stand(&mut self, addresses: &[&str], standing: Believed, trust: Trust) {
        for address in addresses {
            let signal = self.site.signal_at(address).unwrap().id;
            let reading = self.plant.readings.get_mut(&signal).unwrap();
            reading.standing = standing;
            reading.proof.trust = trust;
        }
    }

    /// All is signed, and so many are missing before it.
    fn sign(&mut self, trust: Trust, gap: u32) {
        for signal in &self.site.signals {
            let Some(reading) = self.plant.readings.get_mut(&signal.id) else { continue };
            (reading.proof.trust, reading.proof.gap) = (trust, gap);
            reading.standing = if gap > 0 { Believed::Gap } else { Believed::signed(trust) };
        }
    }

    /// Something was sent some seconds ago.
    fn sent(&mut self, address: &str, value: impl Into<Value>, secs_ago: u64, step: f64, under_way: bool) {
        let command = self.site.command_at(address).unwrap().id;
        let sent = self.plant.now() - Duration::from_secs(secs_ago);
        self.past.push(Past { command, value: value.into(), sent, step, under_way });
    }

    fn checks(&self, address: &str, value: impl Into<Value>, role: Role, standing: Standing) -> Vec<Check> {
        let command = self.site.command_at(address).unwrap();
        let who = Some(Who { role, standing });
        rehearse(&self.site, command, &value.into(), who, &self.past, &self.plant)
    }

    #[track_caller]
    fn check(&self, address: &str, value: impl Into<Value>, want: Option<Cause>) {
        let checks = self.checks(address, value, Role::Operator, Standing::SignedIn);
        assert_eq!(first_no(&checks).map(|it| it.0), want, "{checks:#?}");
    }
}

#[test]
fn what_the_site_allows_passes_and_every_check_tells_what_it_saw() {
    let case = Case::new();
    case.check("bench.pump/speed", 900.0, None);
    case.check("bench.pump/run", true, None);
    let checks = case.checks("bench.pump/speed", 900.0, Role::Operator, Standing::SignedIn);
    let lines: Vec<String> = checks.iter().map(|it| format!("{}: {}; {}", it.what.label(), it.saw, it.limit)).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn values_roles_and_steps_have_their_limits() {
    let case = Case::new();
    case.check("bench.pump/speed", 1501.0, Some(Cause::InconsistentParameters));
    case.check("bench.pump/speed", f64::NAN, Some(Cause::InconsistentParameters));
    case.check("bench.pump/speed", true, Some(Cause::InconsistentParameters));
    case.check("bench.pump/run", 1.0, Some(Cause::InconsistentParameters));
    case.check("bench.pump/speed", 1300.0, Some(Cause::NoAccessAuthority));
    case.check("bench.pump/speed", 699.0, Some(Cause::StepLimit));
    case.check("bench.pump/speed", 700.0, None);
    let by = |role, standing| first_no(&case.checks("bench.pump/speed", 1250.0, role, standing)).map(|it| it.0);
    assert_eq!(by(Role::Engineer, Standing::Reentered), None);
    assert_eq!(by(Role::Engineer, Standing::SignedIn), Some(Cause::NoAccessAuthority));
    assert_eq!(by(Role::Security, Standing::Reentered), Some(Cause::NoAccessAuthority));
    let command = case.site.command_at("bench.pump/run").unwrap();
    let nobody = rehearse(&case.site, command, &true.into(), None, &[], &case.plant);
    assert_eq!(first_no(&nobody).map(|it| it.0), Some(Cause::NoAccessAuthority));
}

#[test]
fn small_steps_add_up_whichever_their_direction() {
    let mut case = Case::new();
    case.sent("bench.pump/speed", 900.0, 500, 250.0, false);
    case.sent("bench.pump/speed", 1000.0, 300, 200.0, false);
    case.check("bench.pump/speed", 1050.0, None);
    case.check("bench.pump/speed", 1051.0, Some(Cause::StepLimit));
    // Beyond the window it is forgotten.
    case.past[0].sent = case.plant.now() - Duration::from_secs(601);
    case.check("bench.pump/speed", 1051.0, None);
}

#[test]
fn what_cannot_be_known_blocks() {
    let mut case = Case::new();
    for state in [ReadingState::Stale, ReadingState::Bad, ReadingState::NeverSeen] {
        case.see("bench.pump/set", 1000.0.into(), state);
        case.check("bench.pump/speed", 1000.0, Some(Cause::StepLimit));
        case.see("bench.door/shut", true.into(), state);
        case.check("bench.pump/run", true, Some(Cause::BlockedByInterlocking));
        // The interlock is for starting alone.
        case.check("bench.pump/run", false, None);
    }
}

#[test]
fn what_is_not_signed_well_enough_blocks_where_signatures_count() {
    let mut case = Case::new();
    case.check("bench.pump/run", true, None);
    case.plant.signed = true;
    case.check("bench.pump/run", true, Some(Cause::BlockedByInterlocking));
    case.check("bench.pump/speed", 1000.0, Some(Cause::StepLimit));
    let checks = case.checks("bench.pump/run", true, Role::Operator, Standing::SignedIn);
    let why = first_no(&checks).unwrap().1;
    insta::assert_snapshot!(why, @"the door is open (interlock: cannot be known (bench.door/shut = on, unsigned))");
    for good in [Trust::Verified, Trust::Vouched] {
        case.sign(good, 0);
        case.check("bench.pump/run", true, None);
        case.check("bench.pump/speed", 1000.0, None);
    }
    for bad in [Believed::Rejected, Believed::EvilTwin, Believed::Quarantined] {
        case.stand(&["bench.door/shut"], bad, Trust::Verified);
        case.check("bench.pump/run", true, Some(Cause::BlockedByInterlocking));
        case.check("bench.pump/run", false, None);
    }
    // A gateway's word carries normal commands, and no others.
    let by = |case: &Case| {
        first_no(&case.checks("bench.pump/speed", 1250.0, Role::Engineer, Standing::Reentered)).map(|it| it.0)
    };
    case.sign(Trust::Vouched, 0);
    assert_eq!(by(&case), Some(Cause::StepLimit));
    // Neither does one of which some are missing: whoever withholds a message gains nothing by it.
    case.sign(Trust::Vouched, 1);
    assert_eq!(by(&case), Some(Cause::StepLimit));
    let checks = case.checks("bench.pump/speed", 1250.0, Role::Engineer, Standing::Reentered);
    let why = first_no(&checks).unwrap().1;
    insta::assert_snapshot!(why, @"largest step: cannot be known (bench.pump/set = 1 000 rpm, vouched, 1 before it missing)");
    for n_missing in [0, 1] {
        case.sign(Trust::Verified, n_missing);
        assert_eq!(by(&case), None);
    }
}

#[test]
fn commands_to_an_evil_twin_and_to_what_is_isolated_are_frozen() {
    let mut case = Case::new();
    let why = |case: &Case| {
        let checks = case.checks("bench.pump/run", false, Role::Operator, Standing::SignedIn);
        first_no(&checks).map(|it| format!("{}: {}", it.0, it.1)).unwrap_or_default()
    };
    // It reports on more than the command asks for: the worst of all that counts.
    case.stand(&["bench.pump/purging"], Believed::EvilTwin, Trust::Verified);
    insta::assert_snapshot!(why(&case), @"Blocked-by-Mode: somebody else speaks in the name of bench-pump: commands to it are frozen (standing: bench.pump/purging: evil twin, must be no evil twin, and not isolated)");
    case.check("bench.pump/speed", 900.0, Some(Cause::BlockedByMode));
    case.stand(&["bench.pump/purging"], Believed::Quarantined, Trust::Unsigned);
    insta::assert_snapshot!(why(&case), @"Blocked-by-Mode: bench-pump is isolated: commands to it are frozen (standing: bench.pump/purging: quarantined, must be no evil twin, and not isolated)");
    for passing in [Believed::Rejected, Believed::Inconsistent, Believed::Stale, Believed::Unheard] {
        case.stand(&["bench.pump/purging"], passing, Trust::Unsigned);
        assert_eq!(why(&case), "");
    }
    // Another device's trouble is no matter of this one's.
    case.stand(&["bench.door/shut"], Believed::EvilTwin, Trust::Verified);
    assert_eq!(why(&case), "");
}

#[test]
fn a_gap_passes_and_is_told() {
    let mut case = Case::new();
    case.plant.signed = true;
    case.sign(Trust::Verified, 3);
    case.check("bench.pump/run", true, None);
    let checks = case.checks("bench.pump/run", true, Role::Operator, Standing::SignedIn);
    let interlock = checks.iter().find(|it| it.what == What::Interlock).unwrap();
    assert_eq!(interlock.saw, "bench.door/shut = on, 3 before it missing");
    assert_eq!(interlock.warning(), Some("missing before bench.door/shut: 3"));
    // So it is where only the number counts that it is reported to have.
    let checks = case.checks("bench.pump/speed", 900.0, Role::Operator, Standing::SignedIn);
    let warned: Vec<&str> = checks.iter().filter_map(|it| it.warning().map(|_| it.what.label())).collect();
    assert_eq!(warned, ["largest step", "sum of steps"]);
    case.sign(Trust::Verified, 0);
    let checks = case.checks("bench.pump/run", true, Role::Operator, Standing::SignedIn);
    assert!(checks.iter().all(|it| it.warning().is_none()));
}

#[test]
fn an_open_door_a_hot_starter_another_under_way_and_a_device_that_is_away_block() {
    let mut case = Case::new();
    case.see("bench.door/shut", false.into(), ReadingState::Fresh);
    case.check("bench.pump/run", true, Some(Cause::BlockedByInterlocking));
    case.see("bench.door/shut", true.into(), ReadingState::Fresh);
    case.sent("bench.pump/run", true, 3000, 0.0, false);
    case.sent("bench.pump/run", false, 2000, 0.0, false);
    case.check("bench.pump/run", true, None);
    case.sent("bench.pump/run", true, 1000, 0.0, false);
    case.check("bench.pump/run", true, Some(Cause::TimeLimitOver));
    case.check("bench.pump/run", false, None);
    case.past.clear();
    case.sent("bench.pump/run", true, 1, 0.0, true);
    case.check("bench.pump/run", false, Some(Cause::CommandAlreadyInExecution));
    // The one excludes the other, whichever of them says so.
    let purge = case.checks("bench.pump/purge", true, Role::Supervisor, Standing::Reentered);
    assert_eq!(first_no(&purge).map(|it| it.0), Some(Cause::OneOfN));
    case.past.clear();
    case.sent("bench.pump/purge", true, 1, 0.0, true);
    case.check("bench.pump/run", false, Some(Cause::OneOfN));
    case.past.clear();
    case.plant.offline = true;
    case.check("bench.pump/run", false, Some(Cause::BlockedByProcess));
}
