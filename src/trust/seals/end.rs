//! The last bytes of a file, which stand behind its final seal and can be worked out from what stands before them.

/// The bytes with which a file begins and ends.
pub(super) const MAGIC: [u8; 8] = [0x89, b'M', b'C', b'A', b'P', 0x30, b'\r', b'\n'];
/// The record at the end: opcode, length, where the summary begins, where its offsets begin, a checksum.
pub(super) const FOOTER_BYTES: usize = 9 + 8 + 8 + 4;
/// The footer and the magic bytes.
pub(super) const END_BYTES: usize = FOOTER_BYTES + MAGIC.len();
/// The opcodes of records that tell an end.
pub(super) const FOOTER: u8 = 0x02;
pub(super) const CHUNK: u8 = 0x06;
pub(super) const SUMMARY_OFFSET: u8 = 0x0e;
pub(super) const DATA_END: u8 = 0x0f;

/// The footer with a new checksum. `crc_from` gives the checksum (CRC-32) of all from the beginning of the summary up to the
/// footer. `None`: there is no footer.
pub(super) fn footer(end: &[u8], crc_from: impl FnOnce(u64) -> Option<u32>) -> Option<[u8; FOOTER_BYTES]> {
    let mut footer: [u8; FOOTER_BYTES] = *end.first_chunk()?;
    let start = u64::from_le_bytes(*footer.get(9..)?.first_chunk()?);
    if footer[0] != FOOTER || start == 0 {
        return None;
    }
    let mut crc = crc32fast::Hasher::new_with_initial(crc_from(start)?);
    crc.update(&footer[..FOOTER_BYTES - 4]);
    footer[FOOTER_BYTES - 4..].copy_from_slice(&crc.finalize().to_le_bytes());
    Some(footer)
}
