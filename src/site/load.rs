//! Reads a site's file: the text, its syntax, and all that is to be said about what it means.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::build::build;
use super::finding::{Finding, Severity};
use super::ids::Ids;
use super::model::Site;
use super::problem::Problems;
use super::syntax::parse;

/// A file larger than this is no site that a person wrote.
const MAX_BYTES: u64 = 16 << 20;

/// A site that can be used.
#[derive(Debug)]
pub struct Loaded {
    /// The site.
    pub site: Site,
    /// Warnings.
    pub findings: Vec<Finding>,
}

/// Why a site cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such site.
    #[error("{}; {hint}", if *has_folder {
        format!("the folder {} holds no site.ron", site.display())
    } else {
        format!("there is no site {:?}", site.display().to_string())
    })]
    NotFound {
        /// As it was asked for.
        site: PathBuf,
        /// Whether at least a folder of this name is there.
        has_folder: bool,
        /// What there is.
        hint: String,
    },
    /// A file was asked for that is not there.
    #[error("no such file: {}", .0.display())]
    NoFile(PathBuf),
    /// The file cannot be read.
    #[error("cannot read {}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says what it must not; all findings, warnings included, in the order of the text.
    #[error("{}", summary(.0))]
    Broken(Vec<Finding>),
    /// The file cannot be watched.
    #[error("cannot watch {} for edits: {error}", file.display())]
    Watch {
        /// The file.
        file: PathBuf,
        /// Why.
        error: notify::Error,
    },
}

fn summary(findings: &[Finding]) -> String {
    let mut errors = findings.iter().filter(|it| it.severity == Severity::Error);
    match (errors.next(), errors.count()) {
        (None, _) => "the site is broken".to_owned(),
        (Some(first), 0) => first.to_string(),
        (Some(first), 1) => format!("{first}, and 1 more error"),
        (Some(first), n) => format!("{first}, and {n} more errors"),
    }
}

/// Loads a site, or says all that is wrong with it. Addresses keep their numbers in `ids`, which a broken site leaves
/// as they are.
pub fn load(path: &Path, ids: &mut Ids) -> Result<Loaded, LoadError> {
    let text = read(path)?;
    let doc = parse(path, &text).map_err(|it| LoadError::Broken(vec![*it]))?;
    let mut problems = Problems::default();
    let mut next_ids = ids.clone();
    let site = build(doc, path, &text, &mut next_ids, &mut problems);
    let has_errors = problems.has_errors();
    let findings = problems.into_findings(path, &text);
    if has_errors {
        return Err(LoadError::Broken(findings));
    }
    *ids = next_ids;
    Ok(Loaded { site, findings })
}

fn read(path: &Path) -> Result<String, LoadError> {
    let wrong = |source| LoadError::Io { file: path.to_owned(), source };
    let broken = |finding| LoadError::Broken(vec![finding]);
    if path.is_dir() {
        return Err(wrong(std::io::ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(wrong)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(wrong)?;
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("the file is larger than {} MiB", MAX_BYTES >> 20);
        let hint = "describe what comes more than once in a template";
        return Err(broken(Finding::of_file(Severity::Error, path, message).hinting(hint)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        // What is valid is the same in both.
        let finding = Finding::at(Severity::Error, path, &text, (at, at + 1), "a byte that is no UTF-8");
        broken(finding.expecting("a text in UTF-8").hinting("save the file as UTF-8"))
    })
}
