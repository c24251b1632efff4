//! What a site says of each topic: who may sign there, and how far that may be believed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::site::Site;
use crate::site::doc::{DeviceDoc, SigningDoc};
use crate::trust::bucket::Bucket;
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
    /// Whose keys may sign.
    pub(super) owners: Vec<String>,
    /// How far what is signed may be believed at most.
    pub(super) most: Trust,
    /// What is stamped longer ago is too old.
    pub(super) old_after: Duration,
}

/// What a site says, by topic. Empty where nothing on it is signed.
pub(super) fn rules_of(site: &Site) -> Rules {
    let mut rules: HashMap<Box<[u8]>, (Rule, Bucket)> = HashMap::new();
    let mut any = false;
    for signal in &site.signals {
        let Some((_, device)) = site.device_of(signal.twin) else { continue };
        // What a status says is the broker's word too: it keeps it, and says it when the device is gone.
        if device.status.as_deref() == Some(signal.topic.as_str()) {
            continue;
        }
        any |= device.signing != SigningDoc::None;
        let old = Duration::try_from_secs_f64(signal.period * OLD_PERIODS).unwrap_or(Duration::MAX);
        let rule = || (Rule::new(&signal.topic, device), Bucket::new(signal.period));
        let (rule, _) = rules.entry(signal.topic.as_bytes().into()).or_insert_with(rule);
        rule.tighten(device);
        rule.old_after = rule.old_after.max(old);
    }
    let shared = |(topic, (rule, bucket))| (topic, (Arc::new(rule), bucket));
    if any { rules.into_iter().map(shared).collect() } else { Rules::new() }
}

impl Rule {
    fn new(topic: &str, device: &DeviceDoc) -> Self {
        Self {
            topic: topic.into(),
            device: device.id.as_str().into(),
            signing: device.signing.clone(),
            owners: device.signers(),
            most: most_of(&device.signing),
            old_after: OLD_AT_LEAST,
        }
    }

    /// A device speaks on this topic, too. Where two do that are not signed alike, which a site that was checked does not have,
    /// the strictest of both holds.
    fn tighten(&mut self, device: &DeviceDoc) {
        if *self.device == *device.id || device.signing == SigningDoc::None {
            return;
        }
        if self.signing == SigningDoc::None {
            *self = Self { old_after: self.old_after, ..Self::new(&self.topic, device) };
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
