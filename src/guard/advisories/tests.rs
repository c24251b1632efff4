//! Documents as makers publish them, small; and that no document whatever does harm.

use std::path::Path;

use proptest::prelude::*;

use super::*;

/// Valves of a maker, of which those below 2.4.1 are affected; one product is in each status.
const CSAF: &str = r#"{
  "document": {
    "category": "csaf_vex", "csaf_version": "2.0", "title": "Valves",
    "publisher": { "category": "vendor", "name": "Arbo", "namespace": "https://arbo.example" },
    "tracking": { "id": "ARBO-1", "status": "final", "version": "1" },
    "aggregate_severity": { "text": "important" },
    "references": [{ "category": "self", "summary": "this", "url": "https://arbo.example/1" }]
  },
  "product_tree": {
    "branches": [{ "category": "vendor", "name": "Arbo", "branches": [
      { "category": "product_name", "name": "Valve 7", "branches": [
        { "category": "product_version_range", "name": "vers:generic/<2.4.1", "product": { "product_id": "OLD", "name": "Valve 7 <2.4.1" } },
        { "category": "product_version", "name": "2.4.1", "product": { "product_id": "NEW", "name": "Valve 7 2.4.1" } }
      ]},
      { "category": "product_name", "name": "Valve 8", "product": { "product_id": "EIGHT", "name": "Valve 8",
        "product_identification_helper": { "purl": "pkg:generic/arbo/valve-8" } } },
      { "category": "product_family", "name": "Pumps", "branches": [
        { "category": "product_name", "name": "P9", "product": { "product_id": "NINE", "name": "Pumps P9" } }
      ]},
      { "category": "product_name", "name": "Core", "branches": [
        { "category": "product_version", "name": "5.0", "product": { "product_id": "CORE", "name": "Core 5.0" } }
      ]},
      { "category": "product_name", "name": "Box", "product": { "product_id": "BOX", "name": "Box" } }
    ]}],
    "product_groups": [{ "group_id": "G", "product_ids": ["OLD", "NINE"] }],
    "relationships": [{ "category": "installed_on", "product_reference": "CORE", "relates_to_product_reference": "BOX",
      "full_product_name": { "product_id": "CORE-BOX", "name": "Core 5.0 on Box" } }]
  },
  "vulnerabilities": [{
    "cve": "CVE-2026-1000", "title": "The password is in the clear",
    "product_status": { "known_affected": ["OLD", "CORE-BOX"], "fixed": ["NEW"], "known_not_affected": ["EIGHT"], "under_investigation": ["NINE"] },
    "flags": [{ "label": "vulnerable_code_not_present", "product_ids": ["EIGHT"] }],
    "scores": [{ "products": ["OLD"], "cvss_v3": { "version": "3.1", "baseScore": 9.8, "baseSeverity": "CRITICAL" } }],
    "remediations": [
      { "category": "mitigation", "details": "Keep it apart.", "group_ids": ["G"] },
      { "category": "vendor_fix", "details": "Update.", "product_ids": ["OLD"], "url": "https://arbo.example/u" }
    ]
  }]
}"#;

/// A controller made of two parts; one weakness is in the library, one was looked into and is not there.
const CYCLONEDX: &str = r#"{
  "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
  "metadata": { "component": { "type": "device", "bom-ref": "me", "name": "Panel 3", "version": "1.2", "manufacturer": { "name": "Arbo" } } },
  "components": [
    { "type": "firmware", "bom-ref": "fw", "name": "panel-firmware", "version": "1.2", "components": [
      { "type": "library", "bom-ref": "mq", "name": "tinymq", "version": "0.9", "supplier": { "name": "Tiny" }, "purl": "pkg:generic/tinymq@0.9",
        "hashes": [{ "alg": "SHA-256", "content": "ab" }] }
    ]}
  ],
  "vulnerabilities": [
    { "id": "CVE-2026-2000", "ratings": [{ "score": 5.5, "severity": "medium", "method": "CVSSv31" }], "description": "Leaks.\nMuch.",
      "analysis": { "state": "exploitable" }, "affects": [{ "ref": "urn:cdx:1/1#mq" }], "recommendation": "Restart it." },
    { "id": "CVE-2026-2001", "analysis": { "state": "not_affected", "justification": "code_not_reachable" }, "affects": [{ "ref": "mq" }] },
    { "id": "CVE-2026-2002", "affects": [{ "ref": "mq", "versions": [{ "range": "vers:generic/<0.5", "status": "affected" }] }] }
  ]
}"#;

