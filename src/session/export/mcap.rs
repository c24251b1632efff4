//! A part of a session as a session of its own: it begins with the state at its beginning.

use std::fs;
use std::io::{BufWriter, Write};

use mcap::McapError;

use super::rows::{Came, each, state_before};
use super::{Export, ExportSource, Exported, Format, Stopped};
use crate::session::evidence;
use crate::session::keyed::{KeyedWriter, io_of};
use crate::session::progress::Progress;
use crate::session::recording::{About, SITE_ATTACHMENT, site_files};

pub(super) fn write(
    export: &Export,
    source: &ExportSource,
    sink: impl Write,
    progress: &Progress,
) -> Result<Exported, Stopped> {
    let ExportSource { recording, site, site_path, key, more_files } = source;
    let mut files = recording.files()?;
    if files.iter().all(|it| it.0 != SITE_ATTACHMENT) {
        files.extend(fs::read(site_path).and_then(|text| site_files(site, &text)).map_err(Stopped::Site)?);
    }
    // What proves another session proves nothing of this one.
    files.retain(|it| !it.0.starts_with(evidence::FOLDER));
    files.extend(more_files.iter().cloned());
    let mut more = recording.about.clone();
    let name = recording.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    more.insert("cut_from".to_owned(), name);
    more.extend(recording.origin());
    let began = recording.span().map_or(export.range.0, |it| it.0.max(export.range.0));
    let about = About { site: site.name.clone(), began, more, ..About::default() };
    let before = state_before(export, source);
    let mut writer =
        KeyedWriter::new(BufWriter::new(sink), &about, &files, site, before, Some(recording), key.as_ref())
            .map_err(io)?;
    if export.format == Format::Packed {
        writer = writer.packed().map_err(io)?;
    }
    let topics: Vec<&str> = site
        .signals
        .iter()
        .filter(|it| !export.only.is_empty() && it.address.starts_with(&export.only))
        .map(|it| it.topic.as_str())
        .collect();
    let mut count = 0;
    let mut findings = each(export, source, progress, |came| match came {
        Came::Message(arrival) => {
            let topic = std::str::from_utf8(&arrival.topic).unwrap_or_default();
            if !export.only.is_empty() && !topics.contains(&topic) {
                return Ok(());
            }
            count += 1;
            writer.message(arrival).map_err(io)
        }
        Came::Audit(audit) => writer.audit(audit).map_err(io),
        Came::Keys(registry, at) => writer.keys(registry, at).map_err(io),
    })?;
    writer.finish().map_err(io)?.flush()?;
    if recording.about.is_empty() {
        let told = "another program made this session: its schemas, encodings, publish times and metadata are not kept";
        findings.push(told.to_owned());
    }
    Ok(Exported { count, findings })
}

fn io(error: McapError) -> Stopped {
    Stopped::Write(io_of(error))
}
