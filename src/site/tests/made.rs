//! Sites that can be used: templates unfolded, references resolved, numbers kept.

use super::super::doc::{BodyDoc, InputDoc, Kind};
use super::*;
use crate::signal::SignalId;

#[track_caller]
fn made(content: &str) -> Site {
    match load_text(site(content), &mut Ids::default()) {
        Ok(loaded) => loaded.site,
        Err(error) => panic!("{error}"),
    }
}

const PUMPS: &str = r#"
templates: {
    "bearing": (params: {"end": ""}, twin: (
        kind: Component, name: "Bearing {end}",
        signals: [(id: "temp", topic: "plant/{end}", path: "/temp", unit: "degC", field: (of: "../temp_{end}"))],
    )),
    "pump": (params: {"n": "", "maker": "Acme"}, twin: (
        kind: Asset, name: "Pump {n}", about: "By {maker}", body: Model("pump.glb"),
        device: (id: "pump-{n}", period: 0.5),
        signals: [(id: "speed", topic: "plant/p{n}", path: "/speed", time: "/t", unit: "rpm", field: (of: "./speed"))],
        commands: [(id: "set", name: "", topic: "plant/p{n}/set", takes: Number(min: 0, max: 1, step: 0.1),
            reports: "./speed", confirm: (within: 1, secs: 5), drives: "./set",
            refused_while: (output: "./speed", reason: "it runs"))],
        looks: [(part: "shaft", signal: "./speed", show: Turn(rpm_per_unit: 1)), (signal: ".de/temp", show: Text)],
        physics: (
            equations: "u_i { speed = {n} } F_i { {not} }",
            params: {"k": (value: 1, unit: "s")},
            inputs: {"set": Set(1), "other": Sum(["./speed", "yard.p1/speed"])},
            outputs: {"speed": "rpm", "temp_d{n}": "degC"},
        ),
        twins: [(id: "de", uses: "bearing", with: {"end": "d{n}"})],
    )),
},
twins: [
    (id: "yard", kind: System, twins: [
        (id: "p1", uses: "pump", with: {"n": "1"}),
        (id: "p2", uses: "pump", name: "The other", about: "Old", at: (pos: (1, 0, 0)), with: {"n": "2", "maker": "Bolt"},
            signals: [(id: "noise", topic: "plant/noise", unit: "dB", period: 3)],
            physics: (params: {"k": (value: 2, unit: "s")}, inputs: {"set": From("yard.p1/speed")}),
            commands: []),
    ]),
    (id: "work", kind: Process, involves: ["yard", "yard.p1.de"]),
],
flows: [(from: "yard.p1", to: "yard.p2", medium: "water")]
"#;

#[test]
fn a_template_is_unfolded_with_its_parameters() {
    let site = made(&PUMPS.replace("inputs: {\"set\": From(\"yard.p1/speed\")}", "inputs: {}"));
    let addresses: Vec<&str> = site.twins.iter().map(|it| &*it.address).collect();
    assert_eq!(addresses, ["yard", "yard.p1", "yard.p1.de", "yard.p2", "yard.p2.de", "work"]);
    let (p1, p2) = (site.twin_at("yard.p1").unwrap(), site.twin_at("yard.p2").unwrap());
    assert_eq!((p1.name.as_str(), p1.about.as_str(), p1.kind), ("Pump 1", "By Acme", Kind::Asset));
    assert_eq!((p2.name.as_str(), p2.about.as_str(), p2.at.pos), ("The other", "Old", (1.0, 0.0, 0.0)));
    assert_eq!(p2.body, Some(BodyDoc::Model("pump.glb".to_owned())));
    assert_eq!(site.twin_at("yard.p2.de").unwrap().name, "Bearing d2");
    let keys: Vec<&str> = site.signals_of(p2.id).map(|it| it.key.as_str()).collect();
    assert_eq!(keys, ["speed", "noise"]);
    let physics = p2.physics.as_ref().unwrap();
    assert_eq!(physics.equations, "u_i { speed = 2 } F_i { {not} }");
    assert_eq!(physics.params["k"].value, 2.0);
    assert!(physics.outputs.contains_key("temp_d2"));
}

