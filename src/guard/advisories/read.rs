//! Finds the files, tells what each of them is, and has it read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::library::Library;
use super::text::Text;
use super::{csaf, cyclonedx, eox};
use crate::site::{Finding, Severity};

/// A larger file is no advisory.
const MAX_BYTES: u64 = 32 << 20;
/// More files in one folder are left out.
const MAX_FILES: usize = 2_000;
/// More bytes in all files taken together are left out: what is read of them is held in memory.
const MAX_BYTES_IN_ALL: usize = 256 << 20;

/// What tells the kinds of documents apart.
#[derive(Debug, Deserialize)]
struct Head {
    #[serde(rename = "$schema")]
    schema: Option<String>,
    #[serde(rename = "bomFormat")]
    bom_format: Option<String>,
    document: Option<IgnoredAny>,
    statements: Option<IgnoredAny>,
    end_of_life: Option<IgnoredAny>,
    end_of_security_support: Option<IgnoredAny>,
}

/// Reads all files of a folder whose names end in `.json`, in the order of their names.
pub fn read(folder: &Path) -> Library {
    let mut library = Library::default();
    let mut paths = match files(folder) {
        Ok(paths) => paths,
        Err(error) => {
            let message = format!("the folder of advisories cannot be read: {error}");
            library.findings.push(Finding::of_file(Severity::Error, folder, message));
            return library;
        }
    };
    paths.sort();
    if paths.len() > MAX_FILES {
        let message = format!("{} files of advisories: only the first {MAX_FILES} are read", paths.len());
        library.findings.push(Finding::of_file(Severity::Warning, folder, message).hinting("take out what is old"));
        paths.truncate(MAX_FILES);
    }
    let mut bytes = 0;
    for path in paths {
        match text_of(&path) {
            Ok(text) if bytes + text.len() > MAX_BYTES_IN_ALL => {
                let message = format!("more than {} MiB of advisories: it is left out", MAX_BYTES_IN_ALL >> 20);
                let finding = Finding::of_file(Severity::Warning, &path, message);
                library.findings.push(finding.hinting("take out what is old"));
            }
            Ok(text) => {
                bytes += text.len();
                read_text(&path, &text, &mut library);
            }
            Err(finding) => library.findings.push(*finding),
        }
    }
    library.index();
    library
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it.eq_ignore_ascii_case("json")) && path.is_file() {
            paths.push(path);
        }
    }
    Ok(paths)
}

fn text_of(path: &Path) -> Result<String, Box<Finding>> {
    let broken = |message: String, hint: &str| Box::new(Finding::of_file(Severity::Error, path, message).hinting(hint));
    let wrong =
        |error: io::Error| Box::new(Finding::of_file(Severity::Error, path, format!("it cannot be read: {error}")));
    let mut bytes = Vec::new();
    File::open(path).map_err(wrong)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(wrong)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(broken(format!("the file is larger than {} MiB", MAX_BYTES >> 20), "split the file"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes());
        let finding = Finding::at(Severity::Error, path, &text, (at, at + 1), "a byte that is no UTF-8");
        Box::new(finding.hinting("save the file as UTF-8"))
    })
}

/// Reads one document into a library, which must be [indexed](Library::index) before devices are looked up in it.
pub fn read_text(file: &Path, text: &str, library: &mut Library) {
    const EXPECTED: &str = "a CSAF 2.0 advisory, an OpenEoX shell or a CycloneDX bill of materials, as JSON";
    // A mark that some editors put before a text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut text = Text::new(file, text);
    if text.text.trim_start().starts_with('<') {
        let finding = Finding::at(Severity::Error, file, text.text, (0, 1), "this is XML");
        library.findings.push(finding.expecting(EXPECTED).hinting("publish it as JSON"));
        return;
    }
    let Some(head) = text.parse::<Head>("advisory", "mend the JSON, or take the file out") else {
        library.findings.append(&mut text.findings);
        return;
    };
    let schema = head.schema.unwrap_or_default().to_lowercase();
    if head.bom_format.is_some() || schema.contains("cyclonedx") {
        cyclonedx::read(&mut text, library);
    } else if head.document.is_some() {
        csaf::read(&mut text, library);
    } else if schema.contains("openeox") || head.statements.is_some() {
        eox::read(&mut text, library, head.statements.is_some());
    } else if head.end_of_life.is_some() || head.end_of_security_support.is_some() {
        eox::read(&mut text, library, false);
    } else {
        let message = "this is none of the documents that are known";
        library.findings.push(Finding::of_file(Severity::Error, file, message).expecting(EXPECTED));
    }
    library.findings.append(&mut text.findings);
}
