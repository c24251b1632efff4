//! From a message to samples, by its topic.

use std::collections::HashMap;
use std::sync::Arc;

use super::clock::{Clock, Skew};
use super::fault::Fault;
use super::hash::TopicHash;
use super::packed::{PackedRow, Quality};
use super::pick::{Scalar, Tree};
use super::value;
use crate::signal::{Sample, SignalId, Timestamp};
use crate::site::doc::ValueKind;
use crate::site::{Signal, Site};

/// Larger payloads are refused: no measurement needs them, and reading them would hold up the others.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 20;

/// What a site says of the payloads of its topics. One for each thread.
#[derive(Debug)]
pub struct Decoder {
    topics: HashMap<Box<[u8]>, Bindings, TopicHash>,
    slots: Vec<Scalar>,
    /// By address: the number, the kind, and the topic that may speak for it. Empty where nothing is signed.
    addresses: HashMap<Arc<str>, (SignalId, ValueKind, Box<[u8]>)>,
    /// The address and what can be. Empty where nothing is signed.
    ranges: HashMap<SignalId, (Arc<str>, (f64, f64))>,
}

/// What stood in packed values beside those that are bound to their topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Foreign {
    /// The address of the first that is bound to another topic. `None`: none is.
    pub of_other: Option<String>,
    /// How many the site knows nothing of.
    pub n_unknown: u64,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded {
    /// Signals are bound to its topic: what they got was appended.
    Bound {
        /// What is wrong with the time that it tells. `None`: nothing.
        skew: Option<Skew>,
    },
    /// The site knows the topic, which carries no signal: a device's status, a command.
    Known,
    /// The site doesn't know the topic.
    Unbound,
}

/// What one topic carries.
#[derive(Debug, Default)]
struct Bindings {
    bare: Vec<(SignalId, ValueKind)>,
    fields: Vec<Field>,
    tree: Tree,
}

#[derive(Debug)]
struct Field {
    signal: SignalId,
    kind: ValueKind,
    path: String,
    slot: usize,
    time_slot: Option<usize>,
}

impl Decoder {
    /// A decoder for a site's topics.
    pub fn new(site: &Site) -> Self {
        let mut topics: HashMap<Box<[u8]>, Bindings, TopicHash> = HashMap::default();
        for signal in &site.signals {
            let bindings = topics.entry(signal.topic.as_bytes().into()).or_default();
            match &signal.path {
                None => bindings.bare.push((signal.id, signal.is)),
                Some(path) => bindings.fields.push(Field {
                    signal: signal.id,
                    kind: signal.is,
                    path: path.clone(),
                    slot: bindings.tree.want(path),
                    time_slot: signal.time.as_ref().map(|it| bindings.tree.want(it)),
                }),
            }
        }
        let statuses = site.twins.iter().filter_map(|it| it.device.as_ref()?.status.as_ref());
        for topic in statuses.chain(site.commands.iter().map(|it| &it.topic)) {
            topics.entry(topic.as_bytes().into()).or_default();
        }
        // Where nothing is signed nothing is packed, and nothing refused for what it says.
        let any = site.is_signed();
        let signals = || site.signals.iter().filter(|_| any);
        let address = |it: &Signal| (Arc::clone(&it.address), (it.id, it.is, it.topic.as_bytes().into()));
        let range = |it: &Signal| Some((it.id, (Arc::clone(&it.address), it.range?)));
        let (addresses, ranges) = (signals().map(address).collect(), signals().filter_map(range).collect());
        Self { topics, slots: Vec::new(), addresses, ranges }
    }

