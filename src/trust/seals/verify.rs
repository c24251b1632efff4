//! Looks a sealed file over, stretch by stretch, in little memory.
//!
//! As long as all is well the file is read once, record by record. Where something is not, the next seals are looked for by
//! their looks, whatever stands before them, so that only what was touched is blamed.

use std::io::{self, Read, Seek};

use sha2::{Digest, Sha256};

use super::bytes::{Bytes, Candidate, Head};
use super::end::{CHUNK, DATA_END, END_BYTES, FOOTER, FOOTER_BYTES, MAGIC, SUMMARY_OFFSET, footer};
use super::report::{Break, Complete, Fault, Report};
use super::seal::{SEAL_OPCODE, Seal, SealError, SealHead, chain};
use super::session_id::SessionId;
use super::signer::{Signer, find_signer};
use crate::signal::Timestamp;
use crate::trust::envelope::EnvelopeError;
use crate::trust::key::PublicKey;

/// So many breaks are told one by one.
const MAX_BREAKS: usize = 100;
/// After a break so many of the next seals are compared with what stands there.
const MAX_AHEAD: usize = 8;
/// The ends of so many records are tried to find where a seal was that is gone.
const MAX_TRIED: usize = 64;

/// What is known of a file from elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealOptions {
    /// The recorder's key. `None`: the one that the file names itself.
    pub key: Option<PublicKey>,
    /// What witnesses were shown. Those of other sessions are passed over; one of this session by another key than its
    /// recorder's says nothing of it, for anybody can claim its name.
    pub witnessed: Vec<SealHead>,
}

/// Looks a whole file over. Errors are the reader's; what is wrong with the file stands in the report.
pub fn verify(file: impl Read + Seek, options: &SealOptions) -> io::Result<Report> {
    let mut bytes = Bytes::new(file)?;
    let Signer { sealing, key, session } = find_signer(&mut bytes, options.key)?;
    let report = Report {
        bytes: bytes.length,
        sealing,
        session,
        stretches: 0,
        messages: 0,
        span: None,
        good: Vec::new(),
        closed: false,
        unsealed: None,
        head: None,
        complete: Complete::NotSealed,
        other_recorders: Vec::new(),
        breaks: Vec::new(),
        more_breaks: 0,
    };
    let (Some(key), Some(session)) = (key, session) else { return Ok(report) };
    let of_session = options.witnessed.iter().filter(|it| it.session == session);
    let (witnessed, others): (Vec<SealHead>, Vec<SealHead>) = of_session.cloned().partition(|it| it.key == key);
    let mut report = report;
    for it in others {
        if !report.other_recorders.contains(&it.key) {
            report.other_recorders.push(it.key);
        }
    }
    let checker = Checker {
        bytes,
        key,
        session,
        is_stranger: witnessed.is_empty() && !options.witnessed.is_empty(),
        witnessed,
        report,
        good: 0,
        written_at: 0,
        next: 0,
        chain: Some([0; 32]),
        latest: None,
        missing: Vec::new(),
        run_is_open: false,
    };
    checker.run()
}

struct Checker<R> {
    bytes: Bytes<R>,
    key: PublicKey,
    session: SessionId,
    /// What witnesses were shown of this session.
    witnessed: Vec<SealHead>,
    /// They were asked, and were shown nothing of it.
    is_stranger: bool,
    report: Report,
    /// Up to here all is seen: the next stretch begins here.
    good: u64,
    /// The same place when it was written: what was put in or taken out since has moved it.
    written_at: u64,
    /// The number of the next seal.
    next: u64,
    /// The chain before it. `None`: a break has hidden it.
    chain: Option<[u8; 32]>,
    /// When the newest message so far came.
    latest: Option<Timestamp>,
    /// Numbers of stretches that were passed over, the first and the last of each run.
    missing: Vec<(u64, u64)>,
    /// Nothing was wrong since the last good stretch.
    run_is_open: bool,
}

