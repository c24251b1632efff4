//! Verifies one message again, from its raw bytes in the recording, as if it came in now: no signature is taken for good
//! because it was once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use bevy::prelude::*;
use crossbeam_channel::{Receiver, bounded};
use sha2::{Digest, Sha256};
use tracing::error;

use super::past::Past;
use super::reader::{Reader, message_of};
use super::recording::{Item, Recording};
use super::{CurrentSite, Session};
use crate::codec::{Decoder, PackedRow};
use crate::link::{self, Arrival};
use crate::signal::{Sample, SignalId, Timestamp, Value};
use crate::site::Site;
use crate::trust::{Book, Look, Passed, Proof, Reason, Registry, Step, Verifier};

/// A request to verify again the message that a reading came from.
#[derive(Message, Debug, Clone, PartialEq)]
pub struct VerifyAgain {
    /// Whose reading.
    pub signal: SignalId,
    /// When its message came.
    pub received: Timestamp,
    /// What its value was taken for then.
    pub proof: Proof,
}

/// What came of it. Written by this folder alone.
#[derive(Resource, Debug, Default)]
pub struct Again(pub Option<Verdict>);

/// What came of verifying a message again. `found` is `None` while it is being read.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What was asked for.
    pub asked: VerifyAgain,
    /// When it was asked for, by the clock of this machine.
    pub at: Timestamp,
    /// What was found, or why nothing was, for a person.
    pub found: Option<Result<Found, String>>,
}

/// A message that was verified again.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Where it came in.
    pub topic: String,
    /// Its bytes, payload and signature together.
    pub bytes: usize,
    /// SHA-256 of the payload.
    pub digest: [u8; 32],
    /// The value that it says.
    pub value: Option<Value>,
    /// How far it may be believed. `None`: it was refused.
    pub proof: Option<Proof>,
    /// Each check that was made, in its order, with what it saw; a cross ends them.
    pub steps: Vec<(Step, Result<String, String>)>,
    /// What it was taken for then and now is the same.
    pub same: bool,
}

/// Reads requests, and takes what was found.
pub(super) fn verify_again(
    session: Res<Session>,
    site: Res<CurrentSite>,
    mut requests: MessageReader<VerifyAgain>,
    mut waiting: Local<Option<Receiver<Result<Found, String>>>>,
    mut again: ResMut<Again>,
) {
    if let Some(asked) = requests.read().last().cloned() {
        let mut verdict = Verdict { asked: asked.clone(), at: link::now(), found: None };
        match start(&session, &site.0, asked) {
            Ok(receiver) => *waiting = Some(receiver),
            Err(why) => verdict.found = Some(Err(why)),
        }
        again.0 = Some(verdict);
    }
    if let Some(found) = waiting.as_ref().and_then(|it| it.try_recv().ok()) {
        *waiting = None;
        if let Some(verdict) = &mut again.0 {
            verdict.found = Some(found);
        }
    }
}

fn start(session: &Session, site: &Arc<Site>, asked: VerifyAgain) -> Result<Receiver<Result<Found, String>>, String> {
    let recording = session.recording().ok_or("this session is not recorded: its bytes are gone")?;
    let (recording, site, waker) = (Arc::clone(recording), Arc::clone(site), session.waker.clone());
    let (sender, receiver) = bounded(1);
    let work = move || {
        let found = look_again(&recording, &site, &asked);
        // Who asked may have asked for another one meanwhile.
        sender.send(found).ok();
        waker.wake();
    };
    let started = thread::Builder::new().name("pollux-again".to_owned()).spawn(work);
    started.map_err(|why| {
        error!("the system gave no thread to verify with: {why}");
        format!("the system gave no thread for it: {why}")
    })?;
    Ok(receiver)
}

/// Finds the message in the recording and makes all checks, with what had been heard before it.
pub(super) fn look_again(recording: &Arc<Recording>, site: &Arc<Site>, asked: &VerifyAgain) -> Result<Found, String> {
    let reader = Reader::new(site, None);
    let carries =
        |it: &Arrival| it.received == asked.received && reader.signals_of(&it.topic).any(|it| it == asked.signal);
    let before = Timestamp::from_nanos(asked.received.as_nanos().saturating_sub(1));
    let (arrivals, keys) = arrivals_at(recording, asked.received);
    let place = arrivals.iter().position(carries).ok_or("the recording does not hold its message any more")?;
    let state = Past::new(Arc::clone(recording), Arc::clone(site)).seek_to_go_on(before);
    let registry = keys.or_else(|| state.registry().or_else(|| recording.registry()).cloned());
    let book = Arc::new(Book::default());
    let mut verifier = Verifier::new(site, registry).map(|it| it.with_book(Arc::clone(&book)));
    if let Some(verifier) = &mut verifier {
        verifier.set_heard(state.heard());
        // What came in the same instant before it is heard first.
        for arrival in &arrivals[..place] {
            verifier.look(&message_of(arrival));
        }
    }
    let arrival = &arrivals[place];
    let look = verifier.as_mut().map_or(Look::Pass(Proof::default()), |it| it.look(&message_of(arrival)));
    let value = value_of(site, arrival, &look, asked.signal);
    let proof = match &look {
        Look::Pass(proof) | Look::Packed(proof, _) => Some(*proof),
        Look::Refuse(_) => None,
    };
    let signature = message_of(arrival).signature.map_or(0, str::len);
    let device = site.signal(asked.signal).and_then(|it| site.device_of(it.twin)).map_or("", |it| it.1.id.as_str());
    let last = book.of(device).last.filter(|it| it.received == asked.received);
    let refused = match &look {
        Look::Refuse(refusal) => {
            let detail = book.exhibits().pop().map_or_else(|| refusal.reason.says().to_owned(), |it| it.detail);
            Some((refusal.reason, detail))
        }
        Look::Pass(_) | Look::Packed(..) => None,
    };
    Ok(Found {
        topic: String::from_utf8_lossy(&arrival.topic).into_owned(),
        bytes: arrival.payload.len() + signature,
        digest: Sha256::digest(&arrival.payload).into(),
        value,
        proof,
        steps: steps_of(last.as_ref(), proof, refused),
        same: proof.is_some_and(|it| it.trust == asked.proof.trust && it.key == asked.proof.key),
    })
}

