//! Finds a site by what a person calls it, and the folders that come with the program.

use std::path::{Path, PathBuf};

use super::load::LoadError;
use super::near::did_you_mean;

/// The file that describes a site.
const SITE_FILE: &str = "site.ron";

/// The file of a site: `site` is a folder that holds `site.ron`, a name under `scenes/`, or the file itself.
pub fn find(site: &Path) -> Result<PathBuf, LoadError> {
    let places =
        [site.to_owned(), site.join(SITE_FILE), scenes_dir().join(site), scenes_dir().join(site).join(SITE_FILE)];
    if let Some(found) = places.into_iter().find(|it| it.is_file()) {
        return Ok(found);
    }
    if site.extension().is_some_and(|it| it == "ron") {
        return Err(LoadError::NoFile(site.to_owned()));
    }
    let scenes = scenes();
    let near =
        site.file_name().and_then(|it| it.to_str()).and_then(|it| did_you_mean(it, scenes.iter().map(String::as_str)));
    let list = match scenes.as_slice() {
        [] => format!("there are no scenes in {} either", scenes_dir().display()),
        scenes => format!("the scenes in {} are: {}", scenes_dir().display(), scenes.join(", ")),
    };
    let hint = near.map_or(list.clone(), |near| format!("{near} {list}"));
    Err(LoadError::NotFound { site: site.to_owned(), has_folder: site.is_dir(), hint })
}

/// The names under [`scenes_dir`], sorted.
fn scenes() -> Vec<String> {
    let entries = std::fs::read_dir(scenes_dir()).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|it| it.path().join(SITE_FILE).is_file())
        .filter_map(|it| it.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// The folder of models, shaders and fonts: `POLLUX_ASSETS`, else `assets` beside the program, where it was built, or here.
pub fn assets_dir() -> PathBuf {
    shipped("POLLUX_ASSETS", "assets")
}

/// The folder of the sites that come with the program: `POLLUX_SCENES`, else `scenes`, looked for as [`assets_dir`].
pub fn scenes_dir() -> PathBuf {
    shipped("POLLUX_SCENES", "scenes")
}

fn shipped(variable: &str, name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os(variable).filter(|it| !it.is_empty()) {
        return folder.into();
    }
    let beside_program = std::env::current_exe().ok().and_then(|it| Some(it.parent()?.join(name)));
    let where_built = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    beside_program.into_iter().chain([where_built]).find(|it| it.is_dir()).unwrap_or_else(|| PathBuf::from(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_found_by_its_folder_and_by_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("site.ron");
        std::fs::write(&file, "()").unwrap();
        assert_eq!(find(folder.path()).unwrap(), file);
        assert_eq!(find(&file).unwrap(), file);
    }

    #[test]
    fn a_site_that_is_not_there_is_told_with_those_that_are() {
        let folder = tempfile::tempdir().unwrap();
        let error = find(folder.path()).unwrap_err().to_string();
        assert!(error.contains("holds no site.ron"), "{error}");
        let error = find(Path::new("atlantis")).unwrap_err().to_string();
        assert!(error.contains("there is no site \"atlantis\"") && error.contains("scenes"), "{error}");
        let error = find(Path::new("atlantis/site.ron")).unwrap_err().to_string();
        assert_eq!(error, "no such file: atlantis/site.ron");
    }
}