const OPENEOX: &str = r#"{
  "$schema": "https://docs.oasis-open.org/openeox/tbd/schema/shell.json",
  "statements": [
    { "core": { "end_of_life": "2031-06-30T00:00:00Z", "end_of_security_support": "2028-12-31T23:59:59+02:00", "last_updated": "2026-01-01T00:00:00Z" },
      "vendorName": "Arbo", "productName": "Valve 7", "productVersion": "vers:all/*" },
    { "core": { "end_of_life": "tba", "end_of_security_support": "tba", "last_updated": "2026-01-01T00:00:00Z" },
      "vendorName": "Arbo", "productName": "Valve 7", "productVersion": "3.0" }
  ]
}"#;

fn library(texts: &[&str]) -> Library {
    let mut library = Library::default();
    for (n, text) in texts.iter().enumerate() {
        read_text(Path::new(&format!("{n}.json")), text, &mut library);
    }
    library.index();
    library
}

fn device(maker: &str, model: &str, firmware: Option<&str>) -> Identity {
    Identity::new(maker, model, firmware, None, None)
}

/// What concerns a device: weakness, state, certainty, part, and the version in which it is mended.
#[track_caller]
fn check(library: &Library, device: &Identity, want: &[(&str, VexState, bool, Option<&str>, Option<&str>)]) {
    let concerns = library.concerns(device);
    let got: Vec<_> = concerns
        .iter()
        .map(|it| (it.advisory.weakness.as_str(), it.state, it.certain, it.through, it.fixed_in.as_deref()))
        .collect();
    assert_eq!(got, want);
}

#[test]
fn an_advisory_concerns_the_versions_that_it_names() {
    let library = library(&[CSAF]);
    assert_eq!(library.findings, []);
    let cve = "CVE-2026-1000";
    check(&library, &device("ARBO", "valve-7", Some("2.4")), &[(cve, VexState::Affected, true, None, Some("2.4.1"))]);
    check(&library, &device("Arbo", "Valve 7", Some("V2.4.1")), &[(cve, VexState::Fixed, true, None, None)]);
    check(&library, &device("Arbo", "Valve 7", Some("3")), &[]);
    check(&library, &device("Arbo", "Valve 7", None), &[(cve, VexState::Affected, false, None, Some("2.4.1"))]);
    check(&library, &device("Arbo", "P9", Some("1")), &[(cve, VexState::UnderInvestigation, true, None, None)]);
    check(&library, &device("Arbo", "Box", Some("5.0")), &[(cve, VexState::Affected, true, None, None)]);
    check(&library, &device("Arbo", "Box", Some("5.1")), &[]);
    check(&library, &device("Brao", "Valve 7", Some("2.4")), &[]);
}

#[test]
fn an_advisory_says_how_bad_it_is_why_not_and_what_to_do() {
    let library = library(&[CSAF]);
    let old = library.concerns(&device("Arbo", "Valve 7", Some("2"))).remove(0);
    assert_eq!((old.score, old.advisory.severity), (Some(9.8), Severity::Critical));
    assert_eq!(old.mend, Some("Update. (https://arbo.example/u)"));
    assert_eq!(old.advisory.link.as_deref(), Some("https://arbo.example/1"));
    let eight = Identity::new("Whoever", "Valve VIII", Some("1"), Some("pkg:generic/Arbo/valve-8@1"), None);
    let eight = library.concerns(&eight).remove(0);
    assert_eq!((eight.state, eight.why), (VexState::NotAffected, Some("the vulnerable code is not present in it")));
    let nine = library.concerns(&device("Arbo", "P9", None)).remove(0);
    assert_eq!(nine.mend, Some("Mitigation: Keep it apart."));
}

#[test]
fn a_weakness_of_a_part_concerns_the_product_that_it_is_in() {
    let library = library(&[CYCLONEDX]);
    assert_eq!(library.findings, []);
    let part = Some("tinymq 0.9");
    check(
        &library,
        &device("Arbo", "Panel 3", Some("1.2")),
        &[
            ("CVE-2026-2000", VexState::Affected, true, part, None),
            ("CVE-2026-2001", VexState::NotAffected, true, part, None),
        ],
    );
    check(&library, &device("Arbo", "Panel 3", Some("1.3")), &[]);
    let bills: Vec<_> = library.bills_of(&device("Arbo", "Panel 3", Some("1.2"))).collect();
    let parts: Vec<_> = bills[0].parts.iter().map(|it| (it.product.name.as_str(), it.sha256.as_deref())).collect();
    assert_eq!(parts, [("panel-firmware 1.2", None), ("tinymq 0.9", Some("ab"))]);
}

