//! Looks a log over, line by line, in little memory.

use std::io::{self, BufRead};

use super::line::{CheckpointDoc, FORMAT, JSON_AT, Kind, Line, LogDoc, MAX_LINE_BYTES, next_line};
use super::report::{Complete, Fault, Finding, Report};
use super::{Head, hex, linked};
use crate::trust::key::PublicKey;

/// So many findings are told one by one.
const MAX_FINDINGS: usize = 100;

/// After a fault the next line is compared with so many hashes that it may follow.
const MAX_BEFORE: usize = 8;

/// What is known of a log from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerifyOptions {
    /// The key of its checkpoints. `None`: the one that it names itself.
    pub key: Option<PublicKey>,
    /// A line that was there.
    pub witness: Option<Head>,
}

/// Looks a whole log over. Errors are the reader's; what is wrong with the log stands in the report.
pub fn verify(mut log: impl BufRead, options: VerifyOptions) -> io::Result<Report> {
    let mut checker = Checker::new(options.key, options.witness, Start::Log, 0);
    let mut line = Vec::new();
    while next_line(&mut log, &mut line)? {
        checker.take(&line);
    }
    Ok(checker.finish())
}

/// With what the first line is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// It is the beginning.
    Log,
    /// It is a checkpoint, whose signature vouches for what stands before it.
    Checkpoint,
}

/// Follows the chain. After a fault it goes on from whatever the next line fits, so that one change is about one finding.
pub(super) struct Checker {
    report: Report,
    witness: Option<Head>,
    start: Start,
    /// What the next line may follow: the hash before it, and since a fault all that may have been.
    before: Vec<[u8; 32]>,
    /// The number of the next line.
    expected: u64,
    line: u64,
    offset: u64,
}

impl Checker {
    pub(super) fn new(key: Option<PublicKey>, witness: Option<Head>, start: Start, offset: u64) -> Self {
        Self {
            report: Report {
                records: 0,
                checkpoints: 0,
                notes: 0,
                bytes: 0,
                key,
                key_was_given: key.is_some(),
                head: None,
                unwitnessed: 0,
                closed: false,
                complete: Complete::Unknown,
                findings: Vec::new(),
                more_findings: 0,
            },
            witness,
            start,
            before: vec![[0; 32]],
            expected: 0,
            line: 0,
            offset,
        }
    }

