//! Whose seals a file bears.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek};

use super::bytes::{Bytes, Candidate};
use super::end::MAGIC;
use super::report::Sealing;
use super::seal::{SEAL_OPCODE, Seal};
use super::session_id::SessionId;
use crate::trust::key::{KeyId, PublicKey};

/// So many seals are asked whose they are.
const ASKED: usize = 16;
/// And so many, until one tells its key.
const MAX_ASKED: usize = 100;
/// The final seal stands within so many bytes of the end.
const END: u64 = 4096;

/// By whom a file is sealed, and for which session.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) sealing: Sealing,
    /// The key by which its seals are looked at. `None`: there are none, or none is known.
    pub(super) key: Option<PublicKey>,
    pub(super) session: Option<SessionId>,
}

/// What the seals at the beginning and at the end say. The key that most of them bear is the file's: one that was put in
/// makes no other file of it.
pub(super) fn find_signer(bytes: &mut Bytes<impl Read + Seek>, given: Option<PublicKey>) -> io::Result<Signer> {
    let mut asked = Asked::default();
    let mut end = bytes.length.saturating_sub(END);
    while let Some(candidate) = bytes.search(end)? {
        end = candidate.from + 1;
        asked.ask(&candidate);
    }
    // Seals stand between records: what lies within one, as a session within a bundle, has seals of its own.
    let (mut at, mut n) = (MAGIC.len() as u64, 0);
    while n < MAX_ASKED
        && let Some(head) = bytes.head(at)?
    {
        at = head.to;
        if head.opcode == SEAL_OPCODE
            && let Some(candidate) = bytes.candidate(head)?
        {
            n += 1;
            asked.ask(&candidate);
            if n >= ASKED && asked.is_told() {
                break;
            }
        }
        if at > bytes.length {
            break;
        }
    }
    // Where the records lead to none, as in a file that was changed at its beginning, they are looked for byte by byte.
    let mut from = 0;
    while n < MAX_ASKED && !asked.is_told() {
        let Some(candidate) = bytes.search(from)? else { break };
        n += 1;
        from = candidate.from + 1;
        asked.ask(&candidate);
    }
    let Some(most) = asked.most() else {
        return Ok(Signer { sealing: Sealing::None, key: None, session: None });
    };
    let (key, sealing) = match (given.filter(|it| asked.counts.contains_key(&it.id())), asked.keys.get(&most), given) {
        (Some(key), _, _) => (Some(key), Sealing::ByGiven(key)),
        (None, Some(&key), None) => (Some(key), Sealing::ByOwn(key)),
        (None, Some(&key), Some(given)) => (Some(key), Sealing::ByOther { key, given }),
        (None, None, _) => (None, Sealing::NoKey),
    };
    let session = asked.session(key.map_or(most, |it| it.id()));
    Ok(Signer { sealing, key, session })
}

/// The first of some keys that a file bears seals of, by what stands at its beginning and its end. `None`: it bears none.
pub fn borne(file: impl Read + Seek, keys: &[PublicKey]) -> io::Result<Option<PublicKey>> {
    let mut bytes = Bytes::new(file)?;
    for key in keys {
        if let Sealing::ByGiven(key) = find_signer(&mut bytes, Some(*key))?.sealing {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

#[derive(Default)]
struct Asked {
    /// How many bear which key.
    counts: BTreeMap<KeyId, usize>,
    /// Keys that were told, and with which the seal is signed that tells them.
    keys: BTreeMap<KeyId, PublicKey>,
    sessions: BTreeMap<(KeyId, SessionId), usize>,
}

impl Asked {
    fn ask(&mut self, candidate: &Candidate) {
        let Some((id, seal)) = Seal::peek(&candidate.envelope) else { return };
        *self.counts.entry(id).or_default() += 1;
        *self.sessions.entry((id, seal.session)).or_default() += 1;
        if let Some(key) = seal.key.filter(|_| !self.keys.contains_key(&id))
            && Seal::open(&candidate.envelope, |it| Some(key).filter(|key| key.id() == it)).is_ok()
        {
            self.keys.insert(id, key);
        }
    }

    /// The first of those that most of them bear.
    fn most(&self) -> Option<KeyId> {
        self.counts.iter().max_by_key(|it| it.1).map(|it| *it.0)
    }

    /// Whether it is known whose key most of them bear.
    fn is_told(&self) -> bool {
        self.most().is_some_and(|it| self.keys.contains_key(&it))
    }

    fn session(&self, key: KeyId) -> Option<SessionId> {
        self.sessions.iter().filter(|it| it.0.0 == key).max_by_key(|it| it.1).map(|it| it.0.1)
    }
}
