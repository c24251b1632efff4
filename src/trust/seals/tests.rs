//! Every change is found where it was made, and nothing else is blamed.

use std::io::Cursor;

use super::end::{CHUNK, DATA_END, FOOTER, MAGIC, SUMMARY_OFFSET};
use super::*;
use crate::signal::Timestamp;
use crate::trust::{PublicKey, SecretKey};

const BEGAN: i64 = 1_800_000_000_000_000_000;
const SECOND: i64 = 1_000_000_000;

fn key(n: u8) -> SecretKey {
    SecretKey::from_passphrase(&"a passphrase for tests".into(), &[n; 16].into()).unwrap()
}

fn keys() -> &'static [SecretKey; 2] {
    static KEYS: std::sync::LazyLock<[SecretKey; 2]> = std::sync::LazyLock::new(|| [key(1), key(2)]);
    &KEYS
}

fn ours() -> PublicKey {
    keys()[0].public()
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_nanos(BEGAN + second as i64 * SECOND)
}

/// A file under way, with where its parts stand.
struct Made {
    bytes: Vec<u8>,
    sealer: Sealer,
    /// The chunks, without their seals.
    chunks: Vec<(usize, usize)>,
    /// The seals' records.
    seals: Vec<(usize, usize)>,
    heads: Vec<SealHead>,
}

fn record(opcode: u8, body: &[u8]) -> Vec<u8> {
    let mut record = vec![opcode];
    record.extend((body.len() as u64).to_le_bytes());
    record.extend(body);
    record
}

/// Bytes that look like anything.
fn noise(seed: u64, n: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..n).map(|_| next()).collect()
}

impl Made {
    fn begin(key: &SecretKey) -> Self {
        let sealer = Sealer::new(key.clone(), SessionId::new());
        let mut made = Self { bytes: Vec::new(), sealer, chunks: Vec::new(), seals: Vec::new(), heads: Vec::new() };
        let head =
            [MAGIC.to_vec(), record(1, b"profile"), record(0x0c, &noise(99, 80)), record(0x09, &noise(98, 3000))];
        made.put(&head.concat());
        made.seal(0, None);
        made
    }

    fn put(&mut self, bytes: &[u8]) {
        self.sealer.take(bytes);
        self.bytes.extend(bytes);
    }

    fn seal(&mut self, second: u64, span: Option<(Timestamp, Timestamp)>) {
        let seal = self.sealer.seal(Told { at: at(second), span, messages: second * 10 });
        let from = self.bytes.len();
        self.bytes.extend(record(SEAL_OPCODE, &seal));
        self.seals.push((from, self.bytes.len()));
        self.heads.push(self.sealer.head().unwrap().clone());
    }

    fn chunk(&mut self, second: u64) {
        let from = self.bytes.len();
        self.put(&record(CHUNK, &noise(second, 500 + second as usize * 7 % 90)));
        self.chunks.push((from, self.bytes.len()));
        self.seal(second + 1, Some((at(second), at(second + 1))));
    }

    fn end(mut self) -> Self {
        let began = self.bytes.len() as u64;
        let mut tail = record(DATA_END, &[1, 2, 3, 4]);
        let summary = began + tail.len() as u64;
        tail.extend(record(8, &noise(97, 300)));
        let offsets = began + tail.len() as u64;
        tail.extend(record(SUMMARY_OFFSET, &noise(96, 17)));
        tail.extend(record(SUMMARY_OFFSET, &noise(95, 17)));
        tail.extend(record(FOOTER, &[&summary.to_le_bytes()[..], &offsets.to_le_bytes(), &[0; 4]].concat()));
        tail.extend(MAGIC);
        let n = self.heads.len() as u64;
        let closed = self
            .sealer
            .close(&tail, Told { at: at(n), span: None, messages: self.heads[self.heads.len() - 1].messages });
        self.bytes.extend(closed);
        self.heads.push(self.sealer.head().unwrap().clone());
        self
    }