/// How what stands before a seal fits to it.
enum Fit {
    /// It is what was sealed.
    Whole,
    /// What was sealed is its end; something else stands before.
    AtEnd {
        /// Where that begins.
        from: u64,
    },
    /// What was sealed is its beginning; something else follows.
    AtBegin {
        /// Where that ends.
        to: u64,
    },
    /// It is something else.
    Not,
}

/// A seal by the recorder, and where it stands.
type Sealed = (Candidate, Seal);

impl<R: Read + Seek> Checker<R> {
    fn run(mut self) -> io::Result<Report> {
        while !self.report.closed {
            if let Some((candidate, digest)) = self.walk()?
                && let Ok(seal) = self.open(&candidate)
                && self.is_expected(&seal)
                && seal.digest == digest
            {
                self.accept(&candidate, &seal, true)?;
                continue;
            }
            let Some((candidate, seal)) = self.find()? else { break };
            self.compare(&candidate, &seal)?;
        }
        if !self.report.closed {
            self.look_at_tail()?;
        }
        self.report.complete = self.complete();
        Ok(self.report)
    }

    /// Goes from record to record up to what looks like a seal. Returns it with the digest of what stands before it.
    fn walk(&mut self) -> io::Result<Option<(Candidate, [u8; 32])>> {
        let mut digest = Sha256::new();
        let mut at = self.good;
        self.bytes.seek(at)?;
        if at == 0 {
            at = MAGIC.len() as u64;
            self.bytes.each(at, |it| digest.update(it))?;
        }
        while let Some(head) = self.bytes.head(at)? {
            if head.opcode == SEAL_OPCODE {
                let candidate = self.bytes.candidate(head)?;
                return Ok(candidate.map(|it| (it, digest.finalize().into())));
            }
            if head.to > self.bytes.length {
                break;
            }
            digest.update(head.bytes);
            self.bytes.each(head.to - head.from - head.bytes.len() as u64, |it| digest.update(it))?;
            at = head.to;
        }
        Ok(None)
    }

    /// The seal with which to go on after a break: the first one that fits what stands before it, or that is next. Else the
    /// first one that there is.
    fn find(&mut self) -> io::Result<Option<Sealed>> {
        let mut first = None;
        let mut from = self.good;
        for _ in 0..MAX_AHEAD {
            let Some((candidate, seal)) = self.next_sealed(from)? else { break };
            from = candidate.to;
            let fits = self.is_expected(&seal) || !matches!(self.fit(&candidate, &seal)?, Fit::Not);
            if fits {
                return Ok(Some((candidate, seal)));
            }
            first.get_or_insert((candidate, seal));
        }
        Ok(first)
    }

    /// The next good seal of this session, wherever it stands.
    fn next_sealed(&mut self, mut from: u64) -> io::Result<Option<Sealed>> {
        while let Some(candidate) = self.bytes.search(from)? {
            match self.open(&candidate) {
                Ok(seal) => return Ok(Some((candidate, seal))),
                Err(_) => from = candidate.from + 1,
            }
        }
        Ok(None)
    }

    fn open(&self, candidate: &Candidate) -> Result<Seal, SealError> {
        let seal = Seal::open(&candidate.envelope, |id| Some(self.key).filter(|it| it.id() == id))?;
        if seal.session == self.session { Ok(seal) } else { Err(SealError::Malformed) }
    }

    fn is_expected(&self, seal: &Seal) -> bool {
        seal.n == self.next && self.chain == Some(seal.before)
    }

    fn fit(&mut self, candidate: &Candidate, seal: &Seal) -> io::Result<Fit> {
        let (from, to, told) = (self.good, candidate.from, seal.length());
        if to - from < told {
            return Ok(Fit::Not);
        }
        if self.bytes.digest(to - told, to)? == seal.digest {
            return Ok(if to - from == told { Fit::Whole } else { Fit::AtEnd { from: to - told } });
        }
        if self.bytes.digest(from, from + told)? == seal.digest {
            return Ok(Fit::AtBegin { to: from + told });
        }
        Ok(Fit::Not)
    }

