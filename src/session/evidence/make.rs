//! Makes a bundle.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::verdicts::{self, VerdictsDoc};
use super::{FileDoc, MANIFEST, ManifestDoc, ORIGINAL, PICTURES, REGISTRY, SourceDoc, VERDICTS, VERSION};
use crate::link::now;
use crate::session::export::{Export, ExportError, ExportSource, Exported, Format};
use crate::session::new_file::Existing;
use crate::session::progress::Progress;
use crate::session::recording::channels_told;
use crate::signal::Timestamp;
use crate::trust::seals::{SealOptions, Sealing, Stretch, stretches, verify};

/// The original stretches take no more than this, bytes.
const MAX_ORIGINAL: u64 = 512 << 20;

/// What goes into a bundle beside the session's part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// From the first instant to the second, both included, by the time of arrival.
    pub range: (Timestamp, Timestamp),
    /// Pictures: a name and its bytes (PNG).
    pub pictures: Vec<(String, Vec<u8>)>,
    /// The registry of keys, as it is. `None`: the one that held at the end of the range, as the session says.
    pub registry: Option<Vec<u8>>,
    /// What was found out about the values (JSON). `None`: what comes of verifying them once more ([`VerdictsDoc`]).
    pub verdicts: Option<Vec<u8>>,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Nobody has sealed what it would hold.
    #[error("the session is not sealed: nothing of it would prove anything")]
    NotSealed,
    /// The range was recorded, but no seal that can be found covers it.
    #[error("no sealed stretch covers the range: it is too new, or the session is damaged there")]
    NotCovered,
    /// It would be too large.
    #[error("the range takes {bytes} bytes, more than the {MAX_ORIGINAL} of a bundle: choose a shorter one")]
    TooLarge {
        /// How large.
        bytes: u64,
    },
    /// The session cannot be read.
    #[error("the session cannot be read")]
    Read(#[source] io::Error),
    /// The bundle cannot be written, or a person thought better of it.
    #[error(transparent)]
    Export(#[from] ExportError),
}

impl Evidence {
    /// Writes a bundle, which takes its name when it is whole.
    pub fn to_file(
        &self,
        source: &ExportSource,
        path: &Path,
        existing: Existing,
        progress: &Progress,
    ) -> Result<Exported, EvidenceError> {
        let mut file = File::open(&source.recording.path).map_err(EvidenceError::Read)?;
        let all = stretches(&file).map_err(EvidenceError::Read)?;
        let report = verify(&file, &SealOptions::default()).map_err(EvidenceError::Read)?;
        let (Some(head), Sealing::ByOwn(recorder)) = (&report.head, report.sealing) else {
            return Err(EvidenceError::NotSealed);
        };
        let wanted = self.wanted(&all, &mut file, source.recording.n_channels())?;
        let original = original(&mut file, &wanted)?;
        let source_doc = SourceDoc {
            file: source.recording.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            session: head.session.to_string(),
            recorder: recorder.to_string(),
            sealed_to: head.to_string(),
            verdict: report.verdict().to_owned(),
        };
        let mut files = vec![(ORIGINAL.to_owned(), original)];
        files.extend(self.pictures.iter().map(|(name, data)| (format!("{PICTURES}{name}"), data.clone())));
        files.extend(self.found(source)?);
        let manifest = ManifestDoc {
            v: VERSION,
            made: now().to_string(),
            range: (self.range.0.as_nanos(), self.range.1.as_nanos()),
            source: source_doc,
            stretches: runs(&wanted),
            files: files.iter().map(|(name, data)| FileDoc::of(name, data)).collect(),
        };
        let manifest = serde_json::to_vec_pretty(&manifest).map_err(|it| EvidenceError::Read(it.into()))?;
        files.push((MANIFEST.to_owned(), manifest));
        let source = ExportSource { more_files: files, ..source.clone() };
        let export = Export { range: self.range, only: String::new(), format: Format::Mcap };
        Ok(export.to_file(&source, path, existing, progress)?)
    }

    /// The registry and the verdicts: those that were given, else what the session says and what is found.
    fn found(&self, source: &ExportSource) -> Result<Vec<(String, Vec<u8>)>, EvidenceError> {
        let (verdicts, registry) = verdicts::find(source, self.range).unzip();
        let write = |it: VerdictsDoc| serde_json::to_vec_pretty(&it).map_err(|it| EvidenceError::Read(it.into()));
        let verdicts = match &self.verdicts {
            Some(given) => Some(given.clone()),
            None => verdicts.map(write).transpose()?,
        };
        let of_session = || registry.flatten().map(|it| it.doc().to_ron().into_bytes());
        let registry = self.registry.clone().or_else(of_session);
        let named = [(REGISTRY, registry), (VERDICTS, verdicts)];
        Ok(named.into_iter().filter_map(|(name, data)| Some((name.to_owned(), data?))).collect())
    }

    /// The stretches that the range needs: the head, those that tell of channels, and those in which something came.
    fn wanted(&self, all: &[Stretch], file: &mut File, n_channels: usize) -> Result<Vec<Stretch>, EvidenceError> {
        let (from, to) = self.range;
        let touches = |it: &Stretch| it.span.is_some_and(|(earliest, latest)| earliest <= to && latest >= from);
        let last = all.iter().rposition(touches).ok_or(EvidenceError::NotCovered)?;
        let mut channels = BTreeSet::new();
        let mut wanted = Vec::new();
        for (at, stretch) in all[..=last].iter().enumerate() {
            let mut tells = at == 0;
            // Most tell of none: after the first few all are known.
            if channels.len() < n_channels || n_channels == 0 {
                let bytes = read(file, stretch.from, stretch.seal).map_err(EvidenceError::Read)?;
                let before = channels.len();
                channels.extend(channels_told(&bytes));
                tells |= channels.len() > before;
            }
            if tells || touches(stretch) {
                wanted.push(*stretch);
            }
        }
        Ok(wanted)
    }
}

fn original(file: &mut File, wanted: &[Stretch]) -> Result<Vec<u8>, EvidenceError> {
    let bytes = wanted.iter().map(|it| it.to - it.from).sum();
    if bytes > MAX_ORIGINAL {
        return Err(EvidenceError::TooLarge { bytes });
    }
    let mut original = Vec::with_capacity(bytes as usize);
    for stretch in wanted {
        original.extend(read(file, stretch.from, stretch.to).map_err(EvidenceError::Read)?);
    }
    Ok(original)
}

fn read(file: &mut File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    if to - from > MAX_ORIGINAL {
        return Err(io::Error::other("a stretch of it is too large"));
    }
    let mut bytes = vec![0; (to - from) as usize];
    file.seek(SeekFrom::Start(from))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Numbers that follow each other, as the first and the last of each run.
fn runs(wanted: &[Stretch]) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for Stretch { n, .. } in wanted {
        match runs.last_mut() {
            Some(run) if run.1 + 1 == *n => run.1 = *n,
            Some(_) | None => runs.push((*n, *n)),
        }
    }
    runs
}
