//! What is seen of the devices on the wire: which of them sign, for which of them a gateway does, and how it came here.

use std::collections::{BTreeMap, HashMap};

use bevy::prelude::*;

use super::inventory::Observed;
use super::stock::Observations;
use crate::link::{Link, Posture};
use crate::session::{CurrentSite, Session};
use crate::signal::SignalId;
use crate::site::doc::{Crypto, DeviceDoc, SigningDoc};
use crate::site::{Signal, Site, TwinId};
use crate::trust::Trust;
use crate::twin::Readings;

/// What is known of the way on which it is seen.
#[derive(Debug, Clone, Copy)]
struct Way<'a> {
    /// How the link is protected. `None`: nobody knows, as in a recording.
    posture: Option<&'a Posture>,
    /// Whether signatures can be told from none: there is a registry of keys.
    verifies: bool,
}

/// Which device each signal is measured by: a place in the site's twins.
#[derive(Debug, Default)]
pub(super) struct Speakers(Vec<(SignalId, usize)>);

impl Speakers {
    fn of(site: &Site) -> Self {
        let places: HashMap<TwinId, usize> = site.twins.iter().enumerate().map(|(place, it)| (it.id, place)).collect();
        let measured = site.signals.iter().filter(|it| !site.is_status(it));
        let speaker = |it: &Signal| Some((it.id, *places.get(&site.device_of(it.twin)?.0.id)?));
        Self(measured.filter_map(speaker).collect())
    }

    /// What the newest readings show of each device, by the twin that it speaks for. Of one that was not heard nothing is seen.
    fn observed(&self, site: &Site, readings: &Readings, way: Way<'_>) -> BTreeMap<TwinId, Observed> {
        let mut most: Vec<Option<Trust>> = vec![None; site.twins.len()];
        for (signal, place) in &self.0 {
            let reading = readings.get(*signal);
            if let Some(most) = most.get_mut(*place).filter(|_| reading.value.is_some()) {
                *most = (*most).max(Some(reading.proof.trust));
            }
        }
        let heard =
            site.twins.iter().zip(most).filter_map(|(twin, most)| Some((twin.id, twin.device.as_ref()?, most?)));
        heard.map(|(twin, device, trust)| (twin, of_device(device, trust, way))).collect()
    }
}

fn of_device(device: &DeviceDoc, trust: Trust, way: Way<'_>) -> Observed {
    let used = match trust {
        Trust::Verified => Some(Crypto::Signed),
        // The way from such a device ends at its gateway: nothing of it is seen here.
        Trust::Vouched => None,
        Trust::Unsigned if device.signing != SigningDoc::None && !way.verifies => None,
        Trust::Unsigned => unsigned(device, way.posture),
    };
    // What the site says is a wish: that the gateway does it is seen by what it signed.
    let vouched_by = match &device.signing {
        SigningDoc::Vouched(gateway) if trust == Trust::Vouched => Some(gateway.clone()),
        SigningDoc::Vouched(_) | SigningDoc::None | SigningDoc::Required => None,
    };
    Observed { used, vouched_by }
}

/// What a device uses that signs nothing: no more than it can, and no more than the last stretch of the way shows.
fn unsigned(device: &DeviceDoc, posture: Option<&Posture>) -> Option<Crypto> {
    let shown = match posture {
        Some(posture) if !posture.is_secure() => return Some(Crypto::Plain),
        Some(posture) if posture.own.is_none() => Crypto::Tls,
        Some(_) | None => Crypto::MutualTls,
    };
    let can = device.inventory.as_ref()?.crypto?;
    Some(can.min(shown))
}

/// Keeps what is seen, where it has changed.
pub(super) fn observe(
    site: Res<CurrentSite>,
    session: Res<Session>,
    readings: Res<Readings>,
    mut speakers: Local<Speakers>,
    mut observations: ResMut<Observations>,
) {
    if site.is_changed() {
        *speakers = Speakers::of(&site);
    }
    let posture = session.link.as_ref().and_then(Link::posture);
    let way = Way { posture: posture.as_deref(), verifies: session.registry.is_some() };
    let seen = speakers.observed(&site, &readings, way);
    if observations.0 != seen {
        observations.0 = seen;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::CertificateFacts;

    #[track_caller]
    fn check(device: &str, trust: Trust, way: Way<'_>, used: Option<Crypto>, vouched_by: Option<&str>) {
        let device = ron::from_str(device).unwrap();
        let want = Observed { used, vouched_by: vouched_by.map(str::to_owned) };
        assert_eq!(of_device(&device, trust, way), want, "{device:?}");
    }

    #[test]
    fn what_a_device_uses_is_what_is_seen_of_it_and_not_what_it_can() {
        let plain = Posture::plain();
        let way = Way { posture: Some(&plain), verifies: true };
        let device = r#"(id: "d", signing: Required, inventory: Some((maker: "M", model: "V", crypto: Some(Signed))))"#;
        check(device, Trust::Verified, way, Some(Crypto::Signed), None);
        check(device, Trust::Unsigned, way, Some(Crypto::Plain), None);
        // Where no signature can be verified, nobody knows whether there is one.
        check(device, Trust::Unsigned, Way { verifies: false, ..way }, None, None);
        // Of a recording it is not known how its messages came.
        check(device, Trust::Unsigned, Way { posture: None, ..way }, Some(Crypto::MutualTls), None);
        let vouched =
            r#"(id: "d", signing: Vouched("gw"), inventory: Some((maker: "M", model: "V", crypto: Some(Plain))))"#;
        check(vouched, Trust::Vouched, way, None, Some("gw"));
        check(vouched, Trust::Unsigned, way, Some(Crypto::Plain), None);
    }

    #[test]
    fn what_signs_nothing_uses_no_more_than_the_way_shows_and_than_it_can() {
        let mut secure = Posture { protocol: Some(crate::link::TlsVersion::V1_3), ..Posture::plain() };
        let able =
            |crypto: &str| format!(r#"(id: "d", inventory: Some((maker: "M", model: "V", crypto: Some({crypto}))))"#);
        let check_by = |secure: &Posture, crypto: &str, used| {
            let way = Way { posture: Some(secure), verifies: true };
            check(&able(crypto), Trust::Unsigned, way, Some(used), None);
        };
        check_by(&secure, "Signed", Crypto::Tls);
        check_by(&secure, "Plain", Crypto::Plain);
        check(r#"(id: "d")"#, Trust::Unsigned, Way { posture: Some(&secure), verifies: true }, None, None);
        secure.own = Some(CertificateFacts {
            subject: String::new(),
            issuer: String::new(),
            names: Vec::new(),
            not_before: crate::signal::Timestamp::MIN,
            not_after: crate::signal::Timestamp::MAX,
            serial: String::new(),
            fingerprint: String::new(),
        });
        check_by(&secure, "Signed", Crypto::MutualTls);
        check_by(&secure, "Tls", Crypto::Tls);
    }
}