    /// The signals that a topic carries.
    pub fn signals_of(&self, topic: &[u8]) -> impl Iterator<Item = SignalId> + '_ {
        let bindings = self.topics.get(topic);
        let bare = bindings.into_iter().flat_map(|it| it.bare.iter().map(|it| it.0));
        bare.chain(bindings.into_iter().flat_map(|it| it.fields.iter().map(|it| it.signal)))
    }

    /// What is wrong with a sample that lies outside of what can be. `None`: it does not.
    pub fn outside(&self, sample: &Sample) -> Option<Fault> {
        let (signal, range) = self.ranges.get(&sample.signal).filter(|it| sample.value.is_outside(it.1))?;
        let got = sample.value.as_number().unwrap_or(f64::NAN);
        Some(Fault::Outside { signal: Arc::clone(signal), got, low: range.0, high: range.1 })
    }

    /// Appends the values that an envelope held. What is not bound to its topic is passed over, and told. Without a topic all are
    /// taken.
    pub fn take_packed(
        &self,
        topic: Option<&[u8]>,
        rows: Vec<PackedRow>,
        received: Timestamp,
        samples: &mut Vec<Sample>,
        faults: &mut Vec<(SignalId, Fault)>,
    ) -> Foreign {
        let mut foreign = Foreign::default();
        for PackedRow { signal, at, value, quality } in rows {
            let Some((id, kind, bound)) = self.addresses.get(signal.as_str()) else {
                foreign.n_unknown += 1;
                continue;
            };
            if topic.is_some_and(|it| **bound != *it) {
                foreign.of_other.get_or_insert(signal);
                continue;
            }
            let (signal, kind) = (*id, *kind);
            match value::packed(value, kind) {
                _ if quality == Quality::Bad => faults.push((signal, Fault::Bad)),
                Ok(value) => samples.push(Sample { signal, at, received, value }),
                Err(fault) => faults.push((signal, fault)),
            }
        }
        foreign
    }

    /// Whether the site knows a topic.
    pub fn knows(&self, topic: &[u8]) -> bool {
        self.topics.contains_key(topic)
    }

    /// Appends what a message says: samples, and faults of signals for which it says nothing that can be read.
    pub fn decode(
        &mut self,
        topic: &[u8],
        payload: &[u8],
        received: Timestamp,
        samples: &mut Vec<Sample>,
        faults: &mut Vec<(SignalId, Fault)>,
    ) -> Decoded {
        self.decode_by(Clock { received, signed: None }, topic, payload, samples, faults)
    }

    /// The same of a message whose signature says when its newest value was measured.
    pub fn decode_signed(
        &mut self,
        topic: &[u8],
        payload: &[u8],
        received: Timestamp,
        signed: Timestamp,
        samples: &mut Vec<Sample>,
        faults: &mut Vec<(SignalId, Fault)>,
    ) -> Decoded {
        self.decode_by(Clock { received, signed: Some(signed) }, topic, payload, samples, faults)
    }

    fn decode_by(
        &mut self,
        clock: Clock,
        topic: &[u8],
        payload: &[u8],
        samples: &mut Vec<Sample>,
        faults: &mut Vec<(SignalId, Fault)>,
    ) -> Decoded {
        let Some(bindings) = self.topics.get(topic) else { return Decoded::Unbound };
        if bindings.bare.is_empty() && bindings.fields.is_empty() {
            return Decoded::Known;
        }
        let unreadable = match payload.len() {
            0 => Some(Fault::Empty),
            bytes if bytes > MAX_PAYLOAD_BYTES => Some(Fault::Oversize { bytes, limit: MAX_PAYLOAD_BYTES }),
            _ => None,
        };
        if let Some(fault) = unreadable {
            let fields = bindings.fields.iter().map(|it| it.signal);
            faults.extend(bindings.bare.iter().map(|it| it.0).chain(fields).map(|it| (it, fault.clone())));
            return Decoded::Bound { skew: None };
        }
        let (at, received) = (clock.stands_in(), clock.received);
        for &(signal, kind) in &bindings.bare {
            match value::bare(payload, kind) {
                Ok(value) => samples.push(Sample { signal, at, received, value }),
                Err(fault) => faults.push((signal, fault)),
            }
        }
        let any = !bindings.fields.is_empty();
        let skew = any.then(|| bindings.pick(payload, clock, &mut self.slots, samples, faults)).flatten();
        Decoded::Bound { skew }
    }
}

