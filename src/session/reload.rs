//! An edited site is taken over while all goes on; a broken edit changes nothing but what the screen says.

use std::sync::Arc;

use bevy::prelude::*;
use tracing::{info, warn};

use super::{CurrentSite, Session, SiteFindings, SiteReloaded};
use crate::site::{self, LoadError, Severity};

/// Looks whether the file has changed, and loads it.
pub(super) fn reload_site(
    mut session: ResMut<Session>,
    mut site: ResMut<CurrentSite>,
    mut findings: ResMut<SiteFindings>,
    mut reloaded: MessageWriter<SiteReloaded>,
) {
    if !session.watch.as_ref().is_some_and(site::Watch::changed) {
        return;
    }
    let path = session.site_path.clone();
    // Numbers are given for good only if the edit is.
    let mut ids = session.ids.clone();
    match site::load(&path, &mut ids) {
        Ok(loaded) => {
            info!("{} was edited and is in use", path.display());
            session.ids = ids;
            site.0 = Arc::new(loaded.site);
            findings.0 = loaded.findings;
            session.take_over(&site.0);
            reloaded.write(SiteReloaded);
        }
        Err(LoadError::Broken(found)) => {
            let n_errors = found.iter().filter(|it| it.severity == Severity::Error).count();
            warn!("{} has {n_errors} errors; the last good one stays in use", path.display());
            findings.0 = found;
        }
        // A file that is being replaced is gone for a moment: the next change tells.
        Err(error) => warn!("{error}"),
    }
}