    /// Tells what is wrong before a seal, and goes on behind it.
    fn compare(&mut self, candidate: &Candidate, seal: &Seal) -> io::Result<()> {
        let (from, to) = (self.good, candidate.from);
        if seal.n < self.next {
            let fault = if self.take_missing(seal.n) { Fault::Moved } else { Fault::Repeated };
            self.found(from, candidate.to, Some((seal.n, seal.n)), seal.span, fault);
            self.good = candidate.to;
            return Ok(());
        }
        let passed = (seal.n > self.next).then(|| (self.next, seal.n - 1));
        let passed_span = self.latest.zip(seal.span.map(|it| it.0));
        let fit = self.fit(candidate, seal)?;
        let is_good = !matches!(fit, Fit::Not);
        match fit {
            Fit::Whole => self.pass(passed, passed_span),
            Fit::AtEnd { from: begins } => match passed {
                Some(passed) => match self.end_of_unsealed(begins, seal)? {
                    Some(at) => {
                        self.report.stretches += 1;
                        self.found(at, begins, Some(passed), passed_span, Fault::SealAltered);
                    }
                    None => self.found(from, begins, Some(passed), passed_span, Fault::Altered),
                },
                None => self.put_in(from, begins)?,
            },
            Fit::AtBegin { to: ends } => {
                self.pass(passed, passed_span);
                self.put_in(ends, to)?;
            }
            Fit::Not => {
                let told = seal.length();
                let fault = match told.checked_sub(to - from).filter(|it| *it > 0 && passed.is_none()) {
                    Some(bytes) => Fault::TakenOut { bytes },
                    None => Fault::Altered,
                };
                self.found(from, to, Some((self.next, seal.n)), seal.span, fault);
                self.report.stretches = self.report.stretches.saturating_sub(1);
            }
        }
        let follows = self.chain == Some(seal.before);
        if passed.is_none() && self.chain.is_some() && !follows {
            self.found(from, candidate.to, Some((seal.n, seal.n)), seal.span, Fault::OtherHistory);
        }
        self.accept(candidate, seal, is_good)
    }

    /// Goes on behind a seal; its stretch is as it was sealed, or not.
    fn accept(&mut self, candidate: &Candidate, seal: &Seal, is_good: bool) -> io::Result<()> {
        let began = self.good;
        let head = seal.head(self.key);
        if self.witnessed.iter().any(|it| it.n == seal.n && it.chain != head.chain) {
            self.found(began, candidate.to, Some((seal.n, seal.n)), seal.span, Fault::NotTheWitnessed);
        }
        if let Some((earliest, latest)) = seal.span {
            if is_good {
                self.lengthen((earliest, latest));
            }
            let from = self.report.span.map_or(earliest, |it| it.0.min(earliest));
            self.latest = Some(self.latest.map_or(latest, |it| it.max(latest)));
            self.report.span = self.latest.map(|it| (from, it));
        }
        self.report.messages = seal.messages;
        self.report.closed = seal.is_final;
        self.report.stretches += 1;
        self.chain = Some(head.chain);
        self.report.head = Some(head);
        self.next = seal.n.saturating_add(1);
        self.good = candidate.to;
        self.written_at = seal.to + (candidate.to - candidate.from);
        if seal.is_final { self.look_at_end(candidate, seal) } else { Ok(()) }
    }

    /// A stretch is good: it goes on from the one before, or begins anew behind a break.
    fn lengthen(&mut self, span: (Timestamp, Timestamp)) {
        let (good, goes_on) = (&mut self.report.good, self.run_is_open);
        match good.last_mut() {
            Some(run) if goes_on => run.1 = run.1.max(span.1),
            Some(_) | None => {
                if good.len() <= MAX_BREAKS {
                    good.push(span);
                }
            }
        }
        self.run_is_open = true;
    }

