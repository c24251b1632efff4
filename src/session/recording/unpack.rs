//! Takes records out of bytes that may be damaged: no length is believed before it is looked at.

use mcap::McapError;
use mcap::records::{ChunkHeader, Record};

/// A record's opcode and length.
pub(super) const RECORD_HEAD: u64 = 9;
/// No chunk is larger when it is unpacked: a size beyond it is damage.
const MAX_CHUNK: u64 = 1 << 28;

/// The records that stand one after the other in some bytes, each with its place. Ends where no whole one is left.
pub(super) struct Records<'a> {
    bytes: &'a [u8],
    at: u64,
}

/// One record, or why it cannot be read.
pub(super) struct Found<'a> {
    /// Where it stands, in bytes from the beginning.
    pub(super) at: u64,
    /// What it says.
    pub(super) record: Result<Record<'a>, McapError>,
}

impl<'a> Records<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        let (head, rest) = self.bytes.split_first_chunk::<9>()?;
        let [opcode, a, b, c, d, e, f, g, h] = *head;
        let length = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let (body, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        let found = Found { at: self.at, record: mcap::parse_record(opcode, body) };
        self.bytes = rest;
        self.at += RECORD_HEAD + length;
        Some(found)
    }
}

/// The bytes of a chunk. They are what was written: their checksum says so. The error is for a person.
pub(super) fn unpack(header: &ChunkHeader, data: &[u8]) -> Result<Vec<u8>, String> {
    if header.uncompressed_size > MAX_CHUNK {
        return Err(format!("it is told to hold {} bytes, which cannot be", header.uncompressed_size));
    }
    let bytes = match header.compression.as_str() {
        "" => data.to_vec(),
        "zstd" => zstd::bulk::decompress(data, header.uncompressed_size as usize)
            .map_err(|error| format!("it cannot be unpacked: {error}"))?,
        other => return Err(format!("it is packed with {other:?}; only zstd can be read")),
    };
    if header.uncompressed_crc != 0 && crc32fast::hash(&bytes) != header.uncompressed_crc {
        return Err("its checksum (CRC-32) is wrong".to_owned());
    }
    Ok(bytes)
}
