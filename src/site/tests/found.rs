//! Findings: what a site says must make sense.

use super::*;

/// Findings of what stands in a site that is good otherwise.
#[track_caller]
fn check(content: &str, want: &[&str]) {
    check_text(&site(content), want);
}

#[test]
fn what_is_wrong_with_ids_is_found() {
    check(r#"twins: «[]»"#, &["error: a site without twins (expected twins: [(id: \"…\", kind: Asset)])"]);
    check(r#"twins: [(id: «"a"»)]"#, &["error: a has no kind (expected kind: Component, Asset, System or Process)"]);
    check(
        r#"twins: [(id: «"Pump 1"», kind: Asset)]"#,
        &["error: \"Pump 1\" is no id (expected letters a-z, digits and _; write \"pump_1\")"],
    );
    check(r#"twins: [«(kind: Asset)»]"#, &["error: a twin without id (expected id: \"…\", unique among its siblings)"]);
    check(
        r#"twins: [(id: "a", kind: Asset), (id: "b", kind: Asset),
 (id: «"a"», kind: Asset)]"#,
        &["error: there is another twin \"a\" (the first one is in line 2)"],
    );
    check(
        r#"twins: [(id: "a", kind: Asset, signals: [(id: "s", topic: "t/1"), (id: «"s"», topic: "t/2")])]"#,
        &["error: there is another signal \"s\" (the first one is in line 2)"],
    );
    check(
        r#"templates: {"a": (params: {«"N"»: "1"}, twin: (kind: Asset))}, twins: [(id: "a", uses: "a")]"#,
        &["error: a bad name for a parameter (expected letters a-z, digits and _)"],
    );
}

#[test]
fn what_is_wrong_with_signals_is_found() {
    check(
        r#"twins: [(id: "a", kind: Asset, signals: [(id: "s", topic: "t", path: "/x"), (id: "r", topic: «"t"», path: "/x")])]"#,
        &["error: another signal takes \"/x\" of the topic \"t\" (the first one is in line 2)"],
    );
    check(
        r#"twins: [(id: "a", kind: Asset, signals: [(id: "s", topic: "t"), (id: "r", topic: «"t"»)])]"#,
        &["error: another signal takes the whole payload of the topic \"t\" (the first one is in line 2)"],
    );
    check(
        r#"twins: [(id: "a", kind: Asset, signals: [(id: «"S"», topic: «"a/#"», path: «"x.y"», time: «"~"», unit: «"Bar"», range: «(5, 1)», period: «0», decimals: «40»)])]"#,
        &[
            "error: \"S\" is no id (expected letters a-z, digits and _; write \"s\")",
            "error: the topic holds a wildcard (expected a topic, such as site/pump/state; each signal needs a topic of its own, without + and #)",
            "error: \"x.y\" is no JSON Pointer: it must begin with / (expected a JSON Pointer (RFC 6901), such as /speed or /motor/power; write \"/x/y\")",
            "error: \"~\" is no JSON Pointer: a bare ~ (expected a JSON Pointer (RFC 6901), such as /speed or /motor/power; a ~ in a name is written ~0, a / is written ~1)",
            "error: \"Bar\" is not a unit that Pollux knows (expected a unit of the list of `pollux check --units`; did you mean \"bar\"?)",
            "error: the range is upside down: 5 is not below 1 (expected (lowest, highest); write (1, 5))",
            "error: a period of 0 (expected a number above 0)",
            "error: 40 digits after the point (expected 0 to 12)",
        ],
    );
    check(
        r#"twins: [(id: "a", kind: Asset, signals: [(id: "s", topic: "t", unit: «"furlong"», field: «(of: "./y")»)],
 physics: (equations: "u_i { y = 0 }", outputs: {"y": "m"}))]"#,
        &[
            "error: \"furlong\" is not a unit that Pollux knows (expected a unit of the list of `pollux check --units`)",
            "error: no device sends this signal (expected a `device` on this twin or on one above it)",
        ],
    );
    check(
        r#"twins: [(id: "a", kind: Asset, device: (id: "d"), signals: [
 (id: "s", topic: "1", unit: "m", field: (of: «"./yy"»)),
 (id: "t", topic: "2", unit: "m", field: (of: «"y"»)),
 (id: "u", topic: "3", unit: "m", field: (of: «"b/y"»)),
 (id: "v", topic: "4", unit: "m", field: (of: «"a.c/y"»)),
 (id: "w", topic: "5", unit: «"bar"», field: (of: "./y", noise: «-1», step: «-2»)),
 (id: "x", topic: "6", is: Text, field: «(of: "./y")»)],
 physics: (equations: "u_i { y = 0 }", outputs: {"y": "m"}), twins: [(id: "d", kind: Asset)])]"#,
        &[
            "error: \"./yy\": a has no output \"yy\" (expected \"y\"; did you mean \"y\"?)",
            "error: \"y\" names no output (expected twin/output, such as pumping.p1/speed or ./speed; write \"./y\")",
            "error: there is no twin \"b\" (expected \"a\")",
            "error: there is no twin \"a.c\" (expected below a: \"d\")",
            "warning: the signal is in \"bar\", what it measures in \"m\" (expected the same unit: nothing is converted)",
            "error: noise of -1 (expected 0 or more)",
            "error: a step of -2 (expected 0 or more)",
            "error: a text that is measured needs names for 0, 1, 2, … (expected names: [\"closed\", \"open\"])",
        ],
    );
}

