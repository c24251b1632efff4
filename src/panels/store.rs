//! The layout between two runs: a JSON file in the folder that the system keeps for settings.

use std::fs;
use std::path::{Path, PathBuf};

use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};

use super::layout::{Layout, Pane};
use super::plot::PlotState;
use crate::site::Site;

/// Where the layout is kept.
#[derive(Resource, Debug, Clone, Default, PartialEq, Eq)]
pub struct LayoutStore {
    /// The file. `None`: nothing is kept, as in tests and without a window.
    pub file: Option<PathBuf>,
}

/// The file's shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayoutDoc {
    /// Of the shape of this file.
    pub version: u32,
    /// Where the panels stand. `None`: as on the first day.
    pub tiles: Option<egui_tiles::Tree<Pane>>,
    /// Addresses of the signals that are plotted.
    pub plotted: Vec<String>,
    /// Seconds that the plots show.
    pub plot_secs: f64,
    /// Nothing slides or fades.
    pub reduced_motion: bool,
}

/// Why a layout could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// The file cannot be read or written.
    #[error("the layout file {} cannot be used", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no layout.
    #[error("the layout file {} is no layout", path.display())]
    NoLayout {
        /// Which file.
        path: PathBuf,
        /// What the reader says.
        source: serde_json::Error,
    },
    /// A layout of another version, or one whose tiles do not fit together.
    #[error("the layout file {} was made by another version, or is broken", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
}

const VERSION: u32 = 1;

impl LayoutStore {
    /// The user's own file, where the system says that settings are kept.
    pub fn user() -> Self {
        let folder = directories::ProjectDirs::from("", "", "pollux");
        Self { file: folder.map(|it| it.config_dir().join("layout.json")) }
    }

    /// Reads the file. `None`: there is none yet, or nothing is kept.
    pub fn load(&self) -> Result<Option<LayoutDoc>, LayoutError> {
        let Some(path) = &self.file else { return Ok(None) };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(LayoutError::Io { path: path.clone(), source }),
        };
        let doc: LayoutDoc =
            serde_json::from_str(&text).map_err(|source| LayoutError::NoLayout { path: path.clone(), source })?;
        let sound = doc.tiles.clone().is_none_or(|it| Layout::from_tiles(it).is_some());
        if doc.version == VERSION && sound { Ok(Some(doc)) } else { Err(LayoutError::Foreign { path: path.clone() }) }
    }

    /// Writes the file; a half-written one never takes the old one's place.
    pub fn save(&self, doc: &LayoutDoc) -> Result<(), LayoutError> {
        let Some(path) = &self.file else { return Ok(()) };
        let io = |source| LayoutError::Io { path: path.clone(), source };
        let text =
            serde_json::to_string_pretty(doc).map_err(|source| LayoutError::NoLayout { path: path.clone(), source })?;
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(io)?;
        let beside = path.with_extension("json.new");
        fs::write(&beside, text).map_err(io)?;
        fs::rename(&beside, path).map_err(io)
    }
}

impl LayoutDoc {
    /// What is worth keeping.
    pub fn new(layout: &Layout, plot: &PlotState, reduced_motion: bool, site: &Site) -> Self {
        let plotted = plot.signals.iter().filter_map(|it| site.signal(*it)).map(|it| it.address.to_string());
        Self {
            version: VERSION,
            tiles: (!layout.untouched).then(|| layout.tiles.clone()),
            plotted: plotted.collect(),
            plot_secs: plot.last_secs,
            reduced_motion,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn doc() -> LayoutDoc {
        let mut plot = PlotState::default();
        plot.toggle(crate::signal::SignalId(2));
        let mut layout = Layout::default();
        layout.untouched = false;
        LayoutDoc::new(&layout, &plot, true, &fixture::site())
    }

    #[test]
    fn what_was_kept_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = LayoutStore { file: Some(folder.path().join("new/layout.json")) };
        assert!(store.load().unwrap().is_none());
        store.save(&doc()).unwrap();
        assert_eq!(store.load().unwrap(), Some(doc()));
        assert_eq!(doc().plotted, ["pumping.p2/speed"]);
    }

    #[test]
    fn a_broken_file_is_named_and_harms_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("layout.json");
        let store = LayoutStore { file: Some(file.clone()) };
        for text in [
            "",
            "{}",
            "[1, 2]",
            "\u{0}\u{1}",
            r#"{"version":9,"tiles":null,"plotted":[],"plot_secs":1,"reduced_motion":false}"#,
        ] {
            fs::write(&file, text).unwrap();
            let error = store.load().unwrap_err().to_string();
            assert!(error.contains("layout.json"), "{text:?}: {error}");
        }
        fs::write(
            &file,
            serde_json::to_string(&LayoutDoc { tiles: Some(egui_tiles::Tree::empty("x")), ..doc() }).unwrap(),
        )
        .unwrap();
        assert!(matches!(store.load(), Err(LayoutError::Foreign { .. })));
    }

    #[test]
    fn nothing_is_kept_without_a_file() {
        let store = LayoutStore::default();
        store.save(&doc()).unwrap();
        assert!(store.load().unwrap().is_none());
    }
}
