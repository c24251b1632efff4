//! The text that a site came from, for those who find what is wrong with it later.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::finding::{Finding, Severity};
use super::flat::FlatTwin;
use super::locate::Tree;
use super::model::Site;
use super::problem::Place;

/// A site's text, and where in it the physics stand.
#[derive(Default)]
pub(crate) struct Source {
    file: PathBuf,
    text: String,
    /// By the twin's address.
    physics: HashMap<Arc<str>, Blocks>,
}

#[derive(Default)]
struct Blocks {
    equations: Place,
    /// Of parameters, inputs and outputs, by name.
    names: BTreeMap<String, Place>,
}

impl Source {
    /// Of a file's text and the twins that were made of it.
    pub(super) fn new(file: &Path, text: &str, flats: &[FlatTwin]) -> Self {
        let physics = flats.iter().filter_map(|flat| Some((Arc::clone(&flat.address), Blocks::of(flat)?))).collect();
        Self { file: file.to_owned(), text: text.to_owned(), physics }
    }
}

/// A document of a site may be large: its text is no news.
impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Blocks {
    fn of(flat: &FlatTwin) -> Option<Self> {
        let physics = flat.doc.physics.as_ref()?;
        let lists = [
            ("outputs", physics.outputs.keys().collect::<Vec<_>>()),
            ("params", physics.params.keys().collect()),
            ("inputs", physics.inputs.keys().collect()),
        ];
        let mut blocks = Self { equations: flat.place(".physics.equations"), names: BTreeMap::new() };
        for (list, name) in lists.into_iter().flat_map(|(list, names)| names.into_iter().map(move |it| (list, it))) {
            blocks.names.insert(name.clone(), flat.place(&format!(".physics.{list}[\"{name}\"]@")));
        }
        Some(blocks)
    }
}

impl Site {
    /// An error in a twin's physics that shows when they are compiled. It points at a parameter, an input or an output
    /// where `name` is one, else at the equations; of an address that is no twin's, at the file.
    pub fn physics_finding(&self, twin: &str, name: Option<&str>, message: impl Into<String>) -> Finding {
        let source = &self.source;
        let Some(blocks) = source.physics.get(twin) else {
            return Finding::of_file(Severity::Error, &source.file, message);
        };
        let place = name.and_then(|it| blocks.names.get(it)).unwrap_or(&blocks.equations);
        let span = Tree::new(&source.text).span(&place.path);
        let mut message = message.into();
        if let Some((twin, template)) = &place.made {
            message.push_str(&format!(" (in {twin}, made from template {template:?})"));
        }
        Finding::at(Severity::Error, &source.file, &source.text, (span.start, span.end), message)
    }
}