/// All messages that came at an instant, in their order, and who had which key then. `None`: that did not change in the chunks
/// that hold them.
fn arrivals_at(recording: &Recording, at: Timestamp) -> (Vec<Arrival>, Option<Arc<Registry>>) {
    let (mut arrivals, mut registry) = (Vec::new(), None);
    let n_chunks = recording.n_chunks();
    if let Some(last) = recording.chunk_at(at) {
        // A chunk may end in the instant in which the next one begins.
        let first = (0..last).rev().take_while(|it| recording.chunk(*it).is_some_and(|it| it.to >= at)).last();
        for chunk in first.unwrap_or(last)..=last {
            for item in recording.items(chunk).0 {
                match item {
                    Item::Message(arrival) if arrival.received == at => arrivals.push(arrival),
                    Item::Keys(keys) if arrivals.is_empty() => registry = Some(keys),
                    Item::Message(_) | Item::Keys(_) | Item::Keyframe(_) | Item::Audit(_) => (),
                }
            }
        }
    }
    for (tail, first) in recording.tail(n_chunks) {
        arrivals.extend(tail.iter().skip(first).filter(|it| it.received == at).cloned());
    }
    (arrivals, registry)
}

fn value_of(site: &Site, arrival: &Arrival, look: &Look, signal: SignalId) -> Option<Value> {
    let (mut samples, mut faults): (Vec<Sample>, _) = (Vec::new(), Vec::new());
    let mut decoder = Decoder::new(site);
    match look {
        Look::Packed(_, rows) => {
            let rows: Vec<PackedRow> = rows.clone();
            decoder.take_packed(Some(&arrival.topic), rows, arrival.received, &mut samples, &mut faults);
        }
        Look::Pass(_) => {
            decoder.decode(&arrival.topic, &arrival.payload, arrival.received, &mut samples, &mut faults);
        }
        Look::Refuse(_) => (),
    }
    samples.into_iter().filter(|it| it.signal == signal).max_by_key(|it| it.at).map(|it| it.value)
}

/// What each check saw.
fn steps_of(
    passed: Option<&Passed>,
    proof: Option<Proof>,
    refused: Option<(Reason, String)>,
) -> Vec<(Step, Result<String, String>)> {
    if let Some((reason, detail)) = refused {
        let before = Step::ALL.into_iter().take_while(|it| *it < reason.step());
        return before.map(|it| (it, Ok(String::new()))).chain([(reason.step(), Err(detail))]).collect();
    }
    let Some(passed) = passed else { return Vec::new() };
    let saw = saw(passed, proof.map_or(0, |it| it.gap));
    let made = Step::ALL.into_iter().take_while(|it| *it <= passed.steps);
    made.map(|it| (it, Ok(saw.get(&it).cloned().unwrap_or_default()))).collect()
}

/// What the checks saw of a message that passed, in words.
pub fn saw(passed: &Passed, gap: u32) -> BTreeMap<Step, String> {
    let mut saw = BTreeMap::from([(Step::Binding, passed.topic.to_string())]);
    if let Some(key) = passed.key {
        saw.insert(Step::Key, key.to_string());
        saw.insert(Step::Signature, format!("Ed25519 by {key}, bound to the topic"));
    }
    if let Some(stamp) = passed.stamp {
        saw.insert(Step::Replay, format!("number {} of life {}", stamp.seq, stamp.epoch));
        let secs = passed.received.secs_since(stamp.at);
        let way = if secs < 0.0 { "ahead of" } else { "before" };
        saw.insert(Step::Freshness, format!("stamped {:.2} s {way} its arrival", secs.abs()));
        let chain = match gap {
            0 => "no number is missing".to_owned(),
            1 => "1 of the 64 before it never came".to_owned(),
            _ => format!("{gap} of the 64 before it never came"),
        };
        saw.insert(Step::Chain, chain);
    }
    saw
}
