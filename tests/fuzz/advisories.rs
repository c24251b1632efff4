//! What makers publish, as anybody may have written it: it is read as far as it can be, and devices are looked up in it.

use std::fs;
use std::path::Path;

use super::{Target, words};
use crate::guard::advisories::{Identity, Library, Purl, Version, read_text};
use crate::site::report;

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "\"document\"",
    "\"product_tree\"",
    "\"branches\"",
    "\"product\"",
    "\"product_id\"",
    "\"category\"",
    "\"product_version_range\"",
    "\"vulnerabilities\"",
    "\"product_status\"",
    "\"known_affected\"",
    "\"fixed\"",
    "\"remediations\"",
    "\"relationships\"",
    "\"bomFormat\"",
    "\"components\"",
    "\"affects\"",
    "\"statements\"",
    "\"end_of_life\"",
    "\"tba\"",
    "vers:generic/<2.4.1",
    "vers:all/*",
    "vers:npm/>=1|<2|!=1.5",
    "pkg:generic/a/b@1?c=d#e",
    "cpe:2.3:a:b:c:1:*:*:*:*:*:*:*",
    "cpe:/a:b:c",
    "2031-06-30T00:00:00Z",
    "9999-12-31",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "<xml>",
    "ü",
];

#[test]
fn no_advisory_brings_it_down_and_devices_are_looked_up_in_whatever_was_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds = Vec::new();
    for folder in ["scenes/northfield/advisories", "tests/sites/old_parts/advisories"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            seeds.push(fs::read(entry.unwrap().path()).unwrap());
        }
    }
    assert!(seeds.len() > 5);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("advisory.json");
    let known = Library::default();
    assert!(known.is_empty());
    Target { name: "advisories", seeds, words: WORDS }.run(|input| {
        let Ok(text) = std::str::from_utf8(input) else { return "no text".to_owned() };
        let mut library = Library::default();
        read_text(&path, text, &mut library);
        library.index();
        let mut said: String = library.findings.iter().map(|it| words(&it.message)).collect();
        let devices = library.advisories.iter().flat_map(|it| it.claims.iter().map(|it| it.product.identity()));
        let devices = devices.chain(library.bills.iter().map(|it| it.product.identity()));
        let named = Identity::new("Tarnfjord", "F300", Some("1.2.3"), Some("pkg:generic/tarnfjord/f300@1"), None);
        for device in devices.take(50).chain([named]) {
            said += &format!("{}{}", library.concerns(&device).len().min(3), library.bills_of(&device).count().min(3));
            said += if library.support_of(&device).is_some() { "s" } else { "-" };
        }
        if library.findings.len() < 20 && text.len() < 20_000 {
            fs::write(&path, text).unwrap();
            drop(report(&library.findings));
        }
        // Versions and names are texts of their own, and come from sites, too.
        let line = text.lines().next().unwrap_or_default();
        let (one, other) = (Version::new(line), Version::new(text.get(..40).unwrap_or_default()));
        assert_eq!(one.cmp(&other), other.cmp(&one).reverse());
        drop(Purl::read(line));
        said
    });
}