    /// From the beginning of a chunk to the end of its seal.
    fn stretch(&self, n: usize) -> std::ops::Range<usize> {
        self.chunks[n - 1].0..self.seals[n].1
    }
}

fn made(n: u64) -> Made {
    let mut made = Made::begin(&keys()[0]);
    (0..n).for_each(|it| made.chunk(it));
    made
}

fn look(bytes: &[u8]) -> Report {
    look_with(bytes, &SealOptions { key: Some(ours()), witnessed: Vec::new() })
}

fn look_with(bytes: &[u8], options: &SealOptions) -> Report {
    verify(Cursor::new(bytes), options).unwrap()
}

/// What is found: faults, with the stretches that they touch.
#[track_caller]
fn check(bytes: &[u8], want: &[(Fault, Option<(u64, u64)>)]) -> Report {
    let report = look(bytes);
    let found: Vec<_> = report.breaks.iter().map(|it| (it.fault, it.stretches)).collect();
    assert_eq!(found, want, "{:#?}", report.breaks);
    report
}

#[test]
fn a_whole_file_is_unaltered_and_complete_and_tells_whose_it_is() {
    let file = made(9).end();
    let report = check(&file.bytes, &[]);
    assert!(report.is_good());
    assert_eq!((report.stretches, report.messages, report.span), (11, 90, Some((at(0), at(9)))));
    assert_eq!((report.sealing, report.head.as_ref()), (Sealing::ByGiven(ours()), file.heads.last()));
    assert_eq!(report.complete, Complete::Closed { witnessed: None });

    let alone = look_with(&file.bytes, &SealOptions::default());
    assert_eq!((alone.sealing, alone.is_good()), (Sealing::ByOwn(ours()), true));
    assert!(alone.sealing.to_string().contains("which nobody vouched for"), "{}", alone.sealing);
    let other = look_with(&file.bytes, &SealOptions { key: Some(keys()[1].public()), witnessed: Vec::new() });
    assert_eq!(other.sealing, Sealing::ByOther { key: ours(), given: keys()[1].public() });
    assert!(!other.is_good() && other.breaks.is_empty());
}

#[test]
fn a_session_within_a_bundle_makes_no_other_file_of_it() {
    // More seals lie within than stand between its records, and by the same key.
    let within = made(40).bytes;
    let mut bundle = Made::begin(&keys()[0]);
    bundle.put(&record(0x09, &within));
    bundle.chunk(1);
    let bundle = bundle.end();
    let report = check(&bundle.bytes, &[]);
    assert_eq!(report.complete(), Some(true));
    assert_eq!(report.session, bundle.heads.last().map(|it| it.session));
}

#[test]
fn any_flipped_byte_is_found_and_nothing_else_is_blamed() {
    let file = made(4).end();
    for at in (0..file.bytes.len()).step_by(3) {
        let mut bytes = file.bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        let report = look(&bytes);
        assert!(!report.unaltered(), "byte {at} of {}", bytes.len());
        let [found] = &report.breaks[..] else { panic!("byte {at}: {:#?}", report.breaks) };
        assert!((found.from..found.to).contains(&(at as u64)), "byte {at}: {found}");
        // The chunk it is in, or the head, or the end.
        let most = if at < file.seals[0].1 || at >= file.seals[4].1 { 4000 } else { 900 };
        assert!(found.to - found.from <= most, "byte {at}: {found}");
        let in_seal = file.seals[..5].iter().any(|it| (it.0..it.1).contains(&at));
        if in_seal {
            assert_eq!((found.fault, report.stretches), (Fault::SealAltered, 6), "byte {at}");
        }
    }
}

