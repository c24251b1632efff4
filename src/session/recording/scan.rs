//! Looks over a whole file whose summary is missing: one that a crash cut, or one that was made without.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use mcap::records::{AttachmentIndex, Record, op};

use super::names;
use super::reader::{Channel, ChunkRef, MAX_RECORD, Scanned, time};
use super::unpack::{Found, RECORD_HEAD, Records, unpack};
use crate::signal::Timestamp;

/// Messages that stand outside of chunks are gathered to stretches of so many bytes.
const STRETCH_BYTES: u64 = 1 << 20;

/// Finds all that is whole. What is not is told.
pub(super) fn scan(file: &mut File, bytes: u64) -> io::Result<Scanned> {
    let mut found = Scanned::default();
    let mut at = mcap::MAGIC.len() as u64;
    file.seek(SeekFrom::Start(at))?;
    let mut file = BufReader::with_capacity(1 << 20, file);
    let mut stretch: Option<ChunkRef> = None;
    let mut ended = false;
    while at + RECORD_HEAD <= bytes {
        let mut head = [0; RECORD_HEAD as usize];
        file.read_exact(&mut head)?;
        let length = u64::from_le_bytes([head[1], head[2], head[3], head[4], head[5], head[6], head[7], head[8]]);
        let end = at + RECORD_HEAD;
        if length > MAX_RECORD || end + length > bytes {
            break;
        }
        let mut body = vec![0; length as usize];
        file.read_exact(&mut body)?;
        let place = Place { offset: at, length: RECORD_HEAD + length };
        match head[0] {
            op::FOOTER | op::DATA_END => ended = true,
            op::MESSAGE => match mcap::parse_record(op::MESSAGE, &body) {
                Ok(Record::Message { header, .. }) => {
                    count(&mut found, header.channel_id, 1);
                    lengthen(&mut stretch, &mut found.chunks, place, time(header.log_time));
                }
                Ok(_) | Err(_) => found.findings.push(format!("the message at byte {at} is damaged")),
            },
            opcode => {
                found.chunks.extend(stretch.take());
                take(&mut found, opcode, &body, place);
            }
        }
        at = end + length;
    }
    found.chunks.extend(stretch);
    if ended && found.chunks.is_empty() {
        // Nothing that could be missing: that it is empty is told where it is opened.
    } else if ended {
        found
            .findings
            .push("the file has no whole summary, so that all of it was read; no message is missing".to_owned());
    } else {
        let lost = bytes - at.min(bytes);
        let last = found.chunks.last().map(|it| format!(" after {}", it.to)).unwrap_or_default();
        found.findings.push(format!(
            "the file was cut off, as by a crash: what came{last} is lost (up to a second, and {lost} bytes at its end)"
        ));
    }
    Ok(found)
}

/// Where a record stands.
#[derive(Clone, Copy)]
struct Place {
    offset: u64,
    length: u64,
}

fn take(found: &mut Scanned, opcode: u8, body: &[u8], place: Place) {
    let Place { offset, length } = place;
    match mcap::parse_record(opcode, body) {
        Ok(Record::Schema { header, .. }) => drop(found.schemas.insert(header.id, header.name)),
        Ok(Record::Channel(channel)) => {
            learn(found, &channel);
        }
        Ok(Record::Metadata(metadata)) if metadata.name == names::METADATA => found.about = metadata.metadata,
        Ok(Record::Attachment { header, data, .. }) => found.attachments.push(AttachmentIndex {
            offset,
            length,
            log_time: header.log_time,
            create_time: header.create_time,
            data_size: data.len() as u64,
            name: header.name,
            media_type: header.media_type,
        }),
        Ok(Record::Chunk { header, data }) => {
            let (from, to) = (time(header.message_start_time), time(header.message_end_time));
            let mut messages = 0;
            let mut why = None;
            match unpack(&header, &data) {
                Err(fault) => why = Some(fault),
                Ok(unpacked) => {
                    for Found { record, .. } in Records::of(&unpacked) {
                        match record {
                            Ok(Record::Schema { header, .. }) => drop(found.schemas.insert(header.id, header.name)),
                            Ok(Record::Channel(channel)) => {
                                learn(found, &channel);
                            }
                            Ok(Record::Message { header, .. }) => {
                                messages += 1;
                                count(found, header.channel_id, 1);
                            }
                            Ok(_) => (),
                            Err(error) => {
                                why = Some(error.to_string());
                                break;
                            }
                        }
                    }
                }
            }
            if let Some(why) = why {
                found.findings.push(format!("the chunk at byte {offset} ({from} to {to}) is damaged: {why}"));
            }
            found.chunks.push(ChunkRef { offset, length, from, to, messages });
        }
        Ok(_) => (),
        Err(error) => found.findings.push(format!("the record at byte {offset} cannot be read: {error}")),
    }
}

/// The first word on a channel counts: it stands in a chunk with a checksum, and those after it are copies.
fn learn(found: &mut Scanned, channel: &mcap::records::Channel) {
    let Scanned { channels, schemas, .. } = found;
    channels.entry(channel.id).or_insert_with(|| Channel::of(channel, schemas));
}

fn count(found: &mut Scanned, channel: u16, n: u64) {
    if let Some(channel) = found.channels.get(&channel) {
        let topic = String::from_utf8_lossy(&channel.topic).into_owned();
        *found.counts.entry(topic).or_default() += n;
    }
}

/// Adds a message that stands in no chunk to the stretch at hand, or begins a new one.
fn lengthen(stretch: &mut Option<ChunkRef>, done: &mut Vec<ChunkRef>, place: Place, at: Timestamp) {
    match stretch {
        Some(open) if open.length < STRETCH_BYTES => {
            open.length += place.length;
            open.to = open.to.max(at);
            open.messages += 1;
        }
        _ => {
            let next = ChunkRef { offset: place.offset, length: place.length, from: at, to: at, messages: 1 };
            done.extend(stretch.replace(next));
        }
    }
}
