//! What files say, and what is found in them. `«…»` in a text marks where a finding must stand.

mod found;
mod made;
mod syntax;

use std::path::Path;

use super::gltf::tests::glb;
use super::*;

/// A site that can be used, around what a test is about.
fn site(content: &str) -> String {
    let place = "place: (latitude: 48.8, longitude: 2.3)";
    let home = "viewpoints: [(id: \"home\", eye: (9, 9, 9), target: (0, 0, 0))]";
    format!("(name: \"T\", {place}, {home},\n{content})")
}

/// Loads a text from a folder that also holds `pump.glb`, with the parts `shaft` and `volute`.
fn load_text(text: impl AsRef<[u8]>, ids: &mut Ids) -> Result<Loaded, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pump.glb"), glb(&["shaft", "volute"])).unwrap();
    let file = folder.path().join("site.ron");
    std::fs::write(&file, text).unwrap();
    load(&file, ids)
}

/// All findings of a text, whether it can be used or not.
fn findings(text: impl AsRef<[u8]>) -> Vec<Finding> {
    match load_text(text, &mut Ids::default()) {
        Ok(loaded) => loaded.findings,
        Err(LoadError::Broken(findings)) => findings,
        Err(error) => panic!("{error}"),
    }
}

/// A text without its marks, and the spans that they mark.
fn unmarked(marked: &str) -> (String, Vec<(usize, usize)>) {
    let mut text = String::new();
    let (mut open, mut marks) = (Vec::new(), Vec::new());
    for c in marked.chars() {
        match c {
            '«' => open.push(text.len()),
            '»' => marks.push((open.pop().unwrap(), text.len())),
            c => text.push(c),
        }
    }
    marks.sort_unstable();
    (text, marks)
}

/// Checks that exactly the wanted findings are found, each at its mark, in the order of the text.
#[track_caller]
fn check_text(marked: &str, want: &[&str]) {
    let (text, marks) = unmarked(marked);
    let found = findings(&text);
    let got: Vec<String> = found
        .iter()
        .map(|it| {
            let line = it.to_string();
            let place = format!("{}:{}:{}: ", it.file.display(), it.line, it.column);
            line.strip_prefix(&place).unwrap_or(&line).to_owned()
        })
        .collect();
    assert_eq!(got, want, "{text}");
    let spans: Vec<(usize, usize)> = found.iter().map(|it| it.span).collect();
    assert_eq!(spans, marks, "{:?}", found.iter().map(|it| &text[it.span.0..it.span.1]).collect::<Vec<_>>());
    for it in &found {
        let line = text.lines().nth(it.line - 1).unwrap_or_default();
        let shown: String = line.chars().skip(it.column - 1).collect();
        assert!(text[it.span.0..].starts_with(shown.as_str()), "line {} column {}", it.line, it.column);
    }
}
