//! Reads the names of a model's parts, and nothing else of it.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use serde::Deserialize;

use super::find::assets_dir;

/// The part of a model that tells its structure is small, whatever the meshes weigh.
const MAX_JSON: u64 = 64 << 20;

/// Why a model's parts cannot be told.
#[derive(Debug, thiserror::Error)]
pub(super) enum ModelError {
    /// The file is neither beside the site nor among the assets.
    #[error("there is no model {name:?}")]
    Missing {
        /// As it was written.
        name: String,
        /// Where it was looked for.
        searched: Vec<PathBuf>,
    },
    /// The name leads out of the folders.
    #[error("a model's name must not be absolute or lead upwards")]
    Outside,
    /// The file cannot be read.
    #[error("cannot read {}: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is no glTF.
    #[error("{} is no glTF file: {why}", file.display())]
    NotGltf {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// The file of a model: in the site's folder, else in `models/` of the assets.
pub fn find_model(folder: &Path, name: &str) -> Option<PathBuf> {
    if leads_outside(name) {
        return None;
    }
    places(folder, name).into_iter().find(|it| it.is_file())
}

/// Models that were read, each once.
pub(super) struct Models {
    folder: PathBuf,
    read: HashMap<String, Rc<Result<Vec<String>, ModelError>>>,
}

impl Models {
    /// For a site in a folder.
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), read: HashMap::new() }
    }

    /// The names of a model's nodes.
    pub(super) fn parts(&mut self, name: &str) -> Rc<Result<Vec<String>, ModelError>> {
        if let Some(known) = self.read.get(name) {
            return Rc::clone(known);
        }
        let parts = Rc::new(self.read_parts(name));
        self.read.insert(name.to_owned(), Rc::clone(&parts));
        parts
    }

    fn read_parts(&self, name: &str) -> Result<Vec<String>, ModelError> {
        if leads_outside(name) {
            return Err(ModelError::Outside);
        }
        let searched = places(&self.folder, name);
        let Some(file) = find_model(&self.folder, name) else {
            return Err(ModelError::Missing { name: name.to_owned(), searched });
        };
        let json = read_json(&file).map_err(|error| ModelError::Unreadable { file: file.clone(), error })?;
        let json = json.map_err(|why| ModelError::NotGltf { file: file.clone(), why })?;
        let structure: Structure =
            serde_json::from_slice(&json).map_err(|error| ModelError::NotGltf { file, why: error.to_string() })?;
        Ok(structure.nodes.into_iter().filter_map(|it| it.name).collect())
    }
}

#[derive(Deserialize)]
struct Structure {
    #[serde(default)]
    nodes: Vec<NodeName>,
}

#[derive(Deserialize)]
struct NodeName {
    #[serde(default)]
    name: Option<String>,
}

fn places(folder: &Path, name: &str) -> Vec<PathBuf> {
    vec![folder.join(name), assets_dir().join("models").join(name)]
}

fn leads_outside(name: &str) -> bool {
    name.is_empty() || !Path::new(name).components().all(|it| matches!(it, Component::Normal(_) | Component::CurDir))
}

/// The JSON of a `.gltf`, or the first chunk of a `.glb` (glTF 2.0, chapter 4: 12 bytes of header, then chunks of
/// length, type and data; all numbers little-endian).
fn read_json(file: &Path) -> std::io::Result<Result<Vec<u8>, String>> {
    let mut reader = File::open(file)?;
    let mut head = Vec::new();
    Read::by_ref(&mut reader).take(20).read_to_end(&mut head)?;
    let number = |at: usize| head.get(at..at + 4).and_then(|it| it.try_into().ok()).map(u32::from_le_bytes);
    if !head.starts_with(b"glTF") {
        if !head.trim_ascii_start().starts_with(b"{") {
            return Ok(Err("it begins neither with \"glTF\" nor with \"{\"".to_owned()));
        }
        reader.take(MAX_JSON).read_to_end(&mut head)?;
        return Ok(Ok(head));
    }
    if number(4) != Some(2) {
        return Ok(Err("it is not of version 2".to_owned()));
    }
    match (number(12), number(16)) {
        (Some(length), Some(0x4E4F_534A)) if u64::from(length) <= MAX_JSON => {
            let mut json = Vec::new();
            reader.take(length.into()).read_to_end(&mut json)?;
            Ok(if json.len() as u64 == u64::from(length) { Ok(json) } else { Err("it is cut off".to_owned()) })
        }
        _ => Ok(Err("its first chunk is no JSON".to_owned())),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A `.glb` of nodes without meshes.
    pub(crate) fn glb(nodes: &[&str]) -> Vec<u8> {
        let nodes: Vec<_> = nodes.iter().map(|it| serde_json::json!({ "name": it })).collect();
        let mut json = serde_json::json!({ "asset": { "version": "2.0" }, "nodes": nodes }).to_string().into_bytes();
        json.resize(json.len().next_multiple_of(4), b' ');
        let length = json.len() as u32;
        let numbers = [2, 20 + length, length, 0x4E4F_534A];
        [b"glTF".to_vec(), numbers.into_iter().flat_map(u32::to_le_bytes).collect(), json].concat()
    }

    #[track_caller]
    fn check(name: &str, content: &[u8], want: Result<&[&str], &str>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("m.glb"), content).unwrap();
        let got = Models::new(folder.path()).parts(name);
        match (&*got, want) {
            (Ok(got), Ok(want)) => assert_eq!(got, want),
            (Err(got), Err(want)) => assert!(got.to_string().contains(want), "{got}"),
            (got, want) => panic!("{got:?} instead of {want:?}"),
        }
    }

    #[test]
    fn the_names_of_nodes_are_read_and_bad_files_are_told() {
        let good = glb(&["shaft", "volute"]);
        check("m.glb", &good, Ok(&["shaft", "volute"]));
        check("m.glb", br#" { "nodes": [{ "name": "a" }, {}] }"#, Ok(&["a"]));
        check("m.glb", &good[..30], Err("cut off"));
        check("m.glb", &good[..14], Err("first chunk is no JSON"));
        check("m.glb", b"", Err("begins neither"));
        check("m.glb", b"solid", Err("begins neither"));
        check("m.glb", b"{ nodes", Err("no glTF file"));
        check("n.glb", &good, Err("there is no model"));
        check("../m.glb", &good, Err("must not be absolute"));
        check("/etc/passwd", &good, Err("must not be absolute"));
    }
}
