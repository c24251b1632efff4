//! What this program alone holds isolated, kept over a restart: by the site's file and the twin's address.
//!
//! What the gate holds is not in it: the gate keeps that itself, and says so to whoever connects.

use std::fs;
use std::path::{Path, PathBuf};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::{Hold, QuarantineEvent, quarantine_doc};
use crate::session::recording::AuditDoc;
use crate::site::Site;

/// By the site's file and the twin's address: the isolation, as it is recorded.
const ISOLATED: TableDefinition<'_, (&str, &str), &str> = TableDefinition::new("isolated");

/// The file in which it stands. There is none until something is isolated.
#[derive(Debug)]
pub(super) struct Kept {
    file: PathBuf,
    site: String,
    /// `None`: it is not open.
    db: Option<Database>,
}

impl Kept {
    /// Of a site, in a file.
    pub(super) fn open(file: &Path, site: &Path) -> Self {
        let site = fs::canonicalize(site).unwrap_or_else(|_| site.to_owned()).display().to_string();
        Self { file: file.to_owned(), site, db: Database::open(file).ok() }
    }

    /// All that is kept. The error is for a person.
    pub(super) fn read(&self) -> Result<Vec<AuditDoc>, String> {
        match &self.db {
            Some(db) => self.read_from(db).map_err(|why| self.unusable(&why)),
            None if !self.file.exists() => Ok(Vec::new()),
            None => Err(self.unusable(&"it is open in another Pollux, or damaged")),
        }
    }

    /// Goes on with what was isolated or released. The error is for a person.
    pub(super) fn follow(&mut self, event: &QuarantineEvent, site: &Site) -> Result<(), String> {
        let Some(doc) = quarantine_doc(event, site) else { return Ok(()) };
        let is_here = matches!(event, QuarantineEvent::Isolated(it) if it.hold == Hold::Here);
        if !is_here && self.db.is_none() {
            return Ok(());
        }
        self.write(&doc, is_here).map_err(|why| self.unusable(&why))
    }

    fn write(&mut self, doc: &AuditDoc, is_here: bool) -> Result<(), Box<dyn std::error::Error>> {
        let twin = doc.quarantine.as_ref().map(|it| it.twin.as_str()).unwrap_or_default();
        let db = match &mut self.db {
            Some(db) => db,
            None => {
                self.file.parent().map_or(Ok(()), fs::create_dir_all)?;
                self.db.insert(Database::create(&self.file)?)
            }
        };
        let write = db.begin_write()?;
        let key = (self.site.as_str(), twin);
        if is_here {
            write.open_table(ISOLATED)?.insert(key, serde_json::to_string(doc)?.as_str())?;
        } else {
            write.open_table(ISOLATED)?.remove(key)?;
        }
        write.commit()?;
        Ok(())
    }

    fn read_from(&self, db: &Database) -> Result<Vec<AuditDoc>, redb::Error> {
        let read = db.begin_read()?;
        let table = match read.open_table(ISOLATED) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            table => table?,
        };
        let mut docs = Vec::new();
        for row in table.iter()? {
            let (key, text) = row?;
            if key.value().0 == self.site {
                docs.extend(serde_json::from_str::<AuditDoc>(text.value()).ok());
            }
        }
        docs.sort_by_key(|it| it.at);
        Ok(docs)
    }

    fn unusable(&self, why: &dyn std::fmt::Display) -> String {
        let file = self.file.display();
        format!("What is isolated on this desktop only is not kept over a restart: {file} cannot be used: {why}.")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::signal::Timestamp;
    use crate::site::{Ids, TwinId, load};
    use crate::twin::{Isolation, Released, quarantine_event};

    const AT: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

    fn isolated(twin: TwinId, hold: Hold) -> QuarantineEvent {
        let (who, why) = ("anna".into(), "it lies".into());
        let isolation = Isolation { at: AT, since: AT, hold, twin, who, why, estimates: BTreeMap::new() };
        QuarantineEvent::Isolated(Arc::new(isolation))
    }

    #[test]
    fn what_is_isolated_here_alone_is_there_after_a_restart_until_it_is_released_or_the_gates() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/gated/site.ron");
        let site = load(&path, &mut Ids::default()).unwrap().site;
        let (pump, door) = (site.twin_at("bench.pump").unwrap().id, site.twin_at("bench.door").unwrap().id);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/quarantine.redb");
        let again = |site_path: &Path| {
            let docs = Kept::open(&file, site_path).read().unwrap();
            docs.iter().map(|it| quarantine_event(it, &site).unwrap()).collect::<Vec<_>>()
        };
        let mut kept = Kept::open(&file, &path);
        assert_eq!(kept.read(), Ok(Vec::new()));
        // Nothing is made for what the gate holds.
        kept.follow(&isolated(pump, Hold::Gate), &site).unwrap();
        assert!(!file.exists());
        kept.follow(&isolated(pump, Hold::Here), &site).unwrap();
        kept.follow(&isolated(door, Hold::Here), &site).unwrap();
        let taken = Kept::open(&file, &path).read().unwrap_err();
        assert!(taken.contains("another Pollux") && taken.contains("quarantine.redb"), "{taken}");
        drop(kept);
        assert_eq!(again(&path), [isolated(door, Hold::Here), isolated(pump, Hold::Here)]);
        assert_eq!(again(Path::new("/another/site.ron")), []);
        let mut kept = Kept::open(&file, &path);
        kept.follow(&isolated(pump, Hold::Gate), &site).unwrap();
        let (who, why) = ("anna".into(), "mended".into());
        kept.follow(&QuarantineEvent::Released(Released { at: AT, twin: door, who, why }), &site).unwrap();
        drop(kept);
        assert_eq!(again(&path), []);
    }
}
