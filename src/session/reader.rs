//! One message after the other: verified first, then decoded. Live, replayed, exported and looked back into, it is this.

use super::fold::Fold;
use super::recording::Recording;
use crate::codec::{Decoded, Decoder, Fault, Skew};
use crate::link::Arrival;
use crate::signal::{Sample, SignalId};
use crate::site::Site;
use crate::trust::{Heard, Look, Message, Proof, Reason, Refusal, SIGNATURE_PROPERTY, Trust, Values, Verifier};

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
    /// The signals of which it says what cannot be, while the rest of it is taken.
    pub doubted: Vec<SignalId>,
}

impl Reader {
    /// With a verifier where anything is signed.
    pub fn new(site: &Site, verifier: Option<Verifier>) -> Self {
        Self { decoder: Decoder::new(site), verifier }
    }

    /// Goes on with another site. What was heard stays.
    pub fn follow(&mut self, site: &Site) {
        self.decoder = Decoder::new(site);
        if let Some(verifier) = &mut self.verifier {
            verifier.follow(site);
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
        let Some(verifier) = self.verifier.as_mut().filter(|it| !it.is_idle()) else {
            return Read::taken(self.decoder.decode(topic, payload, *received, samples, faults), Proof::default());
        };
        let message = message_of(arrival);
        let (first_sample, first_fault) = (samples.len(), faults.len());
        let mut values = Values::default();
        let (decoded, proof) = match verifier.begin(&message) {
            Look::Refuse(refusal) => return Read::refused(refusal),
            Look::Pass(proof) => {
                // Where the payload tells no time, the signature does: a broker that delivers late or in another order changes
                // nothing of what was when.
                let decoded = match verifier.signed_at() {
                    Some(at) => self.decoder.decode_signed(topic, payload, *received, at, samples, faults),
                    None => self.decoder.decode(topic, payload, *received, samples, faults),
                };
                (decoded, proof)
            }
            Look::Packed(proof, mut rows) => {
                let skew = match proof.trust {
                    Trust::Unsigned => rows.iter_mut().filter_map(|it| it.hold(*received)).last(),
                    Trust::Vouched | Trust::Verified => None,
                };
                let only = Some(topic.as_ref()).filter(|_| verifier.binds());
                let foreign = self.decoder.take_packed(only, rows, *received, samples, faults);
                (values.of_other, values.n_unknown) = (foreign.of_other, foreign.n_unknown);
                (Decoded::Bound { skew }, proof)
            }
        };
        if proof.trust == Trust::Unsigned {
            if decoded == Decoded::Unbound {
                verifier.pass_over(&message);
            }
            return Read::taken(decoded, proof);
        }
        let decoder = &self.decoder;
        for sample in samples.extract_if(first_sample.., |it| decoder.outside(it).is_some()) {
            faults.extend(decoder.outside(&sample).map(|it| (sample.signal, it)));
        }
        let mut doubted = Vec::new();
        for (signal, fault) in faults.extract_if(first_fault.., |it| it.1.is_implausible()) {
            values.implausible.get_or_insert_with(|| fault.to_string());
            doubted.push(signal);
        }
        values.n_taken = samples.len() - first_sample;
        // Whoever vouches for a device has heard it by another clock than the device's.
        values.other_time = other_time(decoded).filter(|_| proof.trust == Trust::Verified);
        if let Some(refusal) = verifier.settle(&message, &values) {
            samples.truncate(first_sample);
            faults.truncate(first_fault);
            return Read::refused(refusal);
        }
        Read { doubted, ..Read::taken(decoded, proof) }
    }

    /// The signals of which a message said nothing that may be taken, and why: it was refused, or what it says of them cannot be.
    pub fn refused(&self, topic: &[u8], read: &Read) -> Vec<(SignalId, Refusal)> {
        match &read.refusal {
            Some(refusal) if refusal.quiet => Vec::new(),
            Some(refusal) => self.signals_of(topic).map(|it| (it, refusal.clone())).collect(),
            None => {
                let implausible = Refusal { reason: Reason::Implausible, quiet: false };
                read.doubted.iter().map(|it| (*it, implausible.clone())).collect()
            }
        }
    }
}

impl Read {
    fn taken(decoded: Decoded, proof: Proof) -> Self {
        Self { decoded, proof, refusal: None, doubted: Vec::new() }
    }

