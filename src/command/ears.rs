//! Who says what is no measurement: devices' answers and the gate's own words, each by whom it says that it is.

use std::sync::Arc;
use std::time::Duration;

use crate::link;
use crate::session::Word;
use crate::signal::Timestamp;
use crate::site::doc::{DeviceDoc, SigningDoc};
use crate::trust::{
    ANSWER_TYPE, EVENT_TYPE, GATE_OWNER, KeyRole, Letter, Message, No, Place, PublicKey, Reason, Registry, Terms,
    Trust, Verifier, exchange,
};

/// What was said longer ago is no news.
const LASTS: Duration = Duration::from_secs(30);

/// Ears that tell who speaks. Without a registry they believe everybody, unless what must be signed goes for nothing then.
#[derive(Debug)]
pub(super) struct Ears {
    verifier: Option<Verifier>,
    /// Without a registry no device is believed that must sign.
    pub(super) is_strict: bool,
    registry: Option<Arc<Registry>>,
    /// What was said before is forgotten, so it cannot be told from what was heard already.
    began: Timestamp,
    /// How much was refused.
    pub(super) n_refused: u64,
    /// Why the last of it was, for a person.
    pub(super) last_refused: Option<String>,
}

impl Default for Ears {
    fn default() -> Self {
        Self { verifier: None, is_strict: false, registry: None, began: link::now(), n_refused: 0, last_refused: None }
    }
}

impl Ears {
    /// Goes on with another registry.
    pub(super) fn follow(&mut self, registry: Option<&Arc<Registry>>) {
        let same = match (&self.registry, registry) {
            (None, None) => true,
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            _ => false,
        };
        if same {
            return;
        }
        self.registry = registry.cloned();
        match (&mut self.verifier, registry) {
            (Some(verifier), Some(registry)) => verifier.set_registry(Arc::clone(registry)),
            (verifier, registry) => *verifier = registry.map(|it| Verifier::of_letters(Some(Arc::clone(it)))),
        }
    }

    /// Whether an answer is its device's.
    pub(super) fn answer(&mut self, word: &Word, device: &DeviceDoc) -> Result<(), No> {
        if device.signing == SigningDoc::None {
            return Ok(());
        }
        let spoken = exchange(&word.payload, &word.correlation, None);
        self.hear(word, &spoken, ANSWER_TYPE, &device.signers(), None)
    }

    /// Whether an event is the gate's.
    pub(super) fn event(&mut self, word: &Word) -> Result<(), No> {
        self.hear(word, &word.payload, EVENT_TYPE, &[GATE_OWNER.to_owned()], Some(KeyRole::Gate))
    }

    /// Whether the gate's status is its own, and bears the key that it names. What the broker kept comes to everybody who
    /// begins to listen, so it may be old, and may come twice.
    pub(super) fn status(&mut self, word: &Word, named: Option<PublicKey>) -> Result<(), No> {
        let Some(signed) = self.kept(word) else { return Ok(()) };
        let outcome = signed.and_then(|letter| {
            let detail = "it names another key than it bears".to_owned();
            let same = named.is_some_and(|it| it.id() == letter.key);
            if same { Ok(()) } else { Err(No { reason: Reason::WrongKey, key: Some(letter.key), detail }) }
        });
        self.count("the gate's status", outcome)
    }

    /// Whether a list of what is isolated is the gate's own, and no older than the newest that was believed. What the broker kept
    /// may come twice. Returns its place among the gate's lists; `None`: no keys are known, and everybody is believed.
    pub(super) fn list(&mut self, word: &Word, newest: Option<&Place>) -> Result<Option<Place>, No> {
        let Some(signed) = self.kept(word) else { return Ok(None) };
        let outcome = signed.and_then(|letter| {
            let place = Place { key: letter.key, epoch: letter.stamp.epoch, seq: letter.stamp.seq };
            match newest {
                Some(newest) if place.is_before(newest) => {
                    let detail = "the gate has said something newer since".to_owned();
                    Err(No { reason: Reason::Replayed, key: Some(letter.key), detail })
                }
                _ => Ok(Some(place)),
            }
        });
        let counted =
            self.count("the gate's list of what is isolated", outcome.as_ref().map(drop).map_err(Clone::clone));
        counted.and(outcome)
    }

