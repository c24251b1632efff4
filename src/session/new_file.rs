//! A file that is being made: it takes its name when it is whole, and leaves nothing behind otherwise.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// What is to become of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is written.
    Keep,
    /// It makes room once the new one is whole.
    Replace,
}

/// A file under way. Dropped before [`NewFile::finish`], it is gone.
#[derive(Debug)]
pub struct NewFile {
    path: PathBuf,
    existing: Existing,
    /// Beside its place, under a name of its own. `None`: the place is a pipe or a device, and is written to as it is.
    part: Option<NamedTempFile>,
    file: File,
}

impl NewFile {
    /// Begins a file. One that is there and is to stay is an error of the kind `AlreadyExists`.
    pub fn begin(path: &Path, existing: Existing) -> io::Result<Self> {
        // A link stays a link: what it leads to is written.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(found) if !found.is_file() => {
                let file = File::options().write(true).open(&path)?;
                return Ok(Self { path, existing, part: None, file });
            }
            Ok(_) if existing == Existing::Keep => return Err(io::ErrorKind::AlreadyExists.into()),
            Ok(_) | Err(_) => (),
        }
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut builder = Builder::new();
        let prefix = format!(".{name}.");
        builder.prefix(&prefix).suffix(".part");
        readable_as_usual(&mut builder);
        let part = builder.tempfile_in(folder)?;
        let file = part.as_file().try_clone()?;
        Ok(Self { path, existing, part: Some(part), file })
    }

    /// Where to write.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// It is whole: it takes its name.
    pub fn finish(self) -> io::Result<()> {
        match (self.part, self.existing) {
            (None, _) => Ok(()),
            (Some(part), Existing::Keep) => part.persist_noclobber(&self.path).map(drop).map_err(|it| it.error),
            (Some(part), Existing::Replace) => part.persist(&self.path).map(drop).map_err(|it| it.error),
        }
    }
}

/// A temporary file is its owner's alone; one that stays is not.
#[cfg(unix)]
fn readable_as_usual(builder: &mut Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn readable_as_usual(_: &mut Builder<'_, '_>) {}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_is_there_when_it_is_whole_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let names = || fs::read_dir(folder.path()).unwrap().count();
        let new = NewFile::begin(&path, Existing::Keep).unwrap();
        new.file().write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(new);
        assert_eq!(names(), 0);

        let new = NewFile::begin(&path, Existing::Keep).unwrap();
        new.file().write_all(b"whole").unwrap();
        new.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        let kind = NewFile::begin(&path, Existing::Keep).unwrap_err().kind();
        assert_eq!(kind, io::ErrorKind::AlreadyExists);

        let new = NewFile::begin(&path, Existing::Replace).unwrap();
        new.file().write_all(b"other").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        new.finish().unwrap();
        assert_eq!((fs::read(&path).unwrap().as_slice(), names()), (b"other".as_slice(), 1));
    }
}