impl Bindings {
    /// Reads a JSON payload. Tells what is wrong with its times.
    fn pick(
        &self,
        payload: &[u8],
        clock: Clock,
        slots: &mut Vec<Scalar>,
        samples: &mut Vec<Sample>,
        faults: &mut Vec<(SignalId, Fault)>,
    ) -> Option<Skew> {
        if let Err(error) = self.tree.pick(payload, slots) {
            let fault = Fault::NotJson(error.to_string());
            faults.extend(self.fields.iter().map(|it| (it.signal, fault.clone())));
            return None;
        }
        let (mut skew, mut newest) = (None, Timestamp::MIN);
        // The fields of a topic share one time as a rule: it is read once.
        let mut known: Option<(usize, Timestamp)> = None;
        for field in &self.fields {
            let at = match (field.time_slot, known) {
                (None, _) => clock.stands_in(),
                (Some(slot), Some((same, at))) if slot == same => at,
                (Some(slot), _) => {
                    let (at, wrong) = clock.hold(value::time(&slots[slot]));
                    skew = skew.or(wrong);
                    known = Some((slot, at));
                    at
                }
            };
            newest = newest.max(at);
            match value::picked(&slots[field.slot], field.kind, &field.path) {
                Ok(value) => {
                    samples.push(Sample { signal: field.signal, at, received: clock.received, value });
                }
                Err(fault) => faults.push((field.signal, fault)),
            }
        }
        skew.or_else(|| clock.newest(newest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::tests_support::site;
    use crate::signal::Value;

    const NOW: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);

    #[track_caller]
    fn check(path: Option<&str>, kind: ValueKind, payload: &[u8], want: Result<Value, &str>) {
        let mut decoder = Decoder::new(&site(&[("t", path, None, kind)]));
        let (mut samples, mut faults) = (Vec::new(), Vec::new());
        assert_eq!(decoder.decode(b"t", payload, NOW, &mut samples, &mut faults), Decoded::Bound { skew: None });
        let got = match (samples.pop(), faults.pop()) {
            (Some(sample), None) => Ok(sample.value),
            (None, Some((_, fault))) => Err(fault.to_string()),
            both => panic!("not one of value and fault: {both:?}"),
        };
        assert_eq!(got, want.map_err(str::to_owned), "{}", String::from_utf8_lossy(payload));
    }

    #[test]
    fn a_bare_payload_is_the_value() {
        use ValueKind::{Flag, Number, Text};
        check(None, Number, b"12.5", Ok(12.5.into()));
        check(None, Number, b" -3e2\n", Ok((-300.0).into()));
        check(None, Number, b"n/a", Err("expected a number, found \"n/a\""));
        check(None, Number, b"NaN", Err("the number is not finite"));
        check(None, Number, b"", Err("the payload is empty"));
        check(None, Number, b"\xff\xfe", Err("the payload is not UTF-8"));
        check(None, Flag, b"ON", Ok(true.into()));
        check(None, Flag, b"0", Ok(false.into()));
        check(None, Flag, b"2", Err("expected on or off, found \"2\""));
        check(None, Text, b"idle", Ok("idle".into()));
    }

    #[test]
    fn a_pointer_leads_to_the_value_in_json() {
        use ValueKind::{Flag, Number, Text};
        check(Some("/v"), Number, br#"{"t":1,"v":12.5}"#, Ok(12.5.into()));
        check(Some("/v"), Number, br#"{"v":"12.5"}"#, Ok(12.5.into()));
        check(Some("/v"), Number, br#"{"v":7}"#, Ok(7.0.into()));
        check(Some("/a/1/b"), Number, br#"{"x":[1,{"b":9}],"a":[{"b":1},{"b":2}]}"#, Ok(2.0.into()));
        check(Some("/a~1b/m~0n"), Flag, br#"{"a/b":{"m~n":true}}"#, Ok(true.into()));
        check(Some(""), Number, b"42", Ok(42.0.into()));
        check(Some("/s"), Text, br#"{"s":"r\u00e4dy"}"#, Ok("rädy".into()));
        check(Some("/s"), Text, br#"{"s":3}"#, Ok("3".into()));
        check(Some("/run"), Flag, br#"{"run":"off"}"#, Ok(false.into()));
        check(Some("/run"), Flag, br#"{"run":1}"#, Ok(true.into()));
    }

    #[test]
    fn what_is_no_value_says_what_was_expected_and_where() {
        use ValueKind::{Flag, Number};
        check(Some("/v"), Number, br#"{"w":1}"#, Err("there is nothing at /v in the payload"));
        check(Some("/v"), Number, br#"{"v":null}"#, Err("expected a number, found null at /v"));
        check(Some("/v"), Number, br#"{"v":{"x":1}}"#, Err("expected a number, found an object or a list at /v"));
        check(Some("/v"), Flag, br#"{"v":0.5}"#, Err("expected on or off, found 0.5 at /v"));
        check(
            Some("/v"),
            Number,
            b"{\"v\":1",
            Err("the payload is not JSON: EOF while parsing an object at line 1 column 6"),
        );
        check(Some("/v"), Number, b"12.5", Err("there is nothing at /v in the payload"));
        let big = vec![b'1'; MAX_PAYLOAD_BYTES + 1];
        check(None, Number, &big, Err("the payload has 1048577 bytes, more than the 1048576 that are read"));
    }

    #[test]
    fn json_that_is_too_deep_is_refused_and_not_followed() {
        let mut deep = b"{\"v\":".to_vec();
        deep.extend(std::iter::repeat_n(b'[', 500_000));
        let mut decoder = Decoder::new(&site(&[("t", Some("/v"), None, ValueKind::Number)]));
        let (mut samples, mut faults) = (Vec::new(), Vec::new());
        decoder.decode(b"t", &deep, NOW, &mut samples, &mut faults);
        assert!(samples.is_empty() && matches!(faults[0].1, Fault::NotJson(_)), "{faults:?}");
    }

    #[test]
    fn all_signals_of_a_topic_share_one_time() {
        let number = ValueKind::Number;
        let site = site(&[("t", Some("/a"), Some("/t"), number), ("t", Some("/b"), Some("/t"), number)]);
        let mut decoder = Decoder::new(&site);
        let mut decode = |payload: &str| {
            let (mut samples, mut faults) = (Vec::new(), Vec::new());
            let decoded = decoder.decode(b"t", payload.as_bytes(), NOW, &mut samples, &mut faults);
            (decoded, samples.iter().map(|it| it.at.to_string()).collect::<Vec<_>>())
        };
        let good = Decoded::Bound { skew: None };
        let absurd = Decoded::Bound { skew: Some(Skew::Absurd) };
        let ahead = Decoded::Bound { skew: Some(Skew::Ahead(100_000_000_000_000_000)) };
        let at = |text: &str| vec![text.to_owned(); 2];
        let arrival = at(&NOW.to_string());
        assert_eq!(decode(r#"{"a":1,"b":2,"t":1769860800123}"#), (good, at("2026-01-31T12:00:00.123Z")));
        assert_eq!(decode(r#"{"a":1,"b":2,"t":"2026-01-31T12:00:00Z"}"#), (good, at("2026-01-31T12:00:00.000Z")));
        assert_eq!(decode(r#"{"a":1,"b":2,"t":5}"#), (absurd, arrival.clone()), "before 2000");
        assert_eq!(decode(r#"{"a":1,"b":2,"t":1900000000}"#), (ahead, arrival.clone()), "years ahead");
        assert_eq!(decode(r#"{"a":1,"b":2}"#), (absurd, arrival), "none");
    }

    #[test]
    fn a_topic_that_nobody_bound_is_told_apart() {
        let mut decoder = Decoder::new(&site(&[("t", None, None, ValueKind::Number)]));
        assert_eq!(decoder.decode(b"u", b"1", NOW, &mut Vec::new(), &mut Vec::new()), Decoded::Unbound);
    }
}
