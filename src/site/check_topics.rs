//! Topics on which more than one device speaks: whoever verifies what comes in on them cannot tell the devices apart.

use std::collections::HashMap;

use super::build::Builder;
use super::doc::{DeviceDoc, SigningDoc};

impl Builder<'_> {
    /// Devices that share a topic must be signed alike, or what must be signed of the one could be said for the other.
    pub(super) fn check_topics(&mut self) {
        let flats = self.flats;
        let mut first: HashMap<&str, (usize, usize)> = HashMap::new();
        for &(at, i) in self.signals {
            let topic = flats[at].doc.signals[i].topic.as_str();
            let Some(device) = self.device(at).filter(|it| it.status.as_deref() != Some(topic)) else { continue };
            let (at_first, i_first) = *first.entry(topic).or_insert((at, i));
            let Some(other) = self.device(at_first).filter(|it| !are_signed_alike(it, device)) else { continue };
            let message = format!(
                "the devices {:?} and {:?} share the topic {topic:?}, and are not signed alike",
                other.id, device.id
            );
            self.problems
                .error(flats[at].signal_place(i, ".topic"), message)
                .first_at(flats[at_first].signal_place(i_first, ".topic"))
                .expecting("a topic of its own for each, or the same `signing` and `keys` on both");
        }
    }
}

/// Whether what two devices say is verified in the same way, by the same keys.
fn are_signed_alike(one: &DeviceDoc, other: &DeviceDoc) -> bool {
    let keys = match one.signing {
        SigningDoc::None => one.keys == other.keys,
        SigningDoc::Required | SigningDoc::Vouched(_) => one.signers() == other.signers(),
    };
    one.id == other.id || (keys && one.signing == other.signing)
}