#[test]
fn each_way_to_tamper_has_its_own_name_and_place() {
    let file = made(6).end();
    let cut = |range: std::ops::Range<usize>| [&file.bytes[..range.start], &file.bytes[range.end..]].concat();
    let put = |at: usize, bytes: &[u8]| [&file.bytes[..at], bytes, &file.bytes[at..]].concat();

    let missing = check(&cut(file.stretch(3)), &[(Fault::Missing, Some((3, 3)))]);
    assert_eq!(missing.complete, Complete::Missing { stretches: 1 });
    assert_eq!(missing.breaks[0].span, Some((at(2), at(3))));
    assert_eq!(missing.breaks[0].from, file.chunks[2].0 as u64);
    let (from, to) = file.chunks[2];
    check(&cut(from..to), &[(Fault::TakenOut { bytes: (to - from) as u64 }, Some((3, 3)))]);
    // A chunk and the seal before it: its own seal is all that is left of both.
    let (from, to) = (file.seals[2].0, file.chunks[2].1);
    let both = look(&cut(from..to));
    assert_eq!(both.breaks.len(), 1, "{:#?}", both.breaks);

    let (third, fourth) = (file.stretch(3), file.stretch(4));
    let swapped = [
        &file.bytes[..third.start],
        &file.bytes[fourth.clone()],
        &file.bytes[third.clone()],
        &file.bytes[fourth.end..],
    ];
    let report = check(&swapped.concat(), &[(Fault::Moved, Some((3, 3)))]);
    assert_eq!(report.complete, Complete::Closed { witnessed: None });

    let copy = file.bytes[file.stretch(2)].to_vec();
    check(&put(file.seals[4].1, &copy), &[(Fault::Repeated, Some((2, 2)))]);
    check(&put(file.seals[4].1, &record(CHUNK, b"forged")), &[(Fault::PutIn, None)]);
    check(&put(file.chunks[4].1, &record(CHUNK, b"forged")), &[(Fault::PutIn, None)]);
    check(&put(file.seals[3].1, &file.bytes[file.seals[1].0..file.seals[1].1]), &[(Fault::PutIn, None)]);
    check(&cut(file.seals[2].0..file.seals[2].1), &[(Fault::SealAltered, Some((2, 2)))]);
    check(&put(file.bytes.len(), b"more"), &[(Fault::BehindEnd, None)]);

    let mut other = Made::begin(&keys()[1]);
    other.chunk(0);
    check(&put(file.seals[4].1, &other.bytes[other.stretch(1)]), &[(Fault::OtherKey, None)]);
    let mut session = Made::begin(&keys()[0]);
    session.chunk(0);
    check(&put(file.seals[4].1, &session.bytes[session.stretch(1)]), &[(Fault::OtherSession, None)]);
}

#[test]
fn a_cut_end_is_not_known_alone_and_is_found_with_a_witness() {
    let file = made(6).end();
    let (n, shown) = (file.seals[4].1, file.heads[5].clone());
    let witness = SealOptions { key: None, witnessed: vec![shown.clone()] };
    for cut in [n, n + 4, n + 200, file.seals[5].0, file.seals[5].0 + 100] {
        let bytes = &file.bytes[..cut];
        let alone = check(bytes, &[]);
        assert_eq!((alone.complete.clone(), alone.unaltered()), (Complete::Unknown { witnessed: None }, true), "{cut}");
        assert_eq!(alone.unsealed, (cut > n).then_some((n as u64, cut as u64)));
        assert!(!alone.is_good());
        let told = look_with(bytes, &witness);
        let want = Complete::Cut { ends_at: Some(4), witnessed: 5, witnessed_at: at(5), messages: 10 };
        assert_eq!((told.complete.clone(), told.complete()), (want, Some(false)));
    }
    let whole = look_with(&file.bytes, &witness);
    assert_eq!(whole.complete, Complete::Closed { witnessed: Some(5) });
    // Cut, and given another end, without the recorder's key.
    let mut end = file.bytes[..n].to_vec();
    end.extend(record(DATA_END, &[0; 4]));
    end.extend(MAGIC);
    check(&end, &[(Fault::UnsealedEnd, Some((5, 5)))]);
    // Whoever holds the recorder's key can seal it anew, but not make the witness forget.
    let mut anew = SealHead { chain: [7; 32], n: 3, ..shown };
    let told = look_with(&file.bytes, &SealOptions { key: None, witnessed: vec![anew.clone()] });
    assert_eq!(told.breaks[0].fault, Fault::NotTheWitnessed);
    anew.session = SessionId::new();
    let told = look_with(&file.bytes, &SealOptions { key: None, witnessed: vec![anew] });
    assert_eq!((told.complete.clone(), told.unaltered(), told.is_good()), (Complete::NotWitnessed, true, false));
}

