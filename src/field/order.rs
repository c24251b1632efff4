//! A command at the device: understood or not, allowed or not, done or not yet.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use serde_json::json;

use super::payload::asked;
use super::pulse::Board;
use super::sensor::Sensor;
use crate::physics::{InputId, OutputId};
use crate::signal::Timestamp;
use crate::site::doc::TakesDoc;
use crate::trust::Reason;

/// Correlation Data that a device remembers, so that a command that comes twice is obeyed once.
const REMEMBERED: usize = 256;

/// A kind of command that a device obeys.
#[derive(Debug)]
pub(super) struct Duty {
    /// Where it comes in.
    pub(super) topic: String,
    /// Where its value stands in the payload. `None`: it is the payload.
    pub(super) path: Option<String>,
    /// Which values.
    pub(super) takes: TakesDoc,
    /// What it sets. `None`: nothing, so it is refused.
    pub(super) drives: Option<InputId>,
    /// While this output is above 0.5 it is refused, with this reason.
    pub(super) refused: Option<(OutputId, String)>,
    /// What shows that it is done. `None`: it counts as done at once.
    pub(super) reports: Option<(OutputId, Sensor)>,
    /// Done within this distance of the value asked for.
    pub(super) within: f64,
    /// For a switch: what is reported means on above this.
    pub(super) threshold: f64,
    /// Seconds after which it is not called done any more.
    pub(super) secs: f64,
}

/// A command as it came in.
#[derive(Debug)]
pub(super) struct Order<'a> {
    /// Where.
    pub(super) topic: &'a str,
    /// What.
    pub(super) payload: &'a [u8],
    /// The broker had kept it.
    pub(super) retained: bool,
    /// Its time is over.
    pub(super) expired: bool,
    /// Where to answer.
    pub(super) response_topic: Option<&'a str>,
    /// What the answer carries.
    pub(super) correlation: Option<&'a Bytes>,
    /// Why it is not to be obeyed, whatever it says: it is not the gate's, or not of now. `None`: it may be.
    pub(super) foreign: Option<(Reason, String)>,
}

/// An answer on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// Where to.
    pub(super) topic: String,
    /// The command's Correlation Data.
    pub(super) correlation: Option<Bytes>,
    /// JSON.
    pub(super) payload: String,
}

/// What a device has accepted but not yet seen done, and what it has answered.
#[derive(Debug, Default)]
pub(super) struct Orders {
    waiting: Vec<Waiting>,
    answered: HashMap<Bytes, String>,
    oldest: VecDeque<Bytes>,
}

#[derive(Debug)]
struct Waiting {
    duty: usize,
    input: InputId,
    value: f64,
    until: Timestamp,
    response_topic: Option<String>,
    correlation: Option<Bytes>,
}

impl Orders {
    /// Obeys or refuses. `None`: nothing to answer, because nobody asks for one or the message is no order.
    pub(super) fn take(&mut self, duties: &[Duty], board: &Board, order: &Order<'_>, now: Timestamp) -> Option<Answer> {
        if order.retained {
            return None;
        }
        // One that comes twice bears the same signature twice.
        let may_be_again = order.foreign.as_ref().is_none_or(|it| it.0 == Reason::Replayed);
        if may_be_again && let Some(known) = order.correlation.and_then(|it| self.answered.get(it)) {
            return answer(order.response_topic, order.correlation, known.clone());
        }
        if let Some((reason, why)) = &order.foreign {
            // Not remembered: whoever forges a command must not answer for the real one.
            let reason = format!("{}: {why}", reason.label());
            let payload = json!({ "state": "rejected", "reason": reason }).to_string();
            return answer(order.response_topic, order.correlation, payload);
        }
        let payload = match self.obey(duties, board, order, now) {
            Ok(()) => json!({ "state": "accepted" }),
            Err(reason) => json!({ "state": "rejected", "reason": reason }),
        }
        .to_string();
        self.remember(order.correlation, &payload);
        answer(order.response_topic, order.correlation, payload)
    }

    /// Answers for what has come to pass. What took too long is forgotten.
    pub(super) fn settle(&mut self, duties: &[Duty], board: &Board, now: Timestamp) -> Vec<Answer> {
        let mut answers = Vec::new();
        self.waiting.retain(|it| {
            let duty = &duties[it.duty];
            let done = duty.reports.as_ref().is_none_or(|(output, sensor)| {
                let reported = sensor.ideal(board.value(*output));
                match duty.takes {
                    TakesDoc::Switch { .. } => (reported > duty.threshold) == (it.value > 0.5),
                    TakesDoc::Number { .. } => (reported - it.value).abs() <= duty.within,
                }
            });
            if done {
                let payload = json!({ "state": "done" }).to_string();
                answers.extend(answer(it.response_topic.as_deref(), it.correlation.as_ref(), payload));
            }
            !done && now < it.until
        });
        answers
    }

    fn obey(&mut self, duties: &[Duty], board: &Board, order: &Order<'_>, now: Timestamp) -> Result<(), String> {
        if order.expired {
            return Err("it came too late: its time had expired".to_owned());
        }
        let (index, value) = meant(duties, order)?;
        let duty = &duties[index];
        if let Some((output, reason)) = &duty.refused
            && board.value(*output) > 0.5
        {
            return Err(reason.clone());
        }
        let input = duty.drives.ok_or("this device has nothing that could do it")?;
        if !board.order(input, value) {
            return Err("the device is busy: too many commands wait".to_owned());
        }
        self.waiting.retain(|it| it.input != input);
        self.waiting.push(Waiting {
            duty: index,
            input,
            value,
            until: now + std::time::Duration::try_from_secs_f64(duty.secs).unwrap_or_default(),
            response_topic: order.response_topic.map(str::to_owned),
            correlation: order.correlation.cloned(),
        });
        Ok(())
    }

    fn remember(&mut self, correlation: Option<&Bytes>, payload: &str) {
        // A copy of its own: a slice would keep the whole read buffer alive.
        let Some(key) = correlation.map(|it| Bytes::copy_from_slice(it)) else { return };
        if self.oldest.len() >= REMEMBERED
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.answered.remove(&oldest);
        }
        self.oldest.push_back(key.clone());
        self.answered.insert(key, payload.to_owned());
    }
}

/// Which duty a message means (several may share a topic and differ in the pointer), and the value asked for.
fn meant(duties: &[Duty], order: &Order<'_>) -> Result<(usize, f64), String> {
    let mut n_here = 0;
    for (index, duty) in duties.iter().enumerate().filter(|it| it.1.topic == order.topic) {
        n_here += 1;
        if let Some(value) = asked(order.payload, duty.path.as_deref(), &duty.takes)? {
            return Ok((index, value));
        }
    }
    if n_here == 0 {
        return Err(format!("this device takes no command on {}", order.topic));
    }
    let paths: Vec<_> =
        duties.iter().filter(|it| it.topic == order.topic).filter_map(|it| it.path.as_deref()).collect();
    Err(format!("the payload has nothing at {}", paths.join(" or ")))
}

fn answer(topic: Option<&str>, correlation: Option<&Bytes>, payload: String) -> Option<Answer> {
    Some(Answer { topic: topic?.to_owned(), correlation: correlation.cloned(), payload })
}
