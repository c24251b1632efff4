//! The chain over records that are kept elsewhere, such as a session's audit: the hash is a field of each.

use std::io;

use serde::Serialize;

use super::{Chain, Complete, Head, hex};

/// What stands before the digits, at the end of a record.
const FIELD: &[u8] = b",\"chain\":\"";
/// What the field takes at the end of a record, with the brace that ends it.
const FIELD_BYTES: usize = FIELD.len() + 64 + 2;

/// What was found out about records that were kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkedReport {
    /// How many there are.
    pub records: u64,
    /// How many bear no hash: they were written before there was one.
    pub unchained: u64,
    /// The last one, counted from zero. `None`: none bears a hash.
    pub head: Option<Head>,
    /// Whether the end is there.
    pub complete: Complete,
    /// What is wrong: the record, counted from zero.
    pub findings: Vec<(u64, LinkedFault)>,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
pub enum LinkedFault {
    /// It, or what stands before it, is not what was written.
    #[error(
        "it was altered, or something before it is missing: its hash does not belong to it and what stands before it"
    )]
    Altered,
    /// It bears no hash, among others that do.
    #[error("it bears no hash, as those beside it do: it was put in")]
    Unchained,
    /// The record that was kept elsewhere is another.
    #[error("it is not the record that the given checkpoint stands for")]
    NotTheWitnessed,
}

impl Chain {
    /// Adds a record and writes the hash into it as its last field, `chain`. The hash is over the record without it.
    /// What is no JSON object with something in it stays as it is, and is no part of the chain.
    pub fn seal(&mut self, mut json: Vec<u8>) -> Vec<u8> {
        if json.len() > 2 && json.starts_with(b"{") && json.ends_with(b"}") {
            let hash = self.link(&json);
            json.pop();
            json.extend_from_slice(FIELD);
            json.extend_from_slice(hex::encode(&hash).as_bytes());
            json.extend_from_slice(b"\"}");
        }
        json
    }
}

/// A record without its hash, and the hash. `None`: it bears none.
fn unseal(record: &[u8]) -> Option<(Vec<u8>, [u8; 32])> {
    let (body, field) = record.split_at(record.len().checked_sub(FIELD_BYTES)?);
    let hash = hex::decode(field.strip_prefix(FIELD)?.strip_suffix(b"\"}")?)?;
    Some(([body, b"}"].concat(), hash))
}

/// Looks records over that were sealed by a [`Chain`], in their order.
pub fn verify_linked(
    records: impl IntoIterator<Item = io::Result<Vec<u8>>>,
    witness: Option<Head>,
) -> io::Result<LinkedReport> {
    let mut report =
        LinkedReport { records: 0, unchained: 0, head: None, complete: Complete::Unknown, findings: Vec::new() };
    let mut chain = Chain::default();
    let mut bare = Vec::new();
    for record in records {
        let n = report.records;
        report.records += 1;
        let Some((json, hash)) = unseal(&record?) else {
            report.unchained += 1;
            bare.push((n, LinkedFault::Unchained));
            continue;
        };
        if chain.link(&json) != hash {
            report.findings.push((n, LinkedFault::Altered));
            // One change is one finding.
            chain.head = hash;
        } else if witness.is_some_and(|it| it.n == n && it.hash != hash) {
            report.findings.push((n, LinkedFault::NotTheWitnessed));
        }
        report.head = Some(Head { n, hash });
    }
    if report.head.is_some() {
        report.findings.append(&mut bare);
        report.findings.sort_by_key(|it| it.0);
    }
    let ends_at = report.records.checked_sub(1);
    let is_another = report.findings.iter().any(|it| it.1 == LinkedFault::NotTheWitnessed);
    report.complete = match witness {
        Some(witness) if ends_at.is_none_or(|it| it < witness.n) => Complete::Cut { ends_at, witnessed: witness.n },
        Some(witness) if !is_another && report.head.is_some() => Complete::UpTo { n: witness.n },
        Some(_) | None => Complete::Unknown,
    };
    Ok(report)
}

impl LinkedReport {
    /// Against whom the verdict holds, for a person.
    pub const AGAINST: &'static str =
        "accidents alone: nobody signs in a session, and whoever exports a part of one chains it anew";

    /// Nothing that is there was changed by accident: [`LinkedReport::AGAINST`].
    pub fn unaltered(&self) -> bool {
        self.findings.is_empty()
    }

    /// Unaltered, chained, and the end was not cut as far as that can be known.
    pub fn is_good(&self) -> bool {
        self.unaltered() && self.unchained == 0 && !matches!(self.complete, Complete::Cut { .. })
    }
}
