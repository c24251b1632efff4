//! One message after the other: verified first, then decoded. Live, replayed, exported and looked back into, it is this.

use super::fold::Fold;
use super::recording::Recording;
use crate::codec::{Decoded, Decoder, Fault};
use crate::link::Arrival;
use crate::signal::{Sample, SignalId};
use crate::site::Site;
use crate::trust::{Heard, Look, Message, Proof, Refusal, SIGNATURE_PROPERTY, Verifier};

/// Verifies and decodes a stream of messages.
#[derive(Debug)]
pub struct Reader {
    decoder: Decoder,
    verifier: Option<Verifier>,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// What the site knows of its topic.
    pub decoded: Decoded,
    /// How far its samples may be believed.
    pub proof: Proof,
    /// It was refused, and gave no sample. `None`: it passed.
    pub refusal: Option<Refusal>,
}

impl Reader {
    /// With a verifier where anything is signed.
    pub fn new(site: &Site, verifier: Option<Verifier>) -> Self {
        Self { decoder: Decoder::new(site), verifier }
    }

    /// Goes on with another site. What was heard stays.
    pub fn follow(&mut self, site: &Site, or_else: impl FnOnce() -> Option<Verifier>) {
        self.decoder = Decoder::new(site);
        match &mut self.verifier {
            Some(verifier) => verifier.follow(site),
            None => self.verifier = or_else(),
        }
    }

    /// What verifies, where anything is signed.
    pub fn verifier(&self) -> Option<&Verifier> {
        self.verifier.as_ref()
    }

    /// The same, to be changed.
    pub fn verifier_mut(&mut self) -> Option<&mut Verifier> {
        self.verifier.as_mut()
    }

    /// What verification remembers by now.
    pub fn heard(&self) -> Heard {
        self.verifier.as_ref().map_or_else(Heard::default, Verifier::heard)
    }

    /// Goes on from what it remembered at some point.
    pub fn set_heard(&mut self, heard: &Heard) {
        if let Some(verifier) = &mut self.verifier {
            verifier.set_heard(heard);
        }
    }

    /// Goes on from a state of a recording: with what had been heard by then, and who had which key.
    pub fn go_on_from(&mut self, state: &Fold, recording: &Recording) {
        if let Some(verifier) = &mut self.verifier {
            verifier.set_heard(state.heard());
            verifier.set_registry(state.registry().or_else(|| recording.registry()).cloned());
        }
    }

    /// Whether the site knows a topic.
    pub fn knows(&self, topic: &[u8]) -> bool {
        self.decoder.knows(topic)
    }

    /// The signals that a topic carries.
    pub fn signals_of(&self, topic: &[u8]) -> impl Iterator<Item = SignalId> + '_ {
        self.decoder.signals_of(topic)
    }

    /// Appends what a message says: samples, and faults of signals for which it says nothing that can be read.
    pub fn read(&mut self, arrival: &Arrival, samples: &mut Vec<Sample>, faults: &mut Vec<(SignalId, Fault)>) -> Read {
        let Arrival { topic, payload, received, .. } = arrival;
        let Some(verifier) = &mut self.verifier else {
            let decoded = self.decoder.decode(topic, payload, *received, samples, faults);
            return Read { decoded, proof: Proof::default(), refusal: None };
        };
        let look = verifier.look(&message_of(arrival));
        match look {
            Look::Pass(proof) => {
                let before = samples.len();
                let decoded = self.decoder.decode(topic, payload, *received, samples, faults);
                // Where the payload tells no time, the signature does: a broker that delivers late or in another order changes
                // nothing of what was when.
                if let Some(at) = verifier.signed_at() {
                    samples[before..].iter_mut().filter(|it| it.at == *received).for_each(|it| it.at = at);
                }
                Read { decoded, proof, refusal: None }
            }
            Look::Packed(proof, rows) => {
                let only = Some(topic.as_ref()).filter(|_| verifier.binds());
                self.decoder.take_packed(only, rows, *received, samples, faults);
                Read { decoded: Decoded::Bound { skewed: false }, proof, refusal: None }
            }
            Look::Refuse(refusal) => {
                Read { decoded: Decoded::Bound { skewed: false }, proof: Proof::default(), refusal: Some(refusal) }
            }
        }
    }
}

/// A message as verification looks at it.
pub fn message_of(arrival: &Arrival) -> Message<'_> {
    let user = arrival.properties.iter().flat_map(|it| &it.user);
    Message {
        topic: &arrival.topic,
        payload: &arrival.payload,
        signature: user.into_iter().find(|it| it.0 == SIGNATURE_PROPERTY).map(|it| it.1.as_str()),
        received: arrival.received,
        retained: arrival.retained,
    }
}
