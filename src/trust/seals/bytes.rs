//! Reads a file in pieces, however large its parts are.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use sha2::{Digest, Sha256};

use super::seal::{MAX_SEAL_BYTES, RECORD_HEAD, SEAL_OPCODE};

/// What is read at once.
const BUFFER: usize = 1 << 18;
/// What is searched at once: whoever fills a file with what looks like seals shall not make it slow.
const WINDOW: u64 = 1 << 14;
/// A seal's envelope begins so: the tag of COSE Sign1 and an array of four.
const ENVELOPE: [u8; 2] = [0xd2, 0x84];
/// What shows a seal: opcode, length, and how its envelope begins.
const SEAL_BEGINS: usize = RECORD_HEAD as usize + ENVELOPE.len();

/// A file, and where it is read.
pub(super) struct Bytes<R> {
    file: BufReader<R>,
    at: u64,
    /// Its size.
    pub(super) length: u64,
}

/// What may be a seal, by its looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Where its record begins.
    pub(super) from: u64,
    /// Where its record ends.
    pub(super) to: u64,
    pub(super) envelope: Vec<u8>,
}

/// A record's opcode and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) bytes: [u8; RECORD_HEAD as usize],
    pub(super) opcode: u8,
    pub(super) from: u64,
    /// Where it ends by its length; that may lie behind the file's end.
    pub(super) to: u64,
}

impl<R: Read + Seek> Bytes<R> {
    pub(super) fn new(mut file: R) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
        Ok(Self { file: BufReader::with_capacity(BUFFER, file), at: 0, length })
    }

    /// Goes on reading elsewhere.
    pub(super) fn seek(&mut self, to: u64) -> io::Result<()> {
        if self.at != to {
            self.file.seek_relative(to as i64 - self.at as i64)?;
            self.at = to;
        }
        Ok(())
    }

    /// Takes the next so many bytes, piece by piece; fewer where the file ends.
    pub(super) fn each(&mut self, mut n: u64, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        while n > 0 {
            let piece = self.file.fill_buf()?;
            if piece.is_empty() {
                break;
            }
            let some = piece.len().min(usize::try_from(n).unwrap_or(usize::MAX));
            take(&piece[..some]);
            self.file.consume(some);
            self.at += some as u64;
            n -= some as u64;
        }
        Ok(())
    }

    /// The bytes from one place to another: only for what is small.
    pub(super) fn read(&mut self, from: u64, to: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.seek(from)?;
        self.each(to.saturating_sub(from), |it| bytes.extend_from_slice(it))?;
        Ok(bytes)
    }

    /// The SHA-256 of the bytes from one place to another.
    pub(super) fn digest(&mut self, from: u64, to: u64) -> io::Result<[u8; 32]> {
        let mut digest = Sha256::new();
        self.seek(from)?;
        self.each(to.saturating_sub(from), |it| digest.update(it))?;
        Ok(digest.finalize().into())
    }

    /// The head of the record at a place. `None`: the file ends before it does.
    pub(super) fn head(&mut self, from: u64) -> io::Result<Option<Head>> {
        let bytes = self.read(from, from + RECORD_HEAD)?;
        let Some(&bytes) = bytes.first_chunk() else { return Ok(None) };
        let [opcode, a, b, c, d, e, f, g, h] = bytes;
        let length = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        Ok(Some(Head { bytes, opcode, from, to: (from + RECORD_HEAD).saturating_add(length) }))
    }

    /// What the record at a place holds, if it looks like a seal.
    pub(super) fn candidate(&mut self, head: Head) -> io::Result<Option<Candidate>> {
        let size = head.to - head.from;
        let fits = size <= RECORD_HEAD + MAX_SEAL_BYTES as u64 && head.to <= self.length;
        if head.opcode != SEAL_OPCODE || !fits {
            return Ok(None);
        }
        let envelope = self.read(head.from + RECORD_HEAD, head.to)?;
        Ok(Some(Candidate { from: head.from, to: head.to, envelope }))
    }

    /// The next place from one on that looks like a seal, whatever stands before it.
    pub(super) fn search(&mut self, from: u64) -> io::Result<Option<Candidate>> {
        let mut began = from;
        let mut window: Vec<u8> = Vec::new();
        loop {
            self.seek(began + window.len() as u64)?;
            let before = window.len();
            self.each(WINDOW, |it| window.extend_from_slice(it))?;
            let ends = window.len() == before;
            let mut at = 0;
            while let Some(found) = window[at..].iter().position(|it| *it == SEAL_OPCODE) {
                at += found;
                let Some(shown) = window.get(at..at + SEAL_BEGINS) else { break };
                if begins_a_seal(shown)
                    && let Some(head) = self.head(began + at as u64)?
                    && let Some(candidate) = self.candidate(head)?
                {
                    return Ok(Some(candidate));
                }
                at += 1;
            }
            if ends {
                return Ok(None);
            }
            // What could be the beginning of one is looked at again with what follows it.
            let kept = window.len().saturating_sub(SEAL_BEGINS - 1);
            began += kept as u64;
            window.drain(..kept);
        }
    }
}

fn begins_a_seal(bytes: &[u8]) -> bool {
    let length = bytes.get(1..9).and_then(|it| it.first_chunk()).map_or(u64::MAX, |it| u64::from_le_bytes(*it));
    length <= MAX_SEAL_BYTES as u64 && bytes.ends_with(&ENVELOPE)
}