    /// Whether what the broker keeps of the gate is signed by it, and no further. `None`: no keys are known.
    fn kept(&self, word: &Word) -> Option<Result<Letter, No>> {
        let verifier = self.verifier.as_ref()?;
        if word.signature.is_none() {
            return Some(Err(unsigned()));
        }
        let owners = [GATE_OWNER.to_owned()];
        let terms = Terms {
            typ: EVENT_TYPE,
            owners: &owners,
            role: Some(KeyRole::Gate),
            most: Trust::Verified,
            old_after: LASTS,
        };
        Some(verifier.signed(&message(word, &word.payload), &terms).map(|it| it.0))
    }

    fn hear(
        &mut self,
        word: &Word,
        spoken: &[u8],
        typ: &str,
        owners: &[String],
        role: Option<KeyRole>,
    ) -> Result<(), No> {
        let Some(verifier) = &mut self.verifier else {
            let detail = "there is no registry of keys to tell whose it is".to_owned();
            let no = No { reason: Reason::UnknownKey, key: None, detail };
            return if self.is_strict { self.count(name_of(typ), Err(no)) } else { Ok(()) };
        };
        let terms = Terms { typ, owners, role, most: Trust::Verified, old_after: LASTS };
        let heard = match &word.signature {
            None => Err(unsigned()),
            Some(_) => verifier.letter(&message(word, spoken), &terms),
        };
        let outcome = heard.and_then(|(letter, ..)| {
            let detail = "it was said before this program began".to_owned();
            let old = letter.stamp.at < self.began;
            if old { Err(No { reason: Reason::Replayed, key: Some(letter.key), detail }) } else { Ok(()) }
        });
        self.count(name_of(typ), outcome)
    }

    fn count(&mut self, what: &str, outcome: Result<(), No>) -> Result<(), No> {
        if let Err(no) = &outcome {
            self.n_refused += 1;
            self.last_refused = Some(format!("{what} was refused, {}: {}", no.reason.label(), no.detail));
        }
        outcome
    }
}

/// What a word of a type is called.
fn name_of(typ: &str) -> &'static str {
    if typ == ANSWER_TYPE { "an answer" } else { "an event of the gate" }
}

fn message<'a>(word: &'a Word, payload: &'a [u8]) -> Message<'a> {
    Message {
        topic: word.topic.as_bytes(),
        payload,
        signature: word.signature.as_deref(),
        received: word.received,
        retained: word.retained,
    }
}

