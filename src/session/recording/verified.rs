//! A replay verifies again from the raw bytes, and comes to the result that it had live: at every instant, wherever it is sought
//! from, whatever was tried meanwhile.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::link::{Arrival, Properties};
use crate::session::{Fold, Past, Reader};
use crate::signal::Timestamp;
use crate::site::{Ids, Site, load};
use crate::trust::{
    BESIDE_TYPE, KeyDoc, KeyRole, Pen, REGISTRY_FILE, Registry, SIGNATURE_PROPERTY, SecretKey, Verifier,
};

const BEGAN: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

fn works() -> Arc<Site> {
    let text = r#"(name: "T", place: (latitude: 0, longitude: 0), twins: [
        (id: "a", kind: Asset, device: (id: "a", signing: Required), signals: [(id: "v", topic: "a", path: "/v")]),
        (id: "b", kind: Asset, device: (id: "b", signing: Required), signals: [(id: "v", topic: "b", path: "/v")])])"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.ron");
    std::fs::write(&path, text).unwrap();
    Arc::new(load(&path, &mut Ids::default()).map_or_else(|error| panic!("{error}"), |it| it.site))
}

/// What comes in: signed by its device, unsigned, changed, once more, from the other device, or never (its number is used up).
fn stream(steps: &[(u8, bool, u16)]) -> (Vec<Arrival>, Arc<Registry>) {
    let mut pens = [1, 2].map(|epoch| Pen::new(SecretKey::generate(), epoch));
    let keys = ["a", "b"].iter().zip(&pens).map(|(of, pen)| KeyDoc::new(*of, KeyRole::Device, pen.key())).collect();
    let registry = Arc::new(Registry::made(keys, BEGAN, &SecretKey::generate()));
    let (mut at, mut all): (Timestamp, Vec<Arrival>) = (BEGAN, Vec::new());
    for (kind, second, millis) in steps {
        at = at + Duration::from_millis(u64::from(*millis));
        let (own, topic) = if *second { (1, "b") } else { (0, "a") };
        let payload = format!("{{\"v\":{}}}", all.len());
        let signed = |pen: &mut Pen| Some(pen.sign(BESIDE_TYPE, topic, at, payload.as_bytes()));
        let signature = match kind {
            0 => None,
            1 => signed(&mut pens[1 - own]),
            2 => {
                drop(signed(&mut pens[own]));
                continue;
            }
            3 => all.last().and_then(|it| Some(it.properties.as_ref()?.user.first()?.1.clone())),
            _ => signed(&mut pens[own]),
        };
        let user = signature.map(|it| (SIGNATURE_PROPERTY.to_owned(), it)).into_iter().collect();
        all.push(Arrival {
            topic: topic.into(),
            payload: payload.into(),
            received: at,
            retained: false,
            correlation: None,
            properties: Some(Box::new(Properties { user, ..Properties::default() })),
        });
        if *kind == 4 {
            // And the very same once more.
            at = at + Duration::from_millis(1);
            let again = Arrival { received: at, ..all[all.len() - 1].clone() };
            all.push(again);
        }
    }
    (all, registry)
}

/// The state after each message, as ingest comes to it.
fn live(messages: &[Arrival], site: &Site, registry: &Arc<Registry>) -> Vec<Fold> {
    let mut reader = Reader::new(site, Verifier::new(site, Some(Arc::clone(registry))));
    let mut fold = Fold::default();
    let mut states = Vec::new();
    for message in messages {
        let (mut samples, mut faults) = (Vec::new(), Vec::new());
        let read = reader.read(message, &mut samples, &mut faults);
        for sample in &samples {
            fold.take_proven(sample, message.retained, read.proof);
        }
        for (signal, refusal) in reader.refused(&message.topic, &read) {
            fold.refuse(signal, &refusal, message.received);
        }
        states.push(fold.clone().with_windows(Arc::new(reader.windows())));
    }
    states
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_replay_comes_to_the_verdicts_that_were_live(
        steps in proptest::collection::vec((0_u8..9, any::<bool>(), 50_u16..700), 1..60),
        keyframe_each in 1_usize..20,
        order in proptest::collection::vec(0_usize..60, 1..12),
    ) {
        let site = works();
        let (messages, registry) = stream(&steps);
        prop_assume!(!messages.is_empty());
        let states = live(&messages, &site, &registry);
        let files = [(REGISTRY_FILE.to_owned(), registry.doc().to_ron().into_bytes())];
        let mut writer = SessionWriter::new(Vec::new(), &About::default(), &files).unwrap();
        for (at, message) in messages.iter().enumerate() {
            if at % keyframe_each == 0 {
                let before = at.checked_sub(1).map_or_else(Fold::default, |it| states[it].clone());
                writer.keyframe(&before, &site).unwrap();
            }
            writer.message(message).unwrap();
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), writer.finish().unwrap()).unwrap();
        let mut past = Past::new(Arc::new(Recording::open(file.path()).unwrap()), Arc::clone(&site));
        for which in order.into_iter().map(|it| it % messages.len()) {
            let found = past.seek(messages[which].received);
            prop_assert_eq!(found.cells(), states[which].cells(), "after message {}", which);
            prop_assert_eq!(found.windows(), states[which].windows(), "after message {}", which);
        }
    }
}
