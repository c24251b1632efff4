//! Takes stock of the site at hand: reads its advisories on a thread of its own, and makes its parts anew when the site, the
//! advisories or what is seen of the devices has changed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use bevy::prelude::*;
use crossbeam_channel::{Receiver, bounded};
use jiff::civil::Date;
use tracing::error;

use super::advisories::{Library, read};
use super::inventory::{Observed, Part, outlook, parts, write_csv};
use crate::session::{CurrentSite, Existing, NewFile, Notice, NoticeTone, Session, Waker};
use crate::site::{Finding, Site, TwinId};

/// The devices of the site at hand, and what is known of them. Written by this folder alone.
#[derive(Resource, Debug, Default)]
pub struct Inventory {
    /// One for each device, in the order of the site.
    pub parts: Vec<Part>,
    /// The advisories are still being read.
    pub is_reading: bool,
    /// What the files say.
    library: Library,
}

/// What is seen of the devices on the wire, by the twin that each speaks for.
#[derive(Resource, Debug, Default)]
pub struct Observations(pub BTreeMap<TwinId, Observed>);

/// A request to read the advisories again.
#[derive(Message, Debug, Clone, Copy)]
pub struct ReadAdvisories;

/// A request to write the inventory to a file, as a table. One that is there makes room: the person was asked.
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct ExportInventory {
    /// Where to.
    pub path: PathBuf,
    /// As it will be on this day.
    pub date: Date,
}

/// The reading under way.
#[derive(Resource, Default)]
pub(super) struct UnderWay(Option<Receiver<Library>>);

impl Inventory {
    /// The part that speaks for a twin: its own device, or its nearest ancestor's.
    pub fn part_of(&self, site: &Site, twin: TwinId) -> Option<&Part> {
        let (owner, _) = site.device_of(twin)?;
        self.parts.iter().find(|it| it.twin == owner.id)
    }

    /// What is wrong in the files of advisories.
    pub fn findings(&self) -> &[Finding] {
        &self.library.findings
    }

    /// How many advisories were read.
    pub fn n_advisories(&self) -> usize {
        self.library.advisories.len()
    }
}

impl UnderWay {
    /// Begins to read a folder. One that was under way is forgotten.
    fn begin(&mut self, folder: PathBuf, waker: Waker) -> io::Result<()> {
        let (read_one, fetched) = bounded(1);
        thread::Builder::new().name("pollux-advisories".to_owned()).spawn(move || {
            // Nobody waits for it any more where the site was edited meanwhile.
            if read_one.send(read(&folder)).is_ok() {
                waker.wake();
            }
        })?;
        self.0 = Some(fetched);
        Ok(())
    }

    fn fetch(&mut self) -> Option<Library> {
        let library = self.0.as_ref()?.try_recv().ok()?;
        self.0 = None;
        Some(library)
    }
}

/// Reads the advisories when the site says so or a person does, and takes stock when something has changed.
pub(super) fn take_stock(
    site: Res<CurrentSite>,
    session: Res<Session>,
    observations: Res<Observations>,
    mut asked: MessageReader<ReadAdvisories>,
    mut reading: ResMut<UnderWay>,
    mut inventory: ResMut<Inventory>,
) -> Result {
    let mut fresh = reading.0.is_some().then(|| reading.fetch()).flatten();
    if asked.read().count() > 0 || site.is_changed() {
        match &site.advisories {
            Some(folder) => {
                reading.begin(folder.clone(), session.waker.clone())?;
                fresh = None;
            }
            None => fresh = Some(Library::default()),
        }
    }
    if fresh.is_none() && !site.is_changed() && !observations.is_changed() {
        inventory.bypass_change_detection().is_reading = reading.0.is_some();
        return Ok(());
    }
    if let Some(library) = fresh {
        inventory.library = library;
    }
    inventory.is_reading = reading.0.is_some();
    let seen = |it| observations.0.get(&it).cloned().unwrap_or_default();
    inventory.parts = parts(&site, &inventory.library, seen);
    Ok(())
}

/// Writes the inventory where it was asked for, and says so.
pub(super) fn export(
    mut asked: MessageReader<ExportInventory>,
    site: Res<CurrentSite>,
    inventory: Res<Inventory>,
    mut notices: MessageWriter<Notice>,
) {
    for ExportInventory { path, date } in asked.read() {
        let notice = match write_table(&site, &inventory.parts, *date, path) {
            Ok(()) => Notice::new(NoticeTone::Good, format!("The inventory was written to {}", path.display())),
            Err(why) => {
                error!("the inventory could not be written to {}: {why}", path.display());
                Notice::new(NoticeTone::Bad, format!("The inventory could not be written to {}: {why}", path.display()))
            }
        };
        notices.write(notice);
    }
}

fn write_table(site: &Site, parts: &[Part], date: Date, path: &Path) -> io::Result<()> {
    let new = NewFile::begin(path, Existing::Replace)?;
    write_csv(parts, &outlook(site, parts, date), new.file())?;
    new.finish()
}
