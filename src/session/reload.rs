//! An edited site is taken over while all goes on; a broken edit leaves the last good one running.

use std::path::PathBuf;
use std::sync::Arc;

use bevy::prelude::*;
use tracing::{error, info, warn};

use super::{CurrentSite, Session, SiteFindings, SiteReloaded};
use crate::site::{self, Ids, LoadError, Watch};

/// The file that the site came from.
#[derive(Resource)]
pub(super) struct SiteFile {
    path: PathBuf,
    ids: Ids,
    /// `None`: the system cannot tell of changes.
    watch: Option<Watch>,
}

impl SiteFile {
    pub(super) fn new(path: PathBuf, ids: Ids) -> Self {
        let watch = match site::watch(&path) {
            Ok(watch) => Some(watch),
            Err(error) => {
                warn!("edits of {} will not be noticed: {error}", path.display());
                None
            }
        };
        Self { path, ids, watch }
    }
}

pub(super) fn follow_file(
    mut file: ResMut<SiteFile>,
    session: Res<Session>,
    mut site: ResMut<CurrentSite>,
    mut findings: ResMut<SiteFindings>,
    mut reloaded: MessageWriter<SiteReloaded>,
) {
    if !file.watch.as_ref().is_some_and(Watch::changed) {
        return;
    }
    // A broken edit must not use numbers up.
    let mut ids = file.ids.clone();
    match site::load(&file.path, &mut ids) {
        Ok(loaded) => {
            info!("{} was edited and is taken over", file.path.display());
            file.ids = ids;
            let new = Arc::new(loaded.site);
            session.history.grow(new.signal_capacity);
            if let Some(ingest) = &session.ingest {
                ingest.set_site(Arc::clone(&new), session.word_topics(&new));
                if let Some(registry) = &session.registry {
                    // A site on which nothing was signed before had nobody to give it to.
                    ingest.set_registry(Arc::clone(registry), session.store.clone());
                }
            }
            if let Some(link) = &session.link {
                link.subscribe(session.filters(&new));
            }
            site.0 = new;
            findings.0 = loaded.findings;
            reloaded.write(SiteReloaded);
        }
        Err(LoadError::Broken(broken)) => {
            warn!("{} has {} faults; the last good one runs on", file.path.display(), broken.len());
            findings.0 = broken;
        }
        // An editor that is just replacing the file: its next step is noticed too.
        Err(error) => error!("the edited site could not be read: {error}"),
    }
}