    /// Where a seal was that is gone, if what it covered is as it was: the chain in the next one says so.
    fn end_of_unsealed(&mut self, to: u64, next: &Seal) -> io::Result<Option<u64>> {
        let Some(before) = self.chain.filter(|_| next.n == self.next + 1) else { return Ok(None) };
        let mut digest = Sha256::new();
        let mut at = self.good;
        for _ in 0..MAX_TRIED {
            let ends = match self.bytes.head(at)? {
                _ if at == 0 => MAGIC.len() as u64,
                Some(Head { to: ends, .. }) if ends <= to => ends,
                Some(_) | None => break,
            };
            self.bytes.seek(at)?;
            self.bytes.each(ends - at, |it| digest.update(it))?;
            at = ends;
            let place = (self.written_at, self.written_at + (at - self.good));
            if chain(&before, self.next, place, &digest.clone().finalize().into()) == next.before {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Some stretches are not here.
    fn pass(&mut self, passed: Option<(u64, u64)>, span: Option<(Timestamp, Timestamp)>) {
        let Some(run) = passed else { return };
        self.found(self.good, self.good, Some(run), span, Fault::Missing);
        if self.missing.len() < MAX_BREAKS {
            self.missing.push(run);
        }
    }

    /// Whether a stretch was passed over before; it is here now, if at another place.
    fn take_missing(&mut self, n: u64) -> bool {
        let Some(at) = self.missing.iter().position(|it| (it.0..=it.1).contains(&n)) else { return false };
        let run = self.missing.remove(at);
        let rest = [(run.0, n.wrapping_sub(1)), (n.saturating_add(1), run.1)];
        let rest = rest.into_iter().filter(|it| it.0 <= it.1 && it.1 <= run.1);
        self.missing.extend(rest.clone());
        let told = |it: &Break| it.fault == Fault::Missing && it.stretches == Some(run);
        if let Some(at) = self.report.breaks.iter().position(told) {
            let told = self.report.breaks.remove(at);
            let rest = rest.map(|it| Break { stretches: Some(it), ..told.clone() }).collect::<Vec<_>>();
            self.report.breaks.splice(at..at, rest);
        }
        true
    }

    /// Bytes that no seal of this session's covers: perhaps a seal of someone else's says whose they are.
    fn put_in(&mut self, from: u64, to: u64) -> io::Result<()> {
        let mut fault = Fault::PutIn;
        let mut at = from;
        while let Some(candidate) = self.bytes.search(at)?.filter(|it| it.to <= to) {
            match self.open(&candidate) {
                Err(SealError::Envelope(EnvelopeError::UnknownKey(_))) => fault = Fault::OtherKey,
                Err(SealError::Malformed) if Seal::peek(&candidate.envelope).is_some() => fault = Fault::OtherSession,
                Ok(_) | Err(_) => (),
            }
            at = candidate.from + 1;
        }
        self.found(from, to, None, self.now(), fault);
        Ok(())
    }

    /// What stands behind the final seal follows from what stands before it.
    fn look_at_end(&mut self, candidate: &Candidate, seal: &Seal) -> io::Result<()> {
        let (from, to) = (candidate.to, (candidate.to + END_BYTES as u64).min(self.bytes.length));
        if to < self.bytes.length {
            self.found(to, self.bytes.length, None, self.now(), Fault::BehindEnd);
        }
        let stretch = candidate.from.saturating_sub(seal.length());
        if self.bytes.digest(stretch, candidate.from)? != seal.digest {
            // It is told already.
            return Ok(());
        }
        let (mut summary, mut offsets, mut at) = (0, 0, stretch);
        while let Some(head) = self.bytes.head(at)?.filter(|it| it.to <= candidate.from) {
            match head.opcode {
                DATA_END => summary = head.to,
                SUMMARY_OFFSET if offsets == 0 => offsets = head.from,
                _ => (),
            }
            at = head.to;
        }
        let mut crc = crc32fast::Hasher::new();
        self.bytes.seek(summary)?;
        self.bytes.each(candidate.to - summary, |it| crc.update(it))?;
        // The places are those of the file as it was written.
        let written = |it: u64| if it == 0 { 0 } else { it - stretch + seal.from };
        let mut end = vec![FOOTER];
        end.extend((FOOTER_BYTES as u64 - 9).to_le_bytes());
        end.extend(written(summary).to_le_bytes());
        end.extend(written(offsets).to_le_bytes());
        end.extend([0; 4]);
        let want = footer(&end, |_| Some(crc.finalize())).map(|it| [it.as_slice(), &MAGIC].concat());
        if want != Some(self.bytes.read(from, to)?) {
            self.found(from, to, None, self.now(), Fault::BadEnd);
        }
        Ok(())
    }

    /// What stands behind the last seal of a file that was not closed: what a crash leaves, or what someone put there.
    fn look_at_tail(&mut self) -> io::Result<()> {
        let (from, to) = (self.good, self.bytes.length);
        if from == to {
            return Ok(());
        }
        let tail = self.bytes.read(to.saturating_sub(MAGIC.len() as u64).max(from), to)?;
        let fault = if tail == MAGIC && from > 0 { Some((from, Fault::UnsealedEnd)) } else { self.tail_fault()? };
        match fault {
            Some((at, fault)) => {
                let stretches = (at == from).then_some((self.next, self.next));
                self.found(at, to, stretches, self.now(), fault);
            }
            None => self.report.unsealed = Some((from, to)),
        }
        Ok(())
    }

    fn tail_fault(&mut self) -> io::Result<Option<(u64, Fault)>> {
        let (mut at, to) = (self.good, self.bytes.length);
        let mut has_chunk = false;
        if at == 0 {
            at = MAGIC.len() as u64;
        }
        while let Some(head) = self.bytes.head(at)? {
            let is_whole = head.to <= to;
            match head.opcode {
                CHUNK if has_chunk => return Ok(Some((at, Fault::PutIn))),
                CHUNK => has_chunk = true,
                // What a session begins with, and the counts of a packed one.
                HEADER | ATTACHMENT | METADATA => (),
                SEAL_OPCODE if is_whole => return Ok(Some((self.good, Fault::Altered))),
                SEAL_OPCODE => (),
                DATA_END if is_whole => return Ok(Some((at, Fault::UnsealedEnd))),
                DATA_END => (),
                // A file system that lost power may leave zeros.
                0 => {
                    let mut zeros = true;
                    self.bytes.seek(at)?;
                    self.bytes.each(to - at, |it| zeros &= it.iter().all(|it| *it == 0))?;
                    return Ok((!zeros).then_some((at, Fault::Altered)));
                }
                _ => return Ok(Some((at, Fault::Altered))),
            }
            if !is_whole {
                break;
            }
            at = head.to;
        }
        Ok(None)
    }

    /// When what stands here came, as far as that is known: not before the newest message so far.
    fn now(&self) -> Option<(Timestamp, Timestamp)> {
        self.latest.map(|it| (it, it))
    }

    fn complete(&self) -> Complete {
        let furthest = self.witnessed.iter().max_by_key(|it| it.n);
        let ends_at = self.report.head.as_ref().map(|it| it.n);
        if let Some(it) = furthest.filter(|it| ends_at.is_none_or(|ends_at| ends_at < it.n)) {
            return Complete::Cut {
                ends_at,
                witnessed: it.n,
                witnessed_at: it.at,
                messages: it.messages.saturating_sub(self.report.messages),
            };
        }
        let stretches = self.missing.iter().fold(0_u64, |sum, it| sum.saturating_add(it.1 - it.0).saturating_add(1));
        let witnessed = furthest.map(|it| it.n);
        match (stretches, self.report.closed) {
            (0, _) if self.is_stranger => Complete::NotWitnessed,
            (0, true) => Complete::Closed { witnessed },
            (0, false) => Complete::Unknown { witnessed },
            (stretches, _) => Complete::Missing { stretches },
        }
    }

    fn found(
        &mut self,
        from: u64,
        to: u64,
        stretches: Option<(u64, u64)>,
        span: Option<(Timestamp, Timestamp)>,
        fault: Fault,
    ) {
        self.run_is_open = false;
        if self.report.breaks.len() < MAX_BREAKS {
            self.report.breaks.push(Break { from, to, stretches, span, fault });
        } else {
            self.report.more_breaks += 1;
        }
    }
}

/// The opcodes of records with which a file may begin.
const HEADER: u8 = 0x01;
const ATTACHMENT: u8 = 0x09;
const METADATA: u8 = 0x0c;
