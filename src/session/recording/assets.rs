//! The site within a session: its file and models go in as attachments, and come out into a folder.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use mcap::records::op;

use super::reader::{ReadError, Recording};
use super::unpack::RECORD_HEAD;
use crate::site::{self, Site};

/// The attachment that is the site itself.
pub const SITE_ATTACHMENT: &str = "site/site.ron";
/// What stands before the names of the site's files.
const FOLDER: &str = "site/";

/// Why a session's site could not be taken out of it.
#[derive(Debug, thiserror::Error)]
pub enum AssetError {
    /// Its attachment cannot be read.
    #[error("the attachment {name} cannot be read")]
    Damaged {
        /// Which one.
        name: String,
        /// What is wrong.
        source: ReadError,
    },
    /// It cannot be written out.
    #[error("{} cannot be written", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Recording {
    /// All attachments by name, also of a session that is still being recorded: they stand before its first messages.
    pub fn files(&self) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
        let names: Vec<String> = self.attachments().map(|it| it.0.to_owned()).collect();
        if !names.is_empty() {
            return names.into_iter().filter_map(|it| Some(self.attachment(&it)?.map(|data| (it, data)))).collect();
        }
        let mut files = Vec::new();
        let end = self.chunk(0).map_or(0, |it| it.offset);
        let mut at = mcap::MAGIC.len() as u64;
        while at + RECORD_HEAD <= end {
            let head = self.read(at, RECORD_HEAD)?;
            let length = head[1..].iter().rev().fold(0, |sum, it| (sum << 8) | u64::from(*it));
            if head[0] == op::ATTACHMENT {
                files.push(self.attachment_at(at, RECORD_HEAD + length)?);
            }
            at = at.saturating_add(RECORD_HEAD).saturating_add(length);
        }
        Ok(files)
    }
}

/// More bytes of advisories than these do not go into a session: those that come after are left out.
const ADVISORIES_BYTES: u64 = 16 << 20;

/// The files of a site, by the names under which a session keeps them: the site as it was read, its models, and what is
/// published about its devices.
pub fn site_files(site: &Site, text: &[u8]) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = vec![(SITE_ATTACHMENT.to_owned(), text.to_vec())];
    for name in site.model_names() {
        // One that is missing was told when the site was checked.
        if let Some(place) = site::find_model(&site.folder, &name) {
            files.push((format!("{FOLDER}{name}"), fs::read(place)?));
        }
    }
    files.extend(advisories(site)?);
    Ok(files)
}

fn advisories(site: &Site) -> io::Result<Vec<(String, Vec<u8>)>> {
    let Some(folder) = &site.advisories else { return Ok(Vec::new()) };
    // The site finds them again in a folder of the same name.
    let Ok(inside) = folder.strip_prefix(&site.folder) else { return Ok(Vec::new()) };
    let mut paths = Vec::new();
    for entry in folder.read_dir()? {
        paths.push(entry?.path());
    }
    paths.sort();
    let (mut files, mut bytes) = (Vec::new(), 0);
    for path in paths.iter().filter(|it| it.extension().is_some_and(|it| it.eq_ignore_ascii_case("json"))) {
        let size = fs::metadata(path)?.len();
        if let Some(name) = path.file_name().filter(|_| path.is_file() && bytes + size <= ADVISORIES_BYTES) {
            bytes += size;
            let name = inside.join(name).to_string_lossy().into_owned();
            files.push((format!("{FOLDER}{name}"), fs::read(path)?));
        }
    }
    Ok(files)
}

/// Writes a session's site into a folder. Returns the site's file. `None`: there is no site in the session.
pub fn unpack_site(recording: &Recording, folder: &Path) -> Result<Option<PathBuf>, AssetError> {
    let mut found = None;
    let names: Vec<String> = recording.attachments().map(|it| it.0.to_owned()).collect();
    for name in names {
        let Some(inner) = name.strip_prefix(FOLDER) else { continue };
        // A session comes from anywhere: no name may lead out of the folder.
        let safe = Path::new(inner).components().all(|it| matches!(it, Component::Normal(_)));
        let Some(data) = recording.attachment(&name).filter(|_| safe && !inner.is_empty()) else { continue };
        let data = data.map_err(|source| AssetError::Damaged { name: name.clone(), source })?;
        let path = folder.join(inner);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, data))
            .map_err(|source| AssetError::Io { path: path.clone(), source })?;
        if name == SITE_ATTACHMENT {
            found = Some(path);
        }
    }
    Ok(found)
}