#[test]
fn what_is_said_of_a_part_elsewhere_reaches_the_product_unless_its_maker_has_looked() {
    let of_the_library = CSAF
        .replace("\"name\": \"Valve 7\"", "\"name\": \"tinymq\"")
        .replace("\"name\": \"Arbo\", \"branches\"", "\"name\": \"Tiny\", \"branches\"")
        .replace("<2.4.1", "<1.0")
        .replace("\"2.4.1\"", "\"1.0\"");
    let panel = device("Arbo", "Panel 3", Some("1.2"));
    let part = Some("tinymq 0.9");
    let of = |cve: &str| library(&[CYCLONEDX, &of_the_library.replace("CVE-2026-1000", cve)]);
    check(
        &of("CVE-2026-1000"),
        &panel,
        &[
            ("CVE-2026-1000", VexState::Affected, true, part, Some("1.0")),
            ("CVE-2026-2000", VexState::Affected, true, part, None),
            ("CVE-2026-2001", VexState::NotAffected, true, part, None),
        ],
    );
    check(
        &of("CVE-2026-2001"),
        &panel,
        &[
            ("CVE-2026-2000", VexState::Affected, true, part, None),
            ("CVE-2026-2001", VexState::NotAffected, true, part, None),
        ],
    );
}

#[test]
fn of_several_dates_the_one_for_the_version_counts() {
    let library = library(&[OPENEOX]);
    assert_eq!(library.findings, []);
    let end = |firmware| library.support_of(&device("Arbo", "Valve 7", firmware)).map(|it| it.0);
    let security = Some(Until::Day(jiff::civil::date(2028, 12, 31)));
    assert_eq!(end(Some("2.0")), security);
    assert_eq!(end(Some("3.0")), Some(Until::NotAnnounced));
    assert_eq!(end(None), security, "what holds for all versions is certain");
    assert!(library.support_of(&device("Arbo", "Valve 8", None)).is_none());
}

#[test]
fn dates_may_belong_to_a_product_tree() {
    let text = r#"{ "$schema": "https://docs.oasis-open.org/openeox/tbd/schema/shell_csaf.json",
      "product_tree": { "branches": [{ "category": "vendor", "name": "Arbo", "branches": [
        { "category": "product_name", "name": "Valve 7", "product": { "product_id": "A", "name": "Valve 7" } }] }] },
      "statements": [{ "core": { "end_of_life": "2027-01-31T00:00:00Z" }, "product_ids": ["A"] }] }"#;
    let library = library(&[text]);
    assert_eq!(library.findings, []);
    let end = library.support_of(&device("Arbo", "Valve 7", Some("1"))).map(|it| it.0);
    assert_eq!(end, Some(Until::Day(jiff::civil::date(2027, 1, 31))));
}

/// The findings of a text: line, column, message and hint.
#[track_caller]
fn check_findings(text: &str, want: &[&str]) {
    let got: Vec<String> = library(&[text]).findings.iter().map(ToString::to_string).collect();
    assert_eq!(got, want);
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_place() {
    check_findings(
        "{\n  \"document\": ]",
        &["0.json:2:15: error: this is no advisory: expected value (mend the JSON, or take the file out)"],
    );
    check_findings(
        "<bom/>",
        &[
            "0.json:1:1: error: this is XML (expected a CSAF 2.0 advisory, an OpenEoX shell or a CycloneDX bill of materials, as JSON; publish it as JSON)",
        ],
    );
    check_findings(
        "{}",
        &[
            "0.json: error: this is none of the documents that are known (expected a CSAF 2.0 advisory, an OpenEoX shell or a CycloneDX bill of materials, as JSON)",
        ],
    );
    check_findings(
        "{ \"document\": {\n \"csaf_version\": 2 } }",
        &[
            "0.json:2:18: error: this is no CSAF 2.0 document: invalid type: integer `2`, expected a string (see CSAF 2.0, section 3: document, product_tree and vulnerabilities)",
        ],
    );
    check_findings(
        "{ \"end_of_life\": \"tba\" }",
        &[
            "0.json: error: dates of support that belong to no product (put them into a shell: statements: [{ core: { … }, vendorName, productName, productVersion }])",
        ],
    );
    check_findings(
        "{ \"statements\": [\n{ \"core\": { \"end_of_life\": \"soon\" }, \"productName\": \"x\" }, { \"core\": {} }] }",
        &[
            "0.json:2:28: warning: \"soon\" is no date (write an instant of RFC 3339, such as \"2029-12-31T23:59:59Z\", or \"tba\")",
            "0.json: warning: a statement that names no product (give it vendorName and productName, or product_ids of a product_tree)",
        ],
    );
}

#[test]
fn what_does_not_fit_together_is_told_and_the_rest_is_read() {
    let text = CSAF
        .replace("vers:generic/<2.4.1", "before 2.4.1")
        .replace("\"fixed\": [\"NEW\"]", "\"fixed\": [\"NEU\"]")
        .replace("\"csaf_version\": \"2.0\"", "\"csaf_version\": \"2.1\"");
    let found = library(&[&text, "{", CSAF]);
    let got: Vec<String> = found.findings.iter().map(|it| format!("{}: {}", it.line, it.message)).collect();
    let want = [
        "3: this is CSAF 2.1: what it has in common with 2.0 is read",
        "12: \"before 2.4.1\" is no range of versions: every version may be meant",
        "31: the product id \"NEU\" stands in no product tree",
        "1: this is no advisory: EOF while parsing an object",
    ];
    assert_eq!(got, want);
    let concerns = found.concerns(&device("Arbo", "Valve 7", Some("9")));
    assert_eq!(concerns.len(), 1, "an unreadable range rules nothing out");
    assert!(!concerns[0].certain);
    assert_eq!(found.advisories.len(), 2);
}

#[test]
fn a_folder_is_read_file_by_file() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("b.json", CSAF), ("a.json", "]"), ("c.JSON", OPENEOX), ("README.md", "# Notes")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::write(folder.path().join("d.json"), [b'{', 0xff, b'}']).unwrap();
    std::fs::create_dir(folder.path().join("e.json")).unwrap();
    let big = std::fs::File::create(folder.path().join("f.json")).unwrap();
    big.set_len((32 << 20) + 1).unwrap();
    let library = read(folder.path());
    assert_eq!((library.advisories.len(), library.lifecycles.len()), (1, 2));
    let told: Vec<String> =
        library.findings.iter().map(|it| it.to_string().rsplit('/').next().unwrap_or_default().to_owned()).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("a.json:1:1: error: this is no advisory"), "{told:?}");
    assert!(told[1].starts_with("d.json:1:2: error: a byte that is no UTF-8"), "{told:?}");
    assert!(told[2].starts_with("f.json: error: the file is larger than 32 MiB"), "{told:?}");
    assert!(read(&folder.path().join("nowhere")).findings[0].message.contains("cannot be read"));
}

