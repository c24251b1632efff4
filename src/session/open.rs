//! What a person means by a file that is opened: a session, a table, a site.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;

/// A file, or a folder, that can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// A recorded session (MCAP).
    Session,
    /// A table (CSV), which is imported first.
    Table,
    /// A site's file or folder.
    Site,
}

/// Why something cannot be opened, with what can be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none.
    #[error("{} is not there", .0.display())]
    Missing(PathBuf),
    /// A folder without a site.
    #[error("the folder {} holds no site.ron; a session (.mcap), a table (.csv) or a site's folder can be opened", .0.display())]
    NoSite(PathBuf),
    /// Something else.
    #[error(
        "{} cannot be opened: it is no session (.mcap), no table (.csv) and no site (site.ron, or its folder)",
        .0.display()
    )]
    Other(PathBuf),
}

/// What a path leads to, by its name.
pub fn what_opens(path: &Path) -> Result<Opens, Refusal> {
    if path.is_dir() {
        let has_site = path.join("site.ron").is_file();
        return if has_site { Ok(Opens::Site) } else { Err(Refusal::NoSite(path.to_owned())) };
    }
    let extension = path.extension().and_then(|it| it.to_str()).map(str::to_ascii_lowercase);
    let opens = match extension.as_deref() {
        Some("mcap") => Opens::Session,
        Some("csv" | "tsv") => Opens::Table,
        Some("ron") => Opens::Site,
        Some(_) | None => return Err(Refusal::Other(path.to_owned())),
    };
    if path.is_file() { Ok(opens) } else { Err(Refusal::Missing(path.to_owned())) }
}

/// The user's folder for sessions that nobody gave a place.
pub fn sessions_dir() -> PathBuf {
    let own = ProjectDirs::from("", "", "pollux").map(|it| it.data_dir().join("sessions"));
    own.unwrap_or_else(|| std::env::temp_dir().join("pollux-sessions"))
}

/// A file of a name that is not taken yet, in a folder: `flow.mcap`, then `flow-2.mcap` and so on.
pub(super) fn free_name(folder: &Path, stem: &str) -> PathBuf {
    let named = |it: u32| match it {
        1 => folder.join(format!("{stem}.mcap")),
        it => folder.join(format!("{stem}-{it}.mcap")),
    };
    (1..u32::MAX).map(named).find(|it| !it.exists()).unwrap_or_else(|| named(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_can_be_opened_is_told_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = |it: &str| folder.path().join(it);
        for name in ["a.mcap", "a.CSV", "site.ron", "a.txt", "a"] {
            fs::write(path(name), "").unwrap();
        }
        fs::create_dir(path("empty")).unwrap();
        assert_eq!(what_opens(&path("a.mcap")), Ok(Opens::Session));
        assert_eq!(what_opens(&path("a.CSV")), Ok(Opens::Table));
        assert_eq!(what_opens(&path("site.ron")), Ok(Opens::Site));
        assert_eq!(what_opens(folder.path()), Ok(Opens::Site));
        assert_eq!(what_opens(&path("empty")), Err(Refusal::NoSite(path("empty"))));
        assert_eq!(what_opens(&path("b.mcap")), Err(Refusal::Missing(path("b.mcap"))));
        for name in ["a.txt", "a"] {
            let refusal = what_opens(&path(name)).unwrap_err().to_string();
            assert!(refusal.contains("no session (.mcap), no table (.csv)"), "{refusal}");
        }
        assert_eq!(free_name(folder.path(), "b"), path("b.mcap"));
        assert_eq!(free_name(folder.path(), "a"), path("a-2.mcap"));
    }
}
