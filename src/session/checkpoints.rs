//! Shows witnesses how far the recording has come: its newest seal, signed, on a topic that the broker keeps.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bevy::prelude::*;
use crossbeam_channel::RecvTimeoutError;

use super::Session;
use super::recording::RecorderStatus;
use crate::link::{self, Link, LinkOptions, Publish};
use crate::signal::Timestamp;
use crate::site::Site;
use crate::trust::seals::SealHead;
use crate::trust::witness::sign_checkpoint;
use crate::trust::{PublicKey, SecretKey};

/// A recording is shown at most so often.
const EVERY: Duration = Duration::from_secs(10);
/// The last word of a recording has so long to reach the broker.
const FAREWELL: Duration = Duration::from_secs(5);
/// And is looked for so often.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Where a recorder shows its checkpoints.
pub fn checkpoint_topic(site: &Site, recorder: &PublicKey) -> String {
    format!("pollux/{}/seal/{}", site.topic_name(), recorder.id())
}

/// What is shown of the recording that is made here.
#[derive(Debug)]
pub(super) struct Checkpoints {
    topic: String,
    key: SecretKey,
    status: Arc<RecorderStatus>,
    /// The connection for the last word, which can only be said when nothing comes in any more.
    farewell: LinkOptions,
    /// The newest that was shown.
    shown: Option<SealHead>,
    next: Timestamp,
}

impl Checkpoints {
    pub(super) fn new(site: &Site, key: SecretKey, status: Arc<RecorderStatus>, link: &LinkOptions) -> Self {
        let farewell = LinkOptions {
            client_id: format!("{}-seal", link.client_id),
            filters: Vec::new(),
            arrivals_capacity: 1,
            will: None,
            ..link.clone()
        };
        let topic = checkpoint_topic(site, &key.public());
        Self { topic, key, status, farewell, shown: None, next: Timestamp::MIN }
    }

    /// Shows what is new: a file that has ended at once, one that grows from time to time.
    fn show(&mut self, link: &Link, now: Timestamp) {
        let is_due = now >= self.next || now + EVERY < self.next;
        let newest = self.status.sealed().filter(|it| is_due && self.shown.as_ref() != Some(it));
        for head in self.status.take_ended().into_iter().chain(newest) {
            // Nothing is lost where there is no connection: the next one stands for all before it. One that the broker
            // does not want is not sent for an answer: it would be the end of the connection.
            if link.publish(self.message(&head, false)).is_ok() {
                self.shown = Some(head);
                self.next = now + EVERY;
            }
        }
    }

    /// Shows how the recording ended. Waits until the broker has it, but not for long.
    pub(super) fn take_leave(&mut self) {
        let Some(head) = self.status.sealed().filter(|it| it.is_final && self.shown.as_ref() != Some(it)) else {
            return;
        };
        let (link, arrivals) = match link::connect(self.farewell.clone()) {
            Ok(connected) => connected,
            Err(error) => return warn!("no witness knows how the recording ended: {error}"),
        };
        let deadline = link::now() + FAREWELL;
        while !link.is_connected() && link::now() < deadline {
            std::thread::sleep(LOOK_EVERY);
        }
        if let Err(error) = link.publish(self.message(&head, true)) {
            warn!("no witness knows how the recording ended: {error}");
        }
        link.close();
        // Its thread ends when all is sent, and lets go of the channel.
        while !matches!(arrivals.recv_timeout(LOOK_EVERY), Err(RecvTimeoutError::Disconnected))
            && link::now() < deadline
        {}
    }

    fn message(&self, head: &SealHead, qos1: bool) -> Publish {
        Publish {
            topic: self.topic.clone(),
            payload: sign_checkpoint(head, &self.key).into(),
            qos1,
            retain: true,
            ..Publish::default()
        }
    }
}

/// Once a frame it is looked whether something is to be shown.
pub(super) fn show_checkpoints(session: Res<Session>) {
    let mut checkpoints = session.checkpoints.lock().unwrap_or_else(PoisonError::into_inner);
    if let (Some(checkpoints), Some(link)) =
        (checkpoints.as_mut(), session.link.as_ref().filter(|it| it.is_connected()))
    {
        checkpoints.show(link, link::now());
    }
}
