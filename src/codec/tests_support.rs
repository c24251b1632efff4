//! Small sites for tests.

use std::fmt::Write;

use crate::site::doc::ValueKind;
use crate::site::{Ids, Site, load};

/// A site of nothing but signals, numbered in their order: (topic, pointer, pointer of the time, kind).
pub(crate) fn site(signals: &[(&str, Option<&str>, Option<&str>, ValueKind)]) -> Site {
    let mut text = String::new();
    for (id, (topic, path, time, is)) in signals.iter().enumerate() {
        write!(text, "(id: \"s{id}\", topic: {topic:?}, is: {is:?}").unwrap();
        for (name, pointer) in [("path", path), ("time", time)] {
            if let Some(pointer) = pointer {
                write!(text, ", {name}: {pointer:?}").unwrap();
            }
        }
        text.push_str("),");
    }
    let text = format!(
        "(name: \"Test\", place: (latitude: 0, longitude: 0), twins: [(id: \"plant\", kind: Asset, signals: [{text}])])"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.ron");
    std::fs::write(&path, text).unwrap();
    match load(&path, &mut Ids::default()) {
        Ok(loaded) => loaded.site,
        Err(error) => panic!("{error}"),
    }
}
