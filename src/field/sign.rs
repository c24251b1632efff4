//! Who signs what simulated devices say, and whom they obey.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::link::now;
use crate::signal::Timestamp;
use crate::trust::{
    GATE_OWNER, KeyRole, Message, ORDER_TYPE, Pen, Reason, Registry, SecretKey, Terms, Trust, Verifier, exchange,
};

/// What was sent longer ago is obeyed no more.
const ORDERS_LAST: Duration = Duration::from_secs(10);

/// The keys of simulated devices. Without any they sign nothing, and obey whoever publishes.
#[derive(Debug, Clone, Default)]
pub struct FieldKeys {
    /// Private keys by their owners' names in the registry: devices, and gateways for those that cannot sign.
    pub secrets: HashMap<String, SecretKey>,
    /// Who has which key. Devices that sign obey the gate that it names, and nobody else. `None`: they obey everybody.
    pub registry: Option<Arc<Registry>>,
}

/// The pens of all devices, by whose they are. Devices behind a gateway share its pens. Measurements and answers each have a
/// counter and a chain of their own: who hears the one need not hear the other.
#[derive(Debug, Default)]
pub(super) struct Pens {
    samples: HashMap<String, RefCell<Pen>>,
    answers: HashMap<String, RefCell<Pen>>,
}

/// A device's ear for orders, with what it has heard in this life.
#[derive(Debug)]
pub(super) struct Ear {
    verifier: Verifier,
    began: Timestamp,
    owners: [String; 1],
}

impl Pens {
    /// Two for each key. The boot counter is the time of the start, which grows with each.
    pub(super) fn new(secrets: HashMap<String, SecretKey>) -> Self {
        let epoch = u64::try_from(now().as_nanos() / 1_000_000).unwrap_or(0);
        let pens =
            || secrets.iter().map(|(of, key)| (of.clone(), RefCell::new(Pen::new(key.clone(), epoch)))).collect();
        Self { samples: pens(), answers: pens() }
    }

    /// The first pen for measurements that is there, of those who may sign.
    pub(super) fn for_samples(&self, signers: &[String]) -> Option<&RefCell<Pen>> {
        signers.iter().find_map(|it| self.samples.get(it))
    }

    /// The same for answers.
    pub(super) fn for_answers(&self, signers: &[String]) -> Option<&RefCell<Pen>> {
        signers.iter().find_map(|it| self.answers.get(it))
    }
}

impl Ear {
    pub(super) fn new(registry: Arc<Registry>) -> Self {
        Self { verifier: Verifier::of_letters(Some(registry)), began: now(), owners: [GATE_OWNER.to_owned()] }
    }

    /// Whether an order is the gate's, of now, and was not heard before; else why not.
    pub(super) fn look(
        &mut self,
        topic: &str,
        payload: &[u8],
        correlation: &[u8],
        response_topic: Option<&str>,
        signature: Option<&str>,
    ) -> Result<(), (Reason, String)> {
        if signature.is_none() {
            return Err((Reason::NotSigned, "it bears no signature of the gate".to_owned()));
        }
        let spoken = exchange(payload, correlation, response_topic);
        let message =
            Message { topic: topic.as_bytes(), payload: &spoken, signature, received: now(), retained: false };
        let terms = Terms {
            typ: ORDER_TYPE,
            owners: &self.owners,
            role: Some(KeyRole::Gate),
            most: Trust::Verified,
            old_after: ORDERS_LAST,
        };
        let (letter, ..) = self.verifier.letter(&message, &terms).map_err(|no| (no.reason, no.detail))?;
        // What it heard in the life before is forgotten, so nothing of that time can be new.
        if letter.stamp.at < self.began {
            return Err((Reason::Replayed, "it was sent before this device began".to_owned()));
        }
        Ok(())
    }
}
