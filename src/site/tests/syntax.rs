//! Findings: what a text must be before anything can be said of its meaning.

use super::*;

#[test]
fn what_is_no_site_is_found_where_it_stops_being_one() {
    check_text(
        r#"(name: "T", «plase»: (latitude: 1.0))"#,
        &[
            "error: unknown field \"plase\" in a site (expected one of \"name\", \"about\", \"place\", \"broker\", \"authority\", \"allow_insecure\", \"templates\", \"twins\", \"flows\", \"props\", \"viewpoints\", \"plots\" and 2 more; did you mean \"place\"?)",
        ],
    );
    check_text(
        r#"(name: "T", place: (latitude: 1, longitude: 2), twins: [(id: "a", kind: «Aset»)])"#,
        &[
            "error: unknown variant \"Aset\" in Kind (expected one of \"Component\", \"Asset\", \"System\", \"Process\"; did you mean \"Asset\"?)",
        ],
    );
    check_text(
        r#"(name: "T", place: (latitude: 1, longitude: 2), twins: [(id: "a", body: «Modle»("x"))])"#,
        &[
            "error: unknown variant \"Modle\" in a body (expected one of \"Model\", \"Pipe\", \"Room\", \"Shell\", \"Slab\", \"Basin\"; did you mean \"Model\"?)",
        ],
    );
    check_text(
        r#"(name: "T", place: (latitude: 1.0«)»)"#,
        &["error: the field \"longitude\" is missing in a place (expected longitude: …)"],
    );
    check_text(
        r#"(name: "T", «name»: "U")"#,
        &["error: the field \"name\" is given twice in a site (remove one of them)"],
    );
    check_text(r#"(name: «5»)"#, &["error: no text stands here (expected a text in quotes)"]);
    check_text(
        r#"(name: "T"
  «place»: (latitude: 1.0))"#,
        &["error: a comma is missing (expected `,` between two values)"],
    );
    check_text(
        r#"(name: "T", place: (latitude: 1, longitude: 2), twins: [(id: "a", kind: «"Asset"»)])"#,
        &["error: no name stands here (expected a name without quotes)"],
    );
    check_text(
        r#"(name: "T", place: (latitude: «"x"», longitude: 2.0))"#,
        &["error: no number stands here (expected a number)"],
    );
    check_text(r#"(name: «"T»"#, &["error: the text that begins here has no end (expected a closing quote)"]);
    check_text(
        r#"(name: "T", place: (latitude: 1, longitude: 2), twins: «(»id: "a"))"#,
        &["error: no list stands here (expected [ … ])"],
    );
    check_text(
        r#"(name: "T", place: (latitude: 1, longitude: 2), twins: [«Twin»(id: "a")])"#,
        &[
            "error: \"Twin\" stands here (expected ( … ), without a name; put ( ) around the fields, and no name before them)",
        ],
    );
    check_text(
        r#"(name: "T", place: (latitude: 1, longitude: 2), twins: []) «extra»"#,
        &["error: something stands after the end (expected nothing after the last `)`)"],
    );
}

#[test]
fn a_name_that_is_given_twice_in_a_map_is_found() {
    let content = r#"twins: [(id: "a", with: {"a": "1", "a": "2"})]"#;
    let found = findings(site(content));
    assert_eq!(found[0].message, "\"a\" is given twice");
    assert_eq!(found[0].span.0, site(content).rfind("a\": \"2").unwrap());
}

#[test]
fn a_bracket_that_is_never_closed_is_named_by_its_line() {
    let found = findings("(name: \"T\",\n twins: [(\n  id: \"a\")\n // a ] in a comment\n");
    assert_eq!(found[0].hint.as_deref(), Some("the `[` in line 2 is never closed"), "{}", found[0]);
    let found = findings("(name: \"T\", place: (latitude: 1, longitude: 1),\n twins: [\n  (id: \"a)\",\n");
    assert_eq!(found[0].hint.as_deref(), Some("the `(` in line 3 is never closed"), "{}", found[0]);
}

#[test]
fn a_file_that_no_parser_should_see_is_refused() {
    assert_eq!(findings(" \n")[0].message, "the file is empty");
    assert_eq!(findings("(".repeat(1_000_000))[0].message, "no name stands here");
    let found = findings(b"(\n  name: \"\xff\")");
    assert_eq!((found[0].line, found[0].column), (2, 10));
    assert_eq!(found[0].message, "a byte that is no UTF-8");
    let found = findings(vec![b' '; (16 << 20) + 1]);
    assert_eq!(found[0].message, "the file is larger than 16 MiB");
}

#[test]
fn brackets_that_stand_too_deep_are_refused_without_harm() {
    for n in [60, 100_000] {
        let found = findings(site(&format!("twins: [{}", "(id: \"a\", twins: [".repeat(n))));
        assert_eq!(found[0].message, "brackets stand too deep in each other");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path(), Path::new("/nowhere/site.ron")] {
        let error = load(path, &mut Ids::default()).unwrap_err().to_string();
        assert!(error.contains("cannot read") && error.contains(path.to_str().unwrap()), "{error}");
    }
}
