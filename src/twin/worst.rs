//! The standing of a twin itself: the worst of what is measured on it. With all that is below it, it is rolled up in `guard`.

use super::reading::Readings;
use super::standing::Standing;
use crate::site::doc::SigningDoc;
use crate::site::{Site, Twin};

/// Whether anything on a site is signed: where nothing is, that something is not says nothing.
pub fn signs(site: &Site) -> bool {
    site.twins.iter().any(|it| it.device.as_ref().is_some_and(|it| it.signing != SigningDoc::None))
}

/// The worst of a twin's own signals; of a part without signals, that of the twin whose device speaks for it. `None`: nothing
/// speaks for it. What a device's status topic says is the broker's word, too, and is left out.
pub fn own_standing(site: &Site, twin: &Twin, readings: &Readings) -> Option<Standing> {
    let worst = |of: &Twin| {
        let told = site.signals_of(of.id).filter(|it| !site.is_status(it));
        told.map(|it| readings.get(it.id).standing).max()
    };
    worst(twin).or_else(|| worst(site.device_of(twin.id)?.0))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::site::{self, Ids};

    #[test]
    fn a_part_that_nothing_is_measured_on_stands_as_what_its_device_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenes/northfield/site.ron");
        let site = site::load(&path, &mut Ids::default()).unwrap().site;
        assert!(signs(&site));
        let readings = Readings::default();
        let check = |address: &str, want| {
            let twin = site.twin_at(address).unwrap();
            assert_eq!(own_standing(&site, twin, &readings), want, "{address}");
        };
        check("pumping.p1", Some(Standing::Unheard));
        let part = site.twins.iter().find(|it| {
            it.device.is_none() && site.device_of(it.id).is_some() && site.signals_of(it.id).next().is_none()
        });
        check(&part.unwrap().address, Some(Standing::Unheard));
        check("pumping", None);
    }
}
