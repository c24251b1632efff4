//! What a recording's keyframes say is verified, held against its messages: a keyframe helps to seek, and proves nothing.

use super::fold::{Cell, Fold, Taken};
use super::recording::{KeyframeDoc, Recording};
use crate::link::Arrival;
use crate::signal::{Sample, SignalId, Timestamp};
use crate::site::Site;
use crate::trust::{Proof, Trust};

/// Goes through a recording with whoever reads it from the beginning.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// What the messages come to.
    fold: Fold,
    /// Since when no message is missing. `None`: none came yet, or none since a part that could not be read.
    since: Option<Timestamp>,
    /// The first keyframe was seen.
    begun: bool,
    /// How many values the first keyframe calls verified: their messages came before it.
    n_before: usize,
    /// How many values keyframes call verified that no message bears out, and when the first of them is said to have come.
    unborne: Option<(usize, Timestamp)>,
}

impl Claims {
    /// A message came.
    pub(super) fn come(&mut self, arrival: &Arrival) {
        self.since.get_or_insert(arrival.received);
    }

    /// A value was read from a message, with what that proves.
    pub(super) fn take(&mut self, sample: &Sample, arrival: &Arrival, proof: Proof) -> Taken {
        self.fold.take_proven(sample, arrival.retained, proof)
    }

    /// A payload could not be read.
    pub(super) fn fail(&mut self, signal: SignalId) {
        self.fold.fail(signal);
    }

    /// A part could not be read: what came in it is not known.
    pub(super) fn miss(&mut self) {
        self.since = None;
    }

    /// A keyframe stands here. Those that are not whole lead to one that is.
    pub(super) fn look(&mut self, keyframe: &KeyframeDoc, recording: &Recording, site: &Site) {
        if keyframe.since.is_some() {
            return;
        }
        let state = recording.state_of(keyframe, site);
        let claimed = site.signals.iter().map(|it| (state.get(it.id), self.fold.get(it.id)));
        let verified = claimed.filter(|(it, _)| it.proof.trust > Trust::Unsigned);
        if !self.begun {
            (self.begun, self.n_before) = (true, verified.count());
            return;
        }
        let Some(since) = self.since else { return };
        let told = |it: &Cell| (it.received, it.proof.trust, it.value.clone());
        let lies = verified.filter(|(it, known)| it.received >= since && told(it) != told(known));
        let (mut n, mut first) = self.unborne.unwrap_or((0, Timestamp::MAX));
        for (cell, _) in lies {
            (n, first) = (n + 1, first.min(cell.received));
        }
        self.unborne = (n > 0).then_some((n, first));
    }

    /// What there is to tell, as sentences without their end.
    pub(super) fn findings(&self) -> Vec<String> {
        let mut all = Vec::new();
        if let Some((n, first)) = self.unborne {
            all.push(format!(
                "its keyframes call {n} values verified that no message in it bears out, the first at {first}: do not believe them"
            ));
        }
        if self.n_before > 0 {
            let n = self.n_before;
            all.push(format!("{n} values are from before it begins: that they were verified is its own word"));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::session::recording::{About, Item, SessionWriter};
    use crate::session::{Follower, Reader};
    use crate::signal::Value;
    use crate::site::{Ids, load};
    use crate::trust::{
        BESIDE_TYPE, KeyDoc, KeyRole, Pen, REGISTRY_FILE, Registry, SIGNATURE_PROPERTY, SecretKey, Verifier,
    };

    const BEGAN: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

    fn at(secs: u64) -> Timestamp {
        BEGAN + Duration::from_secs(secs)
    }

    fn site() -> Arc<Site> {
        let text = r#"(name: "T", place: (latitude: 0, longitude: 0), twins: [
            (id: "a", kind: Asset, device: (id: "a", signing: Required), signals: [(id: "v", topic: "a", path: "/v")])])"#;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("site.ron");
        std::fs::write(&path, text).unwrap();
        Arc::new(load(&path, &mut Ids::default()).map_or_else(|error| panic!("{error}"), |it| it.site))
    }

    /// What is told of twenty seconds whose keyframes, at these seconds, hold a value that nobody sent.
    fn told(lies_at: &[u64]) -> Vec<String> {
        let (site, authority) = (site(), SecretKey::generate());
        let mut pen = Pen::new(SecretKey::generate(), 1);
        let keys = vec![KeyDoc::new("a", KeyRole::Device, pen.key())];
        let registry = Arc::new(Registry::made(keys, BEGAN, &authority));
        let files = [(REGISTRY_FILE.to_owned(), registry.doc().to_ron().into_bytes())];
        let mut writer = SessionWriter::new(Vec::new(), &About::default(), &files).unwrap();
        let mut follower = Follower::with(&site, Verifier::new(&site, Some(registry)));
        for secs in 0..20 {
            let mut fold = follower.fold();
            if lies_at.contains(&secs) {
                let proof = Proof { trust: Trust::Verified, key: Some(pen.key().id()), gap: 0 };
                let value = Some(Value::Number(66.0));
                let (sent, received) = (at(secs), at(secs));
                fold.set(SignalId(0), Cell { value, at: sent, received, proof, ..Cell::NOTHING });
            }
            writer.keyframe(&fold, &site).unwrap();
            let payload = format!("{{\"v\": {secs}}}");
            let signature = pen.sign(BESIDE_TYPE, "a", at(secs), payload.as_bytes());
            let user = vec![(SIGNATURE_PROPERTY.to_owned(), signature)];
            let arrival = Arrival {
                topic: "a".into(),
                payload: payload.into(),
                received: at(secs),
                retained: false,
                correlation: None,
                properties: Some(Box::new(crate::link::Properties { user, ..Default::default() })),
            };
            follower.take(&arrival);
            writer.message(&arrival).unwrap();
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), writer.finish().unwrap()).unwrap();
        let recording = Recording::open(file.path()).unwrap();
        let mut reader = Reader::new(&site, recording.verifier(&site));
        let (mut claims, mut samples, mut faults) = (Claims::default(), Vec::new(), Vec::new());
        for item in (0..recording.n_chunks()).flat_map(|it| recording.items(it).0) {
            match item {
                Item::Keyframe(keyframe) => claims.look(&keyframe, &recording, &site),
                Item::Message(arrival) => {
                    claims.come(&arrival);
                    let proof = reader.read(&arrival, &mut samples, &mut faults).proof;
                    for sample in samples.drain(..) {
                        claims.take(&sample, &arrival, proof);
                    }
                }
                Item::Keys(_) | Item::Audit(_) => (),
            }
        }
        claims.findings()
    }

    #[test]
    fn a_keyframe_that_calls_verified_what_no_message_bears_out_is_told() {
        assert_eq!(told(&[]), Vec::<String>::new());
        let all = told(&[7, 9]);
        assert_eq!(all.len(), 1, "{all:?}");
        assert!(all[0].starts_with("its keyframes call 2 values verified that no message in it bears out"), "{all:?}");
        assert!(all[0].contains(&at(7).to_string()), "{all:?}");
    }

    #[test]
    fn what_the_first_keyframe_holds_is_the_recordings_own_word() {
        assert_eq!(told(&[0]), ["1 values are from before it begins: that they were verified is its own word"]);
    }
}