fn unsigned() -> No {
    No { reason: Reason::NotSigned, key: None, detail: "it bears no signature".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::{KeyDoc, Pen, SecretKey};

    const TOPIC: &str = "pollux/bench/gate/answers";

    struct Bench {
        ears: Ears,
        device: DeviceDoc,
        pen: Pen,
    }

    impl Bench {
        fn new() -> Self {
            let (device, gate) = (SecretKey::generate(), SecretKey::generate());
            let keys = vec![
                KeyDoc::new("p1", KeyRole::Device, device.public()),
                KeyDoc::new(GATE_OWNER, KeyRole::Gate, gate.public()),
            ];
            let mut ears = Ears::default();
            let registry = Registry::made(keys, link::now(), &SecretKey::generate());
            ears.follow(Some(&Arc::new(registry)));
            let doc = r#"(id: "p1", signing: Required)"#;
            Self { ears, device: ron::from_str(doc).unwrap(), pen: Pen::new(device, 1) }
        }

        fn answer(&mut self, payload: &str, correlation: &str) -> Word {
            let spoken = exchange(payload.as_bytes(), correlation.as_bytes(), None);
            let signature = self.pen.sign(ANSWER_TYPE, TOPIC, link::now(), &spoken);
            word(payload, correlation, Some(signature))
        }

        #[track_caller]
        fn check(&mut self, word: &Word, want: Result<(), Reason>) {
            assert_eq!(self.ears.answer(word, &self.device).map_err(|it| it.reason), want);
        }
    }

    fn word(payload: &str, correlation: &str, signature: Option<String>) -> Word {
        Word {
            topic: TOPIC.to_owned(),
            correlation: correlation.to_owned().into(),
            payload: payload.to_owned().into(),
            response_topic: None,
            retained: false,
            received: link::now(),
            signature,
        }
    }

    #[test]
    fn an_answer_is_its_devices_own_to_this_very_command_and_heard_once() {
        let mut bench = Bench::new();
        let good = bench.answer("accepted", "one");
        bench.check(&good, Ok(()));
        bench.check(&good, Err(Reason::Replayed));
        let done = bench.answer("done", "one");
        bench.check(&Word { correlation: "two".into(), ..done.clone() }, Err(Reason::Forged));
        bench.check(&Word { payload: "failed".into(), ..done.clone() }, Err(Reason::Forged));
        bench.check(&Word { signature: None, ..done.clone() }, Err(Reason::NotSigned));
        bench.check(&Word { topic: "pollux/other/gate/answers".to_owned(), ..done.clone() }, Err(Reason::Forged));
        bench.check(&done, Ok(()));
        assert_eq!(bench.ears.n_refused, 5);
    }

    #[test]
    fn what_a_device_signs_is_no_word_of_the_gate() {
        let mut bench = Bench::new();
        let signature = bench.pen.sign(EVENT_TYPE, TOPIC, link::now(), b"{}");
        let heard = bench.ears.event(&word("{}", "", Some(signature)));
        assert_eq!(heard.map_err(|it| it.reason), Err(Reason::WrongKey));
    }

    #[test]
    fn a_list_is_the_gates_own_and_none_is_believed_that_is_older_than_another() {
        let gate = SecretKey::generate();
        let keys = vec![KeyDoc::new(GATE_OWNER, KeyRole::Gate, gate.public())];
        let mut ears = Ears::default();
        assert_eq!(ears.list(&word("{}", "", None), None), Ok(None));
        ears.follow(Some(&Arc::new(Registry::made(keys, link::now(), &SecretKey::generate()))));
        let list = |pen: &mut Pen, said: &str| {
            let signature = pen.sign(EVENT_TYPE, TOPIC, link::now(), said.as_bytes());
            word(said, "", Some(signature))
        };
        let mut pen = Pen::new(gate.clone(), 7);
        let (first, second) = (list(&mut pen, "[1]"), list(&mut pen, "[]"));
        let place = ears.list(&first, None).unwrap().unwrap();
        // It comes twice where the broker keeps it.
        assert_eq!(ears.list(&first, Some(&place)), Ok(Some(place)));
        let newer = ears.list(&second, Some(&place)).unwrap().unwrap();
        let mut refused = |word: &Word, want: Reason| {
            assert_eq!(ears.list(word, Some(&newer)).map_err(|it| it.reason), Err(want));
        };
        refused(&first, Reason::Replayed);
        refused(&list(&mut Pen::new(gate.clone(), 6), "[]"), Reason::Replayed);
        refused(&list(&mut Pen::new(SecretKey::generate(), 9), "[]"), Reason::UnknownKey);
        refused(&Word { payload: "[2]".into(), ..second.clone() }, Reason::Forged);
        refused(&Word { signature: None, ..second.clone() }, Reason::NotSigned);
        // A life later it counts anew.
        let later = list(&mut Pen::new(gate, 8), "[]");
        assert!(ears.list(&later, Some(&newer)).is_ok());
    }

    #[test]
    fn without_a_registry_everybody_is_believed() {
        let mut bench = Bench::new();
        bench.ears.follow(None);
        bench.check(&word("accepted", "one", None), Ok(()));
    }

    #[test]
    fn strict_ears_believe_nobody_who_must_sign_without_a_registry() {
        let mut bench = Bench::new();
        let signed = bench.answer("accepted", "one");
        bench.ears.follow(None);
        bench.ears.is_strict = true;
        bench.check(&word("accepted", "one", None), Err(Reason::UnknownKey));
        bench.check(&signed, Err(Reason::UnknownKey));
        bench.device.signing = SigningDoc::None;
        bench.check(&word("accepted", "one", None), Ok(()));
    }
}