#[test]
fn relative_references_become_absolute() {
    let site = made(&PUMPS.replace("inputs: {\"set\": From(\"yard.p1/speed\")}", "inputs: {}"));
    let temp = site.signal_at("yard.p2.de/temp").unwrap();
    assert_eq!(temp.field.as_ref().unwrap().of, "yard.p2/temp_d2");
    assert_eq!(temp.topic, "plant/d2");
    let p2 = site.twin_at("yard.p2").unwrap();
    assert_eq!(p2.looks[1].signal, temp.id);
    let inputs = &p2.physics.as_ref().unwrap().inputs;
    assert_eq!(inputs["other"], InputDoc::Sum(vec!["yard.p2/speed".to_owned(), "yard.p1/speed".to_owned()]));
    let command = site.commands_of(p2.id).next().unwrap();
    assert_eq!((&*command.address, command.name.as_str()), ("yard.p2/set", "set"));
    assert_eq!(command.drives.as_deref(), Some("yard.p2/set"));
    assert_eq!(command.refused_while.as_ref().unwrap().output, "yard.p2/speed");
    assert_eq!(command.confirm.signal, command.reports);
    let work: Vec<&str> =
        site.twin_at("work").unwrap().involves.iter().map(|it| &*site.twin(*it).unwrap().address).collect();
    assert_eq!(work, ["yard", "yard.p1.de"]);
}

#[test]
fn a_signal_comes_as_often_as_it_says_or_as_its_device_does() {
    let site = made(&PUMPS.replace("inputs: {\"set\": From(\"yard.p1/speed\")}", "inputs: {}"));
    let period = |it: &str| site.signal_at(it).unwrap().period;
    assert_eq!((period("yard.p1/speed"), period("yard.p1.de/temp"), period("yard.p2/noise")), (0.5, 0.5, 3.0));
    let (speaker, device) = site.device_of(site.twin_at("yard.p1.de").unwrap().id).unwrap();
    assert_eq!((&*speaker.address, device.id.as_str()), ("yard.p1", "pump-1"));
}

#[test]
fn what_a_twin_adds_to_its_template_is_checked_with_it() {
    let found = findings(site(PUMPS));
    assert_eq!(found.len(), 1);
    let message = "no command can set the input \"yard.p2/set\": another block sets it (From) (in yard.p2, made from template \"pump\")";
    assert_eq!(found[0].message, message);
}

#[test]
fn children_and_parents_find_each_other() {
    let site = made(&PUMPS.replace("inputs: {\"set\": From(\"yard.p1/speed\")}", "inputs: {}"));
    let names = |it| site.children_of(it).map(|it| &*it.address).collect::<Vec<_>>();
    assert_eq!(names(None), ["yard", "work"]);
    assert_eq!(names(site.twin_at("yard").map(|it| it.id)), ["yard.p1", "yard.p2"]);
    assert_eq!(site.flows.len(), 1);
    for signal in &site.signals {
        assert_eq!(site.signal(signal.id).unwrap().address, signal.address);
    }
    for command in &site.commands {
        assert_eq!(site.command(command.id).unwrap().address, command.address);
    }
    assert!(site.signal(SignalId(99)).is_none() && site.twin_at("yard.p3").is_none());
}

#[test]
fn numbers_stay_with_their_addresses_over_reloads() {
    let twin = |id: &str| format!("(id: \"{id}\", kind: Asset, signals: [(id: \"s\", topic: \"t/{id}\")])");
    let text =
        |ids: &[&str]| site(&format!("twins: [{}]", ids.iter().map(|it| twin(it)).collect::<Vec<_>>().join(",")));
    let mut ids = Ids::default();
    let number =
        |site: &Site, it: &str| (site.twin_at(it).unwrap().id.0, site.signal_at(&format!("{it}/s")).unwrap().id.0);
    let first = load_text(text(&["a", "b", "c"]), &mut ids).unwrap().site;
    let (a, b, c) = (number(&first, "a"), number(&first, "b"), number(&first, "c"));
    assert_eq!([a, b, c], [(0, 0), (1, 1), (2, 2)]);

    let second = load_text(text(&["d", "c", "a"]), &mut ids).unwrap().site;
    assert_eq!((number(&second, "a"), number(&second, "c")), (a, c));
    assert_eq!(number(&second, "d"), (3, 3), "a number is never used again");
    assert_eq!((second.signal_capacity, second.twin_capacity), (4, 4));
    assert!(second.signal(SignalId(b.1)).is_none());
    assert_eq!(&*second.signal(SignalId(c.1)).unwrap().address, "c/s");

    let before = format!("{ids:?}").len();
    assert!(matches!(load_text(text(&["x", "x"]), &mut ids), Err(LoadError::Broken(_))));
    assert_eq!(format!("{ids:?}").len(), before, "a broken edit gives no numbers");

    let third = load_text(text(&["b", "e"]), &mut ids).unwrap().site;
    assert_eq!((number(&third, "b"), number(&third, "e")), (b, (4, 4)));
}