#[test]
fn what_is_wrong_with_devices_and_commands_is_found() {
    check(
        r#"twins: [(id: "a", kind: Asset, device: (id: "d", status: «"$SYS/x"», period: «-1»)), (id: "b", kind: Asset, device: (id: «"d"»)), (id: "c", kind: Asset, device: (id: «"x y"»))]"#,
        &[
            "error: topics that begin with $ belong to the broker (expected a topic, such as site/pump/state; remove the $)",
            "error: a period of -1 (expected a number above 0)",
            "error: there is another device \"d\" (the first one is in line 2)",
            "error: \"x y\" is no MQTT client id (expected a text without spaces, such as northfield-p1)",
        ],
    );
    check(
        r#"twins: [(id: "a", kind: Asset, device: (id: "d"), signals: [(id: "s", topic: "t"), (id: "on", topic: "o", is: Flag), (id: "name", topic: "n", is: Text)],
physics: (equations: "e", inputs: {"set": Set(0), "h": HourOfDay}),
commands: [
 (id: "c", name: "c", topic: "c", takes: Number(min: 0, max: 1, step: 0.1), reports: «"./sp"», confirm: (secs: 1), drives: «"./h"»),
 (id: "d", name: "c", topic: «""», takes: «Number(min: 5, max: 1, step: «0»)», reports: «"./name"», confirm: (secs: «0»), drives: «"./sett"»),
 (id: "e", name: "c", topic: "c", takes: Switch(on: "a", off: "b"), reports: "./on", confirm: (signal: «"./s"», secs: 1), drives: "./set"),
 (id: «"e"», name: "c", topic: "c", takes: Switch(on: "a", off: "b"), reports: "./on", confirm: (secs: 1), refused_while: (output: «"./zz"», reason: "r")),
])]"#,
        &[
            "error: \"./sp\": a has no signal \"sp\" (expected one of \"s\", \"on\", \"name\"; did you mean \"s\"?)",
            "error: no command can set the input \"a/h\": the clock sets it (HourOfDay) (expected an input that is a Set)",
            "error: the topic is empty (expected a topic, such as site/pump/state)",
            "error: the range is upside down: 5 is not below 1 (expected (lowest, highest); write (1, 5))",
            "error: a step of 0 (expected a number above 0)",
            "error: a text cannot report this command (expected a signal that is a Number)",
            "error: a time of 0 (expected a number above 0)",
            "error: \"./sett\": a has no input \"sett\" (expected one of \"h\", \"set\"; did you mean \"set\"?)",
            "error: a number confirms a switch only with a threshold (expected confirm: (threshold: …) or a signal that is a Flag)",
            "error: there is another command \"e\" (the first one is in line 7)",
            "error: \"./zz\": a has no output \"zz\" (expected none: a has no outputs)",
        ],
    );
}