    fn refused(refusal: Refusal) -> Self {
        Self { refusal: Some(refusal), ..Self::taken(Decoded::Bound { skew: None }, Proof::default()) }
    }
}

/// How what a message tells of its time is not what it is signed with, for a person.
fn other_time(decoded: Decoded) -> Option<String> {
    let Decoded::Bound { skew: Some(skew) } = decoded else { return None };
    let (nanos, way) = match skew {
        Skew::Absurd => return None,
        Skew::Ahead(nanos) => (nanos, "ahead of"),
        Skew::Behind(nanos) => (nanos, "before"),
    };
    Some(format!("its values are {:.1} s {way} the time that it is signed with", nanos as f64 / 1e9))
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::codec::{PackedRow, Quality, pack};
    use crate::link::Properties;
    use crate::signal::{Timestamp, Value};
    use crate::site::{Ids, load};
    use crate::trust::{BESIDE_TYPE, Book, KeyDoc, KeyRole, Pen, Registry, SAMPLES_TYPE, SecretKey, Step};

    const NOW: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

    /// A device that signs two values on one topic, another one, one that a gateway vouches for, and one that cannot sign.
    const SITE: &str = r#"(name: "T", place: (latitude: 0, longitude: 0), twins: [
        (id: "a", kind: Asset, device: (id: "a", signing: Required), signals: [
            (id: "v", topic: "a", path: "/v", time: "/t", range: (0, 100)),
            (id: "on", topic: "a", path: "/on", time: "/t", is: Flag)]),
        (id: "b", kind: Asset, device: (id: "b", signing: Required), signals: [(id: "v", topic: "b", path: "/v")]),
        (id: "far", kind: Asset, device: (id: "far", signing: Vouched("gw")), signals: [
            (id: "v", topic: "far", path: "/v", time: "/t")]),
        (id: "old", kind: Asset, device: (id: "old"), signals: [
            (id: "v", topic: "old", path: "/v", time: "/t", range: (0, 100))])])"#;

    struct Bench {
        site: Site,
        reader: Reader,
        book: Arc<Book>,
        a: Pen,
        gateway: Pen,
    }

    impl Bench {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("site.ron");
            std::fs::write(&path, SITE).unwrap();
            let site = load(&path, &mut Ids::default()).map_or_else(|error| panic!("{error}"), |it| it.site);
            let [a, gateway] = [1, 2].map(|epoch| Pen::new(SecretKey::generate(), epoch));
            let keys =
                vec![KeyDoc::new("a", KeyRole::Device, a.key()), KeyDoc::new("gw", KeyRole::Gateway, gateway.key())];
            let registry = Arc::new(Registry::made(keys, NOW, &SecretKey::generate()));
            let book = Arc::new(Book::default());
            let verifier = Verifier::new(&site, Some(registry)).unwrap().with_book(Arc::clone(&book));
            Self { reader: Reader::new(&site, Some(verifier)), site, book, a, gateway }
        }

        /// What a message leads to: each sample as address, seconds from now on and value; and each fault; and what is refused.
        fn read(&mut self, topic: &str, payload: &[u8], signature: Option<String>) -> Vec<String> {
            let user = signature.map(|it| (SIGNATURE_PROPERTY.to_owned(), it)).into_iter().collect();
            let arrival = Arrival {
                topic: topic.to_owned().into(),
                payload: payload.to_vec().into(),
                received: NOW,
                retained: false,
                correlation: None,
                properties: Some(Box::new(Properties { user, ..Properties::default() })),
            };
            let (mut samples, mut faults) = (Vec::new(), Vec::new());
            let read = self.reader.read(&arrival, &mut samples, &mut faults);
            let name = |it: SignalId| self.site.signal(it).unwrap().address.to_string();
            let value = |it: &Sample| format!("{} at {}: {}", name(it.signal), it.at.secs_since(NOW), it.value);
            let refused = self.reader.refused(topic.as_bytes(), &read).into_iter();
            let refused = refused.map(|(signal, it)| format!("{} {}", name(signal), it.reason.label()));
            let faults = faults.iter().map(|it| format!("{} {}", name(it.0), it.1));
            samples.iter().map(value).chain(faults).chain(refused).collect()
        }

        /// The same, signed by the first device now.
        fn signed(&mut self, payload: &str) -> Vec<String> {
            let signature = self.a.sign(BESIDE_TYPE, "a", NOW, payload.as_bytes());
            self.read("a", payload.as_bytes(), Some(signature))
        }

        fn sealed(&mut self, rows: &[(&str, Value)]) -> Vec<String> {
            let row = |(signal, value): &(&str, Value)| PackedRow {
                signal: (*signal).to_owned(),
                at: NOW,
                value: value.clone(),
                quality: Quality::Good,
            };
            let rows: Vec<PackedRow> = rows.iter().map(row).collect();
            let sealed = self.a.seal(SAMPLES_TYPE, "a", NOW, &pack(&rows));
            self.read("a", &sealed, None)
        }

        #[track_caller]
        fn check_book(&self, device: &str, n_passed: u64, reason: Reason, n_refused: u64) {
            let account = self.book.of(device);
            let refused = account.n_refused.get(&reason).copied().unwrap_or_default();
            assert_eq!((account.n_passed.values().sum::<u64>(), refused), (n_passed, n_refused), "{account:?}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_and_what_can_be_beside_it_is_taken() {
        let mut bench = Bench::new();
        assert_eq!(bench.signed(r#"{"v":1,"on":true}"#), ["a/v at 0: 1", "a/on at 0: on"]);
        assert_eq!(bench.book.of("a").last.map(|it| it.steps), Some(Step::Schema));
        bench.check_book("a", 1, Reason::Implausible, 0);
        assert_eq!(bench.signed(r#"{"v":100.5,"on":true}"#), ["a/on at 0: on", "a/v implausible"]);
        bench.check_book("a", 2, Reason::Implausible, 1);
        assert_eq!(bench.signed(r#"{"v":-1,"on":"perhaps"}"#), ["a/v implausible", "a/on implausible"]);
        bench.check_book("a", 2, Reason::Implausible, 2);
        let told: Vec<String> = bench.book.exhibits().into_iter().map(|it| it.detail).collect();
        assert_eq!(told[0], "a/v is 100.5, which is outside of 0 to 100");
        // What is not said is not wrong, and shows as what cannot be read.
        let missing = "a/on there is nothing at /on in the payload";
        assert_eq!(bench.signed(r#"{"v":1}"#), ["a/v at 0: 1", missing]);
        bench.check_book("a", 3, Reason::Implausible, 2);
        // What nobody signs is shown as what it is.
        assert_eq!(bench.read("old", br#"{"v":101,"t":1800000000}"#, None), ["old/v at 0: 101"]);
    }

    #[test]
    fn values_of_others_are_counted_and_never_taken() {
        let mut bench = Bench::new();
        let one = || Value::from(1.0);
        assert_eq!(bench.sealed(&[("b/v", one()), ("a/v", one())]), ["a/v at 0: 1"]);
        bench.check_book("a", 1, Reason::UnknownTopic, 1);
        let detail = bench.book.exhibits().pop().map(|it| it.detail);
        assert_eq!(detail.as_deref(), Some("it holds a value of b/v, which has another topic"));
        assert_eq!(bench.sealed(&[("old/v", one())]), ["a/v unknown topic", "a/on unknown topic"]);
        bench.check_book("a", 1, Reason::UnknownTopic, 2);
        // A device may measure more than the site shows: that is counted, and no sign of anything.
        assert_eq!(bench.sealed(&[("a/more", one()), ("a/v", one())]), ["a/v at 0: 1"]);
        bench.check_book("a", 2, Reason::UnknownTopic, 3);
        assert_eq!((bench.book.exhibits().len(), bench.sealed(&[("a/on", one())]).len()), (2, 2));
        bench.check_book("a", 2, Reason::Implausible, 1);
        bench.check_book("b", 0, Reason::UnknownTopic, 0);
    }

    #[test]
    fn signed_values_on_a_topic_that_nothing_is_bound_to_are_counted_on_nobodys_account() {
        let mut bench = Bench::new();
        let signature = bench.a.sign(BESIDE_TYPE, "other", NOW, b"{}");
        assert_eq!(bench.read("other", b"{}", Some(signature)), [""; 0]);
        let event = bench.a.sign(crate::trust::EVENT_TYPE, "other", NOW, b"{}");
        assert_eq!(bench.read("other", b"{}", Some(event)), [""; 0]);
        assert_eq!(bench.read("other", b"{}", None), [""; 0]);
        bench.check_book("", 0, Reason::UnknownTopic, 1);
        bench.check_book("a", 0, Reason::UnknownTopic, 0);
    }

    #[test]
    fn a_device_signs_the_time_that_it_tells() {
        let mut bench = Bench::new();
        assert_eq!(bench.signed(r#"{"v":1,"on":true,"t":1800000001}"#), ["a/v at 1: 1", "a/on at 1: on"]);
        let refused = ["a/v malformed", "a/on malformed"];
        assert_eq!(bench.signed(r#"{"v":1,"on":true,"t":1800003600}"#), refused);
        assert_eq!(bench.signed(r#"{"v":1,"on":true,"t":1799999998}"#), refused);
        bench.check_book("a", 1, Reason::Malformed, 2);
        // A gateway has heard the device by a clock of its own.
        let mut vouched = |payload: &str| {
            let signature = bench.gateway.sign(BESIDE_TYPE, "far", NOW - Duration::from_secs(1), payload.as_bytes());
            bench.read("far", payload.as_bytes(), Some(signature))
        };
        assert_eq!(vouched(r#"{"v":1,"t":1800003600}"#), ["far/v at -1: 1"]);
        assert_eq!(vouched(r#"{"v":1,"t":1799999990}"#), ["far/v at -10: 1"]);
    }
}
