//! What a site says of each topic: who may sign there, how far that may be believed, and how much may come.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::site::Site;
use crate::site::doc::{DeviceDoc, SigningDoc};
use crate::trust::bucket::{Bucket, Price};
use crate::trust::verdict::Trust;

/// What is stamped longer ago than so many periods is too old, but never what is younger than the second figure.
const OLD_PERIODS: f64 = 3.0;
const OLD_AT_LEAST: Duration = Duration::from_secs(5);

/// What a site says, by topic.
pub(super) type Rules = HashMap<Box<[u8]>, (Arc<Rule>, Bucket)>;

/// What a site says of one topic.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) topic: Arc<str>,
    pub(super) device: Arc<str>,
    pub(super) signing: SigningDoc,
    /// No key speaks for it: it is no device's, or says whether a device is there, which is the broker's word too, who keeps it,
    /// and says it when the device is gone.
    pub(super) is_free: bool,
    /// Whose keys may sign.
    pub(super) owners: Vec<String>,
    /// How far what is signed may be believed at most.
    pub(super) most: Trust,
    /// What is stamped longer ago is too old.
    pub(super) old_after: Duration,
    /// What a signed message takes of the topic's bucket.
    pub(super) price: Price,
}

/// What a site says, by topic. Empty where nothing on it is signed.
pub(super) fn rules_of(site: &Site) -> Rules {
    let mut rules: HashMap<Box<[u8]>, Rule> = HashMap::new();
    let mut any = false;
    for signal in &site.signals {
        let device = site.device_of(signal.twin).map(|it| it.1);
        let is_free = device.is_none() || site.is_status(signal);
        let price = Price::signed(signal.period);
        let rule = || Rule { is_free, price, ..Rule::new(&signal.topic, device) };
        let known = rules.entry(signal.topic.as_bytes().into()).or_insert_with(rule);
        let Some(device) = device.filter(|_| !is_free) else { continue };
        if known.is_free {
            *known = rule();
        }
        any |= device.signing != SigningDoc::None;
        known.tighten(device);
        let old = Duration::try_from_secs_f64(signal.period * OLD_PERIODS).unwrap_or(Duration::MAX);
        known.old_after = known.old_after.max(old);
        known.price = known.price.min(price);
    }
    let shared = |(topic, rule)| (topic, (Arc::new(rule), Bucket::FULL));
    if any { rules.into_iter().map(shared).collect() } else { Rules::new() }
}

impl Rule {
    fn new(topic: &str, device: Option<&DeviceDoc>) -> Self {
        let signing = device.map_or(SigningDoc::None, |it| it.signing.clone());
        Self {
            topic: topic.into(),
            device: device.map_or("", |it| it.id.as_str()).into(),
            is_free: device.is_none(),
            owners: device.map_or_else(Vec::new, DeviceDoc::signers),
            most: most_of(&signing),
            signing,
            old_after: OLD_AT_LEAST,
            price: Price::UNSIGNED,
        }
    }

    /// A device speaks on this topic, too. Where two do that are not signed alike, which a site that was checked does not have,
    /// the strictest of both holds.
    fn tighten(&mut self, device: &DeviceDoc) {
        if *self.device == *device.id || device.signing == SigningDoc::None {
            return;
        }
        if self.signing == SigningDoc::None {
            *self = Self { old_after: self.old_after, price: self.price, ..Self::new(&self.topic, Some(device)) };
            return;
        }
        let signers = device.signers();
        self.owners.retain(|it| signers.contains(it));
        self.most = self.most.min(most_of(&device.signing));
    }
}

/// How far what is signed for a device may be believed at most: what a gateway signs proves what the gateway heard, whatever
/// else the gateway is.
fn most_of(signing: &SigningDoc) -> Trust {
    match signing {
        SigningDoc::Vouched(_) => Trust::Vouched,
        SigningDoc::None | SigningDoc::Required => Trust::Verified,
    }
}
