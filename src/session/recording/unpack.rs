//! Takes records out of bytes that may be damaged: no length is believed before it is looked at.

use std::io::Read;

use lz4_flex::frame::FrameDecoder;
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
        "lz4" => {
            // One byte more than was told shows that the size is a lie, without unpacking what it hides.
            let mut bytes = Vec::with_capacity(header.uncompressed_size as usize);
            FrameDecoder::new(data)
                .take(header.uncompressed_size + 1)
                .read_to_end(&mut bytes)
                .map_err(|error| format!("it cannot be unpacked: {error}"))?;
            bytes
        }
        other => return Err(format!("it is packed with {other:?}; only zstd and lz4 can be read")),
    };
    if bytes.len() as u64 != header.uncompressed_size {
        return Err(format!("it is told to hold {} bytes and holds others", header.uncompressed_size));
    }
    if header.uncompressed_crc != 0 && crc32fast::hash(&bytes) != header.uncompressed_crc {
        return Err("its checksum (CRC-32) is wrong".to_owned());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use lz4_flex::frame::FrameEncoder;

    use super::*;

    fn header(compression: &str, bytes: &[u8]) -> ChunkHeader {
        ChunkHeader {
            message_start_time: 0,
            message_end_time: 0,
            uncompressed_size: bytes.len() as u64,
            uncompressed_crc: crc32fast::hash(bytes),
            compression: compression.to_owned(),
            compressed_size: 0,
        }
    }

    #[test]
    fn a_chunk_comes_out_as_it_went_in_or_says_why_not() {
        let bytes = "a measured value ".repeat(5_000).into_bytes();
        let mut encoder = FrameEncoder::new(Vec::new());
        encoder.write_all(&bytes).unwrap();
        let lz4 = encoder.finish().unwrap();
        let zstd = zstd::bulk::compress(&bytes, 1).unwrap();
        for (compression, data) in [("", bytes.as_slice()), ("lz4", &lz4), ("zstd", &zstd)] {
            assert_eq!(unpack(&header(compression, &bytes), data).as_deref(), Ok(bytes.as_slice()), "{compression}");
            let cut = unpack(&header(compression, &bytes), &data[..data.len() / 2]).unwrap_err();
            assert!(
                cut.contains("it cannot be unpacked") || cut.contains("it is told to hold"),
                "{compression}: {cut}"
            );
            // Whoever tells a small size may hide a large one.
            let lie = ChunkHeader { uncompressed_size: 100, ..header(compression, &bytes) };
            assert!(unpack(&lie, data).is_err(), "{compression}");
        }
        let large = ChunkHeader { uncompressed_size: MAX_CHUNK + 1, ..header("lz4", &bytes) };
        assert!(unpack(&large, &lz4).unwrap_err().contains("which cannot be"));
        assert!(unpack(&header("snappy", &bytes), &bytes).unwrap_err().contains("only zstd and lz4"));
    }
}