#[test]
fn devices_that_share_a_topic_must_be_signed_alike() {
    let two = |one: &str, other: &str, topic: &str| {
        format!(
            r#"twins: [(id: "a", kind: Asset, device: (id: "d"{one}), signals: [(id: "s", topic: "t", path: "/a"), (id: "r", topic: "t", path: "/b")]),
(id: "b", kind: Asset, device: (id: "e"{other}), signals: [(id: "s", topic: {topic}, path: "/c")])]"#
        )
    };
    let wrong = "error: the devices \"d\" and \"e\" share the topic \"t\", and are not signed alike (expected a topic of its own for each, or the same `signing` and `keys` on both; the first one is in line 2)";
    let required = r#", signing: Required"#;
    check(&two("", required, r#"«"t"»"#), &[wrong]);
    check(&two(required, required, r#"«"t"»"#), &[wrong]);
    check(&two(required, r#", signing: Vouched("d")"#, r#"«"t"»"#), &[wrong]);
    check(&two(required, "", r#""u""#), &[]);
    check(&two("", "", r#""t""#), &[]);
    let alike = r#", signing: Required, keys: ["k"]"#;
    check(&two(alike, alike, r#""t""#), &[]);
    let vouched = r#", signing: Vouched("gw")"#;
    check(&two(vouched, vouched, r#""t""#), &[]);
}

#[test]
fn what_is_wrong_with_the_inventory_of_a_device_is_found() {
    check(
        r#"twins: [(id: "a", kind: Asset, device: (id: "d", inventory: (maker: «""», model: "M", firmware: «" "», purl: «"M"», cpe: «"cpe:2.3:o:m"»,
 end_of_support: «"31.12.2029"», crypto: Signed, installed: «"2030"»))), (id: "b", kind: Asset, device: (id: "e",
 inventory: (maker: "A", model: "M", end_of_support: "2019-12-31", installed: «"2020-01-01"»)))]"#,
        &[
            "error: a device without maker (expected the maker as advisories call it)",
            "error: an empty firmware (leave firmware out where it is not known)",
            "error: \"M\" is no package URL (expected a package URL, such as \"pkg:generic/maker/model@2.4.1\")",
            "error: 2 parts after cpe:2.3, where a CPE name has 11 (expected a CPE 2.3 name, such as \"cpe:2.3:o:maker:model_firmware:2.4.1:*:*:*:*:*:*:*\"; add :*:*:*:*:*:*:*:*:*)",
            "error: \"31.12.2029\" is no day (expected a day of ISO 8601, such as \"2029-12-31\"; write \"2029-12-31\")",
            "error: \"2030\" is no day (expected a day of ISO 8601, such as \"2029-12-31\"; write \"2030-12-31\")",
            "warning: it was installed on 2020-01-01, after its updates had ended on 2019-12-31",
        ],
    );
    check(
        r#"advisories: «"../x"», twins: [(id: "a", kind: Asset)]"#,
        &[
            "error: the folder of advisories must not be absolute or lead upwards (expected a folder beside site.ron, such as \"advisories\")",
        ],
    );
    check(
        r#"advisories: «"notes"», twins: [(id: "a", kind: Asset)]"#,
        &[
            "warning: there is no folder \"notes\" beside site.ron (expected a folder beside site.ron, such as \"advisories\"; make it, or leave `advisories` out)",
        ],
    );
    check(
        r#"templates: {"t": (params: {"end": "", "v": ""}, twin: (kind: Asset, device: (id: "d-{v}", inventory: (maker: "A", model: "M", firmware: "{v}", end_of_support: «"{end}"»))))},
twins: [(id: "a", uses: "t", with: {"v": "1", "end": "2029-13-01"}), (id: "b", uses: "t", with: {"v": "2", "end": "2029-12-31"})]"#,
        &[
            "error: \"2029-13-01\" is no day (in a, made from template \"t\") (expected a day of ISO 8601, such as \"2029-12-31\")",
        ],
    );
}

#[test]
fn what_is_wrong_with_physics_is_found() {
    check(
        r#"twins: [(id: "a", kind: Asset, physics: (equations: «"  "», params: {«"x"»: (value: 1, unit: «"zz"»)}, inputs: {"x": Set(1), "p": From(«"./q"»), "s": Sum(["./y", «"./z"»]), "h": Daily(«[(3, 1), (2, 1)]»)}, outputs: {"y": «"mm2"»}))]"#,
        &[
            "error: the physics of a has no equations (expected DiffSL: states u_i and their rates F_i)",
            "error: \"x\" is both a parameter and an input (expected different names)",
            "error: \"zz\" is not a unit that Pollux knows (expected a unit of the list of `pollux check --units`; did you mean \"Hz\"?)",
            "error: \"./q\": a has no output \"q\" (expected \"y\")",
            "error: \"./z\": a has no output \"z\" (expected \"y\")",
            "error: this is no curve over a day (expected (hour, value) with hours from 0 to 24, each later than the one before)",
            "error: \"mm2\" is not a unit that Pollux knows (expected a unit of the list of `pollux check --units`; did you mean \"mm\"?)",
        ],
    );
    check(
        r#"templates: {"t": (params: {"k": ""}, twin: (kind: Asset, physics: (equations: "{k}", outputs: {"{k}": «"zz"»}), signals: [(id: "s", topic: "t/{k}", field: (of: «"./nope"»))]))},
twins: [(id: "a", uses: "t", with: {"k": "y"}, device: (id: "d"), physics: (outputs: {"x": «"qq"»}))]"#,
        &[
            "error: \"zz\" is not a unit that Pollux knows (in a, made from template \"t\") (expected a unit of the list of `pollux check --units`; did you mean \"Hz\"?)",
            "error: \"./nope\": a has no output \"nope\" (in a, made from template \"t\") (expected one of \"x\", \"y\")",
            "error: \"qq\" is not a unit that Pollux knows (expected a unit of the list of `pollux check --units`)",
        ],
    );
}

#[test]
fn what_is_wrong_with_looks_is_found() {
    check(
        r#"twins: [(id: "a", kind: Asset, body: Model("pump.glb"), signals: [(id: "s", topic: "t"), (id: "name", topic: "n", is: Text)], looks: [
 (part: «"shft"», signal: "./s", show: Turn(rpm_per_unit: 1)),
 (signal: «"./speed"», show: Text),
 (signal: «"./name"», show: Turn(rpm_per_unit: 1)),
 (signal: "./s", show: «Flow(speed_per_unit: 1)»),
 (signal: "./s", show: «Scale(from: 1, to: 1)»),
 (signal: "./s", show: Rules([(when: Above(1), means: Alarm), (when: «Below(1)», means: Normal)])),
 (signal: "./s", show: Rules(«[]»)),
 (signal: "./s", show: Rules([(when: «Always», means: Alarm), (when: «Is("x")», means: Off), (when: Always, means: Normal)])),
 (signal: "./name", show: Rules([(when: «On», means: Alarm), (when: Is("x"), means: Off), (when: Always, means: Normal)])),
]), (id: "b", kind: Asset, looks: [(part: «"x"», signal: "a/s", show: «Glow(from: 0, to: 1)»)])]"#,
        &[
            "error: the model \"pump.glb\" has no part \"shft\" (expected one of \"shaft\", \"volute\"; did you mean \"shaft\"?)",
            "error: \"./speed\": a has no signal \"speed\" (expected one of \"s\", \"name\")",
            "error: a text cannot drive Turn (expected a signal that is a Number or a Flag; a text can drive Rules and Text)",
            "error: a is no pipe (expected a twin whose body is a Pipe)",
            "error: from and to are the same (expected two different values)",
            "error: the last rule must hold in any case (expected when: Always; add (when: Always, means: Normal))",
            "error: the last rule must hold in any case (expected when: Always; add (when: Always, means: Normal))",
            "warning: the rules after this one never hold (expected Always at the end alone)",
            "error: only a text can be something (expected Above, Below, Between, On or Off)",
            "error: a text is neither a number nor a flag (expected Is(\"…\"))",
            "error: the body of b has no part \"x\" (expected no part: it has none)",
            "warning: b has no body to show Glow on (expected a body, or the look on the twin that has it)",
        ],
    );
}

#[test]
fn what_is_wrong_with_bodies_is_found() {
    check(
        r#"twins: [(id: "b", kind: Asset, body: Model(«"../x.glb"»))]"#,
        &["error: a model's name must not be absolute or lead upwards"],
    );
    check(
        r#"twins: [(id: "a", kind: Asset, at: (pos: (0, «inf», 0), scale: «0»), body: Pipe(path: «[(0, 0, 0)]», diameter: «0»)),
 (id: "b", kind: Asset, body: Pipe(path: [(0, 0, 0), «(0, 0, 0)», (1, 0, 0)], diameter: 1)),
 (id: "c", kind: Asset, body: Room(plan: «[(0, 0), (1, 0)]», height: 1)),
 (id: "d", kind: Asset, body: Room(plan: «[(0, 0), (4, 0), (4, 3), (0, 3)]», height: 3)),
 (id: "e", kind: Asset, body: Shell(plan: [(0, 0), (0, 3), (4, 3), (4, 0)], height: 3, openings: [
  (wall: «4», along: 1, width: 1, height: 1), (wall: 0, along: «2.8», width: 1, height: 1), (wall: 1, along: 2, width: 1, height: «2.5», sill: 1), (wall: 1, along: 2, width: «0», height: 1)])),
 (id: "f", kind: Asset, body: Slab(size: (1, «-1»), thickness: 1)),
 (id: "g", kind: Asset, body: Basin(size: (1, 1), depth: «0», wall: 1))]"#,
        &[
            "error: a coordinate of inf (expected a finite number)",
            "error: a scale of 0 (expected a number above 0)",
            "error: a pipe of less than two points (expected at least two points)",
            "error: a diameter of 0 (expected a number above 0)",
            "error: a point that is the same as the one before (remove it)",
            "error: a floor plan of less than three corners (expected at least three corners)",
            "warning: the corners run clockwise (expected counter-clockwise, seen from above; reverse the list; the openings' walls count anew)",
            "error: there is no wall 4 (expected 0 to 3: the plan has 4 edges)",
            "error: the opening leads beyond wall 0, which is 3.00 m long (expected its middle between 0.50 and 2.50)",
            "error: the opening leads beyond the wall, which is 3 m high (expected sill and height within the wall's height)",
            "error: a width of 0 (expected a number above 0)",
            "error: a size of -1 (expected a number above 0)",
            "error: a depth of 0 (expected a number above 0)",
        ],
    );
    check(
        r#"twins: [(id: "a", kind: Asset)], props: [(body: Slab(size: (1, 1), thickness: «0»), at: [(scale: «0»)])]"#,
        &["error: a thickness of 0 (expected a number above 0)", "error: a scale of 0 (expected a number above 0)"],
    );
}

#[test]
fn references_that_lead_nowhere_are_found() {
    check(
        r#"twins: [(id: "a", kind: Asset, twins: [(id: "b", kind: Asset)], involves: ["a.b", ".b", «".c"», «"..x"», «"...x"», «""», «"a.bb"», «"b"»])],
flows: [(from: "a", to: «"a.x"», medium: "water", along: «"a.b"»), (from: «"./a"», to: "a", medium: "w")]"#,
        &[
            "error: there is no twin \".c\", which is a.c (expected below a: \"b\")",
            "error: there is no twin \"..x\", which is x (expected \"a\")",
            "error: 3 dots lead above the top of the tree (expected an address, such as pumping.p1)",
            "error: an empty reference (expected a twin, such as pumping.p1)",
            "error: there is no twin \"a.bb\" (expected below a: \"b\"; did you mean \"a.b\"?)",
            "error: there is no twin \"b\" (expected \"a\"; did you mean \"a.b\"?)",
            "error: there is no twin \"a.x\" (expected below a: \"b\")",
            "error: a.b is no pipe (expected a twin whose body is a Pipe)",
            "error: a relative reference where there is no twin to start at (expected an address, such as pumping.p1)",
        ],
    );
}

#[test]
fn what_is_wrong_with_the_site_is_found() {
    check(
        r#"twins: [(id: "a", kind: Asset)], broker: «"mqtt://me:secret@host"», field_speed: «0»,"#,
        &[
            "error: a broker with credentials (expected mqtt://host:port alone: a site file is no place for secrets; set POLLUX_MQTT_USER and POLLUX_MQTT_PASSWORD in the environment)",
            "error: a speed of 0 (expected a number above 0)",
        ],
    );
    check(
        r#"twins: [(id: "a", kind: Asset)], broker: «"mqtt://plant"»,"#,
        &[
            "warning: mqtt://plant:1883 carries everything in plain text over the network (expected mqtts://host:port, or a broker on this machine; without TLS it is used only with allow_insecure: true, or with --allow-insecure)",
        ],
    );
    check(r#"twins: [(id: "a", kind: Asset)], broker: "mqtt://plant", allow_insecure: true,"#, &[]);
}

#[test]
fn what_is_wrong_with_templates_is_found() {
    check(
        r#"twins: [(id: "a", uses: «"pmp"»), (id: "b", «with»: {"x": "1"}, kind: Asset)], templates: {«"pump"»: (twin: (kind: Asset))}"#,
        &[
            "error: there is no template \"pmp\" (expected \"pump\"; did you mean \"pump\"?)",
            "error: parameters without a template (expected `uses` as well)",
            "warning: template \"pump\" is never used",
        ],
    );
    check(
        r#"templates: {"pump": (params: {"n": "", "m": "0"}, twin: (kind: Asset, signals: [(id: "s", topic: "t/{n}/{m}", unit: «"baz"»)],
  about: «"{o}"»))},
twins: [(id: "a", uses: "pump", with: {"n": "1"}), (id: "b", uses: «"pump"»), (id: "c", uses: "pump", with: {"n": "3", «"k"»: "2"})]"#,
        &[
            "error: \"baz\" is not a unit that Pollux knows (in a, made from template \"pump\", and 2 more) (expected a unit of the list of `pollux check --units`; did you mean \"bar\"?)",
            "error: {o} is no parameter of the template (add \"o\" to the template's params)",
            "error: template \"pump\" needs its parameter \"n\" (add it: with: { \"n\": \"…\" })",
            "error: template \"pump\" has no parameter \"k\" (expected one of \"m\", \"n\")",
        ],
    );
    check(
        r#"templates: {"a": (twin: (kind: Asset, twins: [(id: "x", uses: "b")])), "b": (twin: (uses: «"a"»))}, twins: [(id: "a", uses: "a")]"#,
        &["error: template \"a\" uses itself: a → b → a"],
    );
}

#[test]
fn a_model_that_is_not_there_is_found_with_the_places_where_it_should_be() {
    let found = findings(site("twins: [(id: \"a\", kind: Asset, body: Model(\"pmp.glb\"))]"));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "there is no model \"pmp.glb\"");
    let expected = found[0].expected.as_deref().unwrap();
    assert!(expected.contains("/pmp.glb or ") && expected.ends_with("models/pmp.glb"), "{expected}");
}

#[test]
fn a_place_that_is_not_on_earth_is_found() {
    check_text(
        r#"(name: «""», place: (latitude: «91», longitude: «-180.5», time_zone: «"Europe/Brlin"»), twins: [(id: "a", kind: Asset)],
viewpoints: [(id: «"Home"», eye: (1, 1, 1), target: «(1, 1, 1)»)])"#,
        &[
            "error: a site without name (expected the name on the screen)",
            "error: a latitude of 91 (expected degrees from -90 to 90)",
            "error: a longitude of -180.5 (expected degrees from -180 to 180)",
            "error: there is no time zone \"Europe/Brlin\" (expected a name of the IANA database, such as \"Europe/Berlin\"; did you mean \"Europe/Berlin\"?)",
            "error: \"Home\" is no id (expected letters a-z, digits and _; write \"home\")",
            "error: the target is where the eye is (expected another point)",
        ],
    );
}

#[test]
fn what_is_plotted_at_first_is_a_signal_that_can_be() {
    check(
        r#"plots: ["a/flow", «"a/flo"», «"a/state"»],
twins: [(id: "a", kind: Asset, signals: [(id: "flow", topic: "f", unit: "L/s"), (id: "state", topic: "s", is: Text)])]"#,
        &[
            "error: \"a/flo\": a has no signal \"flo\" (expected one of \"flow\", \"state\"; did you mean \"flow\"?)",
            "error: \"a/state\" is a text, and texts cannot be plotted (expected a number or a flag)",
        ],
    );
}

#[test]
fn a_site_without_viewpoints_is_warned_of() {
    let text = r#"(name: "T", place: (latitude: 1, longitude: 1), twins: [(id: "a", kind: Asset)])"#;
    let loaded = load_text(text, &mut Ids::default()).unwrap();
    assert_eq!(loaded.findings.len(), 1);
    assert_eq!(loaded.findings[0].severity, Severity::Warning);
    assert!(loaded.findings[0].message.starts_with("a site without viewpoints"), "{}", loaded.findings[0]);
}

#[test]
fn of_very_many_findings_the_first_are_shown_and_the_rest_is_counted() {
    let twins: Vec<String> = (0..2000).map(|it| format!("(id: \"a{it}\")")).collect();
    let found = findings(site(&format!("twins: [{}]", twins.join(","))));
    assert_eq!(found.len(), 501);
    assert_eq!(found[500].message, "1500 more findings are not shown");
}
