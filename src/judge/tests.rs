//! The machine over small plants: what is found, and when.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Act, AlarmEvent, Deed, Engine, ExpectState, Listener};
use crate::link::Arrival;
use crate::session::Change;
use crate::signal::{Timestamp, Value};
use crate::site::{Ids, Site, load};
use crate::twin::{Hold, Isolation, QuarantineEvent, Released};

/// The plant's first instant, seconds since 1970.
const BEGIN: i64 = 1_800_000_000;

/// A tank with a level (m, 0 to 5), a pump with a flag, a mode and a flow; what runs goes from pump to tank.
fn site(alarms: &str, expects: &str) -> Arc<Site> {
    let text = format!(
        r#"(
            name: "Test", place: (latitude: 0, longitude: 0),
            twins: [(id: "plant", kind: System, twins: [
                (id: "pump", kind: Asset, signals: [
                    (id: "running", topic: "pump/running", is: Flag, period: 10),
                    (id: "mode", topic: "pump/mode", is: Text, period: 10),
                    (id: "flow", topic: "pump/flow", period: 10),
                ]),
                (id: "tank", kind: Asset,
                    signals: [(id: "level", topic: "tank/level", unit: "m", range: (0, 5), period: 10)],
                    alarms: [{alarms}], expects: [{expects}],
                ),
            ])],
            flows: [(from: "plant.pump", to: "plant.tank", medium: "water")],
        )"#
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.ron");
    std::fs::write(&path, text).unwrap();
    match load(&path, &mut Ids::default()) {
        Ok(loaded) => Arc::new(loaded.site),
        Err(error) => panic!("{error}"),
    }
}

fn alarm(id: &str, when: &str, more: &str) -> String {
    format!("(id: {id:?}, name: {id:?}, when: {when}, consequence: Major, respond_within: 5, {more}),")
}

fn at(secs: f64) -> Timestamp {
    Timestamp::from_nanos(BEGIN * 1_000_000_000 + (secs * 1e9).round() as i64)
}

fn secs(at: Timestamp) -> f64 {
    (at.as_nanos() - BEGIN * 1_000_000_000) as f64 / 1e9
}

fn value(text: &str) -> Value {
    match text {
        "on" => true.into(),
        "off" => false.into(),
        _ => text.parse::<f64>().map_or_else(|_| text.into(), Value::Number),
    }
}

/// Does what a line says: `5 level=3 running=on` is one message; `5 until 10` lets time pass; `5 ack high`,
/// `5 shelve high 60`, `5 reset high`, `5 out high`, `5 back high`, `5 unshelve high`, `5 isolate plant.tank`, `5 release plant.tank` are a
/// person's.
fn play(engine: &mut Engine, site: &Site, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [when, rest @ ..] = &words[..] else { return };
    let now = at(when.parse().unwrap());
    if rest.is_empty() || !rest[0].contains('=') {
        engine.advance(now);
    }
    let Some(first) = rest.first() else { return };
    if first.contains('=') {
        for (place, word) in rest.iter().enumerate() {
            let (name, text) = word.split_once('=').unwrap();
            let signal = site.signals.iter().find(|it| it.key == name).unwrap().id;
            engine.take(Change { signal, at: now, received: now, value: value(text), last: place + 1 == rest.len() });
        }
        return;
    }
    if matches!(*first, "isolate" | "release") {
        let twin = site.twin_at(rest[1]).unwrap().id;
        let (who, why): (Arc<str>, Arc<str>) = ("anna".into(), "it lies".into());
        engine.quarantine(&match *first {
            "release" => QuarantineEvent::Released(Released { at: now, twin, who, why }),
            _ => QuarantineEvent::Isolated(Arc::new(Isolation {
                at: now,
                since: now,
                hold: Hold::Here,
                twin,
                who,
                why,
                estimates: BTreeMap::new(),
            })),
        });
        return;
    }
    let alarm = site.alarm_at(&format!("plant.tank/{}", rest[1])).unwrap().id;
    let deed = match *first {
        "ack" => Deed::Acknowledge,
        "reset" => Deed::Reset,
        "shelve" => Deed::Shelve(now + std::time::Duration::from_secs_f64(rest[2].parse().unwrap())),
        "unshelve" => Deed::Unshelve,
        "out" => Deed::TakeOut,
        "back" => Deed::PutBack,
        other => panic!("{other}"),
    };
    let text = matches!(deed, Deed::Shelve(_) | Deed::TakeOut).then(|| "works".into());
    engine.act(&Act { alarm, deed, text, who: "anna".into() }).unwrap();
}

