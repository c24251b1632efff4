//! What the end of a whole file tells of it, so that nothing else of it need be read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use mcap::records::{Record, op};
use mcap::sans_io::summary_reader::{SummaryReadEvent, SummaryReader, SummaryReaderOptions};
use mcap::{McapError, Summary};

use super::names;
use super::reader::{Channel, ChunkRef, MAX_RECORD, Scanned, time};

/// Reads the summary. `None`: there is none, or it leaves something out.
pub(super) fn read(file: &mut File, bytes: u64) -> Option<io::Result<Scanned>> {
    if !is_whole(file, bytes).ok()? {
        return None;
    }
    let summary = find(file, bytes).ok()??;
    is_complete(&summary).then(|| from_summary(file, summary))
}

/// The footer's record and the magic bytes after it.
const END: usize = 9 + 20 + mcap::MAGIC.len();
/// What of it stands before the checksum, which covers all from the beginning of the summary up to there.
const CHECKED: usize = 9 + 16;
/// No summary is larger.
const MAX_SUMMARY: u64 = 1 << 28;

/// Whether the summary's checksum (CRC-32) is right, or it has none.
fn is_whole(file: &mut File, bytes: u64) -> io::Result<bool> {
    let Some(end_at) = bytes.checked_sub(END as u64) else { return Ok(false) };
    let mut end = [0; END];
    file.seek(SeekFrom::Start(end_at))?;
    file.read_exact(&mut end)?;
    let Ok(Record::Footer(footer)) = mcap::parse_record(op::FOOTER, &end[9..29]) else { return Ok(false) };
    let length = end_at.checked_sub(footer.summary_start).filter(|it| *it <= MAX_SUMMARY);
    let Some(length) = length.filter(|_| end[0] == op::FOOTER) else { return Ok(false) };
    if footer.summary_crc == 0 {
        return Ok(true);
    }
    let mut checked = vec![0; length as usize + CHECKED];
    file.seek(SeekFrom::Start(footer.summary_start))?;
    file.read_exact(&mut checked)?;
    Ok(crc32fast::hash(&checked) == footer.summary_crc)
}

fn find(file: &mut File, bytes: u64) -> Result<Option<Summary>, McapError> {
    let mut reader = SummaryReader::new_with_options(
        SummaryReaderOptions::default().with_file_size(bytes).with_record_length_limit(1 << 28),
    );
    while let Some(event) = reader.next_event() {
        match event? {
            SummaryReadEvent::ReadRequest(wanted) => {
                let n = file.read(reader.insert(wanted.min(1 << 24)))?;
                reader.notify_read(n);
            }
            SummaryReadEvent::SeekRequest(to) => {
                let at = file.seek(to)?;
                reader.notify_seeked(at);
            }
        }
    }
    Ok(reader.finish())
}

/// A summary that leaves chunks out is no help.
fn is_complete(summary: &Summary) -> bool {
    let told = summary.stats.as_ref().map(|it| u64::from(it.chunk_count));
    !summary.chunk_indexes.is_empty() && told.is_some_and(|it| summary.chunk_indexes.len() as u64 >= it)
}

fn from_summary(file: &mut File, summary: Summary) -> io::Result<Scanned> {
    let mut scanned = Scanned::default();
    for index in &summary.chunk_indexes {
        scanned.chunks.push(ChunkRef {
            offset: index.chunk_start_offset,
            length: index.chunk_length,
            from: time(index.message_start_time),
            to: time(index.message_end_time),
            messages: 0,
        });
    }
    let channel = |it: &mcap::Channel| Channel {
        encoding: it.message_encoding.clone(),
        schema: it.schema.as_ref().map(|it| it.name.clone()).unwrap_or_default(),
        ..Channel::new(&it.topic, &it.metadata)
    };
    scanned.channels = summary.channels.iter().map(|(id, it)| (*id, channel(it))).collect();
    scanned.schemas = summary.schemas.iter().map(|(id, it)| (*id, it.name.clone())).collect();
    for (id, count) in summary.stats.iter().flat_map(|it| &it.channel_message_counts) {
        if let Some(channel) = summary.channels.get(id) {
            *scanned.counts.entry(channel.topic.clone()).or_default() += count;
        }
    }
    scanned.about = metadata(file, &summary, names::METADATA)?.unwrap_or_default();
    if let Some(packed) = metadata(file, &summary, names::COUNTS)? {
        scanned.counts.remove(names::COLUMNS);
        for (topic, count) in packed {
            *scanned.counts.entry(topic).or_default() += count.parse().unwrap_or(0);
        }
    }
    scanned.attachments = summary.attachment_indexes;
    Ok(scanned)
}

/// A metadata record by its name. `None`: there is none.
fn metadata(file: &mut File, summary: &Summary, name: &str) -> io::Result<Option<BTreeMap<String, String>>> {
    let index = summary.metadata_indexes.iter().find(|it| it.name == name && it.length <= MAX_RECORD);
    let Some(index) = index else { return Ok(None) };
    let mut bytes = vec![0; index.length as usize];
    file.seek(SeekFrom::Start(index.offset))?;
    file.read_exact(&mut bytes)?;
    Ok(match bytes.get(9..).map(|body| mcap::parse_record(op::METADATA, body)) {
        Some(Ok(Record::Metadata(metadata))) => Some(metadata.metadata),
        Some(Ok(_) | Err(_)) | None => None,
    })
}