#[test]
fn what_stands_too_deep_is_refused_without_harm() {
    let deep = |open: &str, n| format!("{{\"document\": {}", open.repeat(n));
    assert_eq!(library(&[&deep("[", 100_000)]).findings.len(), 1);
    let branches = r#"{"category": "vendor", "name": "a", "branches": ["#.repeat(100);
    let text = CSAF.replace("\"branches\": [{ \"category\": \"vendor\"", &format!("\"branches\": [{branches}"));
    assert_eq!(library(&[&text]).findings.len(), 1);
}

/// A document with one of its bytes changed, a part left out, or a part twice.
fn broken(document: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let bytes = document.as_bytes();
    let length = bytes.len();
    prop_oneof![
        (0..length, any::<u8>()).prop_map(move |(at, byte)| {
            let mut bytes = bytes.to_vec();
            bytes[at] = byte;
            bytes
        }),
        (0..length, 0..length).prop_map(move |(a, b)| [&bytes[..a.min(b)], &bytes[a.max(b)..]].concat()),
        (0..length, 0..length).prop_map(move |(a, b)| [&bytes[..a.max(b)], &bytes[a.min(b)..]].concat()),
    ]
}

/// One value of a document in the place of another: all that JSON can be where something else was expected.
fn exchanged(document: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let values = [
        "null",
        "1e999",
        "-1",
        "[]",
        "{}",
        "\"\"",
        "true",
        "[[\"OLD\"]]",
        "\"vers:a/>=1|<\"",
        "\"cpe:2.3:\"",
        "\"pkg:@\"",
    ];
    let quotes: Vec<usize> = document.match_indices('"').map(|it| it.0).collect();
    let starts: Vec<usize> = quotes.chunks(2).map(|it| it[0]).collect();
    (proptest::sample::select(starts), proptest::sample::select(values.to_vec())).prop_map(move |(start, value)| {
        let end = document[start + 1..].find('"').map_or(document.len(), |it| start + it + 2);
        [&document.as_bytes()[..start], value.as_bytes(), &document.as_bytes()[end..]].concat()
    })
}

fn harmless(bytes: &[u8]) {
    let library = library(&[&String::from_utf8_lossy(bytes)]);
    for model in ["Valve 7", "Valve 8", "P9", "Box", "Panel 3"] {
        for firmware in [None, Some("1.2"), Some("2.4.1")] {
            let device = device("Arbo", model, firmware);
            let _ = (library.concerns(&device), library.support_of(&device), library.bills_of(&device).count());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_bring_the_readers_down(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        harmless(&bytes);
    }

    #[test]
    fn no_broken_document_brings_them_down(bytes in prop_oneof![broken(CSAF), broken(CYCLONEDX), broken(OPENEOX)]) {
        harmless(&bytes);
    }

    #[test]
    fn no_value_in_a_wrong_place_brings_them_down(
        bytes in prop_oneof![exchanged(CSAF), exchanged(CYCLONEDX), exchanged(OPENEOX)],
    ) {
        harmless(&bytes);
    }
}