fn told(site: &Site, events: &[AlarmEvent]) -> String {
    let mut text = String::new();
    for event in events {
        let name = &site.alarm(event.alarm).unwrap().name;
        let (known, at) = (secs(event.known), secs(event.at));
        let at = if at == known { String::new() } else { format!(" (of {at})") };
        let who = event.who.as_ref().map_or_else(String::new, |it| format!(" by {it}"));
        writeln!(text, "{known} {name} {}{at}{who}", event.what.label()).unwrap();
    }
    text
}

fn run(site: &Arc<Site>, script: &str) -> (String, Engine) {
    let mut engine = Engine::new(Arc::clone(site));
    script.lines().for_each(|it| play(&mut engine, site, it));
    let events = engine.take_finds().events;
    (told(site, &events), engine)
}

#[track_caller]
fn check(alarms: &str, script: &str, want: &str) {
    let got = run(&site(alarms, ""), script).0;
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
    };
    assert_eq!(lines(&got), lines(want), "\n{got}");
}

const ABOVE: &str = r#"Above(signal: "./level", limit: 3, deadband: 0.5)"#;

#[test]
fn a_limit_has_a_deadband_and_two_delays() {
    check(
        &alarm("high", ABOVE, ""),
        "1 level=2\n2 level=3\n3 level=3.1\n4 level=2.9\n5 level=2.5\n6 level=3.2",
        "3 high raised\n5 high returned to normal\n6 high raised",
    );
    check(
        &alarm("high", ABOVE, "on_delay: 2, off_delay: 3"),
        // Over the limit for less than the delay; then for long enough; then under it, back, and under it for good.
        "1 level=3.1\n2 level=2\n4 level=3.5\n5 level=3.6\n10 level=2\n12 level=4\n14 level=2\n20",
        "6 high raised (of 4)\n17 high returned to normal (of 14)",
    );
    check(
        &alarm("low", r#"Below(signal: "./level", limit: 1, deadband: 0.2)"#, ""),
        "1 level=0.9\n2 level=1.1\n3 level=1.2",
        "1 low raised\n3 low returned to normal",
    );
}

#[test]
fn what_is_not_known_raises_nothing_and_ends_nothing() {
    // A level of which nothing comes for three periods, 30 s.
    check(
        &alarm("high", ABOVE, ""),
        "1 level=4\n100 level=4\n101 level=9\n102 level=4\n103 level=9\n104 level=1",
        "1 high raised
         31.000000001 high can no longer be known
         100 high is known again
         101 high can no longer be known
         102 high is known again
         103 high can no longer be known
         104 high returned to normal",
    );
    // A delay that is cut by not knowing begins anew.
    check(&alarm("high", ABOVE, "on_delay: 2"), "1 level=4\n2 level=9\n4 level=4\n5\n9", "6 high raised (of 4)");
    let (_, engine) = run(&site(&alarm("high", ABOVE, ""), ""), "1 level=2\n90");
    let life = engine.lives().next().unwrap();
    assert_eq!((life.state.label(), life.truth.label(), life.n_raised), ("normal", "unknown", 0));
}

#[test]
fn what_cannot_be_read_ends_no_delay_and_a_sensor_that_says_nothing_else_goes_stale() {
    let alarms =
        alarm("high", ABOVE, "on_delay: 3, off_delay: 3") + &alarm("silent", r#"Stale(signal: "./level")"#, "");
    let site = site(&alarms, "");
    let mut listener = Listener::new(&site, None);
    let mut say = |secs: f64, payload: &'static str| {
        listener.take(&Arrival {
            topic: "tank/level".into(),
            payload: payload.into(),
            received: at(secs),
            retained: false,
            correlation: None,
            properties: None,
        });
    };
    for step in 0..10 {
        say(f64::from(step), if step < 5 { "4" } else { "1" });
        say(f64::from(step) + 0.5, "\u{fffd} no level");
    }
    (10..60).for_each(|it| say(f64::from(it), "nor this"));
    listener.engine.advance(at(60.0));
    // The last that could be read came at 9, and three periods are 30 s.
    assert_eq!(
        told(&site, &listener.engine.take_finds().events),
        "3 high raised (of 0)\n8 high returned to normal (of 5)\n39.000000001 silent raised\n"
    );
    assert_eq!(listener.engine.lives().next().unwrap().truth.label(), "unknown");
}

#[test]
fn what_is_isolated_raises_nothing_and_ends_nothing_until_it_is_released() {
    check(
        &alarm("high", ABOVE, ""),
        "1 level=4\n2 isolate plant\n3 level=1\n4 level=4\n5 release plant\n6 isolate plant.pump\n7 level=1\n8 release plant.pump",
        "1 high raised
         2 high can no longer be known
         5 high is known again
         7 high returned to normal",
    );
    // Isolated twice, it is known when nothing covers it any more.
    check(
        &alarm("high", ABOVE, ""),
        "1 level=1\n2 isolate plant.tank\n3 isolate plant\n4 level=4\n5 release plant.tank\n6 release plant",
        "6 high raised",
    );
    // What is isolated is not silent: nobody knows.
    check(&alarm("silent", r#"Stale(signal: "./level")"#, ""), "1 level=1\n2 isolate plant.tank\n90", "");
    // Neither its age nor how fast it changed meanwhile is known.
    check(
        &alarm("old", r#"When("age('./level') > 5.0")"#, ""),
        "1 level=1\n2 isolate plant.tank\n9\n10 release plant.tank",
        "10 old raised",
    );
    check(
        &alarm("fast", r#"Rate(signal: "./level", above: 0.05, over: 10)"#, ""),
        "0 level=1\n5 level=1\n6 isolate plant.tank\n8 level=4\n9 release plant.tank\n10 level=4\n20 level=4",
        "",
    );
    // An edited site leaves it isolated.
    let site = site(&alarm("high", ABOVE, ""), "");
    let mut engine = Engine::new(Arc::clone(&site));
    ["1 level=1", "2 isolate plant.tank"].iter().for_each(|it| play(&mut engine, &site, it));
    engine.reload(Arc::clone(&site));
    ["3 level=4", "4 release plant.tank"].iter().for_each(|it| play(&mut engine, &site, it));
    assert_eq!(told(&site, &engine.take_finds().events), "4 high raised\n");
}

#[test]
fn a_rate_is_taken_over_its_span_up_and_down() {
    check(
        &alarm("fast", r#"Rate(signal: "./level", above: 0.05, over: 10)"#, ""),
        "0 level=1\n5 level=1\n10 level=1\n15 level=1.2\n20 level=1.6\n30 level=1.6\n35 level=1.5\n40 level=1",
        "20 fast raised\n30 fast returned to normal\n40 fast raised",
    );
}

#[test]
fn so_many_crossings_within_a_span_are_counted_and_forgotten_at_their_instant() {
    check(
        &alarm("often", r#"Times(signal: "./level", above: 2, times: 3, within: 10)"#, ""),
        "0 level=1\n1 level=3\n2 level=1\n3 level=3\n4 level=1\n5 level=3\n9 level=3\n20 level=1",
        "5 often raised\n11.000000001 often returned to normal",
    );
}

#[test]
fn silence_text_and_conditions_raise_alarms() {
    check(
        &alarm("silent", r#"Stale(signal: "./level")"#, "on_delay: 5"),
        "0 level=1\n20 level=1\n70 level=1",
        "55.000000001 silent raised (of 50.000000001)\n70 silent returned to normal",
    );
    check(
        &alarm("hand", r#"Equals(signal: "plant.pump/mode", text: "local")"#, ""),
        "1 mode=remote\n2 mode=local",
        "2 hand raised",
    );
    check(
        &alarm("off", r#"Equals(signal: "plant.pump/running", text: "off")"#, ""),
        "1 running=on\n2 running=off",
        "2 off raised",
    );
    // Both parts of one message are judged at once.
    let both = r#"When("signal('plant.pump/running') && signal('plant.pump/flow') < 1.0")"#;
    check(&alarm("dry", both, ""), "1 running=off flow=0\n2 running=on flow=3\n3 flow=0", "3 dry raised");
    // The age of a value grows though nothing comes: it is looked at each second.
    check(&alarm("old", r#"When("age('./level') > 12.5")"#, ""), "0 level=1\n60", "13 old raised");
}

#[test]
fn an_alarm_is_suppressed_by_design_only_while_that_is_known() {
    let low = alarm(
        "low",
        r#"Below(signal: "plant.pump/flow", limit: 1)"#,
        r#"suppressed_while: Some("!signal('plant.pump/running')")"#,
    );
    check(
        &low,
        // Of the pump nothing more comes for three periods, 30 s.
        "1 running=off flow=0\n2 running=on\n3 running=off\n20 flow=0\n40 running=on flow=3",
        "1 low suppressed by design
         2 low no longer suppressed
         2 low raised (of 1)
         3 low suppressed by design
         33.000000001 low no longer suppressed
         33.000000001 low raised (of 1)
         40 low returned to normal",
    );
}

#[test]
fn persons_acknowledge_shelve_and_reset() {
    check(
        &alarm("high", ABOVE, "latched: true"),
        "1 level=4\n2 ack high\n3 level=1\n4 reset high\n5 level=4\n6 shelve high 60\n7 level=1\n8 level=4\n30 level=4\n60 level=4\n70 out high\n71 level=1\n72 back high",
        "1 high raised
         2 high acknowledged by anna
         3 high returned to normal
         4 high reset by anna
         5 high raised
         6 high shelved by anna
         66 high taken up again
         66 high raised (of 8)
         70 high taken out of service by anna
         72 high returned to service by anna",
    );
}

#[test]
fn the_first_of_those_that_hang_together_is_marked() {
    let alarms = alarm("high", ABOVE, "") + &alarm("flow", r#"Above(signal: "plant.pump/flow", limit: 5)"#, "");
    let (_, mut engine) = run(&site(&alarms, ""), "1 flow=6\n2 level=4\n3 flow=1\n4 level=1");
    let first = |engine: &Engine| engine.lives().map(|it| it.first_out).collect::<Vec<_>>();
    assert_eq!(first(&engine), [false, true]);
    let site = Arc::clone(engine.site());
    play(&mut engine, &site, "5 level=4");
    assert_eq!(first(&engine), [true, true]);
}

#[test]
fn three_in_a_minute_chatter_and_a_deadband_calms_them() {
    let script: String =
        (0..12).map(|it| format!("{} level={}\n", it * 5, if it % 2 == 0 { 3.1 } else { 2.9 })).collect();
    let (text, mut engine) = run(&site(&alarm("high", r#"Above(signal: "./level", limit: 3)"#, ""), ""), &script);
    assert_eq!(text.matches("raised").count(), 6);
    assert!(engine.lives().all(|it| it.chattering));
    engine.advance(at(90.0));
    assert!(engine.lives().all(|it| it.chattering));
    engine.advance(at(91.0));
    assert!(!engine.lives().any(|it| it.chattering));
    let (text, engine) = run(&site(&alarm("high", ABOVE, ""), ""), &script);
    assert_eq!(text.matches("raised").count(), 1);
    assert!(!engine.lives().any(|it| it.chattering));
}

#[test]
fn an_expectation_fails_after_its_span_and_is_unknown_where_it_cannot_be_known() {
    let expects = r#"
        (id: "calm", says: "The level stays low", always: "signal('./level') < 3", for_longer_than: 5),
        (id: "never", says: "Nobody knows", always: "signal('plant.pump/flow') < 3"),
    "#;
    let site = site("", expects);
    let (_, mut engine) = run(&site, "1 level=1\n2 level=4\n4 level=1\n10 level=4");
    let states = |engine: &Engine| engine.expectations().map(|it| (it.state, it.n_failures)).collect::<Vec<_>>();
    assert_eq!(states(&engine), [(ExpectState::Broken, 0), (ExpectState::Unknown, 0)]);
    engine.advance(at(15.0));
    assert_eq!(states(&engine), [(ExpectState::Failed, 1), (ExpectState::Unknown, 0)]);
    for line in ["16 level=1", "20 level=4", "30 level=4"] {
        play(&mut engine, &site, line);
    }
    let calm = engine.expectations().next().unwrap();
    let failure = calm.first_failure.clone().unwrap();
    assert_eq!((calm.n_failures, secs(failure.at), secs(failure.known)), (2, 10.0, 15.0));
    assert_eq!(failure.values, [(site.signal_at("plant.tank/level").unwrap().id, 4.0.into())]);
    let never = engine.expectations().nth(1).unwrap();
    assert!(!never.ever_known);
}

#[test]
fn an_edited_site_leaves_what_stands_where_it_was() {
    let before = site(&(alarm("high", ABOVE, "") + &alarm("low", r#"Below(signal: "./level", limit: 1)"#, "")), "");
    let (_, mut engine) = run(&before, "1 level=4\n2 ack high\n3 shelve low 3600");
    // The same numbers for the same addresses, as a reload gives them.
    let after =
        site(&(alarm("high", ABOVE, "latched: true") + &alarm("low", r#"Below(signal: "./level", limit: 2)"#, "")), "");
    engine.take_finds();
    engine.reload(Arc::clone(&after));
    let states: Vec<&str> = engine.lives().map(|it| it.state.label()).collect();
    assert_eq!(states, ["acknowledged", "shelved"]);
    assert_eq!(engine.take_finds().events, []);
    play(&mut engine, &after, "5 level=1");
    play(&mut engine, &after, "3603");
    assert_eq!(
        told(&after, &engine.take_finds().events),
        "5 high returned to normal\n3603 low taken up again\n3603 low raised (of 5)\n"
    );
}

fn many() -> String {
    let mut alarms = String::new();
    for (id, more) in
        [("a", ""), ("b", "on_delay: 3"), ("c", "off_delay: 7"), ("d", "latched: true, on_delay: 1, off_delay: 1")]
    {
        alarms += &alarm(id, ABOVE, more);
    }
    alarms += &alarm("silent", r#"Stale(signal: "./level")"#, "on_delay: 4");
    alarms += &alarm("fast", r#"Rate(signal: "./level", above: 0.1, over: 10)"#, "");
    alarms += &alarm("often", r#"Times(signal: "./level", above: 2, times: 2, within: 20)"#, "");
    alarms += &alarm("old", r#"When("age('./level') > 7.5 && signal('plant.pump/running')")"#, "on_delay: 2");
    alarms += &alarm(
        "low",
        r#"Below(signal: "plant.pump/flow", limit: 1)"#,
        r#"suppressed_while: Some("!signal('plant.pump/running')"), on_delay: 2"#,
    );
    alarms
}

proptest! {
    #[test]
    fn what_is_found_does_not_depend_on_how_the_giving_is_cut(
        steps in proptest::collection::vec((0_u32..400, 0_usize..9, 0.0_f64..5.0), 1..60),
        looks in proptest::collection::vec(0_u32..4000, 0..40),
    ) {
        let site = site(&many(), "(id: \"calm\", says: \"\", always: \"signal('./level') < 4\", for_longer_than: 3),");
        let mut now = 0.0;
        let mut lines: Vec<(f64, String)> = Vec::new();
        for (gap, what, level) in steps {
            now += f64::from(gap) / 10.0;
            lines.push((now, match what {
                0 => format!("{now} running=on"),
                1 => format!("{now} running=off flow=0"),
                2 => format!("{now} flow={level}"),
                3 => format!("{now} level=9"),
                4 => format!("{now} running=on flow={level} level={level}"),
                _ => format!("{now} level={level}"),
            }));
        }
        let mut whole = Engine::new(Arc::clone(&site));
        lines.iter().for_each(|it| play(&mut whole, &site, &it.1));
        whole.advance(at(now + 500.0));
        // The same, looked at in between, as live.
        let mut cut = Engine::new(Arc::clone(&site));
        let mut events = Vec::new();
        let mut lives = Vec::new();
        let mut looks: Vec<f64> = looks.into_iter().map(|it| f64::from(it) / 10.0 - 0.000_000_001).filter(|it| *it > 0.0).collect();
        looks.sort_by(f64::total_cmp);
        let mut looks = looks.into_iter().peekable();
        for (now, line) in &lines {
            while let Some(look) = looks.next_if(|it| it < now) {
                cut.advance(at(look));
                let finds = cut.take_finds();
                events.extend(finds.events);
                lives.extend(finds.lives);
            }
            play(&mut cut, &site, line);
        }
        cut.advance(at(now + 500.0));
        let finds = cut.take_finds();
        events.extend(finds.events);
        lives.extend(finds.lives);
        let want = whole.take_finds();
        prop_assert_eq!(told(&site, &events), told(&site, &want.events));
        prop_assert_eq!(lives, want.lives);
        prop_assert_eq!(cut.expectations().collect::<Vec<_>>(), whole.expectations().collect::<Vec<_>>());
    }
}
