//! What must survive a restart: which envelopes may have been heard, and which registries were seen.
//!
//! Windows are written ahead: a number is accepted only if the disk says that it may have been, so that a crash never opens a
//! window again. What lies between the last one heard and what was reserved is closed after a crash, unless it is stamped later
//! than the restart.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::key::{KeyId, PublicKey};
use super::registry::{Anchor, Registry};
use super::window::{Window, Windows};
use crate::signal::Timestamp;

/// By key: the boot counter, and up to which number envelopes may have been heard.
const WINDOWS: TableDefinition<'_, &[u8; 8], (u64, u64)> = TableDefinition::new("windows");
/// By site: whose registry it is, and the highest version that was seen.
const REGISTRIES: TableDefinition<'_, &str, (&str, u64)> = TableDefinition::new("registries");
/// By topic: whose the newest list was that was believed there, and its place among that key's letters.
const LISTS: TableDefinition<'_, &str, (&[u8; 8], u64, u64)> = TableDefinition::new("lists");
/// So many numbers are reserved at least.
const LEAST: u64 = 32;
/// And at most.
const MOST: u64 = 1 << 16;
/// A key that uses up its reserve sooner than this gets twice as much.
const LASTS_SECS: f64 = 4.0;

/// Where a letter stands among all that its key has signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Whose.
    pub key: KeyId,
    /// In which life of its owner.
    pub epoch: u64,
    /// Its number in it.
    pub seq: u64,
}

/// The file in which it stands.
#[derive(Debug)]
pub struct Store {
    db: Database,
    reserves: Mutex<Reserves>,
}