#[test]
fn a_hundred_thousand_twins_load() {
    let twins: String = (0..100_000)
        .map(|it| {
            format!(
                "(id:\"a{it}\",kind:Asset,signals:[(id:\"s\",topic:\"t/{it}\")],looks:[(signal:\"./s\",show:Text)]),"
            )
        })
        .collect();
    let site = made(&format!("twins: [{twins}]"));
    assert_eq!((site.twins.len(), site.signals.len()), (100_000, 100_000));
    assert_eq!(&*site.signal_at("a99999/s").unwrap().topic, "t/99999");
}

#[test]
fn templates_that_multiply_without_end_are_stopped() {
    let params = r#"(params: {"x": "aaaaaaaaaaaaaaaa"}, twin: (kind: Asset"#;
    let row = |name: &str, next: &str| {
        let with = r#"with: {"x": "{x}{x}{x}{x}{x}{x}{x}{x}"}"#;
        let twins: Vec<String> = (0..10).map(|it| format!("(id: \"i{it}\", uses: \"{next}\", {with})")).collect();
        format!("\"{name}\": {params}, twins: [{}]))", twins.join(","))
    };
    let rows: Vec<String> = ["a", "b", "c", "d", "e", "f", "g"].windows(2).map(|it| row(it[0], it[1])).collect();
    let last = r#""g": (params: {"x": ""}, twin: (kind: Asset, about: "{x}"))"#;
    let text = format!("templates: {{{}, {last}}}, twins: [(id: \"a\", uses: \"a\")]", rows.join(","));
    let found = findings(site(&text));
    assert!(found.iter().any(|it| it.message.contains("MiB of text")), "{:?}", found[0]);
    let text = text
        .replace(r#", with: {"x": "{x}{x}{x}{x}{x}{x}{x}{x}"}"#, "")
        .replace(r#""g": (params: {"x": ""}"#, r#""g": (params: {"x": "1"}"#);
    let found = findings(site(&text));
    assert!(found.iter().any(|it| it.message.contains("more than 250000 twins")), "{:?}", found[0]);
}

#[test]
fn what_the_compiler_finds_in_physics_has_a_place_too() {
    let content = PUMPS.replace("inputs: {\"set\": From(\"yard.p1/speed\")}", "inputs: {}");
    let text = site(&content);
    let made = made(&content);
    #[track_caller]
    fn check(site: &Site, text: &str, twin: &str, name: Option<&str>, want: &str) {
        let finding = site.physics_finding(twin, name, "it is wrong");
        assert_eq!(&text[finding.span.0..finding.span.1], want, "{finding}");
    }
    check(&made, &text, "yard.p1", None, "\"u_i { speed = {n} } F_i { {not} }\"");
    check(&made, &text, "yard.p1", Some("temp_d1"), "\"temp_d{n}\"");
    check(&made, &text, "yard.p2", Some("other"), "\"other\"");
    let finding = made.physics_finding("yard.p2", Some("k"), "it is wrong");
    assert_eq!(finding.span.0, text.rfind("\"k\"").unwrap(), "where the twin itself says it, not its template");
    let finding = made.physics_finding("yard.p1", Some("k"), "it is wrong");
    assert_eq!(finding.message, "it is wrong (in yard.p1, made from template \"pump\")");
    assert_eq!(made.physics_finding("yard", None, "it is wrong").line, 0);
}

/// The blocks of RON in the documentation for authors.
fn documented() -> Vec<&'static str> {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/scenes/README.md"));
    text.split("```ron\n").skip(1).filter_map(|it| it.split("```").next()).collect()
}

#[test]
fn the_documented_site_is_good() {
    assert_eq!(findings(documented()[0]), []);
}

#[test]
fn the_documented_pieces_are_good() {
    let blocks = documented();
    let (signal, command, alarms, templates) = (blocks[1].trim(), blocks[2].trim(), blocks[3].trim(), blocks[4].trim());
    let physics = r#"physics: (equations: "u_i { speed = 1 }", inputs: {"run": Set(0)}, outputs: {"speed": "rpm", "locked": ""})"#;
    let state = r#"(id: "run_set", topic: "plant/p1/run", is: Flag)"#;
    let level = r#"(id: "level", topic: "plant/tank/level", unit: "m")"#;
    let tank = format!("(id: \"tank\", kind: Asset, signals: [{level}], {alarms})");
    let twin = format!(
        "(id: \"a\", kind: Asset, device: (id: \"d\"), signals: [{signal}, {state}], commands: [{command}], {physics}, twins: [{tank}])"
    );
    assert_eq!(findings(site(&format!("twins: [{twin}]"))), []);
    assert_eq!(findings(site(templates)), []);
}

#[test]
fn all_units_are_documented() {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/scenes/README.md"));
    for unit in crate::signal::Unit::all().map(crate::signal::Unit::symbol).filter(|it| !it.is_empty()) {
        assert!(text.contains(&format!("`{unit}`")), "{unit}");
    }
}