    /// Takes the next line, with its line feed.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.line += 1;
        let (fault, n) = match bytes.strip_suffix(b"\n") {
            // What follows a line that is too long is the rest of it.
            None if bytes.len() <= MAX_LINE_BYTES => (Some(Fault::Torn), None),
            None => (Some(Fault::Malformed), None),
            Some(text) => match Line::parse(text) {
                Some(line) => (self.follow(&line), Some(line.n)),
                None => (Some(self.pass_over(text)), None),
            },
        };
        if let Some(fault) = fault {
            self.find(Finding { line: self.line, n, offset: self.offset, fault });
        }
        self.offset += bytes.len() as u64;
        self.report.bytes += bytes.len() as u64;
    }

    /// Sums up.
    pub(super) fn finish(mut self) -> Report {
        if self.line == 0 {
            self.find(Finding { line: 1, n: None, offset: 0, fault: Fault::NoBeginning });
        }
        let ends_at = self.report.head.map(|it| it.n);
        let is_another = self.report.findings.iter().any(|it| it.fault == Fault::NotTheWitnessed);
        self.report.complete = match self.witness {
            Some(witness) if ends_at.is_none_or(|it| it < witness.n) => Complete::Cut { ends_at, witnessed: witness.n },
            Some(witness) if !is_another => Complete::UpTo { n: witness.n },
            Some(_) | None => Complete::Unknown,
        };
        self.report
    }

    fn find(&mut self, finding: Finding) {
        if self.report.findings.len() < MAX_FINDINGS {
            self.report.findings.push(finding);
        } else {
            self.report.more_findings += 1;
        }
    }

    fn follow(&mut self, line: &Line<'_>) -> Option<Fault> {
        let mut fault = match (self.line, self.start) {
            (1, Start::Log) => {
                let begun = self.begin(line);
                begun.or(self.compare(line))
            }
            // Its signature says what stands before it.
            (1, Start::Checkpoint) => {
                self.before = vec![line.hash];
                (line.kind != Kind::Checkpoint).then_some(Fault::NoBeginning)
            }
            _ => self.compare(line).or((line.kind == Kind::Log).then_some(Fault::Malformed)),
        };
        self.expected = line.n.saturating_add(1);
        self.report.head = Some(Head { n: line.n, hash: line.hash });
        self.report.closed = false;
        match line.kind {
            Kind::Log => (),
            Kind::Record => self.report.records += 1,
            Kind::Note => self.report.notes += 1,
            Kind::Checkpoint => {
                self.report.checkpoints += 1;
                let signed = self.signed(line);
                fault = fault.or(signed.is_none().then_some(Fault::Forged));
                self.report.closed = signed.is_some_and(|it| it.closed);
            }
        }
        match line.kind {
            Kind::Checkpoint if fault.is_none() => self.report.unwitnessed = 0,
            Kind::Log | Kind::Checkpoint => (),
            Kind::Record | Kind::Note => self.report.unwitnessed += 1,
        }
        let is_another = self.witness.is_some_and(|it| it.n == line.n && it.hash != line.hash);
        fault.or(is_another.then_some(Fault::NotTheWitnessed))
    }

    /// Whether a line belongs where it stands.
    fn compare(&mut self, line: &Line<'_>) -> Option<Fault> {
        let fits = self.before.iter().rev().any(|it| linked(it, line.json) == line.hash);
        if fits && line.n == self.expected {
            self.before.clear();
            self.before.push(line.hash);
            return None;
        }
        let expected = self.expected;
        let fault = match line.n {
            n if n > expected => Fault::Missing { from: expected, to: n - 1 },
            n if n < expected => Fault::Displaced { expected },
            _ => Fault::Altered,
        };
        let computed = self.before.last().map(|it| linked(it, line.json));
        self.may_follow(computed.filter(|_| !fits));
        self.may_follow(Some(line.hash));
        Some(fault)
    }

    /// What the first line says.
    fn begin(&mut self, line: &Line<'_>) -> Option<Fault> {
        let doc: Option<LogDoc> = serde_json::from_slice(line.body).ok();
        let doc = doc.filter(|it| it.format == FORMAT && line.kind == Kind::Log && line.n == 0);
        match (self.report.key, doc) {
            (_, None) => Some(Fault::NoBeginning),
            (None, Some(doc)) => {
                self.report.key = Some(doc.key);
                None
            }
            (Some(given), Some(doc)) => (given != doc.key).then_some(Fault::OtherKey),
        }
    }

    /// What a checkpoint says, if the key has signed it and it stands where it was written.
    fn signed(&self, line: &Line<'_>) -> Option<CheckpointDoc> {
        let doc: CheckpointDoc = serde_json::from_slice(line.body).ok()?;
        let head = doc.signed_by(line.n, &self.report.key?)?;
        (linked(&head, line.json) == line.hash).then_some(doc)
    }

    /// What can be made out of a line that has not its shape, so that those after it can be told good or bad.
    fn pass_over(&mut self, text: &[u8]) -> Fault {
        let computed = self.before.last().zip(text.get(JSON_AT..)).map(|(before, json)| linked(before, json));
        let stated = text.get(..JSON_AT - 1).and_then(hex::decode);
        self.may_follow(computed);
        self.may_follow(stated);
        if computed.is_some() {
            self.expected = self.expected.saturating_add(1);
        }
        self.report.closed = false;
        if self.line == 1 { Fault::NoBeginning } else { Fault::Malformed }
    }

    fn may_follow(&mut self, hash: Option<[u8; 32]>) {
        if self.before.len() >= MAX_BEFORE {
            self.before.remove(0);
        }
        self.before.extend(hash);
    }
}
