//! A command's life: asked for, sealed, checked and sent by the gate, answered by the device, confirmed only by telemetry.
//!
//! The desktop only requests. The gate ([`gate`]) is a process of its own beside the broker; it alone publishes to devices. Both
//! keep the same [`Life`] and make the same checks ([`rehearse`]).

mod ask;
mod audit;
mod cause;
mod checks;
mod confirm;
mod ears;
mod evil;
mod follow;
pub mod gate;
mod holds;
mod life;
mod log;
mod look;
mod operator;
mod request;
mod sequence;
mod sequences;
mod wire;

use bevy::prelude::*;

pub use ask::{Rehearsal, parts_of_stop};
pub use cause::Cause;
pub use checks::{Check, Past, Verdict, What, Who, class_of, first_no, rehearse};
pub use confirm::{Evidence, shows};
pub use evil::{AcknowledgeAtGate, AcknowledgeRefused};
pub use follow::GateState;
pub use holds::{AskGate, GateQuarantine, GateRefused};
pub use life::{Answered, Happening, Hope, Life, Phase};
pub use log::{Approve, Ask, CancelRequest, CommandLog, CommandRow, EmergencyStop};
pub use look::{Live, Look};
pub use operator::{LOCK_AFTER, Lock, Operator, SignIn, SignOut, Touched};
pub use request::{Act, Digest, LONGEST_WHY, REQUEST_TYPE, Request, RequestError, is_reason};
pub use sequence::{Pace, Run, Sequence, SequenceError, Step, StepState};
pub use sequences::{FOLDER as SEQUENCES_FOLDER, SequenceRequest, Sequences};
pub use wire::{GateEvent, GateHolds, GateIs, GateStatus, HeldDoc, Topics, Uuid7, ValueDoc, Waits, WaitsFor};

use crate::schedule::Stage;

/// Adds the desktop's side: the [`CommandLog`], who sits here, and the systems that carry commands through their life.
pub fn plugin(app: &mut App) {
    app.init_resource::<CommandLog>()
        .init_resource::<Operator>()
        .init_resource::<GateState>()
        .init_resource::<GateQuarantine>()
        .init_resource::<operator::Unlocking>()
        .init_resource::<ask::Waiting>()
        .init_resource::<evil::LastAsked>()
        .add_message::<Ask>()
        .add_message::<Approve>()
        .add_message::<CancelRequest>()
        .add_message::<EmergencyStop>()
        .add_message::<AcknowledgeAtGate>()
        .add_message::<AcknowledgeRefused>()
        .add_message::<AskGate>()
        .add_message::<GateRefused>()
        .add_message::<SignIn>()
        .add_message::<SignOut>()
        .add_message::<Lock>()
        .add_message::<Touched>()
        .add_message::<operator::Unlocked>()
        .init_resource::<Sequences>()
        .add_message::<SequenceRequest>()
        .add_systems(
            Update,
            (
                follow::hear_words,
                follow::follow_link,
                follow::judge_awaited,
                (sequences::take_requests, sequences::run).chain(),
                operator::take_requests,
                operator::finish_unlocking,
                ask::take_asks,
                ask::take_unlocked,
                ask::take_other_requests,
                ask::take_acknowledgements,
                holds::ask_gate,
                audit::keep_audit,
                audit::replay_audit,
            )
                .chain()
                .in_set(Stage::Act),
        );
}