#[test]
fn a_stranger_who_claims_the_session_cannot_say_that_it_was_cut_or_sealed_anew() {
    let file = made(5).end();
    let good = look(&file.bytes);
    assert!(good.is_good());
    let own = good.head.unwrap();
    let strange = |n| SealHead { key: keys()[1].public(), chain: [9; 32], n, ..own.clone() };
    let options = SealOptions { key: None, witnessed: vec![own.clone(), strange(2), strange(90)] };
    let told = look_with(&file.bytes, &options);
    assert!(told.is_good() && told.complete == Complete::Closed { witnessed: Some(own.n) }, "{told:#?}");
    assert_eq!(told.other_recorders, [keys()[1].public()]);
    let alone = look_with(&file.bytes, &SealOptions { key: None, witnessed: vec![strange(90)] });
    assert_eq!((alone.complete.clone(), alone.unaltered()), (Complete::NotWitnessed, true));
}

#[test]
fn a_cut_anywhere_is_never_taken_for_whole() {
    let file = made(3).end();
    for cut in (0..file.bytes.len()).step_by(3) {
        let report = look(&file.bytes[..cut]);
        assert!(!report.is_good(), "{cut}");
        if cut >= file.seals[0].1 && cut < file.seals[3].1 {
            assert!(report.unaltered(), "a crash is no change: {cut}: {:#?}", report.breaks);
        }
    }
}

#[test]
fn what_is_not_sealed_says_so() {
    let report =
        look_with(&[MAGIC.to_vec(), record(1, b"x"), record(CHUNK, &noise(1, 5000))].concat(), &SealOptions::default());
    assert_eq!(
        (report.sealing, report.complete.clone(), report.is_good()),
        (Sealing::None, Complete::NotSealed, false)
    );
    assert_eq!(look(&[]).sealing, Sealing::None);
}

#[test]
fn a_final_seal_by_another_key_closes_nothing() {
    let file = made(3);
    let mut forger = Made::begin(&keys()[1]);
    (0..3).for_each(|it| forger.chunk(it));
    let forged = forger.end();
    let end = forged.bytes[forged.seals[3].1..].to_vec();
    let bytes = [file.bytes, end].concat();
    for key in [Some(ours()), None] {
        let report = look_with(&bytes, &SealOptions { key, witnessed: Vec::new() });
        assert!(!report.closed && !report.unaltered(), "{report:#?}");
    }
}

#[test]
fn a_seal_is_read_as_it_was_written_and_in_one_way_alone() {
    let seal = Seal {
        session: SessionId::new(),
        n: 3,
        from: 100,
        to: 2_000_000,
        digest: [1; 32],
        before: [2; 32],
        at: at(1),
        span: Some((at(0), at(1))),
        messages: 70,
        is_final: false,
        key: Some(ours()),
    };
    let bytes = seal.sign(&keys()[0]);
    assert!(bytes.len() < MAX_SEAL_BYTES / 2, "{} bytes", bytes.len());
    let find = |_| Some(ours());
    assert_eq!(Seal::open(&bytes, find), Ok(seal.clone()));
    assert_eq!(Seal::peek(&bytes), Some((ours().id(), seal.clone())));
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1 << (place % 8);
        assert!(Seal::open(&changed, find).is_err(), "byte {place}");
    }
    let other = seal.sign(&keys()[1]);
    assert!(matches!(Seal::open(&other, find), Err(SealError::Envelope(_))));
}