#[derive(Debug, Default)]
struct Reserves {
    by_key: BTreeMap<KeyId, Reserve>,
    /// The first failure to write, for a person.
    problem: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Reserve {
    epoch: u64,
    top: u64,
    until: u64,
    size: u64,
    written: Timestamp,
}

impl Place {
    /// Whether it was signed before another, by the same key. Of two keys nobody can tell.
    pub fn is_before(&self, other: &Self) -> bool {
        self.key == other.key && (self.epoch, self.seq) < (other.epoch, other.seq)
    }
}

/// Why nothing can be kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be made.
    #[error("the folder of {0} cannot be made")]
    Folder(String, #[source] std::io::Error),
    /// Another program has it open.
    #[error("{0} is open in another Pollux: this one knows nothing of what was heard before it began")]
    Taken(String),
    /// Anything else.
    #[error("{0} cannot be used: {1}")]
    Unusable(String, String),
}

impl Store {
    /// Opens the file, or makes it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let name = || path.display().to_string();
        if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|why| StoreError::Folder(name(), why))?;
        }
        let db = Database::create(path).map_err(|why| {
            if matches!(why, redb::DatabaseError::DatabaseAlreadyOpen) {
                StoreError::Taken(name())
            } else {
                StoreError::Unusable(name(), why.to_string())
            }
        })?;
        let store = Self { db, reserves: Mutex::default() };
        store.make_tables().map_err(|why| StoreError::Unusable(name(), why.to_string()))?;
        Ok(store)
    }

    /// The windows of the last run, as they are taken up at an instant.
    pub fn windows(&self, now: Timestamp) -> Windows {
        self.read_windows(now).unwrap_or_else(|why| {
            self.complain(&why);
            Windows::new()
        })
    }

    /// An envelope is about to be accepted: the disk must know first that it may have been.
    pub(super) fn reserve(&self, key: KeyId, epoch: u64, seq: u64, now: Timestamp) {
        let mut reserves = self.lock();
        let fresh = Reserve { epoch, top: seq, until: 0, size: LEAST, written: now };
        let reserve = reserves.by_key.entry(key).or_insert(fresh);
        if reserve.epoch != epoch {
            *reserve = fresh;
        }
        reserve.top = reserve.top.max(seq);
        if reserve.top < reserve.until {
            return;
        }
        // All that have used up half of theirs come along, so that there is no write for each.
        let mut due = Vec::new();
        for (key, reserve) in &mut reserves.by_key {
            if reserve.top + reserve.size / 2 < reserve.until {
                continue;
            }
            let soon = now.secs_since(reserve.written) < LASTS_SECS;
            reserve.size = if soon { (reserve.size * 2).min(MOST) } else { (reserve.size / 2).max(LEAST) };
            reserve.until = reserve.top.saturating_add(reserve.size);
            reserve.written = now;
            due.push((*key, reserve.epoch, reserve.until));
        }
        if let Err(why) = self.write(&due) {
            drop(reserves);
            self.complain(&why);
        }
    }

    /// Ends in good order: what was reserved and not used is open again. Dropping it does the same.
    pub fn close(&self) {
        let all: Vec<_> = self.lock().by_key.iter().map(|(key, it)| (*key, it.epoch, it.top)).collect();
        if let Err(why) = self.write(&all) {
            self.complain(&why);
        }
    }

    /// What is trusted of a site's registry before it is read: what was seen last.
    pub fn anchor(&self, site: &str) -> Anchor {
        self.read_anchor(site).unwrap_or_else(|why| {
            self.complain(&why);
            Anchor::default()
        })
    }

    /// Remembers a registry that was checked.
    pub fn remember(&self, site: &str, registry: &Registry) {
        let Some(authority) = registry.authority() else { return };
        if let Err(why) = self.write_anchor(site, &authority.to_string(), registry.doc().version) {
            self.complain(&why);
        }
    }

    /// The newest list on a topic that was believed. `None`: none was yet.
    pub fn list(&self, topic: &str) -> Option<Place> {
        self.read_list(topic).unwrap_or_else(|why| {
            self.complain(&why);
            None
        })
    }

    /// Remembers a list that is believed.
    pub fn remember_list(&self, topic: &str, place: &Place) {
        if let Err(why) = self.write_list(topic, place) {
            self.complain(&why);
        }
    }

    /// Why nothing is kept any more, for a person.
    pub fn problem(&self) -> Option<String> {
        self.lock().problem.clone()
    }

    fn make_tables(&self) -> Result<(), redb::Error> {
        let write = self.db.begin_write()?;
        write.open_table(WINDOWS)?;
        write.open_table(REGISTRIES)?;
        write.open_table(LISTS)?;
        write.commit()?;
        Ok(())
    }

    fn read_windows(&self, now: Timestamp) -> Result<Windows, redb::Error> {
        let table = self.db.begin_read()?.open_table(WINDOWS)?;
        let mut windows = Windows::new();
        for row in table.iter()? {
            let (key, place) = row?;
            let (epoch, until) = place.value();
            windows.insert(KeyId::from(*key.value()), Window::reserved(epoch, until, now));
        }
        Ok(windows)
    }

    fn write(&self, rows: &[(KeyId, u64, u64)]) -> Result<(), redb::Error> {
        let write = self.db.begin_write()?;
        {
            let mut table = write.open_table(WINDOWS)?;
            for (key, epoch, until) in rows {
                table.insert(key.as_bytes(), (*epoch, *until))?;
            }
        }
        write.commit()?;
        Ok(())
    }

    fn read_anchor(&self, site: &str) -> Result<Anchor, redb::Error> {
        let table = self.db.begin_read()?.open_table(REGISTRIES)?;
        let Some(row) = table.get(site)? else { return Ok(Anchor::default()) };
        let (authority, version) = row.value();
        Ok(Anchor { authority: authority.parse::<PublicKey>().ok(), version })
    }

    fn write_anchor(&self, site: &str, authority: &str, version: u64) -> Result<(), redb::Error> {
        let write = self.db.begin_write()?;
        write.open_table(REGISTRIES)?.insert(site, (authority, version))?;
        write.commit()?;
        Ok(())
    }

    fn read_list(&self, topic: &str) -> Result<Option<Place>, redb::Error> {
        let table = self.db.begin_read()?.open_table(LISTS)?;
        let place = table.get(topic)?.map(|row| {
            let (key, epoch, seq) = row.value();
            Place { key: KeyId::from(*key), epoch, seq }
        });
        Ok(place)
    }

    fn write_list(&self, topic: &str, place: &Place) -> Result<(), redb::Error> {
        let write = self.db.begin_write()?;
        write.open_table(LISTS)?.insert(topic, (place.key.as_bytes(), place.epoch, place.seq))?;
        write.commit()?;
        Ok(())
    }

    fn complain(&self, why: &redb::Error) {
        let mut reserves = self.lock();
        if reserves.problem.is_none() {
            tracing::error!("what was heard cannot be kept over a restart: {why}");
            reserves.problem = Some(format!("what was heard cannot be kept over a restart: {why}"));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Reserves> {
        self.reserves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::{KeyDoc, KeyRole, SecretKey};

    const NOW: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

    #[test]
    fn a_crash_opens_no_window_again_and_a_good_end_closes_none_that_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trust.redb");
        let key = KeyId::from([1; 8]);
        let store = Store::open(&path).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::Taken(_))));
        for seq in 1..=100 {
            store.reserve(key, 7, seq, NOW);
        }
        // A crash writes nothing more.
        store.lock().by_key.clear();
        drop(store);
        let crashed = Store::open(&path).unwrap();
        let (epoch, until) = crashed.windows(NOW)[&key].place();
        assert!(epoch == 7 && until > 100, "{until}");
        crashed.reserve(key, 7, 101, NOW);
        drop(crashed);
        assert_eq!(Store::open(&path).unwrap().windows(NOW)[&key].place(), (7, 101));
    }

    #[test]
    fn the_newest_list_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trust.redb");
        let store = Store::open(&path).unwrap();
        assert_eq!(store.list("gate"), None);
        let place = Place { key: KeyId::from([1; 8]), epoch: 7, seq: 3 };
        store.remember_list("gate", &place);
        drop(store);
        let store = Store::open(&path).unwrap();
        assert_eq!((store.list("gate"), store.list("another")), (Some(place), None));
        assert!(Place { epoch: 6, seq: 9, ..place }.is_before(&place));
        assert!(!Place { key: KeyId::from([2; 8]), epoch: 6, ..place }.is_before(&place));
    }

    #[test]
    fn the_newest_registry_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a/trust.redb")).unwrap();
        assert_eq!(store.anchor("plant").version, 0);
        let authority = SecretKey::generate();
        let key = KeyDoc::new("d", KeyRole::Device, SecretKey::generate().public());
        store.remember("plant", &Registry::made(vec![key], NOW, &authority));
        let anchor = store.anchor("plant");
        assert_eq!((anchor.version, anchor.authority), (1, Some(authority.public())));
        assert_eq!(store.anchor("other").version, 0);
    }
}
