//! The standing of twins: the worst of what is measured on each, and of all that is below it.

use super::reading::Readings;
use super::standing::Standing;
use crate::site::doc::SigningDoc;
use crate::site::{Signal, Site, Twin};

/// Whether anything on a site is signed: where nothing is, that something is not says nothing.
pub fn signs(site: &Site) -> bool {
    site.twins.iter().any(|it| it.device.as_ref().is_some_and(|it| it.signing != SigningDoc::None))
}

/// The worst of a twin's own signals; of a part without signals, that of the twin whose device speaks for it. `None`: nothing
/// speaks for it. What a device's status topic says is the broker's word, too, and is left out.
pub fn own_standing(site: &Site, twin: &Twin, readings: &Readings) -> Option<Standing> {
    let worst = |of: &Twin| {
        let status = |it: &&Signal| {
            let device = site.device_of(it.twin).map(|it| it.1);
            device.is_none_or(|device| device.status.as_deref() != Some(it.topic.as_str()))
        };
        site.signals_of(of.id).filter(status).map(|it| readings.get(it.id).standing).max()
    };
    worst(twin).or_else(|| worst(site.device_of(twin.id)?.0))
}

/// The worst of each twin and of all below it, in the order of the site's twins.
pub fn standings(site: &Site, readings: &Readings) -> Vec<Option<Standing>> {
    let mut all: Vec<Option<Standing>> = site.twins.iter().map(|it| own_standing(site, it, readings)).collect();
    let mut row_of = vec![None; site.twin_capacity];
    for (row, twin) in site.twins.iter().enumerate() {
        row_of[twin.id.index()] = Some(row);
    }
    for (row, twin) in site.twins.iter().enumerate() {
        for involved in twin.involves.iter().filter_map(|it| row_of[it.index()]) {
            all[row] = all[row].max(all[involved]);
        }
    }
    // Parents stand before their children, so one pass from the end rolls all of it up.
    for (row, twin) in site.twins.iter().enumerate().rev() {
        if let Some(parent) = twin.parent.and_then(|it| row_of[it.index()]) {
            all[parent] = all[parent].max(all[row]);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::site::{self, Ids};

    #[test]
    fn a_part_that_nothing_is_measured_on_stands_as_what_its_device_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sites/bench_pump/site.ron");
        let site = site::load(&path, &mut Ids::default()).unwrap().site;
        assert!(!signs(&site));
        let readings = Readings::default();
        for (twin, worst) in site.twins.iter().zip(standings(&site, &readings)) {
            let speaks = site.device_of(twin.id).is_some() && site.signals_of(twin.id).next().is_some();
            if speaks {
                assert_eq!(own_standing(&site, twin, &readings), Some(Standing::Unheard), "{}", twin.address);
            }
            assert!(worst >= own_standing(&site, twin, &readings), "{}", twin.address);
        }
    }
}
