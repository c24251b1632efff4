//! Emergency stops: always sent towards safety, and once for as long as they are on their way.

use std::sync::Arc;

use uuid::Uuid;

use super::book::Record;
use super::order::{Asker, Order};
use super::refusal::{refusal, write};
use super::warden::{Hands, Warden, answer_topic};
use crate::command::ask::parts_of_stop;
use crate::command::checks::{Check, What, class_of, step_from};
use crate::command::life::Life;
use crate::command::look::Look;
use crate::command::request::{Act, Digest, Request};
use crate::command::wire::{GateEvent, Uuid7};
use crate::link;
use crate::session::Word;
use crate::signal::Value;
use crate::site::Command;

impl Warden {
    /// An emergency stop goes through, whoever asks. What is on its way already is not sent again, unless a known person pushes
    /// anew.
    pub(super) fn stop(
        &mut self,
        request: &Request,
        asker: Asker,
        pushes: bool,
        word: &Word,
        look: &dyn Look,
        hands: &mut Hands,
    ) {
        let Act::Stop { twin } = &request.act else { return };
        let site = Arc::clone(&self.site);
        let stops = site.twin_at(twin).map(|it| it.emergency_stop.as_slice()).unwrap_or_default();
        if stops.is_empty() {
            let checks = vec![Check::bad(What::Command, twin.clone(), "a twin with an emergency stop")];
            return if pushes {
                self.refuse_bytes(word, checks, hands);
            } else {
                self.refuse_stranger(word, checks, hands);
            };
        }
        // What is on its way towards safety needs no second push, and no refusal.
        if self.was_heard(request) {
            return;
        }
        let second = !pushes && parts_of_stop(&site, stops).all(|(it, value)| self.on_its_way(it, &value).is_some());
        if second && !self.strangers.admits(word.received) {
            return;
        }
        self.is_new(request, look.now());
        if second {
            self.refuse_second(request.id, &asker.account, word, hands);
        }
        for (part, (command, value)) in parts_of_stop(&site, stops).enumerate() {
            if let Some(first) = self.on_its_way(command, &value).filter(|_| !pushes) {
                self.answer_second(first, part, request, &asker, word, hands);
                continue;
            }
            let place = self.orders.len();
            self.orders.push(Order {
                id: Digest::part_of_stop(request.id, part),
                command: command.id,
                address: command.address.to_string(),
                class: class_of(command, &value),
                asker: asker.clone(),
                life: Life::new(request.not_before, request.expires, command.confirm.secs),
                checks: Vec::new(),
                approved_by: Vec::new(),
                waits: None,
                bytes: word.payload.to_vec(),
                response_topic: answer_topic(word),
                stop: Some(request.id),
                step: step_from(command, &value, look).unwrap_or(0.0),
                desired: value,
                n_spoofed: 0,
                told: None,
                recorded: None,
            });
            self.dispatch(place, hands);
        }
    }

    /// Where an emergency stop stands that has this very order on its way to the device.
    fn on_its_way(&self, command: &Command, value: &Value) -> Option<usize> {
        self.orders.iter().position(|it| {
            it.stop.is_some() && it.command == command.id && it.desired == *value && it.life.phase.is_under_way()
        })
    }

    /// Tells who asked for a stop how the one stands that is on its way. All others know of that.
    fn answer_second(
        &self,
        first: usize,
        part: usize,
        request: &Request,
        asker: &Asker,
        word: &Word,
        hands: &mut Hands,
    ) {
        let Some(topic) = answer_topic(word) else { return };
        let id = Uuid7(Digest::part_of_stop(request.id, part));
        let (asked, who, stop) = (request.not_before, asker.account.clone(), Some(Uuid7(request.id)));
        let event = GateEvent { id, asked, who, stop, ..self.orders[first].event(link::now()) };
        hands.tell_at(&topic, &event);
    }

    /// Writes down that an emergency stop came that is on its way already.
    fn refuse_second(&self, stop: Uuid, who: &str, word: &Word, hands: &mut Hands) {
        let saw = "it is on its way already, and not sent twice";
        let checks = vec![Check::bad(What::Execution, saw, "")];
        let (id, who) = (Uuid7(stop), who.to_owned());
        write(&Record { id, who, digest: Some(Digest::of(&word.payload)), ..refusal(word.received, checks) }, hands);
    }
}
